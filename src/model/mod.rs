//! The nouns of bascule: plain data that every room speaks, and nothing else.
//!
//! This room knows nobody and uses only the standard library. Words are those of
//! the user documentation: a *network* has *endpoints*; a *round* is one probe of
//! one endpoint; it climbs *layers* and ends in a *verdict* with a *reason*.

mod event;
mod layer;
mod moment;
mod name;
pub mod printable;
mod reason;
mod round;
mod snapshot;
mod state;

pub use event::{Activation, Event, Trouble};
pub use layer::{Family, Kind, Layer};
pub use moment::Moment;
pub use name::{EndpointKey, Name};
pub use reason::{Belongs, Reason};
pub use round::{
    AddressRound, CertificateFacts, DnsQuery, DnsRecord, HttpFacts, Phases, Redirect, Round,
    TlsFacts, Transport,
};
pub use snapshot::{EndpointView, GroupView, NetworkView, Snapshot};
pub use state::{Cause, Role, State, Verdict};
