//! Waiting for what comes about by itself: it is asked for again and again, and not for ever.

use std::thread::sleep;
use std::time::Duration;

use tokio::time::Instant;

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(50);
/// Longest that is waited where nobody says how long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again and again until the answer is `Ok`; the last `Err` is the message of the failure.
#[track_caller]
pub(crate) fn until<T>(
    limit: Duration,
    what: &str,
    mut ask: impl FnMut() -> Result<T, String>,
) -> T {
    let end = Instant::now() + limit;
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(now) => assert!(
                Instant::now() < end,
                "not within {limit:?}: {what}; instead:\n{now}"
            ),
        }
        sleep(PAUSE);
    }
}

/// Asks again and again until there is an answer.
#[track_caller]
pub(crate) fn until_some<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    until(PATIENCE, what, || ask().ok_or_else(|| "nothing".to_owned()))
}
