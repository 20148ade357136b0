//! A web server as an attacker, over HTTP/2: frames written by hand inside of TLS.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::attack::{Attack, endure};
use crate::support::certificates::{Authority, wish};
use crate::support::servers::{shows, tls_each};

/// The most memory that a process may take for all of these at once, in MiB.
const PEAK: u64 = 64;

/// So that a debug build has less to read until it has had enough.
const SMALL: &str = "max_body = \"64KiB\"";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;

/// `:status: 200` in HPACK.
const STATUS: &[u8] = &[0x88];

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A header that is not kept in the table.
fn field(name: &str, value: &str) -> Vec<u8> {
    let mut bytes = vec![0, u8::try_from(name.len()).unwrap()];
    bytes.extend(name.bytes());
    bytes.push(u8::try_from(value.len()).unwrap());
    bytes.extend(value.bytes());
    bytes
}

/// A value of 4000 bytes that is put into the table, and then used 16,000 times.
fn hpack_bomb() -> Vec<u8> {
    let mut bytes = STATUS.to_vec();
    // Literal with indexing; name `a`; length 4000 in seven bits and more (RFC 7541, 5.1).
    bytes.extend([0x40, 1, b'a', 0x7f, 0xa1, 0x1e]);
    bytes.extend([b'x'; 4000]);
    // The newest entry of the table.
    bytes.extend([0xbe; 12_000]);
    bytes
}

/// A server that waits for the request, says `begin`, and then `again` without end; if that is
/// nothing, it waits for the client to leave.
async fn frames(root: &Authority, begin: Vec<Vec<u8>>, again: Vec<u8>) -> SocketAddr {
    let config = shows(&root.sign(&wish("good.example")));
    let begin = begin.concat();
    tls_each(config, move |mut stream| {
        let (begin, again) = (begin.clone(), again.clone());
        async move {
            let mut heard = Vec::new();
            while !has_request(&heard) {
                if !matches!(stream.read_buf(&mut heard).await, Ok(1..)) {
                    return;
                }
            }
            // A client that does not like what it hears leaves.
            if stream.write_all(&begin).await.is_err() || stream.flush().await.is_err() {
                return;
            }
            if again.is_empty() {
                tokio::io::copy(&mut stream, &mut tokio::io::sink())
                    .await
                    .ok();
                return;
            }
            // Many at a time, so that the records around them do not count for more than they do.
            let again = again.repeat(9000 / again.len() + 1);
            while stream.write_all(&again).await.is_ok() {}
        }
    })
    .await
}

/// Whether the head of a request is behind the 24 bytes that a client begins with.
fn has_request(mut heard: &[u8]) -> bool {
    heard = heard.get(24..).unwrap_or_default();
    while let [_, high, low, kind, _, _, _, _, _, rest @ ..] = heard {
        if *kind == HEADERS {
            return true;
        }
        let length = usize::from(*high) << 8 | usize::from(*low);
        heard = rest.get(length..).unwrap_or_default();
    }
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_without_end_or_sense_are_bounded_and_told() {
    let root = Authority::root("root");
    let hello = || frame(SETTINGS, 0, 0, &[]);
    let open = |fields: &[u8]| frame(HEADERS, END_HEADERS, 1, fields);
    let serve = async |begin: Vec<Vec<u8>>, again: Vec<u8>| frames(&root, begin, again).await;
    let status = "/addresses/0/http/status";
    let before = "more than 262144 bytes before the response";
    let beside = "more than (524288 bytes after the head of|262144 bytes before) the response";
    let protocol = "server does not speak HTTP properly: HTTP/2 [A-Z_]+";
    let too_much =
        "HTTP/2 server sends more than a response may have|response has .*|headers are .*";
    let ended = r"server ended the HTTP/2 exchange before a response \([A-Z_]+\)";
    let padded = frame(DATA, PADDED, 1, &[vec![255], vec![0; 255]].concat());
    let attacks = vec![
        Attack::https(
            "settings",
            serve(
                vec![hello()],
                frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 255, 255]),
            )
            .await,
        )
        .fails("http_too_large", before)
        .shows("/addresses/0/tls/alpn", "h2"),
        Attack::https(
            "pings",
            serve(vec![hello()], frame(PING, 0, 0, &[7; 8])).await,
        )
        .fails("http_too_large", before),
        Attack::https(
            "priorities",
            serve(vec![hello()], frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 1])).await,
        )
        .fails("http_too_large", before),
        Attack::https(
            "unknown",
            serve(vec![hello()], frame(0xfa, 0, 0, &[0; 99])).await,
        )
        .fails("http_too_large", before),
        Attack::https(
            "continuations",
            serve(
                vec![hello(), frame(HEADERS, 0, 1, STATUS)],
                frame(CONTINUATION, 0, 1, &field("x", "y")),
            )
            .await,
        )
        .fails("http_too_large", format!("{too_much}|{before}|{protocol}")),
        Attack::https(
            "empty-continuations",
            serve(
                vec![hello(), frame(HEADERS, 0, 1, STATUS)],
                frame(CONTINUATION, 0, 1, &[]),
            )
            .await,
        )
        .fails("http_too_large", format!("{too_much}|{before}|{protocol}")),
        Attack::https(
            "early",
            serve(vec![hello()], open(&field(":status", "103"))).await,
        )
        .fails("http_too_large", format!("{before}|{too_much}")),
        Attack::https(
            "bomb",
            serve(vec![hello(), open(&hpack_bomb())], vec![]).await,
        )
        .fails("http_too_large", too_much),
        Attack::https(
            "fields",
            serve(
                vec![
                    hello(),
                    open(&[STATUS, &field("x", "y").repeat(1000)].concat()),
                ],
                vec![],
            )
            .await,
        )
        .fails("http_too_large", too_much),
        Attack::https(
            "reset",
            serve(
                vec![hello(), frame(RST_STREAM, 0, 1, &[0, 0, 0, 8])],
                vec![],
            )
            .await,
        )
        .fails("http_closed", ended),
        Attack::https(
            "resets-elsewhere",
            serve(vec![hello()], frame(RST_STREAM, 0, 3, &[0, 0, 0, 8])).await,
        )
        .fails("http_protocol", protocol),
        Attack::https(
            "goodbyes",
            serve(
                vec![hello(), frame(GOAWAY, 0, 0, &[0, 0, 0, 0, 0, 0, 0, 11])],
                vec![],
            )
            .await,
        )
        .fails("http_closed", ended),
        Attack::https(
            "goodbyes-later",
            serve(
                vec![hello()],
                frame(GOAWAY, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 0]),
            )
            .await,
        )
        .fails("http_too_large", before),
        Attack::https(
            "window",
            serve(
                vec![hello()],
                frame(WINDOW_UPDATE, 0, 0, &[0x7f, 255, 255, 255]),
            )
            .await,
        )
        .fails("http_protocol", protocol),
        Attack::https(
            "window-zero",
            serve(vec![frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0])], vec![]).await,
        )
        .with("method = \"POST\"\nbody = \"x\"")
        .lasts()
        .fails("http_timeout", r"no response after \d.*"),
        Attack::https(
            "promise",
            serve(
                vec![
                    hello(),
                    frame(PUSH_PROMISE, END_HEADERS, 1, &[0, 0, 0, 2, 0x82]),
                ],
                vec![],
            )
            .await,
        )
        .fails("http_protocol", protocol),
        Attack::https(
            "giant",
            serve(
                vec![hello(), vec![255, 255, 255, DATA, 0, 0, 0, 0, 1]],
                vec![0; 9000],
            )
            .await,
        )
        .fails("http_protocol", protocol),
        Attack::https("no-hello", serve(vec![open(STATUS)], vec![]).await)
            .lasts()
            .fails("http_timeout", r"response not complete after \d.*"),
        Attack::https("rubbish", serve(vec![], vec![0xa5; 9000]).await)
            .fails("http_protocol", protocol),
        Attack::https(
            "no-status",
            serve(vec![hello(), open(&field("x", "y"))], vec![]).await,
        )
        .fails("http_protocol", protocol),
        Attack::https("padding", serve(vec![hello(), open(STATUS)], padded).await)
            .with(SMALL)
            .fails("http_too_large", format!("{beside}|{too_much}"))
            .shows(status, "200"),
        Attack::https(
            "empty-data",
            serve(vec![hello(), open(STATUS)], frame(DATA, 0, 1, &[])).await,
        )
        .with(SMALL)
        .fails("http_too_large", format!("{beside}|{too_much}"))
        .shows(status, "200"),
        Attack::https(
            "tiny-data",
            serve(vec![hello(), open(STATUS)], frame(DATA, 0, 1, b"x")).await,
        )
        .with(SMALL)
        .fails("http_too_large", format!("{beside}|{too_much}"))
        .shows(status, "200"),
        Attack::https(
            "pings-later",
            serve(vec![hello(), open(STATUS)], frame(PING, 0, 0, &[7; 8])).await,
        )
        .with(SMALL)
        .fails("http_too_large", beside)
        .shows(status, "200"),
        Attack::https("stalls", serve(vec![hello(), open(STATUS)], vec![]).await)
            .lasts()
            .fails("http_timeout", r"response not complete after \d.*")
            .shows(status, "200"),
        Attack::https(
            "too-early",
            serve(
                vec![hello(), frame(HEADERS, END_HEADERS | END_STREAM, 1, STATUS)],
                frame(DATA, 0, 1, b"x"),
            )
            .await,
        ),
    ];
    endure(attacks, &root, PEAK).await;
}
