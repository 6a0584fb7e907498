//! Copies and pickles of elements, and their size.

use macros::pymethods;
use object::{AsObject, Dict, Int, List, Obj, Protocol, Ref, Result, Str, Thread, own, raise};

use super::{
    Shared,
    element::{Element, as_child, some_object},
};

/// `copy.deepcopy(object, memo)`, short for what is its own copy.
fn deepcopy(th: Thread<'_>, object: Ref, memo: &Dict) -> Result<Ref> {
    if object.obj().is_none() || object.obj().is_exact::<Str>() {
        return Ok(object);
    }
    if let Some(element) = object.obj().downcast_exact::<Element>() {
        return element.__deepcopy__(th, memo).map(Ref::upcast);
    }
    let Some(deepcopy) = Shared::of(th).deepcopy.borrow().clone() else {
        raise!(th, ImportError, "copy.deepcopy is missing");
    };
    deepcopy.call(th, &[object.obj(), memo.obj()])
}

fn deepcopy_link(th: Thread<'_>, object: Option<Ref>, memo: &Dict) -> Result<Option<Ref>> {
    object.map(|object| deepcopy(th, object, memo)).transpose()
}

/// A copy of a dict of attributes with copies of what is in it.
fn deepcopy_attrib(th: Thread<'_>, attrib: Ref<Dict>, memo: &Dict) -> Result<Ref<Dict>> {
    let is_text = |object: &Ref| object.obj().is_exact::<Str>();
    if attrib.items().iter().all(|(key, value)| is_text(key) && is_text(value)) {
        return attrib.copy(th);
    }
    let copy = deepcopy(th, attrib.upcast(), memo)?;
    match copy.downcast::<Dict>() {
        Ok(copy) => Ok(copy),
        Err(other) => {
            raise!(th, TypeError, "attrib must be dict, not {}", other.obj().type_name())
        }
    }
}

#[pymethods(part = state)]
impl Element {
    #[sig = "($self, /)"]
    #[parse(keywords)]
    fn __copy__(&self, th: Thread<'_>) -> Result<Ref<Element>> {
        let tag = self.tag.get().unwrap_or_else(|| object::types::none().own());
        let copy = Element::create(th, tag, None)?;
        copy.attrib.set(self.attrib.get());
        copy.text.set(self.text.get());
        copy.tail.set(self.tail.get());
        for child in self.children.snapshot() {
            copy.children.push(th, child)?;
        }
        Ok(copy)
    }

    #[sig = "($self, memo, /)"]
    fn __deepcopy__(&self, th: Thread<'_>, memo: &Dict) -> Result<Ref<Element>> {
        th.check_stack(" in Element.__deepcopy__")?;
        let tag = self.tag.get().unwrap_or_else(|| object::types::none().own());
        let copy = Element::create(th, deepcopy(th, tag, memo)?, None)?;
        if let Some(attrib) = self.attrib.get() {
            copy.attrib.set(Some(deepcopy_attrib(th, attrib, memo)?));
        }
        copy.text.set(deepcopy_link(th, self.text.get(), memo)?);
        copy.tail.set(deepcopy_link(th, self.tail.get(), memo)?);
        let mut index = 0;
        while let Some(child) = self.children.get(index) {
            let child = deepcopy(th, child.upcast(), memo)?;
            copy.children.push(th, as_child(th, child.obj())?)?;
            index += 1;
        }
        let id = Int::from_u64(th, self.obj().as_ptr().addr() as u64)?;
        memo.set(th, id.obj(), copy.obj())?;
        Ok(copy)
    }

    #[sig = "($self, /)"]
    fn __sizeof__(&self, _: Thread<'_>) -> usize {
        // COMPAT: an element of CPython refers to its attributes and children
        // through a block with room for four of these (test_xml_etree_c SizeofTest).
        let (element, block, pointer) = (56, 64, 8);
        let children = self.children.capacity();
        let block = if self.has_extra() { block } else { 0 };
        element + block + if children > 4 { children * pointer } else { 0 }
    }

    #[sig = "($self, /)"]
    fn __getstate__(&self, th: Thread<'_>) -> Result<Ref<Dict>> {
        let children = self.children.snapshot().into_iter().map(Ref::upcast).collect();
        let items = [
            ("tag", self.tag.get()),
            ("_children", Some(List::from_refs(th, children)?.upcast())),
            ("attrib", Some(self.attributes(th)?.upcast())),
            ("text", self.text.get()),
            ("tail", self.tail.get()),
        ];
        let state = Dict::new(th)?;
        for (name, value) in items {
            let value = value.unwrap_or_else(|| object::types::none().own());
            state.set_str(th, name, value.obj())?;
        }
        Ok(state)
    }

    #[sig = "($self, state, /)"]
    fn __setstate__(&self, th: Thread<'_>, state: Obj<'_>) -> Result<()> {
        let Some(state) = state.downcast::<Dict>() else {
            let shown = state.repr(th)?;
            raise!(th, TypeError, "Don't know how to unpickle \"{shown}\" as an Element");
        };
        let Some(tag) = state.get_str(th, "tag")? else {
            raise!(th, TypeError, "tag may not be NULL");
        };
        let attrib = match state.get_str(th, "attrib")? {
            Some(attrib) if !attrib.obj().is_none() => match attrib.obj().downcast::<Dict>() {
                Some(attrib) => Some(own(attrib)),
                None => {
                    raise!(th, TypeError, "attrib must be dict, not {}", attrib.obj().type_name())
                }
            },
            _ => None,
        };
        let mut children = Vec::new();
        if let Some(list) = state.get_str(th, "_children")? {
            let Some(list) = list.obj().downcast::<List>() else {
                raise!(th, TypeError, "'_children' is not a list");
            };
            for child in list.to_vec() {
                children.push(as_child(th, child.obj())?);
            }
        }
        let text = state.get_str(th, "text")?;
        let tail = state.get_str(th, "tail")?;
        self.tag.set(some_object(tag.obj()));
        self.text.set(text.and_then(|text| some_object(text.obj())));
        self.tail.set(tail.and_then(|tail| some_object(tail.obj())));
        self.attrib.set(attrib);
        drop(self.children.splice(th, 0..usize::MAX, children)?);
        Ok(())
    }
}
