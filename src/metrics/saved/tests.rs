//! What is saved comes back, and nothing else does.

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::metrics::tests::{address, at, metrics, query, round, text, value, watched};
use crate::metrics::{Metrics, Watched};
use crate::model::{Cause, EndpointKey, Kind, Layer, Reason, Verdict};
use crate::schedule::Skip;

/// Rounds of every kind, and what the daemon counts of itself.
fn busy() -> Metrics {
    let metrics = metrics(watched(&Kind::ALL, false));
    let key = |kind: Kind| EndpointKey::new("x", kind.as_str());
    let fail = Verdict::Fail(Cause::new(Reason::TlsExpired, ""));
    let addresses = vec![
        address("192.0.2.7:443", Verdict::Pass, Layer::Content),
        address("[2001:db8::7]:443", fail.clone(), Layer::Tls),
    ];
    let queries = vec![query(None, Some("NOERROR"))];
    metrics.round(
        &key(Kind::Http),
        &round(Kind::Http, Verdict::Pass, addresses, queries),
        at(1001),
    );
    metrics.round(
        &key(Kind::Tls),
        &round(Kind::Tls, fail, Vec::new(), Vec::new()),
        at(1002),
    );
    metrics.started(Duration::from_millis(250));
    metrics.skipped(Skip::Late, 3);
    metrics.panicked();
    metrics.persist_failed();
    metrics.request("/go", 302);
    metrics.request("/metrics", 200);
    metrics
}

/// All that is remembered, as Prometheus reads it.
fn counted(metrics: &Metrics) -> Vec<String> {
    let page = text(metrics);
    let samples = page.lines().filter(|line| !line.starts_with('#'));
    let samples = samples.filter(|line| line.starts_with("bascule_"));
    let forgotten = ["bascule_endpoint_addresses", "bascule_uplink"];
    samples
        .filter(|line| !forgotten.iter().any(|name| line.starts_with(name)))
        .map(str::to_owned)
        .collect()
}

#[test]
fn what_happened_is_saved_and_what_did_not_is_left_out() {
    let saved = busy().save();
    let entries = |of: &str| -> Vec<(&str, &[f64])> {
        let entries = saved[of].iter();
        entries
            .map(|(name, numbers)| (&**name, &**numbers))
            .collect()
    };
    assert_eq!(saved.keys().collect::<Vec<_>>(), ["", "x/http", "x/tls"]);
    let lag = [0., 0., 0., 0., 0., 1., 0., 0., 0., 0., 0., 0., 0.25];
    assert_eq!(
        entries(""),
        [
            ("lag", &lag[..]),
            ("panics", &[1.]),
            ("persist_failures", &[1.]),
            ("skipped late", &[3.]),
            ("web /go", &[0., 1., 0., 0.]),
            ("web /metrics", &[1., 0., 0., 0.]),
        ]
    );
    assert_eq!(entries("x/tls"), [("rounds", &[0., 0., 0., 1., 0.][..])]);
    let of_http = entries("x/http");
    let names: Vec<&str> = of_http.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        [
            "dns_queries system",
            "durations dns",
            "durations http",
            "durations tcp",
            "durations tls",
            "failures tls tls_expired",
            "last_success",
            "not_after",
            "probes content ipv4",
            "probes dns ipv4",
            "probes http ipv4",
            "probes tcp ipv4",
            "probes tcp ipv6",
            "probes tls ipv4",
            "probes tls ipv6",
            "responses",
            "rounds",
        ]
    );
    assert_eq!(saved["x/http"]["last_success"], [1001.]);
    assert_eq!(saved["x/http"]["probes tls ipv6"], [0., 1., 0.]);
    assert_eq!(saved["x/http"]["responses"], [0., 0., 0., 0., 2., 0.]);
}

#[test]
fn a_restart_goes_on_where_it_stopped() {
    let before = busy();
    let after = metrics(watched(&Kind::ALL, false));
    after.restore(&before.save());
    assert_eq!(counted(&after), counted(&before));
    assert_eq!(after.save(), before.save());
    after.started(Duration::from_millis(500));
    let lag = "bascule_scheduler_lag_seconds_sum";
    assert_eq!(value(&text(&after), lag), Some(0.75));
}

#[test]
fn counts_are_exact_and_what_was_counted_meanwhile_is_added() {
    let metrics = busy();
    let most = (1_u64 << 53) - 2;
    let saved = Saved::from([
        (
            "x/http".to_owned(),
            BTreeMap::from([
                ("rounds".to_owned(), vec![most as f64, 0., 0., 0., 1.]),
                ("last_success".to_owned(), vec![900.]),
            ]),
        ),
        (
            String::new(),
            BTreeMap::from([("panics".to_owned(), vec![5.])]),
        ),
    ]);
    metrics.restore(&saved);
    let page = text(&metrics);
    let pass =
        r#"bascule_rounds_total{endpoint="http",network="x",verdict="pass"} 9007199254740991"#;
    assert!(page.lines().any(|line| line == pass));
    assert_eq!(value(&page, "bascule_round_panics_total"), Some(6.0));
    assert_eq!(metrics.save()["x/http"]["last_success"], [1001.], "newer");
}

#[test]
fn what_is_not_watched_any_more_is_forgotten_for_good() {
    let metrics = metrics(watched(&[Kind::Http], false));
    metrics.restore(&busy().save());
    metrics.adopt(watched(&[Kind::Http, Kind::Tls], false));
    assert_eq!(metrics.save().keys().collect::<Vec<_>>(), ["", "x/http"]);

    let lean = self::metrics(watched(&Kind::ALL, true));
    lean.restore(&busy().save());
    let names: Vec<String> = lean.save()["x/http"].keys().cloned().collect();
    assert_eq!(names, ["last_success", "not_after", "rounds"]);

    let nobody = self::metrics(Watched::default());
    nobody.restore(&busy().save());
    assert_eq!(nobody.save().keys().collect::<Vec<_>>(), [""]);
}

#[test]
fn numbers_that_are_not_ours_change_nothing() {
    let before = busy();
    let kept = before.save();
    let rubbish = [
        vec![],
        vec![-1.0; 5],
        vec![0.5; 5],
        vec![f64::NAN; 5],
        vec![f64::INFINITY; 5],
        vec![1e300; 5],
        vec![1.0; 4],
        vec![1.0; 6],
    ];
    for numbers in rubbish {
        for of in ["", "x/http", "x/tls", "y/web"] {
            for name in ["rounds", "lag", "panics", "durations dns", "not_after"] {
                let numbers = numbers.clone();
                let entry = BTreeMap::from([(name.to_owned(), numbers)]);
                before.restore(&Saved::from([(of.to_owned(), entry)]));
            }
        }
        assert_eq!(before.save(), kept, "{numbers:?}");
    }
    for not_a_sum in [-1.0, f64::NAN, 1e300] {
        let mut numbers = vec![1.0; 12];
        numbers.push(not_a_sum);
        let entry = BTreeMap::from([("lag".to_owned(), numbers)]);
        before.restore(&Saved::from([(String::new(), entry)]));
        assert_eq!(before.save(), kept, "{not_a_sum}");
    }
}
