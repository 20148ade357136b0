//! Every rule is tried on a bad example: a good dashboard with one thing changed.

use serde_json::{Value, json};

use super::house;
use super::lint::{self, Fault};
use super::model::Dashboard;

/// A dashboard against which nothing can be said.
pub(super) fn good() -> Value {
    let source = json!({"type": "prometheus", "uid": "${datasource}"});
    let query = |name: &str, label: &str, query: &str| {
        json!({
            "type": "query", "name": name, "label": label, "datasource": source.clone(),
            "query": {"query": query, "refId": "variable"}, "refresh": 2,
            "multi": true, "includeAll": true, "allValue": ".+",
        })
    };
    let place = |x: u64, y: u64| json!({"x": x, "y": y, "w": 12, "h": 8});
    let states = json!([{"type": "value", "options": {
        "1": {"text": "unknown", "color": "#999999", "index": 0},
        "2": {"text": "up", "color": "#009E73", "index": 1},
        "5": {"text": "down", "color": "#D55E00", "index": 2},
    }}]);
    let selector = r#"{job=~"$job",instance=~"$instance"}"#;
    json!({
        "uid": "good", "title": "Good", "tags": ["bascule"], "editable": false,
        "links": [{"type": "dashboards", "title": "More", "tags": ["bascule"]}],
        "templating": {"list": [
            {"type": "datasource", "name": "datasource", "label": "Data source", "query": "prometheus"},
            query("job", "Job", "label_values(bascule_build_info, job)"),
            query("instance", "Vantage", "label_values(bascule_build_info{job=~\"$job\"}, instance)"),
        ]},
        "annotations": {"list": [
            {"name": "Own", "datasource": {"type": "grafana", "uid": "-- Grafana --"}},
            {"name": "Outages", "datasource": source.clone(), "step": "60s",
             "expr": format!("changes(bascule_network_state{selector}[1m]) > 0")},
        ]},
        "panels": [
            {
                "id": 1, "type": "timeseries", "title": "Rounds", "description": "How many a second.",
                "datasource": source.clone(), "gridPos": place(0, 0),
                "fieldConfig": {"defaults": {"unit": "ops"}, "overrides": []},
                "targets": [{"refId": "A", "expr":
                    format!("sum(rate(bascule_rounds_total{selector}[$__rate_interval]))")}],
            },
            {
                "id": 2, "type": "state-timeline", "title": "States", "description": "Of networks.",
                "datasource": source.clone(), "gridPos": place(12, 0),
                "fieldConfig": {"defaults": {"mappings": states}, "overrides": [
                    {"matcher": {"id": "byName", "options": "degraded"}, "properties": [
                        {"id": "color", "value": {"mode": "fixed", "fixedColor": "#F0E442"}}]}]},
                "links": [{"url": "/d/good?var-job=${job:queryparam}"}],
                "targets": [{"refId": "A", "expr": format!("bascule_network_state{selector}")}],
            },
            {
                "id": 3, "type": "row", "title": "More", "collapsed": true,
                "gridPos": {"x": 0, "y": 8, "w": 24, "h": 1},
                "panels": [{
                    "id": 4, "type": "text", "title": "Words", "description": "Only words.",
                    "gridPos": place(0, 9), "datasource": source.clone(),
                }],
            },
        ],
    })
}

pub(super) fn faults(json: Value) -> Vec<Fault> {
    let dashboard = Dashboard::read("good", json);
    let mut faults = lint::check(&dashboard, &lint::RULES);
    // The label of `instance` is our only standing quarrel with the linter.
    faults.retain(|fault| !fault.what.contains("is labelled `Vantage`"));
    faults.extend(lint::check(&dashboard, &house::RULES));
    faults
}

pub(super) fn together(json: Value) -> Vec<String> {
    house::together(&[Dashboard::read("good", json)])
}

#[test]
fn nothing_is_said_against_a_good_dashboard() {
    assert_eq!(faults(good()), []);
    assert_eq!(together(good()), [""; 0]);
}

/// Where the good dashboard is changed, to what, and what is said then: rule and words.
fn bad() -> Vec<(&'static str, Value, &'static str, &'static str)> {
    vec![
        (
            "/templating/list/0/name",
            json!("source"),
            "template-datasource-rule",
            "named `source`",
        ),
        (
            "/templating/list/0/label",
            json!("Source"),
            "template-datasource-rule",
            "labelled `Source`",
        ),
        (
            "/templating/list/0/query",
            json!("loki"),
            "template-datasource-rule",
            "type `loki`",
        ),
        (
            "/templating/list/0/type",
            json!("custom"),
            "template-datasource-rule",
            "0 data source variables",
        ),
        (
            "/templating/list/1/multi",
            json!(false),
            "template-job-rule",
            "one value only",
        ),
        (
            "/templating/list/1/allValue",
            json!(".*"),
            "template-job-rule",
            "has `.*` for all",
        ),
        (
            "/templating/list/1/label",
            json!("Task"),
            "template-job-rule",
            "labelled `Task`",
        ),
        (
            "/templating/list/1/type",
            json!("custom"),
            "template-job-rule",
            "is not a query",
        ),
        (
            "/templating/list/1/name",
            json!("work"),
            "template-job-rule",
            "no variable `job`",
        ),
        (
            "/templating/list/2/multi",
            json!(false),
            "template-instance-rule",
            "one value only",
        ),
        (
            "/templating/list/2/datasource/uid",
            json!("p1"),
            "template-instance-rule",
            "asks `p1`",
        ),
        (
            "/templating/list/2/label",
            json!("Place"),
            "vantage",
            "labelled `Place`, not `Vantage`",
        ),
        (
            "/templating/list/1/query/query",
            json!("label_values(a b, job)"),
            "template-label-promql-rule",
            "`job`: ",
        ),
        (
            "/templating/list/1/query/query",
            json!("metrics(a)"),
            "template-label-promql-rule",
            "not label_values",
        ),
        (
            "/templating/list/1/refresh",
            json!(1),
            "template-on-time-change-reload-rule",
            "`job` is not asked again",
        ),
        (
            "/panels/0/datasource/uid",
            json!("p1"),
            "panel-datasource-rule",
            "asks `p1`",
        ),
        (
            "/panels/0/targets/0/datasource",
            json!({"uid": "p1"}),
            "panel-datasource-rule",
            "asks `p1`",
        ),
        (
            "/annotations/list/1/datasource/uid",
            json!("p1"),
            "panel-datasource-rule",
            "`Outages` asks `p1`",
        ),
        (
            "/panels/0/description",
            json!(""),
            "panel-title-description-rule",
            "without a title or a description",
        ),
        (
            "/panels/2/panels/0/title",
            json!(""),
            "panel-title-description-rule",
            "without a title or a description",
        ),
        (
            "/panels/0/fieldConfig/defaults/unit",
            Value::Null,
            "panel-units-rule",
            "has no unit",
        ),
        (
            "/panels/0/fieldConfig/defaults/unit",
            json!("sec"),
            "panel-units-rule",
            "unknown unit `sec`",
        ),
        (
            "/panels/0/fieldConfig/overrides",
            json!([{"properties": [{"id": "unit", "value": "sec"}]}]),
            "panel-units-rule",
            "unknown unit `sec`",
        ),
        (
            "/panels/0/targets",
            json!([]),
            "panel-no-targets-rule",
            "asks nothing",
        ),
        (
            "/panels/2/panels/0/type",
            json!("stat"),
            "panel-no-targets-rule",
            "asks nothing",
        ),
        (
            EXPR,
            json!("sum(rate("),
            "target-promql-rule",
            "in sum(rate(",
        ),
        (
            EXPR,
            json!("$nothing"),
            "target-promql-rule",
            "there is no variable `nothing`",
        ),
        (
            EXPR,
            json!(r#"up{job=~"$job",instance=~"$instance" or a="b"}"#),
            "target-promql-rule",
            "not known to Prometheus",
        ),
        (
            "/annotations/list/1/expr",
            json!("changes("),
            "target-promql-rule",
            "the annotation `Outages`",
        ),
        (
            EXPR,
            json!(r#"rate(x_total{job=~"$job",instance=~"$instance"}[5m])"#),
            "target-rate-interval-rule",
            "rate of another range",
        ),
        (
            EXPR,
            json!(r#"increase(x_total{job=~"$job",instance=~"$instance"}[$__range])"#),
            "target-rate-interval-rule",
            "increase of another range",
        ),
        (
            EXPR,
            json!(r#"up{instance=~"$instance"}"#),
            "target-job-rule",
            r#"`up` without job=~"$job""#,
        ),
        (
            EXPR,
            json!(r#"up{job="$job",instance=~"$instance"}"#),
            "target-job-rule",
            "`up` without job",
        ),
        (
            EXPR,
            json!(r#"1 + rate(up{job=~"$job"}[$__rate_interval])"#),
            "target-instance-rule",
            r#"`up` without instance=~"$instance""#,
        ),
        (
            EXPR,
            json!(r#"x_total{job=~"$job",instance=~"$instance"} offset 7d"#),
            "target-counter-agg-rule",
            "`x_total` is not in rate",
        ),
        (
            EXPR,
            json!(r#"last_over_time(x_total{job=~"$job",instance=~"$instance"}[5m])"#),
            "target-counter-agg-rule",
            "`x_total` is not in rate",
        ),
        (
            "/editable",
            json!(true),
            "uneditable-dashboard",
            "can be edited",
        ),
        ("/uid", json!("better"), "uid", "the uid is `better`"),
        ("/tags", json!(["other"]), "tag", "not tagged"),
        (
            "/panels/0/id",
            json!(2),
            "panel-ids",
            "the id 2 of another panel",
        ),
        (
            "/panels/2/panels/0/id",
            json!(1),
            "panel-ids",
            "the id 1 of another panel",
        ),
        ("/panels/0/id", Value::Null, "panel-ids", "has no id"),
        ("/panels/1/gridPos/x", json!(11), "grid", "lies on `Rounds`"),
        ("/panels/1/gridPos/x", json!(13), "grid", "24 columns"),
        ("/panels/1/gridPos", Value::Null, "grid", "no place"),
        (
            "/panels/0/targets",
            targets(12),
            "first-paint",
            "asks 13 questions at first",
        ),
        (
            "/panels/1/fieldConfig/defaults/mappings/0/options/5/color",
            json!("red"),
            "colours",
            "`down` is red, everywhere else #d55e00",
        ),
        (
            "/panels/1/fieldConfig/overrides/0/properties/0/value/fixedColor",
            json!("yellow"),
            "colours",
            "`degraded` is yellow",
        ),
        (
            "/annotations/list/1/expr",
            json!(r#"up{job=~"$job"}"#),
            "annotations",
            "`up` without instance",
        ),
        (
            "/annotations/list/1/step",
            Value::Null,
            "annotations",
            "has no step",
        ),
        (
            "/annotations/list",
            json!([]),
            "annotations",
            "marks no switches",
        ),
        (
            "/panels/0/targets/0/refId",
            Value::Null,
            "target-names",
            "without a name",
        ),
    ]
}

pub(super) const EXPR: &str = "/panels/0/targets/0/expr";

fn targets(count: usize) -> Value {
    let expr = r#"up{job=~"$job",instance=~"$instance"}"#;
    let one = |number: usize| json!({"refId": format!("A{number}"), "expr": expr});
    (0..count).map(one).collect()
}

pub(super) fn with(pointer: &str, value: Value) -> Value {
    let mut json = good();
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let parent = json
        .pointer_mut(parent)
        .unwrap_or_else(|| panic!("{pointer} is there"));
    match parent {
        Value::Array(items) => items[key.parse::<usize>().expect("a number")] = value,
        parent => parent[key] = value,
    }
    json
}

#[test]
fn every_rule_finds_what_is_wrong() {
    let mut tried = Vec::new();
    for (pointer, value, rule, words) in bad() {
        let faults = faults(with(pointer, value));
        let found = faults
            .iter()
            .any(|fault| fault.rule == rule && fault.what.contains(words));
        assert!(
            found,
            "{pointer}: {rule} does not say `{words}`: {faults:#?}"
        );
        tried.push(rule);
    }
    for (rule, _) in lint::RULES.iter().chain(&house::RULES) {
        assert!(tried.contains(rule), "{rule} is not tried on a bad example");
    }
}
