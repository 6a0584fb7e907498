//! `function`: code with its globals, defaults and closure.

use std::{
    cell::Cell,
    sync::atomic::{AtomicUsize, Ordering},
};

use macros::{pymethods, pytype};

use crate::{
    AsObject, Code, Dict, Head, Link, Module, Obj, Protocol, Ref, Result, Str, Thread, Traverse,
    Tuple, Type, alloc_object, error, id, protocol, raise, types,
    types::{cell::CellObject, method::Method},
    watch::{self, FunctionEvent},
};

/// Create a function object.
///
///   code
///     a code object
///   globals
///     the globals dictionary
///   name
///     a string that overrides the name from the code object
///   argdefs
///     a tuple that specifies the default argument values
///   closure
///     a tuple that supplies the bindings for free variables
///   kwdefaults
///     a dictionary that specifies the default keyword argument values
#[pytype(name = "function", c_name = "PyFunction_Type", sig = "(code, globals, name=None, argdefs=None, closure=None,\n         kwdefaults=None)", flags = METHOD_DESCRIPTOR | HAVE_VECTORCALL, layout = abi::PyFunctionObject, dictoffset = dict, weaklistoffset = weakreflist, vectorcall = vectorcall, traverse = manual)]
pub struct Function {
    head: Head,
    pub globals: Link<Dict>,
    pub builtins: Link,
    pub name: Link<Str>,
    pub qualname: Link<Str>,
    pub code: Link<Code>,
    pub defaults: Link<Tuple>,
    pub kwdefaults: Link<Dict>,
    pub closure: Link<Tuple>,
    pub doc: Link,
    pub dict: Link<Dict>,
    pub weakreflist: Cell<*mut abi::PyObject>,
    pub module: Link,
    pub annotations: Link,
    pub annotate: Link,
    pub type_params: Link,
    pub vectorcall: Cell<Option<abi::vectorcallfunc>>,
    /// Identifies code, defaults and closure for caches; 0 = not assigned.
    pub version: Cell<u32>,
}

impl Traverse for Function {
    const GC: bool = true;

    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        self.globals.traverse(visit);
        self.builtins.traverse(visit);
        self.name.traverse(visit);
        self.qualname.traverse(visit);
        self.code.traverse(visit);
        self.defaults.traverse(visit);
        self.kwdefaults.traverse(visit);
        self.closure.traverse(visit);
        self.doc.traverse(visit);
        self.dict.traverse(visit);
        self.module.traverse(visit);
        self.annotations.traverse(visit);
        self.annotate.traverse(visit);
        self.type_params.traverse(visit);
    }

    /// A function that is called once more must find its code and namespaces;
    /// those are cleared for themselves.
    fn clear(&self) {
        self.defaults.take();
        self.kwdefaults.take();
        self.closure.take();
        self.doc.take();
        self.dict.take();
        self.module.take();
        self.annotations.take();
        self.annotate.take();
        self.type_params.take();
    }
}

/// The interpreter's vectorcall of functions, a constant set at start-up.
static VECTORCALL: AtomicUsize = AtomicUsize::new(0);

/// Say how functions are called.
pub fn set_vectorcall(function: abi::vectorcallfunc) {
    VECTORCALL.store(function as usize, Ordering::Relaxed);
}

fn vectorcall_of_functions() -> Option<abi::vectorcallfunc> {
    let address = VECTORCALL.load(Ordering::Relaxed);
    // SAFETY: null, or stored by `set_vectorcall`.
    unsafe { std::mem::transmute::<usize, Option<abi::vectorcallfunc>>(address) }
}

impl Function {
    /// A new function of `code`, named and documented by it.
    pub fn with_builtins(
        th: Thread<'_>,
        code: Ref<Code>,
        globals: Ref<Dict>,
        builtins: Ref,
    ) -> Result<Ref<Function>> {
        let module = globals.get_name(th, id!(th, "__name__")).map(Obj::own);
        let doc = if code.flags & abi::CO_HAS_DOCSTRING != 0 {
            code.consts.get(0).map(Obj::own)
        } else {
            None
        };
        let function = alloc_object::new_in_place(
            th,
            Function {
                head: Head::new(),
                globals: Link::new(globals),
                builtins: Link::new(builtins),
                name: Link::new(code.name.clone()),
                qualname: Link::new(code.qualname.clone()),
                code: Link::new(code),
                defaults: Link::null(),
                kwdefaults: Link::null(),
                closure: Link::null(),
                doc: Link::new(doc.unwrap_or_else(|| types::none().own())),
                dict: Link::null(),
                weakreflist: Cell::new(std::ptr::null_mut()),
                module: Link::from_option(module),
                annotations: Link::null(),
                annotate: Link::null(),
                type_params: Link::null(),
                vectorcall: Cell::new(vectorcall_of_functions()),
                version: Cell::new(0),
            },
        )?;
        if th.interp().watchers.functions.any() {
            watch::function(th, FunctionEvent::Create, &function, None);
        }
        Ok(function)
    }

    /// A new function whose builtins are those of `globals`.
    pub fn new(th: Thread<'_>, code: Ref<Code>, globals: Ref<Dict>) -> Result<Ref<Function>> {
        let builtins = builtins_of(th, &globals)?;
        Self::with_builtins(th, code, globals, builtins)
    }

    /// Forget what caches know of this function, which is about to get something new.
    pub fn changing(&self, th: Thread<'_>, event: FunctionEvent, value: Option<Obj<'_>>) {
        if th.interp().watchers.functions.any() {
            watch::function(th, event, self, value);
        }
        self.version.set(0);
    }

    fn code_ref(&self, th: Thread<'_>) -> Result<Ref<Code>> {
        self.code.get().ok_or_else(|| error!(th, SystemError, "function without code"))
    }
}

/// The builtins that code with these globals sees.
pub fn builtins_of(th: Thread<'_>, globals: &Dict) -> Result<Ref> {
    if let Some(builtins) = globals.get(th, id!(th, "__builtins__").obj())? {
        if let Some(module) = builtins.obj().downcast::<Module>() {
            return module.dict(th).map(Ref::upcast);
        }
        return Ok(builtins);
    }
    // As the running code.
    if let Some(builtins) = (th.hooks().current_builtins)(th) {
        return Ok(builtins);
    }
    match th.interp().builtins.get() {
        Some(builtins) => Ok(builtins.upcast()),
        None => Dict::new(th).map(Ref::upcast),
    }
}

fn none_or<T>(value: Option<Ref<T>>) -> Ref {
    value.map_or_else(|| types::none().own(), Ref::upcast)
}

#[pymethods]
impl Function {
    #[declare]
    fn members(builder: &mut crate::declare::TypeBuilder<'_>) {
        let mut member = |name, offset, flags| {
            builder.member(name, abi::_Py_T_OBJECT, offset, flags, None);
        };
        let readonly = abi::Py_READONLY;
        member(c"__closure__", std::mem::offset_of!(Function, closure), readonly);
        member(c"__doc__", std::mem::offset_of!(Function, doc), 0);
        member(c"__globals__", std::mem::offset_of!(Function, globals), readonly);
        member(c"__module__", std::mem::offset_of!(Function, module), 0);
        member(c"__builtins__", std::mem::offset_of!(Function, builtins), readonly);
    }

    #[sig = "function(code, globals, name=None, argdefs=None, closure=None, kwdefaults=None)"]
    fn __new__(
        th: Thread<'_>,
        _: &Type,
        code: &Code,
        globals: &Dict,
        name: Option<Obj<'_>>,
        argdefs: Option<Obj<'_>>,
        closure: Option<Obj<'_>>,
        kwdefaults: Option<Obj<'_>>,
    ) -> Result<Ref<Function>> {
        let given = |value: Option<Obj<'_>>| value.filter(|value| !value.is_none()).map(Obj::own);
        let (name, argdefs, kwdefaults) = (given(name), given(argdefs), given(kwdefaults));
        let name = match name.map(Ref::downcast::<Str>) {
            None => None,
            Some(Ok(name)) => Some(name),
            Some(Err(_)) => raise!(th, TypeError, "arg 3 (name) must be None or string"),
        };
        let argdefs = match argdefs.map(Ref::downcast::<Tuple>) {
            None => None,
            Some(Ok(argdefs)) => Some(argdefs),
            Some(Err(_)) => raise!(th, TypeError, "arg 4 (defaults) must be None or tuple"),
        };
        let kwdefaults = match kwdefaults.map(Ref::downcast::<Dict>) {
            None => None,
            Some(Ok(kwdefaults)) => Some(kwdefaults),
            Some(Err(_)) => raise!(th, TypeError, "arg 6 (kwdefaults) must be None or dict"),
        };
        let wanted = code.nfreevars as usize;
        let closure = match given(closure).map(Ref::downcast::<Tuple>) {
            None if wanted > 0 => raise!(th, TypeError, "arg 5 (closure) must be tuple"),
            None => None,
            Some(Ok(closure)) => Some(closure),
            Some(Err(_)) => raise!(th, TypeError, "arg 5 (closure) must be None or tuple"),
        };
        let got = closure.as_ref().map_or(0, |closure| closure.len());
        if got != wanted {
            raise!(
                th,
                ValueError,
                "{} requires closure of length {wanted}, not {got}",
                &*code.name
            );
        }
        if let Some(closure) = &closure {
            for cell in closure.items() {
                if cell.downcast::<CellObject>().is_none() {
                    raise!(
                        th,
                        TypeError,
                        "arg 5 (closure) expected cell, found {}",
                        cell.type_name()
                    );
                }
            }
        }
        let function = Function::new(th, crate::own(code), crate::own(globals))?;
        if let Some(name) = name {
            function.name.set(Some(name));
        }
        function.defaults.set(argdefs);
        function.closure.set(closure);
        function.kwdefaults.set(kwdefaults);
        Ok(function)
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let name = self.qualname.get().map_or_else(String::new, |name| name.to_string());
        Str::from_fmt(th, format_args!("<function {name} at {:p}>", std::ptr::from_ref(self)))
    }

    fn __call__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result<Ref> {
        let mut values: Vec<Ref> = args.items().iter().map(|item| item.own()).collect();
        let mut names = Vec::new();
        if let Some(kwargs) = kwargs {
            let mut position = 0;
            while let Some((name, value)) = kwargs.next_entry(&mut position) {
                names.push(name);
                values.push(value);
            }
        }
        let names = if names.is_empty() { None } else { Some(Tuple::from_refs(th, names)?) };
        let values = crate::args::borrow_all(&values);
        protocol::call::call(th, self.obj(), values, names.as_deref())
    }

    fn __get__(
        th: Thread<'_>,
        this: Obj<'_>,
        instance: Option<Obj<'_>>,
        _: Option<Obj<'_>>,
    ) -> Result<Ref> {
        match instance.filter(|instance| !instance.is_none()) {
            Some(instance) => Method::new(th, this, instance).map(Ref::upcast),
            None => Ok(this.own()),
        }
    }

    /// Warn when plain functions, generators and coroutines change places.
    fn check_code_kind(&self, th: Thread<'_>, code: &Code) -> Result<()> {
        let kinds = abi::CO_GENERATOR | abi::CO_COROUTINE | abi::CO_ASYNC_GENERATOR;
        if self.code_ref(th)?.flags & kinds == code.flags & kinds {
            return Ok(());
        }
        let message = Str::new(
            th,
            "Assigning a code object of non-matching type is deprecated \
             (e.g., from a generator to a plain function)",
        )?;
        let category = crate::exceptions::types::DeprecationWarning();
        (th.hooks().warn)(th, category.obj(), &message, 1)
    }

    /// The code object.
    #[getter]
    fn __code__(&self, th: Thread<'_>) -> Result<Ref<Code>> {
        self.code_ref(th)
    }

    #[setter(__code__)]
    fn set_code(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(code) = value.and_then(|value| value.downcast::<Code>()) else {
            raise!(th, TypeError, "__code__ must be set to a code object");
        };
        let closure = self.closure.get().map_or(0, |closure| closure.len());
        if closure != code.nfreevars as usize {
            let name = self.name.get().map_or_else(String::new, |name| name.to_string());
            raise!(
                th,
                ValueError,
                "{name}() requires a code object with {closure} free vars, not {}",
                code.nfreevars
            );
        }
        self.check_code_kind(th, code)?;
        self.changing(th, FunctionEvent::ModifyCode, value);
        // Running frames borrow the code from their function.
        if let Some(old) = self.code.replace(Some(crate::own(code))) {
            old.obj().make_immortal();
        }
        Ok(())
    }

    /// The defaults of positional parameters.
    #[getter]
    fn __defaults__(&self, _: Thread<'_>) -> Result<Ref> {
        Ok(none_or(self.defaults.get()))
    }

    #[setter(__defaults__)]
    fn set_defaults(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let value = value.filter(|value| !value.is_none());
        if value.is_some_and(|value| value.downcast::<Tuple>().is_none()) {
            raise!(th, TypeError, "__defaults__ must be set to a tuple object");
        }
        self.changing(th, FunctionEvent::ModifyDefaults, value);
        self.defaults.set(value.and_then(|value| value.downcast::<Tuple>()).map(crate::own));
        Ok(())
    }

    /// The defaults of keyword-only parameters.
    #[getter]
    fn __kwdefaults__(&self, _: Thread<'_>) -> Result<Ref> {
        Ok(none_or(self.kwdefaults.get()))
    }

    #[setter(__kwdefaults__)]
    fn set_kwdefaults(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let value = value.filter(|value| !value.is_none());
        if value.is_some_and(|value| value.downcast::<Dict>().is_none()) {
            raise!(th, TypeError, "__kwdefaults__ must be set to a dict object");
        }
        self.changing(th, FunctionEvent::ModifyKwdefaults, value);
        self.kwdefaults.set(value.and_then(|value| value.downcast::<Dict>()).map(crate::own));
        Ok(())
    }

    /// The name.
    #[getter]
    fn __name__(&self, _: Thread<'_>) -> Result<Ref> {
        Ok(none_or(self.name.get()))
    }

    #[setter(__name__)]
    fn set_name(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(name) = value.and_then(|value| value.downcast::<Str>()) else {
            raise!(th, TypeError, "__name__ must be set to a string object");
        };
        self.name.set(Some(crate::own(name)));
        Ok(())
    }

    /// The qualified name.
    #[getter]
    fn __qualname__(&self, _: Thread<'_>) -> Result<Ref> {
        Ok(none_or(self.qualname.get()))
    }

    #[setter(__qualname__)]
    fn set_qualname(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(name) = value.and_then(|value| value.downcast::<Str>()) else {
            raise!(th, TypeError, "__qualname__ must be set to a string object");
        };
        self.qualname.set(Some(crate::own(name)));
        Ok(())
    }

    /// The namespace of the function's own attributes.
    #[getter]
    fn __dict__(&self, th: Thread<'_>) -> Result<Ref> {
        if self.dict.is_null() {
            self.dict.set(Some(Dict::new(th)?));
        }
        Ok(none_or(self.dict.get()))
    }

    #[setter(__dict__)]
    fn set_dict(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else { raise!(th, TypeError, "cannot delete __dict__") };
        let Some(dict) = value.downcast::<Dict>() else {
            raise!(
                th,
                TypeError,
                "__dict__ must be set to a dictionary, not a '{}'",
                value.type_name()
            );
        };
        self.dict.set(Some(crate::own(dict)));
        Ok(())
    }

    /// Dict of annotations in a function object.
    #[getter]
    fn __annotations__(&self, th: Thread<'_>) -> Result<Ref> {
        if let Some(annotations) = self.annotations.get() {
            let Some(tuple) = annotations.obj().downcast::<Tuple>() else {
                return Ok(annotations);
            };
            // The compiler makes a tuple of names and values.
            let dict = Dict::new(th)?;
            for pair in tuple.items().chunks_exact(2) {
                dict.set(th, pair[0], pair[1])?;
            }
            self.annotations.set(Some(dict.clone().upcast()));
            return Ok(dict.upcast());
        }
        let annotate = self.annotate.get().filter(|annotate| !annotate.obj().is_none());
        let dict = match annotate {
            Some(annotate) => {
                let one = crate::Int::from_i64(th, 1)?;
                let value = annotate.call(th, &[one.obj()])?;
                match value.downcast::<Dict>() {
                    Ok(dict) => dict,
                    Err(other) => raise!(
                        th,
                        TypeError,
                        "__annotate__ returned non-dict of type '{}'",
                        other.obj().type_name()
                    ),
                }
            }
            None => Dict::new(th)?,
        };
        self.annotations.set(Some(dict.clone().upcast()));
        Ok(dict.upcast())
    }

    #[setter(__annotations__)]
    fn set_annotations(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let value = value.filter(|value| !value.is_none());
        if value.is_some_and(|value| value.downcast::<Dict>().is_none()) {
            raise!(th, TypeError, "__annotations__ must be set to a dict object");
        }
        self.annotations.set(value.map(Obj::own));
        self.annotate.set(None);
        Ok(())
    }

    /// Get the code object for a function's annotations.
    #[getter]
    fn __annotate__(&self, th: Thread<'_>) -> Result<Ref> {
        let annotate = self.annotate.get();
        // The compiler's function is named after its code until somebody sees it.
        if let Some(function) =
            annotate.as_ref().and_then(|it| it.obj().downcast_exact::<Function>())
            && let (Some(name), Some(own)) = (function.qualname.get(), self.qualname.get())
            && let Some(code) = function.code.get()
            && name.obj().is(code.qualname.obj())
            && name.to_string().ends_with("__annotate__")
        {
            let name = Str::from_fmt(th, format_args!("{own}.__annotate__"))?;
            function.qualname.set(Some(name));
        }
        Ok(none_or(annotate))
    }

    #[setter(__annotate__)]
    fn set_annotate(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else { raise!(th, TypeError, "__annotate__ cannot be deleted") };
        if value.is_none() {
            self.annotate.set(Some(value.own()));
            return Ok(());
        }
        if value.ty().slots().tp_call.is_none() {
            raise!(th, TypeError, "__annotate__ must be callable or None");
        }
        self.annotate.set(Some(value.own()));
        self.annotations.set(None);
        Ok(())
    }

    /// Get the declared type parameters for a function.
    #[getter]
    fn __type_params__(&self, th: Thread<'_>) -> Result<Ref> {
        match self.type_params.get() {
            Some(params) => Ok(params),
            None => Tuple::from_refs(th, Vec::new()).map(Ref::upcast),
        }
    }

    #[setter(__type_params__)]
    fn set_type_params(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value.filter(|value| value.downcast::<Tuple>().is_some()) else {
            raise!(th, TypeError, "__type_params__ must be set to a tuple");
        };
        self.type_params.set(Some(value.own()));
        Ok(())
    }
}
