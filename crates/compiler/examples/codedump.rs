//! `codedump LEVEL FILE…`: print what each file is compiled to, field by field.
//!
//! `tests/identity/README.md` describes the text; `dump_reference.py` beside it prints the same
//! with CPython.

use std::{fmt::Write as _, fs, io::Write, sync::Arc};

use bytecode::{CodeObject, Constant};
use compiler::{CompileError, Compiled, Mode, Options};

fn main() {
    let mut args = std::env::args().skip(1);
    let optimize = args.next().and_then(|level| level.parse().ok()).unwrap_or(0);
    let mut out = std::io::stdout().lock();
    for file in args {
        let head = format!("file {file}\n");
        if out.write_all(head.as_bytes()).and_then(|()| out.flush()).is_err() {
            return;
        }
        let text = match compile(&file, optimize) {
            Ok(Ok(compiled)) => accepted(&compiled),
            Ok(Err(error)) => rejected(&error),
            Err(error) => format!("unreadable {error}\n"),
        };
        if out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"end\n")).is_err() {
            return;
        }
    }
    let _ = out.flush();
}

/// Compile a module's bytes, or the text of a snippet whose file name tells the mode.
fn compile(file: &str, optimize: i32) -> std::io::Result<compiler::Result<Compiled>> {
    let source = fs::read(file)?;
    let mode = match file.rsplit_once('.').map(|(_, mode)| mode) {
        Some("exec") => Mode::Exec,
        Some("eval") => Mode::Eval,
        Some("single") => Mode::Single,
        _ => {
            let options = Options { optimize, ..Options::default() };
            return Ok(compiler::compile_bytes(&source, "<file>", &options, None));
        }
    };
    let options = Options { optimize, mode, ..Options::default() };
    Ok(compiler::compile(&String::from_utf8_lossy(&source), "<file>", &options))
}

fn rejected(error: &CompileError) -> String {
    let CompileError { lineno, offset, end_lineno, end_offset, .. } = error;
    let mut out = format!("error {} {}\n", error.kind.name(), line(&error.message));
    if error.kind.is_syntax_error() {
        let _ = writeln!(out, "position {lineno} {offset} {end_lineno} {end_offset}");
        if let Some(text) = &error.text {
            let _ = writeln!(out, "text {}", line(text));
        }
    }
    out
}

fn accepted(compiled: &Compiled) -> String {
    let mut out = String::new();
    for warning in &compiled.warnings {
        let text = line(&warning.message);
        let _ = writeln!(out, "warning SyntaxWarning {} {text}", warning.lineno);
    }
    print(&mut out, &compiled.value);
    out
}

fn print(out: &mut String, code: &CodeObject) {
    let names = |names: &[Arc<str>]| names.join(" ");
    let consts: Vec<String> = code.consts.iter().map(value).collect();
    let CodeObject { argcount, posonlyargcount, kwonlyargcount, .. } = code;
    let _ = writeln!(out, "code {} {}", code.qualname, code.firstlineno);
    let _ = writeln!(out, "co_name {}", code.name);
    let _ = writeln!(out, "co_code {}", hex(&code.code));
    let _ = writeln!(out, "co_consts {}", consts.join(" "));
    let _ = writeln!(out, "co_names {}", names(&code.names));
    let _ = writeln!(out, "co_localsplusnames {}", names(&code.localsplusnames));
    let _ = writeln!(out, "co_localspluskinds {}", hex(&kinds(code)));
    let _ = writeln!(out, "co_flags {:x}", code.flags);
    let _ = writeln!(out, "co_argcount {argcount} {posonlyargcount} {kwonlyargcount}");
    let _ = writeln!(out, "co_stacksize {}", code.stacksize);
    let _ = writeln!(out, "co_linetable {}", hex(&code.linetable));
    let _ = writeln!(out, "co_exceptiontable {}", hex(&code.exceptiontable));
    for constant in code.consts.iter() {
        if let Constant::Code(inner) = constant {
            print(out, inner);
        }
    }
}

/// Kinds by name: CPython only shows a dict of them.
fn kinds(code: &CodeObject) -> Vec<u8> {
    let all = || code.localsplusnames.iter().zip(&code.localspluskinds);
    all()
        .map(|(name, _)| all().rfind(|pair| pair.0 == name).map(|pair| *pair.1).unwrap_or(0))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn value(constant: &Constant) -> String {
    let list = |items: &[Constant]| items.iter().map(value).collect::<Vec<_>>().join(",");
    match constant {
        Constant::None => "None".to_owned(),
        Constant::Ellipsis => "Ellipsis".to_owned(),
        Constant::Bool(value) => format!("bool:{}", u8::from(*value)),
        Constant::Int(value) => format!("int:{value:x}"),
        Constant::Float(value) => format!("float:{:016x}", value.to_bits()),
        Constant::Complex(real, imag) => {
            format!("complex:{:016x}:{:016x}", real.to_bits(), imag.to_bits())
        }
        Constant::Str(value) => format!("str:{}", hex(value.as_bytes())),
        Constant::Bytes(value) => format!("bytes:{}", hex(value)),
        Constant::Tuple(items) => format!("({})", list(items)),
        Constant::FrozenSet(items) => {
            let mut items: Vec<String> = items.iter().map(value).collect();
            items.sort();
            format!("{{{}}}", items.join(","))
        }
        Constant::Slice(parts) => format!("slice[{}]", list(&parts[..])),
        Constant::Code(code) => format!("code:{}", code.qualname),
    }
}

/// A text on one line.
fn line(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        match c {
            '\\' => out.push_str("\\\\"),
            c if c < ' ' => drop(write!(out, "\\x{:02x}", c as u32)),
            c => out.push(c),
        }
        out
    })
}
