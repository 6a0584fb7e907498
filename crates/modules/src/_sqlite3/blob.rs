//! `Blob`: a BLOB in a row, read and written in place.

use std::{cell::Cell, ffi::c_int};

use libsqlite3_sys as ffi;
use macros::{pymethods, pytype};
use object::{
    AsObject, Bytes, Head, Int, IntoObject, Obj, Ref, Result, Thread, alloc_object, exceptions,
    protocol::{
        buffer::BytesLike,
        index::{self, Selection},
    },
    raise, types,
};

use super::{
    connection::Connection,
    error::{self, Kind},
};

#[pytype(name = "sqlite3.Blob", flags = DISALLOW_INSTANTIATION, weaklistoffset = weaklist)]
pub(crate) struct Blob {
    head: Head,
    connection: Ref<Connection>,
    handle: Cell<*mut ffi::sqlite3_blob>,
    offset: Cell<usize>,
    weaklist: Cell<*mut abi::PyObject>,
}

impl Drop for Blob {
    fn drop(&mut self) {
        self.shut();
    }
}

impl Blob {
    pub(super) fn create(
        th: Thread<'_>,
        connection: &Connection,
        handle: *mut ffi::sqlite3_blob,
    ) -> Result<Ref<Blob>> {
        alloc_object::new(
            th,
            Blob {
                head: Head::new(),
                connection: object::own(connection),
                handle: Cell::new(handle),
                offset: Cell::new(0),
                weaklist: Cell::new(std::ptr::null_mut()),
            },
        )
    }

    /// Give up the handle.
    pub(super) fn shut(&self) {
        let handle = self.handle.replace(std::ptr::null_mut());
        if !handle.is_null() {
            // SAFETY: an open handle, ours alone.
            unsafe { ffi::sqlite3_blob_close(handle) };
        }
    }

    fn open_handle(&self, th: Thread<'_>) -> Result<*mut ffi::sqlite3_blob> {
        self.connection.check(th)?;
        let handle = self.handle.get();
        if handle.is_null() {
            return Err(error::misuse(th, "Cannot operate on a closed blob."));
        }
        Ok(handle)
    }

    fn size(&self, th: Thread<'_>) -> Result<usize> {
        let handle = self.open_handle(th)?;
        // SAFETY: an open handle.
        Ok((unsafe { ffi::sqlite3_blob_bytes(handle) }) as usize)
    }

    fn check(&self, th: Thread<'_>, status: c_int) -> Result<()> {
        match status {
            ffi::SQLITE_OK => Ok(()),
            ffi::SQLITE_MISUSE => Err(error::raise(
                th,
                Kind::InterfaceError,
                format_args!("{}", error::code_text(status)),
            )),
            _ => Err(error::from_db(th, self.connection.db(th)?)),
        }
    }

    fn load(&self, th: Thread<'_>, offset: usize, length: usize) -> Result<Vec<u8>> {
        let handle = self.open_handle(th)?;
        let mut bytes = Vec::new();
        if bytes.try_reserve_exact(length).is_err() {
            return Err(th.no_memory());
        }
        bytes.resize(length, 0);
        let start = bytes.as_mut_ptr().cast();
        let status = th.allow_threads(|| {
            // SAFETY: an open handle; room for `length` bytes.
            unsafe { ffi::sqlite3_blob_read(handle, start, length as c_int, offset as c_int) }
        });
        self.check(th, status)?;
        Ok(bytes)
    }

    fn store(&self, th: Thread<'_>, offset: usize, bytes: &[u8]) -> Result<()> {
        let handle = self.open_handle(th)?;
        let size = self.size(th)?;
        if bytes.len() > size.saturating_sub(offset) {
            raise!(th, ValueError, "data longer than blob length");
        }
        let start = bytes.as_ptr().cast();
        let status = th.allow_threads(|| {
            // SAFETY: an open handle; so many bytes.
            unsafe { ffi::sqlite3_blob_write(handle, start, bytes.len() as c_int, offset as c_int) }
        });
        self.check(th, status)
    }

    fn index(&self, th: Thread<'_>, key: Obj<'_>) -> Result<usize> {
        let at = Int::as_index(th, key, exceptions::types::IndexError())?;
        let size = self.size(th)?;
        let at = if at < 0 { at + size as isize } else { at };
        match usize::try_from(at).ok().filter(|at| *at < size) {
            Some(at) => Ok(at),
            None => raise!(th, IndexError, "Blob index out of range"),
        }
    }

    /// What a slice selects, and the bytes from its first to its last item.
    fn selected(&self, th: Thread<'_>, key: Obj<'_>) -> Result<(Selection, usize, usize)> {
        let selection = index::select(th, key, self.size(th)?)?;
        let (first, last) = (selection.indices().min(), selection.indices().max());
        match (first, last) {
            (Some(first), Some(last)) => Ok((selection, first, last - first + 1)),
            _ => Ok((selection, 0, 0)),
        }
    }
}

#[pymethods]
impl Blob {
    fn mp_length(&self, th: Thread<'_>) -> Result<usize> {
        self.size(th)
    }

    fn mp_subscript(&self, th: Thread<'_>, key: Obj<'_>) -> Result {
        self.open_handle(th)?;
        if Int::is_index(key) {
            let at = self.index(th, key)?;
            let bytes = self.load(th, at, 1)?;
            return bytes.first().copied().unwrap_or(0).into_object(th);
        }
        if !index::is_slice(key) {
            raise!(th, TypeError, "Blob indices must be integers");
        }
        let (selection, first, span) = self.selected(th, key)?;
        if selection.length > 0 && selection.step < 0 {
            raise!(th, ValueError, "Blob doesn't support slices with a negative step");
        }
        if selection.length == 0 {
            return Bytes::new(th, &[]).map(Ref::upcast);
        }
        let bytes = self.load(th, first, span)?;
        let chosen: Vec<u8> =
            selection.indices().map(|at| bytes.get(at - first).copied().unwrap_or(0)).collect();
        Bytes::new(th, &chosen).map(Ref::upcast)
    }

    fn mp_ass_subscript(&self, th: Thread<'_>, key: Obj<'_>, value: Option<Obj<'_>>) -> Result<()> {
        self.open_handle(th)?;
        if Int::is_index(key) {
            let Some(value) = value else {
                raise!(th, TypeError, "Blob doesn't support item deletion");
            };
            let at = self.index(th, key)?;
            if !Int::is_int(value) {
                raise!(
                    th,
                    TypeError,
                    "'{}' object cannot be interpreted as an integer",
                    value.type_name()
                );
            }
            let Some(byte) = Int::to_i64(value).and_then(|value| u8::try_from(value).ok()) else {
                raise!(th, ValueError, "byte must be in range(0, 256)");
            };
            return self.store(th, at, &[byte]);
        }
        if !index::is_slice(key) {
            raise!(th, TypeError, "Blob indices must be integers");
        }
        let Some(value) = value else {
            raise!(th, TypeError, "Blob doesn't support slice deletion");
        };
        let (selection, first, span) = self.selected(th, key)?;
        let given = BytesLike::get(th, value)?;
        if given.len() != selection.length {
            raise!(th, IndexError, "Blob slice assignment is wrong size");
        }
        if selection.length > 0 && selection.step < 0 {
            raise!(th, ValueError, "Blob doesn't support slices with a negative step");
        }
        if selection.length == 0 {
            return Ok(());
        }
        if selection.step == 1 {
            return self.store(th, first, &given);
        }
        let mut bytes = self.load(th, first, span)?;
        for (at, byte) in selection.indices().zip(given.iter()) {
            if let Some(place) = bytes.get_mut(at - first) {
                *place = *byte;
            }
        }
        self.store(th, first, &bytes)
    }

    /// Close the blob.
    #[sig = "($self, /)"]
    fn close(&self, th: Thread<'_>) -> Result<()> {
        self.connection.check(th)?;
        self.shut();
        Ok(())
    }

    /// Blob context manager enter.
    #[sig = "($self, /)"]
    fn __enter__(&self, th: Thread<'_>) -> Result {
        self.open_handle(th)?;
        Ok(self.obj().own())
    }

    /// Blob context manager exit.
    #[sig = "($self, type, val, tb, /)"]
    fn __exit__(&self, th: Thread<'_>, _: Obj<'_>, _: Obj<'_>, _: Obj<'_>) -> Result {
        self.open_handle(th)?;
        self.shut();
        Ok(types::bool_(false).own())
    }

    /// Read data at the current offset position.
    ///
    ///   length
    ///     Read length in bytes.
    ///
    /// If the end of the blob is reached, the data up to end of file will
    /// be returned.  When length is not specified, or is negative,
    /// Blob.read() will read until the end of the blob.
    #[sig = "($self, length=-1, /)"]
    fn read(&self, th: Thread<'_>, length: Option<i32>) -> Result<Ref<Bytes>> {
        let rest = self.size(th)?.saturating_sub(self.offset.get());
        let length = usize::try_from(length.unwrap_or(-1)).map_or(rest, |length| length.min(rest));
        if length == 0 {
            return Bytes::new(th, &[]);
        }
        let bytes = self.load(th, self.offset.get(), length)?;
        self.offset.set(self.offset.get() + length);
        Bytes::new(th, &bytes)
    }

    /// Write data at the current offset.
    ///
    /// This function cannot change the blob length.  Writing beyond the end
    /// of the blob will result in an exception being raised.
    #[sig = "($self, data, /)"]
    fn write(&self, th: Thread<'_>, data: BytesLike<'_>) -> Result<()> {
        self.store(th, self.offset.get(), &data)?;
        self.offset.set(self.offset.get() + data.len());
        Ok(())
    }

    /// Set the current access position to offset.
    ///
    /// The origin argument defaults to os.SEEK_SET (absolute blob
    /// positioning).  Other values for origin are os.SEEK_CUR (seek
    /// relative to the current position) and os.SEEK_END (seek relative to
    /// the blob's end).
    #[sig = "($self, offset, origin=0, /)"]
    fn seek(&self, th: Thread<'_>, offset: i32, origin: Option<i32>) -> Result<()> {
        let size = self.size(th)? as i64;
        let base = match origin.unwrap_or(0) {
            0 => 0,
            1 => self.offset.get() as i64,
            2 => size,
            _ => raise!(
                th,
                ValueError,
                "'origin' should be os.SEEK_SET, os.SEEK_CUR, or os.SEEK_END"
            ),
        };
        let target = base + i64::from(offset);
        if target > i64::from(i32::MAX) {
            raise!(th, OverflowError, "seek offset results in overflow");
        }
        if !(0..=size).contains(&target) {
            raise!(th, ValueError, "offset out of blob range");
        }
        self.offset.set(target as usize);
        Ok(())
    }

    /// Return the current access position for the blob.
    #[sig = "($self, /)"]
    fn tell(&self, th: Thread<'_>) -> Result<usize> {
        self.open_handle(th)?;
        Ok(self.offset.get())
    }
}
