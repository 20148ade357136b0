//! `bascule outages`: finished and running outages from a running daemon.

use clap::Args;

use super::client::Daemon;
use super::{Answer, Trouble, terminal};
use crate::report::outages as drawing;
use crate::report::running::{self, Outages};

/// The most that a daemon says at once: without evidence, and with it.
const MOST: [&str; 2] = ["1000", "100"];
/// Pages that a table goes on for: one that is not over may be older than a page of others.
const PAGES: usize = 10;

/// Whom to ask and how to tell it.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(flatten)]
    daemon: Daemon,
    /// Tell it to programs: the document of /api/v1/outages, with the evidence
    #[arg(long)]
    json: bool,
    /// Outages that ended so long ago at most, or have not ended
    #[arg(long, value_name = "DURATION", default_value = "7d", value_parser = span)]
    since: String,
    /// Those of one network
    #[arg(long, value_name = "NETWORK")]
    network: Option<String>,
}

fn span(text: &str) -> Result<String, String> {
    match humantime::parse_duration(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err("write 30m, 12h or 7d".to_owned()),
    }
}

/// Asks and tells.
pub(super) fn outages(arguments: &Arguments) -> Result<Answer, Trouble> {
    let Arguments {
        daemon,
        json,
        since,
        network,
    } = arguments;
    let evidence = if *json { "true" } else { "false" };
    let limit = MOST[usize::from(*json)];
    let span = humantime::parse_duration(since).unwrap_or_default();
    // The daemon reads less than humantime writes.
    let seconds = format!("{}s", span.as_secs());
    let mut query = vec![
        ("since", &*seconds),
        ("limit", limit),
        ("evidence", evidence),
    ];
    query.extend(network.iter().map(|network| ("network", &**network)));
    let document = daemon.get("api/v1/outages", &query)?;
    let read =
        |document: &[u8]| running::read::<Outages>(document).map_err(|why| daemon.trouble(&why));
    let mut outages = read(&document)?;
    let pages = if *json { 1 } else { PAGES };
    for _ in 1..pages {
        let Some(next) = outages.next else { break };
        let next = next.to_string();
        let mut query = query.clone();
        query.push(("before", &*next));
        let page = read(&daemon.get("api/v1/outages", &query)?)?;
        outages.next = page.next;
        outages.outages.extend(page.outages);
    }
    terminal::print(&if *json {
        running::retold(&document).unwrap_or_default()
    } else {
        drawing::draw(
            terminal::fitting_look(),
            &outages,
            since,
            network.as_deref(),
        )
    })?;
    Ok(Answer::Fine)
}
