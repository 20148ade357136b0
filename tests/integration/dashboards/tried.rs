//! The rules that look at more than one file are tried on bad examples too.

use serde_json::{Value, json};

use super::exceptions;
use super::good::{EXPR, faults, good, together, with};
use super::house;
use super::model::Dashboard;

#[test]
fn dashboards_are_compared_with_each_other() {
    let url = "/panels/1/links/0/url";
    let codes = "/panels/1/fieldConfig/defaults/mappings/0/options";
    for (pointer, value, words) in [
        (
            url,
            json!("/d/best?var-job=a"),
            "`Good`: a link leads to `best`, which is not there",
        ),
        (
            url,
            json!("/d/good?from=now&var-colour=a"),
            "`Good`: a link gives `good` the variable `colour`",
        ),
        (
            "/links/0/tags",
            json!([]),
            "`Good`: the link `More` lists dashboards by other tags than `bascule`",
        ),
    ] {
        assert_eq!(together(with(pointer, value)), [words]);
    }
    let both = |changed: Value| {
        let pair = [good(), changed].map(|json| Dashboard::read("good", json));
        house::together(&pair).split_off(1)
    };
    let text = format!("{codes}/5/text");
    assert_eq!(
        both(with(&text, json!("degraded"))),
        [r#"5 means {"degraded", "down"}"#]
    );
    let two = json!({"1": {"text": "down"}, "2": {"text": "up"}});
    assert_eq!(
        both(with(codes, two)),
        [""; 0],
        "a yes and a no are no codes"
    );
}

#[test]
fn exceptions_are_few_and_argued() {
    let bad = || faults(with(EXPR, json!(r#"x_total{job=~"$job"}"#)));
    let told = |text: &str| {
        let (exceptions, mut told) = exceptions::read(text);
        told.extend(exceptions::judge(&bad(), &exceptions));
        told
    };
    let reason = "reason: memory makes it exact";
    let entry = "- dashboard: Good\n      panel: Rounds\n      targetIdx: 0";
    let of = |rule: &str, entry: &str| {
        format!("exclusions:\n  {rule}:\n    {reason}\n    entries:\n    {entry}\n")
    };
    let both = format!(
        "{}  target-counter-agg-rule:\n    {reason}\n    entries:\n    {entry}\n",
        of("target-instance-rule", entry)
    );
    assert_eq!(told(&both), [""; 0]);
    assert_eq!(told("").len(), 2, "nothing is excused: {:?}", told(""));
    for (text, words) in [
        (
            of("target-job-rule", entry),
            "excuses nothing: Exception { rule: \"target-job-rule\"",
        ),
        (
            of("target-instance-rule", &entry.replace('0', "1")),
            "excuses nothing",
        ),
        (
            of("target-instance-rule", &entry.replace("Rounds", "States")),
            "excuses nothing",
        ),
        (
            of("target-style-rule", entry),
            "target-style-rule: is no rule",
        ),
        (
            of("target-instance-rule", "- panel: Rounds"),
            "an entry without a dashboard",
        ),
        (
            of("target-instance-rule", entry).replace(reason, "reason: no"),
            "without a reason",
        ),
        (
            "exclusions:\n  target-job-rule:\n".to_owned(),
            "has no entries",
        ),
        (
            "warnings:\n  target-job-rule:\n".to_owned(),
            "`warnings:` is not understood",
        ),
        (
            "exclusions:\n   target-job-rule:\n".to_owned(),
            "`   target-job-rule:` is not understood",
        ),
    ] {
        let told = told(&text);
        assert!(
            told.iter().any(|fault| fault.contains(words)),
            "{text}\n{told:#?}"
        );
    }
}
