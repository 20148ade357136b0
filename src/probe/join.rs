//! Several futures at the same time, in one task.
//!
//! The addresses of a round share the round's borrowed target, so they cannot be tasks of
//! their own; and they are few (two a family by default), so polling all of them at each
//! wake-up costs less than spawning would.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// Runs all futures to their ends and returns the outputs in order.
pub(super) async fn join_all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<Pin<Box<F>>> = futures.into_iter().map(Box::pin).collect();
    let mut outputs: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    poll_fn(|context| {
        let mut pending = false;
        for (future, output) in running.iter_mut().zip(&mut outputs) {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    Poll::Ready(value) => *output = Some(value),
                    Poll::Pending => pending = true,
                }
            }
        }
        if pending {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    })
    .await;
    outputs.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn futures_run_side_by_side_and_keep_their_order() {
        let start = tokio::time::Instant::now();
        let outputs = join_all([3_u64, 1, 2].map(|seconds| async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            seconds
        }))
        .await;
        assert_eq!(outputs, [3, 1, 2]);
        assert_eq!(start.elapsed(), Duration::from_secs(3));
    }
}
