//! `cargo xtask corpus`: programs with the output that CPython recorded, in every engine mode.
//!
//! Beside `name.py` stand `name.out` (standard output), `name.code` (exit code, when not 0) and
//! `name.err` (standard error, compared when the file exists; the program's folder reads `<dir>`).
//! A first line `# area: X` names the program's area, else its folder does; a line `# flags: …` among
//! the first three gives interpreter options. Names with a leading underscore are helpers, not programs.

use crate::Result;
use crate::args::{Args, Command, opt};
use crate::jobs;
use crate::process::{self, End, Finished, Limits};
use crate::project::{self, Reference};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) const COMMAND: Command = Command {
    name: "corpus",
    operands: "[FOLDER|PROGRAM]…",
    summary: "Run programs with recorded output (default tests/python) in every engine mode",
    options: &[
        opt("krait", "PATH", "Interpreter to test (default: the release, else the debug build)"),
        opt("areas", "LIST", "Only these areas"),
        opt("not-areas", "LIST", "All but these areas"),
        opt("mode", "LIST", "Only these engine modes"),
        opt("jobs", "N", "Programs at the same time (default: the cores)"),
        opt("timeout", "S", "Seconds for a program (default 30)"),
        opt("memory", "MB", "RLIMIT_DATA of a process (default 4096, 0 for none)"),
        opt("repeat", "N", "Run each program N times"),
        opt("verbose", "", "Show whole differences, not their first lines (-v)"),
        opt("bless", "", "Record what the reference does as what is expected"),
    ],
    run,
};

/// A way to run the engine: options and environment added to every program.
struct Mode {
    name: &'static str,
    options: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
}

/// Every engine mode there is.
const MODES: &[Mode] = &[
    Mode { name: "default", options: &[], environment: &[] },
    Mode { name: "int-objects", options: &[], environment: &[("KRAIT_NO_SMALL_INT_REGION", "1")] },
];

struct Program {
    path: PathBuf,
    flags: Vec<String>,
}

fn run(args: &Args) -> Result<bool> {
    let folders = match args.operands.as_slice() {
        [] => vec![project::root().join("tests/python")],
        named => named.iter().map(PathBuf::from).collect(),
    };
    let (areas, not_areas) = (args.list("areas"), args.list("not-areas"));
    let mut programs = Vec::new();
    for folder in &folders {
        let folder = fs::canonicalize(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        programs.extend(find(&folder, &areas, &not_areas)?);
    }
    let limits = Limits {
        seconds: args.number("timeout", 30.0)?,
        megabytes: args.number("memory", 4096)?,
        ..Limits::default()
    };
    let jobs = args.number("jobs", project::cores())?;
    if args.has("bless") {
        return bless(&programs, &Reference::find()?.python(), &limits, jobs);
    }

    let krait = project::krait(args)?;
    let chosen = args.list("mode");
    let modes: Vec<&Mode> =
        MODES.iter().filter(|m| chosen.is_empty() || chosen.contains(&m.name)).collect();
    let repeat = args.number("repeat", 1)?;
    let pairs: Vec<(&Program, &Mode)> =
        modes.iter().flat_map(|mode| programs.iter().map(move |p| (p, *mode))).collect();
    let mut failures: Vec<(PathBuf, &str, String)> = Vec::new();
    jobs::parallel(
        &pairs,
        jobs,
        |(program, mode)| {
            let problems = (0..repeat).map(|_| check(program, mode, &krait, &limits));
            Some(problems.filter_map(std::result::Result::err).next())
        },
        |(program, mode), problem| {
            if let Some(problem) = problem {
                failures.push((program.path.clone(), mode.name, problem));
            }
        },
    );
    failures.sort();
    let root = project::root();
    for (path, mode, problem) in &failures {
        let path = path.strip_prefix(&root).unwrap_or(path);
        println!("FAILED {} ({mode})", path.display());
        let lines = if args.has("verbose") { usize::MAX } else { 8 };
        for line in problem.lines().take(lines) {
            println!("    {line}");
        }
    }
    println!("corpus: {} passed, {} failed", pairs.len() - failures.len(), failures.len());
    Ok(failures.is_empty())
}

/// The programs in a folder, or the one program named.
fn find(folder: &Path, areas: &[&str], not_areas: &[&str]) -> Result<Vec<Program>> {
    let mut programs = Vec::new();
    let paths = match folder.is_file() {
        true => vec![folder.to_owned()],
        false => project::files_below(folder, "py"),
    };
    for path in paths {
        let below = path.strip_prefix(folder).unwrap_or(&path);
        let hidden = |part: &std::ffi::OsStr| part.to_string_lossy().starts_with(['_', '.']);
        if below.iter().any(hidden) {
            continue;
        }
        // A program may be no UTF-8 on purpose.
        let source = fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let source = String::from_utf8_lossy(&source);
        let parent = path.parent().and_then(Path::file_name).unwrap_or_default();
        let area = header(&source, "# area:").unwrap_or(parent.to_str().unwrap_or_default());
        if !areas.is_empty() && !areas.contains(&area) || not_areas.contains(&area) {
            continue;
        }
        let flags = header(&source, "# flags:").unwrap_or_default();
        let flags = flags.split_whitespace().map(str::to_owned).collect();
        programs.push(Program { path, flags });
    }
    Ok(programs)
}

fn header<'a>(source: &'a str, key: &str) -> Option<&'a str> {
    source.lines().take(3).find_map(|line| line.strip_prefix(key)).map(str::trim)
}

fn execute(program: &Program, mode: &Mode, krait: &Path, limits: &Limits) -> Result<Finished> {
    let mut command = std::process::Command::new(krait);
    command.args(mode.options).args(&program.flags).arg(&program.path);
    for (variable, _) in std::env::vars_os() {
        if variable.to_str().is_some_and(|name| name.starts_with("PYTHON")) {
            command.env_remove(variable);
        }
    }
    command.env_remove("FORCE_COLOR").env("PYTHONDONTWRITEBYTECODE", "1");
    command.envs(mode.environment.iter().copied());
    command.current_dir(program.path.parent().unwrap_or(Path::new("/")));
    process::run(&mut command, limits)
}

/// Standard error without what depends on where the project lies.
fn portable(stderr: &[u8], program: &Program) -> String {
    let folder = program.path.parent().map(|folder| folder.to_string_lossy().into_owned());
    let text = String::from_utf8_lossy(stderr);
    match folder {
        Some(folder) => text.replace(&folder, "<dir>"),
        None => text.into_owned(),
    }
}

/// Run one program; the error says what is different.
fn check(program: &Program, mode: &Mode, krait: &Path, limits: &Limits) -> Result<()> {
    let expected = |extension: &str| fs::read(program.path.with_extension(extension));
    let Ok(out) = expected("out") else {
        return Err("no recorded output; run 'cargo xtask corpus --bless'".to_owned());
    };
    let code = match expected("code") {
        Ok(text) => String::from_utf8_lossy(&text).trim().parse().unwrap_or(-1),
        Err(_) => 0,
    };
    let finished = execute(program, mode, krait, limits)?;
    let mut problem = String::new();
    if finished.end != End::Exit(code) {
        let _ = writeln!(problem, "{}, want exit code {code}", finished.end);
        let error = String::from_utf8_lossy(&finished.stderr);
        if let Some(line) = error.lines().rfind(|line| !line.trim().is_empty()) {
            let _ = writeln!(problem, "last line of stderr: {line}");
        }
    }
    if finished.stdout != out {
        problem += &difference("stdout", &String::from_utf8_lossy(&out), &finished.stdout);
    }
    if let Ok(error) = expected("err") {
        let got = portable(&finished.stderr, program);
        let want = String::from_utf8_lossy(&error);
        if got != want {
            problem += &difference("stderr", &want, got.as_bytes());
        }
    }
    if problem.is_empty() { Ok(()) } else { Err(problem) }
}

/// The first place where two texts differ and what follows, as a diff.
fn difference(what: &str, want: &str, got: &[u8]) -> String {
    let got = String::from_utf8_lossy(got);
    let (want, got): (Vec<&str>, Vec<&str>) = (want.lines().collect(), got.lines().collect());
    let same = want.iter().zip(&got).take_while(|(want, got)| want == got).count();
    let (want_rest, got_rest) = (&want[same..], &got[same..]);
    let end = want_rest.iter().rev().zip(got_rest.iter().rev());
    let same_end = end.take_while(|(want, got)| want == got).count();
    let mut text = format!("{what} differs at line {}:\n", same + 1);
    let shorten = |line: &str| line.chars().take(200).collect::<String>();
    let want_rest = &want_rest[..want_rest.len() - same_end];
    let got_rest = &got_rest[..got_rest.len() - same_end];
    if want_rest.is_empty() && got_rest.is_empty() {
        text += "  only the end of a line\n";
    }
    for index in 0..want_rest.len().max(got_rest.len()).min(40) {
        if want_rest.get(index) == got_rest.get(index) {
            continue;
        }
        if let Some(line) = want_rest.get(index) {
            let _ = writeln!(text, "  want {}", shorten(line));
        }
        if let Some(line) = got_rest.get(index) {
            let _ = writeln!(text, "  got  {}", shorten(line));
        }
    }
    text
}

fn bless(programs: &[Program], python: &Path, limits: &Limits, jobs: usize) -> Result<bool> {
    let mut trouble = Vec::new();
    let mut changed = 0;
    let record = |program: &Program| -> Result<bool> {
        let finished = execute(program, &MODES[0], python, limits)?;
        let End::Exit(code) = finished.end else {
            return Err(format!("{}: {}", program.path.display(), finished.end));
        };
        let set = |extension: &str, content: Option<Vec<u8>>| -> Result<bool> {
            let path = program.path.with_extension(extension);
            let old = fs::read(&path).ok();
            if old == content {
                return Ok(false);
            }
            match content {
                Some(content) => project::write(&path, content)?,
                None => {
                    fs::remove_file(&path).map_err(|e| format!("{}: {e}", path.display()))?;
                }
            }
            Ok(true)
        };
        let error = portable(&finished.stderr, program).into_bytes();
        let out = set("out", Some(finished.stdout))?;
        let code = set("code", (code != 0).then(|| format!("{code}\n").into_bytes()))?;
        let err = set("err", (!error.is_empty()).then_some(error))?;
        Ok(out || code || err)
    };
    jobs::parallel(
        programs,
        jobs,
        |program| Some(record(program)),
        |_, result| match result {
            Ok(new) => changed += usize::from(new),
            Err(message) => trouble.push(message),
        },
    );
    for message in &trouble {
        println!("not recorded: {message}");
    }
    println!("{} programs, {changed} with new expectations", programs.len());
    Ok(trouble.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_shows_the_lines_between() {
        let text = difference("stdout", "a\nb\nc\n", b"a\nx\nc\n");
        assert_eq!(text, "stdout differs at line 2:\n  want b\n  got  x\n");
        let text = difference("stdout", "a\n", b"a\nb\n");
        assert_eq!(text, "stdout differs at line 2:\n  got  b\n");
        assert!(difference("stdout", "a\n", b"a").contains("only the end"));
    }

    #[test]
    fn headers_stand_in_the_first_lines() {
        assert_eq!(header("# area: x\nprint()\n", "# area:"), Some("x"));
        assert_eq!(header("\n\n\n# area: x\n", "# area:"), None);
    }
}
