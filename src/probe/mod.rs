//! One round: resolve, then every chosen address, layer by layer.
//!
//! All outbound traffic of bascule leaves from this room. A failed probe is a value, not an
//! `Err`; trouble of our own (no route, no descriptors, a jumping clock) is a value too, with
//! a `local_*` reason. Nothing here knows metrics, states or the configuration file.

pub mod deadline;
pub mod dns;
pub mod expect;
mod prober;
pub mod target;
pub mod trust;

pub use prober::Prober;
