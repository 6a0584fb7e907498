//! `_io`: files as Python sees them.
//!
//! Three layers: `FileIO` calls the system, the buffered classes gather small
//! reads and writes, `TextIOWrapper` encodes. Each layer talks to the one
//! below directly when that is one of the builtin classes itself, and through
//! Python methods otherwise.

mod base;
mod buffered;
mod bytesio;
mod codec;
mod fileio;
mod newline;
mod pair;
mod spare;
mod stringio;
mod text;

use macros::pymodule;
use object::{
    AsObject, Int, IntoObject, Link, Module, Obj, Protocol, PyStruct as _, Raised, Ref, Result,
    Str, Thread, Tuple, exceptions, id, raise, types,
};

use crate::support::{self, path::fspath};

/// `io.DEFAULT_BUFFER_SIZE`.
pub(crate) const DEFAULT_BUFFER_SIZE: usize = 131_072;

/// In the child of a fork: other threads no longer use the standard streams.
pub(crate) fn after_fork(th: Thread<'_>) {
    for name in ["stdin", "stdout", "stderr"] {
        let stream = th.interp().sys_dict.get().and_then(|sys| sys.get_str(th, name).ok()?);
        let Some(stream) = stream else { continue };
        let Some(text) = stream.obj().downcast_exact::<text::TextIOWrapper>() else { continue };
        if let Some(buffer) = text.buffer.get()
            && let Some(core) = buffered::core_of(buffer.obj())
        {
            core.after_fork(th);
        }
    }
}

/// `io.UnsupportedOperation`.
#[derive(Default)]
struct State {
    unsupported: std::cell::OnceCell<Link>,
}

/// Raise `io.UnsupportedOperation`.
#[cold]
fn unsupported(th: Thread<'_>, message: &str) -> Raised {
    let class = match unsupported_class(th) {
        Ok(class) => class,
        Err(raised) => return raised,
    };
    let make = || class.call(th, &[Str::new(th, message)?.obj()]);
    match make() {
        Ok(exception) => th.raise_object(exception),
        Err(raised) => raised,
    }
}

fn unsupported_class(th: Thread<'_>) -> Result<Ref> {
    let state = th.interp().extensions.get::<State>();
    if let Some(class) = state.unsupported.get().and_then(Link::get) {
        return Ok(class);
    }
    let bases = [exceptions::types::OSError(), exceptions::types::ValueError()];
    let bases = Tuple::from_objs(th, &bases.map(|base| base.obj()))?;
    let name = Str::new(th, "io.UnsupportedOperation")?;
    let class = support::new_exception(th, &name, &bases)?;
    let _ = state.unsupported.set(Link::new(class.clone()));
    Ok(class)
}

/// `_IOBase.close(self)`.
fn base_close(th: Thread<'_>, this: Obj<'_>) -> Result<Ref> {
    let close = base::IOBase::type_object().obj().getattr(th, id!(th, "close"))?;
    close.call(th, &[this])
}

/// `open(…)`.
#[allow(clippy::too_many_arguments, reason = "the arguments of open")]
fn do_open(
    th: Thread<'_>,
    file: Obj<'_>,
    mode: &str,
    buffering: i64,
    encoding: Option<&str>,
    errors: Option<&str>,
    newline: Option<&str>,
    closefd: bool,
    opener: Option<Obj<'_>>,
) -> Result<Ref> {
    let path = if Int::is_index(file) { file.own() } else { fspath(th, file)? };
    let has = |c: char| mode.contains(c);
    let (creating, reading, writing, appending) = (has('x'), has('r'), has('w'), has('a'));
    let (updating, text, binary) = (has('+'), has('t'), has('b'));
    let repeated = mode.char_indices().any(|(i, c)| mode[..i].contains(c));
    if repeated || mode.contains(|c| !"xrwa+tb".contains(c)) {
        raise!(th, ValueError, "invalid mode: '{mode}'");
    }
    if text && binary {
        raise!(th, ValueError, "can't have text and binary mode at once");
    }
    let ways = [creating, reading, writing, appending].iter().filter(|on| **on).count();
    // FileIO complains when there is none.
    if ways > 1 {
        raise!(th, ValueError, "must have exactly one of create/read/write/append mode");
    }
    if binary && encoding.is_some() {
        raise!(th, ValueError, "binary mode doesn't take an encoding argument");
    }
    if binary && errors.is_some() {
        raise!(th, ValueError, "binary mode doesn't take an errors argument");
    }
    if binary && newline.is_some() {
        raise!(th, ValueError, "binary mode doesn't take a newline argument");
    }
    if binary && buffering == 1 {
        support::warn(
            th,
            exceptions::types::RuntimeWarning(),
            "line buffering (buffering=1) isn't supported in binary mode, \
             the default buffer size will be used",
            1,
        )?;
    }
    let mut raw_mode = String::new();
    for (on, c) in
        [(creating, 'x'), (reading, 'r'), (writing, 'w'), (appending, 'a'), (updating, '+')]
    {
        if on {
            raw_mode.push(c);
        }
    }
    let raw_mode = Str::new(th, &raw_mode)?;
    let opener = opener.unwrap_or(types::none());
    let file_type = fileio::FileIO::type_object().obj();
    let raw = file_type.call(th, &[path.obj(), raw_mode.obj(), types::bool_(closefd), opener])?;
    let Some(raw_file) = raw.obj().downcast::<fileio::FileIO>() else { return Ok(raw) };
    let result = (|| {
        let mut line_buffering = false;
        let mut size = buffering;
        if buffering < 0 || buffering == 1 {
            let is_tty = buffering < 0
                && raw.call_method(th, id!(th, "_isatty_open_only"), &[])?.is_true(th)?;
            line_buffering = is_tty || buffering == 1 && !binary;
            size = raw_file.buffer_size();
        }
        if buffering == 0 {
            if !binary {
                raise!(th, ValueError, "can't have unbuffered text I/O");
            }
            return Ok(raw.clone());
        }
        if size < 0 {
            raise!(th, ValueError, "invalid buffering size");
        }
        let class = if updating {
            buffered::BufferedRandom::type_object()
        } else if reading {
            buffered::BufferedReader::type_object()
        } else {
            buffered::BufferedWriter::type_object()
        };
        let buffer = class.obj().call(th, &[raw.obj(), size.into_object(th)?.obj()])?;
        if binary {
            return Ok(buffer);
        }
        let wrapper = (|| {
            let text_args = |text: Option<&str>| -> Result<Ref> {
                match text {
                    Some(text) => Str::new(th, text).map(Ref::upcast),
                    None => Ok(types::none().own()),
                }
            };
            let (encoding, errors, newline) =
                (text_args(encoding)?, text_args(errors)?, text_args(newline)?);
            text::TextIOWrapper::type_object().obj().call(
                th,
                &[
                    buffer.obj(),
                    encoding.obj(),
                    errors.obj(),
                    newline.obj(),
                    types::bool_(line_buffering),
                ],
            )
        })();
        match wrapper {
            Ok(wrapper) => {
                wrapper.setattr(th, id!(th, "mode"), Some(Str::new(th, mode)?.obj()))?;
                Ok(wrapper)
            }
            Err(raised) => {
                let error = th.take_exception(raised);
                if let Err(raised) = buffer.call_method(th, id!(th, "close"), &[]) {
                    th.clear_exception(raised);
                }
                Err(th.restore(error))
            }
        }
    })();
    if let Err(raised) = result {
        let error = th.take_exception(raised);
        if let Err(raised) = raw.call_method(th, id!(th, "close"), &[]) {
            th.clear_exception(raised);
        }
        return Err(th.restore(error));
    }
    result
}

/// The io module provides the Python interfaces to stream handling. The
/// builtin open function is defined in this module.
///
/// At the top of the I/O hierarchy is the abstract base class IOBase. It
/// defines the basic interface to a stream. Note, however, that there is no
/// separation between reading and writing to streams; implementations are
/// allowed to raise an OSError if they do not support a given operation.
#[pymodule]
pub mod _io {
    use super::*;

    /// Open file and return a stream.  Raise OSError upon failure.
    ///
    /// file is either a text or byte string giving the name (and the path
    /// if the file isn't in the current working directory) of the file to
    /// be opened or an integer file descriptor of the file to be
    /// wrapped. (If a file descriptor is given, it is closed when the
    /// returned I/O object is closed, unless closefd is set to False.)
    ///
    /// mode is an optional string that specifies the mode in which the file
    /// is opened: 'r' for reading (the default), 'w' for writing (truncating
    /// the file if it already exists), 'x' for creating and writing to a new
    /// file, and 'a' for appending. 'b' selects binary mode, '+' opens the
    /// file for updating.
    ///
    /// buffering is an optional integer used to set the buffering policy:
    /// 0 switches buffering off (only allowed in binary mode), 1 selects line
    /// buffering (only usable in text mode), and an integer > 1 indicates the
    /// size of a fixed-size chunk buffer.
    ///
    /// encoding is the name of the encoding used to decode or encode the file,
    /// errors says how encoding errors are to be handled, and newline controls
    /// how universal newlines works; these are for text mode only.
    ///
    /// If closefd is False, the underlying file descriptor will be kept open
    /// when the file is closed. A custom opener can be used by passing a
    /// callable as *opener*.
    #[sig = "(file, mode='r', buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None)"]
    #[allow(clippy::too_many_arguments, reason = "the arguments of open")]
    fn open(
        th: Thread<'_>,
        file: Obj<'_>,
        mode: &str,
        buffering: i32,
        encoding: Option<&str>,
        errors: Option<&str>,
        newline: Option<&str>,
        closefd: bool,
        opener: Option<Obj<'_>>,
    ) -> Result<Ref> {
        for text in [Some(mode), encoding, errors, newline].into_iter().flatten() {
            if text.contains('\0') {
                raise!(th, ValueError, "embedded null character");
            }
        }
        let buffering = i64::from(buffering);
        do_open(th, file, mode, buffering, encoding, errors, newline, closefd, opener)
    }

    /// Opens the provided file with the intent to import the contents.
    ///
    /// This may perform extra validation beyond open(), but is otherwise interchangeable
    /// with calling open(path, 'rb').
    #[sig = "(path)"]
    fn open_code(th: Thread<'_>, path: &Str) -> Result<Ref> {
        do_open(th, path.obj(), "rb", -1, None, None, None, true, None)
    }

    /// A helper function to choose the text encoding.
    ///
    /// When encoding is not None, this function returns it.
    /// Otherwise, this function returns the default text encoding
    /// (i.e. "locale" or "utf-8" depends on UTF-8 mode).
    ///
    /// This function emits an EncodingWarning if encoding is None and
    /// sys.flags.warn_default_encoding is true.
    ///
    /// This can be used in APIs with an encoding=None parameter.
    /// However, please consider using encoding="utf-8" for new APIs.
    #[sig = "(encoding, stacklevel=2, /)"]
    fn text_encoding(th: Thread<'_>, encoding: Obj<'_>, stacklevel: i32) -> Result<Ref> {
        if !encoding.is_none() {
            return Ok(encoding.own());
        }
        let (warn, utf8) = {
            let flags = th.interp().flags.borrow();
            (flags.warn_default_encoding != 0, flags.utf8_mode > 0)
        };
        if warn {
            support::warn(
                th,
                exceptions::types::EncodingWarning(),
                "'encoding' argument not specified",
                stacklevel as isize,
            )?;
        }
        if utf8 { "utf-8".into_object(th) } else { "locale".into_object(th) }
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        support::add_ints(th, module, &[("DEFAULT_BUFFER_SIZE", DEFAULT_BUFFER_SIZE as i64)])?;
        module.set(th, "UnsupportedOperation", unsupported_class(th)?.obj())?;
        module.set(th, "BlockingIOError", exceptions::types::BlockingIOError().obj())?;
        module.add_type::<base::IOBase>(th)?;
        module.add_type::<base::RawIOBase>(th)?;
        module.add_type::<base::BufferedIOBase>(th)?;
        module.add_type::<base::TextIOBase>(th)?;
        module.add_type::<newline::IncrementalNewlineDecoder>(th)?;
        module.add_type::<bytesio::BytesIOBuffer>(th)?;
        module.add_type::<fileio::FileIO>(th)?;
        module.add_type::<bytesio::BytesIO>(th)?;
        module.add_type::<buffered::BufferedReader>(th)?;
        module.add_type::<buffered::BufferedWriter>(th)?;
        module.add_type::<buffered::BufferedRandom>(th)?;
        module.add_type::<pair::BufferedRWPair>(th)?;
        module.add_type::<stringio::StringIO>(th)?;
        module.add_type::<text::TextIOWrapper>(th)
    }
}
