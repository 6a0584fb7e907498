//! `_CData`: the base of all C instances.
//!
//! An instance has memory of its own (inside the object or allocated), or
//! refers to memory of its base, which it keeps alive, or to a bare address.
//! Python objects that the memory refers to are kept in `_objects` of the
//! outermost base: one object, or a dict keyed by the way down to the item.

use std::{cell::Cell, mem::offset_of, ptr::NonNull};

use macros::{pymethods, pytype};
use object::{
    AsObject, Bytes, Dict, Head, Link, Obj, Protocol, PyStruct, Ref, Result, Str, Thread, Tuple,
    Type, alloc_object,
    declare::TypeBuilder,
    id, own,
    protocol::{buffer::BytesLike, instance::is_instance},
    raise, types,
};

use super::{
    code::{Accessor, Place},
    info::{
        ArrayType, Kind, PointerType, SimpleType, StgInfo, class_name, concrete, flag, info_of,
        is_class_of,
    },
    simple::Simple,
};

/// Memory for small values, aligned for all of them.
#[repr(C, align(16))]
#[derive(Clone, Copy)]
pub(super) struct Small([u8; 16]);

/// The base class of all C types.
#[pytype(name = "_ctypes._CData", flags = BASETYPE | DISALLOW_INSTANTIATION)]
pub(crate) struct CData {
    head: Head,
    ptr: Cell<*mut u8>,
    /// Whether the memory is ours.
    needs_free: Cell<i32>,
    base: Link<CData>,
    size: Cell<usize>,
    /// How many items may have objects to keep.
    length: Cell<usize>,
    /// Which item of the base this is.
    index: Cell<isize>,
    objects: Link,
    small: Cell<Small>,
}

impl Drop for CData {
    fn drop(&mut self) {
        if self.needs_free.get() == 0 || self.is_small() {
            return;
        }
        // SAFETY: objects die on attached threads.
        let th = unsafe { Thread::current() };
        if let Some(block) = NonNull::new(self.ptr.get()) {
            // SAFETY: allocated by `allocate` or `resize`.
            unsafe { th.heap().free(block) };
        }
    }
}

impl CData {
    fn is_small(&self) -> bool {
        std::ptr::eq(self.ptr.get(), self.small.as_ptr().cast())
    }

    fn make(th: Thread<'_>, class: Obj<'_>, info: &StgInfo) -> Result<Ref<CData>> {
        info.add(flag::FINAL);
        let data = CData {
            head: Head::new(),
            ptr: Cell::new(std::ptr::null_mut()),
            needs_free: Cell::new(0),
            base: Link::null(),
            size: Cell::new(info.size.get()),
            length: Cell::new(info.length.get()),
            index: Cell::new(0),
            objects: Link::null(),
            small: Cell::new(Small([0; 16])),
        };
        // SAFETY: only classes have information.
        alloc_object::alloc(th, unsafe { Type::from_obj(class) }, data)
    }

    /// A zeroed instance of `class` with memory of its own.
    pub(super) fn new(th: Thread<'_>, class: Obj<'_>) -> Result<Ref<CData>> {
        let info = concrete(th, class)?;
        let data = CData::make(th, class, info)?;
        data.allocate(th, info.size.get())?;
        Ok(data)
    }

    fn allocate(&self, th: Thread<'_>, size: usize) -> Result<()> {
        let ptr = if size <= size_of::<Small>() {
            self.small.as_ptr().cast::<u8>()
        } else {
            let Some(block) = th.heap().alloc(size) else { return Err(th.no_memory()) };
            // SAFETY: just allocated.
            unsafe { block.write_bytes(0, size) };
            block.as_ptr()
        };
        self.ptr.set(ptr);
        self.needs_free.set(1);
        Ok(())
    }

    /// An instance of `class` that is item `index` of `base`, at `ptr`.
    pub(super) fn of_base(
        th: Thread<'_>,
        class: Obj<'_>,
        base: &CData,
        index: isize,
        ptr: *mut u8,
    ) -> Result<Ref<CData>> {
        let data = CData::make(th, class, concrete(th, class)?)?;
        data.ptr.set(ptr);
        data.base.set(Some(own(base)));
        data.index.set(index);
        Ok(data)
    }

    /// An instance of `class` with a copy of what is at `ptr`.
    pub(super) fn copy_of(th: Thread<'_>, class: Obj<'_>, ptr: *const u8) -> Result<Ref<CData>> {
        let data = CData::new(th, class)?;
        // SAFETY: the caller has a value of the type there.
        unsafe { data.ptr().copy_from(ptr, data.size()) };
        Ok(data)
    }

    /// An instance of `class` at an address that somebody else looks after.
    pub(super) fn at_address(th: Thread<'_>, class: Obj<'_>, address: usize) -> Result<Ref<CData>> {
        super::audit(th, "ctypes.cdata", &[&address])?;
        let data = CData::make(th, class, concrete(th, class)?)?;
        data.ptr.set(std::ptr::with_exposed_provenance_mut(address));
        Ok(data)
    }

    /// Where the memory is.
    pub(super) fn ptr(&self) -> *mut u8 {
        self.ptr.get()
    }

    /// The address of the memory.
    pub(super) fn address(&self) -> usize {
        self.ptr.get().expose_provenance()
    }

    /// Bytes of the memory.
    pub(super) fn size(&self) -> usize {
        self.size.get()
    }

    /// Items.
    pub(super) fn count(&self) -> usize {
        self.length.get()
    }

    /// The memory. Not to be kept across code that could write to or move it.
    pub(super) fn bytes(&self) -> &[u8] {
        if self.ptr.get().is_null() || self.size() == 0 {
            return &[];
        }
        // SAFETY: the instance says that so many bytes are there.
        unsafe { std::slice::from_raw_parts(self.ptr(), self.size()) }
    }

    /// The address that is stored in the memory of a pointer.
    pub(super) fn pointer(&self) -> usize {
        // SAFETY: pointers have eight bytes.
        unsafe { self.ptr().cast::<usize>().read_unaligned() }
    }

    /// Store an address in the memory of a pointer.
    pub(super) fn set_pointer(&self, address: usize) {
        // SAFETY: pointers have eight bytes.
        unsafe { self.ptr().cast::<usize>().write_unaligned(address) };
    }

    /// The information on the instance's class.
    pub(super) fn info(&self, th: Thread<'_>) -> Result<&StgInfo> {
        // A live instance keeps its class.
        concrete(th, self.obj().ty().obj())
    }

    /// Change the size of memory that is the instance's own.
    pub(super) fn resize(&self, th: Thread<'_>, size: isize) -> Result<()> {
        let least = self.info(th)?.size.get();
        let Some(size) = usize::try_from(size).ok().filter(|size| *size >= least) else {
            raise!(th, ValueError, "minimum size is {least}");
        };
        if self.needs_free.get() == 0 {
            raise!(th, ValueError, "Memory cannot be resized because this object doesn't own it");
        }
        if size > size_of::<Small>() {
            let old = self.size();
            let block = match NonNull::new(self.ptr()) {
                // SAFETY: our own block.
                Some(block) if !self.is_small() => unsafe { th.heap().realloc(block, size) },
                _ => th.heap().alloc(size),
            };
            let Some(block) = block else { return Err(th.no_memory()) };
            if self.is_small() {
                // SAFETY: both hold so many bytes.
                unsafe { block.as_ptr().copy_from(self.ptr(), old) };
            }
            if size > old {
                // SAFETY: inside the new block.
                unsafe { block.add(old).write_bytes(0, size - old) };
            }
            self.ptr.set(block.as_ptr());
        }
        self.size.set(size);
        Ok(())
    }

    /// The outermost base, which keeps the objects.
    fn container(&self, th: Thread<'_>) -> Result<Ref<CData>> {
        let mut container = own(self);
        while let Some(base) = container.base.get() {
            container = base;
        }
        if container.objects.is_null() {
            let empty: Ref = match container.count() {
                0 => types::none().own(),
                _ => Dict::new(th)?.upcast(),
            };
            container.objects.set(Some(empty));
        }
        Ok(container)
    }

    /// `_objects` of the outermost base.
    pub(super) fn kept_objects(&self, th: Thread<'_>) -> Result<Ref> {
        let objects = self.container(th)?.objects.get();
        Ok(objects.unwrap_or_else(|| types::none().own()))
    }

    /// Keep `keep` alive for what item `index` refers to. `None` needs nothing.
    pub(super) fn keep(&self, th: Thread<'_>, index: isize, keep: Ref) -> Result<()> {
        if keep.obj().is_none() {
            return Ok(());
        }
        let container = self.container(th)?;
        let objects = container.objects.get();
        match objects.as_ref().and_then(|objects| objects.obj().downcast_exact::<Dict>()) {
            Some(dict) => dict.set(th, self.key(th, index)?.obj(), keep.obj()),
            None => {
                container.objects.set(Some(keep));
                Ok(())
            }
        }
    }

    /// The way from the outermost base to item `index`.
    fn key(&self, th: Thread<'_>, index: isize) -> Result<Ref<Str>> {
        let mut key = format!("{:x}", index as i32);
        let mut data = own(self);
        while let Some(base) = data.base.get() {
            if key.len() > 240 {
                raise!(th, ValueError, "ctypes object structure too deep");
            }
            key += &format!(":{:x}", data.index.get() as i32);
            data = base;
        }
        Str::new(th, &key)
    }

    /// Share the objects of `other`, in a dict that has `other` itself, too.
    pub(super) fn share_objects(&self, th: Thread<'_>, other: &CData) -> Result<()> {
        other.container(th)?;
        if other.objects.get().is_some_and(|objects| objects.obj().is_none()) {
            other.objects.set(Some(Dict::new(th)?.upcast()));
        }
        let objects = other.objects.get();
        if let Some(dict) = objects.as_ref().and_then(|o| o.obj().downcast_exact::<Dict>()) {
            let address = other.obj().as_ptr().expose_provenance();
            let key = object::Int::from_usize(th, address)?;
            dict.set(th, key.obj(), other.obj())?;
        }
        self.objects.set(objects);
        Ok(())
    }
}

/// Whether `class` is a subclass of a simple type, whose instances stay what
/// they are instead of becoming Python values.
pub(super) fn is_simple_subclass(class: Obj<'_>) -> bool {
    if !is_class_of::<SimpleType>(class) {
        return false;
    }
    // SAFETY: an instance of a metaclass is a type.
    let base = unsafe { Type::from_obj(class) }.base();
    base.is_none_or(|base| !std::ptr::eq(base, Simple::type_object()))
}

/// The accessor by which values of `class` become Python values.
pub(super) fn plain_accessor(class: Obj<'_>) -> Option<Accessor> {
    let accessor = info_of(class)?.accessor.get()?;
    (!is_simple_subclass(class)).then_some(accessor)
}

/// Item `index` of `source`: a value of type `class` at `place`.
pub(super) fn get_value(
    th: Thread<'_>,
    class: Obj<'_>,
    accessor: Option<Accessor>,
    source: &CData,
    index: isize,
    place: Place,
) -> Result<Ref> {
    match accessor.or_else(|| plain_accessor(class)) {
        Some(accessor) => accessor.get(th, place),
        None => CData::of_base(th, class, source, index, place.ptr).map(Ref::upcast),
    }
}

/// Assign item `index` of `target`: a value of type `class` at `place`.
pub(super) fn set_value(
    th: Thread<'_>,
    target: &CData,
    class: Obj<'_>,
    accessor: Option<Accessor>,
    value: Obj<'_>,
    index: isize,
    place: Place,
) -> Result<()> {
    let keep = store(th, class, accessor, value, place)?;
    target.keep(th, index, keep)
}

/// Store a value; what has to be kept alive for it.
fn store(
    th: Thread<'_>,
    class: Obj<'_>,
    accessor: Option<Accessor>,
    value: Obj<'_>,
    place: Place,
) -> Result<Ref> {
    if let Some(accessor) = accessor {
        return accessor.set(th, place, value);
    }
    let Some(source) = value.downcast::<CData>() else {
        return store_python(th, class, value, place);
    };
    let incompatible = || {
        object::error!(
            th,
            TypeError,
            "incompatible types, {} instance instead of {} instance",
            value.type_name(),
            class_name(class)
        )
    };
    if is_instance(th, value, class)? {
        // SAFETY: the place is of the class, and so is the source.
        unsafe { place.ptr.copy_from(source.ptr(), place.size) };
        return source.kept_objects(th);
    }
    if is_class_of::<PointerType>(class) && is_class_of::<ArrayType>(value.ty().obj()) {
        let items = source.info(th)?.item_type();
        let wanted = info_of(class).and_then(StgInfo::item_type);
        let same = matches!((&items, &wanted), (Some(a), Some(b)) if a.obj().is(b.obj()));
        if !same {
            return Err(incompatible());
        }
        // SAFETY: the place is a pointer's.
        unsafe { place.ptr.cast::<usize>().write_unaligned(source.address()) };
        // The array becomes a pointer, so the array itself must live as well.
        let kept = source.kept_objects(th)?;
        return Tuple::from_objs(th, &[kept.obj(), value]).map(Ref::upcast);
    }
    Err(incompatible())
}

/// Store a value that is no C instance.
fn store_python(th: Thread<'_>, class: Obj<'_>, value: Obj<'_>, place: Place) -> Result<Ref> {
    if let Some(accessor) = info_of(class).and_then(|info| info.accessor.get()) {
        return accessor.set(th, place, value);
    }
    if let Some(items) = value.downcast::<Tuple>() {
        th.check_stack(" while initializing a C instance")?;
        let instance = match class.call(th, items.items()) {
            Ok(instance) => instance,
            Err(raised) => {
                let prefix = format!("({}) ", class_name(class));
                let ty = object::exceptions::types::RuntimeError();
                return Err(super::extend_error(th, raised, ty, &prefix));
            }
        };
        return store(th, class, None, instance.obj(), place);
    }
    if value.is_none() && is_class_of::<PointerType>(class) {
        // SAFETY: the place is a pointer's.
        unsafe { place.ptr.cast::<usize>().write_unaligned(0) };
        return Ok(types::none().own());
    }
    raise!(th, TypeError, "expected {} instance, got {}", class_name(class), value.type_name())
}

/// The innermost item type of an array type.
fn innermost(class: Ref) -> Ref {
    let item = info_of(class.obj()).filter(|info| info.kind == Kind::Array);
    match item.and_then(StgInfo::item_type) {
        Some(item) => innermost(item),
        None => class,
    }
}

#[pymethods]
impl CData {
    fn bf_getbuffer(&self, th: Thread<'_>, view: &mut abi::Py_buffer, _: i32) -> Result<()> {
        let info = self.info(th)?;
        let item = innermost(self.obj().ty().obj().own());
        let shape = info.shape.get().map_or(&[][..], |shape| shape);
        view.buf = self.ptr().cast();
        view.obj = self.obj().own().into_raw();
        view.len = self.size() as isize;
        view.readonly = 0;
        view.format = info.format_ptr();
        view.ndim = shape.len() as i32;
        view.shape =
            if shape.is_empty() { std::ptr::null_mut() } else { shape.as_ptr().cast_mut() };
        view.itemsize = concrete(th, item.obj())?.size.get() as isize;
        view.strides = std::ptr::null_mut();
        view.suboffsets = std::ptr::null_mut();
        view.internal = std::ptr::null_mut();
        Ok(())
    }

    fn __hash__(&self, th: Thread<'_>) -> Result<isize> {
        raise!(th, TypeError, "unhashable type")
    }

    /// default __ctypes_from_outparam__ method returns self.
    #[sig = "($self, /)"]
    fn __ctypes_from_outparam__(&self, _: Thread<'_>) -> Ref {
        self.obj().own()
    }

    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        if self.info(th)?.has(flag::IS_POINTER | flag::HAS_POINTER) {
            raise!(th, ValueError, "ctypes objects containing pointers cannot be pickled");
        }
        let dict = self.obj().getattr(th, id!(th, "__dict__"))?;
        let bytes = Bytes::new(th, self.bytes())?;
        let unpickle = crate::support::import_from(th, "_ctypes", "_unpickle")?;
        let state = Tuple::from_objs(th, &[dict.obj(), bytes.obj()])?;
        let args = Tuple::from_objs(th, &[self.obj().ty().obj(), state.obj()])?;
        Tuple::from_objs(th, &[unpickle.obj(), args.obj()])
    }

    #[sig = "($self, dict, data, /)"]
    fn __setstate__(&self, th: Thread<'_>, dict: &Dict, data: BytesLike<'_>) -> Result<()> {
        let count = data.len().min(self.size());
        // SAFETY: both have so many bytes.
        unsafe { self.ptr().copy_from(data.as_ptr(), count) };
        let own_dict = self.obj().getattr(th, id!(th, "__dict__"))?;
        let Some(target) = own_dict.obj().downcast::<Dict>() else {
            raise!(
                th,
                TypeError,
                "{}.__dict__ must be a dictionary, not {}",
                self.obj().type_name(),
                own_dict.obj().type_name()
            );
        };
        target.update(th, dict.obj())
    }

    #[declare]
    fn members(b: &mut TypeBuilder<'_>) {
        let (read, object) = (abi::Py_READONLY, abi::_Py_T_OBJECT);
        let base = Some(c"the base object");
        b.member(c"_b_base_", object, offset_of!(CData, base), read, base);
        let owner = Some(c"whether the object owns the memory or not");
        b.member(c"_b_needsfree_", abi::Py_T_INT, offset_of!(CData, needs_free), read, owner);
        let objects = Some(c"internal objects tree (NEVER CHANGE THIS OBJECT!)");
        b.member(c"_objects", object, offset_of!(CData, objects), read, objects);
    }
}
