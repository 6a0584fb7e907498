//! `object`: the base of all types, and generic attribute access.

use macros::{pymethods, pytype};

use crate::{
    AsObject, Dict, Head, Int, Link, List, Obj, Protocol, PyStruct, Ref, Result, Str, Thread,
    Tuple, Type, alloc_object, error, id, protocol, raise, shape, types,
};

use crate::protocol::generic::lookup_special;

use super::type_::{attrs, create};

/// The base class of the class hierarchy.
///
/// When called, it accepts no arguments and returns a new featureless
/// instance that has no instance attributes and cannot be given any.
#[pytype(name = "object", c_name = "PyBaseObject_Type", sig = "()", flags = BASETYPE, layout = abi::PyObject)]
pub struct BaseObject {
    head: Head,
}

/// `object` as a type.
#[inline(always)]
pub fn object_type() -> &'static Type {
    BaseObject::type_object()
}

/// The hash of an object by identity: its address, the low bits rotated away.
pub fn identity_hash(object: Obj<'_>) -> isize {
    (object.as_ptr() as usize).rotate_right(4) as isize
}

/// The dict of an object whose type keeps it at a fixed offset.
fn dict_at_offset<'a>(object: Obj<'a>, ty: &Type) -> Option<&'a Link<Dict>> {
    let mut offset = ty.slots().tp_dictoffset;
    if offset == 0 {
        return None;
    }
    if offset < 0 {
        // SAFETY: a type with a negative offset has variable-size instances.
        let size = unsafe { (*object.as_ptr().cast::<abi::PyVarObject>()).ob_size }.unsigned_abs();
        let end = (ty.basicsize() + size * ty.itemsize()).next_multiple_of(8);
        offset += end as isize;
    }
    // SAFETY: the type says that a dict pointer is there.
    Some(unsafe { &*object.as_ptr().cast::<u8>().offset(offset).cast::<Link<Dict>>() })
}

/// Where an object keeps its dict, null unless its type says where.
pub fn dict_pointer(object: Obj<'_>) -> *mut *mut abi::PyObject {
    if object.ty().flags() & abi::Py_TPFLAGS_MANAGED_DICT != 0 {
        return std::ptr::null_mut();
    }
    match dict_at_offset(object, object.ty()) {
        Some(link) => std::ptr::from_ref(link).cast_mut().cast(),
        None => std::ptr::null_mut(),
    }
}

/// Whether instances have a `__dict__`.
pub fn has_dict(ty: &Type) -> bool {
    ty.flags() & abi::Py_TPFLAGS_MANAGED_DICT != 0 || ty.slots().tp_dictoffset != 0
}

/// The value of `name` in the object's own attributes.
pub fn instance_attribute(th: Thread<'_>, object: Obj<'_>, name: &Str) -> Result<Option<Ref>> {
    let ty = object.ty();
    if ty.flags() & abi::Py_TPFLAGS_MANAGED_DICT != 0 {
        return shape::get(th, object, name);
    }
    match dict_at_offset(object, ty).and_then(Link::get) {
        Some(dict) => dict.get(th, name.obj()),
        None => Ok(None),
    }
}

/// `object.__dict__`, made on first use; `None` if there cannot be one.
pub fn instance_dict(th: Thread<'_>, object: Obj<'_>) -> Result<Option<Ref<Dict>>> {
    let ty = object.ty();
    if ty.flags() & abi::Py_TPFLAGS_MANAGED_DICT != 0 {
        return shape::dict(th, object).map(Some);
    }
    let Some(link) = dict_at_offset(object, ty) else { return Ok(None) };
    if link.is_null() {
        link.set(Some(Dict::new(th)?));
    }
    Ok(link.get())
}

/// `object.__dict__ = dict`.
pub fn set_instance_dict(th: Thread<'_>, object: Obj<'_>, value: Option<Obj<'_>>) -> Result<()> {
    let new = match value {
        None => Dict::new(th)?,
        Some(value) => match value.own().downcast::<Dict>() {
            Ok(dict) => dict,
            Err(other) => raise!(
                th,
                TypeError,
                "__dict__ must be set to a dictionary, not a '{}'",
                other.obj().type_name()
            ),
        },
    };
    let ty = object.ty();
    if ty.flags() & abi::Py_TPFLAGS_MANAGED_DICT != 0 {
        return shape::set_dict(th, object, new);
    }
    match dict_at_offset(object, ty) {
        Some(link) => link.set(Some(new)),
        None => raise!(th, AttributeError, "This object has no __dict__"),
    }
    Ok(())
}

/// The name of an attribute as a string, or the error for another object.
pub fn expect_name<'a>(th: Thread<'_>, name: Obj<'a>) -> Result<&'a Str> {
    match name.downcast::<Str>() {
        Some(name) => Ok(name),
        None => raise!(th, TypeError, "attribute name must be string, not '{}'", name.type_name()),
    }
}

/// The interned form of an attribute name.
pub fn interned(th: Thread<'_>, name: &Str) -> Ref<Str> {
    if name.is_interned_here(th) {
        return crate::own(name);
    }
    Str::intern_ref(th, name.to_exact(th).unwrap_or_else(|_| crate::own(name)))
}

/// `object.__getattribute__`.
pub fn generic_getattr_obj(th: Thread<'_>, object: Obj<'_>, name: Obj<'_>) -> Result<Ref> {
    generic_getattr(th, object, expect_name(th, name)?)
}

/// `object.__getattribute__(name)`: data descriptors, own attributes, other
/// class attributes, in this order.
pub fn generic_getattr(th: Thread<'_>, object: Obj<'_>, name: &Str) -> Result<Ref> {
    match generic_getattr_opt(th, object, name)? {
        Some(value) => Ok(value),
        None => Err(no_attribute(th, object, name)),
    }
}

/// As `generic_getattr`, with `None` for a missing attribute.
pub fn generic_getattr_opt(th: Thread<'_>, object: Obj<'_>, name: &Str) -> Result<Option<Ref>> {
    let name = &*interned(th, name);
    let ty = object.ty();
    let found = ty.lookup(th, name).map(Obj::own);
    if let Some(descriptor) = &found {
        let slots = descriptor.obj().ty().slots();
        if slots.tp_descr_get.is_some() && slots.tp_descr_set.is_some() {
            return types::descr::bind(th, descriptor.obj(), Some(object), ty).map(Some);
        }
    }
    if let Some(value) = instance_attribute(th, object, name)? {
        return Ok(Some(value));
    }
    match found {
        Some(descriptor) => types::descr::bind(th, descriptor.obj(), Some(object), ty).map(Some),
        None => Ok(None),
    }
}

/// `AttributeError` that knows the object and the name.
#[cold]
pub fn no_attribute(th: Thread<'_>, object: Obj<'_>, name: &Str) -> error::Raised {
    let message = format_args!("'{}' object has no attribute '{name}'", object.type_name());
    crate::exceptions::attribute_error(th, object, name.obj(), message)
}

/// `object.__setattr__(name, value)`; `None` deletes.
pub fn generic_setattr(
    th: Thread<'_>,
    object: Obj<'_>,
    name: Obj<'_>,
    value: Option<Obj<'_>>,
) -> Result<()> {
    let name = &*interned(th, expect_name(th, name)?);
    let ty = object.ty();
    let found = ty.lookup(th, name).map(Obj::own);
    if let Some(descriptor) = &found
        && let Some(set) = descriptor.obj().ty().slots().tp_descr_set
    {
        let value = value.map_or(std::ptr::null_mut(), Obj::as_ptr);
        // SAFETY: the slot belongs to the descriptor's type.
        let status = unsafe { set(descriptor.as_ptr(), object.as_ptr(), value) };
        return if status < 0 { Err(error::Raised) } else { Ok(()) };
    }
    if ty.flags() & abi::Py_TPFLAGS_MANAGED_DICT != 0 {
        if !shape::set(th, object, name, value)? {
            return Err(no_attribute(th, object, name));
        }
        return Ok(());
    }
    if let Some(link) = dict_at_offset(object, ty) {
        if link.is_null() {
            if value.is_none() {
                return Err(no_attribute(th, object, name));
            }
            link.set(Some(Dict::new(th)?));
        }
        let Some(dict) = link.get() else { return Err(th.no_memory()) };
        return match value {
            Some(value) => dict.set(th, name.obj(), value),
            None if dict.remove(th, name.obj())? => Ok(()),
            None => Err(no_attribute(th, object, name)),
        };
    }
    let generic = object_type().slots().tp_setattro.map(|f| f as usize);
    let type_name = object.type_name();
    let message = match found {
        Some(_) => format!("'{type_name}' object attribute '{name}' is read-only"),
        None if ty.slots().tp_setattro.map(|f| f as usize) == generic => format!(
            "'{type_name}' object has no attribute '{name}' and no __dict__ for setting new attributes"
        ),
        None => format!("'{type_name}' object has no attribute '{name}'"),
    };
    Err(crate::exceptions::attribute_error(th, object, name.obj(), format_args!("{message}")))
}

/// Whether the arguments of `object()` are in excess, as `object_init` and
/// `object_new` judge: the one that is not overridden complains.
fn excess_args(args: &Tuple, kwargs: Option<&Dict>) -> bool {
    args.len() > 0 || kwargs.is_some_and(|kwargs| kwargs.len() > 0)
}

fn overrides(ty: &Type, slot: fn(&abi::PyTypeObject) -> usize) -> bool {
    slot(ty.slots()) != slot(object_type().slots())
}

#[pymethods]
impl BaseObject {
    fn __new__(th: Thread<'_>, cls: &Type, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        let has_new = overrides(cls, |t| t.tp_new.map_or(0, |f| f as usize));
        let has_init = overrides(cls, |t| t.tp_init.map_or(0, |f| f as usize));
        if excess_args(args, kwargs) {
            if has_new {
                raise!(
                    th,
                    TypeError,
                    "object.__new__() takes exactly one argument (the type to instantiate)"
                );
            }
            if !has_init {
                raise!(th, TypeError, "{}() takes no arguments", cls.full_name());
            }
        }
        if cls.flags() & abi::Py_TPFLAGS_IS_ABSTRACT != 0 {
            return Err(create::abstract_error(th, cls));
        }
        alloc_object::alloc(th, cls, BaseObject { head: Head::new() }).map(Ref::upcast)
    }

    fn __init__(th: Thread<'_>, this: Obj<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result<()> {
        let cls = this.ty();
        if excess_args(args, kwargs) {
            if overrides(cls, |t| t.tp_init.map_or(0, |f| f as usize)) {
                raise!(
                    th,
                    TypeError,
                    "object.__init__() takes exactly one argument (the instance to initialize)"
                );
            }
            if !overrides(cls, |t| t.tp_new.map_or(0, |f| f as usize)) {
                raise!(
                    th,
                    TypeError,
                    "{}.__init__() takes exactly one argument (the instance to initialize)",
                    cls.full_name()
                );
            }
        }
        Ok(())
    }

    fn __hash__(_: Thread<'_>, this: Obj<'_>) -> isize {
        identity_hash(this)
    }

    fn __repr__(th: Thread<'_>, this: Obj<'_>) -> Result<Ref<Str>> {
        let name = this.ty().qualified_name(th)?;
        Str::from_fmt(th, format_args!("<{name} object at {:p}>", this.as_ptr()))
    }

    fn __str__(th: Thread<'_>, this: Obj<'_>) -> Result<Ref<Str>> {
        this.repr(th)
    }

    fn tp_getattro(th: Thread<'_>, this: Obj<'_>, name: Obj<'_>) -> Result {
        generic_getattr_obj(th, this, name)
    }

    fn tp_setattro(
        th: Thread<'_>,
        this: Obj<'_>,
        name: Obj<'_>,
        value: Option<Obj<'_>>,
    ) -> Result<()> {
        generic_setattr(th, this, name, value)
    }

    fn tp_richcompare(
        th: Thread<'_>,
        this: Obj<'_>,
        other: Obj<'_>,
        op: crate::CompareOp,
    ) -> Result {
        match op {
            crate::CompareOp::Eq if this.is(other) => Ok(types::bool_(true).own()),
            crate::CompareOp::Ne => {
                let Some(slot) = this.ty().slots().tp_richcompare else {
                    return Ok(types::singletons::not_implemented_ref());
                };
                // SAFETY: the slot belongs to the object's type.
                let equal =
                    unsafe { slot(this.as_ptr(), other.as_ptr(), crate::CompareOp::Eq as i32) };
                // SAFETY: a new reference or null.
                let equal = unsafe { Ref::from_raw(equal) }.ok_or(error::Raised)?;
                if equal.obj().is(types::not_implemented()) {
                    return Ok(equal);
                }
                Ok(types::bool_(!equal.is_true(th)?).own())
            }
            _ => Ok(types::singletons::not_implemented_ref()),
        }
    }

    #[getter]
    fn __class__(_: Thread<'_>, this: Obj<'_>) -> Ref<Type> {
        crate::own(this.ty())
    }

    #[setter]
    fn set___class__(th: Thread<'_>, this: Obj<'_>, value: Option<Obj<'_>>) -> Result<()> {
        create::set_class(th, this, value)
    }

    /// Helper for pickle.
    #[sig = "($self, /)"]
    fn __reduce__(th: Thread<'_>, this: Obj<'_>) -> Result {
        reduce_ex(th, this, 0)
    }

    /// Helper for pickle.
    #[sig = "($self, protocol, /)"]
    fn __reduce_ex__(th: Thread<'_>, this: Obj<'_>, protocol: i32) -> Result {
        let name = id!(th, "__reduce__");
        let method = this.getattr(th, name)?;
        let own = this.ty().lookup(th, name).map(Obj::own);
        let base = object_type().lookup(th, name);
        if let (Some(own), Some(base)) = (own, base)
            && !own.obj().is(base)
        {
            return method.call(th, &[]);
        }
        reduce_ex(th, this, protocol)
    }

    /// Helper for pickle.
    #[sig = "($self, /)"]
    fn __getstate__(th: Thread<'_>, this: Obj<'_>) -> Result {
        get_state(th, this)
    }

    /// Abstract classes can override this to customize issubclass().
    #[classmethod]
    #[sig = "($type, subclass, /)"]
    fn __subclasshook__(_: Thread<'_>, cls: &Type, subclass: Obj<'_>) -> Result {
        let _ = (cls, subclass);
        Ok(types::singletons::not_implemented_ref())
    }

    /// This method is called when a class is subclassed.
    #[classmethod]
    #[sig = "($type)"]
    fn __init_subclass__(_: Thread<'_>, cls: &Type) -> Result<()> {
        let _ = cls;
        Ok(())
    }

    /// Default object formatter.
    #[sig = "($self, format_spec, /)"]
    fn __format__(th: Thread<'_>, this: Obj<'_>, format_spec: &Str) -> Result {
        if format_spec.len() > 0 {
            raise!(
                th,
                TypeError,
                "unsupported format string passed to {}.__format__",
                this.type_name()
            );
        }
        this.str(th).map(Ref::upcast)
    }

    /// Size of object in memory, in bytes.
    #[sig = "($self, /)"]
    fn __sizeof__(_: Thread<'_>, this: Obj<'_>) -> usize {
        let ty = this.ty();
        let mut size = ty.basicsize();
        if ty.itemsize() != 0 {
            // SAFETY: instances of a type with items have an `ob_size`.
            let items =
                unsafe { (*this.as_ptr().cast::<abi::PyVarObject>()).ob_size }.unsigned_abs();
            size += items * ty.itemsize();
        }
        size
    }

    /// Default dir() implementation.
    #[sig = "($self, /)"]
    fn __dir__(th: Thread<'_>, this: Obj<'_>) -> Result {
        let names = Dict::new(th)?;
        if let Some(dict) = this.getattr_opt(th, id!(th, "__dict__"))?
            && let Some(dict) = dict.obj().downcast::<Dict>()
        {
            attrs::add_keys(th, &names, dict)?;
        }
        if let Some(class) = this.getattr_opt(th, id!(th, "__class__"))?
            && let Some(class) = class.obj().downcast::<Type>()
        {
            attrs::add_class_names(th, &names, class)?;
        }
        let (mut position, mut keys) = (0, Vec::new());
        while let Some((key, _)) = names.next_entry(&mut position) {
            keys.push(key);
        }
        List::from_refs(th, keys).map(Ref::upcast)
    }
}

/// `copyreg._reduce_ex` for old protocols, `__newobj__` from protocol 2 on.
fn reduce_ex(th: Thread<'_>, this: Obj<'_>, protocol: i32) -> Result {
    let copyreg = (th.hooks().import_module)(th, id!(th, "copyreg"))?;
    if protocol < 2 {
        let number = Int::from_i64(th, i64::from(protocol))?;
        return copyreg.call_method(th, id!(th, "_reduce_ex"), &[this, number.obj()]);
    }
    let cls = this.ty();
    if cls.slots().tp_new.is_none() {
        raise!(th, TypeError, "cannot pickle '{}' object", cls.full_name());
    }
    let (args, kwargs) = new_arguments(th, this)?;
    let has_args = args.is_some() || kwargs.is_some();
    let (constructor, packed) = match kwargs {
        Some(kwargs) if kwargs.len() > 0 => {
            let args = match args {
                Some(args) => args,
                None => Tuple::from_refs(th, Vec::new())?,
            };
            let constructor = copyreg.getattr(th, id!(th, "__newobj_ex__"))?;
            (constructor, Tuple::from_objs(th, &[cls.obj(), args.obj(), kwargs.obj()])?)
        }
        _ => {
            let mut all = vec![cls.obj().own()];
            if let Some(args) = &args {
                all.extend(args.items().iter().map(|arg| arg.own()));
            }
            (copyreg.getattr(th, id!(th, "__newobj__"))?, Tuple::from_refs(th, all)?)
        }
    };
    let list_items =
        if this.downcast::<List>().is_some() { this.iter(th)? } else { types::none().own() };
    let dict_items = if this.downcast::<Dict>().is_some() {
        this.call_method(th, id!(th, "items"), &[])?.iter(th)?
    } else {
        types::none().own()
    };
    let required =
        !has_args && this.downcast::<List>().is_none() && this.downcast::<Dict>().is_none();
    if required {
        check_basic_layout(th, this)?;
    }
    let state = this.call_method(th, id!(th, "__getstate__"), &[])?;
    let items = [constructor.obj(), packed.obj(), state.obj(), list_items.obj(), dict_items.obj()];
    Tuple::from_objs(th, &items).map(Ref::upcast)
}

/// An object with native state beyond `object`'s cannot be rebuilt from its dict.
fn check_basic_layout(th: Thread<'_>, this: Obj<'_>) -> Result<()> {
    let ty = this.ty();
    let slots = create::count_slots(th, ty);
    let is_sized = ty.itemsize() != 0;
    if is_sized || ty.basicsize() > size_of::<abi::PyObject>() + slots * 8 {
        let has_getstate = ty.lookup(th, id!(th, "__getstate__")).map(Obj::own);
        let base = object_type().lookup(th, id!(th, "__getstate__"));
        if let (Some(own), Some(base)) = (has_getstate, base)
            && !own.obj().is(base)
        {
            return Ok(());
        }
        if is_sized {
            raise!(th, TypeError, "cannot pickle {} objects", ty.full_name());
        }
        raise!(th, TypeError, "cannot pickle '{}' object", ty.full_name());
    }
    Ok(())
}

type NewArguments = (Option<Ref<Tuple>>, Option<Ref<Dict>>);

/// `__getnewargs_ex__` or `__getnewargs__`.
fn new_arguments(th: Thread<'_>, this: Obj<'_>) -> Result<NewArguments> {
    if let Some(method) = lookup_special(th, this, id!(th, "__getnewargs_ex__"))? {
        let pair = method.call(th, &[])?;
        let Some(items) = pair.obj().downcast::<Tuple>() else {
            raise!(
                th,
                TypeError,
                "__getnewargs_ex__ should return a tuple, not '{}'",
                pair.obj().type_name()
            );
        };
        let [args, kwargs] = items.items() else {
            raise!(
                th,
                ValueError,
                "__getnewargs_ex__ should return a tuple of length 2, not {}",
                items.len()
            );
        };
        let Ok(args) = args.own().downcast::<Tuple>() else {
            raise!(
                th,
                TypeError,
                "first item of the tuple returned by __getnewargs_ex__ must be a tuple, not '{}'",
                args.type_name()
            );
        };
        let Ok(kwargs) = kwargs.own().downcast::<Dict>() else {
            raise!(
                th,
                TypeError,
                "second item of the tuple returned by __getnewargs_ex__ must be a dict, not '{}'",
                kwargs.type_name()
            );
        };
        return Ok((Some(args), Some(kwargs)));
    }
    if let Some(method) = lookup_special(th, this, id!(th, "__getnewargs__"))? {
        let args = method.call(th, &[])?;
        return match args.downcast::<Tuple>() {
            Ok(args) => Ok((Some(args), None)),
            Err(other) => raise!(
                th,
                TypeError,
                "__getnewargs__ should return a tuple, not '{}'",
                other.obj().type_name()
            ),
        };
    }
    Ok((None, None))
}

/// The default state: the dict, and the values of slots.
fn get_state(th: Thread<'_>, this: Obj<'_>) -> Result {
    let state = match this.getattr_opt(th, id!(th, "__dict__"))? {
        Some(dict) if dict.obj().downcast::<Dict>().is_none_or(|dict| dict.len() > 0) => dict,
        _ => types::none().own(),
    };
    let copyreg = (th.hooks().import_module)(th, id!(th, "copyreg"))?;
    let names = copyreg.call_method(th, id!(th, "_slotnames"), &[this.ty().obj()])?;
    if names.obj().is_none() {
        return Ok(state);
    }
    let slots = Dict::new(th)?;
    for name in protocol::iter::collect(th, names.obj())? {
        let Some(text) = name.obj().downcast::<Str>() else { continue };
        if let Some(value) = this.getattr_opt(th, text)? {
            slots.set(th, name.obj(), value.obj())?;
        }
    }
    if slots.len() == 0 {
        return Ok(state);
    }
    Tuple::from_objs(th, &[state.obj(), slots.obj()]).map(Ref::upcast)
}
