//! What is not a request for a page, and the exact answer to it.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use super::victim::Victim;

/// Sends this, and nothing more; the statuses of all answers until the connection ends. A
/// connection that ends without one has none.
fn statuses(to: SocketAddr, bytes: &[u8]) -> Vec<u16> {
    let mut stream = TcpStream::connect(to).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    // The daemon may have seen enough before all of it is sent.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    // An end by reset is an end, too; what came before it counts.
    let _ = stream.read_to_end(&mut answer);
    let _ = stream.shutdown(Shutdown::Both);
    let text = String::from_utf8_lossy(&answer).into_owned();
    let mut statuses = Vec::new();
    for part in text.split("HTTP/1.").skip(1) {
        statuses.push(part[2..5].parse().expect("a status"));
    }
    statuses
}

/// A request whose connection ends after the answer.
fn request(line: &str, headers: &str) -> Vec<u8> {
    format!("{line}\r\nHost: t\r\nConnection: close\r\n{headers}\r\n").into_bytes()
}

#[test]
fn paths_that_are_not_exactly_a_route_lead_nowhere() {
    let victim = Victim::start("127.0.0.1:0", "", None);
    for (path, status) in [
        ("/metrics", 200),
        ("/metrics?anything=goes", 200),
        // A proxy's way to ask; whose name it is does not matter.
        ("http://evil.example/metrics", 200),
        ("/metrics/", 404),
        ("//metrics", 404),
        ("/./metrics", 404),
        ("/../metrics", 404),
        ("/go/../metrics", 404),
        ("/go/..%2fmetrics", 404),
        ("/%2e%2e/metrics", 404),
        ("/%6detrics", 404),
        ("/metrics%00", 404),
        ("/metrics;x", 404),
        ("/METRICS", 404),
        ("/api/v1/endpoints/x/../../../../etc/passwd", 404),
        ("/-/reload", 404),
    ] {
        let asked = request(&format!("GET {path} HTTP/1.1"), "");
        assert_eq!(statuses(victim.address(), &asked), [status], "{path}");
    }
    let long = request(&format!("GET /{} HTTP/1.1", "a".repeat(15_000)), "");
    assert_eq!(statuses(victim.address(), &long), [404]);
}

#[test]
fn rubbish_is_refused_with_the_status_for_it_and_the_connection_ends() {
    let victim = Victim::start("127.0.0.1:0", "", None);
    let get = |headers: &str| request("GET /healthz HTTP/1.1", headers);
    let line = |line: &str| request(line, "");
    let many: String = (0..64).map(|n| format!("X-{n}: y\r\n")).collect();
    let hello = [22, 3, 1, 0, 5, 1, 0, 0, 1, 3, b'\r', b'\n', b'\r', b'\n'];
    let cases: Vec<(&str, Vec<u8>, &[u16])> = vec![
        ("TRACE", line("TRACE /metrics HTTP/1.1"), &[405]),
        ("small letters", line("get /metrics HTTP/1.1"), &[405]),
        ("DELETE", line("DELETE /metrics HTTP/1.1"), &[405]),
        ("CONNECT", line("CONNECT evil.example:443 HTTP/1.1"), &[404]),
        ("OPTIONS", line("OPTIONS * HTTP/1.1"), &[404]),
        ("no slash", line("GET metrics HTTP/1.1"), &[404]),
        (
            "HTTP/1.0",
            b"GET /healthz HTTP/1.0\r\n\r\n".to_vec(),
            &[200],
        ),
        ("HTTP/0.9", b"GET /healthz\r\n\r\n".to_vec(), &[400]),
        ("HTTP/3.0", line("GET /healthz HTTP/3.0"), &[400]),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), &[]),
        ("TLS", hello.to_vec(), &[400]),
        ("nulls", vec![0; 4096], &[400]),
        ("a null in a value", get("X: a\0b\r\n"), &[400]),
        ("no colon", get("nothing\r\n"), &[400]),
        ("a space before a colon", get("X : y\r\n"), &[400]),
        ("a folded header", get("X: y\r\n z\r\n"), &[400]),
        ("64 headers", get(&many[..many.len() - 9 * 2]), &[200]),
        ("more than 64 headers", get(&many), &[431]),
        (
            "a head of 17 KiB",
            get(&format!("X: {}\r\n", "y".repeat(17 * 1024))),
            &[431],
        ),
        (
            "two lengths",
            get("Content-Length: 1\r\nContent-Length: 2\r\n"),
            &[400],
        ),
        ("no length", get("Content-Length: -1\r\n"), &[400]),
        (
            "a coding that is not there",
            get("Transfer-Encoding: x\r\n"),
            &[400],
        ),
        (
            "an upgrade",
            get("Upgrade: h2c\r\nHTTP2-Settings: AA\r\n"),
            &[200],
        ),
        ("100-continue", get("Expect: 100-continue\r\n"), &[200]),
    ];
    for (what, bytes, expected) in cases {
        assert_eq!(statuses(victim.address(), &bytes), expected, "{what}");
    }
}

#[test]
fn a_request_cannot_hide_in_the_body_of_another() {
    let victim = Victim::start("127.0.0.1:0", "", None);
    let hidden = "GET /metrics HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n";
    for framing in [
        format!("Content-Length: {}\r\n", hidden.len()),
        format!(
            "Content-Length: {}\r\nTransfer-Encoding: chunked\r\n",
            hidden.len()
        ),
        "Transfer-Encoding: chunked\r\n".to_owned(),
    ] {
        let chunk = match framing.contains("chunked") {
            true => format!("{:x}\r\n{hidden}\r\n0\r\n\r\n", hidden.len()),
            false => hidden.to_owned(),
        };
        let asked = format!(
            "GET /healthz HTTP/1.1\r\nHost: t\r\nConnection: close\r\n{framing}\r\n{chunk}"
        );
        let answers = statuses(victim.address(), asked.as_bytes());
        assert!(matches!(answers[..], [200 | 400]), "{framing}: {answers:?}");
    }
}
