//! `functools.partial` and the `Placeholder` that holds a place open.

use std::{cell::Cell, mem::offset_of};

use macros::{pymethods, pytype};
use object::{
    AsObject, Dict, Head, Link, Obj, Protocol, PyStruct, Ref, Result, Str, Thread, Tuple, Type,
    alloc_object,
    declare::TypeBuilder,
    id, own,
    protocol::{
        call::{Vectorcall, call_dict, vectorcall},
        generic,
    },
    raise, types,
};

/// The type of the Placeholder singleton.
///
/// Used as a placeholder for partial arguments.
#[pytype(name = "functools._PlaceholderType")]
pub(super) struct PlaceholderType {
    head: Head,
}

// SAFETY: the one instance is immortal and has no mutable state.
unsafe impl Sync for PlaceholderType {}

static PLACEHOLDER: PlaceholderType = PlaceholderType { head: Head::immortal() };

/// `functools.Placeholder`.
pub(super) fn placeholder() -> Obj<'static> {
    PLACEHOLDER.obj()
}

/// Give the singleton its type.
pub(super) fn init() {
    PLACEHOLDER.head.set_static_type(PlaceholderType::type_object());
}

#[pymethods]
impl PlaceholderType {
    fn __new__(th: Thread<'_>, _: &Type, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        if args.len() > 0 || kwargs.is_some_and(|kwargs| !kwargs.is_empty()) {
            raise!(th, TypeError, "PlaceholderType takes no arguments");
        }
        Ok(placeholder().own())
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        Str::new(th, "Placeholder")
    }

    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Ref {
        id!(th, "Placeholder").obj().own()
    }
}

/// Create a new function with partial application of the given arguments and keywords.
#[pytype(name = "functools.partial", sig = "(func, /, *args, **keywords)", flags = BASETYPE | METHOD_DESCRIPTOR, dictoffset = dict, weaklistoffset = weaklist, vectorcall = vectorcall)]
pub struct Partial {
    head: Head,
    function: Link,
    args: Link<Tuple>,
    keywords: Link<Dict>,
    dict: Link<Dict>,
    weaklist: Cell<*mut abi::PyObject>,
    vectorcall: Cell<Option<abi::vectorcallfunc>>,
    /// How many of `args` are placeholders.
    holes: Cell<usize>,
}

fn is_placeholder(object: &Obj<'_>) -> bool {
    object.is(placeholder())
}

fn count_holes(args: &[Obj<'_>]) -> usize {
    args.iter().filter(|arg| is_placeholder(arg)).count()
}

/// `old` with its placeholders filled from `new`, then the rest of `new`.
fn fill<'a>(old: &[Obj<'a>], new: &[Obj<'a>]) -> Vec<Obj<'a>> {
    let mut new = new.iter().copied();
    let mut filled: Vec<Obj<'a>> = old
        .iter()
        .map(|arg| if is_placeholder(arg) { new.next().unwrap_or(*arg) } else { *arg })
        .collect();
    filled.extend(new);
    filled
}

impl Partial {
    fn parts(&self, th: Thread<'_>) -> Result<(Ref, Ref<Tuple>, Ref<Dict>)> {
        match (self.function.get(), self.args.get(), self.keywords.get()) {
            (Some(function), Some(args), Some(keywords)) => Ok((function, args, keywords)),
            _ => raise!(th, RuntimeError, "uninitialized partial object"),
        }
    }
}

impl Partial {
    fn call_with(&self, th: Thread<'_>, args: &[Obj<'_>], kwargs: Option<&Dict>) -> Result {
        th.check_stack(" while calling a Python object")?;
        let (function, own_args, keywords) = self.parts(th)?;
        if args.len() < self.holes.get() {
            raise!(
                th,
                TypeError,
                "missing positional arguments in 'partial' call; expected at least {}, got {}",
                self.holes.get(),
                args.len()
            );
        }
        let given = kwargs.filter(|kwargs| !kwargs.is_empty());
        // PERF: one argument before one or two others is what partials are mostly for.
        if let ([own_arg], [arg], 0) = (own_args.items(), args, self.holes.get())
            && keywords.is_empty()
        {
            return call_dict(th, function.obj(), &[*own_arg, *arg], given);
        }
        let all = fill(own_args.items(), args);
        let Some(given) = given else {
            return call_dict(th, function.obj(), &all, Some(&*keywords));
        };
        if keywords.is_empty() {
            return call_dict(th, function.obj(), &all, Some(given));
        }
        let merged = keywords.copy(th)?;
        for (key, value) in given.items() {
            merged.set(th, key.obj(), value.obj())?;
        }
        call_dict(th, function.obj(), &all, Some(&*merged))
    }
}

impl Vectorcall for Partial {
    fn call(&self, th: Thread<'_>, args: &[Obj<'_>], names: Option<&Tuple>) -> Result {
        let names = names.map(Tuple::items).unwrap_or_default();
        if names.is_empty() {
            return self.call_with(th, args, None);
        }
        let (args, values) = args.split_at(args.len() - names.len());
        let kwargs = Dict::new(th)?;
        for (name, value) in names.iter().zip(values) {
            kwargs.set(th, *name, *value)?;
        }
        self.call_with(th, args, Some(&*kwargs))
    }
}

#[pymethods]
impl Partial {
    fn __new__(th: Thread<'_>, cls: &Type, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        let [function, new_args @ ..] = args.items() else {
            raise!(th, TypeError, "type 'partial' takes at least one argument");
        };
        if function.ty().slots().tp_call.is_none() {
            raise!(th, TypeError, "the first argument must be callable");
        }
        if new_args.last().is_some_and(is_placeholder) {
            raise!(th, TypeError, "trailing Placeholders are not allowed");
        }
        for (_, value) in kwargs.map(Dict::items).unwrap_or_default() {
            if is_placeholder(&value.obj()) {
                raise!(th, TypeError, "Placeholder cannot be passed as a keyword argument");
            }
        }
        let inner = function
            .downcast::<Partial>()
            .filter(|inner| inner.dict.is_null() && cls.is_subtype(Partial::type_object()));
        let (function, args, keywords) = match inner {
            Some(inner) => {
                let (function, args, keywords) = inner.parts(th)?;
                let args = Tuple::from_objs(th, &fill(args.items(), new_args))?;
                (function, args, keywords.copy(th)?)
            }
            None => (function.own(), Tuple::from_objs(th, new_args)?, Dict::new(th)?),
        };
        for (key, value) in kwargs.map(Dict::items).unwrap_or_default() {
            keywords.set(th, key.obj(), value.obj())?;
        }
        let holes = count_holes(args.items());
        let partial = Partial {
            head: Head::new(),
            function: Link::new(function),
            args: Link::new(args),
            keywords: Link::new(keywords),
            dict: Link::null(),
            weaklist: Cell::new(std::ptr::null_mut()),
            vectorcall: Cell::new(Some(vectorcall::<Partial>)),
            holes: Cell::new(holes),
        };
        alloc_object::alloc(th, cls, partial).map(Ref::upcast)
    }

    #[declare]
    fn members(b: &mut TypeBuilder<'_>) {
        let (object, read_only) = (abi::_Py_T_OBJECT, abi::Py_READONLY);
        b.member(
            c"func",
            object,
            offset_of!(Partial, function),
            read_only,
            Some(c"function object to use in future partial calls"),
        );
        b.member(
            c"args",
            object,
            offset_of!(Partial, args),
            read_only,
            Some(c"tuple of arguments to future partial calls"),
        );
        b.member(
            c"keywords",
            object,
            offset_of!(Partial, keywords),
            read_only,
            Some(c"dictionary of keyword arguments to future partial calls"),
        );
    }

    #[getter(__dict__)]
    fn get_dict(&self, th: Thread<'_>) -> Result<Ref<Dict>> {
        if let Some(dict) = self.dict.get() {
            return Ok(dict);
        }
        let dict = Dict::new(th)?;
        self.dict.set(Some(dict.clone()));
        Ok(dict)
    }

    #[setter(__dict__)]
    fn set_dict(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        self.dict.set(Some(own(generic::dict_to_assign(th, value)?)));
        Ok(())
    }

    fn __call__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        self.call_with(th, args.items(), kwargs)
    }

    fn __get__(&self, th: Thread<'_>, instance: Option<Obj<'_>>, _: Option<Obj<'_>>) -> Result {
        match instance.filter(|instance| !instance.is_none()) {
            Some(instance) => generic::bound_method(th, self.obj().own(), instance),
            None => Ok(self.obj().own()),
        }
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let ty = self.obj().ty();
        let Some(_guard) = types::repr_guard::enter(th, self.obj()) else {
            return Str::new(th, "...");
        };
        let (function, args, keywords) = self.parts(th)?;
        let mut parts = vec![function.repr(th)?.to_string()];
        for arg in args.items() {
            parts.push(arg.repr(th)?.to_string());
        }
        for (key, value) in keywords.items() {
            parts.push(format!("{}={}", &*key.str(th)?, &*value.repr(th)?));
        }
        let name = if ty.is_heap() {
            let qualname = ty.obj().getattr(th, id!(th, "__qualname__"))?.str(th)?;
            let module = ty.obj().getattr(th, id!(th, "__module__"))?.str(th)?;
            format!("{}.{}", &*module, &*qualname)
        } else {
            ty.full_name().to_owned()
        };
        Str::from_fmt(th, format_args!("{name}({})", parts.join(", ")))
    }

    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        let (function, args, keywords) = self.parts(th)?;
        let dict = self.dict.get().map_or_else(|| types::none().own(), Ref::upcast);
        let arguments = Tuple::from_objs(th, &[function.obj()])?;
        let state =
            Tuple::from_objs(th, &[function.obj(), args.obj(), keywords.obj(), dict.obj()])?;
        Tuple::from_objs(th, &[self.obj().ty().obj(), arguments.obj(), state.obj()])
    }

    #[sig = "($self, object, /)"]
    fn __setstate__(&self, th: Thread<'_>, state: Obj<'_>) -> Result<()> {
        let items = state.downcast::<Tuple>().map(Tuple::items);
        let Some([function, args, keywords, dict]) = items else {
            raise!(th, TypeError, "invalid partial state");
        };
        let args = args.downcast::<Tuple>();
        let keywords_dict = keywords.downcast::<Dict>();
        let is_valid = function.ty().slots().tp_call.is_some()
            && args.is_some()
            && (keywords_dict.is_some() || keywords.is_none())
            && (dict.downcast::<Dict>().is_some() || dict.is_none());
        let Some(args) = args.filter(|_| is_valid) else {
            raise!(th, TypeError, "invalid partial state");
        };
        if args.items().last().is_some_and(is_placeholder) {
            raise!(th, TypeError, "trailing Placeholders are not allowed");
        }
        let args = match args.obj().is_exact::<Tuple>() {
            true => own(args),
            false => Tuple::from_objs(th, args.items())?,
        };
        let keywords = match keywords_dict {
            Some(keywords) if keywords.obj().is_exact::<Dict>() => own(keywords),
            Some(keywords) => keywords.copy(th)?,
            None => Dict::new(th)?,
        };
        self.holes.set(count_holes(args.items()));
        self.function.set(Some(function.own()));
        self.args.set(Some(args));
        self.keywords.set(Some(keywords));
        self.dict.set(dict.downcast::<Dict>().map(own));
        Ok(())
    }

    /// See PEP 585
    #[classmethod]
    #[sig = "($type, object, /)"]
    fn __class_getitem__(th: Thread<'_>, cls: &Type, object: Obj<'_>) -> Result {
        types::generic_alias::new(th, cls.obj(), object)
    }
}
