//! What a round of an endpoint would have met. The endpoint's own expectations decide: a 403 is a wall
//! where the configuration calls it one, and an error elsewhere; a TLS fault means nothing to an
//! endpoint that only asks for a name.
//!
//! Every name has one IPv4 address out in the internet, and the resolver is in our own network, so
//! that only connections prove our uplink. A failure that may be ours carries its doubt, as a real
//! round's does, and the engine decides.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use super::chance::Chance;
use super::phase::What;
use crate::model::{Cause, Doubt, Families, Family, Layer, Name, Reason, Standing, Verdict};
use crate::probe::expect;
use crate::probe::target::{HttpTarget, Target, What as Kind};
use crate::report::words::milliseconds;

/// What became of a round.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Met {
    pub(super) verdict: Verdict,
    pub(super) took: Duration,
    pub(super) standing: Standing,
}

/// Our own side at the start of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Fine,
    /// Nothing beyond the own network answers; the resolver may still know names.
    NoUplink {
        cached: bool,
    },
    NoResolver,
}

/// The shell of a script application: a page of some size that says nothing.
const SHELL: &str = "<!doctype html><html><head><title>App</title></head><body>\
    <noscript>JavaScript is not available.</noscript><div id=\"root\"></div></body></html>";
/// Bytes of the shell, its inline scripts included.
const SHELL_SIZE: usize = 8 * 1024;

/// When a client sends its first packet again (RFC 6298), in seconds after the first.
const AGAIN: [u64; 4] = [0, 1, 3, 7];

/// A round that begins now.
pub(super) fn meet(
    target: &Target,
    what: &What,
    side: Side,
    chance: &mut Chance,
    now: SystemTime,
) -> Met {
    let mut round = Round {
        target,
        chance,
        took: Duration::ZERO,
        resolvers: target.resolvers.iter().map(label).collect(),
    };
    match climb(&mut round, what, side, now) {
        Ok(()) => round.certain(Verdict::Pass),
        Err(met) => *met,
    }
}

fn label(resolver: &crate::probe::target::Resolver) -> Name {
    Name::from(&*resolver.label)
}

/// One layer after the other. An `Err` is where the climb ends.
fn climb(round: &mut Round<'_>, what: &What, side: Side, now: SystemTime) -> Result<(), Box<Met>> {
    let limits = round.target.limits;
    round.resolve(what, side)?;
    if let Kind::Dns(_) = round.target.what {
        return round.asked(what);
    }
    round.connect(what, side)?;
    let late = match what {
        What::Slow(late) => *late,
        _ => Duration::ZERO,
    };
    match &round.target.what {
        Kind::Tcp(_) => round.late(late, limits.connect, Layer::Tcp, Reason::TcpTimeout),
        Kind::Tls(tls) => {
            round.handshake(what, tls.tls.insecure_skip_verify, tls.valid_for)?;
            round.late(late, limits.tls, Layer::Tls, Reason::TlsTimeout)
        }
        Kind::Http(http) => {
            if http.url.scheme() == "https" {
                round.handshake(what, http.tls.insecure_skip_verify, None)?;
            }
            round.spend(60, 140);
            round.late(late, limits.response, Layer::Http, Reason::HttpTimeout)?;
            round.respond(http, what, now)
        }
        Kind::Dns(_) => Ok(()),
    }
}

struct Round<'a> {
    target: &'a Target,
    chance: &'a mut Chance,
    took: Duration,
    resolvers: Vec<Name>,
}

impl Round<'_> {
    /// Some milliseconds go by.
    fn spend(&mut self, least: u32, more: u32) {
        let millis = self
            .chance
            .share()
            .mul_add(f64::from(more), f64::from(least));
        self.took += Duration::from_secs_f64(millis / 1e3);
    }

    fn resolve(&mut self, what: &What, side: Side) -> Result<(), Box<Met>> {
        if !self.asks_for_a_name() {
            return Ok(());
        }
        self.spend(5, 20);
        let limit = self.target.limits.dns;
        match side {
            Side::NoUplink { cached: true } => return Ok(()),
            Side::NoUplink { cached: false } | Side::NoResolver => {
                self.took = limit;
                let silent = self.resolvers.clone();
                return Err(self.unresolved(Reason::DnsTimeout, silent));
            }
            Side::Fine => {}
        }
        let reason = match what {
            What::DnsServfail => Reason::DnsServfail,
            What::DnsTimeout => {
                self.took = limit;
                Reason::DnsTimeout
            }
            What::DnsEmpty => Reason::DnsNoAnswer,
            What::DnsNxdomain => Reason::DnsNxdomain,
            _ => return Ok(()),
        };
        if let Kind::Dns(dns) = &self.target.what {
            // A question may well expect what is a failure elsewhere.
            let rcodes: Vec<String> = dns.rcodes.iter().map(|it| format!("{it:?}")).collect();
            let expected = |code: &str| rcodes.iter().any(|it| it == code);
            let fine = match reason {
                Reason::DnsServfail => expected("ServFail") && dns.min_answers == 0,
                Reason::DnsNxdomain => expected("NXDomain") && dns.min_answers == 0,
                Reason::DnsNoAnswer => dns.min_answers == 0,
                _ => false,
            };
            if fine {
                return Ok(());
            }
        }
        Err(self.unresolved(reason, Vec::new()))
    }

    /// The end of a round of kind dns whose question was answered.
    fn asked(&mut self, what: &What) -> Result<(), Box<Met>> {
        let late = match what {
            What::Slow(late) => *late,
            _ => Duration::ZERO,
        };
        let limit = self.target.limits.dns;
        if late > limit {
            self.took = limit;
            return Err(self.unresolved(Reason::DnsTimeout, Vec::new()));
        }
        self.late(late, limit, Layer::Dns, Reason::DnsTimeout)?;
        let standing = Standing {
            answered: std::mem::take(&mut self.resolvers),
            ..Standing::default()
        };
        Err(self.met(Verdict::Pass, standing))
    }

    fn connect(&mut self, what: &What, side: Side) -> Result<(), Box<Met>> {
        let limit = self.target.limits.connect;
        if matches!(what, What::TcpDrop) || side != Side::Fine && side != Side::NoResolver {
            self.took += limit;
            return Err(self.unconnected(Reason::TcpTimeout));
        }
        if let What::TcpLoss(share) = *what {
            let answered = AGAIN
                .map(Duration::from_secs)
                .into_iter()
                .filter(|sent| *sent < limit)
                .find(|_| self.chance.share() >= share);
            let Some(sent) = answered else {
                self.took += limit;
                return Err(self.unconnected(Reason::TcpTimeout));
            };
            self.took += sent;
        }
        self.spend(10, 40);
        if matches!(what, What::TcpReset) {
            return Err(self.unconnected(Reason::TcpRefused));
        }
        Ok(())
    }

    fn handshake(
        &mut self,
        what: &What,
        skip_verify: bool,
        valid_for: Option<Duration>,
    ) -> Result<(), Box<Met>> {
        self.spend(20, 60);
        let fault = match what {
            What::TlsExpired => Cause::new(Reason::TlsExpired, "certificate has expired"),
            What::TlsMismatch => {
                Cause::new(Reason::TlsNameMismatch, "certificate is for another name")
            }
            What::TlsExpires(left) if valid_for.is_some_and(|least| *left < least) => {
                let days = left.as_secs() / 86_400;
                let detail = format!("certificate expires in {days} days");
                let cause = Cause::new(Reason::TlsExpiring, detail);
                return Err(self.certain_box(Verdict::Slow(cause)));
            }
            _ => return Ok(()),
        };
        if skip_verify {
            return Ok(());
        }
        Err(self.certain_box(Verdict::Fail(fault)))
    }

    fn respond(&mut self, http: &HttpTarget, what: &What, now: SystemTime) -> Result<(), Box<Met>> {
        let (status, body) = match what {
            What::Http(status) => {
                let page = format!("<!doctype html><title>{status}</title><h1>{status}</h1>");
                (*status, page.into_bytes())
            }
            What::Shell => {
                let mut page = SHELL.as_bytes().to_vec();
                page.resize(SHELL_SIZE, b' ');
                (200, page)
            }
            What::Empty => (200, Vec::new()),
            _ => return Ok(()),
        };
        let verdict = expect::of_page(http, status, &body, now);
        Err(self.certain_box(verdict))
    }

    /// An answer that comes late, or too late.
    fn late(
        &mut self,
        late: Duration,
        limit: Duration,
        layer: Layer,
        reason: Reason,
    ) -> Result<(), Box<Met>> {
        let limits = self.target.limits;
        if late > limit {
            self.took = (self.took + limit).min(limits.round);
            let detail = format!("no answer within {}", milliseconds(limit));
            let verdict = Verdict::Fail(Cause::new(reason, detail));
            return Err(match reason {
                Reason::TcpTimeout => self.unconnected(reason),
                _ => self.certain_box(verdict),
            });
        }
        self.took += late;
        if self.took > limits.slow_after {
            let detail = format!("the answer took {}", milliseconds(self.took));
            let cause = Cause::at(layer, Reason::Slow, detail);
            return Err(self.certain_box(Verdict::Slow(cause)));
        }
        Ok(())
    }

    /// The name could not be resolved. `silent`: the resolvers that answer nothing at all; others
    /// have answered for the root (`. NS`).
    fn unresolved(&mut self, reason: Reason, silent: Vec<Name>) -> Box<Met> {
        let answered = if silent.is_empty() {
            std::mem::take(&mut self.resolvers)
        } else {
            Vec::new()
        };
        let standing = Standing {
            proves: Families::NONE,
            answered,
            doubt: Some(Box::new(Doubt::Resolution { resolvers: silent })),
        };
        self.met(
            Verdict::Fail(Cause::new(reason, reason.sentence())),
            standing,
        )
    }

    /// The one address did not answer.
    fn unconnected(&mut self, reason: Reason) -> Box<Met> {
        let detail = match reason {
            Reason::TcpTimeout => {
                let limit = milliseconds(self.target.limits.connect);
                format!("no connection within {limit}")
            }
            reason => reason.sentence().to_owned(),
        };
        let verdict = Verdict::Fail(Cause::new(reason, detail));
        let nothing = || {
            let cause = Cause::new(Reason::LocalUplink, Reason::LocalUplink.sentence());
            Verdict::Inconclusive(cause)
        };
        let doubt = Doubt::Addresses {
            families: Families::only(Family::Ipv4),
            without: Box::new([nothing(), verdict.clone(), nothing()]),
        };
        let standing = Standing {
            proves: Families::NONE,
            answered: std::mem::take(&mut self.resolvers),
            doubt: Some(Box::new(doubt)),
        };
        self.met(verdict, standing)
    }

    /// A verdict behind an open connection.
    fn certain(&mut self, verdict: Verdict) -> Met {
        *self.certain_box(verdict)
    }

    fn certain_box(&mut self, verdict: Verdict) -> Box<Met> {
        let standing = Standing {
            proves: Families::only(Family::Ipv4),
            answered: std::mem::take(&mut self.resolvers),
            doubt: None,
        };
        self.met(verdict, standing)
    }

    fn met(&self, verdict: Verdict, standing: Standing) -> Box<Met> {
        Box::new(Met {
            verdict,
            took: self.took.min(self.target.limits.round),
            standing,
        })
    }

    fn asks_for_a_name(&self) -> bool {
        host(self.target).parse::<IpAddr>().is_err()
    }
}

/// The name or the address that a round goes to, without brackets; empty for questions.
pub(super) fn host(target: &Target) -> &str {
    let host = match &target.what {
        Kind::Http(http) => match &http.connect_to {
            Some(to) => to.host.as_str(),
            None => http.url.host_str().unwrap_or_default(),
        },
        Kind::Tls(tls) => &tls.connect_to.as_ref().unwrap_or(&tls.host).host,
        Kind::Tcp(to) => &to.host,
        Kind::Dns(_) => "",
    };
    host.trim_start_matches('[').trim_end_matches(']')
}
