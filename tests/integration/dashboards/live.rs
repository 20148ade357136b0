//! What a replay has not, a daemon says of itself: those queries are asked of a real Prometheus that
//! scrapes a real bascule once a second.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::asking::{Asked, View};
use super::execute::{key, targets};
use super::expected::{self, Expect};
use super::lint::label_values;
use super::model;
use super::scrape;
use crate::support::daemon::Daemon;
use crate::world::namespace::{need, until};

/// A daemon, and a Prometheus that scrapes it; both end with this.
struct Live {
    asked: Asked,
    prometheus: Child,
    _daemon: Daemon,
    _folder: tempfile::TempDir,
}

impl Live {
    fn start() -> Self {
        let daemon = scrape::daemon();
        let folder = tempfile::tempdir().expect("a temporary directory");
        let config = folder.path().join("prometheus.yml");
        let text = format!(
            "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\n\
             scrape_configs:\n- job_name: bascule\n  static_configs:\n  \
             - {{targets: ['{}'], labels: {{instance: here}}}}\n",
            daemon.address
        );
        fs::write(&config, text).expect("prometheus.yml can be written");
        let log = folder.path().join("prometheus.log");
        let said = fs::File::create(&log).expect("a log file can be made");
        let prometheus = Command::new(need("prometheus", "prometheus"))
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.path().join("data").display()
            ))
            .arg("--web.listen-address=127.0.0.1:0")
            .stdout(Stdio::null())
            .stderr(said)
            .spawn()
            .expect("prometheus starts");
        let address = until(Duration::from_secs(60), "Prometheus listens", || {
            let said = fs::read_to_string(&log).unwrap_or_default();
            let address = said.split_once("msg=\"Listening on\" address=");
            let address = address.and_then(|(_, rest)| rest.split_whitespace().next());
            let address = address.map(str::to_owned);
            address
                .filter(|_| said.contains("is ready to receive"))
                .ok_or(said)
        });
        Self {
            asked: Asked(address.parse().expect("an address")),
            prometheus,
            _daemon: daemon,
            _folder: folder,
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.prometheus.kill();
        let _ = self.prometheus.wait();
    }
}

#[test]
fn every_target_about_the_daemon_answers_on_a_live_one() {
    let live = Live::start();
    let dashboards = model::all();
    let mut waiting = BTreeMap::new();
    let mut quiet = Vec::new();
    for (dashboard, panel, target) in targets(&dashboards) {
        let key = key(dashboard, panel, target);
        let view = View {
            dashboard,
            from: 0,
            to: 60,
            scrape: 1,
            chosen: BTreeMap::new(),
        };
        let expr = view
            .expand(&target.expr, 2)
            .expect("its variables are there");
        match expected::of(key) {
            Some(Expect::Live) => drop(waiting.insert(format!("{key:?}"), expr)),
            Some(Expect::LiveQuiet(_)) => quiet.push((key, expr)),
            _ => {}
        }
    }
    assert!(!waiting.is_empty(), "something is about the daemon");
    until(Duration::from_secs(60), "every target answers", || {
        let mut last = String::new();
        waiting.retain(|key, expr| {
            let answers = live
                .asked
                .now(expr)
                .unwrap_or_else(|e| panic!("{key}: {e}\n{expr}"));
            last = format!("{key} answers nothing:\n{expr}");
            answers.is_empty()
        });
        if waiting.is_empty() {
            Ok(())
        } else {
            Err(last)
        }
    });
    for (key, expr) in quiet {
        let answers = live.asked.now(&expr);
        answers.unwrap_or_else(|error| panic!("{key:?}: {error}\n{expr}"));
    }
}

#[test]
fn every_variable_has_values_on_a_live_daemon() {
    let live = Live::start();
    for dashboard in &model::all() {
        let view = View {
            dashboard,
            from: 0,
            to: 60,
            scrape: 1,
            chosen: BTreeMap::from([("network", "x".to_owned())]),
        };
        for variable in dashboard.variables.iter().filter(|v| v.kind == "query") {
            let (expr, label) = label_values(&variable.query).expect("label_values");
            let expr = view.expand(expr, 2).expect("its variables are there");
            let place = format!("{}: `{}`", dashboard.file, variable.name);
            let expected: &[&str] = match variable.name.as_str() {
                "job" => &["bascule"],
                "instance" => &["here"],
                "group" => &["default", "other"],
                "network" => &["x", "y"],
                "endpoint" => &["handshake", "web"],
                other => panic!("{place}: a variable `{other}`"),
            };
            let expected: BTreeSet<String> = expected.iter().map(ToString::to_string).collect();
            until(Duration::from_secs(60), &place, || {
                let values = live.asked.now(&format!("group by ({label}) ({expr})"))?;
                let values = values.iter().map(super::asking::Answer::name);
                let values: BTreeSet<String> = values.collect();
                if values == expected {
                    Ok(())
                } else {
                    Err(format!("{values:?}"))
                }
            });
        }
    }
}
