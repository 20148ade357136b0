//! What keys can hold: numbers, texts, patterns, files, durations, times, sizes, statuses.

use std::fmt;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::fmt::temporal::Pieces;
use toml::de::DeValue;

use super::decode::{Reader, Value, quoted};
use super::fault::{Place, printable};
use crate::probe::mask::{MASK, links};

impl Value for bool {
    fn read(value: &DeValue<'_>, place: &Place, reader: &mut Reader) -> Option<Self> {
        value
            .as_bool()
            .or_else(|| reader.wrong_type(place, "true or false", value))
    }
    fn inline(&self) -> String {
        self.to_string()
    }
}

impl Value for u32 {
    fn read(value: &DeValue<'_>, place: &Place, reader: &mut Reader) -> Option<Self> {
        let Some(number) = value.as_integer() else {
            return reader.wrong_type(place, "a whole number", value);
        };
        Self::from_str_radix(number.as_str(), number.radix())
            .ok()
            .or_else(|| reader.fail(place, "must be a whole number from 0 to 4294967295"))
    }
    fn inline(&self) -> String {
        self.to_string()
    }
}

impl Value for f64 {
    fn read(value: &DeValue<'_>, place: &Place, reader: &mut Reader) -> Option<Self> {
        let text = match value {
            DeValue::Float(number) => number.as_str(),
            DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
            _ => return reader.wrong_type(place, "a number", value),
        };
        text.parse()
            .ok()
            .or_else(|| reader.fail(place, "must be a number"))
    }
    fn inline(&self) -> String {
        format!("{self:?}")
    }
}

impl Value for String {
    fn read(value: &DeValue<'_>, place: &Place, reader: &mut Reader) -> Option<Self> {
        match value.as_str() {
            Some(text) => Some(text.to_owned()),
            None => reader.wrong_type(place, "a string", value),
        }
    }
    fn inline(&self) -> String {
        quoted(&links(self))
    }
    fn expand(&mut self, instance: &str) {
        *self = self.replace(INSTANCE, instance);
    }
}

/// The body of a request: one that logs in holds a password, so it is never printed.
#[derive(Clone, Default)]
pub(crate) struct Body(pub(crate) String);

impl Value for Body {
    fn read(value: &DeValue<'_>, place: &Place, reader: &mut Reader) -> Option<Self> {
        String::read(value, place, reader).map(Self)
    }
    fn inline(&self) -> String {
        quoted(if self.0.is_empty() { "" } else { MASK })
    }
    fn expand(&mut self, instance: &str) {
        self.0.expand(instance);
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.inline())
    }
}

/// What stands for the instance in a preset's endpoints.
pub(crate) const INSTANCE: &str = "${instance}";

/// The name of an endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Label(pub(crate) String);

impl Value for Label {
    fn read(value: &DeValue<'_>, place: &Place, reader: &mut Reader) -> Option<Self> {
        String::read(value, place, reader).map(Self)
    }
    fn inline(&self) -> String {
        quoted(&self.0)
    }
    fn expand(&mut self, instance: &str) {
        let slug: String = instance
            .chars()
            .map(|c| match c.to_ascii_lowercase() {
                c @ ('a'..='z' | '0'..='9' | '_' | '-') => c,
                _ => '-',
            })
            .collect();
        self.0 = self.0.replace(INSTANCE, &slug);
    }
}

/// A regular expression, not compiled yet.
#[derive(Clone, Debug)]
pub(crate) struct Pattern(pub(crate) String);

impl Value for Pattern {
    fn read(value: &DeValue<'_>, place: &Place, reader: &mut Reader) -> Option<Self> {
        String::read(value, place, reader).map(Self)
    }
    fn inline(&self) -> String {
        quoted(&self.0)
    }
    fn expand(&mut self, instance: &str) {
        self.0 = self.0.replace(INSTANCE, &regex::escape(instance));
    }
}

/// A file. Made absolute when it is read, so that it means the same wherever it is printed to.
#[derive(Clone, Debug)]
pub(crate) struct FilePath(pub(crate) String);

/// What stands for systemd's directory of credentials at the beginning of a path.
pub(crate) const CREDENTIALS: &str = "${CREDENTIALS_DIRECTORY}";

impl Value for FilePath {
    fn read(value: &DeValue<'_>, place: &Place, reader: &mut Reader) -> Option<Self> {
        let text = String::read(value, place, reader)?;
        if text.is_empty() {
            return reader.fail(place, "is empty: name a file");
        }
        if text.starts_with(CREDENTIALS) {
            return Some(Self(text));
        }
        absolute(&text, place, reader).map(Self)
    }
    fn inline(&self) -> String {
        quoted(&self.0)
    }
}

/// A path as it is seen from anywhere.
fn absolute(text: &str, place: &Place, reader: &mut Reader) -> Option<String> {
    match reader.base() {
        Some(base) => match base.join(text).into_os_string().into_string() {
            Ok(path) => Some(path),
            Err(_) => reader.fail(place, "is below a directory whose name is not UTF-8"),
        },
        None => reader.fail(place, "names a file, and a preset has none"),
    }
}

/// A directory. Made absolute when it is read.
#[derive(Clone, Debug)]
pub(crate) struct Directory(pub(crate) String);

impl Value for Directory {
    fn read(value: &DeValue<'_>, place: &Place, reader: &mut Reader) -> Option<Self> {
        let text = String::read(value, place, reader)?;
        if text.is_empty() {
            return reader.fail(place, "is empty: name a directory");
        }
        if text.starts_with(['$', '~']) {
            let sentence = "must be a plain path: nothing is put in the place of $ and ~ here";
            return reader.fail(place, sentence);
        }
        absolute(&text, place, reader).map(Self)
    }
    fn inline(&self) -> String {
        quoted(&self.0)
    }
}

/// A time with its offset from UTC: `"2026-12-01T22:00:00Z"`, or the same without quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Time(Timestamp);

impl Time {
    /// It as the standard library has it.
    pub(crate) fn wall(self) -> SystemTime {
        self.0.into()
    }
}

impl Value for Time {
    fn read(value: &DeValue<'_>, place: &Place, reader: &mut Reader) -> Option<Self> {
        let text = match value {
            DeValue::String(text) => text.to_string(),
            DeValue::Datetime(time) if time.offset.is_some() => time.to_string(),
            _ => {
                let wanted = "a time with its offset such as \"2026-12-01T22:00:00Z\"";
                return reader.wrong_type(place, wanted, value);
            }
        };
        let written = has_real_offset(&text).then(|| text.parse().ok()).flatten();
        written.map(Self).or_else(|| {
            let sentence = format!("`{}` {}", printable(&text), no_time(&text));
            reader.fail(place, sentence)
        })
    }
    fn inline(&self) -> String {
        quoted(&self.to_string())
    }
}

/// Whether the hours of the offset are those of a day: the library reads 25 of them.
fn has_real_offset(text: &str) -> bool {
    let (_, time) = text.split_once(['T', 't', ' ']).unwrap_or_default();
    let offset = time.split_once(['+', '-']).map(|(_, offset)| offset);
    let hours = offset.and_then(|it| it.get(..2));
    hours.is_none_or(|it| it < "24")
}

/// Whether a text, its digits made zeros, ends as a time does: perhaps seconds, then an offset.
fn is_offset(zeros: &str) -> bool {
    let rest = zeros.strip_prefix(":00").unwrap_or(zeros);
    matches!(rest, "Z" | "z" | "+00:00" | "-00:00")
}

/// Why a text is not a time.
fn no_time(text: &str) -> String {
    let written = Pieces::parse(text).is_ok_and(|it| it.time().is_some() && it.offset().is_some());
    let zeros = text.replace(|c: char| c.is_ascii_digit(), "0");
    let shaped =
        zeros.starts_with("0000-00-00T00:00") && is_offset(zeros.get(16..).unwrap_or_default());
    match (has_real_offset(text), written) {
        (true, true) => "is too far away: the last time is 9999-12-30T22:00:00Z".to_owned(),
        _ if shaped => "does not exist: look at its day, its hour and its offset".to_owned(),
        _ => "is not a time with its offset: \
            write \"2026-12-01T22:00:00Z\" or \"2026-12-01T23:00:00+01:00\""
            .to_owned(),
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A duration: `"30s"`, `"5m"`, `"1h 30m"`, `"14d"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

impl Span {
    /// So many seconds.
    pub(crate) const fn secs(secs: u64) -> Self {
        Self(Duration::from_secs(secs))
    }
}

impl Value for Span {
    fn read(value: &DeValue<'_>, place: &Place, reader: &mut Reader) -> Option<Self> {
        let Some(text) = value.as_str() else {
            return reader.wrong_type(place, "a duration in quotes such as \"30s\"", value);
        };
        match humantime::parse_duration(text) {
            Ok(duration) => Some(Self(duration)),
            Err(_) => {
                let text = printable(text);
                reader.fail(
                    place,
                    format!(
                        "`{text}` is not a duration: write \"500ms\", \"30s\", \"5m\" or \"14d\""
                    ),
                )
            }
        }
    }
    fn inline(&self) -> String {
        quoted(&self.to_string())
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // humantime's own words for days and more ("14days") are not how anyone writes them.
        let (secs, nanos) = (self.0.as_secs(), self.0.subsec_nanos());
        match secs {
            0 => write!(f, "{}", humantime::format_duration(self.0)),
            _ if nanos > 0 => write!(f, "{}", humantime::format_duration(self.0)),
            _ if secs.is_multiple_of(86400) => write!(f, "{}d", secs / 86400),
            _ if secs.is_multiple_of(3600) => write!(f, "{}h", secs / 3600),
            _ if secs.is_multiple_of(60) && secs > 60 => write!(f, "{}m", secs / 60),
            _ if secs <= 300 => write!(f, "{secs}s"),
            _ => write!(f, "{}", humantime::format_duration(self.0)),
        }
    }
}

/// A number of bytes: `512`, `"128B"`, `"64KiB"`, `"1MiB"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

const UNITS: [(&str, u64); 4] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];

impl Value for Size {
    fn read(value: &DeValue<'_>, place: &Place, reader: &mut Reader) -> Option<Self> {
        let parsed = match value {
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
            DeValue::String(text) => UNITS.iter().find_map(|(unit, factor)| {
                let number = text.strip_suffix(unit)?.trim_end();
                number.parse::<u64>().ok()?.checked_mul(*factor)
            }),
            _ => return reader.wrong_type(place, "a size such as \"64KiB\"", value),
        };
        parsed.map(Self).or_else(|| {
            let sentence = "is not a size: write \"128B\", \"64KiB\" or \"1MiB\"";
            reader.fail(place, sentence)
        })
    }
    fn inline(&self) -> String {
        quoted(&self.to_string())
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, factor): &&(&str, u64)| self.0 > 0 && self.0.is_multiple_of(*factor);
        match UNITS.iter().find(fits) {
            Some((unit, factor)) => write!(f, "{}{unit}", self.0 / factor),
            None => write!(f, "{}B", self.0),
        }
    }
}

/// An HTTP status or a class: `200`, `"2xx"`.
#[derive(Clone, Debug)]
pub(crate) enum Status {
    /// `200`.
    Code(i64),
    /// `"2xx"` or `"200"`.
    Text(String),
}

impl Value for Status {
    fn read(value: &DeValue<'_>, place: &Place, reader: &mut Reader) -> Option<Self> {
        match value {
            DeValue::String(text) => Some(Self::Text(text.to_string())),
            DeValue::Integer(number) => {
                match i64::from_str_radix(number.as_str(), number.radix()) {
                    Ok(code) => Some(Self::Code(code)),
                    Err(_) => reader.fail(place, "is not an HTTP status (100 to 999)"),
                }
            }
            _ => reader.wrong_type(place, "a status such as 200 or \"2xx\"", value),
        }
    }
    fn inline(&self) -> String {
        match self {
            Self::Code(code) => code.to_string(),
            Self::Text(text) => quoted(text),
        }
    }
}
