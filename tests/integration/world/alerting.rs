//! An outage as the person on duty meets it: a real bascule, a real Prometheus with the shipped
//! rules, a real Alertmanager with the shipped routes, and what is told in the end.

use std::path::Path;
use std::time::Duration;

use super::alerting_servers::{
    Alert, Alertmanager, Hook, get, replaced, shipped, shortened, write_rules,
};
use super::namespace::{need, until};
use super::vantage::{Fault, Place, Vantage};
use super::*;

/// Enough for three failed rounds, a scrape, the rules and the wait of a group, on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(40);

/// Three networks of one endpoint each, asked twice a second, and a group of them.
pub(super) fn brisk() -> String {
    let mut config = "[probe]\ninterval = \"1s\"\nrecheck_interval = \"500ms\"\n\
         down_interval = \"500ms\"\ntimeout = \"3s\"\nconnect_timeout = \"1s\"\n"
        .to_owned();
    for (name, title, url) in NETWORKS {
        config.push_str(&format!(
            "[network.{name}]\ntitle = \"{title}\"\n\
             [[network.{name}.http]]\nname = \"web\"\nurl = \"{url}\"\n"
        ));
    }
    config.push_str(
        "[[group]]\nname = \"crisis\"\nnetworks = [\"x\", \"bluesky\", \"mastodon\"]\n\
         preempt_delay = \"1s\"\nstartup_grace = \"5s\"\n",
    );
    config
}

const NETWORKS: [(&str, &str, &str); 3] = [
    ("x", "X", "https://x.com/"),
    ("bluesky", "Bluesky", "https://bsky.app/"),
    ("mastodon", "Mastodon", "https://mastodon.social/health"),
];

/// Starts a Prometheus at this port with this configuration, in the folder of the rules.
pub(super) fn prometheus(
    namespace: &Rc<Namespace>,
    folder: &Path,
    port: u16,
    config: &str,
    more: &[&str],
) -> Prometheus {
    let file = folder.join(format!("prometheus-{port}.yml"));
    std::fs::write(&file, config).expect("a file can be written");
    let mut arguments = vec![
        format!("--config.file={}", file.display()),
        format!(
            "--storage.tsdb.path={}",
            folder.join(format!("tsdb-{port}")).display()
        ),
        format!("--web.listen-address=127.0.0.1:{port}"),
    ];
    arguments.extend(more.iter().map(|&word| word.to_owned()));
    let program = need("prometheus", "prometheus");
    let log = folder.join(format!("prometheus-{port}.log"));
    let mut server = Prometheus::spawn(Rc::clone(namespace), &program, &arguments, port, &log);
    server.wait();
    server
}

/// Waits until the states of the networks are these, as every vantage has them.
pub(super) fn judged(prometheus: &Prometheus, vantages: f64, states: &[(&str, &str)]) {
    until(PATIENCE, "networks are judged", || {
        let found: BTreeSet<(String, String)> = prometheus
            .query("count by (network, state) (bascule_network_state == 1)")
            .iter()
            .filter(|sample| sample.value == vantages)
            .map(|s| (s.label("network").to_owned(), s.label("state").to_owned()))
            .collect();
        let wanted: BTreeSet<(String, String)> = states
            .iter()
            .map(|(network, state)| ((*network).to_owned(), (*state).to_owned()))
            .collect();
        (found == wanted)
            .then_some(())
            .ok_or_else(|| format!("{found:?}"))
    });
}

/// Waits until these alerts, and no others, are told to somebody.
fn loud(alertmanager: &Alertmanager, titles: &[&str]) -> Vec<Alert> {
    until(PATIENCE, &format!("{titles:?}"), || {
        let loud = alertmanager.loud();
        (loud == titles)
            .then(|| alertmanager.alerts())
            .ok_or_else(|| format!("{loud:?}, of {:#?}", alertmanager.alerts()))
    })
}

#[test]
fn an_outage_is_told_outranked_by_exhaustion_and_resolved_and_a_cut_is_told_as_our_own() {
    let mut world = World::start();
    let folder = world.folder.path().to_owned();
    let place = Place {
        name: "north",
        number: 1,
    };
    let mut north = Vantage::at(&world, place, Fault::Provider);
    north.start(&brisk());
    write_rules(&folder);
    let central = Rc::clone(&world.namespace);
    let hook = Hook::start(&central, &folder);
    let alertmanager = Alertmanager::start(
        &central,
        &folder,
        9093,
        &["--cluster.listen-address=".to_owned()],
    );
    let config = replaced(
        &shortened(&shipped("prometheus.yml")),
        &[
            ("127.0.0.1:10110", &format!("{}:10110", north.address())),
            ("instance: here", "instance: north"),
        ],
    );
    let prometheus = prometheus(&central, &folder, 9090, &config, &[]);
    let all_up = [("x", "up"), ("bluesky", "up"), ("mastodon", "up")];
    judged(&prometheus, 1.0, &all_up);
    knows(&central, 9090, 1);
    silent(&alertmanager);
    let calls = hook.told().len();

    // X refuses.
    world.set_http([("x.com", "/", Answer::status(503))]);
    let down = hook.wait("BasculeNetworkDown x", false);
    let since = since(&prometheus, "x");
    assert_eq!(
        down.summary,
        format!("X is down at HTTP since {since} UTC.")
    );
    hook.wait("BasculeGroupSwitched crisis bluesky", false);
    // That of the switch has passed.
    let alerts = loud(&alertmanager, &["BasculeNetworkDown x"]);
    let down = alert(&alerts, "BasculeNetworkDown x");
    let labels = [
        ("alertname", "BasculeNetworkDown"),
        ("job", "bascule"),
        ("network", "x"),
        ("severity", "critical"),
    ];
    assert_eq!(down.labels, pairs(&labels));
    let annotations = [
        ("dashboard", "bascule-network"),
        (
            "description",
            "crisis: Bluesky is active, 1 independent standby left.",
        ),
        (
            "runbook_url",
            "https://github.com/bascule-probe/bascule/blob/main/docs/runbook.md#basculenetworkdown",
        ),
        ("summary", &format!("X is down at HTTP since {since} UTC.")),
    ];
    assert_eq!(down.annotations, pairs(&annotations));

    // The last two channels go, too: one alert outranks them all.
    world.set_http([
        ("bsky.app", "/", Answer::status(503)),
        ("mastodon.social", "/health", Answer::status(503)),
    ]);
    hook.wait("BasculeGroupExhausted crisis", false);
    until(PATIENCE, "exhaustion outranks its networks", || {
        let alerts = alertmanager.alerts();
        let find = |title: String| alerts.iter().find(|alert| alert.title() == title);
        let outranked = ["x", "bluesky", "mastodon"].iter().all(|network| {
            let by = find(format!("BasculeNetworkOutranked {network}"));
            let down = find(format!("BasculeNetworkDown {network}"));
            by.zip(down)
                .is_some_and(|(by, down)| down.inhibited_by == [by.fingerprint.as_str()])
        });
        outranked
            .then_some(())
            .ok_or_else(|| format!("{alerts:#?}"))
    });
    loud(&alertmanager, &["BasculeGroupExhausted crisis"]);

    // One after the other is mended, and says so.
    world.set_http([
        ("bsky.app", "/", answers::front("Bluesky")),
        (
            "mastodon.social",
            "/health",
            Answer::json(200, r#"{"status":"UP"}"#),
        ),
    ]);
    hook.wait("BasculeGroupExhausted crisis", true);
    world.set_http([("x.com", "/", answers::front("X"))]);
    hook.wait("BasculeNetworkDown x", true);
    judged(&prometheus, 1.0, &all_up);
    // The way back to X is a switch, too, and the last thing that is told.
    hook.wait("BasculeGroupSwitched crisis x", false);
    for promql in [
        "bascule_group_active{network=\"x\"} == 1",
        "ALERTS{alertname=\"BasculeGroupSwitched\",alertstate=\"firing\"}",
    ] {
        until(PATIENCE, promql, || match prometheus.query(promql).len() {
            1 => Ok(()),
            other => Err(format!("{other}")),
        });
    }
    silent(&alertmanager);
    let told = hook.told().split_off(calls);
    let titles: BTreeSet<String> = told.iter().map(|one| one.title.clone()).collect();
    let expected = ["BasculeNetworkDown bluesky", "BasculeNetworkDown mastodon"];
    let mut expected: BTreeSet<String> = expected.map(str::to_owned).into();
    expected.extend(
        [
            "BasculeGroupExhausted crisis",
            "BasculeGroupSwitched crisis bluesky",
            "BasculeGroupSwitched crisis mastodon",
            "BasculeGroupSwitched crisis x",
            "BasculeNetworkDown x",
        ]
        .map(str::to_owned),
    );
    assert!(titles.is_subset(&expected), "{told:#?}");

    // Our own line is cut: that is told, and nobody is accused.
    let calls = hook.told().len();
    let cut = tokio::time::Instant::now();
    north.cut();
    hook.wait("BasculeBlind", false);
    let alerts = loud(&alertmanager, &["BasculeBlind"]);
    let uplink = alert(&alerts, "BasculeUplinkDown north");
    let blind = &alert(&alerts, "BasculeBlind").fingerprint;
    assert_eq!(uplink.inhibited_by, [blind.as_str()]);
    judged(
        &prometheus,
        1.0,
        &["x", "bluesky", "mastodon"].map(|network| (network, "unknown")),
    );
    // Longer than every window of the rules about networks and groups.
    until(PATIENCE, "it lasts", || {
        let lasted = cut.elapsed();
        let long = lasted > Duration::from_secs(20);
        long.then_some(()).ok_or_else(|| format!("{lasted:?}"))
    });
    let ever = format!(
        "last_over_time(ALERTS{{alertname=~\"Bascule(NetworkDown|Group.*)\",alertstate=\"firing\"}}[{}s])",
        cut.elapsed().as_secs()
    );
    assert_eq!(prometheus.labels(&ever, "alertname"), set([]));
    loud(&alertmanager, &["BasculeBlind"]);
    let told = hook.told().split_off(calls);
    let fired = told.iter().filter(|one| !one.resolved);
    let titles: BTreeSet<&str> = fired.map(|one| one.title.as_str()).collect();
    let ours = BTreeSet::from(["BasculeBlind", "BasculeUplinkDown north"]);
    assert!(titles.is_subset(&ours), "{told:#?}");

    north.mend();
    hook.wait("BasculeBlind", true);
}

/// Waits until the Prometheus at a port knows so many Alertmanagers: before, it tells nobody.
pub(super) fn knows(namespace: &Namespace, port: u16, count: usize) {
    until(PATIENCE, "it knows whom to tell", || {
        let url = format!("http://127.0.0.1:{port}/api/v1/alertmanagers");
        let found = get(namespace, &url)?;
        let active = found["data"]["activeAlertmanagers"].as_array();
        let right = active.is_some_and(|active| active.len() == count);
        right.then_some(()).ok_or_else(|| found.to_string())
    });
}

/// Waits until nothing is wrong in the eyes of Alertmanager.
fn silent(alertmanager: &Alertmanager) {
    until(PATIENCE, "nothing fires", || {
        let alerts = alertmanager.alerts();
        let none = alerts.is_empty();
        none.then_some(()).ok_or_else(|| format!("{alerts:#?}"))
    });
}

fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

/// When the outage of a network began, as a person reads it.
pub(super) fn since(prometheus: &Prometheus, network: &str) -> String {
    let start = prometheus.number(&format!(
        "min(bascule_network_outage_start_timestamp_seconds{{network=\"{network}\"}} > 0)"
    ));
    let seconds = start as u64 % 86_400;
    format!("{:02}:{:02}", seconds / 3600, seconds / 60 % 60)
}

fn alert<'a>(alerts: &'a [Alert], title: &str) -> &'a Alert {
    let found = alerts.iter().find(|alert| alert.title() == title);
    found.unwrap_or_else(|| panic!("no {title} among {alerts:#?}"))
}
