//! `slice`: start, stop and step as written, and what they select.
//!
//! [`Slice::unpack`] can run Python code (`__index__`), so a container reads
//! its length after it and then asks [`Unpacked::adjust`].

use std::mem::offset_of;

use macros::{pymethods, pytype};

use crate::{
    AsObject, CompareOp, Dict, Head, Int, IntoObject, Obj, Protocol, PyStruct, Ref, Result, Str,
    Thread, Tuple, Type, alloc_object,
    declare::TypeBuilder,
    exceptions::types::IndexError,
    protocol::{compare, number},
    raise,
    types::none,
};

use super::singletons::not_implemented_ref;

/// slice(stop)
/// slice(start, stop[, step])
///
/// Create a slice object.
///
/// This is used for extended slicing (e.g. a[0:10:2]).
#[pytype(name = "slice", c_name = "PySlice_Type", layout = abi::PySliceObject)]
pub struct Slice {
    head: Head,
    start: Ref,
    stop: Ref,
    step: Ref,
}

/// A slice as numbers, not yet fitted to a length.
#[derive(Clone, Copy, Debug)]
pub struct Unpacked {
    pub start: isize,
    pub stop: isize,
    pub step: isize,
}

/// The items that a slice selects: `len` of them, from `start` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub start: isize,
    pub stop: isize,
    pub step: isize,
    pub len: usize,
}

impl Unpacked {
    /// Fit to a container of `len` items.
    pub fn adjust(self, len: usize) -> Span {
        let len = len as isize;
        let backwards = self.step < 0;
        let fit = |index: isize| {
            if index < 0 {
                let index = index.saturating_add(len);
                if index < 0 { if backwards { -1 } else { 0 } } else { index }
            } else if index >= len {
                if backwards { len - 1 } else { len }
            } else {
                index
            }
        };
        let (start, stop) = (fit(self.start), fit(self.stop));
        let count = if backwards {
            if stop < start { (start - stop - 1) / -self.step + 1 } else { 0 }
        } else if start < stop {
            (stop - start - 1) / self.step + 1
        } else {
            0
        };
        Span { start, stop, step: self.step, len: count as usize }
    }
}

impl Span {
    /// The positions selected.
    pub fn positions(self) -> impl Iterator<Item = usize> {
        (0..self.len as isize).map(move |i| (self.start + i * self.step) as usize)
    }
}

/// An index that is clipped to the range of `isize`; `None` in Python is `default`.
fn slice_index(th: Thread<'_>, value: Obj<'_>, default: isize) -> Result<isize> {
    if value.is_none() {
        return Ok(default);
    }
    if !Int::is_index(value) {
        raise!(th, TypeError, "slice indices must be integers or None or have an __index__ method");
    }
    Int::index_clamped(th, value)
}

/// `key` as an index of a sequence of `kind`: an int that fits.
#[inline]
pub fn subscript_index(th: Thread<'_>, key: Obj<'_>, kind: &str) -> Result<isize> {
    if let Some(index) = crate::small_int::value(key.as_ptr()) {
        return Ok(index as isize);
    }
    if !Int::is_index(key) {
        let got = key.type_name();
        raise!(th, TypeError, "{kind} indices must be integers or slices, not {got}");
    }
    Int::as_index(th, key, IndexError())
}

/// The `start` or `stop` argument of `index` methods.
pub fn search_bound(th: Thread<'_>, value: Option<Obj<'_>>, default: isize) -> Result<isize> {
    let Some(value) = value else { return Ok(default) };
    if !Int::is_index(value) {
        raise!(th, TypeError, "slice indices must be integers or have an __index__ method");
    }
    Int::index_clamped(th, value)
}

impl Slice {
    /// A new slice.
    pub fn new(th: Thread<'_>, start: Obj<'_>, stop: Obj<'_>, step: Obj<'_>) -> Result<Ref<Slice>> {
        let (start, stop, step) = (start.own(), stop.own(), step.own());
        alloc_object::new_in_place(th, Slice { head: Head::new(), start, stop, step })
    }

    /// `start`.
    pub fn start(&self) -> Obj<'_> {
        self.start.obj()
    }

    /// `stop`.
    pub fn stop(&self) -> Obj<'_> {
        self.stop.obj()
    }

    /// `step`.
    pub fn step(&self) -> Obj<'_> {
        self.step.obj()
    }

    /// The three as numbers.
    pub fn unpack(&self, th: Thread<'_>) -> Result<Unpacked> {
        let step = slice_index(th, self.step(), 1)?;
        if step == 0 {
            raise!(th, ValueError, "slice step cannot be zero");
        }
        // `-step` has to be a number too.
        let step = step.max(-isize::MAX);
        let (first, last) = if step < 0 { (isize::MAX, isize::MIN) } else { (0, isize::MAX) };
        let start = slice_index(th, self.start(), first)?;
        let stop = slice_index(th, self.stop(), last)?;
        Ok(Unpacked { start, stop, step })
    }

    /// What the slice selects of a container of `len` items that nothing changes.
    pub fn adjust(&self, th: Thread<'_>, len: usize) -> Result<Span> {
        Ok(self.unpack(th)?.adjust(len))
    }

    fn fields(&self) -> [Obj<'_>; 3] {
        [self.start(), self.stop(), self.step()]
    }

    fn to_tuple(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        Tuple::from_objs(th, &self.fields())
    }

    /// `start`, `stop` and `step` as ints of any size for a length of any size.
    pub fn long_indices(&self, th: Thread<'_>, length: Obj<'_>) -> Result<[Ref; 3]> {
        let index = |value: Obj<'_>| -> Result<Ref> {
            if !Int::is_index(value) {
                raise!(
                    th,
                    TypeError,
                    "slice indices must be integers or None or have an __index__ method"
                );
            }
            Int::index(th, value)
        };
        let (zero, one) = (0i64.into_object(th)?, 1i64.into_object(th)?);
        let less =
            |a: &Ref, b: &Ref| compare::rich_compare_bool(th, a.obj(), b.obj(), CompareOp::Lt);
        let step = if self.step().is_none() { one.clone() } else { index(self.step())? };
        if compare::eq(th, step.obj(), zero.obj())? {
            raise!(th, ValueError, "slice step cannot be zero");
        }
        let length = length.own();
        let backwards = less(&step, &zero)?;
        let (lower, upper) = if backwards {
            let last = number::binary(th, number::SUBTRACT, length.obj(), one.obj())?;
            ((-1i64).into_object(th)?, last)
        } else {
            (zero.clone(), length.clone())
        };
        let fit = |value: Obj<'_>, default: &Ref| -> Result<Ref> {
            if value.is_none() {
                return Ok(default.clone());
            }
            let mut value = index(value)?;
            if less(&value, &zero)? {
                value = number::binary(th, number::ADD, value.obj(), length.obj())?;
                return Ok(if less(&value, &lower)? { lower.clone() } else { value });
            }
            Ok(if less(&upper, &value)? { upper.clone() } else { value })
        };
        let (first, last) = if backwards { (&upper, &lower) } else { (&lower, &upper) };
        Ok([fit(self.start(), first)?, fit(self.stop(), last)?, step])
    }
}

#[pymethods]
impl Slice {
    fn __new__(th: Thread<'_>, _: &Type, args: &Tuple, kwargs: Option<&Dict>) -> Result<Ref> {
        if kwargs.is_some_and(|kwargs| !kwargs.is_empty()) {
            raise!(th, TypeError, "slice() takes no keyword arguments");
        }
        let none = none();
        let [start, stop, step] = match args.items() {
            [stop] => [none, *stop, none],
            [start, stop] => [*start, *stop, none],
            [start, stop, step] => [*start, *stop, *step],
            [] => raise!(th, TypeError, "slice expected at least 1 argument, got 0"),
            many => {
                raise!(th, TypeError, "slice expected at most 3 arguments, got {}", many.len())
            }
        };
        Slice::new(th, start, stop, step).map(Ref::upcast)
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let mut text = super::StrBuilder::new();
        for (index, field) in self.fields().iter().enumerate() {
            text.push_str(th, if index == 0 { "slice(" } else { ", " })?;
            text.push_obj(th, &*field.repr(th)?)?;
        }
        text.push_str(th, ")")?;
        text.finish(th)
    }

    fn __hash__(&self, th: Thread<'_>) -> Result<isize> {
        let mut hasher = num::hash::TupleHasher::default();
        for field in self.fields() {
            hasher.push(field.hash(th)? as i64);
        }
        Ok(hasher.finish_without_len() as isize)
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result<Ref> {
        let Some(other) = other.downcast::<Slice>() else { return Ok(not_implemented_ref()) };
        if std::ptr::eq(self, other) {
            let equal = matches!(op, CompareOp::Eq | CompareOp::Le | CompareOp::Ge);
            return equal.into_object(th);
        }
        let (a, b) = (self.to_tuple(th)?, other.to_tuple(th)?);
        compare::rich_compare(th, a.obj(), b.obj(), op)
    }

    /// S.indices(len) -> (start, stop, stride)
    ///
    /// Assuming a sequence of length len, calculate the start and stop
    /// indices, and the stride length of the extended slice described by
    /// S. Out of bounds indices are clipped in a manner consistent with the
    /// handling of normal slices.
    #[sig = "($self, len, /)"]
    fn indices(&self, th: Thread<'_>, len: Obj<'_>) -> Result<Ref<Tuple>> {
        let length = Int::index(th, len)?;
        let zero = 0i64.into_object(th)?;
        if compare::rich_compare_bool(th, length.obj(), zero.obj(), CompareOp::Lt)? {
            raise!(th, ValueError, "length should not be negative");
        }
        Tuple::from_refs(th, self.long_indices(th, length.obj())?.into())
    }

    /// Return state information for pickling.
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref> {
        (Self::type_object().obj().own(), self.to_tuple(th)?).into_object(th)
    }

    #[declare]
    fn members(builder: &mut TypeBuilder<'_>) {
        let mut member =
            |name, offset| builder.member(name, abi::_Py_T_OBJECT, offset, abi::Py_READONLY, None);
        member(c"start", offset_of!(Slice, start));
        member(c"stop", offset_of!(Slice, stop));
        member(c"step", offset_of!(Slice, step));
    }
}
