//! Three vantage points on one world, and three ways to bring together what they see: a Prometheus
//! that scrapes them, one that federates, and a VictoriaMetrics that Prometheus agents write to,
//! with vmalert for the rules. Whatever happens, all three say the same, and name who is blind.

use std::path::Path;

use super::alerting::{PATIENCE, brisk, judged, prometheus, since};
use super::alerting_servers::{documented, get, replaced, shipped, shortened, title, write_rules};
use super::namespace::{need, until};
use super::vantage::{Fault, Place, Vantage};
use super::*;

/// One way to look at all vantage points.
struct Eye {
    name: &'static str,
    server: Prometheus,
}

impl Eye {
    /// The value of a recorded series of X, Bluesky ...; none if it was not recorded of late.
    fn recorded(&self, metric: &str, network: &str) -> Option<f64> {
        let series = format!("job_network:{metric}{{job=\"bascule\",network=\"{network}\"}}");
        let samples = self.server.query(&format!("last_over_time({series}[3s])"));
        samples.first().map(|sample| sample.value)
    }

    /// The alerts that fire, by title.
    fn firing(&self) -> BTreeSet<String> {
        let samples = self
            .server
            .query("last_over_time(ALERTS{alertstate=\"firing\"}[3s])");
        samples.iter().map(|s| title(s.labels())).collect()
    }
}

/// Waits until every one of these eyes sees this of a network: judging vantages, and the verdict.
fn agree(eyes: &[Eye], network: &str, judging: f64, down: f64) {
    for eye in eyes {
        let what = format!("{}: {network} {judging} {down}", eye.name);
        until(PATIENCE, &what, || {
            let now = (
                eye.recorded("bascule_vantages_judging:count", network),
                eye.recorded("bascule_network_down:quorum", network),
            );
            (now == (Some(judging), Some(down)))
                .then_some(())
                .ok_or_else(|| format!("{now:?}"))
        });
    }
}

/// Waits until an alert fires for all of these eyes.
fn fires(eyes: &[Eye], title: &str) {
    for eye in eyes {
        until(PATIENCE, &format!("{}: {title}", eye.name), || {
            let firing = eye.firing();
            let found = firing.contains(title);
            found.then_some(()).ok_or_else(|| format!("{firing:?}"))
        });
    }
}

/// Waits until nothing fires for any eye.
fn quiet(eyes: &[Eye]) {
    for eye in eyes {
        until(PATIENCE, &format!("{}: nothing fires", eye.name), || {
            let firing = eye.firing();
            firing
                .is_empty()
                .then_some(())
                .ok_or_else(|| format!("{firing:?}"))
        });
    }
}

#[test]
fn a_quorum_of_three_is_right_while_one_is_cut_off_dissents_or_dies_however_they_are_collected() {
    let world = World::start();
    let folder = world.folder.path();
    let mut vantages: Vec<Vantage> = (1..)
        .zip(["north", "south", "west"])
        .map(|(number, name)| Vantage::at(&world, Place { name, number }, Fault::Cable))
        .collect();
    for vantage in &mut vantages {
        vantage.start(&brisk());
    }
    write_rules(folder);
    let central = Rc::clone(&world.namespace);
    let (written, _vmalert) = victoria(&central, folder);
    let received = receiving(&central, folder);
    let agents: Vec<Process> = vantages.iter().map(agent).collect();
    let scraped = scraping(&central, folder, &vantages);
    let federated = federating(&central, folder);
    let eyes = [
        ("scraped", scraped),
        ("federated", federated),
        ("received", received),
        ("written", written),
    ];
    let eyes = eyes.map(|(name, server)| Eye { name, server });
    let (pulling, pushed_to) = eyes.split_at(2);
    let all_up = [("x", "up"), ("bluesky", "up"), ("mastodon", "up")];
    judged(&eyes[0].server, 3.0, &all_up);
    agree(pulling, "x", 3.0, 0.0);

    // X is gone for everybody. A new VictoriaMetrics takes half a minute until rules find rules, and
    // is looked at after that.
    let x = world.addresses("x.com").to_vec();
    x.iter().for_each(|address| world.kill_address(*address));
    agree(&eyes[..3], "x", 3.0, 1.0);
    fires(&eyes[..3], "BasculeNetworkDown x");

    // X comes back, but the north does not see it: no outage, and it is told that they disagree.
    vantages[0].lose(&x);
    central.add(x.iter().copied());
    agree(&eyes, "x", 3.0, 0.0);
    fires(&eyes[..3], "BasculeVantagesDisagree x");
    let north = "Down from north; not from south, west.";
    told(&central, north);
    for eye in &eyes {
        let firing = eye.firing();
        assert!(!firing.contains("BasculeNetworkDown x"), "{firing:?}");
    }
    vantages[0].find(&x);

    // The south is cut off altogether: who scrapes sees it blind, who is written to hears nothing.
    // The two others go on judging, rightly.
    vantages[1].cut();
    let bluesky = world.addresses("bsky.app").to_vec();
    bluesky
        .iter()
        .for_each(|address| world.kill_address(*address));
    agree(&eyes, "bluesky", 2.0, 1.0);
    agree(&eyes, "x", 2.0, 0.0);
    fires(&eyes, "BasculeNetworkDown bluesky");
    fires(pulling, "BasculeUplinkDown south");
    fires(pushed_to, "BasculeVantageMissing south");
    let since = since(&eyes[0].server, "bluesky");
    told(
        &central,
        &format!("Bluesky is down at TCP since {since} UTC."),
    );
    central.add(bluesky.iter().copied());
    vantages[1].mend();
    agree(&eyes, "bluesky", 3.0, 0.0);
    quiet(&eyes);
    pushed_to.iter().for_each(|eye| no_hole(eye, "south"));

    // The west loses the Internet, but not the way to us: it says itself that it is blind.
    // In the north bascule dies without a word.
    vantages[2].fault = Fault::Provider;
    vantages[2].cut();
    vantages[0].kill();
    agree(&eyes, "x", 1.0, 0.0);
    fires(&eyes, "BasculeUplinkDown west");
    fires(&eyes, "BasculeVantageMissing north");
    // While their store is there: what an agent still has, it wants to deliver.
    drop(agents);
}

/// Waits until Prometheus and vmalert both say this in the text of an alert.
fn told(central: &Namespace, words: &str) {
    for port in [9090, 8880] {
        until(PATIENCE, &format!("{port}: {words}"), || {
            let url = format!("http://127.0.0.1:{port}/api/v1/alerts");
            let alerts = get(central, &url)?.to_string();
            let found = alerts.contains(words);
            found.then_some(()).ok_or(alerts)
        });
    }
}

/// What was counted while the line was cut has come: no second of it is missing.
fn no_hole(eye: &Eye, vantage: &str) {
    let series = format!(
        "bascule_uplink_state_seconds_total{{instance=\"{vantage}\",family=\"any\",state=\"down\"}}"
    );
    let samples = eye.server.samples(&series, 60);
    let longest = samples
        .windows(2)
        .map(|pair| pair[1].0 - pair[0].0)
        .fold(0.0, f64::max);
    // One scrape a second; a busy machine may miss some.
    assert!(longest < 5.0, "{longest} s without a sample: {samples:?}");
    let grown = samples.last().map_or(0.0, |last| last.1);
    assert!(grown > 3.0, "{samples:?}");
    let steps = samples
        .windows(2)
        .filter(|pair| pair[1].1 > pair[0].1)
        .count();
    assert!(steps > 3, "{samples:?}");
}

/// The central Prometheus that scrapes.
fn scraping(central: &Rc<Namespace>, folder: &Path, vantages: &[Vantage]) -> Prometheus {
    let mut config = shortened(&shipped("central.yml"));
    for (name, vantage) in ["north", "south", "west"].iter().zip(vantages) {
        let address = vantage.address();
        config = replaced(&config, &[(&format!("{name}.example"), &address)]);
    }
    prometheus(central, folder, 9090, &config, &[])
}

/// The central Prometheus that agents write to.
pub(super) fn receiving(central: &Rc<Namespace>, folder: &Path) -> Prometheus {
    let file = folder.join("receive.yml");
    std::fs::write(&file, shortened(&shipped("receive.yml"))).expect("a file can be written");
    let arguments = placed(
        &documented(&["--web.enable-remote-write-receiver"]),
        &[
            ("/etc/prometheus/receive.yml", &file.display().to_string()),
            (
                "/var/lib/prometheus/metrics",
                &folder.join("received").display().to_string(),
            ),
            // The agents come through their uplinks.
            ("127.0.0.1:9090", "0.0.0.0:9092"),
        ],
    );
    let program = need("prometheus", "prometheus");
    let log = folder.join("receive.log");
    let mut server = Prometheus::spawn(Rc::clone(central), &program, &arguments, 9092, &log);
    server.wait();
    server
}

/// One that federates from the one that scrapes.
fn federating(central: &Rc<Namespace>, folder: &Path) -> Prometheus {
    let config = replaced(
        &shortened(&shipped("federate.yml")),
        &[
            ("north.example", "127.0.0.1"),
            ("south.example", "127.0.0.1"),
            ("west.example", "127.0.0.1"),
        ],
    );
    prometheus(central, folder, 9091, &config, &[])
}

/// The agent beside a bascule: it scrapes over loopback, and writes through the uplink.
fn agent(vantage: &Vantage) -> Process {
    let name = vantage.name();
    let folder = vantage.folder();
    let password = folder.join("central.password");
    std::fs::write(&password, "a password").expect("a file can be written");
    let config = replaced(
        &shortened(&shipped("vantage.yml")),
        &[
            ("instance: north", &format!("instance: {name}")),
            ("username: north", &format!("username: {name}")),
            (
                "/etc/prometheus/central.password",
                &password.display().to_string(),
            ),
        ],
    );
    // The same to two stores.
    let (head, write) = config
        .split_once("remote_write:\n")
        .expect("it writes somewhere");
    let to = |port: u16| {
        let url = format!("http://{}:{port}", vantage.central());
        replaced(write, &[("https://central.example", &url)])
    };
    let config = format!("{head}remote_write:\n{}\n{}", to(8428), to(9092));
    let file = folder.join("agent.yml");
    std::fs::write(&file, config).expect("a file can be written");
    let arguments = documented(&["prometheus", "--enable-feature=agent"]);
    let arguments = placed(
        &arguments,
        &[
            ("/etc/prometheus/vantage.yml", &file.display().to_string()),
            (
                "/var/lib/prometheus/agent",
                &folder.join("wal").display().to_string(),
            ),
        ],
    );
    vantage.spawn(&need("prometheus", "prometheus"), &arguments, "agent")
}

/// The store that agents write to, and the rules beside it.
fn victoria(central: &Rc<Namespace>, folder: &Path) -> (Prometheus, Process) {
    let store = placed(
        &documented(&["victoria-metrics"]),
        &[
            (
                "/var/lib/victoria-metrics",
                &folder.join("victoria").display().to_string(),
            ),
            // The agents come through their uplinks.
            ("127.0.0.1:8428", "0.0.0.0:8428"),
            ("=5s", "=1s"),
        ],
    );
    let program = need("victoria-metrics", "victoria-metrics");
    let log = folder.join("victoria.log");
    let mut server = Prometheus::spawn(Rc::clone(central), &program, &store, 8428, &log);
    server.wait();
    let rules = placed(
        &documented(&["vmalert"]),
        &[
            (
                "/etc/prometheus/rules",
                &folder.join("rules").display().to_string(),
            ),
            ("-evaluationInterval=15s", "-evaluationInterval=1s"),
        ],
    );
    let vmalert = need("vmalert", "victoria-metrics");
    let mut command = central.command(vmalert);
    command.args(rules).arg("-remoteWrite.flushInterval=500ms");
    let vmalert = central.spawn(&mut command, &folder.join("vmalert.log"));
    (server, vmalert)
}

/// A documented command with the places of this world.
fn placed(arguments: &[String], places: &[(&str, &str)]) -> Vec<String> {
    let text = replaced(&arguments.join("\n"), places);
    text.split('\n').map(str::to_owned).collect()
}
