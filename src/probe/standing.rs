//! What a verdict rests on: what a round proves of our own connection, and what has to be
//! proven before its verdict can be believed. Pure.
//!
//! Whoever refuses or is silent may be somebody on our own side: a cut cable fails every round.
//! Whoever accepted a connection beyond our own network is not; so failures further up the
//! layers stand on their own.

use std::net::IpAddr;

use super::global::is_global;
use super::judge;
use crate::model::{
    AddressRound, Cause, Doubt, Families, Family, Layer, Phases, Reason, Round, Standing, Verdict,
};

/// Adds what another part of the round proves.
pub(super) fn add(standing: &mut Standing, other: Standing) {
    standing.proves = standing.proves.union(other.proves);
    for resolver in other.answered {
        if !standing.answered.contains(&resolver) {
            standing.answered.push(resolver);
        }
    }
}

/// Families in which somebody beyond our own network accepted a connection, redirects included.
pub(super) fn proves(addresses: &[AddressRound]) -> Families {
    addresses
        .iter()
        .flat_map(hops)
        .filter(|(ip, phases)| phases.connect.is_some() && is_global(*ip))
        .fold(Families::NONE, |all, (ip, _)| all.with(Family::of(ip)))
}

/// The doubt about the verdict on addresses that are known.
pub(super) fn doubt(
    addresses: &[AddressRound],
    partial: Option<&Cause>,
    verdict: &Verdict,
) -> Option<Doubt> {
    let dead: Vec<Option<Family>> = addresses.iter().map(dead).collect();
    let families = dead.iter().flatten();
    let families = families.fold(Families::NONE, |all, family| all.with(*family));
    unless_proven(families, verdict, |left_out| {
        let mut rest = addresses.to_vec();
        for (address, dead) in rest.iter_mut().zip(&dead) {
            if dead.is_some_and(|family| left_out.contains(family)) {
                address.verdict = ours(left_out);
            }
        }
        judge::round(&rest, partial.cloned())
    })
}

/// The doubt about a round with failures that may be ours in some families, and its verdict
/// `without` them. It may be the same whatever is left out: then only the failures are in doubt.
pub(super) fn unless_proven(
    families: Families,
    verdict: &Verdict,
    without: impl Fn(Families) -> Verdict,
) -> Option<Doubt> {
    if families.is_empty() {
        return None;
    }
    let [v4, v6] = Family::ALL.map(Families::only);
    let left = [v4, v6, Families::BOTH].map(|out| {
        let out = families.iter().filter(|family| out.contains(*family));
        let out = out.fold(Families::NONE, Families::with);
        if out.is_empty() {
            verdict.clone()
        } else {
            without(out)
        }
    });
    // What is good stays good, and nobody waits for it.
    let stands = left.iter().all(|other| other == verdict);
    if stands && !matches!(verdict, Verdict::Fail(_)) {
        return None;
    }
    Some(Doubt::Addresses {
        families,
        without: Box::new(left),
    })
}

/// The verdict on what failed in families that our own side may be to blame for.
pub(super) fn ours(families: Families) -> Verdict {
    let v4 = families.contains(Family::Ipv4);
    let detail = match (v4, families.contains(Family::Ipv6)) {
        (true, true) => "neither IPv4 nor IPv6 of this machine is proven to work",
        (false, true) => "IPv6 of this machine is not proven to work",
        _ => "IPv4 of this machine is not proven to work",
    };
    Verdict::Inconclusive(Cause::new(Reason::LocalUplink, detail))
}

/// Settles a round whose doubt was about our own side: `verdict` is what is left of it without
/// these families, whose dead addresses are laid at our own door.
pub fn settle(round: &mut Round, verdict: Verdict, left_out: Families) {
    for address in &mut round.addresses {
        if dead(address).is_some_and(|family| left_out.contains(family)) {
            address.verdict = ours(left_out);
        }
    }
    round.verdict = verdict;
}

/// The family in which this address, or what it redirects to, failed without a sign of life.
fn dead(address: &AddressRound) -> Option<Family> {
    let Verdict::Fail(cause) = &address.verdict else {
        return None;
    };
    let (ip, phases) = hops(address).last()?;
    let is_dead = cause.layer == Some(Layer::Tcp) && phases.connect.is_none() && is_global(ip);
    is_dead.then(|| Family::of(ip))
}

/// The addresses that connections were tried to, in order. An address of IPv4 that is written as
/// one of IPv6 is reached by IPv4.
fn hops(address: &AddressRound) -> impl Iterator<Item = (IpAddr, &Phases)> {
    let redirects = address.http.iter().flat_map(|http| &http.redirects);
    let redirects = redirects.filter_map(|hop| Some((hop.address?, &hop.phases)));
    std::iter::once((address.address, &address.phases))
        .chain(redirects)
        .map(|(at, phases)| (at.ip().to_canonical(), phases))
}

#[cfg(test)]
mod tests;
