//! The manual pages of the commands and the completions for shells, made from the definition of
//! the arguments. What the arguments cannot say stands in `packaging/man/more/`, one file a page:
//! what comes before its first heading is the description.

use std::fs;

use bascule::cli::Cli;
use clap::{Arg, Command, CommandFactory as _};
use clap_complete::{Shell, generate};
use clap_mangen::Man;

use super::{is_up_to_date, root};

/// What is typed, with everything that the commands inherit.
fn bascule() -> Command {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    command
}

#[test]
fn the_manual_pages_of_the_commands_are_those_of_the_code() {
    let bascule = bascule();
    is_up_to_date("man/bascule.1", &page(&bascule, &bascule));
    for command in bascule.get_subcommands() {
        let name = command.get_display_name().unwrap();
        is_up_to_date(&format!("man/{name}.1"), &page(&bascule, command));
    }
}

#[test]
fn the_completions_are_those_of_the_code() {
    for (shell, file) in [
        (Shell::Bash, "bascule.bash"),
        (Shell::Zsh, "_bascule"),
        (Shell::Fish, "bascule.fish"),
    ] {
        let mut script = Vec::new();
        generate(shell, &mut Cli::command(), "bascule", &mut script);
        let mut script = String::from_utf8(script).unwrap();
        if shell == Shell::Fish {
            assert_eq!(script.matches(GIVES_UP).count(), 1);
            script = script.replace(GIVES_UP, "    or return 0\n");
        }
        is_up_to_date(&format!("completions/{file}"), &script);
    }
}

/// An option before the command that waits for its value is no reason to offer files.
const GIVES_UP: &str = "    or return\n";

fn page(bascule: &Command, command: &Command) -> String {
    let name = command.get_display_name().unwrap_or("bascule");
    let more = root().join(format!("packaging/man/more/{name}.man"));
    let more = fs::read_to_string(&more)
        .unwrap_or_else(|error| panic!("{name}(1) has no {}: {error}", more.display()));
    let at = more.find(".SH ").unwrap_or(more.len());
    let (description, sections) = more.split_at(at);
    let man = Man::new(command.clone().override_usage(usage(command)));
    let mut made = Vec::new();
    man.render_name_section(&mut made).unwrap();
    man.render_synopsis_section(&mut made).unwrap();
    made.extend(b".SH DESCRIPTION\n");
    made.extend(description.bytes());
    man.render_options_section(&mut made).unwrap();
    if command.has_subcommands() {
        man.render_subcommands_section(&mut made).unwrap();
    }
    made.extend(sections.bytes());
    // Each section defines its apostrophe; once is enough. Their title would drop an empty date.
    let made = String::from_utf8(made).unwrap().replace(APOSTROPHE, "");
    let made = installed(&made);
    let version = bascule.get_version().unwrap();
    format!("{APOSTROPHE}.TH {name} 1 \"\" \"bascule {version}\" \"bascule\"\n{UNBROKEN}{made}")
}

/// Documentation where the package has it.
pub(crate) fn installed(text: &str) -> String {
    text.replace(" docs/", " /usr/share/doc/bascule/")
}

/// Words stay whole and spaces narrow: what is read here is also typed.
pub(crate) const UNBROKEN: &str = ".nh\n.ad l\n";
const APOSTROPHE: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";

/// The synopsis, with the names of values, which the generator leaves out.
fn usage(command: &Command) -> String {
    let mut usage = command.get_bin_name().unwrap_or("bascule").to_owned();
    let all: Vec<&Arg> = command.get_arguments().collect();
    for arg in all.iter().filter(|arg| !arg.is_positional()) {
        let long = arg.get_long().unwrap();
        if ["help", "version"].contains(&long) {
            continue;
        }
        let value = match arg.get_value_names() {
            Some([name, ..]) if arg.get_action().takes_values() => format!(" {name}"),
            _ => String::new(),
        };
        usage += &format!(" [--{long}{value}]");
    }
    for arg in all.iter().filter(|arg| arg.is_positional()) {
        let name = arg.get_value_names().unwrap()[0].as_str();
        usage += &match (
            arg.is_required_set(),
            arg.get_num_args().unwrap().max_values(),
        ) {
            (true, _) => format!(" {name}"),
            (false, 1) => format!(" [{name}]"),
            (false, _) => format!(" [{name}]..."),
        };
    }
    if command.has_subcommands() {
        usage += " [COMMAND]";
    }
    usage
}
