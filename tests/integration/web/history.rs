//! The documents of the history: pages, gaps, and what is said when it cannot be read.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::scene::{Scene, wall};

fn numbers(document: &Value, list: &str, key: &str) -> Vec<u64> {
    let rows = document[list].as_array().expect("a list").iter();
    rows.map(|row| row[key].as_u64().expect("a number"))
        .collect()
}

#[test]
fn outages_come_with_the_newest_first_and_a_running_one_goes_on() {
    let document = Scene::new().listen().json("/api/v1/outages");
    assert_eq!(document["next"], Value::Null);
    assert_eq!(
        document["outages"],
        json!([
            {
                "id": 7, "network": "x", "state": "running",
                "started": "2026-05-24T12:59:30.120Z", "confirmed": "2026-05-24T12:59:42.000Z",
                "ended": null, "duration_seconds": 571.88, "layer": "tls",
                "reason": "tls_expired", "detail": "certificate expired 3 days ago",
                "endpoint": "web", "evidence": null,
            },
            {
                "id": 6, "network": "bluesky", "state": "ended",
                "started": "2026-05-23T11:09:12.000Z", "confirmed": "2026-05-23T11:09:52.000Z",
                "ended": "2026-05-23T12:34:12.000Z", "duration_seconds": 5100.0, "layer": "dns",
                "reason": "dns_servfail", "detail": "system answers SERVFAIL",
                "endpoint": "appview", "evidence": null,
            },
        ])
    );
}

#[test]
fn an_open_outage_that_nobody_knows_of_any_more_is_forgotten() {
    let mut scene = Scene::all_is_well();
    scene.outages[0].duration = Duration::from_secs(12);
    let document = scene.listen().json("/api/v1/outages");
    assert_eq!(document["outages"][0]["state"], "forgotten");
    assert_eq!(document["outages"][0]["duration_seconds"], 12.0);
}

#[test]
fn evidence_comes_when_asked_for_as_it_was_kept() {
    let document = Scene::new().listen().json("/api/v1/outages?evidence=true");
    let evidence = &document["outages"][0]["evidence"];
    let kept = Scene::new().outages[0].evidence.clone();
    assert_eq!(Some(evidence.to_string()), kept);
    assert_eq!(document["outages"][1]["evidence"], Value::Null);
}

#[test]
fn the_parameters_reach_the_history() {
    let scene = Scene::new();
    let asked = Arc::clone(&scene.asked);
    let listener = scene.listen();
    let path = "/api/v1/outages?since=1d&network=bluesky&limit=5&before=7";
    assert!(numbers(&listener.json(path), "outages", "id").is_empty());
    let path = "/api/v1/outages?since=30h&network=bluesky&limit=5&before=7";
    assert_eq!(numbers(&listener.json(path), "outages", "id"), [6]);
    let wanted = asked.lock().unwrap().pop().expect("it was asked");
    assert_eq!(wanted.since, Some(wall() - Duration::from_secs(30 * 3_600)));
    assert_eq!(wanted.limit, 5);
    listener.json("/api/v1/outages?since=1000000d");
    let wanted = asked.lock().unwrap().pop().expect("it was asked");
    assert_eq!(wanted.since, Some(std::time::SystemTime::UNIX_EPOCH));
    // Evidence is some kilobytes each.
    listener.json("/api/v1/outages?limit=1000&evidence=true");
    let wanted = asked.lock().unwrap().pop().expect("it was asked");
    assert_eq!(wanted.limit, 100);
}

#[test]
fn a_reader_of_outages_goes_on_where_the_page_ended() {
    let listener = Scene::new().listen();
    let first = listener.json("/api/v1/outages?limit=1");
    assert_eq!(numbers(&first, "outages", "id"), [7]);
    assert_eq!(first["next"], 7);
    let second = listener.json("/api/v1/outages?limit=1&before=7");
    assert_eq!(numbers(&second, "outages", "id"), [6]);
    let third = listener.json("/api/v1/outages?limit=1&before=6");
    assert!(numbers(&third, "outages", "id").is_empty());
    assert_eq!(third["next"], Value::Null);
}

/// Whether the history holds the one that runs, or cannot write it.
#[test]
fn an_old_outage_that_still_runs_hides_no_newer_one() {
    for written in [true, false] {
        let mut scene = Scene::new();
        let mut newest = scene.outages[1].clone();
        newest.id = 9;
        scene.outages.insert(0, newest);
        scene.outages.retain(|row| written || row.id != 7);
        let listener = scene.listen();
        let mut path = "/api/v1/outages?limit=1".to_owned();
        for id in [9, 7, 6] {
            let page = listener.json(&path);
            assert_eq!(numbers(&page, "outages", "id"), [id], "{written}");
            path = format!("/api/v1/outages?limit=1&before={}", page["next"]);
        }
        let all = listener.json("/api/v1/outages?limit=3");
        assert_eq!(numbers(&all, "outages", "id"), [9, 7, 6], "{written}");
    }
}

#[test]
fn a_reader_of_events_goes_on_where_he_stopped_and_can_see_a_gap() {
    let listener = Scene::new().listen();
    let first = listener.json("/api/v1/events?limit=2");
    assert_eq!(numbers(&first, "events", "seq"), [41, 42]);
    assert_eq!((&first["next"], &first["oldest"]), (&json!(42), &json!(41)));
    let second = listener.json("/api/v1/events?after=42&limit=2");
    assert_eq!(numbers(&second, "events", "seq"), [44]);
    let third = listener.json("/api/v1/events?after=44");
    assert!(numbers(&third, "events", "seq").is_empty());
    assert_eq!(third["next"], 44);
}

#[test]
fn an_event_has_all_its_facts() {
    let events = Scene::new().listen().json("/api/v1/events");
    assert_eq!(
        events["events"][1],
        json!({
            "seq": 42, "at": "2026-05-24T12:59:42.000Z", "kind": "outage_started",
            "network": "x", "endpoint": null, "group": null, "from": null, "to": null,
            "layer": "tls", "reason": "tls_expired", "text": "outage 7 of x started",
            "since": "2026-05-24T12:59:30.120Z", "outage": 7,
        })
    );
}

#[test]
fn pages_are_bounded() {
    let listener = Scene::new().listen();
    let bounds = |key: &str, value: &str, bounds: &str| {
        format!("`{key}` is `{value}`, and has to be a whole number from {bounds}")
    };
    let last = i64::MAX;
    for (path, sentence) in [
        ("outages?limit=1001", bounds("limit", "1001", "1 to 1000")),
        ("outages?limit=0", bounds("limit", "0", "1 to 1000")),
        (
            "outages?before=x",
            bounds("before", "x", &format!("1 to {last}")),
        ),
        ("events?limit=9999", bounds("limit", "9999", "1 to 1000")),
        (
            "events?after=9223372036854775808",
            bounds("after", "9223372036854775808", &format!("0 to {last}")),
        ),
        (
            "events?seq=1",
            "`seq` is not a parameter of this page: it has after, limit".to_owned(),
        ),
    ] {
        let path = format!("/api/v1/{path}");
        assert_eq!(listener.refusal(&path), (400, sentence), "{path}");
    }
}

#[test]
fn without_a_history_the_rest_is_served() {
    let mut scene = Scene::new();
    let sentence = "the history cannot be read: disk full";
    scene.unavailable = Some(sentence.to_owned());
    let listener = scene.listen();
    for path in ["/api/v1/outages", "/api/v1/events", "/api/v1/availability"] {
        assert_eq!(listener.refusal(path), (503, sentence.to_owned()));
    }
    assert_eq!(
        listener.json("/api/v1/networks")["networks"][0]["outage"]["id"],
        7
    );
}
