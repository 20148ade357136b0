//! The commands: arguments in, an exit code out.
//!
//! Commands decide nothing about networks; they ask the other rooms and tell the answer. An exit
//! code of 0 is fine, 1 means that the answer is bad news, 2 that there is no answer: usage,
//! configuration or the machine. Errors go to standard error, one sentence each.

mod alert;
mod check;
mod client;
mod config;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod outages;
mod probe;
mod progress;
mod replay;
mod run;
mod signals;
mod status;
mod targets;
mod terminal;
mod under_way;
mod usage;
mod watch;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::{self as configuration, Faults, Loaded, Source};
use crate::host::{logging, memory};

/// Probes X and the networks people fall back to, layer by layer, judges them, and tells
/// Prometheus.
#[derive(Debug, Parser)]
#[command(name = "bascule", version, max_term_width = 80)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    common: Common,
}

#[derive(Args, Debug)]
struct Common {
    /// Configuration file [default: /etc/bascule/config.toml if it exists, else the built-in one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How the log looks; auto: in the journal with its fields where that is standard error
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value_t = LogFormat::Auto)]
    log_format: LogFormat,
    /// What is logged, at least [default: info for the daemon, nothing for other commands]
    #[arg(long, global = true, value_enum, value_name = "LEVEL")]
    log_level: Option<LogLevel>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon (also without a command)
    Run,
    /// Read the configuration, and say what it will do or what is wrong with it
    Check,
    /// Probe once, now, and tell it layer by layer
    Probe(probe::Arguments),
    /// Say what a running daemon thinks: what to use now, and how each network is
    Status(status::Arguments),
    /// List outages, running and finished, from a running daemon
    Outages(outages::Arguments),
    /// Print the configuration with every key resolved
    Config(config::Arguments),
    /// Replay a recorded outage through the judging code, in virtual time
    Replay(replay::Arguments),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    Auto,
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl From<LogLevel> for tracing::Level {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Trace => Self::TRACE,
        }
    }
}

impl Common {
    /// How to log at `level`, if the user does not say another one.
    fn logging(&self, level: LogLevel) -> logging::Options {
        logging::Options {
            format: match self.log_format {
                LogFormat::Auto => logging::Format::Auto,
                LogFormat::Text => logging::Format::Text,
                LogFormat::Json => logging::Format::Json,
            },
            level: self.log_level.unwrap_or(level).into(),
            colour: terminal::look_on_stderr().colour,
        }
    }
}

/// An answer that a command has given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Fine,
    BadNews,
    /// The arguments were wrong, which has been said.
    Misused,
}

/// Why a command has no answer: one sentence a line, ready to be printed.
#[derive(Debug)]
struct Trouble(String);

impl Trouble {
    fn new(sentence: impl std::fmt::Display) -> Self {
        Self(format!("bascule: {sentence}\n"))
    }
}

impl From<Faults> for Trouble {
    /// Faults begin with their place, as compilers write it, so that editors can jump there.
    fn from(faults: Faults) -> Self {
        Self(format!("{faults}\n"))
    }
}

/// What the built-in configuration is called.
const BUILT_IN: &str = "the built-in configuration";

impl Common {
    /// Reads the configuration that the user names, else the one that applies; with its name.
    fn load(&self) -> Result<(String, Loaded), Trouble> {
        let source = configuration::find(self.config.clone());
        let name = match &source {
            Source::BuiltIn => BUILT_IN.to_owned(),
            Source::File(path) => path.display().to_string(),
        };
        Ok((name, configuration::load(&source)?))
    }
}

/// Reads the arguments, and does what they ask for.
#[must_use]
pub fn run(arguments: &[OsString]) -> ExitCode {
    match Cli::try_parse_from(arguments) {
        Ok(cli) => execute(cli),
        Err(refusal) => exit(usage::told(&refusal, arguments), terminal::sorry),
    }
}

fn execute(cli: Cli) -> ExitCode {
    // Before the first secret is read.
    memory::keep_private();
    let Cli { command, common } = cli;
    let answer = match command {
        None | Some(Command::Run) => return run::run(common),
        Some(Command::Check) => check::check(&common),
        Some(Command::Probe(arguments)) => probe::probe(&common, &arguments),
        Some(Command::Status(arguments)) => status::status(&arguments),
        Some(Command::Outages(arguments)) => outages::outages(&arguments),
        Some(Command::Config(arguments)) => config::config(&common, &arguments),
        Some(Command::Replay(arguments)) => replay::replay(&arguments),
    };
    exit(answer, terminal::sorry)
}

/// How the process ends; trouble is told first.
fn exit(answer: Result<Answer, Trouble>, complain: impl FnOnce(&str)) -> ExitCode {
    match answer {
        Ok(Answer::Fine) => ExitCode::SUCCESS,
        Ok(Answer::BadNews) => ExitCode::from(1),
        Ok(Answer::Misused) => ExitCode::from(2),
        Err(Trouble(text)) => {
            complain(&text);
            ExitCode::from(2)
        }
    }
}
