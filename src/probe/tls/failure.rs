//! Why a handshake broke off: rustls's errors in our reasons.

use std::error::Error as StdError;
use std::io;

use rustls::{AlertDescription, CertificateError, Error, PeerIncompatible, PeerMisbehaved};

use crate::model::printable::{QUOTE, printable};
use crate::model::{Cause, Reason};
use crate::probe::tap::Flooded;

/// What an error of the handshake means.
pub(super) fn classify(error: &io::Error) -> Cause {
    use io::ErrorKind::{ConnectionReset, TimedOut, UnexpectedEof};
    if let Some(error) = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Error>())
    {
        return classify_tls(error);
    }
    if let Some(flooded) = error.get_ref().and_then(|it| it.downcast_ref::<Flooded>()) {
        return Cause::new(
            Reason::TlsProtocol,
            format!("server does not speak TLS properly: {flooded}"),
        );
    }
    if error.kind() == io::ErrorKind::InvalidData {
        return Cause::new(
            Reason::TlsProtocol,
            format!("server does not speak TLS properly: {}", words(error)),
        );
    }
    match error.kind() {
        UnexpectedEof => Cause::new(
            Reason::TlsClosed,
            "server closed the connection in the TLS handshake",
        ),
        ConnectionReset => Cause::new(
            Reason::TlsClosed,
            "server reset the connection in the TLS handshake",
        ),
        TimedOut => Cause::new(
            Reason::TlsTimeout,
            "connection went dead in the TLS handshake",
        ),
        kind => Cause::new(
            Reason::TlsClosed,
            format!("connection broke in the TLS handshake: {kind}"),
        ),
    }
}

fn classify_tls(error: &Error) -> Cause {
    use PeerIncompatible as P;
    match error {
        Error::AlertReceived(alert) => of_alert(*alert),
        Error::PeerIncompatible(
            P::ServerTlsVersionIsDisabledByOurConfig
            | P::ServerDoesNotSupportTls12Or13
            | P::Tls12NotOffered
            | P::Tls12NotOfferedOrEnabled
            | P::SupportedVersionsExtensionRequired,
        ) => Cause::new(
            Reason::TlsVersion,
            "server chose a TLS version that is not accepted",
        ),
        Error::NoApplicationProtocol
        | Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedApplicationProtocol) => {
            Cause::new(
                Reason::TlsAlpn,
                "server chose a protocol that was not offered (ALPN)",
            )
        }
        Error::InvalidCertificate(CertificateError::BadSignature) => Cause::new(
            Reason::TlsBadCertificate,
            "certificate does not belong to the server's key",
        ),
        Error::InvalidCertificate(CertificateError::BadEncoding) => Cause::new(
            Reason::TlsBadCertificate,
            "certificate is not acceptable: it cannot be decoded",
        ),
        Error::InvalidCertificate(
            CertificateError::UnsupportedSignatureAlgorithmContext { .. }
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. },
        ) => Cause::new(
            Reason::TlsBadCertificate,
            "certificate is not acceptable: its kind of key or signature is not supported",
        ),
        Error::InvalidCertificate(other) => Cause::new(
            Reason::TlsBadCertificate,
            format!("certificate is not acceptable: {}", words(other)),
        ),
        Error::NoCertificatesPresented => {
            Cause::new(Reason::TlsBadCertificate, "server presented no certificate")
        }
        other => Cause::new(
            Reason::TlsProtocol,
            format!("server does not speak TLS properly: {}", words(other)),
        ),
    }
}

fn of_alert(alert: AlertDescription) -> Cause {
    let reason = match alert {
        AlertDescription::ProtocolVersion => Reason::TlsVersion,
        AlertDescription::NoApplicationProtocol => Reason::TlsAlpn,
        _ => Reason::TlsAlert,
    };
    Cause::new(
        reason,
        format!(
            "server ended the TLS handshake with alert {}",
            name_of(alert)
        ),
    )
}

/// The alert in some error of a later read, if one is its cause: with TLS 1.3 a server
/// objects to a client's certificate only after the client has finished.
pub(in crate::probe) fn alert_in(error: &(dyn StdError + 'static)) -> Option<Cause> {
    let mut current = Some(error);
    while let Some(error) = current {
        let tls = error.downcast_ref::<Error>().or_else(|| {
            // An `io::Error` hides the error it is made of from `source`.
            let inner = error.downcast_ref::<io::Error>()?.get_ref()?;
            inner.downcast_ref::<Error>()
        });
        if let Some(Error::AlertReceived(alert)) = tls {
            return Some(of_alert(*alert));
        }
        current = error.source();
    }
    None
}

/// `handshake_failure`, as the standards write it.
fn name_of(alert: AlertDescription) -> String {
    let Some(name) = alert.as_str() else {
        return u8::from(alert).to_string();
    };
    let mut words = String::with_capacity(name.len() + 4);
    for (position, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && position > 0 {
            words.push('_');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

fn words(error: &impl ToString) -> String {
    printable(&error.to_string(), QUOTE)
}
