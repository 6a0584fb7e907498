//! `sys`: the interpreter seen from Python.
//!
//! What the command line decides (`argv`, `path`, `flags`, …) is set by the
//! executable after start-up; tracing and frames are `vm`'s.

mod describe;
mod hooks;
mod jit;
mod monitoring;
mod printer;

use macros::pymodule;
use object::{
    Args, AsObject, Dict, Int, Kwargs, Module, Obj, Protocol, Ref, Result, Str, Thread, Tuple,
    exceptions, id, raise, types,
};

use vm::monitoring::legacy;

pub use describe::{COPYRIGHT, VERSION_TEXT, flags, version_info};
pub use hooks::audit_event as audit;
pub use hooks::{BaseRepl, cpu_count};
pub(crate) use hooks::{audit_with, print_exception};
pub use printer::standard_printer;

/// This module provides access to some objects used or maintained by the
/// interpreter and to functions that interact strongly with the interpreter.
#[pymodule]
pub mod sys {
    use super::*;

    /// Adds a new audit hook callback.
    #[sig = "(hook)"]
    fn addaudithook(th: Thread<'_>, hook: Obj<'_>) -> Result<()> {
        hooks::add_audit_hook(th, hook)
    }

    /// Passes the event to any hooks that are attached.
    #[sig = "(event, /, *args)"]
    fn audit(th: Thread<'_>, event: &Str, args: Args<'_>) -> Result<()> {
        hooks::audit(th, event, args)
    }

    /// Private function for clearing certain descriptors from a type's dictionary.
    ///
    /// What `dataclasses` needs to forget the class that one with slots replaces.
    #[sig = "(type, /)"]
    fn _clear_type_descriptors(th: Thread<'_>, r#type: &object::Type) -> Result<()> {
        if r#type.flags() & abi::Py_TPFLAGS_IMMUTABLETYPE != 0 {
            raise!(th, TypeError, "argument is immutable");
        }
        let Some(dict) = r#type.dict() else { return Ok(()) };
        for name in [id!(th, "__dict__"), id!(th, "__weakref__")] {
            drop(dict.pop(th, name.obj())?);
        }
        r#type.modified(th);
        Ok(())
    }

    /// This hook function is called by built-in breakpoint().
    #[sig = "(*args, **kwargs)"]
    fn breakpointhook(th: Thread<'_>, args: Args<'_>, kwargs: Kwargs<'_>) -> Result {
        hooks::breakpointhook(th, args, kwargs)
    }

    /// Print an object to sys.stdout and also save it in builtins._
    #[sig = "(object, /)"]
    fn displayhook(th: Thread<'_>, object: Obj<'_>) -> Result<()> {
        hooks::displayhook(th, object)
    }

    /// Handle an exception by displaying it with a traceback on sys.stderr.
    #[sig = "(exctype, value, traceback, /)"]
    fn excepthook(
        th: Thread<'_>,
        exctype: Obj<'_>,
        value: Obj<'_>,
        traceback: Obj<'_>,
    ) -> Result<()> {
        let _ = exctype;
        hooks::excepthook(th, value, traceback)
    }

    /// Handle an unraisable exception.
    #[sig = "(unraisable, /)"]
    fn unraisablehook(th: Thread<'_>, unraisable: Obj<'_>) -> Result<()> {
        hooks::unraisablehook(th, unraisable)
    }

    /// Return the current exception.
    #[sig = "()"]
    fn exception(th: Thread<'_>) -> Option<Ref> {
        exceptions::handled(th)
    }

    /// Return current exception information: (type, value, traceback).
    #[sig = "()"]
    fn exc_info(th: Thread<'_>) -> Result {
        let none = types::none();
        let Some(exception) = exceptions::handled(th) else {
            return Tuple::from_objs(th, &[none, none, none]).map(Ref::upcast);
        };
        let traceback = exception.getattr(th, id!(th, "__traceback__"))?;
        let class = exception.obj().ty().obj();
        Tuple::from_objs(th, &[class, exception.obj(), traceback.obj()]).map(Ref::upcast)
    }

    /// Exit the interpreter by raising SystemExit(status).
    #[sig = "(status=None, /)"]
    fn exit(th: Thread<'_>, status: Option<Obj<'_>>) -> Result<()> {
        match status {
            Some(status) if !status.is_none() => {
                let args = match status.downcast_exact::<Tuple>() {
                    Some(items) => items.items().to_vec(),
                    None => vec![status],
                };
                Err(th.raise_args(exceptions::types::SystemExit(), &args))
            }
            _ => raise!(th, SystemExit),
        }
    }

    /// Return the number of references to the object, the argument counted.
    #[sig = "(object, /)"]
    fn getrefcount(_: Thread<'_>, object: Obj<'_>) -> usize {
        object.refcount()
    }

    /// getsizeof(object [, default]) -> int
    ///
    /// Return the size of object in bytes.
    #[no_signature]
    #[sig = "(object, default=<unrepresentable>)"]
    fn getsizeof(th: Thread<'_>, object: Obj<'_>, default: Option<Obj<'_>>) -> Result {
        size_of_object(th, object, default)
    }

    /// Return the current default encoding used by the Unicode implementation.
    #[sig = "()"]
    fn getdefaultencoding(_: Thread<'_>) -> &'static str {
        "utf-8"
    }

    /// Return the encoding used to convert Unicode filenames to OS filenames.
    #[sig = "()"]
    fn getfilesystemencoding(th: Thread<'_>) -> &'static str {
        object::types::str::codec::fs_encoding(th)
    }

    /// Return the error mode used for Unicode to OS filename conversion.
    #[sig = "()"]
    fn getfilesystemencodeerrors(_: Thread<'_>) -> &'static str {
        "surrogateescape"
    }

    /// Return the current value of the recursion limit.
    #[sig = "()"]
    fn getrecursionlimit(th: Thread<'_>) -> i32 {
        th.interp().recursion_limit.get()
    }

    /// Set the maximum depth of the Python interpreter stack to n.
    #[sig = "(limit, /)"]
    fn setrecursionlimit(th: Thread<'_>, limit: i32) -> Result<()> {
        if limit < 1 {
            raise!(th, ValueError, "recursion limit must be greater or equal than 1");
        }
        let (interp, state) = (th.interp(), th.state());
        let used = interp.recursion_limit.get() - state.recursion_remaining.get();
        if used >= limit {
            raise!(
                th,
                RecursionError,
                "cannot set the recursion limit to {limit} at the recursion depth {used}: the limit is too low"
            );
        }
        let old = interp.recursion_limit.replace(limit);
        for state in interp.all_threads() {
            let used = old - state.recursion_remaining.get();
            state.recursion_remaining.set(limit - used);
        }
        Ok(())
    }

    /// Return the maximum string digits limit for non-binary int<->str conversions.
    #[sig = "()"]
    fn get_int_max_str_digits(th: Thread<'_>) -> i32 {
        th.interp().int_max_str_digits.get()
    }

    /// Set the maximum string digits limit for non-binary int<->str conversions.
    #[sig = "(maxdigits)"]
    fn set_int_max_str_digits(th: Thread<'_>, maxdigits: i32) -> Result<()> {
        if maxdigits != 0 && maxdigits < 640 {
            raise!(th, ValueError, "maxdigits must be >= 640 or 0 for unlimited");
        }
        th.interp().int_max_str_digits.set(maxdigits);
        Ok(())
    }

    /// ``Intern'' the given string.
    #[sig = "(string, /)"]
    fn intern(th: Thread<'_>, string: &Str) -> Result<Ref<Str>> {
        if !string.obj().is_exact::<Str>() {
            raise!(th, TypeError, "can't intern {}", string.obj().type_name());
        }
        Ok(Str::intern_ref(th, object::own(string)))
    }

    /// Return True if the given string is "interned".
    #[sig = "(string, /)"]
    fn _is_interned(_: Thread<'_>, string: &Str) -> bool {
        string.is_interned()
    }

    /// Return True if the given object is "immortal".
    #[sig = "(op, /)"]
    fn _is_immortal(_: Thread<'_>, op: Obj<'_>) -> bool {
        op.refcount() >= 1 << 31
    }

    /// Return True if Python is exiting.
    #[sig = "()"]
    fn is_finalizing(th: Thread<'_>) -> bool {
        th.interp().is_finalizing()
    }

    /// Return True if the GIL is currently enabled and False otherwise.
    #[sig = "()"]
    fn _is_gil_enabled(_: Thread<'_>) -> bool {
        true
    }

    /// Return the current thread switch interval.
    #[sig = "()"]
    fn getswitchinterval(th: Thread<'_>) -> f64 {
        1e-6 * f64::from(th.interp().gil.interval_us())
    }

    /// Set the ideal thread switching delay inside the Python interpreter.
    #[sig = "(interval, /)"]
    fn setswitchinterval(th: Thread<'_>, interval: f64) -> Result<()> {
        if interval <= 0.0 {
            raise!(th, ValueError, "switch interval must be strictly positive");
        }
        let us = (interval * 1e6).min(f64::from(u32::MAX)) as u32;
        th.interp().gil.set_interval_us(us);
        Ok(())
    }

    /// Return the number of memory blocks currently allocated.
    ///
    /// 0 when all memory comes from the system allocator.
    #[sig = "()"]
    fn getallocatedblocks(th: Thread<'_>) -> usize {
        if th.heap().mode().malloc { 0 } else { th.heap().allocated_blocks() }
    }

    /// Return the number of elements of the unicode interned dictionary.
    #[sig = "(*, _only_immortal=False)"]
    fn getunicodeinternedsize(th: Thread<'_>, _only_immortal: bool) -> usize {
        types::str::interned_count(th)
    }

    /// Print debug info to stderr about the state of the memory allocator.
    #[sig = "()"]
    fn _debugmallocstats(th: Thread<'_>) {
        let report = format!("{}\n", th.heap().report());
        let _ = std::io::Write::write_all(&mut std::io::stderr(), report.as_bytes());
    }

    /// Clear the internal type lookup cache.
    #[sig = "()"]
    fn _clear_type_cache(th: Thread<'_>) -> Result<()> {
        let text = "sys._clear_type_cache() is deprecated and scheduled for removal in a future version. Use sys._clear_internal_caches() instead.";
        crate::support::warn(th, exceptions::types::DeprecationWarning(), text, 1)?;
        th.interp().type_cache.clear();
        Ok(())
    }

    /// Clear all internal performance-related caches.
    #[sig = "()"]
    fn _clear_internal_caches(th: Thread<'_>) {
        th.interp().type_cache.clear();
    }

    /// Return a frame object from the call stack.
    #[sig = "(depth=0, /)"]
    fn _getframe(th: Thread<'_>, depth: i32) -> Result {
        let frame = vm::get_frame(th, depth)?;
        crate::sys::audit(th, "sys._getframe", &[frame.obj()])?;
        Ok(frame)
    }

    /// Private function for getting PyREPL to work.
    #[sig = "()"]
    fn _baserepl(th: Thread<'_>) -> Result<()> {
        match th.interp().extensions.get::<BaseRepl>().0.get() {
            Some(run) => run(th),
            None => raise!(th, RuntimeError, "there is no prompt"),
        }
    }

    /// Return the name of the module for a calling frame.
    #[sig = "(depth=0)"]
    fn _getframemodulename(th: Thread<'_>, depth: i32) -> Result {
        crate::sys::audit_with(th, "sys._getframemodulename", || {
            Ok(vec![Int::from_i64(th, i64::from(depth))?])
        })?;
        vm::frame_module_name(th, depth)
    }

    /// Return a dict mapping each thread's identifier to its current stack frame.
    #[sig = "()"]
    fn _current_frames(th: Thread<'_>) -> Result {
        let frames = Dict::new(th)?;
        for state in th.interp().all_threads() {
            if let Some(frame) = vm::frame_of_thread(th, state)? {
                let ident = Int::from_u64(th, state.ident())?;
                frames.set(th, ident.obj(), frame.obj())?;
            }
        }
        Ok(frames.upcast())
    }

    /// Return a dict mapping each thread's identifier to its current raised exception.
    #[sig = "()"]
    fn _current_exceptions(th: Thread<'_>) -> Result {
        let map = Dict::new(th)?;
        for state in th.interp().all_threads() {
            let ident = Int::from_u64(th, state.ident())?;
            let exception = vm::handled_in(state).unwrap_or_else(|| types::none().own());
            map.set(th, ident.obj(), exception.obj())?;
        }
        Ok(map.upcast())
    }

    /// Set the global debug tracing function.
    #[sig = "(function, /)"]
    fn settrace(th: Thread<'_>, function: Obj<'_>) -> Result<()> {
        hooks::audit(th, id!(th, "sys.settrace"), &[])?;
        legacy::set_trace(th, function)
    }

    /// Return the global debug tracing function set with sys.settrace.
    #[sig = "()"]
    fn gettrace(th: Thread<'_>) -> Option<Ref> {
        legacy::trace_function(th)
    }

    /// Set the profiling function.
    #[sig = "(function, /)"]
    fn setprofile(th: Thread<'_>, function: Obj<'_>) -> Result<()> {
        hooks::audit(th, id!(th, "sys.setprofile"), &[])?;
        legacy::set_profile(th, function)
    }

    /// Return the profiling function set with sys.setprofile.
    #[sig = "()"]
    fn getprofile(th: Thread<'_>) -> Option<Ref> {
        legacy::profile_function(th)
    }

    /// Set the global debug tracing function in all running threads.
    #[sig = "(function, /)"]
    fn _settraceallthreads(th: Thread<'_>, function: Obj<'_>) -> Result<()> {
        legacy::set_in_all_threads(th, function, false)
    }

    /// Set the profiling function in all running threads.
    #[sig = "(function, /)"]
    fn _setprofileallthreads(th: Thread<'_>, function: Obj<'_>) -> Result<()> {
        legacy::set_in_all_threads(th, function, true)
    }

    /// Dump the graph of tracelets in graphviz format.
    #[sig = "(outpath)"]
    fn _dump_tracelets(th: Thread<'_>, outpath: Obj<'_>) -> Result<()> {
        let _ = outpath;
        raise!(th, NotImplementedError, "No JIT available");
    }

    /// Activate the stack profiler trampoline *backend*.
    #[sig = "(backend, /)"]
    fn activate_stack_trampoline(th: Thread<'_>, backend: &Str) -> Result<()> {
        if !backend.eq_str("perf") && !backend.eq_str("perf_jit") {
            raise!(th, ValueError, "invalid backend: {backend}");
        }
        raise!(th, NotImplementedError, "sys.activate_stack_trampoline");
    }

    /// Deactivate the current stack profiler trampoline backend.
    #[sig = "()"]
    fn deactivate_stack_trampoline(_: Thread<'_>) {}

    /// Execute a file containing Python code in a given remote Python process.
    #[sig = "(pid, script)"]
    fn remote_exec(th: Thread<'_>, pid: i32, script: Obj<'_>) -> Result<()> {
        let _ = (pid, script);
        raise!(th, NotImplementedError, "sys.remote_exec");
    }

    /// Call func(*args), while tracing is enabled.
    #[sig = "(func, args, /)"]
    fn call_tracing(th: Thread<'_>, func: Obj<'_>, args: &Tuple) -> Result {
        legacy::call_tracing(th, func, args.items())
    }

    /// set_asyncgen_hooks([firstiter] [, finalizer])
    ///
    /// Set a finalizer and/or first-iteration hook for async generators.
    #[no_signature]
    #[sig = "(firstiter=<unrepresentable>, finalizer=<unrepresentable>)"]
    fn set_asyncgen_hooks(
        th: Thread<'_>,
        firstiter: Option<Obj<'_>>,
        finalizer: Option<Obj<'_>>,
    ) -> Result<()> {
        hooks::set_asyncgen_hooks(th, firstiter, finalizer)
    }

    /// Return the installed asynchronous generators hooks.
    #[sig = "()"]
    fn get_asyncgen_hooks(th: Thread<'_>) -> Result {
        hooks::get_asyncgen_hooks(th)
    }

    /// Check status of origin tracking for coroutine objects in this thread.
    #[sig = "()"]
    fn get_coroutine_origin_tracking_depth(th: Thread<'_>) -> i32 {
        vm::coroutine_origin_depth(th)
    }

    /// Enable or disable origin tracking for coroutine objects in this thread.
    #[sig = "(depth)"]
    fn set_coroutine_origin_tracking_depth(th: Thread<'_>, depth: i32) -> Result<()> {
        if depth < 0 {
            raise!(th, ValueError, "depth must be >= 0");
        }
        vm::set_coroutine_origin_depth(th, depth);
        Ok(())
    }

    /// Return the flags that are used for dlopen calls.
    #[sig = "()"]
    fn getdlopenflags(th: Thread<'_>) -> i32 {
        vm::importdl::flags(th)
    }

    /// Set the flags used by the interpreter for dlopen calls.
    #[sig = "(flags, /)"]
    fn setdlopenflags(th: Thread<'_>, flags: i32) {
        vm::importdl::set_flags(th, flags);
    }

    /// Return True if a stack profiler trampoline is active.
    #[sig = "()"]
    fn is_stack_trampoline_active(_: Thread<'_>) -> bool {
        false
    }

    /// Return True if remote debugging is enabled, False otherwise.
    #[sig = "()"]
    fn is_remote_debug_enabled(_: Thread<'_>) -> bool {
        false
    }

    /// Get the PyConfig.cpu_count value.
    #[sig = "()"]
    fn _get_cpu_count_config(th: Thread<'_>) -> i32 {
        cpu_count(th)
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        describe::fill(th, module)?;
        let jit = vm::lifecycle::create_builtin(th, &jit::module::MODULE)?;
        module.set(th, "_jit", jit.obj())?;
        module.set(th, "monitoring", monitoring::create(th)?.obj())?;
        hooks::fill(th, module)
    }
}

fn size_of_object(th: Thread<'_>, object: Obj<'_>, default: Option<Obj<'_>>) -> Result {
    let name = id!(th, "__sizeof__");
    let size = match types::type_::slot_functions::call_special(th, object, name, &[]) {
        Ok(Some(size)) => size,
        Ok(None) => raise!(th, TypeError, "Type {} doesn't define __sizeof__", object.type_name()),
        Err(raised) => {
            let Some(default) = default else { return Err(raised) };
            th.catch(raised, exceptions::types::TypeError())?;
            return Ok(default.own());
        }
    };
    let index = match Int::is_int(size.obj()) {
        true => Ok(size),
        false => Err(object::error!(th, TypeError, "an integer is required")),
    };
    let size = match index {
        Ok(size) => size,
        Err(raised) => {
            let Some(default) = default else { return Err(raised) };
            th.catch(raised, exceptions::types::TypeError())?;
            return Ok(default.own());
        }
    };
    let Some(bytes) = Int::to_i64(size.obj()) else {
        raise!(th, OverflowError, "Python int too large to convert to C ssize_t");
    };
    if bytes < 0 {
        raise!(th, ValueError, "__sizeof__() should return >= 0");
    }
    // COMPAT: CPython counts the collector's header and the dict and weak
    // reference words before an object; test_sys compares sizes.
    let ty = object.ty();
    let header = if ty.is_gc() && !is_untracked_type(object) { 16 } else { 0 };
    Int::from_u64(th, bytes.unsigned_abs() + header + ty.prefix() as u64)
}

/// Static types are not collected.
fn is_untracked_type(object: Obj<'_>) -> bool {
    types::type_::as_type(object).is_some_and(|ty| !ty.is_heap())
}
