//! What the fuzzer calls: one function for each thing that reads bytes from outside.
//!
//! The functions stand in the `fuzz.rs` of the room whose parser they call, since parsers are
//! nobody else's business; here is the list of them, and what all of them demand. A function
//! panics if a promise is broken. That nothing crashes is the least of the promises: what was
//! written is read back the same, what is kept is bounded, what is told is one sentence that a
//! terminal cannot obey.
//!
//! Two drivers use the list: `fuzz/run` with libFuzzer for hours, and the tests of this file for
//! seconds. Neither is part of the program.

#[cfg(test)]
mod short;

use crate::model::printable::is_harmful;
use crate::{cli, config, daemon, history, host, metrics, model, probe, replay, report, web};

/// Something that reads bytes from outside.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name: the function's, and that of the folder below `fuzz/corpus`.
    pub name: &'static str,
    /// Reads the bytes. Panics if a promise is broken.
    pub read: fn(&[u8]),
    /// Longest input in bytes that is worth trying.
    pub longest: usize,
}

macro_rules! targets {
    ($($longest:literal $($room:ident)::+;)+) => {
        [$(Target {
            name: last(stringify!($($room)::+)),
            read: $($room)::+,
            longest: $longest,
        }),+]
    };
}

/// All of them.
pub const TARGETS: [Target; 28] = targets! {
    4096 model::fuzz::printable_text;
    4096 host::fuzz::route_table;
    2048 probe::fuzz::dns_answer;
    2048 probe::fuzz::dns_stream;
    2048 probe::fuzz::resolv_conf;
    2048 probe::fuzz::hosts_file;
    8192 probe::fuzz::certificate_chain;
    2048 probe::fuzz::ocsp_staple;
    8192 probe::fuzz::http_response;
    4096 probe::fuzz::http_headers;
    1024 probe::fuzz::redirect_location;
    4096 probe::fuzz::packed_body;
    4096 probe::fuzz::page_body;
    2048 probe::fuzz::cel_condition;
    1024 probe::fuzz::target_words;
    4096 config::fuzz::config_file;
    512 config::fuzz::config_value;
    512 config::fuzz::probe_url;
    2048 config::fuzz::web_config_file;
    4096 replay::fuzz::scenario_file;
    512 replay::fuzz::scenario_words;
    16384 history::fuzz::state_file;
    16384 daemon::fuzz::resumed_state;
    1024 metrics::fuzz::metrics_text;
    1024 web::fuzz::web_request;
    512 web::fuzz::web_authorization;
    4096 report::fuzz::daemon_document;
    512 cli::fuzz::daemon_url;
};

/// The last word of a path.
const fn last(path: &'static str) -> &'static str {
    let bytes = path.as_bytes();
    let mut begin = bytes.len();
    while begin > 0 && bytes[begin - 1] != b':' && bytes[begin - 1] != b' ' {
        begin -= 1;
    }
    path.split_at(begin).1
}

/// Demands a text of at most `most` characters on one line that no terminal obeys.
#[track_caller]
pub(crate) fn harmless(text: &str, most: usize) {
    let length = text.chars().count();
    assert!(
        length <= most,
        "{length} characters, at most {most}: {text:?}"
    );
    let found = text.chars().find(|c| is_harmful(*c));
    assert!(found.is_none(), "{found:?} in {text:?}");
}

/// Demands a sentence: harmless, and says something.
#[track_caller]
pub(crate) fn sentence(text: &str, most: usize) {
    harmless(text, most);
    assert!(!text.trim().is_empty(), "an empty sentence");
}

/// Splits a choice off the bytes.
pub(crate) fn choice(bytes: &[u8]) -> (u8, &[u8]) {
    bytes
        .split_first()
        .map_or((0, bytes), |(&first, rest)| (first, rest))
}
