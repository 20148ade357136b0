//! The Debian package: made of the binary that the tests have built, and looked at without being
//! installed. What it does to a machine is tried on one in `tests/integration/machine`.

use std::path::{Path, PathBuf};

use super::{root, told};

pub(super) fn deb() -> String {
    package(&[])
}

fn package(arguments: &[&str]) -> String {
    let script = root().join("tests/package");
    let path = told(script.to_str().unwrap(), "bash", arguments);
    path.trim().to_owned()
}

/// The files of the package, without folders.
pub(super) fn files(deb: &str) -> Vec<String> {
    let listed = told("dpkg-deb", "dpkg", &["-c", deb]);
    let files = listed.lines().filter(|line| !line.starts_with('d'));
    files
        .map(|line| line.split_once(" ./").unwrap().1.to_owned())
        .collect()
}

#[test]
fn lintian_finds_no_fault_in_the_package() {
    let found = told(
        "lintian",
        "lintian",
        &[
            "--allow-root",
            "--fail-on",
            "error,warning",
            "--info",
            &deb(),
        ],
    );
    assert_eq!(found, "");
}

#[test]
fn the_package_has_what_the_documentation_promises() {
    let deb = deb();
    let files = files(&deb);
    for promised in [
        "usr/bin/bascule",
        "usr/lib/systemd/system/bascule.service",
        "usr/lib/systemd/system/bascule.socket",
        "etc/bascule/config.toml",
        "usr/share/man/man1/bascule.1.gz",
        "usr/share/man/man1/bascule-probe.1.gz",
        "usr/share/man/man5/bascule.toml.5.gz",
        "usr/share/bash-completion/completions/bascule",
        "usr/share/zsh/vendor-completions/_bascule",
        "usr/share/fish/vendor_completions.d/bascule.fish",
        "usr/share/bascule/prometheus/rules/alerts.yml",
        "usr/share/bascule/grafana/dashboards/bascule-now.json",
        "usr/share/bascule/grafana/provisioning/dashboards/bascule.yaml",
        "usr/share/doc/bascule/copyright",
        "usr/share/doc/bascule/README.Debian",
        "usr/share/doc/bascule/notices.txt",
        "usr/share/doc/bascule/changelog.gz",
        "usr/share/doc/bascule/changelog.Debian.gz",
        "usr/share/doc/bascule/runbook.md",
        "usr/share/doc/bascule/examples/config.example.toml",
        "usr/share/doc/bascule/examples/scenarios/x-2025-05-24.toml",
    ] {
        assert!(files.iter().any(|file| file == promised), "no {promised}");
    }
    let places = ["usr/", "etc/bascule/config.toml"];
    let strays: Vec<_> = files
        .iter()
        .filter(|file| !places.iter().any(|place| file.starts_with(place)))
        .collect();
    assert_eq!(strays, Vec::<&String>::new());
    assert_eq!(
        told("dpkg-deb", "dpkg", &["-I", &deb, "conffiles"]),
        "/etc/bascule/config.toml\n"
    );
    let field = |name: &str| {
        told("dpkg-deb", "dpkg", &["-f", &deb, name])
            .trim()
            .to_owned()
    };
    assert_eq!(field("Package"), "bascule");
    assert_eq!(field("Version"), concat!(env!("CARGO_PKG_VERSION"), "-1"));
    assert_eq!(field("Recommends"), "ca-certificates");
    assert!(
        field("Depends").starts_with("libc6 (>= 2."),
        "{}",
        field("Depends")
    );
}

#[test]
fn a_package_of_a_higher_version_needs_no_compiler_and_has_the_same_files() {
    let higher = package(&["99.0.0-1"]);
    let version = told("dpkg-deb", "dpkg", &["-f", &higher, "Version"]);
    assert_eq!(version, "99.0.0-1\n");
    assert_eq!(files(&higher), files(&deb()));
}

#[test]
fn the_configuration_of_the_package_is_the_built_in_one() {
    let bascule = env!("CARGO_BIN_EXE_bascule");
    let shipped = told(
        bascule,
        "",
        &["config", "--config", "packaging/config.toml"],
    );
    assert_eq!(shipped, told(bascule, "", &["config", "--default"]));
}

#[test]
fn the_manual_pages_are_drawn_in_eighty_columns_without_a_complaint() {
    for page in pages() {
        let page = page.to_str().unwrap();
        let drawn = told("man", "man-db", &["--warnings", "-P", "cat", "-l", page]);
        let long = drawn.lines().find(|line| line.chars().count() > 80);
        assert_eq!(long, None, "{page}");
    }
}

fn pages() -> Vec<PathBuf> {
    let folder = root().join("packaging/man");
    let mut pages: Vec<_> = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    pages.sort();
    // One a command, that of bascule itself, and that of the configuration.
    assert_eq!(pages.len(), 7 + 1 + 1);
    pages
}

#[test]
fn the_crate_has_all_that_its_build_reads_and_no_junk() {
    let listed = told(
        env!("CARGO"),
        "cargo",
        &["package", "--list", "--offline", "--allow-dirty", "--quiet"],
    );
    let named: Vec<&str> = listed.lines().collect();
    let mut needed = vec!["build.rs".to_owned(), "Cargo.lock".to_owned()];
    below(Path::new("src"), &mut needed);
    below(Path::new("catalog"), &mut needed);
    needed.retain(|path| !named.contains(&path.as_str()));
    assert_eq!(needed, Vec::<String>::new());
    let junk = |path: &&&str| path.contains("node_modules") || path.starts_with("target");
    assert_eq!(named.iter().find(junk), None);
}

fn below(folder: &Path, found: &mut Vec<String>) {
    for entry in root().join(folder).read_dir().unwrap() {
        let entry = entry.unwrap();
        let path = folder.join(entry.file_name());
        if entry.path().is_dir() {
            below(&path, found);
        } else {
            found.push(path.to_str().unwrap().to_owned());
        }
    }
}
