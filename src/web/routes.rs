//! The routes, and who answers them.

use std::borrow::Cow;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::{Request, Response, StatusCode};
use serde::Serialize;
use tokio::sync::oneshot;

use super::access::Access;
use super::guests::Seat;
use super::pages::{BadgeOf, Wish};
use super::query::Refusal;
use super::turns::Line;
use super::{View, admission, badge, feed, fresh, go, page, pages, render};
use crate::metrics::ROUTES;
use crate::model::UplinkState;
use crate::report::words::timestamp;

pub(super) type Answer = Response<Full<Bytes>>;

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";
pub(super) const HTML: &str = "text/html; charset=utf-8";
/// Seconds until a browser is to ask again for the status page.
const RENEWED: &str = "60";

/// Something that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page<'a> {
    Landing,
    Metrics,
    Health,
    Ready,
    Reload,
    StatusJson,
    StatusText,
    Networks,
    Groups,
    Outages,
    Events,
    Availability,
    OpenApi,
    Endpoint(&'a str, &'a str),
    Go(&'a str),
    Feed,
    Badge(BadgeOf<'a>),
    /// No page, where programs look for one.
    NoDocument,
    /// No page, where people look for one.
    Nowhere,
}

impl<'a> Page<'a> {
    fn find(path: &'a str, view: &View) -> Self {
        match path {
            "/" => Self::Landing,
            "/metrics" if view.is_private() => Self::Metrics,
            "/healthz" => Self::Health,
            "/readyz" => Self::Ready,
            "/-/reload" if view.lifecycle() => Self::Reload,
            "/status.json" => Self::StatusJson,
            "/status.txt" => Self::StatusText,
            "/api/v1/networks" => Self::Networks,
            "/api/v1/groups" => Self::Groups,
            "/api/v1/outages" => Self::Outages,
            "/api/v1/events" => Self::Events,
            "/api/v1/availability" => Self::Availability,
            "/api/v1/openapi.json" => Self::OpenApi,
            "/feed.atom" => Self::Feed,
            _ => Self::find_named(path),
        }
    }

    fn find_named(path: &'a str) -> Self {
        if let Some(group) = go::named(path) {
            return Self::Go(group);
        }
        if let Some(badge) = path.strip_prefix("/badge/").and_then(BadgeOf::find) {
            return Self::Badge(badge);
        }
        let names = path.strip_prefix("/api/v1/endpoints/");
        match names.and_then(|names| names.split_once('/')) {
            Some((network, endpoint)) => Self::Endpoint(network, endpoint),
            None if path.starts_with("/api/") => Self::NoDocument,
            None => Self::Nowhere,
        }
    }

    /// The route as a label. One that the metrics do not list counts among the others.
    fn route(self) -> &'static str {
        let route = match self {
            Self::Landing => "/",
            Self::Metrics => "/metrics",
            Self::Health => "/healthz",
            Self::Ready => "/readyz",
            Self::Reload => "/-/reload",
            Self::StatusJson => "/status.json",
            Self::StatusText => "/status.txt",
            Self::Networks => "/api/v1/networks",
            Self::Groups => "/api/v1/groups",
            Self::Outages => "/api/v1/outages",
            Self::Events => "/api/v1/events",
            Self::Availability => "/api/v1/availability",
            Self::Endpoint(..) => "/api/v1/endpoints",
            Self::Go(_) => "/go",
            Self::OpenApi => "/api/v1/openapi.json",
            Self::Feed => "/feed.atom",
            Self::Badge(_) => "/badge",
            Self::NoDocument | Self::Nowhere => "other",
        };
        if ROUTES.contains(&route) {
            route
        } else {
            "other"
        }
    }

    /// It is asked for by programs, which want to read errors as they read the rest.
    const fn is_document(self) -> bool {
        matches!(
            self,
            Self::StatusJson
                | Self::Networks
                | Self::Groups
                | Self::Outages
                | Self::Events
                | Self::Availability
                | Self::OpenApi
                | Self::Endpoint(..)
        )
    }

    const fn allowed(self) -> &'static str {
        match self {
            Self::Reload => "POST, PUT",
            _ => "GET, HEAD",
        }
    }
}

/// The route of a path.
#[cfg(any(test, fuzzing))]
pub(super) fn route_of(path: &str, view: &View) -> &'static str {
    Page::find(path, view).route()
}

/// Answers a request of a connection that was opened under the rules `met`.
pub(super) async fn answer(
    request: Request<Incoming>,
    view: &View,
    seat: &Seat,
    met: &Access,
) -> Answer {
    let page = Page::find(request.uri().path(), view);
    let mut answer = match admission::admit(&request, seat.peer(), view, met).await {
        Ok(()) => {
            seat.asked();
            let line = (seat.home(), page.route());
            admitted(page, &request, view, line, met.tls.is_some()).await
        }
        Err(refusal) => refusal,
    };
    let access = view.gate.access();
    access.headers.complete(answer.headers_mut());
    view.metrics.request(page.route(), answer.status().as_u16());
    // To HEAD hyper sends the head alone, with the length that the body would have.
    answer
}

async fn admitted(
    page: Page<'_>,
    request: &Request<Incoming>,
    view: &View,
    line: Line,
    tls: bool,
) -> Answer {
    let exists = !matches!(page, Page::NoDocument | Page::Nowhere);
    let mut methods = page.allowed().split(", ");
    let allowed = methods.any(|method| method == request.method().as_str());
    if exists && !allowed {
        return method_not_allowed(page);
    }
    if page == Page::Reload && admission::comes_from_a_browser(request.headers()) {
        let sentence = "a web page may not ask for this; use a command, such as curl\n";
        return text(StatusCode::FORBIDDEN, sentence);
    }
    turn_to(page, request, view, line, tls).await
}

async fn turn_to(
    page: Page<'_>,
    request: &Request<Incoming>,
    view: &View,
    line: Line,
    tls: bool,
) -> Answer {
    let head = request.headers();
    let query = request.uri().query();
    // What was read waits in memory until it is written: one at a time does.
    let _turn = match page {
        Page::Landing
        | Page::Outages
        | Page::Events
        | Page::Availability
        | Page::Endpoint(..)
        | Page::Feed => Some(view.reading.take(line).await),
        _ => None,
    };
    let bare = || pages::without_parameters(query);
    let document = match page {
        Page::Metrics => return metrics(line, render::accepts_gzip(head), view).await,
        Page::Landing => return landing(request, line, view).await,
        Page::Health => return health(view),
        Page::Ready => return ready(view),
        Page::Reload => return reload(view).await,
        Page::StatusText => return text(StatusCode::OK, pages::status_text(view)),
        Page::Go(group) => return go::answer(group, request, view),
        Page::Feed => return feed(request, view, line, tls).await,
        Page::Badge(of) => return badge(of, request, view),
        Page::Nowhere => return text(StatusCode::NOT_FOUND, "no such page; see /\n"),
        Page::StatusJson => bare().map(|()| pages::status(view)),
        Page::Networks => bare().map(|()| pages::networks(view)),
        Page::Groups => bare().map(|()| pages::groups(view)),
        Page::OpenApi => bare().map(|()| pages::openapi()),
        Page::Outages => pages::outages(view, query).await,
        Page::Events => pages::events(view, query).await,
        Page::Availability => match bare() {
            Ok(()) => pages::availability(view).await,
            Err(refusal) => Err(refusal),
        },
        Page::Endpoint(network, endpoint) => match bare() {
            Ok(()) => pages::endpoint(view, network, endpoint).await,
            Err(refusal) => Err(refusal),
        },
        Page::NoDocument => Err(Refusal::unknown(
            "no such document; `/api/v1/openapi.json` lists them".to_owned(),
        )),
    };
    match document {
        Ok(write) => {
            let gzip = render::accepts_gzip(head);
            let what = "a document";
            match render::render(view, line, gzip, what, write).await {
                Ok(body) => packed(JSON, body, gzip),
                Err(sentence) => refused(StatusCode::INTERNAL_SERVER_ERROR, &sentence),
            }
        }
        Err(Refusal(status, sentence)) => refused(status, &sentence),
    }
}

async fn metrics(line: Line, gzip: bool, view: &View) -> Answer {
    const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";
    let metrics = view.metrics.clone();
    let write = move || metrics.render().map_err(|error| error.to_string());
    match render::render(view, line, gzip, "the metrics", Box::new(write)).await {
        Ok(body) => {
            // Whatever a scrape has seen must not go back, however this process ends.
            view.source.keep().await;
            packed(METRICS, body, gzip)
        }
        Err(sentence) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{sentence}\n")),
    }
}

/// First rounds done and uplink known.
/// A daemon that judges no more is not alive, whatever else of it still answers.
fn health(view: &View) -> Answer {
    let picture = view.source.picture();
    if picture.is_over(view.source.clock()) {
        let since = timestamp(picture.wall);
        let sentence = format!("the prober hangs: nothing has been judged since {since}\n");
        return text(StatusCode::SERVICE_UNAVAILABLE, sentence);
    }
    text(StatusCode::OK, "alive\n")
}

fn ready(view: &View) -> Answer {
    let readiness = *view.readiness.borrow();
    if readiness.tried < readiness.endpoints {
        let waiting = format!(
            "first rounds: {} of {} endpoints done\n",
            readiness.tried, readiness.endpoints
        );
        return text(StatusCode::SERVICE_UNAVAILABLE, &waiting);
    }
    let uplink = view.source.picture().snapshot.uplink.states[0];
    if view.source.facts().uplink_judged && uplink == UplinkState::Unknown {
        let waiting = "our own connection: nothing has proven it yet\n";
        return text(StatusCode::SERVICE_UNAVAILABLE, waiting);
    }
    text(StatusCode::OK, "ready\n")
}

async fn reload(view: &View) -> Answer {
    let (answer, answered) = oneshot::channel();
    if view.reload.send(answer).await.is_err() {
        return text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    match answered.await {
        Ok(Ok(())) => text(StatusCode::OK, "reloaded\n"),
        Ok(Err(faults)) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{faults}\n")),
        Err(_) => text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
    }
}

/// Outages and switches.
async fn feed(request: &Request<Incoming>, view: &View, line: Line, tls: bool) -> Answer {
    let gzip = render::accepts_gzip(request.headers());
    let write = match pages::feed(view, request.uri().query(), feed::base(request, tls)).await {
        Ok(write) => write,
        Err(Refusal(status, sentence)) => return text(status, sentence + "\n"),
    };
    match render::render(view, line, gzip, "the feed", write).await {
        Ok(body) => fresh::anywhere(request.headers(), feed::ATOM, body, gzip),
        Err(sentence) => text(StatusCode::INTERNAL_SERVER_ERROR, sentence + "\n"),
    }
}

/// A picture for other pages.
fn badge(of: BadgeOf<'_>, request: &Request<Incoming>, view: &View) -> Answer {
    match pages::badge(view, of, request.uri().query()) {
        Ok(body) => fresh::anywhere(request.headers(), badge::SVG, body, false),
        Err(Refusal(status, sentence)) => text(status, sentence + "\n"),
    }
}

/// The status page.
async fn landing(request: &Request<Incoming>, line: Line, view: &View) -> Answer {
    let head = request.headers();
    let gzip = render::accepts_gzip(head);
    let wish = Wish::of(request.uri().query(), head);
    let write = pages::page(view, wish).await;
    let body = match render::render(view, line, gzip, "the status page", write).await {
        Ok(body) => body,
        Err(sentence) => return text(StatusCode::INTERNAL_SERVER_ERROR, format!("{sentence}\n")),
    };
    let mut answer = fresh::answer(head, HTML, body, gzip);
    let own = answer.headers_mut();
    let language = HeaderValue::from_static(wish.tongue.code());
    own.insert(header::CONTENT_LANGUAGE, language);
    own.insert(
        header::VARY,
        HeaderValue::from_static("accept-encoding, accept-language"),
    );
    own.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(&page::POLICY),
    );
    if wish.renews {
        own.insert(header::REFRESH, HeaderValue::from_static(RENEWED));
    }
    answer
}

fn method_not_allowed(page: Page<'_>) -> Answer {
    let allowed = page.allowed();
    let sentence = format!("use {allowed}");
    let mut answer = if page.is_document() {
        refused(StatusCode::METHOD_NOT_ALLOWED, &sentence)
    } else {
        text(StatusCode::METHOD_NOT_ALLOWED, sentence + "\n")
    };
    answer
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static(allowed));
    answer
}

fn refused(status: StatusCode, sentence: &str) -> Answer {
    #[derive(Serialize)]
    struct Error<'a> {
        error: &'a str,
    }
    // A text always is JSON.
    let mut body = serde_json::to_vec(&Error { error: sentence }).unwrap_or_default();
    body.push(b'\n');
    respond(status, JSON, body.into())
}

fn packed(content_type: &'static str, body: Vec<u8>, gzip: bool) -> Answer {
    let mut answer = respond(StatusCode::OK, content_type, body.into());
    let headers = answer.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    answer
}

pub(super) fn text<'a>(status: StatusCode, text: impl Into<Cow<'a, str>>) -> Answer {
    respond(status, TEXT, text.into().into_owned().into())
}

pub(super) fn respond(status: StatusCode, content_type: &'static str, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}
