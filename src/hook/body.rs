//! What is sent: an event, and how everything is now, so that a receiver that missed all before
//! can act on the newest alone. The keys are a promise; `docs/webhook.md` has them.
//!
//! Sentences are for everybody: they name networks, layers and reasons, and quote no address and
//! no answer of a server.

use serde::Serialize;

use super::sign::id;
use super::{Kind, NetworkNow, Present};
use crate::history::{EventRow, OutageRow};
use crate::report::words::{clock, span, timestamp_ms};

/// The version of the keys.
const VERSION: u32 = 1;

/// The document about an event. Of an outage more is said if `outage` is known.
pub(super) fn document(
    row: &EventRow,
    outage: Option<&OutageRow>,
    present: &Present,
) -> Result<Vec<u8>, String> {
    let telling = Telling { row, present };
    let kind = Kind::of(row);
    let ended = outage.filter(|_| kind == Some(Kind::OutageEnded));
    let network = row.network.as_deref().filter(|_| row.outage.is_some());
    let document = Document {
        version: VERSION,
        id: id(row.seq, row.at),
        r#type: &row.kind,
        at: timestamp_ms(row.at),
        vantage: &present.vantage,
        sentence: telling.sentence(kind, ended),
        network: network.map(|name| Network::new(present, name)),
        group: row.group.as_deref().map(|name| telling.group(name)),
        uplink: telling.uplink(kind),
        layer: row.layer.as_deref(),
        reason: row.reason.as_deref(),
        outage: row.outage,
        started: outage.map(|it| timestamp_ms(it.started)),
        since: row.since.map(timestamp_ms),
        duration_seconds: ended.map(|it| it.duration.as_secs_f64()),
        now: Now::new(present),
    };
    serde_json::to_vec(&document).map_err(|error| error.to_string())
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    id: String,
    r#type: &'a str,
    at: String,
    vantage: &'a str,
    sentence: String,
    network: Option<Network<'a>>,
    group: Option<Switch<'a>>,
    uplink: Option<Uplink<'a>>,
    layer: Option<&'a str>,
    reason: Option<&'a str>,
    outage: Option<u64>,
    started: Option<String>,
    since: Option<String>,
    duration_seconds: Option<f64>,
    now: Now<'a>,
}

#[derive(Serialize)]
struct Network<'a> {
    name: &'a str,
    title: &'a str,
    state: Option<&'static str>,
    link: Option<&'a str>,
}

/// A group that goes from one network to another.
#[derive(Serialize)]
struct Switch<'a> {
    name: &'a str,
    from: Option<Network<'a>>,
    to: Option<Network<'a>>,
    link: Option<&'a str>,
}

#[derive(Serialize)]
struct Uplink<'a> {
    from: Option<&'a str>,
    to: Option<&'a str>,
}

#[derive(Serialize)]
struct Now<'a> {
    at: String,
    uplink: Option<&'static str>,
    groups: Vec<Group<'a>>,
    networks: Vec<Network<'a>>,
}

#[derive(Serialize)]
struct Group<'a> {
    name: &'a str,
    active: Option<Network<'a>>,
    link: Option<&'a str>,
}

impl<'a> Network<'a> {
    fn new(present: &'a Present, name: &'a str) -> Self {
        let known = present.network(name);
        Self {
            name,
            title: present.title(name),
            state: known.map(|it| it.state),
            link: known.and_then(|it| it.link.as_deref()),
        }
    }
}

impl<'a> Now<'a> {
    fn new(present: &'a Present) -> Self {
        let groups = present.groups.iter().map(|group| Group {
            name: &group.name,
            active: group
                .active
                .as_deref()
                .map(|name| Network::new(present, name)),
            link: present.link(&group.name, group.active.as_deref()),
        });
        let networks = present.networks.iter();
        Self {
            at: timestamp_ms(present.at),
            uplink: present.uplink,
            groups: groups.collect(),
            networks: networks.map(|it| Network::new(present, &it.name)).collect(),
        }
    }
}

impl Present {
    fn network(&self, name: &str) -> Option<&NetworkNow> {
        self.networks.iter().find(|it| &*it.name == name)
    }

    fn title<'a>(&'a self, name: &'a str) -> &'a str {
        self.network(name).map_or(name, |it| &it.title)
    }

    /// Where a group sends people whose active network is this one, as `/go` does.
    fn link(&self, group: &str, network: Option<&str>) -> Option<&str> {
        let network = network.and_then(|name| self.network(name));
        let own = network.and_then(|it| it.link.as_deref());
        own.or_else(|| {
            let group = self.groups.iter().find(|it| &*it.name == group)?;
            group.last_resort.as_deref()
        })
    }
}

/// An event, with what is known now.
struct Telling<'a> {
    row: &'a EventRow,
    present: &'a Present,
}

impl<'a> Telling<'a> {
    fn group(&self, name: &'a str) -> Switch<'a> {
        let present = self.present;
        let network = |name: &'a str| Network::new(present, name);
        let [from, to] = [&self.row.from, &self.row.to].map(named);
        Switch {
            name,
            from: from.map(network),
            to: to.map(network),
            link: present.link(name, to),
        }
    }

    fn uplink(&self, kind: Option<Kind>) -> Option<Uplink<'a>> {
        (kind == Some(Kind::Uplink)).then_some(Uplink {
            from: self.row.from.as_deref(),
            to: self.row.to.as_deref(),
        })
    }

    fn sentence(&self, kind: Option<Kind>, ended: Option<&OutageRow>) -> String {
        let row = self.row;
        let title = self.present.title(row.network.as_deref().unwrap_or("?"));
        let since = clock(row.since.unwrap_or(row.at), row.at);
        match kind {
            Some(Kind::OutageStarted) => {
                let cause = [&row.layer, &row.reason];
                let cause: Vec<&str> = cause.into_iter().filter_map(Option::as_deref).collect();
                format!("{title} is down since {since} ({}).", cause.join(", "))
            }
            Some(Kind::OutageEnded) => {
                let lasted = ended.map(|it| format!(", after {}", span(it.duration)));
                let lasted = lasted.unwrap_or_default();
                format!("{title} is not down any more since {since}{lasted}.")
            }
            Some(Kind::Group) => self.switch(),
            _ => match row.to.as_deref() {
                Some("up") => "Our own connection is up.".to_owned(),
                Some("down") => "Our own connection is down: nothing is judged.".to_owned(),
                _ => "Our own connection is unknown.".to_owned(),
            },
        }
    }

    fn switch(&self) -> String {
        let row = self.row;
        let group = row.group.as_deref().unwrap_or("?");
        let reason = row.reason.as_deref().unwrap_or("?");
        let [from, to] =
            [&row.from, &row.to].map(|name| named(name).map(|it| self.present.title(it)));
        match (from, to) {
            (Some(from), Some(to)) => {
                format!("{group}: {to} is active instead of {from} ({reason}).")
            }
            (None, Some(to)) => format!("{group}: {to} is active ({reason})."),
            (Some(from), None) => {
                format!("{group}: no network is usable; {from} was active ({reason}).")
            }
            (None, None) => format!("{group}: no network is usable ({reason})."),
        }
    }
}

/// The network of a column that says `none` where there is none.
fn named(column: &Option<String>) -> Option<&str> {
    column.as_deref().filter(|name| *name != "none")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hook::GroupNow;
    use std::time::{Duration, SystemTime};

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_779_627_720 + seconds)
    }

    fn present() -> Present {
        let network = |name: &str, title: &str, state, link: Option<&str>| NetworkNow {
            name: name.into(),
            title: title.to_owned(),
            state,
            link: link.map(str::to_owned),
        };
        Present {
            at: at(900),
            vantage: "rennes-1".to_owned(),
            uplink: Some("up"),
            groups: vec![GroupNow {
                name: "crisis".into(),
                active: Some("bluesky".into()),
                last_resort: Some("https://metropole.example/sms".to_owned()),
            }],
            networks: vec![
                network("x", "X", "down", None),
                network(
                    "bluesky",
                    "Bluesky",
                    "up",
                    Some("https://bsky.app/profile/a"),
                ),
            ],
        }
    }

    fn row(kind: &str) -> EventRow {
        EventRow {
            seq: 17,
            at: at(30),
            kind: kind.to_owned(),
            network: Some("x".to_owned()),
            endpoint: Some("web".to_owned()),
            group: None,
            from: None,
            to: None,
            layer: Some("tls".to_owned()),
            reason: Some("tls_expired".to_owned()),
            text: "x is down: 192.0.2.7 has an expired certificate".to_owned(),
            since: Some(at(0)),
            outage: Some(3),
        }
    }

    fn outage() -> OutageRow {
        OutageRow {
            id: 3,
            network: "x".to_owned(),
            started: at(0),
            confirmed: at(30),
            ended: Some(at(420)),
            duration: Duration::from_secs(420),
            layer: None,
            reason: "tls_expired".to_owned(),
            detail: "192.0.2.7 has an expired certificate".to_owned(),
            endpoint: "web".to_owned(),
            evidence: None,
        }
    }

    fn said(row: &EventRow, outage: Option<&OutageRow>) -> String {
        String::from_utf8(document(row, outage, &present()).unwrap()).unwrap()
    }

    const NOW: &str = r#""now":{"at":"2026-05-24T13:17:00.000Z","uplink":"up","groups":[{"name":"crisis","active":{"name":"bluesky","title":"Bluesky","state":"up","link":"https://bsky.app/profile/a"},"link":"https://bsky.app/profile/a"}],"networks":[{"name":"x","title":"X","state":"down","link":null},{"name":"bluesky","title":"Bluesky","state":"up","link":"https://bsky.app/profile/a"}]}}"#;

    #[test]
    fn an_outage_is_told_with_all_that_a_banner_needs_and_no_address() {
        let text = said(&row("outage_started"), Some(&outage()));
        let expected = r#"{"version":1,"id":"evt_17_1779627750000000","type":"outage_started","at":"2026-05-24T13:02:30.000Z","vantage":"rennes-1","sentence":"X is down since 13:02 (tls, tls_expired).","network":{"name":"x","title":"X","state":"down","link":null},"group":null,"uplink":null,"layer":"tls","reason":"tls_expired","outage":3,"started":"2026-05-24T13:02:00.000Z","since":"2026-05-24T13:02:00.000Z","duration_seconds":null,"#;
        assert_eq!(text, format!("{expected}{NOW}"));
        let ended = EventRow {
            since: Some(at(420)),
            ..row("outage_ended")
        };
        let text = said(&ended, Some(&outage()));
        assert!(text.contains("\"X is not down any more since 13:09, after 7m.\""));
        assert!(text.contains("\"duration_seconds\":420.0"), "{text}");
        assert!(!text.contains("192.0.2.7"), "{text}");
    }

    #[test]
    fn a_switch_says_from_where_to_where_and_the_link_that_go_leads_to() {
        let switch = |from: &str, to: &str| EventRow {
            group: Some("crisis".to_owned()),
            from: Some(from.to_owned()),
            to: Some(to.to_owned()),
            reason: Some("failover".to_owned()),
            layer: None,
            since: None,
            outage: None,
            ..row("group")
        };
        let text = said(&switch("x", "bluesky"), None);
        assert!(text.contains(
            r#""sentence":"crisis: Bluesky is active instead of X (failover).","network":null,"group":{"name":"crisis","from":{"name":"x","title":"X","state":"down","link":null},"to":{"name":"bluesky","title":"Bluesky","state":"up","link":"https://bsky.app/profile/a"},"link":"https://bsky.app/profile/a"},"#
        ), "{text}");
        let text = said(&switch("x", "none"), None);
        assert!(
            text.contains(r#""sentence":"crisis: no network is usable; X was active (failover).""#)
        );
        assert!(text.contains(r#""to":null,"link":"https://metropole.example/sms"}"#));
        // A network that a reload has taken away still has its name.
        let text = said(&switch("old", "bluesky"), None);
        assert!(text.contains(r#""from":{"name":"old","title":"old","state":null,"link":null}"#));
    }

    #[test]
    fn our_own_connection_is_told_as_ours() {
        let uplink = EventRow {
            network: None,
            endpoint: Some("any".to_owned()),
            from: Some("up".to_owned()),
            to: Some("down".to_owned()),
            layer: None,
            reason: None,
            since: None,
            outage: None,
            ..row("uplink")
        };
        let text = said(&uplink, None);
        assert!(text.contains(
            r#""sentence":"Our own connection is down: nothing is judged.","network":null,"group":null,"uplink":{"from":"up","to":"down"},"#
        ), "{text}");
    }
}
