//! The interactive prompt.
//!
//! On a terminal it is the library's `_pyrepl`. The basic prompt here serves
//! where that cannot run or `PYTHON_BASIC_REPL` is set: lines are collected
//! until they are a whole statement, which is then compiled in `single` mode
//! and run in `__main__`.

use std::io::{BufRead as _, Write as _};

use compiler::Mode;
use modules::sys::BaseRepl;
use object::{
    AsObject as _, Code, Dict, Int, Protocol as _, Raised, Ref, Result, Str, Thread, exceptions,
    id, types,
};
use vm::lifecycle;

use crate::{
    config::Config,
    program::{End, evaluate, remember_source, report},
    startup::import,
    text,
};

const INCOMPLETE: u32 = compiler::PYCF_ALLOW_INCOMPLETE_INPUT | compiler::PYCF_DONT_IMPLY_DEDENT;

/// What came instead of a line.
enum Input {
    Line(String),
    /// The last line, which has no end.
    Unended(String),
    Interrupt,
    End,
}

/// The next line, without its end.
fn read(th: Thread<'_>, prompt: &str, second: &str) -> Input {
    let _ = std::io::stderr().write_all(prompt.as_bytes());
    let _ = std::io::stderr().flush();
    let mut line = Vec::new();
    loop {
        let filled =
            th.allow_threads(|| std::io::stdin().lock().fill_buf().map(|bytes| !bytes.is_empty()));
        match filled {
            Ok(true) => {}
            Ok(false) if line.is_empty() => return Input::End,
            Ok(false) => {
                // The input ends within a line: its end is asked for in vain.
                complain!("{second}");
                return Input::Unended(String::from_utf8_lossy(&line).into_owned());
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {
                if let Err(raised) = modules::_signal::run_pending_signals(th) {
                    th.clear_exception(raised);
                    return Input::Interrupt;
                }
                continue;
            }
            Err(_) => return Input::End,
        }
        let mut stdin = std::io::stdin().lock();
        let bytes = stdin.fill_buf().unwrap_or_default();
        let end = bytes.iter().position(|byte| *byte == b'\n');
        line.extend_from_slice(bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default());
        let used = end.map_or(bytes.len(), |end| end + 1);
        stdin.consume(used);
        if end.is_some() {
            break;
        }
    }
    Input::Line(String::from_utf8_lossy(&line).into_owned())
}

/// The prompt as the program itself: `PYTHONSTARTUP` first.
pub(crate) fn start(th: Thread<'_>, config: &Config, main: &Ref<Dict>) -> End {
    let startup = std::env::var_os("PYTHONSTARTUP").filter(|name| !name.is_empty());
    if let Some(name) = startup
        && config.flags.ignore_environment == 0
        && let Err(raised) = run_startup_file(th, main, name.as_encoded_bytes())
        && let End::Status(status) = report(th, raised, false)
    {
        return End::Status(status);
    }
    run(th, config, main, false)
}

/// Prompt until the end of input or `SystemExit`. `startup` says whether
/// `PYTHONSTARTUP` is still to be run, which the basic prompt does not.
pub(crate) fn run(th: Thread<'_>, config: &Config, main: &Ref<Dict>, startup: bool) -> End {
    if let Err(raised) = run_hook(th)
        && let End::Status(status) = report(th, raised, false)
    {
        return End::Status(status);
    }
    let wants_basic = config.flags.ignore_environment == 0
        && std::env::var_os("PYTHON_BASIC_REPL").is_some_and(|value| !value.is_empty());
    if wants_basic || !host::terminal::isatty(0) {
        return run_basic(th, main).unwrap_or(End::Status(0));
    }
    th.interp().extensions.get::<BaseRepl>().0.set(Some(run_from_python));
    match run_pyrepl(th, startup) {
        Ok(()) => End::Status(0),
        Err(raised) => report(th, raised, false),
    }
}

/// `sys.__interactivehook__()`, which `site` sets.
fn run_hook(th: Thread<'_>) -> Result<()> {
    let Some(sys) = th.interp().sys_dict.get() else { return Ok(()) };
    let name = Str::intern(th, "__interactivehook__")?;
    match sys.get(th, name.obj())? {
        Some(hook) => hook.call(th, &[]).map(drop),
        None => Ok(()),
    }
}

fn run_pyrepl(th: Thread<'_>, startup: bool) -> Result<()> {
    let module = import(th, "_pyrepl.main")?;
    let console = module.getattr(th, &*Str::intern(th, "interactive_console")?)?;
    let main = import(th, "__main__")?;
    // interactive_console(mainmodule, quiet, pythonstartup)
    console.call(th, &[main.obj(), types::bool_(false), types::bool_(startup)]).map(drop)
}

/// `sys._baserepl()`
fn run_from_python(th: Thread<'_>) -> Result<()> {
    let main = import(th, "__main__")?.getattr(th, id!(th, "__dict__"))?;
    let Ok(main) = main.downcast::<Dict>() else { return Ok(()) };
    match run_basic(th, &main) {
        Some(End::Status(status)) => {
            let status = Int::from_i64(th, i64::from(status))?;
            Err(th.raise_args(exceptions::types::SystemExit(), &[status.obj()]))
        }
        _ => Ok(()),
    }
}

fn run_startup_file(th: Thread<'_>, main: &Ref<Dict>, name: &[u8]) -> Result<()> {
    let filename = text::fs_text(th, name)?;
    let path =
        std::path::Path::new(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(name));
    let source = match std::fs::read(path) {
        Ok(source) => source,
        Err(error) => {
            complain!("Could not open PYTHONSTARTUP");
            return Err(exceptions::io_error(th, &error, Some(filename.obj())));
        }
    };
    let code = modules::compile::compile_file(th, &source, &filename)?;
    evaluate(th, &code, main)
}

/// More statements in a row that fail for lack of memory end the prompt: nothing frees any.
const MOST_MEMORY_ERRORS: u32 = 16;

/// Read, evaluate and print until the end of input (`None`) or `SystemExit`.
fn run_basic(th: Thread<'_>, main: &Ref<Dict>) -> Option<End> {
    let mut flags = 0;
    let mut count = 0;
    let mut memory_errors = 0;
    loop {
        let (first, second) = match prompts(th) {
            Ok(prompts) => prompts,
            Err(raised) => return Some(report(th, raised, false)),
        };
        lifecycle::flush_quietly(th);
        let result = match statement(th, &first, &second, flags, &mut count) {
            Ok(Statement::End) => {
                complain!();
                return None;
            }
            Ok(Statement::Interrupt) => {
                complain!("\nKeyboardInterrupt");
                continue;
            }
            Ok(Statement::Nothing) => continue,
            Ok(Statement::Code(code, source)) => {
                flags |= code.flags as u32 & 0x1FE_0000;
                run_statement(th, main, &code, &source)
            }
            Err(raised) => Err(raised),
        };
        let Err(raised) = result else {
            memory_errors = 0;
            continue;
        };
        memory_errors = if is_memory_error(th) { memory_errors + 1 } else { 0 };
        if memory_errors > MOST_MEMORY_ERRORS {
            th.clear_exception(raised);
            return Some(End::Failed);
        }
        // Reports go on with the next prompt; `SystemExit` ends it.
        if let End::Status(status) = report(th, raised, false) {
            return Some(End::Status(status));
        }
    }
}

/// Whether the exception that is set is for lack of memory.
fn is_memory_error(th: Thread<'_>) -> bool {
    let exception = th.exception();
    exception
        .is_some_and(|exception| exception.obj().ty().is_subtype(exceptions::types::MemoryError()))
}

fn run_statement(th: Thread<'_>, main: &Ref<Dict>, code: &Ref<Code>, source: &str) -> Result<()> {
    let name = Str::new(th, "<stdin>")?;
    remember_source(th, code, source, &name)?;
    evaluate(th, code, main)
}

enum Statement {
    Code(Ref<Code>, String),
    Nothing,
    Interrupt,
    End,
}

/// Read lines until they are a statement. `count` is how many there were.
fn statement(
    th: Thread<'_>,
    first: &str,
    second: &str,
    flags: u32,
    count: &mut usize,
) -> Result<Statement> {
    let filename = Str::new(th, "<stdin>")?;
    let mut source = String::new();
    let mut is_over = false;
    loop {
        let prompt = if source.is_empty() { first } else { second };
        let input = if is_over { Input::End } else { read(th, prompt, second) };
        match input {
            Input::Line(line) => {
                source.push_str(&line);
                source.push('\n');
            }
            Input::Unended(line) => {
                source.push_str(&line);
                source.push('\n');
                is_over = true;
            }
            Input::Interrupt => return Ok(Statement::Interrupt),
            Input::End if source.is_empty() => return Ok(Statement::End),
            Input::End => {
                if !is_over {
                    complain!();
                    // The end of the input is the empty line that a block waits for.
                    source.push('\n');
                }
                check(th, &source, &filename, flags)?;
                let code = compile(th, &source, flags, count)?;
                return Ok(Statement::Code(code, source));
            }
        }
        if source.lines().all(|line| {
            let line = line.trim_start();
            line.is_empty() || line.starts_with('#')
        }) {
            *count += 1;
            return Ok(Statement::Nothing);
        }
        match check(th, &source, &filename, flags | INCOMPLETE) {
            Ok(()) => {
                let code = compile(th, &source, flags | INCOMPLETE, count)?;
                return Ok(Statement::Code(code, source));
            }
            Err(raised) => {
                if !is_incomplete(th) {
                    return Err(raised);
                }
                th.clear_exception(raised);
                // What another line end makes wrong cannot become right.
                let ended = format!("{source}\n");
                if let Err(raised) = check(th, &ended, &filename, flags | INCOMPLETE) {
                    if !is_incomplete(th) {
                        return Err(raised);
                    }
                    th.clear_exception(raised);
                }
            }
        }
    }
}

/// Whether the exception that is set asks for more input.
fn is_incomplete(th: Thread<'_>) -> bool {
    let exception = th.exception();
    exception.is_some_and(|exception| exception.obj().ty().name() == "_IncompleteInputError")
}

/// Look whether the text is a statement.
fn check(th: Thread<'_>, source: &str, filename: &Str, flags: u32) -> Result<()> {
    modules::compile::check_syntax(th, statement_text(source), filename, Mode::Single, flags)
}

/// The code of a statement, which has a file name of its own.
fn compile(th: Thread<'_>, source: &str, flags: u32, count: &mut usize) -> Result<Ref<Code>> {
    let filename = Str::from_fmt(th, format_args!("<stdin-{count}>"))?;
    *count += 1;
    let text = statement_text(source);
    let compiled = modules::compile::compile_source(th, text, &filename, Mode::Single, flags);
    compiled.map_err(|raised| with_line(th, raised, source))
}

/// As with `codeop`, a block is complete once an empty line follows it.
fn statement_text(source: &str) -> &[u8] {
    source.strip_suffix('\n').unwrap_or(source).as_bytes()
}

/// Give a `SyntaxError` the line that it is about.
fn with_line(th: Thread<'_>, raised: Raised, source: &str) -> Raised {
    let exception = th.take_exception(raised);
    let line = || -> Result<()> {
        if exception.obj().downcast::<exceptions::SyntaxError>().is_none() {
            return Ok(());
        }
        let number = exception.getattr(th, id!(th, "lineno"))?;
        let index = Int::to_i64(number.obj()).and_then(|line| usize::try_from(line - 1).ok());
        if let Some(line) = index.and_then(|index| source.split_inclusive('\n').nth(index)) {
            let line = Str::new(th, line)?;
            exception.obj().setattr(th, id!(th, "text"), Some(line.obj()))?;
        }
        Ok(())
    };
    match line() {
        Ok(()) => th.restore(exception),
        Err(raised) => raised,
    }
}

/// `sys.ps1` and `sys.ps2`, made when they are missing.
fn prompts(th: Thread<'_>) -> Result<(String, String)> {
    let Some(sys) = th.interp().sys_dict.get() else { return Ok(Default::default()) };
    let get = |name: &str, default: &str| -> Result<String> {
        let key = Str::intern(th, name)?;
        let value = match sys.get(th, key.obj())? {
            Some(value) => value,
            None => {
                let value: Ref = Str::new(th, default)?.upcast();
                sys.set(th, key.obj(), value.obj())?;
                value
            }
        };
        Ok(value.str(th)?.to_string())
    };
    Ok((get("ps1", ">>> ")?, get("ps2", "... ")?))
}
