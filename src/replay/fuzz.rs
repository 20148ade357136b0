//! What the fuzzer demands of scenarios.

use std::path::Path;
use std::time::Duration;

use super::Scenario;
use super::phase::{Ours, Phase};
use super::value::Wanted;
use super::world::play;
use crate::config::fault::printable_long;
use crate::config::fuzz::{ENVIRONMENT, told};
use crate::fuzzing::{choice, sentence};

/// Longer ones are not played here.
const LONGEST: Duration = Duration::from_secs(600);

/// A file is refused with faults that can be told, or it can be played to its end.
pub(crate) fn scenario_file(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match Scenario::read("s.toml", Path::new("/nowhere"), &text, &ENVIRONMENT) {
        Err(faults) => {
            assert!(!faults.0.is_empty(), "refused for nothing");
            told(&faults.0);
        }
        Ok(scenario) => {
            let endpoints = scenario.settings.endpoints.iter();
            let paces = scenario.settings.plan.networks.iter();
            let is_small = endpoints.count() <= 4 && paces.count() <= 4;
            if is_small && scenario.duration <= LONGEST {
                drop(play(&scenario, None));
            }
        }
    }
}

/// Phases and values of a scenario: what is understood means something bounded.
pub(crate) fn scenario_words(bytes: &[u8]) {
    let (_, bytes) = choice(bytes);
    let text = String::from_utf8_lossy(bytes);
    match Phase::parse(&text) {
        Err(why) => sentence(&printable_long(&why), 1000),
        Ok(phase) => {
            assert!((0.0..=1.0).contains(&phase.share));
            drop(phase.what.at(Duration::from_secs(1)).clone());
        }
    }
    if let Err(why) = Ours::parse(&text) {
        sentence(&printable_long(&why), 1000);
    }
    match Wanted::parse(&text) {
        Err(why) => sentence(&printable_long(&why), 1000),
        Ok(wanted) => drop(wanted.difference(&[])),
    }
}
