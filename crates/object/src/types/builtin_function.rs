//! `builtin_function_or_method`: a native function, bound to an instance,
//! class or module.

use std::{
    cell::Cell,
    ffi::{CStr, c_char},
};

use macros::{pymethods, pytype};

use abi::{PyMethodDef, PyObject};

use crate::{
    AsObject, Dict, Head, Link, Module, Obj, Protocol, PyStruct, Ref, Result, Str, Thread, Tuple,
    Type, alloc_object, declare, error, id, raise, types,
};

/// A native function or a bound native method.
#[pytype(name = "builtin_function_or_method", c_name = "PyCFunction_Type", flags = HAVE_VECTORCALL, layout = abi::PyCFunctionObject, weaklistoffset = weakreflist, vectorcall = vectorcall)]
pub struct BuiltinFunction {
    head: Head,
    #[traverse(skip)]
    def: &'static PyMethodDef,
    this: Link,
    module: Link,
    weakreflist: Cell<*mut PyObject>,
    vectorcall: Cell<Option<abi::vectorcallfunc>>,
}

/// A bound native method that is told the class that defines it
/// (`METH_METHOD`).
#[pytype(name = "builtin_method", c_name = "PyCMethod_Type", base = BuiltinFunction, flags = HAVE_VECTORCALL, layout = abi::PyCMethodObject, weaklistoffset = function.weakreflist, vectorcall = function.vectorcall)]
pub struct BuiltinMethod {
    function: BuiltinFunction,
    class: Ref<Type>,
}

/// A new function over `def`, bound to `this`; `class` defines it.
pub fn new_method(
    th: Thread<'_>,
    def: &'static PyMethodDef,
    this: Option<Obj<'_>>,
    module: Option<Obj<'_>>,
    class: &Type,
) -> Result<Ref> {
    if def.ml_flags & abi::METH_METHOD == 0 {
        return new(th, def, this, module).map(Ref::upcast);
    }
    let function = unbound(def, this, module);
    alloc_object::new(th, BuiltinMethod { function, class: crate::own(class) }).map(Ref::upcast)
}

/// A new function over `def`, bound to `this`.
pub fn new(
    th: Thread<'_>,
    def: &'static PyMethodDef,
    this: Option<Obj<'_>>,
    module: Option<Obj<'_>>,
) -> Result<Ref<BuiltinFunction>> {
    alloc_object::new(th, unbound(def, this, module))
}

fn unbound(
    def: &'static PyMethodDef,
    this: Option<Obj<'_>>,
    module: Option<Obj<'_>>,
) -> BuiltinFunction {
    BuiltinFunction {
        head: Head::new(),
        def,
        this: Link::from_option(this.map(Obj::own)),
        module: Link::from_option(module.map(Obj::own)),
        weakreflist: Cell::new(std::ptr::null_mut()),
        vectorcall: Cell::new(Some(vectorcall)),
    }
}

unsafe extern "C" fn vectorcall(
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: called on an attached thread.
    let th = unsafe { Thread::current() };
    // SAFETY: the callable is a builtin function.
    let function = unsafe { th.argument(callable).cast::<BuiltinFunction>() };
    let nargs = nargsf & !(1 << 63);
    // SAFETY: `kwnames` is null or a tuple.
    let names = unsafe { declare::keyword_names(kwnames) };
    // SAFETY: the vectorcall protocol.
    let all = unsafe { crate::reference::objects(args, nargs + names.len()) };
    // SAFETY: the callee keeps its `self` alive for the call.
    let this = unsafe { function.this.peek() }.unwrap_or_else(types::none);
    // SAFETY: null or a tuple that outlives the call.
    let kwnames = unsafe { Obj::from_raw(kwnames).map(|names| names.cast::<Tuple>()) };
    let class = match function.def.ml_flags & abi::METH_METHOD {
        0 => None,
        // SAFETY: `new_method` makes methods with that flag.
        _ => Some(&*unsafe { function.obj().cast::<BuiltinMethod>() }.class),
    };
    let result = call_def(th, function.def, this, class, all, nargs, kwnames, || {
        function.shown_name(th).unwrap_or_default()
    });
    result.map_or(std::ptr::null_mut(), Ref::into_raw)
}

/// Call a method definition: `args` = `nargs` positional arguments, then the
/// values of `kwnames`. `class` defines the method, `name` is asked for in messages.
#[inline]
pub fn call_def(
    th: Thread<'_>,
    def: &PyMethodDef,
    this: Obj<'_>,
    class: Option<&Type>,
    args: &[Obj<'_>],
    nargs: usize,
    kwnames: Option<&Tuple>,
    name: impl Fn() -> String,
) -> Result<Ref> {
    const FAST: i32 = abi::METH_FASTCALL;
    const KEYWORDS: i32 = abi::METH_KEYWORDS;
    const FAST_KEYWORDS: i32 = FAST | KEYWORDS;
    const METHOD: i32 = abi::METH_METHOD | FAST_KEYWORDS;
    const NOARGS: i32 = abi::METH_NOARGS;
    const ONE: i32 = abi::METH_O;
    const VARARGS: i32 = abi::METH_VARARGS;
    const VARARGS_KEYWORDS: i32 = VARARGS | KEYWORDS;
    let has_keywords = args.len() > nargs;
    let binding = abi::METH_CLASS | abi::METH_STATIC | abi::METH_COEXIST;
    let convention = def.ml_flags & !binding;
    let Some(function) = def.ml_meth else {
        raise!(th, SystemError, "{} has no function", name());
    };
    if has_keywords && convention & KEYWORDS == 0 {
        raise!(th, TypeError, "{}() takes no keyword arguments", name());
    }
    // COMPAT: a static method gets no `self`; test_call.TestCallingConventionsStatic.
    let is_static = def.ml_flags & abi::METH_STATIC != 0;
    let o = if is_static { std::ptr::null_mut() } else { this.as_ptr() };
    let raw_names = kwnames.map_or(std::ptr::null_mut(), |names| names.obj().as_ptr());
    let first = args.as_ptr().cast::<*mut PyObject>();
    macro_rules! function {
        ($ty:ty) => {
            // SAFETY: the flags say which type the function has.
            std::mem::transmute::<abi::PyCFunction, $ty>(function)
        };
    }
    let value = match convention {
        FAST_KEYWORDS => {
            // SAFETY: live arguments in the vectorcall order.
            unsafe {
                function!(abi::PyCFunctionFastWithKeywords)(o, first, nargs as isize, raw_names)
            }
        }
        ONE => {
            if nargs != 1 {
                raise!(th, TypeError, "{}() takes exactly one argument ({nargs} given)", name());
            }
            // SAFETY: one live argument.
            unsafe { function(o, args[0].as_ptr()) }
        }
        NOARGS => {
            if nargs != 0 {
                raise!(th, TypeError, "{}() takes no arguments ({nargs} given)", name());
            }
            // SAFETY: no argument.
            unsafe { function(o, std::ptr::null_mut()) }
        }
        // SAFETY: live arguments.
        FAST => unsafe { function!(abi::PyCFunctionFast)(o, first, nargs as isize) },
        VARARGS => {
            let tuple = Tuple::from_objs(th, args)?;
            // SAFETY: a live tuple.
            unsafe { function(o, tuple.as_ptr()) }
        }
        VARARGS_KEYWORDS => {
            let (tuple, kwargs) = crate::protocol::call::packed(th, args, kwnames)?;
            let kwargs = kwargs.as_ref().map_or(std::ptr::null_mut(), Ref::as_ptr);
            // SAFETY: a live tuple, and null or a live dict.
            unsafe { function!(abi::PyCFunctionWithKeywords)(o, tuple.as_ptr(), kwargs) }
        }
        METHOD => {
            let class = class.map_or(std::ptr::null_mut(), Type::as_ptr);
            // SAFETY: live arguments in the vectorcall order.
            unsafe { function!(abi::PyCMethod)(o, class, first, nargs, raw_names) }
        }
        _ => raise!(th, SystemError, "{}() method: bad call flags", name()),
    };
    // SAFETY: a new reference or null.
    unsafe { Ref::from_raw(value) }.ok_or(error::Raised)
}

struct NewDef(PyMethodDef);
// SAFETY: never changed.
unsafe impl Sync for NewDef {}

static NEW_DEF: NewDef = NewDef(PyMethodDef {
    ml_name: c"__new__".as_ptr(),
    // SAFETY: the flags say which type the function has.
    ml_meth: Some(unsafe {
        std::mem::transmute::<abi::PyCFunctionWithKeywords, abi::PyCFunction>(tp_new_wrapper)
    }),
    ml_flags: (abi::METH_VARARGS | abi::METH_KEYWORDS),
    ml_doc: c"__new__($type, *args, **kwargs)\n--\n\nCreate and return a new object.  See help(type) for accurate signature.".as_ptr(),
});

/// The definition that all builtin `__new__`s share.
pub fn new_def() -> &'static PyMethodDef {
    &NEW_DEF.0
}

unsafe extern "C" fn tp_new_wrapper(
    this: *mut PyObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: called on an attached thread.
    let th = unsafe { Thread::current() };
    // SAFETY: `self` is the type, `args` a tuple, `kwargs` null or a dict.
    let (cls, args, kwargs) = unsafe {
        (
            th.argument(this).cast::<Type>(),
            th.argument(args).cast::<Tuple>(),
            Obj::from_raw(kwargs).map(|kwargs| kwargs.cast::<Dict>()),
        )
    };
    let result = types::type_::wrappers::call_new(th, cls, args.items(), kwargs);
    result.map_or(std::ptr::null_mut(), Ref::into_raw)
}

fn text<'a>(text: *const c_char) -> &'a str {
    if text.is_null() {
        return "";
    }
    // SAFETY: names of definitions live as long as the function.
    unsafe { CStr::from_ptr(text) }.to_str().unwrap_or_default()
}

impl BuiltinFunction {
    /// The definition.
    #[inline]
    pub fn def(&self) -> &'static PyMethodDef {
        self.def
    }

    /// `__self__`, unless there is none.
    pub fn this(&self) -> Option<Ref> {
        self.this.get()
    }

    /// The name as messages show it: with the class for methods, with the
    /// module for functions outside `builtins`.
    fn shown_name(&self, th: Thread<'_>) -> Result<String> {
        let name = self.__qualname__(th)?;
        match self.module.get().as_ref().and_then(|module| module.obj().downcast::<Str>()) {
            Some(module) if !types::str_eq(module.obj(), "builtins") => {
                Ok(format!("{module}.{name}"))
            }
            _ => Ok(name.to_string()),
        }
    }
}

#[pymethods]
impl BuiltinFunction {
    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let name = text(self.def.ml_name);
        match self.this() {
            Some(this) if this.obj().downcast::<Module>().is_none() => Str::from_fmt(
                th,
                format_args!(
                    "<built-in method {name} of {} object at {:p}>",
                    this.obj().ty().full_name(),
                    this.as_ptr()
                ),
            ),
            _ => Str::from_fmt(th, format_args!("<built-in function {name}>")),
        }
    }

    fn __hash__(&self, _: Thread<'_>) -> isize {
        let function = self.def.ml_meth.map_or(0, |f| f as usize);
        ((self.this.as_ptr() as usize).rotate_right(4) ^ function.rotate_right(4)) as isize
    }

    fn tp_richcompare(&self, _: Thread<'_>, other: Obj<'_>, op: crate::CompareOp) -> Result {
        let Some(other) = other.downcast_exact::<BuiltinFunction>() else {
            return Ok(types::singletons::not_implemented_ref());
        };
        let function = |def: &PyMethodDef| def.ml_meth.map_or(0, |f| f as usize);
        let equal =
            self.this.as_ptr() == other.this.as_ptr() && function(self.def) == function(other.def);
        match op {
            crate::CompareOp::Eq => Ok(types::bool_(equal).own()),
            crate::CompareOp::Ne => Ok(types::bool_(!equal).own()),
            _ => Ok(types::singletons::not_implemented_ref()),
        }
    }

    fn __call__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        crate::protocol::call::call_dict(th, self.obj(), args.items(), kwargs)
    }

    #[getter]
    fn __name__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        Str::intern(th, text(self.def.ml_name))
    }

    #[getter]
    fn __qualname__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let name = text(self.def.ml_name);
        let Some(this) = self.this() else { return Str::new(th, name) };
        if this.obj().downcast::<Module>().is_some() || this.obj().is_none() {
            return Str::new(th, name);
        }
        let owner = this.obj();
        let ty = owner.downcast::<Type>().unwrap_or_else(|| owner.ty());
        let class = types::type_::attrs::qualname(th, ty)?;
        Str::from_fmt(th, format_args!("{class}.{name}"))
    }

    #[getter]
    fn __self__(&self, _: Thread<'_>) -> Ref {
        if self.def.ml_flags & abi::METH_STATIC != 0 {
            return types::none().own();
        }
        self.this().unwrap_or_else(|| types::none().own())
    }

    #[getter]
    fn __module__(&self, _: Thread<'_>) -> Ref {
        self.module.get().unwrap_or_else(|| types::none().own())
    }

    #[setter]
    fn set___module__(&self, _: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        self.module.set(value.map(Obj::own));
        Ok(())
    }

    #[getter]
    fn __doc__(&self, th: Thread<'_>) -> Result {
        super::descr::doc_object(th, self.def.ml_doc)
    }

    #[getter]
    fn __text_signature__(&self, th: Thread<'_>) -> Result {
        super::descr::signature_object(th, self.def)
    }

    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result {
        let name = self.__name__(th)?;
        match self.this() {
            Some(this) if this.obj().downcast::<Module>().is_none() => {
                let builtins = (th.hooks().import_module)(th, id!(th, "builtins"))?;
                let getattr = builtins.getattr(th, id!(th, "getattr"))?;
                let args = Tuple::from_objs(th, &[this.obj(), name.obj()])?;
                Tuple::from_objs(th, &[getattr.obj(), args.obj()]).map(Ref::upcast)
            }
            _ => Ok(name.upcast()),
        }
    }
}

#[pymethods]
impl BuiltinMethod {}

/// The type, for modules that export it.
pub fn builtin_function_type() -> &'static Type {
    BuiltinFunction::type_object()
}
