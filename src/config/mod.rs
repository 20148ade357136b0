//! The configuration: what the file says ([`file`]), what it means ([`Settings`]), and every
//! fault in between, each with file, line and key.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::engine::Plan;
use crate::model::{EndpointKey, Name};
use crate::probe::target::{HostPort, Target};
use crate::probe::trust::Roots;

/// What the configuration means, ready to run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The place this daemon looks from.
    pub vantage: String,
    /// The listener.
    pub web: WebSettings,
    /// How the engine judges: networks, endpoints, groups.
    pub plan: Plan,
    /// What to probe, in the order of `plan`.
    pub endpoints: Vec<EndpointSettings>,
    /// What people should know of each network, in the order of `plan`.
    pub networks: Vec<NetworkSettings>,
    /// Rounds at a time, in all.
    pub max_in_flight: usize,
    /// Trust roots for the resolvers' own connections.
    pub roots: Roots,
    /// Things that are allowed and probably not meant: one sentence each.
    pub warnings: Vec<Fault>,
}

/// `[web]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSettings {
    /// Where to listen.
    pub listen: Vec<SocketAddr>,
    /// `POST /-/reload` works.
    pub enable_lifecycle: bool,
    /// Only the most important series per endpoint.
    pub lean: bool,
}

/// What people should know of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkSettings {
    /// Its name.
    pub name: Name,
    /// Its title.
    pub title: String,
    /// Where people go when it is the active one.
    pub profile: Option<String>,
    /// The catalog entry it is made from.
    pub preset: Option<String>,
}

/// One endpoint: what to probe, and how to be polite about it.
#[derive(Clone, Debug)]
pub struct EndpointSettings {
    /// Which endpoint.
    pub key: EndpointKey,
    /// What to probe.
    pub target: Arc<Target>,
    /// The host that rounds are counted against: lower-case name or address, without port.
    pub host: Name,
    /// Rounds at a time to that host.
    pub per_host: usize,
    /// Share by which intervals vary, 0 to 0.5.
    pub jitter: f64,
}

/// One thing wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file, as it was named; `built-in` for the embedded default, `catalog/x.toml` for a preset.
    pub file: Arc<str>,
    /// Line, from 1; `None` where the file as a whole is meant.
    pub line: Option<usize>,
    /// The key with its path, e.g. `network.x.http.web.interval`.
    pub key: Option<String>,
    /// What is wrong, in one sentence.
    pub sentence: String,
}

/// Everything wrong with the configuration; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

#[doc(hidden)]
pub type Unused = HostPort;
