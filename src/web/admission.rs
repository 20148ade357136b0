//! Whether a request is answered at all: how many there are, and who sends it.
//!
//! Asked for each request, not for each connection: who is no longer welcome does not stay
//! because of a connection that was kept.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Request, StatusCode};

use super::View;
use super::access::{Access, Refused};
use super::routes::{Answer, text};

/// When somebody who found the queue full may try again, in seconds.
const AGAIN: Duration = Duration::from_secs(5);

/// Lets a request in, or says why not. The public listener is for everybody. `met` are the rules
/// under which its connection was opened. What counts are the rules at the end: a password may
/// wait for its check, and a reload come meanwhile.
pub(super) async fn admit(
    request: &Request<Incoming>,
    peer: IpAddr,
    view: &View,
    met: &Access,
) -> Result<(), Answer> {
    if !view.is_private() {
        return Ok(());
    }
    let mut access = view.gate.access();
    loop {
        if access.outdates(met) {
            return Err(outdated());
        }
        known(request, peer, view, &access).await?;
        let now = view.gate.access();
        if Arc::ptr_eq(&now, &access) {
            break;
        }
        access = now;
    }
    // After the password: who has none uses up nothing of those who have.
    if let Some(Err(after)) = access.rate.as_ref().map(|rate| rate.take()) {
        let sentence = "more requests than rate_limit allows\n";
        return Err(later(StatusCode::TOO_MANY_REQUESTS, sentence, after));
    }
    Ok(())
}

/// Whether the request has a name and its password, where one is needed.
async fn known(
    request: &Request<Incoming>,
    peer: IpAddr,
    view: &View,
    access: &Access,
) -> Result<(), Answer> {
    if access.users.is_empty() {
        return Ok(());
    }
    let authorization = request.headers().get(header::AUTHORIZATION);
    let guard = view.gate.guard();
    let checked = guard.check(&access.users, authorization, peer).await;
    checked.map_err(|refused| match refused {
        Refused::Unknown => {
            let mut answer = text(StatusCode::UNAUTHORIZED, "name and password, please\n");
            let challenge = HeaderValue::from_static("Basic realm=\"bascule\", charset=\"UTF-8\"");
            let head = answer.headers_mut();
            head.insert(header::WWW_AUTHENTICATE, challenge);
            answer
        }
        Refused::TooMany => {
            let sentence = "too many passwords of this client are being checked\n";
            later(StatusCode::TOO_MANY_REQUESTS, sentence, AGAIN)
        }
        Refused::Busy => {
            let sentence = "other passwords are being checked; try again\n";
            later(StatusCode::SERVICE_UNAVAILABLE, sentence, AGAIN)
        }
    })
}

/// For a connection that was opened under rules that asked for less, or for something else.
fn outdated() -> Answer {
    let sentence = "the web configuration changed: connect again\n";
    let mut answer = text(StatusCode::SERVICE_UNAVAILABLE, sentence);
    let close = HeaderValue::from_static("close");
    answer.headers_mut().insert(header::CONNECTION, close);
    answer
}

fn later(status: StatusCode, sentence: &'static str, after: Duration) -> Answer {
    let mut answer = text(status, sentence);
    let seconds = after.as_millis().div_ceil(1000);
    let head = answer.headers_mut();
    head.insert(
        header::RETRY_AFTER,
        HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX)),
    );
    answer
}

/// Whether a page in a browser caused this request: browsers say so, programs do not. That it
/// is a page of ours proves nothing, as any name can be made to lead here.
pub(super) fn comes_from_a_browser(head: &HeaderMap) -> bool {
    head.contains_key(header::ORIGIN) || head.contains_key("sec-fetch-site")
}
