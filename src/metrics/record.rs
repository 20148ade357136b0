//! How a round is counted: attempts layer by layer, failures under their reasons, durations of
//! what succeeded.
//!
//! A round is counted once its verdict is final. An inconclusive one proves no failure: what went
//! wrong in it may have been our own doing.

use std::time::SystemTime;

use super::endpoint::{Detail, Series};
use super::unix_seconds;
use crate::model::{AddressRound, Belongs, DnsQuery, Family, Kind, Layer, Reason, Round, Verdict};

/// What became of an attempt: the position in `RESULTS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Success,
    Failure,
    Inconclusive,
}

impl Series {
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
        let ours = match &round.verdict {
            Verdict::Inconclusive(cause) => Some(cause.reason),
            _ => None,
        };
        for query in &round.dns {
            self.query(query, ours);
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

    /// `ours` is what makes the round inconclusive.
    fn query(&self, query: &DnsQuery, ours: Option<Reason>) {
        let resolver_blamed = matches!(ours, None | Some(Reason::LocalResolver));
        let by_resolver = match query.rcode.as_deref() {
            None if is_local(query.reason) => Outcome::Inconclusive,
            None | Some("SERVFAIL" | "REFUSED") if resolver_blamed => Outcome::Failure,
            None | Some("SERVFAIL" | "REFUSED") => Outcome::Inconclusive,
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
            reason if ours.is_some() || is_local(reason) => Outcome::Inconclusive,
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
        if let Some((_, counter)) = self
            .failures
            .iter()
            .find(|((_, known), _)| *known == reason)
        {
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
    reason.is_some_and(|reason| reason.belongs() == Belongs::Local)
}
