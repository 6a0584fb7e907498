//! What each opcode does: one function per opcode, by family.
//!
//! A handler gets the registers, the thread and the argument. `Flow::Error`
//! means that an exception is set and `ip` saved; what is still on the stack
//! then is released by the unwinder, so operands stay there until the
//! operation has succeeded.
#![allow(non_snake_case, reason = "handlers are named as their opcodes")]
#![allow(unsafe_op_in_unsafe_fn, reason = "works on the running frame, see interp")]

mod arith;
mod asyncs;
mod attrs;
mod build;
mod calls;
mod control;
mod exceptions;
mod functions;
mod imports;
mod instrumented;
mod iter;
mod locals;
mod matching;
mod names;
mod reserved;
mod stack;
mod text;

use bytecode::Op;
use object::Thread;

use crate::interp::{Flow, Regs};

pub(crate) use {
    arith::*, asyncs::*, attrs::*, build::*, calls::*, control::*, exceptions::*, functions::*,
    imports::*, instrumented::*, iter::*, locals::*, matching::*, names::*, reserved::*, stack::*,
    text::*,
};

/// Define handlers.
macro_rules! ops {
    ($($(#[$meta:meta])* fn $name:ident($r:ident, $th:ident, $oparg:ident) $body:block)*) => { $(
        $(#[$meta])*
        #[inline(always)]
        #[allow(unused_variables, reason = "all handlers have the same parameters")]
        pub(crate) unsafe fn $name(
            $r: &mut $crate::interp::Regs,
            $th: object::Thread<'_>,
            $oparg: usize,
        ) -> $crate::interp::Flow $body
    )* };
}

/// The value of a `Result`, or end the handler with an error.
macro_rules! check {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(_) => return $crate::interp::Flow::Error,
        }
    };
}

/// As `check!`, of native code that ran after `Regs::save`. PERF: the registers
/// come back from the frame in either case.
macro_rules! check_anew {
    ($r:ident, $th:ident, $result:expr) => {
        match $result {
            Ok(value) => value,
            Err(_) => {
                $r.take_up($th);
                return $crate::interp::Flow::Error;
            }
        }
    };
}

/// Count down the adaptive counter at `ip`; on zero, run the specialiser and
/// execute the instruction again if it was rewritten.
macro_rules! adapt {
    ($r:ident, $specialize:expr) => {
        let counter = *$r.ip;
        if counter >> 4 == 0 {
            $r.save();
            if $specialize {
                return $crate::interp::Flow::Redo;
            }
        } else {
            *$r.ip = counter - 16;
        }
    };
}

pub(crate) use {adapt, check, check_anew, ops};

/// The rarer half of the handler of `op`, which answered `Flow::Slow`.
/// PERF: a handler without calls needs no stack of its own. All is inlined, as
/// whoever gets the address of the registers keeps calls from becoming jumps.
#[inline(always)]
pub(crate) unsafe fn slow(op: u16, r: &mut Regs, th: Thread<'_>, oparg: usize) -> Flow {
    const fn is(op: u16, other: Op) -> bool {
        op == other as u16
    }
    match op {
        op if is(op, Op::LOAD_SMALL_INT) => stack::load_allocated_int(r, th, oparg),
        op if is(op, Op::BINARY_OP_EXTEND) => arith::binary_extended(r, th),
        op if is(op, Op::BINARY_OP_SUBSCR_DICT) => arith::subscript_dict(r, th),
        op if is(op, Op::CONTAINS_OP_DICT) => arith::contains_dict(r, th, oparg),
        op if is(op, Op::STORE_SUBSCR_DICT) => arith::store_in_dict(r, th),
        op if is(op, Op::BINARY_OP_SUBSCR_STR_INT) => arith::subscript_text(r, th),
        op if is(op, Op::COMPARE_OP_INT) => arith::compare_ints(r, oparg),
        op if is(op, Op::TO_BOOL_INT) => arith::truth_of_int(r),
        op if is(op, Op::CALL_ALLOC_AND_ENTER_INIT) => calls::call_init(r, th, oparg),
        op if is(op, Op::CALL_LEN) => calls::call_len(r, th),
        op if is(op, Op::CALL_ISINSTANCE) => calls::call_isinstance(r, th),
        op if is(op, Op::CALL_LIST_APPEND) => calls::call_list_append(r, th),
        op if is(op, Op::FOR_ITER_PAIR) => iter::for_pair(r, th, oparg),
        op if is(op, Op::LIST_APPEND) => build::list_append(r, th, oparg),
        op if is(op, Op::STORE_ATTR_INSTANCE_VALUE) => attrs::store_new(r, oparg),
        op if is(op, Op::LOAD_ATTR_INSTANCE_VALUE) => attrs::load_other_shape(r, oparg),
        op if is(op, Op::LOAD_ATTR_METHOD_WITH_VALUES) => attrs::load_method_other_shape(r, oparg),
        op if is(op, Op::LOAD_ATTR_METHOD_LAZY_DICT) => {
            attrs::load_class_method_other_shape(r, oparg)
        }
        op if is(op, Op::LOAD_ATTR_NONDESCRIPTOR_WITH_VALUES) => {
            attrs::load_class_value_other_shape(r, oparg)
        }
        _ => Flow::Miss,
    }
}
