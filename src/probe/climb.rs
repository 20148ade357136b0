//! One address, layer by layer, up to where it goes wrong.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, SystemTime};

use super::connect;
use super::deadline::{Deadline, watched};
use super::dns::DnsClient;
use super::glimpse::{Glimpse, Watcher};
use super::http;
use super::tap::Tap;
use super::target::{HostPort, HttpTarget, Target, TlsTarget, What};
use super::tls::{self, Handshake};
use super::words::took;
use crate::model::{
    AddressRound, Cause, DnsQuery, Family, Layer, Phases, Reason, Standing, TlsFacts, Verdict,
};

/// What all addresses of a round share.
pub(super) struct Climb<'a> {
    /// Asks for names.
    pub(super) dns: &'a DnsClient,
    /// What is probed.
    pub(super) target: &'a Target,
    /// Who watches.
    pub(super) watcher: Option<&'a Watcher<'a>>,
    /// The end of the round.
    pub(super) deadline: Deadline,
    /// What time it is for certificates and headers.
    pub(super) now: SystemTime,
    /// How long it took to find the addresses.
    pub(super) resolve: Option<Duration>,
    /// How much of that this process did not run.
    pub(super) overslept: Duration,
}

/// What an address showed, and what it adds to the round.
pub(super) struct Climbed {
    pub(super) address: AddressRound,
    pub(super) queries: Vec<DnsQuery>,
    pub(super) retry_after: Option<Duration>,
    pub(super) standing: Standing,
}

/// Addresses of a host.
pub(super) struct Found {
    pub(super) addresses: Vec<IpAddr>,
    pub(super) queries: Vec<DnsQuery>,
    pub(super) outcome: Result<(), Verdict>,
    pub(super) partial: Option<Cause>,
    pub(super) standing: Standing,
    /// `None` if there was nothing to ask.
    pub(super) took: Option<Duration>,
    /// How much of that this process did not run.
    pub(super) overslept: Duration,
}

impl Climb<'_> {
    /// Tells who watches.
    pub(super) fn tell(&self, glimpse: Glimpse) {
        if let Some(watcher) = self.watcher {
            watcher(glimpse);
        }
    }

    /// An address has passed a layer.
    pub(super) fn passed(&self, address: SocketAddr, layer: Layer, took: Option<Duration>) {
        self.tell(Glimpse::Passed(address, layer, took));
    }

    /// The end of a phase that begins now.
    pub(super) fn within(&self, limit: Duration) -> Deadline {
        self.deadline.min(Deadline::after(limit))
    }

    /// Addresses of a host as a URL or the configuration writes it; a literal address is its
    /// own answer.
    pub(super) async fn resolve(&self, host: &str) -> Found {
        let mut found = Found {
            addresses: Vec::new(),
            queries: Vec::new(),
            outcome: Ok(()),
            partial: None,
            standing: Standing::default(),
            took: None,
            overslept: Duration::ZERO,
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(literal) = bare.parse() {
            found.addresses.push(literal);
            return found;
        }
        let target = self.target;
        // The time left, so that the questions asked are known even if the round ends here.
        let limit = target.limits.dns.min(self.deadline.remaining());
        let resolve = self
            .dns
            .resolve(host, &target.families, &target.resolvers, limit);
        let (resolution, overslept) = watched(resolve).await;
        found.overslept = overslept;
        found.addresses = resolution.addresses;
        found.queries = resolution.queries;
        found.outcome = resolution.outcome;
        found.partial = resolution.partial;
        found.standing = resolution.standing;
        found.took = found.outcome.is_ok().then_some(resolution.duration);
        found
    }

    /// The addresses that are tried: the first few of each family, IPv4 first.
    pub(super) fn choose(&self, addresses: &[IpAddr]) -> Vec<IpAddr> {
        let most = self.target.addresses_per_family;
        Family::ALL
            .iter()
            .flat_map(|family| {
                addresses
                    .iter()
                    .filter(move |ip| Family::of(**ip) == *family)
                    .take(most)
            })
            .copied()
            .collect()
    }

    /// Climbs one address.
    pub(super) async fn address(&self, address: SocketAddr) -> Climbed {
        self.tell(Glimpse::Begun(address));
        let climbed = self.all_the_way(address).await;
        self.tell(Glimpse::Ended(address));
        climbed
    }

    async fn all_the_way(&self, address: SocketAddr) -> Climbed {
        let (mut climbed, overslept) = watched(async {
            match &self.target.what {
                What::Http(http) => self.http(http, address).await,
                What::Tls(tls) => self.tls(tls, address).await,
                What::Tcp(_) | What::Dns(_) => self.tcp(address).await,
            }
        })
        .await;
        if matches!(climbed.address.verdict, Verdict::Pass | Verdict::Slow(_))
            && let Some(verdict) = lateness(
                &climbed.address,
                self.target.limits.slow_after,
                self.overslept + overslept,
            )
        {
            climbed.address.verdict = verdict;
        }
        climbed
    }

    async fn http(&self, target: &HttpTarget, address: SocketAddr) -> Climbed {
        let shown = http::climb(self, target, address).await;
        Climbed {
            address: AddressRound {
                address,
                verdict: shown.verdict,
                phases: shown.phases,
                reached: shown.reached,
                tls: shown.tls,
                http: shown.http,
            },
            queries: shown.queries,
            retry_after: shown.retry_after,
            standing: shown.standing,
        }
    }

    async fn tls(&self, target: &TlsTarget, address: SocketAddr) -> Climbed {
        let limits = &self.target.limits;
        let mut phases = self.phases();
        let stream = match connect::open(address, self.within(limits.connect)).await {
            Ok((stream, took)) => {
                phases.connect = Some(took);
                self.passed(address, Layer::Tcp, Some(took));
                stream
            }
            Err(verdict) => return refused(address, phases, verdict),
        };
        let name = match &target.tls.server_name {
            Some(name) => Ok(name.clone()),
            None => tls::server_name(&target.host.host),
        };
        let name = match name {
            Ok(name) => name,
            Err(verdict) => return ended(address, phases, Layer::Tls, None, verdict),
        };
        let handshake = Handshake {
            tls: &target.tls,
            name,
            identify: true,
            offer: target
                .alpn
                .iter()
                .map(|alpn| alpn.clone().into_bytes())
                .collect(),
            require: target.alpn.as_deref(),
            now: self.now,
        };
        let (stream, _valve) = Tap::new(stream, tls::LONGEST, tls::PART);
        let shaken = handshake.run(stream, self.within(limits.tls)).await;
        phases.tls = shaken.took;
        let verdict = match shaken.stream {
            Err(verdict) => verdict,
            Ok(stream) => {
                self.passed(address, Layer::Tls, phases.tls);
                tls::close(stream).await;
                shaken
                    .facts
                    .as_ref()
                    .and_then(|facts| tls::expiring(facts, target.valid_for?, self.now))
                    .map_or(Verdict::Pass, Verdict::Slow)
            }
        };
        ended(address, phases, Layer::Tls, shaken.facts, verdict)
    }

    async fn tcp(&self, address: SocketAddr) -> Climbed {
        let mut phases = self.phases();
        match connect::open(address, self.within(self.target.limits.connect)).await {
            Ok((stream, took)) => {
                phases.connect = Some(took);
                self.passed(address, Layer::Tcp, Some(took));
                connect::close(stream).await;
                ended(address, phases, Layer::Tcp, None, Verdict::Pass)
            }
            Err(verdict) => refused(address, phases, verdict),
        }
    }

    fn phases(&self) -> Phases {
        Phases {
            resolve: self.resolve,
            ..Phases::default()
        }
    }
}

/// The host and port that the first connection goes to, and whether it is instead of the
/// endpoint's own.
pub(super) fn destination(what: &What) -> Option<HostPort> {
    match what {
        What::Http(http) => http.connect_to.clone().or_else(|| {
            Some(HostPort {
                host: http.url.host_str()?.to_owned(),
                port: http.url.port_or_known_default()?,
            })
        }),
        What::Tls(tls) => Some(tls.connect_to.as_ref().unwrap_or(&tls.host).clone()),
        What::Tcp(address) => Some(address.clone()),
        What::Dns(_) => None,
    }
}

fn refused(address: SocketAddr, phases: Phases, verdict: Verdict) -> Climbed {
    let no_route = matches!(verdict.cause(), Some(cause) if cause.reason == Reason::LocalNoRoute);
    let mut climbed = ended(address, phases, Layer::Tcp, None, verdict);
    if no_route {
        climbed.address.reached = None;
    }
    climbed
}

fn ended(
    address: SocketAddr,
    phases: Phases,
    reached: Layer,
    tls: Option<TlsFacts>,
    verdict: Verdict,
) -> Climbed {
    Climbed {
        address: AddressRound {
            address,
            verdict,
            phases,
            reached: Some(reached),
            tls,
            http: None,
        },
        queries: Vec::new(),
        retry_after: None,
        standing: Standing::default(),
    }
}

/// The verdict, if all phases of the address together, redirects included, took too long: slow,
/// told at the layer of the longest; or our own fault, if it would not have been too long without
/// the time in which this process did not run.
fn lateness(address: &AddressRound, slow_after: Duration, overslept: Duration) -> Option<Verdict> {
    let redirects = address.http.iter().flat_map(|http| &http.redirects);
    let hops = std::iter::once(&address.phases).chain(redirects.map(|hop| &hop.phases));
    let total: Duration = hops.clone().map(Phases::total).sum();
    if total <= slow_after {
        return None;
    }
    if total.saturating_sub(overslept) <= slow_after {
        return Some(Verdict::Inconclusive(Cause::new(
            Reason::LocalLate,
            format!("this process did not run for {}", took(overslept)),
        )));
    }
    let (name, layer, longest) = hops
        .flat_map(Phases::named)
        .filter_map(|(name, layer, phase)| Some((name, layer, phase?)))
        .max_by_key(|(_, _, phase)| *phase)?;
    Some(Verdict::Slow(Cause::at(
        layer,
        Reason::Slow,
        format!(
            "took {}, slow after {}; longest: {name} with {}",
            took(total),
            took(slow_after),
            took(longest)
        ),
    )))
}
