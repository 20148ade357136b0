//! The status page: one complete HTML document, without scripts and without anything to load.
//!
//! It is at most [`LARGEST`] bytes: where there is more to tell than that, details are left out
//! step by step, and the page says so. Whatever comes from outside the code is a text to maud,
//! which escapes it, and has gone through [`line`], which bounds it.

mod bars;
mod events;
mod frame;
mod matter;
mod network;
mod notices;
mod past;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
mod verdict;

use maud::{DOCTYPE, html};

use super::tongue::Tongue;
use crate::model::printable::printable;

pub(super) use frame::POLICY;
pub(super) use matter::Matter;

/// The size of the largest page, in bytes, before it is compressed.
const LARGEST: usize = 50_000;

/// How much is told.
#[derive(Clone, Copy, Debug)]
struct Detail {
    /// Groups and networks at most.
    groups: usize,
    networks: usize,
    /// How days and hours of each network are drawn.
    bars: Bars,
    /// Days with trouble that say what they had when pointed at, of each network.
    tips: usize,
    /// Notices, and windows of maintenance.
    notices: usize,
    /// Days with trouble in the table.
    days: usize,
    events: usize,
    /// Characters of a text that is not ours; twice as many of a part of the verdict.
    line: usize,
    /// What has happened, of each group's verdict.
    news: usize,
    /// Bytes of an address that is led to.
    link: usize,
}

/// How the past is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bars {
    /// All states that a bar has.
    Whole,
    /// The worst state of each bar.
    Worst,
    None,
}

/// Everything.
const WHOLE: Detail = Detail {
    groups: 20,
    networks: 60,
    notices: 10,
    bars: Bars::Whole,
    tips: 12,
    days: 60,
    events: 20,
    line: 200,
    news: 12,
    link: 400,
};

/// From everything to what fits for certain.
const LEVELS: [Detail; 6] = [
    WHOLE,
    Detail {
        tips: 2,
        days: 20,
        ..WHOLE
    },
    Detail {
        tips: 0,
        days: 0,
        events: 10,
        line: 120,
        ..WHOLE
    },
    Detail {
        groups: 10,
        networks: 30,
        notices: 10,
        bars: Bars::Worst,
        tips: 0,
        days: 0,
        events: 10,
        line: 100,
        news: 10,
        link: 300,
    },
    Detail {
        groups: 8,
        networks: 24,
        notices: 5,
        bars: Bars::None,
        tips: 0,
        days: 0,
        events: 5,
        line: 60,
        news: 5,
        link: 200,
    },
    Detail {
        groups: 2,
        networks: 8,
        notices: 3,
        bars: Bars::None,
        tips: 0,
        days: 0,
        events: 3,
        line: 30,
        news: 3,
        link: 150,
    },
];

/// What is being written, and how much of it.
#[derive(Clone, Copy)]
struct Sheet<'a> {
    matter: &'a Matter,
    tongue: &'a dyn Tongue,
    detail: Detail,
}

/// The page.
pub(super) fn document(matter: &Matter) -> Vec<u8> {
    let mut page = Vec::new();
    for detail in LEVELS {
        page = sheet(Sheet {
            matter,
            tongue: matter.tongue,
            detail,
        });
        if page.len() <= LARGEST {
            break;
        }
    }
    page
}

fn sheet(sheet: Sheet<'_>) -> Vec<u8> {
    let markup = html! {
        (DOCTYPE)
        html lang=(sheet.tongue.code()) {
            (frame::head(sheet))
            body {
                (frame::icons())
                a.skip href="#channels" { (sheet.tongue.labels().skip) }
                (frame::header(sheet))
                main {
                    div {
                        (verdict::section(sheet))
                        (notices::section(sheet))
                        (network::section(sheet))
                    }
                    (events::section(sheet))
                    (past::section(sheet))
                }
                (frame::footer(sheet))
            }
        }
    };
    let mut bytes = markup.into_string().into_bytes();
    bytes.push(b'\n');
    bytes
}

impl Sheet<'_> {
    /// A text that is not ours, made fit to be shown.
    fn line(&self, text: &str) -> String {
        printable(text, self.detail.line)
    }

    fn title(&self, network: &str) -> String {
        self.line(self.matter.facts.title(network))
    }
}
