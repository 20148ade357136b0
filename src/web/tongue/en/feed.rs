//! English: what feed and badges say.

use super::English;
use crate::web::tongue::feed::Wording;

impl Wording for English {
    fn to_post_on(&self) -> &'static str {
        "post on"
    }

    fn no_channel(&self) -> &'static str {
        "no channel works"
    }

    fn feed(&self, vantage: &str) -> String {
        format!("Outages and switches, seen from {vantage}")
    }

    fn is_down(&self, network: &str, how: &str) -> String {
        format!("{network} is down{how}")
    }

    fn was_down(&self, network: &str, how: &str, lasted: &str) -> String {
        format!("{network} was down for {lasted}{how}")
    }

    fn was_last_down(&self, network: &str, how: &str) -> String {
        format!("{network} was down{how}; nobody has seen it come back")
    }

    fn since(&self, from: &str) -> String {
        format!("Since {from}.")
    }

    fn between(&self, from: &str, until: &str) -> String {
        format!("From {from} to {until}.")
    }

    fn failed(&self, endpoint: &str, reason: &str) -> String {
        format!("Endpoint {endpoint}: {reason}.")
    }

    fn switch(&self, group: &str, to: Option<&str>) -> String {
        match to {
            Some(to) => format!("{group}: post on {to}"),
            None => format!("{group}: no channel works"),
        }
    }

    fn instead(&self, to: Option<&str>, from: Option<&str>) -> String {
        let to = to.unwrap_or("no channel");
        match from {
            Some(from) => format!("{to} instead of {from}"),
            None => format!("{to}, where there was none"),
        }
    }
}
