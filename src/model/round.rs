//! A round: one probe of one endpoint, with all that was learned on the way.
//!
//! What was learned before a failure stays: an expired certificate still shows its dates,
//! a stalled body still shows the status, a failed handshake still shows the connect time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::{Cause, EndpointKey, Families, Family, Kind, Layer, Name, Reason, Verdict};

/// One probe of one endpoint.
#[derive(Clone, Debug)]
pub struct Round {
    /// Which endpoint; `None` for a bare URL on the command line.
    pub key: Option<EndpointKey>,
    /// What kind of endpoint.
    pub kind: Kind,
    /// The verdict over all addresses and queries.
    pub verdict: Verdict,
    /// When it started, by the wall clock.
    pub started: SystemTime,
    /// How long it took.
    pub duration: Duration,
    /// Every address that was chosen, in the order of the answers, IPv4 first. Empty where
    /// nothing was resolved, and for the kind `dns`.
    pub addresses: Vec<AddressRound>,
    /// Every question asked, one item a resolver and record type.
    pub dns: Vec<DnsQuery>,
    /// How long the network asked us to stay away (`Retry-After` beside a 429).
    pub retry_after: Option<Duration>,
    /// What the verdict rests on.
    pub standing: Standing,
}

impl Round {
    /// Settles the doubt where nobody else can: a name that no resolver showed able to find is
    /// our own trouble, and everything else is taken as it looks from here.
    pub fn settle_alone(&mut self) {
        if let Some(doubt) = self.standing.doubt.take() {
            doubt.settle_alone(&mut self.verdict);
        }
    }
}

/// What a verdict rests on, and what the round proves of our own connection.
///
/// Not compared: a round has the same verdict however it came by it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Families whose uplink this round proves: an address beyond our own network accepted a
    /// connection or answered a question, also where the round failed later on.
    pub proves: Families,
    /// Resolvers, as the configuration writes them, that answered NOERROR or NXDOMAIN.
    pub answered: Vec<Name>,
    /// Why the verdict cannot be believed yet. `None`: it stands on its own.
    pub doubt: Option<Box<Doubt>>,
}

/// A verdict that is ours to answer for unless something proves our side of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Addresses beyond our own network did not answer: each of these families must be proven.
    Addresses {
        /// The families concerned.
        families: Families,
        /// The verdict if IPv4 is left out, if IPv6 is, if both are.
        without: Box<[Verdict; 3]>,
    },
    /// A name could not be resolved: some family must be proven, and one of these resolvers
    /// must have answered another name.
    Resolution {
        /// Resolvers that failed and have not proven themselves in the round; empty if one has.
        resolvers: Vec<Name>,
    },
}

impl Doubt {
    /// What becomes of a verdict that nothing else can be held against.
    pub fn settle_alone(&self, verdict: &mut Verdict) {
        let (Self::Resolution { resolvers }, Verdict::Fail(cause)) = (self, &*verdict) else {
            return;
        };
        // A resolver that answers, whatever it says of the name, is not ill.
        let has_answered = matches!(cause.reason, Reason::DnsNxdomain | Reason::DnsRcode);
        if has_answered || resolvers.is_empty() {
            return;
        }
        let who = if resolvers.len() == 1 {
            "does the resolver"
        } else {
            "do the resolvers"
        };
        *verdict = Verdict::Inconclusive(Cause::new(
            Reason::LocalResolver,
            format!(
                "{}; nor {who} {} answer anything else",
                cause.detail,
                resolvers.join(", ")
            ),
        ));
    }
}

/// One address of a round.
#[derive(Clone, Debug)]
pub struct AddressRound {
    /// Address and port.
    pub address: SocketAddr,
    /// The verdict on this address.
    pub verdict: Verdict,
    /// How long each phase took, of the first hop.
    pub phases: Phases,
    /// The highest layer that was attempted on this address; `None` if nothing was (no route).
    pub reached: Option<Layer>,
    /// What the handshake showed, of the first hop.
    pub tls: Option<TlsFacts>,
    /// What the response showed, of the last hop.
    pub http: Option<HttpFacts>,
}

impl AddressRound {
    /// Its family.
    #[must_use]
    pub const fn family(&self) -> Family {
        Family::of(self.address.ip())
    }
}

/// How long each phase took; `None` if it did not finish or was not needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Phases {
    /// From the question to usable addresses; the same for each address of a round.
    pub resolve: Option<Duration>,
    /// From the first packet to an open connection.
    pub connect: Option<Duration>,
    /// From the first TLS record to the end of the handshake.
    pub tls: Option<Duration>,
    /// From the request to the head of the response.
    pub first_byte: Option<Duration>,
    /// From the head of the response to its end.
    pub body: Option<Duration>,
}

impl Phases {
    /// The phases with their names and the layers they count for, in order of time.
    #[must_use]
    pub const fn named(&self) -> [(&'static str, Layer, Option<Duration>); 5] {
        [
            ("resolve", Layer::Dns, self.resolve),
            ("connect", Layer::Tcp, self.connect),
            ("tls", Layer::Tls, self.tls),
            ("first_byte", Layer::Http, self.first_byte),
            ("body", Layer::Http, self.body),
        ]
    }

    /// All finished phases together.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.named().iter().filter_map(|(_, _, took)| *took).sum()
    }
}

/// What a TLS handshake showed. Text is printable and bounded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFacts {
    /// `1.2` or `1.3`.
    pub version: Option<&'static str>,
    /// The cipher suite, in IANA's words.
    pub cipher: Option<String>,
    /// The key exchange group.
    pub group: Option<String>,
    /// The negotiated application protocol.
    pub alpn: Option<String>,
    /// The first fault of the certificate: the reason without `tls_`.
    pub verify_error: Option<Reason>,
    /// The first certificate.
    pub certificate: Option<Arc<CertificateFacts>>,
    /// The earliest expiry in the chain: the verified one, else the one that was served.
    pub chain_not_after: Option<SystemTime>,
}

/// What the first certificate of a chain says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Start of validity.
    pub not_before: SystemTime,
    /// End of validity.
    pub not_after: SystemTime,
    /// Distinguished name of the subject.
    pub subject: String,
    /// Distinguished name of the issuer.
    pub issuer: String,
    /// Subject alternative names.
    pub names: Vec<String>,
    /// SHA-256 of the certificate, lower-case hexadecimal.
    pub sha256: String,
}

/// What an HTTP response showed. Text is printable and bounded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpFacts {
    /// Status code of the last response; `None` if none came.
    pub status: Option<u16>,
    /// `1.0`, `1.1` or `2`.
    pub version: Option<&'static str>,
    /// Redirects followed before the last response.
    pub redirects: Vec<Redirect>,
    /// The `Content-Length` header.
    pub content_length: Option<u64>,
    /// Body bytes as they came.
    pub encoded_bytes: Option<u64>,
    /// Body bytes after decompression.
    pub body_bytes: Option<u64>,
    /// Header names (lower case) and values, in order; several values of one name joined by `, `.
    pub headers: Vec<(String, String)>,
    /// The beginning of the body, printable and bounded, where it explains a verdict that is not
    /// `pass`.
    pub body_prefix: Option<String>,
}

/// One hop that answered with a redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// Where it pointed, absolute.
    pub url: String,
    /// The status of the redirecting response.
    pub status: u16,
    /// The address used for the hop to `url`; `None` if it was not reached.
    pub address: Option<SocketAddr>,
    /// The phases of the hop to `url`.
    pub phases: Phases,
    /// The handshake of the hop to `url`.
    pub tls: Option<TlsFacts>,
    /// Where the hop to `url` went wrong.
    pub layer: Option<Layer>,
    /// Why the hop to `url` went wrong.
    pub reason: Option<Reason>,
}

/// One question to one resolver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsQuery {
    /// The resolver, as the configuration writes it.
    pub resolver: Arc<str>,
    /// The name that was asked for.
    pub name: String,
    /// The record type.
    pub record_type: String,
    /// Why this answer is of no use; `None` if it is.
    pub reason: Option<Reason>,
    /// Response code in the words of the standards; `None` if no answer came.
    pub rcode: Option<String>,
    /// Records of the answer section.
    pub answers: Vec<DnsRecord>,
    /// How long it took, a retry over TCP included.
    pub duration: Duration,
    /// What carried the answer, or the question if none came.
    pub transport: Transport,
    /// The UDP answer was cut, so TCP was used.
    pub truncated: bool,
    /// The resolver says it has validated the answer (AD).
    pub authenticated: bool,
    /// The family that the answer serves; `None` where the record type is neither A nor AAAA.
    pub family: Option<Family>,
}

/// One record of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsRecord {
    /// Its type.
    pub record_type: String,
    /// Its time to live in seconds.
    pub ttl: u32,
    /// Its data in the presentation format, printable and bounded.
    pub data: String,
}

/// What carries a DNS question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A connection.
    Tcp,
    /// DNS over TLS.
    Tls,
    /// DNS over HTTPS.
    Https,
    /// The hosts file of this machine: no question was sent.
    Hosts,
}

impl Transport {
    /// The word used in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Https => "https",
            Self::Hosts => "hosts",
        }
    }
}
