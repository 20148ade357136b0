//! bascule probes X and the networks people fall back to, judges them, and tells Prometheus.
//!
//! Data flows one way, and the rooms below stand in that order:
//!
//! ```text
//! config ─► schedule ─► probe ─► engine ─► metrics, history, web, hook
//!  what      when        how      so what    who is told
//! ```
//!
//! [`model`] holds the nouns that all rooms speak, [`host`] the operating system, [`daemon`]
//! the wiring, [`cli`] the commands. Decisions ([`engine`], [`schedule`]) are pure functions
//! with time passed in; input and output are a thin shell around them.

pub mod cli;
pub mod config;
pub mod daemon;
pub mod engine;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
pub mod history;
pub mod hook;
pub mod host;
pub mod metrics;
pub mod model;
pub mod probe;
pub mod replay;
pub mod report;
pub mod schedule;
pub mod web;
