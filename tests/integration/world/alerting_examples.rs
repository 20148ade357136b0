//! The configurations that `docs/scale-out.md` shows are those that are shipped and tested.

use std::path::Path;
use std::process::Command;

use super::alerting_servers::{commands, shipped};
use super::namespace::{must, need};
use super::*;

const PAGE: &str = "docs/scale-out.md";

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    std::fs::read_to_string(path).expect("the page is there")
}

#[test]
fn every_configuration_that_the_page_on_several_vantage_points_shows_is_a_shipped_file() {
    let page = page();
    let mut shown = BTreeSet::new();
    for (before, after) in blocks(&page, "yaml") {
        let name = before
            .trim_end()
            .lines()
            .last()
            .and_then(|line| line.strip_prefix("<!-- prometheus/"))
            .and_then(|line| line.strip_suffix(" -->"))
            .unwrap_or_else(|| panic!("{PAGE}: a block without the name of its file:\n{after}"));
        assert_eq!(after, shipped(name), "{PAGE} shows another {name}");
        shown.insert(name.to_owned());
    }
    assert_eq!(
        shown,
        set(["central.yml", "federate.yml", "receive.yml", "vantage.yml"])
    );
}

#[test]
fn the_share_is_edited_where_the_page_on_several_vantage_points_says() {
    let page = page();
    let rules = shipped("rules/quorum.yml");
    let shown = blocks(&page, "text")
        .into_iter()
        .map(|(_, block)| block)
        .find(|block| block.contains("bascule:quorum:share"))
        .expect("the page shows the share");
    let lines: Vec<&str> = shown
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim_end())
        .collect();
    assert!(rules.contains(&lines.join("\n")), "{lines:?}");
}

#[test]
fn every_command_that_the_page_on_several_vantage_points_shows_is_one_that_a_test_runs() {
    // In the tests of vantage points the first four, in the test of the pair the rest.
    let run = [
        "prometheus --enable-feature=agent",
        "prometheus --web.enable-remote-write-receiver",
        "victoria-metrics",
        "vmalert",
        "prometheus-alertmanager",
        "prometheus-alertmanager",
    ];
    let shown: Vec<String> = commands(&page())
        .iter()
        .map(|words| match words[0].as_str() {
            "prometheus" => words[..2].join(" "),
            _ => words[0].clone(),
        })
        .collect();
    assert_eq!(shown, run);
}

#[test]
fn promtool_accepts_every_configuration_of_prometheus() {
    let promtool = need("promtool", "prometheus");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("prometheus");
    for (name, more) in [
        ("central.yml", None),
        ("federate.yml", None),
        ("receive.yml", None),
        ("vantage.yml", Some("--agent")),
    ] {
        must(
            Command::new(&promtool)
                .args(["check", "config"])
                .args(more)
                .arg(folder.join(name)),
        );
    }
}

/// The fenced blocks of a kind: what stands before each, and what is in it.
fn blocks<'a>(page: &'a str, kind: &str) -> Vec<(&'a str, &'a str)> {
    let fence = format!("```{kind}\n");
    page.match_indices(&fence)
        .map(|(at, _)| {
            let rest = &page[at + fence.len()..];
            let end = rest.find("```").expect("a block ends");
            (&page[..at], &rest[..end])
        })
        .collect()
}
