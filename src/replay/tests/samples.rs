//! Samples of a replay are those of a scrape.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::config::Environment;
use crate::metrics::{Labels, Metrics, Times};
use crate::model::Moment;
use crate::replay::exposition::watched;
use crate::replay::facts::{Beginning, Facts};
use crate::replay::figures::figures;
use crate::replay::phase::What;
use crate::replay::round::{Side, meet};
use crate::replay::{Played, Scenario, play};

fn scenario(text: &str) -> Scenario {
    let environment = Environment::of_this_process();
    Scenario::read("f", Path::new("/"), text, &environment).unwrap()
}

fn written(played: &Played) -> String {
    let mut written = Vec::new();
    let samples = played.samples.as_ref().unwrap();
    samples.write(&Labels::default(), &mut written).unwrap();
    String::from_utf8(written).unwrap()
}

/// A series without the labels of the target, its labels in a fixed order.
fn plain(series: &str) -> String {
    let mut parts: Vec<&str> = series
        .split(['{', ',', '}'])
        .filter(|part| ![r#"instance="replay""#, r#"job="bascule""#, ""].contains(part))
        .collect();
    parts[1..].sort_unstable();
    parts.join(" ")
}

/// The last sample of each series.
fn last(written: &str) -> BTreeMap<String, f64> {
    let samples = written.lines().filter(|line| !line.starts_with('#'));
    samples
        .map(|line| {
            let mut words = line.rsplitn(3, ' ');
            let value = words.nth(1).unwrap().parse().unwrap();
            (plain(words.next().unwrap()), value)
        })
        .collect()
}

#[test]
fn expectations_ask_for_what_a_scrape_would_have_shown() {
    let text = include_str!("../../../tests/scenarios/x-2025-03-10.toml");
    let scenario = scenario(text);
    let played = play(&scenario, Some(Duration::from_secs(240)));
    let samples = last(&written(&played));
    let figures = figures(&played.end);
    for figure in &figures {
        let labels = figure.labels.iter();
        let labels: Vec<String> = labels.map(|(l, v)| format!("{l}=\"{v}\"")).collect();
        let series = format!("{}{{{}}}", figure.name, labels.join(","));
        let value = samples.get(&plain(&series));
        let value = value.unwrap_or_else(|| panic!("{series} is no sample"));
        assert!((figure.value - value).abs() < 1e-3, "{series} {value}");
    }
    assert!(figures.len() > 300, "{}", figures.len());
    assert!(samples.len() > 2 * figures.len(), "{}", samples.len());
}

#[test]
fn samples_change_nothing_and_are_the_same_each_time() {
    let text = include_str!("../../../tests/scenarios/our-own-loss.toml");
    let scenario = scenario(text);
    let every = Some(Duration::from_secs(60));
    let first = play(&scenario, every);
    let events = play(&scenario, None).events;
    assert!(first.events == events, "other events");
    assert_eq!(written(&first), written(&play(&scenario, every)));
}

const EVERY_KIND: &str = r#"
title = "One of each"
happened = "Nothing."
start = "2025-01-01T00:00:00Z"
duration = "10m"
config = '''
[web]
metrics = "full"
[network.site]
[[network.site.http]]
name = "secure"
url = "https://site.example/"
[[network.site.http]]
name = "plain"
url = "http://site.example/"
[[network.site.tls]]
name = "handshake"
host = "site.example"
[[network.site.tcp]]
name = "literal"
address = "192.0.2.7:25"
[[network.site.dns]]
name = "name"
query = "site.example"
resolvers = ["system", "udp://192.0.2.53"]
[network.other]
preset = "bluesky"
[[group]]
name = "second"
networks = ["other"]
'''
"#;

/// What only a daemon has to tell.
const DAEMON: [&str; 18] = [
    "bascule_build_info",
    "bascule_config_last_reload_success_timestamp_seconds",
    "bascule_config_last_reload_successful",
    "bascule_round_panics_total",
    "bascule_rounds_in_flight",
    "bascule_scheduler_lag_seconds_bucket",
    "bascule_scheduler_lag_seconds_count",
    "bascule_scheduler_lag_seconds_sum",
    "bascule_scheduler_skipped_rounds_total",
    "bascule_state_persist_failures_total",
    "bascule_web_requests_total",
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_threads",
    "process_virtual_memory_bytes",
];

#[test]
fn a_replay_has_the_series_of_a_scrape_but_for_the_daemons_own() {
    for (metrics, least) in [("full", 1000), ("lean", 300)] {
        let scenario = scenario(&EVERY_KIND.replace("full", metrics));
        let played = play(&scenario, Some(Duration::from_secs(60)));
        let replayed: BTreeSet<String> = last(&written(&played)).into_keys().collect();

        let times = Times::new(|| Moment::ZERO, |_| SystemTime::UNIX_EPOCH);
        let metrics = Metrics::new(times).unwrap();
        metrics.adopt(watched(&scenario.settings));
        metrics.publish(|_| ((), Some(played.end.snapshot.clone()), Vec::new()));
        let page = String::from_utf8(metrics.render().unwrap()).unwrap();
        let lines = page.lines().filter(|line| !line.starts_with('#'));
        let series = lines.map(|line| plain(line.rsplit_once(' ').unwrap().0));
        let (daemon, scraped): (BTreeSet<String>, BTreeSet<String>) = series.partition(|series| {
            let name = series.split(' ').next().unwrap_or_default();
            DAEMON.contains(&name)
        });
        assert_eq!(replayed, scraped);
        assert!(scraped.len() > least, "{}", scraped.len());
        let names = daemon
            .iter()
            .map(|series| series.split(' ').next().unwrap());
        assert_eq!(names.collect::<BTreeSet<_>>(), BTreeSet::from(DAEMON));
    }
}

/// The numbers of `site/secure` at the end, if this is what happened.
fn after(phases: &str) -> impl Fn(&str) -> f64 {
    let text = format!("{EVERY_KIND}\n{phases}").replace("10m\"\nconfig", "2h\"\nconfig");
    let samples = last(&written(&play(
        &scenario(&text),
        Some(Duration::from_secs(60)),
    )));
    move |series| {
        let labels = r#"network="site",endpoint="secure""#;
        let series = plain(&series.replacen('{', &format!("{{{labels},"), 1));
        *samples
            .get(&series)
            .unwrap_or_else(|| panic!("{series} is no sample"))
    }
}

#[test]
fn what_goes_wrong_is_counted_at_its_layer_under_its_reason() {
    let of = after(
        "[[timeline]]\nendpoints = [\"site/secure\"]\nphases = [\"ok 20m\", \"http:503 20m\", \
         \"tls:expired 20m\", \"tcp:rst 20m\", \"dns:servfail 20m\", \"ok\"]",
    );
    let probes = |layer: &str, result: &str| {
        of(&format!(
            "bascule_probes_total{{layer=\"{layer}\",family=\"ipv4\",result=\"{result}\"}}"
        ))
    };
    let failures = |layer: &str, reason: &str| {
        of(&format!(
            "bascule_probe_failures_total{{layer=\"{layer}\",reason=\"{reason}\"}}"
        ))
    };
    let rounds = |verdict: &str| of(&format!("bascule_rounds_total{{verdict=\"{verdict}\"}}"));
    let class = |class: &str| {
        of(&format!(
            "bascule_http_responses_total{{class=\"{class}\"}}"
        ))
    };
    let dns = of("bascule_dns_queries_total{resolver=\"system\",result=\"failure\"}");
    assert_eq!(probes("content", "success"), rounds("pass"));
    assert_eq!(class("2xx"), rounds("pass"));
    assert_eq!(class("5xx"), probes("http", "failure"));
    assert_eq!(class("5xx"), failures("http", "http_status"));
    assert_eq!(probes("tls", "failure"), failures("tls", "tls_expired"));
    assert_eq!(probes("tcp", "failure"), failures("tcp", "tcp_refused"));
    // Both families are asked for.
    assert_eq!(dns, 2.0 * probes("dns", "failure"));
    assert_eq!(dns, failures("dns", "dns_servfail"));
    let failed = [
        probes("http", "failure"),
        probes("tls", "failure"),
        probes("tcp", "failure"),
        probes("dns", "failure"),
    ];
    assert!(failed.iter().all(|failed| *failed > 10.0), "{failed:?}");
    assert_eq!(failed.iter().sum::<f64>(), rounds("fail"));
    assert_eq!(rounds("inconclusive"), 0.0);
    let mean = |layer: &str| {
        let part = |part| {
            of(&format!(
                "bascule_probe_duration_seconds_{part}{{layer=\"{layer}\"}}"
            ))
        };
        part("sum") / part("count")
    };
    assert!((0.010..0.030).contains(&mean("dns")), "{}", mean("dns"));
    assert!((0.019..0.045).contains(&mean("tcp")), "{}", mean("tcp"));
    assert!((0.029..0.065).contains(&mean("tls")), "{}", mean("tls"));
    assert!((0.080..0.300).contains(&mean("http")), "{}", mean("http"));
}

#[test]
fn our_own_loss_is_no_failure_of_an_address() {
    let of = after("[prober]\nfrom = \"30m\"\nphases = [\"uplink:down 30m\", \"ok\"]");
    let tcp = |result: &str| {
        of(&format!(
            "bascule_probes_total{{layer=\"tcp\",family=\"ipv4\",result=\"{result}\"}}"
        ))
    };
    assert_eq!(tcp("failure"), 0.0);
    assert!(tcp("inconclusive") > 0.0);
    let resolver = "bascule_dns_queries_total{resolver=\"system\",result=\"inconclusive\"}";
    assert!(of(resolver) > 0.0);
    let failures = "bascule_probe_failures_total{layer=\"dns\",reason=\"dns_timeout\"}";
    assert_eq!(of(failures), 0.0);
}

#[test]
fn certificates_are_renewed_in_time_unless_the_phase_says_otherwise() {
    let scenario = scenario(EVERY_KIND);
    let target = &scenario.settings.endpoints[0].target;
    let days = |days: u64| Duration::from_secs(days * 86_400);
    let mut chance = crate::replay::chance::Chance::new(1, "x");
    let mut facts = Facts::new(1, "x");
    let mut left = |what: &What, into: Duration, now: SystemTime| -> f64 {
        let met = meet(target, what, Side::Fine, &mut chance, now);
        let begun = Beginning {
            target,
            what,
            side: Side::Fine,
            into,
            now,
        };
        let round = facts.of(&begun, &met);
        let tls = round.addresses[0].tls.as_ref().unwrap();
        let not_after = tls.chain_not_after.unwrap();
        let seconds = match not_after.duration_since(now) {
            Ok(left) => left.as_secs_f64(),
            Err(error) => -error.duration().as_secs_f64(),
        };
        seconds / 86_400.0
    };
    let start = scenario.start;
    let renewals = (0..365)
        .map(|day| left(&What::Ok, days(day), start + days(day)))
        .collect::<Vec<f64>>();
    assert!(renewals.iter().all(|left| (30.0..=90.0).contains(left)));
    let renewed = renewals.windows(2).filter(|two| two[1] > two[0]);
    assert_eq!(renewed.count(), 6);
    assert_eq!(left(&What::TlsExpired, days(2), start + days(9)), -2.0);
    let expires = What::TlsExpires(days(5));
    assert_eq!(left(&expires, days(2), start + days(9)), 3.0);
}
