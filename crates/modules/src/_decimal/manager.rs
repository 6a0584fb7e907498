//! What `localcontext` returns.

use macros::{pymethods, pytype};
use object::{
    Args, AsObject, Head, Kwargs, Obj, Protocol, Ref, Result, Str, Thread, alloc_object, raise,
};

use super::{context::Context, current, set_current};

/// Attributes of a context that `localcontext` takes.
const ATTRIBUTES: [&str; 8] =
    ["prec", "rounding", "Emin", "Emax", "capitals", "clamp", "flags", "traps"];

/// Makes a context current for a block.
#[pytype(name = "decimal.ContextManager", flags = DISALLOW_INSTANTIATION)]
pub(crate) struct ContextManager {
    head: Head,
    local: Ref<Context>,
    global: Ref<Context>,
}

impl ContextManager {
    /// A manager for a copy of `context`, or of the current one, with other attributes.
    pub(super) fn create(
        th: Thread<'_>,
        context: Option<Obj<'_>>,
        attributes: Kwargs<'_>,
    ) -> Result<Ref<ContextManager>> {
        let global = current(th)?;
        let given = context.filter(|context| !context.is_none());
        let local = match given {
            None => global.copy(th)?,
            Some(context) => match context.downcast::<Context>() {
                Some(context) => context.copy(th)?,
                None => raise!(th, TypeError, "optional argument must be a context"),
            },
        };
        for (name, value) in attributes.iter() {
            let Some(name) = name.downcast::<Str>() else { continue };
            let text = name.to_string();
            if !ATTRIBUTES.contains(&text.as_str()) {
                raise!(th, TypeError, "this function got an unexpected keyword argument '{text}'");
            }
            if !value.is_none() {
                local.obj().setattr(th, name, Some(value))?;
            }
        }
        alloc_object::new(th, ContextManager { head: Head::new(), local, global })
    }
}

#[pymethods]
impl ContextManager {
    /// Make the local context current.
    #[sig = "($self, /)"]
    fn __enter__(&self, th: Thread<'_>) -> Result<Ref<Context>> {
        set_current(th, self.local.obj())?;
        Ok(self.local.clone())
    }

    /// Make the context current again that was before.
    #[sig = "($self, /, *args)"]
    fn __exit__(&self, th: Thread<'_>, args: Args<'_>) -> Result<bool> {
        let _ = args;
        set_current(th, self.global.obj())?;
        Ok(false)
    }
}
