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
    let op = if bridge::is_range_iterator(iterator) {
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

pub(crate) unsafe fn send(cache: *mut u16, receiver: Word) -> bool {
    let fits = is_exact::<Generator>(receiver) || is_exact::<Coroutine>(receiver);
    choose(cache, fits.then_some(Op::SEND_GEN))
}
