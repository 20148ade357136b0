//! Each reason why a host has no address, provoked at a resolver that is otherwise well.

use bascule::model::{Family, Reason};
use hickory_resolver::proto::op::{MessageType, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::CNAME;
use hickory_resolver::proto::rr::{RData, Record};

use crate::support::dns::*;

/// What resolving `www.example.test` comes to at a resolver that is well but for that name.
async fn outcome_of(
    limit: std::time::Duration,
    script: impl Fn(&Incoming) -> Vec<Vec<u8>> + Send + Sync + 'static,
) -> bascule::probe::dns::Resolution {
    let server = Responder::start(move |q| {
        if q.is_control() {
            bytes(&q.healthy())
        } else {
            script(q)
        }
    })
    .await;
    client()
        .resolve("www.example.test", &Family::ALL, &[server.udp()], limit)
        .await
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_dns_nxdomain() {
    let found = outcome_of(PLENTY, |q| bytes(&q.reply(ResponseCode::NXDomain))).await;
    assert_fails(&found.outcome.unwrap_err(), Reason::DnsNxdomain);
    assert_eq!(found.queries.len(), 2);
    for query in &found.queries {
        assert_eq!(query.rcode.as_deref(), Some("NXDOMAIN"));
        assert_eq!(query.reason, Some(Reason::DnsNxdomain));
    }
}

#[tokio::test]
async fn a_name_without_any_address_is_dns_no_answer() {
    let found = outcome_of(PLENTY, |q| bytes(&q.reply(ResponseCode::NoError))).await;
    assert_fails(&found.outcome.unwrap_err(), Reason::DnsNoAnswer);
    assert_eq!(found.queries[0].rcode.as_deref(), Some("NOERROR"));
}

#[tokio::test]
async fn an_alias_to_nowhere_is_dns_no_answer() {
    let found = outcome_of(PLENTY, |q| {
        bytes(&q.answer([RData::CNAME(CNAME(fqdn("elsewhere.test")))]))
    })
    .await;
    assert_fails(&found.outcome.unwrap_err(), Reason::DnsNoAnswer);
    assert_eq!(found.queries[0].answers[0].record_type, "CNAME");
    assert_eq!(found.queries[0].answers[0].data, "elsewhere.test.");
}

#[tokio::test]
async fn addresses_of_a_name_that_was_not_asked_for_do_not_count() {
    let found = outcome_of(PLENTY, |q| {
        let mut reply = q.reply(ResponseCode::NoError);
        reply.add_answer(Record::from_rdata(
            fqdn("evil.test"),
            60,
            v4([192, 0, 2, 66]),
        ));
        bytes(&reply)
    })
    .await;
    assert_fails(&found.outcome.unwrap_err(), Reason::DnsNoAnswer);
}

#[tokio::test]
async fn aliases_are_followed_and_a_circle_of_them_ends() {
    let found = outcome_of(PLENTY, |q| {
        let alias = |from: &str, to: &str| {
            Record::from_rdata(fqdn(from), 60, RData::CNAME(CNAME(fqdn(to))))
        };
        let mut reply = q.reply(ResponseCode::NoError);
        // Out of order, in another case, and in a circle.
        reply.add_answer(alias("two.test", "www.example.test"));
        reply.add_answer(Record::from_rdata(fqdn("TWO.test"), 60, v4([192, 0, 2, 2])));
        reply.add_answer(alias("one.test", "two.TEST"));
        reply.add_answer(alias("www.example.test", "One.test"));
        bytes(&reply)
    })
    .await;
    assert_eq!(found.outcome, Ok(()));
    assert_eq!(
        found.addresses,
        ["192.0.2.2".parse::<std::net::IpAddr>().unwrap()]
    );
}

#[tokio::test]
async fn servfail_of_a_resolver_that_is_well_is_dns_servfail() {
    let found = outcome_of(PLENTY, |q| bytes(&q.reply(ResponseCode::ServFail))).await;
    assert_fails(&found.outcome.unwrap_err(), Reason::DnsServfail);
    assert_eq!(found.queries.len(), 2, "the control question is not told");
}

#[tokio::test]
async fn refusal_by_a_resolver_that_is_well_is_dns_refused() {
    let found = outcome_of(PLENTY, |q| bytes(&q.reply(ResponseCode::Refused))).await;
    assert_fails(&found.outcome.unwrap_err(), Reason::DnsRefused);
}

#[tokio::test]
async fn any_other_response_code_is_dns_rcode() {
    let found = outcome_of(PLENTY, |q| bytes(&q.reply(ResponseCode::BADCOOKIE))).await;
    assert_fails(&found.outcome.unwrap_err(), Reason::DnsRcode);
    assert_eq!(found.queries[0].rcode.as_deref(), Some("BADCOOKIE"));
}

#[tokio::test]
async fn silence_about_one_name_is_dns_timeout_and_ends_with_the_limit() {
    let start = tokio::time::Instant::now();
    let found = outcome_of(SHORT, |_| vec![]).await;
    assert_fails(&found.outcome.unwrap_err(), Reason::DnsTimeout);
    assert_eq!(found.queries[0].rcode, None);
    assert!(start.elapsed() >= SHORT);
    assert!(start.elapsed() < SHORT * 2, "{:?}", start.elapsed());
}

#[tokio::test]
async fn what_cannot_be_decoded_is_dns_malformed() {
    let found = outcome_of(PLENTY, |q| {
        let mut garbage = q.raw[..12].to_vec();
        garbage[2] |= 0x80;
        garbage.extend([0xff; 9]);
        vec![garbage]
    })
    .await;
    assert_fails(&found.outcome.unwrap_err(), Reason::DnsMalformed);
}

#[tokio::test]
async fn names_that_point_at_themselves_are_dns_malformed() {
    let found = outcome_of(PLENTY, |q| {
        let mut reply = q.answer([v4([192, 0, 2, 7])]).to_vec().unwrap();
        // The owner of the first answer follows the question; make it a pointer to itself.
        let question = reply.iter().skip(12).position(|byte| *byte == 0).unwrap();
        let owner = 12 + question + 5;
        assert_eq!(reply[owner] & 0xc0, 0xc0, "the owner is compressed");
        reply[owner..owner + 2]
            .copy_from_slice(&(0xc000 | u16::try_from(owner).unwrap()).to_be_bytes());
        vec![reply]
    })
    .await;
    assert_fails(&found.outcome.unwrap_err(), Reason::DnsMalformed);
}

#[tokio::test]
async fn an_echo_of_the_question_is_dns_malformed() {
    let found = outcome_of(PLENTY, |q| vec![q.raw.clone()]).await;
    assert_fails(&found.outcome.unwrap_err(), Reason::DnsMalformed);
}

#[tokio::test]
async fn an_answer_to_another_operation_is_dns_malformed() {
    let found = outcome_of(PLENTY, |q| {
        let mut reply = q.healthy();
        reply.metadata.op_code = OpCode::Notify;
        assert_eq!(reply.metadata.message_type, MessageType::Response);
        bytes(&reply)
    })
    .await;
    assert_fails(&found.outcome.unwrap_err(), Reason::DnsMalformed);
}

#[tokio::test]
async fn a_resolver_that_hangs_up_on_one_name_is_dns_unreachable() {
    let server = Responder::start(|q| {
        if q.is_control() {
            bytes(&q.healthy())
        } else {
            vec![]
        }
    })
    .await;
    let found = client()
        .resolve("www.example.test", &Family::ALL, &[server.tcp()], PLENTY)
        .await;
    assert_fails(&found.outcome.unwrap_err(), Reason::DnsUnreachable);
}

#[tokio::test]
async fn what_is_no_name_at_all_is_dns_nxdomain_without_a_question() {
    let label = "a".repeat(64);
    for host in ["", ".", "a..b", &format!("{label}.test")] {
        let found = client().resolve(host, &Family::ALL, &[], PLENTY).await;
        assert_fails(&found.outcome.unwrap_err(), Reason::DnsNxdomain);
        assert_eq!(found.queries, []);
    }
}
