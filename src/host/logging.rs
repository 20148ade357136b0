//! Where the log goes and how it looks: standard error, one line per event, or the journal.
//!
//! As text it is for people, with colours on a terminal; as JSON it is for machines, one object
//! a line. Where nobody asks for either and standard error is the journal, events go there with
//! their fields, as `BASCULE_NETWORK`, `BASCULE_REASON` and so on. Libraries below us are heard
//! only when they warn: their chatter at the level that is asked of bascule would drown it.
//!
//! A command writes its log itself. The daemon has a thread that writes ([`start_aside`]), as a
//! journal that hangs, or a pipe that nobody reads, must not hold up what is probed.

mod aside;
mod lines;
mod recorded;

use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;

use tracing::{Dispatch, Level, Subscriber};
use tracing_journald::{Priority, PriorityMappings};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt as layer};

pub use self::aside::{Log, start_aside};
use super::clock::Clock;

/// How the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// In the journal if standard error is it, else for people.
    #[default]
    Auto,
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What is logged, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How it looks.
    pub format: Format,
    /// Events of bascule at this level and above.
    pub level: Level,
    /// Colours, where the format is text.
    pub colour: bool,
}

/// Starts the log of this process. A second start changes nothing: the first one stays.
pub fn start(options: Options, clock: Clock) {
    // Only tests start twice, in one process.
    let _ = direct(options, clock, goes_to_journal(options)).try_init();
}

/// The log as it is written by whoever says something.
fn direct(options: Options, clock: Clock, to_journal: bool) -> Dispatch {
    match to_journal.then(journal).flatten() {
        Some(layer) => tracing_subscriber::registry()
            .with(layer.with_filter(filter(options.level)))
            .into(),
        None => subscriber(options, clock, io::stderr).into(),
    }
}

fn goes_to_journal(options: Options) -> bool {
    let stream = std::env::var("JOURNAL_STREAM").ok();
    options.format == Format::Auto && is_journal(stream, io::stderr())
}

/// Whether a file is the journal's end of a stream, as `$JOURNAL_STREAM` names it: its device and
/// its inode. Somebody may have redirected it, and that has to win.
fn is_journal(stream: Option<String>, file: impl AsFd) -> bool {
    let metadata = file.as_fd().try_clone_to_owned().map(File::from);
    let metadata = metadata.and_then(|file| file.metadata());
    stream.is_some_and(|stream| {
        metadata.is_ok_and(|it| stream == format!("{}:{}", it.dev(), it.ino()))
    })
}

/// The way to the journal; `None` if nobody is there, and then text goes to standard error.
fn journal() -> Option<tracing_journald::Layer> {
    let priorities = PriorityMappings {
        error: Priority::Error,
        warn: Priority::Warning,
        info: Priority::Informational,
        debug: Priority::Debug,
        trace: Priority::Debug,
    };
    let layer = tracing_journald::layer().ok()?;
    let layer = layer
        .with_field_prefix(Some("BASCULE".to_owned()))
        .with_syslog_identifier("bascule".to_owned())
        .with_priority_mappings(priorities);
    Some(layer)
}

fn filter(level: Level) -> Targets {
    Targets::new()
        .with_default(level.min(Level::WARN))
        .with_target("bascule", level)
}

fn subscriber<W>(options: Options, clock: Clock, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let base = layer::layer()
        .with_writer(writer)
        .with_timer(Stamp(clock))
        .with_target(false);
    let layer = match options.format {
        Format::Auto | Format::Text => base.with_ansi(options.colour).boxed(),
        Format::Json => base.with_ansi(false).json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry().with(layer.with_filter(filter(options.level)))
}

/// RFC 3339 in UTC with milliseconds, by our own clock.
struct Stamp(Clock);

impl FormatTime for Stamp {
    fn format_time(&self, out: &mut Writer<'_>) -> fmt::Result {
        match jiff::Timestamp::try_from(self.0.wall()) {
            Ok(time) => write!(out, "{time:.3}"),
            Err(_) => out.write_str("(no time)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};
    use std::time::{Duration, SystemTime};

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(options: Options) -> String {
        let clock = Clock::with_wall(|| SystemTime::UNIX_EPOCH + Duration::from_millis(1_500));
        let page = Page::default();
        let copy = page.clone();
        let subscriber = subscriber(options, clock, move || copy.clone());
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(network = "x", "down \x1b[2J");
            tracing::debug!("ours");
            tracing::info!(target: "h2::codec", "chatter");
            tracing::error!(target: "h2::codec", "trouble");
        });
        String::from_utf8(page.0.lock().unwrap().clone()).unwrap()
    }

    const QUIET: Options = Options {
        format: Format::Text,
        level: Level::INFO,
        colour: false,
    };

    #[test]
    fn text_is_one_line_per_event_without_anything_a_terminal_could_obey() {
        let text = logged(QUIET);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "1970-01-01T00:00:01.500Z  WARN down \\x1b[2J network=\"x\"",
                "1970-01-01T00:00:01.500Z ERROR trouble",
            ]
        );
    }

    #[test]
    fn a_lower_level_is_heard_of_ours_and_not_of_the_libraries() {
        let level = Level::DEBUG;
        let text = logged(Options { level, ..QUIET });
        assert!(text.contains("DEBUG ours\n"), "{text}");
        assert!(!text.contains("chatter"), "{text}");
    }

    #[test]
    fn json_is_one_object_per_line_with_the_fields_beside_the_message() {
        let format = Format::Json;
        let text = logged(Options { format, ..QUIET });
        let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!(first["timestamp"], "1970-01-01T00:00:01.500Z");
        assert_eq!(first["level"], "WARN");
        assert_eq!(first["network"], "x");
        assert_eq!(first["message"], "down \u{1b}[2J");
    }

    #[test]
    fn only_the_stream_that_the_journal_opened_is_the_journal() {
        let file = tempfile::tempfile().unwrap();
        let metadata = file.metadata().unwrap();
        let (device, inode) = (metadata.dev(), metadata.ino());
        assert!(is_journal(Some(format!("{device}:{inode}")), &file));
        let other = format!("{device}:{}", inode + 1);
        assert!(!is_journal(Some(other), &file));
        assert!(!is_journal(Some("nonsense".to_owned()), &file));
        assert!(!is_journal(None, &file));
    }

    #[test]
    fn colours_are_only_where_they_were_asked_for() {
        let colour = true;
        assert!(logged(Options { colour, ..QUIET }).contains("\x1b[33m WARN\x1b[0m"));
    }
}
