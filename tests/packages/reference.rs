//! The tables of docs/configuration.md, made from what bascule.toml(5) is made from.

use std::fmt::Write as _;
use std::fs;

use regex::Regex;

use super::keys::{Item, Key, OF_THE_FILE, capitalised, read};
use super::{REFRESH, root};

const BEGIN: &str = "<!-- keys: begin -->\n";
const END: &str = "<!-- keys: end -->";

#[test]
fn the_reference_of_the_configuration_is_config_example_toml() {
    let example = fs::read_to_string(root().join("config.example.toml")).unwrap();
    let path = root().join("docs/configuration.md");
    let written = fs::read_to_string(&path).unwrap();
    let (head, rest) = written.split_once(BEGIN).unwrap();
    let (_, tail) = rest.split_once(END).unwrap();
    let fresh = format!("{head}{BEGIN}\n{}\n{END}{tail}", tables(&read(&example)));
    if std::env::var_os("BASCULE_REFRESH").is_some() {
        fs::write(&path, fresh).unwrap();
        return;
    }
    let mut lines = written.lines().zip(fresh.lines());
    let differs = lines.find(|(old, new)| old != new);
    assert!(
        written == fresh,
        "docs/configuration.md is not config.example.toml, first at {differs:?}; run {REFRESH}"
    );
}

#[test]
fn a_row_has_the_key_its_default_and_the_sentence() {
    let items = read(
        "# The file.\n\n[a]\nb = [\"|\"] # true: c|d\n# e = \"f\" # See docs/g.md\n\n\
         # ---\n# Part: with words.\n\nlist = [\n    1,\n    2, # two\n]\n",
    );
    assert_eq!(
        tables(&items),
        "### `[a]`\n\n| key | default | what |\n|---|---|---|\n\
         | `b` | `[\"\\|\"]` | true: c\\|d |\n| `e` | none, e.g. `\"f\"` | See [g.md](g.md) |\n\n\
         ## Part\n\nWith words.\n\n| key | default | what |\n|---|---|---|\n\
         | `list` | `[ 1, 2, ]` | Two |\n"
    );
}

fn tables(items: &[Item]) -> String {
    let document = Regex::new(r"\bdocs/([a-z-]+\.md)").unwrap();
    let tables = rows(items);
    document.replace_all(&tables, "[$1]($1)").into_owned()
}

fn rows(items: &[Item]) -> String {
    let mut text = String::new();
    let mut in_table = false;
    // The first paragraph says what the file is; the page has said it.
    for item in &items[1..] {
        let is_key = matches!(item, Item::Key(_));
        if is_key && !in_table {
            text += "| key | default | what |\n|---|---|---|\n";
        } else if !is_key && in_table {
            text += "\n";
        }
        in_table = is_key;
        _ = match item {
            Item::Part(name) => writeln!(text, "## {name}\n"),
            Item::Table(name, words) if words.is_empty() => writeln!(text, "### `{name}`\n"),
            Item::Table(name, words) => writeln!(text, "### `{name}`\n\n{words}\n"),
            Item::Prose(words) if words.is_empty() => Ok(()),
            Item::Prose(words) => writeln!(text, "{}\n", words.replace(OF_THE_FILE, "")),
            Item::Key(key) => writeln!(text, "{}", row(key)),
        };
    }
    text
}

fn row(key: &Key) -> String {
    let lines: Vec<&str> = key.value.iter().map(|line| line.trim()).collect();
    let none = if key.is_example { "none, e.g. " } else { "" };
    // A bar would end the cell, in code too.
    let [value, words] = [lines.join(" "), capitalised(&key.text)].map(|it| it.replace('|', "\\|"));
    format!("| `{}` | {none}`{value}` | {words} |", key.name)
}
