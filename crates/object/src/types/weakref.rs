//! Weak references and proxies.
//!
//! The references to an object form a doubly linked list that starts in the
//! object: the plain reference without a callback first, then the plain proxy,
//! each shared by all who ask for one, then the others. A referent whose count
//! is zero is dead even while its reference still points to it.

use std::{cell::Cell, mem::offset_of, ptr::NonNull};

use macros::{pymethods, pytype};

use abi::PyObject;

use crate::{
    AsObject, Dict, Head, Link, Obj, Protocol, PyStruct, Ref, Result, Str, Thread, Traverse, Tuple,
    Type, alloc_object,
    declare::{Declared, TypeBuilder},
    id,
    protocol::{CompareOp, call::call_tuple, compare},
    raise,
    types::{self, singletons::not_implemented_ref},
};

mod proxy;

pub use proxy::{CallableProxy, Proxy, new as new_proxy};

/// What every weak reference holds: `PyWeakReference` after its header.
#[repr(C)]
pub struct Fields {
    /// `None` when there is none: C code reads it.
    object: Cell<*mut PyObject>,
    callback: Link,
    hash: Cell<isize>,
    prev: Cell<*mut WeakRef>,
    next: Cell<*mut WeakRef>,
    vectorcall: Cell<Option<abi::vectorcallfunc>>,
}

/// A weak reference.
#[pytype(name = "weakref.ReferenceType", c_name = "_PyWeakref_RefType", flags = BASETYPE, layout = abi::PyWeakReference)]
pub struct WeakRef {
    head: Head,
    fields: Fields,
}

impl Traverse for Fields {
    const GC: bool = true;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        self.callback.traverse(visit);
    }
    fn clear(&self) {
        let node = std::ptr::from_ref(self).cast::<u8>().wrapping_sub(offset_of!(WeakRef, fields));
        // SAFETY: `Fields` is always behind the header of a weak reference.
        unlink(unsafe { &*node.cast::<WeakRef>() });
        self.callback.take();
    }
}

impl Fields {
    fn new(object: Obj<'_>, callback: Option<Obj<'_>>) -> Self {
        Fields {
            object: Cell::new(object.as_ptr()),
            callback: Link::from_option(callback.map(Obj::own)),
            hash: Cell::new(-1),
            prev: Cell::new(std::ptr::null_mut()),
            next: Cell::new(std::ptr::null_mut()),
            vectorcall: Cell::new(None),
        }
    }

    fn referent(&self) -> Option<Ref> {
        // SAFETY: `None` before the memory of the referent goes.
        let object = unsafe { Obj::from_raw(self.object.get()) }?;
        (!object.is_none() && object.refcount() > 0).then(|| object.own())
    }
}

impl Drop for Fields {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Where the list of weak references of an object of type `ty` starts.
fn list_head(object: NonNull<PyObject>, ty: &Type) -> Option<&'static Cell<*mut WeakRef>> {
    let offset = if ty.flags() & abi::Py_TPFLAGS_MANAGED_WEAKREF != 0 {
        -8
    } else if ty.flags() & abi::Py_TPFLAGS_TYPE_SUBCLASS != 0 {
        offset_of!(abi::PyTypeObject, tp_weaklist) as isize
    } else {
        let offset = ty.slots().tp_weaklistoffset;
        if offset <= 0 {
            return None;
        }
        offset
    };
    // SAFETY: the type says that a list head is there; it is used only while
    // the object lives.
    Some(unsafe { &*object.as_ptr().byte_offset(offset).cast::<Cell<*mut WeakRef>>() })
}

fn head_of(object: Obj<'_>) -> Option<&'static Cell<*mut WeakRef>> {
    if crate::small_int::in_range(object.as_ptr()) {
        return None;
    }
    list_head(NonNull::new(object.as_ptr())?, object.ty())
}

/// Where the list of weak references to `object` begins, null if it can have none.
pub fn list_pointer(object: Obj<'_>) -> *mut *mut PyObject {
    head_of(object).map_or(std::ptr::null_mut(), |head| head.as_ptr().cast())
}

/// See a link of the list.
fn node<'a>(ptr: *mut WeakRef) -> Option<&'a WeakRef> {
    // SAFETY: a weak reference takes itself off the list before it goes.
    unsafe { ptr.as_ref() }
}

fn as_link(node: &WeakRef) -> *mut WeakRef {
    std::ptr::from_ref(node).cast_mut()
}

/// Take a reference off the list of its referent and forget the referent.
fn unlink(this: &WeakRef) {
    let fields = &this.fields;
    let object = fields.object.replace(types::none().as_ptr());
    let (prev, next) =
        (fields.prev.replace(std::ptr::null_mut()), fields.next.replace(std::ptr::null_mut()));
    if let Some(next) = node(next) {
        next.fields.prev.set(prev);
    }
    if let Some(prev) = node(prev) {
        prev.fields.next.set(next);
        return;
    }
    // SAFETY: a referent clears its references before its memory goes.
    if let Some(object) = unsafe { Obj::from_raw(object) }
        && let Some(head) = head_of(object)
        && head.get() == as_link(this)
    {
        head.set(next);
    }
}

/// Put `this` behind `after`, or first.
fn link(head: &Cell<*mut WeakRef>, this: &WeakRef, after: Option<&WeakRef>) {
    let next = after.map_or(head.get(), |after| after.fields.next.get());
    this.fields.next.set(next);
    this.fields.prev.set(after.map_or(std::ptr::null_mut(), as_link));
    if let Some(next) = node(next) {
        next.fields.prev.set(as_link(this));
    }
    match after {
        Some(after) => after.fields.next.set(as_link(this)),
        None => head.set(as_link(this)),
    }
}

/// The shared reference and the shared proxy at the start of a list.
fn shared<'a>(head: &Cell<*mut WeakRef>) -> (Option<&'a WeakRef>, Option<&'a WeakRef>) {
    let is_basic = |node: &&WeakRef| node.fields.callback.is_null();
    let first = node(head.get()).filter(is_basic);
    let reference = first.filter(|node| node.obj().is_exact::<WeakRef>());
    let candidate = match reference {
        Some(reference) => node(reference.fields.next.get()).filter(is_basic),
        None => first,
    };
    (reference, candidate.filter(|node| proxy::is_proxy(node.obj())))
}

/// The reference with its node type forgotten, if it is not being torn down.
fn revive(node: Option<&WeakRef>) -> Option<Ref> {
    node.filter(|node| node.obj().refcount() > 0).map(|node| node.obj().own())
}

fn supported(th: Thread<'_>, object: Obj<'_>) -> Result<&'static Cell<*mut WeakRef>> {
    match head_of(object) {
        Some(head) => Ok(head),
        None => raise!(
            th,
            TypeError,
            "cannot create weak reference to '{}' object",
            object.ty().full_name()
        ),
    }
}

fn insert(head: &Cell<*mut WeakRef>, this: &WeakRef, is_shared_reference: bool) {
    if is_shared_reference {
        return link(head, this, None);
    }
    let (reference, shared_proxy) = shared(head);
    let is_shared_proxy = proxy::is_proxy(this.obj()) && this.fields.callback.is_null();
    let after = if is_shared_proxy { reference } else { shared_proxy.or(reference) };
    link(head, this, after);
}

/// `cls(object, callback)`, where `cls` is `ref` or a subtype.
pub fn new_ref(
    th: Thread<'_>,
    cls: &Type,
    object: Obj<'_>,
    callback: Option<Obj<'_>>,
) -> Result<Ref> {
    let callback = callback.filter(|callback| !callback.is_none());
    let head = supported(th, object)?;
    let is_exact = std::ptr::eq(cls, WeakRef::type_object());
    if callback.is_none()
        && is_exact
        && let Some(known) = revive(shared(head).0)
    {
        return Ok(known);
    }
    let reference = WeakRef { head: Head::new(), fields: Fields::new(object, callback) };
    let reference = alloc_unlinked(th, cls, reference)?;
    // The allocation may have collected garbage, which changes the list.
    insert(head, &reference, is_exact && callback.is_none());
    Ok(reference.upcast())
}

fn alloc_unlinked<T: Declared>(th: Thread<'_>, cls: &Type, value: T) -> Result<Ref<T>> {
    alloc_object::alloc(th, cls, value)
}

/// `weakref.ref(object)`.
pub fn new(th: Thread<'_>, object: Obj<'_>) -> Result<Ref> {
    new_ref(th, WeakRef::type_object(), object, None)
}

/// What a weak reference or proxy refers to, if it is alive.
pub fn referent(reference: Obj<'_>) -> Option<Ref> {
    fields_of(reference)?.referent()
}

fn fields_of(reference: Obj<'_>) -> Option<&Fields> {
    if reference.downcast::<WeakRef>().is_some() || proxy::is_proxy(reference) {
        // SAFETY: references and proxies have one layout.
        return Some(&unsafe { reference.cast::<WeakRef>() }.fields);
    }
    None
}

/// Whether `object` is a weak reference or a proxy.
pub fn is_reference(object: Obj<'_>) -> bool {
    fields_of(object).is_some()
}

/// The first weak reference to `object`.
pub fn first(object: Obj<'_>) -> Option<Ref> {
    all(object).into_iter().next()
}

/// How many weak references `object` has.
pub fn count(object: Obj<'_>) -> usize {
    all(object).len()
}

/// The weak references and proxies of `object`.
pub fn all(object: Obj<'_>) -> Vec<Ref> {
    let mut found = Vec::new();
    let mut next = head_of(object).map_or(std::ptr::null_mut(), Cell::get);
    while let Some(this) = node(next) {
        found.extend(revive(Some(this)));
        next = this.fields.next.get();
    }
    found
}

/// Take every reference off the list; those with a callback that are alive
/// themselves come back with it.
fn detach_all(head: &Cell<*mut WeakRef>) -> Vec<(Ref, Ref)> {
    let mut calls = Vec::new();
    while let Some(this) = node(head.get()) {
        let link = head.get();
        unlink(this);
        if head.get() == link {
            // Not reached: the first node is always unlinked from the head.
            head.set(std::ptr::null_mut());
        }
        let callback = this.fields.callback.take();
        if let (Some(reference), Some(callback)) = (revive(Some(this)), callback) {
            calls.push((reference, callback));
        }
    }
    calls
}

fn run_callbacks(th: Thread<'_>, calls: Vec<(Ref, Ref)>) {
    if calls.is_empty() {
        return;
    }
    let saved = th.swap_exception(None);
    for (reference, callback) in calls {
        if callback.call(th, &[reference.obj()]).is_err() {
            (th.hooks().unraisable)(
                th,
                Some("Exception ignored while calling weakref callback"),
                Some(callback.obj()),
            );
        }
    }
    drop(th.swap_exception(saved));
}

/// Clear the weak references to a dying object and run their callbacks.
#[inline]
pub fn clear_weakrefs(th: Thread<'_>, object: NonNull<PyObject>, ty: &Type) {
    if let Some(head) = list_head(object, ty)
        && !head.get().is_null()
    {
        run_callbacks(th, detach_all(head));
    }
}

/// The collector's `weakref_callbacks`: clear all references to `objects`,
/// then call the callbacks of those that stay reachable.
pub fn gc_callbacks(
    objects: &[*mut PyObject],
    is_unreachable: &dyn Fn(*mut PyObject) -> bool,
) -> bool {
    let (mut calls, mut dropped) = (Vec::new(), Vec::new());
    for object in objects {
        // SAFETY: the collector passes live objects.
        let Some(object) = (unsafe { Obj::from_raw(*object) }) else { continue };
        // What an unreachable reference means may die while the garbage is
        // being cleared, when its callback cannot run any more.
        if let Some(fields) = fields_of(object)
            && let Some(callback) = fields.callback.take()
        {
            dropped.push((object.own(), callback));
        }
        let Some(head) = head_of(object) else { continue };
        for (reference, callback) in detach_all(head) {
            if is_unreachable(reference.as_ptr()) {
                dropped.push((reference, callback));
            } else {
                calls.push((reference, callback));
            }
        }
    }
    let any = !calls.is_empty();
    // SAFETY: the collector runs on an attached thread.
    run_callbacks(unsafe { Thread::current() }, calls);
    drop(dropped);
    any
}

/// The collector's `clear_weakrefs`: forget without calling back.
pub fn gc_clear(objects: &[*mut PyObject]) {
    let mut dropped = Vec::new();
    for object in objects {
        // SAFETY: the collector passes live objects.
        if let Some(head) = unsafe { Obj::from_raw(*object) }.and_then(head_of) {
            dropped.push(detach_all(head));
        }
    }
}

/// `object` and `callback` of a constructor's arguments.
fn unpack<'a>(th: Thread<'_>, name: &str, args: &[Obj<'a>]) -> Result<(Obj<'a>, Option<Obj<'a>>)> {
    match args {
        [object] => Ok((*object, None)),
        [object, callback] => Ok((*object, Some(*callback))),
        [] => raise!(th, TypeError, "{name} expected at least 1 argument, got 0"),
        items => raise!(th, TypeError, "{name} expected at most 2 arguments, got {}", items.len()),
    }
}

fn construct(
    th: Thread<'_>,
    cls: &Type,
    args: &[Obj<'_>],
    names: &[Obj<'_>],
    _: &[Obj<'_>],
) -> Result<Ref> {
    let (object, callback) = unpack(th, "__new__", args)?;
    if !names.is_empty() {
        raise!(th, TypeError, "ref() takes no keyword arguments");
    }
    new_ref(th, cls, object, callback)
}

#[pymethods]
impl WeakRef {
    fn __new__(th: Thread<'_>, cls: &Type, args: &Tuple, _: Option<&Dict>) -> Result {
        let (object, callback) = unpack(th, "__new__", args.items())?;
        new_ref(th, cls, object, callback)
    }

    fn __init__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result<()> {
        if kwargs.is_some_and(|kwargs| kwargs.len() > 0) {
            raise!(th, TypeError, "ref() takes no keyword arguments");
        }
        unpack(th, "__init__", args.items()).map(drop)
    }

    #[declare]
    fn members(b: &mut TypeBuilder<'_>) {
        let offset = offset_of!(WeakRef, fields) + offset_of!(Fields, callback);
        b.member(c"__callback__", abi::_Py_T_OBJECT, offset, abi::Py_READONLY, None);
        b.vectorcall(construct);
    }

    #[sig = "weakref()"]
    fn __call__(&self, _: Thread<'_>) -> Result {
        Ok(self.fields.referent().unwrap_or_else(|| types::none().own()))
    }

    fn __hash__(&self, th: Thread<'_>) -> Result<isize> {
        if self.fields.hash.get() != -1 {
            return Ok(self.fields.hash.get());
        }
        let Some(object) = self.fields.referent() else {
            raise!(th, TypeError, "weak object has gone away");
        };
        let hash = object.hash(th)?;
        self.fields.hash.set(hash);
        Ok(hash)
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let this = self.obj().as_ptr();
        let Some(object) = self.fields.referent() else {
            return Str::from_fmt(th, format_args!("<weakref at {this:p}; dead>"));
        };
        let (name, address) = (object.obj().ty().shown_name(th)?, object.as_ptr());
        let name_of = crate::protocol::generic::lookup_special;
        let label = name_of(th, object.obj(), id!(th, "__name__"))?;
        match label.map(Ref::downcast::<Str>) {
            Some(Ok(label)) => Str::from_fmt(
                th,
                format_args!("<weakref at {this:p}; to '{name}' at {address:p} ({})>", &*label),
            ),
            _ => {
                Str::from_fmt(th, format_args!("<weakref at {this:p}; to '{name}' at {address:p}>"))
            }
        }
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result {
        let is_equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
        let Some(other) = other.downcast::<WeakRef>().filter(|_| is_equality) else {
            return Ok(not_implemented_ref());
        };
        match (self.fields.referent(), other.fields.referent()) {
            (Some(a), Some(b)) => compare::rich_compare(th, a.obj(), b.obj(), op),
            _ => {
                let same = self.obj().is(other.obj());
                Ok(types::bool_(same == (op == CompareOp::Eq)).own())
            }
        }
    }

    /// See PEP 585
    #[classmethod]
    #[sig = "($type, object, /)"]
    fn __class_getitem__(th: Thread<'_>, cls: &Type, object: Obj<'_>) -> Result {
        super::generic_alias::new(th, cls.obj(), object)
    }
}

/// `object(*args, **kwargs)` for a live referent.
fn call_referent(th: Thread<'_>, object: &Ref, args: &Tuple, kwargs: Option<&Dict>) -> Result {
    call_tuple(th, object.obj(), args, kwargs)
}
