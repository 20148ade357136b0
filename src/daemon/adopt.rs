//! Takes over what the configuration says is to be probed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::narrator;
use super::pipeline::{Pipeline, Watch};
use super::watched;
use crate::host::descriptors;
use crate::model::{EndpointKey, Moment};
use crate::schedule::Timing;

impl Pipeline {
    /// Takes over what is to be probed, after the engine has taken over how it is judged.
    pub(super) fn adopt(&mut self, now: Moment) {
        let settings = &self.settings;
        self.told.metrics.adopt(watched(settings));
        self.told.facts.adopt(settings);
        let next_seq = self.told.journal.next_seq();
        self.told.webhooks.adopt(settings, next_seq);
        self.told
            .rounds
            .adopt(settings.endpoints.iter().map(|endpoint| &endpoint.key));
        let fingerprints: BTreeMap<&EndpointKey, &str> = settings
            .plan
            .networks
            .iter()
            .flat_map(|network| &network.endpoints)
            .map(|plan| (&plan.key, plan.fingerprint.as_str()))
            .collect();
        let paces: BTreeMap<EndpointKey, _> = self
            .engine
            .paces()
            .map(|(key, pace)| (key.clone(), pace))
            .collect();
        let per_round = settings.endpoints.iter().map(|e| e.target.sockets()).max();
        let bound = descriptors::rounds_within(self.descriptors, per_round.unwrap_or(1));
        let max_in_flight = settings.max_in_flight.min(bound);
        if max_in_flight < settings.max_in_flight.min(settings.endpoints.len()) {
            narrator::few_descriptors(self.descriptors, max_in_flight);
        }
        let mut timings = Vec::with_capacity(settings.endpoints.len());
        let mut endpoints = BTreeMap::new();
        for endpoint in settings.endpoints.iter().cloned() {
            let Some(&pace) = paces.get(&endpoint.key) else {
                continue;
            };
            let fingerprint = fingerprints.get(&endpoint.key).copied().unwrap_or_default();
            let known = self.endpoints.get(&endpoint.key);
            let is_same = known.is_some_and(|watch| watch.fingerprint == fingerprint);
            let mut watch = is_same
                .then(|| self.endpoints.remove(&endpoint.key))
                .flatten()
                .unwrap_or_else(|| {
                    self.generations += 1;
                    Watch {
                        target: Arc::clone(&endpoint.target),
                        fingerprint: fingerprint.to_owned(),
                        generation: self.generations,
                        tried: false,
                        inconclusive: None,
                    }
                });
            // Secrets are read again at each load, also where nothing else has changed.
            watch.target = endpoint.target;
            timings.push((
                endpoint.key.clone(),
                Timing {
                    host: endpoint.host,
                    per_host: endpoint.per_host,
                    jitter: endpoint.jitter,
                    pace,
                },
            ));
            endpoints.insert(endpoint.key, watch);
        }
        // What has changed starts again: nobody waits for its last rounds any more.
        let kept = std::mem::replace(&mut self.endpoints, endpoints);
        self.ended.retain(|_, round| {
            let key = round.key.as_ref();
            key.is_some_and(|key| self.endpoints.contains_key(key) && !kept.contains_key(key))
        });
        self.timetable.adopt(timings, max_in_flight, now);
    }
}
