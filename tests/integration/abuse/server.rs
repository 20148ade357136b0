//! A web server as an attacker, over HTTP/1.

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use tokio::io::AsyncWriteExt;

use super::attack::{Attack, endure, goes_on};
use crate::support::certificates::Authority;
use crate::support::servers::{app, each, hear, http, reset, response, says, says_and_stalls};

/// The most memory that a process may take for a whole class of attacks at once, in MiB.
pub(super) const PEAK: u64 = 64;

/// The same with windows of 8 and 16 MiB to unpack from, several at a time.
const UNPACKED: u64 = 128;

const AT_ONCE: Duration = Duration::ZERO;
const SLOWLY: Duration = Duration::from_millis(900);
const OK: &str = "HTTP/1.1 200 OK\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
pub(super) const HEAD: &str = "headers exceed 65536 bytes or 128 fields";
const SPEAKS: &str = "server does not speak HTTP properly: .*";

fn ok(headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{OK}{headers}\r\n").into_bytes();
    bytes.extend(body);
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_without_end_or_sense_are_bounded_and_told() {
    let status = "/addresses/0/http/status";
    let cookies: String = (0..100)
        .map(|n| format!("Set-Cookie: c{n}=s3cret{}\r\n", "x".repeat(500)))
        .collect();
    let cookies = format!("{cookies}Content-Length: 0\r\n");
    let attacks = vec![
        Attack::http(
            "fields",
            goes_on(OK, "x: y\r\n".repeat(1000), AT_ONCE).await,
        )
        .fails("http_too_large", HEAD),
        Attack::http(
            "field",
            goes_on([OK, "x: "].concat(), "y".repeat(9000), AT_ONCE).await,
        )
        .fails("http_too_large", format!("{HEAD}|headers are .*")),
        Attack::http(
            "line",
            goes_on("HTTP/1.1 200 ", "O".repeat(9000), AT_ONCE).await,
        )
        .fails("http_too_large", HEAD),
        Attack::http(
            "early",
            goes_on("", "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(99), AT_ONCE).await,
        )
        .fails(
            "http_too_large",
            "more than 262144 bytes before the response",
        ),
        Attack::http(
            "continue",
            goes_on("", "HTTP/1.1 100 Continue\r\n\r\n".repeat(99), AT_ONCE).await,
        )
        .fails(
            "http_too_large",
            "more than 262144 bytes before the response",
        ),
        Attack::http("slow-head", goes_on(OK, "x", SLOWLY).await)
            .lasts()
            .fails("http_timeout", r"no response after \d.*")
            .shows("/addresses/0/phases/connect", r"\d.*"),
        Attack::http("nothing", says_and_stalls("").await)
            .lasts()
            .fails("http_timeout", r"no response after \d.*"),
        Attack::http(
            "status-000",
            says("HTTP/1.1 000 x\r\nContent-Length: 0\r\n\r\n").await,
        )
        .fails("http_protocol", SPEAKS),
        Attack::http(
            "status-99",
            says("HTTP/1.1 99 x\r\nContent-Length: 0\r\n\r\n").await,
        )
        .fails("http_protocol", SPEAKS),
        Attack::http(
            "status-999",
            says("HTTP/1.1 999 \x01\r\nContent-Length: 0\r\n\r\n").await,
        )
        .fails("http_protocol", SPEAKS),
        Attack::http(
            "upgrade",
            says("HTTP/1.1 101 Switching Protocols\r\n\r\n").await,
        )
        .fails("http_status", "status 101, expected 2xx"),
        Attack::http(
            "folded",
            says(ok("X: a\r\n b\r\nContent-Length: 0\r\n", b"")).await,
        )
        .fails("http_protocol", SPEAKS),
        Attack::http(
            "nul",
            says(ok("X: a\0b\r\nContent-Length: 0\r\n", b"")).await,
        )
        .fails("http_protocol", SPEAKS),
        Attack::http(
            "escape",
            says(ok("X\x1b[31m: a\r\nContent-Length: 0\r\n", b"")).await,
        )
        .fails("http_protocol", SPEAKS),
        Attack::http(
            "no-utf8",
            says(b"HTTP/1.1 200 OK\r\nX: a\xff\xfe\r\nContent-Length: 0\r\n\r\n".to_vec()).await,
        )
        .shows("/addresses/0/http/headers/x", "a\u{fffd}\u{fffd}"),
        Attack::http("cookies", says(ok(&cookies, b"")).await).shows(
            "/addresses/0/http/headers/set-cookie",
            r"c0=\(hidden\), c1=.*…",
        ),
        Attack::http("no-number", says(ok("Content-Length: -1\r\n", b"x")).await)
            .fails("http_protocol", SPEAKS),
        Attack::http(
            "too-big",
            says(ok("Content-Length: 99999999999999999999999\r\n", b"x")).await,
        )
        .fails("http_protocol", SPEAKS),
        Attack::http(
            "max",
            says(ok("Content-Length: 18446744073709551615\r\n", b"x")).await,
        )
        .fails("http_too_large", ".*"),
        Attack::http(
            "huge",
            says(ok("Content-Length: 1000000000000000000\r\n", b"xy")).await,
        )
        .fails(
            "http_truncated",
            "response ended after 2 of 1000000000000000000 bytes of the body",
        )
        .shows(status, "200"),
        Attack::http(
            "two-lengths",
            says(ok("Content-Length: 1\r\nContent-Length: 2\r\n", b"xy")).await,
        )
        .fails("http_protocol", SPEAKS),
        Attack::http(
            "smuggled",
            says(ok(
                "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
                b"1\r\nx\r\n0\r\n\r\n",
            ))
            .await,
        )
        .shows("/addresses/0/http/body_bytes", "1"),
        Attack::http(
            "later",
            says("HTTP/1.1 429 x\r\nRetry-After: 31557600000000\r\nContent-Length: 0\r\n\r\n")
                .await,
        )
        .restricted("wall_rate_limit", ".*"),
    ];
    endure(attacks, &Authority::root("root"), PEAK).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_without_end_or_sense_are_bounded_and_told() {
    let status = "/addresses/0/http/status";
    let resets = each(|mut stream| async move {
        hear(&mut stream).await;
        stream
            .write_all(&ok("Content-Length: 9\r\n", b"half"))
            .await
            .ok();
        tokio::time::sleep(Duration::from_millis(200)).await;
        reset(stream);
    })
    .await;
    let large = "body is larger than allowed, at most 1048576 bytes expected";
    let beside = "more than (1310720 bytes after the head of|262144 bytes before) the response";
    let attacks = vec![
        Attack::http(
            "endless",
            goes_on(ok("", b""), "x".repeat(9000), AT_ONCE).await,
        )
        .fails("http_too_large", large)
        .shows("/addresses/0/http/encoded_bytes", "1048576"),
        Attack::http(
            "announced",
            goes_on(
                ok("Content-Length: 99999999999\r\n", b""),
                "x".repeat(9000),
                AT_ONCE,
            )
            .await,
        )
        .fails(
            "http_too_large",
            "body is 99999999999 bytes, at most 1048576 bytes expected",
        )
        .shows(status, "200"),
        Attack::http(
            "chunks",
            goes_on(
                CHUNKED,
                format!("2328\r\n{}\r\n", "x".repeat(9000)),
                AT_ONCE,
            )
            .await,
        )
        .fails("http_too_large", large),
        Attack::http(
            "tiny-chunks",
            goes_on(CHUNKED, "1\r\nx\r\n".repeat(1000), AT_ONCE).await,
        )
        .with("max_body = \"256KiB\"")
        .fails("http_too_large", beside)
        .shows(status, "200")
        .shows("/addresses/0/http/encoded_bytes", r"\d+"),
        Attack::http(
            "extensions",
            goes_on([CHUNKED, "1;"].concat(), "x=y;".repeat(1000), AT_ONCE).await,
        )
        .fails("http_protocol", SPEAKS)
        .shows(status, "200"),
        Attack::http(
            "trailers",
            goes_on(
                [CHUNKED, "0\r\n"].concat(),
                "x: y\r\n".repeat(1000),
                AT_ONCE,
            )
            .await,
        )
        .fails("http_protocol", SPEAKS)
        .shows(status, "200"),
        Attack::http(
            "long-size",
            goes_on(CHUNKED, "0".repeat(1000), AT_ONCE).await,
        )
        .with("max_body = \"256KiB\"")
        .fails("http_too_large", beside)
        .shows(status, "200"),
        Attack::http(
            "slow-body",
            goes_on(ok("Content-Length: 999\r\n", b""), "x", SLOWLY).await,
        )
        .lasts()
        .fails(
            "http_timeout",
            r"response not complete after \d.*: [1-9] bytes of the body came",
        )
        .shows(status, "200"),
        Attack::http("reset", resets)
            .fails(
                "http_truncated",
                "response was reset after 4 of 9 bytes of the body",
            )
            .shows(status, "200"),
        Attack::http(
            "keeps",
            says_and_stalls(ok("Content-Length: 2\r\n", b"ok")).await,
        )
        .shows("/addresses/0/http/body_bytes", "2"),
        Attack::http(
            "too-much",
            goes_on(
                ok("Content-Length: 2\r\n", b"ok"),
                "x".repeat(9000),
                AT_ONCE,
            )
            .await,
        )
        .shows("/addresses/0/http/body_bytes", "2"),
        Attack::http(
            "redirect-body",
            goes_on(
                "HTTP/1.1 302 x\r\nLocation: ftp://x/\r\n\r\n",
                "x".repeat(9000),
                AT_ONCE,
            )
            .await,
        )
        .fails(
            "http_redirects",
            "redirect to scheme \"ftp\", only http and https are followed",
        ),
        Attack::http(
            "error-body",
            goes_on("HTTP/1.1 500 x\r\n\r\n", "x".repeat(9000), AT_ONCE).await,
        )
        .fails("http_status", "status 500, expected 2xx"),
    ];
    endure(attacks, &Authority::root("root"), PEAK).await;
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// 100 MiB of nothing in each encoding. The one of brotli was made once, as there is no encoder here.
fn bombs() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let zeros = vec![0; 100 << 20];
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(&zeros).unwrap();
    let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
    raw.write_all(&zeros).unwrap();
    let brotli = "cfffff7f002400e2b14072effff9ffff0f8004401c1680eefd3fffffff01900088c302d0bdffe7ff\
                  ff3f001200715800baf7fffcffff074002200e0b40f7fe9fffffff004800c46101e8deffe7ffff0f\
                  000980382c00ddfb1f";
    let brotli: Vec<u8> = (0..brotli.len() / 2)
        .map(|at| u8::from_str_radix(&brotli[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    let zstd = ruzstd::encoding::compress_to_vec(&zeros[..], level);
    let twice = gzip(&gzip(&zeros));
    vec![
        ("bomb-gzip", "gzip", gzip(&zeros)),
        ("bomb-zlib", "deflate", zlib.finish().unwrap()),
        ("bomb-deflate", "deflate", raw.finish().unwrap()),
        ("bomb-br", "br", brotli.clone()),
        ("bomb-zstd", "zstd", zstd),
        ("bomb-gzip-gzip", "gzip, gzip", twice.clone()),
        ("bomb-gzip-gzip-gzip", "gzip, gzip, gzip", gzip(&twice)),
        ("bomb-br-gzip", "br, gzip", gzip(&brotli)),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bombs_in_every_encoding_are_http_too_large_and_take_no_room() {
    let mut attacks = Vec::new();
    for (name, encoding, body) in bombs() {
        assert!(body.len() < 1 << 20, "{name} has {} bytes", body.len());
        let server = http(app(move |_| {
            response(200, &[("content-encoding", encoding)], body.clone())
        }));
        let detail = r"body is larger than 1048576 bytes when decompressed \(\w+\)";
        attacks.push(
            Attack::http(name, server.await)
                .fails("http_too_large", detail)
                .shows("/addresses/0/http/body_bytes", "1048576"),
        );
    }
    // Windows, frames and members that cost the decoder more than they say.
    let empty = gzip(b"");
    let members = empty.repeat((1 << 20) / empty.len());
    let skipped = b"\x50\x2a\x4d\x18\0\0\0\0".repeat(1 << 17);
    // Magic, a window of 8 MiB, one last empty block.
    let frames = b"\x28\xb5\x2f\xfd\x00\x68\x01\0\0".repeat((1 << 20) / 9);
    let window = b"\x28\xb5\x2f\xfd\x00\xff\x01\0\0".to_vec();
    let damaged = r"body cannot be decompressed: \d+ bytes are not \w+";
    for (name, encoding, body, is_fine) in [
        ("members", "gzip", members, true),
        ("skipped", "zstd", skipped, true),
        ("frames", "zstd", frames, true),
        ("window", "zstd", window, false),
        ("cut-br", "br", vec![0xcf, 0xff, 0xff], false),
        ("stacked", "br, br, br, br", vec![0; 9], false),
    ] {
        let server = http(app(move |_| {
            response(200, &[("content-encoding", encoding)], body.clone())
        }));
        let attack = Attack::http(name, server.await);
        attacks.push(match (is_fine, name) {
            (true, _) => attack.shows("/addresses/0/http/body_bytes", "0"),
            (false, "stacked") => attack.fails(
                "http_encoding",
                "more than 3 content encodings on top of each other",
            ),
            (false, _) => attack.fails("http_encoding", damaged),
        });
    }
    endure(attacks, &Authority::root("root"), UNPACKED).await;
}
