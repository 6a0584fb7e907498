//! `cargo xtask identity`: our compiler's code objects against the reference's, field by field.
//!
//! Two programs take file names as arguments and print what they compiled in the same text
//! form (`tests/identity/README.md`): ours is the example `codedump` of crate `compiler`, the other
//! `tests/identity/dump_reference.py`. Files go through in batches, so that memory stays bounded and
//! a compiler that dies loses one file only. `tests/identity/different.txt` lists the files known to
//! differ, and why; continuous integration fails when another one does.

use crate::Result;
use crate::args::{Args, Command, opt};
use crate::jobs;
use crate::process::{self, End, Limits};
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
        opt("ci", "N", "Only N files, spread evenly; fail when one not known to differ does"),
        opt("update", "", "Record which files differ in tests/identity/different.txt"),
        opt("dumper", "PATH", "Program that prints our code (default: built from crate compiler)"),
        opt("verbose", "", "Show the first difference of every file (-v)"),
    ],
    run,
};

const BATCH: usize = 16;
const KNOWN: &str = "tests/identity/different.txt";

/// What one file was compiled to.
#[derive(Debug, Default, PartialEq)]
struct Dump<'a> {
    /// Lines before the first code object: an error, if the file is rejected.
    verdict: Vec<&'a str>,
    codes: Vec<Vec<&'a str>>,
    complete: bool,
}

/// The comparison of one file.
#[derive(Default)]
struct Verdict {
    codes: usize,
    identical: usize,
    /// By cause: the field that differs first in a code object, with one place of it.
    differences: BTreeMap<String, (usize, String)>,
}

fn run(args: &Args) -> Result<bool> {
    let reference = Reference::find()?;
    let lib = reference.lib();
    let script = project::root().join("tests/identity/dump_reference.py");
    let dumper = match args.get("dumper") {
        Some(path) => PathBuf::from(path),
        None => build_dumper()?,
    };
    let sample = args.number("ci", 0)?;
    let mut files = collect(&lib, &args.operands, args.has("no-tests"))?;
    if args.has("ci") {
        files = spread(files, sample);
    }
    let level = args.get("optimize").unwrap_or("0");
    let batches: Vec<&[PathBuf]> = files.chunks(BATCH).collect();
    let mut verdicts: BTreeMap<String, Verdict> = BTreeMap::new();
    let mut trouble = Ok(());
    let (mut ours_seconds, mut reference_seconds) = (0.0, 0.0);
    jobs::parallel(
        &batches,
        args.number("jobs", project::cores())?,
        |batch| {
            let expected = dump(&reference.python(), &[&script, Path::new(level)], batch);
            let got = dump(&dumper, &[Path::new(level)], batch);
            Some(expected.and_then(|expected| Ok((expected, got?))))
        },
        |batch, result| match result {
            Ok((expected, got)) => {
                reference_seconds += expected.1;
                ours_seconds += got.1;
                let (expected, got) = (parse(&expected.0), parse(&got.0));
                for file in *batch {
                    let name = file.strip_prefix(&lib).unwrap_or(file).to_string_lossy();
                    let key = file.to_string_lossy();
                    let verdict = compare(expected.get(key.as_ref()), got.get(key.as_ref()));
                    verdicts.insert(name.into_owned(), verdict);
                }
            }
            Err(message) => trouble = Err(message),
        },
    );
    trouble?;
    print_summary(args, &verdicts);
    println!("dumping took {ours_seconds:.1} s, the reference {reference_seconds:.1} s");

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

impl Verdict {
    fn is_identical(&self) -> bool {
        self.differences.is_empty()
    }

    fn add(&mut self, cause: &str, place: String) {
        self.differences.entry(cause.to_owned()).or_insert((0, place)).0 += 1;
    }
}

/// The Python files to compile, with full names.
fn collect(lib: &Path, operands: &[String], no_tests: bool) -> Result<Vec<PathBuf>> {
    if operands.is_empty() {
        let mut files = project::files_below(lib, "py");
        files.retain(|file| !no_tests || !file.starts_with(lib.join("test")));
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

fn build_dumper() -> Result<PathBuf> {
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
fn parse(text: &str) -> BTreeMap<&str, Dump<'_>> {
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

fn compare(expected: Option<&Dump<'_>>, got: Option<&Dump<'_>>) -> Verdict {
    let mut verdict = Verdict::default();
    let Some(expected) = expected.filter(|dump| dump.complete) else {
        verdict.add("the reference's dump is incomplete", String::new());
        return verdict;
    };
    verdict.codes = expected.codes.len();
    let Some(got) = got.filter(|dump| dump.complete) else {
        verdict.add("our compiler died", String::new());
        return verdict;
    };
    if expected.verdict != got.verdict {
        let first = |dump: &Dump<'_>| dump.verdict.first().unwrap_or(&"accepted").to_string();
        let cause = match (expected.verdict.is_empty(), got.verdict.is_empty()) {
            (true, _) => "we reject it".to_owned(),
            (false, true) => "we accept it".to_owned(),
            (false, false) => "another error".to_owned(),
        };
        verdict.add(&cause, format!("want {}, got {}", first(expected), first(got)));
        return verdict;
    }
    if expected.codes.len() != got.codes.len() {
        let place = format!("want {}, got {}", expected.codes.len(), got.codes.len());
        verdict.add("number of code objects", place);
    }
    for (expected, got) in expected.codes.iter().zip(&got.codes) {
        match first_difference(expected, got) {
            None => verdict.identical += 1,
            Some((cause, place)) => verdict.add(cause, place),
        }
    }
    verdict
}

/// The field of the first line that differs, with the lines around the first differing character.
fn first_difference<'a>(expected: &[&'a str], got: &[&'a str]) -> Option<(&'a str, String)> {
    let lines = expected.len().max(got.len());
    let index = (0..lines).find(|&index| expected.get(index) != got.get(index))?;
    let want = expected.get(index).copied().unwrap_or("nothing");
    let have = got.get(index).copied().unwrap_or("nothing");
    let field = want.split_whitespace().next().unwrap_or(want);
    let same = want.chars().zip(have.chars()).take_while(|(a, b)| a == b).count();
    let part = |line: &str| line.chars().skip(same.saturating_sub(30)).take(90).collect::<String>();
    let code = expected.first().copied().unwrap_or_default();
    Some((field, format!("{code}: want …{}, got …{}", part(want), part(have))))
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

    const TEXT: &str = "file a.py\ncode <module> 1\nco_code 00\nco_consts (None,)\ncode f 2\nco_code 01\nend\n\
                        file b.py\nerror SyntaxError bad\nend\nfile c.py\ncode <module> 1\n";

    #[test]
    fn equal_dumps_are_identical() {
        let dumps = parse(TEXT);
        let verdict = compare(dumps.get("a.py"), dumps.get("a.py"));
        assert!(verdict.is_identical());
        assert_eq!((verdict.codes, verdict.identical), (2, 2));
        assert!(compare(dumps.get("b.py"), dumps.get("b.py")).is_identical());
        let died = compare(dumps.get("a.py"), dumps.get("c.py"));
        assert!(died.differences.contains_key("our compiler died"));
    }

    #[test]
    fn the_first_differing_field_is_the_cause() {
        let changed = TEXT.replace("co_code 01", "co_code 02").replace("error Syn", "error Indent");
        let (expected, got) = (parse(TEXT), parse(&changed));
        let verdict = compare(expected.get("a.py"), got.get("a.py"));
        assert_eq!(verdict.identical, 1);
        assert!(verdict.differences["co_code"].1.starts_with("code f 2: want"));
        let verdict = compare(expected.get("b.py"), got.get("b.py"));
        assert!(verdict.differences.contains_key("another error"));
        let verdict = compare(expected.get("b.py"), got.get("a.py"));
        assert!(verdict.differences.contains_key("we accept it"));
    }

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
