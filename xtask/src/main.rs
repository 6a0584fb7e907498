//! The project's own commands: `cargo xtask COMMAND`.
//!
//! Each command is one file that exports a `COMMAND` row with its name, options and function; the
//! table below is the only list of them. A command returns `Ok(false)` when it worked and found
//! something wrong, `Err` when it could not do its work; both make the process fail.

mod args;
mod bench;
mod check_abi;
mod conformance;
mod corpus;
mod fuzz;
mod identity;
mod jobs;
mod ledger;
mod process;
mod profile;
mod project;
mod reference;
mod results;
mod startup_order;
mod statistics;
mod svg;
mod tail_calls;
mod tidy;

use args::{Args, Command};
use std::process::ExitCode;

/// What a command returns; the error is a sentence for the user.
pub(crate) type Result<T> = std::result::Result<T, String>;

const COMMANDS: &[Command] = &[
    reference::COMMAND,
    conformance::COMMAND,
    corpus::COMMAND,
    fuzz::COMMAND,
    identity::COMMAND,
    bench::COMMAND,
    profile::COMMAND,
    startup_order::COMMAND,
    tail_calls::COMMAND,
    tidy::COMMAND,
    check_abi::COMMAND,
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = arguments.split_first() else {
        print_overview();
        return ExitCode::from(2);
    };
    if matches!(name.as_str(), "help" | "-h" | "--help") {
        print_overview();
        return ExitCode::SUCCESS;
    }
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        eprintln!("xtask: no command '{name}'; try 'cargo xtask --help'");
        return ExitCode::from(2);
    };
    if rest.iter().any(|argument| argument == "-h" || argument == "--help") {
        print!("{}", command.help());
        return ExitCode::SUCCESS;
    }
    match Args::parse(command, rest).and_then(|args| (command.run)(&args)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("xtask {name}: {message}");
            ExitCode::from(2)
        }
    }
}

fn print_overview() {
    println!("Usage: cargo xtask COMMAND [OPTIONS]\n");
    for command in COMMANDS {
        println!("  {:<13} {}", command.name, command.summary);
    }
    println!("\n'cargo xtask COMMAND --help' shows the options of one command.");
}
