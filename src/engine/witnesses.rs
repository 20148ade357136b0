//! What others hear: whether something of our own, a resolver or a family, answers other networks.
//!
//! A name that cannot be found is held against its network only if the same resolver finds
//! another network's. So is an address that is silent, where canaries cannot tell.

use std::collections::BTreeMap;

use super::uplink::Proof;
use crate::model::{Moment, Name};

/// What was heard of one thing: by network, the start of the last round in which it answered, and
/// of the last one in which it answered nothing at all.
#[derive(Clone, Debug, Default)]
pub(super) struct Witnesses {
    answered: BTreeMap<Name, Moment>,
    silent: BTreeMap<Name, Moment>,
}

impl Witnesses {
    pub(super) fn answered(&mut self, network: &Name, started: Moment) {
        latest(&mut self.answered, network, started);
    }

    pub(super) fn silent(&mut self, network: &Name, started: Moment) {
        latest(&mut self.silent, network, started);
    }

    /// Keeps only what is still of use.
    pub(super) fn forget(&mut self, older_than: Moment) {
        self.answered.retain(|_, at| *at >= older_than);
        self.silent.retain(|_, at| *at >= older_than);
    }

    fn is_empty(&self) -> bool {
        self.answered.is_empty() && self.silent.is_empty()
    }

    /// Whether it can be believed about a network: it has answered another one since. It cannot
    /// if somebody has met the same silence since, and nobody an answer: what fails until it comes
    /// back is not believed when it does.
    pub(super) fn proof(&self, network: &Name, after: Moment) -> Proof {
        let mut others = self.answered.iter().filter(|(name, _)| *name != network);
        if others.any(|(_, at)| *at >= after) {
            Proof::Proven
        } else if self.silent.values().any(|at| *at >= after) {
            Proof::Refuted
        } else {
            Proof::Open
        }
    }

    /// Silent to two networks, or to the only one, since it last answered.
    fn is_mute(&self) -> bool {
        let answered = self.answered.values().max();
        let since = self.silent.values().filter(|at| Some(*at) > answered);
        let networks = self.silent.len().max(self.answered.len());
        since.count() >= networks.clamp(1, 2)
    }
}

/// The resolvers, as the configuration writes them.
#[derive(Clone, Debug, Default)]
pub(super) struct Resolvers(BTreeMap<Name, Witnesses>);

impl Resolvers {
    pub(super) fn of(&mut self, resolver: &Name) -> &mut Witnesses {
        self.0.entry(resolver.clone()).or_default()
    }

    /// Keeps only what is still of use.
    pub(super) fn forget(&mut self, older_than: Moment) {
        self.0.retain(|_, heard| {
            heard.forget(older_than);
            !heard.is_empty()
        });
    }

    /// Whether one of these can be believed about a network.
    pub(super) fn proof(&self, any_of: &[Name], network: &Name, after: Moment) -> Proof {
        let proof = |name| {
            let heard = self.0.get(name);
            heard.map_or(Proof::Open, |heard| heard.proof(network, after))
        };
        let proofs = || any_of.iter().map(proof);
        if any_of.is_empty() || proofs().any(|proof| proof == Proof::Proven) {
            Proof::Proven
        } else if proofs().all(|proof| proof == Proof::Refuted) {
            Proof::Refuted
        } else {
            Proof::Open
        }
    }

    /// Whether none answers any network, which is as good as no way out for all that has a name.
    pub(super) fn are_mute(&self) -> bool {
        !self.0.is_empty() && self.0.values().all(Witnesses::is_mute)
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
