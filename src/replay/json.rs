//! What came of a scenario, for programs: `bascule replay --json`. Keys and their order are a promise.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json as object};

use super::figures::{Figure, figures};
use super::scenario::Scenario;
use super::world::{Happening, Played};
use crate::model::{Cause, Event, Layer, Moment, Outage, Trouble};
use crate::report::words::timestamp_ms;

/// One object on one line.
#[must_use]
pub fn json(scenario: &Scenario, played: &Played) -> String {
    let view = View {
        start: scenario.start,
    };
    let end = &played.end.snapshot;
    let networks = end.networks.iter().map(|network| {
        object!({
            "name": &*network.name,
            "state": network.state.as_str(),
            "since": view.wall(network.since),
            "layer": network.layer.map(Layer::as_str),
            "outage": network.outage.as_ref().map(|outage| view.outage(outage)),
        })
    });
    let groups = end.groups.iter().map(|group| {
        let roles = group.roles.iter();
        let roles = roles.map(|(name, role)| (name.to_string(), role.as_str().into()));
        object!({
            "name": &*group.name,
            "active": group.active.as_deref(),
            "roles": roles.collect::<Map<String, Value>>(),
            "standbys": group.standbys,
            "standby_domains": group.standby_domains,
            "frozen": group.frozen,
        })
    });
    let events: Vec<Value> = played.events.iter().map(|it| view.happening(it)).collect();
    let counters = figures(&played.end);
    let counters = counters.iter().filter(|figure| is_counter(figure.name));
    let whole = object!({
        "title": scenario.title,
        "start": timestamp_ms(scenario.start),
        "end": timestamp_ms(played.end.wall),
        "events": events,
        "events_left_out": played.untold,
        "counters": counters.map(counter).collect::<Vec<Value>>(),
        "networks": networks.collect::<Vec<Value>>(),
        "groups": groups.collect::<Vec<Value>>(),
        "differences": played.differences,
    });
    format!("{whole}\n")
}

fn is_counter(name: &str) -> bool {
    ["_total", "_count", "_sum"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

fn counter(figure: &Figure) -> Value {
    let labels = figure.labels.iter();
    let labels = labels.map(|(name, value)| ((*name).to_owned(), value.as_str().into()));
    object!({
        "name": figure.name,
        "labels": labels.collect::<Map<String, Value>>(),
        "value": rounded(figure.value),
    })
}

/// Seconds to the microsecond, as everywhere in JSON; counts as whole numbers.
fn rounded(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return Value::from(value as i64);
    }
    Value::from((value * 1e6).round() / 1e6)
}

struct View {
    start: SystemTime,
}

impl View {
    fn wall(&self, moment: Moment) -> String {
        timestamp_ms(self.start + moment.since_origin())
    }

    fn happening(&self, happening: &Happening) -> Value {
        let mut map = Map::new();
        map.insert("time".to_owned(), timestamp_ms(happening.wall).into());
        let rest = match &happening.event {
            Event::Endpoint {
                key,
                from,
                to,
                cause,
                since,
            } => object!({
                "kind": "endpoint",
                "network": &*key.network,
                "endpoint": &*key.endpoint,
                "from": from.as_str(),
                "to": to.as_str(),
                "since": self.wall(*since),
                "cause": cause.as_ref().map(cause_of),
            }),
            Event::Network {
                network,
                from,
                to,
                trouble,
                since,
            } => object!({
                "kind": "network",
                "network": &**network,
                "from": from.as_str(),
                "to": to.as_str(),
                "since": self.wall(*since),
                "endpoint": trouble.as_ref().map(|it: &Trouble| it.endpoint.to_string()),
                "cause": trouble.as_ref().map(|it| cause_of(&it.cause)),
            }),
            Event::OutageStarted(outage) => object!({
                "kind": "outage_started", "outage": self.outage(outage),
            }),
            Event::OutageEnded(outage) => object!({
                "kind": "outage_ended", "outage": self.outage(outage),
            }),
            Event::Uplink {
                family, from, to, ..
            } => object!({
                "kind": "uplink",
                "family": family.map_or("any", |family| family.as_str()),
                "from": from.as_str(),
                "to": to.as_str(),
            }),
            Event::Group {
                group,
                from,
                to,
                reason,
            } => object!({
                "kind": "group",
                "group": &**group,
                "from": from.as_deref(),
                "to": to.as_deref(),
                "reason": reason.as_str(),
            }),
        };
        if let Value::Object(rest) = rest {
            map.extend(rest);
        }
        Value::Object(map)
    }

    fn outage(&self, outage: &Outage) -> Value {
        object!({
            "id": outage.id,
            "network": &*outage.network,
            "started": self.wall(outage.started),
            "confirmed": self.wall(outage.confirmed),
            "ended": outage.ended.map(|at| self.wall(at)),
            "seconds": seconds(outage.spent),
            "endpoint": &*outage.endpoint,
            "cause": cause_of(&outage.cause),
        })
    }
}

fn seconds(length: Duration) -> f64 {
    (length.as_secs_f64() * 1e6).round() / 1e6
}

fn cause_of(cause: &Cause) -> Value {
    object!({
        "layer": cause.layer.map(Layer::as_str),
        "reason": cause.reason.as_str(),
        "detail": cause.detail,
    })
}
