//! `UNPACK_SEQUENCE`.
#![allow(unsafe_op_in_unsafe_fn, reason = "reads and writes the inline cache of an instruction")]

use bytecode::Op;
use object::{List, Tuple};

use super::choose;
use crate::{frame::is_exact, word::Word};

pub(crate) unsafe fn unpack(cache: *mut u16, oparg: usize, sequence: Word) -> bool {
    let op = if is_exact::<Tuple>(sequence) {
        match sequence.obj().cast::<Tuple>().len() {
            n if n != oparg => None,
            2 => Some(Op::UNPACK_SEQUENCE_TWO_TUPLE),
            _ => Some(Op::UNPACK_SEQUENCE_TUPLE),
        }
    } else if is_exact::<List>(sequence) && sequence.obj().cast::<List>().len() == oparg {
        Some(Op::UNPACK_SEQUENCE_LIST)
    } else {
        None
    };
    choose(cache, op)
}
