//! `type`: the type of types.
//!
//! A [`Type`] is a `PyTypeObject`. Builtin types are static and followed by
//! their suites; heap types are `PyHeapTypeObject`s. Slots are read through
//! [`Type::slots`] and its siblings.

use macros::{pymethods, pytype};

use abi::{PyBufferProcs, PyMappingMethods, PyNumberMethods, PySequenceMethods, PyTypeObject};

use crate::{AsObject, Obj, Ref, Result, Str, Thread, Traverse, Tuple, VarHead, raise};

/// A type object.
#[pytype(name = "type", flags = BASETYPE | TYPE_SUBCLASS, basicsize = size_of::<abi::PyHeapTypeObject>(), itemsize = size_of::<abi::PyMemberDef>(), traverse = manual)]
pub struct Type {
    head: VarHead,
    rest: std::cell::UnsafeCell<[u8; size_of::<PyTypeObject>() - size_of::<abi::PyVarObject>()]>,
}

impl Traverse for Type {
    const GC: bool = true;
    fn traverse(&self, _: &mut dyn FnMut(Obj<'_>)) {}
}

impl Type {
    /// Borrow a type from C.
    ///
    /// # Safety
    ///
    /// `ptr` is a live type that outlives `'a`.
    #[inline(always)]
    pub unsafe fn from_ptr<'a>(ptr: *mut PyTypeObject) -> &'a Type {
        // SAFETY: the caller's promise; `Type` covers a `PyTypeObject` in cells.
        unsafe { &*ptr.cast::<Type>() }
    }

    /// The address.
    #[inline(always)]
    pub fn as_ptr(&self) -> *mut PyTypeObject {
        std::ptr::from_ref(self).cast_mut().cast()
    }

    /// The fields, to read a slot right away. Not to be kept across a call
    /// that can change the type.
    #[inline(always)]
    pub fn slots(&self) -> &PyTypeObject {
        // SAFETY: a live type.
        unsafe { &*self.as_ptr() }
    }

    /// `tp_flags`.
    #[inline(always)]
    pub fn flags(&self) -> u64 {
        self.slots().tp_flags
    }

    /// Whether this is a class made at run time.
    #[inline(always)]
    pub fn is_heap(&self) -> bool {
        self.flags() & abi::Py_TPFLAGS_HEAPTYPE != 0
    }

    /// Whether the collector tracks instances.
    #[inline(always)]
    pub fn is_gc(&self) -> bool {
        self.flags() & abi::Py_TPFLAGS_HAVE_GC != 0
    }

    /// `tp_basicsize` in bytes.
    #[inline(always)]
    pub fn basicsize(&self) -> usize {
        self.slots().tp_basicsize as usize
    }

    /// `tp_itemsize` in bytes.
    #[inline(always)]
    pub fn itemsize(&self) -> usize {
        self.slots().tp_itemsize as usize
    }

    /// The number slots.
    #[inline(always)]
    pub fn number(&self) -> Option<&PyNumberMethods> {
        // SAFETY: null or a live suite.
        unsafe { self.slots().tp_as_number.as_ref() }
    }

    /// The sequence slots.
    #[inline(always)]
    pub fn sequence(&self) -> Option<&PySequenceMethods> {
        // SAFETY: null or a live suite.
        unsafe { self.slots().tp_as_sequence.as_ref() }
    }

    /// The mapping slots.
    #[inline(always)]
    pub fn mapping(&self) -> Option<&PyMappingMethods> {
        // SAFETY: null or a live suite.
        unsafe { self.slots().tp_as_mapping.as_ref() }
    }

    /// The buffer slots.
    #[inline(always)]
    pub fn buffer(&self) -> Option<&PyBufferProcs> {
        // SAFETY: null or a live suite.
        unsafe { self.slots().tp_as_buffer.as_ref() }
    }

    /// The async slots.
    #[inline(always)]
    pub fn async_(&self) -> Option<&abi::PyAsyncMethods> {
        // SAFETY: null or a live suite.
        unsafe { self.slots().tp_as_async.as_ref() }
    }

    /// `tp_mro`, once the type is ready.
    #[inline]
    pub fn mro(&self) -> Option<&Tuple> {
        // SAFETY: a ready type owns its MRO tuple; it is replaced only by
        // `__bases__` assignment, which keeps the old one alive meanwhile.
        unsafe { Obj::from_raw(self.slots().tp_mro).map(|mro| mro.cast::<Tuple>()) }
    }

    /// `issubclass(self, other)` by MRO, without hooks.
    #[inline]
    pub fn is_subtype(&self, other: &Type) -> bool {
        if std::ptr::eq(self, other) {
            return true;
        }
        match self.mro() {
            Some(mro) => mro.items().iter().any(|base| base.as_ptr() == other.as_ptr().cast()),
            None => self.base_chain_has(other),
        }
    }

    fn base_chain_has(&self, other: &Type) -> bool {
        let mut base = self.slots().tp_base;
        while !base.is_null() {
            if base == other.as_ptr() {
                return true;
            }
            // SAFETY: a type keeps its base alive.
            base = unsafe { (*base).tp_base };
        }
        std::ptr::eq(other, crate::types::object_type())
    }

    /// `tp_name` after its last dot.
    pub fn name(&self) -> &str {
        let full = self.full_name();
        full.rsplit('.').next().unwrap_or(full)
    }

    /// `tp_name`: with the module for builtin types outside `builtins`.
    pub fn full_name(&self) -> &str {
        let name = self.slots().tp_name;
        if name.is_null() {
            return "?";
        }
        // SAFETY: `tp_name` is a C string that lives as long as the type.
        unsafe { std::ffi::CStr::from_ptr(name) }.to_str().unwrap_or("?")
    }

    /// The attribute `name` of the first class in the MRO that has it, borrowed
    /// from that class's dict: own it before running Python code.
    pub fn lookup(&self, th: Thread<'_>, name: &Str) -> Option<Obj<'_>> {
        let mro = self.mro()?;
        mro.items().iter().find_map(|base| {
            // SAFETY: the MRO holds types.
            let base = unsafe { Type::from_obj(*base) };
            // SAFETY: `tp_dict` is null or a dict that lives as long as the type.
            let dict = unsafe { Obj::from_raw(base.slots().tp_dict)?.cast::<crate::Dict>() };
            dict.get_name(th, name)
        })
    }
}

#[pymethods]
impl Type {}

/// `cls[key]` where `object` is a type: `__class_getitem__`, or the error.
pub fn class_getitem(th: Thread<'_>, object: Obj<'_>, _key: Obj<'_>) -> Result<Ref> {
    raise!(th, TypeError, "'{}' object is not subscriptable", object.type_name())
}

/// See `object` as a type.
pub fn as_type(object: Obj<'_>) -> Option<&Type> {
    object.downcast::<Type>()
}

/// Make the builtin types work: headers, slots, dicts, MROs.
pub fn init(_: Thread<'_>) -> Result<()> {
    Ok(())
}

/// Compare two types by identity.
pub fn same(a: &Type, b: &Type) -> bool {
    a.obj().is(b.obj())
}

/// Make the type of a declaration work, if it does not yet.
pub fn ready(_: Thread<'_>, decl: &'static crate::declare::TypeDecl) -> Result<&'static Type> {
    Ok((decl.ty)())
}
