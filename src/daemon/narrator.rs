//! The log: one line per state change, with the reason in words.

use std::net::SocketAddr;

use tracing::{debug, error, info, warn};

use crate::config::{Faults, Settings, Source};
use crate::model::{Cause, EndpointKey, Event, Layer, Name, Reason, State, Verdict};

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

pub(super) fn listening(address: SocketAddr) {
    info!("metrics on http://{address}/metrics, readiness on http://{address}/readyz");
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
    warn!("web.listen has changed: the listeners stay as they are until a restart");
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

pub(super) fn event(event: &Event) {
    match event {
        Event::Endpoint {
            key,
            from,
            to,
            cause,
            since: _,
        } => {
            let (network, endpoint) = (&*key.network, &*key.endpoint);
            let (from, to, first) = (from.as_str(), to.as_str(), (*from, *to) == FIRST_GOOD);
            let (layer, reason) = codes(cause.as_ref());
            let line = if event.is_loss_of_evidence() {
                let last = cause.as_ref().map(words).unwrap_or_default();
                format!("{key} is unknown: no conclusive round for too long{last}")
            } else {
                format!(
                    "{key} is {to}{}",
                    cause.as_ref().map(words).unwrap_or_default()
                )
            };
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
            since: _,
        } => {
            let cause = trouble.as_ref().map(|trouble| &trouble.cause);
            let (layer, reason) = codes(cause);
            let line = match trouble {
                Some(trouble) => {
                    let why = words(&trouble.cause);
                    format!("{network} is {to} at {}{why}", trouble.endpoint)
                }
                None if event.is_loss_of_evidence() => {
                    format!("{network} is unknown: too little is known of its endpoints")
                }
                None => format!("{network} is {to}"),
            };
            let (network, from) = (&**network, from.as_str());
            if *to == State::Down {
                warn!(network, from, to = to.as_str(), layer, reason, "{line}");
            } else {
                info!(network, from, to = to.as_str(), layer, reason, "{line}");
            }
        }
        Event::OutageStarted(_) | Event::OutageEnded(_) | Event::Uplink { .. } => {}
        Event::Group {
            group,
            from,
            to,
            reason,
        } => {
            let (name, from) = (&**group, from.as_ref().map_or("none", as_str));
            let reason = reason.as_str();
            match to {
                Some(to) => {
                    let to = &**to;
                    info!(
                        group = name,
                        from,
                        to,
                        reason,
                        "{group}: {to} is the active network now ({reason}, was {from})"
                    );
                }
                None => warn!(
                    group = name,
                    from,
                    to = "none",
                    reason,
                    "{group}: no network is usable (was {from})"
                ),
            }
        }
    }
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
