//! What the fuzzer demands of a daemon that goes on where a damaged state file says.

use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use super::journal::Journal;
use super::rounds::Rounds;
use super::source::SharedFacts;
use super::timesheet::{Now, Timesheet};
use super::{resume, times, watched};
use crate::config::fuzz::ENVIRONMENT;
use crate::config::{Settings, load_text};
use crate::engine::{Evidence, Input};
use crate::history::fuzz::{image, rewritten};
use crate::history::{Image, Saved};
use crate::metrics::Metrics;
use crate::model::{Cause, Event, Moment, Reason, Verdict};
use crate::web::Picture;

const CONFIG: &str = r#"
[network.x]
http = [{ name = "web", url = "https://x.test/" }]
dns = [{ name = "name", query = "x.test" }]
[network.y]
tcp = [{ name = "port", address = "y.test:443" }]
[[group]]
name = "default"
networks = ["x", "y"]
[uplink]
enabled = false
"#;

static SETTINGS: LazyLock<Settings> = LazyLock::new(|| {
    let loaded = load_text("f.toml", Path::new("/"), CONFIG, &ENVIRONMENT);
    loaded.expect("a configuration").settings
});

/// The first byte says how long the daemon was away; the rest is the state file. An hour of
/// failing and good rounds later it can still be shown and written down.
pub(crate) fn resumed_state(bytes: &[u8]) {
    let (away, bytes) = crate::fuzzing::choice(bytes);
    let Some(image) = image(bytes) else { return };
    let settings = &*SETTINGS;
    let away = Duration::from_secs(u64::from(away) * u64::from(away));
    let (clock, mut engine) = resume(settings, &image, away);
    let Ok(metrics) = Metrics::new(times(&clock)) else {
        panic!("the metrics clash");
    };
    metrics.adopt(watched(settings));
    metrics.restore(&image.counters);
    let facts = SharedFacts::default();
    facts.adopt(settings);
    let mut journal = Journal::new(image.next_seq, image.outbox.clone());
    let mut timesheet = Timesheet::restore(&image.memory, image.hours.clone());
    let begin = clock.now();
    let mut seen = Vec::new();
    for minute in 0..8 {
        let now = begin + Duration::from_secs(minute * 450);
        let batch = batch(settings, minute, now);
        seen = metrics.publish(|shown_until| {
            engine.show(shown_until);
            let step = engine.step(&batch, now);
            journal.write(&step.events, (now, false), &clock, &Rounds::default());
            let books = engine.books().map(|(name, books)| (name, books.into()));
            let wall = clock.wall_of(now);
            journal.write_hours(timesheet.look(books, Now { moment: now, wall }));
            let holds: Vec<Option<Moment>> = engine.holds().collect();
            (step.events, Some(Arc::new(engine.snapshot())), holds)
        });
    }
    assert!(
        !seen
            .iter()
            .any(|event| matches!(event, Event::Uplink { .. }))
    );
    readable(&metrics.render().unwrap_or_default());
    let shown = metrics.view();
    let picture = Picture {
        wall: metrics.wall_of(shown.now),
        snapshot: Arc::clone(&shown.snapshot),
        holds: Arc::clone(&shown.holds),
        now: shown.now,
    };
    crate::web::fuzz::documents(&picture, &facts.shared());
    rewritten(&Image {
        memory: engine.memory(begin),
        shown_until: shown.now,
        holds: Vec::new(),
        counters: metrics.save(),
        outbox: journal.outbox(0),
        hours: timesheet.hours(),
        next_seq: journal.next_seq(),
        saved: Saved::now(&clock),
    });
}

/// Bad rounds for half of the time, then good ones.
fn batch(settings: &Settings, minute: u64, now: Moment) -> Vec<Input> {
    let verdict = if minute < 4 {
        Verdict::Fail(Cause::new(Reason::TcpRefused, "refused"))
    } else {
        Verdict::Pass
    };
    let endpoints = settings.endpoints.iter();
    let rounds = endpoints.map(|it| Evidence::certain(it.key.clone(), verdict.clone(), now));
    rounds.map(Input::Round).collect()
}

/// Demands samples with values.
fn readable(page: &[u8]) {
    let page = std::str::from_utf8(page).expect("metrics are text");
    assert!(page.len() > 1000, "no metrics");
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let value = line
            .rsplit_once(' ')
            .and_then(|(_, value)| value.parse::<f64>().ok());
        assert!(
            value.is_some_and(|value| value.is_nan() || value >= 0.0),
            "{line}"
        );
    }
}
