//! Where the listeners come from: sockets that systemd passes take their places in the
//! configuration, and we open the others.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};

use crate::host::systemd::Passed;
use crate::web;
use crate::web::access::{Access, Audience};

/// `FileDescriptorName=` of a socket for the public.
const PUBLIC: &str = "public";

/// A listener, and who it is for.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) address: SocketAddr,
    pub(super) listener: TcpListener,
    pub(super) audience: Audience,
    /// Who opened it, where the configuration does not name it.
    pub(super) unnamed: Option<String>,
}

/// The address of a private listener of which the configuration cannot warn, as it does not name it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unnamed(SocketAddr);

impl Unnamed {
    /// What it lacks.
    pub(super) fn lack(self, access: &Access) -> Option<String> {
        access.lack_at(
            self.0,
            "write a loopback ListenStream= into the socket unit",
        )
    }
}

impl Door {
    /// Where it is, if the configuration cannot warn of it.
    pub(super) fn as_unnamed(&self) -> Option<Unnamed> {
        let is_ours = self.unnamed.is_some() && self.audience == Audience::Private;
        is_ours.then_some(Unnamed(self.address))
    }
}

/// An address that cannot be had.
#[derive(Debug)]
pub struct Taken {
    address: SocketAddr,
    error: io::Error,
    /// A passed socket on the same port, which may be in the way.
    passed: Option<(SocketAddr, String)>,
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, error, .. } = self;
        write!(f, "cannot listen on {address}: {error} ")?;
        match &self.passed {
            Some((passed, name)) => write!(
                f,
                "(systemd's socket `{name}` holds {passed}: write the same address into web.listen \
                 and ListenStream=)"
            ),
            None => write!(f, "(another bascule? change web.listen)"),
        }
    }
}

/// Opens what the configuration names and nobody has passed.
///
/// # Errors
/// If an address cannot be had.
pub(super) fn open(
    wanted: &[(SocketAddr, Audience)],
    passed: Vec<Passed>,
) -> Result<Vec<Door>, Taken> {
    let mut doors = Vec::new();
    for &(address, audience) in wanted {
        if passed.iter().any(|socket| socket.address == address) {
            continue;
        }
        let listener = web::bind(address).map_err(|error| Taken {
            address,
            error,
            passed: passed
                .iter()
                .find(|socket| socket.address.port() == address.port())
                .map(|socket| (socket.address, socket.name.clone())),
        })?;
        doors.push(Door {
            // With port 0 it is another one.
            address: listener.local_addr().unwrap_or(address),
            listener,
            audience,
            unnamed: None,
        });
    }
    doors.extend(passed.into_iter().map(|socket| {
        let named = wanted.iter().find(|it| it.0 == socket.address);
        let audience = match named {
            Some(&(_, audience)) => audience,
            None if socket.name == PUBLIC => Audience::Public,
            None => Audience::Private,
        };
        Door {
            address: socket.address,
            audience,
            unnamed: named.is_none().then_some(socket.name),
            listener: socket.listener,
        }
    }));
    Ok(doors)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(name: &str) -> Passed {
        let listener = web::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        Passed {
            name: name.to_owned(),
            address: listener.local_addr().unwrap(),
            listener,
        }
    }

    #[test]
    fn a_passed_socket_takes_its_place_and_the_others_are_opened_by_us() {
        let (one, other) = (passed("bascule.socket"), passed("public"));
        let ours = SocketAddr::from(([127, 0, 0, 1], 0));
        let wanted = [(one.address, Audience::Private), (ours, Audience::Private)];
        let (first, second) = (one.address, other.address);
        let doors = open(&wanted, vec![one, other]).unwrap();
        let facts: Vec<_> = doors
            .iter()
            .map(|door| (door.address, door.audience, door.unnamed.as_deref()))
            .collect();
        assert_eq!(
            facts[1..],
            [
                (first, Audience::Private, None),
                (second, Audience::Public, Some("public"))
            ]
        );
        assert!(![first.port(), second.port(), 0].contains(&facts[0].0.port()));
    }

    #[test]
    fn a_public_name_does_not_make_a_private_address_public() {
        let socket = passed("public");
        let wanted = [(socket.address, Audience::Private)];
        let doors = open(&wanted, vec![socket]).unwrap();
        assert_eq!(doors[0].audience, Audience::Private);
    }

    #[test]
    fn a_private_socket_that_is_open_and_that_nobody_named_lacks_protection() {
        let door = |address, audience, unnamed: bool| {
            let listener = web::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
            let door = Door {
                address: SocketAddr::from((address, 10110)),
                listener,
                audience,
                unnamed: unnamed.then(|| "bascule.socket".to_owned()),
            };
            door.as_unnamed()?.lack(&Access::default())
        };
        let (everywhere, loopback) = ([0, 0, 0, 0], [127, 0, 0, 1]);
        assert_eq!(
            door(everywhere, Audience::Private, true).as_deref(),
            Some(
                "everybody who can reach `0.0.0.0:10110` reads everything: name a config_file \
                 with basic_auth_users or client certificates, or write a loopback ListenStream= \
                 into the socket unit"
            )
        );
        assert_eq!(door(everywhere, Audience::Public, true), None);
        assert_eq!(door(everywhere, Audience::Private, false), None);
        assert_eq!(door(loopback, Audience::Private, true), None);
    }

    #[test]
    fn an_address_that_a_passed_socket_keeps_from_us_names_that_socket() {
        let socket = passed("bascule.socket");
        let port = socket.address.port();
        let all = SocketAddr::from(([0, 0, 0, 0], port));
        let taken = open(&[(all, Audience::Private)], vec![socket]).unwrap_err();
        assert_eq!(
            taken.to_string(),
            format!(
                "cannot listen on 0.0.0.0:{port}: Address already in use (os error 98) \
                 (systemd's socket `bascule.socket` holds 127.0.0.1:{port}: write the same address \
                 into web.listen and ListenStream=)"
            )
        );
    }
}
