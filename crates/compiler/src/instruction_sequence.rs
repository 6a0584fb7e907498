//! What code generation produces: instructions with symbolic jump targets.
//!
//! A sequence is append-only but for [`InstructionSequence::insert`]. A label
//! names the instruction that is added next after [`InstructionSequence::use_label`];
//! several labels may name one instruction. The argument of an opcode that
//! [has a target](Op::has_target) is a label.

use bytecode::{Constant, Name, Op};
pub use indexmap::{IndexMap, IndexSet};

/// A range of source text. Lines count from 1, columns are UTF-8 offsets;
/// -1 stands for "unknown".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    pub line: i32,
    pub end_line: i32,
    pub col: i32,
    pub end_col: i32,
}

/// The instruction belongs to no place in the source.
pub const NO_LOCATION: Location = Location { line: -1, end_line: -1, col: -1, end_col: -1 };

/// The instruction belongs to the line of the one that follows it.
pub const NEXT_LOCATION: Location = Location { line: -2, end_line: -2, col: -2, end_col: -2 };

impl Location {
    /// A line without columns.
    pub const fn line(line: i32) -> Location {
        Location { line, end_line: line, col: -1, end_col: -1 }
    }
}

/// A jump target of one sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Label(pub u32);

/// One instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    pub op: Op,
    /// The argument; the number of a [`Label`] if `op` has a target.
    pub arg: i32,
    pub loc: Location,
}

/// The instructions of one code unit.
#[derive(Clone, Debug, Default)]
pub struct InstructionSequence {
    instructions: Vec<Instruction>,
    /// Index of the instruction a label names; `u32::MAX` before `use_label`.
    labels: Vec<u32>,
    annotations_code: Option<Box<InstructionSequence>>,
}

const UNUSED: u32 = u32::MAX;

impl InstructionSequence {
    pub fn new() -> InstructionSequence {
        InstructionSequence::default()
    }

    /// A sequence whose targets are indices of instructions.
    pub fn from_resolved(instructions: Vec<Instruction>) -> InstructionSequence {
        let labels = (0..instructions.len() as u32).collect();
        InstructionSequence { instructions, labels, annotations_code: None }
    }

    /// The instructions, with the indices of others for targets.
    pub fn resolved(&self) -> Vec<Instruction> {
        let mut instructions = self.instructions.clone();
        for instr in instructions.iter_mut().filter(|instr| instr.op.has_target()) {
            if let Some(target) = self.target(Label(instr.arg as u32)) {
                instr.arg = target as i32;
            }
        }
        instructions
    }

    /// Append an instruction without a target.
    pub fn add(&mut self, op: Op, arg: i32, loc: Location) {
        debug_assert!(!op.has_target(), "{op:?} needs a label");
        self.instructions.push(Instruction { op, arg, loc });
    }

    /// Append a jump, or the start of an exception handler's range.
    pub fn add_jump(&mut self, op: Op, target: Label, loc: Location) {
        debug_assert!(op.has_target(), "{op:?} takes no label");
        self.instructions.push(Instruction { op, arg: target.0 as i32, loc });
    }

    pub fn new_label(&mut self) -> Label {
        self.labels.push(UNUSED);
        Label(self.labels.len() as u32 - 1)
    }

    /// Let `label` name the instruction that comes next.
    pub fn use_label(&mut self, label: Label) {
        self.labels[label.0 as usize] = self.instructions.len() as u32;
    }

    /// Insert before the instruction at `position`; labels of that one and all
    /// after it move along. `arg` is a label's number if `op` has a target.
    pub fn insert(&mut self, position: usize, op: Op, arg: i32, loc: Location) {
        self.instructions.insert(position, Instruction { op, arg, loc });
        for label in &mut self.labels {
            if *label != UNUSED && *label as usize >= position {
                *label += 1;
            }
        }
    }

    /// Code that takes the place of `ANNOTATIONS_PLACEHOLDER`. It has no jumps.
    pub fn set_annotations_code(&mut self, code: InstructionSequence) {
        self.annotations_code = Some(Box::new(code));
    }

    pub fn annotations_code(&self) -> Option<&InstructionSequence> {
        self.annotations_code.as_deref()
    }

    pub fn instructions(&self) -> &[Instruction] {
        &self.instructions
    }

    /// The index of the instruction that a label names.
    pub fn target(&self, label: Label) -> Option<usize> {
        self.labels
            .get(label.0 as usize)
            .filter(|index| **index != UNUSED)
            .map(|index| *index as usize)
    }

    pub fn len(&self) -> usize {
        self.instructions.len()
    }

    pub fn is_empty(&self) -> bool {
        self.instructions.is_empty()
    }
}

/// What a code unit needs beside its instructions. Positions in the ordered
/// sets are the instructions' arguments; those of `freevars` count from
/// `cellvars.len()`.
#[derive(Clone, Debug, Default)]
pub struct UnitMetadata {
    pub name: Name,
    pub qualname: Name,
    pub consts: IndexSet<Constant>,
    pub names: IndexSet<Name>,
    /// Parameters first, in the order of `co_varnames`.
    pub varnames: IndexSet<Name>,
    pub cellvars: IndexSet<Name>,
    pub freevars: IndexSet<Name>,
    /// Names that are fast locals only while an inlined comprehension runs;
    /// true while code for it is generated.
    pub fasthidden: IndexMap<Name, bool>,
    /// Positional parameters that have a name for callers, so without the
    /// positional-only ones; `co_argcount` is the sum of both.
    pub argcount: u32,
    pub posonlyargcount: u32,
    pub kwonlyargcount: u32,
    pub firstlineno: i32,
}

impl UnitMetadata {
    /// The argument for `LOAD_CONST`: an equal constant is not added again.
    pub fn add_const(&mut self, constant: Constant) -> i32 {
        self.consts.insert_full(constant).0 as i32
    }

    /// The index of a name in `co_names`.
    pub fn add_name(&mut self, name: &Name) -> i32 {
        match self.names.get_index_of(name) {
            Some(index) => index as i32,
            None => self.names.insert_full(name.clone()).0 as i32,
        }
    }

    /// The number of a local variable.
    pub fn add_varname(&mut self, name: &Name) -> i32 {
        match self.varnames.get_index_of(name) {
            Some(index) => index as i32,
            None => self.varnames.insert_full(name.clone()).0 as i32,
        }
    }
}
