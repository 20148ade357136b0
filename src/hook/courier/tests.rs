//! The courier against a receiver that fails as it likes, and a process that is killed.

use proptest::prelude::*;

use super::*;

const DAY: Duration = Duration::from_secs(86_400);

fn start() -> Now {
    Now {
        moment: Moment::ZERO,
        wall: SystemTime::UNIX_EPOCH + 20_000 * DAY,
    }
}

fn later(now: Now, by: Duration) -> Now {
    Now {
        moment: now.moment + by,
        wall: now.wall + by,
    }
}

fn row(seq: u64, kind: &str, at: SystemTime) -> EventRow {
    EventRow {
        seq,
        at,
        kind: kind.to_owned(),
        network: None,
        endpoint: Some("web".to_owned()),
        group: None,
        from: None,
        to: None,
        layer: None,
        reason: None,
        text: String::new(),
        since: None,
        outage: None,
    }
}

fn groups(seqs: std::ops::RangeInclusive<u64>, at: SystemTime) -> Vec<EventRow> {
    seqs.map(|seq| row(seq, "group", at)).collect()
}

/// Lets the first event fail, and says how long nothing is sent then.
fn rest_after(courier: &mut Courier, answer: Answer, chance: f64) -> Duration {
    let now = start();
    let rows = groups(1..=1, now.wall);
    let waiting = courier.waiting(&rows, &Kind::ALL);
    courier.answered(1, answer, now.moment, chance);
    match courier.next(&waiting, DAY, now) {
        Step::Rest(until) => until.since(now.moment),
        other => panic!("{other:?}"),
    }
}

#[test]
fn failures_are_followed_by_rests_of_1_s_doubling_to_5_min_a_fifth_more_or_less() {
    let mut courier = Courier::new(0);
    let rests: Vec<u64> = (0..11)
        .map(|_| rest_after(&mut courier, Answer::Failed(None), 0.5).as_secs())
        .collect();
    assert_eq!(rests, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    let after = |chance| rest_after(&mut Courier::new(0), Answer::Failed(None), chance);
    assert_eq!(after(0.0), Duration::from_millis(800));
    assert_eq!(after(1.0), Duration::from_millis(1200));
}

#[test]
fn a_receiver_may_ask_for_more_time_but_not_for_less_and_not_for_ever() {
    let after = |seconds| {
        let wish = Some(Duration::from_secs(seconds));
        rest_after(&mut Courier::new(0), Answer::Failed(wish), 0.5).as_secs()
    };
    assert_eq!([after(0), after(90), after(1_000_000)], [1, 90, 3600]);
}

#[test]
fn what_is_refused_is_tried_every_5_min_and_holds_up_newer_events_for_an_hour() {
    let mut courier = Courier::new(0);
    assert_eq!(rest_after(&mut courier, Answer::Refused, 0.5), LONGEST_REST);
    let in_an_hour = later(start(), REFUSED_FOR);
    let alone = courier.waiting(&groups(1..=1, start().wall), &Kind::ALL);
    assert_eq!(courier.next(&alone, DAY, in_an_hour), Step::Send);
    let two = courier.waiting(&groups(1..=2, start().wall), &Kind::ALL);
    assert_eq!(courier.next(&two, DAY, in_an_hour), Step::GiveUp);
    courier.given_up(1);
    let next = courier.waiting(&groups(1..=2, start().wall), &Kind::ALL);
    assert_eq!(courier.next(&next, DAY, in_an_hour), Step::Send);
}

#[test]
fn what_is_older_than_max_age_is_given_up_but_the_newest_and_the_receiver_still_has_its_rest() {
    let mut courier = Courier::new(0);
    let now = start();
    let rows = groups(1..=2, now.wall);
    courier.answered(1, Answer::Failed(None), later(now, DAY).moment, 0.5);
    let late = later(now, DAY + Duration::from_millis(500));
    let waiting = courier.waiting(&rows, &Kind::ALL);
    assert_eq!(courier.next(&waiting, DAY, late), Step::GiveUp);
    courier.given_up(1);
    let newest = courier.waiting(&rows, &Kind::ALL);
    let until = later(now, DAY + Duration::from_secs(1)).moment;
    assert_eq!(courier.next(&newest, DAY, late), Step::Rest(until));
    assert_eq!(courier.next(&newest, DAY, later(now, 30 * DAY)), Step::Send);
}

#[test]
fn a_clock_that_is_set_gives_up_nothing_too_early_and_ends_no_rest() {
    let mut courier = Courier::new(0);
    let now = start();
    let set_back = Now {
        wall: now.wall - 10_000 * DAY,
        ..now
    };
    let waiting = courier.waiting(&groups(1..=2, now.wall), &Kind::ALL);
    assert_eq!(courier.next(&waiting, DAY, set_back), Step::Send);
    courier.answered(1, Answer::Failed(None), now.moment, 0.5);
    let until = now.moment + FIRST_REST;
    assert_eq!(courier.next(&waiting, DAY, set_back), Step::Rest(until));
    // Events of a clock that began in 1970: the newest is told all the same.
    let waiting = courier.waiting(&groups(1..=2, SystemTime::UNIX_EPOCH), &Kind::ALL);
    let rested = later(now, FIRST_REST);
    assert_eq!(courier.next(&waiting[1..], DAY, rested), Step::Send);
}

#[test]
fn who_learns_late_where_the_cursor_was_goes_back_and_never_forward() {
    let mut courier = Courier::new(7);
    courier.answered(8, Answer::Taken, start().moment, 0.5);
    courier.go_back_to(3);
    assert_eq!((courier.cursor(), courier.worth_keeping(true)), (3, None));
    let mut courier = Courier::new(7);
    courier.go_back_to(500);
    assert_eq!(courier.cursor(), 7);
}

#[test]
fn a_receiver_that_is_gone_is_left_alone_until_a_reload() {
    let mut courier = Courier::new(0);
    let now = start();
    let waiting = courier.waiting(&groups(1..=1, now.wall), &Kind::ALL);
    courier.answered(1, Answer::Gone, now.moment, 0.5);
    let much_later = later(now, 2 * DAY);
    assert_eq!(courier.next(&waiting, DAY, much_later), Step::Pause);
    courier.reloaded();
    assert_eq!(courier.next(&waiting, DAY, now), Step::Send);
}

#[test]
fn only_what_is_chosen_is_told_and_the_rest_is_passed_over() {
    let at = start().wall;
    let mut uplink = row(4, "uplink", at);
    uplink.endpoint = Some("ipv6".to_owned());
    let mut rows = vec![
        row(1, "endpoint", at),
        row(2, "outage_started", at),
        row(3, "network", at),
        uplink,
        row(5, "group", at),
    ];
    let seqs = |courier: &mut Courier, rows: &[EventRow], events: &[Kind]| -> Vec<u64> {
        let waiting = courier.waiting(rows, events);
        waiting.iter().map(|it| it.seq).collect()
    };
    let mut courier = Courier::new(0);
    assert_eq!(seqs(&mut courier, &rows, &Kind::ALL), [2, 5]);
    assert_eq!((courier.cursor(), courier.worth_keeping(false)), (1, None));
    assert_eq!(seqs(&mut courier, &rows, &[Kind::Group]), [5]);
    assert_eq!(courier.cursor(), 4);
    rows.pop();
    let mut other = Courier::new(0);
    assert!(seqs(&mut other, &rows, &[Kind::Group]).is_empty());
    assert_eq!(other.cursor(), 4);
    // Many events that nobody wants are not looked at again after a restart.
    let chatter: Vec<EventRow> = (5..=200).map(|seq| row(seq, "endpoint", at)).collect();
    assert!(seqs(&mut other, &chatter, &Kind::ALL).is_empty());
    assert_eq!(other.worth_keeping(false), Some(200));
    assert_eq!(other.worth_keeping(true), None);
}

/// What happens around the courier.
#[derive(Clone, Copy, Debug)]
enum Happens {
    /// So many events are written down.
    Events(u64),
    /// How the receiver answers from now on.
    Receiver(Receiver),
    /// The process is killed; what it last had kept is kept, or is lost.
    Killed { kept: bool },
    /// The configuration is read again.
    Reload,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Receiver {
    Takes,
    /// Takes it, but the answer does not arrive.
    TakesInSilence,
    Fails,
    Refuses,
    Gone,
}

fn happens() -> impl Strategy<Value = Happens> {
    let receiver = prop_oneof![
        Just(Receiver::Takes),
        Just(Receiver::TakesInSilence),
        Just(Receiver::Fails),
        Just(Receiver::Refuses),
        Just(Receiver::Gone),
    ];
    prop_oneof![
        3 => (1_u64..4).prop_map(Happens::Events),
        4 => receiver.prop_map(Happens::Receiver),
        1 => any::<bool>().prop_map(|kept| Happens::Killed { kept }),
        1 => Just(Happens::Reload),
    ]
}

/// The world of one webhook. No event is so old that it would be given up.
struct World {
    now: Now,
    rows: Vec<EventRow>,
    receiver: Receiver,
    courier: Courier,
    /// What the database has, and had before.
    database: [u64; 2],
    /// Everything that the receiver has taken, in its order.
    taken: Vec<u64>,
    /// Attempts whose success nobody here knows of any more.
    unacknowledged: Vec<u64>,
}

impl World {
    fn happen(&mut self, what: Happens) {
        match what {
            Happens::Events(count) => {
                for _ in 0..count {
                    let seq = self.rows.len() as u64 + 1;
                    let kind = ["group", "endpoint", "outage_started"][seq as usize % 3];
                    self.rows.push(row(seq, kind, self.now.wall));
                }
            }
            Happens::Receiver(receiver) => self.receiver = receiver,
            Happens::Reload => self.courier.reloaded(),
            Happens::Killed { kept } => {
                let cursor = self.database[usize::from(!kept)];
                self.database = [cursor; 2];
                let forgotten = self.taken.iter().filter(|seq| **seq > cursor);
                self.unacknowledged.extend(forgotten);
                self.courier = Courier::new(cursor);
            }
        }
        for _ in 0..3 {
            self.step();
        }
    }

    fn step(&mut self) {
        let waiting = self.courier.waiting(&self.rows, &Kind::ALL);
        match self.courier.next(&waiting, 10_000 * DAY, self.now) {
            Step::Rest(until) => {
                let rest = until.since(self.now.moment);
                self.now = later(self.now, rest);
            }
            Step::Send => self.send(waiting[0].seq),
            Step::GiveUp => panic!("{} is given up", waiting[0].seq),
            Step::Idle | Step::Pause => self.now = later(self.now, Duration::from_secs(1)),
        }
    }

    fn send(&mut self, seq: u64) {
        let answer = match self.receiver {
            Receiver::Takes => Answer::Taken,
            Receiver::TakesInSilence | Receiver::Fails => Answer::Failed(None),
            Receiver::Refuses => Answer::Refused,
            Receiver::Gone => Answer::Gone,
        };
        if matches!(self.receiver, Receiver::Takes | Receiver::TakesInSilence) {
            let again = self.taken.contains(&seq);
            assert!(!again || self.unacknowledged.contains(&seq), "{seq} again");
            self.taken.push(seq);
        }
        if self.receiver == Receiver::TakesInSilence {
            self.unacknowledged.push(seq);
        }
        self.courier.answered(seq, answer, self.now.moment, 0.5);
        if let Some(cursor) = self.courier.worth_keeping(answer == Answer::Taken) {
            self.database = [cursor, self.database[0]];
        }
    }
}

proptest! {
    #[test]
    fn every_event_is_delivered_in_order_and_twice_only_if_nobody_knew(
        story in proptest::collection::vec(happens(), 1..80),
    ) {
        let mut world = World {
            now: start(),
            rows: Vec::new(),
            receiver: Receiver::Takes,
            courier: Courier::new(0),
            database: [0; 2],
            taken: Vec::new(),
            unacknowledged: Vec::new(),
        };
        for what in story {
            // What is refused for an hour is given up, which is another test's.
            if matches!(what, Happens::Receiver(Receiver::Refuses)) && world.courier.refused_since.is_some() {
                continue;
            }
            world.happen(what);
            if world.receiver == Receiver::Refuses {
                world.receiver = Receiver::Fails;
                world.courier.refused_since = None;
            }
        }
        world.happen(Happens::Receiver(Receiver::Takes));
        world.happen(Happens::Reload);
        for _ in 0..2 * world.rows.len() {
            world.step();
        }
        let mut first = Vec::new();
        for seq in &world.taken {
            if !first.contains(seq) {
                first.push(*seq);
            }
        }
        let wanted = world.rows.iter().filter(|row| row.kind != "endpoint");
        let wanted: Vec<u64> = wanted.map(|row| row.seq).collect();
        prop_assert_eq!(first, wanted);
    }
}
