//! Links between the documents lead somewhere: to a file that is there, and to a heading of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::root;

/// The text without what stands in fences.
fn prose(text: &str) -> String {
    let parts = text.split("```").step_by(2);
    parts.collect()
}

/// Where the links of a document lead.
fn links(text: &str) -> Vec<String> {
    let prose = prose(text);
    let mut parts = prose.split("](");
    parts.next();
    parts
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.to_owned())
        .filter(|target| !target.contains("://") && !target.contains(char::is_whitespace))
        .collect()
}

/// The names that headings have as targets of links.
fn headings(text: &str) -> BTreeSet<String> {
    let prose = prose(text);
    let lines = prose.lines().filter(|line| line.starts_with('#'));
    lines
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = title
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

/// The links of a document that lead nowhere.
fn dead(document: &Path, text: &str) -> Vec<String> {
    let is_dead = |target: &String| {
        let (file, heading) = target.split_once('#').unwrap_or((target, ""));
        let path = match file {
            "" => document.to_owned(),
            file => document.with_file_name("").join(file),
        };
        let wanted = (!heading.is_empty()).then_some(heading);
        match (path.exists(), wanted) {
            (false, _) => true,
            (true, None) => false,
            (true, Some(heading)) => {
                let there = fs::read_to_string(&path).unwrap_or_default();
                !headings(&there).contains(heading)
            }
        }
    };
    let dead = links(text).into_iter().filter(is_dead);
    dead.map(|target| format!("{}: {target} leads nowhere", document.display()))
        .collect()
}

fn documents() -> Vec<PathBuf> {
    let folders = [root(), root().join("docs")];
    let mut found = Vec::new();
    for folder in folders {
        let entries = fs::read_dir(&folder).expect("the folder can be read");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        found.extend(paths.filter(|path| path.extension().is_some_and(|it| it == "md")));
    }
    found
}

#[test]
fn links_between_documents_lead_somewhere() {
    let documents = documents();
    assert!(documents.len() > 20, "{documents:?}");
    let faults: Vec<String> = documents
        .iter()
        .flat_map(|path| dead(path, &fs::read_to_string(path).expect("it can be read")))
        .collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let text = "[a](webhook.md) [b](webhook.md#headers) [c](https://x.example/nowhere)\n\
                ```\n[d](nowhere.md)\n```\n[e](nowhere.md) ![f](webhook.md#no-such) [g](#none)\n";
    let document = root().join("docs/README.md");
    let faults = dead(&document, text);
    let ends: Vec<&str> = faults
        .iter()
        .filter_map(|fault| fault.split_once(": ").map(|(_, rest)| rest))
        .collect();
    let expected = ["nowhere.md", "webhook.md#no-such", "#none"];
    assert_eq!(ends, expected.map(|it| format!("{it} leads nowhere")));
}
