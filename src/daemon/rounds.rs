//! The last rounds of every endpoint, for those who ask what exactly was seen.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::{EndpointKey, Round, Verdict};
use crate::web::LastRounds;

/// Rounds kept of an endpoint.
const KEPT: usize = 5;

/// Written by the loop, read by the listener; locked for moments only.
#[derive(Clone, Default)]
pub(super) struct Rounds(Arc<Mutex<BTreeMap<EndpointKey, Kept>>>);

#[derive(Default)]
struct Kept {
    last: VecDeque<Arc<Round>>,
    /// The first of the failures since the last good round.
    first_failed: Option<Arc<Round>>,
}

impl Rounds {
    /// A round has found its verdict.
    pub(super) fn keep(&self, key: &EndpointKey, round: Arc<Round>) {
        let mut rounds = self.lock();
        let kept = match rounds.get_mut(key) {
            Some(kept) => kept,
            None => rounds.entry(key.clone()).or_default(),
        };
        match &round.verdict {
            Verdict::Fail(_) => {
                kept.first_failed.get_or_insert_with(|| Arc::clone(&round));
            }
            Verdict::Inconclusive(_) => {}
            Verdict::Pass | Verdict::Slow(_) | Verdict::Restricted(_) => kept.first_failed = None,
        }
        kept.last.push_front(round);
        kept.last.truncate(KEPT);
    }

    /// The first failed round since the last good one.
    pub(super) fn first_failed(&self, key: &EndpointKey) -> Option<Arc<Round>> {
        self.lock().get(key)?.first_failed.clone()
    }

    /// What is kept of an endpoint.
    pub(super) fn of(&self, key: &EndpointKey) -> Option<LastRounds> {
        let rounds = self.lock();
        let kept = rounds.get(key)?;
        Some(LastRounds {
            rounds: kept.last.iter().cloned().collect(),
            first_failed: kept.first_failed.clone(),
        })
    }

    /// Forgets the endpoints that are not probed any more, and takes up new ones.
    pub(super) fn adopt<'a>(&self, keys: impl Iterator<Item = &'a EndpointKey>) {
        let mut rounds = self.lock();
        let mut before = std::mem::take(&mut *rounds);
        for key in keys {
            let kept = before.remove(key).unwrap_or_default();
            rounds.insert(key.clone(), kept);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<EndpointKey, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
