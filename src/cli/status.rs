//! `bascule status`: what a running daemon thinks.

use std::time::Duration;

use clap::Args;

use super::client::Daemon;
use super::watch::watch;
use super::{Answer, Trouble, terminal};
use crate::host::clock::Clock;
use crate::report::running::{self, Status};
use crate::report::status as drawing;

/// The document that is asked for.
pub(super) const PATH: &str = "status.json";

/// Whom to ask and how to tell it.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) daemon: Daemon,
    /// Tell it to programs: the document of /status.json
    #[arg(long)]
    pub(super) json: bool,
    /// Ask again every so many seconds, 1 to 3600, until Ctrl-C: drawn in place on a terminal, and
    /// told again in a pipe when something has changed
    #[arg(
        long,
        value_name = "SECONDS",
        num_args = 0..=1,
        default_missing_value = "5",
        value_parser = clap::value_parser!(u64).range(1..=3600)
    )]
    watch: Option<u64>,
}

/// Asks and tells.
pub(super) fn status(arguments: &Arguments) -> Result<Answer, Trouble> {
    if let Some(seconds) = arguments.watch {
        return watch(arguments, Duration::from_secs(seconds));
    }
    let document = arguments.daemon.get(PATH, &[])?;
    let status = read(arguments, &document)?;
    terminal::print(&if arguments.json {
        running::retold(&document).unwrap_or_default()
    } else {
        drawing::draw(terminal::fitting_look(), &status, Clock::system().wall())
    })?;
    Ok(answer(&status))
}

/// What the daemon has said.
pub(super) fn read(arguments: &Arguments, document: &[u8]) -> Result<Status, Trouble> {
    running::read(document).map_err(|why| arguments.daemon.trouble(&why))
}

/// What it means for the exit code.
pub(super) fn answer(status: &Status) -> Answer {
    if status.is_bad_news() {
        Answer::BadNews
    } else {
        Answer::Fine
    }
}
