//! The HTTP part of the climb: request, redirects, response, judgement.
//!
//! Each hop opens its own connection, so that each is timed and its certificate judged; no
//! library's redirect or connection pool is used, as they hide just that. What is sent where
//! is decided in [`request`], where to go next in [`redirect`], one hop is made in [`hop`] and
//! its exchange in [`exchange`], and what the last response is worth is said in `expect`.

mod decode;
pub(super) mod driver;
mod exchange;
mod facts;
mod failure;
#[cfg(any(test, fuzzing))]
pub(super) mod fuzz;
mod hop;
mod redirect;
mod request;
pub(super) mod wall;

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hyper::header::LOCATION;
use url::Url;

use self::exchange::Exchange;
use self::hop::one_hop;
use self::request::Step;
use super::climb::Climb;
use super::expect::{self, Seen};
use super::standing;
use super::target::HttpTarget;
use crate::model::{
    Cause, DnsQuery, Doubt, HttpFacts, Layer, Phases, Reason, Redirect, Standing, TlsFacts, Verdict,
};

/// The name of a redirect's target could not be found, though its resolver is well.
const UPLINK: Doubt = Doubt::Resolution {
    resolvers: Vec::new(),
};

/// Most redirects that are followed.
const REDIRECTS: usize = 10;

/// What one address showed.
pub(super) struct HttpClimb {
    pub(super) verdict: Verdict,
    pub(super) reached: Option<Layer>,
    pub(super) phases: Phases,
    pub(super) tls: Option<TlsFacts>,
    pub(super) http: Option<HttpFacts>,
    pub(super) queries: Vec<DnsQuery>,
    pub(super) retry_after: Option<Duration>,
    /// What looking up the targets of redirects proved.
    pub(super) standing: Standing,
}

/// Climbs one address, and what it redirects to.
pub(super) async fn climb(
    climb: &Climb<'_>,
    target: &HttpTarget,
    address: SocketAddr,
) -> HttpClimb {
    let mut step = Step::first(target);
    let mut current = address;
    let mut result = HttpClimb {
        verdict: Verdict::Pass,
        reached: None,
        phases: Phases::default(),
        tls: None,
        http: None,
        queries: Vec::new(),
        retry_after: None,
        standing: Standing::default(),
    };
    let mut redirects: Vec<Redirect> = Vec::new();
    let mut resolve = climb.resolve;
    loop {
        let mut hop = one_hop(climb, target, &step, (address, current)).await;
        hop.phases.resolve = resolve;
        match redirects.last_mut() {
            None => {
                result.phases = hop.phases;
                result.tls = hop.tls;
                result.reached = hop.reached;
            }
            Some(redirect) => {
                redirect.address = Some(current);
                redirect.phases = hop.phases;
                redirect.tls = hop.tls;
            }
        }
        let exchange = match hop.exchange {
            Ok(exchange) => exchange,
            Err(verdict) => {
                result.verdict = verdict;
                break;
            }
        };
        let mut verdict = None;
        if let Some(status) = redirect_status(target, &exchange) {
            match leave(target, &exchange, &step, redirects.len()) {
                Err(last) => verdict = Some(last),
                Ok(next) => {
                    redirects.push(Redirect {
                        url: facts::url(&next.url),
                        status,
                        address: None,
                        phases: Phases::default(),
                        tls: None,
                        layer: None,
                        reason: None,
                    });
                    let way = Way {
                        from: &step.url,
                        to: &next.url,
                        current,
                        home: next.same_host.then_some(address.ip()),
                    };
                    match locate(climb, &way, &mut result).await {
                        Ok((there, took)) => {
                            current = there;
                            resolve = took;
                            step = next;
                            continue;
                        }
                        Err((last, took)) => {
                            if let Some(redirect) = redirects.last_mut() {
                                redirect.phases.resolve = took;
                            }
                            result.http = Some(facts::of(&exchange, None));
                            result.verdict = last;
                            break;
                        }
                    }
                }
            }
        }
        let (http, judged) = judge(climb, target, &step, &exchange, verdict);
        result.http = http;
        result.verdict = judged;
        if matches!(result.verdict, Verdict::Restricted(_)) {
            result.retry_after = wall::retry_after(&exchange, climb.now);
        }
        // The response was complete, so it was held against the expectations.
        if match result.verdict.cause() {
            None => true,
            Some(cause) => cause.layer == Some(Layer::Content),
        } {
            result.reached = Some(Layer::Content);
        }
        break;
    }
    if let (Some(last), Some(cause)) = (redirects.last_mut(), result.verdict.cause()) {
        last.layer = cause.layer;
        last.reason = Some(cause.reason);
    }
    if !redirects.is_empty() {
        result.http.get_or_insert_default().redirects = redirects;
    }
    result
}

/// The status, if the response is a redirect that the target wants followed.
fn redirect_status(target: &HttpTarget, exchange: &Exchange) -> Option<u16> {
    let head = exchange.head.as_ref()?;
    (target.follow_redirects && redirect::is_redirect(head.status)).then_some(head.status)
}

/// The next step after a redirect, or the verdict that ends the way here.
fn leave(
    target: &HttpTarget,
    exchange: &Exchange,
    step: &Step,
    followed: usize,
) -> Result<Step, Verdict> {
    let Some(head) = &exchange.head else {
        return Err(exchange.verdict());
    };
    if let Some(cause) = wall::challenge_header(&head.headers) {
        return Err(Verdict::Restricted(cause));
    }
    let url = redirect::target(&step.url, head.headers.get(LOCATION)).map_err(Verdict::Fail)?;
    if let Some(cause) = expect::location_wall(&target.restricted, &url) {
        return Err(Verdict::Restricted(cause));
    }
    if followed == REDIRECTS {
        return Err(Verdict::Fail(Cause::new(
            Reason::HttpRedirects,
            format!("more than {REDIRECTS} redirects"),
        )));
    }
    Ok(step.after(head.status, url))
}

/// A redirect on its way.
struct Way<'a> {
    from: &'a Url,
    to: &'a Url,
    /// The address that redirects.
    current: SocketAddr,
    /// Where the round began, if it leads back to that host.
    home: Option<IpAddr>,
}

/// The address of a redirect's target: the same again for the same host and port (so that an
/// address is judged by itself, and `connect_to` holds), else one of those it resolves to.
async fn locate(
    climb: &Climb<'_>,
    way: &Way<'_>,
    result: &mut HttpClimb,
) -> Result<(SocketAddr, Option<Duration>), (Verdict, Option<Duration>)> {
    let Way { from, to, .. } = way;
    if from.host() == to.host() && from.port_or_known_default() == to.port_or_known_default() {
        return Ok((way.current, None));
    }
    let port = to.port_or_known_default().unwrap_or(443);
    let host = to.host_str().unwrap_or_default();
    let found = climb.resolve(host).await;
    result.queries.extend(found.queries);
    standing::add(&mut result.standing, found.standing.clone());
    match found.outcome {
        Ok(()) => redirect::allowed(way.current.ip(), way.home, &found.addresses)
            .map(|ip| (SocketAddr::new(ip, port), found.took))
            .map_err(|cause| (Verdict::Fail(cause), found.took)),
        Err(mut verdict) => {
            // The round has one doubt at most; a resolver that is ill is settled here.
            if let Some(doubt) = found.standing.doubt {
                doubt.settle_alone(&mut verdict);
                result.standing.doubt = Some(Box::new(UPLINK));
            }
            Err((verdict, found.took))
        }
    }
}

/// The facts and the verdict of the last response. `ended` is the verdict if it is known
/// already.
fn judge(
    climb: &Climb<'_>,
    target: &HttpTarget,
    step: &Step,
    exchange: &Exchange,
    ended: Option<Verdict>,
) -> (Option<HttpFacts>, Verdict) {
    let Some(head) = &exchange.head else {
        return (None, exchange.verdict());
    };
    let mut fault = exchange.fault.clone();
    let mut body = Cow::Borrowed(&exchange.body[..]);
    let mut is_readable = true;
    if target.decompress && !exchange.body.is_empty() {
        let decoded = decode::undo(&head.headers, &exchange.body, target.max_body);
        is_readable = decoded.bytes.is_some() || decoded.fault.is_none();
        if let Some(bytes) = decoded.bytes {
            body = Cow::Owned(bytes);
        }
        // A cut body cannot be decoded to its end: the cut is the fault, not the encoding.
        fault = fault.or_else(|| decoded.fault.filter(|_| !exchange.cut).map(Verdict::Fail));
    }
    let mut facts = facts::of(exchange, Some(body.len()));
    let location = head.headers.get(LOCATION);
    let verdict = ended.unwrap_or_else(|| {
        expect::judge(
            target,
            &Seen {
                status: head.status,
                version: head.version,
                headers: &head.headers,
                body: &body,
                location: location
                    .filter(|_| redirect::is_redirect(head.status))
                    .and_then(|location| redirect::target(&step.url, Some(location)).ok()),
                fault,
                now: climb.now,
            },
        )
    });
    if verdict != Verdict::Pass && is_readable {
        facts.body_prefix = facts::beginning(&body);
    }
    (Some(facts), verdict)
}
