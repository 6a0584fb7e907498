//! What `#[pytype]`, `#[pymethods]` and `#[pymodule]` expand to.
//!
//! A builtin type is a static [`StaticType`]; its [`TypeDecl`] says what the
//! macros know of it. `types::type_::ready` turns the declaration into a
//! working type at start-up (or when its module is imported). Native functions
//! are closures without captures, called through generic `extern "C"`
//! functions, so that declarations cost no code of their own.

use std::{cell::UnsafeCell, ffi::CStr, ptr::NonNull};

use abi::{
    PyAsyncMethods, PyBufferProcs, PyHeapTypeObject, PyMappingMethods, PyMethodDef,
    PyNumberMethods, PyObject, PySequenceMethods, PyTypeObject,
};

use crate::{
    AsObject, Dict, Obj, PyStruct, Raised, Ref, Result, Thread, Traverse, Tuple, Type,
    args::{IntoReturn, Leaving, Parsed, Signature, SplitKwargs, Style},
    reference::objects,
    shape,
    slots::conjure,
};

/// The memory of a builtin type: a `PyTypeObject` followed by its suites.
#[repr(transparent)]
pub struct StaticType(UnsafeCell<PyHeapTypeObject>);

// SAFETY: types are changed only while the GIL is held.
unsafe impl Sync for StaticType {}

impl StaticType {
    /// A type that is not ready yet.
    pub const fn new() -> Self {
        let mut ty = PyHeapTypeObject::ZERO;
        ty.ht_type.ob_base.ob_base.ob_refcnt = abi::_Py_IMMORTAL_INITIAL_REFCNT;
        StaticType(UnsafeCell::new(ty))
    }

    /// The type.
    #[inline(always)]
    pub const fn get(&'static self) -> &'static Type {
        // SAFETY: `Type` is a transparent `PyTypeObject` in a cell, which a
        // `PyHeapTypeObject` starts with.
        unsafe { &*self.0.get().cast::<Type>() }
    }
}

impl Default for StaticType {
    fn default() -> Self {
        Self::new()
    }
}

/// What is known of a builtin type at compile time.
pub struct TypeDecl {
    pub ty: fn() -> &'static Type,
    /// `tp_name`: with the module before a dot, unless it is `builtins`.
    pub name: &'static CStr,
    pub doc: Option<&'static CStr>,
    pub base: fn() -> &'static Type,
    pub metaclass: fn() -> &'static Type,
    pub basicsize: usize,
    pub itemsize: usize,
    /// `Py_TPFLAGS_*` beyond those that readying adds.
    pub flags: u64,
    pub dictoffset: isize,
    pub weaklistoffset: isize,
    pub vectorcall_offset: isize,
    pub gc: bool,
    pub dealloc: unsafe extern "C" fn(*mut PyObject),
    pub traverse: abi::traverseproc,
    pub clear: abi::inquiry,
    /// Install slots and list methods.
    pub declare: fn(&mut TypeBuilder<'_>),
}

/// A `PyStruct` with a declaration: every `#[pytype]`.
pub trait Declared: PyStruct + Traverse {
    /// The declaration.
    const DECL: &'static TypeDecl;
}

/// What `#[pymethods]` implements.
pub trait PyMethods {
    /// Install slots and list methods.
    fn declare(builder: &mut TypeBuilder<'_>);
}

/// How a function in a type's dict binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    Method,
    Class,
    Static,
    /// A method beside the slot of the same name.
    Coexist,
}

/// An entry of a type's dict to be made when the type becomes ready.
pub enum Entry {
    Method(&'static PyMethodDef, Binding),
    GetSet {
        name: &'static CStr,
        doc: Option<&'static CStr>,
        get: abi::getter,
        set: Option<abi::setter>,
    },
    Member(&'static abi::PyMemberDef),
}

/// A type that is being made ready.
pub struct TypeBuilder<'a> {
    pub th: Thread<'a>,
    ty: NonNull<PyHeapTypeObject>,
    /// In order of declaration.
    pub entries: Vec<Entry>,
    /// `tp_vectorcall`, if calling the type does nothing but `__new__`.
    pub direct: Option<abi::vectorcallfunc>,
    /// Show the `__new__` of `object`, although `tp_new` is another.
    pub hides_new: bool,
}

macro_rules! suites {
    ($($(#[$doc:meta])* $name:ident, $field:ident, $pointer:ident, $ty:ty;)*) => { $(
        $(#[$doc])*
        pub fn $name(&mut self) -> &mut $ty {
            let ty = self.ty.as_ptr();
            // SAFETY: a static type that is being made ready has no other user.
            let suite = unsafe { &raw mut (*ty).$field };
            // SAFETY: as above.
            unsafe { (*ty).ht_type.$pointer = suite };
            // SAFETY: as above.
            unsafe { &mut *suite }
        }
    )* };
}

impl<'a> TypeBuilder<'a> {
    /// Start on `ty`.
    ///
    /// # Safety
    ///
    /// `ty` has the layout of a heap type (`StaticType`) and nobody else uses it.
    pub unsafe fn new(th: Thread<'a>, ty: &'static Type) -> Self {
        TypeBuilder {
            th,
            ty: NonNull::from(ty).cast(),
            entries: Vec::new(),
            direct: None,
            hides_new: false,
        }
    }

    /// The slots of the type itself.
    pub fn ty(&mut self) -> &mut PyTypeObject {
        // SAFETY: a static type that is being made ready has no other user.
        unsafe { &mut (*self.ty.as_ptr()).ht_type }
    }

    suites! {
        /// The number slots.
        nb, as_number, tp_as_number, PyNumberMethods;
        /// The sequence slots.
        sq, as_sequence, tp_as_sequence, PySequenceMethods;
        /// The mapping slots.
        mp, as_mapping, tp_as_mapping, PyMappingMethods;
        /// The async slots.
        am, as_async, tp_as_async, PyAsyncMethods;
        /// The buffer slots.
        bf, as_buffer, tp_as_buffer, PyBufferProcs;
    }

    fn add_method(&mut self, def: &'static mut PyMethodDef, binding: Binding) {
        def.ml_flags |= match binding {
            Binding::Method => 0,
            Binding::Class => abi::METH_CLASS,
            Binding::Static => abi::METH_STATIC,
            Binding::Coexist => abi::METH_COEXIST,
        };
        self.entries.push(Entry::Method(def, binding));
    }

    /// A method without parameters.
    pub fn method_noargs<F, R>(
        &mut self,
        name: &'static CStr,
        doc: &'static CStr,
        binding: Binding,
        _: F,
    ) where
        F: Copy + for<'b> Fn(Thread<'b>, Obj<'b>) -> R,
        R: IntoReturn<Ref>,
    {
        self.add_method(noargs_def::<F, R>(name, doc), binding);
    }

    /// A method with one positional-only parameter.
    pub fn method_one<F, R>(
        &mut self,
        name: &'static CStr,
        doc: &'static CStr,
        binding: Binding,
        _: F,
    ) where
        F: Copy + for<'b> Fn(Thread<'b>, Obj<'b>, Obj<'b>) -> R,
        R: IntoReturn<Ref>,
    {
        self.add_method(one_def::<F, R>(name, doc), binding);
    }

    /// A method with any parameters.
    pub fn method<S, F, R, const N: usize>(
        &mut self,
        name: &'static CStr,
        doc: &'static CStr,
        binding: Binding,
        _: S,
        _: F,
    ) where
        S: HasSignature,
        F: Copy + for<'b> Fn(Thread<'b>, Obj<'b>, &Parsed<'b, N>) -> R,
        R: IntoReturn<Ref>,
    {
        self.add_method(fast_def::<S, F, R, N>(name, doc), binding);
    }

    /// `__new__` with a signature: fills `tp_new` and, while `__init__` is
    /// `object`'s, `tp_vectorcall`.
    pub fn constructor<S, F, R, const N: usize>(&mut self, _: S, _: F)
    where
        S: HasSignature,
        F: Copy + for<'b> Fn(Thread<'b>, &'b Type, &Parsed<'b, N>) -> R,
        R: IntoReturn<Ref>,
    {
        self.ty().tp_new = Some(new_trampoline::<S, F, R, N>);
        self.direct = Some(type_vectorcall_trampoline::<S, F, R, N>);
    }

    /// `tp_vectorcall`, for a type whose call makes an object without a tuple
    /// of arguments: `construct` gets the type, the positional arguments, and
    /// the names and values of the others.
    pub fn vectorcall<F>(&mut self, _: F)
    where
        F: Copy + Fn(Thread<'_>, &Type, &[Obj<'_>], &[Obj<'_>], &[Obj<'_>]) -> Result<Ref>,
    {
        self.ty().tp_vectorcall = Some(vectorcall_trampoline::<F>);
    }

    /// `__init__` with a signature.
    pub fn initializer<S, F, R, const N: usize>(&mut self, _: S, _: F)
    where
        S: HasSignature,
        F: Copy + for<'b> Fn(Thread<'b>, Obj<'b>, &Parsed<'b, N>) -> R,
        R: IntoReturn<()>,
    {
        self.ty().tp_init = Some(init_trampoline::<S, F, R, N>);
    }

    /// `__call__` with a signature.
    pub fn caller<S, F, R, const N: usize>(&mut self, _: S, _: F)
    where
        S: HasSignature,
        F: Copy + for<'b> Fn(Thread<'b>, Obj<'b>, &Parsed<'b, N>) -> R,
        R: IntoReturn<Ref>,
    {
        self.ty().tp_call = Some(call_trampoline::<S, F, R, N>);
    }

    /// A computed attribute.
    pub fn getter<F, R>(&mut self, name: &'static CStr, doc: Option<&'static CStr>, _: F)
    where
        F: Copy + for<'b> Fn(Thread<'b>, Obj<'b>) -> R,
        R: IntoReturn<Ref>,
    {
        self.entries.push(Entry::GetSet { name, doc, get: getter_trampoline::<F, R>, set: None });
    }

    /// The setter of an attribute declared with `getter` before. `None` deletes.
    pub fn setter<F, R>(&mut self, name: &'static CStr, _: F)
    where
        F: Copy + for<'b> Fn(Thread<'b>, Obj<'b>, Option<Obj<'b>>) -> R,
        R: IntoReturn<()>,
    {
        for entry in &mut self.entries {
            if let Entry::GetSet { name: known, set, .. } = entry
                && *known == name
            {
                *set = Some(setter_trampoline::<F, R>);
            }
        }
    }

    /// Have `hash()` raise `TypeError`, and `__hash__` be None.
    pub fn unhashable(&mut self) {
        self.ty().tp_hash = Some(crate::types::type_::slot_functions::hash_not_implemented);
    }

    /// An attribute stored at a fixed offset.
    pub fn member(
        &mut self,
        name: &'static CStr,
        kind: i32,
        offset: usize,
        flags: i32,
        doc: Option<&'static CStr>,
    ) {
        let def = abi::PyMemberDef {
            name: name.as_ptr(),
            r#type: kind,
            offset: offset as isize,
            flags,
            doc: doc.map_or(std::ptr::null(), CStr::as_ptr),
        };
        self.entries.push(Entry::Member(Box::leak(Box::new(def))));
    }
}

/// A type that stands for a signature.
pub trait HasSignature {
    /// The signature.
    const SIGNATURE: &'static Signature;
    /// What of it will change.
    const LEAVING: Option<Leaving> = None;

    /// The type whose method it is.
    fn owner() -> Option<&'static Type> {
        None
    }
}

/// A native module.
pub struct ModuleDecl {
    pub name: &'static str,
    pub doc: &'static str,
    /// List the functions.
    pub functions: fn(&mut Vec<&'static PyMethodDef>),
    /// Fill the module's namespace beyond its functions.
    pub exec: Option<fn(Thread<'_>, &crate::Module) -> Result<()>>,
}

#[expect(clippy::mut_from_ref, reason = "the definition is a new one, not a part of the texts")]
fn def(
    name: &'static CStr,
    doc: &'static CStr,
    flags: u32,
    call: *const (),
) -> &'static mut PyMethodDef {
    // SAFETY: `ml_meth` holds any function pointer; the flags say which.
    let ml_meth = unsafe { std::mem::transmute::<*const (), Option<abi::PyCFunction>>(call) };
    Box::leak(Box::new(PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth,
        ml_flags: flags as i32,
        ml_doc: doc.as_ptr(),
    }))
}

/// A function without parameters, for a method table.
pub fn noargs_def<F, R>(name: &'static CStr, doc: &'static CStr) -> &'static mut PyMethodDef
where
    F: Copy + for<'b> Fn(Thread<'b>, Obj<'b>) -> R,
    R: IntoReturn<Ref>,
{
    def(name, doc, abi::METH_NOARGS as u32, noargs_trampoline::<F, R> as *const ())
}

/// A function with one positional-only parameter, for a method table.
pub fn one_def<F, R>(name: &'static CStr, doc: &'static CStr) -> &'static mut PyMethodDef
where
    F: Copy + for<'b> Fn(Thread<'b>, Obj<'b>, Obj<'b>) -> R,
    R: IntoReturn<Ref>,
{
    def(name, doc, abi::METH_O as u32, one_trampoline::<F, R> as *const ())
}

/// A function with any parameters, for a method table.
pub fn fast_def<S, F, R, const N: usize>(
    name: &'static CStr,
    doc: &'static CStr,
) -> &'static mut PyMethodDef
where
    S: HasSignature,
    F: Copy + for<'b> Fn(Thread<'b>, Obj<'b>, &Parsed<'b, N>) -> R,
    R: IntoReturn<Ref>,
{
    if S::SIGNATURE.takes_keywords() {
        let flags = (abi::METH_FASTCALL | abi::METH_KEYWORDS) as u32;
        return def(name, doc, flags, fast_trampoline::<S, F, R, N> as *const ());
    }
    def(name, doc, abi::METH_FASTCALL as u32, positional_trampoline::<S, F, R, N> as *const ())
}

/// `noargs_def` with the closure as an argument, for type inference.
pub fn noargs_fn<F, R>(name: &'static CStr, doc: &'static CStr, _: F) -> &'static PyMethodDef
where
    F: Copy + for<'b> Fn(Thread<'b>, Obj<'b>) -> R,
    R: IntoReturn<Ref>,
{
    noargs_def::<F, R>(name, doc)
}

/// `one_def` with the closure as an argument, for type inference.
pub fn one_fn<F, R>(name: &'static CStr, doc: &'static CStr, _: F) -> &'static PyMethodDef
where
    F: Copy + for<'b> Fn(Thread<'b>, Obj<'b>, Obj<'b>) -> R,
    R: IntoReturn<Ref>,
{
    one_def::<F, R>(name, doc)
}

/// `fast_def` with the closure as an argument, for type inference.
pub fn fast_fn<S, F, R, const N: usize>(
    name: &'static CStr,
    doc: &'static CStr,
    _: S,
    _: F,
) -> &'static PyMethodDef
where
    S: HasSignature,
    F: Copy + for<'b> Fn(Thread<'b>, Obj<'b>, &Parsed<'b, N>) -> R,
    R: IntoReturn<Ref>,
{
    fast_def::<S, F, R, N>(name, doc)
}

#[inline(always)]
fn raw(result: Result<Ref>) -> *mut PyObject {
    match result {
        Ok(value) => value.into_raw(),
        Err(Raised) => std::ptr::null_mut(),
    }
}

/// `self` of a C function: the instance, class or module, null for none.
#[inline(always)]
unsafe fn this<'a>(ptr: *mut PyObject) -> Obj<'a> {
    // SAFETY: a method always has a receiver, a module function its module.
    unsafe { Obj::from_raw(ptr) }.unwrap_or_else(crate::types::none)
}

unsafe extern "C" fn noargs_trampoline<F, R>(slf: *mut PyObject, _: *mut PyObject) -> *mut PyObject
where
    F: Copy + for<'b> Fn(Thread<'b>, Obj<'b>) -> R,
    R: IntoReturn<Ref>,
{
    // SAFETY: called on an attached thread.
    let th = unsafe { Thread::current() };
    // SAFETY: the receiver outlives the call.
    raw(conjure::<F>()(th, unsafe { this(slf) }).into_return(th))
}

unsafe extern "C" fn one_trampoline<F, R>(slf: *mut PyObject, x: *mut PyObject) -> *mut PyObject
where
    F: Copy + for<'b> Fn(Thread<'b>, Obj<'b>, Obj<'b>) -> R,
    R: IntoReturn<Ref>,
{
    // SAFETY: called on an attached thread.
    let th = unsafe { Thread::current() };
    // SAFETY: receiver and argument outlive the call.
    let (slf, x) = unsafe { (this(slf), th.argument(x)) };
    raw(conjure::<F>()(th, slf, x).into_return(th))
}

/// The names of a vectorcall's keyword arguments.
///
/// # Safety
///
/// `kwnames` is null or a tuple that outlives `'a`.
#[inline(always)]
pub unsafe fn keyword_names<'a>(kwnames: *mut PyObject) -> &'a [Obj<'a>] {
    // SAFETY: the caller's promise.
    match unsafe { Obj::from_raw(kwnames) } {
        // SAFETY: the caller's promise.
        Some(names) => unsafe { names.cast::<Tuple>() }.items(),
        None => &[],
    }
}

/// `F` as a `tp_vectorcall`: see [`TypeBuilder::vectorcall`].
///
/// # Safety
///
/// The vectorcall protocol, with a type as the callable.
unsafe extern "C" fn vectorcall_trampoline<F>(
    ty: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject
where
    F: Copy + Fn(Thread<'_>, &Type, &[Obj<'_>], &[Obj<'_>], &[Obj<'_>]) -> Result<Ref>,
{
    // SAFETY: called on an attached thread.
    let th = unsafe { Thread::current() };
    // SAFETY: the type itself is the callable.
    let ty = unsafe { Type::from_ptr(ty.cast()) };
    // SAFETY: null or a tuple.
    let names = unsafe { keyword_names(kwnames) };
    let count = nargsf & !abi::PY_VECTORCALL_ARGUMENTS_OFFSET;
    // SAFETY: the vectorcall protocol.
    let args = unsafe { objects(args, count + names.len()) };
    let (args, values) = args.split_at(count);
    raw(conjure::<F>()(th, ty, args, names, values))
}

unsafe extern "C" fn fast_trampoline<S, F, R, const N: usize>(
    slf: *mut PyObject,
    args: *const *mut PyObject,
    nargs: isize,
    kwnames: *mut PyObject,
) -> *mut PyObject
where
    S: HasSignature,
    F: Copy + for<'b> Fn(Thread<'b>, Obj<'b>, &Parsed<'b, N>) -> R,
    R: IntoReturn<Ref>,
{
    // SAFETY: called on an attached thread.
    let th = unsafe { Thread::current() };
    // SAFETY: `kwnames` is null or a tuple.
    let names = unsafe { keyword_names(kwnames) };
    let nargs = nargs as usize;
    // SAFETY: the vectorcall protocol: positional arguments, then keyword values.
    let all = unsafe { objects(args, nargs + names.len()) };
    let (positional, values) = all.split_at(nargs);
    let parsed = match Parsed::<N>::new(th, S::SIGNATURE, positional, names, values) {
        Ok(parsed) => parsed,
        Err(Raised) => return std::ptr::null_mut(),
    };
    if let Some(leaving) = const { &S::LEAVING }
        && leaving.check(th, nargs).is_err()
    {
        return std::ptr::null_mut();
    }
    // SAFETY: the receiver outlives the call.
    raw(conjure::<F>()(th, unsafe { this(slf) }, &parsed).into_return(th))
}

unsafe extern "C" fn positional_trampoline<S, F, R, const N: usize>(
    slf: *mut PyObject,
    args: *const *mut PyObject,
    nargs: isize,
) -> *mut PyObject
where
    S: HasSignature,
    F: Copy + for<'b> Fn(Thread<'b>, Obj<'b>, &Parsed<'b, N>) -> R,
    R: IntoReturn<Ref>,
{
    // SAFETY: called on an attached thread.
    let th = unsafe { Thread::current() };
    // SAFETY: the vectorcall protocol, without keywords.
    let positional = unsafe { objects(args, nargs as usize) };
    let parsed = match Parsed::<N>::new(th, S::SIGNATURE, positional, &[], &[]) {
        Ok(parsed) => parsed,
        Err(Raised) => return std::ptr::null_mut(),
    };
    // SAFETY: the receiver outlives the call.
    raw(conjure::<F>()(th, unsafe { this(slf) }, &parsed).into_return(th))
}

/// Match the arguments of a `tp_new`, `tp_init` or `tp_call` and go on with `call`.
unsafe fn with_tuple_and_dict<S: HasSignature, const N: usize, T>(
    th: Thread<'_>,
    args: *mut PyObject,
    kwargs: *mut PyObject,
    call: impl FnOnce(&Parsed<'_, N>) -> Result<T>,
) -> Result<T> {
    // SAFETY: `args` is a tuple that outlives the call.
    let args = unsafe { th.argument(args).cast::<Tuple>() };
    // SAFETY: `kwargs` is null or a dict.
    let kwargs = unsafe { Obj::from_raw(kwargs).map(|kwargs| kwargs.cast::<Dict>()) };
    let split = SplitKwargs::new(kwargs);
    let parsed = Parsed::<N>::new(th, S::SIGNATURE, args.items(), split.names(), split.values())?;
    if let Some(leaving) = const { &S::LEAVING } {
        leaving.check(th, args.len())?;
    }
    call(&parsed)
}

/// Whether two slots hold the same function.
fn same_slot<T: Copy>(a: Option<T>, b: Option<T>) -> bool {
    const { assert!(size_of::<Option<T>>() == size_of::<usize>()) };
    // SAFETY: slots hold function pointers.
    let address = |slot: Option<T>| unsafe { std::mem::transmute_copy::<Option<T>, usize>(&slot) };
    address(a) == address(b)
}

unsafe extern "C" fn new_trampoline<S, F, R, const N: usize>(
    ty: *mut PyTypeObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> *mut PyObject
where
    S: HasSignature,
    F: Copy + for<'b> Fn(Thread<'b>, &'b Type, &Parsed<'b, N>) -> R,
    R: IntoReturn<Ref>,
{
    // SAFETY: called on an attached thread.
    let th = unsafe { Thread::current() };
    // SAFETY: `tp_new` gets a live type.
    let ty = unsafe { Type::from_ptr(ty) };
    // COMPAT: positional-only constructors leave the keywords of a subclass to
    // its `__init__`; test_float.test_keywords_in_subclass.
    let is_overridden = S::SIGNATURE.is_positional_only()
        && S::owner().is_some_and(|owner| {
            !std::ptr::eq(owner, ty) && !same_slot(owner.slots().tp_init, ty.slots().tp_init)
        });
    let kwargs = if is_overridden { std::ptr::null_mut() } else { kwargs };
    // SAFETY: the arguments of `tp_new`.
    raw(unsafe {
        with_tuple_and_dict::<S, N, _>(th, args, kwargs, |parsed| {
            conjure::<F>()(th, ty, parsed).into_return(th)
        })
    })
}

unsafe extern "C" fn type_vectorcall_trampoline<S, F, R, const N: usize>(
    ty: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject
where
    S: HasSignature,
    F: Copy + for<'b> Fn(Thread<'b>, &'b Type, &Parsed<'b, N>) -> R,
    R: IntoReturn<Ref>,
{
    // SAFETY: called on an attached thread.
    let th = unsafe { Thread::current() };
    // SAFETY: `kwnames` is null or a tuple.
    let names = unsafe { keyword_names(kwnames) };
    let nargs = nargsf & !(1 << 63);
    // SAFETY: the vectorcall protocol: positional arguments, then keyword values.
    let all = unsafe { objects(args, nargs + names.len()) };
    let (positional, values) = all.split_at(nargs);
    if matches!(S::SIGNATURE.style, Style::Vectorcall)
        && names.is_empty()
        && S::SIGNATURE.check_count(th, nargs).is_err()
    {
        return std::ptr::null_mut();
    }
    let parsed = match Parsed::<N>::new(th, S::SIGNATURE, positional, names, values) {
        Ok(parsed) => parsed,
        Err(Raised) => return std::ptr::null_mut(),
    };
    // SAFETY: `tp_vectorcall` gets the type itself.
    let ty = unsafe { Type::from_ptr(ty.cast()) };
    raw(conjure::<F>()(th, ty, &parsed).into_return(th))
}

unsafe extern "C" fn init_trampoline<S, F, R, const N: usize>(
    slf: *mut PyObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> i32
where
    S: HasSignature,
    F: Copy + for<'b> Fn(Thread<'b>, Obj<'b>, &Parsed<'b, N>) -> R,
    R: IntoReturn<()>,
{
    // SAFETY: called on an attached thread.
    let th = unsafe { Thread::current() };
    // SAFETY: the receiver outlives the call.
    let slf = unsafe { th.argument(slf) };
    // COMPAT: as in `new_trampoline`, the other way round.
    let is_overridden = S::SIGNATURE.is_positional_only()
        && matches!(S::SIGNATURE.style, Style::Clinic)
        && S::owner()
            .is_some_and(|owner| !same_slot(owner.slots().tp_new, slf.ty().slots().tp_new));
    let kwargs = if is_overridden { std::ptr::null_mut() } else { kwargs };
    // SAFETY: the arguments of `tp_init`.
    let result = unsafe {
        with_tuple_and_dict::<S, N, _>(th, args, kwargs, |parsed| {
            conjure::<F>()(th, slf, parsed).into_return(th)
        })
    };
    if result.is_ok() { 0 } else { -1 }
}

unsafe extern "C" fn call_trampoline<S, F, R, const N: usize>(
    slf: *mut PyObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> *mut PyObject
where
    S: HasSignature,
    F: Copy + for<'b> Fn(Thread<'b>, Obj<'b>, &Parsed<'b, N>) -> R,
    R: IntoReturn<Ref>,
{
    // SAFETY: called on an attached thread.
    let th = unsafe { Thread::current() };
    // SAFETY: the receiver outlives the call.
    let slf = unsafe { th.argument(slf) };
    // SAFETY: the arguments of `tp_call`.
    raw(unsafe {
        with_tuple_and_dict::<S, N, _>(th, args, kwargs, |parsed| {
            conjure::<F>()(th, slf, parsed).into_return(th)
        })
    })
}

unsafe extern "C" fn getter_trampoline<F, R>(
    slf: *mut PyObject,
    _: *mut std::ffi::c_void,
) -> *mut PyObject
where
    F: Copy + for<'b> Fn(Thread<'b>, Obj<'b>) -> R,
    R: IntoReturn<Ref>,
{
    // SAFETY: called on an attached thread.
    let th = unsafe { Thread::current() };
    // SAFETY: the receiver outlives the call.
    raw(conjure::<F>()(th, unsafe { th.argument(slf) }).into_return(th))
}

unsafe extern "C" fn setter_trampoline<F, R>(
    slf: *mut PyObject,
    value: *mut PyObject,
    _: *mut std::ffi::c_void,
) -> i32
where
    F: Copy + for<'b> Fn(Thread<'b>, Obj<'b>, Option<Obj<'b>>) -> R,
    R: IntoReturn<()>,
{
    // SAFETY: called on an attached thread.
    let th = unsafe { Thread::current() };
    // SAFETY: receiver and value outlive the call.
    let (slf, value) = unsafe { (th.argument(slf), Obj::from_raw(value)) };
    if conjure::<F>()(th, slf, value).into_return(th).is_ok() { 0 } else { -1 }
}

/// Whether instances of a builtin type, which then has no subtypes, have attributes of their own.
const fn has_attributes<T: Declared>() -> bool {
    T::DECL.flags & abi::Py_TPFLAGS_MANAGED_DICT != 0
}

/// `tp_dealloc` of a builtin type: drop the fields, give back the memory.
///
/// # Safety
///
/// `object` is a dead instance of `T`'s type or of a subtype.
pub unsafe extern "C" fn dealloc<T: Declared>(object: *mut PyObject) {
    // SAFETY: called on an attached thread.
    let th = unsafe { Thread::current() };
    // SAFETY: the caller's promise.
    if unsafe { crate::alloc_object::dealloc_plain::<T>(th, object) } {
        return;
    }
    // SAFETY: a dead object still has its header.
    let ty = unsafe { Type::from_ptr((*object).ob_type) };
    if ty.slots().tp_finalize.is_some()
        && !ty.is_heap()
        && let Some(ptr) = NonNull::new(object)
        // SAFETY: dead, nothing is torn down; a class has run its finaliser already.
        && !unsafe { crate::types::type_::create::finalize(th, ptr, ty) }
    {
        return;
    }
    // SAFETY: the caller's promise.
    unsafe {
        crate::alloc_object::dealloc_with(th, object, T::type_object(), T::GC, |object| {
            if has_attributes::<T>() {
                shape::clear((*object.cast::<T>()).obj());
            }
            std::ptr::drop_in_place(object.cast::<T>())
        })
    };
}

/// `tp_traverse` of a builtin type.
///
/// # Safety
///
/// As `tp_traverse`.
pub unsafe extern "C" fn traverse<T: Declared>(
    object: *mut PyObject,
    visit: abi::visitproc,
    arg: *mut std::ffi::c_void,
) -> i32 {
    let mut stopped = 0;
    // SAFETY: the collector passes instances of the type.
    let this = unsafe { &*object.cast::<T>() };
    let mut visit = |object: Obj<'_>| {
        if stopped == 0 {
            // SAFETY: the collector's own function and argument.
            stopped = unsafe { visit(object.as_ptr(), arg) };
        }
    };
    this.traverse(&mut visit);
    if has_attributes::<T>() {
        shape::each_value(this.obj(), visit);
    }
    stopped
}

/// `tp_clear` of a builtin type.
///
/// # Safety
///
/// As `tp_clear`.
pub unsafe extern "C" fn clear<T: Declared>(object: *mut PyObject) -> i32 {
    // SAFETY: the collector passes instances of the type.
    let this = unsafe { &*object.cast::<T>() };
    this.clear();
    if has_attributes::<T>() {
        shape::clear(this.obj());
    }
    0
}
