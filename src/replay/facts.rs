//! What a round would have shown on the way to its verdict: questions, addresses, certificates,
//! durations. Only samples need it (`--openmetrics`), so it has a chance of its own: with it or
//! without it, the same happens.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, SystemTime};

use super::chance::Chance;
use super::phase::What;
use super::round::{Met, Side, host};
use crate::engine::Judged;
use crate::model::{
    AddressRound, DnsQuery, Family, HttpFacts, Kind, Layer, Phases, Reason, Round, TlsFacts,
    Transport, Verdict,
};
use crate::probe::target::{Target, What as Asked};

/// What names resolve to: some address out in the internet.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(1, 1, 1, 1);
/// How long certificates live, and at what age they are renewed, in seconds.
const LIFE: u64 = 90 * 86_400;
const RENEWED: u64 = 60 * 86_400;
/// What each layer usually takes: the nearest endpoint and the farthest, in seconds.
const USUAL: [(Layer, [f64; 2]); 4] = [
    (Layer::Dns, [0.010, 0.022]),
    (Layer::Tcp, [0.019, 0.032]),
    (Layer::Tls, [0.029, 0.050]),
    (Layer::Http, [0.080, 0.220]),
];

/// What an endpoint shows in its rounds.
pub(super) struct Facts {
    chance: Chance,
    /// How far it is, from 0 to 1.
    distance: f64,
    /// When a certificate was issued, in seconds since the epoch.
    issued: u64,
}

/// A round that begins.
pub(super) struct Beginning<'a> {
    pub(super) target: &'a Target,
    pub(super) what: &'a What,
    pub(super) side: Side,
    /// For how long the phase has lasted.
    pub(super) into: Duration,
    pub(super) now: SystemTime,
}

impl Facts {
    /// Those of the endpoint with this name.
    pub(super) fn new(seed: u64, name: &str) -> Self {
        let mut chance = Chance::new(seed, &format!("{name} facts"));
        let distance = chance.share();
        let issued = (chance.share() * RENEWED as f64) as u64;
        Self {
            chance,
            distance,
            issued,
        }
    }

    /// All that the round shows.
    pub(super) fn of(&mut self, begun: &Beginning<'_>, met: &Met) -> Round {
        let target = begun.target;
        Round {
            key: None,
            kind: target.kind(),
            verdict: met.verdict.clone(),
            started: begun.now,
            duration: met.took,
            dns: self.questions(begun, met),
            addresses: self.address(begun, met).into_iter().collect(),
            retry_after: None,
            standing: met.standing.clone(),
        }
    }

    /// Around what is usual; sometimes a good deal more.
    fn took(&mut self, layer: Layer) -> Duration {
        let usual = USUAL.iter().find(|(known, _)| *known == layer);
        let [near, far] = usual.map_or([0.0; 2], |(_, usual)| *usual);
        let spread = self.chance.share() + self.chance.share();
        let late = self.chance.share().powi(16);
        let factor = 0.2_f64.mul_add(spread, 0.8) + late;
        Duration::from_secs_f64((far - near).mul_add(self.distance, near) * factor)
    }

    fn questions(&mut self, begun: &Beginning<'_>, met: &Met) -> Vec<DnsQuery> {
        let target = begun.target;
        let (name, families) = match &target.what {
            Asked::Dns(dns) => {
                let family = match dns.record_type.to_string().as_str() {
                    "A" => Some(Family::Ipv4),
                    "AAAA" => Some(Family::Ipv6),
                    _ => None,
                };
                (dns.name.to_string(), vec![family])
            }
            _ => match host(target) {
                host if host.parse::<IpAddr>().is_ok() => return Vec::new(),
                host => {
                    let families = target.families.iter().copied().map(Some);
                    (host.to_owned(), families.collect())
                }
            },
        };
        let reason = failed_at(&met.verdict, Layer::Dns);
        let late = match (begun.what, target.kind()) {
            (What::Slow(late), Kind::Dns) => *late,
            _ => Duration::ZERO,
        };
        let mut questions = Vec::new();
        for resolver in &target.resolvers {
            for family in &families {
                questions.push(DnsQuery {
                    resolver: resolver.label.clone(),
                    name: name.clone(),
                    record_type: family.map_or("", record_type).to_owned(),
                    reason,
                    rcode: rcode(begun, reason).map(ToOwned::to_owned),
                    answers: Vec::new(),
                    duration: self.took(Layer::Dns) + late,
                    transport: Transport::Udp,
                    truncated: false,
                    authenticated: false,
                    family: *family,
                });
            }
        }
        questions
    }

    /// The one address, if the round came so far.
    fn address(&mut self, begun: &Beginning<'_>, met: &Met) -> Option<AddressRound> {
        let target = begun.target;
        let kind = target.kind();
        let top = *kind.layers().last()?;
        let reached = match &met.verdict {
            Verdict::Fail(cause) | Verdict::Restricted(cause) => cause.layer?,
            Verdict::Pass | Verdict::Slow(_) => top,
            Verdict::Inconclusive(_) => return None,
        };
        if kind == Kind::Dns || reached == Layer::Dns {
            return None;
        }
        let ip = host(target).parse().unwrap_or(IpAddr::V4(ADDRESS));
        // What failed took no time that anybody counts.
        let through =
            |layer| reached > layer || reached == layer && !matches!(met.verdict, Verdict::Fail(_));
        let has_tls = match &target.what {
            Asked::Http(http) => http.url.scheme() == "https",
            _ => kind == Kind::Tls,
        } && reached >= Layer::Tls;
        let has_response = reached >= Layer::Http && !is(&met.verdict, Reason::HttpTimeout);
        let mut phases = Phases::default();
        if through(Layer::Tcp) {
            phases.connect = Some(self.took(Layer::Tcp) + again(begun, met));
        }
        if has_tls && through(Layer::Tls) {
            phases.tls = Some(self.took(Layer::Tls) + late(begun, Kind::Tls));
        }
        if has_response {
            let head = self.took(Layer::Http);
            phases.first_byte = Some(head + late(begun, Kind::Http));
            phases.body = Some(head / 10);
        }
        let certificate = has_tls && !is(&met.verdict, Reason::TlsTimeout);
        Some(AddressRound {
            address: SocketAddr::new(ip, 0),
            verdict: met.verdict.clone(),
            phases,
            reached: Some(reached),
            tls: has_tls.then(|| TlsFacts {
                chain_not_after: certificate.then(|| self.not_after(begun)),
                ..TlsFacts::default()
            }),
            http: has_response.then(|| HttpFacts {
                status: status(begun),
                ..HttpFacts::default()
            }),
        })
    }

    /// Certificates are renewed in time, unless the phase says otherwise.
    fn not_after(&self, begun: &Beginning<'_>) -> SystemTime {
        let since = begun.now - begun.into;
        match begun.what {
            What::TlsExpired => since,
            What::TlsExpires(left) => since + *left,
            _ => {
                let now = begun.now.duration_since(SystemTime::UNIX_EPOCH);
                let now = now.unwrap_or_default().as_secs();
                let age = (now + RENEWED - self.issued) % RENEWED;
                SystemTime::UNIX_EPOCH + Duration::from_secs(now - age + LIFE)
            }
        }
    }
}

/// Lays what the engine lays at our own door there.
pub(super) fn settle(round: &mut Round, judged: &Judged) {
    for address in &mut round.addresses {
        if judged.left_out.contains(Family::Ipv4) && address.reached == Some(Layer::Tcp) {
            address.verdict = judged.verdict.clone();
        }
    }
    round.verdict = judged.verdict.clone();
}

/// When the packet was sent that opened the connection, after the first one.
fn again(begun: &Beginning<'_>, met: &Met) -> Duration {
    match begun.what {
        // All else takes less than a second.
        What::TcpLoss(_) => Duration::from_secs(met.took.as_secs()),
        _ => late(begun, Kind::Tcp),
    }
}

/// What is slow is the endpoint's own layer.
fn late(begun: &Beginning<'_>, kind: Kind) -> Duration {
    match begun.what {
        What::Slow(late) if begun.target.kind() == kind => *late,
        _ => Duration::ZERO,
    }
}

fn status(begun: &Beginning<'_>) -> Option<u16> {
    let Asked::Http(http) = &begun.target.what else {
        return None;
    };
    match begun.what {
        What::Http(status) => Some(*status),
        What::Shell | What::Empty => Some(200),
        _ => {
            let mut all = [200].into_iter().chain(100..=999);
            all.find(|status| http.expect.status.contains(*status))
        }
    }
}

/// The response code of an answer; `None` if there was none.
const fn rcode(begun: &Beginning<'_>, reason: Option<Reason>) -> Option<&'static str> {
    match (begun.side, begun.what) {
        _ if matches!(reason, Some(Reason::DnsTimeout)) => None,
        (Side::Fine, What::DnsServfail) => Some("SERVFAIL"),
        (Side::Fine, What::DnsNxdomain) => Some("NXDOMAIN"),
        _ => Some("NOERROR"),
    }
}

const fn record_type(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "A",
        Family::Ipv6 => "AAAA",
    }
}

fn failed_at(verdict: &Verdict, layer: Layer) -> Option<Reason> {
    match verdict {
        Verdict::Fail(cause) if cause.layer == Some(layer) => Some(cause.reason),
        _ => None,
    }
}

fn is(verdict: &Verdict, reason: Reason) -> bool {
    verdict.cause().is_some_and(|cause| cause.reason == reason)
}
