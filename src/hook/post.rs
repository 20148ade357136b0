//! One attempt: a connection, a request, and as much of the answer as is needed. Bounded in time
//! and bytes; no redirect is followed.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use url::Position;

use super::Webhook;
use super::courier::Answer;
use crate::model::printable::printable;
use crate::probe::retry_after;
use crate::probe::trust::{ClientTls, MinVersion, refusal, shake_hands};

/// For everything, from the name to the head of the answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// For one address: one that swallows everything shall leave time for the others of its name.
const ONE_ADDRESS: Duration = Duration::from_secs(2);
/// Addresses of a name that are tried.
const MOST_ADDRESSES: usize = 4;
/// The rest of an answer is waited for so long, and as much of it is read; nothing in it matters.
const COURTESY: Duration = Duration::from_secs(1);
const LARGEST: usize = 64 << 10;
/// Characters of a sentence about what went wrong.
const LONGEST: usize = 200;

/// Who we say we are.
const AGENT: &str = concat!(
    "bascule/",
    env!("CARGO_PKG_VERSION"),
    " (webhook; +",
    env!("CARGO_PKG_REPOSITORY"),
    ")"
);

/// What is sent.
pub(super) struct Message {
    pub(super) id: String,
    pub(super) body: Vec<u8>,
}

/// How an attempt ended, and what went wrong in words.
pub(super) struct Ended {
    pub(super) answer: Answer,
    pub(super) why: String,
}

/// Makes one attempt.
pub(super) async fn post(webhook: &Webhook, message: Message, wall: SystemTime) -> Ended {
    let attempt = async {
        let request = request(webhook, message, wall)?;
        send(webhook, request, wall).await
    };
    let ended = timeout(PATIENCE, attempt).await.unwrap_or_else(|_| {
        let seconds = PATIENCE.as_secs();
        Err(format!("no answer within {seconds} s"))
    });
    match ended {
        Ok((answer, _held)) => {
            let judged = judge(&answer, wall);
            // Read, so that the receiver is not cut off while it speaks; what it says and whether
            // it ever ends changes nothing: an event that was taken is not sent again.
            let body = Limited::new(answer.into_body(), LARGEST);
            let _ = timeout(COURTESY, body.collect()).await;
            judged
        }
        Err(why) => Ended {
            answer: Answer::Failed(None),
            why: printable(&why, LONGEST),
        },
    }
}

/// What an answer means.
fn judge<B>(answer: &Response<B>, wall: SystemTime) -> Ended {
    let status = answer.status();
    let passing = [
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::TOO_EARLY,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    let wish = retry_after(answer.headers(), wall);
    let answer = match status {
        StatusCode::GONE => Answer::Gone,
        _ if status.is_success() => Answer::Taken,
        _ if passing.contains(&status) || status.is_server_error() => Answer::Failed(wish),
        _ => Answer::Refused,
    };
    let redirect = match status.is_redirection() {
        true => ", and redirects are not followed",
        false => "",
    };
    Ended {
        answer,
        why: format!("it answers {}{redirect}", status.as_u16()),
    }
}

/// The request, signed if there is something to sign it with.
fn request(
    webhook: &Webhook,
    message: Message,
    wall: SystemTime,
) -> Result<Request<Full<Bytes>>, String> {
    let since = wall.duration_since(SystemTime::UNIX_EPOCH);
    let timestamp = since.unwrap_or_default().as_secs();
    let url = &webhook.url;
    let mut request = Request::post(&url[Position::BeforePath..Position::AfterQuery])
        .header(HOST, &url[Position::BeforeHost..Position::AfterPort])
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, AGENT)
        .header(HeaderName::from_static("idempotency-key"), &message.id)
        .header(HeaderName::from_static("webhook-id"), &message.id)
        .header(HeaderName::from_static("webhook-timestamp"), timestamp);
    if let Some(secret) = &webhook.secret {
        let signature = secret.sign(&message.id, timestamp, &message.body);
        request = request.header(HeaderName::from_static("webhook-signature"), signature);
    }
    request
        .header(hyper::header::CONNECTION, HeaderValue::from_static("close"))
        .body(Full::new(Bytes::from(message.body)))
        .map_err(|error| format!("the request cannot be made: {error}"))
}

async fn send(
    webhook: &Webhook,
    request: Request<Full<Bytes>>,
    wall: SystemTime,
) -> Result<Answered, String> {
    let url = &webhook.url;
    let port = url.port_or_known_default().unwrap_or(443);
    let host = url.host_str().unwrap_or_default();
    let unbracketed = host.trim_start_matches('[').trim_end_matches(']');
    let found = lookup_host((unbracketed, port))
        .await
        .map_err(|error| format!("it cannot be reached: {error}"))?;
    let stream = connect(&in_turn(found)).await?;
    if url.scheme() != "https" {
        return ask(stream, request).await;
    }
    let tls = ClientTls {
        roots: webhook.roots.clone(),
        server_name: None,
        insecure_skip_verify: false,
        min_version: MinVersion::V12,
        identity: None,
    };
    let shaken = shake_hands(stream, host, &tls, wall, PATIENCE).await;
    let stream = shaken.map_err(|cause| format!("no TLS with it: {}", cause.detail))?;
    ask(stream, request).await
}

/// Addresses as they are tried: the families take turns, so that one that leads nowhere does not
/// use up all the time.
fn in_turn(found: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let mut before = [0; 2];
    let mut turns: Vec<(usize, SocketAddr)> = found
        .map(|address| {
            let family = &mut before[usize::from(address.is_ipv6())];
            *family += 1;
            (*family, address)
        })
        .collect();
    turns.sort_by_key(|(turn, _)| *turn);
    turns.truncate(MOST_ADDRESSES);
    turns.into_iter().map(|(_, address)| address).collect()
}

/// A connection to the first address that takes one.
async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, String> {
    let mut why = "it cannot be reached: its name has no address".to_owned();
    for address in addresses {
        why = match timeout(ONE_ADDRESS, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => format!("it cannot be reached: {error}"),
            Err(_) => "it cannot be reached: its address does not answer".to_owned(),
        };
    }
    Err(why)
}

/// The head of an answer, and the connection on which the rest comes.
type Answered = (Response<Incoming>, Held);

async fn ask<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Answered, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |error: hyper::Error| match refusal(&error) {
        Some(cause) => format!("no TLS with it: {}", cause.detail),
        None => format!("the connection breaks off: {error}"),
    };
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let held = Held(tokio::spawn(connection));
    let answer = sender.send_request(request).await.map_err(broken)?;
    Ok((answer, held))
}

/// A connection that ends with the attempt, also where that is given up.
struct Held(tokio::task::JoinHandle<hyper::Result<()>>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer_to(status: u16, retry_after: &str) -> (Answer, String) {
        let answer = Response::builder()
            .status(status)
            .header("retry-after", retry_after)
            .body(())
            .unwrap();
        let ended = judge(&answer, SystemTime::UNIX_EPOCH);
        (ended.answer, ended.why)
    }

    #[test]
    fn an_answer_is_taken_refused_final_or_asks_for_patience() {
        for status in [200, 202, 204] {
            assert_eq!(answer_to(status, "7").0, Answer::Taken);
        }
        for status in [408, 425, 429, 500, 503] {
            let wish = Some(Duration::from_secs(7));
            assert_eq!(answer_to(status, "7").0, Answer::Failed(wish), "{status}");
        }
        for status in [400, 401, 404, 422] {
            assert_eq!(answer_to(status, "7").0, Answer::Refused, "{status}");
        }
        assert_eq!(answer_to(410, "").0, Answer::Gone);
        let (answer, why) = answer_to(308, "");
        assert_eq!(answer, Answer::Refused);
        assert_eq!(why, "it answers 308, and redirects are not followed");
    }

    #[test]
    fn the_families_take_turns_and_not_every_address_is_tried() {
        let found = [
            "[2001:db8::1]:1",
            "[2001:db8::2]:1",
            "[2001:db8::3]:1",
            "192.0.2.1:1",
            "192.0.2.2:1",
        ];
        let found = found.map(|address| address.parse().unwrap());
        let tried = in_turn(found.into_iter());
        assert_eq!(tried, [found[0], found[3], found[1], found[4]]);
    }

    #[tokio::test]
    async fn an_address_that_swallows_everything_leaves_time_for_the_next() {
        let swallows = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
        let swallows = swallows.unwrap();
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        swallows.bind(&any.into()).unwrap();
        swallows.listen(0).unwrap();
        let full = swallows.local_addr().unwrap().as_socket().unwrap();
        // Who comes when nobody is let in any more is not answered.
        let mut crowd = Vec::new();
        while let Ok(Ok(stream)) =
            timeout(Duration::from_millis(200), TcpStream::connect(full)).await
        {
            crowd.push(stream);
        }
        let why = connect(&[full]).await.unwrap_err();
        assert_eq!(why, "it cannot be reached: its address does not answer");
        let good = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let good = good.local_addr().unwrap();
        let reached = connect(&[full, good]).await.unwrap();
        assert_eq!(reached.peer_addr().unwrap(), good);
        assert!(connect(&[]).await.unwrap_err().ends_with("has no address"));
    }
}
