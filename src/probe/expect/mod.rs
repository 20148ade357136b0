//! Does a response meet the expectation? Pure.
//!
//! The order decides which of several findings is told: a challenge page at any status, then
//! what is expected (status, headers, size, body, JSON), and only for a status that is not
//! expected the bot walls of the configuration and 429. So an expected answer is never
//! called a wall, and a challenge never an answer.

mod expression;
#[cfg(any(test, fuzzing))]
pub(super) mod fuzz;
mod json;

pub use json::JsonCheck;

use std::time::SystemTime;

use hyper::header::HeaderMap;
use regex::Regex;
use url::Url;

use super::http::wall;
use super::mask::{is_secret_name, links};
use super::target::{HeaderCheck, HttpExpect, HttpTarget, Restricted};
use super::words::span;
use crate::model::printable::{QUOTE, printable};
use crate::model::{Cause, Reason, Verdict};

/// The last response.
pub(super) struct Seen<'a> {
    pub(super) status: u16,
    pub(super) version: &'static str,
    pub(super) headers: &'a HeaderMap,
    /// Decompressed, as far as it came.
    pub(super) body: &'a [u8],
    /// Where a redirect that is not followed leads.
    pub(super) location: Option<Url>,
    /// What went wrong with the body.
    pub(super) fault: Option<Verdict>,
    pub(super) now: SystemTime,
}

/// The verdict on the last response.
pub(super) fn judge(target: &HttpTarget, seen: &Seen<'_>) -> Verdict {
    if let Some(cause) =
        wall::challenge_header(seen.headers).or_else(|| wall::challenge_page(seen.body))
    {
        return Verdict::Restricted(cause);
    }
    if !target.expect.status.contains(seen.status) {
        return unexpected(target, seen);
    }
    if let Some(cause) = version_fault(target, seen.version) {
        return Verdict::Fail(cause);
    }
    if let Some(fault) = &seen.fault {
        return fault.clone();
    }
    match content_fault(&target.expect, seen.headers, seen.body) {
        Some(cause) => Verdict::Fail(cause),
        None => Verdict::Pass,
    }
}

/// The verdict on a response that was not received but made up: HTTP/2, with a bare status and
/// an HTML body. For replays of what others have seen.
#[must_use]
pub fn of_page(target: &HttpTarget, status: u16, body: &[u8], now: SystemTime) -> Verdict {
    let version = if target.http2 { "2" } else { "1.1" };
    judge(
        target,
        &Seen {
            status,
            version,
            headers: &HeaderMap::new(),
            body,
            location: None,
            fault: None,
            now,
        },
    )
}

/// The wall behind a redirect, if the configuration calls its target one.
pub(super) fn location_wall(restricted: &Restricted, url: &Url) -> Option<Cause> {
    restricted
        .location_matches
        .iter()
        .any(|pattern| pattern.is_match(url.as_str()))
        .then(|| {
            let url = printable(&links(url.as_str()), QUOTE);
            Cause::new(Reason::WallStatus, format!("redirect to {url}, a wall"))
        })
}

/// A status that is not expected: a wall or a failure.
fn unexpected(target: &HttpTarget, seen: &Seen<'_>) -> Verdict {
    let status = seen.status;
    let expected = &target.expect.status;
    if status == 429 {
        let wait = wall::wait(seen.headers, seen.now)
            .map_or_else(String::new, |wait| format!(", for {}", span(wait)));
        return Verdict::Restricted(Cause::new(
            Reason::WallRateLimit,
            format!("status 429: asked to stay away{wait}"),
        ));
    }
    if target.restricted.status.contains(status) {
        return Verdict::Restricted(Cause::new(
            Reason::WallStatus,
            format!("status {status}, a wall for anonymous clients; expected {expected}"),
        ));
    }
    let location = seen.location.as_ref();
    if let Some(cause) = location.and_then(|url| location_wall(&target.restricted, url)) {
        return Verdict::Restricted(cause);
    }
    // A head that is too large says more than the status in it.
    if let Some(fault) = &seen.fault
        && matches!(fault.cause(), Some(cause) if cause.reason == Reason::HttpTooLarge)
        && seen.body.is_empty()
    {
        return fault.clone();
    }
    Verdict::Fail(Cause::new(
        Reason::HttpStatus,
        format!("status {status}, expected {expected}"),
    ))
}

fn version_fault(target: &HttpTarget, version: &'static str) -> Option<Cause> {
    let accepted = match version {
        "2" => target.http2,
        "1.1" => target.http1,
        _ => false,
    };
    (!accepted).then(|| {
        let list = match (target.http1, target.http2) {
            (true, true) => "1.1 and 2 are",
            (true, false) => "1.1 is",
            (false, _) => "2 is",
        };
        Cause::new(
            Reason::HttpVersion,
            format!("server answered with HTTP/{version}, only {list} accepted"),
        )
    })
}

fn content_fault(expect: &HttpExpect, headers: &HeaderMap, body: &[u8]) -> Option<Cause> {
    expect
        .header_matches
        .iter()
        .find_map(|check| header_missing(check, headers))
        .or_else(|| {
            expect
                .header_not_matches
                .iter()
                .find_map(|check| header_forbidden(check, headers))
        })
        .or_else(|| {
            (body.len() < expect.min_body).then(|| {
                Cause::new(
                    Reason::ContentEmpty,
                    format!(
                        "body is {} bytes, at least {} expected",
                        body.len(),
                        expect.min_body
                    ),
                )
            })
        })
        .or_else(|| body_fault(expect, body))
        .or_else(|| {
            expect
                .json
                .as_ref()
                .and_then(|check| check.fault(body))
                .map(|detail| Cause::new(Reason::ContentJson, detail))
        })
}

fn body_fault(expect: &HttpExpect, body: &[u8]) -> Option<Cause> {
    if expect.body_matches.is_empty() && expect.body_not_matches.is_empty() {
        return None;
    }
    let text = String::from_utf8_lossy(body);
    let quote = |pattern: &Regex| printable(pattern.as_str(), QUOTE);
    if let Some(pattern) = expect.body_matches.iter().find(|it| !it.is_match(&text)) {
        return Some(Cause::new(
            Reason::ContentMismatch,
            format!("body of {} bytes lacks \"{}\"", body.len(), quote(pattern)),
        ));
    }
    let pattern = expect
        .body_not_matches
        .iter()
        .find(|it| it.is_match(&text))?;
    Some(Cause::new(
        Reason::ContentForbidden,
        format!("body has \"{}\", which must not be there", quote(pattern)),
    ))
}

fn header_missing(check: &HeaderCheck, headers: &HeaderMap) -> Option<Cause> {
    let detail = match headers.get(&check.name) {
        None if check.allow_missing => return None,
        None => format!("header {} is missing", check.name),
        Some(_) if any_matches(check, headers) => return None,
        Some(_) if is_secret_name(check.name.as_str()) => format!(
            "header {} is not like \"{}\"",
            check.name,
            printable(check.pattern.as_str(), QUOTE)
        ),
        Some(value) => format!(
            "header {} is \"{}\", expected \"{}\"",
            check.name,
            printable(&links(&String::from_utf8_lossy(value.as_bytes())), QUOTE),
            printable(check.pattern.as_str(), QUOTE)
        ),
    };
    Some(Cause::new(Reason::ContentHeader, detail))
}

fn header_forbidden(check: &HeaderCheck, headers: &HeaderMap) -> Option<Cause> {
    // What is absent is not forbidden, whatever `allow_missing` says.
    any_matches(check, headers).then(|| {
        Cause::new(
            Reason::ContentHeader,
            format!(
                "header {} has \"{}\", which must not be there",
                check.name,
                printable(check.pattern.as_str(), QUOTE)
            ),
        )
    })
}

fn any_matches(check: &HeaderCheck, headers: &HeaderMap) -> bool {
    headers.get_all(&check.name).iter().any(|value| {
        check
            .pattern
            .is_match(&String::from_utf8_lossy(value.as_bytes()))
    })
}
