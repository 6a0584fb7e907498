//! What each opcode does: one function per opcode, by family.
//!
//! A handler gets the registers, the thread and the argument. `Flow::Error`
//! means that an exception is set and `ip` saved; what is still on the stack
//! then is released by the unwinder, so operands stay there until the
//! operation has succeeded.
#![allow(non_snake_case, reason = "handlers are named as their opcodes")]

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

pub(crate) use {adapt, check, ops};
