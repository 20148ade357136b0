//! The series of a network.

use super::{Family, Samples};
use crate::metrics::names;
use crate::metrics::text::{Number, Seconds, Text};
use crate::model::{Layer, State};

pub(super) const FAMILIES: &[Family] = &[
    Family {
        metric: names::NETWORK_STATE,
        samples: Samples::Network(|text, network, _, _| {
            by_state(text, &network.name, |s| u8::from(s == network.state));
        }),
    },
    Family {
        metric: names::NETWORK_STATE_SECONDS,
        samples: Samples::Network(|text, network, picture, held| {
            let times = network.books.state_time_at(picture.shown.now, held);
            by_state(text, &network.name, |s| Seconds(times[s as usize]));
        }),
    },
    Family {
        metric: names::NETWORK_OUTAGES,
        samples: Samples::Network(|text, network, _, _| {
            let outages = &network.books.outages;
            by_layer(text, &network.name, |l| outages[l as usize]);
        }),
    },
    Family {
        metric: names::NETWORK_TRANSITIONS,
        samples: Samples::Network(|text, network, _, _| {
            let transitions = &network.books.transitions;
            by_state(text, &network.name, |s| transitions[s as usize]);
        }),
    },
    Family {
        metric: names::NETWORK_OUTAGE_DURATION,
        samples: Samples::Network(|text, network, _, _| {
            text.histogram(&[&network.name], &network.books.outage_durations);
        }),
    },
    Family {
        metric: names::NETWORK_OUTAGE_DETECTION,
        samples: Samples::Network(|text, network, _, _| {
            text.histogram(&[&network.name], &network.books.detection);
        }),
    },
    Family {
        metric: names::NETWORK_OUTAGE_CONFIRMATION,
        samples: Samples::Network(|text, network, _, _| {
            text.histogram(&[&network.name], &network.books.confirmation);
        }),
    },
    Family {
        metric: names::NETWORK_OUTAGE_START,
        samples: Samples::Network(|text, network, picture, _| {
            let started = network.outage.as_ref().map(|outage| outage.started);
            text.sample(&[&network.name], picture.timestamp(started));
        }),
    },
    Family {
        metric: names::NETWORK_LAST_TRANSITION,
        samples: Samples::Network(|text, network, picture, _| {
            text.sample(&[&network.name], picture.timestamp(network.confirmed));
        }),
    },
    Family {
        metric: names::NETWORK_LAYER_DOWN,
        samples: Samples::Network(|text, network, _, _| {
            by_layer(text, &network.name, |l| u8::from(Some(l) == network.layer));
        }),
    },
    Family {
        metric: names::NETWORK_ENDPOINTS,
        samples: Samples::Network(|text, network, _, _| {
            by_state(text, &network.name, |s| {
                network.endpoints.iter().filter(|e| e.state == s).count()
            });
        }),
    },
    Family {
        metric: names::NETWORK_SPARE_WEIGHT,
        samples: Samples::Network(|text, network, _, _| {
            text.sample(&[&network.name], network.spare_weight);
        }),
    },
    Family {
        metric: names::NETWORK_FLAPPING,
        samples: Samples::Network(|text, network, _, _| {
            text.sample(&[&network.name], u8::from(network.flapping));
        }),
    },
];

fn by_state<V: Into<Number>>(text: &mut Text, network: &str, value: impl Fn(State) -> V) {
    for state in State::ALL {
        text.sample(&[network, state.as_str()], value(state));
    }
}

fn by_layer<V: Into<Number>>(text: &mut Text, network: &str, value: impl Fn(Layer) -> V) {
    for layer in Layer::ALL {
        text.sample(&[network, layer.as_str()], value(layer));
    }
}
