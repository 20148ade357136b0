//! The binary as a shell sees it: output, errors, exit codes.

use std::io::Read as _;
use std::process::{Command, Output, Stdio};

use bascule::model::printable::is_harmful;

use super::probing::file;
use super::pty::on_a_terminal;

pub(crate) fn bascule(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bascule"));
    command.args(arguments).stdin(Stdio::null());
    command
}

pub(crate) fn told(command: &mut Command) -> (i32, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("the binary runs");
    (
        status.code().expect("it was not killed"),
        String::from_utf8(stdout).expect("UTF-8"),
        String::from_utf8(stderr).expect("UTF-8"),
    )
}

#[test]
fn the_version_is_one_line() {
    let (code, out, err) = told(&mut bascule(&["--version"]));
    let version = concat!("bascule ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!((code, out.as_str(), err.as_str()), (0, version, ""));
}

#[test]
fn help_fits_into_eighty_columns_and_names_every_command() {
    for arguments in [
        &["--help"][..],
        &["probe", "--help"],
        &["status", "--help"],
        &["outages", "--help"],
        &["config", "--help"],
    ] {
        let (code, out, _) = told(&mut bascule(arguments));
        assert_eq!(code, 0);
        let long = out.lines().find(|line| line.chars().count() > 80);
        assert_eq!(long, None);
    }
    let (_, out, _) = told(&mut bascule(&["--help"]));
    for command in ["run", "check", "probe", "status", "outages", "config"] {
        let line = format!("\n  {command} ");
        assert!(out.contains(&line), "{out}");
    }
}

#[test]
fn a_terminal_of_any_code_page_can_show_what_is_said() {
    let config = file("[probe]\ninterval = \"bientôt\"\n");
    let good = file(
        "vantage = \"Rennes, étage 2\"\n[uplink]\nenabled = false\n[network.mairie]\n\
         title = \"Mairie – Métropole\"\n[[network.mairie.tcp]]\nname = \"a\"\n\
         address = \"127.0.0.1:1\"\n",
    );
    let path = |file: &tempfile::NamedTempFile| file.path().display().to_string();
    let (wrong, good) = (path(&config), path(&good));
    let commands = [
        "", "run", "check", "probe", "status", "outages", "config", "replay",
    ];
    let mut all: Vec<String> = Vec::new();
    for command in commands {
        all.extend(["-h", "--help", "--nonsense"].map(|it| format!("{command} {it}")));
    }
    all.extend([
        format!("check --config {good}"),
        format!("probe --config {good}"),
        format!("probe --config {good} mairié"),
        format!("check --config {wrong}"),
        "probe gopher://été/".to_owned(),
        "status --url été".to_owned(),
        "outages --since été".to_owned(),
        "status --watch été".to_owned(),
        "status --été".to_owned(),
        "été".to_owned(),
        "replay a.toml --openmetrics --label é".to_owned(),
        "replay a.toml --openmetrics --every é".to_owned(),
        "--log-level été".to_owned(),
        "--config été".to_owned(),
        format!("--config {wrong}"),
        "replay été.toml".to_owned(),
    ]);
    for words in all {
        let arguments: Vec<&str> = words.split_whitespace().collect();
        let (_, out, err) = told(&mut bascule(&arguments));
        assert!(out.is_ascii(), "{words}: {out}");
        // In a pipe an error quotes what was typed as it was typed, since a program may read it.
        let quotes = !words.is_ascii() || words.contains(&wrong);
        assert!(err.is_ascii() || quotes, "{words}: {err}");
        let shown = on_a_terminal(&words, &[("LANG", "C")]);
        assert!(shown.is_ascii(), "{words}: {shown}");
    }
}

#[test]
fn nothing_that_was_typed_commands_the_terminal() {
    let hostile = "\x1b]0;title\x07\u{202e}b\u{9b}2J";
    // The library for arguments takes out by itself what it knows.
    let shown = "\u{fffd}b\u{fffd}2J";
    for words in [
        &["outages", "--since", hostile][..],
        &["status", "--watch", hostile],
        &["status", "--url", hostile],
        &[hostile],
        &["probe", hostile],
        &["probe", &format!("gopher://{hostile}")],
        &["check", "--config", hostile],
        &["run", "--config", hostile],
        &["replay", hostile],
        &[
            "outages",
            "--url",
            "http://127.0.0.1:1",
            "--ca-file",
            hostile,
        ],
    ] {
        let (code, out, err) = told(&mut bascule(words));
        assert_eq!((code, out.as_str()), (2, ""), "{words:?}");
        let harmful = err.replace('\n', "").chars().find(|c| is_harmful(*c));
        assert_eq!(harmful, None, "{words:?}: {err:?}");
        if !words.contains(&"--url") && !words[words.len() - 1].contains("//") {
            let is_quoted = err.contains(shown) || err.contains("\\u{202e}b\\u{9b}2J");
            assert!(is_quoted, "{words:?}: {err:?}");
        }
    }
    let typed = "outages --since \"$(printf 'a\\033[31mb')\"";
    let shown = on_a_terminal(typed, &[]);
    assert!(!shown.contains("\x1b[31mb"), "{shown:?}");
    // Our own colours are for what is harmless.
    let coloured = on_a_terminal("outages --since soon", &[]);
    assert!(coloured.starts_with("\x1b["), "{coloured:?}");
    let grey = on_a_terminal("outages --since soon", &[("NO_COLOR", "1")]);
    assert!(grey.starts_with("error: invalid value 'soon'"), "{grey:?}");
}

#[test]
fn wrong_usage_exits_with_two_and_says_so_on_standard_error() {
    for arguments in [
        &["prob"][..],
        &["probe", "--nonsense"],
        &["probe", "--json", "--plain"],
        &["config", "--default", "--config", "x.toml"],
        &["--log-format", "xml"],
    ] {
        let (code, out, err) = told(&mut bascule(arguments));
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}");
        assert!(err.starts_with("error: "), "{arguments:?}: {err}");
    }
}

#[test]
fn a_reader_who_leaves_early_is_no_error() {
    let mut child = bascule(&["config", "--default"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    drop(child.stdout.take());
    let mut err = String::new();
    let mut stderr = child.stderr.take().expect("a pipe");
    stderr.read_to_string(&mut err).expect("UTF-8");
    let status = child.wait().expect("it ends");
    assert_eq!((status.code(), err.as_str()), (Some(0), ""));
}
