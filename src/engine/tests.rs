//! Each rule of the judging once, with time moved by hand. Random histories are in
//! `tests/simulation`.

use super::*;
use crate::model::{Activation, Cause, Layer, Reason, Role, Verdict};

const SECOND: Duration = Duration::from_secs(1);

fn endpoint(network: &str, name: &str) -> EndpointPlan {
    EndpointPlan {
        key: EndpointKey::new(network, name),
        weight: 1,
        required: false,
        rise: 2,
        fall: 3,
        interval: 60 * SECOND,
        recheck_interval: 5 * SECOND,
        down_interval: 15 * SECOND,
        timeout: 10 * SECOND,
        fingerprint: "1".into(),
    }
}

fn network(name: &str, endpoints: &[&str], quorum: u32) -> NetworkPlan {
    NetworkPlan {
        name: name.into(),
        failure_domains: Vec::new(),
        quorum,
        hysteresis: 0,
        enabled: true,
        maintenance: Vec::new(),
        endpoints: endpoints
            .iter()
            .map(|endpoint_name| endpoint(name, endpoint_name))
            .collect(),
    }
}

/// An engine with a clock of its own: every batch comes ten seconds after the one before.
struct Bench {
    engine: Engine,
    now: Moment,
}

impl Bench {
    fn new(networks: Vec<NetworkPlan>, groups: Vec<GroupPlan>) -> Self {
        let plan = Plan {
            networks,
            groups,
            uplink: UplinkPlan::default(),
        };
        Self {
            engine: Engine::new(plan, Moment::ZERO),
            now: Moment::ZERO,
        }
    }

    /// One network `x` with one endpoint `web`.
    fn single() -> Self {
        Self::new(vec![network("x", &["web"], 1)], Vec::new())
    }

    fn feed(&mut self, rounds: &[(&str, Verdict)]) -> Vec<Event> {
        self.now = self.now + 10 * SECOND;
        let batch: Vec<Input> = rounds
            .iter()
            .map(|(key, verdict)| {
                let (network, endpoint) = key.split_once('/').unwrap();
                let key = EndpointKey::new(network, endpoint);
                Input::Round(Evidence::certain(key, verdict.clone(), self.now))
            })
            .collect();
        self.engine.step(&batch, self.now).events
    }

    /// Feeds `x/web` one verdict after the other and tells the states after each.
    fn states(&mut self, verdicts: &[Verdict]) -> Vec<&'static str> {
        verdicts
            .iter()
            .map(|verdict| {
                self.feed(&[("x/web", verdict.clone())]);
                self.endpoint_state("x", 0).as_str()
            })
            .collect()
    }

    fn endpoint_state(&self, network: &str, index: usize) -> State {
        let snapshot = self.engine.snapshot();
        let network = snapshot
            .networks
            .iter()
            .find(|n| &*n.name == network)
            .unwrap();
        network.endpoints[index].state
    }

    fn network_state(&self, name: &str) -> State {
        self.view(name).state
    }

    fn view(&self, name: &str) -> NetworkView {
        let snapshot = self.engine.snapshot();
        snapshot
            .networks
            .into_iter()
            .find(|n| &*n.name == name)
            .unwrap()
    }

    fn pace(&self, network: &str, index: usize) -> Duration {
        self.engine.paces_of(network).nth(index).unwrap().1.interval
    }
}

fn fail() -> Verdict {
    Verdict::Fail(Cause::new(Reason::TcpRefused, "refused"))
}

fn fail_at(reason: Reason) -> Verdict {
    Verdict::Fail(Cause::new(reason, ""))
}

fn slow() -> Verdict {
    Verdict::Slow(Cause::at(Layer::Http, Reason::Slow, "4 s"))
}

fn wall() -> Verdict {
    Verdict::Restricted(Cause::new(Reason::WallStatus, "status 999"))
}

fn ours() -> Verdict {
    Verdict::Inconclusive(Cause::new(Reason::LocalNoRoute, ""))
}

use Verdict::Pass;

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

fn crisis() -> Bench {
    let mut networks: Vec<NetworkPlan> = ["x", "facebook", "threads", "bluesky"]
        .map(|name| network(name, &["web"], 1))
        .into();
    networks[0].failure_domains = vec!["cloudflare".into()];
    networks[1].failure_domains = vec!["meta".into()];
    networks[2].failure_domains = vec!["meta".into()];
    let names = networks.iter().map(|network| network.name.clone());
    let group = GroupPlan::new("crisis".into(), names.collect());
    Bench::new(networks, vec![group])
}

#[test]
fn the_active_network_is_the_first_usable_one_and_none_if_there_is_none() {
    let all = |x: Verdict, others: Verdict| {
        vec![
            ("x/web", x),
            ("facebook/web", others.clone()),
            ("threads/web", others.clone()),
            ("bluesky/web", others),
        ]
    };
    let mut bench = crisis();
    let active = |bench: &Bench| bench.engine.snapshot().groups[0].active.clone();
    let switches = |events: Vec<Event>| -> Vec<(String, &'static str)> {
        let switches = events.into_iter().filter_map(|event| match event {
            Event::Group { to, reason, .. } => Some((
                to.map_or_else(|| "none".to_owned(), |to| to.to_string()),
                reason.as_str(),
            )),
            _ => None,
        });
        switches.collect()
    };
    assert_eq!(active(&bench), None);
    let events = bench.feed(&[("facebook/web", Pass)]);
    assert_eq!(switches(events), [("facebook".to_owned(), "startup")]);
    let events = bench.feed(&all(Pass, Pass));
    assert_eq!(switches(events), [("x".to_owned(), "failback")]);
    let view = bench.engine.snapshot().groups[0].clone();
    assert_eq!(
        (view.standbys, view.standby_domains),
        (3, 2),
        "facebook and threads fall together"
    );
    let mut last = Vec::new();
    for _ in 0..3 {
        last = bench.feed(&all(fail(), Pass));
    }
    assert_eq!(switches(last), [("facebook".to_owned(), "failover")]);
    let view = bench.engine.snapshot().groups[0].clone();
    let roles: Vec<Role> = view.roles.iter().map(|(_, role)| *role).collect();
    assert_eq!(
        roles,
        [Role::Failed, Role::Active, Role::Standby, Role::Standby]
    );
    assert_eq!((view.standbys, view.standby_domains), (2, 1));
    let mut last = Vec::new();
    for _ in 0..3 {
        last = bench.feed(&all(fail(), fail()));
    }
    assert_eq!(switches(last), [("none".to_owned(), "failover")]);
    bench.feed(&[("bluesky/web", Pass)]);
    let events = bench.feed(&[("bluesky/web", Pass)]);
    assert_eq!(switches(events), [("bluesky".to_owned(), "recovery")]);
}

#[test]
fn a_network_that_the_operator_takes_out_of_its_group_is_left_by_hand() {
    let mut bench = crisis();
    bench.feed(&[("x/web", Pass), ("bluesky/web", Pass)]);
    let mut plan = bench.engine.plan.clone();
    plan.groups[0].networks.remove(0);
    let events = bench.engine.reload(plan, bench.now);
    let [Event::Group { to, reason, .. }] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(to.as_deref(), Some("bluesky"));
    assert_eq!(*reason, Activation::Manual);
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
