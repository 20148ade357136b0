//! What is kept of a response: bounded, printable, without secrets.

use hyper::header::{HeaderMap, SET_COOKIE};
use url::Url;

use super::exchange::Exchange;
use crate::model::HttpFacts;
use crate::model::printable::{printable, printable_bytes};
use crate::probe::mask::{MASK, is_secret_name, links};

/// Most headers that are kept.
const FIELDS: usize = 64;
/// Longest value that is kept, in characters.
const VALUE: usize = 1024;
/// How much of a body is kept, in characters.
const PREFIX: usize = 256;
/// Longest URL that is kept, in characters.
const URL: usize = 2048;

/// The facts of an exchange with the given size of the decoded body.
pub(super) fn of(exchange: &Exchange, decoded: Option<usize>) -> HttpFacts {
    let Some(head) = &exchange.head else {
        return HttpFacts::default();
    };
    // A body that was not read, or whose reading broke off at once, has no size.
    let read = exchange.body_took.is_some() || !exchange.body.is_empty();
    HttpFacts {
        body_prefix: None,
        status: Some(head.status),
        version: Some(head.version),
        redirects: Vec::new(),
        content_length: head.content_length,
        encoded_bytes: read.then_some(exchange.body.len() as u64),
        body_bytes: decoded.filter(|_| read).map(|bytes| bytes as u64),
        headers: listed(&head.headers),
    }
}

/// The beginning of a body, on one line; `None` if there is none.
pub(super) fn beginning(body: &[u8]) -> Option<String> {
    // As many bytes as so many characters can have, and the start of one more.
    let enough = &body[..body.len().min(4 * PREFIX + 4)];
    let text = String::from_utf8_lossy(enough).replace(['\r', '\n', '\t'], " ");
    (!body.is_empty()).then(|| printable(&text, PREFIX))
}

/// A URL as it is shown.
pub(super) fn url(url: &Url) -> String {
    printable(&links(url.as_str()), URL)
}

fn listed(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .keys()
        .take(FIELDS)
        .map(|name| {
            let mut joined = String::new();
            for value in headers.get_all(name) {
                if joined.len() > VALUE {
                    break;
                }
                if !joined.is_empty() {
                    joined.push_str(", ");
                }
                if *name == SET_COOKIE {
                    joined.push_str(&masked(value.as_bytes()));
                } else if is_secret_name(name.as_str()) {
                    joined.push_str(MASK);
                } else {
                    // Links come whole: what is cut could not be recognised any more.
                    let text = String::from_utf8_lossy(value.as_bytes());
                    joined.push_str(&printable(&links(&text), VALUE));
                }
            }
            (printable(name.as_str(), 80), printable(&joined, VALUE))
        })
        .collect()
}

/// A cookie without its value: it may open a session. One without `=` is all value.
fn masked(cookie: &[u8]) -> String {
    let pair = cookie.split(|byte| *byte == b';').next();
    let mut halves = pair.unwrap_or_default().split(|byte| *byte == b'=');
    match (halves.next(), halves.next()) {
        (Some(name), Some(_)) => format!("{}=(hidden)", printable_bytes(name, 80)),
        _ => "(hidden)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_cookie_only_the_name_is_kept_if_it_has_one() {
        assert_eq!(masked(b"sid=s3cret; Path=/"), "sid=(hidden)");
        assert_eq!(masked(b"=s3cret"), "=(hidden)");
        assert_eq!(masked(b"s3cret; Path=/"), "(hidden)");
        assert_eq!(masked(b""), "(hidden)");
    }
}
