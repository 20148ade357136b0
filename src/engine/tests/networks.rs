//! Level 2: how endpoints become the state of a network, and what a reload keeps.

use super::*;

#[test]
fn a_network_is_down_when_its_quorum_cannot_be_met_any_more() {
    let mut bench = Bench::new(vec![network("x", &["a", "b", "c"], 2)], Vec::new());
    bench.feed(&[("x/a", Pass)]);
    assert_eq!(
        bench.network_state("x"),
        State::Unknown,
        "1 of 2, two unknown"
    );
    bench.feed(&[("x/b", Pass)]);
    assert_eq!(bench.network_state("x"), State::Up);
    assert_eq!(bench.view("x").spare_weight, 0);
    bench.feed(&[("x/c", Pass)]);
    assert_eq!(bench.view("x").spare_weight, 1);
    for _ in 0..3 {
        bench.feed(&[("x/a", fail())]);
    }
    assert_eq!(bench.network_state("x"), State::Degraded);
    for _ in 0..3 {
        bench.feed(&[("x/b", fail())]);
    }
    assert_eq!(bench.network_state("x"), State::Down);
    assert_eq!(bench.view("x").spare_weight, 0);
}

#[test]
fn a_required_endpoint_takes_its_network_down_alone() {
    let mut plan = network("x", &["a", "b", "c"], 2);
    plan.endpoints[0].required = true;
    let mut bench = Bench::new(vec![plan], Vec::new());
    bench.feed(&[("x/b", Pass), ("x/c", Pass)]);
    assert_eq!(
        bench.network_state("x"),
        State::Unknown,
        "the required one is not known"
    );
    bench.feed(&[("x/a", Pass)]);
    assert_eq!(bench.network_state("x"), State::Up);
    for _ in 0..3 {
        bench.feed(&[("x/a", fail()), ("x/b", Pass), ("x/c", Pass)]);
    }
    assert_eq!(bench.network_state("x"), State::Down);
}

#[test]
fn hysteresis_holds_the_last_known_state_inside_its_band() {
    let mut plan = network("x", &["a", "b", "c", "d"], 3);
    plan.hysteresis = 1;
    let mut bench = Bench::new(vec![plan], Vec::new());
    bench.feed(&[("x/a", Pass), ("x/b", Pass), ("x/c", Pass), ("x/d", Pass)]);
    assert_eq!(bench.view("x").spare_weight, 2);
    for _ in 0..3 {
        bench.feed(&[("x/a", fail()), ("x/b", fail())]);
    }
    assert_eq!(
        bench.network_state("x"),
        State::Degraded,
        "2 of 3, but up before"
    );
    for _ in 0..3 {
        bench.feed(&[("x/c", fail())]);
    }
    assert_eq!(bench.network_state("x"), State::Down);
    for _ in 0..2 {
        bench.feed(&[("x/a", Pass), ("x/b", Pass)]);
    }
    assert_eq!(
        bench.network_state("x"),
        State::Down,
        "3 of 3, but down before: 4 are needed"
    );
    for _ in 0..2 {
        bench.feed(&[("x/c", Pass)]);
    }
    assert_eq!(bench.network_state("x"), State::Up);
}

#[test]
fn a_network_that_becomes_unknown_inside_its_band_does_not_go_down_for_that() {
    let mut plan = network("x", &["a", "b", "c", "d"], 3);
    plan.hysteresis = 1;
    plan.endpoints[0].required = true;
    let mut bench = Bench::new(vec![plan], Vec::new());
    bench.feed(&[("x/a", Pass), ("x/b", Pass), ("x/c", Pass), ("x/d", Pass)]);
    for _ in 0..3 {
        bench.feed(&[("x/b", Pass), ("x/c", fail()), ("x/d", fail())]);
    }
    assert_eq!(bench.network_state("x"), State::Degraded, "2 of 3");
    let refresh: Vec<_> = [("x/b", Pass), ("x/c", fail()), ("x/d", fail())].into();
    while bench.endpoint_state("x", 0) != State::Unknown {
        bench.feed(&refresh);
    }
    assert_eq!(bench.network_state("x"), State::Unknown);
    bench.feed(&refresh);
    assert_eq!(bench.network_state("x"), State::Unknown, "judged twice");
    bench.feed(&[("x/a", Pass)]);
    assert_eq!(bench.network_state("x"), State::Degraded, "still 2 of 3");
}

#[test]
fn endpoints_without_weight_change_nothing() {
    let mut plan = network("x", &["web", "extra"], 1);
    plan.endpoints[1].weight = 0;
    let mut bench = Bench::new(vec![plan], Vec::new());
    bench.feed(&[("x/web", Pass)]);
    assert_eq!(bench.network_state("x"), State::Up);
    for _ in 0..3 {
        bench.feed(&[("x/extra", fail()), ("x/web", Pass)]);
    }
    assert_eq!(bench.endpoint_state("x", 1), State::Down);
    assert_eq!(bench.network_state("x"), State::Up);
    assert_eq!(bench.view("x").layer, None);
}

#[test]
fn the_failing_layer_is_the_lowest_among_those_that_are_down() {
    let mut bench = Bench::new(vec![network("x", &["a", "b", "c"], 2)], Vec::new());
    bench.feed(&[("x/a", Pass), ("x/b", Pass), ("x/c", slow())]);
    assert_eq!(
        bench.view("x").layer,
        Some(Layer::Http),
        "the only trouble is a slow one"
    );
    let mut last = Vec::new();
    for _ in 0..3 {
        last = bench.feed(&[
            ("x/a", fail_at(Reason::ContentEmpty)),
            ("x/b", fail_at(Reason::TlsExpired)),
            ("x/c", slow()),
        ]);
    }
    let view = bench.view("x");
    assert_eq!(view.layer, Some(Layer::Tls));
    assert_eq!(&*view.trouble.unwrap().endpoint, "b");
    let down = last.iter().find_map(|event| match event {
        Event::Network {
            to: State::Down,
            trouble,
            ..
        } => trouble.as_ref(),
        _ => None,
    });
    assert_eq!(down.unwrap().cause.reason, Reason::TlsExpired);
}

#[test]
fn a_reload_keeps_what_did_not_change_and_forgets_what_is_gone() {
    let plan = |fingerprint: &str, with_b: bool| {
        let mut x = network("x", &["web"], 1);
        x.endpoints[0].fingerprint = fingerprint.into();
        let mut networks = vec![network("a", &["web"], 1), x];
        if with_b {
            networks.push(network("b", &["web"], 1));
        }
        Plan {
            networks,
            groups: Vec::new(),
            uplink: UplinkPlan::default(),
        }
    };
    let mut engine = Engine::new(plan("1", true), Moment::ZERO);
    let now = Moment::from_secs(1);
    let pass = |network| {
        let key = EndpointKey::new(network, "web");
        Input::Round(Evidence::certain(key, Pass, now))
    };
    engine.step(&[pass("a"), pass("x"), pass("b")], now);
    let before = engine.snapshot();
    assert!(
        engine
            .reload(plan("1", true), Moment::from_secs(2))
            .is_empty()
    );
    assert_eq!(
        engine.snapshot(),
        before,
        "an unchanged configuration is a no-op"
    );

    engine.reload(plan("2", false), Moment::from_secs(3));
    let after = engine.snapshot();
    assert_eq!(after.networks[0], before.networks[0], "a is untouched");
    assert_eq!(after.networks[1].state, State::Unknown, "x has changed");
    assert_eq!(after.networks.len(), 2);

    engine.reload(plan("2", true), Moment::from_secs(4));
    assert_eq!(
        engine.snapshot().networks[2].state,
        State::Unknown,
        "b was forgotten"
    );
}

#[test]
fn a_reload_does_not_rewrite_what_was_before_it() {
    let mut bench = Bench::new(vec![network("x", &["a", "b"], 2)], Vec::new());
    bench.feed(&[("x/a", Pass), ("x/b", Pass)]);
    for _ in 0..10 {
        bench.feed(&[("x/a", fail()), ("x/b", Pass)]);
    }
    let mut plan = bench.engine.plan.clone();
    plan.networks[0].endpoints.remove(0);
    plan.networks[0].quorum = 1;
    let now = bench.now;
    bench.engine.reload(plan.clone(), now);
    let view = bench.view("x");
    assert_eq!((view.state, view.since), (State::Up, now));
    let times = view.books.state_time_at(now, None);
    assert_eq!(times[State::Down as usize], 90 * SECOND);

    bench.feed(&[("x/b", Pass)]);
    plan.networks[0].maintenance = vec![Window {
        from: at(20),
        until: at(500),
    }];
    bench.engine.reload(plan, bench.now);
    let view = bench.view("x");
    assert_eq!((view.state, view.since), (State::Maintenance, bench.now));
}

#[test]
fn a_reload_right_after_a_suspend_books_the_gap_to_nobody() {
    let mut bench = Bench::single();
    bench.feed(&[("x/web", Pass)]);
    let mut plan = bench.engine.plan.clone();
    plan.networks.push(network("y", &["web"], 1));
    bench.engine.reload(plan, at(10_000));
    let times = bench.view("x").books.state_time_at(at(10_000), None);
    assert_eq!(times[State::Up as usize], Duration::ZERO);
}

#[test]
fn the_outage_of_a_network_that_is_removed_is_over() {
    let mut bench = Bench::new(vec![network("x", &["web"], 1)], Vec::new());
    for _ in 0..3 {
        bench.feed(&[("x/web", fail())]);
    }
    let plan = Plan {
        networks: vec![network("y", &["web"], 1)],
        ..Plan::default()
    };
    let events = bench.engine.reload(plan, at(60));
    let [Event::OutageEnded(outage)] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!((outage.id, outage.ended), (1, Some(at(60))));
    assert_eq!(outage.duration(at(200)), 50 * SECOND);
}

#[test]
fn windows_that_overlap_or_touch_are_one() {
    let mut bench = Bench::single();
    let mut plan = bench.engine.plan.clone();
    let windows = [(100, 200), (150, 300), (300, 350)];
    plan.networks[0].maintenance = windows
        .map(|(from, until)| Window {
            from: at(from),
            until: at(until),
        })
        .into();
    bench.engine.reload(plan, Moment::ZERO);
    for _ in 0..50 {
        bench.feed(&[("x/web", Pass)]);
    }
    let books = bench.view("x").books;
    assert_eq!(books.state_time[State::Maintenance as usize], 250 * SECOND);
    assert_eq!(books.transitions, [0, 2, 0, 0, 1]);
}
