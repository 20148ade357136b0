//! Where the log goes and how it looks: standard error, one line per event.
//!
//! As text it is for people, with colours on a terminal; as JSON it is for machines, one object
//! a line. Libraries below us are heard only when they warn: their chatter at the level that is
//! asked of bascule would drown it.

use std::fmt;

use tracing::Level;
use tracing_subscriber::filter::Targets;
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
    let others = options.level.min(Level::WARN);
    let filter = Targets::new()
        .with_default(others)
        .with_target("bascule", options.level);
    let time = Stamp(clock);
    let base = layer::layer()
        .with_writer(std::io::stderr)
        .with_timer(time)
        .with_target(false);
    let layer = match options.format {
        Format::Text => base.with_ansi(options.colour).boxed(),
        Format::Json => base.with_ansi(false).json().flatten_event(true).boxed(),
    };
    let started = tracing_subscriber::registry()
        .with(layer.with_filter(filter))
        .try_init();
    // Only tests start twice, in one process.
    drop(started);
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
