//! What the fuzzer demands of conditions and of the pages they are held against.

use std::sync::LazyLock;

use hyper::Method;
use hyper::header::{HeaderMap, HeaderName};
use regex::Regex;
use url::Url;

use super::{JsonCheck, Seen, judge, of_page};
use crate::fuzzing::{choice, sentence};
use crate::model::Verdict;
use crate::probe::fuzz::{now, told};
use crate::probe::target::{HeaderCheck, HttpExpect, HttpTarget, Restricted, StatusSet};
use crate::probe::trust::{ClientTls, MinVersion, Roots};

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern")
}

static TARGET: LazyLock<HttpTarget> = LazyLock::new(|| {
    let mut status = StatusSet::default();
    status.add("2xx").expect("a class");
    let header = |name, pattern: Regex| HeaderCheck {
        name: HeaderName::from_static(name),
        pattern,
        allow_missing: true,
    };
    HttpTarget {
        url: Url::parse("https://www.example.test/").expect("a URL"),
        method: Method::GET,
        headers: Vec::new(),
        credentials: Vec::new(),
        body: bytes::Bytes::new(),
        follow_redirects: false,
        http1: true,
        http2: true,
        decompress: true,
        max_body: 4096,
        connect_to: None,
        tls: ClientTls {
            roots: Roots::none(),
            server_name: None,
            insecure_skip_verify: false,
            min_version: MinVersion::default(),
            identity: None,
        },
        expect: HttpExpect {
            status,
            body_matches: vec![pattern("(?i)ok|<html")],
            body_not_matches: vec![pattern("sorry.{0,20}down")],
            min_body: 1,
            json: JsonCheck::compile("has(body.status) && body.list.all(x, x > 0)").ok(),
            header_matches: vec![header("content-type", pattern("^(text|application)/"))],
            header_not_matches: vec![header("server", pattern("error"))],
        },
        restricted: Restricted {
            status: StatusSet::default(),
            location_matches: vec![pattern("/login")],
        },
    }
});

/// Judges a response; whatever is wrong with it can be told.
pub(in crate::probe) fn judged(
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
    fault: Option<Verdict>,
) {
    let verdict = judge(
        &TARGET,
        &Seen {
            status,
            version: "1.1",
            headers,
            body,
            location: None,
            fault,
            now: now(),
        },
    );
    if let Some(cause) = verdict.cause() {
        told(cause);
    }
}

/// A page, as JSON and as HTML.
pub(crate) fn page_body(bytes: &[u8]) {
    let (status, body) = choice(bytes);
    let status = 200 + u16::from(status);
    let verdict = of_page(&TARGET, status, body, now());
    if let Some(cause) = verdict.cause() {
        told(cause);
    }
}

/// A condition, a zero byte, and the body it is held against. Evaluating it twice says the same.
pub(crate) fn cel_condition(bytes: &[u8]) {
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let source = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let body = parts.next().unwrap_or_default();
    match JsonCheck::compile(&source) {
        Err(why) => sentence(&why, 300),
        Ok(check) => {
            let fault = check.fault(body);
            if let Some(why) = &fault {
                sentence(why, 500);
            }
            let again = check.fault(body);
            assert_eq!(again.is_some(), fault.is_some());
        }
    }
}
