//! The interactive prompt.
//!
//! Lines are collected until they are a whole statement, which is then compiled
//! in `single` mode and run in `__main__`. On a terminal, lines are edited and
//! remembered in the file that CPython uses; otherwise they are simply read.

use std::{
    io::{BufRead as _, Write as _},
    path::PathBuf,
};

use compiler::Mode;
use object::{AsObject as _, Code, Dict, Protocol as _, Ref, Result, Str, Thread, exceptions};
use rustyline::{DefaultEditor, error::ReadlineError};
use vm::lifecycle;

use crate::{
    config::Config,
    program::{End, evaluate, remember_source, report},
    text,
};

const INCOMPLETE: u32 = compiler::PYCF_ALLOW_INCOMPLETE_INPUT | compiler::PYCF_DONT_IMPLY_DEDENT;

/// What came instead of a line.
enum Input {
    Line(String),
    Interrupt,
    End,
}

/// Where lines come from.
enum Reader {
    Plain,
    Terminal { editor: Box<DefaultEditor>, history: Option<PathBuf> },
}

impl Reader {
    fn new() -> Reader {
        if !host::terminal::isatty(0) || !host::terminal::isatty(1) {
            return Reader::Plain;
        }
        let Ok(mut editor) = DefaultEditor::new() else { return Reader::Plain };
        let history = std::env::var_os("PYTHON_HISTORY").map(PathBuf::from).or_else(|| {
            std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".python_history"))
        });
        if let Some(file) = &history {
            // No history yet is no error.
            let _ = editor.load_history(file);
        }
        Reader::Terminal { editor: Box::new(editor), history }
    }

    /// The next line, without its end.
    fn read(&mut self, prompt: &str, second: &str) -> Input {
        match self {
            Reader::Plain => {
                let _ = std::io::Write::write_all(&mut std::io::stderr(), prompt.as_bytes());
                let _ = std::io::stderr().flush();
                let mut line = Vec::new();
                match std::io::stdin().lock().read_until(b'\n', &mut line) {
                    Ok(0) => Input::End,
                    Ok(_) => {
                        let whole = line.strip_suffix(b"\n");
                        if whole.is_none() {
                            // The input ends within a line: its end is asked for in vain.
                            complain!("{second}");
                        }
                        let line = whole.unwrap_or(&line);
                        Input::Line(String::from_utf8_lossy(line).into_owned())
                    }
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {
                        Input::Interrupt
                    }
                    Err(_) => Input::End,
                }
            }
            Reader::Terminal { editor, .. } => match editor.readline(prompt) {
                Ok(line) => {
                    let _ = editor.add_history_entry(&line);
                    Input::Line(line)
                }
                Err(ReadlineError::Interrupted) => Input::Interrupt,
                Err(_) => Input::End,
            },
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Reader::Terminal { editor, history: Some(file) } = self {
            // The prompt works without a history.
            let _ = editor.save_history(file);
        }
    }
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
    run(th, main)
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

/// Read, evaluate and print until the end of input or `SystemExit`.
pub(crate) fn run(th: Thread<'_>, main: &Ref<Dict>) -> End {
    let mut reader = Reader::new();
    let mut flags = 0;
    loop {
        let (first, second) = match prompts(th) {
            Ok(prompts) => prompts,
            Err(raised) => return report(th, raised, false),
        };
        lifecycle::flush_streams(th);
        let end = match statement(th, &mut reader, &first, &second, flags) {
            Ok(Statement::End) => {
                complain!();
                return End::Status(0);
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
            Err(raised) => Some(report(th, raised, false)),
        };
        // Reports go on with the next prompt; `SystemExit` ends it.
        if let Some(End::Status(status)) = end {
            return End::Status(status);
        }
    }
}

fn run_statement(th: Thread<'_>, main: &Ref<Dict>, code: &Ref<Code>, source: &str) -> Option<End> {
    let result = Str::new(th, "<stdin>")
        .and_then(|name| remember_source(th, code, source.as_bytes(), &name))
        .and_then(|()| evaluate(th, code, main));
    result.err().map(|raised| report(th, raised, false))
}

enum Statement {
    Code(Ref<Code>, String),
    Nothing,
    Interrupt,
    End,
}

/// Read lines until they are a statement.
fn statement(
    th: Thread<'_>,
    reader: &mut Reader,
    first: &str,
    second: &str,
    flags: u32,
) -> Result<Statement> {
    let filename = Str::new(th, "<stdin>")?;
    let mut source = String::new();
    loop {
        let prompt = if source.is_empty() { first } else { second };
        match reader.read(prompt, second) {
            Input::Line(line) => {
                source.push_str(&line);
                source.push('\n');
            }
            Input::Interrupt => return Ok(Statement::Interrupt),
            Input::End if source.is_empty() => return Ok(Statement::End),
            Input::End => {
                let code = compile(th, &source, &filename, flags)?;
                return Ok(Statement::Code(code, source));
            }
        }
        if source.lines().all(|line| {
            let line = line.trim_start();
            line.is_empty() || line.starts_with('#')
        }) {
            return Ok(Statement::Nothing);
        }
        match compile(th, &source, &filename, flags | INCOMPLETE) {
            Ok(code) => return Ok(Statement::Code(code, source)),
            Err(raised) => {
                if !is_incomplete(th) {
                    return Err(raised);
                }
                th.clear_exception(raised);
                // What another line end makes wrong cannot become right.
                let ended = format!("{source}\n");
                if let Err(raised) = compile(th, &ended, &filename, flags | INCOMPLETE) {
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

fn compile(th: Thread<'_>, source: &str, filename: &Str, flags: u32) -> Result<Ref<Code>> {
    // As with `codeop`, a block is complete once an empty line follows it.
    let source = source.strip_suffix('\n').unwrap_or(source);
    modules::compile::compile_source(th, source.as_bytes(), filename, Mode::Single, flags)
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
