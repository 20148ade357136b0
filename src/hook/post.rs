//! One attempt: a connection, a request, and as much of the answer as is needed. Bounded in time
//! and bytes; no redirect is followed.

use std::time::{Duration, SystemTime};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Position;

use super::Webhook;
use super::courier::Answer;
use crate::model::printable::printable;
use crate::probe::retry_after;
use crate::probe::trust::{ClientTls, MinVersion, refusal, shake_hands};

/// For everything, from the name to the end of the answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// As much of an answer is read; nothing in it matters.
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
        Ok(answer) => judge(&answer, wall),
        Err(why) => Ended {
            answer: Answer::Failed(None),
            why: printable(&why, LONGEST),
        },
    }
}

/// What an answer means.
fn judge(answer: &Response<()>, wall: SystemTime) -> Ended {
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
) -> Result<Response<()>, String> {
    let url = &webhook.url;
    let port = url.port_or_known_default().unwrap_or(443);
    let host = url.host_str().unwrap_or_default();
    let unbracketed = host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((unbracketed, port))
        .await
        .map_err(|error| format!("it cannot be reached: {error}"))?;
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

async fn ask<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Response<()>, String>
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
    let connection = tokio::spawn(connection);
    let answered = async {
        let answer = sender.send_request(request).await.map_err(broken)?;
        let (head, body) = answer.into_parts();
        // Read, so that the receiver is not cut off while it speaks; not looked at.
        let _ = Limited::new(body, LARGEST).collect().await;
        Ok(Response::from_parts(head, ()))
    };
    let held = Held(connection);
    let answer = answered.await;
    drop(held);
    answer
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
}
