//! The HTTP listener.
//!
//! | route | what |
//! |---|---|
//! | `/` | the status page for people, in English or French |
//! | `/status.json`, `/status.txt` | what to use now, and why |
//! | `/api/v1/...` | networks, groups, endpoints, outages, events: see `docs/api.md` |
//! | `/feed.atom` | outages and switches |
//! | `/badge/network/{name}.svg`, `/badge/group/{name}.svg` | what other pages embed |
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
mod availability;
mod badge;
mod connection;
mod entrance;
mod feed;
mod fresh;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod go;
mod guests;
mod home;
mod leaving;
mod pace;
mod page;
mod pages;
mod query;
mod render;
mod routes;
mod source;
mod telling;
mod tongue;
mod turns;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use rustix::net::sockopt;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot, watch};

use crate::metrics::Metrics;
use access::{Audience, Gate};
use guests::Guests;
use leaving::{Closing, Leaving};
use turns::Turns;

pub use source::{
    Events, Facts, GroupFacts, LastRounds, MaintenanceFacts, NetworkFacts, Nothing, NoticeFacts,
    PAST_DAYS, PAST_HOURS, Past, Picture, Reply, Share, Source, Unavailable, Wanted,
};

/// After a connection that could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Of connections that could not be accepted, each so many-th is told: one a minute at most.
const TELL_EACH: u64 = 600;
/// Connections that wait to be accepted; `net.core.somaxconn` may make it less.
const WAITING_ROOM: i32 = 4096;
/// Bytes of an answer that the kernel holds for one client. It sets twice that aside.
const SEND_BUFFER: usize = 128 * 1024;
/// Bytes of a client that the kernel holds. A head is at most a quarter of it.
const RECEIVE_BUFFER: usize = 64 * 1024;

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
    rendering: Turns,
    /// One part of the history is read at a time.
    reading: Turns,
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
            rendering: Turns::default(),
            reading: Turns::default(),
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

/// The verdict on each group, in the words of `/status.txt`.
#[must_use]
pub fn verdicts(source: &dyn Source) -> Vec<String> {
    let (picture, facts) = (source.picture(), source.facts());
    let shown = api::Shown {
        picture: &picture,
        facts: &facts,
        targets: true,
        hangs: false,
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
    pub fn start(listeners: Vec<(TcpListener, Audience)>, view: &View) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            // One renders, one checks passwords: neither waits for the other.
            .max_blocking_threads(2)
            .thread_name("web")
            .enable_all()
            .build()?;
        // The public does not crowd out who scrapes.
        let (private, public) = <(Arc<Guests>, Arc<Guests>)>::default();
        let (closing, leaving) = leaving::pair();
        let inside = runtime.enter();
        for (listener, audience) in listeners {
            bound_queues(&listener)?;
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let view = view.clone().shown_to(audience);
            let guests = match audience {
                Audience::Private => &private,
                Audience::Public => &public,
            };
            let serving = serve(listener, view, Arc::clone(guests), leaving.clone());
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

/// What the kernel holds for clients: its limits are inherited by each connection.
fn bound_queues(listener: &TcpListener) -> io::Result<()> {
    // Connections that nobody has accepted. More than that, and the kernel answers with cookies.
    rustix::net::listen(listener, WAITING_ROOM)?;
    // Otherwise some megabytes of an answer would lie there for each client that does not read.
    sockopt::set_socket_send_buffer_size(listener, SEND_BUFFER)?;
    sockopt::set_socket_recv_buffer_size(listener, RECEIVE_BUFFER)?;
    Ok(())
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
    let mut troubles: u64 = 0;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let (view, leaving) = (view.clone(), leaving.clone());
                guests.admit(peer.ip(), |seat| {
                    tokio::spawn(entrance::welcome(stream, view, seat, leaving)).abort_handle()
                });
            }
            Err(error) => {
                // Out of descriptors, most likely: somebody has to make room for the next.
                if troubles.is_multiple_of(TELL_EACH) {
                    tracing::warn!(%error, "cannot accept a connection");
                }
                troubles += 1;
                guests.make_room();
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
