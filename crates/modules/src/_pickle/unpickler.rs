//! `Unpickler`: options, memo and where the bytes come from.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
};

use macros::{pymethods, pytype};
use object::{
    AsObject, Bytes, Dict, Head, Int, Link, Obj, Protocol, PyStruct, Ref, Result, Str, Thread,
    Tuple, Type, alloc_object, error, id, own,
    protocol::buffer::BytesLike,
    raise,
    types::{object_, str_eq},
};

use super::{
    load::Loader,
    memo_proxy::{self, UnpicklerMemoProxy},
    pickler::{Busy, overridden},
    reduce::{attribute_path, chain},
    table_entry, unpickling_error,
};

/// This takes a binary file for reading a pickle data stream.
#[pytype(name = "_pickle.Unpickler", sig = "(file, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=())", flags = BASETYPE)]
pub(super) struct Unpickler {
    head: Head,
    running: Cell<bool>,
    read: Link,
    readline: Link,
    readinto: Link,
    peek: Link,
    pub(super) buffers: Link,
    persistent_load: Link,
    fix_imports: Cell<bool>,
    /// Set by the pickle that is being read.
    pub(super) protocol: Cell<i32>,
    pub(super) encoding: RefCell<String>,
    pub(super) errors: RefCell<String>,
    pub(super) memo: RefCell<Vec<Option<Ref>>>,
    /// Entries far beyond the others.
    #[traverse(skip)]
    pub(super) sparse_memo: RefCell<HashMap<usize, Ref>>,
}

/// Bytes that are being read.
pub(super) struct Input<'a> {
    th: Thread<'a>,
    unpickler: &'a Unpickler,
    /// What was read ahead.
    data: Vec<u8>,
    at: usize,
    /// How much of `data` the file still has.
    peeked: bool,
    is_file: bool,
    /// Where in `data` the current frame ends; before `at` if there is none.
    frame_end: usize,
}

const PREFETCH: i64 = 128 * 1024;

impl<'a> Input<'a> {
    fn new(th: Thread<'a>, unpickler: &'a Unpickler, data: Vec<u8>, is_file: bool) -> Self {
        Input { th, unpickler, data, at: 0, peeked: false, is_file, frame_end: 0 }
    }

    #[cold]
    fn truncated<T>(&self) -> Result<T> {
        Err(unpickling_error(self.th, format_args!("pickle data was truncated")))
    }

    /// Whether a frame was begun that is not used up.
    pub(super) fn in_frame(&self) -> bool {
        self.at < self.frame_end
    }

    /// Complain if the next `length` bytes reach beyond the current frame.
    #[inline]
    fn stay_in_frame(&self, length: usize) -> Result<()> {
        if self.in_frame() && length > self.frame_end - self.at {
            return Err(unpickling_error(
                self.th,
                format_args!("pickle exhausted before end of frame"),
            ));
        }
        Ok(())
    }

    /// One byte; the end of input is another error for the first of an opcode.
    #[inline]
    pub(super) fn opcode(&mut self) -> Result<u8> {
        if let Some(byte) = self.data.get(self.at) {
            self.at += 1;
            return Ok(*byte);
        }
        if !self.is_file || !self.fill(1)? {
            raise!(self.th, EOFError, "Ran out of input");
        }
        self.at += 1;
        Ok(self.data.get(self.at - 1).copied().unwrap_or(0))
    }

    /// The next `length` bytes.
    #[inline]
    pub(super) fn take(&mut self, length: usize) -> Result<&[u8]> {
        self.stay_in_frame(length)?;
        if self.data.len() - self.at < length && (!self.is_file || !self.fill(length)?) {
            return self.truncated();
        }
        let start = self.at;
        self.at += length;
        Ok(self.data.get(start..start + length).unwrap_or_default())
    }

    /// Have the `length` bytes of a frame at hand.
    pub(super) fn begin_frame(&mut self, length: usize) -> Result<()> {
        self.take(length)?;
        self.frame_end = self.at;
        self.at -= length;
        Ok(())
    }

    #[inline]
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        if let Some(bytes) = self.data.get(self.at..).and_then(|rest| rest.first_chunk::<N>())
            && (!self.in_frame() || self.at + N <= self.frame_end)
        {
            self.at += N;
            return Ok(*bytes);
        }
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N)?);
        Ok(bytes)
    }

    /// A line without its end.
    pub(super) fn line(&mut self) -> Result<Vec<u8>> {
        let rest = self.data.get(self.at..).unwrap_or_default();
        if let Some(length) = rest.iter().position(|byte| *byte == b'\n') {
            let line = rest[..length].to_vec();
            self.stay_in_frame(length + 1)?;
            self.at += length + 1;
            return Ok(line);
        }
        self.stay_in_frame(rest.len() + 1)?;
        if !self.is_file {
            return self.truncated();
        }
        let mut line = rest.to_vec();
        if self.peeked {
            line.clear();
        }
        self.skip_consumed()?;
        let Some(readline) = self.unpickler.readline.get() else { return self.truncated() };
        let more = readline.call(self.th, &[])?;
        let more = BytesLike::get(self.th, more.obj())?;
        line.extend_from_slice(&more);
        if line.pop() != Some(b'\n') {
            return self.truncated();
        }
        Ok(line)
    }

    /// A line without its end that may not be empty.
    pub(super) fn filled_line(&mut self) -> Result<Vec<u8>> {
        let line = self.line()?;
        if line.is_empty() {
            return self.truncated();
        }
        Ok(line)
    }

    /// Make the file forget what was peeked at and used; drop the rest.
    pub(super) fn skip_consumed(&mut self) -> Result<()> {
        let used = self.at;
        self.data.clear();
        (self.at, self.frame_end) = (0, 0);
        if !std::mem::take(&mut self.peeked) || used == 0 {
            return Ok(());
        }
        if let Some(read) = self.unpickler.read.get() {
            read.call(self.th, &[Int::from_usize(self.th, used)?.obj()])?;
        }
        Ok(())
    }

    /// Get at least `length` bytes from the file; false at its end.
    fn fill(&mut self, length: usize) -> Result<bool> {
        let th = self.th;
        // What is left over comes before what the file has, unless it is only
        // a look at that.
        let mut have = match self.peeked {
            true => Vec::new(),
            false => self.data.get(self.at..).unwrap_or_default().to_vec(),
        };
        self.skip_consumed()?;
        if have.is_empty()
            && let Some(peek) = self.unpickler.peek.get()
        {
            match peek.call(th, &[Int::from_i64(th, PREFETCH)?.obj()]) {
                Ok(ahead) => {
                    let bytes = BytesLike::get(th, ahead.obj())?;
                    if bytes.len() >= length {
                        self.data = bytes.to_vec();
                        self.peeked = true;
                        return Ok(true);
                    }
                }
                Err(raised) => {
                    th.catch(raised, object::exceptions::types::NotImplementedError())?;
                    self.unpickler.peek.set(None);
                }
            }
        }
        let Some(read) = self.unpickler.read.get() else { return Ok(false) };
        // The length may be a lie: read in parts that grow.
        let mut step = 1 << 20;
        while have.len() < length {
            let wanted = (length - have.len()).min(step);
            let more = read.call(th, &[Int::from_usize(th, wanted)?.obj()])?;
            let Some(bytes) = more.obj().downcast::<Bytes>() else {
                raise!(th, ValueError, "read() from the underlying stream did not return bytes");
            };
            if bytes.len() == 0 {
                self.data = have;
                return Ok(false);
            }
            if have.try_reserve(bytes.len()).is_err() {
                return Err(th.no_memory());
            }
            have.extend_from_slice(bytes.as_bytes());
            step = step.saturating_mul(2);
        }
        self.data = have;
        Ok(true)
    }
}

impl Unpickler {
    fn empty() -> Unpickler {
        Unpickler {
            head: Head::new(),
            running: Cell::new(false),
            read: Link::null(),
            readline: Link::null(),
            readinto: Link::null(),
            peek: Link::null(),
            buffers: Link::null(),
            persistent_load: Link::null(),
            fix_imports: Cell::new(true),
            protocol: Cell::new(0),
            encoding: RefCell::default(),
            errors: RefCell::default(),
            memo: RefCell::default(),
            sparse_memo: RefCell::default(),
        }
    }

    /// An unpickler without a file.
    pub(super) fn create(
        th: Thread<'_>,
        fix_imports: bool,
        encoding: Option<&str>,
        errors: Option<&str>,
        buffers: Option<Obj<'_>>,
    ) -> Result<Ref<Unpickler>> {
        let unpickler = alloc_object::new(th, Self::empty())?;
        unpickler.configure(th, fix_imports, encoding, errors, buffers)?;
        Ok(unpickler)
    }

    fn configure(
        &self,
        th: Thread<'_>,
        fix_imports: bool,
        encoding: Option<&str>,
        errors: Option<&str>,
        buffers: Option<Obj<'_>>,
    ) -> Result<()> {
        self.fix_imports.set(fix_imports);
        *self.encoding.borrow_mut() = encoding.unwrap_or("ASCII").to_owned();
        *self.errors.borrow_mut() = errors.unwrap_or("strict").to_owned();
        let buffers = match buffers.filter(|buffers| !buffers.is_none()) {
            Some(buffers) => Some(buffers.iter(th)?),
            None => None,
        };
        self.buffers.set(buffers);
        let memo = (self.memo.take(), self.sparse_memo.take());
        drop(memo);
        self.protocol.set(0);
        Ok(())
    }

    pub(super) fn set_file(&self, th: Thread<'_>, file: Obj<'_>) -> Result<()> {
        self.peek.set(file.getattr_opt(th, id!(th, "peek"))?);
        self.readinto.set(file.getattr_opt(th, id!(th, "readinto"))?);
        let read = file.getattr_opt(th, id!(th, "read"))?;
        let readline = file.getattr_opt(th, id!(th, "readline"))?;
        if read.is_none() || readline.is_none() {
            raise!(th, TypeError, "file must have 'read' and 'readline' attributes");
        }
        self.read.set(read);
        self.readline.set(readline);
        Ok(())
    }

    fn enter(&self, th: Thread<'_>) -> Result<Busy<'_>> {
        Busy::enter(&self.running)
            .ok_or_else(|| error!(th, RuntimeError, "Unpickler object is already used"))
    }

    pub(super) fn load_object(&self, th: Thread<'_>) -> Result {
        let _busy = self.enter(th)?;
        let mut input = Input::new(th, self, Vec::new(), true);
        let value = Loader::new(th, self)?.run(&mut input)?;
        input.skip_consumed()?;
        Ok(value)
    }

    pub(super) fn load_bytes(&self, th: Thread<'_>, data: &[u8]) -> Result {
        let mut input = Input::new(th, self, data.to_vec(), false);
        Loader::new(th, self)?.run(&mut input)
    }

    pub(super) fn persistent_load_function(&self, th: Thread<'_>) -> Result<Option<Ref>> {
        let name = id!(th, "persistent_load");
        overridden(th, self.obj(), &self.persistent_load, Self::type_object(), name)
    }

    /// What a module has under a name.
    pub(super) fn find(&self, th: Thread<'_>, module: &Str, name: &Str) -> Result {
        crate::sys::audit(th, "pickle.find_class", &[module.obj(), name.obj()])?;
        let (mut module, mut name) = (own(module), own(name));
        if self.protocol.get() < 3 && self.fix_imports.get() {
            let compat = id!(th, "_compat_pickle");
            let key = Tuple::from_objs(th, &[module.obj(), name.obj()])?;
            if let Some(pair) = table_entry(th, compat, id!(th, "NAME_MAPPING"), key.obj())? {
                if let Some([new_module, new_name]) =
                    pair.obj().downcast::<Tuple>().map(Tuple::items)
                {
                    (module, name) = (new_module.str(th)?, new_name.str(th)?);
                }
            } else if let Some(new_module) =
                table_entry(th, compat, id!(th, "IMPORT_MAPPING"), module.obj())?
            {
                module = new_module.str(th)?;
            }
        }
        let found = (th.hooks().import_module)(th, &module)?;
        if self.protocol.get() < 4 || !name.to_string().contains('.') {
            return found.getattr(th, &name);
        }
        attribute_path(th, found.obj(), &name).or_else(|raised| {
            let cause = th.take_exception(raised);
            let (path, module) = (name.obj().repr(th)?, module.obj().repr(th)?);
            let raised = error!(th, AttributeError, "Can't resolve path {path} on module {module}");
            Err(chain(th, raised, cause))
        })
    }
}

#[pymethods]
impl Unpickler {
    fn __new__(th: Thread<'_>, cls: &Type, _: &Tuple, _: Option<&Dict>) -> Result {
        Ok(alloc_object::alloc(th, cls, Self::empty())?.upcast())
    }

    #[sig = "Unpickler(file, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=())"]
    fn __init__(
        &self,
        th: Thread<'_>,
        file: Obj<'_>,
        fix_imports: bool,
        encoding: Option<&str>,
        errors: Option<&str>,
        buffers: Option<Obj<'_>>,
    ) -> Result<()> {
        let _busy = self.enter(th)?;
        self.set_file(th, file)?;
        self.configure(th, fix_imports, encoding, errors, buffers)
    }

    /// Load a pickle.
    #[sig = "($self, /)"]
    fn load(&self, th: Thread<'_>) -> Result {
        if self.read.is_null() {
            return Err(unpickling_error(
                th,
                format_args!(
                    "Unpickler.__init__() was not called by {}.__init__()",
                    self.obj().type_name()
                ),
            ));
        }
        self.load_object(th)
    }

    /// Return an object from a specified module.
    #[sig = "($self, module_name, global_name, /)"]
    fn find_class(&self, th: Thread<'_>, module_name: &Str, global_name: &Str) -> Result {
        self.find(th, module_name, global_name)
    }

    #[sig = "($self, pid, /)"]
    fn persistent_load(&self, th: Thread<'_>, pid: Obj<'_>) -> Result {
        let _ = pid;
        Err(no_persistent_load(th))
    }

    #[getter]
    fn memo(&self, th: Thread<'_>) -> Result<Ref<UnpicklerMemoProxy>> {
        UnpicklerMemoProxy::new(th, own(self))
    }

    #[setter(memo)]
    fn set_memo(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else {
            raise!(th, TypeError, "attribute deletion is not supported");
        };
        let (memo, sparse) = memo_proxy::unpickler_entries(th, value)?;
        let old = (self.memo.replace(memo), self.sparse_memo.replace(sparse));
        drop(old);
        Ok(())
    }

    fn tp_getattro(&self, th: Thread<'_>, name: Obj<'_>) -> Result {
        if str_eq(name, "persistent_load")
            && let Some(function) = self.persistent_load.get()
        {
            return Ok(function);
        }
        object_::generic_getattr_obj(th, self.obj(), name)
    }

    fn tp_setattro(&self, th: Thread<'_>, name: Obj<'_>, value: Option<Obj<'_>>) -> Result<()> {
        if str_eq(name, "persistent_load") {
            if value.is_none() && self.persistent_load.is_null() {
                raise!(th, AttributeError, "persistent_load");
            }
            self.persistent_load.set(value.map(Obj::own));
            return Ok(());
        }
        object_::generic_setattr(th, self.obj(), name, value)
    }
}

/// The error for a persistent id that nobody understands.
pub(super) fn no_persistent_load(th: Thread<'_>) -> object::Raised {
    unpickling_error(
        th,
        format_args!(
            "A load persistent id instruction was encountered, but no persistent_load function was \
             specified."
        ),
    )
}
