//! The files under `prometheus/`, read as far as the tests need it.
//!
//! Only the shape that these files have is read, which is all that keeps a YAML parser out of
//! here: a rule begins at six spaces, its keys stand at eight, and theirs at ten.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Whether a rule makes a series or an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Record,
    Alert,
}

/// One rule.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    /// The file's name in `prometheus/rules`.
    pub(crate) file: String,
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) expr: String,
    /// Labels and annotations by name.
    pub(crate) says: BTreeMap<String, String>,
}

/// What a unit test expects of an alert at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Expectation {
    /// The name of the test.
    pub(crate) test: String,
    pub(crate) alert: String,
    pub(crate) fires: bool,
}

/// The repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The files of a folder with an ending, in order.
pub(crate) fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).expect("the folder can be listed");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry can be read").path())
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "{folder} has no .{ending}");
    paths
}

pub(crate) fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Every rule of `prometheus/rules`.
pub(crate) fn rules() -> Vec<Rule> {
    let read = |path: &PathBuf| {
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        read_rules(&file, &read(path))
    };
    files("prometheus/rules", "yml")
        .iter()
        .flat_map(read)
        .collect()
}

/// Every alert of `prometheus/rules`.
pub(crate) fn alerts() -> Vec<Rule> {
    let mut rules = rules();
    rules.retain(|rule| rule.kind == Kind::Alert);
    rules
}

/// What all unit tests of `prometheus/tests` expect of alerts.
pub(crate) fn expectations() -> Vec<Expectation> {
    let mut found = Vec::new();
    for path in files("prometheus/tests", "yml") {
        let mut test = String::new();
        for line in read(path).lines() {
            if let Some(name) = line.strip_prefix("  - name: ") {
                name.clone_into(&mut test);
            }
            if let Some((_, rest)) = line.split_once("alertname: ") {
                let alert = rest.split([',', '}']).next().unwrap_or(rest);
                found.push(Expectation {
                    test: test.clone(),
                    alert: alert.to_owned(),
                    fires: !rest.contains("exp_alerts: []"),
                });
            }
        }
    }
    found
}

fn read_rules(file: &str, text: &str) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut key = String::new();
    for line in text.lines() {
        let depth = line.len() - line.trim_start().len();
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let begun = line
            .strip_prefix("- record: ")
            .map(|name| (Kind::Record, name))
            .or_else(|| {
                line.strip_prefix("- alert: ")
                    .map(|name| (Kind::Alert, name))
            });
        if let Some((kind, name)) = begun {
            rules.push(Rule {
                file: file.to_owned(),
                kind,
                name: name.to_owned(),
                expr: String::new(),
                says: BTreeMap::new(),
            });
            continue;
        }
        let Some(rule) = rules.last_mut() else {
            continue;
        };
        if depth < 8 {
            // The next group begins.
            key.clear();
            continue;
        }
        let (value, more) = match line.split_once(':') {
            Some((name, value)) if depth == 8 || (depth == 10 && key != "expr") => {
                name.clone_into(&mut key);
                (value.trim(), false)
            }
            _ => (line, true),
        };
        let value = if matches!(value, "|" | ">-") {
            ""
        } else {
            value
        };
        let target = if key == "expr" {
            &mut rule.expr
        } else {
            rule.says.entry(key.clone()).or_default()
        };
        if more && !target.is_empty() {
            target.push('\n');
        }
        target.push_str(value);
    }
    rules
}

#[test]
fn rules_are_read_with_what_they_say() {
    let text = "groups:
  - name: g
    # A comment.
    interval: 2m
    rules:
      - record: a:b:c
        expr: vector(1)
      - alert: A
        expr: |
          a:b:c
          > 0
        for: 1m
        labels:
          severity: info
        annotations:
          summary: >-
            First: this,
            then that.
          dashboard: d
  - name: h
    rules:
      - record: d:e:f
        expr: x{y=\"z\"}
";
    let rules = read_rules("f.yml", text);
    let seen: Vec<(Kind, &str, &str)> = rules
        .iter()
        .map(|rule| (rule.kind, &*rule.name, &*rule.expr))
        .collect();
    assert_eq!(
        seen,
        [
            (Kind::Record, "a:b:c", "vector(1)"),
            (Kind::Alert, "A", "a:b:c\n> 0"),
            (Kind::Record, "d:e:f", "x{y=\"z\"}"),
        ]
    );
    let says = &rules[1].says;
    assert_eq!(says["summary"], "First: this,\nthen that.");
    assert_eq!(says["severity"], "info");
    assert_eq!(says["dashboard"], "d");
    assert_eq!(says["for"], "1m");
}
