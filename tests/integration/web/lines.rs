//! What a group means for people: the line and the sentence, situation by situation.

use bascule::model::{Moment, Role, State, UplinkState};

use super::scene::{Scene, ago, now, wall};

/// The line of `/status.txt` and the sentence of `/api/v1/groups`.
fn told(scene: Scene) -> (String, String) {
    let listener = scene.listen();
    let answer = listener.get("/status.txt");
    assert_eq!(answer.status, 200);
    assert!(
        answer
            .head
            .contains("content-type: text/plain; charset=utf-8")
    );
    let groups = listener.json("/api/v1/groups");
    let sentence = groups["groups"][0]["sentence"].as_str().expect("a text");
    let line = answer.text();
    let line = line.strip_suffix('\n').expect("a whole line");
    assert_eq!(groups["groups"][0]["line"].as_str(), Some(line));
    (line.to_owned(), sentence.to_owned())
}

#[track_caller]
fn reads(scene: Scene, line: &str, sentence: &str) {
    assert_eq!(told(scene), (line.to_owned(), sentence.to_owned()));
}

#[test]
fn the_preferred_network_is_down() {
    reads(
        Scene::new(),
        "crisis: bluesky (x down since 12:59, tls)",
        "X is down since 12:59 (TLS), 9m 31s. Post on: Bluesky. Standby: Mastodon.",
    );
}

#[test]
fn a_restart_does_not_begin_an_outage_anew() {
    let mut scene = Scene::new();
    // Judged again two minutes ago.
    scene.network("x").since = ago(120);
    reads(
        scene,
        "crisis: bluesky (x down since 12:59, tls)",
        "X is down since 12:59 (TLS), 9m 31s. Post on: Bluesky. Standby: Mastodon.",
    );
    let mut scene = Scene::new();
    scene.network("x").since = ago(120);
    let page = scene.listen().get("/").text();
    assert!(page.contains("12:59 UTC</time>, 9m 31s"), "{page}");
}

#[test]
fn a_prober_that_hangs_does_not_look_alive() {
    let scene = |seconds| Scene {
        hung: std::time::Duration::from_secs(seconds),
        ..Scene::all_is_well()
    };
    reads(
        scene(9),
        "crisis: x",
        "All channels work. Post on: X. Standby: Bluesky, Mastodon.",
    );
    reads(
        scene(10),
        "crisis: x (not judged: the prober hangs since 2026-05-24T13:09:12Z)",
        "The prober itself hangs: nothing has been judged since 2026-05-24T13:09:12Z. \
         Before: All channels work. Post on: X. Standby: Bluesky, Mastodon.",
    );
    let answer = scene(9).listen().get("/healthz");
    assert_eq!((answer.status, &*answer.text()), (200, "alive\n"));
    let listener = scene(10).listen();
    let answer = listener.get("/healthz");
    let sentence = "the prober hangs: nothing has been judged since 2026-05-24T13:09:12Z\n";
    assert_eq!((answer.status, &*answer.text()), (503, sentence));
    for (badge, told) in [
        ("network/x", "X: unknown"),
        ("group/crisis", "post on: unknown"),
    ] {
        let text = listener.get(&format!("/badge/{badge}.svg")).text();
        assert!(text.contains(&format!("<title>{told}</title>")), "{text}");
    }
}

#[test]
fn all_is_well() {
    reads(
        Scene::all_is_well(),
        "crisis: x",
        "All channels work. Post on: X. Standby: Bluesky, Mastodon.",
    );
}

#[test]
fn nothing_is_usable() {
    let mut scene = Scene::new();
    for name in ["bluesky", "mastodon"] {
        scene.network(name).state = State::Down;
    }
    scene.assign(None, [Role::Failed; 3]);
    reads(
        scene,
        "crisis: none (last resort: https://metropole.example/sms)",
        "No channel works. Last resort: https://metropole.example/sms",
    );
}

#[test]
fn nothing_is_usable_and_there_is_no_last_resort() {
    let mut scene = Scene::new();
    scene.facts.groups.clear();
    scene.assign(None, [Role::Failed, Role::Failed, Role::Disabled]);
    reads(scene, "crisis: none", "No channel works.");
}

#[test]
fn nothing_is_known_yet() {
    let mut scene = Scene::new();
    scene.assign(None, [Role::Unknown; 3]);
    reads(
        scene,
        "crisis: none (not judged yet)",
        "Nothing is judged yet.",
    );
}

#[test]
fn it_is_us() {
    let mut scene = Scene::all_is_well();
    scene.snapshot.uplink.states = [UplinkState::Down; 3];
    scene.snapshot.uplink.since = ago(430);
    reads(
        scene,
        "crisis: x (not judged: our own connection is down since 13:02)",
        "Our own connection is down since 13:02, 7m 10s: nothing is judged. Last known: X.",
    );
}

#[test]
fn a_resolver_that_is_silent_is_told_where_nothing_is_known_for_it() {
    let mut scene = Scene::all_is_well();
    scene.snapshot.uplink.mute = true;
    reads(
        scene,
        "crisis: x",
        "All channels work. Post on: X. Standby: Bluesky, Mastodon.",
    );
    let mut scene = Scene::all_is_well();
    scene.snapshot.uplink.mute = true;
    for network in &mut scene.snapshot.networks {
        network.state = State::Unknown;
    }
    reads(
        scene,
        "crisis: x (not judged: no resolver answers here)",
        "No resolver answers here: names cannot be judged. Last known: X.",
    );
}

#[test]
fn a_connection_that_is_not_judged_is_not_blamed() {
    let mut scene = Scene::all_is_well();
    scene.facts.uplink_judged = false;
    scene.snapshot.uplink.states = [UplinkState::Down; 3];
    reads(
        scene,
        "crisis: x",
        "All channels work. Post on: X. Standby: Bluesky, Mastodon.",
    );
}

#[test]
fn the_preferred_network_waits_for_its_return() {
    let mut scene = Scene::all_is_well();
    scene.network("x").since = ago(60);
    scene.assign(Some("bluesky"), [Role::Held, Role::Active, Role::Standby]);
    scene.group().failback_due = Some(("x".into(), now() + std::time::Duration::from_secs(240)));
    reads(
        scene,
        "crisis: bluesky (x up since 13:08 and takes over at 13:13)",
        "X is up since 13:08 and takes over at 13:13. All channels work. Post on: Bluesky. \
         Standby: X, Mastodon.",
    );
}

#[test]
fn a_time_of_another_day_has_its_date() {
    let mut scene = Scene::new();
    let outage = scene.network("x").outage.as_mut();
    outage.expect("it runs").started = Moment::ZERO;
    let (line, _) = told(scene);
    assert_eq!(line, "crisis: bluesky (x down since 2026-05-19 13:09, tls)");
}

#[test]
fn a_pin_a_maintenance_and_a_lost_standby_are_told() {
    let mut scene = Scene::new();
    scene.network("x").state = State::Maintenance;
    scene.network("x").outage = None;
    scene.network("mastodon").state = State::Down;
    scene.assign(
        Some("bluesky"),
        [Role::Disabled, Role::Active, Role::Failed],
    );
    scene.group().pinned = Some((
        "bluesky".into(),
        ago(0) + std::time::Duration::from_secs(3048),
    ));
    reads(
        scene,
        "crisis: bluesky (pinned until 14:00; x in maintenance since 12:59; mastodon down since \
         2026-05-23 07:09)",
        "X is in maintenance since 12:59. Mastodon is down since 2026-05-23 07:09. Post on: \
         Bluesky. It is pinned until 14:00. Nothing stands by.",
    );
}

#[test]
fn a_maintenance_is_told_with_its_end_where_that_is_known() {
    let mut scene = Scene::all_is_well();
    scene.network("mastodon").state = State::Maintenance;
    scene.assign(Some("x"), [Role::Active, Role::Standby, Role::Disabled]);
    scene.facts.maintenance[0].from = wall();
    reads(
        scene,
        "crisis: x (mastodon in maintenance until 22:09)",
        "Mastodon is in maintenance until 22:09. All other channels work. Post on: X. Standby: \
         Bluesky.",
    );
}

#[test]
fn standbys_that_fall_with_the_active_network_are_no_redundancy() {
    let mut scene = Scene::all_is_well();
    scene.group().standby_domains = 0;
    let (_, sentence) = told(scene);
    assert_eq!(
        sentence,
        "All channels work. Post on: X. Standby: Bluesky, Mastodon, and all of it falls together \
         with the active one."
    );
}
