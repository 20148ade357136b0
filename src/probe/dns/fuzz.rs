//! What the fuzzer demands of answers from name servers, and of this machine's own files.

use std::net::SocketAddr;
use std::str::FromStr as _;
use std::sync::LazyLock;
use std::time::Duration;

use hickory_resolver::proto::rr::{Name, RecordType};
use regex::Regex;

use super::exchange::converse;
use super::hosts::Hosts;
use super::judge::{address_trouble, expectation_trouble};
use super::wire::{Heard, MAX_RECORDS, Question, Reply, family_type};
use super::{system, text};
use crate::fuzzing::{choice, harmless, sentence};
use crate::model::Family;
use crate::probe::deadline::Deadline;
use crate::probe::fuzz::{Script, run, told};
use crate::probe::target::{DnsTarget, ResponseCode};

const TYPES: [RecordType; 12] = [
    RecordType::A,
    RecordType::AAAA,
    RecordType::CNAME,
    RecordType::TXT,
    RecordType::MX,
    RecordType::HTTPS,
    RecordType::ANY,
    RecordType::SRV,
    RecordType::CAA,
    RecordType::SOA,
    RecordType::TLSA,
    RecordType::Unknown(65400),
];

fn name() -> Name {
    Name::from_str("www.example.test.").expect("a name")
}

fn question(which: u8) -> Question {
    Question::new(name(), TYPES[usize::from(which) % TYPES.len()])
}

/// The first byte chooses the record type, the rest is the message; its number is the right one.
pub(crate) fn dns_answer(bytes: &[u8]) {
    let (which, bytes) = choice(bytes);
    let question = question(which);
    let mut message = bytes.to_vec();
    if let Some(id) = message.get_mut(..2) {
        id.copy_from_slice(&[0, 7]);
    }
    match question.read(7, &message) {
        Heard::Reply(reply) => replied(&question, &reply, message.len()),
        Heard::Unreadable(why) => sentence(&why, 256),
        Heard::Truncated | Heard::Foreign => {}
    }
    assert!(matches!(question.read(8, &message), Heard::Foreign));
}

fn replied(question: &Question, reply: &Reply, length: usize) {
    assert!(reply.records.len() <= MAX_RECORDS);
    assert!(reply.addresses.len() <= reply.answers.len());
    // No record is shorter than eleven bytes.
    assert!(reply.answers.len() <= length / 11);
    for record in &reply.records {
        harmless(&record.data, 256);
        sentence(&record.record_type, 20);
    }
    // A name has 255 bytes, each written with four characters at most; so has a text.
    let most = 4 * length + 3 * 1024;
    assert!(reply.answers.iter().all(|answer| answer.len() <= most));
    for address in &reply.addresses {
        let asked = question.record_type();
        assert!(asked == RecordType::ANY || asked == family_type(Family::of(*address)));
    }
    sentence(&text::rcode(reply.code), 20);
    if let Some(trouble) = address_trouble(reply, "www.example.test", "A") {
        told(&trouble);
    }
    if let Some(trouble) = expectation_trouble(&TARGET, reply) {
        told(&trouble);
    }
}

static TARGET: LazyLock<DnsTarget> = LazyLock::new(|| DnsTarget {
    name: name(),
    record_type: RecordType::A,
    rcodes: vec![ResponseCode::NoError],
    min_answers: 2,
    answers_match: vec![Regex::new("^192\\.0\\.2\\.").expect("a pattern")],
    agree: false,
});

/// The same behind its length on a connection, in pieces.
pub(crate) fn dns_stream(bytes: &[u8]) {
    let (which, bytes) = choice(bytes);
    let (piece, bytes) = choice(bytes);
    let echo = (piece & 1 == 0).then_some(2);
    let server = SocketAddr::from(([192, 0, 2, 53], 53));
    let question = question(which);
    let stream = Script::new(bytes, usize::from(piece), echo);
    let until = Deadline::after(Duration::from_secs(60));
    match run(converse(stream, server, &question, until)) {
        Ok(reply) => replied(&question, &reply, bytes.len()),
        Err(cause) => told(&cause),
    }
}

/// Three servers at most, which mean the same when they are written down again.
pub(crate) fn resolv_conf(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let servers = system::servers(&text, 53);
    assert!(servers.len() <= 3);
    let written = servers.iter().map(|server| match server {
        SocketAddr::V6(v6) if v6.scope_id() != 0 => {
            format!("nameserver {}%{}\n", v6.ip(), v6.scope_id())
        }
        server => format!("nameserver {}\n", server.ip()),
    });
    let written: String = written.collect();
    assert_eq!(system::servers(&written, 53), servers);
}

/// Whatever the hosts file says, each family has addresses of its own only, and `localhost` has one.
pub(crate) fn hosts_file(bytes: &[u8]) {
    let hosts = Hosts::read(bytes);
    for name in ["www.example.test.", "localhost.", "a."] {
        for family in Family::ALL {
            let question = Question::address(Name::from_str(name).expect("a name"), family);
            let reply = system::listed(&hosts, &question);
            assert!(reply.is_some() || name != "localhost.");
            let Some(reply) = reply else { continue };
            assert!(reply.records.len() <= MAX_RECORDS);
            assert!(reply.addresses.iter().all(|it| Family::of(*it) == family));
            for record in &reply.records {
                sentence(&record.data, 64);
            }
        }
    }
}
