//! Source to code: syntax tree, symbol table, control-flow graph, code object.
