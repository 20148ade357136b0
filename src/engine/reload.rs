//! Another configuration: what did not change keeps its memory.

use std::collections::BTreeMap;

use super::Engine;
use super::doubt::Queue;
use super::endpoint::Endpoint;
use super::group::Group;
use super::plan::Plan;
use super::watched::Watched;
use crate::model::{EndpointKey, Moment};

impl Engine {
    /// Takes over a plan. Whoever calls judges afterwards.
    pub(super) fn adopt(&mut self, plan: Plan, now: Moment) {
        let mut known: BTreeMap<EndpointKey, (String, Endpoint, Queue)> = BTreeMap::new();
        for network in &self.plan.networks {
            let Some(watched) = self.networks.get_mut(&network.name) else {
                continue;
            };
            let endpoints = watched.endpoints.drain(..).zip(watched.queues.drain(..));
            for (plan, (endpoint, queue)) in network.endpoints.iter().zip(endpoints) {
                let entry = (plan.fingerprint.clone(), endpoint, queue);
                known.insert(plan.key.clone(), entry);
            }
        }
        let mut remembered = std::mem::take(&mut self.networks);
        for network in &plan.networks {
            let kept = network
                .endpoints
                .iter()
                .map(|plan| match known.remove(&plan.key) {
                    Some((fingerprint, endpoint, queue)) if fingerprint == plan.fingerprint => {
                        (endpoint, queue)
                    }
                    _ => (Endpoint::new(plan, now), Queue::default()),
                });
            let (endpoints, queues) = kept.unzip();
            let watched = match remembered.remove(&network.name) {
                Some(watched) => watched.with_endpoints(endpoints, queues),
                None => Watched::new(endpoints, now),
            };
            self.networks.insert(network.name.clone(), watched);
        }
        let mut groups = std::mem::take(&mut self.groups);
        for plan in &plan.groups {
            let mut group = match groups.remove(&plan.name) {
                Some(group) => group,
                None => Group::new(plan, self.moment()),
            };
            group.adopt(plan);
            self.groups.insert(plan.name.clone(), group);
        }
        self.uplink.adopt(plan.uplink, now);
        self.plan = plan;
        self.revision += 1;
    }
}
