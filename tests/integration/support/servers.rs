//! Servers on loopback that do what a test wants, down to the byte.

use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::certificates::Chain;

pub(crate) const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Does the same with every connection.
pub(crate) async fn each<F, Fut>(handler: F) -> SocketAddr
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).unwrap();
            tokio::spawn(handler(stream));
        }
    });
    address
}

/// Never says a word, and keeps the connection.
pub(crate) async fn silent() -> SocketAddr {
    each(|mut stream| async move {
        tokio::io::copy(&mut stream, &mut tokio::io::sink())
            .await
            .ok();
    })
    .await
}

/// Reads something, says these bytes, and closes.
pub(crate) async fn says(bytes: impl Into<Vec<u8>>) -> SocketAddr {
    let bytes: Arc<[u8]> = bytes.into().into();
    each(move |mut stream| {
        let bytes = Arc::clone(&bytes);
        async move {
            hear(&mut stream).await;
            stream.write_all(&bytes).await.ok();
            hang_up(stream).await;
        }
    })
    .await
}

/// Reads something, says these bytes, and then nothing for ever.
pub(crate) async fn says_and_stalls(bytes: impl Into<Vec<u8>>) -> SocketAddr {
    let bytes: Arc<[u8]> = bytes.into().into();
    each(move |mut stream| {
        let bytes = Arc::clone(&bytes);
        async move {
            hear(&mut stream).await;
            stream.write_all(&bytes).await.ok();
            tokio::io::copy(&mut stream, &mut tokio::io::sink())
                .await
                .ok();
        }
    })
    .await
}

/// Reads something and resets the connection.
pub(crate) async fn resets() -> SocketAddr {
    each(|mut stream| async move {
        hear(&mut stream).await;
        reset(stream);
    })
    .await
}

/// The first bytes of a question.
pub(crate) async fn hear(stream: &mut (impl AsyncRead + Unpin)) -> usize {
    let mut question = [0; 16 * 1024];
    stream.read(&mut question).await.unwrap_or(0)
}

/// Ends a connection with a reset.
pub(crate) fn reset(stream: TcpStream) {
    let socket = socket2::Socket::from(stream.into_std().unwrap());
    socket.set_linger(Some(std::time::Duration::ZERO)).unwrap();
}

/// Says goodbye and waits for the other side to have read all.
async fn hang_up(mut stream: TcpStream) {
    stream.shutdown().await.ok();
    tokio::io::copy(&mut stream, &mut tokio::io::sink())
        .await
        .ok();
}

/// What a server answers.
pub(crate) type App = Arc<dyn Fn(&Request<Incoming>) -> Response<Full<Bytes>> + Send + Sync>;

pub(crate) fn app(
    answer: impl Fn(&Request<Incoming>) -> Response<Full<Bytes>> + Send + Sync + 'static,
) -> App {
    Arc::new(answer)
}

/// A response.
pub(crate) fn response(
    status: u16,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Full::new(body.into())).unwrap()
}

/// A plain HTTP/1.1 server.
pub(crate) async fn http(app: App) -> SocketAddr {
    each(move |stream| serve(stream, false, Arc::clone(&app))).await
}

/// A TLS server that speaks HTTP/2 or 1.1, whatever is agreed on.
pub(crate) async fn https(config: ServerConfig, app: App) -> SocketAddr {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    each(move |stream| {
        let (acceptor, app) = (acceptor.clone(), Arc::clone(&app));
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                serve(stream, h2, app).await;
            }
        }
    })
    .await
}

/// A TLS server that shakes hands and does something with the stream.
pub(crate) async fn tls_each<F, Fut>(config: ServerConfig, handler: F) -> SocketAddr
where
    F: Fn(tokio_rustls::server::TlsStream<TcpStream>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let handler = Arc::new(handler);
    each(move |stream| {
        let (acceptor, handler) = (acceptor.clone(), Arc::clone(&handler));
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                handler(stream).await;
            }
        }
    })
    .await
}

/// A TLS server that only shakes hands.
pub(crate) async fn tls(config: ServerConfig) -> SocketAddr {
    tls_each(config, |mut stream| async move {
        tokio::io::copy(&mut stream, &mut tokio::io::sink())
            .await
            .ok();
    })
    .await
}

async fn serve<S>(stream: S, h2: bool, app: App)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let response = app(&request);
        async move { Ok::<_, Infallible>(response) }
    });
    let io = TokioIo::new(stream);
    if h2 {
        let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        server.serve_connection(io, service).await.ok();
    } else {
        let server = hyper::server::conn::http1::Builder::new();
        server.serve_connection(io, service).await.ok();
    }
}

/// A TLS configuration for a chain, offering HTTP/2 and 1.1. Nothing about the chain is
/// checked: it may be any rubbish.
pub(crate) fn shows(chain: &Chain) -> ServerConfig {
    shows_with(chain, &[], rustls::ALL_VERSIONS)
}

/// The same with an OCSP response and certain versions.
pub(crate) fn shows_with(
    chain: &Chain,
    staple: &[u8],
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> ServerConfig {
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(show(chain, staple));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

/// Hands out a chain, and what is stapled to it.
pub(crate) fn show(chain: &Chain, staple: &[u8]) -> Arc<dyn ResolvesServerCert> {
    let key = any_supported_type(&chain.private_key()).unwrap();
    let mut certified = CertifiedKey::new(chain.certificates.clone(), key);
    certified.ocsp = (!staple.is_empty()).then(|| staple.to_vec());
    Arc::new(Always(Arc::new(certified)))
}

#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// Requests as they came in, one line each with the headers that were asked for.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    /// Writes down method, path, and these headers.
    pub(crate) fn write(&self, request: &Request<Incoming>, headers: &[&str]) {
        let mut line = format!("{} {}", request.method(), request.uri().path());
        for name in headers {
            if let Some(value) = request.headers().get(*name) {
                line.push_str(&format!(" {name}={}", value.to_str().unwrap()));
            }
        }
        self.0.lock().unwrap().push(line);
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}
