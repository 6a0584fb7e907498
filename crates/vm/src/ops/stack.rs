//! Constants and the value stack itself.
#![allow(unsafe_op_in_unsafe_fn, reason = "works on the running frame, see interp")]

use bytecode::Op;
use object::{AsObject, small_int};

use super::{check, control::become_form, ops};
use crate::{
    interp::{Flow, Regs},
    word::Word,
};

/// The object that `LOAD_COMMON_CONSTANT` pushes.
#[inline(never)]
fn common_constant(th: object::Thread<'_>, which: usize) -> object::Result {
    use object::{PyStruct, exceptions::types};
    Ok(match which {
        0 => types::AssertionError().obj().own(),
        1 => types::NotImplementedError().obj().own(),
        2 => object::Tuple::type_object().obj().own(),
        3 => return original_builtin(th, &originals(th).all, object::id!(th, "all")),
        _ => return original_builtin(th, &originals(th).any, object::id!(th, "any")),
    })
}

/// Builtins that compiled code asks for by identity, as they were at first.
#[derive(Default)]
struct Originals {
    all: object::Link,
    any: object::Link,
}

fn originals(th: object::Thread<'_>) -> &'static Originals {
    th.interp().extensions.get::<Originals>()
}

fn original_builtin(
    th: object::Thread<'_>,
    link: &object::Link,
    name: &object::Str,
) -> object::Result {
    if let Some(function) = link.get() {
        return Ok(function);
    }
    let builtins = th.interp().builtins.get();
    let Some(function) = builtins.as_ref().and_then(|dict| dict.get_name(th, name)) else {
        object::raise!(th, RuntimeError, "lost builtins.{name}");
    };
    link.set(Some(function.own()));
    Ok(function.own())
}

/// Remember the builtins that programs may replace later.
pub(crate) fn keep_builtins(th: object::Thread<'_>) -> object::Result<()> {
    original_builtin(th, &originals(th).all, object::id!(th, "all"))?;
    original_builtin(th, &originals(th).any, object::id!(th, "any")).map(drop)
}

/// `LOAD_SMALL_INT` where ints are allocated.
#[inline(always)]
pub(super) unsafe fn load_allocated_int(
    r: &mut Regs,
    th: object::Thread<'_>,
    oparg: usize,
) -> Flow {
    r.save();
    r.push(Word::from_ref(check!(object::Int::from_i64(th, oparg as i64))));
    Flow::Next
}

ops! {
    fn CACHE(r, th, oparg) { Flow::Next }

    fn NOP(r, th, oparg) { Flow::Next }

    fn NOT_TAKEN(r, th, oparg) { Flow::Next }

    fn EXTENDED_ARG(r, th, oparg) { Flow::Next }

    fn POP_TOP(r, th, oparg) {
        let word = r.pop();
        r.finish(word)
    }

    fn POP_ITER(r, th, oparg) {
        let word = r.pop();
        r.finish(word)
    }

    fn PUSH_NULL(r, th, oparg) {
        r.push(Word::NULL);
        Flow::Next
    }

    fn COPY(r, th, oparg) {
        // What was borrowed outlives the copy, too: the compiler sees to it.
        let word = r.peek(oparg);
        r.push(if word.is_counted() { word.dup_in_memory() } else { word });
        Flow::Next
    }

    fn SWAP(r, th, oparg) {
        let (top, other) = (r.peek(1), r.peek(oparg));
        r.set(1, other);
        r.set(oparg, top);
        Flow::Next
    }

    fn LOAD_CONST(r, th, oparg) {
        let constant = Word::from_raw(*r.code().consts_ptr().add(oparg));
        let lives = constant.is_int()
            || (*constant.ptr()).ob_refcnt >= abi::_Py_IMMORTAL_MINIMUM_REFCNT;
        let form = if lives { Op::LOAD_CONST_IMMORTAL } else { Op::LOAD_CONST_MORTAL };
        become_form(r, Op::LOAD_CONST, form);
        r.push(constant.lend());
        Flow::Next
    }

    fn LOAD_CONST_MORTAL(r, th, oparg) {
        let constant = *r.code().consts_ptr().add(oparg);
        r.push(Word::from_raw(constant).lend());
        Flow::Next
    }

    fn LOAD_CONST_IMMORTAL(r, th, oparg) { LOAD_CONST_MORTAL(r, th, oparg) }

    fn LOAD_SMALL_INT(r, th, oparg) {
        if !small_int::enabled() {
            return Flow::Slow;
        }
        r.push(Word::from_raw(small_int::encode_unchecked(oparg as i64).as_ptr()));
        Flow::Next
    }

    fn LOAD_COMMON_CONSTANT(r, th, oparg) {
        r.save();
        r.push(Word::from_ref(check!(common_constant(th, oparg))));
        Flow::Next
    }
}
