//! Instructions to code object.
//!
//! [`optimize_and_assemble`] is the way from what code generation produced to
//! what marshal writes. Jumps become distances here; since a distance may need
//! `EXTENDED_ARG`, which changes distances, that is repeated until stable.

use std::fmt;

use bytecode::code_flags::{CO_VARARGS, CO_VARKEYWORDS};
use bytecode::exceptiontable::ExceptionEntry;
use bytecode::linetable::{LineTableWriter, Position};
use bytecode::{CodeObject, Name, Op, exceptiontable, fast_kind};

use crate::flowgraph::{Cfg, Layout};
use crate::instruction_sequence::{
    InstructionSequence, Location, NEXT_LOCATION, NO_LOCATION, UnitMetadata,
};

/// Why a code unit cannot become a code object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssembleError {
    /// `SystemError` or `ValueError` in CPython: code generation went wrong.
    Internal(&'static str),
    /// A size exceeds what a code object can express (`OverflowError`).
    TooLarge(&'static str),
}

impl fmt::Display for AssembleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AssembleError::Internal(message) | AssembleError::TooLarge(message) => {
                f.write_str(message)
            }
        }
    }
}

impl std::error::Error for AssembleError {}

/// Optimise the instructions of a unit and make its code object.
///
/// `code_flags` are the final `co_flags`. The sequence ends in an instruction
/// that leaves the unit; for generators and coroutines it is already wrapped
/// in the handler that turns StopIteration into RuntimeError.
pub fn optimize_and_assemble(
    mut unit: UnitMetadata,
    sequence: InstructionSequence,
    code_flags: u32,
    filename: &Name,
) -> Result<CodeObject, AssembleError> {
    let nparams = unit.posonlyargcount
        + unit.argcount
        + unit.kwonlyargcount
        + u32::from(code_flags & CO_VARARGS != 0)
        + u32::from(code_flags & CO_VARKEYWORDS != 0);
    let mut graph = Cfg::from_sequence(&sequence)?;
    let nlocals = unit.varnames.len();
    graph.optimize(&mut unit.consts, nlocals, nparams as usize)?;
    assemble(unit, graph, code_flags, filename)
}

/// Make the code object of a unit whose graph is ready.
pub(crate) fn assemble(
    unit: UnitMetadata,
    mut graph: Cfg,
    code_flags: u32,
    filename: &Name,
) -> Result<CodeObject, AssembleError> {
    let layout = graph.lay_out(&unit, code_flags)?;
    let mut instructions = flatten(&graph)?;
    resolve_jumps(&mut instructions)?;
    let (localsplusnames, localspluskinds) = localsplus(&unit, &layout, code_flags);
    Ok(CodeObject {
        argcount: unit.posonlyargcount + unit.argcount,
        posonlyargcount: unit.posonlyargcount,
        kwonlyargcount: unit.kwonlyargcount,
        stacksize: layout.stack_depth.max(1) as u32,
        flags: code_flags,
        code: emit_code(&instructions),
        consts: unit.consts.into_iter().collect(),
        names: unit.names.into_iter().collect(),
        localsplusnames,
        localspluskinds,
        filename: filename.clone(),
        name: unit.name,
        qualname: unit.qualname,
        firstlineno: unit.firstlineno,
        linetable: emit_line_table(&mut instructions, unit.firstlineno),
        exceptiontable: emit_exception_table(&instructions),
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Handler {
    /// Index of its first instruction.
    index: usize,
    start_depth: i32,
    preserve_lasti: bool,
}

struct FinalInstruction {
    op: Op,
    arg: i32,
    loc: Location,
    /// Index of the instruction that a jump goes to.
    target: usize,
    handler: Option<Handler>,
    /// In code units.
    offset: usize,
}

impl FinalInstruction {
    /// In code units.
    fn size(&self) -> usize {
        1 + extended_args(self.arg) + self.op.caches()
    }
}

fn extended_args(arg: i32) -> usize {
    match arg {
        0..0x100 => 0,
        0x100..0x1_0000 => 1,
        0x1_0000..0x100_0000 => 2,
        _ => 3,
    }
}

fn flatten(graph: &Cfg) -> Result<Vec<FinalInstruction>, AssembleError> {
    let mut start = graph.starts();
    let mut next_index = 0;
    for block in graph.chain() {
        start.set(block, next_index);
        next_index += graph[block].instrs().len();
    }
    let mut instructions = Vec::with_capacity(next_index);
    for block in graph.chain() {
        for instr in graph[block].instrs() {
            let target = match instr.target.filter(|_| instr.op.has_target()) {
                Some(target) => start.get(target),
                None => 0,
            };
            let handler = instr.except.map(|handler| Handler {
                index: start.get(handler),
                start_depth: graph[handler].start_depth,
                preserve_lasti: graph[handler].preserve_lasti,
            });
            // COMPAT: as long as its distance is unknown, a jump is as large as
            // CPython takes it to be: the index of the target, for a distance.
            let arg = if instr.op.has_target() { target as i32 } else { instr.arg };
            if arg < 0 {
                return Err(AssembleError::Internal("negative instruction argument"));
            }
            instructions.push(FinalInstruction {
                op: instr.op,
                arg,
                loc: instr.loc,
                target,
                handler,
                offset: 0,
            });
        }
    }
    Ok(instructions)
}

/// `END_ASYNC_FOR` names the `END_SEND` of its loop, so many code units after
/// the `SEND` it is a jump to.
const END_SEND_OFFSET: i32 = 5;

fn resolve_jumps(instructions: &mut [FinalInstruction]) -> Result<(), AssembleError> {
    for (index, instr) in instructions.iter_mut().enumerate() {
        let forward = instr.target > index;
        instr.op = match instr.op {
            Op::JUMP | Op::JUMP_NO_INTERRUPT if forward => Op::JUMP_FORWARD,
            Op::JUMP => Op::JUMP_BACKWARD,
            Op::JUMP_NO_INTERRUPT => Op::JUMP_BACKWARD_NO_INTERRUPT,
            op if op.is_pseudo() => return Err(AssembleError::Internal("pseudo-instruction left")),
            op => op,
        };
    }
    loop {
        let mut end = 0;
        for instr in instructions.iter_mut() {
            instr.offset = end;
            end += instr.size();
        }
        if i32::try_from(end).is_err() {
            return Err(AssembleError::TooLarge("code object is too large"));
        }
        let mut stable = true;
        for index in 0..instructions.len() {
            let instr = &instructions[index];
            if !instr.op.has_jump() {
                continue;
            }
            let size = instr.size();
            let from = (instr.offset + size) as i32;
            let to = instructions.get(instr.target).map_or(end, |target| target.offset) as i32;
            let distance = match instr.op {
                Op::END_ASYNC_FOR => from - to - END_SEND_OFFSET,
                _ => (to - from).abs(),
            };
            let instr = &mut instructions[index];
            instr.arg = distance;
            stable &= instr.size() == size;
        }
        if stable {
            return Ok(());
        }
    }
}

fn emit_code(instructions: &[FinalInstruction]) -> Vec<u8> {
    let mut code =
        Vec::with_capacity(2 * instructions.iter().map(FinalInstruction::size).sum::<usize>());
    for instr in instructions {
        for extension in (1..=extended_args(instr.arg)).rev() {
            code.extend([Op::EXTENDED_ARG as u8, (instr.arg >> (8 * extension)) as u8]);
        }
        code.extend([instr.op as u8, instr.arg as u8]);
        code.resize(code.len() + 2 * instr.op.caches(), 0);
    }
    code
}

fn emit_line_table(instructions: &mut [FinalInstruction], firstlineno: i32) -> Vec<u8> {
    let mut following = NO_LOCATION;
    for instr in instructions.iter_mut().rev() {
        if instr.loc == NEXT_LOCATION {
            instr.loc = if instr.op.is_terminator() { NO_LOCATION } else { following };
        }
        following = instr.loc;
    }
    let mut table = LineTableWriter::new(firstlineno);
    let mut loc = NO_LOCATION;
    let mut size = 0;
    for instr in instructions.iter() {
        if instr.loc != loc {
            table.add(position(loc), size);
            loc = instr.loc;
            size = 0;
        }
        size += instr.size();
    }
    table.add(position(loc), size);
    table.finish()
}

fn position(loc: Location) -> Position {
    let known = |value: i32| (value >= 0).then_some(value);
    if loc.line < 0 {
        return Position::default();
    }
    Position {
        line: Some(loc.line),
        end_line: known(loc.end_line),
        col: known(loc.col),
        end_col: known(loc.end_col),
    }
}

fn emit_exception_table(instructions: &[FinalInstruction]) -> Vec<u8> {
    let end = instructions.last().map_or(0, |last| last.offset + last.size());
    let mut table = Vec::new();
    let mut active: Option<(Handler, usize)> = None;
    let boundaries =
        instructions.iter().map(|instr| (instr.offset, instr.handler)).chain([(end, None)]);
    for (offset, handler) in boundaries {
        if active.map(|(handler, _)| handler.index) == handler.map(|handler| handler.index) {
            continue;
        }
        if let Some((handler, start)) = active {
            let target = instructions.get(handler.index).map_or(end, |instr| instr.offset);
            let depth = handler.start_depth - 1 - i32::from(handler.preserve_lasti);
            let entry = ExceptionEntry {
                start: start as u32,
                end: offset as u32,
                target: target as u32,
                depth: depth.max(0) as u32,
                lasti: handler.preserve_lasti,
            };
            exceptiontable::encode(&mut table, &entry);
        }
        active = handler.map(|handler| (handler, offset));
    }
    table
}

/// The names and kinds of all variables, by their number.
fn localsplus(unit: &UnitMetadata, layout: &Layout, code_flags: u32) -> (Box<[Name]>, Box<[u8]>) {
    use fast_kind::{
        CO_FAST_ARG_KW, CO_FAST_ARG_POS, CO_FAST_ARG_VAR, CO_FAST_CELL, CO_FAST_FREE,
        CO_FAST_HIDDEN, CO_FAST_LOCAL,
    };
    let has = |flag: u32| u32::from(code_flags & flag != 0);
    let parameter_kinds = [
        (unit.posonlyargcount, CO_FAST_ARG_POS),
        (unit.argcount, CO_FAST_ARG_POS | CO_FAST_ARG_KW),
        (unit.kwonlyargcount, CO_FAST_ARG_KW),
        (has(CO_VARARGS), CO_FAST_ARG_VAR | CO_FAST_ARG_POS),
        (has(CO_VARKEYWORDS), CO_FAST_ARG_VAR | CO_FAST_ARG_KW),
    ];
    let mut parameters =
        parameter_kinds.into_iter().flat_map(|(count, kind)| (0..count).map(move |_| kind));
    let mut names = Vec::with_capacity(layout.nlocalsplus);
    let mut kinds = Vec::with_capacity(layout.nlocalsplus);
    for name in &unit.varnames {
        let mut kind = CO_FAST_LOCAL | parameters.next().unwrap_or(0);
        if unit.fasthidden.contains_key(name) {
            kind |= CO_FAST_HIDDEN;
        }
        if unit.cellvars.contains(name) {
            kind |= CO_FAST_CELL;
        }
        names.push(name.clone());
        kinds.push(kind);
    }
    for name in unit.cellvars.iter().filter(|name| !unit.varnames.contains(*name)) {
        names.push(name.clone());
        kinds.push(CO_FAST_CELL);
    }
    for name in &unit.freevars {
        names.push(name.clone());
        kinds.push(CO_FAST_FREE);
    }
    (names.into(), kinds.into())
}
