//! The stages of the compiler, with instruction sequences as Python objects.

use std::cell::RefCell;

use bytecode::{Constant, Name, Op};
use compiler::{
    Mode, Options,
    assemble::AssembleError,
    instruction_sequence::{IndexSet, Instruction, Location, UnitMetadata},
    stages::{self, Generated},
};
use macros::{pymethods, pytype};
use object::{
    AsObject, Code, Dict, Head, Int, List, Obj, Protocol, Raised, Ref, Result, Str, Thread,
    Traverse, Tuple, alloc_object, error, protocol, raise, types,
};

use crate::{_ast, compile};

/// Instructions, whose targets are labels until somebody looks at them.
#[derive(Default)]
struct Sequence {
    instructions: Vec<Instruction>,
    /// The index of the instruction that each label names.
    labels: Vec<u32>,
    next_label: u32,
    nested: Vec<Ref>,
}

impl Sequence {
    /// Let targets be indices of instructions instead of labels.
    fn resolve(&mut self) {
        let labels = std::mem::take(&mut self.labels);
        if labels.is_empty() {
            return;
        }
        for instr in self.instructions.iter_mut().filter(|instr| instr.op.has_target()) {
            if let Some(target) = labels.get(instr.arg as usize) {
                instr.arg = *target as i32;
            }
        }
    }
}

/// The compiler's instructions, for tests.
#[pytype(name = "InstructionSequence", traverse = manual)]
pub(super) struct InstructionSequence {
    head: Head,
    sequence: RefCell<Sequence>,
}

impl Traverse for InstructionSequence {
    const GC: bool = true;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        if let Ok(sequence) = self.sequence.try_borrow() {
            sequence.nested.iter().for_each(|nested| visit(nested.obj()));
        }
    }
    fn clear(&self) {
        let nested = self.sequence.try_borrow_mut().map(|mut all| std::mem::take(&mut all.nested));
        drop(nested);
    }
}

/// The largest argument of an instruction, and the largest number of a label.
const MAX_ARG: i32 = (1 << 30) - 1;
const MAX_LABEL: i32 = 1 << 20;

#[pymethods]
impl InstructionSequence {
    /// Append an instruction.
    #[sig = "($self, /, opcode, oparg, lineno, col_offset, end_lineno,\n      end_col_offset)"]
    fn addop(
        &self,
        th: Thread<'_>,
        opcode: i32,
        oparg: i32,
        lineno: i32,
        col_offset: i32,
        end_lineno: i32,
        end_col_offset: i32,
    ) -> Result<()> {
        let op = u16::try_from(opcode).ok().and_then(Op::from_number);
        let Some(op) = op.filter(|_| (0..=MAX_ARG).contains(&oparg)) else {
            raise!(th, ValueError, "invalid opcode or oparg");
        };
        // COMPAT: CPython takes them in the order of its struct.
        let loc = Location {
            line: lineno,
            end_line: col_offset,
            col: end_lineno,
            end_col: end_col_offset,
        };
        self.sequence.borrow_mut().instructions.push(Instruction { op, arg: oparg, loc });
        Ok(())
    }

    /// Return a new label.
    #[sig = "($self, /)"]
    fn new_label(&self, _: Thread<'_>) -> u32 {
        let mut sequence = self.sequence.borrow_mut();
        sequence.next_label += 1;
        sequence.next_label
    }

    /// Place label at current location.
    #[sig = "($self, /, label)"]
    fn use_label(&self, th: Thread<'_>, label: i32) -> Result<()> {
        if !(0..MAX_LABEL).contains(&label) {
            raise!(th, ValueError, "invalid label");
        }
        let mut sequence = self.sequence.borrow_mut();
        let here = sequence.instructions.len() as u32;
        let wanted = sequence.labels.len().max(label as usize + 1);
        sequence.labels.resize(wanted, here);
        sequence.labels[label as usize] = here;
        Ok(())
    }

    /// Add a nested sequence.
    #[sig = "($self, /, nested)"]
    fn add_nested(&self, th: Thread<'_>, nested: Obj<'_>) -> Result<()> {
        argument(th, nested)?;
        self.sequence.borrow_mut().nested.push(nested.own());
        Ok(())
    }

    /// Return the nested sequences.
    #[sig = "($self, /)"]
    fn get_nested(&self, th: Thread<'_>) -> Result<Ref<List>> {
        let nested = self.sequence.borrow().nested.clone();
        List::from_refs(th, nested)
    }

    /// Return the instructions as a list of tuples or labels.
    #[sig = "($self, /)"]
    fn get_instructions(&self, th: Thread<'_>) -> Result<Ref<List>> {
        let mut tuples = Vec::new();
        for Instruction { op, arg, loc } in self.resolved() {
            let number = |number: i32| Int::from_i64(th, i64::from(number));
            let arg =
                if op.has_arg() || op.has_target() { number(arg)? } else { types::none().own() };
            let Location { line, end_line, col, end_col } = loc;
            let place = [number(line)?, number(end_line)?, number(col)?, number(end_col)?];
            let mut items = vec![number(i32::from(op.number()))?, arg];
            items.extend(place);
            tuples.push(Tuple::from_refs(th, items)?.upcast());
        }
        List::from_refs(th, tuples)
    }
}

impl InstructionSequence {
    fn resolved(&self) -> Vec<Instruction> {
        let mut sequence = self.sequence.borrow_mut();
        sequence.resolve();
        sequence.instructions.clone()
    }
}

fn make(th: Thread<'_>, sequence: Sequence) -> Result<Ref> {
    let cls = <InstructionSequence as object::PyStruct>::type_object();
    let sequence = InstructionSequence { head: Head::new(), sequence: RefCell::new(sequence) };
    alloc_object::alloc(th, cls, sequence).map(Ref::upcast)
}

/// Make the type of sequences ready.
pub(super) fn ready(th: Thread<'_>) -> Result<()> {
    types::type_::ready(th, <InstructionSequence as object::declare::Declared>::DECL).map(drop)
}

/// `new_instruction_sequence()`.
pub(super) fn new_sequence(th: Thread<'_>) -> Result<Ref> {
    make(th, Sequence::default())
}

fn argument<'a>(th: Thread<'_>, object: Obj<'a>) -> Result<&'a InstructionSequence> {
    match object.downcast::<InstructionSequence>() {
        Some(sequence) => Ok(sequence),
        None => raise!(th, ValueError, "expected an instruction sequence"),
    }
}

fn raise_error(th: Thread<'_>, error: &AssembleError) -> Raised {
    match error {
        AssembleError::Internal(message) => error!(th, SystemError, "{message}"),
        AssembleError::TooLarge(message) => error!(th, OverflowError, "{message}"),
    }
}

/// `compiler_codegen()`: the instructions, and a dict of what goes with them.
pub(super) fn codegen(
    th: Thread<'_>,
    ast: Obj<'_>,
    filename: Obj<'_>,
    optimize: i32,
    compile_mode: i32,
) -> Result<Ref<Tuple>> {
    let mode = match compile_mode {
        0 | 257 => Mode::Exec,
        256 => Mode::Single,
        258 => Mode::Eval,
        _ => raise!(th, ValueError, "invalid compile mode"),
    };
    let filename = compile::fs_text(th, filename)?;
    let module = _ast::to_tree(th, ast, mode)?;
    let options = Options { mode, optimize, ..Options::default() };
    let generated = match stages::generate(module, &compile::lossy(&filename), &options) {
        Ok(compiled) => {
            compile::issue_warnings(th, &compiled.warnings, filename.obj())?;
            compiled.value
        }
        Err(error) => return Err(compile::raise_compile_error(th, &error, filename.obj())),
    };
    let metadata = Dict::new(th)?;
    let unit = &generated.unit;
    for (name, count) in [
        ("argcount", unit.argcount),
        ("posonlyargcount", unit.posonlyargcount),
        ("kwonlyargcount", unit.kwonlyargcount),
    ] {
        metadata.set_str(th, name, Int::from_u64(th, u64::from(count))?.obj())?;
    }
    metadata.set_str(th, "consts", constants(th, &unit.consts, &filename)?.obj())?;
    let sequence = to_object(th, generated)?;
    Tuple::from_array(th, [sequence, metadata.upcast()])
}

fn to_object(th: Thread<'_>, generated: Generated) -> Result<Ref> {
    let mut nested = Vec::new();
    for inner in generated.nested {
        nested.push(to_object(th, inner)?);
    }
    make(th, Sequence { instructions: generated.instructions, nested, ..Sequence::default() })
}

fn constants(th: Thread<'_>, consts: &IndexSet<Constant>, filename: &Str) -> Result<Ref<List>> {
    let objects = consts.iter().map(|one| match one {
        Constant::Code(code) => compile::code_object(th, code, filename).map(Ref::upcast),
        other => compile::constant(th, other),
    });
    List::from_refs(th, objects.collect::<Result<Vec<_>>>()?)
}

/// `optimize_cfg()`: a new sequence; the list of constants is changed.
pub(super) fn optimize(
    th: Thread<'_>,
    instructions: Obj<'_>,
    consts: Obj<'_>,
    nlocals: usize,
) -> Result<Ref> {
    let mut instructions = argument(th, instructions)?.resolved();
    let Some(list) = consts.downcast::<List>() else {
        raise!(th, TypeError, "consts must be a list");
    };
    // Equal constants are one to the compiler.
    let (mut known, mut places) = (IndexSet::new(), Vec::new());
    for object in list.to_vec() {
        match compile::from_constant(th, object.obj())? {
            Some(constant) => places.push(known.insert_full(constant).0),
            None => raise!(th, TypeError, "got an invalid type in constants"),
        }
    }
    for instr in instructions.iter_mut().filter(|instr| instr.op.has_const()) {
        let Some(place) = places.get(instr.arg as usize) else {
            raise!(
                th,
                ValueError,
                "LOAD_CONST index {} is out of range for consts (len={})",
                instr.arg,
                places.len()
            );
        };
        instr.arg = *place as i32;
    }
    // The optimiser keeps track of 64 variables whether there are as many or not.
    let most = nlocals.max(64) as i32;
    if instructions.iter().any(|instr| instr.op.has_local() && instr.arg >= most) {
        raise!(th, ValueError, "a local variable is out of range");
    }
    let optimized = stages::optimize(instructions, &mut known, nlocals);
    let instructions = optimized.map_err(|error| raise_error(th, &error))?;
    let left = constants(th, &known, &*Str::new(th, "<constants>")?)?.to_vec();
    list.replace_range(th, 0, list.len(), left)?;
    make(th, Sequence { instructions, ..Sequence::default() })
}

/// The keys of a dict of the metadata, in their order.
fn names(th: Thread<'_>, metadata: &Dict, key: &str) -> Result<IndexSet<Name>> {
    let mut names = IndexSet::new();
    for name in protocol::iter::collect(th, entry(th, metadata, key)?.obj())? {
        names.insert(Name::from(text(th, &name, key)?));
    }
    Ok(names)
}

fn entry(th: Thread<'_>, metadata: &Dict, key: &str) -> Result<Ref> {
    match metadata.get_str(th, key)? {
        Some(value) => Ok(value),
        None => raise!(th, KeyError, "{key}"),
    }
}

fn text(th: Thread<'_>, object: &Ref, key: &str) -> Result<String> {
    match object.obj().downcast::<Str>() {
        Some(text) => Ok(text.to_utf8(th)?.to_owned()),
        None => raise!(th, TypeError, "{key} must be str, not {}", object.obj().type_name()),
    }
}

fn count(th: Thread<'_>, metadata: &Dict, key: &str) -> Result<i32> {
    let value = entry(th, metadata, key)?;
    match Int::to_i64(value.obj()).and_then(|count| i32::try_from(count).ok()) {
        Some(count) if count >= 0 => Ok(count),
        _ => raise!(th, ValueError, "{key} is out of range"),
    }
}

/// `assemble_code_object()`.
pub(super) fn assemble(
    th: Thread<'_>,
    filename: &Str,
    instructions: Obj<'_>,
    metadata: &Dict,
) -> Result<Ref<Code>> {
    let instructions = argument(th, instructions)?.resolved();
    let unit = UnitMetadata {
        name: Name::from(text(th, &entry(th, metadata, "name")?, "name")?),
        qualname: Name::from(text(th, &entry(th, metadata, "qualname")?, "qualname")?),
        names: names(th, metadata, "names")?,
        varnames: names(th, metadata, "varnames")?,
        cellvars: names(th, metadata, "cellvars")?,
        freevars: names(th, metadata, "freevars")?,
        fasthidden: names(th, metadata, "fasthidden")?.into_iter().map(|n| (n, true)).collect(),
        argcount: count(th, metadata, "argcount")? as u32,
        posonlyargcount: count(th, metadata, "posonlyargcount")? as u32,
        kwonlyargcount: count(th, metadata, "kwonlyargcount")? as u32,
        firstlineno: count(th, metadata, "firstlineno")?,
        ..UnitMetadata::default()
    };
    let parameters = unit.argcount + unit.posonlyargcount + unit.kwonlyargcount;
    if parameters as usize > unit.varnames.len() {
        raise!(th, ValueError, "code: varnames is too small");
    }
    let nlocals = unit.varnames.len() + unit.cellvars.len() + unit.freevars.len();
    // Constants may be any objects: the assembler does not look at them.
    let consts = protocol::iter::collect(th, entry(th, metadata, "consts")?.obj())?;
    for instr in &instructions {
        let limit = match instr.op {
            op if op.has_const() => consts.len(),
            op if op.has_local() || op.has_free() => nlocals,
            _ => continue,
        };
        if instr.arg as usize >= limit {
            raise!(th, ValueError, "{:?} {} is out of range", instr.op, instr.arg);
        }
    }
    let name = Name::from(compile::lossy(filename));
    let assembled = stages::assemble(unit, instructions, &name);
    let assembled = assembled.map_err(|error| raise_error(th, &error))?;
    let code = compile::code_object(th, &assembled, filename)?;
    let changes = Dict::new(th)?;
    changes.set_str(th, "co_consts", Tuple::from_refs(th, consts)?.obj())?;
    let replace = code.getattr(th, &*Str::intern(th, "replace")?)?;
    match protocol::call::call_dict(th, replace.obj(), &[], Some(&changes))?.downcast::<Code>() {
        Ok(code) => Ok(code),
        Err(other) => raise!(th, SystemError, "replaced code by {}", other.obj().type_name()),
    }
}
