//! A real Prometheus that scrapes the daemon once a second, and questions to it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use serde_json::Value;

use super::namespace::{Namespace, Process, need, until};

/// The monitoring server of a world.
pub(crate) struct Prometheus {
    namespace: Rc<Namespace>,
    process: Process,
}

/// One series of an answer.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    labels: BTreeMap<String, String>,
    /// The value now.
    pub(crate) value: f64,
}

impl Sample {
    /// A label's value; empty if it has none.
    pub(crate) fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }
}

impl Prometheus {
    /// Starts the server and waits until it has seen the daemon.
    pub(super) fn start(namespace: Rc<Namespace>, folder: &Path) -> Self {
        Self::watching(namespace, folder, &[("here", "127.0.0.1")])
    }

    /// The same for several daemons: the value of the label `vantage`, and the address of each.
    pub(super) fn watching(
        namespace: Rc<Namespace>,
        folder: &Path,
        daemons: &[(&str, &str)],
    ) -> Self {
        let program = need("prometheus", "prometheus");
        need("curl", "curl");
        let config = folder.join("prometheus.yml");
        let mut text = "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\n\
             scrape_configs:\n  - job_name: bascule\n    static_configs:\n"
            .to_owned();
        for (vantage, address) in daemons {
            let _ = writeln!(
                text,
                "      - {{targets: ['{address}:10110'], labels: {{vantage: '{vantage}'}}}}"
            );
        }
        fs::write(&config, text).expect("prometheus.yml can be written");
        let process = namespace.spawn(
            namespace
                .command(program)
                .arg(format!("--config.file={}", config.display()))
                .arg(format!(
                    "--storage.tsdb.path={}",
                    folder.join("tsdb").display()
                ))
                .arg("--web.listen-address=127.0.0.1:9090"),
            &folder.join("prometheus.log"),
        );
        let mut this = Self { namespace, process };
        until(
            Duration::from_secs(60),
            "Prometheus scrapes bascule",
            || {
                if let Some(status) = this.process.ended() {
                    panic!("prometheus ended: {status}\n{}", this.process.last_words());
                }
                match this.ask("up{job=\"bascule\"} == 1") {
                    Ok(samples) if samples.len() == daemons.len() => Ok(()),
                    Ok(samples) => Err(format!("{} are up", samples.len())),
                    Err(error) => Err(error),
                }
            },
        );
        this
    }

    /// The answer to a question in PromQL, now.
    pub(crate) fn query(&self, promql: &str) -> Vec<Sample> {
        self.ask(promql).unwrap_or_else(|e| panic!("{promql}: {e}"))
    }

    /// The value of the one series that a question is about.
    pub(crate) fn number(&self, promql: &str) -> f64 {
        match self.query(promql).as_slice() {
            [one] => one.value,
            other => panic!("{promql}: {} series", other.len()),
        }
    }

    /// The values of one label in an answer.
    pub(crate) fn labels(&self, promql: &str, label: &str) -> BTreeSet<String> {
        self.query(promql)
            .iter()
            .map(|sample| sample.label(label).to_owned())
            .collect()
    }

    /// The states that networks are in.
    pub(crate) fn networks(&self) -> BTreeMap<String, String> {
        self.query("bascule_network_state == 1")
            .iter()
            .map(|s| (s.label("network").to_owned(), s.label("state").to_owned()))
            .collect()
    }

    /// The layers that networks are in trouble at.
    pub(crate) fn troubles(&self) -> BTreeMap<String, String> {
        self.query("bascule_network_layer_down == 1")
            .iter()
            .map(|s| (s.label("network").to_owned(), s.label("layer").to_owned()))
            .collect()
    }

    /// Every failure counted so far, as `network/endpoint layer reason`.
    pub(crate) fn failures(&self) -> BTreeSet<String> {
        self.query("bascule_probe_failures_total > 0")
            .iter()
            .map(|s| {
                let [network, endpoint, layer, reason] =
                    ["network", "endpoint", "layer", "reason"].map(|name| s.label(name));
                format!("{network}/{endpoint} {layer} {reason}")
            })
            .collect()
    }

    /// The endpoints that stand before a wall, as `network/endpoint`.
    pub(crate) fn walls(&self) -> BTreeSet<String> {
        self.query("bascule_endpoint_restricted == 1")
            .iter()
            .map(|s| format!("{}/{}", s.label("network"), s.label("endpoint")))
            .collect()
    }

    /// The active network of the group `default`.
    pub(crate) fn active(&self) -> String {
        let active = self.query("bascule_group_active{group=\"default\"} == 1");
        match active.as_slice() {
            [one] => one.label("network").to_owned(),
            other => format!("{} active networks", other.len()),
        }
    }

    fn ask(&self, promql: &str) -> Result<Vec<Sample>, String> {
        let output = self
            .namespace
            .command("curl")
            .args(["--silent", "--max-time", "5", "--get", "--data-urlencode"])
            .arg(format!("query={promql}"))
            .arg("http://127.0.0.1:9090/api/v1/query")
            .output()
            .expect("curl starts");
        let answer: Value = serde_json::from_slice(&output.stdout)
            .map_err(|e| format!("no JSON from Prometheus: {e}"))?;
        if answer["status"] != "success" {
            return Err(answer.to_string());
        }
        let series = answer["data"]["result"].as_array().cloned();
        Ok(series.unwrap_or_default().iter().map(sample).collect())
    }
}

fn sample(series: &Value) -> Sample {
    let labels = series["metric"].as_object().cloned().unwrap_or_default();
    Sample {
        labels: labels
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
            .collect(),
        value: series["value"][1]
            .as_str()
            .and_then(|text| text.parse().ok())
            .expect("a sample has a number"),
    }
}
