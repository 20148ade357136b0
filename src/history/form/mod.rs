//! The JSON of the state file. `model` and `engine` know no serde, so each part of an
//! [`Image`] has its counterpart here.
//!
//! Times are whole nanoseconds. What is counted for each word of a list is kept by word, and
//! histograms by bound: a version with a longer list reads what a shorter one wrote, and the
//! other way round. [`FORMAT`] is raised when that does not suffice.

mod books;
mod memory;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::memory::MemoryForm;
use super::record::micros;
use super::{Entry, HourRow, Image, Saved};
use crate::host::clock::Boot;
use crate::model::{Moment, Name};

/// The version of this form.
const FORMAT: u32 = 1;

/// Why a text gives no image.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// A later version wrote it.
    Newer(u32),
    /// It is damaged.
    Damaged(String),
}

/// The text of an image.
pub(super) fn write(image: &Image) -> Vec<u8> {
    let form = Form::from(image);
    // Maps have strings for keys and nothing refuses to be written, so there is no error.
    let mut text = serde_json::to_vec(&form).unwrap_or_default();
    text.push(b'\n');
    text
}

/// The image of a text.
pub(super) fn read(text: &[u8]) -> Result<Image, Unreadable> {
    let head: Head = serde_json::from_slice(text).map_err(damaged)?;
    if head.format > FORMAT {
        return Err(Unreadable::Newer(head.format));
    }
    let form: Form = serde_json::from_slice(text).map_err(damaged)?;
    Ok(form.into())
}

/// Where it is damaged; not what is there, which may be anything.
#[expect(clippy::needless_pass_by_value, reason = "as `map_err` wants it")]
fn damaged(error: serde_json::Error) -> Unreadable {
    let what = if error.is_eof() {
        "it ends too early"
    } else {
        "it is damaged"
    };
    let (line, column) = (error.line(), error.column());
    Unreadable::Damaged(format!("{what} (line {line}, column {column})"))
}

#[derive(Deserialize)]
struct Head {
    format: u32,
}

#[derive(Serialize, Deserialize)]
struct Form {
    format: u32,
    saved: SavedForm,
    shown_until: u64,
    next_seq: u64,
    holds: Vec<(String, Option<u64>)>,
    memory: MemoryForm,
    /// What is no finite number is null.
    counters: BTreeMap<String, BTreeMap<String, Vec<Option<f64>>>>,
    outbox: Vec<Entry>,
    /// Older files have none.
    #[serde(default)]
    hours: Vec<HourRow>,
}

#[derive(Serialize, Deserialize)]
struct SavedForm {
    moment: u64,
    #[serde(with = "micros")]
    wall: std::time::SystemTime,
    boot_id: Option<String>,
    boottime: u64,
}

impl From<&Image> for Form {
    fn from(image: &Image) -> Self {
        let finite = |value: &f64| value.is_finite().then_some(*value);
        let counters = image.counters.iter().map(|(metric, series)| {
            let series = series.iter().map(|(labels, values)| {
                let values = values.iter().map(finite).collect();
                (labels.clone(), values)
            });
            (metric.clone(), series.collect())
        });
        let holds = image.holds.iter();
        Self {
            format: FORMAT,
            saved: SavedForm::from(&image.saved),
            shown_until: nanos_of(image.shown_until),
            next_seq: image.next_seq,
            holds: holds
                .map(|(name, until)| (name.to_string(), until.map(nanos_of)))
                .collect(),
            memory: MemoryForm::from(&image.memory),
            counters: counters.collect(),
            outbox: image.outbox.clone(),
            hours: image.hours.clone(),
        }
    }
}

impl From<Form> for Image {
    fn from(form: Form) -> Self {
        let counters = form.counters.into_iter().map(|(metric, series)| {
            let series = series.into_iter().map(|(labels, values)| {
                let values = values.into_iter().map(|value| value.unwrap_or(f64::NAN));
                (labels, values.collect())
            });
            (metric, series.collect())
        });
        let holds = form.holds.into_iter();
        Self {
            memory: form.memory.into(),
            shown_until: moment(form.shown_until),
            holds: holds
                .map(|(name, until)| (name.into(), until.map(moment)))
                .collect(),
            counters: counters.collect(),
            outbox: form.outbox,
            hours: form.hours,
            next_seq: form.next_seq,
            saved: form.saved.into(),
        }
    }
}

impl From<&Saved> for SavedForm {
    fn from(saved: &Saved) -> Self {
        Self {
            moment: nanos_of(saved.moment),
            wall: saved.wall,
            boot_id: saved.boot.id.clone(),
            boottime: nanos(saved.boot.time),
        }
    }
}

impl From<SavedForm> for Saved {
    fn from(form: SavedForm) -> Self {
        Self {
            moment: moment(form.moment),
            wall: form.wall,
            boot: Boot {
                id: form.boot_id,
                time: duration(form.boottime),
            },
        }
    }
}

/// Whole nanoseconds, of which a `u64` holds 584 years.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn nanos_of(moment: Moment) -> u64 {
    nanos(moment.since_origin())
}

fn duration(nanos: u64) -> Duration {
    Duration::from_nanos(nanos)
}

fn moment(nanos: u64) -> Moment {
    Moment::from_origin(duration(nanos))
}

fn name(name: &Name) -> String {
    name.to_string()
}

/// One value for each word of a list, kept by word.
type ByWord = BTreeMap<String, u64>;

fn by_word(words: impl IntoIterator<Item = &'static str>, values: &[u64]) -> ByWord {
    let words = words.into_iter().map(str::to_owned);
    words.zip(values.iter().copied()).collect()
}

/// The values in the order of the words; 0 for a word that was not kept.
fn values_of<const N: usize>(words: [&'static str; N], kept: &ByWord) -> [u64; N] {
    words.map(|word| kept.get(word).copied().unwrap_or_default())
}
