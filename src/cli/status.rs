//! `bascule status`: what a running daemon thinks.

use clap::Args;

use super::client::Daemon;
use super::{Answer, Trouble, terminal};
use crate::report::running::{self, Status};
use crate::report::status as drawing;

/// Whom to ask and how to tell it.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(flatten)]
    daemon: Daemon,
    /// Tell it to programs: the document of /status.json
    #[arg(long)]
    json: bool,
}

/// Asks and tells.
pub(super) fn status(arguments: &Arguments) -> Result<Answer, Trouble> {
    let daemon = &arguments.daemon;
    let document = daemon.get("status.json", &[])?;
    let status: Status = running::read(&document).map_err(|why| daemon.trouble(&why))?;
    terminal::print(&if arguments.json {
        running::retold(&document).unwrap_or_default()
    } else {
        drawing::draw(terminal::look(false), &status)
    })?;
    Ok(if status.is_bad_news() {
        Answer::BadNews
    } else {
        Answer::Fine
    })
}
