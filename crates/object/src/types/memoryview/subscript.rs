//! Items and parts of a view: indexing, slicing, assignment, searching.

use macros::pymethods;

use super::{MemoryView, item};
use crate::{
    AsObject, CompareOp, Int, Obj, Protocol, Ref, Result, Thread, Tuple, error, protocol::index,
    raise,
};

/// What a subscript of a view means.
enum Key {
    /// All of it, or the item of a scalar.
    Whole,
    Index(isize),
    /// One index per dimension.
    Indices(Vec<isize>),
    Slice,
    /// One slice per dimension.
    Slices,
    Invalid,
}

impl MemoryView {
    fn key(&self, th: Thread<'_>, key: Obj<'_>) -> Result<Key> {
        if Int::is_index(key) {
            return index::subscript(th, key).map(Key::Index);
        }
        if index::is_slice(key) {
            return Ok(Key::Slice);
        }
        let Some(tuple) = key.downcast::<Tuple>() else {
            let whole = key.is(crate::types::ellipsis());
            return Ok(if whole { Key::Whole } else { Key::Invalid });
        };
        let items = tuple.items();
        if items.iter().all(|item| Int::is_index(*item)) {
            let mut indices = Vec::new();
            for item in items {
                indices.push(index::subscript(th, *item)?);
            }
            return Ok(Key::Indices(indices));
        }
        let slices = items.iter().all(|item| index::is_slice(*item));
        Ok(if slices && !items.is_empty() { Key::Slices } else { Key::Invalid })
    }

    /// The address of item `index` of a dimension.
    fn offset(
        &self,
        th: Thread<'_>,
        dimension: usize,
        base: *mut u8,
        index: isize,
    ) -> Result<*mut u8> {
        let extent = self.shape().get(dimension).copied().unwrap_or(0);
        let fixed = if index < 0 { index.saturating_add(extent) } else { index };
        if fixed < 0 || fixed >= extent {
            raise!(th, IndexError, "index out of bounds on dimension {}", dimension + 1);
        }
        let stride = self.strides().get(dimension).copied().unwrap_or(0);
        Ok(self.step(dimension, base, fixed * stride))
    }

    fn address(&self, th: Thread<'_>, indices: &[isize]) -> Result<*mut u8> {
        let ndim = self.shape().len();
        if indices.len() > ndim {
            raise!(
                th,
                TypeError,
                "cannot index {ndim}-dimension view with {}-element tuple",
                indices.len()
            );
        }
        if indices.len() < ndim {
            raise!(th, NotImplementedError, "sub-views are not implemented");
        }
        let mut base = self.view().buf.cast();
        for (dimension, &index) in indices.iter().enumerate() {
            base = self.offset(th, dimension, base, index)?;
        }
        Ok(base)
    }

    /// The view of a slice of the first dimension.
    fn sliced(&self, th: Thread<'_>, slice: Obj<'_>) -> Result<Ref<MemoryView>> {
        // The new view keeps the memory while the bounds run Python code.
        let view = self.derive(th, self.view())?;
        let (start, stop, step) = index::slice_bounds(th, slice)?;
        let (shape, strides, _) = view.arrays_mut();
        let (Some(extent), Some(stride)) = (shape.first_mut(), strides.first_mut()) else {
            raise!(th, TypeError, "invalid indexing of 0-dim memory");
        };
        let selection = index::adjust(usize::try_from(*extent).unwrap_or(0), start, stop, step);
        let fields = view.view_mut();
        if selection.length > 0 {
            fields.buf = fields.buf.wrapping_byte_offset(*stride * selection.start);
        }
        *extent = selection.length as isize;
        *stride = stride.wrapping_mul(step);
        fields.len = shape.iter().product::<isize>() * fields.itemsize;
        view.update_flags();
        Ok(view)
    }

    fn pack_at(&self, th: Thread<'_>, address: *mut u8, value: Obj<'_>) -> Result<()> {
        let format = self.native_format(th)?;
        let mut packed = [0; 16];
        let size = self.itemsize().min(packed.len());
        let (packed, _) = packed.split_at_mut(size);
        item::pack(th, format, value, packed)?;
        // Converting the value can run code that releases the view.
        self.check(th)?;
        // SAFETY: an item of a writable view.
        unsafe { address.copy_from_nonoverlapping(packed.as_ptr(), size) };
        Ok(())
    }

    fn assign_slice(&self, th: Thread<'_>, slice: Obj<'_>, value: Obj<'_>) -> Result<()> {
        let target = self.sliced(th, slice)?;
        self.check(th)?;
        if value.ty().buffer().is_none_or(|buffer| buffer.bf_getbuffer.is_none()) {
            let got = value.type_name();
            raise!(th, TypeError, "a bytes-like object is required, not '{got}'");
        }
        let source = MemoryView::from_object(th, value)?;
        let format = |view: &MemoryView| {
            let format = view.format_bytes();
            format.strip_prefix(b"@").unwrap_or(format).to_vec()
        };
        if format(&target) != format(&source)
            || target.view().itemsize != source.view().itemsize
            || target.shape() != source.shape()
        {
            raise!(
                th,
                ValueError,
                "memoryview assignment: lvalue and rvalue have different structures"
            );
        }
        // The memories may overlap.
        let data = source.to_vec(th)?;
        let size = self.itemsize();
        let mut items = data.chunks_exact(size.max(1));
        target.for_each_item(|address| {
            if let Some(item) = items.next() {
                // SAFETY: an item of a writable view.
                unsafe { address.copy_from_nonoverlapping(item.as_ptr(), size) };
            }
            Ok(())
        })
    }

    fn require_simple(&self, th: Thread<'_>) -> Result<()> {
        self.check(th)?;
        match self.shape().len() {
            0 => raise!(th, TypeError, "invalid indexing of 0-dim memory"),
            1 => Ok(()),
            _ => raise!(th, NotImplementedError, "multi-dimensional sub-views are not implemented"),
        }
    }
}

#[pymethods(part = subscripts)]
impl MemoryView {
    fn sq_length(&self, th: Thread<'_>) -> Result<usize> {
        self.len_checked(th)
    }

    fn mp_length(&self, th: Thread<'_>) -> Result<usize> {
        self.len_checked(th)
    }

    fn sq_item(&self, th: Thread<'_>, index: isize) -> Result {
        self.require_simple(th)?;
        let address = self.offset(th, 0, self.view().buf.cast(), index)?;
        self.unpack(th, address)
    }

    fn mp_subscript(&self, th: Thread<'_>, key: Obj<'_>) -> Result {
        self.check(th)?;
        let parsed = self.key(th, key)?;
        self.check(th)?;
        if self.shape().is_empty() {
            return match parsed {
                Key::Indices(indices) if indices.is_empty() => {
                    self.unpack(th, self.view().buf.cast())
                }
                Key::Whole => Ok(self.obj().own()),
                _ => raise!(th, TypeError, "invalid indexing of 0-dim memory"),
            };
        }
        match parsed {
            Key::Index(index) => self.sq_item(th, index),
            Key::Slice => {
                self.check_restricted(th)?;
                self.sliced(th, key).map(Ref::upcast)
            }
            Key::Indices(indices) => {
                let address = self.address(th, &indices)?;
                self.unpack(th, address)
            }
            Key::Slices => {
                raise!(th, NotImplementedError, "multi-dimensional slicing is not implemented")
            }
            Key::Whole | Key::Invalid => raise!(th, TypeError, "memoryview: invalid slice key"),
        }
    }

    fn mp_ass_subscript(&self, th: Thread<'_>, key: Obj<'_>, value: Option<Obj<'_>>) -> Result<()> {
        self.check(th)?;
        self.native_format(th)?;
        if self.view().readonly != 0 {
            raise!(th, TypeError, "cannot modify read-only memory");
        }
        let Some(value) = value else { return Err(error!(th, TypeError, "cannot delete memory")) };
        let parsed = self.key(th, key)?;
        self.check(th)?;
        if self.shape().is_empty() {
            return match parsed {
                Key::Whole => self.pack_at(th, self.view().buf.cast(), value),
                Key::Indices(indices) if indices.is_empty() => {
                    self.pack_at(th, self.view().buf.cast(), value)
                }
                _ => raise!(th, TypeError, "invalid indexing of 0-dim memory"),
            };
        }
        match parsed {
            Key::Index(index) => {
                if self.shape().len() > 1 {
                    raise!(th, NotImplementedError, "sub-views are not implemented");
                }
                let address = self.offset(th, 0, self.view().buf.cast(), index)?;
                self.pack_at(th, address, value)
            }
            Key::Slice if self.shape().len() == 1 => self.assign_slice(th, key, value),
            Key::Indices(indices) => {
                let address = self.address(th, &indices)?;
                self.pack_at(th, address, value)
            }
            Key::Slice | Key::Slices => raise!(
                th,
                NotImplementedError,
                "memoryview slice assignments are currently restricted to ndim = 1"
            ),
            Key::Whole | Key::Invalid => {
                raise!(th, TypeError, "memoryview: invalid slice key")
            }
        }
    }

    /// Count the number of occurrences of a value.
    #[sig = "($self, value, /)"]
    fn count(&self, th: Thread<'_>, value: Obj<'_>) -> Result<usize> {
        let iterator = self.obj().iter(th)?;
        let mut count = 0;
        while let Some(item) = iterator.next(th)? {
            if item.obj().is(value) || item.compare(th, value, CompareOp::Eq)?.is_true(th)? {
                count += 1;
            }
        }
        Ok(count)
    }

    /// Return the index of the first occurrence of a value.
    ///
    /// Raises ValueError if the value is not present.
    #[sig = "($self, value, start=0, stop=sys.maxsize, /)"]
    fn index(&self, th: Thread<'_>, value: Obj<'_>, start: isize, stop: isize) -> Result<isize> {
        self.check(th)?;
        if self.shape().is_empty() {
            raise!(th, TypeError, "invalid lookup on 0-dim memory");
        }
        if self.shape().len() > 1 {
            raise!(th, NotImplementedError, "multi-dimensional lookup is not implemented");
        }
        let length = self.len_checked(th)? as isize;
        let fix = |index: isize| {
            if index < 0 { index.saturating_add(length).max(0) } else { index.min(length) }
        };
        for i in fix(start)..fix(stop) {
            let item = self.sq_item(th, i)?;
            if item.obj().is(value) || item.compare(th, value, CompareOp::Eq)?.is_true(th)? {
                return Ok(i);
            }
        }
        raise!(th, ValueError, "memoryview.index(x): x not found")
    }
}
