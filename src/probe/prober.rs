//! The climb: one round of one target, bounded by one deadline.

use std::net::SocketAddr;
use std::time::Duration;

use crate::host::clock::{Clock, Reading};
use crate::model::{Cause, Layer, Reason, Round, Standing, Verdict};

use super::climb::{Climb, destination};
use super::deadline::Deadline;
use super::dns::DnsClient;
use super::glimpse::{Glimpse, Watcher};
use super::join::join_all;
use super::judge;
use super::standing;
use super::target::{Target, What};
use super::trust::Roots;
use super::words::took;

/// How far the wall clock may move against the monotonic one during a round. Certificates
/// and time stamps are judged by the wall clock; a jump of more makes a bad verdict worthless.
const JUMP: Duration = Duration::from_secs(2);

/// Makes rounds. Cheap to clone; shared by all rounds of the daemon.
#[derive(Clone, Debug)]
pub struct Prober {
    clock: Clock,
    dns: DnsClient,
}

impl Prober {
    /// A prober that trusts `roots` for DNS over TLS and HTTPS.
    #[must_use]
    pub fn new(clock: Clock, roots: Roots) -> Self {
        Self {
            clock,
            dns: DnsClient::new(roots),
        }
    }

    /// One round. Never fails, never panics, never takes much longer than the target's round limit.
    pub async fn round(&self, target: &Target) -> Round {
        self.seen(target, None).await
    }

    /// The same, for somebody who waits and wants to see the layers as they are passed.
    pub async fn watched(&self, target: &Target, watcher: &Watcher<'_>) -> Round {
        self.seen(target, Some(watcher)).await
    }

    async fn seen(&self, target: &Target, watcher: Option<&Watcher<'_>>) -> Round {
        let started = self.clock.read();
        let mut round = Round {
            key: target.key.clone(),
            kind: target.kind(),
            verdict: Verdict::Pass,
            started: started.wall,
            duration: Duration::ZERO,
            addresses: Vec::new(),
            dns: Vec::new(),
            retry_after: None,
            standing: Standing::default(),
        };
        match &target.what {
            What::Dns(question) => {
                let limit = target.limits.dns.min(target.limits.round);
                let probe = self.dns.probe(question, &target.resolvers, limit).await;
                round.verdict = probe.verdict;
                round.dns = probe.queries;
                round.standing = probe.standing;
            }
            What::Http(_) | What::Tls(_) | What::Tcp(_) => {
                self.climb(target, started, watcher, &mut round).await;
            }
        }
        round.duration = self.clock.now().since(started.moment);
        self.check_clock(started, &mut round);
        target.mask.round(&mut round);
        round
    }

    /// Finds addresses, climbs those that are chosen, and judges the round.
    async fn climb(
        &self,
        target: &Target,
        started: Reading,
        watcher: Option<&Watcher<'_>>,
        round: &mut Round,
    ) {
        let mut climb = Climb {
            dns: &self.dns,
            target,
            watcher,
            deadline: Deadline::after(target.limits.round),
            now: started.wall,
            resolve: None,
            overslept: Duration::ZERO,
        };
        let Some(place) = destination(&target.what) else {
            // The configuration does not let such a URL through.
            let cause = Cause::new(Reason::DnsNoAnswer, "the URL has no host");
            round.verdict = Verdict::Fail(cause);
            return;
        };
        let found = climb.resolve(&place.host).await;
        round.dns = found.queries;
        round.standing = found.standing;
        if let Err(verdict) = found.outcome {
            round.verdict = verdict;
            return;
        }
        climb.resolve = found.took;
        climb.tell(Glimpse::Resolved(found.took));
        climb.overslept = found.overslept;
        let climbs = climb
            .choose(&found.addresses)
            .into_iter()
            .map(|ip| climb.address(SocketAddr::new(ip, place.port)));
        let mut redirected = None;
        for climbed in join_all(climbs).await {
            round.dns.extend(climbed.queries);
            round.retry_after = round.retry_after.max(climbed.retry_after);
            round.addresses.push(climbed.address);
            redirected = redirected.or_else(|| climbed.standing.doubt.clone());
            standing::add(&mut round.standing, climbed.standing);
        }
        let addresses = &round.addresses;
        round.verdict = judge::round(addresses, found.partial.clone());
        let proves = standing::proves(addresses);
        round.standing.proves = round.standing.proves.union(proves);
        let at_dns =
            matches!(&round.verdict, Verdict::Fail(cause) if cause.layer == Some(Layer::Dns));
        round.standing.doubt = if at_dns {
            redirected
        } else {
            standing::doubt(addresses, found.partial.as_ref(), &round.verdict).map(Box::new)
        };
    }

    /// Takes a bad verdict back if the wall clock jumped: dates were judged by it. A good one
    /// stands, as a wrong clock makes nothing good.
    fn check_clock(&self, started: Reading, round: &mut Round) {
        let drift = self.clock.drift_since(started);
        let bad = matches!(round.verdict, Verdict::Fail(_) | Verdict::Slow(_));
        if bad && drift > JUMP {
            round.verdict = Verdict::Inconclusive(Cause::new(
                Reason::LocalClock,
                format!(
                    "this machine's clock jumped by {} during the round",
                    took(drift)
                ),
            ));
            round.standing.doubt = None;
        }
    }
}
