//! Arguments, command, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    bascule::cli::run(&arguments)
}
