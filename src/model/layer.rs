//! How far a probe can get, over which family, and what kinds of endpoint there are.

use std::fmt;
use std::net::IpAddr;

/// How far a probe got. Ordered from the bottom: `Dns < Tcp < Tls < Http < Content`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// A name was asked for.
    Dns,
    /// A connection was opened.
    Tcp,
    /// A handshake was made and the certificate judged.
    Tls,
    /// A response was received in full.
    Http,
    /// The response was held against what is expected of it.
    Content,
}

impl Layer {
    /// Every layer, lowest first.
    pub const ALL: [Self; 5] = [Self::Dns, Self::Tcp, Self::Tls, Self::Http, Self::Content];

    /// The word used in labels, JSON and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Http => "http",
            Self::Content => "content",
        }
    }

    /// The one with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Addresses like `192.0.2.7`.
    Ipv4,
    /// Addresses like `2001:db8::7`.
    Ipv6,
}

impl Family {
    /// Both families, IPv4 first.
    pub const ALL: [Self; 2] = [Self::Ipv4, Self::Ipv6];

    /// The word used in labels, JSON and configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
        }
    }

    /// The one with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }

    /// The family an address belongs to.
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::Ipv4,
            IpAddr::V6(_) => Self::Ipv6,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What kind of thing an endpoint is; named like its table in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A URL.
    Http,
    /// A host that speaks TLS.
    Tls,
    /// A host and port that accept a connection.
    Tcp,
    /// A question to name servers.
    Dns,
}

impl Kind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 4] = [Self::Http, Self::Tls, Self::Tcp, Self::Dns];

    /// The word used in JSON and configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Tls => "tls",
            Self::Tcp => "tcp",
            Self::Dns => "dns",
        }
    }

    /// The layers that a round of this kind can climb, lowest first.
    #[must_use]
    pub const fn layers(self) -> &'static [Layer] {
        match self {
            Self::Http => &Layer::ALL,
            Self::Tls => &[Layer::Dns, Layer::Tcp, Layer::Tls],
            Self::Tcp => &[Layer::Dns, Layer::Tcp],
            Self::Dns => &[Layer::Dns],
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
