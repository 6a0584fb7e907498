//! `compile`, `eval` and `exec`, and compiling for the life cycle.
//!
//! The compiler is pure; this is its border to objects: sources of any kind
//! in, code objects, `SyntaxError`s and issued warnings out.

mod convert;
mod report;

use compiler::{Compiled, Mode, Options, TypeComments};
use object::{
    AsObject, Bytes, Code, Dict, Obj, Protocol, Ref, Result, Str, Thread, Tuple, id,
    protocol::{buffer::BytesLike, path::fspath},
    raise,
    types::{self, code::CellObject},
};

pub use convert::code_object;
pub(crate) use convert::{code_from_parts, constant, from_constant};
pub(crate) use report::{issue_warnings, raise_compile_error, source_line};

use crate::{_ast, sys};

/// `CO_FUTURE_…`: what a source can inherit.
pub(crate) const FUTURE_MASK: u32 = 0x1FE_0000;
const OBSOLETE_MASK: u32 = 0x10;
pub(crate) const DONT_IMPLY_DEDENT: u32 = 0x200;
pub(crate) const ONLY_AST: u32 = 0x400;
pub(crate) const TYPE_COMMENTS: u32 = 0x1000;
pub(crate) const OPTIMIZED_AST: u32 = 0x8000 | ONLY_AST;
const COMPILE_MASK: u32 = OPTIMIZED_AST
    | compiler::PYCF_ALLOW_TOP_LEVEL_AWAIT
    | TYPE_COMMENTS
    | DONT_IMPLY_DEDENT
    | compiler::PYCF_ALLOW_INCOMPLETE_INPUT;

/// The numbers among the arguments of `compile`.
pub struct How {
    pub flags: i32,
    pub dont_inherit: bool,
    pub optimize: i32,
    pub feature_version: i32,
}

/// The builtin `compile`.
pub fn compile(
    th: Thread<'_>,
    source: Obj<'_>,
    filename: Obj<'_>,
    mode: Obj<'_>,
    how: How,
) -> Result {
    let How { flags, dont_inherit, optimize, feature_version } = how;
    let filename = fs_text(th, filename)?;
    let mode = match mode.downcast::<Str>() {
        Some(mode) => mode.to_utf8(th)?,
        None => {
            let got = if mode.is_none() { "None" } else { mode.type_name() };
            raise!(th, TypeError, "compile() argument 'mode' must be str, not {got}")
        }
    };
    let mut flags = flags as u32;
    if flags & !(FUTURE_MASK | OBSOLETE_MASK | COMPILE_MASK) != 0 {
        raise!(th, ValueError, "compile(): unrecognised flags");
    }
    if !(-1..=2).contains(&optimize) {
        raise!(th, ValueError, "compile(): invalid optimize value");
    }
    if !dont_inherit {
        flags |= inherited_flags(th);
    }
    let only_ast = flags & ONLY_AST != 0;
    let mode = match mode {
        "exec" => Mode::Exec,
        "eval" => Mode::Eval,
        "single" => Mode::Single,
        "func_type" if only_ast => Mode::FuncType,
        "func_type" => {
            raise!(th, ValueError, "compile() mode 'func_type' requires flag PyCF_ONLY_AST")
        }
        _ if only_ast => {
            raise!(th, ValueError, "compile() mode must be 'exec', 'eval', 'single' or 'func_type'")
        }
        _ => raise!(th, ValueError, "compile() mode must be 'exec', 'eval' or 'single'"),
    };
    let optimized = flags & OPTIMIZED_AST == OPTIMIZED_AST;
    let feature_version = u8::try_from(feature_version).ok().filter(|_| only_ast);
    let optimize = optimize_level(th, optimize);
    let options = Options { mode, flags, optimize, feature_version, max_digits: max_digits(th) };
    if _ast::is_tree(th, source)? {
        if only_ast && !optimized {
            _ast::check_mode(th, source, mode)?;
            return Ok(source.own());
        }
        let module = _ast::to_tree(th, source, mode)?;
        if only_ast {
            return optimized_tree(th, module, &filename, &options);
        }
        sys::audit(th, "compile", &[source, types::none()])?;
        let name = lossy(&filename);
        let compiled = compiler::compile_ast(module, &name, &options);
        return Ok(finish(th, compiled, &filename)?.upcast());
    }
    let text = source_text(th, source, "compile", "string, bytes or AST", &filename)?;
    if only_ast {
        audit_text(th, &text, &filename)?;
        let name = lossy(&filename);
        let (parsed, comments) = match compiler::parse_with_type_comments(&text, &name, &options) {
            Ok(parsed) => parsed,
            Err(error) => return Err(raise_compile_error(th, &error, filename.obj())),
        };
        issue_warnings(th, &parsed.warnings, filename.obj())?;
        if optimized {
            return optimized_tree(th, parsed.value, &filename, &options);
        }
        return _ast::to_objects(th, &parsed.value, &comments);
    }
    Ok(compile_text(th, &text, &filename, &options)?.upcast())
}

fn optimized_tree(
    th: Thread<'_>,
    mut module: compiler::ast::Mod,
    filename: &Str,
    options: &Options,
) -> Result {
    match compiler::optimize_ast(&mut module, options) {
        Ok(warnings) => issue_warnings(th, &warnings, filename.obj())?,
        Err(error) => return Err(raise_compile_error(th, &error, filename.obj())),
    }
    _ast::to_objects(th, &module, &TypeComments::default())
}

/// The code of a program text, whose cookie means nothing, as for `-c`.
pub fn compile_command(th: Thread<'_>, text: &str, filename: &Str) -> Result<Ref<Code>> {
    compile_text(th, text, filename, &default_options(th, Mode::Exec, 0))
}

/// The code of a source file's bytes (or UTF-8 text), with cookie and byte
/// order mark, as for the interactive prompt.
pub fn compile_source(
    th: Thread<'_>,
    source: &[u8],
    filename: &Str,
    mode: Mode,
    flags: u32,
) -> Result<Ref<Code>> {
    let text = decode(th, source, filename)?;
    let options = default_options(th, mode, flags);
    compile_text(th, &text, filename, &options)
}

/// Parse a text of which no more than its syntax is wanted.
pub fn check_syntax(
    th: Thread<'_>,
    source: &[u8],
    filename: &Str,
    mode: Mode,
    flags: u32,
) -> Result<()> {
    let text = decode(th, source, filename)?;
    match compiler::parse(&text, &lossy(filename), &default_options(th, mode, flags)) {
        Ok(_) => Ok(()),
        Err(error) => Err(raise_compile_error(th, &error, filename.obj())),
    }
}

/// The code of a script, whose errors are told as those of a file.
pub fn compile_file(th: Thread<'_>, source: &[u8], filename: &Str) -> Result<Ref<Code>> {
    let text = decode(th, source, filename)?;
    let options = default_options(th, Mode::Exec, 0);
    let mut compiled = compiler::compile(&text, &lossy(filename), &options);
    if let Err(error) = &mut compiled {
        error.as_of_file(&text);
    }
    finish(th, compiled, filename)
}

fn compile_text(
    th: Thread<'_>,
    text: &str,
    filename: &Str,
    options: &Options,
) -> Result<Ref<Code>> {
    audit_text(th, text, filename)?;
    let compiled = compiler::compile(text, &lossy(filename), options);
    finish(th, compiled, filename)
}

/// Tell the audit hooks of a text that is compiled.
fn audit_text(th: Thread<'_>, text: &str, filename: &Str) -> Result<()> {
    sys::audit_with(th, "compile", || {
        Ok(vec![Bytes::new(th, text.as_bytes())?.upcast(), filename.obj().own()])
    })
}

/// Run code in its namespaces, of which the audit hooks are told.
fn run(
    th: Thread<'_>,
    code: &Code,
    globals: &Dict,
    locals: Obj<'_>,
    cells: Option<&Tuple>,
) -> Result {
    sys::audit(th, "exec", &[code.obj()])?;
    (th.hooks().eval_code)(th, code, globals, Some(locals), cells)
}

/// Issue the warnings and make the code object, or raise the error.
fn finish(
    th: Thread<'_>,
    compiled: compiler::Result<Compiled>,
    filename: &Str,
) -> Result<Ref<Code>> {
    match compiled {
        Ok(compiled) => {
            issue_warnings(th, &compiled.warnings, filename.obj())?;
            code_object(th, &compiled.value, filename)
        }
        Err(error) => Err(raise_compile_error(th, &error, filename.obj())),
    }
}

/// The builtin `eval`.
pub fn eval(
    th: Thread<'_>,
    source: Obj<'_>,
    globals: Option<Obj<'_>>,
    locals: Option<Obj<'_>>,
) -> Result {
    let globals = globals.filter(|globals| !globals.is_none());
    let locals = locals.filter(|locals| !locals.is_none());
    if locals.is_some_and(|locals| !is_mapping(locals)) {
        raise!(th, TypeError, "locals must be a mapping");
    }
    if let Some(globals) = globals
        && globals.downcast::<Dict>().is_none()
    {
        if is_mapping(globals) {
            raise!(th, TypeError, "globals must be a real dict; try eval(expr, {{}}, mapping)");
        }
        raise!(th, TypeError, "globals must be a dict");
    }
    let (globals, locals) = namespaces(th, globals, locals, "eval")?;
    if let Some(code) = source.downcast_exact::<Code>() {
        if code.nfreevars > 0 {
            raise!(th, TypeError, "code object passed to eval() may not contain free variables");
        }
        return run(th, code, &globals, locals.obj(), None);
    }
    let filename = Str::new(th, "<string>")?;
    let text = source_text(th, source, "eval", "string, bytes or code", &filename)?;
    let text = text.trim_start_matches([' ', '\t']);
    let flags = inherited_flags(th);
    let options = default_options(th, Mode::Eval, flags);
    let code = compile_text(th, text, &filename, &options)?;
    run(th, &code, &globals, locals.obj(), None)
}

/// The builtin `exec`.
pub fn exec(
    th: Thread<'_>,
    source: Obj<'_>,
    globals: Option<Obj<'_>>,
    locals: Option<Obj<'_>>,
    closure: Option<Obj<'_>>,
) -> Result<()> {
    let globals = globals.filter(|globals| !globals.is_none());
    let locals = locals.filter(|locals| !locals.is_none());
    let closure = closure.filter(|closure| !closure.is_none());
    if let Some(globals) = globals
        && globals.downcast::<Dict>().is_none()
    {
        raise!(th, TypeError, "exec() globals must be a dict, not {}", globals.type_name());
    }
    if let Some(locals) = locals
        && !is_mapping(locals)
    {
        raise!(th, TypeError, "locals must be a mapping or None, not {}", locals.type_name());
    }
    let (globals, locals) = namespaces(th, globals, locals, "exec")?;
    if let Some(code) = source.downcast_exact::<Code>() {
        let cells = check_closure(th, code, closure)?;
        run(th, code, &globals, locals.obj(), cells)?;
        return Ok(());
    }
    if closure.is_some() {
        raise!(th, TypeError, "closure can only be used when source is a code object");
    }
    let filename = Str::new(th, "<string>")?;
    let text = source_text(th, source, "exec", "string, bytes or code", &filename)?;
    let flags = inherited_flags(th);
    let options = default_options(th, Mode::Exec, flags);
    let code = compile_text(th, &text, &filename, &options)?;
    run(th, &code, &globals, locals.obj(), None)?;
    Ok(())
}

fn check_closure<'a>(
    th: Thread<'_>,
    code: &Code,
    closure: Option<Obj<'a>>,
) -> Result<Option<&'a Tuple>> {
    let wanted = code.nfreevars as usize;
    if wanted == 0 {
        if closure.is_some() {
            raise!(th, TypeError, "cannot use a closure with this code object");
        }
        return Ok(None);
    }
    let cells = closure.and_then(|closure| closure.downcast_exact::<Tuple>());
    let cells = cells.filter(|cells| {
        cells.len() == wanted && cells.items().iter().all(|cell| cell.is_exact::<CellObject>())
    });
    match cells {
        Some(cells) => Ok(Some(cells)),
        None => raise!(th, TypeError, "code object requires a closure of exactly length {wanted}"),
    }
}

fn is_mapping(object: Obj<'_>) -> bool {
    object.ty().mapping().is_some_and(|mapping| mapping.mp_subscript.is_some())
}

/// Globals (with `__builtins__`) and locals of `eval` and `exec`.
fn namespaces(
    th: Thread<'_>,
    globals: Option<Obj<'_>>,
    locals: Option<Obj<'_>>,
    function: &str,
) -> Result<(Ref<Dict>, Ref)> {
    let (globals, locals) = match globals.and_then(|globals| globals.downcast::<Dict>()) {
        Some(globals) => {
            let locals = locals.map_or_else(|| globals.obj().own(), Obj::own);
            (object::own(globals), locals)
        }
        None => {
            let Some(globals) = (th.hooks().current_globals)(th) else {
                raise!(
                    th,
                    TypeError,
                    "{function} must be given globals and locals when called without a frame"
                );
            };
            let locals = match locals {
                Some(locals) => locals.own(),
                None => (th.hooks().current_locals)(th)?,
            };
            (globals, locals)
        }
    };
    let key = id!(th, "__builtins__").obj();
    if !globals.contains(th, key)? {
        let builtins = match current_frame(th) {
            // SAFETY: a running frame keeps its builtins.
            Some(frame) => unsafe { Obj::from_raw((*frame).f_builtins) }.map(Obj::own),
            None => None,
        };
        let builtins = builtins.or_else(|| th.interp().builtins.get().map(Ref::upcast));
        if let Some(builtins) = builtins {
            globals.set(th, key, builtins.obj())?;
        }
    }
    Ok((globals, locals))
}

fn current_frame(th: Thread<'_>) -> Option<*const abi::_PyInterpreterFrame> {
    // SAFETY: only this thread touches its state.
    let frame = unsafe { (*th.state().public.get()).current_frame };
    if frame.is_null() { None } else { Some(frame.cast_const().cast()) }
}

/// The `from __future__` flags of the calling code.
pub(crate) fn inherited_flags(th: Thread<'_>) -> u32 {
    let Some(frame) = current_frame(th) else { return 0 };
    // SAFETY: a running frame; its first word is its code, perhaps tagged.
    let code = unsafe { (*frame).f_executable.bits } & !3;
    // SAFETY: a running frame keeps its code.
    let code = unsafe { Obj::from_raw(code as *mut abi::PyObject) };
    match code.and_then(|code| code.downcast_exact::<Code>()) {
        Some(code) => code.flags as u32 & FUTURE_MASK,
        None => 0,
    }
}

/// How a source is compiled when nothing else is said.
fn default_options(th: Thread<'_>, mode: Mode, flags: u32) -> Options {
    let (optimize, max_digits) = (optimize_level(th, -1), max_digits(th));
    Options { mode, flags, optimize, max_digits, feature_version: None }
}

/// `sys.get_int_max_str_digits()`, if there is a limit.
fn max_digits(th: Thread<'_>) -> Option<usize> {
    usize::try_from(th.interp().int_max_str_digits.get()).ok()
}

fn optimize_level(th: Thread<'_>, optimize: i32) -> i32 {
    if optimize < 0 { th.interp().flags.borrow().optimize.min(2) } else { optimize }
}

/// A file name argument: `str`, `bytes` or `os.PathLike`.
pub(crate) fn fs_text(th: Thread<'_>, path: Obj<'_>) -> Result<Ref<Str>> {
    match fspath(th, path)?.downcast::<Str>() {
        Ok(text) => Ok(text),
        Err(bytes) => match (th.hooks().decode)(th, bytes.obj(), "utf-8", "surrogateescape")?
            .downcast::<Str>()
        {
            Ok(text) => Ok(text),
            Err(_) => raise!(th, TypeError, "decoder should return a string result"),
        },
    }
}

/// A name for the compiler, which only shows it.
pub(crate) fn lossy(filename: &Str) -> String {
    match filename.as_ascii() {
        Some(text) => text.to_owned(),
        None => String::from_utf8_lossy(&crate::marshal::wtf8(filename)).into_owned(),
    }
}

/// The text of a source given as `str`, `bytes` or another buffer.
pub(crate) fn source_text(
    th: Thread<'_>,
    source: Obj<'_>,
    function: &str,
    what: &str,
    filename: &Str,
) -> Result<String> {
    if let Some(text) = source.downcast::<Str>() {
        return Ok(text.to_utf8(th)?.to_owned());
    }
    match BytesLike::try_get(th, source)? {
        Some(bytes) => {
            let bytes = bytes.to_vec();
            decode(th, &bytes, filename)
        }
        None => raise!(th, TypeError, "{function}() arg 1 must be a {what} object"),
    }
}

/// The text of a source file.
fn decode(th: Thread<'_>, source: &[u8], filename: &Str) -> Result<String> {
    let problem = std::cell::Cell::new(None);
    let hook = |encoding: &str, bytes: &[u8]| {
        let text = Bytes::new(th, bytes)
            .and_then(|bytes| (th.hooks().decode)(th, bytes.obj(), encoding, "strict"))
            .and_then(|text| match text.downcast::<Str>() {
                Ok(text) => text.to_utf8(th).map(str::to_owned),
                Err(_) => raise!(th, TypeError, "decoder should return a string result"),
            });
        match text {
            Ok(text) => Some(Ok(text)),
            Err(raised) => {
                problem.set(Some(th.take_exception(raised)));
                None
            }
        }
    };
    match compiler::decode(source, &lossy(filename), Some(&hook)) {
        Ok(text) => Ok(text),
        Err(mut error) => {
            if let Some(exception) = problem.take() {
                let text = exception.str(th)?.to_string();
                if exception.obj().ty().name() != "LookupError" || !text.starts_with("unknown") {
                    error.message = text;
                }
            }
            Err(raise_compile_error(th, &error, filename.obj()))
        }
    }
}
