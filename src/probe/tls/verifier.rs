//! The verifier given to rustls: judges what it is shown, keeps the judgement, and agrees.
//!
//! The judging is done here, while the certificates are borrowed, so that no copy of the
//! chain is made. Signatures of the handshake itself are left to rustls and stay fatal: a
//! server that does not hold the key of its certificate has shown nothing.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};

use super::judge::{Judged, Presented};
use crate::probe::trust::{PROVIDER, Roots};

/// Records the judgement of one handshake.
pub(super) struct Recorder {
    roots: Roots,
    now: SystemTime,
    judged: Mutex<Option<Judged>>,
}

impl Recorder {
    pub(super) const fn new(roots: Roots, now: SystemTime) -> Self {
        Self {
            roots,
            now,
            judged: Mutex::new(None),
        }
    }

    /// The judgement, if certificates were shown.
    pub(super) fn take(&self) -> Option<Judged> {
        self.judged
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder")
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let presented = Presented {
            end_entity,
            intermediates,
            staple: ocsp_response,
        };
        let judged = presented.judge(&self.roots, server_name, self.now);
        *self.judged.lock().unwrap_or_else(PoisonError::into_inner) = Some(judged);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &PROVIDER.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &PROVIDER.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        PROVIDER
            .signature_verification_algorithms
            .supported_schemes()
    }
}
