//! The interpreter of unoptimised builds: a loop around a `match`.
//!
//! It runs the same handlers as `tail_calls`, in one function.
#![allow(unsafe_op_in_unsafe_fn, reason = "works on the running frame, see interp")]

use std::hint::cold_path;

use abi::PyObject;
use bytecode::Op;
use object::Thread;

use crate::{
    frame::Frame,
    interp::{Flow, Regs, resume, unknown_opcode},
    monitoring, ops, pending,
    unwind::{self, Unwound},
    word::Word,
};

macro_rules! base_number {
    ($own:ident) => {
        Op::$own as u16 as u8
    };
    ($own:ident $base:ident) => {
        Op::$base as u8
    };
}

const EXTENDED_ARG: u8 = Op::EXTENDED_ARG as u8;

/// A handler with what it leaves to be done out of line.
macro_rules! handle {
    ($name:ident, $r:expr, $th:expr, $oparg:expr) => {
        match ops::$name($r, $th, $oparg) {
            Flow::Slow => ops::slow(Op::$name as u16, $r, $th, $oparg),
            flow => flow,
        }
    };
}

macro_rules! interpreter {
    ($oparg_name:ident => $(
        #[doc = $doc:literal]
        $name:ident = $number:literal [$caches:literal]
            ($($input:ident $([$input_size:expr])?),* -- $($output:ident $([$output_size:expr])?),*)
            [$($flag:ident)*] $(of $base:ident)?;
    )*) => {
        /// Opcodes as bytes. Pseudo-opcodes, which are never executed, have no
        /// arm of their own.
        #[allow(clippy::missing_docs_in_private_items, reason = "see the opcode table")]
        mod numbers {
            $( pub(super) const $name: u8 = if $number < 256 { $number as u8 } else { super::EXTENDED_ARG }; )*
        }

        /// Execute `entry` until it returns (a new reference) or raises (null).
        ///
        /// # Safety
        ///
        /// `entry` is a complete frame, linked as the current one, whose
        /// `entry` flag is set.
        #[allow(unreachable_patterns, reason = "of pseudo-opcodes")]
        pub(crate) unsafe fn execute(th: Thread<'_>, entry: *mut Frame) -> *mut PyObject {
            let mut r = Regs::load(entry, th.state());
            loop {
                let reraise = 'next: loop {
                    let unit = *r.ip;
                    r.ip = r.ip.add(1);
                    r.at = r.ip;
                    let mut oparg = (unit >> 8) as usize;
                    let mut op = unit as u8;
                    loop {
                        // The opcode to execute instead of this one.
                        op = 'again: {
                            match op {
                                EXTENDED_ARG => {
                                    let unit = *r.ip;
                                    r.ip = r.ip.add(1);
                                    r.at = r.ip;
                                    oparg = oparg << 8 | (unit >> 8) as usize;
                                    break 'again unit as u8;
                                }
                                $(
                                    numbers::$name => match handle!($name, &mut r, th, oparg) {
                                        Flow::Next | Flow::Called => continue 'next,
                                        Flow::Drop => {
                                            cold_path();
                                            drop_dead(&mut r);
                                            continue 'next;
                                        }
                                        Flow::DropLoad => {
                                            cold_path();
                                            drop_dead(&mut r);
                                            r.second_load();
                                            continue 'next;
                                        }
                                        Flow::DropStore => {
                                            cold_path();
                                            drop_dead(&mut r);
                                            r.second_store();
                                            continue 'next;
                                        }
                                        Flow::Release => {
                                            cold_path();
                                            let value = r.dead[0];
                                            r.release_rest(th, value);
                                            if ops::pending(&r) {
                                                r.save();
                                                if pending::handle(th).is_err() {
                                                    break 'next false;
                                                }
                                            }
                                            continue 'next;
                                        }
                                        Flow::Return => {
                                            let value = r.dead[0];
                                            match ops::return_slowly(&mut r, th, value) {
                                                Flow::Exit => return Word(r.sp.addr()).ptr(),
                                                Flow::Error => break 'next false,
                                                _ => continue 'next,
                                            }
                                        }
                                        Flow::Error => {
                                            cold_path();
                                            break 'next false;
                                        }
                                        Flow::Reraise => {
                                            cold_path();
                                            break 'next true;
                                        }
                                        Flow::Exit => return Word(r.sp.addr()).ptr(),
                                        Flow::Miss | Flow::Slow => {
                                            cold_path();
                                            break 'again base_number!($name $($base)?);
                                        }
                                        Flow::Redo => {
                                            cold_path();
                                            break 'again *r.ip.sub(1) as u8;
                                        }
                                        Flow::Pending => {
                                            cold_path();
                                            r.save();
                                            if pending::handle(th).is_err() {
                                                break 'next false;
                                            }
                                            continue 'next;
                                        }
                                        Flow::PendingResume => {
                                            cold_path();
                                            r.save();
                                            match resume(th, r.frame, oparg) {
                                                Ok(true) => r.ip = r.ip.sub(1),
                                                Ok(false) => {}
                                                Err(_) => break 'next false,
                                            }
                                            continue 'next;
                                        }
                                        Flow::Underlying => {
                                            cold_path();
                                            let op = u16::from(op);
                                            break 'again monitoring::underlying(r.frame, r.ip, op) as u8;
                                        }
                                    },
                                )*
                                _ => {
                                    r.save();
                                    unknown_opcode(th, *r.ip.sub(1));
                                    break 'next false;
                                }
                            }
                        };
                    }
                };
                (*r.frame).sp = r.sp;
                match unwind::unwind(th, r.frame, r.ip, !reraise) {
                    Unwound::Handler(frame) => r = Regs::load(frame, th.state()),
                    Unwound::Out => return std::ptr::null_mut(),
                }
            }
        }
    };
}

bytecode::for_each_op!(interpreter);

#[inline(never)]
unsafe fn drop_dead(r: &mut Regs) {
    (*r.frame).ip = r.at;
    (*r.frame).sp = r.sp;
    // Handlers that leave one word do not clear the place of the second.
    for dead in std::mem::replace(&mut r.dead, [Word::NULL; 2]) {
        Regs::drop_dead(dead);
    }
}
