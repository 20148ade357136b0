//! `bascule [run]`: the daemon.

use super::{Answer, Common, LogLevel, Trouble};
use crate::host::clock::Clock;
use crate::host::logging;

/// Runs until a signal ends it.
pub(super) fn run(common: Common) -> Result<Answer, Trouble> {
    logging::start(common.logging(LogLevel::Info), Clock::system());
    let _config = common.config;
    Err(Trouble::new("this build has no daemon yet"))
}
