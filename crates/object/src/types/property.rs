//! `property`: an attribute computed by functions.
//!
//! The docstring comes from the getter unless one is given; `getter_doc`
//! remembers that, so that a copy made by `getter()` looks again.

use std::{cell::Cell, mem::offset_of};

use macros::{pymethods, pytype};

use crate::{
    AsObject, Head, Link, Obj, Protocol, PyStruct, Raised, Ref, Result, Thread, Tuple, Type,
    alloc_object, declare::TypeBuilder, error, exceptions::types::AttributeError, id,
    protocol::generic, raise, types,
};

/// Property attribute.
///
///   fget
///     function to be used for getting an attribute value
///   fset
///     function to be used for setting an attribute value
///   fdel
///     function to be used for del'ing an attribute
///   doc
///     docstring
#[pytype(name = "property", c_name = "PyProperty_Type", sig = "(fget=None, fset=None, fdel=None, doc=None)", flags = BASETYPE)]
pub struct Property {
    head: Head,
    fget: Link,
    fset: Link,
    fdel: Link,
    doc: Link,
    name: Link,
    getter_doc: Cell<bool>,
}

fn not_none(value: Option<Obj<'_>>) -> Option<Ref> {
    value.filter(|value| !value.is_none()).map(Obj::own)
}

impl Property {
    /// The getter.
    pub fn fget(&self) -> Option<Ref> {
        self.fget.get()
    }

    fn find_name(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        if let Some(name) = self.name.get() {
            return Ok(Some(name));
        }
        match self.fget.get() {
            Some(fget) => fget.getattr_opt(th, id!(th, "__name__")),
            None => Ok(None),
        }
    }

    #[cold]
    fn lacks(&self, th: Thread<'_>, object: Option<Obj<'_>>, what: &str) -> Raised {
        let name = match self.find_name(th).and_then(|name| name.map(|n| n.repr(th)).transpose()) {
            Ok(name) => name,
            Err(raised) => return raised,
        };
        let owner = match object {
            Some(object) => {
                let qualname = object.ty().obj().getattr(th, id!(th, "__qualname__"));
                match qualname.and_then(|name| name.repr(th)) {
                    Ok(owner) => Some(owner),
                    Err(raised) => return raised,
                }
            }
            None => None,
        };
        match (name, owner) {
            (Some(name), Some(owner)) => error!(
                th,
                AttributeError, "property {} of {} object has no {what}", &*name, &*owner
            ),
            (None, Some(owner)) => {
                error!(th, AttributeError, "property of {} object has no {what}", &*owner)
            }
            _ => error!(th, AttributeError, "property has no {what}"),
        }
    }

    /// A property like this one but for the functions given.
    fn copy(
        &self,
        th: Thread<'_>,
        fget: Option<Obj<'_>>,
        fset: Option<Obj<'_>>,
        fdel: Option<Obj<'_>>,
    ) -> Result {
        let or_old = |new: Option<Obj<'_>>, old: &Link| {
            not_none(new).or_else(|| old.get()).unwrap_or_else(|| types::none().own())
        };
        let get = or_old(fget, &self.fget);
        let set = or_old(fset, &self.fset);
        let delete = or_old(fdel, &self.fdel);
        let doc = match self.doc.get() {
            Some(doc) if !self.getter_doc.get() || get.obj().is_none() => doc,
            _ => types::none().own(),
        };
        let ty = self.obj().ty();
        let copy = ty.obj().call(th, &[get.obj(), set.obj(), delete.obj(), doc.obj()])?;
        if let Some(property) = copy.obj().downcast::<Property>() {
            property.name.set(self.name.get());
        }
        Ok(copy)
    }
}

#[pymethods]
impl Property {
    fn __new__(th: Thread<'_>, cls: &Type, _: &Tuple, _: Option<&crate::Dict>) -> Result {
        let property = Property {
            head: Head::new(),
            fget: Link::null(),
            fset: Link::null(),
            fdel: Link::null(),
            doc: Link::null(),
            name: Link::null(),
            getter_doc: Cell::new(false),
        };
        alloc_object::alloc(th, cls, property).map(Ref::upcast)
    }

    #[sig = "property(fget=None, fset=None, fdel=None, doc=None)"]
    fn __init__(
        &self,
        th: Thread<'_>,
        fget: Option<Obj<'_>>,
        fset: Option<Obj<'_>>,
        fdel: Option<Obj<'_>>,
        doc: Option<Obj<'_>>,
    ) -> Result<()> {
        self.fget.set(not_none(fget));
        self.fset.set(not_none(fset));
        self.fdel.set(not_none(fdel));
        self.doc.set(None);
        self.name.set(None);
        self.getter_doc.set(false);
        let mut text = not_none(doc);
        if text.is_none()
            && let Some(fget) = self.fget.get()
            && let Some(doc) = fget.getattr_opt(th, id!(th, "__doc__"))?
            && !doc.obj().is_none()
        {
            self.getter_doc.set(true);
            text = Some(doc);
        }
        if self.obj().is_exact::<Property>() {
            self.doc.set(text);
            return Ok(());
        }
        // A subclass may have a `__doc__` of its own: the instance's goes where
        // assignment puts it.
        let text = text.unwrap_or_else(|| types::none().own());
        match self.obj().setattr(th, id!(th, "__doc__"), Some(text.obj())) {
            Err(raised) if !self.getter_doc.get() => th.catch(raised, AttributeError()),
            result => result,
        }
    }

    #[declare]
    fn members(b: &mut TypeBuilder<'_>) {
        let read_only = abi::Py_READONLY;
        b.member(c"fget", abi::_Py_T_OBJECT, offset_of!(Property, fget), read_only, None);
        b.member(c"fset", abi::_Py_T_OBJECT, offset_of!(Property, fset), read_only, None);
        b.member(c"fdel", abi::_Py_T_OBJECT, offset_of!(Property, fdel), read_only, None);
        b.member(c"__doc__", abi::_Py_T_OBJECT, offset_of!(Property, doc), 0, None);
    }

    fn __get__(&self, th: Thread<'_>, instance: Option<Obj<'_>>, _: Option<Obj<'_>>) -> Result {
        let Some(instance) = instance.filter(|instance| !instance.is_none()) else {
            return Ok(self.obj().own());
        };
        match self.fget.get() {
            Some(fget) => fget.call(th, &[instance]),
            None => Err(self.lacks(th, Some(instance), "getter")),
        }
    }

    fn tp_descr_set(
        &self,
        th: Thread<'_>,
        instance: Obj<'_>,
        value: Option<Obj<'_>>,
    ) -> Result<()> {
        let function = if value.is_some() { self.fset.get() } else { self.fdel.get() };
        let Some(function) = function else {
            let what = if value.is_some() { "setter" } else { "deleter" };
            return Err(self.lacks(th, Some(instance), what));
        };
        match value {
            Some(value) => function.call(th, &[instance, value]).map(drop),
            None => function.call(th, &[instance]).map(drop),
        }
    }

    /// Descriptor to obtain a copy of the property with a different getter.
    #[sig = "($self, object, /)"]
    fn getter(&self, th: Thread<'_>, object: Obj<'_>) -> Result {
        self.copy(th, Some(object), None, None)
    }

    /// Descriptor to obtain a copy of the property with a different setter.
    #[sig = "($self, object, /)"]
    fn setter(&self, th: Thread<'_>, object: Obj<'_>) -> Result {
        self.copy(th, None, Some(object), None)
    }

    /// Descriptor to obtain a copy of the property with a different deleter.
    #[sig = "($self, object, /)"]
    fn deleter(&self, th: Thread<'_>, object: Obj<'_>) -> Result {
        self.copy(th, None, None, Some(object))
    }

    /// Method to set name of a property.
    #[sig = "($self, *args)"]
    fn __set_name__(&self, th: Thread<'_>, args: crate::Args<'_>) -> Result<()> {
        let [_, name] = args else {
            raise!(
                th,
                TypeError,
                "__set_name__() takes 2 positional arguments but {} were given",
                args.len()
            );
        };
        self.name.set(Some(name.own()));
        Ok(())
    }

    #[getter(__name__)]
    fn name(&self, th: Thread<'_>) -> Result {
        match self.find_name(th)? {
            Some(name) => Ok(name),
            None => raise!(
                th,
                AttributeError,
                "'{}' object has no attribute '__name__'",
                self.obj().type_name()
            ),
        }
    }

    #[setter(__name__)]
    fn set_name(&self, _: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        self.name.set(value.map(Obj::own));
        Ok(())
    }

    #[getter(__isabstractmethod__)]
    fn is_abstract(&self, th: Thread<'_>) -> Result<bool> {
        for function in [&self.fget, &self.fset, &self.fdel] {
            if let Some(function) = function.get()
                && generic::is_abstract(th, function.obj())?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// `property` as a type.
pub fn property_type() -> &'static Type {
    Property::type_object()
}
