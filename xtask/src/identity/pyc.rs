//! `.pyc` files: both interpreters write the same bytes, and each runs the other's.

use crate::Result;
use crate::args::Args;
use crate::process::{self, End, Finished, Limits};
use crate::project::{self, Reference};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Files that one process compiles.
const BATCH: usize = 100;

/// Files in a thousand whose bytes may differ.
const TOLERATED: usize = 2;

/// Compile `files` and the corpus with both, compare, and run the corpus crosswise.
pub(super) fn check(args: &Args, reference: &Reference, files: &[PathBuf]) -> Result<bool> {
    let level = args.get("optimize").unwrap_or("0");
    let home = Some(reference.home());
    let ours = Interpreter { program: project::krait(args)?, home, level };
    let theirs = Interpreter { program: reference.python(), home: None, level };
    let programs = project::files_below(&project::root().join("tests/python/language"), "py");
    let (mut passed, mut failed, mut same, mut all) = (0, 0, 0, 0usize);
    let mut judge = |what: &str, file: &Path, good: bool| {
        match good {
            true => passed += 1,
            false => {
                failed += 1;
                println!("FAILED: {what}: {}", file.display());
            }
        };
    };
    for batch in files.chunks(BATCH).chain(programs.chunks(BATCH)) {
        let (left, right) = (ours.compile("ours", batch)?, theirs.compile("theirs", batch)?);
        for (number, file) in batch.iter().enumerate() {
            let name = format!("{number}.pyc");
            all += 1;
            match (fs::read(left.join(&name)), fs::read(right.join(&name))) {
                (Ok(left), Ok(right)) if left == right => same += 1,
                (Ok(_), Ok(_)) => println!("DIFFERENT: {}", file.display()),
                _ => judge("not compiled", file, false),
            }
            let Ok(expected) = fs::read(file.with_extension("out")) else { continue };
            if level != "0" {
                continue;
            }
            let printed = ours.run(&right.join(&name), file)?.stdout;
            judge("the reference's, run by us", file, printed == expected);
            let printed = theirs.run(&left.join(&name), file)?.stdout;
            judge("ours, run by the reference", file, printed == expected);
        }
    }
    println!("identical bytes: {same} of {all} ({:.2} %)", super::percent(same, all));
    judge("the same bytes", Path::new(""), all - same <= (all * TOLERATED).div_ceil(1000));
    println!("pyc: {passed} passed, {failed} failed");
    Ok(failed == 0)
}

struct Interpreter<'a> {
    program: PathBuf,
    home: Option<PathBuf>,
    level: &'a str,
}

impl Interpreter<'_> {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        if let Some(home) = &self.home {
            command.env("PYTHONHOME", home);
        }
        command
    }

    /// The folder with the compiled files.
    fn compile(&self, name: &str, files: &[PathBuf]) -> Result<PathBuf> {
        let folder = project::target().join("identity/pyc").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut command = self.command();
        command
            .arg(project::root().join("tests/identity/write_pyc.py"))
            .arg(&folder)
            .arg(self.level);
        command.args(files);
        let finished = process::run(&mut command, &Limits { seconds: 300.0, ..Limits::default() })?;
        match finished.end {
            End::Exit(0) => Ok(folder),
            end => {
                Err(format!("write_pyc.py: {end}\n{}", String::from_utf8_lossy(&finished.stderr)))
            }
        }
    }

    /// Run a compiled program in the folder of its source.
    fn run(&self, compiled: &Path, source: &Path) -> Result<Finished> {
        let mut command = self.command();
        command.arg(compiled).env("PYTHONPATH", source.parent().unwrap_or(source));
        process::run(&mut command, &Limits::default())
    }
}
