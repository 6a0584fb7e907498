//! What is known of a C type: its [`StgInfo`].
//!
//! Every class whose metaclass derives from [`CType`] has room for one behind
//! its type object. It is made by the metaclass's `__init__`, so that an
//! abstract class has none, and lives as long as the class. Once the type is
//! final (it has instances, fields of it or subclasses) size and format no
//! longer change: exported buffers point to them.

use std::{
    cell::{Cell, OnceCell, RefCell, UnsafeCell},
    ffi::{CStr, CString},
};

use host::foreign;
use macros::{pymethods, pytype};
use object::{
    AsObject, Int, Link, Obj, PyStruct, Ref, Result, Str, Thread, Traverse, Tuple, Type,
    args::Given, exceptions, id, raise, types,
};

use super::code::Accessor;

/// `FUNCFLAG_*`, `TYPEFLAG_*` and `DICTFLAG_*`.
pub(super) mod flag {
    pub(in super::super) const CDECL: u32 = 0x1;
    pub(in super::super) const PYTHONAPI: u32 = 0x4;
    pub(in super::super) const USE_ERRNO: u32 = 0x8;
    pub(in super::super) const USE_LASTERROR: u32 = 0x10;
    pub(in super::super) const IS_POINTER: u32 = 0x100;
    pub(in super::super) const HAS_POINTER: u32 = 0x200;
    pub(in super::super) const FINAL: u32 = 0x1000;
}

/// Which of the families a C type belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Struct,
    Union,
    Pointer,
    Array,
    Simple,
    Function,
}

/// See the module.
pub(super) struct StgInfo {
    pub(super) kind: Kind,
    pub(super) size: Cell<usize>,
    pub(super) align: Cell<usize>,
    /// Items of an array, fields of a struct.
    pub(super) length: Cell<usize>,
    pub(super) flags: Cell<u32>,
    /// How the type is passed to functions.
    pub(super) ctype: RefCell<foreign::CType>,
    /// What makes the items of a pointer or array; the code of a simple type.
    pub(super) proto: Link,
    /// Of simple types.
    pub(super) accessor: Cell<Option<Accessor>>,
    pub(super) format: RefCell<CString>,
    /// Of arrays, the outermost extent first.
    pub(super) shape: OnceCell<Box<[isize]>>,
    pub(super) argtypes: Link,
    pub(super) converters: Link<Tuple>,
    pub(super) restype: Link,
    pub(super) checker: Link,
    /// `POINTER(cls)`, once it was asked for.
    pub(super) pointer_type: Link,
}

impl StgInfo {
    fn new(kind: Kind) -> StgInfo {
        StgInfo {
            kind,
            size: Cell::new(0),
            align: Cell::new(0),
            length: Cell::new(0),
            flags: Cell::new(0),
            ctype: RefCell::new(foreign::CType::aggregate(0, 1, [])),
            proto: Link::null(),
            accessor: Cell::new(None),
            format: RefCell::new(c"B".to_owned()),
            shape: OnceCell::new(),
            argtypes: Link::null(),
            converters: Link::null(),
            restype: Link::null(),
            checker: Link::null(),
            pointer_type: Link::null(),
        }
    }

    /// Take over what a base class is, all but the type of pointers to it.
    pub(super) fn copy_from(&self, base: &StgInfo) {
        self.size.set(base.size.get());
        self.align.set(base.align.get());
        self.length.set(base.length.get());
        self.flags.set(base.flags.get());
        let ctype = base.ctype.borrow().clone();
        *self.ctype.borrow_mut() = ctype;
        self.accessor.set(base.accessor.get());
        let format = base.format.borrow().clone();
        *self.format.borrow_mut() = format;
        if let Some(shape) = base.shape.get() {
            let _ = self.shape.set(shape.clone());
        }
        self.proto.set(base.proto.get());
        self.argtypes.set(base.argtypes.get());
        self.converters.set(base.converters.get());
        self.restype.set(base.restype.get());
        self.checker.set(base.checker.get());
    }

    pub(super) fn has(&self, flag: u32) -> bool {
        self.flags.get() & flag != 0
    }

    pub(super) fn add(&self, flag: u32) {
        self.flags.set(self.flags.get() | flag);
    }

    pub(super) fn set_format(&self, th: Thread<'_>, format: impl Into<Vec<u8>>) -> Result<()> {
        match CString::new(format) {
            Ok(format) => {
                *self.format.borrow_mut() = format;
                Ok(())
            }
            Err(_) => raise!(th, ValueError, "embedded null character"),
        }
    }

    /// The format, for an exported buffer: it stays where it is.
    pub(super) fn format_ptr(&self) -> *const std::ffi::c_char {
        self.format.borrow().as_ptr()
    }

    pub(super) fn format_text(&self) -> String {
        self.format.borrow().to_string_lossy().into_owned()
    }

    /// The item type of a pointer or array.
    pub(super) fn item_type(&self) -> Option<Ref> {
        self.proto.get().filter(|proto| proto.obj().downcast::<Str>().is_none())
    }

    /// Whether items are of the simple type with that code.
    pub(super) fn has_items_of(&self, code: u8) -> bool {
        let item = self.item_type();
        item.is_some_and(|item| {
            info_of(item.obj()).and_then(|info| info.accessor.get()) == Some(Accessor::of(code))
        })
    }

    fn links(&self) -> [&Link; 5] {
        [&self.proto, &self.argtypes, &self.restype, &self.checker, &self.pointer_type]
    }
}

impl Traverse for StgInfo {
    const GC: bool = true;

    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        for link in self.links() {
            link.traverse(visit);
        }
        self.converters.traverse(visit);
    }

    fn clear(&self) {
        for link in self.links() {
            drop(link.take());
        }
        drop(self.converters.take());
    }
}

const SUITES: usize = size_of::<abi::PyHeapTypeObject>() - size_of::<abi::PyTypeObject>();

/// The base of the metaclasses of C types.
#[pytype(name = "_ctypes.CType_Type", base = Type, flags = BASETYPE | TYPE_SUBCLASS, traverse = manual)]
pub(crate) struct CType {
    ty: Type,
    suites: UnsafeCell<[u8; SUITES]>,
    /// Null until `__init__`; only where the class was made at run time.
    info: Cell<*mut StgInfo>,
}

impl CType {
    fn info(&self) -> Option<&StgInfo> {
        if !self.ty.is_heap() {
            return None;
        }
        // SAFETY: null, or made by `init` and freed with the class.
        unsafe { self.info.get().as_ref() }
    }
}

impl Traverse for CType {
    const GC: bool = true;

    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        if let Some(info) = self.info() {
            info.traverse(visit);
        }
        self.ty.traverse(visit);
    }

    fn clear(&self) {
        if let Some(info) = self.info() {
            info.clear();
        }
        self.ty.clear();
    }
}

impl Drop for CType {
    fn drop(&mut self) {
        let info = self.info.replace(std::ptr::null_mut());
        if !info.is_null() {
            // SAFETY: made by `init`; instances keep their class alive, so nobody has it.
            drop(unsafe { Box::from_raw(info) });
        }
    }
}

/// See a class as one of C types made at run time.
fn as_ctype(object: Obj<'_>) -> Option<&CType> {
    if Int::is_int(object) || !object.ty().is_subtype(CType::type_object()) {
        return None;
    }
    // SAFETY: an instance of a metaclass is a type.
    let is_heap = unsafe { Type::from_obj(object) }.is_heap();
    // SAFETY: classes made at run time have the whole layout of their metaclass.
    is_heap.then(|| unsafe { object.cast::<CType>() })
}

/// The information on a class; `None` for anything but a concrete C type.
pub(super) fn info_of(object: Obj<'_>) -> Option<&StgInfo> {
    as_ctype(object)?.info()
}

/// The information on a class, `TypeError` if it is abstract.
pub(super) fn concrete<'a>(th: Thread<'_>, object: Obj<'a>) -> Result<&'a StgInfo> {
    match info_of(object) {
        Some(info) => Ok(info),
        None => raise!(th, TypeError, "abstract class"),
    }
}

/// Make the information on a class, which has none yet.
pub(super) fn init<'a>(th: Thread<'_>, object: Obj<'a>, kind: Kind) -> Result<&'a StgInfo> {
    let name = || class_name(object);
    let Some(class) = as_ctype(object) else {
        raise!(th, SystemError, "'{}' is not a ctypes class.", name());
    };
    if class.info().is_some() {
        raise!(th, SystemError, "StgInfo of '{}' is already initialized.", name());
    }
    class.info.set(Box::into_raw(Box::new(StgInfo::new(kind))));
    match class.info() {
        Some(info) => Ok(info),
        None => Err(th.no_memory()),
    }
}

/// The name of a class, or of the type of anything else, for messages.
pub(super) fn class_name(object: Obj<'_>) -> String {
    match types::type_::as_type(object) {
        Some(class) => class.full_name().to_owned(),
        None => object.type_name().to_owned(),
    }
}

/// Forget `bytes` of C for a size.
pub(super) fn c_len(text: &CStr) -> usize {
    text.to_bytes().len()
}

fn no_info<T>(th: Thread<'_>, this: Obj<'_>) -> Result<T> {
    use object::Protocol;
    raise!(th, TypeError, "{} must have storage info", &*this.repr(th)?)
}

#[pymethods]
impl CType {
    fn sq_repeat(th: Thread<'_>, this: Obj<'_>, length: isize) -> Result {
        match usize::try_from(length) {
            Ok(length) => super::array::array_type(th, this, length),
            Err(_) => raise!(th, ValueError, "Array length must be >= 0, not {length}"),
        }
    }

    /// Return memory consumption of the type object.
    #[sig = "($self, /)"]
    fn __sizeof__(_: Thread<'_>, this: Obj<'_>) -> usize {
        let meta = this.ty();
        // SAFETY: an instance of a metaclass is a type.
        let items = unsafe { Type::from_obj(this) }.slots().ob_base.ob_size.unsigned_abs();
        let extra = info_of(this).map_or(0, |info| {
            c_len(&info.format.borrow()) + 1 + 8 * info.shape.get().map_or(0, |shape| shape.len())
        });
        meta.basicsize() + meta.itemsize() * items + extra
    }

    /// pointer type
    #[getter]
    fn __pointer_type__(th: Thread<'_>, this: Obj<'_>) -> Result {
        use object::Protocol;
        let Some(info) = info_of(this) else { return no_info(th, this) };
        match info.pointer_type.get() {
            Some(pointer) => Ok(pointer),
            None => {
                let shown = this.repr(th)?;
                let name = id!(th, "__pointer_type__");
                let message = format_args!("{} has no attribute '__pointer_type__'", &*shown);
                Err(exceptions::attribute_error(th, this, name.obj(), message))
            }
        }
    }

    #[setter]
    fn set___pointer_type__(th: Thread<'_>, this: Obj<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(info) = info_of(this) else { return no_info(th, this) };
        info.pointer_type.set(value.map(Obj::own));
        Ok(())
    }

    /// Convert a Python object into a function call parameter.
    #[sig = "($self, value, /)"]
    fn from_param(th: Thread<'_>, this: Obj<'_>, value: Obj<'_>) -> Result {
        super::param::from_param(th, this, value)
    }

    /// C.from_address(integer) -> C instance
    ///
    /// Access a C instance at the specified address.
    #[sig = "($self, value, /)"]
    fn from_address(th: Thread<'_>, this: Obj<'_>, value: Obj<'_>) -> Result {
        super::construct::from_address(th, this, value)
    }

    /// C.from_buffer(object, offset=0) -> C instance
    ///
    /// Create a C instance from a writeable buffer.
    #[sig = "($self, obj, offset=0, /)"]
    fn from_buffer(
        th: Thread<'_>,
        this: Obj<'_>,
        obj: Obj<'_>,
        offset: Option<Given<isize>>,
    ) -> Result {
        super::construct::from_buffer(th, this, obj, offset.map_or(0, |Given(offset)| offset))
    }

    /// C.from_buffer_copy(object, offset=0) -> C instance
    ///
    /// Create a C instance from a readable buffer.
    #[sig = "($self, buffer, offset=0, /)"]
    fn from_buffer_copy(
        th: Thread<'_>,
        this: Obj<'_>,
        buffer: Obj<'_>,
        offset: Option<isize>,
    ) -> Result {
        super::construct::from_buffer_copy(th, this, buffer, offset.unwrap_or(0))
    }

    /// C.in_dll(dll, name) -> C instance
    ///
    /// Access a C instance in a dll.
    #[sig = "($self, dll, name, /)"]
    fn in_dll(th: Thread<'_>, this: Obj<'_>, dll: Obj<'_>, name: &str) -> Result {
        super::construct::in_dll(th, this, dll, name)
    }
}

macro_rules! metaclasses {
    ($($(#[$doc:meta])* $ty:ident, $name:literal;)*) => { $(
        $(#[$doc])*
        #[pytype(name = $name, base = CType, flags = BASETYPE | TYPE_SUBCLASS, traverse = manual)]
        pub(crate) struct $ty {
            base: CType,
        }

        impl Traverse for $ty {
            const GC: bool = true;

            fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
                self.base.traverse(visit);
            }

            fn clear(&self) {
                self.base.clear();
            }
        }
    )* };
}

metaclasses! {
    /// metatype for the CData Objects
    StructType, "_ctypes.PyCStructType";
    /// metatype for the Union Objects
    UnionType, "_ctypes.UnionType";
    /// metatype for the Pointer Objects
    PointerType, "_ctypes.PyCPointerType";
    /// metatype for the Array Objects
    ArrayType, "_ctypes.PyCArrayType";
    /// metatype for the PyCSimpleType Objects
    SimpleType, "_ctypes.PyCSimpleType";
    /// metatype for C function pointers
    FunctionType, "_ctypes.PyCFuncPtrType";
}

/// Whether `object` is a class of that family, abstract or not.
pub(super) fn is_class_of<M: PyStruct>(object: Obj<'_>) -> bool {
    !Int::is_int(object) && object.ty().is_subtype(M::type_object())
}
