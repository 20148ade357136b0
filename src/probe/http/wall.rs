//! Bot walls: signs that the network answers, but not to a program without an account.

use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use hyper::header::{HeaderMap, RETRY_AFTER};
use regex::bytes::Regex;

use super::exchange::Exchange;
use crate::model::{Cause, Reason};

/// How much of a body is searched for a challenge.
pub(super) const LOOKED_AT: usize = 64 * 1024;

/// Longest stay away that is believed: the schedule has a lower limit of its own.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

static TITLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i-u)<title[^>]{0,200}>\s{0,20}(just a moment\.\.\.|attention required! \| cloudflare)",
    )
    .expect("the pattern is a constant, and a test uses it")
});

/// The challenge that the headers announce.
pub(in crate::probe) fn challenge_header(headers: &HeaderMap) -> Option<Cause> {
    headers
        .get_all("cf-mitigated")
        .iter()
        .any(|value| {
            value
                .as_bytes()
                .trim_ascii()
                .eq_ignore_ascii_case(b"challenge")
        })
        .then(|| {
            Cause::new(
                Reason::WallChallenge,
                "challenge for browsers (header cf-mitigated)",
            )
        })
}

/// The challenge that the body is.
pub(in crate::probe) fn challenge_page(body: &[u8]) -> Option<Cause> {
    let start = &body[..body.len().min(LOOKED_AT)];
    let found = TITLE.captures(start)?;
    let title = String::from_utf8_lossy(found.get(1)?.as_bytes()).into_owned();
    Some(Cause::new(
        Reason::WallChallenge,
        format!("challenge for browsers (page \"{title}\")"),
    ))
}

/// How long a response with status 429 asks us to stay away.
pub(super) fn retry_after(exchange: &Exchange, now: SystemTime) -> Option<Duration> {
    let head = exchange.head.as_ref().filter(|head| head.status == 429)?;
    wait(&head.headers, now)
}

/// What `Retry-After` says: seconds, or a date. Dates in the past ask for nothing.
#[must_use]
pub fn wait(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds).min(LONGEST));
    }
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(LONGEST);
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?;
    let until = SystemTime::from(date.timestamp());
    until.duration_since(now).ok().map(|wait| wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn wait_for(value: &'static str) -> Option<u64> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_700);
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static(value));
        wait(&headers, now).map(|wait| wait.as_secs())
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_date_and_bounded() {
        assert_eq!(wait_for("120"), Some(120));
        assert_eq!(wait_for("Sun, 06 Nov 1994 08:49:37 GMT"), Some(77));
        assert_eq!(wait_for("Sat, 05 Nov 1994 08:49:37 GMT"), None);
        assert_eq!(wait_for("999999999"), Some(86_400));
        assert_eq!(wait_for("99999999999999999999999"), Some(86_400));
        assert_eq!(wait_for("soon"), None);
        assert_eq!(wait_for("-1"), None);
    }

    #[test]
    fn challenge_pages_are_known_by_their_title_only() {
        let page = |title: &str| format!("<html><head>\n<TITLE data-x='1'> {title}</TITLE>");
        assert!(challenge_page(page("Just a moment...").as_bytes()).is_some());
        assert!(challenge_page(page("Attention Required! | Cloudflare").as_bytes()).is_some());
        assert!(challenge_page(b"<p>Just a moment...</p>").is_none());
        assert!(challenge_page(b"<title>Welcome</title>").is_none());
        let late = [vec![b' '; LOOKED_AT], page("Just a moment...").into_bytes()].concat();
        assert!(challenge_page(&late).is_none());
    }
}
