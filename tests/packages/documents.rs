//! The documentation as the package installs it, and what it says of how the package is made.

use std::collections::BTreeSet;
use std::fs;

use super::deb::{deb, files};
use super::{root, told};

const DOCUMENTS: &str = "usr/share/doc/bascule";

pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Files with this ending, by their paths below the root of the repository.
pub(crate) fn all(folder: &str, ending: &str) -> Vec<String> {
    let entries = root().join(folder).read_dir().unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut paths: Vec<_> = names
        .filter(|name| name.ends_with(ending))
        .map(|name| format!("{folder}/{name}"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "no {ending} in {folder}");
    paths
}

#[test]
fn links_in_the_documentation_lead_to_files_of_the_package_and_to_headings() {
    let files = files(&deb());
    for document in all("docs", ".md") {
        let text = read(&document);
        let links = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.starts_with("http")) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let linked = if file.is_empty() {
                document.clone()
            } else {
                assert!(
                    files.contains(&format!("{DOCUMENTS}/{file}")),
                    "{document}: {link}"
                );
                format!("docs/{file}")
            };
            if !heading.is_empty() {
                assert!(
                    headings(&read(&linked)).contains(heading),
                    "{document}: {link}"
                );
            }
        }
    }
}

/// As they are called in links.
fn headings(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| line.starts_with('#'));
    let names = lines.map(|line| line.trim_start_matches('#').trim().to_lowercase());
    let is_kept = |c: &char| c.is_alphanumeric() || " -_".contains(*c);
    names
        .map(|name| {
            name.chars()
                .filter(is_kept)
                .collect::<String>()
                .replace(' ', "-")
        })
        .collect()
}

#[test]
fn the_french_readme_has_the_code_and_the_links_of_the_english_one_and_they_lead_somewhere() {
    let (english, french) = (read("README.md"), read("README.fr.md"));
    let code = |text: &str| -> Vec<String> {
        text.split("```")
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(code(&french), code(&english));
    // Where there is a French document, the French one leads to it.
    let links = |text: &str| -> Vec<String> {
        let links = text.split("](").skip(1);
        let links = links.filter_map(|rest| rest.split(')').next());
        links.map(|link| link.replace(".fr.md", ".md")).collect()
    };
    assert_eq!(links(&french), links(&english));
    for link in links(&english).iter().filter(|it| !it.starts_with("http")) {
        assert!(root().join(link).exists(), "README.md: {link}");
        let translated = link.replace(".md", ".fr.md");
        if root().join(&translated).exists() {
            assert!(french.contains(&format!("]({translated})")) || translated == "README.fr.md");
        }
    }
}

#[test]
fn paths_that_installed_files_tell_are_those_of_the_package() {
    let files = files(&deb());
    let mut installed = vec![
        "packaging/config.toml".to_owned(),
        "packaging/debian/README.Debian".to_owned(),
        "packaging/debian/changelog".to_owned(),
        "packaging/debian/copyright".to_owned(),
        "systemd/bascule.service".to_owned(),
        "systemd/bascule.socket".to_owned(),
    ];
    installed.extend(all("packaging/man", ".1"));
    installed.extend(all("packaging/man", ".5"));
    let mut paths = BTreeSet::new();
    for name in &installed {
        let text = read(name).replace("\\-", "-");
        let ends = |c: char| !(c.is_ascii_alphanumeric() || "/._-".contains(c));
        for word in text.split(ends).map(|word| word.trim_end_matches('.')) {
            assert!(!word.starts_with("docs/"), "{name}: {word}");
            if let Some(path) = word
                .strip_prefix("/usr/share/")
                .filter(|it| it.contains("bascule"))
            {
                paths.insert((name, format!("usr/share/{path}")));
            }
        }
    }
    assert!(paths.len() > 10, "{paths:?}");
    for (name, path) in paths {
        let is_there = files
            .iter()
            .any(|file| *file == path || file.starts_with(&format!("{path}/")));
        assert!(is_there, "{name}: {path}");
    }
    let listed = read("packaging/debian/README.Debian");
    let words = listed.split_whitespace();
    for document in
        words.filter(|it| !it.contains('/') && (it.ends_with(".md") || it.ends_with(".txt")))
    {
        assert!(
            files.contains(&format!("{DOCUMENTS}/{document}")),
            "{document}"
        );
    }
}

#[test]
fn what_the_quick_start_copies_for_grafana_is_in_the_package() {
    let files = files(&deb());
    let text = read("docs/quick-start.md");
    let copies = text
        .lines()
        .filter_map(|it| it.strip_prefix("install -m 644 "));
    let copies: Vec<_> = copies.filter_map(|it| it.split(' ').next()).collect();
    assert_eq!(copies.len(), 3);
    for copied in copies {
        let path = format!("usr/share/bascule/grafana/{copied}");
        let (folder, ending) = path.split_once('*').unwrap_or((&path, ""));
        let is_there = |it: &String| it.starts_with(folder) && it.ends_with(ending);
        assert!(files.iter().any(is_there), "{copied}");
    }
}

#[test]
fn one_command_makes_the_package_with_the_list_of_what_is_in_the_binary() {
    let command = "cargo deb --cargo-build 'auditable build' --locked";
    for document in ["README.md", "CONTRIBUTING.md", "docs/packaging.md"] {
        let text = read(document);
        let makes = text.lines().filter(|line| line.starts_with("cargo deb"));
        let makes: Vec<_> = makes.collect();
        assert!(
            matches!(makes[..], [line] if line.starts_with(command)),
            "{document}: {makes:?}"
        );
    }
    let tools = "cargo install --locked cargo-deb@3.8.0 cargo-auditable@0.7.7";
    for document in ["README.md", "docs/packaging.md"] {
        assert!(read(document).contains(tools), "{document}: {tools}");
    }
    // The tests pack with the same.
    assert!(read("tests/run").contains(" cargo-deb@3.8.0 "));
}

#[test]
fn there_is_one_address_for_those_who_hand_out_packages_to_replace() {
    let maintainer = told("dpkg-deb", "dpkg", &["-f", &deb(), "Maintainer"]);
    let changelog = read("packaging/debian/changelog");
    let signed = changelog
        .lines()
        .rfind(|line| line.starts_with(" -- "))
        .unwrap();
    let (who, _) = signed[4..].split_once("  ").unwrap();
    assert_eq!(maintainer.trim(), who);
    let (_, address) = who.trim_end_matches('>').split_once('<').unwrap();
    assert!(
        read("CONTRIBUTING.md").contains(address),
        "CONTRIBUTING.md: {address}"
    );
}
