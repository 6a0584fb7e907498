//! Opcodes that the private instruction array never holds: there is no
//! compiler to machine code, and pseudo-ops are the other compiler's.
#![allow(unsafe_op_in_unsafe_fn, reason = "works on the running frame, see interp")]

use object::error;

use super::ops;
use crate::interp::Flow;

macro_rules! never_executed {
    ($($name:ident)*) => {
        ops! {
            $(
                fn $name(r, th, oparg) {
                    r.save();
                    error!(th, SystemError, "unexpected opcode {}", stringify!($name));
                    Flow::Error
                }
            )*
        }
    };
}

never_executed! {
    RESERVED
    ENTER_EXECUTOR
    ANNOTATIONS_PLACEHOLDER JUMP JUMP_IF_FALSE JUMP_IF_TRUE JUMP_NO_INTERRUPT POP_BLOCK
    SETUP_CLEANUP SETUP_FINALLY SETUP_WITH
}
