//! `typing.Union`: `int | str`.
//!
//! A union keeps its members once each, in order; those that can be hashed are
//! also the keys of a dict, so that two unions compare as sets. A union with
//! unhashable members cannot be hashed.

use std::{cell::Cell, mem::offset_of};

use macros::{pymethods, pytype};

use crate::{
    AsObject, Dict, Head, Link, Obj, Protocol, PyStruct, Ref, Result, Str, Thread, Tuple, Type,
    alloc_object,
    declare::TypeBuilder,
    id,
    protocol::{CompareOp, compare},
    raise,
    types::{self, generic_alias, singletons::not_implemented_ref},
};

/// Represent a union type
///
/// E.g. for int | str
#[pytype(name = "typing.Union", c_name = "_PyUnion_Type", flags = DISALLOW_INSTANTIATION, weaklistoffset = weaklist)]
pub struct Union {
    head: Head,
    args: Ref<Tuple>,
    /// The members that can be hashed.
    hashable: Ref<Dict>,
    parameters: Link<Tuple>,
    weaklist: Cell<*mut abi::PyObject>,
}

/// Collects members, flattening unions and dropping repetitions.
struct Builder {
    args: Vec<Ref>,
    hashable: Ref<Dict>,
    unhashable: Vec<Ref>,
    /// Whether members are to be checked by `typing._type_check`.
    checked: bool,
}

impl Builder {
    fn new(th: Thread<'_>, checked: bool) -> Result<Self> {
        Ok(Builder { args: Vec::new(), hashable: Dict::new(th)?, unhashable: Vec::new(), checked })
    }

    fn add(&mut self, th: Thread<'_>, arg: Obj<'_>) -> Result<()> {
        if arg.is_none() {
            return self.add_member(th, types::none().ty().obj());
        }
        if let Some(union) = arg.downcast_exact::<Union>() {
            return self.add_all(th, union.args().items());
        }
        if self.checked && arg.downcast::<Type>().is_none() {
            let typing = (th.hooks().import_module)(th, id!(th, "typing"))?;
            let message = id!(th, "Union[arg, ...]: each arg must be a type.").obj();
            let arg = typing.call_method(th, id!(th, "_type_check"), &[arg, message])?;
            return self.add_member(th, arg.obj());
        }
        self.add_member(th, arg)
    }

    fn add_all(&mut self, th: Thread<'_>, args: &[Obj<'_>]) -> Result<()> {
        args.iter().try_for_each(|arg| self.add(th, *arg))
    }

    fn add_member(&mut self, th: Thread<'_>, arg: Obj<'_>) -> Result<()> {
        match arg.hash(th) {
            Ok(_) => {
                if self.hashable.get(th, arg)?.is_some() {
                    return Ok(());
                }
                self.hashable.set(th, arg, types::none())?;
            }
            Err(raised) => {
                th.clear_exception(raised);
                for known in &self.unhashable {
                    if compare::eq(th, known.obj(), arg)? {
                        return Ok(());
                    }
                }
                self.unhashable.push(arg.own());
            }
        }
        self.args.push(arg.own());
        Ok(())
    }

    fn finish(mut self, th: Thread<'_>) -> Result {
        if self.args.len() <= 1 {
            return match self.args.pop() {
                Some(only) => Ok(only),
                None => raise!(th, TypeError, "Cannot take a Union of no types."),
            };
        }
        let union = Union {
            head: Head::new(),
            args: Tuple::from_refs(th, self.args)?,
            hashable: self.hashable,
            parameters: Link::null(),
            weaklist: Cell::new(std::ptr::null_mut()),
        };
        alloc_object::new(th, union).map(Ref::upcast)
    }
}

fn is_unionable(object: Obj<'_>) -> bool {
    object.is_none()
        || object.downcast::<Type>().is_some()
        || object.downcast::<generic_alias::GenericAlias>().is_some()
        || object.is_exact::<Union>()
        || object.is_exact::<types::typing::TypeAliasType>()
}

/// `left | right` of types; `NotImplemented` if either cannot be in a union.
pub fn or(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result {
    if !is_unionable(left) || !is_unionable(right) {
        return Ok(not_implemented_ref());
    }
    let mut builder = Builder::new(th, false)?;
    builder.add(th, left)?;
    builder.add(th, right)?;
    builder.finish(th)
}

/// `Union[args]` with each argument checked to be a type.
pub fn from_args(th: Thread<'_>, args: &[Obj<'_>]) -> Result {
    let mut builder = Builder::new(th, true)?;
    builder.add_all(th, args)?;
    builder.finish(th)
}

impl Union {
    /// The members.
    pub fn args(&self) -> Ref<Tuple> {
        self.args.clone()
    }

    fn find_parameters(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        if let Some(parameters) = self.parameters.get() {
            return Ok(parameters);
        }
        let parameters = generic_alias::make_parameters(th, self.args.items())?;
        self.parameters.set(Some(parameters.clone()));
        Ok(parameters)
    }

    fn unhashable(&self) -> usize {
        self.args.items().len().saturating_sub(Dict::len(&self.hashable))
    }

    fn is_equal(&self, th: Thread<'_>, other: &Union) -> Result<bool> {
        if self.args.items().len() != other.args.items().len()
            || Dict::len(&self.hashable) != Dict::len(&other.hashable)
        {
            return Ok(false);
        }
        let mut position = 0;
        while let Some((member, _)) = self.hashable.next_entry(&mut position) {
            if other.hashable.get(th, member.obj())?.is_none() {
                return Ok(false);
            }
        }
        if self.unhashable() == 0 {
            return Ok(true);
        }
        for member in self.args.items() {
            let mut found = false;
            for candidate in other.args.items() {
                if compare::eq(th, *member, *candidate)? {
                    found = true;
                    break;
                }
            }
            if !found {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

#[pymethods]
impl Union {
    #[declare]
    fn members(b: &mut TypeBuilder<'_>) {
        let offset = offset_of!(Union, args);
        b.member(c"__args__", abi::_Py_T_OBJECT, offset, abi::Py_READONLY, None);
    }

    #[getter]
    fn __name__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        Str::new(th, "Union")
    }

    #[getter]
    fn __qualname__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        Str::new(th, "Union")
    }

    #[getter]
    fn __module__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        Str::new(th, "typing")
    }

    /// Always returns the type
    #[getter]
    fn __origin__(&self, _: Thread<'_>) -> Ref {
        Union::type_object().obj().own()
    }

    /// Type variables in the types.UnionType.
    #[getter]
    fn __parameters__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        self.find_parameters(th)
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let mut parts = Vec::new();
        for arg in self.args.items() {
            parts.push(generic_alias::type_repr(th, *arg)?);
        }
        Str::new(th, &parts.join(" | "))
    }

    fn __hash__(&self, th: Thread<'_>) -> Result<isize> {
        let unhashable = self.unhashable();
        if unhashable > 0 {
            // Say why, if they still cannot be hashed.
            for arg in self.args.items() {
                arg.hash(th)?;
            }
            raise!(th, TypeError, "union contains {unhashable} unhashable elements");
        }
        // Independent of the order, as equality is.
        let mut hash = 0x1234_5678_usize.wrapping_mul(self.args.items().len() + 1);
        for arg in self.args.items() {
            let one = arg.hash(th)? as usize;
            hash ^= (one ^ 89_869_747 ^ (one << 16)).wrapping_mul(3_644_798_167);
        }
        Ok((hash ^ (hash >> 11) ^ (hash >> 25)) as isize)
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result {
        let Some(other) = other.downcast_exact::<Union>() else {
            return Ok(not_implemented_ref());
        };
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(not_implemented_ref());
        }
        let equal = self.is_equal(th, other)?;
        Ok(types::bool_(equal == (op == CompareOp::Eq)).own())
    }

    fn __or__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result {
        from_args(th, &[left, right])
    }

    fn mp_subscript(&self, th: Thread<'_>, item: Obj<'_>) -> Result {
        let parameters = self.find_parameters(th)?;
        let args = generic_alias::substitute(th, self.obj(), &self.args, &parameters, item)?;
        from_args(th, args.items())
    }

    #[sig = "($self, bases, /)"]
    fn __mro_entries__(&self, th: Thread<'_>, _: Obj<'_>) -> Result {
        raise!(th, TypeError, "Cannot subclass {}", &*self.obj().repr(th)?)
    }

    /// See PEP 585
    #[classmethod]
    #[sig = "($type, object, /)"]
    fn __class_getitem__(th: Thread<'_>, _: &Type, object: Obj<'_>) -> Result {
        match object.downcast::<Tuple>() {
            Some(args) => from_args(th, args.items()),
            None => from_args(th, &[object]),
        }
    }
}
