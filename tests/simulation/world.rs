//! A world made from a seed: networks with their endpoints, and how each of them behaves.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bascule::engine::{
    EndpointPlan, Engine, Evidence, GroupPlan, Input, NetworkPlan, Plan, UplinkPlan,
};
use bascule::model::{Cause, EndpointKey, Event, Layer, Moment, Name, Reason, Snapshot, Verdict};
use bascule::schedule::{Timetable, Timing};

/// How the endpoints of the world behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// Anything at random, in phases.
    Wild,
    /// Always good and quick.
    Good,
    /// Black-holed: every round fails after its whole timeout.
    Dead,
    /// Bot walls and our own trouble only.
    WallsAndOurs,
}

pub(crate) struct World {
    pub(crate) plan: Plan,
    engine: Engine,
    timetable: Timetable,
    now: Moment,
    chance: fastrand::Rng,
    behaviour: Behaviour,
    /// How likely a failure is for each endpoint at present.
    loss: BTreeMap<EndpointKey, f64>,
    /// Rounds in flight by the moment they end.
    ending: BTreeSet<(Moment, EndpointKey)>,
    started: BTreeMap<EndpointKey, Moment>,
    hosts: BTreeMap<EndpointKey, Name>,
    jitter: f64,
}

/// What happened at one moment.
pub(crate) struct Step<'a> {
    pub(crate) now: Moment,
    pub(crate) batch: &'a [Evidence],
    pub(crate) events: &'a [Event],
    pub(crate) started: &'a [EndpointKey],
    pub(crate) running_per_host: &'a BTreeMap<Name, usize>,
    pub(crate) engine: &'a Engine,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let plan = random_plan(seed);
        let mut chance = fastrand::Rng::with_seed(seed ^ 0x5eed);
        let jitter = 0.05;
        let engine = Engine::new(plan.clone(), Moment::ZERO);
        let mut timetable = Timetable::new(256, seed);
        let paces: BTreeMap<EndpointKey, _> =
            engine.paces().map(|(k, pace)| (k.clone(), pace)).collect();
        let mut hosts = BTreeMap::new();
        let endpoints = plan.networks.iter().flat_map(|network| &network.endpoints);
        for endpoint in endpoints.clone() {
            // Now and then two endpoints of a network live on one host.
            let own = format!("{}.{}.example", endpoint.key.endpoint, endpoint.key.network);
            let shared = format!("{}.example", endpoint.key.network);
            let host: Name = if chance.f64() < 0.3 { shared } else { own }.into();
            hosts.insert(endpoint.key.clone(), host);
        }
        let timings = paces.iter().map(|(key, pace)| {
            let timing = Timing {
                host: hosts[key].clone(),
                per_host: 1,
                jitter,
                pace: *pace,
            };
            (key.clone(), timing)
        });
        timetable.adopt(timings.collect(), 256, Moment::ZERO);
        let loss = endpoints
            .map(|endpoint| (endpoint.key.clone(), 0.0))
            .collect();
        Self {
            plan,
            engine,
            timetable,
            now: Moment::ZERO,
            chance,
            behaviour: Behaviour::Wild,
            loss,
            ending: BTreeSet::new(),
            started: BTreeMap::new(),
            hosts,
            jitter,
        }
    }

    pub(crate) fn now(&self) -> Moment {
        self.now
    }

    pub(crate) fn jitter(&self) -> f64 {
        self.jitter
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.ending.len()
    }

    pub(crate) fn revision(&self) -> u64 {
        self.engine.revision()
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.engine.snapshot()
    }

    /// How every endpoint behaves from now on. Shared hosts would queue their rounds, which the
    /// bound does not speak of, so a dead world has a host for each.
    pub(crate) fn set_all(&mut self, behaviour: Behaviour) {
        self.behaviour = behaviour;
        if matches!(behaviour, Behaviour::Good | Behaviour::Dead) {
            let paces: BTreeMap<EndpointKey, _> = self
                .engine
                .paces()
                .map(|(key, pace)| (key.clone(), pace))
                .collect();
            let jitter = self.jitter;
            let timings = paces.into_iter().map(|(key, pace)| {
                let host: Name = key.to_string().into();
                (
                    key,
                    Timing {
                        host,
                        per_host: 1,
                        jitter,
                        pace,
                    },
                )
            });
            let timings: Vec<(EndpointKey, Timing)> = timings.collect();
            for (key, timing) in &timings {
                self.hosts.insert(key.clone(), timing.host.clone());
            }
            self.timetable.adopt(timings, 256, self.now);
        }
    }

    /// The machine sleeps: time passes, rounds in flight are lost to their timeouts as ours.
    pub(crate) fn sleep(&mut self, time: Duration) {
        self.now = self.now + time;
    }

    /// Lets time pass, one moment after the other at which something happens.
    pub(crate) fn run(&mut self, time: Duration, mut see: impl FnMut(&Step<'_>)) {
        let end = self.now + time;
        while let Some(next) = self.next_moment().filter(|next| *next <= end) {
            self.now = next.max(self.now);
            self.step(&mut see);
        }
        self.now = end.max(self.now);
    }

    fn next_moment(&self) -> Option<Moment> {
        let ending = self.ending.first().map(|(at, _)| *at);
        [
            ending,
            self.timetable.next_wake(),
            self.engine.next_deadline(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn step(&mut self, see: &mut impl FnMut(&Step<'_>)) {
        let now = self.now;
        let mut batch = Vec::new();
        while let Some((at, _)) = self.ending.first()
            && *at <= now
        {
            let Some((_, key)) = self.ending.pop_first() else {
                break;
            };
            self.timetable.finished(&key, now);
            let verdict = self.verdict(&key);
            let since = self.started.get(&key).copied().unwrap_or(now);
            batch.push(Evidence::certain(key, verdict, since));
        }
        let inputs: Vec<Input> = batch.iter().cloned().map(Input::Round).collect();
        let events = self.engine.step(&inputs, now).events;
        for (key, pace) in self.engine.paces() {
            self.timetable.set_pace(key, pace, now);
        }
        let started: Vec<EndpointKey> = self
            .timetable
            .due(now)
            .into_iter()
            .map(|start| start.key)
            .collect();
        for key in &started {
            let took = self.duration(key);
            self.ending.insert((now + took, key.clone()));
            self.started.insert(key.clone(), now);
        }
        let mut running_per_host = BTreeMap::new();
        for (_, key) in &self.ending {
            *running_per_host.entry(self.hosts[key].clone()).or_default() += 1;
        }
        see(&Step {
            now,
            batch: &batch,
            events: &events,
            started: &started,
            running_per_host: &running_per_host,
            engine: &self.engine,
        });
    }

    fn duration(&mut self, key: &EndpointKey) -> Duration {
        let timeout = self.endpoint(key).timeout;
        match self.behaviour {
            Behaviour::Dead => timeout,
            Behaviour::Wild if self.chance.f64() < 0.1 => timeout,
            _ => Duration::from_millis(self.chance.u64(5..400)).min(timeout),
        }
    }

    fn verdict(&mut self, key: &EndpointKey) -> Verdict {
        let fail = || Verdict::Fail(Cause::new(Reason::TcpRefused, ""));
        let ours = || Verdict::Inconclusive(Cause::new(Reason::LocalNoRoute, ""));
        let wall = || Verdict::Restricted(Cause::new(Reason::WallStatus, ""));
        let draw = self.chance.f64();
        match self.behaviour {
            Behaviour::Good => Verdict::Pass,
            Behaviour::Dead => fail(),
            Behaviour::WallsAndOurs if draw < 0.5 => wall(),
            Behaviour::WallsAndOurs => ours(),
            Behaviour::Wild => {
                // Now and then the weather changes.
                if self.chance.f64() < 0.05 {
                    let loss = [0.0, 0.1, 0.5, 0.9, 1.0][self.chance.usize(0..5)];
                    self.loss.insert(key.clone(), loss);
                }
                match draw {
                    draw if draw < 0.1 => ours(),
                    draw if draw < 0.15 => wall(),
                    draw if draw < 0.25 => Verdict::Slow(Cause::at(Layer::Http, Reason::Slow, "")),
                    _ if self.chance.f64() < self.loss[key] => fail(),
                    _ => Verdict::Pass,
                }
            }
        }
    }

    fn endpoint(&self, key: &EndpointKey) -> &EndpointPlan {
        let mut endpoints = self
            .plan
            .networks
            .iter()
            .flat_map(|network| &network.endpoints);
        endpoints
            .find(|plan| plan.key == *key)
            .expect("a known endpoint")
    }
}

/// A valid plan made from a seed: one to four networks of one to five endpoints, one group.
pub(crate) fn random_plan(seed: u64) -> Plan {
    let mut chance = fastrand::Rng::with_seed(seed);
    let seconds = Duration::from_secs;
    let networks: Vec<NetworkPlan> = (0..chance.usize(1..5))
        .map(|n| {
            let name = format!("n{n}");
            let endpoints: Vec<EndpointPlan> = (0..chance.usize(1..6))
                .map(|e| {
                    let weight = if e == 0 {
                        chance.u32(1..4)
                    } else {
                        chance.u32(0..4)
                    };
                    EndpointPlan {
                        key: EndpointKey::new(&name, &format!("e{e}")),
                        weight,
                        required: weight > 0 && chance.f64() < 0.15,
                        rise: chance.u32(1..4),
                        fall: chance.u32(1..5),
                        interval: seconds(chance.u64(20..121)),
                        recheck_interval: seconds(chance.u64(3..15)),
                        down_interval: seconds(chance.u64(10..20)),
                        timeout: seconds(chance.u64(2..11)),
                        fingerprint: String::new(),
                    }
                })
                .collect();
            let total: u32 = endpoints.iter().map(|endpoint| endpoint.weight).sum();
            let quorum = chance.u32(1..=total);
            let hysteresis = chance.u32(0..quorum).min(total - quorum);
            let domains = ["d0", "d1", "d2"];
            NetworkPlan {
                name: name.as_str().into(),
                failure_domains: (0..chance.usize(0..3))
                    .map(|_| domains[chance.usize(0..3)].into())
                    .collect(),
                quorum,
                hysteresis,
                enabled: true,
                maintenance: Vec::new(),
                endpoints,
            }
        })
        .collect();
    let names = networks.iter().map(|network| network.name.clone());
    let group = GroupPlan::new("g".into(), names.collect());
    Plan {
        networks,
        groups: vec![group],
        uplink: UplinkPlan::default(),
    }
}
