//! Canaries: who answers for our own connection.

use std::net::SocketAddr;

use bascule::host::clock::Clock;
use bascule::probe::canary::{Canaries, Swept};
use bascule::probe::target::{Canary, Gateway};
use hickory_resolver::proto::op::ResponseCode;
use tokio::net::TcpListener;

use crate::support::child::alone_in_own_network;
use crate::support::dns::{Responder, bytes};
use crate::support::targets::pattern;

/// Nobody is bound to it.
const CLOSED: &str = "127.77.7.7:9";

fn tcp(address: &str) -> Canary {
    Canary::Tcp(address.parse().unwrap())
}

fn dns(server: SocketAddr) -> Canary {
    Canary::Dns {
        server,
        name: ".".into(),
        record_type: "NS".into(),
    }
}

async fn sweep(canaries: Vec<Canary>, gateway: Gateway) -> Swept {
    let clock = Clock::system();
    let swept = Canaries::new(canaries, gateway).sweep(&clock).await;
    assert!(swept.started <= clock.now());
    swept
}

#[test]
fn a_canary_is_written_as_in_the_configuration() {
    for (canary, text) in [
        (tcp("192.0.2.1:443"), "tcp://192.0.2.1:443"),
        (tcp("[2001:db8::1]:443"), "tcp://[2001:db8::1]:443"),
        (
            dns("192.0.2.53:53".parse().unwrap()),
            "dns://.?type=NS&server=192.0.2.53",
        ),
        (
            dns("[2001:db8::53]:5353".parse().unwrap()),
            "dns://.?type=NS&server=[2001:db8::53]:5353",
        ),
    ] {
        assert_eq!(canary.to_string(), text);
    }
}

#[tokio::test]
async fn an_open_connection_or_any_reply_is_an_answer_and_a_dead_canary_means_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let open = listener.local_addr().unwrap().to_string();
    let refusing = Responder::start(|q| bytes(&q.reply(ResponseCode::Refused))).await;
    for answering in [tcp(&open), dns(refusing.address)] {
        let swept = sweep(vec![tcp(CLOSED), answering.clone()], Gateway::Auto).await;
        assert_eq!(swept.answered, [Some(true), None]);
        assert_eq!((swept.no_route, swept.gateway), ([false; 2], None));
        assert_eq!(swept.detail, format!("IPv4: {answering} answers"));
    }
}

#[tokio::test]
async fn all_canaries_that_refuse_are_a_failure_and_a_gateway_that_refuses_is_there() {
    let gateway = Gateway::Address("127.77.7.8".parse().unwrap());
    let canaries = vec![tcp(CLOSED), dns(CLOSED.parse().unwrap()), tcp("[::1]:9")];
    let swept = sweep(canaries.clone(), gateway).await;
    assert_eq!(swept.answered, [Some(false), Some(false)]);
    assert_eq!((swept.no_route, swept.gateway), ([false; 2], Some(true)));
    assert_eq!(
        swept.detail,
        "IPv4: none of 2 canaries answers, tcp://127.77.7.7:9: connection refused; \
         IPv6: the canary does not answer, tcp://[::1]:9: connection refused; \
         the gateway 127.77.7.8 answers"
    );
    assert_eq!(sweep(canaries, Gateway::Off).await.gateway, None);
}

#[tokio::test]
async fn without_canaries_nothing_is_known() {
    let swept = sweep(Vec::new(), Gateway::Off).await;
    assert_eq!((swept.answered, swept.no_route), ([None; 2], [false; 2]));
    assert_eq!(swept.detail, "");
}

/// A cable whose other end nobody listens to, with the default route of one family.
const CABLE: &str = "ip link set lo up
                     ip link add near type veth peer name far
                     ip link set near arp off
                     ip link set far arp off
                     ip addr add 192.0.2.1/24 dev near
                     ip link set near up
                     ip link set far up
                     ip route add default via 192.0.2.254";

#[tokio::test]
async fn silence_ends_after_two_seconds_and_the_gateway_of_the_routing_table_is_asked() {
    if !alone_in_own_network(
        "tcp::canaries::silence_ends_after_two_seconds_and_the_gateway_of_the_routing_table_is_asked",
        CABLE,
    ) {
        return;
    }
    let canaries = vec![
        tcp("198.51.100.1:443"),
        dns("198.51.100.53:53".parse().unwrap()),
        tcp("[2001:db8::1]:443"),
    ];
    let swept = sweep(canaries, Gateway::Auto).await;
    assert_eq!(swept.answered, [Some(false), None]);
    assert_eq!(swept.no_route, [false, true]);
    assert_eq!(swept.gateway, Some(false));
    let told = pattern(&[
        r"^IPv4: none of 2 canaries answers, tcp://198\.51\.100\.1:443: no connection after 2(\.\d)? s",
        r"IPv6: the canary does not answer, tcp://\[2001:db8::1\]:443: this machine has no route to 2001:db8::1",
        r"the gateway 192\.0\.2\.254 does not answer$",
    ].join("; "));
    assert!(told.is_match(&swept.detail), "{}", swept.detail);
}

#[tokio::test]
async fn a_machine_without_routes_has_asked_nobody_and_has_no_gateway() {
    if !alone_in_own_network(
        "tcp::canaries::a_machine_without_routes_has_asked_nobody_and_has_no_gateway",
        "ip link set lo up",
    ) {
        return;
    }
    let canaries = vec![
        tcp("198.51.100.1:443"),
        dns("198.51.100.53:53".parse().unwrap()),
    ];
    let swept = sweep(canaries, Gateway::Auto).await;
    assert_eq!(swept.answered, [None, None]);
    assert_eq!((swept.no_route, swept.gateway), ([true, false], None));
}
