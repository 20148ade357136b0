//! One request and its response over a connection: timed, bounded, in one task.
//!
//! hyper speaks the protocols; its connection is polled beside the request (see `driver`), so
//! that nothing outlives a round.

use std::future::Future;
use std::time::Duration;

use bytes::{Buf, Bytes};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::header::{CONTENT_LENGTH, HeaderMap};
use hyper::{Request, Response, Version};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::driver::{AbortOnDrop, Driver, Tasks};
use super::failure::{self, Stage};
use crate::model::{Cause, Reason, Verdict};
use crate::probe::connect::overdue;
use crate::probe::deadline::{Deadline, Expired};
use crate::probe::tap::Valve;
use crate::probe::words::took;

/// Largest head of a response in bytes: several times what the largest real ones have.
pub(super) const HEAD: usize = 64 * 1024;
/// Most headers of a response.
pub(super) const FIELDS: usize = 128;
/// Most bytes up to the end of the head: the largest head that is accepted, and room for
/// interim responses.
const BEFORE_HEAD: usize = 256 * 1024;
/// Most bytes beside a body: its framing, encryption included, may weigh thrice as much as the
/// body itself, and a short one may be made of single bytes.
const BESIDE_BODY: usize = 256 * 1024;
/// How much an HTTP/2 server may send ahead of us. Small, as a body that is too large is
/// dropped, and what is on its way by then is waste.
const WINDOW: u32 = 65_535;

/// Which HTTP is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// How much of the body is wanted.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    /// None of it.
    Nothing,
    /// No more than this.
    Start(usize),
    /// All of it; more than this is a fault.
    All(usize),
}

impl Wanted {
    /// The longest body that is read.
    const fn most(self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Start(most) | Self::All(most) => most,
        }
    }
}

/// What came back.
#[derive(Default)]
pub(super) struct Exchange {
    /// The head, if it came.
    pub(super) head: Option<Head>,
    /// From the request to the head.
    pub(super) first_byte: Option<Duration>,
    /// The body as it came, as far as it came.
    pub(super) body: Vec<u8>,
    /// From the head to the end.
    pub(super) body_took: Option<Duration>,
    /// The body has more than was read.
    pub(super) cut: bool,
    /// What went wrong.
    pub(super) fault: Option<Verdict>,
}

impl Exchange {
    /// What went wrong, or `Pass`.
    pub(super) fn verdict(&self) -> Verdict {
        self.fault.clone().unwrap_or(Verdict::Pass)
    }
}

/// The head of a response.
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) version: &'static str,
    pub(super) headers: HeaderMap,
    pub(super) content_length: Option<u64>,
}

/// Sends the request and receives the response. The valve is that of the tap below the stream.
pub(super) async fn run<S>(
    stream: S,
    valve: Valve,
    protocol: Protocol,
    request: Request<Full<Bytes>>,
    wanted: impl Fn(u16) -> Wanted,
    deadline: Deadline,
) -> Exchange
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    valve.allow(BEFORE_HEAD, "before the response");
    let flow = Flow {
        start: Instant::now(),
        valve,
        deadline,
    };
    let mut exchange = Exchange::default();
    let received = match protocol {
        Protocol::Http1 => {
            let shaken = http1::Builder::new()
                .max_headers(FIELDS)
                .max_buf_size(HEAD)
                .handshake(TokioIo::new(stream));
            match shaken.await {
                Err(error) => Ok(Err(error)),
                Ok((mut sender, connection)) => {
                    let sent = sender.send_request(request);
                    exchange.flow(&flow, connection, sent, sender, wanted).await
                }
            }
        }
        Protocol::Http2 => {
            let tasks = Tasks::default();
            let shaken = http2::Builder::new(tasks.clone())
                .initial_stream_window_size(WINDOW)
                .initial_connection_window_size(WINDOW)
                // Above what is accepted: between the two the fault can be named (see `failure`).
                .max_header_list_size(4 * HEAD as u32)
                .handshake(TokioIo::new(stream));
            let _guard = AbortOnDrop(tasks);
            match flow.deadline.run(shaken).await {
                Err(expired) => Err(expired),
                Ok(Err(error)) => Ok(Err(error)),
                Ok(Ok((mut sender, connection))) => {
                    let sent = sender.send_request(request);
                    exchange.flow(&flow, connection, sent, sender, wanted).await
                }
            }
        }
    };
    match received {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            exchange.fault = Some(Verdict::Fail(flow.cause(&error, Stage::Head)));
        }
        Err(expired) => {
            let detail = format!("no response after {}", took(flow.start.elapsed()));
            exchange.fault = Some(overdue(expired, Reason::HttpTimeout, detail));
        }
    }
    exchange
}

/// What bounds and measures an exchange.
struct Flow {
    start: Instant,
    valve: Valve,
    deadline: Deadline,
}

impl Flow {
    /// Why the exchange broke off: because we ended it, else for what hyper says.
    fn cause(&self, error: &hyper::Error, stage: Stage) -> Cause {
        self.valve.flooded().map_or_else(
            || failure::classify(error, stage),
            |flooded| Cause::new(Reason::HttpTooLarge, flooded.to_string()),
        )
    }
}

impl Exchange {
    /// Waits for the response to a request that is being sent, and receives it. What goes wrong
    /// before the head comes is the result; what goes wrong later is the exchange's fault.
    async fn flow<C: Future, T>(
        &mut self,
        flow: &Flow,
        connection: C,
        sent: impl Future<Output = Result<Response<Incoming>, hyper::Error>>,
        sender: T,
        wanted: impl Fn(u16) -> Wanted,
    ) -> Result<Result<(), hyper::Error>, Expired> {
        let mut driver = Driver::new(connection);
        let response = match flow.deadline.run(driver.beside(sent)).await {
            Ok(Ok(response)) => response,
            other => return other.map(|response| response.map(drop)),
        };
        let wanted = wanted(response.status().as_u16());
        let most = wanted.most().saturating_mul(4).saturating_add(BESIDE_BODY);
        flow.valve.allow(most, "after the head of the response");
        self.receive(&mut driver, response, flow, wanted).await;
        // The connection ends when nobody can send any more.
        drop(sender);
        driver.finish(self.body_took.is_some()).await;
        Ok(Ok(()))
    }

    /// Takes the head apart and reads as much of the body as is wanted.
    async fn receive<C: Future>(
        &mut self,
        driver: &mut Driver<C>,
        response: Response<Incoming>,
        flow: &Flow,
        wanted: Wanted,
    ) {
        self.first_byte = Some(flow.start.elapsed());
        let (head, mut body) = response.into_parts();
        let status = head.status.as_u16();
        let content_length = head
            .headers
            .get(CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.parse().ok());
        self.fault = oversized(&head.headers).map(Verdict::Fail);
        self.head = Some(Head {
            status,
            version: match head.version {
                Version::HTTP_2 => "2",
                Version::HTTP_11 => "1.1",
                _ => "1.0",
            },
            headers: head.headers,
            content_length,
        });
        if self.fault.is_some() {
            return;
        }
        let begin = Instant::now();
        let read = driver.beside(read(&mut body, &mut self.body, wanted));
        match flow.deadline.run(read).await {
            Ok(Ok(End::Reached)) => self.body_took = Some(begin.elapsed()),
            Ok(Ok(End::Cut)) => self.cut = true,
            Ok(Ok(End::TooLarge(most))) => {
                self.cut = true;
                let size = content_length
                    .filter(|length| *length > most as u64)
                    .map_or_else(
                        || "body is larger than allowed".to_owned(),
                        |length| format!("body is {length} bytes"),
                    );
                self.fault = Some(Verdict::Fail(Cause::new(
                    Reason::HttpTooLarge,
                    format!("{size}, at most {most} bytes expected"),
                )));
            }
            Ok(Err(error)) => {
                self.cut = true;
                let stage = Stage::Body {
                    received: self.body.len() as u64,
                    expected: content_length,
                };
                self.fault = Some(Verdict::Fail(flow.cause(&error, stage)));
            }
            Err(expired) => {
                self.cut = true;
                self.fault = Some(overdue(
                    expired,
                    Reason::HttpTimeout,
                    format!(
                        "response not complete after {}: {} bytes of the body came",
                        took(flow.start.elapsed()),
                        self.body.len()
                    ),
                ));
            }
        }
    }
}

/// How the reading of a body ended.
enum End {
    Reached,
    Cut,
    TooLarge(usize),
}

/// Reads frames until the body ends or enough has come.
async fn read(
    body: &mut Incoming,
    into: &mut Vec<u8>,
    wanted: Wanted,
) -> Result<End, hyper::Error> {
    if matches!(wanted, Wanted::Nothing) {
        return Ok(End::Cut);
    }
    let most = wanted.most();
    while let Some(frame) = body.frame().await {
        let Ok(mut data) = frame?.into_data() else {
            // Trailers: nothing is expected of them.
            continue;
        };
        let room = most - into.len();
        if data.remaining() > room {
            into.extend_from_slice(&data[..room]);
            data.clear();
            return Ok(match wanted {
                Wanted::All(most) => End::TooLarge(most),
                _ => End::Cut,
            });
        }
        into.extend_from_slice(&data);
    }
    Ok(End::Reached)
}

/// The fault of a head that is larger than accepted.
fn oversized(headers: &HeaderMap) -> Option<Cause> {
    let bytes: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    let too_large = |what| Some(Cause::new(Reason::HttpTooLarge, what));
    if headers.len() > FIELDS {
        too_large(format!(
            "response has {} headers, at most {FIELDS} are accepted",
            headers.len()
        ))
    } else if bytes > HEAD {
        too_large(format!(
            "headers are {bytes} bytes, at most {HEAD} are accepted"
        ))
    } else {
        None
    }
}
