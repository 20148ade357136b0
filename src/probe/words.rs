//! Durations in the words of a sentence: exact enough to act on, short enough to read.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// `3 days`, `5 hours`, `1 minute`, `12 seconds`: the largest unit that fits, rounded down.
#[must_use]
pub(super) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (count, unit) = match seconds {
        DAY.. => (seconds / DAY, "day"),
        HOUR.. => (seconds / HOUR, "hour"),
        MINUTE.. => (seconds / MINUTE, "minute"),
        _ => (seconds, "second"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

/// A measured or configured time: `3 s`, `2.5 s`, `120 ms`.
#[must_use]
pub(super) fn took(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    if milliseconds < 1000 {
        return format!("{milliseconds} ms");
    }
    let text = format!("{:.1}", duration.as_secs_f64());
    format!("{} s", text.strip_suffix(".0").unwrap_or(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_name_their_largest_unit() {
        for (seconds, words) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "1 minute"),
            (2 * HOUR + 1, "2 hours"),
            (3 * DAY + HOUR, "3 days"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), words);
        }
    }

    #[test]
    fn measured_times_keep_one_decimal() {
        assert_eq!(took(Duration::from_millis(120)), "120 ms");
        assert_eq!(took(Duration::from_millis(2500)), "2.5 s");
        assert_eq!(took(Duration::from_secs(3)), "3 s");
    }
}
