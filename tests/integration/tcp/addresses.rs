//! Several addresses of one name: all really tried, at the same time, judged together.

use std::time::Duration;

use bascule::model::{Layer, Reason};
use bascule::probe::target::{HostPort, Target, What};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;
use tokio::net::TcpListener;

use crate::support::child::alone_in_own_network;
use crate::support::dns::{Responder, bytes, v4, v6};
use crate::support::servers::{app, each, http, response};
use crate::support::targets::{
    assert_fails, assert_pass, assert_told, assert_told_like, layer_of, probe, target,
};

/// A name server that knows these addresses for every name.
async fn knows(v4s: &'static [[u8; 4]], v6s: &'static [&'static str]) -> Responder {
    Responder::start(move |question| {
        let answer = match question.record_type() {
            RecordType::A => question.answer(v4s.iter().copied().map(v4)),
            RecordType::AAAA => question.answer(v6s.iter().copied().map(v6)),
            _ => question.healthy(),
        };
        bytes(&answer)
    })
    .await
}

fn at(names: &Responder, port: u16) -> Target {
    let mut target = target(What::Tcp(HostPort {
        host: "many.example".to_owned(),
        port,
    }));
    target.resolvers = vec![names.udp()];
    target
}

/// Accepts everything on one address.
async fn open_at(address: &str) -> u16 {
    let listener = TcpListener::bind(address).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut guests = Vec::new();
        while let Ok(guest) = listener.accept().await {
            guests.push(guest);
        }
    });
    port
}

#[tokio::test]
async fn one_dead_address_of_two_is_partial_addresses() {
    let port = open_at("127.0.0.1:0").await;
    let names = knows(&[[127, 0, 0, 1], [127, 0, 0, 2]], &[]).await;
    let round = probe(&at(&names, port)).await;
    assert_told(
        &round,
        "slow",
        Reason::PartialAddresses,
        &format!("1 of 2 addresses fail, 127.0.0.2:{port}: connection refused"),
    );
    assert_eq!(layer_of(&round), Some(Layer::Tcp));
    let words: Vec<_> = round
        .addresses
        .iter()
        .map(|it| it.verdict.as_str())
        .collect();
    assert_eq!(words, ["pass", "fail"]);
    assert!(round.addresses.iter().all(|it| it.phases.resolve.is_some()));
}

#[tokio::test]
async fn both_families_are_tried_and_no_more_addresses_than_asked_for() {
    let port = open_at("[::]:0").await;
    let names = knows(&[[127, 0, 0, 1], [127, 0, 0, 2], [127, 0, 0, 3]], &["::1"]).await;
    let mut target = at(&names, port);
    let tried = |round: &bascule::model::Round| -> Vec<String> {
        round
            .addresses
            .iter()
            .map(|it| it.address.ip().to_string())
            .collect()
    };
    let round = probe(&target).await;
    assert_pass(&round);
    assert_eq!(tried(&round), ["127.0.0.1", "127.0.0.2", "::1"]);
    assert_eq!(round.dns.len(), 2);
    target.addresses_per_family = 1;
    target.families = vec![bascule::model::Family::Ipv6];
    assert_eq!(tried(&probe(&target).await), ["::1"]);
}

#[tokio::test]
async fn the_failure_of_all_addresses_is_told_at_the_highest_layer_reached() {
    // One address refuses, the other closes the connection after the request.
    let listener = TcpListener::bind("127.0.0.2:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    let names = knows(&[[127, 0, 0, 1], [127, 0, 0, 2]], &[]).await;
    let mut http = target(What::Http(Box::new(crate::support::targets::http(
        &format!("http://many.example:{port}/"),
    ))));
    http.resolvers = vec![names.udp()];
    assert_told_like(
        &probe(&http).await,
        "fail",
        Reason::HttpClosed,
        "server (closed|reset) the connection before a response",
    );
}

#[tokio::test]
async fn a_familys_failed_query_beside_a_good_one_is_partial_addresses() {
    if !alone_in_own_network(
        "tcp::addresses::a_familys_failed_query_beside_a_good_one_is_partial_addresses",
        "ip link set lo up
         ip -6 route add default dev lo",
    ) {
        return;
    }
    let port = open_at("127.0.0.1:0").await;
    let names = Responder::start(|question| {
        bytes(&match question.record_type() {
            RecordType::A => question.answer([v4([127, 0, 0, 1])]),
            RecordType::AAAA => question.reply(ResponseCode::ServFail),
            _ => question.healthy(),
        })
    })
    .await;
    let round = probe(&at(&names, port)).await;
    let cause = round.verdict.cause().unwrap();
    assert_eq!(round.verdict.as_str(), "slow", "{round:#?}");
    assert_eq!(cause.reason, Reason::PartialAddresses);
    assert_eq!(cause.layer, Some(Layer::Dns));
}

#[tokio::test]
async fn an_empty_answer_for_one_family_is_nothing_at_all() {
    let port = open_at("127.0.0.1:0").await;
    assert_pass(&probe(&at(&knows(&[[127, 0, 0, 1]], &[]).await, port)).await);
}

#[tokio::test]
async fn a_name_without_addresses_ends_the_round_at_dns() {
    let round = probe(&at(&knows(&[], &[]).await, 443)).await;
    assert_eq!(round.verdict.cause().unwrap().reason, Reason::DnsNoAnswer);
    assert!(round.addresses.is_empty());
    assert_eq!(round.dns.len(), 2);
}

#[tokio::test]
async fn addresses_run_at_the_same_time() {
    // Each server answers only when both have been asked.
    let meeting = std::sync::Arc::new(tokio::sync::Barrier::new(2));
    let first = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = first.local_addr().unwrap().port();
    let second = TcpListener::bind(("127.0.0.2", port)).await.unwrap();
    for listener in [first, second] {
        let meeting = std::sync::Arc::clone(&meeting);
        tokio::spawn(async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            assert!(stream.read(&mut request).await.unwrap() > 0);
            meeting.wait().await;
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
            stream.write_all(answer).await.unwrap();
            tokio::io::copy(&mut stream, &mut tokio::io::sink())
                .await
                .ok();
        });
    }
    let names = knows(&[[127, 0, 0, 1], [127, 0, 0, 2]], &[]).await;
    let url = format!("http://many.example:{port}/");
    let mut http = target(What::Http(Box::new(crate::support::targets::http(&url))));
    http.resolvers = vec![names.udp()];
    assert_pass(&probe(&http).await);
}

#[tokio::test]
async fn a_late_address_is_slow_at_the_layer_of_its_longest_phase() {
    let late = each(|mut stream| async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut request = [0; 4096];
        assert!(stream.read(&mut request).await.unwrap() > 0);
        tokio::time::sleep(Duration::from_millis(400)).await;
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        tokio::io::copy(&mut stream, &mut tokio::io::sink())
            .await
            .ok();
    })
    .await;
    let mut target = target(What::Http(Box::new(crate::support::targets::http_at(late))));
    target.limits.slow_after = Duration::from_millis(300);
    let round = probe(&target).await;
    assert_told_like(
        &round,
        "slow",
        Reason::Slow,
        r"took [4-9]\d\d ms, slow after 300 ms; longest: first_byte with [4-9]\d\d ms",
    );
    assert_eq!(layer_of(&round), Some(Layer::Http));
}

#[tokio::test]
async fn a_failure_is_not_called_slow() {
    let server = http(app(|_| response(503, &[], ""))).await;
    let mut target = target(What::Http(Box::new(crate::support::targets::http_at(
        server,
    ))));
    target.limits.slow_after = Duration::ZERO;
    assert_fails(
        &probe(&target).await,
        Reason::HttpStatus,
        "status 503, expected 2xx",
    );
}
