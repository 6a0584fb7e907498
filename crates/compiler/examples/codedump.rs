//! Print every field of every code object of Python files, as JSON lines.
//!
//! `codedump [-O LEVEL] FILE…`, or with no file a list of files on standard
//! input. A file that is rejected gives one line with the error instead.
//! `tests/identity/dump_reference.py` prints the same with CPython.

use std::{
    fmt::Write as _,
    io::{BufRead, Write},
    sync::Arc,
};

use bytecode::{CodeObject, Constant};

fn main() {
    let mut optimize = 0;
    let mut files = Vec::new();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        if arg == "-O" {
            optimize = args.next().and_then(|level| level.parse().ok()).unwrap_or(1);
        } else {
            files.push(arg);
        }
    }
    if files.is_empty() {
        files = std::io::stdin().lock().lines().map_while(Result::ok).collect();
    }
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for file in files {
        let text = dump(&file, optimize);
        if out.write_all(text.as_bytes()).is_err() {
            return;
        }
    }
}

fn dump(file: &str, optimize: i32) -> String {
    let source = match std::fs::read(file) {
        Ok(source) => source,
        Err(error) => {
            return format!(
                "{{\"file\": {}, \"unreadable\": {}}}\n",
                json(file),
                json(&error.to_string())
            );
        }
    };
    let options = compiler::Options { optimize, ..compiler::Options::default() };
    match compiler::compile_bytes(&source, "<file>", &options, None) {
        Ok(compiled) => {
            let mut out = String::new();
            print(&mut out, file, "", &compiled.value);
            out
        }
        Err(error) => format!(
            "{{\"file\": {}, \"error\": [{}, {}, {}, {}, {}, {}]}}\n",
            json(file),
            json(error.kind.name()),
            json(&error.message),
            error.lineno,
            error.offset,
            error.end_lineno,
            error.end_offset
        ),
    }
}

fn print(out: &mut String, file: &str, path: &str, code: &CodeObject) {
    let names = |names: &[Arc<str>]| {
        let names: Vec<String> = names.iter().map(|name| json(name)).collect();
        format!("[{}]", names.join(", "))
    };
    let consts: Vec<String> = code.consts.iter().map(|constant| json(&text(constant))).collect();
    let _ = writeln!(
        out,
        "{{\"file\": {}, \"path\": {}, \"name\": {}, \"qualname\": {}, \"argcount\": {}, \
         \"posonlyargcount\": {}, \"kwonlyargcount\": {}, \"stacksize\": {}, \"flags\": {}, \
         \"firstlineno\": {}, \"names\": {}, \"localsplusnames\": {}, \"localspluskinds\": \"{}\", \
         \"consts\": [{}], \"code\": \"{}\", \"linetable\": \"{}\", \"exceptiontable\": \"{}\"}}",
        json(file),
        json(path),
        json(&code.name),
        json(&code.qualname),
        code.argcount,
        code.posonlyargcount,
        code.kwonlyargcount,
        code.stacksize,
        code.flags,
        code.firstlineno,
        names(&code.names),
        names(&code.localsplusnames),
        hex(&kinds(code)),
        consts.join(", "),
        hex(&code.code),
        hex(&code.linetable),
        hex(&code.exceptiontable),
    );
    for (index, constant) in code.consts.iter().enumerate() {
        if let Constant::Code(inner) = constant {
            print(out, file, &format!("{path}/{index}"), inner);
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

fn text(constant: &Constant) -> String {
    let list = |items: &[Constant]| items.iter().map(text).collect::<Vec<_>>().join(",");
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
            let mut items: Vec<String> = items.iter().map(text).collect();
            items.sort();
            format!("{{{}}}", items.join(","))
        }
        Constant::Slice(parts) => format!("slice[{}]", list(&parts[..])),
        Constant::Code(code) => format!("code:{}", code.qualname),
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
