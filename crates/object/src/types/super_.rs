//! `super`: attribute lookup behind a class in an MRO.

use std::mem::offset_of;

use macros::{pymethods, pytype};

use crate::{
    AsObject, Dict, Head, Link, Obj, Protocol, PyStruct, Ref, Result, Str, Thread, Tuple, Type,
    alloc_object, declare::TypeBuilder, id, own, protocol::generic, raise, types,
};

/// super() -> same as super(__class__, <first argument>)
/// super(type) -> unbound super object
/// super(type, obj) -> bound super object; requires isinstance(obj, type)
/// super(type, type2) -> bound super object; requires issubclass(type2, type)
#[pytype(name = "super", c_name = "PySuper_Type", flags = BASETYPE)]
pub struct Super {
    head: Head,
    class: Link<Type>,
    object: Link,
    object_type: Link<Type>,
}

/// The class whose MRO `super(class, object)` searches.
pub fn check(th: Thread<'_>, class: &Type, object: Obj<'_>) -> Result<Ref<Type>> {
    if let Some(ty) = object.downcast::<Type>()
        && ty.is_subtype(class)
    {
        return Ok(own(ty));
    }
    if object.ty().is_subtype(class) {
        return Ok(own(object.ty()));
    }
    if let Some(claimed) = object.getattr_opt(th, id!(th, "__class__"))?
        && let Some(ty) = claimed.obj().downcast::<Type>()
        && !std::ptr::eq(ty, object.ty())
        && ty.is_subtype(class)
    {
        return Ok(own(ty));
    }
    let (kind, name) = match object.downcast::<Type>() {
        Some(ty) => ("type", ty.full_name()),
        None => ("instance of", object.ty().full_name()),
    };
    raise!(
        th,
        TypeError,
        "super(type, obj): obj ({kind} {name}) is not an instance or subtype of type ({}).",
        class.full_name()
    )
}

/// `super(class, object).name` without making the `super` object.
pub fn lookup(th: Thread<'_>, class: &Type, object: Obj<'_>, name: &Str) -> Result<Ref> {
    let start = check(th, class, object)?;
    if let Some(value) = find(th, class, object, &start, name)? {
        return Ok(value);
    }
    let proxy = new(th, class, object)?;
    generic::generic_getattr(th, proxy.obj(), name.obj())
}

/// `super(class, object)`.
pub fn new(th: Thread<'_>, class: &Type, object: Obj<'_>) -> Result<Ref> {
    let start = check(th, class, object)?;
    let value = Super {
        head: Head::new(),
        class: Link::new(own(class)),
        object: Link::new(object.own()),
        object_type: Link::new(start),
    };
    alloc_object::new(th, value).map(Ref::upcast)
}

/// The attribute behind `class` in the MRO of `start`, bound to `object`.
fn find(
    th: Thread<'_>,
    class: &Type,
    object: Obj<'_>,
    start: &Type,
    name: &Str,
) -> Result<Option<Ref>> {
    if types::str_eq(name.obj(), "__class__") {
        return Ok(None);
    }
    let Some(found) = generic::lookup_after(th, start, class, name)? else { return Ok(None) };
    let instance = (!object.is(start.obj())).then_some(object);
    generic::bind(found, instance, Some(start)).map(Some)
}

#[pymethods]
impl Super {
    fn __new__(th: Thread<'_>, cls: &Type, _: &Tuple, _: Option<&Dict>) -> Result {
        let value = Super {
            head: Head::new(),
            class: Link::null(),
            object: Link::null(),
            object_type: Link::null(),
        };
        alloc_object::alloc(th, cls, value).map(Ref::upcast)
    }

    fn __init__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result<()> {
        if kwargs.is_some_and(|kwargs| kwargs.len() > 0) {
            raise!(th, TypeError, "super() takes no keyword arguments");
        }
        let (class, object) = match args.items() {
            [] => {
                let (class, object) = (th.hooks().super_arguments)(th)?;
                (class, Some(object))
            }
            [class] => (class.own(), None),
            [class, object] => (class.own(), Some(object.own())),
            items => {
                raise!(th, TypeError, "super() expected at most 2 arguments, got {}", items.len())
            }
        };
        let Ok(class) = class.downcast::<Type>() else {
            let got = args.get(0).map_or("?", |arg| arg.type_name());
            raise!(th, TypeError, "super() argument 1 must be a type, not {got}");
        };
        let object = object.filter(|object| !object.obj().is_none());
        let start = match &object {
            Some(object) => Some(check(th, &class, object.obj())?),
            None => None,
        };
        self.class.set(Some(class));
        self.object.set(object);
        self.object_type.set(start);
        Ok(())
    }

    #[declare]
    fn members(b: &mut TypeBuilder<'_>) {
        let read_only = abi::Py_READONLY;
        b.member(
            c"__thisclass__",
            abi::_Py_T_OBJECT,
            offset_of!(Super, class),
            read_only,
            Some(c"the class invoking super()"),
        );
        b.member(
            c"__self__",
            abi::_Py_T_OBJECT,
            offset_of!(Super, object),
            read_only,
            Some(c"the instance invoking super(); may be None"),
        );
        b.member(
            c"__self_class__",
            abi::_Py_T_OBJECT,
            offset_of!(Super, object_type),
            read_only,
            Some(c"the type of the instance invoking super(); may be None"),
        );
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let class = self.class.get();
        let class = class.as_ref().map_or("NULL", |class| class.full_name());
        match self.object_type.get() {
            Some(ty) => Str::from_fmt(
                th,
                format_args!("<super: <class '{class}'>, <{} object>>", ty.full_name()),
            ),
            None => Str::from_fmt(th, format_args!("<super: <class '{class}'>, NULL>")),
        }
    }

    fn tp_getattro(&self, th: Thread<'_>, name: Obj<'_>) -> Result {
        if let (Some(class), Some(object), Some(start), Some(name)) =
            (self.class.get(), self.object.get(), self.object_type.get(), name.downcast::<Str>())
            && let Some(value) = find(th, &class, object.obj(), &start, name)?
        {
            return Ok(value);
        }
        generic::generic_getattr(th, self.obj(), name)
    }

    fn __get__(&self, th: Thread<'_>, instance: Option<Obj<'_>>, _: Option<Obj<'_>>) -> Result {
        let Some(instance) = instance.filter(|instance| !instance.is_none()) else {
            return Ok(self.obj().own());
        };
        if !self.object.is_null() {
            return Ok(self.obj().own());
        }
        let Some(class) = self.class.get() else {
            raise!(th, RuntimeError, "uninitialized super object");
        };
        if self.obj().is_exact::<Super>() {
            return new(th, &class, instance);
        }
        self.obj().ty().obj().call(th, &[class.obj(), instance])
    }
}

/// `super` as a type.
pub fn super_type() -> &'static Type {
    Super::type_object()
}
