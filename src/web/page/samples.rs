//! Pictures made by hand, for the tests of the page.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::Matter;
use crate::history::{EventRow, OutageRow};
use crate::model::{
    AddressRound, Cause, EndpointKey, EndpointView, GroupBooks, GroupView, Kind, Layer, Moment,
    Name, NetworkBooks, NetworkView, Outage, Phases, Reason, Role, Round, Snapshot, Standing,
    State, Trouble, UplinkBooks, UplinkState, UplinkView, Verdict,
};
use crate::web::source::{
    Facts, GroupFacts, NetworkFacts, PAST_DAYS, PAST_HOURS, Past, Picture, Share,
};
use crate::web::tongue;

pub(super) const HOUR: u64 = 3_600;
pub(super) const DAY: u64 = 86_400;

/// The networks of the catalog that are on by default.
pub(super) const TITLES: [&str; 8] = [
    "X",
    "Bluesky",
    "Mastodon",
    "Threads",
    "LinkedIn",
    "Facebook",
    "Instagram",
    "YouTube",
];

/// 2026-05-24T13:09:12Z.
pub(super) fn wall() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_779_628_152)
}

fn now() -> Moment {
    Moment::from_secs(100 * DAY)
}

pub(super) fn ago(seconds: u64) -> Moment {
    now() - Duration::from_secs(seconds)
}

fn name(title: &str) -> Name {
    title.to_lowercase().into()
}

/// All is well, with these networks.
pub(super) fn fine(titles: &[&str]) -> Matter {
    let names: Vec<Name> = titles.iter().map(|it| name(it)).collect();
    let roles = names.iter().enumerate().map(|(place, name)| {
        let role = if place == 0 {
            Role::Active
        } else {
            Role::Standby
        };
        (name.clone(), role)
    });
    let group = GroupView {
        name: "crisis".into(),
        active: names.first().cloned(),
        roles: roles.collect(),
        standbys: 1,
        standby_domains: 1,
        frozen: false,
        failback_due: None,
        pinned: None,
        books: GroupBooks::new(&names, Moment::ZERO),
    };
    let networks: Vec<NetworkView> = names.iter().map(up).collect();
    let facts = Facts {
        vantage: "rennes-1".to_owned(),
        uplink_judged: true,
        round_due: Some(Duration::from_secs(150)),
        networks: titles.iter().map(|it| known(it)).collect(),
        groups: vec![GroupFacts {
            name: "crisis".into(),
            last_resort: Some("https://ville.example/sms".to_owned()),
        }],
        notices: Vec::new(),
        maintenance: Vec::new(),
    };
    let rounds = networks
        .iter()
        .map(|_| vec![vec![Arc::new(round(Verdict::Pass))]]);
    Matter {
        rounds: rounds.collect(),
        past: Some(names.iter().map(good_past).collect()),
        picture: Picture {
            holds: vec![None; networks.len()].into(),
            snapshot: Arc::new(Snapshot {
                networks,
                groups: vec![group],
                uplink: UplinkView {
                    states: [UplinkState::Up; 3],
                    since: ago(30 * HOUR),
                    gateway: None,
                    mute: false,
                    books: UplinkBooks::new(Moment::ZERO),
                },
            }),
            now: now(),
            wall: wall(),
        },
        facts: Arc::new(facts),
        clock: wall(),
        problem: None,
        events: Some(Vec::new()),
        outages: Vec::new(),
        tongue: tongue::ENGLISH,
        renews: true,
    }
}

/// X has been down for ten minutes, and Bluesky is used.
pub(super) fn failed_over() -> Matter {
    let mut matter = fine(&TITLES);
    fail(&mut matter, 0);
    let snapshot = Arc::make_mut(&mut matter.picture.snapshot);
    let group = &mut snapshot.groups[0];
    group.active = Some("bluesky".into());
    group.roles[0].1 = Role::Failed;
    group.roles[1].1 = Role::Active;
    matter.events = Some(vec![lost(41), started(42), switched(44)]);
    matter.outages = vec![outage_row()];
    let past = matter.past.as_mut().expect("a past");
    for (day, down) in [(89, 600), (70, 86_000), (44, 4_000)] {
        let share = &mut past[0].days[day];
        let down = down.min(share.length.as_secs());
        share.state_time[State::Up as usize] -= Duration::from_secs(down);
        share.state_time[State::Down as usize] = Duration::from_secs(down);
    }
    matter
}

/// A network is lost.
pub(super) fn fail(matter: &mut Matter, place: usize) {
    let snapshot = Arc::make_mut(&mut matter.picture.snapshot);
    let network = &mut snapshot.networks[place];
    let cause = Cause::new(Reason::TlsExpired, "certificate of 203.0.113.7 expired");
    network.state = State::Down;
    network.since = ago(600);
    network.layer = Some(Layer::Tls);
    network.spare_weight = 0;
    network.trouble = Some(Trouble {
        endpoint: "web".into(),
        cause: cause.clone(),
    });
    network.outage = Some(Outage {
        id: 7,
        network: network.name.clone(),
        started: ago(600),
        confirmed: ago(580),
        last_good: None,
        endpoint: "web".into(),
        cause: cause.clone(),
        spent: Duration::ZERO,
        running_since: Some(ago(600)),
        ended: None,
    });
    matter.rounds[place] = vec![vec![Arc::new(round(Verdict::Fail(cause)))]];
}

pub(super) fn up(name: &Name) -> NetworkView {
    NetworkView {
        name: name.clone(),
        state: State::Up,
        since: ago(50 * HOUR),
        confirmed: Some(ago(50 * HOUR)),
        trouble: None,
        layer: None,
        spare_weight: 1,
        flapping: false,
        outage: None,
        books: NetworkBooks::new(Moment::ZERO),
        endpoints: vec![EndpointView {
            key: EndpointKey::new(name, "web"),
            state: State::Up,
            since: ago(50 * HOUR),
            restricted: false,
            tried: true,
            cause: None,
        }],
    }
}

fn known(title: &str) -> NetworkFacts {
    let name = name(title);
    NetworkFacts {
        profile: Some(format!("https://{name}.example/ville")),
        home: None,
        title: title.to_owned(),
        name,
    }
}

/// It ended three seconds ago, at one IPv4 and two IPv6 addresses.
pub(super) fn round(verdict: Verdict) -> Round {
    let address = |address: &str, verdict: &Verdict| AddressRound {
        address: address.parse::<SocketAddr>().expect("an address"),
        verdict: verdict.clone(),
        phases: Phases::default(),
        reached: None,
        tls: None,
        http: None,
    };
    let addresses = ["203.0.113.7:443", "[2001:db8::7]:443", "[2001:db8::8]:443"];
    Round {
        key: None,
        kind: Kind::Http,
        addresses: addresses.map(|it| address(it, &verdict)).into(),
        verdict,
        started: wall() - Duration::from_millis(3_142),
        duration: Duration::from_millis(142),
        dns: Vec::new(),
        retry_after: None,
        standing: Standing::default(),
    }
}

/// All of it up.
pub(super) fn good_past(network: &Name) -> Past {
    Past {
        network: network.clone(),
        hours: shares(PAST_HOURS, HOUR),
        days: shares(PAST_DAYS, DAY),
    }
}

fn shares(number: usize, length: u64) -> Vec<Share> {
    let wall = 1_779_628_152_u64;
    let present = wall - wall % length;
    let starts = (0..number as u64).rev().map(|back| present - back * length);
    let shares = starts.map(|from| {
        let length = Duration::from_secs(length.min(wall - from));
        Share {
            from: SystemTime::UNIX_EPOCH + Duration::from_secs(from),
            length,
            state_time: [
                Duration::ZERO,
                length,
                Duration::ZERO,
                Duration::ZERO,
                Duration::ZERO,
            ],
        }
    });
    shares.collect()
}

fn event(seq: u64, kind: &str) -> EventRow {
    EventRow {
        seq,
        at: wall() - Duration::from_secs(580),
        kind: kind.to_owned(),
        network: None,
        endpoint: None,
        group: None,
        from: None,
        to: None,
        layer: None,
        reason: None,
        text: "the log's sentence about 203.0.113.7".to_owned(),
        since: None,
        outage: None,
    }
}

pub(super) fn lost(seq: u64) -> EventRow {
    EventRow {
        network: Some("x".to_owned()),
        from: Some("up".to_owned()),
        to: Some("down".to_owned()),
        layer: Some("tls".to_owned()),
        reason: Some("tls_expired".to_owned()),
        ..event(seq, "network")
    }
}

fn started(seq: u64) -> EventRow {
    EventRow {
        network: Some("x".to_owned()),
        outage: Some(7),
        ..event(seq, "outage_started")
    }
}

fn switched(seq: u64) -> EventRow {
    EventRow {
        group: Some("crisis".to_owned()),
        from: Some("x".to_owned()),
        to: Some("bluesky".to_owned()),
        reason: Some("failover".to_owned()),
        ..event(seq, "group")
    }
}

fn outage_row() -> OutageRow {
    OutageRow {
        id: 7,
        network: "x".to_owned(),
        started: wall() - Duration::from_secs(600),
        confirmed: wall() - Duration::from_secs(580),
        ended: None,
        duration: Duration::ZERO,
        layer: Some("tls".to_owned()),
        reason: "tls_expired".to_owned(),
        detail: "certificate of 203.0.113.7 expired".to_owned(),
        endpoint: "web".to_owned(),
        evidence: None,
    }
}
