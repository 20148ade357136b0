//! English.

mod feed;
mod labels;

use std::time::Duration;

use super::{Labels, Tongue, What};
use crate::model::{Activation, Family, Layer, Reason, Role, State, UplinkState};
use crate::report::words;

pub(super) struct English;

impl Tongue for English {
    fn code(&self) -> &'static str {
        "en"
    }

    fn name(&self) -> &'static str {
        "English"
    }

    fn labels(&self) -> &'static Labels {
        &labels::LABELS
    }

    fn state(&self, state: State) -> &'static str {
        state.as_str()
    }

    fn role(&self, role: Role) -> &'static str {
        match role {
            Role::Unknown => "not judged",
            role => role.as_str(),
        }
    }

    fn layer(&self, layer: Layer) -> &'static str {
        match layer {
            Layer::Dns => "DNS",
            Layer::Tcp => "TCP",
            Layer::Tls => "TLS",
            Layer::Http => "HTTP",
            Layer::Content => "content",
        }
    }

    fn reason(&self, reason: Reason) -> &'static str {
        reason.sentence()
    }

    fn activation(&self, activation: Activation) -> &'static str {
        match activation {
            Activation::Startup => "first choice after the start",
            Activation::Failover => "the active channel was lost",
            Activation::Failback => "a preferred channel came back",
            Activation::Recovery => "a channel works again",
            Activation::Manual => "chosen by hand",
        }
    }

    fn uplink(&self, family: Option<Family>, from: UplinkState, to: UplinkState) -> &'static str {
        match (family, to) {
            (None, UplinkState::Down) => "Our own connection is down: nothing is judged",
            (None, UplinkState::Up) if from == UplinkState::Down => {
                "Our own connection works again"
            }
            (None, UplinkState::Up) => "Our own connection is proven",
            (None, UplinkState::Unknown) => "Our own connection is not judged",
            (Some(Family::Ipv4), UplinkState::Down) => "Our own IPv4 does not work",
            (Some(Family::Ipv4), UplinkState::Up) => "Our own IPv4 works",
            (Some(Family::Ipv4), UplinkState::Unknown) => "Our own IPv4 is not judged",
            (Some(Family::Ipv6), UplinkState::Down) => "Our own IPv6 does not work",
            (Some(Family::Ipv6), UplinkState::Up) => "Our own IPv6 works",
            (Some(Family::Ipv6), UplinkState::Unknown) => "Our own IPv6 is not judged",
        }
    }

    fn span(&self, length: Duration) -> String {
        words::span(length)
    }

    fn percent(&self, text: &str) -> String {
        format!("{text} %")
    }

    fn pair(&self, name: &str, value: &str) -> String {
        format!("{name}: {value}")
    }

    fn of_observed(&self, share: u64) -> String {
        format!("of {share} % observed")
    }

    fn blind(&self, since: &str, lasted: Duration) -> String {
        let lasted = self.span(lasted);
        format!("Our own connection is down since {since}, {lasted}: nothing is judged.")
    }

    fn deaf(&self) -> String {
        "No resolver answers here: names cannot be judged.".to_owned()
    }

    fn last_known(&self, title: &str) -> String {
        format!("Last known: {title}.")
    }

    fn nothing_judged(&self) -> String {
        "Nothing is judged yet.".to_owned()
    }

    fn unproven(&self) -> String {
        "Whether our own connection works is not known yet.".to_owned()
    }

    fn none_works(&self) -> String {
        "No channel works.".to_owned()
    }

    fn last_resort(&self, url: &str) -> String {
        format!("Last resort: {url}")
    }

    fn all_work(&self, others: bool) -> String {
        let which = if others { "other " } else { "" };
        format!("All {which}channels work.")
    }

    fn post_on(&self, title: &str) -> String {
        format!("Post on: {title}.")
    }

    fn is_pinned(&self, until: &str) -> String {
        format!("It is pinned until {until}.")
    }

    fn standby(&self, titles: &[&str], apart: bool) -> String {
        if titles.is_empty() {
            return "Nothing stands by.".to_owned();
        }
        let alone = if apart {
            ""
        } else {
            ", and all of it falls together with the active one"
        };
        format!("Standby: {}{alone}.", titles.join(", "))
    }

    fn what(&self, what: What<'_>) -> String {
        match what {
            What::Maintenance {
                until: Some(until), ..
            } => format!("in maintenance until {until}"),
            What::Maintenance { since, .. } => format!("in maintenance since {since}"),
            What::Disabled => "disabled".to_owned(),
            What::Held {
                since,
                at: Some(at),
            } => format!("up since {since} and takes over at {at}"),
            What::Held { since, at: None } => format!("up since {since} and held"),
            What::Is { state, since } => format!("{state} since {since}"),
        }
    }

    fn note(
        &self,
        title: &str,
        what: &str,
        layer: Option<Layer>,
        lasted: Option<Duration>,
    ) -> String {
        let layer = layer.map_or_else(String::new, |it| format!(" ({})", self.layer(it)));
        let lasted = lasted.map_or_else(String::new, |it| format!(", {}", self.span(it)));
        format!("{title} is {what}{layer}{lasted}.")
    }

    fn down_head(&self, lost: &str, title: &str) -> String {
        format!("{lost} is down: use {title}")
    }

    fn fine_head(&self, title: &str) -> String {
        format!("All channels work: {title}")
    }

    fn use_head(&self, title: &str) -> String {
        format!("Post on {title}")
    }

    fn resting_head(&self, resting: &str, title: &str) -> String {
        format!("{resting} is in maintenance: use {title}")
    }

    fn active_since(&self, title: &str, time: &str) -> String {
        format!("{title} has been the active channel since {time} UTC.")
    }

    fn role_in(&self, role: Role, group: &str) -> String {
        format!("{} in {group}", self.role(role))
    }

    fn as_of(&self, time: &str) -> String {
        format!("As of {time} UTC")
    }

    fn data_age(&self, age: &str) -> String {
        format!("data is {age} old")
    }

    fn stale(&self, time: &str) -> String {
        format!("This page has not been renewed since {time} UTC; it may be out of date.")
    }

    fn hangs(&self, since: &str, age: &str) -> String {
        format!("The prober itself hangs: nothing has been judged since {since} UTC ({age} ago).")
    }

    fn late(&self, since: &str, age: &str) -> String {
        format!("The prober itself is late: its newest round ended at {since} UTC ({age} ago).")
    }

    fn until_then(&self, time: &str) -> String {
        format!("until {time} UTC")
    }

    fn until(&self, time: &str) -> String {
        format!("Until {time} UTC.")
    }

    fn window(&self, title: &str, from: &str, until: &str, open: bool) -> String {
        let what = if open {
            "In maintenance"
        } else {
            "Maintenance announced"
        };
        format!("{what}: {title}, from {from} to {until} UTC.")
    }

    fn bars_days(&self, days: usize, troubled: usize, unobserved: usize) -> String {
        format!("Last {days} days: {troubled} with trouble, {unobserved} not observed")
    }

    fn bars_hours(&self, hours: usize, troubled: usize, unobserved: usize) -> String {
        format!("Last {hours} hours: {troubled} with trouble, {unobserved} not observed")
    }

    fn days_ago(&self, days: usize) -> String {
        format!("{days} days")
    }

    fn hours_ago(&self, hours: usize) -> String {
        format!("{hours} hours")
    }

    fn more_networks(&self, number: usize) -> String {
        format!("{} more:", words::count(number, "channel"))
    }

    fn more_days(&self, number: usize) -> String {
        format!("{} more with trouble:", words::count(number, "day"))
    }

    fn network_became(&self, title: &str, state: State, before: Option<State>) -> String {
        match (state, before) {
            (State::Up, Some(State::Down)) => format!("{title} works again"),
            (State::Up, Some(State::Degraded)) => format!("{title} works without trouble again"),
            (State::Up, _) => format!("{title} works"),
            (State::Unknown, _) => format!("{title} is not judged any more"),
            (State::Degraded, _) => format!("{title} works with trouble"),
            (State::Down, _) => format!("{title} is down"),
            (State::Maintenance, _) => format!("{title} is in maintenance"),
        }
    }

    fn earlier(&self, number: usize) -> String {
        format!("Show {number} earlier")
    }

    fn outage_ended(&self, title: &str) -> String {
        format!("The outage of {title} is over")
    }

    fn switched(&self, group: &str, to: Option<&str>, from: Option<&str>) -> String {
        match (to, from) {
            (Some(to), Some(from)) => format!("{group}: from {from} to {to}"),
            (Some(to), None) => format!("{group}: now {to}"),
            (None, Some(from)) => format!("{group}: from {from} to nothing, no channel works"),
            (None, None) => format!("{group}: no channel works"),
        }
    }
}
