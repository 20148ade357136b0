//! Which series there are: how many, of what is watched, before and after a reload.

use super::*;

#[test]
fn series_per_endpoint_are_as_documented() {
    let snapshotless = |kind, lean| series_of(&text(&metrics(watched(&[kind], lean))), "endpoint=");
    let full = Kind::ALL.map(|kind| (kind.as_str(), snapshotless(kind, false)));
    // State and restricted, six more series an endpoint, come with the snapshot.
    assert_eq!(
        full,
        [("http", 148), ("tls", 102), ("tcp", 69), ("dns", 42)]
    );
    let lean = Kind::ALL.map(|kind| (kind.as_str(), snapshotless(kind, true)));
    assert_eq!(lean, [("http", 7), ("tls", 7), ("tcp", 6), ("dns", 6)]);
}

/// Networks are kept whole, so the promise is about endpoints: with eight to a network it holds for
/// the whole page.
#[test]
fn lean_keeps_a_thousand_endpoints_under_the_promised_number_of_series() {
    let key = |i: usize| EndpointKey::new(&format!("n{}", i / 8), &format!("e{i}"));
    let endpoints = (0..1000).map(|i| WatchedEndpoint {
        key: key(i),
        kind: Kind::Http,
        resolvers: vec!["system".into()],
    });
    let metrics = metrics(Watched {
        lean: true,
        endpoints: endpoints.collect(),
    });
    let networks = (0..125).map(|n| NetworkView {
        endpoints: (0..8)
            .map(|e| endpoint_view(key(n * 8 + e), State::Up))
            .collect(),
        ..network_view(&format!("n{n}"), State::Up)
    });
    show(
        &metrics,
        Snapshot {
            networks: networks.collect(),
            ..Snapshot::default()
        },
    );
    let text = text(&metrics);
    assert_eq!(series_of(&text, "endpoint="), 12_000);
    let series = series_of(&text, "bascule_");
    assert!(series <= 25_000, "{series}");
    for metric in names::ALL.iter().filter(|metric| !metric.lean) {
        assert_eq!(series_of(&text, metric.name), 0, "{}", metric.name);
    }
}

#[test]
fn states_are_one_hot_and_a_group_without_a_channel_says_none() {
    let metrics = metrics(watched(&[Kind::Http], false));
    let cause = Cause::new(Reason::TlsExpired, "");
    let snapshot = Snapshot {
        networks: vec![NetworkView {
            layer: cause.layer,
            trouble: Some(Trouble {
                endpoint: "http".into(),
                cause,
            }),
            ..network_view("x", State::Down)
        }],
        groups: vec![GroupView {
            active: None,
            roles: vec![("x".into(), Role::Failed)],
            ..group_view("g", &["x"])
        }],
        ..Snapshot::default()
    };
    show(&metrics, snapshot);
    let text = text(&metrics);
    for (state, expected) in [
        ("unknown", 0.0),
        ("up", 0.0),
        ("degraded", 0.0),
        ("down", 1.0),
        ("maintenance", 0.0),
    ] {
        let series = format!(r#"bascule_network_state{{network="x",state="{state}"}}"#);
        assert_eq!(value(&text, &series), Some(expected), "{state}");
    }
    let get = |series: &str| value(&text, series);
    assert_eq!(
        get(r#"bascule_network_layer_down{layer="tls",network="x"}"#),
        Some(1.0)
    );
    assert_eq!(
        get(r#"bascule_network_layer_down{layer="http",network="x"}"#),
        Some(0.0)
    );
    assert_eq!(
        get(r#"bascule_network_endpoints{network="x",state="down"}"#),
        Some(1.0)
    );
    assert_eq!(
        get(r#"bascule_group_active{group="g",network="none"}"#),
        Some(1.0)
    );
    assert_eq!(
        get(r#"bascule_group_active{group="g",network="x"}"#),
        Some(0.0)
    );
    assert_eq!(
        get(r#"bascule_group_role{group="g",network="x",role="failed"}"#),
        Some(1.0)
    );
}

#[test]
fn a_reload_drops_the_series_of_what_is_gone_and_keeps_the_others_values() {
    let metrics = metrics(watched(&[Kind::Http, Kind::Dns], false));
    let pass = round(Kind::Http, Verdict::Pass, Vec::new(), Vec::new());
    metrics.round(&EndpointKey::new("x", "http"), &pass, at(1));
    metrics.adopt(watched(&[Kind::Http], false));
    let after = text(&metrics);
    assert_eq!(series_of(&after, r#"endpoint="dns""#), 0);
    let kept = r#"bascule_rounds_total{endpoint="http",network="x",verdict="pass"}"#;
    assert_eq!(value(&after, kept), Some(1.0));
    metrics.adopt(Watched::default());
    assert_eq!(series_of(&text(&metrics), r#"network="x""#), 0);
}

#[test]
fn a_changed_endpoint_keeps_its_counters_and_has_the_series_of_what_it_is_now() {
    let names = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| line.contains("endpoint="));
        lines
            .map(|line| line.rsplit_once(' ').unwrap().0.to_owned())
            .collect()
    };
    let of = |kind: Kind, resolver: &str| Watched {
        endpoints: vec![WatchedEndpoint {
            key: EndpointKey::new("x", "e"),
            kind,
            resolvers: vec![resolver.into()],
        }],
        ..watched(&[], false)
    };
    let pass = round(Kind::Http, Verdict::Pass, Vec::new(), Vec::new());
    let counted = r#"bascule_rounds_total{endpoint="e",network="x",verdict="pass"}"#;
    for before in Kind::ALL {
        for after in Kind::ALL {
            let one = metrics(of(before, "system"));
            one.round(&EndpointKey::new("x", "e"), &pass, at(1));
            one.adopt(of(after, "udp://192.0.2.53"));
            let text_after = text(&one);
            let fresh = text(&metrics(of(after, "udp://192.0.2.53")));
            assert_eq!(names(&text_after), names(&fresh), "{before} to {after}");
            assert_eq!(
                value(&text_after, counted),
                Some(1.0),
                "{before} to {after}"
            );
            let lean = Watched {
                lean: true,
                ..of(after, "udp://192.0.2.53")
            };
            one.adopt(lean.clone());
            let fresh = text(&metrics(lean));
            assert_eq!(names(&text(&one)), names(&fresh), "{after}, lean");
            assert_eq!(value(&text(&one), counted), Some(1.0), "{after}, lean");
        }
    }
}

#[test]
fn every_name_keeps_the_rules_of_the_trade() {
    for metric in names::ALL {
        let name = metric.name;
        assert!(name.starts_with("bascule_"), "{name}");
        assert_eq!(
            name.ends_with("_total"),
            metric.kind == names::MetricKind::Counter,
            "{name}"
        );
        assert!(!metric.help.ends_with('.'), "{name}");
    }
    let mut unique: Vec<&str> = names::ALL.iter().map(|metric| metric.name).collect();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), names::ALL.len());
}
