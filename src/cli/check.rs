//! `bascule check`: what a configuration will do, or everything that is wrong with it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::bound::{self, Delays};
use super::configured::{self, Loaded};
use super::{Answer, Common, Trouble, fault_line, terminal};
use crate::config::{EndpointSettings, NetworkSettings, Settings};
use crate::engine::{EndpointPlan, NetworkPlan};
use crate::model::{EndpointKey, Name};
use crate::probe::target::{HostPort, Target, What};
use crate::report::line::{Ink, Line, Look, wrap};
use crate::report::words::{count, span, thousands};

/// Reads, resolves and tells.
pub(super) fn check(common: &Common) -> Result<Answer, Trouble> {
    let loaded = configured::load(common.config.clone())?;
    terminal::print(&told(terminal::look(false), &loaded))?;
    Ok(Answer::Fine)
}

fn told(look: Look, loaded: &Loaded) -> String {
    let settings = &loaded.settings;
    let mut out = String::new();
    summary(look, loaded, &mut out);
    let endpoints: HashMap<&EndpointKey, &EndpointSettings> =
        settings.endpoints.iter().map(|it| (&it.key, it)).collect();
    for (plan, network) in settings.plan.networks.iter().zip(&settings.networks) {
        out.push('\n');
        heading(look, plan, network).end(&mut out);
        for endpoint in &plan.endpoints {
            let settings = endpoints.get(&endpoint.key);
            row(look, endpoint, settings.map(|it| &*it.target)).end(&mut out);
        }
        judging(look, plan, settings, &endpoints, &mut out);
    }
    groups(look, settings, &mut out);
    hosts(look, settings, &endpoints, &mut out);
    warnings(look, settings, &mut out);
    out
}

fn summary(look: Look, loaded: &Loaded, out: &mut String) {
    let settings = &loaded.settings;
    let parts = [
        count(settings.networks.len(), "network"),
        count(settings.endpoints.len(), "endpoint"),
        count(settings.plan.groups.len(), "group"),
        count(settings.warnings.len(), "warning"),
    ];
    Line::new(look)
        .ink(Ink::Strong, &loaded.source)
        .text(": ")
        .ink(Ink::Good, "fine")
        .text(format!(", {}", parts.join(", ")))
        .end(out);
    let listen: Vec<String> = settings
        .web
        .listen
        .iter()
        .map(ToString::to_string)
        .collect();
    let at = match &*listen {
        [] => "nowhere".to_owned(),
        some => some.join(", "),
    };
    Line::new(look)
        .text(format!("vantage {}, listens on {at}", settings.vantage))
        .end(out);
}

fn heading(look: Look, plan: &NetworkPlan, network: &NetworkSettings) -> Line {
    let domains = if plan.failure_domains.is_empty() {
        "falls alone".to_owned()
    } else {
        format!("falls with {}", plan.failure_domains.join(", "))
    };
    let tail = Line::new(look).ink(Ink::Dim, domains);
    Line::new(look)
        .ink(Ink::Strong, &network.title)
        .ink(Ink::Dim, format!(" ({})", plan.name))
        .right(tail)
}

/// `  web           http  1m      1  https://...`
fn row(look: Look, plan: &EndpointPlan, target: Option<&Target>) -> Line {
    let role = match (plan.weight, plan.required) {
        (0, _) => "watched".to_owned(),
        (weight, true) => format!("weight {weight}, required"),
        (weight, false) => format!("weight {weight}"),
    };
    let what = target.map_or_else(String::new, subject);
    let kind = target.map_or("", |it| it.kind().as_str());
    Line::indented(look, 2)
        .text(&*plan.key.endpoint)
        .cut(19)
        .pad_to(20)
        .text(format!("{kind:<5}every {:<7}", span(plan.interval)))
        .pad_to(38)
        .text(role)
        .pad_to(58)
        .ink(Ink::Dim, what)
}

/// What is probed, in the words of the configuration.
fn subject(target: &Target) -> String {
    match &target.what {
        What::Http(it) => {
            let url = it.url.as_str();
            url.strip_prefix("https://").unwrap_or(url).to_owned()
        }
        What::Tls(it) => it.host.to_string(),
        What::Tcp(it) => it.to_string(),
        What::Dns(it) => format!("{} {}", it.name, it.record_type),
    }
}

fn judging(
    look: Look,
    plan: &NetworkPlan,
    settings: &Settings,
    endpoints: &HashMap<&EndpointKey, &EndpointSettings>,
    out: &mut String,
) {
    let weight: u32 = plan.endpoints.iter().map(|it| it.weight).sum();
    let band = match plan.hysteresis {
        0 => String::new(),
        h => format!(" (hysteresis {h})"),
    };
    let jitter = |plan: &EndpointPlan| endpoints.get(&plan.key).map_or(0.0, |it| it.jitter);
    let refused = bound::network(plan, |it| Delays {
        jitter: jitter(it),
        ..Delays::default()
    });
    let hanging = bound::network(plan, |it| Delays {
        jitter: jitter(it),
        queue: queue(settings, &it.key),
        bad_round: it.timeout,
    });
    let seen = match (refused, hanging) {
        (Some(refused), Some(hanging)) => format!(
            "; lost, it is down within {}, within {} if it hangs",
            span(refused),
            span(hanging)
        ),
        _ => String::new(),
    };
    let text = format!("up while {} of {weight}{band}{seen}", plan.quorum);
    for line in wrap(&text, Look::WIDTH - 2) {
        Line::indented(look, 2).text(line).end(out);
    }
}

/// The longest wait for a turn: every round to the same host, and every round in all, comes first
/// and takes its whole time.
fn queue(settings: &Settings, key: &EndpointKey) -> Duration {
    let Some(own) = settings.endpoints.iter().find(|it| it.key == *key) else {
        return Duration::ZERO;
    };
    let wait = |same: &dyn Fn(&&EndpointSettings) -> bool, at_a_time: usize| {
        let all = settings.endpoints.iter().filter(same);
        let longest = all.clone().map(|it| it.target.limits.round).max();
        let turns = all.count().saturating_sub(1) / at_a_time.max(1);
        longest.unwrap_or_default() * u32::try_from(turns).unwrap_or(u32::MAX)
    };
    wait(&|it| it.host == own.host, own.per_host) + wait(&|_| true, settings.max_in_flight)
}

fn groups(look: Look, settings: &Settings, out: &mut String) {
    for group in &settings.plan.groups {
        out.push('\n');
        Line::new(look)
            .ink(Ink::Strong, format!("group {}", group.name))
            .ink(Ink::Dim, ", in order of preference")
            .end(out);
        for line in wrap(&group.networks.join(", "), Look::WIDTH - 2) {
            Line::indented(look, 2).text(line).end(out);
        }
    }
}

/// What each host will see of us in a day on which all is well.
fn hosts(
    look: Look,
    settings: &Settings,
    endpoints: &HashMap<&EndpointKey, &EndpointSettings>,
    out: &mut String,
) {
    let mut rounds: BTreeMap<&Name, (f64, f64)> = BTreeMap::new();
    for plan in settings.plan.networks.iter().flat_map(|it| &it.endpoints) {
        let Some(endpoint) = endpoints.get(&plan.key) else {
            continue;
        };
        let a_day = 86_400.0 / plan.interval.as_secs_f64();
        let sums = rounds.entry(&endpoint.host).or_default();
        sums.0 += a_day;
        sums.1 += a_day * requests(&endpoint.target) as f64;
    }
    let mut rounds: Vec<_> = rounds.into_iter().collect();
    rounds.sort_by(|(_, a), (_, b)| b.1.total_cmp(&a.1));
    out.push('\n');
    Line::new(look)
        .ink(Ink::Strong, "a day at each host")
        .ink(Ink::Dim, ", while all is well")
        .end(out);
    for (host, (rounds, requests)) in rounds {
        let at_most = if requests > rounds { "at most " } else { "" };
        let numbers = format!(
            "{:>9} rounds, {at_most}{} requests",
            thousands(rounds.round() as u64),
            thousands(requests.round() as u64)
        );
        Line::indented(look, 2)
            .text(&**host)
            .cut(37)
            .pad_to(38)
            .text(numbers)
            .end(out);
    }
}

/// How many requests a round makes at most: one an address, or one a name server.
fn requests(target: &Target) -> usize {
    let literal = |host: &HostPort| host.host.parse::<std::net::IpAddr>().is_ok();
    let fixed = match &target.what {
        What::Dns(_) => return target.resolvers.len(),
        What::Http(it) => match &it.connect_to {
            Some(to) => literal(to),
            None => !matches!(it.url.host(), Some(url::Host::Domain(_))),
        },
        What::Tls(it) => literal(it.connect_to.as_ref().unwrap_or(&it.host)),
        What::Tcp(it) => literal(it),
    };
    if fixed {
        1
    } else {
        target.addresses_per_family * target.families.len()
    }
}

fn warnings(look: Look, settings: &Settings, out: &mut String) {
    if settings.warnings.is_empty() {
        return;
    }
    out.push('\n');
    Line::new(look).ink(Ink::Warn, "warnings").end(out);
    for warning in &settings.warnings {
        for line in wrap(&fault_line(warning), Look::WIDTH - 2) {
            Line::indented(look, 2).text(line).end(out);
        }
    }
}
