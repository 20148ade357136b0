//! A name server as an attacker, over datagrams, connections, TLS and HTTPS.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::rdata::{CNAME, TXT};
use hickory_resolver::proto::rr::{RData, Record};
use tokio::io::AsyncWriteExt;
use tokio::net::UdpSocket;

use super::attack::{Attack, endure};
use crate::support::certificates::{Authority, wish};
use crate::support::dns::{Incoming, Responder, bytes, fqdn, v4};
use crate::support::servers::{app, hear, http, shows, tls_each};

/// The most memory that a process may take for a whole class of attacks at once, in MiB.
const PEAK: u64 = 64;

/// The bytes of an answer, from its first record on, replaced.
fn forged(q: &Incoming, records: u16, tail: &[u8]) -> Vec<Vec<u8>> {
    let mut reply = q.reply(ResponseCode::NoError);
    reply.edns = None;
    let mut raw = reply.to_vec().unwrap();
    raw[6..8].copy_from_slice(&records.to_be_bytes());
    raw.extend(tail);
    vec![raw]
}

/// A record of the asked name (a pointer to the question), with this type and these data.
fn raw_record(record_type: u16, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xc0, 12];
    bytes.extend(record_type.to_be_bytes());
    bytes.extend([0, 1, 0, 0, 0, 0]);
    bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
    bytes.extend(data);
    bytes
}

/// As many records of addresses as a message can have.
fn four_thousand() -> Vec<u8> {
    (0..4090_u16)
        .flat_map(|n| raw_record(1, &[127, 1, n.to_be_bytes()[0], n.to_be_bytes()[1]]))
        .collect()
}

/// Aliases, each of the one before, and an address at the end.
fn aliases(q: &Incoming, length: usize, is_circle: bool) -> Vec<Vec<u8>> {
    let mut reply = q.reply(ResponseCode::NoError);
    let mut last = q.message.queries[0].name.clone();
    for n in 0..length {
        let next = fqdn(&format!("a{n}.test"));
        reply.add_answer(Record::from_rdata(
            last,
            0,
            RData::CNAME(CNAME(next.clone())),
        ));
        last = next;
    }
    let end = if is_circle {
        RData::CNAME(CNAME(q.message.queries[0].name.clone()))
    } else {
        v4([127, 0, 0, 1])
    };
    reply.add_answer(Record::from_rdata(last, 0, end));
    bytes(&reply)
}

/// Answers the first question with wrong numbers, without end and without a pause.
async fn floods() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut question = [0; 4096];
        let (length, peer) = socket.recv_from(&mut question).await.unwrap();
        question[0] ^= 0xff;
        question[2] |= 0x80;
        while socket.send_to(&question[..length], peer).await.is_ok() {
            tokio::task::yield_now().await;
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_without_end_or_sense_are_bounded_and_told() {
    let mut kept = Vec::new();
    let mut attacks = Vec::new();
    let unreadable = r"the answer of 127.0.0.1:\d+ cannot be read: .*";
    let mut serve = async |script: fn(&Incoming) -> Vec<Vec<u8>>, is_tcp: bool| {
        let server = Responder::start(script).await;
        let scheme = if is_tcp { "tcp" } else { "udp" };
        let resolver = format!("{scheme}://{}", server.address);
        kept.push(server);
        resolver
    };
    let answer = "/dns/0/answers/0/data";
    attacks.extend([
        Attack::dns("to-itself", &serve(|q| forged(q, 1, &[0xc0, 34]), false).await)
            .fails("dns_malformed", unreadable),
        Attack::dns("forward", &serve(|q| forged(q, 1, &[0xc0, 99, 0, 1]), false).await)
            .fails("dns_malformed", unreadable),
        Attack::dns("circle", &serve(|q| forged(q, 1, &[0xc0, 36, 0xc0, 34, 0, 1, 0, 1]), false).await)
            .fails("dns_malformed", unreadable),
        Attack::dns("no-records", &serve(|q| forged(q, 0xffff, &[]), false).await)
            .fails("dns_malformed", unreadable),
        Attack::dns("long-data", &serve(|q| forged(q, 1, &[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0xff, 0xff]), false).await)
            .fails("dns_malformed", unreadable),
        Attack::dns("short-address", &serve(|q| forged(q, 1, &raw_record(1, &[127])), false).await)
            .fails("dns_malformed", unreadable),
        Attack::dns("large-datagram", &serve(|q| forged(q, 4090, &four_thousand()[..if q.over_tcp { 65_440 } else { 60_000 }]), false).await)
            .shows("/dns/0/truncated", "true")
            .shows("/dns/0/transport", "tcp")
            .shows("/dns/0/answers/63/data", "127.1.0.63")
            .shows("/dns/0/answers/64/data", ""),
        Attack::dns("aliases", &serve(|q| aliases(q, 1000, false), true).await)
            .fails("dns_no_answer", ".*")
            .shows(answer, "a0.test."),
        Attack::dns("alias-circle", &serve(|q| aliases(q, 5, true), true).await).fails("dns_no_answer", ".*"),
        Attack::dns("always-cut", &serve(
            |q| {
                let mut reply = q.healthy();
                reply.metadata.truncation = true;
                bytes(&reply)
            },
            false,
        )
        .await)
            .fails("dns_malformed", r"the answer of .* cannot be read: it is cut, although nothing limits it")
            .shows("/dns/0/truncated", "true"),
        Attack::dns("rcode-23", &serve(|q| bytes(&q.reply(ResponseCode::BADCOOKIE)), false).await)
            .fails("dns_rcode", ".*")
            .shows("/dns/0/rcode", "BADCOOKIE"),
        Attack::dns("rcode-3841", &serve(|q| bytes(&q.reply(ResponseCode::Unknown(3841))), false).await)
            .fails("dns_rcode", ".*")
            .shows("/dns/0/rcode", "RCODE3841"),
        // An OPT record whose only option is longer than the record.
        Attack::dns("edns", &serve(
            |q| {
                let mut raw = forged(q, 0, &[0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 4, 0, 10, 0xff, 0xff]).remove(0);
                raw[11] = 1;
                vec![raw]
            },
            false,
        )
        .await)
            .fails("dns_malformed", ".*"),
        Attack::dns("no-time-to-live", &serve(|q| forged(q, 1, &raw_record(1, &[127, 0, 0, 9])), false).await)
            .shows(answer, "127.0.0.9")
            .shows("/dns/0/answers/0/ttl", "0"),
        Attack::dns("name-of-rubbish", &serve(
            |q| forged(q, 2, &[raw_record(5, b"\x09\x1b[31m\r\n\xff\x00\x04\xe2\x80\xae.\0"), raw_record(1, &[127, 0, 0, 9])].concat()),
            false,
        )
        .await)
            .shows(answer, r"[ -~]*"),
        Attack::dns("long-name", &serve(|q| forged(q, 1, &raw_record(5, &[&[b"\x3f".as_slice(), &[0; 63]].concat().repeat(4)[..], b"\0"].concat())), false).await)
            .fails("dns_malformed", unreadable),
        Attack::dns("text", &serve(
            |q| {
                let bombs = TXT::from_bytes(vec![&[0x1b; 255][..]; 100]);
                let mut reply = q.answer([RData::TXT(bombs)]);
                reply.add_answer(Record::from_rdata(q.message.queries[0].name.clone(), 0, v4([127, 0, 0, 1])));
                bytes(&reply)
            },
            true,
        )
        .await)
            .shows(answer, r#""(\\027)+\\?\d*…"#),
        Attack::dns("flood", &format!("udp://{}", floods().await))
            .lasts()
            .fails("dns_timeout", r"no answer from .* in time, asked (once|twice) \(\d{3,} datagrams that do not answer the question were ignored\)"),
    ]);
    endure(attacks, &Authority::root("root"), PEAK).await;
    drop(kept);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_without_end_or_sense_are_bounded_and_told() {
    let root = Authority::root("root");
    let stream = async |begin: &'static [u8], again: &'static [u8], pause| {
        let server = super::attack::goes_on(begin, again, pause).await;
        format!("tcp://{server}")
    };
    let slowly = Duration::from_millis(900);
    let mut config = shows(&root.sign(&wish("good.example")));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let over_tls = async |begin: Vec<u8>, again: Vec<u8>| {
        tls_each(config.clone(), move |mut stream| {
            let (begin, again) = (begin.clone(), again.clone());
            async move {
                hear(&mut stream).await;
                stream.write_all(&begin).await.ok();
                while stream.write_all(&again).await.is_ok() {}
            }
        })
        .await
    };
    let mut tickets = config.clone();
    tickets.send_tls13_tickets = 5000;
    let tickets = crate::support::servers::tls(tickets).await;
    let dot = |server: SocketAddr| format!("tls://good.example@{server}");
    // The certificate is for the address, as a name would have to be looked up.
    let mut by_address = shows(&root.sign(&wish("127.0.0.1")));
    by_address.alpn_protocols = vec![b"http/1.1".to_vec()];
    let doh = async |begin: &'static str, again: String, pause: Duration| {
        let server = tls_each(by_address.clone(), move |mut stream| {
            let again = again.clone();
            async move {
                hear(&mut stream).await;
                stream.write_all(begin.as_bytes()).await.ok();
                while stream.write_all(again.as_bytes()).await.is_ok()
                    && stream.flush().await.is_ok()
                {
                    tokio::time::sleep(pause).await;
                }
            }
        })
        .await;
        format!("https://{server}/dns-query")
    };
    let message = "HTTP/1.1 200 OK\r\nContent-Type: application/dns-message\r\n\r\n";
    let failed = r"HTTP with the resolver .* failed: .*";
    let unreadable = r"the answer of .* cannot be read: .*";
    let attacks = vec![
        Attack::dns("tcp-drip", &stream(&[0, 99], &[0], slowly).await)
            .lasts()
            .fails("dns_timeout", r"no answer from .* in time"),
        Attack::dns("tcp-zero", &stream(&[0, 0], &[0], Duration::ZERO).await)
            .fails("dns_malformed", unreadable),
        Attack::dns(
            "tcp-rubbish",
            &stream(&[0xff, 0xff], &[0xa5; 99], Duration::ZERO).await,
        )
        .fails("dns_malformed", unreadable),
        Attack::dns(
            "tls-rubbish",
            &dot(over_tls(vec![0xff; 2], vec![0xa5; 999]).await),
        )
        .fails("dns_malformed", unreadable),
        Attack::dns("tls-tickets", &dot(tickets)).fails(
            "dns_unreachable",
            r".*(message buffer full|more than 524288 bytes in one conversation)",
        ),
        Attack::dns(
            "https-early",
            &doh(
                "",
                "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(99),
                Duration::ZERO,
            )
            .await,
        )
        .fails("dns_unreachable", failed),
        Attack::dns(
            "https-fields",
            &doh(
                "HTTP/1.1 200 OK\r\n",
                "x: y\r\n".repeat(999),
                Duration::ZERO,
            )
            .await,
        )
        .fails("dns_unreachable", failed),
        Attack::dns(
            "https-body",
            &doh(message, "x".repeat(9000), Duration::ZERO).await,
        )
        .fails("dns_malformed", unreadable),
        Attack::dns("https-drip", &doh(message, "x".to_owned(), slowly).await)
            .lasts()
            .fails("dns_timeout", r"no answer from .* in time"),
        Attack::dns(
            "https-moved",
            &doh(
                "HTTP/1.1 302 x\r\nLocation: https://x.example/\r\n\r\n",
                "x".to_owned(),
                slowly,
            )
            .await,
        )
        .fails(
            "dns_unreachable",
            "the resolver .* answers with HTTP status 302",
        ),
    ];
    endure(attacks, &root, PEAK).await;
}

/// What a name leads to is not held against the name: many are told the addresses of an intranet
/// on purpose. But nobody's address and everybody's are no host.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_may_lead_to_this_machine_but_not_to_nobody_or_everybody() {
    let here = http(app(|_| crate::support::servers::response(200, &[], "here"))).await;
    let mut attacks = Vec::new();
    let mut kept = Vec::new();
    for (name, address) in [
        ("loopback", [127, 0, 0, 1]),
        ("unspecified", [0, 0, 0, 0]),
        ("multicast", [224, 0, 0, 1]),
        ("broadcast", [255, 255, 255, 255]),
    ] {
        let server = Responder::start(move |q| bytes(&q.answer([v4(address)]))).await;
        let attack = Attack::resolved(name, here.port(), &format!("udp://{}", server.address))
            .with("families = [\"ipv4\"]");
        kept.push(server);
        attacks.push(match name {
            "loopback" => attack.shows("/addresses/0/http/body_bytes", "4"),
            _ => attack.fails("tcp_unreachable", r"[\d.]+ is not the address of one host"),
        });
    }
    endure(attacks, &Authority::root("root"), PEAK).await;
    drop(kept);
}
