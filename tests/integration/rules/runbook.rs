//! The commands and expressions of the runbook.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use super::files::read;
use super::programs::promtool;

/// The lines of all blocks in one language.
fn blocks(language: &str) -> Vec<String> {
    let fence = format!("```{language}");
    let mut inside = false;
    let mut lines = Vec::new();
    for line in read("docs/runbook.md").lines() {
        if line == fence {
            inside = true;
        } else if line == "```" {
            inside = false;
        } else if inside {
            lines.push(line.to_owned());
        }
    }
    assert!(!lines.is_empty(), "no {fence}");
    lines
}

#[test]
fn every_command_and_option_of_bascule_exists() {
    let lines = blocks("sh");
    let commands = lines
        .iter()
        .filter_map(|line| line.strip_prefix("bascule "))
        .collect::<Vec<&str>>();
    assert!(commands.len() > 10, "{commands:?}");
    for command in commands {
        let mut words = command.split(' ');
        let name = words.next().unwrap();
        let help = Command::new(env!("CARGO_BIN_EXE_bascule"))
            .args([name, "--help"])
            .output()
            .unwrap();
        assert!(help.status.success(), "bascule {command}");
        let help = String::from_utf8(help.stdout).unwrap();
        for option in words.filter(|word| word.starts_with("--")) {
            assert!(help.contains(&format!(" {option}")), "bascule {command}");
        }
    }
}

#[test]
fn every_expression_is_one_and_names_what_exists() {
    let known = super::series();
    let mut file = "groups:\n  - name: runbook\n    rules:\n".to_owned();
    for (number, line) in blocks("promql").iter().enumerate() {
        let _ = write!(
            file,
            "      - record: runbook:{number}\n        expr: |\n          {line}\n"
        );
        let faults = super::unknown(line, &known);
        assert!(faults.is_empty(), "{line}: {faults:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("runbook.yml"), file).unwrap();
    promtool(
        folder.path(),
        &["check", "rules", "--lint=none", "runbook.yml"],
    );
}
