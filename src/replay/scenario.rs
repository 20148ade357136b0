//! What a scenario means: the file read, held against its own configuration, and every fault told
//! with file and line.

use std::path::Path;
use std::time::{Duration, SystemTime};

use super::file::{EventTable, File, Line};
use super::phase::{Ours, Phase};
use super::value::Wanted;
use crate::config::decode::Reader;
use crate::config::fault::{At, Fault, Place, printable, printable_long};
use crate::config::{Environment, Faults, Settings, load_text};
use crate::model::{Activation, EndpointKey, Layer, State, UplinkState};

/// The longest time that is replayed.
const LONGEST: Duration = Duration::from_secs(400 * 86_400);

/// A recorded outage, what is known of it, and what must come of it.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// One line: who, when, what.
    pub title: String,
    /// When it begins.
    pub start: SystemTime,
    /// How long it is.
    pub duration: Duration,
    /// Where all chance comes from.
    pub seed: u64,
    /// The configuration of the prober.
    pub settings: Settings,
    pub(super) lines: Vec<Course>,
    pub(super) ours: Vec<(Duration, Ours)>,
    pub(super) events: Vec<Awaited>,
    /// When, and what.
    pub(super) values: Vec<(Duration, Wanted)>,
}

/// What some endpoints do.
#[derive(Clone, Debug)]
pub(super) struct Course {
    pub(super) endpoints: Vec<EndpointKey>,
    /// From when each phase holds.
    pub(super) phases: Vec<(Duration, Phase)>,
}

/// Something that must happen.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Awaited {
    pub(super) from: Duration,
    pub(super) until: Duration,
    /// Any number of times, but once at least.
    pub(super) often: bool,
    pub(super) what: Turn,
}

/// A change that can be awaited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// A network or an endpoint enters a state.
    State {
        of: String,
        state: State,
        layer: Option<Layer>,
    },
    /// A group has another active network; `None` where the file does not say which or why.
    Active {
        group: String,
        network: Option<String>,
        reason: Option<Activation>,
    },
    /// Our own connection enters a state.
    Uplink(UplinkState),
}

impl Scenario {
    /// Reads a scenario: `file` is what faults call it, `base` where relative paths of its
    /// configuration start from.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(
        file: &str,
        base: &Path,
        text: &str,
        environment: &Environment,
    ) -> Result<Self, Faults> {
        let document = Reader::document::<File>(file, Some(base), text);
        if document.syntax {
            return Err(Faults(document.faults));
        }
        let mut compiler = Compiler {
            root: Place {
                file: file.into(),
                line: Some(1),
                offset: 0,
                key: "".into(),
            },
            faults: document.faults,
            start: SystemTime::UNIX_EPOCH,
            duration: Duration::ZERO,
        };
        let scenario = compiler.scenario(file, base, &document.table, environment);
        match scenario {
            Some(scenario) if compiler.faults.is_empty() => Ok(scenario),
            _ => {
                compiler.faults.sort_by_key(|fault| fault.line);
                Err(Faults(compiler.faults))
            }
        }
    }

    /// How many events and how many values it asks for.
    #[must_use]
    pub fn expectations(&self) -> (usize, usize) {
        (self.events.len(), self.values.len())
    }

    /// The wall clock so long after the start.
    #[must_use]
    pub fn wall(&self, offset: Duration) -> SystemTime {
        self.start + offset
    }
}

struct Compiler {
    root: Place,
    faults: Vec<Fault>,
    start: SystemTime,
    duration: Duration,
}

impl Compiler {
    fn scenario(
        &mut self,
        file: &str,
        base: &Path,
        table: &File,
        environment: &Environment,
    ) -> Option<Scenario> {
        for (key, text) in [("happened", &table.happened), ("title", &table.title)] {
            self.required(&self.root.clone(), key, text.as_ref());
        }
        let start = self.required(&self.root.clone(), "start", table.start.as_ref());
        let duration = self.required(&self.root.clone(), "duration", table.duration.as_ref());
        let config = self.required(&self.root.clone(), "config", table.config.as_ref());
        if let Some(at) = start {
            match at.value.parse::<jiff::Timestamp>() {
                Ok(moment) => self.start = SystemTime::from(moment),
                Err(_) => self.fail(at, "is not a time such as \"2025-05-24T12:00:00Z\""),
            }
        }
        if let Some(at) = duration {
            self.duration = at.value.0;
            if at.value.0 > LONGEST || at.value.0.is_zero() {
                self.fail(at, "must be longer than nothing and at most 400d");
            }
        }
        let settings = self.settings(file, base, config?, environment)?;
        let seed = u64::from(table.seed().value);
        let lines = table.timeline.iter().flat_map(|at| &at.value);
        let lines: Vec<Course> = lines
            .filter_map(|line| self.course(line, &settings))
            .collect();
        let prober = table.prober.as_ref().map(|at| &at.value);
        let ours = prober.map_or_else(Vec::new, |prober| {
            let from = self.moment_or(prober.from.as_ref(), Duration::ZERO);
            let phases = prober.phases.iter().flat_map(|at| &at.value);
            self.sequence(from, phases, Ours::parse)
        });
        let expect = table.expect.as_ref().map(|at| &at.value);
        let tables = expect.and_then(|it| it.event.as_ref());
        let events = tables.iter().flat_map(|at| &at.value);
        let events = events
            .filter_map(|event| self.awaited(event, &settings))
            .collect();
        let mut values = Vec::new();
        let tables = expect.and_then(|it| it.values.as_ref());
        for table in tables.iter().flat_map(|at| &at.value) {
            let at = self.moment_or(table.value.at.as_ref(), self.duration);
            for text in table.value.are.iter().flat_map(|at| &at.value) {
                match Wanted::parse(&text.value) {
                    Ok(wanted) => values.push((at, wanted)),
                    Err(sentence) => self.fail(text, sentence),
                }
            }
        }
        values.sort_by_key(|(at, _)| *at);
        Some(Scenario {
            title: table.title.as_ref()?.value.clone(),
            start: self.start,
            duration: self.duration,
            seed,
            settings,
            lines,
            ours,
            events,
            values,
        })
    }

    /// Loads the configuration inside. Empty lines before it give its faults the right lines.
    fn settings(
        &mut self,
        file: &str,
        base: &Path,
        at: &At<String>,
        environment: &Environment,
    ) -> Option<Settings> {
        let line = at.place.line.unwrap_or(1);
        let before = if at.value.contains('\n') {
            line
        } else {
            line - 1
        };
        let padded = format!("{}{}", "\n".repeat(before), at.value);
        // What has a date in it is past or to come as seen from then.
        let then = Environment {
            now: self.start,
            ..environment.clone()
        };
        match load_text(file, base, &padded, &then) {
            Ok(loaded) => Some(loaded.settings),
            Err(faults) => {
                self.faults.extend(faults.0);
                None
            }
        }
    }

    fn course(&mut self, line: &At<Line>, settings: &Settings) -> Option<Course> {
        let patterns = self.required(&line.place, "endpoints", line.value.endpoints.as_ref());
        let phases = self.required(&line.place, "phases", line.value.phases.as_ref());
        let mut endpoints = Vec::new();
        for at in &patterns?.value {
            let before = endpoints.len();
            let keys = settings.endpoints.iter().map(|endpoint| &endpoint.key);
            endpoints.extend(keys.filter(|key| fits(&at.value, key)).cloned());
            if endpoints.len() == before {
                let shown = printable(&at.value);
                self.fail(at, format!("`{shown}` is no endpoint of the configuration"));
            }
        }
        let from = self.moment_or(line.value.from.as_ref(), Duration::ZERO);
        let parse = |text: &str| Phase::parse(text).map(|phase| (phase.clone(), phase.length));
        let phases = self.sequence(from, &phases?.value, parse);
        Some(Course { endpoints, phases })
    }

    /// Phases one after the other, each with the moment from which it holds.
    fn sequence<'a, T>(
        &mut self,
        from: Duration,
        phases: impl IntoIterator<Item = &'a At<String>>,
        parse: impl Fn(&str) -> Result<(T, Option<Duration>), String>,
    ) -> Vec<(Duration, T)> {
        let mut all = Vec::new();
        let mut next = Some(from);
        for at in phases {
            let Some(begin) = next else {
                self.fail(at, "comes behind a phase without a length, and so never");
                return all;
            };
            match parse(&at.value) {
                Ok((what, length)) => {
                    all.push((begin, what));
                    next = length.map(|length| begin.saturating_add(length));
                }
                Err(sentence) => self.fail(at, sentence),
            }
        }
        all
    }

    fn awaited(&mut self, event: &At<EventTable>, settings: &Settings) -> Option<Awaited> {
        let table = &event.value;
        let at = self.required(&event.place, "at", table.at.as_ref())?;
        let from = self.moment(at)?;
        let what = match (&table.of, &table.group, &table.uplink) {
            (Some(of), None, None) => {
                let state = self.required(&event.place, "state", table.state.as_ref())?;
                let networks = settings.plan.networks.iter();
                let known = networks
                    .flat_map(|it| &it.endpoints)
                    .any(|it| it.key.to_string() == of.value || *it.key.network == of.value);
                if !known {
                    self.fail(of, "is no network and no endpoint of the configuration");
                }
                Turn::State {
                    of: of.value.clone(),
                    state: self.word(state, &State::ALL, |state| state.as_str())?,
                    layer: match &table.layer {
                        Some(at) => Some(self.word(at, &Layer::ALL, |layer| layer.as_str())?),
                        None => None,
                    },
                }
            }
            (None, Some(group), None) => {
                let mut groups = settings.plan.groups.iter();
                match groups.find(|plan| *plan.name == group.value) {
                    None => self.fail(group, "is no group of the configuration"),
                    Some(plan) => self.member(table.active.as_ref(), &plan.networks),
                }
                Turn::Active {
                    group: group.value.clone(),
                    network: table.active.as_ref().map(|at| at.value.clone()),
                    reason: match &table.reason {
                        Some(at) => Some(self.word(at, &Activation::ALL, |it| it.as_str())?),
                        None => None,
                    },
                }
            }
            (None, None, Some(state)) => {
                Turn::Uplink(self.word(state, &UplinkState::ALL, |state| state.as_str())?)
            }
            _ => {
                let sentence = "must have one of `of`, `group` and `uplink`";
                self.faults.push(event.fault(sentence));
                return None;
            }
        };
        Some(Awaited {
            from,
            until: from.saturating_add(table.within().value.0),
            often: table.often().value,
            what,
        })
    }

    fn member(&mut self, active: Option<&At<String>>, networks: &[crate::model::Name]) {
        if let Some(at) = active
            && at.value != "none"
            && !networks.iter().any(|name| **name == *at.value)
        {
            self.fail(at, "is no network of the group, nor `none`");
        }
    }

    fn required<'a, T>(
        &mut self,
        place: &Place,
        key: &str,
        value: Option<&'a At<T>>,
    ) -> Option<&'a At<T>> {
        let wrong = |fault: &Fault| fault.key.as_deref() == Some(&*place.below(key).key);
        if value.is_none() && !self.faults.iter().any(wrong) {
            self.faults.push(place.below(key).fault("is missing"));
        }
        value
    }

    fn word<T: Copy>(
        &mut self,
        at: &At<String>,
        all: &[T],
        as_str: impl Fn(&T) -> &'static str,
    ) -> Option<T> {
        let found = all.iter().find(|word| as_str(word) == at.value).copied();
        if found.is_none() {
            let words: Vec<&str> = all.iter().map(as_str).collect();
            self.fail(at, format!("must be one of {}", words.join(", ")));
        }
        found
    }

    fn moment_or(&mut self, at: Option<&At<String>>, default: Duration) -> Duration {
        at.and_then(|at| self.moment(at)).unwrap_or(default)
    }

    /// A moment: so long after the start (`1h 5m`), or a time in UTC.
    fn moment(&mut self, at: &At<String>) -> Option<Duration> {
        let found = humantime::parse_duration(&at.value)
            .ok()
            .or_else(|| self.clock_time(&at.value));
        match found {
            None => self.fail(
                at,
                "is no moment: write \"1h 5m\" (after the start), \"13:05\" or \
                 \"2025-05-24T13:05:00Z\" (UTC, not before the start)",
            ),
            Some(moment) if moment > self.duration => self.fail(at, "is after the end"),
            Some(_) => {}
        }
        found
    }

    fn clock_time(&self, text: &str) -> Option<Duration> {
        if let Ok(moment) = text.parse::<jiff::Timestamp>() {
            return SystemTime::from(moment).duration_since(self.start).ok();
        }
        let time: jiff::civil::Time = text.parse().ok()?;
        let start = jiff::Timestamp::try_from(self.start).ok()?;
        let begun = jiff::tz::Offset::UTC.to_datetime(start).time();
        let day = jiff::Span::new().hours(24);
        let later = time.duration_since(begun);
        let day = day
            .to_duration(jiff::SpanRelativeTo::days_are_24_hours())
            .ok()?;
        let later = if later.is_negative() {
            later + day
        } else {
            later
        };
        Duration::try_from(later).ok()
    }

    fn fail<T>(&mut self, at: &At<T>, sentence: impl Into<String>) {
        self.faults.push(at.fault(printable_long(&sentence.into())));
    }
}

/// Whether a pattern (`x/*`, `*/dns`, `*`) means an endpoint.
fn fits(pattern: &str, key: &EndpointKey) -> bool {
    let (network, endpoint) = pattern.split_once('/').unwrap_or((pattern, "*"));
    let like = |pattern: &str, name: &str| match pattern.split_once('*') {
        None => pattern == name,
        Some((head, tail)) => {
            name.len() >= head.len() + tail.len() && name.starts_with(head) && name.ends_with(tail)
        }
    };
    like(network, &key.network) && like(endpoint, &key.endpoint)
}
