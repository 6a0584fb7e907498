//! `OSError`: `errno` chooses the subclass when `OSError` itself is called.
//!
//! A class that overrides `__init__` but not `__new__` gets its fields from
//! `__init__`; all others from `__new__`, where the subclass is chosen.

use std::{cell::Cell, mem::offset_of};

use macros::{pymethods, pytype};

use crate::{
    AsObject, Dict, Int, IntoObject, Link, Obj, Protocol, PyStruct, Raised, Ref, Result, Str,
    Thread, Tuple, Type, declare::TypeBuilder, own, raise,
};

use super::{
    base::{BaseException, extends, no_keywords, or_none},
    plain, types,
};

/// Base class for I/O related errors.
#[pytype(name = "OSError", c_name = "_PyExc_OSError", base = plain::Exception, flags = BASETYPE | BASE_EXC_SUBCLASS, layout = abi::PyOSErrorObject)]
pub struct OSError {
    base: BaseException,
    errno: Link,
    strerror: Link,
    filename: Link,
    filename2: Link,
    written: Cell<isize>,
}

extends!(OSError);

/// The class for an error number on Linux.
fn class_of_errno(errno: i64) -> Option<&'static Type> {
    Some(match errno {
        11 | 114 | 115 => types::BlockingIOError(),
        32 | 108 => types::BrokenPipeError(),
        10 => types::ChildProcessError(),
        103 => types::ConnectionAbortedError(),
        111 => types::ConnectionRefusedError(),
        104 => types::ConnectionResetError(),
        17 => types::FileExistsError(),
        2 => types::FileNotFoundError(),
        21 => types::IsADirectoryError(),
        20 => types::NotADirectoryError(),
        4 => types::InterruptedError(),
        13 | 1 => types::PermissionError(),
        3 => types::ProcessLookupError(),
        110 => types::TimeoutError(),
        _ => return None,
    })
}

/// Whether instances of `ty` get their fields in `__init__`.
fn uses_init(ty: &Type) -> bool {
    let own = OSError::type_object().slots();
    let address = |slot: Option<abi::initproc>| slot.map(|f| f as usize);
    let new_address = |slot: Option<abi::newfunc>| slot.map(|f| f as usize);
    address(ty.slots().tp_init) != address(own.tp_init)
        && new_address(ty.slots().tp_new) == new_address(own.tp_new)
}

impl OSError {
    fn fill(&self, th: Thread<'_>, args: &Tuple) -> Result<()> {
        let items = args.items();
        let mut kept = own(args);
        if let (2..=5, [errno, strerror, rest @ ..]) = (items.len(), items) {
            let filename = rest.first().filter(|name| !name.is_none());
            // The third of the rest is `winerror`, which means nothing here.
            let filename2 = rest.get(2).filter(|name| !name.is_none());
            if let Some(filename) = filename {
                let is_number = filename.ty().number().is_some_and(|number| {
                    number.nb_index.is_some()
                        || number.nb_int.is_some()
                        || number.nb_float.is_some()
                });
                if is_number && std::ptr::eq(self.obj().ty(), types::BlockingIOError()) {
                    self.written.set(Int::as_index(th, *filename, types::ValueError())?);
                } else {
                    self.filename.set(Some(filename.own()));
                    self.filename2.set(filename2.map(|name| name.own()));
                    kept = Tuple::from_objs(th, &items[..2])?;
                }
            }
            self.errno.set(Some(errno.own()));
            self.strerror.set(Some(strerror.own()));
        }
        self.set_args(kept);
        Ok(())
    }

    /// `errno` if it is a small number.
    pub fn errno(&self) -> Option<i64> {
        Int::to_i64(self.errno.get()?.obj())
    }
}

#[pymethods]
impl OSError {
    fn __new__(th: Thread<'_>, cls: &Type, args: &Tuple, kwargs: Option<&Dict>) -> Result<Ref> {
        let mut cls = cls;
        let in_init = uses_init(cls);
        if !in_init {
            no_keywords(th, cls, kwargs)?;
            if std::ptr::eq(cls, OSError::type_object())
                && (2..=5).contains(&args.len())
                && let Some(class) = args.get(0).and_then(Int::to_i64).and_then(class_of_errno)
            {
                cls = class;
            }
        }
        let empty = Tuple::from_refs(th, Vec::new())?;
        let error = BaseException::alloc(th, cls, empty)?;
        // SAFETY: `cls` is a subtype of `OSError`.
        let error = unsafe { error.cast::<OSError>() };
        error.written.set(-1);
        if !in_init {
            error.fill(th, args)?;
        }
        Ok(error.upcast())
    }

    fn __init__(&self, th: Thread<'_>, args: &Tuple, kwargs: Option<&Dict>) -> Result<()> {
        let ty = self.obj().ty();
        if !uses_init(ty) {
            return Ok(());
        }
        no_keywords(th, ty, kwargs)?;
        self.fill(th, args)
    }

    fn __str__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let shown = |field: &Link| or_none(field.get()).str(th);
        if let Some(filename) = self.filename.get() {
            let (errno, strerror) = (shown(&self.errno)?, shown(&self.strerror)?);
            let filename = filename.repr(th)?;
            return match self.filename2.get() {
                Some(second) => {
                    let second = second.repr(th)?;
                    let text = format_args!("[Errno {errno}] {strerror}: {filename} -> {second}");
                    Str::from_fmt(th, text)
                }
                None => Str::from_fmt(th, format_args!("[Errno {errno}] {strerror}: {filename}")),
            };
        }
        if !self.errno.is_null() && !self.strerror.is_null() {
            let (errno, strerror) = (shown(&self.errno)?, shown(&self.strerror)?);
            return Str::from_fmt(th, format_args!("[Errno {errno}] {strerror}"));
        }
        self.plain_str(th)
    }

    /// Support for pickling.
    #[sig = "($self, /)"]
    fn __reduce__(&self, th: Thread<'_>) -> Result<Ref> {
        let mut args = self.args(th)?;
        if args.items().len() == 2
            && let Some(filename) = self.filename.get()
        {
            let mut items: Vec<Ref> = args.items().iter().map(|item| item.own()).collect();
            items.push(filename);
            if let Some(second) = self.filename2.get() {
                items.extend([crate::types::none().own(), second]);
            }
            args = Tuple::from_refs(th, items)?;
        }
        let ty = self.obj().ty().obj().own();
        match self.dict_opt() {
            Some(dict) => (ty, args, dict).into_object(th),
            None => (ty, args).into_object(th),
        }
    }

    #[getter]
    fn characters_written(&self, th: Thread<'_>) -> Result<isize> {
        match self.written.get() {
            -1 => raise!(th, AttributeError, "characters_written"),
            count => Ok(count),
        }
    }

    #[setter(characters_written)]
    fn set_characters_written(&self, th: Thread<'_>, value: Option<Obj<'_>>) -> Result<()> {
        let Some(value) = value else {
            if self.written.replace(-1) == -1 {
                raise!(th, AttributeError, "characters_written");
            }
            return Ok(());
        };
        self.written.set(Int::as_index(th, value, types::ValueError())?);
        Ok(())
    }

    #[declare]
    fn members(builder: &mut TypeBuilder<'_>) {
        let kind = abi::_Py_T_OBJECT;
        let mut member = |name, offset, doc| builder.member(name, kind, offset, 0, Some(doc));
        member(c"errno", offset_of!(OSError, errno), c"POSIX exception code");
        member(c"strerror", offset_of!(OSError, strerror), c"exception strerror");
        member(c"filename", offset_of!(OSError, filename), c"exception filename");
        member(c"filename2", offset_of!(OSError, filename2), c"second exception filename");
    }
}

/// Raise the `OSError` of an error number, with one or two file names.
#[cold]
pub fn os_error_with_filenames(
    th: Thread<'_>,
    errno: i32,
    filename: Option<Obj<'_>>,
    filename2: Option<Obj<'_>>,
) -> Raised {
    let make = || {
        let number = i64::from(errno).into_object(th)?;
        let message = Str::new(th, &strerror(errno))?.upcast();
        let none = crate::types::none();
        let mut args = vec![number.obj(), message.obj()];
        if let Some(filename) = filename {
            args.push(filename);
            if let Some(second) = filename2 {
                args.extend([none, second]);
            }
        }
        super::instantiate(th, OSError::type_object(), &args)
    };
    match make() {
        Ok(exception) => super::raise_instance(th, exception),
        Err(raised) => raised,
    }
}

/// Raise the `OSError` of an error number.
#[cold]
pub fn os_error(th: Thread<'_>, errno: i32, filename: Option<Obj<'_>>) -> Raised {
    os_error_with_filenames(th, errno, filename, None)
}

/// Raise the `OSError` of a failed operation of the standard library.
#[cold]
pub fn io_error(th: Thread<'_>, error: &std::io::Error, filename: Option<Obj<'_>>) -> Raised {
    match error.raw_os_error() {
        Some(errno) => os_error(th, errno, filename),
        None => th.raise(OSError::type_object(), format_args!("{error}")),
    }
}

/// `os.strerror(errno)`.
pub fn strerror(errno: i32) -> String {
    unsafe extern "C" {
        fn __xpg_strerror_r(errno: i32, buffer: *mut std::ffi::c_char, size: usize) -> i32;
    }
    let mut buffer = [0u8; 256];
    // SAFETY: the buffer has the size given; the text is cut to fit.
    unsafe { __xpg_strerror_r(errno, buffer.as_mut_ptr().cast(), buffer.len()) };
    let text = std::ffi::CStr::from_bytes_until_nul(&buffer).unwrap_or_default();
    text.to_string_lossy().into_owned()
}
