//! Bot walls: reachable, but not for us. Never a failure, and never in the way of one.

use std::time::Duration;

use bascule::model::Reason;
use bascule::probe::target::HttpTarget;
use bytes::Bytes;

use crate::support::servers::{app, http, response};
use crate::support::targets::{
    assert_fails, assert_pass, assert_told, http_at, http_of, only, pattern, probe_http, statuses,
};

const JUST_A_MOMENT: &str =
    "<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>";

async fn says(status: u16, headers: &'static [(&str, &str)], body: &'static str) -> HttpTarget {
    http_at(
        http(app(move |_| {
            response(status, headers, Bytes::from_static(body.as_bytes()))
        }))
        .await,
    )
}

#[tokio::test]
async fn a_status_that_the_configuration_calls_a_wall_is_wall_status() {
    let mut target = says(403, &[], "who are you").await;
    assert_fails(
        &probe_http(target.clone()).await,
        Reason::HttpStatus,
        "status 403, expected 2xx",
    );
    target.restricted.status = statuses(&["403", "451"]);
    let round = probe_http(target).await;
    assert_told(
        &round,
        "restricted",
        Reason::WallStatus,
        "status 403, a wall for anonymous clients; expected 2xx",
    );
    assert_eq!(http_of(&round).status, Some(403));
}

#[tokio::test]
async fn linkedins_999_is_a_wall_where_the_configuration_says_so() {
    let mut target = says(999, &[], "").await;
    target.restricted.status = statuses(&["999"]);
    assert_told(
        &probe_http(target).await,
        "restricted",
        Reason::WallStatus,
        "status 999, a wall for anonymous clients; expected 2xx",
    );
}

#[tokio::test]
async fn an_expected_status_is_never_a_wall() {
    let mut target = says(403, &[], "").await;
    target.restricted.status = statuses(&["403"]);
    target.expect.status = statuses(&["403"]);
    assert_pass(&probe_http(target).await);
    let mut target = says(429, &[("retry-after", "60")], "").await;
    target.expect.status = statuses(&["4xx"]);
    let round = probe_http(target).await;
    assert_pass(&round);
    assert_eq!(round.retry_after, None);
}

#[tokio::test]
async fn status_429_is_wall_rate_limit_and_retry_after_is_kept() {
    let round = probe_http(says(429, &[("retry-after", "120")], "slow down").await).await;
    assert_told(
        &round,
        "restricted",
        Reason::WallRateLimit,
        "status 429: asked to stay away, for 2 minutes",
    );
    assert_eq!(round.retry_after, Some(Duration::from_secs(120)));
    let round = probe_http(says(429, &[], "").await).await;
    assert_told(
        &round,
        "restricted",
        Reason::WallRateLimit,
        "status 429: asked to stay away",
    );
    assert_eq!(round.retry_after, None);
    let past = [("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")];
    let round = probe_http(http_at(http(app(move |_| response(429, &past, ""))).await)).await;
    assert_eq!(round.retry_after, None);
    let absurd = probe_http(says(429, &[("retry-after", "999999999999")], "").await).await;
    assert_eq!(absurd.retry_after, Some(Duration::from_secs(86_400)));
}

#[tokio::test]
async fn a_challenge_header_is_wall_challenge_at_any_status() {
    for status in [200, 403, 429, 503] {
        let round = probe_http(says(status, &[("cf-mitigated", "challenge")], "").await).await;
        assert_told(
            &round,
            "restricted",
            Reason::WallChallenge,
            "challenge for browsers (header cf-mitigated)",
        );
    }
}

#[tokio::test]
async fn a_challenge_page_is_wall_challenge_at_any_status() {
    for status in [200, 403, 503] {
        let round = probe_http(says(status, &[], JUST_A_MOMENT).await).await;
        assert_told(
            &round,
            "restricted",
            Reason::WallChallenge,
            "challenge for browsers (page \"Just a moment...\")",
        );
    }
    let page = "<html><head><title>Attention Required! | Cloudflare</title>";
    let round = probe_http(says(403, &[], page).await).await;
    assert_told(
        &round,
        "restricted",
        Reason::WallChallenge,
        "challenge for browsers (page \"Attention Required! | Cloudflare\")",
    );
}

#[tokio::test]
async fn a_challenge_is_seen_through_compression_and_beyond_the_limit() {
    use std::io::Write;
    let page = format!("{JUST_A_MOMENT}{}", "x".repeat(300_000));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(page.as_bytes()).unwrap();
    let packed = gzip.finish().unwrap();
    let bodies = [("gzip", packed), ("identity", page.into_bytes())];
    for (encoding, body) in bodies {
        let server = http(app(move |_| {
            response(503, &[("content-encoding", encoding)], body.clone())
        }))
        .await;
        for expected in ["2xx", "503"] {
            let mut target = http_at(server);
            target.max_body = 64 * 1024;
            target.expect.status = statuses(&[expected]);
            let round = probe_http(target).await;
            assert_eq!(
                round.verdict.cause().unwrap().reason,
                Reason::WallChallenge,
                "{encoding} {expected}"
            );
        }
    }
}

#[tokio::test]
async fn a_redirect_to_a_login_page_is_wall_status_and_not_followed() {
    let log = crate::support::servers::Log::default();
    let server = http({
        let log = log.clone();
        app(move |request| {
            log.write(request, &[]);
            response(302, &[("location", "/accounts/login/?next=/")], "")
        })
    })
    .await;
    let mut target = http_at(server);
    target.restricted.location_matches = vec![pattern(r"^http://127\.0\.0\.1:\d+/accounts/login/")];
    let round = probe_http(target.clone()).await;
    assert_told(
        &round,
        "restricted",
        Reason::WallStatus,
        &format!("redirect to http://{server}/accounts/login/?next=/, a wall"),
    );
    assert_eq!(log.lines(), ["GET /"]);
    assert_eq!(http_of(&round).status, Some(302));
    assert!(http_of(&round).redirects.is_empty());
    // The same where redirects are not followed at all, unless the status is expected.
    target.follow_redirects = false;
    let round = probe_http(target.clone()).await;
    assert_eq!(round.verdict.cause().unwrap().reason, Reason::WallStatus);
    target.expect.status = statuses(&["302"]);
    assert_pass(&probe_http(target).await);
}

/// The false alarms of real monitors: networks that turn anonymous programs away.
#[tokio::test]
async fn false_alarms_of_other_monitors_are_restricted_here() {
    for status in [400, 402, 403, 429, 999] {
        let mut target = says(status, &[], "no").await;
        target.restricted.status = statuses(&["400", "402", "403", "999"]);
        let round = probe_http(target).await;
        assert_eq!(round.verdict.as_str(), "restricted", "{status}");
        assert_eq!(only(&round).verdict, round.verdict);
    }
}
