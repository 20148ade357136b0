//! The journal keeps what it is sent for weeks, and more people read it than the configuration: no
//! field of any event tells a secret. The test takes the place of journald.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::echo::Echo;
use super::nowhere::Secrets;
use crate::support::child::alone_with_own_mounts;
use crate::support::daemon::without_canaries;
use crate::world::namespace::must;

const RUN: &str = "mount -t tmpfs bascule-test /run\nmkdir -p /run/systemd/journal";
const SOCKET: &str = "/run/systemd/journal/socket";
/// An event is far smaller.
const LARGEST: usize = 256 * 1024;
/// Events that are read until the one that is waited for comes.
const MOST: usize = 200_000;

/// Killed when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    /// A daemon whose standard error is what `$JOURNAL_STREAM` says.
    fn start(config: &Path) -> Self {
        let script =
            "export JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2)\nexec \"$0\" \"$@\"";
        let child = Command::new("sh")
            .args(["-c", script, env!("CARGO_BIN_EXE_bascule")])
            .args(["run", "--log-level", "trace", "--config"])
            .arg(config)
            .env("STATE_DIRECTORY", config.with_file_name("state"))
            .stderr(Stdio::piped())
            .spawn();
        Self(child.expect("the daemon starts"))
    }

    fn reload(&self) {
        must(Command::new("kill").args(["-HUP", &self.0.id().to_string()]));
    }
}

/// The socket of a journal.
struct Journal(UnixDatagram);

impl Journal {
    fn open() -> Self {
        let socket = UnixDatagram::bind(SOCKET).expect("the journal's socket");
        let patience = Some(Duration::from_secs(60));
        socket.set_read_timeout(patience).expect("a timeout");
        Self(socket)
    }

    /// Waits for what the daemon sends to see whether somebody is there: nothing.
    fn meet(&self) {
        assert_eq!(self.0.recv(&mut [0]).expect("a greeting"), 0);
    }

    /// Looks for secrets in each event, up to and with one that has all of these in it.
    fn until(&self, secrets: &Secrets, wanted: &[&[u8]]) {
        let mut bytes = vec![0; LARGEST];
        for _ in 0..MOST {
            let length = self.0.recv(&mut bytes).expect("an event");
            // What is too long for a datagram comes in a file.
            assert!((1..LARGEST).contains(&length), "{length} bytes");
            let event = &bytes[..length];
            secrets.check("the journal", event);
            let has = |it: &&[u8]| event.windows(it.len()).any(|window| window == *it);
            if wanted.iter().all(has) {
                return;
            }
        }
        let wanted: Vec<_> = wanted
            .iter()
            .map(|it| String::from_utf8_lossy(it))
            .collect();
        panic!("{MOST} events, none with {wanted:?}");
    }
}

/// A field in the journal's own protocol.
fn field(name: &str, value: &str) -> Vec<u8> {
    let length = u64::try_from(value.len()).expect("a length").to_le_bytes();
    [name.as_bytes(), b"\n", &length, value.as_bytes(), b"\n"].concat()
}

#[test]
fn no_secret_is_told_to_the_journal() {
    const NAME: &str = "secrets::journal::no_secret_is_told_to_the_journal";
    if !alone_with_own_mounts(NAME, RUN) {
        return;
    }
    let (echo, secrets, journal) = (Echo::start(), Secrets::write(), Journal::open());
    let path = secrets.path().join("config.toml");
    let config = without_canaries(&secrets.guarded_config(&echo));
    let write = |config: &str| fs::write(&path, config).expect("it can be written");
    write(&config);
    let daemon = Running::start(&path);
    journal.meet();
    // Its reason quotes the server, who quotes us.
    let lost_is = |state| [field("BASCULE_NETWORK", "lost"), field("BASCULE_TO", state)];
    let [of_lost, down] = lost_is("down");
    journal.until(&secrets, &[&of_lost, &down, b"<masked>"]);

    write(&config.replace("headers = {", "headers = ["));
    daemon.reload();
    journal.until(&secrets, &[b"configuration not reloaded", b"config.toml:"]);
    write(&config);
    secrets.spoil_web_yml();
    daemon.reload();
    journal.until(&secrets, &[b"configuration not reloaded", b"web.yml:"]);

    echo.recover();
    let [of_lost, up] = lost_is("up");
    journal.until(&secrets, &[&of_lost, &up]);
}
