//! The operating system: clocks, signals, logs, routes.

pub mod clock;
pub mod descriptors;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
pub mod logging;
pub mod route;
pub mod signals;
