//! Another configuration: what did not change keeps its memory.

use std::collections::BTreeMap;

use super::Engine;
use super::doubt::Queue;
use super::endpoint::Endpoint;
use super::group::Group;
use super::plan::Plan;
use super::watched::Watched;
use crate::model::{EndpointKey, Moment, Name, Outage};

impl Engine {
    /// Takes over a plan. Whoever calls judges afterwards. The outages of networks that are gone
    /// are over; they are returned.
    pub(super) fn adopt(&mut self, plan: Plan, now: Moment) -> Vec<Outage> {
        let mut known: BTreeMap<EndpointKey, (String, Endpoint, Queue)> = BTreeMap::new();
        for (network, watched) in self.plan.networks.iter().zip(&mut self.networks) {
            if plan.networks.iter().all(|other| other != network) {
                // What holds from now on says nothing of the time before.
                watched.look_at_hold(network);
                let held = watched.held();
                watched.ledger.book(held.map_or(now, |held| held.min(now)));
            }
            let endpoints = watched.endpoints.drain(..).zip(watched.queues.drain(..));
            for (plan, (endpoint, queue)) in network.endpoints.iter().zip(endpoints) {
                let entry = (plan.fingerprint.clone(), endpoint, queue);
                known.insert(plan.key.clone(), entry);
            }
        }
        let names = self.plan.networks.iter().map(|plan| plan.name.clone());
        let mut remembered: BTreeMap<Name, Watched> =
            names.zip(std::mem::take(&mut self.networks)).collect();
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
            self.networks.push(watched);
        }
        let gone = remembered.into_values();
        let ended = gone.filter_map(|mut watched| watched.ledger.close(now));
        let ended = ended.collect();
        let names = self.plan.groups.iter().map(|plan| plan.name.clone());
        let mut groups: BTreeMap<Name, Group> =
            names.zip(std::mem::take(&mut self.groups)).collect();
        for plan in &plan.groups {
            let mut group = match groups.remove(&plan.name) {
                Some(group) => group,
                None => Group::new(plan, self.moment()),
            };
            group.adopt(plan);
            self.groups.push(group);
        }
        self.uplink.adopt(plan.uplink, now);
        self.take_over(plan);
        self.revision += 1;
        ended
    }

    /// Takes a plan whose networks and groups are in place.
    pub(super) fn take_over(&mut self, plan: Plan) {
        let names = plan.networks.iter().map(|plan| plan.name.clone());
        self.places = names.zip(0..).collect();
        for (plan, watched) in plan.networks.iter().zip(&mut self.networks) {
            watched.settle_down(plan, self.seen);
        }
        self.plan = plan;
        self.judged_for = None;
    }
}
