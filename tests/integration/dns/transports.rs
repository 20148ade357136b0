//! Datagrams and connections: what gets lost, forged, cut.

use std::net::{IpAddr, Ipv6Addr};

use bascule::model::{Family, Reason, Transport, Verdict};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;

use crate::support::dns::*;

fn www() -> bascule::probe::target::DnsTarget {
    target("www.example.test", RecordType::A)
}

#[tokio::test]
async fn a_lost_datagram_is_sent_again_and_is_no_failure() {
    let server = Responder::start(|q| match q.nth {
        0 => vec![],
        _ => bytes(&q.healthy()),
    })
    .await;
    let probed = client().probe(&www(), &[server.udp()], PLENTY).await;
    assert_eq!(probed.verdict, Verdict::Pass);
    assert_eq!(server.asked(), 2);
    assert!(probed.duration < PLENTY / 2, "{:?}", probed.duration);
}

#[tokio::test]
async fn forged_datagrams_are_ignored_and_the_true_answer_is_found_behind_them() {
    let server = Responder::start(|q| {
        let mut wrong_id = q.answer([v4([192, 0, 2, 66])]);
        wrong_id.metadata.id ^= 1;
        let mut wrong_name = q.answer([v4([192, 0, 2, 66])]);
        wrong_name.queries[0].name = fqdn("www.example.tset");
        let mut wrong_type = q.answer([v4([192, 0, 2, 66])]);
        wrong_type.queries[0].query_type = RecordType::AAAA;
        let forged = [wrong_id, wrong_name, wrong_type].map(|m| m.to_vec().unwrap());
        let mut all = vec![vec![], vec![0]];
        all.extend(forged);
        all.extend(bytes(&q.healthy()));
        all
    })
    .await;
    let probed = client().probe(&www(), &[server.udp()], PLENTY).await;
    assert_eq!(probed.verdict, Verdict::Pass);
    assert_eq!(probed.queries[0].answers[0].data, "192.0.2.7");
}

#[tokio::test]
async fn nothing_but_forged_datagrams_is_dns_timeout() {
    let server = Responder::start(|q| {
        let mut reply = q.healthy();
        reply.metadata.id ^= 0x8000;
        bytes(&reply)
    })
    .await;
    let probed = client().probe(&www(), &[server.udp()], SHORT).await;
    assert_fails(&probed.verdict, Reason::DnsTimeout);
    let detail = &probed.verdict.cause().unwrap().detail;
    let expected = format!(
        "no answer from {} in time, asked twice (2 datagrams that do not answer the question were ignored)",
        server.address
    );
    assert_eq!(*detail, expected);
}

#[tokio::test]
async fn a_cut_answer_is_asked_for_again_over_a_connection() {
    let server = Responder::start(|q| {
        let mut reply = q.healthy();
        if !q.over_tcp {
            reply.metadata.truncation = true;
            reply.answers.clear();
        }
        bytes(&reply)
    })
    .await;
    let probed = client().probe(&www(), &[server.udp()], PLENTY).await;
    assert_eq!(probed.verdict, Verdict::Pass);
    let query = &probed.queries[0];
    assert!(query.truncated);
    assert_eq!(query.transport, Transport::Tcp);
    assert_eq!(query.answers[0].data, "192.0.2.7");
    assert_eq!(server.asked(), 2);
}

#[tokio::test]
async fn an_answer_cut_in_the_middle_of_a_record_is_asked_for_again_too() {
    let server = Responder::start(|q| {
        let mut reply = q.healthy();
        if q.over_tcp {
            return bytes(&reply);
        }
        reply.metadata.truncation = true;
        reply.edns = None;
        let mut bytes = reply.to_vec().unwrap();
        bytes.truncate(bytes.len() - 3);
        vec![bytes]
    })
    .await;
    let probed = client().probe(&www(), &[server.udp()], PLENTY).await;
    assert_eq!(probed.verdict, Verdict::Pass);
    assert!(probed.queries[0].truncated);
}

#[tokio::test]
async fn a_cut_answer_without_a_connection_to_be_had_keeps_what_was_learned() {
    let server = Responder::start(|q| {
        let mut reply = q.reply(ResponseCode::NoError);
        reply.metadata.truncation = true;
        if q.over_tcp { vec![] } else { bytes(&reply) }
    })
    .await;
    let probed = client().probe(&www(), &[server.udp()], PLENTY).await;
    assert_fails(&probed.verdict, Reason::DnsUnreachable);
    assert!(probed.queries[0].truncated);
    assert_eq!(probed.queries[0].transport, Transport::Tcp);
}

#[tokio::test]
async fn a_connection_that_ends_inside_the_answer_is_dns_malformed() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let resolver = resolver(&format!("tcp://{}", listener.local_addr().unwrap()));
    let serve = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut stream, _) = listener.accept().await.unwrap();
        let length = stream.read_u16().await.unwrap();
        let mut question = vec![0; usize::from(length)];
        stream.read_exact(&mut question).await.unwrap();
        stream.write_all(&[0, 100, 1, 2, 3]).await.unwrap();
    });
    let probed = client().probe(&www(), &[resolver], PLENTY).await;
    assert_fails(&probed.verdict, Reason::DnsMalformed);
    let detail = &probed.verdict.cause().unwrap().detail;
    assert!(detail.ends_with("it ends after 3 of 100 bytes"), "{detail}");
    serve.await.unwrap();
}

#[tokio::test]
async fn another_number_over_a_connection_is_dns_malformed() {
    let server = Responder::start(|q| {
        let mut reply = q.healthy();
        reply.metadata.id ^= 1;
        bytes(&reply)
    })
    .await;
    let probed = client().probe(&www(), &[server.tcp()], PLENTY).await;
    assert_fails(&probed.verdict, Reason::DnsMalformed);
}

#[tokio::test]
async fn a_server_from_before_edns_is_asked_plainly() {
    let server = Responder::start(|q| {
        let mut reply = if q.message.edns.is_some() {
            q.reply(ResponseCode::FormErr)
        } else {
            q.healthy()
        };
        reply.edns = None;
        bytes(&reply)
    })
    .await;
    let probed = client().probe(&www(), &[server.udp()], PLENTY).await;
    assert_eq!(probed.verdict, Verdict::Pass);
}

#[tokio::test]
async fn questions_announce_what_fits_every_path_and_ask_for_recursion() {
    let server = Responder::start(|q| {
        assert_eq!(q.message.edns.as_ref().unwrap().max_payload(), 1232);
        assert!(q.message.metadata.recursion_desired);
        bytes(&q.healthy())
    })
    .await;
    let probed = client().probe(&www(), &[server.udp()], PLENTY).await;
    assert_eq!(probed.verdict, Verdict::Pass);
}

#[tokio::test]
async fn every_round_asks_anew() {
    let server = Responder::start(|q| bytes(&q.healthy())).await;
    let (dns, resolvers) = (client(), [server.udp()]);
    for round in 1..=3 {
        let found = dns
            .resolve("www.example.test", &Family::ALL, &resolvers, PLENTY)
            .await;
        assert_eq!(found.outcome, Ok(()));
        assert_eq!(server.asked(), 2 * round);
    }
}

#[tokio::test]
async fn a_resolver_with_an_ipv6_address_is_asked_like_any_other() {
    let localhost = IpAddr::V6(Ipv6Addr::LOCALHOST);
    let server = Responder::start_at(localhost, None, |q| bytes(&q.healthy())).await;
    for (resolver, transport) in [
        (server.udp(), Transport::Udp),
        (server.tcp(), Transport::Tcp),
    ] {
        let probed = client().probe(&www(), &[resolver], PLENTY).await;
        assert_eq!(probed.verdict, Verdict::Pass);
        assert_eq!(probed.queries[0].transport, transport);
    }
}
