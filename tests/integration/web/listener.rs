//! The rules of the listener: redirects, methods, bounds, compression, what the public sees.

use std::io::Read as _;

use bascule::model::{Role, UplinkState};
use bascule::web::access::Audience;
use flate2::read::GzDecoder;

use super::scene::{Listener, Scene};
use crate::support::daemon::Answer;

fn location(answer: &Answer) -> Option<&str> {
    let mut lines = answer.head.lines();
    lines.find_map(|line| line.strip_prefix("location: "))
}

#[test]
fn go_leads_to_the_profile_else_home_else_to_the_last_resort() {
    let leads = |scene: Scene| {
        let answer = scene.listen().get("/go/crisis");
        assert!(answer.head.contains("cache-control: no-store"));
        (answer.status, location(&answer).map(str::to_owned))
    };
    let to = |link: &str| (302, Some(link.to_owned()));
    assert_eq!(leads(Scene::new()), to("https://bluesky.example/ville"));

    let active = |name: Option<&str>| {
        let mut scene = Scene::new();
        scene.assign(name, [Role::Failed; 3]);
        scene
    };
    assert_eq!(
        leads(active(Some("mastodon"))),
        to("https://mastodon.example/")
    );
    assert_eq!(leads(active(None)), to("https://metropole.example/sms"));
    let mut homeless = active(Some("mastodon"));
    homeless.facts.networks[2].home = None;
    assert_eq!(leads(homeless), to("https://metropole.example/sms"));
    let accents = || {
        let mut scene = Scene::new();
        scene.facts.networks[1].profile = Some("https://bürger.example/rue/l'été".to_owned());
        scene
    };
    assert_eq!(
        leads(accents()),
        to("https://xn--brger-kva.example/rue/l'%c3%a9t%c3%a9")
    );
    let groups = accents().listen().json("/api/v1/groups");
    let link = "https://xn--brger-kva.example/rue/l'%C3%A9t%C3%A9";
    assert_eq!(groups["groups"][0]["link"], link);
}

#[test]
fn go_takes_what_people_type_from_paper_and_what_a_qr_code_holds() {
    let listener = Scene::new().listen();
    for path in [
        "/go/crisis/",
        "/go/Crisis",
        "/GO/CRISIS",
        "/go/crisis?utm=1",
    ] {
        let answer = listener.get(path);
        let there = Some("https://bluesky.example/ville");
        assert_eq!((answer.status, location(&answer)), (302, there), "{path}");
    }
}

#[test]
fn go_without_anywhere_to_go_says_so_to_people() {
    let lost = |role, title: &str| {
        let mut scene = Scene::new();
        scene.facts.groups.clear();
        scene.facts.networks[1].title = title.to_owned();
        (
            scene.facts.networks[1].profile,
            scene.facts.networks[1].home,
        ) = (None, None);
        scene.assign((role == Role::Active).then_some("bluesky"), [role; 3]);
        scene.listen()
    };
    let french = "Accept-Language: fr\r\n";
    let told = |listener: &Listener, headers: &str| {
        let answer = listener.ask("GET", "/go/crisis", headers);
        assert_eq!(answer.status, 503);
        assert!(answer.head.contains("cache-control: no-store"));
        assert!(answer.head.contains("content-type: text/html"));
        let text = answer.text();
        let (_, rest) = text.split_once("<h1>").expect("a sentence");
        let (sentence, rest) = rest.split_once("</h1>").expect("its end");
        assert!(rest.contains("<a href=\"/\">"), "{rest}");
        sentence.to_owned()
    };
    let none = lost(Role::Failed, "Bluesky");
    assert_eq!(told(&none, ""), "No channel works.");
    assert_eq!(told(&none, french), "Aucun canal ne fonctionne.");
    let start = lost(Role::Unknown, "Bluesky");
    assert_eq!(told(&start, ""), "Nothing is judged yet.");
    let homeless = told(&lost(Role::Active, "<b>&"), "");
    assert!(homeless.contains("Post on: &lt;b&gt;&amp;."), "{homeless}");
    for (path, sentence) in [
        ("/go/holidays", "there is no group `holidays`; see /\n"),
        ("/go/", "there is no group ``; see /\n"),
        (
            "/go/%0d%0aLocation:%20https://evil.example",
            "there is no group `%0d%0alocation:%20https://evil.example`; see /\n",
        ),
    ] {
        let answer = none.get(path);
        assert_eq!((answer.status, &*answer.text()), (404, sentence), "{path}");
        assert!(answer.head.contains("content-type: text/plain"), "{path}");
    }
}

#[test]
fn every_page_answers_to_get_and_head_and_to_nothing_else() {
    let listener = Scene::new().listen();
    for path in [
        "/",
        "/status.json",
        "/status.txt",
        "/api/v1/networks",
        "/api/v1/groups",
        "/api/v1/outages?since=7d",
        "/api/v1/events?after=41",
        "/api/v1/availability",
        "/api/v1/endpoints/x/web",
        "/go/crisis",
    ] {
        let got = listener.get(path);
        assert!([200, 302].contains(&got.status), "{path}: {}", got.status);
        let head = listener.ask("HEAD", path, "");
        assert_eq!((head.status, head.body.len()), (got.status, 0), "{path}");
        let length = format!("content-length: {}", got.body.len());
        assert!(head.head.contains(&length), "{path}: {}", head.head);
        let posted = listener.ask("POST", path, "");
        assert_eq!(posted.status, 405, "{path}");
        assert!(posted.head.contains("allow: get, head"), "{path}");
    }
}

#[test]
fn what_is_not_there_is_refused_in_the_language_of_the_reader() {
    let listener = Scene::new().listen();
    assert_eq!(listener.get("/nowhere").text(), "no such page; see /\n");
    for (path, sentence) in [
        (
            "/api/v1/nothing",
            "no such document; `/api/v1/openapi.json` lists them",
        ),
        ("/api/v1/endpoints/y/web", "there is no network `y`"),
        ("/api/v1/endpoints/x/y", "`x` has no endpoint `y`"),
        (
            "/api/v1/endpoints/x",
            "no such document; `/api/v1/openapi.json` lists them",
        ),
        ("/api/v1/outages?network=y", "there is no network `y`"),
    ] {
        assert_eq!(listener.refusal(path), (404, sentence.to_owned()), "{path}");
    }
    let long = format!("/api/v1/endpoints/x/{}", "y".repeat(4000));
    let (status, sentence) = listener.refusal(&long);
    assert_eq!((status, sentence.chars().count()), (404, 143));
    assert_eq!(
        listener.refusal(&format!("/api/v1/events?after={}", "1".repeat(2000))),
        (414, "the query is longer than 1024 bytes".to_owned())
    );
}

#[test]
fn documents_are_compressed_for_those_who_can_read_that() {
    let listener = Scene::new().listen();
    let path = "/api/v1/networks";
    let packed = listener.ask("GET", path, "Accept-Encoding: gzip\r\n");
    assert!(packed.head.contains("content-encoding: gzip"));
    assert!(packed.head.contains("vary: accept-encoding"));
    let mut text = String::new();
    GzDecoder::new(&*packed.body)
        .read_to_string(&mut text)
        .expect("it is gzip");
    assert_eq!(text, listener.get(path).text());
}

#[test]
fn the_public_sees_neither_addresses_nor_sentences_that_could_quote_them() {
    let mut scene = Scene::new();
    scene.problem = Some("/var/lib/bascule is full".to_owned());
    let listener = Listener::start(scene, Audience::Public);
    for path in [
        "/status.json",
        "/api/v1/networks",
        "/api/v1/outages?evidence=true",
        "/api/v1/events",
    ] {
        let text = listener.json(path).to_string();
        assert!(text.contains("tls_expired"), "{path}: {text}");
        for hidden in ["3 days ago", "203.0.113.7", "/var/lib"] {
            assert!(!text.contains(hidden), "{path} shows {hidden}: {text}");
        }
    }
    assert_eq!(
        listener.refusal("/api/v1/endpoints/x/web"),
        (404, "endpoints are not shown here".to_owned())
    );
    assert_eq!(listener.get("/go/crisis").status, 302);
}

#[test]
fn ready_means_that_our_own_connection_is_known() {
    let of = |state, judged| {
        let mut scene = Scene::new();
        scene.snapshot.uplink.states[0] = state;
        scene.facts.uplink_judged = judged;
        let answer = scene.listen().get("/readyz");
        (answer.status, answer.text())
    };
    let ready = (200, "ready\n".to_owned());
    let waiting = "our own connection: nothing has proven it yet\n".to_owned();
    assert_eq!(of(UplinkState::Unknown, true), (503, waiting));
    assert_eq!(of(UplinkState::Unknown, false), ready);
    assert_eq!(of(UplinkState::Up, true), ready);
    assert_eq!(of(UplinkState::Down, true), ready);
}

#[test]
fn requests_are_counted_under_routes_that_the_metrics_list() {
    let listener = Scene::new().listen();
    listener.get("/api/v1/endpoints/x/web");
    listener.get("/go/crisis");
    let text = String::from_utf8(listener.metrics.render().unwrap()).unwrap();
    let counted = text.lines().filter(|line| line.contains("_web_requests_"));
    for line in counted.filter(|line| line.contains("route=")) {
        let known = bascule::metrics::ROUTES
            .iter()
            .any(|route| line.contains(&format!("route=\"{route}\"")));
        assert!(known, "{line}");
    }
}
