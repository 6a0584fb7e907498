//! A call of a C function: arguments in, result out.

use std::cell::Cell;

use host::foreign::{self, Signature};
use object::{
    AsObject, Int, IntoObject, Obj, Protocol, Ref, Result, Thread, Tuple, exceptions, raise, types,
};

use super::{
    code::Place,
    data::{self, CData},
    info::{flag, info_of},
    param::Argument,
};

/// The most arguments of a call.
pub(super) const CTYPES_MAX_ARGCOUNT: usize = 1024;

/// The calling thread's copy of `errno`.
#[derive(Default)]
pub(super) struct Errno(pub(super) Cell<i32>);

pub(super) fn private_errno(th: Thread<'_>) -> &Cell<i32> {
    &th.state().extensions.get::<Errno>().0
}

/// Exchange `errno` and the private copy.
pub(super) fn swap_errno(private: &Cell<i32>) {
    let system = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
    host::call::set_errno(private.replace(system));
}

/// How a function is called.
pub(super) struct Call<'a> {
    pub(super) address: usize,
    pub(super) flags: u32,
    /// The `from_param` functions of the first arguments.
    pub(super) converters: Option<Ref<Tuple>>,
    pub(super) restype: Option<Ref>,
    pub(super) checker: Option<Ref>,
    pub(super) args: &'a Tuple,
}

impl Call<'_> {
    /// Convert the arguments, call, convert the result.
    pub(super) fn run(&self, th: Thread<'_>) -> Result {
        let count = self.args.len();
        if count > CTYPES_MAX_ARGCOUNT {
            let text = format!("too many arguments ({count}), maximum is {CTYPES_MAX_ARGCOUNT}");
            return Err(th.raise(super::argument_error(th)?, format_args!("{text}")));
        }
        let mut arguments = Vec::with_capacity(count);
        for (index, object) in self.args.items().iter().enumerate() {
            match self.argument(th, *object, index) {
                Ok(argument) => arguments.push(argument),
                Err(raised) => {
                    let prefix = format!("argument {}: ", index + 1);
                    let class = super::argument_error(th)?;
                    return Err(super::extend_error(th, raised, class, &prefix));
                }
            }
        }
        crate::sys::audit_with(th, "ctypes.call_function", || {
            Ok(vec![self.address.into_object(th)?, self.args.obj().own()])
        })?;
        let signature = Signature {
            arguments: arguments.iter().map(|argument| argument.ctype.clone()).collect(),
            result: result_type(self.restype.as_ref()),
        };
        let pointers: Vec<_> = arguments.iter().map(Argument::as_ptr).collect();
        let mut room: Vec<u128> = vec![0; 2.max(signature.result.size().div_ceil(16))];
        let result = room.as_mut_ptr().cast::<u8>();
        let private = (self.flags & flag::USE_ERRNO != 0).then(|| private_errno(th));
        let swap = || {
            if let Some(private) = private {
                swap_errno(private);
            }
        };
        // SAFETY: the program says that the function takes these arguments.
        let call = || unsafe { signature.call(self.address, &pointers, result, swap, swap) };
        if self.flags & flag::PYTHONAPI == 0 {
            th.allow_threads(call);
        } else {
            call();
            if th.is_raised() {
                return Err(object::Raised);
            }
        }
        let value = self.result(th, result);
        drop(arguments);
        value
    }

    fn argument(&self, th: Thread<'_>, object: Obj<'_>, index: usize) -> Result<Argument> {
        let converter = self.converters.as_ref().and_then(|converters| converters.get(index));
        match converter {
            Some(converter) => {
                let converted = converter.call(th, &[object])?;
                Argument::convert(th, converted.obj(), index + 1)
            }
            None => Argument::convert(th, object, index + 1),
        }
    }

    fn result(&self, th: Thread<'_>, result: *mut u8) -> Result {
        // SAFETY: room for every scalar.
        let int = unsafe { result.cast::<i32>().read() };
        let Some(restype) = &self.restype else { return Int::from_i64(th, int.into()) };
        let restype = restype.obj();
        if restype.is_none() {
            return Ok(types::none().own());
        }
        let Some(info) = info_of(restype) else {
            return restype.call(th, &[Int::from_i64(th, int.into())?.obj()]);
        };
        let value = match data::plain_accessor(restype) {
            Some(accessor) if accessor.code == b'O' => owned_result(th, result)?,
            Some(accessor) => accessor.get(th, Place::new(result, info.size.get()))?,
            None => CData::copy_of(th, restype, result)?.upcast(),
        };
        match &self.checker {
            Some(checker) => checker.call(th, &[value.obj()]),
            None => Ok(value),
        }
    }
}

/// A reference that the function gave away.
fn owned_result(th: Thread<'_>, result: *mut u8) -> Result {
    // SAFETY: the result is a pointer.
    let address = unsafe { result.cast::<usize>().read() };
    let object = std::ptr::with_exposed_provenance_mut(address);
    // SAFETY: the program says that the function returns a new reference.
    match unsafe { Ref::from_raw(object) } {
        Some(object) => Ok(object),
        None => raise!(th, ValueError, "PyObject is NULL"),
    }
}

/// How the result comes back.
pub(super) fn result_type(restype: Option<&Ref>) -> foreign::CType {
    match restype {
        Some(restype) if restype.obj().is_none() => foreign::CType::Void,
        Some(restype) => ctype_of(restype.obj()),
        None => foreign::CType::INT,
    }
}

/// The C type of a class, `int` for anything else.
pub(super) fn ctype_of(class: Obj<'_>) -> foreign::CType {
    info_of(class).map_or(foreign::CType::INT, |info| info.ctype.borrow().clone())
}

/// The `from_param` functions of `argtypes`.
pub(super) fn converters(th: Thread<'_>, argtypes: Obj<'_>) -> Result<Ref<Tuple>> {
    let types = match Tuple::from_iterable(th, argtypes) {
        Ok(types) => types,
        Err(raised) if th.exception_matches(exceptions::types::TypeError()) => {
            th.clear_exception(raised);
            raise!(th, TypeError, "_argtypes_ must be a sequence of types");
        }
        Err(raised) => return Err(raised),
    };
    if types.len() > CTYPES_MAX_ARGCOUNT {
        let text = format!(
            "_argtypes_ has too many arguments ({}), maximum is {CTYPES_MAX_ARGCOUNT}",
            types.len()
        );
        return Err(th.raise(super::argument_error(th)?, format_args!("{text}")));
    }
    let mut converters = Vec::new();
    for (index, ty) in types.items().iter().enumerate() {
        match ty.getattr_opt(th, object::id!(th, "from_param"))? {
            Some(converter) => converters.push(converter),
            None => {
                raise!(th, TypeError, "item {} in _argtypes_ has no from_param method", index + 1)
            }
        }
    }
    Tuple::from_refs(th, converters)
}
