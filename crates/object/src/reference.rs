//! Borrowed and owned references: the only code that counts.
//!
//! [`Obj`] is a borrowed reference to any object. It is a `Copy` wrapper and
//! never a Rust reference, because a small int is an address with no memory
//! behind it. [`Ref`] is an owned reference; `Ref<T>` for a type that lives in
//! memory dereferences to `&T`. Immortal objects (the sign bit of the 32-bit
//! count is set) and small ints are not counted.

#[cfg(test)]
mod tests;

use std::{fmt, marker::PhantomData, mem, ops::Deref, ptr::NonNull};

use abi::PyObject;

use crate::{Thread, Type, small_int};

/// The first count that means "immortal": the sign bit of `ob_refcnt`.
pub const IMMORTAL: u32 = abi::_Py_IMMORTAL_INITIAL_REFCNT;

/// Marks a reference to an object of any type.
pub struct Object;

/// A type whose instances live in memory and start with an object header.
///
/// # Safety
///
/// `Self` must be `repr(C)` or `repr(transparent)`, start with a [`Head`] or
/// [`VarHead`], and be the layout of every instance of `type_object()`.
pub unsafe trait PyStruct: Sized {
    /// The builtin type of which `Self` is the instance layout.
    fn type_object() -> &'static Type;

    /// Whether an instance of `ty` has this layout: by default, whether `ty`
    /// is `type_object()` or a subtype of it.
    #[inline]
    fn is_layout_of(ty: &Type) -> bool {
        ty.is_subtype(Self::type_object())
    }
}

/// The header of an object, first field of every `PyStruct`.
#[repr(C)]
pub struct Head(std::cell::UnsafeCell<PyObject>);

/// The header of an object with a length (`ob_size`).
#[repr(C)]
pub struct VarHead {
    head: Head,
    size: std::cell::Cell<isize>,
}

impl Head {
    /// A header that allocation will fill in.
    #[inline(always)]
    pub const fn new() -> Self {
        Head(std::cell::UnsafeCell::new(PyObject {
            ob_refcnt: 1,
            ob_overflow: 0,
            ob_flags: 0,
            ob_type: std::ptr::null_mut(),
        }))
    }
}

impl Head {
    /// The header of a static object that is never freed; its type is set at start-up.
    pub const fn immortal() -> Self {
        Head(std::cell::UnsafeCell::new(PyObject {
            ob_refcnt: IMMORTAL,
            ob_overflow: 0,
            ob_flags: 0,
            ob_type: std::ptr::null_mut(),
        }))
    }

    /// Set the type of a static object, at start-up.
    pub fn set_static_type(&self, ty: &'static Type) {
        // SAFETY: start-up is single-threaded.
        unsafe { (*self.0.get()).ob_type = ty.as_ptr() };
    }
}

impl Default for Head {
    #[inline(always)]
    fn default() -> Self {
        Self::new()
    }
}

impl VarHead {
    /// A header that allocation will fill in, with `ob_size` = `size`.
    #[inline(always)]
    pub const fn new(size: isize) -> Self {
        VarHead { head: Head::new(), size: std::cell::Cell::new(size) }
    }

    /// A header of a static object that is never freed; its type is set at start-up.
    pub const fn immortal(size: isize) -> Self {
        VarHead { head: Head::immortal(), size: std::cell::Cell::new(size) }
    }

    /// Set the type of a static object, at start-up.
    pub fn set_static_type(&self, ty: &'static Type) {
        self.head.set_static_type(ty);
    }

    /// `ob_size`.
    #[inline]
    pub fn size(&self) -> isize {
        self.size.get()
    }

    /// Set `ob_size`.
    #[inline]
    pub fn set_size(&self, size: isize) {
        self.size.set(size);
    }
}

/// A borrowed reference to any object, small ints included.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct Obj<'a>(NonNull<PyObject>, PhantomData<&'a PyObject>);

impl<'a> Obj<'a> {
    /// Borrow the object at `ptr`.
    ///
    /// # Safety
    ///
    /// `ptr` is a small int or a live object that outlives `'a`.
    #[inline]
    pub unsafe fn from_ptr(ptr: NonNull<PyObject>) -> Self {
        Obj(ptr, PhantomData)
    }

    /// Borrow the object at `ptr`, `None` for null.
    ///
    /// # Safety
    ///
    /// `ptr` is null, a small int or a live object that outlives `'a`.
    #[inline]
    pub unsafe fn from_raw(ptr: *mut PyObject) -> Option<Self> {
        NonNull::new(ptr).map(|ptr| Obj(ptr, PhantomData))
    }

    /// The address.
    #[inline]
    pub fn as_ptr(self) -> *mut PyObject {
        self.0.as_ptr()
    }

    /// The type of this object.
    #[inline]
    pub fn ty(self) -> &'a Type {
        if small_int::in_range(self.as_ptr()) {
            return crate::types::Int::type_object();
        }
        // SAFETY: not a small int, so a live object with a header.
        let ty = unsafe { (*self.as_ptr()).ob_type };
        // SAFETY: an object keeps its type alive.
        unsafe { Type::from_ptr(ty) }
    }

    /// Whether the type of this object is exactly the builtin type of `T`.
    #[inline]
    pub fn is_exact<T: PyStruct>(self) -> bool {
        std::ptr::eq(self.ty(), T::type_object())
    }

    /// See this object as a `T` if its type is `T`'s or a subtype of it.
    ///
    /// Always `None` for a small int: use `Int` functions that take an `Obj`.
    #[inline]
    pub fn downcast<T: PyStruct>(self) -> Option<&'a T> {
        if small_int::in_range(self.as_ptr()) || !T::is_layout_of(self.ty()) {
            return None;
        }
        // SAFETY: the type of an object determines its layout.
        Some(unsafe { self.cast() })
    }

    /// See this object as a `T` if its type is exactly `T`'s.
    #[inline]
    pub fn downcast_exact<T: PyStruct>(self) -> Option<&'a T> {
        if small_int::in_range(self.as_ptr()) || !std::ptr::eq(self.ty(), T::type_object()) {
            return None;
        }
        // SAFETY: the type of an object determines its layout.
        Some(unsafe { self.cast() })
    }

    /// See this object as a `T` without a check.
    ///
    /// # Safety
    ///
    /// The object lives in memory and has the layout of `T`.
    #[inline]
    pub unsafe fn cast<T>(self) -> &'a T {
        // SAFETY: the caller's promise.
        unsafe { self.0.cast::<T>().as_ref() }
    }

    /// Make an owned reference.
    #[inline]
    pub fn own(self) -> Ref {
        incref(self.0);
        Ref(self.0, PhantomData)
    }

    /// `self is other`.
    #[inline]
    pub fn is(self, other: Obj<'_>) -> bool {
        self.0 == other.0
    }

    /// `self is None`.
    #[inline]
    pub fn is_none(self) -> bool {
        self.is(crate::types::none())
    }

    /// How many strong references there are, as `sys.getrefcount` sees it.
    pub fn refcount(self) -> usize {
        if small_int::in_range(self.as_ptr()) {
            return IMMORTAL as usize;
        }
        // SAFETY: not a small int, so a live object with a header.
        (unsafe { (*self.as_ptr()).ob_refcnt }) as usize
    }

    /// Whether the caller's reference is the only one, so that the object may
    /// be changed in place.
    #[inline]
    pub fn is_unique(self) -> bool {
        self.refcount() == 1
    }

    /// Make this object immortal: it is never counted again nor freed.
    pub fn make_immortal(self) {
        if small_int::in_range(self.as_ptr()) {
            return;
        }
        // SAFETY: not a small int, so a live object with a header.
        unsafe { (*self.as_ptr()).ob_refcnt = IMMORTAL };
    }

    /// Extend the borrow.
    ///
    /// # Safety
    ///
    /// The object outlives `'b`.
    #[inline]
    pub unsafe fn extend<'b>(self) -> Obj<'b> {
        Obj(self.0, PhantomData)
    }

    /// `tp_name`, for messages: with the module for builtin types outside `builtins`.
    pub fn type_name(self) -> &'a str {
        self.ty().full_name()
    }

    /// `type(self).__name__`, for texts like `deque([])`.
    pub fn short_type_name(self) -> &'a str {
        self.ty().name()
    }
}

/// What can be seen as a borrowed object: `Obj`, `Ref<T>`, and every
/// reference to a `PyStruct`.
pub trait AsObject {
    /// Borrow as an object.
    fn obj(&self) -> Obj<'_>;
}

impl AsObject for Obj<'_> {
    #[inline]
    fn obj(&self) -> Obj<'_> {
        *self
    }
}

impl<T> AsObject for Ref<T> {
    #[inline]
    fn obj(&self) -> Obj<'_> {
        Obj(self.0, PhantomData)
    }
}

impl<T: PyStruct> AsObject for T {
    #[inline]
    fn obj(&self) -> Obj<'_> {
        Obj(NonNull::from(self).cast(), PhantomData)
    }
}

/// An owned reference: it keeps its object alive and gives it up on drop.
#[repr(transparent)]
pub struct Ref<T = Object>(NonNull<PyObject>, PhantomData<T>);

impl Ref<Object> {
    /// Take over one strong reference, `None` for null.
    ///
    /// # Safety
    ///
    /// As [`Ref::from_owned`], or null.
    #[inline]
    pub unsafe fn from_raw(ptr: *mut PyObject) -> Option<Self> {
        NonNull::new(ptr).map(|ptr| Ref(ptr, PhantomData))
    }
}

impl<T> Ref<T> {
    /// Take over one strong reference to `ptr`.
    ///
    /// # Safety
    ///
    /// `ptr` is a live object with the layout of `T` (or a small int where
    /// `T` is `Object`), and the caller owns one strong reference to it.
    #[inline]
    pub unsafe fn from_owned(ptr: NonNull<PyObject>) -> Self {
        Ref(ptr, PhantomData)
    }

    /// Hand the strong reference to someone who will release it.
    #[inline]
    pub fn into_raw(self) -> *mut PyObject {
        let ptr = self.0.as_ptr();
        mem::forget(self);
        ptr
    }

    /// The address, still owned by `self`.
    #[inline]
    pub fn as_ptr(&self) -> *mut PyObject {
        self.0.as_ptr()
    }

    /// Forget which type this object has.
    #[inline]
    pub fn upcast(self) -> Ref {
        let ptr = self.0;
        mem::forget(self);
        Ref(ptr, PhantomData)
    }

    /// Know the type without a check.
    ///
    /// # Safety
    ///
    /// The object has the layout of `U`.
    #[inline]
    pub unsafe fn cast<U>(self) -> Ref<U> {
        let ptr = self.0;
        mem::forget(self);
        Ref(ptr, PhantomData)
    }

    /// See this object as a `U`, or give it back.
    pub fn downcast<U: PyStruct>(self) -> Result<Ref<U>, Ref<T>> {
        if self.obj().downcast::<U>().is_some() {
            // SAFETY: just checked.
            Ok(unsafe { self.cast() })
        } else {
            Err(self)
        }
    }
}

impl<T> Clone for Ref<T> {
    #[inline]
    fn clone(&self) -> Self {
        incref(self.0);
        Ref(self.0, PhantomData)
    }
}

impl<T: PyStruct> Deref for Ref<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: we own a strong reference to an object with the layout of `T`.
        unsafe { self.0.cast::<T>().as_ref() }
    }
}

impl<T> Drop for Ref<T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: we own one strong reference.
        unsafe { decref(self.0) };
    }
}

impl<T: PyStruct + fmt::Display> fmt::Display for Ref<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl<T> fmt::Debug for Ref<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} at {:p}>", self.obj().type_name(), self.0)
    }
}

impl fmt::Debug for Obj<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} at {:p}>", self.type_name(), self.0)
    }
}

/// Own a typed borrowed reference.
#[inline]
pub fn own<T: PyStruct>(object: &T) -> Ref<T> {
    let ptr = NonNull::from(object).cast();
    incref(ptr);
    Ref(ptr, PhantomData)
}

/// Count one more reference.
#[inline(always)]
pub fn incref(ptr: NonNull<PyObject>) {
    if small_int::in_range(ptr.as_ptr()) {
        return;
    }
    // SAFETY: not a small int, so a live object with a header.
    let count = unsafe { &mut (*ptr.as_ptr()).ob_refcnt };
    if (*count as i32) >= 0 {
        *count += 1;
    }
}

/// Count `n` more references.
pub(crate) fn incref_by(object: Obj<'_>, n: usize) {
    if small_int::in_range(object.as_ptr()) {
        return;
    }
    // SAFETY: not a small int, so a live object with a header.
    let count = unsafe { &mut (*object.as_ptr()).ob_refcnt };
    if (*count as i32) >= 0 {
        // Beyond what can be counted it is immortal.
        *count = (*count as usize).saturating_add(n).min(1 << 31) as u32;
    }
}

/// Give up one reference; deallocate with the last.
///
/// # Safety
///
/// The caller owns the reference that it gives up.
#[inline(always)]
pub unsafe fn decref(ptr: NonNull<PyObject>) {
    if small_int::in_range(ptr.as_ptr()) {
        return;
    }
    // SAFETY: not a small int, so a live object with a header.
    let count = unsafe { &mut (*ptr.as_ptr()).ob_refcnt };
    if (*count as i32) < 0 {
        return;
    }
    *count -= 1;
    if *count == 0 {
        // SAFETY: that was the last reference.
        unsafe { deallocate(ptr) };
    }
}

/// Call `tp_dealloc`.
///
/// # Safety
///
/// The count of the object has just become zero.
#[inline(never)]
pub unsafe fn deallocate(ptr: NonNull<PyObject>) {
    // SAFETY: a dead object still has its header.
    let ty = unsafe { (*ptr.as_ptr()).ob_type };
    // SAFETY: an object keeps its type alive.
    if let Some(dealloc) = unsafe { (*ty).tp_dealloc } {
        // SAFETY: the slot belongs to the type of the object.
        unsafe { dealloc(ptr.as_ptr()) };
    }
}

/// Set the count of an object, as C code may.
///
/// # Safety
///
/// `object` is a small int or a live object, and the caller answers for the count.
pub unsafe fn set_count(object: *mut PyObject, count: isize) {
    if !small_int::in_range(object) {
        // SAFETY: not a small int, so a live object with a header.
        unsafe { (*object).ob_refcnt = u32::try_from(count).unwrap_or(IMMORTAL) };
    }
}

/// Bring a dead object back for the time of a finaliser: count = 1.
///
/// # Safety
///
/// The count is zero and the object is not yet torn down.
pub unsafe fn resurrect(ptr: NonNull<PyObject>) {
    // SAFETY: a dead object still has its header.
    unsafe { (*ptr.as_ptr()).ob_refcnt = 1 };
}

/// Undo [`resurrect`]; true if the object is still dead.
///
/// # Safety
///
/// Pairs with `resurrect`.
pub unsafe fn still_dead(ptr: NonNull<PyObject>) -> bool {
    // SAFETY: the object is alive.
    let count = unsafe { &mut (*ptr.as_ptr()).ob_refcnt };
    *count -= 1;
    *count == 0
}

/// Fill in the header of a fresh object; it counts as a reference to a heap type.
///
/// # Safety
///
/// `ptr` is memory for an instance of `ty`.
#[inline]
pub unsafe fn init_header(ptr: NonNull<PyObject>, ty: &Type) {
    let head = PyObject { ob_refcnt: 1, ob_overflow: 0, ob_flags: 0, ob_type: ty.as_ptr() };
    // SAFETY: the caller's promise.
    unsafe { ptr.write(head) };
    if ty.is_heap() {
        incref(NonNull::from(ty).cast());
    }
}

/// Fill in the header of a fresh instance of a builtin type.
///
/// # Safety
///
/// `ptr` is memory for an instance of `ty`, which is not a heap type.
#[inline(always)]
pub unsafe fn init_static_header(ptr: NonNull<PyObject>, ty: &'static Type) {
    let head = PyObject { ob_refcnt: 1, ob_overflow: 0, ob_flags: 0, ob_type: ty.as_ptr() };
    // SAFETY: the caller's promise.
    unsafe { ptr.write(head) };
}

/// Change the type of a live object (`__class__` assignment).
///
/// # Safety
///
/// Instances of both types have the same layout.
pub unsafe fn set_type(object: Obj<'_>, ty: &Type) {
    let old = object.ty();
    if ty.is_heap() {
        incref(NonNull::from(ty).cast());
    }
    // SAFETY: a heap object, as its layout agrees with that of a class.
    unsafe { (*object.as_ptr()).ob_type = ty.as_ptr() };
    if old.is_heap() {
        // SAFETY: the object owned a reference to its old type.
        unsafe { decref(NonNull::from(old).cast()) };
    }
}

/// A nullable, assignable reference inside an object.
///
/// Reading makes an owned reference, so that no borrow survives a call that
/// could overwrite the field.
#[repr(transparent)]
pub struct Link<T = Object>(std::cell::Cell<*mut PyObject>, PhantomData<T>);

impl<T> Default for Link<T> {
    fn default() -> Self {
        Link::null()
    }
}

impl<T> Link<T> {
    /// No reference.
    pub const fn null() -> Self {
        Link(std::cell::Cell::new(std::ptr::null_mut()), PhantomData)
    }

    /// Hold `value`.
    pub fn new(value: Ref<T>) -> Self {
        Link(std::cell::Cell::new(value.into_raw()), PhantomData)
    }

    /// Hold `value`, if any.
    pub fn from_option(value: Option<Ref<T>>) -> Self {
        Link(std::cell::Cell::new(value.map_or(std::ptr::null_mut(), Ref::into_raw)), PhantomData)
    }

    /// The referent, owned.
    #[inline]
    pub fn get(&self) -> Option<Ref<T>> {
        let ptr = NonNull::new(self.0.get())?;
        incref(ptr);
        Some(Ref(ptr, PhantomData))
    }

    /// The referent, borrowed.
    ///
    /// # Safety
    ///
    /// The field is not assigned while the borrow lives.
    #[inline]
    pub unsafe fn peek(&self) -> Option<Obj<'_>> {
        // SAFETY: a non-null link owns a reference.
        unsafe { Obj::from_raw(self.0.get()) }
    }

    /// Whether there is no referent.
    #[inline]
    pub fn is_null(&self) -> bool {
        self.0.get().is_null()
    }

    /// The address of the referent or null.
    #[inline]
    pub fn as_ptr(&self) -> *mut PyObject {
        self.0.get()
    }

    /// Hold `value` instead; the old referent is released afterwards.
    #[inline]
    pub fn set(&self, value: Option<Ref<T>>) {
        drop(self.replace(value));
    }

    /// Hold `value` instead and return the old referent.
    #[inline]
    pub fn replace(&self, value: Option<Ref<T>>) -> Option<Ref<T>> {
        let old = self.0.replace(value.map_or(std::ptr::null_mut(), Ref::into_raw));
        NonNull::new(old).map(|ptr| Ref(ptr, PhantomData))
    }

    /// Empty the field.
    #[inline]
    pub fn take(&self) -> Option<Ref<T>> {
        self.replace(None)
    }
}

impl<T> Drop for Link<T> {
    fn drop(&mut self) {
        self.take();
    }
}

/// What the collector needs to know of a field or a type.
pub trait Traverse {
    /// Whether there can be references inside.
    const GC: bool;

    /// Show every owned reference to `visit`.
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>));

    /// Drop the references that can be dropped from a shared borrow.
    fn clear(&self) {}
}

macro_rules! no_references {
    ($($ty:ty),* $(,)?) => { $(
        impl Traverse for $ty {
            const GC: bool = false;
            fn traverse(&self, _: &mut dyn FnMut(Obj<'_>)) {}
        }
    )* };
}

no_references!(
    (),
    bool,
    u8,
    u16,
    u32,
    u64,
    usize,
    i8,
    i16,
    i32,
    i64,
    isize,
    f32,
    f64,
    char,
    String,
    &'static str,
    Head,
    VarHead,
    Box<[u8]>,
    Box<str>
);

impl<T: Copy> Traverse for std::cell::Cell<T> {
    const GC: bool = false;
    fn traverse(&self, _: &mut dyn FnMut(Obj<'_>)) {}
}

impl<T> Traverse for *mut T {
    const GC: bool = false;
    fn traverse(&self, _: &mut dyn FnMut(Obj<'_>)) {}
}

impl<T> Traverse for *const T {
    const GC: bool = false;
    fn traverse(&self, _: &mut dyn FnMut(Obj<'_>)) {}
}

impl<T> Traverse for Ref<T> {
    const GC: bool = true;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        visit(self.obj());
    }
}

impl<T> Traverse for Link<T> {
    const GC: bool = true;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        // SAFETY: a non-null link owns a reference, and visiting assigns nothing.
        if let Some(object) = unsafe { self.peek() } {
            visit(object);
        }
    }
    fn clear(&self) {
        self.take();
    }
}

impl<T: Traverse> Traverse for Option<T> {
    const GC: bool = T::GC;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        if let Some(value) = self {
            value.traverse(visit);
        }
    }
    fn clear(&self) {
        if let Some(value) = self {
            value.clear();
        }
    }
}

impl<T: Traverse> Traverse for Vec<T> {
    const GC: bool = T::GC;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        for value in self {
            value.traverse(visit);
        }
    }
    fn clear(&self) {
        for value in self {
            value.clear();
        }
    }
}

impl<T: Traverse> Traverse for std::cell::RefCell<T> {
    const GC: bool = T::GC;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        if let Ok(value) = self.try_borrow() {
            value.traverse(visit);
        }
    }
    fn clear(&self) {
        if let Ok(value) = self.try_borrow() {
            value.clear();
        }
    }
}

/// The field of one object, shared only with the calls that use it.
impl<T: Traverse> Traverse for std::rc::Rc<T> {
    const GC: bool = T::GC;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        (**self).traverse(visit);
    }
    fn clear(&self) {
        (**self).clear();
    }
}

impl<T: Traverse, const N: usize> Traverse for [T; N] {
    const GC: bool = T::GC;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        for value in self {
            value.traverse(visit);
        }
    }
    fn clear(&self) {
        for value in self {
            value.clear();
        }
    }
}

/// Borrow a slice of raw pointers as objects.
///
/// # Safety
///
/// Every pointer is non-null and outlives `'a`.
#[inline]
pub unsafe fn objects<'a>(ptr: *const *mut PyObject, len: usize) -> &'a [Obj<'a>] {
    if len == 0 {
        return &[];
    }
    // SAFETY: `Obj` is a transparent non-null pointer.
    unsafe { std::slice::from_raw_parts(ptr.cast(), len) }
}

impl Thread<'_> {
    /// Borrow a C argument.
    ///
    /// # Safety
    ///
    /// `ptr` is a live object for the time of the call that received it.
    #[inline]
    pub unsafe fn argument<'a>(self, ptr: *mut PyObject) -> Obj<'a> {
        // SAFETY: C passes non-null arguments.
        Obj(unsafe { NonNull::new_unchecked(ptr) }, PhantomData)
    }
}
