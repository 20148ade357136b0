//! `bascule check`: what a configuration will do, or everything that is wrong with it.

use std::time::SystemTime;

use super::{Answer, Common, Trouble, terminal};
use crate::config::{
    GroupSettings, NetworkSettings, Settings, TimeToConfirm, WebSettings, destination,
};
use crate::engine::{EndpointPlan, GroupPlan, NetworkPlan, Preempt};
use crate::host::clock::Clock;
use crate::model::Family;
use crate::model::printable::printable;
use crate::probe::mask::links;
use crate::probe::target::{Canary, Gateway, Target, What};
use crate::report::line::{Ink, Line, Look, wrap};
use crate::report::words::{count, span, thousands, timestamp};
use crate::web::access::{ClientAuth, Tls};

/// Where the service remembers: `StateDirectory=` of its unit.
const OF_SERVICE: &str = "/var/lib/bascule";

/// Reads, resolves and tells.
pub(super) fn check(common: &Common) -> Result<Answer, Trouble> {
    let (source, loaded) = common.load()?;
    let look = terminal::look(false);
    let now = Clock::system().wall();
    terminal::print(&told(look, &source, &loaded.settings, now))?;
    Ok(Answer::Fine)
}

fn told(look: Look, source: &str, settings: &Settings, now: SystemTime) -> String {
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
    groups(look, settings, now, &mut out);
    maintenance(look, settings, now, &mut out);
    notices(look, settings, now, &mut out);
    webhooks(look, settings, &mut out);
    uplink(look, settings, &mut out);
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
    Line::new(look)
        .text(format!("vantage {}", settings.vantage))
        .end(out);
    for text in listeners(&settings.web) {
        paragraph(look, 0, &text, out);
    }
    paragraph(look, 0, &memory(settings), out);
    let is_told = std::env::var_os("STATE_DIRECTORY").is_some();
    if settings.state_dir.is_some() && !settings.names_state_dir && !is_told {
        let text =
            format!("when run like this; the service of the package remembers in {OF_SERVICE}");
        paragraph(look, 2, &text, out);
    }
}

/// Each listener, for whom it is, and what keeps others out.
fn listeners(web: &WebSettings) -> Vec<String> {
    let tls = web.access.tls.as_ref();
    let transport = if tls.is_some() { "TLS" } else { "no TLS" };
    let certificates = match tls.map(Tls::client_auth) {
        None | Some(ClientAuth::NoClientCert) => "",
        Some(ClientAuth::RequireAndVerifyClientCert) => ", client certificates",
        Some(_) => ", client certificates that keep nobody out",
    };
    let password = match web.access.users.is_empty() {
        true => "no password",
        false => "password",
    };
    let private = web.listen.iter().map(|address| {
        format!("listens on {address}, private: {transport}{certificates}, {password}")
    });
    let targets = if web.show_targets { "with" } else { "without" };
    let public = web.public_listen.iter().map(|address| {
        format!("listens on {address}, for everybody: {transport}, {targets} targets, no metrics")
    });
    private.chain(public).collect()
}

fn memory(settings: &Settings) -> String {
    let Some(directory) = &settings.state_dir else {
        return "remembers nothing: no home directory is known, so name a state_dir".to_owned();
    };
    format!(
        "remembers in {}: states up to {} old, outages for {}",
        printable(&directory.display().to_string(), 200),
        span(settings.max_state_age),
        span(settings.history.retention),
    )
}

fn paragraph(look: Look, indent: usize, text: &str, out: &mut String) {
    for line in wrap(text, Look::WIDTH - indent) {
        Line::indented(look, indent).text(line).end(out);
    }
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
            let url = links(it.url.as_str());
            url.strip_prefix("https://").unwrap_or(&url).to_owned()
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
    let deciding: Vec<&EndpointPlan> = plan.endpoints.iter().filter(|it| it.weight > 0).collect();
    let up = match &*deciding {
        [alone] => format!("up while {} is, which decides alone", alone.key.endpoint),
        _ => format!("up while {} of {weight}{band}", plan.quorum),
    };
    let text = format!(
        "{up}; seen down within {} if it refuses, {} if it swallows \
         everything, {} if it hangs",
        span(time.refused),
        span(time.black_holed),
        span(time.stalled),
    );
    paragraph(look, 2, &text, out);
    if !plan.enabled {
        let text = "switched off: probed, and no choice for any group";
        paragraph(look, 2, text, out);
    }
}

fn groups(look: Look, settings: &Settings, now: SystemTime, out: &mut String) {
    for (group, facts) in settings.plan.groups.iter().zip(&settings.groups) {
        out.push('\n');
        Line::new(look)
            .ink(Ink::Strong, format!("group {}", group.name))
            .ink(Ink::Dim, ", in order of preference")
            .end(out);
        paragraph(look, 2, &group.networks.join(", "), out);
        paragraph(look, 2, &switching(group), out);
        for text in choices(facts, now) {
            paragraph(look, 2, &text, out);
        }
    }
}

/// When a group leaves a network that is not down.
fn switching(group: &GroupPlan) -> String {
    let back = match group.preempt {
        Preempt::Auto => format!(
            "goes back to a preferred network once it has been up for {}, times its outages \
             of the last 6h (at most 1h)",
            span(group.preempt_delay)
        ),
        Preempt::Never => "stays with a network as long as that is usable".to_owned(),
        Preempt::Manual => "goes back to a preferred network when that is pinned".to_owned(),
    };
    match group.failover_on_degraded {
        true => format!("{back}; leaves a degraded network for one that is up"),
        false => back,
    }
}

/// What people have chosen for a group.
fn choices(group: &GroupSettings, now: SystemTime) -> Vec<String> {
    let pin = group.pin.as_ref().filter(|pin| now < pin.until);
    let pin = pin.map(|pin| format!("pinned to {} until {}", pin.network, timestamp(pin.until)));
    let last_resort = group.last_resort.as_ref();
    let last_resort = last_resort.map(|url| format!("last resort {}", printable(url, 200)));
    pin.into_iter().chain(last_resort).collect()
}

/// The windows that are not over.
fn maintenance(look: Look, settings: &Settings, now: SystemTime, out: &mut String) {
    let mut first = true;
    for network in &settings.networks {
        for period in network.maintenance.iter().filter(|it| now < it.until) {
            if std::mem::take(&mut first) {
                out.push('\n');
                Line::new(look).ink(Ink::Strong, "maintenance").end(out);
            }
            let (from, until) = (timestamp(period.from), timestamp(period.until));
            let now = if period.holds(now) { ", now" } else { "" };
            Line::indented(look, 2)
                .text(&*network.name)
                .cut(27)
                .pad_to(28)
                .text(format!("{from} to {until}{now}"))
                .end(out);
        }
    }
}

/// Who is told by program.
fn webhooks(look: Look, settings: &Settings, out: &mut String) {
    for webhook in &settings.webhooks {
        out.push('\n');
        Line::new(look)
            .ink(Ink::Strong, format!("webhook {}", webhook.name))
            .end(out);
        let events: Vec<&str> = webhook.events.iter().map(|kind| kind.as_str()).collect();
        let signed = match webhook.secrets() {
            0 => "not signed",
            1 => "signed",
            _ => "signed with two secrets",
        };
        let told = [
            format!("to {}", printable(&destination(&webhook.url), 200)),
            format!("{}, {signed}", events.join(", ")),
            format!(
                "tried again until an event is {} old, the newest without end",
                span(webhook.max_age)
            ),
        ];
        for text in told {
            paragraph(look, 2, &text, out);
        }
    }
}

/// What everybody will be told: the notices that are not over.
fn notices(look: Look, settings: &Settings, now: SystemTime, out: &mut String) {
    let mut shown = settings
        .notices
        .iter()
        .filter(|it| now < it.until)
        .peekable();
    if shown.peek().is_none() {
        return;
    }
    out.push('\n');
    Line::new(look).ink(Ink::Strong, "notices").end(out);
    for notice in shown {
        let until = timestamp(notice.until);
        for (language, text) in &notice.texts {
            let language = language
                .as_ref()
                .map_or(String::new(), |it| format!(", {it}"));
            paragraph(look, 2, &format!("until {until}{language}: {text}"), out);
        }
    }
}

fn uplink(look: Look, settings: &Settings, out: &mut String) {
    let uplink = &settings.uplink;
    out.push('\n');
    let heading = Line::new(look).ink(Ink::Strong, "uplink");
    if !uplink.enabled {
        let text = ", not looked at: every failure is believed at once";
        heading.ink(Ink::Dim, text).end(out);
        return;
    }
    let text = ", asked whether it is us when probes begin to fail";
    heading.ink(Ink::Dim, text).end(out);
    for family in Family::ALL {
        let of_family = |it: &&Canary| Family::of(it.address().ip()) == family;
        let canaries: Vec<&Canary> = uplink.canaries.iter().filter(of_family).collect();
        let all = match &*canaries {
            [] => "no canaries: only networks prove it".to_owned(),
            [_] => format!("1 canary: {}", asked(&canaries)),
            more => format!("{} canaries: {}", more.len(), asked(&canaries)),
        };
        paragraph(look, 2, &format!("{family}, {all}"), out);
    }
    let text = match uplink.gateway {
        Gateway::Auto => {
            "the gateway of the default route tells trouble here from beyond".to_owned()
        }
        Gateway::Off => "the gateway is not asked".to_owned(),
        Gateway::Address(address) => {
            format!("the gateway {address} tells trouble here from beyond")
        }
    };
    paragraph(look, 2, &text, out);
}

/// `tcp to 192.0.2.1:443, 192.0.2.2:443; dns to 192.0.2.53`.
fn asked(canaries: &[&Canary]) -> String {
    let (mut tcp, mut dns) = (Vec::new(), Vec::new());
    for canary in canaries {
        let address = canary.address();
        match canary {
            Canary::Tcp(_) => tcp.push(address.to_string()),
            Canary::Dns { .. } if address.port() == Canary::DNS_PORT => {
                dns.push(address.ip().to_string());
            }
            Canary::Dns { .. } => dns.push(address.to_string()),
        }
    }
    let kinds = [("tcp", tcp), ("dns", dns)];
    let kinds = kinds.iter().filter(|(_, all)| !all.is_empty());
    let kinds: Vec<String> = kinds
        .map(|(kind, all)| format!("{kind} to {}", all.join(", ")))
        .collect();
    kinds.join("; ")
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
