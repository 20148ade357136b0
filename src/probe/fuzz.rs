//! What the fuzzer demands of this room: its list, and a server that says what it is told to.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::{Builder, Runtime};

use super::target::{HostPort, Resolver, StatusSet, parse_server};
use crate::model::Cause;

pub(crate) use super::dns::fuzz::{dns_answer, dns_stream, hosts_file, resolv_conf};
pub(crate) use super::expect::fuzz::{cel_condition, page_body};
pub(crate) use super::http::fuzz::{http_headers, http_response, packed_body, redirect_location};
pub(crate) use super::tls::fuzz::{certificate_chain, ocsp_staple};

/// Longest sentence of a cause: it quotes names, patterns and texts, each bounded by itself.
pub(in crate::probe) const SENTENCE: usize = 1000;

/// What time it is to all that is judged here: 1 December 2026, noon.
pub(in crate::probe) fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_796_126_400)
}

/// Demands that a cause can be told.
#[track_caller]
pub(in crate::probe) fn told(cause: &Cause) {
    crate::fuzzing::sentence(&cause.detail, SENTENCE);
}

/// Runs to the end. Nothing is waited for, as all that will ever come is there.
pub(in crate::probe) fn run<F: Future>(future: F) -> F::Output {
    thread_local! {
        static RUNTIME: RefCell<Runtime> = RefCell::new(
            Builder::new_current_thread().enable_time().build().expect("a runtime without sockets"),
        );
    }
    RUNTIME.with_borrow_mut(|runtime| runtime.block_on(future))
}

/// A server that takes everything, says what it was given, in pieces, and hangs up.
pub(in crate::probe) struct Script {
    says: Vec<u8>,
    at: usize,
    /// Longest piece.
    piece: usize,
    /// Where the number of a question is to be put that comes behind its length.
    echo: Option<usize>,
}

impl Script {
    pub(in crate::probe) fn new(says: &[u8], piece: usize, echo: Option<usize>) -> Self {
        Self {
            says: says.to_owned(),
            at: 0,
            piece: piece.max(1),
            echo,
        }
    }
}

impl AsyncRead for Script {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let left = self.says.len() - self.at;
        let length = left.min(self.piece).min(buffer.remaining());
        buffer.put_slice(&self.says[self.at..self.at + length]);
        self.at += length;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Script {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let (Some(at), Some(id)) = (self.echo.take(), bytes.get(2..4))
            && let Some(place) = self.says.get_mut(at..at + 2)
        {
            place.copy_from_slice(id);
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Words of the configuration that are read here: what is understood is printed as it was meant.
pub(crate) fn target_words(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(to) = HostPort::parse(&text) {
        let again = HostPort::parse(&to.to_string());
        assert_eq!(again.as_ref(), Ok(&to));
        assert!(to.port != 0 && !to.host.is_empty());
    }
    if let Some(server) = parse_server(&text, 53) {
        assert_eq!(parse_server(&server.to_string(), 1), Some(server));
    }
    if let Ok(resolver) = Resolver::parse(&text) {
        assert_eq!(*resolver.label, *super::mask::links(&text));
        // What stands for a secret may be longer than it.
        crate::fuzzing::harmless(&resolver.label, 8 * bytes.len());
    }
    let mut set = StatusSet::default();
    if set.add(&text).is_ok() {
        let mut again = StatusSet::default();
        assert_eq!(again.add(&set.to_string()), Ok(()));
        assert_eq!(again, set);
    }
}
