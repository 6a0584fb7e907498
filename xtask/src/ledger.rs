//! The ledger of CPython's test-suite: `tests/cpython/`.
//!
//! `files.txt` has a line per test file: name, state, numbers of methods passed, failed and skipped,
//! and its cost in seconds rounded up to a power of two, so that a new run changes a line only when
//! something changed. `reasons.txt` has each failing method once, with the first line of its reason,
//! grouped by cause. A cause that begins with `auto:` was derived from the reasons; any other was
//! written by a person and keeps its methods for as long as they fail with the same exception.

use crate::Result;
use crate::project::{read, write};
use crate::results::{Outcome, State};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// A line of `files.txt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) state: State,
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
    /// Whole seconds, a power of two.
    pub(crate) cost: u64,
}

/// A line of `reasons.txt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) cause: String,
    pub(crate) reason: String,
}

/// Both files.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Ledger {
    pub(crate) files: BTreeMap<String, Entry>,
    /// By file and method.
    pub(crate) failures: BTreeMap<(String, String), Failure>,
}

const AUTO: &str = "auto: ";

const FILES_HEADER: &str = "\
# CPython's test files on Krait. Written by 'cargo xtask conformance --update'.
# file, state, methods passed/failed/skipped, cost in seconds (a power of two)
";

const REASONS_HEADER: &str = "\
# Why methods of CPython's test files fail on Krait, grouped by cause.
# Written by 'cargo xtask conformance --update'. A heading without 'auto:' is a sentence written by
# hand: change a heading, or move a line below another one, and the next update keeps it for as long
# as the method fails with the same exception.
";

impl Ledger {
    /// The ledger in `folder`; empty when there is none.
    pub(crate) fn load(folder: &Path) -> Result<Ledger> {
        let mut ledger = Ledger::default();
        let (files, reasons) = paths(folder);
        if files.exists() {
            ledger.files = parse_files(&read(&files)?)?;
        }
        if reasons.exists() {
            ledger.failures = parse_reasons(&read(&reasons)?)?;
        }
        Ok(ledger)
    }

    pub(crate) fn store(&self, folder: &Path) -> Result<()> {
        let (files, reasons) = paths(folder);
        write(&files, self.files_text())?;
        write(&reasons, self.reasons_text())
    }

    /// Take over the outcome of one file, with the hand-written causes that still apply.
    pub(crate) fn record(&mut self, name: &str, outcome: &Outcome, seconds: f64) {
        let old = self.files.get(name);
        let cost = match old {
            // Stay at the old cost while the new one is near it: machines and days differ.
            Some(old) if seconds <= old.cost as f64 && seconds > old.cost as f64 / 4.0 => old.cost,
            _ => cost(seconds),
        };
        let entry = Entry {
            state: outcome.state(),
            passed: outcome.passed.len(),
            failed: outcome.failed.len(),
            skipped: outcome.skipped.len(),
            cost,
        };
        self.files.insert(name.to_owned(), entry);
        let before: BTreeMap<_, _> =
            self.failures.extract_if(.., |(file, _), _| file == name).collect();
        for (id, problem) in &outcome.failed {
            let reason = one_line(&problem.reason);
            let key = (name.to_owned(), id.clone());
            let kept = before.get(&key).filter(|old| {
                !old.cause.starts_with(AUTO) && exception(&old.reason) == exception(&reason)
            });
            let cause = match kept {
                Some(old) => old.cause.clone(),
                None => format!("{AUTO}{}", generalize(&reason)),
            };
            self.failures.insert(key, Failure { cause, reason });
        }
    }

    /// Files that the ledger has and the test-suite no longer.
    pub(crate) fn forget_all_but(&mut self, names: &BTreeSet<&str>) {
        self.files.retain(|name, _| names.contains(name.as_str()));
        self.failures.retain(|(name, _), _| names.contains(name.as_str()));
    }

    /// Causes with their numbers of methods and files, the largest first.
    pub(crate) fn causes(&self) -> Vec<(&str, usize, usize)> {
        let mut groups: BTreeMap<&str, (usize, BTreeSet<&str>)> = BTreeMap::new();
        for ((file, _), failure) in &self.failures {
            let group = groups.entry(&failure.cause).or_default();
            group.0 += 1;
            group.1.insert(file);
        }
        let mut causes: Vec<_> =
            groups.into_iter().map(|(cause, (count, files))| (cause, count, files.len())).collect();
        causes.sort_by_key(|&(cause, count, _)| (std::cmp::Reverse(count), cause));
        causes
    }

    fn files_text(&self) -> String {
        let mut text = FILES_HEADER.to_owned();
        for (name, entry) in &self.files {
            let Entry { state, passed, failed, skipped, cost } = entry;
            let state = state.name();
            let _ = writeln!(text, "{name:<32} {state:<7} {passed}/{failed}/{skipped} {cost}s");
        }
        text
    }

    fn reasons_text(&self) -> String {
        let mut text = REASONS_HEADER.to_owned();
        let mut groups: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for ((file, method), failure) in &self.failures {
            groups.entry(&failure.cause).or_default().push((file, method, &failure.reason));
        }
        for (cause, methods) in groups {
            let _ = writeln!(text, "\n== {cause}");
            for (file, method, reason) in methods {
                let _ = writeln!(text, "{file} {method} | {reason}");
            }
        }
        text
    }
}

fn paths(folder: &Path) -> (PathBuf, PathBuf) {
    (folder.join("files.txt"), folder.join("reasons.txt"))
}

fn meaningful(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
}

fn parse_files(text: &str) -> Result<BTreeMap<String, Entry>> {
    let parse = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let &[name, state, counts, cost] = words.as_slice() else { return None };
        let counts: Vec<usize> = counts.split('/').filter_map(|n| n.parse().ok()).collect();
        let &[passed, failed, skipped] = counts.as_slice() else { return None };
        let cost = cost.strip_suffix('s')?.parse().ok()?;
        let state = State::parse(state)?;
        Some((name.to_owned(), Entry { state, passed, failed, skipped, cost }))
    };
    let entry = |(number, line): (usize, &str)| {
        parse(line).ok_or_else(|| format!("files.txt:{number}: not understood: {line}"))
    };
    meaningful(text).map(entry).collect()
}

fn parse_reasons(text: &str) -> Result<BTreeMap<(String, String), Failure>> {
    let mut failures = BTreeMap::new();
    let mut cause: Option<&str> = None;
    for (number, line) in meaningful(text) {
        if let Some(heading) = line.strip_prefix("== ") {
            cause = Some(heading.trim());
            continue;
        }
        let bad = || format!("reasons.txt:{number}: not understood: {line}");
        let cause = cause.ok_or_else(bad)?.to_owned();
        let (key, reason) = line.split_once(" | ").ok_or_else(bad)?;
        let (file, method) = key.split_once(' ').ok_or_else(bad)?;
        let key = (file.to_owned(), method.trim().to_owned());
        failures.insert(key, Failure { cause, reason: reason.to_owned() });
    }
    Ok(failures)
}

fn cost(seconds: f64) -> u64 {
    (seconds.max(0.0).ceil() as u64).max(1).next_power_of_two()
}

fn exception(reason: &str) -> &str {
    reason.split(':').next().unwrap_or(reason)
}

/// A reason for the ledger: one line, no address or path of one run, not too long.
fn one_line(reason: &str) -> String {
    let text = without_folders(&reason.split_whitespace().collect::<Vec<_>>().join(" "));
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find("0x") {
        let digits = rest[at + 2..].chars().take_while(char::is_ascii_hexdigit).count();
        out.push_str(&rest[..at]);
        out.push_str(if digits >= 8 { "0x…" } else { &rest[at..at + 2 + digits] });
        rest = &rest[at + 2 + digits..];
    }
    out.push_str(rest);
    let mut line = out.chars().take(160).collect::<String>();
    if line.len() < out.len() {
        line.push('…');
    }
    // A bare `==` or the field separator would confuse a reader of the file.
    line.replace(" | ", " ¦ ")
}

/// Paths below the folder of a run, without what leads to that folder.
fn without_folders(text: &str) -> String {
    const RUN: &str = "/target/conformance/work.";
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(RUN) {
        let (before, behind) = rest.split_at(at);
        let start = before.rfind(|c: char| c.is_whitespace() || "'\"=[(<".contains(c));
        out.push_str(start.map_or("", |start| &before[..=start]));
        out.push('…');
        rest = behind[RUN.len()..].trim_start_matches(|c: char| c.is_ascii_digit());
    }
    out + rest
}

/// The cause that a reason suggests: comparisons of values all look different and are one group
/// per exception; for other exceptions the text without numbers and long quotations is the cause.
fn generalize(reason: &str) -> String {
    let name = exception(reason);
    if reason.starts_with("SIG") || reason.starts_with("timed out") || reason.starts_with("exit ") {
        return name.to_owned();
    }
    if name == "AssertionError" {
        return match reason.split_once(" not raised") {
            Some((before, _)) => format!("{before} not raised"),
            None => "AssertionError: a value differs".to_owned(),
        };
    }
    let mut out = String::new();
    let mut characters = reason.chars().peekable();
    while let Some(c) = characters.next() {
        if c.is_ascii_digit() {
            while characters.next_if(char::is_ascii_digit).is_some() {}
            out.push('N');
        } else {
            out.push(c);
        }
    }
    out.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::End;

    fn outcome(method: &str, reason: &str) -> Outcome {
        let mut outcome = Outcome::default();
        outcome.read(&format!(
            "{{\"event\":\"pass\",\"id\":\"A.ok\"}}\n\
             {{\"event\":\"fail\",\"id\":\"{method}\",\"reason\":\"{reason}\"}}\n{{\"event\":\"end\"}}"
        ));
        outcome.end(End::Exit(0), "");
        outcome
    }

    fn reload(ledger: &Ledger) -> Ledger {
        Ledger {
            files: parse_files(&ledger.files_text()).unwrap(),
            failures: parse_reasons(&ledger.reasons_text()).unwrap(),
        }
    }

    #[test]
    fn reasons_do_not_name_the_folder_of_a_run() {
        let reason = "Error: ['/a/b/target/conformance/work.12/prefix/bin/krait', '-E']: no /a/b";
        assert_eq!(one_line(reason), "Error: ['…/prefix/bin/krait', '-E']: no /a/b");
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut ledger = Ledger::default();
        ledger.record("test_a", &outcome("A.x", "KeyError: a | b == c"), 2.5);
        ledger.record("test_b", &outcome("setUpClass (B)", "OSError: [Errno 2] no"), 0.1);
        assert_eq!(reload(&ledger), ledger);
        assert!(ledger.files_text().contains(" fail    1/1/0 4s\n"), "{}", ledger.files_text());
    }

    #[test]
    fn written_causes_stay_while_the_exception_is_the_same() {
        let mut ledger = Ledger::default();
        ledger.record("test_a", &outcome("A.x", "AssertionError: 1 != 2"), 1.0);
        let key = ("test_a".to_owned(), "A.x".to_owned());
        ledger.failures.get_mut(&key).unwrap().cause = "floats are rounded twice".to_owned();
        let mut ledger = reload(&ledger);
        ledger.record("test_a", &outcome("A.x", "AssertionError: 1 != 3"), 1.0);
        assert_eq!(ledger.failures[&key].cause, "floats are rounded twice");
        assert_eq!(ledger.failures[&key].reason, "AssertionError: 1 != 3");
        ledger.record("test_a", &outcome("A.x", "TypeError: no"), 1.0);
        assert_eq!(ledger.failures[&key].cause, "auto: TypeError: no");
        ledger.record("test_a", &outcome("A.y", "TypeError: no"), 1.0);
        assert!(!ledger.failures.contains_key(&key));
    }

    #[test]
    fn cost_changes_only_for_a_reason() {
        let mut ledger = Ledger::default();
        for (seconds, expected) in [(3.0, 4), (1.5, 4), (0.5, 1), (0.01, 1), (9.0, 16)] {
            ledger.record("test_a", &outcome("A.x", "E: e"), seconds);
            assert_eq!(ledger.files["test_a"].cost, expected);
        }
    }

    #[test]
    fn reasons_are_grouped() {
        assert_eq!(generalize("AssertionError: 1 != 2"), "AssertionError: a value differs");
        let reason = "AssertionError: TypeError not raised by f";
        assert_eq!(generalize(reason), "AssertionError: TypeError not raised");
        assert_eq!(generalize("SIGSEGV: Fatal"), "SIGSEGV");
        assert_eq!(generalize("E: line 12"), "E: line N");
        assert_eq!(one_line("E: <A at 0x7f00112233>\n x"), "E: <A at 0x…> x");
    }

    #[test]
    fn bad_lines_are_named() {
        assert!(parse_files("test_a pass 1/2 3s").unwrap_err().starts_with("files.txt:1:"));
        assert!(parse_reasons("test_a m | r").unwrap_err().starts_with("reasons.txt:1:"));
    }
}
