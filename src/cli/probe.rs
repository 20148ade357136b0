//! `bascule probe`: one round of each endpoint, now, and its telling.
//!
//! Rounds run at the same time, but never more than the configuration allows in all and to one
//! host. Ctrl-C ends the waiting, not the telling: what has ended is told, and the rest is
//! `inconclusive`, because an interrupted round says nothing about anybody.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::progress::Progress;
use super::targets::{Chosen, choose};
use super::{Answer, Common, LogLevel, Trouble, terminal};
use crate::config::{EndpointSettings, Settings};
use crate::host::clock::Clock;
use crate::host::logging;
use crate::model::{Cause, Name, Reason, Round, Verdict};
use crate::probe::Prober;
use crate::probe::trust::Roots;
use crate::report::draw::{Section, Told, draw};
use crate::report::json;

/// Rounds at a time where no configuration says otherwise.
const IN_FLIGHT: usize = 256;

/// What to probe and how to tell it.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// NETWORK, NETWORK/ENDPOINT or a URL (https, http, tls://host:port, tcp://host:port,
    /// dns://name?type=AAAA&server=192.0.2.53) [default: all that is configured]
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
    /// Tell it to programs: one JSON array
    #[arg(long)]
    json: bool,
    /// Draw without colours and with ASCII only
    #[arg(long, conflicts_with = "json")]
    plain: bool,
}

/// Probes and tells.
pub(super) fn probe(common: &Common, arguments: &Arguments) -> Result<Answer, Trouble> {
    let clock = Clock::system();
    if common.log_level.is_some() {
        logging::start(common.logging(LogLevel::Error), clock.clone());
    }
    let chosen = choose(common, &arguments.targets)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Trouble::new(format!("cannot start: {error}")))?;
    let begun = clock.now();
    let rounds = runtime.block_on(all(&chosen, &clock));
    // A resolver thread may still hang in the system; nobody waits for it.
    runtime.shutdown_background();
    let took = clock.now().since(begun);

    terminal::print(&if arguments.json {
        json::array(&rounds).map_err(|error| Trouble::new(format!("cannot write: {error}")))?
    } else {
        drawing(&chosen, &rounds, terminal::look(arguments.plain), took)
    })?;
    let bad = |round: &Round| matches!(round.verdict, Verdict::Fail(_) | Verdict::Inconclusive(_));
    Ok(if rounds.iter().any(bad) {
        Answer::BadNews
    } else {
        Answer::Fine
    })
}

/// One round of each, in the order in which they were chosen.
async fn all(chosen: &Chosen, clock: &Clock) -> Vec<Round> {
    let settings = chosen.settings.as_ref();
    let roots = settings.map_or_else(Roots::system, |it| it.roots.clone());
    let in_flight = settings.map_or(IN_FLIGHT, |it| it.max_in_flight).max(1);
    let prober = Prober::new(clock.clone(), roots);
    let in_all = Arc::new(Semaphore::new(in_flight));
    let mut hosts: HashMap<Name, Arc<Semaphore>> = HashMap::new();
    let mut running = JoinSet::new();
    let names = chosen.endpoints.iter();
    let names = names.map(|(name, endpoint)| (&**name, endpoint.target.kind()));
    let mut progress = Progress::new(names.collect());
    for (index, (_, endpoint)) in chosen.endpoints.iter().enumerate() {
        let at_host = hosts
            .entry(endpoint.host.clone())
            .or_insert_with(|| Arc::new(Semaphore::new(endpoint.per_host.max(1))));
        let turn = (at_host.clone(), in_all.clone());
        let (prober, target) = (prober.clone(), endpoint.target.clone());
        let (rounds, clock) = (progress.rounds(), clock.clone());
        running.spawn(async move {
            // The host's turn first: who waits for a host must not keep others from theirs.
            // Neither is ever closed, and a round without its turn would do no harm.
            let _at_host = turn.0.acquire().await;
            let _in_all = turn.1.acquire().await;
            // It begins once.
            let _ = rounds[index].begun.set(clock.now());
            let saw = |glimpse| rounds[index].saw(glimpse);
            let mut round = prober.watched(&target, &saw).await;
            round.settle_alone();
            (index, round)
        });
    }

    let started = clock.wall();
    let begun = clock.now();
    let mut rounds: Vec<Option<Round>> = vec![None; chosen.endpoints.len()];
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
    let mut go_on = signal(SignalKind::from_raw(Signal::CONT.as_raw())).ok();
    let mut goes_on = async move || match &mut go_on {
        Some(signal) => signal.recv().await,
        None => std::future::pending().await,
    };
    progress.show(begun);
    loop {
        tokio::select! {
            // What has ended is told, even if Ctrl-C came with it.
            biased;
            ended = running.join_next() => match ended {
                Some(Ok((index, round))) => {
                    progress.ended(index, &round.verdict);
                    rounds[index] = Some(round);
                }
                Some(Err(_)) => {}
                None => break,
            },
            _ = &mut interrupted => break,
            _ = goes_on() => progress.forget(),
            _ = tick.tick() => progress.show(clock.now()),
        }
    }
    progress.erase();
    let cancelled = |(round, (_, endpoint)): (Option<Round>, &(String, EndpointSettings))| {
        round.unwrap_or_else(|| Round {
            key: endpoint.target.key.clone(),
            kind: endpoint.target.kind(),
            verdict: Verdict::Inconclusive(Cause::new(
                Reason::LocalCancelled,
                "interrupted before it ended",
            )),
            started,
            duration: clock.now().since(begun),
            addresses: Vec::new(),
            dns: Vec::new(),
            retry_after: None,
            standing: crate::model::Standing::default(),
        })
    };
    let pairs = rounds.into_iter().zip(&chosen.endpoints);
    pairs.map(cancelled).collect()
}

fn drawing(
    chosen: &Chosen,
    rounds: &[Round],
    look: crate::report::line::Look,
    took: Duration,
) -> String {
    let title = |network: &Name| {
        let networks = chosen
            .settings
            .iter()
            .flat_map(|it: &Settings| &it.networks);
        networks
            .into_iter()
            .find(|it| it.name == *network)
            .map(|it| it.title.as_str())
    };
    let mut sections: Vec<(Option<&Name>, Section<'_>)> = Vec::new();
    for ((name, _), round) in chosen.endpoints.iter().zip(rounds) {
        let network = round.key.as_ref().map(|key| &key.network);
        let told = Told { name, round };
        match sections.last_mut() {
            Some((of, section)) if *of == network => section.told.push(told),
            _ => sections.push((
                network,
                Section {
                    title: network.map(|it| title(it).unwrap_or(it)),
                    told: vec![told],
                },
            )),
        }
    }
    let sections: Vec<_> = sections.into_iter().map(|(_, section)| section).collect();
    draw(look, &sections, took)
}
