//! How long an outage can stay unseen, at worst. Pure.
//!
//! From the first lost request to the confirmed state, an endpoint needs: the rest of its
//! interval, its turn in the queue, the time the bad round takes, and `fall - 1` re-checks. A
//! network's other endpoints are re-checked at once when one is in doubt, so the quickest of them
//! pulls the rest along.

use std::time::Duration;

use crate::engine::{EndpointPlan, NetworkPlan};

/// What makes an endpoint's rounds later or longer than the plan says.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Delays {
    /// Share by which intervals vary.
    pub(super) jitter: f64,
    /// Longest wait for a turn.
    pub(super) queue: Duration,
    /// How long a bad round takes.
    pub(super) bad_round: Duration,
}

/// The worst time until the network is seen down when all of it is lost at once; `delays` gives
/// those of an endpoint. `None` if no endpoint counts.
pub(super) fn network(
    plan: &NetworkPlan,
    delays: impl Fn(&EndpointPlan) -> Delays,
) -> Option<Duration> {
    let counting = || plan.endpoints.iter().filter(|it| it.weight > 0);
    // When the first bad result comes in, and everybody else is asked.
    let alarm = counting().map(|it| first_result(it, delays(it))).min()?;
    let mut confirmed: Vec<(Duration, &EndpointPlan)> = counting()
        .map(|it| {
            let delays = delays(it);
            let alone = first_result(it, delays);
            let called = alarm + delays.queue + delays.bad_round;
            (alone.min(called) + rechecks(it, delays), it)
        })
        .collect();
    confirmed.sort_by_key(|(when, _)| *when);
    let mut live: u32 = counting().map(|it| it.weight).sum();
    let needed = plan.quorum.saturating_sub(plan.hysteresis).max(1);
    for (when, endpoint) in confirmed {
        live = live.saturating_sub(endpoint.weight);
        if endpoint.required || live < needed {
            return Some(when);
        }
    }
    None
}

/// From the first lost request to the first bad result, on the endpoint's own timer.
fn first_result(plan: &EndpointPlan, delays: Delays) -> Duration {
    plan.interval.mul_f64(1.0 + delays.jitter) + delays.queue + delays.bad_round
}

/// From the first bad result to the last that is needed. Re-checks are timed from start to start,
/// and a bad round that takes longer than the interval puts the next one off.
fn rechecks(plan: &EndpointPlan, delays: Delays) -> Duration {
    let step = plan
        .recheck_interval
        .mul_f64(1.0 + delays.jitter)
        .max(delays.bad_round);
    (step + delays.queue) * plan.fall.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::EndpointKey;

    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn endpoint(name: &str, interval: u64) -> EndpointPlan {
        EndpointPlan {
            key: EndpointKey::new("x", name),
            weight: 1,
            required: false,
            rise: 2,
            fall: 3,
            interval: secs(interval),
            recheck_interval: secs(5),
            down_interval: secs(15),
            timeout: secs(10),
            fingerprint: String::new(),
        }
    }

    fn plan(quorum: u32, endpoints: Vec<EndpointPlan>) -> NetworkPlan {
        NetworkPlan {
            name: "x".into(),
            failure_domains: vec![],
            quorum,
            hysteresis: 0,
            endpoints,
        }
    }

    fn worst(plan: &NetworkPlan, bad_round: u64) -> Duration {
        let delays = Delays {
            jitter: 0.05,
            queue: Duration::ZERO,
            bad_round: secs(bad_round),
        };
        network(plan, |_| delays).unwrap()
    }

    #[test]
    fn the_figures_of_the_documentation_come_out() {
        let of = |interval, bad| worst(&plan(1, vec![endpoint("web", interval)]), bad);
        assert_eq!(of(30, 0), secs(42));
        assert_eq!(of(30, 3), secs(45));
        assert_eq!(of(60, 0), Duration::from_millis(73_500));
        assert_eq!(of(60, 3), Duration::from_millis(76_500));
        assert_eq!(of(60, 10), secs(93));
    }

    #[test]
    fn a_quick_endpoint_calls_the_slow_ones() {
        let mixed = plan(1, vec![endpoint("a", 30), endpoint("b", 300)]);
        assert_eq!(worst(&mixed, 0), secs(42));
        // 31.5 s, then the 3 s of the first bad round, then the other's own.
        assert_eq!(worst(&mixed, 3), secs(48));
    }

    #[test]
    fn a_required_endpoint_is_enough() {
        let mut needed = endpoint("a", 30);
        needed.required = true;
        let both = plan(1, vec![needed, endpoint("b", 600)]);
        assert_eq!(worst(&both, 3), secs(45));
    }

    #[test]
    fn a_watched_endpoint_neither_counts_nor_calls() {
        let mut watched = endpoint("watched", 10);
        watched.weight = 0;
        let with = plan(1, vec![watched.clone(), endpoint("web", 60)]);
        assert_eq!(worst(&with, 0), Duration::from_millis(73_500));
        assert_eq!(
            network(&plan(1, vec![watched]), |_| Delays::default()),
            None
        );
    }

    #[test]
    fn waiting_for_a_turn_counts_for_every_round() {
        let alone = plan(1, vec![endpoint("web", 60)]);
        let delays = Delays {
            jitter: 0.0,
            queue: secs(10),
            bad_round: secs(10),
        };
        // 60 + 10 + 10, then twice 10 + 10.
        assert_eq!(network(&alone, |_| delays), Some(secs(120)));
    }
}
