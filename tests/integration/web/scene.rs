//! A scene: X has been down for ten minutes, and a real listener that shows it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bascule::history::{EventRow, OutageRow};
use bascule::metrics::{Metrics, Times};
use bascule::model::{
    Cause, EndpointKey, EndpointView, GroupBooks, GroupView, Layer, Moment, Name, NetworkBooks,
    NetworkView, Outage, Reason, Role, Snapshot, State, Trouble, UplinkBooks, UplinkState,
    UplinkView,
};
use bascule::report::json;
use bascule::web::access::{Audience, Gate, Rules};
use bascule::web::{
    self, Events, Facts, GroupFacts, LastRounds, MaintenanceFacts, NetworkFacts, NoticeFacts, Past,
    Picture, Readiness, ReloadRequest, Reply, Server, Share, Source, Unavailable, View, Wanted,
};
use tokio::sync::{mpsc, watch};

use crate::cli::rounds::{expired_round, passing_round};
use crate::support::daemon::{Answer, request_at};

/// How long ago: 12:59:30.120 in the scene.
pub(crate) const LOST: Duration = Duration::from_millis(581_880);
const HOUR: u64 = 3_600;

/// 2026-05-24T13:09:12Z.
pub(crate) fn wall() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_779_628_152)
}

pub(crate) fn now() -> Moment {
    Moment::from_secs(5 * 86_400)
}

/// The moment so many seconds before.
pub(crate) fn ago(seconds: u64) -> Moment {
    now() - Duration::from_secs(seconds)
}

/// Everything that the listener shows. Tests change what they are about.
pub(crate) struct Scene {
    pub(crate) snapshot: Snapshot,
    pub(crate) holds: Vec<Option<Moment>>,
    pub(crate) facts: Facts,
    pub(crate) rounds: BTreeMap<EndpointKey, LastRounds>,
    pub(crate) problem: Option<String>,
    pub(crate) unavailable: Option<String>,
    pub(crate) events: Vec<EventRow>,
    pub(crate) outages: Vec<OutageRow>,
    pub(crate) past: Vec<Past>,
    /// For how long nobody has judged.
    pub(crate) hung: Duration,
    /// What the history was asked for.
    pub(crate) asked: Arc<Mutex<Vec<Wanted>>>,
}

impl Source for Scene {
    fn picture(&self) -> Picture {
        Picture {
            snapshot: Arc::new(self.snapshot.clone()),
            holds: self.holds.clone().into(),
            now: now(),
            wall: wall(),
        }
    }

    fn clock(&self) -> SystemTime {
        wall() + self.hung
    }

    fn facts(&self) -> Arc<Facts> {
        Arc::new(self.facts.clone())
    }

    fn rounds(&self, key: &EndpointKey) -> Option<LastRounds> {
        self.rounds.get(key).cloned()
    }

    fn problem(&self) -> Option<String> {
        self.problem.clone()
    }

    fn events(&self, after: u64, limit: usize) -> Reply<Events> {
        let rows = self.events.iter().filter(|row| row.seq > after);
        self.reply(Events {
            oldest: self.events.first().map(|row| row.seq),
            rows: rows.take(limit).cloned().collect(),
        })
    }

    fn latest(&self, limit: usize) -> Reply<Vec<EventRow>> {
        let surplus = self.events.len().saturating_sub(limit);
        self.reply(self.events[surplus..].to_vec())
    }

    fn switches(&self, limit: usize) -> Reply<Vec<EventRow>> {
        let rows = self.events.iter().rev().filter(|row| row.kind == "group");
        self.reply(rows.take(limit).cloned().collect())
    }

    fn outages(&self, wanted: Wanted) -> Reply<Vec<OutageRow>> {
        let rows = self.outages.iter().filter(|row| {
            let of = wanted.network.as_deref();
            let since = wanted.since;
            of.is_none_or(|network| network == row.network)
                && wanted.before.is_none_or(|before| row.id < before)
                && since.is_none_or(|since| row.ended.is_none_or(|ended| ended >= since))
        });
        let rows = rows.take(wanted.limit).cloned().collect();
        self.asked.lock().unwrap().push(wanted);
        self.reply(rows)
    }

    fn outage(&self, id: u64) -> Reply<Option<OutageRow>> {
        let mut rows = self.outages.iter();
        self.reply(rows.find(|row| row.id == id).cloned())
    }

    fn past(&self) -> Reply<Vec<Past>> {
        self.reply(self.past.clone())
    }
}

impl Scene {
    /// X is down and Bluesky the active network; nothing is kept of it but one older outage.
    pub(crate) fn new() -> Self {
        let x = Self::down("x", "web");
        let networks = vec![x, up("bluesky", 4 * HOUR), up("mastodon", 30 * HOUR)];
        Self {
            holds: vec![None; networks.len()],
            snapshot: Snapshot {
                networks,
                groups: vec![crisis()],
                uplink: UplinkView {
                    mute: false,
                    states: [UplinkState::Up, UplinkState::Up, UplinkState::Unknown],
                    since: ago(30 * HOUR),
                    gateway: None,
                    books: UplinkBooks::new(Moment::ZERO),
                },
            },
            facts: facts(),
            rounds: rounds(),
            problem: None,
            unavailable: None,
            events: vec![lost(41), started(42), switched(44)],
            outages: vec![running(), finished()],
            past: vec![
                past("x", LOST),
                past("bluesky", Duration::ZERO),
                past("mastodon", Duration::ZERO),
            ],
            hung: Duration::ZERO,
            asked: Arc::default(),
        }
    }

    fn reply<T: Send + 'static>(&self, rows: T) -> Reply<T> {
        let answer = match &self.unavailable {
            Some(sentence) => Err(Unavailable(sentence.clone())),
            None => Ok(rows),
        };
        Box::pin(async { answer })
    }

    fn down(network: &str, endpoint: &str) -> NetworkView {
        let outage = outage();
        let mut view = up(network, 0);
        let mut books = NetworkBooks::new(Moment::ZERO);
        books.open_state = State::Down;
        books.booked_until = now() - LOST;
        books.state_time = [0, 431_000, 400, 18, 0].map(Duration::from_secs);
        view.state = State::Down;
        view.since = now() - LOST;
        view.confirmed = Some(outage.confirmed);
        view.layer = Some(Layer::Tls);
        view.trouble = Some(Trouble {
            endpoint: endpoint.into(),
            cause: outage.cause.clone(),
        });
        view.spare_weight = 0;
        view.outage = Some(outage);
        view.books = books;
        let endpoint = &mut view.endpoints[0];
        endpoint.state = State::Down;
        endpoint.since = now() - LOST;
        endpoint.cause = Some(expired());
        view
    }

    pub(crate) fn network(&mut self, name: &str) -> &mut NetworkView {
        let mut networks = self.snapshot.networks.iter_mut();
        networks.find(|it| &*it.name == name).expect("it is there")
    }

    pub(crate) fn group(&mut self) -> &mut GroupView {
        &mut self.snapshot.groups[0]
    }

    /// X works, and is the active network.
    pub(crate) fn all_is_well() -> Self {
        let mut scene = Self::new();
        *scene.network("x") = up("x", 50 * HOUR);
        let roles = [Role::Active, Role::Standby, Role::Standby];
        scene.assign(Some("x"), roles);
        scene
    }

    /// Gives every network its role.
    pub(crate) fn assign(&mut self, active: Option<&str>, roles: [Role; 3]) {
        let group = self.group();
        group.active = active.map(Name::from);
        for ((_, role), new) in group.roles.iter_mut().zip(roles) {
            *role = new;
        }
    }

    pub(crate) fn listen(self) -> Listener {
        Listener::start(self, Audience::Private)
    }
}

/// A listener that shows a scene.
pub(crate) struct Listener {
    server: Option<Server>,
    pub(crate) address: SocketAddr,
    pub(crate) metrics: Metrics,
    _readiness: watch::Sender<Readiness>,
    _reloads: mpsc::Receiver<ReloadRequest>,
}

impl Listener {
    pub(crate) fn start(scene: Scene, audience: Audience) -> Self {
        let metrics = Metrics::new(Times::new(|| Moment::ZERO, |_| SystemTime::UNIX_EPOCH))
            .expect("no two metrics clash");
        let (readiness_sender, readiness) = watch::channel(Readiness::default());
        let (reload, reloads) = mpsc::channel(1);
        let gate = Gate::new(Rules::default());
        let source = Arc::new(scene);
        let view = View::new(metrics.clone(), source, readiness, reload, gate);
        let listener = web::bind(([127, 0, 0, 1], 0).into()).expect("a port on loopback");
        let address = listener.local_addr().expect("its address");
        let server = Server::start(vec![(listener, audience)], &view).expect("it serves");
        Self {
            server: Some(server),
            address,
            metrics,
            _readiness: readiness_sender,
            _reloads: reloads,
        }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "")
    }

    pub(crate) fn ask(&self, method: &str, path: &str, headers: &str) -> Answer {
        let head = format!("{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n");
        request_at(self.address, &format!("{head}{headers}\r\n"))
    }

    /// The document at a path.
    pub(crate) fn json(&self, path: &str) -> serde_json::Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert!(answer.head.contains("content-type: application/json"));
        serde_json::from_slice(&answer.body).expect("it is JSON")
    }

    /// The status and the sentence of a refusal.
    pub(crate) fn refusal(&self, path: &str) -> (u16, String) {
        let answer = self.get(path);
        let json: serde_json::Value = serde_json::from_slice(&answer.body).expect("it is JSON");
        let sentence = json["error"].as_str().expect("a sentence");
        (answer.status, sentence.to_owned())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }
}

pub(crate) fn expired() -> Cause {
    Cause::new(Reason::TlsExpired, "certificate expired 3 days ago")
}

/// The outage that runs.
fn outage() -> Outage {
    Outage {
        id: 7,
        network: "x".into(),
        started: now() - LOST,
        confirmed: ago(570),
        last_good: Some(ago(620)),
        endpoint: "web".into(),
        cause: expired(),
        spent: Duration::from_millis(880),
        running_since: Some(ago(571)),
        ended: None,
    }
}

pub(crate) fn up(name: &str, seconds: u64) -> NetworkView {
    let mut books = NetworkBooks::new(Moment::ZERO);
    books.open_state = State::Up;
    NetworkView {
        name: name.into(),
        state: State::Up,
        since: ago(seconds),
        confirmed: Some(ago(seconds)),
        trouble: None,
        layer: None,
        spare_weight: 1,
        flapping: false,
        outage: None,
        books,
        endpoints: vec![EndpointView {
            key: EndpointKey::new(name, "web"),
            state: State::Up,
            since: ago(seconds),
            restricted: false,
            tried: true,
            cause: None,
        }],
    }
}

fn crisis() -> GroupView {
    let names: [Name; 3] = ["x".into(), "bluesky".into(), "mastodon".into()];
    let roles = [Role::Failed, Role::Active, Role::Standby];
    GroupView {
        name: "crisis".into(),
        active: Some("bluesky".into()),
        roles: names.iter().cloned().zip(roles).collect(),
        standbys: 1,
        standby_domains: 1,
        frozen: false,
        failback_due: None,
        pinned: None,
        books: GroupBooks::new(&names, Moment::ZERO),
    }
}

fn facts() -> Facts {
    let network = |name: &str, title: &str, profile: Option<&str>| NetworkFacts {
        name: name.into(),
        title: title.to_owned(),
        profile: profile.map(str::to_owned),
        home: Some(format!("https://{name}.example/")),
    };
    Facts {
        vantage: "rennes-1".to_owned(),
        uplink_judged: true,
        round_due: None,
        networks: vec![
            network("x", "X", Some("https://x.example/Ville")),
            network("bluesky", "Bluesky", Some("https://bluesky.example/ville")),
            network("mastodon", "Mastodon", None),
        ],
        groups: vec![GroupFacts {
            name: "crisis".into(),
            last_resort: Some("https://metropole.example/sms".to_owned()),
        }],
        notices: vec![notice()],
        maintenance: vec![MaintenanceFacts {
            network: "mastodon".into(),
            from: wall() + Duration::from_secs(8 * HOUR),
            until: wall() + Duration::from_secs(9 * HOUR),
        }],
    }
}

fn notice() -> NoticeFacts {
    let texts = [
        ("en", "We also post on Bluesky."),
        ("fr", "Nous publions aussi sur Bluesky."),
    ];
    let text = |(language, text): (&str, &str)| (Some(language.to_owned()), text.to_owned());
    NoticeFacts {
        texts: texts.map(text).to_vec(),
        until: wall() + Duration::from_secs(24 * HOUR),
    }
}

fn rounds() -> BTreeMap<EndpointKey, LastRounds> {
    let mut later = expired_round();
    later.started += Duration::from_secs(565);
    let last = LastRounds {
        rounds: vec![Arc::new(later), Arc::new(passing_round())],
        first_failed: Some(Arc::new(expired_round())),
    };
    BTreeMap::from([(EndpointKey::new("x", "web"), last)])
}

/// The row of the outage that runs: what is known of it when it is confirmed.
fn running() -> OutageRow {
    let round = expired_round();
    let round = serde_json::to_string(&json::round(&round)).expect("it is JSON");
    OutageRow {
        id: 7,
        network: "x".to_owned(),
        started: wall() - LOST,
        confirmed: wall() - Duration::from_secs(570),
        ended: None,
        duration: Duration::ZERO,
        layer: Some("tls".to_owned()),
        reason: "tls_expired".to_owned(),
        detail: "certificate expired 3 days ago".to_owned(),
        endpoint: "web".to_owned(),
        evidence: Some(round),
    }
}

fn finished() -> OutageRow {
    let started = wall() - Duration::from_secs(26 * HOUR);
    OutageRow {
        id: 6,
        network: "bluesky".to_owned(),
        started,
        confirmed: started + Duration::from_secs(40),
        ended: Some(started + Duration::from_secs(5_100)),
        duration: Duration::from_secs(5_100),
        layer: Some("dns".to_owned()),
        reason: "dns_servfail".to_owned(),
        detail: "system answers SERVFAIL".to_owned(),
        endpoint: "appview".to_owned(),
        evidence: None,
    }
}

/// Known for 70 days, and down since `down` ago; of the first hour half was not observed, and the
/// fourth was maintenance.
fn past(network: &str, down: Duration) -> Past {
    const DAY: u64 = 24 * HOUR;
    let seconds = wall()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let shares = |step: u64, count: u64| {
        let first = seconds / step - (count - 1);
        let shares = (first..first + count).map(|n| {
            let from = SystemTime::UNIX_EPOCH + Duration::from_secs(n * step);
            let length = wall()
                .duration_since(from)
                .unwrap()
                .min(Duration::from_secs(step));
            let behind = wall().duration_since(from + length).unwrap();
            let down = down.saturating_sub(behind).min(length);
            Share {
                from,
                length,
                state_time: [
                    Duration::ZERO,
                    length - down,
                    Duration::ZERO,
                    down,
                    Duration::ZERO,
                ],
            }
        });
        shares.collect::<Vec<_>>()
    };
    let (mut hours, mut days) = (shares(HOUR, 24), shares(DAY, 90));
    let half = hours[0].length / 2;
    hours[0].state_time[State::Up as usize] = half;
    hours[3]
        .state_time
        .swap(State::Up as usize, State::Maintenance as usize);
    for day in &mut days[..20] {
        day.state_time = Default::default();
    }
    let yesterday = &mut days[88].state_time;
    yesterday[State::Up as usize] -= half + 2 * half;
    yesterday[State::Maintenance as usize] = 2 * half;
    Past {
        network: network.into(),
        hours,
        days,
    }
}

fn event(seq: u64, kind: &str) -> EventRow {
    EventRow {
        seq,
        at: wall() - Duration::from_secs(570),
        kind: kind.to_owned(),
        network: None,
        endpoint: None,
        group: None,
        from: None,
        to: None,
        layer: None,
        reason: None,
        text: String::new(),
        since: None,
        outage: None,
    }
}

fn lost(seq: u64) -> EventRow {
    EventRow {
        network: Some("x".to_owned()),
        from: Some("up".to_owned()),
        to: Some("down".to_owned()),
        layer: Some("tls".to_owned()),
        reason: Some("tls_expired".to_owned()),
        text: "x is down at web (tls): certificate expired 3 days ago [tls_expired]".to_owned(),
        since: Some(wall() - LOST),
        ..event(seq, "network")
    }
}

fn started(seq: u64) -> EventRow {
    EventRow {
        kind: "outage_started".to_owned(),
        from: None,
        to: None,
        text: "outage 7 of x started".to_owned(),
        outage: Some(7),
        ..lost(seq)
    }
}

fn switched(seq: u64) -> EventRow {
    EventRow {
        group: Some("crisis".to_owned()),
        from: Some("x".to_owned()),
        to: Some("bluesky".to_owned()),
        reason: Some("failover".to_owned()),
        text: "crisis: bluesky is the active network now (failover, was x)".to_owned(),
        ..event(seq, "group")
    }
}
