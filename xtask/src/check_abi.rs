//! `cargo xtask check-abi`: compare our C-visible layouts with CPython's, by `abi`'s own tests.

use crate::Result;
use crate::args::{Args, Command};
use crate::project;

pub(crate) const COMMAND: Command = Command {
    name: "check-abi",
    operands: "",
    summary: "Compare the layouts of crate abi with the table read from CPython's headers",
    options: &[],
    run,
};

fn run(_: &Args) -> Result<bool> {
    let status = std::process::Command::new(env!("CARGO"))
        .args(["test", "--package", "abi"])
        .current_dir(project::root())
        .status()
        .map_err(|error| format!("cargo: {error}"))?;
    Ok(status.success())
}
