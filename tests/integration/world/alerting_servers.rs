//! The servers of somebody on duty, on what the repository ships: Alertmanager, a page that it calls,
//! and the files and commands of `prometheus/` and `docs/scale-out.md`.
//!
//! Nothing of what is shipped is replaced but addresses, folders and durations: see [`shortened`].

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use regex::{Captures, Regex, Replacer};
use serde_json::Value;

use super::namespace::{Namespace, Process, need, until};

/// A file of `prometheus/`, as shipped.
pub(super) fn shipped(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("prometheus")
        .join(name);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The one place that says how an hour becomes a minute: minutes are seconds, but a window is at
/// least five of them and a wait two, and what is repeated is repeated each second or two. What
/// takes longer than ten minutes stays what it is: it is about a slower life than this one.
pub(super) fn shortened(text: &str) -> String {
    let mut text = text.to_owned();
    for (pattern, least) in [
        (r"(\n\s*(?:- )?for: *)(\d|10)m\b", 2),
        (r"(\[)(\d|10)m\b", 5),
        (r"(offset +)(\d|10)m\b", 5),
    ] {
        let seconds = |found: &Captures| {
            let number: u32 = found[2].parse().expect("minutes are a number");
            format!("{}{}s", &found[1], number.max(least))
        };
        text = replace_all(pattern, &text, seconds);
    }
    for (pattern, with) in [
        (
            r"((?:scrape|evaluation)_interval|scrape_timeout|group_wait): *\d+\w+",
            "$1: 1s",
        ),
        (r"(\n\s*(?:- )?interval): *\d+\w+", "$1: 1s"),
        (
            r"(remote_timeout|max_backoff|group_interval): *\d+\w+",
            "$1: 2s",
        ),
        (r"min_backoff: *\d+\w+", "min_backoff: 30ms"),
    ] {
        text = replace_all(pattern, &text, with);
    }
    text
}

fn replace_all(pattern: &str, text: &str, with: impl Replacer) -> String {
    let pattern = Regex::new(pattern).expect("a pattern");
    pattern.replace_all(text, with).into_owned()
}

/// Replaces words that have to be there.
pub(super) fn replaced(text: &str, words: &[(&str, &str)]) -> String {
    words.iter().fold(text.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "there is no {old} in:\n{text}");
        text.replace(old, new)
    })
}

/// Writes the shipped rules, shortened, below a folder; a configuration beside them finds them.
pub(super) fn write_rules(folder: &Path) -> PathBuf {
    let rules = folder.join("rules");
    fs::create_dir_all(&rules).expect("a folder can be made");
    for name in ["recording.yml", "quorum.yml", "alerts.yml"] {
        let text = shortened(&shipped(&format!("rules/{name}")));
        fs::write(rules.join(name), text).expect("a file can be written");
    }
    rules
}

/// The arguments of the command of `docs/scale-out.md` that has all these words.
pub(super) fn documented(words: &[&str]) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scale-out.md");
    let page = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let commands: Vec<Vec<String>> = commands(&page)
        .into_iter()
        .filter(|command| {
            words
                .iter()
                .all(|word| command.iter().any(|part| part.contains(word)))
        })
        .collect();
    match commands.as_slice() {
        [one] => one[1..].to_vec(),
        other => panic!("{} commands have {words:?}: {other:?}", other.len()),
    }
}

/// Every command of the blocks of a page that are marked `sh`, cut into words.
pub(super) fn commands(page: &str) -> Vec<Vec<String>> {
    let blocks = page.split("```sh\n").skip(1);
    let text = blocks.map(|rest| rest.split("```").next().unwrap_or_default());
    text.flat_map(|block| {
        let joined = block.replace("\\\n", " ");
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect();
        joined.lines().map(words).collect::<Vec<Vec<String>>>()
    })
    .filter(|words| !words.is_empty())
    .collect()
}

/// An alert as Alertmanager shows it.
#[derive(Clone, Debug)]
pub(super) struct Alert {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) fingerprint: String,
    /// The fingerprints of the alerts that keep it silent.
    pub(super) inhibited_by: Vec<String>,
}

impl Alert {
    /// Its name and what it is about, such as `BasculeNetworkDown x`.
    pub(super) fn title(&self) -> String {
        title(&self.labels)
    }
}

/// The name of an alert, and what it is about.
pub(super) fn title(labels: &BTreeMap<String, String>) -> String {
    let about = ["alertname", "group", "network", "endpoint", "instance"];
    let words: Vec<&str> = about
        .iter()
        .filter_map(|name| labels.get(*name).map(String::as_str))
        .collect();
    words.join(" ")
}

/// A real Alertmanager on loopback.
pub(super) struct Alertmanager {
    namespace: Rc<Namespace>,
    process: Process,
    port: u16,
}

impl Alertmanager {
    /// Starts it with the shipped configuration, in which the page to call is that of a [`Hook`].
    pub(super) fn start(
        namespace: &Rc<Namespace>,
        folder: &Path,
        port: u16,
        cluster: &[String],
    ) -> Self {
        let program = need("prometheus-alertmanager", "prometheus-alertmanager");
        let config = shortened(&shipped("alertmanager.yml"));
        let hook = format!("http://{}/hook", Hook::ADDRESS);
        let file = folder.join("alertmanager.yml");
        let config = replace_all(r"https?://[^\s'\x22]+", &config, hook.as_str());
        fs::write(&file, config).expect("a file can be written");
        let log = folder.join(format!("alertmanager-{port}.log"));
        let mut command = namespace.command(program);
        command
            .arg(format!("--config.file={}", file.display()))
            .arg(format!(
                "--storage.path={}",
                folder.join(format!("alertmanager-{port}")).display()
            ))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .args(cluster);
        let mut this = Self {
            namespace: Rc::clone(namespace),
            process: namespace.spawn(&mut command, &log),
            port,
        };
        until(Duration::from_secs(30), "Alertmanager answers", || {
            if let Some(status) = this.process.ended() {
                panic!(
                    "alertmanager ended: {status}\n{}",
                    this.process.last_words()
                );
            }
            this.get("/api/v2/status").map(drop)
        });
        this
    }

    /// Every alert that it knows of, silent or not.
    pub(super) fn alerts(&self) -> Vec<Alert> {
        let answer = self
            .get("/api/v2/alerts")
            .expect("Alertmanager tells its alerts");
        let alerts = answer.as_array().expect("a list of alerts");
        alerts.iter().map(alert).collect()
    }

    /// Those of them that are told to somebody, by title.
    pub(super) fn loud(&self) -> Vec<String> {
        let alerts = self.alerts();
        let loud = alerts
            .iter()
            .filter(|alert| alert.inhibited_by.is_empty() && alert.labels["severity"] != "none");
        let mut titles: Vec<String> = loud.map(Alert::title).collect();
        titles.sort();
        titles
    }

    /// How many members its mesh has, itself among them.
    pub(super) fn peers(&self) -> usize {
        let status = self.get("/api/v2/status").unwrap_or_default();
        status["cluster"]["peers"].as_array().map_or(0, Vec::len)
    }

    fn get(&self, path: &str) -> Result<Value, String> {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        get(&self.namespace, &url).map_err(|e| format!("{e}\n{}", self.process.last_words()))
    }
}

/// What a server inside answers, as JSON.
pub(super) fn get(namespace: &Namespace, url: &str) -> Result<Value, String> {
    let output = namespace
        .command("curl")
        .args(["--silent", "--max-time", "5", url])
        .output()
        .expect("curl starts");
    serde_json::from_slice(&output.stdout).map_err(|e| format!("no JSON from {url}: {e}"))
}

fn alert(value: &Value) -> Alert {
    let texts = |value: &Value| words(value).into_iter().collect();
    let inhibitors = value["status"]["inhibitedBy"].as_array();
    Alert {
        labels: texts(&value["labels"]),
        annotations: texts(&value["annotations"]),
        fingerprint: text(&value["fingerprint"]),
        inhibited_by: inhibitors.into_iter().flatten().map(text).collect(),
    }
}

fn words(value: &Value) -> Vec<(String, String)> {
    let pairs = value.as_object().into_iter().flatten();
    pairs
        .map(|(name, value)| (name.clone(), text(value)))
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What Alertmanager told somebody about one alert.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Told {
    pub(super) title: String,
    pub(super) resolved: bool,
    pub(super) summary: String,
}

/// The page that is called: an nginx which writes down every body that it is sent.
pub(super) struct Hook {
    log: PathBuf,
    process: Process,
}

impl Hook {
    /// Where it is, and where a page of metrics is that a test writes.
    pub(super) const ADDRESS: &str = "127.0.0.1:9099";

    /// The file of the page of metrics; not there at first.
    pub(super) fn page(&self) -> PathBuf {
        self.log.with_file_name("metrics")
    }

    pub(super) fn start(namespace: &Namespace, folder: &Path) -> Self {
        let program = need("nginx", "nginx-light");
        let folder = folder.join("hook");
        fs::create_dir(&folder).expect("a folder can be made");
        let (here, address) = (folder.display(), Self::ADDRESS);
        let mut config = format!(
            "user root;\nworker_processes 1;\npid {here}/nginx.pid;\nerror_log stderr warn;\n\
             events {{ worker_connections 256; }}\n\
             http {{\n\
             log_format body escape=none '$request_body';\n\
             client_body_buffer_size 1m;\n"
        );
        for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
            config.push_str(&format!("{kind}_temp_path {here}/nginx-{kind};\n"));
        }
        // A body is only read where it is handed on.
        config.push_str(&format!(
            "server {{\n\
             listen {address};\n\
             location = /hook {{ access_log {here}/bodies body; proxy_pass http://{address}/; }}\n\
             location = / {{ access_log off; return 200; }}\n\
             location = /metrics {{ access_log off; default_type text/plain; root {here}; }}\n\
             }}\n}}\n"
        ));
        let file = folder.join("nginx.conf");
        fs::write(&file, config).expect("nginx.conf can be written");
        let mut command = namespace.command(program);
        command.args(["-g", "daemon off;", "-e", "stderr", "-p"]);
        command.arg(&folder).arg("-c").arg(&file);
        Self {
            process: namespace.spawn(&mut command, &folder.join("nginx.log")),
            log: folder.join("bodies"),
        }
    }

    /// Everything that was told so far, in the order in which it came.
    pub(super) fn told(&self) -> Vec<Told> {
        let bodies = fs::read_to_string(&self.log).unwrap_or_default();
        let mut told = Vec::new();
        for body in bodies.lines().filter(|line| !line.is_empty()) {
            let body: Value = serde_json::from_str(body).unwrap_or_else(|e| {
                panic!(
                    "Alertmanager calls with JSON: {e}\n{body}\n{}",
                    self.process.last_words()
                )
            });
            let alerts = body["alerts"].as_array().expect("a call has alerts");
            told.extend(alerts.iter().map(|one| Told {
                title: title(&words(&one["labels"]).into_iter().collect()),
                resolved: one["status"] == "resolved",
                summary: text(&one["annotations"]["summary"]),
            }));
        }
        told
    }

    /// Waits until an alert of this title was told, as firing or as resolved.
    pub(super) fn wait(&self, title: &str, resolved: bool) -> Told {
        until(Duration::from_secs(40), title, || {
            let told = self.told();
            let found = told
                .iter()
                .rfind(|one| one.title == title && one.resolved == resolved);
            found.cloned().ok_or_else(|| format!("{told:#?}"))
        })
    }
}
