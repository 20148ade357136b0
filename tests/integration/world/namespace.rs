//! A network namespace without a way out, and the processes in it.
//!
//! Its only interface besides loopback is one end of a cable whose other end nobody listens to. The
//! default routes lead there, so both families count as routed, and whatever is sent to an address
//! that is not on the interface is lost without a word, as on the Internet.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::Duration;

use tokio::time::Instant;

pub(crate) use crate::support::waiting::until;

/// The interface that carries the world's addresses.
const CABLE: &str = "world0";

/// A namespace; gone, with its addresses, when dropped.
pub(super) struct Namespace {
    name: String,
}

impl Namespace {
    /// Makes a namespace whose resolver file names one server, with the cable that leads nowhere.
    pub(super) fn new(nameserver: IpAddr) -> Self {
        let this = Self::bare(nameserver);
        this.batch(&format!(
            "link add {CABLE} type veth peer name nowhere\n\
             link set {CABLE} arp off\n\
             link set nowhere arp off\n\
             link set {CABLE} up\n\
             link set nowhere up\n"
        ));
        this
    }

    /// Makes a namespace whose resolver file names one server, and which has nothing but loopback.
    pub(super) fn bare(nameserver: IpAddr) -> Self {
        assert!(
            is_root(),
            "this test builds a network namespace: run it as root"
        );
        need("ip", "iproute2");
        need("setpriv", "util-linux");
        sweep();
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let this = Self {
            name: format!("bascule-{}-{number}", std::process::id()),
        };
        let etc = this.etc();
        fs::create_dir_all(&etc).expect("the namespace's own /etc can be made");
        fs::write(
            etc.join("resolv.conf"),
            format!("nameserver {nameserver}\n"),
        )
        .expect("the namespace's own resolv.conf can be written");
        must(Command::new("ip").args(["netns", "add", &this.name]));
        this.batch("link set lo up\n");
        this
    }

    /// What `ip` calls it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Puts addresses on the interface, and the default routes of both families.
    pub(super) fn add(&self, addresses: impl IntoIterator<Item = IpAddr>) {
        let mut commands = String::new();
        for address in addresses {
            let _ = match address {
                IpAddr::V4(v4) => writeln!(commands, "address add {v4}/32 dev {CABLE}"),
                IpAddr::V6(v6) => writeln!(commands, "address add {v6}/128 dev {CABLE} nodad"),
            };
        }
        self.batch(&commands);
        self.batch(&format!(
            "route replace 0.0.0.0/0 dev {CABLE}\nroute replace ::/0 dev {CABLE}\n"
        ));
    }

    /// Takes an address away: connections to it end nowhere.
    pub(super) fn remove(&self, address: IpAddr) {
        let prefix = if address.is_ipv4() { 32 } else { 128 };
        self.batch(&format!("address del {address}/{prefix} dev {CABLE}\n"));
    }

    /// A command that will run inside; it dies with the thread that starts it.
    pub(super) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new("ip");
        command
            .args(["netns", "exec", &self.name])
            .args(["setpriv", "--pdeathsig", "TERM"])
            .arg(program.as_ref())
            .stdin(Stdio::null());
        command
    }

    /// Starts a server inside; everything it says goes to `log`.
    pub(super) fn spawn(&self, command: &mut Command, log: &Path) -> Process {
        let out = fs::File::create(log).expect("a log file can be made");
        let err = out.try_clone().expect("a log file can be shared");
        let child = command
            .stdout(out)
            .stderr(err)
            .spawn()
            .unwrap_or_else(|e| panic!("{command:?} does not start: {e}"));
        Process {
            child,
            log: log.to_owned(),
        }
    }

    fn etc(&self) -> PathBuf {
        Path::new("/etc/netns").join(&self.name)
    }

    /// Has `ip` do this inside, a command a line.
    pub(super) fn batch(&self, commands: &str) {
        let mut child = Command::new("ip")
            .args(["-netns", &self.name, "-batch", "-"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("ip starts");
        let mut stdin = child.stdin.take().expect("its input is a pipe");
        stdin
            .write_all(commands.as_bytes())
            .expect("ip reads its input");
        drop(stdin);
        let output = child.wait_with_output().expect("ip ends");
        assert!(
            output.status.success(),
            "ip refuses:\n{commands}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        remove_namespace(&self.name);
    }
}

/// A server; stopped when dropped.
pub(super) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Sends a signal by its name.
    pub(super) fn signal(&self, name: &str) {
        must(Command::new("sh").args(["-c", &format!("kill -{name} {}", self.child.id())]));
    }

    /// What it has said so far.
    pub(super) fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Whether it has ended, and how.
    pub(super) fn ended(&mut self) -> Option<std::process::ExitStatus> {
        self.child.try_wait().expect("a child can be asked")
    }

    /// The last lines of what it has said, for the message of a failed test.
    pub(super) fn last_words(&self) -> String {
        let said = self.said();
        let lines: Vec<&str> = said.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // TERM first: nginx' workers outlive a master that is killed.
        let _ = Command::new("sh")
            .args(["-c", &format!("kill -TERM {}", self.child.id())])
            .stderr(Stdio::null())
            .status();
        let patience = Instant::now() + Duration::from_secs(5);
        while Instant::now() < patience {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command that has to succeed.
pub(crate) fn must(command: &mut Command) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|e| panic!("{command:?} does not start: {e}"));
    assert!(
        output.status.success(),
        "{command:?} fails: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// Where a program is; without it the test fails and names the package.
pub(crate) fn need(program: &str, package: &str) -> PathBuf {
    let path = std::env::var("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin", "/usr/bin", "/bin"].map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
        .unwrap_or_else(|| {
            panic!(
                "this test needs `{program}`: install the Debian package {package} (tests/run does)"
            )
        })
}

fn is_root() -> bool {
    fs::read_to_string("/proc/self/status").is_ok_and(|status| {
        status
            .lines()
            .find_map(|line| line.strip_prefix("Uid:"))
            .and_then(|uids| uids.split_whitespace().nth(1))
            == Some("0")
    })
}

/// Removes what killed test runs have left behind.
fn sweep() {
    let Ok(entries) = fs::read_dir("/etc/netns") else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name
            .strip_prefix("bascule-")
            .and_then(|rest| rest.split('-').next());
        if owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            remove_namespace(&name);
        }
    }
}

fn remove_namespace(name: &str) {
    let _ = Command::new("ip")
        .args(["netns", "delete", name])
        .stderr(Stdio::null())
        .status();
    let _ = fs::remove_dir_all(Path::new("/etc/netns").join(name));
}
