//! `cargo xtask reference`: install CPython 3.14 and PyPy to compare with.

use crate::Result;
use crate::args::{Args, Command};
use crate::project::Reference;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

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
    let _lock = hold(&folder)?;
    let status = std::process::Command::new("sh")
        .args(["-c", SCRIPT, "install-reference"])
        .arg(&folder)
        .status()
        .map_err(|error| format!("sh: {error}"))?;
    Ok(status.success())
}

/// Wait until no other run installs into `folder`: two at once would remove each other's files. The
/// lock is a file beside the folder and is held while the returned file is open.
fn hold(folder: &Path) -> Result<File> {
    let path = folder.with_extension("lock");
    path.parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| File::create(&path))
        .and_then(|file| file.lock().map(|()| file))
        .map_err(|error| format!("{}: {error}", path.display()))
}
