//! The counters of a picture under the names of `/metrics`, to hold expectations against.

use std::collections::BTreeMap;
use std::time::Duration;

use super::world::Picture;
use crate::model::{
    Activation, EndpointKey, GroupView, Histogram, Layer, Name, NetworkView, State, UplinkState,
    Verdict,
};

/// One series.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Figure {
    pub(super) name: &'static str,
    pub(super) labels: Vec<(&'static str, String)>,
    pub(super) value: f64,
}

/// Rounds of each endpoint by verdict, in the order of [`Verdict::WORDS`].
pub(super) type Rounds = BTreeMap<EndpointKey, [u64; Verdict::WORDS.len()]>;

/// Everything that a picture says in numbers.
pub(super) fn figures(picture: &Picture) -> Vec<Figure> {
    let mut all = All(Vec::new());
    let holds = picture.holds.iter().copied().chain(std::iter::repeat(None));
    for (network, held) in picture.snapshot.networks.iter().zip(holds) {
        let times = network.books.state_time_at(picture.now, held);
        all.network(network, &times);
    }
    for group in &picture.snapshot.groups {
        all.group(group, picture);
    }
    all.uplink(picture);
    for (key, rounds) in &picture.rounds {
        for (verdict, count) in Verdict::WORDS.iter().zip(rounds) {
            all.add(
                "bascule_rounds_total",
                &[
                    ("network", &key.network),
                    ("endpoint", &key.endpoint),
                    ("verdict", verdict),
                ],
                *count as f64,
            );
        }
    }
    all.0
}

/// The time with each network active, as it is at the moment of the picture.
pub(super) fn active_time(group: &GroupView, picture: &Picture) -> Vec<(Option<Name>, Duration)> {
    let open = picture.now.since(group.books.booked_until);
    let mut times = group.books.active_time.clone();
    for (network, time) in &mut times {
        if *network == group.active {
            *time += open;
        }
    }
    times
}

struct All(Vec<Figure>);

impl All {
    fn add(&mut self, name: &'static str, labels: &[(&'static str, &str)], value: f64) {
        let labels = labels.iter().map(|(l, v)| (*l, (*v).to_owned())).collect();
        self.0.push(Figure {
            name,
            labels,
            value,
        });
    }

    fn network(&mut self, view: &NetworkView, times: &[Duration; 5]) {
        let network = ("network", &*view.name);
        let books = &view.books;
        for state in State::ALL {
            let (word, index) = (state.as_str(), state as usize);
            let is = f64::from(u8::from(view.state == state));
            self.add("bascule_network_state", &[network, ("state", word)], is);
            self.add(
                "bascule_network_state_seconds_total",
                &[network, ("state", word)],
                times[index].as_secs_f64(),
            );
            let entered = books.transitions[index] as f64;
            let labels = [network, ("to", word)];
            self.add("bascule_network_transitions_total", &labels, entered);
            let endpoints = view.endpoints.iter();
            let count = endpoints.filter(|endpoint| endpoint.state == state).count();
            let labels = [network, ("state", word)];
            self.add("bascule_network_endpoints", &labels, count as f64);
        }
        for layer in Layer::ALL {
            let labels = [network, ("layer", layer.as_str())];
            let outages = books.outages[layer as usize] as f64;
            self.add("bascule_network_outages_total", &labels, outages);
            let is = f64::from(u8::from(view.layer == Some(layer)));
            self.add("bascule_network_layer_down", &labels, is);
        }
        let spare = f64::from(view.spare_weight);
        self.add("bascule_network_spare_weight", &[network], spare);
        let flapping = f64::from(u8::from(view.flapping));
        self.add("bascule_network_flapping", &[network], flapping);
        for (name, histogram) in [
            (DURATION, &books.outage_durations),
            (DETECTION, &books.detection),
            (CONFIRMATION, &books.confirmation),
        ] {
            self.histogram(name, network, histogram);
        }
        for endpoint in &view.endpoints {
            let labels = [network, ("endpoint", &*endpoint.key.endpoint)];
            let restricted = f64::from(u8::from(endpoint.restricted));
            self.add("bascule_endpoint_restricted", &labels, restricted);
            for state in State::ALL {
                let is = f64::from(u8::from(endpoint.state == state));
                let labels = [labels[0], labels[1], ("state", state.as_str())];
                self.add("bascule_endpoint_state", &labels, is);
            }
        }
    }

    fn group(&mut self, view: &GroupView, picture: &Picture) {
        let group = ("group", &*view.name);
        let name_of = |network: &Option<Name>| network.clone().unwrap_or_else(|| "none".into());
        for (network, time) in active_time(view, picture) {
            let name = name_of(&network);
            let labels = [group, ("network", &*name)];
            let is = f64::from(u8::from(view.active == network));
            self.add("bascule_group_active", &labels, is);
            let seconds = time.as_secs_f64();
            self.add("bascule_group_active_seconds_total", &labels, seconds);
        }
        for (network, counts) in &view.books.activations {
            let name = name_of(network);
            for (reason, count) in Activation::ALL.iter().zip(counts) {
                self.add(
                    "bascule_group_activations_total",
                    &[group, ("network", &*name), ("reason", reason.as_str())],
                    *count as f64,
                );
            }
        }
        for (network, role) in &view.roles {
            let labels = [group, ("network", &**network), ("role", role.as_str())];
            self.add("bascule_group_role", &labels, 1.0);
        }
        let standbys = f64::from(view.standbys);
        self.add("bascule_group_standbys", &[group], standbys);
        let domains = f64::from(view.standby_domains);
        self.add("bascule_group_standby_domains", &[group], domains);
        let open = if view.frozen {
            Duration::ZERO
        } else {
            picture.now.since(view.books.booked_until)
        };
        for (name, label, times, now) in [
            (
                STANDBY_TIME,
                "standbys",
                view.books.standby_time,
                view.standbys,
            ),
            (
                DOMAIN_TIME,
                "domains",
                view.books.domain_time,
                view.standby_domains,
            ),
        ] {
            for (index, (word, booked)) in ["0", "1", "2", "3+"].iter().zip(times).enumerate() {
                let runs = index == (now as usize).min(3);
                let time = if runs { booked + open } else { booked };
                self.add(name, &[group, (label, word)], time.as_secs_f64());
            }
        }
        let frozen = f64::from(u8::from(view.frozen));
        self.add("bascule_group_frozen", &[group], frozen);
        let exhaustions = view.books.exhaustions as f64;
        self.add("bascule_group_exhaustions_total", &[group], exhaustions);
        self.histogram(SWITCH, group, &view.books.switch);
    }

    fn histogram(
        &mut self,
        [count, sum]: [&'static str; 2],
        label: (&'static str, &str),
        histogram: &Histogram,
    ) {
        self.add(count, &[label], histogram.count() as f64);
        self.add(sum, &[label], histogram.sum);
    }

    fn uplink(&mut self, picture: &Picture) {
        let view = &picture.snapshot.uplink;
        let open = picture.now.since(view.books.booked_until);
        for (index, family) in ["any", "ipv4", "ipv6"].into_iter().enumerate() {
            let now = view.states[index];
            let is = f64::from(u8::from(now == UplinkState::Up));
            self.add("bascule_uplink_up", &[("family", family)], is);
            for state in UplinkState::ALL {
                let booked = view.books.state_time[index][state as usize];
                let running = if state == now { open } else { Duration::ZERO };
                self.add(
                    "bascule_uplink_state_seconds_total",
                    &[("family", family), ("state", state.as_str())],
                    (booked + running).as_secs_f64(),
                );
            }
        }
    }
}

const STANDBY_TIME: &str = "bascule_group_standby_seconds_total";
const DOMAIN_TIME: &str = "bascule_group_standby_domains_seconds_total";
const DURATION: [&str; 2] = [
    "bascule_network_outage_duration_seconds_count",
    "bascule_network_outage_duration_seconds_sum",
];
const DETECTION: [&str; 2] = [
    "bascule_network_outage_detection_seconds_count",
    "bascule_network_outage_detection_seconds_sum",
];
const CONFIRMATION: [&str; 2] = [
    "bascule_network_outage_confirmation_seconds_count",
    "bascule_network_outage_confirmation_seconds_sum",
];
const SWITCH: [&str; 2] = [
    "bascule_group_switch_seconds_count",
    "bascule_group_switch_seconds_sum",
];
