//! `CField`: the descriptor of a field of a struct or union.

use std::{cell::Cell, mem::offset_of};

use macros::{pymethods, pytype};
use object::{
    AsObject, Head, Int, Obj, Ref, Result, Str, Thread, Traverse, alloc_object,
    declare::TypeBuilder, raise,
};

use super::{
    code::{self, Accessor, Bits, Place},
    data::{self, CData},
    info::{ArrayType, class_name, info_of, is_class_of},
};

/// Structure/Union member
#[pytype(name = "ctypes.CField", flags = 0, traverse = manual)]
pub(crate) struct CField {
    head: Head,
    pub(super) byte_offset: isize,
    pub(super) byte_size: isize,
    pub(super) index: isize,
    pub(super) proto: Ref,
    pub(super) name: Ref<Str>,
    bit_offset: isize,
    bit_size: isize,
    /// Of bit fields and arrays of characters; others go by their type.
    accessor: Option<Accessor>,
    pub(super) anonymous: Cell<bool>,
}

impl Traverse for CField {
    const GC: bool = true;

    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        visit(self.proto.obj());
    }
}

impl CField {
    fn bits(&self) -> Option<Bits> {
        (self.bit_size > 0)
            .then_some(Bits { size: self.bit_size as u32, offset: self.bit_offset as u32 })
    }

    /// The same field of an outer type.
    pub(super) fn moved(&self, th: Thread<'_>, offset: isize, index: isize) -> Result<Ref<CField>> {
        alloc_object::new(
            th,
            CField {
                head: Head::new(),
                byte_offset: self.byte_offset + offset,
                byte_size: self.byte_size,
                index: self.index + index,
                proto: self.proto.clone(),
                name: self.name.clone(),
                bit_offset: self.bit_offset,
                bit_size: self.bit_size,
                accessor: self.accessor,
                anonymous: Cell::new(false),
            },
        )
    }

    fn place(&self, data: &CData) -> Place {
        Place {
            ptr: data.ptr().wrapping_offset(self.byte_offset),
            size: self.byte_size as usize,
            bits: self.bits(),
        }
    }
}

/// Fields of `c_char * n` and `c_wchar * n` are strings.
fn text_accessor(proto: Obj<'_>) -> Option<Accessor> {
    if !is_class_of::<ArrayType>(proto) {
        return None;
    }
    let info = info_of(proto)?;
    if info.has_items_of(b'c') {
        return Some(Accessor::of(b's'));
    }
    info.has_items_of(b'u').then_some(Accessor::of(b'U'))
}

fn integer_of(th: Thread<'_>, value: Option<Obj<'_>>) -> Result<isize> {
    match value.filter(|value| Int::is_int(*value)) {
        Some(value) => Int::index_to_isize(th, value),
        None => raise!(th, TypeError, "an integer is required"),
    }
}

#[pymethods]
impl CField {
    #[sig = "CField(*, name, type, byte_size, byte_offset, index, _internal_use, bit_size=None, bit_offset=None)"]
    fn __new__(
        th: Thread<'_>,
        _cls: &object::Type,
        name: &Str,
        ty: Obj<'_>,
        byte_size: isize,
        byte_offset: isize,
        index: isize,
        internal: bool,
        bit_size: Option<Obj<'_>>,
        bit_offset: Option<Obj<'_>>,
    ) -> Result<Ref<CField>> {
        if !internal {
            raise!(th, TypeError, "CField is not intended to be used directly");
        }
        if byte_size < 0 {
            raise!(
                th,
                ValueError,
                "byte size of field '{name}' must not be negative, got {byte_size}"
            );
        }
        let Some(info) = info_of(ty) else {
            raise!(th, TypeError, "type of field '{name}' must be a C type");
        };
        let size = info.size.get();
        if byte_size as usize != size {
            raise!(
                th,
                ValueError,
                "byte size of field '{name}' ({byte_size}) does not match type size ({size})"
            );
        }
        let given = |value: Option<Obj<'_>>| value.is_some_and(|value| !value.is_none());
        let (mut bits, mut from, mut accessor) = (0, 0, text_accessor(ty));
        if given(bit_size) {
            (bits, from) = (integer_of(th, bit_size)?, integer_of(th, bit_offset)?);
            let is_integer = info.accessor.get().is_some_and(|a| code::may_have_bits(a.code));
            if !is_integer {
                raise!(th, TypeError, "bit fields not allowed for type {}", class_name(ty));
            }
            if bits <= 0 {
                raise!(th, ValueError, "bit size of field '{name}' out of range, got {bits}");
            }
            if from < 0 {
                raise!(th, ValueError, "bit offset of field '{name}' out of range, got {from}");
            }
            let room = byte_size * 8;
            if from.checked_add(bits).is_none_or(|end| end > room) {
                raise!(
                    th,
                    ValueError,
                    "bit field '{name}' overflows its type ({from} + {bits} > {room})"
                );
            }
            accessor = info.accessor.get();
        } else if given(bit_offset) {
            raise!(th, ValueError, "field '{name}': bit_offset must be specified if bit_size is");
        }
        alloc_object::new(
            th,
            CField {
                head: Head::new(),
                byte_offset,
                byte_size,
                index,
                proto: ty.own(),
                name: name.to_exact(th)?,
                bit_offset: from,
                bit_size: bits,
                accessor,
                anonymous: Cell::new(false),
            },
        )
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let (name, offset) = (&*self.name, self.byte_offset);
        let ty = class_name(self.proto.obj());
        match self.bits() {
            Some(bits) => Str::from_fmt(
                th,
                format_args!(
                    "<ctypes.CField '{name}' type={ty}, ofs={offset}, bit_size={}, bit_offset={}>",
                    bits.size, bits.offset
                ),
            ),
            None => Str::from_fmt(
                th,
                format_args!(
                    "<ctypes.CField '{name}' type={ty}, ofs={offset}, size={}>",
                    self.byte_size
                ),
            ),
        }
    }

    fn __get__(&self, th: Thread<'_>, instance: Option<Obj<'_>>, _: Option<Obj<'_>>) -> Result {
        let Some(instance) = instance.filter(|instance| !instance.is_none()) else {
            return Ok(self.obj().own());
        };
        let Some(data) = instance.downcast::<CData>() else {
            raise!(th, TypeError, "not a ctype instance");
        };
        let proto = self.proto.clone();
        data::get_value(th, proto.obj(), self.accessor, data, self.index, self.place(data))
    }

    fn tp_descr_set(
        &self,
        th: Thread<'_>,
        instance: Obj<'_>,
        value: Option<Obj<'_>>,
    ) -> Result<()> {
        let Some(data) = instance.downcast::<CData>() else {
            raise!(th, TypeError, "not a ctype instance");
        };
        let Some(value) = value else { raise!(th, TypeError, "can't delete attribute") };
        let proto = self.proto.clone();
        let (index, place) = (self.index, self.place(data));
        data::set_value(th, data, proto.obj(), self.accessor, value, index, place)
    }

    /// size in bytes of this field. For bitfields, this is a legacy packed value; use byte_size instead
    #[getter]
    fn size(&self, _: Thread<'_>) -> isize {
        match self.bits() {
            Some(_) => self.bit_size << 16 | self.bit_offset,
            None => self.byte_size,
        }
    }

    /// size of this field in bits
    #[getter(bit_size)]
    fn get_bit_size(&self, th: Thread<'_>) -> Result {
        let bytes = self.byte_size as i128;
        Int::from_i128(th, if self.bit_size > 0 { self.bit_size as i128 } else { bytes * 8 })
    }

    /// true if this is a bitfield
    #[getter]
    fn is_bitfield(&self, _: Thread<'_>) -> bool {
        self.bit_size > 0
    }

    /// true if this field is anonymous
    #[getter]
    fn is_anonymous(&self, _: Thread<'_>) -> bool {
        self.anonymous.get()
    }

    #[declare]
    fn members(b: &mut TypeBuilder<'_>) {
        let (read, object, size) = (abi::Py_READONLY, abi::_Py_T_OBJECT, abi::Py_T_PYSSIZET);
        b.member(c"name", object, offset_of!(CField, name), read, Some(c"name of this field"));
        b.member(c"type", object, offset_of!(CField, proto), read, Some(c"type of this field"));
        let offset = offset_of!(CField, byte_offset);
        let doc = c"offset in bytes of this field (same as byte_offset)";
        b.member(c"offset", size, offset, read, Some(doc));
        let doc = c"offset in bytes of this field. For bitfields: excludes bit_offset.";
        b.member(c"byte_offset", size, offset, read, Some(doc));
        let doc = c"size of this field in bytes";
        b.member(c"byte_size", size, offset_of!(CField, byte_size), read, Some(doc));
        let doc = c"additional offset in bits (relative to byte_offset); zero for non-bitfields";
        b.member(c"bit_offset", size, offset_of!(CField, bit_offset), read, Some(doc));
    }
}
