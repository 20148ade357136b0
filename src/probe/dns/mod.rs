//! Names: every question asked anew, every answer kept.
//!
//! Two things are done here. A host of a target is *resolved*: all resolvers are asked for
//! both families at once, and the addresses of all good answers together are what the round
//! goes on with. And a target of the kind `dns` is *probed*: each resolver is asked the
//! target's question, and the answers are held against the expectations.
//!
//! The codec is hickory's, the sockets are ours: only so is every rcode, flag, truncation and
//! transport error seen as what it is, and nothing is cached, retried or raced unseen. See
//! `exchange` for one question to one server, `ask` for one resolver and when its failure
//! is believed, `judge` for what several of them come to.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::proto::rr::{Name, RecordType};
use rustls::ClientConfig;
use rustls::client::Resumption;
use tokio::time::Instant;

use self::ask::{Answers, Asked, Belief, Reach};
use self::system::SystemFiles;
use self::wire::Question;
use super::deadline::Deadline;
use super::target::{DnsTarget, Resolver, ResolverKind};
use super::trust::Roots;
use crate::model::{Cause, DnsQuery, Families, Family, Reason, Standing, Verdict};

mod ask;
mod doubt;
mod exchange;
mod fault;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod hosts;
mod https;
mod judge;
mod system;
mod text;
mod together;
mod wire;

/// Asks name servers. Cheap to clone.
#[derive(Clone, Debug)]
pub struct DnsClient {
    reach: Arc<Reach>,
}

/// What came of looking for the addresses of a host.
#[derive(Clone, Debug)]
pub struct Resolution {
    /// Every question asked, by resolver, then by family. Empty for a literal address.
    pub queries: Vec<DnsQuery>,
    /// The addresses of all good answers: IPv4 first, in the order of the answers, each once.
    pub addresses: Vec<IpAddr>,
    /// Why there is no address: [`Verdict::Fail`] or [`Verdict::Inconclusive`].
    pub outcome: Result<(), Verdict>,
    /// There are addresses, but one family could not be looked up by anyone.
    pub partial: Option<Cause>,
    /// What the outcome rests on, and what is proven.
    pub standing: Standing,
    /// How long it took until the first resolver that knew addresses had answered for all
    /// families; without one, until the last gave up.
    pub duration: Duration,
}

/// What came of probing name servers.
#[derive(Clone, Debug)]
pub struct DnsProbe {
    /// Every question asked, one a resolver.
    pub queries: Vec<DnsQuery>,
    /// Pass, fail or inconclusive.
    pub verdict: Verdict,
    /// What the verdict rests on, and what is proven.
    pub standing: Standing,
    /// How long the first good resolver took; the last one if they must agree, or if none was
    /// good.
    pub duration: Duration,
}

impl DnsClient {
    /// A client that reads this machine's `/etc/resolv.conf` and `/etc/hosts`, and trusts
    /// `roots` for DNS over TLS and HTTPS.
    #[must_use]
    pub fn new(roots: Roots) -> Self {
        Self::with_system_files(roots, "/etc/resolv.conf".into(), "/etc/hosts".into())
    }

    /// A client whose `system` resolver reads other files.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "the store is kept")]
    pub fn with_system_files(roots: Roots, resolv_conf: PathBuf, hosts: PathBuf) -> Self {
        Self {
            reach: Arc::new(Reach {
                system: SystemFiles::new(resolv_conf, hosts, 53),
                dot: tls(&roots, &[]),
                doh: tls(&roots, &[b"h2", b"http/1.1"]),
            }),
        }
    }

    /// The same client, asking the servers of `resolv.conf` at another port than 53: that
    /// file has no word for ports, and a test has no right to port 53.
    #[must_use]
    pub fn with_system_port(&self, port: u16) -> Self {
        Self {
            reach: Arc::new(Reach {
                system: self.reach.system.at_port(port),
                dot: Arc::clone(&self.reach.dot),
                doh: Arc::clone(&self.reach.doh),
            }),
        }
    }

    /// Asks every resolver for the addresses of a host, both families at once, all resolvers
    /// at once; never takes longer than `limit`. One good resolver is enough. A literal
    /// address is its own answer.
    pub async fn resolve(
        &self,
        host: &str,
        families: &[Family],
        resolvers: &[Resolver],
        limit: Duration,
    ) -> Resolution {
        let start = Instant::now();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse() {
            return Resolution::without_asking(vec![address], Ok(()));
        }
        let name = match Name::from_str_relaxed(host) {
            Ok(name) if name.iter().next().is_some() => name,
            Ok(_) => {
                let verdict = judge::not_a_name(host, "it is empty");
                return Resolution::without_asking(vec![], Err(verdict));
            }
            Err(error) => {
                let verdict = judge::not_a_name(host, error.to_string());
                return Resolution::without_asking(vec![], Err(verdict));
            }
        };
        let questions: Vec<Question> = families
            .iter()
            .map(|family| Question::address(name.clone(), *family))
            .collect();
        let judge = |question: &Question, reply: &wire::Reply| {
            let record_type = text::record_type(question.record_type());
            judge::address_trouble(reply, host, &record_type)
        };
        let answers: Vec<Answers> = together::all(resolvers.iter().map(|resolver| {
            self.reach
                .ask_all(resolver, &questions, &judge, Belief::OnProof, limit)
        }))
        .await;

        let addresses = judge::addresses(&answers);
        let outcome = if addresses.is_empty() {
            Err(judge::no_address(&answers))
        } else {
            Ok(())
        };
        let partial = outcome
            .is_ok()
            .then(|| judge::partial(&answers, families, fault::has_way_out))
            .flatten();
        let good = answers
            .iter()
            .map(|one| &one.asked)
            .filter(|one| one.iter().any(|asked| asked.trouble.is_none()))
            .filter_map(|one| one.iter().map(|asked| asked.query.duration).max());
        let duration = judge::duration(good, false).unwrap_or_else(|| start.elapsed());
        let mut standing = standing(&answers);
        let asked = answers.iter().flat_map(|one| &one.asked);
        if let Err(verdict) = &outcome {
            standing.doubt = doubt::of_resolution(verdict, asked).map(Box::new);
        }
        let asked = answers.into_iter().flat_map(|one| one.asked);
        let mut queries: Vec<DnsQuery> = asked.map(|one| one.query).collect();
        if outcome.is_ok() {
            // An empty answer for one family beside addresses of the other is nothing at all.
            for query in &mut queries {
                query.reason = query.reason.filter(|reason| *reason != Reason::DnsNoAnswer);
            }
        }
        Resolution {
            duration,
            queries,
            addresses,
            outcome,
            partial,
            standing,
        }
    }

    /// Asks every resolver the target's question at once and judges the answers; never takes
    /// longer than `limit`.
    ///
    /// A resolver that the configuration names is what is watched here, so its failures are
    /// believed at once; those of `system` only if it can answer anything.
    pub async fn probe(
        &self,
        target: &DnsTarget,
        resolvers: &[Resolver],
        limit: Duration,
    ) -> DnsProbe {
        let start = Instant::now();
        let questions = [Question::new(target.name.clone(), target.record_type)];
        let judge = |_: &Question, reply: &wire::Reply| judge::expectation_trouble(target, reply);
        let answers = together::all(resolvers.iter().map(|resolver| {
            let belief = match resolver.how {
                ResolverKind::System => Belief::OnProof,
                _ => Belief::Plain,
            };
            self.reach
                .ask_all(resolver, &questions, &judge, belief, limit)
        }))
        .await;
        let mut standing = standing(&answers);
        let asked = answers.into_iter().flat_map(|one| one.asked);
        let mut asked: Vec<Asked> = asked.collect();
        judge::leave_out_unproven(&mut asked);
        let verdict = judge::verdict_of(target, &mut asked);
        standing.doubt = doubt::of_probe(target, &verdict, &asked).map(Box::new);
        let good = asked
            .iter()
            .filter(|one| one.trouble.is_none())
            .map(|one| one.query.duration);
        DnsProbe {
            duration: judge::duration(good, target.agree).unwrap_or_else(|| start.elapsed()),
            queries: asked.into_iter().map(|one| one.query).collect(),
            verdict,
            standing,
        }
    }
}

impl Resolution {
    fn without_asking(addresses: Vec<IpAddr>, outcome: Result<(), Verdict>) -> Self {
        Self {
            queries: Vec::new(),
            addresses,
            outcome,
            partial: None,
            standing: Standing::default(),
            duration: Duration::ZERO,
        }
    }
}

/// Asks one server one question over datagrams. Any reply will do, whatever it says.
pub(super) async fn knock(
    server: SocketAddr,
    name: &str,
    record_type: &str,
    limit: Duration,
) -> Result<(), Cause> {
    let name = Name::from_str_relaxed(name).unwrap_or_else(|_| Name::root());
    let record_type = record_type.to_ascii_uppercase().parse();
    let question = Question::new(name, record_type.unwrap_or(RecordType::NS));
    let exchange = exchange::udp(server, &question, Deadline::after(limit)).await;
    if exchange.truncated {
        return Ok(());
    }
    exchange.outcome.map(drop)
}

/// What the answers prove.
fn standing(answers: &[Answers]) -> Standing {
    let alive = answers.iter().map(|one| one.alive);
    let answered = answers.iter().filter_map(|one| one.answered.clone());
    Standing {
        proves: alive.fold(Families::NONE, Families::union),
        answered: answered.collect(),
        doubt: None,
    }
}

/// A client's side of TLS: every handshake whole, none resumed.
fn tls(roots: &Roots, alpn: &[&[u8]]) -> Arc<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has cipher suites for TLS 1.2 and 1.3")
        .with_root_certificates(Arc::clone(&roots.store))
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    config.resumption = Resumption::disabled();
    Arc::new(config)
}
