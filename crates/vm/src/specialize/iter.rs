//! `FOR_ITER` and `SEND`.
#![allow(unsafe_op_in_unsafe_fn, reason = "reads and writes the inline cache of an instruction")]

use bytecode::Op;

use super::choose;
use crate::{
    bridge,
    frame::is_exact,
    generator::{Coroutine, Generator},
    word::Word,
};

pub(crate) unsafe fn for_iter(cache: *mut u16, iterator: Word) -> bool {
    let op = if unpacks_pair(cache) && bridge::yields_pairs(iterator) {
        Some(Op::FOR_ITER_PAIR)
    } else if bridge::is_range_iterator(iterator) {
        Some(Op::FOR_ITER_RANGE)
    } else if bridge::is_list_iterator(iterator) {
        Some(Op::FOR_ITER_LIST)
    } else if bridge::is_tuple_iterator(iterator) {
        Some(Op::FOR_ITER_TUPLE)
    } else if is_exact::<Generator>(iterator) {
        Some(Op::FOR_ITER_GEN)
    } else {
        None
    };
    choose(cache, op)
}

/// Whether the instruction behind a `FOR_ITER` with that cache unpacks two values.
#[inline(always)]
pub(crate) unsafe fn unpacks_pair(cache: *const u16) -> bool {
    const GENERIC: u16 = 2 << 8 | Op::UNPACK_SEQUENCE as u16;
    const TUPLE: u16 = 2 << 8 | Op::UNPACK_SEQUENCE_TWO_TUPLE as u16;
    let unit = *cache.add(1);
    unit == GENERIC || unit == TUPLE
}

pub(crate) unsafe fn send(cache: *mut u16, receiver: Word) -> bool {
    let fits = is_exact::<Generator>(receiver) || is_exact::<Coroutine>(receiver);
    choose(cache, fits.then_some(Op::SEND_GEN))
}
