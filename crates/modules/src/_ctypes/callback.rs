//! Callbacks: C functions that call Python ones.
//!
//! A [`Thunk`] owns the C function. C may call it on any thread, with or
//! without the GIL; an exception has nowhere to go and is reported.

use std::{cell::RefCell, ffi::c_void};

use host::foreign::{Closure, Signature};
use macros::{pymethods, pytype};
use object::{
    AsObject, Head, Interpreter, Link, Obj, Protocol, Ref, Result, Thread, Traverse, Tuple,
    alloc_object, exceptions, raise,
};

use crate::support;

use super::{
    call::{ctype_of, private_errno, result_type, swap_errno},
    code::{Accessor, Place},
    data::{CData, plain_accessor},
    info::{flag, info_of},
};

/// CThunkObject
#[pytype(name = "_ctypes.CThunkObject", flags = DISALLOW_INSTANTIATION, traverse = manual)]
pub(crate) struct Thunk {
    head: Head,
    /// Set once the object is where it stays.
    closure: RefCell<Option<Closure>>,
    callable: Link,
    argtypes: Link<Tuple>,
    restype: Link,
    accessor: Option<Accessor>,
    result_size: usize,
    flags: u32,
    interp: &'static Interpreter,
}

impl Traverse for Thunk {
    const GC: bool = true;

    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        self.callable.traverse(visit);
        self.argtypes.traverse(visit);
        self.restype.traverse(visit);
    }

    fn clear(&self) {
        self.callable.clear();
        self.argtypes.clear();
        self.restype.clear();
    }
}

#[pymethods]
impl Thunk {}

impl Thunk {
    /// A C function of these types that calls `callable`.
    pub(super) fn create(
        th: Thread<'_>,
        callable: Obj<'_>,
        argtypes: Obj<'_>,
        restype: Option<Ref>,
        flags: u32,
    ) -> Result<Ref<Thunk>> {
        let argtypes = Tuple::from_iterable(th, argtypes)?;
        let accessor = match restype.as_ref().filter(|restype| !restype.obj().is_none()) {
            None => None,
            Some(restype) => {
                let accessor = info_of(restype.obj()).and_then(|info| info.accessor.get());
                if accessor.is_none() {
                    raise!(th, TypeError, "invalid result type for callback function");
                }
                accessor
            }
        };
        let result = result_type(restype.as_ref());
        let signature = Signature {
            arguments: argtypes.items().iter().map(|ty| ctype_of(*ty)).collect(),
            result: result.clone(),
        };
        let thunk = alloc_object::new(
            th,
            Thunk {
                head: Head::new(),
                closure: RefCell::new(None),
                callable: Link::new(callable.own()),
                argtypes: Link::new(argtypes),
                restype: Link::from_option(restype),
                accessor,
                result_size: result.size(),
                flags,
                interp: th.interp(),
            },
        )?;
        let context = std::ptr::from_ref(&*thunk).cast_mut().cast::<c_void>();
        let closure = support::check(th, Closure::new(signature, handle, context))?;
        *thunk.closure.borrow_mut() = Some(closure);
        Ok(thunk)
    }

    /// Where C calls it.
    pub(super) fn address(&self) -> usize {
        self.closure.borrow().as_ref().map_or(0, Closure::address)
    }

    fn run(&self, th: Thread<'_>, arguments: &[*const u8], result: *mut u8) {
        let Some(callable) = self.callable.get() else { return };
        let report = |doing: &str| {
            let shown = support::shown(th, callable.obj());
            let context =
                format!("Exception ignored while {doing} ctypes callback function {shown}");
            (th.hooks().unraisable)(th, Some(&context), None);
        };
        let Some(argtypes) = self.argtypes.get() else { return };
        let mut values = Vec::with_capacity(arguments.len());
        for (index, (ty, ptr)) in argtypes.items().iter().zip(arguments).enumerate() {
            match argument(th, *ty, *ptr) {
                Ok(value) => values.push(value),
                Err(_) => return report(&format!("creating argument {index} for")),
            }
        }
        let private = (self.flags & flag::USE_ERRNO != 0).then(|| private_errno(th));
        if let Some(private) = private {
            swap_errno(private);
        }
        let returned = callable.call(th, object::args::borrow_all(&values));
        if let Some(private) = private {
            swap_errno(private);
        }
        drop(values);
        let Ok(returned) = returned else { return report("calling") };
        let Some(accessor) = self.accessor else { return };
        let place = Place::new(result, self.result_size);
        match accessor.set(th, place, returned.obj()) {
            Err(_) => report("converting result of"),
            Ok(keep) if keep.obj().is_none() => {}
            Ok(keep) => {
                // C has the only reference now: it is given away.
                std::mem::forget(keep);
                if accessor.code != b'O' {
                    let warning = exceptions::types::RuntimeWarning();
                    let text = "memory leak in callback function.";
                    if support::warn(th, warning, text, 1).is_err() {
                        report("converting result of");
                    }
                }
            }
        }
    }
}

/// The argument at `ptr` as a Python object.
fn argument(th: Thread<'_>, ty: Obj<'_>, ptr: *const u8) -> Result {
    let Some(info) = info_of(ty) else { raise!(th, TypeError, "cannot build parameter") };
    let size = info.size.get();
    if let Some(accessor) = plain_accessor(ty) {
        return accessor.get(th, Place::new(ptr.cast_mut(), size));
    }
    let instance = ty.call(th, &[])?;
    let Some(data) = instance.obj().downcast::<CData>() else {
        raise!(th, TypeError, "unexpected result of create argument");
    };
    // SAFETY: the argument and the new instance have that many bytes.
    unsafe { data.ptr().copy_from(ptr, size.min(data.size())) };
    Ok(instance)
}

/// What the C function calls.
unsafe fn handle(context: *mut c_void, arguments: &[*const u8], result: *mut u8) {
    // SAFETY: the thunk outlives its C function.
    let thunk = unsafe { &*context.cast::<Thunk>() };
    crate::_thread::with_attached(thunk.interp, |th| {
        let thunk = object::own(thunk);
        let saved = th.swap_exception(None);
        thunk.run(th, arguments, result);
        drop(th.swap_exception(saved));
    });
}
