//! `PyCapsule`: a C pointer with a name, passed between extension modules.

use std::{
    cell::Cell,
    ffi::{CStr, c_char, c_int, c_void},
    ptr::NonNull,
};

use macros::{pymethods, pytype};

use crate::{AsObject, Head, Obj, Ref, Result, Str, Thread, Traverse, alloc_object, gc, raise};

/// `PyCapsule_Destructor`.
pub type Destructor = unsafe extern "C" fn(*mut abi::PyObject);

/// Capsule objects let you wrap a C "void *" pointer in a Python object.
///
/// They're a way of passing data through the Python interpreter without
/// creating your own custom type.
#[pytype(name = "PyCapsule", c_name = "PyCapsule_Type", flags = DISALLOW_INSTANTIATION, traverse = manual)]
pub struct Capsule {
    head: Head,
    pub pointer: Cell<*mut c_void>,
    pub name: Cell<*const c_char>,
    pub context: Cell<*mut c_void>,
    pub destructor: Cell<Option<Destructor>>,
    /// What shows the collector the objects that the pointer leads to, and clears them.
    traverse: Cell<Option<abi::traverseproc>>,
    clear: Cell<Option<abi::inquiry>>,
}

unsafe extern "C" fn pass_on(object: *mut abi::PyObject, visit: *mut c_void) -> c_int {
    // SAFETY: `traverse` passes its closure, and C code live objects.
    unsafe {
        (*visit.cast::<&mut dyn FnMut(Obj<'_>)>())(Obj::from_ptr(NonNull::new_unchecked(object)))
    };
    0
}

impl Traverse for Capsule {
    const GC: bool = true;

    fn traverse(&self, mut visit: &mut dyn FnMut(Obj<'_>)) {
        if let Some(traverse) = self.traverse.get() {
            // SAFETY: the function was set for this capsule; `pass_on` gets the closure.
            unsafe { traverse(self.obj().as_ptr(), pass_on, (&raw mut visit).cast()) };
        }
    }

    fn clear(&self) {
        if let Some(clear) = self.clear.get() {
            // SAFETY: the function was set for this capsule.
            unsafe { clear(self.obj().as_ptr()) };
        }
    }
}

/// A new capsule.
pub fn new(
    th: Thread<'_>,
    pointer: *mut c_void,
    name: *const c_char,
    destructor: Option<Destructor>,
) -> Result<Ref> {
    if pointer.is_null() {
        raise!(th, ValueError, "PyCapsule_New called with null pointer");
    }
    let capsule = Capsule {
        head: Head::new(),
        pointer: Cell::new(pointer),
        name: Cell::new(name),
        context: Cell::new(std::ptr::null_mut()),
        destructor: Cell::new(destructor),
        traverse: Cell::new(None),
        clear: Cell::new(None),
    };
    let capsule = alloc_object::new(th, capsule)?.upcast();
    // SAFETY: a tracked object; until `set_traverse` nothing is known of what it holds.
    unsafe { gc::untrack(th.heap(), NonNull::new_unchecked(capsule.as_ptr())) };
    Ok(capsule)
}

impl Capsule {
    /// Let the collector look after what the pointer leads to.
    pub fn set_traverse(
        &self,
        th: Thread<'_>,
        traverse: Option<abi::traverseproc>,
        clear: Option<abi::inquiry>,
    ) {
        self.traverse.set(traverse);
        self.clear.set(clear);
        if let Some(object) = NonNull::new(self.obj().as_ptr())
            && !gc::is_tracked(th.heap(), object.as_ptr())
        {
            // SAFETY: a live gc object whose fields are in place.
            unsafe { gc::track(th.heap(), object) };
        }
    }

    /// Whether the capsule goes by that name (null equals null).
    ///
    /// # Safety
    ///
    /// `name` is null or a C string.
    pub unsafe fn has_name(&self, name: *const c_char) -> bool {
        let own = self.name.get();
        if own.is_null() || name.is_null() {
            return own == name;
        }
        // SAFETY: a capsule's name outlives it; the other is the caller's promise.
        let (own, name) = unsafe { (CStr::from_ptr(own), CStr::from_ptr(name)) };
        own == name
    }
}

impl Drop for Capsule {
    fn drop(&mut self) {
        // It may ask which destructor it is.
        if let Some(destructor) = self.destructor.get() {
            let this = self.obj().as_ptr();
            // SAFETY: the destructor gets the capsule it was set for, whose
            // fields are all in place.
            unsafe { destructor(this) };
        }
    }
}

#[pymethods]
impl Capsule {
    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let name = self.name.get();
        let address = self.obj().as_ptr();
        if name.is_null() {
            return Str::from_fmt(th, format_args!("<capsule object NULL at {address:p}>"));
        }
        // SAFETY: a capsule's name outlives it.
        let name = unsafe { CStr::from_ptr(name) }.to_string_lossy();
        Str::from_fmt(th, format_args!("<capsule object \"{name}\" at {address:p}>"))
    }
}

/// See `object` as a capsule.
pub fn as_capsule(object: Obj<'_>) -> Option<&Capsule> {
    object.downcast_exact::<Capsule>()
}
