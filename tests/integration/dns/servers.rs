//! Against real name servers: bind9 as an authority, unbound as a resolver and over TLS.

use bascule::model::{Family, Reason, Transport, Verdict};
use bascule::probe::target::DnsTarget;
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;

use crate::support::dns::*;
use crate::support::dns_tls::{self_signed, trusting};
use crate::support::nameservers::NameServer;

fn expecting(name: &str, record_type: RecordType, pattern: &str) -> DnsTarget {
    let mut target = target(name, record_type);
    target.answers_match = patterns(&[pattern]);
    target
}

#[tokio::test]
async fn bind9_is_asked_for_every_kind_of_record_over_udp_tcp_and_ipv6() {
    let bind9 = NameServer::bind9().await;
    for (record_type, pattern) in [
        (
            RecordType::SOA,
            r"^ns\.example\.test\. admin\.example\.test\. 2026112201 ",
        ),
        (RecordType::NS, r"^ns\.example\.test\.$"),
        (RecordType::MX, r"^10 mail\.example\.test\.$"),
        (RecordType::CAA, r#"^0 issue "ca\.example\.test"$"#),
        (RecordType::TXT, r#"^"v=spf1 -all"$"#),
        (
            RecordType::HTTPS,
            r"^1 \. alpn=h2,h3 ipv4hint=192\.0\.2\.7$",
        ),
        (RecordType::Unknown(65400), r"^\\# 3 cafe00$"),
    ] {
        let target = expecting("example.test", record_type, pattern);
        for resolver in [bind9.udp(), bind9.tcp(), bind9.udp_v6()] {
            let probed = client().probe(&target, &[resolver], PLENTY).await;
            assert_eq!(probed.verdict, Verdict::Pass, "{record_type}");
        }
    }
}

#[tokio::test]
async fn bind9_tells_errors_and_large_answers_as_they_are() {
    let bind9 = NameServer::bind9().await;
    for (name, record_type, reason, rcode) in [
        (
            "gone.example.test",
            RecordType::A,
            Reason::DnsNxdomain,
            "NXDOMAIN",
        ),
        (
            "text.example.test",
            RecordType::A,
            Reason::DnsNoAnswer,
            "NOERROR",
        ),
        (
            "broken.test",
            RecordType::A,
            Reason::DnsServfail,
            "SERVFAIL",
        ),
        ("closed.test", RecordType::A, Reason::DnsRefused, "REFUSED"),
    ] {
        let target = target(name, record_type);
        let probed = client().probe(&target, &[bind9.udp()], PLENTY).await;
        assert_fails(&probed.verdict, reason);
        assert_eq!(probed.queries[0].rcode.as_deref(), Some(rcode));
    }

    let mut big = target("big.example.test", RecordType::TXT);
    big.min_answers = 16;
    let probed = client().probe(&big, &[bind9.udp()], PLENTY).await;
    assert_eq!(probed.verdict, Verdict::Pass);
    assert!(probed.queries[0].truncated);
    assert_eq!(probed.queries[0].transport, Transport::Tcp);

    let mut gone = target("gone.example.test", RecordType::A);
    gone.rcodes = vec![ResponseCode::NXDomain];
    let probed = client().probe(&gone, &[bind9.udp()], PLENTY).await;
    assert_eq!(probed.verdict, Verdict::Pass);
}

#[tokio::test]
async fn hosts_are_resolved_by_bind9_and_its_failures_are_believed() {
    let bind9 = NameServer::bind9().await;
    let found = client()
        .resolve("alias.example.test", &Family::ALL, &[bind9.udp()], PLENTY)
        .await;
    assert_eq!(found.outcome, Ok(()));
    let mut addresses: Vec<_> = found.addresses.iter().map(ToString::to_string).collect();
    addresses.sort();
    assert_eq!(addresses, ["192.0.2.7", "192.0.2.8", "2001:db8::7"]);
    let told = &found.queries[0].answers;
    assert_eq!((told[0].record_type.as_str(), told[0].ttl), ("CNAME", 30));
    assert_eq!((told[1].record_type.as_str(), told[1].ttl), ("A", 60));

    // It answers for the root, so what it cannot answer is not our trouble.
    for (host, reason) in [
        ("www.broken.test", Reason::DnsServfail),
        ("www.closed.test", Reason::DnsRefused),
        ("gone.example.test", Reason::DnsNxdomain),
    ] {
        let found = client()
            .resolve(host, &Family::ALL, &[bind9.udp()], PLENTY)
            .await;
        assert_fails(&found.outcome.unwrap_err(), reason);
    }
}

#[tokio::test]
async fn unbound_is_asked_over_udp_tcp_and_tls_and_agrees_with_its_authority() {
    let bind9 = NameServer::bind9().await;
    let identity = self_signed("dns.example.test");
    let unbound = NameServer::unbound(&bind9, &identity.certificate_pem, &identity.key_pem).await;
    let dns = trusting(&identity);
    let mut target = target("www.example.test", RecordType::A);
    target.min_answers = 2;
    target.agree = true;
    let resolvers = [
        unbound.udp(),
        unbound.tcp(),
        unbound.tls("dns.example.test"),
        bind9.udp(),
    ];
    let probed = dns.probe(&target, &resolvers, PLENTY).await;
    assert_eq!(probed.verdict, Verdict::Pass);
    let transports: Vec<_> = probed.queries.iter().map(|query| query.transport).collect();
    assert_eq!(
        transports,
        [
            Transport::Udp,
            Transport::Tcp,
            Transport::Tls,
            Transport::Udp
        ]
    );
    for query in &probed.queries {
        assert!((1..=60).contains(&query.answers[0].ttl), "{query:?}");
    }
}

#[tokio::test]
async fn unbound_over_tls_with_another_name_or_without_trust_is_dns_unreachable() {
    let bind9 = NameServer::bind9().await;
    let identity = self_signed("dns.example.test");
    let unbound = NameServer::unbound(&bind9, &identity.certificate_pem, &identity.key_pem).await;
    let target = target("www.example.test", RecordType::A);

    let resolvers = [unbound.tls("other.example.test")];
    let probed = trusting(&identity).probe(&target, &resolvers, PLENTY).await;
    assert_fails(&probed.verdict, Reason::DnsUnreachable);
    let detail = &probed.verdict.cause().unwrap().detail;
    assert!(detail.contains("not valid for name"), "{detail}");

    let resolvers = [unbound.tls("dns.example.test")];
    let probed = client().probe(&target, &resolvers, PLENTY).await;
    assert_fails(&probed.verdict, Reason::DnsUnreachable);
    let detail = &probed.verdict.cause().unwrap().detail;
    assert!(detail.contains("UnknownIssuer"), "{detail}");
}

#[tokio::test]
async fn what_unbound_cannot_find_out_is_dns_servfail_because_it_answers_for_the_root() {
    let bind9 = NameServer::bind9().await;
    let identity = self_signed("dns.example.test");
    let unbound = NameServer::unbound(&bind9, &identity.certificate_pem, &identity.key_pem).await;
    let found = client()
        .resolve("www.broken.test", &Family::ALL, &[unbound.udp()], PLENTY)
        .await;
    assert_fails(&found.outcome.unwrap_err(), Reason::DnsServfail);
}

#[tokio::test]
async fn a_resolver_whose_world_has_gone_is_our_own_trouble() {
    let bind9 = NameServer::bind9().await;
    let identity = self_signed("dns.example.test");
    let unbound = NameServer::unbound(&bind9, &identity.certificate_pem, &identity.key_pem).await;
    drop(bind9);
    let found = client()
        .resolve("www.other.test", &Family::ALL, &[unbound.udp()], SHORT)
        .await;
    let verdict = found.outcome.unwrap_err();
    assert_unproven(&found.standing, &[&unbound.udp()]);
    assert_inconclusive(&alone(verdict, &found.standing), Reason::LocalResolver);
}
