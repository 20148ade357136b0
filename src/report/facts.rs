//! What was learned of a server, in sentences: the handshake, the certificate, the response,
//! the answers of the name servers.

use std::time::SystemTime;

use super::words::{bytes, count, date, milliseconds, time_left};
use crate::model::{
    AddressRound, CertificateFacts, DnsQuery, HttpFacts, Kind, Reason, Round, TlsFacts, Transport,
};

/// What to say of a round that passed.
pub(super) fn success(round: &Round) -> String {
    let took = milliseconds(round.duration);
    let first = round.addresses.first();
    let tls = first.and_then(|it| it.tls.as_ref());
    match round.kind {
        Kind::Http => match first.and_then(|it| it.http.as_ref()) {
            Some(http) => format!("{} in {took}", status(http)),
            None => format!("answered in {took}"),
        },
        Kind::Tls => match tls.and_then(|it| it.certificate.as_ref()) {
            Some(it) => format!(
                "certificate has {}, in {took}",
                time_left(it.not_after, round.started)
            ),
            None => format!("handshake done in {took}"),
        },
        Kind::Tcp => format!("connected in {took}"),
        Kind::Dns => {
            let answers = round.dns.iter().map(|query| query.answers.len()).sum();
            format!("{} in {took}", count(answers, "answer"))
        }
    }
}

/// The facts of an address, one line each.
pub(super) fn of_address(address: &AddressRound, now: SystemTime) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(tls) = &address.tls {
        lines.extend(handshake(tls));
        lines.extend(tls.certificate.as_ref().map(|it| certificate(it, now)));
    }
    if let Some(http) = &address.http {
        let hops = http.redirects.iter();
        lines.extend(hops.map(|hop| format!("{} → {}", hop.status, hop.url)));
        if http.status.is_some() {
            lines.push(response(http));
        }
    }
    lines
}

/// The same in a few words, the least important first, for a line that many addresses share.
pub(super) fn short(round: &Round) -> Vec<String> {
    let Some(address) = round.addresses.first() else {
        return Vec::new();
    };
    let tls = address.tls.as_ref();
    let http = address.http.as_ref();
    let certificate = tls.and_then(|it| it.certificate.as_ref());
    [
        tls.and_then(|it| it.version).map(|it| format!("TLS {it}")),
        certificate.map(|it| time_left(it.not_after, round.started)),
        http.and_then(|it| it.body_bytes).map(bytes),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// One question to a name server and what came of it.
///
/// Where names are only resolved, a family without addresses is no trouble, and reads like it.
pub(super) fn query(query: &DnsQuery, kind: Kind) -> String {
    let answers: Vec<&str> = query.answers.iter().map(|it| it.data.as_str()).collect();
    let outcome = match (query.reason, &query.rcode) {
        (Some(Reason::DnsNoAnswer), _) if kind != Kind::Dns => "none".to_owned(),
        // The answers are what somebody has to look into.
        (Some(reason), _) if !answers.is_empty() => {
            format!("{}: {}", answers.join(", "), reason.sentence())
        }
        (Some(reason), Some(rcode)) => format!("{rcode}: {}", reason.sentence()),
        (Some(reason), None) => reason.sentence().to_owned(),
        (None, _) if answers.is_empty() => "none".to_owned(),
        (None, _) => answers.join(", "),
    };
    let by = match query.transport {
        Transport::Hosts => "hosts file".to_owned(),
        _ => milliseconds(query.duration),
    };
    let name = match query.name.trim_end_matches('.') {
        "" => ".",
        name => name,
    };
    format!(
        "{name} {} from {}, {by}: {outcome}",
        query.record_type, query.resolver
    )
}

fn handshake(tls: &TlsFacts) -> Option<String> {
    let parts = [
        tls.version.map(|it| format!("TLS {it}")),
        tls.cipher.clone(),
        tls.group.clone(),
        tls.alpn.clone(),
    ];
    let text = parts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    (!text.is_empty()).then_some(text)
}

/// What matters most comes first, since a long name may push the rest over the edge.
fn certificate(it: &CertificateFacts, now: SystemTime) -> String {
    let validity = if it.not_before > now {
        format!("valid from {}", date(it.not_before))
    } else {
        let left = time_left(it.not_after, now);
        format!("{left} ({})", date(it.not_after))
    };
    let name = it.names.first().map_or_else(
        || common_name(&it.subject).to_owned(),
        |first| match it.names.len() {
            1 => first.clone(),
            more => format!("{first} and {} more", more - 1),
        },
    );
    let issuer = if it.subject == it.issuer {
        "signed by itself".to_owned()
    } else {
        format!("by {}", common_name(&it.issuer))
    };
    format!("certificate {validity}, for {name}, {issuer}")
}

/// The part of a distinguished name that people go by: CN, else O, else all of it.
fn common_name(name: &str) -> &str {
    let part = |key: &str| {
        name.split(", ")
            .find_map(|part| part.strip_prefix(key))
            .filter(|value| !value.is_empty())
    };
    part("CN=").or_else(|| part("O=")).unwrap_or(name)
}

fn status(http: &HttpFacts) -> String {
    let version = http
        .version
        .map_or_else(|| "HTTP".to_owned(), |it| format!("HTTP/{it}"));
    match http.status {
        Some(status) => format!("{version} {status}"),
        None => version,
    }
}

fn response(http: &HttpFacts) -> String {
    let mut text = status(http);
    match (http.body_bytes, http.encoded_bytes) {
        (Some(body), Some(wire)) if wire != body => {
            text.push_str(&format!(" · {} ({} on the wire)", bytes(body), bytes(wire)));
        }
        (Some(body), _) => text.push_str(&format!(" · {}", bytes(body))),
        (None, Some(wire)) => text.push_str(&format!(" · {} came", bytes(wire))),
        (None, None) => {}
    }
    let kind = http.headers.iter().find(|(name, _)| name == "content-type");
    if let Some((_, kind)) = kind {
        text.push_str(&format!(" · {kind}"));
    }
    text
}
