//! Throw-away certificates, and a resolver that speaks DNS over HTTPS, well or badly.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use bascule::probe::dns::DnsClient;
use bascule::probe::trust::Roots;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming as Body;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// A certificate that nobody signed but itself.
pub(crate) struct Identity {
    pub(crate) certificate_pem: String,
    pub(crate) key_pem: String,
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
}

pub(crate) fn self_signed(name: &str) -> Identity {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    Identity {
        certificate_pem: made.cert.pem(),
        key_pem: made.signing_key.serialize_pem(),
        certificate: made.cert.der().clone(),
        key: made.signing_key.serialize_der(),
    }
}

/// A client that trusts this certificate and knows no system resolver.
pub(crate) fn trusting(identity: &Identity) -> DnsClient {
    let nothing = Path::new("/dev/null");
    trusting_and_reading(identity, nothing, nothing)
}

pub(crate) fn trusting_and_reading(
    identity: &Identity,
    resolv_conf: &Path,
    hosts: &Path,
) -> DnsClient {
    let mut store = RootCertStore::empty();
    store.add(identity.certificate.clone()).unwrap();
    DnsClient::with_system_files(Roots::from(store), resolv_conf.to_owned(), hosts.to_owned())
}

/// What a resolver over HTTPS says to a message: HTTP status, content type, body.
pub(crate) type Answer = (u16, &'static str, Vec<u8>);

/// A resolver over HTTPS on loopback; gone when dropped.
pub(crate) struct HttpsResponder {
    pub(crate) address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl HttpsResponder {
    /// With `alpn` being `h2` or `http/1.1`.
    pub(crate) async fn start(
        identity: &Identity,
        alpn: &str,
        answer: impl Fn(&[u8]) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(identity.key.clone()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![identity.certificate.clone()], key)
            .unwrap();
        config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answer = Arc::new(answer);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, answer) = (acceptor.clone(), Arc::clone(&answer));
                connections.spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let is_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                    let service =
                        service_fn(move |request| respond(request, is_h2, Arc::clone(&answer)));
                    let io = TokioIo::new(stream);
                    if is_h2 {
                        let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                        let _ = server.serve_connection(io, service).await;
                    } else {
                        let server = hyper::server::conn::http1::Builder::new();
                        let _ = server.serve_connection(io, service).await;
                    }
                });
            }
        });
        Self {
            address,
            _tasks: tasks,
        }
    }
}

async fn respond(
    request: Request<Body>,
    is_h2: bool,
    answer: Arc<impl Fn(&[u8]) -> Answer + Send + Sync>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes());
    let authority = if is_h2 {
        head.uri.authority().map(ToString::to_string)
    } else {
        let host = head.headers.get("host").and_then(|host| host.to_str().ok());
        host.map(ToOwned::to_owned)
    };
    let is_proper = head.method == Method::POST
        && head
            .uri
            .path_and_query()
            .is_some_and(|path| path == "/dns-query?x=1")
        && head
            .headers
            .get("content-type")
            .is_some_and(|t| t == "application/dns-message")
        && authority.is_some_and(|authority| authority.starts_with("dns.example.test:"));
    let (status, content_type, bytes) = match body {
        Ok(body) if is_proper => answer(&body),
        _ => (400, "text/plain", b"improper request".to_vec()),
    };
    Ok(Response::builder()
        .status(status)
        .header("content-type", content_type)
        .body(Full::new(Bytes::from(bytes)))
        .unwrap())
}
