//! What somebody who waits for a round can see of it before it ends. The daemon does not look.

use std::net::SocketAddr;
use std::time::Duration;

use crate::model::Layer;

/// A step of a round that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glimpse {
    /// The addresses are known, after so long; `None`: there was nothing to ask.
    Resolved(Option<Duration>),
    /// The climb of an address begins.
    Begun(SocketAddr),
    /// What began at this address, redirects included, has passed a layer, after so long; `None`:
    /// the layer is not needed.
    Passed(SocketAddr, Layer, Option<Duration>),
    /// The climb of an address has ended, in one way or another.
    Ended(SocketAddr),
}

/// Is told of each step as it is made, by the thread of the round: it must not wait.
pub type Watcher<'a> = dyn Fn(Glimpse) + Sync + 'a;
