//! The one place where connections are opened, and the difference between "they do not
//! answer" and "we cannot ask".
//!
//! The kernel reports a missing route of our own and an "unreachable" message of a distant
//! router with the same error codes. A connected datagram socket tells them apart: connecting
//! it consults the routing table and sends nothing, so if that fails too, the fault is here.
//! It is asked only after a failure, so a good round does not pay for it.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;

use super::deadline::{Deadline, Expired};
use super::global::is_host;
use super::words::took;
use crate::model::{Cause, Reason, Verdict};

/// Opens a connection and says how long that took.
pub(super) async fn open(
    address: SocketAddr,
    deadline: Deadline,
) -> Result<(TcpStream, Duration), Verdict> {
    if !is_host(address.ip()) {
        // The system would take the unspecified address for this machine's own.
        return Err(Verdict::Fail(Cause::new(
            Reason::TcpUnreachable,
            format!("{} is not the address of one host", address.ip()),
        )));
    }
    let start = Instant::now();
    let attempt = async {
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()?
        } else {
            TcpSocket::new_v6()?
        };
        socket.set_nodelay(true)?;
        socket.connect(address).await
    };
    match deadline.run(attempt).await {
        Ok(Ok(stream)) => Ok((stream, start.elapsed())),
        Ok(Err(error)) => Err(classify(address, &error)),
        Err(expired) => Err(overdue(
            expired,
            Reason::TcpTimeout,
            format!("no connection after {}", took(start.elapsed())),
        )),
    }
}

/// Ends a connection of which nothing more is wanted.
///
/// Bytes that lie unread would turn the close into a reset, which looks like an attack in the
/// other side's log; so what has arrived (a mail server's banner) is read first.
pub(super) async fn close(mut stream: TcpStream) {
    stream.shutdown().await.ok();
    let mut unread = [0; 1024];
    for _ in 0..4 {
        if !matches!(stream.try_read(&mut unread), Ok(1..)) {
            break;
        }
    }
}

/// A wait that ended: `reason`, or our own fault if we were not awake to see the answer.
pub(super) fn overdue(expired: Expired, reason: Reason, detail: String) -> Verdict {
    if expired.late {
        Verdict::Inconclusive(Cause::new(
            Reason::LocalLate,
            "this machine was too busy to see an answer in time",
        ))
    } else {
        Verdict::Fail(Cause::new(reason, detail))
    }
}

/// Asks the routing table; sends nothing.
fn route_to(address: SocketAddr) -> io::Result<()> {
    let any = if address.is_ipv4() {
        SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))
    } else {
        SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))
    };
    std::net::UdpSocket::bind(any)?.connect(address)
}

/// What an error of opening means.
fn classify(address: SocketAddr, error: &io::Error) -> Verdict {
    use io::ErrorKind::{
        AddrNotAvailable, ConnectionRefused, ConnectionReset, HostUnreachable, NetworkUnreachable,
        TimedOut,
    };
    let fail = |reason, detail: String| Verdict::Fail(Cause::new(reason, detail));
    if is_exhaustion(error) {
        return out_of_resources(error);
    }
    match error.kind() {
        ConnectionRefused => fail(Reason::TcpRefused, "connection refused".to_owned()),
        ConnectionReset => fail(
            Reason::TcpReset,
            "connection reset while it was opened".to_owned(),
        ),
        TimedOut => fail(
            Reason::TcpTimeout,
            "no answer before the system gave up".to_owned(),
        ),
        // The rest may be ours: a routing table that forbids or lacks the way, a family that
        // is switched off, no address or port left to speak from.
        kind => match route_to(address) {
            Err(route) if is_exhaustion(&route) => out_of_resources(&route),
            Err(_) => Verdict::Inconclusive(Cause::new(
                Reason::LocalNoRoute,
                format!("this machine has no route to {}", address.ip()),
            )),
            Ok(()) if matches!(kind, AddrNotAvailable) => out_of_resources(error),
            Ok(()) => fail(
                Reason::TcpUnreachable,
                match kind {
                    HostUnreachable => "unreachable: no way to the host".to_owned(),
                    NetworkUnreachable => "unreachable: no way to its network".to_owned(),
                    other => format!("unreachable: {other}"),
                },
            ),
        },
    }
}

/// Descriptors, buffers or memory ran out.
fn is_exhaustion(error: &io::Error) -> bool {
    // Linux numbers, as the standard library has no kind for most of them:
    // ENFILE, EMFILE, ENOBUFS, and ENOMEM, which it does know.
    matches!(error.raw_os_error(), Some(23 | 24 | 105))
        || error.kind() == io::ErrorKind::OutOfMemory
}

fn out_of_resources(error: &io::Error) -> Verdict {
    let what = match error.raw_os_error() {
        Some(23) => "open files in the whole system",
        Some(24) => "open files in this process",
        Some(105) => "network buffers",
        Some(99) => "local ports",
        _ => "memory",
    };
    Verdict::Inconclusive(Cause::new(
        Reason::LocalResources,
        format!("this machine has run out of {what}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_banner_that_lies_unread_does_not_turn_the_goodbye_into_a_reset() {
        use tokio::io::AsyncReadExt;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let limit = Deadline::after(Duration::from_secs(9));
        let (stream, _) = open(address, limit).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        server.write_all(b"220 mx.example ESMTP\r\n").await.unwrap();
        stream.readable().await.unwrap();
        close(stream).await;
        let mut goodbye = [0; 9];
        assert_eq!(server.read(&mut goodbye).await.unwrap(), 0);
    }

    fn reason_of(number: i32) -> Reason {
        let here = SocketAddr::from(([127, 0, 0, 1], 9));
        let verdict = classify(here, &io::Error::from_raw_os_error(number));
        verdict.cause().map(|cause| cause.reason).unwrap()
    }

    #[test]
    fn exhaustion_is_our_own_trouble() {
        for number in [12, 23, 24, 99, 105] {
            assert_eq!(reason_of(number), Reason::LocalResources, "errno {number}");
        }
    }

    #[test]
    fn errors_with_a_route_are_the_other_sides() {
        assert_eq!(reason_of(111), Reason::TcpRefused);
        assert_eq!(reason_of(104), Reason::TcpReset);
        assert_eq!(reason_of(110), Reason::TcpTimeout);
        // EHOSTUNREACH, ENETUNREACH, EACCES: there is always a route to loopback.
        for number in [113, 101, 13] {
            assert_eq!(reason_of(number), Reason::TcpUnreachable, "errno {number}");
        }
    }
}
