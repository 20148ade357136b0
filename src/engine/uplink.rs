//! Is it us? What is known of our own connection, family by family.
//!
//! Anything beyond our own network that answers proves its family: a probed network as well as a
//! canary. So canaries are asked only when failures start, all at once. A family is down when
//! every canary of it failed and nothing has answered since; unless no canary ever answered, for
//! then the canaries are what does not work, and only networks can prove anything.

use std::time::Duration;

use super::input::Sweep;
use super::memory::UplinkMemory;
use super::plan::UplinkPlan;
use super::witnesses::Witnesses;
use crate::model::{
    Doubt, Event, Families, Family, Moment, Name, Standing, UplinkBooks, UplinkState, UplinkView,
};

/// Between two sweeps while nothing answers.
const RESWEEP: Duration = Duration::from_secs(5);
/// Between two sweeps at least.
const BREATH: Duration = Duration::from_secs(1);
/// A proof as young as this makes a sweep needless where nothing has failed yet.
const YOUNG: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, Default)]
struct Line {
    state: UplinkState,
    /// Start of the last thing that proved it.
    proven: Option<Moment>,
    /// Start of the sweep that found it down.
    refuted: Option<Moment>,
    /// Start of what proved it again after it had been down.
    back_since: Option<Moment>,
    canary_answered: bool,
}

/// What is known of one thing that a verdict rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    Proven,
    Refuted,
    Open,
}

/// A round that failed, for a network, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failed<'a> {
    pub(super) network: &'a Name,
    pub(super) started: Moment,
    pub(super) ended: Moment,
}

#[derive(Clone, Debug)]
pub(super) struct Uplink {
    plan: UplinkPlan,
    lines: [Line; 2],
    /// What networks hear over each family: all there is where no canary ever answered.
    heard: [Witnesses; 2],
    since: Moment,
    gateway: Option<bool>,
    /// When all canaries are to be asked.
    sweep_at: Option<Moment>,
    last_sweep: Option<Moment>,
    /// Something answered the last one.
    last_answered: bool,
    /// Start of the first round since the last proof that speaks against our own side.
    doubted_since: Option<Moment>,
    books: UplinkBooks,
}

impl Uplink {
    pub(super) fn new(plan: UplinkPlan, now: Moment) -> Self {
        Self {
            plan,
            lines: [Line::default(); 2],
            heard: [Witnesses::default(), Witnesses::default()],
            since: now,
            gateway: None,
            // Also where networks answer: canaries that were never heard are not believed.
            sweep_at: (plan.enabled && !plan.canaries.is_empty()).then_some(now),
            last_sweep: None,
            last_answered: false,
            doubted_since: None,
            books: UplinkBooks::new(now),
        }
    }

    pub(super) fn adopt(&mut self, plan: UplinkPlan, now: Moment) {
        let before = std::mem::replace(&mut self.plan, plan);
        if before.enabled && !plan.enabled {
            self.lines = [Line::default(); 2];
            self.sweep_at = None;
        }
        if plan.enabled && plan != before && !plan.canaries.is_empty() {
            self.sweep_at = Some(now);
        }
    }

    /// Whether failures are to be proven at all.
    pub(super) const fn is_judged(&self) -> bool {
        self.plan.enabled
    }

    /// Whether everything is held for lack of proof.
    pub(super) fn is_down(&self) -> bool {
        self.any() == UplinkState::Down
    }

    fn any(&self) -> UplinkState {
        let is = |state| self.lines.iter().any(|line| line.state == state);
        if is(UplinkState::Up) {
            UplinkState::Up
        } else if is(UplinkState::Down) {
            UplinkState::Down
        } else {
            UplinkState::Unknown
        }
    }

    /// Of: any family, IPv4, IPv6.
    fn states(&self) -> [UplinkState; 3] {
        [self.any(), self.lines[0].state, self.lines[1].state]
    }

    /// Something that started at `started` answered over these families.
    pub(super) fn prove(&mut self, families: Families, started: Moment) {
        for family in families.iter() {
            let line = &mut self.lines[family as usize];
            line.proven = line.proven.max(Some(started));
            // What was already under way when the canaries failed proves nothing of the time since.
            if line.refuted.is_none_or(|at| started >= at) {
                if line.state == UplinkState::Down {
                    line.back_since = Some(started);
                }
                line.state = UplinkState::Up;
                line.refuted = None;
            }
            if self.doubted_since.is_some_and(|since| since <= started) {
                self.doubted_since = None;
            }
        }
    }

    /// A round that started at `started` failed, or could not be run, in a way that may be ours.
    pub(super) fn doubt(&mut self, started: Moment, urgent: bool, now: Moment) {
        if !self.plan.enabled || self.plan.canaries.is_empty() {
            return;
        }
        let since = self.doubted_since.get_or_insert(started);
        *since = started.min(*since);
        if self.is_down() {
            return;
        }
        let earliest = self.last_sweep.map_or(now, |last| last + BREATH);
        let wanted = if urgent { now } else { now + RESWEEP };
        let at = wanted.max(earliest);
        self.sweep_at = Some(self.sweep_at.map_or(at, |planned| planned.min(at)));
    }

    /// Whether something has answered so lately that nothing need be asked for.
    pub(super) fn is_fresh(&self, now: Moment) -> bool {
        let mut proven = self.lines.iter().filter_map(|line| line.proven);
        proven.any(|at| now.since(at) < YOUNG)
    }

    /// All canaries were asked.
    pub(super) fn swept(&mut self, sweep: &Sweep, now: Moment) {
        if !self.plan.enabled {
            return;
        }
        self.last_sweep = Some(sweep.started);
        self.last_answered = sweep.answered.contains(&Some(true));
        self.sweep_at = None;
        for (family, answered) in Family::ALL.into_iter().zip(sweep.answered) {
            if answered == Some(true) {
                self.lines[family as usize].canary_answered = true;
                self.prove(Families::only(family), sweep.started);
            }
        }
        let canaries_work = self.lines.iter().any(|line| line.canary_answered);
        for (family, answered) in Family::ALL.into_iter().zip(sweep.answered) {
            let line = &mut self.lines[family as usize];
            if !self.plan.canaries.contains(family)
                || answered == Some(true)
                || line.proven.is_some_and(|at| at >= sweep.started)
            {
                continue;
            }
            let believed = match answered {
                // Where canaries of the other family answer and nothing ever did over this one,
                // it is the family that does not work.
                Some(_) => line.canary_answered || (canaries_work && line.proven.is_none()),
                // Nothing could be asked any more: the route is gone. A machine that never had
                // one just lacks the family.
                None => sweep.no_route[family as usize] && line.state == UplinkState::Up,
            };
            if believed {
                line.state = UplinkState::Down;
                line.refuted = Some(sweep.started);
            }
        }
        self.gateway = sweep.gateway.or(self.gateway);
        if self.is_down() {
            self.sweep_at = Some(now + RESWEEP);
        } else if !self
            .lines
            .iter()
            .any(|line| line.state == UplinkState::Down)
        {
            self.gateway = None;
        }
    }

    /// What a network has heard over the families.
    pub(super) fn hear(&mut self, network: &Name, standing: &Standing, started: Moment) {
        let silent = match standing.doubt.as_deref() {
            Some(Doubt::Addresses { families, .. }) => *families,
            _ => Families::NONE,
        };
        for (family, heard) in Family::ALL.into_iter().zip(&mut self.heard) {
            if standing.proves.contains(family) {
                heard.answered(network, started);
            }
            if silent.contains(family) {
                heard.silent(network, started);
            }
        }
    }

    /// Keeps only what is still of use.
    pub(super) fn forget(&mut self, older_than: Moment) {
        for heard in &mut self.heard {
            heard.forget(older_than);
        }
    }

    /// Whether a family was proven, as far as this failure is concerned, by something that started
    /// after its end.
    pub(super) fn family(&self, family: Family, failed: Failed<'_>) -> Proof {
        let line = &self.lines[family as usize];
        let proven = line.proven.is_some_and(|at| at >= failed.ended);
        // What was under way while the family was down says nothing, also if it ended later.
        let overtaken = line.back_since.is_some_and(|back| failed.started < back);
        if overtaken || (line.state == UplinkState::Down && !proven) {
            return Proof::Refuted;
        }
        let canaries_work = self.lines.iter().any(|line| line.canary_answered);
        if self.plan.canaries.contains(family) && canaries_work {
            return if proven { Proof::Proven } else { Proof::Open };
        }
        self.heard[family as usize].proof(failed.network, failed.ended)
    }

    /// Whether any family was.
    pub(super) fn any_family(&self, failed: Failed<'_>) -> Proof {
        let proofs = Family::ALL.map(|family| self.family(family, failed));
        let up = self
            .lines
            .iter()
            .zip(proofs)
            .filter(|(line, _)| line.state == UplinkState::Up);
        let mut up = up.map(|(_, proof)| proof).peekable();
        if proofs.contains(&Proof::Proven) {
            Proof::Proven
        } else if self.is_down() || (up.peek().is_some() && up.all(|proof| proof == Proof::Refuted))
        {
            Proof::Refuted
        } else {
            Proof::Open
        }
    }

    /// Some round still waits for proof after a sweep.
    pub(super) fn ask_again(&mut self, now: Moment) {
        if !self.plan.enabled || self.plan.canaries.is_empty() || self.sweep_at.is_some() {
            return;
        }
        let pause = if self.last_answered { BREATH } else { RESWEEP };
        let earliest = self.last_sweep.map_or(now, |last| last + pause);
        self.sweep_at = Some(now.max(earliest));
    }

    /// When all canaries are to be asked, if they are.
    pub(super) const fn sweep_at(&self) -> Option<Moment> {
        self.sweep_at
    }

    /// Since when nothing is proven, as far as it is known.
    pub(super) fn lost_since(&self) -> Option<Moment> {
        // One family may have been down long before the other.
        let refuted = self.lines.iter().filter_map(|line| line.refuted).max();
        self.doubted_since.into_iter().chain(refuted).min()
    }

    /// The last proof of any family.
    pub(super) fn proven_at(&self) -> Option<Moment> {
        self.lines.iter().filter_map(|line| line.proven).max()
    }

    /// Books the time until a moment to these states.
    pub(super) fn book(&mut self, until: Moment, states: [UplinkState; 3]) {
        let passed = until.since(self.books.booked_until);
        if passed.is_zero() {
            return;
        }
        for (times, state) in self.books.state_time.iter_mut().zip(states) {
            times[state as usize] += passed;
        }
        self.books.booked_until = until;
    }

    /// What has changed since the states were `before`.
    pub(super) fn changes(&mut self, before: [UplinkState; 3], now: Moment) -> Vec<Event> {
        let after = self.states();
        if before != after {
            self.book(now, before);
        }
        if before[0] != after[0] {
            self.since = match after[0] {
                UplinkState::Down => self.lost_since().unwrap_or(now),
                _ => now,
            };
        }
        let families = [None, Some(Family::Ipv4), Some(Family::Ipv6)];
        let pairs = families.into_iter().zip(before.into_iter().zip(after));
        pairs
            .filter(|(_, (from, to))| from != to)
            .map(|(family, (from, to))| Event::Uplink {
                family,
                from,
                to,
                gateway: self.gateway,
            })
            .collect()
    }

    /// The states, to be held against later ones.
    pub(super) fn reading(&self) -> [UplinkState; 3] {
        self.states()
    }

    pub(super) fn view(&self, mute: bool) -> UplinkView {
        UplinkView {
            mute,
            states: self.states(),
            since: self.since,
            gateway: self.gateway,
            books: self.books.clone(),
        }
    }

    pub(super) fn memory(&self) -> UplinkMemory {
        let answered = Family::ALL
            .into_iter()
            .filter(|family| self.lines[*family as usize].canary_answered);
        UplinkMemory {
            canaries_answered: answered.fold(Families::NONE, Families::with),
            states: self.states(),
            books: self.books.clone(),
        }
    }

    /// What is remembered of it; nothing was seen between `seen` and `now`.
    pub(super) fn restore(
        plan: UplinkPlan,
        memory: &UplinkMemory,
        (seen, now): (Moment, Moment),
    ) -> Self {
        let mut uplink = Self::new(plan, now);
        for family in memory.canaries_answered.iter() {
            uplink.lines[family as usize].canary_answered = true;
        }
        uplink.books = memory.books.clone();
        uplink.book(seen, memory.states);
        uplink.book(now, [UplinkState::Unknown; 3]);
        uplink
    }
}
