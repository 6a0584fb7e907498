//! `type`: the type of types.
//!
//! A [`Type`] is a `PyTypeObject`. Builtin types are static and followed by
//! their suites; heap types are `PyHeapTypeObject`s. Slots are read through
//! [`Type::slots`] and its siblings.

use macros::pytype;

pub mod attrs;
pub mod create;
pub mod foreign;
pub mod inherit;
pub mod mro;
pub mod ready;
pub mod slot_functions;
pub mod spec;
pub mod wrappers;

use std::cell::Cell;

use abi::{
    PyBufferProcs, PyHeapTypeObject, PyMappingMethods, PyNumberMethods, PyObject,
    PySequenceMethods, PyTypeObject,
};

use crate::{
    AsObject, Dict, Obj, Protocol, PyStruct, Ref, Result, Str, Thread, Traverse, Tuple, VarHead,
    id, raise, watch,
};

pub use ready::{init, ready};

/// A type object.
#[pytype(name = "type", c_name = "PyType_Type", flags = BASETYPE | TYPE_SUBCLASS | ITEMS_AT_END, basicsize = size_of::<abi::PyHeapTypeObject>(), itemsize = size_of::<abi::PyMemberDef>(), traverse = manual)]
pub struct Type {
    head: VarHead,
    rest: std::cell::UnsafeCell<[u8; size_of::<PyTypeObject>() - size_of::<abi::PyVarObject>()]>,
}

impl Traverse for Type {
    const GC: bool = true;

    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        // Static types are immortal and never tracked.
        let Some(heap) = self.heap() else { return };
        let ty = &heap.ht_type;
        let owned =
            [ty.tp_dict, ty.tp_cache, ty.tp_mro, ty.tp_bases, ty.tp_base.cast(), heap.ht_module];
        for ptr in owned {
            // SAFETY: null or a reference that the type owns.
            if let Some(object) = unsafe { Obj::from_raw(ptr) } {
                visit(object);
            }
        }
    }

    fn clear(&self) {
        create::clear(self);
    }
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

    /// Let programs change the attributes of a builtin type that CPython makes
    /// at run time.
    pub fn make_mutable(&self) {
        // SAFETY: a live type under the GIL.
        unsafe { (*self.as_ptr()).tp_flags &= !abi::Py_TPFLAGS_IMMUTABLETYPE };
    }

    /// `tp_flags`.
    #[inline(always)]
    pub fn flags(&self) -> u64 {
        self.slots().tp_flags
    }

    /// `__flags__`.
    ///
    /// COMPAT: types that are heap types in CPython show the flag, which
    /// `copyreg` looks for.
    pub fn shown_flags(&self) -> u64 {
        let is_ours = self.flags() & abi::_Py_TPFLAGS_STATIC_BUILTIN != 0;
        let is_heap = is_ours && ready::module_in_dict(self).is_some();
        self.flags() | if is_heap { abi::Py_TPFLAGS_HEAPTYPE } else { 0 }
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

    pub(crate) fn base_chain_has(&self, other: &Type) -> bool {
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

    /// `tp_dict`, once the type is ready.
    #[inline]
    pub fn dict(&self) -> Option<&Dict> {
        // SAFETY: a ready type owns its dict for life.
        unsafe { Obj::from_raw(self.slots().tp_dict).map(|dict| dict.cast::<Dict>()) }
    }

    /// The dict, made for a type of C code that is not ready.
    fn dict_or_new(&self, th: Thread<'_>) -> Result<Ref<Dict>> {
        if let Some(dict) = self.dict() {
            return Ok(crate::own(dict));
        }
        let dict = Dict::new(th)?;
        // SAFETY: nobody else uses a type before it is ready.
        unsafe { (*self.as_ptr()).tp_dict = dict.clone().into_raw() };
        Ok(dict)
    }

    /// `tp_base`.
    #[inline]
    pub fn base(&self) -> Option<&Type> {
        let base = self.slots().tp_base;
        // SAFETY: a type keeps its base alive.
        if base.is_null() { None } else { Some(unsafe { Type::from_ptr(base) }) }
    }

    /// `tp_bases`, once the type is ready.
    pub fn bases(&self) -> Option<&Tuple> {
        // SAFETY: as for `mro`.
        unsafe { Obj::from_raw(self.slots().tp_bases).map(|bases| bases.cast::<Tuple>()) }
    }

    /// The heap-type part.
    #[inline]
    pub fn heap(&self) -> Option<&PyHeapTypeObject> {
        // SAFETY: the flag says that the type is a `PyHeapTypeObject`.
        if self.is_heap() { Some(unsafe { &*self.as_ptr().cast() }) } else { None }
    }

    /// The attribute `name` of the first class in the MRO that has it, borrowed
    /// from that class's dict: own it before running Python code.
    #[inline]
    pub fn lookup(&self, th: Thread<'_>, name: &Str) -> Option<Obj<'_>> {
        let cache = &th.interp().type_cache;
        let version = self.slots().tp_version_tag;
        if version != 0
            && let Some(found) = cache.get(version, name)
        {
            // SAFETY: the version says that the class still holds it.
            return unsafe { Obj::from_raw(found) };
        }
        self.lookup_slow(th, name)
    }

    #[inline(never)]
    fn lookup_slow(&self, th: Thread<'_>, name: &Str) -> Option<Obj<'_>> {
        let found = self.lookup_uncached(th, name);
        if name.is_interned()
            && let Some(version) = self.version(th)
        {
            let found = found.map_or(std::ptr::null_mut(), Obj::as_ptr);
            th.interp().type_cache.set(version, name, found);
        }
        found
    }

    /// The attribute `name` of the first class behind `after` in the MRO,
    /// borrowed as from [`Type::lookup`].
    pub fn lookup_after(&self, th: Thread<'_>, after: &Type, name: &Str) -> Option<Obj<'_>> {
        let cache = &th.interp().type_cache;
        let version = if name.is_interned() { self.version(th) } else { None };
        let slot = version.and_then(|version| cache.super_slot(version, name));
        if let (Some(version), Some(slot)) = (version, slot) {
            let entry = slot.get();
            if entry.version == version
                && std::ptr::eq(entry.name, name)
                && std::ptr::eq(entry.after, after)
            {
                // SAFETY: the version says that the class still holds it.
                return unsafe { Obj::from_raw(entry.found) };
            }
        }
        let mro = self.mro()?;
        let at = mro.items().iter().position(|class| class.as_ptr() == after.as_ptr().cast())?;
        let found = mro.items().iter().skip(at + 1).find_map(|base| {
            // SAFETY: the MRO holds types.
            let base = unsafe { Type::from_obj(*base) };
            base.dict()?.get_name(th, name)
        });
        if let (Some(version), Some(slot)) = (version, slot) {
            std::mem::forget(crate::own(name));
            let old = slot.replace(SuperEntry {
                version,
                after,
                name,
                found: found.map_or(std::ptr::null_mut(), Obj::as_ptr),
            });
            if let Some(name) = std::ptr::NonNull::new(old.name.cast_mut().cast::<PyObject>()) {
                // SAFETY: the entry owned a reference to its name.
                unsafe { crate::reference::decref(name) };
            }
        }
        found
    }

    fn lookup_uncached(&self, th: Thread<'_>, name: &Str) -> Option<Obj<'_>> {
        let mro = self.mro()?;
        mro.items().iter().find_map(|base| {
            // SAFETY: the MRO holds types.
            let base = unsafe { Type::from_obj(*base) };
            base.dict()?.get_name(th, name)
        })
    }

    /// The version tag, assigned when there is none: it changes whenever what
    /// `lookup` answers may change. `None` when the numbers are used up.
    pub fn version(&self, th: Thread<'_>) -> Option<u32> {
        let version = self.slots().tp_version_tag;
        if version != 0 {
            return Some(version);
        }
        if self.flags() & abi::Py_TPFLAGS_READY == 0 {
            return None;
        }
        for base in self.bases()?.items() {
            // SAFETY: the bases are types.
            unsafe { Type::from_obj(*base) }.version(th)?;
        }
        if !self.inherits_from_bases_only() {
            return None;
        }
        let version = th.interp().type_cache.next_version()?;
        // SAFETY: a live type under the GIL.
        unsafe { (*self.as_ptr()).tp_version_tag = version };
        Some(version)
    }

    /// Whether each class of the MRO is one of a base's, so that [`Type::modified`] gets from it
    /// to this type; a metaclass may have put others there.
    fn inherits_from_bases_only(&self) -> bool {
        if std::ptr::eq(self.obj().ty(), Type::type_object()) {
            return true;
        }
        let (Some(mro), Some(bases)) = (self.mro(), self.bases()) else { return false };
        mro.items().iter().all(|class| {
            class.as_ptr() == self.as_ptr().cast()
                || bases.items().iter().any(|base| {
                    // SAFETY: the bases are types.
                    let inherited = unsafe { Type::from_obj(*base) }.mro();
                    let mut classes = inherited.into_iter().flat_map(|mro| mro.items());
                    classes.any(|inherited| inherited.as_ptr() == class.as_ptr())
                })
        })
    }

    /// Set the version tag, for tests; 0 for none.
    pub fn set_version(&self, version: u32) {
        // SAFETY: a live type under the GIL.
        unsafe { (*self.as_ptr()).tp_version_tag = version };
    }

    /// Forget what caches know of this type and its subtypes: to be called
    /// after every change of its dict, bases or MRO.
    pub fn modified(&self, th: Thread<'_>) {
        if self.slots().tp_version_tag == 0 {
            return;
        }
        for subclass in self.subclasses() {
            subclass.modified(th);
        }
        if self.slots().tp_watched != 0 {
            watch::type_modified(th, self);
        }
        // SAFETY: a live type under the GIL.
        unsafe { (*self.as_ptr()).tp_version_tag = 0 };
    }

    /// Set or clear bit `id` of the type's watchers.
    pub fn set_watched(&self, id: u8, watched: bool) {
        let bit = 1 << (id & 7);
        // SAFETY: a live type under the GIL.
        let bits = unsafe { &mut (*self.as_ptr()).tp_watched };
        if watched { *bits |= bit } else { *bits &= !bit }
    }

    /// The direct subclasses, without those that die just now.
    pub fn subclasses(&self) -> Vec<Ref<Type>> {
        let list = self.slots().tp_subclasses.cast::<Vec<*mut PyTypeObject>>();
        // SAFETY: null or a boxed vector of ours.
        let Some(list) = (unsafe { list.as_ref() }) else { return Vec::new() };
        // SAFETY: a subclass takes itself off the list when it dies.
        let all = list.iter().map(|subclass| unsafe { Type::from_ptr(*subclass) });
        all.filter(|subclass| subclass.obj().refcount() > 0).map(crate::own).collect()
    }

    pub(crate) fn add_subclass(&self, subclass: &Type) {
        // SAFETY: a live type under the GIL.
        let field = unsafe { &mut (*self.as_ptr()).tp_subclasses };
        if field.is_null() {
            *field = Box::into_raw(Box::new(Vec::<*mut PyTypeObject>::new())).cast();
        }
        // SAFETY: set just now or before, a boxed vector.
        let list = unsafe { &mut *field.cast::<Vec<*mut PyTypeObject>>() };
        if !list.contains(&subclass.as_ptr()) {
            list.push(subclass.as_ptr());
        }
    }

    pub(crate) fn remove_subclass(&self, subclass: *mut PyTypeObject) {
        let list = self.slots().tp_subclasses.cast::<Vec<*mut PyTypeObject>>();
        // SAFETY: null or a boxed vector of ours.
        if let Some(list) = unsafe { list.as_mut() } {
            list.retain(|known| *known != subclass);
        }
    }

    /// The metatype's and bases' facts as a message shows a class: `module.qualname`.
    pub fn qualified_name(&self, th: Thread<'_>) -> Result<String> {
        let module = self.module_name(th)?;
        let qualname = attrs::qualname(th, self)?;
        Ok(match module.as_deref() {
            Some("builtins") | None => qualname.to_string(),
            Some(module) => format!("{module}.{qualname}"),
        })
    }

    /// The `%T` of CPython's messages: the qualified name, with the module
    /// unless it is `builtins` or `__main__`.
    pub fn shown_name(&self, th: Thread<'_>) -> Result<String> {
        match self.module_name(th)?.as_deref() {
            Some("__main__") => attrs::qualname(th, self).map(|name| name.to_string()),
            _ => self.qualified_name(th),
        }
    }

    /// `__module__` if it is a string.
    pub fn module_name(&self, th: Thread<'_>) -> Result<Option<String>> {
        if !self.is_heap() {
            let full = self.full_name();
            return Ok(Some(
                full.rsplit_once('.').map_or("builtins", |(module, _)| module).to_owned(),
            ));
        }
        let found = self.dict().and_then(|dict| dict.get_name(th, id!(th, "__module__")));
        Ok(found.and_then(|name| name.downcast::<Str>()).map(Str::to_string))
    }
}

/// A cache of `Type::lookup`, indexed by version tag and name.
pub struct TypeCache {
    entries: Box<[Cell<CacheEntry>]>,
    /// What `super(cls, self).name` found, by the version of `type(self)`.
    supers: Box<[Cell<SuperEntry>]>,
    next_version: Cell<u32>,
}

/// `name` behind `after` in the MRO of the type of that version. The MRO keeps
/// `after` alive for as long as the version is current, `found` as well.
#[derive(Clone, Copy)]
struct SuperEntry {
    version: u32,
    after: *const Type,
    name: *const Str,
    found: *mut PyObject,
}

const SUPER_SIZE: usize = 256;

#[derive(Clone, Copy)]
struct CacheEntry {
    version: u32,
    name: *const Str,
    found: *mut PyObject,
}

const CACHE_SIZE: usize = 4096;

impl Default for TypeCache {
    fn default() -> Self {
        let empty = CacheEntry { version: 0, name: std::ptr::null(), found: std::ptr::null_mut() };
        let none = SuperEntry {
            version: 0,
            after: std::ptr::null(),
            name: std::ptr::null(),
            found: std::ptr::null_mut(),
        };
        TypeCache {
            entries: vec![Cell::new(empty); CACHE_SIZE].into(),
            supers: vec![Cell::new(none); SUPER_SIZE].into(),
            next_version: Cell::new(1),
        }
    }
}

impl TypeCache {
    #[inline]
    fn slot(&self, version: u32, name: *const Str) -> Option<&Cell<CacheEntry>> {
        self.entries.get((version as usize ^ (name.addr() >> 4)) & (CACHE_SIZE - 1))
    }

    /// `Some(null)` when the absence is known.
    #[inline]
    fn get(&self, version: u32, name: *const Str) -> Option<*mut PyObject> {
        let entry = self.slot(version, name)?.get();
        (entry.version == version && std::ptr::eq(entry.name, name)).then_some(entry.found)
    }

    /// Names are kept alive by being interned for good once cached.
    fn set(&self, version: u32, name: &Str, found: *mut PyObject) {
        if let Some(slot) = self.slot(version, name) {
            let old = slot.get();
            std::mem::forget(crate::own(name));
            slot.set(CacheEntry { version, name, found });
            // SAFETY: the entry owned a reference to its name.
            if let Some(name) = unsafe { Obj::from_raw(old.name.cast_mut().cast()) } {
                // SAFETY: as above.
                unsafe {
                    crate::reference::decref(std::ptr::NonNull::new_unchecked(name.as_ptr()))
                };
            }
        }
    }

    fn super_slot(&self, version: u32, name: *const Str) -> Option<&Cell<SuperEntry>> {
        self.supers.get((version as usize ^ (name.addr() >> 4)) & (SUPER_SIZE - 1))
    }

    fn next_version(&self) -> Option<u32> {
        let version = self.next_version.get();
        self.next_version.set(version.checked_add(1)?);
        Some(version)
    }

    /// Forget everything.
    pub fn clear(&self) {
        for slot in &self.supers {
            let mut old = slot.get();
            let name = std::mem::replace(&mut old.name, std::ptr::null());
            slot.set(SuperEntry { version: 0, ..old });
            if let Some(name) = std::ptr::NonNull::new(name.cast_mut().cast::<PyObject>()) {
                // SAFETY: the entry owned a reference to its name.
                unsafe { crate::reference::decref(name) };
            }
        }
        for slot in &self.entries {
            let old = slot.get();
            slot.set(CacheEntry {
                version: 0,
                name: std::ptr::null(),
                found: std::ptr::null_mut(),
            });
            if let Some(name) = std::ptr::NonNull::new(old.name.cast_mut().cast::<PyObject>()) {
                // SAFETY: the entry owned a reference to its name.
                unsafe { crate::reference::decref(name) };
            }
        }
    }
}

/// See `object` as a type.
#[inline]
pub fn as_type(object: Obj<'_>) -> Option<&Type> {
    object.downcast::<Type>()
}

/// `cls[key]` where `object` is a type: `__class_getitem__`, or the error.
pub fn class_getitem(th: Thread<'_>, object: Obj<'_>, key: Obj<'_>) -> Result<Ref> {
    let Some(ty) = as_type(object) else {
        raise!(th, TypeError, "'{}' object is not subscriptable", object.type_name());
    };
    if std::ptr::eq(ty, Type::type_object()) {
        return crate::types::generic_alias::new(th, object, key);
    }
    th.check_stack(" while calling a Python object")?;
    match object.getattr_opt(th, id!(th, "__class_getitem__"))? {
        Some(method) if !method.obj().is_none() => method.call(th, &[key]),
        _ => raise!(th, TypeError, "type '{}' is not subscriptable", ty.full_name()),
    }
}
