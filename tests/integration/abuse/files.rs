//! No file is left that the daemon may open: it can neither accept a client nor open a connection.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;

use super::crowd::{Losses, MALLORY, attack_until, hold};
use super::victim::Victim;
use crate::support::daemon::{Daemon, received};
use crate::world::namespace::{must, need, until};

/// Files that the daemon may have open; about half of them are its own.
const FILES: u32 = 64;
/// More than are left, and few enough that a scrape behind them is soon let in: somebody of them
/// makes room ten times a second.
const CROWD: usize = 60;
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_crowd_that_takes_every_descriptor_makes_room_for_scrapes_and_probes() {
    let victim = Victim::with_files(FILES, nameserver());
    victim.during("60 connections where 64 files may be open", |to| {
        let enough = 2 * CROWD;
        let over = |losses: Losses| losses.made >= enough;
        let losses = attack_until(CROWD, PATIENCE, over, |_, book| async move {
            loop {
                hold(MALLORY, to, Vec::new(), book.clone()).await;
                sleep(Duration::from_millis(5)).await;
            }
        });
        assert!(over(losses), "{losses:?}");
        losses
    });
    has_met_the_limit(victim.daemon());
    blames_nobody(victim.daemon());
    probes_on(victim.daemon());
}

#[test]
fn rounds_without_a_descriptor_prove_nothing_and_the_listener_outlasts_it() {
    const ENOUGH: f64 = 20.0;
    let victim = Victim::with_files(1024, nameserver());
    let daemon = victim.daemon();
    let stream = TcpStream::connect(victim.address()).unwrap();
    let mut known = BufReader::new(stream);
    // All that is open stays open, and nothing more is to be had.
    limit(daemon, 3);
    until(PATIENCE, "rounds meet the limit", || {
        let rounds = sum(&scrape_on(&mut known), "bascule_rounds_total{", OURS);
        let enough = rounds >= ENOUGH;
        enough
            .then_some(())
            .ok_or_else(|| format!("{rounds} rounds"))
    });
    let mut knocking = TcpStream::connect(victim.address()).unwrap();
    let request = b"GET /metrics HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n";
    knocking.write_all(request).unwrap();
    has_met_the_limit(daemon);
    limit(daemon, 1024);
    assert_eq!(received(knocking).status, 200);
    let reasons = blames_nobody(daemon);
    assert!(reasons.contains("local_resources"), "{reasons:?}");
    probes_on(daemon);
}

/// Rounds that prove nothing.
const OURS: &str = "verdict=\"inconclusive\"";

fn limit(daemon: &Daemon, files: u32) {
    // The colon is for the soft limit alone: the hard one could not be raised again.
    let limit = format!("--nofile={files}:");
    let pid = daemon.pid().to_string();
    must(Command::new(need("prlimit", "util-linux")).args(["--pid", &pid, &limit]));
}

/// One more scrape on a connection that is open.
fn scrape_on(known: &mut BufReader<TcpStream>) -> String {
    let request = b"GET /metrics HTTP/1.1\r\nHost: t\r\n\r\n";
    known.get_mut().write_all(request).unwrap();
    let mut length = None;
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        assert_ne!(known.read_line(&mut line).unwrap(), 0, "an answer");
        let lower = line.to_ascii_lowercase();
        let value = lower.strip_prefix("content-length: ");
        length = length.or_else(|| value.map(|value| value.trim().parse().unwrap()));
    }
    let mut body = vec![0; length.unwrap()];
    known.read_exact(&mut body).unwrap();
    String::from_utf8(body).unwrap()
}

fn has_met_the_limit(daemon: &Daemon) {
    let line = daemon.wait_for_line("cannot accept a connection");
    assert!(line.contains("Too many open files"), "{line}");
}

/// No endpoint has failed; why the last rounds proved nothing.
fn blames_nobody(daemon: &Daemon) -> BTreeSet<String> {
    let metrics = daemon.metrics();
    assert_eq!(sum(&metrics, "bascule_probe_failures_total{", ""), 0.0);
    assert_eq!(sum(&metrics, "bascule_rounds_total{", "\"fail\""), 0.0);
    let outages: Value = serde_json::from_str(&daemon.get("/api/v1/outages").text()).unwrap();
    assert_eq!(outages["outages"], Value::Array(Vec::new()), "{outages}");
    let reasons: BTreeSet<String> = (0..20).flat_map(|n| unproven(daemon, n)).collect();
    let ours = |reason: &String| reason.starts_with("local_");
    assert!(reasons.iter().all(ours), "{reasons:?}");
    reasons
}

/// All is as before.
fn probes_on(daemon: &Daemon) {
    for number in 0..20 {
        let passed = format!(
            "bascule_rounds_total{{endpoint=\"web{number}\",network=\"x\",verdict=\"pass\"}}"
        );
        let before = daemon.value(&passed).unwrap();
        daemon.wait_for(&passed, |now| now > before);
    }
}

/// Why the last rounds of an endpoint proved nothing.
fn unproven(daemon: &Daemon, number: u32) -> Vec<String> {
    let path = format!("/api/v1/endpoints/x/web{number}");
    let endpoint: Value = serde_json::from_str(&daemon.get(&path).text()).unwrap();
    let rounds = endpoint["rounds"].as_array().unwrap().iter();
    let unproven = rounds.filter(|round| round["verdict"] == "inconclusive");
    let reason = |round: &Value| round["reason"].as_str().unwrap().to_owned();
    unproven.map(reason).collect()
}

/// The sum of the series that begin and contain this.
fn sum(metrics: &str, begin: &str, what: &str) -> f64 {
    let series = metrics.lines().filter_map(|line| line.rsplit_once(' '));
    let wanted = series.filter(|(name, _)| name.starts_with(begin) && name.contains(what));
    wanted.map(|(_, value)| value.parse::<f64>().unwrap()).sum()
}

/// A name server to whom everything is 127.0.0.1, and nothing has an address of IPv6.
fn nameserver() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut query = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut query) {
            let name = query[12..length].iter().position(|byte| *byte == 0);
            let end = 12 + name.unwrap() + 5;
            let is_a = query[end - 4..end - 2] == [0, 1];
            // An answer, without anything that followed the question.
            let mut reply = query[..end].to_vec();
            reply[2..4].copy_from_slice(&[0x81, 0x80]);
            reply[6..12].copy_from_slice(&[0, u8::from(is_a), 0, 0, 0, 0]);
            if is_a {
                reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1]);
            }
            socket.send_to(&reply, from).unwrap();
        }
    });
    address
}
