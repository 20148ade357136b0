//! The memory, as it is written, read again, and found damaged.

mod cursors;
mod files;
mod hours;
mod journal;
mod overtaken;
mod samples;
mod size;
