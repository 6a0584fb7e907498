//! `Struct` and the iterator of `iter_unpack`.

use std::cell::{Cell, RefCell};

use macros::{pymethods, pytype};
use object::{
    Args, AsObject, Bytes, Head, Int, IntoObject, Link, Obj, Protocol, Ref, Result, Str, Thread,
    Tuple, Type, alloc_object,
    exceptions::types::{OverflowError, TypeError},
    protocol::buffer::{Buffer, BytesLike, has_buffer},
    raise,
    types::memoryview::{f64_to_half, half_to_f64},
};

use super::{
    fail,
    format::{self, Field, Layout},
    format_bytes,
};

/// Create a compiled struct object.
///
/// Return a new Struct object which writes and reads binary data according to
/// the format string.  See help(struct) for more on format strings.
#[pytype(name = "_struct.Struct", sig = "(format)", flags = BASETYPE, weaklistoffset = weaklist)]
pub struct Struct {
    head: Head,
    /// The bytes that values take and how many they are; C code reads both here.
    size: Cell<isize>,
    values: Cell<isize>,
    format: Link,
    #[traverse(skip)]
    layout: RefCell<Option<std::rc::Rc<Layout>>>,
    weaklist: Cell<*mut abi::PyObject>,
}

fn array<const N: usize>(bytes: &[u8], big_endian: bool) -> [u8; N] {
    let mut out = [0; N];
    out.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    if big_endian {
        out.reverse();
    }
    out
}

fn unpack_value(th: Thread<'_>, field: Field, bytes: &[u8], big: bool) -> Result {
    let float = |x: f64| x.into_object(th);
    match (field.code, field.size) {
        (b'c', _) => Bytes::new(th, bytes).map(Ref::upcast),
        (b's', _) => Bytes::new(th, bytes).map(Ref::upcast),
        (b'p', _) => {
            let Some((&length, data)) = bytes.split_first() else {
                return Bytes::new(th, b"").map(Ref::upcast);
            };
            let length = usize::from(length).min(data.len());
            Bytes::new(th, data.get(..length).unwrap_or_default()).map(Ref::upcast)
        }
        (b'?', _) => bytes.iter().any(|&byte| byte != 0).into_object(th),
        (b'e', _) => float(half_to_f64(u16::from_le_bytes(array(bytes, big)))),
        (b'f', _) => float(f32::from_le_bytes(array(bytes, big)).into()),
        (b'd', _) => float(f64::from_le_bytes(array(bytes, big))),
        (b'F' | b'D', size) => {
            let (real, imag) = bytes.split_at_checked(size / 2).unwrap_or((bytes, bytes));
            let part = |bytes| {
                if size == 8 {
                    f64::from(f32::from_le_bytes(array(bytes, big)))
                } else {
                    f64::from_le_bytes(array(bytes, big))
                }
            };
            let value = num::complex::complex(part(real), part(imag));
            object::types::Complex::new(th, value).map(Ref::upcast)
        }
        (b'B' | b'H' | b'I' | b'L' | b'Q' | b'N' | b'P', _) => Int::from_u64(th, word(bytes, big)),
        (_, size) => {
            let shift = 64 - 8 * size.min(8) as u32;
            Int::from_i64(th, ((word(bytes, big) as i64) << shift) >> shift)
        }
    }
}

/// The number that at most eight bytes make, without sign.
#[inline]
fn word(bytes: &[u8], big: bool) -> u64 {
    let add = |word: u64, byte: &u8| word << 8 | u64::from(*byte);
    if big { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) }
}

fn pack_value(
    th: Thread<'_>,
    layout: &Layout,
    field: Field,
    value: Obj<'_>,
    out: &mut [u8],
) -> Result<()> {
    let big = layout.big_endian;
    let mut put = |bytes: &mut [u8]| {
        if big {
            bytes.reverse();
        }
        out.iter_mut().zip(bytes.iter()).for_each(|(to, from)| *to = *from);
    };
    let float = || match object::protocol::as_f64(th, value) {
        Ok(x) => Ok(x),
        Err(raised) => {
            th.catch(raised, TypeError())?;
            Err(fail(th, "required argument is not a float"))
        }
    };
    let shown = char::from(field.code);
    match field.code {
        b'c' => match value.downcast::<Bytes>().map(Bytes::as_bytes) {
            Some(&[byte]) => put(&mut [byte]),
            _ => return Err(fail(th, "char format requires a bytes object of length 1")),
        },
        b's' | b'p' => {
            let data = if let Some(bytes) = value.downcast::<Bytes>() {
                bytes.as_bytes()
            } else if let Some(array) = value.downcast::<object::types::ByteArray>() {
                array.as_bytes()
            } else {
                let message = format!("argument for '{shown}' must be a bytes object");
                return Err(fail(th, &message));
            };
            let room = if field.code == b'p' {
                let Some((length, room)) = out.split_first_mut() else { return Ok(()) };
                *length = data.len().min(room.len()).min(255) as u8;
                room
            } else {
                out
            };
            room.iter_mut().zip(data).for_each(|(to, from)| *to = *from);
        }
        b'?' => {
            let truth = object::protocol::is_true(th, value)?;
            put(&mut [u8::from(truth)]);
        }
        b'e' => match f64_to_half(float()?) {
            Some(bits) => put(&mut bits.to_le_bytes()),
            None => raise!(th, OverflowError, "float too large to pack with e format"),
        },
        b'f' => {
            let x = float()?;
            if x.is_finite() && (x as f32).is_infinite() {
                raise!(th, OverflowError, "float too large to pack with f format");
            }
            put(&mut (x as f32).to_le_bytes());
        }
        b'd' => put(&mut float()?.to_le_bytes()),
        b'F' | b'D' => {
            let number = match object::types::Complex::from_object(th, value) {
                Ok(number) => number,
                Err(raised) => {
                    th.catch(raised, TypeError())?;
                    return Err(fail(th, "required argument is not a complex"));
                }
            };
            let half = field.size / 2;
            for (at, x) in [(0, number.real), (half, number.imag)] {
                let mut bytes = if half == 4 {
                    (x as f32).to_le_bytes().to_vec()
                } else {
                    x.to_le_bytes().to_vec()
                };
                if big {
                    bytes.reverse();
                }
                out.iter_mut().skip(at).zip(bytes).for_each(|(to, from)| *to = from);
            }
        }
        code => {
            if !Int::is_index(value) {
                return Err(fail(th, "required argument is not an integer"));
            }
            let int = Int::index(th, value)?;
            let unsigned = code.is_ascii_uppercase();
            let bits = 8 * field.size as u32;
            let range_error = || {
                let (low, high) = if unsigned {
                    ("0".to_owned(), format!("{}", u128::MAX >> (128 - bits)))
                } else {
                    let half = 1i128 << (bits - 1);
                    (format!("{}", -half), format!("{}", half - 1))
                };
                if code == b'P' {
                    return fail(th, "int too large to convert");
                }
                fail(th, &format!("'{shown}' format requires {low} <= number <= {high}"))
            };
            if code == b'P' && Int::to_i64(int.obj()).is_some_and(|x| x < 0) {
                let x = Int::to_i64(int.obj()).unwrap_or(0);
                put(&mut x.to_le_bytes());
                return Ok(());
            }
            let raw = if unsigned {
                match Int::index_to_u64(th, int.obj()) {
                    Ok(x) if bits == 64 || x >> bits == 0 => x,
                    Ok(_) => return Err(range_error()),
                    Err(raised) => {
                        th.catch(raised, OverflowError())?;
                        return Err(range_error());
                    }
                }
            } else {
                match Int::to_i64(int.obj()) {
                    Some(x) if bits == 64 || (x << (64 - bits)) >> (64 - bits) == x => x as u64,
                    _ => return Err(range_error()),
                }
            };
            let mut bytes = raw.to_le_bytes();
            let used = bytes.get_mut(..field.size.min(8)).unwrap_or_default();
            put(used);
        }
    }
    Ok(())
}

impl Struct {
    pub(super) fn new(th: Thread<'_>, format: &[u8]) -> Result<Ref<Struct>> {
        let made = alloc_object::new(
            th,
            Struct {
                head: Head::new(),
                size: Cell::new(-1),
                values: Cell::new(-1),
                format: Link::null(),
                layout: RefCell::new(None),
                weaklist: Cell::new(std::ptr::null_mut()),
            },
        )?;
        made.set_format(th, format)?;
        Ok(made)
    }

    fn set_format(&self, th: Thread<'_>, format: &[u8]) -> Result<()> {
        if format.contains(&0) {
            return Err(fail(th, "embedded null character"));
        }
        match format::parse(format) {
            Ok(layout) => {
                self.format.set(Some(Bytes::new(th, format)?.upcast()));
                self.size.set(layout.size as isize);
                self.values.set(layout.values as isize);
                *self.layout.borrow_mut() = Some(std::rc::Rc::new(layout));
                Ok(())
            }
            Err("total struct size too long") => Err(fail(th, "total struct size too long")),
            Err(message) => Err(fail(th, message)),
        }
    }

    fn layout(&self, th: Thread<'_>) -> Result<std::rc::Rc<Layout>> {
        match &*self.layout.borrow() {
            Some(layout) => Ok(layout.clone()),
            None => raise!(th, RuntimeError, "Struct object is not initialized"),
        }
    }

    pub(super) fn size(&self) -> isize {
        self.layout.borrow().as_ref().map_or(-1, |layout| layout.size as isize)
    }

    fn pack_to(
        &self,
        th: Thread<'_>,
        layout: &Layout,
        values: Args<'_>,
        out: &mut [u8],
    ) -> Result<()> {
        let mut values = values.iter();
        for field in &layout.fields {
            for i in 0..field.count {
                let at = field.offset + i * field.size;
                let (Some(value), Some(place)) = (values.next(), out.get_mut(at..at + field.size))
                else {
                    return Ok(());
                };
                pack_value(th, layout, *field, *value, place)?;
            }
        }
        Ok(())
    }

    pub(super) fn pack_values(&self, th: Thread<'_>, values: Args<'_>) -> Result<Ref<Bytes>> {
        let layout = self.layout(th)?;
        if values.len() != layout.values {
            let message =
                format!("pack expected {} items for packing (got {})", layout.values, values.len());
            return Err(fail(th, &message));
        }
        Bytes::try_build(th, layout.size, |out| self.pack_to(th, &layout, values, out))
    }

    pub(super) fn pack_values_into(&self, th: Thread<'_>, values: Args<'_>) -> Result<()> {
        let layout = self.layout(th)?;
        let [buffer, offset, values @ ..] = values else {
            let message = match values.len() {
                0 => "pack_into expected buffer argument".to_owned(),
                _ => "pack_into expected offset argument".to_owned(),
            };
            return Err(fail(th, &message));
        };
        if values.len() != layout.values {
            let message = format!(
                "pack_into expected {} items for packing (got {})",
                layout.values,
                values.len()
            );
            return Err(fail(th, &message));
        }
        if !has_buffer(*buffer) {
            raise!(
                th,
                TypeError,
                "argument must be read-write bytes-like object, not {}",
                buffer.type_name()
            );
        }
        let target = Buffer::get(th, *buffer, abi::PyBUF_WRITABLE);
        let mut target = match target {
            Ok(target) => target,
            Err(raised) => {
                th.clear_exception(raised);
                raise!(
                    th,
                    TypeError,
                    "argument must be read-write bytes-like object, not {}",
                    buffer.type_name()
                );
            }
        };
        let offset = Int::index_to_isize(th, *offset)?;
        let length = target.len();
        let start = self.start(th, &layout, offset, length, "pack_into", "packing")?;
        // Converting values can run code that sees the buffer.
        let mut packed = vec![0; layout.size];
        self.pack_to(th, &layout, values, &mut packed)?;
        let place = target.as_bytes_mut().get_mut(start..start + layout.size);
        if let Some(place) = place {
            place.copy_from_slice(&packed);
        }
        Ok(())
    }

    /// The start in a buffer of `length` bytes.
    fn start(
        &self,
        th: Thread<'_>,
        layout: &Layout,
        offset: isize,
        length: usize,
        function: &str,
        doing: &str,
    ) -> Result<usize> {
        let size = layout.size;
        let start = if offset < 0 {
            if offset.saturating_add(size as isize) > 0 {
                let what = if doing == "packing" {
                    format!("no space to pack {size} bytes at offset {offset}")
                } else {
                    format!("not enough data to unpack {size} bytes at offset {offset}")
                };
                return Err(fail(th, &what));
            }
            match usize::try_from(offset.saturating_add(length as isize)) {
                Ok(start) => start,
                Err(_) => {
                    let message = format!("offset {offset} out of range for {length}-byte buffer");
                    return Err(fail(th, &message));
                }
            }
        } else {
            offset as usize
        };
        if length.checked_sub(start).is_none_or(|room| room < size) {
            let needed = start.saturating_add(size);
            let message = format!(
                "{function} requires a buffer of at least {needed} bytes for {doing} {size} bytes at offset {start} (actual buffer size is {length})"
            );
            return Err(fail(th, &message));
        }
        Ok(start)
    }

    fn unpack_bytes(&self, th: Thread<'_>, layout: &Layout, data: &[u8]) -> Result<Ref<Tuple>> {
        let mut values = Vec::new();
        if values.try_reserve_exact(layout.values).is_err() {
            return Err(th.no_memory());
        }
        for field in &layout.fields {
            for i in 0..field.count {
                let at = field.offset + i * field.size;
                let bytes = data.get(at..at + field.size).unwrap_or_default();
                values.push(unpack_value(th, *field, bytes, layout.big_endian)?);
            }
        }
        Tuple::from_refs(th, values)
    }

    pub(super) fn unpack_all(&self, th: Thread<'_>, buffer: Obj<'_>) -> Result<Ref<Tuple>> {
        let layout = self.layout(th)?;
        let data = BytesLike::get(th, buffer)?;
        if data.len() != layout.size {
            return Err(fail(th, &format!("unpack requires a buffer of {} bytes", layout.size)));
        }
        self.unpack_bytes(th, &layout, &data)
    }

    pub(super) fn unpack_at(
        &self,
        th: Thread<'_>,
        buffer: Obj<'_>,
        offset: isize,
    ) -> Result<Ref<Tuple>> {
        let layout = self.layout(th)?;
        let data = BytesLike::get(th, buffer)?;
        let start = self.start(th, &layout, offset, data.len(), "unpack_from", "unpacking")?;
        self.unpack_bytes(th, &layout, data.get(start..).unwrap_or_default())
    }
}

#[pymethods]
impl Struct {
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        _: &Tuple,
        _: Option<&object::Dict>,
    ) -> Result<Ref<Struct>> {
        alloc_object::alloc(
            th,
            cls,
            Struct {
                head: Head::new(),
                size: Cell::new(-1),
                values: Cell::new(-1),
                format: Link::null(),
                layout: RefCell::new(None),
                weaklist: Cell::new(std::ptr::null_mut()),
            },
        )
    }

    #[sig = "Struct(format)"]
    fn __init__(&self, th: Thread<'_>, format: Obj<'_>) -> Result<()> {
        let format = format_bytes(th, format)?;
        self.set_format(th, &format)
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        self.layout(th)?;
        let format = self.format(th)?.repr(th)?;
        Str::from_fmt(th, format_args!("{}({format})", self.obj().short_type_name()))
    }

    /// S.pack(v1, v2, ...) -> bytes
    ///
    /// Return a bytes object containing values v1, v2, ... packed according
    /// to the format string S.format.  See help(struct) for more on format
    /// strings.
    #[sig = "($self, /, *values)"]
    fn pack(&self, th: Thread<'_>, values: Args<'_>) -> Result<Ref<Bytes>> {
        self.pack_values(th, values)
    }

    /// S.pack_into(buffer, offset, v1, v2, ...)
    ///
    /// Pack the values v1, v2, ... according to the format string S.format
    /// and write the packed bytes into the writable buffer buf starting at
    /// offset.  Note that the offset is a required argument.  See
    /// help(struct) for more on format strings.
    #[sig = "($self, /, *values)"]
    fn pack_into(&self, th: Thread<'_>, values: Args<'_>) -> Result<()> {
        self.pack_values_into(th, values)
    }

    /// Return a tuple containing unpacked values.
    ///
    /// Unpack according to the format string Struct.format. The buffer's size
    /// in bytes must be Struct.size.
    ///
    /// See help(struct) for more on format strings.
    #[sig = "($self, buffer, /)"]
    fn unpack(&self, th: Thread<'_>, buffer: Obj<'_>) -> Result<Ref<Tuple>> {
        self.unpack_all(th, buffer)
    }

    /// Return a tuple containing unpacked values.
    ///
    /// Values are unpacked according to the format string Struct.format. The
    /// buffer's size in bytes, starting at position offset, must be
    /// at least Struct.size.
    ///
    /// See help(struct) for more on format strings.
    #[sig = "($self, /, buffer, offset=0)"]
    fn unpack_from(&self, th: Thread<'_>, buffer: Obj<'_>, offset: isize) -> Result<Ref<Tuple>> {
        self.unpack_at(th, buffer, offset)
    }

    /// Return an iterator yielding tuples.
    ///
    /// Tuples are unpacked from the given bytes source, like a repeated
    /// invocation of unpack_from().
    ///
    /// Requires that the bytes length be a multiple of the struct size.
    #[sig = "($self, buffer, /)"]
    fn iter_unpack(&self, th: Thread<'_>, buffer: Obj<'_>) -> Result {
        UnpackIterator::new(th, self, buffer)
    }

    /// S.__sizeof__() -> size of S in memory, in bytes
    #[sig = "($self, /)"]
    fn __sizeof__(&self, th: Thread<'_>) -> Result<usize> {
        // COMPAT: the object and its codes, an end mark among them, as large as CPython's;
        // test_struct.StructTest.test__sizeof__.
        let codes = self.layout(th)?.fields.len() + 1;
        Ok(size_of::<Head>() + (5 + 4 * codes) * size_of::<usize>())
    }

    /// struct format string
    #[getter]
    fn format(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let format = self.format.get();
        let bytes = format.as_ref().and_then(|format| format.obj().downcast::<Bytes>());
        match bytes {
            Some(bytes) => Str::from_wtf8(th, bytes.as_bytes()),
            None => raise!(th, RuntimeError, "Struct object is not initialized"),
        }
    }

    /// struct size in bytes
    #[getter(size)]
    fn get_size(&self, _: Thread<'_>) -> isize {
        self.size()
    }
}

/// What `iter_unpack` returns.
#[pytype(name = "_struct.unpack_iterator", flags = DISALLOW_INSTANTIATION)]
pub struct UnpackIterator {
    head: Head,
    made: Link<Struct>,
    #[traverse(skip)]
    buffer: RefCell<Option<Buffer>>,
    index: Cell<usize>,
}

impl UnpackIterator {
    pub(super) fn new(th: Thread<'_>, made: &Struct, buffer: Obj<'_>) -> Result {
        let layout = made.layout(th)?;
        if layout.size == 0 {
            return Err(fail(th, "cannot iteratively unpack with a struct of length 0"));
        }
        let buffer = Buffer::get(th, buffer, abi::PyBUF_SIMPLE)?;
        if buffer.len() % layout.size != 0 {
            let message = format!(
                "iterative unpacking requires a buffer of a multiple of {} bytes",
                layout.size
            );
            return Err(fail(th, &message));
        }
        alloc_object::new(
            th,
            UnpackIterator {
                head: Head::new(),
                made: Link::new(object::own(made)),
                buffer: RefCell::new(Some(buffer)),
                index: Cell::new(0),
            },
        )
        .map(Ref::upcast)
    }
}

#[pymethods]
impl UnpackIterator {
    fn __iter__(&self, _: Thread<'_>) -> Result {
        Ok(self.obj().own())
    }

    fn __next__(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        let Some(made) = self.made.get() else { return Ok(None) };
        let layout = made.layout(th)?;
        let at = self.index.get();
        let done = {
            let buffer = self.buffer.borrow();
            let data = buffer.as_ref().map_or(&[][..], Buffer::as_bytes);
            match data.get(at..at + layout.size) {
                Some(data) => {
                    self.index.set(at + layout.size);
                    return made.unpack_bytes(th, &layout, data).map(|t| Some(t.upcast()));
                }
                None => true,
            }
        };
        if done {
            let buffer = self.buffer.borrow_mut().take();
            drop(buffer);
            self.made.take();
        }
        Ok(None)
    }

    #[sig = "($self, /)"]
    fn __length_hint__(&self, _: Thread<'_>) -> usize {
        let Some(made) = self.made.get() else { return 0 };
        let length = self.buffer.borrow().as_ref().map_or(0, Buffer::len);
        length.saturating_sub(self.index.get()) / made.size().max(1) as usize
    }
}
