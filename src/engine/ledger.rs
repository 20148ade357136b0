//! The books of one network: time, outages and what is observed of them.
//!
//! A change of state is known later than it happened. So the time of what may yet turn out to
//! be another state is held, not booked, and a change is booked from the moment it truly took
//! place. What has been booked, or shown as booked, is never taken back: every moment is clamped
//! to it, so counters only go up.

use std::time::Duration;

use crate::model::{Layer, Moment, Name, NetworkBooks, Outage, State, Trouble};

/// What an outage is opened with.
pub(super) struct Loss {
    pub(super) id: u64,
    pub(super) network: Name,
    pub(super) trouble: Trouble,
    pub(super) last_good: Option<Moment>,
}

/// What a change of state did to the outage.
pub(super) enum Change {
    Started(Outage),
    Ended(Outage),
    Nothing,
}

#[derive(Clone, Debug)]
pub(super) struct Ledger {
    pub(super) books: NetworkBooks,
    /// The outage that runs, or is suspended while the network is unknown.
    pub(super) outage: Option<Outage>,
}

impl Ledger {
    pub(super) fn new(now: Moment) -> Self {
        Self {
            books: NetworkBooks::new(now),
            outage: None,
        }
    }

    /// Books all time until a moment to the open state, and tells until when time is booked now.
    pub(super) fn book(&mut self, until: Moment) -> Moment {
        let books = &mut self.books;
        if until > books.booked_until {
            books.state_time[books.open_state as usize] += until.since(books.booked_until);
            books.booked_until = until;
        }
        books.booked_until
    }

    /// The network took on `to` at a moment, which is confirmed `now`. Returns the moment that
    /// is booked for it.
    pub(super) fn enter(
        &mut self,
        to: State,
        since: Moment,
        now: Moment,
        loss: Option<Loss>,
    ) -> (Moment, Change) {
        let since = self.book(since);
        let from = std::mem::replace(&mut self.books.open_state, to);
        self.books.transitions[to as usize] = self.books.transitions[to as usize].saturating_add(1);
        if from == State::Down {
            self.stop(since);
        }
        let change = match to {
            State::Down => self.fall(since, now, loss),
            State::Unknown => Change::Nothing,
            State::Up | State::Degraded | State::Maintenance => self.finish(),
        };
        (since, change)
    }

    /// Ends a stretch of `down`.
    fn stop(&mut self, at: Moment) {
        if let Some(outage) = &mut self.outage
            && let Some(since) = outage.running_since.take()
        {
            outage.spent += at.since(since);
            outage.ended = Some(at);
        }
    }

    /// An outage begins, or one that was suspended goes on.
    fn fall(&mut self, since: Moment, now: Moment, loss: Option<Loss>) -> Change {
        if let Some(outage) = &mut self.outage {
            outage.running_since = Some(since);
            outage.ended = None;
            return Change::Nothing;
        }
        let Some(loss) = loss else {
            return Change::Nothing;
        };
        let outage = Outage {
            id: loss.id,
            network: loss.network,
            started: since,
            confirmed: now,
            last_good: loss.last_good,
            endpoint: loss.trouble.endpoint,
            cause: loss.trouble.cause,
            spent: Duration::ZERO,
            running_since: Some(since),
            ended: None,
        };
        let layer = outage.cause.layer.unwrap_or(Layer::Content);
        self.books.outages[layer as usize] = self.books.outages[layer as usize].saturating_add(1);
        self.books.confirmation.observe(now.since(since));
        if let Some(good) = outage.last_good {
            self.books.detection.observe(now.since(good));
        }
        self.outage = Some(outage.clone());
        Change::Started(outage)
    }

    fn finish(&mut self) -> Change {
        let Some(outage) = self.outage.take() else {
            return Change::Nothing;
        };
        self.books.outage_durations.observe(outage.spent);
        Change::Ended(outage)
    }

    /// Ends the outage that runs or is suspended: nobody watches the network any more.
    pub(super) fn close(&mut self, now: Moment) -> Option<Outage> {
        self.stop(now);
        self.outage.take()
    }

    /// Books for a gap in which nothing was seen: until `seen` as it was, from then on unknown.
    pub(super) fn interrupt(&mut self, seen: Moment) {
        let since = self.book(seen);
        if self.books.open_state == State::Down {
            self.stop(since);
        }
        self.books.open_state = State::Unknown;
    }
}
