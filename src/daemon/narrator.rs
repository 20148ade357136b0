//! The log: one line per state change, with the reason in words.

use tracing::{debug, error, info, warn};

use super::listeners::{Door, Unnamed};
use crate::config::{Faults, Settings, Source};
use crate::model::{
    Activation, Cause, EndpointKey, Event, Family, Layer, Name, Reason, State, UplinkState, Verdict,
};
use crate::web::access::{Access, Audience, Change};

pub(super) fn starting(source: &Source, settings: &Settings) {
    let source = match source {
        Source::BuiltIn => "the built-in default".to_owned(),
        Source::File(path) => path.display().to_string(),
    };
    let networks: Vec<&str> = settings
        .plan
        .networks
        .iter()
        .map(|network| &*network.name)
        .collect();
    info!(
        "bascule {} watches {} ({source}): {}",
        env!("CARGO_PKG_VERSION"),
        extent(settings),
        networks.join(", ")
    );
    for group in &settings.plan.groups {
        let networks = group.networks.join(", ");
        info!("group {} in order of preference: {networks}", group.name);
    }
    for warning in &settings.warnings {
        warn!("{warning}");
    }
}

pub(super) fn listening(door: &Door, access: &Access) {
    let address = door.address;
    let scheme = if access.tls.is_some() {
        "https"
    } else {
        "http"
    };
    let at = format!("{scheme}://{address}");
    match door.audience {
        Audience::Private => {
            info!("status page on {at}/, metrics on {at}/metrics, readiness on {at}/readyz");
        }
        Audience::Public => info!("status page for everybody, without metrics: {at}/"),
    }
    if let Some(name) = &door.unnamed {
        let to = match door.audience {
            Audience::Private => "private",
            Audience::Public => "public",
        };
        info!(
            "systemd passes {address} (`{name}`), which the configuration does not name: it is {to}"
        );
    }
    lacking(door.as_unnamed().as_slice(), access);
}

/// What sockets of systemd lack that the configuration does not name.
pub(super) fn lacking(unnamed: &[Unnamed], access: &Access) {
    for lack in unnamed.iter().filter_map(|it| it.lack(access)) {
        warn!("{lack}");
    }
}

pub(super) fn protected_otherwise(change: &Change) {
    let words = &change.words;
    if change.weaker {
        warn!("the listeners are less protected than before: {words}");
    } else {
        info!("the listeners are protected otherwise than before: {words}");
    }
}

/// The watchdog is not told that we are alive.
pub(super) fn stuck(what: &str) {
    error!("a bug in bascule, please report it: {what}; systemd's watchdog will start it anew");
}

pub(super) fn stopped() {
    info!("stopped");
}

pub(super) fn reloaded(settings: &Settings) {
    info!("configuration reloaded: {}", extent(settings));
    for warning in &settings.warnings {
        warn!("{warning}");
    }
}

/// How much there is to watch, in words.
fn extent(settings: &Settings) -> String {
    let counted = |count: usize, what: &str| match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    };
    format!(
        "{} with {}",
        counted(settings.plan.networks.len(), "network"),
        counted(settings.endpoints.len(), "endpoint")
    )
}

pub(super) fn reload_failed(faults: &Faults) {
    for fault in &faults.0 {
        error!("configuration not reloaded, the old one stays: {fault}");
    }
}

pub(super) fn reload_crashed(error: &tokio::task::JoinError) {
    error!(%error, "configuration not reloaded, the old one stays: reading it failed");
}

pub(super) fn listen_needs_restart() {
    warn!(
        "web.listen or web.public_listen has changed: the listeners stay as they are, and as guarded, until a restart"
    );
}

pub(super) fn round_panicked(error: &tokio::task::JoinError) {
    error!(%error, "a round was lost to a bug in bascule; please report it");
}

/// Every endpoint's last round was inconclusive: it is us.
pub(super) fn blind(reason: Reason, detail: &str) {
    warn!(
        reason = reason.as_str(),
        "nothing can be judged from here: {} ({detail}); still trying",
        reason.sentence()
    );
}

pub(super) fn sighted() {
    info!("networks can be judged again");
}

/// There is less room than the configuration allows for.
pub(super) fn few_descriptors(limit: Option<u64>, rounds: usize) {
    let limit = limit.unwrap_or_default();
    warn!(
        "this process may open {limit} files, which is enough for {rounds} rounds at a time: \
         raise the limit (LimitNOFILE= of systemd, ulimit -n)"
    );
}

/// A round that was not good.
pub(super) fn round(key: &EndpointKey, verdict: &Verdict, cause: &Cause) {
    let (network, endpoint) = (&*key.network, &*key.endpoint);
    let (layer, reason) = (cause.layer.map(Layer::as_str), cause.reason.as_str());
    let verdict = verdict.as_str();
    debug!(network, endpoint, verdict, layer, reason, "{key}: {cause}");
}

/// Our own connection: what is the matter, in words.
pub(super) fn swept(detail: &str) {
    debug!("canaries asked: {detail}");
}

/// Something is wrong with the memory, or is not any more.
pub(super) fn memory_problem(what: &str, problem: Option<&str>) {
    match problem {
        Some(problem) => error!("{problem}"),
        None => info!("{what} is written again"),
    }
}

pub(super) fn memory_found(problem: &str) {
    warn!("{problem}");
}

pub(super) fn no_memory() {
    warn!(
        "nothing survives a restart: no directory for the state is known \
         (state_dir, $STATE_DIRECTORY, $XDG_STATE_HOME or $HOME)"
    );
}

/// The daemon goes on where another process stopped.
pub(super) fn resumed(away: std::time::Duration, fresh: bool) {
    let away = humantime::format_duration(std::time::Duration::from_secs(away.as_secs()));
    if fresh {
        info!("goes on after {away}: states are remembered, and unknown until seen again");
    } else {
        info!("goes on after {away}: counters and outages are kept, states are too old");
    }
}

pub(super) fn state_dir_needs_restart() {
    warn!("state_dir has changed: the state stays where it is until a restart");
}

pub(super) fn event(event: &Event, frozen: bool) {
    let line = sentence(event, frozen);
    match event {
        Event::Endpoint {
            key,
            from,
            to,
            cause,
            ..
        } => {
            let (network, endpoint) = (&*key.network, &*key.endpoint);
            let (from, to, first) = (from.as_str(), to.as_str(), (*from, *to) == FIRST_GOOD);
            let (layer, reason) = codes(cause.as_ref());
            // The first good round of each endpoint is no news: the network's line says it.
            if first {
                debug!(network, endpoint, from, to, "{line}");
            } else {
                info!(network, endpoint, from, to, layer, reason, "{line}");
            }
        }
        Event::Network {
            network,
            from,
            to,
            trouble,
            ..
        } => {
            let cause = trouble.as_ref().map(|trouble| &trouble.cause);
            let (layer, reason) = codes(cause);
            let endpoint = trouble.as_ref().map(|trouble| &*trouble.endpoint);
            let (network, from, to) = (&**network, from.as_str(), to.as_str());
            if to == State::Down.as_str() {
                warn!(network, endpoint, from, to, layer, reason, "{line}");
            } else {
                info!(network, endpoint, from, to, layer, reason, "{line}");
            }
        }
        Event::OutageStarted(outage) | Event::OutageEnded(outage) => {
            let (network, endpoint, outage, cause) = (
                &*outage.network,
                &*outage.endpoint,
                outage.id,
                &outage.cause,
            );
            let (layer, reason) = codes(Some(cause));
            info!(network, endpoint, outage, layer, reason, "{line}");
        }
        Event::Uplink {
            family, from, to, ..
        } => {
            let family = family.map_or("any", Family::as_str);
            let (from, word) = (from.as_str(), to.as_str());
            if *to == UplinkState::Down {
                warn!(family, from, to = word, "{line}");
            } else if (family, *to) == ("any", UplinkState::Up) && from == "down" {
                info!(family, from, to = word, "{line}");
            } else {
                debug!(family, from, to = word, "{line}");
            }
        }
        Event::Group {
            group,
            from,
            to,
            reason,
        } => {
            let (name, from) = (&**group, from.as_ref().map_or("none", as_str));
            let reason = reason.as_str();
            match to.as_deref() {
                Some(to) if reason == Activation::Failover.as_str() => {
                    warn!(group = name, from, to, reason, "{line}");
                }
                Some(to) => info!(group = name, from, to, reason, "{line}"),
                None => warn!(group = name, from, to = "none", reason, "{line}"),
            }
        }
    }
}

/// What happened, in one sentence: the same in the log and in the history.
pub(super) fn sentence(event: &Event, frozen: bool) -> String {
    match event {
        Event::Endpoint { key, to, cause, .. } => {
            let cause = cause.as_ref().map(words).unwrap_or_default();
            if event.is_loss_of_evidence() {
                format!("{key} is unknown: no conclusive round for too long{cause}")
            } else {
                format!("{key} is {to}{cause}")
            }
        }
        Event::Network {
            network,
            to,
            trouble,
            ..
        } => match trouble {
            Some(trouble) => {
                let why = words(&trouble.cause);
                format!("{network} is {to} at {}{why}", trouble.endpoint)
            }
            None if event.is_loss_of_evidence() && frozen => {
                format!("{network} is unknown: our own connection is not proven")
            }
            None if event.is_loss_of_evidence() => {
                format!("{network} is unknown: too little is known of its endpoints")
            }
            None if *to == State::Maintenance => format!("{network} is in maintenance"),
            None => format!("{network} is {to}"),
        },
        Event::OutageStarted(outage) => {
            let took = seconds(outage.confirmed.since(outage.started));
            let network = &outage.network;
            format!("{network}: outage {} began {took} ago", outage.id)
        }
        Event::OutageEnded(outage) => {
            let network = &outage.network;
            format!(
                "{network}: outage {} is over after {}",
                outage.id,
                seconds(outage.spent)
            )
        }
        Event::Uplink {
            family,
            from,
            to,
            gateway,
        } => uplink(*family, *from, *to, *gateway),
        Event::Group {
            group,
            from,
            to,
            reason,
        } => {
            let (from, reason) = (from.as_ref().map_or("none", as_str), reason.as_str());
            match to {
                Some(to) => {
                    format!("{group}: {to} is the active network now ({reason}, was {from})")
                }
                None => format!("{group}: no network is usable (was {from})"),
            }
        }
    }
}

fn uplink(
    family: Option<Family>,
    from: UplinkState,
    to: UplinkState,
    gateway: Option<bool>,
) -> String {
    let at_fault = match gateway {
        Some(true) => "; our gateway answers, so it is the provider's line",
        Some(false) => "; our gateway does not answer either, so it is our own network",
        None => "",
    };
    match (family, to) {
        (None, UplinkState::Down) => format!(
            "it is us: no canary answers and no network, so nothing is judged and no group \
             switches until something does{at_fault}"
        ),
        (None, UplinkState::Up) if from == UplinkState::Down => {
            "our own connection works again".to_owned()
        }
        (None, UplinkState::Up) => "our own connection is proven".to_owned(),
        (Some(family), UplinkState::Down) => format!(
            "{} of this machine does not work: what fails over it counts against nobody",
            name_of(family)
        ),
        (Some(family), UplinkState::Up) => format!("{} of this machine works", name_of(family)),
        (family, UplinkState::Unknown) => format!(
            "{} is not judged",
            family.map_or("our own connection", name_of)
        ),
    }
}

const fn name_of(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "IPv4",
        Family::Ipv6 => "IPv6",
    }
}

/// A duration for people: seconds are enough.
fn seconds(duration: std::time::Duration) -> String {
    let whole = std::time::Duration::from_secs(duration.as_secs());
    humantime::format_duration(whole).to_string()
}

const FIRST_GOOD: (State, State) = (State::Unknown, State::Up);

/// The layer and the code, as fields; absent where there are none.
fn codes(cause: Option<&Cause>) -> (Option<&'static str>, Option<&'static str>) {
    let layer = cause.and_then(|cause| cause.layer).map(Layer::as_str);
    (layer, cause.map(|cause| cause.reason.as_str()))
}

/// The layer, the particulars and the code, behind the state.
fn words(cause: &Cause) -> String {
    let layer = cause
        .layer
        .map(|layer| format!(" ({layer})"))
        .unwrap_or_default();
    let detail = if cause.detail.is_empty() {
        cause.reason.sentence()
    } else {
        &cause.detail
    };
    format!("{layer}: {detail} [{}]", cause.reason)
}

fn as_str(name: &Name) -> &str {
    name
}
