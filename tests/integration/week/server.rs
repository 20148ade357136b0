//! A Prometheus that scrapes nothing and answers questions about blocks that are there already.
//!
//! It hangs on a rope: a shell holds it, and lets it go and clears up when the rope, a pipe, is
//! torn. So it ends with the process of the tests, however that ends, although statics are never
//! dropped.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::world::namespace::{need, until};

/// A running server.
pub(crate) struct Server {
    address: SocketAddr,
    /// It has the other end of the rope.
    holder: Child,
}

/// One series of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

/// One series over time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Series {
    pub(crate) labels: BTreeMap<String, String>,
    /// Unix seconds, and the value then.
    pub(crate) points: Vec<(f64, f64)>,
}

/// What holds the server: the folder, then the command.
const HOLD: &str = "trap '' INT\n\
    folder=$1; shift\n\
    \"$@\" & server=$!\n\
    read -r _\n\
    kill $server; wait $server\n\
    rm -rf \"$folder\"";

impl Server {
    /// Starts one on the blocks in `data` below a folder, which goes away with it.
    pub(crate) fn start(folder: TempDir) -> Self {
        let program = need("prometheus", "prometheus");
        let data = folder.path().join("data");
        let log = folder.path().join("prometheus.log");
        let config = folder.path().join("prometheus.yml");
        fs::write(&config, "global: {}\n").expect("prometheus.yml can be written");
        let said = fs::File::create(&log).expect("a log file can be made");
        let holder = Command::new("sh")
            .args(["-c", HOLD, "sh"])
            .arg(folder.path())
            .arg(program)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", data.display()))
            .arg("--storage.tsdb.retention.time=20y")
            // Both the same: blocks stay as they are.
            .arg("--storage.tsdb.min-block-duration=2h")
            .arg("--storage.tsdb.max-block-duration=2h")
            .arg("--web.listen-address=127.0.0.1:0")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(said)
            .spawn()
            .expect("sh starts");
        let _ = folder.keep();
        let address = until(Duration::from_secs(60), "Prometheus is ready", || {
            let said = fs::read_to_string(&log).unwrap_or_default();
            match listening(&said).filter(|_| said.contains("is ready to receive web requests")) {
                Some(address) => Ok(address),
                None => Err(said),
            }
        });
        Self { address, holder }
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The answer to a question in PromQL at a moment; a number without a series has no labels.
    pub(crate) fn instant(&self, promql: &str, at: i64) -> Result<Vec<Sample>, String> {
        let form = [("query", promql), ("time", &at.to_string())];
        let data = ask(self.address, "/api/v1/query", &form)?;
        let result = &data["result"];
        match data["resultType"].as_str() {
            Some("scalar") => Ok(vec![Sample {
                labels: BTreeMap::new(),
                value: point(result)?.1,
            }]),
            Some("vector") => list(result)?
                .iter()
                .map(|one| {
                    let (_, value) = point(&one["value"])?;
                    let labels = labels(&one["metric"]);
                    Ok(Sample { labels, value })
                })
                .collect(),
            other => Err(format!("an answer of the type {other:?}")),
        }
    }

    /// The answers from `start` to `end`, every `step` seconds.
    pub(crate) fn range(
        &self,
        promql: &str,
        start: i64,
        end: i64,
        step: i64,
    ) -> Result<Vec<Series>, String> {
        let [start, end, step] = [start, end, step].map(|number| number.to_string());
        let form = [
            ("query", promql),
            ("start", &start),
            ("end", &end),
            ("step", &step),
        ];
        let data = ask(self.address, "/api/v1/query_range", &form)?;
        list(&data["result"])?
            .iter()
            .map(|one| {
                let points = list(&one["values"])?.iter().map(point);
                let points = points.collect::<Result<_, _>>()?;
                let labels = labels(&one["metric"]);
                Ok(Series { labels, points })
            })
            .collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

/// The `data` of an answer of the HTTP API of a Prometheus, or its own words for what is wrong.
pub(crate) fn ask(address: SocketAddr, path: &str, form: &[(&str, &str)]) -> Result<Value, String> {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    let text = post(address, path, &body).map_err(|error| error.to_string())?;
    let (head, json) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let mut answer: Value =
        serde_json::from_str(json).map_err(|error| format!("{error}: {head}"))?;
    if answer["status"] == "success" {
        return Ok(answer["data"].take());
    }
    let [kind, error] = ["errorType", "error"].map(|key| answer[key].as_str().unwrap_or("?"));
    Err(format!("{kind}: {error}"))
}

fn listening(said: &str) -> Option<SocketAddr> {
    let (_, after) = said.split_once("msg=\"Listening on\" address=")?;
    after.split_whitespace().next()?.parse().ok()
}

/// HTTP/1.0: the answer is whole when the connection ends.
fn post(address: SocketAddr, path: &str, body: &str) -> std::io::Result<String> {
    let mut connection = TcpStream::connect(address)?;
    let length = body.len();
    write!(
        connection,
        "POST {path} HTTP/1.0\r\nHost: {address}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{body}"
    )?;
    let mut text = String::new();
    connection.read_to_string(&mut text)?;
    Ok(text)
}

fn list(value: &Value) -> Result<&Vec<Value>, String> {
    value.as_array().ok_or_else(|| format!("no list: {value}"))
}

fn labels(metric: &Value) -> BTreeMap<String, String> {
    let pairs = metric.as_object().into_iter().flatten();
    pairs
        .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect()
}

fn point(value: &Value) -> Result<(f64, f64), String> {
    let number = |text: &str| text.parse().ok();
    let at = value[0].as_f64();
    let found = at.zip(value[1].as_str().and_then(number));
    found.ok_or_else(|| format!("no point: {value}"))
}
