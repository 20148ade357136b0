//! What a round proves of our own connection, and what its verdict needs to be believed.

use bascule::model::{Doubt, Families, Family, Reason, Round, Standing, Verdict};
use bascule::probe::target::{HostPort, Target, What};
use hickory_resolver::proto::rr::RecordType;
use tokio::net::TcpListener;

use crate::support::child::alone_in_own_network;
use crate::support::dns::{Responder, bytes, v4, v6};
use crate::support::servers::{app, http, response};
use crate::support::targets::{
    assert_fails, assert_told, host_port, http as url, http_at, probe, target,
};

const V4: Families = Families::only(Family::Ipv4);
const V6: Families = Families::only(Family::Ipv6);

/// Addresses beyond our own network, as far as anyone can tell, that this machine answers for.
/// The kernel knows that an address of IPv6 is its own only a moment after it was added.
const BEYOND: &str = "ip link set lo up
     ip addr add 192.0.2.7/32 dev lo
     ip addr add 2001:db8::7/128 dev lo nodad
     timeout 9 sh -c 'until ip -6 route get 2001:db8::7 | grep -q ^local; do :; done'";

fn tcp(address: &str) -> Target {
    target(What::Tcp(HostPort::parse(address).unwrap()))
}

/// `many.example`, at both addresses beyond.
async fn both(port: u16) -> (Target, Responder) {
    let names = Responder::start(|question| {
        bytes(&match question.record_type() {
            RecordType::A => question.answer([v4([192, 0, 2, 7])]),
            RecordType::AAAA => question.answer([v6("2001:db8::7")]),
            _ => question.healthy(),
        })
    })
    .await;
    let mut target = tcp(&format!("many.example:{port}"));
    target.resolvers = vec![names.udp()];
    (target, names)
}

fn words(round: &Round) -> (Families, [(&'static str, Option<Reason>); 3]) {
    match round.standing.doubt.as_deref() {
        Some(Doubt::Addresses { families, without }) => {
            let of = |it: &Verdict| (it.as_str(), it.cause().map(|cause| cause.reason));
            (*families, without.each_ref().map(of))
        }
        other => panic!("{other:?}"),
    }
}

const OURS: (&str, Option<Reason>) = ("inconclusive", Some(Reason::LocalUplink));

#[tokio::test]
async fn a_refusal_beyond_our_own_network_proves_nothing_and_waits_for_proof() {
    if !alone_in_own_network(
        "tcp::standing::a_refusal_beyond_our_own_network_proves_nothing_and_waits_for_proof",
        BEYOND,
    ) {
        return;
    }
    let refused = ("fail", Some(Reason::TcpRefused));
    let round = probe(&tcp("192.0.2.7:443")).await;
    assert_fails(&round, Reason::TcpRefused, "connection refused");
    assert_eq!(words(&round), (V4, [OURS, refused, OURS]));
    assert_eq!(round.standing.proves, Families::NONE);

    let (target, names) = both(443).await;
    let round = probe(&target).await;
    assert_eq!(words(&round), (Families::BOTH, [refused, refused, OURS]));
    // The name server is near and proves no uplink, but it is well.
    assert_eq!(round.standing.proves, Families::NONE);
    assert_eq!(round.standing.answered, [names.udp().label]);
}

#[tokio::test]
async fn an_endpoint_of_our_own_network_neither_needs_proof_nor_gives_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let open = listener.local_addr().unwrap();
    assert_eq!(
        probe(&tcp(&open.to_string())).await.standing,
        Standing::default()
    );
    drop(listener);
    let round = probe(&tcp("127.77.7.7:9")).await;
    assert_fails(&round, Reason::TcpRefused, "connection refused");
    assert_eq!(round.standing, Standing::default());
}

#[tokio::test]
async fn one_family_proves_itself_while_the_other_waits_for_proof() {
    if !alone_in_own_network(
        "tcp::standing::one_family_proves_itself_while_the_other_waits_for_proof",
        BEYOND,
    ) {
        return;
    }
    let listener = TcpListener::bind("[2001:db8::7]:0").await.unwrap();
    let (target, _names) = both(listener.local_addr().unwrap().port()).await;
    let round = probe(&target).await;
    let partial = ("slow", Some(Reason::PartialAddresses));
    assert_eq!(round.verdict.as_str(), "slow");
    assert_eq!(round.standing.proves, V6);
    assert_eq!(
        words(&round),
        (V4, [("pass", None), partial, ("pass", None)])
    );
}

#[tokio::test]
async fn whoever_accepts_a_connection_is_believed_whatever_comes_next() {
    if !alone_in_own_network(
        "tcp::standing::whoever_accepts_a_connection_is_believed_whatever_comes_next",
        BEYOND,
    ) {
        return;
    }
    let listener = TcpListener::bind("192.0.2.7:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let hang_up = tokio::spawn(async move { drop(listener.accept().await) });
    let round = probe(&target(What::Http(Box::new(http_at(address))))).await;
    hang_up.await.unwrap();
    let layer = round.verdict.cause().unwrap().layer.unwrap().as_str();
    assert_eq!((round.verdict.as_str(), layer), ("fail", "http"));
    let proven = Standing {
        proves: V4,
        ..Standing::default()
    };
    assert_eq!(round.standing, proven);
}

#[tokio::test]
async fn a_redirect_into_silence_waits_for_proof_of_the_family_it_leads_to() {
    if !alone_in_own_network(
        "tcp::standing::a_redirect_into_silence_waits_for_proof_of_the_family_it_leads_to",
        BEYOND,
    ) {
        return;
    }
    let near = http(app(|_| {
        response(302, &[("location", "http://[2001:db8::7]:81/")], "")
    }))
    .await;
    let round = probe(&target(What::Http(Box::new(http_at(near))))).await;
    let refused = ("fail", Some(Reason::TcpRefused));
    assert_eq!(words(&round), (V6, [refused, OURS, OURS]));
}

#[tokio::test]
async fn the_resolver_of_a_redirect_is_heard_like_any_other() {
    let names = Responder::start(|question| {
        bytes(
            &if question.message.queries[0].name.to_ascii() == "here.example." {
                question.answer([v4([127, 0, 0, 1])])
            } else if question.is_control() {
                question.healthy()
            } else {
                question.reply(hickory_resolver::proto::op::ResponseCode::ServFail)
            },
        )
    })
    .await;
    let near = http(app(|_| {
        response(302, &[("location", "http://far.example/")], "")
    }))
    .await;
    let mut http = target(What::Http(Box::new(url(&format!(
        "http://here.example:{}/",
        host_port(near).port
    )))));
    http.families = vec![Family::Ipv4];
    http.resolvers = vec![names.udp()];
    let round = probe(&http).await;
    assert_told(
        &round,
        "fail",
        Reason::DnsServfail,
        "far.example A: the resolver answers SERVFAIL",
    );
    let uplink = Doubt::Resolution { resolvers: vec![] };
    assert_eq!(round.standing.doubt.as_deref(), Some(&uplink));
}
