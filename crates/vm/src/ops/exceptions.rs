//! Raising, catching, and the exceptions that `with` hands to `__exit__`.
#![allow(unsafe_op_in_unsafe_fn, reason = "works on the running frame, see interp")]

use object::{Int, Obj, Protocol, Ref, Result, Thread, Type, raise, types};

use super::{check, ops};
use crate::{exc_state, exception, frame::Frame, interp::Flow, word::Word};

#[inline(never)]
unsafe fn with_except_start(th: Thread<'_>, sp: *mut Word) -> Result<Ref> {
    let exception = (*sp.sub(1)).obj();
    let (this, function) = ((*sp.sub(4)), (*sp.sub(5)).obj());
    let ty = object::AsObject::obj(exception.ty());
    let traceback = exception::traceback(exception).unwrap_or_else(|| types::none().own());
    let traceback = object::AsObject::obj(&traceback);
    if this.is_null() {
        return function.call(th, &[ty, exception, traceback]);
    }
    function.call(th, &[this.obj(), ty, exception, traceback])
}

/// Whether something may stand behind `except`.
fn check_type(th: Thread<'_>, kind: Obj<'_>) -> Result<()> {
    let is_class = |object: Obj<'_>| {
        object
            .downcast::<Type>()
            .is_some_and(|ty| ty.flags() & abi::Py_TPFLAGS_BASE_EXC_SUBCLASS != 0)
    };
    let fine = match kind.downcast::<object::Tuple>() {
        Some(tuple) => tuple.items().iter().all(|item| is_class(*item)),
        None => is_class(kind),
    };
    if !fine {
        raise!(
            th,
            TypeError,
            "catching classes that do not inherit from BaseException is not allowed"
        );
    }
    Ok(())
}

fn check_group_type(th: Thread<'_>, kind: Obj<'_>) -> Result<()> {
    check_type(th, kind)?;
    let group = object::exceptions::types::BaseExceptionGroup();
    let is_group =
        |object: Obj<'_>| object.downcast::<Type>().is_some_and(|ty| ty.is_subtype(group));
    let bad = match kind.downcast::<object::Tuple>() {
        Some(tuple) => tuple.items().iter().any(|item| is_group(*item)),
        None => is_group(kind),
    };
    if bad {
        raise!(
            th,
            TypeError,
            "catching ExceptionGroup with except* is not allowed. Use except instead."
        );
    }
    Ok(())
}

#[inline(never)]
fn matches(th: Thread<'_>, exception: Obj<'_>, kind: Obj<'_>) -> Result<bool> {
    if let Some(ty) = kind.downcast::<Type>()
        && ty.flags() & abi::Py_TPFLAGS_BASE_EXC_SUBCLASS != 0
    {
        return Ok(exception.ty().is_subtype(ty));
    }
    check_type(th, kind)?;
    Ok(exception::matches(exception, kind))
}

#[inline(never)]
fn split_group(th: Thread<'_>, exception: Obj<'_>, kind: Obj<'_>) -> Result<(Ref, Ref)> {
    check_group_type(th, kind)?;
    exception::group_match(th, exception, kind)
}

/// `raise`: with nothing, an exception, or an exception and its cause.
#[inline(never)]
unsafe fn raise_statement(th: Thread<'_>, args: *mut Word, n: usize) -> Flow {
    match n {
        0 => match exc_state::handled(th) {
            Some(exception) => {
                th.restore(exception);
                return Flow::Reraise;
            }
            None => {
                object::error!(th, RuntimeError, "No active exception to reraise");
            }
        },
        1 => {
            let _ = exception::raise(th, (*args).obj(), None);
        }
        _ => {
            let _ = exception::raise(th, (*args).obj(), Some((*args.add(1)).obj()));
        }
    }
    Flow::Error
}

ops! {
    fn PUSH_EXC_INFO(r, th, oparg) {
        let exception = r.pop();
        let info = exc_state::top(th.state());
        let previous = Word::from_raw(std::mem::replace(&mut (*info).exc_value, exception.dup().ptr()));
        r.push(if previous.is_null() { Word::none() } else { previous });
        r.push(exception);
        Flow::Next
    }

    fn POP_EXCEPT(r, th, oparg) {
        let previous = r.pop().owned();
        let info = exc_state::top(th.state());
        let value = if previous.is(types::none()) { std::ptr::null_mut() } else { previous.ptr() };
        let old = std::mem::replace(&mut (*info).exc_value, value);
        r.release_opt(Word::from_raw(old));
        Flow::Next
    }

    fn CHECK_EXC_MATCH(r, th, oparg) {
        r.save();
        let found = check!(matches(th, r.peek(2).obj(), r.peek(1).obj()));
        r.replace(1, Word::bool_(found));
        Flow::Next
    }

    fn CHECK_EG_MATCH(r, th, oparg) {
        r.save();
        let (rest, matched) = check!(split_group(th, r.peek(2).obj(), r.peek(1).obj()));
        r.drop_words(2);
        if !object::AsObject::obj(&matched).is_none() {
            exc_state::set_handled(th, Some(matched.clone()));
        }
        r.push(Word::from_ref(rest));
        r.push(Word::from_ref(matched));
        Flow::Next
    }

    fn RAISE_VARARGS(r, th, oparg) {
        r.save();
        raise_statement(th, r.sp.sub(oparg), oparg)
    }

    fn RERAISE(r, th, oparg) {
        r.save();
        if oparg != 0 {
            let lasti = r.peek(oparg + 1).obj();
            if let Some(offset) = Int::to_i64(lasti) {
                let base = Frame::code(r.frame).units();
                (*r.frame).ip = base.offset(offset as isize + 1);
            }
        }
        let exception = r.pop();
        th.restore(exception.into_ref());
        Flow::Reraise
    }

    fn CLEANUP_THROW(r, th, oparg) {
        r.save();
        let exception = r.peek(1);
        if !exception.obj().ty().is_subtype(object::exceptions::types::StopIteration()) {
            th.restore(r.pop().into_ref());
            return Flow::Reraise;
        }
        let value = exception::stop_value(exception.obj());
        r.drop_words(3);
        r.push(Word::none());
        r.push(Word::from_ref(value));
        Flow::Next
    }

    fn END_ASYNC_FOR(r, th, oparg) {
        r.save();
        let exception = r.peek(1);
        if !exception.obj().ty().is_subtype(object::exceptions::types::StopAsyncIteration()) {
            th.restore(r.pop().into_ref());
            return Flow::Reraise;
        }
        r.drop_words(2);
        Flow::Next
    }

    fn WITH_EXCEPT_START(r, th, oparg) {
        r.save();
        let value = check!(with_except_start(th, r.sp));
        r.push(Word::from_ref(value));
        Flow::Next
    }
}
