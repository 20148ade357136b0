//! Requests that are answered, badly or not at all.

use bascule::model::{Layer, Reason};
use bascule::probe::target::What;
use bytes::Bytes;
use hyper::{Method, Version};

use crate::support::certificates::{Authority, wish};
use crate::support::servers::{
    Log, app, http, https, resets, response, says, says_and_stalls, shows, silent, tls_each,
};
use crate::support::targets::{
    AFTER_SHORT, SHORT, assert_fails, assert_pass, assert_told_like, field, http_at, http_of,
    https_at, only, probe, probe_http, statuses, target,
};

#[tokio::test]
async fn a_plain_page_passes_with_all_phases_timed() {
    let server = http(app(|_| response(200, &[("x-one", "1")], "hello"))).await;
    let round = probe_http(http_at(server)).await;
    assert_pass(&round);
    let phases = only(&round).phases;
    assert!(phases.connect.is_some() && phases.first_byte.is_some() && phases.body.is_some());
    assert_eq!((phases.resolve, phases.tls), (None, None));
    assert_eq!(only(&round).reached, Some(Layer::Content));
    let facts = http_of(&round);
    assert_eq!((facts.status, facts.version), (Some(200), Some("1.1")));
    assert_eq!(facts.content_length, Some(5));
    assert_eq!((facts.encoded_bytes, facts.body_bytes), (Some(5), Some(5)));
    assert!(
        facts
            .headers
            .contains(&("x-one".to_owned(), "1".to_owned()))
    );
}

#[tokio::test]
async fn http_2_is_spoken_where_it_is_agreed_on_and_1_1_elsewhere() {
    let root = Authority::root("root");
    let chain = root.sign(&wish("good.example"));
    let spoken = |request: &hyper::Request<_>| match request.version() {
        Version::HTTP_2 => response(200, &[], request.uri().to_string()),
        _ => response(200, &[], request.headers()["host"].as_bytes().to_vec()),
    };
    let server = https(shows(&chain), app(spoken)).await;
    let mut target = https_at(server, root.roots());
    target.url = "https://good.example:8443/a?b=c".parse().unwrap();
    target.expect.body_matches = vec![crate::support::targets::pattern(
        r"^https://good\.example:8443/a\?b=c$",
    )];
    let round = probe_http(target.clone()).await;
    assert_pass(&round);
    assert_eq!(http_of(&round).version, Some("2"));
    target.http2 = false;
    target.expect.body_matches = vec![crate::support::targets::pattern(r"^good\.example:8443$")];
    let round = probe_http(target).await;
    assert_pass(&round);
    assert_eq!(http_of(&round).version, Some("1.1"));
    assert_eq!(
        only(&round).tls.as_ref().unwrap().alpn.as_deref(),
        Some("http/1.1")
    );
}

#[tokio::test]
async fn method_headers_credentials_and_body_are_sent() {
    let log = Log::default();
    let server = http({
        let log = log.clone();
        app(move |request| {
            log.write(
                request,
                &[
                    "accept",
                    "authorization",
                    "content-length",
                    "accept-encoding",
                ],
            );
            response(200, &[], "")
        })
    })
    .await;
    let mut target = http_at(server);
    target.method = Method::POST;
    target.headers = vec![field("accept", "text/html")];
    target.credentials = vec![field("authorization", "Bearer s3cret")];
    target.body = Bytes::from_static(b"question");
    assert_pass(&probe_http(target.clone()).await);
    target.decompress = false;
    target.method = Method::HEAD;
    target.body = Bytes::new();
    assert_pass(&probe_http(target).await);
    assert_eq!(
        log.lines(),
        [
            "POST / accept=text/html authorization=Bearer s3cret content-length=8 \
             accept-encoding=gzip, br, zstd, deflate",
            "HEAD / accept=text/html authorization=Bearer s3cret accept-encoding=identity",
        ]
    );
}

#[tokio::test]
async fn an_unexpected_status_is_http_status() {
    let server = http(app(|_| response(503, &[], "down for maintenance"))).await;
    let mut target = http_at(server);
    target.expect.status = statuses(&["200", "2xx", "301"]);
    let round = probe_http(target).await;
    assert_fails(
        &round,
        Reason::HttpStatus,
        "status 503, expected 200, 301, 2xx",
    );
    assert_eq!(http_of(&round).body_bytes, Some(20));
    assert_eq!(only(&round).reached, Some(Layer::Http));
}

#[tokio::test]
async fn status_999_is_understood_in_both_versions() {
    let root = Authority::root("root");
    let config = shows(&root.sign(&wish("good.example")));
    let server = https(config, app(|_| response(999, &[], ""))).await;
    for http2 in [true, false] {
        let mut target = https_at(server, root.roots());
        target.http2 = http2;
        let round = probe_http(target.clone()).await;
        assert_fails(&round, Reason::HttpStatus, "status 999, expected 2xx");
        target.expect.status = statuses(&["999"]);
        assert_pass(&probe_http(target).await);
    }
}

#[tokio::test]
async fn silence_after_the_request_is_http_timeout() {
    let mut target = target(What::Http(Box::new(http_at(silent().await))));
    target.limits.response = SHORT;
    let round = probe(&target).await;
    assert_told_like(
        &round,
        "fail",
        Reason::HttpTimeout,
        &format!(r"no response {AFTER_SHORT}"),
    );
    assert!(only(&round).phases.connect.is_some());
    assert_eq!(only(&round).http, None);
}

#[tokio::test]
async fn a_stalled_body_is_http_timeout_and_keeps_the_status() {
    let server = says_and_stalls("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal").await;
    let mut target = target(What::Http(Box::new(http_at(server))));
    target.limits.response = SHORT;
    let round = probe(&target).await;
    assert_told_like(
        &round,
        "fail",
        Reason::HttpTimeout,
        &format!(r"response not complete {AFTER_SHORT}: 3 bytes of the body came"),
    );
    assert_eq!(http_of(&round).status, Some(200));
    assert_eq!(http_of(&round).encoded_bytes, Some(3));
    assert!(only(&round).phases.first_byte.is_some());
    assert_eq!(only(&round).phases.body, None);
}

#[tokio::test]
async fn a_connection_closed_or_reset_before_a_response_is_http_closed() {
    assert_fails(
        &probe_http(http_at(says(b"").await)).await,
        Reason::HttpClosed,
        "server closed the connection before a response",
    );
    assert_fails(
        &probe_http(http_at(resets().await)).await,
        Reason::HttpClosed,
        "server reset the connection before a response",
    );
    assert_fails(
        &probe_http(http_at(says("HTTP/1.1 200 OK\r\nX-Half: ").await)).await,
        Reason::HttpClosed,
        "server closed the connection before a response",
    );
}

#[tokio::test]
async fn another_protocol_is_http_protocol() {
    for rubbish in [
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
    ] {
        let round = probe_http(http_at(says(rubbish).await)).await;
        assert_told_like(
            &round,
            "fail",
            Reason::HttpProtocol,
            "server does not speak HTTP properly: .+",
        );
    }
    let server = says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n").await;
    let round = probe_http(http_at(server)).await;
    assert_eq!(round.verdict.cause().unwrap().reason, Reason::HttpProtocol);
    assert_eq!(http_of(&round).status, Some(200));
}

#[tokio::test]
async fn rubbish_where_http_2_was_agreed_on_is_http_protocol() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let root = Authority::root("root");
    let config = shows(&root.sign(&wish("good.example")));
    let server = tls_each(config, |mut stream| async move {
        let mut preface = [0; 4096];
        assert!(stream.read(&mut preface).await.unwrap() > 0);
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        tokio::io::copy(&mut stream, &mut tokio::io::sink())
            .await
            .ok();
    })
    .await;
    let round = probe_http(https_at(server, root.roots())).await;
    assert_eq!(
        round.verdict.cause().unwrap().reason,
        Reason::HttpProtocol,
        "{round:#?}"
    );
}

#[tokio::test]
async fn a_version_that_is_not_accepted_is_http_version() {
    let old = says("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let round = probe_http(http_at(old)).await;
    assert_fails(
        &round,
        Reason::HttpVersion,
        "server answered with HTTP/1.0, only 1.1 and 2 are accepted",
    );
    assert_eq!(http_of(&round).version, Some("1.0"));
    let root = Authority::root("root");
    let mut config = shows(&root.sign(&wish("good.example")));
    config.alpn_protocols.clear();
    let server = https(config, app(|_| response(200, &[], ""))).await;
    let mut target = https_at(server, root.roots());
    target.http1 = false;
    assert_fails(
        &probe_http(target).await,
        Reason::HttpVersion,
        "server does not offer HTTP/2, and nothing else is accepted",
    );
}

#[tokio::test]
async fn a_certificate_with_a_fault_ends_the_round_before_a_request_is_sent() {
    let root = Authority::root("root");
    let log = Log::default();
    let config = shows(&root.sign(&wish("good.example").valid(-30, -3)));
    let server = https(config, {
        let log = log.clone();
        app(move |request| {
            log.write(request, &[]);
            response(200, &[], "hello")
        })
    })
    .await;
    let mut target = https_at(server, root.roots());
    let round = probe_http(target.clone()).await;
    assert_fails(&round, Reason::TlsExpired, "certificate expired 3 days ago");
    assert_eq!(only(&round).reached, Some(Layer::Tls));
    assert_eq!(only(&round).http, None);
    assert!(log.lines().is_empty());
    target.tls.insecure_skip_verify = true;
    let round = probe_http(target).await;
    assert_pass(&round);
    let facts = only(&round).tls.as_ref().unwrap();
    assert_eq!(facts.verify_error, Some(Reason::TlsExpired));
    assert_eq!(log.lines(), ["GET /"]);
}

/// A server that ends every HTTP/2 exchange with this before a response.
async fn ends_with(reason: h2::Reason, root: &Authority) -> std::net::SocketAddr {
    let config = shows(&root.sign(&wish("good.example")));
    tls_each(config, move |stream| async move {
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            respond.send_reset(reason);
        }
    })
    .await
}

#[tokio::test]
async fn an_http_2_exchange_ended_before_a_response_is_http_closed() {
    let root = Authority::root("root");
    let server = ends_with(h2::Reason::REFUSED_STREAM, &root).await;
    assert_fails(
        &probe_http(https_at(server, root.roots())).await,
        Reason::HttpClosed,
        "server ended the HTTP/2 exchange before a response (REFUSED_STREAM)",
    );
    let server = ends_with(h2::Reason::HTTP_1_1_REQUIRED, &root).await;
    assert_fails(
        &probe_http(https_at(server, root.roots())).await,
        Reason::HttpVersion,
        "server asks for HTTP/1.1 after agreeing on HTTP/2",
    );
}
