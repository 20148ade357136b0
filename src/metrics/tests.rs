//! What is counted, and under which labels.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use super::*;
use crate::model::{
    AddressRound, Cause, DnsQuery, DnsRecord, EndpointView, Family, GroupBooks, GroupView,
    HttpFacts, Layer, NetworkBooks, NetworkView, Phases, Reason, Role, State, TlsFacts, Transport,
    Trouble, Verdict,
};

mod series;

pub(super) fn watched(kinds: &[Kind], lean: bool) -> Watched {
    let endpoints = kinds.iter().map(|kind| WatchedEndpoint {
        key: EndpointKey::new("x", kind.as_str()),
        kind: *kind,
        resolvers: vec!["system".into()],
    });
    Watched {
        lean,
        endpoints: endpoints.collect(),
    }
}

pub(super) fn metrics(watched: Watched) -> Metrics {
    let metrics = Metrics::new(Times::new(
        || Moment::ZERO,
        |moment| at(0) + moment.since_origin(),
    ));
    let metrics = metrics.unwrap();
    metrics.adopt(watched);
    metrics
}

/// An endpoint without trouble.
pub(super) fn endpoint_view(key: EndpointKey, state: State) -> EndpointView {
    EndpointView {
        key,
        state,
        since: Moment::ZERO,
        restricted: false,
        tried: true,
        cause: None,
    }
}

/// A network with one endpoint, `web`.
pub(super) fn network_view(name: &str, state: State) -> NetworkView {
    NetworkView {
        name: name.into(),
        state,
        since: Moment::ZERO,
        confirmed: None,
        trouble: None,
        layer: None,
        spare_weight: 0,
        flapping: false,
        outage: None,
        books: NetworkBooks::new(Moment::ZERO),
        endpoints: vec![endpoint_view(EndpointKey::new(name, "web"), state)],
    }
}

/// A group of networks of which the first is active, and the others stand by.
pub(super) fn group_view(name: &str, networks: &[&str]) -> GroupView {
    let names: Vec<Name> = networks.iter().map(|name| Name::from(*name)).collect();
    let roles = [Role::Active]
        .into_iter()
        .chain(std::iter::repeat(Role::Standby));
    let standbys = u32::try_from(networks.len().saturating_sub(1)).unwrap();
    GroupView {
        name: name.into(),
        active: names.first().cloned(),
        roles: names.iter().cloned().zip(roles).collect(),
        standbys,
        standby_domains: standbys,
        frozen: false,
        failback_due: None,
        pinned: None,
        books: GroupBooks::new(&names, Moment::ZERO),
    }
}

pub(super) fn show(metrics: &Metrics, snapshot: Snapshot) {
    metrics.publish(|_| ((), Some(Arc::new(snapshot)), Vec::new()));
}

pub(super) fn text(metrics: &Metrics) -> String {
    String::from_utf8(metrics.render().unwrap()).unwrap()
}

/// The value of a series, written as in the text format.
pub(super) fn value(text: &str, series: &str) -> Option<f64> {
    let line = text.lines().find(|line| {
        line.rsplit_once(' ')
            .is_some_and(|(name, _)| name == series)
    })?;
    line.rsplit_once(' ')?.1.parse().ok()
}

pub(super) fn series_of(text: &str, needle: &str) -> usize {
    text.lines()
        .filter(|line| !line.starts_with('#') && line.contains(needle))
        .count()
}

pub(super) fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

pub(super) fn query(reason: Option<Reason>, rcode: Option<&str>) -> DnsQuery {
    DnsQuery {
        resolver: "system".into(),
        name: "x.example.".into(),
        record_type: "A".into(),
        reason,
        rcode: rcode.map(str::to_owned),
        answers: vec![DnsRecord {
            record_type: "A".into(),
            ttl: 60,
            data: "192.0.2.7".into(),
        }],
        duration: Duration::from_millis(4),
        transport: Transport::Udp,
        truncated: false,
        authenticated: false,
        family: Some(Family::Ipv4),
    }
}

pub(super) fn address(address: &str, verdict: Verdict, reached: Layer) -> AddressRound {
    AddressRound {
        address: address.parse::<SocketAddr>().unwrap(),
        verdict,
        phases: Phases {
            resolve: Some(Duration::from_millis(4)),
            connect: Some(Duration::from_millis(11)),
            tls: Some(Duration::from_millis(31)),
            first_byte: Some(Duration::from_millis(40)),
            body: Some(Duration::from_millis(20)),
        },
        reached: Some(reached),
        tls: Some(TlsFacts {
            chain_not_after: Some(at(2_000_000_000)),
            ..TlsFacts::default()
        }),
        http: Some(HttpFacts {
            status: Some(503),
            ..HttpFacts::default()
        }),
    }
}

pub(super) fn round(
    kind: Kind,
    verdict: Verdict,
    addresses: Vec<AddressRound>,
    dns: Vec<DnsQuery>,
) -> Round {
    Round {
        key: Some(EndpointKey::new("x", kind.as_str())),
        kind,
        verdict,
        started: at(1000),
        duration: Duration::from_millis(100),
        addresses,
        dns,
        retry_after: None,
        standing: crate::model::Standing::default(),
    }
}

#[test]
fn a_round_is_counted_layer_by_layer_under_its_reason() {
    let metrics = metrics(watched(&[Kind::Http], false));
    let fail = Verdict::Fail(Cause::new(Reason::HttpStatus, "status 503, expected 2xx"));
    let partial = Cause::at(Layer::Http, Reason::PartialAddresses, "1 of 2");
    let round = round(
        Kind::Http,
        Verdict::Slow(partial),
        vec![
            address("192.0.2.7:443", fail, Layer::Http),
            address("[2001:db8::7]:443", Verdict::Pass, Layer::Content),
        ],
        vec![query(None, Some("NOERROR"))],
    );
    metrics.round(&EndpointKey::new("x", "http"), &round, at(1001));
    let text = text(&metrics);
    let x = r#"endpoint="http""#;
    let v4 = |layer, result| {
        value(
            &text,
            &format!(
                r#"bascule_probes_total{{{x},family="ipv4",layer="{layer}",network="x",result="{result}"}}"#
            ),
        )
    };
    let v6 = |layer, result| {
        value(
            &text,
            &format!(
                r#"bascule_probes_total{{{x},family="ipv6",layer="{layer}",network="x",result="{result}"}}"#
            ),
        )
    };
    assert_eq!(v4("dns", "success"), Some(1.0));
    assert_eq!(v4("tcp", "success"), Some(1.0));
    assert_eq!(v4("tls", "success"), Some(1.0));
    assert_eq!(v4("http", "failure"), Some(1.0));
    assert_eq!(v4("http", "success"), Some(0.0));
    assert_eq!(
        v4("content", "success"),
        Some(0.0),
        "not attempted after a failure below"
    );
    assert_eq!(v6("content", "success"), Some(1.0));
    let get = |series: &str| value(&text, series);
    assert_eq!(
        get(
            r#"bascule_probe_failures_total{endpoint="http",layer="http",network="x",reason="http_status"}"#
        ),
        Some(1.0)
    );
    assert_eq!(
        get(
            r#"bascule_probe_failures_total{endpoint="http",layer="tls",network="x",reason="tls_expired"}"#
        ),
        Some(0.0)
    );
    assert_eq!(
        get(r#"bascule_rounds_total{endpoint="http",network="x",verdict="slow"}"#),
        Some(1.0)
    );
    assert_eq!(
        get(r#"bascule_http_responses_total{class="5xx",endpoint="http",network="x"}"#),
        Some(2.0)
    );
    assert_eq!(
        get(
            r#"bascule_endpoint_addresses{endpoint="http",family="ipv4",network="x",result="failure"}"#
        ),
        Some(1.0)
    );
    assert_eq!(
        get(
            r#"bascule_endpoint_addresses{endpoint="http",family="ipv6",network="x",result="success"}"#
        ),
        Some(1.0)
    );
    assert_eq!(
        get(r#"bascule_endpoint_last_success_timestamp_seconds{endpoint="http",network="x"}"#),
        Some(1001.0)
    );
    assert_eq!(
        get(r#"bascule_tls_certificate_not_after_timestamp_seconds{endpoint="http",network="x"}"#),
        Some(2e9)
    );
    assert_eq!(
        get(
            r#"bascule_dns_queries_total{endpoint="http",network="x",resolver="system",result="success"}"#
        ),
        Some(1.0)
    );
    assert_eq!(
        get(r#"bascule_probe_duration_seconds_count{endpoint="http",layer="tcp",network="x"}"#),
        Some(2.0)
    );
    assert_eq!(
        get(r#"bascule_probe_duration_seconds_count{endpoint="http",layer="http",network="x"}"#),
        Some(1.0)
    );
}

#[test]
fn a_dns_answer_that_is_no_use_is_still_an_answer_of_the_resolver() {
    let metrics = metrics(watched(&[Kind::Http], false));
    let nxdomain = Cause::new(Reason::DnsNxdomain, "");
    let queries = vec![
        query(Some(Reason::DnsNxdomain), Some("NXDOMAIN")),
        query(Some(Reason::DnsServfail), Some("SERVFAIL")),
        query(Some(Reason::LocalNoRoute), None),
    ];
    let round = round(Kind::Http, Verdict::Fail(nxdomain), Vec::new(), queries);
    metrics.round(&EndpointKey::new("x", "http"), &round, at(1));
    let text = text(&metrics);
    for (result, expected) in [("success", 1.0), ("failure", 1.0), ("inconclusive", 1.0)] {
        let series = format!(
            r#"bascule_dns_queries_total{{endpoint="http",network="x",resolver="system",result="{result}"}}"#
        );
        assert_eq!(value(&text, &series), Some(expected), "{result}");
    }
    let failures = r#"bascule_probe_failures_total{endpoint="http",layer="dns",network="x",reason="dns_nxdomain"}"#;
    assert_eq!(value(&text, failures), Some(1.0));
    let never = r#"bascule_endpoint_last_success_timestamp_seconds{endpoint="http",network="x"}"#;
    assert_eq!(value(&text, never), Some(0.0));
}

#[test]
fn what_is_laid_at_our_own_door_is_no_failure() {
    let ours = |reason| Verdict::Inconclusive(Cause::new(reason, ""));
    let key = EndpointKey::new("x", "http");
    let counted = |metrics: &Metrics| {
        let text = text(metrics);
        let lines = text.lines().filter(|line| !line.ends_with(" 0"));
        let lines = lines.filter_map(|line| {
            let line = line.strip_prefix("bascule_")?;
            let kind = line.split_once('{')?.0;
            let wanted = ["probes_total", "probe_failures_total", "dns_queries_total"];
            let bare = line.replace(r#"endpoint="http","#, "");
            wanted
                .contains(&kind)
                .then(|| bare.replace(r#"network="x","#, ""))
        });
        lines.collect::<Vec<_>>()
    };

    // One address left out for want of proof, the other one good.
    let metrics_of_addresses = metrics(watched(&[Kind::Http], false));
    let left_out = address("[2001:db8::7]:443", ours(Reason::LocalUplink), Layer::Tcp);
    let left_out = AddressRound {
        tls: None,
        http: None,
        ..left_out
    };
    let good = address("192.0.2.7:443", Verdict::Pass, Layer::Tls);
    let amended = round(Kind::Http, Verdict::Pass, vec![good, left_out], Vec::new());
    metrics_of_addresses.round(&key, &amended, at(1));
    assert_eq!(
        counted(&metrics_of_addresses),
        [
            r#"probes_total{family="ipv4",layer="tcp",result="success"} 1"#,
            r#"probes_total{family="ipv6",layer="tcp",result="inconclusive"} 1"#,
            r#"probes_total{family="ipv4",layer="tls",result="success"} 1"#,
        ]
    );

    // A name that could not be resolved: the resolver is to blame, or nobody is.
    for (reason, of_resolver) in [
        (Reason::LocalResolver, "failure"),
        (Reason::LocalUplink, "inconclusive"),
    ] {
        let metrics = metrics(watched(&[Kind::Http], false));
        let queries = vec![query(Some(Reason::DnsTimeout), None)];
        let amended = round(Kind::Http, ours(reason), Vec::new(), queries);
        metrics.round(&key, &amended, at(1));
        let by_resolver =
            format!(r#"dns_queries_total{{resolver="system",result="{of_resolver}"}} 1"#);
        let attempt = r#"probes_total{family="ipv4",layer="dns",result="inconclusive"} 1"#;
        assert_eq!(counted(&metrics), [attempt, &by_resolver], "{reason}");
    }
}

#[test]
fn disagreement_between_resolvers_is_counted_though_each_answer_is_fine() {
    let metrics = metrics(watched(&[Kind::Dns], false));
    let verdict = Verdict::Fail(Cause::new(Reason::DnsDisagreement, ""));
    let queries = vec![query(None, Some("NOERROR")), query(None, Some("NOERROR"))];
    metrics.round(
        &EndpointKey::new("x", "dns"),
        &round(Kind::Dns, verdict, Vec::new(), queries),
        at(1),
    );
    let series = r#"bascule_probe_failures_total{endpoint="dns",layer="dns",network="x",reason="dns_disagreement"}"#;
    assert_eq!(value(&text(&metrics), series), Some(1.0));
}

#[test]
fn the_certificate_shows_no_date_before_it_was_seen() {
    let text = text(&metrics(watched(&[Kind::Tls], false)));
    let series =
        r#"bascule_tls_certificate_not_after_timestamp_seconds{endpoint="tls",network="x"}"#;
    assert!(value(&text, series).unwrap().is_nan());
}
