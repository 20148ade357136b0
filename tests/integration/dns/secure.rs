//! DNS over HTTPS, and what can go wrong with it. (Over TLS: beside unbound, in `servers`.)

use std::path::PathBuf;

use bascule::model::{Family, Reason, Transport, Verdict};
use bascule::probe::dns::DnsClient;
use bascule::probe::target::Resolver;
use hickory_resolver::proto::op::{Message, OpCode};
use hickory_resolver::proto::rr::{Record, RecordType};
use tempfile::TempDir;

use crate::support::dns::*;
use crate::support::dns_tls::*;

const MESSAGE: &str = "application/dns-message";

/// A healthy answer to the message.
fn healthy(raw: &[u8]) -> Vec<u8> {
    let question = Message::from_vec(raw).unwrap();
    assert_eq!(question.metadata.id, 0, "so that caches can work");
    let mut reply = Message::response(0, OpCode::Query);
    reply.add_queries(question.queries.iter().cloned());
    let name = question.queries[0].name.clone();
    let data = match question.queries[0].query_type {
        RecordType::AAAA => v6("2001:db8::7"),
        _ => v4([192, 0, 2, 7]),
    };
    reply.add_answer(Record::from_rdata(name, 60, data));
    reply.to_vec().unwrap()
}

/// A resolver over HTTPS, found by its name in a hosts file.
struct World {
    _server: HttpsResponder,
    _directory: TempDir,
    client: DnsClient,
    resolver: Resolver,
}

async fn world(
    alpn: &str,
    certificate_for: &str,
    answer: impl Fn(&[u8]) -> Answer + Send + Sync + 'static,
) -> World {
    let identity = self_signed(certificate_for);
    let server = HttpsResponder::start(&identity, alpn, answer).await;
    let directory = TempDir::new().unwrap();
    let hosts: PathBuf = directory.path().join("hosts");
    std::fs::write(&hosts, "127.0.0.1 dns.example.test\n").unwrap();
    let url = format!(
        "https://dns.example.test:{}/dns-query?x=1",
        server.address.port()
    );
    World {
        client: trusting_and_reading(&identity, "/dev/null".as_ref(), &hosts),
        resolver: resolver(&url),
        _server: server,
        _directory: directory,
    }
}

async fn probe(world: &World) -> bascule::probe::dns::DnsProbe {
    let target = target("www.example.test", RecordType::A);
    let resolvers = [world.resolver.clone()];
    world.client.probe(&target, &resolvers, PLENTY).await
}

#[tokio::test]
async fn over_https_a_question_is_answered_in_either_version_of_http() {
    for alpn in ["h2", "http/1.1"] {
        let world = world(alpn, "dns.example.test", |raw| (200, MESSAGE, healthy(raw))).await;
        let probed = probe(&world).await;
        assert_eq!(probed.verdict, Verdict::Pass, "{alpn}");
        assert_eq!(probed.queries[0].transport, Transport::Https);
        assert_eq!(probed.queries[0].answers[0].data, "192.0.2.7");

        let resolvers = [world.resolver.clone()];
        let found = world
            .client
            .resolve("www.example.test", &Family::ALL, &resolvers, PLENTY)
            .await;
        assert_eq!(found.addresses.len(), 2);
    }
}

#[tokio::test]
async fn over_https_an_http_error_is_dns_unreachable() {
    for alpn in ["h2", "http/1.1"] {
        let world = world(alpn, "dns.example.test", |_| (503, "text/plain", vec![])).await;
        let probed = probe(&world).await;
        assert_fails(&probed.verdict, Reason::DnsUnreachable);
        let detail = &probed.verdict.cause().unwrap().detail;
        assert!(detail.ends_with("answers with HTTP status 503"), "{detail}");
        assert_eq!(probed.queries[0].transport, Transport::Https);
    }
}

#[tokio::test]
async fn over_https_what_is_not_a_dns_message_is_dns_malformed() {
    let page = |_: &[u8]| (200, "text/html", b"<h1>welcome</h1>".to_vec());
    let world_of_pages = world("h2", "dns.example.test", page).await;
    let probed = probe(&world_of_pages).await;
    assert_fails(&probed.verdict, Reason::DnsMalformed);

    let flood = |_: &[u8]| (200, MESSAGE, vec![0; 70_000]);
    let world_of_floods = world("http/1.1", "dns.example.test", flood).await;
    let probed = probe(&world_of_floods).await;
    assert_fails(&probed.verdict, Reason::DnsMalformed);
}

#[tokio::test]
async fn over_https_a_certificate_for_another_name_is_dns_unreachable() {
    let world = world("h2", "other.test", |raw| (200, MESSAGE, healthy(raw))).await;
    let probed = probe(&world).await;
    assert_fails(&probed.verdict, Reason::DnsUnreachable);
    let detail = &probed.verdict.cause().unwrap().detail;
    assert!(detail.contains("not valid for name"), "{detail}");
}

#[tokio::test]
async fn over_https_a_host_that_we_have_nobody_to_ask_for_is_local_resolver() {
    let identity = self_signed("dns.example.test");
    let client = trusting(&identity);
    let resolvers = [resolver("https://unknown.example.test/dns-query")];
    let target = target("www.example.test", RecordType::A);
    let probed = client.probe(&target, &resolvers, PLENTY).await;
    assert_inconclusive(&probed.verdict, Reason::LocalResolver);
}

#[tokio::test]
async fn over_tls_what_is_not_tls_is_dns_unreachable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serve = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        let (mut stream, _) = listener.accept().await.unwrap();
        stream
            .write_all(b"220 mail.example.test ESMTP\r\n")
            .await
            .unwrap();
        stream
    });
    let target = target("www.example.test", RecordType::A);
    let resolvers = [resolver(&format!("tls://dns.example.test@{address}"))];
    let probed = client().probe(&target, &resolvers, PLENTY).await;
    assert_fails(&probed.verdict, Reason::DnsUnreachable);
    assert_eq!(probed.queries[0].transport, Transport::Tls);
    serve.await.unwrap();
}

#[tokio::test]
async fn a_silent_handshake_is_dns_timeout() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let target = target("www.example.test", RecordType::A);
    for text in [
        format!("tls://dns.example.test@{address}"),
        format!("https://{address}/dns-query"),
        format!("tcp://{address}"),
    ] {
        let probed = client().probe(&target, &[resolver(&text)], SHORT).await;
        assert_fails(&probed.verdict, Reason::DnsTimeout);
    }
}
