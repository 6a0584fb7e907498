//! `cargo xtask identity`: our compiler's code objects against the reference's, field by field.
//!
//! Two programs take file names as arguments and print what they compiled in the same text
//! form (`tests/identity/README.md`): ours is the example `codedump` of crate `compiler`, the other
//! `tests/identity/dump_reference.py`. Files go through in batches, so that memory stays bounded and
//! a compiler that dies loses one file only. `tests/identity/different.txt` lists the files known to
//! differ, and why; continuous integration fails when another one does.

mod compare;
mod dump;
mod pyc;

pub(crate) use compare::Verdict;
pub(crate) use dump::Dumpers;

use crate::Result;
use crate::args::{Args, Command, opt};
use crate::jobs;
use crate::process;
use crate::project::{self, Reference};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) const COMMAND: Command = Command {
    name: "identity",
    operands: "[FILE|FOLDER]…",
    summary: "Compare our compiler's code objects with the reference's (default: all of its Lib)",
    options: &[
        opt("jobs", "N", "Batches at the same time (default: the cores)"),
        opt("optimize", "N", "Level 0, 1 or 2, as -O and -OO (default 0)"),
        opt("no-tests", "", "Leave the package test out"),
        opt("rejected", "", "Compare the sources that the reference's own tests compile"),
        opt(
            "pyc",
            "",
            "Compare .pyc files, and run ours with the reference and the other way round",
        ),
        opt("krait", "PATH", "The interpreter that writes and runs .pyc files"),
        opt("ci", "N", "Only N files, spread evenly; fail when one not known to differ does"),
        opt("update", "", "Record which files differ in tests/identity/different.txt"),
        opt("dumper", "PATH", "Program that prints our code (default: built from crate compiler)"),
        opt("verbose", "", "Show the first difference of every file (-v)"),
    ],
    run,
};

const BATCH: usize = 16;
const KNOWN: &str = "tests/identity/different.txt";

/// Tests whose sources `--rejected` compares.
const REJECTING: [&str; 5] =
    ["test_syntax", "test_exceptions", "test_fstring", "test_patma", "test_tokenize"];

fn run(args: &Args) -> Result<bool> {
    let reference = Reference::find()?;
    if args.has("pyc") {
        let files = collect(&reference.lib(), &args.operands, true)?;
        return pyc::check(args, &reference, &spread(files, args.number("ci", 0)?));
    }
    let dumpers = Dumpers::new(&reference, args)?;
    let (root, mut files) = match args.has("rejected") {
        true => recorded(&reference)?,
        false => {
            let lib = reference.lib();
            let files = collect(&lib, &args.operands, args.has("no-tests"))?;
            (lib, files)
        }
    };
    if args.has("ci") {
        files = spread(files, args.number("ci", 0)?);
    }
    let jobs = args.number("jobs", project::cores())?;
    let (verdicts, seconds) = compare_all(&dumpers, &root, &files, jobs)?;
    print_summary(args, &verdicts);
    println!("dumping took {:.1} s, the reference {:.1} s", seconds.ours, seconds.reference);

    let known_path = project::root().join(KNOWN);
    let known = match known_path.exists() {
        true => parse_known(&project::read(&known_path)?),
        false => BTreeMap::new(),
    };
    if args.has("update") {
        project::write(&known_path, known_text(&updated(known, &verdicts)))?;
        return Ok(true);
    }
    let different = verdicts.iter().filter(|(_, verdict)| !verdict.is_identical());
    let fresh: Vec<&String> =
        different.map(|(name, _)| name).filter(|name| !known.contains_key(*name)).collect();
    if args.has("ci") {
        for name in &fresh {
            println!("REGRESSION: {name} is not listed as different");
        }
        println!("identity: {} passed, {} failed", verdicts.len() - fresh.len(), fresh.len());
        return Ok(fresh.is_empty());
    }
    Ok(true)
}

/// Seconds that the dumpers took.
#[derive(Default)]
pub(crate) struct Seconds {
    ours: f64,
    reference: f64,
}

/// Compare `files`; they are named relative to `root` in the answer.
pub(crate) fn compare_all(
    dumpers: &Dumpers,
    root: &Path,
    files: &[PathBuf],
    jobs: usize,
) -> Result<(BTreeMap<String, Verdict>, Seconds)> {
    let batches: Vec<&[PathBuf]> = files.chunks(BATCH).collect();
    let mut verdicts = BTreeMap::new();
    let mut seconds = Seconds::default();
    let mut trouble = Ok(());
    jobs::parallel(
        &batches,
        jobs,
        |batch| Some(dumpers.both(batch)),
        |batch, result| match result {
            Ok((expected, got)) => {
                seconds.reference += expected.1;
                seconds.ours += got.1;
                let (expected, got) = (dump::parse(&expected.0), dump::parse(&got.0));
                for file in *batch {
                    let name = file.strip_prefix(root).unwrap_or(file).to_string_lossy();
                    let key = file.to_string_lossy();
                    let verdict =
                        compare::compare(expected.get(key.as_ref()), got.get(key.as_ref()));
                    verdicts.insert(name.into_owned(), verdict);
                }
            }
            Err(message) => trouble = Err(message),
        },
    );
    trouble.map(|()| (verdicts, seconds))
}

/// The sources that the reference's tests compile, recorded when they are not there.
fn recorded(reference: &Reference) -> Result<(PathBuf, Vec<PathBuf>)> {
    let root = project::target().join("identity");
    let folder = root.join("rejected");
    if !folder.exists() {
        let unfinished = root.join("unfinished");
        fs::create_dir_all(&unfinished).map_err(|e| format!("{}: {e}", unfinished.display()))?;
        let mut command = std::process::Command::new(reference.python());
        command.arg(project::root().join("tests/identity/record_sources.py"));
        command.arg(&unfinished).args(REJECTING).current_dir(&root);
        let limits = process::Limits { seconds: 600.0, ..process::Limits::default() };
        let finished = process::run(&mut command, &limits)?;
        if finished.end != process::End::Exit(0) {
            let error = String::from_utf8_lossy(&finished.stderr);
            return Err(format!("record_sources.py: {}\n{error}", finished.end));
        }
        fs::rename(&unfinished, &folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    let kinds = ["exec", "eval", "single"];
    let mut files: Vec<PathBuf> =
        kinds.iter().flat_map(|kind| project::files_below(&folder, kind)).collect();
    files.sort();
    Ok((root, files))
}

/// The Python files to compile, with full names.
fn collect(lib: &Path, operands: &[String], no_tests: bool) -> Result<Vec<PathBuf>> {
    if operands.is_empty() {
        let mut files = project::files_below(lib, "py");
        // Some are links to nowhere.
        files.retain(|file| file.exists() && (!no_tests || !file.starts_with(lib.join("test"))));
        return Ok(files);
    }
    let mut files = BTreeSet::new();
    for operand in operands {
        let given = Path::new(operand);
        let path = if given.exists() { given.to_owned() } else { lib.join(given) };
        let path = fs::canonicalize(&path).map_err(|e| format!("{operand}: {e}"))?;
        match path.is_dir() {
            true => files.extend(project::files_below(&path, "py")),
            false => drop(files.insert(path)),
        }
    }
    Ok(files.into_iter().collect())
}

/// `count` of the files, at even distances.
fn spread(files: Vec<PathBuf>, count: usize) -> Vec<PathBuf> {
    let total = files.len();
    if count == 0 || count >= total {
        return files;
    }
    let mut files: Vec<Option<PathBuf>> = files.into_iter().map(Some).collect();
    (0..count).filter_map(|index| files[index * total / count].take()).collect()
}

fn percent(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 }
}

fn print_summary(args: &Args, verdicts: &BTreeMap<String, Verdict>) {
    let mut causes: BTreeMap<&str, (usize, usize, String)> = BTreeMap::new();
    for (name, verdict) in verdicts {
        for (cause, (count, place)) in &verdict.differences {
            if args.has("verbose") {
                println!("{name}: {cause} ({count}): {place}");
            }
            let entry = causes.entry(cause).or_insert((0, 0, format!("{name}: {place}")));
            entry.0 += count;
            entry.1 += 1;
        }
    }
    let mut causes: Vec<_> = causes.into_iter().collect();
    causes.sort_by_key(|(cause, (count, ..))| (std::cmp::Reverse(*count), *cause));
    if !causes.is_empty() {
        println!("differences by cause (code objects, files, an example):");
    }
    for (cause, (count, files, example)) in causes {
        println!("{count:>7} {files:>5}  {cause}\n               {example}");
    }
    let same = verdicts.values().filter(|verdict| verdict.is_identical()).count();
    let codes: usize = verdicts.values().map(|verdict| verdict.codes).sum();
    let identical: usize = verdicts.values().map(|verdict| verdict.identical).sum();
    println!(
        "files: {same} of {} identical ({:.2} %)",
        verdicts.len(),
        percent(same, verdicts.len())
    );
    println!("code objects: {identical} of {codes} identical ({:.3} %)", percent(identical, codes));
    let rejected = verdicts.values().filter(|verdict| verdict.rejected);
    let (alike, all) = rejected.fold((0, 0), |(alike, all), verdict| {
        (alike + usize::from(verdict.is_identical()), all + 1)
    });
    println!("rejected files: {alike} of {all} alike ({:.2} %)", percent(alike, all));
}

/// File names with the causes of their differences.
fn parse_known(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, causes)| (name.to_owned(), causes.to_owned()))
        .collect()
}

fn known_text(known: &BTreeMap<String, String>) -> String {
    let mut text = "# Files of the reference's Lib whose code differs from ours, and the first fields that do.\n\
                    # Written by 'cargo xtask identity --update'.\n"
        .to_owned();
    for (name, causes) in known {
        let _ = writeln!(text, "{name}: {causes}");
    }
    text
}

fn updated(
    mut known: BTreeMap<String, String>,
    verdicts: &BTreeMap<String, Verdict>,
) -> BTreeMap<String, String> {
    for (name, verdict) in verdicts {
        let causes: Vec<&str> = verdict.differences.keys().map(String::as_str).collect();
        match causes.is_empty() {
            true => known.remove(name),
            false => known.insert(name.clone(), causes.join(", ")),
        };
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_spread() {
        let files: Vec<PathBuf> = (0..10).map(|n| PathBuf::from(n.to_string())).collect();
        assert_eq!(spread(files.clone(), 3), ["0", "3", "6"].map(PathBuf::from));
        assert_eq!(spread(files, 0).len(), 10);
    }

    #[test]
    fn known_differences_are_read_back() {
        let known = BTreeMap::from([("a.py".to_owned(), "co_code, co_names".to_owned())]);
        assert_eq!(parse_known(&known_text(&known)), known);
    }
}
