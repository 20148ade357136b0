//! Rules of the house that no compiler checks: which room may use which, which library lives
//! where, how long files are, and that the documentation says what the code says.
//!
//! Each rule is a function from one file to the faults in it, tried on a bad example below.
//! A fault names the place, and what to do instead.

mod catalog;
mod documentation;
mod links;

use std::fs;
use std::path::{Path, PathBuf};

/// Which rooms each room may use, as ARCHITECTURE.md says. `cli` and `daemon` may use all.
const ROOMS: [(&str, &[&str]); 13] = [
    ("model", &[]),
    ("engine", &["model"]),
    ("schedule", &["model", "engine::Pace"]),
    ("probe", &["model", "host::clock", "host::route"]),
    ("metrics", &["model", "engine", "schedule::Skip"]),
    ("history", &["model", "engine", "host::clock"]),
    ("web", &["model", "metrics", "history", "report"]),
    (
        "hook",
        &[
            "model",
            "history",
            "report::words",
            "probe::trust",
            "probe::retry_after",
            "host::clock",
        ],
    ),
    (
        "replay",
        &[
            "model",
            "engine",
            "schedule",
            "config",
            "metrics",
            "report",
            "probe::expect",
            "probe::target",
        ],
    ),
    ("report", &["model"]),
    ("host", &["model"]),
    (
        "config",
        &[
            "model",
            "engine",
            "probe",
            "schedule",
            "host::clock",
            "hook",
            "web::access",
        ],
    ),
    (
        "fuzzing",
        &[
            "cli", "config", "daemon", "history", "host", "metrics", "model", "probe", "replay",
            "report", "web",
        ],
    ),
];

/// Libraries, the rooms that may name them, and what the others use instead.
const LIBRARIES: [(&str, &[&str], &str); 24] = [
    ("hickory_resolver", &["probe"], "the types of `probe::dns`"),
    (
        "rustls",
        &["probe", "web"],
        "`probe::tls`, `probe::trust` and `model::TlsFacts`",
    ),
    ("tokio_rustls", &["probe", "web"], "`probe::tls`"),
    ("webpki", &["probe"], "`probe::tls`"),
    (
        "x509_parser",
        &["probe", "web"],
        "`model::CertificateFacts`",
    ),
    ("h2", &["probe"], "`probe::http`"),
    (
        "hyper::client",
        &["probe", "cli", "hook"],
        "`probe::http`, `cli::client` to ask a daemon, `hook` to tell a program",
    ),
    ("hyper::server", &["web"], "`web`"),
    ("socket2", &["probe"], "`probe::connect`"),
    ("prometheus", &["metrics"], "`metrics::Metrics`"),
    ("toml", &["config", "replay"], "`config::Settings`"),
    ("granit_parser", &["config"], "`config::Settings`"),
    ("bcrypt", &["web"], "`web::access::Hash`"),
    ("ring", &["hook", "web"], "`hook::Secret`"),
    ("rusqlite", &["history"], "`history::History`"),
    (
        "serde_json",
        &[
            "report", "probe", "config", "history", "hook", "web", "replay",
        ],
        "`report::json`",
    ),
    ("tracing_subscriber", &["host"], "`host::logging`"),
    ("tracing_journald", &["host"], "`host::logging`"),
    ("sd_notify", &["host"], "`host::systemd`"),
    ("listenfd", &["host"], "`host::systemd`"),
    ("tokio::signal", &["host", "cli"], "`host::signals`"),
    ("clap", &["cli"], "settings that `cli` hands in"),
    ("cel", &["probe"], "`probe::expect`"),
    (
        "fastrand",
        &["schedule", "daemon", "probe", "fuzzing"],
        "a seed that is passed in",
    ),
];

/// Rooms that know nothing of the outside: no clock, no I/O, no log, no async, no library.
const PURE: [&str; 2] = ["model", "engine"];
/// What even the standard library offers and those rooms do without.
const IMPURE: [&str; 9] = [
    "std::fs",
    "std::io",
    "std::env",
    "std::thread",
    "std::process",
    "std::net::TcpStream",
    "std::net::UdpSocket",
    "std::time::Instant",
    "SystemTime::now",
];

/// Lines of a file of code; two concepts beyond that.
const LONGEST: usize = 450;
/// Lines of a file of tests, which are many small concepts.
const LONGEST_TESTS: usize = 700;

/// A file of the repository.
struct File {
    /// From the root of the repository, with `/`.
    path: String,
    text: String,
}

impl File {
    fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    /// The folder below `src` that it belongs to.
    fn room(&self) -> Option<&str> {
        let (room, _) = self.path.strip_prefix("src/")?.split_once('/')?;
        Some(room)
    }

    fn is_tests(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.starts_with("tests/")
    }

    /// Lines of code with their numbers: no comments, no texts, and no unit tests at the foot.
    fn code(&self) -> impl Iterator<Item = (usize, String)> {
        let lines = self.text.lines().enumerate();
        let of_code = lines.take_while(|(_, line)| !line.starts_with("mod tests {"));
        of_code.map(|(index, line)| (index + 1, bare(line)))
    }
}

/// A line without its comment and without what stands in quotes.
fn bare(line: &str) -> String {
    let mut code = String::new();
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if quoted => {
                chars.next();
            }
            '"' => quoted = !quoted,
            '/' if !quoted && chars.peek() == Some(&'/') => break,
            c if !quoted => code.push(c),
            _ => {}
        }
    }
    code
}

/// The paths below `prefix` that some text of code uses: `crate::a::b` gives `a::b`, and
/// `crate::{a, b::c}` gives both.
fn paths_after(code: &str, prefix: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 1;
            let mut item = String::new();
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 1 => found.push(std::mem::take(&mut item)),
                    c if depth == 1 && !c.is_whitespace() => item.push(c),
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
            }
            found.push(item);
        } else {
            let path = rest
                .chars()
                .take_while(|c| c.is_alphanumeric() || "_:".contains(*c));
            found.push(path.collect());
        }
    }
    found.retain(|path| !path.is_empty());
    found
}

/// Rooms use only the rooms below them.
fn direction(file: &File) -> Vec<String> {
    let Some(room) = file.room() else {
        return Vec::new();
    };
    let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
        return Vec::new();
    };
    let mut faults = Vec::new();
    // Lists go over several lines, so the whole file at once.
    let code: Vec<String> = file.code().map(|(_, line)| line).collect();
    for path in paths_after(&code.join("\n"), "crate::") {
        let within = |base: &str| path == base || path.starts_with(&format!("{base}::"));
        // What a room promises of its readers is said in words that all rooms share, and may be
        // said with the help of another room's promises.
        let is_promise = file.path.ends_with("/fuzz.rs")
            && (within("fuzzing") || path.contains("::fuzz::") || path.ends_with("::fuzz"));
        if within(room) || is_promise || allowed.iter().any(|base| within(base)) {
            continue;
        }
        let instead = match allowed {
            [] => "nothing of the crate: take values in, give values back".to_owned(),
            allowed => format!(
                "only {}, or have `daemon` hand the value in",
                allowed.join(", ")
            ),
        };
        faults.push(format!(
            "{}: `{room}` uses `crate::{path}`; use {instead}",
            file.path
        ));
    }
    faults
}

/// Libraries stay in their rooms.
fn libraries(file: &File) -> Vec<String> {
    let Some(room) = file.room() else {
        return Vec::new();
    };
    let mut faults = Vec::new();
    for (line, code) in file.code() {
        for (library, rooms, instead) in LIBRARIES {
            let named = code.match_indices(&format!("{library}::")).any(|(at, _)| {
                let before = code[..at].chars().next_back();
                !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
            });
            if named && !rooms.contains(&room) {
                let path = &file.path;
                let rooms = rooms.join(", ");
                faults.push(format!(
                    "{path}:{line}: `{library}` belongs to {rooms}; use {instead}"
                ));
            }
        }
    }
    faults
}

/// The pure rooms use the standard library only, and of that nothing that acts.
fn purity(file: &File) -> Vec<String> {
    if !file.room().is_some_and(|room| PURE.contains(&room)) {
        return Vec::new();
    }
    let mut faults = Vec::new();
    for (line, code) in file.code() {
        let instead = "pass a value in (time is a `Moment`) and give one back";
        for impure in IMPURE.iter().filter(|impure| code.contains(**impure)) {
            faults.push(format!("{}:{line}: `{impure}`; {instead}", file.path));
        }
        let used = code.trim_start();
        let used = used.strip_prefix("pub ").unwrap_or(used);
        let Some(path) = used.strip_prefix("use ") else {
            continue;
        };
        let root: String = path
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        // A path without a foreign root begins in the room itself.
        let own = path.starts_with(char::is_uppercase)
            || ["std", "crate", "super", "self"].contains(&root.as_str())
            || file.text.contains(&format!("mod {root};"));
        if !own {
            faults.push(format!(
                "{}:{line}: `{root}` is not std; {instead}",
                file.path
            ));
        }
    }
    faults
}

/// Files say what they are for, and are short.
fn shape(file: &File) -> Vec<String> {
    let mut faults = Vec::new();
    if !file.text.starts_with("//!") {
        faults.push(format!(
            "{}: begins without a `//!` line; say what it is for, why, and its limits",
            file.path
        ));
    }
    let most = if file.is_tests() {
        LONGEST_TESTS
    } else {
        LONGEST
    };
    let lines = file.text.lines().count();
    if lines > most {
        faults.push(format!(
            "{}: {lines} lines, at most {most}; make a file of each concept",
            file.path
        ));
    }
    faults
}

/// Nothing is skipped, and nothing waits by sleeping.
fn manners(file: &File) -> Vec<String> {
    let mut faults = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let line_number = index + 1;
        let code = bare(line);
        if code.trim_start().starts_with("#[ignore") {
            faults.push(format!(
                "{}:{line_number}: an ignored test; have it fail with the name of what is missing",
                file.path
            ));
        }
        if file.room().is_some() && code.contains("thread::sleep") {
            faults.push(format!(
                "{}:{line_number}: `thread::sleep`; use `tokio::time`, which tests can pause",
                file.path
            ));
        }
    }
    faults
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn files() -> Vec<File> {
    let mut files = Vec::new();
    let mut folders = vec![root().join("src"), root().join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder can be read") {
            let path = entry.expect("the folder can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let relative = path.strip_prefix(root()).expect("a path below the root");
                let relative = relative.to_str().expect("a path of plain letters");
                let text = fs::read_to_string(&path).expect("the file can be read");
                files.push(File::new(relative, &text));
            }
        }
    }
    assert!(files.len() > 100, "these are all files");
    files
}

fn check(rule: impl Fn(&File) -> Vec<String>) {
    let faults: Vec<String> = files().iter().flat_map(rule).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn rooms_use_only_the_rooms_below_them() {
    check(direction);
}

#[test]
fn libraries_stay_in_their_rooms() {
    check(libraries);
}

#[test]
fn pure_rooms_are_pure() {
    check(purity);
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    check(shape);
}

#[test]
fn nothing_is_skipped_and_nothing_sleeps() {
    check(manners);
}

#[test]
fn every_room_has_its_rule() {
    for file in files() {
        let Some(room) = file.room() else { continue };
        let known =
            ["cli", "daemon"].contains(&room) || ROOMS.iter().any(|(name, _)| *name == room);
        assert!(
            known,
            "{}: write into ROOMS and ARCHITECTURE.md what `{room}` may use",
            file.path
        );
    }
}

#[test]
fn the_checkers_find_what_is_wrong() {
    let found =
        |rule: fn(&File) -> Vec<String>, path: &str, text: &str| rule(&File::new(path, text)).len();
    let engine = "src/engine/x.rs";
    for (text, faults) in [
        ("use crate::model::State;", 0),
        ("use crate::metrics::Metrics;", 1),
        ("use crate::{model, config::Settings};", 1),
        ("use crate::{\n    model::{State, Role},\n    web,\n};", 1),
        ("fn f() -> crate::probe::Prober {}", 1),
        ("// crate::web is not used", 0),
        ("let text = \"crate::web\";", 0),
        ("use crate::modelling::X;", 1),
        ("mod tests {\n    use crate::host::clock::Clock;\n}", 0),
    ] {
        assert_eq!(found(direction, engine, text), faults, "{text}");
    }
    assert_eq!(
        found(direction, "src/model/x.rs", "use crate::engine::Pace;"),
        1
    );
    assert_eq!(
        found(direction, "src/schedule/x.rs", "use crate::engine::Pace;"),
        0
    );
    assert_eq!(
        found(direction, "src/schedule/x.rs", "use crate::engine::Engine;"),
        1
    );
    assert_eq!(
        found(direction, "src/probe/x.rs", "use crate::config::Settings;"),
        1
    );
    assert_eq!(
        found(direction, "src/daemon/x.rs", "use crate::config::Settings;"),
        0
    );
    for (path, faults) in [("src/model/fuzz.rs", 0), ("src/model/x.rs", 1)] {
        let text = "use crate::fuzzing::sentence;";
        assert_eq!(found(direction, path, text), faults, "{path}");
    }

    for (path, text, faults) in [
        ("src/web/x.rs", "use hyper::server::conn::http1;", 0),
        ("src/probe/x.rs", "use hyper::server::conn::http1;", 1),
        ("src/web/x.rs", "let a = prometheus::Registry::new();", 1),
        ("src/web/x.rs", "use my_prometheus::Registry;", 0),
        ("src/metrics/x.rs", "use prometheus::Registry;", 0),
        ("src/report/x.rs", "use rustls::Error;", 1),
        ("src/report/x.rs", "use tokio_rustls::TlsConnector;", 1),
    ] {
        assert_eq!(found(libraries, path, text), faults, "{path}: {text}");
    }

    for (text, faults) in [
        ("use std::collections::BTreeMap;", 0),
        ("mod group;\npub use group::Group;", 0),
        ("use Verdict::Pass;", 0),
        ("use tokio::time::Instant;", 1),
        ("use std::fs;", 1),
        ("let now = SystemTime::now();", 1),
    ] {
        assert_eq!(found(purity, engine, text), faults, "{text}");
    }
    assert_eq!(
        found(purity, "src/web/x.rs", "use tokio::net::TcpListener;"),
        0
    );

    assert_eq!(found(shape, engine, "use std::fmt;\n"), 1);
    assert_eq!(found(shape, engine, &"//! long\n".repeat(LONGEST + 1)), 1);
    assert_eq!(
        found(
            shape,
            "src/engine/tests.rs",
            &"//! long\n".repeat(LONGEST + 1)
        ),
        0
    );
    assert_eq!(found(manners, "tests/x.rs", "    #[ignore = \"flaky\"]"), 1);
    assert_eq!(found(manners, engine, "    std::thread::sleep(pause);"), 1);
    assert_eq!(
        found(
            manners,
            "tests/x.rs",
            "// no #[ignore] here, nor \"#[ignore]\""
        ),
        0
    );
}
