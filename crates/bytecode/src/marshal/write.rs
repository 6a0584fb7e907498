//! Objects to bytes.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;

use num_bigint::{BigInt, Sign};
use rustc_hash::FxBuildHasher;

use super::{CodeParts, FLAG_REF, MAX_DEPTH, kind};

/// What the writer has to know of an object.
pub enum View<'a, O> {
    None,
    False,
    True,
    Ellipsis,
    /// The class.
    StopIteration,
    Int(i64),
    BigInt(Cow<'a, BigInt>),
    Float(f64),
    Complex(f64, f64),
    /// Generalised UTF-8 (`surrogatepass`).
    Str {
        utf8: Cow<'a, [u8]>,
        interned: bool,
    },
    /// Also for any object with a buffer.
    Bytes(Cow<'a, [u8]>),
    Tuple(Vec<O>),
    List(Vec<O>),
    Dict(Vec<(O, O)>),
    Set(Vec<O>),
    FrozenSet(Vec<O>),
    /// Start, stop, step.
    Slice([O; 3]),
    Code(Box<CodeParts<O>>),
    /// Cannot be marshalled.
    Unknown,
}

impl<O: Copy> View<'_, O> {
    /// The same view of objects that are numbers, as cheap as it can be.
    pub(super) fn borrowed(&self) -> View<'_, O> {
        match self {
            View::None => View::None,
            View::False => View::False,
            View::True => View::True,
            View::Ellipsis => View::Ellipsis,
            View::StopIteration => View::StopIteration,
            View::Int(value) => View::Int(*value),
            View::BigInt(value) => View::BigInt(Cow::Borrowed(value)),
            View::Float(value) => View::Float(*value),
            View::Complex(real, imag) => View::Complex(*real, *imag),
            View::Str { utf8, interned } => {
                View::Str { utf8: Cow::Borrowed(utf8), interned: *interned }
            }
            View::Bytes(bytes) => View::Bytes(Cow::Borrowed(bytes)),
            View::Tuple(items) => View::Tuple(items.clone()),
            View::List(items) => View::List(items.clone()),
            View::Dict(items) => View::Dict(items.clone()),
            View::Set(items) => View::Set(items.clone()),
            View::FrozenSet(items) => View::FrozenSet(items.clone()),
            View::Slice(parts) => View::Slice(*parts),
            View::Code(parts) => View::Code(parts.clone()),
            View::Unknown => View::Unknown,
        }
    }
}

/// Whether there is more than one reference to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    Unique,
    /// CPython looks at the reference count, which is larger for interned and
    /// immortal objects, too.
    Shared,
    /// Nobody counts them: shared if the writer meets the object twice.
    Uncounted,
}

/// Shows objects to the writer.
pub trait Source {
    type Object: Clone;
    type Error: From<DumpError>;

    fn view(&self, object: &Self::Object) -> Result<View<'_, Self::Object>, Self::Error>;

    /// What two occurrences of one object have in common.
    fn identity(&self, object: &Self::Object) -> usize;

    fn sharing(&self, object: &Self::Object) -> Sharing;

    /// Called behind the items of a set: writing them can run code that changes it.
    fn check_size(&self, _object: &Self::Object, _written: usize) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// Why an object cannot be marshalled: `ValueError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DumpError {
    Unmarshallable,
    NestedTooDeep,
    CodeNotAllowed,
    TooManyObjects,
}

impl fmt::Display for DumpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DumpError::Unmarshallable => "unmarshallable object",
            DumpError::NestedTooDeep => "object too deeply nested to marshal",
            DumpError::CodeNotAllowed => "marshalling code objects is disallowed",
            DumpError::TooManyObjects => "too many objects",
        })
    }
}

impl std::error::Error for DumpError {}

/// Marshal an object, of which this is the caller's only reference.
pub fn dump<S: Source>(
    source: &S,
    object: S::Object,
    version: i32,
    allow_code: bool,
) -> Result<Vec<u8>, S::Error> {
    // What the caller names, it holds.
    let holder = match source.sharing(&object) {
        Sharing::Uncounted => Holder::Writer,
        _ => Holder::Container,
    };
    dump_at_depth(source, object, version, allow_code, 0, holder)
}

fn dump_at_depth<S: Source>(
    source: &S,
    object: S::Object,
    version: i32,
    allow_code: bool,
    depth: usize,
    holder: Holder,
) -> Result<Vec<u8>, S::Error> {
    let mut writer = Writer {
        source,
        version,
        allow_code,
        numbers: HashMap::default(),
        marks: Vec::new(),
        references: Vec::new(),
        open: HashSet::new(),
        out: Vec::new(),
        todo: Vec::new(),
    };
    writer.todo.push(Task::Object(object, depth + 1, holder));
    while let Some(task) = writer.todo.pop() {
        match task {
            Task::Object(object, depth, holder) => writer.object(&object, depth, holder)?,
            Task::Int(value) => writer.int(value),
            Task::Null => writer.out.push(kind::NULL),
            Task::Closed(identity) => drop(writer.open.remove(&identity)),
            Task::CheckSize(object, written) => source.check_size(&object, written)?,
        }
    }
    writer.number_references();
    Ok(writer.out)
}

/// Who has the reference through which an object is reached.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holder {
    Container,
    /// The writer has a second one.
    Writer,
    /// A slice, whose numbers nobody else has.
    Slice,
}

enum Task<O> {
    /// The object, how deep it is nested, and who holds it.
    Object(O, usize, Holder),
    Int(i32),
    Null,
    /// The end of an object that must not contain itself.
    Closed(usize),
    CheckSize(O, usize),
}

/// An object that is or may be referred to.
struct Mark {
    /// Of its first byte.
    position: usize,
    shared: bool,
}

struct Writer<'s, S: Source> {
    source: &'s S,
    version: i32,
    allow_code: bool,
    /// Indices into `marks`, by identity.
    numbers: HashMap<usize, u32, FxBuildHasher>,
    marks: Vec<Mark>,
    /// Where references are, and to which mark.
    references: Vec<(usize, u32)>,
    /// Slices and code objects that are being written: nobody could read one within itself.
    open: HashSet<usize>,
    out: Vec<u8>,
    /// What is still to be written, last first.
    todo: Vec<Task<S::Object>>,
}

impl<S: Source> Writer<'_, S> {
    fn int(&mut self, value: i32) {
        self.out.extend(value.to_le_bytes());
    }

    fn size(&mut self, size: usize) -> Result<(), S::Error> {
        let size = i32::try_from(size).map_err(|_| DumpError::Unmarshallable)?;
        self.int(size);
        Ok(())
    }

    fn object(&mut self, object: &S::Object, depth: usize, holder: Holder) -> Result<(), S::Error> {
        if depth > MAX_DEPTH {
            return Err(DumpError::NestedTooDeep.into());
        }
        let source = self.source;
        let view = source.view(object)?;
        let singleton = match view {
            View::None => kind::NONE,
            View::StopIteration => kind::STOPITER,
            View::Ellipsis => kind::ELLIPSIS,
            View::False => kind::FALSE,
            View::True => kind::TRUE,
            other => return self.complex_object(object, other, depth, holder),
        };
        self.out.push(singleton);
        Ok(())
    }

    fn complex_object(
        &mut self,
        object: &S::Object,
        view: View<'_, S::Object>,
        depth: usize,
        holder: Holder,
    ) -> Result<(), S::Error> {
        let sharing = match (self.source.sharing(object), holder) {
            _ if self.version < 3 => Sharing::Unique,
            (_, Holder::Writer) => Sharing::Shared,
            (Sharing::Uncounted, Holder::Slice) => Sharing::Unique,
            (sharing, _) => sharing,
        };
        if sharing != Sharing::Unique && self.refer(object, sharing == Sharing::Shared)? {
            return Ok(());
        }
        let flag = if sharing == Sharing::Shared { FLAG_REF } else { 0 };
        match view {
            View::Int(value) => match i32::try_from(value) {
                Ok(value) => {
                    self.out.push(kind::INT | flag);
                    self.int(value);
                }
                Err(_) => self.long(&BigInt::from(value), flag)?,
            },
            View::BigInt(value) => match i32::try_from(&*value) {
                Ok(value) => {
                    self.out.push(kind::INT | flag);
                    self.int(value);
                }
                Err(_) => self.long(&value, flag)?,
            },
            View::Float(value) if self.version > 1 => {
                self.out.push(kind::BINARY_FLOAT | flag);
                self.out.extend(value.to_le_bytes());
            }
            View::Float(value) => {
                self.out.push(kind::FLOAT | flag);
                self.float_text(value);
            }
            View::Complex(real, imag) if self.version > 1 => {
                self.out.push(kind::BINARY_COMPLEX | flag);
                self.out.extend(real.to_le_bytes());
                self.out.extend(imag.to_le_bytes());
            }
            View::Complex(real, imag) => {
                self.out.push(kind::COMPLEX | flag);
                self.float_text(real);
                self.float_text(imag);
            }
            View::Str { utf8, interned } => self.str(&utf8, interned, flag)?,
            View::Bytes(bytes) => {
                self.out.push(kind::STRING | flag);
                self.size(bytes.len())?;
                self.out.extend_from_slice(&bytes);
            }
            View::Tuple(items) => {
                match u8::try_from(items.len()) {
                    Ok(size) if self.version >= 4 => {
                        self.out.extend([kind::SMALL_TUPLE | flag, size])
                    }
                    _ => {
                        self.out.push(kind::TUPLE | flag);
                        self.size(items.len())?;
                    }
                }
                self.later(items, depth);
            }
            View::List(items) => {
                self.out.push(kind::LIST | flag);
                self.size(items.len())?;
                self.later(items, depth);
            }
            View::Dict(items) => {
                self.out.push(kind::DICT | flag);
                self.todo.push(Task::Null);
                self.later(
                    items.into_iter().flat_map(|(key, value)| [key, value]).collect(),
                    depth,
                );
            }
            View::Set(items) => {
                self.todo.push(Task::CheckSize(object.clone(), items.len()));
                self.set(kind::SET | flag, items, depth)?;
            }
            View::FrozenSet(items) => self.set(kind::FROZENSET | flag, items, depth)?,
            View::Slice(parts) if self.version >= 5 => {
                self.close_later(object);
                self.out.push(kind::SLICE | flag);
                self.later_from(Holder::Slice, parts.into(), depth);
            }
            View::Code(parts) => {
                if !self.allow_code {
                    return Err(DumpError::CodeNotAllowed.into());
                }
                self.close_later(object);
                self.out.push(kind::CODE | flag);
                self.code(*parts, depth);
            }
            _ => return Err(DumpError::Unmarshallable.into()),
        }
        Ok(())
    }

    /// Write a reference if the object was written before, otherwise note that
    /// it is now.
    fn refer(&mut self, object: &S::Object, shared: bool) -> Result<bool, S::Error> {
        let identity = self.source.identity(object);
        if self.open.contains(&identity) {
            return Err(DumpError::Unmarshallable.into());
        }
        if let Some(number) = self.numbers.get(&identity).copied() {
            self.marks[number as usize].shared = true;
            self.out.push(kind::REF);
            self.references.push((self.out.len(), number));
            self.int(number as i32);
            return Ok(true);
        }
        let number = u32::try_from(self.marks.len()).ok().filter(|number| *number < 0x7FFF_FFFF);
        self.numbers.insert(identity, number.ok_or(DumpError::TooManyObjects)?);
        self.marks.push(Mark { position: self.out.len(), shared });
        Ok(false)
    }

    /// Flag what turned out to be shared and leave the others out of the
    /// numbering.
    fn number_references(&mut self) {
        if self.marks.iter().all(|mark| mark.shared && self.out[mark.position] & FLAG_REF != 0) {
            return;
        }
        let mut numbers = Vec::with_capacity(self.marks.len());
        let mut next = 0u32;
        for mark in &self.marks {
            numbers.push(next);
            if mark.shared {
                self.out[mark.position] |= FLAG_REF;
                next += 1;
            }
        }
        for (position, mark) in &self.references {
            let number = numbers[*mark as usize].to_le_bytes();
            self.out[*position..*position + number.len()].copy_from_slice(&number);
        }
    }

    fn close_later(&mut self, object: &S::Object) {
        let identity = self.source.identity(object);
        self.open.insert(identity);
        self.todo.push(Task::Closed(identity));
    }

    fn later(&mut self, objects: Vec<S::Object>, depth: usize) {
        self.later_from(Holder::Container, objects, depth);
    }

    fn later_from(&mut self, holder: Holder, objects: Vec<S::Object>, depth: usize) {
        let tasks = objects.into_iter().rev();
        self.todo.extend(tasks.map(|object| Task::Object(object, depth + 1, holder)));
    }

    fn long(&mut self, value: &BigInt, flag: u8) -> Result<(), S::Error> {
        self.out.push(kind::LONG | flag);
        let mut digits = Vec::new();
        let (mut pending, mut bits) = (0u64, 0);
        for word in value.iter_u32_digits() {
            pending |= u64::from(word) << bits;
            bits += 32;
            while bits >= 15 {
                digits.push((pending & 0x7FFF) as u16);
                pending >>= 15;
                bits -= 15;
            }
        }
        digits.push(pending as u16);
        while digits.last() == Some(&0) {
            digits.pop();
        }
        let size = i32::try_from(digits.len()).map_err(|_| DumpError::Unmarshallable)?;
        self.int(if value.sign() == Sign::Minus { -size } else { size });
        self.out.extend(digits.into_iter().flat_map(u16::to_le_bytes));
        Ok(())
    }

    fn float_text(&mut self, value: f64) {
        let text = format_g17(value);
        self.out.push(text.len() as u8);
        self.out.extend_from_slice(text.as_bytes());
    }

    fn str(&mut self, utf8: &[u8], interned: bool, flag: u8) -> Result<(), S::Error> {
        let short = u8::try_from(utf8.len()).ok();
        let kind = match (self.version >= 4 && utf8.is_ascii(), interned) {
            (true, true) if short.is_some() => kind::SHORT_ASCII_INTERNED,
            (true, false) if short.is_some() => kind::SHORT_ASCII,
            (true, true) => kind::ASCII_INTERNED,
            (true, false) => kind::ASCII,
            (false, true) if self.version >= 3 => kind::INTERNED,
            (false, _) => kind::UNICODE,
        };
        self.out.push(kind | flag);
        match short.filter(|_| matches!(kind, kind::SHORT_ASCII | kind::SHORT_ASCII_INTERNED)) {
            Some(size) => self.out.push(size),
            None => self.size(utf8.len())?,
        }
        self.out.extend_from_slice(utf8);
        Ok(())
    }

    /// COMPAT: sets are written in the order of their items' marshalled form,
    /// so that the result does not depend on hashes. CPython holds references
    /// to the items meanwhile, so that no item looks unique.
    fn set(&mut self, kind: u8, items: Vec<S::Object>, depth: usize) -> Result<(), S::Error> {
        self.out.push(kind);
        self.size(items.len())?;
        let mut keyed = Vec::with_capacity(items.len());
        let count = items.len();
        for item in items {
            // The key of a single item is not needed.
            let key = match count {
                1 => Vec::new(),
                _ => dump_at_depth(
                    self.source,
                    item.clone(),
                    self.version,
                    self.allow_code,
                    depth,
                    Holder::Writer,
                )?,
            };
            keyed.push((key, item));
        }
        keyed.sort_by(|a, b| a.0.cmp(&b.0));
        self.later_from(Holder::Writer, keyed.into_iter().map(|(_, item)| item).collect(), depth);
        Ok(())
    }

    fn code(&mut self, parts: CodeParts<S::Object>, depth: usize) {
        for value in [
            parts.argcount,
            parts.posonlyargcount,
            parts.kwonlyargcount,
            parts.stacksize,
            parts.flags,
        ] {
            self.int(value);
        }
        self.later(vec![parts.linetable, parts.exceptiontable], depth);
        self.todo.push(Task::Int(parts.firstlineno));
        let objects = [
            parts.code,
            parts.consts,
            parts.names,
            parts.localsplusnames,
            parts.localspluskinds,
            parts.filename,
            parts.name,
            parts.qualname,
        ];
        self.later(objects.into(), depth);
    }
}

/// C's `%.17g`.
fn format_g17(value: f64) -> String {
    const DIGITS: i32 = 17;
    if !value.is_finite() {
        return match value {
            _ if value.is_nan() => "nan".into(),
            _ if value > 0.0 => "inf".into(),
            _ => "-inf".into(),
        };
    }
    let scientific = format!("{value:.16e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if !(-4..DIGITS).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trim(mantissa), exponent.abs());
    }
    trim(&format!("{value:.*}", (DIGITS - 1 - exponent) as usize))
}
