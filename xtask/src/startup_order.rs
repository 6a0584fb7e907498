//! `cargo xtask startup-order`: which functions programs run, for the linker to lay out together.
//!
//! Callgrind lists the functions that a few short programs call. Those of a start come first, in the
//! order of the first program that calls them, then those that everyday programs run as well, the ones
//! that most of them share first. The mangled names go to `crates/krait/startup.order` (see
//! `docs/decisions/0001`).

use crate::Result;
use crate::args::{Args, Command, opt};
use crate::process::{self, End, Limits};
use crate::project;
use std::collections::HashMap;
use std::fs;
use std::path::Path;

pub(crate) const COMMAND: Command = Command {
    name: "startup-order",
    operands: "",
    summary: "Record which functions a start runs (needs valgrind and a release build)",
    options: &[opt("krait", "PATH", "The Krait to watch")],
    run,
};

/// What is started, the most frequent first: statements or programs of `bench/`.
const STARTS: &[&str] = &["pass", "startup.py", "import typing, dataclasses, json, re"];

/// What stands for what people write: statements, or programs of `bench/` with their arguments.
const EVERYDAY: &[&str] = &[
    "attributes.py",
    "calls.py",
    "dicts.py",
    "everyday.py",
    "exceptions.py",
    "floats.py",
    "generators.py",
    "integers.py",
    "lists.py",
    "memory.py --case nothing",
    "strings.py",
    "../examples/tour.py",
    "import asyncio",
];

fn run(args: &Args) -> Result<bool> {
    let krait = project::krait(args)?;
    let mut order = Order::default();
    for program in STARTS {
        order.start(&watch(&krait, program)?);
        println!("{program}: {} functions so far", order.names.len());
    }
    for program in EVERYDAY {
        order.everyday(&watch(&krait, program)?);
        println!("{program}: {} functions so far", order.names.len() + order.counts.len());
    }
    let path = project::root().join("crates/krait/startup.order");
    fs::write(&path, order.finish().join("\n") + "\n")
        .map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(true)
}

/// The functions that were seen so far.
#[derive(Default)]
struct Order {
    /// Those of a start.
    names: Vec<String>,
    /// Of the others, how many programs run them and how many functions were seen before.
    counts: HashMap<String, (usize, usize)>,
}

impl Order {
    /// Add the functions of a start.
    fn start(&mut self, profile: &str) {
        for name in functions(profile, "krait") {
            if !self.names.iter().any(|known| known == name) {
                self.names.push(name.to_owned());
            }
        }
    }

    /// Add the functions of an everyday program.
    fn everyday(&mut self, profile: &str) {
        let mut names: Vec<_> = functions(profile, "krait").collect();
        names.sort_unstable();
        names.dedup();
        for name in names.into_iter().filter(|name| !self.names.iter().any(|known| known == name)) {
            let seen = self.counts.len();
            self.counts.entry(name.to_owned()).or_insert((0, seen)).0 += 1;
        }
    }

    /// All of them, the most wanted first.
    fn finish(self) -> Vec<String> {
        let mut names = self.names;
        let mut others: Vec<_> = self.counts.into_iter().collect();
        others.sort_by_key(|&(_, (programs, seen))| (usize::MAX - programs, seen));
        names.extend(others.into_iter().map(|(name, _)| name));
        names
    }
}

/// The profile of a program that runs under callgrind.
fn watch(krait: &Path, program: &str) -> Result<String> {
    let profile = project::target().join("startup.callgrind");
    let mut command = std::process::Command::new("valgrind");
    command.args(["--tool=callgrind", "--demangle=no", "--compress-strings=no"]);
    command.arg(format!("--callgrind-out-file={}", profile.display()));
    command.arg(krait);
    let mut words = program.split(' ');
    match words.next().filter(|word| word.ends_with(".py")) {
        Some(file) => command.arg(project::root().join("bench").join(file)).args(words),
        None => command.args(["-c", program]),
    };
    let finished = process::run(&mut command, &Limits { seconds: 600.0, ..Limits::default() })?;
    match finished.end {
        End::Exit(0) => {
            fs::read_to_string(&profile).map_err(|error| format!("{}: {error}", profile.display()))
        }
        _ => Err(format!("'{program}' failed under valgrind")),
    }
}

/// The functions of the object file of this name, in the profile's order.
fn functions<'a>(profile: &'a str, object: &'a str) -> impl Iterator<Item = &'a str> {
    let mut wanted = false;
    profile.lines().filter_map(move |line| {
        if let Some(path) = line.strip_prefix("ob=") {
            wanted = Path::new(path).file_name().is_some_and(|name| name == object);
        }
        // Callgrind marks recursion levels with an apostrophe.
        let name = line.strip_prefix("fn=")?.split('\'').next()?;
        // Code without a name is shown by its address.
        (wanted && !name.starts_with("0x") && name != "???").then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::{Order, functions};

    #[test]
    fn only_functions_of_the_program() {
        let profile = "ob=/lib/libc.so\nfn=malloc\nob=/x/krait\nfl=???\nfn=_RNvA'2\n0x1 2\nfn=main\n\
                       cob=/lib/libc.so\nfn=_RNvB\nob=/lib/ld.so\nfn=_RNvC\n";
        assert_eq!(functions(profile, "krait").collect::<Vec<_>>(), ["_RNvA", "main", "_RNvB"]);
    }

    #[test]
    fn a_start_comes_before_what_most_programs_share() {
        let profile = |names: &str| {
            let functions = names.chars().map(|name| format!("fn=_R{name}\n")).collect::<String>();
            format!("ob=/x/krait\n{functions}")
        };
        let mut order = Order::default();
        order.start(&profile("ba"));
        order.start(&profile("ca"));
        order.everyday(&profile("xbz"));
        order.everyday(&profile("zzy"));
        assert_eq!(order.finish(), ["_Rb", "_Ra", "_Rc", "_Rz", "_Rx", "_Ry"]);
    }
}
