//! A point in time at which waiting ends, and the honesty to say when we ourselves overslept.
//!
//! Every wait of a probe hangs on one of these. When the time is up, two things can be the
//! cause: the other side was silent, or this process got no processor (a stopped container, a
//! swapping host, a debugger) and could not have seen an answer. The timer itself tells them
//! apart: a timer that fires long after it was due means that we were not running, so the
//! silence proves nothing. Callers turn [`Expired::late`] into `local_late`, never into a
//! timeout of the other side.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

/// How long after it was due a timer may fire before we distrust ourselves.
///
/// Tokio's timers are due to the millisecond; a busy but healthy machine is tens of
/// milliseconds behind. Half a second is far beyond that and still far below every limit of
/// a probe, so real timeouts are not excused by ordinary load.
pub const LATE: Duration = Duration::from_millis(500);

/// When to stop waiting. Copied freely; several waits can share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline {
    /// The point in time.
    pub at: Instant,
}

impl Deadline {
    /// `limit` from now.
    #[must_use]
    pub fn after(limit: Duration) -> Self {
        let now = Instant::now();
        Self {
            // A limit that the clock cannot represent is as good as none: a year.
            at: now
                .checked_add(limit)
                .unwrap_or_else(|| now + Duration::from_secs(365 * 24 * 3600)),
        }
    }

    /// The earlier of the two.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Ord::min(self, other)
    }

    /// Time left; zero if it has passed.
    #[must_use]
    pub fn remaining(self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// Waits for the future until the time is up.
    ///
    /// A future that is ready when the time is up wins, so bytes that arrived while this
    /// process was stopped still count.
    ///
    /// # Errors
    /// [`Expired`] if the time was up first.
    pub async fn run<F: Future>(self, future: F) -> Result<F::Output, Expired> {
        timeout_at(self.at, future).await.map_err(|_| Expired {
            late: Instant::now().saturating_duration_since(self.at) > LATE,
        })
    }
}

/// The time was up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expired {
    /// We noticed it more than [`LATE`] too late: this process was starved.
    pub late: bool,
}

/// Waits for the future, and says for how long of the wait this process was not running.
///
/// For answers that came in the end: they may have lain ready while nobody looked, and then the
/// time they took is ours and not the other side's.
pub async fn watched<F: Future>(future: F) -> (F::Output, Duration) {
    let mut future = std::pin::pin!(future);
    let mut overslept = Duration::ZERO;
    loop {
        let due = Instant::now() + LATE;
        let outcome = timeout_at(due, &mut future).await;
        let behind = Instant::now().saturating_duration_since(due);
        if behind > LATE {
            overslept += behind;
        }
        if let Ok(outcome) = outcome {
            return (outcome, overslept);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_long_wait_is_not_sleep() {
        let wait = tokio::time::sleep(Duration::from_secs(20));
        assert_eq!(watched(wait).await.1, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_in_which_this_process_did_not_run_is_told() {
        let starved = async {
            tokio::time::advance(Duration::from_secs(4)).await;
            7
        };
        let (outcome, overslept) = watched(starved).await;
        assert_eq!(outcome, 7);
        assert_eq!(overslept, Duration::from_millis(3500));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_ready_in_time_is_returned() {
        let deadline = Deadline::after(Duration::from_secs(1));
        assert_eq!(deadline.run(async { 7 }).await, Ok(7));
        assert_eq!(deadline.remaining(), Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn silence_until_the_deadline_is_expired_and_not_late() {
        let deadline = Deadline::after(Duration::from_secs(1));
        let outcome = deadline.run(std::future::pending::<()>()).await;
        assert_eq!(outcome, Err(Expired { late: false }));
        assert_eq!(deadline.remaining(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_that_overslept_says_so() {
        let deadline = Deadline::after(Duration::from_secs(1));
        let starved = async {
            tokio::time::advance(Duration::from_millis(1501)).await;
            std::future::pending::<()>().await;
        };
        assert_eq!(deadline.run(starved).await, Err(Expired { late: true }));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_lay_ready_while_we_overslept_still_counts() {
        let deadline = Deadline::after(Duration::from_secs(1));
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let starved = async {
            tokio::time::advance(Duration::from_secs(9)).await;
            sender.send(()).ok();
            receiver.await
        };
        assert_eq!(deadline.run(starved).await, Ok(Ok(())));
    }

    #[tokio::test(start_paused = true)]
    async fn the_earlier_of_two_deadlines_is_their_minimum() {
        let near = Deadline::after(Duration::from_secs(1));
        let far = Deadline::after(Duration::MAX);
        assert_eq!(near.min(far), near);
        assert_eq!(far.min(near), near);
    }
}
