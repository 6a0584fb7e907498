//! What `sys.stderr` is before there are real streams.

use macros::{pymethods, pytype};
use object::{Head, Ref, Result, Str, Thread, alloc_object, types};

/// Writes text to a descriptor, without a buffer.
#[pytype(name = "stderrprinter", c_name = "PyStdPrinter_Type", flags = DISALLOW_INSTANTIATION)]
pub(crate) struct Printer {
    head: Head,
    fd: i32,
}

/// A printer for a descriptor.
pub fn standard_printer(th: Thread<'_>, fd: i32) -> Result<Ref> {
    object::types::type_::ready(th, <Printer as object::declare::Declared>::DECL)?;
    alloc_object::new(th, Printer { head: Head::new(), fd }).map(Ref::upcast)
}

#[pymethods]
impl Printer {
    /// How many bytes were written; `None` if the descriptor takes none now.
    #[sig = "($self, text, /)"]
    fn write(&self, th: Thread<'_>, text: &Str) -> Result<Option<usize>> {
        let bytes = types::str::codec::encode(th, text, "utf-8", "backslashreplace")?;
        match host::fs::write(self.fd, bytes.as_bytes()) {
            Ok(count) => Ok(Some(count)),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(crate::support::os_error(th, &error)),
        }
    }

    #[sig = "($self, /)"]
    fn flush(&self, _: Thread<'_>) {}

    #[sig = "($self, /)"]
    fn close(&self, _: Thread<'_>) {}

    #[sig = "($self, /)"]
    fn fileno(&self, _: Thread<'_>) -> i32 {
        self.fd
    }

    #[sig = "($self, /)"]
    fn isatty(&self, _: Thread<'_>) -> bool {
        host::terminal::isatty(self.fd)
    }

    #[getter]
    fn closed(&self, _: Thread<'_>) -> bool {
        false
    }

    #[getter]
    fn encoding(&self, _: Thread<'_>) {}

    #[getter]
    fn mode(&self, _: Thread<'_>) -> &'static str {
        "w"
    }
}
