//! One verdict of several addresses. Pure.
//!
//! Addresses whose probing failed through our own fault say nothing and are left out. Beside
//! an address that works, one that does not makes the round slow, not bad: people's clients
//! try the next one, but a part of them waits for it.

use crate::model::{AddressRound, Cause, Layer, Reason, Verdict};

/// The verdict of a round. `partial` says that one family could not be looked up while the
/// other's addresses are known.
pub(super) fn round(addresses: &[AddressRound], partial: Option<Cause>) -> Verdict {
    let with = |wanted: usize| {
        addresses
            .iter()
            .filter(move |address| address.verdict.index() == wanted)
    };
    let [passes, slows, walls, fails, ours] = [0, 1, 2, 3, 4].map(with);
    let good = passes.clone().count() + slows.clone().count() + walls.clone().count();
    // Of equals the first; `max_by_key` would take the last.
    let furthest = fails
        .clone()
        .rev()
        .max_by_key(|address| (address.reached, layer_of(address)));
    match furthest {
        Some(failed) if good == 0 => return failed.verdict.clone(),
        Some(failed) => return partly(failed, addresses, fails.count()),
        None => {}
    }
    if good == 0 {
        return no_evidence(&ours);
    }
    if let Some(cause) = partial {
        return Verdict::Slow(cause);
    }
    let is_late = |address: &&AddressRound| matches!(address.verdict.cause(), Some(cause) if cause.reason == Reason::Slow);
    // A late answer says more about now than a certificate that ends soon.
    let slow = slows.clone().find(is_late).or_else(|| slows.clone().next());
    let wall = walls.clone().next();
    match (slow, passes.clone().next(), wall) {
        (Some(slow), _, _) => slow.verdict.clone(),
        (None, None, Some(wall)) => wall.verdict.clone(),
        _ => Verdict::Pass,
    }
}

fn layer_of(address: &AddressRound) -> Option<Layer> {
    address.verdict.cause().and_then(|cause| cause.layer)
}

fn partly(failed: &AddressRound, all: &[AddressRound], count: usize) -> Verdict {
    let tried = all
        .iter()
        .filter(|address| !matches!(address.verdict, Verdict::Inconclusive(_)))
        .count();
    // Some sentences begin with the address themselves.
    let address = failed.address.to_string();
    let what = match failed.verdict.cause() {
        Some(cause) if cause.detail.starts_with(&address) => cause.detail.to_string(),
        Some(cause) => format!("{address}: {}", cause.detail),
        None => address,
    };
    Verdict::Slow(Cause::at(
        layer_of(failed).unwrap_or(Layer::Tcp),
        Reason::PartialAddresses,
        format!("{count} of {tried} addresses fail, {what}"),
    ))
}

/// Nothing but trouble of our own. A missing route is told only if nothing else was in the
/// way: it is a settled fact, the others pass.
fn no_evidence<'a>(ours: &(impl Iterator<Item = &'a AddressRound> + Clone)) -> Verdict {
    let has_route = |address: &&AddressRound| matches!(address.verdict.cause(), Some(cause) if cause.reason != Reason::LocalNoRoute);
    let told = ours.clone().find(has_route).or_else(|| ours.clone().next());
    told.map_or_else(
        || {
            Verdict::Inconclusive(Cause::new(
                Reason::LocalNoRoute,
                "no address of a family that this machine has a route for",
            ))
        },
        |address| address.verdict.clone(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Phases, Reason as R};

    fn address(verdict: Verdict, reached: Layer) -> AddressRound {
        AddressRound {
            address: "192.0.2.7:443".parse().unwrap(),
            verdict,
            phases: Phases::default(),
            reached: Some(reached),
            tls: None,
            http: None,
        }
    }

    fn pass() -> AddressRound {
        address(Verdict::Pass, Layer::Content)
    }

    fn fail(reason: Reason) -> AddressRound {
        let layer = reason.layer().unwrap();
        address(Verdict::Fail(Cause::new(reason, reason.as_str())), layer)
    }

    fn slow(reason: Reason) -> AddressRound {
        let cause = Cause::at(Layer::Http, reason, "late");
        address(Verdict::Slow(cause), Layer::Content)
    }

    fn wall() -> AddressRound {
        address(
            Verdict::Restricted(Cause::new(R::WallStatus, "403")),
            Layer::Http,
        )
    }

    fn ours(reason: Reason) -> AddressRound {
        address(
            Verdict::Inconclusive(Cause::new(reason, "ours")),
            Layer::Tcp,
        )
    }

    /// The word and the reason of the verdict on these addresses.
    fn of(addresses: &[AddressRound]) -> (&'static str, Option<Reason>) {
        let verdict = round(addresses, None);
        (verdict.as_str(), verdict.cause().map(|cause| cause.reason))
    }

    #[test]
    fn alone_an_address_decides_the_round() {
        assert_eq!(of(&[pass()]), ("pass", None));
        assert_eq!(of(&[slow(R::Slow)]), ("slow", Some(R::Slow)));
        assert_eq!(of(&[wall()]), ("restricted", Some(R::WallStatus)));
        assert_eq!(of(&[fail(R::HttpStatus)]), ("fail", Some(R::HttpStatus)));
        assert_eq!(
            of(&[ours(R::LocalLate)]),
            ("inconclusive", Some(R::LocalLate))
        );
    }

    #[test]
    fn the_address_that_got_furthest_names_the_failure() {
        let all = [
            fail(R::TcpRefused),
            fail(R::HttpStatus),
            fail(R::TlsExpired),
        ];
        assert_eq!(of(&all), ("fail", Some(R::HttpStatus)));
        let equals = [fail(R::TcpRefused), fail(R::TcpTimeout)];
        assert_eq!(of(&equals), ("fail", Some(R::TcpRefused)));
    }

    #[test]
    fn a_failure_beside_any_good_address_is_partial() {
        for good in [pass(), slow(R::Slow), wall()] {
            let verdict = round(&[good, fail(R::TcpTimeout)], None);
            let cause = verdict.cause().unwrap();
            assert_eq!(verdict.as_str(), "slow");
            assert_eq!(cause.reason, R::PartialAddresses);
            assert_eq!(cause.layer, Some(Layer::Tcp));
            assert_eq!(
                cause.detail,
                "1 of 2 addresses fail, 192.0.2.7:443: tcp_timeout"
            );
        }
    }

    #[test]
    fn the_failed_address_is_named_once() {
        let detail = "192.0.2.7:443 refused the connection";
        let refused = address(Verdict::Fail(Cause::new(R::TcpRefused, detail)), Layer::Tcp);
        let verdict = round(&[pass(), refused], None);
        assert_eq!(
            verdict.cause().unwrap().detail,
            format!("1 of 2 addresses fail, {detail}")
        );
    }

    #[test]
    fn our_own_trouble_is_left_out_while_there_is_other_evidence() {
        assert_eq!(of(&[ours(R::LocalNoRoute), pass()]), ("pass", None));
        assert_eq!(
            of(&[ours(R::LocalResources), fail(R::TcpReset)]),
            ("fail", Some(R::TcpReset))
        );
        assert_eq!(
            of(&[ours(R::LocalNoRoute), ours(R::LocalResources)]),
            ("inconclusive", Some(R::LocalResources))
        );
        assert_eq!(of(&[]), ("inconclusive", Some(R::LocalNoRoute)));
    }

    #[test]
    fn slow_comes_before_pass_and_pass_before_restricted() {
        assert_eq!(of(&[pass(), slow(R::Slow)]), ("slow", Some(R::Slow)));
        assert_eq!(of(&[wall(), slow(R::Slow)]), ("slow", Some(R::Slow)));
        assert_eq!(of(&[wall(), pass()]), ("pass", None));
        assert_eq!(
            of(&[slow(R::TlsExpiring), slow(R::Slow)]),
            ("slow", Some(R::Slow))
        );
    }

    #[test]
    fn a_familys_failed_query_counts_only_beside_a_good_address() {
        let cause = || Some(Cause::at(Layer::Dns, R::PartialAddresses, "SERVFAIL"));
        let beside_good = round(&[pass()], cause());
        assert_eq!(beside_good.cause().unwrap().reason, R::PartialAddresses);
        assert_eq!(beside_good.cause().unwrap().layer, Some(Layer::Dns));
        let beside_bad = round(&[fail(R::TcpRefused)], cause());
        assert_eq!(beside_bad.cause().unwrap().reason, R::TcpRefused);
        let beside_ours = round(&[ours(R::LocalNoRoute)], cause());
        assert_eq!(beside_ours.cause().unwrap().reason, R::LocalNoRoute);
    }
}
