//! Who is connected, and who has to go when there are too many, or they hold too much.
//!
//! A bound on connections alone would let idle clients lock out Prometheus. So everybody is let
//! in, and somebody of the largest crowd makes room: of the address that has the most connections.
//! Nobody else can be pushed out by it. Of a crowd, those go first who never ask for
//! anything, then those who were served and are idle, and last those who have just come. An answer that is made is cut short only for somebody of a smaller crowd; the time it
//! takes a client to fetch it is idle time.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::AbortHandle;

use super::home::Home;

/// Connections at a time.
const MAX_CONNECTIONS: usize = 128;
/// Bytes of answers that clients have not fetched yet. A single answer may be
/// larger.
const MAX_BACKLOG: usize = 32 * 1024 * 1024;
/// So many of those who came last have time for a first request: before them idle clients go.
const FRESH: usize = MAX_CONNECTIONS / 2;

/// The connections of all listeners for the same people.
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
    home: Home,
    busy: bool,
    served: bool,
    last_event: u64,
    /// Bytes of answers that it has not fetched.
    holds: usize,
}

/// One connection's place among the guests; it is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    guests: Arc<Guests>,
    id: u64,
    peer: IpAddr,
}

impl Guests {
    /// Starts the task of a connection. Not at all if everybody else is being served right now.
    pub(super) fn admit(self: &Arc<Self>, peer: IpAddr, start: impl FnOnce(Seat) -> AbortHandle) {
        let home = Home::from(peer);
        let mut table = self.lock();
        if table.guests.len() >= MAX_CONNECTIONS {
            let Some(id) = table.most_useless(Some(home)) else {
                tracing::debug!("a connection was refused: all others are being served");
                return;
            };
            table.dismiss(id);
        }
        table.events += 1;
        let id = table.events;
        let seat = Seat {
            guests: Arc::clone(self),
            id,
            peer,
        };
        // Under the lock, so that a task that ends at once finds itself in the table.
        let guest = Guest {
            leave: start(seat),
            home,
            busy: false,
            served: false,
            last_event: id,
            holds: 0,
        };
        table.guests.insert(id, guest);
    }

    /// Somebody leaves who is idle, because there is no room elsewhere.
    pub(super) fn make_room(&self) {
        let mut table = self.lock();
        if let Some(id) = table.most_useless(None) {
            table.dismiss(id);
        }
    }

    /// Nothing here can be half changed when a thread panics.
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Who makes room for somebody from there.
    fn most_useless(&self, newcomer: Option<Home>) -> Option<u64> {
        let mut crowds: BTreeMap<Home, usize> =
            newcomer.map(|home| (home, 1)).into_iter().collect();
        for guest in self.guests.values() {
            *crowds.entry(guest.home).or_insert(0) += 1;
        }
        let largest = crowds.values().copied().max()?;
        let crowd = || {
            let all = self.guests.iter();
            all.filter(|(_, guest)| crowds[&guest.home] == largest)
        };
        let idle = || crowd().filter(|(_, guest)| !guest.busy);
        let silent = idle().rev().filter(|(_, guest)| !guest.served);
        let fresh: Vec<u64> = silent.take(FRESH).map(|(id, _)| *id).collect();
        let by_use = idle().min_by_key(|(id, guest)| {
            let is_fresh = fresh.contains(id);
            (is_fresh, guest.served, guest.last_event)
        });
        let found = by_use.or_else(|| {
            let smaller = newcomer.is_some_and(|home| crowds[&home] < largest);
            crowd().filter(|_| smaller).max_by_key(|(id, _)| **id)
        });
        found.map(|(id, _)| *id)
    }

    /// Cuts off clients until what is not fetched is not too much: of the address that holds the
    /// most, who has had its answer longest. Not `latest`, whose answer has just been made.
    fn bound_backlog(&mut self, latest: u64) {
        loop {
            let mut homes = BTreeMap::new();
            for guest in self.guests.values() {
                *homes.entry(guest.home).or_insert(0) += guest.holds;
            }
            if homes.values().sum::<usize>() <= MAX_BACKLOG {
                return;
            }
            let others = self.guests.iter();
            let holding = others.filter(|(id, guest)| **id != latest && guest.holds > 0);
            let found = holding
                .max_by_key(|(_, guest)| (homes[&guest.home], u64::MAX - guest.last_event))
                .map(|(id, _)| *id);
            let Some(id) = found else { return };
            self.dismiss(id);
        }
    }

    fn dismiss(&mut self, id: u64) {
        if let Some(guest) = self.guests.remove(&id) {
            guest.leave.abort();
        }
    }
}

impl Seat {
    pub(super) const fn peer(&self) -> IpAddr {
        self.peer
    }

    pub(super) fn home(&self) -> Home {
        self.peer.into()
    }

    /// A request has come in full, of somebody who may ask.
    pub(super) fn asked(&self) {
        self.note(|guest| guest.busy = true);
    }

    /// An answer of so many bytes is ready to be fetched. Who was refused it has not been served.
    pub(super) fn answered(&self, bytes: usize) {
        self.note(|guest| {
            guest.served |= std::mem::take(&mut guest.busy);
            guest.holds += bytes;
        });
        self.guests.lock().bound_backlog(self.id);
    }

    /// All answers have been fetched.
    pub(super) fn fetched(&self) {
        self.note(|guest| guest.holds = 0);
    }

    fn note(&self, change: impl FnOnce(&mut Guest)) {
        let mut table = self.guests.lock();
        table.events += 1;
        let now = table.events;
        if let Some(guest) = table.guests.get_mut(&self.id) {
            change(guest);
            guest.last_event = now;
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.guests.lock().guests.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROMETHEUS: [u8; 4] = [192, 0, 2, 1];
    const CROWD: [u8; 4] = [203, 0, 113, 7];
    const BIG: usize = MAX_BACKLOG / 4;

    /// Lets somebody in. `None` if there is no room.
    fn admit(guests: &Arc<Guests>, address: [u8; 4]) -> Option<Seat> {
        let mut given = None;
        guests.admit(address.into(), |seat| {
            given = Some(seat);
            tokio::spawn(std::future::pending::<()>()).abort_handle()
        });
        given
    }

    /// So many of one address, each served once or being served.
    fn fill(guests: &Arc<Guests>, count: usize, busy: bool) -> Vec<Seat> {
        let crowd = (0..count).map(|_| admit(guests, CROWD).unwrap());
        let crowd: Vec<Seat> = crowd.collect();
        for seat in &crowd {
            seat.asked();
            if !busy {
                seat.answered(0);
            }
        }
        crowd
    }

    fn is_here(seat: &Seat) -> bool {
        seat.guests.lock().guests.contains_key(&seat.id)
    }

    #[tokio::test]
    async fn a_crowd_makes_room_for_itself_and_pushes_nobody_else_out() {
        let guests = Arc::default();
        let scrape = admit(&guests, PROMETHEUS).unwrap();
        scrape.asked();
        scrape.answered(1000);
        scrape.fetched();
        let crowd = fill(&guests, 2 * MAX_CONNECTIONS, false);
        assert!(is_here(&scrape));
        let stayed = crowd.iter().filter(|seat| is_here(seat));
        assert_eq!(stayed.count(), MAX_CONNECTIONS - 1);
        // One more of another address costs the crowd one.
        let other = admit(&guests, [192, 0, 2, 2]).unwrap();
        fill(&guests, 1000, false);
        assert!(is_here(&scrape) && is_here(&other));
    }

    #[tokio::test]
    async fn of_a_crowd_the_silent_leave_first_and_who_has_just_come_last() {
        let guests = Arc::default();
        let silent = admit(&guests, CROWD).unwrap();
        let served = fill(&guests, MAX_CONNECTIONS - FRESH - 1, false);
        let come = || admit(&guests, CROWD).unwrap();
        let fresh: Vec<Seat> = std::iter::repeat_with(come).take(FRESH).collect();
        assert!(is_here(&silent));
        let first = come();
        assert!(!is_here(&silent) && is_here(&fresh[0]));
        // Of those who have just come the oldest is the next who never asks.
        let second = come();
        assert!(!is_here(&fresh[0]) && is_here(&fresh[1]));
        fresh[1].asked();
        fresh[1].answered(0);
        assert!(served.iter().all(is_here));
        let third = come();
        assert!(!is_here(&served[0]) && served[1..].iter().all(is_here));
        assert!(
            fresh[1..]
                .iter()
                .chain([&first, &second, &third])
                .all(is_here)
        );
    }

    #[tokio::test]
    async fn an_answer_is_cut_short_only_for_somebody_of_a_smaller_crowd() {
        let guests = Arc::default();
        let busy = fill(&guests, MAX_CONNECTIONS, true);
        assert!(admit(&guests, CROWD).is_none());
        assert!(busy.iter().all(is_here));
        let scrape = admit(&guests, PROMETHEUS).unwrap();
        assert!(is_here(&scrape));
        assert_eq!(busy.iter().filter(|seat| !is_here(seat)).count(), 1);
    }

    #[tokio::test]
    async fn answers_that_nobody_fetches_are_dropped_where_most_are_held() {
        let guests = Arc::default();
        let scrape = admit(&guests, PROMETHEUS).unwrap();
        scrape.asked();
        scrape.answered(BIG - 1);
        let crowd = fill(&guests, 4, true);
        for seat in &crowd[..3] {
            seat.answered(BIG);
        }
        assert!(crowd.iter().all(is_here), "there is room for that much");
        crowd[3].answered(BIG);
        assert!(!is_here(&crowd[0]) && crowd[1..].iter().all(is_here));
        crowd[1].fetched();
        let one_more = admit(&guests, CROWD).unwrap();
        one_more.answered(BIG);
        assert!(is_here(&crowd[1]) && is_here(&crowd[2]) && is_here(&scrape));
        // Larger than all there is room for: everything else goes, and this is served.
        one_more.answered(5 * BIG);
        assert!(is_here(&one_more) && is_here(&crowd[1]));
        assert!(!is_here(&crowd[2]) && !is_here(&scrape));
    }
}
