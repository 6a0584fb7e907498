//! The interpreter of release builds: every opcode is a function that ends by
//! jumping to the next one.
//!
//! Registers are arguments, so that each handler has its own allocation of
//! machine registers: in one large function they all end up in memory. Rust
//! does not promise that such a call becomes a jump; LLVM makes it one in
//! optimised code unless the address of a local variable escapes. A handler
//! where it does not costs stack, and [`interp::stack_is_low`], asked at
//! back-edges and at the start of frames, lets the loop in [`execute`] begin
//! anew.
#![allow(unsafe_op_in_unsafe_fn, reason = "works on the running frame, see interp")]
#![allow(non_snake_case, reason = "handlers are named as their opcodes")]

use std::{hint::cold_path, ptr::NonNull, sync::atomic::Ordering};

use abi::PyObject;
use bytecode::Op;
use object::{Float, PyStruct, Thread, ThreadState};

use crate::{
    frame::Frame,
    interp::{self, Flow, Regs, resume, unknown_opcode},
    monitoring, ops, pending,
    unwind::{self, Unwound},
    word::Word,
};

/// A handler: `ip` (behind the opcode), `sp` and frame, the argument, and the
/// thread's state.
type Handler =
    unsafe extern "C" fn(*mut u16, *mut Word, *mut Frame, usize, *const ThreadState) -> Leave;

/// Why a handler returned instead of jumping on.
#[repr(C)]
struct Leave {
    /// 0, or the frame and one of the reasons below.
    what: usize,
    /// The value that is returned, or `ip`.
    value: usize,
}

mod reason {
    /// An exception is set.
    pub(super) const ERROR: usize = 1;
    /// As `ERROR`, but the frame is in the traceback already.
    pub(super) const RERAISE: usize = 2;
    /// Go on where the frame says.
    pub(super) const CONTINUE: usize = 3;
    pub(super) const MASK: usize = 3;
}

/// Execute the instruction at `ip`.
#[inline(always)]
unsafe fn next(r: Regs) -> Leave {
    let unit = *r.ip;
    let handler = TABLE[usize::from(unit as u8)];
    handler(r.ip.add(1), r.sp, r.frame, usize::from(unit >> 8), r.state)
}

/// Execute `op` in place of the opcode before `ip`.
#[inline(always)]
unsafe fn instead(r: Regs, op: u8, oparg: usize) -> Leave {
    let handler = TABLE[usize::from(op)];
    handler(r.ip, r.sp, r.frame, oparg, r.state)
}

#[inline(always)]
unsafe fn leave(r: Regs, reason: usize) -> Leave {
    (*r.frame).sp = r.sp;
    Leave { what: r.frame.addr() | reason, value: r.ip.addr() }
}

macro_rules! base_number {
    ($own:ident) => {
        Op::$own as u16 as u8
    };
    ($own:ident $base:ident) => {
        Op::$base as u8
    };
}

/// Define a function with the signature of a handler. PERF: none is inlined into
/// another. A handler that ends in a call of native code keeps registers on the
/// stack for it, and what it is inlined into would on every way through.
macro_rules! handler {
    ($(#[$meta:meta])* $vis:vis $name:ident($r:ident, $th:ident, $oparg:ident) $body:block) => {
        $(#[$meta])*
        $vis unsafe extern "C" fn $name(
            ip: *mut u16,
            sp: *mut Word,
            frame: *mut Frame,
            $oparg: usize,
            state: *const ThreadState,
        ) -> Leave {
            #[allow(unused_mut, reason = "not every handler moves")]
            let mut $r = Regs::new(ip, sp, frame, state);
            let $th = Thread::current();
            $body
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
        mod handlers {
            use super::*;

            $(
                handler! {
                    #[inline(never)]
                    pub(super) $name(r, th, oparg) {
                        let flow = ops::$name(&mut r, th, oparg);
                        const BASE: u8 = base_number!($name $($base)?);
                        settle::<{ Op::$name as u16 }, BASE>(flow, r, th, oparg)
                    }
                }
            )*
        }

        static TABLE: [Handler; 256] = {
            let mut table = [unknown as Handler; 256];
            $(
                if $number < 256 {
                    table[$number & 255] = handlers::$name;
                }
            )*
            table[Op::EXTENDED_ARG as usize] = extended;
            table
        };
    };
}

bytecode::for_each_op!(interpreter);

/// End the handler of `OP`.
#[inline(always)]
unsafe fn settle<const OP: u16, const BASE: u8>(
    flow: Flow,
    r: Regs,
    th: Thread<'_>,
    oparg: usize,
) -> Leave {
    match flow {
        Flow::Next => next(r),
        Flow::Called => next(Regs { state: th.state(), ..r }),
        Flow::Drop => {
            (*r.frame).ip = r.at;
            let [first, second] = r.dead;
            *r.sp = second;
            drop_dead(r.ip, r.sp, r.frame, first.0, r.state)
        }
        Flow::DropLoad => {
            (*r.frame).ip = r.at;
            drop_then_load(r.ip, r.sp, r.frame, r.dead[0].0, r.state)
        }
        Flow::DropStore => {
            (*r.frame).ip = r.at;
            drop_then_store(r.ip, r.sp, r.frame, r.dead[0].0, r.state)
        }
        Flow::Release => release_rest(r.ip, r.sp, r.frame, r.dead[0].0, r.state),
        Flow::Return => return_slowly(r.ip, r.sp, r.frame, r.dead[0].0, r.state),
        Flow::Exit => Leave { what: 0, value: r.sp.addr() },
        Flow::Slow => {
            cold_path();
            slow::<OP, BASE>(r.ip, r.sp, r.frame, oparg, r.state)
        }
        Flow::Miss => {
            cold_path();
            instead(r, BASE, oparg)
        }
        Flow::Redo => {
            cold_path();
            let op = *r.ip.sub(1) as u8;
            instead(r, op, oparg)
        }
        Flow::Error => {
            cold_path();
            leave(r, reason::ERROR)
        }
        Flow::Reraise => {
            cold_path();
            leave(r, reason::RERAISE)
        }
        Flow::Pending => {
            cold_path();
            work(r.ip, r.sp, r.frame, oparg, th.state())
        }
        Flow::PendingResume => {
            cold_path();
            work_at_resume(r.ip, r.sp, r.frame, oparg, th.state())
        }
        Flow::Underlying => {
            cold_path();
            let op = monitoring::underlying(r.frame, r.ip, OP) as u8;
            instead(r, op, oparg)
        }
    }
}

/// Free what a handler left behind if that is a float and takes next to nothing.
/// PERF: floats are what dies most; this calls nothing.
#[inline(always)]
unsafe fn frees_float(r: &Regs, first: Word, second: Word) -> bool {
    let (dead, other) = if first.is_null() { (second, first) } else { (first, second) };
    let object = dead.ptr();
    other.is_null()
        && (*object).ob_type == Float::type_object().as_ptr()
        && (*r.state).heap.free_at_hand(NonNull::new_unchecked(object.cast()))
}

/// What the handler of `OP` left to be done out of line.
#[inline(never)]
unsafe extern "C" fn slow<const OP: u16, const BASE: u8>(
    ip: *mut u16,
    sp: *mut Word,
    frame: *mut Frame,
    oparg: usize,
    state: *const ThreadState,
) -> Leave {
    let mut r = Regs::new(ip, sp, frame, state);
    let th = Thread::current();
    let flow = ops::slow(OP, &mut r, th, oparg);
    settle::<OP, BASE>(flow, r, th, oparg)
}

handler! {
    extended(r, _th, oparg) {
        let unit = *r.ip;
        r.ip = r.ip.add(1);
        instead(r, unit as u8, oparg << 8 | usize::from(unit >> 8))
    }
}

handler! {
    #[cold]
    unknown(r, th, _oparg) {
        r.save();
        unknown_opcode(th, *r.ip.sub(1));
        leave(r, reason::ERROR)
    }
}

handler! {
    /// Release the word in place of the argument and the one behind the stack.
    #[inline(never)]
    drop_dead(r, _th, dead) {
        if frees_float(&r, Word(dead), *r.sp) {
            return next(r);
        }
        drop_others(r.ip, r.sp, r.frame, dead, r.state)
    }
}

handler! {
    /// [`drop_dead`] of what is no float.
    #[inline(never)]
    drop_others(r, _th, dead) {
        (*r.frame).sp = r.sp;
        let second = *r.sp;
        Regs::drop_dead(Word(dead));
        Regs::drop_dead(second);
        next(r)
    }
}

handler! {
    /// Release the word in place of the argument, then load.
    #[inline(never)]
    drop_then_load(r, _th, dead) {
        if frees_float(&r, Word(dead), Word::NULL) {
            r.second_load();
            return next(r);
        }
        drop_then_load_others(r.ip, r.sp, r.frame, dead, r.state)
    }
}

handler! {
    /// [`drop_then_load`] of what is no float.
    #[inline(never)]
    drop_then_load_others(r, _th, dead) {
        (*r.frame).sp = r.sp;
        Regs::drop_dead(Word(dead));
        r.second_load();
        next(r)
    }
}

handler! {
    /// Release the word in place of the argument, then store.
    #[inline(never)]
    drop_then_store(r, _th, dead) {
        (*r.frame).sp = r.sp;
        Regs::drop_dead(Word(dead));
        r.second_store();
        next(r)
    }
}

handler! {
    /// Release words, then push the one in place of the argument.
    #[inline(never)]
    release_rest(r, th, value) {
        r.release_rest(th, Word(value));
        if ops::pending(&r) {
            return work(r.ip, r.sp, r.frame, 0, r.state);
        }
        next(r)
    }
}

handler! {
    /// Leave the frame with the word in place of the argument.
    #[inline(never)]
    return_slowly(r, th, value) {
        match ops::return_slowly(&mut r, th, Word(value)) {
            Flow::Exit => Leave { what: 0, value: r.sp.addr() },
            Flow::Error => leave(r, reason::ERROR),
            _ => next(r),
        }
    }
}

handler! {
    #[cold]
    #[inline(never)]
    work(r, th, _oparg) {
        if interp::stack_is_low(&*r.state) {
            (*r.frame).ip = r.ip;
            return leave(r, reason::CONTINUE);
        }
        r.save();
        if pending::handle(th).is_err() {
            return leave(r, reason::ERROR);
        }
        next(r)
    }
}

handler! {
    #[cold]
    #[inline(never)]
    work_at_resume(r, th, oparg) {
        if (*r.state).eval_breaker.load(Ordering::Relaxed) == 0 {
            (*r.frame).ip = r.ip;
            return leave(r, reason::CONTINUE);
        }
        r.save();
        match resume(th, r.frame, oparg) {
            Ok(true) => r.ip = r.ip.sub(1),
            Ok(false) => {}
            Err(_) => return leave(r, reason::ERROR),
        }
        next(r)
    }
}

/// Execute `entry` until it returns (a new reference) or raises (null).
///
/// # Safety
///
/// `entry` is a complete frame, linked as the current one, whose `entry` flag
/// is set.
pub(crate) unsafe fn execute(th: Thread<'_>, entry: *mut Frame) -> *mut PyObject {
    let mut r = Regs::load(entry, th.state());
    loop {
        let left = next(r);
        if left.what == 0 {
            return Word(left.value).ptr();
        }
        let frame: *mut Frame = std::ptr::with_exposed_provenance_mut(left.what & !reason::MASK);
        if left.what & reason::MASK == reason::CONTINUE {
            r = Regs::load(frame, th.state());
            continue;
        }
        let ip = std::ptr::with_exposed_provenance_mut(left.value);
        match unwind::unwind(th, frame, ip, left.what & reason::MASK == reason::ERROR) {
            Unwound::Handler(frame) => r = Regs::load(frame, th.state()),
            Unwound::Out => return std::ptr::null_mut(),
        }
    }
}
