//! What is told on a thread of its own, so that nobody who says something waits for whoever hears
//! it: a full pipe or a service manager that hangs holds this thread, and nothing else.
//!
//! What waits, in which order, and what is left out when too much waits is the business of the
//! [`Queue`]. Here are only the thread, and the end: what was said is told within a bound.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// What waits to be told.
pub(super) trait Queue: Send + 'static {
    /// What is told at once.
    type Item;

    /// The next to tell.
    fn next(&mut self) -> Option<Self::Item>;
}

/// A queue with a thread that tells what is in it. The thread lives as long as the process.
pub(super) struct Teller<Q>(Arc<Shared<Q>>);

struct Shared<Q> {
    state: Mutex<State<Q>>,
    changed: Condvar,
}

struct State<Q> {
    queue: Q,
    /// All that was said has been told.
    idle: bool,
}

impl<Q: Queue> Teller<Q> {
    /// A thread of this name that tells in this way.
    pub(super) fn start(
        name: &str,
        queue: Q,
        tell: impl FnMut(Q::Item) + Send + 'static,
    ) -> io::Result<Self> {
        let idle = true;
        let shared = Arc::new(Shared {
            state: Mutex::new(State { queue, idle }),
            changed: Condvar::new(),
        });
        let copy = Arc::clone(&shared);
        let thread = thread::Builder::new().name(name.to_owned());
        thread.spawn(move || copy.run(tell))?;
        Ok(Self(shared))
    }

    /// Changes what waits. Never waits itself but for another who does the same.
    pub(super) fn say(&self, change: impl FnOnce(&mut Q)) {
        let mut state = self.0.lock();
        change(&mut state.queue);
        state.idle = false;
        drop(state);
        self.0.changed.notify_all();
    }

    /// Waits until all is told, and at most so long. Whether all is told.
    pub(super) fn flush(&self, limit: Duration) -> bool {
        let changed = &self.0.changed;
        let waited = changed.wait_timeout_while(self.0.lock(), limit, |state| !state.idle);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.idle
    }
}

impl<Q: Queue> Shared<Q> {
    fn run(&self, mut tell: impl FnMut(Q::Item)) {
        loop {
            tell(self.next());
        }
    }

    fn next(&self) -> Q::Item {
        let mut state = self.lock();
        loop {
            if let Some(item) = state.queue.next() {
                return item;
            }
            state.idle = true;
            self.changed.notify_all();
            let waited = self.changed.wait_while(state, |state| state.idle);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<Q> Shared<Q> {
    fn lock(&self) -> MutexGuard<'_, State<Q>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::mpsc;

    use super::*;

    impl Queue for VecDeque<u32> {
        type Item = u32;

        fn next(&mut self) -> Option<u32> {
            self.pop_front()
        }
    }

    #[test]
    fn who_says_something_waits_for_nobody_and_the_end_waits_within_its_bound() {
        let (told, heard) = mpsc::sync_channel(0);
        let tell = move |item| told.send(item).expect("somebody hears it");
        let teller = Teller::start("test", VecDeque::new(), tell).expect("a thread");
        assert!(teller.flush(Duration::ZERO));
        for number in 0..1000 {
            teller.say(|queue| queue.push_back(number));
        }
        assert!(!teller.flush(Duration::from_millis(1)));
        let all: Vec<u32> = heard.iter().take(1000).collect();
        assert_eq!(all, Vec::from_iter(0..1000));
        assert!(teller.flush(Duration::from_secs(60)));
    }
}
