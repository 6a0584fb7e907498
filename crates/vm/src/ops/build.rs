//! Building and unpacking containers.
#![allow(unsafe_op_in_unsafe_fn, reason = "works on the running frame, see interp")]

use object::{
    AsObject, Dict, List, Obj, Protocol, PyStruct, Ref, Result, Thread, Tuple, Type,
    exceptions::types, protocol, raise, types::dict::OnDuplicate,
};

use super::{adapt, check, ops};
use crate::{
    bridge,
    frame::{few, is_exact},
    interp::{Flow, Regs},
    specialize::sequence as specialize,
    word::Word,
};

/// The words stay where they are, taken over only if the tuple is made.
#[inline(never)]
unsafe fn build_tuple(th: Thread<'_>, first: *mut Word, n: usize) -> Result<Ref<Tuple>> {
    Tuple::from_fn(th, n, |i| Some((*first.add(i)).owned().ptr()))
}

/// As `build_tuple`.
#[inline(never)]
unsafe fn build_list(th: Thread<'_>, first: *mut Word, n: usize) -> Result<Ref<List>> {
    List::from_fn(th, n, |i| (*first.add(i)).owned().ptr())
}

#[inline(never)]
unsafe fn build_map(th: Thread<'_>, first: *mut Word, n: usize) -> Result<Ref<Dict>> {
    let dict = Dict::new(th)?;
    for i in 0..n {
        let (key, value) = (*first.add(2 * i), *first.add(2 * i + 1));
        dict.set(th, key.obj(), value.obj())?;
    }
    Ok(dict)
}

#[inline(never)]
unsafe fn build_set(th: Thread<'_>, first: *mut Word, n: usize) -> Result<Ref> {
    let set = bridge::new_set(th)?;
    for i in 0..n {
        bridge::set_add(th, set.obj(), (*first.add(i)).obj())?;
    }
    Ok(set)
}

#[inline(never)]
fn list_extend(th: Thread<'_>, list: &List, iterable: Obj<'_>) -> Result<()> {
    let Err(raised) = bridge::list_extend(th, list, iterable) else { return Ok(()) };
    let ty = iterable.ty();
    if th.exception_matches(types::TypeError())
        && ty.slots().tp_iter.is_none()
        && !protocol::mapping::is_sequence(iterable)
    {
        th.clear_exception(raised);
        raise!(th, TypeError, "Value after * must be an iterable, not {}", ty.full_name());
    }
    Err(raised)
}

#[inline(never)]
fn dict_update(th: Thread<'_>, dict: &Dict, update: Obj<'_>) -> Result<()> {
    let Err(raised) = bridge::dict_update(th, dict, update) else { return Ok(()) };
    if th.exception_matches(types::AttributeError()) {
        th.clear_exception(raised);
        raise!(th, TypeError, "'{}' object is not a mapping", update.type_name());
    }
    Err(raised)
}

/// `f(**update)`: merge into the keyword arguments of the call of `function`.
#[inline(never)]
fn dict_merge(th: Thread<'_>, function: Obj<'_>, dict: &Dict, update: Obj<'_>) -> Result<()> {
    let describe = || bridge::function_text(th, function);
    if let Some(other) = update.downcast::<Dict>()
        && other.iterates_plainly()
    {
        if dict.is_empty() {
            return dict.merge_dict(th, other, OnDuplicate::Override);
        }
        let mut position = 0;
        while let Some((key, value)) = other.next_entry(&mut position) {
            merge_one(th, dict, key.obj(), value.obj(), &describe)?;
        }
        return Ok(());
    }
    let keys = match update.getattr_opt(th, object::id!(th, "keys"))? {
        Some(keys) => keys.call(th, &[])?,
        None => {
            let text = describe()?;
            raise!(
                th,
                TypeError,
                "{text} argument after ** must be a mapping, not {}",
                update.type_name()
            )
        }
    };
    let iterator = keys.iter(th)?;
    while let Some(key) = iterator.next(th)? {
        let value = update.get_item(th, key.obj())?;
        merge_one(th, dict, key.obj(), value.obj(), &describe)?;
    }
    Ok(())
}

fn merge_one(
    th: Thread<'_>,
    dict: &Dict,
    key: Obj<'_>,
    value: Obj<'_>,
    describe: &dyn Fn() -> Result<String>,
) -> Result<()> {
    if dict.get(th, key)?.is_some() {
        let text = describe()?;
        let name = key.str(th)?;
        raise!(th, TypeError, "{text} got multiple values for keyword argument '{}'", &*name);
    }
    dict.set(th, key, value)
}

#[cold]
#[inline(never)]
fn wrong_length(th: Thread<'_>, expected: usize, got: usize) {
    if got < expected {
        object::error!(
            th,
            ValueError,
            "not enough values to unpack (expected {expected}, got {got})"
        );
    } else {
        object::error!(
            th,
            ValueError,
            "too many values to unpack (expected {expected}, got {got})"
        );
    }
}

/// Whether a subtype of `tuple` has the iterator of its base. PERF: named tuples.
fn iterates_as_tuple(ty: &Type) -> bool {
    let slot = |ty: &Type| ty.slots().tp_iter.map(|slot| slot as usize);
    slot(ty) == slot(Tuple::type_object())
}

/// Unpack a list or tuple into `before` values, a list and `after` more, as [`unpack`]
/// does; `None` if it is something else or too short.
unsafe fn unpack_sequence(
    th: Thread<'_>,
    object: Obj<'_>,
    before: usize,
    after: usize,
    top: *mut Word,
) -> Option<Result<()>> {
    let items = match (object.downcast_exact::<List>(), object.downcast_exact::<Tuple>()) {
        // SAFETY: allocating runs no code, and nothing else changes the list meanwhile.
        (Some(list), _) => unsafe { list.items() },
        (_, Some(tuple)) => tuple.items(),
        _ => return None,
    };
    let middle = items.len().checked_sub(after)?;
    let rest = match List::from_objs(th, items.get(before..middle)?) {
        Ok(rest) => Word::from_ref(rest),
        Err(raised) => return Some(Err(raised)),
    };
    let copy = |item: &Obj<'_>| Word::from_ref(item.own());
    let (head, tail) = (items.iter().take(before), items.iter().skip(middle));
    let words = head.map(copy).chain([rest]).chain(tail.map(copy));
    for (i, word) in words.enumerate() {
        *top.sub(i + 1) = word;
    }
    Some(Ok(()))
}

/// Unpack into `before` values, and with `after` a list and that many more; the
/// first value ends up highest below `top`. Nothing is written on error.
#[inline(never)]
unsafe fn unpack(
    th: Thread<'_>,
    object: Obj<'_>,
    before: usize,
    after: Option<usize>,
    top: *mut Word,
) -> Result<()> {
    if let Some(after) = after
        && let Some(result) = unpack_sequence(th, object, before, after, top)
    {
        return result;
    }
    let ty = object.ty();
    let iterator = match object.iter(th) {
        Ok(iterator) => iterator,
        Err(raised) => {
            if th.exception_matches(types::TypeError())
                && ty.slots().tp_iter.is_none()
                && !protocol::mapping::is_sequence(object)
            {
                th.clear_exception(raised);
                raise!(th, TypeError, "cannot unpack non-iterable {} object", ty.full_name());
            }
            return Err(raised);
        }
    };
    let mut values: Vec<Ref> = Vec::with_capacity(before);
    for i in 0..before {
        match iterator.next(th)? {
            Some(value) => values.push(value),
            None => match after {
                None => {
                    raise!(
                        th,
                        ValueError,
                        "not enough values to unpack (expected {before}, got {i})"
                    )
                }
                Some(after) => raise!(
                    th,
                    ValueError,
                    "not enough values to unpack (expected at least {}, got {i})",
                    before + after
                ),
            },
        }
    }
    let Some(after) = after else {
        if iterator.next(th)?.is_some() {
            if object.is_exact::<List>() || object.is_exact::<Tuple>() || object.is_exact::<Dict>()
            {
                let got = protocol::mapping::len(th, object)?;
                if got > before {
                    wrong_length(th, before, got);
                    return Err(object::Raised);
                }
            }
            raise!(th, ValueError, "too many values to unpack (expected {before})");
        }
        drop(iterator);
        place(values, top);
        return Ok(());
    };
    let mut rest = protocol::iter::collect(th, iterator.obj())?;
    if rest.len() < after {
        raise!(
            th,
            ValueError,
            "not enough values to unpack (expected at least {}, got {})",
            before + after,
            before + rest.len()
        );
    }
    let tail = rest.split_off(rest.len() - after);
    values.push(List::from_refs(th, rest)?.upcast());
    values.extend(tail);
    drop(iterator);
    place(values, top);
    Ok(())
}

unsafe fn place(values: Vec<Ref>, top: *mut Word) {
    for (i, value) in values.into_iter().enumerate() {
        *top.sub(i + 1) = Word::from_ref(value);
    }
}

/// Pop the sequence and push copies of its items, the first on top.
#[inline(always)]
unsafe fn unpack_items(r: &mut Regs, items: *const *mut abi::PyObject, n: usize) -> Flow {
    let sequence = r.pop();
    let first = items.cast::<Word>().cast_mut();
    let mut item = first.add(n);
    while item != first {
        item = few(item.sub(1));
        r.push((*item).dup());
    }
    r.skip(1);
    r.finish(sequence)
}

/// `LIST_APPEND` where the list has to grow.
#[inline(always)]
pub(super) unsafe fn list_append(r: &mut Regs, th: Thread<'_>, oparg: usize) -> Flow {
    r.save();
    let value = r.pop();
    let list = r.peek(oparg).obj().cast::<List>();
    check!(list.push(th, value.into_ref()));
    Flow::Next
}

ops! {
    fn BUILD_TUPLE(r, th, oparg) {
        r.save();
        let value = check!(build_tuple(th, r.sp.sub(oparg), oparg));
        r.sp = r.sp.sub(oparg);
        r.push(Word::from_ref(value));
        Flow::Next
    }

    fn BUILD_LIST(r, th, oparg) {
        r.save();
        let value = check!(build_list(th, r.sp.sub(oparg), oparg));
        r.sp = r.sp.sub(oparg);
        r.push(Word::from_ref(value));
        Flow::Next
    }

    fn BUILD_MAP(r, th, oparg) {
        r.save();
        let value = check!(build_map(th, r.sp.sub(2 * oparg), oparg));
        r.replace(2 * oparg, Word::from_ref(value));
        Flow::Next
    }

    fn BUILD_SET(r, th, oparg) {
        r.save();
        let value = check!(build_set(th, r.sp.sub(oparg), oparg));
        r.replace(oparg, Word::from_ref(value));
        Flow::Next
    }

    fn BUILD_SLICE(r, th, oparg) {
        r.save();
        let first = r.sp.sub(oparg);
        let step = if oparg == 3 { (*first.add(2)).obj() } else { object::types::none() };
        let value = check!(bridge::slice(th, (*first).obj(), (*first.add(1)).obj(), step));
        r.replace(oparg, Word::from_ref(value));
        Flow::Next
    }

    fn LIST_APPEND(r, th, oparg) {
        let list = r.peek(oparg + 1).ptr().cast::<abi::PyListObject>();
        let size = (*list).ob_base.ob_size;
        if size >= (*list).allocated {
            return Flow::Slow;
        }
        let value = r.pop().owned();
        *(*list).ob_item.offset(size) = value.ptr();
        (*list).ob_base.ob_size = size + 1;
        Flow::Next
    }

    fn LIST_EXTEND(r, th, oparg) {
        r.save();
        let list = r.peek(oparg + 1).obj().cast::<List>();
        check!(list_extend(th, list, r.peek(1).obj()));
        r.drop_words(1);
        Flow::Next
    }

    fn SET_ADD(r, th, oparg) {
        r.save();
        check!(bridge::set_add(th, r.peek(oparg + 1).obj(), r.peek(1).obj()));
        r.drop_words(1);
        Flow::Next
    }

    fn SET_UPDATE(r, th, oparg) {
        r.save();
        check!(bridge::set_update(th, r.peek(oparg + 1).obj(), r.peek(1).obj()));
        r.drop_words(1);
        Flow::Next
    }

    fn MAP_ADD(r, th, oparg) {
        r.save();
        let dict = r.peek(oparg + 2).obj().cast::<Dict>();
        check!(dict.set(th, r.peek(2).obj(), r.peek(1).obj()));
        r.drop_words(2);
        Flow::Next
    }

    fn DICT_UPDATE(r, th, oparg) {
        r.save();
        let dict = r.peek(oparg + 1).obj().cast::<Dict>();
        check!(dict_update(th, dict, r.peek(1).obj()));
        r.drop_words(1);
        Flow::Next
    }

    fn DICT_MERGE(r, th, oparg) {
        r.save();
        let dict = r.peek(oparg + 1).obj().cast::<Dict>();
        let function = r.peek(oparg + 4).obj();
        check!(dict_merge(th, function, dict, r.peek(1).obj()));
        r.drop_words(1);
        Flow::Next
    }

    fn UNPACK_SEQUENCE(r, th, oparg) {
        adapt!(r, specialize::unpack(r.ip, oparg, r.peek(1)));
        r.save();
        let sequence = r.peek(1);
        if let Some(tuple) = sequence.obj().downcast::<Tuple>()
            && iterates_as_tuple(sequence.obj().ty())
            && tuple.items().len() == oparg
        {
            return unpack_items(r, tuple.items().as_ptr().cast(), oparg);
        }
        // The values replace the sequence: a generator has no room above its stack size.
        let top = r.sp.sub(1).add(oparg);
        check!(unpack(th, sequence.obj(), oparg, None, top));
        r.sp = top;
        r.release(sequence);
        r.skip(1);
        Flow::Next
    }

    fn UNPACK_SEQUENCE_TWO_TUPLE(r, th, oparg) {
        let word = r.peek(1);
        if !is_exact::<Tuple>(word) {
            return Flow::Miss;
        }
        let items = word.obj().cast::<Tuple>().items();
        if items.len() != 2 {
            return Flow::Miss;
        }
        unpack_items(r, items.as_ptr().cast(), 2)
    }

    fn UNPACK_SEQUENCE_TUPLE(r, th, oparg) {
        let word = r.peek(1);
        if !is_exact::<Tuple>(word) {
            return Flow::Miss;
        }
        let items = word.obj().cast::<Tuple>().items();
        if items.len() != oparg {
            return Flow::Miss;
        }
        unpack_items(r, items.as_ptr().cast(), oparg)
    }

    fn UNPACK_SEQUENCE_LIST(r, th, oparg) {
        let word = r.peek(1);
        if !is_exact::<List>(word) {
            return Flow::Miss;
        }
        let list = word.ptr().cast::<abi::PyListObject>();
        if (*list).ob_base.ob_size != oparg as isize {
            return Flow::Miss;
        }
        unpack_items(r, (*list).ob_item, oparg)
    }

    fn UNPACK_EX(r, th, oparg) {
        r.save();
        let (before, after) = (oparg & 0xFF, oparg >> 8);
        let total = before + after + 1;
        let sequence = r.peek(1);
        let top = r.sp.sub(1).add(total);
        check!(unpack(th, sequence.obj(), before, Some(after), top));
        r.sp = top;
        r.release(sequence);
        Flow::Next
    }
}
