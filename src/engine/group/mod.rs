//! Level 3: which network a group should use now, and what is left to fall back to.
//!
//! The timers of a group run by the *proven time*, which stands still while the uplink is not
//! proven: a cut cable neither brings a switch nearer nor undoes the wait for one.

mod candidate;
mod redundancy;

use std::time::Duration;

use super::memory::GroupMemory;
use super::plan::{GroupPlan, Preempt};
use crate::model::{Activation, GroupBooks, Moment, Name, State};
use candidate::{pinned, replacement};
use redundancy::Shown;

pub(super) use candidate::{Candidate, Now};

/// The memory of one group.
#[derive(Clone, Debug)]
pub(super) struct Group {
    active: Option<Name>,
    /// Some network has been active since the first start.
    started: bool,
    /// The channel was lost, and there has been none since: its first failed probe.
    lost_since: Option<Moment>,
    /// No network was usable when it was last looked at.
    exhausted: bool,
    books: GroupBooks,
    /// What readers were shown when it was last judged.
    pub(super) last_shown: Option<Shown>,
    /// Start of the grace for networks that are still unknown, by the proven time.
    begun: Duration,
    /// Since when the active network has been unknown, by the proven time.
    unknown_since: Option<Duration>,
    standbys: u32,
    standby_domains: u32,
    /// When it must be looked at again, if nothing happens before.
    deadline: Option<Moment>,
}

/// A change of the active network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Switch {
    pub(super) from: Option<Name>,
    pub(super) to: Option<Name>,
    pub(super) reason: Activation,
}

impl Group {
    pub(super) fn new(plan: &GroupPlan, now: Now) -> Self {
        Self {
            active: None,
            started: false,
            lost_since: None,
            exhausted: false,
            books: GroupBooks::new(&plan.networks, now.moment),
            last_shown: None,
            begun: now.proven,
            unknown_since: None,
            standbys: 0,
            standby_domains: 0,
            deadline: None,
        }
    }

    /// Time was not seen, or nothing was proven: the grace and the hold begin anew.
    pub(super) const fn thaw(&mut self, proven: Duration) {
        self.begun = proven;
        self.unknown_since = None;
    }

    /// Books the time until a moment. Time that cannot be judged counts for the active network,
    /// and for no number of standbys.
    pub(super) fn book(&mut self, until: Moment, judged: bool) {
        let passed = until.since(self.books.booked_until);
        if passed.is_zero() {
            return;
        }
        let active = &self.active;
        if let Some((_, time)) = self
            .books
            .active_time
            .iter_mut()
            .find(|(name, _)| name == active)
        {
            *time += passed;
        }
        if judged {
            self.books.standby_time[bucket(self.standbys)] += passed;
            self.books.domain_time[bucket(self.standby_domains)] += passed;
        }
        self.books.booked_until = until;
    }

    /// Chooses the active network anew, and counts what is left besides it. `judged` says whether
    /// the time until now could be judged.
    pub(super) fn judge(
        &mut self,
        plan: &GroupPlan,
        networks: &[Candidate<'_>],
        now: Now,
        judged: bool,
    ) -> Option<Switch> {
        let (active, standbys) = (self.active.clone(), (self.standbys, self.standby_domains));
        let switch = self.choose(plan, networks, now);
        self.count_standbys(plan, networks);
        let now_standbys = (self.standbys, self.standby_domains);
        if active != self.active || standbys != now_standbys {
            // The time until now belongs to what was before.
            let active = std::mem::replace(&mut self.active, active);
            (self.standbys, self.standby_domains) = standbys;
            self.book(now.moment, judged);
            self.active = active;
            (self.standbys, self.standby_domains) = now_standbys;
        }
        switch
    }

    fn choose(&mut self, plan: &GroupPlan, networks: &[Candidate<'_>], now: Now) -> Option<Switch> {
        let gone = self
            .active
            .as_ref()
            .is_some_and(|active| !plan.networks.contains(active));
        if now.frozen && !gone {
            return None;
        }
        self.watch_unknown(networks, now);
        let decision = self.decide(plan, networks, now);
        let switch = decision.map(|(to, reason)| self.switch(to, reason, networks, now));
        self.watch_exhaustion(plan, networks, now);
        switch
    }

    fn watch_unknown(&mut self, networks: &[Candidate<'_>], now: Now) {
        let unknown = networks
            .iter()
            .any(|c| Some(c.name) == self.active.as_ref() && c.state == State::Unknown);
        if unknown {
            self.unknown_since.get_or_insert(now.proven);
        } else {
            self.unknown_since = None;
        }
    }

    /// The network to switch to, and why; `None` if all stays as it is.
    fn decide(
        &self,
        plan: &GroupPlan,
        networks: &[Candidate<'_>],
        now: Now,
    ) -> Option<(Option<Name>, Activation)> {
        if let Some(pinned) = pinned(plan, networks, now) {
            let is_active = self.active.as_ref() == Some(&pinned);
            return (!is_active).then_some((Some(pinned), Activation::Manual));
        }
        let Some(active) = &self.active else {
            let first = self.first(plan, networks, now)?;
            let reason = if self.started {
                Activation::Recovery
            } else {
                Activation::Startup
            };
            return Some((Some(first), reason));
        };
        let Some(place) = networks.iter().position(|c| c.name == active) else {
            return Some((replacement(networks), Activation::Manual));
        };
        let incumbent = &networks[place];
        if incumbent.disabled {
            return Some((replacement(networks), Activation::Manual));
        }
        if incumbent.state == State::Down || self.is_unknown_for_too_long(plan, now) {
            return Some((replacement(networks), Activation::Failover));
        }
        let preferred = &networks[..place];
        if plan.preempt == Preempt::Auto
            && let Some(back) = preferred
                .iter()
                .find(|c| c.is_good() && c.wait(plan, now).is_zero())
        {
            return Some((Some(back.name.clone()), Activation::Failback));
        }
        let troubled = incumbent.state == State::Degraded && !incumbent.good;
        if plan.failover_on_degraded
            && troubled
            && let Some(better) = networks.iter().find(|c| c.is_good())
        {
            return Some((Some(better.name.clone()), Activation::Failover));
        }
        None
    }

    /// Without an incumbent: the first usable one. At the start it waits for those before it
    /// that are still unknown.
    fn first(&self, plan: &GroupPlan, networks: &[Candidate<'_>], now: Now) -> Option<Name> {
        let graceful = !self.started && now.proven < self.begun + plan.startup_grace;
        for network in networks {
            if network.is_usable() {
                return Some(network.name.clone());
            }
            if graceful && network.state == State::Unknown && !network.disabled {
                return None;
            }
        }
        None
    }

    fn is_unknown_for_too_long(&self, plan: &GroupPlan, now: Now) -> bool {
        // After a freeze or a gap every network has the time to show itself.
        let graceful = now.proven < self.begun + plan.startup_grace;
        !graceful
            && self
                .unknown_since
                .is_some_and(|since| now.proven >= since + plan.unknown_hold)
    }

    fn switch(
        &mut self,
        to: Option<Name>,
        reason: Activation,
        networks: &[Candidate<'_>],
        now: Now,
    ) -> Switch {
        if let Some(lost) = networks
            .iter()
            .find(|c| Some(c.name) == self.active.as_ref())
        {
            self.lost_since = lost
                .outage_started
                .filter(|_| reason == Activation::Failover);
        }
        if to.is_some()
            && let Some(since) = self.lost_since.take()
        {
            self.books.switch.observe(now.moment.since(since));
        }
        self.started = true;
        self.unknown_since = None;
        let found = self
            .books
            .activations
            .iter_mut()
            .find(|(name, _)| *name == to);
        if let Some((_, counts)) = found {
            counts[reason as usize] = counts[reason as usize].saturating_add(1);
        }
        let from = std::mem::replace(&mut self.active, to);
        Switch {
            from,
            to: self.active.clone(),
            reason,
        }
    }

    /// Counts the times no network was usable. At the start that takes a look at all of them.
    fn watch_exhaustion(&mut self, plan: &GroupPlan, networks: &[Candidate<'_>], now: Now) {
        if self.active.is_some() {
            self.exhausted = false;
            return;
        }
        let waits = |c: &Candidate<'_>| c.state == State::Unknown && !c.disabled;
        let graceful = now.proven < self.begun + plan.startup_grace;
        let starting = !self.started && (graceful || networks.iter().any(waits));
        if !self.exhausted && !starting && !plan.networks.is_empty() {
            self.exhausted = true;
            self.books.exhaustions = self.books.exhaustions.saturating_add(1);
        }
    }

    /// When the group must be looked at again, if nothing happens before.
    pub(super) const fn deadline(&self) -> Option<Moment> {
        self.deadline
    }

    /// Looks ahead, after it was judged.
    pub(super) fn look_ahead(&mut self, plan: &GroupPlan, networks: &[Candidate<'_>], now: Now) {
        self.deadline = self.next_deadline(plan, networks, now);
    }

    fn next_deadline(
        &self,
        plan: &GroupPlan,
        networks: &[Candidate<'_>],
        now: Now,
    ) -> Option<Moment> {
        if now.frozen {
            return None;
        }
        let left = |target: Duration| now.moment + target.saturating_sub(now.proven);
        let failback = self
            .failback(plan, networks, now)
            .map(|(_, wait)| now.moment + wait);
        let hold = self
            .unknown_since
            .map(|since| left(since + plan.unknown_hold));
        let waits = !self.started || self.unknown_since.is_some();
        let grace = waits.then(|| left(self.begun + plan.startup_grace));
        let pin = plan.pin.as_ref().map(|(_, until)| *until);
        let deadlines = [failback, hold, grace, pin].into_iter().flatten();
        deadlines.filter(|at| *at > now.moment).min()
    }

    /// What is remembered of it. Its time until the memory was written belongs to what was then,
    /// and the gap since to the network that it goes on with.
    pub(super) fn restore(
        &mut self,
        plan: &GroupPlan,
        memory: &GroupMemory,
        (fresh, judged): (bool, bool),
        (seen, now): (Moment, Moment),
    ) {
        self.books = memory.books.clone();
        self.active.clone_from(&memory.active);
        (self.standbys, self.standby_domains) = (memory.standbys, memory.standby_domains);
        self.book(seen, judged);
        (self.standbys, self.standby_domains) = (0, 0);
        if fresh {
            self.started = memory.started;
            self.lost_since = memory.lost_since;
            self.exhausted = memory.exhausted;
        } else {
            self.active = None;
        }
        self.book(now, false);
        let active = self.active.as_ref();
        if active.is_some_and(|active| !plan.networks.contains(active)) {
            // Nothing is known of the others yet: it begins as at a first start.
            self.active = None;
            self.started = false;
        }
    }

    pub(super) fn memory(&self, plan: &GroupPlan) -> GroupMemory {
        GroupMemory {
            name: plan.name.clone(),
            active: self.active.clone(),
            started: self.started,
            lost_since: self.lost_since,
            exhausted: self.exhausted,
            standbys: self.standbys,
            standby_domains: self.standby_domains,
            books: self.books.clone(),
        }
    }

    /// Books for other networks: what is counted of those that stay is kept.
    pub(super) fn adopt(&mut self, plan: &GroupPlan) {
        let fresh = GroupBooks::new(&plan.networks, self.books.booked_until);
        let times = std::mem::replace(&mut self.books.active_time, fresh.active_time);
        let counts = std::mem::replace(&mut self.books.activations, fresh.activations);
        keep(&mut self.books.active_time, times);
        keep(&mut self.books.activations, counts);
    }
}

fn keep<T>(into: &mut [(Option<Name>, T)], from: Vec<(Option<Name>, T)>) {
    for (name, value) in from {
        if let Some((_, slot)) = into.iter_mut().find(|(known, _)| *known == name) {
            *slot = value;
        }
    }
}

/// The place of a count among 0, 1, 2, 3 or more.
fn bucket(count: u32) -> usize {
    count.min(3) as usize
}
