//! When: a pure timetable that says which rounds are to be started at a moment.
//!
//! Each endpoint has its own timer, from start to start, with jitter. The first rounds are
//! spread. A host is never asked by more rounds at a time than allowed, nor is the whole daemon
//! ever busy with more. A round that cannot be run is counted with a reason and never made up
//! for in a burst.

mod timetable;

pub use timetable::{Skip, Start, Timetable, Timing};
