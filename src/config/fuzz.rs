//! What the fuzzer demands of configurations.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use super::decode::quoted;
use super::{Environment, Fault, Faults, Loaded, adhoc, load_text, web_file};
use crate::fuzzing::{choice, harmless, sentence};
use crate::probe::trust::Roots;

/// Longest sentence of a fault; some list every preset or every reason.
const SENTENCE: usize = 1500;

/// A machine without files, credentials and roots, on 1 December 2026 at noon.
pub(crate) static ENVIRONMENT: LazyLock<Environment> = LazyLock::new(|| Environment {
    credentials_directory: None,
    state_directory: None,
    now: SystemTime::UNIX_EPOCH + Duration::from_secs(1_796_126_400),
    host_name: "here".to_owned(),
    roots: Roots::none(),
});

fn load(text: &str) -> Result<Loaded, Faults> {
    load_text("f.toml", Path::new("/nowhere"), text, &ENVIRONMENT)
}

/// Demands that all faults can be told, one line each.
#[track_caller]
pub(crate) fn told(faults: &[Fault]) {
    for fault in faults {
        sentence(&fault.sentence, SENTENCE);
        harmless(&fault.to_string(), SENTENCE + 500);
    }
}

/// A file is refused with faults that can be told, or it is printed as what it means: reading
/// that gives the same settings and the same text.
pub(crate) fn config_file(bytes: &[u8]) {
    checked(&String::from_utf8_lossy(bytes));
}

fn checked(text: &str) {
    let loaded = match load(text) {
        Ok(loaded) => loaded,
        Err(faults) => {
            assert!(!faults.0.is_empty(), "refused for nothing");
            return told(&faults.0);
        }
    };
    told(&loaded.settings.warnings);
    let again = match load(&loaded.resolved) {
        Ok(again) => again,
        Err(faults) => panic!(
            "it does not read its own print: {faults}\n{}",
            loaded.resolved
        ),
    };
    assert_eq!(again.resolved, loaded.resolved, "printed twice");
    let (one, two) = (&loaded.settings, &again.settings);
    assert_eq!(one.plan, two.plan);
    assert_eq!(one.web, two.web);
    assert_eq!(one.history, two.history);
    assert_eq!(one.uplink, two.uplink);
    assert_eq!(one.networks, two.networks);
    assert_eq!(one.groups, two.groups);
    assert_eq!(one.endpoints.len(), two.endpoints.len());
}

/// Keys with values of many shapes. `%` is the value.
const KEYS: [&str; 40] = [
    "vantage = %",
    "state_dir = %",
    "max_state_age = %",
    "web.listen = [%]",
    "history.retention = %",
    "history.max_size = %",
    "probe.interval = %",
    "probe.timeout = %",
    "probe.jitter = %",
    "probe.user_agent = %",
    "probe.families = [%]",
    "probe.resolvers = [%]",
    "probe.ca_file = %",
    "uplink.canaries = [%]",
    "uplink.gateway = %",
    "network.n.title = %",
    "network.n.profile = %",
    "network.n.preset = %",
    "network.n.failure_domains = [%]",
    "network.n.quorum = %",
    "network.n.instances = [%]\nnetwork.n.preset = \"mastodon\"",
    "network.n.http = [{ name = \"e\", url = % }]",
    "network.n.http = [{ name = %, url = \"https://a.test\" }]",
    "network.n.http = [{ name = \"e\", url = \"https://a.test\", method = % }]",
    "network.n.http = [{ name = \"e\", url = \"https://a.test\", headers = { X-A = % } }]",
    "network.n.http = [{ name = \"e\", url = \"https://a.test\", headers = { % = \"b\" } }]",
    "network.n.http = [{ name = \"e\", url = \"https://a.test\", connect_to = % }]",
    "network.n.http = [{ name = \"e\", url = \"https://a.test\", max_body = % }]",
    "network.n.http = [{ name = \"e\", url = \"https://a.test\", expect = { status = [%] } }]",
    "network.n.http = [{ name = \"e\", url = \"https://a.test\", expect = { json = % } }]",
    "network.n.http = [{ name = \"e\", url = \"https://a.test\", expect = { body_matches = [%] } }]",
    "network.n.tls = [{ name = \"e\", host = % }]",
    "network.n.tls = [{ name = \"e\", host = \"a.test\", tls = { server_name = % } }]",
    "network.n.tcp = [{ name = \"e\", address = % }]",
    "network.n.dns = [{ name = \"e\", query = % }]",
    "network.n.dns = [{ name = \"e\", query = \"a.test\", type = % }]",
    "group = [{ name = \"g\", networks = [\"n\"], last_resort = % }]\nnetwork.n.tcp = [{ name = \"e\", address = \"a.test:1\" }]",
    "notice = [{ text = %, until = \"2030-01-01T00:00:00Z\" }]",
    "notice = [{ text = { fr = % }, until = \"2030-01-01T00:00:00Z\" }]",
    "maintenance = [{ networks = [\"n\"], from = %, until = \"2030-01-01T00:00:00Z\" }]\nnetwork.n.tcp = [{ name = \"e\", address = \"a.test:1\" }]",
];

/// One value for one key: the first byte chooses the key, and whether quotes are put around it.
pub(crate) fn config_value(bytes: &[u8]) {
    let (which, bytes) = choice(bytes);
    let text = String::from_utf8_lossy(bytes);
    let value = if which & 0x80 == 0 {
        quoted(&text)
    } else {
        text.into_owned()
    };
    let mut config = KEYS[usize::from(which & 0x7f) % KEYS.len()].replace('%', &value);
    if !config.contains("network.n") {
        // Else the whole catalog is read, which takes its time.
        let _ = write!(
            config,
            "\nnetwork.n.tcp = [{{ name = \"e\", address = \"a.test:1\" }}]"
        );
    }
    checked(&config);
}

/// A URL on the command line is an endpoint or a sentence.
pub(crate) fn probe_url(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match adhoc::in_environment(&text, &ENVIRONMENT) {
        Err(why) => sentence(&why, SENTENCE),
        Ok(endpoint) => {
            harmless(&endpoint.host, 300);
            assert!(endpoint.per_host > 0);
        }
    }
}

/// A web configuration file is read or refused, and nothing that is told has a hash in it.
pub(crate) fn web_config_file(bytes: &[u8]) {
    let (mut faults, mut warnings) = (Vec::new(), Vec::new());
    let from = (&*ENVIRONMENT, Path::new("/nowhere"));
    let access = web_file::of_bytes(bytes, "web.yml", from, &mut faults, &mut warnings);
    told(&faults);
    told(&warnings);
    let said = format!("{faults:?} {warnings:?} {access:?}");
    let text = String::from_utf8_lossy(bytes);
    let hashes = text.split(|c: char| !c.is_ascii_graphic()).filter(|word| {
        word.len() > 30
            && ["$2a$", "$2b$", "$2y$"]
                .iter()
                .any(|kind| word.starts_with(kind))
    });
    for hash in hashes {
        assert!(!said.contains(hash), "{said}");
    }
}
