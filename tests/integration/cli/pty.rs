//! The binary on a terminal of its own, made by `script`.

use std::process::{Command, Stdio};

/// Runs `bascule` with these words on a terminal of 24 lines and 80 columns.
pub(crate) fn terminal(arguments: &str, environment: &[(&str, &str)]) -> Command {
    let line = format!(
        "stty rows 24 cols 80; exec {} {arguments}",
        env!("CARGO_BIN_EXE_bascule")
    );
    let mut command = Command::new("script");
    command
        .args(["-qefc", &line, "/dev/null"])
        .stdin(Stdio::null())
        .env_remove("NO_COLOR")
        .env_remove("LC_ALL")
        .env_remove("LC_CTYPE")
        .env("TERM", "xterm")
        .env("LANG", "C.UTF-8")
        .envs(environment.iter().copied());
    command
}

/// Everything that it writes there.
pub(crate) fn on_a_terminal(arguments: &str, environment: &[(&str, &str)]) -> String {
    let output = terminal(arguments, environment)
        .output()
        .expect("`script` of the Debian package bsdutils makes the terminal");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// What a terminal is written until `wanted` stands there.
pub(crate) fn written(out: &mut impl std::io::Read, all: &mut String, wanted: &str) {
    let mut some = [0; 4096];
    while !all.contains(wanted) {
        let count = out.read(&mut some).expect("it can be read");
        assert!(count > 0, "ended without {wanted:?}: {all:?}");
        all.push_str(&String::from_utf8_lossy(&some[..count]));
    }
}
