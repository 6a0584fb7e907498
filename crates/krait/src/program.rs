//! Running the program that the command line names, and ending.
//!
//! A program is a command, a module, a script (source or `.pyc`), a directory
//! or zip file with a `__main__`, standard input, or the prompt. Whatever
//! happens becomes an exit status; `SystemExit` and an uncaught
//! `KeyboardInterrupt` have their own.

use std::io::Read as _;

use object::{
    AsObject as _, Code, Dict, Int, Obj, Protocol as _, Raised, Ref, Result, Str, Thread, Tuple,
    exceptions, id, types,
};
use vm::lifecycle;

use crate::{
    command_line::Program,
    config::Config,
    paths, repl,
    startup::{self, add_path, import},
    text,
};

/// `importlib.util.MAGIC_NUMBER` of 3.14.
const PYC_MAGIC: [u8; 4] = [0x2b, 0x0e, 0x0d, 0x0a];

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The end, or a `SystemExit`.
    Status(i32),
    /// An uncaught exception was reported.
    Failed,
    /// An uncaught `KeyboardInterrupt`: die of the signal.
    Interrupt,
}

/// Run everything; the exit status of the process.
pub(crate) fn run(config: &'static Config, stack: usize) -> i32 {
    let th = startup::boot(config, stack);
    let mut end = match startup::start(th, config) {
        Ok(main) => {
            let end = run_program(th, config, &main);
            prompt_after(th, config, &main, end)
        }
        Err(raised) => failed_start(th, config, raised),
    };
    let failed = lifecycle::finish(th, modules::atexit::run, modules::_signal::finish);
    if failed && end != End::Interrupt {
        end = End::Status(120);
    }
    capi::pythonrun::run_exits();
    if config.malloc_stats {
        complain!("{}", th.heap().report());
    }
    match end {
        End::Status(status) => status,
        End::Failed => 1,
        End::Interrupt => {
            die_of_interrupt();
            130
        }
    }
}

/// Start-up failed: there may be no `sys.stderr` yet.
fn failed_start(th: Thread<'_>, config: &Config, raised: Raised) -> End {
    let has_stderr = th.interp().sys_dict.get().is_some_and(|sys| {
        matches!(sys.get(th, id!(th, "stderr").obj()), Ok(Some(stderr)) if !stderr.obj().is_none())
    });
    if has_stderr {
        return report(th, raised, false);
    }
    let exception = th.take_exception(raised);
    let text = match exception.str(th) {
        Ok(text) => text.to_string(),
        Err(_) => String::new(),
    };
    let name = exception.obj().ty().name().to_owned();
    if exception.obj().ty().is_subtype(exceptions::types::ImportError()) {
        complain!("{}", config.paths.report(config.flags.ignore_environment == 0));
    }
    complain!("Fatal Python error: initialization failed");
    complain!("Python runtime state: core initialized");
    if let Err(raised) = print_traceback(th, &exception) {
        th.clear_exception(raised);
    }
    complain!("{name}: {text}");
    End::Failed
}

/// A traceback without source lines, for when nothing of Python's own works.
fn print_traceback(th: Thread<'_>, exception: &Ref) -> Result<()> {
    let mut entry = exception.getattr(th, id!(th, "__traceback__"))?;
    if !entry.obj().is_none() {
        complain!("Traceback (most recent call last):");
    }
    while !entry.obj().is_none() {
        let line = entry.getattr(th, id!(th, "tb_lineno"))?.str(th)?;
        let frame = entry.getattr(th, id!(th, "tb_frame"))?;
        let code = frame.getattr(th, id!(th, "f_code"))?;
        let file = code.getattr(th, id!(th, "co_filename"))?.str(th)?;
        let name = code.getattr(th, id!(th, "co_qualname"))?.str(th)?;
        complain!("  File \"{file}\", line {line}, in {name}");
        entry = entry.getattr(th, id!(th, "tb_next"))?;
    }
    Ok(())
}

/// Run what the command line names.
fn run_program(th: Thread<'_>, config: &Config, main: &Ref<Dict>) -> End {
    let result = match &config.line.program {
        Program::Command(source) => run_command(th, config, main, source),
        Program::Module(name) => run_module(th, config, name),
        Program::File(path) => run_file(th, config, main, path),
        Program::Stdin => run_stdin(th, config, main),
    };
    match result {
        Ok(end) => end,
        Err(raised) => report(th, raised, must_prompt(config)),
    }
}

/// `-i`, `PYTHONINSPECT`: a prompt when the program is done.
fn must_prompt(config: &Config) -> bool {
    let wants = config.flags.inspect > 0
        || (config.flags.ignore_environment == 0
            && std::env::var_os("PYTHONINSPECT").is_some_and(|value| !value.is_empty()));
    let was_prompt = config.line.program == Program::Stdin;
    let can = config.flags.interactive > 0 || host::terminal::isatty(0);
    wants && can && !was_prompt
}

fn prompt_after(th: Thread<'_>, config: &Config, main: &Ref<Dict>, end: End) -> End {
    if !must_prompt(config) {
        return end;
    }
    lifecycle::flush_quietly(th);
    repl::run(th, config, main, true)
}

fn run_command(th: Thread<'_>, config: &Config, main: &Ref<Dict>, source: &[u8]) -> Result<End> {
    if !config.flags.safe_path {
        add_path(th, b"")?;
    }
    let filename = Str::new(th, "<string>")?;
    let source = text::fs_text(th, &dedent(source))?;
    let text = match source.to_utf8(th) {
        Ok(text) => text,
        Err(raised) => {
            complain!("Unable to decode the command from the command line:");
            return Err(raised);
        }
    };
    let code = modules::compile::compile_command(th, text, &filename)?;
    remember_source(th, &code, text, &filename)?;
    evaluate(th, &code, main)?;
    Ok(End::Status(0))
}

/// A command without the indentation that all its lines have.
fn dedent(source: &[u8]) -> Vec<u8> {
    let indentation = |line: &[u8]| {
        line.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(line.len())
    };
    let mut common: Option<&[u8]> = None;
    for line in source.split(|byte| *byte == b'\n') {
        let (margin, rest) = line.split_at(indentation(line));
        if rest.is_empty() {
            continue;
        }
        let shared = match common {
            None => margin.len(),
            Some(other) => margin.iter().zip(other).take_while(|(a, b)| a == b).count(),
        };
        common = margin.get(..shared);
    }
    let common = common.map_or(0, <[u8]>::len);
    if common == 0 {
        return source.to_vec();
    }
    let mut lines = Vec::new();
    for line in source.split(|byte| *byte == b'\n') {
        let is_blank = indentation(line) == line.len();
        lines.push(if is_blank { &[][..] } else { line.get(common..).unwrap_or_default() });
    }
    lines.join(&b'\n')
}

fn run_module(th: Thread<'_>, config: &Config, name: &[u8]) -> Result<End> {
    if !config.flags.safe_path {
        add_path(th, &paths::working_folder())?;
    }
    let name = text::fs_text(th, name)?;
    run_module_as_main(th, &name, true)
}

fn run_module_as_main(th: Thread<'_>, name: &Str, alter_argv: bool) -> Result<End> {
    let runpy = import(th, "runpy")?;
    let arguments = [name.obj(), types::bool_(alter_argv)];
    runpy.call_method(th, id!(th, "_run_module_as_main"), &arguments)?;
    Ok(End::Status(0))
}

fn run_file(th: Thread<'_>, config: &Config, main: &Ref<Dict>, name: &[u8]) -> Result<End> {
    let path = paths::absolute_script(name);
    if has_importer(th, &path)? {
        add_path(th, &path)?;
        return run_module_as_main(th, id!(th, "__main__"), false);
    }
    if !config.flags.safe_path {
        add_path(th, &paths::script_folder(&path))?;
    }
    let source = match read(&path) {
        Ok(source) => source,
        Err(error) => {
            let shown = text::fs_text(th, &path)?.repr(th)?;
            let program = String::from_utf8_lossy(&config.paths.executable).into_owned();
            let number = error.raw_os_error().unwrap_or_default();
            if number == IS_DIRECTORY {
                complain!("{program}: {shown} is a directory, cannot continue");
                return Ok(End::Status(1));
            }
            let message = message_of(&error);
            complain!("{program}: can't open file {shown}: [Errno {number}] {message}");
            return Ok(End::Status(2));
        }
    };
    let filename = text::fs_text(th, &path)?;
    run_source(th, config, main, source, &filename)
}

/// The system's words for an error.
fn message_of(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// End as a process that was interrupted, so that a shell stops too.
fn die_of_interrupt() {
    const SIGINT: i32 = 2;
    if host::signal::set_action(SIGINT, host::signal::Action::Default).is_ok() {
        let _ = host::process::kill(std::process::id() as i32, SIGINT);
    }
}

/// `EISDIR`
const IS_DIRECTORY: i32 = 21;

fn read(path: &[u8]) -> std::io::Result<Vec<u8>> {
    use std::os::unix::ffi::OsStrExt as _;
    let path = std::path::Path::new(std::ffi::OsStr::from_bytes(path));
    // PERF: one open instead of `fs::read`'s two looks at the size.
    let mut file = std::fs::File::open(path)?;
    let mut source = Vec::new();
    file.read_to_end(&mut source)?;
    Ok(source)
}

/// Run a script's contents as `__main__`.
fn run_source(
    th: Thread<'_>,
    config: &Config,
    main: &Ref<Dict>,
    mut source: Vec<u8>,
    filename: &Ref<Str>,
) -> Result<End> {
    if config.line.skip_first_line {
        let end = source.iter().position(|byte| *byte == b'\n').unwrap_or(source.len());
        source.drain(..end);
    }
    let name = filename.to_string();
    let is_pyc = name.ends_with(".pyc") || source.starts_with(&PYC_MAGIC);
    main.set(th, id!(th, "__file__").obj(), filename.obj())?;
    main.set(th, id!(th, "__cached__").obj(), types::none())?;
    if name != "<stdin>" {
        let loader =
            if is_pyc { id!(th, "SourcelessFileLoader") } else { id!(th, "SourceFileLoader") };
        let external = import(th, "_frozen_importlib_external")?;
        let arguments = [id!(th, "__main__").obj(), filename.obj()];
        let loader = external.call_method(th, loader, &arguments)?;
        main.set(th, id!(th, "__loader__").obj(), loader.obj())?;
    }
    let code = if is_pyc {
        load_pyc(th, &source)?
    } else {
        check_source(th, &source, filename)?;
        modules::compile::compile_file(th, &source, filename)?
    };
    drop(source);
    let result = evaluate(th, &code, main);
    if result.is_ok() {
        for key in [id!(th, "__file__"), id!(th, "__cached__")] {
            main.remove(th, key.obj())?;
        }
    }
    result.map(|()| End::Status(0))
}

/// Refuse a script with null bytes or, without a cookie, with bytes that are
/// not UTF-8. COMPAT: for files CPython names file and line in other words than
/// for strings; test_source_encoding.
fn check_source(th: Thread<'_>, source: &[u8], filename: &Ref<Str>) -> Result<()> {
    let head: Vec<&[u8]> = source.splitn(3, |byte| *byte == b'\n').take(2).collect();
    let has_cookie = head
        .iter()
        .any(|line| line.contains(&b'#') && line.windows(6).any(|word| word == b"coding"));
    let null = source.iter().position(|byte| *byte == 0);
    let wrong = match std::str::from_utf8(source) {
        Err(error) if !has_cookie => Some(error.valid_up_to()),
        _ => None,
    };
    let (position, is_null) = match (null, wrong) {
        (Some(null), Some(wrong)) if wrong < null => (wrong, false),
        (Some(null), _) => (null, true),
        (None, Some(wrong)) => (wrong, false),
        (None, None) => return Ok(()),
    };
    let (before, after) = source.split_at(position);
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let before = String::from_utf8_lossy(before.get(start..).unwrap_or_default());
    let end = after.iter().position(|byte| matches!(byte, b'\n' | 0)).unwrap_or(after.len());
    let after = String::from_utf8_lossy(after.get(..end).unwrap_or_default());
    let (message, offset) = if is_null {
        ("source code cannot contain null bytes".to_owned(), 0)
    } else {
        let byte = source.get(position).copied().unwrap_or_default();
        let message = format!(
            "Non-UTF-8 code starting with '\\x{byte:02x}' in file {filename} on line {line}, but \
             no encoding declared; see https://peps.python.org/pep-0263/ for details"
        );
        (message, before.chars().count() as i64 + 1)
    };
    let text = Str::new(th, &format!("{before}{after}"))?;
    let (line, offset) = (Int::from_i64(th, line as i64)?, Int::from_i64(th, offset)?);
    let place = [filename.obj(), line.obj(), offset.obj(), text.obj(), line.obj(), offset.obj()];
    let place = Tuple::from_objs(th, &place)?;
    let message = Str::new(th, &message)?;
    Err(th.raise_args(exceptions::types::SyntaxError(), &[message.obj(), place.obj()]))
}

/// The code object of a `.pyc` file.
fn load_pyc(th: Thread<'_>, bytes: &[u8]) -> Result<Ref<Code>> {
    if bytes.len() < 4 {
        object::raise!(th, EOFError, "EOF read where not expected");
    }
    if !bytes.starts_with(&PYC_MAGIC) {
        object::raise!(th, RuntimeError, "Bad magic number in .pyc file");
    }
    let Some(body) = bytes.get(16..) else {
        object::raise!(th, EOFError, "EOF read where not expected");
    };
    let loaded = match modules::marshal::load_object(th, body) {
        Ok(object) => object.downcast::<Code>().ok(),
        Err(raised) => {
            th.clear_exception(raised);
            None
        }
    };
    match loaded {
        Some(code) => Ok(code),
        None => object::raise!(th, RuntimeError, "Bad code object in .pyc file"),
    }
}

fn run_stdin(th: Thread<'_>, config: &Config, main: &Ref<Dict>) -> Result<End> {
    if !config.flags.safe_path {
        add_path(th, b"")?;
    }
    if config.stdin_prompts {
        banner(config);
        return Ok(repl::start(th, config, main));
    }
    let mut source = Vec::new();
    if let Err(error) = std::io::stdin().lock().read_to_end(&mut source) {
        return Err(exceptions::io_error(th, &error, None));
    }
    run_source(th, config, main, source, &Str::new(th, "<stdin>")?)
}

fn banner(config: &Config) {
    if config.flags.quiet > 0 {
        return;
    }
    complain!("Python {} on linux", modules::sys::VERSION_TEXT);
    if config.flags.no_site == 0 {
        let names = "\"help\", \"copyright\", \"credits\" or \"license\"";
        complain!("Type {names} for more information.");
    }
}

/// Whether a path hook takes the path: a directory or zip file.
fn has_importer(th: Thread<'_>, path: &[u8]) -> Result<bool> {
    if let Ok(data) = std::fs::metadata(std::path::Path::new(as_os(path)))
        && data.is_file()
        && !looks_like_zip(path)
    {
        return Ok(false);
    }
    let external = import(th, "_frozen_importlib_external")?;
    let finder = external.getattr(th, id!(th, "PathFinder"))?;
    let path = text::fs_text(th, path)?;
    let found = finder.call_method(th, id!(th, "_path_importer_cache"), &[path.obj()])?;
    Ok(!found.obj().is_none())
}

/// PERF: spares the import of `zipimport`'s helpers for each plain script.
fn looks_like_zip(path: &[u8]) -> bool {
    let Ok(bytes) = read(path) else { return false };
    let tail = bytes.len().saturating_sub(65_557);
    bytes.get(tail..).is_some_and(|tail| tail.windows(4).any(|window| window == b"PK\x05\x06"))
}

fn as_os(bytes: &[u8]) -> &std::ffi::OsStr {
    std::os::unix::ffi::OsStrExt::from_bytes(bytes)
}

/// Run code in `__main__`.
pub(crate) fn evaluate(th: Thread<'_>, code: &Code, main: &Ref<Dict>) -> Result<()> {
    (th.hooks().eval_code)(th, code, main, Some(main.obj()), None).map(drop)
}

/// Let tracebacks show lines of a source that is in no file.
pub(crate) fn remember_source(
    th: Thread<'_>,
    code: &Ref<Code>,
    source: &str,
    filename: &Str,
) -> Result<()> {
    let linecache = import(th, "linecache")?;
    let source = Str::new(th, source)?;
    let arguments = [code.obj(), source.obj(), filename.obj()];
    linecache.call_method(th, id!(th, "_register_code"), &arguments)?;
    Ok(())
}

/// Report an uncaught exception as `sys.excepthook` does; how the program
/// ends then. With `stay`, even `SystemExit` is only reported.
pub(crate) fn report(th: Thread<'_>, raised: Raised, stay: bool) -> End {
    let exception = th.take_exception(raised);
    let class = exception.obj().ty();
    if !stay && class.is_subtype(exceptions::types::SystemExit()) {
        return End::Status(lifecycle::exit_status(th, exception.obj()));
    }
    let interrupted = class.is_subtype(exceptions::types::KeyboardInterrupt());
    if let Err(raised) = show(th, &exception) {
        let another = th.take_exception(raised);
        if !stay && another.obj().ty().is_subtype(exceptions::types::SystemExit()) {
            return End::Status(lifecycle::exit_status(th, another.obj()));
        }
        complain!("Error in sys.excepthook:");
        show_plainly(th, &another);
        complain!("\nOriginal exception was:");
        show_plainly(th, &exception);
    }
    lifecycle::flush_quietly(th);
    if interrupted { End::Interrupt } else { End::Failed }
}

/// Set `sys.last_exc` and its like, and call the hook.
fn show(th: Thread<'_>, exception: &Ref) -> Result<()> {
    let Some(sys) = th.interp().sys_dict.get() else { return Ok(()) };
    let traceback = exception.getattr(th, id!(th, "__traceback__"))?;
    let class: Obj<'_> = exception.obj().ty().obj();
    sys.set(th, id!(th, "last_exc").obj(), exception.obj())?;
    sys.set(th, id!(th, "last_type").obj(), class)?;
    sys.set(th, id!(th, "last_value").obj(), exception.obj())?;
    sys.set(th, id!(th, "last_traceback").obj(), traceback.obj())?;
    let Some(hook) = sys.get(th, id!(th, "excepthook").obj())? else {
        complain!("sys.excepthook is missing");
        show_plainly(th, exception);
        return Ok(());
    };
    let audited = [hook.obj(), class, exception.obj(), traceback.obj()];
    if let Err(raised) = modules::sys::audit(th, "sys.excepthook", &audited) {
        if th.exception_matches(exceptions::types::RuntimeError()) {
            // The listener does not want a report.
            th.clear_exception(raised);
            return Ok(());
        }
        return Err(raised);
    }
    hook.call(th, &[class, exception.obj(), traceback.obj()]).map(drop)
}

/// The report of the original hook, whatever the program put in its place.
fn show_plainly(th: Thread<'_>, exception: &Ref) {
    let shown = || -> Result<()> {
        let traceback = exception.getattr(th, id!(th, "__traceback__"))?;
        let Some(sys) = th.interp().sys_dict.get() else { return Ok(()) };
        let Some(hook) = sys.get(th, id!(th, "__excepthook__").obj())? else { return Ok(()) };
        let class: Obj<'_> = exception.obj().ty().obj();
        hook.call(th, &[class, exception.obj(), traceback.obj()]).map(drop)
    };
    if let Err(raised) = shown() {
        th.clear_exception(raised);
        // As when memory is out.
        complain!("{}", exception.obj().type_name());
    }
}
