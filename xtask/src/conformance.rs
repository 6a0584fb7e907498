//! `cargo xtask conformance`: CPython's test files on Krait, one process each, and the ledger.
//!
//! Every file runs in a folder of its own that is also its home and its place for temporary files.
//! A file that crashes is continued behind the method that crashed, so that one defect does not
//! hide the others.

use crate::Result;
use crate::args::{Args, Command, opt};
use crate::jobs;
use crate::ledger::Ledger;
use crate::process::{self, End, Limits};
use crate::project::{self, Reference};
use crate::results::{Outcome, State};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{IsTerminal, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub(crate) const COMMAND: Command = Command {
    name: "conformance",
    operands: "[NAME|PATTERN*|@LIST]…",
    summary: "Run CPython's test files (all, or those named) and compare with tests/cpython/",
    options: &[
        opt("krait", "PATH", "Interpreter to test (default: the release, else the debug build)"),
        opt("lib", "WHICH", "Standard library: reference (default) or embedded"),
        opt("jobs", "N", "Files at the same time (default: the cores)"),
        opt("timeout", "S", "Seconds for a file (default 300)"),
        opt("memory", "MB", "RLIMIT_DATA of a process (default 2048, 0 for none)"),
        opt("resources", "LIST", "As regrtest's -u, e.g. cpu,walltime (default none)"),
        opt("match", "PATTERN", "Only the methods that match, e.g. '*.test_sort*'"),
        opt("verbose", "", "Show tracebacks (-v)"),
        opt("quiet", "", "Show files without their failing methods"),
        opt("json", "FILE", "Write everything as JSON"),
        opt("update", "", "Record the results in the ledger"),
        opt("ci", "", "Run only the files that pass by the ledger; fail when one does not"),
        opt("budget", "S", "With --ci: start no file after S seconds, cheapest files first"),
        opt(
            "leaks",
            "",
            "Look for growth as regrtest -R 3:3 does (default: the files of leaks.txt)",
        ),
        opt("list", "", "Print the names and the ledger's states, run nothing"),
    ],
    run,
};

const RUNNER: &str = include_str!("../runner.py");

/// How often a file that crashes is continued behind the crash.
const CONTINUATIONS: usize = 8;

/// What all files of one run share.
struct Plan {
    krait: PathBuf,
    environment: Vec<(&'static str, PathBuf)>,
    folder: PathBuf,
    runner: PathBuf,
    limits: Limits,
    resources: String,
    pattern: String,
    leaks: bool,
}

struct Run {
    outcome: Outcome,
    seconds: f64,
}

fn run(args: &Args) -> Result<bool> {
    let reference = Reference::find()?;
    let everything = test_files(&reference.lib().join("test"))?;
    let ledger_folder = project::root().join("tests/cpython");
    let mut ledger = Ledger::load(&ledger_folder)?;
    let ci = args.has("ci");
    let operands = match args.operands.as_slice() {
        [] if args.has("leaks") => &[format!("@{}", ledger_folder.join("leaks.txt").display())],
        named => named,
    };
    let mut names = select(&everything, operands)?;
    if ci {
        names.retain(|name| ledger.files.get(name).is_some_and(|entry| entry.state.is_good()));
        if names.is_empty() {
            return Err("the ledger says of no such file that it passes".to_owned());
        }
    }
    let cost = |name: &String| ledger.files.get(name).map_or(u64::MAX, |entry| entry.cost);
    if args.has("list") {
        for name in &names {
            println!("{name:<32} {}", ledger.files.get(name).map_or("-", |e| e.state.name()));
        }
        return Ok(true);
    }
    // Cheapest first where time may run out, else dearest first, so that no core idles at the end.
    names.sort_by_key(|name| (cost(name), name.clone()));
    if !ci {
        names.reverse();
    }
    let plan = plan(args, &reference)?;
    let jobs = args.number("jobs", project::cores())?;
    let budget = Duration::from_secs_f64(args.number("budget", 1e9)?);
    let started = Instant::now();

    let mut runs: BTreeMap<String, Run> = BTreeMap::new();
    let mut trouble = Ok(());
    let (mut good, total) = (0, names.len());
    let progress = std::io::stdout().is_terminal();
    jobs::parallel(
        &names,
        jobs,
        |name| (started.elapsed() < budget).then(|| run_file(&plan, name)),
        |name, result| match result {
            Ok(run) => {
                good += usize::from(run.outcome.state().is_good());
                let done = runs.len() + 1;
                if progress {
                    print!("\r\x1b[K");
                }
                report_file(args, name, &run);
                if progress {
                    let minutes = started.elapsed().as_secs_f64() / 60.0;
                    print!("{done} of {total} files, {good} good, {minutes:.1} min");
                    let _ = std::io::stdout().flush();
                }
                runs.insert(name.clone(), run);
            }
            Err(message) => trouble = Err(message),
        },
    );
    if progress {
        print!("\r\x1b[K");
    }
    trouble?;
    // A pass that turned into a failure may be the machine's fault: such a file gets a second try.
    if ci {
        for name in broken(&ledger, &runs) {
            println!("{name}: once more, alone");
            let run = run_file(&plan, &name)?;
            report_file(args, &name, &run);
            runs.insert(name, run);
        }
    }

    remove(&plan.folder.join(format!("work.{}", std::process::id())));
    print_summary(&runs, started.elapsed());
    if args.has("leaks") {
        return Ok(print_leaks(&runs));
    }
    let whole_files = plan.pattern.is_empty();
    let regressions = if whole_files { compare(&ledger, &runs) } else { Vec::new() };
    if let Some(file) = args.get("json") {
        write_json(Path::new(file), &plan, &runs)?;
    }
    if args.has("update") {
        if !whole_files {
            return Err("--update needs whole files, not --match".to_owned());
        }
        for (name, run) in &runs {
            ledger.record(name, &run.outcome, run.seconds);
        }
        ledger.forget_all_but(&everything.iter().map(String::as_str).collect());
        ledger.store(&ledger_folder)?;
        let missing = everything.iter().filter(|name| !ledger.files.contains_key(*name)).count();
        println!("tests/cpython/ updated; {missing} files have no state yet");
    }
    if ci && runs.len() < total {
        println!("{} of {total} passing files were left out for lack of time", total - runs.len());
    }
    if ci {
        let good = runs.values().filter(|run| run.outcome.state().is_good()).count();
        println!("conformance: {good} passed, {} failed", runs.len() - good);
        return Ok(regressions.is_empty());
    }
    Ok(true)
}

/// The names that regrtest would find, packages not split.
fn test_files(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let package = entry.path().join("__init__.py").exists();
            let name = if package { &name } else { name.strip_suffix(".py")? };
            name.starts_with("test_").then(|| name.to_owned())
        })
        .collect();
    names.sort();
    Ok(names)
}

/// The files that the operands name: a name, a pattern with a star at its end, or a list of names.
fn select(everything: &[String], operands: &[String]) -> Result<Vec<String>> {
    if operands.is_empty() {
        return Ok(everything.to_vec());
    }
    let mut wanted = Vec::new();
    for operand in operands {
        match operand.strip_prefix('@') {
            None => wanted.push(operand.clone()),
            Some(list) => {
                let text = project::read(Path::new(list))?;
                let lines = text.lines().filter(|line| !line.starts_with('#'));
                wanted.extend(lines.flat_map(str::split_whitespace).map(str::to_owned));
            }
        }
    }
    let mut names = BTreeSet::new();
    for pattern in wanted {
        let pattern = pattern.trim_end_matches(".py");
        let matches = |name: &&String| match pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => *name == pattern || name.strip_prefix("test_") == Some(pattern),
        };
        let before = names.len();
        names.extend(everything.iter().filter(matches).cloned());
        if names.len() == before && !names.iter().any(|name| matches(&name)) {
            return Err(format!("no test file is called {pattern}"));
        }
    }
    Ok(names.into_iter().collect())
}

fn plan(args: &Args, reference: &Reference) -> Result<Plan> {
    let mut krait = project::krait(args)?;
    // CPython looks for its library beside its program, which tests start under other names.
    if reference.contains(&krait) {
        krait = fs::canonicalize(&krait).map_err(|e| format!("{}: {e}", krait.display()))?;
    }
    let folder = project::target().join("conformance");
    remove_stale(&folder);
    let mut environment = Vec::new();
    match args.get("lib").unwrap_or("reference") {
        // The reference itself finds its library without help, and is tested as it is.
        "reference" if reference.contains(&krait) => {}
        "reference" => {
            environment.push(("PYTHONHOME", reference.home()));
            krait = install(&krait, &reference.home(), &folder)?;
        }
        "embedded" => {
            // The tests are not part of what is embedded.
            let path = folder.join("path");
            fs::create_dir_all(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            let link = path.join("test");
            let _ = fs::remove_file(&link);
            std::os::unix::fs::symlink(reference.lib().join("test"), &link)
                .map_err(|e| format!("{}: {e}", link.display()))?;
            environment.push(("PYTHONPATH", path));
        }
        other => return Err(format!("--lib is reference or embedded, not {other}")),
    }
    let runner = folder.join("runner.py");
    project::write(&runner, RUNNER)?;
    Ok(Plan {
        krait,
        environment,
        folder,
        runner,
        limits: Limits {
            seconds: args.number("timeout", 300.0)?,
            megabytes: args.number("memory", 2048)?,
            output: 256 << 10,
        },
        resources: args.get("resources").unwrap_or_default().to_owned(),
        pattern: args.get("match").unwrap_or_default().to_owned(),
        leaks: args.has("leaks"),
    })
}

/// Install Krait beside the reference's library, where the tests are found that are started
/// without the environment (`-I`, `-E`).
fn install(krait: &Path, home: &Path, folder: &Path) -> Result<PathBuf> {
    let prefix = folder.join(format!("work.{}/prefix", std::process::id()));
    let bin = prefix.join("bin");
    fs::create_dir_all(&bin).map_err(|e| format!("{}: {e}", bin.display()))?;
    let link = prefix.join("lib");
    std::os::unix::fs::symlink(home.join("lib"), &link)
        .map_err(|e| format!("{}: {e}", link.display()))?;
    let program = bin.join("krait");
    let made = fs::hard_link(krait, &program).or_else(|_| fs::copy(krait, &program).map(drop));
    made.map_err(|e| format!("{}: {e}", program.display()))?;
    Ok(program)
}

fn run_file(plan: &Plan, name: &str) -> Result<Run> {
    let folder = plan.folder.join(format!("work.{}/{name}", std::process::id()));
    let results = folder.join("results");
    let done = folder.join("done");
    let mut outcome = Outcome::default();
    let mut left = plan.limits.seconds;
    let mut seconds = 0.0;
    for round in 0..=CONTINUATIONS {
        let (work, temporary) = (folder.join("work"), folder.join("tmp"));
        for made in [&work, &temporary] {
            fs::create_dir_all(made).map_err(|e| format!("{}: {e}", made.display()))?;
        }
        let mut command = std::process::Command::new(&plan.krait);
        command.arg("-u").arg(&plan.runner).arg(&results).args([name, &plan.resources]);
        command.args([plan.pattern.as_str(), if plan.leaks { "6" } else { "1" }]);
        command.arg(if round == 0 { Path::new("") } else { &done });
        // Colours and the user's Python settings would change what tests see.
        for (variable, _) in std::env::vars_os() {
            if variable.to_str().is_some_and(|name| name.starts_with("PYTHON")) {
                command.env_remove(variable);
            }
        }
        command.env_remove("FORCE_COLOR").env("HOME", &folder).env("TMPDIR", &temporary);
        command.envs(plan.environment.iter().map(|(name, value)| (name, value)));
        command.current_dir(&work);
        let finished = process::run(&mut command, &Limits { seconds: left, ..plan.limits })?;
        seconds += finished.seconds;
        left -= finished.seconds;
        let lines = fs::read(&results).unwrap_or_default();
        let _ = fs::remove_file(&results);
        outcome.read(&String::from_utf8_lossy(&lines));
        let in_test = outcome.running.is_some();
        let words = match finished.end {
            End::Exit(0) | End::TimedOut => String::new(),
            _ => last_words(&finished.stderr),
        };
        outcome.end(finished.end, &words);
        if finished.end == End::TimedOut || !in_test || plan.leaks || left < 1.0 {
            break;
        }
        let ids = outcome.passed.iter().chain(outcome.failed.keys());
        let ids: Vec<&str> = ids.chain(outcome.skipped.keys()).map(String::as_str).collect();
        project::write(&done, ids.join("\n"))?;
    }
    remove(&folder);
    let _ = fs::remove_dir(folder.parent().unwrap_or(&folder));
    Ok(Run { outcome, seconds })
}

/// Remove what runs left behind that were killed.
fn remove_stale(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().into_string().unwrap_or_default();
        if let Some(process) = name.strip_prefix("work.")
            && !Path::new("/proc").join(process).exists()
        {
            remove(&entry.path());
        }
    }
}

/// Remove a folder even if a test took away the rights to its parts.
fn remove(folder: &Path) {
    if fs::remove_dir_all(folder).is_err() {
        let _ = std::process::Command::new("chmod").args(["-R", "u+rwX"]).arg(folder).output();
        let _ = fs::remove_dir_all(folder);
    }
}

/// The line of standard error that says most about a crash.
fn last_words(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let telling = |line: &&&str| {
        ["panicked at", "Fatal Python error", "memory allocation of", "has overflowed its stack"]
            .iter()
            .any(|mark| line.contains(mark))
    };
    let line = match lines.iter().position(|line| telling(&line)) {
        // The text of a panic stands on the line behind its place.
        Some(at) if lines[at].contains("panicked at") => {
            lines.get(at..at + 2).unwrap_or(&[]).join(" ")
        }
        Some(at) => lines[at].to_owned(),
        None => lines.last().map(ToString::to_string).unwrap_or_default(),
    };
    line.chars().take(200).collect()
}

fn report_file(args: &Args, name: &str, run: &Run) {
    let outcome = &run.outcome;
    println!(
        "{:<8}{name:<32} {:>4} passed {:>4} failed {:>4} skipped {:>7.1} s",
        outcome.state().name(),
        outcome.passed.len(),
        outcome.failed.len(),
        outcome.skipped.len(),
        run.seconds
    );
    if let (State::Skip, Some(reason)) = (outcome.state(), outcome.skipped.get("(load)")) {
        println!("        {reason}");
    }
    if args.has("quiet") {
        return;
    }
    for (id, problem) in &outcome.failed {
        let place = if problem.place.is_empty() { "" } else { "  at " };
        println!("        {id}: {}{place}{}", problem.reason, problem.place);
        if args.has("verbose") && !problem.trace.is_empty() {
            println!("{}\n", problem.trace.trim_end());
        }
    }
}

fn print_summary(runs: &BTreeMap<String, Run>, elapsed: Duration) {
    println!("\n{:<9}{:>6}", "files", runs.len());
    for state in State::ALL {
        let count = runs.values().filter(|run| run.outcome.state() == state).count();
        if count > 0 {
            println!("{:<9}{count:>6}", state.name());
        }
    }
    let sum =
        |count: fn(&Outcome) -> usize| runs.values().map(|r| count(&r.outcome)).sum::<usize>();
    println!(
        "methods: {} passed, {} failed, {} skipped; {:.0} s",
        sum(|outcome| outcome.passed.len()),
        sum(|outcome| outcome.failed.len()),
        sum(|outcome| outcome.skipped.len()),
        elapsed.as_secs_f64()
    );
    let mut fresh = Ledger::default();
    for (name, run) in runs {
        fresh.record(name, &run.outcome, run.seconds);
    }
    let causes = fresh.causes();
    if !causes.is_empty() {
        println!("\nlargest causes (methods, files):");
    }
    for (cause, methods, files) in causes.into_iter().take(15) {
        println!("{methods:>6} {files:>4}  {}", cause.trim_start_matches("auto: "));
    }
}

/// Files that are good by the ledger and bad in this run.
fn broken(ledger: &Ledger, runs: &BTreeMap<String, Run>) -> Vec<String> {
    let was_good = |name: &str| ledger.files.get(name).is_some_and(|entry| entry.state.is_good());
    let is_bad = |run: &Run| !run.outcome.state().is_good();
    runs.iter()
        .filter(|(name, run)| was_good(name) && is_bad(run))
        .map(|(n, _)| n.clone())
        .collect()
}

/// Print what changed since the ledger was written; the files that got worse.
fn compare(ledger: &Ledger, runs: &BTreeMap<String, Run>) -> Vec<String> {
    if ledger.files.is_empty() {
        return Vec::new();
    }
    let regressions = broken(ledger, runs);
    let (mut new_files, mut fixed, mut spoiled) = (Vec::new(), 0, Vec::new());
    for (name, run) in runs {
        let known = ledger.files.get(name);
        if run.outcome.state().is_good() && known.is_none_or(|entry| !entry.state.is_good()) {
            new_files.push(name.as_str());
        }
        let before: BTreeSet<&str> = ledger
            .failures
            .keys()
            .filter(|(file, _)| file == name)
            .map(|(_, method)| method.as_str())
            .collect();
        let now = &run.outcome.failed;
        fixed += before.iter().filter(|method| !now.contains_key(**method)).count();
        if known.is_some() {
            let fresh = now.keys().filter(|method| !before.contains(method.as_str()));
            spoiled.extend(fresh.map(|method| format!("{name} {method}")));
        }
    }
    println!("\nagainst the ledger: {fixed} methods fixed, {} newly failing", spoiled.len());
    for method in &spoiled {
        println!("  newly failing: {method}");
    }
    if !new_files.is_empty() {
        println!("  files newly passing: {}", new_files.join(" "));
    }
    for name in &regressions {
        println!("  REGRESSION: {name} passed");
    }
    regressions
}

fn print_leaks(runs: &BTreeMap<String, Run>) -> bool {
    let mut clean = 0;
    for (name, run) in runs {
        let leaks = run.outcome.leaks();
        let measured = run.outcome.counts.len() == 6;
        for (what, growth) in &leaks {
            println!("{name} leaked {what}: {growth:?}");
        }
        if !measured && run.outcome.state() != State::Skip {
            println!("{name} did not get to its end six times");
        }
        clean += usize::from(leaks.is_empty() && (measured || run.outcome.state() == State::Skip));
    }
    println!("leaks: {clean} passed, {} failed", runs.len() - clean);
    clean == runs.len()
}

fn write_json(path: &Path, plan: &Plan, runs: &BTreeMap<String, Run>) -> Result<()> {
    let files: serde_json::Map<_, _> =
        runs.iter().map(|(name, run)| (name.clone(), run.outcome.to_json(run.seconds))).collect();
    let document = json!({ "interpreter": plan.krait, "files": files });
    project::write(path, format!("{document:#}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_select_files() {
        let all: Vec<String> = ["test_a", "test_ab", "test_b"].map(str::to_owned).to_vec();
        let select = |operands: &[&str]| {
            let operands: Vec<String> = operands.iter().map(ToString::to_string).collect();
            super::select(&all, &operands)
        };
        assert_eq!(select(&[]).unwrap().len(), 3);
        assert_eq!(select(&["test_a*"]).unwrap(), ["test_a", "test_ab"]);
        assert_eq!(select(&["b", "test_b.py"]).unwrap(), ["test_b"]);
        assert!(select(&["test_c"]).is_err());
    }

    #[test]
    fn a_panic_is_told_with_its_text() {
        let stderr = b"x\nthread 'main' panicked at a.rs:1:2:\nindex out of bounds\nnote: run\n";
        let expected = "thread 'main' panicked at a.rs:1:2: index out of bounds";
        assert_eq!(last_words(stderr), expected);
        assert_eq!(last_words(b"one\ntwo\n"), "two");
    }
}
