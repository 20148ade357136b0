//! Targets as the configuration would make them, and what came of a round.

use std::net::SocketAddr;
use std::time::Duration;

use bascule::host::clock::Clock;
use bascule::model::{AddressRound, Family, HttpFacts, Layer, Reason, Round, TlsFacts};
use bascule::probe::Prober;
use bascule::probe::mask::Mask;
use bascule::probe::target::{
    HostPort, HttpExpect, HttpTarget, Limits, Resolver, Restricted, StatusSet, Target, TlsTarget,
    What,
};
use bascule::probe::trust::{ClientTls, MinVersion, Roots};
use bytes::Bytes;
use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};
use regex::Regex;

/// Long enough for every answer that does come, short enough to wait out in a test.
pub(crate) const SHORT: Duration = Duration::from_millis(700);

/// How a sentence writes that [`SHORT`] has passed, on a machine that may be busy.
pub(crate) const AFTER_SHORT: &str = r"after ([7-9]\d\d ms|1(\.\d)? s)";

/// One target with limits that leave nothing to chance.
pub(crate) fn target(what: What) -> Target {
    let plenty = Duration::from_secs(20);
    Target {
        key: None,
        mask: Mask::of(&what, &[]),
        what,
        limits: Limits {
            round: plenty,
            dns: plenty,
            connect: plenty,
            tls: plenty,
            response: plenty,
            slow_after: plenty,
        },
        addresses_per_family: 2,
        families: Family::ALL.to_vec(),
        resolvers: vec![Resolver::system()],
    }
}

pub(crate) fn client_tls(roots: Roots) -> ClientTls {
    ClientTls {
        roots,
        server_name: None,
        insecure_skip_verify: false,
        min_version: MinVersion::V12,
        identity: None,
    }
}

/// A URL with the defaults of the configuration.
pub(crate) fn http(url: &str) -> HttpTarget {
    HttpTarget {
        url: url.parse().unwrap(),
        method: Method::GET,
        headers: Vec::new(),
        credentials: Vec::new(),
        body: Bytes::new(),
        follow_redirects: true,
        http1: true,
        http2: true,
        decompress: true,
        max_body: 1 << 20,
        connect_to: None,
        tls: client_tls(Roots::none()),
        expect: HttpExpect {
            status: statuses(&["2xx"]),
            body_matches: Vec::new(),
            body_not_matches: Vec::new(),
            min_body: 0,
            json: None,
            header_matches: Vec::new(),
            header_not_matches: Vec::new(),
        },
        restricted: Restricted::default(),
    }
}

/// The root of a plain server.
pub(crate) fn http_at(server: SocketAddr) -> HttpTarget {
    http(&format!("http://{server}/"))
}

/// `https://good.example/` at a server.
pub(crate) fn https_at(server: SocketAddr, roots: Roots) -> HttpTarget {
    let mut target = http("https://good.example/");
    target.connect_to = Some(host_port(server));
    target.tls = client_tls(roots);
    target
}

/// `good.example:443` at a server.
pub(crate) fn tls_at(server: SocketAddr, roots: Roots) -> TlsTarget {
    TlsTarget {
        host: HostPort::parse("good.example:443").unwrap(),
        connect_to: Some(host_port(server)),
        tls: client_tls(roots),
        valid_for: None,
        alpn: None,
    }
}

pub(crate) fn host_port(address: SocketAddr) -> HostPort {
    HostPort {
        host: address.ip().to_string(),
        port: address.port(),
    }
}

pub(crate) fn statuses(list: &[&str]) -> StatusSet {
    let mut set = StatusSet::default();
    for status in list {
        set.add(status).unwrap();
    }
    set
}

pub(crate) fn field(name: &str, value: &str) -> (HeaderName, HeaderValue) {
    (name.parse().unwrap(), value.parse().unwrap())
}

pub(crate) fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap()
}

pub(crate) fn prober() -> Prober {
    Prober::new(Clock::system(), Roots::none())
}

pub(crate) async fn probe_http(target: HttpTarget) -> Round {
    probe(&self::target(What::Http(Box::new(target)))).await
}

pub(crate) async fn probe_tls(target: TlsTarget) -> Round {
    probe(&self::target(What::Tls(Box::new(target)))).await
}

pub(crate) async fn probe(target: &Target) -> Round {
    prober().round(target).await
}

/// The only address of a round.
pub(crate) fn only(round: &Round) -> &AddressRound {
    assert_eq!(round.addresses.len(), 1, "{round:#?}");
    &round.addresses[0]
}

pub(crate) fn tls_of(round: &Round) -> &TlsFacts {
    only(round).tls.as_ref().expect("a handshake was made")
}

pub(crate) fn http_of(round: &Round) -> &HttpFacts {
    only(round).http.as_ref().expect("there was a response")
}

#[track_caller]
pub(crate) fn assert_pass(round: &Round) {
    assert_eq!(round.verdict.as_str(), "pass", "{round:#?}");
}

/// The verdict's word, reason and sentence; and that it sits at the layer of its reason.
#[track_caller]
pub(crate) fn assert_told(round: &Round, word: &str, reason: Reason, detail: &str) {
    let Some(cause) = round.verdict.cause() else {
        panic!("expected {reason}: {round:#?}");
    };
    let told = (round.verdict.as_str(), cause.reason, &*cause.detail);
    assert_eq!(told, (word, reason, detail), "{round:#?}");
    if let Some(layer) = reason.layer() {
        assert_eq!(cause.layer, Some(layer));
    }
}

#[track_caller]
pub(crate) fn assert_fails(round: &Round, reason: Reason, detail: &str) {
    assert_told(round, "fail", reason, detail);
}

/// A verdict whose sentence has numbers that differ from run to run.
#[track_caller]
pub(crate) fn assert_told_like(round: &Round, word: &str, reason: Reason, detail: &str) {
    let Some(cause) = round.verdict.cause() else {
        panic!("expected {reason}: {round:#?}");
    };
    let told = (round.verdict.as_str(), cause.reason);
    assert_eq!(told, (word, reason), "{round:#?}");
    assert!(
        pattern(&format!("^(?:{detail})$")).is_match(&cause.detail),
        "\"{}\" is not like \"{detail}\"",
        cause.detail
    );
}

/// The layer a verdict is told at.
pub(crate) fn layer_of(round: &Round) -> Option<Layer> {
    round.verdict.cause().and_then(|cause| cause.layer)
}
