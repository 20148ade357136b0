//! `bascule config`: the configuration with every key resolved, or the built-in one.

use clap::Args;

use super::{Answer, Common, Trouble, configured, terminal};

/// What to print.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The built-in configuration, whatever files there are
    #[arg(long, conflicts_with = "config")]
    default: bool,
}

/// Prints it as TOML.
pub(super) fn config(common: &Common, arguments: &Arguments) -> Result<Answer, Trouble> {
    let text = if arguments.default {
        configured::built_in()?
    } else {
        configured::load(common.config.clone())?.resolved
    };
    terminal::print(&text)?;
    Ok(Answer::Fine)
}
