//! The operating system: clocks, signals, logs, routes.

pub mod clock;
pub mod descriptors;
pub mod logging;
pub mod memory;
pub mod route;
pub mod signals;
