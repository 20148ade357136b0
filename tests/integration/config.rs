//! Tests of the configuration: what a file means, and what is said of one that means nothing.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on may say so by panicking"
)]

mod adhoc;
mod bounds;
mod dates;
mod example;
mod faults;
mod groups;
mod inheritance;
mod memory;
mod networks;
mod notices;
mod outlook;
mod quorum;
mod secrets;
mod uplink;

use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use bascule::config::{EndpointSettings, Environment, Loaded, Settings, load_text};
use bascule::probe::target::{HttpTarget, What};
use bascule::probe::trust::Roots;

/// A network with one endpoint, to which a test adds what it is about.
const SITE: &str = "[[network.site.http]]\nname = \"front\"\nurl = \"https://site.example/\"\n";

fn environment() -> Environment {
    static ROOTS: LazyLock<Roots> = LazyLock::new(Roots::system);
    Environment {
        roots: ROOTS.clone(),
        credentials_directory: None,
        state_directory: Some("/state/bascule".into()),
        now: noon(),
        host_name: "here".to_owned(),
    }
}

/// The first of June 2026 at noon, in UTC.
fn noon() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_780_315_200)
}

/// Loads a text that must be fine.
fn good(text: &str) -> Loaded {
    match load_text("test.toml", Path::new("/nowhere"), text, &environment()) {
        Ok(loaded) => loaded,
        Err(faults) => panic!("{text}\n\n{faults}"),
    }
}

/// Loads a text that must not be fine: its faults, one a line.
fn bad(text: &str) -> String {
    match load_text("test.toml", Path::new("/nowhere"), text, &environment()) {
        Ok(_) => panic!("should have been refused:\n{text}"),
        Err(faults) => faults.to_string(),
    }
}

/// The warnings of a text that is fine, one a line.
fn warnings(text: &str) -> String {
    let warnings = good(text).settings.warnings;
    let lines: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

fn endpoint<'a>(settings: &'a Settings, key: &str) -> &'a EndpointSettings {
    let found = settings.endpoints.iter().find(|e| e.key.to_string() == key);
    found.unwrap_or_else(|| panic!("no endpoint {key}"))
}

fn http<'a>(settings: &'a Settings, key: &str) -> &'a HttpTarget {
    match &endpoint(settings, key).target.what {
        What::Http(target) => target,
        other => panic!("{key} is {other:?}"),
    }
}

/// A text is fine (`None`), or there is one fault that says this.
fn check(text: &str, fault: Option<&str>) {
    match fault {
        None => drop(good(text)),
        Some(sentence) => {
            let told = bad(text);
            assert!(told.contains(sentence), "{text}\n{told}");
            assert_eq!(
                told.lines().count(),
                1,
                "one cause, one fault:\n{text}\n{told}"
            );
        }
    }
}
