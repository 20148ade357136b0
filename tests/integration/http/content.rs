//! Complete responses that are not what is expected.

use bascule::model::{Layer, Reason};
use bascule::probe::expect::JsonCheck;
use bascule::probe::target::{HeaderCheck, HttpTarget};
use bytes::Bytes;

use crate::support::servers::{app, http, response};
use crate::support::targets::{
    assert_fails, assert_pass, http_at, http_of, only, pattern, probe_http,
};

/// A target whose server says this.
async fn says(headers: &'static [(&str, &str)], body: &'static str) -> HttpTarget {
    http_at(
        http(app(move |_| {
            response(200, headers, Bytes::from_static(body.as_bytes()))
        }))
        .await,
    )
}

fn check(name: &str, text: &str, allow_missing: bool) -> HeaderCheck {
    HeaderCheck {
        name: name.parse().unwrap(),
        pattern: pattern(text),
        allow_missing,
    }
}

#[tokio::test]
async fn a_body_without_the_expected_text_is_content_mismatch() {
    let mut target = says(&[], "hello world").await;
    target.expect.body_matches = vec![pattern("hel+o"), pattern("Bienvenue")];
    let round = probe_http(target).await;
    assert_fails(
        &round,
        Reason::ContentMismatch,
        "body of 11 bytes lacks \"Bienvenue\"",
    );
    assert_eq!(only(&round).reached, Some(Layer::Content));
}

#[tokio::test]
async fn the_beginning_of_a_body_is_kept_where_the_verdict_is_not_pass() {
    let mut target = says(&[], "<title>Sorry</title>\n\t\u{202e}we \u{1b}[31mbroke").await;
    assert_eq!(http_of(&probe_http(target.clone()).await).body_prefix, None);
    target.expect.body_matches = vec![pattern("Welcome")];
    assert_eq!(
        http_of(&probe_http(target).await).body_prefix.as_deref(),
        Some("<title>Sorry</title>  \u{fffd}we \u{fffd}[31mbroke")
    );

    // Of a long one, 256 characters and the sign that there is more.
    let long: &'static str = "ü".repeat(3000).leak();
    let mut target = says(&[], long).await;
    target.expect.min_body = 9000;
    let round = probe_http(target).await;
    let kept = format!("{}…", "ü".repeat(256));
    assert_eq!(http_of(&round).body_prefix, Some(kept));

    // An error page is read as well, a body that was not sent is none.
    let error = http(app(|_| response(503, &[], "no healthy upstream"))).await;
    let round = probe_http(http_at(error)).await;
    let kept = Some("no healthy upstream".to_owned());
    assert_eq!(http_of(&round).body_prefix, kept);
    let empty = http(app(|_| response(503, &[], ""))).await;
    let round = probe_http(http_at(empty)).await;
    assert_eq!(http_of(&round).body_prefix, None);
}

#[tokio::test]
async fn a_body_with_a_forbidden_text_is_content_forbidden() {
    let mut target = says(&[], "Something went wrong").await;
    target.expect.body_not_matches = vec![pattern("fine"), pattern("(?i)something WENT wrong")];
    assert_fails(
        &probe_http(target).await,
        Reason::ContentForbidden,
        "body has \"(?i)something WENT wrong\", which must not be there",
    );
}

#[tokio::test]
async fn a_header_that_is_wrong_missing_or_forbidden_is_content_header() {
    let mut target = says(&[("x-kind", "one"), ("x-kind", "two")], "").await;
    target.expect.header_matches = vec![check("x-kind", "^two$", false)];
    assert_pass(&probe_http(target.clone()).await);
    target.expect.header_matches = vec![check("x-other", "^two$", true)];
    assert_pass(&probe_http(target.clone()).await);
    target.expect.header_matches = vec![check("x-other", "^two$", false)];
    assert_fails(
        &probe_http(target.clone()).await,
        Reason::ContentHeader,
        "header x-other is missing",
    );
    target.expect.header_matches = vec![check("x-kind", "three", false)];
    assert_fails(
        &probe_http(target.clone()).await,
        Reason::ContentHeader,
        "header x-kind is \"one\", expected \"three\"",
    );
    target.expect.header_matches.clear();
    target.expect.header_not_matches = vec![check("x-kind", "^two$", true)];
    assert_fails(
        &probe_http(target).await,
        Reason::ContentHeader,
        "header x-kind has \"^two$\", which must not be there",
    );
}

#[tokio::test]
async fn a_white_screen_is_content_empty() {
    let mut target = says(&[], "").await;
    assert_pass(&probe_http(target.clone()).await);
    target.expect.min_body = 512;
    assert_fails(
        &probe_http(target).await,
        Reason::ContentEmpty,
        "body is 0 bytes, at least 512 expected",
    );
    let mut target = says(&[], "<html></html>").await;
    target.expect.min_body = 14;
    assert_fails(
        &probe_http(target).await,
        Reason::ContentEmpty,
        "body is 13 bytes, at least 14 expected",
    );
}

#[tokio::test]
async fn json_that_is_not_the_expected_one_is_content_json() {
    let cases = [
        ("{\"status\":\"ok\"}", None),
        (
            "{\"status\":\"down\"}",
            Some("JSON does not meet `body.status == 'ok'`"),
        ),
        (
            "<!doctype html><title>hello</title>",
            Some("body is HTML, not JSON"),
        ),
        ("", Some("body is empty, not JSON")),
        (
            "{",
            Some("body is not JSON: EOF while parsing an object at line 1 column 1"),
        ),
    ];
    for (body, detail) in cases {
        let mut target = says(&[], body).await;
        target.expect.json = Some(JsonCheck::compile("body.status == 'ok'").unwrap());
        let round = probe_http(target).await;
        match detail {
            None => assert_pass(&round),
            Some(detail) => assert_fails(&round, Reason::ContentJson, detail),
        }
    }
}

#[tokio::test]
async fn of_several_findings_the_first_in_the_order_is_told() {
    let mut target = says(&[], "oops").await;
    target.expect.header_matches = vec![check("x-other", "", false)];
    target.expect.min_body = 5;
    target.expect.body_matches = vec![pattern("hello")];
    target.expect.body_not_matches = vec![pattern("oops")];
    target.expect.json = Some(JsonCheck::compile("body.ok").unwrap());
    let mut told = Vec::new();
    for _ in 0..5 {
        let cause = probe_http(target.clone()).await.verdict.cause().cloned();
        told.push(cause.unwrap().reason);
        // Lift what was told, and look what comes next.
        let expect = &mut target.expect;
        match told.last().unwrap() {
            Reason::ContentHeader => expect.header_matches.clear(),
            Reason::ContentEmpty => expect.min_body = 0,
            Reason::ContentMismatch => expect.body_matches.clear(),
            _ => expect.body_not_matches.clear(),
        }
    }
    assert_eq!(
        told,
        [
            Reason::ContentHeader,
            Reason::ContentEmpty,
            Reason::ContentMismatch,
            Reason::ContentForbidden,
            Reason::ContentJson,
        ]
    );
}
