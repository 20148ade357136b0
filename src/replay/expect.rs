//! What came of a scenario, held against what must.
//!
//! Every change of an active network but the first choice after the start, every network that goes
//! down and every loss of our own connection must be awaited: nothing of that kind happens unseen.
//! Other changes of state may be awaited.

use std::time::Duration;

use super::figures::figures;
use super::scenario::{Awaited, Scenario, Turn};
use super::tell::sentence;
use super::world::{Happening, Picture, Played};
use crate::model::{Activation, Event, Layer, State, UplinkState};
use crate::report::words::{span, timestamp};

/// What differs: one sentence each.
pub(super) fn differences(scenario: &Scenario, played: &Played) -> Vec<String> {
    let mut differences = Vec::new();
    let mut used = vec![false; played.events.len()];
    for awaited in &scenario.events {
        let from = scenario.wall(awaited.from);
        let until = scenario.wall(awaited.until);
        let fits =
            |it: &Happening| from <= it.wall && it.wall <= until && is(&awaited.what, &it.event);
        let mut found = false;
        for (used, happening) in used.iter_mut().zip(&played.events) {
            if !*used && (awaited.often || !found) && fits(happening) {
                *used = true;
                found = true;
            }
        }
        if !found {
            differences.push(missed(scenario, awaited));
        }
    }
    let unseen = played.events.iter().zip(&used);
    for (happening, _) in unseen.filter(|(it, used)| !**used && must_be_awaited(&it.event)) {
        differences.push(format!("not expected: {}", told(happening)));
    }
    for (at, wanted) in &scenario.values {
        let wall = scenario.wall(*at);
        let picture = picture_at(played, wall);
        if let Some(difference) = wanted.difference(&figures(picture)) {
            differences.push(format!("at {}: {difference}", timestamp(wall)));
        }
    }
    differences
}

fn picture_at(played: &Played, wall: std::time::SystemTime) -> &Picture {
    let mut pictures = played.pictures.iter();
    pictures
        .find(|picture| picture.wall >= wall)
        .unwrap_or(&played.end)
}

fn is(turn: &Turn, event: &Event) -> bool {
    match (turn, event) {
        (
            Turn::State { of, state, layer },
            Event::Network {
                network,
                to,
                trouble,
                ..
            },
        ) => {
            let found = trouble.as_ref().and_then(|it| it.cause.layer);
            **network == **of && to == state && fits(*layer, found)
        }
        (Turn::State { of, state, layer }, Event::Endpoint { key, to, cause, .. }) => {
            let found = cause.as_ref().and_then(|cause| cause.layer);
            key.to_string() == *of && to == state && fits(*layer, found)
        }
        (
            Turn::Active {
                group,
                network,
                reason,
            },
            Event::Group {
                group: name,
                to,
                reason: why,
                ..
            },
        ) => {
            let to = to.as_deref().unwrap_or("none");
            **name == **group
                && network.as_ref().is_none_or(|network| *network == to)
                && reason.is_none_or(|reason| reason == *why)
        }
        (
            Turn::Uplink(state),
            Event::Uplink {
                family: None, to, ..
            },
        ) => to == state,
        _ => false,
    }
}

fn fits(wanted: Option<Layer>, found: Option<Layer>) -> bool {
    wanted.is_none() || wanted == found
}

fn must_be_awaited(event: &Event) -> bool {
    match event {
        Event::Network { to, .. } => *to == State::Down,
        Event::Group { reason, .. } => *reason != Activation::Startup,
        Event::Uplink { family, to, .. } => family.is_none() && *to == UplinkState::Down,
        Event::Endpoint { .. } | Event::OutageStarted(_) | Event::OutageEnded(_) => false,
    }
}

fn missed(scenario: &Scenario, awaited: &Awaited) -> String {
    let what = match &awaited.what {
        Turn::State { of, state, layer } => match layer {
            Some(layer) => format!("{of} is {state} at layer {layer}"),
            None => format!("{of} is {state}"),
        },
        Turn::Active {
            group,
            network,
            reason,
        } => {
            let network = network.as_deref().unwrap_or("another network");
            let reason = reason.map_or("", Activation::as_str);
            format!("{group}: {network} is the active network ({reason})")
        }
        Turn::Uplink(state) => format!("our own connection is {}", state.as_str()),
    };
    let from = timestamp(scenario.wall(awaited.from));
    let within = span(
        awaited
            .until
            .saturating_sub(awaited.from)
            .max(Duration::ZERO),
    );
    format!("did not happen within {within} from {from}: {what}")
}

fn told(happening: &Happening) -> String {
    let (_, text) = sentence(&happening.event);
    format!("{} {text}", timestamp(happening.wall))
}
