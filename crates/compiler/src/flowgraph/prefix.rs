//! What a frame needs before its first line: cells, free variables, the
//! generator object; and the final numbers of variables.
//!
//! Code generation numbers cell and free variables on their own. In the frame
//! they come behind the local variables, except that a parameter in a cell
//! keeps its place.

use bytecode::Op;
use bytecode::code_flags::{CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR};

use super::{Cfg, ENTRY, Instr};
use crate::instruction_sequence::{Location, NO_LOCATION, UnitMetadata};

impl Cfg {
    /// Returns the number of local, cell and free variables.
    pub(super) fn prepare_localsplus(&mut self, unit: &UnitMetadata, code_flags: u32) -> usize {
        let nlocals = unit.varnames.len();
        let in_local = |name| unit.varnames.get_index_of(name);
        let mut numbers = Vec::with_capacity(unit.cellvars.len() + unit.freevars.len());
        let mut number = nlocals;
        for place in unit.cellvars.iter().map(in_local).chain(unit.freevars.iter().map(|_| None)) {
            numbers.push(place.unwrap_or(number) as i32);
            number += usize::from(place.is_none());
        }
        self.insert_prefix(unit, code_flags, &numbers[..unit.cellvars.len()]);
        for block in self.order() {
            for instr in self[block].instrs_mut() {
                if matches!(
                    instr.op,
                    Op::MAKE_CELL
                        | Op::LOAD_CLOSURE
                        | Op::LOAD_DEREF
                        | Op::STORE_DEREF
                        | Op::DELETE_DEREF
                        | Op::LOAD_FROM_DICT_OR_DEREF
                ) {
                    instr.arg = numbers.get(instr.arg as usize).copied().unwrap_or(instr.arg);
                }
            }
        }
        number
    }

    fn insert_prefix(&mut self, unit: &UnitMetadata, code_flags: u32, cell_numbers: &[i32]) {
        let mut prefix = Vec::new();
        if !unit.freevars.is_empty() {
            prefix.push(Instr::new(Op::COPY_FREE_VARS, unit.freevars.len() as i32, NO_LOCATION));
        }
        let mut cells: Vec<usize> = (0..cell_numbers.len()).collect();
        cells.sort_by_key(|cell| cell_numbers[*cell]);
        prefix
            .extend(cells.iter().map(|cell| Instr::new(Op::MAKE_CELL, *cell as i32, NO_LOCATION)));
        if code_flags & (CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR) != 0 {
            let loc = Location::line(unit.firstlineno);
            prefix.push(Instr::new(Op::RETURN_GENERATOR, 0, loc));
            prefix.push(Instr::new(Op::POP_TOP, 0, loc));
        }
        for (position, instr) in prefix.into_iter().enumerate() {
            self[ENTRY].insert(position, instr);
        }
    }
}
