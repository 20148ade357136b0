//! What went wrong between us and a name server, told apart: the server's trouble or ours.
//!
//! The system calls say it. A `connect` that fails before anything was sent is about this
//! machine (no route, no sockets); an error that arrives later was sent back by somebody.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::Path;

use crate::model::printable::printable;
use crate::model::{Cause, Family, Reason};
use crate::probe::deadline::Expired;

/// Characters of an error of the operating system or of the TLS library that are quoted.
const MAX_ERROR: usize = 200;

/// Addresses of a root name server, one of each family: somewhere far away that is certainly
/// not on a local network. Nothing is ever sent to them from here.
const FAR_V4: Ipv4Addr = Ipv4Addr::new(198, 41, 0, 4);
const FAR_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0x503, 0xba3e, 0, 0, 0, 2, 0x30);

/// The errors of Linux that `io::ErrorKind` has no stable name for.
const ENFILE: i32 = 23;
const EMFILE: i32 = 24;
const EAFNOSUPPORT: i32 = 97;
const ENOBUFS: i32 = 105;

/// Something failed before anything was sent to the server.
pub(super) fn before_sending(server: SocketAddr, error: &io::Error) -> Cause {
    if let Some(cause) = exhausted(error) {
        return cause;
    }
    let no_route = matches!(
        error.kind(),
        io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkDown
            // Our own packet filter, or a route that says `prohibit`.
            | io::ErrorKind::PermissionDenied
    ) || error.raw_os_error() == Some(EAFNOSUPPORT)
        // A machine without any IPv6 address.
        || (error.kind() == io::ErrorKind::AddrNotAvailable && server.is_ipv6());
    if no_route {
        Cause::new(
            Reason::LocalNoRoute,
            format!("no route to the resolver {server}: {}", quote(error)),
        )
    } else if error.kind() == io::ErrorKind::AddrNotAvailable {
        Cause::new(
            Reason::LocalResources,
            format!("no free port to ask {server} from"),
        )
    } else {
        after_sending(server, error)
    }
}

/// A stream to the server could not be opened. The error does not tell whether it came back
/// from the network or never left this machine, so the routing table is asked.
pub(super) fn while_connecting(server: SocketAddr, error: &io::Error) -> Cause {
    match no_route(server) {
        Some(ours) => before_sending(server, &ours),
        None if error.kind() == io::ErrorKind::AddrNotAvailable => before_sending(server, error),
        None => after_sending(server, error),
    }
}

/// Something failed after something was sent: somebody out there does not want us.
pub(super) fn after_sending(server: SocketAddr, error: &io::Error) -> Cause {
    exhausted(error).unwrap_or_else(|| {
        let what = match error.kind() {
            io::ErrorKind::ConnectionRefused => "refuses the connection".to_owned(),
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof => "closed the connection without an answer".to_owned(),
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
                format!("cannot be reached: {}", quote(error))
            }
            _ => format!("cannot be asked: {}", quote(error)),
        };
        Cause::new(
            Reason::DnsUnreachable,
            format!("the resolver {server} {what}"),
        )
    })
}

/// The time was up; `what` says what was waited for.
pub(super) fn expired(what: String, expired: Expired) -> Cause {
    if expired.late {
        Cause::new(
            Reason::LocalLate,
            format!("{what}, but this process was not running when the time was up"),
        )
    } else {
        Cause::new(Reason::DnsTimeout, what)
    }
}

/// Whether this machine has a way out for a family. Asks the routing table; sends nothing.
pub(super) fn has_way_out(family: Family) -> bool {
    let far: SocketAddr = match family {
        Family::Ipv4 => (FAR_V4, 53).into(),
        Family::Ipv6 => (FAR_V6, 53).into(),
    };
    no_route(far).is_none()
}

/// The unspecified address of the server's family: where to send from.
pub(super) fn any_for(server: SocketAddr) -> SocketAddr {
    match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    }
}

/// An error made fit to print.
pub(super) fn quote(error: &impl std::fmt::Display) -> String {
    printable(&error.to_string(), MAX_ERROR)
}

/// Why the routing table has no way to an address; connecting a datagram socket asks only it.
fn no_route(to: SocketAddr) -> Option<io::Error> {
    UdpSocket::bind(any_for(to))
        .and_then(|socket| socket.connect(to))
        .err()
}

/// A file of this machine that must be known before anybody is asked could not be read.
pub(super) fn unread(path: &Path, error: &io::Error) -> Cause {
    let reason = match is_exhausted(error) {
        true => Reason::LocalResources,
        false => Reason::LocalResolver,
    };
    let why = quote(error);
    Cause::new(reason, format!("{} cannot be read: {why}", path.display()))
}

fn is_exhausted(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(ENFILE | EMFILE | ENOBUFS))
        || error.kind() == io::ErrorKind::OutOfMemory
}

fn exhausted(error: &io::Error) -> Option<Cause> {
    is_exhausted(error).then(|| {
        Cause::new(
            Reason::LocalResources,
            format!("the resolver was not asked: {}", quote(error)),
        )
    })
}
