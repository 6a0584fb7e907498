//! Print the error of each source on standard input, one `MODE HEX` a line.
//!
//! The answer is a JSON array as `tests/identity/record_errors.py` records, or
//! `null` for a source that compiles; with `--warnings` the warnings of such.

use std::{
    fmt::Write as _,
    io::{BufRead, Write},
};

fn main() {
    let warnings = std::env::args().any(|arg| arg == "--warnings");
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let (mode, hex) = line.split_once(' ').unwrap_or((&line, ""));
        let bytes: Vec<u8> = hex
            .as_bytes()
            .chunks(2)
            .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect();
        let source = String::from_utf8_lossy(&bytes);
        let mode = match mode {
            "eval" => compiler::Mode::Eval,
            "single" => compiler::Mode::Single,
            _ => compiler::Mode::Exec,
        };
        let options = compiler::Options { mode, ..compiler::Options::default() };
        let answer = match compiler::compile(&source, "<string>", &options) {
            Ok(compiled) if warnings => {
                let all: Vec<String> = compiled
                    .warnings
                    .iter()
                    .map(|warning| {
                        format!("[{}, {}]", json(&warning.message), warning.location.line)
                    })
                    .collect();
                format!("[{}]", all.join(", "))
            }
            Ok(_) => "null".to_owned(),
            Err(error) => format!(
                "[{}, {}, {}, {}, {}, {}, {}]",
                json(error.kind.name()),
                json(&error.message),
                error.lineno,
                error.offset,
                error.end_lineno,
                error.end_offset,
                error.text.as_deref().map_or("null".to_owned(), json)
            ),
        };
        if writeln!(out, "{answer}").and_then(|()| out.flush()).is_err() {
            return;
        }
    }
}

fn json(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if (c as u32) < 32 => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
