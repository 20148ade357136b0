//! What survives a restart: taken, and brought back.
//!
//! A restart is a gap in which nothing was seen. Books, outages and their numbers go on; states
//! are remembered only as what it takes to know them again; a group keeps its active network.

use super::Engine;
use super::group::Group;
use super::memory::Memory;
use super::plan::Plan;
use super::uplink::Uplink;
use super::watched::Watched;
use crate::model::{Moment, UplinkState};

impl Engine {
    /// Everything that is to survive a restart.
    #[must_use]
    pub fn memory(&self, now: Moment) -> Memory {
        let networks = self.plan.networks.iter().zip(&self.networks);
        let networks = networks.map(|(plan, watched)| watched.memory(plan, self.proven));
        let groups = self.plan.groups.iter().zip(&self.groups);
        let groups = groups.map(|(plan, group)| group.memory(plan));
        Memory {
            at: now,
            proven_time: self.proven,
            next_outage: self.next_outage,
            networks: networks.collect(),
            groups: groups.collect(),
            uplink: self.uplink.memory(),
        }
    }

    /// An engine that goes on where another process stopped. `fresh` says whether states, active
    /// networks and timers still mean anything; books, outages and their numbers always do.
    #[must_use]
    pub fn restore(plan: Plan, memory: &Memory, fresh: bool, now: Moment) -> Self {
        let seen = memory.at.min(now);
        let mut engine = Self::new(Plan::default(), now);
        engine.proven = memory.proven_time;
        engine.next_outage = memory.next_outage;
        engine.uplink = Uplink::restore(plan.uplink, &memory.uplink, (seen, now));
        let judged = memory.uplink.states[0] != UplinkState::Down;
        for plan in &plan.networks {
            let known = memory.networks.iter().find(|known| known.name == plan.name);
            let watched = match known {
                Some(known) => Watched::restore(plan, known, engine.proven, (seen, fresh)),
                None => Watched::unknown(plan, now),
            };
            engine.networks.push(watched);
        }
        for plan in &plan.groups {
            let mut group = Group::new(plan, engine.moment());
            if let Some(known) = memory.groups.iter().find(|known| known.name == plan.name) {
                group.restore(plan, known, (fresh, judged), (seen, now));
                group.adopt(plan);
            }
            engine.groups.push(group);
        }
        engine.take_over(plan);
        engine
    }
}
