//! The operating system: clocks, signals, logs, routes, systemd.

pub mod clock;
pub mod descriptors;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
pub mod logging;
pub mod memory;
pub mod route;
pub mod signals;
pub mod systemd;
mod teller;
