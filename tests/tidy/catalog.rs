//! docs/catalog.md has every network of the catalog, as its file says it.

use std::fmt::Write as _;
use std::fs;

use toml::{Table, Value};

use super::documentation::{between, is_up_to_date};
use super::root;

/// A file of the catalog.
struct Network {
    name: String,
    /// Its first comment, without the explanation of the tags.
    comment: Vec<String>,
    table: Table,
}

impl Network {
    fn text(&self, key: &str) -> &str {
        self.table.get(key).and_then(Value::as_str).unwrap_or("")
    }

    fn number(&self, key: &str) -> i64 {
        let number = self.table.get(key).and_then(Value::as_integer);
        number.unwrap_or_else(|| panic!("catalog/{}.toml has no {key}", self.name))
    }

    fn list(&self, key: &str) -> Vec<&str> {
        let list = self.table.get(key).and_then(Value::as_array);
        let list = list.map(|list| list.iter().filter_map(Value::as_str).collect());
        list.unwrap_or_default()
    }

    fn is_default(&self) -> bool {
        self.table.get("default").and_then(Value::as_bool) == Some(true)
    }

    fn endpoints(&self) -> impl Iterator<Item = (&'static str, &Table)> {
        ["http", "tls", "tcp", "dns"].into_iter().flat_map(|kind| {
            let tables = self.table.get(kind).and_then(Value::as_array);
            let tables = tables.into_iter().flatten().filter_map(Value::as_table);
            tables.map(move |table| (kind, table))
        })
    }
}

#[test]
fn the_documentation_of_the_catalog_is_the_catalog() {
    let networks = networks();
    let path = root().join("docs/catalog.md");
    let written = fs::read_to_string(&path).expect("docs/catalog.md can be read");
    let fresh = between(&written, "overview", &overview(&networks));
    let fresh = between(&fresh, "networks", &sections(&networks));
    is_up_to_date("docs/catalog.md", &written, &fresh);
}

/// In their order of preference.
fn networks() -> Vec<Network> {
    let folder = fs::read_dir(root().join("catalog")).expect("there is a catalog");
    let mut networks: Vec<Network> = folder
        .map(|entry| entry.expect("it can be listed").path())
        .map(|path| {
            let text = fs::read_to_string(&path).expect("it can be read");
            let comment = text.lines().map_while(|line| line.strip_prefix('#'));
            let comment = comment.take_while(|line| !line.starts_with(" Tags:"));
            let name = path.file_stem().expect("it has a name").to_string_lossy();
            Network {
                name: name.into_owned(),
                comment: comment.map(|line| line.trim_end().to_owned()).collect(),
                table: text.parse().unwrap_or_else(|e| panic!("{path:?}: {e}")),
            }
        })
        .collect();
    networks.sort_by_key(|network| (!network.is_default(), network.number("order")));
    networks
}

fn overview(networks: &[Network]) -> String {
    let mut text = String::from(
        "| network | preset | on by default | falls with | quorum | endpoints | off unless enabled |\n\
         |---|---|---|---|---:|---:|---:|\n",
    );
    for network in networks {
        let instances = network.list("instances").len().max(1);
        let count = |wanted: bool| -> usize {
            let endpoints = network.endpoints().filter(|(_, it)| is_on(it) == wanted);
            let copies = endpoints.map(|(_, it)| match name(it).contains("${instance}") {
                true => instances,
                false => 1,
            });
            copies.sum()
        };
        _ = writeln!(
            text,
            "| [{}](#{}) | `{}` | {} | {} | {} | {} | {} |",
            network.text("title"),
            network.text("title").to_lowercase(),
            network.name,
            if network.is_default() { "yes" } else { "no" },
            network.list("failure_domains").join(", "),
            network.number("quorum"),
            count(true),
            count(false),
        );
    }
    text
}

fn sections(networks: &[Network]) -> String {
    let mut text = String::new();
    for network in networks {
        _ = writeln!(text, "\n### {}\n", network.text("title"));
        text += &prose(&network.comment);
        text += "\n| endpoint | kind | what is asked | every | counts |\n|---|---|---|---|---|\n";
        for (kind, endpoint) in network.endpoints() {
            let of = |key: &str| endpoint.get(key).and_then(Value::as_str);
            let target = match kind {
                "dns" => format!(
                    "{} {}",
                    of("query").unwrap_or(""),
                    of("type").unwrap_or("A")
                ),
                _ => {
                    let target = ["url", "host", "address"].into_iter().find_map(of);
                    target.expect("it has a target").to_owned()
                }
            };
            let every = of("interval").unwrap_or_else(|| network.text("interval"));
            let (name, counts) = (name(endpoint), counts(endpoint));
            _ = writeln!(
                text,
                "| `{name}` | {kind} | `{target}` | {every} | {counts} |"
            );
        }
        let instances = network.list("instances");
        if !instances.is_empty() {
            _ = writeln!(text, "\n`${{instance}}`: {}.", instances.join(", "));
        }
    }
    text + "\n"
}

fn name(endpoint: &Table) -> &str {
    let name = endpoint.get("name").and_then(Value::as_str);
    name.expect("an endpoint has a name")
}

fn is_on(endpoint: &Table) -> bool {
    endpoint.get("enabled").and_then(Value::as_bool) != Some(false)
}

fn counts(endpoint: &Table) -> &'static str {
    let is = |key: &str| endpoint.get(key).and_then(Value::as_bool) == Some(true);
    let weight = endpoint.get("weight").and_then(Value::as_integer);
    match (is_on(endpoint), weight.unwrap_or(1)) {
        (false, _) => "off",
        (true, 0) => "no, watched",
        (true, _) if is("required") => "required",
        (true, _) => "yes",
    }
}

/// A comment as Markdown; what is indented is configuration.
fn prose(comment: &[String]) -> String {
    let mut text = String::new();
    let mut in_code = false;
    for line in comment {
        let is_code = line.starts_with("     ");
        if is_code != in_code {
            text += if is_code { "\n```toml\n" } else { "```\n\n" };
            in_code = is_code;
        }
        let line = line.strip_prefix(if is_code { "     " } else { " " });
        text += line.unwrap_or("");
        text.push('\n');
    }
    text.trim_end().to_owned() + "\n"
}
