//! `kill -9` in a loop, through outages and their ends: nothing that was shown ever goes back, and
//! everything that happened is counted once.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use super::*;

const OUTAGES: usize = 3;

/// Several lives of one daemon, and what was seen of them.
struct Lives<'a> {
    state: &'a Path,
    config: String,
    chance: fastrand::Rng,
    kills: usize,
    scrapes: usize,
    /// Every counter as it was last shown.
    shown: BTreeMap<String, f64>,
    /// The active network and the activations as they were last shown.
    active: Option<(String, f64)>,
    /// The outages that have been seen, oldest first.
    outages: Vec<u64>,
    /// When somebody looked for the first time, and the time that was booked by then.
    began: Option<(Instant, f64)>,
}

impl Lives<'_> {
    fn start(&mut self) -> Daemon {
        let daemon = Daemon::start_in(self.state, &self.config);
        let metrics = daemon.metrics();
        if let Some((before, activations_before)) = &self.active {
            let (now, activations) = (active(&metrics), activations(&metrics));
            // A switch between the last scrape and the end of the process was counted, too.
            assert!(
                now == before || activations > *activations_before,
                "{before} was active, now it is {now}, after kill {}",
                self.kills
            );
        }
        let booked = sum(&metrics, TIME);
        self.began.get_or_insert_with(|| (Instant::now(), booked));
        self.see(&metrics);
        let known = self.outages.clone();
        assert!(
            self.outages_of(&daemon).starts_with(&known),
            "{known:?} are not what is known after kill {}",
            self.kills
        );
        daemon
    }

    fn see(&mut self, metrics: &str) {
        let now = counters(metrics);
        for (series, before) in &self.shown {
            let after = now
                .get(&**series)
                .unwrap_or_else(|| panic!("{series} is gone"));
            assert!(
                after >= before,
                "{series} goes back from {before} to {after} after kill {}",
                self.kills
            );
        }
        self.shown = now
            .into_iter()
            .map(|(series, value)| (series.to_owned(), value))
            .collect();
        self.active = Some((active(metrics).to_owned(), activations(metrics)));
        self.scrapes += 1;
    }

    /// The numbers of the outages of x, oldest first.
    fn outages_of(&self, daemon: &Daemon) -> Vec<u64> {
        let page = document(daemon, "/api/v1/outages?network=x");
        let rows = page["outages"].as_array().unwrap().iter();
        let mut ids: Vec<u64> = rows.map(|row| row["id"].as_u64().unwrap()).collect();
        ids.reverse();
        ids
    }

    /// One life that ends at a random moment, perhaps in the middle of a scrape.
    fn live(&mut self) {
        let daemon = self.start();
        let moment = Duration::from_millis(self.chance.u64(0..4000));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(moment);
                daemon.signal("KILL");
            });
            while let Some(metrics) = scrape(daemon.address) {
                self.see(&metrics);
            }
        });
        self.kills += 1;
    }

    /// One life in which x and the group get where they should; killed as soon as they have.
    fn reach(&mut self, state: &str, active_network: &str, outages: usize) -> Daemon {
        let daemon = self.start();
        let metrics = until_some(&format!("x is {state}"), || {
            let metrics = daemon.metrics();
            self.see(&metrics);
            let there = state_of(&metrics, "x") == state && active(&metrics) == active_network;
            there.then_some(metrics)
        });
        let counted = sum(&metrics, "bascule_network_outages_total{");
        assert_eq!(counted, outages as f64, "after kill {}", self.kills);
        self.outages = until_some("the history has the outage", || {
            let known = self.outages_of(&daemon);
            assert!(known.len() <= outages, "{known:?}");
            (known.len() == outages).then_some(known)
        });
        self.kills += 1;
        daemon
    }
}

const TIME: &str = "bascule_network_state_seconds_total{network=\"x\"";

#[test]
fn no_counter_goes_back_and_no_outage_is_counted_twice_however_often_it_is_killed() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let (x, y) = (Fake::new(), Fake::new());
    let folder = tempfile::tempdir().unwrap();
    let mut lives = Lives {
        state: folder.path(),
        config: x.network("x", "200ms") + &y.network("y", "200ms") + GROUP,
        chance: fastrand::Rng::with_seed(seed),
        kills: 0,
        scrapes: 0,
        shown: BTreeMap::new(),
        active: None,
        outages: Vec::new(),
        began: None,
    };
    let daemon = lives.reach("up", "x", 0);
    until_some("y is up, too", || {
        (state_of(&daemon.metrics(), "y") == "up").then_some(())
    });
    drop(daemon);
    for outage in 1..=OUTAGES {
        // Two before it is confirmed, or soon after, and two while it lasts.
        x.set(Health::Bad);
        lives.live();
        lives.live();
        drop(lives.reach("down", "y", outage));
        lives.live();
        lives.live();
        x.set(Health::Good);
        lives.live();
        drop(lives.reach("up", "x", outage));
    }
    let daemon = lives.reach("up", "x", OUTAGES);
    assert!(
        lives.kills >= 20 && lives.scrapes > 100,
        "{}",
        lives.scrapes
    );

    let metrics = daemon.metrics();
    let (began, booked) = lives.began.unwrap();
    let drift = sum(&metrics, TIME) - booked - began.elapsed().as_secs_f64();
    assert!(
        drift.abs() < 1.5,
        "{drift} s are booked too many or too few"
    );
    let activations = |network: &str, reason: &str| {
        let labels = format!("group=\"default\",network=\"{network}\",reason=\"{reason}\"");
        sum(
            &metrics,
            &format!("bascule_group_activations_total{{{labels}}}"),
        )
    };
    assert_eq!(activations("x", "startup"), 1.0);
    assert_eq!(activations("x", "failback"), OUTAGES as f64);
    // First rounds are spread over five seconds: right after a start x may be known to be down
    // before y is known to be up.
    let (at_once, late) = (activations("y", "failover"), activations("y", "recovery"));
    assert_eq!(at_once + late, OUTAGES as f64);
    assert_eq!(activations("none", "failover"), late);
    assert_eq!(super::activations(&metrics), 7.0 + late);
    let finished = "bascule_network_outage_duration_seconds_count{network=\"x\"}";
    assert_eq!(sum(&metrics, finished), OUTAGES as f64);

    let rows = document(&daemon, "/api/v1/outages?network=x");
    let rows = rows["outages"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["state"] == "ended"), "{rows:?}");
    let events = until_some("the history has the last event", || {
        let events = events(&daemon);
        let ended = events
            .iter()
            .filter(|event| event["kind"] == "outage_ended");
        (ended.count() == OUTAGES).then_some(events)
    });
    let seqs: Vec<u64> = events.iter().map(|e| e["seq"].as_u64().unwrap()).collect();
    assert!(seqs.is_sorted_by(|a, b| a < b), "{seqs:?}");
    for kind in ["outage_started", "outage_ended"] {
        let of_kind = events.iter().filter(|event| event["kind"] == kind);
        let ids: Vec<u64> = of_kind.map(|e| e["outage"].as_u64().unwrap()).collect();
        assert_eq!(ids, lives.outages, "{kind}");
    }
    // Times never run backwards, whoever wrote them.
    let texts: Vec<&str> = events.iter().map(|e| e["at"].as_str().unwrap()).collect();
    assert!(texts.is_sorted(), "{texts:?}");
    let once: BTreeSet<u64> = lives.outages.iter().copied().collect();
    assert_eq!(once.len(), OUTAGES);
}

/// A whole scrape, or none if the daemon ended meanwhile.
fn scrape(address: SocketAddr) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
        .ok()?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let head = head.to_lowercase();
    let length = head.split("content-length: ").nth(1)?;
    let length: usize = length.lines().next()?.trim().parse().ok()?;
    (body.len() == length).then(|| body.to_owned())
}
