//! Calls.
#![allow(unsafe_op_in_unsafe_fn, reason = "works on the running frame, see interp")]

use std::ptr::null_mut;

use abi::PyObject;
use object::{
    AsObject, Dict, Function, List, Obj, Ref, Result, Str, Thread, Tuple, Type, alloc_object,
    protocol, raise, types::method::Method,
};

use super::{adapt, control::pending, ops};
use crate::{
    bridge, call,
    frame::{self, Frame, is_exact},
    interp::{Flow, Regs},
    specialize::call as specialize,
    word::Word,
};

/// Replace a bound method by its function and `self`.
#[inline(always)]
pub(super) unsafe fn expand_method(r: &Regs, base: *mut Word) {
    if (*base.add(1)).is_null() && is_exact::<Method>(*base) {
        let word = *base;
        let method = word.obj().cast::<Method>();
        let (function, this) = (method.func.as_ptr(), method.this.as_ptr());
        *base = Word::from_raw(function).dup();
        *base.add(1) = Word::from_raw(this).dup();
        r.release(word);
    }
}

/// Whether calling this object means to enter a Python frame.
#[inline(always)]
pub(crate) unsafe fn is_python(word: Word) -> bool {
    is_exact::<Function>(word)
        && word.obj().cast::<Function>().vectorcall.get().map(|f| f as usize)
            == Some(call::vectorcall as *const () as usize)
}

/// The arguments of a call: where they start (with `self`) and how many.
#[inline(always)]
pub(super) unsafe fn arguments(base: *mut Word, oparg: usize) -> (*mut Word, usize) {
    if (*base.add(1)).is_null() { (base.add(2), oparg) } else { (base.add(1), oparg + 1) }
}

/// Finish a native call: `n` words make way for the result.
#[inline(always)]
pub(super) unsafe fn native_result(
    r: &mut Regs,
    th: Thread<'_>,
    n: usize,
    value: *mut PyObject,
    caches: usize,
) -> Flow {
    r.take_up(th);
    if value.is_null() {
        return Flow::Error;
    }
    r.skip(caches);
    if r.make_way(r.sp.sub(n), Word::from_raw(value)) != Flow::Next {
        return Flow::Release;
    }
    if pending(r) {
        return Flow::Pending;
    }
    Flow::Called
}

/// Enter a Python function with the arguments at `base`.
#[inline(always)]
pub(super) unsafe fn enter_python(
    r: &mut Regs,
    th: Thread<'_>,
    base: *mut Word,
    oparg: usize,
    names: Word,
    caches: u16,
) -> Flow {
    let (args, total) = arguments(base, oparg);
    let keywords = names.obj_opt().map_or(&[][..], |names| names.cast::<Tuple>().items());
    let function = (*base).owned().ptr();
    r.sp = base;
    let frame = call::make_frame(th, function, args, total - keywords.len(), keywords);
    if !names.is_null() {
        r.release(names);
    }
    match frame {
        Some(frame) => r.enter(th, frame, caches),
        None => Flow::Error,
    }
}

/// Make an instance of the class at `base` and enter its `__init__` with the
/// arguments of a `CALL_KW`.
#[inline(never)]
unsafe fn keyword_init(
    th: Thread<'_>,
    base: *mut Word,
    oparg: usize,
    names: &Tuple,
    init: Word,
) -> Option<*mut Frame> {
    let Some(this) = specialize::allocate(th, *base) else {
        th.no_memory();
        return None;
    };
    // The stack keeps the instance, which `__init__` gets as `self`.
    let class = std::mem::replace(&mut *base, this.dup());
    *base.add(1) = this;
    let positional = oparg + 1 - names.len();
    let frame = call::make_frame(th, init.dup().ptr(), base.add(1), positional, names.items());
    class.release();
    frame
}

#[inline(always)]
unsafe fn enter_init_keywords(
    r: &mut Regs,
    th: Thread<'_>,
    base: *mut Word,
    oparg: usize,
    init: Word,
) -> Flow {
    let names = r.peek(1);
    let frame = keyword_init(th, base, oparg, names.obj().cast::<Tuple>(), init);
    // Words that went with a frame that could not be made are null now.
    let Some(frame) = frame else { return Flow::Error };
    r.sp = base.add(1);
    r.release(names);
    specialize::enter_init(r, th, frame, 3)
}

/// Arguments of `f(*args, **kwargs)` as a tuple.
#[inline(never)]
pub(super) fn args_tuple(th: Thread<'_>, function: Obj<'_>, args: Obj<'_>) -> Result<Ref<Tuple>> {
    if let Some(tuple) = args.downcast_exact::<Tuple>() {
        return Ok(object::own(tuple));
    }
    if args.ty().slots().tp_iter.is_none() && !protocol::mapping::is_sequence(args) {
        let text = bridge::function_text(th, function)?;
        raise!(
            th,
            TypeError,
            "{text} argument after * must be an iterable, not {}",
            args.type_name()
        );
    }
    let items = protocol::iter::collect(th, args)?;
    Tuple::from_refs(th, items)
}

#[inline(never)]
unsafe fn call_ex(th: Thread<'_>, base: *mut Word) -> *mut PyObject {
    let function = (*base).obj();
    let Ok(args) = args_tuple(th, function, (*base.add(2)).obj()) else { return null_mut() };
    let kwargs = (*base.add(3)).obj_opt().map(|kwargs| kwargs.cast::<Dict>());
    call::call_ex(th, function, &args, kwargs)
}

/// The arguments of a `CALL_FUNCTION_EX` as a tuple and perhaps a dict.
#[inline(always)]
unsafe fn arguments_ex<'a>(
    th: Thread<'_>,
    base: *mut Word,
) -> Result<(Ref<Tuple>, Option<&'a Dict>)> {
    let args = args_tuple(th, (*base).obj(), (*base.add(2)).obj())?;
    Ok((args, (*base.add(3)).obj_opt().map(|kwargs| kwargs.cast::<Dict>())))
}

/// A frame for `f(*args, **kwargs)` of a Python function, with `self` for that
/// of a method.
#[inline(never)]
unsafe fn frame_ex(th: Thread<'_>, base: *mut Word) -> Option<*mut Frame> {
    let (args, kwargs) = arguments_ex(th, base).ok()?;
    let this = (*base.add(1)).obj_opt();
    call::frame_ex(th, (*base).dup().ptr(), this, &args, kwargs)
}

/// Make an instance of the class at `base`, which the stack keeps instead, and
/// a frame for its `__init__` with the arguments of a `CALL_FUNCTION_EX`.
#[inline(never)]
unsafe fn init_ex(th: Thread<'_>, base: *mut Word, init: Word) -> Option<*mut Frame> {
    let (args, kwargs) = arguments_ex(th, base).ok()?;
    let Some(this) = specialize::allocate(th, *base) else {
        th.no_memory();
        return None;
    };
    let class = std::mem::replace(&mut *base, this);
    let frame = call::frame_ex(th, init.dup().ptr(), Some(this.obj()), &args, kwargs);
    class.release();
    frame
}

/// Whether this is a method of a Python function.
#[inline(always)]
unsafe fn is_python_method(word: Word) -> bool {
    is_exact::<Method>(word) && is_python(Word::from_raw(word.obj().cast::<Method>().func.as_ptr()))
}

/// Arguments of a call of a native function that wants `n` of them.
#[inline(always)]
unsafe fn native_arguments(base: *mut Word, oparg: usize, n: usize) -> Option<*mut Word> {
    let (args, count) = arguments(base, oparg);
    (count == n).then_some(args)
}

/// Make an instance and enter its `__init__`, where that takes more than the
/// usual.
#[inline(always)]
pub(super) unsafe fn call_init(r: &mut Regs, th: Thread<'_>, oparg: usize) -> Flow {
    let base = r.sp.sub(oparg + 2);
    let Some(init) = specialize::init_function(r.ip, *base) else { return Flow::Miss };
    r.save();
    let Some(this) = specialize::allocate(th, *base) else { return Flow::Miss };
    let class = std::mem::replace(&mut *base, this.dup());
    *base.add(1) = this;
    r.sp = base.add(1);
    let frame = call::make_frame(th, init.dup().ptr(), base.add(1), oparg + 1, &[]);
    r.release(class);
    match frame {
        Some(frame) => specialize::enter_init(r, th, frame, 3),
        None => Flow::Error,
    }
}

/// `len()` of anything.
#[inline(always)]
pub(super) unsafe fn call_len(r: &mut Regs, th: Thread<'_>) -> Flow {
    r.save();
    let value = protocol::mapping::len(th, r.peek(1).obj());
    let value = value.and_then(|length| object::Int::from_u64(th, length as u64));
    native_result(r, th, 3, value.map_or(null_mut(), Ref::into_raw), 3)
}

/// `isinstance()` with anything.
#[inline(always)]
pub(super) unsafe fn call_isinstance(r: &mut Regs, th: Thread<'_>) -> Flow {
    r.save();
    match bridge::is_instance(th, r.peek(2).obj(), r.peek(1).obj()) {
        Ok(found) => {
            r.drop_words(4);
            r.skip(3);
            r.push_answer(found);
            Flow::Called
        }
        Err(_) => Flow::Error,
    }
}

/// `list.append()` where the list has to grow.
#[inline(always)]
pub(super) unsafe fn call_list_append(r: &mut Regs, th: Thread<'_>) -> Flow {
    r.save();
    let value = r.pop();
    let list = r.peek(1);
    if list.obj().cast::<List>().push(th, value.into_ref()).is_err() {
        return Flow::Error;
    }
    r.drop_words(2);
    r.skip(4);
    Flow::Next
}

ops! {
    fn CALL(r, th, oparg) {
        let base = r.sp.sub(oparg + 2);
        adapt!(r, specialize::call(th, r.ip, base, oparg));
        r.save();
        expand_method(r, base);
        if is_python(*base) {
            return enter_python(r, th, base, oparg, Word::NULL, 3);
        }
        let (args, n) = arguments(base, oparg);
        let value = call::vector(th, (*base).obj(), args, n, None);
        native_result(r, th, oparg + 2, value, 3)
    }

    fn CALL_PY_EXACT_ARGS(r, th, oparg) {
        let base = r.sp.sub(oparg + 2);
        if !specialize::function_matches(r.ip, *base) {
            return Flow::Miss;
        }
        call::enter_exact(r, base, oparg)
    }

    fn CALL_PY_GENERAL(r, th, oparg) {
        let base = r.sp.sub(oparg + 2);
        if !specialize::function_matches(r.ip, *base) {
            return Flow::Miss;
        }
        r.save();
        enter_python(r, th, base, oparg, Word::NULL, 3)
    }

    fn CALL_BOUND_METHOD_EXACT_ARGS(r, th, oparg) {
        let base = r.sp.sub(oparg + 2);
        if !(*base.add(1)).is_null() || !is_exact::<Method>(*base) {
            return Flow::Miss;
        }
        let function = Word::from_raw((*base).obj().cast::<Method>().func.as_ptr());
        if !specialize::function_matches(r.ip, function) {
            return Flow::Miss;
        }
        expand_method(r, base);
        call::enter_exact(r, base, oparg)
    }

    fn CALL_BOUND_METHOD_GENERAL(r, th, oparg) {
        let base = r.sp.sub(oparg + 2);
        if !(*base.add(1)).is_null() || !is_exact::<Method>(*base) {
            return Flow::Miss;
        }
        let function = Word::from_raw((*base).obj().cast::<Method>().func.as_ptr());
        if !specialize::function_matches(r.ip, function) {
            return Flow::Miss;
        }
        r.save();
        expand_method(r, base);
        enter_python(r, th, base, oparg, Word::NULL, 3)
    }

    fn CALL_NON_PY_GENERAL(r, th, oparg) {
        let base = r.sp.sub(oparg + 2);
        if is_python(*base) || is_exact::<Method>(*base) {
            return Flow::Miss;
        }
        r.save();
        let (args, n) = arguments(base, oparg);
        let value = call::vector(th, (*base).obj(), args, n, None);
        native_result(r, th, oparg + 2, value, 3)
    }

    fn CALL_BUILTIN_CLASS(r, th, oparg) { CALL_NON_PY_GENERAL(r, th, oparg) }

    fn CALL_TYPE_1(r, th, oparg) {
        let base = r.sp.sub(3);
        if oparg != 1 || !(*base.add(1)).is_null() || !specialize::is_type_type(*base) {
            return Flow::Miss;
        }
        let argument = r.peek(1);
        let ty = Word::borrow(argument.obj().ty().obj()).dup();
        r.sp = base;
        r.push(ty);
        r.release(argument);
        r.skip(3);
        Flow::Next
    }

    fn CALL_STR_1(r, th, oparg) {
        let base = r.sp.sub(3);
        if oparg != 1 || !(*base.add(1)).is_null() || !specialize::is_type::<Str>(*base) {
            return Flow::Miss;
        }
        r.save();
        let value = protocol::text::str(th, r.peek(1).obj());
        native_result(r, th, 3, value.map_or(null_mut(), Ref::into_raw), 3)
    }

    fn CALL_TUPLE_1(r, th, oparg) {
        let base = r.sp.sub(3);
        if oparg != 1 || !(*base.add(1)).is_null() || !specialize::is_type::<Tuple>(*base) {
            return Flow::Miss;
        }
        r.save();
        let value = bridge::sequence_tuple(th, r.peek(1).obj());
        native_result(r, th, 3, value.map_or(null_mut(), Ref::into_raw), 3)
    }

    fn CALL_ALLOC_AND_ENTER_INIT(r, th, oparg) {
        let base = r.sp.sub(oparg + 2);
        if !(*base.add(1)).is_null() {
            return Flow::Miss;
        }
        let Some(init) = specialize::init_function(r.ip, *base) else { return Flow::Miss };
        let code = call::code_of(init);
        if (*code).argcount as usize != oparg + 1 || !(*code).is_simple() {
            return Flow::Slow;
        }
        let class = (*base).obj().cast::<Type>();
        let Some(frame) = call::frame_at_hand(&*r.state, code) else { return Flow::Slow };
        let Some(this) = alloc_object::instance_at_hand(&*r.state, class) else {
            frame::pop_plain(&*r.state, frame);
            return Flow::Slow;
        };
        // The stack keeps the instance, which `__init__` gets as `self`. It
        // has the class, too, so that this is not the last reference.
        r.gives_up(*base);
        let this = Word::from_raw(this.as_ptr());
        *base = this.dup();
        *base.add(1) = this;
        r.sp = base.add(1);
        call::enter_at_hand(r, init, base.add(1), oparg + 1, frame, frame::ENTRY_INIT)
    }

    fn CALL_BUILTIN_O(r, th, oparg) {
        let base = r.sp.sub(oparg + 2);
        let Some(args) = native_arguments(base, oparg, 1) else { return Flow::Miss };
        let Some((function, this)) = specialize::builtin_o(*base) else { return Flow::Miss };
        r.save();
        let value = function(this, (*args).ptr());
        native_result(r, th, oparg + 2, value, 3)
    }

    fn CALL_BUILTIN_FAST(r, th, oparg) {
        let base = r.sp.sub(oparg + 2);
        let found = specialize::builtin_with(*base, abi::METH_FASTCALL);
        let Some((function, this)) = found else { return Flow::Miss };
        r.save();
        let (args, n) = arguments(base, oparg);
        let value = call::fast(function, this, args, n);
        native_result(r, th, oparg + 2, value, 3)
    }

    fn CALL_BUILTIN_FAST_WITH_KEYWORDS(r, th, oparg) {
        let base = r.sp.sub(oparg + 2);
        let found = specialize::builtin_with(*base, abi::METH_FASTCALL | abi::METH_KEYWORDS);
        let Some((function, this)) = found else { return Flow::Miss };
        r.save();
        let (args, n) = arguments(base, oparg);
        let value = call::fast_keywords(function, this, args, n);
        native_result(r, th, oparg + 2, value, 3)
    }

    fn CALL_METHOD_DESCRIPTOR_O(r, th, oparg) {
        let base = r.sp.sub(oparg + 2);
        let Some(args) = native_arguments(base, oparg, 2) else { return Flow::Miss };
        let Some(function) = specialize::method_o(*base, *args) else { return Flow::Miss };
        r.save();
        let value = function((*args).ptr(), (*args.add(1)).ptr());
        native_result(r, th, oparg + 2, value, 3)
    }

    fn CALL_METHOD_DESCRIPTOR_NOARGS(r, th, oparg) {
        let base = r.sp.sub(oparg + 2);
        let Some(args) = native_arguments(base, oparg, 1) else { return Flow::Miss };
        let Some(function) = specialize::method_noargs(*base, *args) else { return Flow::Miss };
        r.save();
        let value = function((*args).ptr(), null_mut());
        native_result(r, th, oparg + 2, value, 3)
    }

    fn CALL_METHOD_DESCRIPTOR_FAST(r, th, oparg) {
        let base = r.sp.sub(oparg + 2);
        let (args, n) = arguments(base, oparg);
        if n == 0 {
            return Flow::Miss;
        }
        let found = specialize::method_with(*base, *args, abi::METH_FASTCALL);
        let Some(function) = found else { return Flow::Miss };
        r.save();
        let value = call::fast(function, (*args).ptr(), args.add(1), n - 1);
        native_result(r, th, oparg + 2, value, 3)
    }

    fn CALL_METHOD_DESCRIPTOR_FAST_WITH_KEYWORDS(r, th, oparg) {
        let base = r.sp.sub(oparg + 2);
        let (args, n) = arguments(base, oparg);
        if n == 0 {
            return Flow::Miss;
        }
        let flags = abi::METH_FASTCALL | abi::METH_KEYWORDS;
        let Some(function) = specialize::method_with(*base, *args, flags) else {
            return Flow::Miss;
        };
        r.save();
        let value = call::fast_keywords(function, (*args).ptr(), args.add(1), n - 1);
        native_result(r, th, oparg + 2, value, 3)
    }

    fn CALL_LEN(r, th, oparg) {
        let base = r.sp.sub(oparg + 2);
        if oparg != 1 || !(*base.add(1)).is_null() || !specialize::is_len(*base) {
            return Flow::Miss;
        }
        let operand = r.peek(1);
        let Some(length) = bridge::known_length(operand) else { return Flow::Slow };
        if !object::small_int::fits(length) {
            return Flow::Slow;
        }
        let callable = *base;
        *base = Word::from_raw(object::small_int::encode_unchecked(length).as_ptr());
        r.sp = base.add(1);
        r.skip(3);
        r.finish2(operand, callable)
    }

    fn CALL_ISINSTANCE(r, th, oparg) {
        let base = r.sp.sub(oparg + 2);
        if oparg != 2 || !(*base.add(1)).is_null() || !specialize::is_isinstance(*base) {
            return Flow::Miss;
        }
        let (cls, operand, callable) = (r.peek(1), r.peek(2), *base);
        let Some(answer) = bridge::plain_instance(operand, cls) else { return Flow::Slow };
        if cls.is_last() {
            return Flow::Slow;
        }
        r.gives_up(cls);
        r.sp = base;
        r.skip(3);
        r.push_answer(answer);
        r.finish2(operand, callable)
    }

    // The POP_TOP that follows is done, too.
    fn CALL_LIST_APPEND(r, th, oparg) {
        let base = r.sp.sub(oparg + 2);
        let (callable, list) = (*base, *base.add(1));
        if oparg != 1 || list.is_null() || !is_exact::<List>(list) {
            return Flow::Miss;
        }
        if !specialize::is_list_append(callable) {
            return Flow::Miss;
        }
        let this = list.ptr().cast::<abi::PyListObject>();
        let size = (*this).ob_base.ob_size;
        if size >= (*this).allocated {
            return Flow::Slow;
        }
        *(*this).ob_item.offset(size) = r.pop().owned().ptr();
        (*this).ob_base.ob_size = size + 1;
        r.sp = base;
        r.skip(4);
        r.finish2(list, callable)
    }

    fn CALL_KW(r, th, oparg) {
        r.save();
        let base = r.sp.sub(oparg + 3);
        expand_method(r, base);
        if is_python(*base) {
            let names = r.pop();
            return enter_python(r, th, base, oparg, names, 3);
        }
        if (*base.add(1)).is_null()
            && let Some(init) = specialize::plain_init(th, *base)
        {
            return enter_init_keywords(r, th, base, oparg, init);
        }
        let (args, n) = arguments(base, oparg);
        let names = r.peek(1).obj().cast::<Tuple>();
        let value = call::vector(th, (*base).obj(), args, n, Some(names));
        native_result(r, th, oparg + 3, value, 3)
    }

    fn CALL_KW_PY(r, th, oparg) { Flow::Miss }

    fn CALL_KW_BOUND_METHOD(r, th, oparg) { Flow::Miss }

    fn CALL_KW_NON_PY(r, th, oparg) { Flow::Miss }

    fn CALL_FUNCTION_EX(r, th, oparg) {
        r.save();
        let base = r.sp.sub(4);
        if is_python_method(*base) {
            expand_method(r, base);
        }
        if is_python(*base) {
            let Some(frame) = frame_ex(th, base) else { return Flow::Error };
            r.drop_words(4);
            return r.enter(th, frame, 0);
        }
        if let Some(init) = specialize::plain_init(th, *base) {
            let Some(frame) = init_ex(th, base, init) else { return Flow::Error };
            r.drop_words(3);
            return specialize::enter_init(r, th, frame, 0);
        }
        let value = call_ex(th, base);
        native_result(r, th, 4, value, 0)
    }
}
