//! What name servers prove of our own connection, and when their failures are believed.

use bascule::model::{Doubt, Families, Family, Reason, Standing, Verdict};
use bascule::probe::target::{DnsTarget, Resolver};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;

use crate::support::child::alone_in_own_network;
use crate::support::dns::*;

const V4: Families = Families::only(Family::Ipv4);

const BEYOND: &str = "ip link set lo up
                      ip addr add 192.0.2.53/32 dev lo";

/// A name server beyond our own network that answers with one code, and `. NS` with another.
async fn beyond(code: ResponseCode, control: ResponseCode) -> Responder {
    let script = move |q: &Incoming| {
        let code = if q.is_control() { control } else { code };
        bytes(&q.reply(code))
    };
    Responder::start_at("192.0.2.53".parse().unwrap(), None, script).await
}

/// The same on this machine.
async fn near(code: ResponseCode, control: ResponseCode) -> Responder {
    Responder::start(move |q| {
        let code = if q.is_control() { control } else { code };
        bytes(&q.reply(code))
    })
    .await
}

async fn resolve(resolvers: &[Resolver]) -> (Verdict, Standing) {
    let found = client()
        .resolve("www.example.test", &Family::ALL, resolvers, PLENTY)
        .await;
    (found.outcome.unwrap_err(), found.standing)
}

async fn watch(target: &DnsTarget, resolvers: &[Resolver]) -> (Verdict, Standing) {
    let probed = client().probe(target, resolvers, PLENTY).await;
    (probed.verdict, probed.standing)
}

fn proven(families: Families, answered: &[&Resolver]) -> Standing {
    Standing {
        proves: families,
        answered: answered.iter().map(|it| it.label.clone()).collect(),
        doubt: None,
    }
}

#[tokio::test]
async fn a_statement_from_beyond_our_own_network_is_believed_if_the_resolver_answers_for_the_root()
{
    if !alone_in_own_network(
        "dns::standing::a_statement_from_beyond_our_own_network_is_believed_if_the_resolver_answers_for_the_root",
        BEYOND,
    ) {
        return;
    }
    for (code, reason) in [
        (ResponseCode::NXDomain, Reason::DnsNxdomain),
        (ResponseCode::ServFail, Reason::DnsServfail),
    ] {
        let well = beyond(code, ResponseCode::NoError).await;
        let (verdict, standing) = resolve(&[well.udp()]).await;
        assert_fails(&verdict, reason);
        assert_eq!(standing, proven(V4, &[&well.udp()]));

        // It refuses to answer for the root: the uplink works, the resolver may not.
        let ill = beyond(code, ResponseCode::Refused).await;
        let (verdict, standing) = resolve(&[ill.tcp()]).await;
        assert_fails(&verdict, reason);
        assert_eq!(standing.proves, V4);
        assert_unproven(&standing, &[&ill.tcp()]);
    }
}

#[tokio::test]
async fn a_statement_of_our_own_resolver_waits_for_proof_of_the_uplink() {
    let well = near(ResponseCode::NXDomain, ResponseCode::NoError).await;
    let (verdict, standing) = resolve(&[well.udp()]).await;
    assert_fails(&verdict, Reason::DnsNxdomain);
    assert_eq!(standing.proves, Families::NONE);
    assert_eq!(standing.answered, [well.udp().label]);
    assert_unproven(&standing, &[]);
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_told_alone_though_the_resolver_refuses_the_root() {
    let picky = near(ResponseCode::NXDomain, ResponseCode::Refused).await;
    let (verdict, standing) = resolve(&[picky.udp()]).await;
    assert_unproven(&standing, &[&picky.udp()]);
    assert_fails(&alone(verdict, &standing), Reason::DnsNxdomain);
}

#[tokio::test]
async fn a_resolver_that_has_proven_itself_is_heard_before_one_that_has_not() {
    let well = near(ResponseCode::Refused, ResponseCode::NoError).await;
    let ill = near(ResponseCode::ServFail, ResponseCode::ServFail).await;
    let (verdict, standing) = resolve(&[ill.udp(), well.udp()]).await;
    assert_fails(&verdict, Reason::DnsRefused);
    assert_eq!(standing.answered, [well.udp().label]);
    assert_unproven(&standing, &[]);
}

#[tokio::test]
async fn a_good_round_proves_and_is_not_in_doubt() {
    if !alone_in_own_network(
        "dns::standing::a_good_round_proves_and_is_not_in_doubt",
        BEYOND,
    ) {
        return;
    }
    let server =
        Responder::start_at("192.0.2.53".parse().unwrap(), None, |q| bytes(&q.healthy())).await;
    let resolvers = [server.udp(), server.tcp()];
    let found = client()
        .resolve("www.example.test", &Family::ALL, &resolvers, PLENTY)
        .await;
    assert_eq!(found.outcome, Ok(()));
    assert_eq!(found.standing, proven(V4, &[&resolvers[0], &resolvers[1]]));
}

#[tokio::test]
async fn a_watched_server_beyond_our_own_network_that_is_silent_is_an_address_like_any_other() {
    if !alone_in_own_network(
        "dns::standing::a_watched_server_beyond_our_own_network_that_is_silent_is_an_address_like_any_other",
        BEYOND,
    ) {
        return;
    }
    let question = target("www.example.test", RecordType::A);
    for text in ["udp://192.0.2.53:9", "tcp://192.0.2.53:9"] {
        let (verdict, standing) = watch(&question, &[resolver(text)]).await;
        assert_fails(&verdict, Reason::DnsUnreachable);
        let Some(Doubt::Addresses { families, without }) = standing.doubt.as_deref() else {
            panic!("{standing:?}");
        };
        assert_eq!(*families, V4);
        assert_inconclusive(&without[0], Reason::LocalUplink);
        assert_eq!(without[1], verdict);
        assert_inconclusive(&without[2], Reason::LocalUplink);
    }

    // Beside a good one it counts only where all must agree.
    let good = Responder::start(|q| bytes(&q.healthy())).await;
    let resolvers = [good.udp(), resolver("udp://192.0.2.53:9")];
    let mut agreeing = question.clone();
    agreeing.agree = true;
    let (verdict, standing) = watch(&question, &resolvers).await;
    assert_eq!((verdict, standing.doubt), (Verdict::Pass, None));
    let (verdict, standing) = watch(&agreeing, &resolvers).await;
    assert_fails(&verdict, Reason::DnsUnreachable);
    let Some(Doubt::Addresses { families, without }) = standing.doubt.as_deref() else {
        panic!("{standing:?}");
    };
    assert_eq!((*families, &without[0]), (V4, &Verdict::Pass));

    // Whoever answers is believed.
    let refusing = beyond(ResponseCode::Refused, ResponseCode::Refused).await;
    let (verdict, standing) = watch(&question, &[refusing.udp()]).await;
    assert_fails(&verdict, Reason::DnsRefused);
    assert_eq!(standing, proven(V4, &[]));
}

#[tokio::test]
async fn a_watched_server_of_our_own_network_is_believed_at_once() {
    let question = target("www.example.test", RecordType::A);
    let (verdict, standing) = watch(&question, &[resolver("udp://127.77.7.7:9")]).await;
    assert_fails(&verdict, Reason::DnsUnreachable);
    assert_eq!(standing, Standing::default());
}
