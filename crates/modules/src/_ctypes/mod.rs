//! `_ctypes`: C types, C memory and C functions.
//!
//! A C type is a class whose metaclass derives from `CType`; what is known of
//! it is its `StgInfo` (`info`). Instances are `CData` (`data`) with memory of
//! their own or of somebody else. Calls go through `host::foreign`. A program
//! that names a wrong address crashes, as C does; nothing else may.

mod array;
mod call;
mod callback;
mod code;
mod construct;
mod data;
mod direct;
mod field;
mod function;
mod info;
mod library;
mod param;
mod pointer;
mod simple;
mod structure;

use macros::pymodule;
use object::{
    AsObject, Dict, Int, IntoObject, Link, Module, Obj, Protocol, PyStruct, Raised, Ref, Result,
    Str, Thread, Tuple, Type,
    args::Given,
    declare::Declared,
    exceptions, id, raise,
    types::type_::{self, ready},
};

use crate::{support, sys};

use self::{
    array::Array,
    call::{CTYPES_MAX_ARGCOUNT, Call, private_errno},
    callback::Thunk,
    data::CData,
    field::CField,
    function::CFuncPtr,
    info::{
        ArrayType, CType, FunctionType, PointerType, SimpleType, StructType, UnionType, flag,
        info_of,
    },
    param::CArg,
    pointer::Pointer,
    simple::Simple,
    structure::{Structure, Union},
};

/// What belongs to the interpreter.
#[derive(Default)]
struct State {
    argument_error: Link,
}

/// `ctypes.ArgumentError`.
fn argument_error(th: Thread<'_>) -> Result<&'static Type> {
    let state = th.interp().extensions.get::<State>();
    // SAFETY: set when the module is made, and never again.
    match unsafe { state.argument_error.peek() }.and_then(type_::as_type) {
        Some(class) => Ok(class),
        None => raise!(th, SystemError, "_ctypes is not initialized"),
    }
}

/// What an audit event carries.
trait Audited {
    fn object(&self, th: Thread<'_>) -> Result<Ref>;
}

impl Audited for Obj<'_> {
    fn object(&self, _: Thread<'_>) -> Result<Ref> {
        Ok(self.own())
    }
}

impl Audited for &str {
    fn object(&self, th: Thread<'_>) -> Result<Ref> {
        Str::new(th, self).map(Ref::upcast)
    }
}

macro_rules! audited_numbers {
    ($($ty:ty),*) => { $(
        impl Audited for $ty {
            fn object(&self, th: Thread<'_>) -> Result<Ref> {
                (*self as isize).into_object(th)
            }
        }
    )* };
}

audited_numbers!(usize, isize, i32);

/// Raise an audit event.
fn audit(th: Thread<'_>, event: &str, args: &[&dyn Audited]) -> Result<()> {
    let args = args.iter().map(|arg| arg.object(th)).collect::<Result<Vec<_>>>()?;
    sys::audit(th, event, object::args::borrow_all(&args))
}

/// Raise `class` with the text of the exception that is set behind a prefix.
fn extend_error(th: Thread<'_>, raised: Raised, class: &Type, prefix: &str) -> Raised {
    let exception = th.take_exception(raised);
    let text = match exception.obj().str(th) {
        Ok(text) => text.to_string(),
        Err(raised) => {
            th.clear_exception(raised);
            "???".to_owned()
        }
    };
    let name = exception.obj().short_type_name();
    th.raise(class, format_args!("{prefix}{name}: {text}"))
}

/// `type.__init__`.
fn type_init(th: Thread<'_>, this: Obj<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result<()> {
    let Some(init) = Type::type_object().slots().tp_init else { return Err(th.no_memory()) };
    let kwargs = kwargs.map_or(std::ptr::null_mut(), |kwargs| kwargs.obj().as_ptr());
    // SAFETY: `type`'s own slot, on a type.
    let status = unsafe { init(this.as_ptr(), args.obj().as_ptr(), kwargs) };
    if status < 0 { Err(Raised) } else { Ok(()) }
}

/// The size or alignment of a type or instance.
fn measure(
    th: Thread<'_>,
    object: Obj<'_>,
    of_instance: fn(&CData) -> Option<usize>,
    of_type: fn(&info::StgInfo) -> usize,
    message: &str,
) -> Result<usize> {
    if let Some(info) = info_of(object) {
        return Ok(of_type(info));
    }
    if let Some(data) = object.downcast::<CData>() {
        return match of_instance(data) {
            Some(size) => Ok(size),
            None => data.info(th).map(of_type),
        };
    }
    raise!(th, TypeError, "{message}");
}

/// Call the function at an address, without knowledge of its types.
fn call_address(th: Thread<'_>, args: &[Obj<'_>], flags: u32) -> Result {
    let [address, arguments] = args else {
        raise!(th, TypeError, "function takes exactly 2 arguments ({} given)", args.len());
    };
    let address = library::pointer_argument(th, *address)?;
    let Some(args) = arguments.downcast::<Tuple>() else {
        raise!(th, TypeError, "argument 2 must be tuple, not {}", arguments.type_name());
    };
    Call { address, flags, converters: None, restype: None, checker: None, args }.run(th)
}

fn exec_types(th: Thread<'_>, module: &Module) -> Result<()> {
    let hidden = [
        CArg::DECL,
        Thunk::DECL,
        CData::DECL,
        CType::DECL,
        StructType::DECL,
        UnionType::DECL,
        PointerType::DECL,
        ArrayType::DECL,
        SimpleType::DECL,
        FunctionType::DECL,
    ];
    for decl in hidden {
        ready(th, decl)?;
    }
    module.add_type::<Structure>(th)?;
    module.add_type::<Union>(th)?;
    module.add_type::<Pointer>(th)?;
    module.add_type::<Array>(th)?;
    module.add_type::<Simple>(th)?;
    module.add_type::<CFuncPtr>(th)?;
    module.add_type::<CField>(th)
}

fn exec_constants(th: Thread<'_>, module: &Module) -> Result<()> {
    support::add_ints(
        th,
        module,
        &[
            ("FUNCFLAG_CDECL", flag::CDECL.into()),
            ("FUNCFLAG_PYTHONAPI", flag::PYTHONAPI.into()),
            ("FUNCFLAG_USE_ERRNO", flag::USE_ERRNO.into()),
            ("FUNCFLAG_USE_LASTERROR", flag::USE_LASTERROR.into()),
            ("RTLD_LOCAL", libc::RTLD_LOCAL.into()),
            ("RTLD_GLOBAL", libc::RTLD_GLOBAL.into()),
            ("CTYPES_MAX_ARGCOUNT", CTYPES_MAX_ARGCOUNT as i64),
            ("SIZEOF_TIME_T", size_of::<libc::time_t>() as i64),
        ],
    )?;
    for (name, address) in direct::ADDRESSES {
        module.set(th, name, Int::from_usize(th, address())?.obj())?;
    }
    module.set(th, "__version__", Str::new(th, "1.1.0")?.obj())?;
    let bases = Tuple::from_objs(th, &[exceptions::types::Exception().obj()])?;
    let error = support::new_exception(th, &*Str::new(th, "ctypes.ArgumentError")?, &bases)?;
    module.set(th, "ArgumentError", error.obj())?;
    th.interp().extensions.get::<State>().argument_error.set(Some(error));
    Ok(())
}

/// Create and manipulate C compatible data types in Python.
#[pymodule]
pub mod _ctypes {
    use super::*;

    /// Return the size in bytes of a C instance.
    #[sig = "(obj, /)"]
    fn sizeof(th: Thread<'_>, obj: Obj<'_>) -> Result<usize> {
        let message = "this type has no size";
        measure(th, obj, |data| Some(data.size()), |info| info.size.get(), message)
    }

    /// alignment(C type) -> integer
    /// alignment(C instance) -> integer
    /// Return the alignment requirements of a C instance
    #[sig = "(object, /)"]
    fn alignment(th: Thread<'_>, object: Obj<'_>) -> Result<usize> {
        measure(th, object, |_| None, |info| info.align.get(), "no alignment info")
    }

    /// Return the address of the C instance internal buffer
    #[sig = "(obj, /)"]
    fn addressof(th: Thread<'_>, obj: &CData) -> Result<usize> {
        audit(th, "ctypes.addressof", &[&obj.obj()])?;
        Ok(obj.address())
    }

    /// Return a pointer lookalike to a C instance, only usable as function argument.
    #[sig = "(obj, offset=0, /)"]
    fn byref(th: Thread<'_>, obj: &CData, offset: Option<Given<isize>>) -> Result {
        param::by_reference(th, obj, offset.map_or(0, |Given(offset)| offset))
    }

    #[sig = "(obj, size, /)"]
    fn resize(th: Thread<'_>, obj: &CData, size: isize) -> Result<()> {
        obj.resize(th, size)
    }

    /// Return buffer interface information
    #[sig = "(object, /)"]
    fn buffer_info(th: Thread<'_>, object: Obj<'_>) -> Result<Ref<Tuple>> {
        let class = object.ty().obj();
        let Some(info) = info_of(object).or_else(|| info_of(class)) else {
            raise!(th, TypeError, "not a ctypes type or object");
        };
        let shape = info.shape.get().map_or(&[][..], |shape| shape);
        let extents =
            shape.iter().map(|extent| extent.into_object(th)).collect::<Result<Vec<_>>>()?;
        let items = vec![
            info.format_text().into_object(th)?,
            shape.len().into_object(th)?,
            Tuple::from_refs(th, extents)?.upcast(),
        ];
        Tuple::from_refs(th, items)
    }

    #[sig = "(/)"]
    fn get_errno(th: Thread<'_>) -> Result<i32> {
        audit(th, "ctypes.get_errno", &[])?;
        Ok(private_errno(th).get())
    }

    #[sig = "(value, /)"]
    fn set_errno(th: Thread<'_>, value: i32) -> Result<i32> {
        audit(th, "ctypes.set_errno", &[&value])?;
        Ok(private_errno(th).replace(value))
    }

    /// dlopen(name, flag={RTLD_GLOBAL|RTLD_LOCAL}) open a shared library
    #[parse(tuple)]
    #[sig = "(name, flag=RTLD_LOCAL, /)"]
    fn dlopen(th: Thread<'_>, name: Obj<'_>, flag: Option<i32>) -> Result {
        library::open(th, name, flag.unwrap_or(0))
    }

    /// dlclose a library
    #[sig = "(handle, /)"]
    fn dlclose(th: Thread<'_>, handle: Obj<'_>) -> Result<()> {
        library::close(th, handle)
    }

    /// find symbol in shared library
    #[sig = "(handle, name, /)"]
    fn dlsym(th: Thread<'_>, handle: Obj<'_>, name: &str) -> Result {
        library::symbol(th, handle, name)
    }

    /// dllist() return a list of loaded shared libraries
    #[sig = "(/)"]
    fn dllist(th: Thread<'_>) -> Result<Ref<object::List>> {
        library::loaded(th)
    }

    #[sig = "(*args)"]
    fn call_function(th: Thread<'_>, args: object::Args<'_>) -> Result {
        call_address(th, args, 0)
    }

    #[sig = "(*args)"]
    fn call_cdeclfunction(th: Thread<'_>, args: object::Args<'_>) -> Result {
        call_address(th, args, flag::CDECL)
    }

    #[name = "PyObj_FromPtr"]
    #[sig = "(address, /)"]
    fn object_at(th: Thread<'_>, address: Obj<'_>) -> Result {
        let address = library::pointer_argument(th, address)?;
        audit(th, "ctypes.PyObj_FromPtr", &[&address])?;
        // SAFETY: the program says that an object is there.
        match unsafe { Obj::from_raw(std::ptr::with_exposed_provenance_mut(address)) } {
            Some(object) => Ok(object.own()),
            None => raise!(th, ValueError, "PyObject is NULL"),
        }
    }

    #[name = "Py_INCREF"]
    #[sig = "(object, /)"]
    fn count_up(_th: Thread<'_>, object: Obj<'_>) -> Ref {
        std::mem::forget(object.own());
        object.own()
    }

    #[name = "Py_DECREF"]
    #[sig = "(object, /)"]
    fn count_down(_th: Thread<'_>, object: Obj<'_>) -> Ref {
        let kept = object.own();
        // SAFETY: the program says that there is a reference to give up.
        drop(unsafe { Ref::from_raw(object.as_ptr()) });
        kept
    }

    #[sig = "(typ, state, /)"]
    fn _unpickle(th: Thread<'_>, typ: Obj<'_>, state: &Tuple) -> Result {
        let instance = typ.call_method(th, id!(th, "__new__"), &[typ])?;
        let set_state = instance.getattr(th, id!(th, "__setstate__"))?;
        set_state.call(th, state.items())?;
        Ok(instance)
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        exec_types(th, module)?;
        exec_constants(th, module)
    }
}
