//! What the pages show of the past: the hours of the history, those that wait to be stored, and
//! the present one as far as it is spent.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::Mutex;

use super::bars::Bars;
use super::keeper::Latest;
use super::source::Everything;
use super::timesheet::{Now, Seen, Timesheet};
use crate::history::{HourRow, Record, Unavailable};
use crate::model::Name;
use crate::web::{self, Past, Picture, Source};

/// The bars without the present, as they were last read: the history is asked once an hour, not
/// once a reader.
#[derive(Clone, Default)]
pub(super) struct Kept(Arc<Mutex<Option<Read>>>);

struct Read {
    bars: Arc<Bars>,
    /// The last hours that were over then.
    last_hours: u64,
}

/// What the history does not have yet.
struct Fresh {
    /// Hours that are over, and those that the networks are in.
    rows: Vec<HourRow>,
    /// Hours are on their way to the history: what is read now is soon out of date.
    waiting: bool,
    known: Vec<(Name, SystemTime)>,
    last_hours: u64,
}

impl Everything {
    /// The past of all networks, in the order of the snapshot.
    pub(super) async fn gather_past(&self) -> Result<Vec<Past>, web::Unavailable> {
        let unavailable = |why: &dyn std::fmt::Display| web::Unavailable(why.to_string());
        let stored = self.keeper.history.stored();
        // In this order: the picture is not older than what was remembered.
        let latest = self.keeper.latest();
        let picture = self.picture();
        let fresh = Fresh::of(latest, &picture, stored);
        let networks = picture
            .snapshot
            .networks
            .iter()
            .map(|network| &network.name);
        let empty = Bars::ending(picture.wall, networks);
        let bars = self.read_bars(empty, &fresh).await;
        let bars = bars.map_err(|why| unavailable(&why))?;
        // Of many networks it is much: no other client waits for it.
        let past = tokio::task::spawn_blocking(move || fresh.past(&bars));
        past.await.map_err(|why| unavailable(&why))
    }

    async fn read_bars(&self, empty: Bars, fresh: &Fresh) -> Result<Arc<Bars>, Unavailable> {
        let mut kept = self.kept.0.lock().await;
        let usable = kept
            .as_ref()
            .filter(|read| read.last_hours == fresh.last_hours && read.bars.is_like(&empty));
        if let Some(read) = usable {
            return Ok(Arc::clone(&read.bars));
        }
        *kept = None;
        let known: BTreeSet<(String, SystemTime)> = fresh
            .rows
            .iter()
            .map(|row| (row.network.clone(), row.at))
            .collect();
        let add = move |bars: &mut Bars, row: HourRow| {
            if !known.contains(&(row.network.clone(), row.at)) {
                bars.add(&row);
            }
        };
        let span = empty.span();
        let bars = Arc::new(self.keeper.history.hours(span, empty, add).await?);
        if !fresh.waiting {
            *kept = Some(Read {
                bars: Arc::clone(&bars),
                last_hours: fresh.last_hours,
            });
        }
        Ok(bars)
    }
}

impl Fresh {
    fn of(latest: Option<Latest>, picture: &Picture, stored: u64) -> Self {
        let now = Now {
            moment: picture.now,
            wall: picture.wall,
        };
        let (mut timesheet, outbox, last_hours) = match latest {
            Some(latest) => (
                Timesheet::restore(&latest.memory, latest.hours.to_vec()),
                latest.outbox,
                latest.last_hours,
            ),
            None => Default::default(),
        };
        let mut rows = timesheet.look(seen(picture), now);
        let waiting = outbox.iter().filter(|entry| entry.seq > stored);
        rows.extend(waiting.filter_map(|entry| match &entry.record {
            Record::Hour(hour) => Some(hour.clone()),
            _ => None,
        }));
        let waiting = !rows.is_empty();
        rows.extend(timesheet.hours());
        let known = timesheet.known(now);
        Self {
            rows,
            waiting,
            known: known.map(|(name, until)| (name.clone(), until)).collect(),
            last_hours,
        }
    }

    fn past(&self, bars: &Bars) -> Vec<Past> {
        let mut bars = bars.clone();
        for row in &self.rows {
            bars.add(row);
        }
        let networks = self.known.iter();
        networks
            .map(|(name, until)| bars.past(name, *until))
            .collect()
    }
}

/// The books as the picture shows them.
fn seen(picture: &Picture) -> impl Iterator<Item = (&Name, Seen)> {
    let networks = picture.snapshot.networks.iter();
    let holds = picture.holds.iter().copied().chain(std::iter::repeat(None));
    networks.zip(holds).map(|(network, held)| {
        let until = held.map_or(picture.now, |held| held.min(picture.now));
        let seen = Seen {
            until: until.max(network.books.booked_until),
            state: network.books.open_state,
            times: network.books.state_time_at(picture.now, held),
        };
        (&network.name, seen)
    })
}
