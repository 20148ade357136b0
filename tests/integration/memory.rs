//! What the daemon remembers: over `kill -9`, over restarts, and on disks that take nothing.

mod disk;
mod hours;
mod killed;
mod restart;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use serde_json::Value;

use crate::support::daemon::{Daemon, ok, server};
use crate::support::waiting::until_some;

/// What the fake network answers.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Health {
    Good,
    Bad,
    Silent,
}

/// A server whose health can be changed.
#[derive(Clone)]
struct Fake {
    address: SocketAddr,
    health: Arc<AtomicU8>,
}

impl Fake {
    fn new() -> Self {
        let health = Arc::new(AtomicU8::new(Health::Good as u8));
        let now = Arc::clone(&health);
        let address = server(move |_| {
            match now.load(Ordering::SeqCst) {
            0 => ok("hello"),
            1 => b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                .to_vec(),
            _ => Vec::new(),
        }
        });
        Self { address, health }
    }

    fn set(&self, health: Health) {
        self.health.store(health as u8, Ordering::SeqCst);
    }

    /// A network of one endpoint `web` at this server.
    fn network(&self, name: &str, interval: &str) -> String {
        let address = self.address;
        format!(
            "[network.{name}]\nfamilies = [\"ipv4\"]\n[[network.{name}.http]]\nname = \"web\"\n\
             url = \"http://{address}/\"\nper_host = 8\ninterval = \"{interval}\"\n\
             recheck_interval = \"200ms\"\ndown_interval = \"200ms\"\n"
        )
    }
}

/// The group `default` of x and y.
const GROUP: &str =
    "[[group]]\nname = \"default\"\nnetworks = [\"x\", \"y\"]\npreempt_delay = \"1s\"\n";

/// The counters of a scrape, the processor's and the system's apart.
fn counters(metrics: &str) -> BTreeMap<&str, f64> {
    let lines = metrics
        .lines()
        .filter(|line| line.starts_with("bascule_"))
        .filter_map(|line| line.rsplit_once(' '));
    lines
        .filter(|(series, _)| {
            let name = series.split('{').next().unwrap_or_default();
            ["_total", "_bucket", "_count", "_sum"]
                .iter()
                .any(|ending| name.ends_with(ending))
        })
        .map(|(series, value)| (series, value.parse().unwrap()))
        .collect()
}

/// The sum of the series whose name and labels begin in this way.
fn sum(metrics: &str, beginning: &str) -> f64 {
    let lines = metrics.lines().filter(|line| line.starts_with(beginning));
    lines
        .map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap())
        .sum()
}

/// The label of the one series with this beginning that is 1.
fn one_hot<'a>(metrics: &'a str, beginning: &str, label: &str) -> &'a str {
    let mut lines = metrics
        .lines()
        .filter(|line| line.starts_with(beginning) && line.ends_with(" 1"));
    let line = lines.next().unwrap_or_else(|| panic!("no {beginning}"));
    assert_eq!(lines.next(), None);
    let (_, rest) = line.split_once(&format!("{label}=\"")).unwrap();
    rest.split('"').next().unwrap()
}

fn state_of<'a>(metrics: &'a str, network: &str) -> &'a str {
    let beginning = format!("bascule_network_state{{network=\"{network}\"");
    one_hot(metrics, &beginning, "state")
}

fn active(metrics: &str) -> &str {
    one_hot(metrics, "bascule_group_active{", "network")
}

fn activations(metrics: &str) -> f64 {
    sum(metrics, "bascule_group_activations_total{")
}

/// A document of the API.
fn document(daemon: &Daemon, path: &str) -> Value {
    let answer = daemon.get(path);
    assert_eq!(answer.status, 200, "{}", answer.text());
    serde_json::from_slice(&answer.body).unwrap()
}

/// Every event that is kept, oldest first.
fn events(daemon: &Daemon) -> Vec<Value> {
    let mut all = Vec::new();
    let mut after = 0;
    loop {
        let page = document(daemon, &format!("/api/v1/events?limit=1000&after={after}"));
        let events = page["events"].as_array().unwrap();
        if events.is_empty() {
            return all;
        }
        all.extend(events.iter().cloned());
        after = page["next"].as_u64().unwrap();
    }
}
