//! How far the daemon has come, and whether it sees anything at all.

use super::narrator;
use super::pipeline::Pipeline;
use crate::web::Readiness;

impl Pipeline {
    pub(super) fn tell_readiness(&self) {
        let tried = self.endpoints.values().filter(|watch| watch.tried).count();
        let readiness = Readiness {
            tried,
            endpoints: self.endpoints.len(),
        };
        self.readiness
            .send_if_modified(|shown| std::mem::replace(shown, readiness) != readiness);
    }

    /// Says once when nothing at all can be judged, and once when it can be again.
    pub(super) fn look(&mut self) {
        let mut causes = self
            .endpoints
            .values()
            .map(|watch| watch.inconclusive.as_ref());
        let first = causes.next().flatten();
        let blind = first.is_some() && causes.all(|cause| cause.is_some());
        // While nothing is proven it has been said already whose fault that is.
        if blind == self.blind || self.engine.is_frozen() {
            return;
        }
        if let (true, Some(cause)) = (blind, first) {
            narrator::blind(cause.reason, &cause.detail);
        } else {
            narrator::sighted();
        }
        self.blind = blind;
    }
}
