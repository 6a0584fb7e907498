//! `frame.f_lineno = line`: go on somewhere else.
//!
//! What stands on the stack before each instruction is worked out from the
//! code, as kinds of items packed into a number, three bits each, the top
//! lowest. A jump is possible where the target's items are the lowest ones of
//! the stack of now; the others are dropped.
#![allow(unsafe_op_in_unsafe_fn, reason = "works on a frame that waits for its trace function")]

use bytecode::{Op, exceptiontable, linetable};
use object::{Code, Int, Obj, Ref, Result, Str, Thread, error, raise};

use super::{
    instrument::{Instruction, LINE_WAS_TOLD, instructions},
    legacy,
};
use crate::{
    exc_state,
    frame::Frame,
    frame_object::FrameObject,
    generator::state::{SUSPENDED, SUSPENDED_YIELD_FROM},
    word::Word,
};

/// Kinds of stack items.
mod kind {
    pub(super) const ITERATOR: i64 = 1;
    pub(super) const EXCEPT: i64 = 2;
    pub(super) const OBJECT: i64 = 3;
    pub(super) const NULL: i64 = 4;
    pub(super) const LASTI: i64 = 5;
}

const UNKNOWN: i64 = -2;
const OVERFLOWED: i64 = -1;
const EMPTY: i64 = 0;
const BITS: u32 = 3;
const MAX: i64 = 1 << (63 - BITS);

fn push(stack: i64, kind: i64) -> i64 {
    if !(0..MAX).contains(&stack) { OVERFLOWED } else { stack << BITS | kind }
}

fn pop(stack: i64) -> i64 {
    if stack < 0 { stack } else { stack >> BITS }
}

fn top(stack: i64) -> i64 {
    stack & ((1 << BITS) - 1)
}

fn peek(stack: i64, depth: usize) -> i64 {
    top(stack >> (BITS as usize * depth.saturating_sub(1)).min(63))
}

fn depth(stack: i64) -> u32 {
    (64 - stack.max(0).leading_zeros()).div_ceil(BITS)
}

fn swap(stack: i64, n: usize) -> i64 {
    let shift = (BITS as usize * n.saturating_sub(1)).min(60);
    if stack < 0 || shift == 0 {
        return stack;
    }
    let (a, b) = (top(stack), peek(stack, n));
    let mask = (1 << BITS) - 1;
    stack & !(mask << shift) & !mask | a << shift | b
}

/// The stack after an instruction without jumps.
fn after(stack: i64, instruction: &Instruction) -> i64 {
    let oparg = instruction.oparg;
    match instruction.op {
        Op::GET_ITER | Op::GET_AITER => push(pop(stack), kind::ITERATOR),
        Op::END_ASYNC_FOR => pop(pop(stack)),
        Op::PUSH_EXC_INFO => push(stack, kind::EXCEPT),
        Op::POP_EXCEPT => pop(stack),
        Op::PUSH_NULL => push(stack, kind::NULL),
        Op::LOAD_GLOBAL => {
            let stack = push(stack, kind::OBJECT);
            if oparg & 1 != 0 { push(stack, kind::NULL) } else { stack }
        }
        Op::LOAD_ATTR if oparg & 1 != 0 => push(push(pop(stack), kind::OBJECT), kind::NULL),
        Op::LOAD_ATTR => stack,
        Op::SWAP => swap(stack, oparg),
        Op::COPY => push(stack, peek(stack, oparg)),
        op => {
            let delta = op.pushed(oparg as i32) - op.popped(oparg as i32);
            let mut stack = stack;
            for _ in delta..0 {
                stack = pop(stack);
            }
            for _ in 0..delta {
                stack = push(stack, kind::OBJECT);
            }
            stack
        }
    }
}

/// The stacks before all code units.
fn stacks(th: Thread<'_>, code: &Code) -> Result<Vec<i64>> {
    let count = code.unit_count() + 1;
    let mut stacks = Vec::new();
    if stacks.try_reserve_exact(count).is_err() {
        return Err(th.no_memory());
    }
    stacks.resize(count, UNKNOWN);
    stacks[0] = EMPTY;
    let all = instructions(code);
    let mut again = true;
    while again {
        again = false;
        for instruction in &all {
            again |= flow(&mut stacks, instruction);
        }
        for entry in exceptiontable::entries(code.exceptiontable.as_bytes()) {
            let Some(mut stack) = stacks.get(entry.start as usize).copied() else { continue };
            let Some(handler) = stacks.get_mut(entry.target as usize) else { continue };
            if stack == UNKNOWN || *handler != UNKNOWN {
                continue;
            }
            while stack > 0 && depth(stack) > entry.depth {
                stack = pop(stack);
            }
            if entry.lasti {
                stack = push(stack, kind::LASTI);
            }
            *handler = push(stack, kind::EXCEPT);
            again = true;
        }
    }
    Ok(stacks)
}

/// Carry the stack of an instruction to those that follow it; whether one of
/// them stands before it and was unknown.
fn flow(stacks: &mut [i64], instruction: &Instruction) -> bool {
    let Some(stack) = stacks.get(instruction.at).copied().filter(|stack| *stack != UNKNOWN) else {
        return false;
    };
    let (next, oparg) = (instruction.next, instruction.oparg);
    let mut again = false;
    let mut set = |at: Option<usize>, value: i64| {
        if let Some(at) = at
            && let Some(place) = stacks.get_mut(at)
        {
            again |= *place == UNKNOWN && at < instruction.at;
            *place = value;
        }
    };
    match instruction.op {
        Op::POP_JUMP_IF_FALSE
        | Op::POP_JUMP_IF_TRUE
        | Op::POP_JUMP_IF_NONE
        | Op::POP_JUMP_IF_NOT_NONE => {
            set(Some(next + oparg), pop(stack));
            set(Some(next), pop(stack));
        }
        Op::SEND => {
            set(Some(next + oparg), stack);
            set(Some(next), stack);
        }
        Op::JUMP_FORWARD => set(Some(next + oparg), stack),
        Op::JUMP_BACKWARD | Op::JUMP_BACKWARD_NO_INTERRUPT => set(next.checked_sub(oparg), stack),
        Op::FOR_ITER => {
            set(Some(next), push(stack, kind::OBJECT));
            set(Some(next + oparg), push(stack, kind::OBJECT));
        }
        Op::RETURN_VALUE | Op::RAISE_VARARGS | Op::RERAISE => {}
        _ => set(Some(next), after(stack, instruction)),
    }
    again
}

fn compatible_kind(from: i64, to: i64) -> bool {
    match to {
        0 => false,
        kind::OBJECT => from != kind::NULL,
        kind::NULL => true,
        _ => from == to,
    }
}

fn compatible(mut from: i64, mut to: i64) -> bool {
    if from < 0 || to < 0 {
        return false;
    }
    while from > to {
        from = pop(from);
    }
    while from != 0 {
        if !compatible_kind(top(from), top(to)) {
            return false;
        }
        (from, to) = (pop(from), pop(to));
    }
    to == 0
}

fn explain(to: i64) -> &'static str {
    if to == OVERFLOWED {
        return "stack is too deep to analyze";
    }
    if to == UNKNOWN {
        return "can't jump into an exception handler, or code may be unreachable";
    }
    match top(to) {
        kind::EXCEPT => "can't jump into an 'except' block as there's no exception",
        kind::LASTI => "can't jump into a re-raising block as there's no location",
        kind::ITERATOR => "can't jump into the body of a for loop",
        _ => "incompatible stacks",
    }
}

/// For each unit the line that starts there, without those that make the generator and
/// its cells, which is done once.
fn line_starts(code: &Code) -> Vec<(usize, i32)> {
    let all = instructions(code);
    let resume = all.iter().find(|instruction| instruction.op == Op::RESUME);
    let first = resume.map_or(0, |resume| resume.at);
    linetable::lines(code.linetable.as_bytes(), code.firstlineno)
        .filter_map(|(start, _, line)| Some((start as usize / 2, line?)))
        .filter(|(unit, _)| *unit >= first)
        .collect()
}

/// The best instruction of a line to go on at, and its stack.
fn find_target(
    starts: &[(usize, i32)],
    line: i32,
    stacks: &[i64],
    from: i64,
) -> Result<(usize, i64), &'static str> {
    let mut best = None;
    let mut message = "cannot find bytecode for specified line";
    for (unit, _) in starts.iter().filter(|(_, start)| *start == line) {
        let to = stacks.get(*unit).copied().unwrap_or(UNKNOWN);
        if compatible(from, to) {
            if best.is_none_or(|(_, stack)| to > stack) {
                best = Some((*unit, to));
            }
        } else {
            message = match from {
                OVERFLOWED => "stack to deep to analyze",
                UNKNOWN => "can't jump from unreachable code",
                _ => explain(to),
            };
        }
    }
    best.ok_or(message)
}

/// `frame.f_lineno = line`.
pub(crate) fn jump_to_line(th: Thread<'_>, object: &FrameObject, value: Obj<'_>) -> Result<()> {
    if !value.is_exact::<Int>() {
        raise!(th, ValueError, "lineno must be an integer");
    }
    legacy::check_may_jump(th, object)?;
    let Some(line) = Int::to_i64(value).and_then(|line| i32::try_from(line).ok()) else {
        raise!(th, ValueError, "lineno out of range");
    };
    let frame = object.frame();
    let code = object::own(object.code());
    if line < code.firstlineno {
        raise!(th, ValueError, "line {line} comes before the current code block");
    }
    let starts = line_starts(&code);
    let Some(line) = starts.iter().map(|(_, start)| *start).filter(|start| *start >= line).min()
    else {
        raise!(th, ValueError, "line {line} comes after the current code block");
    };
    let stacks = stacks(th, &code)?;
    // SAFETY: the frame waits for its trace function.
    unsafe {
        let lasti = usize::try_from(Frame::lasti(frame)).unwrap_or(0);
        let mut stack = stacks.get(lasti).copied().unwrap_or(UNKNOWN);
        let (target, wanted) = match find_target(&starts, line, &stacks, stack) {
            Ok(found) => found,
            Err(message) => return Err(error!(th, ValueError, "{message}")),
        };
        fill_unbound(th, frame, &code)?;
        if is_suspended(frame) {
            // The value that the generator will be sent.
            stack = pop(stack);
        }
        while stack > wanted {
            (*frame).sp = (*frame).sp.sub(1);
            let word = std::mem::replace(&mut *(*frame).sp, Word::NULL);
            if top(stack) == kind::EXCEPT {
                let handled = (!word.is(object::types::none())).then(|| word.into_ref());
                exc_state::set_handled(th, handled);
            } else {
                word.release_opt();
            }
            stack = pop(stack);
        }
        object.lineno.set(0);
        (*frame).ip = code.units().add(target + 1);
        (*frame).line = LINE_WAS_TOLD;
    }
    Ok(())
}

unsafe fn is_suspended(frame: *mut Frame) -> bool {
    if (*frame).owner != crate::frame::owner::GENERATOR {
        return false;
    }
    let this = Frame::generator(frame).cast::<abi::PyGenObject>();
    matches!((*this).gi_frame_state, SUSPENDED | SUSPENDED_YIELD_FROM)
}

/// Code relies on variables being set that a jump may leave unset.
unsafe fn fill_unbound(th: Thread<'_>, frame: *mut Frame, code: &Code) -> Result<()> {
    let locals = Frame::localsplus(frame);
    let variables = code.nlocalsplus as usize;
    let unbound = (0..variables).filter(|i| (*locals.add(*i)).is_null()).count();
    if unbound == 0 {
        return Ok(());
    }
    let plural = if unbound == 1 { "" } else { "s" };
    let text: Ref<Str> =
        Str::from_fmt(th, format_args!("assigning None to {unbound} unbound local{plural}"))?;
    let category = object::exceptions::types::RuntimeWarning();
    (th.hooks().warn)(th, object::AsObject::obj(category), &text, 0)?;
    for i in 0..variables {
        if (*locals.add(i)).is_null() {
            *locals.add(i) = Word::none();
        }
    }
    Ok(())
}
