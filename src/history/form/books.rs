//! The books of networks, groups and the uplink in the state file.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{ByWord, by_word, duration, moment, name, nanos, nanos_of, values_of};
use crate::model::{
    Activation, DETECTION_SECONDS, GroupBooks, Histogram, Layer, NetworkBooks, OUTAGE_SECONDS,
    State, UplinkBooks, UplinkState,
};

const STATES: fn(State) -> &'static str = State::as_str;
const LAYERS: fn(Layer) -> &'static str = Layer::as_str;
const ACTIVATIONS: fn(Activation) -> &'static str = Activation::as_str;
const UPLINKS: fn(UplinkState) -> &'static str = UplinkState::as_str;

#[derive(Serialize, Deserialize)]
pub(super) struct NetworkBooksForm {
    state_time: ByWord,
    open_state: String,
    booked_until: u64,
    outages: ByWord,
    transitions: ByWord,
    outage_durations: HistogramForm,
    detection: HistogramForm,
    confirmation: HistogramForm,
}

impl From<&NetworkBooks> for NetworkBooksForm {
    fn from(books: &NetworkBooks) -> Self {
        Self {
            state_time: by_word(State::ALL.map(STATES), &books.state_time.map(nanos)),
            open_state: books.open_state.as_str().to_owned(),
            booked_until: nanos_of(books.booked_until),
            outages: by_word(Layer::ALL.map(LAYERS), &books.outages),
            transitions: by_word(State::ALL.map(STATES), &books.transitions),
            outage_durations: HistogramForm::from(&books.outage_durations),
            detection: HistogramForm::from(&books.detection),
            confirmation: HistogramForm::from(&books.confirmation),
        }
    }
}

impl From<NetworkBooksForm> for NetworkBooks {
    fn from(form: NetworkBooksForm) -> Self {
        Self {
            state_time: values_of(State::ALL.map(STATES), &form.state_time).map(duration),
            open_state: State::parse(&form.open_state).unwrap_or_default(),
            booked_until: moment(form.booked_until),
            outages: values_of(Layer::ALL.map(LAYERS), &form.outages),
            transitions: values_of(State::ALL.map(STATES), &form.transitions),
            outage_durations: form.outage_durations.with(OUTAGE_SECONDS),
            detection: form.detection.with(DETECTION_SECONDS),
            confirmation: form.confirmation.with(DETECTION_SECONDS),
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct GroupBooksForm {
    active_time: Vec<(Option<String>, u64)>,
    standby_time: Vec<u64>,
    domain_time: Vec<u64>,
    booked_until: u64,
    activations: Vec<(Option<String>, ByWord)>,
    exhaustions: u64,
    switch: HistogramForm,
}

impl From<&GroupBooks> for GroupBooksForm {
    fn from(books: &GroupBooks) -> Self {
        let active = books.active_time.iter();
        let activations = books.activations.iter();
        Self {
            active_time: active
                .map(|(network, time)| (network.as_ref().map(name), nanos(*time)))
                .collect(),
            standby_time: books.standby_time.map(nanos).to_vec(),
            domain_time: books.domain_time.map(nanos).to_vec(),
            booked_until: nanos_of(books.booked_until),
            activations: activations
                .map(|(network, counts)| {
                    let counts = by_word(Activation::ALL.map(ACTIVATIONS), counts);
                    (network.as_ref().map(name), counts)
                })
                .collect(),
            exhaustions: books.exhaustions,
            switch: HistogramForm::from(&books.switch),
        }
    }
}

impl From<GroupBooksForm> for GroupBooks {
    fn from(form: GroupBooksForm) -> Self {
        let active = form.active_time.into_iter();
        let activations = form.activations.into_iter();
        Self {
            active_time: active
                .map(|(network, time)| (network.map(Into::into), duration(time)))
                .collect(),
            standby_time: first_four(&form.standby_time),
            domain_time: first_four(&form.domain_time),
            booked_until: moment(form.booked_until),
            activations: activations
                .map(|(network, counts)| {
                    let counts = values_of(Activation::ALL.map(ACTIVATIONS), &counts);
                    (network.map(Into::into), counts)
                })
                .collect(),
            exhaustions: form.exhaustions,
            switch: form.switch.with(DETECTION_SECONDS),
        }
    }
}

fn first_four(times: &[u64]) -> [Duration; 4] {
    std::array::from_fn(|place| times.get(place).copied().map(duration).unwrap_or_default())
}

#[derive(Serialize, Deserialize)]
pub(super) struct UplinkBooksForm {
    any: ByWord,
    ipv4: ByWord,
    ipv6: ByWord,
    booked_until: u64,
}

impl From<&UplinkBooks> for UplinkBooksForm {
    fn from(books: &UplinkBooks) -> Self {
        let [any, ipv4, ipv6] = books
            .state_time
            .map(|times| by_word(UplinkState::ALL.map(UPLINKS), &times.map(nanos)));
        Self {
            any,
            ipv4,
            ipv6,
            booked_until: nanos_of(books.booked_until),
        }
    }
}

impl From<UplinkBooksForm> for UplinkBooks {
    fn from(form: UplinkBooksForm) -> Self {
        let families = [form.any, form.ipv4, form.ipv6];
        Self {
            state_time: families
                .map(|times| values_of(UplinkState::ALL.map(UPLINKS), &times).map(duration)),
            booked_until: moment(form.booked_until),
        }
    }
}

/// The buckets that are not empty, each with its upper bound, null for the last. Observations
/// whose bound is no longer known go to the next higher one, so none is lost.
#[derive(Serialize, Deserialize)]
struct HistogramForm {
    counts: Vec<(Option<f64>, u64)>,
    sum: Option<f64>,
}

impl From<&Histogram> for HistogramForm {
    fn from(histogram: &Histogram) -> Self {
        let bounds = histogram.bounds.iter().copied().map(Some).chain([None]);
        let counts = bounds.zip(histogram.counts.iter().copied());
        Self {
            counts: counts.filter(|(_, count)| *count > 0).collect(),
            sum: Some(histogram.sum),
        }
    }
}

impl HistogramForm {
    fn with(self, bounds: &'static [f64]) -> Histogram {
        let mut histogram = Histogram::new(bounds);
        histogram.sum = self.sum.unwrap_or_default();
        for (bound, count) in self.counts {
            let place = bound.map_or(bounds.len(), |bound| bounds.partition_point(|b| *b < bound));
            if let Some(bucket) = histogram.counts.get_mut(place) {
                *bucket = bucket.saturating_add(count);
            }
        }
        histogram
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn observations_under_other_bounds_are_kept_in_the_next_higher_one() {
        let mut old = Histogram::new(&[1.0, 2.0, 7.0]);
        for seconds in [1, 2, 5, 5, 60] {
            old.observe(Duration::from_secs(seconds));
        }
        let new = HistogramForm::from(&old).with(&[1.0, 5.0, 10.0]);
        assert_eq!(new.counts, [1, 1, 2, 1]);
        assert_eq!(new.sum, 73.0);
    }
}
