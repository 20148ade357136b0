//! The life of one webhook: looks what waits, has it decided what to do, and does it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, sleep_until};
use tracing::{debug, error, info, warn};

use super::courier::{Answer, Courier, Now, Step};
use super::post::{Ended, Message, post};
use super::{Outcome, Outside, Webhook, body, sign};
use crate::history::EventRow;
use crate::host::clock::Clock;
use crate::report::words::span;

/// Without news the history is looked at so often: it may be unable to say that it has some.
const LOOK: Duration = Duration::from_secs(5);

/// One webhook at work.
pub(super) struct Delivery {
    pub(super) outside: Arc<dyn Outside>,
    pub(super) clock: Clock,
    /// The webhook; another one after a reload.
    pub(super) webhook: watch::Receiver<Arc<Webhook>>,
    /// Where a webhook begins that has no cursor.
    pub(super) newest: u64,
}

impl Delivery {
    /// Works until the webhook is taken out of the configuration.
    pub(super) async fn run(mut self) {
        let webhook = self.settings();
        let mut stored = self.outside.stored();
        let mut courier = Courier::new(self.cursor(&webhook.name).await);
        loop {
            if self.webhook.has_changed().is_err() {
                return;
            }
            if self.webhook.has_changed().unwrap_or_default() {
                courier.reloaded();
            }
            let webhook = self.settings();
            stored.mark_unchanged();
            let until = match self.step(&mut courier, &webhook).await {
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
                    courier.reloaded();
                }
            }
        }
    }

    fn settings(&mut self) -> Arc<Webhook> {
        Arc::clone(&self.webhook.borrow_and_update())
    }

    fn now(&self) -> Now {
        Now {
            moment: self.clock.now(),
            wall: self.clock.wall(),
        }
    }

    /// The cursor that is kept; a webhook without one begins with what comes.
    async fn cursor(&self, name: &str) -> u64 {
        loop {
            match self.outside.cursor(name).await {
                Ok(Some(cursor)) => return cursor,
                Ok(None) => {
                    self.outside.keep(name, self.newest);
                    return self.newest;
                }
                Err(why) => debug!("webhook {name}: {why}"),
            }
            sleep(LOOK).await;
        }
    }

    async fn step(&self, courier: &mut Courier, webhook: &Webhook) -> Step {
        let name = &*webhook.name;
        let rows = match self.outside.events(courier.cursor()).await {
            Ok(rows) => rows,
            Err(why) => {
                debug!("webhook {name}: {why}");
                return Step::Idle;
            }
        };
        let waiting = courier.waiting(&rows, &webhook.events);
        self.outside.pending(name, waiting.len());
        let mut step = courier.next(&waiting, webhook.max_age, self.now());
        let first = waiting.first().map(|first| first.seq);
        match rows.iter().find(|row| Some(row.seq) == first) {
            Some(row) if step == Step::Send => self.send(courier, webhook, row).await,
            Some(row) if step == Step::GiveUp => self.give_up(courier, webhook, row),
            // Nobody wants any of these: there may be more behind them.
            None if !rows.is_empty() => step = Step::Send,
            _ => {}
        }
        let delivered = matches!(step, Step::Send | Step::GiveUp) && first.is_some();
        if let Some(cursor) = courier.worth_keeping(delivered) {
            self.outside.keep(name, cursor);
        }
        step
    }

    async fn send(&self, courier: &mut Courier, webhook: &Webhook, row: &EventRow) {
        let outage = match row.outage {
            Some(id) => self.outside.outage(id).await.ok().flatten(),
            None => None,
        };
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
        let failures = courier.failures();
        let chance = self.outside.chance();
        courier.answered(row.seq, ended.answer, self.clock.now(), chance);
        tell(webhook, row, &ended, failures);
    }

    fn give_up(&self, courier: &mut Courier, webhook: &Webhook, row: &EventRow) {
        courier.given_up(row.seq);
        self.outside.counted(&webhook.name, Outcome::GivenUp);
        let id = sign::id(row.seq, row.at);
        error!(
            "webhook {}: {id} ({}) is given up and will not be delivered: {}",
            webhook.name, row.kind, row.text
        );
    }
}

/// Says the first failure, and that there are none any more.
fn tell(webhook: &Webhook, row: &EventRow, ended: &Ended, failures: u32) {
    let (name, why, kind) = (&webhook.name, &ended.why, &row.kind);
    let id = sign::id(row.seq, row.at);
    match ended.answer {
        Answer::Taken if failures > 0 => {
            info!(
                "webhook {name}: {id} ({kind}) is delivered, after {failures} attempts that failed"
            );
        }
        Answer::Taken => debug!("webhook {name}: {id} ({kind}) is delivered"),
        Answer::Gone => error!(
            "webhook {name}: {id} ({kind}) is not delivered: {why}, so nothing more is sent until a reload"
        ),
        Answer::Refused if failures == 0 => error!(
            "webhook {name}: {id} ({kind}) is refused: {why}; look at its url and secret_file, \
             it is tried again every 5 min"
        ),
        Answer::Failed(_) if failures == 0 => warn!(
            "webhook {name}: {id} ({kind}) is not delivered: {why}; it is tried again until it is {} old",
            span(webhook.max_age)
        ),
        _ => debug!("webhook {name}: {id} ({kind}) is not delivered: {why}"),
    }
}
