//! `dict_keys`, `dict_values`, `dict_items`: live views, the first and last of
//! them with the operators of sets.

use macros::{pymethods, pytype};

use super::{
    Dict, ItemIterator, KeyIterator, ReverseItemIterator, ReverseKeyIterator, ReverseValueIterator,
    ValueIterator,
};
use crate::{
    AsObject, Head, List, Obj, Ref, Result, Str, Thread, Tuple, alloc_object, own,
    protocol::{self, CompareOp, Protocol},
    types::{self, FrozenSet, Set, repr_guard, singletons::not_implemented_ref},
};

macro_rules! views {
    ($($ty:ident $name:tt $c_name:tt;)*) => { $(
        #[allow(missing_docs, reason = "a view has no docstring")]
        #[pytype(name = $name, c_name = $c_name, flags = DISALLOW_INSTANTIATION, layout = abi::_PyDictViewObject)]
        pub struct $ty {
            head: Head,
            dict: Ref<Dict>,
        }

        impl $ty {
            /// A view of `dict`.
            pub fn new(th: Thread<'_>, dict: &Dict) -> Result<Ref<$ty>> {
                alloc_object::new_in_place(th, $ty { head: Head::new(), dict: own(dict) })
            }

            /// The layout of a view of `dict`, for a subtype.
            pub fn layout(dict: &Dict) -> $ty {
                $ty { head: Head::new(), dict: own(dict) }
            }

            /// The dict.
            pub fn dict(&self) -> &Dict {
                &self.dict
            }
        }
    )* };
}

views! {
    KeysView "dict_keys" "PyDictKeys_Type";
    ValuesView "dict_values" "PyDictValues_Type";
    ItemsView "dict_items" "PyDictItems_Type";
}

fn repr(th: Thread<'_>, view: Obj<'_>) -> Result<Ref<Str>> {
    let Some(_guard) = repr_guard::enter(th, view) else { return Str::new(th, "...") };
    let list = List::from_refs(th, protocol::iter::collect(th, view)?)?;
    let items = list.repr(th)?;
    let name = Str::new(th, view.ty().name())?;
    let open = Str::new(th, "(")?;
    let close = Str::new(th, ")")?;
    name.concat(th, &open)?.concat(th, &items)?.concat(th, &close)
}

fn mapping(th: Thread<'_>, dict: &Dict) -> Result<Ref> {
    types::mappingproxy::new(th, dict.obj())
}

/// Whether an object is a view that acts as a set.
fn is_set_view(object: Obj<'_>) -> bool {
    object.downcast::<KeysView>().is_some() || object.downcast::<ItemsView>().is_some()
}

fn is_any_set(object: Obj<'_>) -> bool {
    object.downcast::<Set>().is_some() || object.downcast::<FrozenSet>().is_some()
}

/// Whether `container` has every item of `items`.
fn contains_all(th: Thread<'_>, items: Obj<'_>, container: Obj<'_>) -> Result<bool> {
    let iterator = items.iter(th)?;
    while let Some(item) = Protocol::next(&iterator, th)? {
        if !protocol::mapping::contains(th, container, item.obj())? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn compare(th: Thread<'_>, view: Obj<'_>, other: Obj<'_>, op: CompareOp) -> Result<Ref> {
    if !is_any_set(other) && !is_set_view(other) {
        return Ok(not_implemented_ref());
    }
    let (mine, theirs) = (protocol::mapping::len(th, view)?, protocol::mapping::len(th, other)?);
    let answer = match op {
        CompareOp::Eq | CompareOp::Ne => {
            let equal = mine == theirs && contains_all(th, view, other)?;
            equal == (op == CompareOp::Eq)
        }
        CompareOp::Lt => mine < theirs && contains_all(th, view, other)?,
        CompareOp::Le => mine <= theirs && contains_all(th, view, other)?,
        CompareOp::Gt => mine > theirs && contains_all(th, other, view)?,
        CompareOp::Ge => mine >= theirs && contains_all(th, other, view)?,
    };
    Ok(types::bool_(answer).own())
}

fn difference(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
    let set = Set::from_iterable(th, left)?;
    set.difference_update(th, right)?;
    Ok(set.upcast())
}

fn intersection(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
    let (mut view, mut other) = if is_set_view(left) { (left, right) } else { (right, left) };
    let len = protocol::mapping::len(th, view)?;
    if let Some(set) = other.downcast_exact::<Set>()
        && set.len() >= len
    {
        return set.intersection(th, view).map(Ref::upcast);
    }
    if is_set_view(other) && protocol::mapping::len(th, other)? > len {
        (view, other) = (other, view);
    }
    let result = Set::new(th)?;
    let iterator = other.iter(th)?;
    while let Some(key) = Protocol::next(&iterator, th)? {
        if protocol::mapping::contains(th, view, key.obj())? {
            result.add(th, key.obj())?;
        }
    }
    Ok(result.upcast())
}

fn union(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
    let set = Set::from_iterable(th, left)?;
    set.update(th, right)?;
    Ok(set.upcast())
}

fn symmetric_difference(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
    let set = Set::from_iterable(th, left)?;
    set.symmetric_difference_update(th, right)?;
    Ok(set.upcast())
}

fn is_disjoint(th: Thread<'_>, view: Obj<'_>, other: Obj<'_>) -> Result<bool> {
    if view.is(other) {
        return Ok(protocol::mapping::len(th, view)? == 0);
    }
    let (mut container, mut items) = (view, other);
    if (is_any_set(other) || is_set_view(other))
        && protocol::mapping::len(th, other)? > protocol::mapping::len(th, view)?
    {
        (container, items) = (other, view);
    }
    let iterator = items.iter(th)?;
    while let Some(item) = Protocol::next(&iterator, th)? {
        if protocol::mapping::contains(th, container, item.obj())? {
            return Ok(false);
        }
    }
    Ok(true)
}

#[pymethods]
impl KeysView {
    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        repr(th, self.obj())
    }

    fn sq_length(&self, _: Thread<'_>) -> usize {
        self.dict.len()
    }

    fn __contains__(&self, th: Thread<'_>, key: Obj<'_>) -> Result<bool> {
        self.dict.contains(th, key)
    }

    fn __iter__(&self, th: Thread<'_>) -> Result<Ref> {
        KeyIterator::new(th, &self.dict).map(Ref::upcast)
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result<Ref> {
        compare(th, self.obj(), other, op)
    }

    fn __sub__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        difference(th, left, right)
    }

    fn __and__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        intersection(th, left, right)
    }

    fn __xor__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        symmetric_difference(th, left, right)
    }

    fn __or__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        union(th, left, right)
    }

    /// Return True if the view and the given iterable have a null intersection.
    #[sig = "($self, object, /)"]
    fn isdisjoint(&self, th: Thread<'_>, object: Obj<'_>) -> Result<bool> {
        is_disjoint(th, self.obj(), object)
    }

    /// Return a reverse iterator over the dict keys.
    #[sig = "($self, /)"]
    fn __reversed__(&self, th: Thread<'_>) -> Result<Ref> {
        ReverseKeyIterator::new(th, &self.dict).map(Ref::upcast)
    }

    /// dictionary that this view refers to
    #[getter]
    fn mapping(&self, th: Thread<'_>) -> Result<Ref> {
        mapping(th, &self.dict)
    }
}

#[pymethods]
impl ValuesView {
    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        repr(th, self.obj())
    }

    fn sq_length(&self, _: Thread<'_>) -> usize {
        self.dict.len()
    }

    fn __iter__(&self, th: Thread<'_>) -> Result<Ref> {
        ValueIterator::new(th, &self.dict).map(Ref::upcast)
    }

    /// Return a reverse iterator over the dict values.
    #[sig = "($self, /)"]
    fn __reversed__(&self, th: Thread<'_>) -> Result<Ref> {
        ReverseValueIterator::new(th, &self.dict).map(Ref::upcast)
    }

    /// dictionary that this view refers to
    #[getter]
    fn mapping(&self, th: Thread<'_>) -> Result<Ref> {
        mapping(th, &self.dict)
    }
}

#[pymethods]
impl ItemsView {
    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        repr(th, self.obj())
    }

    fn sq_length(&self, _: Thread<'_>) -> usize {
        self.dict.len()
    }

    fn __contains__(&self, th: Thread<'_>, item: Obj<'_>) -> Result<bool> {
        let Some(pair) = item.downcast::<Tuple>() else { return Ok(false) };
        let [key, value] = *pair.items() else { return Ok(false) };
        match self.dict.get(th, key)? {
            Some(found) => Protocol::eq(&found, th, value),
            None => Ok(false),
        }
    }

    fn __iter__(&self, th: Thread<'_>) -> Result<Ref> {
        ItemIterator::new(th, &self.dict).map(Ref::upcast)
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result<Ref> {
        compare(th, self.obj(), other, op)
    }

    fn __sub__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        difference(th, left, right)
    }

    fn __and__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        intersection(th, left, right)
    }

    fn __xor__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        symmetric_difference(th, left, right)
    }

    fn __or__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result<Ref> {
        union(th, left, right)
    }

    /// Return True if the view and the given iterable have a null intersection.
    #[sig = "($self, object, /)"]
    fn isdisjoint(&self, th: Thread<'_>, object: Obj<'_>) -> Result<bool> {
        is_disjoint(th, self.obj(), object)
    }

    /// Return a reverse iterator over the dict items.
    #[sig = "($self, /)"]
    fn __reversed__(&self, th: Thread<'_>) -> Result<Ref> {
        ReverseItemIterator::new(th, &self.dict).map(Ref::upcast)
    }

    /// dictionary that this view refers to
    #[getter]
    fn mapping(&self, th: Thread<'_>) -> Result<Ref> {
        mapping(th, &self.dict)
    }
}
