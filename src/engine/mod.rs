//! Decisions: rounds in, states and events out. Pure: no clock, no I/O, no log, std only.

mod plan;

pub use plan::{EndpointPlan, GroupPlan, NetworkPlan, Plan};
