//! Opcodes that the private instruction array never holds: monitoring is done
//! by the traced instance of the loop, pseudo-ops are the compiler's.
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
    INSTRUMENTED_END_FOR INSTRUMENTED_POP_ITER INSTRUMENTED_END_SEND INSTRUMENTED_FOR_ITER
    INSTRUMENTED_INSTRUCTION INSTRUMENTED_JUMP_FORWARD INSTRUMENTED_NOT_TAKEN
    INSTRUMENTED_POP_JUMP_IF_TRUE INSTRUMENTED_POP_JUMP_IF_FALSE INSTRUMENTED_POP_JUMP_IF_NONE
    INSTRUMENTED_POP_JUMP_IF_NOT_NONE INSTRUMENTED_RESUME INSTRUMENTED_RETURN_VALUE
    INSTRUMENTED_YIELD_VALUE INSTRUMENTED_END_ASYNC_FOR INSTRUMENTED_LOAD_SUPER_ATTR
    INSTRUMENTED_CALL INSTRUMENTED_CALL_KW INSTRUMENTED_CALL_FUNCTION_EX
    INSTRUMENTED_JUMP_BACKWARD INSTRUMENTED_LINE ENTER_EXECUTOR
    ANNOTATIONS_PLACEHOLDER JUMP JUMP_IF_FALSE JUMP_IF_TRUE JUMP_NO_INTERRUPT POP_BLOCK
    SETUP_CLEANUP SETUP_FINALLY SETUP_WITH
}
