//! The life of one webhook: looks what waits, has it decided what to do, and does it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, sleep_until};
use tracing::{debug, error, info, warn};

use super::courier::{Answer, Courier, Now, Step};
use super::post::{Ended, Message, post};
use super::{Outcome, Outside, Webhook, body, sign};
use crate::history::{EventRow, OutageRow};
use crate::host::clock::Clock;
use crate::report::words::span;

/// Without news the history is looked at so often: it may be unable to say that it has some.
const LOOK: Duration = Duration::from_secs(5);

/// One webhook at work.
pub(super) struct Delivery {
    outside: Arc<dyn Outside>,
    clock: Clock,
    /// The webhook; another one after a reload.
    webhook: watch::Receiver<Arc<Webhook>>,
    /// Whoever asks the history has a permit.
    turns: Arc<Semaphore>,
    courier: Courier,
    /// The history has said where the cursor is.
    certain: bool,
    /// What the log last said is wrong.
    told: Option<String>,
}

impl Delivery {
    /// A webhook that begins behind the event with number `newest` if it has no cursor.
    pub(super) fn new(
        outside: Arc<dyn Outside>,
        clock: Clock,
        webhook: watch::Receiver<Arc<Webhook>>,
        newest: u64,
        turns: Arc<Semaphore>,
    ) -> Self {
        Self {
            outside,
            clock,
            webhook,
            turns,
            courier: Courier::new(newest),
            certain: false,
            told: None,
        }
    }

    /// Works until the webhook is taken out of the configuration.
    pub(super) async fn run(mut self) {
        let mut stored = self.outside.stored();
        loop {
            match self.webhook.has_changed() {
                Err(_) => return,
                Ok(true) => self.reloaded(),
                Ok(false) => {}
            }
            let webhook = Arc::clone(&self.webhook.borrow_and_update());
            stored.mark_unchanged();
            self.find_cursor(&webhook.name).await;
            let until = match self.step(&webhook).await {
                Step::Send | Step::GiveUp => continue,
                Step::Rest(at) => Some(self.clock.instant_of(at)),
                Step::Pause | Step::Idle => None,
            };
            let look = async {
                match until {
                    Some(until) => sleep_until(until).await,
                    None => sleep(LOOK).await,
                }
            };
            tokio::select! {
                () = look => {}
                changed = stored.changed() => if changed.is_err() { return },
                changed = self.webhook.changed() => {
                    if changed.is_err() { return }
                    self.reloaded();
                }
            }
        }
    }

    fn reloaded(&mut self) {
        self.courier.reloaded();
        // What is still wrong is told again.
        if let Some(told) = &mut self.told {
            told.clear();
        }
    }

    fn now(&self) -> Now {
        Now {
            moment: self.clock.now(),
            wall: self.clock.wall(),
        }
    }

    /// Goes on where the cursor is that is kept; a webhook without one begins with what comes.
    /// Where the history cannot say which it is, what comes is told meanwhile: nobody shall wait
    /// for a disk to hear of an outage.
    async fn find_cursor(&mut self, name: &str) {
        if self.certain {
            return;
        }
        let _turn = self.turns.acquire().await;
        match self.outside.cursor(name).await {
            Ok(Some(cursor)) => self.courier.go_back_to(cursor),
            Ok(None) => self.outside.keep(name, self.courier.cursor()),
            Err(why) => {
                debug!("webhook {name}: {why}");
                return;
            }
        }
        self.certain = true;
    }

    async fn rows(&self) -> Result<Vec<EventRow>, String> {
        let _turn = self.turns.acquire().await;
        self.outside.events(self.courier.cursor()).await
    }

    async fn step(&mut self, webhook: &Webhook) -> Step {
        let name = &*webhook.name;
        let rows = match self.rows().await {
            Ok(rows) => rows,
            Err(why) => {
                debug!("webhook {name}: {why}");
                return Step::Idle;
            }
        };
        let waiting = self.courier.waiting(&rows, &webhook.events);
        self.outside.pending(name, waiting.len());
        let now = self.now();
        let mut step = self.courier.next(&waiting, webhook.max_age, now);
        let first = waiting.first().map(|first| first.seq);
        match rows.iter().find(|row| Some(row.seq) == first) {
            Some(row) if step == Step::Send => self.send(webhook, row).await,
            Some(row) if step == Step::GiveUp => self.give_up(webhook, row),
            // Nobody wants any of these: there may be more behind them.
            None if !rows.is_empty() => step = Step::Send,
            _ => {}
        }
        let delivered = matches!(step, Step::Send | Step::GiveUp) && first.is_some();
        if self.certain
            && let Some(cursor) = self.courier.worth_keeping(delivered)
        {
            self.outside.keep(name, cursor);
        }
        step
    }

    async fn outage(&self, row: &EventRow) -> Option<OutageRow> {
        let id = row.outage?;
        let _turn = self.turns.acquire().await;
        self.outside.outage(id).await.ok().flatten()
    }

    async fn send(&mut self, webhook: &Webhook, row: &EventRow) {
        let outage = self.outage(row).await;
        let present = self.outside.present();
        let ended = match body::document(row, outage.as_ref(), &present) {
            Ok(body) => {
                let id = sign::id(row.seq, row.at);
                post(webhook, Message { id, body }, self.clock.wall()).await
            }
            Err(why) => Ended {
                answer: Answer::Failed(None),
                why,
            },
        };
        let outcome = match ended.answer {
            Answer::Taken => Outcome::Success,
            _ => Outcome::Failure,
        };
        self.outside.counted(&webhook.name, outcome);
        let failures = self.courier.failures();
        let (now, chance) = (self.clock.now(), self.outside.chance());
        self.courier.answered(row.seq, ended.answer, now, chance);
        match ended.answer {
            Answer::Taken => tell_success(webhook, row, failures, self.told.is_some()),
            _ => tell_failure(webhook, row, &ended, self.told.as_ref()),
        }
        self.told = (ended.answer != Answer::Taken).then_some(ended.why);
    }

    fn give_up(&mut self, webhook: &Webhook, row: &EventRow) {
        self.courier.given_up(row.seq);
        self.outside.counted(&webhook.name, Outcome::GivenUp);
        let id = sign::id(row.seq, row.at);
        error!(
            "webhook {}: {id} ({}) is given up and will not be delivered: {}",
            webhook.name, row.kind, row.text
        );
    }
}

fn tell_success(webhook: &Webhook, row: &EventRow, failures: u32, trouble_was_told: bool) {
    let (name, kind, id) = (&webhook.name, &row.kind, sign::id(row.seq, row.at));
    match failures {
        0 if trouble_was_told => {
            info!("webhook {name}: {id} ({kind}) is delivered, after a reload");
        }
        0 => debug!("webhook {name}: {id} ({kind}) is delivered"),
        1 => info!("webhook {name}: {id} ({kind}) is delivered, after an attempt that failed"),
        _ => info!(
            "webhook {name}: {id} ({kind}) is delivered, after {failures} attempts that failed"
        ),
    }
}

/// Says the first failure, and each that is another one than the last.
fn tell_failure(webhook: &Webhook, row: &EventRow, ended: &Ended, told: Option<&String>) {
    let (name, why, kind) = (&webhook.name, &ended.why, &row.kind);
    let id = sign::id(row.seq, row.at);
    if told == Some(why) {
        debug!("webhook {name}: {id} ({kind}) is not delivered: {why}");
        return;
    }
    match ended.answer {
        Answer::Gone => error!(
            "webhook {name}: {id} ({kind}) is not delivered: {why}, so nothing more is sent until a reload"
        ),
        Answer::Refused => error!(
            "webhook {name}: {id} ({kind}) is refused: {why}; look at its url and secret_file, \
             it is tried again every 5 min"
        ),
        Answer::Taken | Answer::Failed(_) => warn!(
            "webhook {name}: {id} ({kind}) is not delivered: {why}; it is tried again until it is {} old, \
             and longer if it is the newest",
            span(webhook.max_age)
        ),
    }
}
