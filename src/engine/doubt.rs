//! Rounds that wait for the proof that their failure is not ours.
//!
//! A round waits at its endpoint, and what comes behind it waits with it, so that rounds are
//! counted in the order they were run.

use std::collections::VecDeque;
use std::time::Duration;

use super::input::Evidence;
use super::uplink::{Failed, Proof, Uplink};
use super::witnesses::Resolvers;
use crate::model::{Cause, Doubt, Families, Moment, Reason, Verdict};

/// How long a round waits for the uplink to be proven or disproven. Longer than the intervals of
/// most endpoints, because where no canary ever answered only other networks' rounds can tell.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long a round waits for its resolver to answer another name.
const RESOLVER_PATIENCE: Duration = Duration::from_secs(30);
/// Rounds of one endpoint that can wait.
const WAITING: usize = 8;

/// A round that waits, and since when: the moment it ended.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) evidence: Evidence,
    ended: Moment,
}

impl Waiting {
    const fn failed(&self) -> Failed<'_> {
        Failed {
            network: &self.evidence.key.network,
            started: self.evidence.started,
            ended: self.ended,
        }
    }
}

/// What became of a round: the verdict, and the families whose failures are ours.
pub(super) struct Settled {
    pub(super) evidence: Evidence,
    pub(super) verdict: Verdict,
    pub(super) left_out: Families,
}

/// The rounds of one endpoint that wait.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue(VecDeque<Waiting>);

impl Queue {
    pub(super) fn push(&mut self, evidence: Evidence, ended: Moment) {
        self.0.push_back(Waiting { evidence, ended });
    }

    /// Start of the oldest round that waits.
    pub(super) fn held_since(&self) -> Option<Moment> {
        self.0.front().map(|waiting| waiting.evidence.started)
    }

    pub(super) fn waits(&self) -> bool {
        !self.0.is_empty()
    }

    /// Whether a round waits for what canaries can prove.
    pub(super) fn wants_uplink(&self, uplink: &Uplink) -> bool {
        self.0.iter().any(|waiting| {
            let failed = waiting.failed();
            match waiting.evidence.standing.doubt.as_deref() {
                None => false,
                Some(Doubt::Addresses { families, .. }) => families
                    .iter()
                    .any(|family| uplink.family(family, failed) == Proof::Open),
                Some(Doubt::Resolution { .. }) => uplink.any_family(failed) == Proof::Open,
            }
        })
    }

    /// When the oldest has waited long enough.
    pub(super) fn deadline(&self) -> Option<Moment> {
        let front = self.0.front()?;
        Some(front.ended + patience(&front.evidence))
    }

    /// Takes the next round that can be settled.
    pub(super) fn settle(
        &mut self,
        uplink: &Uplink,
        known: &Resolvers,
        now: Moment,
    ) -> Option<Settled> {
        let crowded = self.0.len() > WAITING;
        let front = self.0.front()?;
        let impatient = crowded || now.since(front.ended) >= patience(&front.evidence);
        let (verdict, left_out) = verdict_of(front, uplink, known, impatient)?;
        let evidence = self.0.pop_front()?.evidence;
        Some(Settled {
            evidence,
            verdict,
            left_out,
        })
    }
}

fn patience(evidence: &Evidence) -> Duration {
    match evidence.standing.doubt.as_deref() {
        Some(Doubt::Resolution { resolvers }) if !resolvers.is_empty() => RESOLVER_PATIENCE,
        _ => PATIENCE,
    }
}

/// The last word on a round; `None` while proof is outstanding.
fn verdict_of(
    waiting: &Waiting,
    uplink: &Uplink,
    known: &Resolvers,
    impatient: bool,
) -> Option<(Verdict, Families)> {
    let evidence = &waiting.evidence;
    let network = &evidence.key.network;
    let certain = || Some((evidence.verdict.clone(), Families::NONE));
    if !uplink.is_judged() {
        return certain();
    }
    let hurry = |proof| match proof {
        Proof::Open if impatient => Proof::Refuted,
        proof => proof,
    };
    match evidence.standing.doubt.as_deref() {
        None => certain(),
        Some(Doubt::Addresses { families, without }) => {
            let mut refuted = Families::NONE;
            for family in families.iter() {
                match hurry(uplink.family(family, waiting.failed())) {
                    Proof::Proven => {}
                    Proof::Refuted => refuted = refuted.with(family),
                    Proof::Open => return None,
                }
            }
            let [no_ipv4, no_ipv6, neither] = &**without;
            let verdict = match (
                refuted.contains(crate::model::Family::Ipv4),
                refuted.contains(crate::model::Family::Ipv6),
            ) {
                (false, false) => return certain(),
                (true, false) => no_ipv4,
                (false, true) => no_ipv6,
                (true, true) => neither,
            };
            Some((verdict.clone(), refuted))
        }
        Some(Doubt::Resolution { resolvers }) => {
            match hurry(uplink.any_family(waiting.failed())) {
                Proof::Proven => {}
                Proof::Refuted => {
                    return Some((ours(Reason::LocalUplink, evidence), Families::BOTH));
                }
                Proof::Open => return None,
            }
            match hurry(known.proof(resolvers, network, waiting.ended)) {
                Proof::Proven => certain(),
                Proof::Refuted => Some((ours(Reason::LocalResolver, evidence), Families::BOTH)),
                Proof::Open => None,
            }
        }
    }
}

/// The failure, blamed on our own side; what was seen is told with it.
fn ours(reason: Reason, evidence: &Evidence) -> Verdict {
    let seen = evidence.verdict.cause().map(|cause| cause.detail.clone());
    Verdict::Inconclusive(Cause::new(reason, seen.unwrap_or_default()))
}
