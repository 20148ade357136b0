//! Every metric, label and label value that is named in dashboards, rules and documentation is in a
//! real scrape, and every metric of the scrape is in the reference and of use to somebody.

use std::collections::{BTreeMap, BTreeSet};

use super::model;
use super::promql;
use super::scrape::{self, Metrics};
use super::sources::{self, Rule, Source};

/// Labels whose values come from a configuration, or from the scrape itself.
const OPEN: [&str; 8] = [
    "job", "instance", "network", "group", "endpoint", "resolver", "version", "severity",
];

/// What Prometheus adds to each scrape.
const ADDED: [&str; 5] = [
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
];

/// Metrics that no dashboard, rule or example asks for, and why.
const UNUSED: [(&str, &str); 4] = [
    (
        "bascule_group_exhaustions_total",
        "activations of the network none say the same, and when",
    ),
    (
        "bascule_network_endpoints",
        "the lanes of the endpoints say which, not only how many",
    ),
    (
        "bascule_network_outage_confirmation_seconds",
        "people ask for the time to detect, of which it is a part",
    ),
    (
        "bascule_network_transitions_total",
        "the lanes of the states say when, not only how often",
    ),
];

/// The endings of the parts of a histogram.
const PARTS: [&str; 3] = ["_bucket", "_sum", "_count"];

/// All that can be named: a scrape with the labels that Prometheus adds, and what rules record.
fn known(scraped: &Metrics, rules: &[Rule]) -> Metrics {
    let mut known = scraped.clone();
    for name in ADDED {
        known.entry(name.to_owned()).or_default();
    }
    for labels in known.values_mut() {
        for label in ["job", "instance"] {
            labels.entry(label.to_owned()).or_default();
        }
    }
    for rule in rules {
        let Some(record) = &rule.record else { continue };
        let labels = labels_of(&rule.sources[0], &known);
        let labels: BTreeMap<_, _> = labels
            .into_iter()
            .map(|label| (label, BTreeSet::new()))
            .collect();
        known.insert(record.clone(), labels);
    }
    known
}

/// The labels that an answer can have: those of its metrics, and those that it makes.
fn labels_of(source: &Source, known: &Metrics) -> BTreeSet<String> {
    let selectors = promql::selectors(&source.expr);
    let of_metrics = selectors.iter().filter_map(|s| known.get(promql::name(s)));
    let labels = of_metrics.flat_map(|labels| labels.keys().cloned());
    labels.chain(promql::labels(&source.expr).made).collect()
}

/// Names of an expression that nothing has.
fn unknown(source: &Source, known: &Metrics) -> Vec<String> {
    let mut faults = Vec::new();
    for selector in promql::selectors(&source.expr) {
        let name = promql::name(selector);
        let Some(labels) = known.get(name) else {
            faults.push(format!("no metric `{name}`"));
            continue;
        };
        for matcher in &selector.matchers.matchers {
            let label = &matcher.name;
            let Some(values) = labels.get(label).filter(|_| label != "__name__") else {
                faults.push(format!("`{name}` has no label `{label}`"));
                continue;
            };
            // What a rule records keeps no list of values.
            if OPEN.contains(&label.as_str()) || values.is_empty() {
                continue;
            }
            let named = promql::named_values(matcher).into_iter();
            let strange = named.filter(|value| !values.contains(*value));
            faults.extend(strange.map(|value| format!("`{name}` never has {label}=\"{value}\"")));
        }
    }
    let labels = labels_of(source, known);
    let used = promql::labels(&source.expr).used.into_iter();
    for label in used.chain(source.shown.iter().cloned()) {
        if !labels.contains(&label) {
            faults.push(format!("nothing has the label `{label}`"));
        }
    }
    let place = &source.place;
    faults
        .iter()
        .map(|fault| format!("{place}: {fault}"))
        .collect()
}

/// All that is written, and the rules among it.
fn everything() -> (Vec<Source>, Vec<Rule>) {
    let mut sources = sources::of_dashboards(&model::all());
    sources.extend(sources::documented());
    (sources, sources::rules())
}

#[test]
fn every_name_that_is_written_is_in_a_real_scrape() {
    let (sources, rules) = everything();
    let known = known(&scrape::read(&scrape::daemon().metrics()), &rules);
    let of_rules = rules.iter().flat_map(|rule| &rule.sources);
    let all = sources.iter().chain(of_rules);
    let faults: BTreeSet<String> = all.flat_map(|source| unknown(source, &known)).collect();
    let faults: Vec<String> = faults.into_iter().collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn the_reference_has_every_metric_of_a_scrape_and_each_is_used() {
    let (mut documented, patterns) = sources::reference();
    let scraped = scrape::read(&scrape::daemon().metrics());
    let whole = |name: &str, of: &BTreeSet<String>| -> String {
        let parts = PARTS.iter().filter_map(|part| name.strip_suffix(part));
        let mut whole = parts.filter(|whole| of.contains(*whole));
        whole.next().unwrap_or(name).to_owned()
    };
    let families: BTreeSet<String> = scraped.keys().map(|n| whole(n, &documented)).collect();
    let missing: Vec<&String> = families
        .iter()
        .filter(|name| !documented.contains(*name))
        .filter(|name| !patterns.iter().any(|start| name.starts_with(start)))
        .collect();
    assert!(missing.is_empty(), "not in docs/metrics.md: {missing:?}");
    let (sources, rules) = everything();
    let asked: BTreeSet<String> = sources
        .iter()
        .chain(rules.iter().flat_map(|rule| &rule.sources))
        .flat_map(|source| promql::selectors(&source.expr))
        .map(|selector| whole(promql::name(selector), &documented))
        .collect();
    for (name, why) in UNUSED {
        assert!(
            !asked.contains(name),
            "{name} is used after all, not: {why}"
        );
        assert!(documented.remove(name), "{name} is no metric");
    }
    let idle: Vec<&String> = documented.difference(&asked).collect();
    assert!(idle.is_empty(), "nobody asks for {idle:?}");
    let gone: Vec<&String> = documented.difference(&families).collect();
    assert!(gone.is_empty(), "no scrape has {gone:?}");
}

#[test]
fn a_wrong_name_is_found() {
    let scraped = scrape::read(
        "# HELP a A gauge\na{state=\"up\",network=\"x\"} 1\nb_bucket{le=\"0.5\"} 2\nc 1\n",
    );
    let known = known(&scraped, &[]);
    let faults = |expr: &str, shown: &[&str]| {
        let source = Source {
            place: "here".to_owned(),
            expr: promql::understand(expr).expect("it can be read"),
            shown: shown.iter().map(ToString::to_string).collect(),
        };
        unknown(&source, &known)
    };
    for expr in [
        r#"max by (network, job) (a{state=~"up",network="y",job=~"$job"})"#,
        r#"a{state!="up"} == on (network) group_left (state) a{state=~".+"}"#,
        r#"histogram_quantile(0.9, sum by (le) (rate(b_bucket{le="0.5"}[5m])))"#,
        r#"label_replace(c, "made", "$1", "job", "(.*)") * on (made) up"#,
    ] {
        assert_eq!(faults(expr, &["job"]), [""; 0]);
    }
    for (expr, shown, fault) in [
        ("d", "", "no metric `d`"),
        (r#"a{States="up"}"#, "", "`a` has no label `States`"),
        (r#"a{state="on"}"#, "", "`a` never has state=\"on\""),
        (r#"a{state=~"up|on"}"#, "", "`a` never has state=\"on\""),
        (
            r#"b_bucket{le="0.25"}"#,
            "",
            "`b_bucket` never has le=\"0.25\"",
        ),
        (
            "sum by (endpoint) (a)",
            "",
            "nothing has the label `endpoint`",
        ),
        ("a * on (layer) c", "", "nothing has the label `layer`"),
        ("a", "layer", "nothing has the label `layer`"),
    ] {
        let shown: Vec<&str> = shown.split_whitespace().collect();
        assert_eq!(faults(expr, &shown), [format!("here: {fault}")]);
    }
}
