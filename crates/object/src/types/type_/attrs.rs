//! The attributes and methods of classes.

use macros::pymethods;

use crate::{
    AsObject, Dict, List, Obj, Protocol, PyStruct, Ref, Result, Str, Thread, Tuple, Type, error,
    id, protocol, raise,
    types::{self, descr, object_},
};

use super::{as_type, create, mro, slot_functions};

/// `cls.__qualname__`.
pub fn qualname(th: Thread<'_>, ty: &Type) -> Result<Ref<Str>> {
    if let Some(heap) = ty.heap() {
        // SAFETY: a heap type owns its qualified name, a string.
        if let Some(name) = unsafe { Obj::from_raw(heap.ht_qualname) } {
            // SAFETY: as above.
            return Ok(crate::own(unsafe { name.cast::<Str>() }));
        }
    }
    if ty.full_name().contains('.') {
        // COMPAT: no interned string: pickle tells it from that of a module of the same name.
        return Str::new(th, ty.name());
    }
    Str::intern(th, ty.name())
}

/// `cls.__name__`.
pub fn name(th: Thread<'_>, ty: &Type) -> Result<Ref<Str>> {
    if let Some(heap) = ty.heap() {
        // SAFETY: a heap type owns its name, a string.
        if let Some(name) = unsafe { Obj::from_raw(heap.ht_name) } {
            // SAFETY: as above.
            return Ok(crate::own(unsafe { name.cast::<Str>() }));
        }
    }
    Str::intern(th, ty.name())
}

/// Add the keys of a namespace to `names`.
pub fn add_keys(th: Thread<'_>, names: &Dict, from: &Dict) -> Result<()> {
    let (from, mut position) = (crate::own(from), 0);
    while let Some((key, _)) = from.next_entry(&mut position) {
        names.set(th, key.obj(), types::none())?;
    }
    Ok(())
}

/// Add the names that a class and its bases define to `names`.
pub fn add_class_names(th: Thread<'_>, names: &Dict, class: &Type) -> Result<()> {
    if let Some(dict) = class.dict() {
        add_keys(th, names, dict)?;
    }
    if let Some(bases) = class.obj().getattr_opt(th, id!(th, "__bases__"))? {
        for base in protocol::iter::collect(th, bases.obj())? {
            if let Some(base) = as_type(base.obj()) {
                add_class_names(th, names, base)?;
            }
        }
    }
    Ok(())
}

fn check_settable(th: Thread<'_>, ty: &Type, value: Option<Obj<'_>>, what: &str) -> Result<()> {
    if ty.flags() & abi::Py_TPFLAGS_IMMUTABLETYPE != 0 {
        raise!(
            th,
            TypeError,
            "cannot set '{what}' attribute of immutable type '{}'",
            ty.full_name()
        );
    }
    let Some(value) = value else {
        raise!(
            th,
            TypeError,
            "cannot delete '{what}' attribute of immutable type '{}'",
            ty.full_name()
        );
    };
    let name = Str::intern(th, what)?;
    (th.hooks().audit)(th, "object.__setattr__", &[ty.obj(), name.obj(), value])
}

/// Read a name of the class's own dict.
fn own_attribute(th: Thread<'_>, ty: &Type, name: &Str) -> Option<Ref> {
    ty.dict().and_then(|dict| dict.get_name(th, name)).map(Obj::own)
}

fn set_own(th: Thread<'_>, ty: &Type, name: &Str, value: Option<Obj<'_>>) -> Result<()> {
    let Some(dict) = ty.dict() else { return Err(th.no_memory()) };
    match value {
        Some(value) => dict.set(th, name.obj(), value)?,
        None => {
            dict.remove(th, name.obj())?;
        }
    }
    ty.modified(th);
    Ok(())
}

impl Type {
    /// `getattr(cls, name)`: metatype data descriptors, the class and its
    /// bases, other metatype attributes.
    pub fn get_attribute(&self, th: Thread<'_>, name: &Str) -> Result<Ref> {
        if let Some(value) = self.get_attribute_opt(th, name)? {
            return Ok(value);
        }
        let message = format_args!("type object '{}' has no attribute '{name}'", self.full_name());
        Err(crate::exceptions::attribute_error(th, self.obj(), name.obj(), message))
    }

    /// As [`Type::get_attribute`], with `None` for a missing attribute.
    pub fn get_attribute_opt(&self, th: Thread<'_>, name: &Str) -> Result<Option<Ref>> {
        let interned;
        let name = if name.is_interned_here(th) {
            name
        } else {
            interned = Str::intern_ref(th, crate::own(name));
            &*interned
        };
        let meta = self.obj().ty();
        // Looking up runs no code, so that both stay where they are.
        let (from_meta, found) = (meta.lookup(th, name), self.lookup(th, name));
        let is_data = |descriptor: &Obj<'_>| {
            let slots = descriptor.ty().slots();
            slots.tp_descr_get.is_some() && slots.tp_descr_set.is_some()
        };
        if let Some(descriptor) = from_meta.filter(is_data) {
            return descr::bind(th, descriptor.own().obj(), Some(self.obj()), meta).map(Some);
        }
        if let Some(found) = found {
            return descr::bind(th, found.own().obj(), None, self).map(Some);
        }
        match from_meta.map(Obj::own) {
            Some(descriptor) => descr::bind(th, descriptor.obj(), Some(self.obj()), meta).map(Some),
            None => Ok(None),
        }
    }

    /// `type(*args, **kwargs)` as `type.__call__`: `__new__`, then `__init__`.
    pub fn instantiate(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result<Ref> {
        if std::ptr::eq(self, Type::type_object()) && kwargs.is_none_or(|kwargs| kwargs.len() == 0)
        {
            if let [object] = args.items() {
                return Ok(object.ty().obj().own());
            }
            if args.len() != 3 {
                raise!(th, TypeError, "type() takes 1 or 3 arguments");
            }
        }
        let may = self.flags() & abi::Py_TPFLAGS_DISALLOW_INSTANTIATION == 0;
        let Some(new) = self.slots().tp_new.filter(|_| may) else {
            raise!(th, TypeError, "cannot create '{}' instances", self.shown_name(th)?);
        };
        let raw = kwargs.map_or(std::ptr::null_mut(), |kwargs| kwargs.obj().as_ptr());
        // SAFETY: the type's own `tp_new`.
        let object = unsafe { new(self.as_ptr(), args.obj().as_ptr(), raw) };
        // SAFETY: a new reference or null.
        let object = unsafe { Ref::from_raw(object) }.ok_or(error::Raised)?;
        if !object.obj().ty().is_subtype(self) {
            return Ok(object);
        }
        if let Some(init) = object.obj().ty().slots().tp_init {
            // SAFETY: the slot belongs to the object's type.
            let status = unsafe { init(object.as_ptr(), args.obj().as_ptr(), raw) };
            if status < 0 {
                return Err(error::Raised);
            }
        }
        Ok(object)
    }

    /// Whether instances are made by a `__new__` in Python that `type.__call__` calls.
    pub(crate) fn is_made_by_python(&self) -> bool {
        let call = |ty: &Type| ty.slots().tp_call.map(|slot| slot as usize);
        slot_functions::looks_up_new(self)
            && self.flags() & abi::Py_TPFLAGS_DISALLOW_INSTANTIATION == 0
            && call(self.obj().ty()) == call(Type::type_object())
    }

    /// [`Type::instantiate`] of a class that [is made by Python](Type::is_made_by_python), without
    /// a tuple of the arguments.
    pub(crate) fn instantiate_by_new(
        &self,
        th: Thread<'_>,
        args: &[Obj<'_>],
        kwnames: Option<&Tuple>,
    ) -> Result<Ref> {
        let new = self.getattr(th, id!(th, "__new__"))?;
        let object = protocol::call::call_with(th, new.obj(), self.obj(), args, kwnames)?;
        if object.obj().ty().is_subtype(self) {
            slot_functions::initialize(th, object.obj(), args, kwnames)?;
        }
        Ok(object)
    }
}

#[pymethods]
impl Type {
    #[declare]
    fn members(b: &mut crate::declare::TypeBuilder<'_>) {
        macro_rules! member {
            ($name:literal $field:ident $kind:ident) => {
                let offset = std::mem::offset_of!(abi::PyTypeObject, $field);
                b.member($name, abi::$kind, offset, abi::Py_READONLY, None);
            };
        }
        member!(c"__basicsize__" tp_basicsize Py_T_PYSSIZET);
        member!(c"__itemsize__" tp_itemsize Py_T_PYSSIZET);
        member!(c"__base__" tp_base _Py_T_OBJECT);
    }

    fn __call__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        self.instantiate(th, args, kwargs)
    }

    fn __new__(th: Thread<'_>, meta: &Type, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        create::type_new(th, meta, args, kwargs)
    }

    fn __init__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result<()> {
        if kwargs.is_some_and(|kwargs| kwargs.len() > 0) && args.len() == 1 {
            raise!(th, TypeError, "type.__init__() takes no keyword arguments");
        }
        if args.len() != 1 && args.len() != 3 {
            raise!(th, TypeError, "type.__init__() takes 1 or 3 arguments");
        }
        Ok(())
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        Str::from_fmt(th, format_args!("<class '{}'>", self.qualified_name(th)?))
    }

    fn tp_getattro(&self, th: Thread<'_>, name: Obj<'_>) -> Result {
        self.get_attribute(th, object_::expect_name(th, name)?)
    }

    fn tp_setattro(&self, th: Thread<'_>, name: Obj<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let text = object_::expect_name(th, name)?;
        if self.flags() & abi::Py_TPFLAGS_IMMUTABLETYPE != 0 {
            raise!(
                th,
                TypeError,
                "cannot set {} attribute of immutable type '{}'",
                name.repr(th)?,
                self.full_name()
            );
        }
        let text = Str::intern_ref(th, crate::own(text));
        let meta = self.obj().ty();
        if let Some(descriptor) = meta.lookup(th, &text).map(Obj::own)
            && let Some(set) = descriptor.obj().ty().slots().tp_descr_set
        {
            let value = value.map_or(std::ptr::null_mut(), Obj::as_ptr);
            // SAFETY: the slot belongs to the descriptor's type.
            let status = unsafe { set(descriptor.as_ptr(), self.obj().as_ptr(), value) };
            return if status < 0 { Err(error::Raised) } else { Ok(()) };
        }
        let dict = self.dict_or_new(th)?;
        match value {
            Some(value) => dict.set(th, text.obj(), value)?,
            None if dict.remove(th, text.obj())? => {}
            None => raise!(
                th,
                AttributeError,
                "type object '{}' has no attribute '{}'",
                self.full_name(),
                &*text
            ),
        }
        self.modified(th);
        slot_functions::update_slot(th, self, &text);
        if ["__get__", "__set__", "__delete__"].iter().any(|name| text.eq_str(name)) {
            // Caches of all classes know whether what they found is a descriptor.
            types::object_type().modified(th);
        }
        Ok(())
    }

    fn __or__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result {
        types::union::or(th, left, right)
    }

    #[getter]
    fn __name__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        name(th, self)
    }

    #[setter]
    fn set___name__(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        check_settable(th, self, value, "__name__")?;
        create::set_name(th, self, value)
    }

    #[getter]
    fn __qualname__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        qualname(th, self)
    }

    #[setter]
    fn set___qualname__(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        check_settable(th, self, value, "__qualname__")?;
        create::set_qualname(th, self, value)
    }

    #[getter]
    fn __module__(&self, th: Thread<'_>) -> Result {
        if self.is_heap() {
            return match own_attribute(th, self, id!(th, "__module__")) {
                Some(module) => Ok(module),
                None => raise!(th, AttributeError, "__module__"),
            };
        }
        let module = self.module_name(th)?.unwrap_or_default();
        Str::intern(th, &module).map(Ref::upcast)
    }

    #[setter]
    fn set___module__(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        check_settable(th, self, value, "__module__")?;
        if let Some(dict) = self.dict() {
            dict.remove(th, id!(th, "__firstlineno__").obj())?;
        }
        set_own(th, self, id!(th, "__module__"), value)
    }

    #[getter]
    fn __flags__(&self, _: Thread<'_>) -> u64 {
        self.shown_flags()
    }

    #[setter]
    fn set___flags__(&self, th: Thread<'_>, _: Option<Obj<'_>>) -> Result<()> {
        raise!(th, AttributeError, "readonly attribute")
    }

    #[getter]
    fn __mro__(&self, _: Thread<'_>) -> Option<Ref<Tuple>> {
        Type::mro(self).map(crate::own)
    }

    #[getter]
    fn __bases__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        match self.bases() {
            Some(bases) => Ok(crate::own(bases)),
            None => Tuple::from_refs(th, Vec::new()),
        }
    }

    #[setter]
    fn set___bases__(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        check_settable(th, self, value, "__bases__")?;
        create::set_bases(th, self, value)
    }

    #[getter]
    fn __dict__(&self, th: Thread<'_>) -> Result {
        match self.dict() {
            Some(dict) => types::mappingproxy::new(th, dict.obj()),
            None => Ok(types::none().own()),
        }
    }

    #[getter]
    fn __doc__(&self, th: Thread<'_>) -> Result {
        if !self.is_heap() && !self.slots().tp_doc.is_null() {
            return descr::doc_object(th, self.slots().tp_doc);
        }
        match own_attribute(th, self, id!(th, "__doc__")) {
            Some(doc) => descr::bind(th, doc.obj(), None, self),
            None => Ok(types::none().own()),
        }
    }

    #[setter]
    fn set___doc__(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        check_settable(th, self, value, "__doc__")?;
        set_own(th, self, id!(th, "__doc__"), value)
    }

    #[getter]
    fn __text_signature__(&self, th: Thread<'_>) -> Result {
        if !self.is_heap() || !self.slots().tp_doc.is_null() {
            return descr::signature_in_doc(th, self.slots().tp_doc);
        }
        let doc = own_attribute(th, self, id!(th, "__doc__"));
        match doc.as_ref().and_then(|doc| doc.obj().downcast::<Str>()) {
            Some(doc) => descr::signature_of_class(th, self.name(), doc),
            None => Ok(types::none().own()),
        }
    }

    /// COMPAT: classes whose instances have the list in front of them show
    /// CPython's place for it, which `dataclasses` looks for.
    #[getter]
    fn __weakrefoffset__(&self, _: Thread<'_>) -> isize {
        if self.flags() & abi::Py_TPFLAGS_MANAGED_WEAKREF != 0 {
            -32
        } else {
            self.slots().tp_weaklistoffset
        }
    }

    #[getter]
    fn __dictoffset__(&self, _: Thread<'_>) -> isize {
        if self.flags() & abi::Py_TPFLAGS_MANAGED_DICT != 0 {
            -1
        } else {
            self.slots().tp_dictoffset
        }
    }

    #[getter]
    fn __abstractmethods__(&self, th: Thread<'_>) -> Result {
        if !std::ptr::eq(self, Type::type_object())
            && let Some(value) = own_attribute(th, self, id!(th, "__abstractmethods__"))
        {
            return Ok(value);
        }
        raise!(th, AttributeError, "__abstractmethods__")
    }

    #[setter]
    fn set___abstractmethods__(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let abstract_ = match value {
            Some(value) => value.is_true(th)?,
            None => {
                if own_attribute(th, self, id!(th, "__abstractmethods__")).is_none() {
                    raise!(th, AttributeError, "__abstractmethods__");
                }
                false
            }
        };
        set_own(th, self, id!(th, "__abstractmethods__"), value)?;
        // SAFETY: a live type under the GIL.
        let flags = unsafe { &mut (*self.as_ptr()).tp_flags };
        if abstract_ {
            *flags |= abi::Py_TPFLAGS_IS_ABSTRACT;
        } else {
            *flags &= !abi::Py_TPFLAGS_IS_ABSTRACT;
        }
        Ok(())
    }

    #[getter]
    fn __annotations__(&self, th: Thread<'_>) -> Result {
        create::annotations(th, self)
    }

    #[setter]
    fn set___annotations__(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        create::set_annotations(th, self, value)
    }

    #[getter]
    fn __annotate__(&self, th: Thread<'_>) -> Result {
        create::annotate(th, self)
    }

    #[setter]
    fn set___annotate__(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        create::set_annotate(th, self, value)
    }

    #[getter]
    fn __type_params__(&self, th: Thread<'_>) -> Result {
        match own_attribute(th, self, id!(th, "__type_params__")) {
            Some(params) if self.is_heap() => Ok(params),
            _ => Tuple::from_refs(th, Vec::new()).map(Ref::upcast),
        }
    }

    #[setter]
    fn set___type_params__(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        check_settable(th, self, value, "__type_params__")?;
        set_own(th, self, id!(th, "__type_params__"), value)
    }

    /// Return a type's method resolution order.
    #[sig = "($self, /)"]
    #[name = "mro"]
    fn mro_method(&self, th: Thread<'_>) -> Result<Ref<List>> {
        List::from_refs(th, mro::linearize(th, self)?)
    }

    /// Return a list of immediate subclasses.
    #[sig = "($self, /)"]
    fn __subclasses__(&self, th: Thread<'_>) -> Result<Ref<List>> {
        List::from_refs(th, self.subclasses().into_iter().map(Ref::upcast).collect())
    }

    /// Create the namespace for the class statement.
    #[classmethod]
    #[sig = "($type, name=<unrepresentable>, bases=<unrepresentable>, /, **kwds)"]
    #[shown = "($type, name, bases, /, **kwds)"]
    fn __prepare__(
        th: Thread<'_>,
        cls: &Type,
        name: Option<Obj<'_>>,
        bases: Option<Obj<'_>>,
        kwds: crate::Kwargs<'_>,
    ) -> Result<Ref<Dict>> {
        let _ = (cls, name, bases, kwds);
        Dict::new(th)
    }

    /// Check if an object is an instance.
    #[sig = "($self, instance, /)"]
    fn __instancecheck__(&self, th: Thread<'_>, instance: Obj<'_>) -> Result<bool> {
        protocol::instance::real_is_instance(th, instance, self.obj())
    }

    /// Check if a class is a subclass.
    #[sig = "($self, subclass, /)"]
    fn __subclasscheck__(&self, th: Thread<'_>, subclass: Obj<'_>) -> Result<bool> {
        protocol::instance::real_is_subclass(th, subclass, self.obj())
    }

    /// Specialized __dir__ implementation for types.
    #[sig = "($self, /)"]
    fn __dir__(&self, th: Thread<'_>) -> Result {
        let names = Dict::new(th)?;
        add_class_names(th, &names, self)?;
        let (mut position, mut keys) = (0, Vec::new());
        while let Some((key, _)) = names.next_entry(&mut position) {
            keys.push(key);
        }
        List::from_refs(th, keys).map(Ref::upcast)
    }

    /// Return memory consumption of the type object.
    #[sig = "($self, /)"]
    fn __sizeof__(&self, _: Thread<'_>) -> usize {
        if let Some(heap) = self.heap() {
            // COMPAT: what CPython counts for the shared keys of instances.
            const SHARED_KEYS: usize = 768;
            let keys = if heap.ht_cached_keys.is_null() { 0 } else { SHARED_KEYS };
            return size_of::<abi::PyHeapTypeObject>() + keys;
        }
        size_of::<abi::PyTypeObject>()
    }
}
