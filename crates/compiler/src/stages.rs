//! The stages of the compiler one by one, for tests of each.
//!
//! Between the stages, the argument of an instruction that has a target is the
//! index of the instruction that it goes to.

use bytecode::{CodeObject, Constant, Name, code_flags};
use indexmap::IndexSet;

use crate::{
    Compiled, Options, Result,
    assemble::{self, AssembleError},
    ast::Mod,
    codegen,
    flowgraph::Cfg,
    front,
    instruction_sequence::{Instruction, InstructionSequence, UnitMetadata},
    named, on_large_stack, with_warnings,
};

/// A code unit before it is optimised, and those inside it.
#[derive(Debug)]
pub struct Generated {
    /// Its instructions.
    pub instructions: Vec<Instruction>,
    /// Its variables and constants.
    pub unit: UnitMetadata,
    /// The units that it makes functions and classes of.
    pub nested: Vec<Generated>,
}

/// Generate the code of a syntax tree without optimising it.
pub fn generate(module: Mod, filename: &str, options: &Options) -> Result<Compiled<Generated>> {
    on_large_stack(|| {
        let mut module = module;
        with_warnings(Vec::new(), |warnings| {
            let (table, features) = front(&mut module, options, warnings)?;
            codegen::generate_module(&module, table, features, options.optimize, filename, warnings)
        })
    })
    .map_err(|error| named(error, filename))
}

/// Optimise the instructions of a unit. `consts` grow by folded values and
/// lose what is not used.
pub fn optimize(
    instructions: Vec<Instruction>,
    consts: &mut IndexSet<Constant>,
    nlocals: usize,
) -> std::result::Result<Vec<Instruction>, AssembleError> {
    let mut graph = Cfg::from_sequence(&InstructionSequence::from_resolved(instructions))?;
    graph.optimize(consts, nlocals, 0)?;
    graph.borrow_locals();
    Ok(graph.into_instructions())
}

/// Make the code object of a function of instructions as they are.
pub fn assemble(
    unit: UnitMetadata,
    instructions: Vec<Instruction>,
    filename: &Name,
) -> std::result::Result<CodeObject, AssembleError> {
    let mut graph = Cfg::from_sequence(&InstructionSequence::from_resolved(instructions))?;
    graph.find_handlers()?;
    assemble::assemble(unit, graph, code_flags::CO_OPTIMIZED | code_flags::CO_NEWLOCALS, filename)
}
