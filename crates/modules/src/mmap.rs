//! `mmap`: memory-mapped files.
//!
//! The mapping cannot be closed or resized while its memory is exported. Bytes
//! are copied in and out at once; no slice of the memory outlives a method.

use std::{
    cell::{Cell, RefCell},
    ptr::NonNull,
};

use host::mapping::Mapping;
use macros::{pymethods, pymodule, pytype};
use object::{
    AsObject, Bytes, Head, Int, IntoObject, Module, Obj, Protocol, Ref, Result, Str, Thread, Type,
    alloc_object,
    args::Given,
    exceptions,
    protocol::index::{Selection, select},
    raise, types,
};

use crate::support::{self, Buffer, Data, check, os_error};

/// How a mapping may be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Access {
    Default,
    Read,
    Write,
    Copy,
}

impl Access {
    fn name(self) -> &'static str {
        match self {
            Access::Default => "ACCESS_DEFAULT",
            Access::Read => "ACCESS_READ",
            Access::Write => "ACCESS_WRITE",
            Access::Copy => "ACCESS_COPY",
        }
    }
}

/// mmap(fileno, length[, flags[, prot[, access[, offset[, trackfd]]]]])
///
/// Maps length bytes from the file specified by the file descriptor fileno,
/// and returns a mmap object.  If length is larger than the current size
/// of the file, the file is extended to contain length bytes.  If length
/// is 0, the maximum length of the map is the current size of the file.
///
/// To map anonymous memory, pass -1 as the fileno (both versions).
#[pytype(name = "mmap.mmap", flags = BASETYPE | IMMUTABLETYPE, weaklistoffset = weaklist)]
pub(crate) struct Mmap {
    head: Head,
    #[traverse(skip)]
    mapping: RefCell<Option<Mapping>>,
    position: Cell<usize>,
    exports: Cell<isize>,
    offset: i64,
    fd: Cell<i32>,
    #[traverse(skip)]
    access: Access,
    private: bool,
    tracked: bool,
    weaklist: Cell<*mut abi::PyObject>,
}

impl Drop for Mmap {
    fn drop(&mut self) {
        let fd = self.fd.replace(-1);
        if fd >= 0 {
            let _ = host::fs::close(fd);
        }
    }
}

fn closed<T>(th: Thread<'_>) -> Result<T> {
    raise!(th, ValueError, "mmap closed or invalid")
}

impl Mmap {
    /// Where the memory is and how many bytes it has.
    fn memory(&self, th: Thread<'_>) -> Result<(NonNull<u8>, usize)> {
        match &*self.mapping.borrow() {
            Some(mapping) => match NonNull::new(mapping.start()) {
                Some(start) => Ok((start, mapping.len())),
                None => closed(th),
            },
            None => closed(th),
        }
    }

    fn size_now(&self, th: Thread<'_>) -> Result<usize> {
        self.memory(th).map(|(_, len)| len)
    }

    /// The memory, to look at or to change at once.
    #[allow(clippy::mut_from_ref, reason = "the memory is shared with whoever maps the file")]
    fn bytes(&self, th: Thread<'_>) -> Result<&mut [u8]> {
        let (start, len) = self.memory(th)?;
        // SAFETY: mapped while no method closes or resizes it.
        Ok(unsafe { std::slice::from_raw_parts_mut(start.as_ptr(), len) })
    }

    fn check_writable(&self, th: Thread<'_>) -> Result<()> {
        if self.access == Access::Read {
            raise!(th, TypeError, "mmap can't modify a readonly memory map.");
        }
        Ok(())
    }

    /// The next `len` bytes at most; the position moves behind them.
    fn read_next(&self, th: Thread<'_>, len: usize) -> Result<Ref<Bytes>> {
        let rest = self.bytes(th)?.get(self.position.get()..).unwrap_or_default();
        let bytes = Bytes::new(th, rest.get(..len).unwrap_or(rest))?;
        self.position.set(self.position.get() + bytes.len());
        Ok(bytes)
    }

    fn search(
        &self,
        th: Thread<'_>,
        view: &Data,
        start: Option<isize>,
        end: Option<isize>,
        reverse: bool,
    ) -> Result<isize> {
        let bytes = self.bytes(th)?;
        let size = bytes.len() as isize;
        let clamp = |index: isize| {
            let index = if index < 0 { index + size } else { index };
            index.clamp(0, size) as usize
        };
        let start = clamp(start.unwrap_or(self.position.get() as isize));
        let end = clamp(end.unwrap_or(size));
        if start > end {
            return Ok(-1);
        }
        let range = bytes.get(start..end).unwrap_or_default();
        let needle = view.bytes();
        let found = if reverse {
            memchr::memmem::rfind(range, needle)
        } else {
            memchr::memmem::find(range, needle)
        };
        Ok(found.map_or(-1, |at| (at + start) as isize))
    }

    fn item_index(&self, th: Thread<'_>, index: Obj<'_>) -> Result<usize> {
        let index = Int::as_index(th, index, exceptions::types::IndexError())?;
        let size = self.size_now(th)? as isize;
        let index = if index < 0 { index + size } else { index };
        if (0..size).contains(&index) {
            return Ok(index as usize);
        }
        raise!(th, IndexError, "mmap index out of range")
    }

    fn store(&self, th: Thread<'_>, selection: Selection, value: &[u8]) -> Result<()> {
        if value.len() != selection.length {
            raise!(th, IndexError, "mmap slice assignment is wrong size");
        }
        let bytes = self.bytes(th)?;
        for (index, byte) in selection.indices().zip(value) {
            if let Some(place) = bytes.get_mut(index) {
                *place = *byte;
            }
        }
        Ok(())
    }

    fn file_size(&self, th: Thread<'_>) -> Result<i64> {
        check(th, host::fs::fstat(self.fd.get())).map(|stat| stat.st_size)
    }

    fn check_resizeable(&self, th: Thread<'_>) -> Result<()> {
        if self.exports.get() > 0 {
            raise!(th, BufferError, "mmap can't resize with extant buffers exported.");
        }
        if !self.tracked {
            raise!(th, ValueError, "mmap can't resize with trackfd=False.");
        }
        if !matches!(self.access, Access::Default | Access::Write) {
            raise!(th, TypeError, "mmap can't resize a readonly or copy-on-write memory map.");
        }
        Ok(())
    }
}

/// The length of a mapping of a file, checked against the file's size.
fn checked_length(th: Thread<'_>, fd: i32, length: usize, offset: i64) -> Result<usize> {
    let stat = check(th, th.allow_threads(|| host::fs::fstat(fd)))?;
    if stat.st_mode & libc::S_IFMT != libc::S_IFREG {
        return Ok(length);
    }
    if length == 0 {
        if stat.st_size == 0 {
            raise!(th, ValueError, "cannot mmap an empty file");
        }
        if offset >= stat.st_size {
            raise!(th, ValueError, "mmap offset is greater than file size");
        }
        return Ok((stat.st_size - offset) as usize);
    }
    if offset > stat.st_size || ((stat.st_size - offset) as usize) < length {
        raise!(th, ValueError, "mmap length is greater than file size");
    }
    Ok(length)
}

#[pymethods]
impl Mmap {
    #[sig = "mmap(fileno, length, flags=MAP_SHARED, prot=PROT_WRITE|PROT_READ, access=ACCESS_DEFAULT, offset=0, *, trackfd=True)"]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        fileno: Obj<'_>,
        length: isize,
        flags: Option<Given<i32>>,
        prot: Option<Given<i32>>,
        access: Option<Given<i32>>,
        offset: Option<Given<i64>>,
        trackfd: Option<Obj<'_>>,
    ) -> Result<Ref<Mmap>> {
        const READ_WRITE: i32 = libc::PROT_READ | libc::PROT_WRITE;
        let fd = support::int_arg(th, fileno)?;
        crate::sys::audit_with(th, "mmap.__new__", || {
            let access = access.as_ref().map_or(0, |access| i64::from(access.0));
            let offset = offset.as_ref().map_or(0, |offset| offset.0);
            [i64::from(fd), length as i64, access, offset]
                .into_iter()
                .map(|value| Int::from_i64(th, value))
                .collect()
        })?;
        let mut flags = flags.map_or(libc::MAP_SHARED, |flags| flags.0);
        let mut prot = prot.map_or(READ_WRITE, |prot| prot.0);
        let (access, offset) =
            (access.map_or(0, |access| access.0), offset.map_or(0, |offset| offset.0));
        let trackfd = trackfd.map_or(Ok(true), |trackfd| trackfd.is_true(th))?;
        if length < 0 {
            raise!(th, OverflowError, "memory mapped length must be positive");
        }
        if offset < 0 {
            raise!(th, OverflowError, "memory mapped offset must be positive");
        }
        if access != 0 && (flags != libc::MAP_SHARED || prot != READ_WRITE) {
            raise!(th, ValueError, "mmap can't specify both access and flags, prot.");
        }
        let access = match access {
            0 if prot & READ_WRITE == READ_WRITE => Access::Default,
            0 if prot & libc::PROT_WRITE != 0 => Access::Write,
            0 => Access::Read,
            1 => {
                prot = libc::PROT_READ;
                Access::Read
            }
            2 => Access::Write,
            3 => {
                flags = libc::MAP_PRIVATE;
                Access::Copy
            }
            _ => raise!(th, ValueError, "mmap invalid access parameter."),
        };
        let mut length = length as usize;
        let mut own = -1;
        if fd == -1 {
            flags |= libc::MAP_ANONYMOUS;
        } else {
            length = checked_length(th, fd, length, offset)?;
            if trackfd {
                own = check(th, host::fs::dup(fd))?;
            }
        }
        let object = Mmap {
            head: Head::new(),
            mapping: RefCell::new(None),
            position: Cell::new(0),
            exports: Cell::new(0),
            offset,
            fd: Cell::new(own),
            access,
            private: flags & libc::MAP_PRIVATE != 0,
            tracked: trackfd,
            weaklist: Cell::new(std::ptr::null_mut()),
        };
        let mapped = th.allow_threads(|| Mapping::new(length, prot, flags, fd, offset));
        *object.mapping.borrow_mut() = Some(check(th, mapped)?);
        alloc_object::alloc(th, cls, object)
    }

    fn __repr__(th: Thread<'_>, this: Obj<'_>) -> Result<Ref<Str>> {
        let Some(slf) = this.downcast::<Mmap>() else { return Str::new(th, "<mmap>") };
        let name = this.ty().full_name();
        let Ok(len) = slf.mapping.borrow().as_ref().map(Mapping::len).ok_or(()) else {
            return Str::from_fmt(th, format_args!("<{name} closed=True>"));
        };
        Str::from_fmt(
            th,
            format_args!(
                "<{name} closed=False, access={}, length={len}, pos={}, offset={}>",
                slf.access.name(),
                slf.position.get(),
                slf.offset
            ),
        )
    }

    fn mp_length(&self, th: Thread<'_>) -> Result<usize> {
        self.size_now(th)
    }

    fn sq_length(&self, th: Thread<'_>) -> Result<usize> {
        self.size_now(th)
    }

    fn sq_item(&self, th: Thread<'_>, index: isize) -> Result<Ref<Bytes>> {
        match usize::try_from(index).ok().and_then(|index| self.bytes(th).ok()?.get(index)) {
            Some(byte) => Bytes::new(th, &[*byte]),
            None => {
                self.size_now(th)?;
                raise!(th, IndexError, "mmap index out of range")
            }
        }
    }

    fn mp_subscript(&self, th: Thread<'_>, key: Obj<'_>) -> Result {
        self.size_now(th)?;
        if Int::is_index(key) {
            let index = self.item_index(th, key)?;
            return self.bytes(th)?.get(index).copied().unwrap_or(0).into_object(th);
        }
        if key.downcast::<types::Slice>().is_none() {
            raise!(th, TypeError, "mmap indices must be integers");
        }
        let selection = select(th, key, self.size_now(th)?)?;
        let bytes = self.bytes(th)?;
        let chosen: Vec<u8> =
            selection.indices().map(|index| bytes.get(index).copied().unwrap_or(0)).collect();
        Bytes::new(th, &chosen).map(Ref::upcast)
    }

    fn mp_ass_subscript(&self, th: Thread<'_>, key: Obj<'_>, value: Option<Obj<'_>>) -> Result<()> {
        self.size_now(th)?;
        self.check_writable(th)?;
        if Int::is_index(key) {
            let index = self.item_index(th, key)?;
            let Some(value) = value else {
                raise!(th, TypeError, "mmap doesn't support item deletion");
            };
            if !Int::is_index(value) {
                raise!(th, TypeError, "mmap item value must be an int");
            }
            let value = Int::as_index(th, value, exceptions::types::TypeError())?;
            let Ok(byte) = u8::try_from(value) else {
                raise!(th, ValueError, "mmap item value must be in range(0, 256)");
            };
            // Converting the value may have made the mapping smaller.
            let Some(place) = self.bytes(th)?.get_mut(index) else {
                raise!(th, IndexError, "mmap index out of range");
            };
            *place = byte;
            return Ok(());
        }
        if key.downcast::<types::Slice>().is_none() {
            raise!(th, TypeError, "mmap indices must be integer");
        }
        let Some(value) = value else {
            raise!(th, TypeError, "mmap object doesn't support slice deletion");
        };
        let data = Buffer::readable(th, value)?.bytes().to_vec();
        let selection = select(th, key, self.size_now(th)?)?;
        self.store(th, selection, &data)
    }

    fn bf_getbuffer(&self, th: Thread<'_>, view: &mut abi::Py_buffer, flags: i32) -> Result<()> {
        let (start, len) = self.memory(th)?;
        let readonly = self.access == Access::Read;
        object::protocol::buffer::fill_info(th, view, self.obj(), start, len, readonly, flags)?;
        self.exports.set(self.exports.get() + 1);
        Ok(())
    }

    fn bf_releasebuffer(&self, _: Thread<'_>, _: &mut abi::Py_buffer) -> Result<()> {
        self.exports.set(self.exports.get() - 1);
        Ok(())
    }

    #[sig = "($self, /)"]
    fn close(&self, th: Thread<'_>) -> Result<()> {
        if self.exports.get() > 0 {
            raise!(th, BufferError, "cannot close exported pointers exist");
        }
        let fd = self.fd.replace(-1);
        let mapping = self.mapping.borrow_mut().take();
        th.allow_threads(|| {
            if fd >= 0 {
                let _ = host::fs::close(fd);
            }
            drop(mapping);
        });
        Ok(())
    }

    #[getter]
    fn closed(&self, _: Thread<'_>) -> bool {
        self.mapping.borrow().is_none()
    }

    #[sig = "($self, view, start=None, end=None, /)"]
    fn find(
        &self,
        th: Thread<'_>,
        view: Data,
        start: Option<isize>,
        end: Option<isize>,
    ) -> Result<isize> {
        self.search(th, &view, start, end, false)
    }

    #[sig = "($self, view, start=None, end=None, /)"]
    fn rfind(
        &self,
        th: Thread<'_>,
        view: Data,
        start: Option<isize>,
        end: Option<isize>,
    ) -> Result<isize> {
        self.search(th, &view, start, end, true)
    }

    #[sig = "($self, offset=0, size=None, /)"]
    fn flush(&self, th: Thread<'_>, offset: isize, size: Option<isize>) -> Result<()> {
        let len = self.size_now(th)? as isize;
        let size = size.unwrap_or(len.saturating_sub(offset));
        if offset < 0 || size < 0 || len - offset < size {
            raise!(th, ValueError, "flush values out of range");
        }
        if matches!(self.access, Access::Read | Access::Copy) {
            return Ok(());
        }
        let mapping = self.mapping.borrow();
        let Some(mapping) = &*mapping else { return closed(th) };
        check(th, mapping.flush(offset as usize, size as usize))
    }

    #[sig = "($self, option, start=0, length=None, /)"]
    fn madvise(
        &self,
        th: Thread<'_>,
        option: i32,
        start: isize,
        length: Option<Given<isize>>,
    ) -> Result<()> {
        let size = self.size_now(th)? as isize;
        let length = length.map_or(size, |Given(length)| length);
        if start < 0 || start >= size {
            raise!(th, ValueError, "madvise start out of bounds");
        }
        if length < 0 {
            raise!(th, ValueError, "madvise length invalid");
        }
        let Some(end) = start.checked_add(length) else {
            raise!(th, OverflowError, "madvise length too large");
        };
        let length = (end.min(size) - start) as usize;
        let mapping = self.mapping.borrow();
        let Some(mapping) = &*mapping else { return closed(th) };
        check(th, mapping.advise(start as usize, length, option))
    }

    #[sig = "($self, dest, src, count, /)"]
    fn r#move(&self, th: Thread<'_>, dest: isize, src: isize, count: isize) -> Result<()> {
        let size = self.size_now(th)? as isize;
        self.check_writable(th)?;
        let fits = |start: isize| start >= 0 && size - start >= count;
        if count < 0 || !fits(dest) || !fits(src) {
            raise!(th, ValueError, "source, destination, or count out of range");
        }
        let (dest, src, count) = (dest as usize, src as usize, count as usize);
        self.bytes(th)?.copy_within(src..src + count, dest);
        Ok(())
    }

    #[sig = "($self, n=None, /)"]
    fn read(&self, th: Thread<'_>, n: Option<isize>) -> Result<Ref<Bytes>> {
        self.size_now(th)?;
        let len = n.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
        self.read_next(th, len)
    }

    #[sig = "($self, /)"]
    fn read_byte(&self, th: Thread<'_>) -> Result<u8> {
        match self.bytes(th)?.get(self.position.get()) {
            Some(byte) => {
                self.position.set(self.position.get() + 1);
                Ok(*byte)
            }
            None => raise!(th, ValueError, "read byte out of range"),
        }
    }

    #[sig = "($self, /)"]
    fn readline(&self, th: Thread<'_>) -> Result<Ref<Bytes>> {
        let rest = self.bytes(th)?.get(self.position.get()..).unwrap_or_default();
        let len = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        self.read_next(th, len)
    }

    #[sig = "($self, newsize, /)"]
    fn resize(&self, th: Thread<'_>, newsize: isize) -> Result<()> {
        let old = self.size_now(th)?;
        self.check_resizeable(th)?;
        let Some(end) =
            usize::try_from(newsize).ok().and_then(|_| (newsize as i64).checked_add(self.offset))
        else {
            raise!(th, ValueError, "new size out of range");
        };
        let fd = self.fd.get();
        if fd == -1 && !self.private && newsize as usize > old {
            raise!(th, ValueError, "mmap: can't expand a shared anonymous mapping");
        }
        if fd != -1 {
            check(th, host::fs::ftruncate(fd, end))?;
        }
        let mut mapping = self.mapping.borrow_mut();
        let Some(mapping) = &mut *mapping else { return closed(th) };
        match mapping.resize(newsize as usize) {
            Ok(()) => Ok(()),
            Err(error) => Err(os_error(th, &error)),
        }
    }

    #[sig = "($self, pos, whence=0, /)"]
    fn seek(&self, th: Thread<'_>, pos: isize, whence: i32) -> Result<usize> {
        let size = self.size_now(th)? as isize;
        let base = match whence {
            0 => 0,
            1 => self.position.get() as isize,
            2 => size,
            _ => raise!(th, ValueError, "unknown seek type"),
        };
        match base.checked_add(pos).filter(|target| (0..=size).contains(target)) {
            Some(target) => {
                self.position.set(target as usize);
                Ok(target as usize)
            }
            None => raise!(th, ValueError, "seek out of range"),
        }
    }

    #[sig = "($self, /)"]
    fn seekable(&self, _: Thread<'_>) -> bool {
        true
    }

    #[sig = "($self, /)"]
    fn size(&self, th: Thread<'_>) -> Result<i64> {
        self.size_now(th)?;
        self.file_size(th)
    }

    #[sig = "($self, /)"]
    fn tell(&self, th: Thread<'_>) -> Result<usize> {
        self.size_now(th)?;
        Ok(self.position.get())
    }

    #[sig = "($self, bytes, /)"]
    fn write(&self, th: Thread<'_>, bytes: Data) -> Result<usize> {
        self.size_now(th)?;
        self.check_writable(th)?;
        let (start, len) = (self.position.get(), bytes.len());
        let target =
            start.checked_add(len).and_then(|end| self.bytes(th).ok()?.get_mut(start..end));
        let Some(target) = target else { raise!(th, ValueError, "data out of range") };
        // The source may be this very memory.
        let source = bytes.bytes().as_ptr();
        // SAFETY: both have `len` bytes; they may overlap.
        unsafe { std::ptr::copy(source, target.as_mut_ptr(), len) };
        self.position.set(start + len);
        Ok(len)
    }

    #[sig = "($self, byte, /)"]
    fn write_byte(&self, th: Thread<'_>, byte: Obj<'_>) -> Result<()> {
        let byte = match Int::index_to_i64(th, byte)? {
            value if value < 0 => {
                raise!(th, OverflowError, "unsigned byte integer is less than minimum")
            }
            value => match u8::try_from(value) {
                Ok(byte) => byte,
                Err(_) => {
                    raise!(th, OverflowError, "unsigned byte integer is greater than maximum")
                }
            },
        };
        self.size_now(th)?;
        self.check_writable(th)?;
        let Some(place) = self.bytes(th)?.get_mut(self.position.get()) else {
            raise!(th, ValueError, "write byte out of range");
        };
        *place = byte;
        self.position.set(self.position.get() + 1);
        Ok(())
    }

    #[sig = "($self, /)"]
    fn __enter__(th: Thread<'_>, this: Obj<'_>) -> Result {
        if let Some(slf) = this.downcast::<Mmap>() {
            slf.size_now(th)?;
        }
        Ok(this.own())
    }

    #[sig = "($self, exc_type, exc_value, traceback, /)"]
    fn __exit__(
        &self,
        th: Thread<'_>,
        exc_type: Obj<'_>,
        exc_value: Obj<'_>,
        traceback: Obj<'_>,
    ) -> Result<()> {
        let _ = (exc_type, exc_value, traceback);
        self.close(th)
    }
}

#[pymodule]
pub mod mmap {
    use super::*;

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        support::add_ints(th, module, CONSTANTS)?;
        module.set(th, "error", exceptions::types::OSError().obj())?;
        module.add_type::<Mmap>(th)
    }
}

/// Integer constants of the module.
static CONSTANTS: &[(&str, i64)] = &[
    ("ACCESS_COPY", 3),
    ("ACCESS_DEFAULT", 0),
    ("ACCESS_READ", 1),
    ("ACCESS_WRITE", 2),
    ("ALLOCATIONGRANULARITY", 4096),
    ("MADV_DODUMP", 17),
    ("MADV_DOFORK", 11),
    ("MADV_DONTDUMP", 16),
    ("MADV_DONTFORK", 10),
    ("MADV_DONTNEED", 4),
    ("MADV_FREE", 8),
    ("MADV_HUGEPAGE", 14),
    ("MADV_HWPOISON", 100),
    ("MADV_MERGEABLE", 12),
    ("MADV_NOHUGEPAGE", 15),
    ("MADV_NORMAL", 0),
    ("MADV_RANDOM", 1),
    ("MADV_REMOVE", 9),
    ("MADV_SEQUENTIAL", 2),
    ("MADV_UNMERGEABLE", 13),
    ("MADV_WILLNEED", 3),
    ("MAP_32BIT", 64),
    ("MAP_ANON", 32),
    ("MAP_ANONYMOUS", 32),
    ("MAP_DENYWRITE", 2048),
    ("MAP_EXECUTABLE", 4096),
    ("MAP_NORESERVE", 16384),
    ("MAP_POPULATE", 32768),
    ("MAP_PRIVATE", 2),
    ("MAP_SHARED", 1),
    ("MAP_STACK", 131072),
    ("PAGESIZE", 4096),
    ("PROT_EXEC", 4),
    ("PROT_READ", 1),
    ("PROT_WRITE", 2),
];
