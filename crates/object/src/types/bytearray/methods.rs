//! What a `bytearray` can do that a `bytes` cannot: change.

use macros::pymethods;

use super::ByteArray;
use crate::{
    AsObject, Bytes, Int, IntoObject, Obj, Protocol, Result, Str, Thread, Tuple, error,
    exceptions::types::TypeError,
    protocol::{
        buffer::{self, BytesLike},
        index,
    },
    raise,
    types::bytes::shared::{self, ByteString},
};

impl ByteArray {
    fn pickle(&self, th: Thread<'_>, protocol: isize) -> Result {
        let state = if self.obj().is_exact::<ByteArray>() {
            crate::types::none().own()
        } else {
            self.call_method(th, crate::id!(th, "__getstate__"), &[])?
        };
        let cls = self.obj().ty().obj().own();
        let args = if protocol < 3 {
            let text = Str::from_units(th, text::Units::Ucs1(self.data()))?;
            let codec = Str::new(th, "latin-1")?;
            Tuple::from_array(th, [text.upcast(), codec.upcast()])?
        } else {
            let bytes = Bytes::new(th, self.data())?;
            Tuple::from_array(th, [bytes.upcast()])?
        };
        (cls, args, state).into_object(th)
    }

    /// The index `key` stands for.
    fn item_index(&self, th: Thread<'_>, key: Obj<'_>) -> Result<usize> {
        let index = index::subscript(th, key)?;
        let index = if index < 0 { index + self.len() as isize } else { index };
        match usize::try_from(index).ok().filter(|&index| index < self.len()) {
            Some(index) => Ok(index),
            None => raise!(th, IndexError, "bytearray index out of range"),
        }
    }

    fn set_at(&self, th: Thread<'_>, index: usize, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else { return self.splice(th, index, index + 1, &[]) };
        let byte = shared::byte_of(th, value, false)?;
        // Converting the value can have shortened the array.
        if index >= self.len() {
            raise!(th, IndexError, "bytearray index out of range");
        }
        self.write(index, &[byte]);
        Ok(())
    }

    /// Append the ints that an iterator yields.
    pub(super) fn push_all(&self, th: Thread<'_>, iterator: Obj<'_>) -> Result<()> {
        while let Some(item) = iterator.next(th)? {
            self.push(th, item.obj())?;
        }
        Ok(())
    }

    /// Append an int as a byte.
    pub(super) fn push(&self, th: Thread<'_>, item: Obj<'_>) -> Result<()> {
        let byte = shared::byte_of(th, item, false)?;
        let length = self.len();
        self.resize(th, length + 1)?;
        self.write(length, &[byte]);
        Ok(())
    }

    /// The bytes of a value assigned to a slice.
    fn assigned(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<Vec<u8>> {
        let Some(value) = value else { return Ok(Vec::new()) };
        if let Some(array) = value.downcast::<ByteArray>() {
            return Ok(array.data().to_vec());
        }
        if let Some(bytes) = BytesLike::try_get(th, value)? {
            return Ok(bytes.to_vec());
        }
        let iterable =
            value.ty().slots().tp_iter.is_some() || crate::protocol::mapping::is_sequence(value);
        if Int::is_int(value) || value.downcast::<Str>().is_some() || !iterable {
            raise!(
                th,
                TypeError,
                "can assign only bytes, buffers, or iterables of ints in range(0, 256)"
            );
        }
        let iterator = value.iter(th)?;
        shared::collect(th, iterator.obj(), false)
    }
}

#[pymethods(part = methods)]
impl ByteArray {
    /// B.__alloc__() -> int
    ///
    /// Return the number of bytes actually allocated.
    #[sig = "($self, /)"]
    fn __alloc__(&self, _: Thread<'_>) -> isize {
        self.alloc.get()
    }

    /// Return state information for pickling.
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result {
        self.pickle(th, 2)
    }

    /// Return state information for pickling.
    #[sig = "($self, proto=0, /)"]
    fn __reduce_ex__(&self, th: Thread<'_>, proto: isize) -> Result {
        self.pickle(th, proto)
    }

    /// Returns the size of the bytearray object in memory, in bytes.
    #[sig = "($self, /)"]
    fn __sizeof__(&self, _: Thread<'_>) -> usize {
        self.obj().ty().basicsize() + self.alloc.get() as usize
    }

    /// Append a single item to the end of the bytearray.
    ///
    ///   item
    ///     The item to be appended.
    #[sig = "($self, item, /)"]
    fn append(&self, th: Thread<'_>, item: Obj<'_>) -> Result<()> {
        self.push(th, item)
    }

    /// Remove all items from the bytearray.
    #[sig = "($self, /)"]
    fn clear(&self, th: Thread<'_>) -> Result<()> {
        self.resize(th, 0)
    }

    /// Return a copy of B.
    #[sig = "($self, /)"]
    fn copy(&self, th: Thread<'_>) -> Result {
        Self::make(th, self.data())
    }

    /// Append all the items from the iterator or sequence to the end of the bytearray.
    ///
    ///   iterable_of_ints
    ///     The iterable of items to append.
    #[sig = "($self, iterable_of_ints, /)"]
    fn extend(&self, th: Thread<'_>, iterable: Obj<'_>) -> Result<()> {
        // Asking for the buffer can change the length.
        let length = self.len();
        let copied = BytesLike::try_get(th, iterable)?.map(|bytes| bytes.to_vec());
        if let Some(bytes) = copied {
            return self.splice(th, length, length, &bytes);
        }
        if iterable.downcast::<Str>().is_some() {
            raise!(th, TypeError, "expected iterable of integers; got: 'str'");
        }
        let iterator = match iterable.iter(th) {
            Ok(iterator) => iterator,
            Err(raised) => {
                th.catch(raised, TypeError())?;
                raise!(th, TypeError, "can't extend bytearray with {}", iterable.type_name());
            }
        };
        // COMPAT: an error of `__len__` or `__length_hint__` is one of `extend`
        // (test_iterlen, test_issue1242657).
        crate::protocol::iter::length_hint(th, iterable, 32)?;
        let bytes = shared::collect(th, iterator.obj(), false)?;
        let length = self.len();
        self.splice(th, length, length, &bytes)
    }

    /// Insert a single item into the bytearray before the given index.
    ///
    ///   index
    ///     The index where the value is to be inserted.
    ///   item
    ///     The item to be inserted.
    #[sig = "($self, index, item, /)"]
    fn insert(&self, th: Thread<'_>, index: isize, item: Obj<'_>) -> Result<()> {
        let byte = shared::byte_of(th, item, false)?;
        let length = self.len() as isize;
        let index = if index < 0 { (index + length).max(0) } else { index.min(length) };
        self.splice(th, index as usize, index as usize, &[byte])
    }

    /// Remove and return a single item from B.
    ///
    ///   index
    ///     The index from where to remove the item.
    ///     -1 (the default value) means remove the last item.
    ///
    /// If no index argument is given, will pop the last item.
    #[sig = "($self, index=-1, /)"]
    fn pop(&self, th: Thread<'_>, index: isize) -> Result {
        let length = self.len() as isize;
        if length == 0 {
            raise!(th, IndexError, "pop from empty bytearray");
        }
        let index = if index < 0 { index + length } else { index };
        let byte = usize::try_from(index).ok().and_then(|i| self.data().get(i).copied());
        let Some(byte) = byte else { raise!(th, IndexError, "pop index out of range") };
        self.splice(th, index as usize, index as usize + 1, &[])?;
        Int::from_i64(th, byte.into())
    }

    /// Remove the first occurrence of a value in the bytearray.
    ///
    ///   value
    ///     The value to remove.
    #[sig = "($self, value, /)"]
    fn remove(&self, th: Thread<'_>, value: Obj<'_>) -> Result<()> {
        let byte = shared::byte_of(th, value, false)?;
        match self.data().iter().position(|&other| other == byte) {
            Some(index) => self.splice(th, index, index + 1, &[]),
            None => raise!(th, ValueError, "value not found in bytearray"),
        }
    }

    /// Resize the internal buffer of bytearray to len.
    ///
    ///   size
    ///     New size to resize to.
    #[sig = "($self, size, /)"]
    #[name = "resize"]
    fn resize_method(&self, th: Thread<'_>, size: isize) -> Result<()> {
        match usize::try_from(size) {
            Ok(size) => self.resize(th, size),
            Err(_) => {
                raise!(th, ValueError, "Can only resize to positive sizes, got {size}")
            }
        }
    }

    /// Reverse the order of the values in B in place.
    #[sig = "($self, /)"]
    fn reverse(&self, _: Thread<'_>) {
        let mut data = self.data().to_vec();
        data.reverse();
        self.write(0, &data);
    }

    fn sq_ass_item(&self, th: Thread<'_>, index: isize, value: Option<Obj<'_>>) -> Result<()> {
        match usize::try_from(index).ok().filter(|&index| index < self.len()) {
            Some(index) => self.set_at(th, index, value),
            None => Err(error!(th, IndexError, "bytearray index out of range")),
        }
    }

    fn mp_ass_subscript(&self, th: Thread<'_>, key: Obj<'_>, value: Option<Obj<'_>>) -> Result<()> {
        if Int::is_index(key) {
            let index = self.item_index(th, key)?;
            return self.set_at(th, index, value);
        }
        if !index::is_slice(key) {
            raise!(
                th,
                TypeError,
                "bytearray indices must be integers or slices, not {}",
                key.type_name()
            );
        }
        let (start, stop, step) = index::slice_bounds(th, key)?;
        let data = self.assigned(th, value)?;
        let selection = index::adjust(self.len(), start, stop, step);
        if step == 1 {
            let start = selection.start as usize;
            return self.splice(th, start, start + selection.length, &data);
        }
        if value.is_none() || (data.is_empty() && selection.length > 0) {
            if selection.length == 0 {
                return Ok(());
            }
            self.check_resizable(th)?;
            let mut removed = vec![false; self.len()];
            for index in selection.indices() {
                if let Some(place) = removed.get_mut(index) {
                    *place = true;
                }
            }
            let kept: Vec<u8> = self
                .data()
                .iter()
                .zip(&removed)
                .filter(|(_, removed)| !**removed)
                .map(|(&byte, _)| byte)
                .collect();
            self.write(0, &kept);
            return self.resize(th, kept.len());
        }
        if data.len() != selection.length {
            raise!(
                th,
                ValueError,
                "attempt to assign bytes of size {} to extended slice of size {}",
                data.len(),
                selection.length
            );
        }
        self.write_selected(&selection, &data);
        Ok(())
    }

    fn sq_inplace_concat(&self, th: Thread<'_>, other: Obj<'_>) -> Result {
        if !buffer::has_buffer(other) {
            raise!(
                th,
                TypeError,
                "can't concat {} to {}",
                other.type_name(),
                self.obj().type_name()
            );
        }
        let length = self.len();
        if other.is(self.obj()) {
            let copy = self.data().to_vec();
            self.splice(th, length, length, &copy)?;
        } else {
            let bytes = BytesLike::get(th, other)?;
            self.splice(th, length, length, &bytes)?;
        }
        Ok(self.obj().own())
    }

    fn sq_inplace_repeat(&self, th: Thread<'_>, count: isize) -> Result {
        let count = usize::try_from(count).unwrap_or(0);
        let length = self.len();
        let Some(size) = length.checked_mul(count) else { return Err(th.no_memory()) };
        self.resize(th, size)?;
        for i in 1..count {
            self.shift(0, i * length, length);
        }
        Ok(self.obj().own())
    }
}
