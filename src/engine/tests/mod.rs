//! Each rule of the judging once, with time moved by hand. Random histories are in
//! `tests/simulation`.

mod endpoints;
mod groups;
mod networks;
mod uplink;

use super::*;
use crate::model::{Activation, Cause, Layer, NetworkView, Reason, Role, State, Verdict};

const SECOND: Duration = Duration::from_secs(1);

fn at(seconds: u64) -> Moment {
    Moment::from_secs(seconds)
}

fn endpoint(network: &str, name: &str) -> EndpointPlan {
    EndpointPlan {
        key: EndpointKey::new(network, name),
        weight: 1,
        required: false,
        rise: 2,
        fall: 3,
        interval: 60 * SECOND,
        recheck_interval: 5 * SECOND,
        down_interval: 15 * SECOND,
        timeout: 10 * SECOND,
        fingerprint: "1".into(),
    }
}

fn network(name: &str, endpoints: &[&str], quorum: u32) -> NetworkPlan {
    NetworkPlan {
        name: name.into(),
        failure_domains: Vec::new(),
        quorum,
        hysteresis: 0,
        enabled: true,
        maintenance: Vec::new(),
        endpoints: endpoints
            .iter()
            .map(|endpoint_name| endpoint(name, endpoint_name))
            .collect(),
    }
}

/// An engine with a clock of its own: every batch comes ten seconds after the one before.
struct Bench {
    engine: Engine,
    now: Moment,
}

impl Bench {
    fn new(networks: Vec<NetworkPlan>, groups: Vec<GroupPlan>) -> Self {
        let plan = Plan {
            networks,
            groups,
            uplink: UplinkPlan::default(),
        };
        Self {
            engine: Engine::new(plan, Moment::ZERO),
            now: Moment::ZERO,
        }
    }

    /// One network `x` with one endpoint `web`.
    fn single() -> Self {
        Self::new(vec![network("x", &["web"], 1)], Vec::new())
    }

    fn feed(&mut self, rounds: &[(&str, Verdict)]) -> Vec<Event> {
        self.now = self.now + 10 * SECOND;
        let batch: Vec<Input> = rounds
            .iter()
            .map(|(key, verdict)| {
                let (network, endpoint) = key.split_once('/').unwrap();
                let key = EndpointKey::new(network, endpoint);
                Input::Round(Evidence::certain(key, verdict.clone(), self.now))
            })
            .collect();
        self.engine.step(&batch, self.now).events
    }

    /// Feeds `x/web` one verdict after the other and tells the states after each.
    fn states(&mut self, verdicts: &[Verdict]) -> Vec<&'static str> {
        verdicts
            .iter()
            .map(|verdict| {
                self.feed(&[("x/web", verdict.clone())]);
                self.endpoint_state("x", 0).as_str()
            })
            .collect()
    }

    fn endpoint_state(&self, network: &str, index: usize) -> State {
        let snapshot = self.engine.snapshot();
        let network = snapshot
            .networks
            .iter()
            .find(|n| &*n.name == network)
            .unwrap();
        network.endpoints[index].state
    }

    fn network_state(&self, name: &str) -> State {
        self.view(name).state
    }

    fn view(&self, name: &str) -> NetworkView {
        let snapshot = self.engine.snapshot();
        snapshot
            .networks
            .into_iter()
            .find(|n| &*n.name == name)
            .unwrap()
    }

    fn pace(&self, network: &str, index: usize) -> Duration {
        self.engine.paces_of(network).nth(index).unwrap().1.interval
    }
}

fn fail() -> Verdict {
    Verdict::Fail(Cause::new(Reason::TcpRefused, "refused"))
}

fn fail_at(reason: Reason) -> Verdict {
    Verdict::Fail(Cause::new(reason, ""))
}

fn slow() -> Verdict {
    Verdict::Slow(Cause::at(Layer::Http, Reason::Slow, "4 s"))
}

fn wall() -> Verdict {
    Verdict::Restricted(Cause::new(Reason::WallStatus, "status 999"))
}

fn ours() -> Verdict {
    Verdict::Inconclusive(Cause::new(Reason::LocalNoRoute, ""))
}

use Verdict::Pass;
