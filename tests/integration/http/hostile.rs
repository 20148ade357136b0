//! Servers that mean harm: floods, drips, and text that is more than text.

use std::time::Duration;

use bascule::model::Reason;
use bascule::probe::target::What;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::certificates::{Authority, wish};
use crate::support::servers::{each, says, shows, tls_each};
use crate::support::targets::{
    AFTER_SHORT, SHORT, assert_fails, assert_pass, assert_told_like, http_at, http_of, https_at,
    probe, probe_http, target,
};

#[tokio::test]
async fn a_flood_of_headers_is_http_too_large() {
    let many = ["HTTP/1.1 200 OK\r\n", &"x: y\r\n".repeat(500), "\r\n"].concat();
    let long = ["HTTP/1.1 200 OK\r\nx: ", &"y".repeat(100_000), "\r\n\r\n"].concat();
    assert_fails(
        &probe_http(http_at(says(many).await)).await,
        Reason::HttpTooLarge,
        "headers exceed 65536 bytes or 128 fields",
    );
    // Who notices first depends on how the bytes arrive.
    assert_told_like(
        &probe_http(http_at(says(long).await)).await,
        "fail",
        Reason::HttpTooLarge,
        "headers exceed 65536 bytes or 128 fields|headers are 100005 bytes, at most 65536 are accepted",
    );
}

#[tokio::test]
async fn a_flood_of_http_2_headers_is_http_too_large() {
    let root = Authority::root("root");
    for (fields, size, detail) in [
        (200, 1, "response has 20. headers, at most 128 are accepted"),
        (
            10,
            12_000,
            "headers are 12.... bytes, at most 65536 are accepted",
        ),
    ] {
        let config = shows(&root.sign(&wish("good.example")));
        let server = tls_each(config, move |stream| async move {
            let mut connection = h2::server::handshake(stream).await.unwrap();
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                let mut head = hyper::Response::new(());
                for number in 0..fields {
                    let name: hyper::header::HeaderName = format!("x-{number}").parse().unwrap();
                    let value = "y".repeat(size).parse().unwrap();
                    head.headers_mut().insert(name, value);
                }
                respond.send_response(head, true).unwrap();
            }
        })
        .await;
        let round = probe_http(https_at(server, root.roots())).await;
        assert_told_like(&round, "fail", Reason::HttpTooLarge, detail);
        assert_eq!(http_of(&round).status, Some(200));
        assert!(http_of(&round).headers.len() <= 64);
    }
}

#[tokio::test]
async fn endless_interim_responses_are_http_too_large() {
    let server = each(|mut stream| async move {
        let mut request = [0; 4096];
        assert!(stream.read(&mut request).await.unwrap() > 0);
        let interim = "HTTP/1.1 103 Early Hints\r\nx: y\r\n\r\n".repeat(100);
        while stream.write_all(interim.as_bytes()).await.is_ok() {}
    })
    .await;
    assert_fails(
        &probe_http(http_at(server)).await,
        Reason::HttpTooLarge,
        "more than 262144 bytes before the response",
    );
    let few = "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    assert_pass(&probe_http(http_at(says(few).await)).await);
}

/// Sends `byte` again and again, each long before any timeout of silence.
async fn drips(head: &'static str, byte: &'static [u8]) -> std::net::SocketAddr {
    each(move |mut stream| async move {
        let mut request = [0; 4096];
        assert!(stream.read(&mut request).await.unwrap() > 0);
        stream.write_all(head.as_bytes()).await.ok();
        while stream.write_all(byte).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await
}

#[tokio::test]
async fn drops_are_cut_off_by_the_time_limit_of_the_response() {
    let head = drips("HTTP/1.1 200 OK\r\nx: ", b"y").await;
    let body = drips("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"y").await;
    let interim = drips("", b"HTTP/1.1 103 Early Hints\r\n\r\n").await;
    for (server, detail) in [
        (head, &format!(r"no response {AFTER_SHORT}")),
        (
            body,
            &format!(r"response not complete {AFTER_SHORT}: \d+ bytes of the body came"),
        ),
        (interim, &format!(r"no response {AFTER_SHORT}")),
    ] {
        let mut target = target(What::Http(Box::new(http_at(server))));
        target.limits.response = SHORT;
        let round = probe(&target).await;
        assert_told_like(&round, "fail", Reason::HttpTimeout, detail);
    }
}

#[tokio::test]
async fn the_round_ends_in_time_however_many_hops_drip() {
    // Every hop is quick enough by itself.
    let server = each(|mut stream| async move {
        let mut request = [0; 4096];
        assert!(stream.read(&mut request).await.unwrap() > 0);
        tokio::time::sleep(SHORT / 2).await;
        let again = b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(again).await.ok();
        tokio::io::copy(&mut stream, &mut tokio::io::sink())
            .await
            .ok();
    })
    .await;
    let mut target = target(What::Http(Box::new(http_at(server))));
    target.limits.response = SHORT;
    target.limits.round = 2 * SHORT;
    let round = probe(&target).await;
    assert_told_like(
        &round,
        "fail",
        Reason::HttpTimeout,
        r"no response after \d+ ms",
    );
    assert!(round.duration < 4 * SHORT, "{:?}", round.duration);
    assert!((2..=4).contains(&http_of(&round).redirects.len()));
}

#[tokio::test]
async fn facts_are_bounded_printable_and_without_cookies_values() {
    let mut head = "HTTP/1.1 200 OK\r\nSet-Cookie: session=s3cret; Path=/\r\n".to_owned();
    head.push_str("Set-Cookie: other=s3cret\r\n");
    for number in 0..100 {
        head.push_str(&format!(
            "X-{number}: \u{1b}[31m{}\r\n",
            "é\u{202e}".repeat(100)
        ));
    }
    head = head.replace('\u{1b}', "\u{85}");
    head.push_str("\r\n");
    let round = probe_http(http_at(says(head).await)).await;
    let facts = http_of(&round);
    assert_eq!(facts.headers.len(), 64);
    let text = format!("{:?}", facts.headers);
    assert!(!text.contains("s3cret"));
    assert!(facts.headers.contains(&(
        "set-cookie".to_owned(),
        "session=(hidden), other=(hidden)".to_owned()
    )));
    let all = facts
        .headers
        .iter()
        .map(|(_, value)| value)
        .cloned()
        .collect::<String>();
    assert!(all.contains('é') && all.contains('\u{fffd}'));
    assert!(!all.contains('\u{202e}') && !all.contains('\u{85}'));
}

#[tokio::test]
async fn details_quote_the_server_only_in_printable_letters() {
    let server = says("HTTP/1.1 302 Found\r\nLocation: http://[\u{202e}\u{85}\r\n\r\n").await;
    assert_fails(
        &probe_http(http_at(server)).await,
        Reason::HttpRedirects,
        "redirect to \"http://[\u{fffd}\u{fffd}\", which is not a URL",
    );
}
