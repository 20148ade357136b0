//! An image with something in every field, and rows.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use crate::engine::{EndpointMemory, GroupMemory, Memory, NetworkMemory, UplinkMemory};
use crate::history::{Entry, EventRow, HourRow, Image, OutageRow, Record, Saved};
use crate::host::clock::Boot;
use crate::model::{
    Activation, Cause, Families, Family, GroupBooks, Layer, Moment, Name, NetworkBooks, Outage,
    Reason, State, UplinkBooks, UplinkState,
};

/// Numbers that look random: the same for the same seed.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// Any number; a large one as often as a small one.
    pub(super) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) >> (z % 64)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.number() as usize) % limit
    }

    fn coin(&mut self) -> bool {
        self.number().count_ones().is_multiple_of(2)
    }

    fn duration(&mut self) -> Duration {
        Duration::from_nanos(self.number())
    }

    fn moment(&mut self) -> Moment {
        Moment::from_origin(self.duration())
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.coin().then(|| make(self))
    }

    fn wall(&mut self) -> SystemTime {
        let seconds = Duration::from_micros(self.number() >> 12);
        if self.coin() {
            SystemTime::UNIX_EPOCH + seconds
        } else {
            SystemTime::UNIX_EPOCH - seconds
        }
    }

    fn float(&mut self) -> f64 {
        let value = f64::from_bits(self.number().rotate_left(17));
        if value.is_finite() { value } else { 0.1 }
    }

    fn state(&mut self) -> State {
        State::ALL[self.below(5)]
    }

    fn word(&mut self) -> String {
        format!("name-{}", self.number())
    }

    fn cause(&mut self) -> Cause {
        Cause {
            layer: self.maybe(|d| Layer::ALL[d.below(5)]),
            reason: Reason::ALL[self.below(Reason::ALL.len())],
            detail: format!("\"{}\" \u{2014} \\ \n\u{0}", self.word()).into(),
        }
    }

    fn outage(&mut self) -> Outage {
        Outage {
            id: self.number(),
            network: self.word().into(),
            started: self.moment(),
            confirmed: self.moment(),
            last_good: self.maybe(Self::moment),
            endpoint: self.word().into(),
            cause: self.cause(),
            spent: self.duration(),
            running_since: self.maybe(Self::moment),
            ended: self.maybe(Self::moment),
        }
    }

    fn endpoint(&mut self) -> EndpointMemory {
        EndpointMemory {
            endpoint: self.word().into(),
            fingerprint: self.word(),
            state: self.state(),
            was_down: self.coin(),
            trouble: self.maybe(Self::cause),
            last_good: self.maybe(Self::moment),
            backoff: self.maybe(Self::duration),
        }
    }

    fn network(&mut self) -> NetworkMemory {
        let mut books = NetworkBooks::new(self.moment());
        books.state_time = std::array::from_fn(|_| self.duration());
        books.open_state = self.state();
        books.outages = std::array::from_fn(|_| self.number());
        books.transitions = std::array::from_fn(|_| self.number());
        for _ in 0..self.below(9) {
            books.outage_durations.observe(self.duration());
            books.detection.observe(self.duration());
            books.confirmation.observe(self.duration() / 7);
        }
        NetworkMemory {
            name: self.word().into(),
            state: self.state(),
            since: self.moment(),
            confirmed: self.maybe(Self::moment),
            last_known: self.state(),
            trouble: self.maybe(|d| (d.word().into(), d.cause())),
            outage: self.maybe(Self::outage),
            recent_outages: (0..self.below(4)).map(|_| self.moment()).collect(),
            good_since: self.maybe(Self::duration),
            books,
            held: self.maybe(Self::moment),
            endpoints: (0..self.below(4)).map(|_| self.endpoint()).collect(),
        }
    }

    fn group(&mut self) -> GroupMemory {
        let names: Vec<Name> = (0..self.below(3)).map(|_| self.word().into()).collect();
        let mut books = GroupBooks::new(&names, self.moment());
        for (_, time) in &mut books.active_time {
            *time = self.duration();
        }
        for (_, counts) in &mut books.activations {
            *counts = std::array::from_fn::<_, { Activation::ALL.len() }, _>(|_| self.number());
        }
        books.standby_time = std::array::from_fn(|_| self.duration());
        books.domain_time = std::array::from_fn(|_| self.duration());
        books.exhaustions = self.number();
        books.switch.observe(self.duration());
        GroupMemory {
            name: self.word().into(),
            active: self.maybe(|d| d.word().into()),
            started: self.coin(),
            lost_since: self.maybe(Self::moment),
            exhausted: self.coin(),
            standbys: 3,
            standby_domains: 2,
            books,
        }
    }

    fn uplink(&mut self) -> UplinkMemory {
        let mut books = UplinkBooks::new(self.moment());
        books.state_time = std::array::from_fn(|_| std::array::from_fn(|_| self.duration()));
        let families = [
            Families::NONE,
            Families::BOTH,
            Families::only(Family::Ipv6),
            Families::only(Family::Ipv4),
        ];
        UplinkMemory {
            canaries_answered: families[self.below(4)],
            states: [UplinkState::Up, UplinkState::Down, UplinkState::Unknown],
            books,
        }
    }

    pub(super) fn image(&mut self) -> Image {
        let mut counters = BTreeMap::new();
        for _ in 0..self.below(4) {
            let series = (0..self.below(4)).map(|_| {
                let values = (0..self.below(5)).map(|_| self.float()).collect();
                (format!("{{a=\"{}\"}}", self.number()), values)
            });
            let series: BTreeMap<String, Vec<f64>> = series.collect();
            counters.insert(self.word(), series);
        }
        Image {
            memory: Memory {
                at: self.moment(),
                proven_time: self.duration(),
                next_outage: self.number() >> 1,
                networks: (0..1 + self.below(3)).map(|_| self.network()).collect(),
                groups: (0..1 + self.below(2)).map(|_| self.group()).collect(),
                uplink: self.uplink(),
            },
            shown_until: self.moment(),
            holds: (0..self.below(3))
                .map(|_| (self.word().into(), self.maybe(Self::moment)))
                .collect(),
            counters,
            outbox: vec![self.event_entry(), self.outage_entry(), self.hour_entry()],
            hours: (0..self.below(3)).map(|_| self.hour()).collect(),
            next_seq: self.number() >> 1,
            saved: Saved {
                moment: self.moment(),
                wall: self.wall(),
                boot: Boot {
                    id: self.maybe(Self::word),
                    time: self.duration(),
                },
            },
        }
    }

    fn event_entry(&mut self) -> Entry {
        let seq = self.number() >> 1;
        let row = EventRow {
            seq,
            at: self.wall(),
            kind: self.word(),
            network: self.maybe(Self::word),
            endpoint: self.maybe(Self::word),
            group: self.maybe(Self::word),
            from: self.maybe(Self::word),
            to: self.maybe(Self::word),
            layer: self.maybe(Self::word),
            reason: self.maybe(Self::word),
            text: self.word(),
            since: self.maybe(Self::wall),
            outage: self.maybe(|d| d.number() >> 1),
        };
        Entry {
            seq,
            record: Record::Event(row),
        }
    }

    fn hour(&mut self) -> HourRow {
        HourRow {
            network: self.word(),
            at: self.wall(),
            state_time: std::array::from_fn(|_| Duration::from_nanos(self.number() >> 1)),
        }
    }

    fn hour_entry(&mut self) -> Entry {
        Entry {
            seq: self.number() >> 1,
            record: Record::Hour(self.hour()),
        }
    }

    fn outage_entry(&mut self) -> Entry {
        let row = OutageRow {
            id: self.number() >> 1,
            network: self.word(),
            started: self.wall(),
            confirmed: self.wall(),
            ended: self.maybe(Self::wall),
            duration: Duration::from_nanos(self.number() >> 1),
            layer: self.maybe(Self::word),
            reason: self.word(),
            detail: self.word(),
            endpoint: self.word(),
            evidence: self.maybe(Self::word),
        };
        Entry {
            seq: self.number() >> 1,
            record: Record::Outage(row),
        }
    }
}

/// Noon of a day when a network was down.
pub(super) const NOON: Duration = Duration::from_secs(1_748_088_000);

pub(super) fn noon_and(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + NOON + Duration::from_secs(seconds)
}

/// An event `seq` seconds after noon.
pub(super) fn event(seq: u64) -> EventRow {
    EventRow {
        seq,
        at: noon_and(seq),
        kind: "network".to_owned(),
        network: Some("x".to_owned()),
        endpoint: None,
        group: None,
        from: Some("up".to_owned()),
        to: Some("down".to_owned()),
        layer: Some("tcp".to_owned()),
        reason: Some("tcp_timeout".to_owned()),
        text: "x is down: no connection in time (tcp_timeout)".to_owned(),
        since: Some(noon_and(seq) - Duration::from_micros(10_500_001)),
        outage: Some(7),
    }
}

/// An event of an endpoint.
pub(super) fn chatter_entry(seq: u64) -> Entry {
    let kind = "endpoint".to_owned();
    let event = EventRow { kind, ..event(seq) };
    let record = Record::Event(event);
    Entry { seq, record }
}

pub(super) fn event_entry(seq: u64) -> Entry {
    Entry {
        seq,
        record: Record::Event(event(seq)),
    }
}

/// An outage that began `id` times 1000 seconds after noon, and runs.
pub(super) fn outage(id: u64, network: &str) -> OutageRow {
    OutageRow {
        id,
        network: network.to_owned(),
        started: noon_and(1000 * id),
        confirmed: noon_and(1000 * id + 15),
        ended: None,
        duration: Duration::from_nanos(15_000_000_001),
        layer: Some("tcp".to_owned()),
        reason: "tcp_timeout".to_owned(),
        detail: "no connection in 3 s".to_owned(),
        endpoint: "web".to_owned(),
        evidence: Some("{\"verdict\":\"fail\"}".to_owned()),
    }
}

pub(super) fn outage_entry(seq: u64, outage: &OutageRow) -> Entry {
    Entry {
        seq,
        record: Record::Outage(outage.clone()),
    }
}

/// An hour of a network, `n` hours after noon: half of it down.
pub(super) fn hour(n: u64, network: &str) -> HourRow {
    let half = Duration::from_secs(1800);
    HourRow {
        network: network.to_owned(),
        at: noon_and(3600 * n),
        state_time: [Duration::ZERO, half, Duration::ZERO, half, Duration::ZERO],
    }
}

pub(super) fn hour_entry(seq: u64, hour: HourRow) -> Entry {
    Entry {
        seq,
        record: Record::Hour(hour),
    }
}
