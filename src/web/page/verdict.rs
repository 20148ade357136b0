//! The first thing on the page: the verdict on each group, and whether it can be believed.

use maud::{Markup, html};

use super::Sheet;
use super::frame::{freshness, icon, minute, second};
use super::matter::Lateness;
use crate::model::GroupView;
use crate::model::printable::printable;
use crate::web::telling::{Part, Telling, Tone};

pub(super) fn section(sheet: Sheet<'_>) -> Markup {
    let groups = &sheet.matter.picture.snapshot.groups;
    let several = groups.len() > 1;
    let more = groups.len().saturating_sub(sheet.detail.groups);
    html! {
        (warnings(sheet))
        @for group in groups.iter().take(sheet.detail.groups) {
            (one(sheet, group, several))
        }
        @if groups.is_empty() {
            h1.h { (sheet.tongue.labels().status_page) }
        }
        @if more > 0 {
            p { "+ " (more) ": " a href="/api/v1/groups" { "JSON" } }
        }
        p.asof { (freshness(sheet)) }
    }
}

fn telling<'a>(sheet: Sheet<'a>, group: &'a GroupView) -> Telling<'a> {
    Telling {
        picture: &sheet.matter.picture,
        facts: &sheet.matter.facts,
        group,
        tongue: sheet.tongue,
        zone: " UTC",
    }
}

fn one(sheet: Sheet<'_>, group: &GroupView, several: bool) -> Markup {
    let labels = sheet.tongue.labels();
    let telling = telling(sheet, group);
    let tone = telling.tone();
    let (class, mark, word) = match tone {
        Tone::Fine => ("fine", "up", labels.fine),
        Tone::Planned => ("planned", "maintenance", labels.planned),
        Tone::Uneasy => ("uneasy", "degraded", labels.uneasy),
        Tone::Broken => ("broken", "down", labels.broken),
        Tone::Unsure => ("unsure", "unknown", labels.unsure),
    };
    html! {
        section class={ "v " (class) } {
            (icon(mark))
            div {
                @if several { p.g { (sheet.line(&group.name)) } }
                h1 {
                    span.h { (word) " " }
                    @for (part, text) in told(sheet, telling) {
                        (spoken(sheet, group, part, &text)) " "
                    }
                }
                @if let Some(text) = active_since(sheet, telling) { p { (text) } }
                @if group.frozen { p { (labels.frozen) } }
                @if let Some(text) = gateway(sheet, telling) { p { (text) } }
            }
        }
    }
}

/// Since when the channel has been used that was known last.
fn active_since(sheet: Sheet<'_>, telling: Telling<'_>) -> Option<String> {
    let active = telling.group.active.as_deref()?;
    let mut parts = telling.parts().into_iter();
    parts.find(|(part, _)| *part == Part::Known)?;
    let mut newest = sheet.matter.events.iter().flatten().rev();
    let switch = newest.find(|row| row.group.as_deref() == Some(&*telling.group.name))?;
    let title = sheet.title(active);
    let is_ours = switch.to.as_deref() == Some(active);
    is_ours.then(|| sheet.tongue.active_since(&title, &minute(switch.at)))
}

/// Whether our own gateway answers, where nothing else does.
fn gateway(sheet: Sheet<'_>, telling: Telling<'_>) -> Option<&'static str> {
    let labels = sheet.tongue.labels();
    let answers = telling.picture.snapshot.uplink.gateway;
    answers.filter(|_| telling.is_blind()).map(|it| match it {
        true => labels.gateway_answers,
        false => labels.gateway_silent,
    })
}

/// The parts of the sentence; of a long list of news the first.
fn told(sheet: Sheet<'_>, telling: Telling<'_>) -> Vec<(Part, String)> {
    let mut parts = telling.parts();
    let of_news = parts.iter().filter(|(part, _)| *part == Part::News).count();
    let surplus = of_news.saturating_sub(sheet.detail.news);
    if surplus > 0 {
        // News come first.
        let more = (Part::News, format!("… (+{surplus})"));
        parts.splice(sheet.detail.news..of_news, [more]);
    }
    parts
}

fn spoken(sheet: Sheet<'_>, group: &GroupView, part: Part, text: &str) -> Markup {
    let text = printable(text, sheet.detail.line * 2);
    let active = group.active.as_deref();
    let link = match part {
        Part::Use | Part::Known => sheet.matter.facts.link(&group.name, active),
        Part::Resort => sheet.matter.facts.last_resort(&group.name),
        Part::News | Part::More => None,
    };
    let class = match part {
        Part::News => "news",
        Part::Use | Part::Known | Part::Resort => "use",
        Part::More => "more",
    };
    html! {
        @match link.filter(|link| leads_somewhere(sheet, link)) {
            Some(link) => a class=(class) href=(link) rel="noreferrer" { (text) },
            None => span class=(class) { (text) },
        }
    }
}

/// Whether a browser should be sent there.
pub(super) fn leads_somewhere(sheet: Sheet<'_>, link: &str) -> bool {
    let web = link.starts_with("https://") || link.starts_with("http://");
    web && link.len() <= sheet.detail.link && !link.chars().any(char::is_control)
}

/// What casts doubt on everything below.
fn warnings(sheet: Sheet<'_>) -> Markup {
    let (tongue, labels) = (sheet.tongue, sheet.tongue.labels());
    let at = second(sheet.matter.clock);
    let age = |since| tongue.span(sheet.matter.age(since));
    let late = sheet.matter.lateness().map(|lateness| match lateness {
        Lateness::Hangs(since) => tongue.hangs(&second(since), &age(since)),
        Lateness::Late(since) => tongue.late(&second(since), &age(since)),
    });
    html! {
        div {
            // A style makes it appear: also where the page is saved, or its tab is frozen.
            p.w.old role="status" { (icon("down")) (tongue.stale(&at)) }
            @if let Some(late) = late {
                p.w role="alert" { (icon("down")) (late) }
            }
            @if let Some(problem) = &sheet.matter.problem {
                p.w.mild { (icon("degraded")) (labels.problem) " " (sheet.line(problem)) }
            }
        }
    }
}

/// The verdict in a few words.
pub(super) fn headline(sheet: Sheet<'_>) -> String {
    let groups = &sheet.matter.picture.snapshot.groups;
    let worst = worst_tone(sheet);
    let mut of = groups.iter().map(|group| telling(sheet, group));
    let text = of.find(|telling| telling.tone() == worst);
    let labels = sheet.tongue.labels();
    let text = text.map_or_else(|| labels.status_page.to_owned(), Telling::headline);
    match sheet.matter.lateness() {
        // Whoever sees the tab only should not rely on it.
        Some(_) => format!("? {}", sheet.line(&text)),
        None => sheet.line(&text),
    }
}

/// Of all groups: what asks most for attention.
pub(super) fn worst_tone(sheet: Sheet<'_>) -> Tone {
    let groups = sheet.matter.picture.snapshot.groups.iter();
    let tones: Vec<Tone> = groups.map(|group| telling(sheet, group).tone()).collect();
    let order = [
        Tone::Broken,
        Tone::Unsure,
        Tone::Uneasy,
        Tone::Planned,
        Tone::Fine,
    ];
    let mut order = order.into_iter();
    order
        .find(|tone| tones.contains(tone))
        .unwrap_or(Tone::Unsure)
}
