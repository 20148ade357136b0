//! What is around the matter: the head, the line above it, the line below it, the marks.

use std::sync::LazyLock;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::Sheet;
use super::verdict;
use crate::model::State;
use crate::report::words::{timestamp, timestamp_ms};
use crate::web::telling::Tone;
use crate::web::tongue;

const STYLE: &str = include_str!("style.css");

/// What a browser may load for this page: nothing but the style that stands in it, and the
/// picture of the tab, which stands in it too.
pub(in crate::web) static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    format!("default-src 'none'; script-src 'none'; style-src 'sha256-{hash}'; img-src data:")
});

/// The marks, drawn once: a shape for each state, so that colour is never all there is.
const ICONS: &str = concat!(
    "<svg class=\"h\" width=\"0\" height=\"0\" aria-hidden=\"true\">",
    "<symbol id=\"up\" viewBox=\"0 0 16 16\"><circle cx=\"8\" cy=\"8\" r=\"8\"/>",
    "<path class=\"m\" d=\"m4 8 3 3 5-6\"/></symbol>",
    "<symbol id=\"degraded\" viewBox=\"0 0 16 16\"><path d=\"M8 0 16 15H0z\"/>",
    "<path class=\"m\" d=\"M8 5v5m0 1.5v2\"/></symbol>",
    "<symbol id=\"down\" viewBox=\"0 0 16 16\"><path d=\"M5 0h6l5 5v6l-5 5H5l-5-5V5z\"/>",
    "<path class=\"m\" d=\"m5 5 6 6m0-6-6 6\"/></symbol>",
    "<symbol id=\"maintenance\" viewBox=\"0 0 16 16\"><rect width=\"16\" height=\"16\" rx=\"3\"/>",
    "<path class=\"m\" d=\"M5.5 4v8m5-8v8\"/></symbol>",
    "<symbol id=\"unknown\" viewBox=\"0 0 16 16\"><path class=\"l\" fill=\"none\" d=\"M8 1l7 7-7 7-7-7z\"/>",
    "<path class=\"l\" d=\"M5 8h6\"/></symbol>",
    "<symbol id=\"switch\" viewBox=\"0 0 16 16\">",
    "<path class=\"l\" d=\"M1 5h12m-4-4 4 4-4 4m6 2H3m4-4-4 4 4 4\"/></symbol>",
    "<symbol id=\"notice\" viewBox=\"0 0 16 16\"><path d=\"M1 1h14v10H8l-4 4v-4H1z\"/>",
    "<path class=\"m\" d=\"M4 4.5h8m-8 3h5\"/></symbol>",
    "<symbol id=\"gap\" viewBox=\"0 0 16 16\"><path class=\"l\" d=\"M3 8h10\"/></symbol>",
    "</svg>"
);

pub(super) fn head(sheet: Sheet<'_>) -> Markup {
    let title = verdict::headline(sheet);
    let place = sheet.line(&sheet.matter.facts.vantage);
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width,initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (title) " · " (place) }
            link rel="icon" href=(tab_picture(verdict::worst_tone(sheet)));
            link rel="alternate" type="application/atom+xml" href="/feed.atom";
            style { (PreEscaped(STYLE)) }
        }
    }
}

/// The same shapes as on the page.
fn tab_picture(tone: Tone) -> String {
    let (colour, shape, mark) = match tone {
        Tone::Fine => (
            "1a7f37",
            "%3Ccircle cx='8' cy='8' r='8'/%3E",
            "m4 8 3 3 5-6",
        ),
        Tone::Planned => (
            "0969da",
            "%3Crect width='16' height='16' rx='3'/%3E",
            "M5.5 4v8m5-8v8",
        ),
        Tone::Uneasy => ("9a6700", "%3Cpath d='M8 0 16 15H0z'/%3E", "M8 5v5m0 1.5v2"),
        Tone::Broken => (
            "cf222e",
            "%3Cpath d='M5 0h6l5 5v6l-5 5H5l-5-5V5z'/%3E",
            "m5 5 6 6m0-6-6 6",
        ),
        Tone::Unsure => ("59636e", "%3Cpath d='m8 0 8 8-8 8-8-8z'/%3E", "M5 8h6"),
    };
    format!(
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16' \
         fill='%23{colour}'%3E{shape}%3Cpath d='{mark}' fill='none' stroke='%23fff' \
         stroke-width='2'/%3E%3C/svg%3E"
    )
}

pub(super) fn icons() -> Markup {
    PreEscaped(ICONS.to_owned())
}

/// A mark; the words stand beside it.
pub(super) fn icon(name: &str) -> Markup {
    html! {
        svg.i aria-hidden="true" { use href={ "#" (name) } {} }
    }
}

pub(super) const fn mark_of(state: State) -> &'static str {
    state.as_str()
}

pub(super) fn header(sheet: Sheet<'_>) -> Markup {
    let labels = sheet.tongue.labels();
    html! {
        header {
            p { (labels.status_page) " · " (labels.vantage) " " b { (sheet.line(&sheet.matter.facts.vantage)) } }
            nav aria-label=(labels.languages) {
                @for tongue in tongue::ALL {
                    @if tongue.code() == sheet.tongue.code() {
                        b aria-current="true" lang=(tongue.code()) { (tongue.name()) }
                    } @else {
                        a href=(address(tongue.code(), sheet.matter.renews)) lang=(tongue.code())
                            hreflang=(tongue.code()) { (tongue.name()) }
                    }
                    " "
                }
            }
        }
    }
}

/// This page in a language.
fn address(code: &str, renews: bool) -> String {
    let off = if renews { "" } else { "&refresh=off" };
    format!("/?lang={code}{off}")
}

pub(super) fn footer(sheet: Sheet<'_>) -> Markup {
    let labels = sheet.tongue.labels();
    let renews = sheet.matter.renews;
    let other = address(sheet.tongue.code(), !renews);
    html! {
        footer {
            p {
                (freshness(sheet)) " "
                a href=(other) { (if renews { labels.stop } else { labels.resume }) }
            }
            p {
                (labels.programs) " "
                a href="/feed.atom" { (labels.feed) } ", "
                a href="/status.json" { "JSON" } ", "
                a href="/status.txt" { (labels.text) } ". "
                (labels.utc_note) " bascule " (env!("CARGO_PKG_VERSION"))
            }
        }
    }
}

/// As of when the page is, and how old what it tells.
pub(super) fn freshness(sheet: Sheet<'_>) -> Markup {
    let at = sheet.matter.clock;
    let age = match sheet.matter.newest() {
        Some(newest) => {
            let age = sheet.tongue.span(sheet.matter.age(newest));
            sheet.tongue.data_age(&age)
        }
        None => sheet.tongue.labels().no_round.to_owned(),
    };
    html! {
        time datetime=(timestamp_ms(at)) { (sheet.tongue.as_of(&second(at))) } "; " (age) "."
    }
}

/// `2026-05-24 13:09:12`.
pub(super) fn second(at: SystemTime) -> String {
    timestamp(at).replace('T', " ").replace('Z', "")
}

/// `2026-05-24 13:02`.
pub(super) fn minute(at: SystemTime) -> String {
    second(at).chars().take(16).collect()
}
