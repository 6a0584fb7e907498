//! Code as text: decoding of `co_code`, a listing, and a parser for tests.
//!
//! The listing is that of Python's `dis` without offsets: line numbers where
//! the line changes, labels where something jumps, what arguments mean. The
//! parser reads the same columns, of which only opcodes and labels count.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::{CodeObject, Constant, Op, exceptiontable, linetable};

/// An instruction in `co_code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    pub op: Op,
    /// The argument, with what `EXTENDED_ARG`s add.
    pub arg: u32,
    /// Where it starts, its `EXTENDED_ARG`s included; in code units.
    pub start: u32,
    /// Where the next one starts, behind the inline caches; in code units.
    pub end: u32,
}

impl Instruction {
    /// Where a jump goes; in code units.
    pub fn target(&self) -> Option<u32> {
        match self.op.base() {
            op if op.is_backward_jump() || op == Op::END_ASYNC_FOR => {
                self.end.checked_sub(self.arg)
            }
            op if op.has_jump() || op == Op::JUMP_FORWARD => self.end.checked_add(self.arg),
            _ => None,
        }
    }
}

/// The instructions of a `co_code`. Ends at an unknown opcode.
pub fn instructions(code: &[u8]) -> impl Iterator<Item = Instruction> + '_ {
    let mut units = code.chunks_exact(2).enumerate();
    std::iter::from_fn(move || {
        let (start, mut unit) = units.next()?;
        let mut arg = u32::from(unit[1]);
        while unit[0] == Op::EXTENDED_ARG as u8 {
            unit = units.next()?.1;
            arg = arg << 8 | u32::from(unit[1]);
        }
        let op = Op::from_number(u16::from(unit[0]))?;
        for _ in 0..op.caches() {
            units.next();
        }
        let end = units.clone().next().map_or(code.len() / 2, |(next, _)| next);
        Some(Instruction { op, arg, start: start as u32, end: end as u32 })
    })
}

/// The listing of a code object, without those among its constants.
pub fn disassemble(code: &CodeObject) -> String {
    let mut labels = BTreeMap::new();
    for target in instructions(&code.code).filter_map(|instr| instr.target()) {
        labels.insert(target, 0);
    }
    for entry in exceptiontable::entries(&code.exceptiontable) {
        labels.extend([(entry.start, 0), (entry.end, 0), (entry.target, 0)]);
    }
    for (number, label) in labels.values_mut().enumerate() {
        *label = number + 1;
    }
    let mut lines =
        linetable::positions(&code.linetable, code.firstlineno).map(|position| position.line);
    let mut text = String::new();
    let mut previous = Some(0);
    for instr in instructions(&code.code) {
        let line = lines.by_ref().take((instr.end - instr.start) as usize).last().flatten();
        let line_text = match line {
            _ if line == previous => String::new(),
            Some(number) => number.to_string(),
            None => "--".into(),
        };
        if !line_text.is_empty() && !text.is_empty() {
            text.push('\n');
        }
        previous = line;
        let label = labels.get(&instr.start).map_or(String::new(), |label| format!("L{label}:"));
        let _ = write!(text, "{line_text:>4} {label:>6} {}", instr.op.name());
        if instr.op.has_arg() {
            let width = 26usize.saturating_sub(instr.op.name().len());
            let _ = write!(text, " {:>width$}", instr.arg);
            let meaning = match instr.target() {
                Some(target) => labels.get(&target).map(|label| format!("to L{label}")),
                None => meaning(code, &instr),
            };
            if let Some(meaning) = meaning {
                let _ = write!(text, " ({meaning})");
            }
        }
        text.push('\n');
    }
    for (index, entry) in exceptiontable::entries(&code.exceptiontable).enumerate() {
        if index == 0 {
            text.push_str("ExceptionTable:\n");
        }
        let label = |offset: u32| labels.get(&offset).copied().unwrap_or(0);
        let (start, end, target) = (label(entry.start), label(entry.end), label(entry.target));
        let lasti = if entry.lasti { " lasti" } else { "" };
        let _ = writeln!(text, "  L{start} to L{end} -> L{target} [{}]{lasti}", entry.depth);
    }
    text
}

/// What an argument stands for.
fn meaning(code: &CodeObject, instr: &Instruction) -> Option<String> {
    let arg = instr.arg as usize;
    let local = |index: usize| code.localsplusnames.get(index).map(|name| name.to_string());
    let op = instr.op.base();
    match op {
        Op::LOAD_FAST_LOAD_FAST
        | Op::LOAD_FAST_BORROW_LOAD_FAST_BORROW
        | Op::STORE_FAST_LOAD_FAST
        | Op::STORE_FAST_STORE_FAST => Some(format!("{}, {}", local(arg >> 4)?, local(arg & 15)?)),
        _ if op.has_const() => code.consts.get(arg).map(repr),
        Op::LOAD_GLOBAL | Op::LOAD_ATTR => {
            let name = code.names.get(arg >> 1)?;
            let added = match (op, arg & 1) {
                (_, 0) => "",
                (Op::LOAD_GLOBAL, _) => " + NULL",
                _ => " + NULL|self",
            };
            Some(format!("{name}{added}"))
        }
        Op::LOAD_SUPER_ATTR => code.names.get(arg >> 2).map(|name| name.to_string()),
        _ if op.has_name() => code.names.get(arg).map(|name| name.to_string()),
        _ if op.has_local() || op.has_free() => local(arg),
        _ => None,
    }
}

/// A constant for human readers.
fn repr(constant: &Constant) -> String {
    let list = |items: &[Constant]| items.iter().map(repr).collect::<Vec<_>>().join(", ");
    match constant {
        Constant::None => "None".into(),
        Constant::Ellipsis => "Ellipsis".into(),
        Constant::Bool(true) => "True".into(),
        Constant::Bool(false) => "False".into(),
        Constant::Int(value) => value.to_string(),
        Constant::Float(value) => format!("{value:?}"),
        Constant::Complex(real, imag) => format!("({real:?}{imag:+?}j)"),
        Constant::Str(text) => format!("{text:?}"),
        Constant::Bytes(bytes) => format!("b\"{}\"", bytes.escape_ascii()),
        Constant::Tuple(items) if items.len() == 1 => format!("({},)", list(items)),
        Constant::Tuple(items) => format!("({})", list(items)),
        Constant::FrozenSet(items) => format!("frozenset({{{}}})", list(items)),
        Constant::Slice(parts) => format!("slice({})", list(&parts[..])),
        Constant::Code(code) => format!("<code object {}>", code.name),
    }
}

/// A line of a program in text form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextLine {
    Label(String),
    Instruction { line: Option<i32>, op: Op, operand: Operand },
}

/// What follows an opcode in text form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    None,
    Number(i32),
    Label(String),
}

/// Read a program: `[line] [label:] OPCODE [number or label] [(comment)]`.
pub fn parse(text: &str) -> Result<Vec<TextLine>, String> {
    let mut program = Vec::new();
    for row in text.lines() {
        let row = row.split('(').next().unwrap_or(row);
        let mut words = row.split_whitespace().peekable();
        let line = words.next_if(|word| *word == "--" || word.parse::<i32>().is_ok());
        let line = line.and_then(|word| word.parse().ok());
        while let Some(label) = words.next_if(|word| word.ends_with(':')) {
            program.push(TextLine::Label(label.trim_end_matches(':').to_owned()));
        }
        let Some(name) = words.next() else { continue };
        let op = Op::from_name(name).ok_or_else(|| format!("no opcode {name}: {row}"))?;
        let operand = match words.next() {
            None => Operand::None,
            Some(word) => {
                word.parse().map_or_else(|_| Operand::Label(word.to_owned()), Operand::Number)
            }
        };
        if let Some(word) = words.next() {
            return Err(format!("unexpected {word}: {row}"));
        }
        program.push(TextLine::Instruction { line, op, operand });
    }
    Ok(program)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code_flags::{CO_NEWLOCALS, CO_OPTIMIZED};
    use crate::fast_kind::{CO_FAST_ARG_KW, CO_FAST_ARG_POS, CO_FAST_LOCAL};

    /// `def f(a): return a.b if a else 5000`, in CPython 3.14.10.
    fn sample() -> CodeObject {
        CodeObject {
            argcount: 1,
            stacksize: 1,
            flags: CO_OPTIMIZED | CO_NEWLOCALS,
            code: b"\x80\x00V\x00'\x00\x00\x00\x00\x00\x00\x00d\r\x00\x00\x1c\x00V\x00P\x00\
                \x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00#\x00R\x00#\x00"
                .to_vec(),
            consts: [Constant::from(5000)].into(),
            names: ["b".into()].into(),
            localsplusnames: ["a".into()].into(),
            localspluskinds: [CO_FAST_LOCAL | CO_FAST_ARG_POS | CO_FAST_ARG_KW].into(),
            firstlineno: 1,
            linetable: b"\x80\x00\x9f\x01\x90\x11\x97\x13\x91\x13\xd0\n#\x98t\xd0\n#".to_vec(),
            ..CodeObject::default()
        }
    }

    #[test]
    fn listing_shows_what_arguments_mean() {
        let text = disassemble(&sample());
        let expected = "
   1        RESUME                    0
            LOAD_FAST_BORROW          0 (a)
            TO_BOOL
            POP_JUMP_IF_FALSE        13 (to L1)
            NOT_TAKEN
            LOAD_FAST_BORROW          0 (a)
            LOAD_ATTR                 0 (b)
            RETURN_VALUE
        L1: LOAD_CONST                0 (5000)
            RETURN_VALUE
";
        assert_eq!(text.trim(), expected.trim());
    }

    #[test]
    fn listings_can_be_parsed() {
        let program = parse(&disassemble(&sample())).unwrap();
        assert_eq!(program.len(), 11);
        assert_eq!(program[8], TextLine::Label("L1".into()));
        let load =
            TextLine::Instruction { line: None, op: Op::LOAD_CONST, operand: Operand::Number(0) };
        assert_eq!(program[9], load);
        assert!(parse("LOAD_FIST 1").is_err());
    }
}
