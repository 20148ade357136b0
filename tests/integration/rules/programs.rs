//! promtool, amtool and vmalert read what we ship.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::files::{self, files, rules};

/// Runs a program that has to find no fault; what it said.
pub(super) fn accepts(program: &str, package: &str, folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap_or_else(|e| {
            panic!("`{program}` does not start ({e}): install the Debian package {package} (tests/run does)")
        });
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{program} {arguments:?}:\n{said}");
    said
}

pub(super) fn promtool(folder: &Path, arguments: &[&str]) -> String {
    accepts("promtool", "prometheus", folder, arguments)
}

fn prometheus() -> PathBuf {
    files::root().join("prometheus")
}

fn strings(paths: &[PathBuf]) -> Vec<&str> {
    paths.iter().map(|path| path.to_str().unwrap()).collect()
}

#[test]
fn promtool_takes_the_configuration_copied_into_one_directory() {
    let etc = tempfile::tempdir().unwrap();
    let copy = |path: &Path, to: PathBuf| fs::copy(path, to).expect("a file can be copied");
    copy(
        &prometheus().join("prometheus.yml"),
        etc.path().join("prometheus.yml"),
    );
    fs::create_dir(etc.path().join("rules")).unwrap();
    for path in files("prometheus/rules", "yml") {
        let name = path.file_name().unwrap();
        copy(&path, etc.path().join("rules").join(name));
    }
    let said = promtool(etc.path(), &["check", "config", "prometheus.yml"]);
    assert!(said.contains("SUCCESS: 3 rule files found"), "{said}");
}

#[test]
fn promtool_finds_no_fault_in_the_rules_and_as_many_as_we_read() {
    let paths = files("prometheus/rules", "yml");
    let mut arguments = vec!["check", "rules", "--lint=all", "--lint-fatal"];
    arguments.extend(strings(&paths));
    let said = promtool(&prometheus(), &arguments);
    let found: usize = said
        .split_whitespace()
        .filter_map(|word| word.parse::<usize>().ok())
        .sum();
    assert_eq!(found, rules().len(), "{said}");
}

#[test]
fn the_unit_tests_of_the_rules_pass() {
    let paths = files("prometheus/tests", "yml");
    let mut arguments = vec!["test", "rules"];
    arguments.extend(strings(&paths));
    promtool(&prometheus(), &arguments);
}

#[test]
fn vmalert_takes_the_rules() {
    accepts(
        "vmalert",
        "victoria-metrics",
        &prometheus(),
        &["-dryRun", "-rule=rules/*.yml"],
    );
}

#[test]
fn amtool_takes_the_routes_and_each_severity_reaches_who_it_is_for() {
    let amtool = |arguments: &[&str]| {
        accepts(
            "amtool",
            "prometheus-alertmanager",
            &prometheus(),
            arguments,
        )
    };
    amtool(&["check-config", "alertmanager.yml"]);
    for (labels, receiver) in [
        ("severity=critical alertname=BasculeNetworkDown", "duty"),
        ("severity=critical alertname=BasculeAbsent", "duty"),
        ("severity=warning alertname=BasculeUplinkDown", "people"),
        ("severity=info alertname=BasculeGroupSwitched", "log"),
        ("severity=none alertname=BasculeNetworkOutranked", "nobody"),
        ("alertname=SomethingElse", "people"),
    ] {
        let wanted = format!("--verify.receivers={receiver}");
        let mut arguments = vec![
            "config",
            "routes",
            "test",
            "--config.file=alertmanager.yml",
            &wanted,
        ];
        arguments.extend(labels.split(' '));
        amtool(&arguments);
    }
}
