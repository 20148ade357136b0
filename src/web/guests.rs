//! Who is connected, and who has to go when there are too many.
//!
//! A bound on connections alone would let idle clients lock out Prometheus. So everybody is let
//! in, and whoever waits longest for nothing makes room: first those who have never asked for
//! anything, then those who were served and are idle. Nobody is sent away while an answer is
//! made; the time it takes a client to fetch it is idle time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::AbortHandle;

/// Connections at a time, over all listeners.
const MAX_CONNECTIONS: usize = 128;

/// The connections of all listeners.
#[derive(Debug, Default)]
pub(super) struct Guests(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    /// Counts whatever happens, so that a smaller number means longer ago.
    events: u64,
    guests: BTreeMap<u64, Guest>,
}

#[derive(Debug)]
struct Guest {
    leave: AbortHandle,
    busy: bool,
    served: bool,
    last_event: u64,
}

/// One connection's place among the guests; it is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    guests: Arc<Guests>,
    id: u64,
}

impl Guests {
    /// Starts the task of a connection. Not at all if everybody else is being served right now.
    pub(super) fn admit(self: &Arc<Self>, start: impl FnOnce(Seat) -> AbortHandle) {
        let mut table = self.lock();
        let mut leaving = None;
        if table.guests.len() >= MAX_CONNECTIONS {
            let Some(id) = table.most_useless() else {
                tracing::debug!("a connection was refused: all others are being served");
                return;
            };
            leaving = table.guests.remove(&id);
        }
        table.events += 1;
        let id = table.events;
        let seat = Seat {
            guests: Arc::clone(self),
            id,
        };
        // Under the lock, so that a task that ends at once finds itself in the table.
        let guest = Guest {
            leave: start(seat),
            busy: false,
            served: false,
            last_event: id,
        };
        table.guests.insert(id, guest);
        drop(table);
        if let Some(guest) = leaving {
            guest.leave.abort();
        }
    }

    /// Nothing here can be half changed when a thread panics.
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn most_useless(&self) -> Option<u64> {
        let idle = self.guests.iter().filter(|(_, guest)| !guest.busy);
        idle.min_by_key(|(_, guest)| (guest.served, guest.last_event))
            .map(|(id, _)| *id)
    }
}

impl Seat {
    /// A request has come in full.
    pub(super) fn asked(&self) {
        self.note(true);
    }

    /// Its answer is ready to be taken.
    pub(super) fn answered(&self) {
        self.note(false);
    }

    fn note(&self, busy: bool) {
        let mut table = self.guests.lock();
        table.events += 1;
        let now = table.events;
        if let Some(guest) = table.guests.get_mut(&self.id) {
            guest.busy = busy;
            guest.served |= !busy;
            guest.last_event = now;
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.guests.lock().guests.remove(&self.id);
    }
}
