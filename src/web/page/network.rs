//! A row for each network: what it is to its groups, how it fares, how far probes get, its past.

use std::net::IpAddr;
use std::time::Duration;

use maud::{Markup, html};

use super::bars;
use super::frame::{icon, mark_of};
use super::past;
use super::verdict::leads_somewhere;
use super::{Bars, Sheet};
use crate::model::{Family, Layer, NetworkView, Round, State, Verdict};
use crate::report::words::{clock, milliseconds, timestamp_ms};
use crate::web::availability::Availability;
use crate::web::source::{Past, Share};

pub(super) fn section(sheet: Sheet<'_>) -> Markup {
    let labels = sheet.tongue.labels();
    let networks = sheet.matter.networks();
    let more = networks.len().saturating_sub(sheet.detail.networks);
    html! {
        section aria-labelledby="channels" {
            h2 id="channels" { (labels.channels) }
            ul.rows {
                @for (place, network) in networks.iter().take(sheet.detail.networks) {
                    li { (row(sheet, *place, network)) }
                }
            }
            @if more > 0 {
                p { (sheet.tongue.more_networks(more)) " " a href="/api/v1/networks" { "JSON" } }
            }
        }
    }
}

fn row(sheet: Sheet<'_>, place: usize, network: &NetworkView) -> Markup {
    let past = sheet.matter.past.as_ref().and_then(|it| it.get(place));
    let past = past.filter(|_| sheet.detail.bars != Bars::None);
    html! {
        article class={ "s-" (network.state.as_str()) @if past.is_none() { " bare" } } {
            (heading(sheet, network))
            (state(sheet, network))
            (strip(sheet, place, network))
            (facts(sheet, place, network))
            @if let Some(past) = past { (drawn(sheet, past)) }
        }
    }
}

fn heading(sheet: Sheet<'_>, network: &NetworkView) -> Markup {
    let title = sheet.title(&network.name);
    let facts = sheet.matter.facts.network(&network.name);
    let link = facts.and_then(|it| it.profile.as_deref().or(it.home.as_deref()));
    let roles = sheet.matter.roles(&network.name);
    let several = sheet.matter.picture.snapshot.groups.len() > 1;
    html! {
        div.who {
            (icon(mark_of(network.state)))
            h3 {
                @match link.filter(|link| leads_somewhere(sheet, link)) {
                    Some(link) => a href=(link) rel="noreferrer" { (title) },
                    None => (title),
                }
            }
            @for (group, role) in roles.iter().take(3) {
                " "
                span class={ "role r-" (role.as_str()) } {
                    @if network.state == State::Maintenance {
                        (sheet.tongue.labels().resting)
                    } @else if several {
                        (sheet.tongue.role_in(*role, &sheet.line(group)))
                    } @else {
                        (sheet.tongue.role(*role))
                    }
                }
            }
        }
    }
}

fn state(sheet: Sheet<'_>, network: &NetworkView) -> Markup {
    let (tongue, picture) = (sheet.tongue, &sheet.matter.picture);
    let (since, length) = picture.since(network);
    let since = picture.wall_of(since);
    let troubled = matches!(network.state, State::Down | State::Degraded);
    let cause = network.trouble.as_ref().filter(|_| troubled);
    let length = Duration::from_secs(length.as_secs());
    let resting = network.state == State::Maintenance;
    let until = sheet
        .matter
        .facts
        .resting_until(&network.name, picture.wall);
    let until = until.filter(|_| resting);
    html! {
        p.state {
            b { (tongue.state(network.state)) } " "
            @if let Some(until) = until {
                time datetime=(timestamp_ms(until)) { (tongue.until_then(&clock(until, picture.wall))) }
                ", "
            }
            (tongue.labels().since) " "
            time datetime=(timestamp_ms(since)) { (clock(since, picture.wall)) " UTC" }
            ", " (tongue.span(length))
            @if let Some(trouble) = cause {
                br;
                span.why { (tongue.reason(trouble.cause.reason)) }
            }
            @if network.flapping { " " span.why { (tongue.labels().flapping) } }
        }
    }
}

/// How far probes get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Works,
    Troubled,
    Fails,
    NotReached,
    NotProbed,
    NotKnown,
}

/// The steps of a network, from the lowest layer.
pub(super) fn steps(network: &NetworkView, rounds: &[&Round]) -> [Step; Layer::ALL.len()] {
    Layer::ALL.map(|layer| {
        let probed = rounds.iter().any(|it| probes(it, layer));
        let failing = network.layer;
        match network.state {
            State::Unknown | State::Maintenance if rounds.is_empty() => Step::NotKnown,
            _ if !probed && failing != Some(layer) => Step::NotProbed,
            State::Unknown | State::Maintenance => Step::NotKnown,
            State::Up => Step::Works,
            State::Degraded if failing == Some(layer) => Step::Troubled,
            State::Degraded => Step::Works,
            State::Down => match failing {
                None => Step::NotKnown,
                Some(failing) if layer < failing => Step::Works,
                Some(failing) if layer == failing => Step::Fails,
                Some(_) => Step::NotReached,
            },
        }
    })
}

/// Whether a round would show that a layer fails. One over plain HTTP has no handshake.
fn probes(round: &Round, layer: Layer) -> bool {
    let mut addresses = round.addresses.iter();
    let mut is_plain = || addresses.any(|it| it.tls.is_none() && it.reached >= Some(Layer::Http));
    round.kind.layers().contains(&layer) && !(layer == Layer::Tls && is_plain())
}

/// The newest round of each endpoint.
fn newest(sheet: Sheet<'_>, place: usize) -> Vec<&Round> {
    let endpoints = sheet.matter.rounds.get(place).into_iter().flatten();
    endpoints
        .filter_map(|it| it.first())
        .map(|it| &**it)
        .collect()
}

fn strip(sheet: Sheet<'_>, place: usize, network: &NetworkView) -> Markup {
    let labels = sheet.tongue.labels();
    let steps = steps(network, &newest(sheet, place));
    html! {
        ol.strip aria-label=(labels.layers) {
            @for (layer, step) in Layer::ALL.into_iter().zip(steps) {
                @let (class, mark, word) = match step {
                    Step::Works => ("up", "up", labels.works),
                    Step::Troubled => ("degraded", "degraded", labels.slow),
                    Step::Fails => ("down", "down", labels.fails),
                    Step::NotReached => ("no", "gap", labels.not_reached),
                    Step::NotProbed => ("no", "gap", labels.not_probed),
                    Step::NotKnown => ("no", "unknown", labels.not_known),
                };
                li class={ "s-" (class) } {
                    // The pointer gets the word that is read aloud behind the name.
                    span aria-hidden="true" title=(word) { (icon(mark)) }
                    (sheet.tongue.layer(layer)) span.h { (sheet.tongue.pair("", word)) }
                }
            }
        }
    }
}

fn facts(sheet: Sheet<'_>, place: usize, network: &NetworkView) -> Markup {
    let labels = sheet.tongue.labels();
    let rounds = newest(sheet, place);
    let counts = addresses(&rounds);
    html! {
        dl {
            @if let Some(counts) = counts {
                div { dt { (labels.addresses) } dd { (counts) } }
            }
            @if let Some(latency) = latency(&rounds) {
                div { dt { (labels.answers_in) } dd { (milliseconds(latency)) } }
            }
            div { dt { (labels.spare) } dd { (network.spare_weight) } }
        }
    }
}

/// `2/2 IPv4, 1/2 IPv6`: how many different addresses worked in all newest rounds that met them.
pub(super) fn addresses(rounds: &[&Round]) -> Option<String> {
    let mut met: Vec<(IpAddr, bool)> = Vec::new();
    for address in rounds.iter().flat_map(|it| &it.addresses) {
        let good = match address.verdict {
            Verdict::Inconclusive(_) => continue,
            Verdict::Fail(_) => false,
            Verdict::Pass | Verdict::Slow(_) | Verdict::Restricted(_) => true,
        };
        let ip = address.address.ip();
        match met.iter_mut().find(|(known, _)| *known == ip) {
            Some((_, all)) => *all &= good,
            None => met.push((ip, good)),
        }
    }
    let counts = Family::ALL.into_iter().filter_map(|family| {
        let of = || met.iter().filter(|(ip, _)| Family::of(*ip) == family);
        let (good, all) = (of().filter(|(_, good)| *good).count(), of().count());
        let name = match family {
            Family::Ipv4 => "IPv4",
            Family::Ipv6 => "IPv6",
        };
        (all > 0).then(|| format!("{good}/{all} {name}"))
    });
    let counts: Vec<String> = counts.collect();
    (!counts.is_empty()).then(|| counts.join(", "))
}

/// How long the rounds took that worked: the one in the middle.
pub(super) fn latency(rounds: &[&Round]) -> Option<Duration> {
    let good = rounds.iter().filter(|it| {
        matches!(
            it.verdict,
            Verdict::Pass | Verdict::Slow(_) | Verdict::Restricted(_)
        )
    });
    let mut took: Vec<Duration> = good.map(|it| it.duration).collect();
    took.sort();
    took.get(took.len() / 2).copied()
}

fn drawn(sheet: Sheet<'_>, past: &Past) -> Markup {
    let (tongue, labels) = (sheet.tongue, sheet.tongue.labels());
    let counts = |shares: &[Share]| {
        let troubled = shares.iter().filter(|it| it.is_troubled()).count();
        let void = shares.iter().filter(|it| it.is_void()).count();
        (shares.len(), troubled, void)
    };
    let (days, troubled, void) = counts(&past.days);
    let of_days = tongue.bars_days(days, troubled, void);
    let (hours, troubled, void) = counts(&past.hours);
    let of_hours = tongue.bars_hours(hours, troubled, void);
    let figure = |shares: &[Share]| past::figure(tongue, Availability::of(shares));
    html! {
        div.past {
            div.d90 {
                (bars::drawn(sheet, &past.days, &of_days, true))
                p { span { (tongue.days_ago(days)) } (figure(&past.days)) span { (labels.today) } }
            }
            div.h24 {
                (bars::drawn(sheet, &past.hours, &of_hours, false))
                p { span { (tongue.hours_ago(hours)) } (figure(&past.hours)) }
            }
        }
    }
}
