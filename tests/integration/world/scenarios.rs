//! The main job, end to end, as an operator sees it: in a real Prometheus.
//!
//! Faults are there before the daemon starts wherever that will do: the catalog asks politely, and
//! what is in doubt is asked again within seconds, so nobody has to wait for the next minute.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::Value;

use super::namespace::until;
use super::*;

/// Enough for the first rounds, two more of those in doubt, and a scrape, on a busy machine.
const SETTLED: Duration = Duration::from_secs(90);

#[test]
fn the_built_in_default_finds_every_default_network_up() {
    let world = World::start();
    let bascule = world.bascule(&["run"]);
    let prometheus = world.prometheus();

    everything_up(&prometheus, &bascule, &endpoints(|entry| entry.by_default));

    assert_eq!(
        prometheus.networks().into_keys().collect::<BTreeSet<_>>(),
        set([
            "x",
            "bluesky",
            "mastodon",
            "threads",
            "linkedin",
            "facebook",
            "instagram",
            "youtube"
        ])
    );
    assert_eq!(prometheus.failures(), set([]));
    assert_eq!(prometheus.walls(), set([]));
    assert_eq!(prometheus.troubles(), BTreeMap::new());
    assert_eq!(prometheus.active(), "x");
    assert_eq!(prometheus.number("bascule_group_standbys"), 7.0);
    // bluesky, mastodon, one of Meta's three, youtube; LinkedIn stands on X's CDN.
    assert_eq!(prometheus.number("bascule_group_standby_domains"), 4.0);
    // One round at a time, asked of the same world by hand.
    let probe = world.bascule_once(&["probe", "x"]);
    assert_eq!(probe.status.code(), Some(0), "{probe:?}");
}

#[test]
fn every_network_of_the_catalog_is_up_once_it_is_named() {
    let world = World::start();
    let networks: BTreeSet<String> = catalog::files().into_iter().map(|(name, _)| name).collect();
    let mut config = String::new();
    for network in &networks {
        let _ = writeln!(config, "[network.{network}]\npreset = \"{network}\"");
    }
    let file = world.write("all.toml", &config);
    let bascule = world.bascule(&["run", "--config", &file]);
    let prometheus = world.prometheus();

    everything_up(&prometheus, &bascule, &endpoints(|_| true));

    assert_eq!(prometheus.failures(), set([]));
    assert_eq!(prometheus.walls(), set([]));
}

#[test]
fn each_fault_shows_with_layer_and_reason_on_its_own_network_only_and_x_is_held_when_mended() {
    let mut world = World::start();
    world.dns_servfail("x.com");
    world.kill_address(world.addresses("public.api.bsky.app")[1]);
    world.expire_certificate("www.facebook.com");
    world.set_http([
        ("www.youtube.com", "/", Answer::status(503)),
        ("www.linkedin.com", "/", Answer::html(999, "Request denied")),
        (
            "www.instagram.com",
            "/",
            Answer::html(429, "Too many requests"),
        ),
        (
            "www.threads.com",
            "/",
            Answer::html(200, "<title>Just a moment...</title>").with("cf-mitigated", "challenge"),
        ),
    ]);
    let bascule = world.bascule(&["run"]);
    let prometheus = world.prometheus();

    judged(
        &prometheus,
        &bascule,
        &[
            ("x", "down", "dns"),
            ("bluesky", "degraded", "tcp"),
            ("mastodon", "up", ""),
            ("threads", "up", ""),
            ("linkedin", "up", ""),
            ("facebook", "down", "tls"),
            ("instagram", "up", ""),
            ("youtube", "down", "http"),
        ],
    );
    assert_eq!(
        prometheus.failures(),
        set([
            "x/web dns dns_servfail",
            "x/api dns dns_servfail",
            "x/dns dns dns_servfail",
            "bluesky/appview-public tcp tcp_timeout",
            "facebook/web tls tls_expired",
            "youtube/web http http_status",
        ])
    );
    assert_eq!(
        prometheus.walls(),
        set(["threads/web", "linkedin/web", "instagram/web"])
    );
    assert_eq!(
        prometheus.number(
            "bascule_endpoint_addresses{endpoint=\"appview-public\",family=\"ipv4\",result=\"failure\"}"
        ),
        1.0
    );
    assert_eq!(prometheus.active(), "bluesky");
    assert_eq!(
        prometheus.labels("bascule_group_role{role=\"failed\"} == 1", "network"),
        set(["x", "facebook", "youtube"])
    );

    // What was learned before the failure is told.
    let probe = world.bascule_once(&["probe", "--json", "facebook/web"]);
    assert_eq!(probe.status.code(), Some(1), "{probe:?}");
    let told: Value = serde_json::from_slice(&probe.stdout).expect("JSON");
    assert_eq!(told[0]["reason"], "tls_expired");
    assert!(told[0]["addresses"][0]["tls"]["not_after"].is_string());

    world.dns_mend("x.com");
    until(
        Duration::from_secs(120),
        "X is up again and held for five minutes",
        || {
            let held = prometheus.labels("bascule_group_role{role=\"held\"} == 1", "network");
            if held == set(["x"]) {
                return Ok(());
            }
            Err(format!("{held:?}\n{}", bascule.last_words()))
        },
    );
    assert_eq!(prometheus.active(), "bluesky");
    let due = "bascule_group_failback_due_timestamp_seconds - time()";
    assert!(
        (200.0..=300.0).contains(&prometheus.number(due)),
        "it will be taken again"
    );
}

#[test]
fn a_white_screen_a_stalled_body_and_a_lost_instance_show_where_they_are() {
    let mut world = World::start();
    world.set_http([
        ("x.com", "/", Answer::status(200)),
        (
            "www.linkedin.com",
            "/",
            answers::front("LinkedIn").stalling(),
        ),
        ("mastodon.social", "/health", Answer::status(503)),
    ]);
    let bascule = world.bascule(&["run"]);
    let prometheus = world.prometheus();

    judged(
        &prometheus,
        &bascule,
        &[
            ("x", "down", "content"),
            ("bluesky", "up", ""),
            ("mastodon", "degraded", "http"),
            ("threads", "up", ""),
            ("linkedin", "down", "http"),
            ("facebook", "up", ""),
            ("instagram", "up", ""),
            ("youtube", "up", ""),
        ],
    );
    assert_eq!(
        prometheus.failures(),
        set([
            "x/web content content_empty",
            "linkedin/web http http_timeout",
            "mastodon/mastodon-social http http_status",
        ])
    );
    assert_eq!(prometheus.walls(), set([]));
    assert_eq!(prometheus.active(), "bluesky");
}

#[test]
fn the_active_network_moves_on_when_x_is_lost_and_back_when_x_is() {
    let mut world = World::start();
    let file = world.write("quick.toml", &impatient(&catalog::default_order()));
    let bascule = world.bascule(&["run", "--config", &file]);
    let prometheus = world.prometheus();
    everything_up(&prometheus, &bascule, &endpoints(|entry| entry.by_default));
    assert_eq!(prometheus.active(), "x");
    let moved_to = |network: &str| {
        until(Duration::from_secs(60), network, || {
            match prometheus.active() {
                active if active == network => Ok(()),
                other => Err(format!("{other}\n{}", bascule.last_words())),
            }
        });
    };

    let lost = || Answer::html(503, "Over capacity");
    world.set_http([("x.com", "/", lost()), ("api.x.com", "/2/users/me", lost())]);
    moved_to("bluesky");
    assert_eq!(prometheus.networks()["x"], "down");
    assert_eq!(prometheus.troubles()["x"], "http");

    let healthy = answers::healthy(&catalog::hosts());
    world.set_http(
        [("x.com", "/"), ("api.x.com", "/2/users/me")]
            .map(|(host, path)| (host, path, healthy[host][path].clone())),
    );
    moved_to("x");
    // One of its endpoints may come back a round after the others.
    until(Duration::from_secs(60), "x is up", || {
        match prometheus.networks().remove("x") {
            Some(state) if state == "up" => Ok(()),
            other => Err(format!("{other:?}\n{}", bascule.last_words())),
        }
    });

    // Nobody else was touched, at any scrape in between.
    assert_eq!(
        prometheus.labels(
            "max_over_time(bascule_network_state{state=~\"down|degraded\"}[10m]) == 1",
            "network"
        ),
        set(["x"])
    );
}

/// The names of the catalog's enabled endpoints that a filter lets through, as `network/endpoint`.
fn endpoints(filter: impl Fn(&catalog::Entry) -> bool) -> BTreeSet<String> {
    catalog::entries()
        .iter()
        .filter(|entry| entry.enabled && filter(entry))
        .map(|entry| format!("{}/{}", entry.network, entry.name))
        .collect()
}

/// Waits until every endpoint of the set is up, and no other exists, and so is every network.
fn everything_up(prometheus: &Prometheus, bascule: &Process, endpoints: &BTreeSet<String>) {
    until(SETTLED, "every endpoint and every network is up", || {
        let up: BTreeSet<String> = prometheus
            .query("bascule_endpoint_state{state=\"up\"} == 1")
            .iter()
            .map(|s| format!("{}/{}", s.label("network"), s.label("endpoint")))
            .collect();
        let networks = prometheus.networks();
        if up == *endpoints && networks.values().all(|state| state == "up") {
            return Ok(());
        }
        let missing: Vec<_> = endpoints.symmetric_difference(&up).collect();
        Err(format!(
            "{missing:?}\n{networks:?}\n{}",
            bascule.last_words()
        ))
    });
}

/// Waits until every network is in its state, with its trouble at its layer (empty: none).
fn judged(prometheus: &Prometheus, bascule: &Process, expected: &[(&str, &str, &str)]) {
    until(SETTLED, "every network is judged as it should be", || {
        let states = prometheus.networks();
        let troubles = prometheus.troubles();
        let now: BTreeSet<(&str, &str, &str)> = states
            .iter()
            .map(|(network, state)| {
                let layer = troubles.get(network).map_or("", String::as_str);
                (network.as_str(), state.as_str(), layer)
            })
            .collect();
        if now == expected.iter().copied().collect() {
            return Ok(());
        }
        Err(format!("{now:?}\n{}", bascule.last_words()))
    });
}

/// A configuration of some of the default networks that differs from the catalog in nothing but
/// intervals.
pub(super) fn impatient(networks: &[String]) -> String {
    let keys = "interval = \"3s\"\nrecheck_interval = \"1s\"\ndown_interval = \"1s\"\n";
    let mut config = String::new();
    for (network, _) in catalog::files() {
        let mine: Vec<_> = catalog::entries()
            .into_iter()
            .filter(|entry| entry.network == network && entry.by_default)
            .collect();
        if !networks.contains(&network) {
            continue;
        }
        let _ = writeln!(
            config,
            "[network.{network}]\npreset = \"{network}\"\n{keys}"
        );
        // An endpoint's own interval is stronger than its network's.
        for entry in mine {
            if entry.enabled && entry.table.contains_key("interval") {
                let (kind, name) = (entry.kind, &entry.name);
                let _ = writeln!(
                    config,
                    "[[network.{network}.{kind}]]\nname = \"{name}\"\n{keys}"
                );
            }
        }
    }
    // In the catalog's order, which is the order of preference.
    let _ = writeln!(
        config,
        "[[group]]\nname = \"default\"\nnetworks = {networks:?}\npreempt_delay = \"1s\""
    );
    config
}
