//! `cargo xtask tidy`: the rules of the house that a program can check.
//!
//! Crates depend on lower levels only; every Rust file begins with `//!`; only the places in the
//! table touch reference counts; `unsafe` grows only when somebody says so (`--bless` rewrites
//! `xtask/unsafe.txt`); generated files are what their generators make. The longest files and
//! functions are printed, not judged. The same checks are a test of this crate.

use crate::Result;
use crate::args::{Args, Command, opt};
use crate::project;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

pub(crate) const COMMAND: Command = Command {
    name: "tidy",
    operands: "",
    summary: "Check the rules of the house and print the longest files and functions",
    options: &[opt("bless", "", "Take the present numbers of unsafe places as the limit")],
    run,
};

/// The levels of the design: a crate may depend on crates of lower levels only.
const LEVELS: &[&[&str]] = &[
    &["abi", "num", "text", "sre", "host"],
    &["bytecode", "macros", "unicode_names2"],
    &["compiler", "object"],
    &["vm"],
    &["capi", "modules", "jit"],
    &["krait"],
];

/// Where the field `ob_refcnt` may be named: files, or folders when the path ends in a slash.
const COUNTING: &[&str] = &[
    "crates/abi/",
    "crates/object/src/reference.rs",
    "crates/object/src/reference/",
    "crates/object/src/gc.rs",
    "crates/object/src/gc/",
    "crates/object/src/small_int.rs",
    "crates/object/src/small_int/",
    // Static types are immortal from the start; tuples and readiness name the header they fill.
    "crates/object/src/declare.rs",
    "crates/object/src/types/tuple.rs",
    "crates/object/src/types/type_/ready.rs",
    // The interpreter counts its stack words itself.
    "crates/vm/src/",
    // The macros write the header of static objects, which are immortal from the start.
    "crates/macros/",
];

const RATCHET: &str = "xtask/unsafe.txt";

fn run(args: &Args) -> Result<bool> {
    let sources = Sources::read()?;
    if args.has("bless") {
        project::write(&project::root().join(RATCHET), ratchet_text(&sources.unsafe_places()))?;
    }
    sources.print_longest();
    let problems = check(&sources)?;
    for problem in &problems {
        println!("tidy: {problem}");
    }
    println!("tidy: {} problems", problems.len());
    Ok(problems.is_empty())
}

fn check(sources: &Sources) -> Result<Vec<String>> {
    let mut problems = check_levels()?;
    for (path, text) in &sources.0 {
        if !text.trim_start().starts_with("//!") {
            problems.push(format!("{path}: begins without a '//!' header"));
        }
        // This file names the field in order to look for it.
        let counts =
            COUNTING.iter().any(|place| path.starts_with(place)) || path == "xtask/src/tidy.rs";
        if !counts && let Some(line) = code_lines(text).find(|(_, line)| line.contains("ob_refcnt"))
        {
            problems
                .push(format!("{path}:{}: only the counting modules may touch ob_refcnt", line.0));
        }
    }
    let limits = parse_ratchet(&project::read(&project::root().join(RATCHET))?);
    for (name, count) in sources.unsafe_places() {
        let limit = limits.get(&name).copied().unwrap_or(0);
        if count > limit {
            problems.push(format!(
                "{name}: {count} unsafe places, the limit is {limit}; 'cargo xtask tidy --bless' and \
                 say in the commit why"
            ));
        }
    }
    problems.extend(check_generated(sources));
    Ok(problems)
}

/// Every Rust file of the project, by its path from the root.
struct Sources(BTreeMap<String, String>);

impl Sources {
    fn read() -> Result<Sources> {
        let root = project::root();
        let mut sources = BTreeMap::new();
        for folder in ["crates", "xtask"] {
            for path in project::files_below(&root.join(folder), "rs") {
                let name = path.strip_prefix(&root).unwrap_or(&path);
                sources.insert(name.to_string_lossy().into_owned(), project::read(&path)?);
            }
        }
        Ok(Sources(sources))
    }

    /// `unsafe` blocks, functions, traits and implementations of each crate.
    fn unsafe_places(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for (path, text) in &self.0 {
            let name = path.strip_prefix("crates/").unwrap_or(path).split('/').next();
            let count = code_lines(text).map(|(_, line)| unsafe_in(line)).sum::<usize>();
            *counts.entry(name.unwrap_or_default().to_owned()).or_default() += count;
        }
        counts
    }

    fn print_longest(&self) {
        let mut files: Vec<_> =
            self.0.iter().map(|(path, text)| (text.lines().count(), path)).collect();
        files.sort_by(|a, b| b.cmp(a));
        println!("longest files:");
        for (lines, path) in files.iter().take(10) {
            println!("{lines:>7}  {path}");
        }
        let mut functions: Vec<_> = self
            .0
            .iter()
            .flat_map(|(path, text)| functions(text).into_iter().map(move |f| (f.1, path, f.0)))
            .collect();
        functions.sort_by(|a, b| b.cmp(a));
        println!("longest functions:");
        for (lines, path, name) in functions.iter().take(10) {
            println!("{lines:>7}  {path} {name}");
        }
        println!("unsafe places:");
        for (name, count) in self.unsafe_places().iter().filter(|(_, count)| **count > 0) {
            println!("{count:>7}  {name}");
        }
    }
}

/// Numbered lines without those that are comments.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim_start()));
    lines.filter(|(_, line)| !line.starts_with("//"))
}

fn unsafe_in(line: &str) -> usize {
    let openers = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern", "unsafe trait"];
    // A function pointer type promises nothing; whoever calls it needs a block.
    let types =
        line.matches("unsafe extern \"C\" fn(").count() + line.matches("unsafe fn(").count();
    let places: usize = openers.iter().map(|opener| line.matches(opener).count()).sum();
    places - types
}

/// Names and lengths of functions, found by rustfmt's indentation.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let indent = &line[..line.len() - code.len()];
        let Some((before, after)) = code.split_once("fn ") else { continue };
        let is_item = before.split_whitespace().all(|word| {
            matches!(word, "pub" | "const" | "unsafe" | "extern" | "\"C\"" | "async")
                || word.starts_with("pub(")
        });
        let name: String = after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if !is_item || name.is_empty() {
            continue;
        }
        let ends = |line: &str| match line.strip_prefix(indent) {
            Some(rest) => !rest.starts_with(' ') && rest.ends_with(['}', ';']),
            None => false,
        };
        let end = lines[start..].iter().position(|line| ends(line));
        if let Some(length) = end {
            found.push((name, length + 1));
        }
    }
    found
}

fn check_levels() -> Result<Vec<String>> {
    let mut problems = Vec::new();
    let folder = project::root().join("crates");
    for manifest in project::files_below(&folder, "toml") {
        if manifest.parent().and_then(Path::parent) != Some(folder.as_path()) {
            continue;
        }
        let parent = manifest.parent().and_then(Path::file_name).unwrap_or_default();
        let name = parent.to_string_lossy();
        problems.extend(check_edges(&name, &dependencies(&project::read(&manifest)?)));
    }
    Ok(problems)
}

fn level(name: &str) -> Option<usize> {
    LEVELS.iter().position(|crates| crates.contains(&name))
}

fn check_edges(name: &str, dependencies: &[String]) -> Vec<String> {
    let Some(own) = level(name) else {
        return vec![format!("crate {name} has no level in xtask/src/tidy.rs")];
    };
    let upward = dependencies.iter().filter(|other| level(other).is_some_and(|other| other >= own));
    upward.map(|other| format!("crate {name} may not depend on {other}")).collect()
}

/// Names in `[dependencies]` and `[build-dependencies]` of a manifest; tests may look anywhere.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut inside = false;
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            let table = line.trim_matches(['[', ']']).trim_start_matches("target.");
            inside = table.ends_with("dependencies") && !table.contains("dev-dependencies");
            let single =
                table.split_once("dependencies.").filter(|(kind, _)| !kind.ends_with("dev-"));
            if let Some((_, name)) = single {
                names.push(name.to_owned());
                inside = false;
            }
        } else if inside && let Some((key, _)) = line.split_once('=') {
            let key = key.split('.').next().unwrap_or(key);
            names.push(key.trim().trim_matches('"').to_owned());
        }
    }
    names
}

/// A generated file says `@generated by PROGRAM` (a path from the root) and `@fingerprint HEX` in
/// comments; the fingerprint is that of the generator's text, so that a generator which was changed
/// and not run again is noticed.
fn check_generated(sources: &Sources) -> Vec<String> {
    let mut problems = Vec::new();
    for (path, text) in &sources.0 {
        let head = || text.lines().take(12);
        let tag = |key: &str| {
            let line = head().find(|line| line.starts_with("//") && line.contains(key))?;
            let (_, rest) = line.split_once(key)?;
            rest.split_whitespace().next().map(|word| word.trim_end_matches([',', ';', '.']))
        };
        let Some(generator) = tag("@generated by ") else { continue };
        match std::fs::read(project::root().join(generator)) {
            Err(_) => problems.push(format!("{path}: its generator {generator} does not exist")),
            Ok(bytes) => {
                let now = fingerprint(&bytes);
                if tag("@fingerprint ").is_some_and(|old| old != now) {
                    problems.push(format!("{path}: {generator} was changed ({now}); run it again"));
                }
            }
        }
    }
    problems
}

/// FNV-1a of 64 bits in hexadecimal; a generator in Python computes it in three lines.
fn fingerprint(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

fn ratchet_text(counts: &BTreeMap<String, usize>) -> String {
    let mut text =
        "# The most unsafe places a crate may have; 'cargo xtask tidy --bless' rewrites it.\n"
            .to_owned();
    for (name, count) in counts {
        let _ = writeln!(text, "{name} {count}");
    }
    text
}

fn parse_ratchet(text: &str) -> BTreeMap<String, usize> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once(' '));
    pairs.filter_map(|(name, count)| Some((name.to_owned(), count.trim().parse().ok()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_is_tidy() {
        let problems = check(&Sources::read().unwrap()).unwrap();
        assert!(problems.is_empty(), "\n{}", problems.join("\n"));
    }

    #[test]
    fn upward_edges_are_found() {
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert!(check_edges("object", &names(&["abi", "macros", "libc"])).is_empty());
        let problems = check_edges("object", &names(&["compiler"]));
        assert_eq!(problems, ["crate object may not depend on compiler"]);
        assert_eq!(check_edges("nobody", &[]).len(), 1);
    }

    #[test]
    fn manifests_are_read() {
        let manifest = "[package]\nname = \"x\"\n[dependencies]\nabi.workspace = true\nlibc = \"0.2\"\n\
                        [dev-dependencies]\nvm.workspace = true\n[dependencies.num]\npath = \"n\"\n";
        assert_eq!(dependencies(manifest), ["abi", "libc", "num"]);
    }

    #[test]
    fn functions_have_lengths() {
        let text = "impl A {\n    pub(crate) fn a(\n        x: u8,\n    ) {\n        x;\n    }\n}\nfn b() {}\n\
                    type F = fn (u8);\n";
        assert_eq!(functions(text)[0], ("a".to_owned(), 5));
    }

    #[test]
    fn unsafe_places_are_counted() {
        assert_eq!(unsafe_in("let x = unsafe { f() }; unsafe { g() }"), 2);
        assert_eq!(unsafe_in("type T = unsafe extern \"C\" fn(*mut u8);"), 0);
        assert_eq!(unsafe_in("unsafe extern \"C\" fn f() {"), 1);
        assert_eq!(unsafe_in("pub unsafe fn f() {"), 1);
    }

    #[test]
    fn the_ratchet_is_read_back() {
        let counts = BTreeMap::from([("a".to_owned(), 3)]);
        assert_eq!(parse_ratchet(&ratchet_text(&counts)), counts);
        assert_eq!(fingerprint(b"a"), "af63dc4c8601ec8c");
    }
}
