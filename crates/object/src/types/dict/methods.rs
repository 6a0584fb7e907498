//! The methods of `dict`.

use macros::pymethods;

use super::{
    Dict, ItemsView, KeyIterator, KeysView, OnDuplicate, ReverseKeyIterator, ValuesView, key_error,
};
use crate::{
    Args, AsObject, Kwargs, Obj, Ref, Result, Str, Thread, Tuple, Type, error, id,
    protocol::{self, CompareOp, Protocol, compare},
    raise,
    types::{self, FrozenSet, Set, StrBuilder, repr_guard, singletons::not_implemented_ref},
};

/// `a == b` of two dicts.
fn equal(th: Thread<'_>, a: &Dict, b: &Dict) -> Result<bool> {
    if a.len() != b.len() {
        return Ok(false);
    }
    let mut index = 0;
    while index < a.entries() {
        let position = index;
        index += 1;
        let (Some((key, value)), Some(hash)) = (a.entry(position), a.hash_at(position)) else {
            continue;
        };
        let Some(other) = b.get_with_hash(th, key.obj(), hash)? else { return Ok(false) };
        if !compare::eq(th, value.obj(), other.obj())? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn update(
    th: Thread<'_>,
    dict: &Dict,
    args: Args<'_>,
    kwargs: Kwargs<'_>,
    name: &str,
) -> Result<()> {
    match args {
        [] => {}
        [other] => dict.update(th, *other)?,
        _ => raise!(th, TypeError, "{name} expected at most 1 argument, got {}", args.len()),
    }
    for (key, value) in kwargs.iter() {
        if key.downcast::<Str>().is_none() {
            raise!(th, TypeError, "keywords must be strings");
        }
        dict.set(th, key, value)?;
    }
    Ok(())
}

/// The method `name` of the type of an object, bound to the object.
fn lookup_special(th: Thread<'_>, object: Obj<'_>, name: &Str) -> Result<Option<Ref>> {
    let ty = object.ty();
    let Some(method) = ty.lookup(th, name).map(Obj::own) else { return Ok(None) };
    let Some(get) = method.obj().ty().slots().tp_descr_get else { return Ok(Some(method)) };
    // SAFETY: the slot belongs to the type of the method.
    let bound = unsafe { get(method.as_ptr(), object.as_ptr(), ty.as_ptr().cast()) };
    // SAFETY: a new reference or null.
    unsafe { Ref::from_raw(bound) }.ok_or(error::Raised).map(Some)
}

/// The dict `cls()` for `fromkeys`, or the object that a subclass made.
fn fill_from_keys(th: Thread<'_>, cls: &Type, iterable: Obj<'_>, value: Obj<'_>) -> Result<Ref> {
    let target = protocol::call::call(th, cls.obj(), &[], None)?;
    if let Some(dict) = target.obj().downcast_exact::<Dict>() {
        if dict.is_empty() {
            if let Some(source) = iterable.downcast_exact::<Dict>() {
                presize(th, dict, source.len(), source.is_unicode_keys())?;
                for index in 0..source.entries() {
                    let (Some(key), Some(hash)) =
                        (source.key_at(index).map(Obj::own), source.hash_at(index))
                    else {
                        continue;
                    };
                    dict.set_with_hash(th, key.obj(), hash, value)?;
                }
                return Ok(target);
            }
            let set_len = iterable
                .downcast::<Set>()
                .map(|set| set.len())
                .or_else(|| iterable.downcast::<FrozenSet>().map(|set| set.len()));
            if let Some(len) = set_len {
                presize(th, dict, len, false)?;
            }
            // The hashes are known.
            if let Some(keys) = types::set::hashed_keys(iterable) {
                for (key, hash) in keys {
                    dict.set_with_hash(th, key.obj(), hash, value)?;
                }
                return Ok(target);
            }
        }
        protocol::iter::for_each(th, iterable, |key| dict.set(th, key.obj(), value))?;
        return Ok(target);
    }
    protocol::iter::for_each(th, iterable, |key| target.set_item(th, key.obj(), Some(value)))?;
    Ok(target)
}

/// `dict(*args, name=value, ...)`.
fn make(
    th: Thread<'_>,
    ty: &Type,
    args: &[Obj<'_>],
    names: &[Obj<'_>],
    values: &[Obj<'_>],
) -> Result<Ref> {
    if args.len() > 1 {
        raise!(th, TypeError, "dict expected at most 1 argument, got {}", args.len());
    }
    let dict = Dict::new_of(th, ty)?;
    if let Some(other) = args.first() {
        dict.update(th, *other)?;
    }
    for (name, value) in names.iter().zip(values) {
        dict.set(th, *name, *value)?;
    }
    Ok(dict.upcast())
}

fn presize(th: Thread<'_>, dict: &Dict, len: usize, unicode: bool) -> Result<()> {
    if len > super::keys::usable_fraction(dict.block().log2_size()) {
        dict.resize(th, super::keys::log2_for_entries(len), unicode)?;
    }
    Ok(())
}

#[pymethods]
impl Dict {
    fn __new__(th: Thread<'_>, cls: &Type, _args: &Tuple, _kwargs: Option<&Dict>) -> Result<Ref> {
        Dict::new_of(th, cls).map(Ref::upcast)
    }

    #[declare]
    fn calls(builder: &mut crate::declare::TypeBuilder<'_>) {
        builder.vectorcall(make);
    }

    #[sig = "dict(*args, **kwargs)"]
    fn __init__(&self, th: Thread<'_>, args: Args<'_>, kwargs: Kwargs<'_>) -> Result<()> {
        update(th, self, args, kwargs, "dict")
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let Some(_guard) = repr_guard::enter(th, self.obj()) else {
            return Str::new(th, "{...}");
        };
        if self.is_empty() {
            return Str::new(th, "{}");
        }
        let mut text = StrBuilder::new();
        text.push_str(th, "{")?;
        let (mut position, mut first) = (0, true);
        while let Some((key, value)) = self.next_entry(&mut position) {
            if !first {
                text.push_str(th, ", ")?;
            }
            first = false;
            text.push_repr(th, key.obj())?;
            text.push_str(th, ": ")?;
            text.push_repr(th, value.obj())?;
        }
        text.push_str(th, "}")?;
        text.finish(th)
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result<Ref> {
        let Some(other) = other.downcast::<Dict>() else { return Ok(not_implemented_ref()) };
        match op {
            CompareOp::Eq => Ok(types::bool_(equal(th, self, other)?).own()),
            CompareOp::Ne => Ok(types::bool_(!equal(th, self, other)?).own()),
            _ => Ok(not_implemented_ref()),
        }
    }

    fn __iter__(&self, th: Thread<'_>) -> Result<Ref> {
        KeyIterator::new(th, self).map(Ref::upcast)
    }

    fn mp_length(&self, _: Thread<'_>) -> usize {
        self.len()
    }

    fn mp_subscript(&self, th: Thread<'_>, key: Obj<'_>) -> Result<Ref> {
        self.subscript(th, key)
    }

    /// `self[key]`, which asks the `__missing__` of a subclass.
    #[inline]
    pub fn subscript(&self, th: Thread<'_>, key: Obj<'_>) -> Result<Ref> {
        if let Some(value) = self.get(th, key)? {
            return Ok(value);
        }
        self.missing(th, key)
    }

    /// What `self[key]` does without such a key.
    #[cold]
    fn missing(&self, th: Thread<'_>, key: Obj<'_>) -> Result<Ref> {
        if !self.obj().is_exact::<Dict>()
            && let Some(method) = lookup_special(th, self.obj(), id!(th, "__missing__"))?
        {
            return method.call(th, &[key]);
        }
        Err(key_error(th, key))
    }

    fn mp_ass_subscript(&self, th: Thread<'_>, key: Obj<'_>, value: Option<Obj<'_>>) -> Result<()> {
        match value {
            Some(value) => self.set(th, key, value),
            None if self.remove(th, key)? => Ok(()),
            None => Err(key_error(th, key)),
        }
    }

    fn __contains__(&self, th: Thread<'_>, key: Obj<'_>) -> Result<bool> {
        self.contains(th, key)
    }

    /// Whether the dictionary has the specified key.
    #[coexist]
    #[sig = "($self, key, /)"]
    #[name = "__contains__"]
    fn contains_method(&self, th: Thread<'_>, key: Obj<'_>) -> Result<bool> {
        self.contains(th, key)
    }

    /// Return self[key].
    #[coexist]
    #[sig = "($self, key, /)"]
    #[name = "__getitem__"]
    fn getitem_method(&self, th: Thread<'_>, key: Obj<'_>) -> Result<Ref> {
        self.mp_subscript(th, key)
    }

    fn __or__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        let (Some(left), Some(_)) = (left.downcast::<Dict>(), right.downcast::<Dict>()) else {
            return Ok(not_implemented_ref());
        };
        let union = left.copy(th)?;
        union.update(th, right)?;
        Ok(union.upcast())
    }

    fn __ior__(&self, th: Thread<'_>, other: Obj<'_>) -> Result<Ref> {
        self.update(th, other)?;
        Ok(self.obj().own())
    }

    /// Create a new dictionary with keys from iterable and values set to value.
    #[sig = "($type, iterable, value=None, /)"]
    #[classmethod]
    fn fromkeys(
        th: Thread<'_>,
        cls: &Type,
        iterable: Obj<'_>,
        value: Option<Obj<'_>>,
    ) -> Result<Ref> {
        fill_from_keys(th, cls, iterable, value.unwrap_or(types::none()))
    }

    /// Return the value for key if key is in the dictionary, else default.
    #[sig = "($self, key, default=None, /)"]
    #[name = "get"]
    fn get_python(&self, th: Thread<'_>, key: Obj<'_>, default: Option<Obj<'_>>) -> Result<Ref> {
        Ok(match self.get(th, key)? {
            Some(value) => value,
            None => default.unwrap_or(types::none()).own(),
        })
    }

    /// Insert key with a value of default if key is not in the dictionary.
    ///
    /// Return the value for key if key is in the dictionary, else default.
    #[sig = "($self, key, default=None, /)"]
    #[name = "setdefault"]
    fn setdefault_python(
        &self,
        th: Thread<'_>,
        key: Obj<'_>,
        default: Option<Obj<'_>>,
    ) -> Result<Ref> {
        self.setdefault(th, key, default.unwrap_or(types::none()))
    }

    /// D.pop(k[,d]) -> v, remove specified key and return the corresponding value.
    ///
    /// If the key is not found, return the default if given; otherwise,
    /// raise a KeyError.
    #[sig = "($self, key, default=<unrepresentable>, /)"]
    #[name = "pop"]
    fn pop_python(&self, th: Thread<'_>, key: Obj<'_>, default: Option<Obj<'_>>) -> Result<Ref> {
        if !self.is_empty()
            && let Some(value) = self.pop(th, key)?
        {
            return Ok(value);
        }
        match default {
            Some(default) => Ok(default.own()),
            None => Err(key_error(th, key)),
        }
    }

    /// Remove and return a (key, value) pair as a 2-tuple.
    ///
    /// Pairs are returned in LIFO (last-in, first-out) order.
    /// Raises KeyError if the dict is empty.
    #[sig = "($self, /)"]
    #[name = "popitem"]
    fn popitem_python(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        match self.popitem(th) {
            Some((key, value)) => Tuple::from_array(th, [key, value]),
            None => raise!(th, KeyError, "popitem(): dictionary is empty"),
        }
    }

    /// D.update([E, ]**F) -> None.  Update D from mapping/iterable E and F.
    /// If E is present and has a .keys() method, then does:  for k in E.keys(): D[k] = E[k]
    /// If E is present and lacks a .keys() method, then does:  for k, v in E: D[k] = v
    /// In either case, this is followed by: for k in F:  D[k] = F[k]
    #[sig = "($self, /, *args, **kwargs)"]
    #[name = "update"]
    #[no_signature]
    fn update_python(&self, th: Thread<'_>, args: Args<'_>, kwargs: Kwargs<'_>) -> Result<()> {
        update(th, self, args, kwargs, "update")
    }

    /// Return a shallow copy of the dict.
    #[sig = "($self, /)"]
    #[name = "copy"]
    fn copy_python(&self, th: Thread<'_>) -> Result<Ref<Dict>> {
        self.copy(th)
    }

    /// Remove all items from the dict.
    #[sig = "($self, /)"]
    #[name = "clear"]
    fn clear_python(&self, th: Thread<'_>) {
        self.clear(th);
    }

    /// Return a set-like object providing a view on the dict's keys.
    #[sig = "($self, /)"]
    #[name = "keys"]
    fn keys_python(&self, th: Thread<'_>) -> Result<Ref<KeysView>> {
        KeysView::new(th, self)
    }

    /// Return an object providing a view on the dict's values.
    #[sig = "($self, /)"]
    #[name = "values"]
    fn values_python(&self, th: Thread<'_>) -> Result<Ref<ValuesView>> {
        ValuesView::new(th, self)
    }

    /// Return a set-like object providing a view on the dict's items.
    #[sig = "($self, /)"]
    #[name = "items"]
    fn items_python(&self, th: Thread<'_>) -> Result<Ref<ItemsView>> {
        ItemsView::new(th, self)
    }

    /// Return a reverse iterator over the dict keys.
    #[sig = "($self, /)"]
    fn __reversed__(&self, th: Thread<'_>) -> Result<Ref> {
        ReverseKeyIterator::new(th, self).map(Ref::upcast)
    }

    /// Return the size of the dict in memory.
    #[sig = "($self, /)"]
    fn __sizeof__(&self, _: Thread<'_>) -> usize {
        self.size_in_memory()
    }

    /// See PEP 585
    #[sig = "($type, object, /)"]
    #[classmethod]
    fn __class_getitem__(th: Thread<'_>, cls: &Type, object: Obj<'_>) -> Result<Ref> {
        types::generic_alias::new(th, cls.obj(), object)
    }

    /// Add the entries of a `**mapping` in a call, which must have new string keys.
    pub fn merge_kwargs(&self, th: Thread<'_>, other: Obj<'_>) -> Result<()> {
        self.merge(th, other, OnDuplicate::Raise)
    }
}
