//! One consistent picture of everything, for readers.

use super::Engine;
use crate::model::Snapshot;

impl Engine {
    /// One consistent picture of everything.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let networks = self.plan.networks.iter().zip(&self.networks);
        let networks = networks.map(|(plan, watched)| watched.view(plan));
        let groups = self.plan.groups.iter().zip(&self.groups);
        let groups = groups
            .map(|(plan, group)| group.view(plan, &self.candidates(&plan.networks), self.moment()));
        Snapshot {
            networks: networks.collect(),
            groups: groups.collect(),
            uplink: self.uplink.view(self.mute),
        }
    }
}
