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
    /// The first of the last failures in a row.
    first_failed: Option<Arc<Round>>,
    /// A good round has come since.
    recovered: bool,
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
                if std::mem::take(&mut kept.recovered) {
                    kept.first_failed = None;
                }
                kept.first_failed.get_or_insert_with(|| Arc::clone(&round));
            }
            Verdict::Inconclusive(_) => {}
            Verdict::Pass | Verdict::Slow(_) | Verdict::Restricted(_) => kept.recovered = true,
        }
        kept.last.push_front(round);
        kept.last.truncate(KEPT);
    }

    /// The first of the last failures in a row, also where a good round has come since: rounds that
    /// waited for proof are counted together, and an outage may be confirmed and nearly over at
    /// once.
    pub(super) fn first_failed(&self, key: &EndpointKey) -> Option<Arc<Round>> {
        self.lock().get(key)?.first_failed.clone()
    }

    /// What is kept of an endpoint.
    pub(super) fn of(&self, key: &EndpointKey) -> Option<LastRounds> {
        let rounds = self.lock();
        let kept = rounds.get(key)?;
        Some(LastRounds {
            rounds: kept.last.iter().cloned().collect(),
            first_failed: kept.first_failed.clone().filter(|_| !kept.recovered),
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

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::model::{Cause, Kind, Reason, Standing};

    #[test]
    fn the_first_failure_of_a_row_is_kept_until_the_next_row_begins() {
        let key = EndpointKey::new("x", "web");
        let rounds = Rounds::default();
        let keep = |millis, verdict| {
            rounds.keep(
                &key,
                Arc::new(Round {
                    key: Some(key.clone()),
                    kind: Kind::Http,
                    verdict,
                    started: SystemTime::UNIX_EPOCH,
                    duration: Duration::from_millis(millis),
                    addresses: Vec::new(),
                    dns: Vec::new(),
                    retry_after: None,
                    standing: Standing::default(),
                }),
            );
        };
        let fail = || Verdict::Fail(Cause::new(Reason::TcpTimeout, ""));
        let evidence = || rounds.first_failed(&key).map(|r| r.duration.as_millis());
        let shown = || rounds.of(&key).unwrap().first_failed.is_some();
        assert_eq!(evidence(), None);
        keep(1, fail());
        keep(2, fail());
        keep(3, Verdict::Pass);
        assert_eq!((evidence(), shown()), (Some(1), false));
        keep(4, fail());
        keep(5, fail());
        assert_eq!((evidence(), shown()), (Some(4), true));
    }
}
