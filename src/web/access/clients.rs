//! What is checked of a client's certificate beyond, or instead of, the way to its authority.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use super::tls::{PROVIDER, TlsFault, TlsParts, chain};

/// Whose certificates clients have to show, and with which names; nothing, if that is not checked.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Clients {
    authorities: BTreeSet<Vec<u8>>,
    names: BTreeSet<String>,
}

impl Clients {
    pub(super) fn of(parts: &TlsParts) -> Result<Self, TlsFault> {
        if !parts.client_auth.verifies() {
            return Ok(Self::default());
        }
        let authorities = chain(parts.client_ca.as_deref().unwrap_or_default());
        Ok(Self {
            authorities: authorities
                .map_err(TlsFault::ClientCa)?
                .iter()
                .map(|certificate| certificate.to_vec())
                .collect(),
            names: parts.client_allowed_sans.iter().cloned().collect(),
        })
    }

    /// Whether not every certificate of the authority will do.
    pub(super) fn are_named(&self) -> bool {
        !self.names.is_empty()
    }

    /// Whether everybody whom the others let in comes in here.
    pub(super) fn let_in_all_of(&self, others: &Self) -> bool {
        let any_name = self.names.is_empty();
        let named = !others.names.is_empty() && others.names.is_subset(&self.names);
        others.authorities.is_subset(&self.authorities) && (any_name || named)
    }
}

/// Asks for a certificate and takes any. Its owner has the key; that is all that is known.
#[derive(Debug)]
pub(super) struct AnyCertificate {
    required: bool,
}

impl AnyCertificate {
    /// None will do as well.
    pub(super) const fn welcome() -> Self {
        Self { required: false }
    }

    /// Without one nobody comes in.
    pub(super) const fn required() -> Self {
        Self { required: true }
    }
}

impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        self.required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &PROVIDER.signature_verification_algorithms;
        verify_tls12_signature(message, cert, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &PROVIDER.signature_verification_algorithms;
        verify_tls13_signature(message, cert, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        PROVIDER
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// `client_allowed_sans`: a certificate that is good otherwise has to have one of these names.
#[derive(Debug)]
pub(super) struct NamedClients {
    inner: Arc<dyn ClientCertVerifier>,
    names: Vec<String>,
}

impl NamedClients {
    pub(super) fn new(inner: Arc<dyn ClientCertVerifier>, names: Vec<String>) -> Self {
        Self { inner, names }
    }

    fn knows(&self, certificate: &CertificateDer<'_>) -> bool {
        let Ok((_, certificate)) = X509Certificate::from_der(certificate) else {
            return false;
        };
        let Ok(Some(names)) = certificate.subject_alternative_name() else {
            return false;
        };
        let mut names = names.value.general_names.iter();
        names.any(|name| match name {
            GeneralName::DNSName(name) | GeneralName::RFC822Name(name) | GeneralName::URI(name) => {
                self.names.iter().any(|known| known == name)
            }
            GeneralName::IPAddress(bytes) => {
                let address = address(bytes);
                let mut known = self.names.iter();
                address.is_some() && known.any(|known| known.parse().ok() == address)
            }
            _ => false,
        })
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        _ => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
    }
}

impl ClientCertVerifier for NamedClients {
    fn client_auth_mandatory(&self) -> bool {
        self.inner.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.inner.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self
            .inner
            .verify_client_cert(end_entity, intermediates, now)?;
        if self.knows(end_entity) {
            Ok(verified)
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
