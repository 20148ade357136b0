//! bascule.toml(5), made from `config.example.toml`, which has every key, its default and a
//! sentence. What the file cannot say stands in `packaging/man/more/bascule.toml.man`.

use std::fmt::Write as _;
use std::fs;

use super::manual::installed;
use super::{is_up_to_date, root};

/// What the example consists of, in its order.
#[derive(Debug, PartialEq)]
pub(crate) enum Item {
    /// A part of the file, between rules.
    Part(String),
    /// A paragraph.
    Prose(String),
    /// `[web]`, with what stands above it.
    Table(String, String),
    Key(Key),
}

#[derive(Debug, Default, PartialEq)]
pub(crate) struct Key {
    pub(crate) name: String,
    /// One line, or those of a list.
    pub(crate) value: Vec<String>,
    /// It is switched off, as there is no default.
    pub(crate) is_example: bool,
    pub(crate) text: String,
}

#[test]
fn the_manual_page_of_the_configuration_is_config_example_toml() {
    let example = fs::read_to_string(root().join("config.example.toml")).unwrap();
    let more = fs::read_to_string(root().join("packaging/man/more/bascule.toml.man")).unwrap();
    let items = read(&example);
    for (table, keys) in bascule::config::keys() {
        for key in keys {
            let is_key = |item: &Item| match item {
                Item::Key(it) => {
                    it.name.split('.').any(|part| part == key) || it.value.concat().contains(key)
                }
                Item::Table(name, _) => name.contains(key),
                _ => false,
            };
            assert!(items.iter().any(is_key), "`{key}` of `{table}` is not told");
        }
    }
    is_up_to_date("man/bascule.toml.5", &installed(&(page(&items) + &more)));
}

#[test]
fn a_key_is_told_with_its_value_and_the_comments_above_it_and_beside_it() {
    let items = read(
        "# The first.\n#\n# Of two.\n\n[web]\na = \"x # y\"  # one\n# b = 1 # two\n\n\
         # -----\n# Lists. Of many.\n\n# All of\n# them:\n[[c.d]]\n# Three.\nlist = [\n    1, # more\n    2,\n]\n",
    );
    let key = |name: &str, value: &[&str], is_example, text: &str| {
        Item::Key(Key {
            name: name.to_owned(),
            value: value.iter().map(|it| (*it).to_owned()).collect(),
            is_example,
            text: text.to_owned(),
        })
    };
    assert_eq!(
        items,
        [
            Item::Prose("The first.".to_owned()),
            Item::Prose("Of two.".to_owned()),
            Item::Table("[web]".to_owned(), String::new()),
            key("a", &["\"x # y\""], false, "one"),
            key("b", &["1"], true, "two"),
            Item::Part("Lists".to_owned()),
            Item::Prose("Of many.".to_owned()),
            Item::Table("[[c.d]]".to_owned(), "All of them:".to_owned()),
            key(
                "list",
                &["[", "    1,", "    2,", "]"],
                false,
                "Three. more"
            ),
        ]
    );
}

pub(crate) fn read(example: &str) -> Vec<Item> {
    let mut items = Vec::new();
    let mut above: Vec<String> = Vec::new();
    let mut begins = false;
    let mut lines = example.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("# ---") {
            begins = true;
        } else if line.starts_with('[') {
            items.push(Item::Table(line.to_owned(), told(&mut above)));
        } else if let Some(key) = key(line, &mut lines, &mut above) {
            items.push(Item::Key(key));
        } else if let Some(text) = line.strip_prefix('#').filter(|text| !text.is_empty()) {
            above.push(text.trim().to_owned());
        } else if !above.is_empty() {
            let mut prose = told(&mut above);
            if std::mem::take(&mut begins) {
                let at = prose.find(['.', ':']).unwrap();
                let rest = prose.split_off(at);
                items.push(Item::Part(prose));
                prose = capitalised(rest[1..].trim());
            }
            items.push(Item::Prose(prose));
        }
    }
    items
}

fn told(above: &mut Vec<String>) -> String {
    std::mem::take(above).join(" ")
}

/// A sentence; values stay as they are written.
pub(crate) fn capitalised(text: &str) -> String {
    if ["true", "false", "http "]
        .iter()
        .any(|word| text.starts_with(word))
    {
        return text.to_owned();
    }
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + chars.as_str()
}

/// The key of a line, with the lines that belong to it.
fn key<'a>(
    line: &str,
    lines: &mut impl Iterator<Item = &'a str>,
    above: &mut Vec<String>,
) -> Option<Key> {
    let (is_example, text) = match line.strip_prefix("# ") {
        Some(text) => (true, text),
        None => (false, line),
    };
    let (name, rest) = text.split_once(" = ")?;
    let is_name = |c: char| c.is_ascii_lowercase() || c == '_' || c == '.';
    if !name.chars().all(is_name) {
        return None;
    }
    let (value, beside) = halves(rest);
    let mut key = Key {
        name: name.to_owned(),
        is_example,
        value: vec![value.to_owned()],
        text: told(above),
    };
    let mut beside = vec![beside];
    if value == "[" {
        for line in lines {
            let (value, comment) = halves(line);
            beside.push(comment);
            if !value.trim().is_empty() {
                key.value.push(value.to_owned());
            }
            if value == "]" {
                break;
            }
        }
    }
    for comment in beside.into_iter().filter(|comment| !comment.is_empty()) {
        if !key.text.is_empty() {
            key.text.push(' ');
        }
        key.text.push_str(comment);
    }
    Some(key)
}

/// What stands before the comment of a line, and the comment.
fn halves(line: &str) -> (&str, &str) {
    let mut quote = None;
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None, '#') => return (line[..at].trim_end(), line[at + 1..].trim()),
            _ => {}
        }
    }
    (line.trim_end(), "")
}

fn page(items: &[Item]) -> String {
    let mut page = format!(
        ".TH bascule.toml 5 \"\" \"bascule {}\" \"bascule\"\n{}\
         .SH NAME\nbascule.toml \\- configuration of bascule\n\
         .SH DESCRIPTION\n\
         The configuration is a file in TOML: \\fI/etc/bascule/config.toml\\fR if\n\
         .B \\-\\-config\nnames no other.\n\
         Without that file, or with an empty one, bascule watches the networks of its catalog.\n\
         .PP\n\
         This page has every key with its default. What is written\n\
         .I for example\n\
         has no default. The names x, mastodon, website and crisis stand for yours.\n",
        env!("CARGO_PKG_VERSION"),
        super::manual::UNBROKEN
    );
    // The first paragraph says what the file is; the page has said it.
    for item in &items[1..] {
        match item {
            Item::Part(name) => heading(&mut page, "SH", &name.to_uppercase()),
            Item::Prose(text) if text.is_empty() => {}
            Item::Prose(text) => {
                let text = text.replace(OF_THE_FILE, "");
                _ = writeln!(page, ".PP\n{}", roff(&text));
            }
            Item::Table(name, text) => {
                heading(&mut page, "SS", name);
                if !text.is_empty() {
                    _ = writeln!(page, "{}", roff(text));
                }
            }
            Item::Key(key) => tell(&mut page, key),
        }
    }
    page
}

/// What the example says of itself, and is not so on a page.
pub(crate) const OF_THE_FILE: &str =
    "Lines that begin with `#` and a key show keys that have no default. ";

fn heading(page: &mut String, kind: &str, text: &str) {
    _ = writeln!(page, ".{kind} \"{}\"", roff(text));
}

fn tell(page: &mut String, key: &Key) {
    let name = format!("\\fB{}\\fR", roff(&key.name));
    let text = capitalised(&key.text);
    match &key.value[..] {
        [value] => {
            let between = if key.is_example {
                ", for example "
            } else {
                " = "
            };
            _ = writeln!(
                page,
                ".TP\n{name}{between}\\fI{}\\fR\n{}",
                roff(value),
                roff(&text)
            );
        }
        lines => {
            _ = writeln!(page, ".TP\n{name}\n{}", roff(&text));
            for line in lines {
                _ = writeln!(page, ".br\n\\fI{}\\fR", roff(line.trim()));
            }
        }
    }
}

/// A text that means nothing to roff.
fn roff(text: &str) -> String {
    let text = text
        .replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('\'', "\\(aq")
        .replace('"', "\\(dq")
        .replace('^', "\\(ha")
        .replace('~', "\\(ti");
    match text.starts_with('.') {
        true => format!("\\&{text}"),
        false => text,
    }
}
