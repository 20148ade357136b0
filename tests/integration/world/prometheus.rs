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
    /// Where its questions are asked.
    url: String,
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

    /// All its labels.
    pub(super) fn labels(&self) -> &BTreeMap<String, String> {
        &self.labels
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
        let arguments = [
            format!("--config.file={}", config.display()),
            format!("--storage.tsdb.path={}", folder.join("tsdb").display()),
            "--web.listen-address=127.0.0.1:9090".to_owned(),
        ];
        let program = need("prometheus", "prometheus");
        let log = folder.join("prometheus.log");
        let mut this = Self::spawn(namespace, &program, &arguments, 9090, &log);
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

    /// Starts a server that answers PromQL at this port of loopback; it need not be Prometheus.
    pub(super) fn spawn(
        namespace: Rc<Namespace>,
        program: &Path,
        arguments: &[String],
        port: u16,
        log: &Path,
    ) -> Self {
        need("curl", "curl");
        let process = namespace.spawn(namespace.command(program).args(arguments), log);
        Self {
            namespace,
            process,
            url: format!("http://127.0.0.1:{port}"),
        }
    }

    /// Waits until it answers.
    pub(super) fn wait(&mut self) {
        until(Duration::from_secs(60), "it answers PromQL", || {
            if let Some(status) = self.process.ended() {
                panic!("it ended: {status}\n{}", self.process.last_words());
            }
            self.ask("vector(1)").map(drop)
        });
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

    /// The samples of a series over the last seconds, as it has them: when, and what.
    pub(super) fn samples(&self, selector: &str, seconds: u32) -> Vec<(f64, f64)> {
        let promql = format!("{selector}[{seconds}s]");
        let answer = self
            .answer(&promql)
            .unwrap_or_else(|e| panic!("{promql}: {e}"));
        let [series] = answer.as_slice() else {
            panic!("{promql}: {} series", answer.len());
        };
        let pairs = series["values"].as_array().expect("a range has values");
        pairs
            .iter()
            .map(|pair| (pair[0].as_f64().expect("a time"), number(&pair[1])))
            .collect()
    }

    fn ask(&self, promql: &str) -> Result<Vec<Sample>, String> {
        let series = self.answer(promql)?;
        Ok(series.iter().map(sample).collect())
    }

    fn answer(&self, promql: &str) -> Result<Vec<Value>, String> {
        let output = self
            .namespace
            .command("curl")
            .args(["--silent", "--max-time", "5", "--get", "--data-urlencode"])
            .arg(format!("query={promql}"))
            .arg(format!("{}/api/v1/query", self.url))
            .output()
            .expect("curl starts");
        let answer: Value = serde_json::from_slice(&output.stdout)
            .map_err(|e| format!("no JSON from {}: {e}", self.url))?;
        if answer["status"] != "success" {
            return Err(answer.to_string());
        }
        let series = answer["data"]["result"].as_array().cloned();
        Ok(series.unwrap_or_default())
    }
}

fn sample(series: &Value) -> Sample {
    let labels = series["metric"].as_object().cloned().unwrap_or_default();
    Sample {
        labels: labels
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
            .collect(),
        value: number(&series["value"][1]),
    }
}

fn number(value: &Value) -> f64 {
    let text = value.as_str().expect("a number is a text");
    text.parse().expect("a sample has a number")
}
