//! The week that Prometheus tells is the week that `bascule replay` tells.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{APART, VANTAGES, Week, backfill, prometheus};

/// What `bascule replay --json` says of a vantage's week.
fn told(vantage: &str) -> Value {
    let output = backfill::replay(vantage).arg("--json").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{vantage}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn labels(counter: &Value) -> BTreeMap<String, String> {
    let labels = counter["labels"].as_object().unwrap();
    let labels = labels.iter();
    labels
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
        .collect()
}

/// The first sample that can show what happened at a moment.
fn sample_after(moment: &Value) -> i64 {
    let moment: jiff::Timestamp = moment.as_str().unwrap().parse().unwrap();
    let apart = APART * 1000;
    let samples = (moment.as_millisecond() + apart - 1).div_euclid(apart);
    samples * APART
}

#[test]
fn both_vantages_tell_of_the_same_week_and_differ_in_their_own_side_only() {
    let rule = format!("# {}\n", "-".repeat(110));
    let [north, south] = VANTAGES.map(|vantage| {
        let text = std::fs::read_to_string(backfill::scenario(vantage)).unwrap();
        let parts: Vec<String> = text.split(&rule).map(str::to_owned).collect();
        <[String; 3]>::try_from(parts).expect("two rules across the page")
    });
    assert_eq!(north[1], south[1]);
    let keys = |text: &str| {
        let lines = text.lines().filter_map(|line| line.split_once(" = "));
        lines.map(|(key, _)| key.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(keys(&north[0]), ["id", "title"]);
    assert_eq!(keys(&south[0]), ["id", "title", "seed"]);
    assert!(north[2].contains("[prober]") && !south[2].contains("[prober]"));
}

#[test]
fn every_counter_of_the_replay_is_that_of_prometheus() {
    let week = prometheus();
    for vantage in VANTAGES {
        let all = format!("{{job=\"bascule\",instance=\"{vantage}\"}}");
        let found: BTreeMap<BTreeMap<String, String>, f64> = week
            .instant(&all, week.end())
            .unwrap()
            .into_iter()
            .map(|sample| (sample.labels, sample.value))
            .collect();
        let told = told(vantage);
        let counters = told["counters"].as_array().unwrap();
        assert!(counters.len() > 200, "{}", counters.len());
        for counter in counters {
            let mut key = labels(counter);
            for (name, value) in [
                ("__name__", counter["name"].as_str().unwrap()),
                ("job", "bascule"),
                ("instance", vantage),
            ] {
                key.insert(name.to_owned(), value.to_owned());
            }
            let value = counter["value"].as_f64().unwrap();
            let here = found.get(&key).copied().unwrap_or(f64::NAN);
            // JSON has microseconds.
            assert!((here - value).abs() < 2e-6, "{key:?}: {here}, {value}");
        }
    }
}

/// When a series that is 1 began to be so, each time: the first sample behind each gap.
fn beginnings(week: &Week, promql: &str) -> Vec<i64> {
    let answer = week.range(promql, week.start(), week.end(), APART);
    let mut beginnings = Vec::new();
    for series in answer.unwrap() {
        let mut before = i64::MIN;
        for (at, _) in series.points {
            let at = at as i64;
            if at > before + APART {
                beginnings.push(at);
            }
            before = at;
        }
    }
    beginnings.sort_unstable();
    beginnings
}

#[test]
fn outages_and_switches_are_seen_at_the_first_sample_after_each() {
    let week = prometheus();
    for vantage in VANTAGES {
        let told = told(vantage);
        let events = told["events"].as_array().unwrap();
        let of = |fits: &dyn Fn(&Value) -> bool| -> Vec<i64> {
            let times = events.iter().filter(|event| fits(event));
            let mut times: Vec<i64> = times.map(|event| sample_after(&event["time"])).collect();
            times.sort_unstable();
            times
        };
        let down = format!("bascule_network_state{{instance=\"{vantage}\",state=\"down\"}} == 1");
        let downs = of(&|event| event["kind"] == "network" && event["to"] == "down");
        assert_eq!(downs.len(), 17, "3 of X, 2 of Bluesky, 12 of Mastodon");
        assert_eq!(beginnings(week, &down), downs);

        let active = format!("bascule_group_active{{instance=\"{vantage}\"}} == 1");
        let switches = of(&|event| event["kind"] == "group" && event["reason"] != "startup");
        assert_eq!(switches.len(), 11, "6 of crisis, 5 of press");
        let mut found = beginnings(week, &active);
        // `none` of both groups at the first sample, and their first choices at the second.
        assert_eq!(found[..4], [0, 0, APART, APART].map(|at| week.start() + at));
        found.drain(..4);
        assert_eq!(found, switches);
    }
}
