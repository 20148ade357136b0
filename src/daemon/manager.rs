//! What systemd is told, and when: that we are ready, how it stands, that we are alive.

use std::time::Duration;

use tokio::time::Instant;

use super::StartError;
use super::narrator;
use super::pipeline::Pipeline;
use super::progress::{Finding, Flying, Sight, Watchdog};
use super::source::Everything;
use crate::host::systemd::{Message, Notifier};
use crate::model::State;
use crate::model::printable::printable;
use crate::web::{self, Readiness, Source as _};

/// The status is renewed at most so often.
const STATUS_BREATH: Duration = Duration::from_secs(1);
/// It is looked at at least so often: times in it have a date from the next day on.
const STATUS_LOOK: Duration = Duration::from_secs(15);
/// Longest verdict in the status, and longest complaint, in characters.
const LONGEST: usize = 400;
/// How often more time is asked for while the start takes long.
const MORE_EVERY: Duration = Duration::from_secs(10);
/// How much then: what is asked for next comes well before.
const MORE: Duration = Duration::from_secs(30);
/// The start is given up to systemd's patience after so many wishes: it hangs.
const MOST_WISHES: u32 = 90;

/// The service manager, and what it knows of us.
pub(super) struct Manager {
    notifier: Notifier,
    source: Everything,
    watchdog: Watchdog,
    status: String,
    /// What the status was made of, and when.
    made: Option<(Basis, Instant)>,
    reloading: bool,
    /// Every endpoint had a round, once.
    begun: bool,
    /// Why the last reload changed nothing.
    complaint: Option<String>,
}

/// The status changes only if one of these does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Basis {
    revision: u64,
    readiness: Readiness,
}

impl Manager {
    pub(super) fn new(notifier: Notifier, source: Everything) -> Self {
        Self {
            watchdog: Watchdog::new(notifier.watchdog()),
            notifier,
            source,
            status: String::new(),
            made: None,
            reloading: false,
            begun: false,
            complaint: None,
        }
    }

    /// The listeners are served, and all that was remembered is back.
    pub(super) fn ready(&mut self, readiness: Readiness) {
        self.status = self.status(readiness);
        let status = Message::Status(&self.status);
        self.notifier.tell(&[Message::Ready, status]);
    }

    pub(super) fn stopping(&mut self) {
        let status = Message::Status("stopping");
        self.notifier.tell(&[Message::Stopping, status]);
    }

    /// A configuration was read: it is in force, or this is wrong with it, a fault a line.
    pub(super) fn read(&mut self, faults: Option<&str>) {
        self.complaint = faults.map(complaint);
        self.made = None;
    }

    /// A configuration is being read, or not any more. A wish that comes while one is being read
    /// belongs to the same reload.
    fn reading(&mut self, reading: bool, readiness: Readiness) {
        if reading == self.reloading {
            return;
        }
        self.reloading = reading;
        if reading {
            self.notifier.tell(&[Message::Reloading]);
        } else {
            self.ready(readiness);
        }
    }

    /// Renews the status, if it has changed.
    fn renew(&mut self, basis: Basis, now: Instant) {
        let is_fresh = self.made.is_some_and(|(made_of, at)| {
            let age = now.saturating_duration_since(at);
            age < STATUS_BREATH || (made_of == basis && age < STATUS_LOOK)
        });
        if is_fresh {
            return;
        }
        self.made = Some((basis, now));
        let status = self.status(basis.readiness);
        if status != self.status {
            self.status = status;
            self.notifier.tell(&[Message::Status(&self.status)]);
        }
    }

    fn status(&mut self, readiness: Readiness) -> String {
        let Readiness { tried, endpoints } = readiness;
        self.begun |= tried == endpoints;
        let verdict = if self.begun {
            self.verdict()
        } else {
            format!("starting: {tried} of {endpoints} endpoints probed")
        };
        with_complaint(&verdict, self.complaint.as_deref())
    }

    /// The words of `/status.txt`; which networks are down, where there is no group to judge.
    fn verdict(&self) -> String {
        let verdicts = web::verdicts(&self.source);
        if !verdicts.is_empty() {
            return verdicts.join("; ");
        }
        let picture = self.source.picture();
        let networks = picture.snapshot.networks.iter();
        let down = networks.filter(|network| network.state == State::Down);
        let down: Vec<&str> = down.map(|network| &*network.name).collect();
        match down.as_slice() {
            [] => "no network is down".to_owned(),
            down => format!("down: {}", down.join(", ")),
        }
    }
}

impl Pipeline {
    /// Tells how it stands. Call it when all that was due has been started.
    pub(super) fn tell_manager(&mut self, reading: bool) {
        let now = Instant::now();
        let readiness = *self.readiness.borrow();
        let revision = self.engine.revision();
        self.told.manager.reading(reading, readiness);
        let basis = Basis {
            revision,
            readiness,
        };
        self.told.manager.renew(basis, now);
        if self.told.manager.watchdog.is_due(now) {
            let sight = self.sight();
            match self.told.manager.watchdog.look(&sight, now) {
                Finding::Alive => self.told.manager.notifier.tell(&[Message::Alive]),
                Finding::Stuck(what) => narrator::stuck(&what),
                Finding::StillStuck => {}
            }
        }
    }

    fn sight(&self) -> Sight {
        let rounds = self.in_flight.values();
        let round = rounds.min_by_key(|flight| flight.ends);
        let round = round.map(|flight| (Flying::Round(flight.key.clone()), flight.ends));
        let sweep = self.sweep_ends.filter(|_| !self.sweeps.is_empty());
        let sweep = sweep.map(|ends| (Flying::Sweep, ends));
        Sight {
            in_flight: round.into_iter().chain(sweep).min_by_key(|(_, end)| *end),
            neglected: self.timetable.neglected(self.clock.now()),
        }
    }
}

/// Waits for work that the start has to do, and asks for more time while it takes long.
pub(super) async fn patiently<T>(notifier: &mut Notifier, work: impl Future<Output = T>) -> T {
    asking(work, || {
        let status = Message::Status("starting: what was remembered is being read");
        notifier.tell(&[Message::MoreTime(MORE), status]);
    })
    .await
}

async fn asking<T>(work: impl Future<Output = T>, mut ask: impl FnMut()) -> T {
    let mut work = std::pin::pin!(work);
    for _ in 0..MOST_WISHES {
        tokio::select! {
            biased;
            done = work.as_mut() => return done,
            () = tokio::time::sleep(MORE_EVERY) => ask(),
        }
    }
    work.await
}

/// Says why the start has failed: the journal may not know any more whose last words it has.
pub(super) fn failed(error: &StartError) {
    let status = format!("not started: {}", first(&error.to_string()));
    let status = printable(&status, LONGEST);
    Notifier::from_environment().tell(&[Message::Status(&status)]);
}

/// Why a configuration is not in force, in one sentence.
fn complaint(faults: &str) -> String {
    let first = first(faults);
    format!("configuration not reloaded, the old one stays: {first}")
}

/// The first fault, and how many more there are.
fn first(faults: &str) -> String {
    let mut lines = faults.lines();
    let first = lines.next().unwrap_or_default();
    match lines.count() {
        0 => first.to_owned(),
        more => format!("{first} (and {more} more)"),
    }
}

/// The verdict comes first: it is what people look for.
fn with_complaint(verdict: &str, complaint: Option<&str>) -> String {
    let verdict = printable(verdict, LONGEST);
    match complaint {
        Some(complaint) => format!("{verdict}; {}", printable(complaint, LONGEST)),
        None => verdict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_long_start_asks_for_more_time_and_not_for_ever() {
        let mut asked = 0;
        let work = tokio::time::sleep(Duration::from_secs(35));
        asking(work, || asked += 1).await;
        assert_eq!(asked, 3);
        let work = tokio::time::sleep(Duration::from_secs(100_000));
        asking(work, || asked += 1).await;
        assert_eq!(asked, 3 + MOST_WISHES);
    }

    #[test]
    fn a_complaint_names_the_first_fault_and_how_many_there_are() {
        let told = "configuration not reloaded, the old one stays: a.toml:3: x";
        assert_eq!(complaint("a.toml:3: x\n"), told);
        let more = complaint("a.toml:3: x\na.toml:4: y\na.toml:5: z");
        assert_eq!(more, format!("{told} (and 2 more)"));
    }

    #[test]
    fn the_status_is_one_line_of_bounded_length_and_the_verdict_comes_first() {
        let told = with_complaint("a: b", Some("configuration not reloaded"));
        assert_eq!(told, "a: b; configuration not reloaded");
        let long = "a\n".repeat(1000);
        let told = with_complaint(&long, Some(&long));
        assert_eq!(told.chars().count(), 2 * (LONGEST + 1) + 2);
        assert!(!told.contains('\n'));
    }
}
