//! `mappingproxy`: a read-only view of a mapping.

use macros::{pymethods, pytype};

use crate::{
    AsObject, Dict, Head, Obj, Protocol, Ref, Result, Str, Thread, Type, alloc_object, id,
    protocol::{CompareOp, mapping, number},
    raise, types,
};

/// Read-only proxy of a mapping.
#[pytype(name = "mappingproxy", c_name = "PyDictProxy_Type", sig = "(mapping)", flags = MAPPING)]
pub struct MappingProxy {
    head: Head,
    mapping: Ref,
}

/// `MappingProxyType(mapping)` without a check.
pub fn new(th: Thread<'_>, mapping: Obj<'_>) -> Result<Ref> {
    alloc_object::new(th, MappingProxy { head: Head::new(), mapping: mapping.own() })
        .map(Ref::upcast)
}

impl MappingProxy {
    /// What the proxy shows.
    pub fn mapping(&self) -> Obj<'_> {
        self.mapping.obj()
    }
}

/// The mapping behind a proxy, any other object as it is. Proxies can be nested to any depth.
fn behind<'a>(th: Thread<'_>, object: Obj<'a>) -> Result<Obj<'a>> {
    th.check_stack_end()?;
    Ok(object.downcast_exact::<MappingProxy>().map_or(object, MappingProxy::mapping))
}

#[pymethods]
impl MappingProxy {
    #[sig = "mappingproxy(mapping)"]
    fn __new__(th: Thread<'_>, _: &Type, mapping: Obj<'_>) -> Result {
        let is_mapping = mapping.ty().mapping().is_some_and(|m| m.mp_subscript.is_some())
            && mapping.downcast::<crate::Tuple>().is_none()
            && mapping.downcast::<types::List>().is_none();
        if !is_mapping {
            raise!(
                th,
                TypeError,
                "mappingproxy() argument must be a mapping, not {}",
                mapping.ty().full_name()
            );
        }
        new(th, mapping)
    }

    fn mp_length(&self, th: Thread<'_>) -> Result<usize> {
        mapping::len(th, behind(th, self.obj())?)
    }

    fn mp_subscript(&self, th: Thread<'_>, key: Obj<'_>) -> Result {
        behind(th, self.obj())?.get_item(th, key)
    }

    fn __contains__(&self, th: Thread<'_>, key: Obj<'_>) -> Result<bool> {
        mapping::contains(th, behind(th, self.obj())?, key)
    }

    fn __iter__(&self, th: Thread<'_>) -> Result {
        behind(th, self.obj())?.iter(th)
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let text = self.mapping.repr(th)?;
        Str::from_fmt(th, format_args!("mappingproxy({})", &*text))
    }

    fn __str__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        self.mapping.str(th)
    }

    fn __hash__(&self, th: Thread<'_>) -> Result<isize> {
        self.mapping.hash(th)
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result {
        self.mapping.compare(th, other, op)
    }

    fn __or__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result {
        number::binary(th, number::OR, behind(th, left)?, behind(th, right)?)
    }

    fn __ior__(&self, th: Thread<'_>, _: Obj<'_>) -> Result {
        raise!(
            th,
            TypeError,
            "'|=' is not supported by {}; use '|' instead",
            self.obj().ty().full_name()
        )
    }

    /// Return the value for key if key is in the mapping, else default.
    #[sig = "($self, key, default=None, /)"]
    fn get(&self, th: Thread<'_>, key: Obj<'_>, default: Option<Obj<'_>>) -> Result {
        let default = default.unwrap_or(types::none());
        self.mapping.call_method(th, id!(th, "get"), &[key, default])
    }

    /// a set-like object providing a view on D's keys
    #[sig = "($self, /)"]
    fn keys(&self, th: Thread<'_>) -> Result {
        self.mapping.call_method(th, id!(th, "keys"), &[])
    }

    /// an object providing a view on D's values
    #[sig = "($self, /)"]
    fn values(&self, th: Thread<'_>) -> Result {
        self.mapping.call_method(th, id!(th, "values"), &[])
    }

    /// a set-like object providing a view on D's items
    #[sig = "($self, /)"]
    fn items(&self, th: Thread<'_>) -> Result {
        self.mapping.call_method(th, id!(th, "items"), &[])
    }

    /// a shallow copy of D
    #[sig = "($self, /)"]
    fn copy(&self, th: Thread<'_>) -> Result {
        self.mapping.call_method(th, id!(th, "copy"), &[])
    }

    /// D.__reversed__() -> reverse iterator
    #[sig = "($self, /)"]
    fn __reversed__(&self, th: Thread<'_>) -> Result {
        self.mapping.call_method(th, id!(th, "__reversed__"), &[])
    }

    /// See PEP 585
    #[classmethod]
    #[sig = "($type, object, /)"]
    fn __class_getitem__(th: Thread<'_>, cls: &Type, object: Obj<'_>) -> Result {
        super::generic_alias::new(th, cls.obj(), object)
    }
}

/// A proxy of a dict.
pub fn of_dict(th: Thread<'_>, dict: &Dict) -> Result<Ref> {
    new(th, dict.obj())
}
