//! `config.example.toml`: complete, true, and a quarry for mutations.

use toml::{Table, Value};

use super::{bad, good};
use bascule::config::keys;

const EXAMPLE: &str = include_str!("../../../config.example.toml");

/// The example with its commented keys switched on. It need not load: some exclude each other.
fn complete() -> Table {
    let line = |line: &str| {
        let key = line
            .strip_prefix("# ")
            .and_then(|rest| rest.split_once(" = "));
        let is_key = |(key, _): (&str, &str)| {
            key.chars()
                .all(|c| c.is_ascii_lowercase() || c == '_' || c == '.')
        };
        match line.strip_prefix("# ") {
            Some(rest) if key.is_some_and(is_key) => rest.to_owned(),
            _ => line.to_owned(),
        }
    };
    let lines: Vec<String> = EXAMPLE.lines().map(line).collect();
    lines.join("\n").parse().unwrap()
}

/// Calls with the path of every table and every other value.
fn walk(value: &Value, path: &mut Vec<String>, visit: &mut impl FnMut(&[String], &Value)) {
    visit(path, value);
    let below: Vec<(String, &Value)> = match value {
        Value::Table(table) => table.iter().map(|(k, v)| (k.clone(), v)).collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| (index.to_string(), item))
            .collect(),
        _ => return,
    };
    for (key, value) in below {
        path.push(key);
        walk(value, path, visit);
        path.pop();
    }
}

fn at<'a>(root: &'a mut Value, path: &[String]) -> &'a mut Value {
    path.iter().fold(root, |value, key| match value {
        Value::Array(items) => &mut items[key.parse::<usize>().unwrap()],
        value => value.get_mut(key.as_str()).unwrap(),
    })
}

fn paths(root: &Value, wanted: impl Fn(&Value) -> bool) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    walk(root, &mut Vec::new(), &mut |path, value| {
        if wanted(value) {
            found.push(path.to_vec());
        }
    });
    found
}

#[test]
fn the_example_loads_as_it_is_and_is_a_fixed_point() {
    let loaded = good(EXAMPLE);
    let names: Vec<&str> = loaded
        .settings
        .plan
        .networks
        .iter()
        .map(|n| &*n.name)
        .collect();
    assert_eq!(names, ["x", "mastodon", "website", "bluesky"]);
    assert_eq!(loaded.settings.warnings, []);
    assert_eq!(good(&loaded.resolved).resolved, loaded.resolved);
}

#[test]
fn the_example_has_every_key_of_every_table() {
    let root = Value::Table(complete());
    for (table, keys) in keys() {
        let mut tables = vec![&root];
        let steps: Vec<&str> = match table {
            "" => vec![],
            "web" | "history" | "probe" | "group" | "uplink" | "maintenance" | "webhook"
            | "notice" => {
                vec![table]
            }
            "group.pin" => vec!["group", "pin"],
            "network" => vec!["network", "*"],
            below => ["network", "*"]
                .into_iter()
                .chain(below.split('.'))
                .collect(),
        };
        for step in steps {
            tables = tables
                .into_iter()
                .flat_map(|value| match (step, value) {
                    ("*", Value::Table(table)) => table.values().collect(),
                    _ => value.get(step).into_iter().collect::<Vec<_>>(),
                })
                .flat_map(|value| match value {
                    Value::Array(items) => items.iter().collect(),
                    value => vec![value],
                })
                .collect();
        }
        for key in keys {
            assert!(
                tables.iter().any(|t| t.get(key).is_some()),
                "config.example.toml says nothing of `{key}` in `{table}`"
            );
        }
    }
}

#[test]
fn the_defaults_in_the_example_are_those_of_the_code() {
    let minimal = r#"
[network.x]
preset = "x"
[[network.x.tls]]
name = "media"
enabled = false
[network.mastodon]
instances = ["mastodon.social", "mstdn.social"]
quorum = 1
[network.website]
title = "City website"
profile = "https://metropole.example/"
failure_domains = ["our-datacentre"]
[[network.website.http]]
name = "front"
url = "https://metropole.example/"
[[network.website.http]]
name = "api"
url = "https://api.metropole.example/health"
expect.header_matches = [{ name = "content-type", pattern = "json" }]
[[network.website.tls]]
name = "certificate"
host = "metropole.example"
[[network.website.tcp]]
name = "mail"
address = "mx.metropole.example:25"
[[network.website.dns]]
name = "zone"
query = "metropole.example"
[[group]]
name = "crisis"
networks = ["x", "bluesky", "mastodon", "website"]
[[maintenance]]
networks = ["website"]
from = 2035-12-01T22:00:00Z
until = 2035-12-01T23:30:00Z
[[webhook]]
name = "banner"
url = "http://127.0.0.1:8080/hooks/channel"

[[notice]]
text = { en = "We also post on Bluesky.", fr = "Nous publions aussi sur Bluesky." }
until = 2035-12-01T22:00:00Z
"#;
    let (example, minimal) = (good(EXAMPLE), good(minimal));
    // allow_missing is the one key of an inline table, and is printed only where it is written.
    let written = example.resolved.replace(", allow_missing = false", "");
    assert_eq!(written, minimal.resolved);
    assert_eq!(example.settings.web, minimal.settings.web);
    assert_eq!(example.settings.uplink, minimal.settings.uplink);
}

#[test]
fn a_stray_key_is_refused_in_every_table() {
    let root = Value::Table(complete());
    let tables = paths(&root, Value::is_table);
    assert_eq!(tables.len(), 31);
    for path in tables {
        let mut mutated = root.clone();
        let table = at(&mut mutated, &path).as_table_mut().unwrap();
        table.insert("stray_key".into(), Value::Boolean(true));
        let text = toml::to_string(&mutated).unwrap();
        let line = 1 + text.lines().position(|l| l.contains("stray_key")).unwrap();
        let told = bad(&text);
        // Networks, headers and languages have names of the user's choice, but not values of any type.
        let free = path
            .last()
            .is_some_and(|p| ["network", "headers", "text"].contains(&&**p));
        let sentence = if free {
            "stray_key: must be a"
        } else {
            "stray_key: unknown key `stray_key`"
        };
        assert!(
            told.lines()
                .any(|l| l.starts_with(&format!("test.toml:{line}: ")) && l.contains(sentence)),
            "{path:?} line {line}:\n{told}"
        );
    }
}

#[test]
fn a_value_of_the_wrong_type_is_refused_at_every_key() {
    let root = Value::Table(complete());
    let date = Value::Datetime("1979-05-27".parse().unwrap());
    for path in paths(&root, |_| true) {
        if path.is_empty() {
            continue;
        }
        let mut mutated = root.clone();
        *at(&mut mutated, &path) = date.clone();
        let text = toml::to_string(&mutated).unwrap();
        let line = 1 + text.lines().position(|l| l.contains("1979-05-27")).unwrap();
        let told = bad(&text);
        assert!(
            told.lines()
                .any(|l| l.starts_with(&format!("test.toml:{line}: "))
                    && l.contains("not a datetime")),
            "{path:?} line {line}:\n{told}"
        );
    }
}

#[test]
fn a_word_that_is_not_in_its_closed_list_is_refused() {
    let root = Value::Table(complete());
    for (key, word) in [
        ("metrics", "leann"),
        ("families", "ipv5"),
        ("http_versions", "3"),
        ("min_version", "1.4"),
        ("rcode", "NXDOMIAN"),
        ("type", "AAAAA"),
        ("status", "2xy"),
        ("method", "get"),
        ("resolvers", "sytem"),
        ("canaries", "udp://1"),
        ("gateway", "atuo"),
        ("until", "tomorrow"),
    ] {
        let hit = |path: &Vec<String>| path.iter().rev().take(2).any(|step| step == key);
        let words = paths(&root, Value::is_str);
        let words: Vec<_> = words.into_iter().filter(hit).collect();
        assert!(!words.is_empty(), "{key}");
        for path in words {
            let mut mutated = root.clone();
            *at(&mut mutated, &path) = Value::String(word.into());
            let told = bad(&toml::to_string(&mutated).unwrap());
            assert!(told.contains(&format!("`{word}`")), "{path:?}:\n{told}");
        }
    }
}
