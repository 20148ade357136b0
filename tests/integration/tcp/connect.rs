//! Connections that do not come about.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bascule::model::{Layer, Reason};
use bascule::probe::target::What;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::support::child::alone_in_own_network;
use crate::support::servers::{LOOPBACK, silent};
use crate::support::targets::{
    AFTER_SHORT, SHORT, assert_fails, assert_pass, assert_told_like, host_port, only, probe, target,
};

/// A port on which nobody listens.
async fn closed_port() -> SocketAddr {
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    listener.local_addr().unwrap()
}

#[tokio::test]
async fn an_open_port_passes() {
    let round = probe(&target(What::Tcp(host_port(silent().await)))).await;
    assert_pass(&round);
    assert_eq!(only(&round).reached, Some(Layer::Tcp));
    assert!(only(&round).phases.connect.is_some());
    assert_eq!(
        only(&round).phases.resolve,
        None,
        "a literal address is not looked up"
    );
    assert!(round.dns.is_empty());
}

#[tokio::test]
async fn a_closed_port_is_tcp_refused() {
    let address = closed_port().await;
    let round = probe(&target(What::Tcp(host_port(address)))).await;
    assert_fails(&round, Reason::TcpRefused, "connection refused");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_tcp_timeout() {
    // A full backlog: the kernel then drops what knocks.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((LOOPBACK, 0).into()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut guests = Vec::new();
    while let Ok(guest) = timeout(Duration::from_millis(300), TcpStream::connect(address)).await {
        guests.push(guest.unwrap());
        assert!(guests.len() < 100, "the backlog never fills");
    }
    let mut target = target(What::Tcp(host_port(address)));
    target.limits.connect = SHORT;
    let round = probe(&target).await;
    assert_told_like(
        &round,
        "fail",
        Reason::TcpTimeout,
        &format!(r"no connection {AFTER_SHORT}"),
    );
    assert_eq!(only(&round).phases.connect, None);
    // The round's own limit has the same reason.
    target.limits.connect = Duration::from_secs(20);
    target.limits.round = SHORT;
    let round = probe(&target).await;
    assert_told_like(
        &round,
        "fail",
        Reason::TcpTimeout,
        r"no connection after \d+ ms",
    );
    assert!(round.duration < 2 * SHORT);
}

#[tokio::test]
async fn a_connection_reset_while_it_is_opened_is_tcp_reset() {
    let listener = std::net::TcpListener::bind((LOOPBACK, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let server = std::thread::spawn({
        let over = Arc::clone(&over);
        move || {
            while !over.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((stream, _)) => socket2::Socket::from(stream)
                        .set_linger(Some(Duration::ZERO))
                        .unwrap(),
                    Err(_) => std::thread::yield_now(),
                }
            }
        }
    });
    // The reset races with the opening: seen after it, it does not concern us.
    let target = target(What::Tcp(host_port(address)));
    let mut told = None;
    for _ in 0..20_000 {
        let round = probe(&target).await;
        if round.verdict.cause().is_some() {
            told = Some(round);
            break;
        }
    }
    over.store(true, Ordering::Relaxed);
    server.join().unwrap();
    assert_fails(
        &told.expect("one of 20000 resets arrives in time"),
        Reason::TcpReset,
        "connection reset while it was opened",
    );
}

/// A link whose other end nobody answers at: the kernel gives up asking for the neighbour.
#[tokio::test]
async fn a_host_that_is_not_there_is_tcp_unreachable() {
    if !alone_in_own_network(
        "tcp::connect::a_host_that_is_not_there_is_tcp_unreachable",
        "ip link set lo up
         ip link add near type veth peer name far
         ip addr add 192.0.2.1/24 dev near
         ip link set near up
         ip link set far up",
    ) {
        return;
    }
    let address = "192.0.2.9:443".parse().unwrap();
    let round = probe(&target(What::Tcp(host_port(address)))).await;
    assert_fails(
        &round,
        Reason::TcpUnreachable,
        "unreachable: no way to the host",
    );
}
