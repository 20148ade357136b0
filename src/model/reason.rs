//! The closed list of reasons: code, where it belongs, and a sentence, in one table.

use std::fmt;

use super::{Kind, Layer};

/// Where a reason belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belongs {
    /// A real failure at this layer.
    Failure(Layer),
    /// The network refuses an anonymous prober (told at `http`).
    Restricted,
    /// It works, with trouble; the layer is fixed, or told by the round.
    Slow(Option<Layer>),
    /// Our own trouble; no layer.
    Local,
}

macro_rules! reasons {
    ($($variant:ident $code:literal $belongs:expr, $sentence:literal;)*) => {
        /// Why a verdict is not `pass`. Closed: labels, JSON, logs and documentation all
        /// read this one table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason { $(#[doc = $sentence] $variant,)* }

        impl Reason {
            /// Every reason, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code used in labels and JSON.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// What it means, in one sentence without a full stop.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)* }
            }

            /// Where it belongs.
            #[must_use]
            pub const fn belongs(self) -> Belongs {
                use Belongs::{Failure, Local, Restricted, Slow};
                use Layer::{Content, Dns, Http, Tcp, Tls};
                match self { $(Self::$variant => $belongs,)* }
            }
        }
    };
}

reasons! {
    DnsNxdomain "dns_nxdomain" Failure(Dns), "the name does not exist";
    DnsNoAnswer "dns_no_answer" Failure(Dns), "the name exists but has no usable answer";
    DnsServfail "dns_servfail" Failure(Dns), "the resolver could not find out (SERVFAIL)";
    DnsRefused "dns_refused" Failure(Dns), "the resolver refused the question (REFUSED)";
    DnsTimeout "dns_timeout" Failure(Dns), "no DNS answer in time";
    DnsMalformed "dns_malformed" Failure(Dns), "the DNS answer cannot be read";
    DnsUnreachable "dns_unreachable" Failure(Dns), "no resolver answers at the transport";
    DnsRcode "dns_rcode" Failure(Dns), "an unexpected DNS response code";
    DnsMismatch "dns_mismatch" Failure(Dns), "the DNS answers are not the expected ones";
    DnsDisagreement "dns_disagreement" Failure(Dns), "the resolvers give different answers";
    TcpRefused "tcp_refused" Failure(Tcp), "the connection was refused";
    TcpReset "tcp_reset" Failure(Tcp), "the connection was reset while it was opened";
    TcpTimeout "tcp_timeout" Failure(Tcp), "no connection in time";
    TcpUnreachable "tcp_unreachable" Failure(Tcp), "the host or its network is unreachable";
    TlsTimeout "tls_timeout" Failure(Tls), "no TLS handshake in time";
    TlsClosed "tls_closed" Failure(Tls), "the connection was closed in the TLS handshake";
    TlsAlert "tls_alert" Failure(Tls), "the server ended the TLS handshake with an alert";
    TlsProtocol "tls_protocol" Failure(Tls), "the server does not speak TLS properly";
    TlsVersion "tls_version" Failure(Tls), "no TLS version in common";
    TlsExpired "tls_expired" Failure(Tls), "the certificate has expired";
    TlsNotYetValid "tls_not_yet_valid" Failure(Tls), "the certificate is not valid yet";
    TlsNameMismatch "tls_name_mismatch" Failure(Tls), "the certificate is for another name";
    TlsUntrusted "tls_untrusted" Failure(Tls), "the certificate is not signed by a trusted authority";
    TlsRevoked "tls_revoked" Failure(Tls), "the certificate has been revoked";
    TlsBadCertificate "tls_bad_certificate" Failure(Tls), "the certificate is malformed or not fit for a server";
    TlsAlpn "tls_alpn" Failure(Tls), "the server does not negotiate the expected protocol (ALPN)";
    HttpTimeout "http_timeout" Failure(Http), "no complete HTTP response in time";
    HttpClosed "http_closed" Failure(Http), "the connection was closed before a response";
    HttpProtocol "http_protocol" Failure(Http), "the server does not speak HTTP properly";
    HttpStatus "http_status" Failure(Http), "an unexpected HTTP status";
    HttpRedirects "http_redirects" Failure(Http), "too many redirects, or one that cannot be followed";
    HttpVersion "http_version" Failure(Http), "an HTTP version that is not accepted";
    HttpTooLarge "http_too_large" Failure(Http), "the response is larger than allowed";
    HttpTruncated "http_truncated" Failure(Http), "the response ended too early";
    HttpEncoding "http_encoding" Failure(Http), "the response cannot be decompressed";
    ContentMismatch "content_mismatch" Failure(Content), "the body lacks what is expected";
    ContentForbidden "content_forbidden" Failure(Content), "the body has what must not be there";
    ContentHeader "content_header" Failure(Content), "a header is not the expected one";
    ContentJson "content_json" Failure(Content), "the JSON is not the expected one";
    ContentEmpty "content_empty" Failure(Content), "the body is too small";
    WallStatus "wall_status" Restricted, "a status or redirect that turns anonymous probers away";
    WallChallenge "wall_challenge" Restricted, "a challenge page for browsers";
    WallRateLimit "wall_rate_limit" Restricted, "the prober is asked to slow down (429)";
    Slow "slow" Slow(None), "the answer came late";
    PartialAddresses "partial_addresses" Slow(None), "some addresses work and some do not";
    TlsExpiring "tls_expiring" Slow(Some(Tls)), "the certificate expires soon";
    LocalResolver "local_resolver" Local, "our own resolver answers nothing, or there is none";
    LocalLate "local_late" Local, "this machine was too busy to measure";
    LocalNoRoute "local_no_route" Local, "this machine has no route to the address";
    LocalResources "local_resources" Local, "this machine is out of sockets or memory";
    LocalClock "local_clock" Local, "this machine's clock jumped during the round";
    LocalUplink "local_uplink" Local, "this machine's own connection is not proven";
    LocalCancelled "local_cancelled" Local, "the round was cancelled";
}

impl Reason {
    /// The reason with this code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|reason| reason.as_str() == code)
    }

    /// The layer it belongs to, where that is fixed.
    #[must_use]
    pub const fn layer(self) -> Option<Layer> {
        match self.belongs() {
            Belongs::Failure(layer) | Belongs::Slow(Some(layer)) => Some(layer),
            Belongs::Restricted => Some(Layer::Http),
            Belongs::Slow(None) | Belongs::Local => None,
        }
    }

    /// The real failures that an endpoint of this kind can meet: the label values of
    /// `bascule_probe_failures_total`.
    pub fn failures_of(kind: Kind) -> impl Iterator<Item = (Layer, Self)> {
        Self::ALL
            .iter()
            .filter_map(move |&reason| match reason.belongs() {
                Belongs::Failure(layer) if kind.layers().contains(&layer) => Some((layer, reason)),
                _ => None,
            })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
