//! What silence, answers and redirects come to, address by address.

use std::net::SocketAddr;
use std::time::Duration;

use super::*;
use crate::model::{HttpFacts, Redirect};

const TOOK: Option<Duration> = Some(Duration::from_millis(5));

fn address(ip: &str, verdict: Verdict, connect: Option<Duration>) -> AddressRound {
    AddressRound {
        address: SocketAddr::new(ip.parse().unwrap(), 443),
        reached: verdict.cause().map_or(Some(Layer::Content), |it| it.layer),
        verdict,
        phases: Phases {
            connect,
            ..Phases::default()
        },
        tls: None,
        http: None,
    }
}

fn fail(reason: Reason) -> Verdict {
    Verdict::Fail(Cause::new(reason, reason.as_str()))
}

/// An address that gives no sign of life.
fn silent(ip: &str) -> AddressRound {
    address(ip, fail(Reason::TcpTimeout), None)
}

fn good(ip: &str) -> AddressRound {
    address(ip, Verdict::Pass, TOOK)
}

/// The doubt about these addresses: its families, and the reasons of the verdicts without IPv4,
/// without IPv6 and without both.
fn doubt_of(addresses: &[AddressRound]) -> Option<(Families, [Option<Reason>; 3])> {
    let verdict = judge::round(addresses, None);
    match doubt(addresses, None, &verdict)? {
        Doubt::Addresses { families, without } => {
            Some((families, without.map(|it| it.cause().map(|it| it.reason))))
        }
        Doubt::Resolution { .. } => panic!("names are not asked about here"),
    }
}

const V4: Families = Families::only(Family::Ipv4);
const V6: Families = Families::only(Family::Ipv6);
const OURS: Option<Reason> = Some(Reason::LocalUplink);
const SILENCE: Option<Reason> = Some(Reason::TcpTimeout);

#[test]
fn silence_from_beyond_our_own_network_needs_a_proof_of_its_family() {
    assert_eq!(
        doubt_of(&[silent("192.0.2.7")]),
        Some((V4, [OURS, SILENCE, OURS]))
    );
    assert_eq!(
        doubt_of(&[silent("2001:db8::7")]),
        Some((V6, [SILENCE, OURS, OURS]))
    );
    assert_eq!(
        doubt_of(&[silent("192.0.2.7"), silent("2001:db8::7")]),
        Some((Families::BOTH, [SILENCE, SILENCE, OURS]))
    );
}

#[test]
fn silence_of_our_own_network_and_failures_of_those_who_answer_stand_on_their_own() {
    for ip in ["127.0.0.1", "10.0.0.1", "192.168.1.1", "::1", "fd00::1"] {
        assert_eq!(doubt_of(&[silent(ip)]), None, "{ip}");
    }
    for reason in [
        Reason::TlsExpired,
        Reason::HttpStatus,
        Reason::ContentMismatch,
    ] {
        let answered = address("192.0.2.7", fail(reason), TOOK);
        assert_eq!(doubt_of(&[answered]), None, "{reason}");
    }
}

#[test]
fn a_failure_is_in_doubt_also_where_the_verdict_stands_without_it() {
    let expired = address("192.0.2.7", fail(Reason::TlsExpired), TOOK);
    let same = Some(Reason::TlsExpired);
    assert_eq!(
        doubt_of(&[expired, silent("2001:db8::7")]),
        Some((V6, [same, same, same])),
        "the failure is in doubt, the verdict is not"
    );
    assert_eq!(doubt_of(&[good("192.0.2.7"), good("2001:db8::7")]), None);
}

#[test]
fn a_silent_address_beside_a_good_one_makes_the_round_slow_only_if_its_family_works() {
    let partial = Some(Reason::PartialAddresses);
    assert_eq!(
        doubt_of(&[good("192.0.2.7"), silent("2001:db8::7")]),
        Some((V6, [partial, None, None]))
    );
    assert_eq!(
        doubt_of(&[good("192.0.2.7"), silent("192.0.2.8")]),
        Some((V4, [None, partial, None]))
    );
}

#[test]
fn the_sentence_names_the_families_that_are_left_out() {
    let both = [silent("192.0.2.7"), silent("2001:db8::7")];
    let verdict = judge::round(&both, None);
    let Some(Doubt::Addresses { without, .. }) = doubt(&both, None, &verdict) else {
        panic!("both are in doubt");
    };
    assert_eq!(
        without[2].cause().unwrap().detail,
        "neither IPv4 nor IPv6 of this machine is proven to work"
    );
    assert_eq!(
        ours(V4).cause().unwrap().detail,
        "IPv4 of this machine is not proven to work"
    );
    assert_eq!(
        ours(V6).cause().unwrap().detail,
        "IPv6 of this machine is not proven to work"
    );
}

/// A server at home that redirects to one far away.
fn redirecting(verdict: Verdict, connect: Option<Duration>) -> AddressRound {
    let mut round = address("127.0.0.1", verdict, TOOK);
    round.http = Some(HttpFacts {
        redirects: vec![Redirect {
            url: "https://far.example/".to_owned(),
            status: 302,
            address: Some("[2001:db8::7]:443".parse().unwrap()),
            phases: Phases {
                connect,
                ..Phases::default()
            },
            tls: None,
            layer: None,
            reason: None,
        }],
        ..HttpFacts::default()
    });
    round
}

#[test]
fn a_redirect_is_judged_by_the_address_that_it_leads_to() {
    let cut = [redirecting(fail(Reason::TcpTimeout), None)];
    assert_eq!(doubt_of(&cut), Some((V6, [SILENCE, OURS, OURS])));
    assert_eq!(proves(&cut), Families::NONE);
    let bad = [redirecting(fail(Reason::HttpStatus), TOOK)];
    assert_eq!(doubt_of(&bad), None);
    assert_eq!(proves(&bad), V6);
}

#[test]
fn only_an_open_connection_beyond_our_own_network_proves_its_family() {
    assert_eq!(
        proves(&[good("127.0.0.1"), silent("192.0.2.7")]),
        Families::NONE
    );
    assert_eq!(proves(&[good("192.0.2.7"), silent("2001:db8::7")]), V4);
    let expired = address("2001:db8::7", fail(Reason::TlsExpired), TOOK);
    assert_eq!(proves(&[good("192.0.2.7"), expired]), Families::BOTH);
    // Written as an address of IPv6, and reached by IPv4 all the same.
    assert_eq!(proves(&[good("::ffff:192.0.2.7")]), V4);
}
