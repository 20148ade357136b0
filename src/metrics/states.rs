//! The series of states, written from one snapshot, so that a one-hot set always sums to 1.

use super::NO_NETWORK;
use super::names;
use super::text::Text;
use crate::model::{Layer, NetworkView, Role, Snapshot, State};

/// Writes the states of everything.
pub(super) fn write(text: &mut Text, snapshot: &Snapshot, lean: bool) {
    if !snapshot.networks.is_empty() {
        write_networks(text, &snapshot.networks, lean);
    }
    if !snapshot.groups.is_empty() {
        write_groups(text, snapshot);
    }
}

fn write_networks(text: &mut Text, networks: &[NetworkView], lean: bool) {
    text.metric(&names::NETWORK_STATE);
    for network in networks {
        for state in State::ALL {
            let holds = u8::from(state == network.state);
            text.sample(&[&network.name, state.as_str()], holds);
        }
    }
    text.metric(&names::NETWORK_LAYER_DOWN);
    for network in networks {
        for layer in Layer::ALL {
            let holds = u8::from(network.layer == Some(layer));
            text.sample(&[&network.name, layer.as_str()], holds);
        }
    }
    text.metric(&names::NETWORK_ENDPOINTS);
    for network in networks {
        for state in State::ALL {
            let of_state = network.endpoints.iter().filter(|e| e.state == state);
            text.sample(&[&network.name, state.as_str()], of_state.count());
        }
    }
    text.metric(&names::NETWORK_SPARE_WEIGHT);
    for network in networks {
        text.sample(&[&network.name], network.spare_weight);
    }
    let endpoints = || networks.iter().flat_map(|network| &network.endpoints);
    text.metric(&names::ENDPOINT_STATE);
    for endpoint in endpoints() {
        for state in State::ALL {
            let labels = [
                &*endpoint.key.network,
                &endpoint.key.endpoint,
                state.as_str(),
            ];
            text.sample(&labels, u8::from(state == endpoint.state));
        }
    }
    if !lean {
        text.metric(&names::ENDPOINT_RESTRICTED);
        for endpoint in endpoints() {
            let labels = [&*endpoint.key.network, &endpoint.key.endpoint];
            text.sample(&labels, u8::from(endpoint.restricted));
        }
    }
}

fn write_groups(text: &mut Text, snapshot: &Snapshot) {
    text.metric(&names::GROUP_ACTIVE);
    for group in &snapshot.groups {
        let active = group.active.as_deref().unwrap_or(NO_NETWORK);
        let networks = group.roles.iter().map(|(network, _)| &**network);
        for network in networks.chain([NO_NETWORK]) {
            text.sample(&[&group.name, network], u8::from(network == active));
        }
    }
    text.metric(&names::GROUP_ROLE);
    for group in &snapshot.groups {
        for (network, holds) in &group.roles {
            for role in Role::ALL {
                let labels = [&*group.name, network, role.as_str()];
                text.sample(&labels, u8::from(role == *holds));
            }
        }
    }
    text.metric(&names::GROUP_STANDBYS);
    for group in &snapshot.groups {
        text.sample(&[&group.name], group.standbys);
    }
    text.metric(&names::GROUP_STANDBY_DOMAINS);
    for group in &snapshot.groups {
        text.sample(&[&group.name], group.standby_domains);
    }
}
