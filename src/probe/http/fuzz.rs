//! What the fuzzer demands of responses.

use std::io::Read as _;
use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::read::{DeflateDecoder, GzDecoder, ZlibDecoder};
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use http_body_util::Full;
use hyper::Request;
use hyper::header::{CONTENT_ENCODING, HeaderMap, HeaderName, HeaderValue, LOCATION, SET_COOKIE};
use url::Url;

use super::exchange::{self, Exchange, FIELDS, HEAD, Head, Protocol, Wanted};
use super::{decode, facts, redirect, wall};
use crate::fuzzing::{choice, harmless, sentence};
use crate::model::{HttpFacts, Verdict};
use crate::probe::deadline::Deadline;
use crate::probe::expect::fuzz::judged;
use crate::probe::fuzz::{Script, now, run, told};
use crate::probe::tap::Tap;

const BODY: usize = 4096;

static FROM: LazyLock<Url> =
    LazyLock::new(|| Url::parse("https://www.example.test/one/two?q").expect("a URL"));

/// A whole response on a connection, HTTP/1.1 or 2, in pieces.
pub(crate) fn http_response(bytes: &[u8]) {
    let (how, bytes) = choice(bytes);
    let (piece, bytes) = choice(bytes);
    let protocol = if how & 1 == 0 {
        Protocol::Http1
    } else {
        Protocol::Http2
    };
    let wanted = match how >> 1 & 3 {
        0 => Wanted::Nothing,
        1 => Wanted::Start(100),
        _ => Wanted::All(BODY),
    };
    let request = Request::get(FROM.as_str())
        .body(Full::<Bytes>::default())
        .expect("a request");
    let stream = Script::new(bytes, usize::from(piece) * 16, None);
    let (stream, valve) = Tap::new(stream, HEAD, "before anything");
    let deadline = Deadline::after(Duration::from_secs(60));
    let exchange = run(exchange::run(
        stream,
        valve,
        protocol,
        request,
        |_| wanted,
        deadline,
    ));
    assert!(exchange.body.len() <= BODY);
    if let Some(cause) = exchange.fault.as_ref().and_then(Verdict::cause) {
        told(cause);
    }
    shown(&exchange);
}

/// What is kept of a response, and what is thought of it.
fn shown(exchange: &Exchange) {
    let Some(head) = &exchange.head else {
        assert!(
            exchange.fault.is_some(),
            "nothing came, and that is no fault"
        );
        return;
    };
    let decoded = decode::undo(&head.headers, &exchange.body, BODY);
    assert!(decoded.bytes.iter().all(|bytes| bytes.len() <= BODY));
    let body = decoded.bytes.as_deref().unwrap_or(&exchange.body);
    kept(&facts::of(exchange, Some(body.len())));
    if let Some(beginning) = facts::beginning(body) {
        harmless(&beginning, 257);
    }
    let fault = exchange.fault.clone();
    judged(head.status, &head.headers, body, fault);
    if let Some(wait) = wall::retry_after(exchange, now()) {
        assert!(wait <= Duration::from_secs(86_400));
    }
}

fn kept(facts: &HttpFacts) {
    assert!(facts.headers.len() <= 64);
    for (name, value) in &facts.headers {
        sentence(name, 81);
        harmless(value, 1025);
    }
}

/// Lines of headers, without a connection around them.
pub(crate) fn http_headers(bytes: &[u8]) {
    let mut headers = HeaderMap::new();
    let lines = bytes.split(|byte| *byte == b'\n').take(FIELDS);
    for line in lines {
        let at = line.iter().position(|byte| *byte == b':');
        let (name, value) = line.split_at(at.unwrap_or(line.len()));
        let value = value.strip_prefix(b":").unwrap_or(value).trim_ascii();
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name), HeaderValue::from_bytes(value))
        {
            headers.append(name, value);
        }
    }
    let hidden = headers.get_all(SET_COOKIE).iter();
    let hidden: Vec<HeaderValue> = hidden.cloned().collect();
    assert!(headers.len() <= FIELDS && bytes.len() <= HEAD);
    let content_length = None;
    let exchange = Exchange {
        head: Some(Head {
            status: 429,
            version: "2",
            headers,
            content_length,
        }),
        ..Exchange::default()
    };
    shown(&exchange);
    let facts = facts::of(&exchange, None);
    let cookies = facts.headers.iter().find(|(name, _)| name == "set-cookie");
    for secret in hidden.iter().filter_map(|value| value.to_str().ok()) {
        let value = secret.split_once('=').map_or("", |(_, value)| value);
        let shown = cookies.map_or("", |(_, shown)| shown);
        let is_telling = value.len() > 8 && !value.contains(['=', ',', '(', ' ']);
        let elsewhere = hidden.iter().map(HeaderValue::as_bytes);
        let names = elsewhere.filter_map(|it| it.split(|byte| *byte == b'=').next());
        let names: String = names.map(String::from_utf8_lossy).collect();
        assert!(!is_telling || names.contains(value) || !shown.contains(value));
    }
}

/// Where a redirect leads, if it leads anywhere, is a place that may be asked.
pub(crate) fn redirect_location(bytes: &[u8]) {
    let Ok(location) = HeaderValue::from_bytes(bytes) else {
        return;
    };
    match redirect::target(&FROM, Some(&location)) {
        Err(cause) => told(&cause),
        Ok(url) => {
            assert!(matches!(url.scheme(), "http" | "https"), "{url}");
            assert!(url.username().is_empty() && url.password().is_none());
            assert!(url.fragment().is_none() && url.port() != Some(0) && url.has_host());
            assert_eq!(Url::parse(url.as_str()).as_ref(), Ok(&url));
            sentence(&facts::url(&url), 2049);
            let mut headers = HeaderMap::new();
            headers.insert(LOCATION, location);
            judged(302, &headers, b"", None);
        }
    }
}

const CODINGS: [&str; 8] = [
    "gzip",
    "deflate",
    "br",
    "zstd",
    "gzip, br",
    "deflate, zstd, gzip",
    "identity, x-gzip",
    "zstd, br",
];

/// Packed bodies: never more comes out than may, and what others packed comes out whole.
pub(crate) fn packed_body(bytes: &[u8]) {
    let (how, bytes) = choice(bytes);
    let coding = CODINGS[usize::from(how) % CODINGS.len()];
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
    let decoded = decode::undo(&headers, bytes, BODY);
    let out = decoded.bytes.expect("the coding is known");
    assert!(out.len() <= BODY);
    match decoded.fault {
        Some(cause) => told(&cause),
        None => same_as_others(coding, bytes, &out),
    }
    if how & 0x80 != 0 {
        for (coding, packed) in packed(bytes) {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
            let decoded = decode::undo(&headers, &packed, BODY);
            let expected = &bytes[..bytes.len().min(BODY)];
            assert_eq!(decoded.bytes.as_deref(), Some(expected), "{coding}");
            assert_eq!(decoded.fault.is_some(), bytes.len() > BODY, "{coding}");
        }
    }
}

/// What we unpack without a complaint, the library's own reader unpacks to the same.
fn same_as_others(coding: &str, bytes: &[u8], out: &[u8]) {
    let mut others = Vec::new();
    let read = match coding {
        "gzip" => GzDecoder::new(bytes).read_to_end(&mut others).is_ok(),
        "deflate" => {
            ZlibDecoder::new(bytes).read_to_end(&mut others).is_ok() || {
                others.clear();
                DeflateDecoder::new(bytes).read_to_end(&mut others).is_ok()
            }
        }
        _ => return,
    };
    assert!(read, "only we can read it");
    // A reader of one member stops behind it.
    assert!(out.starts_with(&others));
}

fn packed(bytes: &[u8]) -> [(&'static str, Vec<u8>); 3] {
    let level = Compression::fast();
    let mut gzip = GzEncoder::new(Vec::new(), level);
    let mut zlib = ZlibEncoder::new(Vec::new(), level);
    let mut bare = DeflateEncoder::new(Vec::new(), level);
    for writer in [&mut gzip as &mut dyn std::io::Write, &mut zlib, &mut bare] {
        writer.write_all(bytes).expect("a vector takes everything");
    }
    [
        ("gzip", gzip.finish().unwrap_or_default()),
        ("deflate", zlib.finish().unwrap_or_default()),
        ("deflate", bare.finish().unwrap_or_default()),
    ]
}
