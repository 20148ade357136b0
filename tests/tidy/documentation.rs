//! The tables of the documentation are those of the code.

use std::fmt::Write as _;
use std::fs;
use std::sync::Arc;
use std::time::SystemTime;

use bascule::metrics::names::{self, Metric, MetricKind};
use bascule::metrics::{Metrics, Times, Watched, WatchedEndpoint};
use bascule::model::{
    Belongs, EndpointKey, EndpointView, GroupBooks, GroupView, Kind, Moment, Name, NetworkBooks,
    NetworkView, Reason, Role, Snapshot, State,
};

use super::root;

/// Brings the tables of the documentation up to date instead of comparing them.
const REFRESH: &str = "BASCULE_REFRESH=1 cargo test --test tidy the_documentation";

#[test]
fn the_documentation_of_metrics_and_reasons_is_that_of_the_code() {
    let path = root().join("docs/metrics.md");
    let written = fs::read_to_string(&path).expect("docs/metrics.md can be read");
    let tables = [
        ("metrics", metrics_table()),
        ("series", series_table()),
        ("reasons", reasons_table()),
    ];
    let mut fresh = written.clone();
    for (name, table) in tables {
        fresh = between(&fresh, name, &table);
    }
    is_up_to_date("docs/metrics.md", &written, &fresh);
}

/// A document with another text between the lines that mark its place.
pub(super) fn between(document: &str, name: &str, text: &str) -> String {
    let begin = format!("<!-- {name}: begin -->\n");
    let end = format!("<!-- {name}: end -->");
    let parts = document.split_once(&begin).and_then(|(head, rest)| {
        let (_, tail) = rest.split_once(&end)?;
        Some((head, tail))
    });
    let Some((head, tail)) = parts else {
        panic!("put the lines `{}` and `{end}` back", begin.trim());
    };
    format!("{head}{begin}{text}{end}{tail}")
}

/// Compares a document with what the code makes of it, or brings it up to date.
pub(super) fn is_up_to_date(path: &str, written: &str, fresh: &str) {
    if std::env::var_os("BASCULE_REFRESH").is_some() {
        fs::write(root().join(path), fresh).unwrap_or_else(|error| panic!("{path}: {error}"));
        return;
    }
    let mut lines = written.lines().zip(fresh.lines());
    let differs = lines.find(|(old, new)| old != new);
    assert!(
        written == fresh,
        "{path} is not what the code says, first at {differs:?}; run {REFRESH}"
    );
}

fn metrics_table() -> String {
    let mut table = String::from(
        "| name | kind | labels | unit | lean | meaning |\n|---|---|---|---|---|---|\n",
    );
    for metric in names::ALL {
        let kind = match metric.kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
        };
        let labels: Vec<String> = metric
            .labels
            .iter()
            .map(|label| format!("`{label}`"))
            .collect();
        let lean = if metric.lean { "yes" } else { "no" };
        row(
            &mut table,
            &[
                &format!("`{}`", metric.name),
                kind,
                &labels.join(", "),
                unit(metric),
                lean,
                metric.help,
            ],
        );
    }
    table
}

fn unit(metric: &Metric) -> &'static str {
    let name = metric.name.trim_end_matches("_total");
    if name.ends_with("_timestamp_seconds") {
        "Unix time in seconds"
    } else if name.ends_with("_seconds") {
        "seconds"
    } else if name.ends_with("_weight") {
        "weight"
    } else if metric.name.ends_with("_info") {
        "always 1"
    } else if metric.help.starts_with('1') {
        "0 or 1"
    } else {
        "number"
    }
}

fn series_table() -> String {
    let mut table = String::from("| what | full | lean |\n|---|---:|---:|\n");
    let [full, lean] = [false, true].map(|lean| {
        let page = sample_page(Kind::Http, lean);
        ["network", "group", "uplink"].map(|level| {
            let of_level = format!("bascule_{level}_");
            let series = page.iter().filter(|line| line.starts_with(&of_level));
            series.count().to_string()
        })
    });
    let levels = ["a network", "a group of 8 networks", "our own connection"];
    for ((level, full), lean) in levels.into_iter().zip(full).zip(lean) {
        row(&mut table, &[level, &full, &lean]);
    }
    for kind in Kind::ALL {
        let [full, lean] = [false, true].map(|lean| {
            let page = sample_page(kind, lean);
            let series = page.iter().filter(|line| line.contains("endpoint=\""));
            series.count().to_string()
        });
        row(
            &mut table,
            &[&format!("an endpoint of kind `{kind}`"), &full, &lean],
        );
    }
    table
}

/// The samples that Prometheus reads of a network with one endpoint, which has one resolver, and
/// of a group of eight.
fn sample_page(kind: Kind, lean: bool) -> Vec<String> {
    let key = EndpointKey::new("n", "e");
    let times = Times::new(|| Moment::ZERO, |_| SystemTime::UNIX_EPOCH);
    let metrics = Metrics::new(times).expect("no two metrics clash");
    metrics.adopt(Watched {
        lean,
        endpoints: vec![WatchedEndpoint {
            key: key.clone(),
            kind,
            resolvers: vec!["system".into()],
        }],
    });
    let network = NetworkView {
        confirmed: None,
        flapping: false,
        outage: None,
        books: NetworkBooks::new(Moment::ZERO),
        name: "n".into(),
        state: State::Unknown,
        since: Moment::ZERO,
        trouble: None,
        layer: None,
        spare_weight: 0,
        endpoints: vec![EndpointView {
            key,
            state: State::Unknown,
            since: Moment::ZERO,
            restricted: false,
            tried: false,
            cause: None,
        }],
    };
    let names: Vec<Name> = (0..8).map(|n| format!("n{n}").into()).collect();
    let group = GroupView {
        name: "g".into(),
        active: None,
        roles: names.iter().map(|n| (n.clone(), Role::Unknown)).collect(),
        standbys: 0,
        standby_domains: 0,
        frozen: false,
        failback_due: None,
        pinned: None,
        books: GroupBooks::new(&names, Moment::ZERO),
    };
    let snapshot = Snapshot {
        networks: vec![network],
        groups: vec![group],
        ..Snapshot::default()
    };
    metrics.publish(|_| ((), Some(Arc::new(snapshot)), Vec::new()));
    let text = metrics.render().expect("it can be rendered");
    let text = String::from_utf8(text).expect("it is text");
    let series = text.lines().filter(|line| !line.starts_with('#'));
    series.map(str::to_owned).collect()
}

fn reasons_table() -> String {
    let mut table = String::from("| code | layer | what it is | meaning |\n|---|---|---|---|\n");
    for reason in Reason::ALL {
        let (layer, what) = match reason.belongs() {
            Belongs::Failure(layer) => (layer.as_str(), "failure"),
            Belongs::Restricted => ("http", "restricted"),
            Belongs::Slow(Some(layer)) => (layer.as_str(), "slow"),
            Belongs::Slow(None) => ("where it happened", "slow"),
            Belongs::Local => ("none", "our own"),
        };
        row(
            &mut table,
            &[&format!("`{reason}`"), layer, what, reason.sentence()],
        );
    }
    table
}

fn row(table: &mut String, cells: &[&str]) {
    // Writing to a String cannot fail.
    let _ = writeln!(table, "| {} |", cells.join(" | "));
}
