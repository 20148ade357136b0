//! `state_dir`, `max_state_age` and `[history]`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bascule::config::{Environment, HistorySettings, load_text};

use super::{check, environment, good};

const DAY: Duration = Duration::from_secs(86400);

#[test]
fn nothing_has_to_be_said_of_memory() {
    let settings = good("").settings;
    assert_eq!(settings.state_dir, Some(PathBuf::from("/state/bascule")));
    assert_eq!(settings.max_state_age, Duration::from_secs(900));
    assert_eq!(
        settings.history,
        HistorySettings {
            retention: 400 * DAY,
            max_size: 256 << 20
        }
    );
    let homeless = Environment {
        state_directory: None,
        ..environment()
    };
    let loaded = load_text("test.toml", Path::new("/nowhere"), "", &homeless).unwrap();
    assert_eq!(loaded.settings.state_dir, None);
    assert!(!loaded.resolved.contains("state_dir"));
}

#[test]
fn a_state_directory_starts_from_the_file_that_names_it() {
    let of = |path: &str| {
        good(&format!("state_dir = \"{path}\"\n"))
            .settings
            .state_dir
    };
    assert_eq!(of("/var/lib/b"), Some(PathBuf::from("/var/lib/b")));
    assert_eq!(of("memory"), Some(PathBuf::from("/nowhere/memory")));
}

#[test]
fn memory_is_bounded_on_both_sides() {
    for (text, fault) in [
        ("max_state_age = \"0s\"", None),
        ("max_state_age = \"30d\"", None),
        (
            "max_state_age = \"31d\"",
            Some("test.toml:1: max_state_age: must be from 0s to 30d"),
        ),
        (
            "state_dir = \"\"",
            Some("test.toml:1: state_dir: is empty: name a directory"),
        ),
        (
            "state_dir = \"${STATE_DIRECTORY}\"",
            Some(
                "test.toml:1: state_dir: must be a plain path: nothing is put in the place of $ and ~ here",
            ),
        ),
        ("[history]\nretention = \"1d\"\nmax_size = \"1MiB\"", None),
        (
            "[history]\nretention = \"23h\"",
            Some("test.toml:2: history.retention: must be from 1d to 36500d"),
        ),
        (
            "[history]\nmax_size = \"1023KiB\"",
            Some("test.toml:2: history.max_size: must be from 1MiB to 1024GiB"),
        ),
        (
            "[history]\nmax_size = \"2048GiB\"",
            Some("test.toml:2: history.max_size: must be from 1MiB to 1024GiB"),
        ),
    ] {
        check(text, fault);
    }
}
