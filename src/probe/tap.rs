//! A limit on what a server may send, in each part of a conversation.
//!
//! Interim responses (1xx), pings and settings are all legal before the head of a response, in
//! any number; so are chunks of one byte, empty frames and padding in its body, and new tickets
//! and keys between the records of TLS. The time limit bounds how long they may go on, this
//! bounds how much, and with it the work and the memory they cost. It is taken next to the
//! socket, below TLS, where nothing can be said without being counted.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream that counts what is read.
pub(super) struct Tap<S> {
    inner: S,
    share: Arc<Mutex<Share>>,
}

/// Says what comes next, and how much of it may come; and knows afterwards whether more came,
/// which the errors of libraries do not always hand on.
#[derive(Clone)]
pub(super) struct Valve(Arc<Mutex<Share>>);

/// How much may be read, and of what.
#[derive(Clone, Copy)]
struct Share {
    left: usize,
    is_exceeded: bool,
    flooded: Flooded,
}

impl Share {
    const fn new(most: usize, part: &'static str) -> Self {
        let flooded = Flooded { most, part };
        Self {
            left: most,
            is_exceeded: false,
            flooded,
        }
    }
}

impl Valve {
    /// At most so many bytes from now on, until more is allowed. `part` names them in a sentence.
    /// If more than allowed has come already, the conversation is over, and this is too late.
    pub(super) fn allow(&self, most: usize, part: &'static str) {
        let mut share = locked(&self.0);
        if !share.is_exceeded {
            *share = Share::new(most, part);
        }
    }

    /// What was more than may be, if reading was ended for that.
    pub(super) fn flooded(&self) -> Option<Flooded> {
        let share = locked(&self.0);
        share.is_exceeded.then_some(share.flooded)
    }
}

impl<S> Tap<S> {
    /// At most so many bytes, until more is allowed. `part` names them in a sentence.
    pub(super) fn new(inner: S, most: usize, part: &'static str) -> (Self, Valve) {
        let share = Arc::new(Mutex::new(Share::new(most, part)));
        let valve = Valve(Arc::clone(&share));
        (Self { inner, share }, valve)
    }
}

fn locked(share: &Mutex<Share>) -> MutexGuard<'_, Share> {
    share.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flooded {
    most: usize,
    part: &'static str,
}

impl fmt::Display for Flooded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "more than {} bytes {}", self.most, self.part)
    }
}

impl std::error::Error for Flooded {}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let share = *locked(&self.share);
        if share.left == 0 {
            locked(&self.share).is_exceeded = true;
            return Poll::Ready(Err(io::Error::other(share.flooded)));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        let read = buffer.filled().len() - before;
        locked(&self.share).left = share.left.saturating_sub(read);
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

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt;

    #[tokio::test]
    async fn each_part_has_its_own_share_and_the_sentence_names_it() {
        let (mut tap, valve) = Tap::new(&b"0123456789abcdef"[..], 4, "of a greeting");
        let (mut four, mut eight) = ([0; 4], [0; 8]);
        tap.read_exact(&mut four).await.unwrap();
        valve.allow(8, "of a speech");
        tap.read_exact(&mut eight).await.unwrap();
        assert_eq!(valve.flooded(), None);
        let error = tap.read_exact(&mut four).await.unwrap_err();
        assert_eq!(error.to_string(), "more than 8 bytes of a speech");
        // The head of a response can be followed by a flood before anybody has looked at it.
        valve.allow(9, "of a goodbye");
        let told = valve.flooded().map(|flooded| flooded.to_string());
        assert_eq!(told.as_deref(), Some("more than 8 bytes of a speech"));
        assert!(tap.read_exact(&mut four).await.is_err());
    }
}
