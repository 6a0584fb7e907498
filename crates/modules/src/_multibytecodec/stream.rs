//! Readers and writers on binary streams.

use macros::{pymethods, pytype};
use object::{
    AsObject, Bytes, Head, Int, Link, Obj, Protocol, Ref, Result, Str, Thread, Tuple, Type,
    alloc_object, args::Given, protocol::mapping::is_sequence, raise,
};
use text::TextBuf;

use super::{
    construct, errors_of,
    incremental::{DecoderState, EncoderState},
    set_errors,
};

/// Reads text from a binary stream.
#[pytype(name = "_multibytecodec.MultibyteStreamReader", flags = BASETYPE | IMMUTABLETYPE)]
pub struct MultibyteStreamReader {
    head: Head,
    errors: Link<Str>,
    stream: Link,
    decoder: DecoderState,
}

impl MultibyteStreamReader {
    /// Read by `stream.method(size)` until there is text.
    fn read_by(&self, th: Thread<'_>, method: &'static str, mut size: isize) -> Result<Ref<Str>> {
        let mut text = TextBuf::new();
        let method = Str::intern(th, method)?;
        while size != 0 {
            let Some(stream) = self.stream.get() else { break };
            let read = if size < 0 {
                stream.call_method(th, &method, &[])?
            } else {
                let size = Int::from_i64(th, size as i64)?;
                stream.call_method(th, &method, &[size.obj()])?
            };
            let Some(bytes) = read.obj().downcast::<Bytes>() else {
                raise!(
                    th,
                    TypeError,
                    "stream function returned a non-bytes object ({})",
                    read.obj().type_name()
                );
            };
            let bytes = bytes.as_bytes();
            let waiting = self.decoder.pending.borrow().len();
            let last = bytes.is_empty() || size < 0;
            let errors = errors_of(th, &self.errors)?;
            let result = self.decoder.decode(th, bytes, &errors, last);
            if result.is_err() {
                self.decoder.pending.borrow_mut().clear();
            }
            text.extend(result?.as_units());
            if size < 0 || !text.is_empty() || waiting + bytes.len() == 0 {
                break;
            }
            // The sequence is not complete: get one byte more.
            size = 1;
        }
        Str::from_buf(th, &text)
    }
}

/// A size argument: None for no limit.
fn limit_of(th: Thread<'_>, size: Option<Obj<'_>>) -> Result<isize> {
    match size.filter(|size| !size.is_none()) {
        None => Ok(-1),
        Some(size) if Int::is_int(size) => Int::index_to_isize(th, size),
        Some(_) => raise!(th, TypeError, "arg 1 must be an integer"),
    }
}

#[pymethods]
impl MultibyteStreamReader {
    #[sig = "StreamReader(stream, errors='strict')"]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        stream: Ref,
        errors: Option<Given<&str>>,
    ) -> Result<Ref> {
        let (kind, errors) = construct(th, cls, errors.map(|Given(name)| name))?;
        let (stream, decoder) = (Link::new(stream), DecoderState::new(kind));
        let new = MultibyteStreamReader { head: Head::new(), errors, stream, decoder };
        alloc_object::alloc(th, cls, new).map(Ref::upcast)
    }

    fn __init__(&self, _: Thread<'_>, _: &Tuple, _: Option<&object::Dict>) -> Result<()> {
        Ok(())
    }

    #[sig = "($self, sizeobj=None, /)"]
    fn read(&self, th: Thread<'_>, size: Option<Obj<'_>>) -> Result<Ref<Str>> {
        let size = limit_of(th, size)?;
        self.read_by(th, "read", size)
    }

    #[sig = "($self, sizeobj=None, /)"]
    fn readline(&self, th: Thread<'_>, size: Option<Obj<'_>>) -> Result<Ref<Str>> {
        let size = limit_of(th, size)?;
        self.read_by(th, "readline", size)
    }

    #[sig = "($self, sizehintobj=None, /)"]
    fn readlines(&self, th: Thread<'_>, size: Option<Obj<'_>>) -> Result<Ref> {
        let size = limit_of(th, size)?;
        let text = self.read_by(th, "read", size)?;
        let keep = object::types::bool_(true);
        text.call_method(th, &*Str::intern(th, "splitlines")?, &[keep])
    }

    #[sig = "($self, /)"]
    fn reset(&self, _: Thread<'_>) -> Result<()> {
        self.decoder.reset();
        Ok(())
    }

    #[getter]
    #[name = "stream"]
    fn get_stream(&self, _: Thread<'_>) -> Option<Ref> {
        self.stream.get()
    }

    /// how to treat errors
    #[getter]
    #[name = "errors"]
    fn get_errors(&self, _: Thread<'_>) -> Option<Ref<Str>> {
        self.errors.get()
    }

    #[setter(errors)]
    fn replace_errors(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        set_errors(th, &self.errors, value)
    }
}

/// Writes text to a binary stream.
#[pytype(name = "_multibytecodec.MultibyteStreamWriter", flags = BASETYPE | IMMUTABLETYPE)]
pub struct MultibyteStreamWriter {
    head: Head,
    errors: Link<Str>,
    stream: Link,
    encoder: EncoderState,
}

impl MultibyteStreamWriter {
    fn write_bytes(&self, th: Thread<'_>, bytes: &Bytes) -> Result<()> {
        let Some(stream) = self.stream.get() else { return Ok(()) };
        stream.call_method(th, &*Str::intern(th, "write")?, &[bytes.obj()])?;
        Ok(())
    }
}

#[pymethods]
impl MultibyteStreamWriter {
    #[sig = "StreamWriter(stream, errors='strict')"]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        stream: Ref,
        errors: Option<Given<&str>>,
    ) -> Result<Ref> {
        let (kind, errors) = construct(th, cls, errors.map(|Given(name)| name))?;
        let (stream, encoder) = (Link::new(stream), EncoderState::new(kind));
        let new = MultibyteStreamWriter { head: Head::new(), errors, stream, encoder };
        alloc_object::alloc(th, cls, new).map(Ref::upcast)
    }

    fn __init__(&self, _: Thread<'_>, _: &Tuple, _: Option<&object::Dict>) -> Result<()> {
        Ok(())
    }

    #[sig = "($self, strobj, /)"]
    fn write(&self, th: Thread<'_>, text: Obj<'_>) -> Result<()> {
        let errors = errors_of(th, &self.errors)?;
        let bytes = self.encoder.encode(th, text, &errors, false)?;
        self.write_bytes(th, &bytes)
    }

    #[sig = "($self, lines, /)"]
    fn writelines(&self, th: Thread<'_>, lines: Obj<'_>) -> Result<()> {
        if !is_sequence(lines) {
            raise!(th, TypeError, "arg must be a sequence object");
        }
        let mut index = 0;
        while index < lines.length(th)? {
            let position = Int::from_i64(th, index as i64)?;
            let line = lines.get_item(th, position.obj())?;
            self.write(th, line.obj())?;
            index += 1;
        }
        Ok(())
    }

    #[sig = "($self, /)"]
    fn reset(&self, th: Thread<'_>) -> Result<()> {
        if self.encoder.pending().is_none() {
            return Ok(());
        }
        let errors = errors_of(th, &self.errors)?;
        let empty = Str::empty(th);
        let result = self.encoder.encode(th, empty.obj(), &errors, true);
        drop(self.encoder.pending.take());
        let bytes = result?;
        if bytes.as_bytes().is_empty() {
            return Ok(());
        }
        self.write_bytes(th, &bytes)
    }

    #[getter]
    #[name = "stream"]
    fn get_stream(&self, _: Thread<'_>) -> Option<Ref> {
        self.stream.get()
    }

    /// how to treat errors
    #[getter]
    #[name = "errors"]
    fn get_errors(&self, _: Thread<'_>) -> Option<Ref<Str>> {
        self.errors.get()
    }

    #[setter(errors)]
    fn replace_errors(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        set_errors(th, &self.errors, value)
    }
}
