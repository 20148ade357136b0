//! Arguments, command, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    bascule::cli::run(std::env::args_os().collect())
}
