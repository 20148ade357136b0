//! A batch is taken in: proofs first, then what was in doubt, and every round that can be judged
//! is counted at its endpoint.

use super::Engine;
use super::doubt::Settled;
use super::input::{Evidence, Input, Judged};
use crate::model::{Doubt, Event, Moment, Reason, State, UplinkState, Verdict};

impl Engine {
    /// Takes in a batch: first all that is proven, then what was doubted. Returns the number of
    /// rounds among it.
    pub(super) fn take(&mut self, batch: &[Input], now: Moment) -> usize {
        let mut rounds: Vec<&Evidence> = Vec::new();
        for input in batch {
            match input {
                Input::Sweep(sweep) => self.uplink.swept(sweep, now),
                Input::Round(evidence) => rounds.push(evidence),
            }
        }
        for evidence in &rounds {
            let standing = &evidence.standing;
            let network = &evidence.key.network;
            self.uplink.prove(standing.proves, evidence.started);
            self.uplink.hear(network, standing, evidence.started);
            for resolver in &standing.answered {
                self.resolvers
                    .of(resolver)
                    .answered(network, evidence.started);
            }
            if let Some(Doubt::Resolution { resolvers }) = standing.doubt.as_deref() {
                for resolver in resolvers {
                    self.resolvers
                        .of(resolver)
                        .silent(network, evidence.started);
                }
            }
        }
        for evidence in &rounds {
            let Some(mut found) = self.find(&evidence.key) else {
                continue;
            };
            found.endpoint().ended();
            let urgent = found.has_weight() && found.endpoint().state() != State::Down;
            found.queue().push((*evidence).clone(), now);
            found.watched.touch();
            let suspicious = match &evidence.verdict {
                Verdict::Inconclusive(cause) => {
                    cause.reason == Reason::LocalNoRoute && !self.uplink.is_fresh(now)
                }
                _ => evidence.standing.doubt.is_some(),
            };
            if suspicious {
                self.uplink.doubt(evidence.started, urgent, now);
            }
        }
        rounds.len()
    }

    /// Whether a round waits for what canaries can prove.
    pub(super) fn wants_uplink(&self) -> bool {
        let waiting = self.networks.iter().filter(|watched| watched.waits());
        let mut queues = waiting.flat_map(|watched| &watched.queues);
        queues.any(|queue| queue.wants_uplink(&self.uplink))
    }

    /// Counts all rounds that can be judged.
    pub(super) fn settle(&mut self, now: Moment, events: &mut Vec<Event>) -> Vec<Judged> {
        let mut judged = Vec::new();
        for (network, watched) in self.plan.networks.iter().zip(&mut self.networks) {
            if !watched.waits() {
                continue;
            }
            let settled_before = judged.len();
            let slots = watched.endpoints.iter_mut().zip(&mut watched.queues);
            for (plan, (endpoint, queue)) in network.endpoints.iter().zip(slots) {
                while let Some(settled) = queue.settle(&self.uplink, &self.resolvers, now) {
                    let Settled {
                        evidence,
                        verdict,
                        left_out,
                    } = settled;
                    let (from, shown) = (endpoint.state(), endpoint.shown());
                    let retry_after = evidence.retry_after;
                    endpoint.round(plan, &verdict, retry_after, evidence.started, now);
                    let to = endpoint.state();
                    if endpoint.shown() != shown || endpoint.trouble().is_some() {
                        self.revision += 1;
                    }
                    if from != to {
                        events.push(Event::Endpoint {
                            key: plan.key.clone(),
                            from,
                            to,
                            cause: endpoint.trouble().cloned(),
                            since: endpoint.turn().1,
                        });
                    }
                    judged.push(Judged {
                        round: evidence.round,
                        key: plan.key.clone(),
                        verdict,
                        left_out,
                    });
                }
            }
            if judged.len() > settled_before {
                watched.touch();
            }
        }
        judged.sort_by(|a, b| a.key.cmp(&b.key));
        judged
    }

    /// What has become of our own connection; begins the timers anew when it comes back.
    pub(super) fn watch_uplink(&mut self, before: [UplinkState; 3], now: Moment) -> Vec<Event> {
        let events = self.uplink.changes(before, now);
        if events.is_empty() {
            return events;
        }
        self.revision += 1;
        if (before[0] == UplinkState::Down) != self.uplink.is_down() {
            for group in &mut self.groups {
                group.book(now, before[0] != UplinkState::Down);
            }
        }
        if before[0] == UplinkState::Down && !self.uplink.is_down() {
            self.not_before = self.uplink.proven_at().unwrap_or(now);
            for group in &mut self.groups {
                group.thaw(self.proven);
            }
        }
        events
    }
}
