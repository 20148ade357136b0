//! The documents: what a request wants, gathered, and handed over to be written.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hyper::StatusCode;

use hyper::HeaderMap;
use hyper::header::ACCEPT_LANGUAGE;

use super::View;
use super::api::{self, Shown};
use super::page::{self, Matter};
use super::query::{Query, Refusal};
use super::render::Write;
use super::source::{Facts, Picture, Reply, Unavailable, Wanted};
use super::telling::Telling;
use super::tongue::{self, Tongue};
use super::{badge, feed};
use crate::model::GroupView;
use crate::model::printable::{QUOTE, printable};

/// Outages or events of a page, where nobody says how many.
const PAGE: u64 = 100;
/// The most.
const LARGEST_PAGE: u64 = 1000;
/// The most outages with their evidence, which is some kilobytes each.
const LARGEST_PAGE_OF_EVIDENCE: usize = 100;
/// The highest number that an outage or event can have.
const LAST_NUMBER: u64 = i64::MAX.unsigned_abs();
/// How long the history may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long it may take where people wait for the status page: what to use now is on it without any
/// history, and should not come five seconds later for it.
const PATIENCE_OF_PEOPLE: Duration = Duration::from_secs(2);
/// Events and outages that the status page is made of.
const EVENTS: usize = 60;

/// What one answer is made of: everything in it is of the same moment.
struct Basis {
    picture: Picture,
    facts: Arc<Facts>,
    targets: bool,
    hangs: bool,
}

impl Basis {
    fn of(view: &View) -> Self {
        let picture = view.source.picture();
        Self {
            hangs: picture.is_over(view.source.clock()),
            picture,
            facts: view.source.facts(),
            targets: view.shows_targets(),
        }
    }

    fn shown(&self) -> Shown<'_> {
        Shown {
            picture: &self.picture,
            facts: &self.facts,
            targets: self.targets,
            hangs: self.hangs,
        }
    }
}

/// `/?lang=fr&refresh=off`: how a reader wants the status page.
#[derive(Clone, Copy)]
pub(super) struct Wish {
    pub(super) tongue: &'static dyn Tongue,
    /// It is to be renewed by itself.
    pub(super) renews: bool,
}

impl Wish {
    /// What the address says, else the browser. An address with more in it, as mails and messages
    /// add it, leads here all the same, and so does one that cannot be read.
    pub(super) fn of(query: Option<&str>, head: &HeaderMap) -> Self {
        let query = Query::read_some(query, &["lang", "refresh"]).unwrap_or_default();
        // Several lines of a header are one list.
        let accepted = head.get_all(ACCEPT_LANGUAGE).iter();
        let accepted: Vec<&str> = accepted.filter_map(|it| it.to_str().ok()).collect();
        Self {
            tongue: tongue::choose(query.text("lang"), &accepted.join(",")),
            renews: query.text("refresh") != Some("off"),
        }
    }
}

/// The status page. Without a history the rest is still good.
pub(super) async fn page(view: &View, wish: Wish) -> Write {
    let source = &view.source;
    let wanted = Wanted {
        limit: EVENTS,
        ..Wanted::default()
    };
    let (past, events, outages) = tokio::join!(
        soon(source.past()),
        soon(source.latest(EVENTS)),
        soon(source.outages(wanted)),
    );
    let basis = Basis::of(view);
    let of = |key| source.rounds(key).unwrap_or_default().rounds;
    let networks = basis.picture.snapshot.networks.iter();
    let rounds = networks.map(|it| it.endpoints.iter().map(|it| of(&it.key)).collect());
    let matter = Matter {
        rounds: rounds.collect(),
        past,
        events,
        outages: outages.unwrap_or_default(),
        clock: source.clock(),
        problem: source.problem().filter(|_| basis.targets),
        tongue: wish.tongue,
        renews: wish.renews,
        picture: basis.picture,
        facts: basis.facts,
    };
    Box::new(move || Ok(page::document(&matter)))
}

pub(super) fn status(view: &View) -> Write {
    let (basis, problem) = (Basis::of(view), view.source.problem());
    Box::new(move || api::status::document(basis.shown(), problem))
}

pub(super) fn status_text(view: &View) -> String {
    api::status::text(Basis::of(view).shown())
}

pub(super) fn networks(view: &View) -> Write {
    let basis = Basis::of(view);
    Box::new(move || api::networks::document(basis.shown()))
}

pub(super) fn groups(view: &View) -> Write {
    let basis = Basis::of(view);
    Box::new(move || api::groups::document(basis.shown()))
}

/// `/api/v1/openapi.json`
pub(super) fn openapi() -> Write {
    const VERSION: &str = env!("CARGO_PKG_VERSION");
    const TEXT: &str = include_str!("openapi.json");
    Box::new(|| Ok(TEXT.replacen("{version}", VERSION, 1).into_bytes()))
}

/// Refuses all parameters, for documents that have none.
pub(super) fn without_parameters(query: Option<&str>) -> Result<(), Refusal> {
    Query::read(query, &[]).map(drop)
}

/// `/api/v1/outages?since=7d&network=x&limit=100&before=ID&evidence=true`
pub(super) async fn outages(view: &View, query: Option<&str>) -> Result<Write, Refusal> {
    const KNOWN: [&str; 5] = ["since", "network", "limit", "before", "evidence"];
    let query = Query::read(query, &KNOWN)?;
    let evidence = query.flag("evidence")?;
    let largest = if evidence {
        LARGEST_PAGE_OF_EVIDENCE
    } else {
        usize::MAX
    };
    // What the two parameters mean together cannot be described: a smaller page is no surprise to
    // who goes on with `next`.
    let limit = limit(&query)?.min(largest);
    let wanted = Wanted {
        since: query
            .span("since")?
            .map(|span| ago(view.source.picture().wall, span)),
        network: query.name("network")?.map(str::to_owned),
        before: query.number("before", 1..=LAST_NUMBER)?,
        limit,
    };
    let rows = patiently(view.source.outages(wanted.clone())).await?;
    let basis = Basis::of(view);
    let rows = api::history::complete(&basis.picture, rows, &wanted);
    let unknown = |name: &&String| rows.is_empty() && basis.picture.network(name).is_none();
    if let Some(name) = wanted.network.as_ref().filter(unknown) {
        return Err(no_network(name));
    }
    Ok(Box::new(move || {
        api::history::outages(basis.shown(), &rows, limit, evidence)
    }))
}

/// `/api/v1/events?after=SEQ&limit=100`
pub(super) async fn events(view: &View, query: Option<&str>) -> Result<Write, Refusal> {
    let query = Query::read(query, &["after", "limit"])?;
    let after = query.number("after", 0..=LAST_NUMBER)?.unwrap_or(0);
    let limit = limit(&query)?;
    let mut events = patiently(view.source.events(after, limit)).await?;
    events.rows.truncate(limit);
    let basis = Basis::of(view);
    Ok(Box::new(move || {
        api::history::events(basis.shown(), &events, after)
    }))
}

/// `/api/v1/availability`
pub(super) async fn availability(view: &View) -> Result<Write, Refusal> {
    let past = patiently(view.source.past()).await?;
    let basis = Basis::of(view);
    Ok(Box::new(move || {
        api::availability::document(basis.shown(), &past)
    }))
}

/// `/api/v1/endpoints/{network}/{endpoint}`
pub(super) async fn endpoint(view: &View, network: &str, endpoint: &str) -> Result<Write, Refusal> {
    if !view.shows_targets() {
        return Err(Refusal::unknown("endpoints are not shown here".to_owned()));
    }
    let basis = Basis::of(view);
    let networks = &basis.picture.snapshot.networks;
    let Some(n) = networks.iter().position(|it| &*it.name == network) else {
        return Err(no_network(network));
    };
    let endpoints = &networks[n].endpoints;
    let Some(e) = endpoints
        .iter()
        .position(|it| &*it.key.endpoint == endpoint)
    else {
        let (network, endpoint) = (printable(network, QUOTE), printable(endpoint, QUOTE));
        return Err(Refusal::unknown(format!(
            "`{network}` has no endpoint `{endpoint}`"
        )));
    };
    let last = view.source.rounds(&endpoints[e].key).unwrap_or_default();
    let outage = networks[n].outage.as_ref();
    let own = outage.filter(|outage| *outage.endpoint == *endpoint && last.first_failed.is_none());
    // After a restart only the history knows how it began. Without it the rest is still good.
    let kept = match own {
        Some(outage) => patiently(view.source.outage(outage.id))
            .await
            .ok()
            .flatten(),
        None => None,
    };
    Ok(Box::new(move || {
        let network = &basis.picture.snapshot.networks[n];
        let kept = kept.and_then(|row| row.evidence);
        let which = (network, &network.endpoints[e]);
        api::endpoint::document(basis.shown(), which, &last, kept.as_deref())
    }))
}

/// `/feed.atom?lang=fr`, with the beginning of our own links.
pub(super) async fn feed(view: &View, query: Option<&str>, base: String) -> Result<Write, Refusal> {
    let tongue = tongue::wanted(query)?;
    let newest = Wanted {
        limit: feed::NEWEST,
        ..Wanted::default()
    };
    let outages = patiently(view.source.outages(newest.clone())).await?;
    let switches = patiently(view.source.switches(feed::NEWEST)).await?;
    let basis = Basis::of(view);
    let outages = api::history::complete(&basis.picture, outages, &newest);
    Ok(Box::new(move || {
        let feed = feed::Feed {
            shown: basis.shown(),
            tongue,
            base: &base,
            outages: &outages,
            switches: &switches,
        };
        Ok(feed.document())
    }))
}

/// `/badge/network/{name}.svg?lang=fr` and `/badge/group/{name}.svg?lang=fr`
pub(super) fn badge(view: &View, of: BadgeOf<'_>, query: Option<&str>) -> Result<Vec<u8>, Refusal> {
    let tongue = tongue::wanted(query)?;
    let basis = Basis::of(view);
    let shown = basis.shown();
    match of {
        BadgeOf::Network(name) => match basis.picture.network(name) {
            Some(network) => Ok(badge::network(shown, network, tongue)),
            None => Err(no_network(name)),
        },
        BadgeOf::Group(name) => match group(&basis.picture, name) {
            Some(group) => Ok(badge::group(shown, group, tongue)),
            None => Err(no_group(name)),
        },
    }
}

/// What a badge tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadgeOf<'a> {
    Network(&'a str),
    Group(&'a str),
}

impl<'a> BadgeOf<'a> {
    /// What the path behind `/badge/` names.
    pub(super) fn find(path: &'a str) -> Option<Self> {
        let (of, name) = path.strip_suffix(".svg")?.split_once('/')?;
        match of {
            "network" => Some(Self::Network(name)),
            "group" => Some(Self::Group(name)),
            _ => None,
        }
    }
}

/// Where `/go/{group}` leads.
pub(super) struct Lead {
    basis: Basis,
    group: GroupView,
}

impl Lead {
    pub(super) fn of(view: &View, name: &str) -> Result<Self, Refusal> {
        let basis = Basis::of(view);
        let group = group(&basis.picture, name).cloned();
        let group = group.ok_or_else(|| no_group(name))?;
        Ok(Self { basis, group })
    }

    /// The address, if there is one.
    pub(super) fn link(&self) -> Option<String> {
        let active = self.group.active.as_deref();
        self.basis.facts.destination(&self.group.name, active)
    }

    /// What the status page says of the group.
    pub(super) fn telling<'a>(&'a self, tongue: &'a dyn Tongue) -> Telling<'a> {
        Telling {
            picture: &self.basis.picture,
            facts: &self.basis.facts,
            group: &self.group,
            tongue,
            zone: " UTC",
        }
    }
}

fn limit(query: &Query) -> Result<usize, Refusal> {
    let limit = query.number("limit", 1..=LARGEST_PAGE)?.unwrap_or(PAGE);
    Ok(usize::try_from(limit).unwrap_or(usize::MAX))
}

/// Before the epoch nothing was kept.
pub(super) fn ago(now: SystemTime, span: Duration) -> SystemTime {
    let since = now.checked_sub(span).unwrap_or(SystemTime::UNIX_EPOCH);
    since.max(SystemTime::UNIX_EPOCH)
}

/// What the history says, if it says it while somebody waits for a page.
async fn soon<T>(reply: Reply<T>) -> Option<T> {
    within(PATIENCE_OF_PEOPLE, reply).await.ok()
}

async fn patiently<T>(reply: Reply<T>) -> Result<T, Refusal> {
    within(PATIENCE, reply).await
}

async fn within<T>(patience: Duration, reply: Reply<T>) -> Result<T, Refusal> {
    let unavailable = |sentence: String| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, sentence);
    match tokio::time::timeout(patience, reply).await {
        Ok(Ok(rows)) => Ok(rows),
        Ok(Err(Unavailable(sentence))) => Err(unavailable(sentence)),
        Err(_) => Err(unavailable(
            "the history does not answer in time".to_owned(),
        )),
    }
}

fn group<'a>(picture: &'a Picture, name: &str) -> Option<&'a GroupView> {
    let mut groups = picture.snapshot.groups.iter();
    groups.find(|it| &*it.name == name)
}

fn no_group(name: &str) -> Refusal {
    let name = printable(name, QUOTE);
    Refusal::unknown(format!("there is no group `{name}`"))
}

fn no_network(name: &str) -> Refusal {
    let name = printable(name, QUOTE);
    Refusal::unknown(format!("there is no network `{name}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_history_that_hangs_is_not_waited_for() {
        let reply: Reply<()> = Box::pin(std::future::pending());
        let sentence = "the history does not answer in time".to_owned();
        let expected = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, sentence);
        assert_eq!(patiently(reply).await, Err(expected));
    }
}
