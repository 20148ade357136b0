//! How long a client may take over each thing: to ask, to fetch the answer, to ask again.
//!
//! All limits of a connection are one deadline, which moves with what the client does. A second
//! task is not needed for it: whatever moves the deadline also wakes the connection.

use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::guests::Seat;

/// How long a client may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// From the first byte of a head to its last; for the first head from the connection on.
    head: Duration,
    /// From an answer to the next request. Longer than any usual scrape interval.
    idle: Duration,
    /// Without taking anything of an answer.
    stall: Duration,
    /// From an answer to its last byte.
    answer: Duration,
}

impl Patience {
    pub(super) const USUAL: Self = Self {
        head: Duration::from_secs(10),
        idle: Duration::from_secs(150),
        stall: Duration::from_secs(10),
        answer: Duration::from_secs(60),
    };
}

/// Where a connection is.
#[derive(Debug)]
pub(super) struct Pace {
    seat: Seat,
    patience: Patience,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The next head has begun, or is the first one.
    begun: bool,
    /// An answer is being made.
    busy: bool,
    /// Until when the next head has to begin, or to be complete.
    head: Instant,
    /// Until when all answers have to be fetched, and until when something of them.
    answer: Option<(Instant, Instant)>,
}

impl Pace {
    pub(super) fn new(seat: Seat, patience: Patience) -> Self {
        let state = State {
            begun: true,
            busy: false,
            head: Instant::now() + patience.head,
            answer: None,
        };
        Self {
            seat,
            patience,
            state: Mutex::new(state),
        }
    }

    pub(super) const fn seat(&self) -> &Seat {
        &self.seat
    }

    /// Something of a request has come.
    pub(super) fn heard(&self) {
        let mut state = self.lock();
        if !state.begun && !state.busy {
            state.begun = true;
            state.head = Instant::now() + self.patience.head;
        }
    }

    /// A request has come in full.
    pub(super) fn asked(&self) {
        self.lock().busy = true;
    }

    /// Its answer of so many bytes is ready to be fetched.
    pub(super) fn answered(&self, bytes: usize) {
        let now = Instant::now();
        let mut state = self.lock();
        state.busy = false;
        // Asking for more gives nobody more time for what he has not fetched.
        state
            .answer
            .get_or_insert((now + self.patience.answer, now + self.patience.stall));
        drop(state);
        self.seat.answered(bytes);
    }

    /// The client has taken something.
    pub(super) fn took(&self) {
        if let Some((_, stall)) = &mut self.lock().answer {
            *stall = Instant::now() + self.patience.stall;
        }
    }

    /// The client has taken everything there was.
    pub(super) fn fetched(&self) {
        let mut state = self.lock();
        if state.answer.take().is_some() {
            state.begun = false;
            state.head = Instant::now() + self.patience.idle;
            drop(state);
            self.seat.fetched();
        }
    }

    /// Ends when the client has taken too long, with what it was too slow at.
    pub(super) async fn run_out(&self) -> &'static str {
        let mut sleep = std::pin::pin!(sleep_until(self.lock().head));
        poll_fn(|cx| {
            let Some((deadline, why)) = self.lock().deadline() else {
                return Poll::Pending;
            };
            if sleep.deadline() != deadline {
                sleep.as_mut().reset(deadline);
            }
            sleep.as_mut().poll(cx).map(|()| why)
        })
        .await
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn deadline(&self) -> Option<(Instant, &'static str)> {
        match self.answer {
            Some((all, some)) if all < some => Some((all, "the answer was fetched too slowly")),
            Some((_, some)) => Some((some, "nothing of the answer was fetched")),
            None if self.busy => None,
            None if self.begun => Some((self.head, "the head of a request took too long")),
            None => Some((self.head, "no further request came")),
        }
    }
}
