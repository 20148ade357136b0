//! The status page as a browser gets it: its head, its languages, what the public is not shown.

use std::io::Read as _;

use bascule::web::access::Audience;
use flate2::read::GzDecoder;

use super::scene::{Listener, Scene};
use crate::support::daemon::Answer;

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let mut lines = answer.head.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[test]
fn the_page_loads_nothing_runs_nothing_and_is_asked_for_again() {
    let listener = Scene::new().listen();
    let page = listener.get("/");
    assert_eq!(page.status, 200);
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("content-language", "en"),
        ("cache-control", "no-cache"),
        ("vary", "accept-encoding, accept-language"),
        ("refresh", "60"),
    ] {
        assert_eq!(header(&page, name), Some(value), "{}", page.head);
    }
    let policy = header(&page, "content-security-policy").expect("a policy");
    let (before, after) = policy.split_once("style-src 'sha256-").expect("a style");
    assert_eq!(before, "default-src 'none'; script-src 'none'; ");
    let (_, after) = after.split_once("'; ").expect("more");
    let rest = "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    assert_eq!(after, rest);

    let text = page.text();
    assert!(
        text.starts_with("<!DOCTYPE html><html lang=\"en\">"),
        "{text}"
    );
    assert!(
        text.contains("X is down since 12:59 UTC (TLS), 9m 31s."),
        "{text}"
    );
    for foreign in ["<script", "<img", "<iframe", "@import", "url(", " style="] {
        assert!(!text.contains(foreign), "{foreign}: {text}");
    }
}

#[test]
fn who_does_not_want_it_to_move_is_not_moved() {
    let listener = Scene::new().listen();
    let page = listener.get("/?lang=fr&refresh=off");
    assert_eq!(header(&page, "refresh"), None);
    let text = page.text();
    let again = "<a href=\"/?lang=fr\">Actualiser chaque minute</a>";
    assert!(text.contains(again), "{text}");
    let stop = "<a href=\"/?lang=en&amp;refresh=off\">Do not renew by itself</a>";
    assert!(listener.get("/").text().contains(stop));
}

#[test]
fn a_page_that_has_not_changed_is_not_sent_again() {
    let listener = Scene::new().listen();
    let page = listener.get("/");
    let tag = header(&page, "etag").expect("a tag");
    for same in [
        tag.to_owned(),
        format!("\"other\", W/{tag}"),
        "*".to_owned(),
    ] {
        let again = listener.ask("GET", "/", &format!("If-None-Match: {same}\r\n"));
        assert_eq!((again.status, again.body.len()), (304, 0), "{same}");
        assert_eq!(header(&again, "etag"), Some(tag));
        assert_eq!(header(&again, "cache-control"), Some("no-cache"));
    }
    let packed = "Accept-Encoding: gzip\r\n";
    for (path, headers) in [
        ("/?lang=fr", String::new()),
        ("/", "If-None-Match: \"other\"\r\n".to_owned()),
        ("/", format!("If-None-Match: {tag}\r\n{packed}")),
    ] {
        let other = listener.ask("GET", path, &headers);
        assert_eq!(other.status, 200, "{path} {headers}");
    }
    let other = listener.ask("GET", "/", packed);
    let mut text = String::new();
    let mut unpacked = GzDecoder::new(&*other.body);
    unpacked.read_to_string(&mut text).expect("it is gzip");
    assert_eq!(text, page.text());
}

#[test]
fn the_page_speaks_the_language_of_the_reader() {
    let listener = Scene::new().listen();
    let french = "X est en panne depuis 12:59 UTC (TLS), 9\u{a0}min 31\u{a0}s.";
    for (path, accept) in [
        ("/", "Accept-Language: fr-FR,fr;q=0.9,en;q=0.5\r\n"),
        (
            "/",
            "Accept-Language: en;q=0.5\r\nAccept-Language: fr;Q=0.9;x=y\r\n",
        ),
        ("/?lang=fr", "Accept-Language: en\r\n"),
        ("/?lang=FR", "Accept-Language: en\r\n"),
        ("/?utm_source=mail&lang=fr", ""),
    ] {
        let page = listener.ask("GET", path, accept);
        assert_eq!(header(&page, "content-language"), Some("fr"), "{path}");
        let text = page.text();
        assert!(
            text.contains("<html lang=\"fr\">") && text.contains(french),
            "{text}"
        );
        assert!(text.contains("Publiez sur\u{a0}: Bluesky."), "{text}");
    }
    let page = listener.ask("GET", "/?lang=en", "Accept-Language: fr\r\n");
    assert_eq!(header(&page, "content-language"), Some("en"));
}

#[test]
fn the_public_page_shows_counts_of_addresses_and_no_address() {
    let mut scene = Scene::new();
    scene.problem = Some("/var/lib/bascule is full".to_owned());
    let listener = Listener::start(scene, Audience::Public);
    let text = listener.get("/").text();
    assert!(
        text.contains("<dt>Addresses</dt><dd>0/1 IPv4</dd>"),
        "{text}"
    );
    assert!(text.contains("the certificate has expired"), "{text}");
    for said in [
        "<span>We also post on Bluesky.</span>",
        "Until 2026-05-25 13:09 UTC.",
        "Maintenance announced: Mastodon, from 2026-05-24 21:09 to 2026-05-24 22:09 UTC.",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    for hidden in ["3 days ago", "203.0.113.", "/var/lib"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
}

#[test]
fn without_a_history_the_page_still_says_what_to_use() {
    let mut scene = Scene::new();
    scene.unavailable = Some("the history does not answer in time".to_owned());
    let page = scene.listen().get("/");
    let text = page.text();
    assert_eq!(page.status, 200);
    for said in [
        "Post on: Bluesky.",
        "The history does not answer now.",
        "There is no history to draw.",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
}
