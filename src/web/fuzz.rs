//! What the fuzzer demands of requests, and of the documents that are made of a picture.

use std::sync::{Arc, LazyLock};
use std::time::SystemTime;

use hyper::StatusCode;
use hyper::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use tokio::sync::{mpsc, watch};

use super::access::{Access, Audience, Gate, Rules};
use super::api::{self, Shown};
use super::query::{Query, Refusal};
use super::source::{Facts, Nothing, Picture, Wanted};
use super::{View, badge, feed, pages, render, routes, tongue};
use crate::fuzzing::sentence;
use crate::metrics::{Metrics, ROUTES, Times};
use crate::model::Moment;

pub(crate) use super::access::fuzz::web_authorization;

static VIEW: LazyLock<View> = LazyLock::new(|| {
    let times = Times::new(|| Moment::ZERO, |_| SystemTime::UNIX_EPOCH);
    let Ok(metrics) = Metrics::new(times) else {
        panic!("the metrics clash");
    };
    let rules = Rules {
        access: Access::default(),
        enable_lifecycle: true,
        show_targets: false,
    };
    let readiness = watch::Sender::default().subscribe();
    let reload = mpsc::channel(1).0;
    View::new(
        metrics,
        Arc::new(Nothing),
        readiness,
        reload,
        Gate::new(rules),
    )
});

/// A path, a query and what the client accepts, each on a line.
pub(crate) fn web_request(bytes: &[u8]) {
    let mut lines = bytes.splitn(3, |byte| *byte == b'\n');
    let path = String::from_utf8_lossy(lines.next().unwrap_or_default());
    let query = String::from_utf8_lossy(lines.next().unwrap_or_default());
    let accept = lines.next().unwrap_or_default();

    let route = routes::route_of(&path, &VIEW);
    assert!(ROUTES.contains(&route));
    let public = routes::route_of(&path, &VIEW.clone().shown_to(Audience::Public));
    assert!(!matches!(public, "/metrics" | "/-/reload"));
    assert!(public == route || public == "other");
    if let Err(refusal) = read(&query) {
        refused(&refusal);
    }
    if let Ok(value) = HeaderValue::from_bytes(accept) {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, value);
        let lower = accept.to_ascii_lowercase();
        let named = lower.windows(4).any(|word| word == b"gzip");
        assert!(named || !render::accepts_gzip(&headers));
    }
}

/// Every kind of parameter, as the pages read them.
fn read(query: &str) -> Result<(), Refusal> {
    let query = Query::read(Some(query), &["since", "network", "limit", "evidence"])?;
    if let Some(span) = query.span("since")? {
        let now = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_796_126_400);
        let since = pages::ago(now, span);
        assert!((SystemTime::UNIX_EPOCH..=now).contains(&since));
    }
    if let Some(name) = query.name("network")? {
        sentence(name, 1024);
        assert!(name.is_ascii() && !name.contains(' '));
    }
    if let Some(limit) = query.number("limit", 1..=1000)? {
        assert!((1..=1000).contains(&limit));
    }
    query.flag("evidence").map(drop)
}

fn refused(Refusal(status, told): &Refusal) {
    assert!(matches!(
        *status,
        StatusCode::BAD_REQUEST | StatusCode::URI_TOO_LONG
    ));
    sentence(told, 400);
}

/// XML holds no control characters.
fn drawn(xml: &[u8]) {
    let text = String::from_utf8_lossy(xml);
    let harmful = |c: char| c.is_control() && c != '\n';
    assert!(!text.is_empty() && !text.contains(harmful), "{text}");
}

/// Demands that everything can be shown of a picture.
pub(crate) fn documents(picture: &Picture, facts: &Facts) {
    let wanted = Wanted {
        limit: 9,
        ..Wanted::default()
    };
    let outages = api::history::complete(picture, Vec::new(), &wanted);
    for targets in [true, false] {
        let shown = Shown {
            picture,
            facts,
            targets,
            hangs: !targets,
        };
        let documents = [
            api::status::document(shown, None),
            api::networks::document(shown),
            api::groups::document(shown),
            api::history::outages(shown, &outages, 9, true),
        ];
        for document in documents {
            let document = document.unwrap_or_default();
            let read: Result<serde_json::Value, _> = serde_json::from_slice(&document);
            assert!(read.is_ok_and(|it| it["api"] == "v1"), "no document");
        }
        for tongue in tongue::ALL {
            let feed = feed::Feed {
                shown,
                tongue,
                base: "",
                outages: &outages,
                switches: &[],
            };
            drawn(&feed.document());
            for network in &picture.snapshot.networks {
                drawn(&badge::network(shown, network, tongue));
            }
            for group in &picture.snapshot.groups {
                drawn(&badge::group(shown, group, tongue));
            }
        }
        let lines = api::status::text(shown);
        assert_eq!(lines.lines().count(), picture.snapshot.groups.len());
    }
}
