//! `types.GenericAlias`: `list[int]`.
//!
//! An alias forwards most attributes to its origin. Type parameters are found
//! and replaced by protocol (`__typing_subst__`, `__parameters__`), so that
//! `typing`'s own objects take part; the functions here serve unions too.

use std::{cell::Cell, mem::offset_of};

use macros::{pymethods, pytype};

use crate::{
    AsObject, Dict, Head, IntoObject, Link, List, Obj, Protocol, PyStruct, Ref, Result, Str,
    Thread, Tuple, Type, alloc_object,
    declare::TypeBuilder,
    exceptions::types::{AttributeError, TypeError},
    id, own,
    protocol::{CompareOp, call::call_tuple, compare, generic, iter},
    raise,
    types::{self, singletons::not_implemented_ref},
};

/// Represent a PEP 585 generic type
///
/// E.g. for t = list[int], t.__origin__ is list and t.__args__ is (int,).
#[pytype(name = "types.GenericAlias", c_name = "Py_GenericAliasType", sig = "(origin, args, /)", flags = BASETYPE, weaklistoffset = weaklist)]
pub struct GenericAlias {
    head: Head,
    origin: Ref,
    args: Ref<Tuple>,
    parameters: Link<Tuple>,
    weaklist: Cell<*mut abi::PyObject>,
    starred: Cell<bool>,
}

/// Attributes of the alias itself; all others are the origin's.
const OWN_ATTRIBUTES: [&str; 12] = [
    "__class__",
    "__bases__",
    "__origin__",
    "__args__",
    "__unpacked__",
    "__parameters__",
    "__typing_unpacked_tuple_args__",
    "__mro_entries__",
    "__reduce_ex__",
    "__reduce__",
    "__copy__",
    "__deepcopy__",
];

/// `GenericAlias(origin, args)`; `args` that is no tuple stands for one item.
pub fn new(th: Thread<'_>, origin: Obj<'_>, args: Obj<'_>) -> Result<Ref> {
    alloc(th, GenericAlias::type_object(), origin, args, false)
}

fn alloc(th: Thread<'_>, cls: &Type, origin: Obj<'_>, args: Obj<'_>, starred: bool) -> Result {
    let args = match args.downcast::<Tuple>() {
        Some(args) => own(args),
        None => Tuple::from_objs(th, &[args])?,
    };
    let alias = GenericAlias {
        head: Head::new(),
        origin: origin.own(),
        args,
        parameters: Link::null(),
        weaklist: Cell::new(std::ptr::null_mut()),
        starred: Cell::new(starred),
    };
    alloc_object::alloc(th, cls, alias).map(Ref::upcast)
}

impl GenericAlias {
    /// The generic class.
    pub fn origin(&self) -> Obj<'_> {
        self.origin.obj()
    }

    /// Its arguments.
    pub fn args(&self) -> &Tuple {
        &self.args
    }

    fn find_parameters(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        if let Some(parameters) = self.parameters.get() {
            return Ok(parameters);
        }
        let parameters = make_parameters(th, self.args.items())?;
        self.parameters.set(Some(parameters.clone()));
        Ok(parameters)
    }
}

/// How `object` is written inside the brackets of a type.
pub fn type_repr(th: Thread<'_>, object: Obj<'_>) -> Result<String> {
    if object.is(types::ellipsis()) {
        return Ok("...".to_owned());
    }
    if object.is(types::none().ty().obj()) {
        return Ok("None".to_owned());
    }
    let is_alias = object.getattr_opt(th, id!(th, "__origin__"))?.is_some()
        && object.getattr_opt(th, id!(th, "__args__"))?.is_some();
    if !is_alias
        && let Some(qualname) = object.getattr_opt(th, id!(th, "__qualname__"))?
        && let Some(module) = object.getattr_opt(th, id!(th, "__module__"))?
        && !module.obj().is_none()
    {
        let qualname = qualname.str(th)?;
        if types::str_eq(module.obj(), "builtins") {
            return Ok(qualname.to_string());
        }
        return Ok(format!("{}.{}", &*module.str(th)?, &*qualname));
    }
    Ok(object.repr(th)?.to_string())
}

/// `type_repr` of an argument, which may be a list of types.
fn item_repr(th: Thread<'_>, item: Obj<'_>) -> Result<String> {
    let Some(list) = item.downcast::<List>() else { return type_repr(th, item) };
    let mut parts = Vec::new();
    for index in 0..list.len() {
        // The repr of an item may have shortened the list.
        let Some(item) = list.get(index) else {
            raise!(th, IndexError, "list index out of range");
        };
        parts.push(type_repr(th, item.obj())?);
    }
    Ok(format!("[{}]", parts.join(", ")))
}

fn push_unique(parameters: &mut Vec<Ref>, item: Obj<'_>) {
    if !parameters.iter().any(|known| known.obj().is(item)) {
        parameters.push(item.own());
    }
}

fn collect_parameters(th: Thread<'_>, args: &[Obj<'_>], found: &mut Vec<Ref>) -> Result<()> {
    th.check_stack(" in __parameter__ calculation")?;
    for arg in args {
        if arg.downcast::<Type>().is_some() {
            continue;
        }
        if let Some(items) = nested_items(th, *arg)? {
            collect_parameters(th, items.items(), found)?;
            continue;
        }
        if arg.getattr_opt(th, id!(th, "__typing_subst__"))?.is_some() {
            push_unique(found, *arg);
            continue;
        }
        if let Some(parameters) = arg.getattr_opt(th, id!(th, "__parameters__"))?
            && let Some(parameters) = parameters.obj().downcast::<Tuple>()
        {
            parameters.items().iter().for_each(|parameter| push_unique(found, *parameter));
        }
    }
    Ok(())
}

/// The items of an argument that is a tuple or list of types.
fn nested_items(th: Thread<'_>, arg: Obj<'_>) -> Result<Option<Ref<Tuple>>> {
    if let Some(tuple) = arg.downcast::<Tuple>() {
        return Ok(Some(own(tuple)));
    }
    if arg.downcast::<List>().is_some() {
        return Tuple::from_refs(th, iter::collect(th, arg)?).map(Some);
    }
    Ok(None)
}

/// The distinct type parameters in `args`, in order.
pub fn make_parameters(th: Thread<'_>, args: &[Obj<'_>]) -> Result<Ref<Tuple>> {
    let mut found = Vec::new();
    collect_parameters(th, args, &mut found)?;
    Tuple::from_refs(th, found)
}

/// The arguments that an unpacked tuple stands for.
fn unpacked_tuple_args(th: Thread<'_>, item: Obj<'_>) -> Result<Option<Ref<Tuple>>> {
    if let Some(alias) = item.downcast_exact::<GenericAlias>()
        && alias.starred.get()
        && alias.origin().is(Tuple::type_object().obj())
    {
        return Ok(Some(alias.args.clone()));
    }
    let args = item.getattr_opt(th, id!(th, "__typing_unpacked_tuple_args__"))?;
    Ok(args.and_then(|args| args.downcast::<Tuple>().ok()))
}

/// The subscript as arguments, unpacked tuples of known length spliced in.
fn unpack_args(th: Thread<'_>, item: Obj<'_>) -> Result<Vec<Ref>> {
    let single = [item];
    let items = item.downcast::<Tuple>().map_or(&single[..], |tuple| tuple.items());
    let mut args = Vec::new();
    for item in items {
        let inner = match item.downcast::<Type>() {
            Some(_) => None,
            None => unpacked_tuple_args(th, *item)?,
        };
        match inner {
            Some(inner) if inner.items().last().is_none_or(|last| !last.is(types::ellipsis())) => {
                args.extend(inner.items().iter().map(|arg| arg.own()));
            }
            _ => args.push(item.own()),
        }
    }
    Ok(args)
}

/// Replace `parameters` in `args` of `owner` by what `item` gives for them.
pub fn substitute(
    th: Thread<'_>,
    owner: Obj<'_>,
    args: &Tuple,
    parameters: &Tuple,
    item: Obj<'_>,
) -> Result<Ref<Tuple>> {
    if parameters.len() == 0 {
        raise!(th, TypeError, "{} is not a generic class", &*owner.repr(th)?);
    }
    let mut item = Tuple::from_refs(th, unpack_args(th, item)?)?.upcast();
    for parameter in parameters.items() {
        let prepare = parameter.getattr_opt(th, id!(th, "__typing_prepare_subst__"))?;
        let Some(prepare) = prepare.filter(|prepare| !prepare.obj().is_none()) else { continue };
        if item.obj().downcast::<Tuple>().is_none() {
            item = Tuple::from_array(th, [item])?.upcast();
        }
        item = prepare.call(th, &[owner, item.obj()])?;
    }
    let single = [item.obj()];
    let values = item.obj().downcast::<Tuple>().map_or(&single[..], |tuple| tuple.items());
    if values.len() != parameters.len() {
        raise!(
            th,
            TypeError,
            "Too {} arguments for {}; actual {}, expected {}",
            if values.len() > parameters.len() { "many" } else { "few" },
            &*owner.repr(th)?,
            values.len(),
            parameters.len()
        );
    }
    let new = replace_all(th, args.items(), parameters.items(), values)?;
    Tuple::from_refs(th, new)
}

fn replace_all(
    th: Thread<'_>,
    args: &[Obj<'_>],
    parameters: &[Obj<'_>],
    values: &[Obj<'_>],
) -> Result<Vec<Ref>> {
    th.check_stack(" while substituting type parameters")?;
    let mut new = Vec::new();
    for arg in args {
        if arg.downcast::<Type>().is_some() {
            new.push(arg.own());
            continue;
        }
        if let Some(items) = nested_items(th, *arg)? {
            let items = replace_all(th, items.items(), parameters, values)?;
            new.push(match arg.downcast::<List>() {
                Some(_) => List::from_refs(th, items)?.upcast(),
                None => Tuple::from_refs(th, items)?.upcast(),
            });
            continue;
        }
        let unpack = match arg.getattr_opt(th, id!(th, "__typing_is_unpacked_typevartuple__"))? {
            Some(flag) => flag.is_true(th)?,
            None => false,
        };
        let subst = arg.getattr_opt(th, id!(th, "__typing_subst__"))?;
        let index = parameters.iter().position(|parameter| parameter.is(*arg));
        let value = match (subst, index.and_then(|index| values.get(index))) {
            (Some(subst), Some(value)) => subst.call(th, &[*value])?,
            (Some(_), None) if index.is_none() => raise!(
                th,
                TypeError,
                "argument {} with __typing_subst__ was not found in __parameters__",
                arg.repr(th)?
            ),
            _ => replace_inside(th, *arg, parameters, values)?,
        };
        if !unpack {
            new.push(value);
            continue;
        }
        let Some(values) = value.obj().downcast::<Tuple>() else {
            raise!(
                th,
                TypeError,
                "expected __typing_subst__ of {} objects to return a tuple, not {}",
                arg.ty().full_name(),
                value.obj().ty().full_name()
            );
        };
        new.extend(values.items().iter().map(|value| value.own()));
    }
    Ok(new)
}

/// Subscribe an argument that is generic itself.
fn replace_inside(
    th: Thread<'_>,
    object: Obj<'_>,
    parameters: &[Obj<'_>],
    values: &[Obj<'_>],
) -> Result<Ref> {
    let inner = object.getattr_opt(th, id!(th, "__parameters__"))?;
    let Some(inner) = inner.as_ref().and_then(|inner| inner.obj().downcast::<Tuple>()) else {
        return Ok(object.own());
    };
    if inner.len() == 0 {
        return Ok(object.own());
    }
    let mut args = Vec::new();
    for parameter in inner.items() {
        let index = parameters.iter().position(|known| known.is(*parameter));
        let Some(value) = index.and_then(|index| values.get(index)) else {
            args.push(parameter.own());
            continue;
        };
        match value.downcast::<Tuple>() {
            // A type variable tuple stands for several.
            Some(values) if parameter.ty().slots().tp_iter.is_some() => {
                args.extend(values.items().iter().map(|value| value.own()));
            }
            _ => args.push(value.own()),
        }
    }
    let args = Tuple::from_refs(th, args)?;
    object.get_item(th, args.obj())
}

#[pymethods]
impl GenericAlias {
    fn __new__(th: Thread<'_>, cls: &Type, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        if kwargs.is_some_and(|kwargs| kwargs.len() > 0) {
            raise!(th, TypeError, "GenericAlias() takes no keyword arguments");
        }
        let [origin, args] = args.items() else {
            raise!(th, TypeError, "GenericAlias expected 2 arguments, got {}", args.len());
        };
        alloc(th, cls, *origin, *args, false)
    }

    #[declare]
    fn members(b: &mut TypeBuilder<'_>) {
        let (object, read_only) = (abi::_Py_T_OBJECT, abi::Py_READONLY);
        b.member(c"__origin__", object, offset_of!(GenericAlias, origin), read_only, None);
        b.member(c"__args__", object, offset_of!(GenericAlias, args), read_only, None);
        let starred = offset_of!(GenericAlias, starred);
        b.member(c"__unpacked__", abi::Py_T_BOOL, starred, read_only, None);
    }

    #[getter]
    fn __parameters__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        self.find_parameters(th)
    }

    #[getter]
    fn __typing_unpacked_tuple_args__(&self, _: Thread<'_>) -> Option<Ref<Tuple>> {
        let is_tuple = self.origin().is(Tuple::type_object().obj());
        (self.starred.get() && is_tuple).then(|| self.args.clone())
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let star = if self.starred.get() { "*" } else { "" };
        let origin = type_repr(th, self.origin())?;
        let mut parts = Vec::new();
        for item in self.args.items() {
            parts.push(item_repr(th, *item)?);
        }
        let args = if parts.is_empty() { "()".to_owned() } else { parts.join(", ") };
        Str::from_fmt(th, format_args!("{star}{origin}[{args}]"))
    }

    fn __hash__(&self, th: Thread<'_>) -> Result<isize> {
        Ok(self.origin.hash(th)? ^ self.args.obj().hash(th)?)
    }

    fn __call__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        let object = call_tuple(th, self.origin(), args, kwargs)?;
        if let Err(raised) = object.setattr(th, id!(th, "__orig_class__"), Some(self.obj()))
            && let Err(raised) = th.catch(raised, AttributeError())
        {
            th.catch(raised, TypeError())?;
        }
        Ok(object)
    }

    fn tp_getattro(&self, th: Thread<'_>, name: Obj<'_>) -> Result {
        match name.downcast::<Str>() {
            Some(name) if !OWN_ATTRIBUTES.iter().any(|own| types::str_eq(name.obj(), own)) => {
                // The origin can be an alias itself, to any depth.
                th.check_stack_end()?;
                self.origin.getattr(th, name)
            }
            _ => generic::generic_getattr(th, self.obj(), name),
        }
    }

    fn mp_subscript(&self, th: Thread<'_>, item: Obj<'_>) -> Result {
        let parameters = self.find_parameters(th)?;
        let args = substitute(th, self.obj(), &self.args, &parameters, item)?;
        let ty = GenericAlias::type_object();
        alloc(th, ty, self.origin(), args.obj(), self.starred.get())
    }

    fn __or__(th: Thread<'_>, left: Obj<'_>, right: Obj<'_>) -> Result {
        super::union::or(th, left, right)
    }

    fn __iter__(&self, th: Thread<'_>) -> Result {
        let iterator =
            GenericAliasIterator { head: Head::new(), alias: Link::new(self.obj().own()) };
        alloc_object::new(th, iterator).map(Ref::upcast)
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result {
        let Some(other) = other.downcast::<GenericAlias>() else {
            return Ok(not_implemented_ref());
        };
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(not_implemented_ref());
        }
        let equal = self.starred.get() == other.starred.get()
            && compare::eq(th, self.origin(), other.origin())?
            && compare::eq(th, self.args.obj(), other.args.obj())?;
        Ok(types::bool_(equal == (op == CompareOp::Eq)).own())
    }

    #[sig = "($self, bases, /)"]
    fn __mro_entries__(&self, th: Thread<'_>, _: Obj<'_>) -> Result<Ref<Tuple>> {
        Tuple::from_objs(th, &[self.origin()])
    }

    #[sig = "($self, instance, /)"]
    fn __instancecheck__(&self, th: Thread<'_>, _: Obj<'_>) -> Result {
        raise!(th, TypeError, "isinstance() argument 2 cannot be a parameterized generic")
    }

    #[sig = "($self, cls, /)"]
    fn __subclasscheck__(&self, th: Thread<'_>, _: Obj<'_>) -> Result {
        raise!(th, TypeError, "issubclass() argument 2 cannot be a parameterized generic")
    }

    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        if !self.starred.get() {
            let args = Tuple::from_objs(th, &[self.origin(), self.args.obj()])?;
            return Tuple::from_objs(th, &[self.obj().ty().obj(), args.obj()]);
        }
        let next = generic::builtin(th, id!(th, "next"))?;
        let alias = new(th, self.origin(), self.args.obj())?;
        let args = Tuple::from_array(th, [alias.iter(th)?])?;
        Tuple::from_array(th, [next, args.upcast()])
    }

    #[sig = "($self, /)"]
    fn __dir__(&self, th: Thread<'_>) -> Result<Ref<List>> {
        let names = generic::builtin(th, id!(th, "dir"))?.call(th, &[self.origin()])?;
        let mut names = iter::collect(th, names.obj())?;
        let hidden = ["__bases__", "__copy__", "__deepcopy__"];
        for own in OWN_ATTRIBUTES.iter().filter(|own| !hidden.contains(own)) {
            if !names.iter().any(|name| types::str_eq(name.obj(), own)) {
                names.push(own.into_object(th)?);
            }
        }
        List::from_refs(th, names)
    }
}

/// Yields `*alias` once: what makes `f[*list[int]]` work.
#[pytype(name = "generic_alias_iterator")]
pub struct GenericAliasIterator {
    head: Head,
    alias: Link,
}

#[pymethods]
impl GenericAliasIterator {
    fn __iter__(th: Thread<'_>, this: Obj<'_>) -> Result {
        let _ = th;
        Ok(this.own())
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        let Some(alias) = self.alias.take() else { return Ok(None) };
        let Some(alias) = alias.obj().downcast::<GenericAlias>() else { return Ok(None) };
        let ty = GenericAlias::type_object();
        alloc(th, ty, alias.origin(), alias.args.obj(), true).map(Some)
    }

    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        let iter = generic::builtin(th, id!(th, "iter"))?;
        let source = match self.alias.get() {
            Some(alias) => alias,
            None => Tuple::from_refs(th, Vec::new())?.upcast(),
        };
        let args = Tuple::from_array(th, [source])?;
        Tuple::from_array(th, [iter, args.upcast()])
    }
}
