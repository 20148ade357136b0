//! A round as JSON: the object of `bascule probe --json`, also meant for the web API.
//!
//! The names and the order of the keys are a promise to users, so they are spelled out here, in
//! views over the model, and not derived from it. An absent fact is `null`, never a missing key.
//! Durations are seconds, rounded to microseconds; times are RFC 3339 in UTC.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::words::{timestamp, timestamp_ms};
use crate::model::{
    AddressRound, DnsQuery, DnsRecord, HttpFacts, Layer, Phases, Reason, Redirect, Round, TlsFacts,
    Verdict,
};

/// The view of one round.
#[must_use]
pub fn round(round: &Round) -> impl Serialize + '_ {
    RoundView::from(round)
}

/// The object of one round as text; `None` if it cannot be written, which a round always can.
#[must_use]
pub fn object(one: &Round) -> Option<String> {
    let text = serde_json::to_string(&round(one)).ok()?;
    Some(harmless(&text))
}

/// One array with one object per round, on one line each, with a line break at the end.
///
/// Characters that a terminal could take for a command are written as `\u` escapes, which are
/// the same to every JSON reader.
///
/// # Errors
/// None in practice: the views hold nothing that JSON cannot say.
pub fn array<'a>(rounds: impl IntoIterator<Item = &'a Round>) -> serde_json::Result<String> {
    let mut text = String::from("[");
    for (index, one) in rounds.into_iter().enumerate() {
        text.push_str(if index == 0 { "" } else { ",\n " });
        text.push_str(&harmless(&serde_json::to_string(&round(one))?));
    }
    text.push_str("]\n");
    Ok(text)
}

/// JSON of one line without characters that a terminal could obey, and with the same meaning.
pub(super) fn harmless(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if crate::model::printable::is_harmful(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            text.push(c);
        }
    }
    text
}

#[derive(serde::Serialize)]
struct RoundView<'a> {
    network: Option<&'a str>,
    endpoint: Option<&'a str>,
    kind: &'static str,
    verdict: &'static str,
    layer: Option<&'static str>,
    reason: Option<&'static str>,
    detail: Option<&'a str>,
    started: String,
    duration_seconds: f64,
    addresses: Vec<AddressView<'a>>,
    dns: Vec<QueryView<'a>>,
}

impl<'a> From<&'a Round> for RoundView<'a> {
    fn from(round: &'a Round) -> Self {
        let (layer, reason) = why(&round.verdict);
        Self {
            network: round.key.as_ref().map(|key| &*key.network),
            endpoint: round.key.as_ref().map(|key| &*key.endpoint),
            kind: round.kind.as_str(),
            verdict: round.verdict.as_str(),
            layer,
            reason,
            detail: round.verdict.cause().map(|cause| &*cause.detail),
            started: timestamp_ms(round.started),
            duration_seconds: seconds(round.duration),
            addresses: round.addresses.iter().map(Into::into).collect(),
            dns: round.dns.iter().map(Into::into).collect(),
        }
    }
}

#[derive(serde::Serialize)]
struct AddressView<'a> {
    address: SocketAddr,
    family: &'static str,
    verdict: &'static str,
    layer: Option<&'static str>,
    reason: Option<&'static str>,
    phases: PhasesView,
    tls: Option<TlsView<'a>>,
    http: Option<HttpView<'a>>,
}

impl<'a> From<&'a AddressRound> for AddressView<'a> {
    fn from(address: &'a AddressRound) -> Self {
        let (layer, reason) = why(&address.verdict);
        Self {
            address: address.address,
            family: address.family().as_str(),
            verdict: address.verdict.as_str(),
            layer,
            reason,
            phases: address.phases.into(),
            tls: address.tls.as_ref().map(Into::into),
            http: address.http.as_ref().map(Into::into),
        }
    }
}

#[derive(serde::Serialize)]
struct PhasesView {
    resolve: Option<f64>,
    connect: Option<f64>,
    tls: Option<f64>,
    first_byte: Option<f64>,
    body: Option<f64>,
}

impl From<Phases> for PhasesView {
    fn from(phases: Phases) -> Self {
        Self {
            resolve: phases.resolve.map(seconds),
            connect: phases.connect.map(seconds),
            tls: phases.tls.map(seconds),
            first_byte: phases.first_byte.map(seconds),
            body: phases.body.map(seconds),
        }
    }
}

#[derive(serde::Serialize)]
struct TlsView<'a> {
    version: Option<&'static str>,
    cipher: Option<&'a str>,
    group: Option<&'a str>,
    alpn: Option<&'a str>,
    verify_error: Option<&'static str>,
    not_before: Option<String>,
    not_after: Option<String>,
    chain_not_after: Option<String>,
    subject: Option<&'a str>,
    issuer: Option<&'a str>,
    names: Option<&'a [String]>,
    sha256: Option<&'a str>,
}

impl<'a> From<&'a TlsFacts> for TlsView<'a> {
    fn from(tls: &'a TlsFacts) -> Self {
        let certificate = tls.certificate.as_ref();
        let time = |time: SystemTime| timestamp(time);
        Self {
            version: tls.version,
            cipher: tls.cipher.as_deref(),
            group: tls.group.as_deref(),
            alpn: tls.alpn.as_deref(),
            verify_error: tls.verify_error.map(without_layer),
            not_before: certificate.map(|it| time(it.not_before)),
            not_after: certificate.map(|it| time(it.not_after)),
            chain_not_after: tls.chain_not_after.map(time),
            subject: certificate.map(|it| &*it.subject),
            issuer: certificate.map(|it| &*it.issuer),
            names: certificate.map(|it| &*it.names),
            sha256: certificate.map(|it| &*it.sha256),
        }
    }
}

#[derive(serde::Serialize)]
struct HttpView<'a> {
    status: Option<u16>,
    version: Option<&'static str>,
    redirects: Vec<RedirectView<'a>>,
    content_length: Option<u64>,
    encoded_bytes: Option<u64>,
    body_bytes: Option<u64>,
    body_prefix: Option<&'a str>,
    headers: Headers<'a>,
}

impl<'a> From<&'a HttpFacts> for HttpView<'a> {
    fn from(http: &'a HttpFacts) -> Self {
        Self {
            status: http.status,
            version: http.version,
            redirects: http.redirects.iter().map(Into::into).collect(),
            content_length: http.content_length,
            encoded_bytes: http.encoded_bytes,
            body_bytes: http.body_bytes,
            body_prefix: http.body_prefix.as_deref(),
            headers: Headers(&http.headers),
        }
    }
}

/// Headers as one object, in the order they came.
struct Headers<'a>(&'a [(String, String)]);

impl Serialize for Headers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[derive(serde::Serialize)]
struct RedirectView<'a> {
    url: &'a str,
    status: u16,
    address: Option<SocketAddr>,
    phases: PhasesView,
    tls: Option<TlsView<'a>>,
    layer: Option<&'static str>,
    reason: Option<&'static str>,
}

impl<'a> From<&'a Redirect> for RedirectView<'a> {
    fn from(hop: &'a Redirect) -> Self {
        Self {
            url: &hop.url,
            status: hop.status,
            address: hop.address,
            phases: hop.phases.into(),
            tls: hop.tls.as_ref().map(Into::into),
            layer: hop.layer.map(Layer::as_str),
            reason: hop.reason.map(Reason::as_str),
        }
    }
}

#[derive(serde::Serialize)]
struct QueryView<'a> {
    resolver: &'a str,
    name: &'a str,
    r#type: &'a str,
    reason: Option<&'static str>,
    rcode: Option<&'a str>,
    answers: Vec<RecordView<'a>>,
    duration_seconds: f64,
    transport: &'static str,
    truncated: bool,
    authenticated: bool,
}

impl<'a> From<&'a DnsQuery> for QueryView<'a> {
    fn from(query: &'a DnsQuery) -> Self {
        Self {
            resolver: &query.resolver,
            name: &query.name,
            r#type: &query.record_type,
            reason: query.reason.map(Reason::as_str),
            rcode: query.rcode.as_deref(),
            answers: query.answers.iter().map(Into::into).collect(),
            duration_seconds: seconds(query.duration),
            transport: query.transport.as_str(),
            truncated: query.truncated,
            authenticated: query.authenticated,
        }
    }
}

#[derive(serde::Serialize)]
struct RecordView<'a> {
    r#type: &'a str,
    ttl: u32,
    data: &'a str,
}

impl<'a> From<&'a DnsRecord> for RecordView<'a> {
    fn from(record: &'a DnsRecord) -> Self {
        Self {
            r#type: &record.record_type,
            ttl: record.ttl,
            data: &record.data,
        }
    }
}

/// Layer and reason of a verdict; both `None` for a pass.
fn why(verdict: &Verdict) -> (Option<&'static str>, Option<&'static str>) {
    verdict.cause().map_or((None, None), |cause| {
        (cause.layer.map(Layer::as_str), Some(cause.reason.as_str()))
    })
}

fn without_layer(reason: Reason) -> &'static str {
    let code = reason.as_str();
    code.strip_prefix("tls_").unwrap_or(code)
}

/// Seconds with six decimals: finer digits are noise, and whole microseconds divided once print
/// without a tail of nines.
#[must_use]
pub fn seconds(duration: Duration) -> f64 {
    let micros = (duration.as_nanos() + 500) / 1000;
    micros as f64 / 1e6
}
