//! `array`: machine values side by side.
//!
//! An array owns `allocated` items at `ob_item` and uses the first `ob_size`.
//! While buffers are exported the size cannot change. Converting a value can
//! run Python code that resizes the array, so positions are checked again
//! after each conversion and no slice of the data is held across one.

mod item;

use std::{cell::Cell, ptr::NonNull};

use macros::{pymethods, pymodule, pytype};
use object::{
    AsObject, Bytes, CompareOp, Dict, Head, Int, IntoObject, Link, List, Module, Obj, Protocol,
    PyStruct, Ref, Result, Str, StrBuilder, Thread, Traverse, Tuple, Type, VarHead, alloc_object,
    exceptions, id, own,
    protocol::{
        buffer::{BytesLike, has_buffer},
        index,
    },
    raise,
    types::{self, bool_, singletons::not_implemented_ref},
};

use crate::support;

use self::item::{Format, Kind, TYPECODES};

/// array(typecode [, initializer]) -> array
///
/// Return a new array whose items are restricted by typecode, and
/// initialized from the optional initializer value, which must be a list,
/// string or iterable over elements of the appropriate type.
///
/// Arrays represent basic values and behave very much like lists, except
/// the type of objects stored in them is constrained.  The type codes, with
/// the fewest bytes that an item takes:
///
///     'b'  signed integer        1
///     'B'  unsigned integer      1
///     'u'  Unicode character     2 (see note)
///     'w'  Unicode character     4
///     'h'  signed integer        2
///     'H'  unsigned integer      2
///     'i'  signed integer        2
///     'I'  unsigned integer      2
///     'l'  signed integer        4
///     'L'  unsigned integer      4
///     'q'  signed integer        8
///     'Q'  unsigned integer      8
///     'f'  floating point        4
///     'd'  floating point        8
///
/// Note: 'u' is wchar_t, and going away; 'w' is to be used instead.
#[pytype(name = "array.array", flags = BASETYPE | SEQUENCE, weaklistoffset = weaklist, traverse = manual)]
pub struct Array {
    head: VarHead,
    items: Cell<*mut u8>,
    allocated: Cell<isize>,
    kind: Kind,
    weaklist: Cell<*mut abi::PyObject>,
    exports: Cell<isize>,
}

impl Traverse for Array {
    const GC: bool = false;
    fn traverse(&self, _: &mut dyn FnMut(Obj<'_>)) {}
}

impl Drop for Array {
    fn drop(&mut self) {
        // SAFETY: objects die on attached threads.
        let th = unsafe { Thread::current() };
        if let Some(block) = NonNull::new(self.items.get()) {
            // SAFETY: the block is ours.
            unsafe { th.heap().free(block) };
        }
    }
}

/// An iterator over an array.
#[pytype(name = "array.arrayiterator", flags = DISALLOW_INSTANTIATION)]
pub struct ArrayIterator {
    head: Head,
    index: Cell<isize>,
    array: Link<Array>,
}

impl Array {
    fn new_in(th: Thread<'_>, cls: &Type, kind: Kind, size: usize) -> Result<Ref<Array>> {
        let array = alloc_object::alloc(
            th,
            cls,
            Array {
                head: VarHead::new(0),
                items: Cell::new(std::ptr::null_mut()),
                allocated: Cell::new(0),
                kind,
                weaklist: Cell::new(std::ptr::null_mut()),
                exports: Cell::new(0),
            },
        )?;
        array.head.set_size(0);
        if size > 0 {
            array.reallocate(th, size)?;
            array.head.set_size(size as isize);
        }
        Ok(array)
    }

    fn same_kind(&self, th: Thread<'_>, size: usize) -> Result<Ref<Array>> {
        Array::new_in(th, Array::type_object(), self.kind, size)
    }

    fn copy_of(&self, th: Thread<'_>, data: &[u8]) -> Result<Ref<Array>> {
        let array = self.same_kind(th, data.len() / self.kind.size())?;
        array.data_mut().copy_from_slice(data);
        Ok(array)
    }

    fn len(&self) -> usize {
        self.head.size() as usize
    }

    /// The items' bytes. Not to be kept across code that could resize.
    fn data(&self) -> &[u8] {
        match NonNull::new(self.items.get()) {
            // SAFETY: `ob_size` initialised items.
            Some(items) => unsafe {
                std::slice::from_raw_parts(items.as_ptr(), self.len() * self.kind.size())
            },
            None => &[],
        }
    }

    #[allow(clippy::mut_from_ref, reason = "used at once, while no Python code runs")]
    fn data_mut(&self) -> &mut [u8] {
        match NonNull::new(self.items.get()) {
            // SAFETY: `ob_size` initialised items; nobody else looks at them now.
            Some(items) => unsafe {
                std::slice::from_raw_parts_mut(items.as_ptr(), self.len() * self.kind.size())
            },
            None => &mut [],
        }
    }

    /// Make room for exactly `allocated` items; new bytes are zero.
    fn reallocate(&self, th: Thread<'_>, allocated: usize) -> Result<()> {
        let size = self.kind.size();
        let old = self.allocated.get() as usize * size;
        let bytes = allocated.checked_mul(size).filter(|&n| isize::try_from(n).is_ok());
        let Some(bytes) = bytes else { return Err(th.no_memory()) };
        let block = match NonNull::new(self.items.get()) {
            Some(block) if bytes == 0 => {
                // SAFETY: the block is ours and nobody sees into it.
                unsafe { th.heap().free(block) };
                self.items.set(std::ptr::null_mut());
                self.allocated.set(0);
                return Ok(());
            }
            None if bytes == 0 => return Ok(()),
            // SAFETY: the block is ours and nobody sees into it.
            Some(block) => unsafe { th.heap().realloc(block, bytes) },
            None => th.heap().alloc(bytes),
        };
        let Some(block) = block else { return Err(th.no_memory()) };
        if bytes > old {
            // SAFETY: inside the new block.
            unsafe { block.add(old).write_bytes(0, bytes - old) };
        }
        self.items.set(block.as_ptr());
        self.allocated.set(allocated as isize);
        Ok(())
    }

    fn check_resizable(&self, th: Thread<'_>, size: usize) -> Result<()> {
        if self.exports.get() > 0 && size != self.len() {
            raise!(th, BufferError, "cannot resize an array that is exporting buffers");
        }
        Ok(())
    }

    /// Change the number of items; new ones are undefined but initialised.
    fn resize(&self, th: Thread<'_>, size: usize) -> Result<()> {
        self.check_resizable(th, size)?;
        let allocated = self.allocated.get() as usize;
        if !self.items.get().is_null()
            && allocated >= size
            && self.len() < size.saturating_add(16)
            && size > 0
        {
            self.head.set_size(size as isize);
            return Ok(());
        }
        let extra = (size >> 4) + if self.len() < 8 { 3 } else { 7 };
        let target = if size == 0 { 0 } else { size.saturating_add(extra) };
        if size < self.len() {
            self.head.set_size(size as isize);
        }
        self.reallocate(th, target)?;
        self.head.set_size(size as isize);
        Ok(())
    }

    #[inline]
    fn item(&self, th: Thread<'_>, index: usize) -> Result<Ref> {
        let size = self.kind.size();
        match self.data().get(index * size..(index + 1) * size) {
            Some(bytes) => self.kind.unpack(th, bytes),
            None => raise!(th, IndexError, "array index out of range"),
        }
    }

    fn put(&self, index: usize, bytes: [u8; 8]) {
        let size = self.kind.size();
        if let Some(place) = self.data_mut().get_mut(index * size..(index + 1) * size) {
            for (to, from) in place.iter_mut().zip(bytes) {
                *to = from;
            }
        }
    }

    /// Store at `index`, which is in range before the conversion.
    fn set(&self, th: Thread<'_>, index: usize, value: Obj<'_>) -> Result<()> {
        let bytes = self.kind.pack(th, value)?;
        if index >= self.len() {
            raise!(th, IndexError, "array assignment index out of range");
        }
        self.put(index, bytes);
        Ok(())
    }

    fn push(&self, th: Thread<'_>, value: Obj<'_>) -> Result<()> {
        let bytes = self.kind.pack(th, value)?;
        let at = self.len();
        self.resize(th, at + 1)?;
        self.put(at, bytes);
        Ok(())
    }

    /// Append raw bytes, a whole number of items.
    fn push_bytes(&self, th: Thread<'_>, bytes: &[u8]) -> Result<()> {
        let size = self.kind.size();
        if !bytes.len().is_multiple_of(size) {
            raise!(th, ValueError, "bytes length not a multiple of item size");
        }
        if bytes.is_empty() {
            return Ok(());
        }
        let old = self.data().len();
        let Some(total) = self.len().checked_add(bytes.len() / size) else {
            return Err(th.no_memory());
        };
        // The bytes may be our own: then the export forbids the resize.
        self.resize(th, total)?;
        if let Some(place) = self.data_mut().get_mut(old..) {
            place.copy_from_slice(bytes);
        }
        Ok(())
    }

    fn push_text(&self, th: Thread<'_>, text: &Str) -> Result<()> {
        let mut bytes = Vec::new();
        if bytes.try_reserve_exact(text.len() * 4).is_err() {
            return Err(th.no_memory());
        }
        for index in 0..text.len() {
            bytes.extend(text.get(index).unwrap_or(0).to_le_bytes());
        }
        self.push_bytes(th, &bytes)
    }

    fn push_array(&self, th: Thread<'_>, other: &Array) -> Result<()> {
        if self.kind != other.kind {
            raise!(th, TypeError, "can only extend with array of same kind");
        }
        let data = other.data().to_vec();
        self.push_bytes(th, &data)
    }

    fn extend_with(&self, th: Thread<'_>, iterable: Obj<'_>) -> Result<()> {
        if let Some(other) = iterable.downcast::<Array>() {
            return self.push_array(th, other);
        }
        let iterator = iterable.iter(th)?;
        while let Some(value) = iterator.next(th)? {
            self.push(th, value.obj())?;
        }
        Ok(())
    }

    /// Replace the bytes of items `start..end` by `data`.
    fn splice(&self, th: Thread<'_>, start: usize, end: usize, data: &[u8]) -> Result<()> {
        let size = self.kind.size();
        let (old, count) = (self.len(), data.len() / size);
        let end = end.clamp(start.min(old), old);
        let start = start.min(end);
        let Some(total) = (old - (end - start)).checked_add(count) else {
            return Err(th.no_memory());
        };
        self.check_resizable(th, total)?;
        if total > old {
            self.resize(th, total)?;
        }
        let tail = end * size..old * size;
        self.data_mut().copy_within(tail, (start + count) * size);
        if let Some(place) = self.data_mut().get_mut(start * size..(start + count) * size) {
            place.copy_from_slice(data);
        }
        if total < old {
            self.resize(th, total)?;
        }
        Ok(())
    }

    fn find(
        &self,
        th: Thread<'_>,
        value: Obj<'_>,
        from: usize,
        to: usize,
    ) -> Result<Option<usize>> {
        let mut index = from;
        while index < self.len() && index < to {
            if self.item(th, index)?.eq(th, value)? {
                return Ok(Some(index));
            }
            index += 1;
        }
        Ok(None)
    }

    fn repeated(&self, th: Thread<'_>, count: isize) -> Result<Vec<u8>> {
        let data = self.data();
        let count = count.max(0) as usize;
        let total = data.len().checked_mul(count).filter(|&n| isize::try_from(n).is_ok());
        let mut out = Vec::new();
        match total {
            Some(total) if out.try_reserve_exact(total).is_ok() => {}
            _ => return Err(th.no_memory()),
        }
        for _ in 0..if data.is_empty() { 0 } else { count } {
            out.extend_from_slice(data);
        }
        Ok(out)
    }

    fn text(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let mut out = StrBuilder::with_capacity(th, self.len())?;
        for bytes in self.data().chunks_exact(4) {
            let code = bytes.iter().rev().fold(0, |code, byte| code << 8 | u32::from(*byte));
            if code > 0x10_ffff {
                raise!(th, ValueError, "character U+{code:x} is not in range [U+0000; U+10ffff]");
            }
            out.push(th, code)?;
        }
        out.finish(th)
    }

    fn items_list(&self, th: Thread<'_>) -> Result<Ref<List>> {
        let mut items = Vec::new();
        if items.try_reserve_exact(self.len()).is_err() {
            return Err(th.no_memory());
        }
        self.kind.unpack_all(th, self.data(), |item| items.push(item))?;
        List::from_refs(th, items)
    }

    fn subscript(&self, th: Thread<'_>, key: Obj<'_>) -> Result<Option<isize>> {
        if Int::is_index(key) {
            return index::subscript(th, key).map(Some);
        }
        if index::is_slice(key) {
            return Ok(None);
        }
        raise!(th, TypeError, "array indices must be integers");
    }

    fn wrap(&self, index: isize) -> Option<usize> {
        let index = if index < 0 { index + self.len() as isize } else { index };
        usize::try_from(index).ok().filter(|&index| index < self.len())
    }

    /// A new array of the selected items.
    fn select(&self, th: Thread<'_>, selection: index::Selection) -> Result<Ref<Array>> {
        if selection.step != 1 {
            return self.copy_of(th, &self.selected(selection));
        }
        let (size, start) = (self.kind.size(), selection.start as usize);
        let bytes = start * size..(start + selection.length) * size;
        self.copy_of(th, self.data().get(bytes).unwrap_or_default())
    }

    /// The selected items' bytes.
    fn selected(&self, selection: index::Selection) -> Vec<u8> {
        let size = self.kind.size();
        let data = self.data();
        selection
            .indices()
            .flat_map(|i| data.get(i * size..(i + 1) * size).unwrap_or(&[]).iter().copied())
            .collect()
    }

    fn set_slice(&self, th: Thread<'_>, key: Obj<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let (start, stop, step) = index::slice_bounds(th, key)?;
        let data = match value {
            None => None,
            Some(value) => {
                let Some(other) = value.downcast::<Array>() else {
                    raise!(
                        th,
                        TypeError,
                        "can only assign array (not \"{}\") to array slice",
                        value.type_name()
                    );
                };
                if other.kind != self.kind {
                    raise!(th, TypeError, "bad argument type for built-in operation");
                }
                Some(other.data().to_vec())
            }
        };
        let selection = index::adjust(self.len(), start, stop, step);
        let size = self.kind.size();
        let count = data.as_ref().map_or(0, |data| data.len() / size);
        if self.exports.get() > 0 && count != selection.length {
            raise!(th, BufferError, "cannot resize an array that is exporting buffers");
        }
        if selection.step == 1 {
            let first = selection.start as usize;
            let data = data.unwrap_or_default();
            return self.splice(th, first, first + selection.length, &data);
        }
        let Some(data) = data else {
            let mut doomed: Vec<usize> = selection.indices().collect();
            doomed.sort_unstable();
            let mut kept = Vec::new();
            for (index, bytes) in self.data().chunks_exact(size).enumerate() {
                if doomed.binary_search(&index).is_err() {
                    kept.extend_from_slice(bytes);
                }
            }
            return self.splice(th, 0, self.len(), &kept);
        };
        if count != selection.length {
            raise!(
                th,
                ValueError,
                "attempt to assign array of size {count} to extended slice of size {}",
                selection.length
            );
        }
        for (index, bytes) in selection.indices().zip(data.chunks_exact(size)) {
            if let Some(place) = self.data_mut().get_mut(index * size..(index + 1) * size) {
                place.copy_from_slice(bytes);
            }
        }
        Ok(())
    }

    fn initialize(&self, th: Thread<'_>, initial: Obj<'_>) -> Result<()> {
        if let Some(text) = initial.downcast::<Str>()
            && self.kind.is_unicode()
        {
            self.reallocate(th, text.len())?;
            return self.push_text(th, text);
        }
        if let Some(other) = initial.downcast::<Array>() {
            if other.kind == self.kind {
                return self.push_array(th, other);
            }
        } else if initial.downcast::<Bytes>().is_some()
            || initial.downcast::<types::ByteArray>().is_some()
        {
            let bytes = BytesLike::get(th, initial)?;
            return self.push_bytes(th, &bytes);
        }
        if initial.downcast_exact::<List>().is_some() || initial.downcast_exact::<Tuple>().is_some()
        {
            self.reallocate(th, initial.length(th)?)?;
        }
        let iterator = initial.iter(th)?;
        while let Some(value) = iterator.next(th)? {
            self.push(th, value.obj())?;
        }
        Ok(())
    }
}

fn kind_argument(th: Thread<'_>, code: Obj<'_>, function: &str) -> Result<u32> {
    let Some(text) = code.downcast::<Str>() else {
        let got = if code.is_none() { "None" } else { code.type_name() };
        raise!(th, TypeError, "{function} must be a unicode character, not {got}");
    };
    match (text.len(), text.get(0)) {
        (1, Some(code)) => Ok(code),
        (length, _) => raise!(
            th,
            TypeError,
            "{function} must be a unicode character, not a string of length {length}"
        ),
    }
}

#[pymethods(parts(methods))]
impl Array {
    fn __new__(th: Thread<'_>, cls: &Type, args: &Tuple, kwargs: Option<&Dict>) -> Result<Ref> {
        if std::ptr::eq(cls, Array::type_object()) && kwargs.is_some_and(|kw| !kw.is_empty()) {
            raise!(th, TypeError, "array.array() takes no keyword arguments");
        }
        let items = args.items();
        let Some(&code) = items.first() else {
            raise!(th, TypeError, "array() takes at least 1 argument (0 given)");
        };
        if items.len() > 2 {
            raise!(th, TypeError, "array() takes at most 2 arguments ({} given)", items.len());
        }
        let code = kind_argument(th, code, "array() argument 1")?;
        if code == u32::from('u') {
            support::warn(
                th,
                exceptions::types::DeprecationWarning(),
                "The 'u' type code is deprecated and will be removed in Python 3.16",
                1,
            )?;
        }
        let Some(kind) = Kind::of(code) else {
            raise!(
                th,
                ValueError,
                "bad typecode (must be b, B, u, w, h, H, i, I, l, L, q, Q, f or d)"
            );
        };
        let initial = items.get(1).copied();
        if let Some(initial) = initial
            && !kind.is_unicode()
        {
            let of = kind.code();
            if initial.downcast::<Str>().is_some() {
                raise!(
                    th,
                    TypeError,
                    "cannot use a str to initialize an array with typecode '{of}'"
                );
            }
            if initial.downcast::<Array>().is_some_and(|array| array.kind.is_unicode()) {
                raise!(
                    th,
                    TypeError,
                    "cannot use a unicode array to initialize an array with typecode '{of}'"
                );
            }
        }
        let array = Array::new_in(th, cls, kind, 0)?;
        if let Some(initial) = initial {
            array.initialize(th, initial)?;
        }
        Ok(array.upcast())
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let mut out = StrBuilder::new();
        let name = types::type_::attrs::name(th, self.obj().ty())?;
        out.push_obj(th, &name)?;
        out.push_fmt(th, format_args!("('{}'", self.kind.code()))?;
        if self.len() > 0 {
            let value = if self.kind.is_unicode() {
                self.text(th)?.upcast()
            } else {
                self.items_list(th)?.upcast()
            };
            out.push_str(th, ", ")?;
            out.push_obj(th, &*value.repr(th)?)?;
        }
        out.push_str(th, ")")?;
        out.finish(th)
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result {
        let Some(other) = other.downcast::<Array>() else { return Ok(not_implemented_ref()) };
        let (n, m) = (self.len(), other.len());
        let equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
        if equality && n != m {
            return Ok(bool_(op == CompareOp::Ne).own());
        }
        if equality && self.kind == other.kind && self.kind.compares_as_bytes() {
            return Ok(bool_((self.data() == other.data()) == (op == CompareOp::Eq)).own());
        }
        let mut index = 0;
        while index < self.len() && index < other.len() {
            let (a, b) = (self.item(th, index)?, other.item(th, index)?);
            if !a.eq(th, b.obj())? {
                return match op {
                    CompareOp::Eq => Ok(bool_(false).own()),
                    CompareOp::Ne => Ok(bool_(true).own()),
                    _ => a.compare(th, b.obj(), op),
                };
            }
            index += 1;
        }
        Ok(bool_(op.of(self.len().cmp(&other.len()))).own())
    }

    fn __iter__(&self, th: Thread<'_>) -> Result<Ref<ArrayIterator>> {
        let array = Link::new(own(self));
        alloc_object::new(th, ArrayIterator { head: Head::new(), index: Cell::new(0), array })
    }

    fn sq_length(&self, _: Thread<'_>) -> usize {
        self.len()
    }

    fn mp_length(&self, _: Thread<'_>) -> usize {
        self.len()
    }

    fn sq_item(&self, th: Thread<'_>, index: isize) -> Result<Ref> {
        match usize::try_from(index) {
            Ok(index) => self.item(th, index),
            Err(_) => raise!(th, IndexError, "array index out of range"),
        }
    }

    fn sq_ass_item(&self, th: Thread<'_>, index: isize, value: Option<Obj<'_>>) -> Result<()> {
        let Some(index) = usize::try_from(index).ok().filter(|&index| index < self.len()) else {
            raise!(th, IndexError, "array assignment index out of range");
        };
        match value {
            Some(value) => self.set(th, index, value),
            None => self.splice(th, index, index + 1, &[]),
        }
    }

    fn __contains__(&self, th: Thread<'_>, value: Obj<'_>) -> Result<bool> {
        Ok(self.find(th, value, 0, usize::MAX)?.is_some())
    }

    fn sq_concat(&self, th: Thread<'_>, other: Obj<'_>) -> Result<Ref<Array>> {
        let Some(array) = other.downcast::<Array>() else {
            raise!(th, TypeError, "can only append array (not \"{}\") to array", other.type_name());
        };
        if array.kind != self.kind {
            raise!(th, TypeError, "bad argument type for built-in operation");
        }
        let sum = self.copy_of(th, self.data())?;
        sum.push_array(th, array)?;
        Ok(sum)
    }

    fn sq_repeat(&self, th: Thread<'_>, count: isize) -> Result<Ref<Array>> {
        let data = self.repeated(th, count)?;
        self.copy_of(th, &data)
    }

    fn sq_inplace_concat(&self, th: Thread<'_>, other: Obj<'_>) -> Result<Ref<Array>> {
        let Some(array) = other.downcast::<Array>() else {
            raise!(
                th,
                TypeError,
                "can only extend array with array (not \"{}\")",
                other.type_name()
            );
        };
        self.push_array(th, array)?;
        Ok(own(self))
    }

    fn sq_inplace_repeat(&self, th: Thread<'_>, count: isize) -> Result<Ref<Array>> {
        let data = self.repeated(th, count)?;
        let size = self.kind.size();
        self.resize(th, data.len() / size)?;
        self.data_mut().copy_from_slice(&data);
        Ok(own(self))
    }

    fn mp_subscript(&self, th: Thread<'_>, key: Obj<'_>) -> Result<Ref> {
        let Some(at) = self.subscript(th, key)? else {
            let (start, stop, step) = index::slice_bounds(th, key)?;
            let selection = index::adjust(self.len(), start, stop, step);
            return self.select(th, selection).map(Ref::upcast);
        };
        match self.wrap(at) {
            Some(index) => self.item(th, index),
            None => raise!(th, IndexError, "array index out of range"),
        }
    }

    fn mp_ass_subscript(&self, th: Thread<'_>, key: Obj<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(at) = self.subscript(th, key)? else { return self.set_slice(th, key, value) };
        let Some(index) = self.wrap(at) else {
            raise!(th, IndexError, "array assignment index out of range");
        };
        match value {
            Some(value) => self.set(th, index, value),
            None => self.splice(th, index, index + 1, &[]),
        }
    }

    fn bf_getbuffer(&self, th: Thread<'_>, view: &mut abi::Py_buffer, flags: i32) -> Result<()> {
        let _ = th;
        let data = NonNull::new(self.items.get()).unwrap_or(NonNull::<u64>::dangling().cast());
        view.obj = self.obj().own().into_raw();
        view.buf = data.as_ptr().cast();
        view.len = (self.len() * self.kind.size()) as isize;
        view.readonly = 0;
        view.ndim = 1;
        view.itemsize = self.kind.size() as isize;
        view.suboffsets = std::ptr::null_mut();
        view.shape = std::ptr::null_mut();
        if flags & abi::PyBUF_ND == abi::PyBUF_ND {
            view.shape = self.head_size_ptr();
        }
        view.strides = std::ptr::null_mut();
        if flags & abi::PyBUF_STRIDES == abi::PyBUF_STRIDES {
            view.strides = &raw mut view.itemsize;
        }
        view.format = std::ptr::null();
        view.internal = std::ptr::null_mut();
        if flags & abi::PyBUF_FORMAT == abi::PyBUF_FORMAT {
            view.format = self.kind.format().as_ptr();
        }
        self.exports.set(self.exports.get() + 1);
        Ok(())
    }

    fn bf_releasebuffer(&self, _: Thread<'_>, _: &mut abi::Py_buffer) -> Result<()> {
        self.exports.set(self.exports.get() - 1);
        Ok(())
    }

    /// The typecode character used to create the array.
    #[getter]
    fn typecode(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        Str::from_char(th, self.kind.code().into())
    }

    /// The size, in bytes, of one array item.
    #[getter]
    fn itemsize(&self, _: Thread<'_>) -> usize {
        self.kind.size()
    }
}

impl Array {
    /// The address of `ob_size`, which an exported buffer uses as its shape.
    fn head_size_ptr(&self) -> *mut isize {
        let var = std::ptr::from_ref(self).cast::<abi::PyVarObject>().cast_mut();
        // SAFETY: an array starts with the header of variable-size objects.
        unsafe { &raw mut (*var).ob_size }
    }
}

#[pymethods(part = methods)]
impl Array {
    /// Append new value v to the end of the array.
    #[sig = "($self, v, /)"]
    fn append(&self, th: Thread<'_>, v: Obj<'_>) -> Result<()> {
        self.push(th, v)
    }

    /// Return a tuple (address, length) giving the current memory address and the length in items of the buffer used to hold array's contents.
    ///
    /// The length should be multiplied by the itemsize attribute to calculate
    /// the buffer length in bytes.
    #[sig = "($self, /)"]
    fn buffer_info(&self, _: Thread<'_>) -> (usize, usize) {
        (self.items.get().addr(), self.len())
    }

    /// Byteswap all items of the array.
    ///
    /// If the items in the array are not 1, 2, 4, or 8 bytes in size, RuntimeError is
    /// raised.
    #[sig = "($self, /)"]
    fn byteswap(&self, _: Thread<'_>) {
        for item in self.data_mut().chunks_exact_mut(self.kind.size()) {
            item.reverse();
        }
    }

    /// Remove all items from the array.
    #[sig = "($self, /)"]
    fn clear(&self, th: Thread<'_>) -> Result<()> {
        self.resize(th, 0)
    }

    /// Return number of occurrences of v in the array.
    #[sig = "($self, v, /)"]
    fn count(&self, th: Thread<'_>, v: Obj<'_>) -> Result<usize> {
        let (mut count, mut index) = (0, 0);
        while index < self.len() {
            count += usize::from(self.item(th, index)?.eq(th, v)?);
            index += 1;
        }
        Ok(count)
    }

    /// Append items to the end of the array.
    #[sig = "($self, bb, /)"]
    fn extend(&self, th: Thread<'_>, bb: Obj<'_>) -> Result<()> {
        self.extend_with(th, bb)
    }

    /// Appends items from the string, interpreting it as an array of machine values, as if it had been read from a file using the fromfile() method.
    #[sig = "($self, buffer, /)"]
    fn frombytes(&self, th: Thread<'_>, buffer: Obj<'_>) -> Result<()> {
        if !has_buffer(buffer) {
            raise!(th, TypeError, "a bytes-like object is required, not '{}'", buffer.type_name());
        }
        let bytes = BytesLike::get(th, buffer)?;
        self.push_bytes(th, &bytes)
    }

    /// Read n objects from the file object f and append them to the end of the array.
    #[sig = "($self, f, n, /)"]
    fn fromfile(&self, th: Thread<'_>, f: Obj<'_>, n: isize) -> Result<()> {
        if n < 0 {
            raise!(th, ValueError, "negative count");
        }
        let Some(wanted) = n.checked_mul(self.kind.size() as isize) else {
            return Err(th.no_memory());
        };
        let count = Int::from_i64(th, wanted as i64)?;
        let read = f.call_method(th, id!(th, "read"), &[count.obj()])?;
        let Some(bytes) = read.obj().downcast::<Bytes>() else {
            raise!(th, TypeError, "read() didn't return bytes");
        };
        self.push_bytes(th, bytes.as_bytes())?;
        if bytes.len() != wanted as usize {
            raise!(th, EOFError, "read() didn't return enough bytes");
        }
        Ok(())
    }

    /// Append items to array from list.
    #[sig = "($self, list, /)"]
    fn fromlist(&self, th: Thread<'_>, list: Obj<'_>) -> Result<()> {
        let Some(list) = list.downcast::<List>() else {
            raise!(th, TypeError, "arg must be list");
        };
        let (old, size) = (self.len(), list.len());
        if size == 0 {
            return Ok(());
        }
        self.resize(th, old + size)?;
        for index in 0..size {
            let result = match list.get(index) {
                Some(value) => self.set(th, old + index, value.obj()),
                None => Ok(()),
            };
            let result = result.and_then(|()| match list.len() == size {
                true => Ok(()),
                false => raise!(th, RuntimeError, "list changed size during iteration"),
            });
            if let Err(raised) = result {
                self.resize(th, old)?;
                return Err(raised);
            }
        }
        Ok(())
    }

    /// Extends this array with data from the unicode string ustr.
    ///
    /// The array must be a unicode type array; otherwise a ValueError is raised.
    /// Use array.frombytes(ustr.encode(...)) to append Unicode data to an array of
    /// some other type.
    #[sig = "($self, ustr, /)"]
    fn fromunicode(&self, th: Thread<'_>, ustr: &Str) -> Result<()> {
        if !self.kind.is_unicode() {
            raise!(
                th,
                ValueError,
                "fromunicode() may only be called on unicode type arrays ('u' or 'w')"
            );
        }
        self.push_text(th, ustr)
    }

    /// Return index of first occurrence of v in the array.
    ///
    /// Raise ValueError if the value is not present.
    #[sig = "($self, v, start=0, stop=sys.maxsize, /)"]
    fn index(
        &self,
        th: Thread<'_>,
        v: Obj<'_>,
        start: Option<index::Bound>,
        stop: Option<index::Bound>,
    ) -> Result<usize> {
        let (start, stop) = index::search_range(self.len(), start, stop);
        match self.find(th, v, start, stop)? {
            Some(index) => Ok(index),
            None => raise!(th, ValueError, "array.index(x): x not in array"),
        }
    }

    /// Insert a new item v into the array before position i.
    #[sig = "($self, i, v, /)"]
    fn insert(&self, th: Thread<'_>, i: isize, v: Obj<'_>) -> Result<()> {
        let bytes = self.kind.pack(th, v)?;
        let length = self.len() as isize;
        let at = if i < 0 { (i + length).max(0) } else { i.min(length) } as usize;
        let size = self.kind.size();
        self.splice(th, at, at, bytes.get(..size).unwrap_or(&[]))
    }

    /// Return the i-th element and delete it from the array.
    ///
    /// i defaults to -1.
    #[sig = "($self, i=-1, /)"]
    fn pop(&self, th: Thread<'_>, i: isize) -> Result<Ref> {
        if self.len() == 0 {
            raise!(th, IndexError, "pop from empty array");
        }
        let Some(index) = self.wrap(i) else {
            raise!(th, IndexError, "pop index out of range");
        };
        let item = self.item(th, index)?;
        self.splice(th, index, index + 1, &[])?;
        Ok(item)
    }

    /// Remove the first occurrence of v in the array.
    #[sig = "($self, v, /)"]
    fn remove(&self, th: Thread<'_>, v: Obj<'_>) -> Result<()> {
        match self.find(th, v, 0, usize::MAX)? {
            Some(index) => self.splice(th, index, index + 1, &[]),
            None => raise!(th, ValueError, "array.remove(x): x not in array"),
        }
    }

    /// Reverse the order of the items in the array.
    #[sig = "($self, /)"]
    fn reverse(&self, _: Thread<'_>) {
        let data = self.data_mut();
        data.reverse();
        for item in data.chunks_exact_mut(self.kind.size()) {
            item.reverse();
        }
    }

    /// Convert the array to an array of machine values and return the bytes representation.
    #[sig = "($self, /)"]
    fn tobytes(&self, th: Thread<'_>) -> Result<Ref<Bytes>> {
        Bytes::new(th, self.data())
    }

    /// Write all items (as machine values) to the file object f.
    #[sig = "($self, f, /)"]
    fn tofile(&self, th: Thread<'_>, f: Obj<'_>) -> Result<()> {
        const BLOCK: usize = 64 * 1024;
        let mut at = 0;
        while at < self.data().len() {
            let data = self.data();
            let block = data.get(at..(at + BLOCK).min(data.len())).unwrap_or(&[]);
            let bytes = Bytes::new(th, block)?;
            f.call_method(th, id!(th, "write"), &[bytes.obj()])?;
            at += BLOCK;
        }
        Ok(())
    }

    /// Convert array to an ordinary list with the same items.
    #[sig = "($self, /)"]
    fn tolist(&self, th: Thread<'_>) -> Result<Ref<List>> {
        self.items_list(th)
    }

    /// Extends this array with data from the unicode string ustr.
    ///
    /// Convert the array to a unicode string.  The array must be a unicode type array;
    /// otherwise a ValueError is raised.  Use array.tobytes().decode() to obtain a
    /// unicode string from an array of some other type.
    #[sig = "($self, /)"]
    fn tounicode(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        if !self.kind.is_unicode() {
            raise!(
                th,
                ValueError,
                "tounicode() may only be called on unicode type arrays ('u' or 'w')"
            );
        }
        self.text(th)
    }

    /// Return a copy of the array.
    #[sig = "($self, /)"]
    fn __copy__(&self, th: Thread<'_>) -> Result<Ref<Array>> {
        self.copy_of(th, self.data())
    }

    /// Return a copy of the array.
    #[sig = "($self, unused, /)"]
    fn __deepcopy__(&self, th: Thread<'_>, unused: Obj<'_>) -> Result<Ref<Array>> {
        let _ = unused;
        self.copy_of(th, self.data())
    }

    /// Size of the array in memory, in bytes.
    #[sig = "($self, /)"]
    fn __sizeof__(&self, _: Thread<'_>) -> usize {
        self.obj().ty().basicsize() + self.allocated.get() as usize * self.kind.size()
    }

    /// Return state information for pickling.
    #[sig = "($self, value, /)"]
    fn __reduce_ex__(&self, th: Thread<'_>, value: Obj<'_>) -> Result<Ref> {
        if !Int::is_int(value) {
            raise!(th, TypeError, "__reduce_ex__ argument should be an integer");
        }
        let protocol = Int::index_to_i64(th, value)?;
        let reconstructor = support::import_from(th, "array", "_array_reconstructor")?;
        let dict = match self.obj().getattr_opt(th, id!(th, "__dict__"))? {
            Some(dict) => dict,
            None => types::none().own(),
        };
        let cls = self.obj().ty().obj().own();
        let code = Str::from_char(th, self.kind.code().into())?.upcast();
        if protocol < 3 {
            let items = self.items_list(th)?.upcast();
            let args = Tuple::from_array(th, [code, items])?;
            return (cls, args, dict).into_object(th);
        }
        let format = Int::from_i64(th, self.kind.machine_format().into())?;
        let data = Bytes::new(th, self.data())?.upcast();
        let args = Tuple::from_array(th, [cls, code, format, data])?;
        (reconstructor, args, dict).into_object(th)
    }

    /// See PEP 585
    #[classmethod]
    #[sig = "($type, object, /)"]
    fn __class_getitem__(th: Thread<'_>, cls: &Type, object: Obj<'_>) -> Result<Ref> {
        types::generic_alias::new(th, cls.obj(), object)
    }
}

#[pymethods]
impl ArrayIterator {
    fn __iter__(_: Thread<'_>, this: Obj<'_>) -> Ref {
        this.own()
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        let Some(array) = self.array.get() else { return Ok(None) };
        let index = self.index.get() as usize;
        if index < array.len() {
            self.index.set(index as isize + 1);
            return array.item(th, index).map(Some);
        }
        self.array.set(None);
        Ok(None)
    }

    /// Return state information for pickling.
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref> {
        let iter = crate::construct::builtin_type(th, "iter")?;
        match self.array.get() {
            Some(array) => {
                let args = Tuple::from_array(th, [array.upcast()])?;
                (iter, args, self.index.get()).into_object(th)
            }
            None => {
                let args = Tuple::from_array(th, [types::empty_tuple().upcast()])?;
                (iter, args).into_object(th)
            }
        }
    }

    /// Set state information for unpickling.
    #[sig = "($self, state, /)"]
    fn __setstate__(&self, th: Thread<'_>, state: Obj<'_>) -> Result<()> {
        let index = Int::index_to_isize(th, state)?;
        if let Some(array) = self.array.get() {
            self.index.set(index.clamp(0, array.len() as isize));
        }
        Ok(())
    }
}

/// Make an array of items in a representation that need not be this machine's.
fn reconstruct(
    th: Thread<'_>,
    cls: &Type,
    kind: Kind,
    format: Format,
    data: &[u8],
) -> Result<Ref<Array>> {
    if let Format::Utf16 { big } | Format::Utf32 { big } = format {
        let encoding = match (format, big) {
            (Format::Utf16 { .. }, false) => "utf-16-le",
            (Format::Utf16 { .. }, true) => "utf-16-be",
            (_, false) => "utf-32-le",
            (_, true) => "utf-32-be",
        };
        let text = types::str::codec::decode(th, data, encoding, "strict")?;
        let array = Array::new_in(th, cls, kind, 0)?;
        array.push_text(th, &text)?;
        return Ok(array);
    }
    let array = Array::new_in(th, cls, kind, 0)?;
    for item in data.chunks_exact(format.size()) {
        array.push(th, format.unpack(th, item)?.obj())?;
    }
    Ok(array)
}

/// This module defines an object type which can efficiently represent
/// an array of basic values: characters, integers, floating-point
/// numbers.
#[pymodule(name = "array")]
pub mod module {
    use super::*;

    /// Internal. Used for pickling support.
    #[sig = "(arraytype, typecode, mformat_code, items, /)"]
    fn _array_reconstructor(
        th: Thread<'_>,
        arraytype: &Type,
        typecode: Obj<'_>,
        mformat_code: i32,
        items: Obj<'_>,
    ) -> Result<Ref<Array>> {
        let code = kind_argument(th, typecode, "_array_reconstructor() argument 2")?;
        if !arraytype.is_subtype(Array::type_object()) {
            raise!(th, TypeError, "{} is not a subtype of array.array", arraytype.name());
        }
        let Some(kind) = Kind::of(code) else {
            raise!(th, ValueError, "second argument must be a valid type code");
        };
        let Some(format) = Format::of(mformat_code) else {
            raise!(th, ValueError, "third argument must be a valid machine format code.");
        };
        let Some(items) = items.downcast::<Bytes>() else {
            raise!(th, TypeError, "fourth argument should be bytes, not {}", items.type_name());
        };
        let data = items.as_bytes();
        if i32::from(kind.machine_format()) == mformat_code {
            let array = Array::new_in(th, arraytype, kind, 0)?;
            array.push_bytes(th, data)?;
            return Ok(array);
        }
        if data.len() % format.size() != 0 {
            raise!(th, ValueError, "bytes length not a multiple of item size");
        }
        // COMPAT: another kind whose items look as the data say is preferred;
        // test_array.ArrayReconstructorTest.
        let other = TYPECODES.bytes().filter_map(|code| Kind::of(code.into())).find(|other| {
            !other.is_unicode()
                && !matches!(format, Format::Utf16 { .. } | Format::Utf32 { .. })
                && i32::from(other.machine_format()) == mformat_code
        });
        reconstruct(th, arraytype, other.unwrap_or(kind), format, data)
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        module.add_type::<Array>(th)?;
        types::type_::ready(th, <ArrayIterator as object::declare::Declared>::DECL)?;
        module.set(th, "ArrayType", Array::type_object().obj())?;
        let codes = Str::new(th, TYPECODES)?;
        module.set(th, "typecodes", codes.obj())?;

        register(th)
    }

    /// `collections.abc.MutableSequence.register(array)`.
    fn register(th: Thread<'_>) -> Result<()> {
        let class = support::import_from(th, "collections.abc", "MutableSequence")?;
        class.call_method(th, id!(th, "register"), &[Array::type_object().obj()]).map(drop)
    }
}
