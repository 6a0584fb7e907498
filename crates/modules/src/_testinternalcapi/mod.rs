//! `_testinternalcapi`: looking inside, for CPython's own tests.
//!
//! CPython's module of this name reads CPython's private structs. This one has
//! the functions that mean something here as well, and answers for Krait.

mod code;
mod compiling;
mod crossing;
mod freed;
mod interpreters;
mod pending;
mod times;

use macros::pymodule;
use object::{
    AsObject, Code, Dict, Function, Int, List, Module, Obj, Protocol, Ref, Result, Str, Thread,
    Tuple, Type, error, gc, id, raise, shape, slots, types,
};

use crate::{compile, support};

/// How often an instruction runs before it specialises, and how often it is
/// not tried again after it was of no use.
const SPECIALIZATION_THRESHOLD: i64 = 2;
const SPECIALIZATION_COOLDOWN: i64 = 53;

/// CPython internal functions, as far as they have a meaning here.
#[allow(non_snake_case, reason = "named as in CPython")]
#[pymodule]
pub mod _testinternalcapi {
    use super::*;

    /// Return whether the attributes of an object are in slots of its own.
    #[sig = "(obj, /)"]
    fn has_inline_values(_: Thread<'_>, obj: Obj<'_>) -> bool {
        matches!(super::attributes(obj), Some(shape::Attributes::Slots(..)))
    }

    /// Return the values of the attributes in an object's own slots, or None.
    #[sig = "(obj, /)"]
    fn get_object_dict_values(th: Thread<'_>, obj: Obj<'_>) -> Result<Ref> {
        let Some(shape::Attributes::Slots(shape, slots)) = super::attributes(obj) else {
            return Ok(types::none().own());
        };
        let mut values = Vec::new();
        for slot in slots.iter().take(shape.len()) {
            values.push(match slot.get() {
                Some(value) => value,
                None => Str::new(th, "<NULL>")?.upcast(),
            });
        }
        Tuple::from_refs(th, values).map(Ref::upcast)
    }

    /// Return the number of Python frames.
    #[sig = "()"]
    fn get_recursion_depth(th: Thread<'_>) -> i32 {
        let limit = th.interp().recursion_limit.get();
        limit - th.state().recursion_remaining.get()
    }

    /// Return how often native code may call itself until its stack is used up,
    /// taking a kilobyte for a call.
    #[sig = "()"]
    fn get_c_recursion_remaining(th: Thread<'_>) -> usize {
        let here = 0u8;
        (&raw const here).addr().saturating_sub(th.state().stack_limit.get()) >> 10
    }

    /// Return an address on the native stack.
    #[sig = "()"]
    fn get_stack_pointer(_: Thread<'_>) -> usize {
        let here = 0u8;
        (&raw const here).addr()
    }

    /// Return the bytes of stack that are left where a recursion is stopped.
    #[sig = "()"]
    fn get_stack_margin(th: Thread<'_>) -> usize {
        th.state().stack_limit.get().saturating_sub(th.state().stack_end.get())
    }

    /// Return the name of the memory allocator.
    #[sig = "()"]
    fn pymem_getallocatorsname(th: Thread<'_>) -> &'static str {
        th.heap().mode().name()
    }

    /// Return the flags of the command line by the names that C code has for them.
    #[sig = "()"]
    fn get_configs(th: Thread<'_>) -> Result<Ref<Dict>> {
        let flags = th.interp().flags.borrow().clone();
        let values = [
            ("Py_UTF8Mode", flags.utf8_mode),
            ("Py_DebugFlag", flags.debug),
            ("Py_VerboseFlag", flags.verbose),
            ("Py_QuietFlag", flags.quiet),
            ("Py_InteractiveFlag", flags.interactive),
            ("Py_InspectFlag", flags.inspect),
            ("Py_OptimizeFlag", flags.optimize),
            ("Py_NoSiteFlag", flags.no_site),
            ("Py_BytesWarningFlag", flags.bytes_warning),
            ("Py_IgnoreEnvironmentFlag", flags.ignore_environment),
            ("Py_DontWriteBytecodeFlag", flags.dont_write_bytecode),
            ("Py_NoUserSiteDirectory", flags.no_user_site),
            ("Py_HashRandomizationFlag", flags.hash_randomization),
            ("Py_IsolatedFlag", flags.isolated),
        ];
        let variables = Dict::new(th)?;
        for (name, value) in values {
            variables.set_str(th, name, Int::from_i64(th, i64::from(value))?.obj())?;
        }
        let configs = Dict::new(th)?;
        configs.set_str(th, "global_config", variables.obj())?;
        Ok(configs)
    }

    /// Return the argument, which is taken by keyword in any interpreter.
    #[sig = "(spam=None)"]
    fn gh_119213_getargs(_: Thread<'_>, spam: Option<Obj<'_>>) -> Ref {
        spam.unwrap_or(types::none()).own()
    }

    /// Take a reference and give it up.
    #[sig = "(op, /)"]
    fn incref_decref_delayed(_: Thread<'_>, op: Obj<'_>) {
        drop(op.own());
    }

    /// Check that null is no object.
    #[sig = "()"]
    fn check_pyobject_null_is_freed(th: Thread<'_>) -> Result<()> {
        super::freed::check(th, &super::freed::Remains::Null)
    }

    /// Check that new memory is no object.
    #[sig = "()"]
    fn check_pyobject_uninitialized_is_freed(th: Thread<'_>) -> Result<()> {
        super::freed::check(th, &super::freed::Remains::New)
    }

    /// Check that the guards of a block are no object.
    #[sig = "()"]
    fn check_pyobject_forbidden_bytes_is_freed(th: Thread<'_>) -> Result<()> {
        super::freed::check(th, &super::freed::Remains::Guards)
    }

    /// Check that freed memory is no object.
    #[sig = "()"]
    fn check_pyobject_freed_is_freed(th: Thread<'_>) -> Result<()> {
        super::freed::check(th, &super::freed::Remains::Freed)
    }

    /// Return the code that a frame runs.
    #[sig = "(frame, /)"]
    fn iframe_getcode(th: Thread<'_>, frame: Obj<'_>) -> Result<Ref> {
        frame.getattr(th, &*Str::intern(th, "f_code")?)
    }

    /// Return the offset of the last instruction that a frame ran.
    #[sig = "(frame, /)"]
    fn iframe_getlasti(th: Thread<'_>, frame: Obj<'_>) -> Result<Ref> {
        frame.getattr(th, &*Str::intern(th, "f_lasti")?)
    }

    /// Return the line that a frame is at.
    #[sig = "(frame, /)"]
    fn iframe_getline(th: Thread<'_>, frame: Obj<'_>) -> Result<Ref> {
        frame.getattr(th, &*Str::intern(th, "f_lineno")?)
    }

    /// Return how many objects the collector tracks.
    #[sig = "()"]
    fn get_tracked_heap_size(th: Thread<'_>) -> usize {
        let mut count = 0;
        gc::for_each(th.heap(), |_, _| count += 1);
        count
    }

    /// Return where memory of another domain was allocated, or None.
    #[sig = "(domain, ptr, /)"]
    fn _PyTraceMalloc_GetTraceback(th: Thread<'_>, domain: u32, ptr: usize) -> Result<Ref> {
        crate::_tracemalloc::traceback_in(th, domain, ptr)
    }

    /// Look a key up whose hash is known.
    #[sig = "(mp, key, hash, /)"]
    fn dict_getitem_knownhash(
        th: Thread<'_>,
        mp: Obj<'_>,
        key: Obj<'_>,
        hash: isize,
    ) -> Result<Ref> {
        let Some(dict) = mp.downcast::<Dict>() else {
            raise!(th, SystemError, "bad argument to internal function");
        };
        match dict.get_with_hash(th, key, hash)? {
            Some(value) => Ok(value),
            None => Err(types::dict::key_error(th, key)),
        }
    }

    /// Return the number that the next version of a dict's keys will have.
    #[sig = "()"]
    fn get_next_dict_keys_version(th: Thread<'_>) -> u32 {
        types::dict::next_keys_version(th)
    }

    /// Make a function one that returns None without running its code.
    #[sig = "(func, /)"]
    fn set_vectorcall_nop(th: Thread<'_>, func: Obj<'_>) -> Result<()> {
        let Some(function) = func.downcast::<Function>() else {
            raise!(th, TypeError, "expected function");
        };
        function.vectorcall.set(Some(super::return_none));
        function.version.set(0);
        Ok(())
    }

    /// Give a type a version tag.
    #[sig = "(type, version, /)"]
    fn type_assign_specific_version_unsafe(
        th: Thread<'_>,
        r#type: &Type,
        version: u32,
    ) -> Result<()> {
        if r#type.flags() & abi::Py_TPFLAGS_IMMUTABLETYPE != 0 {
            raise!(th, TypeError, "cannot set the version of an immutable type");
        }
        r#type.set_version(version);
        Ok(())
    }

    /// Return the builtin types that are not made at run time.
    #[sig = "()"]
    fn get_static_builtin_types(th: Thread<'_>) -> Result<Ref<List>> {
        let found = List::new(th)?;
        super::add_static_types(th, types::object_type(), &found)?;
        Ok(found)
    }

    /// Return the names of special methods that have a slot.
    #[sig = "()"]
    fn identify_type_slot_wrappers(th: Thread<'_>) -> Result<Ref<List>> {
        let names = slots::ROWS.iter().map(|row| Str::intern(th, row.dunder).map(Ref::upcast));
        List::from_refs(th, names.collect::<Result<Vec<_>>>()?)
    }

    /// Forget that a single-phase extension module was loaded.
    #[sig = "(name, filename, /)"]
    fn clear_extension(th: Thread<'_>, name: &Str, filename: &Str) {
        vm::importdl::forget(th, &filename.to_string(), &name.to_string());
    }

    /// Clean up the indentation of a docstring as the compiler does.
    #[sig = "(doc)"]
    fn compiler_cleandoc(th: Thread<'_>, doc: Obj<'_>) -> Result<Ref> {
        match (doc.downcast::<Str>(), compile::from_constant(th, doc)?) {
            (Some(_), Some(bytecode::Constant::Str(text))) => {
                compile::constant(th, &bytecode::Constant::Str(compiler::clean_doc(&text)))
            }
            _ => raise!(
                th,
                TypeError,
                "compiler_cleandoc() argument 'doc' must be str, not {}",
                doc.type_name()
            ),
        }
    }

    /// Normalise a path without looking at the file system.
    #[sig = "(filename, /)"]
    fn normalize_path(th: Thread<'_>, filename: &Str) -> Result<Ref> {
        let posix = support::import(th, "posix")?;
        posix.call_method(th, &*Str::intern(th, "_path_normpath")?, &[filename.obj()])
    }

    /// Encode text as the locale's functions do.
    #[sig = "(text, current_locale=0, errors=None, /)"]
    fn EncodeLocaleEx(
        th: Thread<'_>,
        text: &Str,
        current_locale: i32,
        errors: Option<&Str>,
    ) -> Result<Ref> {
        let _ = current_locale;
        let errors = super::error_handler(th, errors)?;
        if text.units().iter().any(|unit| unit == 0) {
            raise!(th, ValueError, "embedded null character");
        }
        let encoded = (th.hooks().encode)(th, text.obj(), "utf-8", errors);
        super::with_position(th, encoded, "encode")
    }

    /// Decode bytes as the locale's functions do.
    #[sig = "(str, current_locale=0, errors=None, /)"]
    fn DecodeLocaleEx(
        th: Thread<'_>,
        str: &object::Bytes,
        current_locale: i32,
        errors: Option<&Str>,
    ) -> Result<Ref> {
        let _ = current_locale;
        let errors = super::error_handler(th, errors)?;
        let decoded = (th.hooks().decode)(th, str.obj(), "utf-8", errors);
        super::with_position(th, decoded, "decode")
    }

    /// Return the kinds of a code object's variables, by name.
    #[sig = "(code, /)"]
    fn get_co_localskinds(th: Thread<'_>, code: Obj<'_>) -> Result<Ref<Dict>> {
        let Some(code) = code.downcast_exact::<Code>() else {
            raise!(th, TypeError, "argument must be a code object");
        };
        code::kinds(th, code)
    }

    /// Return whether the only value that code returns is None.
    #[sig = "(code, /)"]
    fn code_returns_only_none(th: Thread<'_>, code: Obj<'_>) -> Result<bool> {
        let Some(code) = code.downcast_exact::<Code>() else {
            raise!(th, TypeError, "argument must be a code object");
        };
        Ok(code::returns_only_none(code))
    }

    /// Return the number of words of a code object's frame.
    #[sig = "(code, /)"]
    fn get_co_framesize(th: Thread<'_>, code: Obj<'_>) -> Result<i32> {
        match code.downcast_exact::<Code>() {
            Some(code) => Ok(code.framesize),
            None => raise!(th, TypeError, "argument must be a code object"),
        }
    }

    /// Count the variables that code uses, by kind.
    #[sig = "(code, globalnames=None, attrnames=None, globalsns=None, builtinsns=None)"]
    fn get_code_var_counts(
        th: Thread<'_>,
        code: Obj<'_>,
        globalnames: Option<Obj<'_>>,
        attrnames: Option<Obj<'_>>,
        globalsns: Option<&Dict>,
        builtinsns: Option<&Dict>,
    ) -> Result<Ref<Dict>> {
        let subject = code::Subject::new(th, code, globalsns, builtinsns)?;
        let names = code::Names::of(&subject);
        names.report(th, "globalnames", &names.globals, globalnames)?;
        names.report(th, "attrnames", &names.attributes, attrnames)?;
        code::counts(th, &subject, &names)
    }

    /// Raise an exception unless code depends on nothing but builtins.
    #[sig = "(code, globalnames=None, globalsns=None, builtinsns=None)"]
    fn verify_stateless_code(
        th: Thread<'_>,
        code: Obj<'_>,
        globalnames: Option<Obj<'_>>,
        globalsns: Option<&Dict>,
        builtinsns: Option<&Dict>,
    ) -> Result<()> {
        let subject = code::Subject::new(th, code, globalsns, builtinsns)?;
        let names = code::Names::of(&subject);
        names.report(th, "globalnames", &names.globals, globalnames)?;
        code::verify_stateless(th, &subject, &names)
    }

    /// Make an empty sequence of instructions.
    #[sig = "()"]
    fn new_instruction_sequence(th: Thread<'_>) -> Result<Ref> {
        compiling::new_sequence(th)
    }

    /// Generate the code of a syntax tree without optimising it.
    #[sig = "(ast, filename, optimize, compile_mode=0)"]
    fn compiler_codegen(
        th: Thread<'_>,
        ast: Obj<'_>,
        filename: Obj<'_>,
        optimize: i32,
        compile_mode: Option<i32>,
    ) -> Result<Ref<Tuple>> {
        compiling::codegen(th, ast, filename, optimize, compile_mode.unwrap_or(0))
    }

    /// Optimise a sequence of instructions.
    #[sig = "(instructions, consts, nlocals)"]
    fn optimize_cfg(
        th: Thread<'_>,
        instructions: Obj<'_>,
        consts: Obj<'_>,
        nlocals: usize,
    ) -> Result<Ref> {
        compiling::optimize(th, instructions, consts, nlocals)
    }

    /// Make a code object of instructions.
    #[sig = "(filename, instructions, metadata)"]
    fn assemble_code_object(
        th: Thread<'_>,
        filename: &Str,
        instructions: Obj<'_>,
        metadata: &Dict,
    ) -> Result<Ref<Code>> {
        compiling::assemble(th, filename, instructions, metadata)
    }

    /// Run code in a fresh interpreter; 0, or -1 after an exception.
    #[sig = "(code, config, xi=False)"]
    fn run_in_subinterp_with_config(
        th: Thread<'_>,
        code: &str,
        config: Obj<'_>,
        xi: Option<Obj<'_>>,
    ) -> Result<i32> {
        let _ = xi;
        interpreters::run_in_new(th, code, config)
    }

    /// Make an interpreter; its number.
    #[sig = "(config=None, *, whence=None)"]
    fn create_interpreter(
        th: Thread<'_>,
        config: Option<Obj<'_>>,
        whence: Option<i32>,
    ) -> Result<i64> {
        interpreters::create(th, config, whence).map(|record| record.id())
    }

    /// End an interpreter.
    #[sig = "(id, *, basic=False)"]
    fn destroy_interpreter(th: Thread<'_>, id: Obj<'_>, basic: Option<Obj<'_>>) -> Result<()> {
        let _ = basic;
        interpreters::destroy(th, id)
    }

    /// Run code in an interpreter; 0, or -1 after an exception.
    #[sig = "(id, code, *, main=False)"]
    fn exec_interpreter(th: Thread<'_>, id: Obj<'_>, code: &str, main: bool) -> Result<i32> {
        Ok(interpreters::run(th, interpreters::record(th, id)?, code, main))
    }

    /// Pack an object as for another interpreter.
    #[sig = "(obj, mode=None, /)"]
    fn get_crossinterp_data(th: Thread<'_>, obj: Obj<'_>, mode: Option<&str>) -> Result {
        crossing::send(th, obj, mode)
    }

    /// Return the object that the other interpreter gets.
    #[sig = "(xid, /)"]
    fn restore_crossinterp_data(th: Thread<'_>, xid: Obj<'_>) -> Result {
        crossing::receive(th, xid)
    }

    /// Return the number that the next interpreter gets.
    #[sig = "()"]
    fn next_interpreter_id(th: Thread<'_>) -> i64 {
        th.interp().next_id()
    }

    /// Return a number that no interpreter has.
    #[sig = "()"]
    fn unused_interpreter_id(_: Thread<'_>) -> i64 {
        i64::MAX
    }

    /// Return the number that an object stands for.
    #[sig = "(id, /)"]
    fn normalize_interp_id(th: Thread<'_>, id: Obj<'_>) -> Result<i64> {
        interpreters::normalized(th, id)
    }

    /// Return whether there is an interpreter of that number.
    #[sig = "(id, /)"]
    fn interpreter_exists(th: Thread<'_>, id: Obj<'_>) -> Result<bool> {
        interpreters::exists(th, id)
    }

    /// Return what an interpreter is allowed.
    #[sig = "(interpid=-1, /)"]
    fn get_interp_settings(th: Thread<'_>, interpid: Option<Obj<'_>>) -> Result<Ref<Dict>> {
        interpreters::settings(th, interpid)
    }

    /// Return how many references an interpreter has.
    #[sig = "(id, /)"]
    fn get_interpreter_refcount(th: Thread<'_>, id: Obj<'_>) -> Result<i64> {
        Ok(interpreters::record(th, id)?.references())
    }

    /// Let an interpreter end with its last reference.
    #[sig = "(id, /)"]
    fn link_interpreter_refcount(th: Thread<'_>, id: Obj<'_>) -> Result<()> {
        interpreters::record(th, id)?.end_unreferenced(true);
        Ok(())
    }

    /// Undo link_interpreter_refcount().
    #[sig = "(id, /)"]
    fn unlink_interpreter_refcount(th: Thread<'_>, id: Obj<'_>) -> Result<()> {
        interpreters::record(th, id)?.end_unreferenced(false);
        Ok(())
    }

    /// Return whether an interpreter ends with its last reference.
    #[sig = "(id, /)"]
    fn interpreter_refcount_linked(th: Thread<'_>, id: Obj<'_>) -> Result<bool> {
        Ok(interpreters::record(th, id)?.ends_unreferenced())
    }

    /// Add pending calls to the interpreter; return how many were added.
    #[sig = "(callback, num=1, *, blocking=False, ensure_added=False)"]
    fn pending_threadfunc(
        th: Thread<'_>,
        callback: Obj<'_>,
        num: Option<u32>,
        blocking: bool,
        ensure_added: bool,
    ) -> u32 {
        pending::add(th, callback, num.unwrap_or(1), blocking, ensure_added)
    }

    /// Return the number of the interpreter that runs a pending call of one.
    #[sig = "(interpid, /)"]
    fn pending_identify(th: Thread<'_>, interpid: Obj<'_>) -> Result<i64> {
        pending::identify(th, interpid)
    }

    /// Raise a KeyError for a key, whatever is raised already.
    #[sig = "(arg, /)"]
    fn _pyerr_setkeyerror(th: Thread<'_>, arg: Obj<'_>) -> Result<()> {
        Err(types::dict::key_error(th, arg))
    }

    /// Make decimal digits and spaces of any script those of ASCII.
    #[sig = "(arg, /)"]
    fn _PyUnicode_TransformDecimalAndSpaceToASCII(
        th: Thread<'_>,
        arg: Obj<'_>,
    ) -> Result<Ref<Str>> {
        let Some(text) = arg.downcast::<Str>() else {
            raise!(th, SystemError, "bad argument to internal function");
        };
        let database = text::unicode::Database::Current;
        let ascii = |code: u32| match char::from_u32(code) {
            Some(plain) if plain.is_ascii() => code,
            Some(space) if space.is_whitespace() => u32::from(b' '),
            _ => database
                .decimal(code)
                .map_or(u32::from(b'?'), |digit| u32::from(b'0') + u32::from(digit)),
        };
        let mut codes: Vec<u32> = text.units().iter().map(ascii).collect();
        // Nothing is a number that goes on behind it.
        let unknown = text
            .units()
            .iter()
            .zip(&codes)
            .position(|(from, to)| *to == u32::from(b'?') && from != *to);
        if let Some(index) = unknown {
            codes.truncate(index + 1);
        }
        Str::from_code_points(th, &codes)
    }

    /// Add the items of an iterable to a set.
    #[sig = "(set, iterable, /)"]
    fn set_update(th: Thread<'_>, set: Obj<'_>, iterable: Obj<'_>) -> Result<i32> {
        match set.downcast::<types::Set>() {
            Some(set) => set.update(th, iterable).map(|()| 0),
            None => raise!(th, SystemError, "bad argument to internal function"),
        }
    }

    /// Return what is at a position of a set or behind it, or None at the end.
    #[sig = "(set, position, /)"]
    fn set_next_entry(th: Thread<'_>, set: Obj<'_>, position: usize) -> Result<Ref> {
        let mut position = position;
        let entry = if let Some(set) = set.downcast::<types::Set>() {
            set.next_entry(&mut position)
        } else if let Some(set) = set.downcast::<types::FrozenSet>() {
            set.next_entry(&mut position)
        } else {
            raise!(th, SystemError, "bad argument to internal function");
        };
        let Some(item) = entry else { return Ok(types::none().own()) };
        let (found, hash) = (Int::from_i64(th, 1)?, item.hash(th)?);
        let values =
            vec![found, Int::from_i64(th, position as i64)?, Int::from_i64(th, hash as i64)?, item];
        Tuple::from_refs(th, values).map(Ref::upcast)
    }

    /// Return whether an object is immortal and was there from the start.
    #[sig = "(object, /)"]
    fn is_static_immortal(_: Thread<'_>, object: Obj<'_>) -> bool {
        match Int::is_int(object) {
            // Other ints are immortal as well, for want of a place in memory.
            true => Int::to_i64(object).is_some_and(|value| (-5..=256).contains(&value)),
            false => object.refcount() >= object::reference::IMMORTAL as usize,
        }
    }

    /// Add a complex number and a float.
    #[sig = "(a, b, /)"]
    fn _py_cr_sum(th: Thread<'_>, a: Obj<'_>, b: f64) -> Result<Ref<Tuple>> {
        super::mixed(th, num::complex::add_real(super::complex(th, a)?, b))
    }

    /// Subtract a float from a complex number.
    #[sig = "(a, b, /)"]
    fn _py_cr_diff(th: Thread<'_>, a: Obj<'_>, b: f64) -> Result<Ref<Tuple>> {
        super::mixed(th, num::complex::sub_real(super::complex(th, a)?, b))
    }

    /// Subtract a complex number from a float.
    #[sig = "(a, b, /)"]
    fn _py_rc_diff(th: Thread<'_>, a: f64, b: Obj<'_>) -> Result<Ref<Tuple>> {
        super::mixed(th, num::complex::real_sub(a, super::complex(th, b)?))
    }

    /// Multiply a complex number by a float.
    #[sig = "(a, b, /)"]
    fn _py_cr_prod(th: Thread<'_>, a: Obj<'_>, b: f64) -> Result<Ref<Tuple>> {
        super::mixed(th, num::complex::mul_real(super::complex(th, a)?, b))
    }

    /// Divide a complex number by a float.
    #[sig = "(a, b, /)"]
    fn _py_cr_quot(th: Thread<'_>, a: Obj<'_>, b: f64) -> Result<Ref<Tuple>> {
        super::quotient(th, num::complex::div_real(super::complex(th, a)?, b))
    }

    /// Divide a float by a complex number.
    #[sig = "(a, b, /)"]
    fn _py_rc_quot(th: Thread<'_>, a: f64, b: Obj<'_>) -> Result<Ref<Tuple>> {
        super::quotient(th, num::complex::real_div(a, super::complex(th, b)?))
    }

    /// Convert whole seconds to nanoseconds.
    #[sig = "(seconds, /)"]
    fn _PyTime_FromSeconds(_: Thread<'_>, seconds: i32) -> i64 {
        i64::from(seconds) * times::SECOND
    }

    /// Convert seconds to nanoseconds.
    #[sig = "(obj, round, /)"]
    fn _PyTime_FromSecondsObject(th: Thread<'_>, obj: Obj<'_>, round: i32) -> Result<i64> {
        support::seconds_to_ns(th, obj, times::round(th, round)?)
    }

    /// Convert nanoseconds to seconds and microseconds.
    #[sig = "(t, round, /)"]
    fn _PyTime_AsTimeval(th: Thread<'_>, t: Obj<'_>, round: i32) -> Result<(i64, i64)> {
        times::timeval(th, t, round)
    }

    /// Convert nanoseconds to seconds and microseconds.
    #[sig = "(t, round, /)"]
    fn _PyTime_AsTimeval_clamp(th: Thread<'_>, t: Obj<'_>, round: i32) -> Result<(i64, i64)> {
        times::timeval(th, t, round)
    }

    /// Convert nanoseconds to seconds and nanoseconds.
    #[sig = "(t, /)"]
    fn _PyTime_AsTimespec(th: Thread<'_>, t: Obj<'_>) -> Result<(i64, i64)> {
        times::timespec(th, t)
    }

    /// Convert nanoseconds to seconds and nanoseconds.
    #[sig = "(t, /)"]
    fn _PyTime_AsTimespec_clamp(th: Thread<'_>, t: Obj<'_>) -> Result<(i64, i64)> {
        times::timespec(th, t)
    }

    /// Convert nanoseconds to milliseconds.
    #[sig = "(t, round, /)"]
    fn _PyTime_AsMilliseconds(th: Thread<'_>, t: Obj<'_>, round: i32) -> Result<i64> {
        times::in_units(th, t, 1_000_000, round)
    }

    /// Convert nanoseconds to microseconds.
    #[sig = "(t, round, /)"]
    fn _PyTime_AsMicroseconds(th: Thread<'_>, t: Obj<'_>, round: i32) -> Result<i64> {
        times::in_units(th, t, 1_000, round)
    }

    /// Convert a number of seconds to whole seconds.
    #[sig = "(obj, round, /)"]
    fn _PyTime_ObjectToTime_t(th: Thread<'_>, obj: Obj<'_>, round: i32) -> Result<i64> {
        times::whole_seconds(th, obj, round)
    }

    /// Convert a number of seconds to seconds and microseconds.
    #[sig = "(obj, round, /)"]
    fn _PyTime_ObjectToTimeval(th: Thread<'_>, obj: Obj<'_>, round: i32) -> Result<(i64, i64)> {
        times::split(th, obj, 1_000_000, round)
    }

    /// Convert a number of seconds to seconds and nanoseconds.
    #[sig = "(obj, round, /)"]
    fn _PyTime_ObjectToTimespec(th: Thread<'_>, obj: Obj<'_>, round: i32) -> Result<(i64, i64)> {
        times::split(th, obj, times::SECOND, round)
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        compiling::ready(th)?;
        module.add_type::<crossing::CrossInterpreterData>(th)?;
        support::add_ints(
            th,
            module,
            &[
                // What sys.getsizeof() adds for the collector and for attributes.
                ("SIZEOF_PYGC_HEAD", 16),
                ("SIZEOF_MANAGED_PRE_HEADER", 16),
                ("SIZEOF_PYOBJECT", size_of::<abi::PyObject>() as i64),
                ("SIZEOF_TIME_T", size_of::<libc::time_t>() as i64),
                ("SPECIALIZATION_THRESHOLD", SPECIALIZATION_THRESHOLD),
                ("SPECIALIZATION_COOLDOWN", SPECIALIZATION_COOLDOWN),
                // As many attributes are too many for an object's own slots.
                ("SHARED_KEYS_MAX_SIZE", shape::MAX_SLOTS as i64 + 1),
                // There is no second tier: no count leads to it.
                ("TIER2_THRESHOLD", 4096),
            ],
        )
    }
}

/// A complex number, or a float that stands for one.
fn complex(th: Thread<'_>, object: Obj<'_>) -> Result<num::complex::Complex> {
    match object.downcast::<types::Complex>() {
        Some(number) => Ok(number.value()),
        None => Ok(num::complex::Complex { real: object::Float::as_f64(th, object)?, imag: 0.0 }),
    }
}

/// A result of arithmetic as C functions give it: with an error number.
fn with_errno(th: Thread<'_>, value: num::complex::Complex, errno: i32) -> Result<Ref<Tuple>> {
    let value = types::Complex::new(th, value)?;
    Tuple::from_refs(th, vec![value.upcast(), Int::from_i64(th, i64::from(errno))?])
}

fn mixed(th: Thread<'_>, value: num::complex::Complex) -> Result<Ref<Tuple>> {
    with_errno(th, value, 0)
}

fn quotient<E>(
    th: Thread<'_>,
    value: std::result::Result<num::complex::Complex, E>,
) -> Result<Ref<Tuple>> {
    match value {
        Ok(value) => with_errno(th, value, 0),
        Err(_) => with_errno(th, num::complex::Complex { real: 0.0, imag: 0.0 }, libc::EDOM),
    }
}

/// Where the attributes of an object are that may have slots for them.
fn attributes(object: Obj<'_>) -> Option<shape::Attributes<'_>> {
    let managed = object.ty().flags() & abi::Py_TPFLAGS_MANAGED_DICT != 0;
    managed.then(|| shape::attributes(object))
}

unsafe extern "C" fn return_none(
    _callable: *mut abi::PyObject,
    _args: *const *mut abi::PyObject,
    _nargs: usize,
    _kwnames: *mut abi::PyObject,
) -> *mut abi::PyObject {
    types::none().as_ptr()
}

/// Add `ty` and its subtypes as far as they are static.
fn add_static_types(th: Thread<'_>, ty: &Type, found: &List) -> Result<()> {
    if ty.flags() & abi::_Py_TPFLAGS_STATIC_BUILTIN == 0
        || found.to_vec().iter().any(|known| known.obj().is(ty.obj()))
    {
        return Ok(());
    }
    found.push(th, ty.obj().own())?;
    for subclass in ty.subclasses() {
        add_static_types(th, &subclass, found)?;
    }
    Ok(())
}

/// The error handlers that the locale's functions know.
fn error_handler(th: Thread<'_>, errors: Option<&Str>) -> Result<&'static str> {
    let errors = errors.map(Str::to_string);
    match errors.as_deref() {
        None | Some("strict") => Ok("strict"),
        Some("surrogateescape") => Ok("surrogateescape"),
        Some(_) => raise!(th, ValueError, "unsupported error handler"),
    }
}

/// The result of a codec, its error told as the locale's functions tell it.
fn with_position(th: Thread<'_>, result: Result<Ref>, what: &str) -> Result<Ref> {
    let raised = match result {
        Ok(done) => return Ok(done),
        Err(raised) => raised,
    };
    let exception = th.take_exception(raised);
    let Some(start) = exception.obj().getattr_opt(th, id!(th, "start"))? else {
        return Err(th.restore(exception));
    };
    let start = Int::to_i64(start.obj()).unwrap_or(0);
    let gerund = what.trim_end_matches('e');
    Err(error!(th, RuntimeError, "{what} error: pos={start}, reason={gerund}ing error"))
}
