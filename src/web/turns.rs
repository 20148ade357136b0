//! Whose turn it is, where one is served at a time.
//!
//! Turns go round among the addresses that wait, and for one address among the routes it asks
//! for. So whoever asks for the same thing a thousand times waits for itself, and a scrape from
//! the same machine, or through the same proxy, as a flood of other questions is the next but one.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::home::Home;

/// Turns that are remembered, to know who had one lately.
const REMEMBERED: usize = 256;

/// Who asks, and for which route.
pub(super) type Line = (Home, &'static str);

/// A queue in which everybody's next is as near as anybody's.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns(Arc<Mutex<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    taken: bool,
    /// In the order in which they came.
    waiting: Vec<(Line, oneshot::Sender<Turn>)>,
    /// The latest turns; the last is the latest.
    had: VecDeque<Line>,
}

/// The right to be served; the next one has it when this is dropped.
#[derive(Debug)]
pub(super) struct Turn(Option<Turns>);

impl Turns {
    /// Waits for a turn. Who is dropped while waiting has left the queue.
    pub(super) async fn take(&self, line: Line) -> Turn {
        let (tell, told) = oneshot::channel();
        let taken = {
            let mut queue = self.lock();
            queue.waiting.push((line, tell));
            std::mem::replace(&mut queue.taken, true)
        };
        if !taken {
            self.pass_on();
        }
        // A sender is in the queue until it has sent, and the queue is as old as this.
        told.await.unwrap_or(Turn(None))
    }

    /// Gives the turn to the next who still waits.
    fn pass_on(&self) {
        loop {
            let mut queue = self.lock();
            let Some(tell) = queue.next() else {
                queue.taken = false;
                return;
            };
            drop(queue);
            match tell.send(Turn(Some(self.clone()))) {
                Ok(()) => return,
                // It has left. The turn is still ours to pass on.
                Err(mut turn) => turn.0 = None,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// Takes out who comes next: whose line had no turn for the longest time.
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        self.waiting.retain(|(_, tell)| !tell.is_closed());
        let had = |line: &Line| self.had.iter().rposition(|it| it == line);
        let waiting = self.waiting.iter().enumerate();
        let (next, _) = waiting.min_by_key(|(_, (line, _))| had(line))?;
        let (line, tell) = self.waiting.remove(next);
        self.had.push_back(line);
        if self.had.len() > REMEMBERED {
            self.had.pop_front();
        }
        Some(tell)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(turns) = self.0.take() {
            turns.pass_on();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use tokio::sync::mpsc;

    use super::*;

    fn line(host: u8, route: &'static str) -> Line {
        (Home::from(IpAddr::from([10, 0, 0, host])), route)
    }

    /// In which order those have their turns who ask in this order while somebody has one.
    async fn order(asking: &[Line]) -> Vec<Line> {
        let turns = Turns::default();
        let first = turns.take(line(99, "/")).await;
        let (tell, mut told) = mpsc::unbounded_channel();
        for line in asking {
            let (turns, tell, line) = (turns.clone(), tell.clone(), *line);
            tokio::spawn(async move {
                let _turn = turns.take(line).await;
                tell.send(line).unwrap();
            });
            tokio::task::yield_now().await;
        }
        drop((first, tell));
        let mut order = Vec::new();
        while let Some(line) = told.recv().await {
            order.push(line);
        }
        order
    }

    #[tokio::test]
    async fn a_flood_of_one_question_waits_for_itself_and_nobody_else_does() {
        let flood = line(1, "/api/v1/outages");
        let (other, scrape) = (line(2, "/metrics"), line(1, "/metrics"));
        let asking = [flood, flood, flood, flood, other, scrape, flood];
        assert_eq!(
            order(&asking).await,
            [flood, other, scrape, flood, flood, flood, flood]
        );
    }

    #[tokio::test]
    async fn who_leaves_the_queue_does_not_hold_it_up() {
        let turns = Turns::default();
        let first = turns.take(line(1, "/")).await;
        let leaving = tokio::spawn({
            let turns = turns.clone();
            async move { turns.take(line(2, "/")).await }
        });
        tokio::task::yield_now().await;
        leaving.abort();
        assert!(leaving.await.unwrap_err().is_cancelled());
        drop(first);
        let second = turns.take(line(3, "/")).await;
        drop(second);
        assert!(!turns.lock().taken);
    }
}
