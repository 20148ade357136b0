//! The keys of `[probe]`: their bounds, and how they have to fit into each other.

use std::time::Duration;

use hyper::header::HeaderValue;

use super::compile::Context;
use super::fault::At;
use super::fault::printable_long;
use super::file::Probe;
use super::values::Span;
use crate::probe::mask::links;
use crate::probe::target::{Limits, Resolver};

/// Bounds of every interval: below is a flood, above is not watching.
const INTERVALS: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(86400));
/// The longest that a round may take.
const LONGEST_ROUND: Duration = Duration::from_secs(300);

impl Context<'_> {
    /// Checks the keys of `[probe]`.
    pub(crate) fn probe(&mut self, probe: &Probe) -> Option<(Limits, Vec<Resolver>)> {
        let before = self.faults.len();
        let (shortest, longest) = INTERVALS;
        let interval = probe.interval();
        for at in [&interval, &probe.recheck_interval(), &probe.down_interval()] {
            self.within(at, shortest, longest);
        }
        self.not_longer(&probe.recheck_interval(), &interval, "interval");
        let timeout = probe.timeout();
        self.within(&timeout, shortest, LONGEST_ROUND);
        for at in [
            probe.dns_timeout(),
            probe.connect_timeout(),
            probe.tls_timeout(),
            probe.response_timeout(),
            probe.slow_after(),
        ] {
            if at.value.0.is_zero() && !at.place.is_default() {
                self.faults.push(at.fault("must be longer than nothing"));
            }
            self.not_longer(&at, &timeout, "timeout");
        }
        let jitter = probe.jitter();
        if !(0.0..=0.5).contains(&jitter.value) {
            let sentence = "must be a share from 0 to 0.5, such as 0.05";
            self.faults.push(jitter.fault(sentence));
        }
        for (at, most) in [
            (probe.rise(), 100),
            (probe.fall(), 100),
            (probe.addresses_per_family(), 16),
            (probe.per_host(), 1000),
        ] {
            self.at_least_one(&at, most);
        }
        let families = probe.families();
        if families.value.is_empty() {
            self.faults
                .push(families.fault("is empty: name \"ipv4\", \"ipv6\" or both"));
        }
        self.unique(&families.value, |family| family.0.as_str().to_owned());
        let agent = probe.user_agent();
        if agent.value.trim().is_empty() || HeaderValue::from_str(&agent.value).is_err() {
            let sentence = "must be a line of visible text that says who is asking";
            self.faults.push(agent.fault(sentence));
        }
        self.roots(&[probe.ca_file.as_ref()]);
        let resolvers = self.resolvers(&probe.resolvers());
        if self.faults.len() != before {
            return None;
        }
        let limits = Limits {
            round: timeout.value.0,
            dns: probe.dns_timeout().value.0,
            connect: probe.connect_timeout().value.0,
            tls: probe.tls_timeout().value.0,
            response: probe.response_timeout().value.0,
            slow_after: probe.slow_after().value.0,
        };
        Some((limits, resolvers))
    }

    fn within(&mut self, at: &At<Span>, shortest: Duration, longest: Duration) {
        // A default was shortened to fit; whatever made it wrong is reported where it stands.
        if !at.place.is_default() && !(shortest..=longest).contains(&at.value.0) {
            let (shortest, longest) = (Span(shortest), Span(longest));
            self.faults
                .push(at.fault(format!("must be from {shortest} to {longest}")));
        }
    }

    /// Reports a span that is longer than the one it has to fit into, at the place of the one
    /// that somebody wrote last.
    fn not_longer(&mut self, at: &At<Span>, limit: &At<Span>, name: &str) {
        if at.value.0 <= limit.value.0 {
            return;
        }
        let line = match limit.place.line {
            Some(line) if limit.place.file == at.place.file => format!(" (line {line})"),
            Some(line) => format!(" ({}:{line})", limit.place.file),
            None => " (the default)".to_owned(),
        };
        self.faults.push(at.fault(format!(
            "{} is longer than the {name} of {}{line}",
            at.value, limit.value
        )));
    }

    fn resolvers(&mut self, list: &At<Vec<At<String>>>) -> Vec<Resolver> {
        if list.value.is_empty() || list.value.len() > 8 {
            self.faults
                .push(list.fault("must name one to eight resolvers, such as \"system\""));
        }
        // Two that look the same would be one in the metrics.
        self.unique(&list.value, |text| links(text).into_owned());
        let parse = |at: &At<String>| {
            Resolver::parse(&at.value).map_err(|sentence| at.fault(printable_long(&sentence)))
        };
        self.all(list.value.iter().map(parse))
    }
}
