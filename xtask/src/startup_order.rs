//! `cargo xtask startup-order`: which functions every start runs, for the linker to lay out together.
//!
//! Callgrind lists the functions that a few short programs call, in the order of the first program that
//! calls them; their mangled names go to `crates/krait/startup.order` (see `docs/decisions/0001`).

use crate::Result;
use crate::args::{Args, Command, opt};
use crate::process::{self, End, Limits};
use crate::project;
use std::collections::HashSet;
use std::fs;
use std::path::Path;

pub(crate) const COMMAND: Command = Command {
    name: "startup-order",
    operands: "",
    summary: "Record which functions a start runs (needs valgrind and a release build)",
    options: &[opt("krait", "PATH", "The Krait to watch")],
    run,
};

/// What is started, the most frequent first.
const PROGRAMS: &[&str] = &["pass", "import typing, dataclasses, json, re", "import asyncio"];

fn run(args: &Args) -> Result<bool> {
    let krait = project::krait(args)?;
    let (mut names, mut seen) = (Vec::new(), HashSet::new());
    for program in PROGRAMS {
        let profile = project::target().join("startup.callgrind");
        watch(&krait, program, &profile)?;
        let text = fs::read_to_string(&profile)
            .map_err(|error| format!("{}: {error}", profile.display()))?;
        for name in functions(&text, "krait") {
            if seen.insert(name.to_owned()) {
                names.push(name.to_owned());
            }
        }
        println!("{program}: {} functions so far", names.len());
    }
    let path = project::root().join("crates/krait/startup.order");
    fs::write(&path, names.join("\n") + "\n")
        .map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(true)
}

/// Run a program under callgrind.
fn watch(krait: &Path, program: &str, profile: &Path) -> Result<()> {
    let mut command = std::process::Command::new("valgrind");
    command.args(["--tool=callgrind", "--demangle=no", "--compress-strings=no"]);
    command.arg(format!("--callgrind-out-file={}", profile.display()));
    command.arg(krait).args(["-c", program]);
    let finished = process::run(&mut command, &Limits { seconds: 600.0, ..Limits::default() })?;
    match finished.end {
        End::Exit(0) => Ok(()),
        _ => Err(format!("'{program}' failed under valgrind")),
    }
}

/// The mangled Rust functions of the object file of this name, in the profile's order.
fn functions<'a>(profile: &'a str, object: &'a str) -> impl Iterator<Item = &'a str> {
    let mut wanted = false;
    profile.lines().filter_map(move |line| {
        if let Some(path) = line.strip_prefix("ob=") {
            wanted = Path::new(path).file_name().is_some_and(|name| name == object);
        }
        // Callgrind marks recursion levels with an apostrophe.
        let name = line.strip_prefix("fn=")?.split('\'').next()?;
        (wanted && name.starts_with("_R")).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::functions;

    #[test]
    fn only_rust_functions_of_the_program() {
        let profile = "ob=/lib/libc.so\nfn=malloc\nob=/x/krait\nfl=???\nfn=_RNvA'2\n0x1 2\nfn=main\n\
                       cob=/lib/libc.so\nfn=_RNvB\nob=/lib/ld.so\nfn=_RNvC\n";
        assert_eq!(functions(profile, "krait").collect::<Vec<_>>(), ["_RNvA", "_RNvB"]);
    }
}
