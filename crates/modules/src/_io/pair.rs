//! `BufferedRWPair`: a reader and a writer as one object.

use macros::{pymethods, pytype};
use object::{
    Args, AsObject, Dict, IntoObject, Link, Obj, Protocol, PyStruct as _, Ref, Result, Str, Thread,
    Tuple, Type, alloc_object, args::Given, exceptions, id, raise, types,
};

use super::{
    base::{BufferedIOBase, check_readable, check_writable},
    buffered::{BufferedReader, BufferedWriter},
};

/// A buffered reader and writer object together.
///
/// A buffered reader object and buffered writer object put together to
/// form a sequential IO object that can read and write. This is typically
/// used with a socket or two-way pipe.
///
/// reader and writer are RawIOBase objects that are readable and
/// writeable respectively. If the buffer_size is omitted it defaults to
/// DEFAULT_BUFFER_SIZE.
#[pytype(name = "_io.BufferedRWPair", base = BufferedIOBase, sig = "(reader, writer, buffer_size=DEFAULT_BUFFER_SIZE, /)", flags = BASETYPE | IMMUTABLETYPE)]
pub(super) struct BufferedRWPair {
    base: BufferedIOBase,
    reader: Link,
    writer: Link,
}

impl BufferedRWPair {
    fn forward(&self, th: Thread<'_>, to: &Link, name: &Str, args: Args<'_>) -> Result<Ref> {
        match to.get() {
            Some(file) => file.call_method(th, name, args),
            None => raise!(th, ValueError, "I/O operation on uninitialized object"),
        }
    }
}

#[pymethods]
impl BufferedRWPair {
    #[hidden]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        _: &Tuple,
        _: Option<&Dict>,
    ) -> Result<Ref<BufferedRWPair>> {
        let pair = BufferedRWPair {
            base: BufferedIOBase::empty(),
            reader: Link::null(),
            writer: Link::null(),
        };
        alloc_object::alloc(th, cls, pair)
    }

    #[sig = "BufferedRWPair(reader, writer, buffer_size=DEFAULT_BUFFER_SIZE, /)"]
    fn __init__(
        &self,
        th: Thread<'_>,
        reader: Obj<'_>,
        writer: Obj<'_>,
        size: Option<Given<isize>>,
    ) -> Result<()> {
        check_readable(th, reader)?;
        check_writable(th, writer)?;
        let size =
            size.map_or(super::DEFAULT_BUFFER_SIZE as isize, |Given(size)| size).into_object(th)?;
        let reader = BufferedReader::type_object().obj().call(th, &[reader, size.obj()])?;
        let writer = BufferedWriter::type_object().obj().call(th, &[writer, size.obj()])?;
        self.reader.set(Some(reader));
        self.writer.set(Some(writer));
        Ok(())
    }

    #[no_signature]
    #[sig = "($self, /, *args)"]
    fn read(&self, th: Thread<'_>, args: Args<'_>) -> Result<Ref> {
        self.forward(th, &self.reader, id!(th, "read"), args)
    }

    #[no_signature]
    #[sig = "($self, /, *args)"]
    fn read1(&self, th: Thread<'_>, args: Args<'_>) -> Result<Ref> {
        self.forward(th, &self.reader, id!(th, "read1"), args)
    }

    #[no_signature]
    #[sig = "($self, /, *args)"]
    fn peek(&self, th: Thread<'_>, args: Args<'_>) -> Result<Ref> {
        self.forward(th, &self.reader, id!(th, "peek"), args)
    }

    #[no_signature]
    #[sig = "($self, /, *args)"]
    fn readinto(&self, th: Thread<'_>, args: Args<'_>) -> Result<Ref> {
        self.forward(th, &self.reader, id!(th, "readinto"), args)
    }

    #[no_signature]
    #[sig = "($self, /, *args)"]
    fn readinto1(&self, th: Thread<'_>, args: Args<'_>) -> Result<Ref> {
        self.forward(th, &self.reader, id!(th, "readinto1"), args)
    }

    #[no_signature]
    #[sig = "($self, /, *args)"]
    fn write(&self, th: Thread<'_>, args: Args<'_>) -> Result<Ref> {
        self.forward(th, &self.writer, id!(th, "write"), args)
    }

    #[sig = "($self, /)"]
    fn flush(&self, th: Thread<'_>) -> Result<Ref> {
        self.forward(th, &self.writer, id!(th, "flush"), &[])
    }

    #[sig = "($self, /)"]
    fn readable(&self, th: Thread<'_>) -> Result<Ref> {
        self.forward(th, &self.reader, id!(th, "readable"), &[])
    }

    #[sig = "($self, /)"]
    fn writable(&self, th: Thread<'_>) -> Result<Ref> {
        self.forward(th, &self.writer, id!(th, "writable"), &[])
    }

    #[sig = "($self, /)"]
    fn close(&self, th: Thread<'_>) -> Result<Ref> {
        let first = self.forward(th, &self.writer, id!(th, "close"), &[]);
        let error = first.err().map(|raised| th.take_exception(raised));
        let second = self.forward(th, &self.reader, id!(th, "close"), &[]);
        match (error, second) {
            (None, second) => second,
            (Some(error), Ok(_)) => Err(th.restore(error)),
            (Some(error), Err(raised)) => {
                let second = th.take_exception(raised);
                if let Some(base) = exceptions::BaseException::of(second.obj()) {
                    base.set_context(Some(error));
                }
                Err(th.restore(second))
            }
        }
    }

    #[sig = "($self, /)"]
    fn isatty(&self, th: Thread<'_>) -> Result<Ref> {
        let writer = self.forward(th, &self.writer, id!(th, "isatty"), &[])?;
        if writer.obj().is(types::bool_(true)) {
            return Ok(writer);
        }
        self.forward(th, &self.reader, id!(th, "isatty"), &[])
    }

    #[getter]
    fn closed(&self, th: Thread<'_>) -> Result<Ref> {
        match self.writer.get() {
            Some(writer) => writer.getattr(th, id!(th, "closed")),
            None => {
                raise!(th, RuntimeError, "the BufferedRWPair object is being garbage-collected")
            }
        }
    }
}
