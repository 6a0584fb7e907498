//! The report of an uncaught exception, for when `traceback.py` cannot make it.
//!
//! It never fails: what cannot be found out is left out or said to be unknown,
//! and an exception that comes up on the way is dropped.

use std::{
    collections::HashMap,
    fmt::Write,
    fs,
    io::{BufRead, BufReader},
};

use crate::{AsObject, Int, Obj, Protocol, Ref, Result, Str, Thread, id};

use super::{base::BaseException, syntax_error::SyntaxError};

/// Equal entries in a row beyond this many are counted.
const SHOWN_REPEATS: usize = 3;
/// Entries shown of a traceback, the last ones.
const LIMIT: usize = 1000;

/// The text of `sys.excepthook` without carets, notes and groups.
pub fn format(th: Thread<'_>, exception: Obj<'_>) -> String {
    let mut text = String::new();
    let mut seen = Vec::new();
    chain(th, &mut text, exception, &mut seen);
    text
}

/// What `attempt` gives; an exception is dropped.
fn quietly<T>(th: Thread<'_>, attempt: impl FnOnce() -> Result<T>) -> Option<T> {
    match attempt() {
        Ok(value) => Some(value),
        Err(raised) => {
            th.clear_exception(raised);
            None
        }
    }
}

fn chain(th: Thread<'_>, text: &mut String, exception: Obj<'_>, seen: &mut Vec<usize>) {
    // Oldest first, each with the words that lead to the next.
    let mut links: Vec<(Ref, &str)> = Vec::new();
    let mut current = exception.own();
    let mut words = "";
    loop {
        let next = BaseException::of(current.obj()).and_then(|base| {
            let cause = base.cause().map(|cause| {
                (cause, "The above exception was the direct cause of the following exception:")
            });
            let context = || {
                let context = if base.suppress_context() { None } else { base.context() };
                let words = "During handling of the above exception, another exception occurred:";
                context.map(|context| (context, words))
            };
            cause.or_else(context)
        });
        seen.push(current.as_ptr().addr());
        links.push((current, words));
        match next {
            Some((next, how)) if !seen.contains(&next.as_ptr().addr()) => {
                current = next;
                words = how;
            }
            _ => break,
        }
    }
    for (exception, words) in links.iter().rev() {
        one(th, text, exception.obj());
        if !words.is_empty() {
            let _ = write!(text, "\n{words}\n\n");
        }
    }
}

fn one(th: Thread<'_>, text: &mut String, exception: Obj<'_>) {
    let Some(base) = BaseException::of(exception) else {
        let _ = writeln!(
            text,
            "TypeError: print_exception(): Exception expected for value, {} found",
            exception.type_name()
        );
        return;
    };
    if let Some(traceback) = base.traceback() {
        format_traceback(th, text, traceback.obj());
    }
    if let Some(error) = exception.downcast::<SyntaxError>() {
        let filename = error.filename().and_then(|name| quietly(th, || name.str(th)));
        let filename = filename.map_or_else(|| "<string>".to_owned(), |name| name.to_string());
        let _ = writeln!(text, "  File \"{filename}\", line {}", error.lineno().unwrap_or(0));
    }
    text.push_str(&title(th, exception));
    text.push('\n');
}

/// `module.Type: message`.
pub fn title(th: Thread<'_>, exception: Obj<'_>) -> String {
    let ty = exception.ty().obj();
    let attribute = |name: &Str| {
        quietly(th, || ty.getattr(th, name))
            .and_then(|value| value.obj().downcast::<Str>().map(Str::to_string))
    };
    let mut title = match attribute(id!(th, "__module__")) {
        Some(module) if module == "builtins" || module == "__main__" => String::new(),
        Some(module) => format!("{module}."),
        None => "<unknown>.".to_owned(),
    };
    title.push_str(&attribute(id!(th, "__qualname__")).unwrap_or_else(|| "<unknown>".to_owned()));
    match quietly(th, || exception.str(th)) {
        Some(message) if Str::len(&message) == 0 => {}
        Some(message) => {
            let _ = write!(title, ": {message}");
        }
        None => title.push_str(": <exception str() failed>"),
    }
    title
}

/// An entry of a traceback.
#[derive(Clone, PartialEq, Eq)]
struct Entry {
    filename: String,
    line: i64,
    function: String,
}

fn entry(th: Thread<'_>, traceback: Obj<'_>) -> Result<Entry> {
    let code = traceback.getattr(th, id!(th, "tb_frame"))?.getattr(th, id!(th, "f_code"))?;
    let line = traceback.getattr(th, id!(th, "tb_lineno"))?;
    Ok(Entry {
        filename: code.getattr(th, id!(th, "co_filename"))?.str(th)?.to_string(),
        line: Int::to_i64(line.obj()).unwrap_or(0),
        function: code.getattr(th, id!(th, "co_name"))?.str(th)?.to_string(),
    })
}

/// The entries of `traceback` with their source lines.
pub fn format_traceback(th: Thread<'_>, text: &mut String, traceback: Obj<'_>) {
    let mut entries = Vec::new();
    let mut current = Some(traceback.own());
    while let Some(traceback) = current.filter(|traceback| !traceback.obj().is_none()) {
        entries.extend(quietly(th, || entry(th, traceback.obj())));
        current = quietly(th, || traceback.getattr(th, id!(th, "tb_next")));
    }
    text.push_str("Traceback (most recent call last):\n");
    let mut sources = HashMap::new();
    let (mut last, mut repeats) = (None, 0);
    for entry in entries.iter().skip(entries.len().saturating_sub(LIMIT)) {
        if last == Some(entry) {
            repeats += 1;
        } else {
            say_repeats(text, repeats);
            (last, repeats) = (Some(entry), 1);
        }
        if repeats > SHOWN_REPEATS {
            continue;
        }
        let Entry { filename, line, function } = entry;
        let _ = writeln!(text, "  File \"{filename}\", line {line}, in {function}");
        if let Some(source) = source_line(&mut sources, filename, *line) {
            let _ = writeln!(text, "    {source}");
        }
    }
    say_repeats(text, repeats);
}

fn say_repeats(text: &mut String, repeats: usize) {
    let Some(more) = repeats.checked_sub(SHOWN_REPEATS).filter(|more| *more > 0) else { return };
    let plural = if more == 1 { "" } else { "s" };
    let _ = writeln!(text, "  [Previous line repeated {more} more time{plural}]");
}

/// Line `line` of a source file, without the blanks around it.
fn source_line(
    sources: &mut HashMap<String, Vec<String>>,
    filename: &str,
    line: i64,
) -> Option<String> {
    let lines = sources.entry(filename.to_owned()).or_insert_with(|| {
        let Ok(file) = fs::File::open(filename) else { return Vec::new() };
        let lines = BufReader::new(file).split(b'\n').map_while(std::io::Result::ok);
        lines.map(|line| String::from_utf8_lossy(&line).into_owned()).collect()
    });
    let index = usize::try_from(line.checked_sub(1)?).ok()?;
    let text = lines.get(index)?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
