//! What is handed out: manual pages, completions, the Debian package, the crate, and what may be
//! in them.

#![allow(
    clippy::unwrap_used,
    reason = "in a test, a panic is how a fault is told"
)]

mod deb;
mod documents;
mod examples;
mod keys;
mod manual;
mod notices;
mod reference;
mod replays;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// How files that are made from the code are made again.
const REFRESH: &str = "BASCULE_REFRESH=1 cargo test --test packages";

/// Compares a file below `packaging/` with what the code makes of it, or brings it up to date.
fn is_up_to_date(name: &str, fresh: &str) {
    let path: PathBuf = root().join("packaging").join(name);
    if std::env::var_os("BASCULE_REFRESH").is_some() {
        fs::write(&path, fresh).unwrap();
        return;
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    let differs = written
        .lines()
        .zip(fresh.lines())
        .find(|(old, new)| old != new);
    assert!(
        written == fresh,
        "packaging/{name} is not what the code says, first at {differs:?}; run {REFRESH}"
    );
}

/// What a program says when it is content.
fn told(program: &str, package: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .env("BASCULE_BINARY", env!("CARGO_BIN_EXE_bascule"))
        .env("MANWIDTH", "80")
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap_or_else(|error| {
            panic!("`{program}`: {error}: install the Debian package {package} (tests/run does)")
        });
    let said = String::from_utf8(output.stdout).unwrap();
    let complaints = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {said}{complaints}"
    );
    assert_eq!(complaints, "", "{program} {arguments:?}");
    said
}
