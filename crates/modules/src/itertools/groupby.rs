//! `groupby`: runs of items with equal keys.

use std::cell::Cell;

use macros::{pymethods, pytype};
use object::{
    AsObject, Head, Link, Obj, Protocol, Ref, Result, Thread, Tuple, Type, alloc_object,
    protocol::compare,
};

use super::self_iterator;

/// make an iterator that returns consecutive keys and groups from the iterable
///
///   iterable
///     Elements to divide into groups according to the key function.
///   key
///     A function for computing the group category for each element.
///     If the key function is not specified or is None, the element itself
///     is used for grouping.
#[pytype(name = "itertools.groupby", sig = "(iterable, key=None)", flags = BASETYPE)]
pub(super) struct GroupBy {
    head: Head,
    iterator: Ref,
    key: Option<Ref>,
    target_key: Link,
    current_key: Link,
    current_value: Link,
    /// The address of the group that may still advance.
    current_group: Cell<usize>,
}

impl GroupBy {
    /// Fetch the next item and its key; false at the end.
    fn step(&self, th: Thread<'_>) -> Result<bool> {
        let Some(value) = self.iterator.next(th)? else { return Ok(false) };
        let key = match &self.key {
            Some(key) => key.call(th, &[value.obj()])?,
            None => value.clone(),
        };
        self.current_value.set(Some(value));
        self.current_key.set(Some(key));
        Ok(true)
    }
}

self_iterator!(GroupBy);

#[pymethods(parts(self_iterator))]
impl GroupBy {
    #[sig = "groupby(iterable, key=None)"]
    fn __new__(th: Thread<'_>, cls: &Type, iterable: Obj<'_>, key: Option<Obj<'_>>) -> Result {
        let groupby = GroupBy {
            head: Head::new(),
            iterator: iterable.iter(th)?,
            key: key.filter(|key| !key.is_none()).map(Obj::own),
            target_key: Link::null(),
            current_key: Link::null(),
            current_value: Link::null(),
            current_group: Cell::new(0),
        };
        alloc_object::alloc(th, cls, groupby).map(Ref::upcast)
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        self.current_group.set(0);
        let key = loop {
            if let Some(key) = self.current_key.get() {
                match self.target_key.get() {
                    None => break key,
                    Some(target) => {
                        if !compare::eq(th, target.obj(), key.obj())? {
                            break key;
                        }
                    }
                }
            }
            if !self.step(th)? {
                return Ok(None);
            }
        };
        self.target_key.set(Some(key.clone()));
        let group = Grouper {
            head: Head::new(),
            parent: Link::new(object::own(self)),
            target_key: key.clone(),
        };
        let group = alloc_object::new(th, group)?;
        self.current_group.set(group.as_ptr().addr());
        Tuple::from_array(th, [key, group.upcast()]).map(|pair| Some(pair.upcast()))
    }
}

/// The items of one group.
#[pytype(name = "itertools._grouper", flags = DISALLOW_INSTANTIATION)]
pub(super) struct Grouper {
    head: Head,
    parent: Link<GroupBy>,
    target_key: Ref,
}

self_iterator!(Grouper);

#[pymethods(parts(self_iterator))]
impl Grouper {
    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        let Some(parent) = self.parent.get() else { return Ok(None) };
        if parent.current_group.get() != self.obj().as_ptr().addr() {
            return Ok(None);
        }
        if parent.current_value.is_null() && !parent.step(th)? {
            return Ok(None);
        }
        let Some(key) = parent.current_key.get() else { return Ok(None) };
        if !compare::eq(th, self.target_key.obj(), key.obj())? {
            return Ok(None);
        }
        parent.current_key.set(None);
        Ok(parent.current_value.take())
    }
}
