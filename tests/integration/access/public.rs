//! The public listener, and the head of every answer.

use bascule::model::Reason;
use bascule::web::access::Audience;

use super::scene::{Folder, PASSWORD, TLS, curl, hash};
use crate::support::daemon::{Daemon, request_at};
use crate::web::scene::{Listener, Scene};

/// Everything that the listeners answer to, and some things that they do not.
const PATHS: [&str; 21] = [
    "/",
    "/metrics",
    "/status.json",
    "/status.txt",
    "/api/v1/networks",
    "/api/v1/groups",
    "/api/v1/outages?since=7d&evidence=true",
    "/api/v1/events?after=0",
    "/api/v1/availability",
    "/api/v1/endpoints/x/web",
    "/api/v1/nothing",
    "/feed.atom",
    "/badge/network/x.svg",
    "/badge/group/crisis.svg",
    "/go/crisis",
    "/go/nowhere",
    "/healthz",
    "/readyz",
    "/-/reload",
    "/nowhere",
    "/api/v1/outages?bad=1",
];

fn public_address(daemon: &Daemon) -> std::net::SocketAddr {
    let line = daemon.wait_for_line("for everybody, without metrics: ");
    let (_, rest) = line.split_once("://").expect("an address");
    rest.trim_end_matches('/').parse().expect("an address")
}

#[test]
fn the_public_is_asked_for_nothing_and_sees_no_metrics() {
    let folder = Folder::new();
    let yml = format!(
        "{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n\
         basic_auth_users:\n  prometheus: {}\nrate_limit:\n  interval: 1h\n  burst: 1\n",
        hash(PASSWORD, 4)
    );
    let keys = "enable_lifecycle = true\npublic_listen = [\"127.0.0.1:0\"]";
    let daemon = folder.start(&yml, keys);
    let url = format!("https://{}", public_address(&daemon));
    let ca = folder.path("ca.pem");
    let get = |path: &str| curl(&format!("{url}{path}"), Some(&ca), &[]);
    for path in [
        "/",
        "/status.json",
        "/status.txt",
        "/api/v1/networks",
        "/healthz",
    ] {
        assert_eq!(get(path).status, 200, "{path}");
    }
    assert!(get("/metrics").text.ends_with("no such page; see /\n"));
    assert!(!get("/").text.contains("/metrics"));
    assert!(!get("/").text.contains("/-/reload"));
    let post = curl(
        &format!("{url}/-/reload"),
        Some(&ca),
        &["--request", "POST"],
    );
    assert_eq!(post.status, 404);
    let sentence = "{\"error\":\"endpoints are not shown here\"}\n";
    assert!(get("/api/v1/endpoints/a/t").text.ends_with(sentence));
}

#[test]
fn targets_are_shown_to_the_public_where_that_is_wished() {
    let folder = Folder::new();
    let daemon = folder.start("", "show_targets = true\npublic_listen = [\"127.0.0.1:0\"]");
    let ask = "GET /api/v1/endpoints/a/t HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    assert_eq!(request_at(public_address(&daemon), ask).status, 200);
    daemon.rewrite(&folder.config("public_listen = [\"127.0.0.1:0\"]"));
    daemon.signal("HUP");
    daemon.wait_for_line("configuration reloaded");
    assert_eq!(request_at(public_address(&daemon), ask).status, 404);
}

/// A scene in which every sentence that could quote a target has the mark.
fn marked_scene(mark: &'static str) -> Scene {
    let mut scene = Scene::new();
    let outage = scene.network("x").outage.as_mut().expect("x is down");
    outage.cause.detail = mark.into();
    let cause = outage.cause.clone();
    let x = scene.network("x");
    x.trouble.as_mut().expect("x is down").cause = cause.clone();
    x.endpoints[0].cause = Some(cause);
    scene.problem = Some(mark.to_owned());
    for event in &mut scene.events {
        mark.clone_into(&mut event.text);
    }
    for outage in &mut scene.outages {
        mark.clone_into(&mut outage.detail);
        outage.evidence = Some(format!("{{\"detail\": \"{mark}\"}}"));
    }
    scene
}

#[test]
fn no_public_answer_holds_what_only_the_operator_may_see() {
    const MARK: &str = "MARK-OF-A-TARGET";
    let private = Listener::start(marked_scene(MARK), Audience::Private);
    let public = Listener::start(marked_scene(MARK), Audience::Public);
    let marked = |listener: &Listener| -> Vec<&str> {
        let holds = |path: &&str| {
            let answer = listener.get(path);
            answer.head.to_uppercase().contains(MARK) || answer.text().contains(MARK)
        };
        PATHS.into_iter().filter(holds).collect()
    };
    assert_eq!(
        marked(&private),
        [
            "/",
            "/status.json",
            "/api/v1/networks",
            "/api/v1/outages?since=7d&evidence=true",
            "/api/v1/events?after=0",
            "/api/v1/endpoints/x/web",
            "/feed.atom"
        ]
    );
    assert_eq!(marked(&public), [""; 0]);
    let text = public.get("/api/v1/networks").text();
    assert!(text.contains(Reason::TlsExpired.as_str()), "{text}");
}

#[test]
fn every_answer_has_strict_headers() {
    let private = Scene::new().listen();
    let public = Listener::start(Scene::new(), Audience::Public);
    for listener in [&private, &public] {
        for path in PATHS {
            for method in ["GET", "POST", "TRACE"] {
                let head = listener.ask(method, path, "").head;
                // The page for people has a style. Feed and badges are shown elsewhere. All of
                // them may be kept to compare them.
                let plain = "default-src 'none'; base-uri 'none'; ";
                let elsewhere = path == "/feed.atom" || path.starts_with("/badge/");
                let (policy, cache, whose) = match method {
                    "GET" if path == "/" => {
                        let own = "default-src 'none'; script-src 'none'; style-";
                        (own, "no-cache", "same-origin")
                    }
                    "GET" if elsewhere => (plain, "no-cache", "cross-origin"),
                    _ => (plain, "no-store", "same-origin"),
                };
                for header in [
                    &*format!("content-security-policy: {policy}"),
                    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
                    &*format!("cache-control: {cache}"),
                    "x-content-type-options: nosniff",
                    "x-frame-options: deny",
                    "referrer-policy: no-referrer",
                    &*format!("cross-origin-resource-policy: {whose}"),
                    "cross-origin-opener-policy: same-origin",
                ] {
                    assert!(head.contains(header), "{method} {path}: {head}");
                }
                assert!(!head.contains("strict-transport-security"), "{head}");
            }
        }
    }
}

#[test]
fn what_is_no_request_is_answered_with_an_empty_body() {
    let listener = Scene::new().listen();
    let giant = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    for (bytes, status) in [("no request\r\n\r\n", 400), (&*giant, 431)] {
        let answer = request_at(listener.address, bytes);
        assert_eq!((answer.status, answer.text().as_str()), (status, ""));
        assert!(answer.head.contains("content-length: 0"), "{}", answer.head);
        assert!(!answer.head.contains("content-type"), "{}", answer.head);
    }
}

#[test]
fn what_the_operator_sets_stands_in_every_answer() {
    let daemon = Folder::new().start(
        "http_server_config:\n  headers:\n    X-Frame-Options: sameorigin\n    \
         Strict-Transport-Security: max-age=600\n    X-XSS-Protection: \"0\"\n\
         basic_auth_users:\n  a: $2y$10$abcdefghijklmnopqrstuuKz7FQ0fKmdXDzBRlDcTBjHRGtZWk0Pe\n",
        "",
    );
    let answer = daemon.get("/");
    assert_eq!(answer.status, 401);
    for header in [
        "x-frame-options: sameorigin",
        "frame-ancestors 'self'",
        "strict-transport-security: max-age=600",
        "x-xss-protection: 0",
    ] {
        assert!(answer.head.contains(header), "{}", answer.head);
    }
}

#[test]
fn a_path_is_what_it_says_and_no_trick_leads_elsewhere() {
    let private = Scene::new().listen();
    let public = Listener::start(Scene::new(), Audience::Public);
    for path in [
        "//metrics",
        "/./metrics",
        "/x/../metrics",
        "/%6detrics",
        "/metrics/",
        "/metrics;x",
        "/METRICS",
        "/metrics%00",
    ] {
        assert_eq!(private.get(path).status, 404, "{path}");
        assert_eq!(public.get(path).status, 404, "{path}");
    }
    assert_eq!(public.get("http://127.0.0.1/metrics").status, 404);
    assert_eq!(private.get("http://elsewhere.example/healthz").status, 200);
    let ask = |listener: &Listener, request: &str| request_at(listener.address, request);
    let close = "Host: x\r\nConnection: close\r\n\r\n";
    assert_eq!(
        ask(&private, &format!("OPTIONS * HTTP/1.1\r\n{close}")).status,
        404
    );
    assert_eq!(
        ask(&private, &format!("CONNECT x:1 HTTP/1.1\r\n{close}")).status,
        404
    );
    // A body that nobody asked for is not read: the connection ends with the answer.
    let request = "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n";
    assert_eq!(ask(&private, request).text(), "alive\n");
}
