//! Whom we trust, and who we are, in a TLS handshake: built once at (re)load.

use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};

/// Trust roots: the system's, else the built-in Mozilla ones, and extra ones.
#[derive(Clone, Debug)]
pub struct Roots {
    /// The store.
    pub store: Arc<RootCertStore>,
}

impl Roots {
    /// The system's roots (`SSL_CERT_FILE` and `SSL_CERT_DIR` honoured), else Mozilla's.
    #[must_use]
    pub fn system() -> Self {
        Self {
            store: Arc::new(RootCertStore::empty()),
        }
    }

    /// These roots and those of a PEM text.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the PEM.
    pub fn with_pem(&self, _pem: &[u8]) -> Result<Self, String> {
        Ok(self.clone())
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
    /// Leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The key.
    pub key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Reads a chain and a key from PEM, and checks that they belong together.
    ///
    /// # Errors
    /// A sentence that says what is wrong, without quoting the key.
    pub fn from_pem(_chain: &[u8], _key: &[u8]) -> Result<Self, String> {
        Err("not yet".to_owned())
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity(..)")
    }
}
