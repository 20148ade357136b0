//! Level 1: how rounds become the state of an endpoint.

use super::*;

#[test]
fn the_first_conclusive_round_decides_at_once_but_a_failure_needs_three() {
    assert_eq!(Bench::single().states(&[ours(), Pass]), ["unknown", "up"]);
    assert_eq!(Bench::single().states(&[wall()]), ["up"]);
    assert_eq!(Bench::single().states(&[slow()]), ["degraded"]);
    assert_eq!(
        Bench::single().states(&[fail(), fail(), fail()]),
        ["unknown", "unknown", "down"]
    );
    assert_eq!(
        Bench::single().states(&[fail(), fail(), Pass]),
        ["unknown", "unknown", "up"]
    );
}

#[test]
fn what_was_up_before_it_was_unknown_is_not_degraded_for_its_first_slow_round() {
    let back_after_an_hour = |known: Verdict, then: &[Verdict]| {
        let mut bench = Bench::single();
        bench.states(&[known]);
        bench.now = bench.now + 3600 * SECOND;
        assert_eq!(bench.states(&[ours()]), ["unknown"]);
        bench.states(then)
    };
    let states = back_after_an_hour(Pass, &[slow(), Pass]);
    assert_eq!(states, ["up", "up"]);
    let states = back_after_an_hour(Pass, &[slow(), slow(), slow()]);
    assert_eq!(states, ["up", "up", "degraded"]);
    let states = back_after_an_hour(slow(), &[slow()]);
    assert_eq!(states, ["degraded"], "as it was before");
}

#[test]
fn three_failures_in_a_row_are_down_and_two_good_rounds_are_up_again() {
    let states = Bench::single().states(&[
        Pass,
        fail(),
        fail(),
        Pass,
        fail(),
        fail(),
        fail(),
        Pass,
        fail(),
        Pass,
        Pass,
    ]);
    assert_eq!(
        states,
        [
            "up", "up", "up", "up", "up", "up", "down", "down", "down", "down", "up"
        ]
    );
}

#[test]
fn inconclusive_rounds_neither_count_nor_interrupt() {
    let states = Bench::single().states(&[Pass, fail(), ours(), fail(), ours(), fail()]);
    assert_eq!(states.last(), Some(&"down"));
    let states = Bench::single().states(&[Pass, ours(), ours(), ours(), ours()]);
    assert_eq!(states, ["up"; 5]);
}

#[test]
fn slow_answers_degrade_after_three_and_a_failure_counts_against_quality_too() {
    assert_eq!(
        Bench::single().states(&[Pass, slow(), slow(), slow(), Pass, Pass]),
        ["up", "up", "up", "degraded", "degraded", "up"]
    );
    assert_eq!(
        Bench::single().states(&[Pass, fail(), fail(), slow()]),
        ["up", "up", "up", "degraded"]
    );
}

#[test]
fn a_wall_never_degrades_and_ends_an_outage_as_up() {
    assert_eq!(
        Bench::single().states(&[Pass, wall(), wall(), wall(), wall()]),
        ["up"; 5]
    );
    let states = Bench::single().states(&[Pass, fail(), fail(), fail(), wall(), wall()]);
    assert_eq!(states, ["up", "up", "up", "down", "down", "up"]);
}

#[test]
fn a_recovery_through_slow_answers_is_a_degraded_one() {
    let states = Bench::single().states(&[Pass, fail(), fail(), fail(), slow(), Pass, Pass]);
    assert_eq!(states, ["up", "up", "up", "down", "down", "degraded", "up"]);
}

#[test]
fn a_recovery_that_a_slow_answer_made_a_degraded_one_is_explained_by_that_answer() {
    let mut bench = Bench::single();
    bench.states(&[Pass, fail(), fail(), fail(), slow(), Pass]);
    let view = bench.view("x");
    assert_eq!(view.state, State::Degraded);
    assert_eq!(view.layer, Some(Layer::Http), "not the refused connections");
    assert_eq!(view.trouble.unwrap().cause.reason, Reason::Slow);
}

#[test]
fn old_failures_of_an_unknown_endpoint_are_forgotten_too() {
    let mut bench = Bench::single();
    bench.states(&[fail(), fail()]);
    // Nothing but our own trouble for hours, then one failure: that is one, not three.
    bench.now = bench.now + 7200 * SECOND;
    assert_eq!(bench.states(&[fail()]), ["unknown"]);
}

#[test]
fn doubt_that_comes_and_goes_does_not_keep_old_evidence_alive() {
    let mut bench = Bench::new(vec![network("x", &["web", "api"], 1)], Vec::new());
    bench.feed(&[("x/web", Pass), ("x/api", Pass)]);
    // From now on nothing is learned of `api`, while `web` wavers for ten minutes.
    for _ in 0..30 {
        bench.feed(&[("x/web", fail()), ("x/api", ours())]);
        bench.feed(&[("x/web", Pass), ("x/api", ours())]);
    }
    assert_eq!(bench.endpoint_state("x", 1), State::Unknown);
}

#[test]
fn evidence_grows_stale_after_three_intervals_and_a_timeout() {
    let mut bench = Bench::single();
    bench.states(&[Pass]);
    let stale_at = bench.now + 190 * SECOND;
    assert_eq!(bench.engine.next_deadline(), Some(stale_at));
    assert!(bench.engine.step(&[], stale_at - SECOND).events.is_empty());
    let events = bench.engine.step(&[], stale_at).events;
    assert_eq!(
        events.len(),
        2,
        "the endpoint, then the network: {events:?}"
    );
    assert_eq!(bench.network_state("x"), State::Unknown);
    assert_eq!(bench.engine.next_deadline(), None);
}

#[test]
fn what_becomes_unknown_tells_our_own_trouble() {
    let mut bench = Bench::single();
    bench.states(&[Pass, ours()]);
    let events = bench.engine.step(&[], bench.now + 600 * SECOND).events;
    let Event::Endpoint { to, cause, .. } = &events[0] else {
        panic!("{events:?}");
    };
    assert_eq!(*to, State::Unknown);
    assert_eq!(cause.as_ref().unwrap().reason, Reason::LocalNoRoute);
}

#[test]
fn an_endpoint_that_was_down_needs_two_good_rounds_to_leave_unknown() {
    let mut bench = Bench::single();
    bench.states(&[Pass, fail(), fail(), fail()]);
    bench.now = bench.now + 600 * SECOND;
    bench.engine.step(&[], bench.now);
    assert_eq!(bench.endpoint_state("x", 0), State::Unknown);
    assert_eq!(bench.states(&[Pass, Pass]), ["unknown", "up"]);
}

#[test]
fn doubt_shortens_the_interval_and_down_sets_its_own() {
    let mut bench = Bench::single();
    assert_eq!(bench.pace("x", 0), 5 * SECOND, "unknown");
    bench.states(&[Pass]);
    assert_eq!(bench.pace("x", 0), 60 * SECOND, "settled");
    bench.states(&[fail()]);
    assert_eq!(bench.pace("x", 0), 5 * SECOND, "in doubt");
    bench.states(&[fail(), fail()]);
    assert_eq!(bench.pace("x", 0), 15 * SECOND, "down");
    bench.states(&[Pass]);
    assert_eq!(bench.pace("x", 0), 5 * SECOND, "coming back");
}

#[test]
fn one_endpoint_in_doubt_has_all_weighted_ones_of_its_network_checked_and_does_not_stale_them() {
    let mut plan = network("x", &["web", "api", "extra"], 2);
    plan.endpoints[2].weight = 0;
    let mut bench = Bench::new(vec![plan], Vec::new());
    bench.feed(&[("x/web", Pass), ("x/api", Pass), ("x/extra", Pass)]);
    let settled = bench.now;
    bench.now = bench.now + 45 * SECOND;
    bench.feed(&[("x/web", fail())]);
    assert_eq!(bench.pace("x", 1), 5 * SECOND);
    assert_eq!(
        bench.pace("x", 2),
        60 * SECOND,
        "weight 0 is not part of it"
    );
    assert!(
        bench.engine.next_deadline().unwrap() >= bench.now,
        "no evidence is stale by the change"
    );
    bench.feed(&[("x/web", Pass)]);
    assert_eq!(bench.pace("x", 1), 60 * SECOND);
    assert!(bench.engine.next_deadline().unwrap() >= settled + 190 * SECOND);
}

#[test]
fn a_rate_limit_doubles_the_pause_up_to_half_an_hour_and_retry_after_is_honoured() {
    let limited = || Verdict::Restricted(Cause::new(Reason::WallRateLimit, ""));
    let mut bench = Bench::single();
    let mut pauses = Vec::new();
    for _ in 0..6 {
        bench.feed(&[("x/web", limited())]);
        pauses.push(
            bench
                .engine
                .paces_of("x")
                .next()
                .unwrap()
                .1
                .backoff
                .unwrap()
                .as_secs(),
        );
    }
    assert_eq!(pauses, [120, 240, 480, 960, 1800, 1800]);
    bench.now = bench.now + 10 * SECOND;
    let asked = Evidence {
        retry_after: Some(300 * SECOND),
        ..Evidence::certain(EndpointKey::new("x", "web"), limited(), bench.now)
    };
    bench.engine.step(&[Input::Round(asked)], bench.now);
    let pace = bench.engine.paces_of("x").next().unwrap().1;
    assert_eq!(pace.backoff, Some(300 * SECOND));
    assert_eq!(
        bench.engine.next_deadline(),
        Some(bench.now + 910 * SECOND),
        "staleness is stretched"
    );
    bench.states(&[Pass]);
    assert_eq!(bench.engine.paces_of("x").next().unwrap().1.backoff, None);
}

#[test]
fn a_remembered_pause_is_bounded_too() {
    let mut bench = Bench::single();
    bench.feed(&[("x/web", Pass)]);
    let mut memory = bench.engine.memory(bench.now);
    memory.networks[0].endpoints[0].backoff = Some(Duration::MAX);
    let plan = bench.engine.plan.clone();
    let engine = Engine::restore(plan, &memory, true, bench.now);
    let pace = engine.paces_of("x").next().unwrap().1;
    assert_eq!(pace.backoff, Some(MAX_BACKOFF));
}
