//! Reads the one thing of interest from a stapled OCSP response: has this certificate been
//! revoked?
//!
//! The response's signature is not checked. It came in a handshake that the server itself
//! has authenticated, and its only use here is to believe a server that says of its own
//! certificate that it is revoked. A response that is stale, for another certificate or not
//! readable says nothing; authorities are giving OCSP up, so its absence says nothing either.

use std::time::{Duration, SystemTime};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::model::{Cause, Reason};
use crate::probe::words::span;

/// How far a responder's clock may be ahead of ours.
const SKEW: Duration = Duration::from_secs(300);
/// How long a response without an end is believed.
const OPEN_END: Duration = Duration::from_secs(7 * 24 * 3600);

/// The fault, if a fresh response says that the serial number has been revoked.
pub(super) fn revoked(staple: &[u8], serial: &[u8], now: SystemTime) -> Option<Cause> {
    if staple.is_empty() {
        return None;
    }
    let since = revocation(staple, serial, now)?;
    let ago = now.duration_since(since).unwrap_or_default();
    Some(Cause::new(
        Reason::TlsRevoked,
        format!(
            "certificate was revoked {} ago, says its stapled OCSP response",
            span(ago)
        ),
    ))
}

/// Since when the serial number is revoked.
fn revocation(staple: &[u8], serial: &[u8], now: SystemTime) -> Option<SystemTime> {
    let mut response = Der(staple).enter(SEQUENCE)?;
    if response.enter(ENUMERATED)?.0 != [0] {
        return None;
    }
    let mut bytes = response.enter(context(0))?.enter(SEQUENCE)?;
    bytes.next()?;
    let mut basic = bytes.enter(OCTET_STRING)?.enter(SEQUENCE)?;
    let mut data = basic.enter(SEQUENCE)?;
    data.enter(context(0));
    data.next()?;
    data.enter(GENERALIZED_TIME)?;
    let mut answers = data.enter(SEQUENCE)?;
    while let Some(mut answer) = answers.enter(SEQUENCE) {
        let mut id = answer.enter(SEQUENCE)?;
        id.next()?;
        id.next()?;
        id.next()?;
        let of_ours = stripped(id.enter(INTEGER)?.0) == stripped(serial);
        let (tag, mut status) = answer.next()?;
        let this_update = time(&answer.enter(GENERALIZED_TIME)?)?;
        let next_update = match answer.enter(context(0)) {
            Some(mut end) => time(&end.enter(GENERALIZED_TIME)?)?,
            None => this_update + OPEN_END,
        };
        let fresh = this_update <= now + SKEW && now <= next_update;
        if of_ours && fresh && tag == context(1) {
            return time(&status.enter(GENERALIZED_TIME)?);
        }
    }
    None
}

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const ENUMERATED: u8 = 0x0a;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;

/// A constructed value with a number for a tag.
const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// What is left to read of DER values. Every read is checked against the end, and every
/// value is strictly inside its parent, so rubbish ends in `None`.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The next value with its tag.
    fn next(&mut self) -> Option<(u8, Self)> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x83 => {
                let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let length = digits
                    .iter()
                    .fold(0, |length, digit| length << 8 | usize::from(*digit));
                (length, rest)
            }
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, Der(value)))
    }

    /// The inside of the next value, if it has the tag; else nothing is read.
    fn enter(&mut self, tag: u8) -> Option<Self> {
        let mut ahead = Der(self.0);
        let (found, value) = ahead.next()?;
        (found == tag).then(|| {
            self.0 = ahead.0;
            value
        })
    }
}

/// A number without leading zeros.
fn stripped(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|digit| **digit == 0).count();
    &number[zeros..]
}

/// `20261122033000Z`.
fn time(value: &Der<'_>) -> Option<SystemTime> {
    let digits = value.0.strip_suffix(b"Z")?;
    if digits.len() != 14 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = |from: usize, to: usize| {
        digits[from..to]
            .iter()
            .fold(0_i16, |number, digit| number * 10 + i16::from(digit - b'0'))
    };
    let small = |from| i8::try_from(number(from, from + 2)).ok();
    let date = DateTime::new(
        number(0, 4),
        small(4)?,
        small(6)?,
        small(8)?,
        small(10)?,
        small(12)?,
        0,
    );
    let moment = date.ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some(moment.timestamp().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rubbish_never_revokes_and_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
            prop_assert!(revoked(&bytes, &[1], now).is_none());
        }
    }

    #[test]
    fn times_are_read_in_utc() {
        let read = time(&Der(b"20270115080000Z")).unwrap();
        let expected = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        assert_eq!(read, expected);
        assert!(time(&Der(b"20271315080000Z")).is_none());
        assert!(time(&Der(b"2027011508Z")).is_none());
    }
}
