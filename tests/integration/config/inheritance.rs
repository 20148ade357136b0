//! Where the value of a key comes from: endpoint, network, `[probe]`, preset, code.

use std::time::Duration;

use bascule::model::Family;

use super::{SITE, endpoint, good, http};

fn interval(text: &str, key: &str) -> Duration {
    let plan = good(text).settings.plan;
    let mut all = plan.networks.iter().flat_map(|n| &n.endpoints);
    all.find(|e| e.key.to_string() == key).unwrap().interval
}

#[test]
fn the_nearest_place_that_sets_a_key_decides() {
    let secs = Duration::from_secs;
    let own = |probe: &str, network: &str, endpoint: &str| {
        let text = format!("[probe]\n{probe}\n[network.site]\n{network}\n{SITE}{endpoint}\n");
        interval(&text, "site/front")
    };
    let line = |s: u32| format!("interval = \"{s}s\"");
    assert_eq!(own("", "", ""), secs(60));
    assert_eq!(own(&line(70), "", ""), secs(70));
    assert_eq!(own(&line(70), &line(80), ""), secs(80));
    assert_eq!(own(&line(70), &line(80), &line(90)), secs(90));
    // With a preset: x says 2m for the network, and 60s for its endpoint `dns`.
    let x = |probe: &str, network: &str, endpoint: &str, key: &str| {
        let text = format!(
            "[probe]\n{probe}\n[network.x]\npreset = \"x\"\n{network}\n[[network.x.dns]]\nname = \"dns\"\n{endpoint}\n"
        );
        interval(&text, key)
    };
    assert_eq!(x(&line(70), "", "", "x/web"), secs(120));
    assert_eq!(x(&line(70), &line(80), "", "x/web"), secs(80));
    assert_eq!(x(&line(70), &line(80), "", "x/dns"), secs(60));
    assert_eq!(x(&line(70), &line(80), &line(90), "x/dns"), secs(90));
}

#[test]
fn every_key_of_probe_reaches_the_target_from_every_place() {
    let keys = r#"
interval = "40s"
recheck_interval = "4s"
down_interval = "14s"
jitter = 0.1
timeout = "9s"
dns_timeout = "1s"
connect_timeout = "1500ms"
tls_timeout = "1600ms"
response_timeout = "1700ms"
slow_after = "1800ms"
rise = 4
fall = 5
addresses_per_family = 3
families = ["ipv6"]
user_agent = "us"
per_host = 7
resolvers = ["udp://192.0.2.53", "system"]
"#;
    let from_probe = good(&format!("[probe]\n{keys}\n{SITE}"));
    let from_network = good(&format!("[network.site]\n{keys}\n{SITE}"));
    let from_endpoint = good(&format!("{SITE}{keys}"));
    assert_eq!(from_probe.settings.plan, from_network.settings.plan);
    assert_eq!(from_probe.settings.plan, from_endpoint.settings.plan);
    for loaded in [from_probe, from_network, from_endpoint] {
        let site = endpoint(&loaded.settings, "site/front");
        let plan = &loaded.settings.plan.networks[0].endpoints[0];
        assert_eq!((plan.rise, plan.fall), (4, 5));
        assert_eq!(plan.recheck_interval, Duration::from_secs(4));
        assert_eq!(plan.down_interval, Duration::from_secs(14));
        assert_eq!(plan.timeout, Duration::from_secs(9));
        assert_eq!((site.per_host, site.jitter), (7, 0.1));
        let target = &site.target;
        assert_eq!(target.families, [Family::Ipv6]);
        assert_eq!(target.addresses_per_family, 3);
        assert_eq!(target.limits.round, Duration::from_secs(9));
        assert_eq!(target.limits.dns, Duration::from_secs(1));
        assert_eq!(target.limits.connect, Duration::from_millis(1500));
        assert_eq!(target.limits.tls, Duration::from_millis(1600));
        assert_eq!(target.limits.response, Duration::from_millis(1700));
        assert_eq!(target.limits.slow_after, Duration::from_millis(1800));
        let labels: Vec<&str> = target.resolvers.iter().map(|r| &*r.label).collect();
        assert_eq!(labels, ["udp://192.0.2.53", "system"]);
        let agent = &http(&loaded.settings, "site/front").headers[0];
        assert_eq!(
            (agent.0.as_str(), agent.1.to_str().unwrap()),
            ("user-agent", "us")
        );
    }
}

#[test]
fn any_key_of_an_endpoint_changes_its_fingerprint_and_no_other() {
    let other = "[[network.site.tcp]]\nname = \"other\"\naddress = \"h:1\"\n";
    let load = |line: &str| {
        good(&format!("{SITE}{line}\n{other}"))
            .settings
            .plan
            .networks[0]
            .clone()
    };
    let before = load("");
    for line in [
        "weight = 2",
        "method = \"HEAD\"",
        "fall = 4",
        "expect.min_body = 1",
        "headers.A = \"b\"",
    ] {
        let after = load(line);
        assert_ne!(
            before.endpoints[0].fingerprint, after.endpoints[0].fingerprint,
            "{line}"
        );
        assert_eq!(
            before.endpoints[1].fingerprint, after.endpoints[1].fingerprint,
            "{line}"
        );
    }
}

#[test]
fn defaults_that_nobody_wrote_fit_into_what_somebody_wrote() {
    let loaded = good(&format!("{SITE}interval = \"2s\"\ntimeout = \"1s\"\n"));
    let plan = &loaded.settings.plan.networks[0].endpoints[0];
    assert_eq!(plan.recheck_interval, Duration::from_secs(2));
    assert_eq!(plan.down_interval, Duration::from_secs(2));
    let limits = endpoint(&loaded.settings, "site/front").target.limits;
    assert_eq!(limits.connect, Duration::from_secs(1));
    // What a preset says gives way too: its owner cannot be asked to change it.
    let x = good(
        "[network.x]\npreset = \"x\"\ntimeout = \"1s\"\n[[network.x.http]]\nname = \"web\"\ntimeout = \"2s\"\n",
    );
    let limits = |key| endpoint(&x.settings, key).target.limits;
    assert_eq!(limits("x/web").response, Duration::from_secs(2));
    assert_eq!(limits("x/api").response, Duration::from_secs(1));
    // What is shortened for [probe] is not short for an endpoint that has more time.
    let text = format!("[probe]\ninterval = \"2s\"\n{SITE}interval = \"60s\"\n");
    let plan = &good(&text).settings.plan.networks[0].endpoints[0];
    assert_eq!(plan.recheck_interval, Duration::from_secs(5));
    assert_eq!(good(&loaded.resolved).resolved, loaded.resolved);
}
