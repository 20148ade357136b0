//! What things are called. Names come from the configuration only, never from outside.

use std::fmt;
use std::sync::Arc;

/// A name of a network, an endpoint or a group: `[a-z0-9_-]+`, cheap to clone.
pub type Name = Arc<str>;

/// Which endpoint: `network/endpoint`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndpointKey {
    /// The network it belongs to.
    pub network: Name,
    /// Its name inside the network.
    pub endpoint: Name,
}

impl EndpointKey {
    /// The endpoint `endpoint` of the network `network`.
    #[must_use]
    pub fn new(network: &str, endpoint: &str) -> Self {
        Self {
            network: network.into(),
            endpoint: endpoint.into(),
        }
    }
}

impl fmt::Display for EndpointKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.endpoint)
    }
}
