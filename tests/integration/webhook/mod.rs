//! Webhooks of the real daemon, at receivers on loopback: what they get, in which order, and what
//! happens when they are down, hang, or the daemon is killed.

mod configuration;
mod disk;
mod documented;
mod hostile;
mod receiver;
mod reload;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use receiver::{Manner, Receiver, SECRET};
use serde_json::Value;

use crate::support::certificates::{self, Authority, wish};
use crate::support::daemon::{Daemon, ok, server};
use crate::support::servers;
use crate::support::waiting::until_some;

/// Networks x and y, whose servers are here, and a group of both.
struct World {
    x: SocketAddr,
    y: SocketAddr,
    x_is_down: Arc<AtomicBool>,
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let x_is_down = Arc::new(AtomicBool::new(false));
        let down = Arc::clone(&x_is_down);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), format!("{SECRET}\n")).unwrap();
        Self {
            x: server(move |_| match down.load(Ordering::SeqCst) {
                false => ok("hello"),
                true => b"HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".into(),
            }),
            y: server(|_| ok("hello")),
            x_is_down,
            folder,
        }
    }

    fn break_x(&self, down: bool) {
        self.x_is_down.store(down, Ordering::SeqCst);
    }

    fn state(&self) -> std::path::PathBuf {
        self.folder.path().join("state")
    }

    fn config(&self, receiver: &Receiver) -> String {
        let network = |name: &str, title: &str, address: SocketAddr| {
            format!(
                "[network.{name}]\ntitle = \"{title}\"\nprofile = \"https://{name}.example/city\"\n\
                 families = [\"ipv4\"]\n[[network.{name}.http]]\nname = \"web\"\n\
                 url = \"http://{address}/\"\nper_host = 8\ninterval = \"200ms\"\n\
                 recheck_interval = \"200ms\"\ndown_interval = \"200ms\"\n"
            )
        };
        let secret = self.folder.path().join("secret");
        format!(
            "vantage = \"here\"\n[web]\nlisten = [\"127.0.0.1:0\"]\n{}{}\
             [[group]]\nname = \"crisis\"\nnetworks = [\"x\", \"y\"]\npreempt_delay = \"1s\"\n\
             [[webhook]]\nname = \"banner\"\nurl = \"http://{}/hook?token=t0ken\"\n\
             secret_file = \"{}\"\n",
            network("x", "The X", self.x),
            network("y", "The Y", self.y),
            receiver.address,
            secret.display(),
        )
    }

    /// A daemon to which both networks are up, and whose first choice is known to the receiver.
    fn settled(&self, receiver: &Receiver) -> Daemon {
        self.settled_in(&self.state(), receiver)
    }

    fn settled_in(&self, state: &Path, receiver: &Receiver) -> Daemon {
        let daemon = Daemon::start_in(state, &self.config(receiver));
        both_are_up(&daemon);
        receiver.wait_for(1);
        daemon
    }
}

fn both_are_up(daemon: &Daemon) {
    for network in ["x", "y"] {
        let up = format!("bascule_network_state{{network=\"{network}\",state=\"up\"}}");
        daemon.wait_for(&up, |value| value == 1.0);
    }
}

fn deliveries(result: &str) -> String {
    format!("bascule_webhook_deliveries_total{{result=\"{result}\",webhook=\"banner\"}}")
}

const PENDING: &str = "bascule_webhook_pending{webhook=\"banner\"}";

/// The number in the id of an event.
fn seq(id: &str) -> u64 {
    id.split('_').nth(1).unwrap().parse().unwrap()
}

#[test]
fn an_outage_is_told_in_order_signed_and_with_all_that_a_banner_needs() {
    let (world, receiver) = (World::new(), Receiver::new());
    let daemon = world.settled(&receiver);
    world.break_x(true);
    receiver.wait_for(3);
    world.break_x(false);
    let taken = receiver.wait_for(5);

    let kinds: Vec<String> = taken.iter().map(receiver::Got::kind).collect();
    let expected = ["group", "outage_started", "group", "outage_ended", "group"];
    assert_eq!(kinds, expected);
    for got in &taken {
        got.assert_signed();
        assert_eq!(got.head[0], "POST /hook?token=t0ken HTTP/1.1");
        assert_eq!(got.header("content-type"), "application/json");
        assert_eq!(got.header("idempotency-key"), got.id());
        assert_eq!(got.json()["id"], got.id());
        assert!(got.header("user-agent").starts_with("bascule/"));
    }
    let seqs: Vec<u64> = taken.iter().map(|got| seq(&got.id())).collect();
    assert!(seqs.is_sorted_by(|a, b| a < b), "{seqs:?}");

    let (started, over, ended) = (taken[1].json(), taken[2].json(), taken[3].json());
    assert_eq!(started["version"], 1);
    assert_eq!(started["vantage"], "here");
    assert_eq!(started["network"]["title"], "The X");
    assert_eq!(started["reason"], "http_status");
    let sentence = started["sentence"].as_str().unwrap();
    assert!(sentence.starts_with("The X is down since "), "{sentence}");
    assert!(sentence.ends_with(" (http, http_status)."), "{sentence}");
    assert_eq!(
        over["sentence"],
        "crisis: The Y is active instead of The X (failover)."
    );
    assert_eq!(over["group"]["link"], "https://y.example/city");
    assert_eq!(over["now"]["groups"][0]["active"]["name"], "y");
    assert_eq!(over["now"]["networks"][0]["state"], "down");
    assert_eq!(ended["outage"], started["outage"]);
    assert_eq!(ended["started"], started["started"]);
    assert!(ended["duration_seconds"].as_f64().unwrap() > 0.0);
    assert_eq!(taken[4].json()["group"]["to"]["name"], "x");
    daemon.wait_for(PENDING, |value| value == 0.0);
    assert_eq!(daemon.value(&deliveries("success")), Some(5.0));
    assert_eq!(daemon.value(&deliveries("given_up")), Some(0.0));
}

#[test]
fn what_a_receiver_missed_comes_after_kill_9_with_the_same_ids() {
    let (world, receiver) = (World::new(), Receiver::new());
    let daemon = world.settled(&receiver);
    receiver.be(Manner::Status(503));
    world.break_x(true);
    let missed = receiver.wait_for_one(Manner::Status(503), "outage_started");
    let switched = until_some("the switch is written down", || {
        let events = daemon.get("/api/v1/events?limit=1000").text();
        let events: Value = serde_json::from_str(&events).unwrap();
        let events = events["events"].as_array().unwrap().clone();
        let mut to_y = events.into_iter().filter(|event| event["to"] == "y");
        to_y.next()
    });
    daemon.wait_for(PENDING, |value| value == 2.0);
    // To drop it is `kill -9`.
    drop(daemon);
    receiver.be(Manner::Closes);
    let daemon = Daemon::start_in(&world.state(), &world.config(&receiver));
    let failures = daemon.wait_for(&deliveries("failure"), |value| value >= 2.0);
    let line = daemon.wait_for_line("is not delivered");
    assert!(line.contains("webhook banner: evt_"), "{line}");
    assert!(!daemon.log().contains("t0ken"), "{}", daemon.log());
    receiver.be(Manner::Status(200));
    let taken = receiver.wait_for(3);
    assert!(failures >= 2.0);

    assert_eq!(taken[1].id(), missed.id());
    assert_eq!(taken[1].kind(), "outage_started");
    assert_eq!(seq(&taken[2].id()), switched["seq"].as_u64().unwrap());
    let once: BTreeSet<String> = taken.iter().map(receiver::Got::id).collect();
    assert_eq!(once.len(), taken.len());
    daemon.wait_for_line("is delivered, after");
}

#[test]
fn a_receiver_that_hangs_delays_no_round() {
    let (world, receiver) = (World::new(), Receiver::new());
    let daemon = world.settled(&receiver);
    receiver.be(Manner::Hangs);
    world.break_x(true);
    let rounds = || {
        let series = "bascule_rounds_total{endpoint=\"web\",network=\"y\",verdict=\"pass\"}";
        daemon.value(series).unwrap()
    };
    let hanging = || {
        let attempts = receiver.all().into_iter().enumerate();
        let mut hanging = attempts.filter(|(_, got)| got.manner == Manner::Hangs && !got.left);
        hanging.next().map(|(number, _)| number)
    };
    // While one and the same attempt hangs.
    let (mut attempt, mut before) = (None, 0.0);
    until_some("five rounds end while an attempt hangs", || {
        let now = hanging();
        if now.is_none() || now != attempt {
            (attempt, before) = (now, rounds());
            return None;
        }
        let rounds = rounds();
        (rounds >= before + 5.0 && hanging() == attempt).then_some(())
    });
}

#[test]
fn who_is_gone_is_asked_again_after_a_reload_and_another_url_counts_at_once() {
    let (world, receiver, other) = (World::new(), Receiver::new(), Receiver::new());
    let daemon = world.settled(&receiver);
    receiver.be(Manner::Status(410));
    world.break_x(true);
    let refused = receiver.wait_for_one(Manner::Status(410), "outage_started");
    let line = daemon.wait_for_line("until a reload");
    let expected = format!(
        "webhook banner: {} (outage_started) is not delivered: it answers 410, so nothing more is \
         sent until a reload",
        refused.id()
    );
    assert!(line.ends_with(&expected), "{line}");
    daemon.rewrite(&world.config(&other));
    daemon.signal("HUP");
    let taken = other.wait_for(2);
    assert_eq!(taken[0].id(), refused.id());
    assert_eq!(taken[1].kind(), "group");
    // Who is new begins with what comes, and what is old is counted no more.
    let without = world.config(&other).replace("\"banner\"", "\"other\"");
    daemon.rewrite(&without);
    daemon.signal("HUP");
    let success = "bascule_webhook_deliveries_total{result=\"success\",webhook=\"other\"}";
    daemon.wait_for(success, |value| value == 0.0);
    assert_eq!(daemon.value(&deliveries("success")), None);
    world.break_x(false);
    let taken = other.wait_for(4);
    let kinds: Vec<String> = taken.iter().map(receiver::Got::kind).collect();
    assert_eq!(kinds, ["outage_started", "group", "outage_ended", "group"]);
}

/// Runs the binary on a configuration.
fn bascule(command: &str, config: &Path) -> (Option<i32>, String, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_bascule"))
        .args([command, "--config"])
        .arg(config)
        .env("NO_COLOR", "1")
        .env("STATE_DIRECTORY", "/nonexistent/state")
        .output()
        .expect("bascule runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_a_receiver_is_trusted_as_an_endpoint_is() {
    let authority = Authority::root("Root of the city");
    let chain = authority.sign(&wish("localhost"));
    let counted = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&counted);
    let app = servers::app(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        servers::response(204, &[], "")
    });
    let address = servers::https(servers::shows(&chain), app).await;
    let (world, port) = (World::new(), address.port());
    let root = world.folder.path().join("root.pem");
    std::fs::write(&root, certificates::pem(&authority.certificate)).unwrap();
    let talk = tokio::task::spawn_blocking(move || {
        let plain = world.config(&Receiver::new());
        let (networks, _) = plain.split_once("[[webhook]]").unwrap();
        let config = format!(
            "{networks}[[webhook]]\nname = \"banner\"\nurl = \"https://localhost:{port}/\"\n"
        );
        let daemon = Daemon::start_in(&world.state(), &config);
        let line = daemon.wait_for_line("is not delivered");
        assert!(line.contains("no TLS with it: "), "{line}");
        daemon.rewrite(&format!("{config}ca_file = \"{}\"\n", root.display()));
        daemon.signal("HUP");
        daemon.wait_for(&deliveries("success"), |value| value >= 1.0);
        // The name counts, whoever has signed it.
        let other = config.replace("//localhost:", "//127.0.0.1:");
        daemon.rewrite(&format!("{other}ca_file = \"{}\"\n", root.display()));
        daemon.signal("HUP");
        world.break_x(true);
        let line = daemon.wait_for_line("(outage_started) is not delivered");
        assert!(
            line.contains("no TLS with it: certificate is for localhost, not for 127.0.0.1;"),
            "{line}"
        );
    });
    talk.await.unwrap();
    assert!(counted.load(Ordering::SeqCst) >= 1);
}
