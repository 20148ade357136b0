//! Tests that need a machine of their own: the test runs itself again, alone, in a process
//! with its own limits or its own network, so that it can do there what it must not do here.

use std::os::unix::fs::MetadataExt;
use std::process::Command;

const CHILD: &str = "BASCULE_TEST_CHILD";

/// In the parent: runs the test called `name` (its full path) once more, behind the shell
/// commands of `setup`, in a network without any way out, and returns `false` when that has
/// passed. In that child: returns `true` at once.
pub(crate) fn alone_in_own_network(name: &str, setup: &str) -> bool {
    alone(name, "--net", setup)
}

/// The same with file systems of its own: what is mounted there is seen by nobody else.
pub(crate) fn alone_with_own_mounts(name: &str, setup: &str) -> bool {
    alone(name, "--mount", setup)
}

fn alone(name: &str, own: &str, setup: &str) -> bool {
    if std::env::var_os(CHILD).is_some() {
        return true;
    }
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0);
    let mut command = Command::new("unshare");
    command.arg(own);
    if !is_root {
        command.arg("--map-root-user");
    }
    let script = format!("set -e\n{setup}\nexec \"$0\" \"$@\"");
    let output = command
        .args(["sh", "-c", &script])
        .arg(std::env::current_exe().expect("the path of the test binary"))
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .output()
        .expect("unshare cannot be started: install the Debian package util-linux");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && told.contains("1 passed"),
        "{name} failed behind unshare {own} (it needs the Debian packages util-linux and \
         iproute2, and the right to make a namespace):\n{told}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // Rows of figures are for whoever runs this one with --nocapture. The first stands behind the
    // name of the test.
    let rows = told.lines().filter(|line| line.ends_with(" |"));
    for (_, row) in rows.filter_map(|line| line.split_once("| ")) {
        println!("| {row}");
    }
    false
}
