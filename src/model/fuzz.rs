//! What the fuzzer demands of this room.

use super::printable::{printable, printable_bytes};
use crate::fuzzing::{choice, harmless};

/// Text made fit to be shown is harmless, bounded, and not changed by doing it again.
pub(crate) fn printable_text(bytes: &[u8]) {
    let (most, bytes) = choice(bytes);
    let most = usize::from(most);
    let text = String::from_utf8_lossy(bytes);
    let shown = printable(&text, most);
    harmless(&shown, most + 1);
    assert_eq!(printable(&shown, most), shown, "shown twice");
    assert_eq!(printable_bytes(bytes, most), shown, "as bytes");
    let kept = text.chars().zip(shown.chars()).take(most);
    for (before, after) in kept {
        assert!(before == after || after == char::REPLACEMENT_CHARACTER);
    }
}
