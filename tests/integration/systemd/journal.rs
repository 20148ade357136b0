//! The journal: events with their fields, where standard error is the journal and nobody asks for
//! another format. The test takes the place of journald, in file systems of its own.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};

use super::{PATIENCE, network};
use crate::support::child::alone_with_own_mounts;
use crate::support::daemon::{server, without_canaries};

pub(super) const RUN: &str = "mount -t tmpfs bascule-test /run\nmkdir -p /run/systemd/journal";
pub(super) const SOCKET: &str = "/run/systemd/journal/socket";

/// The fields of an event in journald's own protocol.
pub(super) fn fields(mut bytes: &[u8]) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
        let line = String::from_utf8(bytes[..end].to_vec()).expect("a name in UTF-8");
        bytes = &bytes[end + 1..];
        let (name, value) = match line.split_once('=') {
            Some((name, value)) => (name.to_owned(), value.to_owned()),
            None => {
                let (length, rest) = bytes.split_at(8);
                let length = u64::from_le_bytes(length.try_into().expect("8 bytes"));
                let (value, rest) = rest.split_at(usize::try_from(length).expect("a length"));
                bytes = &rest[1..];
                let value = String::from_utf8(value.to_vec()).expect("a value in UTF-8");
                (line, value)
            }
        };
        fields.insert(name, value);
    }
    fields
}

/// A daemon whose standard error is what `$JOURNAL_STREAM` says.
fn start(folder: &std::path::Path, arguments: &[&str]) -> Child {
    let broken = b"HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let target = server(|_| broken.to_vec());
    let config = "[web]\nlisten = [\"127.0.0.1:0\"]\n".to_owned() + &network("x", target);
    let path = folder.join("config.toml");
    std::fs::write(&path, without_canaries(&config)).expect("the configuration is written");
    let script = "export JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2)\nexec \"$0\" \"$@\"";
    Command::new("sh")
        .args([
            "-c",
            script,
            env!("CARGO_BIN_EXE_bascule"),
            "run",
            "--config",
        ])
        .arg(&path)
        .args(arguments)
        .env("STATE_DIRECTORY", folder.join("state"))
        .stderr(Stdio::piped())
        .spawn()
        .expect("the daemon starts")
}

fn end(mut child: Child) {
    child.kill().expect("it ends");
    child.wait().expect("it ends");
}

/// The first line on standard error.
fn first_line(child: &mut Child) -> String {
    let stderr = child.stderr.take().expect("standard error is piped");
    let line = BufReader::new(stderr).lines().next();
    line.expect("a line").expect("it is text")
}

#[test]
fn the_journal_has_each_state_change_with_its_fields() {
    const NAME: &str = "systemd::journal::the_journal_has_each_state_change_with_its_fields";
    if !alone_with_own_mounts(NAME, RUN) {
        return;
    }
    let journal = UnixDatagram::bind(SOCKET).expect("the journal's socket");
    journal.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let folder = tempfile::tempdir().expect("a temporary directory");
    let child = start(folder.path(), &[]);
    let down = loop {
        let mut bytes = vec![0; 64 * 1024];
        let length = journal.recv(&mut bytes).expect("an event");
        let fields = fields(&bytes[..length]);
        let has = |name: &str, value: &str| fields.get(name).is_some_and(|it| it == value);
        if has("BASCULE_NETWORK", "x") && has("BASCULE_TO", "down") && has("PRIORITY", "4") {
            break fields;
        }
    };
    let get = |name: &str| down.get(name).map(String::as_str).unwrap_or_default();
    assert_eq!(get("SYSLOG_IDENTIFIER"), "bascule");
    assert_eq!(get("BASCULE_ENDPOINT"), "web");
    assert_eq!(get("BASCULE_FROM"), "unknown");
    assert_eq!(get("BASCULE_LAYER"), "http");
    assert_eq!(get("BASCULE_REASON"), "http_status");
    assert!(get("MESSAGE").starts_with("x is down at web (http): "));
    assert!(get("MESSAGE").ends_with(" [http_status]"));
    end(child);

    let mut child = start(folder.path(), &["--log-format", "json"]);
    assert!(first_line(&mut child).starts_with("{\"timestamp\":\""));
    end(child);

    std::fs::remove_file(SOCKET).expect("the socket goes");
    let mut child = start(folder.path(), &[]);
    let line = first_line(&mut child);
    assert!(
        line.contains("  INFO bascule ") || line.contains(" INFO bascule "),
        "{line}"
    );
    end(child);
}
