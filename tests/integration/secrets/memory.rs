//! The memory of the process: nobody of the same user reads it, and no core file keeps it.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use crate::support::daemon::{Daemon, without_canaries};

/// `nobody`, by its number: the name is no matter of the test.
const NOBODY: &str = "65534";

/// A command as an unprivileged user, who may leave core files of any size.
fn unprivileged(folder: &Path, shell: &str) -> Command {
    assert!(
        fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0),
        "this test becomes an unprivileged user: run it as root"
    );
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"])
        .args(["sh", "-c", &format!("ulimit -c unlimited; exec {shell}")])
        .current_dir(folder)
        .env_remove("STATE_DIRECTORY")
        .stdin(Stdio::null());
    command
}

/// A folder in which that user may do everything, and the binary in it.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let all = fs::Permissions::from_mode(0o777);
    fs::set_permissions(folder.path(), all).expect("its mode");
    let binary = folder.path().join("bascule");
    fs::copy(env!("CARGO_BIN_EXE_bascule"), &binary).expect("the binary is copied");
    folder
}

fn daemon(folder: tempfile::TempDir) -> Daemon {
    let config = folder.path().join("config.toml");
    let text = "[web]\nlisten = [\"127.0.0.1:0\"]\n[network.a]\ntitle = \"A\"\n[[network.a.tcp]]\nname = \"t\"\naddress = \"127.0.0.1:9\"\n";
    fs::write(&config, without_canaries(text)).expect("the configuration is written");
    let child: Child = unprivileged(folder.path(), "./bascule run --config config.toml")
        .env("STATE_DIRECTORY", folder.path().join("state"))
        .env("SECRET", "in the environment")
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("setpriv runs (package util-linux)");
    Daemon::watch(child, config, folder)
}

/// What the same user gets of `/proc/PID/FILE`.
fn read(folder: &Path, pid: u32, file: &str) -> Output {
    let shell = format!("head -c 1 /proc/{pid}/{file}");
    unprivileged(folder, &shell).output().expect("setpriv runs")
}

#[test]
fn no_other_process_of_the_same_user_reads_the_memory() {
    let mut other = unprivileged(Path::new("/"), "sleep 600")
        .spawn()
        .expect("setpriv runs");
    let daemon = daemon(folder());
    // It has become the user and the program by now, and is readable: so it is not the machine.
    let deadline = 1000;
    let readable =
        (0..deadline).any(|_| read(Path::new("/"), other.id(), "environ").status.success());
    assert!(readable, "an ordinary process of the same user is readable");
    for file in ["environ", "mem", "maps", "auxv", "io"] {
        let output = read(Path::new("/"), daemon.pid(), file);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{file} is readable");
        assert!(
            said.contains("Permission denied") || said.contains("Operation not permitted"),
            "{file}: {said}"
        );
    }
    other.kill().expect("it runs");
    other.wait().expect("it ends");
}

#[test]
fn a_crash_leaves_no_core_file() {
    let daemon = daemon(folder());
    let folder = daemon.config.parent().expect("a folder").to_owned();
    daemon.signal("ABRT");
    let (status, left) = daemon.ended(|| {
        let names = fs::read_dir(&folder).expect("the folder").flatten();
        names
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect::<Vec<_>>()
    });
    assert_eq!(status.signal(), Some(6));
    assert!(!status.core_dumped());
    assert!(!left.iter().any(|name| name.contains("core")), "{left:?}");
}

#[test]
fn a_daemon_that_nobody_may_read_still_reads_itself() {
    let daemon = daemon(folder());
    for name in [
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_virtual_memory_bytes",
        "process_open_fds",
        "process_max_fds",
        "process_start_time_seconds",
        "process_threads",
    ] {
        daemon.wait_for(name, |value| value > 0.0);
    }
    assert_eq!(daemon.get("/healthz").status, 200);
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.pid())).expect("it runs");
    assert!(
        status.contains("\nUid:\t65534\t65534\t65534\t65534\n"),
        "{status}"
    );
}
