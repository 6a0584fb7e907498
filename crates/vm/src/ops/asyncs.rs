//! `await` and asynchronous iteration.
#![allow(unsafe_op_in_unsafe_fn, reason = "works on the running frame, see interp")]

use object::{AsObject, Obj, Ref, Result, Thread, error, exceptions::types, raise};

use super::{check, ops};
use crate::{exception, frame::Frame, generator, interp::Flow, word::Word};

#[inline(never)]
fn async_iter(th: Thread<'_>, object: Obj<'_>) -> Result<Ref> {
    let ty = object.ty();
    let Some(slot) = ty.async_().and_then(|slots| slots.am_aiter) else {
        raise!(
            th,
            TypeError,
            "'async for' requires an object with __aiter__ method, got {}",
            ty.full_name()
        );
    };
    // SAFETY: the slot belongs to the object's type.
    let Some(iterator) = (unsafe { Ref::from_raw(slot(object.as_ptr())) }) else {
        return Err(object::Raised);
    };
    if iterator.obj().ty().async_().and_then(|slots| slots.am_anext).is_none() {
        raise!(
            th,
            TypeError,
            "'async for' received an object from __aiter__ that does not implement __anext__: {}",
            iterator.obj().type_name()
        );
    }
    Ok(iterator)
}

#[inline(never)]
fn async_next(th: Thread<'_>, iterator: Obj<'_>) -> Result<Ref> {
    let ty = iterator.ty();
    let Some(slot) = ty.async_().and_then(|slots| slots.am_anext) else {
        raise!(
            th,
            TypeError,
            "'async for' requires an iterator with __anext__ method, got {}",
            ty.full_name()
        );
    };
    // SAFETY: the slot belongs to the iterator's type.
    let Some(next) = (unsafe { Ref::from_raw(slot(iterator.as_ptr())) }) else {
        return Err(object::Raised);
    };
    if crate::async_generator::is_async_generator(iterator) {
        return Ok(next);
    }
    match generator::awaitable_iter(th, next.obj()) {
        Ok(awaitable) => Ok(awaitable),
        Err(raised) => {
            let cause = th.take_exception(raised);
            error!(
                th,
                TypeError,
                "'async for' received an invalid object from __anext__: {}",
                next.obj().type_name()
            );
            let exception = th.take_exception(object::Raised);
            exception::set_cause(exception.obj(), Some(cause.clone()));
            exception::set_context(exception.obj(), Some(cause));
            Err(th.restore(exception))
        }
    }
}

/// What `await` drives; `why` says which statement waits.
#[inline(never)]
unsafe fn awaitable(th: Thread<'_>, frame: *mut Frame, object: Obj<'_>, why: usize) -> Result<Ref> {
    let _ = frame;
    match generator::awaitable_iter(th, object) {
        Ok(awaitable) => {
            if generator::is_coroutine(awaitable.obj())
                && generator::awaited(awaitable.obj()).is_some()
            {
                raise!(th, RuntimeError, "coroutine is being awaited already");
            }
            Ok(awaitable)
        }
        Err(raised) => {
            let ty = object.ty();
            let missing = ty.async_().and_then(|slots| slots.am_await).is_none();
            let method = match why {
                1 => "__aenter__",
                2 => "__aexit__",
                _ => return Err(raised),
            };
            if !missing || !th.exception_matches(types::TypeError()) {
                return Err(raised);
            }
            th.clear_exception(raised);
            raise!(
                th,
                TypeError,
                "'async with' received an object from {method} that does not implement __await__: {}",
                ty.full_name()
            );
        }
    }
}

ops! {
    fn GET_AITER(r, th, oparg) {
        r.save();
        let iterator = check!(async_iter(th, r.peek(1).obj()));
        r.replace(1, Word::from_ref(iterator));
        Flow::Next
    }

    fn GET_ANEXT(r, th, oparg) {
        r.save();
        let next = check!(async_next(th, r.peek(1).obj()));
        r.push(Word::from_ref(next));
        Flow::Next
    }

    fn GET_AWAITABLE(r, th, oparg) {
        r.save();
        let iterator = check!(awaitable(th, r.frame, r.peek(1).obj(), oparg));
        r.replace(1, Word::from_ref(iterator));
        Flow::Next
    }
}
