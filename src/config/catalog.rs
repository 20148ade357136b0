//! The catalog: what is known of public networks, one file each, embedded in the binary.
//!
//! A catalog file is the body of a `[network.NAME]` table plus the keys of [`Preset`]. An
//! endpoint whose name holds `${instance}` is a template: it stands for one endpoint per item
//! of `instances`.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::compile;
use super::decode::Reader;
use super::endpoint::Endpoint;
use super::fault::{At, Fault, Place, printable};
use super::file::Preset;
use super::values::INSTANCE;

/// Names and texts of the files in `catalog/`.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/catalog.rs"));

/// A network of the catalog.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The name of the file, of the preset, and of the network by default.
    pub(crate) name: String,
    /// Everything but the endpoints.
    pub(crate) preset: Preset,
    /// Endpoints and templates, in the order of the file.
    endpoints: Vec<At<Endpoint>>,
}

/// All of them, in their order.
#[derive(Clone, Debug)]
pub(crate) struct Catalog {
    /// The entries.
    pub(crate) entries: Vec<Entry>,
    /// What is wrong with the files; a test sees to it that it is nothing.
    pub(crate) faults: Vec<Fault>,
}

impl Catalog {
    /// The one in the binary, which never changes and is read once.
    pub(crate) fn embedded() -> &'static Self {
        static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::read(FILES));
        &CATALOG
    }

    /// Reads catalog files: names and texts.
    fn read(files: &[(&str, &str)]) -> Self {
        let mut entries = Vec::new();
        let mut faults = Vec::new();
        for (name, text) in files {
            let file = format!("catalog/{name}.toml");
            let mut document = Reader::document::<Preset>(&file, None, text);
            faults.append(&mut document.faults);
            let mut preset = document.table;
            let whole = Place {
                file: file.as_str().into(),
                line: Some(1),
                offset: 0,
                key: "".into(),
            };
            let network = &preset.network;
            let missing = [
                ("order", preset.order.is_none()),
                ("home", preset.home.is_none()),
                ("title", network.title.is_none()),
            ];
            for (key, missing) in missing {
                if missing {
                    faults.push(whole.below(key).fault("is missing: every preset says it"));
                }
            }
            for at in [&network.preset, &network.profile].into_iter().flatten() {
                faults.push(at.fault("is for users, not for a preset"));
            }
            let pattern = preset.profile_pattern.as_ref();
            faults.extend(pattern.and_then(|at| compile::pattern(at).err()));
            let endpoints = preset.network.take_endpoints();
            entries.push(Entry {
                name: (*name).to_owned(),
                preset,
                endpoints,
            });
        }
        entries.sort_by_key(|entry| entry.preset.order.as_ref().map(|order| order.value));
        for pair in entries.windows(2) {
            if let [
                Entry { preset: a, .. },
                Entry {
                    preset: Preset { order: Some(b), .. },
                    ..
                },
            ] = pair
                && a.order.as_ref().is_some_and(|a| a.value == b.value)
            {
                faults.push(b.fault("is the order of another preset too"));
            }
        }
        Self { entries, faults }
    }

    /// The entry of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// The hosts that its endpoints name.
    pub(crate) fn hosts(&self) -> BTreeSet<String> {
        let endpoints = self.entries.iter().flat_map(|entry| {
            let instances = entry.preset.network.instances.as_ref();
            entry.endpoints(instances.map_or(&[][..], |list| &list.value))
        });
        endpoints.filter_map(|at| at.value.host()).collect()
    }

    /// All names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }
}

impl Entry {
    /// Whether it has endpoints per instance.
    pub(crate) fn has_template(&self) -> bool {
        self.endpoints.iter().any(|at| is_template(&at.value))
    }

    /// Its endpoints, for these instances.
    pub(crate) fn endpoints(&self, instances: &[At<String>]) -> Vec<At<Endpoint>> {
        let mut expanded = Vec::new();
        for at in &self.endpoints {
            if !is_template(&at.value) {
                expanded.push(at.clone());
                continue;
            }
            for instance in instances {
                let mut at = at.clone();
                at.value.expand(&instance.value);
                expanded.push(at);
            }
        }
        expanded
    }
}

fn is_template(endpoint: &Endpoint) -> bool {
    let name = endpoint.common().name.as_ref();
    name.is_some_and(|name| name.value.0.contains(INSTANCE))
}

/// Says what is wrong with the name of an instance: it must be a host name, for it goes into
/// URLs, names and patterns.
pub(crate) fn check_instance(instance: &At<String>) -> Option<Fault> {
    let text = &instance.value;
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
    let fine = !text.is_empty()
        && text.len() <= 253
        && text.chars().all(allowed)
        && text.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
        });
    (!fine).then(|| {
        instance.fault(format!(
            "`{}` is not a host name in small letters, such as \"mastodon.social\"",
            printable(text)
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_catalog_file_must_say_what_only_it_can_say() {
        let endpoint = "[[tcp]]\nname = \"a\"\naddress = \"a.example:1\"\n";
        let a = format!("order = 1\ntitle = \"A\"\nhome = \"https://a/\"\n{endpoint}");
        let b = format!(
            "order = 1\nprofile = \"x\"\nprofile_pattern = \"(\"\nca_file = \"f\"\n{endpoint}"
        );
        let told = Catalog::read(&[("a", &a), ("b", &b)]).faults;
        let told: Vec<String> = told.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "catalog/b.toml:4: ca_file: names a file, and a preset has none",
                "catalog/b.toml:1: home: is missing: every preset says it",
                "catalog/b.toml:1: title: is missing: every preset says it",
                "catalog/b.toml:2: profile: is for users, not for a preset",
                "catalog/b.toml:3: profile_pattern: is not a regular expression: unclosed group",
                "catalog/b.toml:1: order: is the order of another preset too",
            ]
        );
        assert_eq!(Catalog::embedded().faults, []);
    }

    #[test]
    fn a_template_becomes_one_endpoint_per_instance_in_every_key() {
        let text = r#"
order = 1
title = "A"
home = "https://a/"
instances = ["one.example"]
[[http]]
name = "${instance}"
url = "https://${instance}/"
headers = { Origin = "https://${instance}" }
tls.server_name = "${instance}"
expect.body_matches = ["^${instance}$"]
expect.json = "body.domain == '${instance}'"
[[dns]]
name = "${instance}-dns"
query = "${instance}"
[[tcp]]
name = "other"
address = "other.example:1"
"#;
        let catalog = Catalog::read(&[("a", text)]);
        assert_eq!(catalog.faults, []);
        let instance = At::default_of("", "Two.example".to_lowercase());
        let mut lines = String::new();
        for at in catalog.entries[0].endpoints(&[instance]) {
            at.value.lines(&mut lines);
        }
        assert_eq!(
            lines,
            r#"name = "two-example"
url = "https://two.example/"
headers = { Origin = "https://two.example" }
tls.server_name = "two.example"
expect.body_matches = ['^two\.example$']
expect.json = "body.domain == 'two.example'"
name = "two-example-dns"
query = "two.example"
name = "other"
address = "other.example:1"
"#
        );
    }
}
