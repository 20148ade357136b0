//! Every rule on the week of trouble: what fires, when, and that nothing else does.

use std::collections::BTreeMap;

use regex::Regex;

use super::files::{Kind, Rule, rules};
use crate::week::{APART, Week, prometheus};

/// What an alert is about, and its times as `day hour:minute-day hour:minute` of January 2026.
type Times = (&'static str, &'static str, &'static [&'static str]);

/// All that fires in the week. One vantage's own trouble shows in the two lines that name it.
const FIRES: [Times; 19] = [
    (
        "BasculeNetworkDown",
        "x",
        &[
            "12 12:02-12 14:00",
            "13 14:01-13 15:00",
            "16 15:13-16 16:27",
        ],
    ),
    (
        "BasculeNetworkDown",
        "bluesky",
        &["14 04:01-14 05:15", "17 09:01-17 09:45"],
    ),
    (
        "BasculeNetworkDown",
        "mastodon",
        &[
            "15 00:02-15 00:15",
            "15 02:01-15 02:15",
            "15 04:01-15 04:15",
            "15 06:01-15 06:15",
            "15 08:01-15 08:15",
            "15 10:01-15 10:15",
            "15 12:01-15 12:15",
            "15 14:01-15 14:15",
            "15 16:01-15 16:15",
            "15 18:01-15 18:15",
            "15 20:02-15 20:15",
            "15 22:01-15 22:15",
        ],
    ),
    (
        "BasculeNetworkDegraded",
        "x",
        &["12 11:17-12 12:01", "16 16:43-16 20:57"],
    ),
    // Slow from the south only: one of two is half.
    ("BasculeNetworkDegraded", "threads", &["17 13:18-17 14:02"]),
    ("BasculeGroupExhausted", "press", &["14 04:30-14 05:15"]),
    ("BasculeNetworkOutranked", "bluesky", &["14 04:30-14 05:15"]),
    // Bluesky is back, and Threads in maintenance for 15 minutes more.
    (
        "BasculeGroupNoStandby",
        "press",
        &[
            "14 04:11-14 04:29",
            "14 05:26-14 05:29",
            "17 09:11-17 09:45",
        ],
    ),
    (
        "BasculeGroupNoIndependentStandby",
        "crisis",
        &["14 04:40-14 05:15"],
    ),
    (
        "BasculeGroupSwitched",
        "crisis/bluesky",
        &[
            "12 12:02-12 12:12",
            "13 14:01-13 14:12",
            "16 15:13-16 15:22",
        ],
    ),
    (
        "BasculeGroupSwitched",
        "crisis/x",
        &[
            "12 14:06-12 14:15",
            "13 15:06-13 15:15",
            "16 21:03-16 21:12",
        ],
    ),
    (
        "BasculeGroupSwitched",
        "press/threads",
        &["14 04:01-14 04:11", "17 09:01-17 09:10"],
    ),
    (
        "BasculeGroupSwitched",
        "press/bluesky",
        &["14 05:16-14 05:25", "17 09:51-17 10:00"],
    ),
    ("BasculeUplinkDown", "north", &["17 18:02-17 19:00"]),
    (
        "BasculeCertificateExpiring",
        "threads/certificate",
        &["15 00:01-18 02:00"],
    ),
    // It has expired; the renewed one is believed after ten minutes.
    (
        "BasculeCertificateExpiring",
        "bluesky/web",
        &["17 09:01-17 09:55"],
    ),
    // The other vantage sees, and nobody is stuck or missing.
    ("BasculeBlind", "", &[]),
    ("BasculeStuck", "", &[]),
    ("BasculeVantageMissing", "", &[]),
];

/// Expressions that need no other rule, for a server that has only what was scraped.
struct Alone {
    named: Regex,
    records: BTreeMap<String, String>,
}

impl Alone {
    fn new(rules: &[Rule]) -> Self {
        let records = rules.iter().filter(|rule| rule.kind == Kind::Record);
        let records: BTreeMap<String, String> = records
            .map(|rule| (rule.name.clone(), rule.expr.clone()))
            .collect();
        let names: Vec<&str> = records.keys().map(String::as_str).collect();
        let named = format!(r"\b({})\b(?:\[(\w+)\])?", names.join("|"));
        Self {
            named: Regex::new(&named).unwrap(),
            records,
        }
    }

    fn expression(&self, expr: &str) -> String {
        // A replay has nothing of the daemon itself; what stands in is there as long as it is.
        let mut expr = expr.replace("bascule_build_info", r#"bascule_uplink_up{family="any"}"#);
        while self.named.is_match(&expr) {
            expr = self
                .named
                .replace_all(&expr, |found: &regex::Captures<'_>| {
                    let inner = &self.records[&found[1]];
                    let window = found.get(2);
                    let window = window.map(|w| format!("[{}:{APART}s]", w.as_str()));
                    format!("({inner}){}", window.unwrap_or_default())
                })
                .into_owned();
        }
        expr
    }
}

/// When an alert fires, by what it is about, in minutes of the week.
fn fires(week: &Week, alone: &Alone, alert: &Rule) -> BTreeMap<String, Vec<(i64, i64)>> {
    let (start, end) = (week.start(), week.end());
    let series = week
        .range(&alone.expression(&alert.expr), start, end, APART)
        .unwrap_or_else(|error| panic!("{}: {error}", alert.name));
    let wait = alert.says.get("for").map_or(0, |word| {
        i64::try_from(humantime::parse_duration(word).unwrap().as_secs()).unwrap()
    });
    let mut found = BTreeMap::new();
    for one in series {
        let about: Vec<&str> = ["group", "network", "endpoint", "instance"]
            .iter()
            .filter_map(|label| one.labels.get(*label).map(String::as_str))
            .collect();
        let mut times: Vec<(i64, i64)> = Vec::new();
        for (at, _) in one.points {
            #[allow(clippy::cast_possible_truncation, reason = "whole seconds")]
            let at = at as i64 - start;
            match times.last_mut() {
                Some((_, last)) if at - *last == APART => *last = at,
                _ => times.push((at, at)),
            }
        }
        times.retain(|(from, until)| until - from >= wait);
        let minutes = |(from, until): &(i64, i64)| ((from + wait) / 60, until / 60);
        if !times.is_empty() {
            found.insert(about.join("/"), times.iter().map(minutes).collect());
        }
    }
    found
}

/// `12 14:05` as minutes of the week, which begins on the 11th.
fn minutes(word: &str) -> i64 {
    let numbers: Vec<i64> = word
        .split([' ', ':'])
        .map(|number| number.parse().unwrap())
        .collect();
    ((numbers[0] - 11) * 24 + numbers[1]) * 60 + numbers[2]
}

#[test]
fn in_the_week_every_alert_fires_when_it_should_and_no_other_one() {
    let rules = rules();
    let alone = Alone::new(&rules);
    let week = prometheus();
    let mut faults = Vec::new();
    for alert in rules.iter().filter(|rule| rule.kind == Kind::Alert) {
        let mut found = fires(week, &alone, alert);
        for (_, about, times) in FIRES.iter().filter(|(name, _, _)| *name == alert.name) {
            let wanted: Vec<(i64, i64)> = times
                .iter()
                .map(|span| span.split_once('-').unwrap())
                .map(|(from, until)| (minutes(from), minutes(until)))
                .collect();
            let seen = found.remove(*about).unwrap_or_default();
            // Rounds have a jitter, which a minute is enough for.
            let near =
                |a: &(i64, i64), b: &(i64, i64)| (a.0 - b.0).abs() <= 1 && (a.1 - b.1).abs() <= 1;
            if seen.len() != wanted.len() || !seen.iter().zip(&wanted).all(|(a, b)| near(a, b)) {
                faults.push(format!("{} {about}: {seen:?}, not {wanted:?}", alert.name));
            }
        }
        for (about, seen) in found {
            faults.push(format!("{} {about}: {seen:?}, not at all", alert.name));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn in_the_week_every_recording_rule_has_something_to_say() {
    let rules = rules();
    let alone = Alone::new(&rules);
    let week = prometheus();
    for rule in rules.iter().filter(|rule| rule.kind == Kind::Record) {
        let expr = alone.expression(&rule.expr);
        let series = week
            .range(&expr, week.start(), week.end(), 3600)
            .unwrap_or_else(|error| panic!("{}: {error}", rule.name));
        assert!(!series.is_empty(), "{} is empty", rule.name);
    }
    // Two outages of Bluesky, three of X and twelve of Mastodon, seen from two places.
    let outages = &rules
        .iter()
        .find(|rule| rule.name == "job_network:bascule_network_outages:increase_7d")
        .expect("there is this rule")
        .expr;
    let at = week.start() + 7 * 86400;
    let mut counted: Vec<(String, f64)> = week
        .instant(outages, at)
        .expect("it can be asked")
        .into_iter()
        .map(|sample| (sample.labels["network"].clone(), sample.value))
        .collect();
    counted.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(
        counted,
        [
            ("bluesky".to_owned(), 2.0),
            ("mastodon".to_owned(), 12.0),
            ("threads".to_owned(), 0.0),
            ("x".to_owned(), 3.0)
        ]
    );
}
