//! The series of one endpoint: handles resolved once, so that counting a round looks up nothing.

use std::time::SystemTime;

use prometheus::{Gauge, GaugeVec, Histogram, HistogramVec, IntCounter, IntCounterVec};

use super::{WatchedEndpoint, names, registry, unix_seconds};
use crate::model::{AddressRound, DnsQuery, Family, Kind, Layer, Reason, Round, Verdict};

const RESULTS: [&str; 3] = ["success", "failure", "inconclusive"];
const FAMILIES: [&str; 3] = ["ipv4", "ipv6", "any"];
const CLASSES: [&str; 6] = ["1xx", "2xx", "3xx", "4xx", "5xx", "other"];

pub(super) struct EndpointVecs {
    rounds: IntCounterVec,
    probes: IntCounterVec,
    failures: IntCounterVec,
    durations: HistogramVec,
    dns_queries: IntCounterVec,
    http_responses: IntCounterVec,
    addresses: GaugeVec,
    last_success: GaugeVec,
    not_after: GaugeVec,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Success,
    Failure,
    Inconclusive,
}

/// Counters by outcome.
type ByOutcome = [IntCounter; 3];

pub(super) struct EndpointHandles {
    rounds: [IntCounter; 5],
    last_success: Gauge,
    /// `None` where the kind has no certificate.
    not_after: Option<Gauge>,
    /// `None` where only the most important series are kept.
    detail: Option<Detail>,
}

struct Detail {
    /// By layer and family.
    probes: Vec<((Layer, &'static str), ByOutcome)>,
    failures: Vec<(Reason, IntCounter)>,
    durations: Vec<(Layer, Histogram)>,
    /// By resolver.
    dns_queries: Vec<(super::Name, ByOutcome)>,
    http_responses: Option<[IntCounter; 6]>,
    /// By family and outcome.
    addresses: Option<[[Gauge; 3]; 2]>,
}

impl EndpointVecs {
    pub(super) fn new(make: &registry::Maker<'_>) -> prometheus::Result<Self> {
        Ok(Self {
            rounds: make.counters(names::ROUNDS)?,
            probes: make.counters(names::PROBES)?,
            failures: make.counters(names::PROBE_FAILURES)?,
            durations: make.histograms(names::PROBE_DURATION)?,
            dns_queries: make.counters(names::DNS_QUERIES)?,
            http_responses: make.counters(names::HTTP_RESPONSES)?,
            addresses: make.gauges(names::ENDPOINT_ADDRESSES)?,
            last_success: make.gauges(names::ENDPOINT_LAST_SUCCESS)?,
            not_after: make.gauges(names::NOT_AFTER)?,
        })
    }

    /// Initialises every series of an endpoint.
    pub(super) fn handles(&self, endpoint: &WatchedEndpoint, lean: bool) -> EndpointHandles {
        let (network, name) = (&*endpoint.key.network, &*endpoint.key.endpoint);
        let not_after = has_certificate(endpoint.kind).then(|| {
            let gauge = self.not_after.with_label_values(&[network, name]);
            if gauge.get() == 0.0 {
                // New, not taken over from before a reload.
                gauge.set(f64::NAN);
            }
            gauge
        });
        EndpointHandles {
            rounds: Verdict::WORDS
                .map(|verdict| self.rounds.with_label_values(&[network, name, verdict])),
            last_success: self.last_success.with_label_values(&[network, name]),
            not_after,
            detail: (!lean).then(|| self.detail(endpoint)),
        }
    }

    /// Drops the series of an endpoint, but for those that its successor has too: a changed
    /// endpoint keeps its counters.
    pub(super) fn forget(
        &self,
        endpoint: &WatchedEndpoint,
        successor: Option<&WatchedEndpoint>,
        lean: bool,
    ) {
        // An error means that there was no such series, which is what is wanted.
        let (network, name) = (&*endpoint.key.network, &*endpoint.key.endpoint);
        if successor.is_none() {
            for verdict in Verdict::WORDS {
                let _ = self.rounds.remove_label_values(&[network, name, verdict]);
            }
            let _ = self.last_success.remove_label_values(&[network, name]);
        }
        if !successor.is_some_and(|successor| has_certificate(successor.kind)) {
            let _ = self.not_after.remove_label_values(&[network, name]);
        }
        let detailed = successor.filter(|_| !lean);
        let kind = detailed.map(|successor| successor.kind);
        for (layer, family) in probe_labels(endpoint.kind) {
            if kind.is_some_and(|kind| probe_labels(kind).any(|l| l == (layer, family))) {
                continue;
            }
            for result in RESULTS {
                let labels = [network, name, layer.as_str(), family, result];
                let _ = self.probes.remove_label_values(&labels);
            }
        }
        for (layer, reason) in Reason::failures_of(endpoint.kind) {
            if !kind.is_some_and(|kind| kind.layers().contains(&layer)) {
                let labels = [network, name, layer.as_str(), reason.as_str()];
                let _ = self.failures.remove_label_values(&labels);
            }
        }
        for layer in timed_layers(endpoint.kind) {
            if !kind.is_some_and(|kind| kind.layers().contains(&layer)) {
                let labels = [network, name, layer.as_str()];
                let _ = self.durations.remove_label_values(&labels);
            }
        }
        for resolver in &endpoint.resolvers {
            if detailed.is_some_and(|successor| successor.resolvers.contains(resolver)) {
                continue;
            }
            for result in RESULTS {
                let labels = [network, name, resolver, result];
                let _ = self.dns_queries.remove_label_values(&labels);
            }
        }
        if kind.is_none_or(|kind| kind == Kind::Dns) {
            for (family, result) in Family::ALL.iter().flat_map(|f| RESULTS.map(|r| (f, r))) {
                let labels = [network, name, family.as_str(), result];
                let _ = self.addresses.remove_label_values(&labels);
            }
        }
        if kind != Some(Kind::Http) {
            for class in CLASSES {
                let labels = [network, name, class];
                let _ = self.http_responses.remove_label_values(&labels);
            }
        }
    }

    fn detail(&self, endpoint: &WatchedEndpoint) -> Detail {
        let (network, name, kind) = (
            &*endpoint.key.network,
            &*endpoint.key.endpoint,
            endpoint.kind,
        );
        Detail {
            probes: probe_labels(kind)
                .map(|(layer, family)| {
                    let by_result = RESULTS.map(|result| {
                        let labels = [network, name, layer.as_str(), family, result];
                        self.probes.with_label_values(&labels)
                    });
                    ((layer, family), by_result)
                })
                .collect(),
            failures: Reason::failures_of(kind)
                .map(|(layer, reason)| {
                    let labels = [network, name, layer.as_str(), reason.as_str()];
                    (reason, self.failures.with_label_values(&labels))
                })
                .collect(),
            durations: timed_layers(kind)
                .map(|layer| {
                    let labels = [network, name, layer.as_str()];
                    (layer, self.durations.with_label_values(&labels))
                })
                .collect(),
            dns_queries: endpoint
                .resolvers
                .iter()
                .map(|resolver| {
                    let by_result = RESULTS.map(|result| {
                        self.dns_queries
                            .with_label_values(&[network, name, resolver, result])
                    });
                    (resolver.clone(), by_result)
                })
                .collect(),
            http_responses: (kind == Kind::Http).then(|| {
                CLASSES.map(|class| {
                    self.http_responses
                        .with_label_values(&[network, name, class])
                })
            }),
            addresses: (kind != Kind::Dns).then(|| {
                Family::ALL.map(|family| {
                    RESULTS.map(|result| {
                        let labels = [network, name, family.as_str(), result];
                        self.addresses.with_label_values(&labels)
                    })
                })
            }),
        }
    }
}

impl EndpointHandles {
    pub(super) fn record(&self, round: &Round, ended: SystemTime) {
        self.rounds[round.verdict.index()].inc();
        if matches!(
            round.verdict,
            Verdict::Pass | Verdict::Slow(_) | Verdict::Restricted(_)
        ) {
            self.last_success.set(unix_seconds(ended));
        }
        let expiries = round
            .addresses
            .iter()
            .filter_map(|address| address.tls.as_ref().and_then(|tls| tls.chain_not_after));
        if let (Some(gauge), Some(earliest)) = (&self.not_after, expiries.min()) {
            gauge.set(unix_seconds(earliest));
        }
        if let Some(detail) = &self.detail {
            detail.record(round);
        }
    }
}

impl Detail {
    fn record(&self, round: &Round) {
        for query in &round.dns {
            self.query(query);
        }
        let mut counts = [[0_u32; 3]; 2];
        for address in &round.addresses {
            counts[address.family() as usize][outcome(&address.verdict) as usize] += 1;
            self.address(address);
        }
        if let Some(addresses) = &self.addresses {
            for (gauges, counts) in addresses.iter().zip(counts) {
                for (gauge, count) in gauges.iter().zip(counts) {
                    gauge.set(count.into());
                }
            }
        }
        // A verdict of kind dns that no single query explains: the resolvers disagree.
        if let (Kind::Dns, Verdict::Fail(cause)) = (round.kind, &round.verdict)
            && round
                .dns
                .iter()
                .all(|query| query.reason != Some(cause.reason))
        {
            self.failed(cause.reason);
        }
    }

    fn query(&self, query: &DnsQuery) {
        let answered = query.rcode.as_deref();
        let by_resolver = match answered {
            None if is_local(query.reason) => Outcome::Inconclusive,
            None | Some("SERVFAIL" | "REFUSED") => Outcome::Failure,
            Some(_) => Outcome::Success,
        };
        if let Some((_, by_result)) = self
            .dns_queries
            .iter()
            .find(|(name, _)| *name == query.resolver)
        {
            by_result[by_resolver as usize].inc();
        }
        let attempt = match query.reason {
            None => Outcome::Success,
            reason if is_local(reason) => Outcome::Inconclusive,
            Some(_) => Outcome::Failure,
        };
        let family = query.family.map_or("any", Family::as_str);
        self.attempt(Layer::Dns, family, attempt);
        match (attempt, query.reason) {
            (Outcome::Success, _) => self.took(Layer::Dns, query.duration.as_secs_f64()),
            (Outcome::Failure, Some(reason)) => self.failed(reason),
            _ => {}
        }
    }

    fn address(&self, address: &AddressRound) {
        let family = address.family().as_str();
        let ended_at = match &address.verdict {
            Verdict::Fail(_) | Verdict::Inconclusive(_) => address.reached,
            _ => None,
        };
        let Some(reached) = address.reached else {
            return;
        };
        for layer in Layer::ALL
            .into_iter()
            .filter(|l| (Layer::Tcp..=reached).contains(l))
        {
            if layer == Layer::Tls && address.tls.is_none() && ended_at != Some(Layer::Tls) {
                // Plain HTTP: there was no handshake to attempt.
                continue;
            }
            if ended_at == Some(layer) {
                self.attempt(layer, family, outcome(&address.verdict));
            } else {
                self.attempt(layer, family, Outcome::Success);
                self.succeeded(layer, address);
            }
        }
        if let Verdict::Fail(cause) = &address.verdict {
            self.failed(cause.reason);
        }
        let status = address.http.as_ref().and_then(|http| http.status);
        if let (Some(classes), Some(status)) = (&self.http_responses, status) {
            let class = match status / 100 {
                class @ 1..=5 => usize::from(class) - 1,
                _ => 5,
            };
            classes[class].inc();
        }
    }

    fn succeeded(&self, layer: Layer, address: &AddressRound) {
        let phases = &address.phases;
        let took = match layer {
            Layer::Dns | Layer::Content => None,
            Layer::Tcp => phases.connect,
            Layer::Tls => phases.tls,
            Layer::Http => phases
                .first_byte
                .map(|head| head + phases.body.unwrap_or_default()),
        };
        if let Some(took) = took {
            self.took(layer, took.as_secs_f64());
        }
    }

    fn attempt(&self, layer: Layer, family: &str, outcome: Outcome) {
        let found = self
            .probes
            .iter()
            .find(|((l, f), _)| (*l, *f) == (layer, family));
        if let Some((_, by_result)) = found {
            by_result[outcome as usize].inc();
        }
    }

    fn failed(&self, reason: Reason) {
        if let Some((_, counter)) = self.failures.iter().find(|(known, _)| *known == reason) {
            counter.inc();
        }
    }

    fn took(&self, layer: Layer, seconds: f64) {
        if let Some((_, histogram)) = self.durations.iter().find(|(known, _)| *known == layer) {
            histogram.observe(seconds);
        }
    }
}

const fn outcome(verdict: &Verdict) -> Outcome {
    match verdict {
        Verdict::Pass | Verdict::Slow(_) | Verdict::Restricted(_) => Outcome::Success,
        Verdict::Fail(_) => Outcome::Failure,
        Verdict::Inconclusive(_) => Outcome::Inconclusive,
    }
}

fn is_local(reason: Option<Reason>) -> bool {
    reason.is_some_and(|reason| reason.belongs() == crate::model::Belongs::Local)
}

const fn has_certificate(kind: Kind) -> bool {
    matches!(kind, Kind::Http | Kind::Tls)
}

/// The layers whose attempts take time worth a histogram: holding a body against an
/// expectation is not one of them.
fn timed_layers(kind: Kind) -> impl Iterator<Item = Layer> {
    kind.layers()
        .iter()
        .copied()
        .filter(|layer| *layer != Layer::Content)
}

/// The layers and families that attempts of this kind are counted under.
fn probe_labels(kind: Kind) -> impl Iterator<Item = (Layer, &'static str)> {
    kind.layers().iter().flat_map(move |&layer| {
        let families = if kind == Kind::Dns { 3 } else { 2 };
        FAMILIES
            .into_iter()
            .take(families)
            .map(move |family| (layer, family))
    })
}
