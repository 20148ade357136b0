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

mod api;
mod connection;
mod guests;
mod leaving;
mod pages;
mod query;
mod render;
mod routes;
mod source;
mod telling;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use crate::metrics::Metrics;
use guests::Guests;
use leaving::{Closing, Leaving};

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
    /// URLs and addresses may be shown.
    show_targets: bool,
    /// How far the first rounds have come.
    readiness: watch::Receiver<Readiness>,
    /// Where wishes to reload go.
    reload: mpsc::Sender<ReloadRequest>,
    /// `POST /-/reload` works; may change at a reload.
    enable_lifecycle: Arc<AtomicBool>,
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
        enable_lifecycle: Arc<AtomicBool>,
    ) -> Self {
        Self {
            metrics,
            source,
            show_targets: true,
            readiness,
            reload,
            enable_lifecycle,
            rendering: Arc::new(Semaphore::new(1)),
        }
    }

    /// The same for the public: no URL, no address, and no sentence that could quote them.
    #[must_use]
    pub fn without_targets(mut self) -> Self {
        self.show_targets = false;
        self
    }

    fn lifecycle(&self) -> bool {
        self.enable_lifecycle.load(Ordering::Relaxed)
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

/// The verdict on each group, in the words of `/status.txt`.
#[must_use]
pub fn verdicts(source: &dyn Source) -> Vec<String> {
    let (picture, facts) = (source.picture(), source.facts());
    let shown = api::Shown {
        picture: &picture,
        facts: &facts,
        targets: true,
    };
    let text = api::status::text(shown);
    text.lines().map(str::to_owned).collect()
}

/// Serves on a thread of its own, so that nothing a client does delays a probe.
#[derive(Debug)]
pub struct Server {
    runtime: Runtime,
    closing: Closing,
}

impl Server {
    /// Starts to serve, at each listener what its view shows.
    ///
    /// # Errors
    /// If the thread cannot be had.
    pub fn start(listeners: Vec<(TcpListener, View)>) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(1)
            .thread_name("web")
            .enable_all()
            .build()?;
        let guests = Arc::new(Guests::default());
        let (closing, leaving) = leaving::pair();
        let inside = runtime.enter();
        for (listener, view) in listeners {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let serving = serve(listener, view, Arc::clone(&guests), leaving.clone());
            runtime.spawn(serving);
        }
        drop(inside);
        Ok(Self { runtime, closing })
    }

    /// Lets nobody in any more, has the answers under way fetched for a second at most, and
    /// drops all connections. Who knocks meanwhile at a socket that others hold too, waits there
    /// for the next process.
    pub async fn close(self) {
        self.closing.close().await;
        self.runtime.shutdown_background();
    }

    /// Drops all connections at once.
    pub fn stop(self) {
        self.runtime.shutdown_background();
    }
}

async fn serve(
    listener: tokio::net::TcpListener,
    view: View,
    guests: Arc<Guests>,
    leaving: Leaving,
) {
    let mut over = leaving.clone();
    tokio::select! {
        biased;
        () = over.over() => {}
        () = admit(listener, view, guests, leaving) => {}
    }
}

async fn admit(
    listener: tokio::net::TcpListener,
    view: View,
    guests: Arc<Guests>,
    leaving: Leaving,
) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let (view, leaving) = (view.clone(), leaving.clone());
                guests.admit(|seat| {
                    let serving = connection::serve(stream, view, seat, leaving);
                    tokio::spawn(serving).abort_handle()
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
