//! What the library for arguments says: help and the version on standard output, and what was wrong
//! with the arguments, which it quotes.
//!
//! What was typed may be what this terminal cannot show, or a command to it. Our own colours are
//! commands too, so a text that may quote such a thing is told without them.

use std::ffi::OsString;

use super::{Answer, Trouble, terminal};
use crate::model::printable::is_harmful;
use crate::report::line::Look;

/// Tells help; else the trouble with the arguments.
pub(super) fn told(refusal: &clap::Error, typed: &[OsString]) -> Result<Answer, Trouble> {
    let text = refusal.render();
    if refusal.use_stderr() {
        let look = terminal::look_on_stderr();
        if !look.colour || !shows(look, typed) {
            return Err(Trouble(text.to_string()));
        }
        terminal::complain(&text.ansi().to_string());
        return Ok(Answer::Misused);
    }
    terminal::print(&match terminal::look(false).colour {
        true => text.ansi().to_string(),
        false => text.to_string(),
    })?;
    Ok(Answer::Fine)
}

/// Whether what was typed can be quoted as it is.
fn shows(look: Look, typed: &[OsString]) -> bool {
    let shows = |c: char| !is_harmful(c) && (look.unicode || c.is_ascii());
    typed
        .iter()
        .all(|word| word.to_string_lossy().chars().all(shows))
}
