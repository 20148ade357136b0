//! The series of a group.

use std::time::Duration;

use super::{Family, Samples};
use crate::metrics::NO_NETWORK;
use crate::metrics::names;
use crate::metrics::text::{Seconds, Text};
use crate::model::{Activation, GroupView, Moment, Role};

/// The label values of how many there are.
const DEPTHS: [&str; 4] = ["0", "1", "2", "3+"];

pub(super) const FAMILIES: &[Family] = &[
    Family {
        metric: names::GROUP_ACTIVE,
        samples: Samples::Group(|text, group, _| {
            let networks = group.roles.iter().map(|(network, _)| Some(network));
            for network in networks.chain([None]) {
                let holds = u8::from(network == group.active.as_ref());
                text.sample(&[&group.name, label(network)], holds);
            }
        }),
    },
    Family {
        metric: names::GROUP_ROLE,
        samples: Samples::Group(|text, group, _| {
            for (network, holds) in &group.roles {
                for role in Role::ALL {
                    let labels = [&*group.name, network, role.as_str()];
                    text.sample(&labels, u8::from(role == *holds));
                }
            }
        }),
    },
    Family {
        metric: names::GROUP_ACTIVE_SECONDS,
        samples: Samples::Group(|text, group, picture| {
            let open = open(group, picture.shown.now);
            for (network, booked) in &group.books.active_time {
                let active = *network == group.active;
                let time = *booked + if active { open } else { Duration::ZERO };
                text.sample(&[&group.name, label(network.as_ref())], Seconds(time));
            }
        }),
    },
    Family {
        metric: names::GROUP_ACTIVATIONS,
        samples: Samples::Group(|text, group, _| {
            for (network, counts) in &group.books.activations {
                for (reason, count) in Activation::ALL.into_iter().zip(counts) {
                    let network = label(network.as_ref());
                    text.sample(&[&group.name, network, reason.as_str()], count);
                }
            }
        }),
    },
    Family {
        metric: names::GROUP_STANDBYS,
        samples: Samples::Group(|text, group, _| {
            text.sample(&[&group.name], group.standbys);
        }),
    },
    Family {
        metric: names::GROUP_STANDBY_SECONDS,
        samples: Samples::Group(|text, group, picture| {
            let booked = group.books.standby_time;
            by_depth(text, group, picture.shown.now, booked, group.standbys);
        }),
    },
    Family {
        metric: names::GROUP_STANDBY_DOMAINS,
        samples: Samples::Group(|text, group, _| {
            text.sample(&[&group.name], group.standby_domains);
        }),
    },
    Family {
        metric: names::GROUP_STANDBY_DOMAINS_SECONDS,
        samples: Samples::Group(|text, group, picture| {
            let booked = group.books.domain_time;
            let domains = group.standby_domains;
            by_depth(text, group, picture.shown.now, booked, domains);
        }),
    },
    Family {
        metric: names::GROUP_EXHAUSTIONS,
        samples: Samples::Group(|text, group, _| {
            text.sample(&[&group.name], group.books.exhaustions);
        }),
    },
    Family {
        metric: names::GROUP_SWITCH,
        samples: Samples::Group(|text, group, _| {
            text.histogram(&[&group.name], &group.books.switch);
        }),
    },
    Family {
        metric: names::GROUP_FAILBACK_DUE,
        samples: Samples::Group(|text, group, picture| {
            let due = group.failback_due.as_ref().map(|(_, due)| *due);
            text.sample(&[&group.name], picture.timestamp(due));
        }),
    },
    Family {
        metric: names::GROUP_FROZEN,
        samples: Samples::Group(|text, group, _| {
            text.sample(&[&group.name], u8::from(group.frozen));
        }),
    },
];

fn label<N: AsRef<str>>(network: Option<&N>) -> &str {
    network.map_or(NO_NETWORK, AsRef::as_ref)
}

/// What has passed since time was booked.
fn open(group: &GroupView, now: Moment) -> Duration {
    now.since(group.books.booked_until)
}

/// Time by how many there are. While decisions are held that cannot be judged.
fn by_depth(
    text: &mut Text,
    group: &GroupView,
    now: Moment,
    mut times: [Duration; DEPTHS.len()],
    present: u32,
) {
    if !group.frozen {
        let depth = usize::try_from(present).map_or(3, |present| present.min(3));
        times[depth] += open(group, now);
    }
    for (depth, time) in DEPTHS.into_iter().zip(times) {
        text.sample(&[&group.name, depth], Seconds(time));
    }
}
