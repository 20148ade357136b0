//! Where the log goes and how it looks: standard error, one line per event.
//!
//! As text it is for people, with colours on a terminal; as JSON it is for machines, one object
//! a line. Libraries below us are heard only when they warn: their chatter at the level that is
//! asked of bascule would drown it.

use std::fmt;

use tracing::{Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt as layer};

use super::clock::Clock;

/// How the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
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
    let started = subscriber(options, clock, std::io::stderr).try_init();
    // Only tests start twice, in one process.
    drop(started);
}

fn subscriber<W>(options: Options, clock: Clock, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = Targets::new()
        .with_default(options.level.min(Level::WARN))
        .with_target("bascule", options.level);
    let base = layer::layer()
        .with_writer(writer)
        .with_timer(Stamp(clock))
        .with_target(false);
    let layer = match options.format {
        Format::Text => base.with_ansi(options.colour).boxed(),
        Format::Json => base.with_ansi(false).json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry().with(layer.with_filter(filter))
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
    fn colours_are_only_where_they_were_asked_for() {
        let colour = true;
        assert!(logged(Options { colour, ..QUIET }).contains("\x1b[33m WARN\x1b[0m"));
    }
}
