//! `cargo xtask bench`: pyperformance on Krait, CPython and PyPy side by side.
//!
//! The benchmarks are those of the package on PyPI, unmodified; what times them is our own small
//! `pyperf` (`bench_support/pyperf.py`, which says why). The runtimes take turns within each round,
//! so that a change of the machine's mood meets all of them; the best round of medians counts.

use crate::Result;
use crate::args::{Args, Command, opt};
use crate::process::{self, End, Limits};
use crate::project::{self, Reference};
use crate::statistics::{geometric_mean, median, show_seconds, spread};
use crate::svg;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) const COMMAND: Command = Command {
    name: "bench",
    operands: "[NAME]…",
    summary: "Compare the speed of Krait, CPython and PyPy on pyperformance's benchmarks",
    options: &[
        opt("krait", "PATH", "Interpreter to measure (default: the release, else the debug build)"),
        opt("only", "LIST", "Runtimes: krait,cpython,pypy (default all)"),
        opt("rounds", "N", "Rounds through all runtimes (default 3)"),
        opt("warmup", "S", "Seconds before values are taken, in each process (default 0.5)"),
        opt("values", "N", "Values taken in each process (default 5)"),
        opt("timeout", "S", "Seconds for one process (default 120)"),
        opt("cpu", "", "Measure processor time, for a machine that is shared with others"),
        opt("json", "FILE", "Write all values as JSON"),
        opt("svg", "FILE", "Write the ratios as a bar chart"),
        opt("list", "", "Print the names of the benchmarks"),
        opt("instructions", "", "Count instructions of the programs in bench/ instead"),
    ],
    run,
};

const PYPERF: &str = include_str!("../bench_support/pyperf.py");

/// Benchmarks that need more than pyperformance itself are run only when named.
pub(crate) struct Benchmark {
    pub(crate) name: String,
    script: PathBuf,
    options: Vec<String>,
    pub(crate) needs_packages: bool,
}

/// pyperformance's benchmarks, and the folder of our `pyperf`.
pub(crate) struct Suite {
    packages: PathBuf,
    support: PathBuf,
    pub(crate) benchmarks: Vec<Benchmark>,
}

impl Suite {
    /// Install what is missing.
    pub(crate) fn open() -> Result<Suite> {
        let packages = install()?;
        let benchmarks = benchmarks(&packages.join("pyperformance/data-files/benchmarks"));
        let support = project::target().join("bench/support");
        project::write(&support.join("pyperf.py"), PYPERF)?;
        Ok(Suite { packages, support, benchmarks })
    }

    /// The process that runs a benchmark and writes its values to `output`.
    pub(crate) fn command(
        &self,
        benchmark: &Benchmark,
        python: &Path,
        output: &Path,
    ) -> std::process::Command {
        let mut path = self.support.as_os_str().to_owned();
        path.push(":");
        path.push(&self.packages);
        let mut command = std::process::Command::new(python);
        command.arg(&benchmark.script).args(&benchmark.options).current_dir(&self.support);
        command.env("PYTHONPATH", path).env("PYTHONHASHSEED", "0");
        command.env("KRAIT_BENCH_OUTPUT", output);
        command
    }
}

struct Runtime {
    name: &'static str,
    program: PathBuf,
}

/// Values of one benchmark on one runtime, a list per round.
type Rounds = Vec<Vec<f64>>;

fn run(args: &Args) -> Result<bool> {
    if args.has("instructions") {
        return count_instructions(args);
    }
    let suite = Suite::open()?;
    if args.has("list") {
        for benchmark in &suite.benchmarks {
            let note = if benchmark.needs_packages { " (needs further packages)" } else { "" };
            println!("{}{note}", benchmark.name);
        }
        return Ok(true);
    }
    let chosen = choose(&suite.benchmarks, &args.operands)?;
    let runtimes = runtimes(args)?;
    let rounds: usize = args.number("rounds", 3)?;

    let mut values: BTreeMap<(String, &str), Rounds> = BTreeMap::new();
    let mut failures: BTreeMap<(String, &str), String> = BTreeMap::new();
    for round in 0..rounds {
        for (number, benchmark) in chosen.iter().enumerate() {
            eprintln!(
                "round {}, {} of {}: {}",
                round + 1,
                number + 1,
                chosen.len(),
                benchmark.name
            );
            for runtime in &runtimes {
                let key = (benchmark.name.clone(), runtime.name);
                if failures.contains_key(&key) {
                    continue;
                }
                match measure(args, &suite, benchmark, runtime)? {
                    Ok(lines) => {
                        for (name, list) in lines {
                            values.entry((name, runtime.name)).or_default().push(list);
                        }
                    }
                    Err(reason) => {
                        failures.insert(key, reason);
                    }
                }
            }
        }
    }
    report(args, &runtimes, &values, &failures)?;
    Ok(!failures.keys().any(|(_, runtime)| *runtime == "krait"))
}

/// Install pyperformance with its ordinary installer, once.
fn install() -> Result<PathBuf> {
    let folder = project::target().join("bench/packages");
    if folder.join("pyperformance").exists() {
        return Ok(folder);
    }
    let mut candidates = vec![PathBuf::from("python3"), PathBuf::from("python")];
    if let Ok(reference) = Reference::find() {
        candidates.insert(0, reference.python());
    }
    for python in &candidates {
        let pip = |arguments: &[&str]| {
            let mut command = std::process::Command::new(python);
            command.args(["-m", "pip"]).args(arguments);
            command
        };
        if !pip(&["--version"]).output().is_ok_and(|output| output.status.success()) {
            continue;
        }
        // Only pyperformance's benchmarks are used, and these need nothing that it depends on.
        let mut command = pip(&["install", "--quiet", "--no-deps", "--no-compile", "--target"]);
        let status = command.arg(&folder).arg("pyperformance").status();
        let status = status.map_err(|error| format!("pip: {error}"))?;
        return if status.success() {
            Ok(folder)
        } else {
            Err("pip could not install pyperformance".to_owned())
        };
    }
    Err("no Python with pip found; install python3-pip".to_owned())
}

/// The benchmarks of the package: one per description file.
fn benchmarks(folder: &Path) -> Vec<Benchmark> {
    let mut found = Vec::new();
    for description in project::files_below(folder, "toml") {
        let Some(folder) = description.parent() else { continue };
        let script = folder.join("run_benchmark.py");
        let Ok(text) = fs::read_to_string(&description) else { continue };
        let Some((name, options)) = describe(&text) else { continue };
        if script.exists() {
            let needs_packages = folder.join("requirements.txt").exists();
            found.push(Benchmark { name, script, options, needs_packages });
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// Name and extra options from a description's `[tool.pyperformance]`.
fn describe(toml: &str) -> Option<(String, Vec<String>)> {
    let (_, table) = toml.split_once("[tool.pyperformance]")?;
    let table = table.split("\n[").next()?;
    let quoted = |text: &str| -> Vec<String> {
        text.split('"').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let value = |key: &str| {
        let line = table.lines().find(|line| {
            line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='))
        })?;
        Some(quoted(line))
    };
    let name = value("name")?.into_iter().next()?;
    Some((name, value("extra_opts").unwrap_or_default()))
}

fn choose<'a>(all: &'a [Benchmark], names: &[String]) -> Result<Vec<&'a Benchmark>> {
    if names.is_empty() {
        return Ok(all.iter().filter(|benchmark| !benchmark.needs_packages).collect());
    }
    let find = |name: &String| {
        let found = all.iter().find(|benchmark| benchmark.name == *name);
        found.ok_or_else(|| format!("no benchmark is called {name}; see --list"))
    };
    names.iter().map(find).collect()
}

fn runtimes(args: &Args) -> Result<Vec<Runtime>> {
    let only = args.list("only");
    let wanted = |name: &str| only.is_empty() || only.contains(&name);
    let mut runtimes = Vec::new();
    if wanted("krait") {
        runtimes.push(Runtime { name: "krait", program: project::krait(args)? });
    }
    if wanted("cpython") {
        runtimes.push(Runtime { name: "cpython", program: Reference::find()?.python() });
    }
    if wanted("pypy") {
        runtimes.push(Runtime { name: "pypy", program: Reference::find()?.pypy() });
    }
    Ok(runtimes)
}

type Lines = Vec<(String, Vec<f64>)>;

/// One process; the inner error says why the benchmark does not run on this runtime.
fn measure(
    args: &Args,
    suite: &Suite,
    benchmark: &Benchmark,
    runtime: &Runtime,
) -> Result<std::result::Result<Lines, String>> {
    let output = suite.support.join("values");
    let _ = fs::remove_file(&output);
    let mut command = suite.command(benchmark, &runtime.program, &output);
    command.env("KRAIT_BENCH_WARMUP", args.get("warmup").unwrap_or("0.5"));
    command.env("KRAIT_BENCH_VALUES", args.get("values").unwrap_or("5"));
    command.env("KRAIT_BENCH_CLOCK", if args.has("cpu") { "cpu" } else { "wall" });
    let limits = Limits { seconds: args.number("timeout", 120.0)?, ..Limits::default() };
    let finished = process::run(&mut command, &limits)?;
    if finished.end != End::Exit(0) {
        let text = String::from_utf8_lossy(&finished.stderr);
        let last = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        return Ok(Err(format!("{}: {last}", finished.end)));
    }
    Ok(Ok(parse_values(&fs::read_to_string(&output).unwrap_or_default())))
}

/// The lines `value NAME SECONDS…` of our pyperf.
fn parse_values(text: &str) -> Lines {
    let parse = |line: &str| {
        let mut words = line.strip_prefix("value ")?.split(' ');
        let name = words.next()?.to_owned();
        let values: Vec<f64> = words.map(str::parse).collect::<std::result::Result<_, _>>().ok()?;
        Some((name, values))
    };
    text.lines().filter_map(parse).collect()
}

/// The time that counts: the best round's median.
fn best(rounds: &Rounds) -> f64 {
    rounds.iter().map(|round| median(round)).fold(f64::INFINITY, f64::min)
}

fn report(
    args: &Args,
    runtimes: &[Runtime],
    values: &BTreeMap<(String, &str), Rounds>,
    failures: &BTreeMap<(String, &str), String>,
) -> Result<()> {
    let names: BTreeSet<&String> = values.keys().map(|(name, _)| name).collect();
    let time = |name: &str, runtime: &str| {
        let key = values.keys().find(|(n, r)| n == name && *r == runtime)?;
        Some(best(&values[key]))
    };
    // Ratios are speeds relative to CPython where it takes part: 2 is twice as fast.
    let base =
        if runtimes.iter().any(|r| r.name == "cpython") { "cpython" } else { runtimes[0].name };
    let others: Vec<&str> = runtimes.iter().map(|r| r.name).filter(|name| *name != base).collect();
    let mut rows = Vec::new();
    print!("{:<32}", "benchmark");
    for runtime in runtimes {
        print!("{:>12}", runtime.name);
    }
    for other in &others {
        print!("{:>16}", format!("{other}/{base}"));
    }
    println!("{:>8}", "spread");
    for name in names {
        print!("{name:<32}");
        for runtime in runtimes {
            print!("{:>12}", time(name, runtime.name).map_or("-".to_owned(), show_seconds));
        }
        let mut ratios = Vec::new();
        for other in &others {
            let ratio = time(name, base).zip(time(name, other)).map(|(base, other)| base / other);
            print!("{:>16}", ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}x")));
            ratios.push(ratio);
        }
        let noisy = values.iter().filter(|((n, _), _)| n == name);
        let noise = noisy.flat_map(|(_, rounds)| rounds).map(|round| spread(round));
        println!("{:>7.1}%", 100.0 * noise.fold(0.0, f64::max));
        rows.push(svg::Row { label: name.clone(), ratios });
    }
    let means: Vec<Option<f64>> = (0..others.len())
        .map(|i| geometric_mean(&rows.iter().filter_map(|row| row.ratios[i]).collect::<Vec<_>>()))
        .collect();
    print!("{:<32}{:>width$}", "geometric mean", "", width = 12 * runtimes.len());
    for mean in &means {
        print!("{:>16}", mean.map_or("-".to_owned(), |mean| format!("{mean:.2}x")));
    }
    println!();
    for ((name, runtime), reason) in failures {
        println!("{name} does not run on {runtime}: {reason}");
    }

    if let Some(file) = args.get("json") {
        let mut times = serde_json::Map::new();
        for ((name, runtime), rounds) in values {
            times.entry(name).or_insert_with(|| json!({}))[*runtime] = json!(rounds);
        }
        let failed: Vec<_> = failures
            .iter()
            .map(|((n, r), reason)| json!({"benchmark": n, "runtime": r, "reason": reason}))
            .collect();
        let means: serde_json::Map<_, _> =
            others.iter().zip(&means).map(|(name, mean)| (name.to_string(), json!(mean))).collect();
        let document = json!({
            "base": base, "seconds": times, "failures": failed, "geometric_mean_of_speed": means,
        });
        project::write(Path::new(file), format!("{document:#}\n"))?;
    }
    if let Some(file) = args.get("svg") {
        rows.sort_by(|a, b| {
            let key = |row: &svg::Row| row.ratios.first().copied().flatten().unwrap_or(0.0);
            key(b).total_cmp(&key(a))
        });
        rows.insert(0, svg::Row { label: "geometric mean".to_owned(), ratios: means });
        let title = format!("Speed relative to {base} (logarithmic, right is faster)");
        project::write(Path::new(file), svg::bars(&title, &others, &rows))?;
    }
    Ok(())
}

/// Programs in `bench/` that measure themselves, in processes of their own.
const MEASURE_THEMSELVES: &[&str] = &["concurrency", "library", "memory", "micro", "soak"];

/// The programs in `bench/` of these names; without names, all that only compute.
pub(crate) fn programs(names: &[String]) -> Vec<PathBuf> {
    let mut programs = project::files_below(&project::root().join("bench"), "py");
    programs.retain(|path| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        names.is_empty() && !MEASURE_THEMSELVES.contains(&&*name)
            || names.iter().any(|wanted| *wanted == name)
    });
    programs
}

/// Instructions that the programs in `bench/` execute: a number that hardly varies between runs.
fn count_instructions(args: &Args) -> Result<bool> {
    let mut runtimes = runtimes(args)?;
    // PyPy compiles while it runs, at moments that depend on time: its count means nothing.
    runtimes.retain(|runtime| runtime.name != "pypy");
    let counter = Counter::find()?;
    let mut all = true;
    let mut document = serde_json::Map::new();
    println!("millions of instructions, by {}", counter.name());
    for program in &programs(&args.operands) {
        let name = program.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        print!("{name:<24}");
        let mut counts = Vec::new();
        for runtime in &runtimes {
            match counter.count(&runtime.program, program)? {
                Some(count) => {
                    print!("  {} {:>10.2}", runtime.name, count as f64 / 1e6);
                    counts.push(count as f64);
                    document.entry(&name).or_insert_with(|| json!({}))[runtime.name] = json!(count);
                }
                None => {
                    print!("  {} {:>10}", runtime.name, "failed");
                    all = false;
                }
            }
        }
        if let [ours, theirs] = counts[..] {
            print!("  {:.2}x", theirs / ours);
        }
        println!();
    }
    if let Some(file) = args.get("json") {
        project::write(Path::new(file), format!("{:#}\n", serde_json::Value::Object(document)))?;
    }
    Ok(all)
}

enum Counter {
    Perf,
    Callgrind,
}

impl Counter {
    fn find() -> Result<Counter> {
        let works = |program: &str, arguments: &[&str]| {
            let output = std::process::Command::new(program).args(arguments).output().ok();
            output.filter(|output| output.status.success())
        };
        let perf = works("perf", &["stat", "-x,", "-e", "instructions:u", "true"]);
        if perf.is_some_and(|output| parse_perf(&output.stderr).is_some()) {
            return Ok(Counter::Perf);
        }
        match works("valgrind", &["--version"]) {
            Some(_) => Ok(Counter::Callgrind),
            None => Err("neither perf's counters nor valgrind work here".to_owned()),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Counter::Perf => "perf stat",
            Counter::Callgrind => "callgrind",
        }
    }

    fn count(&self, python: &Path, program: &Path) -> Result<Option<u64>> {
        let mut command = match self {
            Counter::Perf => {
                let mut command = std::process::Command::new("perf");
                command.args(["stat", "-x,", "-e", "instructions:u"]);
                command
            }
            Counter::Callgrind => {
                let mut command = std::process::Command::new("valgrind");
                command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
                command
            }
        };
        command.arg(python).arg(program).env("PYTHONHASHSEED", "0");
        let limits = Limits { seconds: 600.0, ..Limits::default() };
        let finished = process::run(&mut command, &limits)?;
        if finished.end != End::Exit(0) {
            return Ok(None);
        }
        Ok(match self {
            Counter::Perf => parse_perf(&finished.stderr),
            Counter::Callgrind => parse_callgrind(&finished.stderr),
        })
    }
}

/// The first field of perf's line about instructions; `<not supported>` is no number.
fn parse_perf(stderr: &[u8]) -> Option<u64> {
    let text = String::from_utf8_lossy(stderr);
    let line = text.lines().find(|line| line.contains("instructions"))?;
    line.split(',').next()?.trim().parse().ok()
}

/// The number behind `Collected :`.
fn parse_callgrind(stderr: &[u8]) -> Option<u64> {
    let text = String::from_utf8_lossy(stderr);
    let line = text.lines().find(|line| line.contains("Collected :"))?;
    line.rsplit(':').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_are_understood() {
        let toml = "[project]\nname = \"pyperformance_bm_x\"\n\n[tool.pyperformance]\n\
                    name = \"pickle_dict\"\ntags = \"serialize\"\nextra_opts = [\"a\", \"b\"]\n";
        let expected = ("pickle_dict".to_owned(), vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(describe(toml), Some(expected));
        assert_eq!(describe("[project]\n"), None);
    }

    #[test]
    fn value_lines_are_parsed() {
        let lines = parse_values("noise\nvalue a 0.5 1e-3\nvalue b x\n");
        assert_eq!(lines, [("a".to_owned(), vec![0.5, 0.001])]);
        assert_eq!(best(&vec![vec![3.0, 2.0, 4.0], vec![2.5]]), 2.5);
    }

    #[test]
    fn counters_are_parsed() {
        assert_eq!(parse_perf(b"<not supported>,,instructions:u,0,100.00,,\n"), None);
        assert_eq!(parse_perf(b"12345,,instructions:u,0,100.00,,\n"), Some(12345));
        assert_eq!(parse_callgrind(b"==1== x\n==1== Collected : 678\n"), Some(678));
    }
}
