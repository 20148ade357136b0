//! A limit on what a server may send before its response begins.
//!
//! Interim responses (1xx), pings and settings are all legal before the head of a response,
//! in any number. The time limit bounds how long they may go on, this bounds how much.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Most bytes up to the end of the head: the largest head that is accepted, and room for
/// interim responses.
const BEFORE_HEAD: usize = 256 * 1024;

/// A stream that counts what is read.
pub(super) struct Tap<S> {
    inner: S,
    left: Arc<AtomicUsize>,
}

/// Lifts the limit.
pub(super) struct Valve(Arc<AtomicUsize>);

impl Valve {
    /// The head is here: what follows has limits of its own.
    pub(super) fn open(&self) {
        self.0.store(usize::MAX, Ordering::Relaxed);
    }
}

impl<S> Tap<S> {
    pub(super) fn new(inner: S) -> (Self, Valve) {
        let left = Arc::new(AtomicUsize::new(BEFORE_HEAD));
        let valve = Valve(Arc::clone(&left));
        (Self { inner, left }, valve)
    }
}

/// The limit was reached.
#[derive(Debug)]
pub(super) struct Flooded;

impl fmt::Display for Flooded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "more than {BEFORE_HEAD} bytes before the response")
    }
}

impl std::error::Error for Flooded {}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 {
            return Poll::Ready(Err(io::Error::other(Flooded)));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        if left != usize::MAX {
            let read = buffer.filled().len() - before;
            self.left
                .store(left.saturating_sub(read), Ordering::Relaxed);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
