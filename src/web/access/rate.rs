//! `rate_limit`: how many requests the private listeners take, from all clients together.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A bucket that holds `burst` requests and gets one more every `interval`.
#[derive(Clone)]
pub struct Rate {
    interval: Duration,
    burst: u32,
    /// When the bucket is full again.
    full_at: Arc<Mutex<Option<Instant>>>,
}

impl Rate {
    /// A full bucket. Both are above 0.
    #[must_use]
    pub fn new(interval: Duration, burst: u32) -> Self {
        Self {
            interval,
            burst,
            full_at: Arc::default(),
        }
    }

    /// Takes one request out, or says how long there will be none.
    pub(in crate::web) fn take(&self) -> Result<(), Duration> {
        let now = Instant::now();
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = full_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
        let after = missing + self.interval;
        let room = self.interval.saturating_mul(self.burst);
        if after > room {
            return Err(after - room);
        }
        *full_at = now.checked_add(after);
        Ok(())
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rate({} every {:?})", self.burst, self.interval)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_bucket_holds_a_burst_and_fills_up_one_by_one() {
        let rate = Rate::new(Duration::from_secs(10), 2);
        assert_eq!(rate.take(), Ok(()));
        assert_eq!(rate.take(), Ok(()));
        assert_eq!(rate.take(), Err(Duration::from_secs(10)));
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(rate.take(), Err(Duration::from_secs(6)));
        tokio::time::advance(Duration::from_secs(6)).await;
        assert_eq!(rate.take(), Ok(()));
        assert_eq!(rate.take(), Err(Duration::from_secs(10)));
    }
}
