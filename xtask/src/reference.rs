//! `cargo xtask reference`: install CPython 3.14 and PyPy to compare with.

use crate::Result;
use crate::args::{Args, Command};
use crate::project::Reference;
use std::path::PathBuf;

pub(crate) const COMMAND: Command = Command {
    name: "reference",
    operands: "[DIR]",
    summary: "Install the reference interpreters (root; default /opt/reference or $KRAIT_REFERENCE)",
    options: &[],
    run,
};

const SCRIPT: &str = include_str!("../install-reference.sh");

fn run(args: &Args) -> Result<bool> {
    let folder = args.operands.first().map_or_else(Reference::folder, PathBuf::from);
    let status = std::process::Command::new("sh")
        .args(["-c", SCRIPT, "install-reference"])
        .arg(&folder)
        .status()
        .map_err(|error| format!("sh: {error}"))?;
    Ok(status.success())
}
