//! Whose password is checked next.
//!
//! Checks are dear and done one at a time, so somebody who guesses could keep everybody else
//! waiting. The queue is short, a client has few places in it, and who has been wrong least
//! often comes first: a client that guesses waits behind all that do not.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::super::home::Home;
use super::users::Hash;

/// Requests that wait for the check of a password, of all clients: each holds a connection.
const PLACES: usize = 32;
/// Of one client.
const PLACES_OF_ONE: usize = 4;
/// Clients whose failures are known; the one that failed longest ago is forgotten first.
const CLIENTS: usize = 1024;
/// A client that has not failed for so long is as good as a new one.
const FORGIVEN: Duration = Duration::from_secs(600);

/// What tells one name with one password from another, without being either.
pub(super) type Mark = [u8; 32];

/// A password to check.
pub(super) struct Wish {
    pub(super) mark: Mark,
    pub(super) client: Home,
    /// Where exactly it came from, for the log.
    pub(super) peer: IpAddr,
    /// The user, if there is such a one.
    pub(super) user: Option<String>,
    pub(super) hash: Hash,
    pub(super) password: String,
}

/// A password that waits, and everybody who waits for the answer.
pub(super) struct Waiting {
    pub(super) wish: Wish,
    arrival: u64,
    pub(super) answers: Vec<oneshot::Sender<bool>>,
}

impl Waiting {
    /// How many places it takes: one for each that still waits, and one even if nobody does.
    fn places(&self) -> usize {
        let open = self.answers.iter().filter(|answer| !answer.is_closed());
        open.count().max(1)
    }
}

/// Why a password is not checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoPlace {
    /// The client has all its places.
    Greedy,
    /// Nobody has one.
    Full,
}

/// The passwords that wait. Its times are passed in.
#[derive(Default)]
pub(super) struct Queue {
    waiting: Vec<Waiting>,
    arrivals: u64,
    failures: BTreeMap<Home, (u32, Instant)>,
}

impl Queue {
    /// Puts a password in the queue; one that waits already is not put there twice.
    pub(super) fn join(
        &mut self,
        wish: Wish,
        now: Instant,
    ) -> Result<oneshot::Receiver<bool>, NoPlace> {
        let (answer, answered) = oneshot::channel();
        let full = self.waiting.iter().map(Waiting::places).sum::<usize>() >= PLACES;
        let mut same = self.waiting.iter_mut();
        if let Some(waiting) = same.find(|it| it.wish.mark == wish.mark) {
            waiting.answers.retain(|answer| !answer.is_closed());
            if waiting.answers.len() >= PLACES_OF_ONE {
                return Err(NoPlace::Greedy);
            }
            if full {
                return Err(NoPlace::Full);
            }
            waiting.answers.push(answer);
            return Ok(answered);
        }
        let own = self
            .waiting
            .iter()
            .filter(|it| it.wish.client == wish.client);
        if own.count() >= PLACES_OF_ONE {
            return Err(NoPlace::Greedy);
        }
        if full {
            self.make_room(wish.client, now)?;
        }
        self.arrivals += 1;
        self.waiting.push(Waiting {
            wish,
            arrival: self.arrivals,
            answers: vec![answer],
        });
        Ok(answered)
    }

    /// Sends away whoever has been wrong most often, if that is more often than this client.
    fn make_room(&mut self, newcomer: Home, now: Instant) -> Result<(), NoPlace> {
        let mine = self.failures_of(newcomer, now);
        let waiting = self.waiting.iter().enumerate();
        let last = waiting
            .max_by_key(|(_, it)| (self.failures_of(it.wish.client, now), it.arrival))
            .filter(|(_, it)| self.failures_of(it.wish.client, now) > mine);
        let (index, _) = last.ok_or(NoPlace::Full)?;
        self.waiting.swap_remove(index);
        Ok(())
    }

    /// The one to check now.
    pub(super) fn next(&mut self, now: Instant) -> Option<Waiting> {
        let waiting = self.waiting.iter().enumerate();
        let (index, _) =
            waiting.min_by_key(|(_, it)| (self.failures_of(it.wish.client, now), it.arrival))?;
        Some(self.waiting.swap_remove(index))
    }

    /// Remembers how the check of a client's password ended.
    pub(super) fn note(&mut self, client: Home, right: bool, now: Instant) {
        if right {
            self.failures.remove(&client);
            return;
        }
        let count = self.failures_of(client, now).saturating_add(1);
        if self.failures.len() >= CLIENTS && !self.failures.contains_key(&client) {
            let oldest = self.failures.iter().min_by_key(|(_, (_, at))| *at);
            if let Some(oldest) = oldest.map(|(client, _)| *client) {
                self.failures.remove(&oldest);
            }
        }
        self.failures.insert(client, (count, now));
    }

    fn failures_of(&self, client: Home, now: Instant) -> u32 {
        let known = self.failures.get(&client);
        let recent = known.filter(|(_, at)| now.saturating_duration_since(*at) < FORGIVEN);
        recent.map_or(0, |(count, _)| *count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(client: u8, number: u8) -> Wish {
        let peer = IpAddr::from([192, 0, 2, client]);
        let hash = "$2b$05$abcdefghijklmnopqrstuuKz7FQ0fKmdXDzBRlDcTBjHRGtZWk0Pe";
        Wish {
            mark: [[client; 16], [number; 16]].concat().try_into().unwrap(),
            client: peer.into(),
            peer,
            user: None,
            hash: Hash::new(hash).unwrap(),
            password: String::new(),
        }
    }

    fn home(client: u8) -> Home {
        IpAddr::from([192, 0, 2, client]).into()
    }

    fn next(queue: &mut Queue, now: Instant) -> Option<u8> {
        let waiting = queue.next(now)?;
        Some(waiting.wish.mark[0])
    }

    #[tokio::test]
    async fn who_was_wrong_least_often_comes_first() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        queue.note(home(1), false, now);
        for number in 0..4 {
            assert!(queue.join(wish(1, number), now).is_ok());
        }
        assert_eq!(queue.join(wish(1, 9), now).err(), Some(NoPlace::Greedy));
        assert!(queue.join(wish(2, 0), now).is_ok());
        assert_eq!(next(&mut queue, now), Some(2));
        assert_eq!(next(&mut queue, now), Some(1));
    }

    #[tokio::test]
    async fn a_full_queue_has_room_for_somebody_new_where_others_have_guessed() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        let mut answers = Vec::new();
        for client in 1..=32 {
            answers.push(queue.join(wish(client, 0), now).unwrap());
        }
        assert_eq!(queue.join(wish(99, 0), now).err(), Some(NoPlace::Full));
        queue.note(home(7), false, now);
        assert!(queue.join(wish(99, 0), now).is_ok());
        assert!(answers[6].try_recv().is_err(), "the 7th was sent away");
        let later = now + FORGIVEN;
        assert_eq!(queue.failures_of(home(7), later), 0);
    }

    #[tokio::test]
    async fn the_same_password_is_checked_once_for_everybody_who_asks() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        let first = queue.join(wish(1, 0), now).unwrap();
        let second = queue.join(wish(1, 0), now).unwrap();
        let waiting = queue.next(now).unwrap();
        assert!(queue.next(now).is_none());
        for answer in waiting.answers {
            answer.send(true).unwrap();
        }
        assert_eq!((first.await, second.await), (Ok(true), Ok(true)));
    }

    #[tokio::test]
    async fn a_crowd_with_one_password_takes_no_more_places_than_anybody() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        let mut answers: Vec<_> = (0..4)
            .map(|_| queue.join(wish(1, 0), now).unwrap())
            .collect();
        assert_eq!(queue.join(wish(1, 0), now).err(), Some(NoPlace::Greedy));
        answers.pop();
        assert!(queue.join(wish(1, 0), now).is_ok());
    }
}
