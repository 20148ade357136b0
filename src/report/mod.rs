//! How a round is told: [`json`] for programs, [`draw`] for people.
//!
//! Both read the same [`Round`](crate::model::Round) and decide nothing. Text that came from
//! outside passes through one gate on its way to a terminal ([`mod@line`]), so no escape sequence
//! of a server ever reaches it, whatever the prober let through.

mod climb;
pub mod draw;
mod facts;
pub mod json;
pub mod line;
mod phases;
pub mod words;
