//! `CFuncPtr`: C functions, called from Python.

use macros::{pymethods, pytype};
use object::{
    AsObject, Dict, Int, Link, Obj, Protocol, Ref, Result, Str, Thread, Tuple, Type, id,
    protocol::call::is_callable, raise, types::type_,
};

use super::{
    call::{Call, converters},
    callback::Thunk,
    construct::address_of,
    data::CData,
    info::{
        self, ArrayType, FunctionType, Kind, PointerType, class_name, concrete, flag, info_of,
        is_class_of,
    },
    library,
};

const PARAMFLAG_FIN: u64 = 1;
const PARAMFLAG_FOUT: u64 = 2;
const PARAMFLAG_FLCID: u64 = 4;

/// Function Pointer
#[pytype(name = "_ctypes.CFuncPtr", base = CData, metaclass = FunctionType, flags = BASETYPE)]
pub(crate) struct CFuncPtr {
    data: CData,
    thunk: Link<Thunk>,
    callable: Link,
    /// These override those of the class.
    converters: Link<Tuple>,
    argtypes: Link,
    restype: Link,
    checker: Link,
    errcheck: Link,
    paramflags: Link<Tuple>,
}

/// The arguments of a call, and which of them come back.
struct Prepared {
    args: Ref<Tuple>,
    /// Index, and whether it is an output alone.
    returned: Vec<(usize, bool)>,
}

impl CFuncPtr {
    /// Where the function is.
    pub(super) fn address(&self) -> usize {
        self.data.pointer()
    }

    fn new(th: Thread<'_>, cls: &Type, address: usize) -> Result<Ref<CFuncPtr>> {
        let data = CData::new(th, cls.obj())?;
        // SAFETY: an instance of a subclass; the fields behind `data` are zeroed.
        let function = unsafe { data.cast::<CFuncPtr>() };
        function.data.set_pointer(address);
        Ok(function)
    }

    /// From a name and a library.
    fn of_library(
        th: Thread<'_>,
        cls: &Type,
        spec: Obj<'_>,
        flags: Option<Obj<'_>>,
    ) -> Result<Ref<CFuncPtr>> {
        let spec = Tuple::from_iterable(th, spec)?;
        let [name, dll] = spec.items() else {
            raise!(th, TypeError, "illegal func_spec argument");
        };
        let name = library::function_name(th, *name)?;
        super::audit(th, "ctypes.dlsym", &[dll, &name.as_str()])?;
        let handle = library::handle_of(th, *dll)?;
        let address = match library::find(th, handle, &name)? {
            Ok(address) => address,
            Err(Some(message)) => raise!(th, AttributeError, "{message}"),
            Err(None) => raise!(th, AttributeError, "function '{name}' not found"),
        };
        let flags = flags.filter(|flags| !flags.is_none());
        let flags = check_paramflags(th, cls, flags)?;
        let function = CFuncPtr::new(th, cls, address)?;
        function.paramflags.set(flags);
        function.data.keep(th, 0, dll.own())?;
        Ok(function)
    }

    /// A C function that calls a Python one.
    fn of_callable(th: Thread<'_>, cls: &Type, callable: Obj<'_>) -> Result<Ref<CFuncPtr>> {
        if !is_callable(callable) {
            raise!(th, TypeError, "argument must be callable or integer function address");
        }
        let info = info_of(cls.obj());
        let Some((info, argtypes)) = info.and_then(|info| Some((info, info.argtypes.get()?)))
        else {
            raise!(th, TypeError, "cannot construct instance of this class: no argtypes");
        };
        let (restype, flags) = (info.restype.get(), info.flags.get());
        let thunk = Thunk::create(th, callable, argtypes.obj(), restype, flags)?;
        let function = CFuncPtr::new(th, cls, thunk.address())?;
        function.callable.set(Some(callable.own()));
        function.thunk.set(Some(thunk.clone()));
        function.data.keep(th, 0, thunk.upcast())?;
        Ok(function)
    }

    /// The arguments for C: those given, and those that the flags add.
    fn prepare(
        &self,
        th: Thread<'_>,
        argtypes: Option<&Ref>,
        given: &Tuple,
        kwargs: Option<&Dict>,
    ) -> Result<Prepared> {
        let types = argtypes.map(|types| Tuple::from_iterable(th, types.obj())).transpose()?;
        let types = types.filter(|types| types.len() > 0);
        let (Some(types), Some(flags)) = (types, self.paramflags.get()) else {
            return Ok(Prepared { args: object::own(given), returned: Vec::new() });
        };
        let mut taken = 0;
        let (mut args, mut returned) = (Vec::new(), Vec::new());
        for (index, (ty, item)) in types.items().iter().zip(flags.items()).enumerate() {
            let item = item.downcast::<Tuple>().map(Tuple::items).unwrap_or_default();
            let flag = item.first().map_or(0, |flag| Int::to_u64_wrapping(*flag));
            let (name, default) = (item.get(1), item.get(2));
            match flag & (PARAMFLAG_FIN | PARAMFLAG_FOUT | PARAMFLAG_FLCID) {
                5 => args.push(match default {
                    Some(default) => default.own(),
                    None => Int::from_i64(th, 0)?,
                }),
                0 | PARAMFLAG_FIN | 3 => {
                    if flag & PARAMFLAG_FOUT != 0 {
                        returned.push((index, false));
                    }
                    args.push(take(th, &mut taken, name, default, given, kwargs)?);
                }
                PARAMFLAG_FOUT => {
                    returned.push((index, true));
                    args.push(match default {
                        Some(default) => default.own(),
                        None => output(th, *ty)?,
                    });
                }
                _ => raise!(th, ValueError, "paramflag {flag} not yet implemented"),
            }
        }
        let actual = given.len() + kwargs.map_or(0, Dict::len);
        if actual != taken {
            raise!(th, TypeError, "call takes exactly {taken} arguments ({actual} given)");
        }
        Ok(Prepared { args: Tuple::from_refs(th, args)?, returned })
    }
}

/// The next argument that was given, by position or name, or the default.
fn take(
    th: Thread<'_>,
    taken: &mut usize,
    name: Option<&Obj<'_>>,
    default: Option<&Obj<'_>>,
    given: &Tuple,
    kwargs: Option<&Dict>,
) -> Result {
    if let Some(value) = given.get(*taken) {
        *taken += 1;
        return Ok(value.own());
    }
    if let (Some(name), Some(kwargs)) = (name, kwargs)
        && let Some(value) = kwargs.get(th, *name)?
    {
        *taken += 1;
        return Ok(value);
    }
    if let Some(default) = default {
        return Ok(default.own());
    }
    match name {
        Some(name) => raise!(th, TypeError, "required argument '{}' missing", &*name.str(th)?),
        None => raise!(th, TypeError, "not enough arguments"),
    }
}

/// A new instance for an output parameter of type `ty`.
fn output(th: Thread<'_>, ty: Obj<'_>) -> Result {
    let Some(info) = info_of(ty) else {
        raise!(th, RuntimeError, "NULL stginfo unexpected");
    };
    if info.kind == Kind::Array {
        return ty.call(th, &[]);
    }
    match info.item_type() {
        Some(item) => item.call(th, &[]),
        None => raise!(
            th,
            TypeError,
            "{} 'out' parameter must be passed as default value",
            class_name(ty)
        ),
    }
}

/// Whether a parameter of type `ty` can be an output.
fn check_output(th: Thread<'_>, ty: Obj<'_>, index: usize) -> Result<()> {
    let is_address = matches!(super::simple::simple_code(ty), Some(b'P' | b'z' | b'Z'));
    if is_class_of::<PointerType>(ty) || is_class_of::<ArrayType>(ty) || is_address {
        return Ok(());
    }
    raise!(th, TypeError, "'out' parameter {index} must be a pointer type, not {}", class_name(ty));
}

/// Check flags for parameters against the types of a class.
fn check_paramflags(
    th: Thread<'_>,
    cls: &Type,
    flags: Option<Obj<'_>>,
) -> Result<Option<Ref<Tuple>>> {
    let info = concrete(th, cls.obj())?;
    let (Some(flags), Some(argtypes)) = (flags, info.argtypes.get()) else {
        return Ok(flags.and_then(|flags| flags.downcast::<Tuple>().map(object::own)));
    };
    let Some(flags) = flags.downcast::<Tuple>() else {
        raise!(th, TypeError, "paramflags must be a tuple or None");
    };
    match_paramflags(th, flags, argtypes.obj())?;
    Ok(Some(object::own(flags)))
}

/// Check flags against types of arguments.
fn match_paramflags(th: Thread<'_>, flags: &Tuple, argtypes: Obj<'_>) -> Result<()> {
    let types = Tuple::from_iterable(th, argtypes)?;
    if flags.len() != types.len() {
        raise!(th, ValueError, "paramflags must have the same length as argtypes");
    }
    for (index, (item, ty)) in flags.items().iter().zip(types.items()).enumerate() {
        let parts = item.downcast::<Tuple>().map(Tuple::items).unwrap_or_default();
        let named = |name: Option<&Obj<'_>>| {
            name.is_none_or(|name| name.is_none() || name.downcast::<Str>().is_some())
        };
        let flag = match parts {
            [flag, ..] if parts.len() <= 3 && Int::is_int(*flag) && named(parts.get(1)) => {
                Int::to_u64_wrapping(*flag)
            }
            _ => raise!(
                th,
                TypeError,
                "paramflags must be a sequence of (int [,string [,value]]) tuples"
            ),
        };
        match flag & (PARAMFLAG_FIN | PARAMFLAG_FOUT | PARAMFLAG_FLCID) {
            0 | 1 | 3 | 5 => {}
            PARAMFLAG_FOUT => check_output(th, *ty, index + 1)?,
            _ => raise!(th, TypeError, "paramflag value {} not supported", flag as i32),
        }
    }
    Ok(())
}

/// The result of a call with outputs.
fn with_outputs(th: Thread<'_>, result: Ref, prepared: &Prepared) -> Result {
    if prepared.returned.is_empty() {
        return Ok(result);
    }
    let mut values = Vec::new();
    for (index, is_output) in &prepared.returned {
        let Some(value) = prepared.args.get(*index) else { continue };
        values.push(if *is_output {
            value.call_method(th, id!(th, "__ctypes_from_outparam__"), &[])?
        } else {
            value.own()
        });
    }
    if values.len() == 1
        && let Some(value) = values.pop()
    {
        return Ok(value);
    }
    Tuple::from_refs(th, values).map(Ref::upcast)
}

/// Whether `value` can be a result type, and its `_check_retval_`.
fn check_restype(th: Thread<'_>, value: Obj<'_>, name: &str) -> Result<Option<Ref>> {
    if !value.is_none() && info_of(value).is_none() && !is_callable(value) {
        raise!(th, TypeError, "{name} must be a type, a callable, or None");
    }
    value.getattr_opt(th, id!(th, "_check_retval_"))
}

#[pymethods]
impl CFuncPtr {
    fn __new__(th: Thread<'_>, cls: &Type, args: &Tuple, _: Option<&Dict>) -> Result {
        let function = match args.items() {
            [] => CFuncPtr::new(th, cls, 0)?,
            [spec] if spec.downcast::<Tuple>().is_some() => {
                CFuncPtr::of_library(th, cls, *spec, None)?
            }
            [spec, flags] if spec.downcast::<Tuple>().is_some() => {
                CFuncPtr::of_library(th, cls, *spec, Some(*flags))?
            }
            [address] if Int::is_int(*address) => {
                CFuncPtr::new(th, cls, address_of(th, *address)?)?
            }
            [callable] => CFuncPtr::of_callable(th, cls, *callable)?,
            [spec, ..] if spec.downcast::<Tuple>().is_some() => {
                raise!(th, TypeError, "function takes at most 2 arguments ({} given)", args.len())
            }
            _ => raise!(th, TypeError, "function takes exactly 1 argument ({} given)", args.len()),
        };
        Ok(function.upcast())
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let this = self.data.obj();
        let name = this.ty().full_name();
        Str::from_fmt(th, format_args!("<{name} object at {:p}>", this.as_ptr()))
    }

    fn __bool__(&self, _: Thread<'_>) -> bool {
        self.address() != 0
    }

    fn __call__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result {
        let info = self.data.info(th)?;
        let argtypes = self.argtypes.get().or_else(|| info.argtypes.get());
        let converters = self.converters.get().or_else(|| info.converters.get());
        let prepared = self.prepare(th, argtypes.as_ref(), args, kwargs)?;
        if let Some(converters) = &converters {
            let (required, actual) = (converters.len(), prepared.args.len());
            let is_cdecl = info.has(flag::CDECL);
            if required > actual || !is_cdecl && required != actual {
                let least = if is_cdecl { "at least " } else { "" };
                let s = if required == 1 { "" } else { "s" };
                raise!(
                    th,
                    TypeError,
                    "this function takes {least}{required} argument{s} ({actual} given)"
                );
            }
        }
        let call = Call {
            address: self.address(),
            flags: info.flags.get(),
            converters,
            restype: self.restype.get().or_else(|| info.restype.get()),
            checker: self.checker.get().or_else(|| info.checker.get()),
            args: &prepared.args,
        };
        let result = call.run(th)?;
        if let Some(errcheck) = self.errcheck.get() {
            let arguments = [result.obj(), self.data.obj(), prepared.args.obj()];
            let checked = errcheck.call(th, &arguments)?;
            if !checked.obj().is(prepared.args.obj()) {
                return Ok(checked);
            }
        }
        with_outputs(th, result, &prepared)
    }

    /// a function to check for errors
    #[getter]
    fn errcheck(&self, _: Thread<'_>) -> Option<Ref> {
        self.errcheck.get()
    }

    #[setter]
    fn set_errcheck(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        if value.is_some_and(|value| !is_callable(value)) {
            raise!(th, TypeError, "the errcheck attribute must be callable");
        }
        self.errcheck.set(value.map(Obj::own));
        Ok(())
    }

    /// specify the result type
    #[getter]
    fn restype(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        Ok(self.restype.get().or(self.data.info(th)?.restype.get()))
    }

    #[setter]
    fn set_restype(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let checker = match value {
            Some(value) => check_restype(th, value, "restype")?,
            None => None,
        };
        self.checker.set(checker);
        self.restype.set(value.map(Obj::own));
        Ok(())
    }

    /// specify the argument types
    #[getter]
    fn argtypes(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        Ok(self.argtypes.get().or(self.data.info(th)?.argtypes.get()))
    }

    #[setter]
    fn set_argtypes(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let value = value.filter(|value| !value.is_none());
        let new = value.map(|value| converters(th, value)).transpose()?;
        if let (Some(flags), Some(types)) = (self.paramflags.get(), value) {
            match_paramflags(th, &flags, types)?;
        }
        self.converters.set(new);
        self.argtypes.set(value.map(Obj::own));
        Ok(())
    }
}

#[pymethods]
impl FunctionType {
    fn __init__(th: Thread<'_>, this: Obj<'_>, _: &Tuple, _: Option<&Dict>) -> Result<()> {
        let info = info::init(th, this, Kind::Function)?;
        info.set_format(th, "X{}")?;
        info.size.set(8);
        info.align.set(8);
        info.length.set(1);
        *info.ctype.borrow_mut() = host::foreign::CType::POINTER;
        let dict = type_::as_type(this).and_then(Type::dict);
        let own = |name: &Str| dict.and_then(|dict| dict.get_name(th, name)).map(Obj::own);
        match own(id!(th, "_flags_")) {
            Some(flags) if Int::is_int(flags.obj()) => {
                info.flags.set(Int::to_u64_wrapping(flags.obj()) as u32 | flag::IS_POINTER);
            }
            _ => raise!(th, TypeError, "class must define _flags_ which must be an integer"),
        }
        if let Some(argtypes) = own(id!(th, "_argtypes_")) {
            info.converters.set(Some(converters(th, argtypes.obj())?));
            info.argtypes.set(Some(argtypes));
        }
        if let Some(restype) = own(id!(th, "_restype_")) {
            info.checker.set(check_restype(th, restype.obj(), "_restype_")?);
            info.restype.set(Some(restype));
        }
        Ok(())
    }
}
