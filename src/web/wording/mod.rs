//! What the feed and the badges say, in each language: a file each, chosen by `?lang=`.

mod en;
mod fr;

use super::query::{Query, Refusal};
use crate::model::{Activation, Layer, State};

/// The words of a language.
pub(super) trait Wording: Sync {
    /// Its code: `en`.
    fn code(&self) -> &'static str;
    /// A state.
    fn state(&self, state: State) -> &'static str;
    /// A layer.
    fn layer(&self, layer: Layer) -> &'static str;
    /// Why a group has another active network, behind which channel that is.
    fn activation(&self, why: Activation) -> &'static str;
    /// What stands before the channel to use.
    fn post_on(&self) -> &'static str;
    /// What stands there where no channel works.
    fn no_channel(&self) -> &'static str;
    /// The title of the feed.
    fn feed(&self, vantage: &str) -> String;
    /// The title of an outage that runs; `how` is its layer in brackets, or nothing.
    fn is_down(&self, network: &str, how: &str) -> String;
    /// The title of one that has ended.
    fn was_down(&self, network: &str, how: &str, lasted: &str) -> String;
    /// The title of one whose end was not seen.
    fn was_last_down(&self, network: &str, how: &str) -> String;
    /// A length of time of which `span` has the English words.
    fn span(&self, span: &str) -> String;
    /// Since when.
    fn since(&self, from: &str) -> String;
    /// From when until when.
    fn between(&self, from: &str, until: &str) -> String;
    /// The endpoint that failed, and why.
    fn failed(&self, endpoint: &str, reason: &str) -> String;
    /// The title of a switch.
    fn switch(&self, group: &str, to: Option<&str>) -> String;
    /// A channel in the place of another.
    fn instead(&self, to: Option<&str>, from: Option<&str>) -> String;
}

pub(super) const ALL: [&dyn Wording; 2] = [&en::English, &fr::French];

/// The language that a request asks for with `?lang=`; English if it does not.
pub(super) fn wanted(query: Option<&str>) -> Result<&'static dyn Wording, Refusal> {
    let query = Query::read_some(query, &["lang"])?;
    let codes = ALL.map(Wording::code);
    let wanted = query.one_of("lang", &codes)?.unwrap_or(codes[0]);
    let found = ALL.into_iter().find(|it| it.code() == wanted);
    Ok(found.unwrap_or(ALL[0]))
}
