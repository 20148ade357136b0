//! `docs/api.md` against the listener: its examples are the answers of the scene, and its tables
//! have a row for every field and for nothing else.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use super::scene::{Scene, now};

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/api.md");
const REFRESH: &str = "BASCULE_REFRESH=1 cargo test --test integration documented";

/// The heading of each document, and the request of its example.
const DOCUMENTS: [(&str, &str); 7] = [
    ("/status.json", "/status.json"),
    ("/api/v1/networks", "/api/v1/networks"),
    ("/api/v1/groups", "/api/v1/groups"),
    (
        "/api/v1/outages",
        "/api/v1/outages?since=7d&limit=1&evidence=true",
    ),
    ("/api/v1/events", "/api/v1/events?after=42"),
    ("/api/v1/availability", "/api/v1/availability"),
    (
        "/api/v1/endpoints/{network}/{endpoint}",
        "/api/v1/endpoints/x/web",
    ),
];

/// Rows that stand for everything below them, because it is described elsewhere.
const ELSEWHERE: [(&str, &str); 4] = [
    ("/status.json", "groups[]"),
    ("/status.json", "networks[]"),
    ("/api/v1/outages", "outages[].evidence"),
    ("/api/v1/endpoints/{network}/{endpoint}", "evidence"),
];

/// The scene without rounds, which are told elsewhere; and with all facts that a group can have.
fn scene(everything: bool) -> Scene {
    let mut scene = Scene::new();
    for last in scene.rounds.values_mut() {
        last.rounds.clear();
    }
    if everything {
        let group = scene.group();
        group.failback_due = Some(("x".into(), now()));
        group.pinned = Some(("x".into(), now()));
    }
    scene
}

#[test]
fn the_examples_are_what_the_listener_answers() {
    let listener = scene(false).listen();
    let written = std::fs::read_to_string(DOCS).expect("docs/api.md can be read");
    let mut fresh = written.clone();
    for (heading, request) in DOCUMENTS {
        let mut example = listener.json(request);
        let networks = example.get_mut("networks").and_then(Value::as_array_mut);
        if let Some(networks) = networks {
            networks.truncate(1);
        }
        for spans in ["hours", "days"] {
            let states = example.pointer_mut(&format!("/networks/0/{spans}/state_seconds"));
            let states = states.and_then(Value::as_object_mut).into_iter().flatten();
            for times in states.filter_map(|(_, times)| times.as_array_mut()) {
                times.drain(..times.len() - 4);
            }
        }
        let example = laid_out(&example, 0);
        let (from, to) = example_of(&fresh, heading);
        fresh.replace_range(from..to, &format!("{example}\n"));
    }
    if std::env::var_os("BASCULE_REFRESH").is_some() {
        std::fs::write(DOCS, fresh).expect("docs/api.md can be written");
        return;
    }
    let lines = written.lines().zip(fresh.lines());
    let differs = lines.into_iter().find(|(old, new)| old != new);
    assert!(
        written == fresh,
        "docs/api.md: an example is not the answer, first at {differs:?}; run {REFRESH}"
    );
}

#[test]
fn the_tables_have_a_row_for_every_field() {
    let listener = scene(true).listen();
    let docs = std::fs::read_to_string(DOCS).expect("docs/api.md can be read");
    let common = rows(section(&docs, "Every document"));
    for (heading, request) in DOCUMENTS {
        let mut rows = rows(section(&docs, heading));
        rows.extend(common.iter().cloned());
        let mut paths = BTreeSet::new();
        collect(&listener.json(request), String::new(), &mut paths);
        let elsewhere: Vec<&str> = ELSEWHERE
            .iter()
            .filter(|(at, _)| *at == heading)
            .map(|(_, path)| *path)
            .collect();
        paths.retain(|path| {
            !elsewhere
                .iter()
                .any(|above| path.starts_with(&format!("{above}.")))
        });
        assert_eq!(rows, paths, "{heading} in docs/api.md");
    }
}

/// The text under a heading, up to the next one.
fn section<'a>(docs: &'a str, heading: &str) -> &'a str {
    let code = format!("\n## `{heading}`\n");
    let words = format!("\n## {heading}\n");
    let from = docs.find(&code).or_else(|| docs.find(&words));
    let from = from.unwrap_or_else(|| panic!("docs/api.md: no heading `{heading}`"));
    let rest = &docs[from + 3..];
    &rest[..rest.find("\n## ").unwrap_or(rest.len())]
}

/// Where the example under a heading begins and ends.
fn example_of(docs: &str, heading: &str) -> (usize, usize) {
    const FENCE: &str = "```json\n";
    let section = section(docs, heading);
    let start = section.as_ptr() as usize - docs.as_ptr() as usize;
    let from = section.find(FENCE).expect("an example") + FENCE.len();
    let to = from + section[from..].find("```").expect("its end");
    (start + from, start + to)
}

/// The first cell of each row of the tables.
fn rows(section: &str) -> BTreeSet<String> {
    let rows = section.lines().filter_map(|line| {
        let (path, _) = line.strip_prefix("| `")?.split_once('`')?;
        (!path.starts_with('?')).then(|| path.to_owned())
    });
    rows.collect()
}

/// Paths of all fields: `networks[].outage.id`.
fn collect(value: &Value, path: String, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let dot = if path.is_empty() { "" } else { "." };
                collect(value, format!("{path}{dot}{key}"), into);
            }
            // Objects have no row of their own, but for those that can be absent.
            if path.ends_with("evidence") || nullable(&path) {
                into.insert(path);
            }
        }
        Value::Array(items) => {
            let path = format!("{path}[]");
            for item in items {
                collect(item, path.clone(), into);
            }
            into.insert(path);
        }
        _ => {
            into.insert(path);
        }
    }
}

fn nullable(path: &str) -> bool {
    ["outage", "failback_due", "pinned"]
        .iter()
        .any(|name| path.rsplit('.').next() == Some(name))
}

/// JSON for people: on one line what fits there.
fn laid_out(value: &Value, indent: usize) -> String {
    const WIDTH: usize = 100;
    let line = on_one_line(value);
    if indent + line.len() <= WIDTH {
        return line;
    }
    let inner = indent + 2;
    let items: Vec<String> = match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| format!("\"{key}\": {}", laid_out(value, inner)))
            .collect(),
        Value::Array(items) => items.iter().map(|item| laid_out(item, inner)).collect(),
        _ => return line,
    };
    let (open, close) = if value.is_array() {
        ('[', ']')
    } else {
        ('{', '}')
    };
    let mut out = String::from(open);
    for (index, item) in items.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = write!(out, "{comma}\n{:inner$}{item}", "");
    }
    let _ = write!(out, "\n{:indent$}{close}", "");
    out
}

fn on_one_line(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(key, value)| format!("\"{key}\": {}", on_one_line(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            let items = items.iter().map(on_one_line);
            format!("[{}]", items.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}
