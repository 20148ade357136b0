//! What the history holds: plain rows, with times by the wall clock.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// Something to keep, with its place in the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number in the journal: ascending, never used twice.
    pub seq: u64,
    /// What it is.
    pub record: Record,
}

/// What is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// Something happened.
    Event(EventRow),
    /// An outage, as it is known now: a later record with the same number replaces it.
    Outage(OutageRow),
    /// How a network spent an hour, or a part of it.
    Hour(HourRow),
}

/// One line of the journal. Words are those of the labels; absent facts are `None`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventRow {
    /// Its number: the `seq` of its entry.
    pub seq: u64,
    /// When it was confirmed.
    #[serde(with = "micros")]
    pub at: SystemTime,
    /// `endpoint`, `network`, `group`, `uplink`, `outage_started`, `outage_ended`.
    pub kind: String,
    /// The network concerned.
    pub network: Option<String>,
    /// The endpoint concerned.
    pub endpoint: Option<String>,
    /// The group concerned.
    pub group: Option<String>,
    /// What was before: a state, a network, `none`.
    pub from: Option<String>,
    /// What is now.
    pub to: Option<String>,
    /// The layer of the trouble.
    pub layer: Option<String>,
    /// A reason of the closed list; for groups the reason of the activation.
    pub reason: Option<String>,
    /// The sentence that the log has.
    pub text: String,
    /// Since when it holds, backdated.
    #[serde(with = "micros::option")]
    pub since: Option<SystemTime>,
    /// The outage concerned.
    pub outage: Option<u64>,
}

/// One outage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutageRow {
    /// Its number.
    pub id: u64,
    /// The network that was down.
    pub network: String,
    /// Start of the first bad round.
    #[serde(with = "micros")]
    pub started: SystemTime,
    /// When it was confirmed.
    #[serde(with = "micros")]
    pub confirmed: SystemTime,
    /// When it ended; `None` while it runs.
    #[serde(with = "micros::option")]
    pub ended: Option<SystemTime>,
    /// Time spent in `down`, as far as it is booked: all of it once it has ended.
    pub duration: Duration,
    /// Lowest failing layer at confirmation.
    pub layer: Option<String>,
    /// Why, of the closed list.
    pub reason: String,
    /// The particulars in a sentence.
    pub detail: String,
    /// The endpoint that failed at that layer.
    pub endpoint: String,
    /// The first failed round in full, as the JSON of `bascule probe --json`; `None` if it was
    /// not kept.
    pub evidence: Option<String>,
}

/// How a network spent an hour of UTC, or the part of it that begins at `at`. Time that is missing
/// was not observed; so is that in `unknown`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HourRow {
    /// Which network.
    pub network: String,
    /// When it begins. Together with the network it names the row: a later record replaces it.
    #[serde(with = "micros")]
    pub at: SystemTime,
    /// Time in each state, in the order of [`crate::model::State::ALL`].
    #[serde(with = "nanos")]
    pub state_time: [Duration; 5],
}

/// Durations as whole nanoseconds, in the state file and the database.
pub(super) mod nanos {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(in crate::history) fn of(duration: Duration) -> i64 {
        i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
    }

    pub(in crate::history) fn serialize<S: Serializer>(
        times: &[Duration; 5],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        times.map(of).serialize(serializer)
    }

    pub(in crate::history) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<[Duration; 5], D::Error> {
        let times = <[u64; 5]>::deserialize(deserializer)?;
        Ok(times.map(|time| Duration::from_nanos(time.min(i64::MAX.unsigned_abs()))))
    }
}

/// Times by the wall clock as whole microseconds since 1970, in the state file and the database.
pub(super) mod micros {
    use std::time::{Duration, SystemTime};

    use serde::{Deserialize, Deserializer, Serializer};

    pub(in crate::history) fn of(time: SystemTime) -> i64 {
        let whole = |distance: Duration| i64::try_from(distance.as_micros()).unwrap_or(i64::MAX);
        match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => whole(after),
            Err(before) => -whole(before.duration()),
        }
    }

    pub(in crate::history) fn time(micros: i64) -> SystemTime {
        let distance = Duration::from_micros(micros.unsigned_abs());
        let time = if micros < 0 {
            SystemTime::UNIX_EPOCH.checked_sub(distance)
        } else {
            SystemTime::UNIX_EPOCH.checked_add(distance)
        };
        time.unwrap_or(SystemTime::UNIX_EPOCH)
    }

    pub(in crate::history) fn serialize<S: Serializer>(
        time: &SystemTime,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(of(*time))
    }

    pub(in crate::history) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<SystemTime, D::Error> {
        i64::deserialize(deserializer).map(time)
    }

    pub(in crate::history) mod option {
        use super::*;

        pub(in crate::history) fn serialize<S: Serializer>(
            time: &Option<SystemTime>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            match time {
                Some(time) => serializer.serialize_some(&of(*time)),
                None => serializer.serialize_none(),
            }
        }

        pub(in crate::history) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<SystemTime>, D::Error> {
            Ok(Option::<i64>::deserialize(deserializer)?.map(time))
        }
    }
}
