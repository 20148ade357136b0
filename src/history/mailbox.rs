//! What waits for the thread that writes. Putting something in never waits for the disk.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use super::journal::lock;
use super::rows::LONGEST_EVIDENCE;
use super::{Entry, Image, Problems, Record};

/// Entries that wait while the disk cannot be written: some days of an unquiet network. Beyond
/// that the oldest events are dropped; outages, which are few, only when nothing else is left.
const MOST_ENTRIES: usize = 10_000;

/// What the handles and the writing thread share.
pub(super) struct Mailbox {
    content: Mutex<Content>,
    wake: Condvar,
    failures: AtomicU64,
    dropped: AtomicU64,
    pub(super) stored: watch::Sender<u64>,
    pub(super) problems: watch::Sender<Problems>,
}

#[derive(Default)]
struct Content {
    /// Something was put in since it was last emptied.
    fresh: bool,
    closing: bool,
    work: Work,
}

/// All that was in the mailbox.
#[derive(Default)]
pub(super) struct Work {
    pub(super) entries: VecDeque<Entry>,
    pub(super) image: Option<Request>,
    pub(super) cursors: Cursors,
}

/// How far webhooks are.
#[derive(Clone, Default)]
pub(super) struct Cursors {
    /// All others are forgotten, before anything else.
    pub(super) only: Option<Vec<String>>,
    /// The number of the last event that needs nothing more, by webhook.
    pub(super) places: BTreeMap<String, u64>,
}

impl Cursors {
    pub(super) fn is_empty(&self) -> bool {
        self.only.is_none() && self.places.is_empty()
    }

    /// Later wishes count.
    fn merge(&mut self, later: Self) {
        if let Some(only) = later.only {
            self.places.retain(|webhook, _| only.contains(webhook));
            self.only = Some(only);
        }
        self.places.extend(later.places);
    }
}

/// An image to write.
pub(super) struct Request {
    pub(super) image: Arc<Image>,
    pub(super) durable: bool,
    /// Who wants to know whether it, or a later one, was written.
    pub(super) waiting: Vec<oneshot::Sender<bool>>,
}

impl Mailbox {
    pub(super) fn new(stored: u64, problems: Problems) -> Self {
        Self {
            content: Mutex::default(),
            wake: Condvar::new(),
            failures: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            stored: watch::Sender::new(stored),
            problems: watch::Sender::new(problems),
        }
    }

    pub(super) fn keep(&self, entries: Vec<Entry>) {
        if entries.is_empty() {
            return;
        }
        let mut content = lock(&self.content);
        let waiting = &mut content.work.entries;
        waiting.extend(entries.into_iter().map(bounded));
        self.drop_surplus(waiting);
        content.fresh = true;
        self.wake.notify_one();
    }

    pub(super) fn keep_cursors(&self, cursors: Cursors) {
        let mut content = lock(&self.content);
        content.work.cursors.merge(cursors);
        content.fresh = true;
        self.wake.notify_one();
    }

    /// Puts back cursors that could not be written, under those that came meanwhile.
    pub(super) fn put_cursors_back(&self, mut cursors: Cursors) {
        let mut content = lock(&self.content);
        let later = std::mem::take(&mut content.work.cursors);
        cursors.merge(later);
        content.work.cursors = cursors;
    }

    /// Puts back what could not be written.
    pub(super) fn put_back(&self, mut entries: VecDeque<Entry>) {
        let mut content = lock(&self.content);
        entries.append(&mut content.work.entries);
        self.drop_surplus(&mut entries);
        content.work.entries = entries;
    }

    /// Asks for an image to be written, instead of one that still waits; of two the later counts.
    pub(super) fn save(&self, request: Request) {
        let mut content = lock(&self.content);
        let merged = match content.work.image.take() {
            None => request,
            Some(earlier) => Request {
                image: later(earlier.image, request.image),
                durable: earlier.durable || request.durable,
                waiting: earlier.waiting.into_iter().chain(request.waiting).collect(),
            },
        };
        content.work.image = Some(merged);
        content.fresh = true;
        self.wake.notify_one();
    }

    pub(super) fn close(&self) {
        lock(&self.content).closing = true;
        self.wake.notify_one();
    }

    /// Waits until something is put in, somebody closes, or the time is over; then takes all
    /// there is. The flag tells whether this was the last time.
    pub(super) fn take(&self, patience: Duration) -> (Work, bool) {
        let content = lock(&self.content);
        let idle = |content: &mut Content| !content.fresh && !content.closing;
        let waited = self.wake.wait_timeout_while(content, patience, idle);
        let (mut content, _) = waited.unwrap_or_else(std::sync::PoisonError::into_inner);
        content.fresh = false;
        (std::mem::take(&mut content.work), content.closing)
    }

    pub(super) fn count_failure(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    fn drop_surplus(&self, entries: &mut VecDeque<Entry>) {
        let is_event = |entry: &Entry| matches!(entry.record, Record::Event(_));
        while entries.len() > MOST_ENTRIES {
            let oldest = entries.iter().position(is_event).unwrap_or_default();
            entries.remove(oldest);
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The later of two images: whoever took one may have been overtaken before handing it over.
pub(super) fn later(before: Arc<Image>, after: Arc<Image>) -> Arc<Image> {
    if before.saved.moment > after.saved.moment {
        before
    } else {
        after
    }
}

/// The entry without evidence that is too long.
fn bounded(mut entry: Entry) -> Entry {
    if let Record::Outage(outage) = &mut entry.record {
        let evidence = outage.evidence.take();
        outage.evidence = evidence.filter(|text| text.len() <= LONGEST_EVIDENCE);
    }
    entry
}
