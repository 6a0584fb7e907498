//! Errors and warnings of the compiler, as exceptions and `warnings`.

use std::io::{BufRead, BufReader};

use compiler::{CompileError, CompileWarning, ErrorKind};
use object::{
    AsObject, Int, Obj, Protocol, Raised, Ref, Result, Str, Thread, Tuple, Type,
    exceptions::types as exc, id, types,
};

/// Raise what the compiler found.
pub(crate) fn raise_compile_error(
    th: Thread<'_>,
    error: &CompileError,
    filename: Obj<'_>,
) -> Raised {
    if let Err(raised) = issue_warnings(th, &error.warnings, filename) {
        return raised;
    }
    let class = match error.kind {
        ErrorKind::SyntaxError => exc::SyntaxError(),
        ErrorKind::IndentationError => exc::IndentationError(),
        ErrorKind::TabError => exc::TabError(),
        ErrorKind::IncompleteInputError => exc::_IncompleteInputError(),
        ErrorKind::ValueError | ErrorKind::UnicodeDecodeError => exc::ValueError(),
        ErrorKind::RecursionError => exc::RecursionError(),
        ErrorKind::OverflowError => exc::OverflowError(),
        ErrorKind::MemoryError => exc::MemoryError(),
        ErrorKind::SystemError => exc::SystemError(),
        ErrorKind::TypeError => exc::TypeError(),
    };
    let bare = error.lineno == 0 && error.offset == 0 && error.text.is_none();
    if !error.kind.is_syntax_error() || bare {
        return th.raise(class, format_args!("{}", error.message));
    }
    match syntax_error(th, class, error, filename) {
        Ok(exception) => th.raise_object(exception),
        Err(raised) => raised,
    }
}

fn syntax_error(
    th: Thread<'_>,
    class: &Type,
    error: &CompileError,
    filename: Obj<'_>,
) -> Result<Ref> {
    let text = match &error.text {
        Some(text) => Str::new(th, text)?.upcast(),
        None => match source_line(th, filename, error.lineno) {
            Some(line) => Str::new(th, &line)?.upcast(),
            None => types::none().own(),
        },
    };
    let int = |value: i32| Int::from_i64(th, i64::from(value));
    let mut details = vec![filename.own(), int(error.lineno)?, int(error.offset)?, text];
    if error.lineno != 0 || error.text.is_some() {
        details.push(int(error.end_lineno)?);
        details.push(int(error.end_offset)?);
    }
    let details = Tuple::from_refs(th, details)?;
    let message = Str::new(th, &error.message)?;
    let exception = object::exceptions::instantiate(th, class, &[message.obj(), details.obj()])?;
    if let Some(parsed) = &error.parsed {
        let (line, column) = parsed.statement;
        let text = match &parsed.text {
            Some(text) => Str::new(th, text)?.upcast(),
            None => types::none().own(),
        };
        let metadata = vec![int(line)?, int(column)?, text];
        let metadata = Tuple::from_refs(th, metadata)?;
        exception.obj().setattr(th, id!(th, "_metadata"), Some(metadata.obj()))?;
    }
    Ok(exception)
}

/// Line `lineno` of a source file, if it can be read and decoded.
pub(crate) fn source_line(th: Thread<'_>, filename: Obj<'_>, lineno: i32) -> Option<String> {
    let filename = filename.downcast::<Str>()?;
    let wanted = usize::try_from(lineno).ok()?.checked_sub(1)?;
    let path = super::lossy(filename);
    if path.is_empty() || path.starts_with('<') {
        return None;
    }
    let file = std::fs::File::open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut reader = BufReader::new(file);
    // The encoding is in one of the first two lines.
    let mut source = Vec::new();
    for read in 0..=wanted {
        if read > 2 {
            source.pop();
            let start = source.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            source.truncate(start);
        }
        if reader.read_until(b'\n', &mut source).ok()? == 0 {
            return None;
        }
    }
    match super::decode(th, &source, filename) {
        Ok(text) => text.split_inclusive('\n').next_back().map(str::to_owned),
        Err(raised) => {
            drop(th.take_exception(raised));
            None
        }
    }
}

/// Issue `SyntaxWarning`s; one that a filter turns into an exception becomes a
/// `SyntaxError`.
pub(crate) fn issue_warnings(
    th: Thread<'_>,
    warnings: &[CompileWarning],
    filename: Obj<'_>,
) -> Result<()> {
    if warnings.is_empty() {
        return Ok(());
    }
    let module = (th.hooks().import_module)(th, id!(th, "_warnings"))?;
    for warning in warnings {
        let message = Str::new(th, &warning.message)?;
        let line = Int::from_i64(th, i64::from(warning.lineno))?;
        let category = exc::SyntaxWarning();
        let args = [message.obj(), category.obj(), filename, line.obj()];
        let Err(raised) = module.call_method(th, id!(th, "warn_explicit"), &args) else { continue };
        th.catch(raised, category)?;
        return Err(raise_compile_error(th, &warning.error, filename));
    }
    Ok(())
}
