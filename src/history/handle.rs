//! What the rest of the daemon holds: telling never waits, and asking is bounded in time.

use std::ops::Range;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use rusqlite::Connection;
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

use super::journal::lock;
use super::mailbox::{Cursors, Mailbox, Request};
use super::reader::{Reader, Unavailable};
use super::{Entry, EventRow, HourRow, Image, OutageRow, rows};

/// Whoever is about to show something waits so long for it to be kept, and then goes on.
const BEFORE_SHOWING: Duration = Duration::from_secs(2);
/// The end of the daemon waits so long for the last write.
const LAST_WRITE: Duration = Duration::from_secs(2);

/// What is wrong with the memory now, in sentences for the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    /// The state file cannot be written.
    pub state: Option<String>,
    /// The history cannot be written.
    pub history: Option<String>,
}

/// The memory of the daemon; cheap to clone. When the last one is dropped, what was handed over
/// is written, without anybody waiting for it.
#[derive(Clone)]
pub struct History {
    inner: Arc<Inner>,
}

struct Inner {
    mailbox: Arc<Mailbox>,
    reader: Reader,
    /// Whether there is a state file at all.
    remembers: bool,
    /// Closed by the thread that writes when it ends.
    end: Mutex<Receiver<()>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.mailbox.close();
    }
}

impl History {
    pub(super) fn new(
        mailbox: Arc<Mailbox>,
        reader: Reader,
        remembers: bool,
        end: Receiver<()>,
    ) -> Self {
        let inner = Inner {
            mailbox,
            reader,
            remembers,
            end: Mutex::new(end),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Has entries kept in the database. Never waits. Evidence over 64 KiB is left out.
    pub fn keep(&self, entries: Vec<Entry>) {
        self.inner.mailbox.keep(entries);
    }

    /// Has kept how far a webhook is: the number of the last event that needs nothing more.
    /// Never waits; the latest wins.
    pub fn keep_cursor(&self, webhook: &str, seq: u64) {
        self.inner.mailbox.keep_cursors(Cursors {
            only: None,
            places: [(webhook.to_owned(), seq)].into(),
        });
    }

    /// Has forgotten how far all webhooks are but these. Never waits.
    pub fn keep_cursors_of(&self, webhooks: Vec<String>) {
        self.inner.mailbox.keep_cursors(Cursors {
            only: Some(webhooks),
            places: [].into(),
        });
    }

    /// How far a webhook is, as far as that is written; `None` if it is nowhere. As long as the
    /// database on the disk is not in use, nobody can say that.
    pub async fn cursor(&self, webhook: String) -> Result<Option<u64>, Unavailable> {
        let ask = move |db: &Connection| {
            let on_disk = db.path().is_some_and(|path| !path.is_empty());
            Ok((rows::cursor(db, &webhook)?, on_disk))
        };
        match self.inner.reader.ask(ask).await? {
            (None, false) if self.inner.remembers => Err(Unavailable::for_now()),
            (known, _) => Ok(known),
        }
    }

    /// Has the image written so that it survives a power cut. Never waits; the latest wins.
    pub fn save(&self, image: Arc<Image>) {
        if self.inner.remembers {
            self.inner.mailbox.save(Request {
                image,
                durable: true,
                waiting: Vec::new(),
            });
        }
    }

    /// Has the image written so that it survives the end of this process, and waits for that, at
    /// most 2 s. Without a memory there is nothing to wait for. The first image of a process is
    /// written durably in any case.
    pub async fn save_before_showing(&self, image: Image) -> bool {
        if !self.inner.remembers {
            return true;
        }
        let (tell, told) = oneshot::channel();
        self.inner.mailbox.save(Request {
            image: Arc::new(image),
            durable: false,
            waiting: vec![tell],
        });
        matches!(timeout(BEFORE_SHOWING, told).await, Ok(Ok(true)))
    }

    /// The number of the last entry that the database holds: it need not be in the image.
    #[must_use]
    pub fn stored(&self) -> u64 {
        *self.inner.mailbox.stored.borrow()
    }

    /// That number as it grows.
    #[must_use]
    pub fn watch_stored(&self) -> watch::Receiver<u64> {
        self.inner.mailbox.stored.subscribe()
    }

    /// What is wrong now.
    #[must_use]
    pub fn problems(&self) -> Problems {
        self.inner.mailbox.problems.borrow().clone()
    }

    /// That as it changes: each new problem once, and its end once.
    #[must_use]
    pub fn watch_problems(&self) -> watch::Receiver<Problems> {
        self.inner.mailbox.problems.subscribe()
    }

    /// Failed attempts to write.
    #[must_use]
    pub fn persist_failures(&self) -> u64 {
        self.inner.mailbox.failures()
    }

    /// Entries that waited too long in too great a number, and are lost to the history.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.inner.mailbox.dropped()
    }

    /// Events behind number `after`, oldest first; at most 1000 at a time, as of all lists.
    pub async fn events(&self, after: u64, limit: usize) -> Result<Vec<EventRow>, Unavailable> {
        let ask = move |db: &_| rows::events(db, after, limit);
        self.inner.reader.ask(ask).await
    }

    /// The last events but those of endpoints, oldest first.
    pub async fn latest_events(&self, limit: usize) -> Result<Vec<EventRow>, Unavailable> {
        let ask = move |db: &_| rows::latest_events(db, limit);
        self.inner.reader.ask(ask).await
    }

    /// The last changes of the active network of any group, newest first, as far as they are among
    /// the last 20,000 events.
    pub async fn switches(&self, limit: usize) -> Result<Vec<EventRow>, Unavailable> {
        let ask = move |db: &_| rows::switches(db, limit);
        self.inner.reader.ask(ask).await
    }

    /// Outages that run or ended after `since`, newest first: those of one network if it is
    /// named, and those with a number below `before`, for the next page.
    pub async fn outages(
        &self,
        since: SystemTime,
        network: Option<String>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<OutageRow>, Unavailable> {
        let ask = move |db: &_| rows::outages(db, since, network.as_deref(), before, limit);
        self.inner.reader.ask(ask).await
    }

    /// One outage.
    pub async fn outage(&self, id: u64) -> Result<Option<OutageRow>, Unavailable> {
        let ask = move |db: &_| rows::outage_by_id(db, id);
        self.inner.reader.ask(ask).await
    }

    /// Shows the hours that begin in a span, oldest first, to `show`, which gathers them in
    /// `into`: on the thread that reads, as there may be very many.
    pub async fn hours<T: Send + 'static>(
        &self,
        span: Range<SystemTime>,
        mut into: T,
        mut show: impl FnMut(&mut T, HourRow) + Send + 'static,
    ) -> Result<T, Unavailable> {
        let ask = move |db: &_| {
            rows::hours(db, span, |row| show(&mut into, row))?;
            Ok(into)
        };
        self.inner.reader.ask(ask).await
    }

    /// Has everything written for the last time, and waits for that, at most 2 s. What is handed
    /// over later is not kept.
    pub fn close(self) {
        self.inner.mailbox.close();
        // The other end says nothing: it is dropped.
        let _ = lock(&self.inner.end).recv_timeout(LAST_WRITE);
    }
}
