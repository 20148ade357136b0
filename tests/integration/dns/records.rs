//! What is kept of an answer: types, data, times to live, flags; printable and bounded.

use bascule::model::{DnsRecord, Family, Reason, Verdict};
use hickory_resolver::proto::rr::rdata::svcb::{Alpn, IpHint, SvcParamKey, SvcParamValue};
use hickory_resolver::proto::rr::rdata::{A, CNAME, HTTPS, MX, NULL, SOA, SRV, SVCB, TXT};
use hickory_resolver::proto::rr::{RData, Record, RecordType};

use crate::support::dns::*;

/// Asks a responder that has `data`, and returns the data that were kept.
async fn kept(record_type: RecordType, data: Vec<RData>) -> Vec<DnsRecord> {
    let server = Responder::start(move |q| bytes(&q.answer(data.clone()))).await;
    let target = target("example.test", record_type);
    let probed = client().probe(&target, &[server.tcp()], PLENTY).await;
    assert_eq!(probed.verdict, Verdict::Pass);
    assert_eq!(probed.queries[0].family, None);
    probed.queries[0].answers.clone()
}

fn record(record_type: &str, data: &str) -> DnsRecord {
    DnsRecord {
        record_type: record_type.to_owned(),
        ttl: 60,
        data: data.to_owned(),
    }
}

#[tokio::test]
async fn mail_exchangers_services_and_authorities_are_told_in_the_presentation_format() {
    let mx = RData::MX(MX::new(10, fqdn("xn--bcher-kva.example.test")));
    let told = kept(RecordType::MX, vec![mx]).await;
    assert_eq!(told, [record("MX", "10 xn--bcher-kva.example.test.")]);

    let srv = RData::SRV(SRV::new(1, 2, 443, fqdn("sip.example.test")));
    let told = kept(RecordType::SRV, vec![srv]).await;
    assert_eq!(told, [record("SRV", "1 2 443 sip.example.test.")]);

    let soa = SOA::new(
        fqdn("ns.test"),
        fqdn("admin.test"),
        2_026_112_201,
        1,
        2,
        3,
        4,
    );
    let told = kept(RecordType::SOA, vec![RData::SOA(soa)]).await;
    assert_eq!(
        told,
        [record("SOA", "ns.test. admin.test. 2026112201 1 2 3 4")]
    );
}

#[tokio::test]
async fn texts_are_told_with_their_quotes() {
    let txt = TXT::new(vec!["v=spf1 -all".to_owned(), "say \"hi\"".to_owned()]);
    let told = kept(RecordType::TXT, vec![RData::TXT(txt)]).await;
    assert_eq!(told, [record("TXT", r#""v=spf1 -all" "say \"hi\"""#)]);
}

#[tokio::test]
async fn certification_authorities_are_told() {
    // Flags, length of the tag, tag, value: as on the wire.
    let mut data = vec![0, 5];
    data.extend(b"issueca.example.test");
    let told = kept(
        RecordType::CAA,
        vec![RData::Unknown {
            code: RecordType::CAA,
            rdata: NULL::with(data),
        }],
    )
    .await;
    assert_eq!(told, [record("CAA", r#"0 issue "ca.example.test""#)]);
}

#[tokio::test]
async fn https_records_are_told_without_stray_commas() {
    let svcb = SVCB::new(
        1,
        fqdn("."),
        vec![
            (
                SvcParamKey::Alpn,
                SvcParamValue::Alpn(Alpn(vec!["h2".to_owned(), "h3".to_owned()])),
            ),
            (SvcParamKey::NoDefaultAlpn, SvcParamValue::NoDefaultAlpn),
            (SvcParamKey::Port, SvcParamValue::Port(8443)),
            (
                SvcParamKey::Ipv4Hint,
                SvcParamValue::Ipv4Hint(IpHint(vec![A::new(192, 0, 2, 7)])),
            ),
        ],
    );
    let told = kept(RecordType::HTTPS, vec![RData::HTTPS(HTTPS(svcb))]).await;
    let expected = "1 . alpn=h2,h3 no-default-alpn port=8443 ipv4hint=192.0.2.7";
    assert_eq!(told, [record("HTTPS", expected)]);
}

#[tokio::test]
async fn a_type_without_a_name_is_told_by_its_number_and_bytes() {
    let code = RecordType::Unknown(65400);
    let data = RData::Unknown {
        code,
        rdata: NULL::with(vec![0xca, 0xfe, 0x00]),
    };
    let told = kept(code, vec![data]).await;
    assert_eq!(told, [record("TYPE65400", r"\# 3 cafe00")]);
}

#[tokio::test]
async fn an_answer_keeps_its_times_to_live_its_aliases_and_that_it_was_validated() {
    let server = Responder::start(|q| {
        assert!(
            q.message.metadata.authentic_data,
            "asks whether it is validated"
        );
        let mut reply = q.healthy();
        reply.metadata.authentic_data = true;
        reply.answers.clear();
        let alias = RData::CNAME(CNAME(fqdn("cdn.test")));
        reply.add_answer(Record::from_rdata(fqdn("www.example.test"), 3600, alias));
        reply.add_answer(Record::from_rdata(fqdn("cdn.test"), 5, v4([192, 0, 2, 7])));
        bytes(&reply)
    })
    .await;
    let found = client()
        .resolve("www.example.test", &[Family::Ipv4], &[server.udp()], PLENTY)
        .await;
    let query = &found.queries[0];
    assert!(query.authenticated);
    assert_eq!(query.family, Some(Family::Ipv4));
    let told: Vec<_> = query
        .answers
        .iter()
        .map(|r| (r.record_type.as_str(), r.ttl, r.data.as_str()))
        .collect();
    assert_eq!(told, [("CNAME", 3600, "cdn.test."), ("A", 5, "192.0.2.7")]);
}

#[tokio::test]
async fn a_flood_of_hostile_text_is_kept_printable_and_bounded_and_judged_in_full() {
    let hostile = format!("\u{1b}[2J\u{202e}{}needle", "x".repeat(240));
    let data: Vec<RData> = (0..200)
        .map(|n| {
            let last = if n == 199 {
                hostile.clone()
            } else {
                format!("\u{1b}{n}{}", "y".repeat(250))
            };
            RData::TXT(TXT::new(vec![last.clone()]))
        })
        .collect();
    let server = Responder::start(move |q| bytes(&q.answer(data.clone()))).await;
    let mut target = target("example.test", RecordType::TXT);
    target.answers_match = patterns(&["needle"]);
    target.min_answers = 200;
    let probed = client().probe(&target, &[server.tcp()], PLENTY).await;
    assert_eq!(probed.verdict, Verdict::Pass);
    let kept = &probed.queries[0].answers;
    assert_eq!(kept.len(), 64);
    for record in kept {
        assert!(record.data.chars().count() <= 256, "{}", record.data);
        assert!(!record.data.contains(char::is_control));
    }
}

#[tokio::test]
async fn names_in_answers_cannot_smuggle_control_characters() {
    let name = hickory_resolver::proto::rr::Name::from_labels(vec![
        b"a\x1b[2J\xe2\x80\xae".as_slice(),
        b"test".as_slice(),
    ])
    .unwrap();
    let told = kept(RecordType::MX, vec![RData::MX(MX::new(1, name))]).await;
    assert!(told[0].data.is_ascii(), "{}", told[0].data);
    assert!(!told[0].data.contains(char::is_control), "{}", told[0].data);
}

#[tokio::test]
async fn an_answer_larger_than_a_message_may_be_read_is_judged_all_the_same() {
    // Sixty thousand bytes over a connection.
    let data: Vec<RData> = (0..240)
        .map(|n| RData::TXT(TXT::new(vec![format!("{n:0>240}")])))
        .collect();
    let server = Responder::start(move |q| bytes(&q.answer(data.clone()))).await;
    let mut target = target("example.test", RecordType::TXT);
    target.min_answers = 241;
    let probed = client().probe(&target, &[server.tcp()], PLENTY).await;
    assert_fails(&probed.verdict, Reason::DnsNoAnswer);
    let detail = &probed.verdict.cause().unwrap().detail;
    assert_eq!(detail, "240 answers of type TXT, expected at least 241");
}
