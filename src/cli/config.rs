//! `bascule config`: the configuration with every key resolved, or the built-in one.

use clap::Args;

use super::{Answer, Common, Trouble, terminal};
use crate::config::{self, Source};

/// What to print.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The built-in configuration, whatever files there are
    #[arg(long, conflicts_with = "config")]
    default: bool,
}

/// Prints it as TOML.
pub(super) fn config(common: &Common, arguments: &Arguments) -> Result<Answer, Trouble> {
    let loaded = if arguments.default {
        config::load(&Source::BuiltIn)?
    } else {
        common.load()?.1
    };
    terminal::print(&loaded.resolved)?;
    Ok(Answer::Fine)
}
