//! Nothing secret gets out: not through what is shown, not through memory, not through files; and
//! what `docs/security.md` claims has a test.

mod claims;
mod echo;
mod files;
mod guard;
mod journal;
mod memory;
mod nowhere;

/// How every secret of these tests begins, so that a piece of one is found as well.
const MARK: &str = "Zq9-";

/// Every way in which the beginning of a secret could show: as it is, in lower case, and in base64
/// (each secret stands where three bytes begin).
const TRACES: [&str; 3] = [MARK, "zq9-", "WnE5L"];

/// Fails with the place and its surroundings if a secret shows in a text.
fn assert_silent(place: &str, bytes: &[u8]) {
    for trace in TRACES {
        let found = bytes
            .windows(trace.len())
            .position(|window| window == trace.as_bytes());
        if let Some(at) = found {
            let around = &bytes[at.saturating_sub(120)..bytes.len().min(at + 80)];
            let around = String::from_utf8_lossy(around);
            panic!("{place} tells a secret: ...{around}...");
        }
    }
}
