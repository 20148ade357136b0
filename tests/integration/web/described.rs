//! `/api/v1/openapi.json`: the description has exactly the keys of the documents, the words of the
//! code, and holds against a program that tries everything it says, and what it does not say.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use bascule::model::{Layer, Reason, Role, State, Verdict};
use bascule::web::access::Audience;
use serde_json::Value;

use super::outage::{Server, config};
use super::scene::{Listener, Scene, now};
use crate::support::child::alone_in_own_network;
use crate::support::daemon::Daemon;

/// A path of the description, and a request for it.
const ASKED: [(&str, &str); 9] = [
    ("/status.json", "/status.json"),
    ("/api/v1/networks", "/api/v1/networks"),
    ("/api/v1/groups", "/api/v1/groups"),
    ("/api/v1/outages", "/api/v1/outages?evidence=true"),
    ("/api/v1/events", "/api/v1/events"),
    ("/api/v1/availability", "/api/v1/availability"),
    (
        "/api/v1/endpoints/{network}/{endpoint}",
        "/api/v1/endpoints/x/web",
    ),
    (
        "/api/v1/endpoints/{network}/{endpoint}",
        "/api/v1/endpoints/bluesky/web",
    ),
    ("/api/v1/openapi.json", "/api/v1/openapi.json"),
];

/// The scene with everything that a document can hold.
fn scene() -> Scene {
    let mut scene = Scene::new();
    let group = scene.group();
    group.failback_due = Some(("x".into(), now()));
    group.pinned = Some(("x".into(), now()));
    scene
}

/// Demands that a value has the keys of its description, and that all of them are described.
fn compare(described: &Value, value: &Value, root: &Value, path: &str) {
    if let Some(name) = described["$ref"].as_str() {
        let part = root.pointer(name.trim_start_matches('#'));
        return compare(part.expect(name), value, root, path);
    }
    if let Some(either) = described["anyOf"].as_array() {
        let null = either.iter().any(|it| it["type"] == "null");
        assert!(null && either.len() == 2, "{path}");
        if !value.is_null() {
            compare(&either[0], value, root, path);
        }
        return;
    }
    let fits = |kind: &Value| match kind.as_str() {
        Some("null") => value.is_null(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_u64(),
        Some("number") => value.is_number(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => described["const"] == *value,
    };
    let fine = match &described["type"] {
        Value::Array(kinds) => kinds.iter().any(fits),
        kind => fits(kind),
    };
    assert!(fine, "{path}: {value} is not {described}");
    let words = described["enum"].as_array();
    assert!(words.is_none_or(|it| it.contains(value)), "{path}: {value}");
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        compare(&described["items"], item, root, &format!("{path}[{index}]"));
    }
    let (Some(fields), Some(properties)) = (value.as_object(), described["properties"].as_object())
    else {
        return;
    };
    let keys = |it: &serde_json::Map<String, Value>| it.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(keys(fields), keys(properties), "{path}");
    let required = described["required"].as_array().expect("all keys");
    let required: BTreeSet<_> = required.iter().filter_map(Value::as_str).collect();
    assert_eq!(
        required.len(),
        fields.len(),
        "{path}: a key is never missing"
    );
    assert_eq!(described["additionalProperties"], false, "{path}");
    for (key, value) in fields {
        assert!(required.contains(&**key), "{path}.{key}");
        compare(&properties[key], value, root, &format!("{path}.{key}"));
    }
}

#[test]
fn the_description_has_exactly_the_keys_of_the_documents() {
    let listener = scene().listen();
    let described = listener.json("/api/v1/openapi.json");
    assert_eq!(described["info"]["version"], env!("CARGO_PKG_VERSION"));
    let public = Listener::start(scene(), Audience::Public);
    for (path, request) in ASKED {
        let good = &described["paths"][path]["get"]["responses"]["200"];
        let good = &good["content"]["application/json"]["schema"];
        assert!(good.is_object(), "{path}");
        compare(good, &listener.json(request), &described, path);
        if !path.contains("endpoints") {
            compare(good, &public.json(request), &described, path);
        }
    }
}

#[test]
fn the_words_of_the_description_are_those_of_the_code() {
    let described = Scene::new().listen().json("/api/v1/openapi.json");
    let words = |name: &str| -> Vec<String> {
        let words = described["components"]["schemas"][name]["enum"].as_array();
        let words = words
            .expect("words")
            .iter()
            .map(|it| it.as_str().expect("a word"));
        words.map(str::to_owned).collect()
    };
    let reasons: Vec<&str> = Reason::ALL.iter().map(|it| it.as_str()).collect();
    assert_eq!(words("Reason"), reasons);
    assert_eq!(words("State"), State::ALL.map(State::as_str));
    assert_eq!(words("Role"), Role::ALL.map(Role::as_str));
    assert_eq!(words("Layer"), Layer::ALL.map(Layer::as_str));
    assert_eq!(words("Verdict"), Verdict::WORDS);
}

#[test]
fn errors_are_told_as_the_rest_is() {
    let listener = Scene::new().listen();
    let sentence = "`x` is not a parameter of this page: it has none".to_owned();
    for path in [
        "/status.json",
        "/api/v1/networks",
        "/api/v1/groups",
        "/api/v1/availability",
        "/api/v1/openapi.json",
    ] {
        let path = format!("{path}?x=1");
        assert_eq!(listener.refusal(&path), (400, sentence.clone()), "{path}");
    }
    for (path, told) in [
        ("/api/v1/networks", "{\"error\":\"use GET, HEAD\"}\n"),
        ("/api/v1/availability", "{\"error\":\"use GET, HEAD\"}\n"),
        ("/go/crisis", "use GET, HEAD\n"),
        ("/feed.atom", "use GET, HEAD\n"),
        ("/", "use GET, HEAD\n"),
    ] {
        for method in ["POST", "DELETE", "OPTIONS", "TRACE"] {
            let answer = listener.ask(method, path, "");
            assert_eq!(
                (answer.status, &*answer.text()),
                (405, told),
                "{method} {path}"
            );
            assert!(answer.head.contains("allow: get, head"), "{method} {path}");
        }
    }
}

/// Where `tests/run` puts schemathesis.
fn schemathesis() -> PathBuf {
    let of = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let cache = of("BASCULE_TEST_CACHE")
        .or_else(|| Some(of("XDG_CACHE_HOME")?.join("bascule-tests")))
        .or_else(|| Some(of("HOME")?.join(".cache/bascule-tests")))
        .expect("a home");
    let program = cache.join("tools/openapi/bin/st");
    assert!(
        program.is_file(),
        "this test needs schemathesis: tests/run installs it"
    );
    program
}

#[test]
fn a_daemon_with_a_history_answers_as_it_is_described() {
    let name = "web::described::a_daemon_with_a_history_answers_as_it_is_described";
    let program = schemathesis();
    if !alone_in_own_network(name, "ip link set lo up") {
        return;
    }
    // The names are those of the examples.
    let (mut website, other) = (Server::start("website"), Server::start("other"));
    let daemon = Daemon::start(&config(&website, &other));
    let active = |name: &str| {
        let series = format!("bascule_group_active{{group=\"crisis\",network=\"{name}\"}}");
        daemon.wait_for(&series, |value| value == 1.0);
    };
    active("website");
    website.die();
    active("other");
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(program)
        .args([
            "run",
            &format!("http://{}/api/v1/openapi.json", daemon.address),
        ])
        .args(
            "--checks all --phases examples,coverage,fuzzing --seed 7 --max-examples 20".split(' '),
        )
        .args("--workers 1 --no-color".split(' '))
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .output()
        .expect("it starts");
    let told = String::from_utf8_lossy(&output.stdout);
    let faults = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{faults}");
    // It found what there is, and not only what there is not.
    for (route, code) in [
        ("/api/v1/endpoints", "2xx"),
        ("/api/v1/outages", "2xx"),
        ("/go", "3xx"),
        ("/", "2xx"),
        ("other", "2xx"),
    ] {
        let series = format!("bascule_web_requests_total{{code=\"{code}\",route=\"{route}\"}}");
        let answers = daemon.value(&series);
        assert!(
            answers.is_some_and(|it| it >= 1.0),
            "{series}: {answers:?}\n{told}"
        );
    }
}
