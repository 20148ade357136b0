//! Hours against a plain account of the same time.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::daemon::bars::Bars;
use crate::history::fuzz::{image, rewritten};
use crate::history::{Image, Saved};
use crate::host::clock::Clock;
use crate::model::Families;
use crate::web::{PAST_DAYS, PAST_HOURS};

const SECOND: Duration = Duration::from_secs(1);

/// 2026-05-24T00:00:00Z.
fn midnight() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_779_580_800)
}

/// What happens to the one network.
#[derive(Clone, Debug)]
enum Act {
    /// Time passes and is booked.
    Pass(u64),
    /// Time passes and is held: it may yet turn out to belong to another state.
    Hold(u64),
    /// Another state, since some share of 16 of the held time.
    Enter(usize, u32),
    /// Time passes of which nothing was seen, and then there is a state.
    Gap(u64, usize),
    /// The image is written, and what it holds may go to the database.
    Save,
    /// The process is killed, and another one comes so much later.
    Kill(u64),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let span = 0..9_000_000_000_000_u64;
    let act = prop_oneof![
        3 => (0..4000_u64).prop_map(|s| Act::Pass(s * 1_000_000_007)),
        2 => (0..900_u64).prop_map(|s| Act::Hold(s * 1_000_000_009)),
        4 => (0..5_usize, 0..=16_u32).prop_map(|(state, share)| Act::Enter(state, share)),
        1 => (span.clone(), 0..5_usize).prop_map(|(gap, state)| Act::Gap(gap, state)),
        2 => Just(Act::Save),
        1 => span.prop_map(Act::Kill),
    ];
    proptest::collection::vec(act, 1..60)
}

/// The network as it truly was: in which state, for how long.
#[derive(Clone, Default)]
struct Truth(Vec<(State, Duration)>);

impl Truth {
    fn hours(&self, start: SystemTime) -> BTreeMap<SystemTime, [Duration; 5]> {
        let mut hours: BTreeMap<SystemTime, [Duration; 5]> = BTreeMap::new();
        let mut at = start;
        for (state, time) in &self.0 {
            let end = at + *time;
            while at < end {
                let hour = hour_of(at);
                let next = (hour + HOUR).min(end);
                hours.entry(hour).or_default()[*state as usize] += next.duration_since(at).unwrap();
                at = next;
            }
        }
        hours
    }
}

/// A daemon with one network, whose time the test books by hand.
struct Daemon {
    start: SystemTime,
    now: Moment,
    books: NetworkBooks,
    sheet: Timesheet,
    truth: Truth,
    waiting: Vec<HourRow>,
    stored: BTreeMap<SystemTime, HourRow>,
    image: Option<(NetworkBooks, Vec<HourRow>, Vec<HourRow>, Truth)>,
}

impl Daemon {
    fn new(start: SystemTime) -> Self {
        let now = Moment::from_secs(1000);
        let mut daemon = Self {
            start,
            now,
            books: NetworkBooks::new(now),
            sheet: Timesheet::default(),
            truth: Truth::default(),
            waiting: Vec::new(),
            stored: BTreeMap::new(),
            image: None,
        };
        daemon.look();
        daemon.save();
        daemon
    }

    fn now(&self) -> Now {
        let passed = self.now.since(Moment::from_secs(1000));
        Now {
            moment: self.now,
            wall: self.start + passed,
        }
    }

    fn look(&mut self) {
        let name = Name::from("x");
        let books = [(&name, Seen::from(&self.books))];
        let over = self.sheet.look(books.into_iter(), self.now());
        self.waiting.extend(over);
    }

    fn book(&mut self, until: Moment) {
        let time = until.since(self.books.booked_until);
        self.books.state_time[self.books.open_state as usize] += time;
        self.truth.0.push((self.books.open_state, time));
        self.books.booked_until = until;
    }

    fn save(&mut self) {
        let (hours, waiting) = (self.sheet.hours(), self.waiting.clone());
        self.image = Some((self.books.clone(), hours, waiting, self.truth.clone()));
        self.store();
    }

    fn store(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        self.stored
            .extend(waiting.into_iter().map(|row| (row.at, row)));
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Pass(nanos) => {
                self.now = self.now + Duration::from_nanos(nanos);
                self.book(self.now);
            }
            Act::Hold(nanos) => self.now = self.now + Duration::from_nanos(nanos),
            Act::Enter(state, share) => {
                let held = self.now.since(self.books.booked_until);
                self.book(self.books.booked_until + held / 16 * share);
                self.books.open_state = State::ALL[state];
            }
            Act::Gap(nanos, state) => {
                self.book(self.now);
                self.books.open_state = State::Unknown;
                self.now = self.now + Duration::from_nanos(nanos);
                self.book(self.now);
                self.books.open_state = State::ALL[state];
            }
            Act::Save => self.save(),
            Act::Kill(nanos) => self.kill(Duration::from_nanos(nanos)),
        }
        self.look();
    }

    fn kill(&mut self, away: Duration) {
        let (books, hours, waiting, truth) = self.image.clone().unwrap();
        (self.books, self.waiting, self.truth) = (books, waiting, truth);
        let read = image(&rewritten(&as_image(&self.books, hours))).unwrap();
        self.sheet = Timesheet::restore(&read.memory, read.hours);
        self.store();
        self.books.open_state = State::Unknown;
        self.now = self.now + away;
        self.book(self.now);
    }

    /// All rows there are, without what was not observed.
    fn rows(&self) -> Vec<HourRow> {
        let mut all = self.stored.clone();
        let fresh = self.waiting.iter().cloned().chain(self.sheet.hours());
        all.extend(fresh.map(|row| (row.at, row)));
        all.into_values().collect()
    }
}

fn as_image(books: &NetworkBooks, hours: Vec<HourRow>) -> Image {
    Image {
        memory: memory(books),
        shown_until: Moment::ZERO,
        holds: Vec::new(),
        counters: BTreeMap::new(),
        outbox: Vec::new(),
        hours,
        next_seq: 1,
        saved: Saved::now(&Clock::with_wall(midnight)),
    }
}

fn memory(books: &NetworkBooks) -> Memory {
    Memory {
        at: books.booked_until,
        proven_time: Duration::ZERO,
        next_outage: 1,
        networks: vec![crate::engine::NetworkMemory {
            name: "x".into(),
            state: State::Unknown,
            since: Moment::ZERO,
            confirmed: None,
            last_known: State::Unknown,
            trouble: None,
            outage: None,
            recent_outages: Vec::new(),
            good_since: None,
            books: books.clone(),
            held: None,
            endpoints: Vec::new(),
        }],
        groups: Vec::new(),
        uplink: crate::engine::UplinkMemory {
            canaries_answered: Families::NONE,
            states: Default::default(),
            books: crate::model::UplinkBooks::new(Moment::ZERO),
        },
    }
}

fn sums(rows: &[HourRow]) -> BTreeMap<SystemTime, [Duration; 5]> {
    let mut hours: BTreeMap<SystemTime, [Duration; 5]> = BTreeMap::new();
    for row in rows {
        let sums = hours.entry(hour_of(row.at)).or_default();
        for (sum, time) in sums.iter_mut().zip(row.state_time) {
            *sum += time;
        }
    }
    hours
}

/// Without what was not observed, for which there need be no rows.
fn observed(hours: &BTreeMap<SystemTime, [Duration; 5]>) -> BTreeMap<SystemTime, [Duration; 5]> {
    let hours = hours.iter().map(|(hour, times)| {
        let mut times = *times;
        times[State::Unknown as usize] = Duration::ZERO;
        (*hour, times)
    });
    hours
        .filter(|(_, times)| times.iter().any(|time| !time.is_zero()))
        .collect()
}

proptest! {
    /// Through kills, gaps and states that are known late, each hour has exactly the time that the
    /// network spent in each state, and no bar shows more than there is.
    #[test]
    fn the_hours_are_what_the_network_spent(acts in acts(), offset in 0..7_200_000_000_000_u64) {
        let mut daemon = Daemon::new(midnight() + Duration::from_nanos(offset));
        for act in &acts {
            daemon.act(act);
            let (kept, truth) = (sums(&daemon.rows()), daemon.truth.hours(daemon.start));
            prop_assert_eq!(observed(&kept), observed(&truth));
            for (hour, times) in &kept {
                prop_assert!(times[0] <= truth.get(hour).map_or(Duration::ZERO, |truth| truth[0]));
            }
        }
        let name = Name::from("x");
        let until = daemon.start + daemon.books.booked_until.since(Moment::from_secs(1000));
        let mut bars = Bars::ending(daemon.now().wall, [&name].into_iter());
        for row in daemon.rows() {
            bars.add(&row);
        }
        let past = bars.past(&name, until);
        prop_assert_eq!((past.hours.len(), past.days.len()), (PAST_HOURS, PAST_DAYS));
        let truth = observed(&daemon.truth.hours(daemon.start));
        for (share, hour) in past.hours.iter().map(|share| (share, share.from)) {
            let spent = truth.get(&hour).copied().unwrap_or_default();
            prop_assert_eq!(&share.state_time[1..], &spent[1..]);
            prop_assert!(share.state_time.iter().sum::<Duration>() <= share.length);
        }
        for share in &past.days {
            let mut spent = [Duration::ZERO; 5];
            for (_, times) in truth.range(share.from..share.from + 24 * HOUR) {
                spent.iter_mut().zip(times).for_each(|(sum, time)| *sum += *time);
            }
            prop_assert_eq!(&share.state_time[1..], &spent[1..]);
        }
    }
}

/// Books that were opened at the origin: so many seconds up, then so many down.
fn seen(up: u64, down: u64) -> Seen {
    let mut times = [Duration::ZERO; 5];
    times[State::Up as usize] = Duration::from_secs(up);
    times[State::Down as usize] = Duration::from_secs(down);
    Seen {
        until: Moment::from_secs(up + down),
        state: if down == 0 { State::Up } else { State::Down },
        times,
    }
}

/// Looks at networks that have the same books, so many seconds after midnight.
fn look(sheet: &mut Timesheet, names: &[&str], seen: Seen, wall: u64) -> Vec<String> {
    let names: Vec<Name> = names.iter().map(|name| Name::from(*name)).collect();
    let now = Now {
        moment: seen.until,
        wall: midnight() + Duration::from_secs(wall),
    };
    let over = sheet.look(names.iter().map(|name| (name, seen)), now);
    over.iter().map(told).collect()
}

/// The network, the seconds after midnight when it begins, and those up and down.
fn told(row: &HourRow) -> String {
    let at = row.at.duration_since(midnight()).unwrap().as_secs();
    let [unknown, up, degraded, down, maintenance] = row.state_time.map(|time| time.as_secs());
    assert_eq!((unknown, degraded, maintenance), (0, 0, 0));
    format!("{} at {at}: up {up}, down {down}", row.network)
}

fn open(sheet: &Timesheet) -> Vec<String> {
    sheet.hours().iter().map(told).collect()
}

#[test]
fn a_change_that_is_known_late_is_cut_at_the_hour_where_it_lay() {
    let mut sheet = Timesheet::default();
    assert_eq!(look(&mut sheet, &["x"], seen(0, 0), 1800), [""; 0]);
    assert_eq!(look(&mut sheet, &["x"], seen(1500, 0), 3300), [""; 0]);
    // Held until three minutes after the hour, and down since one minute after it.
    let over = look(&mut sheet, &["x"], seen(1860, 120), 3780);
    assert_eq!(over, ["x at 1800: up 1800, down 0"]);
    assert_eq!(open(&sheet), ["x at 3600: up 60, down 120"]);
}

#[test]
fn a_network_that_is_gone_leaves_its_hour_and_a_new_one_begins_its_own() {
    let mut sheet = Timesheet::default();
    look(&mut sheet, &["x", "y"], seen(0, 0), 0);
    assert_eq!(look(&mut sheet, &["y", "x"], seen(60, 0), 60), [""; 0]);
    let over = look(&mut sheet, &["z", "y"], seen(100, 0), 100);
    assert_eq!(over, ["x at 0: up 60, down 0"]);
    let both = ["z at 100: up 0, down 0", "y at 0: up 100, down 0"];
    assert_eq!(open(&sheet), both);
    // The memory knows a network x alone.
    let books = NetworkBooks::new(Moment::ZERO);
    let mut restored = Timesheet::restore(&memory(&books), sheet.hours());
    let over = look(&mut restored, &["z"], seen(200, 0), 200);
    assert_eq!(
        over,
        ["y at 0: up 100, down 0"],
        "nobody remembers its books"
    );
}

#[test]
fn a_suspend_of_years_leaves_no_rows() {
    let mut sheet = Timesheet::default();
    look(&mut sheet, &["x"], seen(0, 0), 0);
    let mut away = seen(60, 0);
    away.times[0] = Duration::from_secs(1_000_000_000);
    away.until = Moment::from_secs(1_000_000_060);
    away.state = State::Unknown;
    let now = Now {
        moment: away.until,
        wall: midnight() + Duration::from_secs(1_000_000_060),
    };
    let over = sheet.look([(&Name::from("x"), away)].into_iter(), now);
    let up: Vec<_> = over.iter().map(|row| row.state_time[1].as_secs()).collect();
    assert_eq!(up, [60], "and what was seen before it");
}

#[test]
fn a_wall_clock_that_is_set_shows_no_more_than_there_is() {
    let name = Name::from("x");
    let mut sheet = Timesheet::default();
    let mut rows = Vec::new();
    let mut step = |seconds: u64, wall: u64| {
        let over = look(&mut sheet, &["x"], seen(seconds, 0), wall);
        rows.extend(over);
        (rows.clone(), open(&sheet), sheet.hours())
    };
    step(0, 36_000);
    step(7200, 43_200);
    // Two hours back, in the middle of an hour that has been.
    step(7260, 37_860);
    let (over, now, _) = step(9060, 39_660);
    assert_eq!(
        over,
        ["x at 36000: up 3600, down 0", "x at 39600: up 3600, down 0"]
            .map(str::to_owned)
            .into_iter()
            .chain(["x at 37800: up 1800, down 0".to_owned()])
            .collect::<Vec<_>>()
    );
    assert_eq!(now, ["x at 39600: up 60, down 0"]);
    let mut bars = Bars::ending(
        midnight() + Duration::from_secs(39_660),
        [&name].into_iter(),
    );
    let row = |at: u64, up: u64, down: u64| HourRow {
        network: "x".to_owned(),
        at: midnight() + Duration::from_secs(at),
        state_time: seen(up, down).times,
    };
    for row in [
        row(36_000, 2700, 900),
        row(37_800, 1800, 0),
        row(39_600, 60, 0),
        row(43_200, 9, 0),
    ] {
        bars.add(&row);
    }
    let past = bars.past(&name, midnight() + Duration::from_secs(39_660));
    let shown = |share: &crate::web::Share| share.state_time.map(|time| time.as_secs());
    assert_eq!(shown(&past.hours[22]), [0, 3000, 0, 600, 0]);
    assert_eq!(shown(&past.hours[23]), [0, 60, 0, 0, 0]);
    assert_eq!(past.hours[23].length, 60 * SECOND);
    assert_eq!(shown(&past.days[89]), [0, 4560, 0, 900, 0]);
    // Forward: what was skipped was not observed.
    let (over, now, _) = step(9120, 50_400);
    assert_eq!(over.last().unwrap(), "x at 39600: up 60, down 0");
    assert_eq!(now, ["x at 50340: up 60, down 0"]);
}
