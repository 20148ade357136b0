//! The catalog as the world needs it: which hosts, paths and literal addresses there are.
//!
//! Reads the files as plain TOML, not through the daemon's own loader: the world must not share
//! the mistakes of what it tests.

use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;
use std::path::Path;

use toml::{Table, Value};

/// One endpoint of the catalog, templates written out.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) network: String,
    /// On without any configuration.
    pub(crate) by_default: bool,
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) enabled: bool,
    pub(crate) weight: i64,
    /// The endpoint's table.
    pub(crate) table: Table,
    /// Host name or literal address.
    pub(crate) host: String,
    /// Path of a URL without its query.
    pub(crate) path: String,
}

/// The text of every file, by network.
pub(crate) fn files() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog");
    let mut files: Vec<_> = fs::read_dir(&folder)
        .expect("the catalog is a folder")
        .map(|entry| entry.expect("the catalog can be listed").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .map(|path| {
            let name = path.file_stem().expect("it has a name").to_string_lossy();
            let text = fs::read_to_string(&path).expect("a catalog file can be read");
            (name.into_owned(), text)
        })
        .collect();
    files.sort();
    files
}

/// Every endpoint of the catalog.
pub(crate) fn entries() -> Vec<Entry> {
    let mut entries = Vec::new();
    for (network, text) in files() {
        let file: Table = text
            .parse()
            .unwrap_or_else(|e| panic!("catalog/{network}.toml: {e}"));
        let by_default = file.get("default").and_then(Value::as_bool) == Some(true);
        let instances: Vec<&str> = file
            .get("instances")
            .and_then(Value::as_array)
            .map(|list| list.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        for kind in ["http", "tls", "tcp", "dns"] {
            let Some(tables) = file.get(kind).and_then(Value::as_array) else {
                continue;
            };
            for table in tables.iter().filter_map(Value::as_table) {
                let template = table["name"].as_str().expect("an endpoint has a name");
                let copies: Vec<Option<&str>> = if template.contains("${instance}") {
                    instances.iter().copied().map(Some).collect()
                } else {
                    vec![None]
                };
                for instance in copies {
                    entries.push(entry(&network, by_default, kind, table, instance));
                }
            }
        }
    }
    entries
}

fn entry(
    network: &str,
    by_default: bool,
    kind: &'static str,
    table: &Table,
    instance: Option<&str>,
) -> Entry {
    let text = |key: &str| {
        let raw = table.get(key).and_then(Value::as_str).unwrap_or_default();
        raw.replace("${instance}", instance.unwrap_or_default())
    };
    let (host, path) = match kind {
        "http" => {
            let url = url::Url::parse(&text("url")).expect("a URL");
            let host = url.host_str().expect("it has a host").to_owned();
            (host, url.path().to_owned())
        }
        "tls" => (text("host"), String::new()),
        "tcp" => {
            let address = text("address");
            let (host, _) = address.rsplit_once(':').expect("it has a port");
            (host.to_owned(), String::new())
        }
        _ => (text("query"), String::new()),
    };
    Entry {
        network: network.to_owned(),
        by_default,
        name: text("name").replace('.', "-"),
        kind,
        enabled: table.get("enabled").and_then(Value::as_bool) != Some(false),
        weight: table.get("weight").and_then(Value::as_integer).unwrap_or(1),
        table: table.clone(),
        host,
        path,
    }
}

/// Every host name in the catalog.
pub(super) fn hosts() -> BTreeSet<String> {
    entries()
        .into_iter()
        .map(|entry| entry.host)
        .filter(|host| host.parse::<IpAddr>().is_err())
        .collect()
}

/// Every literal address in the catalog.
pub(super) fn literals() -> BTreeSet<IpAddr> {
    entries()
        .into_iter()
        .filter_map(|entry| entry.host.parse().ok())
        .collect()
}

/// The networks that are on without any configuration, in their order of preference.
pub(crate) fn default_order() -> Vec<String> {
    let mut networks: Vec<(i64, String)> = files()
        .into_iter()
        .filter_map(|(name, text)| {
            let file: Table = text.parse().expect("a catalog file is TOML");
            let on = file.get("default").and_then(Value::as_bool) == Some(true);
            on.then(|| (file["order"].as_integer().expect("a number"), name))
        })
        .collect();
    networks.sort();
    networks.into_iter().map(|(_, name)| name).collect()
}
