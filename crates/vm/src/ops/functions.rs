//! Making functions, and the intrinsic functions.
#![allow(unsafe_op_in_unsafe_fn, reason = "works on the running frame, see interp")]

use object::{Code, Function, Ref, Result, Thread};

use super::{check, ops};
use crate::{frame::Frame, interp::Flow, intrinsics, word::Word};

#[inline(never)]
unsafe fn make_function(th: Thread<'_>, frame: *mut Frame, code: Word) -> Result<Ref<Function>> {
    let code = object::own(code.obj().cast::<Code>());
    let globals = object::own(Frame::globals(frame));
    Function::with_builtins(th, code, globals, Frame::builtins(frame).own())
}

/// `SET_FUNCTION_ATTRIBUTE`: which attribute is a bit.
#[inline(never)]
unsafe fn set_attribute(function: &Function, which: usize, value: Word) {
    let value = value.into_ref();
    match which {
        1 => function.defaults.set(Some(value.cast())),
        2 => function.kwdefaults.set(Some(value.cast())),
        4 => function.annotations.set(Some(value)),
        8 => function.closure.set(Some(value.cast())),
        _ => function.annotate.set(Some(value)),
    }
}

ops! {
    fn MAKE_FUNCTION(r, th, oparg) {
        r.save();
        let function = check!(make_function(th, r.frame, r.peek(1)));
        r.replace(1, Word::from_ref(function));
        Flow::Next
    }

    fn SET_FUNCTION_ATTRIBUTE(r, th, oparg) {
        r.save();
        let function = r.pop();
        let value = std::mem::replace(&mut *r.sp.sub(1), function);
        set_attribute(function.obj().cast::<Function>(), oparg, value);
        Flow::Next
    }

    fn CALL_INTRINSIC_1(r, th, oparg) {
        r.save();
        let value = check!(intrinsics::call_1(th, r.frame, oparg, r.peek(1).obj()));
        r.replace(1, Word::from_ref(value));
        Flow::Next
    }

    fn CALL_INTRINSIC_2(r, th, oparg) {
        r.save();
        let value = check!(intrinsics::call_2(th, oparg, r.peek(2).obj(), r.peek(1).obj()));
        r.replace(2, Word::from_ref(value));
        Flow::Next
    }
}
