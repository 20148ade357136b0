//! The series of our own connection.

use super::{Family, Samples};
use crate::metrics::names;
use crate::metrics::text::Seconds;
use crate::model::UplinkState;

/// In the order of the snapshot.
const FAMILIES_WITH_ANY: [&str; 3] = ["any", "ipv4", "ipv6"];

pub(super) const FAMILIES: &[Family] = &[
    Family {
        metric: names::UPLINK_UP,
        samples: Samples::Uplink(|text, uplink, _| {
            for (family, state) in FAMILIES_WITH_ANY.into_iter().zip(uplink.states) {
                text.sample(&[family], u8::from(state == UplinkState::Up));
            }
        }),
    },
    Family {
        metric: names::UPLINK_STATE_SECONDS,
        samples: Samples::Uplink(|text, uplink, picture| {
            let open = picture.shown.now.since(uplink.books.booked_until);
            let booked = uplink.books.state_time.into_iter().zip(uplink.states);
            for (family, (mut times, present)) in FAMILIES_WITH_ANY.into_iter().zip(booked) {
                times[present as usize] += open;
                for state in UplinkState::ALL {
                    let time = Seconds(times[state as usize]);
                    text.sample(&[family, state.as_str()], time);
                }
            }
        }),
    },
];
