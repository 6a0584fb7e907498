//! `Array`, its classes, and the cache of those that `c_type * n` makes.

use std::{cell::RefCell, collections::HashMap};

use macros::{pymethods, pytype};
use object::{
    AsObject, Bytes, Dict, Int, List, Obj, Protocol, PyStruct, Ref, Result, Str, Thread, Tuple,
    Type, exceptions, id,
    protocol::{
        buffer::BytesLike,
        index::{self, Selection},
    },
    raise,
    types::{descr, generic_alias, type_, weakref},
};

use super::{
    code::{self, Place},
    data::{self, CData},
    info::{self, ArrayType, Kind, class_name, concrete, flag, info_of},
};

/// Abstract base class for arrays.
///
/// The recommended way to create concrete array types is by multiplying any
/// ctypes data type with a non-negative integer. Alternatively, you can subclass
/// this type and define _length_ and _type_ class variables. Array elements can
/// be read and written using standard subscript and slice accesses for slice
/// reads, the resulting object is not itself an Array.
#[pytype(name = "_ctypes.Array", base = CData, metaclass = ArrayType, flags = BASETYPE)]
pub(crate) struct Array {
    data: CData,
}

/// What a slice of items becomes.
pub(super) enum Items {
    Bytes,
    Text,
    List,
}

impl Items {
    /// By the item type.
    pub(super) fn of(item: Obj<'_>) -> Items {
        match info_of(item).and_then(|info| info.accessor.get()) {
            Some(accessor) if accessor == code::Accessor::of(b'c') => Items::Bytes,
            Some(accessor) if accessor == code::Accessor::of(b'u') => Items::Text,
            _ => Items::List,
        }
    }

    /// The items of `size` bytes at `start` and every `step`-th behind it.
    pub(super) fn collect(
        self,
        th: Thread<'_>,
        start: *mut u8,
        (first, step, count): (isize, isize, usize),
        mut item: impl FnMut(isize) -> Result<Ref>,
    ) -> Result {
        let positions = (0..count as isize).map(|i| first.wrapping_add(step.wrapping_mul(i)));
        match self {
            Items::Bytes => {
                let mut bytes = Vec::new();
                if bytes.try_reserve_exact(count).is_err() {
                    return Err(th.no_memory());
                }
                // SAFETY: the program says that the items are there.
                bytes.extend(positions.map(|at| unsafe { start.offset(at).read() }));
                Bytes::new(th, &bytes).map(Ref::upcast)
            }
            Items::Text => {
                let mut units = Vec::new();
                if units.try_reserve_exact(count).is_err() {
                    return Err(th.no_memory());
                }
                // SAFETY: as above.
                let unit = |at| unsafe { start.cast::<u32>().offset(at).read_unaligned() };
                units.extend(positions.map(unit));
                code::wide_text(th, &units).map(Ref::upcast)
            }
            Items::List => {
                let mut items = Vec::new();
                for at in positions {
                    items.push(item(at)?);
                }
                List::from_refs(th, items).map(Ref::upcast)
            }
        }
    }
}

impl Array {
    /// The item type and the bytes of an item.
    fn item_type(&self, th: Thread<'_>) -> Result<(Ref, usize)> {
        match self.data.info(th)?.item_type() {
            Some(item) => {
                let size = concrete(th, item.obj())?.size.get();
                Ok((item, size))
            }
            None => raise!(th, TypeError, "abstract class"),
        }
    }

    /// Item `index`, which must be there, as a place.
    fn place(&self, th: Thread<'_>, index: isize, size: usize) -> Result<Place> {
        match usize::try_from(index).ok().filter(|index| *index < self.data.count()) {
            Some(index) => Ok(Place::new(self.data.ptr().wrapping_add(index * size), size)),
            None => raise!(th, IndexError, "invalid index"),
        }
    }

    fn get(&self, th: Thread<'_>, index: isize) -> Result {
        let (item, size) = self.item_type(th)?;
        let place = self.place(th, index, size)?;
        data::get_value(th, item.obj(), None, &self.data, index, place)
    }

    fn set(&self, th: Thread<'_>, index: isize, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else { return no_deletion(th) };
        let (item, size) = self.item_type(th)?;
        let place = self.place(th, index, size)?;
        data::set_value(th, &self.data, item.obj(), None, value, index, place)
    }

    /// The index that a key stands for; `None` for a slice.
    fn index(&self, th: Thread<'_>, key: Obj<'_>, message: &str) -> Result<Option<isize>> {
        if Int::is_index(key) {
            let index = Int::as_index(th, key, exceptions::types::IndexError())?;
            let length = self.data.count() as isize;
            return Ok(Some(if index < 0 { index + length } else { index }));
        }
        if index::is_slice(key) {
            return Ok(None);
        }
        raise!(th, TypeError, "{message}");
    }
}

fn no_deletion<T>(th: Thread<'_>) -> Result<T> {
    raise!(th, TypeError, "Array does not support item deletion")
}

#[pymethods]
impl Array {
    fn __new__(th: Thread<'_>, cls: &Type, _: &Tuple, _: Option<&Dict>) -> Result<Ref<CData>> {
        CData::new(th, cls.obj())
    }

    fn __init__(&self, th: Thread<'_>, args: &Tuple, _: Option<&Dict>) -> Result<()> {
        for (index, value) in args.items().iter().enumerate() {
            self.set(th, index as isize, Some(*value))?;
        }
        Ok(())
    }

    fn sq_length(&self, _: Thread<'_>) -> usize {
        self.data.count()
    }

    fn mp_length(&self, _: Thread<'_>) -> usize {
        self.data.count()
    }

    fn sq_item(&self, th: Thread<'_>, index: isize) -> Result {
        self.get(th, index)
    }

    fn sq_ass_item(&self, th: Thread<'_>, index: isize, value: Option<Obj<'_>>) -> Result<()> {
        self.set(th, index, value)
    }

    fn mp_subscript(&self, th: Thread<'_>, key: Obj<'_>) -> Result {
        if let Some(index) = self.index(th, key, "indices must be integers")? {
            return self.get(th, index);
        }
        let Selection { start, step, length, .. } = index::select(th, key, self.data.count())?;
        let items = Items::of(self.item_type(th)?.0.obj());
        items.collect(th, self.data.ptr(), (start, step, length), |at| self.get(th, at))
    }

    fn mp_ass_subscript(&self, th: Thread<'_>, key: Obj<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else { return no_deletion(th) };
        if let Some(index) = self.index(th, key, "indices must be integer")? {
            return self.set(th, index, Some(value));
        }
        let selection = index::select(th, key, self.data.count())?;
        let count = match value.length(th) {
            Ok(count) => count,
            Err(raised) => {
                th.clear_exception(raised);
                usize::MAX
            }
        };
        if count != selection.length {
            raise!(th, ValueError, "Can only assign sequence of same size");
        }
        for (number, index) in selection.indices().enumerate() {
            let item = value.get_item(th, Int::from_usize(th, number)?.obj())?;
            self.set(th, index as isize, Some(item.obj()))?;
        }
        Ok(())
    }

    /// Arrays are generic over the type of their elements
    #[classmethod]
    #[sig = "($type, object, /)"]
    fn __class_getitem__(th: Thread<'_>, cls: &Type, object: Obj<'_>) -> Result {
        generic_alias::new(th, cls.obj(), object)
    }
}

/// The `_length_` of a class.
fn length_of(th: Thread<'_>, class: Obj<'_>) -> Result<usize> {
    let Some(length) = class.getattr_opt(th, id!(th, "_length_"))? else {
        raise!(th, AttributeError, "class must define a '_length_' attribute");
    };
    let length = length.obj();
    if !Int::is_int(length) {
        raise!(th, TypeError, "The '_length_' attribute must be an integer");
    }
    if Int::sign(length) < 0 {
        raise!(th, ValueError, "The '_length_' attribute must not be negative");
    }
    match Int::to_i64(length) {
        Some(length) => Ok(length as usize),
        None => raise!(th, OverflowError, "The '_length_' attribute is too large"),
    }
}

#[pymethods]
impl ArrayType {
    fn __init__(th: Thread<'_>, this: Obj<'_>, _: &Tuple, _: Option<&Dict>) -> Result<()> {
        let length = length_of(th, this)?;
        let Some(item) = this.getattr_opt(th, id!(th, "_type_"))? else {
            raise!(th, AttributeError, "class must define a '_type_' attribute");
        };
        let info = info::init(th, this, Kind::Array)?;
        let Some(inner) = info_of(item.obj()) else {
            raise!(th, TypeError, "_type_ must have storage info");
        };
        let size = inner.size.get().checked_mul(length);
        let Some(size) = size.filter(|size| isize::try_from(*size).is_ok()) else {
            raise!(th, OverflowError, "array too large");
        };
        info.set_format(th, inner.format_text())?;
        let mut shape = vec![length as isize];
        shape.extend(inner.shape.get().iter().flat_map(|shape| shape.iter()));
        let _ = info.shape.set(shape.into());
        if inner.has(flag::IS_POINTER | flag::HAS_POINTER) {
            info.add(flag::HAS_POINTER);
        }
        info.size.set(size);
        info.align.set(inner.align.get());
        info.length.set(length);
        info.proto.set(Some(item));
        *info.ctype.borrow_mut() = host::foreign::CType::POINTER;
        if info.has_items_of(b'c') {
            add_getset(th, this, CHAR_ARRAY.0)?;
        } else if info.has_items_of(b'u') {
            add_getset(th, this, WCHAR_ARRAY.0)?;
        }
        Ok(())
    }
}

/// `item * length`: always the same class while one is alive.
pub(super) fn array_type(th: Thread<'_>, item: Obj<'_>, length: usize) -> Result {
    let cache = &th.interp().extensions.get::<Cache>().0;
    let key = (item.as_ptr().expose_provenance(), length);
    let known = cache.borrow().get(&key).cloned();
    // A class keeps its item type, so no other type can have taken its address.
    if let Some(class) = known.and_then(|known| weakref::referent(known.obj())) {
        return Ok(class);
    }
    let name = Str::from_fmt(th, format_args!("{}_Array_{length}", class_name(item)))?;
    let bases = Tuple::from_objs(th, &[Array::type_object().obj()])?;
    let namespace = Dict::new(th)?;
    let count = Int::from_usize(th, length)?;
    namespace.set(th, id!(th, "_length_").obj(), count.obj())?;
    namespace.set(th, id!(th, "_type_").obj(), item)?;
    let args = [name.obj(), bases.obj(), namespace.obj()];
    let class = ArrayType::type_object().obj().call(th, &args)?;
    let reference = weakref::new(th, class.obj())?;
    let stale = {
        let mut cache = cache.borrow_mut();
        let mut stale = Vec::new();
        if cache.len() >= 64 && cache.len().is_power_of_two() {
            cache.retain(|_, known| {
                let alive = weakref::referent(known.obj()).is_some();
                if !alive {
                    stale.push(known.clone());
                }
                alive
            });
        }
        stale.extend(cache.insert(key, reference));
        stale
    };
    drop(stale);
    Ok(class)
}

/// Array classes by item type and length.
#[derive(Default)]
struct Cache(RefCell<HashMap<(usize, usize), Ref>>);

type Getter = fn(Thread<'_>, &CData) -> Result;
type Setter = fn(Thread<'_>, &CData, Option<Obj<'_>>) -> Result<()>;

struct GetSets(&'static [abi::PyGetSetDef]);

// SAFETY: constants.
unsafe impl Sync for GetSets {}

struct Pair(Getter, Setter);

const fn getset(
    name: &'static std::ffi::CStr,
    doc: &'static std::ffi::CStr,
    pair: &'static Pair,
) -> abi::PyGetSetDef {
    abi::PyGetSetDef {
        name: name.as_ptr(),
        get: Some(get_by_pair),
        set: Some(set_by_pair),
        doc: doc.as_ptr(),
        closure: std::ptr::from_ref(pair).cast_mut().cast(),
    }
}

static CHAR_ARRAY: GetSets = GetSets(&[
    getset(c"raw", c"value", &Pair(get_raw, set_raw)),
    getset(c"value", c"string value", &Pair(get_char_value, set_char_value)),
]);

static WCHAR_ARRAY: GetSets =
    GetSets(&[getset(c"value", c"string value", &Pair(get_wchar_value, set_wchar_value))]);

unsafe extern "C" fn get_by_pair(
    this: *mut abi::PyObject,
    closure: *mut std::ffi::c_void,
) -> *mut abi::PyObject {
    // SAFETY: getters run on attached threads with live objects.
    let (th, this) = unsafe { (Thread::current(), Thread::current().argument(this)) };
    // SAFETY: the definitions above.
    let pair = unsafe { &*closure.cast::<Pair>() };
    let value = match this.downcast::<CData>() {
        Some(data) => pair.0(th, data),
        None => Err(object::Raised),
    };
    value.map_or(std::ptr::null_mut(), Ref::into_raw)
}

unsafe extern "C" fn set_by_pair(
    this: *mut abi::PyObject,
    value: *mut abi::PyObject,
    closure: *mut std::ffi::c_void,
) -> i32 {
    // SAFETY: setters run on attached threads with live objects.
    let (th, this) = unsafe { (Thread::current(), Thread::current().argument(this)) };
    // SAFETY: null for deletion, else live.
    let value = unsafe { Obj::from_raw(value) };
    // SAFETY: the definitions above.
    let pair = unsafe { &*closure.cast::<Pair>() };
    let result = match this.downcast::<CData>() {
        Some(data) => pair.1(th, data, value),
        None => Err(object::Raised),
    };
    if result.is_ok() { 0 } else { -1 }
}

/// Arrays of characters are strings as well.
fn add_getset(
    th: Thread<'_>,
    class: Obj<'_>,
    definitions: &'static [abi::PyGetSetDef],
) -> Result<()> {
    let Some(ty) = type_::as_type(class) else { return Ok(()) };
    let Some(dict) = ty.dict() else { return Ok(()) };
    for definition in definitions {
        let descriptor = descr::getset_from_def(th, ty, definition)?;
        let name = descriptor.getattr(th, id!(th, "__name__"))?;
        dict.set(th, name.obj(), descriptor.obj())?;
    }
    ty.modified(th);
    Ok(())
}

fn get_raw(th: Thread<'_>, data: &CData) -> Result {
    Bytes::new(th, data.bytes()).map(Ref::upcast)
}

fn set_raw(th: Thread<'_>, data: &CData, value: Option<Obj<'_>>) -> Result<()> {
    let Some(value) = value else {
        let name = data.obj().type_name();
        raise!(th, AttributeError, "attribute 'raw' of '{name}' objects cannot be deleted");
    };
    let bytes = BytesLike::get(th, value)?;
    if bytes.len() > data.size() {
        raise!(th, ValueError, "byte string too long");
    }
    // SAFETY: there is room; the memory may be the value's own.
    unsafe { data.ptr().copy_from(bytes.as_ptr(), bytes.len()) };
    Ok(())
}

fn get_char_value(th: Thread<'_>, data: &CData) -> Result {
    let all = data.bytes();
    let end = memchr::memchr(0, all).unwrap_or(all.len());
    Bytes::new(th, all.get(..end).unwrap_or(all)).map(Ref::upcast)
}

fn no_delete<T>(th: Thread<'_>) -> Result<T> {
    raise!(th, TypeError, "can't delete attribute")
}

fn set_char_value(th: Thread<'_>, data: &CData, value: Option<Obj<'_>>) -> Result<()> {
    let Some(value) = value else { return no_delete(th) };
    let Some(bytes) = value.downcast::<Bytes>() else {
        raise!(th, TypeError, "bytes expected instead of {} instance", value.type_name());
    };
    if bytes.len() > data.size() {
        raise!(th, ValueError, "byte string too long");
    }
    // SAFETY: there is room; what lies behind is ended with a zero.
    unsafe {
        data.ptr().copy_from(bytes.as_bytes().as_ptr(), bytes.len());
        if bytes.len() < data.size() {
            data.ptr().add(bytes.len()).write(0);
        }
    }
    Ok(())
}

fn get_wchar_value(th: Thread<'_>, data: &CData) -> Result {
    let place = Place::new(data.ptr(), data.size());
    code::Accessor::of(b'U').get(th, place)
}

fn set_wchar_value(th: Thread<'_>, data: &CData, value: Option<Obj<'_>>) -> Result<()> {
    let Some(value) = value else { return no_delete(th) };
    let Some(text) = value.downcast::<Str>() else {
        raise!(th, TypeError, "unicode string expected instead of {} instance", value.type_name());
    };
    if text.len() > data.size() / 4 {
        raise!(th, ValueError, "string too long");
    }
    let place = Place::new(data.ptr(), data.size());
    code::Accessor::of(b'U').set(th, place, value).map(drop)
}
