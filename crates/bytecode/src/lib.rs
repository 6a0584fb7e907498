//! Code as data: the instruction set, code-object tables, marshal, disassembly.
