//! A replay as OpenMetrics, to fill a Prometheus with a past that it has not seen.

use std::time::Duration;

/// The longest scenario that is written out: a picture every 15 seconds of a day is a large file.
pub const LONGEST_EXPOSED: Duration = Duration::from_secs(2 * 86_400);
