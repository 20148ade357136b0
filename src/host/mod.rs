//! The operating system: clocks, signals, logs.

pub mod clock;
pub mod descriptors;
pub mod logging;
pub mod signals;
