//! Redirects of an attacker: without end, without sense, and into our own network.

use std::net::SocketAddr;

use tokio::io::AsyncWriteExt;

use super::attack::{Attack, endure};
use super::server::{HEAD, PEAK};
use crate::support::certificates::Authority;
use crate::support::child::alone_in_own_network;
use crate::support::servers::{app, hear, http, response};

/// Redirects to what `location` makes of the path.
async fn redirects(location: impl Fn(&str) -> String + Send + Sync + 'static) -> SocketAddr {
    http(app(move |request| {
        response(302, &[("location", &location(request.uri().path()))], "")
    }))
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redirects_without_end_or_sense_are_http_redirects() {
    let scheme =
        |scheme: &str| format!("redirect to scheme \"{scheme}\", only http and https are followed");
    let last = http(app(|request| {
        assert!(!request.headers().contains_key("authorization"));
        match request.uri().path() {
            "/in" => response(200, &[], "in"),
            _ => response(
                302,
                &[("location", "http://user:s3cret@userinfo.example/in")],
                "",
            ),
        }
    }))
    .await;
    let attacks = vec![
        Attack::http("loop", redirects(|_| "/".to_owned()).await)
            .fails("http_redirects", "more than 10 redirects")
            .shows("/addresses/0/http/redirects/9/status", "302"),
        Attack::http(
            "growing",
            redirects(|path| format!("{path}{}", "x".repeat(900))).await,
        )
        .fails(
            "http_redirects",
            "more than 10 redirects|redirect to a URL of .*",
        ),
        Attack::http(
            "long",
            redirects(|_| format!("/{}", "x".repeat(60_000))).await,
        )
        .fails(
            "http_redirects",
            "redirect to a URL of 60001 bytes, at most 8192 are followed",
        )
        .shows("/addresses/0/http/status", "302"),
        Attack::http(
            "megabyte",
            redirects(|_| format!("/{}", "x".repeat(1 << 20))).await,
        )
        .fails("http_too_large", format!("{HEAD}|headers are .*")),
        Attack::http("file", redirects(|_| "file:///etc/passwd".to_owned()).await)
            .fails("http_redirects", scheme("file")),
        Attack::http(
            "javascript",
            redirects(|_| "javascript:alert(1)".to_owned()).await,
        )
        .fails("http_redirects", scheme("javascript")),
        Attack::http(
            "unix",
            redirects(|_| "unix:/run/docker.sock".to_owned()).await,
        )
        .fails("http_redirects", scheme("unix")),
        Attack::http(
            "port-0",
            redirects(|_| "http://x.example:0/".to_owned()).await,
        )
        .fails("http_redirects", "redirect to port 0"),
        Attack::http("userinfo", last).shows(
            "/addresses/0/http/redirects/0/url",
            "http://userinfo.example/in",
        ),
    ];
    endure(attacks, &Authority::root("root"), PEAK).await;
}

/// A server with a public address must not choose what is asked inside our own network; one of
/// ours may.
#[test]
fn a_public_server_sends_nobody_into_our_own_network() {
    let setup = "ip link set lo up\nip address add 192.0.2.7/32 dev lo\n\
                 ip address add 10.9.9.9/32 dev lo\nip address add 169.254.169.254/32 dev lo";
    if !alone_in_own_network(
        "abuse::redirects::a_public_server_sends_nobody_into_our_own_network",
        setup,
    ) {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        // Whoever is let in meets this one: it listens everywhere.
        let listener = tokio::net::TcpListener::bind("[::]:8080").await.unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                hear(&mut stream).await;
                let inside =
                    b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\ninside";
                stream.write_all(inside).await.ok();
            }
        });
        let mut attacks = Vec::new();
        for (name, place, address) in [
            ("loopback", "127.0.0.1", "127.0.0.1"),
            ("number", "2130706433", "127.0.0.1"),
            ("metadata", "169.254.169.254", "169.254.169.254"),
            ("private", "10.9.9.9", "10.9.9.9"),
            ("localhost", "localhost", "127.0.0.1"),
            ("v6", "[::1]", "::1"),
            ("mapped", "[::ffff:10.9.9.9]", "::ffff:10.9.9.9"),
            ("unspecified", "0", "0.0.0.0"),
        ] {
            let there = format!("http://{place}:8080/");
            let outside = at("192.0.2.7", there.clone()).await;
            let told = format!(
                "redirect from a public address into our own network \\({}\\) is not followed",
                regex::escape(address)
            );
            attacks.push(
                Attack::http(name, outside)
                    .fails("http_redirects", told)
                    .shows("/addresses/0/http/status", "302")
                    .shows("/addresses/0/http/redirects/0/address", "")
                    .shows("/addresses/0/http/body_prefix", ""),
            );
        }
        let inside = at("10.9.9.9", "http://127.0.0.1:8080/".to_owned()).await;
        attacks.push(
            Attack::http("ours", inside)
                .shows("/addresses/0/http/redirects/0/address", "127.0.0.1:8080"),
        );
        let public = at("192.0.2.7", "http://192.0.2.7:8080/".to_owned()).await;
        attacks.push(Attack::http("public", public).shows("/addresses/0/http/body_bytes", "6"));
        endure(attacks, &Authority::root("root"), PEAK).await;
    });
}

/// A server at this address that redirects there.
async fn at(address: &str, location: String) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind((address, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            hear(&mut stream).await;
            stream.write_all(answer.as_bytes()).await.ok();
        }
    });
    address
}
