//! The configuration as the commands need it.

use std::path::PathBuf;

use super::Trouble;
use crate::config::{EndpointSettings, Settings};

/// A configuration that was read.
pub(super) struct Loaded {
    pub(super) settings: Settings,
    pub(super) resolved: String,
    pub(super) source: String,
}

/// Reads the configuration that the user names, else the one that applies.
pub(super) fn load(_file: Option<PathBuf>) -> Result<Loaded, Trouble> {
    Err(Trouble::new("this build cannot read a configuration yet"))
}

/// The built-in configuration as it is written.
pub(super) fn built_in() -> Result<String, Trouble> {
    Err(Trouble::new("this build has no built-in configuration yet"))
}

/// What to probe for a bare URL.
pub(super) fn adhoc(_url: &str) -> Result<EndpointSettings, String> {
    Err("this build cannot read a URL yet".to_owned())
}
