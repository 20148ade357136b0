//! A listener behind TLS and a password: the way in, and what of it nobody is told.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::support::certificates::{Authority, wish};

/// Of the user `us`.
pub(super) const PASSWORD: &str = "Zq9-guard";
/// The cheapest hash there is.
const COST: u32 = 4;
const PATIENCE: Duration = Duration::from_secs(60);

/// The web configuration file with what belongs to it, and how to get past it.
pub(super) struct Guard {
    tls: Arc<ClientConfig>,
    hash: String,
    key: String,
}

impl Guard {
    /// Writes `web.yml`, a certificate and its key into a folder.
    pub(super) fn write(folder: &Path) -> Self {
        let authority = Authority::root("Guard");
        let chain = authority.sign(&wish("localhost"));
        let mut roots = RootCertStore::empty();
        roots.add(authority.certificate.clone()).expect("a root");
        let tls = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let guard = Self {
            tls: Arc::new(tls),
            hash: bcrypt::hash(PASSWORD, COST).expect("bcrypt works"),
            key: chain.key.serialize_pem(),
        };
        for (name, text) in [
            ("guard.pem", &*chain.pem()),
            ("guard.key", &*guard.key),
            ("web.yml", &*guard.web_yml()),
        ] {
            fs::write(folder.join(name), text).expect("it can be written");
        }
        guard
    }

    pub(super) fn web_yml(&self) -> String {
        format!(
            "tls_server_config:\n  cert_file: guard.pem\n  key_file: guard.key\n\
             basic_auth_users:\n  us: {}\n",
            self.hash
        )
    }

    /// The same with slips: the hash is where names are, and a line of the key in the place of its
    /// file.
    pub(super) fn faulty_web_yml(&self) -> String {
        let key = self.key.lines().nth(1).expect("a line of the key");
        let faulty = self.web_yml().trim_end().replace("  us: ", "  ");
        faulty.replace("guard.key", key) + ":\n"
    }

    /// Pieces that show a secret: the hash without and with its salt, the lines of the key.
    pub(super) fn pieces(&self) -> impl Iterator<Item = &str> {
        let (_, salted) = self.hash.rsplit_once('$').expect("a hash");
        let (salt, digest) = salted.split_at(22);
        let key = self.key.lines().filter(|line| !line.starts_with('-'));
        [salt, digest].into_iter().chain(key)
    }

    /// The answer to who knows this password, head and body.
    pub(super) fn ask(&self, address: SocketAddr, path: &str, password: &str) -> Vec<u8> {
        let pair = STANDARD.encode(format!("us:{password}"));
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nAuthorization: Basic {pair}\r\n\r\n"
        );
        let name = ServerName::try_from("localhost").expect("a name");
        let session = ClientConnection::new(Arc::clone(&self.tls), name).expect("a session");
        let stream = TcpStream::connect(address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let mut stream = StreamOwned::new(session, stream);
        stream
            .write_all(request.as_bytes())
            .expect("it takes the request");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("it answers");
        answer
    }
}
