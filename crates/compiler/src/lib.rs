//! Source to code: syntax tree, symbol table, control-flow graph, code object.
//!
//! [`compile`] is the whole way. [`parse`], [`compile_ast`] and
//! [`symbol_table`] are its parts, for `ast`, `compile(tree)` and `symtable`.
//! Text goes in, data comes out: nothing here knows an object or a thread
//! state, and every error is a value.

pub mod assemble;
pub mod ast;
mod cleandoc;
mod codegen;
mod error;
mod flowgraph;
mod future;
pub mod instruction_sequence;
mod lower;
mod name_map;
mod nesting;
mod preprocess;
mod source;
pub mod stages;
pub mod symtable;
mod syntax_error;
pub mod tokenize;
mod type_comments;
mod unparse;

use bytecode::CodeObject;
use ruff_python_ast::PythonVersion;
use ruff_python_parser::ParseOptions;
use ruff_text_size::Ranged;

use crate::{ast::Mod, lower::Lines, symtable::SymbolTable};
pub use crate::{
    cleandoc::clean_doc,
    error::{CompileError, CompileWarning, ErrorKind, Parsed, Result},
    future::{
        CO_FUTURE_ANNOTATIONS, CO_FUTURE_BARRY_AS_BDFL, Features, PYCF_ALLOW_TOP_LEVEL_AWAIT,
    },
    name_map::{NameMap, NameSet},
    source::DecodeHook,
    type_comments::TypeComments,
    unparse::{constant_repr, unparse},
};

/// Trees deeper than this are not compiled; CPython's limit is its C stack.
pub(crate) const MAX_DEPTH: usize = 20_000;

/// `ast.PyCF_ALLOW_INCOMPLETE_INPUT`
pub const PYCF_ALLOW_INCOMPLETE_INPUT: u32 = 0x4000;

/// `PyCF_DONT_IMPLY_DEDENT`
pub const PYCF_DONT_IMPLY_DEDENT: u32 = 0x200;

/// `ast.PyCF_TYPE_COMMENTS`
pub const PYCF_TYPE_COMMENTS: u32 = 0x1000;

/// What kind of source is compiled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    #[default]
    Exec,
    Eval,
    Single,
    FuncType,
}

/// How to compile.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    pub mode: Mode,
    /// `CO_FUTURE_…` and `PyCF_…` flags.
    pub flags: u32,
    /// 0, 1 (`-O`) or 2 (`-OO`).
    pub optimize: i32,
    /// The minor version of Python that must know all the syntax; `None`: any.
    pub feature_version: Option<u8>,
    /// Digits that a decimal literal may have; `None`: as many as by default, 0: any number.
    pub max_digits: Option<usize>,
}

/// A value and the warnings that came with it, in the order of issue.
#[derive(Debug)]
pub struct Compiled<T = CodeObject> {
    pub value: T,
    pub warnings: Vec<CompileWarning>,
}

/// Compile a source text.
pub fn compile(source: &str, filename: &str, options: &Options) -> Result<Compiled> {
    with_source(source, filename, options, |text| {
        let parsed = parse_text(text, options)?;
        let compiled = compile_tree(parsed, filename, options);
        compiled.map_err(|error| syntax_error::better(text, options, error))
    })
}

/// Compile a source file's bytes.
pub fn compile_bytes(
    source: &[u8],
    filename: &str,
    options: &Options,
    hook: Option<DecodeHook<'_>>,
) -> Result<Compiled> {
    let text = decode(source, filename, hook)?;
    compile(&text, filename, options)
}

/// The text of a source file's bytes.
pub fn decode(source: &[u8], filename: &str, hook: Option<DecodeHook<'_>>) -> Result<String> {
    if source.contains(&0) {
        return Err(null_bytes(filename));
    }
    source::decode(source, hook).map_err(|error| named(error, filename))
}

/// Parse a source text to a syntax tree, which is not preprocessed.
pub fn parse(source: &str, filename: &str, options: &Options) -> Result<Compiled<Mod>> {
    with_source(source, filename, options, |text| parse_text(text, options))
}

/// Parse a source text, and find its type comments if the flags ask for them.
pub fn parse_with_type_comments(
    source: &str,
    filename: &str,
    options: &Options,
) -> Result<(Compiled<Mod>, TypeComments)> {
    with_source(source, filename, options, |text| {
        let mut parsed = parse_text(text, options)?;
        let comments = match &mut parsed.value {
            Mod::Module(body) | Mod::Interactive(body)
                if options.flags & PYCF_TYPE_COMMENTS != 0 =>
            {
                TypeComments::find(text, &Lines::new(text), body)
            }
            _ => TypeComments::default(),
        };
        Ok((parsed, comments))
    })
}

/// Compile a syntax tree, which may have been made by a program.
pub fn compile_ast(module: Mod, filename: &str, options: &Options) -> Result<Compiled> {
    on_large_stack(|| {
        compile_tree(Compiled { value: module, warnings: Vec::new() }, filename, options)
    })
    .map_err(|error| named(error, filename))
}

/// The symbol table of a source text.
pub fn symbol_table(
    source: &str,
    filename: &str,
    options: &Options,
) -> Result<Compiled<SymbolTable>> {
    with_source(source, filename, options, |text| {
        let Compiled { value: module, warnings } = parse_text(text, options)?;
        with_warnings(warnings, |_| {
            let features = Features::of(&module, options.flags)?;
            SymbolTable::build(&module, &features)
        })
    })
}

/// Preprocess a tree as `ast.parse(optimize=…)` does.
pub fn optimize_ast(module: &mut Mod, options: &Options) -> Result<Vec<CompileWarning>> {
    let features = Features::of(module, options.flags)?;
    let how = preprocess::Options {
        optimize: options.optimize,
        syntax_check_only: false,
        warnings: false,
    };
    with_warnings(Vec::new(), |warnings| preprocess::preprocess(module, &features, how, warnings))
        .map(|done| done.warnings)
}

/// The value of `job` with what it warned of, which an error carries, too.
fn with_warnings<T>(
    mut warnings: Vec<CompileWarning>,
    job: impl FnOnce(&mut Vec<CompileWarning>) -> Result<T>,
) -> Result<Compiled<T>> {
    match job(&mut warnings) {
        Ok(value) => Ok(Compiled { value, warnings }),
        Err(mut error) => {
            error.warnings = warnings;
            Err(error)
        }
    }
}

fn null_bytes(filename: &str) -> Box<CompileError> {
    let message = "source code string cannot contain null bytes";
    named(CompileError::new(ErrorKind::SyntaxError, message), filename)
}

fn named(mut error: Box<CompileError>, filename: &str) -> Box<CompileError> {
    filename.clone_into(&mut error.filename);
    error
}

/// Check and normalise a text, and use it where there is stack enough.
fn with_source<T: Send>(
    source: &str,
    filename: &str,
    options: &Options,
    job: impl FnOnce(&str) -> Result<T> + Send,
) -> Result<T> {
    if source.contains('\0') {
        return Err(null_bytes(filename));
    }
    let normal;
    let mut text = source.strip_prefix('\u{FEFF}').unwrap_or(source);
    if text.contains('\r') {
        normal = source::normalize(text);
        text = &normal;
    }
    // A module's last line always ends.
    let complete;
    if options.mode == Mode::Exec && !text.is_empty() && !text.ends_with('\n') {
        complete = format!("{text}\n");
        text = &complete;
    }
    let result = match nesting::check(text) {
        // An earlier mistake goes before.
        Err(error) => {
            Err(on_large_stack(|| syntax_error::judge(text, &Lines::new(text), options).map(drop))
                .err()
                .unwrap_or(error))
        }
        Ok(depth) if depth < nesting::ORDINARY => job(text),
        Ok(depth) if depth > MAX_DEPTH => Err(CompileError::recursion()),
        Ok(_) => on_large_stack(|| job(text)),
    };
    result.map_err(|error| named(error, filename))
}

/// Stack for trees of [`MAX_DEPTH`]; memory is used only as far as they go.
const LARGE_STACK: usize = 512 << 20;

fn on_large_stack<T: Send>(job: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(LARGE_STACK).spawn_scoped(scope, job);
        match thread.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(result)) => result,
            _ => Err(CompileError::recursion()),
        }
    })
}

fn parse_text(text: &str, options: &Options) -> Result<Compiled<Mod>> {
    let lines = Lines::new(text);
    let patched = syntax_error::flufl(text, &lines, options)?;
    let text = patched.as_deref().unwrap_or(text);
    let mode = match options.mode {
        Mode::Exec | Mode::Single => ruff_python_parser::Mode::Module,
        Mode::Eval => ruff_python_parser::Mode::Expression,
        Mode::FuncType => return syntax_error::func_type(text, &lines, options),
    };
    // `eval` skips blanks before the expression.
    let parse_options = ParseOptions::from(mode).with_target_version(PythonVersion::PY314);
    let parsed = ruff_python_parser::parse_unchecked(text, parse_options);
    if !parsed.has_no_syntax_errors() {
        let stopped = match (parsed.errors().first(), parsed.unsupported_syntax_errors().first()) {
            (Some(error), _) => error.location.start().to_usize(),
            (None, Some(error)) => error.range().start().to_usize(),
            (None, None) => 0,
        };
        return Err(on_large_stack(|| {
            Err::<(), _>(syntax_error::explain(text, &lines, stopped, options))
        })
        .err()
        .unwrap_or_else(CompileError::recursion));
    }
    syntax_error::check(text, &lines, options)?;
    let (value, warnings) = lower::lower(text, &lines, parsed.syntax(), options)
        .map_err(|error| syntax_error::judge(text, &lines, options).err().unwrap_or(error))?;
    Ok(Compiled { value, warnings })
}

fn compile_tree(parsed: Compiled<Mod>, filename: &str, options: &Options) -> Result<Compiled> {
    let Compiled { value: mut module, warnings } = parsed;
    with_warnings(warnings, |warnings| {
        let (table, features) = front(&mut module, options, warnings)?;
        codegen::compile_module(&module, table, features, options.optimize, filename, warnings)
    })
}

/// What comes before code generation: preprocess the tree and find its symbols.
fn front(
    module: &mut Mod,
    options: &Options,
    warnings: &mut Vec<CompileWarning>,
) -> Result<(SymbolTable, Features)> {
    let features = Features::of(module, options.flags)?;
    let how = preprocess::Options {
        optimize: options.optimize,
        syntax_check_only: false,
        warnings: true,
    };
    preprocess::preprocess(module, &features, how, warnings)?;
    let table = SymbolTable::build(module, &features)?;
    Ok((table, features))
}
