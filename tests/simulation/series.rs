//! The number of series is a function of the configuration alone.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

use bascule::engine::Plan;
use bascule::metrics::{Metrics, Times, Watched, WatchedEndpoint};
use bascule::model::{Kind, Moment};

use crate::world::World;
use crate::{HOUR, for_each_seed};

fn watched(plan: &Plan) -> Watched {
    let endpoints = plan.networks.iter().flat_map(|network| &network.endpoints);
    let endpoints = endpoints.map(|plan| WatchedEndpoint {
        key: plan.key.clone(),
        kind: Kind::Http,
        resolvers: vec!["system".into()],
    });
    Watched {
        lean: false,
        endpoints: endpoints.collect(),
    }
}

/// Names and labels of everything on the page.
fn series(metrics: &Metrics) -> BTreeSet<String> {
    let page = String::from_utf8(metrics.render().expect("a page")).expect("text");
    let samples = page.lines().filter(|line| !line.starts_with('#'));
    let series = samples.map(|line| line.rsplit_once(' ').expect("a value").0.to_owned());
    let mut found = BTreeSet::new();
    for series in series {
        assert!(found.insert(series.clone()), "{series} is there twice");
    }
    found
}

// Invariant 20.
#[test]
fn the_series_are_those_of_the_configuration_whatever_happens() {
    for_each_seed(|seed| {
        let mut world = World::wild(seed);
        world.habits.reload = None;
        let habits = world.habits;
        world.take_up(habits);
        let clock = Arc::new(AtomicU64::new(0));
        let times = Times::new(
            {
                let clock = Arc::clone(&clock);
                move || Moment::from_origin(Duration::from_nanos(clock.load(Relaxed)))
            },
            |moment| SystemTime::UNIX_EPOCH + moment.since_origin(),
        );
        let metrics = Metrics::new(times).expect("names do not clash");
        metrics.adopt(watched(&world.plan));
        let mut first = None;
        let mut last_look = None;
        world.run(HOUR / 2, |step| {
            let nanos = u64::try_from(step.now.since_origin().as_nanos());
            clock.store(nanos.expect("a few hours"), Relaxed);
            let holds = step.engine.holds().collect();
            metrics.publish(|_| ((), Some(step.snapshot()), holds));
            let due = last_look.is_none_or(|at| step.now.since(at) > Duration::from_secs(120));
            if due {
                last_look = Some(step.now);
                let now = series(&metrics);
                let first = first.get_or_insert_with(|| now.clone());
                assert_eq!(*first, now);
            }
        });
    });
}
