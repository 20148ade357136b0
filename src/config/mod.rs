//! The configuration: what the file says, what it means ([`Settings`]), and every fault in
//! between, each with file, line and key.
//!
//! ```text
//! text ─ decode ─► file ─ merge ─► networks ─ resolve ─► Settings
//!                          ▲ catalog          └─ print ─► text
//! ```
//!
//! Faults are collected and never thrown: a person who mends a file wants all of them at once.
//! Secrets are read from files, live in [`Settings`] only, and are printed nowhere.

mod adhoc;
mod catalog;
mod compile;
mod compile_dns;
mod compile_http;
mod compile_probe;
mod decode;
mod endpoint;
mod fault;
mod file;
mod lists;
mod load;
mod merge;
mod network;
mod outlook;
mod print;
mod resolve;
mod secret;
mod syntax;
mod table;
mod values;
mod warn;
mod words;

pub use adhoc::{adhoc, is_url};
pub(crate) use fault::did_you_mean;
pub use fault::{Fault, Faults};
pub use file::keys;
pub use load::{Loaded, Source, find, load, load_text};
pub use outlook::{Load, TimeToConfirm};
pub use secret::Environment;

use std::net::SocketAddr;
use std::sync::Arc;

use crate::engine::Plan;
use crate::model::{EndpointKey, Name};
use crate::probe::target::Target;
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
    /// Its home page, if it is made from a preset: where people go if there is no profile.
    pub home: Option<String>,
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
    /// The host that rounds are counted against: lower-case name or address, without port;
    /// `dns:NAME` for a question to name servers, which does not burden that host.
    pub host: Name,
    /// Rounds at a time to that host.
    pub per_host: usize,
    /// Share by which intervals vary, 0 to 0.5.
    pub jitter: f64,
}
