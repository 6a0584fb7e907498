//! Where a string's characters are, and how strings are made.
//!
//! Every constructor here yields the narrowest width that holds the text, so
//! that equal strings have equal storage. The bytes after the characters are a
//! zero of their width. Empty strings and single Latin-1 characters are the
//! immortal statics of [`latin1`]. Only [`Str::append`] changes a string, and
//! only one that nobody else has.

use std::{cell::Cell, fmt, mem::ManuallyDrop, ptr::NonNull};

use text::{CodeUnit, TextBuf, Units, codecs::utf8};

use abi::{PyASCIIObject, PyCompactUnicodeObject, PyUnicodeObject};

use super::Str;
use crate::{
    AsObject, Obj, PyStruct, Ref, Result, Thread, Traverse, Type, alloc_object, copy::copy_bytes,
    raise, reference, shape,
};

pub(crate) const INTERNED: u32 = 3;
pub(crate) const MORTAL: u32 = 1;
pub(crate) const IMMORTAL: u32 = 2;
pub(crate) const IMMORTAL_STATIC: u32 = 3;
const KIND_SHIFT: u32 = 2;
pub(crate) const COMPACT: u32 = 1 << 5;
pub(crate) const ASCII: u32 = 1 << 6;
const STATICALLY_ALLOCATED: u32 = 1 << 7;

const ASCII_DATA: usize = size_of::<PyASCIIObject>();
const COMPACT_DATA: usize = size_of::<PyCompactUnicodeObject>();

/// The width of a string's storage, in bytes per character.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Width {
    Ascii,
    Ucs1,
    Ucs2,
    Ucs4,
}

impl Width {
    /// The narrowest width whose characters reach `max`.
    pub fn of_char(max: u32) -> Width {
        match max {
            0..0x80 => Width::Ascii,
            0x80..0x100 => Width::Ucs1,
            0x100..0x1_0000 => Width::Ucs2,
            _ => Width::Ucs4,
        }
    }

    /// The narrowest width of a text.
    pub fn of(units: Units<'_>) -> Width {
        // PERF: the bits of all units together cross the same limits as the
        // largest one, and collecting them vectorises.
        let bits = match units {
            Units::Ucs1(s) => return if s.is_ascii() { Width::Ascii } else { Width::Ucs1 },
            Units::Ucs2(s) => s.iter().fold(0, |bits, &u| bits | u).into(),
            Units::Ucs4(s) => s.iter().fold(0, |bits, &u| bits | u),
        };
        Width::of_char(bits)
    }

    /// Bytes per character.
    pub fn bytes(self) -> usize {
        match self {
            Width::Ascii | Width::Ucs1 => 1,
            Width::Ucs2 => 2,
            Width::Ucs4 => 4,
        }
    }

    /// The wider of two.
    pub fn max(self, other: Width) -> Width {
        if (self as u8) < (other as u8) { other } else { self }
    }

    fn state(self) -> u32 {
        let ascii = if self == Width::Ascii { ASCII } else { 0 };
        (self.bytes() as u32) << KIND_SHIFT | ascii
    }

    fn header(self) -> usize {
        if self == Width::Ascii { ASCII_DATA } else { COMPACT_DATA }
    }
}

/// An immortal string of at most one Latin-1 character.
#[repr(C, align(16))]
struct StaticStr {
    string: ManuallyDrop<Str>,
    /// ASCII data, or the UTF-8 length.
    tail: Cell<usize>,
    utf8: Cell<*const u8>,
    data: [u8; 8],
}

// SAFETY: used only under the GIL, like every object.
unsafe impl Sync for StaticStr {}

const fn static_str(length: isize, byte: u8) -> StaticStr {
    let ascii = byte < 128;
    let state = IMMORTAL_STATIC
        | 1 << KIND_SHIFT
        | COMPACT
        | STATICALLY_ALLOCATED
        | if ascii { ASCII } else { 0 };
    StaticStr {
        string: ManuallyDrop::new(Str::with_state(length, state)),
        tail: Cell::new(if ascii { byte as usize } else { 0 }),
        utf8: Cell::new(std::ptr::null()),
        data: [if ascii { 0 } else { byte }, 0, 0, 0, 0, 0, 0, 0],
    }
}

static EMPTY: StaticStr = static_str(0, 0);
static LATIN1: [StaticStr; 256] = {
    let mut all = [const { static_str(1, 0) }; 256];
    let mut i = 0;
    while i < 256 {
        all[i] = static_str(1, i as u8);
        i += 1;
    }
    all
};

/// Give the static strings their type, before anything else runs.
pub fn init() {
    EMPTY.string.head.set_static_type(Str::type_object());
    LATIN1.iter().for_each(|one| one.string.head.set_static_type(Str::type_object()));
}

/// `''`.
#[inline]
pub fn empty() -> &'static Str {
    &EMPTY.string
}

/// The string of one character below U+0100.
#[inline]
pub fn latin1(byte: u8) -> &'static Str {
    &LATIN1[usize::from(byte)].string
}

/// The static string equal to `units`, if there is one.
#[inline]
fn shared(units: Units<'_>) -> Option<&'static Str> {
    match units.len() {
        0 => Some(empty()),
        1 => units.get(0).and_then(|code| u8::try_from(code).ok()).map(latin1),
        _ => None,
    }
}

/// Copy `units` to `to`, which has room for them in units of `U`.
unsafe fn copy<U: CodeUnit>(units: Units<'_>, to: *mut U) {
    macro_rules! each {
        ($slice:expr) => {
            for (i, unit) in $slice.iter().enumerate() {
                // SAFETY: the caller's promise.
                unsafe { to.add(i).write(U::truncate(unit.code())) };
            }
        };
    }
    match units {
        Units::Ucs1(s) if size_of::<U>() == 1 => {
            // SAFETY: the caller's promise.
            unsafe { copy_bytes(s.as_ptr(), to.cast::<u8>(), s.len()) }
        }
        Units::Ucs2(s) if size_of::<U>() == 2 => {
            // SAFETY: the caller's promise.
            unsafe { to.cast::<u16>().copy_from_nonoverlapping(s.as_ptr(), s.len()) }
        }
        Units::Ucs4(s) if size_of::<U>() == 4 => {
            // SAFETY: the caller's promise.
            unsafe { to.cast::<u32>().copy_from_nonoverlapping(s.as_ptr(), s.len()) }
        }
        Units::Ucs1(s) => each!(s),
        Units::Ucs2(s) => each!(s),
        Units::Ucs4(s) => each!(s),
    }
}

/// A string in the making: its characters are written once each, in order or
/// not, before [`Draft::finish`].
pub(crate) struct Draft {
    string: Ref<Str>,
    width: Width,
    data: NonNull<u8>,
    length: usize,
}

impl Draft {
    /// Room for `length` characters of `width`.
    #[inline]
    pub(crate) fn new(th: Thread<'_>, width: Width, length: usize) -> Result<Draft> {
        let size = length
            .checked_add(1)
            .and_then(|n| n.checked_mul(width.bytes()))
            .and_then(|n| n.checked_add(width.header()))
            .filter(|&n| n <= isize::MAX as usize);
        let Some(memory) = size.and_then(|size| th.heap().alloc(size)) else {
            return Err(th.no_memory());
        };
        let object = memory.cast::<abi::PyObject>();
        // SAFETY: memory for a string.
        unsafe { reference::init_static_header(object, Str::type_object()) };
        // SAFETY: the header is in place; the other fields are written next.
        let string = unsafe { memory.cast::<Str>().as_ref() };
        string.length.set(length as isize);
        string.hash.set(-1);
        string.state.set(width.state() | COMPACT);
        if width != Width::Ascii {
            string.set_utf8(0, std::ptr::null());
        }
        // SAFETY: behind the header, inside the block.
        let data = unsafe { memory.add(width.header()) };
        let end = length * width.bytes();
        // SAFETY: the terminator is inside the block.
        let terminator = unsafe { data.add(end) };
        // SAFETY: as above, aligned to its width.
        unsafe {
            match width.bytes() {
                1 => terminator.write(0),
                2 => terminator.cast::<u16>().write(0),
                _ => terminator.cast::<u32>().write(0),
            }
        }
        // SAFETY: the header's count is this reference.
        let string = unsafe { Ref::from_owned(object) };
        Ok(Draft { string, width, data, length })
    }

    /// Write `units`, which fit the width, at `position`.
    pub(crate) fn put(&mut self, position: usize, units: Units<'_>) {
        debug_assert!(Width::of(units).bytes() <= self.width.bytes());
        let room = self.length.saturating_sub(position);
        let units = units.slice(0, room);
        let data = self.data.as_ptr();
        // SAFETY: `position + units.len()` is at most the length allocated.
        unsafe {
            match self.width.bytes() {
                1 => copy(units, data.add(position)),
                2 => copy(units, data.cast::<u16>().add(position)),
                _ => copy(units, data.cast::<u32>().add(position)),
            }
        }
    }

    /// Write one character `count` times.
    pub(crate) fn fill(&mut self, position: usize, code: u32, count: usize) {
        let count = count.min(self.length.saturating_sub(position));
        let data = self.data.as_ptr();
        // SAFETY: `position + count` is at most the length allocated.
        unsafe {
            match self.width.bytes() {
                1 => data.add(position).write_bytes(code as u8, count),
                2 => std::slice::from_raw_parts_mut(data.cast::<u16>().add(position), count)
                    .fill(code as u16),
                _ => std::slice::from_raw_parts_mut(data.cast::<u32>().add(position), count)
                    .fill(code),
            }
        }
    }

    /// Fill the whole with repetitions of its first `filled` characters.
    pub(crate) fn double(&mut self, filled: usize) {
        let width = self.width.bytes();
        let total = self.length * width;
        let mut done = filled * width;
        while done < total && done > 0 {
            let count = done.min(total - done);
            // SAFETY: both ranges are inside the characters and do not overlap.
            unsafe { self.data.add(done).copy_from_nonoverlapping(self.data, count) };
            done += count;
        }
    }

    /// The one-byte characters, to fill in. Empty for wider strings.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        if self.width.bytes() != 1 {
            return &mut [];
        }
        // SAFETY: allocated, initialised by the caller, and not shared yet.
        unsafe { std::slice::from_raw_parts_mut(self.data.as_ptr(), self.length) }
    }

    /// The string. Every character has been written.
    pub(crate) fn finish(self) -> Ref<Str> {
        self.string
    }
}

/// A string of `length` characters of up to `max`, for C code to fill in.
pub fn new_unfilled(th: Thread<'_>, length: usize, max: u32) -> Result<Ref<Str>> {
    if length == 0 {
        return Ok(Str::empty(th));
    }
    Draft::new(th, Width::of_char(max), length).map(Draft::finish)
}

impl Traverse for Str {
    const GC: bool = false;
    fn traverse(&self, _: &mut dyn FnMut(Obj<'_>)) {}
}

impl Str {
    const fn with_state(length: isize, state: u32) -> Str {
        Str {
            head: crate::Head::immortal(),
            length: Cell::new(length),
            hash: Cell::new(-1),
            state: Cell::new(state),
        }
    }

    /// A new string.
    pub fn new(th: Thread<'_>, text: &str) -> Result<Ref<Str>> {
        if text.is_ascii() {
            return Self::from_ascii(th, text.as_bytes());
        }
        let scan = utf8::measure(text);
        let width = match scan.width {
            utf8::Width::Ascii => Width::Ascii,
            utf8::Width::Latin1 => Width::Ucs1,
            utf8::Width::Ucs2 => Width::Ucs2,
            utf8::Width::Ucs4 => Width::Ucs4,
        };
        let draft = Draft::new(th, width, scan.length)?;
        let data = draft.data.as_ptr();
        // SAFETY: room for as many characters as were counted, all that fit the
        // width, in an object that nobody shares.
        unsafe {
            match width.bytes() {
                1 => utf8::fill(text, std::slice::from_raw_parts_mut(data, scan.length)),
                2 => utf8::fill(
                    text,
                    std::slice::from_raw_parts_mut(data.cast::<u16>(), scan.length),
                ),
                _ => utf8::fill(
                    text,
                    std::slice::from_raw_parts_mut(data.cast::<u32>(), scan.length),
                ),
            }
        }
        Ok(canonical(th, draft.finish()))
    }

    /// A new string of bytes that are all below 128.
    pub(crate) fn from_ascii(th: Thread<'_>, bytes: &[u8]) -> Result<Ref<Str>> {
        debug_assert!(bytes.is_ascii());
        match *bytes {
            [] => Ok(crate::own(empty())),
            [byte] => Ok(crate::own(latin1(byte))),
            _ => Self::unshared(th, bytes),
        }
    }

    /// A new string of ASCII characters, also for a single one.
    ///
    /// PERF: what most strings are made by, in one block of code: splitting and
    /// slicing take half the time.
    pub fn unshared(th: Thread<'_>, bytes: &[u8]) -> Result<Ref<Str>> {
        let Some(memory) = th.heap().alloc(ASCII_DATA + bytes.len() + 1) else {
            return Err(th.no_memory());
        };
        let object = memory.cast::<abi::PyObject>();
        // SAFETY: memory for a string.
        unsafe { reference::init_static_header(object, Str::type_object()) };
        // SAFETY: the header is in place; the other fields are written next.
        let string = unsafe { memory.cast::<Str>().as_ref() };
        string.length.set(bytes.len() as isize);
        string.hash.set(-1);
        string.state.set(Width::Ascii.state() | COMPACT);
        // SAFETY: behind the header, inside the block.
        let data = unsafe { memory.add(ASCII_DATA) }.as_ptr();
        // SAFETY: there is room for the bytes, in a block that is new.
        unsafe { copy_bytes(bytes.as_ptr(), data, bytes.len()) };
        // SAFETY: and for the terminator.
        unsafe { data.add(bytes.len()).write(0) };
        // SAFETY: the header's count is the reference we hand over.
        Ok(unsafe { Ref::from_owned(object) })
    }

    /// A new string of `length` ASCII characters that `fill` writes over zeros.
    pub(crate) fn build_ascii(
        th: Thread<'_>,
        length: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Ref<Str>> {
        let mut draft = Draft::new(th, Width::Ascii, length)?;
        let bytes = draft.bytes_mut();
        bytes.fill(0);
        fill(bytes);
        debug_assert!(bytes.is_ascii());
        Ok(draft.finish())
    }

    /// A new string of formatted text.
    pub fn from_fmt(th: Thread<'_>, text: fmt::Arguments<'_>) -> Result<Ref<Str>> {
        match text.as_str() {
            Some(text) => Self::new(th, text),
            None => Self::new(th, &fmt::format(text)),
        }
    }

    /// A new string of these characters, in the narrowest width.
    pub fn from_units(th: Thread<'_>, units: Units<'_>) -> Result<Ref<Str>> {
        if let Units::Ucs1(bytes) = units
            && bytes.is_ascii()
        {
            return Self::from_ascii(th, bytes);
        }
        if let Some(one) = shared(units) {
            return Ok(crate::own(one));
        }
        let mut draft = Draft::new(th, Width::of(units), units.len())?;
        draft.put(0, units);
        Ok(draft.finish())
    }

    /// A new string of an owned text.
    pub fn from_buf(th: Thread<'_>, text: &TextBuf) -> Result<Ref<Str>> {
        Self::from_units(th, text.as_units())
    }

    /// A new string of these code points.
    pub fn from_code_points(th: Thread<'_>, codes: &[u32]) -> Result<Ref<Str>> {
        Self::from_units(th, Units::Ucs4(codes))
    }

    /// The string of one character. C code makes strings of what is none: it cannot be taken out.
    #[inline]
    pub fn from_char(th: Thread<'_>, code: u32) -> Result<Ref<Str>> {
        match u8::try_from(code) {
            Ok(byte) => Ok(crate::own(latin1(byte))),
            Err(_) if code > u32::from(char::MAX) => {
                raise!(th, SystemError, "invalid maximum character passed to PyUnicode_New")
            }
            Err(_) => Self::from_units(th, Units::Ucs4(&[code])),
        }
    }

    /// The empty string.
    #[inline]
    pub fn empty(_: Thread<'_>) -> Ref<Str> {
        crate::own(empty())
    }

    /// A new string of UTF-8 that may encode surrogates like other characters;
    /// bytes that are neither become U+FFFD.
    pub fn from_wtf8(th: Thread<'_>, bytes: &[u8]) -> Result<Ref<Str>> {
        if let Ok(text) = std::str::from_utf8(bytes) {
            return Self::new(th, text);
        }
        let mut handler = text::codecs::Handler::SurrogatePass;
        let mut codes = TextBuf::new();
        let mut rest = bytes;
        loop {
            match text::codecs::utf8::decode(rest, true, &mut handler) {
                Ok(decoded) => {
                    codes.extend(decoded.text.as_units());
                    return Self::from_buf(th, &codes);
                }
                Err(error) => {
                    let good = rest.get(..error.start).unwrap_or_default();
                    if let Ok(decoded) = text::codecs::utf8::decode(good, true, &mut handler) {
                        codes.extend(decoded.text.as_units());
                    }
                    codes.push(0xfffd);
                    rest = rest.get(error.end.max(error.start + 1)..).unwrap_or_default();
                }
            }
        }
    }

    /// A new instance of `cls`, `str` or a subclass, with the text of `self`.
    pub fn to_subclass(&self, th: Thread<'_>, cls: &Type) -> Result<Ref> {
        if std::ptr::eq(cls, Self::type_object()) {
            return self.to_exact(th).map(Ref::upcast);
        }
        let width = self.width();
        let size = (self.len() + 1) * width.bytes();
        let Some(data) = th.heap().alloc(size) else { return Err(th.no_memory()) };
        // SAFETY: the characters and their terminator, into a block of that size.
        unsafe { data.as_ptr().copy_from_nonoverlapping(self.data(), size) };
        let object = match alloc_object::alloc_raw(th, cls, 0, shape::inline_bytes(cls)) {
            Ok(object) => object,
            Err(raised) => {
                // SAFETY: allocated above, unused.
                unsafe { th.heap().free(data) };
                return Err(raised);
            }
        };
        // SAFETY: memory for an instance of a subtype of `str`.
        let string = unsafe { object.cast::<Str>().as_ref() };
        string.length.set(self.length.get());
        string.hash.set(self.hash.get());
        string.state.set(width.state());
        let full = object.as_ptr().cast::<PyUnicodeObject>();
        // SAFETY: an instance of a subtype has the whole struct.
        unsafe { (*full).data = data.as_ptr().cast() };
        if width == Width::Ascii {
            string.set_utf8(self.len() as isize, data.as_ptr());
        }
        alloc_object::finish(th, cls, object);
        // SAFETY: the header's count is the reference we hand over.
        Ok(unsafe { Ref::from_owned(object) })
    }

    /// This string if it is exactly a `str`, else a copy that is.
    pub fn to_exact(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        if self.obj().is_exact::<Str>() {
            return Ok(crate::own(self));
        }
        Self::from_units(th, self.units())
    }

    #[inline(always)]
    fn base(&self) -> *mut u8 {
        std::ptr::from_ref(self).cast_mut().cast()
    }

    /// Where the characters are.
    #[inline(always)]
    pub fn data(&self) -> *const u8 {
        let state = self.state.get();
        if state & COMPACT == 0 {
            // SAFETY: a string that is not compact has the whole struct.
            return unsafe { (*self.base().cast::<PyUnicodeObject>()).data }.cast();
        }
        let header = if state & ASCII != 0 { ASCII_DATA } else { COMPACT_DATA };
        // SAFETY: a compact string's characters follow its header.
        unsafe { self.base().add(header) }
    }

    fn set_utf8(&self, length: isize, utf8: *const u8) {
        let compact = self.base().cast::<PyCompactUnicodeObject>();
        // SAFETY: the caller knows that the string has these fields.
        unsafe { (*compact).utf8_length = length };
        // SAFETY: as above.
        unsafe { (*compact).utf8 = utf8.cast() };
    }

    /// How many characters.
    #[inline(always)]
    #[allow(clippy::len_without_is_empty, reason = "named after Python's len()")]
    pub fn len(&self) -> usize {
        self.length.get() as usize
    }

    /// The width of the storage.
    #[inline]
    pub fn width(&self) -> Width {
        let state = self.state.get();
        match state >> KIND_SHIFT & 7 {
            _ if state & ASCII != 0 => Width::Ascii,
            1 => Width::Ucs1,
            2 => Width::Ucs2,
            _ => Width::Ucs4,
        }
    }

    /// The characters.
    #[inline]
    pub fn units(&self) -> Units<'_> {
        let (data, length) = (self.data(), self.len());
        // SAFETY (of the three): `length` units of the string's width.
        match self.state.get() >> KIND_SHIFT & 7 {
            // SAFETY: as above.
            1 => Units::Ucs1(unsafe { std::slice::from_raw_parts(data, length) }),
            // SAFETY: as above.
            2 => Units::Ucs2(unsafe { std::slice::from_raw_parts(data.cast(), length) }),
            // SAFETY: as above.
            _ => Units::Ucs4(unsafe { std::slice::from_raw_parts(data.cast(), length) }),
        }
    }

    /// The characters as raw bytes, one, two or four per character.
    #[inline]
    pub fn storage(&self) -> &[u8] {
        let size = self.len() * (self.state.get() >> KIND_SHIFT & 7) as usize;
        // SAFETY: `length` units of the string's width.
        unsafe { std::slice::from_raw_parts(self.data(), size) }
    }

    /// The code point at `index`.
    #[inline]
    pub fn get(&self, index: usize) -> Option<u32> {
        self.units().get(index)
    }

    /// Whether all characters are ASCII.
    #[inline(always)]
    pub fn is_ascii(&self) -> bool {
        self.state.get() & ASCII != 0
    }

    /// The text if it is ASCII.
    #[inline]
    pub fn as_ascii(&self) -> Option<&str> {
        if !self.is_ascii() {
            return None;
        }
        // SAFETY: ASCII is UTF-8.
        Some(unsafe { std::str::from_utf8_unchecked(self.storage()) })
    }

    /// The text as UTF-8, cached; surrogates raise `UnicodeEncodeError`.
    pub fn to_utf8(&self, th: Thread<'_>) -> Result<&str> {
        if let Some(text) = self.as_ascii() {
            return Ok(text);
        }
        let compact = self.base().cast::<PyCompactUnicodeObject>();
        // SAFETY: a string that is not ASCII has these fields.
        let (utf8, length) = unsafe { ((*compact).utf8, (*compact).utf8_length as usize) };
        if !utf8.is_null() {
            // SAFETY: the cache holds valid UTF-8 as long as the string lives.
            let bytes = unsafe { std::slice::from_raw_parts(utf8.cast(), length) };
            // SAFETY: as above.
            return Ok(unsafe { std::str::from_utf8_unchecked(bytes) });
        }
        let mut strict = text::codecs::Handler::Strict;
        let encoded = match text::codecs::utf8::encode(self.units(), &mut strict) {
            Ok(encoded) => encoded,
            Err(error) => return Err(super::codec::raise_encode_error(th, self, &error)),
        };
        let Some(copy) = th.heap().alloc(encoded.len() + 1) else { return Err(th.no_memory()) };
        // SAFETY: a block with room for the text and a terminator.
        unsafe { copy.as_ptr().copy_from_nonoverlapping(encoded.as_ptr(), encoded.len()) };
        // SAFETY: as above.
        unsafe { copy.add(encoded.len()).write(0) };
        self.set_utf8(encoded.len() as isize, copy.as_ptr());
        // SAFETY: owned by the string from now on.
        let bytes = unsafe { std::slice::from_raw_parts(copy.as_ptr(), encoded.len()) };
        // SAFETY: the encoder wrote UTF-8 without surrogates.
        Ok(unsafe { std::str::from_utf8_unchecked(bytes) })
    }

    /// `hash(self)`, cached.
    #[inline]
    pub fn hash(&self, th: Thread<'_>) -> isize {
        let hash = self.hash.get();
        if hash != -1 { hash } else { self.compute_hash(th) }
    }

    #[cold]
    fn compute_hash(&self, th: Thread<'_>) -> isize {
        let hash = hash_bytes(th, self.storage());
        self.hash.set(hash);
        hash
    }

    /// Whether both have the same text.
    #[inline]
    pub fn eq(&self, other: &Str) -> bool {
        if std::ptr::eq(self, other) {
            return true;
        }
        // Equal texts have equal widths: each is in its narrowest.
        if self.len() != other.len()
            || (self.state.get() ^ other.state.get()) & (7 << 2 | ASCII) != 0
        {
            return false;
        }
        self.storage() == other.storage()
    }

    /// Whether the text is `text`.
    #[inline]
    pub fn eq_str(&self, text: &str) -> bool {
        match self.as_ascii() {
            Some(own) => own == text,
            None => !text.is_ascii() && self.units().iter().eq(text.chars().map(u32::from)),
        }
    }

    /// Compare by code points.
    pub fn cmp(&self, other: &Str) -> std::cmp::Ordering {
        match (self.units(), other.units()) {
            (Units::Ucs1(a), Units::Ucs1(b)) => a.cmp(b),
            (Units::Ucs2(a), Units::Ucs2(b)) => a.cmp(b),
            (a, b) => a.iter().cmp(b.iter()),
        }
    }

    /// `self + other`.
    pub fn concat(&self, th: Thread<'_>, other: &Str) -> Result<Ref<Str>> {
        if other.len() == 0 {
            return self.to_exact(th);
        }
        if self.len() == 0 {
            return other.to_exact(th);
        }
        let (left, right) = (self.len(), other.len());
        if left > isize::MAX as usize - right {
            raise!(th, OverflowError, "strings are too large to concat");
        }
        let mut draft = Draft::new(th, self.width().max(other.width()), left + right)?;
        draft.put(0, self.units());
        draft.put(left, other.units());
        Ok(draft.finish())
    }

    /// `left + right`, in place where nobody else has `left`.
    pub fn append(th: Thread<'_>, left: Ref<Str>, right: &Str) -> Result<Ref<Str>> {
        let (l, r) = (left.len(), right.len());
        let in_place = left.obj().is_unique()
            && left.state.get() & (INTERNED | COMPACT) == COMPACT
            && left.obj().is_exact::<Str>()
            && left.width().max(right.width()) == left.width()
            && l != 0
            && r != 0;
        if !in_place {
            return left.concat(th, right);
        }
        let width = left.width();
        let size = l
            .checked_add(r)
            .and_then(|n| n.checked_add(1))
            .and_then(|n| n.checked_mul(width.bytes()))
            .and_then(|n| n.checked_add(width.header()))
            .filter(|&n| n <= isize::MAX as usize);
        let Some(size) = size else { raise!(th, OverflowError, "strings are too large to concat") };
        left.drop_utf8(th);
        let Some(block) = NonNull::new(left.into_raw()) else { return Err(th.no_memory()) };
        // SAFETY: an exact compact string is one block, and only we have it.
        let moved = unsafe { th.heap().realloc(block.cast(), size) };
        let object = moved.map_or(block, NonNull::cast);
        // SAFETY: the reference taken apart above, perhaps moved.
        let string = unsafe { Ref::<Str>::from_owned(object) };
        if moved.is_none() {
            return Err(th.no_memory());
        }
        // SAFETY: behind the header, inside the block.
        let data = unsafe { object.cast::<u8>().add(width.header()) };
        let mut draft = Draft { string, width, data, length: l + r };
        draft.put(l, right.units());
        // SAFETY: the terminator is inside the block.
        unsafe { data.add((l + r) * width.bytes()).write_bytes(0, width.bytes()) };
        draft.string.length.set((l + r) as isize);
        draft.string.hash.set(-1);
        Ok(draft.finish())
    }

    /// The characters `start..end` (clamped).
    pub fn slice(&self, th: Thread<'_>, start: usize, end: usize) -> Result<Ref<Str>> {
        if start == 0 && end >= self.len() {
            return self.to_exact(th);
        }
        let units = self.units().slice(start, end);
        if self.is_ascii()
            && let Units::Ucs1(bytes) = units
        {
            return Self::from_ascii(th, bytes);
        }
        Self::from_units(th, units)
    }

    /// `sys.getsizeof` without the collector's part.
    pub(crate) fn size_in_memory(&self) -> usize {
        let width = self.width();
        let characters = (self.len() + 1) * width.bytes();
        let compact = self.state.get() & COMPACT != 0;
        let mut size = if compact {
            width.header() + characters
        } else {
            self.obj().ty().basicsize() + characters
        };
        if width != Width::Ascii {
            // SAFETY: a string that is not ASCII has these fields.
            let parts = unsafe { &*self.base().cast::<PyCompactUnicodeObject>() };
            if !parts.utf8.is_null() {
                size += parts.utf8_length as usize + 1;
            }
        }
        size
    }

    /// Free the cached UTF-8.
    fn drop_utf8(&self, th: Thread<'_>) {
        if self.is_ascii() {
            return;
        }
        // SAFETY: a string that is not ASCII has these fields.
        let utf8 = unsafe { (*self.base().cast::<PyCompactUnicodeObject>()).utf8 };
        if let Some(utf8) = NonNull::new(utf8.cast_mut()) {
            self.set_utf8(0, std::ptr::null());
            // SAFETY: the cache is a block of its own.
            unsafe { th.heap().free(utf8.cast()) };
        }
    }
}

/// A string just built, replaced by the static one of its text if there is one.
pub(crate) fn canonical(_: Thread<'_>, string: Ref<Str>) -> Ref<Str> {
    match shared(string.units()) {
        Some(one) => crate::own(one),
        None => string,
    }
}

/// The hash of the bytes of a `str`'s storage, a `bytes` or a `memoryview`.
pub fn hash_bytes(th: Thread<'_>, data: &[u8]) -> isize {
    let (k0, k1) = th.interp().hash_secret.get();
    let mut key = [0; 16];
    key[..8].copy_from_slice(&k0.to_le_bytes());
    key[8..].copy_from_slice(&k1.to_le_bytes());
    num::hash::Secret::from_bytes(key).hash(data) as isize
}

impl Drop for Str {
    fn drop(&mut self) {
        let state = self.state.get();
        // PERF: most strings own nothing and are in no table.
        if state & (COMPACT | ASCII | INTERNED) == COMPACT | ASCII {
            return;
        }
        // SAFETY: strings die on attached threads.
        let th = unsafe { Thread::current() };
        if state & INTERNED == MORTAL {
            super::intern::forget(th, self);
        }
        self.drop_utf8(th);
        if state & COMPACT == 0 {
            let data = NonNull::new(self.data().cast_mut());
            if let Some(data) = data {
                // SAFETY: a string that is not compact owns its block of characters.
                unsafe { th.heap().free(data) };
            }
        }
    }
}

/// The text; lone surrogates show as U+FFFD.
impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = self.as_ascii() {
            return f.pad(text);
        }
        for code in self.units() {
            fmt::Write::write_char(f, char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}
