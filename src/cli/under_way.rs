//! What a round that is under way has shown so far: the round writes it, and the progress reads it.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crate::model::{Kind, Layer, Moment};
use crate::probe::Glimpse;
use crate::report::words::milliseconds;

/// A round.
#[derive(Default)]
pub(super) struct UnderWay {
    /// When it began.
    pub(super) begun: OnceLock<Moment>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    resolved: bool,
    /// How long each layer took the first address that passed it.
    took: [Option<Duration>; Layer::ALL.len()],
    /// The addresses whose climb has not ended, and how far they are.
    open: Vec<(SocketAddr, Layer)>,
    /// How many climbs there are.
    addresses: usize,
}

impl UnderWay {
    /// A step has been made.
    pub(super) fn saw(&self, glimpse: Glimpse) {
        let mut seen = self.lock();
        match glimpse {
            Glimpse::Resolved(took) => {
                seen.resolved = true;
                seen.took[Layer::Dns as usize] = took;
            }
            Glimpse::Begun(address) => {
                seen.addresses += 1;
                seen.open.push((address, Layer::Dns));
            }
            Glimpse::Passed(address, layer, took) => {
                let first = &mut seen.took[layer as usize];
                *first = first.or(took);
                let open = seen.open.iter_mut().find(|(it, _)| *it == address);
                if let Some((_, highest)) = open {
                    // What it redirects to is climbed from the bottom.
                    *highest = layer.max(*highest);
                }
            }
            Glimpse::Ended(address) => seen.open.retain(|(it, _)| *it != address),
        }
    }

    /// `dns ok 12 ms`, `tcp ... 1 of 2`: the layers that every address has passed which is still
    /// climbing, and what the slowest of them wait for.
    pub(super) fn told(&self, kind: Kind, ok: &str, dots: &str) -> Vec<String> {
        let seen = self.lock();
        let above = |passed: Layer| kind.layers().iter().find(|it| **it > passed).copied();
        let waits = match seen.resolved {
            false => Some(Layer::Dns),
            true => seen.open.iter().filter_map(|(_, it)| above(*it)).min(),
        };
        let passed = kind
            .layers()
            .iter()
            .filter(|it| waits.is_none_or(|waits| **it < waits));
        let mut told: Vec<String> = passed
            .filter_map(|it| Some((it, seen.took[*it as usize]?)))
            .map(|(layer, took)| format!("{layer} {ok} {}", milliseconds(took)))
            .collect();
        if let Some(layer) = waits {
            let slowest = seen
                .open
                .iter()
                .filter(|(_, it)| above(*it) == waits)
                .count();
            told.push(match seen.addresses {
                0 | 1 => format!("{layer} {dots}"),
                all => format!("{layer} {dots} {slowest} of {all} addresses"),
            });
        }
        told
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Option<Duration> {
        Some(Duration::from_millis(millis))
    }

    #[test]
    fn the_layers_are_told_as_they_pass_up_to_what_the_slowest_address_waits_for() {
        let round = UnderWay::default();
        let told = || round.told(Kind::Http, "ok", "...").join(", ");
        let [one, two] = ["192.0.2.1:443", "192.0.2.2:443"].map(|it| it.parse().unwrap());
        assert_eq!(told(), "dns ...");
        round.saw(Glimpse::Resolved(ms(12)));
        round.saw(Glimpse::Begun(one));
        assert_eq!(told(), "dns ok 12 ms, tcp ...");
        round.saw(Glimpse::Begun(two));
        round.saw(Glimpse::Passed(one, Layer::Tcp, ms(31)));
        round.saw(Glimpse::Passed(one, Layer::Tls, ms(45)));
        assert_eq!(told(), "dns ok 12 ms, tcp ... 1 of 2 addresses");
        round.saw(Glimpse::Passed(two, Layer::Tcp, ms(90)));
        assert_eq!(
            told(),
            "dns ok 12 ms, tcp ok 31 ms, tls ... 1 of 2 addresses"
        );
        round.saw(Glimpse::Ended(two));
        round.saw(Glimpse::Passed(one, Layer::Http, ms(120)));
        // What it redirects to.
        round.saw(Glimpse::Passed(one, Layer::Tcp, ms(7)));
        assert_eq!(
            told(),
            "dns ok 12 ms, tcp ok 31 ms, tls ok 45 ms, http ok 120 ms, \
             content ... 1 of 2 addresses"
        );
        round.saw(Glimpse::Ended(one));
        assert_eq!(
            told(),
            "dns ok 12 ms, tcp ok 31 ms, tls ok 45 ms, http ok 120 ms"
        );
    }

    #[test]
    fn layers_that_are_not_needed_are_not_waited_for() {
        let round = UnderWay::default();
        let one = "192.0.2.1:80".parse().unwrap();
        round.saw(Glimpse::Resolved(None));
        round.saw(Glimpse::Begun(one));
        assert_eq!(round.told(Kind::Http, "ok", "..."), ["tcp ..."]);
        round.saw(Glimpse::Passed(one, Layer::Tcp, ms(1)));
        round.saw(Glimpse::Passed(one, Layer::Tls, None));
        assert_eq!(
            round.told(Kind::Http, "ok", "..."),
            ["tcp ok 1.0 ms", "http ..."]
        );
        assert_eq!(
            UnderWay::default().told(Kind::Dns, "ok", "..."),
            ["dns ..."]
        );
    }
}
