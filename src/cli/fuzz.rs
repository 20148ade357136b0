//! What the fuzzer demands of the words on the command line.

use super::client;
use crate::fuzzing::sentence;

/// Where the daemon is: a URL that can be asked, or a sentence.
pub(crate) fn daemon_url(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match client::base(&text) {
        Err(why) => sentence(&why, 200),
        Ok(url) => {
            assert!(url.has_host() && url.username().is_empty());
            sentence(url.as_str(), 12 * bytes.len() + 20);
        }
    }
}
