//! When this process does not run in the middle of a round, nobody else is blamed for the time.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

use bascule::config::adhoc;
use bascule::host::clock::Clock;
use bascule::model::{Reason, Round};
use bascule::probe::Prober;
use bascule::probe::trust::Roots;

/// A server that takes `pause` for one answer, on a thread that nobody stops.
fn answers_after(pause: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        thread::sleep(pause);
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
        stream.write_all(answer).unwrap();
    });
    address
}

async fn round(server: SocketAddr) -> Round {
    let mut target = (*adhoc(&format!("http://{server}/")).unwrap().target).clone();
    target.limits.slow_after = Duration::from_millis(1_000);
    let prober = Prober::new(Clock::system(), Roots::system());
    prober.round(&target).await
}

#[tokio::test]
async fn an_answer_that_waited_for_us_is_not_slow() {
    let server = answers_after(Duration::from_millis(200));
    // This runtime has one thread: while that is blocked, the round stands still.
    let stall = tokio::spawn(async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        thread::sleep(Duration::from_millis(2_500));
    });
    let round = round(server).await;
    stall.await.unwrap();
    let cause = round.verdict.cause().unwrap();
    assert_eq!(
        (round.verdict.as_str(), cause.reason),
        ("inconclusive", Reason::LocalLate),
        "{cause:?}"
    );
}

#[tokio::test]
async fn a_server_that_takes_its_time_is_slow() {
    let round = round(answers_after(Duration::from_millis(1_300))).await;
    let cause = round.verdict.cause().unwrap();
    assert_eq!(
        (round.verdict.as_str(), cause.reason),
        ("slow", Reason::Slow)
    );
}
