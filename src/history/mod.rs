//! What is kept on disk: the state file, and the history of outages and events.
//!
//! One thread owns both. It is told what to keep through a bounded queue and is never waited
//! for: probing goes on when the disk is full, slow, read-only or gone.

mod record;

pub use record::{Entry, EventRow, OutageRow, Record};
