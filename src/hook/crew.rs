//! The thread on which all webhooks live, and who works on it: one task a webhook, which a reload
//! tells of its new settings, starts or ends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;

use tokio::runtime::Builder;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::AbortHandle;
use tracing::error;

use super::deliver::Delivery;
use super::{Outside, Webhook};
use crate::host::clock::Clock;
use crate::model::Name;

/// Webhooks that ask the history at a time: however many there are, others get to ask as well.
const ASK_AT_ONCE: usize = 4;

/// What is wanted from now on.
struct Wanted {
    webhooks: Vec<Webhook>,
    /// The number of the newest event there is.
    newest: u64,
}

/// All webhooks. They end when it is dropped; what is under way then is sent again at the next
/// start.
pub struct Crew {
    wanted: mpsc::UnboundedSender<Wanted>,
}

impl Crew {
    /// Starts the thread. Without it nothing is delivered, which the log says.
    #[must_use]
    pub fn start(outside: Arc<dyn Outside>, clock: Clock) -> Self {
        let (wanted, wishes) = mpsc::unbounded_channel();
        let named = thread::Builder::new().name("webhooks".to_owned());
        let spawned = named.spawn(move || {
            let runtime = Builder::new_current_thread()
                .enable_all()
                .max_blocking_threads(8)
                .build();
            match runtime {
                Ok(runtime) => {
                    runtime.block_on(work(outside, clock, wishes));
                    // A name that is still being looked up is not waited for.
                    runtime.shutdown_background();
                }
                Err(error) => error!("webhooks are not delivered: {error}"),
            }
        });
        if let Err(error) = spawned {
            error!("webhooks are not delivered: no thread: {error}");
        }
        Self { wanted }
    }

    /// Takes over what the configuration says. A webhook that is new begins behind the event
    /// with number `newest`. Never waits.
    pub fn adopt(&self, webhooks: Vec<Webhook>, newest: u64) {
        // Without a thread nobody listens, which has been told.
        let _ = self.wanted.send(Wanted { webhooks, newest });
    }
}

/// A webhook at work.
struct Worker {
    webhook: watch::Sender<Arc<Webhook>>,
    task: AbortHandle,
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn work(
    outside: Arc<dyn Outside>,
    clock: Clock,
    mut wishes: mpsc::UnboundedReceiver<Wanted>,
) {
    let mut workers: BTreeMap<Name, Worker> = BTreeMap::new();
    let turns = Arc::new(Semaphore::new(ASK_AT_ONCE));
    while let Some(wanted) = wishes.recv().await {
        let names = wanted.webhooks.iter().map(|it| it.name.to_string());
        outside.forget_others(names.collect());
        workers.retain(|name, _| wanted.webhooks.iter().any(|it| it.name == *name));
        for webhook in wanted.webhooks {
            let (name, webhook) = (webhook.name.clone(), Arc::new(webhook));
            if let Some(worker) = workers.get(&name) {
                worker.webhook.send_replace(webhook);
                continue;
            }
            let (webhook, settings) = watch::channel(webhook);
            let (outside, turns) = (Arc::clone(&outside), Arc::clone(&turns));
            let delivery = Delivery::new(outside, clock.clone(), settings, wanted.newest, turns);
            let task = tokio::spawn(delivery.run()).abort_handle();
            workers.insert(name, Worker { webhook, task });
        }
    }
}
