//! `types.SimpleNamespace`: attributes and nothing else.

use std::mem::offset_of;

use macros::{pymethods, pytype};

use crate::{
    AsObject, Dict, Head, Kwargs, Link, Obj, Protocol, Ref, Result, Str, Thread, Tuple, Type,
    alloc_object,
    args::Args,
    declare::TypeBuilder,
    protocol::{CompareOp, compare},
    raise,
    types::{self, singletons::not_implemented_ref},
};

/// A simple attribute-based namespace.
#[pytype(name = "types.SimpleNamespace", c_name = "_PyNamespace_Type", sig = "(mapping_or_iterable=(), /, **kwargs)", flags = BASETYPE, dictoffset = dict)]
pub struct SimpleNamespace {
    head: Head,
    dict: Link<Dict>,
}

/// A namespace with the entries of `dict`.
pub fn new(th: Thread<'_>, dict: &Dict) -> Result<Ref> {
    let namespace = SimpleNamespace { head: Head::new(), dict: Link::new(Dict::new(th)?) };
    let namespace = alloc_object::new(th, namespace)?;
    namespace.update(th, dict)?;
    Ok(namespace.upcast())
}

impl SimpleNamespace {
    /// The attributes.
    pub fn dict(&self, th: Thread<'_>) -> Result<Ref<Dict>> {
        super::staticmethod::dict_of(th, &self.dict)
    }

    fn update(&self, th: Thread<'_>, from: &Dict) -> Result<()> {
        let dict = self.dict(th)?;
        let mut position = 0;
        while let Some((key, value)) = from.next_entry(&mut position) {
            if key.obj().downcast::<Str>().is_none() {
                raise!(th, TypeError, "keywords must be strings");
            }
            dict.set(th, key.obj(), value.obj())?;
        }
        Ok(())
    }
}

/// `dict(source)`.
fn to_dict(th: Thread<'_>, source: Obj<'_>) -> Result<Ref<Dict>> {
    if source.is_exact::<Dict>()
        && let Some(dict) = source.downcast::<Dict>()
    {
        return Ok(crate::own(dict));
    }
    let dict = <Dict as crate::PyStruct>::type_object().obj().call(th, &[source])?;
    match dict.downcast::<Dict>() {
        Ok(dict) => Ok(dict),
        Err(_) => raise!(th, SystemError, "dict() returned no dict"),
    }
}

#[pymethods]
impl SimpleNamespace {
    fn __new__(th: Thread<'_>, cls: &Type, _: &Tuple, _: Option<&Dict>) -> Result {
        let namespace = SimpleNamespace { head: Head::new(), dict: Link::new(Dict::new(th)?) };
        alloc_object::alloc(th, cls, namespace).map(Ref::upcast)
    }

    #[sig = "SimpleNamespace(*args, **kwargs)"]
    fn __init__(&self, th: Thread<'_>, args: Args<'_>, kwargs: Kwargs<'_>) -> Result<()> {
        match args {
            [] => {}
            [source] => self.update(th, &*to_dict(th, *source)?)?,
            args => raise!(
                th,
                TypeError,
                "{} expected at most 1 argument, got {}",
                self.obj().short_type_name(),
                args.len()
            ),
        }
        self.update(th, &*kwargs.to_dict(th)?)
    }

    #[declare]
    fn members(b: &mut TypeBuilder<'_>) {
        let offset = offset_of!(SimpleNamespace, dict);
        b.member(c"__dict__", abi::_Py_T_OBJECT, offset, abi::Py_READONLY, None);
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let is_exact = self.obj().is_exact::<SimpleNamespace>();
        let name = if is_exact { "namespace" } else { self.obj().short_type_name() };
        let Some(guard) = types::repr_guard::enter(th, self.obj()) else {
            return Str::from_fmt(th, format_args!("{name}(...)"));
        };
        let dict = self.dict(th)?;
        let mut parts = Vec::new();
        let (mut position, mut keys) = (0, Vec::new());
        while let Some((key, _)) = dict.next_entry(&mut position) {
            keys.push(key);
        }
        for key in keys {
            let Some(key) = key.obj().downcast::<Str>().filter(|key| key.len() > 0) else {
                continue;
            };
            if let Some(value) = dict.get(th, key.obj())? {
                parts.push(format!("{key}={}", &*value.repr(th)?));
            }
        }
        drop(guard);
        Str::from_fmt(th, format_args!("{name}({})", parts.join(", ")))
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result {
        let Some(other) = other.downcast::<SimpleNamespace>() else {
            return Ok(not_implemented_ref());
        };
        compare::rich_compare(th, self.dict(th)?.obj(), other.dict(th)?.obj(), op)
    }

    /// Return state information for pickling
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        let args = Tuple::from_refs(th, Vec::new())?;
        let dict = self.dict(th)?;
        Tuple::from_objs(th, &[self.obj().ty().obj(), args.obj(), dict.obj()])
    }

    /// Return a copy of the namespace object with new values for the specified attributes.
    #[sig = "($self, /, **changes)"]
    fn __replace__(&self, th: Thread<'_>, changes: Kwargs<'_>) -> Result {
        let copy = self.obj().ty().obj().call(th, &[])?;
        let Some(namespace) = copy.obj().downcast::<SimpleNamespace>() else {
            raise!(
                th,
                TypeError,
                "expect {} type, but {}() returned '{}' object",
                "types.SimpleNamespace",
                self.obj().ty().shown_name(th)?,
                copy.obj().ty().shown_name(th)?
            );
        };
        namespace.update(th, &*self.dict(th)?)?;
        namespace.update(th, &*changes.to_dict(th)?)?;
        Ok(copy)
    }
}
