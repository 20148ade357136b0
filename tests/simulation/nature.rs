//! What is outside: how endpoints answer, which cables are cut, which resolvers are dead.
//!
//! A round finds out what holds when it starts; what it finds arrives later. It never knows
//! more than a real one would: an address beyond a cut cable looks like a dead one.

use std::collections::BTreeMap;
use std::time::Duration;

use bascule::engine::{EndpointPlan, Sweep};
use bascule::model::{
    Cause, Doubt, EndpointKey, Families, Family, Layer, Moment, Name, Reason, Standing, Verdict,
};
use fastrand::Rng;

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
    /// Failures, but never `fall` in a row.
    ShortRuns,
}

/// The canaries of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Canaries {
    /// They answer where the cable is whole.
    Answer,
    /// Somebody on the way drops what we send them.
    Mute,
    /// There are none.
    Absent,
}

/// What a round will have found when it ends.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    pub(crate) standing: Standing,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) took: Duration,
}

/// What an endpoint is, and how it does at present.
#[derive(Clone, Debug)]
struct Site {
    /// Families of its addresses; none = it is on our own machine.
    families: Families,
    /// It has a name that a resolver must know.
    named: bool,
    loss: f64,
    slowness: f64,
    /// Failures in a row so far.
    run: u32,
}

/// What happens to a round where the way is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Draw {
    Pass,
    Slow(Reason),
    Wall(Reason),
    Ours,
    Refused,
    BlackHole,
    Broken,
    Nameless,
}

#[derive(Clone, Debug)]
pub(crate) struct Nature {
    chance: Rng,
    pub(crate) behaviour: Behaviour,
    pub(crate) canaries: [Canaries; 2],
    pub(crate) cut_until: [Moment; 2],
    pub(crate) deaf_until: Moment,
    /// Networks that are dead for everybody, until when.
    pub(crate) storms: BTreeMap<Name, Moment>,
    /// Every endpoint has addresses of these families; `None`: of any.
    pub(crate) families: Option<Families>,
    sites: BTreeMap<EndpointKey, Site>,
}

const RESOLVERS: [&str; 2] = ["system", "udp://192.0.2.53"];

impl Nature {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            chance: Rng::with_seed(seed ^ 0x5eed),
            behaviour: Behaviour::Wild,
            canaries: [Canaries::Answer; 2],
            cut_until: [Moment::ZERO; 2],
            deaf_until: Moment::ZERO,
            storms: BTreeMap::new(),
            families: None,
            sites: BTreeMap::new(),
        }
    }

    pub(crate) fn cut(&self, family: Family, now: Moment) -> bool {
        now < self.cut_until[family as usize]
    }

    /// A round of an endpoint that starts now.
    pub(crate) fn round(&mut self, plan: &EndpointPlan, now: Moment) -> Outcome {
        let draw = self.draw(plan, now);
        let site = self.site(&plan.key).clone();
        let quick = Duration::from_millis(self.chance.u64(5..400));
        let mut outcome = Outcome {
            verdict: found(draw),
            standing: Standing::default(),
            retry_after: None,
            took: quick.min(plan.timeout),
        };
        match draw {
            Draw::Ours => return outcome,
            Draw::BlackHole => outcome.took = plan.timeout,
            Draw::Wall(Reason::WallRateLimit) if self.chance.bool() => {
                outcome.retry_after = Some(Duration::from_secs(self.chance.u64(1..600)));
            }
            _ if self.behaviour == Behaviour::Wild && self.chance.f64() < 0.08 => {
                outcome.took = plan.timeout;
            }
            _ => {}
        }
        if site.named && !self.resolve(draw, &mut outcome, now) {
            return outcome;
        }
        if !site.families.is_empty() {
            self.climb(&site, draw, plan, &mut outcome, now);
        }
        outcome
    }

    /// Asks for the name. Returns whether there are addresses to go to.
    fn resolve(&mut self, draw: Draw, outcome: &mut Outcome, now: Moment) -> bool {
        let all = || RESOLVERS.map(Name::from).to_vec();
        let cut_off = Family::ALL.into_iter().all(|family| self.cut(family, now));
        if cut_off || now < self.deaf_until {
            outcome.verdict = Verdict::Fail(Cause::new(Reason::DnsTimeout, ""));
            outcome.standing.doubt = Some(Box::new(Doubt::Resolution { resolvers: all() }));
            return false;
        }
        if draw != Draw::Nameless {
            outcome.standing.answered = all();
            return true;
        }
        let proven = self.chance.bool();
        outcome.standing.answered = if proven { all() } else { Vec::new() };
        let resolvers = if proven { Vec::new() } else { all() };
        outcome.standing.doubt = Some(Box::new(Doubt::Resolution { resolvers }));
        false
    }

    /// Goes to an address of each family.
    fn climb(
        &mut self,
        site: &Site,
        draw: Draw,
        plan: &EndpointPlan,
        outcome: &mut Outcome,
        now: Moment,
    ) {
        let unreachable_is_told = self.chance.bool();
        let addresses: Vec<(Family, Verdict)> = site
            .families
            .iter()
            .map(|family| {
                let verdict = if self.cut(family, now) {
                    Verdict::Fail(Cause::new(Reason::TcpTimeout, ""))
                } else {
                    found(draw)
                };
                (family, verdict)
            })
            .collect();
        let connected = |verdict: &Verdict| match verdict {
            Verdict::Fail(cause) => cause.layer > Some(Layer::Tcp),
            Verdict::Inconclusive(_) => false,
            _ => true,
        };
        let mut failed = Families::NONE;
        for (family, verdict) in &addresses {
            if connected(verdict) {
                outcome.standing.proves = outcome.standing.proves.with(*family);
            } else {
                failed = failed.with(*family);
            }
        }
        outcome.verdict = together(&addresses, Families::NONE);
        if failed.is_empty() {
            return;
        }
        let without = [
            Families::only(Family::Ipv4),
            Families::only(Family::Ipv6),
            Families::BOTH,
        ];
        outcome.standing.doubt = Some(Box::new(Doubt::Addresses {
            families: failed,
            without: Box::new(without.map(|left_out| together(&addresses, left_out))),
        }));
        let cut = failed.iter().any(|family| self.cut(family, now));
        if cut && !unreachable_is_told {
            outcome.took = plan.timeout.min(Duration::from_secs(3));
        }
    }

    /// All canaries are asked now: what they will have said, and when.
    pub(crate) fn sweep(&mut self, now: Moment) -> (Duration, Sweep) {
        let answered = Family::ALL.map(|family| match self.canaries[family as usize] {
            Canaries::Absent => None,
            Canaries::Mute => Some(false),
            Canaries::Answer => Some(!self.cut(family, now)),
        });
        let took = if answered.contains(&Some(false)) {
            Duration::from_secs(3)
        } else {
            Duration::from_millis(self.chance.u64(20..100))
        };
        let sweep = Sweep {
            started: now,
            answered,
            no_route: answered.map(|answered| answered.is_none()),
            gateway: Some(self.chance.bool()),
        };
        (took, sweep)
    }

    fn draw(&mut self, plan: &EndpointPlan, now: Moment) -> Draw {
        let storm = self.storms.get(&plan.key.network);
        let storm = storm.is_some_and(|until| now < *until);
        let draw = self.chance.f64();
        match self.behaviour {
            _ if storm && self.behaviour == Behaviour::Good => Draw::BlackHole,
            Behaviour::Good => Draw::Pass,
            Behaviour::Dead => Draw::BlackHole,
            Behaviour::WallsAndOurs if draw < 0.5 => Draw::Wall(Reason::WallStatus),
            Behaviour::WallsAndOurs => Draw::Ours,
            Behaviour::ShortRuns => self.short_run(plan, draw),
            Behaviour::Wild => self.weather(plan, draw, storm),
        }
    }

    fn short_run(&mut self, plan: &EndpointPlan, draw: f64) -> Draw {
        let site = self.site(&plan.key);
        if draw < 0.1 {
            Draw::Ours
        } else if site.run + 1 < plan.fall {
            site.run += 1;
            if draw < 0.5 {
                Draw::Refused
            } else {
                Draw::Broken
            }
        } else {
            site.run = 0;
            if draw < 0.3 {
                Draw::Wall(Reason::WallChallenge)
            } else {
                Draw::Pass
            }
        }
    }

    fn weather(&mut self, plan: &EndpointPlan, draw: f64, storm: bool) -> Draw {
        // Now and then the weather changes.
        let loss = [0.0, 0.0, 0.1, 0.5, 1.0][self.chance.usize(0..5)];
        let slowness = [0.0, 0.05, 0.9][self.chance.usize(0..3)];
        let changes = self.chance.f64() < 0.04;
        let site = self.site(&plan.key);
        if changes {
            (site.loss, site.slowness) = (loss, slowness);
        }
        let (loss, slowness) = (site.loss, site.slowness);
        let kind = self.chance.f64();
        match draw {
            draw if draw < 0.03 => Draw::Ours,
            _ if storm || self.chance.f64() < loss => match kind {
                kind if kind < 0.4 => Draw::Refused,
                kind if kind < 0.6 => Draw::BlackHole,
                kind if kind < 0.7 => Draw::Nameless,
                _ => Draw::Broken,
            },
            draw if draw < 0.08 => Draw::Wall(Reason::WallStatus),
            draw if draw < 0.085 => Draw::Wall(Reason::WallRateLimit),
            _ if self.chance.f64() < slowness => match kind {
                kind if kind < 0.4 => Draw::Slow(Reason::Slow),
                kind if kind < 0.7 => Draw::Slow(Reason::PartialAddresses),
                _ => Draw::Slow(Reason::TlsExpiring),
            },
            _ => Draw::Pass,
        }
    }

    fn site(&mut self, key: &EndpointKey) -> &mut Site {
        let Self {
            sites,
            chance,
            families,
            ..
        } = self;
        sites.entry(key.clone()).or_insert_with(|| Site {
            families: families.unwrap_or_else(|| {
                [
                    Families::NONE,
                    Families::only(Family::Ipv4),
                    Families::only(Family::Ipv6),
                    Families::BOTH,
                    Families::BOTH,
                ][chance.usize(0..5)]
            }),
            named: chance.bool(),
            loss: 0.0,
            slowness: 0.0,
            run: 0,
        })
    }
}

fn found(draw: Draw) -> Verdict {
    match draw {
        Draw::Pass => Verdict::Pass,
        Draw::Slow(reason) => Verdict::Slow(Cause::at(Layer::Http, reason, "")),
        Draw::Wall(reason) => Verdict::Restricted(Cause::new(reason, "")),
        Draw::Ours => Verdict::Inconclusive(Cause::new(Reason::LocalLate, "")),
        Draw::Refused => Verdict::Fail(Cause::new(Reason::TcpRefused, "")),
        Draw::BlackHole => Verdict::Fail(Cause::new(Reason::TcpTimeout, "")),
        Draw::Broken => Verdict::Fail(Cause::new(Reason::HttpStatus, "")),
        Draw::Nameless => Verdict::Fail(Cause::new(Reason::DnsServfail, "")),
    }
}

/// The verdict of a round over its addresses without those of some families: rulings 2.
fn together(addresses: &[(Family, Verdict)], left_out: Families) -> Verdict {
    let mut counted = addresses
        .iter()
        .filter(|(family, _)| !left_out.contains(*family))
        .map(|(_, verdict)| verdict);
    let Some(first) = counted.next() else {
        return Verdict::Inconclusive(Cause::new(Reason::LocalUplink, ""));
    };
    counted.fold(first.clone(), |sum, other| match (&sum, other) {
        (Verdict::Fail(_), Verdict::Fail(_)) => sum,
        (Verdict::Fail(cause), _) | (_, Verdict::Fail(cause)) => Verdict::Slow(Cause::at(
            cause.layer.unwrap_or(Layer::Tcp),
            Reason::PartialAddresses,
            "",
        )),
        _ => sum,
    })
}
