//! One round: resolve, then every chosen address, layer by layer.
//!
//! All outbound traffic of bascule leaves from this room. A failed probe is a value, not an
//! `Err`; trouble of our own (no route, no descriptors, a jumping clock) is a value too, with
//! a `local_*` reason. Nothing here knows metrics, states or the configuration file.
//!
//! [`Prober::round`] is the door. Behind it, in the order of the climb: `dns` asks for
//! addresses, `connect` opens sockets, `tls` shakes hands and judges certificates, `http`
//! sends requests and follows redirects, [`expect`] holds the response against what is
//! expected, and `judge` makes one verdict of several addresses.

pub mod canary;
mod climb;
mod connect;
pub mod deadline;
pub mod dns;
pub mod expect;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod glimpse;
mod global;
mod http;
mod join;
mod judge;
pub mod mask;
mod prober;
mod standing;
mod tap;
pub mod target;
mod tls;
pub mod trust;
mod words;

pub use glimpse::{Glimpse, Watcher};
pub use global::is_global;
pub use http::wall::wait as retry_after;
pub use prober::Prober;
pub use standing::settle;
