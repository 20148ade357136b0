//! Numbers as people write them: durations, sizes, ages, dates.
//!
//! Everything here is ASCII and short, because it goes into columns.

use std::time::{Duration, SystemTime};

/// `4.1 ms`, `142 ms`, `1.42 s`, `12.0 s`: three digits that matter.
#[must_use]
pub fn milliseconds(took: Duration) -> String {
    let millis = took.as_secs_f64() * 1e3;
    match millis {
        m if m < 9.95 => format!("{m:.1} ms"),
        m if m < 999.5 => format!("{m:.0} ms"),
        m if m < 9_995.0 => format!("{:.2} s", m / 1e3),
        m => format!("{:.1} s", m / 1e3),
    }
}

/// `45s`, `1m 14s`, `2h`, `14d`: whole seconds, two units at most, rounded up, since it is used
/// for limits.
#[must_use]
pub fn span(length: Duration) -> String {
    let up = length.as_secs() + u64::from(length.subsec_nanos() > 0);
    // Beyond an hour the seconds, beyond a day the minutes, are no longer worth a column.
    let total = match up {
        0..3_600 => up,
        3_600..86_400 => up.div_ceil(60) * 60,
        _ => up.div_ceil(3_600) * 3_600,
    };
    let units = [
        (total / 86_400, 'd'),
        (total / 3_600 % 24, 'h'),
        (total / 60 % 60, 'm'),
        (total % 60, 's'),
    ];
    let words: Vec<String> = units
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count}{unit}"))
        .collect();
    if words.is_empty() {
        "0s".to_owned()
    } else {
        words.join(" ")
    }
}

/// `512 B`, `48.2 kB`, `1.0 MB`.
#[must_use]
pub fn bytes(count: u64) -> String {
    let size = count as f64;
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{:.1} kB", size / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", size / 1e6),
        _ => format!("{:.1} GB", size / 1e9),
    }
}

/// `12,960`.
#[must_use]
pub fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 endpoint`, `3 endpoints`.
#[must_use]
pub fn count(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// `74 days left`, `5 hours left`, `expired 3 days ago`, seen from `now`.
#[must_use]
pub fn time_left(until: SystemTime, now: SystemTime) -> String {
    match until.duration_since(now) {
        Ok(left) => format!("{} left", coarse(left)),
        Err(over) => format!("expired {} ago", coarse(over.duration())),
    }
}

fn coarse(length: Duration) -> String {
    let plural = |number: u64, unit: &str| {
        let s = if number == 1 { "" } else { "s" };
        format!("{number} {unit}{s}")
    };
    match length.as_secs() {
        s if s < 3_600 => plural(s / 60, "minute"),
        s if s < 2 * 86_400 => plural(s / 3_600, "hour"),
        s => plural(s / 86_400, "day"),
    }
}

/// RFC 3339 in UTC with milliseconds.
#[must_use]
pub fn timestamp_ms(time: SystemTime) -> String {
    format!("{:.3}", nearest(time))
}

/// RFC 3339 in UTC with whole seconds.
#[must_use]
pub fn timestamp(time: SystemTime) -> String {
    format!("{:.0}", nearest(time))
}

/// The date of [`timestamp`].
#[must_use]
pub fn date(time: SystemTime) -> String {
    timestamp(time).chars().take_while(|c| *c != 'T').collect()
}

/// The time of day in UTC, `13:02`, behind its date where that is not the one of `now`.
#[must_use]
pub fn clock(time: SystemTime, now: SystemTime) -> String {
    let text = timestamp(time);
    let (day, rest) = text.split_once('T').unwrap_or((&text, ""));
    let minutes: String = rest.chars().take("13:02".len()).collect();
    if day == date(now) {
        minutes
    } else {
        format!("{day} {minutes}")
    }
}

/// The time as jiff holds it. Its range ends with the year 9999; certificates that claim to
/// live longer are told with that limit.
fn nearest(time: SystemTime) -> jiff::Timestamp {
    jiff::Timestamp::try_from(time).unwrap_or(if time < SystemTime::UNIX_EPOCH {
        jiff::Timestamp::MIN
    } else {
        jiff::Timestamp::MAX
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_keep_three_digits_at_most() {
        let of = |micros| milliseconds(Duration::from_micros(micros));
        assert_eq!(of(0), "0.0 ms");
        assert_eq!(of(4_123), "4.1 ms");
        assert_eq!(of(9_960), "10 ms");
        assert_eq!(of(141_700), "142 ms");
        assert_eq!(of(999_600), "1.00 s");
        assert_eq!(of(12_000_000), "12.0 s");
    }

    #[test]
    fn spans_are_rounded_up_and_have_two_units_at_most() {
        let of = |millis| span(Duration::from_millis(millis));
        assert_eq!(of(0), "0s");
        assert_eq!(of(42_000), "42s");
        assert_eq!(of(73_500), "1m 14s");
        assert_eq!(of(3_600_000), "1h");
        assert_eq!(of(3_601_000), "1h 1m");
        assert_eq!(of(14 * 86_400_000), "14d");
    }

    #[test]
    fn sizes_and_counts_read_like_prose() {
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(48_213), "48.2 kB");
        assert_eq!(thousands(1_440), "1,440");
        assert_eq!(thousands(144), "144");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(count(1, "endpoint"), "1 endpoint");
    }

    #[test]
    fn a_certificate_tells_what_is_left_or_how_long_it_is_over() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let day = Duration::from_secs(86_400);
        assert_eq!(time_left(now + day * 74, now), "74 days left");
        assert_eq!(time_left(now + day, now), "24 hours left");
        assert_eq!(time_left(now - day * 3, now), "expired 3 days ago");
        assert_eq!(date(now), "2027-01-15");
    }

    #[test]
    fn the_time_of_day_has_a_date_where_it_is_not_today() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        assert_eq!(clock(now, now), "08:00");
        let before = now - Duration::from_secs(8 * 3_600 + 60);
        assert_eq!(clock(before, now), "2027-01-14 23:59");
    }

    #[test]
    fn times_beyond_every_calendar_are_told_with_a_limit() {
        let far = SystemTime::UNIX_EPOCH + Duration::from_secs(400_000_000_000);
        assert!(timestamp(far).starts_with("9999-12-3"));
    }
}
