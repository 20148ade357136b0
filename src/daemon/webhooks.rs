//! What webhooks know of the daemon: rows of the history, how everything is now, counters.

use std::sync::Arc;

use tokio::sync::watch;

use super::source::Everything;
use crate::config::Settings;
use crate::history::{Entry, EventRow, OutageRow, Record, Unavailable};
use crate::hook::{Crew, GroupNow, NetworkNow, Outcome, Outside, Present, Reply};
use crate::host::clock::Clock;
use crate::web::{NetworkFacts, Source as _};

/// Events that are read at a time.
const MOST: usize = 1000;

/// All webhooks of the daemon.
pub(super) struct Webhooks {
    crew: Option<Crew>,
    everything: Everything,
    clock: Clock,
}

impl Webhooks {
    /// Nothing runs before there is a webhook.
    pub(super) const fn new(everything: Everything, clock: Clock) -> Self {
        Self {
            crew: None,
            everything,
            clock,
        }
    }

    /// Takes over what the configuration says; `next_seq` is the number of the next event.
    pub(super) fn adopt(&mut self, settings: &Settings, next_seq: u64) {
        let webhooks = settings.webhooks.clone();
        let names = webhooks.iter().map(|webhook| webhook.name.clone());
        self.everything.metrics.adopt_webhooks(names);
        if webhooks.is_empty() && self.crew.is_none() {
            self.everything.forget_others(Vec::new());
            return;
        }
        let crew = self.crew.get_or_insert_with(|| {
            let outside = Arc::new(self.everything.clone());
            Crew::start(outside, self.clock.clone())
        });
        crew.adopt(webhooks, next_seq.saturating_sub(1));
    }

    /// Nothing is sent any more. What is under way is sent again at the next start.
    pub(super) fn end(&mut self) {
        self.crew = None;
    }
}

impl Everything {
    /// Rows that the database may not have yet.
    fn unstored(&self) -> Arc<[Entry]> {
        self.keeper.outbox()
    }
}

impl Outside for Everything {
    fn cursor(&self, webhook: &str) -> Reply<Option<u64>> {
        let (history, webhook) = (self.keeper.history.clone(), webhook.to_owned());
        Box::pin(async move { history.cursor(webhook).await.map_err(|why| sentence(&why)) })
    }

    fn keep(&self, webhook: &str, cursor: u64) {
        self.keeper.history.keep_cursor(webhook, cursor);
    }

    fn forget_others(&self, webhooks: Vec<String>) {
        self.keeper.history.keep_cursors_of(webhooks);
    }

    fn stored(&self) -> watch::Receiver<u64> {
        self.keeper.history.watch_stored()
    }

    /// A database that cannot be written has not the newest events, and one that cannot be read
    /// has none; nobody shall wait for a disk to hear of an outage. So what is not stored for
    /// certain is taken from where it waits, once it is in the state file or that cannot be
    /// written either.
    fn events(&self, after: u64) -> Reply<Vec<EventRow>> {
        let (everything, history) = (self.clone(), self.keeper.history.clone());
        Box::pin(async move {
            // First what waits, so that nothing is stored and let go in between.
            let waiting = everything.unstored();
            let stored = history.stored();
            let read = history.events(after, MOST).await;
            let unstored = waiting.iter().filter(|entry| entry.seq > stored.max(after));
            // Hours have numbers, too.
            let next = unstored.clone().map(|entry| entry.seq).min();
            let events: Vec<EventRow> = unstored
                .filter_map(|entry| match &entry.record {
                    Record::Event(row) => Some(row.clone()),
                    Record::Outage(_) | Record::Hour(_) => None,
                })
                .collect();
            let nothing_between = stored <= after || next == Some(after + 1);
            let mut rows = match read {
                Ok(rows) => rows,
                Err(_) if nothing_between && !events.is_empty() => Vec::new(),
                Err(why) => return Err(sentence(&why)),
            };
            let last = rows.last().map_or(after, |row| row.seq);
            let unstored = events.into_iter().filter(|row| row.seq > last);
            if rows.len() < MOST {
                let unstored: Vec<EventRow> = unstored.take(MOST - rows.len()).collect();
                if !unstored.is_empty() {
                    everything.keeper.save_before_showing().await;
                }
                rows.extend(unstored);
            }
            Ok(rows)
        })
    }

    fn outage(&self, id: u64) -> Reply<Option<OutageRow>> {
        let history = self.keeper.history.clone();
        let unstored = self.unstored();
        let found = unstored.iter().rev().find_map(|entry| match &entry.record {
            Record::Outage(row) if row.id == id => Some(row.clone()),
            _ => None,
        });
        Box::pin(async move {
            match found {
                Some(row) => Ok(Some(row)),
                None => history.outage(id).await.map_err(|why| sentence(&why)),
            }
        })
    }

    fn present(&self) -> Present {
        let (picture, facts) = (self.picture(), self.facts());
        let fact = |name: &str| -> Option<&NetworkFacts> {
            facts.networks.iter().find(|it| &*it.name == name)
        };
        let networks = picture.snapshot.networks.iter().map(|network| {
            let fact = fact(&network.name);
            let link = fact.and_then(|it| it.profile.clone().or_else(|| it.home.clone()));
            NetworkNow {
                name: network.name.clone(),
                title: fact.map_or_else(|| network.name.to_string(), |it| it.title.clone()),
                state: network.state.as_str(),
                link,
            }
        });
        let groups = picture.snapshot.groups.iter().map(|group| {
            let fact = facts.groups.iter().find(|it| it.name == group.name);
            GroupNow {
                name: group.name.clone(),
                active: group.active.clone(),
                last_resort: fact.and_then(|it| it.last_resort.clone()),
            }
        });
        let uplink = picture.snapshot.uplink.states[0].as_str();
        Present {
            at: picture.wall,
            vantage: facts.vantage.clone(),
            uplink: facts.uplink_judged.then_some(uplink),
            groups: groups.collect(),
            networks: networks.collect(),
        }
    }

    fn counted(&self, webhook: &str, outcome: Outcome) {
        self.metrics.delivery(webhook, outcome.as_str());
    }

    fn pending(&self, webhook: &str, events: usize) {
        self.metrics.pending(webhook, events);
    }

    fn chance(&self) -> f64 {
        fastrand::f64()
    }
}

fn sentence(why: &Unavailable) -> String {
    why.to_string()
}
