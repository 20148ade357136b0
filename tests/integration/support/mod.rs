//! What the tests share: servers of every kind of misbehaviour, certificates, ports.

pub(crate) mod certificates;
pub(crate) mod child;
pub(crate) mod daemon;
pub(crate) mod dns;
pub(crate) mod dns_tls;
pub(crate) mod nameservers;
pub(crate) mod servers;
pub(crate) mod targets;
pub(crate) mod waiting;
