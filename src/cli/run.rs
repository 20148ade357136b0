//! `bascule [run]`: the daemon.

use std::process::ExitCode;

use super::{Answer, Common, LogLevel, Trouble, exit, terminal};
use crate::daemon::{self, Options, StartError};
use crate::host::clock::Clock;
use crate::host::logging;

/// Runs until a signal ends it.
pub(super) fn run(common: Common) -> ExitCode {
    let log = logging::start_aside(common.logging(LogLevel::Info), Clock::system());
    exit(serve(common), |text| log.complain(&terminal::fit(text)))
}

fn serve(common: Common) -> Result<Answer, Trouble> {
    // One thread: rounds wait far more than they work, and what wakes on the thread that
    // waited costs half of what wakes on another. Clients are served on a thread of their own.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Trouble::new(format!("cannot start: {error}")))?;
    let options = Options {
        config: common.config,
    };
    let ended = runtime.block_on(daemon::run(options));
    // A lookup or a render on a thread of its own is not waited for.
    runtime.shutdown_background();
    match ended {
        Ok(()) => Ok(Answer::Fine),
        Err(StartError::Config(faults)) => Err(faults.into()),
        Err(error) => Err(Trouble::new(error)),
    }
}
