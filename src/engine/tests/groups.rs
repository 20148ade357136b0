//! Level 3: which network is active, when it is left and when it is taken again.

use super::*;

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

fn all(x: Verdict, others: Verdict) -> Vec<(&'static str, Verdict)> {
    vec![
        ("x/web", x),
        ("facebook/web", others.clone()),
        ("threads/web", others.clone()),
        ("bluesky/web", others),
    ]
}

/// The switches among some events: to which network, and why.
fn switches(events: &[Event]) -> Vec<(String, &'static str)> {
    let switches = events.iter().filter_map(|event| match event {
        Event::Group { to, reason, .. } => {
            Some((to.as_deref().unwrap_or("none").to_owned(), reason.as_str()))
        }
        _ => None,
    });
    switches.collect()
}

impl Bench {
    /// Feeds the same again and again for a time, and tells the switches with the seconds at
    /// which they came.
    fn feed_for(&mut self, seconds: u64, rounds: &[(&str, Verdict)]) -> Vec<(u64, String)> {
        let start = self.now;
        let mut seen = Vec::new();
        for _ in 0..seconds / 10 {
            let events = self.feed(rounds);
            let at = self.now.since(start).as_secs();
            seen.extend(
                switches(&events)
                    .into_iter()
                    .map(|(to, why)| (at, format!("{to} {why}"))),
            );
        }
        seen
    }

    fn group(&self) -> crate::model::GroupView {
        self.engine.snapshot().groups[0].clone()
    }
}

fn switched(to: &str, why: &'static str) -> Vec<(String, &'static str)> {
    vec![(to.to_owned(), why)]
}

#[test]
fn at_the_start_a_less_preferred_network_waits_for_one_that_is_still_unknown() {
    let mut bench = crisis();
    let early = bench.feed_for(20, &[("facebook/web", Pass)]);
    assert_eq!(early, []);
    let events = bench.feed(&[("facebook/web", Pass)]);
    assert_eq!(
        switches(&events),
        switched("facebook", "startup"),
        "the grace of 30 s is over"
    );

    let mut bench = crisis();
    bench.feed(&[("facebook/web", Pass)]);
    let events = bench.feed(&[("x/web", Pass)]);
    assert_eq!(switches(&events), switched("x", "startup"));
}

#[test]
fn the_active_network_is_left_at_once_when_it_is_down_and_taken_again_after_the_delay() {
    let mut bench = crisis();
    bench.feed(&all(Pass, Pass));
    let view = bench.group();
    assert_eq!(view.active.as_deref(), Some("x"));
    assert_eq!(
        (view.standbys, view.standby_domains),
        (3, 2),
        "facebook and threads fall together"
    );
    assert_eq!(
        bench.feed_for(30, &all(fail(), Pass)),
        [(30, "facebook failover".to_owned())]
    );
    let view = bench.group();
    let roles: Vec<Role> = view.roles.iter().map(|(_, role)| *role).collect();
    assert_eq!(
        roles,
        [Role::Failed, Role::Active, Role::Standby, Role::Standby]
    );
    assert_eq!((view.standbys, view.standby_domains), (2, 1));
    assert_eq!(view.failback_due, None);

    bench.feed_for(20, &all(Pass, Pass));
    let view = bench.group();
    assert_eq!(view.roles[0].1, Role::Held);
    assert_eq!(
        view.failback_due,
        Some(("x".into(), bench.now + 300 * SECOND))
    );
    assert_eq!(
        bench.feed_for(600, &all(Pass, Pass)),
        [(300, "x failback".to_owned())]
    );
    assert_eq!(view.books.switch.count(), 1);
    assert!(
        (view.books.switch.sum - 20.0).abs() < 1e-9,
        "from the first bad round"
    );
}

#[test]
fn outages_lengthen_the_way_back() {
    let mut bench = crisis();
    bench.feed(&all(Pass, Pass));
    for _ in 0..3 {
        bench.feed_for(30, &all(fail(), Pass));
        bench.feed_for(20, &all(Pass, Pass));
    }
    assert!(bench.view("x").flapping);
    assert_eq!(
        bench.feed_for(1200, &all(Pass, Pass)),
        [(900, "x failback".to_owned())]
    );
}

#[test]
fn when_all_are_down_there_is_none_and_whoever_comes_first_is_taken_at_once() {
    let mut bench = crisis();
    bench.feed(&all(Pass, Pass));
    assert_eq!(
        bench.feed_for(30, &all(fail(), fail())),
        [(30, "none failover".to_owned())]
    );
    assert_eq!(bench.group().books.exhaustions, 1);
    bench.feed(&[("bluesky/web", Pass)]);
    let events = bench.feed(&[("bluesky/web", Pass)]);
    assert_eq!(switches(&events), switched("bluesky", "recovery"));
    let books = bench.group().books;
    assert_eq!(
        (books.switch.count(), books.switch.sum),
        (1, 40.0),
        "silent since the first bad round"
    );
}

#[test]
fn an_unknown_active_network_is_held_for_two_minutes() {
    let mut bench = crisis();
    bench.feed(&all(Pass, Pass));
    let others = &all(ours(), Pass);
    // The evidence lasts for 190 s.
    assert_eq!(bench.feed_for(300, others), []);
    assert_eq!(bench.network_state("x"), State::Unknown);
    assert_eq!(
        bench.feed_for(60, others),
        [(10, "facebook failover".to_owned())]
    );
}

#[test]
fn a_degraded_network_is_left_only_where_that_is_wanted() {
    let mut bench = crisis();
    bench.feed(&all(Pass, Pass));
    assert_eq!(bench.feed_for(60, &all(slow(), Pass)), []);
    let mut plan = bench.engine.plan.clone();
    plan.groups[0].failover_on_degraded = true;
    let events = bench.engine.reload(plan, bench.now);
    assert_eq!(switches(&events), switched("facebook", "failover"));
}

#[test]
fn a_network_that_is_only_slow_is_not_failed_back_to_but_one_whose_certificate_ends_is() {
    let mut bench = crisis();
    bench.feed(&all(Pass, Pass));
    bench.feed_for(30, &all(fail(), Pass));
    assert_eq!(bench.feed_for(900, &all(slow(), Pass)), []);
    assert_eq!(bench.group().roles[0].1, Role::Standby);
    let expiring = Verdict::Slow(Cause::new(Reason::TlsExpiring, ""));
    assert_eq!(
        bench.feed_for(900, &all(expiring, Pass)),
        [(310, "x failback".to_owned())]
    );
}

#[test]
fn a_pin_holds_while_its_network_is_usable() {
    let mut bench = crisis();
    bench.feed(&all(Pass, Pass));
    let mut plan = bench.engine.plan.clone();
    plan.groups[0].pin = Some(("bluesky".into(), bench.now + 1000 * SECOND));
    let events = bench.engine.reload(plan, bench.now);
    assert_eq!(switches(&events), switched("bluesky", "manual"));
    assert_eq!(bench.group().roles[0].1, Role::Held);
    assert_eq!(
        bench.feed_for(1200, &all(Pass, Pass)),
        [(1000, "x failback".to_owned())]
    );
}

#[test]
fn maintenance_and_disabled_are_no_choice_and_no_outage() {
    let mut bench = crisis();
    bench.feed(&all(Pass, Pass));
    let mut plan = bench.engine.plan.clone();
    let from = bench.now + 100 * SECOND;
    plan.networks[0].maintenance = vec![Window {
        from,
        until: from + 200 * SECOND,
    }];
    plan.networks[1].enabled = false;
    bench.engine.reload(plan, bench.now);
    assert_eq!(
        bench.engine.next_deadline().map(|at| at <= from),
        Some(true)
    );
    assert_eq!(
        bench.feed_for(200, &all(fail(), Pass))[..],
        [(30, "threads failover".to_owned())]
    );
    let view = bench.view("x");
    assert_eq!(view.state, State::Maintenance);
    assert_eq!(
        (view.outage, view.books.outage_durations.count()),
        (None, 1)
    );
    assert_eq!(bench.group().roles[1].1, Role::Disabled);
    assert_eq!(
        bench.engine.snapshot().networks[1].state,
        State::Up,
        "and judged as ever"
    );
    bench.feed_for(200, &all(Pass, Pass));
    let times = bench.view("x").books.state_time;
    assert_eq!(times[State::Maintenance as usize], 200 * SECOND);
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
fn a_restart_without_the_active_network_begins_anew_and_is_no_exhaustion() {
    let mut bench = crisis();
    bench.feed(&all(Pass, Pass));
    let memory = bench.engine.memory(bench.now);
    let mut plan = bench.engine.plan.clone();
    plan.networks.remove(0);
    plan.groups[0].networks.remove(0);
    bench.engine = Engine::restore(plan, &memory, true, bench.now);
    bench.engine.step(&[], bench.now);
    assert_eq!(switches(&bench.feed(&[("bluesky/web", Pass)])), []);
    let events = bench.feed(&[("facebook/web", Pass)]);
    assert_eq!(switches(&events), switched("facebook", "startup"));
    assert_eq!(bench.group().books.exhaustions, 0);
}
