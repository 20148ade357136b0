//! A recorded timeline through the real judging code, in virtual time.
//!
//! A scenario (`docs/scenarios.md`) says what went wrong out there, when, and what must come of it. It
//! is read in `file`, understood in `scenario` and `phase`; `round` says what a round would have met,
//! `world` drives timetable and engine through the hours in milliseconds, `expect` holds the outcome
//! against the file. `exposition` takes samples as scrapes would have, of what `facts` says that the
//! rounds would have shown. No sockets, no clock, no chance but what the seed gives.

mod chance;
mod expect;
mod exposition;
mod facts;
mod figures;
mod file;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod json;
mod phase;
mod round;
mod scenario;
mod tell;
#[cfg(test)]
mod tests;
mod value;
mod world;

pub use crate::metrics::{Labels, Samples};
pub use exposition::{LEAST_APART, MOST_APART, between};
pub use json::json;
pub use scenario::Scenario;
pub use tell::tell;
pub use world::{Happening, Picture, Played, play};
