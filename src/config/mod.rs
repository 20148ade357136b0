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
mod canaries;
mod catalog;
mod compile;
mod compile_dns;
mod compile_http;
mod compile_probe;
mod decide;
pub(crate) mod decode;
mod endpoint;
pub(crate) mod fault;
mod file;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod group;
mod lists;
mod load;
mod maintenance;
mod memory;
mod merge;
mod network;
mod notice;
mod outlook;
mod print;
mod resolve;
mod secret;
mod syntax;
pub(crate) mod table;
mod uplink;
pub(crate) mod values;
mod warn;
mod web;
mod web_file;
mod web_keys;
mod web_tls;
mod webhook;
mod words;
mod yaml;

pub use adhoc::{adhoc, is_url};
pub(crate) use fault::did_you_mean;
pub use fault::{Fault, Faults};
pub use file::keys;
pub use load::{Loaded, Source, find, load, load_text};
pub use outlook::{Load, TimeToConfirm};
pub use secret::Environment;
pub(crate) use secret::basic;
pub(crate) use values::FilePath;
pub use webhook::destination;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::engine::Plan;
use crate::hook::Webhook;
use crate::model::{EndpointKey, Name};
use crate::probe::target::{Canary, Gateway, Target};
use crate::probe::trust::Roots;
use crate::web::access::Access;

/// What the configuration means, ready to run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The place this daemon looks from.
    pub vantage: String,
    /// Where it keeps what survives a restart, which another one is needed to change; `None` if
    /// nobody says, and no home is known.
    pub state_dir: Option<PathBuf>,
    /// The file says so, and not the surroundings of this process.
    pub names_state_dir: bool,
    /// States, active networks and timers that are older than this are forgotten.
    pub max_state_age: Duration,
    /// The listener.
    pub web: WebSettings,
    /// What is kept of outages and events.
    pub history: HistorySettings,
    /// Whom to ask whether it is us.
    pub uplink: UplinkSettings,
    /// How the engine judges: networks, endpoints, groups. Without what has a date, which is
    /// in [`Settings::plan_at`].
    pub plan: Plan,
    /// What to probe, in the order of `plan`.
    pub endpoints: Vec<EndpointSettings>,
    /// What people should know of each network, in the order of `plan`.
    pub networks: Vec<NetworkSettings>,
    /// What people should know of each group, in the order of `plan`.
    pub groups: Vec<GroupSettings>,
    /// Programs that are told what was confirmed.
    pub webhooks: Vec<Webhook>,
    /// What everybody should know, in the order of the file.
    pub notices: Vec<NoticeSettings>,
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
    /// Where to listen for Prometheus and the people who run this daemon.
    pub listen: Vec<SocketAddr>,
    /// Where to listen for everybody.
    pub public_listen: Vec<SocketAddr>,
    /// What the web configuration file says.
    pub access: Access,
    /// URLs and addresses on public pages.
    pub show_targets: bool,
    /// `POST /-/reload` works.
    pub enable_lifecycle: bool,
    /// Only the most important series per endpoint.
    pub lean: bool,
}

/// `[history]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistorySettings {
    /// Older outages and events are dropped.
    pub retention: Duration,
    /// In bytes: when it takes more, the oldest are dropped.
    pub max_size: u64,
}

/// `[uplink]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UplinkSettings {
    /// False: every failure is believed at once.
    pub enabled: bool,
    /// Who is asked; nobody if it is not enabled.
    pub canaries: Vec<Canary>,
    /// The next router.
    pub gateway: Gateway,
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
    /// When it is in maintenance, the earliest window first.
    pub maintenance: Vec<Period>,
}

/// From when until when something holds, by the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// From this time on.
    pub from: SystemTime,
    /// Until just before this one.
    pub until: SystemTime,
}

/// What the operator has to say to everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeSettings {
    /// The text in each language (`fr`); one without a language is for everybody.
    pub texts: Vec<(Option<String>, String)>,
    /// Until when it is shown.
    pub until: SystemTime,
}

/// What people should know of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSettings {
    /// Its name.
    pub name: Name,
    /// Where people go when no network is usable.
    pub last_resort: Option<String>,
    /// The network that people have chosen.
    pub pin: Option<Pin>,
}

/// A network that is used while it is usable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// Which one.
    pub network: Name,
    /// Until when.
    pub until: SystemTime,
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
