//! The documents of `/api/v1` and `/status.json`: `docs/api.md` says what each field means.
//!
//! The names and the order of the keys are a promise to users, so they are spelled out here, in
//! views over the model. An absent fact is `null`, never a missing key. Durations are seconds,
//! times RFC 3339 in UTC with milliseconds.

pub(super) mod availability;
pub(super) mod endpoint;
pub(super) mod groups;
pub(super) mod history;
pub(super) mod networks;
pub(super) mod status;

use serde::Serialize;

use super::source::{Facts, Picture};
use crate::model::{Cause, Moment};
use crate::report::words::timestamp_ms;

/// What every document begins with.
#[derive(Serialize)]
struct Head<'a> {
    api: &'static str,
    vantage: &'a str,
    at: String,
}

/// A picture on its way to a reader.
#[derive(Clone, Copy)]
pub(super) struct Shown<'a> {
    pub(super) picture: &'a Picture,
    pub(super) facts: &'a Facts,
    /// URLs and addresses may be shown, and sentences that could quote them.
    pub(super) targets: bool,
    /// Nobody has judged since the picture: what it shows may not be true any more.
    pub(super) hangs: bool,
}

impl<'a> Shown<'a> {
    fn head(self) -> Head<'a> {
        Head {
            api: "v1",
            vantage: &self.facts.vantage,
            at: timestamp_ms(self.picture.wall),
        }
    }

    fn time(self, moment: Moment) -> String {
        timestamp_ms(self.picture.wall_of(moment))
    }

    /// The particulars in a sentence.
    fn detail(self, cause: &'a Cause) -> Option<&'a str> {
        self.targets.then_some(&*cause.detail)
    }
}

/// A document as text, with a line break at the end.
fn text(document: &impl Serialize) -> Result<Vec<u8>, String> {
    let mut text = serde_json::to_vec(document).map_err(|error| error.to_string())?;
    text.push(b'\n');
    Ok(text)
}
