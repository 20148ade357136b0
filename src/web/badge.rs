//! `/badge/network/{name}.svg` and `/badge/group/{name}.svg`: what it is, and how it fares, in a
//! picture of one line that other pages embed.
//!
//! The state is told by a word, by the shape of a mark, and by a colour, in this order. Nothing
//! is loaded from anywhere. Widths are computed from a table of a common font, and the picture
//! says how long each text is, so it looks the same where that font is missing.

use maud::{Markup, html};

use super::api::Shown;
use super::feed::xml;
use super::telling::{Telling, Tone};
use super::tongue::Tongue;
use crate::model::printable::printable;
use crate::model::{GroupView, NetworkView, State};

/// Its media type.
pub(super) const SVG: &str = "image/svg+xml";
/// Longest text, in characters.
const LONGEST: usize = 40;
/// Height of the picture; texts are 11 high.
const HEIGHT: u32 = 20;
/// Free space beside a text.
const MARGIN: u32 = 6;
/// The mark and the space behind it.
const MARK: u32 = 13;
/// Behind what it is.
const LABEL: &str = "#24292f";

/// What is drawn.
struct Badge {
    label: String,
    message: String,
    look: Look,
}

/// The shape of the mark, and the colour behind the message; white stands out from each of them
/// by 4.5 to 1 at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// A tick on green.
    Good,
    /// A triangle on brown.
    Uneasy,
    /// A cross on red.
    Bad,
    /// Two bars on blue.
    Paused,
    /// A ring on grey.
    Unsure,
}

/// The badge of a network: `X | down (TLS)`.
pub(super) fn network(shown: Shown<'_>, view: &NetworkView, tongue: &dyn Tongue) -> Vec<u8> {
    let state = if shown.hangs {
        State::Unknown
    } else {
        view.state
    };
    let look = match state {
        State::Up => Look::Good,
        State::Degraded => Look::Uneasy,
        State::Down => Look::Bad,
        State::Maintenance => Look::Paused,
        State::Unknown => Look::Unsure,
    };
    let layer = view
        .layer
        .filter(|_| matches!(look, Look::Uneasy | Look::Bad));
    let layer = layer.map_or_else(String::new, |it| format!(" ({})", tongue.layer(it)));
    Badge {
        label: short(shown.facts.title(&view.name)),
        message: format!("{}{layer}", tongue.state(state)),
        look,
    }
    .draw(tongue)
}

/// The badge of a group: `post on | Bluesky`.
pub(super) fn group(shown: Shown<'_>, view: &GroupView, tongue: &dyn Tongue) -> Vec<u8> {
    let tone = match Telling::plain(shown.picture, shown.facts, view).tone() {
        _ if shown.hangs => Tone::Unsure,
        tone => tone,
    };
    let active = view.active.as_deref();
    let message = match active.map(|name| short(shown.facts.title(name))) {
        _ if tone == Tone::Unsure => tongue.state(State::Unknown).to_owned(),
        Some(title) => title,
        None => tongue.no_channel().to_owned(),
    };
    Badge {
        label: tongue.to_post_on().to_owned(),
        message,
        look: Look::of(tone),
    }
    .draw(tongue)
}

impl Look {
    const fn of(tone: Tone) -> Self {
        match tone {
            Tone::Fine | Tone::Planned => Self::Good,
            Tone::Uneasy => Self::Uneasy,
            Tone::Broken => Self::Bad,
            Tone::Unsure => Self::Unsure,
        }
    }
}

impl Badge {
    fn draw(&self, tongue: &dyn Tongue) -> Vec<u8> {
        let (label, message) = (width(&self.label), width(&self.message));
        let left = label + 2 * MARGIN;
        let right = MARK + message + 2 * MARGIN;
        let whole = left + right;
        let title = tongue.pair(&self.label, &self.message);
        let svg = html! {
            svg xmlns="http://www.w3.org/2000/svg" width=(whole) height=(HEIGHT)
                viewBox={ "0 0 " (whole) " " (HEIGHT) } role="img" aria-label=(title)
                xml:lang=(tongue.code()) {
                title { (title) }
                rect width=(left) height=(HEIGHT) fill=(LABEL) {}
                rect x=(left) width=(right) height=(HEIGHT) fill=(self.look.colour()) {}
                g transform={ "translate(" (left + MARGIN) " 5)" } fill="none" stroke="#ffffff"
                    stroke-width="2" { (self.look.mark()) }
                g fill="#ffffff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11" {
                    (text(MARGIN, label, &self.label))
                    (text(left + MARGIN + MARK, message, &self.message))
                }
            }
        };
        let mut bytes = svg.into_string().into_bytes();
        bytes.push(b'\n');
        bytes
    }
}

/// A title that fits, and that XML can hold.
fn short(title: &str) -> String {
    xml(&printable(title, LONGEST))
}

fn text(x: u32, width: u32, text: &str) -> Markup {
    html! { text x=(x) y="14" textLength=(width) { (text) } }
}

impl Look {
    const fn colour(self) -> &'static str {
        match self {
            Self::Good => "#1a7f37",
            Self::Uneasy => "#8a5a00",
            Self::Bad => "#c21f2b",
            Self::Paused => "#0a5cc2",
            Self::Unsure => "#57606a",
        }
    }

    /// In a square of 10.
    fn mark(self) -> Markup {
        html! {
            @match self {
                Self::Good => path d="M1 5 4 8 9 2" {},
                Self::Uneasy => path d="M5 1.5 9 9H1Z" {},
                Self::Bad => path d="M1.5 1.5 8.5 8.5M8.5 1.5 1.5 8.5" {},
                Self::Paused => path d="M3 1V9M7 1V9" {},
                Self::Unsure => circle cx="5" cy="5" r="3.5" {},
            }
        }
    }
}

/// Characters of a common sans serif font by their advance, in hundredths of the font's size.
const ADVANCES: [(&str, u32); 14] = [
    ("'", 27),
    ("ijlI|", 36),
    (" !,.fJ/()[]:;-", 43),
    ("rt\"`", 45),
    ("csz", 53),
    ("kvxy?LF", 59),
    ("aeo_*EPYT", 62),
    ("bdghnpquS0123456789$", 64),
    ("ABCKRVXZ", 69),
    ("DGHNOQU&", 77),
    ("+<=>^~#wM{}", 82),
    ("\u{a0}\u{2019}", 36),
    ("mW", 98),
    ("@%\u{2026}", 105),
];
/// The same of other letters of Europe, and of signs that are as wide as they are high.
const OTHER: u32 = 70;
const WIDE: u32 = 105;

/// How wide a text is where the font is 11 high.
fn width(text: &str) -> u32 {
    let advance = |c: char| {
        let known = ADVANCES.iter().find(|(all, _)| all.contains(c));
        let other = if u32::from(c) < 0x1100 { OTHER } else { WIDE };
        known.map_or(other, |(_, advance)| *advance)
    };
    let hundredths: u32 = text.chars().map(advance).sum();
    (hundredths * 11).div_ceil(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The relative luminance of WCAG 2.
    fn luminance(colour: &str) -> f64 {
        let part = |at: usize| {
            let value = u8::from_str_radix(&colour[at..at + 2], 16).unwrap();
            let share = f64::from(value) / 255.0;
            if share <= 0.040_45 {
                share / 12.92
            } else {
                ((share + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    #[test]
    fn white_stands_out_from_every_colour() {
        let looks = [
            Look::Good,
            Look::Uneasy,
            Look::Bad,
            Look::Paused,
            Look::Unsure,
        ];
        for colour in looks.map(Look::colour).into_iter().chain([LABEL]) {
            let contrast = 1.05 / (luminance(colour) + 0.05);
            assert!(contrast >= 4.5, "{colour}: {contrast}");
        }
    }

    #[test]
    fn a_text_is_as_wide_as_its_letters() {
        assert_eq!(width(""), 0);
        assert_eq!((width("iii"), width("mmm")), (12, 33));
        assert!(width("état") > width("tat"));
    }
}
