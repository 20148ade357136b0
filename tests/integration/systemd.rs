//! The daemon under a service manager that the test plays: what it is told and when, the sockets
//! that it passes, the journal; and the units that we ship.

mod deaf;
mod files;
mod journal;
mod sockets;
mod telling;

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::support::daemon::{Daemon, without_canaries};

/// Longest that anything is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Takes the place of systemd: a notification socket, and descriptors to pass.
struct Manager {
    socket: UnixDatagram,
    place: PathBuf,
}

impl Manager {
    fn new(folder: &Path) -> Self {
        let place = folder.join("notify");
        let socket = UnixDatagram::bind(&place).expect("a socket for notifications");
        socket
            .set_read_timeout(Some(PATIENCE))
            .expect("a read timeout");
        Self { socket, place }
    }

    /// The next message but keep-alives, line by line.
    fn next(&self) -> Vec<String> {
        loop {
            let message = self.receive().expect("a message within a minute");
            if message != ["WATCHDOG=1"] {
                return message;
            }
        }
    }

    /// The next message that has such a line.
    fn next_with(&self, wanted: &str) -> Vec<String> {
        loop {
            let message = self.next();
            if message.iter().any(|line| line.starts_with(wanted)) {
                return message;
            }
        }
    }

    fn receive(&self) -> Option<Vec<String>> {
        let mut bytes = [0; 4096];
        let length = self.socket.recv(&mut bytes).ok()?;
        let text = String::from_utf8(bytes[..length].to_vec()).expect("text");
        Some(text.lines().map(str::to_owned).collect())
    }
}

/// A daemon to be started as systemd does it.
struct Service<'a> {
    folder: &'a Path,
    manager: Option<&'a Manager>,
    /// Of the watchdog, in seconds.
    limit: u64,
    /// A socket to pass, and its name.
    passed: Option<(&'a TcpListener, &'a str)>,
}

impl Service<'_> {
    fn spawn(&self, config: &str) -> (Child, PathBuf) {
        let (mut command, path) = self.command(config);
        (command.spawn().expect("the daemon starts"), path)
    }

    fn command(&self, config: &str) -> (Command, PathBuf) {
        let path = self.folder.join("config.toml");
        std::fs::write(&path, without_canaries(config)).expect("the configuration is written");
        let passing = match self.passed {
            Some(_) => "exec 3<&0 </dev/null\nexport LISTEN_PID=$$ LISTEN_FDS=1\n",
            None => "",
        };
        let mut command = Command::new("sh");
        command
            .args(["-c", &format!("{passing}exec \"$0\" \"$@\"")])
            .arg(env!("CARGO_BIN_EXE_bascule"))
            .args(["run", "--config"])
            .arg(&path)
            .env("STATE_DIRECTORY", self.folder.join("state"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        if let Some(manager) = self.manager {
            command.env("NOTIFY_SOCKET", &manager.place);
        }
        if self.limit > 0 {
            command.env("WATCHDOG_USEC", (self.limit * 1_000_000).to_string());
        }
        if let Some((socket, name)) = self.passed {
            let copy = socket.try_clone().expect("a copy of the socket");
            command
                .stdin(OwnedFd::from(copy))
                .env("LISTEN_FDNAMES", name);
        }
        (command, path)
    }

    fn start(&self, config: &str) -> Daemon {
        let (child, path) = self.spawn(config);
        let dir = tempfile::tempdir().expect("a temporary directory");
        Daemon::watch(child, path, dir)
    }
}

/// A network of one endpoint, probed as often as is allowed.
fn network(name: &str, address: std::net::SocketAddr) -> String {
    format!(
        "[network.{name}]\nfamilies = [\"ipv4\"]\n[[network.{name}.http]]\nname = \"web\"\n\
         url = \"http://{address}/\"\ninterval = \"1s\"\nrecheck_interval = \"1s\"\n\
         down_interval = \"1s\"\n"
    )
}
