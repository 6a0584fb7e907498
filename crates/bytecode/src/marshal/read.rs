//! Bytes to objects.

use std::borrow::Cow;
use std::fmt;

use num_bigint::{BigInt, Sign};

use super::{CodeParts, FLAG_REF, MAX_DEPTH, kind};

/// Objects of which there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Singleton {
    None,
    False,
    True,
    Ellipsis,
    StopIteration,
}

/// Objects that are made of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    Tuple,
    List,
    /// Its items are keys and values in turn.
    Dict,
    Set,
    FrozenSet,
}

/// Makes objects for the reader.
pub trait Builder {
    type Object: Clone;
    type Error;

    fn singleton(&mut self, singleton: Singleton) -> Result<Self::Object, Self::Error>;
    fn int(&mut self, value: i64) -> Result<Self::Object, Self::Error>;
    fn big_int(&mut self, value: BigInt) -> Result<Self::Object, Self::Error>;
    fn float(&mut self, value: f64) -> Result<Self::Object, Self::Error>;
    fn complex(&mut self, real: f64, imag: f64) -> Result<Self::Object, Self::Error>;
    /// A new object.
    fn bytes(&mut self, bytes: &[u8]) -> Result<Self::Object, Self::Error>;
    /// The `bytes` object of one byte that the whole process shares.
    fn byte(&mut self, byte: u8) -> Result<Self::Object, Self::Error> {
        self.bytes(&[byte])
    }
    /// A string in UTF-8 with `surrogatepass`, which may be invalid.
    fn str(&mut self, utf8: &[u8], interned: bool) -> Result<Self::Object, Self::Error>;
    /// A new ASCII string, also of one character, which is shared otherwise.
    fn unshared_str(&mut self, ascii: &[u8]) -> Result<Self::Object, Self::Error> {
        self.str(ascii, false)
    }
    /// Whether the process has an interned string of that text already.
    fn is_interned(&self, _utf8: &[u8]) -> bool {
        false
    }
    /// An empty container that its items can refer to. None if the builder
    /// cannot make it before the items; then such references are errors.
    fn reserve(
        &mut self,
        kind: Container,
        length: usize,
    ) -> Result<Option<Self::Object>, Self::Error>;
    /// A container, or the reserved one filled with its items.
    fn container(
        &mut self,
        kind: Container,
        reserved: Option<Self::Object>,
        items: Vec<Self::Object>,
    ) -> Result<Self::Object, Self::Error>;
    fn slice(&mut self, parts: [Self::Object; 3]) -> Result<Self::Object, Self::Error>;
    fn code(&mut self, parts: CodeParts<Self::Object>) -> Result<Self::Object, Self::Error>;
}

/// Where the bytes come from.
pub trait Input<E> {
    /// The next `length` bytes, or as many as there are.
    fn take(&mut self, length: usize) -> Result<Cow<'_, [u8]>, E>;
}

impl<E> Input<E> for &[u8] {
    fn take(&mut self, length: usize) -> Result<Cow<'_, [u8]>, E> {
        let (taken, rest) = self.split_at(length.min(self.len()));
        *self = rest;
        Ok(Cow::Borrowed(taken))
    }
}

/// What is wrong with marshalled data, by the exception to raise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadError {
    EofError(&'static str),
    ValueError(&'static str),
    TypeError(&'static str),
}

impl LoadError {
    pub fn message(self) -> &'static str {
        match self {
            LoadError::EofError(message)
            | LoadError::ValueError(message)
            | LoadError::TypeError(message) => message,
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for LoadError {}

const TOO_SHORT: LoadError = LoadError::EofError("marshal data too short");
const EOF: LoadError = LoadError::EofError("EOF read where object expected");
const INVALID_REFERENCE: LoadError = LoadError::ValueError("bad marshal data (invalid reference)");
const NULL_OBJECT: LoadError = LoadError::TypeError("NULL object in marshal data for object");

/// Read one object. What follows it in the input is left there.
pub fn load<B: Builder, I: Input<B::Error>>(
    builder: &mut B,
    input: &mut I,
    allow_code: bool,
) -> Result<B::Object, B::Error>
where
    B::Error: From<LoadError>,
{
    let mut reader = Reader { builder, input, allow_code, refs: Vec::new() };
    let mut open: Vec<Frame<B::Object>> = Vec::new();
    loop {
        let mut value = match reader.object(open.len() + 1)? {
            Step::Value(value) => Some(value),
            Step::Null => None,
            Step::Open(frame) => {
                open.push(frame);
                match reader.close_if_complete(&mut open)? {
                    Some(value) => Some(value),
                    None => continue,
                }
            }
        };
        loop {
            let Some(frame) = open.last_mut() else {
                return value.ok_or(NULL_OBJECT.into());
            };
            reader.accept(frame, value)?;
            match reader.close_if_complete(&mut open)? {
                Some(complete) => value = Some(complete),
                None => break,
            }
        }
    }
}

enum Step<O> {
    Value(O),
    Null,
    Open(Frame<O>),
}

/// An object whose parts are being read.
struct Frame<O> {
    shape: Shape,
    /// How many parts there will be; unknown for a dict.
    length: Option<usize>,
    items: Vec<O>,
    reserved: Option<O>,
    /// The reference number it gets.
    number: Option<usize>,
}

enum Shape {
    Container(Container),
    Slice,
    Code { head: [i32; 5], firstlineno: i32 },
}

struct Reader<'r, B: Builder, I> {
    builder: &'r mut B,
    input: &'r mut I,
    allow_code: bool,
    refs: Vec<Option<B::Object>>,
}

/// The parts of a code object before and after `firstlineno`.
const CODE_PARTS_BEFORE_LINE: usize = 8;
const CODE_PARTS: usize = 10;

impl<B: Builder, I: Input<B::Error>> Reader<'_, B, I>
where
    B::Error: From<LoadError>,
{
    fn take(&mut self, length: usize) -> Result<Cow<'_, [u8]>, B::Error> {
        let taken = self.input.take(length)?;
        if taken.len() < length {
            return Err(TOO_SHORT.into());
        }
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], B::Error> {
        let taken = self.take(N)?;
        <[u8; N]>::try_from(&*taken).map_err(|_| TOO_SHORT.into())
    }

    fn byte(&mut self) -> Result<u8, B::Error> {
        let taken = self.input.take(1)?;
        taken.first().copied().ok_or(EOF.into())
    }

    fn int(&mut self) -> Result<i32, B::Error> {
        Ok(i32::from_le_bytes(self.array()?))
    }

    fn size(&mut self, message: &'static str) -> Result<usize, B::Error> {
        usize::try_from(self.int()?).map_err(|_| LoadError::ValueError(message).into())
    }

    fn float(&mut self) -> Result<f64, B::Error> {
        Ok(f64::from_le_bytes(self.array()?))
    }

    fn float_text(&mut self) -> Result<f64, B::Error> {
        let length = self.byte()?;
        let text = self.take(usize::from(length))?;
        let text = std::str::from_utf8(&text).ok().map(str::trim);
        let value = text.and_then(|text| text.parse().ok());
        value.ok_or(LoadError::ValueError("could not convert string to float").into())
    }

    fn big_int(&mut self) -> Result<BigInt, B::Error> {
        let size = self.int()?;
        if size == i32::MIN {
            return Err(LoadError::ValueError("bad marshal data (long size out of range)").into());
        }
        let count = size.unsigned_abs() as usize;
        let digits = self.take(2 * count)?;
        let mut words = Vec::with_capacity(count / 2 + 1);
        let (mut pending, mut bits, mut last) = (0u64, 0, 1);
        for pair in digits.chunks_exact(2) {
            last = u16::from_le_bytes([pair[0], pair[1]]);
            if last > 0x7FFF {
                return Err(
                    LoadError::ValueError("bad marshal data (digit out of range in long)").into()
                );
            }
            pending |= u64::from(last) << bits;
            bits += 15;
            if bits >= 32 {
                words.push(pending as u32);
                pending >>= 32;
                bits -= 32;
            }
        }
        if last == 0 {
            return Err(LoadError::ValueError("bad marshal data (unnormalized long data)").into());
        }
        words.push(pending as u32);
        Ok(BigInt::from_slice(if size < 0 { Sign::Minus } else { Sign::Plus }, &words))
    }

    fn bytes(&mut self) -> Result<B::Object, B::Error> {
        let length = self.size("bad marshal data (bytes object size out of range)")?;
        let taken = self.input.take(length)?;
        if taken.len() < length {
            return Err(TOO_SHORT.into());
        }
        match *taken {
            [byte] => self.builder.byte(byte),
            _ => self.builder.bytes(&taken),
        }
    }

    fn str(&mut self, length: usize, interned: bool) -> Result<B::Object, B::Error> {
        let taken = self.input.take(length)?;
        if taken.len() < length {
            return Err(TOO_SHORT.into());
        }
        self.builder.str(&taken, interned)
    }

    fn object(&mut self, depth: usize) -> Result<Step<B::Object>, B::Error> {
        let code = self.byte()?;
        if depth > MAX_DEPTH {
            return Err(LoadError::ValueError("recursion limit exceeded").into());
        }
        let flagged = code & FLAG_REF != 0;
        const STRING_SIZE: &str = "bad marshal data (string size out of range)";
        let value = match code & !FLAG_REF {
            kind::NULL => return Ok(Step::Null),
            kind::NONE => return self.singleton(Singleton::None),
            kind::STOPITER => return self.singleton(Singleton::StopIteration),
            kind::ELLIPSIS => return self.singleton(Singleton::Ellipsis),
            kind::FALSE => return self.singleton(Singleton::False),
            kind::TRUE => return self.singleton(Singleton::True),
            kind::REF => {
                let number = self.int()?;
                let object =
                    usize::try_from(number).ok().and_then(|number| self.refs.get(number).cloned());
                return object.flatten().map(Step::Value).ok_or(INVALID_REFERENCE.into());
            }
            kind::INT => {
                let value = self.int()?;
                self.builder.int(i64::from(value))?
            }
            kind::INT64 => {
                let value = i64::from_le_bytes(self.array()?);
                self.builder.int(value)?
            }
            kind::LONG => {
                let value = self.big_int()?;
                self.builder.big_int(value)?
            }
            kind::FLOAT => {
                let value = self.float_text()?;
                self.builder.float(value)?
            }
            kind::BINARY_FLOAT => {
                let value = self.float()?;
                self.builder.float(value)?
            }
            kind::COMPLEX => {
                let (real, imag) = (self.float_text()?, self.float_text()?);
                self.builder.complex(real, imag)?
            }
            kind::BINARY_COMPLEX => {
                let (real, imag) = (self.float()?, self.float()?);
                self.builder.complex(real, imag)?
            }
            kind::STRING => self.bytes()?,
            code @ (kind::ASCII | kind::ASCII_INTERNED) => {
                let length = self.size(STRING_SIZE)?;
                self.str(length, code == kind::ASCII_INTERNED)?
            }
            code @ (kind::SHORT_ASCII | kind::SHORT_ASCII_INTERNED) => {
                let length = usize::from(self.byte()?);
                self.str(length, code == kind::SHORT_ASCII_INTERNED)?
            }
            code @ (kind::UNICODE | kind::INTERNED) => {
                let length = self.size(STRING_SIZE)?;
                self.str(length, code == kind::INTERNED)?
            }
            kind::SMALL_TUPLE => {
                let length = usize::from(self.byte()?);
                return self.open(Container::Tuple, Some(length), flagged);
            }
            kind::TUPLE => {
                let length = self.size("bad marshal data (tuple size out of range)")?;
                return self.open(Container::Tuple, Some(length), flagged);
            }
            kind::LIST => {
                let length = self.size("bad marshal data (list size out of range)")?;
                return self.open(Container::List, Some(length), flagged);
            }
            kind::DICT => return self.open(Container::Dict, None, flagged),
            code @ (kind::SET | kind::FROZENSET) => {
                let length = self.size("bad marshal data (set size out of range)")?;
                let container =
                    if code == kind::SET { Container::Set } else { Container::FrozenSet };
                return self.open(container, Some(length), flagged);
            }
            kind::SLICE => {
                let number = self.reserve_number(flagged);
                return Ok(Step::Open(Frame {
                    shape: Shape::Slice,
                    length: Some(3),
                    items: Vec::new(),
                    reserved: None,
                    number,
                }));
            }
            kind::CODE => {
                if !self.allow_code {
                    return Err(
                        LoadError::ValueError("unmarshalling code objects is disallowed").into()
                    );
                }
                let number = self.reserve_number(flagged);
                let mut head = [0; 5];
                for field in &mut head {
                    *field = self.int()?;
                }
                return Ok(Step::Open(Frame {
                    shape: Shape::Code { head, firstlineno: 0 },
                    length: Some(CODE_PARTS),
                    items: Vec::new(),
                    reserved: None,
                    number,
                }));
            }
            _ => return Err(LoadError::ValueError("bad marshal data (unknown type code)").into()),
        };
        if flagged {
            self.refs.push(Some(value.clone()));
        }
        Ok(Step::Value(value))
    }

    fn singleton(&mut self, singleton: Singleton) -> Result<Step<B::Object>, B::Error> {
        self.builder.singleton(singleton).map(Step::Value)
    }

    fn reserve_number(&mut self, flagged: bool) -> Option<usize> {
        flagged.then(|| {
            self.refs.push(None);
            self.refs.len() - 1
        })
    }

    fn open(
        &mut self,
        container: Container,
        length: Option<usize>,
        flagged: bool,
    ) -> Result<Step<B::Object>, B::Error> {
        let number = self.reserve_number(flagged);
        let mut reserved = None;
        if let Some(number) = number.filter(|_| container != Container::FrozenSet) {
            reserved = self.builder.reserve(container, length.unwrap_or(0))?;
            self.refs[number] = reserved.clone();
        }
        Ok(Step::Open(Frame {
            shape: Shape::Container(container),
            length,
            items: Vec::new(),
            reserved,
            number,
        }))
    }

    /// Give a part to the object it belongs to; None is a null.
    fn accept(
        &mut self,
        frame: &mut Frame<B::Object>,
        value: Option<B::Object>,
    ) -> Result<(), B::Error> {
        match (value, &mut frame.shape) {
            (Some(value), shape) => {
                frame.items.push(value);
                if let Shape::Code { firstlineno, .. } = shape
                    && frame.items.len() == CODE_PARTS_BEFORE_LINE
                {
                    *firstlineno = self.int()?;
                }
                Ok(())
            }
            (None, Shape::Container(Container::Dict)) => {
                // A key without a value is dropped.
                let pairs = frame.items.len() / 2 * 2;
                frame.items.truncate(pairs);
                frame.length = Some(pairs);
                Ok(())
            }
            (None, Shape::Container(container)) => Err(LoadError::TypeError(match container {
                Container::Tuple => "NULL object in marshal data for tuple",
                Container::List => "NULL object in marshal data for list",
                _ => "NULL object in marshal data for set",
            })
            .into()),
            (None, _) => Err(NULL_OBJECT.into()),
        }
    }

    fn close_if_complete(
        &mut self,
        open: &mut Vec<Frame<B::Object>>,
    ) -> Result<Option<B::Object>, B::Error> {
        let complete = open.last().is_some_and(|frame| frame.length == Some(frame.items.len()));
        let Some(frame) = (if complete { open.pop() } else { None }) else { return Ok(None) };
        let object = match frame.shape {
            Shape::Container(container) => {
                self.builder.container(container, frame.reserved, frame.items)?
            }
            Shape::Slice => {
                let parts = frame.items.try_into().map_err(|_| NULL_OBJECT)?;
                self.builder.slice(parts)?
            }
            Shape::Code { head, firstlineno } => {
                let parts: [B::Object; CODE_PARTS] =
                    frame.items.try_into().map_err(|_| NULL_OBJECT)?;
                let [argcount, posonlyargcount, kwonlyargcount, stacksize, flags] = head;
                let [
                    code,
                    consts,
                    names,
                    localsplusnames,
                    localspluskinds,
                    filename,
                    name,
                    qualname,
                    linetable,
                    exceptiontable,
                ] = parts;
                self.builder.code(CodeParts {
                    argcount,
                    posonlyargcount,
                    kwonlyargcount,
                    stacksize,
                    flags,
                    code,
                    consts,
                    names,
                    localsplusnames,
                    localspluskinds,
                    filename,
                    name,
                    qualname,
                    firstlineno,
                    linetable,
                    exceptiontable,
                })?
            }
        };
        if let Some(number) = frame.number {
            self.refs[number] = Some(object.clone());
        }
        Ok(Some(object))
    }
}
