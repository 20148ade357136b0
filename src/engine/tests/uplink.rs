//! Is it us? Failures that wait for proof, canaries, the freeze and the thaw.

use super::*;
use crate::model::{Doubt, Families, Family, Standing, UplinkState};

fn lost() -> Verdict {
    Verdict::Fail(Cause::new(Reason::TcpTimeout, "no answer"))
}

/// A round over IPv4 that failed without a sign of life.
fn doubtful(network: &str, started: Moment) -> Input {
    let ours = || Verdict::Inconclusive(Cause::new(Reason::LocalUplink, ""));
    let doubt = Doubt::Addresses {
        families: Families::only(Family::Ipv4),
        without: Box::new([ours(), lost(), ours()]),
    };
    Input::Round(Evidence {
        standing: Standing {
            doubt: Some(Box::new(doubt)),
            ..Standing::default()
        },
        ..Evidence::certain(EndpointKey::new(network, "web"), lost(), started)
    })
}

/// A round that had an answer from beyond our own network.
fn proving(network: &str, started: Moment) -> Input {
    Input::Round(Evidence {
        standing: Standing {
            proves: Families::only(Family::Ipv4),
            ..Standing::default()
        },
        ..Evidence::certain(EndpointKey::new(network, "web"), Pass, started)
    })
}

fn sweep(answered: bool, started: Moment) -> Input {
    Input::Sweep(Sweep {
        started,
        answered: [Some(answered), None],
        no_route: [Some(answered), None].map(|answered| answered.is_none()),
        gateway: None,
    })
}

fn pair() -> Engine {
    let networks = vec![network("x", &["web"], 1), network("y", &["web"], 1)];
    let plan = Plan {
        networks,
        groups: vec![GroupPlan::new("g".into(), vec!["x".into(), "y".into()])],
        uplink: UplinkPlan {
            enabled: true,
            canaries: Families::only(Family::Ipv4),
        },
    };
    let mut engine = Engine::new(plan, Moment::ZERO);
    let start = Moment::from_secs(1);
    engine.step(&[proving("x", start), proving("y", start)], start);
    engine
}

#[test]
fn a_failure_is_believed_once_something_that_started_later_has_answered() {
    let mut engine = pair();
    for round in 0..3 {
        let failed = at(60 + 5 * round);
        let step = engine.step(&[doubtful("x", failed)], failed + SECOND);
        assert_eq!(step.judged, [], "it waits");
        assert!(engine.wants_sweep());
        let step = engine.step(&[sweep(true, failed + SECOND)], failed + 2 * SECOND);
        assert_eq!(step.judged.len(), 1);
        assert_eq!(step.judged[0].verdict, lost());
        assert!(!engine.wants_sweep());
    }
    let view = engine.snapshot();
    assert_eq!(view.networks[0].state, State::Down);
    assert_eq!(
        view.networks[0].since,
        at(60),
        "backdated to the first lost request"
    );
    assert_eq!(view.groups[0].active.as_deref(), Some("y"));
}

#[test]
fn what_started_before_the_failure_ended_proves_nothing() {
    let mut engine = pair();
    let step = engine.step(&[doubtful("x", at(60)), proving("y", at(61))], at(62));
    assert_eq!(step.judged.len(), 1);
    let step = engine.step(&[proving("y", at(62))], at(63));
    assert_eq!(step.judged.len(), 2, "y's round, and x's");
}

#[test]
fn a_cut_cable_freezes_everything_and_switches_nothing_not_even_at_the_thaw() {
    let mut engine = pair();
    engine.step(&[sweep(true, at(2))], at(2));
    engine.step(&[doubtful("x", at(60))], at(63));
    let step = engine.step(&[sweep(false, at(63))], at(65));
    assert_eq!(step.judged[0].verdict.as_str(), "inconclusive");
    assert_eq!(step.judged[0].left_out, Families::only(Family::Ipv4));
    let view = engine.snapshot();
    assert_eq!(
        view.uplink.states,
        [UplinkState::Down, UplinkState::Down, UplinkState::Unknown]
    );
    assert!(
        view.networks
            .iter()
            .all(|network| network.state == State::Unknown)
    );
    assert_eq!(
        view.networks[0].since,
        at(60),
        "from the first lost request on"
    );
    assert!(view.groups[0].frozen);
    assert_eq!(view.groups[0].active.as_deref(), Some("x"));

    for second in 70..2000 {
        let step = engine.step(&[doubtful("x", at(second - 1))], at(second));
        assert!(
            step.events
                .iter()
                .all(|event| !matches!(event, Event::Group { .. }))
        );
    }
    assert!(engine.wants_sweep(), "it goes on asking");
    engine.step(&[sweep(true, at(2000))], at(2001));
    let view = engine.snapshot();
    assert_eq!(view.uplink.states[0], UplinkState::Up);
    assert_eq!(
        view.groups[0].active.as_deref(),
        Some("x"),
        "it has two minutes to show itself"
    );
    engine.step(&[proving("x", at(2005))], at(2006));
    let view = engine.snapshot();
    assert_eq!(view.networks[0].state, State::Up);
    assert_eq!(view.groups[0].books.activations[0].1, [1, 0, 0, 0, 0]);
    let times = view.networks[0].books.state_time_at(at(2006), None);
    assert_eq!(
        times[State::Unknown as usize],
        1946 * SECOND,
        "60 to 2005, and the first second"
    );
    assert_eq!(times[State::Down as usize], Duration::ZERO);
}

#[test]
fn canaries_that_never_answered_prove_nothing() {
    let mut engine = pair();
    engine.step(&[doubtful("x", at(60))], at(63));
    engine.step(&[sweep(false, at(63))], at(65));
    assert_eq!(engine.snapshot().uplink.states[0], UplinkState::Up);
    let step = engine.step(&[proving("y", at(66))], at(67));
    assert_eq!(step.judged[0].verdict, lost(), "another network tells");
}

#[test]
fn a_resolver_that_answers_another_name_later_is_believed() {
    let mut engine = pair();
    let resolution = |started| {
        let doubt = Doubt::Resolution {
            resolvers: vec!["system".into()],
        };
        Input::Round(Evidence {
            standing: Standing {
                doubt: Some(Box::new(doubt)),
                ..Standing::default()
            },
            ..Evidence::certain(
                EndpointKey::new("x", "web"),
                Verdict::Fail(Cause::new(Reason::DnsServfail, "")),
                started,
            )
        })
    };
    assert_eq!(engine.step(&[resolution(at(60))], at(61)).judged, []);
    assert_eq!(
        engine.step(&[sweep(true, at(61))], at(62)).judged,
        [],
        "the line is not the resolver"
    );
    let step = engine.step(&[], at(91));
    let cause = step.judged[0].verdict.cause().unwrap();
    assert_eq!(cause.reason, Reason::LocalResolver);

    engine.step(&[resolution(at(95))], at(96));
    let Input::Round(mut answered) = proving("y", at(97)) else {
        unreachable!()
    };
    answered.standing.answered = vec!["system".into()];
    let step = engine.step(&[Input::Round(answered)], at(98));
    assert_eq!(
        step.judged[0].verdict.cause().unwrap().reason,
        Reason::DnsServfail
    );
}

#[test]
fn a_restart_is_a_gap_in_which_nothing_was_seen() {
    let mut engine = pair();
    for round in 0..3 {
        let now = at(60 + 5 * round);
        engine.step(
            &[Input::Round(Evidence::certain(
                EndpointKey::new("x", "web"),
                lost(),
                now,
            ))],
            now,
        );
    }
    assert_eq!(engine.snapshot().groups[0].active.as_deref(), Some("y"));
    engine.show(at(100));
    let memory = engine.memory(at(100));
    let plan = engine.plan.clone();
    let mut engine = Engine::restore(plan, &memory, true, at(400));
    let view = engine.snapshot();
    assert_eq!(
        view.groups[0].active.as_deref(),
        Some("y"),
        "until new evidence"
    );
    assert_eq!(view.networks[0].state, State::Unknown);
    assert_eq!(
        view.networks[0].outage.as_ref().map(|outage| outage.id),
        Some(1)
    );
    for round in 0..3 {
        let now = at(405 + 5 * round);
        engine.step(
            &[Input::Round(Evidence::certain(
                EndpointKey::new("x", "web"),
                lost(),
                now,
            ))],
            now,
        );
    }
    let view = engine.snapshot();
    assert_eq!(view.networks[0].state, State::Down);
    assert_eq!(
        view.networks[0].books.outages,
        [0, 1, 0, 0, 0],
        "the same outage"
    );
    let times = view.networks[0].books.state_time_at(at(415), None);
    let seconds = times.map(|time| time.as_secs());
    assert_eq!(seconds, [1 + 305, 59, 0, 40 + 10, 0]);
    for round in 0..2 {
        let now = at(420 + 5 * round);
        engine.step(&[proving("x", now)], now);
    }
    let durations = &engine.snapshot().networks[0].books.outage_durations;
    assert_eq!((durations.count(), durations.sum), (1, 55.0));
}

#[test]
fn maintenance_that_ends_in_a_freeze_is_maintenance_until_its_end() {
    let mut engine = pair();
    let mut plan = engine.plan.clone();
    plan.networks[0].maintenance = vec![Window {
        from: at(50),
        until: at(1000),
    }];
    engine.reload(plan, at(2));
    engine.step(&[sweep(true, at(3))], at(3));
    engine.step(&[], at(50));
    engine.step(&[doubtful("y", at(100))], at(103));
    engine.step(&[sweep(false, at(103))], at(105));
    assert_eq!(engine.snapshot().networks[0].state, State::Maintenance);
    engine.step(&[], at(1000));
    let view = &engine.snapshot().networks[0];
    assert_eq!((view.state, view.since), (State::Unknown, at(1000)));
    let times = view.books.state_time_at(at(1000), None);
    assert_eq!(times[State::Maintenance as usize], 950 * SECOND);
}

#[test]
fn a_family_that_was_lost_long_ago_does_not_backdate_the_loss_of_the_other() {
    let mut plan = pair().plan;
    plan.uplink.canaries = Families::BOTH;
    let mut engine = Engine::new(plan, Moment::ZERO);
    let both = |answered, started| {
        Input::Sweep(Sweep {
            started,
            answered,
            no_route: answered.map(|answered| answered.is_none()),
            gateway: None,
        })
    };
    engine.step(&[both([Some(true), Some(true)], at(1))], at(2));
    engine.step(&[both([Some(true), Some(false)], at(10))], at(12));
    for second in (20..3600).step_by(10) {
        engine.step(&[proving("x", at(second))], at(second));
    }
    engine.step(&[doubtful("x", at(3600))], at(3603));
    engine.step(&[both([Some(false), None], at(3603))], at(3605));
    let view = engine.snapshot();
    assert!(view.groups[0].frozen);
    assert_eq!(view.uplink.since, at(3600));
    assert_eq!(view.networks[0].since, at(3600));
}

#[test]
fn canaries_are_not_asked_again_and_again_for_a_resolver_that_is_silent() {
    let mut engine = pair();
    engine.step(&[sweep(true, at(2))], at(2));
    let doubt = Doubt::Resolution {
        resolvers: vec!["system".into()],
    };
    let round = Input::Round(Evidence {
        standing: Standing {
            doubt: Some(Box::new(doubt)),
            ..Standing::default()
        },
        ..Evidence::certain(
            EndpointKey::new("x", "web"),
            fail_at(Reason::DnsServfail),
            at(60),
        )
    });
    engine.step(&[round], at(61));
    let mut sweeps = 0;
    for second in 61..91 {
        engine.step(&[], at(second));
        if engine.wants_sweep() {
            sweeps += 1;
            engine.step(&[sweep(true, at(second))], at(second));
        }
    }
    assert_eq!(sweeps, 1);
}

#[test]
fn a_sweep_of_which_a_busy_machine_saw_nothing_refutes_nothing() {
    let mut engine = pair();
    engine.step(&[sweep(true, at(2))], at(2));
    let late = Sweep {
        started: at(60),
        answered: [None, None],
        no_route: [false, false],
        gateway: None,
    };
    engine.step(&[Input::Sweep(late)], at(64));
    assert!(!engine.is_frozen());
}

#[test]
fn a_round_that_was_under_way_when_the_cable_was_mended_is_not_believed() {
    let mut engine = pair();
    engine.step(&[sweep(true, at(2))], at(2));
    engine.step(&[doubtful("x", at(60))], at(63));
    engine.step(&[sweep(false, at(63))], at(65));
    engine.step(&[sweep(true, at(100))], at(100));
    engine.step(&[doubtful("x", at(99))], at(102));
    let step = engine.step(&[proving("y", at(103))], at(103));
    let of_x = step
        .judged
        .iter()
        .find(|judged| &*judged.key.network == "x");
    let earlier = engine.snapshot().networks[0].books.outages;
    assert_eq!(earlier, [0; 5]);
    assert!(of_x.is_none(), "it was settled as ours when it ended");
}
