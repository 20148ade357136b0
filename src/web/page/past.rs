//! The past in numbers: availability, and the days with trouble, for who cannot use the bars.

use maud::{Markup, html};

use super::Sheet;
use super::bars;
use crate::model::State;
use crate::report::words::date;
use crate::web::availability::Availability;
use crate::web::source::{Past, Share};
use crate::web::tongue::Tongue;

/// Below that share of the time observed, its share is told.
const NEARLY_ALL: f64 = 0.999_95;
/// The same beside the bars, where there is less room and gaps are seen.
const MOSTLY: f64 = 0.95;
/// Below that share of the time observed, its availability is not told: nobody should take what
/// a prober saw in its first hours for what ninety days were like.
const HARDLY: f64 = 0.01;

/// `99.98 %`, `100 %`: rounded down, so that what is not whole is never shown as whole.
pub(super) fn percent(tongue: &dyn Tongue, share: f64) -> String {
    // A share has whole millionths.
    let hundredths = (share * 1_000_000.0).round() as u64 / 100;
    let text = match hundredths {
        10_000 => "100".to_owned(),
        other => format!("{}.{:02}", other / 100, other % 100),
    };
    tongue.percent(&text)
}

/// The availability beside the bars, with the share of the time that it is about if much of it
/// was not observed.
pub(super) fn figure(tongue: &dyn Tongue, time: Availability) -> Markup {
    // All of it was maintenance, or it has just begun.
    let Some(observed) = time.observed() else {
        return html! { b {} };
    };
    let share = time.share().filter(|_| observed >= HARDLY);
    html! {
        b {
            @match share {
                None => i { (tongue.labels().barely_observed) },
                Some(share) => {
                    (percent(tongue, share))
                    @if observed < MOSTLY {
                        " " i { (tongue.of_observed(hundredths_of(observed))) }
                    }
                },
            }
        }
    }
}

/// Rounded down. A share has whole millionths.
fn hundredths_of(share: f64) -> u64 {
    (share * 1_000_000.0).round() as u64 / 10_000
}

pub(super) fn section(sheet: Sheet<'_>) -> Markup {
    let labels = sheet.tongue.labels();
    let Some(past) = sheet.matter.past.as_deref().filter(|it| !it.is_empty()) else {
        return html! { section { p { (labels.no_past) } } };
    };
    let networks = sheet.matter.networks();
    let shown = networks.iter().take(sheet.detail.networks);
    let rows: Vec<(String, &Past)> = shown
        .filter_map(|(place, network)| Some((sheet.title(&network.name), past.get(*place)?)))
        .collect();
    html! {
        section aria-labelledby="past" {
            h2 id="past" { (labels.past) }
            (legend(sheet))
            details {
                summary { (labels.as_table) }
                p { (labels.past_hint) }
                div.scroll tabindex="0" role="region" aria-label=(labels.as_table) {
                    (availability(sheet, &rows))
                }
                (troubled_days(sheet, &rows))
            }
        }
    }
}

fn legend(sheet: Sheet<'_>) -> Markup {
    let (tongue, labels) = (sheet.tongue, sheet.tongue.labels());
    html! {
        ul.legend aria-label=(labels.legend) {
            @for (class, y, length, word) in [
                ("u", 0, 24, tongue.state(State::Up)),
                ("d", 14, 13, tongue.state(State::Degraded)),
                ("x", 14, 16, tongue.state(State::Down)),
                ("a", 0, 24, tongue.state(State::Maintenance)),
                ("n", 18, 6, labels.not_observed),
            ] {
                li {
                    svg.b viewBox="0 0 6 30" aria-hidden="true" {
                        path class={ "k " (class) } d={ "M3 " (y) "v" (length) } {}
                    }
                    (word)
                }
            }
        }
    }
}

fn availability(sheet: Sheet<'_>, rows: &[(String, &Past)]) -> Markup {
    let labels = sheet.tongue.labels();
    html! {
        table {
            thead {
                tr {
                    th scope="col" { (labels.channel) }
                    @for label in [labels.hours_24, labels.days_7, labels.days_30, labels.days_90] {
                        th scope="col" { (label) }
                    }
                }
            }
            tbody {
                @for (title, past) in rows {
                    tr {
                        th scope="row" { (title) }
                        @for (_, time) in Availability::windows(past) {
                            td { (cell(sheet, time)) }
                        }
                    }
                }
            }
        }
    }
}

fn cell(sheet: Sheet<'_>, time: Availability) -> Markup {
    let tongue = sheet.tongue;
    let observed = time.observed().filter(|it| *it < NEARLY_ALL);
    html! {
        @match time.share() {
            Some(share) => {
                (percent(tongue, share))
                @if let Some(observed) = observed { " (" (percent(tongue, observed)) ")" }
            },
            None => "–",
        }
    }
}

fn troubled_days(sheet: Sheet<'_>, rows: &[(String, &Past)]) -> Markup {
    let labels = sheet.tongue.labels();
    let mut days: Vec<(&str, &Share)> = Vec::new();
    for (title, past) in rows {
        let troubled = past.days.iter().filter(|it| it.is_troubled() || is_gap(it));
        days.extend(troubled.map(|it| (title.as_str(), it)));
    }
    days.sort_by_key(|(_, share)| std::cmp::Reverse(share.from));
    let more = days.len().saturating_sub(sheet.detail.days);
    days.truncate(sheet.detail.days);
    html! {
        @if days.is_empty() && more == 0 {
            p { (labels.no_bad_days) }
        } @else if !days.is_empty() {
            table {
                thead {
                    tr {
                        th scope="col" { (labels.day) }
                        th scope="col" { (labels.channel) }
                        th scope="col" { (labels.what) }
                    }
                }
                tbody {
                    @for (title, share) in days {
                        tr {
                            td { (date(share.from)) }
                            td { (title) }
                            td { (bars::told(sheet, share)) }
                        }
                    }
                }
            }
        }
        @if more > 0 {
            p { (sheet.tongue.more_days(more)) " " a href="/api/v1/outages" { (labels.all_outages) } }
        }
    }
}

/// Watched, but not all the time.
fn is_gap(share: &Share) -> bool {
    !share.is_void() && share.unobserved() >= bars::GAP
}
