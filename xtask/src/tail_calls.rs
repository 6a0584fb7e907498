//! `cargo xtask tail-calls`: do the opcodes of a release build end by jumping to each other?
//!
//! `vm::tail_calls` relies on LLVM to make jumps of its calls, which it does not when a local variable's
//! address escapes, as happens when too much is inlined. Such a handler calls the shared ends
//! (`slow`, `drop_dead`, …) as well, and those calls name what they call.

use crate::Result;
use crate::args::{Args, Command, opt};
use crate::project;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command as Process, Stdio};

pub(crate) const COMMAND: Command = Command {
    name: "tail-calls",
    operands: "",
    summary: "Check that opcodes of a release build end in jumps (needs objdump)",
    options: &[opt("krait", "PATH", "The Krait to look at (default: the release build)")],
    run,
};

fn run(args: &Args) -> Result<bool> {
    let krait = project::krait(args)?;
    let mut command = Process::new("objdump");
    command.args(["--disassemble", "--no-show-raw-insn", "--section=.text"]).arg(krait);
    let mut child =
        command.stdout(Stdio::piped()).spawn().map_err(|error| format!("objdump: {error}"))?;
    let mut reader = Reader::default();
    for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
        reader.read(&line.map_err(|error| format!("objdump: {error}"))?);
    }
    if !child.wait().is_ok_and(|status| status.success()) || reader.handlers == 0 {
        return Err("objdump found no opcodes".to_owned());
    }
    for call in &reader.calls {
        println!("{call}");
    }
    println!(
        "tail-calls: {} passed, {} failed",
        reader.handlers - reader.calls.len(),
        reader.calls.len()
    );
    Ok(reader.calls.is_empty())
}

/// What was seen of a disassembly.
#[derive(Default)]
struct Reader {
    /// The handler that is being read.
    current: Option<String>,
    handlers: usize,
    /// Handlers that call what they should jump to.
    calls: BTreeSet<String>,
}

impl Reader {
    fn read(&mut self, line: &str) {
        if let Some((_, symbol)) = line.strip_suffix(">:").and_then(|line| line.split_once(" <")) {
            self.current = symbol.split_once("10tail_calls8handlers").map(|(_, op)| op.to_owned());
            self.handlers += usize::from(self.current.is_some());
        } else if let Some(op) = &self.current
            && line.contains("call ")
            && line.contains("10tail_calls")
        {
            self.calls.insert(op.trim_start_matches(|c: char| c.is_ascii_digit()).to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_told_from_jumps() {
        let text = "0000109b900 <_RNvNtCs5_2vm10tail_calls8handlers3NOP>:\n \
                    1: jmp    10 <_RNvNtCs5_2vm10tail_calls4work>\n\n\
                    0000109b910 <_RNvNtCs5_2vm10tail_calls8handlers4COPY>:\n \
                    1: call   10 <_RNvNtCs5_2vm6interp12release_last>\n \
                    2: call   10 <_RNvNtCs5_2vm10tail_calls9drop_dead>\n\n\
                    0000109b920 <_RNvNtCs5_2vm6interp3run>:\n \
                    1: call   10 <_RNvNtCs5_2vm10tail_calls8handlers3NOP>\n";
        let mut reader = Reader::default();
        text.lines().for_each(|line| reader.read(line));
        assert_eq!(reader.handlers, 2);
        assert_eq!(reader.calls.into_iter().collect::<Vec<_>>(), ["COPY"]);
    }
}
