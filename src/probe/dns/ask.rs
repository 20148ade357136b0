//! Asking one resolver, and whether to believe it when it says nothing useful.
//!
//! A resolver that fails proves nothing about the name: it may be the resolver that is ill.
//! So where the resolver only serves to find an address, every failure that a sick resolver
//! could cause (silence, no transport, SERVFAIL, REFUSED, nonsense, a name that is said not to
//! exist) is provisional until the same resolver answers something else: another question of
//! the same round, or the control question `. NS`. It is asked as soon as something failed, or
//! when half of the time has passed in silence, and ends with the same deadline; so it costs
//! nothing while all is well and never makes a round longer than its limit. What is still missing
//! then, before an unproven failure can be believed, is said in `doubt`.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::Name as DnsName;
use rustls::ClientConfig;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use url::{Host, Url};

use super::exchange::{self, Exchange, Met};
use super::judge::{rank, reason_of};
use super::system::SystemFiles;
use super::wire::{Question, Reply};
use super::{https, text, together};
use crate::model::printable::printable;
use crate::model::{Belongs, Cause, DnsQuery, Families, Family, Name, Reason, Transport};
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
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// For the report.
    pub(super) query: DnsQuery,
    /// The well-formed answer, if one came.
    pub(super) reply: Option<Reply>,
    /// Why it is of no use.
    pub(super) trouble: Option<Cause>,
    /// Who is there.
    pub(super) met: Met,
    /// What it takes to believe a failure.
    pub(super) belief: Belief,
    /// The resolver has given what it takes.
    pub(super) is_believed: bool,
}

/// What came of all questions to one resolver.
#[derive(Debug)]
pub(super) struct Answers {
    /// In the order of the questions.
    pub(super) asked: Vec<Asked>,
    /// Families in which a server beyond our own network gave a sign of life.
    pub(super) alive: Families,
    /// The resolver, if it answered anything with NOERROR or NXDOMAIN.
    pub(super) answered: Option<Name>,
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
    ) -> Answers {
        let until = Deadline::after(limit);
        let doubt = Notify::new();
        let asks = together::all(questions.iter().map(|question| async {
            let asked = self.ask(resolver, question, judge, belief, until).await;
            if asked.needs_proof() {
                doubt.notify_one();
            }
            asked
        }));
        if belief == Belief::Plain {
            return Answers::of(resolver, asks.await, None);
        }
        let half = Deadline::after(limit / 2).at;
        let control = async {
            tokio::select! {
                () = doubt.notified() => {}
                () = sleep_until(half) => {}
            }
            self.exchange(resolver, &Question::root(), until).await
        };
        let mut asks = std::pin::pin!(asks);
        let mut control = std::pin::pin!(control);
        let mut proof = None;
        let all = loop {
            tokio::select! {
                biased;
                all = &mut asks => break all,
                answered = &mut control, if proof.is_none() => proof = Some(answered),
            }
        };
        let is_settled = !all.iter().any(Asked::needs_proof) || all.iter().any(Asked::proves);
        if !is_settled && proof.is_none() {
            proof = Some(control.await);
        }
        Answers::of(resolver, all, proof)
    }

    async fn ask(
        &self,
        resolver: &Resolver,
        question: &Question,
        judge: &(impl Fn(&Question, &Reply) -> Option<Cause> + Sync),
        belief: Belief,
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
            met: exchange.met,
            belief,
            is_believed: belief == Belief::Plain,
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
                Err(cause) => Exchange::over(Transport::Https, Met::NOBODY, Err(cause)),
            },
        }
    }

    /// The hosts file, then the servers of `resolv.conf` in order.
    ///
    /// A server that cannot be asked, or cannot answer, hands over to the next one at once;
    /// a silent one when its share of the time is used up. If none can answer, what the most
    /// talkative one said is told.
    async fn ask_system(&self, question: &Question, until: Deadline) -> Exchange {
        if let Some(known) = self.system.known(question).transpose() {
            return Exchange::over(Transport::Hosts, Met::NOBODY, known);
        }
        let none = |cause| Exchange::over(Transport::Udp, Met::NOBODY, Err(cause));
        let listed = match self.system.servers() {
            Ok(listed) => listed,
            Err(cause) => return none(cause),
        };
        let servers: &[SocketAddr] = &listed;
        let mut best: Option<Exchange> = None;
        let mut met = Met::NOBODY;
        for (index, server) in servers.iter().enumerate() {
            let left = u32::try_from(servers.len() - index).unwrap_or(u32::MAX);
            let share = Deadline::after(until.remaining() / left).min(until);
            let exchange = exchange::udp(*server, question, share).await;
            met = met.and(exchange.met);
            let Some(reason) = inability(&exchange) else {
                return Exchange { met, ..exchange };
            };
            let known = best.as_ref().and_then(inability);
            if known.is_none_or(|known| rank(reason) < rank(known)) {
                best = Some(exchange);
            }
        }
        let best =
            best.unwrap_or_else(|| none(Cause::new(Reason::LocalResolver, "no server to ask")));
        Exchange { met, ..best }
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
        let name = DnsName::from_str_relaxed(host).map_err(|error| {
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

impl Answers {
    fn of(resolver: &Resolver, mut asked: Vec<Asked>, control: Option<Exchange>) -> Self {
        let alive = asked.iter().map(|one| one.met.alive);
        let alive = alive.chain(control.iter().map(|control| control.met.alive));
        let alive = alive.fold(Families::NONE, Families::union);
        let is_well = control
            .and_then(|control| control.outcome.ok())
            .is_some_and(|reply| reply.is_conclusive());
        let has_answered = |one: &Asked| one.conclusive().is_some();
        let answered = is_well || asked.iter().any(has_answered);
        if is_well || asked.iter().any(Asked::proves) {
            for one in &mut asked {
                one.is_believed = true;
            }
        }
        Self {
            asked,
            alive,
            answered: answered.then(|| Arc::clone(&resolver.label)),
        }
    }
}

impl Asked {
    /// A failure that is the other side's.
    pub(super) fn failure(&self) -> Option<&Cause> {
        let trouble = self.trouble.as_ref();
        trouble.filter(|cause| cause.reason.belongs() != Belongs::Local)
    }

    /// A resolver that is ill, or cut off, could be behind it.
    fn needs_proof(&self) -> bool {
        self.failure()
            .is_some_and(|cause| !matches!(cause.reason, Reason::DnsNoAnswer | Reason::DnsMismatch))
    }

    /// It shows that the resolver works for more than a name that it says does not exist.
    fn proves(&self) -> bool {
        self.conclusive()
            .is_some_and(|reply| reply.code == ResponseCode::NoError)
    }

    /// What a server answered with NOERROR or NXDOMAIN. The hosts file is no server.
    fn conclusive(&self) -> Option<&Reply> {
        let reply = self.reply.as_ref().filter(|reply| reply.is_conclusive());
        reply.filter(|_| self.query.transport != Transport::Hosts)
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
