//! Source to code: syntax tree, symbol table, control-flow graph, code object.

pub mod assemble;
mod flowgraph;
pub mod instruction_sequence;
