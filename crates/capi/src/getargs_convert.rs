//! One unit of a `PyArg_Parse` format: from an object to C variables.
//!
//! A wrong type is a [`Failure::Expected`], which becomes a message that names
//! the argument; other errors are exceptions already. What a unit obtains
//! (buffers, memory) is noted, to be given back if a later unit fails.

use std::ffi::{CStr, c_char, c_int, c_void};

use abi::{Py_buffer, PyObject, PyTypeObject};
use object::{
    AsObject, Bytes, Float, Int, Obj, Protocol, Raised, Ref, Str, Thread, Tuple, Type, error,
    exceptions::types::OverflowError,
    protocol::buffer,
    types::{self, ByteArray, Complex},
};

use crate::{modsupport::is_a, osmodule::warn, variadic::VaList};

/// Why a unit failed.
pub(crate) enum Failure {
    /// The text that completes "argument 1 …".
    Must(String),
    Raised,
}

impl From<Raised> for Failure {
    fn from(_: Raised) -> Failure {
        Failure::Raised
    }
}

/// "must be X, not Y".
pub(crate) fn expected(what: &str, got: Obj<'_>) -> Failure {
    let got = if got.is_none() { "None" } else { got.type_name() };
    Failure::Must(format!("must be {what}, not {got}"))
}

/// What the format has where a unit should be.
pub(crate) const BAD_UNIT: &str = "impossible<bad format char>";

pub(crate) type Outcome = std::result::Result<(), Failure>;

type Converter = unsafe extern "C" fn(*mut PyObject, *mut c_void) -> c_int;

/// What to give back when a later unit fails.
pub(crate) enum Cleanup {
    Buffer(*mut Py_buffer),
    Memory(*mut *mut c_char),
    Convert(Converter, *mut c_void),
}

impl Cleanup {
    /// # Safety
    ///
    /// The variables are still there.
    pub(crate) unsafe fn run(self, th: Thread<'_>) {
        // SAFETY: the caller's promise.
        unsafe {
            match self {
                Cleanup::Buffer(view) => buffer::release(&mut *view),
                Cleanup::Memory(variable) => {
                    if let Some(block) = std::ptr::NonNull::new(*variable) {
                        th.heap().free(block.cast());
                    }
                    *variable = std::ptr::null_mut();
                }
                Cleanup::Convert(convert, variable) => {
                    convert(std::ptr::null_mut(), variable);
                }
            }
        }
    }
}

/// `Py_CLEANUP_SUPPORTED`.
const CLEANUP_SUPPORTED: c_int = 0x20000;

/// The units of a format that are left, and where their variables are.
pub(crate) struct Units<'a> {
    pub(crate) th: Thread<'a>,
    pub(crate) rest: &'a [u8],
    pub(crate) va: &'a mut VaList,
    pub(crate) cleanups: Vec<Cleanup>,
    /// Of the item that failed: its index in its tuple, that tuple's index, and so on.
    pub(crate) path: Vec<usize>,
}

impl<'a> Units<'a> {
    pub(crate) fn new(th: Thread<'a>, rest: &'a [u8], va: &'a mut VaList) -> Units<'a> {
        Units { th, rest, va, cleanups: Vec::new(), path: Vec::new() }
    }

    pub(crate) fn peek(&self) -> u8 {
        self.rest.first().copied().unwrap_or(0)
    }

    pub(crate) fn take(&mut self) -> u8 {
        let byte = self.peek();
        self.rest = self.rest.get(1..).unwrap_or_default();
        byte
    }

    fn take_if(&mut self, byte: u8) -> bool {
        let found = self.peek() == byte;
        if found {
            self.take();
        }
        found
    }

    /// Pass over a unit and its variables: an argument that was not given.
    ///
    /// # Safety
    ///
    /// As [`Units::convert`].
    pub(crate) unsafe fn skip(&mut self) -> std::result::Result<(), &'static str> {
        // SAFETY: for the whole function, the caller's promise.
        unsafe {
            let unit = self.take();
            match unit {
                b'(' => {
                    while self.peek() != b')' {
                        if self.rest.is_empty() {
                            return Err("Unmatched left paren in format string");
                        }
                        self.skip()?;
                    }
                    self.take();
                }
                b')' => return Err("Unmatched right paren in format string"),
                b'e' => {
                    self.va.pointer::<c_char>();
                    if !self.take_if(b's') && !self.take_if(b't') {
                        return Err(BAD_UNIT);
                    }
                    self.skip_text(false);
                }
                b's' | b'z' | b'y' => self.skip_text(true),
                b'w' => {
                    self.va.pointer::<c_void>();
                    if !self.take_if(b'*') {
                        return Err(BAD_UNIT);
                    }
                }
                b'O' => {
                    if self.take_if(b'!') || self.take_if(b'&') {
                        self.va.pointer::<c_void>();
                    }
                    self.va.pointer::<c_void>();
                }
                b'b' | b'B' | b'h' | b'H' | b'i' | b'I' | b'l' | b'L' | b'k' | b'K' | b'n'
                | b'f' | b'd' | b'D' | b'c' | b'C' | b'p' | b'S' | b'Y' | b'U' => {
                    self.va.pointer::<c_void>();
                }
                _ => return Err(BAD_UNIT),
            }
        }
        Ok(())
    }

    unsafe fn skip_text(&mut self, has_view: bool) {
        // SAFETY: for the whole function, the caller's promise.
        unsafe {
            self.va.pointer::<c_char>();
            if self.take_if(b'#') {
                self.va.pointer::<isize>();
            } else if has_view {
                self.take_if(b'*');
            }
        }
    }

    /// Convert `arg` by the next unit.
    ///
    /// # Safety
    ///
    /// The caller of the C function passed the variables that the format wants.
    pub(crate) unsafe fn convert(&mut self, arg: Obj<'_>) -> Outcome {
        // SAFETY: for the whole function, the caller's promise.
        unsafe {
            let unit = self.take();
            match unit {
                b'(' => self.sequence(arg),
                b's' | b'z' | b'y' | b'w' => self.text(unit, arg),
                b'e' => self.encoded(arg),
                b'O' => self.object(arg),
                b'S' => self.typed::<Bytes>(arg, "bytes"),
                b'Y' => self.typed::<ByteArray>(arg, "bytearray"),
                b'U' => self.typed::<Str>(arg, "str"),
                b'p' => {
                    let value = arg.is_true(self.th)?;
                    self.va.pointer::<c_int>().write(c_int::from(value));
                    Ok(())
                }
                b'c' | b'C' => self.character(unit, arg),
                b'f' => {
                    let value = Float::as_f64(self.th, arg)?;
                    self.va.pointer::<f32>().write(value as f32);
                    Ok(())
                }
                b'd' => {
                    let value = Float::as_f64(self.th, arg)?;
                    self.va.pointer::<f64>().write(value);
                    Ok(())
                }
                b'D' => {
                    let value = Complex::from_object(self.th, arg)?;
                    let value = abi::Py_complex { real: value.real, imag: value.imag };
                    self.va.pointer::<abi::Py_complex>().write(value);
                    Ok(())
                }
                _ => self.integer(unit, arg),
            }
        }
    }

    unsafe fn integer(&mut self, unit: u8, arg: Obj<'_>) -> Outcome {
        let th = self.th;
        let in_range = |least: i64, most: i64, what: &str| -> std::result::Result<i64, Failure> {
            let value = crate::longobject::as_long(th, arg)?;
            if value < least {
                th.raise(OverflowError(), format_args!("{what} is less than minimum"));
                return Err(Failure::Raised);
            }
            if value > most {
                th.raise(OverflowError(), format_args!("{what} is greater than maximum"));
                return Err(Failure::Raised);
            }
            Ok(value)
        };
        let masked = || crate::longobject::as_mask(th, arg);
        // SAFETY: the caller's promise.
        unsafe {
            match unit {
                b'b' => {
                    let value = in_range(0, 255, "unsigned byte integer")?;
                    self.va.pointer::<u8>().write(value as u8);
                }
                b'B' => {
                    let value = masked()?;
                    self.va.pointer::<u8>().write(value as u8);
                }
                b'h' => {
                    let value = in_range(i16::MIN.into(), i16::MAX.into(), "signed short integer")?;
                    self.va.pointer::<i16>().write(value as i16);
                }
                b'H' => {
                    let value = masked()?;
                    self.va.pointer::<u16>().write(value as u16);
                }
                b'i' => {
                    let value = in_range(i32::MIN.into(), i32::MAX.into(), "signed integer")?;
                    self.va.pointer::<c_int>().write(value as c_int);
                }
                b'I' => {
                    let value = masked()?;
                    self.va.pointer::<u32>().write(value as u32);
                }
                b'n' => {
                    let value = Int::index_to_isize(th, arg)?;
                    self.va.pointer::<isize>().write(value);
                }
                b'l' | b'L' => {
                    let value = crate::longobject::as_long(th, arg)?;
                    self.va.pointer::<i64>().write(value);
                }
                b'k' | b'K' => {
                    if !Int::is_index(arg) {
                        return Err(expected("int", arg));
                    }
                    let value = masked()?;
                    self.va.pointer::<u64>().write(value);
                }
                _ => return Err(Failure::Must(format!("({BAD_UNIT})"))),
            }
        }
        Ok(())
    }

    unsafe fn character(&mut self, unit: u8, arg: Obj<'_>) -> Outcome {
        if unit == b'c' {
            let data = match (arg.downcast::<Bytes>(), arg.downcast::<ByteArray>()) {
                (Some(bytes), _) => bytes.as_bytes(),
                (_, Some(array)) => array.as_bytes(),
                _ => return Err(expected("a byte string of length 1", arg)),
            };
            let [byte] = data else {
                let (kind, length) = (arg.type_name(), data.len());
                return Err(Failure::Must(format!(
                    "must be a byte string of length 1, not a {kind} object of length {length}"
                )));
            };
            // SAFETY: the caller's promise.
            unsafe { self.va.pointer::<u8>().write(*byte) };
            return Ok(());
        }
        let Some(text) = arg.downcast::<Str>() else {
            return Err(expected("a unicode character", arg));
        };
        match (text.len(), text.get(0)) {
            // SAFETY: the caller's promise.
            (1, Some(code)) => unsafe { self.va.pointer::<u32>().write(code) },
            (length, _) => {
                return Err(Failure::Must(format!(
                    "must be a unicode character, not a string of length {length}"
                )));
            }
        }
        Ok(())
    }

    unsafe fn typed<T: object::PyStruct>(&mut self, arg: Obj<'_>, name: &str) -> Outcome {
        // SAFETY: the caller's promise.
        let variable = unsafe { self.va.pointer::<*mut PyObject>() };
        if arg.downcast::<T>().is_none() {
            return Err(expected(name, arg));
        }
        // SAFETY: as above.
        unsafe { variable.write(arg.as_ptr()) };
        Ok(())
    }

    unsafe fn object(&mut self, arg: Obj<'_>) -> Outcome {
        // SAFETY: for the whole function, the caller's promise.
        unsafe {
            if self.take_if(b'!') {
                let ty = Type::from_ptr(self.va.pointer::<PyTypeObject>());
                let variable = self.va.pointer::<*mut PyObject>();
                if !is_a(arg, ty) {
                    return Err(expected(ty.full_name(), arg));
                }
                variable.write(arg.as_ptr());
                return Ok(());
            }
            if self.take_if(b'&') {
                let convert =
                    std::mem::transmute::<*mut c_void, Option<Converter>>(self.va.pointer());
                let variable = self.va.pointer::<c_void>();
                let Some(convert) = convert else { return Err(expected("(unspecified)", arg)) };
                match convert(arg.as_ptr(), variable) {
                    0 if self.th.is_raised() => return Err(Failure::Raised),
                    0 => return Err(expected("(unspecified)", arg)),
                    CLEANUP_SUPPORTED => self.cleanups.push(Cleanup::Convert(convert, variable)),
                    _ => {}
                }
                return Ok(());
            }
            self.va.pointer::<*mut PyObject>().write(arg.as_ptr());
        }
        Ok(())
    }

    unsafe fn sequence(&mut self, arg: Obj<'_>) -> Outcome {
        let th = self.th;
        let count = top_level(self.rest);
        let Some(tuple) = arg.downcast::<Tuple>() else {
            let is_text = arg.downcast::<Str>().is_some()
                || arg.downcast::<Bytes>().is_some()
                || arg.downcast::<ByteArray>().is_some();
            if is_text || !object::protocol::mapping::is_sequence(arg) {
                return Err(expected(&format!("{count}-item tuple"), arg));
            }
            let borrows = lends_out(self.rest);
            if borrows {
                let got = arg.ty().shown_name(th)?;
                let text = format!("argument must be {count}-item tuple, not {got}");
                let category = object::exceptions::types::DeprecationWarning();
                warn(th, Some(category.obj()), &*Str::new(th, &text)?, 0)?;
            }
            let length = arg.length(th)?;
            if length != count {
                let kind = if borrows { "tuple" } else { "sequence" };
                let text = format!("must be {kind} of length {count}, not {length}");
                return Err(Failure::Must(text));
            }
            let items = Tuple::from_iterable(th, arg)?;
            // SAFETY: the caller's promise; what is lent out must be the caller's, as warned of.
            return unsafe { self.items(&items, count) };
        };
        if tuple.len() != count {
            let length = tuple.len();
            return Err(Failure::Must(format!("must be tuple of length {count}, not {length}")));
        }
        // SAFETY: the caller's promise; the tuple keeps its items.
        unsafe { self.items(tuple, count) }
    }

    /// Convert as many items of a tuple.
    unsafe fn items(&mut self, tuple: &Tuple, count: usize) -> Outcome {
        for (index, item) in tuple.items().iter().take(count).enumerate() {
            // SAFETY: the caller's promise.
            if let Err(failure) = unsafe { self.convert(*item) } {
                self.path.push(index);
                return Err(failure);
            }
        }
        self.take_if(b')');
        Ok(())
    }

    unsafe fn text(&mut self, unit: u8, arg: Obj<'_>) -> Outcome {
        // SAFETY: for the whole function, the caller's promise.
        unsafe {
            if self.take_if(b'*') {
                return self.view(unit, arg);
            }
            if unit == b'w' {
                return Err(Failure::Must("(invalid use of 'w' format character)".to_owned()));
            }
            let variable = self.va.pointer::<*const c_char>();
            let size = self.take_if(b'#').then(|| self.va.pointer::<isize>());
            if unit == b'z' && arg.is_none() {
                variable.write(std::ptr::null());
                if let Some(size) = size {
                    size.write(0);
                }
                return Ok(());
            }
            let data: &[u8] = match (arg.downcast::<Str>(), arg.downcast::<Bytes>()) {
                (Some(text), _) if unit != b'y' => crate::unicodeobject::utf8(self.th, text)?,
                (_, Some(bytes)) if unit == b'y' || size.is_some() => bytes.as_bytes(),
                _ if unit == b'y' || size.is_some() => {
                    // The memory must stay when the buffer is released.
                    let releases = arg.ty().buffer().is_some_and(|b| b.bf_releasebuffer.is_some());
                    if releases || !buffer::has_buffer(arg) {
                        let what = if releases {
                            "read-only bytes-like object"
                        } else {
                            "bytes-like object"
                        };
                        return Err(expected(what, arg));
                    }
                    let view = buffer::Buffer::get(self.th, arg, abi::PyBUF_SIMPLE)?;
                    std::slice::from_raw_parts(view.as_bytes().as_ptr(), view.len())
                }
                _ => return Err(expected(if unit == b'z' { "str or None" } else { "str" }, arg)),
            };
            match size {
                Some(size) => size.write(data.len() as isize),
                None if data.contains(&0) => {
                    let what = if unit == b'y' { "byte" } else { "character" };
                    let _ = error!(self.th, ValueError, "embedded null {what}");
                    return Err(Failure::Raised);
                }
                None => {}
            }
            variable.write(data.as_ptr().cast());
        }
        Ok(())
    }

    /// `s*` and its like: a buffer that the caller releases.
    unsafe fn view(&mut self, unit: u8, arg: Obj<'_>) -> Outcome {
        let th = self.th;
        // SAFETY: the caller's promise.
        let view = unsafe { &mut *self.va.pointer::<Py_buffer>() };
        if unit == b'z' && arg.is_none() {
            *view = Py_buffer::ZERO;
            return Ok(());
        }
        match arg.downcast::<Str>() {
            Some(text) if matches!(unit, b's' | b'z') => {
                let data = crate::unicodeobject::utf8(th, text)?;
                let start = std::ptr::NonNull::from(data).cast();
                buffer::fill_info(th, view, arg, start, data.len(), true, abi::PyBUF_SIMPLE)?;
            }
            _ => {
                let (flags, what) = match unit {
                    b'w' => (abi::PyBUF_WRITABLE, "read-write bytes-like object"),
                    _ => (abi::PyBUF_SIMPLE, "bytes-like object"),
                };
                if !buffer::has_buffer(arg) {
                    return Err(expected(what, arg));
                }
                if let Err(raised) = buffer::fill(th, arg, view, flags) {
                    if unit == b'w' {
                        th.clear_exception(raised);
                        return Err(expected(what, arg));
                    }
                    return Err(Failure::Raised);
                }
            }
        }
        self.cleanups.push(Cleanup::Buffer(view));
        Ok(())
    }

    /// `es`, `et`, `es#`, `et#`: text in an encoding, in memory of its own or
    /// the caller's.
    unsafe fn encoded(&mut self, arg: Obj<'_>) -> Outcome {
        let th = self.th;
        let takes_bytes = self.take() == b't';
        // SAFETY: for the whole function, the caller's promise.
        unsafe {
            let encoding = self.va.pointer::<c_char>();
            let variable = self.va.pointer::<*mut c_char>();
            let size = self.take_if(b'#').then(|| self.va.pointer::<isize>());
            let encoding = match encoding.is_null() {
                true => "utf-8".to_owned(),
                false => CStr::from_ptr(encoding).to_string_lossy().into_owned(),
            };
            let data: Ref<Bytes> =
                match (arg.downcast::<Str>(), arg.downcast::<Bytes>(), arg.downcast::<ByteArray>())
                {
                    (Some(text), ..) => types::str::codec::encode(th, text, &encoding, "strict")?,
                    (_, Some(bytes), _) if takes_bytes => object::own(bytes),
                    (.., Some(array)) if takes_bytes => Bytes::new(th, array.as_bytes())?,
                    _ => {
                        return Err(expected(
                            if takes_bytes { "str, bytes or bytearray" } else { "str" },
                            arg,
                        ));
                    }
                };
            let bytes = data.as_bytes();
            if size.is_none() && bytes.contains(&0) {
                return Err(Failure::Must("must be encoded string without null bytes".to_owned()));
            }
            if let Some(size) = size
                && !(*variable).is_null()
            {
                if bytes.len() as isize + 1 > *size {
                    let _ = error!(
                        th,
                        ValueError,
                        "encoded string too long ({}, maximum length {})",
                        bytes.len(),
                        *size - 1
                    );
                    return Err(Failure::Raised);
                }
            } else {
                let Some(block) = th.heap().alloc(bytes.len() + 1) else {
                    return Err(th.no_memory().into());
                };
                variable.write(block.as_ptr().cast());
                self.cleanups.push(Cleanup::Memory(variable));
            }
            (*variable).cast::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            (*variable).add(bytes.len()).write(0);
            if let Some(size) = size {
                size.write(bytes.len() as isize);
            }
        }
        Ok(())
    }
}

/// Whether a unit of this level gives C code what only its sequence keeps alive.
fn lends_out(format: &[u8]) -> bool {
    let mut depth = 0;
    for (at, byte) in format.iter().enumerate() {
        let next = format.get(at + 1).copied().unwrap_or(0);
        match byte {
            b'(' => depth += 1,
            b')' if depth == 0 => return false,
            b')' => depth -= 1,
            b's' | b'z' | b'y' => {
                let is_encoded = at > 0 && format.get(at - 1) == Some(&b'e');
                if !is_encoded && next != b'*' {
                    return true;
                }
            }
            b'O' if next != b'&' => return true,
            b'S' | b'U' | b'Y' => return true,
            _ => {}
        }
    }
    false
}

/// How many units there are up to the closing parenthesis of this level.
pub(crate) fn top_level(format: &[u8]) -> usize {
    let (mut depth, mut count) = (0, 0);
    for byte in format {
        match byte {
            b')' if depth == 0 => break,
            b'(' => {
                count += usize::from(depth == 0);
                depth += 1;
            }
            b')' => depth -= 1,
            b'e' if depth == 0 => {}
            byte if depth == 0 && byte.is_ascii_alphabetic() => count += 1,
            _ => {}
        }
    }
    count
}
