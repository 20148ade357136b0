//! The documents about now: what they say in the scene.

use std::time::{Duration, SystemTime};

use bascule::model::{EndpointKey, Role, State};
use bascule::web::{MaintenanceFacts, NoticeFacts};
use serde_json::{Value, json};

use super::scene::{LOST, Scene, ago, now, wall};

const HOUR: Duration = Duration::from_secs(3_600);

#[test]
fn every_document_says_where_when_and_in_which_version() {
    let listener = Scene::new().listen();
    for path in [
        "/status.json",
        "/api/v1/networks",
        "/api/v1/groups",
        "/api/v1/outages",
        "/api/v1/events",
        "/api/v1/endpoints/x/web",
    ] {
        let document = listener.json(path);
        let head: Vec<&Value> = ["api", "vantage", "at"]
            .iter()
            .map(|key| &document[*key])
            .collect();
        assert_eq!(
            head,
            ["v1", "rennes-1", "2026-05-24T13:09:12.000Z"],
            "{path}"
        );
    }
}

#[test]
fn a_network_that_is_down_says_why_since_when_and_for_how_long() {
    let networks = Scene::new().listen().json("/api/v1/networks");
    assert_eq!(
        networks["networks"][0],
        json!({
            "name": "x", "title": "X", "state": "down",
            "since": "2026-05-24T12:59:30.120Z", "confirmed": "2026-05-24T12:59:42.000Z",
            "layer": "tls", "reason": "tls_expired",
            "detail": "certificate expired 3 days ago", "endpoint": "web",
            "spare_weight": 0, "flapping": false,
            "roles": [{"group": "crisis", "role": "failed"}],
            "outage": {
                "id": 7, "state": "running",
                "started": "2026-05-24T12:59:30.120Z", "confirmed": "2026-05-24T12:59:42.000Z",
                "duration_seconds": 571.88, "layer": "tls", "reason": "tls_expired",
                "endpoint": "web",
            },
            "state_seconds": {
                "unknown": 0.0, "up": 431_000.0, "degraded": 400.0, "down": 599.88,
                "maintenance": 0.0,
            },
            "endpoints": [{
                "endpoint": "web", "state": "down", "since": "2026-05-24T12:59:30.120Z",
                "tried": true, "restricted": false, "layer": "tls", "reason": "tls_expired",
                "detail": "certificate expired 3 days ago",
            }],
        })
    );
}

#[test]
fn a_network_that_works_has_nulls_where_there_is_nothing_to_say() {
    let networks = Scene::new().listen().json("/api/v1/networks");
    let bluesky = &networks["networks"][1];
    for key in ["layer", "reason", "detail", "endpoint", "outage"] {
        assert_eq!(bluesky.get(key), Some(&Value::Null), "{key}");
    }
    assert_eq!(bluesky["state_seconds"]["up"], json!(432_000.0));
}

#[test]
fn time_that_may_yet_belong_to_another_state_is_not_counted() {
    let mut scene = Scene::new();
    scene.holds[0] = Some(now() - LOST + Duration::from_secs(100));
    let networks = scene.listen().json("/api/v1/networks");
    assert_eq!(networks["networks"][0]["state_seconds"]["down"], 118.0);
}

#[test]
fn an_outage_without_judgement_is_suspended() {
    let mut scene = Scene::new();
    let x = scene.network("x");
    x.state = State::Unknown;
    let outage = x.outage.as_mut().expect("it runs");
    (outage.spent, outage.running_since) = (Duration::from_secs(90), None);
    let listener = scene.listen();
    let of_network = &listener.json("/api/v1/networks")["networks"][0]["outage"];
    let of_history = &listener.json("/api/v1/outages")["outages"][0];
    for outage in [of_network, of_history] {
        assert_eq!(outage["state"], "suspended");
        assert_eq!(outage["duration_seconds"], 90.0);
    }
}

#[test]
fn a_group_says_where_to_go_and_what_comes_next() {
    let mut scene = Scene::all_is_well();
    scene.assign(Some("bluesky"), [Role::Held, Role::Active, Role::Standby]);
    let group = scene.group();
    (group.standbys, group.standby_domains, group.frozen) = (2, 1, true);
    group.failback_due = Some(("x".into(), now() + Duration::from_secs(48)));
    group.pinned = Some(("mastodon".into(), ago(12)));
    group.books.exhaustions = 3;
    let groups = scene.listen().json("/api/v1/groups");
    assert_eq!(
        groups["groups"],
        json!([{
            "name": "crisis",
            "line": "crisis: bluesky (x up since 2026-05-22 11:09 and takes over at 13:10)",
            "sentence": "X is up since 2026-05-22 11:09 and takes over at 13:10. \
                All channels work. Post on: Bluesky. Standby: X, Mastodon.",
            "active": "bluesky",
            "go": "/go/crisis",
            "link": "https://bluesky.example/ville",
            "last_resort": "https://metropole.example/sms",
            "roles": [
                {"network": "x", "role": "held"},
                {"network": "bluesky", "role": "active"},
                {"network": "mastodon", "role": "standby"},
            ],
            "standbys": 2,
            "standby_domains": 1,
            "frozen": true,
            "failback_due": {"network": "x", "at": "2026-05-24T13:10:00.000Z"},
            "pinned": {"network": "mastodon", "until": "2026-05-24T13:09:00.000Z"},
            "exhaustions": 3,
        }])
    );
}

#[test]
fn the_status_has_what_the_networks_and_groups_have_but_no_endpoints() {
    let mut scene = Scene::new();
    scene.problem = Some("the state file cannot be written: disk full".to_owned());
    let listener = scene.listen();
    let status = listener.json("/status.json");
    assert_eq!(status["groups"], listener.json("/api/v1/groups")["groups"]);
    let mut networks = listener.json("/api/v1/networks")["networks"].take();
    for network in networks.as_array_mut().expect("a list") {
        let network = network.as_object_mut().expect("an object");
        network.shift_remove("endpoints");
        network.shift_remove("state_seconds");
    }
    assert_eq!(status["networks"], networks);
    assert_eq!(
        status["problem"],
        "the state file cannot be written: disk full"
    );
    assert_eq!(
        status["uplink"],
        json!({
            "judged": true, "state": "up", "since": "2026-05-23T07:09:12.000Z",
            "ipv4": "up", "ipv6": "unknown", "gateway": null,
        })
    );
}

#[test]
fn the_status_has_notices_until_they_are_over_and_maintenance_a_day_ahead() {
    let window = |network: &str, from: u64, until: u64| MaintenanceFacts {
        network: network.into(),
        from: wall() + Duration::from_secs(from) - HOUR,
        until: wall() + Duration::from_secs(until) - HOUR,
    };
    let notice = |text: &str, until: SystemTime| NoticeFacts {
        texts: vec![(None, text.to_owned())],
        until,
    };
    let mut scene = Scene::new();
    scene.facts.notices = vec![
        notice("over", wall()),
        notice("still to be read", wall() + Duration::from_nanos(1_000_000)),
    ];
    scene.facts.maintenance = vec![
        window("over", 0, 3_600),
        window("open", 3_600, 3_601),
        window("announced", 25 * 3_600, 26 * 3_600),
        window("too far", 25 * 3_600 + 1, 26 * 3_600),
    ];
    let status = scene.listen().json("/status.json");
    assert_eq!(
        status["notices"],
        json!([{
            "until": "2026-05-24T13:09:12.001Z",
            "texts": [{"language": null, "text": "still to be read"}],
        }])
    );
    let windows = json!([
        {
            "network": "open", "open": true,
            "from": "2026-05-24T13:09:12.000Z", "until": "2026-05-24T13:09:13.000Z",
        },
        {
            "network": "announced", "open": false,
            "from": "2026-05-25T13:09:12.000Z", "until": "2026-05-25T14:09:12.000Z",
        },
    ]);
    assert_eq!(status["maintenance"], windows);
}

#[test]
fn an_endpoint_shows_its_last_rounds_and_how_the_outage_began() {
    let listener = Scene::new().listen();
    let document = listener.json("/api/v1/endpoints/x/web");
    assert_eq!(document["outage"], 7);
    assert_eq!(document["state"], "down");
    let rounds = document["rounds"].as_array().expect("a list");
    let started: Vec<&Value> = rounds.iter().map(|round| &round["started"]).collect();
    assert_eq!(
        started,
        ["2026-05-24T13:08:55.120Z", "2026-05-24T12:59:30.120Z"]
    );
    assert_eq!(rounds[1]["addresses"][0]["address"], "203.0.113.7:443");
    let evidence = &document["evidence"];
    assert_eq!(evidence["started"], "2026-05-24T12:59:30.120Z");
    assert_eq!(evidence["addresses"][0]["tls"]["verify_error"], "expired");
}

#[test]
fn after_a_restart_the_evidence_comes_from_the_history_if_it_can_be_read() {
    let mut scene = Scene::new();
    let key = EndpointKey::new("x", "web");
    scene.rounds.remove(&key);
    let known = scene.listen().json("/api/v1/endpoints/x/web");
    assert_eq!(known["rounds"], json!([]));
    assert_eq!(known["evidence"]["reason"], "tls_expired");

    let mut scene = Scene::new();
    scene.rounds.remove(&key);
    scene.unavailable = Some("the history is damaged".to_owned());
    let unknown = scene.listen().json("/api/v1/endpoints/x/web");
    assert_eq!(unknown["evidence"], Value::Null);
    assert_eq!(unknown["outage"], 7);
}
