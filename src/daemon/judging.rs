//! What has come of the rounds: judged while nobody reads, then shown, kept and told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::narrator;
use super::persist::{is_news, look_at_hours, remember};
use super::pipeline::Pipeline;
use crate::engine::{Engine, Input, Judged, Step};
use crate::model::{EndpointKey, Event, Moment, Name, Round, Snapshot, Verdict};
use crate::probe;

impl Pipeline {
    /// Has inputs judged while nobody reads, and tells what came of it.
    pub(super) fn step(&mut self, batch: &[Input]) {
        self.judge(batch, |engine, now| engine.step(batch, now));
    }

    pub(super) fn judge(&mut self, batch: &[Input], act: impl FnOnce(&mut Engine, Moment) -> Step) {
        let (engine, clock, told) = (&mut self.engine, &self.clock, &mut self.told);
        let (ended, shown) = (&mut self.ended, &mut self.shown);
        let metrics = told.metrics.clone();
        let (now, events, rounds, entries) = metrics.publish(|shown_until| {
            engine.show(shown_until);
            let now = clock.now().max(shown_until);
            let Step { events, judged } = act(engine, now);
            let rounds = settle(judged, ended);
            for (key, round) in &rounds {
                told.rounds.keep(key, Arc::clone(round));
            }
            let happened = (now, engine.is_frozen());
            let mut entries = told.journal.write(&events, happened, clock, &told.rounds);
            entries.extend(look_at_hours(engine, told, clock));
            let picture = picture(engine, shown);
            if picture.is_some() || !entries.is_empty() {
                remember(engine, told, now);
            }
            let holds = engine.holds().collect();
            ((now, events, rounds, entries), picture, holds)
        });
        for (key, round) in &rounds {
            self.count(key, round);
        }
        let frozen = self.engine.is_frozen();
        for event in &events {
            narrator::event(event, frozen);
        }
        self.unsaved |= !entries.is_empty();
        self.unkept.extend(entries);
        if events.iter().any(is_news) {
            self.save();
        }
        self.repace(batch, &rounds, &events, now);
        self.tell_readiness();
        self.look();
    }

    /// A round has found its verdict.
    fn count(&mut self, key: &EndpointKey, round: &Round) {
        if let Some(watch) = self.endpoints.get_mut(key) {
            watch.tried = true;
            watch.inconclusive = match &round.verdict {
                Verdict::Inconclusive(cause) => Some(cause.clone()),
                _ => None,
            };
        }
        self.told.metrics.round(key, round, self.clock.wall());
        if let Some(cause) = round.verdict.cause() {
            narrator::round(key, &round.verdict, cause);
        }
    }

    /// Tells the timetable how often the endpoints are to be probed now, of the networks to which
    /// something has happened.
    fn repace(
        &mut self,
        batch: &[Input],
        rounds: &[(EndpointKey, Arc<Round>)],
        events: &[Event],
        now: Moment,
    ) {
        let by_input = batch.iter().filter_map(|input| match input {
            Input::Round(evidence) => Some(&evidence.key.network),
            Input::Sweep(_) => None,
        });
        let by_event = events.iter().filter_map(|event| match event {
            Event::Endpoint { key, .. } => Some(&key.network),
            _ => None,
        });
        let by_round = rounds.iter().map(|(key, _)| &key.network);
        let touched: BTreeSet<&Name> = by_input.chain(by_event).chain(by_round).collect();
        for network in touched {
            for (key, pace) in self.engine.paces_of(network) {
                self.timetable.set_pace(key, pace, now);
            }
        }
    }
}

/// The rounds that have found their verdicts.
fn settle(judged: Vec<Judged>, ended: &mut BTreeMap<u64, Round>) -> Vec<(EndpointKey, Arc<Round>)> {
    let settled = judged.into_iter().filter_map(|judged| {
        let mut round = ended.remove(&judged.round)?;
        probe::settle(&mut round, judged.verdict, judged.left_out);
        Some((judged.key, Arc::new(round)))
    });
    settled.collect()
}

/// Another picture, if something has changed since the last one.
fn picture(engine: &Engine, shown: &mut Option<u64>) -> Option<Arc<Snapshot>> {
    let revision = Some(engine.revision());
    (std::mem::replace(shown, revision) != revision).then(|| Arc::new(engine.snapshot()))
}
