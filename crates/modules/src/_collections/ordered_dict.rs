//! `OrderedDict`: a dict whose order can be changed.
//!
//! The dict has the values, a list of its own (`order`) the order. They agree
//! as long as nobody calls `dict`'s methods on an `OrderedDict`; where they do
//! not, the list says what there is and the dict raises `KeyError`. Values are
//! therefore always looked up, never taken from the dict's entries. `state`
//! counts changes of the order, for those who walk along it.

use std::cell::{Cell, RefCell};

use macros::{pymethods, pytype};
use object::{
    Args, AsObject, Dict, Head, Kwargs, Link, Obj, Protocol, PyStruct, Ref, Result, Str, Thread,
    Tuple, Type, alloc_object, error, id, own,
    protocol::{CompareOp, compare, generic, iter, mapping},
    raise,
    types::{
        self,
        dict::{ItemsView, KeysView, ValuesView, key_error},
        repr_guard,
        singletons::not_implemented_ref,
    },
};

use super::order::Order;

/// Dictionary that remembers insertion order
#[pytype(name = "collections.OrderedDict", c_name = "PyODict_Type", base = Dict, flags = BASETYPE | DICT_SUBCLASS | MAPPING | MATCH_SELF, dictoffset = attributes, weaklistoffset = weaklist)]
pub struct OrderedDict {
    dict: Dict,
    state: Cell<usize>,
    order: RefCell<Order>,
    attributes: Link<Dict>,
    weaklist: Cell<*mut abi::PyObject>,
}

impl OrderedDict {
    fn new(th: Thread<'_>) -> Result<Ref<OrderedDict>> {
        Self::new_of(th, OrderedDict::type_object())
    }

    fn new_of(th: Thread<'_>, cls: &Type) -> Result<Ref<OrderedDict>> {
        let dict = OrderedDict {
            dict: Dict::empty(),
            state: Cell::new(0),
            order: RefCell::default(),
            attributes: Link::null(),
            weaklist: Cell::new(std::ptr::null_mut()),
        };
        alloc_object::alloc(th, cls, dict)
    }

    fn is_exact(&self) -> bool {
        self.obj().is_exact::<OrderedDict>()
    }

    fn changed(&self) {
        self.state.set(self.state.get().wrapping_add(1));
    }

    /// Add or replace, as `dict` does.
    fn put(&self, th: Thread<'_>, key: Obj<'_>, value: Obj<'_>) -> Result<()> {
        let hash = Dict::hash_key(th, key)?;
        self.put_with_hash(th, key, hash, value)
    }

    fn put_with_hash(
        &self,
        th: Thread<'_>,
        key: Obj<'_>,
        hash: isize,
        value: Obj<'_>,
    ) -> Result<()> {
        let count = self.dict.len();
        self.dict.set_with_hash(th, key, hash, value)?;
        let stored = if self.dict.len() > count {
            key.own()
        } else if self.dict.len() != self.order.borrow().len() {
            // The dict was changed behind the list's back.
            match self.dict.stored_key(th, key, hash)? {
                Some(stored) => stored,
                None => return Ok(()),
            }
        } else {
            return Ok(());
        };
        self.changed();
        if self.order.borrow_mut().push(stored.obj(), hash).is_none() {
            self.dict.pop_with_hash(th, key, hash)?;
            return Err(th.no_memory());
        }
        Ok(())
    }

    fn take(&self, th: Thread<'_>, key: Obj<'_>) -> Result<Option<Ref>> {
        let hash = Dict::hash_key(th, key)?;
        self.take_with_hash(th, key, hash)
    }

    fn take_with_hash(&self, th: Thread<'_>, key: Obj<'_>, hash: isize) -> Result<Option<Ref>> {
        let Some((stored, value)) = self.dict.pop_entry(th, key, hash)? else { return Ok(None) };
        let listed = self.order.borrow_mut().remove(stored.obj(), hash);
        if listed.is_some() {
            self.changed();
        }
        Ok(Some(value))
    }

    /// The node of `key`, if the dict has it, too.
    fn find(&self, th: Thread<'_>, key: Obj<'_>) -> Result<Option<u32>> {
        let hash = Dict::hash_key(th, key)?;
        let stored = self.dict.stored_key(th, key, hash)?;
        Ok(stored.and_then(|stored| self.order.borrow().find(stored.obj(), hash)))
    }

    /// The first or last key and its hash.
    fn end_key(&self, last: bool) -> Option<(u32, Ref, isize)> {
        let order = self.order.borrow();
        let index = order.end(last)?;
        let (key, hash) = order.key(index)?;
        Some((index, key, hash))
    }

    fn move_key(&self, th: Thread<'_>, key: Obj<'_>, last: bool) -> Result<()> {
        let Some((end, end_key, _)) = self.end_key(last) else { return Err(key_error(th, key)) };
        if end_key.obj().is(key) {
            return Ok(());
        }
        let Some(index) = self.find(th, key)? else { return Err(key_error(th, key)) };
        if index != end {
            self.order.borrow_mut().move_to_end(index, last);
            self.changed();
        }
        Ok(())
    }

    /// `dict[key]`, whatever a subclass makes of it.
    fn value(&self, th: Thread<'_>, key: Obj<'_>) -> Result {
        match self.dict.get(th, key)? {
            Some(value) => Ok(value),
            None => Err(key_error(th, key)),
        }
    }

    fn pop_key(&self, th: Thread<'_>, key: Obj<'_>, default: Option<Obj<'_>>) -> Result {
        // COMPAT: what a subclass makes of items does not count; test_ordered_dict.
        let value = self.take(th, key)?;
        match (value, default) {
            (Some(value), _) => Ok(value),
            (None, Some(default)) => Ok(default.own()),
            (None, None) => Err(key_error(th, key)),
        }
    }

    /// `update`: everything goes through `self[key] = value`.
    fn update_from(
        &self,
        th: Thread<'_>,
        other: Option<Obj<'_>>,
        kwargs: Kwargs<'_>,
    ) -> Result<()> {
        if let Some(other) = other {
            self.update_mapping(th, other)?;
        }
        for (key, value) in kwargs.iter() {
            self.obj().set_item(th, key, Some(value))?;
        }
        Ok(())
    }

    fn update_mapping(&self, th: Thread<'_>, other: Obj<'_>) -> Result<()> {
        if let Some(dict) = other.downcast_exact::<Dict>() {
            for (key, value) in dict.items() {
                self.obj().set_item(th, key.obj(), Some(value.obj()))?;
            }
            return Ok(());
        }
        if let Some(keys) = other.getattr_opt(th, id!(th, "keys"))? {
            let keys = keys.call(th, &[])?;
            return iter::for_each(th, keys.obj(), |key| {
                let value = other.get_item(th, key.obj())?;
                self.obj().set_item(th, key.obj(), Some(value.obj()))
            });
        }
        if let Some(items) = other.getattr_opt(th, id!(th, "items"))? {
            let items = items.call(th, &[])?;
            return self.add_pairs(th, items.obj());
        }
        self.add_pairs(th, other)
    }

    fn add_pairs(&self, th: Thread<'_>, pairs: Obj<'_>) -> Result<()> {
        iter::for_each(th, pairs, |pair| {
            let iterator = pair.iter(th)?;
            let Some(key) = iter::next(th, iterator.obj())? else {
                raise!(th, ValueError, "need more than 0 values to unpack");
            };
            let Some(value) = iter::next(th, iterator.obj())? else {
                raise!(th, ValueError, "need more than 1 value to unpack");
            };
            if iter::next(th, iterator.obj())?.is_some() {
                raise!(th, ValueError, "too many values to unpack (expected 2)");
            }
            self.obj().set_item(th, key.obj(), Some(value.obj()))
        })
    }

    /// Whether the keys are equal one by one.
    fn same_order(&self, th: Thread<'_>, other: &OrderedDict) -> Result<bool> {
        let states = (self.state.get(), other.state.get());
        let (ours, theirs) = (self.order.borrow().keys(), other.order.borrow().keys());
        for (a, b) in ours.iter().zip(&theirs) {
            let equal = compare::eq(th, a.obj(), b.obj())?;
            if states != (self.state.get(), other.state.get()) {
                raise!(th, RuntimeError, "OrderedDict mutated during iteration");
            }
            if !equal {
                return Ok(false);
            }
        }
        Ok(ours.len() == theirs.len())
    }

    /// Complain if there were changes since `state`.
    fn check_state(&self, th: Thread<'_>, state: usize) -> Result<()> {
        if self.state.get() != state {
            raise!(th, RuntimeError, "OrderedDict mutated during iteration");
        }
        Ok(())
    }

    /// A dict of what there is, in order.
    fn plain(&self, th: Thread<'_>) -> Result<Ref<Dict>> {
        let dict = Dict::new(th)?;
        if self.is_exact() {
            let keys = self.order.borrow().keys();
            for key in keys {
                let value = self.value(th, key.obj())?;
                dict.set(th, key.obj(), value.obj())?;
            }
            return Ok(dict);
        }
        let items = self.obj().call_method(th, id!(th, "items"), &[])?;
        dict.update(th, items.obj())?;
        Ok(dict)
    }
}

#[pymethods(parts(methods))]
impl OrderedDict {
    fn __new__(th: Thread<'_>, cls: &Type, _: &Tuple, _: Option<&Dict>) -> Result {
        Ok(Self::new_of(th, cls)?.upcast())
    }

    #[sig = "OrderedDict(*args, **kwargs)"]
    fn __init__(&self, th: Thread<'_>, args: Args<'_>, kwargs: Kwargs<'_>) -> Result<()> {
        match args {
            [] => self.update_from(th, None, kwargs),
            [other] => self.update_from(th, Some(*other), kwargs),
            _ => raise!(th, TypeError, "expected at most 1 argument, got {}", args.len()),
        }
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let name = self.obj().short_type_name();
        if self.dict.is_empty() {
            return Str::from_fmt(th, format_args!("{name}()"));
        }
        let Some(_guard) = repr_guard::enter(th, self.obj()) else {
            return Str::new(th, "...");
        };
        let text = self.plain(th)?.obj().repr(th)?;
        Str::from_fmt(th, format_args!("{name}({})", &*text))
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result {
        let is_equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
        if !is_equality || other.downcast::<Dict>().is_none() {
            return Ok(not_implemented_ref());
        }
        let Some(slot) = Dict::type_object().slots().tp_richcompare else {
            return Ok(not_implemented_ref());
        };
        let (a, b) = (self.obj().as_ptr(), other.as_ptr());
        // SAFETY: the slot of `dict` on two dicts; a new reference or null.
        let equal = unsafe { Ref::from_raw(slot(a, b, CompareOp::Eq as i32)) };
        let mut equal = equal.ok_or(error::Raised)?.is_true(th)?;
        if let Some(other) = other.downcast::<OrderedDict>()
            && equal
        {
            equal = self.same_order(th, other)?;
        }
        Ok(types::bool_(equal == (op == CompareOp::Eq)).own())
    }

    fn __iter__(&self, th: Thread<'_>) -> Result {
        OdictIterator::over(th, self, Kind::Keys, false)
    }

    fn mp_ass_subscript(&self, th: Thread<'_>, key: Obj<'_>, value: Option<Obj<'_>>) -> Result<()> {
        match value {
            Some(value) => self.put(th, key, value),
            None => match self.take(th, key)? {
                Some(_) => Ok(()),
                None => Err(key_error(th, key)),
            },
        }
    }

    fn __or__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result {
        let owner = left.downcast::<OrderedDict>().or_else(|| right.downcast::<OrderedDict>());
        let both = left.downcast::<Dict>().is_some() && right.downcast::<Dict>().is_some();
        let Some(owner) = owner.filter(|_| both) else { return Ok(not_implemented_ref()) };
        let new = owner.obj().ty().obj().call(th, &[left])?;
        match new.obj().downcast::<OrderedDict>() {
            Some(dict) => dict.update_mapping(th, right)?,
            None => raise!(th, TypeError, "expected an OrderedDict"),
        }
        Ok(new)
    }

    fn __ior__(&self, th: Thread<'_>, other: Obj<'_>) -> Result {
        self.update_mapping(th, other)?;
        Ok(self.obj().own())
    }

    #[getter(__dict__)]
    fn get_attributes(&self, th: Thread<'_>) -> Result<Ref<Dict>> {
        if let Some(dict) = self.attributes.get() {
            return Ok(dict);
        }
        let dict = Dict::new(th)?;
        self.attributes.set(Some(dict.clone()));
        Ok(dict)
    }

    #[setter(__dict__)]
    fn set_attributes(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        self.attributes.set(Some(own(generic::dict_to_assign(th, value)?)));
        Ok(())
    }
}

#[pymethods(part = methods)]
impl OrderedDict {
    /// Create a new ordered dictionary with keys from iterable and values set to value.
    #[classmethod]
    #[sig = "($type, /, iterable, value=None)"]
    fn fromkeys(th: Thread<'_>, cls: &Type, iterable: Obj<'_>, value: Option<Obj<'_>>) -> Result {
        let dict = cls.obj().call(th, &[])?;
        let value = value.unwrap_or(types::none());
        iter::for_each(th, iterable, |key| dict.set_item(th, key.obj(), Some(value)))?;
        Ok(dict)
    }

    /// Return the size of the dictionary in memory, in bytes.
    #[sig = "($self, /)"]
    fn __sizeof__(&self, _: Thread<'_>) -> usize {
        // COMPAT: 8 words behind the dict, a pointer for each of its slots and a node of 4 words
        // for each item, as CPython counts them; test_ordered_dict.*.test_sizeof_exact.
        let behind = 8 + self.dict.count_slots() + 4 * self.dict.len();
        self.dict.size_in_memory() + size_of::<Dict>() + behind * size_of::<usize>()
            - size_of::<OrderedDict>()
    }

    /// Return state information for pickling
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        let mut state = self.obj().call_method(th, id!(th, "__getstate__"), &[])?;
        if state.obj().downcast_exact::<Dict>().is_some_and(Dict::is_empty) {
            state = types::none().own();
        }
        let items = self.obj().call_method(th, id!(th, "items"), &[])?.iter(th)?;
        let args = Tuple::from_refs(th, Vec::new())?;
        let class = self.obj().ty().obj();
        let none = types::none();
        Tuple::from_objs(th, &[class, args.obj(), state.obj(), none, items.obj()])
    }

    /// Insert key with a value of default if key is not in the dictionary.
    ///
    /// Return the value for key if key is in the dictionary, else default.
    #[sig = "($self, /, key, default=None)"]
    fn setdefault(&self, th: Thread<'_>, key: Obj<'_>, default: Option<Obj<'_>>) -> Result {
        let default = default.unwrap_or(types::none());
        if self.is_exact() {
            let hash = Dict::hash_key(th, key)?;
            if let Some(value) = self.dict.get_with_hash(th, key, hash)? {
                return Ok(value);
            }
            self.put_with_hash(th, key, hash, default)?;
            return Ok(default.own());
        }
        if mapping::contains(th, self.obj(), key)? {
            return self.obj().get_item(th, key);
        }
        self.obj().set_item(th, key, Some(default))?;
        Ok(default.own())
    }

    /// od.pop(key[,default]) -> v, remove specified key and return the corresponding value.
    ///
    /// If the key is not found, return the default if given; otherwise,
    /// raise a KeyError.
    #[sig = "($self, /, key, default=<unrepresentable>)"]
    fn pop(&self, th: Thread<'_>, key: Obj<'_>, default: Option<Obj<'_>>) -> Result {
        self.pop_key(th, key, default)
    }

    /// Remove and return a (key, value) pair from the dictionary.
    ///
    /// Pairs are returned in LIFO order if last is true or FIFO order if false.
    #[sig = "($self, /, last=True)"]
    fn popitem(&self, th: Thread<'_>, last: bool) -> Result<Ref<Tuple>> {
        let Some((_, key, hash)) = self.end_key(last) else {
            raise!(th, KeyError, "dictionary is empty");
        };
        let Some(value) = self.take_with_hash(th, key.obj(), hash)? else {
            return Err(key_error(th, key.obj()));
        };
        Tuple::from_array(th, [key, value])
    }

    /// D.keys() -> a set-like object providing a view on D's keys
    #[sig = "($self, /)"]
    fn keys(&self, th: Thread<'_>) -> Result {
        let view = OdictKeys { view: KeysView::layout(&self.dict) };
        alloc_object::new(th, view).map(Ref::upcast)
    }

    /// D.values() -> an object providing a view on D's values
    #[sig = "($self, /)"]
    fn values(&self, th: Thread<'_>) -> Result {
        let view = OdictValues { view: ValuesView::layout(&self.dict) };
        alloc_object::new(th, view).map(Ref::upcast)
    }

    /// D.items() -> a set-like object providing a view on D's items
    #[sig = "($self, /)"]
    fn items(&self, th: Thread<'_>) -> Result {
        let view = OdictItems { view: ItemsView::layout(&self.dict) };
        alloc_object::new(th, view).map(Ref::upcast)
    }

    /// D.update([E, ]**F) -> None.  Update D from mapping/iterable E and F.
    /// If E is present and has a .keys() method, then does:  for k in E.keys(): D[k] = E[k]
    /// If E is present and lacks a .keys() method, then does:  for k, v in E: D[k] = v
    /// In either case, this is followed by: for k in F:  D[k] = F[k]
    #[no_signature]
    #[sig = "($self, /, *args, **kwargs)"]
    fn update(&self, th: Thread<'_>, args: Args<'_>, kwargs: Kwargs<'_>) -> Result<()> {
        match args {
            [] => self.update_from(th, None, kwargs),
            [other] => self.update_from(th, Some(*other), kwargs),
            _ => raise!(
                th,
                TypeError,
                "update() takes at most 1 positional argument ({} given)",
                args.len()
            ),
        }
    }

    /// Remove all items from ordered dict.
    #[sig = "($self, /)"]
    fn clear(&self, th: Thread<'_>) {
        self.dict.clear(th);
        let order = self.order.take();
        self.changed();
        drop(order);
    }

    /// A shallow copy of ordered dict.
    #[sig = "($self, /)"]
    fn copy(&self, th: Thread<'_>) -> Result {
        let state = self.state.get();
        if self.is_exact() {
            let copy = OrderedDict::new(th)?;
            let keys = self.order.borrow().keys();
            for key in keys {
                let value = self.value(th, key.obj())?;
                copy.put(th, key.obj(), value.obj())?;
                self.check_state(th, state)?;
            }
            return Ok(copy.upcast());
        }
        let copy = self.obj().ty().obj().call(th, &[])?;
        let keys = self.order.borrow().keys();
        for key in keys {
            let value = self.obj().get_item(th, key.obj())?;
            self.check_state(th, state)?;
            copy.set_item(th, key.obj(), Some(value.obj()))?;
            self.check_state(th, state)?;
        }
        Ok(copy)
    }

    /// od.__reversed__() <==> reversed(od)
    #[sig = "($self, /)"]
    fn __reversed__(&self, th: Thread<'_>) -> Result {
        OdictIterator::over(th, self, Kind::Keys, true)
    }

    /// Move an existing element to the end (or beginning if last is false).
    ///
    /// Raise KeyError if the element does not exist.
    #[sig = "($self, /, key, last=True)"]
    fn move_to_end(&self, th: Thread<'_>, key: Obj<'_>, last: bool) -> Result<()> {
        self.move_key(th, key, last)
    }
}

/// What an iterator yields.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Keys,
    Values,
    Items,
}

/// An iterator over an ordered dict, in either direction.
#[pytype(name = "odict_iterator", c_name = "PyODictIter_Type", flags = DISALLOW_INSTANTIATION)]
pub(super) struct OdictIterator {
    head: Head,
    dict: Link<OrderedDict>,
    #[traverse(skip)]
    kind: Kind,
    reversed: bool,
    /// The node to come; valid as long as the dict's state is the same.
    next: Cell<Option<u32>>,
    len: usize,
    state: usize,
}

impl OdictIterator {
    fn over(th: Thread<'_>, dict: &OrderedDict, kind: Kind, reversed: bool) -> Result {
        let iterator = OdictIterator {
            head: Head::new(),
            dict: Link::new(own(dict)),
            kind,
            reversed,
            next: Cell::new(dict.order.borrow().end(reversed)),
            len: dict.dict.len(),
            state: dict.state.get(),
        };
        alloc_object::new(th, iterator).map(Ref::upcast)
    }

    /// The next key.
    fn advance(&self, th: Thread<'_>, dict: &OrderedDict) -> Result<Option<Ref>> {
        let Some(index) = self.next.get() else { return Ok(None) };
        let (key, next, listed) = {
            let order = dict.order.borrow();
            (order.key(index), order.neighbour(index, self.reversed), order.len())
        };
        let Some((key, hash)) = key else { return Ok(None) };
        // Where the dict was changed behind the list's back, the key may be gone.
        if listed != dict.dict.len() && !dict.dict.contains_with_hash(th, key.obj(), hash)? {
            return Err(key_error(th, key.obj()));
        }
        self.next.set(next);
        Ok(Some(key))
    }

    /// What the iterator yields for a key.
    fn item(&self, th: Thread<'_>, dict: &OrderedDict, key: Ref) -> Result {
        if self.kind == Kind::Keys {
            return Ok(key);
        }
        // A subclass may compute its values.
        let value = match dict.is_exact() {
            true => dict.value(th, key.obj())?,
            false => dict.obj().get_item(th, key.obj())?,
        };
        match self.kind {
            Kind::Items => Ok(Tuple::from_array(th, [key, value])?.upcast()),
            _ => Ok(value),
        }
    }
}

#[pymethods]
impl OdictIterator {
    fn __iter__(_: Thread<'_>, this: Obj<'_>) -> Ref {
        this.own()
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        let Some(dict) = self.dict.get() else { return Ok(None) };
        if dict.state.get() != self.state {
            self.dict.set(None);
            raise!(th, RuntimeError, "OrderedDict mutated during iteration");
        }
        if dict.dict.len() != self.len {
            self.dict.set(None);
            raise!(th, RuntimeError, "OrderedDict changed size during iteration");
        }
        let Some(key) = self.advance(th, &dict)? else {
            self.dict.set(None);
            return Ok(None);
        };
        self.item(th, &dict, key).map(Some)
    }

    /// Return state information for pickling
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        let mut rest = Vec::new();
        if let Some(dict) = self.dict.get() {
            let saved = self.next.get();
            while let Some(key) = self.advance(th, &dict)? {
                rest.push(self.item(th, &dict, key)?);
            }
            self.next.set(saved);
        }
        let iter = generic::builtin(th, id!(th, "iter"))?;
        let list = object::List::from_refs(th, rest)?;
        let args = Tuple::from_objs(th, &[list.obj()])?;
        Tuple::from_objs(th, &[iter.obj(), args.obj()])
    }
}

macro_rules! odict_views {
    ($($ty:ident $name:literal $c_name:literal $base:ident $kind:ident;)*) => { $(
        #[allow(missing_docs, reason = "a view has no docstring")]
        #[pytype(name = $name, c_name = $c_name, base = $base, flags = DISALLOW_INSTANTIATION)]
        pub(super) struct $ty {
            view: $base,
        }

        impl $ty {
            fn iterate(&self, th: Thread<'_>, reversed: bool) -> Result {
                match self.view.dict().obj().downcast::<OrderedDict>() {
                    Some(dict) => OdictIterator::over(th, dict, Kind::$kind, reversed),
                    None => raise!(th, TypeError, "a view of no OrderedDict"),
                }
            }
        }

        #[pymethods]
        impl $ty {
            fn __iter__(&self, th: Thread<'_>) -> Result {
                self.iterate(th, false)
            }

            #[sig = "($self, /)"]
            fn __reversed__(&self, th: Thread<'_>) -> Result {
                self.iterate(th, true)
            }
        }
    )* };
}

odict_views! {
    OdictKeys "odict_keys" "PyODictKeys_Type" KeysView Keys;
    OdictValues "odict_values" "PyODictValues_Type" ValuesView Values;
    OdictItems "odict_items" "PyODictItems_Type" ItemsView Items;
}
