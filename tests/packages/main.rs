//! What is handed out: manual pages, completions, the Debian package, the crate, and what may be
//! in them.

#![allow(
    clippy::unwrap_used,
    reason = "in a test, a panic is how a fault is told"
)]

mod deb;
mod keys;
mod manual;

use std::fs;
use std::path::{Path, PathBuf};

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
