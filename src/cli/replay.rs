//! `bascule replay`: a recorded outage through the real judging code, in virtual time.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{Answer, Trouble, terminal};
use crate::config::Environment;
use crate::replay::{Scenario, json, play, tell};

/// The largest scenario that is read.
const LARGEST: u64 = 1 << 20;

/// What to replay and how to tell it.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The scenario: a file as docs/scenarios.md describes it
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,
    /// Tell it to programs: one JSON object
    #[arg(long)]
    json: bool,
    /// Draw without colours and with ASCII only
    #[arg(long, conflicts_with = "json")]
    plain: bool,
}

/// Replays and tells. Bad news is what differs from what the scenario expects.
pub(super) fn replay(arguments: &Arguments) -> Result<Answer, Trouble> {
    let scenario = read(&arguments.scenario)?;
    let played = play(&scenario, None);
    terminal::print(&if arguments.json {
        json(&scenario, &played)
    } else {
        tell(terminal::look(arguments.plain), &scenario, &played)
    })?;
    Ok(if played.differences.is_empty() {
        Answer::Fine
    } else {
        Answer::BadNews
    })
}

fn read(path: &Path) -> Result<Scenario, Trouble> {
    let name = path.display().to_string();
    let trouble = |sentence: String| Trouble::new(format!("{name}: {sentence}"));
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
        .map_err(|error| trouble(format!("cannot be read: {error}")))?;
    if bytes.len() as u64 > LARGEST {
        return Err(trouble("is larger than 1 MiB".to_owned()));
    }
    let text = String::from_utf8(bytes).map_err(|_| trouble("is not UTF-8 text".to_owned()))?;
    let full = std::path::absolute(path)
        .map_err(|error| trouble(format!("has no absolute path: {error}")))?;
    let base = full.parent().unwrap_or_else(|| Path::new("/"));
    let environment = Environment::of_this_process();
    Ok(Scenario::read(&name, base, &text, &environment)?)
}
