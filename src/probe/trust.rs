//! Whom we trust, and who we are, in a TLS handshake: built once at (re)load.

use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio::io::{AsyncRead, AsyncWrite};

use super::deadline::Deadline;
use super::tls::{ChainMemory, Handshake, alert_in, server_name};
use crate::model::{Cause, Reason, Verdict};

/// The cryptography of every handshake. Never taken from the process-wide default, which any
/// library may set.
pub(super) static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
    let mut provider = rustls::crypto::ring::default_provider();
    // As browsers order them, so that we meet what they meet: AES-128 before AES-256, whose
    // handshakes also cost more on most machines (SHA-384 has no instructions of its own).
    provider.cipher_suites.sort_by_key(|suite| {
        suite
            .suite()
            .as_str()
            .is_some_and(|name| name.contains("AES_256"))
    });
    Arc::new(provider)
});

/// Trust roots: the system's, else the built-in Mozilla ones, and extra ones.
#[derive(Clone)]
pub struct Roots {
    /// The store.
    pub store: Arc<RootCertStore>,
    /// Chains that were found to lead to it.
    pub(super) chains: Arc<ChainMemory>,
}

impl Roots {
    /// The system's roots (`SSL_CERT_FILE` and `SSL_CERT_DIR` honoured), else Mozilla's.
    ///
    /// Reading them takes tens of milliseconds: once at start and at reload, never per round.
    /// Files that cannot be read and certificates that cannot be parsed are passed over, as
    /// one bad file among 150 must not cost the others.
    #[must_use]
    pub fn system() -> Self {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if store.is_empty() {
            store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        Self::from(store)
    }

    /// No roots at all: a start for [`Roots::with_pem`].
    #[must_use]
    pub fn none() -> Self {
        Self::from(RootCertStore::empty())
    }

    /// These roots and those of a PEM text.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the PEM.
    pub fn with_pem(&self, pem: &[u8]) -> Result<Self, String> {
        let mut store = RootCertStore::clone(&self.store);
        for (position, certificate) in certificates(pem)?.into_iter().enumerate() {
            store.add(certificate).map_err(|error| {
                format!(
                    "certificate {} cannot be a trust root: {error}",
                    position + 1
                )
            })?;
        }
        Ok(Self::from(store))
    }
}

impl From<RootCertStore> for Roots {
    fn from(store: RootCertStore) -> Self {
        Self {
            store: Arc::new(store),
            chains: Arc::default(),
        }
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roots({})", self.store.len())
    }
}

/// Lowest TLS version that is accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MinVersion {
    /// TLS 1.2 or 1.3.
    #[default]
    V12,
    /// TLS 1.3 only.
    V13,
}

/// The client's side of a handshake.
#[derive(Clone, Debug)]
pub struct ClientTls {
    /// Whom to trust.
    pub roots: Roots,
    /// The name for SNI and verification instead of the host's.
    pub server_name: Option<ServerName<'static>>,
    /// Record the faults of the certificate and go on.
    pub insecure_skip_verify: bool,
    /// Lowest version.
    pub min_version: MinVersion,
    /// Our own certificate chain and key.
    pub identity: Option<Arc<Identity>>,
}

/// A client certificate with its key. Never printed.
pub struct Identity {
    /// Made once, as reading a key is dear.
    pub(super) resolver: Arc<SingleCertAndKey>,
}

impl Identity {
    /// Reads a chain and a key from PEM, and checks that they belong together.
    ///
    /// # Errors
    /// A sentence that says what is wrong, without quoting the key.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, String> {
        let chain = certificates(chain)?;
        // The parser's own words may quote the line: say only what kind of thing is missing.
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|_| "the key is not a private key in PEM".to_owned())?;
        let certified =
            CertifiedKey::from_der(chain, key, &PROVIDER).map_err(|error| match error {
                rustls::Error::InconsistentKeys(_) => {
                    "the certificate and the key do not belong together".to_owned()
                }
                _ => "the key is of a kind that cannot sign in TLS".to_owned(),
            })?;
        Ok(Self {
            resolver: Arc::new(SingleCertAndKey::from(certified)),
        })
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(..)")
    }
}

/// Shakes hands over a fresh connection, for those who only want to talk: the command that asks a
/// daemon. The certificate is judged as that of any endpoint.
///
/// # Errors
/// Why the connection must not be used.
pub async fn shake_hands<S>(
    stream: S,
    host: &str,
    tls: &ClientTls,
    now: SystemTime,
    patience: Duration,
) -> Result<impl AsyncRead + AsyncWrite + Unpin + Send + 'static + use<S>, Cause>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let cause = |verdict: Verdict| match verdict.cause() {
        Some(cause) => cause.clone(),
        None => Cause::new(Reason::TlsProtocol, "no connection"),
    };
    let handshake = Handshake {
        tls,
        name: server_name(host).map_err(cause)?,
        identify: true,
        offer: vec![b"http/1.1".to_vec()],
        require: None,
        now,
    };
    let shaken = handshake.run(stream, Deadline::after(patience)).await;
    shaken.stream.map_err(cause)
}

/// The alert with which the other side refused us after the handshake, if that is what an error
/// is about.
#[must_use]
pub fn refusal(error: &(dyn std::error::Error + 'static)) -> Option<Cause> {
    alert_in(error)
}

/// All certificates of a PEM text; at least one.
fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| "the PEM text is damaged".to_owned())?;
    if found.is_empty() {
        return Err("there is no certificate in the PEM text".to_owned());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(vec!["a.example".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    #[test]
    fn extra_roots_come_on_top() {
        let one = Roots::none().with_pem(pair().0.as_bytes()).unwrap();
        let two = one.with_pem(pair().0.as_bytes()).unwrap();
        assert_eq!((one.store.len(), two.store.len()), (1, 2));
    }

    #[test]
    fn faults_of_pem_texts_are_sentences() {
        let (chain, _) = pair();
        let (_, other_key) = pair();
        assert_eq!(
            Roots::none().with_pem(b"hello").unwrap_err(),
            "there is no certificate in the PEM text"
        );
        assert_eq!(
            Identity::from_pem(chain.as_bytes(), other_key.as_bytes()).unwrap_err(),
            "the certificate and the key do not belong together"
        );
        assert_eq!(
            Identity::from_pem(chain.as_bytes(), b"hunter2").unwrap_err(),
            "the key is not a private key in PEM"
        );
    }

    #[test]
    fn an_identity_is_never_printed() {
        let (chain, key) = pair();
        let identity = Identity::from_pem(chain.as_bytes(), key.as_bytes()).unwrap();
        assert_eq!(format!("{identity:?}"), "Identity(..)");
    }
}
