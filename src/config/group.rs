//! `[[group]]`: networks in order of preference, and when to go from one to the other.

use std::time::{Duration, SystemTime};

use super::decode::Table as _;
use super::fault::{At, Fault, Place, did_you_mean, printable};
use super::file::{File, Group, Pin as PinTable};
use super::lists::list;
use super::merge::check_name;
use super::network::Network;
use super::values::Span;
use super::{GroupSettings, Pin};
use crate::engine::GroupPlan;
use crate::model::Name;
use crate::model::printable::is_harmful;

/// However many outages there were, nobody waits longer than this for a failback.
const LONGEST_DELAY: Duration = Duration::from_secs(3600);
/// Longer than this is not waiting but stopping.
const LONGEST_WAIT: Duration = Duration::from_secs(86400);

/// A group that was looked at.
pub(crate) struct Judged {
    /// As the file says it, with every default.
    pub(crate) table: Group,
    /// How it is judged.
    pub(crate) plan: GroupPlan,
    /// What people should know of it.
    pub(crate) settings: GroupSettings,
}

/// What groups may name, and what they are measured against.
pub(crate) struct Surroundings<'a> {
    /// What the file is called.
    pub(crate) file: &'a str,
    /// The networks there are.
    pub(crate) networks: &'a [Network],
    /// The networks that the catalog has.
    pub(crate) catalog: Vec<&'a str>,
    /// The wall clock.
    pub(crate) now: SystemTime,
}

impl Surroundings<'_> {
    fn names(&self) -> impl Iterator<Item = &str> {
        self.networks.iter().map(|network| &*network.plan.name)
    }

    /// The networks of a list: each there, and there once.
    /// Those of `more` are known too, and would be there if they were named rightly.
    pub(crate) fn members(
        &self,
        members: &[At<String>],
        more: &[&str],
        faults: &mut Vec<Fault>,
    ) -> Vec<Name> {
        let mut chosen: Vec<Name> = Vec::new();
        for member in members {
            let shown = printable(&member.value);
            if chosen.iter().any(|name| **name == *member.value) {
                faults.push(member.fault(format!("`{shown}` is there twice")));
            } else if self.names().any(|name| name == member.value) {
                chosen.push(member.value.as_str().into());
            } else {
                let known = self.names().chain(more.iter().copied());
                let hint = hint(&member.value, known);
                faults.push(member.fault(format!("there is no network `{shown}`{hint}")));
            }
        }
        chosen
    }
}

fn hint<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> String {
    match did_you_mean(wrong, known) {
        Some(word) => format!("; did you mean \"{word}\"?"),
        None => String::new(),
    }
}

/// The groups of the file; without any, one called `default` with every network.
pub(crate) fn groups(
    file: &mut File,
    around: &Surroundings<'_>,
    faults: &mut Vec<Fault>,
    warnings: &mut Vec<Fault>,
) -> Vec<At<Judged>> {
    let Some(written) = file.group.take() else {
        return vec![default_group(around)];
    };
    let mut groups: Vec<At<Judged>> = Vec::new();
    for At { value, place } in written.value {
        let Some(name) = value.name.clone() else {
            let sentence = "is missing: every group has a name";
            faults.push(place.below("name").fault(sentence));
            continue;
        };
        faults.extend(check_name(&name.value, &name.place, "a group"));
        if groups.iter().any(|it| *it.value.plan.name == *name.value) {
            let shown = printable(&name.value);
            faults.push(name.fault(format!("`{shown}` is the name of another group")));
        }
        let mut table = Group::defaults();
        table.merge_table(value);
        let value = judged(table, &name.value, &place, around, faults, warnings);
        groups.push(At { value, place });
    }
    groups
}

fn default_group(around: &Surroundings<'_>) -> At<Judged> {
    let names = around.names().map(str::to_owned);
    let table = Group {
        name: Some(At::default_of("name", "default".to_owned())),
        networks: Some(At::default_of("networks", list("networks", names))),
        ..Group::defaults()
    };
    let place = Place {
        file: around.file.into(),
        ..Place::default_of("")
    };
    let nothing = (&mut Vec::new(), &mut Vec::new());
    let value = judged(table, "default", &place, around, nothing.0, nothing.1);
    At { value, place }
}

fn judged(
    table: Group,
    name: &str,
    place: &Place,
    around: &Surroundings<'_>,
    faults: &mut Vec<Fault>,
    warnings: &mut Vec<Fault>,
) -> Judged {
    let members = table.networks.as_ref().map_or(&[][..], |list| &list.value);
    // A network that is not there at all was asked for by nobody: the default group may be empty.
    if members.is_empty() && !place.is_default() {
        let sentence = "is missing or empty: name networks in order of preference";
        faults.push(place.below("networks").fault(sentence));
    }
    let networks = around.members(members, &around.catalog, faults);
    for (at, longest) in [
        (table.preempt_delay(), LONGEST_DELAY),
        (table.startup_grace(), LONGEST_DELAY),
        (table.unknown_hold(), LONGEST_WAIT),
    ] {
        if at.value.0 > longest {
            faults.push(at.fault(format!("must be at most {}", Span(longest))));
        }
    }
    let last_resort = table.last_resort.as_ref();
    faults.extend(last_resort.and_then(not_a_place_for_people));
    let pin = table.pin.as_ref();
    let pin = pin.and_then(|at| pinned(at, &networks, around, faults, warnings));
    let name: Name = name.into();
    Judged {
        plan: GroupPlan {
            preempt: table.preempt().value.0,
            preempt_delay: table.preempt_delay().value.0,
            startup_grace: table.startup_grace().value.0,
            unknown_hold: table.unknown_hold().value.0,
            failover_on_degraded: table.failover_on_degraded().value,
            ..GroupPlan::new(name.clone(), networks)
        },
        settings: GroupSettings {
            name,
            last_resort: last_resort.map(|at| at.value.clone()),
            pin,
        },
        table,
    }
}

fn pinned(
    pin: &At<PinTable>,
    networks: &[Name],
    around: &Surroundings<'_>,
    faults: &mut Vec<Fault>,
    warnings: &mut Vec<Fault>,
) -> Option<Pin> {
    let (network, until) = (&pin.value.network, &pin.value.until);
    if network.is_none() {
        let sentence = "is missing: say which network of the group is pinned";
        faults.push(pin.place.below("network").fault(sentence));
    }
    if until.is_none() {
        let sentence = "is missing: say until when, such as \"2026-12-01T22:00:00Z\"";
        faults.push(pin.place.below("until").fault(sentence));
    }
    let (network, until) = (network.as_ref()?, until.as_ref()?);
    let Some(name) = networks.iter().find(|name| ***name == *network.value) else {
        let hint = hint(&network.value, networks.iter().map(|name| &**name));
        let shown = printable(&network.value);
        faults.push(network.fault(format!("`{shown}` is not in this group{hint}")));
        return None;
    };
    let found = around.networks.iter().find(|it| it.plan.name == *name);
    if until.value.wall() <= around.now {
        warnings.push(until.fault(format!("{} is past: nothing is pinned", until.value)));
    } else if found.is_some_and(|it| !it.plan.enabled) {
        let sentence = format!("`{name}` has enabled = false: nothing is pinned");
        warnings.push(network.fault(sentence));
    }
    Some(Pin {
        network: name.clone(),
        until: until.value.wall(),
    })
}

/// What is wrong with an address that people are sent to, and that everybody is shown.
pub(crate) fn not_a_place_for_people(at: &At<String>) -> Option<Fault> {
    let url = url::Url::parse(&at.value).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
    let Some(url) = url else {
        return Some(at.fault("must be an http or https URL: people are sent there"));
    };
    if !url.username().is_empty() || url.password().is_some() {
        let sentence = "must not hold a user name or a password: everybody sees it";
        return Some(at.fault(sentence));
    }
    // The parser passes over some of them, and the line of a group would end in the middle.
    let strange = |c: char| c.is_whitespace() || is_harmful(c);
    let sentence = "must not hold a space or an invisible character: write %20 and the like";
    at.value.chars().any(strange).then(|| at.fault(sentence))
}
