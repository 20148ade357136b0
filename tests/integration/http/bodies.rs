//! Bodies: compressed, cut, too large.

use std::io::Write;

use bascule::model::Reason;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use crate::support::certificates::{Authority, wish};
use crate::support::servers::{app, http, https, response, says, shows, tls_each};
use crate::support::targets::{
    assert_fails, assert_pass, http_at, http_of, https_at, pattern, probe_http,
};

const TEXT: &str = "Bienvenue à Rennes. Bienvenue à Rennes. Bienvenue à Rennes.";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

/// Brotli without compression: one stored block (RFC 7932, 9.2), as no encoder is at hand.
fn brotli(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap() - 1;
    assert!(length < 1 << 16);
    // Window bits 16 (0), not last (0), four nibbles (00), length, stored (1); then 0b11: last, empty.
    let head = length << 4 | 1 << 20;
    let mut packed = head.to_le_bytes()[..3].to_vec();
    packed.extend(bytes);
    packed.push(0b11);
    packed
}

async fn serves(encoding: &'static str, body: Vec<u8>) -> std::net::SocketAddr {
    http(app(move |_| {
        response(200, &[("content-encoding", encoding)], body.clone())
    }))
    .await
}

#[tokio::test]
async fn every_encoding_is_undone() {
    let text = TEXT.as_bytes();
    let cases = [
        ("gzip", gzip(text)),
        ("x-gzip", gzip(text)),
        ("gzip", [gzip(&text[..9]), gzip(&text[9..])].concat()),
        ("deflate", zlib(text)),
        ("deflate", deflate(text)),
        ("br", brotli(text)),
        ("zstd", zstd(text)),
        (
            "zstd",
            [
                zstd(&text[..9]),
                b"\x5a\x2a\x4d\x18\x03\0\0\0abc".to_vec(),
                zstd(&text[9..]),
            ]
            .concat(),
        ),
        ("gzip, br", brotli(&gzip(text))),
        ("deflate, identity, gzip", gzip(&zlib(text))),
        ("identity", text.to_vec()),
    ];
    for (encoding, body) in cases {
        let size = body.len() as u64;
        let mut target = http_at(serves(encoding, body).await);
        target.expect.body_matches = vec![pattern(&format!("^{TEXT}$"))];
        let round = probe_http(target).await;
        assert_eq!(round.verdict.as_str(), "pass", "{encoding}: {round:#?}");
        let facts = http_of(&round);
        assert_eq!(facts.encoded_bytes, Some(size), "{encoding}");
        assert_eq!(facts.body_bytes, Some(TEXT.len() as u64), "{encoding}");
    }
}

#[tokio::test]
async fn without_decompress_the_bytes_are_judged_as_they_came() {
    let mut target = http_at(serves("gzip", gzip(TEXT.as_bytes())).await);
    target.decompress = false;
    target.expect.body_matches = vec![pattern("Bienvenue")];
    assert_eq!(
        probe_http(target).await.verdict.cause().unwrap().reason,
        Reason::ContentMismatch
    );
}

#[tokio::test]
async fn a_damaged_or_unknown_encoding_is_http_encoding() {
    let text = TEXT.as_bytes();
    let cut = |mut packed: Vec<u8>| {
        packed.truncate(packed.len() - 3);
        packed
    };
    let cases = [
        ("gzip", cut(gzip(text)), "are not gzip"),
        ("deflate", cut(zlib(text)), "are not deflate"),
        ("deflate", cut(deflate(text)), "are not deflate"),
        ("br", cut(brotli(text)), "are not br"),
        ("zstd", cut(zstd(text)), "are not zstd"),
        ("gzip", b"hello".to_vec(), "are not gzip"),
        ("zstd", b"hello".to_vec(), "are not zstd"),
        (
            "compress",
            text.to_vec(),
            "content encoding \"compress\" is not known",
        ),
        (
            "gzip, gzip, gzip, gzip",
            text.to_vec(),
            "more than 3 content encodings on top of each other",
        ),
    ];
    for (encoding, body, detail) in cases {
        let size = body.len();
        let round = probe_http(http_at(serves(encoding, body).await)).await;
        let detail = if detail.starts_with("are") {
            format!("body cannot be decompressed: {size} bytes {detail}")
        } else {
            detail.to_owned()
        };
        assert_fails(&round, Reason::HttpEncoding, &detail);
        // What could not be unpacked is not shown.
        if size < 10 || encoding == "compress" {
            assert_eq!(http_of(&round).body_prefix, None);
        }
    }
}

#[tokio::test]
async fn a_bomb_is_http_too_large_and_takes_no_room() {
    let zeros = vec![0; 50 << 20];
    let cases = [
        ("gzip", gzip(&zeros)),
        ("deflate", zlib(&zeros)),
        ("zstd", zstd(&zeros)),
        ("gzip, gzip", gzip(&gzip(&zeros))),
    ];
    for (encoding, body) in cases {
        assert!(body.len() < 200_000, "{encoding}");
        let round = probe_http(http_at(serves(encoding, body).await)).await;
        let outer = encoding.rsplit(' ').next().unwrap();
        assert_fails(
            &round,
            Reason::HttpTooLarge,
            &format!("body is larger than 1048576 bytes when decompressed ({outer})"),
        );
        assert_eq!(http_of(&round).body_bytes, Some(1 << 20));
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_http_too_large_in_both_versions() {
    let root = Authority::root("root");
    let config = shows(&root.sign(&wish("good.example")));
    let server = https(config, app(|_| response(200, &[], vec![b'x'; 5000]))).await;
    for http2 in [true, false] {
        let mut target = https_at(server, root.roots());
        target.http2 = http2;
        target.max_body = 5000;
        assert_pass(&probe_http(target.clone()).await);
        target.max_body = 4999;
        let round = probe_http(target).await;
        assert_fails(
            &round,
            Reason::HttpTooLarge,
            "body is 5000 bytes, at most 4999 bytes expected",
        );
        assert_eq!(http_of(&round).encoded_bytes, Some(4999));
    }
    let endless = says(["HTTP/1.1 200 OK\r\n\r\n", &"x".repeat(6000)].concat()).await;
    let mut target = http_at(endless);
    target.max_body = 4999;
    assert_fails(
        &probe_http(target).await,
        Reason::HttpTooLarge,
        "body is larger than allowed, at most 4999 bytes expected",
    );
}

#[tokio::test]
async fn a_body_that_ends_too_early_is_http_truncated() {
    let short = says("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello").await;
    let round = probe_http(http_at(short)).await;
    assert_fails(
        &round,
        Reason::HttpTruncated,
        "response ended after 5 of 100 bytes of the body",
    );
    assert_eq!(http_of(&round).status, Some(200));
    let chunk = says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n").await;
    assert_fails(
        &probe_http(http_at(chunk)).await,
        Reason::HttpTruncated,
        "response ended after 5 bytes of the body",
    );
}

#[tokio::test]
async fn an_http_2_stream_that_ends_too_early_is_http_truncated() {
    let root = Authority::root("root");
    let config = shows(&root.sign(&wish("good.example")));
    let server = tls_each(config, |stream| async move {
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            let head = hyper::Response::builder().header("content-length", "100");
            let mut body = respond
                .send_response(head.body(()).unwrap(), false)
                .unwrap();
            body.send_data("hello".into(), false).unwrap();
            tokio::spawn(async move {
                body.reserve_capacity(1);
                std::future::poll_fn(|context| body.poll_capacity(context)).await;
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                body.send_reset(h2::Reason::INTERNAL_ERROR);
            });
        }
    })
    .await;
    let round = probe_http(https_at(server, root.roots())).await;
    assert_fails(
        &round,
        Reason::HttpTruncated,
        "response was ended by the server (INTERNAL_ERROR) after 5 of 100 bytes of the body",
    );
}

#[tokio::test]
async fn a_compressed_body_that_ends_too_early_is_truncated_not_damaged() {
    let packed = gzip(TEXT.as_bytes());
    let mut bytes = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        packed.len()
    )
    .into_bytes();
    bytes.extend(&packed[..packed.len() - 9]);
    let round = probe_http(http_at(says(bytes).await)).await;
    assert_eq!(round.verdict.cause().unwrap().reason, Reason::HttpTruncated);
}
