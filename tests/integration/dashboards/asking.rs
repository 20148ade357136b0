//! Questions as Grafana asks them: of a range of time, with variables put in and steps that fit the
//! panel's width; and the answers of a Prometheus.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;

use super::model::{Dashboard, Panel, Variable};
use super::promql;
use crate::week::ask;

/// One series of an answer: its last value that is a number, and its largest.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) value: f64,
    /// The largest.
    pub(super) most: f64,
}

impl Answer {
    /// The values of its labels, those of labels that come first in the alphabet first.
    pub(super) fn name(&self) -> String {
        let values: Vec<&str> = self.labels.values().map(String::as_str).collect();
        values.join(" ")
    }
}

/// What a reader looks at: a range of time, and a choice in each variable.
#[derive(Clone)]
pub(super) struct View<'a> {
    pub(super) dashboard: &'a Dashboard,
    pub(super) from: i64,
    pub(super) to: i64,
    /// Seconds between two scrapes, which the data source is told.
    pub(super) scrape: i64,
    /// The value that is chosen; all of them where there is none.
    pub(super) chosen: BTreeMap<&'a str, String>,
}

/// Pixels of 24 columns.
const WIDTH: i64 = 1800;
/// Points of an annotation.
const MARKS: i64 = 100;

/// Steps that Grafana takes, in seconds: the first whose bound is beyond the exact one.
const STEPS: [(f64, i64); 19] = [
    (1.5, 1),
    (3.5, 2),
    (7.5, 5),
    (12.5, 10),
    (17.5, 15),
    (25.0, 20),
    (45.0, 30),
    (90.0, 60),
    (210.0, 120),
    (450.0, 300),
    (750.0, 600),
    (1050.0, 900),
    (1500.0, 1200),
    (2700.0, 1800),
    (5400.0, 3600),
    (9000.0, 7200),
    (16200.0, 10800),
    (32400.0, 21600),
    (86400.0, 43200),
];

impl View<'_> {
    /// Seconds between two points of a panel.
    pub(super) fn step(&self, panel: &Panel) -> i64 {
        let columns = panel.place().map_or(24, |[left, right, ..]| right - left);
        let points = WIDTH * i64::try_from(columns).expect("at most 24 columns") / 24;
        let least = panel.json["interval"].as_str().map(seconds);
        self.rounded(points).max(least.unwrap_or(self.scrape))
    }

    /// Seconds between two points of an annotation.
    pub(super) fn step_of_marks(&self, least: &str) -> i64 {
        self.rounded(MARKS).max(seconds(least))
    }

    fn rounded(&self, points: i64) -> i64 {
        let exact = (self.to - self.from) as f64 / points as f64;
        let step = STEPS.iter().find(|(bound, _)| exact < *bound);
        step.map_or(86400, |(_, step)| *step)
    }

    /// An expression as it is sent.
    pub(super) fn expand(&self, expr: &str, step: i64) -> Result<String, String> {
        let rate = (step + self.scrape).max(4 * self.scrape);
        let range = self.to - self.from;
        promql::expand(expr, &|name, _| match name {
            "__rate_interval" => Some(format!("{rate}s")),
            "__interval" => Some(format!("{step}s")),
            "__interval_ms" => Some(format!("{step}000")),
            "__range" => Some(format!("{range}s")),
            "__range_s" => Some(range.to_string()),
            _ => Some(self.value(self.dashboard.variable(name)?)),
        })
    }

    fn value(&self, variable: &Variable) -> String {
        match self.chosen.get(variable.name.as_str()) {
            Some(value) => value.clone(),
            None if variable.include_all => variable.all_value.clone(),
            None => variable.query.clone(),
        }
    }

    /// Whether this is chosen.
    pub(super) fn has(&self, (name, value): &(&str, &str)) -> bool {
        self.chosen.get(name).is_some_and(|chosen| chosen == value)
    }

    /// The same with one more choice.
    pub(super) fn choosing(mut self, name: &'_ str, value: &str) -> Self {
        let variable = self.dashboard.variable(name);
        if let Some(variable) = variable {
            self.chosen.insert(&variable.name, value.to_owned());
        }
        self
    }
}

fn seconds(text: &str) -> i64 {
    let duration = humantime::parse_duration(text).unwrap_or(Duration::ZERO);
    i64::try_from(duration.as_secs()).expect("not so long")
}

/// A Prometheus that answers.
pub(super) struct Asked(pub(super) SocketAddr);

impl Asked {
    /// The answer at a moment, without what is no number.
    pub(super) fn instant(&self, expr: &str, at: i64) -> Result<Vec<Answer>, String> {
        self.vector(&[("query", expr), ("time", &at.to_string())])
    }

    /// The answer now.
    pub(super) fn now(&self, expr: &str) -> Result<Vec<Answer>, String> {
        self.vector(&[("query", expr)])
    }

    fn vector(&self, form: &[(&str, &str)]) -> Result<Vec<Answer>, String> {
        let data = ask(self.0, "/api/v1/query", form)?;
        if data["resultType"] == "scalar" {
            let points = Value::from(vec![data["result"].clone()]);
            return Ok(answer(&Value::Null, &points).into_iter().collect());
        }
        let all = data["result"].as_array().into_iter().flatten();
        Ok(all
            .filter_map(|one| answer(&one["metric"], &Value::from(vec![one["value"].clone()])))
            .collect())
    }

    /// The answers over a range, without series that have no number at all.
    pub(super) fn range(
        &self,
        expr: &str,
        (from, to, step): (i64, i64, i64),
    ) -> Result<Vec<Answer>, String> {
        // As Grafana does it, so that the same moments are asked for again after a reload.
        let [start, end, step] = [from - from % step, to - to % step, step].map(|n| n.to_string());
        let form = [
            ("query", expr),
            ("start", &start),
            ("end", &end),
            ("step", &step),
        ];
        let data = ask(self.0, "/api/v1/query_range", &form)?;
        let all = data["result"].as_array().into_iter().flatten();
        Ok(all
            .filter_map(|one| answer(&one["metric"], &one["values"]))
            .collect())
    }

    /// The values of a label of the series that a selector selects.
    pub(super) fn values(
        &self,
        label: &str,
        selector: &str,
        (from, to): (i64, i64),
    ) -> Result<BTreeSet<String>, String> {
        let [start, end] = [from, to].map(|number| number.to_string());
        let form = [("match[]", selector), ("start", &start), ("end", &end)];
        let data = ask(self.0, "/api/v1/series", &form)?;
        let all = data.as_array().into_iter().flatten();
        let values = all.filter_map(|series| series[label].as_str());
        Ok(values.map(str::to_owned).collect())
    }
}

fn answer(metric: &Value, points: &Value) -> Option<Answer> {
    let points = points.as_array().into_iter().flatten();
    let values: Vec<f64> = points
        .filter_map(|point| point[1].as_str()?.parse().ok())
        .filter(|value: &f64| !value.is_nan())
        .collect();
    let labels = metric.as_object().into_iter().flatten();
    Some(Answer {
        labels: labels
            .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
            .collect(),
        value: *values.last()?,
        most: values.iter().copied().fold(f64::MIN, f64::max),
    })
}

#[test]
fn variables_are_put_in_as_grafana_does_it() {
    let list = |name: &str, include_all: bool| {
        serde_json::json!({
            "type": "query", "name": name, "multi": true, "includeAll": include_all, "allValue": ".+",
        })
    };
    let slo = serde_json::json!({"type": "textbox", "name": "slo", "query": "0.999"});
    let panel = serde_json::json!({
        "type": "timeseries", "interval": "2m", "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8},
    });
    let dashboard = Dashboard::read(
        "tried",
        serde_json::json!({
            "templating": {"list": [list("job", true), list("network", true), slo]},
            "panels": [panel],
        }),
    );
    let view = |hours: i64| View {
        dashboard: &dashboard,
        from: 0,
        to: hours * 3600,
        scrape: 60,
        chosen: BTreeMap::new(),
    };
    let panel = &dashboard.panels[0];
    // 900 points: every 24 s is rounded up to the panel's own step, every 672 s to ten minutes.
    assert_eq!([6, 168].map(|hours| view(hours).step(panel)), [120, 600]);
    assert_eq!(view(168).step_of_marks("60s"), 7200);
    let expr = r#"a{job=~"$job",network=~"${network:regex}"}[$__rate_interval] > $slo"#;
    let one = view(6).choosing("network", "x");
    assert_eq!(
        one.expand(expr, 60).expect("all are known"),
        r#"a{job=~".+",network=~"x"}[240s] > 0.999"#
    );
    assert_eq!(
        view(1).expand("[$__interval] [$__range] [$__rate_interval]", 600),
        Ok("[600s] [3600s] [660s]".to_owned())
    );
    assert_eq!(
        view(1).expand("$nobody", 60),
        Err("there is no variable `nobody`".to_owned())
    );
}
