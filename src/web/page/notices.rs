//! What the operator has to say: notices, and maintenance that is open or announced.

use std::time::SystemTime;

use maud::{Markup, html};

use super::Sheet;
use super::frame::{icon, minute};
use crate::model::printable::printable;
use crate::report::words::timestamp_ms;
use crate::web::source::{MaintenanceFacts, NoticeFacts};

pub(super) fn section(sheet: Sheet<'_>) -> Markup {
    let (facts, now) = (&sheet.matter.facts, sheet.matter.clock);
    let notices: Vec<_> = facts.notices_at(now).collect();
    let windows: Vec<_> = facts.maintenance_at(now).collect();
    let most = sheet.detail.notices;
    let more = notices.len().saturating_sub(most) + windows.len().saturating_sub(most);
    html! {
        @if !notices.is_empty() || !windows.is_empty() {
            section.said aria-label=(sheet.tongue.labels().notices) {
                @for notice in notices.into_iter().take(most) { (said(sheet, notice)) }
                @for window in windows.into_iter().take(most) { (maintenance(sheet, window, now)) }
                @if more > 0 {
                    p { "+ " (more) ": " a href="/status.json" { "JSON" } }
                }
            }
        }
    }
}

fn said(sheet: Sheet<'_>, notice: &NoticeFacts) -> Markup {
    let (tongue, until) = (sheet.tongue, notice.until);
    let (language, text) = notice.said_in(tongue.code()).unwrap_or_default();
    // Who listens to the page hears a text of another language as what it is.
    let language = language.filter(|it| *it != tongue.code());
    html! {
        p.w.tell {
            (icon("notice"))
            span {
                span lang=[language.map(|it| sheet.line(it))] {
                    (printable(text, sheet.detail.line * 3))
                }
                " "
                time datetime=(timestamp_ms(until)) { (tongue.until(&minute(until))) }
            }
        }
    }
}

fn maintenance(sheet: Sheet<'_>, window: &MaintenanceFacts, now: SystemTime) -> Markup {
    let title = sheet.title(&window.network);
    let (from, until) = (minute(window.from), minute(window.until));
    let open = window.is_open(now);
    html! {
        p.w.tell {
            (icon("maintenance"))
            span { (sheet.tongue.window(&title, &from, &until, open)) }
        }
    }
}
