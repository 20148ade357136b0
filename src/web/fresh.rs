//! Answers that may be kept, but have to be asked for again each time they are shown: a cache
//! that has the same gets 304 and no body, and nobody shows a state that is over.

use hyper::StatusCode;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use sha2::{Digest as _, Sha256};

use super::routes::{Answer, respond};

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");

/// A body, or 304 if the client has it already. Its tag is made of the bytes that are sent, so
/// what is compressed has another one than what is not.
pub(super) fn answer(
    request: &HeaderMap,
    content_type: &'static str,
    body: Vec<u8>,
    gzip: bool,
) -> Answer {
    let tag = tag(&body);
    let mut answer = if knows(request, &tag) {
        let mut answer = respond(StatusCode::NOT_MODIFIED, content_type, Vec::new().into());
        answer.headers_mut().remove(header::CONTENT_TYPE);
        answer
    } else {
        respond(StatusCode::OK, content_type, body.into())
    };
    let head = answer.headers_mut();
    if gzip && head.contains_key(header::CONTENT_TYPE) {
        head.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        head.insert(header::ETAG, tag);
    }
    for (name, value) in [
        (header::CACHE_CONTROL, "no-cache"),
        (header::VARY, "accept-encoding"),
    ] {
        head.insert(name, HeaderValue::from_static(value));
    }
    answer
}

/// The same for a body that pages elsewhere may show.
pub(super) fn anywhere(
    request: &HeaderMap,
    content_type: &'static str,
    body: Vec<u8>,
    gzip: bool,
) -> Answer {
    let mut answer = answer(request, content_type, body, gzip);
    let everybody = HeaderValue::from_static("cross-origin");
    answer
        .headers_mut()
        .insert(CROSS_ORIGIN_RESOURCE_POLICY, everybody);
    answer
}

/// 128 bits of a hash, in quotes.
fn tag(body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    let half = digest.iter().take(16);
    let hex: String = half.map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}

/// Whether the client has what this tag stands for. A weak tag is as good here.
fn knows(request: &HeaderMap, tag: &str) -> bool {
    let values = request.get_all(header::IF_NONE_MATCH);
    let lists = values.iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|known| {
        let known = known.trim();
        known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_the_same_is_recognised_in_every_form_of_the_question() {
        for (asked, expected) in [
            ("\"a\"", true),
            ("W/\"a\"", true),
            ("\"b\", \"a\"", true),
            ("*", true),
            ("\"b\"", false),
            ("a", false),
            ("\"A\"", false),
        ] {
            let mut request = HeaderMap::new();
            request.insert(header::IF_NONE_MATCH, HeaderValue::from_static(asked));
            assert_eq!(knows(&request, "\"a\""), expected, "{asked}");
        }
        assert!(!knows(&HeaderMap::new(), "\"a\""));
    }
}
