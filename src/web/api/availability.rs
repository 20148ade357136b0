//! `/api/v1/availability`: how each network spent the last hours and days.

use std::time::Duration;

use serde::Serialize;

use super::{Head, Shown};
use crate::model::State;
use crate::report::json::seconds;
use crate::report::words::timestamp_ms;
use crate::web::availability::Availability;
use crate::web::source::{Past, Share};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

/// The document.
pub(in crate::web) fn document(shown: Shown<'_>, past: &[Past]) -> Result<Vec<u8>, String> {
    super::text(&Document {
        head: shown.head(),
        networks: past.iter().map(|it| Network::new(shown, it)).collect(),
    })
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    networks: Vec<Network<'a>>,
}

#[derive(Serialize)]
struct Network<'a> {
    name: &'a str,
    title: &'a str,
    windows: [Window; 4],
    hours: Spans,
    days: Spans,
}

#[derive(Serialize)]
struct Window {
    window: &'static str,
    availability: Option<f64>,
    observed: Option<f64>,
}

/// Spans of one length. The arrays have an item for each of them.
#[derive(Serialize)]
struct Spans {
    from: Option<String>,
    step_seconds: f64,
    state_seconds: StateSeconds,
}

#[derive(Serialize)]
struct StateSeconds {
    unknown: Vec<f64>,
    up: Vec<f64>,
    degraded: Vec<f64>,
    down: Vec<f64>,
    maintenance: Vec<f64>,
}

impl<'a> Network<'a> {
    fn new(shown: Shown<'a>, past: &'a Past) -> Self {
        Self {
            name: &past.network,
            title: shown.facts.title(&past.network),
            windows: Availability::windows(past).map(|(window, time)| Window {
                window,
                availability: time.share(),
                observed: time.observed(),
            }),
            hours: Spans::new(&past.hours, HOUR),
            days: Spans::new(&past.days, DAY),
        }
    }
}

impl Spans {
    fn new(shares: &[Share], step: Duration) -> Self {
        let column = |state: State| {
            let times = shares.iter().map(|it| it.state_time[state as usize]);
            times.map(seconds).collect()
        };
        let from = |share: &Share| timestamp_ms(share.from);
        Self {
            from: shares.first().map(from),
            step_seconds: seconds(step),
            state_seconds: StateSeconds {
                unknown: shares.iter().map(|it| seconds(not_observed(it))).collect(),
                up: column(State::Up),
                degraded: column(State::Degraded),
                down: column(State::Down),
                maintenance: column(State::Maintenance),
            },
        }
    }
}

/// What is not in one of the other states.
fn not_observed(share: &Share) -> Duration {
    let states = State::ALL.into_iter().zip(share.state_time);
    let known = states.filter(|(state, _)| *state != State::Unknown);
    share
        .length
        .saturating_sub(known.map(|(_, time)| time).sum())
}
