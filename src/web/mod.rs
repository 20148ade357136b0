//! The HTTP listener.
//!
//! | route | what |
//! |---|---|
//! | `/` | where to look |
//! | `/metrics` | Prometheus text format, gzip on request |
//! | `/healthz` | 200 while the process serves |
//! | `/readyz` | 200 once every endpoint had its first round, 503 before |
//! | `POST /-/reload` | reads the configuration again; only with `enable_lifecycle` |
//!
//! Everything a client can hold is bounded: connections, the head of a request, the time to
//! send it, the time to take an answer. Nothing a client does reaches the pipeline.

mod connection;
mod guests;
mod routes;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use crate::metrics::Metrics;
use guests::Guests;

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
    /// How far the first rounds have come.
    readiness: watch::Receiver<Readiness>,
    /// Where wishes to reload go.
    reload: mpsc::Sender<ReloadRequest>,
    /// `POST /-/reload` works; may change at a reload.
    enable_lifecycle: Arc<AtomicBool>,
    /// One scrape is rendered at a time: a crowd of them costs neither the cores nor the memory
    /// that the rounds need.
    rendering: Arc<Semaphore>,
}

impl View {
    /// A view of these.
    #[must_use]
    pub fn new(
        metrics: Metrics,
        readiness: watch::Receiver<Readiness>,
        reload: mpsc::Sender<ReloadRequest>,
        enable_lifecycle: Arc<AtomicBool>,
    ) -> Self {
        Self {
            metrics,
            readiness,
            reload,
            enable_lifecycle,
            rendering: Arc::new(Semaphore::new(1)),
        }
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
    pub fn start(listeners: Vec<TcpListener>, view: &View) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(1)
            .thread_name("web")
            .enable_all()
            .build()?;
        let guests = Arc::new(Guests::default());
        let inside = runtime.enter();
        for listener in listeners {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            runtime.spawn(serve(listener, view.clone(), Arc::clone(&guests)));
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
            Ok((stream, _)) => {
                let view = view.clone();
                guests.admit(|seat| {
                    tokio::spawn(connection::serve(stream, view, seat)).abort_handle()
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
