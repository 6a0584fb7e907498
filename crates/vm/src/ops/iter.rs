//! Iteration: `for`, and sending to iterators.
#![allow(unsafe_op_in_unsafe_fn, reason = "works on the running frame, see interp")]

use object::{
    AsObject, Obj, Protocol, Ref, Result, Thread, exceptions::types, id, raise, small_int,
};

use super::{adapt, check, check_anew, ops};
use crate::{
    async_generator,
    bridge::{self, Pair},
    exception, generator,
    interp::{Flow, Regs},
    monitoring,
    specialize::iter as specialize,
    word::Word,
};

/// What an iterator did.
pub(crate) enum Step {
    Yield(Ref),
    Return(Ref),
}

/// What an iterator that yielded nothing left behind: its end, or an exception.
#[cold]
#[inline(never)]
fn stopped(th: Thread<'_>) -> Result<()> {
    stop_is_seen(th);
    th.catch(object::Raised, types::StopIteration())
}

#[cold]
#[inline(never)]
fn not_an_iterator(th: Thread<'_>, object: Obj<'_>) {
    object::error!(th, TypeError, "'{}' object is not an iterator", object.type_name());
}

/// `next(iterator)` through the slot; `None` at the end, `Err` with an exception.
#[inline(always)]
pub(super) unsafe fn next(r: &mut Regs, th: Thread<'_>, iterator: Word) -> Result<Option<Word>> {
    let Some(slot) = iterator.obj().ty().slots().tp_iternext else {
        not_an_iterator(th, iterator.obj());
        return Err(object::Raised);
    };
    let value = Word::from_raw(slot(iterator.ptr()).cast());
    r.take_up(th);
    if !value.is_null() {
        return Ok(Some(value));
    }
    if th.is_raised() {
        stopped(th)?;
    }
    Ok(None)
}

/// Tell who monitors it of a `StopIteration` that ends a loop.
fn stop_is_seen(th: Thread<'_>) {
    if monitoring::is_active(th) && th.exception_matches(types::StopIteration()) {
        monitoring::swallowed(th);
    }
}

/// Send `value` to an iterator of any kind.
#[inline(never)]
pub(crate) fn send(th: Thread<'_>, receiver: Obj<'_>, value: Obj<'_>) -> Result<Step> {
    if let Some(step) = generator::send(th, receiver, value) {
        return step;
    }
    // Who monitors it is to see the exception that ends the wait.
    if !monitoring::is_active(th)
        && let Some(step) = async_generator::send(th, receiver, value)
    {
        return step;
    }
    let result = if value.is_none() && object::protocol::iter::is_iterator(receiver) {
        match receiver.ty().slots().tp_iternext {
            // SAFETY: the slot belongs to the receiver's type.
            Some(slot) => unsafe { Ref::from_raw(slot(receiver.as_ptr())) },
            None => None,
        }
    } else {
        receiver.call_method(th, id!(th, "send"), &[value]).ok()
    };
    if let Some(value) = result {
        return Ok(Step::Yield(value));
    }
    if !th.is_raised() {
        return Ok(Step::Return(object::types::none().own()));
    }
    stop_or_raise(th)
}

/// A `StopIteration` that is set becomes its value.
pub(crate) fn stop_or_raise(th: Thread<'_>) -> Result<Step> {
    if !th.exception_matches(types::StopIteration()) {
        return Err(object::Raised);
    }
    stop_is_seen(th);
    let exception = th.take_exception(object::Raised);
    Ok(Step::Return(exception::stop_value(exception.obj())))
}

#[inline(never)]
fn get_iter(th: Thread<'_>, object: Obj<'_>) -> Result<Ref> {
    object.iter(th)
}

#[inline(never)]
fn yield_from_iter(th: Thread<'_>, flags: i32, object: Obj<'_>) -> Result<Ref> {
    if generator::is_coroutine(object) {
        if flags & (abi::CO_COROUTINE | abi::CO_ITERABLE_COROUTINE) == 0 {
            raise!(
                th,
                TypeError,
                "cannot 'yield from' a coroutine object in a non-coroutine generator"
            );
        }
        return Ok(object.own());
    }
    if generator::is_generator(object) {
        return Ok(object.own());
    }
    object.iter(th)
}

/// Jump over the loop: its `END_FOR` needs no value, its `POP_ITER` stays.
#[inline(always)]
pub(super) unsafe fn exhausted(r: &mut Regs, oparg: usize) -> Flow {
    r.skip(1 + oparg + 1);
    Flow::Next
}

/// Push the values that the next instruction would unpack, and jump over it.
#[inline(always)]
unsafe fn push_pair(r: &mut Regs, (first, second): (Word, Word)) -> Flow {
    r.push(second);
    r.push(first);
    r.skip(3);
    Flow::Next
}

/// `FOR_ITER_PAIR` of what has none at hand.
#[inline(always)]
pub(super) unsafe fn for_pair(r: &mut Regs, th: Thread<'_>, oparg: usize) -> Flow {
    r.save();
    match check!(bridge::next_pair(th, r.peek(1))) {
        Pair::Next(pair) => push_pair(r, pair),
        Pair::End => exhausted(r, oparg),
        Pair::Made => Flow::Miss,
    }
}

ops! {
    fn GET_ITER(r, th, oparg) {
        r.save();
        let iterator = check_anew!(r, th, get_iter(th, r.peek(1).obj()));
        r.take_up(th);
        let iterable = r.peek(1);
        r.set(1, Word::from_ref(iterator));
        r.finish(iterable)
    }

    fn GET_YIELD_FROM_ITER(r, th, oparg) {
        r.save();
        let iterator = check!(yield_from_iter(th, r.code().flags, r.peek(1).obj()));
        r.replace(1, Word::from_ref(iterator));
        Flow::Next
    }

    fn FOR_ITER(r, th, oparg) {
        adapt!(r, specialize::for_iter(r.ip, r.peek(1)));
        r.save();
        match check!(next(r, th, r.peek(1))) {
            Some(value) => {
                r.skip(1);
                r.push_or_store(value)
            }
            None => exhausted(r, oparg),
        }
    }

    fn FOR_ITER_RANGE(r, th, oparg) {
        let iterator = r.peek(1);
        if !bridge::is_range_iterator(iterator) {
            return Flow::Miss;
        }
        let range = bridge::range_iterator(iterator);
        if (*range).len <= 0 {
            return exhausted(r, oparg);
        }
        let value = (*range).start;
        if !small_int::fits(value) {
            return Flow::Miss;
        }
        (*range).start = value.wrapping_add((*range).step);
        (*range).len -= 1;
        r.skip(1);
        r.push_or_store(Word::from_raw(small_int::encode_unchecked(value).as_ptr()))
    }

    fn FOR_ITER_LIST(r, th, oparg) {
        let iterator = r.peek(1);
        if !bridge::is_list_iterator(iterator) {
            return Flow::Miss;
        }
        match bridge::list_iterator_next(iterator) {
            Some(value) => {
                r.skip(1);
                r.push_or_store(value)
            }
            None => {
                exhausted(r, oparg);
                r.finish(bridge::exhaust(iterator))
            }
        }
    }

    fn FOR_ITER_TUPLE(r, th, oparg) {
        let iterator = r.peek(1);
        if !bridge::is_tuple_iterator(iterator) {
            return Flow::Miss;
        }
        match bridge::tuple_iterator_next(iterator) {
            Some(value) => {
                r.skip(1);
                r.push_or_store(value)
            }
            None => {
                exhausted(r, oparg);
                r.finish(bridge::exhaust(iterator))
            }
        }
    }

    fn FOR_ITER_PAIR(r, th, oparg) {
        if !specialize::unpacks_pair(r.ip) {
            return Flow::Miss;
        }
        match bridge::pair_at_hand(r.peek(1)) {
            Some(pair) => push_pair(r, pair),
            None => Flow::Slow,
        }
    }

    fn FOR_ITER_GEN(r, th, oparg) {
        let iterator = r.peek(1);
        generator::enter(r, iterator, Word::none(), r.sp, 1 + oparg)
    }

    fn END_FOR(r, th, oparg) {
        let value = r.pop();
        r.finish(value)
    }

    fn SEND(r, th, oparg) {
        adapt!(r, specialize::send(r.ip, r.peek(2)));
        r.save();
        let (value, receiver) = (r.peek(1), r.peek(2));
        match check!(send(th, receiver.obj(), value.obj())) {
            Step::Yield(result) => {
                r.replace(1, Word::from_ref(result));
                r.skip(1);
            }
            Step::Return(result) => {
                r.replace(1, Word::from_ref(result));
                r.skip(1 + oparg);
            }
        }
        Flow::Next
    }

    fn SEND_GEN(r, th, oparg) {
        let (value, receiver) = (r.peek(1), r.peek(2));
        generator::enter(r, receiver, value, r.sp.sub(1), 1 + oparg)
    }

    fn END_SEND(r, th, oparg) {
        let value = r.pop();
        let receiver = std::mem::replace(&mut *r.sp.sub(1), value);
        r.finish(receiver)
    }
}
