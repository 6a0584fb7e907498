//! What `sys.stderr` is before there are real streams.

use std::io::Write as _;

use macros::{pymethods, pytype};
use object::{Head, Ref, Result, Str, Thread, alloc_object};

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
    #[sig = "($self, text, /)"]
    fn write(&self, th: Thread<'_>, text: &Str) -> Result<usize> {
        let bytes = crate::support::encode_fs(th, text)?;
        // Nobody can be told if this fails.
        let _ = match self.fd {
            1 => std::io::stdout().write_all(&bytes),
            _ => std::io::stderr().write_all(&bytes),
        };
        Ok(text.len())
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
