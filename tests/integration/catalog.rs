//! The catalog as data: what every file must say, whoever adds the next network.
//!
//! Mostly read as plain text and TOML, with other eyes than the daemon's; the last tests ask the
//! daemon's own loader.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use bascule::config::{Environment, Loaded, load_text};
use toml::{Table, Value};

use crate::world::catalog::{default_order, entries, files};

#[test]
fn the_networks_on_by_default_are_these_in_this_order() {
    assert_eq!(
        default_order(),
        [
            "x",
            "bluesky",
            "mastodon",
            "threads",
            "linkedin",
            "facebook",
            "instagram",
            "youtube"
        ]
    );
}

#[test]
fn every_file_has_a_title_a_home_page_a_place_in_the_order_and_failure_domains() {
    let mut places = BTreeMap::new();
    for (network, file) in tables() {
        assert!(file["title"].is_str(), "{network}");
        let home = file["home"].as_str().expect("a home page");
        assert!(home.starts_with("https://"), "{network}: {home}");
        assert!(!domains(&file).is_empty(), "{network}");
        let place = file["order"].as_integer().expect("a place");
        if let Some(other) = places.insert(place, network.clone()) {
            panic!("{network} and {other} share the place {place}");
        }
    }
}

#[test]
fn what_the_edge_of_x_says_to_unknown_agents_is_a_wall_at_every_door() {
    let tables = tables();
    let (_, file) = tables.iter().find(|(name, _)| name == "x").expect("x.toml");
    for endpoint in file["http"].as_array().expect("http endpoints") {
        let name = &endpoint["name"];
        let walls = endpoint["restricted"]["status"].as_array().expect("walls");
        // The short links say 400 in good health.
        let fine = endpoint.get("expect").and_then(|it| it.get("status"));
        let fine = fine
            .and_then(Value::as_array)
            .is_some_and(|it| it.contains(&Value::Integer(400)));
        for wall in [400, 402, 403] {
            let known = walls.contains(&Value::Integer(wall)) || (wall == 400 && fine);
            assert!(known, "{name}: {wall}");
        }
    }
}

#[test]
fn metas_networks_fall_together_and_so_do_those_behind_cloudflare() {
    let members = |domain: &str| -> BTreeSet<String> {
        tables()
            .into_iter()
            .filter(|(_, file)| domains(file).iter().any(|name| name == domain))
            .map(|(network, _)| network)
            .collect()
    };
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let meta: BTreeSet<String> = set(&["facebook", "instagram", "threads", "whatsapp"]);
    assert_eq!(members("meta"), meta);
    let cloudflare: BTreeSet<String> = set(&["x", "linkedin", "discord"]);
    assert_eq!(members("cloudflare"), cloudflare);
}

#[test]
fn every_endpoint_has_its_evidence_in_the_comment_above_it_and_what_is_unsure_never_counts() {
    for (network, text) in files() {
        let mut comment: Vec<&str> = Vec::new();
        let mut evidence = Vec::new();
        for line in text.lines() {
            if line.starts_with('#') {
                comment.push(line);
            } else {
                if line.starts_with("[[") {
                    let tag = comment.first().and_then(|first| {
                        ["V", "W", "U"]
                            .into_iter()
                            .find(|tag| first.starts_with(&format!("# [{tag}] ")))
                    });
                    let Some(tag) = tag else {
                        panic!("catalog/{network}.toml: no tag [V], [W] or [U] above {line}");
                    };
                    evidence.push(tag);
                }
                comment.clear();
            }
        }
        let mut unsure = 0;
        let blocks = text.split("\n[[").skip(1);
        for (tag, block) in evidence.iter().zip(blocks) {
            if *tag == "U" {
                unsure += 1;
                assert!(
                    block.contains("\nweight = 0\n"),
                    "catalog/{network}.toml: unsure, and counted: [[{block}"
                );
            }
        }
        let endpoints = text.matches("\n[[").count();
        assert_eq!(evidence.len(), endpoints, "catalog/{network}.toml");
        assert!(unsure < endpoints, "catalog/{network}.toml is all guesses");
    }
}

#[test]
fn what_counts_is_asked_every_minute_or_two_and_never_in_bursts() {
    let files: BTreeMap<String, Table> = tables().into_iter().collect();
    let minute = Duration::from_secs(60);
    for entry in entries() {
        let of = |key: &str, default: u64| {
            let value = entry
                .table
                .get(key)
                .or_else(|| files[&entry.network].get(key));
            value.and_then(Value::as_str).map_or_else(
                || Duration::from_secs(default),
                |text| humantime::parse_duration(text).expect("a duration"),
            )
        };
        let name = format!("{}/{}", entry.network, entry.name);
        let interval = of("interval", 60);
        if entry.weight > 0 {
            assert!(
                (minute..=2 * minute).contains(&interval),
                "{name}: every {interval:?}"
            );
        } else {
            assert!(interval >= minute, "{name}: every {interval:?}");
        }
        let recheck = of("recheck_interval", 5);
        assert!(recheck >= Duration::from_secs(10), "{name}: {recheck:?}");
        assert!(recheck <= Duration::from_secs(20), "{name}: {recheck:?}");
        assert!(of("down_interval", 15) >= recheck, "{name}");
    }
}

#[test]
fn every_network_counts_a_page_or_a_name_and_a_quorum_that_can_be_reached_and_missed() {
    for (network, file) in tables() {
        let counted: Vec<_> = entries()
            .into_iter()
            .filter(|entry| entry.network == network && entry.enabled && entry.weight > 0)
            .collect();
        assert!(
            counted
                .iter()
                .any(|entry| entry.kind == "http" || entry.kind == "dns"),
            "{network}"
        );
        let weight: i64 = counted.iter().map(|entry| entry.weight).sum();
        let quorum = file["quorum"].as_integer().expect("a quorum");
        assert!(
            (1..=weight).contains(&quorum),
            "{network}: {quorum} of {weight}"
        );
        let required = counted
            .iter()
            .any(|entry| entry.table.get("required") == Some(&Value::Boolean(true)));
        // One of several must be able to fail without the network going down with it.
        assert!(
            required || quorum < weight,
            "{network}: {quorum} of {weight}"
        );
    }
}

#[test]
fn an_http_endpoint_says_which_answers_are_walls_and_has_room_for_a_growing_page() {
    for entry in entries().iter().filter(|entry| entry.kind == "http") {
        let name = format!("{}/{}", entry.network, entry.name);
        if entry.name == "vendor-status" {
            continue; // A page for the public: it has no wall that anybody knows of.
        }
        let walls = entry.table.get("restricted").and_then(Value::as_table);
        let walls = walls.is_some_and(|table| {
            let list = |key: &str| table.get(key).and_then(Value::as_array);
            list("status").is_some_and(|codes| !codes.is_empty())
        });
        assert!(walls, "{name} names no walls");
        let headers = entry.table.get("headers").and_then(Value::as_table);
        let page = headers.and_then(|table| table.get("Accept")?.as_str()) == Some("text/html");
        if page {
            assert_eq!(entry.table["max_body"].as_str(), Some("4MiB"), "{name}");
        }
    }
}

#[test]
fn the_loader_takes_every_network_as_it_is_and_warns_of_nothing() {
    let loaded = load("");
    assert_eq!(loaded.settings.warnings, []);
    assert_eq!(loaded.settings.networks.len(), 8);

    let mut config = String::new();
    for (network, _) in files() {
        let _ = writeln!(config, "[network.{network}]\npreset = \"{network}\"");
    }
    let loaded = load(&config);
    assert_eq!(loaded.settings.warnings, []);
    let enabled = entries().iter().filter(|entry| entry.enabled).count();
    assert_eq!(loaded.settings.endpoints.len(), enabled);
}

#[test]
fn the_loader_takes_the_endpoints_that_are_off_too_once_they_are_switched_on() {
    let mut config = String::new();
    for (network, _) in files() {
        let _ = writeln!(config, "[network.{network}]\npreset = \"{network}\"");
        for entry in entries() {
            if entry.network == network && !entry.enabled {
                let (kind, name) = (entry.kind, &entry.name);
                let _ = writeln!(
                    config,
                    "[[network.{network}.{kind}]]\nname = \"{name}\"\nenabled = true"
                );
            }
        }
    }
    assert_eq!(load(&config).settings.endpoints.len(), entries().len());
}

fn load(config: &str) -> Loaded {
    let environment = Environment::of_this_process();
    load_text("test.toml", Path::new("/"), config, &environment)
        .unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn tables() -> Vec<(String, Table)> {
    files()
        .into_iter()
        .map(|(network, text)| {
            let table = text
                .parse()
                .unwrap_or_else(|e| panic!("catalog/{network}.toml: {e}"));
            (network, table)
        })
        .collect()
}

fn domains(file: &Table) -> Vec<String> {
    let list = file.get("failure_domains").and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect()
}
