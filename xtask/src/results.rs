//! What the runner of one test file wrote, summed up: a state for the file and one for each method.
//!
//! A name in parentheses is not a method: `(load)` is the module itself, `(crash)` and `(timeout)` say
//! how the process ended when no test was running.

use crate::process::End;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The state of a test file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    Pass,
    Skip,
    Fail,
    Crash,
    Timeout,
}

impl State {
    pub(crate) const ALL: [State; 5] =
        [State::Pass, State::Skip, State::Fail, State::Crash, State::Timeout];

    pub(crate) fn name(self) -> &'static str {
        match self {
            State::Pass => "pass",
            State::Skip => "skip",
            State::Fail => "fail",
            State::Crash => "crash",
            State::Timeout => "timeout",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Nothing wrong: what continuous integration insists on.
    pub(crate) fn is_good(self) -> bool {
        matches!(self, State::Pass | State::Skip)
    }
}

/// Why a method failed or was skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The exception's name and the first line of its text.
    pub(crate) reason: String,
    /// File and line in the tests.
    pub(crate) place: String,
    pub(crate) trace: String,
}

/// The outcome of one test file.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) passed: BTreeSet<String>,
    pub(crate) failed: BTreeMap<String, Problem>,
    pub(crate) skipped: BTreeMap<String, String>,
    /// References, blocks and open files after each repetition of a leak check.
    pub(crate) counts: Vec<Vec<i64>>,
    /// The test that was running when the lines ended.
    pub(crate) running: Option<String>,
    finished: bool,
    crashed: bool,
    timed_out: bool,
}

impl Outcome {
    /// Add the runner's lines; text that is no line of it is passed over.
    pub(crate) fn read(&mut self, lines: &str) {
        for line in lines.lines() {
            let Ok(value) = serde_json::from_str::<Value>(line) else { continue };
            let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
            let id = text("id");
            match value["event"].as_str().unwrap_or_default() {
                "start" => self.running = Some(id),
                "pass" => {
                    self.running = None;
                    self.passed.insert(id);
                }
                "skip" => {
                    self.running = None;
                    self.skipped.insert(id, text("reason"));
                }
                "fail" => {
                    self.failed.entry(id).or_insert_with(|| Problem {
                        reason: text("reason"),
                        place: text("where"),
                        trace: text("trace"),
                    });
                }
                "count" => self.counts.push(
                    text("reason").split(' ').filter_map(|number| number.parse().ok()).collect(),
                ),
                "end" => {
                    self.running = None;
                    self.finished = true;
                }
                _ => {}
            }
        }
        // The same id may come twice (a module tested with and without its accelerator).
        self.passed.retain(|id| !self.failed.contains_key(id));
    }

    /// Add how the process ended, with what it printed last. A bad end belongs to the test that was
    /// running; without one it gets a line of its own.
    pub(crate) fn end(&mut self, end: End, last_words: &str) {
        let words = if last_words.is_empty() { String::new() } else { format!(": {last_words}") };
        let line = match end {
            End::TimedOut => {
                self.timed_out = true;
                "(timeout)"
            }
            End::Exit(_) if self.finished => return,
            End::Exit(_) | End::Signal(_) => {
                self.crashed = true;
                "(crash)"
            }
        };
        let when = if self.finished { " at exit" } else { "" };
        let key = self.running.take().unwrap_or_else(|| line.to_owned());
        let reason = format!("{end}{when}{words}");
        self.failed.insert(key, Problem { reason, ..Problem::default() });
    }

    pub(crate) fn state(&self) -> State {
        if self.timed_out {
            State::Timeout
        } else if self.crashed {
            State::Crash
        } else if !self.failed.is_empty() {
            State::Fail
        } else if self.passed.is_empty() {
            State::Skip
        } else {
            State::Pass
        }
    }

    /// Counters that grew in each of the last three repetitions, regrtest's definition of a leak.
    pub(crate) fn leaks(&self) -> Vec<(&'static str, Vec<i64>)> {
        let names = ["references", "blocks", "files"];
        let mut leaks = Vec::new();
        for (index, name) in names.into_iter().enumerate() {
            let series: Vec<i64> =
                self.counts.iter().filter_map(|counts| counts.get(index).copied()).collect();
            let growth: Vec<i64> = series.windows(2).map(|pair| pair[1] - pair[0]).collect();
            let last = &growth[growth.len().saturating_sub(3)..];
            if last.len() == 3 && last.iter().all(|&step| step > 0) {
                leaks.push((name, last.to_vec()));
            }
        }
        leaks
    }

    /// The form for machines.
    pub(crate) fn to_json(&self, seconds: f64) -> Value {
        let failed: serde_json::Map<String, Value> = self
            .failed
            .iter()
            .map(|(id, problem)| {
                let value = json!({
                    "reason": problem.reason, "where": problem.place, "traceback": problem.trace,
                });
                (id.clone(), value)
            })
            .collect();
        json!({
            "state": self.state().name(), "seconds": (seconds * 1000.0).round() / 1000.0,
            "passed": self.passed, "failed": failed, "skipped": self.skipped,
            "counts": self.counts,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(lines: &str, end: End) -> Outcome {
        let mut outcome = Outcome::default();
        outcome.read(lines);
        outcome.end(end, "");
        outcome
    }

    #[test]
    fn a_good_file_passes() {
        let lines = "{\"event\":\"start\",\"id\":\"A.a\"}\n{\"event\":\"pass\",\"id\":\"A.a\"}\n\
                     {\"event\":\"end\"}\n";
        assert_eq!(outcome(lines, End::Exit(0)).state(), State::Pass);
    }

    #[test]
    fn the_first_reason_of_a_method_counts() {
        let lines = "{\"event\":\"start\",\"id\":\"A.a\"}\n\
                     {\"event\":\"fail\",\"id\":\"A.a\",\"reason\":\"KeyError: 1\"}\n\
                     {\"event\":\"fail\",\"id\":\"A.a\",\"reason\":\"KeyError: 2\"}\n\
                     {\"event\":\"end\"}\n";
        let outcome = outcome(lines, End::Exit(1));
        assert_eq!(outcome.state(), State::Fail);
        assert_eq!(outcome.failed["A.a"].reason, "KeyError: 1");
    }

    #[test]
    fn a_crash_names_the_running_test() {
        let lines = "{\"event\":\"start\",\"id\":\"A.a\"}\n{\"event\":\"sta";
        let outcome = outcome(lines, End::Signal(libc::SIGSEGV));
        assert_eq!(outcome.state(), State::Crash);
        assert_eq!(outcome.failed["A.a"].reason, "SIGSEGV");
    }

    #[test]
    fn leaving_early_is_a_crash() {
        assert_eq!(outcome("", End::Exit(0)).state(), State::Crash);
        assert_eq!(outcome("", End::TimedOut).state(), State::Timeout);
        let skipped =
            "{\"event\":\"skip\",\"id\":\"(load)\",\"reason\":\"no X\"}\n{\"event\":\"end\"}\n";
        assert_eq!(outcome(skipped, End::Exit(0)).state(), State::Skip);
    }

    #[test]
    fn only_steady_growth_is_a_leak() {
        let mut outcome = Outcome::default();
        for counts in ["0 10 3", "0 12 3", "0 14 3", "0 15 3", "0 18 3"] {
            outcome.read(&format!("{{\"event\":\"count\",\"reason\":\"{counts}\"}}"));
        }
        assert_eq!(outcome.leaks(), [("blocks", vec![2, 1, 3])]);
    }
}
