//! Exceptions that carry a value: `StopIteration` and `SystemExit`.

use std::mem::offset_of;

use macros::{pymethods, pytype};

use crate::{AsObject, Dict, Link, Ref, Result, Thread, Tuple, declare::TypeBuilder, own};

use super::base::{BaseException, extends, no_keywords, or_none};
use super::plain;

/// Signal the end from iterator.__next__().
#[pytype(name = "StopIteration", c_name = "_PyExc_StopIteration", base = plain::Exception, flags = BASETYPE | BASE_EXC_SUBCLASS, layout = abi::PyStopIterationObject)]
pub struct StopIteration {
    base: BaseException,
    value: Link,
}

/// Request to exit from the interpreter.
#[pytype(name = "SystemExit", c_name = "_PyExc_SystemExit", base = BaseException, flags = BASETYPE | BASE_EXC_SUBCLASS, layout = abi::PySystemExitObject)]
pub struct SystemExit {
    base: BaseException,
    code: Link,
}

extends!(StopIteration, SystemExit);

impl StopIteration {
    /// A new instance that carries `value`.
    pub fn new(th: Thread<'_>, value: Ref) -> Result<Ref<StopIteration>> {
        let args = Tuple::from_objs(th, &[value.obj()])?;
        let base = BaseException::with_args(args);
        crate::alloc_object::new(th, StopIteration { base, value: Link::new(value) })
    }

    /// What the iterator returned.
    pub fn value(&self) -> Ref {
        or_none(self.value.get())
    }
}

#[pymethods]
impl StopIteration {
    fn __init__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result<()> {
        no_keywords(th, self.obj().ty(), kwargs)?;
        self.set_args(own(args));
        self.value.set(Some(or_none(args.get(0).map(|value| value.own()))));
        Ok(())
    }

    #[declare]
    fn members(builder: &mut TypeBuilder<'_>) {
        let offset = offset_of!(StopIteration, value);
        builder.member(c"value", abi::_Py_T_OBJECT, offset, 0, Some(c"generator return value"));
    }
}

impl SystemExit {
    /// The exit status or message.
    pub fn code(&self) -> Ref {
        or_none(self.code.get())
    }
}

#[pymethods]
impl SystemExit {
    fn __init__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result<()> {
        no_keywords(th, self.obj().ty(), kwargs)?;
        self.set_args(own(args));
        match args.items() {
            [] => {}
            [code] => self.code.set(Some(code.own())),
            _ => self.code.set(Some(own(args).upcast())),
        }
        Ok(())
    }

    #[declare]
    fn members(builder: &mut TypeBuilder<'_>) {
        let offset = offset_of!(SystemExit, code);
        builder.member(c"code", abi::_Py_T_OBJECT, offset, 0, Some(c"exception code"));
    }
}
