//! `bascule status` in the six states that people meet: all fine, X down, all down, blind,
//! maintenance, starting; as text of 80 columns, in a pipe and on a terminal.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use bascule::model::{
    Cause, Layer, Moment, NetworkView, Reason, Role, State, Trouble, UplinkState,
};

use bascule::web::MaintenanceFacts;

use super::commands::{bascule, told};
use super::pty::on_a_terminal;
use crate::support::daemon::{Daemon, LISTENS};
use crate::web::scene::{Listener, Scene, ago, wall};

fn asked(listener: &Listener) -> Vec<String> {
    let url = format!("http://{}", listener.address);
    ["status", "--url", &url].map(str::to_owned).to_vec()
}

/// What the command says and its exit code. The scene is of a day that is not today, which the
/// last line says.
fn in_a_pipe(listener: &Listener) -> (i32, String) {
    let arguments = asked(listener);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (code, out, err) = told(&mut bascule(&arguments));
    assert_eq!(err, "");
    assert!(out.is_ascii(), "{out}");
    (code, without_its_age(&out))
}

fn without_its_age(out: &str) -> String {
    let (table, age) = out.trim_end().rsplit_once('\n').expect("lines");
    let tells = age.starts_with("this is ") || age.starts_with("the clock of the daemon is ");
    assert!(tells, "{out}");
    format!("{table}\n")
}

/// A terminal shows the same as a pipe, in colours.
fn assert_same_on_a_terminal(listener: &Listener, plain: &str) {
    let out = on_a_terminal(&asked(listener).join(" "), &[]);
    let text = without_its_age(&without_colours(&out).replace("\r\n", "\n"));
    assert_eq!(text.replace(" · ", ", ").replace('…', "..."), plain);
    assert!(out.contains("\x1b["), "{out:?}");
    let grey = on_a_terminal(&asked(listener).join(" "), &[("NO_COLOR", "1")]);
    assert!(!grey.contains('\x1b'), "{grey:?}");
}

fn without_colours(text: &str) -> String {
    let mut pieces = text.split("\x1b[");
    let mut bare = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        bare.push_str(piece.split_once('m').expect("the end of a colour").1);
    }
    bare
}

fn assert_shown(mut scene: Scene, code: i32, expected: &str) {
    scene.facts.notices.clear();
    // The one of the scene is of tomorrow, and told elsewhere.
    scene.facts.maintenance.retain(|it| it.from <= wall());
    let listener = scene.listen();
    let (ended, out) = in_a_pipe(&listener);
    assert_eq!(out, expected);
    assert_eq!(ended, code);
    assert_same_on_a_terminal(&listener, expected);
    let long = expected.lines().find(|line| line.len() > 80);
    assert_eq!(long, None);
}

fn fails(view: &mut NetworkView, id: u64, layer: Layer, reason: Reason, detail: &str) {
    let cause = Cause::new(reason, detail.to_owned());
    view.state = State::Down;
    view.since = ago(300);
    view.layer = Some(layer);
    view.spare_weight = 0;
    view.trouble = Some(Trouble {
        endpoint: "web".into(),
        cause: cause.clone(),
    });
    view.outage = Some(bascule::model::Outage {
        id,
        network: view.name.clone(),
        started: ago(300),
        confirmed: ago(270),
        last_good: None,
        endpoint: "web".into(),
        cause,
        spent: Duration::ZERO,
        running_since: Some(ago(300)),
        ended: None,
    });
}

/// Nothing is known of any network.
fn unknown(scene: &mut Scene, since: Moment) {
    for view in &mut scene.snapshot.networks {
        view.state = State::Unknown;
        view.since = since;
        view.layer = None;
        view.trouble = None;
        view.outage = None;
        view.spare_weight = 0;
    }
    let group = scene.group();
    (group.standbys, group.standby_domains) = (0, 0);
}

#[test]
fn all_is_fine() {
    let mut scene = Scene::all_is_well();
    let group = scene.group();
    (group.standbys, group.standby_domains) = (2, 2);
    assert_shown(
        scene,
        0,
        "\
crisis: All channels work. Post on: X. Standby: Bluesky, Mastodon.
  2 standbys in 2 independent failure domains

network       state       since        layer: reason              role     spare
x             up          22 May 11:09                            active   1
bluesky       up          09:09                                   standby  1
mastodon      up          23 May 07:09                            standby  1

uplink: up since 23 May 07:09 (ipv4 up, ipv6 unknown)
2026-05-24 13:09:12 UTC, seen from rennes-1
",
    );
}

#[test]
fn x_is_down() {
    assert_shown(
        Scene::new(),
        0,
        "\
crisis: X is down since 12:59 (TLS), 9m 31s. Post on: Bluesky. Standby:
  Mastodon.
  1 standby in 1 independent failure domain

network       state       since        layer: reason              role     spare
x             down        12:59        tls: tls_expired           failed
  outage 7, 9m 31s; web: certificate expired 3 days ago
bluesky       up          09:09                                   active   1
mastodon      up          23 May 07:09                            standby  1

uplink: up since 23 May 07:09 (ipv4 up, ipv6 unknown)
2026-05-24 13:09:12 UTC, seen from rennes-1
",
    );
}

/// After a restart in the outage `x` is down anew, and while it is unknown the outage waits.
#[test]
fn an_outage_is_told_from_its_beginning_over_a_restart() {
    let table = |scene: Scene| {
        let (_, out) = in_a_pipe(&scene.listen());
        let row = out.lines().find(|line| line.starts_with("x  "));
        let first = out.lines().find(|line| line.starts_with("crisis: "));
        (first.unwrap().to_owned(), row.unwrap().to_owned())
    };
    let mut scene = Scene::new();
    scene.facts.notices.clear();
    scene.network("x").since = ago(60);
    let (sentence, row) = table(scene);
    assert_eq!(
        sentence,
        "crisis: X is down since 12:59 (TLS), 9m 31s. Post on: Bluesky. Standby:"
    );
    assert_eq!(
        row,
        "x             down        12:59        tls: tls_expired           failed"
    );

    let mut scene = Scene::new();
    scene.facts.notices.clear();
    let x = scene.network("x");
    (x.state, x.since) = (State::Unknown, ago(60));
    let (_, row) = table(scene);
    assert!(
        row.starts_with("x             unknown     13:08        "),
        "{row}"
    );
}

#[test]
fn all_are_down() {
    let mut scene = Scene::new();
    scene.assign(None, [Role::Failed; 3]);
    let group = scene.group();
    (group.standbys, group.standby_domains) = (0, 0);
    let refused = "192.0.2.7:443 refuses connections";
    fails(
        scene.network("bluesky"),
        8,
        Layer::Tcp,
        Reason::TcpRefused,
        refused,
    );
    let words = "the page has the words that must not be there: Something went wrong, please try \
                 again in a moment or have a look at the page of our status";
    let reason = Reason::ContentForbidden;
    fails(scene.network("mastodon"), 9, Layer::Content, reason, words);
    assert_shown(
        scene,
        1,
        "\
crisis: No channel works. Last resort: https://metropole.example/sms

network       state       since        layer: reason              role     spare
x             down        12:59        tls: tls_expired           failed
  outage 7, 9m 31s; web: certificate expired 3 days ago
bluesky       down        13:04        tcp: tcp_refused           failed
  outage 8, 5m; web: 192.0.2.7:443 refuses connections
mastodon      down        13:04        content: content_forbidden failed
  outage 9, 5m; web: the page has the words that must not be there: Something
    went wrong, please try again in a moment or have a look at the page of ...

uplink: up since 23 May 07:09 (ipv4 up, ipv6 unknown)
2026-05-24 13:09:12 UTC, seen from rennes-1
",
    );
}

#[test]
fn our_own_connection_is_down() {
    let mut scene = Scene::all_is_well();
    unknown(&mut scene, ago(120));
    scene.assign(Some("x"), [Role::Unknown; 3]);
    scene.group().frozen = true;
    let uplink = &mut scene.snapshot.uplink;
    uplink.states = [UplinkState::Down, UplinkState::Down, UplinkState::Unknown];
    (uplink.since, uplink.gateway) = (ago(120), Some(true));
    assert_shown(
        scene,
        0,
        "\
crisis: Our own connection is down since 13:07, 2m: nothing is judged. Last
  known: X.
  frozen: nothing is decided

network       state       since        layer: reason              role     spare
x             unknown     13:07                                   unknown
bluesky       unknown     13:07                                   unknown
mastodon      unknown     13:07                                   unknown

uplink: down since 13:07 (ipv4 down, ipv6 unknown, our gateway answers)
2026-05-24 13:09:12 UTC, seen from rennes-1
",
    );
}

#[test]
fn x_is_in_maintenance() {
    let mut scene = Scene::all_is_well();
    let x = scene.network("x");
    (x.state, x.since, x.spare_weight) = (State::Maintenance, ago(900), 0);
    scene.assign(
        Some("bluesky"),
        [Role::Disabled, Role::Active, Role::Standby],
    );
    scene.facts.maintenance.push(MaintenanceFacts {
        network: "x".into(),
        from: wall() - Duration::from_secs(900),
        until: wall() + Duration::from_secs(2_700),
    });
    assert_shown(
        scene,
        0,
        "\
crisis: X is in maintenance until 13:54. All other channels work. Post on:
  Bluesky. Standby: Mastodon.
  1 standby in 1 independent failure domain

network       state       since        layer: reason              role     spare
x             maintenance 12:54                                   disabled
  in maintenance from 2026-05-24 12:54 to 2026-05-24 13:54 UTC
bluesky       up          09:09                                   active   1
mastodon      up          23 May 07:09                            standby  1

uplink: up since 23 May 07:09 (ipv4 up, ipv6 unknown)
2026-05-24 13:09:12 UTC, seen from rennes-1
",
    );
}

#[test]
fn it_has_just_started() {
    let mut scene = Scene::all_is_well();
    unknown(&mut scene, ago(2));
    scene.assign(None, [Role::Unknown; 3]);
    let uplink = &mut scene.snapshot.uplink;
    uplink.states = [UplinkState::Unknown; 3];
    uplink.since = ago(2);
    assert_shown(
        scene,
        1,
        "\
crisis: Nothing is judged yet. Whether our own connection works is not known
  yet.

network       state       since        layer: reason              role     spare
x             unknown     13:09                                   unknown
bluesky       unknown     13:09                                   unknown
mastodon      unknown     13:09                                   unknown

uplink: unknown since 13:09 (ipv4 unknown, ipv6 unknown)
2026-05-24 13:09:12 UTC, seen from rennes-1
",
    );
}

/// The words of a network's row, without since when.
fn row(out: &str, network: &str) -> Vec<String> {
    let line = out
        .lines()
        .find(|line| line.starts_with(&format!("{network} ")));
    let line = line.unwrap_or_else(|| panic!("no row of {network}:\n{out}"));
    let words = [line[..26].trim(), line[39..].trim()].join(" ");
    words.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn a_real_daemon_is_followed_from_fine_to_all_down() {
    let doors = ["x", "website"].map(|name| {
        let door = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        (name, door.local_addr().expect("its address"), door)
    });
    let network = |(name, address, _): &(&str, SocketAddr, TcpListener)| {
        format!(
            "[network.{name}]\n[[network.{name}.tcp]]\nname = \"door\"\naddress = \"{address}\"\n"
        )
    };
    let daemon = Daemon::start(&format!(
        "[uplink]\nenabled = false\n[probe]\ninterval = \"2s\"\n\
         recheck_interval = \"1s\"\ndown_interval = \"1s\"\n{}{}[[group]]\nname = \"crisis\"\n\
         networks = [\"x\", \"website\"]\nlast_resort = \"https://metropole.example/sms\"\n",
        network(&doors[0]),
        network(&doors[1]),
    ));
    let url = format!("http://{}", daemon.address);
    let status = || told(&mut bascule(&["status", "--url", &url]));
    let is = |network: &str, state: &str| {
        let series = format!("bascule_network_state{{network=\"{network}\",state=\"{state}\"}}");
        daemon.wait_for(&series, |v| v == 1.0);
    };
    let active = |network: &str| {
        let series = format!("bascule_group_active{{group=\"crisis\",network=\"{network}\"}}");
        daemon.wait_for(&series, |v| v == 1.0);
    };
    let line = daemon.wait_for_line(LISTENS);
    let at = format!("status page on {url}/, metrics on {url}/metrics, readiness on {url}/readyz");
    assert!(line.ends_with(&at), "{line}");
    is("x", "up");
    is("website", "up");
    active("x");
    let (code, out, err) = status();
    assert_eq!((code, err.as_str()), (0, ""));
    let start = "crisis: All channels work. Post on: x. Standby: website.\n  \
                 1 standby in 1 independent failure domain\n\n";
    assert!(out.starts_with(start), "{out}");
    assert_eq!(row(&out, "x"), ["x", "up", "active", "0"]);
    assert_eq!(row(&out, "website"), ["website", "up", "standby", "0"]);
    assert!(out.contains(" UTC, seen from "), "{out}");

    let [(_, _, x), (_, _, website)] = doors;
    drop(x);
    is("x", "down");
    active("website");
    let (code, out, _) = status();
    assert_eq!(code, 0);
    assert!(out.starts_with("crisis: x is down since "), "{out}");
    let failed = ["x", "down", "tcp:", "tcp_refused", "failed"];
    assert_eq!(row(&out, "x"), failed);
    assert_eq!(row(&out, "website"), ["website", "up", "active", "0"]);
    assert!(out.contains("\n  outage 1, "), "{out}");
    assert!(out.contains("; door: connection refused\n"), "{out}");

    drop(website);
    is("website", "down");
    active("none");
    let (code, out, _) = status();
    assert_eq!(code, 1);
    let end = "crisis: No channel works. Last resort: https://metropole.example/sms\n\n";
    assert!(out.starts_with(end), "{out}");
    assert_eq!(row(&out, "x"), failed);
    let (code, out, _) = told(&mut bascule(&["outages", "--url", &url, "--network", "x"]));
    assert_eq!(code, 0);
    assert_eq!(
        out.lines()
            .filter(|line| line.ends_with(" running"))
            .count(),
        1
    );
    assert!(
        out.contains("\n1 outage of x in the last 7d, seen from "),
        "{out}"
    );
}
