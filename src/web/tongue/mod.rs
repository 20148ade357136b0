//! The languages of what people read: the status page, and whatever else is not for programs.
//!
//! A language is one folder with one type that implements [`Tongue`] and [`feed::Wording`]; the
//! compiler says what it lacks. Which one a reader gets is decided by `?lang=`, then by
//! `Accept-Language`; English if neither names one that is known.

mod en;
mod feed;
mod fr;
mod labels;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub(super) use feed::wanted;
pub(super) use labels::Labels;

use crate::model::{Activation, Family, Layer, Reason, Role, State, UplinkState};

/// The language of programs, logs and everybody who asks for none that is known.
pub(super) const ENGLISH: &dyn Tongue = &en::English;

/// Every language, the one that is taken by default first.
pub(super) const ALL: [&dyn Tongue; 2] = [ENGLISH, &fr::French];

/// What is the matter with a network. Times of day are texts already.
#[derive(Clone, Copy, Debug)]
pub(super) enum What<'a> {
    Maintenance {
        since: &'a str,
        until: Option<&'a str>,
    },
    Disabled,
    /// Up, but not the active one yet.
    Held {
        since: &'a str,
        at: Option<&'a str>,
    },
    Is {
        state: State,
        since: &'a str,
    },
}

/// A language. Sentences that the text of the answer depends on end with a full stop.
pub(super) trait Tongue: feed::Wording + Sync {
    /// As in `lang=` and `?lang=`.
    fn code(&self) -> &'static str;
    /// Its own name for itself.
    fn name(&self) -> &'static str;
    fn labels(&self) -> &'static Labels;

    fn state(&self, state: State) -> &'static str;
    fn role(&self, role: Role) -> &'static str;
    /// Where it fails, in the letters of the protocol.
    fn layer(&self, layer: Layer) -> &'static str;
    /// What it means, without a full stop.
    fn reason(&self, reason: Reason) -> &'static str;
    /// Why a group has another active network, behind which channel that is.
    fn activation(&self, activation: Activation) -> &'static str;
    /// What happened to our own connection.
    fn uplink(&self, family: Option<Family>, from: UplinkState, to: UplinkState) -> &'static str;

    /// A length of time: two units at most.
    fn span(&self, length: Duration) -> String;
    /// Thousandths of a per cent as per cent.
    fn percent(&self, text: &str) -> String;
    /// What something is called, and what it is.
    fn pair(&self, name: &str, value: &str) -> String;
    /// Stands behind an availability: how many per cent of the time it is about.
    fn of_observed(&self, share: u64) -> String;

    fn blind(&self, since: &str, lasted: Duration) -> String;
    fn deaf(&self) -> String;
    fn last_known(&self, title: &str) -> String;
    fn nothing_judged(&self) -> String;
    fn unproven(&self) -> String;
    fn none_works(&self) -> String;
    fn last_resort(&self, url: &str) -> String;
    /// `others`: all but those whose maintenance was told before.
    fn all_work(&self, others: bool) -> String;
    fn post_on(&self, title: &str) -> String;
    fn is_pinned(&self, until: &str) -> String;
    /// `apart`: not all of them fall together with the active one.
    fn standby(&self, titles: &[&str], apart: bool) -> String;
    fn what(&self, what: What<'_>) -> String;
    fn note(
        &self,
        title: &str,
        what: &str,
        layer: Option<Layer>,
        lasted: Option<Duration>,
    ) -> String;

    fn down_head(&self, lost: &str, title: &str) -> String;
    fn fine_head(&self, title: &str) -> String;
    fn use_head(&self, title: &str) -> String;
    fn resting_head(&self, resting: &str, title: &str) -> String;
    /// Since when a channel is the active one.
    fn active_since(&self, title: &str, time: &str) -> String;
    /// The role of a network in one of several groups.
    fn role_in(&self, role: Role, group: &str) -> String;
    fn as_of(&self, time: &str) -> String;
    /// How old the newest round is.
    fn data_age(&self, age: &str) -> String;
    fn stale(&self, time: &str) -> String;
    /// Nobody judges any more.
    fn hangs(&self, since: &str, age: &str) -> String;
    /// No round has ended for longer than it should take.
    fn late(&self, since: &str, age: &str) -> String;
    /// Until when a maintenance lasts.
    fn until_then(&self, time: &str) -> String;
    /// How long a notice is shown.
    fn until(&self, time: &str) -> String;
    /// A window of maintenance that is open, or announced.
    fn window(&self, title: &str, from: &str, until: &str, open: bool) -> String;
    fn bars_days(&self, days: usize, troubled: usize, unobserved: usize) -> String;
    fn bars_hours(&self, hours: usize, troubled: usize, unobserved: usize) -> String;
    fn days_ago(&self, days: usize) -> String;
    fn hours_ago(&self, hours: usize) -> String;
    fn more_networks(&self, number: usize) -> String;
    fn more_days(&self, number: usize) -> String;
    fn network_became(&self, title: &str, state: State, before: Option<State>) -> String;
    /// Events that are not shown at once.
    fn earlier(&self, number: usize) -> String;
    fn outage_ended(&self, title: &str) -> String;
    fn switched(&self, group: &str, to: Option<&str>, from: Option<&str>) -> String;
}

/// The language for a reader.
pub(super) fn choose(wanted: Option<&str>, accepted: &str) -> &'static dyn Tongue {
    let asked = wanted.and_then(of);
    asked.or_else(|| preferred(accepted)).unwrap_or(ENGLISH)
}

/// The language of a tag such as `fr` or `fr-CA`.
fn of(tag: &str) -> Option<&'static dyn Tongue> {
    let primary = tag.split('-').next().unwrap_or_default().trim();
    let mut all = ALL.into_iter();
    all.find(|tongue| tongue.code().eq_ignore_ascii_case(primary))
}

/// The known language of an `Accept-Language` with the highest weight; of equal ones the first.
fn preferred(accepted: &str) -> Option<&'static dyn Tongue> {
    let mut best: Option<(&dyn Tongue, f64)> = None;
    for range in accepted.split(',') {
        let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
        let Some((tongue, weight)) = of(tag).zip(weight(parameters)) else {
            continue;
        };
        if best.is_none_or(|(_, most)| weight > most) {
            best = Some((tongue, weight));
        }
    }
    best.map(|(tongue, _)| tongue)
}

/// The weight among the parameters of a range, 1 if there is none; `None` if it is not wanted at
/// all or cannot be read. Parameters of others are passed over.
fn weight(parameters: &str) -> Option<f64> {
    let mut pairs = parameters.split(';').filter_map(|it| it.split_once('='));
    let own = pairs.find(|(key, _)| key.trim().eq_ignore_ascii_case("q"));
    let weight = own.map_or(Ok(1.0), |(_, value)| value.trim().parse::<f64>());
    weight.ok().filter(|it| *it > 0.0 && *it <= 1.0)
}
