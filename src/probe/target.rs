//! What to probe and what to expect of it: everything the configuration decides about a
//! round, compiled once at (re)load, so that a round only reads.

mod canary;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};
use regex::Regex;
use url::Url;

// What targets are made of, for those who make them: no other room names these libraries.
pub use hickory_resolver::proto::op::ResponseCode;
pub use hickory_resolver::proto::rr::{Name as DnsName, RecordType};
pub use rustls::pki_types::ServerName;

pub use canary::{Canary, Gateway};

use super::expect::JsonCheck;
use super::mask::{Mask, links};
use super::trust::ClientTls;
use crate::model::printable::is_harmful;
use crate::model::{EndpointKey, Family, Kind};

/// One endpoint, ready to be probed.
#[derive(Clone, Debug)]
pub struct Target {
    /// Which endpoint; `None` for a bare URL on the command line.
    pub key: Option<EndpointKey>,
    /// What is probed.
    pub what: What,
    /// Time limits.
    pub limits: Limits,
    /// How many of the resolved addresses a round tries, per family.
    pub addresses_per_family: usize,
    /// Families to try, in order.
    pub families: Vec<Family>,
    /// Who is asked for names.
    pub resolvers: Vec<Resolver>,
    /// What must not be told, wherever a server repeats it.
    pub mask: Mask,
}

impl Target {
    /// How many sockets a round can have open at a time.
    #[must_use]
    pub fn sockets(&self) -> usize {
        let questions = self.families.len() * self.resolvers.len();
        let addresses = self.families.len() * self.addresses_per_family;
        // Each address that redirects elsewhere asks for that name while the others go on.
        questions.max(addresses) + usize::from(matches!(self.what, What::Http(_)))
    }

    /// The kind of endpoint.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self.what {
            What::Http(_) => Kind::Http,
            What::Tls(_) => Kind::Tls,
            What::Tcp(_) => Kind::Tcp,
            What::Dns(_) => Kind::Dns,
        }
    }
}

/// Time limits of a round. The whole round ends at `round`, whatever the others say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The whole round.
    pub round: Duration,
    /// One question to one resolver, retries included.
    pub dns: Duration,
    /// One connection.
    pub connect: Duration,
    /// One handshake.
    pub tls: Duration,
    /// From the request to the end of the response, each hop.
    pub response: Duration,
    /// An address that takes longer in all is `slow`.
    pub slow_after: Duration,
}

/// What is probed.
#[derive(Clone, Debug)]
pub enum What {
    /// A URL.
    Http(Box<HttpTarget>),
    /// A host that speaks TLS.
    Tls(Box<TlsTarget>),
    /// A host and port that accept a connection.
    Tcp(HostPort),
    /// A question to name servers.
    Dns(Box<DnsTarget>),
}

/// A host (name or literal address, without brackets) and a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPort {
    /// Name or literal address.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl HostPort {
    /// Reads `host:port`, `192.0.2.7:443` or `[2001:db8::7]:443`.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.contains('@') {
            // What stands before it may be a password, so nothing is quoted.
            return Err("has an @: write host:port, without a user name".to_owned());
        }
        let (host, port) = text
            .rsplit_once(':')
            .ok_or_else(|| format!("`{}` has no port: write host:port", links(text)))?;
        let port = port
            .parse::<u16>()
            .ok()
            .filter(|port| *port != 0)
            .ok_or_else(|| format!("`{port}` is not a port (1 to 65535)"))?;
        let bracketed = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        let host = bracketed.unwrap_or(host);
        if host.is_empty() {
            return Err(format!("`{text}` has no host: write host:port"));
        }
        if host.contains(['[', ']']) {
            return Err(format!("`{text}` has a bracket too many: write host:port"));
        }
        if bracketed.is_none() && host.contains(':') {
            return Err(format!(
                "`{host}` looks like an IPv6 address: write [{host}]:{port}"
            ));
        }
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// A URL and what is expected of it.
#[derive(Clone)]
pub struct HttpTarget {
    /// `http` or `https`; no user information, no fragment.
    pub url: Url,
    /// Request method.
    pub method: Method,
    /// Request headers, `User-Agent` and `Accept` included; values of secrets are marked sensitive.
    /// Sent to every hop.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// `Authorization`, `Cookie` and the like: never sent to another host, port or scheme.
    pub credentials: Vec<(HeaderName, HeaderValue)>,
    /// Request body; only to the first hop and after 307 or 308 to the same host.
    pub body: Bytes,
    /// Follow redirects, at most ten.
    pub follow_redirects: bool,
    /// HTTP/1.1 is accepted.
    pub http1: bool,
    /// HTTP/2 is accepted.
    pub http2: bool,
    /// Ask for compression and undo it.
    pub decompress: bool,
    /// Largest body in bytes, as it comes and after decompression.
    pub max_body: usize,
    /// Go there instead of resolving the URL's host, also for redirects to the same host and port.
    pub connect_to: Option<HostPort>,
    /// Trust, client certificate, versions.
    pub tls: ClientTls,
    /// What is expected of the last response.
    pub expect: HttpExpect,
    /// What counts as a bot wall.
    pub restricted: Restricted,
}

impl fmt::Debug for HttpTarget {
    /// The URL, body and headers may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, links(self.url.as_str()))
    }
}

/// What is expected of a response.
#[derive(Clone, Debug)]
pub struct HttpExpect {
    /// Accepted statuses.
    pub status: StatusSet,
    /// All must match the body.
    pub body_matches: Vec<Regex>,
    /// None may match the body.
    pub body_not_matches: Vec<Regex>,
    /// Smallest body in bytes, after decompression; 0 = any.
    pub min_body: usize,
    /// A condition over the JSON body.
    pub json: Option<JsonCheck>,
    /// All must match.
    pub header_matches: Vec<HeaderCheck>,
    /// None may match.
    pub header_not_matches: Vec<HeaderCheck>,
}

/// A pattern for a header.
#[derive(Clone, Debug)]
pub struct HeaderCheck {
    /// Which header.
    pub name: HeaderName,
    /// What one of its values must match.
    pub pattern: Regex,
    /// An absent header is fine.
    pub allow_missing: bool,
}

/// What counts as a bot wall, besides challenge pages and 429, which always do.
#[derive(Clone, Debug, Default)]
pub struct Restricted {
    /// Statuses.
    pub status: StatusSet,
    /// A redirect whose target (absolute URL) matches one of these.
    pub location_matches: Vec<Regex>,
}

/// A set of HTTP statuses: single codes (100 to 999) and classes like `2xx`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusSet {
    codes: Vec<u16>,
    classes: Vec<u16>,
}

impl StatusSet {
    /// Adds a code.
    ///
    /// # Errors
    /// A sentence if it is no status.
    pub fn add_code(&mut self, code: i64) -> Result<(), String> {
        match u16::try_from(code) {
            Ok(code @ 100..=999) => {
                self.codes.push(code);
                Ok(())
            }
            _ => Err(format!("{code} is not an HTTP status (100 to 999)")),
        }
    }

    /// Adds a code or a class such as `2xx`.
    ///
    /// # Errors
    /// A sentence if it is neither.
    pub fn add(&mut self, text: &str) -> Result<(), String> {
        if let Some(class) = text.strip_suffix("xx") {
            if let Ok(class @ 1..=9) = class.parse::<u16>() {
                self.classes.push(class);
                return Ok(());
            }
        } else if let Ok(code) = text.parse::<i64>() {
            return self.add_code(code);
        }
        Err(format!(
            "`{text}` is neither an HTTP status nor a class like \"2xx\""
        ))
    }

    /// Whether the status is in the set.
    #[must_use]
    pub fn contains(&self, status: u16) -> bool {
        self.codes.contains(&status) || self.classes.contains(&(status / 100))
    }
}

impl fmt::Display for StatusSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codes = self.codes.iter().map(u16::to_string);
        let classes = self.classes.iter().map(|class| format!("{class}xx"));
        let all: Vec<String> = codes.chain(classes).collect();
        f.write_str(&all.join(", "))
    }
}

/// A host that speaks TLS, and what is expected of it.
#[derive(Clone, Debug)]
pub struct TlsTarget {
    /// Name (for SNI and verification) and port.
    pub host: HostPort,
    /// Go there instead of resolving the host.
    pub connect_to: Option<HostPort>,
    /// Trust, client certificate, versions.
    pub tls: ClientTls,
    /// Less validity left than this is `tls_expiring`.
    pub valid_for: Option<Duration>,
    /// The application protocol that must be negotiated, e.g. `h2`; it is the only one offered.
    pub alpn: Option<String>,
}

/// A question to name servers, and what is expected of the answers.
#[derive(Clone, Debug)]
pub struct DnsTarget {
    /// What is asked for, fully qualified.
    pub name: DnsName,
    /// Which type.
    pub record_type: RecordType,
    /// Accepted response codes.
    pub rcodes: Vec<ResponseCode>,
    /// NOERROR with fewer answers of the type is `dns_no_answer`.
    pub min_answers: usize,
    /// Each must be matched by the data of at least one answer.
    pub answers_match: Vec<Regex>,
    /// Resolvers must give overlapping answers.
    pub agree: bool,
}

/// Who is asked for names, with the string that the configuration uses for it.
#[derive(Clone)]
pub struct Resolver {
    /// As the configuration writes it, secrets masked: the label value.
    pub label: Arc<str>,
    /// What it means.
    pub how: ResolverKind,
}

/// What a resolver string means.
#[derive(Clone, Debug)]
pub enum ResolverKind {
    /// `system`: hosts file, then the servers of resolv.conf in order.
    System,
    /// `udp://192.0.2.53[:53]`: datagrams, TCP where an answer is cut.
    Udp(SocketAddr),
    /// `tcp://192.0.2.53[:53]`.
    Tcp(SocketAddr),
    /// `tls://name@192.0.2.53[:853]`: DNS over TLS; `name` is verified.
    Tls {
        /// The name the certificate must be for.
        name: ServerName<'static>,
        /// Where it listens.
        address: SocketAddr,
    },
    /// `https://host[:port]/path`: DNS over HTTPS; a host name is resolved by the system's resolver.
    Https(Url),
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label)
    }
}

impl Resolver {
    /// The system's resolver.
    #[must_use]
    pub fn system() -> Self {
        Self {
            label: "system".into(),
            how: ResolverKind::System,
        }
    }

    /// Reads a resolver string.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let shape = "write \"system\", \"udp://192.0.2.53\", \"tcp://192.0.2.53\", \
                     \"tls://name@192.0.2.53\" or \"https://host/dns-query\"";
        // What stands before an @ may be a password.
        let shown = match text.rsplit_once('@') {
            Some((_, host)) => format!("...@{host}"),
            None => links(text).into_owned(),
        };
        let bad = |what: &str| Err(format!("`{shown}` {what}: {shape}"));
        if text.chars().any(is_harmful) {
            // It becomes a label, and stands in sentences.
            return bad("has characters that cannot be shown");
        }
        let how = if text == "system" {
            ResolverKind::System
        } else if let Some((scheme, rest)) = text.split_once("://") {
            match scheme {
                "udp" | "tcp" => match (parse_server(rest, 53), scheme) {
                    (Some(address), "udp") => ResolverKind::Udp(address),
                    (Some(address), _) => ResolverKind::Tcp(address),
                    (None, _) => return bad("needs a literal address, optionally with a port"),
                },
                "tls" => {
                    let Some((name, rest)) = rest.split_once('@') else {
                        return bad("needs the server's name before an @");
                    };
                    let name = ServerName::try_from(name.to_owned());
                    match (name, parse_server(rest, 853)) {
                        (Ok(name), Some(address)) => ResolverKind::Tls { name, address },
                        (Err(_), _) => return bad("has a name that cannot be in a certificate"),
                        (_, None) => {
                            return bad(
                                "needs a literal address after the @, optionally with a port",
                            );
                        }
                    }
                }
                "https" => match Url::parse(text) {
                    Ok(url) if url.username().is_empty() && url.password().is_none() => {
                        ResolverKind::Https(url)
                    }
                    Ok(_) => return bad("must not carry a user name or password"),
                    Err(_) => return bad("is not a URL"),
                },
                _ => return bad("has an unknown scheme"),
            }
        } else {
            return bad("is not a resolver");
        };
        Ok(Self {
            label: (&*links(text)).into(),
            how,
        })
    }
}

/// Reads `192.0.2.53`, `192.0.2.53:5353`, `2001:db8::53`, `[2001:db8::53]` or `[2001:db8::53]:5353`.
pub(crate) fn parse_server(text: &str, port: u16) -> Option<SocketAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    bare.parse()
        .map(|ip| SocketAddr::new(ip, port))
        .or_else(|_| text.parse())
        .ok()
        .filter(|address: &SocketAddr| address.port() != 0)
}
