//! `defaultdict`: a dict that makes missing values.

use std::mem::offset_of;

use macros::{pymethods, pytype};
use object::{
    AsObject, Dict, Link, Obj, Protocol, PyStruct, Ref, Result, Str, Thread, Tuple, Type,
    declare::TypeBuilder,
    error, id, raise,
    types::{self, dict::key_error, repr_guard, singletons::not_implemented_ref},
};

/// defaultdict(default_factory=None, /, [...]) --> dict with default factory
///
/// The default factory is called without arguments to produce
/// a new value when a key is not present, in __getitem__ only.
/// A defaultdict compares equal to a dict with the same items.
/// All remaining arguments are treated the same as if they were
/// passed to the dict constructor, including keyword arguments.
#[pytype(name = "collections.defaultdict", base = Dict, flags = BASETYPE | DICT_SUBCLASS | MAPPING | MATCH_SELF)]
pub struct DefaultDict {
    dict: Dict,
    factory: Link,
}

impl DefaultDict {
    /// `type(self)(self.default_factory, entries)`.
    fn similar(&self, th: Thread<'_>, entries: Obj<'_>) -> Result {
        let factory = self.factory.get().unwrap_or_else(|| types::none().own());
        self.obj().ty().obj().call(th, &[factory.obj(), entries])
    }
}

#[pymethods]
impl DefaultDict {
    fn __init__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result<()> {
        let (factory, rest) = match args.items() {
            [] => (None, &[][..]),
            [factory, rest @ ..] => (Some(*factory), rest),
        };
        let factory = factory.filter(|factory| !factory.is_none());
        if factory.is_some_and(|factory| factory.ty().slots().tp_call.is_none()) {
            raise!(th, TypeError, "first argument must be callable or None");
        }
        self.factory.set(factory.map(Obj::own));
        let rest = Tuple::from_objs(th, rest)?;
        let Some(init) = Dict::type_object().slots().tp_init else {
            raise!(th, SystemError, "dict has no __init__");
        };
        let kwargs = kwargs.map_or(std::ptr::null_mut(), |kwargs| kwargs.obj().as_ptr());
        // SAFETY: the slot of `dict`, with the arguments of `tp_init`.
        let status = unsafe { init(self.obj().as_ptr(), rest.as_ptr(), kwargs) };
        if status < 0 { Err(error::Raised) } else { Ok(()) }
    }

    #[declare]
    fn members(b: &mut TypeBuilder<'_>) {
        b.member(
            c"default_factory",
            abi::_Py_T_OBJECT,
            offset_of!(DefaultDict, factory),
            0,
            Some(c"Factory for default value called by __missing__()."),
        );
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let Some(repr) = Dict::type_object().slots().tp_repr else {
            raise!(th, SystemError, "dict has no __repr__");
        };
        // SAFETY: the slot of `dict` on a dict; a new reference or null.
        let base = unsafe { Ref::from_raw(repr(self.obj().as_ptr())) }.ok_or(error::Raised)?;
        let base = base.str(th)?;
        let factory = match self.factory.get() {
            None => "None".to_owned(),
            Some(factory) => match repr_guard::enter(th, factory.obj()) {
                Some(_guard) => factory.repr(th)?.to_string(),
                None => "...".to_owned(),
            },
        };
        let name = self.obj().short_type_name();
        Str::from_fmt(th, format_args!("{name}({factory}, {})", &*base))
    }

    fn __or__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result {
        let (this, other) = match left.downcast::<DefaultDict>() {
            Some(this) => (Some(this), right),
            None => (right.downcast::<DefaultDict>(), left),
        };
        let (Some(this), Some(_)) = (this, other.downcast::<Dict>()) else {
            return Ok(not_implemented_ref());
        };
        let new = this.similar(th, left)?;
        match new.obj().downcast::<Dict>() {
            Some(dict) => dict.update(th, right)?,
            None => raise!(th, TypeError, "expected a dict"),
        }
        Ok(new)
    }

    /// Called by __getitem__ for missing key.
    ///
    /// Makes the value with the default factory and stores it under the key.
    #[sig = "($self, key, /)"]
    fn __missing__(&self, th: Thread<'_>, key: Obj<'_>) -> Result {
        let factory = self.factory.get().filter(|factory| !factory.obj().is_none());
        let Some(factory) = factory else { return Err(key_error(th, key)) };
        let value = factory.call(th, &[])?;
        // COMPAT: a value that the factory set wins (test_defaultdict,
        // test_factory_conflict_with_set_value).
        self.dict.setdefault(th, key, value.obj())
    }

    /// D.copy() -> a shallow copy of D.
    #[sig = "($self, /)"]
    fn copy(&self, th: Thread<'_>) -> Result {
        self.similar(th, self.obj())
    }

    /// D.copy() -> a shallow copy of D.
    #[sig = "($self, /)"]
    fn __copy__(&self, th: Thread<'_>) -> Result {
        self.similar(th, self.obj())
    }

    /// Return state information for pickling.
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        let factory = self.factory.get().filter(|factory| !factory.obj().is_none());
        let args = Tuple::from_refs(th, factory.into_iter().collect())?;
        let items = self.obj().call_method(th, id!(th, "items"), &[])?.iter(th)?;
        let none = types::none();
        Tuple::from_objs(th, &[self.obj().ty().obj(), args.obj(), none, none, items.obj()])
    }

    /// See PEP 585
    #[classmethod]
    #[sig = "($type, object, /)"]
    fn __class_getitem__(th: Thread<'_>, cls: &Type, object: Obj<'_>) -> Result {
        types::generic_alias::new(th, cls.obj(), object)
    }
}

impl AsRef<Dict> for DefaultDict {
    fn as_ref(&self) -> &Dict {
        &self.dict
    }
}
