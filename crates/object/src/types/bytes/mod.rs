//! `bytes`: immutable, with its hash cached and a NUL after the data.

pub mod iter;
pub(crate) mod percent;
pub(crate) mod shared;
mod storage;

use std::{cell::Cell, ptr::NonNull};

use macros::{pymethods, pytype};
use text::split::Side;

use self::shared::{ByteString, Fill, byte_string_methods};
use crate::{
    AsObject, CompareOp, List, Obj, Protocol, Ref, Result, Str, Thread, Tuple, Type, VarHead,
    args::Given,
    protocol::{
        buffer::{self, BytesLike},
        index::Bound,
    },
    raise,
    types::{bool_, singletons::not_implemented_ref},
};

pub use iter::BytesIterator;
pub use shared::{hex, hex_pair};
pub use storage::{Filler, empty, init, new_unfilled};

/// bytes(iterable_of_ints) -> bytes
/// bytes(string, encoding[, errors]) -> bytes
/// bytes(bytes_or_buffer) -> immutable copy of bytes_or_buffer
/// bytes(int) -> bytes object of size given by the parameter initialized with null bytes
/// bytes() -> empty bytes object
///
/// Construct an immutable array of bytes from:
///   - an iterable yielding integers in range(256)
///   - a text string encoded using the specified encoding
///   - any object implementing the buffer API.
///   - an integer
#[pytype(name = "bytes", c_name = "PyBytes_Type", flags = BASETYPE | BYTES_SUBCLASS | MATCH_SELF, basicsize = 33, itemsize = 1, traverse = manual)]
pub struct Bytes {
    head: VarHead,
    hash: Cell<isize>,
    // The data follow, then a NUL.
}

impl ByteString for Bytes {
    const NAME: &'static str = "bytes";

    fn data(&self) -> &[u8] {
        self.as_bytes()
    }

    fn make(th: Thread<'_>, data: &[u8]) -> Result {
        Bytes::new(th, data).map(Ref::upcast)
    }

    fn assemble(th: Thread<'_>, size: usize, fill: impl FnOnce(&mut Filler<'_>)) -> Result {
        Bytes::assemble(th, size, fill).map(Ref::upcast)
    }

    fn unchanged(&self, th: Thread<'_>) -> Result {
        self.to_exact(th).map(Ref::upcast)
    }
}

byte_string_methods!(Bytes);

impl Bytes {
    /// The text of `repr(data)`.
    pub fn repr_of(th: Thread<'_>, data: &[u8]) -> Result<Ref<Str>> {
        let mut out = Vec::new();
        if out.try_reserve(data.len().saturating_add(3)).is_err() {
            return Err(th.no_memory());
        }
        text::repr::bytes_repr(data, &mut out);
        Str::from_ascii(th, &out)
    }
}

#[pymethods(parts(shared))]
impl Bytes {
    #[sig = "bytes(source=b'', encoding='utf-8', errors='strict')"]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        source: Option<Given<Obj<'_>>>,
        encoding: Option<Given<&str>>,
        errors: Option<Given<&str>>,
    ) -> Result {
        let (encoding, errors) = (encoding.map(|Given(x)| x), errors.map(|Given(x)| x));
        let bytes = shared::construct(th, source.map(|Given(x)| x), encoding, errors, true)?
            .into_bytes(th, true)?;
        if std::ptr::eq(cls, <Bytes as crate::PyStruct>::type_object()) {
            return Ok(bytes.upcast());
        }
        Bytes::new_in(th, cls, bytes.as_bytes())
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        Self::repr_of(th, self.as_bytes())
    }

    fn __str__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        shared::bytes_warning(th, "str() on a bytes instance")?;
        self.repr(th)
    }

    fn __hash__(&self, th: Thread<'_>) -> isize {
        self.hash(th)
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result {
        let Some(bytes) = other.downcast::<Bytes>() else {
            if matches!(op, CompareOp::Eq | CompareOp::Ne) {
                if other.downcast::<Str>().is_some() {
                    shared::bytes_warning(th, "Comparison between bytes and string")?;
                } else if crate::Int::is_int(other) {
                    shared::bytes_warning(th, "Comparison between bytes and int")?;
                }
            }
            return Ok(not_implemented_ref());
        };
        let (a, b) = (self.as_bytes(), bytes.as_bytes());
        let answer = match op {
            CompareOp::Eq => a == b,
            CompareOp::Ne => a != b,
            op => op.of(a.cmp(b)),
        };
        Ok(bool_(answer).own())
    }

    fn __iter__(&self, th: Thread<'_>) -> Result {
        BytesIterator::new(th, self)
    }

    fn bf_getbuffer(&self, th: Thread<'_>, view: &mut abi::Py_buffer, flags: i32) -> Result<()> {
        let data: NonNull<u8> = self.data_ptr();
        buffer::fill_info(th, view, self.obj(), data, self.len(), true, flags)
    }

    #[sig = "($self, /)"]
    fn __getnewargs__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        let copy = Bytes::new(th, self.as_bytes())?;
        Tuple::from_array(th, [copy.upcast()])
    }

    /// Convert this value to exact type bytes.
    #[sig = "($self, /)"]
    fn __bytes__(&self, th: Thread<'_>) -> Result<Ref<Bytes>> {
        self.to_exact(th)
    }

    /// Create a bytes object from a string of hexadecimal numbers.
    ///
    /// Spaces between two numbers are accepted.
    /// Example: bytes.fromhex('B9 01EF') -> b'\\xb9\\x01\\xef'.
    #[classmethod]
    #[sig = "($type, string, /)"]
    fn fromhex(th: Thread<'_>, cls: &Type, string: Obj<'_>) -> Result {
        let bytes = Bytes::new(th, &shared::fromhex(th, string)?)?;
        if std::ptr::eq(cls, <Bytes as crate::PyStruct>::type_object()) {
            return Ok(bytes.upcast());
        }
        cls.call(th, &[bytes.obj()])
    }
}
