//! Whom a failure is blamed on, and what several resolvers come to.

use std::net::IpAddr;

use bascule::model::{Family, Reason};
use bascule::probe::target::{HostPort, Resolver, What};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;

use crate::support::dns::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Nobody is bound to this address of loopback, nor ever takes so low a port by chance.
const DEAF: &str = "udp://127.77.7.7:9";

#[tokio::test]
async fn a_resolver_that_answers_nothing_at_all_is_our_own_trouble() {
    for (code, reason) in [
        (ResponseCode::ServFail, Reason::DnsServfail),
        (ResponseCode::Refused, Reason::DnsRefused),
    ] {
        let server = Responder::start(move |q| bytes(&q.reply(code))).await;
        let found = client()
            .resolve("www.example.test", &Family::ALL, &[server.udp()], PLENTY)
            .await;
        let verdict = found.outcome.unwrap_err();
        assert_fails(&verdict, reason);
        assert_unproven(&found.standing, &[&server.udp()]);
        assert_inconclusive(&alone(verdict, &found.standing), Reason::LocalResolver);
        assert_eq!(found.queries[0].reason, Some(reason), "facts stay");
    }
}

#[tokio::test]
async fn a_resolver_that_is_silent_about_everything_is_our_own_trouble() {
    let server = Responder::start(|_| vec![]).await;
    let start = tokio::time::Instant::now();
    let found = client()
        .resolve("www.example.test", &Family::ALL, &[server.udp()], SHORT)
        .await;
    assert_fails(&found.outcome.unwrap_err(), Reason::DnsTimeout);
    assert_unproven(&found.standing, &[&server.udp()]);
    assert!(start.elapsed() < SHORT * 2, "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_our_own_trouble_when_a_host_is_looked_up() {
    let start = tokio::time::Instant::now();
    let found = client()
        .resolve("www.example.test", &Family::ALL, &[resolver(DEAF)], PLENTY)
        .await;
    assert_fails(&found.outcome.unwrap_err(), Reason::DnsUnreachable);
    assert_unproven(&found.standing, &[&resolver(DEAF)]);
    assert!(start.elapsed() < PLENTY / 2, "refusal is told at once");
}

#[tokio::test]
async fn an_answer_for_one_family_proves_the_resolver_for_the_other() {
    let server = Responder::start(|q| match q.record_type() {
        RecordType::A => bytes(&q.reply(ResponseCode::NoError)),
        _ => bytes(&q.reply(ResponseCode::ServFail)),
    })
    .await;
    let found = client()
        .resolve("www.example.test", &Family::ALL, &[server.udp()], PLENTY)
        .await;
    // The empty answer is nothing at all beside the failure.
    assert_fails(&found.outcome.unwrap_err(), Reason::DnsServfail);
}

#[tokio::test]
async fn one_good_resolver_is_enough_and_the_dead_one_is_recorded() {
    let good = Responder::start(|q| bytes(&q.healthy())).await;
    let found = client()
        .resolve(
            "www.example.test",
            &Family::ALL,
            &[resolver(DEAF), good.udp()],
            PLENTY,
        )
        .await;
    assert_eq!(found.outcome, Ok(()));
    assert_eq!(found.partial, None);
    assert_eq!(found.addresses, [ip("192.0.2.7"), ip("2001:db8::7")]);
    let told: Vec<_> = found
        .queries
        .iter()
        .map(|q| (q.resolver.as_ref(), q.record_type.as_str(), q.reason))
        .collect();
    let good = good.udp().label;
    assert_eq!(
        told,
        [
            (DEAF, "A", Some(Reason::DnsUnreachable)),
            (DEAF, "AAAA", Some(Reason::DnsUnreachable)),
            (&good, "A", None),
            (&good, "AAAA", None),
        ]
    );
}

#[tokio::test]
async fn a_silent_resolver_beside_a_good_one_does_not_count_as_the_time_of_resolving() {
    let silent = Responder::start(|_| vec![]).await;
    let good = Responder::start(|q| bytes(&q.healthy())).await;
    let found = client()
        .resolve(
            "www.example.test",
            &Family::ALL,
            &[silent.udp(), good.udp()],
            SHORT,
        )
        .await;
    assert_eq!(found.outcome, Ok(()));
    assert!(found.duration < SHORT, "{:?}", found.duration);
}

#[tokio::test]
async fn addresses_of_all_resolvers_are_told_once_ipv4_first_in_order_of_the_answers() {
    let first = Responder::start(|q| match q.record_type() {
        RecordType::A => bytes(&q.answer([v4([192, 0, 2, 9]), v4([192, 0, 2, 1])])),
        _ => bytes(&q.answer([v6("2001:db8::9")])),
    })
    .await;
    let second = Responder::start(|q| match q.record_type() {
        RecordType::A => bytes(&q.answer([v4([192, 0, 2, 1]), v4([192, 0, 2, 5])])),
        _ => bytes(&q.answer([v6("2001:db8::1"), v6("2001:db8::9")])),
    })
    .await;
    let found = client()
        .resolve(
            "www.example.test",
            &[Family::Ipv6, Family::Ipv4],
            &[first.udp(), second.udp()],
            PLENTY,
        )
        .await;
    let expected = [
        "192.0.2.9",
        "192.0.2.1",
        "192.0.2.5",
        "2001:db8::9",
        "2001:db8::1",
    ];
    assert_eq!(found.addresses, expected.map(ip));
}

#[tokio::test]
async fn the_reason_that_says_most_is_told() {
    let missing = Responder::start(|q| bytes(&q.reply(ResponseCode::NXDomain))).await;
    let failing = Responder::start(|q| match q.is_control() {
        true => bytes(&q.healthy()),
        false => bytes(&q.reply(ResponseCode::ServFail)),
    })
    .await;
    let found = client()
        .resolve(
            "www.example.test",
            &Family::ALL,
            &[resolver(DEAF), failing.udp(), missing.udp()],
            PLENTY,
        )
        .await;
    assert_fails(&found.outcome.unwrap_err(), Reason::DnsNxdomain);
}

#[tokio::test]
async fn only_the_families_that_are_wanted_are_asked_for() {
    let server = Responder::start(|q| bytes(&q.healthy())).await;
    let found = client()
        .resolve("www.example.test", &[Family::Ipv6], &[server.udp()], PLENTY)
        .await;
    assert_eq!(found.addresses, [ip("2001:db8::7")]);
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn an_empty_answer_for_one_family_is_nothing_at_all() {
    let server = Responder::start(|q| match q.record_type() {
        RecordType::AAAA => bytes(&q.reply(ResponseCode::NoError)),
        _ => bytes(&q.healthy()),
    })
    .await;
    let found = client()
        .resolve("www.example.test", &Family::ALL, &[server.udp()], PLENTY)
        .await;
    assert_eq!(found.outcome, Ok(()));
    assert_eq!(found.partial, None);
    assert_eq!(found.addresses, [ip("192.0.2.7")]);
    // Nor is it counted as a failure of anybody.
    let reasons: Vec<_> = found.queries.iter().map(|query| query.reason).collect();
    assert_eq!(reasons, [None, None]);
}

#[tokio::test]
async fn a_literal_address_is_its_own_answer() {
    let found = client()
        .resolve("192.0.2.1", &Family::ALL, &[], PLENTY)
        .await;
    assert_eq!(
        (found.outcome, found.addresses),
        (Ok(()), vec![ip("192.0.2.1")])
    );
    for host in ["2001:db8::1", "[2001:db8::1]"] {
        let found = client().resolve(host, &Family::ALL, &[], PLENTY).await;
        assert_eq!(
            (found.outcome, found.addresses),
            (Ok(()), vec![ip("2001:db8::1")])
        );
        assert_eq!(found.queries, []);
    }
}

#[tokio::test]
async fn only_our_own_trouble_everywhere_is_inconclusive_and_any_failure_beside_it_counts() {
    let missing = Responder::start(|q| bytes(&q.reply(ResponseCode::NoError))).await;
    let resolvers = [resolver(DEAF), Resolver::system(), missing.udp()];
    let found = client()
        .resolve("www.example.test", &Family::ALL, &resolvers, PLENTY)
        .await;
    assert_fails(&found.outcome.unwrap_err(), Reason::DnsNoAnswer);
    let found = client()
        .resolve("www.example.test", &Family::ALL, &resolvers[..2], PLENTY)
        .await;
    // Nobody could be asked by way of the system: that proves nothing either way.
    assert_fails(&found.outcome.unwrap_err(), Reason::DnsUnreachable);
    assert_unproven(&found.standing, &[&resolver(DEAF)]);
}

#[tokio::test]
async fn the_command_line_has_nobody_else_to_hear_and_says_that_the_resolver_is_ill() {
    let deaf = "udp://127.77.7.8:9";
    let mut target = crate::support::targets::target(What::Tcp(HostPort {
        host: "www.example.test".to_owned(),
        port: 443,
    }));
    target.resolvers = vec![resolver(DEAF), resolver(deaf)];
    let mut round = crate::support::targets::probe(&target).await;
    assert_fails(&round.verdict, Reason::DnsUnreachable);
    assert_unproven(&round.standing, &[&resolver(DEAF), &resolver(deaf)]);
    round.settle_alone();
    assert_inconclusive(&round.verdict, Reason::LocalResolver);
    assert_eq!(
        round.verdict.cause().unwrap().detail,
        format!(
            "the resolver 127.77.7.7:9 refuses the connection; \
             nor do the resolvers {DEAF}, {deaf} answer anything else"
        )
    );
    assert_eq!(round.standing.doubt, None);
}
