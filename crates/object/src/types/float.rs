//! `float`: an IEEE 754 double.

use macros::{pymethods, pytype};

use crate::{Head, Int, Obj, Ref, Result, Thread, alloc_object, raise};

/// Convert a string or number to a floating-point number, if possible.
#[pytype(name = "float", sig = "(x=0, /)", flags = BASETYPE | MATCH_SELF, layout = abi::PyFloatObject)]
pub struct Float {
    head: Head,
    value: f64,
}

impl Float {
    /// A new float.
    #[inline]
    pub fn new(th: Thread<'_>, value: f64) -> Result<Ref<Float>> {
        alloc_object::new(th, Float { head: Head::new(), value })
    }

    /// The value.
    #[inline(always)]
    pub fn value(&self) -> f64 {
        self.value
    }

    /// `float(object)` for a C `double` argument: a float, `__float__` or `__index__`.
    pub fn as_f64(th: Thread<'_>, object: Obj<'_>) -> Result<f64> {
        if let Some(float) = object.downcast::<Float>() {
            return Ok(float.value);
        }
        if let Some(value) = Int::to_i64(object) {
            return Ok(value as f64);
        }
        raise!(th, TypeError, "must be real number, not {}", object.type_name())
    }
}

#[pymethods]
impl Float {}
