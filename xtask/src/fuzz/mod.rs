//! `cargo xtask fuzz`: inputs that nobody would write, the same ones for the same seed.
//!
//! `compile` gives mutated parts of the reference's `Lib` to `compile()`, `identity` compares what
//! becomes of them with what the reference makes of them, and `builtins` calls what the builtin
//! types offer with odd arguments. A process that dies or hangs fails its case and is started again
//! behind it. No case opens a file, starts a process or uses the network.

mod mutate;

use crate::Result;
use crate::args::{Args, Command, opt};
use crate::identity::{self, Dumpers, Verdict};
use crate::process::{self, End, Limits};
use crate::project::{self, Reference};
use mutate::Mutator;
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) const COMMAND: Command = Command {
    name: "fuzz",
    operands: "compile|identity|builtins",
    summary: "Try inputs that nobody would write; the same ones for the same seed",
    options: &[
        opt("count", "N", "Number of cases (default 1000)"),
        opt("seed", "N", "Where the sequence of cases begins (default 1)"),
        opt("krait", "PATH", "The interpreter to test"),
        opt("dumper", "PATH", "Program that prints our code, as for identity"),
        opt("optimize", "N", "Level 0, 1 or 2, as -O and -OO (default 0)"),
        opt("seconds", "N", "Stop after this time (default: when all cases are done)"),
        opt("jobs", "N", "Batches at the same time (default: the cores)"),
        opt("verbose", "", "Show every difference (-v)"),
    ],
    run,
};

/// Cases given to one process.
const BATCH: u64 = 250;

fn run(args: &Args) -> Result<bool> {
    let plan = Plan {
        seed: args.number("seed", 1)?,
        count: args.number("count", 1000)?,
        seconds: args.number("seconds", 0)?,
    };
    match args.operands.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["compile"] => compile(args, &plan),
        ["identity"] => compare(args, &plan),
        ["builtins"] => builtins(args, &plan),
        _ => Err("say one of compile, identity and builtins".to_owned()),
    }
}

struct Plan {
    seed: u64,
    count: u64,
    seconds: u64,
}

impl Plan {
    /// Call `job` with the first number and the length of each batch; the sum of the failures.
    fn batches(&self, mut job: impl FnMut(u64, u64) -> Result<u64>) -> Result<bool> {
        let started = std::time::Instant::now();
        let (mut done, mut failed) = (0, 0);
        while done < self.count {
            if self.seconds > 0 && started.elapsed().as_secs() >= self.seconds {
                break;
            }
            let length = BATCH.min(self.count - done);
            failed += job(self.seed.wrapping_add(done), length)?;
            done += length;
        }
        println!("fuzz: {} passed, {failed} failed", done - failed);
        Ok(failed == 0)
    }
}

fn folder(name: &str) -> Result<PathBuf> {
    let folder = project::target().join("fuzz").join(name);
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}

/// Write the mutated sources of a batch.
fn sources(folder: &Path, mutator: &Mutator, first: u64, length: u64) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for number in first..first.wrapping_add(length) {
        let file = folder.join(format!("{number}.py"));
        project::write(&file, mutator.source(number))?;
        files.push(file);
    }
    Ok(files)
}

fn compile(args: &Args, plan: &Plan) -> Result<bool> {
    let krait = project::krait(args)?;
    let mutator = Mutator::new(&Reference::find()?.lib())?;
    let folder = folder("compile")?;
    let driver = project::root().join("fuzz/compile.py");
    plan.batches(|first, length| {
        let files = sources(&folder, &mutator, first, length)?;
        let failed = drive(&krait, &driver, &files)?;
        remove(&files, &failed);
        Ok(failed.len() as u64)
    })
}

/// Run a driver over files, each of which it names before it begins with it. The answer are those that
/// ended it.
fn drive(krait: &Path, driver: &Path, files: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut failed = Vec::new();
    let mut rest = files;
    while !rest.is_empty() {
        let mut command = std::process::Command::new(krait);
        command.arg("-I").arg(driver).args(rest);
        let finished = process::run(&mut command, &limits())?;
        if finished.end == End::Exit(0) {
            break;
        }
        let printed = String::from_utf8_lossy(&finished.stdout);
        let begun = printed.lines().count();
        let Some(file) = begun.checked_sub(1).and_then(|last| rest.get(last)) else {
            let error = String::from_utf8_lossy(&finished.stderr);
            return Err(format!("{}: {}\n{error}", driver.display(), finished.end));
        };
        println!("FAILED: {}: {}", file.display(), finished.end);
        failed.push(file.clone());
        rest = rest.get(begun..).unwrap_or_default();
    }
    Ok(failed)
}

fn limits() -> Limits {
    Limits { seconds: 120.0, megabytes: 2048, output: 16 << 20 }
}

fn remove(files: &[PathBuf], except: &[PathBuf]) {
    for file in files.iter().filter(|file| !except.contains(file)) {
        let _ = fs::remove_file(file);
    }
}

/// How deep sources may nest is a matter of the parser's stack, which is not ours.
const PARSER_STACK: &str = "MemoryError Parser stack overflowed";

fn compare(args: &Args, plan: &Plan) -> Result<bool> {
    let reference = Reference::find()?;
    let dumpers = Dumpers::new(&reference, args)?;
    let mutator = Mutator::new(&reference.lib())?;
    let folder = folder("identity")?;
    let jobs = args.number("jobs", project::cores())?;
    let mut causes = std::collections::BTreeMap::new();
    let result = plan.batches(|first, length| {
        let files = sources(&folder, &mutator, first, length)?;
        let (verdicts, _) = identity::compare_all(&dumpers, &folder, &files, jobs)?;
        let mut failed = Vec::new();
        let different = |verdict: &Verdict| {
            verdict.differences.values().any(|(_, place)| !place.contains(PARSER_STACK))
        };
        for (name, verdict) in verdicts.iter().filter(|(_, verdict)| different(verdict)) {
            failed.push(folder.join(name));
            for (cause, (_, place)) in &verdict.differences {
                *causes.entry(cause.clone()).or_insert(0) += 1;
                if args.has("verbose") {
                    println!("{name}: {cause}: {place}");
                }
            }
        }
        remove(&files, &failed);
        Ok(failed.len() as u64)
    });
    for (cause, count) in causes {
        println!("{count:>6} {cause}");
    }
    result
}

fn builtins(args: &Args, plan: &Plan) -> Result<bool> {
    let krait = project::krait(args)?;
    let driver = project::root().join("fuzz/builtins.py");
    plan.batches(|first, length| {
        let mut failed = 0;
        let (mut next, mut left) = (first, length);
        while left > 0 {
            let mut command = std::process::Command::new(&krait);
            command.arg("-I").arg(&driver).arg(next.to_string()).arg(left.to_string());
            let finished = process::run(&mut command, &limits())?;
            if finished.end == End::Exit(0) {
                break;
            }
            let printed = String::from_utf8_lossy(&finished.stdout);
            let Some(last) = printed.lines().rfind(|line| line.starts_with("case ")) else {
                let error = String::from_utf8_lossy(&finished.stderr);
                return Err(format!("{}: {}\n{error}", driver.display(), finished.end));
            };
            println!("FAILED: {last}: {}", finished.end);
            failed += 1;
            let number = last.split(' ').nth(1).and_then(|number| number.parse().ok());
            let behind = number.unwrap_or(next).wrapping_add(1);
            left = left.saturating_sub(behind.wrapping_sub(next));
            next = behind;
        }
        Ok(failed)
    })
}
