//! One question to a name server over HTTPS (RFC 8484): a POST of the message, over a
//! connection of its own, HTTP/2 or 1.1 as the server chooses.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use url::Url;

use super::exchange::{self, Exchange, Met, unreadable, whole};
use super::fault;
use super::wire::{Question, Reply};
use crate::model::{Cause, Reason, Transport};
use crate::probe::deadline::Deadline;
use crate::probe::http::driver::{AbortOnDrop, Tasks};
use crate::probe::tap::Tap;

const MESSAGE: &str = "application/dns-message";

/// The longest DNS message there can be.
const MAX_MESSAGE: usize = 65_535;

/// Asks the server at one of these addresses: the first that can be asked at all.
pub(super) async fn ask(
    url: &Url,
    servers: &[SocketAddr],
    config: &Arc<ClientConfig>,
    question: &Question,
    until: Deadline,
) -> Exchange {
    let mut outcome = Err(Cause::new(
        Reason::DnsUnreachable,
        "the resolver's host has no address",
    ));
    let mut met = Met::NOBODY;
    for (index, server) in servers.iter().enumerate() {
        let left = u32::try_from(servers.len() - index).unwrap_or(u32::MAX);
        let share = Deadline::after(until.remaining() / left).min(until);
        let connected = exchange::connect(*server, share).await;
        met = met.and(Met::at(*server, connected.is_ok()));
        outcome = match connected {
            Ok(stream) => ask_at(stream, url, *server, config, question, share).await,
            Err(cause) => Err(cause),
        };
        if outcome.is_ok() {
            break;
        }
    }
    Exchange::over(Transport::Https, met, outcome)
}

async fn ask_at(
    stream: TcpStream,
    url: &Url,
    server: SocketAddr,
    config: &Arc<ClientConfig>,
    question: &Question,
    until: Deadline,
) -> Result<Reply, Cause> {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(bare.to_owned()).map_err(|_| {
        Cause::new(
            Reason::DnsUnreachable,
            format!("{} cannot be in a certificate", fault::quote(&bare)),
        )
    })?;
    let stream = exchange::handshake(stream, server, &name, config, until).await?;
    let mut sent = question.encode(true)?;
    // The number tells nothing on a connection of our own; zero lets caches on the way help
    // the server, as RFC 8484 asks for.
    sent.id = 0;
    if let Some(id) = sent.bytes.get_mut(..2) {
        id.fill(0);
    }
    let answer = until
        .run(post(stream, server, url, sent.bytes))
        .await
        .map_err(|late| fault::expired(format!("no answer from {server} in time"), late))??;
    whole(server, question, sent.id, &answer)
}

async fn post(
    stream: TlsStream<Tap<TcpStream>>,
    server: SocketAddr,
    url: &Url,
    message: Vec<u8>,
) -> Result<Bytes, Cause> {
    let is_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let failed = |error: hyper::Error| {
        Cause::new(
            Reason::DnsUnreachable,
            format!(
                "HTTP with the resolver {server} failed: {}",
                fault::quote(&error)
            ),
        )
    };
    let request = request(url, is_h2, message).map_err(|error| {
        Cause::new(
            Reason::DnsUnreachable,
            format!("no request to {server} can be made: {error}"),
        )
    })?;
    let io = TokioIo::new(stream);
    if is_h2 {
        // Left alone, the tasks would wait for a server that never reads our goodbye.
        let tasks = Tasks::default();
        let _guard = AbortOnDrop(tasks.clone());
        let (mut sender, connection) = http2::handshake(tasks, io).await.map_err(failed)?;
        let work =
            async { read(server, sender.send_request(request).await.map_err(failed)?).await };
        drive(connection, work).await
    } else {
        let (mut sender, connection) = http1::handshake(io).await.map_err(failed)?;
        let work =
            async { read(server, sender.send_request(request).await.map_err(failed)?).await };
        drive(connection, work).await
    }
}

/// Does the work while the connection turns; the connection may end first.
async fn drive<T>(connection: impl Future, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    tokio::select! {
        biased;
        done = &mut work => done,
        _ = connection => work.await,
    }
}

fn request(
    url: &Url,
    is_h2: bool,
    message: Vec<u8>,
) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    let authority = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let request = Request::builder()
        .method(Method::POST)
        .header(CONTENT_TYPE, MESSAGE)
        .header(ACCEPT, MESSAGE);
    let request = if is_h2 {
        request.uri(format!("https://{authority}{path}"))
    } else {
        request.uri(path).header(HOST, authority)
    };
    request.body(Full::new(Bytes::from(message)))
}

async fn read(server: SocketAddr, response: Response<Incoming>) -> Result<Bytes, Cause> {
    if response.status() != StatusCode::OK {
        return Err(Cause::new(
            Reason::DnsUnreachable,
            format!(
                "the resolver {server} answers with HTTP status {}",
                response.status().as_u16()
            ),
        ));
    }
    let is_message = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| value.trim().eq_ignore_ascii_case(MESSAGE));
    if !is_message {
        return Err(unreadable(server, "it is not of the type of DNS messages"));
    }
    match Limited::new(response.into_body(), MAX_MESSAGE)
        .collect()
        .await
    {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) => Err(unreadable(server, &fault::quote(&error))),
    }
}
