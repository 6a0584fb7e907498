//! `StringIO`: a text file in memory.

use std::cell::{Cell, RefCell};

use macros::{pymethods, pytype};
use object::{
    Dict, Int, Link, Obj, Protocol, Ref, Result, Str, Thread, Tuple, Type, alloc_object, id, own,
    raise, types,
};
use text::TextBuf;

use super::{
    base::TextIOBase,
    bytesio::set_state_dict,
    newline::Newlines,
    text::{LineEnd, translate_output},
};

/// Text I/O implementation using an in-memory buffer.
///
/// The initial_value argument sets the value of object.  The newline
/// argument is like the one of TextIOWrapper's constructor.
#[pytype(name = "_io.StringIO", base = TextIOBase, sig = "(initial_value='', newline='\\n')", flags = BASETYPE | IMMUTABLETYPE)]
pub(super) struct StringIO {
    base: TextIOBase,
    #[traverse(skip)]
    data: RefCell<TextBuf>,
    position: Cell<usize>,
    ok: Cell<bool>,
    closed: Cell<bool>,
    /// As given; null for `None`.
    newline: Link<Str>,
    #[traverse(skip)]
    newlines: Newlines,
    universal: Cell<bool>,
    line_end: Cell<LineEnd>,
}

impl StringIO {
    fn open(&self, th: Thread<'_>) -> Result<()> {
        if !self.ok.get() {
            raise!(th, ValueError, "I/O operation on uninitialized object");
        }
        if self.closed.get() {
            raise!(th, ValueError, "I/O operation on closed file");
        }
        Ok(())
    }

    fn put(&self, th: Thread<'_>, string: &Str) -> Result<usize> {
        let length = string.len();
        let mut text = own(string);
        if self.universal.get() {
            text = self.newlines.decode(th, text, true)?;
        }
        if let Some(ending) = self.line_end.get().output() {
            text = translate_output(th, &text, ending)?;
        }
        if text.len() == 0 {
            return Ok(length);
        }
        let mut data = self.data.borrow_mut();
        let (start, old) = (self.position.get(), data.len());
        if data.is_empty() && start == 0 {
            *data = text.units().to_buf();
        } else if start >= old {
            data.extend_codes(std::iter::repeat_n(0, start - old));
            data.extend(text.units());
        } else if !data.overwrite(start, text.units()) {
            let mut new = TextBuf::with_capacity(old.max(start + text.len()));
            new.extend(data.as_units().slice(0, start));
            new.extend(text.units());
            if start + text.len() < old {
                new.extend(data.as_units().slice(start + text.len(), old));
            }
            *data = new;
        }
        self.position.set(start + text.len());
        Ok(length)
    }

    fn take(&self, th: Thread<'_>, size: Option<usize>) -> Result<Ref<Str>> {
        let data = self.data.borrow();
        let start = self.position.get().min(data.len());
        let end = size.map_or(data.len(), |size| start.saturating_add(size).min(data.len()));
        let text = Str::from_units(th, data.as_units().slice(start, end))?;
        if end > start {
            self.position.set(end);
        }
        Ok(text)
    }

    fn line(&self, th: Thread<'_>, limit: Option<usize>) -> Result<Ref<Str>> {
        let size = {
            let data = self.data.borrow();
            let start = self.position.get().min(data.len());
            let rest = data.as_units().slice(start, data.len());
            let size = self.line_end.get().find(rest).unwrap_or(rest.len());
            limit.map_or(size, |limit| size.min(limit))
        };
        self.take(th, Some(size))
    }
}

fn limit(size: Option<isize>) -> Option<usize> {
    size.and_then(|size| usize::try_from(size).ok())
}

#[pymethods]
impl StringIO {
    fn __new__(th: Thread<'_>, cls: &Type, _: &Tuple, _: Option<&Dict>) -> Result<Ref<StringIO>> {
        let file = StringIO {
            base: TextIOBase::empty(),
            data: RefCell::new(TextBuf::new()),
            position: Cell::new(0),
            ok: Cell::new(false),
            closed: Cell::new(false),
            newline: Link::null(),
            newlines: Newlines::default(),
            universal: Cell::new(false),
            line_end: Cell::new(LineEnd::Lf),
        };
        alloc_object::alloc(th, cls, file)
    }

    #[sig = "StringIO(initial_value='', newline='\\n')"]
    fn __init__(
        &self,
        th: Thread<'_>,
        initial_value: Option<Obj<'_>>,
        newline: Option<Obj<'_>>,
    ) -> Result<()> {
        let newline = match newline {
            None => Some(Str::new(th, "\n")?),
            Some(newline) if newline.is_none() => None,
            Some(newline) => match newline.downcast::<Str>() {
                Some(newline) => Some(own(newline)),
                None => raise!(
                    th,
                    TypeError,
                    "newline must be str or None, not {}",
                    newline.type_name()
                ),
            },
        };
        let text = newline.as_deref().map(|newline| newline.to_string());
        let Some(line_end) = LineEnd::from_newline(text.as_deref()) else {
            let shown = match &newline {
                Some(newline) => newline.repr(th)?,
                None => Str::new(th, "None")?,
            };
            raise!(th, ValueError, "illegal newline value: {shown}");
        };
        let initial = match initial_value {
            Some(value) if !value.is_none() => match value.downcast::<Str>() {
                Some(value) => Some(own(value)),
                None => raise!(
                    th,
                    TypeError,
                    "initial_value must be str or None, not {}",
                    value.type_name()
                ),
            },
            _ => None,
        };
        self.ok.set(false);
        self.line_end.set(line_end);
        self.universal.set(text.as_deref().is_none_or(str::is_empty));
        self.newlines.reset();
        self.newlines.translate.set(text.is_none());
        self.newline.set(newline);
        *self.data.borrow_mut() = TextBuf::new();
        self.position.set(0);
        self.closed.set(false);
        self.ok.set(true);
        if let Some(initial) = initial {
            self.put(th, &initial)?;
            self.position.set(0);
        }
        Ok(())
    }

    /// Retrieve the entire contents of the object.
    #[sig = "($self, /)"]
    fn getvalue(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        self.open(th)?;
        Str::from_units(th, self.data.borrow().as_units())
    }

    /// Tell the current file position.
    #[sig = "($self, /)"]
    fn tell(&self, th: Thread<'_>) -> Result<usize> {
        self.open(th)?;
        Ok(self.position.get())
    }

    /// Read at most size characters, returned as a string.
    ///
    /// If the argument is negative or omitted, read until EOF
    /// is reached. Return an empty string at EOF.
    #[sig = "($self, size=-1, /)"]
    fn read(&self, th: Thread<'_>, size: Option<isize>) -> Result<Ref<Str>> {
        self.open(th)?;
        self.take(th, limit(size))
    }

    /// Read until newline or EOF.
    ///
    /// Returns an empty string if EOF is hit immediately.
    #[sig = "($self, size=-1, /)"]
    fn readline(&self, th: Thread<'_>, size: Option<isize>) -> Result<Ref<Str>> {
        self.open(th)?;
        self.line(th, limit(size))
    }

    /// Truncate size to pos.
    ///
    /// The pos argument defaults to the current file position, as
    /// returned by tell().  The current file position is unchanged.
    /// Returns the new absolute position.
    #[sig = "($self, pos=None, /)"]
    fn truncate(&self, th: Thread<'_>, pos: Option<isize>) -> Result<usize> {
        self.open(th)?;
        let size = match pos {
            None => self.position.get(),
            Some(size) => match usize::try_from(size) {
                Ok(size) => size,
                Err(_) => raise!(th, ValueError, "Negative size value {size}"),
            },
        };
        let mut data = self.data.borrow_mut();
        if size < data.len() {
            let short = data.as_units().slice(0, size).to_buf();
            *data = short;
        }
        Ok(size)
    }

    /// Change stream position.
    ///
    /// Seek to character offset pos relative to position indicated by whence:
    ///     0  Start of stream (the default).  pos should be >= 0;
    ///     1  Current position - pos must be 0;
    ///     2  End of stream - pos must be 0.
    /// Returns the new absolute position.
    #[sig = "($self, pos, whence=0, /)"]
    fn seek(&self, th: Thread<'_>, pos: isize, whence: i32) -> Result<usize> {
        self.open(th)?;
        if !(0..=2).contains(&whence) {
            raise!(th, ValueError, "Invalid whence ({whence}, should be 0, 1 or 2)");
        }
        if whence == 0 && pos < 0 {
            raise!(th, ValueError, "Negative seek position {pos}");
        }
        if whence != 0 && pos != 0 {
            raise!(th, OSError, "Can't do nonzero cur-relative seeks");
        }
        self.position.set(match whence {
            0 => pos as usize,
            1 => self.position.get(),
            _ => self.data.borrow().len(),
        });
        Ok(self.position.get())
    }

    /// Write string to file.
    ///
    /// Returns the number of characters written, which is always equal to
    /// the length of the string.
    #[sig = "($self, s, /)"]
    fn write(&self, th: Thread<'_>, s: Obj<'_>) -> Result<usize> {
        let Some(string) = s.downcast::<Str>() else {
            raise!(th, TypeError, "string argument expected, got '{}'", s.type_name());
        };
        self.open(th)?;
        self.put(th, string)
    }

    /// Close the IO object.
    ///
    /// Attempting any further operation after the object is closed
    /// will raise a ValueError.
    ///
    /// This method has no effect if the file is already closed.
    #[sig = "($self, /)"]
    fn close(th: Thread<'_>, this: Obj<'_>) -> Result<()> {
        if let Some(slf) = this.downcast::<StringIO>() {
            slf.closed.set(true);
            *slf.data.borrow_mut() = TextBuf::new();
        }
        super::base_close(th, this).map(drop).or_else(|raised| {
            // `flush` refuses closed files.
            th.catch(raised, object::exceptions::types::ValueError())
        })
    }

    /// Returns True if the IO object can be read.
    #[sig = "($self, /)"]
    fn readable(&self, th: Thread<'_>) -> Result<bool> {
        self.open(th).map(|()| true)
    }

    /// Returns True if the IO object can be written.
    #[sig = "($self, /)"]
    fn writable(&self, th: Thread<'_>) -> Result<bool> {
        self.open(th).map(|()| true)
    }

    /// Returns True if the IO object can be seeked.
    #[sig = "($self, /)"]
    fn seekable(&self, th: Thread<'_>) -> Result<bool> {
        self.open(th).map(|()| true)
    }

    #[sig = "($self, /)"]
    fn __getstate__(th: Thread<'_>, this: Obj<'_>) -> Result<Ref<Tuple>> {
        let Some(slf) = this.downcast::<StringIO>() else { return Err(th.no_memory()) };
        let value = slf.getvalue(th)?.upcast();
        let newline = match slf.newline.get() {
            Some(newline) => newline.upcast(),
            None => types::none().own(),
        };
        let position = Int::from_u64(th, slf.position.get() as u64)?;
        let dict = match types::object_::instance_dict(th, this)? {
            Some(dict) if !dict.is_empty() => dict.copy(th)?.upcast(),
            _ => types::none().own(),
        };
        Tuple::from_array(th, [value, newline, position, dict])
    }

    #[sig = "($self, state, /)"]
    fn __setstate__(th: Thread<'_>, this: Obj<'_>, state: Obj<'_>) -> Result<()> {
        let Some(slf) = this.downcast::<StringIO>() else { return Ok(()) };
        let Some([value, newline, position, dict]) = state.downcast::<Tuple>().map(Tuple::items)
        else {
            raise!(
                th,
                TypeError,
                "{}.__setstate__ argument should be 4-tuple, got {}",
                this.ty().full_name(),
                state.type_name()
            );
        };
        let text = value.downcast::<Str>();
        if text.is_none() && !value.is_none() {
            raise!(th, TypeError, "initial_value must be str or None, not {}", value.type_name());
        }
        if slf.closed.get() {
            raise!(th, ValueError, "I/O operation on closed file");
        }
        slf.__init__(th, None, Some(*newline))?;
        // The value was translated when it was written.
        *slf.data.borrow_mut() = text.map(|text| text.units().to_buf()).unwrap_or_default();
        if !Int::is_int(*position) {
            raise!(
                th,
                TypeError,
                "third item of state must be an integer, got {}",
                position.type_name()
            );
        }
        match usize::try_from(Int::index_to_isize(th, *position)?) {
            Ok(position) => slf.position.set(position),
            Err(_) => raise!(th, ValueError, "position value cannot be negative"),
        }
        set_state_dict(th, this, *dict, "fourth")
    }

    #[getter]
    #[name = "closed"]
    fn is_closed(&self, th: Thread<'_>) -> Result<bool> {
        if !self.ok.get() {
            raise!(th, ValueError, "I/O operation on uninitialized object");
        }
        Ok(self.closed.get())
    }

    #[getter]
    #[name = "newlines"]
    fn seen_newlines(&self, th: Thread<'_>) -> Result<Ref> {
        self.open(th)?;
        if self.universal.get() { self.newlines.kinds(th) } else { Ok(types::none().own()) }
    }

    #[getter]
    fn line_buffering(&self, th: Thread<'_>) -> Result<bool> {
        self.open(th).map(|()| false)
    }

    fn __next__(th: Thread<'_>, this: Obj<'_>) -> Result<Option<Ref>> {
        let Some(slf) = this.downcast::<StringIO>() else { return Ok(None) };
        slf.open(th)?;
        if this.is_exact::<StringIO>() {
            let line = slf.line(th, None)?;
            return Ok((line.len() > 0).then(|| line.upcast()));
        }
        let line = this.call_method(th, id!(th, "readline"), &[])?;
        Ok((line.length(th)? > 0).then_some(line))
    }
}
