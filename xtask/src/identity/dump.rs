//! Calling the two programs that print code objects, and reading what they print.

use crate::Result;
use crate::args::Args;
use crate::process::{self, End, Limits};
use crate::project::{self, Reference};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// What one file was compiled to.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Dump<'a> {
    /// Lines before the first code object: an error or warnings.
    pub(super) verdict: Vec<&'a str>,
    pub(super) codes: Vec<Vec<&'a str>>,
    pub(super) complete: bool,
}

impl Dump<'_> {
    pub(super) fn is_rejected(&self) -> bool {
        self.codes.is_empty()
    }
}

/// The two programs.
pub(crate) struct Dumpers {
    python: PathBuf,
    script: PathBuf,
    ours: PathBuf,
    level: String,
}

/// What a program printed, and the seconds it took.
type Printed = (String, f64);

impl Dumpers {
    /// As the options `dumper` and `optimize` say; ours is built if it is not given.
    pub(crate) fn new(reference: &Reference, args: &Args) -> Result<Dumpers> {
        let ours = match args.get("dumper") {
            Some(path) => PathBuf::from(path),
            None => build()?,
        };
        Ok(Dumpers {
            python: reference.python(),
            script: project::root().join("tests/identity/dump_reference.py"),
            ours,
            level: args.get("optimize").unwrap_or("0").to_owned(),
        })
    }

    /// What the reference and we print for `files`.
    pub(super) fn both(&self, files: &[PathBuf]) -> Result<(Printed, Printed)> {
        let level = Path::new(&self.level);
        let expected = dump(&self.python, &[&self.script, level], files)?;
        Ok((expected, dump(&self.ours, &[level], files)?))
    }
}

fn build() -> Result<PathBuf> {
    let status = std::process::Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "compiler", "--example", "codedump"])
        .current_dir(project::root())
        .status()
        .map_err(|error| format!("cargo: {error}"))?;
    match status.success() {
        true => Ok(project::target().join("debug/examples/codedump")),
        false => Err("the example codedump of crate compiler does not build".to_owned()),
    }
}

/// Give `files` to a dumper; when it dies, go on behind the file at which it died.
fn dump(program: &Path, arguments: &[&Path], files: &[PathBuf]) -> Result<(String, f64)> {
    let mut text = String::new();
    let mut seconds = 0.0;
    let mut rest = files;
    while !rest.is_empty() {
        let mut command = std::process::Command::new(program);
        command.args(arguments).args(rest);
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONHASHSEED", "0");
        let limits = Limits { seconds: 300.0, megabytes: 4096, output: 1 << 30 };
        let finished = process::run(&mut command, &limits)?;
        seconds += finished.seconds;
        let printed = String::from_utf8_lossy(&finished.stdout);
        text += &printed;
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        if finished.end == End::Exit(0) {
            break;
        }
        let done = printed.lines().filter(|line| line.starts_with("file ")).count();
        if done == 0 {
            let error = String::from_utf8_lossy(&finished.stderr);
            let last = error.lines().last().unwrap_or_default();
            return Err(format!("{}: {}: {last}", program.display(), finished.end));
        }
        let _ = writeln!(text, "died {}", finished.end);
        rest = rest.get(done..).unwrap_or_default();
    }
    Ok((text, seconds))
}

/// Split a dump into files and code objects.
pub(super) fn parse(text: &str) -> BTreeMap<&str, Dump<'_>> {
    let mut dumps = BTreeMap::new();
    let mut current: Option<&mut Dump<'_>> = None;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("file ") {
            current = Some(dumps.entry(name).or_insert_with(Dump::default));
            continue;
        }
        let Some(dump) = current.as_deref_mut() else { continue };
        if line == "end" {
            dump.complete = true;
        } else if line.starts_with("code ") {
            dump.codes.push(vec![line]);
        } else if let Some(code) = dump.codes.last_mut() {
            code.push(line);
        } else {
            dump.verdict.push(line);
        }
    }
    dumps
}
