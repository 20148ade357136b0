//! State gauges: set from one snapshot at the moment of the scrape.

use prometheus::proto::MetricFamily;
use prometheus::{IntGaugeVec, Registry};

use super::NO_NETWORK;
use super::names::{self, Metric};
use super::registry::Maker;
use crate::model::{GroupView, Layer, NetworkView, Role, Snapshot, State};

/// The gauges that show states.
pub(super) struct StateGauges {
    /// Of these gauges only: they are filled and gathered in one go.
    registry: Registry,
    network_state: IntGaugeVec,
    network_layer_down: IntGaugeVec,
    network_endpoints: IntGaugeVec,
    network_spare_weight: IntGaugeVec,
    endpoint_state: IntGaugeVec,
    endpoint_restricted: IntGaugeVec,
    group_active: IntGaugeVec,
    group_role: IntGaugeVec,
    group_standbys: IntGaugeVec,
    group_standby_domains: IntGaugeVec,
}

impl StateGauges {
    pub(super) fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let make = Maker(&registry);
        let gauges = |metric: Metric| make.int_gauges(metric);
        Ok(Self {
            network_state: gauges(names::NETWORK_STATE)?,
            network_layer_down: gauges(names::NETWORK_LAYER_DOWN)?,
            network_endpoints: gauges(names::NETWORK_ENDPOINTS)?,
            network_spare_weight: gauges(names::NETWORK_SPARE_WEIGHT)?,
            endpoint_state: gauges(names::ENDPOINT_STATE)?,
            endpoint_restricted: gauges(names::ENDPOINT_RESTRICTED)?,
            group_active: gauges(names::GROUP_ACTIVE)?,
            group_role: gauges(names::GROUP_ROLE)?,
            group_standbys: gauges(names::GROUP_STANDBYS)?,
            group_standby_domains: gauges(names::GROUP_STANDBY_DOMAINS)?,
            registry,
        })
    }

    pub(super) fn collect(&self, snapshot: &Snapshot, lean: bool) -> Vec<MetricFamily> {
        for gauges in self.all() {
            gauges.reset();
        }
        for network in &snapshot.networks {
            self.set_network(network, lean);
        }
        for group in &snapshot.groups {
            self.set_group(group);
        }
        self.registry.gather()
    }

    fn set_network(&self, network: &NetworkView, lean: bool) {
        let name = &*network.name;
        one_hot(
            &self.network_state,
            &[name],
            State::ALL.map(State::as_str),
            network.state.as_str(),
        );
        let layer = network.layer.map_or("", Layer::as_str);
        one_hot(
            &self.network_layer_down,
            &[name],
            Layer::ALL.map(Layer::as_str),
            layer,
        );
        for state in State::ALL {
            let count = network
                .endpoints
                .iter()
                .filter(|endpoint| endpoint.state == state)
                .count();
            let gauge = self
                .network_endpoints
                .with_label_values(&[name, state.as_str()]);
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        self.network_spare_weight
            .with_label_values(&[name])
            .set(network.spare_weight.into());
        for endpoint in &network.endpoints {
            let labels = [name, &*endpoint.key.endpoint];
            let states = State::ALL.map(State::as_str);
            one_hot(
                &self.endpoint_state,
                &labels,
                states,
                endpoint.state.as_str(),
            );
            if !lean {
                let restricted = self.endpoint_restricted.with_label_values(&labels);
                restricted.set(endpoint.restricted.into());
            }
        }
    }

    fn set_group(&self, group: &GroupView) {
        let name = &*group.name;
        let active = group.active.as_deref().unwrap_or(NO_NETWORK);
        let networks = group.roles.iter().map(|(network, _)| &**network);
        for network in networks.chain([NO_NETWORK]) {
            let gauge = self.group_active.with_label_values(&[name, network]);
            gauge.set((network == active).into());
        }
        for (network, role) in &group.roles {
            let roles = Role::ALL.map(Role::as_str);
            one_hot(&self.group_role, &[name, network], roles, role.as_str());
        }
        self.group_standbys
            .with_label_values(&[name])
            .set(group.standbys.into());
        self.group_standby_domains
            .with_label_values(&[name])
            .set(group.standby_domains.into());
    }

    const fn all(&self) -> [&IntGaugeVec; 10] {
        [
            &self.network_state,
            &self.network_layer_down,
            &self.network_endpoints,
            &self.network_spare_weight,
            &self.endpoint_state,
            &self.endpoint_restricted,
            &self.group_active,
            &self.group_role,
            &self.group_standbys,
            &self.group_standby_domains,
        ]
    }
}

/// Sets 1 for the value that holds and 0 for the others.
fn one_hot<const N: usize>(gauges: &IntGaugeVec, labels: &[&str], values: [&str; N], holds: &str) {
    for value in values {
        let labels: Vec<&str> = labels.iter().copied().chain([value]).collect();
        gauges
            .with_label_values(&labels)
            .set((value == holds).into());
    }
}
