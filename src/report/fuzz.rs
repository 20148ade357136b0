//! What the fuzzer demands of what a daemon, or whoever answers in its place, says.

use std::time::SystemTime;

use super::line::{Look, width};
use super::running::{self, Outages, Status};
use super::{outages, status};
use crate::fuzzing::{choice, harmless, sentence};

const RICH: Look = Look::RICH;

/// Whatever is answered, nothing of it moves the terminal, and no line is longer than one.
pub(crate) fn daemon_document(bytes: &[u8]) {
    let (_, bytes) = choice(bytes);
    match running::read::<Status>(bytes) {
        Err(why) => sentence(&why, 400),
        Ok(read) => {
            let _ = (read.is_bad_news(), read.gist());
            for look in looks() {
                drawn(look, &status::draw(look, &read, SystemTime::UNIX_EPOCH));
            }
        }
    }
    match running::read::<Outages>(bytes) {
        Err(why) => sentence(&why, 400),
        Ok(read) => {
            for look in looks() {
                drawn(look, &outages::draw(look, &read, "7d", None));
            }
        }
    }
    if let Some(told) = running::retold(bytes) {
        let line = told.strip_suffix('\n').unwrap_or(&told);
        harmless(line, 12 * bytes.len());
        let again = running::retold(line.as_bytes());
        assert_eq!(again.as_ref(), Some(&told), "told twice");
    }
    if let Some(why) = running::refusal(bytes) {
        harmless(&why, 481);
    }
}

fn looks() -> [Look; 4] {
    [Look::PLAIN, RICH, Look::PLAIN.within(0), RICH.within(37)]
}

/// Demands a drawing that fits and does no harm.
fn drawn(look: Look, drawing: &str) {
    for line in drawing.lines() {
        let bare = if look.colour {
            uncoloured(line)
        } else {
            assert!(line.is_ascii(), "{line:?}");
            line.to_owned()
        };
        harmless(&bare, 200);
        assert!(width(&bare) <= look.columns, "{bare:?}");
    }
}

/// Without our own colours.
fn uncoloured(line: &str) -> String {
    let mut parts = line.split("\x1b[");
    let mut bare = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find('m').unwrap_or_default();
        let is_ours = part[..end].bytes().all(|b| b.is_ascii_digit() || b == b';');
        assert!(is_ours, "{line:?}");
        bare.push_str(&part[end + 1..]);
    }
    bare
}
