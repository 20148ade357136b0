//! How many files this process may have open, and what follows for the rounds.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Kept free for the listener, its clients and the daemon itself: the rounds must not make it
/// deaf. Of a small limit, half.
const RESERVE: u64 = 160;

/// Raises the soft limit to the hard one, as it is the soft one that old programs need low, and
/// tells the limit; `None` if there is none.
#[must_use]
pub fn raise_limit() -> Option<u64> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // If it cannot be raised, what there is has to do.
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: maximum,
            maximum,
        },
    );
    getrlimit(Resource::Nofile).current
}

/// How many rounds can run at a time if each needs so many descriptors.
#[must_use]
pub fn rounds_within(limit: Option<u64>, per_round: usize) -> usize {
    let Some(limit) = limit else {
        return usize::MAX;
    };
    let free = limit - RESERVE.min(limit / 2);
    let per_round = u64::try_from(per_round.max(1)).unwrap_or(u64::MAX);
    usize::try_from(free / per_round)
        .unwrap_or(usize::MAX)
        .max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_leave_room_for_the_listener() {
        assert_eq!(rounds_within(None, 4), usize::MAX);
        assert_eq!(rounds_within(Some(1024), 4), 216);
        assert_eq!(rounds_within(Some(40), 4), 5);
        assert_eq!(rounds_within(Some(2), 4), 1);
    }
}
