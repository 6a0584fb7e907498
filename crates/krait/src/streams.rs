//! `sys.stdin`, `sys.stdout` and `sys.stderr`.

use object::{AsObject as _, Int, Obj, Protocol as _, Ref, Result, Str, Thread, id, types};

use crate::config::Config;

/// Make the three streams and bind them in `sys`; `builtins.open` with them.
pub(crate) fn install(th: Thread<'_>, config: &Config) -> Result<()> {
    let io = vm::import::import_module(th, id!(th, "_io"))?;
    if let Some(builtins) = th.interp().builtins.get() {
        builtins.set(th, id!(th, "open").obj(), io.getattr(th, id!(th, "open"))?.obj())?;
    }
    let Some(sys) = th.interp().sys_dict.get() else { return Ok(()) };
    for (fd, name) in ["stdin", "stdout", "stderr"].into_iter().enumerate() {
        let stream = stream(th, config, &io, fd as i32, name)?;
        for key in [name.to_owned(), format!("__{name}__")] {
            sys.set(th, Str::intern(th, &key)?.obj(), stream.obj())?;
        }
    }
    Ok(())
}

/// One stream; `None` if the descriptor is closed.
fn stream(th: Thread<'_>, config: &Config, io: &Ref, fd: i32, name: &str) -> Result<Ref> {
    if host::fs::fstat(fd).is_err() {
        return Ok(types::none().own());
    }
    let write = fd != 0;
    let (none, false_) = (types::none(), types::bool_(false));
    let unbuffered = write && config.flags.unbuffered;
    let buffering = Int::from_i64(th, if unbuffered { 0 } else { -1 })?;
    let mode = if write { id!(th, "wb") } else { id!(th, "rb") };
    let descriptor = Int::from_i64(th, i64::from(fd))?;
    let arguments = [descriptor.obj(), mode.obj(), buffering.obj(), none, none, none, false_];
    let buffer = io.call_method(th, id!(th, "open"), &arguments)?;
    let raw = match unbuffered {
        true => buffer.clone(),
        false => buffer.getattr(th, id!(th, "raw"))?,
    };
    raw.setattr(th, id!(th, "name"), Some(Str::new(th, &format!("<{name}>"))?.obj()))?;
    let is_tty = host::terminal::isatty(fd);
    let line_buffering = fd == 2 || is_tty || config.flags.interactive > 0;
    let encoding = match &config.stream_encoding {
        Some(encoding) => codec_name(th, encoding)?,
        None => default_encoding(th, config)?,
    };
    let errors = match (&config.stream_errors, fd) {
        (_, 2) => "backslashreplace",
        (Some(errors), _) => errors,
        _ if config.is_c_locale || config.flags.utf8_mode != 0 => "surrogateescape",
        _ => "strict",
    };
    let errors = Str::new(th, errors)?;
    let write_through = types::bool_(unbuffered);
    let line_buffering = types::bool_(line_buffering);
    let newline: Obj<'_> = id!(th, "\n").obj();
    let class = io.getattr(th, id!(th, "TextIOWrapper"))?;
    let arguments =
        [buffer.obj(), encoding.obj(), errors.obj(), newline, line_buffering, write_through];
    let stream = class.call(th, &arguments)?;
    let mode = if write { id!(th, "w") } else { id!(th, "r") };
    stream.setattr(th, id!(th, "mode"), Some(mode.obj()))?;
    Ok(stream)
}

/// The name that a codec goes by itself.
fn codec_name(th: Thread<'_>, encoding: &str) -> Result<Ref<Str>> {
    let codecs = vm::import::import_module(th, id!(th, "_codecs"))?;
    let encoding = Str::new(th, encoding)?;
    let info = codecs.call_method(th, id!(th, "lookup"), &[encoding.obj()])?;
    info.getattr(th, id!(th, "name"))?.str(th)
}

/// The encoding of the locale, under the name that Python gives it.
fn default_encoding(th: Thread<'_>, config: &Config) -> Result<Ref<Str>> {
    let codeset = host::locale::codeset();
    let is_utf8 = config.flags.utf8_mode != 0 || codeset.is_empty();
    if is_utf8 || codeset.eq_ignore_ascii_case(b"UTF-8") {
        return Str::new(th, "utf-8");
    }
    codec_name(th, &String::from_utf8_lossy(&codeset))
}
