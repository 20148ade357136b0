//! The log: one line per state change, with the reason in words.

use std::net::SocketAddr;

use tracing::{debug, error, info, warn};

use crate::config::{Faults, Settings, Source};
use crate::model::{Cause, Event, Name, Reason, State};

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
        "bascule {} watches {} networks with {} endpoints ({source}): {}",
        env!("CARGO_PKG_VERSION"),
        networks.len(),
        settings.endpoints.len(),
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
    info!(
        "configuration reloaded: {} networks with {} endpoints",
        settings.plan.networks.len(),
        settings.endpoints.len()
    );
    for warning in &settings.warnings {
        warn!("{warning}");
    }
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

pub(super) fn event(event: &Event) {
    match event {
        Event::Endpoint {
            key,
            from,
            to,
            cause,
        } => {
            let (layer, reason, why) = words(cause.as_ref());
            let (network, endpoint) = (&*key.network, &*key.endpoint);
            // The first good round of each endpoint is no news: the network's line says it.
            if (*from, *to) == (State::Unknown, State::Up) {
                debug!(
                    network,
                    endpoint,
                    from = from.as_str(),
                    to = to.as_str(),
                    "{key} is up"
                );
            } else {
                info!(
                    network,
                    endpoint,
                    from = from.as_str(),
                    to = to.as_str(),
                    layer,
                    reason,
                    "{key} is {to}{why}"
                );
            }
        }
        Event::Network {
            network,
            from,
            to,
            trouble,
        } => {
            let (layer, reason, why) = words(trouble.as_ref().map(|trouble| &trouble.cause));
            let place = trouble
                .as_ref()
                .map(|trouble| format!(" at {}", trouble.endpoint))
                .unwrap_or_default();
            let line = format!("{network} is {to}{place}{why}");
            let (network, from) = (&**network, from.as_str());
            if *to == State::Down {
                warn!(network, from, to = to.as_str(), layer, reason, "{line}");
            } else {
                info!(network, from, to = to.as_str(), layer, reason, "{line}");
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

/// The layer, the code, and both in words behind a colon.
fn words(cause: Option<&Cause>) -> (&str, &str, String) {
    let Some(cause) = cause else {
        return ("", "", String::new());
    };
    let layer = cause.layer.map_or("", crate::model::Layer::as_str);
    let reason = cause.reason.as_str();
    let place = if layer.is_empty() {
        String::new()
    } else {
        format!(" ({layer})")
    };
    let detail = if cause.detail.is_empty() {
        cause.reason.sentence()
    } else {
        &cause.detail
    };
    (layer, reason, format!("{place}: {detail} [{reason}]"))
}

fn as_str(name: &Name) -> &str {
    name
}
