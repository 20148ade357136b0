//! The built binary against servers that mean harm: one process a class of attacks, all of them
//! at once, and how much memory it took at its peak.

use std::io::Read as _;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use regex::Regex;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::certificates::{Authority, pem};
use crate::support::servers::{each, hear};

/// One attacker, and what bascule must make of it.
pub(crate) struct Attack {
    name: &'static str,
    table: &'static str,
    keys: String,
    verdict: &'static str,
    reason: &'static str,
    detail: String,
    facts: Vec<(&'static str, &'static str)>,
    longest: f64,
}

/// Longest round of an attack that is found out at once, in seconds: far beyond what it takes.
const AT_ONCE: f64 = 20.0;

impl Attack {
    fn new(name: &'static str, table: &'static str, keys: String) -> Self {
        Self {
            name,
            table,
            keys,
            verdict: "pass",
            reason: "",
            detail: String::new(),
            facts: Vec::new(),
            longest: AT_ONCE,
        }
    }

    /// A plain page.
    pub(crate) fn http(name: &'static str, server: SocketAddr) -> Self {
        let keys = format!("url = \"http://{name}.example/\"\nconnect_to = \"{server}\"\n");
        Self::new(name, "http", keys)
    }

    /// A page behind TLS. The certificates are for `good.example`.
    pub(crate) fn https(name: &'static str, server: SocketAddr) -> Self {
        let keys = format!(
            "url = \"https://{name}.example/\"\nconnect_to = \"{server}\"\n\
             tls = {{ server_name = \"good.example\" }}\n"
        );
        Self::new(name, "http", keys)
    }

    /// A host that speaks TLS.
    pub(crate) fn tls(name: &'static str, server: SocketAddr) -> Self {
        let keys = format!(
            "host = \"{name}.example\"\nconnect_to = \"{server}\"\n\
             tls = {{ server_name = \"good.example\" }}\n"
        );
        Self::new(name, "tls", keys)
    }

    /// A name server, asked for `www.example.test`.
    pub(crate) fn dns(name: &'static str, resolver: &str) -> Self {
        let keys = format!("query = \"www.example.test\"\nresolvers = [\"{resolver}\"]\n");
        Self::new(name, "dns", keys)
    }

    /// A page whose address a name server tells.
    pub(crate) fn resolved(name: &'static str, port: u16, resolver: &str) -> Self {
        let keys =
            format!("url = \"http://{name}.example:{port}/\"\nresolvers = [\"{resolver}\"]\n");
        Self::new(name, "http", keys)
    }

    /// With a further key.
    pub(crate) fn with(mut self, key: &str) -> Self {
        self.keys.push_str(key);
        self.keys.push('\n');
        self
    }

    /// It lasts as long as it is let, which is two seconds.
    pub(crate) fn lasts(mut self) -> Self {
        let limit = match self.table {
            "dns" => "dns_timeout = \"2s\"",
            "tls" => "tls_timeout = \"2s\"",
            _ => "response_timeout = \"2s\"\ntls_timeout = \"2s\"",
        };
        self.longest = 10.0;
        self.with(limit)
    }

    /// It fails with this reason; the sentence is like `detail`, a pattern.
    pub(crate) fn fails(mut self, reason: &'static str, detail: impl Into<String>) -> Self {
        (self.verdict, self.reason, self.detail) = ("fail", reason, detail.into());
        self
    }

    /// It is a wall.
    pub(crate) fn restricted(mut self, reason: &'static str, detail: &str) -> Self {
        (self.verdict, self.reason, self.detail) = ("restricted", reason, detail.to_owned());
        self
    }

    /// What was learned: the value at this place of the JSON is like the pattern.
    pub(crate) fn shows(mut self, place: &'static str, pattern: &'static str) -> Self {
        self.facts.push((place, pattern));
        self
    }

    /// What is wrong with the round, if anything.
    fn faults(&self, round: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        let told = |place: &str| match round.pointer(place) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        };
        let layer = match self.reason.split('_').next() {
            Some("content") => "content",
            Some("wall") => "http",
            Some(layer) => layer,
            None => "",
        };
        for (place, expected) in [
            ("/verdict", self.verdict),
            ("/reason", self.reason),
            ("/layer", layer),
        ] {
            if told(place) != expected {
                let detail = told("/detail");
                faults.push(format!(
                    "{place} is {:?}, not {expected:?}: {detail}",
                    told(place)
                ));
            }
        }
        let patterns = std::iter::once(("/detail", &*self.detail));
        for (place, pattern) in patterns.chain(self.facts.iter().copied()) {
            let whole = Regex::new(&format!("(?s)^(?:{pattern})$")).unwrap();
            if !whole.is_match(&told(place)) {
                faults.push(format!(
                    "{place} is {:?}, not like {pattern:?}",
                    told(place)
                ));
            }
        }
        let took = took(round);
        if took > self.longest {
            faults.push(format!("took {took} s"));
        }
        faults
    }
}

/// Probes all attackers with one process of the built binary, and holds what it tells against
/// what is expected of each, and its peak of memory against `most` MiB.
pub(crate) async fn endure(attacks: Vec<Attack>, root: &Authority, most: u64) {
    let dir = tempfile::tempdir().unwrap();
    let ca = dir.path().join("ca.pem");
    std::fs::write(&ca, pem(&root.certificate)).unwrap();
    let mut config = format!(
        "[uplink]\nenabled = false\n[probe]\ninterval = \"60s\"\ntimeout = \"25s\"\n\
         dns_timeout = \"20s\"\nconnect_timeout = \"20s\"\ntls_timeout = \"20s\"\n\
         response_timeout = \"20s\"\nslow_after = \"24s\"\nca_file = {ca:?}\n\
         [network.attackers]\n"
    );
    for Attack {
        name, table, keys, ..
    } in &attacks
    {
        config.push_str(&format!(
            "[[network.attackers.{table}]]\nname = \"{name}\"\n{keys}"
        ));
    }
    let path = dir.path().join("config.toml");
    std::fs::write(&path, config).unwrap();
    let probing = tokio::task::spawn_blocking(move || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bascule"));
        command.args(["probe", "--json", "--config"]).arg(path);
        watched(&mut command)
    });
    let (out, err, peak) = probing.await.unwrap();
    assert_eq!(err, "", "{out}");
    let rounds: Vec<Value> = serde_json::from_str(&out).unwrap();
    assert_eq!(rounds.len(), attacks.len(), "{out}");
    let mut faults = Vec::new();
    for attack in &attacks {
        let round = rounds.iter().find(|round| round["endpoint"] == attack.name);
        let found = attack.faults(round.unwrap());
        faults.extend(
            found
                .iter()
                .map(|fault| format!("{}: {fault}", attack.name)),
        );
    }
    let slowest = rounds.iter().max_by(|a, b| took(a).total_cmp(&took(b)));
    let slowest = slowest.expect("there are rounds");
    println!(
        "{} attacks at once: peak {} MiB, longest {:.1} s ({})",
        attacks.len(),
        peak >> 10,
        took(slowest),
        slowest["endpoint"]
    );
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    assert!(peak >> 10 < most, "peak of memory: {peak} KiB");
}

/// How long a round took, in seconds.
fn took(round: &Value) -> f64 {
    round["duration_seconds"].as_f64().unwrap_or(f64::MAX)
}

/// Runs a command: its output, its errors, and its peak of memory in KiB.
fn watched(command: &mut Command) -> (String, String, u64) {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let reader = std::thread::spawn(move || {
        let mut out = String::new();
        stdout.read_to_string(&mut out).unwrap();
        out
    });
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    // The peak is kept by the kernel as long as the process lives.
    while child.try_wait().unwrap().is_none() {
        peak = peak_in(&status).unwrap_or(peak);
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut err = String::new();
    stderr.read_to_string(&mut err).unwrap();
    (reader.join().unwrap(), err, peak)
}

/// The peak that a status file of a process tells, in KiB.
pub(crate) fn peak_in(status: &str) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Hears a request, begins, and then says the same without end, with a pause in between.
pub(crate) async fn goes_on(
    begin: impl Into<Vec<u8>>,
    again: impl Into<Vec<u8>>,
    pause: Duration,
) -> SocketAddr {
    let (begin, again): (Arc<[u8]>, Arc<[u8]>) = (begin.into().into(), again.into().into());
    each(move |mut stream: TcpStream| {
        let (begin, again) = (Arc::clone(&begin), Arc::clone(&again));
        async move {
            hear(&mut stream).await;
            if stream.write_all(&begin).await.is_err() {
                return;
            }
            while stream.write_all(&again).await.is_ok() {
                if !pause.is_zero() {
                    tokio::time::sleep(pause).await;
                }
            }
        }
    })
    .await
}
