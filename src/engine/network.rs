//! Level 2: from the states of its endpoints to the state of a network.
//!
//! Three-valued: `live` is the weight that is up or degraded, `unknown` the weight of which
//! nothing is known. Hysteresis lives here and nowhere else.

use super::plan::{EndpointPlan, NetworkPlan};
use crate::model::{Cause, Layer, State, Trouble};

/// The weights of a network's endpoints by what is known of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Weight that is up or degraded.
    live: u32,
    /// Weight of which nothing is known.
    unknown: u32,
    /// Some endpoint of weight is degraded or down.
    troubled: bool,
    required_down: bool,
    required_unknown: bool,
}

impl Tally {
    pub(super) fn of<'a>(endpoints: impl Iterator<Item = (&'a EndpointPlan, State)>) -> Self {
        let mut tally = Self::default();
        for (plan, state) in endpoints {
            match state {
                State::Up | State::Degraded => tally.live = tally.live.saturating_add(plan.weight),
                State::Unknown => {
                    tally.unknown = tally.unknown.saturating_add(plan.weight);
                    tally.required_unknown |= plan.required;
                }
                State::Down => tally.required_down |= plan.required,
                State::Maintenance => {}
            }
            tally.troubled |= plan.weight > 0 && matches!(state, State::Degraded | State::Down);
        }
        tally
    }
}

/// What was last known for certain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Known {
    #[default]
    Nothing,
    Good,
    Down,
}

/// The memory of one network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Network {
    state: State,
    last_known: Known,
}

impl Network {
    pub(super) const fn state(self) -> State {
        self.state
    }

    /// A network that is not known any more.
    pub(super) const fn remembered(last_known: State) -> Self {
        let last_known = match last_known {
            State::Up | State::Degraded => Known::Good,
            State::Down => Known::Down,
            State::Unknown | State::Maintenance => Known::Nothing,
        };
        Self {
            state: State::Unknown,
            last_known,
        }
    }

    /// What was last known for certain; `Unknown` if nothing ever was.
    pub(super) const fn last_known(self) -> State {
        match self.last_known {
            Known::Nothing => State::Unknown,
            Known::Good => State::Up,
            Known::Down => State::Down,
        }
    }

    /// The state that this tally leads to.
    pub(super) fn next(self, plan: &NetworkPlan, tally: Tally) -> State {
        next_state(self.state, self.last_known, plan, tally)
    }

    /// Takes on a state.
    pub(super) const fn enter(&mut self, state: State) {
        self.state = state;
        match state {
            State::Up | State::Degraded => self.last_known = Known::Good,
            State::Down => self.last_known = Known::Down,
            State::Unknown | State::Maintenance => {}
        }
    }

    /// Weight that can fail, and the network still stays up. Endpoints that are required have
    /// no spare, and are not counted on.
    pub(super) fn spare_weight(self, plan: &NetworkPlan, tally: Tally) -> u32 {
        if self.state.is_usable() {
            tally.live.saturating_sub(stays_up_at(plan))
        } else {
            0
        }
    }
}

/// The live weight at which a network that is up stays up.
fn stays_up_at(plan: &NetworkPlan) -> u32 {
    plan.quorum.saturating_sub(plan.hysteresis).max(1)
}

fn next_state(before: State, last_known: Known, plan: &NetworkPlan, tally: Tally) -> State {
    let quorum = plan.quorum;
    let (stays, comes) = match before {
        State::Up | State::Degraded => (stays_up_at(plan), quorum),
        State::Down => (quorum, quorum.saturating_add(plan.hysteresis)),
        // What became unknown inside its band must not go down for having become unknown.
        State::Unknown | State::Maintenance if last_known == Known::Good => {
            (stays_up_at(plan), quorum)
        }
        State::Unknown | State::Maintenance => (quorum, quorum),
    };
    let good = if tally.troubled {
        State::Degraded
    } else {
        State::Up
    };
    let best = tally.live.saturating_add(tally.unknown);
    if tally.required_down || best < stays {
        State::Down
    } else if tally.required_unknown {
        State::Unknown
    } else if tally.live >= comes || (before.is_usable() && tally.live >= stays) {
        // Inside the band nothing that is unknown can take it down, so nothing is undetermined.
        good
    } else if tally.live < stays || (tally.live < quorum && quorum <= best) {
        State::Unknown
    } else {
        match last_known {
            Known::Good => good,
            Known::Down => State::Down,
            Known::Nothing => State::Unknown,
        }
    }
}

/// What explains the state: among the endpoints of weight that are down, else degraded, the one
/// that fails at the lowest layer; the first in the configuration among equals.
pub(super) fn trouble<'a>(
    state: State,
    endpoints: impl Iterator<Item = (&'a EndpointPlan, State, Option<&'a Cause>)>,
) -> Option<Trouble> {
    if !matches!(state, State::Down | State::Degraded) {
        return None;
    }
    endpoints
        .filter(|(plan, ..)| plan.weight > 0)
        .filter_map(|(plan, state, cause)| {
            let rank = match state {
                State::Down => 0,
                State::Degraded => 1,
                _ => return None,
            };
            cause.map(|cause| ((rank, cause.layer.unwrap_or(Layer::Content)), plan, cause))
        })
        .min_by_key(|(order, ..)| *order)
        .map(|(_, plan, cause)| Trouble {
            endpoint: plan.key.endpoint.clone(),
            cause: cause.clone(),
        })
}
