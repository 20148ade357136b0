//! Timetable and engine together in a seeded world, with a simulated clock: nothing sleeps.
//!
//! Every one of the twenty invariants of the design is a test here, tried on many histories; its
//! number stands above it. Every history prints its seed when it fails:
//! `BASCULE_SEED=N cargo test --test simulation` replays that one history,
//! `BASCULE_HISTORIES=N` tries so many of each kind.

mod books;
mod choosing;
mod judging;
mod memory;
mod nature;
mod plans;
mod quorum;
mod recount;
mod rounds;
mod series;
mod shown;
mod uplink;
mod world;

use std::cell::Cell;
use std::time::Duration;

use bascule::model::Moment;
use proptest::prelude::ProptestConfig;
use world::{Step, World};

/// Histories a property is tried on.
const HISTORIES: u64 = 100;
const HOUR: Duration = Duration::from_secs(3600);

thread_local! {
    static REACHED: Cell<Moment> = const { Cell::new(Moment::ZERO) };
}

/// Remembers how far a history got, to be told where it fails.
pub(crate) fn note(now: Moment) {
    REACHED.set(now);
}

fn from_environment(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(
        value
            .parse()
            .unwrap_or_else(|_| panic!("{name} is a number")),
    )
}

/// Tries a property on many seeds, or on the one of `BASCULE_SEED`.
fn for_each_seed(property: impl Fn(u64)) {
    let histories = from_environment("BASCULE_HISTORIES").unwrap_or(HISTORIES);
    let only = from_environment("BASCULE_SEED");
    let seeds = only.map_or(0..histories, |seed| seed..seed + 1);
    for seed in seeds {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| property(seed)));
        if let Err(panic) = outcome {
            let reached = REACHED.get().since_origin();
            eprintln!(
                "seed {seed} at {reached:?}: replay with BASCULE_SEED={seed} cargo test --test simulation"
            );
            std::panic::resume_unwind(panic);
        }
    }
}

/// Watches what happens, and fails where that must not be.
trait Check: Default {
    fn see(&mut self, step: &Step<'_>);
}

/// Watches an hour of many worlds in which anything happens.
fn in_every_history<C: Check>() {
    for_each_seed(|seed| {
        let mut check = C::default();
        World::wild(seed).run(HOUR, |step| check.see(step));
    });
}

/// For properties that shrink: more cases, as each of them is short.
fn cases() -> ProptestConfig {
    let histories = from_environment("BASCULE_HISTORIES").unwrap_or(HISTORIES);
    ProptestConfig {
        cases: u32::try_from(histories.saturating_mul(3)).unwrap_or(u32::MAX),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}
