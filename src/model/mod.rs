//! The nouns of bascule: plain data that every room speaks, and nothing else.
//!
//! This room knows nobody and uses only the standard library. Words are those of
//! the user documentation: a *network* has *endpoints*; a *round* is one probe of
//! one endpoint; it climbs *layers* and ends in a *verdict* with a *reason*.

mod books;
mod event;
mod families;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod layer;
mod moment;
mod name;
mod outage;
pub mod printable;
mod reason;
mod round;
mod snapshot;
mod state;

pub use books::{
    DETECTION_SECONDS, GroupBooks, Histogram, NetworkBooks, OUTAGE_SECONDS, UplinkBooks,
};
pub use event::{Activation, Event, Trouble};
pub use families::Families;
pub use layer::{Family, Kind, Layer};
pub use moment::Moment;
pub use name::{EndpointKey, Name};
pub use outage::Outage;
pub use reason::{Belongs, Reason};
pub use round::{
    AddressRound, CertificateFacts, DnsQuery, DnsRecord, Doubt, HttpFacts, Phases, Redirect, Round,
    Standing, TlsFacts, Transport,
};
pub use snapshot::{EndpointView, GroupView, NetworkView, Snapshot, UplinkView};
pub use state::{Cause, Role, State, UplinkState, Verdict};
