//! Trouble of our own is never the other side's fault.

use std::fs::File;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bascule::host::clock::Clock;
use bascule::model::Reason;
use bascule::probe::Prober;
use bascule::probe::target::{HostPort, What};
use bascule::probe::trust::Roots;

use crate::support::certificates::now;
use crate::support::child::alone_in_own_network;
use crate::support::servers::{app, http, response, silent};
use crate::support::targets::{
    SHORT, assert_pass, assert_told, host_port, http_at, only, probe, target, tls_at,
};

fn tcp(address: &str) -> bascule::probe::target::Target {
    target(What::Tcp(HostPort::parse(address).unwrap()))
}

#[tokio::test]
async fn no_route_is_local_no_route_in_every_way_a_routing_table_can_say_it() {
    if !alone_in_own_network(
        "tcp::ours::no_route_is_local_no_route_in_every_way_a_routing_table_can_say_it",
        "ip link set lo up
         ip route add unreachable 198.51.100.0/24
         ip route add prohibit 203.0.113.0/24
         ip route add blackhole 192.0.2.0/24",
    ) {
        return;
    }
    for host in [
        "10.9.8.7",
        "198.51.100.7",
        "203.0.113.7",
        "192.0.2.7",
        "2001:db8::7",
    ] {
        let what = What::Tcp(HostPort {
            host: host.to_owned(),
            port: 443,
        });
        let round = probe(&target(what)).await;
        let detail = format!("this machine has no route to {host}");
        assert_told(&round, "inconclusive", Reason::LocalNoRoute, &detail);
        assert_eq!(only(&round).reached, None);
    }
}

#[tokio::test]
async fn a_family_that_is_switched_off_is_local_no_route() {
    if !alone_in_own_network(
        "tcp::ours::a_family_that_is_switched_off_is_local_no_route",
        "ip link set lo up
         echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6",
    ) {
        return;
    }
    assert_told(
        &probe(&tcp("[2001:db8::7]:443")).await,
        "inconclusive",
        Reason::LocalNoRoute,
        "this machine has no route to 2001:db8::7",
    );
}

#[tokio::test]
async fn no_descriptors_left_is_local_resources() {
    if !alone_in_own_network(
        "tcp::ours::no_descriptors_left_is_local_resources",
        "ip link set lo up
         ulimit -n 64",
    ) {
        return;
    }
    let server = silent().await;
    let hoard: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    assert!(hoard.len() < 64);
    let round = probe(&target(What::Tcp(host_port(server)))).await;
    drop(hoard);
    assert_told(
        &round,
        "inconclusive",
        Reason::LocalResources,
        "this machine has run out of open files in this process",
    );
}

/// No addresses left to speak from: all ports to one destination are taken.
#[tokio::test]
async fn no_local_ports_left_is_local_resources() {
    if !alone_in_own_network(
        "tcp::ours::no_local_ports_left_is_local_resources",
        "ip link set lo up
         echo 50000 50007 > /proc/sys/net/ipv4/ip_local_port_range",
    ) {
        return;
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:80").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut guests = Vec::new();
    while let Ok(guest) = tokio::net::TcpStream::connect(address).await {
        guests.push(guest);
    }
    let round = probe(&target(What::Tcp(host_port(address)))).await;
    assert_told(
        &round,
        "inconclusive",
        Reason::LocalResources,
        "this machine has run out of local ports",
    );
}

#[tokio::test]
async fn a_wait_that_we_overslept_is_local_late() {
    let what = What::Tls(Box::new(tls_at(silent().await, Roots::none())));
    let mut target = target(what);
    target.limits.tls = SHORT;
    // The test's runtime has one thread: while it sleeps here, nobody looks at the socket.
    let busy = tokio::spawn(async {
        tokio::time::sleep(SHORT / 2).await;
        std::thread::sleep(3 * SHORT);
    });
    let round = probe(&target).await;
    busy.await.unwrap();
    assert_told(
        &round,
        "inconclusive",
        Reason::LocalLate,
        "this machine was too busy to see an answer in time",
    );
}

/// A prober whose wall clock jumps an hour ahead after it was read for the first time.
fn with_a_jumping_clock() -> Prober {
    let readings = AtomicU64::new(0);
    let clock = Clock::with_wall(move || {
        let hours = readings.fetch_add(1, Ordering::Relaxed).min(1);
        now() + Duration::from_secs(3600 * hours)
    });
    Prober::new(clock, Roots::none())
}

#[tokio::test]
async fn a_bad_verdict_while_the_clock_jumped_is_local_clock() {
    let server = http(app(|_| response(503, &[], ""))).await;
    let what = What::Http(Box::new(http_at(server)));
    let round = with_a_jumping_clock().round(&target(what)).await;
    assert_told(
        &round,
        "inconclusive",
        Reason::LocalClock,
        "this machine's clock jumped by 3600 s during the round",
    );
}

#[tokio::test]
async fn a_good_verdict_stands_though_the_clock_jumped() {
    let server = http(app(|_| response(200, &[], ""))).await;
    let what = What::Http(Box::new(http_at(server)));
    assert_pass(&with_a_jumping_clock().round(&target(what)).await);
}
