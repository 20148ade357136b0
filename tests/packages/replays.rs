//! docs/failover.md: its examples say what `bascule replay` says of the same outage.

use std::fs;
use std::process::Command;

use regex::Regex;

use super::root;

const MARK: &str = "<!-- replay: ";

#[test]
fn times_and_numbers_of_the_worked_examples_are_those_of_the_replay() {
    let text = fs::read_to_string(root().join("docs/failover.md")).unwrap();
    let mut seen = 0;
    for example in text.split("\n## ") {
        let Some((_, rest)) = example.split_once(MARK) else {
            continue;
        };
        let (scenario, rest) = rest.split_once(" -->\n```text\n").unwrap();
        let (block, prose) = rest.split_once("```").unwrap();
        assert!(!prose.contains(MARK), "{scenario}: one example a heading");
        let replay = replay(scenario);
        let mut lines = replay.lines();
        for wanted in block.lines() {
            let found = lines.any(|line| line == wanted);
            assert!(
                found,
                "{scenario}: the replay says nowhere behind the line before:\n{wanted}"
            );
        }
        for figure in figures(prose) {
            assert!(
                replay.contains(figure),
                "{scenario}: the replay has no {figure}"
            );
        }
        seen += 1;
    }
    assert!(seen >= 4, "{seen}");
}

/// Times and durations that are written as code.
fn figures(prose: &str) -> impl Iterator<Item = &str> {
    let figure = Regex::new(r"^(\d+:\d\d:\d\d|\d+[hms]( \d+[ms])*)$").unwrap();
    let codes = prose.split('`').skip(1).step_by(2);
    codes.filter(move |code| figure.is_match(code))
}

fn replay(scenario: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_bascule"))
        .args(["replay", &format!("tests/scenarios/{scenario}.toml")])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{scenario}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}
