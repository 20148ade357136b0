//! The rules, the alerts and their routes, by the programs that will read them; and that what
//! they name exists.

pub(crate) mod files;
mod programs;
mod runbook;
mod week;

use std::collections::{BTreeMap, BTreeSet};

use bascule::metrics::names::{self, MetricKind};
use regex::Regex;

use files::{Kind, alerts, expectations, read, rules};

/// The dashboards that alerts lead to.
const DASHBOARDS: [&str; 7] = [
    "bascule-now",
    "bascule-network",
    "bascule-dns",
    "bascule-tls",
    "bascule-slo",
    "bascule-vantage",
    "bascule-self",
];

/// Alerts for which there is no silence of the blind, and why.
const SEES_WITHOUT_A_LINE: [(&str, &str); 9] = [
    (
        "BasculeUplinkDown",
        "it is what says that a prober is blind",
    ),
    ("BasculeBlind", "it is what says that all probers are blind"),
    ("BasculeVantageMissing", "nothing is known of its line"),
    ("BasculeAbsent", "nothing is known of any line"),
    (
        "BasculeCertificateExpiring",
        "a date that was seen stays true without a line",
    ),
    ("BasculeReloadFailed", "the configuration is a local file"),
    ("BasculeMemoryNotWritten", "the memory is a local file"),
    ("BasculeRoundPanics", "a bug needs no line"),
    (
        "BasculeWebhookGaveUp",
        "what was given up is lost, whoever is to blame",
    ),
];

#[test]
fn every_alert_has_a_severity_texts_a_runbook_section_and_a_dashboard() {
    let runbook = read("docs/runbook.md");
    let sections: BTreeSet<&str> = runbook
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .filter(|title| title.starts_with("Bascule"))
        .collect();
    let mut named = BTreeSet::new();
    for alert in alerts() {
        let name = alert.name;
        let says = |key: &str| alert.says.get(key).map_or("", String::as_str);
        assert!(
            matches!(says("severity"), "critical" | "warning" | "info" | "none"),
            "{name}: severity {:?}",
            says("severity")
        );
        assert!(says("summary").ends_with('.'), "{name}: no summary");
        assert!(!says("description").is_empty(), "{name}: no description");
        assert_eq!(
            says("runbook_url"),
            format!(
                "https://github.com/bascule-probe/bascule/blob/main/docs/runbook.md#{}",
                name.to_lowercase()
            )
        );
        assert!(DASHBOARDS.contains(&says("dashboard")), "{name}: dashboard");
        assert!(sections.contains(&*name), "{name} is not in the runbook");
        named.insert(name);
    }
    for section in sections {
        assert!(named.contains(section), "{section}: there is no such alert");
    }
}

#[test]
fn every_alert_has_unit_tests_that_it_fires_that_it_does_not_and_that_the_blind_are_silent() {
    let expectations = expectations();
    let exempt: BTreeMap<&str, &str> = SEES_WITHOUT_A_LINE.into();
    let alerts = alerts();
    for alert in &alerts {
        let name = &*alert.name;
        let of = |wanted: &dyn Fn(&files::Expectation) -> bool| {
            expectations.iter().any(|e| e.alert == name && wanted(e))
        };
        assert!(of(&|e| e.fires), "{name}: no test in which it fires");
        assert!(of(&|e| !e.fires), "{name}: no test in which it does not");
        let blind = of(&|e| !e.fires && e.test.contains("blind"));
        assert_ne!(
            blind,
            exempt.contains_key(name),
            "{name}: a test in which the prober is blind, or a reason why that makes no sense"
        );
    }
    for expectation in expectations {
        let known = alerts.iter().any(|alert| alert.name == expectation.alert);
        assert!(
            known,
            "{}: no alert {}",
            expectation.test, expectation.alert
        );
    }
}

/// What is to be named in an expression, with its labels.
fn series() -> BTreeMap<String, BTreeSet<String>> {
    let mut all = BTreeMap::new();
    let owned = |labels: &[&str]| -> BTreeSet<String> {
        let common = ["job", "instance"];
        labels
            .iter()
            .chain(&common)
            .map(|label| (*label).to_owned())
            .collect()
    };
    for metric in names::ALL {
        if metric.kind == MetricKind::Histogram {
            for part in ["_sum", "_count"] {
                all.insert(format!("{}{part}", metric.name), owned(metric.labels));
            }
            let mut labels = owned(metric.labels);
            labels.insert("le".to_owned());
            all.insert(format!("{}_bucket", metric.name), labels);
        } else {
            all.insert(metric.name.to_owned(), owned(metric.labels));
        }
    }
    for rule in rules().iter().filter(|rule| rule.kind == Kind::Record) {
        let level = rule.name.split(':').next().unwrap_or_default();
        let labels = level.split('_').map(str::to_owned).collect();
        let before = all.insert(rule.name.clone(), labels);
        assert!(before.is_none(), "{} is there twice", rule.name);
    }
    all
}

/// The faults in what a text names.
fn unknown(text: &str, known: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let series = Regex::new(r"\b([a-z_]+:)?bascule[a-z0-9_]*[:_][a-z0-9_:]+(\{[^}]*\})?").unwrap();
    let matcher = Regex::new(r#"([a-z]+)(=|!=|=~|!~)(\\?"|%q)"#).unwrap();
    let mut faults = Vec::new();
    for found in series.find_iter(text) {
        let (name, matchers) = found
            .as_str()
            .split_once('{')
            .unwrap_or((found.as_str(), ""));
        let Some(labels) = known.get(name) else {
            faults.push(format!("{name} does not exist"));
            continue;
        };
        for label in matcher.captures_iter(matchers) {
            if !labels.contains(&label[1]) {
                faults.push(format!("{name} has no label {}", &label[1]));
            }
        }
    }
    faults
}

#[test]
fn every_metric_and_label_that_the_rules_name_exists() {
    let known = series();
    for rule in rules() {
        let texts = rule.says.iter().filter(|(key, _)| *key != "runbook_url");
        for text in texts.map(|(_, text)| text).chain([&rule.expr]) {
            let faults = unknown(text, &known);
            assert!(
                faults.is_empty(),
                "{}: {}: {faults:?}",
                rule.file,
                rule.name
            );
        }
    }
    assert_eq!(
        unknown(
            r#"sum(bascule_network_sate{state="up"}) / job_network:bascule_network_down:quorum{group=~"x",job=%q}"#,
            &known
        ),
        [
            "bascule_network_sate does not exist",
            "job_network:bascule_network_down:quorum has no label group"
        ]
    );
}

#[test]
fn every_alert_that_the_routes_name_exists() {
    let named = Regex::new(r#"alertname(=~?)"([^"]+)""#).unwrap();
    let config = read("prometheus/alertmanager.yml");
    let alerts = alerts();
    let mut found = 0;
    for pattern in named.captures_iter(&config) {
        let whole = Regex::new(&format!("^(?:{})$", &pattern[2])).unwrap();
        // Every alternative of the pattern has to match something.
        let alternatives = pattern[2].split(['(', '|', ')']).filter(|part| {
            !part.is_empty() && *part != "Bascule" && *part != "BasculeGroup" && *part != ".*"
        });
        for part in alternatives {
            let part = part.trim_end_matches(".*");
            assert!(
                alerts
                    .iter()
                    .any(|alert| whole.is_match(&alert.name) && alert.name.contains(part)),
                "{part} of {} matches no alert",
                &pattern[2]
            );
        }
        found += 1;
    }
    assert_eq!(found, 16, "inhibition is about as many alerts and patterns");
}
