//! The series of states and books, written from one picture of everything.
//!
//! One list says which there are and how each is written, for the scrape and for the replay. A
//! one-hot set always sums to 1, and times include what has passed since they were booked.

mod groups;
mod networks;
#[cfg(test)]
mod tests;
mod uplink;

use std::time::SystemTime;

use super::names::{self, Metric};
use super::text::Text;
use super::{Shown, unix_seconds};
use crate::model::{EndpointView, GroupView, Moment, NetworkView, State, UplinkView};

/// What is shown at one moment.
pub(super) struct Picture {
    pub(super) shown: Shown,
    /// The wall-clock time of the origin of moments.
    pub(super) origin: SystemTime,
}

/// A metric, and how its samples of one of these are written.
pub(super) struct Family {
    metric: Metric,
    samples: Samples,
}

enum Samples {
    /// The moment is that up to which its time can be booked, if it is held.
    Network(fn(&mut Text, &NetworkView, &Picture, Option<Moment>)),
    Endpoint(fn(&mut Text, &EndpointView)),
    Group(fn(&mut Text, &GroupView, &Picture)),
    Uplink(fn(&mut Text, &UplinkView, &Picture)),
}

const ENDPOINTS: &[Family] = &[
    Family {
        metric: names::ENDPOINT_STATE,
        samples: Samples::Endpoint(|text, endpoint| {
            let key = &endpoint.key;
            for state in State::ALL {
                let holds = u8::from(state == endpoint.state);
                text.sample(&[&key.network, &key.endpoint, state.as_str()], holds);
            }
        }),
    },
    Family {
        metric: names::ENDPOINT_RESTRICTED,
        samples: Samples::Endpoint(|text, endpoint| {
            let labels = [&*endpoint.key.network, &*endpoint.key.endpoint];
            text.sample(&labels, u8::from(endpoint.restricted));
        }),
    },
];

/// Every metric of states and books, in the order of the documentation.
pub(super) fn families() -> impl Iterator<Item = &'static Family> {
    [
        networks::FAMILIES,
        ENDPOINTS,
        groups::FAMILIES,
        uplink::FAMILIES,
    ]
    .into_iter()
    .flatten()
}

/// Writes the states of everything.
pub(super) fn write(text: &mut Text, picture: &Picture, lean: bool) {
    for family in families().filter(|family| family.metric.lean || !lean) {
        family.begin(text);
        family.write(text, picture);
    }
}

impl Family {
    /// The samples that come are this metric's.
    pub(super) fn begin(&self, text: &mut Text) {
        text.metric(&self.metric);
    }

    /// Its samples in one picture.
    pub(super) fn write(&self, text: &mut Text, picture: &Picture) {
        let Shown {
            snapshot, holds, ..
        } = &picture.shown;
        match self.samples {
            Samples::Network(write) => {
                let holds = holds.iter().copied().chain(std::iter::repeat(None));
                for (network, held) in snapshot.networks.iter().zip(holds) {
                    write(text, network, picture, held);
                }
            }
            Samples::Endpoint(write) => {
                for endpoint in snapshot.networks.iter().flat_map(|n| &n.endpoints) {
                    write(text, endpoint);
                }
            }
            Samples::Group(write) => {
                for group in &snapshot.groups {
                    write(text, group, picture);
                }
            }
            Samples::Uplink(write) => write(text, &snapshot.uplink, picture),
        }
    }
}

impl Picture {
    /// A moment for a gauge of time: 0 for none.
    fn timestamp(&self, moment: Option<Moment>) -> f64 {
        let wall = moment.and_then(|moment| self.origin.checked_add(moment.since_origin()));
        wall.map_or(0.0, unix_seconds)
    }
}
