//! The operating system: clocks, signals, logs.

pub mod clock;
pub mod signals;
