//! The log of the daemon: a thread writes what others say, so that none of them waits for a
//! journal that hangs or for whoever reads standard error.
//!
//! What is text is made so by who says it, with the time of that moment. An event for the
//! journal is kept as it is.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use tracing::dispatcher::with_default;
use tracing::{Dispatch, Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use super::lines::{Lines, Next};
use super::recorded::Recorded;
use super::{Options, direct, filter, goes_to_journal, start, subscriber};
use crate::host::clock::Clock;
use crate::host::teller::Teller;

/// How long the end of the process waits for what was said before to be written.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Starts the log of this process so that saying something never waits until it is written.
/// Panics are told in the same way.
#[must_use = "what waits is written when this is dropped"]
pub fn start_aside(options: Options, clock: Clock) -> Log {
    let to_journal = goes_to_journal(options);
    let mut pen = Pen {
        to: None,
        make: (options, clock.clone(), to_journal),
    };
    let teller = Teller::start("log", Lines::default(), move |next| pen.write(next));
    let Ok(teller) = teller else {
        start(options, clock);
        return Log(None);
    };
    let teller = Arc::new(teller);
    let aside = Aside(Arc::clone(&teller));
    let _ = if to_journal {
        tracing_subscriber::registry()
            .with(aside.with_filter(filter(options.level)))
            .try_init()
    } else {
        subscriber(options, clock, move || aside.clone()).try_init()
    };
    let log = Log(Some(teller));
    log.takes_panics();
    log
}

/// The log of the daemon. What was said is written when this is dropped, if that is possible
/// within a second.
pub struct Log(Option<Arc<Teller<Lines<Entry>>>>);

impl Log {
    /// Writes a text to standard error, behind what was said before.
    pub fn complain(&self, text: &str) {
        match &self.0 {
            Some(teller) => {
                let entry = Entry::Bytes(text.into());
                teller.say(|lines| lines.insist(entry, text.len()));
            }
            // If that fails there is nobody left to tell.
            None => drop(io::stderr().lock().write_all(text.as_bytes())),
        }
    }

    /// The hook of the standard library would write to standard error by itself.
    fn takes_panics(&self) {
        let Some(teller) = self.0.clone() else { return };
        std::panic::set_hook(Box::new(move |panic| {
            let thread = std::thread::current();
            let name = thread.name().unwrap_or("without a name");
            let mut text = format!("thread '{name}' {panic}\n");
            let backtrace = Backtrace::capture();
            if backtrace.status() == BacktraceStatus::Captured {
                text.push_str(&backtrace.to_string());
            }
            say(&teller, text.as_bytes());
        }));
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if let Some(teller) = &self.0 {
            teller.flush(LAST_WORDS);
        }
    }
}

/// What waits to be written.
enum Entry {
    /// For standard error, as it is.
    Bytes(Vec<u8>),
    /// For the journal.
    Event(Recorded),
}

fn say(teller: &Teller<Lines<Entry>>, bytes: &[u8]) {
    let entry = Entry::Bytes(bytes.to_vec());
    teller.say(|lines| lines.take(entry, bytes.len()));
}

/// Where events go whose writing is left to the other thread.
#[derive(Clone)]
struct Aside(Arc<Teller<Lines<Entry>>>);

impl<S: Subscriber> Layer<S> for Aside {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let recorded = Recorded::new(event);
        let size = recorded.bytes;
        self.0.say(|lines| lines.take(Entry::Event(recorded), size));
    }
}

impl io::Write for Aside {
    /// The layer writes an event in one piece.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        say(&self.0, bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes on the other thread.
struct Pen {
    /// Made there: a journal that hangs holds up who first looks for it, too.
    to: Option<Dispatch>,
    make: (Options, Clock, bool),
}

impl Pen {
    fn write(&mut self, next: Next<Entry>) {
        let (options, clock, to_journal) = &self.make;
        let to = self
            .to
            .get_or_insert_with(|| direct(*options, clock.clone(), *to_journal));
        match next {
            // If that fails there is nobody left to tell.
            Next::Line(Entry::Bytes(bytes)) => drop(io::stderr().lock().write_all(&bytes)),
            Next::Line(Entry::Event(recorded)) => recorded.tell(to),
            Next::Lost(lost) => with_default(to, || {
                tracing::warn!(
                    lost,
                    "{lost} lines of the log were lost here: they came faster than they were taken"
                );
            }),
        }
    }
}
