//! Whom to ask whether it is us: canaries and the own gateway.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Somebody out there who answers if our own connection works. Its address is literal: a canary
/// must not need a resolver.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Canary {
    /// Accepts a connection.
    Tcp(SocketAddr),
    /// Replies to a question, with any code.
    Dns {
        /// Who is asked.
        server: SocketAddr,
        /// For what: a name with the dot at its end, e.g. `.`.
        name: Arc<str>,
        /// Of which type, e.g. `NS`.
        record_type: Arc<str>,
    },
}

impl Canary {
    /// The port of name servers.
    pub const DNS_PORT: u16 = 53;

    /// Where it is.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        match self {
            Self::Tcp(address) => *address,
            Self::Dns { server, .. } => *server,
        }
    }
}

/// As the configuration writes it: `tcp://192.0.2.1:443`, `dns://.?type=NS&server=192.0.2.53`.
impl fmt::Display for Canary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "tcp://{address}"),
            Self::Dns {
                server,
                name,
                record_type,
            } => {
                write!(f, "dns://{name}?type={record_type}&server=")?;
                match server.port() {
                    Self::DNS_PORT => write!(f, "{}", server.ip()),
                    _ => write!(f, "{server}"),
                }
            }
        }
    }
}

/// The next router, which is asked only to tell trouble here from trouble beyond it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gateway {
    /// That of the default route.
    #[default]
    Auto,
    /// It is not asked.
    Off,
    /// This one.
    Address(IpAddr),
}

impl fmt::Display for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Off => f.write_str("off"),
            Self::Address(address) => write!(f, "{address}"),
        }
    }
}
