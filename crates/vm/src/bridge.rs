//! What the interpreter needs of particular builtin types, in one place.
#![allow(unsafe_op_in_unsafe_fn, reason = "casts of objects whose type was checked")]

use object::{
    AsObject, Dict, List, Obj, Protocol, PyStruct, Ref, Result, Str, Thread, Tuple, Type, error,
    id, protocol, raise,
    types::{
        FrozenSet, Set, Slice,
        dict::ItemIterator,
        enumerate::Enumerate,
        iter::list::ListIterator,
        iter::tuple::TupleIterator,
        range::RangeIterator,
        super_,
        zip::{self, Zip},
    },
};

use crate::{frame::is_exact, word::Word};

pub(crate) fn slice(
    th: Thread<'_>,
    start: Obj<'_>,
    stop: Obj<'_>,
    step: Obj<'_>,
) -> Result<Ref<Slice>> {
    Slice::new(th, start, stop, step)
}

pub(crate) fn new_set(th: Thread<'_>) -> Result<Ref> {
    Set::new(th).map(Ref::upcast)
}

pub(crate) fn set_add(th: Thread<'_>, set: Obj<'_>, item: Obj<'_>) -> Result<()> {
    match set.downcast::<Set>() {
        Some(set) => set.add(th, item).map(drop),
        None => raise!(th, TypeError, "'{}' object is not a set", set.type_name()),
    }
}

pub(crate) fn set_update(th: Thread<'_>, set: Obj<'_>, items: Obj<'_>) -> Result<()> {
    match set.downcast::<Set>() {
        Some(set) => set.update(th, items),
        None => raise!(th, TypeError, "'{}' object is not a set", set.type_name()),
    }
}

#[inline(always)]
pub(crate) unsafe fn is_set(word: Word) -> bool {
    is_exact::<Set>(word) || is_exact::<FrozenSet>(word)
}

#[inline(never)]
pub(crate) fn set_contains(th: Thread<'_>, set: Obj<'_>, item: Obj<'_>) -> Result<bool> {
    if let Some(set) = set.downcast_exact::<Set>() {
        return set.contains(th, item);
    }
    if let Some(set) = set.downcast_exact::<FrozenSet>() {
        return set.contains(th, item);
    }
    protocol::mapping::contains(th, set, item)
}

pub(crate) fn list_extend(th: Thread<'_>, list: &List, iterable: Obj<'_>) -> Result<()> {
    list.extend(th, iterable)
}

pub(crate) fn dict_update(th: Thread<'_>, dict: &Dict, other: Obj<'_>) -> Result<()> {
    if other.downcast::<Dict>().is_none() {
        // A missing `keys` must show as such.
        other.getattr(th, id!(th, "keys"))?;
    }
    dict.update(th, other)
}

#[inline(never)]
pub(crate) fn dict_item(th: Thread<'_>, dict: &Dict, key: Obj<'_>) -> Result<Ref> {
    match dict.get(th, key)? {
        Some(value) => Ok(value),
        None => Err(object::types::dict::key_error(th, key)),
    }
}

/// Whether the instances of a type are subscripted, assigned to and searched as
/// dicts are.
pub(crate) fn is_dict_like(ty: &Type) -> bool {
    let slots = |ty: &Type| {
        let mapping = ty.mapping()?;
        let (get, set) = (mapping.mp_subscript? as usize, mapping.mp_ass_subscript? as usize);
        Some((get, set, ty.sequence()?.sq_contains? as usize))
    };
    ty.flags() & abi::Py_TPFLAGS_DICT_SUBCLASS != 0 && slots(ty) == slots(Dict::type_object())
}

#[inline(never)]
pub(crate) fn dict_contains(th: Thread<'_>, dict: &Dict, key: Obj<'_>) -> Result<bool> {
    dict.contains(th, key)
}

fn as_str(object: Obj<'_>) -> Option<&Str> {
    object.downcast::<Str>()
}

#[inline(never)]
pub(crate) fn concat_str(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<Ref> {
    match (as_str(a), as_str(b)) {
        (Some(a), Some(b)) => a.concat(th, b).map(Ref::upcast),
        _ => Err(error!(th, SystemError, "concatenation of what is not a string")),
    }
}

#[inline(never)]
pub(crate) fn append_str(th: Thread<'_>, a: Ref, b: Obj<'_>) -> Result<Ref> {
    match (a.downcast::<Str>(), as_str(b)) {
        (Ok(a), Some(b)) => Str::append(th, a, b).map(Ref::upcast),
        _ => Err(error!(th, SystemError, "concatenation of what is not a string")),
    }
}

#[inline(never)]
pub(crate) fn join_str(th: Thread<'_>, pieces: &[Obj<'_>]) -> Result<Ref> {
    Str::concat_items(th, pieces).map(Ref::upcast)
}

/// A character of a string that is ASCII, if the index is in range.
#[inline(always)]
pub(crate) unsafe fn ascii_item(text: Word, index: i64) -> Option<Word> {
    let bytes = text.obj().cast::<Str>().as_ascii()?.as_bytes();
    let index = if index < 0 { index + bytes.len() as i64 } else { index };
    let byte = *bytes.get(usize::try_from(index).ok()?)?;
    Some(Word::immortal(object::types::str::latin1(byte).obj()))
}

/// A character of a string; `None` if the index is out of range.
#[inline(never)]
pub(crate) fn str_item(th: Thread<'_>, text: Obj<'_>, index: i64) -> Option<Ref> {
    let text = as_str(text)?;
    let index = if index < 0 { index + text.len() as i64 } else { index };
    let code = text.get(usize::try_from(index).ok()?)?;
    match Str::from_char(th, code) {
        Ok(value) => Some(value.upcast()),
        Err(raised) => {
            th.clear_exception(raised);
            None
        }
    }
}

#[inline(always)]
pub(crate) fn str_equal(a: &Str, b: &Str) -> bool {
    std::ptr::eq(a, b) || a.eq(b)
}

/// The order of two ints of any size.
#[inline(never)]
pub(crate) fn compare_ints(a: Obj<'_>, b: Obj<'_>) -> std::cmp::Ordering {
    object::Int::compare(a, b)
}

#[inline(always)]
pub(crate) unsafe fn is_range_iterator(word: Word) -> bool {
    is_exact::<RangeIterator>(word)
}

/// The fields of a range iterator.
#[inline(always)]
pub(crate) unsafe fn range_iterator(word: Word) -> *mut abi::_PyRangeIterObject {
    word.ptr().cast()
}

#[inline(always)]
pub(crate) unsafe fn is_list_iterator(word: Word) -> bool {
    is_exact::<ListIterator>(word)
}

/// The next item; `None` at the end.
#[inline(always)]
pub(crate) unsafe fn list_iterator_next(word: Word) -> Option<Word> {
    let this = word.ptr().cast::<abi::_PyListIterObject>();
    let list = (*this).it_seq.cast::<abi::PyListObject>();
    let index = (*this).it_index;
    if list.is_null() || index >= (*list).ob_base.ob_size {
        return None;
    }
    (*this).it_index = index + 1;
    Some(Word::from_raw(*(*list).ob_item.offset(index)).dup())
}

#[inline(always)]
pub(crate) unsafe fn is_tuple_iterator(word: Word) -> bool {
    is_exact::<TupleIterator>(word)
}

/// Whether pairs of this iterator need not be made to be unpacked.
pub(crate) unsafe fn yields_pairs(word: Word) -> bool {
    is_exact::<ItemIterator>(word)
        || is_exact::<Enumerate>(word)
        || is_exact::<Zip>(word) && word.obj().cast::<Zip>().two().is_some()
}

/// The next pair of an iterator that has it at hand: of a dict's items, an enumerated list, two
/// lists in step.
#[inline(always)]
pub(crate) unsafe fn pair_at_hand(word: Word) -> Option<(Word, Word)> {
    if is_exact::<ItemIterator>(word) {
        let (key, value) = word.obj().cast::<ItemIterator>().pair_at_hand()?;
        return Some((Word::from_ref(key), Word::from_ref(value)));
    }
    if is_exact::<Enumerate>(word) {
        let enumerate = word.obj().cast::<Enumerate>();
        let items = Word::borrow(enumerate.iterator());
        if !has_list_item(items) {
            return None;
        }
        let count = Word::from_raw(enumerate.count_at_hand()?.as_ptr());
        return Some((count, list_iterator_next(items)?));
    }
    if !is_exact::<Zip>(word) {
        return None;
    }
    let (first, second) = word.obj().cast::<Zip>().two()?;
    let (first, second) = (Word::borrow(first), Word::borrow(second));
    // One iterator twice need not have two items.
    if first == second || !has_list_item(first) || !has_list_item(second) {
        return None;
    }
    Some((list_iterator_next(first)?, list_iterator_next(second)?))
}

/// Whether this is an iterator over a list that is not at its end.
#[inline(always)]
unsafe fn has_list_item(word: Word) -> bool {
    if !is_list_iterator(word) {
        return false;
    }
    let this = word.ptr().cast::<abi::_PyListIterObject>();
    let list = (*this).it_seq.cast::<abi::PyListObject>();
    !list.is_null() && (*this).it_index < (*list).ob_base.ob_size
}

/// The next pair of an iterator.
pub(crate) unsafe fn next_pair(th: Thread<'_>, word: Word) -> Result<Pair> {
    let next = if is_exact::<ItemIterator>(word) {
        word.obj().cast::<ItemIterator>().next_pair(th)
    } else if is_exact::<Enumerate>(word) {
        word.obj().cast::<Enumerate>().next_pair(th)
    } else if is_exact::<Zip>(word)
        && let Some(two) = word.obj().cast::<Zip>().two()
    {
        zip::next_of_two(th, two)
    } else {
        return Ok(Pair::Made);
    };
    let pair = |(first, second)| Pair::Next((Word::from_ref(first), Word::from_ref(second)));
    Ok(next?.map_or(Pair::End, pair))
}

/// What [`next_pair`] answers.
pub(crate) enum Pair {
    Next((Word, Word)),
    /// The iterator is exhausted.
    End,
    /// It yields objects.
    Made,
}

/// What an exhausted iterator over a list or tuple gives up.
#[inline(always)]
pub(crate) unsafe fn exhaust(word: Word) -> Word {
    // Both kinds have the same layout.
    let this = word.ptr().cast::<abi::_PyListIterObject>();
    let sequence = std::mem::replace(&mut (*this).it_seq, std::ptr::null_mut());
    if sequence.is_null() { Word::NULL } else { Word::from_raw(sequence.cast()) }
}

/// The next item; `None` at the end.
#[inline(always)]
pub(crate) unsafe fn tuple_iterator_next(word: Word) -> Option<Word> {
    let this = word.ptr().cast::<abi::_PyTupleIterObject>();
    let tuple = (*this).it_seq.cast::<Tuple>();
    let index = (*this).it_index;
    if tuple.is_null() || index >= (*tuple).len() as isize {
        return None;
    }
    (*this).it_index = index + 1;
    let items: *const *mut abi::PyObject = (*tuple).items().as_ptr().cast();
    Some(Word::from_raw(*items.offset(index)).dup())
}

#[inline(never)]
pub(crate) fn sequence_tuple(th: Thread<'_>, object: Obj<'_>) -> Result<Ref> {
    if object.is_exact::<Tuple>() {
        return Ok(object.own());
    }
    if let Some(list) = object.downcast_exact::<List>() {
        // SAFETY: allocating runs no code before the items are copied.
        return Tuple::from_objs(th, unsafe { list.items() }).map(Ref::upcast);
    }
    let items = protocol::iter::collect(th, object)?;
    Tuple::from_refs(th, items).map(Ref::upcast)
}

pub(crate) fn new_object(th: Thread<'_>) -> Result<Ref> {
    object::types::object_type().obj().call(th, &[])
}

#[inline(never)]
pub(crate) fn is_instance(th: Thread<'_>, object: Obj<'_>, cls: Obj<'_>) -> Result<bool> {
    protocol::instance::is_instance(th, object, cls)
}

/// `isinstance(object, cls)` where the type alone tells.
#[inline(always)]
pub(crate) unsafe fn plain_instance(object: Word, cls: Word) -> Option<bool> {
    if !is_exact::<Type>(cls) {
        return None;
    }
    let (ty, cls) = (object.obj().ty(), cls.ptr());
    if ty.as_ptr().cast() == cls {
        return Some(true);
    }
    let mro = ty.mro()?;
    let mut base = mro.items_ptr();
    let end = base.add(mro.len());
    while base != end {
        if *base == cls {
            return Some(true);
        }
        base = base.add(1);
    }
    // The `__class__` of others may be something else.
    object.is_int().then_some(false)
}

/// The length of a builtin container.
#[inline(always)]
pub(crate) unsafe fn known_length(word: Word) -> Option<i64> {
    if is_exact::<List>(word) || is_exact::<Tuple>(word) {
        return Some((*word.ptr().cast::<abi::PyVarObject>()).ob_size as i64);
    }
    if is_exact::<Dict>(word) {
        return Some(word.obj().cast::<Dict>().len() as i64);
    }
    if is_set(word) {
        return Some((*word.ptr().cast::<abi::PySetObject>()).used as i64);
    }
    is_exact::<Str>(word).then(|| word.obj().cast::<Str>().len() as i64)
}

/// Whether `object` is a builtin function or method.
pub(crate) fn is_builtin_function(object: Obj<'_>) -> bool {
    object.downcast::<object::types::builtin_function::BuiltinFunction>().is_some()
}

/// Whether `object` is a method of a builtin type, not bound.
pub(crate) fn is_method_descriptor(object: Obj<'_>) -> bool {
    object.is_exact::<object::types::descr::MethodDescriptor>()
}

/// The class that `super(class, …)` starts behind, if `global` is the true `super`.
pub(crate) fn class_of_super<'a>(global: Obj<'_>, class: Obj<'a>) -> Option<&'a Type> {
    if !global.is(super_::super_type().obj()) {
        return None;
    }
    class.downcast::<Type>()
}

pub(crate) fn ascii(th: Thread<'_>, object: Obj<'_>) -> Result<Ref> {
    protocol::text::ascii(th, object).map(Ref::upcast)
}

pub(crate) fn format(th: Thread<'_>, value: Obj<'_>, spec: Option<Obj<'_>>) -> Result<Ref> {
    protocol::text::format_value(th, value, spec).map(Ref::upcast)
}

/// A function as messages about its arguments show it: `module.name()`.
pub(crate) fn function_text(th: Thread<'_>, function: Obj<'_>) -> Result<String> {
    let Some(qualname) = function.getattr_opt(th, id!(th, "__qualname__"))? else {
        return Ok(function.str(th)?.to_string());
    };
    let qualname = qualname.str(th)?;
    let module = function.getattr_opt(th, id!(th, "__module__"))?;
    if let Some(module) = module.filter(|module| !module.obj().is_none()) {
        let module = module.str(th)?;
        if !module.eq_str("builtins") {
            return Ok(format!("{}.{}()", &*module, &*qualname));
        }
    }
    Ok(format!("{}()", &*qualname))
}
