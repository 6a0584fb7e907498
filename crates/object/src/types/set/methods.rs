//! The methods of `set` and `frozenset`.

use macros::pymethods;

use super::{
    AnySet, FrozenSet, Set, SetIterator, copy, difference, intersection, is_disjoint, is_subset,
    symmetric_difference, table_of,
};
use crate::{
    Args, AsObject, Dict, List, Obj, PyStruct, Ref, Result, Str, Thread, Tuple, Type, id,
    protocol::{CompareOp, Protocol},
    raise,
    types::{self, StrBuilder, dict::key_error, repr_guard, singletons::not_implemented_ref},
};

fn repr<S: AnySet>(th: Thread<'_>, set: &S) -> Result<Ref<Str>> {
    let name = set.obj().ty().name();
    let Some(_guard) = repr_guard::enter(th, set.obj()) else {
        return Str::from_fmt(th, format_args!("{name}(...)"));
    };
    if set.table().len() == 0 {
        return Str::from_fmt(th, format_args!("{name}()"));
    }
    let is_plain = set.obj().is_exact::<Set>();
    let mut items = Vec::new();
    let mut position = 0;
    while let Some((key, _)) = set.table().next_entry(&mut position) {
        items.push(key);
    }
    let mut text = StrBuilder::new();
    if !is_plain {
        text.push_str(th, name)?;
        text.push_str(th, "(")?;
    }
    text.push_str(th, "{")?;
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            text.push_str(th, ", ")?;
        }
        let item = item.repr(th)?;
        text.push_obj(th, &item)?;
    }
    text.push_str(th, if is_plain { "}" } else { "})" })?;
    text.finish(th)
}

fn rich_compare<S: AnySet>(th: Thread<'_>, set: &S, other: Obj<'_>, op: CompareOp) -> Result<Ref> {
    let Some(theirs) = table_of(other) else { return Ok(not_implemented_ref()) };
    let mine = set.table();
    let (len, other_len) = (mine.len(), theirs.len());
    let equal = || -> Result<bool> {
        let (a, b) = (mine.hash.get(), theirs.hash.get());
        if len != other_len || a != -1 && b != -1 && a != b {
            return Ok(false);
        }
        is_subset(th, mine, theirs)
    };
    let answer = match op {
        CompareOp::Eq => equal()?,
        CompareOp::Ne => !equal()?,
        CompareOp::Le => is_subset(th, mine, theirs)?,
        CompareOp::Ge => is_subset(th, theirs, mine)?,
        CompareOp::Lt => len < other_len && is_subset(th, mine, theirs)?,
        CompareOp::Gt => len > other_len && is_subset(th, theirs, mine)?,
    };
    Ok(types::bool_(answer).own())
}

fn is_any_set(object: Obj<'_>) -> bool {
    table_of(object).is_some()
}

fn union<S: AnySet>(th: Thread<'_>, set: &S, others: Args<'_>) -> Result<Ref<S>> {
    let result = copy(th, set)?;
    for other in others {
        if !set.obj().is(*other) {
            result.table().update(th, *other)?;
        }
    }
    Ok(result)
}

fn intersection_multi<S: AnySet>(th: Thread<'_>, set: &S, others: Args<'_>) -> Result<Ref<S>> {
    let Some((first, rest)) = others.split_first() else { return copy(th, set) };
    let mut result = intersection(th, set, *first)?;
    for other in rest {
        result = intersection(th, &*result, *other)?;
    }
    Ok(result)
}

fn difference_multi<S: AnySet>(th: Thread<'_>, set: &S, others: Args<'_>) -> Result<Ref<S>> {
    let Some((first, rest)) = others.split_first() else { return copy(th, set) };
    let result = difference(th, set, *first)?;
    for other in rest {
        result.table().difference_update(th, result.obj(), *other)?;
    }
    Ok(result)
}

fn reduce<S: AnySet>(th: Thread<'_>, set: &S) -> Result<Ref<Tuple>> {
    let mut items = Vec::new();
    let mut position = 0;
    while let Some((key, _)) = set.table().next_entry(&mut position) {
        items.push(key);
    }
    let list = List::from_refs(th, items)?.upcast();
    let args = Tuple::from_array(th, [list])?.upcast();
    let state = set.obj().call_method(th, id!(th, "__getstate__"), &[])?;
    Tuple::from_array(th, [set.obj().ty().obj().own(), args, state])
}

fn subset_of_any<S: AnySet>(th: Thread<'_>, set: &S, other: Obj<'_>) -> Result<bool> {
    match table_of(other) {
        Some(theirs) => is_subset(th, set.table(), theirs),
        None => Ok(intersection(th, set, other)?.table().len() == set.table().len()),
    }
}

fn superset_of_any<S: AnySet>(th: Thread<'_>, set: &S, other: Obj<'_>) -> Result<bool> {
    if let Some(theirs) = table_of(other) {
        return is_subset(th, theirs, set.table());
    }
    let iterator = other.iter(th)?;
    while let Some(key) = Protocol::next(&iterator, th)? {
        if !set.table().contains(th, key.obj())? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A binary operator of two sets; the result has the base type of the left.
fn operator(
    th: Thread<'_>,
    left: Obj<'_>,
    right: Obj<'_>,
    sets: fn(Thread<'_>, &Set, Obj<'_>) -> Result<Ref<Set>>,
    frozensets: fn(Thread<'_>, &FrozenSet, Obj<'_>) -> Result<Ref<FrozenSet>>,
) -> Result<Ref> {
    if !is_any_set(right) {
        return Ok(not_implemented_ref());
    }
    if let Some(left) = left.downcast::<Set>() {
        return sets(th, left, right).map(Ref::upcast);
    }
    match left.downcast::<FrozenSet>() {
        Some(left) => frozensets(th, left, right).map(Ref::upcast),
        None => Ok(not_implemented_ref()),
    }
}

fn construct(
    th: Thread<'_>,
    ty: &Type,
    args: &[Obj<'_>],
    names: &[Obj<'_>],
    _: &[Obj<'_>],
) -> Result<Ref> {
    if !names.is_empty() {
        raise!(th, TypeError, "set() takes no keyword arguments");
    }
    if args.len() > 1 {
        raise!(th, TypeError, "set expected at most 1 argument, got {}", args.len());
    }
    let set = Set::new_of(th, ty)?;
    if let [iterable] = args {
        set.update(th, *iterable)?;
    }
    Ok(set.upcast())
}

macro_rules! common_methods {
    ($ty:ident) => {
        #[pymethods(part = common)]
        impl $ty {
            fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
                repr(th, self)
            }

            fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result<Ref> {
                rich_compare(th, self, other, op)
            }

            fn __iter__(&self, th: Thread<'_>) -> Result<Ref> {
                SetIterator::new(th, self.obj()).map(Ref::upcast)
            }

            fn sq_length(&self, _: Thread<'_>) -> usize {
                self.len()
            }

            fn __contains__(&self, th: Thread<'_>, key: Obj<'_>) -> Result<bool> {
                self.contains(th, key)
            }

            /// x.__contains__(y) <==> y in x.
            #[coexist]
            #[sig = "($self, object, /)"]
            #[name = "__contains__"]
            fn contains_method(&self, th: Thread<'_>, object: Obj<'_>) -> Result<bool> {
                self.contains(th, object)
            }

            fn __sub__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
                operator(th, left, right, difference, difference)
            }

            fn __and__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
                operator(th, left, right, intersection, intersection)
            }

            fn __xor__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
                operator(th, left, right, symmetric_difference, symmetric_difference)
            }

            fn __or__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
                operator(
                    th,
                    left,
                    right,
                    |th, set, other| union(th, set, &[other]),
                    |th, set, other| union(th, set, &[other]),
                )
            }

            /// Return a new set with elements in the set that are not in the others.
            #[sig = "($self, /, *others)"]
            #[name = "difference"]
            fn difference_python(&self, th: Thread<'_>, others: Args<'_>) -> Result<Ref<$ty>> {
                difference_multi(th, self, others)
            }

            /// Return a new set with elements common to the set and all others.
            #[sig = "($self, /, *others)"]
            #[name = "intersection"]
            fn intersection_python(&self, th: Thread<'_>, others: Args<'_>) -> Result<Ref<$ty>> {
                intersection_multi(th, self, others)
            }

            /// Return a new set with elements from the set and all others.
            #[sig = "($self, /, *others)"]
            fn union(&self, th: Thread<'_>, others: Args<'_>) -> Result<Ref<$ty>> {
                union(th, self, others)
            }

            /// Return a new set with elements in either the set or other but not both.
            #[sig = "($self, other, /)"]
            fn symmetric_difference(&self, th: Thread<'_>, other: Obj<'_>) -> Result<Ref<$ty>> {
                symmetric_difference(th, self, other)
            }

            /// Return True if two sets have a null intersection.
            #[sig = "($self, other, /)"]
            fn isdisjoint(&self, th: Thread<'_>, other: Obj<'_>) -> Result<bool> {
                is_disjoint(th, self, other)
            }

            /// Report whether another set contains this set.
            #[sig = "($self, other, /)"]
            fn issubset(&self, th: Thread<'_>, other: Obj<'_>) -> Result<bool> {
                subset_of_any(th, self, other)
            }

            /// Report whether this set contains another set.
            #[sig = "($self, other, /)"]
            fn issuperset(&self, th: Thread<'_>, other: Obj<'_>) -> Result<bool> {
                superset_of_any(th, self, other)
            }

            /// Return state information for pickling.
            #[sig = "($self, /)"]
            fn __reduce__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
                reduce(th, self)
            }

            /// S.__sizeof__() -> size of S in memory, in bytes.
            #[sig = "($self, /)"]
            fn __sizeof__(&self, _: Thread<'_>) -> usize {
                self.obj().ty().basicsize() + self.table().extra_size()
            }

            /// See PEP 585
            #[sig = "($type, object, /)"]
            #[classmethod]
            fn __class_getitem__(th: Thread<'_>, cls: &Type, object: Obj<'_>) -> Result<Ref> {
                types::generic_alias::new(th, cls.obj(), object)
            }
        }
    };
}
common_methods!(Set);
common_methods!(FrozenSet);

#[pymethods(parts(common))]
impl Set {
    fn __new__(th: Thread<'_>, cls: &Type, _args: &Tuple, _kwargs: Option<&Dict>) -> Result<Ref> {
        Set::new_of(th, cls).map(Ref::upcast)
    }

    #[declare]
    fn fast_call(builder: &mut crate::declare::TypeBuilder<'_>) {
        builder.vectorcall(construct);
    }

    #[sig = "set(iterable=(), /)"]
    #[parse(vectorcall)]
    fn __init__(&self, th: Thread<'_>, iterable: Option<Obj<'_>>) -> Result<()> {
        self.clear();
        match iterable {
            Some(iterable) => self.update(th, iterable),
            None => Ok(()),
        }
    }

    fn __isub__(&self, th: Thread<'_>, other: Obj<'_>) -> Result<Ref> {
        if !is_any_set(other) {
            return Ok(not_implemented_ref());
        }
        self.difference_update(th, other)?;
        Ok(self.obj().own())
    }

    fn __iand__(&self, th: Thread<'_>, other: Obj<'_>) -> Result<Ref> {
        if !is_any_set(other) {
            return Ok(not_implemented_ref());
        }
        let common = intersection(th, self, other)?;
        self.table.swap(&common.table);
        Ok(self.obj().own())
    }

    fn __ixor__(&self, th: Thread<'_>, other: Obj<'_>) -> Result<Ref> {
        if !is_any_set(other) {
            return Ok(not_implemented_ref());
        }
        self.symmetric_difference_update(th, other)?;
        Ok(self.obj().own())
    }

    fn __ior__(&self, th: Thread<'_>, other: Obj<'_>) -> Result<Ref> {
        if !is_any_set(other) {
            return Ok(not_implemented_ref());
        }
        self.update(th, other)?;
        Ok(self.obj().own())
    }

    /// Add an element to a set.
    ///
    /// This has no effect if the element is already present.
    #[sig = "($self, object, /)"]
    #[name = "add"]
    fn add_python(&self, th: Thread<'_>, object: Obj<'_>) -> Result<()> {
        self.add(th, object).map(drop)
    }

    /// Remove all elements from this set.
    #[sig = "($self, /)"]
    #[name = "clear"]
    fn clear_python(&self, _: Thread<'_>) {
        self.clear();
    }

    /// Return a shallow copy of a set.
    #[sig = "($self, /)"]
    fn copy(&self, th: Thread<'_>) -> Result<Ref<Set>> {
        copy(th, self)
    }

    /// Remove an element from a set if it is a member.
    ///
    /// Unlike set.remove(), the discard() method does not raise
    /// an exception when an element is missing from the set.
    #[sig = "($self, object, /)"]
    #[name = "discard"]
    fn discard_python(&self, th: Thread<'_>, object: Obj<'_>) -> Result<()> {
        self.discard(th, object).map(drop)
    }

    /// Remove an element from a set; it must be a member.
    ///
    /// If the element is not a member, raise a KeyError.
    #[sig = "($self, object, /)"]
    fn remove(&self, th: Thread<'_>, object: Obj<'_>) -> Result<()> {
        if self.discard(th, object)? {
            return Ok(());
        }
        Err(key_error(th, object))
    }

    /// Remove and return an arbitrary set element.
    ///
    /// Raises KeyError if the set is empty.
    #[sig = "($self, /)"]
    #[name = "pop"]
    fn pop_python(&self, th: Thread<'_>) -> Result<Ref> {
        match self.pop() {
            Some(key) => Ok(key),
            None => raise!(th, KeyError, "pop from an empty set"),
        }
    }

    /// Update the set, removing elements found in others.
    #[sig = "($self, /, *others)"]
    #[name = "difference_update"]
    fn difference_update_python(&self, th: Thread<'_>, others: Args<'_>) -> Result<()> {
        others.iter().try_for_each(|other| self.difference_update(th, *other))
    }

    /// Update the set, keeping only elements found in it and all others.
    #[sig = "($self, /, *others)"]
    fn intersection_update(&self, th: Thread<'_>, others: Args<'_>) -> Result<()> {
        let common = intersection_multi(th, self, others)?;
        self.table.swap(&common.table);
        Ok(())
    }

    /// Update the set, keeping only elements found in either set, but not in both.
    #[sig = "($self, other, /)"]
    #[name = "symmetric_difference_update"]
    fn symmetric_difference_update_python(&self, th: Thread<'_>, other: Obj<'_>) -> Result<()> {
        self.symmetric_difference_update(th, other)
    }

    /// Update the set, adding elements from all others.
    #[sig = "($self, /, *others)"]
    #[name = "update"]
    fn update_python(&self, th: Thread<'_>, others: Args<'_>) -> Result<()> {
        others.iter().try_for_each(|other| self.update(th, *other))
    }
}

#[pymethods(parts(common))]
impl FrozenSet {
    #[sig = "frozenset(iterable=(), /)"]
    fn __new__(th: Thread<'_>, cls: &Type, iterable: Option<Obj<'_>>) -> Result<Ref> {
        let exact = std::ptr::eq(cls, FrozenSet::type_object());
        if let Some(iterable) = iterable
            && exact
            && iterable.is_exact::<FrozenSet>()
        {
            return Ok(iterable.own());
        }
        let set = FrozenSet::new_of(th, cls)?;
        if let Some(iterable) = iterable {
            set.table.update(th, iterable)?;
        }
        Ok(set.upcast())
    }

    fn __hash__(&self, _: Thread<'_>) -> isize {
        if self.table.hash.get() == -1 {
            self.table.hash.set(self.table.compute_hash());
        }
        self.table.hash.get()
    }

    /// Return a shallow copy of a set.
    #[sig = "($self, /)"]
    fn copy(&self, th: Thread<'_>) -> Result<Ref> {
        if self.obj().is_exact::<FrozenSet>() {
            return Ok(self.obj().own());
        }
        copy(th, self).map(Ref::upcast)
    }
}
