//! `bascule check`: what a configuration will do, or everything that is wrong with it.

use super::{Answer, Common, Trouble, terminal};
use crate::config::{NetworkSettings, Settings, TimeToConfirm};
use crate::engine::{EndpointPlan, NetworkPlan};
use crate::probe::target::{Target, What};
use crate::report::line::{Ink, Line, Look, wrap};
use crate::report::words::{count, span, thousands};

/// Reads, resolves and tells.
pub(super) fn check(common: &Common) -> Result<Answer, Trouble> {
    let (source, loaded) = common.load()?;
    let look = terminal::look(false);
    terminal::print(&told(look, &source, &loaded.settings))?;
    Ok(Answer::Fine)
}

fn told(look: Look, source: &str, settings: &Settings) -> String {
    let mut out = String::new();
    summary(look, source, settings, &mut out);
    let times = settings.time_to_confirm();
    let networks = settings.plan.networks.iter();
    for ((plan, network), time) in networks.zip(&settings.networks).zip(&times) {
        out.push('\n');
        heading(look, plan, network).end(&mut out);
        for endpoint in &plan.endpoints {
            let target = settings.endpoints.iter().find(|it| it.key == endpoint.key);
            row(look, endpoint, target.map(|it| &*it.target)).end(&mut out);
        }
        judging(look, plan, time, &mut out);
    }
    groups(look, settings, &mut out);
    hosts(look, settings, &mut out);
    warnings(look, settings, &mut out);
    out
}

fn summary(look: Look, source: &str, settings: &Settings, out: &mut String) {
    let parts = [
        count(settings.networks.len(), "network"),
        count(settings.endpoints.len(), "endpoint"),
        count(settings.plan.groups.len(), "group"),
        count(settings.warnings.len(), "warning"),
    ];
    Line::new(look)
        .ink(Ink::Strong, source)
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
    // A long list of domains must not push the name out.
    let tail = Line::new(look).ink(Ink::Dim, domains).cut(Look::WIDTH / 2);
    Line::new(look)
        .ink(Ink::Strong, &network.title)
        .ink(Ink::Dim, format!(" ({})", plan.name))
        .right(tail)
}

/// `  web               http every 2m    required  x.com/`
fn row(look: Look, plan: &EndpointPlan, target: Option<&Target>) -> Line {
    let role = match (plan.weight, plan.required) {
        (0, _) => "watched".to_owned(),
        (1, true) => "required".to_owned(),
        (weight, true) => format!("weight {weight}, required"),
        (weight, false) => format!("weight {weight}"),
    };
    let what = target.map_or_else(String::new, subject);
    let kind = target.map_or("", |it| it.kind().as_str());
    Line::indented(look, 2)
        .text(&*plan.key.endpoint)
        .cut(19)
        .pad_to(20)
        .text(format!("{kind:<5}every {:<6}", span(plan.interval)))
        .text(format!("{role:<9} "))
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
        What::Dns(it) => format!(
            "{} {}",
            it.name.to_utf8().trim_end_matches('.'),
            it.record_type
        ),
    }
}

fn judging(look: Look, plan: &NetworkPlan, time: &TimeToConfirm, out: &mut String) {
    let weight: u32 = plan.endpoints.iter().map(|it| it.weight).sum();
    let band = match plan.hysteresis {
        0 => String::new(),
        h => format!(" (hysteresis {h})"),
    };
    let text = format!(
        "up while {} of {weight}{band}; seen down within {} if it refuses, {} if it swallows \
         everything, {} if it hangs",
        plan.quorum,
        span(time.refused),
        span(time.black_holed),
        span(time.stalled),
    );
    for line in wrap(&text, Look::WIDTH - 2) {
        Line::indented(look, 2).text(line).end(out);
    }
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
fn hosts(look: Look, settings: &Settings, out: &mut String) {
    out.push('\n');
    Line::new(look)
        .ink(Ink::Strong, "each host in a day")
        .ink(Ink::Dim, " on which all is well")
        .end(out);
    for load in settings.load() {
        let (rounds, requests) = (load.rounds_per_day, load.connections_per_day);
        let at_most = if requests > rounds { "at most " } else { "" };
        let numbers = format!(
            "{:>7} rounds, {at_most}{} requests",
            thousands(rounds),
            thousands(requests)
        );
        Line::indented(look, 2)
            .text(&*load.host)
            .cut(35)
            .pad_to(36)
            .text(numbers)
            .end(out);
    }
}

fn warnings(look: Look, settings: &Settings, out: &mut String) {
    if settings.warnings.is_empty() {
        return;
    }
    out.push('\n');
    Line::new(look).ink(Ink::Warn, "warnings").end(out);
    for warning in &settings.warnings {
        for line in wrap(&warning.to_string(), Look::WIDTH - 2) {
            Line::indented(look, 2).text(line).end(out);
        }
    }
}
