//! A Debian with systemd as its first process, booted from a kept folder into a copy in memory.
//!
//! It lives in the network namespace of a [`World`], so it has no way out, and bind9 and nginx of
//! that world are its Internet. Everything that runs in it dies with one process of the host, and
//! what it wrote goes with it: nothing is left to unmount.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::cgroup::Cgroup;
use crate::support::waiting::until;
use crate::world::World;
use crate::world::namespace::need;

/// Longest that anything in a machine is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// Enters the control groups whose doors are named before `--`, and becomes what is named after it.
const ENTER: &str =
    r#"while [ "$1" != -- ]; do echo $$ >"$1" || exit; shift; done; shift; exec "$@""#;

/// A running machine; dead when dropped.
pub(super) struct Machine {
    /// The process whose end is the end of all the others.
    guard: Child,
    /// The machine's first process, by its number on the host.
    leader: u32,
    // Dropped when all of them are gone.
    _cgroup: Cgroup,
    _folder: tempfile::TempDir,
}

/// How a command in the machine ended.
pub(super) struct Done {
    pub(super) code: i32,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Machine {
    /// Boots a machine; returns when systemd says that it is up.
    pub(super) fn boot(world: &World) -> Self {
        need("systemd-nspawn", "systemd-container");
        need("nsenter", "util-linux");
        let root = root();
        let folder = tempfile::tempdir().expect("a folder can be made");
        let console = folder.path().join("console");
        let log = fs::File::create(&console).expect("a log file can be made");
        let began = Instant::now();
        let cgroup = Cgroup::new();
        let guard = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "sh", "-c", ENTER, "sh"])
            .args(cgroup.doors())
            .args(["--", "unshare", "--fork", "--pid", "--mount-proc"])
            .args(["--kill-child=KILL", "systemd-nspawn"])
            .args(["--quiet", "--boot", "--register=no", "--keep-unit"])
            .args(["--volatile=overlay", "--machine=machine"])
            .args(["--resolv-conf=off", "--timezone=off", "--link-journal=no"])
            .args(["--console=pipe", "--directory"])
            .arg(&root)
            .arg(format!(
                "--network-namespace-path=/run/netns/{}",
                world.namespace()
            ))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log file can be shared"))
            .stderr(log)
            .spawn()
            .expect("setpriv starts");
        let mut machine = Self {
            guard,
            leader: 0,
            _cgroup: cgroup,
            _folder: folder,
        };
        until(PATIENCE, "the machine boots", || {
            let said = fs::read_to_string(&console).unwrap_or_default();
            if let Ok(Some(status)) = machine.guard.try_wait() {
                panic!("systemd-nspawn ends with {status} instead of booting:\n{said}");
            }
            machine.leader = leader_of(machine.guard.id()).ok_or(said)?;
            let state = machine.attempt("systemctl is-system-running --wait");
            match state.stdout.trim() {
                "running" => Ok(()),
                "degraded" => panic!("{}", machine.run("systemctl --failed").stdout),
                _ => Err(state.stdout + &state.stderr),
            }
        });
        println!("booted in {:.1} s", began.elapsed().as_secs_f64());
        machine.write("/etc/resolv.conf", "nameserver 11.0.0.53\n");
        let roots = fs::read_to_string(world.roots()).expect("the world has an authority");
        machine.write("/etc/ssl/certs/ca-certificates.crt", &roots);
        machine
    }

    /// Runs a line of shell as root in the machine, however it ends.
    pub(super) fn attempt(&self, line: &str) -> Done {
        let output = self.enter(line).output().expect("nsenter starts");
        Done::from(&output)
    }

    /// Runs a line of shell that has to succeed.
    #[track_caller]
    pub(super) fn run(&self, line: &str) -> Done {
        let done = self.attempt(line);
        assert!(
            done.code == 0,
            "`{line}` in the machine ends with {}:\n{}{}\nits journal:\n{}",
            done.code,
            done.stdout,
            done.stderr,
            self.last_words()
        );
        done
    }

    /// What a line of shell that has to succeed prints, without the end of the last line.
    #[track_caller]
    pub(super) fn ask(&self, line: &str) -> String {
        self.run(line).stdout.trim_end().to_owned()
    }

    /// Starts a line of shell that runs beside the test; its end is waited for by the caller.
    pub(super) fn spawn(&self, line: &str) -> Child {
        let mut command = self.enter(line);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("nsenter starts")
    }

    /// Puts a file there.
    #[track_caller]
    pub(super) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let mut child = self
            .enter(&format!("mkdir -p $(dirname {path}) && cat > {path}"))
            .stdin(Stdio::piped())
            .spawn()
            .expect("nsenter starts");
        let mut stdin = child.stdin.take().expect("its input is a pipe");
        let written = stdin.write_all(content.as_ref());
        drop(stdin);
        let output = child.wait_with_output().expect("nsenter ends");
        assert!(
            written.is_ok() && output.status.success(),
            "{path} cannot be written in the machine: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Waits until a condition holds; the last `Err` says how it is instead.
    #[track_caller]
    pub(super) fn until<T>(&self, what: &str, mut ask: impl FnMut() -> Result<T, String>) -> T {
        until(PATIENCE, what, || {
            ask().map_err(|now| format!("{now}\nits journal:\n{}", self.last_words()))
        })
    }

    /// What the journal has of a unit, oldest first.
    pub(super) fn journal(&self, unit: &str) -> Vec<Value> {
        let lines = self.ask(&format!(
            "journalctl --no-pager --output=json --unit={unit}"
        ));
        lines
            .lines()
            .map(|line| serde_json::from_str(line).expect("the journal is JSON"))
            .collect()
    }

    /// Waits for an entry of the journal of bascule.service whose message contains this.
    #[track_caller]
    pub(super) fn told(&self, text: &str) -> Value {
        self.until(&format!("the journal has: {text}"), || {
            let entries = self.journal("bascule.service");
            let found = entries.into_iter().rev().find(|entry| {
                let message = entry["MESSAGE"].as_str();
                message.is_some_and(|message| message.contains(text))
            });
            found.ok_or_else(String::new)
        })
    }

    /// A property of bascule.service.
    pub(super) fn property(&self, name: &str) -> String {
        self.ask(&format!(
            "systemctl show --property={name} --value bascule.service"
        ))
    }

    /// Waits until bascule.service is in this state.
    #[track_caller]
    pub(super) fn is_in(&self, state: &str) {
        self.until(&format!("bascule.service is {state}"), || {
            match self.property("ActiveState") {
                now if now == state => Ok(()),
                now => Err(now),
            }
        });
    }

    /// The daemon's process number in the machine.
    pub(super) fn pid(&self) -> u32 {
        let pid = self.property("MainPID");
        pid.parse().expect("MainPID is a number")
    }

    /// The number that the host has for a process of the machine.
    pub(super) fn pid_on_host(&self, pid: u32) -> u32 {
        let home = fs::read_link(format!("/proc/{}/ns/pid", self.leader));
        let home = home.expect("the machine has a namespace of processes");
        let wanted = pid.to_string();
        numbers()
            .find(|&candidate| {
                inner_number(candidate).is_some_and(|inner| inner == wanted)
                    && fs::read_link(format!("/proc/{candidate}/ns/pid")).is_ok_and(|it| it == home)
            })
            .unwrap_or_else(|| panic!("the machine has no process {pid}"))
    }

    /// The end of the journal, for the message of a failed test.
    fn last_words(&self) -> String {
        let tail = "journalctl --no-pager --output=short-precise --lines=40";
        self.attempt(tail).stdout
    }

    /// A shell in the machine, with nothing of this process' environment.
    fn enter(&self, line: &str) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--all", "--target", &self.leader.to_string(), "--"])
            .args(["env", "-i", "HOME=/root", "LANG=C.UTF-8", "TERM=dumb"])
            .args(["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])
            .args(["DEBIAN_FRONTEND=noninteractive", "SYSTEMD_COLORS=0"])
            .args(["sh", "-c", line])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.guard.kill();
        let _ = self.guard.wait();
        let patience = Instant::now() + Duration::from_secs(10);
        let leader = Path::new("/proc").join(self.leader.to_string());
        while self.leader != 0 && leader.exists() && Instant::now() < patience {
            sleep(Duration::from_millis(10));
        }
    }
}

impl Done {
    fn from(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// The folder of the Debian that is booted; made when it is not there yet.
fn root() -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/machine-root");
    let output = Command::new(&script)
        .stderr(Stdio::inherit())
        .output()
        .expect("tests/machine-root starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "there is no Debian to boot");
    PathBuf::from(said.trim_end())
}

/// The first process of the machine, once it is there: a grandchild of the guard.
fn leader_of(guard: u32) -> Option<u32> {
    let spawn = children(guard).next()?;
    children(spawn).find(|&child| inner_number(child).as_deref() == Some("1"))
}

fn children(parent: u32) -> impl Iterator<Item = u32> {
    let list = format!("/proc/{parent}/task/{parent}/children");
    let list = fs::read_to_string(list).unwrap_or_default();
    let numbers: Vec<u32> = list
        .split_whitespace()
        .filter_map(|number| number.parse().ok())
        .collect();
    numbers.into_iter()
}

/// The number that a process has in its own namespace.
fn inner_number(pid: u32) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let numbers = status
        .lines()
        .find_map(|line| line.strip_prefix("NSpid:"))?;
    numbers.split_whitespace().next_back().map(str::to_owned)
}

/// Every process of the host.
fn numbers() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").expect("/proc can be listed");
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}
