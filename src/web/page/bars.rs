//! Bars of the past: as many of the same width as there are hours or days, one path a state.
//!
//! A bar is full where the channel was up all the time that was watched. Trouble stands at its
//! foot, as high as its share of the time but never too low to be seen, and hangs below the line:
//! deep for down, less for degraded. Time that was not watched is a grey stub, or a grey top.

use std::fmt::Write as _;
use std::time::Duration;

use maud::{Markup, html};

use super::{Bars, Sheet};
use crate::model::State;
use crate::report::words::timestamp;
use crate::web::source::Share;

/// Units from one bar to the next. A bar takes two of them.
const STEP: usize = 3;
/// Height of a full bar.
const FULL: u32 = 24;
/// How far trouble hangs below the line.
const DEEP: u32 = 6;
/// Height of the stub of a bar that was not watched.
const STUB: u32 = 6;
/// The least height of trouble above the line.
const LEAST: u32 = 2;
/// Below that a gap is the daemon's own restart, and no news.
pub(super) const GAP: Duration = Duration::from_secs(600);

impl Share {
    pub(super) fn of(&self, state: State) -> Duration {
        self.state_time[state as usize]
    }

    pub(super) fn observed(&self) -> Duration {
        let watched = self.state_time.iter().sum::<Duration>();
        watched.saturating_sub(self.of(State::Unknown))
    }

    pub(super) fn unobserved(&self) -> Duration {
        self.length.saturating_sub(self.observed())
    }

    /// It has just begun: nothing can be said of it yet.
    fn is_new(&self) -> bool {
        self.length < Duration::from_secs(1)
    }

    /// Nobody watched.
    pub(super) fn is_void(&self) -> bool {
        !self.is_new() && self.observed() < Duration::from_secs(1)
    }

    /// Something is to be told of it.
    pub(super) fn is_troubled(&self) -> bool {
        let trouble = [State::Degraded, State::Down, State::Maintenance];
        let second = Duration::from_secs(1);
        !self.is_new() && trouble.into_iter().any(|state| self.of(state) >= second)
    }

    /// The height of a part.
    fn height(&self, part: Duration) -> u32 {
        if part < Duration::from_secs(1) || self.is_new() {
            return 0;
        }
        let share = part.as_secs_f64() / self.length.as_secs_f64();
        let height = (share * f64::from(FULL)).round().min(f64::from(FULL));
        (height as u32).max(LEAST)
    }
}

/// One path a state.
#[derive(Debug, Default, PartialEq)]
struct Paths {
    up: String,
    void: String,
    gap: String,
    maintenance: String,
    degraded: String,
    down: String,
}

impl Paths {
    fn of(shares: &[Share], bars: Bars) -> Self {
        let mut paths = Self::default();
        let middle = FULL / 2;
        let watched = |it: &Share| !it.is_void() && !it.is_new();
        runs(&mut paths.up, shares, middle, watched);
        runs(&mut paths.void, shares, FULL - STUB / 2, Share::is_void);
        for (place, share) in shares.iter().enumerate().filter(|(_, it)| watched(it)) {
            paths.put(place * STEP + 1, share, bars);
        }
        paths
    }

    fn put(&mut self, x: usize, share: &Share, bars: Bars) {
        let mut foot = FULL;
        for (path, state, deep) in [
            (&mut self.down, State::Down, DEEP),
            (&mut self.degraded, State::Degraded, DEEP / 2),
            (&mut self.maintenance, State::Maintenance, 0),
        ] {
            let height = share.height(share.of(state)).min(foot);
            if height == 0 {
                continue;
            }
            // What stands on something else does not hang.
            let below = if foot == FULL { deep } else { 0 };
            let (from, length) = (foot + below, height + below);
            // Nothing can be wrong with writing to a text.
            let _ = write!(path, "M{x} {from}v-{length}");
            foot -= height;
            if bars == Bars::Worst {
                return;
            }
        }
        let gap = share.unobserved();
        let height = if gap >= GAP { share.height(gap) } else { 0 };
        if height.min(foot) > 0 {
            let _ = write!(self.gap, "M{x} 0v{}", height.min(foot));
        }
    }
}

/// Bars beside each other that look the same are one broken line.
fn runs(path: &mut String, shares: &[Share], y: u32, is: impl Fn(&Share) -> bool) {
    let mut place = 0;
    for run in shares.chunk_by(|a, b| is(a) == is(b)) {
        if is(&run[0]) {
            let _ = write!(path, "M{} {y}h{}", place * STEP, run.len() * STEP);
        }
        place += run.len();
    }
}

/// The bars, with words for who does not see them.
pub(super) fn drawn(sheet: Sheet<'_>, shares: &[Share], words: &str, of_days: bool) -> Markup {
    let paths = Paths::of(shares, sheet.detail.bars);
    let box_of = format!("0 0 {} {}", (shares.len() * STEP).max(1), FULL + DEEP);
    let class = if of_days { "b days" } else { "b hours" };
    html! {
        svg class=(class) viewBox=(box_of) preserveAspectRatio="none" role="img" aria-label=(words) {
            @for (class, path) in [
                ("u", &paths.up),
                ("n", &paths.void),
                ("p", &paths.gap),
                ("a", &paths.maintenance),
                ("d", &paths.degraded),
                ("x", &paths.down),
            ] {
                @if !path.is_empty() { path class=(class) d=(path) {} }
            }
            @for (place, text) in tips(sheet, shares, of_days) {
                path.t d={ "M" (place * STEP + 1) " 0v" (FULL + DEEP) } { title { (text) } }
            }
        }
    }
}

/// What the newest bars with trouble say when they are pointed at.
fn tips(sheet: Sheet<'_>, shares: &[Share], of_days: bool) -> Vec<(usize, String)> {
    let troubled = shares.iter().enumerate().filter(|(_, it)| it.is_troubled());
    let newest = troubled.rev().take(sheet.detail.tips);
    let texts = newest.map(|(place, share)| {
        let when: String = timestamp(share.from).chars().take(16).collect();
        let (day, hour) = when.split_once('T').unwrap_or((&when, ""));
        let when = if of_days {
            day.to_owned()
        } else {
            format!("{hour} UTC")
        };
        (place, sheet.tongue.pair(&when, &told(sheet, share)))
    });
    texts.collect()
}

/// `down 14m, degraded 3m, not observed 2h`.
pub(super) fn told(sheet: Sheet<'_>, share: &Share) -> String {
    let tongue = sheet.tongue;
    let states = [State::Down, State::Degraded, State::Maintenance];
    let mut parts: Vec<String> = states
        .into_iter()
        .filter(|state| share.of(*state) >= Duration::from_secs(1))
        .map(|state| format!("{} {}", tongue.state(state), tongue.span(share.of(state))))
        .collect();
    if share.unobserved() >= GAP {
        let gap = tongue.span(share.unobserved());
        parts.push(format!("{} {gap}", tongue.labels().not_observed));
    }
    parts.join(", ")
}
