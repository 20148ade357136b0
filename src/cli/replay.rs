//! `bascule replay`: a recorded outage through the real judging code, in virtual time.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::{Answer, Trouble, terminal};
use crate::config::Environment;
use crate::replay::{LEAST_APART, Labels, MOST_APART, Scenario, between, json, play, tell};

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
    /// A label of every sample, as if scraped; again for more [default: job=bascule,
    /// instance=replay]
    #[arg(long, value_name = "NAME=VALUE", requires = "openmetrics", value_parser = Labels::parse)]
    label: Vec<(String, String)>,
    /// Time between two samples, 1s to 4m [default: 15s, more for more than 8 hours]
    #[arg(long, value_name = "DURATION", requires = "openmetrics", value_parser = apart)]
    every: Option<Duration>,
    /// Draw without colours and with ASCII only
    #[arg(long, conflicts_with_all = ["json", "openmetrics"])]
    plain: bool,
}

fn apart(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(every) if (LEAST_APART..=MOST_APART).contains(&every) => Ok(every),
        _ => Err("write a duration from 1s to 4m, such as 15s".to_owned()),
    }
}

/// Replays and tells. Bad news is what differs from what the scenario expects.
pub(super) fn replay(arguments: &Arguments) -> Result<Answer, Trouble> {
    let scenario = read(&arguments.scenario)?;
    let every = if arguments.openmetrics {
        let every = between(&scenario, arguments.every);
        Some(every.map_err(|sentence| trouble(&arguments.scenario, &sentence))?)
    } else {
        None
    };
    let played = play(&scenario, every);
    if let Some(samples) = &played.samples {
        let mut labels = Labels::default();
        for (name, value) in &arguments.label {
            labels.set(name.clone(), value.clone());
        }
        terminal::stream(|out| samples.write(&labels, out))?;
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
