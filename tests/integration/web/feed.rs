//! `/feed.atom`: valid, the same while nothing happens, and without what is not for everybody.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use bascule::web::access::Audience;
use flate2::read::GzDecoder;
use serde_json::{Value, json};

use super::scene::{Listener, Scene};
use crate::support::daemon::Answer;
use crate::world::namespace::need;

/// What a reader that knows the RFC finds in a feed.
pub(super) fn read(feed: &str) -> Value {
    let mut python = Command::new(need("python3", "python3"))
        .args(["-c", include_str!("atom.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python3 starts");
    let mut input = python.stdin.take().expect("a pipe");
    input.write_all(feed.as_bytes()).expect("it reads");
    drop(input);
    let output = python.wait_with_output().expect("it ends");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{feed}");
    serde_json::from_slice(&output.stdout).expect("it tells JSON")
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let mut lines = answer.head.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[test]
fn outages_and_switches_are_told_with_the_latest_change_first() {
    let answer = Scene::new().listen().get("/feed.atom");
    let kind = header(&answer, "content-type");
    assert_eq!(kind, Some("application/atom+xml; charset=utf-8"));
    let text = answer.text();
    assert!(text.starts_with("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed "));
    assert_eq!(
        read(&text),
        json!({
            "self": "http://test/feed.atom",
            "language": "en",
            "title": "Outages and switches, seen from rennes-1",
            "entries": [
                {
                    "id": "tag:bascule.invalid,2026:rennes-1/outages/2026-05-24T12:59:42Z/7",
                    "title": "X is down (TLS)",
                    "published": "2026-05-24T12:59:42.000Z", "updated": "2026-05-24T12:59:42.000Z",
                    "content": "Since 2026-05-24 12:59 UTC. Endpoint web: the certificate has expired. \
                        certificate expired 3 days ago",
                    "link": "http://test/#events",
                },
                {
                    "id": "tag:bascule.invalid,2026:rennes-1/switches/2026-05-24T12:59:42Z/44",
                    "title": "crisis: post on Bluesky",
                    "published": "2026-05-24T12:59:42.000Z", "updated": "2026-05-24T12:59:42.000Z",
                    "content": "Since 2026-05-24 12:59 UTC. Bluesky instead of X \
                        (the active channel was lost).",
                    "link": "http://test/#events",
                },
                {
                    "id": "tag:bascule.invalid,2026:rennes-1/outages/2026-05-23T11:09:52Z/6",
                    "title": "Bluesky was down for 1h 25m (DNS)",
                    "published": "2026-05-23T11:09:52.000Z", "updated": "2026-05-23T12:34:12.000Z",
                    "content": "From 2026-05-23 11:09 UTC to 2026-05-23 12:34 UTC. \
                        Endpoint appview: the resolver could not find out (SERVFAIL). system answers SERVFAIL",
                    "link": "http://test/#events",
                },
            ],
        })
    );
}

#[test]
fn the_public_reads_it_in_french_and_without_sentences_that_could_quote_addresses() {
    let mut scene = Scene::new();
    // A network that is not watched any more.
    scene.outages[0].network = "threads".to_owned();
    scene.snapshot.networks[0].outage = None;
    scene.events[2].to = Some("none".to_owned());
    scene.facts.networks[1].title = "Bl<u>e & \u{1}sky".to_owned();
    let answer = Listener::start(scene, Audience::Public).get("/feed.atom?lang=fr-CA&utm_source=x");
    let feed = read(&answer.text());
    let told = |key: &str| -> Vec<String> {
        let entries = feed["entries"].as_array().expect("a list").iter();
        entries
            .map(|it| it[key].as_str().expect("a text").to_owned())
            .collect()
    };
    assert_eq!(
        (&feed["self"], &feed["language"]),
        (&json!("http://test/feed.atom?lang=fr"), &json!("fr"))
    );
    assert_eq!(
        told("title"),
        [
            "threads était en panne (TLS)\u{a0}; son retour n’a pas été vu",
            "crisis\u{a0}: aucun canal ne fonctionne",
            "Bl<u>e & \u{fffd}sky a été en panne pendant 1\u{a0}h 25\u{a0}min (DNS)",
        ]
    );
    assert_eq!(
        told("content"),
        [
            "Depuis le 2026-05-24 12:59 UTC. Point de mesure web\u{a0}: le certificat a expiré.",
            "Depuis le 2026-05-24 12:59 UTC. aucun canal au lieu de X (le canal actif est perdu).",
            "Du 2026-05-23 11:09 UTC au 2026-05-23 12:34 UTC. Point de mesure appview\u{a0}: \
             le résolveur n'a pas pu trouver la réponse (SERVFAIL).",
        ]
    );
}

#[test]
fn a_reader_that_has_it_is_told_so_and_other_pages_may_show_it() {
    let listener = Scene::new().listen();
    let first = listener.get("/feed.atom");
    let tag = header(&first, "etag").expect("a tag").to_owned();
    for (name, value) in [
        ("cache-control", "no-cache"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("vary", "accept-encoding"),
    ] {
        assert_eq!(header(&first, name), Some(value));
    }
    let again = listener.ask("GET", "/feed.atom", &format!("If-None-Match: W/{tag}\r\n"));
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(header(&again, "etag"), Some(&*tag));
    assert_eq!(header(&again, "content-type"), None);
    let packed = listener.ask("GET", "/feed.atom", "Accept-Encoding: gzip\r\n");
    assert_ne!(header(&packed, "etag"), Some(&*tag));
    let mut text = String::new();
    GzDecoder::new(&*packed.body)
        .read_to_string(&mut text)
        .expect("it is gzip");
    assert_eq!(text, first.text());
}

#[test]
fn links_are_absolute_only_where_the_host_makes_sense() {
    let listener = Scene::new().listen();
    let own = |headers: &str| {
        let head = format!("GET /feed.atom HTTP/1.1\r\nConnection: close\r\n{headers}\r\n");
        let answer = crate::support::daemon::request_at(listener.address, &head);
        read(&answer.text())["self"].clone()
    };
    assert_eq!(
        own("Host: status.example:81\r\n"),
        "http://status.example:81/feed.atom"
    );
    let proxy = "Host: status.example\r\nX-Forwarded-Proto: https\r\n";
    assert_eq!(own(proxy), "https://status.example/feed.atom");
    let script = "Host: status.example\r\nX-Forwarded-Proto: javascript\r\n";
    assert_eq!(own(script), "http://status.example/feed.atom");
    assert_eq!(own("Host: <script>\r\n"), "/feed.atom");
    assert_eq!(own("Host: you@evil.example\r\n"), "/feed.atom");
}

#[test]
fn nothing_to_tell_is_a_feed_and_no_history_is_said() {
    let mut scene = Scene::all_is_well();
    (scene.events, scene.outages) = (Vec::new(), Vec::new());
    let feed = read(&scene.listen().get("/feed.atom").text());
    assert_eq!(feed["entries"], json!([]));
    let mut scene = Scene::new();
    scene.unavailable = Some("the history cannot be read: disk full".to_owned());
    let listener = scene.listen();
    let answer = listener.get("/feed.atom");
    let sentence = "the history cannot be read: disk full\n".to_owned();
    assert_eq!((answer.status, answer.text()), (503, sentence));
    let answer = listener.get("/feed.atom?lang=xx");
    let sentence = "`lang` is `xx`, and has to be en or fr\n".to_owned();
    assert_eq!((answer.status, answer.text()), (400, sentence));
}

#[test]
fn a_restart_is_no_news() {
    let before = Scene::new().listen().get("/feed.atom").text();
    let mut scene = Scene::new();
    let outage = scene.network("x").outage.as_mut();
    outage.expect("it runs").running_since = None;
    assert_eq!(scene.listen().get("/feed.atom").text(), before);
}

/// A container without a folder for its memory counts from 1 each time.
#[test]
fn two_outages_of_one_number_are_two_entries() {
    let id = |later: u64| {
        let mut scene = Scene::all_is_well();
        scene.outages.truncate(1);
        scene.outages[0].confirmed += std::time::Duration::from_secs(later);
        let feed = read(&scene.listen().get("/feed.atom").text());
        feed["entries"][0]["id"].clone()
    };
    assert_eq!(id(0), id(0));
    assert_ne!(id(0), id(3600));
}
