//! Counting again, from the outside, what the engine counts: rounds in a row, and what proves
//! our own connection. Where the engine may forget (evidence grows old in silence), this does
//! not: its numbers are never lower.

use std::collections::BTreeMap;

use bascule::engine::{Evidence, Input, Judged, Plan};
use bascule::model::{Doubt, EndpointKey, Event, Families, Family, Moment, Name, Reason};
use bascule::model::{State, Verdict};

use crate::world::{Deed, Step};

/// Rounds in a row of one endpoint.
#[derive(Clone, Debug, Default)]
pub(crate) struct Streak {
    pub(crate) bad: u32,
    pub(crate) good: u32,
    /// Slow or failed.
    pub(crate) poor: u32,
    /// Neither slow nor failed; walls count for nothing.
    pub(crate) fine: u32,
    /// Start of the first bad round.
    pub(crate) bad_since: Option<Moment>,
    /// Start of the first good round.
    pub(crate) good_since: Option<Moment>,
    /// Start of the last good round of all.
    pub(crate) last_good: Option<Moment>,
    /// When the last round that says something of quality was judged.
    pub(crate) quality_at: Option<Moment>,
    /// The longest rows within this step: bad, good, poor and fine rounds.
    pub(crate) longest: [u32; 4],
}

impl Streak {
    fn count(&mut self, verdict: &Verdict, started: Moment, now: Moment) {
        match verdict {
            Verdict::Inconclusive(_) => return,
            Verdict::Fail(_) => {
                self.bad_since = self.bad_since.or(Some(started));
                self.good_since = None;
                (self.bad, self.good) = (self.bad + 1, 0);
            }
            _ => {
                self.good_since = self.good_since.or(Some(started));
                self.bad_since = None;
                (self.bad, self.good) = (0, self.good + 1);
                self.last_good = Some(started);
            }
        }
        match verdict {
            Verdict::Pass => (self.poor, self.fine) = (0, self.fine + 1),
            Verdict::Slow(_) | Verdict::Fail(_) => (self.poor, self.fine) = (self.poor + 1, 0),
            Verdict::Restricted(_) | Verdict::Inconclusive(_) => {}
        }
        if !matches!(verdict, Verdict::Restricted(_)) {
            self.quality_at = Some(now);
        }
        self.stretch();
    }

    fn stretch(&mut self) {
        let rows = [self.bad, self.good, self.poor, self.fine];
        for (longest, row) in self.longest.iter_mut().zip(rows) {
            *longest = row.max(*longest);
        }
    }

    fn forget(&mut self) {
        let last_good = self.last_good;
        *self = Self::default();
        self.last_good = last_good;
    }
}

/// What a watcher of all inputs and last words knows.
#[derive(Default)]
pub(crate) struct Recount {
    endpoints: BTreeMap<EndpointKey, Streak>,
    /// Rounds without a last word, and when they ended.
    pending: BTreeMap<u64, (Evidence, Moment)>,
    /// Start of the last thing that proved each family.
    proven: [Option<Moment>; 2],
    /// Start of the last round in which each resolver answered.
    answered: BTreeMap<Name, Moment>,
    /// Families of which a canary has answered.
    canaries: Families,
}

impl Recount {
    pub(crate) fn streak(&self, key: &EndpointKey) -> Streak {
        self.endpoints.get(key).cloned().unwrap_or_default()
    }

    pub(crate) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Counts a step. Fails where a last word is not one that the round allows.
    pub(crate) fn see(&mut self, step: &Step<'_>) {
        match step.deed {
            Deed::Restored { .. } => {
                self.endpoints.clear();
                self.pending.clear();
                self.proven = [None; 2];
                self.answered.clear();
            }
            Deed::Reloaded { before } => self.reload(before, step.plan),
            _ => {}
        }
        for streak in self.endpoints.values_mut() {
            streak.longest = [0; 4];
            streak.stretch();
        }
        for event in step.events {
            if let Event::Endpoint { key, to, .. } = event
                && *to == State::Unknown
            {
                self.endpoints.entry(key.clone()).or_default().forget();
            }
        }
        for input in step.batch {
            match input {
                Input::Round(evidence) => {
                    for family in evidence.standing.proves.iter() {
                        self.prove(family, evidence.started);
                    }
                    for resolver in &evidence.standing.answered {
                        let at = self.answered.entry(resolver.clone()).or_default();
                        *at = evidence.started.max(*at);
                    }
                    let known = self
                        .pending
                        .insert(evidence.round, (evidence.clone(), step.now));
                    assert!(known.is_none(), "round numbers are the world's own");
                }
                Input::Sweep(sweep) => {
                    for family in Family::ALL {
                        if sweep.answered[family as usize] == Some(true) {
                            self.prove(family, sweep.started);
                            self.canaries = self.canaries.with(family);
                        }
                    }
                }
            }
        }
        for judged in step.judged {
            self.hear(judged, step);
        }
        self.assert_nobody_waits_in_vain(step);
    }

    /// A round waits for proof, or behind another one of its endpoint that does.
    fn assert_nobody_waits_in_vain(&self, step: &Step<'_>) {
        let doubtful = |(evidence, _): &(Evidence, Moment)| {
            evidence.standing.doubt.is_some() && step.plan.uplink.enabled
        };
        for (round, waiting) in &self.pending {
            let key = &waiting.0.key;
            let mut before = self.pending.range(..=*round).map(|(_, waiting)| waiting);
            let behind = before.any(|other| other.0.key == *key && doubtful(other));
            assert!(behind, "no last word on {waiting:?}");
        }
    }

    fn prove(&mut self, family: Family, started: Moment) {
        let proven = &mut self.proven[family as usize];
        *proven = (*proven).max(Some(started));
    }

    fn hear(&mut self, judged: &Judged, step: &Step<'_>) {
        let waiting = self.pending.remove(&judged.round);
        let (evidence, ended) =
            waiting.unwrap_or_else(|| panic!("a last word too many: {judged:?}"));
        assert_eq!(judged.key, evidence.key);
        let doubt = evidence.standing.doubt.as_deref();
        let doubt = doubt.filter(|_| step.plan.uplink.enabled);
        match doubt {
            None => assert_eq!(judged.verdict, evidence.verdict),
            Some(Doubt::Addresses { families, without }) => {
                let left_out = judged.left_out;
                assert_eq!(left_out.union(*families), *families, "{judged:?}");
                let expected = match left_out.iter().collect::<Vec<_>>()[..] {
                    [] => &evidence.verdict,
                    [Family::Ipv4] => &without[0],
                    [Family::Ipv6] => &without[1],
                    _ => &without[2],
                };
                assert_eq!(judged.verdict, *expected, "{evidence:?}");
                for family in families.iter().filter(|f| !left_out.contains(*f)) {
                    self.assert_proven(family, &evidence, ended);
                }
            }
            Some(Doubt::Resolution { resolvers }) => match &judged.verdict {
                Verdict::Inconclusive(cause) => assert!(
                    matches!(cause.reason, Reason::LocalResolver | Reason::LocalUplink),
                    "{judged:?}"
                ),
                verdict => {
                    assert_eq!(*verdict, evidence.verdict);
                    let heard = |name: &Name| self.answered.get(name) >= Some(&ended);
                    assert!(
                        resolvers.is_empty() || resolvers.iter().any(heard),
                        "believed without an answer of a resolver: {evidence:?}"
                    );
                    let proven = |f: &Family| self.proven[*f as usize] >= Some(ended);
                    assert!(
                        Family::ALL.iter().any(proven),
                        "believed without proof of any family: {evidence:?}"
                    );
                }
            },
        }
        let streak = self.endpoints.entry(judged.key.clone()).or_default();
        streak.count(&judged.verdict, evidence.started, step.now);
    }

    /// A failure of a family is believed only if something that started after it succeeded.
    fn assert_proven(&self, family: Family, evidence: &Evidence, ended: Moment) {
        let proven = self.proven[family as usize];
        assert!(
            proven >= Some(ended),
            "ended {ended:?}, believed without proof of {family:?}, last {proven:?}: {evidence:?}"
        );
    }

    fn reload(&mut self, before: &Plan, plan: &Plan) {
        let of = |plan: &Plan| -> BTreeMap<EndpointKey, String> {
            let endpoints = plan.networks.iter().flat_map(|network| &network.endpoints);
            endpoints
                .map(|plan| (plan.key.clone(), plan.fingerprint.clone()))
                .collect()
        };
        let (before, now) = (of(before), of(plan));
        let same = |key: &EndpointKey| now.contains_key(key) && now.get(key) == before.get(key);
        self.endpoints.retain(|key, _| same(key));
        self.pending.retain(|_, (evidence, _)| same(&evidence.key));
    }
}
