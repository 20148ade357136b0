//! What every host of the catalog answers in good health, from public knowledge of the real ones.

use std::collections::{BTreeMap, BTreeSet};

use super::site::Answer;

/// The healthy answers of these hosts, by host and path. A host that is asked for no page has none.
pub(super) fn healthy(hosts: &BTreeSet<String>) -> BTreeMap<String, BTreeMap<String, Answer>> {
    let mut answers: BTreeMap<String, BTreeMap<String, Answer>> = hosts
        .iter()
        .map(|host| (host.clone(), BTreeMap::new()))
        .collect();
    for (host, path, answer) in pages() {
        answers
            .entry(host.to_owned())
            .or_default()
            .insert(path.to_owned(), answer);
    }
    answers
}

/// A front page of a believable size.
pub(crate) fn front(title: &str) -> Answer {
    let filler = "<script>window.app = window.app || [];</script>\n".repeat(40);
    Answer::html(
        200,
        &format!(
            "<!doctype html><html><head><title>{title}</title>\n{filler}</head><body></body></html>"
        ),
    )
}

fn pages() -> Vec<(&'static str, &'static str, Answer)> {
    let version = r#"{"version":"0.4.0"}"#;
    let no_token = r#"{"error":{"message":"An active access token must be used","type":"OAuthException","code":2500}}"#;
    let relay = r#"{"name":"a relay","supported_nips":[1,11]}"#;
    let health = || Answer::json(200, r#"{"status":"UP"}"#);
    vec![
        ("x.com", "/", front("X")),
        (
            "api.x.com",
            "/2/users/me",
            Answer::json(
                401,
                r#"{"title":"Unauthorized","type":"about:blank","status":401,"detail":"Unauthorized"}"#,
            ),
        ),
        ("bsky.app", "/", front("Bluesky")),
        (
            "public.api.bsky.app",
            "/xrpc/_health",
            Answer::json(200, version),
        ),
        ("api.bsky.app", "/xrpc/_health", Answer::json(200, version)),
        ("bsky.social", "/xrpc/_health", Answer::json(200, version)),
        ("plc.directory", "/_health", Answer::json(200, version)),
        ("mastodon.social", "/health", health()),
        ("mastodon.online", "/health", Answer::html(200, "OK")),
        ("fosstodon.org", "/health", health()),
        ("mstdn.social", "/health", health()),
        ("hachyderm.io", "/health", health()),
        ("www.threads.com", "/", front("Threads • Log in")),
        (
            "www.linkedin.com",
            "/",
            front("LinkedIn: Log In or Sign Up"),
        ),
        (
            "api.linkedin.com",
            "/v2/me",
            Answer::json(
                401,
                r#"{"serviceErrorCode":65604,"message":"Empty oauth2 access token","status":401}"#,
            ),
        ),
        ("www.facebook.com", "/", front("Facebook")),
        ("graph.facebook.com", "/me", Answer::json(400, no_token)),
        ("www.instagram.com", "/", front("Instagram")),
        ("www.youtube.com", "/", front("YouTube")),
        ("www.youtube.com", "/generate_204", Answer::status(204)),
        (
            "www.youtube.com",
            "/oembed",
            Answer::json(200, r#"{"title":"Me at the zoo","type":"video"}"#),
        ),
        ("i.ytimg.com", "/generate_204", Answer::status(204)),
        (
            "matrix-client.matrix.org",
            "/_matrix/client/versions",
            Answer::json(200, r#"{"versions":["v1.1","v1.11"]}"#),
        ),
        (
            "matrix.org",
            "/.well-known/matrix/client",
            Answer::json(
                200,
                r#"{"m.homeserver":{"base_url":"https://matrix-client.matrix.org"}}"#,
            ),
        ),
        ("relay.damus.io", "/", Answer::json(200, relay)),
        ("nos.lol", "/", Answer::json(200, relay)),
        ("relay.primal.net", "/", Answer::json(200, "{}")),
        (
            "discord.com",
            "/api/v10/gateway",
            Answer::json(200, r#"{"url":"wss://gateway.discord.gg"}"#),
        ),
        ("web.telegram.org", "/", front("Telegram Web")),
        ("t.me", "/telegram", front("Telegram: View @telegram")),
        ("www.whatsapp.com", "/", front("WhatsApp")),
        ("web.whatsapp.com", "/", front("WhatsApp Web")),
    ]
}
