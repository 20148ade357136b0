//! The series of one endpoint: what there is, and how it is written.
//!
//! A slot for each number, in fixed places, so that counting a round looks up no label and
//! allocates nothing. How a round is counted is in [`super::record`].

use super::WatchedEndpoint;
use super::cell::{Count, Durations, Value};
use super::names;
use super::text::Text;
use crate::model::{Family, Kind, Layer, Name, Reason, Verdict};

pub(super) const RESULTS: [&str; 3] = ["success", "failure", "inconclusive"];
pub(super) const FAMILIES: [&str; 3] = ["ipv4", "ipv6", "any"];
pub(super) const CLASSES: [&str; 6] = ["1xx", "2xx", "3xx", "4xx", "5xx", "other"];

/// Counters by result.
pub(super) type ByResult = [Count; 3];

/// The numbers of one endpoint.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) endpoint: WatchedEndpoint,
    pub(super) rounds: [Count; 5],
    pub(super) last_success: Value,
    /// `None` where the kind has no certificate.
    pub(super) not_after: Option<Value>,
    /// `None` where only the most important series are kept.
    pub(super) detail: Option<Detail>,
}

#[derive(Debug)]
pub(super) struct Detail {
    /// By layer and family.
    pub(super) probes: Box<[((Layer, &'static str), ByResult)]>,
    pub(super) failures: Box<[((Layer, Reason), Count)]>,
    pub(super) durations: Box<[(Layer, Durations)]>,
    /// By resolver.
    pub(super) dns_queries: Box<[(Name, ByResult)]>,
    pub(super) http_responses: Option<[Count; 6]>,
    /// By family and result.
    pub(super) addresses: Option<[[Value; 3]; 2]>,
}

impl Series {
    /// The series of an endpoint, at 0, or at what they were under the configuration before: a
    /// changed endpoint keeps the counters that it still has.
    pub(super) fn new(endpoint: WatchedEndpoint, lean: bool, before: Option<&Self>) -> Self {
        let has_certificate = matches!(endpoint.kind, Kind::Http | Kind::Tls);
        let not_after = before.and_then(|before| before.not_after.clone());
        // No date before a certificate was seen: 0 would look like one that expired long ago.
        let not_after = has_certificate.then(|| not_after.unwrap_or_else(|| Value::new(f64::NAN)));
        let known = before.and_then(|before| before.detail.as_ref());
        Self {
            rounds: before
                .map(|before| before.rounds.clone())
                .unwrap_or_default(),
            last_success: before
                .map(|before| before.last_success.clone())
                .unwrap_or_default(),
            not_after,
            detail: (!lean).then(|| Detail::new(&endpoint, known)),
            endpoint,
        }
    }
}

impl Detail {
    fn new(endpoint: &WatchedEndpoint, before: Option<&Self>) -> Self {
        let kind = endpoint.kind;
        let layers = kind.layers().iter().copied();
        let families = FAMILIES
            .into_iter()
            .take(if kind == Kind::Dns { 3 } else { 2 });
        let labels = layers
            .clone()
            .flat_map(|layer| families.clone().map(move |family| (layer, family)));
        // Holding a body against an expectation takes no time worth a histogram.
        let timed = layers.filter(|layer| *layer != Layer::Content);
        let resolvers = endpoint.resolvers.iter().cloned();
        Self {
            probes: taken_over(labels, before.map(|before| &*before.probes)),
            failures: taken_over(
                Reason::failures_of(kind),
                before.map(|before| &*before.failures),
            ),
            durations: taken_over(timed, before.map(|before| &*before.durations)),
            dns_queries: taken_over(resolvers, before.map(|before| &*before.dns_queries)),
            http_responses: (kind == Kind::Http).then(|| {
                before
                    .and_then(|before| before.http_responses.clone())
                    .unwrap_or_default()
            }),
            addresses: (kind != Kind::Dns).then(|| {
                before
                    .and_then(|before| before.addresses.clone())
                    .unwrap_or_default()
            }),
        }
    }
}

/// A slot for each label, with the number that it had before, if it was there.
fn taken_over<L: PartialEq, N: Clone + Default>(
    labels: impl Iterator<Item = L>,
    before: Option<&[(L, N)]>,
) -> Box<[(L, N)]> {
    let before = before.unwrap_or_default();
    let number = |label: &L| {
        let known = before.iter().find(|(known, _)| known == label);
        known.map(|(_, number)| number.clone()).unwrap_or_default()
    };
    labels
        .map(|label| (number(&label), label))
        .map(|(number, label)| (label, number))
        .collect()
}

/// Writes the series of all endpoints, one metric after the other.
pub(super) fn write(text: &mut Text, all: &[&Series]) {
    let named = || {
        all.iter().map(|series| {
            (
                &*series.endpoint.key.network,
                &*series.endpoint.key.endpoint,
                *series,
            )
        })
    };
    let detailed =
        || named().filter_map(|(n, e, series)| series.detail.as_ref().map(|detail| (n, e, detail)));

    text.metric(&names::ROUNDS);
    for (n, e, series) in named() {
        for (verdict, count) in Verdict::WORDS.iter().zip(&series.rounds) {
            text.sample(&[n, e, verdict], count.get());
        }
    }
    text.metric(&names::ENDPOINT_LAST_SUCCESS);
    for (n, e, series) in named() {
        text.sample(&[n, e], series.last_success.get());
    }
    text.metric(&names::NOT_AFTER);
    for (n, e, series) in named() {
        if let Some(value) = &series.not_after {
            text.sample(&[n, e], value.get());
        }
    }
    text.metric(&names::PROBES);
    for (n, e, detail) in detailed() {
        for ((layer, family), counts) in &detail.probes {
            for (result, count) in RESULTS.iter().zip(counts) {
                text.sample(&[n, e, layer.as_str(), family, result], count.get());
            }
        }
    }
    text.metric(&names::PROBE_FAILURES);
    for (n, e, detail) in detailed() {
        for ((layer, reason), count) in &detail.failures {
            text.sample(&[n, e, layer.as_str(), reason.as_str()], count.get());
        }
    }
    text.metric(&names::PROBE_DURATION);
    for (n, e, detail) in detailed() {
        for (layer, durations) in &detail.durations {
            text.durations(&[n, e, layer.as_str()], durations);
        }
    }
    text.metric(&names::DNS_QUERIES);
    for (n, e, detail) in detailed() {
        for (resolver, counts) in &detail.dns_queries {
            for (result, count) in RESULTS.iter().zip(counts) {
                text.sample(&[n, e, resolver, result], count.get());
            }
        }
    }
    text.metric(&names::HTTP_RESPONSES);
    for (n, e, detail) in detailed() {
        for (class, count) in CLASSES.iter().zip(detail.http_responses.iter().flatten()) {
            text.sample(&[n, e, class], count.get());
        }
    }
    text.metric(&names::ENDPOINT_ADDRESSES);
    for (n, e, detail) in detailed() {
        for (family, values) in Family::ALL.iter().zip(detail.addresses.iter().flatten()) {
            for (result, value) in RESULTS.iter().zip(values) {
                text.sample(&[n, e, family.as_str(), result], value.get());
            }
        }
    }
}
