//! The kind `dns`: what a target expects, and whom it believes.

use bascule::model::{Reason, Verdict};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;

use crate::support::dns::*;

async fn saying(code: ResponseCode) -> Responder {
    Responder::start(move |q| bytes(&q.reply(code))).await
}

async fn with_addresses(last: &'static [u8]) -> Responder {
    Responder::start(move |q| bytes(&q.answer(last.iter().map(|n| v4([192, 0, 2, *n]))))).await
}

#[tokio::test]
async fn an_answer_that_meets_every_expectation_passes() {
    let server = with_addresses(&[7, 8]).await;
    let mut target = target("www.example.test", RecordType::A);
    target.min_answers = 2;
    target.answers_match = patterns(&[r"^192\.0\.2\.8$", r"^192\.0\.2\.7$"]);
    let probed = client().probe(&target, &[server.udp()], PLENTY).await;
    assert_eq!(probed.verdict, Verdict::Pass);
    assert_eq!(probed.queries.len(), 1);
    assert_eq!(probed.queries[0].name, "www.example.test");
    assert_eq!(probed.duration, probed.queries[0].duration);
}

#[tokio::test]
async fn each_unexpected_response_code_has_its_reason_and_is_believed_at_once() {
    for (code, reason) in [
        (ResponseCode::NXDomain, Reason::DnsNxdomain),
        (ResponseCode::ServFail, Reason::DnsServfail),
        (ResponseCode::Refused, Reason::DnsRefused),
        (ResponseCode::NotImp, Reason::DnsRcode),
    ] {
        let server = saying(code).await;
        let target = target("example.test", RecordType::MX);
        let probed = client().probe(&target, &[server.udp()], PLENTY).await;
        assert_fails(&probed.verdict, reason);
        assert_eq!(probed.queries[0].reason, Some(reason));
        assert_eq!(
            server.asked(),
            1,
            "a watched resolver gets no control question"
        );
    }
}

#[tokio::test]
async fn a_listed_nxdomain_is_a_pass_and_an_existing_name_is_then_dns_rcode() {
    let mut target = target("gone.example.test", RecordType::A);
    target.rcodes = vec![ResponseCode::NXDomain];
    let server = saying(ResponseCode::NXDomain).await;
    let probed = client().probe(&target, &[server.udp()], PLENTY).await;
    assert_eq!(probed.verdict, Verdict::Pass);

    let server = with_addresses(&[7]).await;
    let probed = client().probe(&target, &[server.udp()], PLENTY).await;
    assert_fails(&probed.verdict, Reason::DnsRcode);
    let detail = &probed.verdict.cause().unwrap().detail;
    assert_eq!(detail, "the resolver answers NOERROR, expected NXDOMAIN");
}

#[tokio::test]
async fn fewer_answers_than_expected_is_dns_no_answer() {
    let server = with_addresses(&[7]).await;
    let mut target = target("www.example.test", RecordType::A);
    target.min_answers = 2;
    let probed = client().probe(&target, &[server.udp()], PLENTY).await;
    assert_fails(&probed.verdict, Reason::DnsNoAnswer);
    let detail = &probed.verdict.cause().unwrap().detail;
    assert_eq!(detail, "1 answers of type A, expected at least 2");
}

#[tokio::test]
async fn a_pattern_that_no_answer_matches_is_dns_mismatch() {
    let server = with_addresses(&[7]).await;
    let mut target = target("www.example.test", RecordType::A);
    target.answers_match = patterns(&[r"^192\.0\.2\.\d$", r"^203\.0\.113\."]);
    let probed = client().probe(&target, &[server.udp()], PLENTY).await;
    assert_fails(&probed.verdict, Reason::DnsMismatch);
    let detail = &probed.verdict.cause().unwrap().detail;
    assert_eq!(detail, r"none of 1 answers matches ^203\.0\.113\.");
}

#[tokio::test]
async fn a_silent_resolver_that_is_watched_is_dns_timeout() {
    let server = Responder::start(|_| vec![]).await;
    let target = target("example.test", RecordType::SOA);
    let probed = client().probe(&target, &[server.udp()], SHORT).await;
    assert_fails(&probed.verdict, Reason::DnsTimeout);
    assert_eq!(
        server.asked(),
        2,
        "asked twice, because a datagram may get lost"
    );
}

#[tokio::test]
async fn a_closed_port_of_a_resolver_that_is_watched_is_dns_unreachable() {
    // Nobody is bound to this address of loopback, nor ever takes so low a port by chance.
    let closed = "127.77.7.7:9";
    for scheme in ["udp", "tcp"] {
        let resolver = resolver(&format!("{scheme}://{closed}"));
        let target = target("example.test", RecordType::A);
        let probed = client().probe(&target, &[resolver], PLENTY).await;
        assert_fails(&probed.verdict, Reason::DnsUnreachable);
        let detail = &probed.verdict.cause().unwrap().detail;
        let expected = format!("the resolver {closed} refuses the connection");
        assert_eq!(*detail, expected);
    }
}

#[tokio::test]
async fn resolvers_that_must_agree_and_share_an_answer_do() {
    let (one, two) = (with_addresses(&[7, 8]).await, with_addresses(&[8, 9]).await);
    let mut target = target("www.example.test", RecordType::A);
    target.agree = true;
    let probed = client()
        .probe(&target, &[one.udp(), two.udp()], PLENTY)
        .await;
    assert_eq!(probed.verdict, Verdict::Pass);
}

#[tokio::test]
async fn resolvers_that_must_agree_and_share_nothing_are_dns_disagreement() {
    let (one, two) = (with_addresses(&[7]).await, with_addresses(&[9]).await);
    let mut target = target("www.example.test", RecordType::A);
    let resolvers = [one.udp(), two.udp()];
    let probed = client().probe(&target, &resolvers, PLENTY).await;
    assert_eq!(
        probed.verdict,
        Verdict::Pass,
        "without `agree`, differing is recorded only"
    );

    target.agree = true;
    let probed = client().probe(&target, &resolvers, PLENTY).await;
    assert_fails(&probed.verdict, Reason::DnsDisagreement);
    let reasons: Vec<_> = probed.queries.iter().map(|query| query.reason).collect();
    assert_eq!(reasons, [None, Some(Reason::DnsDisagreement)]);
}

#[tokio::test]
async fn a_name_that_exists_only_for_one_resolver_is_dns_disagreement() {
    let (one, two) = (
        with_addresses(&[7]).await,
        saying(ResponseCode::NXDomain).await,
    );
    let mut target = target("www.example.test", RecordType::A);
    target.agree = true;
    let probed = client()
        .probe(&target, &[one.udp(), two.udp()], PLENTY)
        .await;
    assert_fails(&probed.verdict, Reason::DnsDisagreement);
}

#[tokio::test]
async fn a_dead_resolver_beside_a_good_one_is_a_failure_only_if_they_must_agree() {
    let (good, dead) = (
        with_addresses(&[7]).await,
        Responder::start(|_| vec![]).await,
    );
    let mut target = target("www.example.test", RecordType::A);
    let resolvers = [dead.udp(), good.udp()];
    let probed = client().probe(&target, &resolvers, SHORT).await;
    assert_eq!(probed.verdict, Verdict::Pass);
    assert_eq!(probed.queries[0].reason, Some(Reason::DnsTimeout));
    assert!(probed.duration < SHORT, "{:?}", probed.duration);

    target.agree = true;
    let probed = client().probe(&target, &resolvers, SHORT).await;
    assert_fails(&probed.verdict, Reason::DnsTimeout);
}

#[tokio::test]
async fn a_probe_can_be_a_task_of_its_own() {
    let server = with_addresses(&[7]).await;
    let resolver = server.udp();
    let task = tokio::spawn(async move {
        let target = target("www.example.test", RecordType::A);
        client().probe(&target, &[resolver], PLENTY).await
    });
    assert_eq!(task.await.unwrap().verdict, Verdict::Pass);
}
