//! What runs beside an exchange, and ends with it.
//!
//! hyper wants its connection's future to be polled by somebody. Spawned, it could outlive
//! the round; here it is polled in the same task as the request ([`Driver`]). What hyper spawns
//! itself for HTTP/2 is aborted on the way out ([`Tasks`]).

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::timeout;

/// How long saying goodbye may take.
const GOODBYE: Duration = Duration::from_millis(20);

/// Polls a connection beside the futures that need it.
pub(super) struct Driver<C> {
    connection: Pin<Box<C>>,
    over: bool,
}

impl<C: Future> Driver<C> {
    pub(super) fn new(connection: C) -> Self {
        Self {
            connection: Box::pin(connection),
            over: false,
        }
    }

    /// Runs the future to its end, and the connection as far as it goes.
    pub(super) async fn beside<F: Future>(&mut self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|context| {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(output);
            }
            // How the connection ended is told to the future in more detail.
            if !self.over {
                self.over = self.connection.as_mut().poll(context).is_ready();
            }
            future.as_mut().poll(context)
        })
        .await
    }

    /// Closes the connection politely, if all was read.
    pub(super) async fn finish(mut self, complete: bool) {
        if complete && !self.over {
            timeout(GOODBYE, self.connection.as_mut()).await.ok();
        }
    }
}

/// Runs what hyper spawns for an HTTP/2 connection.
#[derive(Clone, Default)]
pub(in crate::probe) struct Tasks(Arc<Mutex<Vec<AbortHandle>>>);

impl<F> hyper::rt::Executor<F> for Tasks
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        let handle = tokio::spawn(future).abort_handle();
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(handle);
    }
}

/// Ends the tasks.
pub(in crate::probe) struct AbortOnDrop(pub(in crate::probe) Tasks);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        let handles = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        for handle in handles.iter() {
            handle.abort();
        }
    }
}
