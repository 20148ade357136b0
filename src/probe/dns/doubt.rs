//! Whether a failure of name servers can be believed, and what is missing if not. Pure.
//!
//! A resolver that only serves to find addresses must have shown that it works, and our own
//! connection must work too, as a cache answers `. NS` also behind a cut cable; an answer from
//! beyond our own network shows the latter by itself. A server that is watched (kind `dns`,
//! named in the configuration) is an address like any other: only silence from beyond our own
//! network can be ours.

use super::ask::{Asked, Belief};
use super::judge;
use crate::model::{Doubt, Families, Family, Name, Reason, Transport, Verdict};
use crate::probe::standing;
use crate::probe::target::DnsTarget;

/// The doubt about a name that could not be resolved.
pub(super) fn of_resolution<'a>(
    verdict: &Verdict,
    asked: impl Iterator<Item = &'a Asked>,
) -> Option<Doubt> {
    if !matches!(verdict, Verdict::Fail(_)) {
        return None;
    }
    let failed: Vec<&Asked> = asked.filter(|one| one.failure().is_some()).collect();
    if failed.iter().any(|one| is_certain(one)) {
        return None;
    }
    let mut resolvers: Vec<Name> = Vec::new();
    if !failed.iter().any(|one| one.is_believed) {
        resolvers.extend(failed.iter().map(|one| Name::clone(&one.query.resolver)));
        resolvers.dedup();
    }
    Some(Doubt::Resolution { resolvers })
}

/// The doubt about the verdict on a target of the kind `dns`.
pub(super) fn of_probe(target: &DnsTarget, verdict: &Verdict, asked: &[Asked]) -> Option<Doubt> {
    let failed = || asked.iter().filter(|one| one.failure().is_some());
    if failed().any(|one| one.belief == Belief::OnProof || is_nowhere(one)) {
        return of_resolution(verdict, asked.iter());
    }
    let dead = failed().filter(|one| is_dead(one));
    let families = dead.fold(Families::NONE, |all, one| all.union(one.met.silent));
    standing::unless_proven(families, verdict, |left_out| {
        let mut rest = asked.to_vec();
        for one in &mut rest {
            if is_dead(one) && one.met.silent.iter().all(|f: Family| left_out.contains(f)) {
                one.trouble = standing::ours(left_out).cause().cloned();
            }
        }
        judge::verdict_of(target, &mut rest)
    })
}

/// Nothing of ours can be behind the failure.
fn is_certain(one: &Asked) -> bool {
    if one.query.transport == Transport::Hosts {
        return true;
    }
    match one.belief {
        Belief::Plain => !is_dead(one) && !is_nowhere(one),
        Belief::OnProof => one.is_believed && one.reply.is_some() && !one.met.alive.is_empty(),
    }
}

/// A server beyond our own network gave no sign of life.
fn is_dead(one: &Asked) -> bool {
    is_silence(one) && !one.met.silent.is_empty() && one.met.alive.is_empty() && !one.met.near
}

/// No server was found to ask: the host of a resolver is unknown.
fn is_nowhere(one: &Asked) -> bool {
    is_silence(one) && one.met == super::exchange::Met::NOBODY
}

fn is_silence(one: &Asked) -> bool {
    let silence = [Reason::DnsTimeout, Reason::DnsUnreachable];
    one.failure()
        .is_some_and(|cause| silence.contains(&cause.reason))
}
