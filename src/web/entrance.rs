//! From an accepted connection to one that can carry requests: the handshake, with its bounds.

use std::future::Future;
use std::time::Duration;

use rustls::ServerConfig;
use std::sync::Arc;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::View;
use super::connection::{self, Visit};
use super::guests::Seat;
use super::leaving::Leaving;

/// The whole handshake. A client that is slower is cut off, and before that it is the first to
/// make room for others.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// What Go's servers say, and people therefore look for.
const NOT_TLS: &[u8] = b"HTTP/1.0 400 Bad Request\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\
    X-Content-Type-Options: nosniff\r\n\
    Connection: close\r\n\r\n\
    Client sent an HTTP request to an HTTPS server.\n";

/// Meets a client and serves it until it goes.
pub(super) async fn welcome(stream: TcpStream, view: View, seat: Seat, leaving: Leaving) {
    // Fails only if the client is gone already.
    let _ = stream.set_nodelay(true);
    let mut changes = view.gate.watch();
    let access = Arc::clone(&changes.borrow_and_update());
    let peer = seat.peer();
    let visit = Visit {
        met: Arc::clone(&access),
        changes,
        leaving,
        view,
        seat,
    };
    let Some(tls) = &access.tls else {
        return connection::serve(stream, visit).await;
    };
    let config = tls.handshake(visit.view.audience);
    match in_time(shake_hands(stream, config)).await {
        Some(Some(stream)) => connection::serve(stream, visit).await,
        Some(None) => {}
        None => tracing::debug!(%peer, "a TLS handshake took too long"),
    }
}

async fn in_time<T>(handshake: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(HANDSHAKE, handshake).await.ok()
}

async fn shake_hands(
    mut stream: TcpStream,
    config: Arc<ServerConfig>,
) -> Option<TlsStream<TcpStream>> {
    let mut first = [0];
    let seen = stream.peek(&mut first).await.ok()?;
    // A handshake begins with 22, a request with the letter of a method.
    if seen == 1 && first[0].is_ascii_uppercase() {
        // What is left unread would make the kernel take the answer back.
        let _ = stream.try_read(&mut [0; 16 * 1024]);
        let _ = stream.write_all(NOT_TLS).await;
        let _ = stream.shutdown().await;
        return None;
    }
    match TlsAcceptor::from(config).accept(stream).await {
        Ok(stream) => Some(stream),
        Err(error) => {
            tracing::debug!(%error, "a TLS handshake failed");
            None
        }
    }
}
