//! Attackers: many connections at once, each doing the same, for a bounded time.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// How long an abuse lasts.
pub(super) const LASTS: Duration = Duration::from_secs(1);
/// After this somebody who was not sent away asks whether there is anybody.
const LOST: Duration = Duration::from_secs(5);
/// Where abuse comes from, unless it comes from many places.
pub(super) const MALLORY: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 66));

/// What became of the attackers' connections.
#[derive(Clone, Copy, Debug)]
pub(super) struct Losses {
    pub(super) made: usize,
    /// Ended or refused by the daemon.
    pub(super) cut: usize,
    /// Answered as if they had been welcome.
    pub(super) let_in: usize,
}

/// The attackers' book.
#[derive(Clone, Default)]
pub(super) struct Book(Arc<[AtomicUsize; 3]>);

impl Book {
    pub(super) fn made(&self) {
        self.0[0].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn cut(&self) {
        self.0[1].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn let_in(&self) {
        self.0[2].fetch_add(1, Ordering::Relaxed);
    }

    fn losses(&self) -> Losses {
        let [made, cut, let_in] = [0, 1, 2].map(|n: usize| self.0[n].load(Ordering::Relaxed));
        Losses { made, cut, let_in }
    }
}

/// Runs so many attackers at the same time, for [`LASTS`] or until all have ended. Each is told
/// its number.
pub(super) fn attack<F>(count: usize, attacker: impl Fn(usize, Book) -> F) -> Losses
where
    F: Future<Output = ()> + Send + 'static,
{
    attack_until(count, LASTS, |_| false, attacker)
}

/// The same until something is reached, or until `limit`.
pub(super) fn attack_until<F>(
    count: usize,
    limit: Duration,
    reached: impl Fn(Losses) -> bool,
    attacker: impl Fn(usize, Book) -> F,
) -> Losses
where
    F: Future<Output = ()> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let book = Book::default();
    runtime.block_on(async {
        let mut all = JoinSet::new();
        for number in 0..count {
            all.spawn(attacker(number, book.clone()));
        }
        let ended = async { while all.join_next().await.is_some() {} };
        let reached = async {
            while !reached(book.losses()) {
                sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::select! {
            () = ended => {}
            () = reached => {}
            () = sleep(limit) => {}
        }
    });
    // Whoever is not done by now is dropped.
    runtime.shutdown_background();
    book.losses()
}

/// Sends the same again and again, each time on a new connection, and reads what comes.
pub(super) async fn again_and_again(from: IpAddr, to: SocketAddr, bytes: Vec<u8>, book: Book) {
    loop {
        let Some(mut stream) = connect(from, to, &book).await else {
            sleep(Duration::from_millis(5)).await;
            continue;
        };
        if stream.write_all(&bytes).await.is_err() || drain(&mut stream).await == 0 {
            book.cut();
        }
    }
}

/// Connects, sends this, and then does nothing until the daemon hangs up.
pub(super) async fn hold(from: IpAddr, to: SocketAddr, bytes: Vec<u8>, book: Book) {
    let Some(mut stream) = connect(from, to, &book).await else {
        return;
    };
    let _ = stream.write_all(&bytes).await;
    if timeout(LOST, is_over(&stream)).await.is_err() {
        // Where more come at once than can wait, the kernel forgets some that believe to be
        // connected. They learn it when they say something.
        let _ = stream.write_all(b"G").await;
        is_over(&stream).await;
    }
    book.cut();
}

/// The answer stays where it is; only the end of the connection counts.
async fn is_over(stream: &TcpStream) {
    while let Ok(ready) = stream.ready(Interest::READABLE).await {
        if ready.is_read_closed() {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// Connects from an address.
pub(super) async fn connect(from: IpAddr, to: SocketAddr, book: &Book) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().ok()?;
    socket.bind(SocketAddr::new(from, 0)).ok()?;
    let stream = socket.connect(to).await.ok()?;
    book.made();
    Some(stream)
}

/// Reads to the end; how many bytes there were.
pub(super) async fn drain(stream: &mut TcpStream) -> usize {
    let mut buffer = vec![0; 64 * 1024];
    let mut bytes = 0;
    while let Ok(read) = stream.read(&mut buffer).await {
        if read == 0 {
            break;
        }
        bytes += read;
    }
    bytes
}

/// One of many addresses on loopback.
pub(super) fn one_of_many(number: usize) -> IpAddr {
    let low = u8::try_from(number % 250).unwrap() + 1;
    let high = u8::try_from(number / 250 % 250).unwrap();
    IpAddr::from([127, 66, high, low])
}

/// Lets this process open so many files; the daemon was started with the limit of before.
pub(super) fn allow_open_files(wanted: u64) {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < wanted) {
        let maximum = limit.maximum.map(|maximum| maximum.max(wanted));
        let new = Rlimit {
            current: Some(wanted),
            maximum,
        };
        setrlimit(Resource::Nofile, new).unwrap_or_else(|e| {
            panic!("this test opens {wanted} files, and may not: {e}; raise `ulimit -Hn` or run it as root")
        });
    }
}
