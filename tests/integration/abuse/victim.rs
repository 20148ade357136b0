//! The daemon that is abused, and how it fares meanwhile.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep};
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::time::Instant;

use super::crowd::Losses;
use crate::support::daemon::{Daemon, ok, server, value, without_canaries};
use crate::world::namespace::{need, until};

/// Endpoints, each probed once a second.
const ENDPOINTS: u32 = 20;
/// An abuse may make the process this much larger: what is held for clients is bounded by 32 MiB
/// of answers and 128 connections; the rest is what the allocator keeps.
pub(super) const MOST_GROWTH: f64 = 96.0 * 1024.0 * 1024.0;
/// Rounds start this late at most, on average, on a machine that has other things to do.
const MOST_LAG: f64 = 1.0;
/// Of the rounds that are due while an abuse lasts, so many are run at least.
const LEAST_ROUNDS: f64 = 0.3;
/// A scrape is answered within Prometheus's usual patience.
const PATIENCE: Duration = Duration::from_secs(10);
/// Where Prometheus asks from; abuse comes from other addresses.
const PROMETHEUS: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// A daemon with something to do.
pub(super) struct Victim {
    daemon: Daemon,
    door: Option<Door>,
}

/// How to get in where not everybody may.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) tls: Arc<rustls::ClientConfig>,
    /// The whole header line.
    pub(super) authorization: String,
}

impl Victim {
    /// Starts it at an address with a free port; `web` is the rest of its section.
    pub(super) fn start(listen: &str, web: &str, door: Option<Door>) -> Self {
        let site = server(|_| ok("hello"));
        let urls = (0..ENDPOINTS).map(|_| format!("url = \"http://{site}/\"\n"));
        Self::watch(Daemon::start(&config(listen, web, urls)), door)
    }

    /// One that may have so many files open. The names that half of its endpoints need are known
    /// to a name server.
    pub(super) fn with_files(limit: u32, nameserver: SocketAddr) -> Self {
        let site = server(|_| ok("hello"));
        let urls = (0..ENDPOINTS).map(|number| match number % 2 {
            0 => format!("url = \"http://{site}/\"\n"),
            _ => {
                let port = site.port();
                format!(
                    "url = \"http://t.example:{port}/\"\nresolvers = [\"udp://{nameserver}\"]\n"
                )
            }
        });
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        let config = config("127.0.0.1:0", "", urls);
        std::fs::write(&path, without_canaries(&config)).unwrap();
        let child = Command::new(need("prlimit", "util-linux"))
            .args([&format!("--nofile={limit}:{limit}"), "--"])
            .args([env!("CARGO_BIN_EXE_bascule"), "run", "--config"])
            .arg(&path)
            .env("NO_COLOR", "1")
            .env("STATE_DIRECTORY", dir.path().join("state"))
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self::watch(Daemon::watch(child, path, dir), None)
    }

    /// Waits until it probes.
    fn watch(daemon: Daemon, door: Option<Door>) -> Self {
        let victim = Self { daemon, door };
        until(
            Duration::from_secs(60),
            "two rounds of each endpoint",
            || {
                let rounds = victim.numbers().rounds;
                let enough = rounds >= f64::from(2 * ENDPOINTS);
                enough
                    .then_some(())
                    .ok_or_else(|| format!("{rounds} rounds"))
            },
        );
        victim
    }

    pub(super) const fn daemon(&self) -> &Daemon {
        &self.daemon
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.daemon.address
    }

    /// Lets an abuse run and asserts that the daemon probed on, was scraped by Prometheus at
    /// another address, and did not grow. Prints what it cost.
    pub(super) fn during(&self, abuse: &str, attack: impl FnOnce(SocketAddr) -> Losses) {
        let before = self.numbers();
        let scraping = Scraping::start(self.address(), self.door.clone());
        let began = Instant::now();
        let losses = attack(self.address());
        let took = began.elapsed().as_secs_f64();
        let waits = scraping.end();
        let after = self.numbers();
        let rounds = after.rounds - before.rounds;
        let lag = (after.lag - before.lag) / rounds;
        let growth = after.memory - before.memory;
        let skipped = after.skipped - before.skipped;
        // One line of the table in docs/security-figures.md; shown with --nocapture.
        println!(
            "| {abuse} | {took:.1} | {} | {:.0} | {:.0} | {:.1} | {:.1} | {skipped} | {:.2} | {:.0} | {:.0} | {} | {} |",
            waits.len(),
            1000.0 * waits[waits.len() / 2],
            1000.0 * waits[waits.len() - 1],
            rounds / took,
            1000.0 * lag,
            (after.cpu - before.cpu) / took,
            before.memory / 1048576.0,
            after.memory / 1048576.0,
            losses.made,
            losses.cut,
        );
        let due = f64::from(ENDPOINTS) * took;
        assert!(
            rounds >= LEAST_ROUNDS * due,
            "{abuse}: {rounds} rounds of {due}"
        );
        assert!(lag <= MOST_LAG, "{abuse}: rounds start {lag} s late");
        assert!(growth <= MOST_GROWTH, "{abuse}: {growth} bytes more");
        assert_eq!(after.panics, 0.0, "{abuse}");
        assert_eq!(losses.let_in, 0, "{abuse}: let in without being welcome");
    }

    fn numbers(&self) -> Numbers {
        let text = scrape(self.address(), self.door.as_ref()).expect("a scrape is answered");
        let get = |series: &str| value(&text, series).expect("the series is there");
        let skipped = |reason| {
            get(&format!(
                "bascule_scheduler_skipped_rounds_total{{reason=\"{reason}\"}}"
            ))
        };
        Numbers {
            rounds: get("bascule_scheduler_lag_seconds_count"),
            lag: get("bascule_scheduler_lag_seconds_sum"),
            skipped: skipped("late") + skipped("overlap"),
            cpu: get("process_cpu_seconds_total"),
            memory: get("process_resident_memory_bytes"),
            panics: get("bascule_round_panics_total"),
        }
    }
}

/// What it is told to do; each URL is an endpoint's, perhaps with further keys.
fn config(listen: &str, web: &str, urls: impl Iterator<Item = String>) -> String {
    let mut config =
        format!("[web]\nlisten = [\"{listen}\"]\n{web}\n[network.x]\nfamilies = [\"ipv4\"]\n");
    for (number, url) in urls.enumerate() {
        let _ = write!(
            config,
            "[[network.x.http]]\nname = \"web{number}\"\n{url}\
             interval = \"1s\"\nrecheck_interval = \"1s\"\ndown_interval = \"1s\"\n"
        );
    }
    config
}

struct Numbers {
    rounds: f64,
    lag: f64,
    skipped: f64,
    cpu: f64,
    memory: f64,
    panics: f64,
}

/// A Prometheus, rather an eager one: each scrape on a new connection, ten a second.
struct Scraping {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Vec<f64>>,
}

impl Scraping {
    fn start(address: SocketAddr, door: Option<Door>) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let mut waits = Vec::new();
            while waits.is_empty() || !seen.load(Ordering::Relaxed) {
                let began = Instant::now();
                scrape(address, door.as_ref()).expect("a scrape is answered");
                waits.push(began.elapsed().as_secs_f64());
                sleep(Duration::from_millis(100));
            }
            waits
        });
        Self { over, thread }
    }

    /// How long each scrape took, in order of length. Each was answered in full.
    fn end(self) -> Vec<f64> {
        self.over.store(true, Ordering::Relaxed);
        let waits = self.thread.join();
        let mut waits = waits.unwrap_or_else(|fault| std::panic::resume_unwind(fault));
        waits.sort_by(f64::total_cmp);
        waits
    }
}

/// One scrape from Prometheus's address: its body, or what was answered instead.
pub(super) fn scrape(address: SocketAddr, door: Option<&Door>) -> Result<String, String> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::new(PROMETHEUS, 0).into()).unwrap();
    let connected = socket.connect_timeout(&address.into(), PATIENCE);
    connected.map_err(|e| format!("no connection: {e}"))?;
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let stream = std::net::TcpStream::from(socket);
    let answer = match door {
        None => exchange(stream, ""),
        Some(door) => {
            let name = ServerName::try_from("localhost").unwrap();
            let session = rustls::ClientConnection::new(Arc::clone(&door.tls), name).unwrap();
            exchange(
                rustls::StreamOwned::new(session, stream),
                &door.authorization,
            )
        }
    };
    let answer = answer.map_err(|e| format!("no answer: {e}"))?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no head")?;
    let kind = "\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\n";
    let whole = body.ends_with('\n') && body.contains("bascule_build_info");
    if head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains(kind) && whole {
        Ok(body.to_owned())
    } else {
        Err(answer)
    }
}

/// The whole answer. Who is refused early may be cut off while he still speaks.
fn exchange(mut stream: impl Read + Write, headers: &str) -> io::Result<String> {
    let head = "GET /metrics HTTP/1.1\r\nHost: t\r\nConnection: close\r\n";
    let sent = stream.write_all(format!("{head}{headers}\r\n").as_bytes());
    let mut answer = Vec::new();
    let ended = stream.read_to_end(&mut answer);
    if answer.is_empty() {
        sent.and(ended)?;
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
