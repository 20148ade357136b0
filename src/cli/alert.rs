//! A connection that remembers whether it was answered with an alert of TLS: that is how a server
//! that speaks TLS only answers plain http.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The type of a record that holds an alert, and the first byte of every version since SSL 3.
const ALERT: [u8; 2] = [21, 3];

/// Whether there was one.
#[derive(Clone, Debug, Default)]
pub(super) struct Alert(Arc<AtomicBool>);

impl Alert {
    /// Whether there was one.
    pub(super) fn was_seen(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Watches the answer on a connection.
    pub(super) fn watch<S>(&self, inner: S) -> Watched<S> {
        self.0.store(false, Ordering::Relaxed);
        Watched {
            inner,
            alert: self.clone(),
            is_new: true,
        }
    }
}

/// A connection that is watched.
pub(super) struct Watched<S> {
    inner: S,
    alert: Alert,
    /// Nothing has come yet.
    is_new: bool,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        let come = buf.filled().get(before..).unwrap_or_default();
        if self.is_new && !come.is_empty() {
            self.is_new = false;
            self.alert
                .0
                .store(come.starts_with(&ALERT), Ordering::Relaxed);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
