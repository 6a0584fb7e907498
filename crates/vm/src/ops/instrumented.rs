//! Instructions that report to the tools of `sys.monitoring`.
//!
//! Each handler takes the registers and gives them back, out of line, so that
//! the loop's own stay where they are. Before a tool is called, `ip` and `sp`
//! are stored; a tool that sets `f_lineno` changes them, and execution goes on
//! there.
#![allow(non_snake_case, reason = "handlers are named as their opcodes")]
#![allow(unsafe_op_in_unsafe_fn, reason = "works on the running frame, see interp")]

use std::ptr::null_mut;

use abi::PyObject;
use object::{AsObject, Dict, Obj, Protocol, Ref, Thread, Tuple, types};

use super::{calls, check, control, iter, ops};
use crate::{
    frame::Frame,
    interp::{Flow, Regs},
    monitoring::{self, event, fire, fire_jump},
    pending,
    word::Word,
};

/// What a handler hands back.
type Out = (Regs, Flow);

macro_rules! instrumented {
    ($($(#[$meta:meta])* fn $name:ident = $body:ident($r:ident, $th:ident, $oparg:ident) $block:block)*) => {
        ops! { $(
            fn $name(r, th, oparg) {
                let (after, flow) = $body(r.copy(), th, oparg);
                *r = after;
                flow
            }
        )* }
        $(
            $(#[$meta])*
            #[cold]
            #[inline(never)]
            #[allow(unused_variables, reason = "all handlers have the same parameters")]
            unsafe fn $body(mut regs: Regs, $th: Thread<'_>, $oparg: usize) -> Out {
                let flow = {
                    let $r = &mut regs;
                    #[allow(clippy::redundant_closure_call, reason = "gives the block its `return`")]
                    (|$r: &mut Regs| -> Flow { $block })($r)
                };
                (regs, flow)
            }
        )*
    };
}

/// Whether a tool moved the frame; then the registers follow.
unsafe fn moved(r: &mut Regs) -> bool {
    let ip = (*r.frame).ip;
    if ip == r.ip {
        return false;
    }
    *r = Regs::load(r.frame, r.state);
    r.ip = ip.sub(1);
    true
}

/// Report an event of this instruction; `Some` is how the handler must end.
unsafe fn tell(r: &mut Regs, th: Thread<'_>, event: usize, extra: &[Obj<'_>]) -> Option<Flow> {
    r.save();
    if fire(th, r.frame, event, extra).is_err() {
        return Some(Flow::Error);
    }
    moved(r).then_some(Flow::Next)
}

/// Report a jump from `from` (or here) to `to`.
unsafe fn tell_jump(
    r: &mut Regs,
    th: Thread<'_>,
    event: usize,
    from: Option<usize>,
    to: *mut u16,
) -> Option<Flow> {
    r.save();
    let to = to.offset_from(r.code().units()) as usize;
    if fire_jump(th, r.frame, event, from, to).is_err() {
        return Some(Flow::Error);
    }
    moved(r).then_some(Flow::Next)
}

/// The unit of this instruction.
unsafe fn here(r: &Regs) -> usize {
    r.ip.offset_from(r.code().units()) as usize - 1
}

macro_rules! told {
    ($told:expr) => {
        if let Some(flow) = $told {
            return flow;
        }
    };
}

unsafe fn branch(r: &mut Regs, th: Thread<'_>, jump: bool, oparg: usize) -> Flow {
    if jump {
        let target = r.ip.add(1 + oparg);
        told!(tell_jump(r, th, event::BRANCH_RIGHT, None, target));
    }
    r.skip(if jump { oparg + 1 } else { 1 });
    Flow::Next
}

/// The first argument of a call, as tools are told it.
unsafe fn first_argument(th: Thread<'_>, base: *mut Word, oparg: usize) -> object::Result<Ref> {
    if let Some(this) = (*base.add(1)).obj_opt() {
        return Ok(this.own());
    }
    if oparg > 0 {
        return Ok((*base.add(2)).obj().own());
    }
    monitoring::missing(th)
}

/// Report the end of a native call.
unsafe fn tell_result(
    th: Thread<'_>,
    frame: *mut Frame,
    value: *mut PyObject,
    function: Obj<'_>,
    first: Obj<'_>,
) -> *mut PyObject {
    if value.is_null() {
        let Some(exception) = th.swap_exception(None) else { return value };
        if fire(th, frame, event::C_RAISE, &[function, first]).is_ok() {
            drop(th.swap_exception(Some(exception)));
        }
        return value;
    }
    if fire(th, frame, event::C_RETURN, &[function, first]).is_err() {
        drop(Ref::<object::Object>::from_raw(value));
        return null_mut();
    }
    value
}

/// `CALL` and `CALL_KW`; `names` is null without keywords.
unsafe fn call(r: &mut Regs, th: Thread<'_>, oparg: usize, names: Word) -> Flow {
    let with_names = usize::from(!names.is_null());
    let base = r.sp.sub(oparg + 2 + with_names);
    r.save();
    calls::expand_method(r, base);
    let first = check!(first_argument(th, base, oparg));
    let function = (*base).obj().own();
    told!(tell(r, th, event::CALL, &[function.obj(), first.obj()]));
    if calls::is_python(*base) {
        r.sp = r.sp.sub(with_names);
        return calls::enter_python(r, th, base, oparg, names, 3);
    }
    let (args, n) = calls::arguments(base, oparg);
    let kwnames = names.obj_opt().map(|names| names.cast::<Tuple>());
    let value = crate::call::vector(th, (*base).obj(), args, n, kwnames);
    let value = tell_result(th, r.frame, value, function.obj(), first.obj());
    calls::native_result(r, th, oparg + 2 + with_names, value, 3)
}

instrumented! {
    fn INSTRUMENTED_RESUME = resume(r, th, oparg) {
        r.save();
        if check!(monitoring::at_resume(th, r.frame)) {
            r.ip = r.ip.sub(1);
            return Flow::Next;
        }
        if oparg & 3 < 2 && control::pending(r) {
            check!(pending::handle(th));
        }
        let event = if oparg == 0 { event::PY_START } else { event::PY_RESUME };
        told!(tell(r, th, event, &[]));
        Flow::Next
    }

    fn INSTRUMENTED_RETURN_VALUE = returned(r, th, oparg) {
        let value = r.peek(1).obj().own();
        told!(tell(r, th, event::PY_RETURN, &[value.obj()]));
        drop(value);
        control::RETURN_VALUE(r, th, oparg)
    }

    fn INSTRUMENTED_YIELD_VALUE = yielded(r, th, oparg) {
        let value = r.peek(1).obj().own();
        told!(tell(r, th, event::PY_YIELD, &[value.obj()]));
        drop(value);
        control::YIELD_VALUE(r, th, oparg)
    }

    fn INSTRUMENTED_JUMP_FORWARD = jump_forward(r, th, oparg) {
        let target = r.ip.add(oparg);
        told!(tell_jump(r, th, event::JUMP, None, target));
        control::JUMP_FORWARD(r, th, oparg)
    }

    fn INSTRUMENTED_JUMP_BACKWARD = jump_backward(r, th, oparg) {
        if control::pending(r) {
            r.save();
            check!(pending::handle(th));
        }
        let target = r.ip.add(1).sub(oparg);
        told!(tell_jump(r, th, event::JUMP, None, target));
        r.ip = target;
        Flow::Next
    }

    fn INSTRUMENTED_POP_JUMP_IF_TRUE = jump_if_true(r, th, oparg) {
        let jump = r.pop().is(types::bool_(true));
        branch(r, th, jump, oparg)
    }

    fn INSTRUMENTED_POP_JUMP_IF_FALSE = jump_if_false(r, th, oparg) {
        let jump = r.pop().is(types::bool_(false));
        branch(r, th, jump, oparg)
    }

    fn INSTRUMENTED_POP_JUMP_IF_NONE = jump_if_none(r, th, oparg) {
        let word = r.pop();
        let jump = word.is(types::none());
        r.release(word);
        branch(r, th, jump, oparg)
    }

    fn INSTRUMENTED_POP_JUMP_IF_NOT_NONE = jump_if_not_none(r, th, oparg) {
        let word = r.pop();
        let jump = !word.is(types::none());
        r.release(word);
        branch(r, th, jump, oparg)
    }

    fn INSTRUMENTED_NOT_TAKEN = not_taken(r, th, oparg) {
        let from = monitoring::branch_source(r.code(), here(r));
        let target = r.ip;
        told!(tell_jump(r, th, event::BRANCH_LEFT, Some(from), target));
        Flow::Next
    }

    fn INSTRUMENTED_FOR_ITER = for_iter(r, th, oparg) {
        r.save();
        match check!(iter::next(r, th, r.peek(1))) {
            Some(value) => {
                r.push(value);
                let target = r.ip.add(1);
                told!(tell_jump(r, th, event::BRANCH_LEFT, None, target));
                r.skip(1);
                Flow::Next
            }
            None => iter::exhausted(r, oparg),
        }
    }

    fn INSTRUMENTED_POP_ITER = pop_iter(r, th, oparg) {
        let from = monitoring::branch_source(r.code(), here(r));
        let target = r.ip;
        told!(tell_jump(r, th, event::BRANCH_RIGHT, Some(from), target));
        let word = r.pop();
        r.release(word);
        Flow::Next
    }

    fn INSTRUMENTED_END_ASYNC_FOR = end_async_for(r, th, oparg) {
        let from = (here(r) + 1).saturating_sub(oparg);
        let target = r.ip;
        told!(tell_jump(r, th, event::BRANCH_RIGHT, Some(from), target));
        super::END_ASYNC_FOR(r, th, oparg)
    }

    fn INSTRUMENTED_END_FOR = end_for(r, th, oparg) {
        r.save();
        if let (Some(receiver), Some(value)) = (r.peek(2).obj_opt(), r.peek(1).obj_opt()) {
            check!(monitoring::stop_iteration(th, r.frame, receiver, value));
        }
        iter::END_FOR(r, th, oparg)
    }

    fn INSTRUMENTED_END_SEND = end_send(r, th, oparg) {
        r.save();
        if let (Some(receiver), Some(value)) = (r.peek(2).obj_opt(), r.peek(1).obj_opt()) {
            check!(monitoring::stop_iteration(th, r.frame, receiver, value));
        }
        iter::END_SEND(r, th, oparg)
    }

    fn INSTRUMENTED_CALL = call_plain(r, th, oparg) {
        call(r, th, oparg, Word::NULL)
    }

    fn INSTRUMENTED_CALL_KW = call_kw(r, th, oparg) {
        let names = r.peek(1);
        call(r, th, oparg, names)
    }

    fn INSTRUMENTED_CALL_FUNCTION_EX = call_function_ex(r, th, oparg) {
        r.save();
        let base = r.sp.sub(4);
        let function = (*base).obj().own();
        let args = check!(calls::args_tuple(th, function.obj(), (*base.add(2)).obj()));
        let first = match args.get(0) {
            Some(first) => first.own(),
            None => check!(monitoring::missing(th)),
        };
        told!(tell(r, th, event::CALL, &[function.obj(), first.obj()]));
        let kwargs = (*base.add(3)).obj_opt().map(|kwargs| kwargs.cast::<Dict>());
        let mut value = crate::call::call_ex(th, function.obj(), &args, kwargs);
        let is_python = function.obj().is_exact::<object::Function>()
            || function.obj().is_exact::<types::method::Method>();
        if !is_python {
            value = tell_result(th, r.frame, value, function.obj(), first.obj());
        }
        calls::native_result(r, th, 4, value, 0)
    }

    fn INSTRUMENTED_LOAD_SUPER_ATTR = load_super_attr(r, th, oparg) {
        r.save();
        let (this, class) = (r.peek(1).obj(), r.peek(2).obj());
        let global = r.peek(3).obj().own();
        let with_arguments = oparg & 2 != 0;
        let first = if with_arguments { class.own() } else { check!(monitoring::missing(th)) };
        told!(tell(r, th, event::CALL, &[global.obj(), first.obj()]));
        let args = [class, this];
        let args = if with_arguments { &args[..] } else { &[] };
        let made = global.call(th, args).map_or(null_mut(), Ref::into_raw);
        let made = tell_result(th, r.frame, made, global.obj(), first.obj());
        let Some(made) = Ref::<object::Object>::from_raw(made) else { return Flow::Error };
        let value = check!(made.getattr(th, r.name(oparg >> 2)));
        r.replace(3, Word::from_ref(value));
        if oparg & 1 != 0 {
            r.push(Word::NULL);
        }
        r.skip(1);
        Flow::Next
    }

    fn INSTRUMENTED_LINE = line(r, th, oparg) {
        r.save();
        check!(monitoring::fire_line(th, r.frame));
        if moved(r) { Flow::Next } else { Flow::Underlying }
    }

    fn INSTRUMENTED_INSTRUCTION = instruction(r, th, oparg) {
        told!(tell(r, th, event::INSTRUCTION, &[]));
        Flow::Underlying
    }
}
