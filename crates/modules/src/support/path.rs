//! Arguments that name files: paths, descriptors, directories.

use std::ffi::{CStr, CString};

use object::{
    AsObject, Bytes, FromArg, Int, Obj, Protocol, Ref, Result, Str, Thread,
    args::{ArgContext, Maybe},
    error,
    protocol::path::fspath_opt,
    raise,
};

pub(crate) use object::protocol::path::fspath;

use super::{as_descriptor, encode_fs, int_arg};

/// A path, or a descriptor where `FD` allows one.
pub(crate) struct Path<const FD: bool = false> {
    /// As given, for messages.
    object: Option<Ref>,
    name: CString,
    is_bytes: bool,
    fd: Option<i32>,
}

/// A path that may be a descriptor.
pub(crate) type FsPath = Path<true>;

impl<const FD: bool> Path<FD> {
    /// The path as the system wants it.
    pub(crate) fn name(&self) -> &CStr {
        &self.name
    }

    /// The object to name in an `OSError`.
    pub(crate) fn object(&self) -> Option<Obj<'_>> {
        self.object.as_ref().map(AsObject::obj)
    }

    /// Whether results should be bytes.
    pub(crate) fn is_bytes(&self) -> bool {
        self.is_bytes
    }

    /// The descriptor that was given instead of a path.
    pub(crate) fn fd(&self) -> Option<i32> {
        self.fd
    }

    /// The working directory, for an omitted argument.
    pub(crate) fn current() -> Self {
        Path { object: None, name: c".".to_owned(), is_bytes: false, fd: None }
    }

    fn convert(th: Thread<'_>, arg: Obj<'_>, context: ArgContext, nullable: bool) -> Result<Self> {
        let function = context.signature.name;
        let param = context.signature.params.get(context.index).map_or("path", |param| param.name);
        if FD && Int::is_index(arg) {
            if arg.is_exact::<object::types::Bool>() {
                super::warn(
                    th,
                    object::exceptions::types::RuntimeWarning(),
                    "bool is used as a file descriptor",
                    1,
                )?;
            }
            let fd = int_arg(th, arg)?;
            let name = CString::default();
            return Ok(Path { object: Some(arg.own()), name, is_bytes: false, fd: Some(fd) });
        }
        let allowed = match (FD, nullable) {
            (true, true) => "string, bytes, os.PathLike, integer or None",
            (true, false) => "string, bytes, os.PathLike or integer",
            (false, true) => "string, bytes, os.PathLike or None",
            (false, false) => "string, bytes or os.PathLike",
        };
        let Some(path) = fspath_opt(th, arg)? else {
            raise!(
                th,
                TypeError,
                "{function}: {param} should be {allowed}, not {}",
                arg.short_type_name()
            );
        };
        let (bytes, is_bytes) = path_bytes(th, path.obj())?;
        let Ok(name) = CString::new(bytes) else {
            raise!(th, ValueError, "{function}: embedded null character in {param}");
        };
        Ok(Path { object: Some(path), name, is_bytes, fd: None })
    }
}

/// The bytes of a `str` or `bytes` path.
pub(crate) fn path_bytes(th: Thread<'_>, path: Obj<'_>) -> Result<(Vec<u8>, bool)> {
    if let Some(bytes) = path.downcast::<Bytes>() {
        return Ok((bytes.as_bytes().to_vec(), true));
    }
    match path.downcast::<Str>() {
        Some(string) => Ok((encode_fs(th, string)?, false)),
        None => raise!(th, TypeError, "expected str or bytes, not {}", path.type_name()),
    }
}

impl<const FD: bool> FromArg<'_> for Path<FD> {
    fn from_arg(th: Thread<'_>, arg: Obj<'_>, context: ArgContext) -> Result<Self> {
        let required =
            context.signature.params.get(context.index).is_none_or(|param| param.required);
        Self::convert(th, arg, context, !required)
    }
}

/// An int, or an object with `fileno()`.
#[derive(Clone, Copy)]
pub(crate) struct Fd(pub(crate) i32);

impl FromArg<'_> for Fd {
    fn from_arg(th: Thread<'_>, arg: Obj<'_>, _: ArgContext) -> Result<Self> {
        as_descriptor(th, arg).map(Fd)
    }
}

/// `dir_fd`: an int or `None`.
#[derive(Clone, Copy)]
pub(crate) struct DirFd(pub(crate) i32);

impl DirFd {
    /// The descriptor of an optional argument.
    pub(crate) fn of(fd: Maybe<DirFd>) -> i32 {
        fd.0.map_or(host::fs::AT_FDCWD, |fd| fd.0)
    }
}

impl FromArg<'_> for DirFd {
    fn from_arg(th: Thread<'_>, arg: Obj<'_>, _: ArgContext) -> Result<Self> {
        if !Int::is_index(arg) {
            raise!(th, TypeError, "argument should be integer or None, not {}", arg.type_name());
        }
        super::warn_of_bool(th, arg)?;
        int_arg(th, arg).map(DirFd)
    }
}

/// A user or group id; -1 means "leave it".
#[derive(Clone, Copy)]
pub(crate) struct Id(pub(crate) u32);

impl FromArg<'_> for Id {
    fn from_arg(th: Thread<'_>, arg: Obj<'_>, context: ArgContext) -> Result<Self> {
        let name = context.signature.params.get(context.index).map_or("uid", |param| param.name);
        let name = if name.contains('g') { "gid" } else { "uid" };
        id_of(th, arg, name).map(Id)
    }
}

/// A user or group id.
pub(crate) fn id_of(th: Thread<'_>, arg: Obj<'_>, name: &str) -> Result<u32> {
    if !Int::is_index(arg) {
        raise!(th, TypeError, "{name} should be integer, not {}", arg.type_name());
    }
    let index = Int::index(th, arg)?;
    let wrong = |side: &str| error!(th, OverflowError, "{name} is {side}");
    match Int::to_i64(index.obj()) {
        Some(-1) => Ok(u32::MAX),
        Some(value) if value < 0 => Err(wrong("less than minimum")),
        Some(value) => u32::try_from(value).map_err(|_| wrong("greater than maximum")),
        None => {
            let negative = index.compare(th, Int::from_i64(th, 0)?.obj(), object::CompareOp::Lt)?;
            let side =
                if negative.is_true(th)? { "less than minimum" } else { "greater than maximum" };
            Err(wrong(side))
        }
    }
}
