//! `status` and `outages` against a listener on loopback: 80 columns, exit codes, sentences.

use std::sync::Arc;
use std::time::Duration;

use bascule::model::printable::is_harmful;
use bascule::model::{Role, State};
use bascule::report::line::Look;
use bascule::report::{outages, running, status};
use serde_json::Value;

use super::commands::{bascule, told};
use super::pty::on_a_terminal;
use super::server::{Server, nobody};
use crate::web::scene::{Listener, Scene, now, wall};

fn ask(listener: &Listener, command: &str, more: &[&str]) -> (i32, String, String) {
    let url = format!("http://{}", listener.address);
    let mut arguments = vec![command, "--url", &url];
    arguments.extend(more);
    told(&mut bascule(&arguments))
}

#[test]
fn whatever_helps_at_night_is_told_where_there_is_any() {
    let mut scene = Scene::new();
    scene.network("mastodon").state = State::Unknown;
    let bluesky = scene.network("bluesky");
    (bluesky.flapping, bluesky.spare_weight) = (true, 0);
    scene.assign(Some("bluesky"), [Role::Failed, Role::Active, Role::Unknown]);
    scene.facts.uplink_judged = false;
    let group = scene.group();
    group.standbys = 0;
    group.failback_due = Some(("x".into(), now() + Duration::from_secs(300)));
    group.pinned = Some(("bluesky".into(), now() + Duration::from_secs(3_600)));
    let mut document = scene.listen().json("/status.json");
    document["notices"] = serde_json::json!([{
        "texts": [
            {"language": "fr", "text": "X déménage"},
            {"language": "en", "text": "X is moving house; the numbers below may jump"},
        ],
        "until": "2026-06-24T08:00:00.000Z",
    }]);
    let read = running::read(document.to_string().as_bytes()).expect("a document");
    let out = status::draw(Look::PLAIN, &read, wall() + Duration::from_secs(180));
    assert_eq!(
        out,
        "\
notice: X is moving house; the numbers below may jump (until 24 Jun 08:00)
crisis: X is down since 12:59 (TLS), 9m 31s. Post on: Bluesky. It is pinned
  until 14:09. Nothing stands by.
  failback to x due at 13:14, pinned to bluesky until 14:09

network       state       since        layer: reason              role     spare
x             down        12:59        tls: tls_expired           failed
  outage 7, 9m 31s; web: certificate expired 3 days ago
bluesky       up          09:09                                   active   0
  flapping: its outages of the last 6h make its way back longer
mastodon      unknown     23 May 07:09                            unknown
  maintenance announced: from 2026-05-24 21:09 to 2026-05-24 22:09 UTC

uplink: not judged, every failure is believed at once
2026-05-24 13:09:12 UTC, seen from rennes-1
this is 3m old, or the clocks of the daemon and of this machine differ
"
    );
}

#[test]
fn networks_stand_in_the_order_in_which_groups_prefer_them() {
    let mut scene = Scene::new();
    scene.snapshot.networks.reverse();
    scene.group().roles.retain(|(name, _)| &**name != "bluesky");
    let (_, out, _) = ask(&scene.listen(), "status", &[]);
    let rows = out.lines().filter_map(|line| line.split_once("  "));
    let known = ["x", "bluesky", "mastodon"];
    let names: Vec<&str> = rows
        .map(|(name, _)| name)
        .filter(|it| known.contains(it))
        .collect();
    assert_eq!(names, ["x", "mastodon", "bluesky"], "{out}");
}

#[test]
fn a_narrow_window_loses_nothing() {
    let mut scene = Scene::new();
    scene.facts.notices.clear();
    let document = scene.listen().json("/status.json").to_string();
    let read = running::read(document.as_bytes()).expect("a document");
    let draw = |columns| status::draw(Look::PLAIN.within(columns), &read, wall());
    assert_eq!(
        draw(40),
        "\
crisis: X is down since 12:59 (TLS),
  9m 31s. Post on: Bluesky. Standby:
  Mastodon.
  1 standby in 1 independent failure
  domain

network         state       since
x               down        12:59
  tls: tls_expired, failed
  outage 7, 9m 31s; web: certificate
    expired 3 days ago
bluesky         up          09:09
  active, spare 1
mastodon        up          23 May 07:09
  standby, spare 1
  maintenance announced: from
    2026-05-24 21:09 to 2026-05-24 22:09
    UTC

uplink: up since 23 May 07:09 (ipv4
  up, ipv6 unknown)
2026-05-24 13:09:12 UTC, seen from
  rennes-1
"
    );
    let tiny = draw(20);
    let row = "network  state\nx        down\n  12:59, tls:\n    tls_expired,\n    failed\n";
    assert!(tiny.contains(row), "{tiny}");
    for width in [0, 20, 35, 36, 79] {
        let long = draw(width).lines().map(str::len).max();
        assert!(long <= Some(width.max(20)), "{width}: {long:?}");
    }

    let one = br#"{"api": "v1", "vantage": "far away from here", "next": 7, "outages": [{"id": 7,
        "network": "x", "state": "running", "started": "2026-05-24T12:59:30.120Z",
        "duration_seconds": 60.2, "layer": "tls", "reason": "tls_expired", "detail": null,
        "endpoint": "web"}]}"#;
    let read = running::read(one).expect("a document");
    assert_eq!(
        outages::draw(Look::PLAIN.within(36), &read, "7d", None),
        "\
id   network
7    x running
     2026-05-24 12:59, 1m, tls:
     tls_expired
     web

1 outage in the last 7d, seen from
far away from here; 1 not over
     x down 1m in 1 outage
these are the newest; there may be
more
"
    );
}

#[test]
fn on_a_terminal_states_and_marks_have_colours() {
    let rich = Look::RICH;
    let status = br#"{"api": "v1", "vantage": "a", "at": "2026-05-24T13:09:12.000Z",
        "problem": null, "groups": [], "networks": [{"name": "x", "state": "down",
        "since": "2026-05-24T12:59:30.120Z", "layer": "tls", "reason": "tls_expired",
        "roles": [{"role": "active"}]}]}"#;
    let drawn = status::draw(rich, &running::read(status).expect("a document"), wall());
    let row = "x             \x1b[1;31mdown\x1b[0m        12:59        \
               tls: tls_expired           \x1b[1mactive\x1b[0m";
    assert_eq!(drawn.lines().nth(1), Some(row));

    let one = br#"{"api": "v1", "vantage": "a", "next": null, "outages": [{"id": 7, "network": "x",
        "state": "running", "started": "2026-05-24T12:59:30.120Z", "duration_seconds": 60.2,
        "layer": null, "reason": "slow", "detail": null, "endpoint": "web"}]}"#;
    let drawn = outages::draw(rich, &running::read(one).expect("a document"), "7d", None);
    let row = "7    \x1b[1mx\x1b[0m            2026-05-24 12:59 1m       slow                       \
               \x1b[1;31mrunning\x1b[0m";
    assert_eq!(drawn.lines().nth(1), Some(row));
    assert_eq!(drawn.lines().nth(2), Some("     \x1b[2mweb\x1b[0m"));
}

#[test]
fn a_group_without_a_usable_network_is_bad_news() {
    let mut scene = Scene::new();
    scene.facts.notices.clear();
    scene.assign(None, [Role::Failed; 3]);
    scene.problem = Some("the state file cannot be written: no space left".to_owned());
    let (code, out, _) = ask(&scene.listen(), "status", &[]);
    assert_eq!(code, 1);
    assert!(
        out.starts_with("crisis: No channel works. Last resort: https://metropole.example/sms\n"),
        "{out}"
    );
    assert!(
        out.contains("\nmemory: the state file cannot be written: no space left\n"),
        "{out}"
    );
}

#[test]
fn no_line_is_longer_than_eighty_columns_and_nothing_is_obeyed() {
    let mut scene = Scene::new();
    let x = scene.network("x");
    let trouble = x.trouble.as_mut().expect("it is down");
    trouble.cause.reason = bascule::model::Reason::ContentForbidden;
    x.layer = Some(bascule::model::Layer::Content);
    scene.facts.vantage = "far ".repeat(40);
    scene.facts.networks[0].title = format!("X\x1b[31m {}", "y".repeat(90));
    scene.outages[0].network = "z".repeat(90);
    scene.outages[0].reason = "tls_not_yet_valid".to_owned();
    scene.outages[0].layer = Some("content".to_owned());
    scene.outages[0].detail = format!("\x1b]0;title\x07 {}", "word ".repeat(90));
    let listener = scene.listen();
    for command in ["status", "outages"] {
        let (code, out, err) = ask(&listener, command, &[]);
        assert_eq!((code, err.as_str()), (0, ""));
        let long = out.lines().find(|line| line.chars().count() > 80);
        assert_eq!(long, None);
        let rest = out.replace('\n', "");
        assert!(rest.is_ascii() && !rest.contains(char::is_control), "{out}");
    }
    let (_, out, _) = ask(&listener, "status", &[]);
    assert!(
        out.contains(" content: content_forbidden failed\n"),
        "{out}"
    );
}

#[test]
fn nothing_a_daemon_says_commands_a_terminal() {
    let evil = "\u{1b}[31m\u{1b}]0;t\u{7}\u{202e}\u{200b}\u{9b}2J\r\n\ta";
    let status = serde_json::json!({
        "api": "v1", "vantage": evil, "at": evil, "problem": evil,
        "uplink": {"judged": true, "state": evil, "since": evil, "ipv4": evil, "ipv6": evil,
            "gateway": true},
        "notices": [{"texts": [{"language": "en", "text": evil}], "until": evil}],
        "maintenance": [{"network": evil, "from": evil, "until": evil, "open": true}],
        "groups": [{"name": evil, "sentence": evil, "active": evil, "standbys": 4_294_967_295_u32,
            "roles": [{"network": evil, "role": evil}],
            "failback_due": {"network": evil, "at": evil},
            "pinned": {"network": evil, "until": evil}}],
        "networks": [{"name": evil, "state": evil, "since": evil, "layer": evil, "reason": evil,
            "detail": evil, "endpoint": evil, "roles": [{"group": evil, "role": evil}],
            "outage": {"id": u64::MAX, "state": evil, "duration_seconds": 1e308}}],
    });
    let outages = serde_json::json!({
        "api": "v1", "vantage": evil, "next": null, "outages": [{"id": u64::MAX, "network": evil,
            "state": evil, "started": evil, "duration_seconds": -1e308, "layer": evil,
            "reason": evil, "detail": evil, "endpoint": evil}],
    });
    for (command, document) in [("status", status), ("outages", outages)] {
        let server = Server::page("200 OK", "", &document.to_string());
        let url = server.url();
        for more in ["", " --json"] {
            let words = format!("{command} --url {url}{more}");
            let shown = on_a_terminal(&words, &[]);
            let ours = ["0", "1", "2", "32", "33", "35", "1;31"];
            let bare = ours.iter().fold(shown.replace("\r\n", ""), |text, code| {
                text.replace(&format!("\x1b[{code}m"), "")
            });
            let harmful = bare.chars().find(|c| is_harmful(*c));
            assert_eq!(harmful, None, "{words}: {shown:?}");
            assert!(shown.contains("]0;t"), "{words}: {shown:?}");
        }
    }
}

#[test]
fn outages_that_run_come_first_and_say_so() {
    let mut scene = Scene::new();
    scene.outages.reverse();
    let (code, out, err) = ask(&scene.listen(), "outages", &[]);
    assert_eq!(
        out,
        "\
id   network      started (UTC)    duration layer: reason
7    x            2026-05-24 12:59 9m 31s   tls: tls_expired           running
     web: certificate expired 3 days ago
6    bluesky      2026-05-23 11:09 1h 25m   dns: dns_servfail
     appview: system answers SERVFAIL

2 outages in the last 7d, seen from rennes-1; 1 not over
  bluesky               down 1h 25m in 1 outage
  x                     down 9m 31s in 1 outage
"
    );
    assert_eq!((code, err.as_str()), (0, ""));
}

#[test]
fn a_time_without_outages_is_told_in_a_line() {
    let mut scene = Scene::all_is_well();
    scene.outages.remove(0);
    let asked = Arc::clone(&scene.asked);
    let (code, out, _) = ask(&scene.listen(), "outages", &["--since", "1h"]);
    assert_eq!(
        (code, out.as_str()),
        (0, "no outages in the last 1h, seen from rennes-1\n")
    );
    assert_eq!(asked.lock().unwrap()[0].limit, 1000);
}

/// So many finished ones, and an older one that runs.
fn many_outages(number: u64) -> String {
    let mut scene = Scene::new();
    let [running, one] = [0, 1].map(|i| scene.outages[i].clone());
    let finished = (0..number).map(|n| bascule::history::OutageRow {
        id: 7 + number - n,
        ..one.clone()
    });
    scene.outages = finished.chain([running]).collect();
    ask(&scene.listen(), "outages", &[]).1
}

#[test]
fn an_outage_that_runs_is_not_hidden_by_a_page_of_newer_ones() {
    let out = many_outages(1000);
    let end = "\n1001 outages in the last 7d, seen from rennes-1; 1 not over\n  \
               bluesky               down 59d 1h in 1000 outages\n  \
               x                     down 9m 31s in 1 outage\n";
    assert!(out.ends_with(end), "{}", &out[out.len() - 200..]);
    assert_eq!(out.lines().nth(1).map(|line| &line[..7]), Some("7    x "));
}

#[test]
fn more_outages_than_are_asked_for_are_not_passed_over_in_silence() {
    let out = many_outages(10_000);
    let end = "\n10000 outages in the last 7d, seen from rennes-1\n  \
               bluesky               down 590d 7h in 10000 outages\n\
               these are the newest; there may be more\n";
    assert!(out.ends_with(end), "{}", &out[out.len() - 200..]);
}

#[test]
fn programs_get_the_documents_of_the_api_and_of_outages_the_evidence() {
    let mut scene = Scene::new();
    scene.outages[0].detail = "a right-to-left \u{202e} mark".to_owned();
    let listener = scene.listen();
    for (command, path) in [
        ("status", "/status.json"),
        ("outages", "/api/v1/outages?evidence=true"),
    ] {
        let (code, out, err) = ask(&listener, command, &["--json"]);
        assert_eq!((code, err.as_str()), (0, ""));
        let told: Value = serde_json::from_str(&out).expect("it is JSON");
        assert_eq!(told, listener.json(path), "{command}");
        assert!(out.ends_with("}\n") && out.lines().count() == 1);
        assert!(!out.contains('\u{202e}'));
    }
}

#[test]
fn a_daemon_behind_a_path_is_found() {
    let body = r#"{"api":"v1","vantage":"a","at":"then","problem":null,"groups":[],"networks":[]}"#;
    let server = Server::page("200 OK", "", body);
    let url = format!("http://{}/bascule/", server.address);
    let (code, out, _) = told(&mut bascule(&["status", "--url", &url]));
    assert_eq!((code, out.as_str()), (0, "then UTC, seen from a\n"));
}

#[test]
fn a_daemon_that_cannot_answer_is_told_in_one_sentence() {
    let fails = |url: &str, sentence: &str| {
        let (code, out, err) = told(&mut bascule(&["outages", "--url", url]));
        let expected = format!("bascule: {url} {sentence}\n");
        assert_eq!((code, out.as_str(), err), (2, "", expected));
    };
    let of = |server: &Server| server.url();

    fails(
        &format!("http://{}/", nobody()),
        "cannot be reached: Connection refused (os error 111); is the daemon running there?",
    );
    let mut scene = Scene::new();
    scene.unavailable = Some("the history cannot be read: disk full".to_owned());
    let listener = scene.listen();
    fails(
        &format!("http://{}/", listener.address),
        "answers 503: the history cannot be read: disk full",
    );
    fails(
        &of(&Server::page("404 Not Found", "", "<html>")),
        "answers 404: is this a bascule daemon?",
    );
    fails(
        &of(&Server::page("200 OK", "", "<html>")),
        "does not answer like a bascule daemon",
    );
    fails(
        &of(&Server::page("200 OK", "", r#"{"api": "v2"}"#)),
        "speaks version `v2` of the API, and this bascule version `v1`",
    );
    fails(
        &of(&Server::page("200 OK", "", r#"{"api": "v1"}"#)),
        "says what cannot be understood: missing field `vantage` at line 1 column 13",
    );
    fails(
        &of(&Server::page("200 OK", "", &"x".repeat((8 << 20) + 1))),
        "says more than 8 MiB",
    );
    fails(&of(&Server::saying("")), "does not answer within 5 s");
}

#[test]
fn what_cannot_be_asked_is_wrong_usage() {
    let begin = "bascule: --url must begin with http:// or https:// and name a host\n";
    let user = "bascule: --url must not hold a user name or password, which everybody on this \
                machine could see: use --user and --password-file\n";
    let relative = "bascule: --url is not a URL: relative URL without a base\n";
    let plain = "bascule: --ca-file and --cert-file are for an https:// URL\n";
    for (arguments, sentence) in [
        (&["status", "--url", "ftp://127.0.0.1/"][..], begin),
        (&["status", "--url", "http://u:p@127.0.0.1/"], user),
        (&["outages", "--url", "nonsense"], relative),
        (&["status", "--ca-file", "ca.pem"], plain),
        (&["outages", "--since", "soon"], "error: invalid value"),
        (
            &["status", "--user", "u"],
            "error: the following required arguments",
        ),
        (
            &["status", "--key-file", "k"],
            "error: the following required arguments",
        ),
    ] {
        let (code, out, err) = told(&mut bascule(arguments));
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}");
        assert!(err.starts_with(sentence), "{err}");
    }
}
