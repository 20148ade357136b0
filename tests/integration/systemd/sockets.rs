//! Sockets that systemd passes: they take their place, and nothing is lost at them in a restart.

use std::io::Read;
use std::net::TcpListener;
use std::net::UdpSocket;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::{Manager, Service, network};
use crate::support::daemon::{ok, request_at, server};

const SCRAPE: &str = "GET /metrics HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";

#[test]
fn no_scrape_is_refused_or_reset_while_the_service_restarts_behind_its_socket() {
    let held = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = held.local_addr().expect("its address");
    let target = server(|_| ok("hello"));
    let config = format!("[web]\nlisten = [\"{address}\"]\n") + &network("x", target);
    let folder = tempfile::tempdir().expect("a temporary directory");
    let manager = Manager::new(folder.path());
    let service = Service {
        folder: folder.path(),
        manager: Some(&manager),
        limit: 0,
        passed: Some((&held, "private")),
    };
    let over = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicUsize::new(0));
    let scraping: Vec<_> = (0..2)
        .map(|_| {
            let (over, answered) = (Arc::clone(&over), Arc::clone(&answered));
            std::thread::spawn(move || {
                while !over.load(Ordering::SeqCst) {
                    // A refused or reset connection, or a torn answer, ends the thread.
                    let answer = request_at(address, SCRAPE);
                    assert_eq!(answer.status, 200);
                    assert!(answer.text().ends_with('\n'));
                    answered.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    for _ in 0..4 {
        let daemon = service.start(&config);
        assert_eq!(daemon.address, address);
        manager.next_with("READY=1");
        let goal = answered.load(Ordering::SeqCst) + 20;
        while answered.load(Ordering::SeqCst) < goal {
            assert!(!scraping.iter().any(std::thread::JoinHandle::is_finished));
            std::thread::yield_now();
        }
        let (status, _) = daemon.stop();
        assert_eq!(status.code(), Some(0));
    }
    over.store(true, Ordering::SeqCst);
    // Those that wait at the socket are answered by one more.
    let _last = service.start(&config);
    for thread in scraping {
        thread.join().expect("every scrape was answered");
    }
}

#[test]
fn a_socket_that_the_configuration_does_not_name_is_served_and_told() {
    let target = server(|_| ok("hello"));
    let config = "[web]\nlisten = [\"127.0.0.1:0\"]\n".to_owned() + &network("x", target);
    for (name, kind) in [("public", "public"), ("bascule.socket", "private")] {
        let held = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = held.local_addr().expect("its address");
        let folder = tempfile::tempdir().expect("a temporary directory");
        let service = Service {
            folder: folder.path(),
            manager: None,
            limit: 0,
            passed: Some((&held, name)),
        };
        let daemon = service.start(&config);
        daemon.wait_for_line(&format!(
            "systemd passes {address} (`{name}`), which the configuration does not name: it is {kind}"
        ));
        assert_ne!(daemon.address, address);
        assert_eq!(daemon.get("/healthz").status, 200);
        assert_eq!(
            request_at(address, &SCRAPE.replace("metrics", "healthz")).status,
            200
        );
    }
}

#[test]
fn a_passed_socket_that_is_no_tcp_listener_is_refused_in_one_sentence() {
    let datagrams = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    let connected = std::net::TcpStream::connect(address).expect("it listens");
    let (unix, _other) = std::os::unix::net::UnixStream::pair().expect("a pair");
    let sockets = [
        OwnedFd::from(datagrams),
        OwnedFd::from(connected),
        OwnedFd::from(unix),
    ];
    for socket in sockets {
        let script =
            "exec 3<&0 </dev/null\nLISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" run --config \"$1\"";
        let mut child = Command::new("sh")
            .args([
                "-c",
                script,
                env!("CARGO_BIN_EXE_bascule"),
                "/nowhere/config.toml",
            ])
            .env("LISTEN_FDNAMES", "wrong")
            .stdin(Stdio::from(socket))
            .stderr(Stdio::piped())
            .spawn()
            .expect("the daemon starts");
        let mut told = String::new();
        let mut stderr = child.stderr.take().expect("standard error is piped");
        stderr.read_to_string(&mut told).expect("it is text");
        assert_eq!(
            told,
            "bascule: socket 1 that systemd passes (wrong) is not a TCP socket that listens: its \
             unit needs ListenStream= with an address and a port, and Accept=no\n"
        );
        assert_eq!(child.wait().expect("it ends").code(), Some(2));
    }
}
