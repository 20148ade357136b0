//! Arguments, command, exit code.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    bascule::cli::execute(bascule::cli::Cli::parse())
}
