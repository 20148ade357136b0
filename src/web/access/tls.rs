//! `tls_server_config`: how the listeners encrypt, and which clients have to show a certificate.
//!
//! TLS 1.2 and 1.3, by rustls. No session is resumed: a resumed one would bring along what its
//! client had shown before, and readers of metrics keep their connections anyway. HTTP/1.1 is
//! all that is offered above it.

use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{RootCertStore, ServerConfig, SupportedCipherSuite};
use x509_parser::prelude::FromDer as _;

use super::Audience;
use super::clients::{AnyCertificate, Clients, NamedClients};

pub(super) static PROVIDER: LazyLock<CryptoProvider> = LazyLock::new(ring::default_provider);

/// A TLS version that bascule serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// TLS 1.2.
    V12,
    /// TLS 1.3.
    V13,
}

/// What clients have to show; the names are those of Go, which the file uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientAuth {
    /// Nothing, and they are not asked.
    #[default]
    NoClientCert,
    /// Any certificate or none.
    RequestClientCert,
    /// Any certificate.
    RequireAnyClientCert,
    /// None, or one of the authority.
    VerifyClientCertIfGiven,
    /// One of the authority.
    RequireAndVerifyClientCert,
}

impl ClientAuth {
    /// All of them, with their names.
    pub const NAMES: [(&str, Self); 5] = [
        ("NoClientCert", Self::NoClientCert),
        ("RequestClientCert", Self::RequestClientCert),
        ("RequireAnyClientCert", Self::RequireAnyClientCert),
        ("VerifyClientCertIfGiven", Self::VerifyClientCertIfGiven),
        (
            "RequireAndVerifyClientCert",
            Self::RequireAndVerifyClientCert,
        ),
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(_, it)| *it == self);
        found.map_or("", |(name, _)| name)
    }

    /// Whether what is shown is checked.
    #[must_use]
    pub const fn verifies(self) -> bool {
        matches!(
            self,
            Self::VerifyClientCertIfGiven | Self::RequireAndVerifyClientCert
        )
    }
}

/// A cipher suite.
#[derive(Clone, Copy)]
pub struct Cipher(SupportedCipherSuite);

impl Cipher {
    /// The suite with this name of Go; `None` if bascule does not have it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let all = PROVIDER.cipher_suites.iter();
        let mut all = all.map(|suite| Self(*suite));
        all.find(|suite| suite.name() == name)
    }

    /// The names of all that bascule has.
    #[must_use]
    pub fn names() -> Vec<String> {
        let all = PROVIDER.cipher_suites.iter();
        all.map(|suite| Self(*suite).name()).collect()
    }

    fn name(self) -> String {
        let name = self.0.suite().as_str().unwrap_or_default();
        name.replace("TLS13_", "TLS_")
    }
}

/// A group for the exchange of keys.
#[derive(Clone, Copy)]
pub struct Curve(&'static dyn rustls::crypto::SupportedKxGroup);

impl Curve {
    /// The names of all that bascule has.
    pub const NAMES: [&str; 3] = ["X25519", "CurveP256", "CurveP384"];

    /// The curve with this name of Go; `None` if bascule does not have it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(Self(match name {
            "X25519" => ring::kx_group::X25519,
            "CurveP256" => ring::kx_group::SECP256R1,
            "CurveP384" => ring::kx_group::SECP384R1,
            _ => return None,
        }))
    }
}

/// What the file says, its files read.
pub struct TlsParts {
    /// The chain, as PEM, our own certificate first.
    pub certificate: Vec<u8>,
    /// Its key, as PEM.
    pub key: Vec<u8>,
    /// What clients have to show.
    pub client_auth: ClientAuth,
    /// Whose certificates they show, as PEM.
    pub client_ca: Option<Vec<u8>>,
    /// Names of which a client's certificate has to have one; any will do if there are none.
    pub client_allowed_sans: Vec<String>,
    /// The lowest version.
    pub min_version: Version,
    /// The highest.
    pub max_version: Version,
    /// Suites of TLS 1.2, the best first; all if there are none. Those of 1.3 are always there.
    pub cipher_suites: Vec<Cipher>,
    /// The order is ours, not the client's.
    pub prefer_server_cipher_suites: bool,
    /// Curves, the best first; all if there are none.
    pub curve_preferences: Vec<Curve>,
}

/// What is wrong with the parts: of which one, and in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsFault {
    /// The certificate.
    Certificate(String),
    /// The key.
    Key(String),
    /// The authority of the clients.
    ClientCa(String),
    /// Versions and suites that do not go together.
    Protocol(String),
}

/// How connections are encrypted. Cheap to clone.
#[derive(Clone)]
pub struct Tls {
    private: Arc<ServerConfig>,
    public: Arc<ServerConfig>,
    client_auth: ClientAuth,
    clients: Arc<Clients>,
    certificate: CertificateDer<'static>,
    facts: Facts,
}

/// What our own certificate says of itself.
#[derive(Clone, Copy)]
struct Facts {
    not_before: SystemTime,
    not_after: SystemTime,
    is_authority: bool,
    has_names: bool,
}

impl Tls {
    /// Puts the parts together.
    ///
    /// # Errors
    /// What does not fit.
    pub fn new(parts: &TlsParts) -> Result<Self, TlsFault> {
        let chain = chain(&parts.certificate).map_err(TlsFault::Certificate)?;
        let certificate = chain[0].clone();
        let facts = facts(&certificate).map_err(TlsFault::Certificate)?;
        let key = PrivateKeyDer::from_pem_slice(&parts.key).map_err(|_| {
            TlsFault::Key(
                "holds no private key in PEM (one with a pass phrase has to be decrypted first)"
                    .to_owned(),
            )
        })?;
        let key = CertifiedKey::from_der(chain, key, &PROVIDER).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => {
                TlsFault::Key("is not the key of the certificate".to_owned())
            }
            // Of the two, rustls does not say which.
            _ => TlsFault::Key(
                "is damaged, or of a kind that is not served: P-256, P-384, Ed25519, and RSA of \
                 2048 bits and more are"
                    .to_owned(),
            ),
        })?;
        let key = Arc::new(SingleCertAndKey::from(key));
        let verifier = verifier(parts)?;
        Ok(Self {
            private: config(parts, &key, verifier)?,
            public: config(parts, &key, None)?,
            client_auth: parts.client_auth,
            clients: Arc::new(Clients::of(parts)?),
            certificate,
            facts,
        })
    }

    /// From when until when our own certificate is valid.
    #[must_use]
    pub const fn validity(&self) -> (SystemTime, SystemTime) {
        (self.facts.not_before, self.facts.not_after)
    }

    /// Why clients may refuse our own certificate although its dates are right.
    #[must_use]
    pub fn oddities(&self) -> Vec<&'static str> {
        let Facts {
            is_authority,
            has_names,
            ..
        } = self.facts;
        let authority = is_authority.then_some(
            "the certificate is an authority's (CA:TRUE), as `openssl req -x509` makes it: some \
             clients refuse it, `bascule status` too; docs/access.md makes another",
        );
        let nameless = (!has_names).then_some(
            "the certificate has no subjectAltName: clients look nowhere else for the name or \
             address of this host, and refuse it; docs/access.md makes another",
        );
        authority.into_iter().chain(nameless).collect()
    }

    /// What clients have to show.
    #[must_use]
    pub const fn client_auth(&self) -> ClientAuth {
        self.client_auth
    }

    /// How clients are met. The public is never asked for a certificate.
    pub(in crate::web) fn handshake(&self, audience: Audience) -> Arc<ServerConfig> {
        Arc::clone(match audience {
            Audience::Private => &self.private,
            Audience::Public => &self.public,
        })
    }

    /// Whether what a client has shown under other rules is not enough under these.
    pub(super) fn asks_otherwise_than(&self, met: &Self) -> bool {
        use ClientAuth::{NoClientCert, RequireAndVerifyClientCert, VerifyClientCertIfGiven};
        match (self.client_auth, met.client_auth) {
            (VerifyClientCertIfGiven, NoClientCert) => false,
            (RequireAndVerifyClientCert, RequireAndVerifyClientCert)
            | (VerifyClientCertIfGiven, RequireAndVerifyClientCert | VerifyClientCertIfGiven) => {
                !self.clients.let_in_all_of(&met.clients)
            }
            (asked, _) => asked.verifies(),
        }
    }

    /// Our own certificate.
    pub(super) const fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// Whose certificates clients have to show, and with which names.
    pub(super) fn clients(&self) -> &Clients {
        &self.clients
    }

    /// Whether not every certificate of the authority will do.
    pub(super) fn names_its_clients(&self) -> bool {
        self.clients.are_named()
    }

    /// Whether nobody comes in who has not proven to be a client.
    pub(super) fn knows_its_clients(&self) -> bool {
        self.client_auth == ClientAuth::RequireAndVerifyClientCert
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tls({:?})", self.client_auth)
    }
}

pub(super) fn chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match chain {
        Ok(chain) if chain.is_empty() => Err("holds no certificate in PEM".to_owned()),
        Ok(chain) => Ok(chain),
        Err(_) => Err("is damaged PEM".to_owned()),
    }
}

fn facts(der: &CertificateDer<'_>) -> Result<Facts, String> {
    let unreadable = |_| "holds a certificate that cannot be read".to_owned();
    let (_, certificate) =
        x509_parser::certificate::X509Certificate::from_der(der).map_err(unreadable)?;
    let time = |seconds: i64| {
        let seconds = u64::try_from(seconds).unwrap_or(0);
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    };
    let validity = certificate.validity();
    // An extension that is there twice is one that nobody can read.
    let names = certificate.subject_alternative_name().ok().flatten();
    Ok(Facts {
        not_before: time(validity.not_before.timestamp()),
        not_after: time(validity.not_after.timestamp()),
        is_authority: certificate.is_ca(),
        has_names: names.is_some_and(|names| !names.value.general_names.is_empty()),
    })
}

fn verifier(parts: &TlsParts) -> Result<Option<Arc<dyn ClientCertVerifier>>, TlsFault> {
    let mandatory = match parts.client_auth {
        ClientAuth::NoClientCert => return Ok(None),
        ClientAuth::RequestClientCert => return Ok(Some(Arc::new(AnyCertificate::welcome()))),
        ClientAuth::RequireAnyClientCert => return Ok(Some(Arc::new(AnyCertificate::required()))),
        ClientAuth::VerifyClientCertIfGiven => false,
        ClientAuth::RequireAndVerifyClientCert => true,
    };
    let wrong = TlsFault::ClientCa;
    let mut roots = RootCertStore::empty();
    for certificate in chain(parts.client_ca.as_deref().unwrap_or_default()).map_err(wrong)? {
        let unusable = |_| wrong("holds a certificate that cannot be an authority".to_owned());
        roots.add(certificate).map_err(unusable)?;
    }
    let provider = Arc::new(PROVIDER.clone());
    let mut builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    if !mandatory {
        builder = builder.allow_unauthenticated();
    }
    let verifier = builder.build();
    let verifier = verifier.map_err(|error| wrong(format!("cannot be used: {error}")))?;
    Ok(Some(match &*parts.client_allowed_sans {
        [] => verifier,
        names => Arc::new(NamedClients::new(verifier, names.to_vec())),
    }))
}

fn config(
    parts: &TlsParts,
    key: &Arc<SingleCertAndKey>,
    verifier: Option<Arc<dyn ClientCertVerifier>>,
) -> Result<Arc<ServerConfig>, TlsFault> {
    let versions: Vec<_> = [
        (Version::V13, &rustls::version::TLS13),
        (Version::V12, &rustls::version::TLS12),
    ]
    .into_iter()
    .filter(|(version, _)| (parts.min_version..=parts.max_version).contains(version))
    .map(|(_, version)| version)
    .collect();
    let builder = ServerConfig::builder_with_provider(Arc::new(provider(parts)))
        .with_protocol_versions(&versions)
        .map_err(|_| {
            TlsFault::Protocol(
                "name no suite of TLS 1.2, and nothing above it is wanted".to_owned(),
            )
        })?;
    let builder = match verifier {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(Arc::<SingleCertAndKey>::clone(key));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.ignore_client_order = parts.prefer_server_cipher_suites;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

/// The cryptography, as far as the file allows it.
fn provider(parts: &TlsParts) -> CryptoProvider {
    let mut provider = PROVIDER.clone();
    if !parts.cipher_suites.is_empty() {
        provider
            .cipher_suites
            .retain(|suite| suite.tls13().is_some());
        let wanted = parts.cipher_suites.iter().map(|cipher| cipher.0);
        let wanted = wanted.filter(|suite| suite.tls13().is_none());
        provider.cipher_suites.extend(wanted);
    }
    if !parts.curve_preferences.is_empty() {
        let wanted = parts.curve_preferences.iter().map(|curve| curve.0);
        provider.kx_groups = wanted.collect();
    }
    provider
}
