//! Which resolvers answer: a name that cannot be found is held against its network only if the
//! same resolver finds another network's.

use std::collections::BTreeMap;

use super::uplink::Proof;
use crate::model::{Moment, Name};

/// What was heard of one resolver: by network, the start of the last round in which it answered,
/// and of the last one in which it answered nothing at all, not even a control question.
#[derive(Clone, Debug, Default)]
struct Heard {
    answered: BTreeMap<Name, Moment>,
    silent: BTreeMap<Name, Moment>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Resolvers(BTreeMap<Name, Heard>);

impl Resolvers {
    pub(super) fn answered(&mut self, resolver: &Name, network: &Name, started: Moment) {
        latest(&mut self.heard(resolver).answered, network, started);
    }

    pub(super) fn silent(&mut self, resolver: &Name, network: &Name, started: Moment) {
        latest(&mut self.heard(resolver).silent, network, started);
    }

    /// Keeps only what is still of use.
    pub(super) fn forget(&mut self, older_than: Moment) {
        self.0.retain(|_, heard| {
            heard.answered.retain(|_, at| *at >= older_than);
            heard.silent.retain(|_, at| *at >= older_than);
            !heard.answered.is_empty() || !heard.silent.is_empty()
        });
    }

    /// Whether one of these resolvers can be believed about a network: it has found another
    /// network since. It cannot if another network has met the same silence since: what fails
    /// until a resolver comes back is not believed when it does.
    pub(super) fn proof(&self, resolvers: &[Name], network: &Name, after: Moment) -> Proof {
        let of_others = |moments: &BTreeMap<Name, Moment>| {
            let mut others = moments.iter().filter(|(name, _)| *name != network);
            others.any(|(_, at)| *at >= after)
        };
        let mut heard = resolvers.iter().map(|name| self.0.get(name));
        let answered = |heard: Option<&Heard>| heard.is_some_and(|h| of_others(&h.answered));
        if resolvers.is_empty() || heard.clone().any(answered) {
            Proof::Proven
        } else if heard.all(|heard| heard.is_some_and(|h| of_others(&h.silent))) {
            Proof::Refuted
        } else {
            Proof::Open
        }
    }

    /// Whether no resolver answers any network, which is as good as no way out for all that has a
    /// name.
    pub(super) fn are_mute(&self) -> bool {
        !self.0.is_empty() && self.0.values().all(Heard::is_mute)
    }

    fn heard(&mut self, resolver: &Name) -> &mut Heard {
        self.0.entry(resolver.clone()).or_default()
    }
}

impl Heard {
    /// Silent to two networks, or to the only one, since it last answered.
    fn is_mute(&self) -> bool {
        let answered = self.answered.values().max();
        let since = self
            .silent
            .values()
            .filter(|at| Some(*at) > answered)
            .count();
        let networks = self.silent.len().max(self.answered.len());
        since >= networks.min(2) && since > 0
    }
}

fn latest(moments: &mut BTreeMap<Name, Moment>, name: &Name, at: Moment) {
    match moments.get_mut(name) {
        Some(known) => *known = at.max(*known),
        None => {
            moments.insert(name.clone(), at);
        }
    }
}
