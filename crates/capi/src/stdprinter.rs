//! `fileobject.h`: `stderrprinter`, a stream of text without a buffer, for what has
//! to be said before there is `sys.stderr`.

use std::ffi::c_int;

use macros::{capi, pymethods, pytype};
use object::{
    AsObject, Head, Obj, Ref, Result, Str, Thread, alloc_object, declare::Declared, exceptions,
    raise, types,
};

/// Text that goes to a file descriptor at once.
#[pytype(name = "stderrprinter", c_name = "PyStdPrinter_Type", flags = DISALLOW_INSTANTIATION)]
struct StdPrinter {
    head: Head,
    descriptor: c_int,
}

#[pymethods]
impl StdPrinter {
    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let address = self.obj().as_ptr();
        Str::from_fmt(
            th,
            format_args!("<stdprinter(fd={}) object at {address:p}>", self.descriptor),
        )
    }

    /// Do nothing: the descriptor belongs to the process.
    #[sig = "($self, /)"]
    fn close(&self, _: Thread<'_>) {}

    /// Do nothing: nothing is kept back.
    #[sig = "($self, /)"]
    fn flush(&self, _: Thread<'_>) {}

    /// Return the file descriptor.
    #[sig = "($self, /)"]
    fn fileno(&self, _: Thread<'_>) -> c_int {
        self.descriptor
    }

    /// Return whether the stream is a terminal.
    #[sig = "($self, /)"]
    fn isatty(&self, _: Thread<'_>) -> bool {
        // SAFETY: any number will do.
        unsafe { libc::isatty(self.descriptor) != 0 }
    }

    /// Write text, return the number of bytes.
    #[sig = "($self, text, /)"]
    fn write(&self, th: Thread<'_>, text: Obj<'_>) -> Result<i64> {
        let Some(text) = text.downcast::<Str>() else {
            raise!(th, TypeError, "argument 1 must be str, not {}", text.type_name());
        };
        let bytes = types::str::codec::encode(th, text, "utf-8", "backslashreplace")?;
        let (data, descriptor) = (bytes.as_bytes().to_vec(), self.descriptor);
        let written = th.allow_threads(move || {
            // SAFETY: the data is that long.
            let written = unsafe { libc::write(descriptor, data.as_ptr().cast(), data.len()) };
            if written < 0 { Err(std::io::Error::last_os_error()) } else { Ok(written) }
        });
        match written {
            Ok(count) => Ok(count as i64),
            // Nobody can be told that there is nobody.
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(exceptions::io_error(th, &error, None)),
        }
    }

    /// True if the file is closed
    #[getter]
    fn closed(&self, _: Thread<'_>) -> bool {
        false
    }

    /// Encoding of the file
    #[getter]
    fn encoding(&self, _: Thread<'_>) -> Option<Ref> {
        None
    }

    /// String giving the file mode
    #[getter]
    fn mode(&self, _: Thread<'_>) -> &'static str {
        "w"
    }
}

#[capi]
fn PyFile_NewStdPrinter(th: Thread<'_>, descriptor: c_int) -> Result<Ref<StdPrinter>> {
    if descriptor != 1 && descriptor != 2 {
        raise!(th, SystemError, "bad argument to internal function");
    }
    types::type_::ready(th, StdPrinter::DECL)?;
    alloc_object::new(th, StdPrinter { head: Head::new(), descriptor })
}
