//! The operating system: clocks, signals, logs, routes, systemd.

pub mod clock;
pub mod descriptors;
pub mod logging;
pub mod route;
pub mod signals;
pub mod systemd;
