//! Rounds made by hand, for tests of how they are told.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bascule::model::{
    AddressRound, Cause, CertificateFacts, DnsQuery, DnsRecord, EndpointKey, Family, HttpFacts,
    Kind, Layer, Phases, Reason, Round, Standing, TlsFacts, Transport, Verdict,
};

pub(crate) const DAY: Duration = Duration::from_secs(86_400);

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// 2026-05-24T12:59:30.120Z.
pub(crate) fn noon() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(1_779_627_570_120)
}

pub(crate) fn expired() -> Verdict {
    Verdict::Fail(Cause::new(
        Reason::TlsExpired,
        "certificate expired 3 days ago",
    ))
}

/// A round in which nothing was learned.
pub(crate) fn bare(kind: Kind, verdict: Verdict) -> Round {
    Round {
        key: None,
        kind,
        verdict,
        started: noon(),
        duration: ms(81),
        addresses: vec![],
        dns: vec![],
        retry_after: None,
        standing: Standing::default(),
    }
}

/// The expired certificate that the documentation of the JSON shows.
pub(crate) fn expired_round() -> Round {
    Round {
        key: Some(EndpointKey::new("x", "web")),
        addresses: vec![AddressRound {
            address: "203.0.113.7:443".parse().expect("an address"),
            verdict: expired(),
            phases: Phases {
                resolve: Some(ms(4)),
                connect: Some(ms(11)),
                tls: Some(ms(31)),
                ..Phases::default()
            },
            reached: Some(Layer::Tls),
            tls: Some(TlsFacts {
                verify_error: Some(Reason::TlsExpired),
                ..handshake(noon() - DAY * 3)
            }),
            http: None,
        }],
        dns: vec![answer("x.com.", "203.0.113.7")],
        ..bare(Kind::Http, expired())
    }
}

/// A round that went well, at two addresses.
pub(crate) fn passing_round() -> Round {
    let address = |address: &str, slower: u64| AddressRound {
        address: address.parse().expect("an address"),
        verdict: Verdict::Pass,
        phases: Phases {
            resolve: Some(ms(4)),
            connect: Some(ms(11)),
            tls: Some(ms(31)),
            first_byte: Some(ms(80 + slower)),
            body: Some(ms(14)),
        },
        reached: Some(Layer::Content),
        tls: Some(handshake(noon() + DAY * 74)),
        http: Some(HttpFacts {
            status: Some(200),
            version: Some("2"),
            content_length: Some(12_100),
            encoded_bytes: Some(12_100),
            body_bytes: Some(48_213),
            headers: vec![("content-type".into(), "text/html; charset=utf-8".into())],
            ..HttpFacts::default()
        }),
    };
    Round {
        key: Some(EndpointKey::new("x", "web")),
        duration: ms(142),
        addresses: vec![
            address("203.0.113.7:443", 0),
            address("[2001:db8::7]:443", 2),
        ],
        dns: vec![answer("x.com.", "203.0.113.7")],
        ..bare(Kind::Http, Verdict::Pass)
    }
}

pub(crate) fn answer(name: &str, data: &str) -> DnsQuery {
    DnsQuery {
        resolver: "system".into(),
        name: name.into(),
        record_type: "A".into(),
        reason: None,
        rcode: Some("NOERROR".into()),
        answers: vec![DnsRecord {
            record_type: "A".into(),
            ttl: 60,
            data: data.into(),
        }],
        duration: ms(4),
        transport: Transport::Udp,
        truncated: false,
        authenticated: false,
        family: Some(Family::Ipv4),
    }
}

fn handshake(not_after: SystemTime) -> TlsFacts {
    TlsFacts {
        version: Some("1.3"),
        cipher: Some("TLS13_AES_128_GCM_SHA256".into()),
        group: Some("X25519MLKEM768".into()),
        alpn: Some("h2".into()),
        verify_error: None,
        certificate: Some(Arc::new(CertificateFacts {
            not_before: noon() - DAY * 90,
            not_after,
            subject: "CN=x.com".into(),
            issuer: "C=US, O=Example Trust, CN=Example R11".into(),
            names: vec!["x.com".into()],
            sha256: "ab".repeat(32),
        })),
        chain_not_after: Some(not_after),
    }
}
