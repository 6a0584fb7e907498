//! `KeyError`: its text is the key's `repr`, as a key may be an empty string.

use macros::{pymethods, pytype};

use crate::{Protocol, Ref, Result, Str, Thread};

use super::base::{BaseException, extends};
use super::plain;

/// Mapping key not found.
#[pytype(name = "KeyError", c_name = "_PyExc_KeyError", base = plain::LookupError, flags = BASETYPE | BASE_EXC_SUBCLASS, layout = abi::PyBaseExceptionObject)]
pub struct KeyError {
    base: BaseException,
}

extends!(KeyError);

#[pymethods]
impl KeyError {
    fn __str__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        match self.single_arg() {
            Some(key) => key.repr(th),
            None => self.plain_str(th),
        }
    }

    #[declare]
    fn direct(builder: &mut crate::declare::TypeBuilder<'_>) {
        builder.ty().tp_vectorcall = Some(super::vectorcall);
    }
}
