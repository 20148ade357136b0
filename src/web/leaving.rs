//! The end of a listener: nobody new is let in, and whoever was promised an answer gets it.

use std::pin::{Pin, pin};
use std::time::Duration;

use hyper::header::{self, HeaderValue};
use tokio::sync::{mpsc, watch};

use super::routes::Answer;

/// How long answers may take to be fetched, once the listener is to end.
const GRACE: Duration = Duration::from_secs(1);

/// Whoever says that it is over.
#[derive(Debug)]
pub(super) struct Closing {
    over: watch::Sender<bool>,
    gone: mpsc::Receiver<()>,
}

/// Whoever is told. Each connection holds one until its end. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Leaving {
    over: watch::Receiver<bool>,
    _here: mpsc::Sender<()>,
}

/// Both ends.
pub(super) fn pair() -> (Closing, Leaving) {
    let (over, told) = watch::channel(false);
    let (here, gone) = mpsc::channel(1);
    let leaving = Leaving {
        over: told,
        _here: here,
    };
    (Closing { over, gone }, leaving)
}

impl Closing {
    /// Tells everybody, and waits until all have gone, but not long.
    pub(super) async fn close(mut self) {
        self.over.send_replace(true);
        // Who is still here then is cut off.
        let _ = tokio::time::timeout(GRACE, self.gone.recv()).await;
    }
}

impl Leaving {
    /// Waits until it is over.
    pub(super) async fn over(&mut self) {
        // The other end gone is over too.
        let _ = self.over.wait_for(|over| *over).await;
    }

    /// Says on an answer that it is the last one of its connection, if it is.
    pub(super) fn mark(&self, answer: &mut Answer, is_welcome: bool) {
        if *self.over.borrow() || !is_welcome {
            let close = HeaderValue::from_static("close");
            answer.headers_mut().insert(header::CONNECTION, close);
        }
    }

    /// Serves a connection to its end; once it is over, or the connection unwelcome, to the end of
    /// the answer under way. One that has not asked for anything yet may: its request is on its way.
    pub(super) async fn serve<C: Graceful>(
        mut self,
        mut connection: Pin<&mut C>,
        has_asked: impl Fn() -> bool,
        unwelcome: impl Future<Output = ()>,
    ) -> C::Output {
        let mut unwelcome = pin!(unwelcome);
        let (mut is_open, mut is_welcome) = (true, true);
        loop {
            tokio::select! {
                biased;
                ended = connection.as_mut() => return ended,
                () = self.over(), if is_open => {
                    is_open = false;
                    if has_asked() {
                        connection.as_mut().end();
                    }
                }
                () = unwelcome.as_mut(), if is_welcome => {
                    is_welcome = false;
                    if has_asked() {
                        connection.as_mut().end();
                    }
                }
            }
        }
    }
}

/// A connection that can be asked to end when its answer is complete.
pub(super) trait Graceful: Future {
    /// Asks it.
    fn end(self: Pin<&mut Self>);
}

impl<I, B, S> Graceful for hyper::server::conn::http1::Connection<I, S>
where
    S: hyper::service::HttpService<hyper::body::Incoming, ResBody = B>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
    B: hyper::body::Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn end(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use http_body_util::Full;
    use hyper::server::conn::http1;
    use hyper::service::service_fn;
    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::sync::Notify;

    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: t\r\n\r\n";

    /// A client of a connection that answers when it is told to.
    fn connect(leaving: &Leaving, answer: &Arc<Notify>) -> DuplexStream {
        let (client, stream) = duplex(64 * 1024);
        let (leaving, answer) = (leaving.clone(), Arc::clone(answer));
        tokio::spawn(async move {
            let (last, asked) = (&leaving.clone(), &AtomicBool::new(false));
            let service = service_fn(|_| {
                asked.store(true, Ordering::Relaxed);
                let answer = Arc::clone(&answer);
                async move {
                    answer.notified().await;
                    let mut answer = Answer::new(Full::from("all of it"));
                    last.mark(&mut answer, true);
                    Ok::<_, Infallible>(answer)
                }
            });
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            let connection = std::pin::pin!(connection);
            let _ = leaving
                .serve(
                    connection,
                    || asked.load(Ordering::Relaxed),
                    std::future::pending(),
                )
                .await;
        });
        client
    }

    async fn to_the_end(client: &mut DuplexStream) -> String {
        let mut text = String::new();
        client.read_to_string(&mut text).await.unwrap();
        text
    }

    fn is_complete(text: &str) -> bool {
        text.starts_with("HTTP/1.1 200 OK\r\n")
            && text.contains("connection: close\r\n")
            && text.ends_with("\r\n\r\nall of it")
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_asked_or_has_just_come_gets_an_answer_and_the_idle_are_sent_home() {
        let (closing, leaving) = pair();
        let answer = Arc::new(Notify::new());
        let mut idle = connect(&leaving, &answer);
        idle.write_all(REQUEST).await.unwrap();
        answer.notify_one();
        let mut served = vec![0; 4096];
        assert!(idle.read(&mut served).await.unwrap() > 0);
        let mut asking = connect(&leaving, &answer);
        asking.write_all(REQUEST).await.unwrap();
        let mut fresh = connect(&leaving, &answer);
        drop(leaving);
        let closed = tokio::spawn(closing.close());
        assert_eq!(to_the_end(&mut idle).await, "");
        answer.notify_one();
        assert!(is_complete(&to_the_end(&mut asking).await));
        fresh.write_all(REQUEST).await.unwrap();
        answer.notify_one();
        assert!(is_complete(&to_the_end(&mut fresh).await));
        closed.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_waited_for_longer_than_a_second() {
        let (closing, leaving) = pair();
        let silent = connect(&leaving, &Arc::default());
        drop(leaving);
        let begun = tokio::time::Instant::now();
        closing.close().await;
        assert_eq!(begun.elapsed(), GRACE);
        drop(silent);
    }
}
