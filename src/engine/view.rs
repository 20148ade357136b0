//! One consistent picture of everything, for readers.

use super::Engine;
use crate::model::Snapshot;

impl Engine {
    /// One consistent picture of everything.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let networks = self.plan.networks.iter().filter_map(|plan| {
            let watched = self.networks.get(&plan.name)?;
            Some(watched.view(plan))
        });
        let groups = self.plan.groups.iter().filter_map(|plan| {
            let group = self.groups.get(&plan.name)?;
            Some(group.view(plan, &self.candidates(&plan.networks), self.moment()))
        });
        Snapshot {
            networks: networks.collect(),
            groups: groups.collect(),
            uplink: self.uplink.view(),
        }
    }
}
