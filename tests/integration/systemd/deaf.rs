//! Nobody takes what is said: standard error is a pipe that is full, the journal and the service
//! manager are sockets that are full. Probing goes on, and what was lost is counted where it was
//! lost.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, PipeReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};

use super::journal::{RUN, SOCKET, fields};
use super::{Manager, PATIENCE, Service, network};
use crate::support::child::alone_with_own_mounts;
use crate::support::daemon::{ok, request_at, server, value};
use crate::support::waiting::until;
use crate::world::namespace::must;

const SCRAPE: &str = "GET /metrics HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
const ROUNDS: &str = "bascule_rounds_total{endpoint=\"web\",network=\"x\",verdict=\"pass\"}";
const RELOADED: &str = "bascule_config_last_reload_successful";
/// More lines than wait in a mebibyte.
const FAULTS: usize = 6000;
const FAULT: &str = "configuration not reloaded, the old one stays: ";

/// A daemon that is only known by what it serves.
struct Daemon {
    child: Child,
    address: SocketAddr,
    config: PathBuf,
}

impl Daemon {
    fn metric(&self, series: &str) -> Result<f64, String> {
        let text = request_at(self.address, SCRAPE).text();
        value(&text, series).ok_or_else(|| format!("no {series} in:\n{text}"))
    }

    fn waits_for(&self, series: &str, wanted: impl Fn(f64) -> bool) {
        until(PATIENCE, series, || match self.metric(series)? {
            value if wanted(value) => Ok(()),
            value => Err(value.to_string()),
        });
    }

    fn goes_on(&self) {
        let before = self.metric(ROUNDS).unwrap_or_default();
        self.waits_for(ROUNDS, |now| now > before + 2.0);
    }

    /// Makes it say more than can wait.
    fn talks(&self) {
        self.goes_on();
        let faults: String = (0..FAULTS)
            .map(|number| format!("{}{number} = 1\n", "unknown_".repeat(10)))
            .collect();
        std::fs::write(&self.config, faults).expect("the configuration is written");
        self.signal("HUP");
        self.waits_for(RELOADED, |successful| successful == 0.0);
        self.goes_on();
    }

    fn signal(&self, signal: &str) {
        must(Command::new("kill").args([format!("-{signal}"), self.child.id().to_string()]));
    }

    fn ended(&mut self) -> ExitStatus {
        until(PATIENCE, "it ends", || {
            let status = self.child.try_wait().expect("it is our child");
            status.ok_or_else(|| "it runs".to_owned())
        })
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A pipe that is full of empty lines.
fn full_pipe() -> (PipeReader, OwnedFd) {
    const O_NONBLOCK: i32 = 0o4000;
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let mut again = OpenOptions::new()
        .write(true)
        .custom_flags(O_NONBLOCK)
        .open(format!("/proc/self/fd/{}", writer.as_raw_fd()))
        .expect("the pipe once more");
    while again.write(&[b'\n'; 4096]).is_ok() {}
    (reader, writer.into())
}

/// Fills the queue of a socket, and tells with how many messages.
fn fill(place: &Path) -> usize {
    let socket = UnixDatagram::unbound().expect("a socket");
    socket.set_nonblocking(true).expect("it need not wait");
    (0..)
        .find(|_| match socket.send_to(&[], place) {
            Ok(_) => false,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                true
            }
        })
        .expect("a queue has an end")
}

fn start(service: &Service<'_>, change: impl FnOnce(&mut Command)) -> Daemon {
    let target = server(|_| ok("hello"));
    let (held, _) = service
        .passed
        .expect("it is reached by a socket that it is passed");
    let address = held.local_addr().expect("an address");
    let text = format!("[web]\nlisten = [\"{address}\"]\n") + &network("x", target);
    let (mut command, config) = service.command(&text);
    change(&mut command);
    Daemon {
        child: command.spawn().expect("the daemon starts"),
        address,
        config,
    }
}

/// How many lines were lost, as the line that says so has it.
fn lost(line: &str) -> Option<usize> {
    let (before, _) = line.split_once(" lines of the log were lost here: ")?;
    before.rsplit(' ').next()?.parse().ok()
}

#[test]
fn probing_goes_on_while_nobody_reads_standard_error_and_systemd_hangs() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let held = TcpListener::bind("127.0.0.1:0").expect("a port");
    let manager = Manager::new(folder.path());
    let fillers = fill(&manager.place);
    let (reader, writer) = full_pipe();
    let service = Service {
        folder: folder.path(),
        manager: Some(&manager),
        limit: 4,
        passed: Some((&held, "private")),
    };
    let mut daemon = start(&service, |command| {
        command.stderr(writer);
    });
    daemon.talks();

    let lines = BufReader::new(reader).lines();
    let mut lines = lines
        .map(|line| line.expect("text"))
        .filter(|line| !line.is_empty());
    let first = lines.next().expect("a line");
    assert!(first.contains(" INFO bascule "), "{first}");
    let mut told = 0;
    let lost = lines.by_ref().find_map(|line| {
        told += usize::from(line.contains(FAULT));
        lost(&line)
    });
    assert_eq!(lost, Some(FAULTS - told));
    assert!(told > 1000, "{told}");

    for _ in 0..fillers {
        assert_eq!(manager.receive(), Some(Vec::new()));
    }
    let starting = ["READY=1", "STATUS=starting: 0 of 1 endpoints probed"];
    assert_eq!(manager.receive().expect("a message"), starting);
    let mut states = Vec::new();
    while states != ["RELOADING=1", "READY=1"] {
        let message = manager.next();
        states.extend(
            message
                .into_iter()
                .filter(|line| line.ends_with("ING=1") || line == "READY=1"),
        );
        assert!(states.len() <= 2, "{states:?}");
    }

    daemon.signal("TERM");
    assert_eq!(
        manager.next_with("STOPPING=1"),
        ["STOPPING=1", "STATUS=stopping"]
    );
    assert_eq!(daemon.ended().code(), Some(0));
    let last = lines.last().expect("a line");
    assert!(last.ends_with(" INFO stopped"), "{last}");
}

#[test]
fn probing_goes_on_while_the_journal_hangs() {
    const NAME: &str = "systemd::deaf::probing_goes_on_while_the_journal_hangs";
    if !alone_with_own_mounts(NAME, RUN) {
        return;
    }
    let journal = UnixDatagram::bind(SOCKET).expect("the journal's socket");
    journal.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let fillers = fill(Path::new(SOCKET));
    let folder = tempfile::tempdir().expect("a temporary directory");
    let held = TcpListener::bind("127.0.0.1:0").expect("a port");
    let (_reader, writer) = full_pipe();
    let stream = File::from(writer.try_clone().expect("a copy"));
    let stream = stream.metadata().expect("what the pipe is");
    let service = Service {
        folder: folder.path(),
        manager: None,
        limit: 0,
        passed: Some((&held, "private")),
    };
    let mut daemon = start(&service, |command| {
        let stream = format!("{}:{}", stream.dev(), stream.ino());
        command.stderr(writer).env("JOURNAL_STREAM", stream);
    });
    daemon.talks();

    let event = || {
        let mut bytes = vec![0; 64 * 1024];
        let length = journal.recv(&mut bytes).expect("an event");
        fields(&bytes[..length])
    };
    for _ in 0..fillers {
        event();
    }
    // Whoever writes to the journal first asks whether it is there.
    assert!(event().is_empty());
    let mut told = 0;
    let lost = loop {
        let event = event();
        let message = event.get("MESSAGE").expect("a message");
        told += usize::from(message.starts_with(FAULT));
        if let Some(lost) = lost(message) {
            assert_eq!(event["BASCULE_LOST"], lost.to_string());
            assert_eq!(event["PRIORITY"], "4");
            break lost;
        }
    };
    assert_eq!(lost, FAULTS - told);
    assert!(told > 1000, "{told}");

    daemon.signal("TERM");
    while event().get("MESSAGE").map(String::as_str) != Some("stopped") {}
    assert_eq!(daemon.ended().code(), Some(0));
}

#[test]
fn a_start_that_fails_ends_though_nobody_takes_why() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let held = TcpListener::bind("127.0.0.1:0").expect("a port");
    let manager = Manager::new(folder.path());
    fill(&manager.place);
    let (_reader, writer) = full_pipe();
    let service = Service {
        folder: folder.path(),
        manager: Some(&manager),
        limit: 0,
        passed: Some((&held, "private")),
    };
    let mut daemon = start(&service, |command| {
        command.stderr(writer);
        let config = folder.path().join("config.toml");
        std::fs::write(config, "listne = 1\n").expect("the configuration is written");
    });
    assert_eq!(daemon.ended().code(), Some(2));
}
