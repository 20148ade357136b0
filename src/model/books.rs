//! What is counted and timed of networks, groups and the uplink: kept by the engine, shown by
//! the metrics and the API, carried over a restart.
//!
//! Time is booked when it is certain. What has not been booked yet, the *open interval*, is
//! added by whoever shows the books at a moment (`*_at`).

use std::time::Duration;

use super::{Activation, Layer, Moment, Name, State, UplinkState};

/// Observations counted by size. The bounds belong to whoever makes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// Upper bounds in seconds, ascending.
    pub bounds: &'static [f64],
    /// Observations up to each bound and above the one before; the last item is all above.
    pub counts: Vec<u64>,
    /// Sum of all observations in seconds.
    pub sum: f64,
}

impl Histogram {
    /// An empty one.
    #[must_use]
    pub fn new(bounds: &'static [f64]) -> Self {
        Self {
            bounds,
            counts: vec![0; bounds.len() + 1],
            sum: 0.0,
        }
    }

    /// Counts one observation.
    pub fn observe(&mut self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        let place = self.bounds.partition_point(|bound| *bound < seconds);
        if let Some(count) = self.counts.get_mut(place) {
            *count = count.saturating_add(1);
        }
        self.sum += seconds;
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts
            .iter()
            .fold(0, |sum, count| sum.saturating_add(*count))
    }
}

/// Bounds for the length of outages.
pub const OUTAGE_SECONDS: &[f64] = &[
    30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 14400.0, 43200.0, 86400.0,
];
/// Bounds for the time it takes to see an outage, and to switch.
pub const DETECTION_SECONDS: &[f64] = &[
    1.0, 2.5, 5.0, 10.0, 15.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0,
];

/// The books of one network.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkBooks {
    /// Time booked to each state, in the order of [`State::ALL`].
    pub state_time: [Duration; 5],
    /// The state that the open interval is booked to, unless it turns out otherwise.
    pub open_state: State,
    /// Until when time has been booked.
    pub booked_until: Moment,
    /// Outages that started, by failing layer, in the order of [`Layer::ALL`].
    pub outages: [u64; 5],
    /// Changes of state by state entered, in the order of [`State::ALL`].
    pub transitions: [u64; 5],
    /// Length of finished outages.
    pub outage_durations: Histogram,
    /// Last good round before an outage to its confirmation.
    pub detection: Histogram,
    /// First bad round of an outage to its confirmation.
    pub confirmation: Histogram,
}

impl NetworkBooks {
    /// Books opened at a moment.
    #[must_use]
    pub fn new(now: Moment) -> Self {
        Self {
            state_time: [Duration::ZERO; 5],
            open_state: State::Unknown,
            booked_until: now,
            outages: [0; Layer::ALL.len()],
            transitions: [0; 5],
            outage_durations: Histogram::new(OUTAGE_SECONDS),
            detection: Histogram::new(DETECTION_SECONDS),
            confirmation: Histogram::new(DETECTION_SECONDS),
        }
    }

    /// Time in each state as shown at `now`: the open interval is added, up to `held`, the start
    /// of what may yet turn out to be the beginning of another state.
    #[must_use]
    pub fn state_time_at(&self, now: Moment, held: Option<Moment>) -> [Duration; 5] {
        let mut times = self.state_time;
        let until = held.map_or(now, |held| held.min(now));
        times[self.open_state as usize] += until.since(self.booked_until);
        times
    }
}

/// The books of one group.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupBooks {
    /// Time with each network active; `None` = without any. Holds the group's present networks,
    /// `None` last.
    pub active_time: Vec<(Option<Name>, Duration)>,
    /// Time with 0, 1, 2, 3 or more standbys. Time that cannot be judged is not booked.
    pub standby_time: [Duration; 4],
    /// Time with 0, 1, 2, 3 or more independent standby domains.
    pub domain_time: [Duration; 4],
    /// Until when time has been booked.
    pub booked_until: Moment,
    /// Activations by network (`None` = none was left) and reason, in the order of
    /// [`Activation::ALL`]. Holds the group's present networks, `None` last.
    pub activations: Vec<(Option<Name>, [u64; Activation::ALL.len()])>,
    /// Times no network was usable.
    pub exhaustions: u64,
    /// First failed probe of the lost channel to the new activation.
    pub switch: Histogram,
}

impl GroupBooks {
    /// Books opened at a moment.
    #[must_use]
    pub fn new(networks: &[Name], now: Moment) -> Self {
        let all = || networks.iter().cloned().map(Some).chain([None]);
        Self {
            active_time: all().map(|name| (name, Duration::ZERO)).collect(),
            standby_time: [Duration::ZERO; 4],
            domain_time: [Duration::ZERO; 4],
            booked_until: now,
            activations: all().map(|name| (name, [0; 5])).collect(),
            exhaustions: 0,
            switch: Histogram::new(DETECTION_SECONDS),
        }
    }
}

/// The books of the uplink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UplinkBooks {
    /// Time in each state, in the order of [`UplinkState::ALL`], of: any family, IPv4, IPv6.
    pub state_time: [[Duration; 3]; 3],
    /// Until when time has been booked.
    pub booked_until: Moment,
}

impl UplinkBooks {
    /// Books opened at a moment.
    #[must_use]
    pub const fn new(now: Moment) -> Self {
        Self {
            state_time: [[Duration::ZERO; UplinkState::ALL.len()]; 3],
            booked_until: now,
        }
    }
}
