//! The TLS handshake, and what it shows even when it fails.
//!
//! rustls would end the handshake at a bad certificate and take all facts with it. So the
//! verifier given to it ([`verifier`]) only records and always agrees; the judgement is our
//! own ([`judge`]), in the order of the documentation: protocol, chain, dates, name,
//! revocation. One fault has one reason. A connection with a fault is never used, unless the
//! configuration asks for just that (`insecure_skip_verify`).

mod certificate;
mod failure;
#[cfg(any(test, fuzzing))]
pub(super) mod fuzz;
mod judge;
mod memory;
mod ocsp;
mod verifier;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub(super) use failure::alert_in;
pub(super) use memory::ChainMemory;

use self::verifier::Recorder;
use super::connect::overdue;
use super::deadline::Deadline;
use super::trust::{ClientTls, MinVersion, PROVIDER};
use super::words::{span, took};
use crate::model::printable::printable;
use crate::model::{Cause, Reason, TlsFacts, Verdict};

/// Most bytes that a server may send in a handshake. A message of it may have 64 KiB, so no chain
/// that anybody uses comes near.
pub(super) const LONGEST: usize = 256 * 1024;
/// What is counted against [`LONGEST`].
pub(super) const PART: &str = "in the TLS handshake";

/// How to shake hands.
pub(super) struct Handshake<'a> {
    /// Trust, client certificate, versions.
    pub(super) tls: &'a ClientTls,
    /// For SNI and verification.
    pub(super) name: ServerName<'static>,
    /// Show the client certificate if asked for it.
    pub(super) identify: bool,
    /// Protocols to offer, best first.
    pub(super) offer: Vec<Vec<u8>>,
    /// The protocol that must be chosen.
    pub(super) require: Option<&'a str>,
    /// What time it is for certificates.
    pub(super) now: SystemTime,
}

/// What came of it.
pub(super) struct Shaken<S> {
    /// What was seen; `None` if nothing was.
    pub(super) facts: Option<TlsFacts>,
    /// How long the handshake took, if it came to its end (also with a bad certificate).
    pub(super) took: Option<Duration>,
    /// The connection, if it may be used.
    pub(super) stream: Result<TlsStream<S>, Verdict>,
}

impl Handshake<'_> {
    /// Shakes hands over a fresh connection.
    pub(super) async fn run<S>(self, stream: S, deadline: Deadline) -> Shaken<S>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let start = Instant::now();
        let recorder = Arc::new(Recorder::new(self.tls.roots.clone(), self.now));
        let connector = TlsConnector::from(Arc::new(self.config(&recorder)));
        let ended = deadline
            .run(connector.connect(self.name.clone(), stream))
            .await;
        let elapsed = start.elapsed();
        let judged = recorder.take();
        let mut facts = TlsFacts::default();
        let mut fault = None;
        if let Some(judged) = judged {
            facts.certificate = judged.certificate;
            facts.chain_not_after = judged.chain_not_after;
            facts.verify_error = judged.fault.as_ref().map(|cause| cause.reason);
            fault = judged.fault;
        }
        let (took, stream) = match ended {
            Ok(Ok(stream)) => {
                negotiated(&stream, &mut facts);
                let fault = self
                    .alpn_fault(&facts)
                    .or_else(|| fault.filter(|_| !self.tls.insecure_skip_verify));
                let stream = match fault {
                    Some(cause) => Err(Verdict::Fail(cause)),
                    None => Ok(stream),
                };
                (Some(elapsed), stream)
            }
            Ok(Err(error)) => (None, Err(Verdict::Fail(failure::classify(&error)))),
            Err(expired) => {
                let detail = format!("no TLS handshake after {}", took(elapsed));
                (None, Err(overdue(expired, Reason::TlsTimeout, detail)))
            }
        };
        Shaken {
            facts: Some(facts).filter(|facts| *facts != TlsFacts::default()),
            took,
            stream,
        }
    }

    /// A configuration for one handshake: the verifier is its own, as it records; the roots
    /// are shared, so this costs microseconds.
    fn config(&self, recorder: &Arc<Recorder>) -> ClientConfig {
        let versions: &[_] = match self.tls.min_version {
            MinVersion::V12 => &[&rustls::version::TLS13, &rustls::version::TLS12],
            MinVersion::V13 => &[&rustls::version::TLS13],
        };
        let verifier: Arc<Recorder> = Arc::clone(recorder);
        let builder = ClientConfig::builder_with_provider(Arc::clone(&PROVIDER))
            .with_protocol_versions(versions)
            .expect("the provider has cipher suites for TLS 1.2 and 1.3")
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config = match self.tls.identity.as_ref().filter(|_| self.identify) {
            Some(identity) => {
                builder.with_client_cert_resolver(Arc::clone(&identity.resolver) as _)
            }
            None => builder.with_no_client_auth(),
        };
        // A resumed session shows no certificate.
        config.resumption = Resumption::disabled();
        config.alpn_protocols.clone_from(&self.offer);
        config
    }

    fn alpn_fault(&self, facts: &TlsFacts) -> Option<Cause> {
        let required = self.require?;
        let got = facts.alpn.as_deref();
        (got != Some(required)).then(|| {
            let got = got.map_or_else(|| "no protocol".to_owned(), |got| format!("\"{got}\""));
            Cause::new(
                Reason::TlsAlpn,
                format!("server negotiated {got} by ALPN, expected \"{required}\""),
            )
        })
    }
}

/// What the finished handshake agreed on.
fn negotiated<S>(stream: &TlsStream<S>, facts: &mut TlsFacts) {
    let (_, session) = stream.get_ref();
    facts.version = match session.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_2) => Some("1.2"),
        Some(rustls::ProtocolVersion::TLSv1_3) => Some("1.3"),
        _ => None,
    };
    facts.cipher = session
        .negotiated_cipher_suite()
        .and_then(|suite| suite.suite().as_str())
        // rustls marks the suites of TLS 1.3; the registry does not.
        .map(|name| match name.strip_prefix("TLS13_") {
            Some(rest) => format!("TLS_{rest}"),
            None => name.to_owned(),
        });
    facts.group = session
        .negotiated_key_exchange_group()
        .map(|group| format!("{:?}", group.name()));
    facts.alpn = session
        .alpn_protocol()
        .map(|alpn| printable(&String::from_utf8_lossy(alpn), 32));
}

/// Whether the chain expires too soon.
pub(super) fn expiring(facts: &TlsFacts, valid_for: Duration, now: SystemTime) -> Option<Cause> {
    let left = facts
        .chain_not_after?
        .duration_since(now)
        .unwrap_or_default();
    (left < valid_for).then(|| {
        Cause::new(
            Reason::TlsExpiring,
            format!(
                "certificate expires in {}, at least {} expected",
                span(left),
                span(valid_for)
            ),
        )
    })
}

/// The name to verify for a host as a URL or the configuration writes it.
pub(super) fn server_name(host: &str) -> Result<ServerName<'static>, Verdict> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let bare = bare.strip_suffix('.').unwrap_or(bare);
    ServerName::try_from(bare.to_owned()).map_err(|_| {
        Verdict::Fail(Cause::new(
            Reason::TlsNameMismatch,
            format!(
                "\"{}\" cannot be the name in a certificate",
                printable(host, 80)
            ),
        ))
    })
}

/// Says goodbye, without waiting for an answer.
pub(super) async fn close<S: AsyncRead + AsyncWrite + Unpin>(mut stream: TlsStream<S>) {
    /// The goodbye is a few bytes: if they cannot be sent at once, they are not needed.
    const GOODBYE: Duration = Duration::from_millis(20);
    let goodbye = tokio::io::AsyncWriteExt::shutdown(&mut stream);
    tokio::time::timeout(GOODBYE, goodbye).await.ok();
}
