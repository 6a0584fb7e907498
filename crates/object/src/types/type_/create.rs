//! Class creation: `type(name, bases, namespace)`, layouts of instances,
//! teardown, and the assignments that change a class afterwards.

use std::{
    ffi::{CString, c_int},
    ptr::NonNull,
};

use abi::{PyHeapTypeObject, PyMemberDef, PyObject, PyTypeObject};

use crate::{
    AsObject, Dict, Int, Link, Obj, Protocol, PyStruct, Raised, Ref, Result, Str, Thread, Tuple,
    Type, alloc_object, error, gc, id, protocol, raise, reference, shape,
    types::{self, descr, object_},
};

use super::{as_type, inherit, mro, slot_functions};

/// The most derived metatype among `meta` and the types of `bases`.
pub fn calculate_metaclass(th: Thread<'_>, meta: &Type, bases: &[Obj<'_>]) -> Result<Ref<Type>> {
    let mut winner = crate::own(meta);
    for base in bases {
        let candidate = base.ty();
        if winner.is_subtype(candidate) {
            continue;
        }
        if candidate.is_subtype(&winner) {
            winner = crate::own(candidate);
            continue;
        }
        raise!(
            th,
            TypeError,
            "metaclass conflict: the metaclass of a derived class must be a (non-strict) subclass of the metaclasses of all its bases"
        );
    }
    Ok(winner)
}

/// Whether `ty` adds to the layout of its base more than a dict and weak references.
fn extra_ivars(ty: &Type, base: &Type) -> bool {
    ty.basicsize() != base.basicsize() || ty.itemsize() != base.itemsize()
}

/// The type that determines the native layout of instances of `ty`.
pub fn solid_base(ty: &Type) -> &Type {
    let parent = match ty.base() {
        Some(base) => solid_base(base),
        None => types::object_type(),
    };
    if extra_ivars(ty, parent) { ty } else { parent }
}

/// The base whose layout the new class extends.
pub(super) fn best_base<'a>(th: Thread<'_>, bases: &'a [Obj<'a>]) -> Result<&'a Type> {
    let mut winner: Option<(&Type, &Type)> = None;
    for base in bases {
        let Some(base) = as_type(*base) else { raise!(th, TypeError, "bases must be types") };
        if base.flags() & abi::Py_TPFLAGS_BASETYPE == 0 {
            raise!(th, TypeError, "type '{}' is not an acceptable base type", base.full_name());
        }
        let candidate = solid_base(base);
        winner = match winner {
            None => Some((base, candidate)),
            Some((_, solid)) if solid.is_subtype(candidate) => winner,
            Some((_, solid)) if candidate.is_subtype(solid) => Some((base, candidate)),
            Some(_) => raise!(th, TypeError, "multiple bases have instance lay-out conflict"),
        };
    }
    match winner {
        Some((base, _)) => Ok(base),
        None => Ok(types::object_type()),
    }
}

/// What `__slots__` asks for.
struct Slots {
    /// Mangled and sorted names.
    names: Vec<Ref<Str>>,
    add_dict: bool,
    add_weak: bool,
}

/// `_Class__name` for private names.
fn mangle(th: Thread<'_>, class: &Str, name: &Str) -> Result<Ref<Str>> {
    let (class, text) = (class.to_string(), name.to_string());
    let stripped = class.trim_start_matches('_');
    if !text.starts_with("__") || text.ends_with("__") || text.contains('.') || stripped.is_empty()
    {
        return Ok(crate::own(name));
    }
    Str::from_fmt(th, format_args!("_{stripped}{text}"))
}

fn read_slots(
    th: Thread<'_>,
    class_name: &Str,
    base: &Type,
    namespace: &Dict,
    may_add_dict: bool,
    may_add_weak: bool,
) -> Result<Option<(Slots, Ref)>> {
    let Some(declared) = namespace.get(th, id!(th, "__slots__").obj())? else { return Ok(None) };
    let items = if declared.obj().downcast::<Str>().is_some() {
        vec![declared.clone()]
    } else {
        protocol::iter::collect(th, declared.obj())?
    };
    if !items.is_empty() && base.itemsize() != 0 {
        raise!(
            th,
            TypeError,
            "nonempty __slots__ not supported for subtype of '{}'",
            base.full_name()
        );
    }
    let mut slots = Slots { names: Vec::new(), add_dict: false, add_weak: false };
    for item in &items {
        let Some(name) = item.obj().downcast::<Str>() else {
            raise!(
                th,
                TypeError,
                "__slots__ items must be strings, not '{}'",
                item.obj().type_name()
            );
        };
        let text = name.to_string();
        if !text::titles::is_identifier(name.units()) {
            raise!(th, TypeError, "__slots__ must be identifiers");
        }
        match text.as_str() {
            "__dict__" => {
                if !may_add_dict || slots.add_dict {
                    raise!(th, TypeError, "__dict__ slot disallowed: we already got one");
                }
                slots.add_dict = true;
            }
            "__weakref__" => {
                if !may_add_weak || slots.add_weak {
                    raise!(th, TypeError, "__weakref__ slot disallowed: we already got one");
                }
                slots.add_weak = true;
            }
            _ => {
                let mangled = Str::intern_ref(th, mangle(th, class_name, name)?.to_exact(th)?);
                let special = text == "__qualname__" || text == "__classcell__";
                if !special && namespace.contains(th, mangled.obj())? {
                    raise!(
                        th,
                        ValueError,
                        "'{}' in __slots__ conflicts with class variable",
                        &*mangled
                    );
                }
                slots.names.push(mangled);
            }
        }
    }
    slots.names.sort_by_key(|name| name.to_string());
    Ok(Some((slots, declared)))
}

/// `type.__new__(meta, name, bases, namespace, **kwargs)`.
pub fn type_new(th: Thread<'_>, meta: &Type, args: &Tuple, kwargs: Option<&Dict>) -> Result<Ref> {
    let [name, bases, namespace] = args.items() else {
        raise!(th, TypeError, "type.__new__() takes exactly 3 arguments ({} given)", args.len());
    };
    let bad = |index: usize, expected: &str, got: Obj<'_>| {
        error!(
            th,
            TypeError,
            "type.__new__() argument {index} must be {expected}, not {}",
            got.type_name()
        )
    };
    let Some(name) = name.downcast::<Str>() else { return Err(bad(1, "str", *name)) };
    let Some(bases) = bases.downcast::<Tuple>() else { return Err(bad(2, "tuple", *bases)) };
    let Some(namespace) = namespace.downcast::<Dict>() else {
        return Err(bad(3, "dict", *namespace));
    };
    for base in bases.items() {
        if as_type(*base).is_none() && base.getattr_opt(th, id!(th, "__mro_entries__"))?.is_some() {
            raise!(
                th,
                TypeError,
                "type() doesn't support MRO entry resolution; use types.new_class()"
            );
        }
    }
    let winner = calculate_metaclass(th, meta, bases.items())?;
    if !std::ptr::eq(&*winner, meta)
        && winner.slots().tp_new.map(|f| f as usize)
            != Type::type_object().slots().tp_new.map(|f| f as usize)
    {
        let Some(new) = winner.slots().tp_new else {
            raise!(th, TypeError, "cannot create '{}' instances", winner.full_name());
        };
        let raw = kwargs.map_or(std::ptr::null_mut(), |kwargs| kwargs.obj().as_ptr());
        // SAFETY: `tp_new` of the winning metatype.
        let value = unsafe { new(winner.as_ptr().cast(), args.obj().as_ptr(), raw) };
        // SAFETY: a new reference or null.
        return unsafe { Ref::from_raw(value) }.ok_or(error::Raised);
    }
    let owned_bases = if bases.len() == 0 {
        Tuple::from_objs(th, &[types::object_type().obj()])?
    } else {
        crate::own(bases)
    };
    let class = build(th, &winner, name, &owned_bases, namespace)?;
    set_names(th, &class)?;
    init_subclass(th, &class, kwargs)?;
    Ok(class.upcast())
}

/// The C string of a name, or the errors for what C cannot hold.
pub(super) fn c_name(th: Thread<'_>, name: &Str) -> Result<CString> {
    match CString::new(name.to_utf8(th)?) {
        Ok(name) => Ok(name),
        Err(_) => raise!(th, ValueError, "type name must not contain null characters"),
    }
}

fn build(
    th: Thread<'_>,
    meta: &Type,
    name: &Str,
    bases: &Ref<Tuple>,
    namespace: &Dict,
) -> Result<Ref<Type>> {
    let base = best_base(th, bases.items())?;
    let dict = namespace.copy(th)?;
    let tp_name = c_name(th, name)?;
    let may_add_dict = !object_::has_dict(base);
    let managed_weak = abi::Py_TPFLAGS_MANAGED_WEAKREF;
    let has_weak = base.slots().tp_weaklistoffset != 0 || base.flags() & managed_weak != 0;
    let may_add_weak = !has_weak && base.itemsize() == 0;
    let slots = read_slots(th, name, base, &dict, may_add_dict, may_add_weak)?;
    let (mut slots, declared) = match slots {
        Some((slots, declared)) => (slots, Some(declared)),
        None => (Slots { names: Vec::new(), add_dict: may_add_dict, add_weak: may_add_weak }, None),
    };
    if declared.is_some() {
        // Another base may bring what the best one lacks.
        for other in bases.items().iter().filter_map(|other| as_type(*other)) {
            slots.add_dict |= may_add_dict && object_::has_dict(other);
            let weak = other.slots().tp_weaklistoffset != 0 || other.flags() & managed_weak != 0;
            slots.add_weak |= may_add_weak && weak;
        }
    }
    let object = alloc_object::alloc_raw(th, meta, slots.names.len(), 0)?;
    // SAFETY: a zeroed heap type is a valid one without slots.
    let class = unsafe { Ref::<Type>::from_owned(object) };
    let _tracked = TrackAtEnd(th, object);
    // SAFETY: a fresh type that nobody else uses.
    let heap = unsafe { &mut *object.cast::<PyHeapTypeObject>().as_ptr() };
    heap.ht_name = name.obj().own().into_raw();
    heap._ht_tpname = tp_name.into_raw();
    let t = &mut heap.ht_type;
    t.tp_name = heap._ht_tpname;
    t.ob_base.ob_size = slots.names.len() as isize;
    // An instance holds its class, so it can be part of a cycle whatever it has.
    t.tp_flags = abi::Py_TPFLAGS_HEAPTYPE | abi::Py_TPFLAGS_BASETYPE | abi::Py_TPFLAGS_HAVE_GC;
    if slots.add_dict {
        t.tp_flags |= abi::Py_TPFLAGS_MANAGED_DICT;
    }
    if slots.add_weak {
        t.tp_flags |= managed_weak;
    }
    t.tp_as_async = &raw mut heap.as_async;
    t.tp_as_number = &raw mut heap.as_number;
    t.tp_as_sequence = &raw mut heap.as_sequence;
    t.tp_as_mapping = &raw mut heap.as_mapping;
    t.tp_as_buffer = &raw mut heap.as_buffer;
    t.tp_base = crate::own(base).into_raw().cast();
    t.tp_bases = bases.clone().into_raw();
    t.tp_dict = dict.clone().into_raw();
    t.tp_basicsize = (base.basicsize() + 8 * slots.names.len()) as isize;
    t.tp_itemsize = base.slots().tp_itemsize;
    t.tp_dealloc = Some(subtype_dealloc);
    t.tp_traverse = Some(subtype_traverse);
    t.tp_clear = Some(subtype_clear);
    t.tp_alloc = Some(super::ready::generic_alloc);
    t.tp_free = Some(super::ready::free_object);
    t.tp_getattro = base.slots().tp_getattro;
    t.tp_setattro = base.slots().tp_setattro;
    t.tp_vectorcall_offset = base.slots().tp_vectorcall_offset;
    set_class_names(th, &class, name, &dict)?;
    set_special_methods(th, &dict)?;
    warn_of_other_keys(th, &dict, class.full_name())?;
    let cell = take_cell(th, &dict, id!(th, "__classcell__"))?;
    let dict_cell = take_cell(th, &dict, id!(th, "__classdictcell__"))?;
    inherit::from_base(&class, base);
    add_slot_members(th, &class, base, &slots, &dict)?;
    let doc = id!(th, "__doc__");
    match dict.get_name(th, doc) {
        // What C sees as `tp_doc` must be UTF-8.
        Some(doc) => {
            if let Some(doc) = doc.downcast::<Str>() {
                doc.to_utf8(th)?;
            }
        }
        None => dict.set(th, doc.obj(), types::none())?,
    }
    let inherited = shape::layout(base).map(shape::InstanceLayout::capacity);
    if (slots.add_dict && base.itemsize() == 0) || inherited.is_some() {
        let expected = expected_attributes(th, base, &dict)?.max(inherited.unwrap_or(0));
        let layout = Box::into_raw(shape::InstanceLayout::new(expected, is_bare(&class)));
        // SAFETY: as above.
        unsafe {
            (*object.cast::<PyHeapTypeObject>().as_ptr()).ht_cached_keys = layout.cast();
            (*object.cast::<PyHeapTypeObject>().as_ptr()).ht_type.tp_flags |=
                abi::Py_TPFLAGS_INLINE_VALUES;
        };
    }
    // A method called by `mro()` sees them.
    if let Some(cell) = dict_cell {
        cell.contents.set(Some(dict.upcast()));
    }
    if let Some(cell) = cell {
        cell.contents.set(Some(class.clone().upcast()));
    }
    finish(th, &class, base)?;
    Ok(class)
}

/// Shows a class to the collector when it is done, or given up and part of a cycle.
struct TrackAtEnd<'a>(Thread<'a>, NonNull<PyObject>);

impl Drop for TrackAtEnd<'_> {
    fn drop(&mut self) {
        // SAFETY: `type` is a gc type, and null stands where a field was not set.
        unsafe { gc::track(self.0.heap(), self.1) };
    }
}

/// Compute the MRO, fill the slots, tell the bases.
fn finish(th: Thread<'_>, class: &Ref<Type>, base: &Type) -> Result<()> {
    let order = mro::compute(th, class)?;
    // An `mro()` that assigned bases set another one.
    set_mro(th, class, Some(order.clone()));
    // SAFETY: a live type under the GIL.
    unsafe { (*class.obj().as_ptr().cast::<PyTypeObject>()).tp_flags |= abi::Py_TPFLAGS_READY };
    for ancestor in order.items().iter().skip(1) {
        if let Some(ancestor) = as_type(*ancestor) {
            inherit::slots(th, class, ancestor);
        }
    }
    if class.lookup(th, id!(th, "__eq__")).is_some()
        && let Some(dict) = class.dict()
        && dict.get_name(th, id!(th, "__eq__")).is_some()
        && dict.get_name(th, id!(th, "__hash__")).is_none()
    {
        dict.set(th, id!(th, "__hash__").obj(), types::none())?;
    }
    slot_functions::fill_slots(th, class);
    if base.flags() & abi::Py_TPFLAGS_HAVE_VECTORCALL != 0
        && class.slots().tp_call.map(|f| f as usize) == base.slots().tp_call.map(|f| f as usize)
    {
        // SAFETY: as above.
        unsafe {
            (*class.obj().as_ptr().cast::<PyTypeObject>()).tp_flags |=
                abi::Py_TPFLAGS_HAVE_VECTORCALL
        };
    }
    // SAFETY: as above.
    unsafe { (*class.obj().as_ptr().cast::<PyTypeObject>()).tp_dealloc = Some(subtype_dealloc) };
    if let Some(bases) = class.bases() {
        for base in bases.items().iter().filter_map(|base| as_type(*base)) {
            base.add_subclass(class);
        }
    }
    Ok(())
}

/// How many attributes instances are likely to have.
fn expected_attributes(th: Thread<'_>, base: &Type, dict: &Dict) -> Result<usize> {
    let own = match dict.get(th, id!(th, "__static_attributes__").obj())? {
        Some(names) => names.obj().downcast::<Tuple>().map_or(0, Tuple::len),
        None => 0,
    };
    Ok(own + shape::layout(base).map_or(0, shape::InstanceLayout::capacity))
}

fn set_class_names(th: Thread<'_>, class: &Type, name: &Str, dict: &Dict) -> Result<()> {
    let module = id!(th, "__module__");
    if dict.get_name(th, module).is_none()
        && let Some(globals) = (th.hooks().current_globals)(th)
        && let Some(value) = globals.get(th, id!(th, "__name__").obj())?
    {
        dict.set(th, module.obj(), value.obj())?;
    }
    let key = id!(th, "__qualname__");
    let qualname = match dict.get(th, key.obj())? {
        Some(value) => match value.downcast::<Str>() {
            Ok(qualname) => {
                dict.remove(th, key.obj())?;
                qualname
            }
            Err(other) => raise!(
                th,
                TypeError,
                "type __qualname__ must be a str, not {}",
                other.obj().type_name()
            ),
        },
        None => crate::own(name),
    };
    // SAFETY: a fresh heap type.
    unsafe { (*class.as_ptr().cast::<PyHeapTypeObject>()).ht_qualname = qualname.into_raw() };
    Ok(())
}

/// Keys that are not strings cannot be attributes.
fn warn_of_other_keys(th: Thread<'_>, dict: &Dict, class: &str) -> Result<()> {
    let mut position = 0;
    while let Some((key, _)) = dict.next_entry(&mut position) {
        if key.obj().downcast::<Str>().is_some() {
            continue;
        }
        let message =
            Str::from_fmt(th, format_args!("non-string key in the __dict__ of class {class}"))?;
        let category = crate::exceptions::types::RuntimeWarning();
        return (th.hooks().warn)(th, category.obj(), &message, 1);
    }
    Ok(())
}

/// `__new__` becomes a static method, `__init_subclass__` and
/// `__class_getitem__` class methods.
fn set_special_methods(th: Thread<'_>, dict: &Dict) -> Result<()> {
    let is_function = |value: &Ref| value.obj().is_exact::<crate::Function>();
    let new = id!(th, "__new__");
    if let Some(value) = dict.get(th, new.obj())?
        && is_function(&value)
    {
        dict.set(th, new.obj(), types::staticmethod::new(th, value.obj())?.obj())?;
    }
    for name in [id!(th, "__init_subclass__"), id!(th, "__class_getitem__")] {
        if let Some(value) = dict.get(th, name.obj())?
            && is_function(&value)
        {
            dict.set(th, name.obj(), types::classmethod::new(th, value.obj())?.obj())?;
        }
    }
    Ok(())
}

/// Take a cell out of the namespace, to be filled with the class.
fn take_cell(
    th: Thread<'_>,
    dict: &Dict,
    name: &Str,
) -> Result<Option<Ref<types::code::CellObject>>> {
    let Some(cell) = dict.get(th, name.obj())? else { return Ok(None) };
    dict.remove(th, name.obj())?;
    match cell.downcast::<types::code::CellObject>() {
        Ok(cell) => Ok(Some(cell)),
        Err(other) => raise!(
            th,
            TypeError,
            "{name} must be a nonlocal cell, not {}",
            &*other.obj().ty().obj().repr(th)?
        ),
    }
}

/// Keep the definition of slot `i` behind the type, where C code looks for it.
fn keep_member(class: &Type, i: usize, def: PyMemberDef) -> &'static PyMemberDef {
    let items = class.obj().ty().basicsize();
    // SAFETY: the type was allocated with an item for each slot.
    let place = unsafe { class.as_ptr().cast::<u8>().add(items).cast::<PyMemberDef>().add(i) };
    // SAFETY: as above.
    unsafe { place.write(def) };
    // SAFETY: descriptors keep their class, and thereby the definition, alive.
    unsafe { &*place }
}

fn add_slot_members(
    th: Thread<'_>,
    class: &Type,
    base: &Type,
    slots: &Slots,
    dict: &Dict,
) -> Result<()> {
    for (i, name) in slots.names.iter().enumerate() {
        let def = PyMemberDef {
            name: c_name(th, name)?.into_raw(),
            r#type: abi::Py_T_OBJECT_EX,
            offset: (base.basicsize() + 8 * i) as isize,
            flags: 0,
            doc: std::ptr::null(),
        };
        let descriptor = descr::member_descriptor(th, class, keep_member(class, i, def))?;
        dict.set(th, name.obj(), descriptor.obj())?;
    }
    if slots.add_dict && dict.get_name(th, id!(th, "__dict__")).is_none() {
        let descriptor = descr::getset_descriptor(
            th,
            class,
            c"__dict__",
            Some(c"dictionary for instance variables"),
            get_dict,
            Some(set_dict),
        )?;
        dict.set(th, id!(th, "__dict__").obj(), descriptor.obj())?;
    }
    if slots.add_weak && dict.get_name(th, id!(th, "__weakref__")).is_none() {
        let descriptor = descr::getset_descriptor(
            th,
            class,
            c"__weakref__",
            Some(c"list of weak references to the object"),
            get_weakref,
            None,
        )?;
        dict.set(th, id!(th, "__weakref__").obj(), descriptor.obj())?;
    }
    Ok(())
}

/// The builtin type among the bases of `ty` that keeps a dict of its own.
fn native_dict_owner(ty: &Type) -> Option<&Type> {
    let mut class = ty;
    while let Some(base) = class.base() {
        if class.slots().tp_dictoffset != 0 && !class.is_heap() {
            return Some(class);
        }
        class = base;
    }
    None
}

/// The `__dict__` of a builtin type, which decides what may be done with it.
fn native_dict_descriptor(th: Thread<'_>, object: Obj<'_>, base: &Type) -> Result<Ref> {
    match base.lookup(th, id!(th, "__dict__")).map(Obj::own) {
        Some(found) if found.obj().ty().slots().tp_descr_set.is_some() => Ok(found),
        _ => raise!(
            th,
            TypeError,
            "this __dict__ descriptor does not support '{}' objects",
            object.type_name()
        ),
    }
}

unsafe extern "C" fn get_dict(object: *mut PyObject, _: *mut std::ffi::c_void) -> *mut PyObject {
    // SAFETY: called on an attached thread with a live object.
    let (th, object) = unsafe { (Thread::current(), Thread::current().argument(object)) };
    if let Some(base) = native_dict_owner(object.ty()) {
        let dict = match native_dict_descriptor(th, object, base) {
            Ok(descriptor) => descr::bind(th, descriptor.obj(), Some(object), object.ty()),
            Err(raised) => Err(raised),
        };
        return dict.map_or(std::ptr::null_mut(), Ref::into_raw);
    }
    match object_::instance_dict(th, object) {
        Ok(Some(dict)) => dict.into_raw(),
        Ok(None) => {
            error!(th, AttributeError, "This object has no __dict__");
            std::ptr::null_mut()
        }
        Err(Raised) => std::ptr::null_mut(),
    }
}

unsafe extern "C" fn set_dict(
    object: *mut PyObject,
    value: *mut PyObject,
    _: *mut std::ffi::c_void,
) -> c_int {
    // SAFETY: called on an attached thread with live objects.
    let (th, object, value) =
        unsafe { (Thread::current(), Thread::current().argument(object), Obj::from_raw(value)) };
    if let Some(base) = native_dict_owner(object.ty()) {
        let Ok(descriptor) = native_dict_descriptor(th, object, base) else { return -1 };
        let Some(set) = descriptor.obj().ty().slots().tp_descr_set else { return -1 };
        let value = value.map_or(std::ptr::null_mut(), Obj::as_ptr);
        // SAFETY: the slot belongs to the descriptor's type.
        return unsafe { set(descriptor.as_ptr(), object.as_ptr(), value) };
    }
    if object_::set_instance_dict(th, object, value).is_ok() { 0 } else { -1 }
}

unsafe extern "C" fn get_weakref(object: *mut PyObject, _: *mut std::ffi::c_void) -> *mut PyObject {
    // SAFETY: called on an attached thread with a live object.
    let object = unsafe { Thread::current().argument(object) };
    types::weakref::first(object).unwrap_or_else(|| types::none().own()).into_raw()
}

/// Call `__set_name__` of the namespace's values.
fn set_names(th: Thread<'_>, class: &Ref<Type>) -> Result<()> {
    let Some(dict) = class.dict() else { return Ok(()) };
    let (names, mut position) = (dict.copy(th)?, 0);
    while let Some((key, value)) = names.next_entry(&mut position) {
        let name = id!(th, "__set_name__");
        let result = slot_functions::call_special(th, value.obj(), name, &[class.obj(), key.obj()]);
        if let Err(raised) = result {
            let key = key.repr(th)?;
            let note = Str::from_fmt(
                th,
                format_args!(
                    "Error calling __set_name__ on '{}' instance {key} in '{}'",
                    value.obj().type_name(),
                    class.full_name()
                ),
            )?;
            let exception = th.take_exception(raised);
            exception.call_method(th, id!(th, "add_note"), &[note.obj()])?;
            return Err(th.restore(exception));
        }
    }
    Ok(())
}

/// `super(cls, cls).__init_subclass__(**kwargs)`.
fn init_subclass(th: Thread<'_>, class: &Ref<Type>, kwargs: Option<&Dict>) -> Result<()> {
    if class.mro().is_none_or(|order| !order.items().iter().any(|item| item.is(class.obj()))) {
        let name = class.full_name();
        raise!(
            th,
            TypeError,
            "super(type, obj): obj (type {name}) is not an instance or subtype of type ({name})."
        );
    }
    let method = types::super_::lookup(th, class, class.obj(), id!(th, "__init_subclass__"))?;
    protocol::call::call_dict(th, method.obj(), &[], kwargs)?;
    Ok(())
}

/// `TypeError` for instantiating an abstract class.
#[cold]
pub fn abstract_error(th: Thread<'_>, cls: &Type) -> Raised {
    let methods = cls
        .obj()
        .getattr(th, id!(th, "__abstractmethods__"))
        .and_then(|methods| protocol::iter::collect(th, methods.obj()));
    let methods = match methods {
        Ok(methods) => methods,
        Err(raised) => return raised,
    };
    let mut names: Vec<String> = methods
        .iter()
        .filter_map(|name| name.obj().downcast::<Str>().map(|name| format!("'{name}'")))
        .collect();
    names.sort();
    let plural = if names.len() == 1 { "" } else { "s" };
    error!(
        th,
        TypeError,
        "Can't instantiate abstract class {} without an implementation for abstract method{plural} {}",
        cls.full_name(),
        names.join(", ")
    )
}

/// The first base whose slot does not hold `function`, which is that of classes.
fn past(ty: &Type, slot: fn(&PyTypeObject) -> Option<usize>, function: *const ()) -> &Type {
    let mut base = ty;
    while base.is_heap() && slot(base.slots()) == Some(function.addr()) {
        match base.base() {
            Some(next) => base = next,
            None => break,
        }
    }
    base
}

/// Show or take the values of `__slots__` members of every class in the chain.
fn each_slot(object: Obj<'_>, mut visit: impl FnMut(&Link)) {
    let mut ty = Some(object.ty());
    while let Some(class) = ty {
        if !class.is_heap() {
            break;
        }
        let Some(base) = class.base() else { break };
        let count = class.slots().ob_base.ob_size.unsigned_abs();
        for i in 0..count {
            // SAFETY: the class's members follow the layout of its base.
            visit(unsafe {
                &*object.as_ptr().cast::<u8>().add(base.basicsize() + 8 * i).cast::<Link>()
            });
        }
        ty = Some(base);
    }
}

/// What the collector knows of the instances of classes made here.
pub(crate) mod class {
    use super::{AsObject, Obj, PyObject, Thread, each_slot, past, shape, subtype_traverse};

    /// Whether this is the `tp_traverse` of classes made here.
    #[inline(always)]
    pub(crate) fn is_instance_traverse(traverse: Option<abi::traverseproc>) -> bool {
        traverse.is_some_and(|traverse| traverse as usize == subtype_traverse as *const () as usize)
    }

    /// Show the class of an instance, its slots and attributes. What is left is for
    /// the `tp_traverse` that comes back.
    ///
    /// # Safety
    ///
    /// `object` is alive, of such a class, and the thread attached.
    #[inline(always)]
    pub(crate) unsafe fn show_instance(
        object: *mut PyObject,
        mut show: impl FnMut(*mut PyObject),
    ) -> Option<abi::traverseproc> {
        // SAFETY: the caller's promise.
        let this: Obj<'_> = unsafe { Thread::current().argument(object) };
        let ty = this.ty();
        let base = past(ty, |t| t.tp_traverse.map(|f| f as usize), subtype_traverse as *const ());
        let traverse = base.slots().tp_traverse;
        if traverse.is_none() || !base.is_heap() {
            show(ty.obj().as_ptr());
        }
        // SAFETY: visiting assigns nothing.
        each_slot(this, |slot| unsafe { slot.peek() }.into_iter().for_each(|v| show(v.as_ptr())));
        if ty.flags() & abi::Py_TPFLAGS_MANAGED_DICT != 0 {
            shape::each_value(this, |value| show(value.as_ptr()));
        }
        traverse
    }
}

unsafe extern "C" fn subtype_traverse(
    object: *mut PyObject,
    visit: abi::visitproc,
    arg: *mut std::ffi::c_void,
) -> c_int {
    let mut stopped = 0;
    let show = |part: *mut PyObject| {
        if stopped == 0 {
            // SAFETY: the collector's own function and argument.
            stopped = unsafe { visit(part, arg) };
        }
    };
    // SAFETY: the collector passes live objects on an attached thread.
    let traverse = unsafe { class::show_instance(object, show) };
    if stopped != 0 {
        return stopped;
    }
    match traverse {
        // SAFETY: the slot of a base of the object's type.
        Some(traverse) => unsafe { traverse(object, visit, arg) },
        None => 0,
    }
}

unsafe extern "C" fn subtype_clear(object: *mut PyObject) -> c_int {
    // SAFETY: the collector passes live objects on an attached thread.
    let this = unsafe { Thread::current().argument(object) };
    let ty = this.ty();
    each_slot(this, |slot| drop(slot.take()));
    if ty.flags() & abi::Py_TPFLAGS_MANAGED_DICT != 0 {
        shape::clear(this);
    }
    let base = past(ty, |t| t.tp_clear.map(|f| f as usize), subtype_clear as *const ());
    match base.slots().tp_clear {
        // SAFETY: the slot of a base of the object's type.
        Some(clear) => unsafe { clear(object) },
        None => 0,
    }
}

/// `tp_dealloc` of every class made here: finalise, clear weak references and
/// attributes, then tear down as the builtin base does.
pub(super) unsafe extern "C" fn subtype_dealloc(object: *mut PyObject) {
    // SAFETY: called on an attached thread.
    let th = unsafe { Thread::current() };
    let Some(ptr) = NonNull::new(object) else { return };
    // SAFETY: a dead object still has its header.
    let ty = unsafe { Type::from_ptr((*object).ob_type) };
    if shape::layout(ty).is_some_and(shape::InstanceLayout::is_bare)
        && ty.slots().tp_finalize.is_none()
        && ty.slots().tp_del.is_none()
    {
        // SAFETY: dead, and nothing but attributes.
        return unsafe { bare_dealloc(th, ptr, ty) };
    }
    let is_gc = ty.is_gc();
    if is_gc {
        // SAFETY: a gc object of this heap.
        unsafe { gc::untrack(th.heap(), ptr) };
        if crate::alloc::defer_own_dealloc(th, ptr, || Some(subtype_dealloc)) {
            return;
        }
    }
    // COMPAT: `__del__` may set `__class__`, and see how many references the class has
    // before and after; test_descr.test_set_class, test_capi.test_misc.
    // SAFETY: dead or resurrected, the object has its header.
    let class = || unsafe { Type::from_ptr((*object).ob_type) };
    // SAFETY: the count is zero and nothing is torn down yet.
    let dead = unsafe { finalize(th, ptr, ty) && delete(th, ptr, class()) };
    let ty = class();
    let keep = crate::own(ty);
    if dead {
        types::weakref::clear_weakrefs(th, ptr, ty);
        // SAFETY: dead, but all fields are still in place.
        let this = unsafe { th.argument(object) };
        each_slot(this, |slot| drop(slot.take()));
        if ty.flags() & abi::Py_TPFLAGS_MANAGED_DICT != 0 {
            shape::clear(this);
        }
        let base = past(ty, |t| t.tp_dealloc.map(|f| f as usize), subtype_dealloc as *const ());
        if std::ptr::eq(base, types::object_type()) {
            // SAFETY: `object` has no fields of its own.
            unsafe { crate::alloc_object::free(th, ptr, ty) };
        } else if let Some(dealloc) = base.slots().tp_dealloc {
            // SAFETY: the slot of a base of the object's type.
            let tear_down = || unsafe { dealloc(object) };
            if is_gc { crate::alloc::for_base(th, tear_down) } else { tear_down() }
        }
        if !base.is_heap() {
            // SAFETY: an instance owns a reference to its heap type, which the
            // `tp_dealloc` of a heap type of C code gives up itself.
            unsafe { reference::decref(NonNull::from(ty).cast()) };
        }
    } else if ty.is_gc() {
        // SAFETY: resurrected with all its fields.
        unsafe { gc::track(th.heap(), ptr) };
    }
    drop(keep);
    if is_gc {
        crate::alloc::end_dealloc(th);
    }
}

/// Whether instances of a class have nothing but a header and attributes.
fn is_bare(ty: &Type) -> bool {
    let base = past(ty, |t| t.tp_dealloc.map(|f| f as usize), subtype_dealloc as *const ());
    ty.basicsize() == size_of::<PyObject>() && std::ptr::eq(base, types::object_type())
}

/// `tp_dealloc` of such an instance without a finalizer.
///
/// # Safety
///
/// The count of `object` is zero and nothing is torn down yet.
#[inline]
unsafe fn bare_dealloc(th: Thread<'_>, object: NonNull<PyObject>, ty: &Type) {
    let heap = th.heap();
    // SAFETY: a gc object of this heap.
    unsafe { gc::untrack(heap, object) };
    if crate::alloc::defer_dealloc(th, object) {
        return;
    }
    types::weakref::clear_weakrefs(th, object, ty);
    // SAFETY: dead, but all fields are still in place.
    shape::clear(unsafe { th.argument(object.as_ptr()) });
    // SAFETY: nothing refers to the object any more.
    unsafe { crate::alloc_object::free(th, object, ty) };
    // SAFETY: an instance owns a reference to its class.
    unsafe { reference::decref(NonNull::from(ty).cast()) };
    crate::alloc::end_dealloc(th);
}

/// Run `tp_del`, which C code may have set; whether the object is still dead.
///
/// # Safety
///
/// The count of `object` is zero and nothing is torn down yet.
unsafe fn delete(th: Thread<'_>, object: NonNull<PyObject>, ty: &Type) -> bool {
    let Some(del) = ty.slots().tp_del else { return true };
    let _keep = crate::own(ty);
    types::weakref::clear_weakrefs(th, object, ty);
    // COMPAT: C code may expect to find it tracked (test_finalization).
    // SAFETY: a whole object of this heap. The slot of its type keeps it alive
    // while it needs it, and after that if it has let it escape.
    unsafe {
        if ty.is_gc() {
            gc::track(th.heap(), object);
        }
        del(object.as_ptr());
        if ty.is_gc() {
            gc::untrack(th.heap(), object);
        }
        Obj::from_ptr(object).refcount() == 0
    }
}

/// Run `__del__` once; whether the object is still dead.
///
/// # Safety
///
/// The count of `object` is zero and nothing is torn down yet.
pub(crate) unsafe fn finalize(th: Thread<'_>, object: NonNull<PyObject>, ty: &Type) -> bool {
    let Some(finalizer) = ty.slots().tp_finalize else { return true };
    if ty.is_gc() && gc::is_finalized(th.heap(), object.as_ptr()) {
        return true;
    }
    // SAFETY: the count is zero and nothing is torn down yet.
    unsafe { reference::resurrect(object) };
    if ty.is_gc() {
        gc::set_finalized(th.heap(), object.as_ptr());
    }
    let saved = th.swap_exception(None);
    // SAFETY: the slot belongs to the object's type.
    unsafe { finalizer(object.as_ptr()) };
    drop(th.swap_exception(saved));
    // SAFETY: pairs with `resurrect`.
    unsafe { reference::still_dead(object) }
}

/// Give up what a class holds, for the collector.
pub fn clear(ty: &Type) {
    if !ty.is_heap() {
        return;
    }
    // SAFETY: a class in a garbage cycle, under the GIL.
    let t = unsafe { &mut *ty.as_ptr() };
    // SAFETY: called on an attached thread.
    let th = unsafe { Thread::current() };
    ty.modified(th);
    if let Some(dict) = ty.dict() {
        crate::own(dict).clear(th);
    }
    let order = std::mem::replace(&mut t.tp_mro, std::ptr::null_mut());
    // SAFETY: the class owned its MRO.
    drop(unsafe { Ref::from_raw(order) });
}

impl Drop for Type {
    /// A dead class leaves its bases' lists and gives up what it holds.
    fn drop(&mut self) {
        let Some(heap) = self.heap() else { return };
        let this = self.as_ptr();
        if let Some(bases) = self.bases() {
            for base in bases.items().iter().filter_map(|base| as_type(*base)) {
                base.remove_subclass(this);
            }
        }
        let t = &heap.ht_type;
        let owned = [
            t.tp_dict,
            t.tp_mro,
            t.tp_bases,
            t.tp_base.cast(),
            t.tp_cache,
            heap.ht_name,
            heap.ht_qualname,
            heap.ht_slots,
            heap.ht_module,
        ];
        if !t.tp_subclasses.is_null() {
            // SAFETY: a boxed vector of ours.
            drop(unsafe { Box::from_raw(t.tp_subclasses.cast::<Vec<*mut PyTypeObject>>()) });
        }
        if !heap.ht_cached_keys.is_null() {
            // SAFETY: a boxed layout of ours; no instance is left.
            drop(unsafe { Box::from_raw(heap.ht_cached_keys.cast::<shape::InstanceLayout>()) });
        }
        let name = heap._ht_tpname;
        for ptr in owned {
            // SAFETY: null or a reference that the class owned.
            drop(unsafe { Ref::from_raw(ptr) });
        }
        if !name.is_null() {
            // SAFETY: made by `CString::into_raw`.
            drop(unsafe { CString::from_raw(name.cast_mut()) });
        }
    }
}

/// `object.__class__ = value`.
pub fn set_class(th: Thread<'_>, object: Obj<'_>, value: Option<Obj<'_>>) -> Result<()> {
    let Some(value) = value else { raise!(th, TypeError, "can't delete __class__ attribute") };
    let Some(new) = as_type(value) else {
        raise!(
            th,
            TypeError,
            "__class__ must be set to a class, not '{}' object",
            value.type_name()
        );
    };
    let name = id!(th, "__class__");
    (th.hooks().audit)(th, "object.__setattr__", &[object, name.obj(), value])?;
    let old = object.ty();
    let is_module = object.downcast::<crate::Module>().is_some()
        && new.is_subtype(crate::Module::type_object());
    let immutable = abi::Py_TPFLAGS_IMMUTABLETYPE;
    if !is_module && (new.flags() & immutable != 0 || old.flags() & immutable != 0) {
        raise!(
            th,
            TypeError,
            "__class__ assignment only supported for mutable types or ModuleType subclasses"
        );
    }
    if !compatible_layout(old, new) {
        raise!(
            th,
            TypeError,
            "__class__ assignment: '{}' object layout differs from '{}'",
            new.full_name(),
            old.full_name()
        );
    }
    if old.flags() & abi::Py_TPFLAGS_MANAGED_DICT != 0 {
        // Shapes belong to a class: the attributes move to a dict.
        shape::dict(th, object)?;
    }
    // SAFETY: the layouts agree.
    unsafe { reference::set_type(object, new) };
    Ok(())
}

/// Whether instances of `ty` are laid out as those of its base.
fn adds_nothing(ty: &Type, base: &Type) -> bool {
    let (t, b) = (ty.slots(), base.slots());
    let flags = MANAGED | abi::Py_TPFLAGS_HAVE_GC;
    t.tp_basicsize == b.tp_basicsize
        && t.tp_itemsize == b.tp_itemsize
        && t.tp_dictoffset == b.tp_dictoffset
        && t.tp_weaklistoffset == b.tp_weaklistoffset
        && t.tp_flags & flags == b.tp_flags & flags
}

/// What instances carry in front of their native part.
const MANAGED: u64 = abi::Py_TPFLAGS_MANAGED_DICT | abi::Py_TPFLAGS_MANAGED_WEAKREF;

/// The class of the chain that decides the layout.
fn layout_root(ty: &Type) -> &Type {
    let mut root = ty;
    while let Some(base) = root.base().filter(|base| adds_nothing(root, base)) {
        root = base;
    }
    root
}

/// Whether an object of `old` may become one of `new`: the layouts have the
/// same root, or roots that add the same slots to the same base.
fn compatible_layout(old: &Type, new: &Type) -> bool {
    let (old, new) = (layout_root(old), layout_root(new));
    if std::ptr::eq(old, new) {
        return true;
    }
    let same_base = match (old.base(), new.base()) {
        (Some(a), Some(b)) => std::ptr::eq(a, b),
        _ => false,
    };
    same_base
        && old.is_heap()
        && new.is_heap()
        && old.flags() & MANAGED == new.flags() & MANAGED
        && old.basicsize() == new.basicsize()
        && own_slot_names(old) == own_slot_names(new)
}

/// The sorted names of the `__slots__` members of a class.
fn own_slot_names(ty: &Type) -> Vec<String> {
    let mut names = Vec::new();
    if let Some(dict) = ty.dict().filter(|_| ty.slots().ob_base.ob_size != 0) {
        let mut position = 0;
        while let Some((key, value)) = dict.next_entry(&mut position) {
            if value.obj().downcast_exact::<descr::MemberDescriptor>().is_some()
                && let Some(name) = key.obj().downcast::<Str>()
            {
                names.push(name.to_string());
            }
        }
    }
    names.sort();
    names
}

/// How many `__slots__` members instances of `ty` have.
pub fn count_slots(_: Thread<'_>, ty: &Type) -> usize {
    let mut count = 0;
    let mut class = Some(ty);
    while let Some(ty) = class.filter(|ty| ty.is_heap()) {
        count += ty.slots().ob_base.ob_size.unsigned_abs();
        class = ty.base();
    }
    count
}

/// `cls.__name__ = value`.
pub fn set_name(th: Thread<'_>, ty: &Type, value: Option<Obj<'_>>) -> Result<()> {
    let Some(value) = value else { return Ok(()) };
    let Some(name) = value.downcast::<Str>() else {
        raise!(
            th,
            TypeError,
            "can only assign string to {}.__name__, not '{}'",
            ty.full_name(),
            value.type_name()
        );
    };
    let text = c_name(th, name)?;
    // SAFETY: a live heap type under the GIL.
    let heap = unsafe { &mut *ty.as_ptr().cast::<PyHeapTypeObject>() };
    let old = std::mem::replace(&mut heap.ht_name, value.own().into_raw());
    // SAFETY: the class owned its name.
    drop(unsafe { Ref::from_raw(old) });
    let old = std::mem::replace(&mut heap._ht_tpname, text.into_raw().cast_const());
    heap.ht_type.tp_name = heap._ht_tpname;
    if !old.is_null() {
        // SAFETY: made by `CString::into_raw`.
        drop(unsafe { CString::from_raw(old.cast_mut()) });
    }
    ty.modified(th);
    Ok(())
}

/// `cls.__qualname__ = value`.
pub fn set_qualname(th: Thread<'_>, ty: &Type, value: Option<Obj<'_>>) -> Result<()> {
    let Some(value) = value else { return Ok(()) };
    if value.downcast::<Str>().is_none() {
        raise!(
            th,
            TypeError,
            "can only assign string to {}.__qualname__, not '{}'",
            ty.full_name(),
            value.type_name()
        );
    }
    // SAFETY: a live heap type under the GIL.
    let heap = unsafe { &mut *ty.as_ptr().cast::<PyHeapTypeObject>() };
    let old = std::mem::replace(&mut heap.ht_qualname, value.own().into_raw());
    // SAFETY: the class owned its name.
    drop(unsafe { Ref::from_raw(old) });
    Ok(())
}

/// `cls.__bases__ = value`.
pub fn set_bases(th: Thread<'_>, ty: &Type, value: Option<Obj<'_>>) -> Result<()> {
    let Some(value) = value else { return Ok(()) };
    let Some(bases) = value.downcast::<Tuple>() else {
        raise!(
            th,
            TypeError,
            "can only assign tuple to {}.__bases__, not {}",
            ty.full_name(),
            value.type_name()
        );
    };
    if bases.len() == 0 {
        raise!(
            th,
            TypeError,
            "can only assign non-empty tuple to {}.__bases__, not ()",
            ty.full_name()
        );
    }
    for base in bases.items() {
        let Some(base) = as_type(*base) else {
            raise!(
                th,
                TypeError,
                "{}.__bases__ must be tuple of classes, not '{}'",
                ty.full_name(),
                base.type_name()
            );
        };
        if base.is_subtype(ty) || base.base_chain_has(ty) {
            raise!(th, TypeError, "a __bases__ item causes an inheritance cycle");
        }
    }
    let (base, this) = (crate::own(best_base(th, bases.items())?), crate::own(ty));
    let Some(old_base) = ty.base().map(crate::own) else { return Ok(()) };
    if old_base.is_gc() != base.is_gc() {
        raise!(
            th,
            TypeError,
            "__bases__ assignment: '{}' deallocator differs from '{}'",
            base.full_name(),
            old_base.full_name()
        );
    }
    if !compatible_layout(&old_base, &base) {
        raise!(
            th,
            TypeError,
            "__bases__ assignment: '{}' object layout differs from '{}'",
            base.full_name(),
            old_base.full_name()
        );
    }
    let (bases, old_bases) = (crate::own(bases), ty.bases().map(crate::own));
    let is_current = || ty.bases().is_some_and(|current| std::ptr::eq(current, &*bases));
    replace_bases(ty, Some(bases.clone()), base);
    let mut changed = Vec::new();
    if let Err(raised) = update_mro(th, &this, &mut changed) {
        for Rollback { class, old, new } in changed {
            if class.mro().is_some_and(|order| std::ptr::eq(order, &*new)) {
                set_mro(th, &class, old);
            }
        }
        if is_current() {
            replace_bases(ty, old_bases, old_base);
        }
        return Err(raised);
    }
    // An `mro()` may have assigned other bases; then they count.
    if is_current() {
        for base in old_bases.iter().flat_map(|old| old.items()).filter_map(|base| as_type(*base)) {
            base.remove_subclass(ty.as_ptr());
        }
        for base in bases.items().iter().filter_map(|base| as_type(*base)) {
            base.add_subclass(ty);
        }
        refill(th, &this);
    }
    Ok(())
}

/// Put `bases` and the best of them into a class.
fn replace_bases(ty: &Type, bases: Option<Ref<Tuple>>, base: Ref<Type>) {
    // SAFETY: a live type under the GIL.
    let t = unsafe { &mut *ty.as_ptr() };
    let bases = bases.map_or(std::ptr::null_mut(), Ref::into_raw);
    let old = std::mem::replace(&mut t.tp_bases, bases);
    let old_base = std::mem::replace(&mut t.tp_base, base.into_raw().cast());
    // SAFETY: the class owned its bases.
    drop(unsafe { Ref::from_raw(old) });
    // SAFETY: as above.
    drop(unsafe { Ref::from_raw(old_base.cast()) });
}

/// A class whose MRO was computed anew.
struct Rollback {
    class: Ref<Type>,
    old: Option<Ref<Tuple>>,
    new: Ref<Tuple>,
}

fn set_mro(th: Thread<'_>, ty: &Type, order: Option<Ref<Tuple>>) {
    let order = order.map_or(std::ptr::null_mut(), Ref::into_raw);
    // SAFETY: a live type under the GIL.
    let old = unsafe { std::mem::replace(&mut (*ty.as_ptr()).tp_mro, order) };
    ty.modified(th);
    // SAFETY: the class owned its old MRO.
    drop(unsafe { Ref::from_raw(old) });
}

/// Compute the MRO of a class and its subclasses again.
fn update_mro(th: Thread<'_>, ty: &Ref<Type>, changed: &mut Vec<Rollback>) -> Result<()> {
    th.check_stack(" while computing an MRO")?;
    let old = ty.mro().map(crate::own);
    let new = mro::compute(th, ty)?;
    let current = ty.mro().map_or(std::ptr::null(), std::ptr::from_ref);
    if current != old.as_deref().map_or(std::ptr::null(), std::ptr::from_ref) {
        // An `mro()` assigned bases itself.
        return Ok(());
    }
    set_mro(th, ty, Some(new.clone()));
    changed.push(Rollback { class: ty.clone(), old, new });
    for subclass in ty.subclasses() {
        update_mro(th, &subclass, changed)?;
    }
    Ok(())
}

/// Fill the slots of a class and its subclasses anew, each once: a custom
/// `mro()` can make the lists of subclasses circular.
fn refill(th: Thread<'_>, ty: &Ref<Type>) {
    let mut seen: Vec<Ref<Type>> = vec![ty.clone()];
    let mut next = 0;
    while let Some(class) = seen.get(next).cloned() {
        next += 1;
        class.modified(th);
        slot_functions::fill_slots(th, &class);
        for subclass in class.subclasses() {
            if !seen.iter().any(|known| std::ptr::eq(&**known, &*subclass)) {
                seen.push(subclass);
            }
        }
    }
}

fn own(th: Thread<'_>, ty: &Type, name: &Str) -> Option<Ref> {
    ty.dict().and_then(|dict| dict.get_name(th, name)).map(Obj::own)
}

/// `cls.__annotate__`.
pub fn annotate(th: Thread<'_>, ty: &Type) -> Result<Ref> {
    if !ty.is_heap() {
        raise!(
            th,
            AttributeError,
            "type object '{}' has no attribute '__annotate__'",
            ty.full_name()
        );
    }
    // A class that defines it itself has both.
    for name in [id!(th, "__annotate__"), id!(th, "__annotate_func__")] {
        if let Some(function) = own(th, ty, name) {
            return descr::bind(th, function.obj(), None, ty);
        }
    }
    Ok(types::none().own())
}

/// `cls.__annotate__ = value`.
pub fn set_annotate(th: Thread<'_>, ty: &Type, value: Option<Obj<'_>>) -> Result<()> {
    let Some(value) = value else {
        raise!(th, TypeError, "cannot delete __annotate__ attribute");
    };
    if ty.flags() & abi::Py_TPFLAGS_IMMUTABLETYPE != 0 {
        raise!(
            th,
            TypeError,
            "cannot set '__annotate__' attribute of immutable type '{}'",
            ty.full_name()
        );
    }
    if !value.is_none() && !protocol::call::is_callable(value) {
        raise!(th, TypeError, "__annotate__ must be callable or None");
    }
    let Some(dict) = ty.dict() else { return Err(th.no_memory()) };
    let (plain, made) = (id!(th, "__annotate__"), id!(th, "__annotate_func__"));
    let name = if own(th, ty, plain).is_some() { plain } else { made };
    dict.set(th, name.obj(), value)?;
    if !value.is_none() {
        dict.remove(th, id!(th, "__annotations_cache__").obj())?;
    }
    ty.modified(th);
    Ok(())
}

/// `cls.__annotations__`: from the cache or `__annotate__`.
pub fn annotations(th: Thread<'_>, ty: &Type) -> Result<Ref> {
    if !ty.is_heap() {
        raise!(
            th,
            AttributeError,
            "type object '{}' has no attribute '__annotations__'",
            ty.full_name()
        );
    }
    for name in [id!(th, "__annotations__"), id!(th, "__annotations_cache__")] {
        if let Some(value) = own(th, ty, name) {
            return descr::bind(th, value.obj(), None, ty);
        }
    }
    let function = annotate(th, ty)?;
    let value: Ref = if protocol::call::is_callable(function.obj()) {
        let format = Int::from_i64(th, 1)?;
        let value = function.call(th, &[format.obj()])?;
        if value.obj().downcast::<Dict>().is_none() {
            raise!(
                th,
                TypeError,
                "__annotate__ returned non-dict of type '{}'",
                value.obj().type_name()
            );
        }
        value
    } else {
        Dict::new(th)?.upcast()
    };
    if let Some(dict) = ty.dict() {
        dict.set(th, id!(th, "__annotations_cache__").obj(), value.obj())?;
        ty.modified(th);
    }
    Ok(value)
}

/// `cls.__annotations__ = value`.
pub fn set_annotations(th: Thread<'_>, ty: &Type, value: Option<Obj<'_>>) -> Result<()> {
    if ty.flags() & abi::Py_TPFLAGS_IMMUTABLETYPE != 0 {
        raise!(
            th,
            TypeError,
            "cannot set '__annotations__' attribute of immutable type '{}'",
            ty.full_name()
        );
    }
    let Some(dict) = ty.dict() else { return Err(th.no_memory()) };
    let (plain, cache) = (id!(th, "__annotations__"), id!(th, "__annotations_cache__"));
    match value {
        Some(value) => {
            let name = if own(th, ty, plain).is_some() { plain } else { cache };
            dict.set(th, name.obj(), value)?;
        }
        None => {
            if !dict.remove(th, plain.obj())? && !dict.remove(th, cache.obj())? {
                raise!(th, AttributeError, "__annotations__");
            }
        }
    }
    dict.remove(th, id!(th, "__annotate_func__").obj())?;
    dict.remove(th, id!(th, "__annotate__").obj())?;
    ty.modified(th);
    Ok(())
}
