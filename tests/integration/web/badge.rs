//! Badges: the words and shapes of each state, and that pages elsewhere can show them.

use std::process::Command;

use bascule::model::{Layer, Role, State, UplinkState};

use super::scene::{Listener, Scene};
use crate::support::child::alone_in_own_network;
use crate::support::daemon::{ok, server};
use crate::world::namespace::need;

fn title(listener: &Listener, path: &str) -> String {
    let answer = listener.get(path);
    assert_eq!(answer.status, 200, "{path}");
    assert!(answer.head.contains("content-type: image/svg+xml"));
    let text = answer.text();
    let (_, rest) = text.split_once("<title>").expect("a title");
    let (title, drawn) = rest.split_once("</title>").expect("its end");
    let (label, message) = title.split_once(": ").expect("two parts");
    // French puts a space before the colon.
    for part in [label.trim_end(), message] {
        assert!(drawn.contains(&format!(">{part}</text>")), "{text}");
    }
    assert!(text.contains("role=\"img\""));
    title.to_owned()
}

fn states() -> Vec<(Scene, &'static str, &'static str)> {
    let of = |state: State, layer: Option<Layer>| {
        let mut scene = Scene::new();
        let x = scene.network("x");
        (x.state, x.layer) = (state, layer);
        scene
    };
    vec![
        (of(State::Up, None), "X: up", "X\u{a0}: disponible"),
        (
            of(State::Degraded, Some(Layer::Http)),
            "X: degraded (HTTP)",
            "X\u{a0}: dégradé (HTTP)",
        ),
        (
            of(State::Down, Some(Layer::Content)),
            "X: down (content)",
            "X\u{a0}: en panne (contenu)",
        ),
        (
            of(State::Maintenance, None),
            "X: maintenance",
            "X\u{a0}: en maintenance",
        ),
        (
            of(State::Unknown, Some(Layer::Tls)),
            "X: unknown",
            "X\u{a0}: inconnu",
        ),
    ]
}

#[test]
fn a_badge_says_what_it_is_and_its_state_in_words() {
    for (scene, english, french) in states() {
        let listener = scene.listen();
        assert_eq!(title(&listener, "/badge/network/x.svg"), english);
        assert_eq!(title(&listener, "/badge/network/x.svg?lang=FR&t=1"), french);
    }
}

#[test]
fn the_badge_of_a_group_says_where_to_post_and_nothing_where_we_are_blind() {
    let of = |active: Option<&str>, uplink| {
        let mut scene = Scene::new();
        scene.assign(active, [Role::Failed; 3]);
        scene.snapshot.uplink.states[0] = uplink;
        scene.listen()
    };
    let path = "/badge/group/crisis.svg";
    let fine = of(Some("bluesky"), UplinkState::Up);
    assert_eq!(title(&fine, path), "post on: Bluesky");
    assert_eq!(
        title(&fine, &format!("{path}?lang=fr")),
        "publier sur\u{a0}: Bluesky"
    );
    assert_eq!(
        title(&of(None, UplinkState::Up), path),
        "post on: no channel works"
    );
    let blind = of(Some("bluesky"), UplinkState::Down);
    assert_eq!(title(&blind, path), "post on: unknown");
    // As the page has it.
    let mut scene = Scene::new();
    scene.network("bluesky").state = State::Unknown;
    let unjudged = scene.listen();
    assert_eq!(title(&unjudged, path), "post on: unknown");
    assert!(unjudged.get("/").text().contains("class=\"v unsure\""));
}

#[test]
fn what_has_no_badge_is_told_in_a_sentence() {
    let listener = Scene::new().listen();
    for (path, status, sentence) in [
        ("/badge/network/y.svg", 404, "there is no network `y`\n"),
        ("/badge/group/x.svg", 404, "there is no group `x`\n"),
        ("/badge/network/x", 404, "no such page; see /\n"),
        ("/badge/city/x.svg", 404, "no such page; see /\n"),
        (
            "/badge/network/x.svg?lang=de",
            400,
            "`lang` is `de`, and has to be en or fr\n",
        ),
    ] {
        let answer = listener.get(path);
        assert_eq!(
            (answer.status, &*answer.text()),
            (status, sentence),
            "{path}"
        );
        assert!(
            answer
                .head
                .contains("cross-origin-resource-policy: same-origin")
        );
    }
}

#[test]
fn a_proxy_that_has_a_badge_asks_whether_it_still_holds() {
    let of =
        |scene: Scene, headers: &str| scene.listen().ask("GET", "/badge/network/x.svg", headers);
    let down = of(Scene::new(), "");
    assert!(down.head.contains("cache-control: no-cache"));
    assert!(
        down.head
            .contains("cross-origin-resource-policy: cross-origin")
    );
    let tag = down
        .head
        .lines()
        .find_map(|line| line.strip_prefix("etag: "));
    let known = format!("If-None-Match: {}\r\n", tag.expect("a tag"));
    assert_eq!(of(Scene::new(), &known).status, 304);
    assert_eq!(of(Scene::all_is_well(), &known).status, 200);
}

/// A page elsewhere shows the badges, and says behind each how large it came out.
const PAGE: &str = "<!doctype html><meta charset=utf-8><body style='margin:0;background:#fff'>\
    IMAGES<script>onload=()=>{for(const i of document.images)document.body.append(\
    ` [${i.naturalWidth}x${i.naturalHeight}]`)}</script>";

#[test]
fn a_page_elsewhere_shows_them_in_chromium() {
    let name = "web::badge::a_page_elsewhere_shows_them_in_chromium";
    let chromium = need("chromium", "chromium");
    if !alone_in_own_network(name, "ip link set lo up") {
        return;
    }
    let mut listeners: Vec<(Listener, &str)> = states()
        .into_iter()
        .map(|(scene, ..)| (scene.listen(), "network/x"))
        .collect();
    for scene in [Scene::new(), Scene::all_is_well()] {
        listeners.push((scene.listen(), "group/crisis"));
    }
    let mut images = String::new();
    let mut sizes = Vec::new();
    for (listener, of) in &listeners {
        for lang in ["en", "fr"] {
            let path = format!("/badge/{of}.svg?lang={lang}");
            let svg = listener.get(&path).text();
            let (_, width) = svg.split_once("width=\"").expect("a width");
            let (width, _) = width.split_once('"').expect("its end");
            sizes.push(format!("[{width}x20]"));
            images += &format!("<img src='http://{}{path}'> ", listener.address);
        }
        images += "<br>";
    }
    let page = PAGE.replace("IMAGES", &images);
    let elsewhere = server(move |_| ok(&page));

    let folder = tempfile::tempdir().expect("a folder");
    let picture = folder.path().join("badges.png");
    let shown = |option: &str| {
        let profile = tempfile::tempdir().expect("a folder");
        let output = Command::new(&chromium)
            .args("--headless --no-sandbox --disable-gpu --disable-quic --no-first-run".split(' '))
            .args([
                "--disable-background-networking",
                "--disable-component-update",
            ])
            .args([
                "--disable-sync",
                "--hide-scrollbars",
                "--window-size=400,200",
                option,
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(format!("http://{elsewhere}/"))
            .output()
            .expect("chromium starts");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let page = shown("--dump-dom");
    let (_, told) = page.split_once("</script>").expect("what the page says");
    let told: Vec<&str> = told
        .split_whitespace()
        .filter(|it| it.starts_with('['))
        .collect();
    let told: Vec<&str> = told
        .iter()
        .map(|it| it.trim_end_matches("</body></html>"))
        .collect();
    assert_eq!(told, sizes);
    shown(&format!("--screenshot={}", picture.display()));
    let png = std::fs::read(&picture).expect("a picture");
    // The head of the file: width and height.
    assert_eq!(png[16..24], [0, 0, 1, 144, 0, 0, 0, 200]);
    assert!(
        png.len() > 4_000,
        "an empty picture has {} bytes",
        png.len()
    );
    if let Some(keep) = std::env::var_os("BASCULE_KEEP_PICTURE") {
        std::fs::copy(&picture, keep).expect("it can be kept");
    }
}
