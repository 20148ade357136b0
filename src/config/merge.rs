//! Which networks there are, and what the user's file makes of their presets.
//!
//! * No `[network.*]` table: the catalog's default networks, in the order of the catalog.
//! * With tables: exactly those, in the order of the file.
//! * In both cases also the catalog networks that a group names, in the order of the groups.
//!
//! A network is made from the preset it names. One that names none and has no endpoints of its
//! own is made from the preset of its own name; one with endpoints and no `preset` takes nothing
//! from the catalog, whatever it is called.
//!
//! A key is looked for in this order, and the first place that has it decides:
//! the user's endpoint, the preset's endpoint, the user's network, the preset's network, the
//! user's `[probe]`, the code. So an interval that a preset gives to one of its endpoints stays
//! until the user sets it on that endpoint; one that it gives to the network gives way to the
//! user's network.

use std::collections::HashMap;

use super::catalog::{Catalog, Entry, check_instance};
use super::endpoint::Endpoint;
use super::fault::{At, Fault, Place, did_you_mean, printable};
use super::file::{File, Network};
use super::lists::Named;
use super::values::Pattern;

/// A network with its preset and the user's changes laid over each other, key by key.
#[derive(Clone, Debug)]
pub(crate) struct Merged {
    /// Its name.
    pub(crate) name: String,
    /// Where the user, or else the catalog, wrote of it.
    pub(crate) place: Place,
    /// Its keys, without endpoints.
    pub(crate) network: Network,
    /// Its endpoints, disabled ones included; names are there, valid and unique.
    pub(crate) endpoints: Vec<At<Endpoint>>,
    /// The catalog entry it is made from.
    pub(crate) preset: Option<String>,
    /// Its home page.
    pub(crate) home: Option<String>,
    /// What a profile looks like.
    pub(crate) profile_pattern: Option<Pattern>,
}

/// Lays the user's networks over the catalog's.
pub(crate) fn merge(file: &mut File, catalog: &Catalog, faults: &mut Vec<Fault>) -> Vec<Merged> {
    let written = file.network.take();
    let named = file.group.iter().flat_map(|groups| &groups.value);
    let named = named.flat_map(|group| group.value.networks.iter().flat_map(|n| &n.value));
    let mut merged = Vec::new();
    match written {
        Some(At {
            value: Named(networks),
            ..
        }) if !networks.is_empty() => {
            for (name, at) in networks {
                if let Some(fault) = check_name(&name, &at.place, "a network") {
                    faults.push(fault);
                    continue;
                }
                merged.push(from_table(name, at, catalog, faults));
            }
        }
        _ => {
            let default = |entry: &&Entry| entry.preset.default().value;
            for entry in catalog.entries.iter().filter(default) {
                merged.push(from_catalog(entry, faults));
            }
        }
    }
    for name in named {
        let known = merged.iter().any(|network| network.name == name.value);
        if let Some(entry) = catalog.get(&name.value)
            && !known
        {
            merged.push(from_catalog(entry, faults));
        }
    }
    merged
}

/// What is wrong with a name: `[a-z0-9_-]+`, and `none` is what "no network" is called.
pub(crate) fn check_name(name: &str, place: &Place, what: &str) -> Option<Fault> {
    let allowed = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '_' | '-');
    if name.is_empty() || name.len() > 64 || !name.chars().all(allowed) {
        let name = printable(name);
        let rule = "1 to 64 of a-z, 0-9, _ and -";
        return Some(place.fault(format!("`{name}` cannot be the name of {what}: {rule}")));
    }
    let reserved = "is reserved: `none` is what stands where no network is active";
    (name == "none").then(|| place.fault(reserved))
}

fn from_catalog(entry: &Entry, faults: &mut Vec<Fault>) -> Merged {
    let place = Place {
        file: format!("catalog/{}.toml", entry.name).into(),
        line: Some(1),
        offset: 0,
        key: "".into(),
    };
    let table = At {
        value: Network::default(),
        place,
    };
    with_preset(entry.name.clone(), table, entry, faults)
}

fn from_table(
    name: String,
    mut table: At<Network>,
    catalog: &Catalog,
    faults: &mut Vec<Fault>,
) -> Merged {
    let network = &table.value;
    let has_endpoints = network.http.is_some()
        || network.tls.is_some()
        || network.tcp.is_some()
        || network.dns.is_some();
    let entry = match &network.preset {
        Some(preset) => {
            let entry = catalog.get(&preset.value);
            if entry.is_none() {
                let hint = match did_you_mean(&preset.value, catalog.names()) {
                    Some(name) => format!("did you mean \"{name}\"?"),
                    None => format!(
                        "there are {}",
                        catalog.names().collect::<Vec<_>>().join(", ")
                    ),
                };
                let wrong = printable(&preset.value);
                faults.push(preset.fault(format!("there is no preset `{wrong}`; {hint}")));
            }
            entry
        }
        None if !has_endpoints => catalog.get(&name),
        None => None,
    };
    if let Some(entry) = entry {
        return with_preset(name, table, entry, faults);
    }
    if let Some(instances) = &table.value.instances {
        faults.push(instances.fault("needs a preset that has endpoints per instance: mastodon"));
    }
    let mut endpoints = Vec::new();
    let own = table.value.take_endpoints();
    lay_over(&mut endpoints, own, faults);
    if endpoints.is_empty() && !has_endpoints && table.value.preset.is_none() {
        let hint = match did_you_mean(&name, catalog.names()) {
            Some(preset) => format!("did you mean `{preset}`?"),
            None => "add [[network.NAME.http]] or a preset".to_owned(),
        };
        faults.push(table.place.fault(format!(
            "has no endpoints and is not in the catalog; {hint}"
        )));
    }
    Merged {
        name,
        place: table.place,
        network: table.value,
        endpoints,
        preset: None,
        home: None,
        profile_pattern: None,
    }
}

fn with_preset(
    name: String,
    mut user: At<Network>,
    entry: &Entry,
    faults: &mut Vec<Fault>,
) -> Merged {
    use super::decode::Table as _;

    let own = user.value.take_endpoints();
    let mut network = entry.preset.network.clone();
    if let Some(instances) = &user.value.instances {
        if !entry.has_template() {
            let sentence = format!(
                "the preset \"{}\" has no endpoints per instance",
                entry.name
            );
            faults.push(instances.fault(sentence));
        }
        if instances.value.is_empty() {
            faults.push(instances.fault("is empty: name at least one instance"));
        }
        faults.extend(instances.value.iter().filter_map(check_instance));
        // A quorum that was made for the preset's own instances means nothing for others.
        network.quorum = None;
        network.hysteresis = None;
    }
    network.merge_table(user.value);
    let mut instances: Vec<At<String>> = Vec::new();
    for at in network.instances.iter().flat_map(|list| &list.value) {
        // Endpoints are named after them, and a name has no dots.
        let name = |at: &At<String>| at.value.replace('.', "-");
        if instances.iter().any(|known| name(known) == name(at)) {
            let shown = printable(&at.value);
            faults.push(at.fault(format!("`{shown}` is there twice, or is too like another")));
        } else {
            instances.push(at.clone());
        }
    }
    let mut endpoints = Vec::new();
    lay_over(&mut endpoints, entry.endpoints(&instances), faults);
    lay_over(&mut endpoints, own, faults);
    Merged {
        name,
        place: user.place,
        network,
        endpoints,
        preset: Some(entry.name.clone()),
        home: entry.preset.home.as_ref().map(|at| at.value.clone()),
        profile_pattern: entry
            .preset
            .profile_pattern
            .as_ref()
            .map(|at| at.value.clone()),
    }
}

/// Lays endpoints over those that are there: the same name merges, a new one is added.
fn lay_over(endpoints: &mut Vec<At<Endpoint>>, over: Vec<At<Endpoint>>, faults: &mut Vec<Fault>) {
    let known: HashMap<String, usize> = endpoints
        .iter()
        .enumerate()
        .filter_map(|(index, at)| Some((name_of(at)?.to_owned(), index)))
        .collect();
    let mut seen: HashMap<String, Option<usize>> = HashMap::new();
    for at in over {
        let kind = at.value.kind();
        let Some(name) = at.value.common().name.clone() else {
            faults.push(
                at.place
                    .below("name")
                    .fault("is missing: every endpoint has a name"),
            );
            keep_for_its_faults(endpoints, at);
            continue;
        };
        let text = name.value.0.clone();
        if let Some(fault) = check_name(&text, &name.place, "an endpoint") {
            faults.push(fault);
            keep_for_its_faults(endpoints, at);
            continue;
        }
        if let Some(line) = seen.insert(text.clone(), name.place.line) {
            let line = line.map_or_else(String::new, |line| format!(" (line {line})"));
            let sentence = format!(
                "`{text}` is the name of another endpoint of this network{line}: names are unique over all kinds"
            );
            faults.push(name.fault(sentence));
            keep_for_its_faults(endpoints, at);
            continue;
        }
        match known.get(&text) {
            None if !at.value.common().enabled().value && at.value.subject().1.is_none() => {
                let names = known.keys().map(String::as_str);
                let hint = match did_you_mean(&text, names) {
                    Some(name) => format!("; did you mean `{name}`?"),
                    None => String::new(),
                };
                faults.push(name.fault(format!("there is no endpoint `{text}` to disable{hint}")));
            }
            None => endpoints.push(at),
            Some(index) => {
                let under = &mut endpoints[*index];
                let preset_kind = under.value.kind();
                if under.value.merge(at.value) {
                    under.place = at.place;
                } else {
                    let sentence = format!(
                        "the preset's endpoint `{text}` is of kind {preset_kind}, this one of kind {kind}: give it another name"
                    );
                    faults.push(name.fault(sentence));
                }
            }
        }
    }
}

/// Keeps an endpoint that has no good name among the others, so that what else is wrong with it is
/// found too. One that says not what it probes may be a part of the preset's: of what is missing
/// from it nothing can be said.
fn keep_for_its_faults(endpoints: &mut Vec<At<Endpoint>>, mut at: At<Endpoint>) {
    if at.value.subject().1.is_some() {
        // No name that is allowed has such a sign.
        at.value.rename(format!("?{}", endpoints.len()));
        endpoints.push(at);
    }
}

fn name_of(at: &At<Endpoint>) -> Option<&str> {
    let name = at.value.common().name.as_ref()?;
    Some(&name.value.0)
}
