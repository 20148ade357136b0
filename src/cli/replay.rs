//! `bascule replay`: a recorded outage through the real judging code, in virtual time.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{Answer, Trouble, terminal};
use crate::config::Environment;
use crate::replay::{Scenario, between, json, openmetrics, play, tell};

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
    /// Tell it to a Prometheus: samples for `promtool tsdb create-blocks-from openmetrics`
    #[arg(long, conflicts_with = "json")]
    openmetrics: bool,
    /// Draw without colours and with ASCII only
    #[arg(long, conflicts_with_all = ["json", "openmetrics"])]
    plain: bool,
}

/// Replays and tells. Bad news is what differs from what the scenario expects.
pub(super) fn replay(arguments: &Arguments) -> Result<Answer, Trouble> {
    let scenario = read(&arguments.scenario)?;
    let every = match between(&scenario) {
        _ if !arguments.openmetrics => None,
        None => {
            let sentence = "is too long to be written as samples: at most five days";
            return Err(trouble(&arguments.scenario, sentence));
        }
        every => every,
    };
    let played = play(&scenario, every);
    if arguments.openmetrics {
        terminal::stream(|out| openmetrics(&played, out))?;
    } else if arguments.json {
        terminal::print(&json(&scenario, &played))?;
    } else {
        let look = terminal::look(arguments.plain);
        terminal::print(&tell(look, &scenario, &played))?;
    }
    Ok(if played.differences.is_empty() {
        Answer::Fine
    } else {
        Answer::BadNews
    })
}

fn trouble(path: &Path, sentence: &str) -> Trouble {
    Trouble::new(format!("{}: {sentence}", path.display()))
}

fn read(path: &Path) -> Result<Scenario, Trouble> {
    let trouble = |sentence: String| trouble(path, &sentence);
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
    Ok(Scenario::read(
        &path.display().to_string(),
        base,
        &text,
        &environment,
    )?)
}
