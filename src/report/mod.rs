//! How a round is told: [`json`] for programs, [`draw`] for people; and how the documents of a
//! running daemon ([`running`]) are: [`status`], [`outages`].
//!
//! The first two read the same [`Round`](crate::model::Round) and decide nothing. Text that came from
//! outside passes through one gate on its way to a terminal ([`mod@line`]), so no escape sequence
//! of a server ever reaches it, whatever the prober let through.

mod climb;
pub mod draw;
mod facts;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
pub mod json;
pub mod line;
pub mod outages;
mod phases;
pub mod running;
pub mod status;
pub mod words;
