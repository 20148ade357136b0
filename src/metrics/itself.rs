//! What the daemon counts of itself and remembers.

use super::cell::{Count, Durations};
use super::saved::{Slot, Visit};
use super::text::Text;
use super::{ROUTES, names};
use crate::schedule::Skip;

/// Classes of status codes.
const CODES: [&str; 4] = ["2xx", "3xx", "4xx", "5xx"];

/// Numbers that survive a restart. Only requests are counted by more than one thread.
#[derive(Debug, Default)]
pub(super) struct Itself {
    pub(super) lag: Durations,
    pub(super) skipped: [Count; Skip::ALL.len()],
    pub(super) panics: Count,
    pub(super) persist_failures: Count,
    /// By route and class.
    requests: [[Count; CODES.len()]; ROUTES.len()],
}

impl Itself {
    pub(super) fn request(&self, route: &str, status: u16) {
        let place = ROUTES.iter().position(|known| *known == route);
        // The last route is `other`.
        let classes = &self.requests[place.unwrap_or(ROUTES.len() - 1)];
        classes[usize::from(status / 100).clamp(2, 5) - 2].inc();
    }

    pub(super) fn write(&self, text: &mut Text) {
        text.metric(&names::SCHEDULER_LAG);
        text.durations(&[], &self.lag);
        text.metric(&names::SCHEDULER_SKIPPED);
        for (skip, count) in Skip::ALL.into_iter().zip(&self.skipped) {
            text.sample(&[skip.as_str()], count.get());
        }
        text.metric(&names::ROUND_PANICS);
        text.sample(&[], self.panics.get());
        text.metric(&names::WEB_REQUESTS);
        for (route, classes) in ROUTES.iter().zip(&self.requests) {
            for (code, count) in CODES.iter().zip(classes) {
                text.sample(&[route, code], count.get());
            }
        }
        text.metric(&names::PERSIST_FAILURES);
        text.sample(&[], self.persist_failures.get());
    }

    pub(super) fn slots(&self, visit: &mut Visit<'_>) {
        visit(format_args!("lag"), Slot::Durations(&self.lag));
        for (skip, count) in Skip::ALL.into_iter().zip(&self.skipped) {
            visit(format_args!("skipped {}", skip.as_str()), Slot::from(count));
        }
        visit(format_args!("panics"), Slot::from(&self.panics));
        let failures = Slot::from(&self.persist_failures);
        visit(format_args!("persist_failures"), failures);
        for (route, classes) in ROUTES.iter().zip(&self.requests) {
            visit(format_args!("web {route}"), Slot::Counts(classes));
        }
    }
}
