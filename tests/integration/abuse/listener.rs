//! Floods of the listener, one after the other.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::slice::from_ref;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep, timeout};

use super::crowd::{
    Book, Losses, MALLORY, again_and_again, allow_open_files, attack, attack_until, connect, drain,
    hold, one_of_many,
};
use super::victim::Victim;

/// Connections that the daemon lets in, as src/web/guests.rs has it.
const ROOM: usize = 128;
/// From a connection to the end of its first head, as src/web/pace.rs has it.
const HEAD_TIME: Duration = Duration::from_secs(10);
const SCRAPE: &[u8] = b"GET /metrics HTTP/1.1\r\nHost: t\r\n\r\n";
const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n";

#[test]
fn whoever_abuses_the_listener_delays_no_probe_and_no_scrape_and_does_not_fill_the_memory() {
    let victim = Victim::start("127.0.0.1:0", "", None);
    allow_open_files(12_000);
    victim.during("none", |_| attack(1, |_, _| sleep(Duration::from_secs(60))));
    victim.during("slowloris, 100 heads that trickle up to the limit", limit);
    victim.during("slowloris, 500 heads that trickle", slowloris);
    victim.during("10,000 idle connections of 40 addresses", idle);
    victim.during("connects and leaves, as fast as it can", churn);
    victim.during("200 scrapes that nobody fetches", |to| {
        unread(to, |_| MALLORY)
    });
    victim.during("the same from 100 addresses", |to| {
        unread(to, one_of_a_hundred)
    });
    victim.during("50 times 1000 scrapes in one go", |to| {
        pipelined(to, SCRAPE)
    });
    victim.during("50 times 1000 cheap requests in one go", |to| {
        pipelined(to, HEALTH)
    });
    victim.during("32 clients that ask for /healthz without a pause", |to| {
        ask_on(to, 32, HEALTH)
    });
    for (abuse, path) in [
        ("200 clients that scrape with gzip", "/metrics"),
        (
            "200 clients that ask for outages",
            "/api/v1/outages?limit=100&evidence=true",
        ),
        ("200 clients that ask for the networks", "/api/v1/networks"),
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: t\r\nAccept-Encoding: gzip\r\n\r\n");
        victim.during(abuse, |to| ask_on(to, 200, request.as_bytes()));
    }
    victim.during(
        "300 clients of 100 addresses that scrape, each on a new connection",
        |to| {
            let request = b"GET /metrics HTTP/1.1\r\nConnection: close\r\n\r\n".to_vec();
            attack(300, |number, book| {
                again_and_again(one_of_a_hundred(number), to, request.clone(), book)
            })
        },
    );
    victim.during("100 bodies without an end", bodies);
    victim.during("100 heads of a megabyte", |to| {
        let mut head = b"GET / HTTP/1.1\r\nX: ".to_vec();
        head.resize(1024 * 1024, b'x');
        attack(100, |_, book| {
            again_and_again(MALLORY, to, head.clone(), book)
        })
    });
    victim.during("100 clients that send noise", |to| {
        let noise: Vec<u8> = (0..4096_u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0])
            .collect();
        attack(100, |_, book| {
            again_and_again(MALLORY, to, noise.clone(), book)
        })
    });
}

/// As many addresses as there are connections would be as good guests as Prometheus.
fn one_of_a_hundred(number: usize) -> IpAddr {
    one_of_many(number % 100)
}

/// A byte of a head now and then, of so few that nobody has to make room. Each is cut off, and
/// not before its time is over.
fn limit(to: SocketAddr) -> Losses {
    let attacker = move |_, book: Book| async move {
        let began = Instant::now();
        let Some(mut stream) = connect(MALLORY, to, &book).await else {
            return;
        };
        let mut head = b"GET / HTTP/1.1\r\nX: ".iter().cycle();
        let mut answer = [0];
        let ended = loop {
            let pause = Duration::from_millis(100);
            match timeout(pause, stream.read(&mut answer)).await {
                Ok(ended) => break ended,
                // The end is seen at the next turn.
                Err(_) => stream
                    .write_all(head.next().map_or(&[], from_ref))
                    .await
                    .ok(),
            };
        };
        match ended {
            Ok(1..) => book.let_in(),
            _ if began.elapsed() >= HEAD_TIME => book.cut(),
            _ => {}
        }
    };
    let over = |losses: Losses| losses.cut == 100;
    let losses = attack_until(100, Duration::from_secs(60), over, attacker);
    assert!(over(losses), "{losses:?}");
    losses
}

/// A byte of a head now and then. All but those for whom there is room are sent away.
fn slowloris(to: SocketAddr) -> Losses {
    let attacker = move |_, book: Book| async move {
        let Some(mut stream) = connect(MALLORY, to, &book).await else {
            return;
        };
        for byte in b"GET / HTTP/1.1\r\nX: ".iter().cycle() {
            if stream.write_all(&[*byte]).await.is_err() {
                break;
            }
            sleep(Duration::from_millis(100)).await;
        }
        book.cut();
    };
    all_but_some_are_cut(500, attacker)
}

fn idle(to: SocketAddr) -> Losses {
    all_but_some_are_cut(10_000, |number, book| {
        hold(one_of_many(number % 40), to, Vec::new(), book)
    })
}

/// Goes on until everybody has come and everybody for whom there is no room has left.
fn all_but_some_are_cut<F>(count: usize, attacker: impl Fn(usize, Book) -> F) -> Losses
where
    F: Future<Output = ()> + Send + 'static,
{
    let over = |losses: Losses| losses.made == count && losses.cut + ROOM >= count;
    let losses = attack_until(count, Duration::from_secs(60), over, attacker);
    assert!(over(losses), "{losses:?}");
    losses
}

fn churn(to: SocketAddr) -> Losses {
    attack(20, |_, book| async move {
        for _ in 0..500 {
            drop(connect(MALLORY, to, &book).await);
        }
    })
}

fn unread(to: SocketAddr, from: impl Fn(usize) -> IpAddr) -> Losses {
    attack(200, |number, book| {
        hold(from(number), to, SCRAPE.repeat(20), book)
    })
}

/// A thousand requests at once on each connection; whoever is sent away comes again.
fn pipelined(to: SocketAddr, request: &[u8]) -> Losses {
    let requests: Arc<[u8]> = request.repeat(1000).into();
    attack(50, |_, book| {
        let requests = Arc::clone(&requests);
        async move {
            while let Some(stream) = connect(MALLORY, to, &book).await {
                let (mut from, mut to) = stream.into_split();
                let requests = Arc::clone(&requests);
                let sending = tokio::spawn(async move { to.write_all(&requests).await.is_ok() });
                tokio::io::copy(&mut from, &mut tokio::io::sink())
                    .await
                    .ok();
                sending.abort();
                book.cut();
            }
        }
    })
}

/// One request after the other on each of so many connections.
fn ask_on(to: SocketAddr, count: usize, request: &[u8]) -> Losses {
    attack(count, |_, book| keep_asking(to, request.to_vec(), book))
}

/// Whenever it is sent away it comes again.
async fn keep_asking(to: SocketAddr, request: Vec<u8>, book: Book) {
    loop {
        match connect(MALLORY, to, &book).await {
            Some(stream) => {
                ask_until_cut(stream, &request).await;
                book.cut();
            }
            None => sleep(Duration::from_millis(5)).await,
        }
    }
}

/// Asks again whenever something has come, whether or not that was all of it.
async fn ask_until_cut(mut stream: tokio::net::TcpStream, request: &[u8]) {
    let mut buffer = vec![0; 256 * 1024];
    while stream.write_all(request).await.is_ok() {
        match stream.read(&mut buffer).await {
            Ok(read) if read > 0 => {}
            _ => return,
        }
    }
}

/// Bodies that go on for ever, in both kinds of framing.
fn bodies(to: SocketAddr) -> Losses {
    attack(100, |number, book| async move {
        let (framing, part) = match number % 2 {
            0 => ("Content-Length: 10000000000", "x".repeat(65_536)),
            _ => (
                "Transfer-Encoding: chunked",
                format!("10000\r\n{}\r\n", "x".repeat(65_536)),
            ),
        };
        let head = format!("GET /healthz HTTP/1.1\r\nHost: t\r\n{framing}\r\n\r\n");
        while let Some(mut stream) = connect(MALLORY, to, &book).await {
            let _ = stream.write_all(head.as_bytes()).await;
            while stream.write_all(part.as_bytes()).await.is_ok() {}
            let _ = drain(&mut stream).await;
            book.cut();
        }
    })
}
