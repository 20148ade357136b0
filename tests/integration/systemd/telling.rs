//! What the service manager is told, in which order, and when it is told nothing.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use super::{Manager, Service, network};
use crate::support::daemon::{Daemon, ok, server};
use crate::world::namespace::need;

const LISTEN: &str = "[web]\nlisten = [\"127.0.0.1:0\"]\n";
const GROUP: &str = "[[group]]\nname = \"default\"\nnetworks = [\"x\", \"y\"]\n";

fn microseconds() -> i128 {
    let now = clock_gettime(ClockId::Monotonic);
    i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1000
}

/// The next two messages are those around a reload; gives the status that comes with the second.
fn reload(daemon: &Daemon, manager: &Manager) -> String {
    let before = microseconds();
    daemon.signal("HUP");
    let begun = manager.next_with("RELOADING=1");
    let [_, monotonic] = begun.as_slice() else {
        panic!("two lines: {begun:?}");
    };
    let at = monotonic.strip_prefix("MONOTONIC_USEC=");
    let at: i128 = at.and_then(|at| at.parse().ok()).expect("a number");
    assert!((before..=microseconds()).contains(&at), "{before} {at}");
    let ended = manager.next_with("READY=1");
    ended[1]
        .strip_prefix("STATUS=")
        .expect("a status")
        .to_owned()
}

#[test]
fn systemd_is_told_of_the_start_the_verdict_each_reload_and_the_stop() {
    let broken = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&broken);
    let address = server(move |_| match switch.load(Ordering::SeqCst) {
        true => b"HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec(),
        false => ok("hello"),
    });
    let other = server(|_| ok("other"));
    let config = [LISTEN, &network("x", address), &network("y", other), GROUP].concat();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let manager = Manager::new(folder.path());
    let service = Service {
        folder: folder.path(),
        manager: Some(&manager),
        limit: 0,
        passed: None,
    };
    let daemon = service.start(&config);
    let starting = ["READY=1", "STATUS=starting: 0 of 2 endpoints probed"];
    assert_eq!(manager.next(), starting);
    assert_eq!(daemon.get("/metrics").status, 200);
    manager.next_with("STATUS=default: x");
    broken.store(true, Ordering::SeqCst);
    let [down] = &manager.next_with("STATUS=default: y (x down since ")[..] else {
        panic!("a status alone");
    };
    assert!(down.ends_with(", http)"), "{down}");

    let verdict = reload(&daemon, &manager);
    assert!(
        verdict.starts_with("default: y (x down since "),
        "{verdict}"
    );
    daemon.rewrite("[web]\nlistne = 1\n");
    let verdict = reload(&daemon, &manager);
    let place = daemon.config.display();
    let complaint = format!(", http); configuration not reloaded, the old one stays: {place}:2: ");
    assert!(
        verdict.starts_with("default: y (x down since "),
        "{verdict}"
    );
    assert!(verdict.contains(&complaint), "{verdict}");
    assert!(verdict.contains("listne"), "{verdict}");
    daemon.rewrite(&config);
    let verdict = reload(&daemon, &manager);
    assert!(verdict.ends_with(", http)"), "{verdict}");

    let (status, _) = daemon.stop();
    let stopping = ["STOPPING=1", "STATUS=stopping"];
    assert_eq!(manager.next_with("STOPPING=1"), stopping);
    assert_eq!(status.code(), Some(0));
}

#[test]
fn keep_alives_end_when_the_loop_is_held_though_the_listener_answers() {
    /// Seconds that the service manager waits for a keep-alive.
    const LIMIT: u64 = 4;
    let address = server(|_| ok("hello"));
    let folder = tempfile::tempdir().expect("a temporary directory");
    let manager = Manager::new(folder.path());
    let service = Service {
        folder: folder.path(),
        manager: Some(&manager),
        limit: LIMIT,
        passed: None,
    };
    let daemon = service.start(&[LISTEN, &network("x", address)].concat());
    manager.next_with("READY=1");
    let alive = || manager.receive().expect("a message") == ["WATCHDOG=1"];
    while !alive() {}

    // The first thread of the process runs the loop; without -f no other is held.
    let mut holding = Command::new(need("strace", "strace"))
        .args(["-e", "trace=/epoll_p?wait", "-e"])
        .arg("inject=/epoll_p?wait:delay_enter=600s:when=1")
        .args(["-p", &daemon.pid().to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("strace runs");
    let told = holding.stderr.take().expect("standard error is piped");
    // Open until the end: strace ends when nobody reads what it says.
    let mut lines = BufReader::new(told).lines();
    let first = lines.next().and_then(Result::ok).unwrap_or_default();
    assert!(first.contains("attached"), "strace may not trace: {first}");
    let limit = Some(Duration::from_secs(LIMIT));
    manager.socket.set_read_timeout(limit).expect("a timeout");
    let until_silent = (0..20).find(|_| manager.receive().is_none());
    assert!(until_silent.is_some(), "keep-alives go on");
    assert_eq!(daemon.get("/metrics").status, 200);
    assert_eq!(manager.receive(), None);

    // The thread goes on as soon as nobody traces it.
    holding.kill().expect("strace ends");
    holding.wait().expect("strace ends");
    let patience = Some(super::PATIENCE);
    manager
        .socket
        .set_read_timeout(patience)
        .expect("a timeout");
    while !alive() {}
}
