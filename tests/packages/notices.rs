//! `packaging/notices.txt`: the licences of the libraries that are compiled into the binary, with the
//! notices that they ask to be passed on. Made from `Cargo.lock` and the sources of the crates.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{is_up_to_date, told};

/// How the text of a licence begins, and how the licence is called. Of those that a crate leaves to
/// choose, the first that it carries is taken: Apache-2.0 asks for its text only, once for all.
const BEGINNINGS: [(&str, &str); 9] = [
    ("Apache License", APACHE),
    ("Permission is hereby granted", "MIT"),
    ("Redistribution and use in source", "BSD-3-Clause"),
    ("Permission to use, copy, modify", "ISC"),
    ("This software is provided 'as-is'", "Zlib"),
    ("UNICODE LICENSE V3", "Unicode-3.0"),
    ("UNICODE, INC. LICENSE AGREEMENT", "Unicode-DFS-2016"),
    ("# Community Data License Agreement", "CDLA-Permissive-2.0"),
    ("The author disclaims copyright", "public domain"),
];
const APACHE: &str = "Apache-2.0";

/// A text about what is not compiled: as the README beside it says, an example and two tests.
const ELSEWHERE: (&str, &str) = ("crossbeam-channel", "LICENSE-THIRD-PARTY");
/// Folders that are not compiled into the binary.
const ASIDE: [&str; 4] = ["benches", "examples", "sqlcipher", "tests"];
/// How much of a source file is looked at: what is to be said of it stands at its head.
const SOURCE_HEAD: usize = 8192;

const HEAD: &str = "\
Libraries in the program bascule, and their licences

bascule itself is under the Apache License, version 2.0. These libraries are compiled in, each under
the licences below which it stands, with the copyright notices of its files. Where a library leaves
the choice of a licence, one is taken. Each text but that of Apache-2.0 stands here once; whoever
hands on the program alone hands on this file and LICENSE, which has that text.

So is the standard library of Rust, under Apache-2.0: copyright The Rust Project Developers, see
https://thanks.rust-lang.org.
";

const TEXT_OF_APACHE: &str = "\
The text is /usr/share/common-licenses/Apache-2.0 on Debian systems, LICENSE in the source of bascule,
and https://www.apache.org/licenses/LICENSE-2.0.
";

/// One wording of a licence, and whom it covers.
#[derive(Default)]
struct Wording {
    text: String,
    /// The copyright notices of each library.
    libraries: BTreeMap<String, BTreeSet<String>>,
}

/// By licence, and by the words of its text.
#[derive(Default)]
struct Notices(BTreeMap<(String, String), Wording>);

#[test]
fn the_notices_of_all_libraries_in_the_binary_are_handed_out_with_it() {
    let mut notices = Notices::default();
    let mut silent = Vec::new();
    for library in compiled_in() {
        for licence in library.tell(&mut notices) {
            silent.push((library.title.clone(), library.authors.clone(), licence));
        }
    }
    for (title, authors, licence) in silent {
        notices.add_silent(title, &authors, &licence);
    }
    is_up_to_date("notices.txt", &notices.written());
}

#[test]
fn a_licence_is_found_in_a_file_of_its_own_and_at_the_head_of_a_source() {
    let own = "The MIT License\n\nCopyright (c) 2020 A\n\nPermission is hereby granted to all.\n* Fine.\n";
    let source = "/* Copyright (c) 2020 A\n * All rights reserved.\n *\n * Permission is hereby granted\n\
                  \x20* to all. * Fine. */\n\n// Copyright 2021 [yyyy]\n\nfn main() {}\n// Copyright 2022 B\n";
    let text = |text: &str| vec![("MIT", text.to_owned())];
    assert_eq!(
        texts(own),
        text("Permission is hereby granted to all.\n* Fine.\n")
    );
    let blocks = comments(source);
    assert_eq!(blocks.len(), 2);
    assert_eq!(
        texts(&blocks[0]),
        text("Permission is hereby granted\nto all. * Fine.\n")
    );
    assert_eq!(
        copyright(&blocks.concat()),
        BTreeSet::from(["Copyright (c) 2020 A".to_owned()])
    );
    assert_eq!(words(&texts(own)[0].1), words(&texts(&blocks[0])[0].1));
}

impl Notices {
    fn add(&mut self, licence: &str, text: &str, library: &str, copyright: BTreeSet<String>) {
        let wording = self.0.entry((licence.to_owned(), words(text))).or_default();
        if wording.text.is_empty() {
            text.clone_into(&mut wording.text);
        }
        let lines = wording.libraries.entry(library.to_owned()).or_default();
        lines.extend(copyright);
    }

    /// A library that names its licence and does not carry the text: the usual one.
    fn add_silent(&mut self, library: String, authors: &[String], licence: &str) {
        let alike = self.0.iter_mut().filter(|((known, _), _)| known == licence);
        let usual = alike.max_by_key(|(_, wording)| wording.libraries.len());
        let Some((_, wording)) = usual else {
            panic!("{library} carries no text of {licence}, nor does another: add one to this test")
        };
        let authors = authors.iter().map(|it| format!("Author: {it}"));
        wording.libraries.insert(library, authors.collect());
    }

    fn written(&self) -> String {
        let mut all = HEAD.to_owned();
        for ((licence, _), wording) in &self.0 {
            _ = writeln!(all, "\n{}\n{licence}\n", "=".repeat(80));
            for (library, copyright) in &wording.libraries {
                _ = writeln!(all, "{library}");
                for line in copyright {
                    _ = writeln!(all, "    {line}");
                }
            }
            _ = write!(all, "\n{}", wording.text);
        }
        all
    }
}

/// A crate that is compiled in.
struct Library {
    name: String,
    /// With its version.
    title: String,
    folder: PathBuf,
    /// `MIT OR Apache-2.0`
    licence: String,
    authors: Vec<String>,
}

/// Libraries that end up in the binary: not those that only its build, a macro or a test runs.
fn compiled_in() -> Vec<Library> {
    let arguments = [
        "metadata",
        "--format-version=1",
        "--locked",
        "--quiet",
        "--filter-platform=x86_64-unknown-linux-gnu",
        "--filter-platform=aarch64-unknown-linux-gnu",
    ];
    let metadata = told(env!("CARGO"), "cargo", &arguments);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let by_id = |list: &Value| -> BTreeMap<String, Value> {
        let items = list.as_array().unwrap().iter();
        items.map(|it| (text(&it["id"]), it.clone())).collect()
    };
    let packages = by_id(&metadata["packages"]);
    let nodes = by_id(&metadata["resolve"]["nodes"]);
    let root = text(&metadata["resolve"]["root"]);
    let mut found = BTreeSet::from([root.clone()]);
    let mut next = vec![root.clone()];
    while let Some(id) = next.pop() {
        for dependency in nodes[&id]["deps"].as_array().unwrap() {
            let package = text(&dependency["pkg"]);
            let mut kinds = dependency["dep_kinds"].as_array().unwrap().iter();
            let is_linked = kinds.any(|it| it["kind"].is_null()) && !is_macro(&packages[&package]);
            if is_linked && found.insert(package.clone()) {
                next.push(package);
            }
        }
    }
    found.remove(&root);
    found.iter().map(|id| Library::new(&packages[id])).collect()
}

fn is_macro(package: &Value) -> bool {
    let mut targets = package["targets"].as_array().unwrap().iter();
    targets.any(|it| {
        it["kind"]
            .as_array()
            .unwrap()
            .contains(&"proc-macro".into())
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

impl Library {
    fn new(package: &Value) -> Self {
        let name = text(&package["name"]);
        let manifest = PathBuf::from(text(&package["manifest_path"]));
        let authors = package["authors"].as_array().unwrap().iter();
        Self {
            title: format!("{name} {}", text(&package["version"])),
            name,
            folder: manifest.parent().unwrap().to_owned(),
            licence: text(&package["license"]).replace('/', " OR "),
            authors: authors.map(text).collect(),
        }
    }

    /// Writes down what the library asks to have told, and returns the licences whose text it does
    /// not carry.
    fn tell(&self, notices: &mut Notices) -> Vec<String> {
        let mut files = Vec::new();
        collect(&self.folder, &mut files);
        let (legal, sources): (Vec<_>, Vec<_>) = files.into_iter().partition(|it| is_legal(it));
        let mut own = Vec::new();
        for file in legal {
            let notice = fs::read_to_string(&file).unwrap();
            let name = file.file_name().unwrap().to_str().unwrap();
            let folder = file.parent().unwrap();
            if (self.name.as_str(), name) == ELSEWHERE {
            } else if name.contains("THIRD-PARTY") || name == "NOTICE" {
                notices.add(name, &notice, &self.title, BTreeSet::new());
            } else if folder == self.folder {
                own.push(notice);
            } else {
                let part = folder.strip_prefix(&self.folder).unwrap().display();
                self.tell_part(notices, &format!("{}, {part}", self.title), &notice);
            }
        }
        let chosen = self.chosen(&own);
        let mut silent = Vec::new();
        let mut copyright_of_sources = BTreeSet::new();
        for block in sources.iter().flat_map(|file| comments(&head(file))) {
            if texts(&block).is_empty() {
                copyright_of_sources.extend(copyright(&block));
            } else {
                self.tell_part(notices, &self.title, &block);
            }
        }
        for licence in chosen {
            let mut of_all = copyright(&own.concat());
            of_all.append(&mut copyright_of_sources);
            if licence == APACHE {
                notices.add(APACHE, TEXT_OF_APACHE, &self.title, of_all);
                continue;
            }
            let fitting = own.iter().flat_map(|notice| texts(notice));
            let fitting: Vec<_> = fitting.filter(|(known, _)| *known == licence).collect();
            for (_, text) in &fitting {
                notices.add(&licence, text, &self.title, of_all.clone());
            }
            if fitting.is_empty() {
                silent.push(licence);
            }
        }
        silent
    }

    /// What stands beside or in the sources of a part, which may be somebody else's.
    fn tell_part(&self, notices: &mut Notices, part: &str, notice: &str) {
        if notice.contains("Apache License") {
            notices.add(APACHE, TEXT_OF_APACHE, part, copyright(notice));
            return;
        }
        for (licence, text) in texts(notice) {
            notices.add(licence, &text, part, copyright(notice));
        }
    }

    /// Of each choice that the library leaves, the licence that is taken.
    fn chosen(&self, own: &[String]) -> Vec<String> {
        let carried: Vec<_> = own.iter().flat_map(|notice| texts(notice)).collect();
        let is_carried = |name: &str| name == APACHE || carried.iter().any(|(it, _)| *it == name);
        let choices = self.licence.split(" AND ").map(|choice| {
            let options: Vec<&str> = choice
                .split(" OR ")
                .map(|it| it.trim_matches([' ', '(', ')']))
                .collect();
            let known = BEGINNINGS
                .iter()
                .map(|(_, name)| *name)
                .filter(|name| options.contains(name));
            let known: Vec<&str> = known.collect();
            let taken = known
                .iter()
                .find(|name| is_carried(name))
                .or_else(|| known.first());
            let Some(taken) = taken else {
                panic!(
                    "{}: how does the text of {choice} begin? Add it to this test",
                    self.title
                )
            };
            (*taken).to_owned()
        });
        choices.collect()
    }
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = folder
        .read_dir()
        .unwrap()
        .map(|it| it.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap().to_str().unwrap();
        if !path.is_dir() {
            found.push(path);
        } else if !ASIDE.contains(&name) {
            collect(&path, found);
        }
    }
}

fn is_legal(file: &Path) -> bool {
    let name = file.file_name().unwrap().to_str().unwrap();
    let is_source = file.extension().is_some_and(|it| it == "rs");
    let starts = ["LICEN", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"];
    !is_source && starts.iter().any(|it| name.to_uppercase().starts_with(it))
}

/// The head of a file of code; of others, nothing.
fn head(file: &Path) -> String {
    let kinds = ["rs", "c", "h", "inc", "S", "asm", "pl"];
    let extension = file
        .extension()
        .and_then(|it| it.to_str())
        .unwrap_or_default();
    if !kinds.contains(&extension) {
        return String::new();
    }
    let mut head = Vec::new();
    let file = fs::File::open(file).unwrap();
    file.take(SOURCE_HEAD as u64)
        .read_to_end(&mut head)
        .unwrap();
    String::from_utf8_lossy(&head).into_owned()
}

/// The comments that a source begins with, bare.
fn comments(source: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    let mut is_open = false;
    for line in source.lines().map(str::trim) {
        let is_comment = ["//", "/*", "#", ";"].iter().any(|it| line.starts_with(it));
        if !is_open && line.is_empty() {
            blocks.push(String::new());
            continue;
        }
        if !is_open && !is_comment {
            break;
        }
        is_open = (is_open || line.starts_with("/*")) && !line.contains("*/");
        let bare = line
            .trim_start_matches(['/', '*', '#', ';', '!'])
            .trim_end_matches("*/");
        let block = blocks.last_mut().unwrap();
        // A line of asterisks parts what is legal from what is not.
        block.push_str(if is_rule(line) { line } else { bare.trim() });
        block.push('\n');
        if line.ends_with("*/") {
            blocks.push(String::new());
        }
    }
    blocks.retain(|block| !block.trim().is_empty());
    blocks
}

fn is_rule(line: &str) -> bool {
    line.len() > 5 && line.chars().all(|c| "=*-".contains(c))
}

/// The licences, other than Apache-2.0, that are written out in a text.
fn texts(notice: &str) -> Vec<(&'static str, String)> {
    let mut found: Vec<(&'static str, String)> = Vec::new();
    for line in notice.lines() {
        let line = line.strip_prefix("// ").unwrap_or(line).trim_end();
        let begins = BEGINNINGS[1..]
            .iter()
            .find(|(beginning, _)| line.starts_with(beginning));
        // Those of Unicode have the words of others within.
        let is_within =
            matches!(found.last(), Some((licence, _)) if licence.starts_with("Unicode"));
        if let Some((_, licence)) = begins
            && !is_within
        {
            found.push((licence, format!("{line}\n")));
        } else if is_rule(line) && !found.is_empty() {
            break;
        } else if let Some((_, text)) = found.last_mut() {
            _ = writeln!(text, "{}", if line == "//" { "" } else { line });
        }
    }
    for (licence, text) in &mut found {
        text.truncate(text.trim_end().len());
        text.push('\n');
        if *licence == "BSD-3-Clause" && !text.contains("Neither the name") {
            *licence = "BSD-2-Clause";
        }
    }
    found
}

fn copyright(notice: &str) -> BTreeSet<String> {
    let lines = notice
        .lines()
        .map(|line| line.trim_matches([' ', '/', '*', '#']));
    let starts = ["Copyright ", "(c) 2", "(C) 2", "\u{a9} "];
    let notices = lines.filter(|line| starts.iter().any(|it| line.starts_with(it)));
    // What is to be filled in by those who use the licence.
    let real = notices.filter(|line| !line.contains("yyyy"));
    let bare = real.map(|line| line.split(" See the COPYRIGHT").next().unwrap_or_default());
    bare.map(str::to_owned).collect()
}

/// What makes two texts the same, however they are broken into lines.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
