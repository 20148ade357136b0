//! Asking one resolver, and whether to believe it when it says nothing useful.
//!
//! A resolver that fails proves nothing about the name: it may be the resolver that is ill.
//! So where the resolver only serves to find an address, every failure that a sick resolver
//! could cause (silence, no transport, SERVFAIL, REFUSED, nonsense) is provisional until the
//! same resolver answers any question with NOERROR or NXDOMAIN: another question of the same
//! round, or the control question `. NS`. It is asked as soon as something failed, or when
//! half of the time has passed in silence, and ends with the same deadline; so it costs
//! nothing while all is well and never makes a round longer. Unproven, the failure is our
//! own: `local_resolver`.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::Name;
use rustls::ClientConfig;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use url::{Host, Url};

use super::exchange::{self, Exchange};
use super::judge::{rank, reason_of};
use super::system::SystemFiles;
use super::wire::{Question, Reply};
use super::{https, text, together};
use crate::model::printable::printable;
use crate::model::{Belongs, Cause, DnsQuery, Family, Reason, Transport};
use crate::probe::deadline::Deadline;
use crate::probe::target::{Resolver, ResolverKind};

/// How resolvers are reached: what the whole client shares.
#[derive(Debug)]
pub(super) struct Reach {
    pub(super) system: SystemFiles,
    /// For DNS over TLS.
    pub(super) dot: Arc<ClientConfig>,
    /// For DNS over HTTPS: offers HTTP/2 and HTTP/1.1.
    pub(super) doh: Arc<ClientConfig>,
}

/// A question that was asked, and what came of it.
#[derive(Debug)]
pub(super) struct Asked {
    /// For the report.
    pub(super) query: DnsQuery,
    /// The well-formed answer, if one came.
    pub(super) reply: Option<Reply>,
    /// Why it is of no use, or not to be believed.
    pub(super) trouble: Option<Cause>,
}

/// Whether a resolver's failures are believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Belief {
    /// At once: the resolver itself is watched.
    Plain,
    /// Only once the resolver has proven that it works.
    OnProof,
}

impl Reach {
    /// Asks one resolver all these questions at once. `judge` says what is wrong with an answer.
    pub(super) async fn ask_all(
        &self,
        resolver: &Resolver,
        questions: &[Question],
        judge: &(impl Fn(&Question, &Reply) -> Option<Cause> + Sync),
        belief: Belief,
        limit: Duration,
    ) -> Vec<Asked> {
        let until = Deadline::after(limit);
        let doubt = Notify::new();
        let asks = together::all(questions.iter().map(|question| async {
            let asked = self.ask(resolver, question, judge, until).await;
            if asked.is_doubtful() {
                doubt.notify_one();
            }
            asked
        }));
        if belief == Belief::Plain {
            return asks.await;
        }
        let half = Deadline::after(limit / 2).at;
        let control = async {
            tokio::select! {
                () = doubt.notified() => {}
                () = sleep_until(half) => {}
            }
            let control = self.exchange(resolver, &Question::root(), until).await;
            control.outcome.is_ok_and(|reply| reply.is_conclusive())
        };
        let mut asks = std::pin::pin!(asks);
        let mut control = std::pin::pin!(control);
        let mut proof = None;
        let mut all = loop {
            tokio::select! {
                biased;
                all = &mut asks => break all,
                proven = &mut control, if proof.is_none() => proof = Some(proven),
            }
        };
        let is_proven = !all.iter().any(Asked::is_doubtful)
            || all.iter().any(Asked::proves)
            || match proof {
                Some(proven) => proven,
                None => control.await,
            };
        if !is_proven {
            for asked in &mut all {
                asked.disbelieve();
            }
        }
        all
    }

    async fn ask(
        &self,
        resolver: &Resolver,
        question: &Question,
        judge: &(impl Fn(&Question, &Reply) -> Option<Cause> + Sync),
        until: Deadline,
    ) -> Asked {
        let start = Instant::now();
        let exchange = self.exchange(resolver, question, until).await;
        let (reply, trouble) = match exchange.outcome {
            Ok(reply) => {
                let trouble = judge(question, &reply);
                (Some(reply), trouble)
            }
            Err(cause) => (None, Some(cause)),
        };
        Asked {
            query: DnsQuery {
                resolver: Arc::clone(&resolver.label),
                name: text::name(question.name()),
                record_type: text::record_type(question.record_type()),
                reason: trouble.as_ref().map(|cause| cause.reason),
                rcode: reply.as_ref().map(|r| text::rcode(r.code).into_owned()),
                answers: reply
                    .as_ref()
                    .map(|r| r.records.clone())
                    .unwrap_or_default(),
                duration: start.elapsed(),
                transport: exchange.transport,
                truncated: exchange.truncated,
                authenticated: reply.as_ref().is_some_and(|reply| reply.authenticated),
                family: question.family(),
            },
            reply,
            trouble,
        }
    }

    async fn exchange(
        &self,
        resolver: &Resolver,
        question: &Question,
        until: Deadline,
    ) -> Exchange {
        match &resolver.how {
            ResolverKind::System => self.ask_system(question, until).await,
            ResolverKind::Udp(server) => exchange::udp(*server, question, until).await,
            ResolverKind::Tcp(server) => exchange::tcp(*server, question, until).await,
            ResolverKind::Tls { name, address } => {
                exchange::tls(*address, name, &self.dot, question, until).await
            }
            ResolverKind::Https(url) => match self.servers_of(url, until).await {
                Ok(servers) => https::ask(url, &servers, &self.doh, question, until).await,
                Err(cause) => Exchange::over(Transport::Https, Err(cause)),
            },
        }
    }

    /// The hosts file, then the servers of `resolv.conf` in order.
    ///
    /// A server that cannot be asked, or cannot answer, hands over to the next one at once;
    /// a silent one when its share of the time is used up. If none can answer, what the most
    /// talkative one said is told.
    async fn ask_system(&self, question: &Question, until: Deadline) -> Exchange {
        if let Some(reply) = self.system.known(question) {
            return Exchange::over(Transport::Hosts, Ok(reply));
        }
        let none = |cause| Exchange::over(Transport::Udp, Err(cause));
        let listed = match self.system.servers() {
            Ok(listed) => listed,
            Err(cause) => return none(cause),
        };
        let servers: &[SocketAddr] = listed.as_deref().unwrap_or_default();
        let mut best: Option<Exchange> = None;
        for (index, server) in servers.iter().enumerate() {
            let left = u32::try_from(servers.len() - index).unwrap_or(u32::MAX);
            let share = Deadline::after(until.remaining() / left).min(until);
            let exchange = exchange::udp(*server, question, share).await;
            let Some(reason) = inability(&exchange) else {
                return exchange;
            };
            let known = best.as_ref().and_then(inability);
            if known.is_none_or(|known| rank(reason) < rank(known)) {
                best = Some(exchange);
            }
        }
        best.unwrap_or_else(|| none(Cause::new(Reason::LocalResolver, "no server to ask")))
    }

    /// Where a server for DNS over HTTPS is.
    async fn servers_of(&self, url: &Url, until: Deadline) -> Result<Vec<SocketAddr>, Cause> {
        let port = url.port_or_known_default().unwrap_or(443);
        let at = |ip: IpAddr| SocketAddr::new(ip, port);
        let host = match url.host() {
            Some(Host::Ipv4(ip)) => return Ok(vec![at(ip.into())]),
            Some(Host::Ipv6(ip)) => return Ok(vec![at(ip.into())]),
            Some(Host::Domain(host)) => host,
            None => "",
        };
        let name = Name::from_str_relaxed(host).map_err(|error| {
            let why = printable(&error.to_string(), 100);
            Cause::new(
                Reason::DnsUnreachable,
                format!("the resolver's host is no name: {why}"),
            )
        })?;
        // Half of the time for the name; the other half is the server's.
        let until = Deadline::after(until.remaining() / 2).min(until);
        let questions = Family::ALL.map(|family| Question::address(name.clone(), family));
        let found = together::all(questions.iter().map(|q| self.ask_system(q, until))).await;
        let mut addresses = Vec::new();
        let mut worst: Option<Cause> = None;
        for exchange in found {
            let cause = match exchange.outcome {
                Ok(reply) if reply.code == ResponseCode::NoError => {
                    addresses.extend(reply.addresses.into_iter().map(at));
                    continue;
                }
                Ok(reply) => Cause::new(reason_of(reply.code), text::rcode(reply.code)),
                Err(cause) => cause,
            };
            if worst
                .as_ref()
                .is_none_or(|w| rank(cause.reason) < rank(w.reason))
            {
                worst = Some(cause);
            }
        }
        match worst {
            _ if !addresses.is_empty() => Ok(addresses),
            Some(cause) if cause.reason.belongs() == Belongs::Local => Err(cause),
            cause => {
                let why = cause.map_or_else(
                    || "it has no address".to_owned(),
                    |cause| cause.detail.into_owned(),
                );
                Err(Cause::new(
                    Reason::DnsUnreachable,
                    format!("the resolver's host {host} cannot be found: {why}"),
                ))
            }
        }
    }
}

impl Asked {
    /// A sick resolver could be behind it.
    fn is_doubtful(&self) -> bool {
        self.trouble.as_ref().is_some_and(|cause| {
            matches!(
                cause.reason,
                Reason::DnsTimeout
                    | Reason::DnsUnreachable
                    | Reason::DnsServfail
                    | Reason::DnsRefused
                    | Reason::DnsMalformed
            )
        })
    }

    /// It shows that the resolver works. The hosts file shows nothing.
    fn proves(&self) -> bool {
        self.query.transport != Transport::Hosts
            && self.reply.as_ref().is_some_and(Reply::is_conclusive)
    }

    fn disbelieve(&mut self) {
        if !self.is_doubtful() {
            return;
        }
        self.trouble = self.trouble.take().map(|cause| {
            Cause::new(
                Reason::LocalResolver,
                format!(
                    "{}; nor does the resolver {} answer anything else",
                    cause.detail, self.query.resolver
                ),
            )
        });
    }
}

/// Why the next server of the system is asked: this one could not find out.
fn inability(exchange: &Exchange) -> Option<Reason> {
    match &exchange.outcome {
        Ok(reply) => match reply.code {
            ResponseCode::ServFail
            | ResponseCode::Refused
            | ResponseCode::NotImp
            | ResponseCode::FormErr => Some(reason_of(reply.code)),
            _ => None,
        },
        Err(cause) => Some(cause.reason),
    }
}
