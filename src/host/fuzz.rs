//! What the fuzzer demands of this room.

use super::route::gateways;
use crate::fuzzing::choice;

/// Routing tables give a gateway or none, and lines that are none do no harm.
pub(crate) fn route_table(bytes: &[u8]) {
    let (_, bytes) = choice(bytes);
    let text = String::from_utf8_lossy(bytes);
    let (v4, v6) = gateways(&text);
    assert!(v6.is_none_or(|address| !address.is_unspecified()));
    let longer = format!("{text}\nrubbish\n\n1 2 3\n");
    assert_eq!(gateways(&longer), (v4, v6), "with rubbish behind it");
}
