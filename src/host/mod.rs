//! The operating system: clocks, signals, logs.

pub mod clock;
