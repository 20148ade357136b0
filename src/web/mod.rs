//! The HTTP listener.
//!
//! | route | what |
//! |---|---|
//! | `/` | where to look |
//! | `/status.json`, `/status.txt` | what to use now, and why |
//! | `/api/v1/...` | networks, groups, endpoints, outages, events: see `docs/api.md` |
//! | `/go/{group}` | leads to the page of the active network |
//! | `/metrics` | Prometheus text format, gzip on request |
//! | `/healthz` | 200 while the process serves |
//! | `/readyz` | 200 once every endpoint had its first round and our own connection is known |
//! | `POST /-/reload` | reads the configuration again; only with `enable_lifecycle` |
//!
//! Everything a client can hold is bounded: connections, the head of a request, the time to
//! send it, the time to take an answer. Nothing a client does reaches the pipeline.

pub mod access;
mod admission;
mod api;
mod connection;
mod entrance;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod guests;
mod pages;
mod query;
mod render;
mod routes;
mod source;
mod telling;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use crate::metrics::Metrics;
use access::{Audience, Gate};
use guests::Guests;

pub use source::{
    Events, Facts, GroupFacts, LastRounds, NetworkFacts, Nothing, Picture, Reply, Source,
    Unavailable, Wanted,
};

/// A wish to reload, with the place for the answer: nothing, or what is wrong.
pub type ReloadRequest = oneshot::Sender<Result<(), String>>;

/// How far the first rounds have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// Endpoints that had at least one round.
    pub tried: usize,
    /// All endpoints.
    pub endpoints: usize,
}

/// What the routes can see. Cheap to clone.
#[derive(Clone)]
pub struct View {
    /// The metrics.
    metrics: Metrics,
    /// States, configuration, rounds and history.
    source: Arc<dyn Source>,
    /// For whom.
    audience: Audience,
    /// How far the first rounds have come.
    readiness: watch::Receiver<Readiness>,
    /// Where wishes to reload go.
    reload: mpsc::Sender<ReloadRequest>,
    /// Who may come in, and what is shown; may change at a reload.
    gate: Gate,
    /// One body is rendered at a time.
    rendering: Arc<Semaphore>,
}

impl View {
    /// A view of these, for people who may see everything.
    #[must_use]
    pub fn new(
        metrics: Metrics,
        source: Arc<dyn Source>,
        readiness: watch::Receiver<Readiness>,
        reload: mpsc::Sender<ReloadRequest>,
        gate: Gate,
    ) -> Self {
        Self {
            metrics,
            source,
            audience: Audience::Private,
            readiness,
            reload,
            gate,
            rendering: Arc::new(Semaphore::new(1)),
        }
    }

    /// The same for somebody else. The public sees no metrics, and, unless the rules say
    /// otherwise, no URL, no address, and no sentence that could quote them.
    #[must_use]
    pub fn shown_to(mut self, audience: Audience) -> Self {
        self.audience = audience;
        self
    }

    fn is_private(&self) -> bool {
        self.audience == Audience::Private
    }

    fn shows_targets(&self) -> bool {
        self.is_private() || self.gate.shows_targets()
    }

    fn lifecycle(&self) -> bool {
        self.is_private() && self.gate.lifecycle()
    }
}

/// Opens a listener.
///
/// # Errors
/// If the address cannot be had.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves on a thread of its own, so that nothing a client does delays a probe.
#[derive(Debug)]
pub struct Server {
    runtime: Runtime,
}

impl Server {
    /// Starts to serve.
    ///
    /// # Errors
    /// If the thread cannot be had.
    pub fn start(listeners: Vec<(TcpListener, Audience)>, view: &View) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            // One renders, one checks passwords: neither waits for the other.
            .max_blocking_threads(2)
            .thread_name("web")
            .enable_all()
            .build()?;
        let guests = Arc::new(Guests::default());
        let inside = runtime.enter();
        for (listener, audience) in listeners {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let view = view.clone().shown_to(audience);
            runtime.spawn(serve(listener, view, Arc::clone(&guests)));
        }
        drop(inside);
        Ok(Self { runtime })
    }

    /// Drops all connections.
    pub fn stop(self) {
        self.runtime.shutdown_background();
    }
}

async fn serve(listener: tokio::net::TcpListener, view: View, guests: Arc<Guests>) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let view = view.clone();
                guests.admit(|seat| {
                    tokio::spawn(entrance::welcome(stream, peer, view, seat)).abort_handle()
                });
            }
            Err(error) => {
                // Out of descriptors, most likely: let some connections end first.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}
