//! Canaries: servers of others that say whether our own connection works.
//!
//! They are asked only in doubt, and all at once: any answer proves its family. If nobody
//! answers, our own gateway is asked whether it is there; that proves nothing, but tells trouble
//! at home from the provider's.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::connect;
use super::deadline::Deadline;
use super::dns;
use super::target::{Canary, Gateway};
use crate::host::clock::Clock;
use crate::host::route;
use crate::model::{Belongs, Cause, Family, Moment, Reason, Verdict};

/// The longest that a canary is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// The longest that the gateway is waited for: it is near.
const PATIENCE_NEAR: Duration = Duration::from_secs(1);

/// Where a gateway may listen. A refusal says as much as an open port.
const GATEWAY_PORTS: [u16; 3] = [53, 80, 443];

/// All canaries and the gateway.
#[derive(Clone, Debug)]
pub struct Canaries {
    canaries: Arc<[Canary]>,
    gateway: Gateway,
}

/// What all canaries together said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swept {
    /// When the first of them was asked.
    pub started: Moment,
    /// By family, IPv4 first: whether some canary answered. `None`: nobody could be asked, or
    /// this machine was too busy to see an answer.
    pub answered: [Option<bool>; 2],
    /// By family: there are canaries, and this machine has a route to none of them.
    pub no_route: [bool; 2],
    /// Whether our own gateway is there; `None`: not asked, or not known.
    pub gateway: Option<bool>,
    /// What was heard, in one sentence without a full stop.
    pub detail: String,
}

impl Canaries {
    /// These canaries and this gateway.
    #[must_use]
    pub fn new(canaries: Vec<Canary>, gateway: Gateway) -> Self {
        Self {
            canaries: canaries.into(),
            gateway,
        }
    }

    /// Asks all canaries at once. Ends as soon as each family has an answer or nobody left to
    /// wait for; never takes much longer than three seconds.
    pub async fn sweep(&self, clock: &Clock) -> Swept {
        let started = clock.now();
        let heard = self.ask_canaries().await;
        let nobody = heard.iter().all(|family| family.answer.is_none());
        let gateway = if nobody {
            self.ask_gateway().await
        } else {
            None
        };
        let told = heard.iter().filter_map(Heard::told);
        let told: Vec<String> = told.chain(gateway.iter().map(Neighbour::told)).collect();
        Swept {
            started,
            answered: heard.each_ref().map(Heard::answered),
            no_route: heard.each_ref().map(Heard::has_no_route),
            gateway: gateway.map(|gateway| gateway.is_there),
            detail: told.join("; "),
        }
    }

    async fn ask_canaries(&self) -> [Heard; 2] {
        let mut heard = Family::ALL.map(|family| {
            let of_family = |canary: &&Canary| Family::of(canary.address().ip()) == family;
            Heard {
                family,
                waiting: self.canaries.iter().filter(of_family).count(),
                answer: None,
                failed: Vec::new(),
            }
        });
        let mut asking = JoinSet::new();
        for index in 0..self.canaries.len() {
            let canaries = Arc::clone(&self.canaries);
            asking.spawn(async move { (index, ask(&canaries[index]).await) });
        }
        while let Some(done) = asking.join_next().await {
            let Ok((index, outcome)) = done else { continue };
            let canary = &self.canaries[index];
            let family = Family::of(canary.address().ip());
            if let Some(heard) = heard.iter_mut().find(|heard| heard.family == family) {
                heard.waiting -= 1;
                match outcome {
                    Ok(()) => heard.answer = Some(canary.to_string()),
                    Err(cause) => heard.failed.push((index, canary.to_string(), cause)),
                }
            }
            if heard.iter().all(Heard::is_settled) {
                break;
            }
        }
        heard
    }

    /// Whether our gateway accepts or refuses a connection: either way it is there.
    async fn ask_gateway(&self) -> Option<Neighbour> {
        let gateways = match self.gateway {
            Gateway::Auto => route::default_gateways(),
            Gateway::Off => Vec::new(),
            Gateway::Address(ip) => vec![SocketAddr::new(ip, 0)],
        };
        let mut asking = JoinSet::new();
        for gateway in &gateways {
            for port in GATEWAY_PORTS {
                let mut address = *gateway;
                address.set_port(port);
                asking.spawn(async move { (address.ip(), knock(address, PATIENCE_NEAR).await) });
            }
        }
        let mut silent = None;
        while let Some(done) = asking.join_next().await {
            let Ok((address, outcome)) = done else {
                continue;
            };
            let is_there = outcome.as_ref().err().is_none_or(is_refusal);
            if is_there {
                return Some(Neighbour { address, is_there });
            }
            if !outcome.is_err_and(|cause| is_ours(&cause)) {
                silent = Some(Neighbour { address, is_there });
            }
        }
        silent
    }
}

async fn ask(canary: &Canary) -> Result<(), Cause> {
    match canary {
        Canary::Tcp(address) => knock(*address, PATIENCE).await,
        Canary::Dns {
            server,
            name,
            record_type,
        } => dns::knock(*server, name, record_type, PATIENCE).await,
    }
}

/// Opens a connection, and closes it.
async fn knock(address: SocketAddr, patience: Duration) -> Result<(), Cause> {
    match connect::open(address, Deadline::after(patience)).await {
        Ok((stream, _)) => {
            connect::close(stream).await;
            Ok(())
        }
        Err(Verdict::Fail(cause) | Verdict::Inconclusive(cause)) => Err(cause),
        Err(_) => Ok(()),
    }
}

fn is_refusal(cause: &Cause) -> bool {
    matches!(cause.reason, Reason::TcpRefused | Reason::TcpReset)
}

fn is_ours(cause: &Cause) -> bool {
    cause.reason.belongs() == Belongs::Local
}

/// What the canaries of one family said.
struct Heard {
    family: Family,
    /// Those that have not said anything yet.
    waiting: usize,
    /// The one that answered.
    answer: Option<String>,
    /// The others: which one, in the order of the configuration, and why.
    failed: Vec<(usize, String, Cause)>,
}

impl Heard {
    const fn is_settled(&self) -> bool {
        self.answer.is_some() || self.waiting == 0
    }

    fn answered(&self) -> Option<bool> {
        if self.answer.is_some() {
            return Some(true);
        }
        let mut causes = self.failed.iter().map(|(_, _, cause)| cause);
        let was_late = causes
            .clone()
            .any(|cause| cause.reason == Reason::LocalLate);
        let was_asked = causes.any(|cause| !is_ours(cause));
        (was_asked && !was_late).then_some(false)
    }

    fn has_no_route(&self) -> bool {
        let mut causes = self.failed.iter().map(|(_, _, cause)| cause);
        let all = causes.all(|cause| cause.reason == Reason::LocalNoRoute);
        all && self.answer.is_none() && !self.failed.is_empty()
    }

    fn told(&self) -> Option<String> {
        let family = match self.family {
            Family::Ipv4 => "IPv4",
            Family::Ipv6 => "IPv6",
        };
        if let Some(canary) = &self.answer {
            return Some(format!("{family}: {canary} answers"));
        }
        let first = |(index, _, cause): &&(usize, String, Cause)| (is_ours(cause), *index);
        let (_, canary, cause) = self.failed.iter().min_by_key(first)?;
        let why = format!("{canary}: {}", cause.detail);
        Some(match self.failed.len() {
            1 => format!("{family}: the canary does not answer, {why}"),
            count => format!("{family}: none of {count} canaries answers, {why}"),
        })
    }
}

/// A gateway that was asked.
struct Neighbour {
    address: IpAddr,
    is_there: bool,
}

impl Neighbour {
    fn told(&self) -> String {
        let word = if self.is_there {
            "answers"
        } else {
            "does not answer"
        };
        format!("the gateway {} {word}", self.address)
    }
}
