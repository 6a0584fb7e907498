//! Upcalls: what `object` needs from the crates above it, as function pointers
//! that `vm` registers in the interpreter at start. Each has a default that
//! raises or does nothing, so that this crate's tests run alone.

use crate::{Code, Dict, Function, Obj, Ref, Result, Str, Thread, Tuple, error};

/// The upcalls.
#[derive(Clone, Copy)]
pub struct Hooks {
    /// Call a Python function: `args` positional, then the values of `kwnames`.
    pub call_function:
        fn(Thread<'_>, &Function, args: &[Obj<'_>], kwnames: Option<&Tuple>) -> Result<Ref>,
    /// Evaluate a code object in namespaces; `closure` holds its cells.
    pub eval_code: fn(
        Thread<'_>,
        &Code,
        globals: &Dict,
        locals: Option<Obj<'_>>,
        closure: Option<&Tuple>,
    ) -> Result<Ref>,
    /// `__import__(name, …)` with an empty from-list, returning the module named.
    pub import_module: fn(Thread<'_>, name: &Str) -> Result<Ref>,
    /// `warnings.warn(message, category, stacklevel)`.
    pub warn: fn(Thread<'_>, category: Obj<'_>, message: &Str, stacklevel: isize) -> Result<()>,
    /// `sys.unraisablehook` for the exception that is set; `context` names what failed.
    pub unraisable: fn(Thread<'_>, context: Option<&str>, object: Option<Obj<'_>>),
    /// The globals of the innermost Python frame.
    pub current_globals: fn(Thread<'_>) -> Option<Ref<Dict>>,
    /// The builtins of the innermost Python frame, any mapping.
    pub current_builtins: fn(Thread<'_>) -> Option<Ref>,
    /// The local namespace of the innermost Python frame, as `locals()` gives it.
    pub current_locals: fn(Thread<'_>) -> Result<Ref>,
    /// The class in the `__class__` cell and the first argument of the innermost frame, for `super()`.
    pub super_arguments: fn(Thread<'_>) -> Result<(Ref, Ref)>,
    /// Add a traceback entry for the innermost frame to the exception that is set.
    pub handled_exception: fn(Thread<'_>) -> Option<Ref>,
    /// `sys.audit(event, *args)`, if anybody listens.
    pub audit: fn(Thread<'_>, event: &str, args: &[Obj<'_>]) -> Result<()>,
    /// Compile source text for `compile`, `exec` and `eval`.
    pub decode: fn(Thread<'_>, object: Obj<'_>, encoding: &str, errors: &str) -> Result<Ref>,
    /// Encode text with a registered codec.
    pub encode: fn(Thread<'_>, object: Obj<'_>, encoding: &str, errors: &str) -> Result<Ref>,
}

impl Hooks {
    /// Nothing is registered yet.
    pub const NONE: Hooks = Hooks {
        call_function: |th, _, _, _| Err(error!(th, SystemError, "no interpreter")),
        eval_code: |th, _, _, _, _| Err(error!(th, SystemError, "no interpreter")),
        import_module: |th, name| Err(error!(th, ImportError, "no import system for {name}")),
        warn: |_, _, _, _| Ok(()),
        unraisable: |th, _, _| drop(th.swap_exception(None)),
        current_globals: |_| None,
        current_builtins: |_| None,
        current_locals: |th| Err(error!(th, SystemError, "frame does not exist")),
        super_arguments: |th| Err(error!(th, RuntimeError, "super(): no current frame")),
        handled_exception: |_| None,
        audit: |_, _, _| Ok(()),
        decode: |th, _, encoding, _| Err(error!(th, LookupError, "unknown encoding: {encoding}")),
        encode: |th, _, encoding, _| Err(error!(th, LookupError, "unknown encoding: {encoding}")),
    };
}
