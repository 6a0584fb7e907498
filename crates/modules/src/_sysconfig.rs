//! `_sysconfig`: what `sysconfig` cannot read from files.

use macros::pymodule;
use object::{AsObject, Dict, Int, Ref, Result, Thread};

/// A helper for the sysconfig module.
#[pymodule]
pub mod _sysconfig {
    use super::*;

    /// Returns a dictionary containing build variables intended to be exposed by sysconfig.
    #[sig = "()"]
    fn config_vars(th: Thread<'_>) -> Result<Ref<Dict>> {
        let vars = Dict::new(th)?;
        let zero = Int::from_i64(th, 0)?;
        vars.set_str(th, "Py_GIL_DISABLED", zero.obj())?;
        vars.set_str(th, "Py_DEBUG", zero.obj())?;
        Ok(vars)
    }
}
