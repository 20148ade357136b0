//! One connection of a client, with its limits.

use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use hyper::body::Body as _;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;

use super::access::Access;
use super::guests::Seat;
use super::leaving::Leaving;
use super::pace::{Pace, Patience};
use super::{View, routes};

/// Largest head of a request.
const MAX_HEAD: usize = 16 * 1024;
/// Most headers of a request.
const MAX_HEADERS: usize = 64;

/// What is known of a connection.
pub(super) struct Visit {
    /// The rules under which it was let in.
    pub(super) met: Arc<Access>,
    /// Tells when they change.
    pub(super) changes: watch::Receiver<Arc<Access>>,
    /// Tells when the listener ends.
    pub(super) leaving: Leaving,
    pub(super) view: View,
    pub(super) seat: Seat,
}

pub(super) async fn serve<S>(stream: S, visit: Visit)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Visit {
        met,
        mut changes,
        leaving,
        view,
        seat,
    } = visit;
    let pace = Arc::new(Pace::new(seat, Patience::USUAL));
    let (client, last, asked) = (&pace, &leaving.clone(), &AtomicBool::new(false));
    let (met, rules) = (&*met, &changes.clone());
    let service = service_fn(move |request| {
        let view = view.clone();
        async move {
            client.asked();
            asked.store(true, Ordering::Relaxed);
            let mut answer = routes::answer(request, &view, client.seat(), met).await;
            // Rules that are gone are other rules too.
            last.mark(&mut answer, rules.has_changed().is_ok_and(|other| !other));
            let bytes = answer.body().size_hint().lower();
            client.answered(usize::try_from(bytes).unwrap_or(usize::MAX));
            Ok::<_, Infallible>(answer)
        }
    });
    let stream = Watched {
        stream,
        pace: Arc::clone(&pace),
    };
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    let connection = pin!(connection);
    let has_asked = || asked.load(Ordering::Relaxed);
    let unwelcome = async move {
        let _ = changes.changed().await;
    };
    tokio::select! {
        biased;
        ended = leaving.serve(connection, has_asked, unwelcome) => {
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended early");
            }
        }
        why = pace.run_out() => tracing::debug!("a connection was cut off: {why}"),
    }
}

/// A stream that tells how the client gets on.
struct Watched<S> {
    stream: S,
    pace: Arc<Pace>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        if buf.filled().len() > before {
            self.pace.heard();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let taken = ready!(Pin::new(&mut self.stream).poll_write(cx, buf))?;
        self.pace.took();
        Poll::Ready(Ok(taken))
    }

    /// Without this hyper copies each body, and keeps the room for it as long as the connection.
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let taken = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, bufs))?;
        self.pace.took();
        Poll::Ready(Ok(taken))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// hyper flushes when it has nothing left to write.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.pace.fetched();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
    use tokio::sync::{mpsc, watch};
    use tokio::time::{Instant, sleep};

    use super::super::access::{Gate, Hash, Rules, Users};
    use super::super::guests::Guests;
    use super::super::{Nothing, Readiness};
    use super::*;
    use crate::metrics::{Metrics, Times};
    use crate::model::Moment;
    use crate::web::leaving;

    const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n";

    /// A connection whose way to the client holds so many bytes.
    fn connect(room: usize) -> DuplexStream {
        connect_at(&Gate::new(Rules::default()), room)
    }

    fn connect_at(gate: &Gate, room: usize) -> DuplexStream {
        let times = Times::new(|| Moment::ZERO, |_| SystemTime::UNIX_EPOCH);
        let view = View::new(
            Metrics::new(times).unwrap(),
            Arc::new(Nothing),
            watch::channel(Readiness::default()).1,
            mpsc::channel(1).0,
            gate.clone(),
        );
        let (client, server) = tokio::io::duplex(room);
        let guests = Arc::new(Guests::default());
        let (closing, leaving) = leaving::pair();
        guests.admit([127, 0, 0, 1].into(), |seat| {
            let visit = Visit {
                met: view.gate.access(),
                changes: view.gate.watch(),
                leaving,
                view,
                seat,
            };
            let serving = async move {
                let _open = closing;
                serve(server, visit).await;
            };
            tokio::spawn(serving).abort_handle()
        });
        client
    }

    /// One request and its whole answer.
    async fn ask(client: &mut DuplexStream) {
        client.write_all(HEALTH).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"alive\n") {
            assert_ne!(client.read_buf(&mut answer).await.unwrap(), 0);
        }
    }

    /// Rules of which a byte is otherwise, with these users.
    fn rules(byte: u8, users: &[&str]) -> Rules {
        let hash = |user: &&str| {
            let hash = Hash::new(&bcrypt::hash("open sesame", 4).unwrap()).unwrap();
            ((*user).to_owned(), hash)
        };
        let access = Access {
            users: Users::new(users.iter().map(hash).collect()),
            fingerprint: [byte; 32],
            ..Access::default()
        };
        Rules {
            access,
            ..Rules::default()
        }
    }

    /// Everything that comes until the end of the connection.
    async fn rest(client: &mut DuplexStream) -> String {
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        answer
    }

    /// Lets everybody do what they can without something from outside.
    async fn let_all_go_on() {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_reload_ends_idle_connections_and_gives_new_ones_their_first_answer() {
        let gate = Gate::new(rules(0, &[]));
        let mut idle = connect_at(&gate, 4096);
        ask(&mut idle).await;
        let mut silent = connect_at(&gate, 4096);
        let mut half = connect_at(&gate, 4096);
        half.write_all(&HEALTH[..20]).await.unwrap();
        let_all_go_on().await;
        assert_eq!(gate.adopt(rules(1, &[])), None);
        assert_eq!(rest(&mut idle).await, "");
        for (mut client, left) in [(silent, HEALTH), (half, &HEALTH[20..])] {
            client.write_all(left).await.unwrap();
            let answer = rest(&mut client).await;
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
            assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
        }
        silent = connect_at(&gate, 4096);
        ask(&mut silent).await;
        ask(&mut silent).await;
    }

    #[test]
    fn a_password_that_waited_while_the_rules_changed_counts_by_the_new_ones() {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().max_blocking_threads(1).build();
        runtime.unwrap().block_on(async {
            let gate = Gate::new(rules(0, &["aladdin", "other"]));
            let (go_on, held) = std::sync::mpsc::channel::<()>();
            // Nothing is checked meanwhile, so everybody waits in the queue.
            let busy = tokio::task::spawn_blocking(move || held.recv());
            let come = |user: &str| {
                let encoded = STANDARD.encode(format!("{user}:open sesame"));
                let head = format!("Host: t\r\nAuthorization: Basic {encoded}\r\n");
                format!("GET /healthz HTTP/1.1\r\nConnection: close\r\n{head}\r\n")
            };
            let mut clients = Vec::new();
            for user in ["aladdin", "other"] {
                let mut client = connect_at(&gate, 4096);
                client.write_all(come(user).as_bytes()).await.unwrap();
                clients.push(client);
            }
            let_all_go_on().await;
            assert!(gate.adopt(rules(1, &["other"])).is_some());
            go_on.send(()).unwrap();
            busy.await.unwrap().unwrap();
            let mut statuses = Vec::new();
            for client in &mut clients {
                let answer = rest(client).await;
                statuses.push(answer.split(' ').nth(1).unwrap_or_default().to_owned());
            }
            assert_eq!(statuses, ["401", "200"]);
        });
    }

    /// A bit less than a second, so that nothing happens at the same time as a limit.
    const BEAT: Duration = Duration::from_millis(990);

    /// Sends this in a loop, a byte a beat, until that is no longer taken.
    async fn trickle(client: &mut DuplexStream, bytes: &[u8]) -> u64 {
        let begin = Instant::now();
        for byte in bytes.iter().cycle() {
            if client.write_all(&[*byte]).await.is_err() {
                break;
            }
            sleep(BEAT).await;
        }
        begin.elapsed().as_secs()
    }

    /// Takes a byte at this pace until there are no more; how many seconds, and how many bytes.
    async fn sip(client: &mut DuplexStream, pause: Duration) -> (u64, usize) {
        let begin = Instant::now();
        let mut bytes = 0;
        loop {
            sleep(pause).await;
            match client.read(&mut [0]).await {
                Ok(1) => bytes += 1,
                _ => return (begin.elapsed().as_secs(), bytes),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_trickles_is_cut_off_ten_seconds_after_it_began() {
        let mut client = connect(4096);
        assert_eq!(trickle(&mut client, b"GET / HTTP/1.1\r\nX: ").await, 10);
        let mut client = connect(4096);
        ask(&mut client).await;
        sleep(Duration::from_secs(140)).await;
        assert_eq!(trickle(&mut client, b"GET / HTTP/1.1\r\nX: ").await, 10);
        // Empty lines before a head are part of it.
        let mut client = connect(4096);
        assert_eq!(trickle(&mut client, b"\r\n").await, 10);
    }

    #[tokio::test(start_paused = true)]
    async fn who_never_asks_has_ten_seconds_and_who_has_been_served_150() {
        let mut client = connect(4096);
        assert_eq!(sip(&mut client, Duration::ZERO).await, (10, 0));
        let mut client = connect(4096);
        for _ in 0..3 {
            ask(&mut client).await;
            sleep(Duration::from_secs(149)).await;
        }
        ask(&mut client).await;
        assert_eq!(sip(&mut client, Duration::ZERO).await, (150, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_fetched_within_a_minute_or_not_at_all() {
        let mut client = connect(64);
        client.write_all(HEALTH).await.unwrap();
        // Sixty bytes taken, and what was on the way.
        assert_eq!(sip(&mut client, BEAT).await.1, 60 + 64);
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_for_ten_seconds_gets_nothing_more() {
        let mut client = connect(64);
        client.write_all(HEALTH).await.unwrap();
        sleep(Duration::from_secs(11)).await;
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest.len(), 64);
    }

    #[tokio::test(start_paused = true)]
    async fn asking_again_gives_no_more_time_for_what_was_not_fetched() {
        let mut client = connect(64);
        let (mut from, mut to) = tokio::io::split(&mut client);
        let begin = Instant::now();
        let asking = async {
            while begin.elapsed().as_secs() < 300 && to.write_all(HEALTH).await.is_ok() {
                sleep(BEAT).await;
            }
        };
        let taking = async {
            while begin.elapsed().as_secs() < 300 && from.read(&mut [0]).await.is_ok_and(|n| n > 0)
            {
                sleep(BEAT).await;
            }
        };
        tokio::join!(asking, taking);
        assert_eq!(begin.elapsed().as_secs(), 123);
    }
}
