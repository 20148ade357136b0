//! What the feed and the badges say beside the words of the page, in each language: chosen by
//! `?lang=` alone, so that what is kept on the way is the same for everybody.

use super::{ALL, ENGLISH, Tongue};
use crate::web::query::{Query, Refusal};

/// These words of a language; the others are those of [`Tongue`].
pub(in crate::web) trait Wording: Sync {
    /// What stands before the channel to use.
    fn to_post_on(&self) -> &'static str;
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

/// The language that a request asks for with `?lang=`; English if it does not.
pub(in crate::web) fn wanted(query: Option<&str>) -> Result<&'static dyn Tongue, Refusal> {
    let query = Query::read_some(query, &["lang"])?;
    let known = query.text("lang").and_then(super::of);
    match known {
        Some(tongue) => Ok(tongue),
        None => query
            .one_of("lang", &ALL.map(Tongue::code))
            .map(|_| ENGLISH),
    }
}
