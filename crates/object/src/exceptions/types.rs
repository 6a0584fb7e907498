//! The table of exception types, bases before subtypes.
//!
//! A row with `own` is a type with methods or attributes, declared on its
//! instance struct; the others say base, instance layout and docstring.

use std::ffi::CStr;

use crate::{
    PyStruct, Traverse, Type,
    declare::{self, Declared, StaticType, TypeBuilder, TypeDecl},
};

use super::{attribute_errors, base, group, import_error, key_error, os_error, stop, syntax_error};
use super::{unicode_error, vectorcall};

const fn c_str(text: &'static str) -> &'static CStr {
    match CStr::from_bytes_with_nul(text.as_bytes()) {
        Ok(text) => text,
        Err(_) => c"?",
    }
}

/// The declaration of a type that adds nothing to its base.
const fn plain<L: Declared + Traverse>(
    ty: fn() -> &'static Type,
    base: fn() -> &'static Type,
    name: &'static str,
    doc: &'static str,
    declare: fn(&mut TypeBuilder<'_>),
) -> TypeDecl {
    TypeDecl {
        ty,
        name: c_str(name),
        doc: if doc.len() == 1 { None } else { Some(c_str(doc)) },
        base,
        metaclass: <Type as PyStruct>::type_object,
        basicsize: size_of::<L>(),
        itemsize: 0,
        flags: abi::Py_TPFLAGS_BASETYPE | abi::Py_TPFLAGS_BASE_EXC_SUBCLASS,
        dictoffset: base::DICT_OFFSET,
        weaklistoffset: 0,
        vectorcall_offset: 0,
        gc: true,
        dealloc: declare::dealloc::<L>,
        traverse: declare::traverse::<L>,
        clear: declare::clear::<L>,
        declare,
    }
}

macro_rules! accessor {
    ($name:ident (own $layout:path)) => {
        #[doc = concat!("`", stringify!($name), "`.")]
        #[allow(non_snake_case, reason = "named as in Python")]
        #[inline(always)]
        pub fn $name() -> &'static Type {
            <$layout as PyStruct>::type_object()
        }
    };
    ($name:ident ($base:ident, $layout:path, $declare:expr, $doc:literal)) => {
        #[doc = concat!("`", stringify!($name), "`. ", $doc)]
        #[allow(non_snake_case, reason = "named as in Python")]
        #[inline(always)]
        pub fn $name() -> &'static Type {
            #[unsafe(export_name = concat!("_PyExc_", stringify!($name)))]
            static TYPE: StaticType = StaticType::new();
            TYPE.get()
        }
    };
}

/// A variable that holds a type: what C code calls an exception.
#[repr(transparent)]
struct Pointer(*const StaticType);

// SAFETY: never changed.
unsafe impl Sync for Pointer {}

macro_rules! pointer {
    ($name:ident) => {
        const _: () = {
            unsafe extern "C" {
                #[link_name = concat!("_PyExc_", stringify!($name))]
                static TYPE: StaticType;
            }
            #[unsafe(export_name = concat!("PyExc_", stringify!($name)))]
            static POINTER: Pointer = Pointer(&raw const TYPE);
        };
    };
}

macro_rules! declaration {
    ($name:ident (own $layout:path)) => {
        <$layout as Declared>::DECL
    };
    ($name:ident ($base:ident, $layout:path, $declare:expr, $doc:literal)) => {
        &const {
            plain::<$layout>(
                $name,
                $base,
                concat!(stringify!($name), "\0"),
                concat!($doc, "\0"),
                $declare,
            )
        }
    };
}

macro_rules! exceptions {
    ($($name:ident $row:tt;)*) => {
        $( accessor! { $name $row } )*

        $( pointer! { $name } )*

        /// Every row.
        pub(super) static ROWS: &[(&str, &TypeDecl)] =
            &[$( (stringify!($name), declaration! { $name $row }) ),*];
    };
}

use self::nothing as inherit;
use base::BaseException as Base;
use import_error::ImportError as Import;
use os_error::OSError as Os;
use syntax_error::SyntaxError as Syntax;

fn nothing(_: &mut TypeBuilder<'_>) {}

/// Calls of a plain type need neither `tp_new` nor `tp_init`.
fn direct(builder: &mut TypeBuilder<'_>) {
    builder.ty().tp_vectorcall = Some(vectorcall);
}

exceptions! {
    BaseException (own base::BaseException);
    BaseExceptionGroup (own group::BaseExceptionGroup);
    Exception (BaseException, Base, direct, "Common base class for all non-exit exceptions.");
    ExceptionGroup (BaseExceptionGroup, group::BaseExceptionGroup, inherit, "");
    GeneratorExit (BaseException, Base, direct, "Request that a generator exit.");
    KeyboardInterrupt (BaseException, Base, direct, "Program interrupted by user.");
    SystemExit (own stop::SystemExit);
    ArithmeticError (Exception, Base, direct, "Base class for arithmetic errors.");
    FloatingPointError (ArithmeticError, Base, direct, "Floating-point operation failed.");
    OverflowError (ArithmeticError, Base, direct, "Result too large to be represented.");
    ZeroDivisionError (ArithmeticError, Base, direct, "Second argument to a division or modulo operation was zero.");
    AssertionError (Exception, Base, direct, "Assertion failed.");
    AttributeError (own attribute_errors::AttributeError);
    BufferError (Exception, Base, direct, "Buffer error.");
    EOFError (Exception, Base, direct, "Read beyond end of file.");
    ImportError (own import_error::ImportError);
    ModuleNotFoundError (ImportError, Import, inherit, "Module not found.");
    LookupError (Exception, Base, direct, "Base class for lookup errors.");
    IndexError (LookupError, Base, direct, "Sequence index out of range.");
    KeyError (own key_error::KeyError);
    MemoryError (Exception, Base, direct, "Out of memory.");
    NameError (own attribute_errors::NameError);
    UnboundLocalError (NameError, attribute_errors::NameError, inherit, "Local name referenced but not bound to a value.");
    OSError (own os_error::OSError);
    BlockingIOError (OSError, Os, inherit, "I/O operation would block.");
    ChildProcessError (OSError, Os, inherit, "Child process error.");
    ConnectionError (OSError, Os, inherit, "Connection error.");
    BrokenPipeError (ConnectionError, Os, inherit, "Broken pipe.");
    ConnectionAbortedError (ConnectionError, Os, inherit, "Connection aborted.");
    ConnectionRefusedError (ConnectionError, Os, inherit, "Connection refused.");
    ConnectionResetError (ConnectionError, Os, inherit, "Connection reset.");
    FileExistsError (OSError, Os, inherit, "File already exists.");
    FileNotFoundError (OSError, Os, inherit, "File not found.");
    InterruptedError (OSError, Os, inherit, "Interrupted by signal.");
    IsADirectoryError (OSError, Os, inherit, "Operation doesn't work on directories.");
    NotADirectoryError (OSError, Os, inherit, "Operation only works on directories.");
    PermissionError (OSError, Os, inherit, "Not enough permissions.");
    ProcessLookupError (OSError, Os, inherit, "Process not found.");
    TimeoutError (OSError, Os, inherit, "Timeout expired.");
    ReferenceError (Exception, Base, direct, "Weak ref proxy used after referent went away.");
    RuntimeError (Exception, Base, direct, "Unspecified run-time error.");
    NotImplementedError (RuntimeError, Base, direct, "Method or function hasn't been implemented yet.");
    PythonFinalizationError (RuntimeError, Base, direct, "Operation blocked during Python finalization.");
    RecursionError (RuntimeError, Base, direct, "Recursion limit exceeded.");
    StopAsyncIteration (Exception, Base, direct, "Signal the end from iterator.__anext__().");
    StopIteration (own stop::StopIteration);
    SyntaxError (own syntax_error::SyntaxError);
    IndentationError (SyntaxError, Syntax, inherit, "Improper indentation.");
    TabError (IndentationError, Syntax, inherit, "Improper mixture of spaces and tabs.");
    _IncompleteInputError (SyntaxError, Syntax, inherit, "incomplete input.");
    SystemError (Exception, Base, direct, "Internal error in the Python interpreter.\n\nPlease report this to the Python maintainer, along with the traceback,\nthe Python version, and the hardware/OS platform and version.");
    TypeError (Exception, Base, direct, "Inappropriate argument type.");
    ValueError (Exception, Base, direct, "Inappropriate argument value (of correct type).");
    UnicodeError (ValueError, Base, direct, "Unicode related error.");
    UnicodeDecodeError (own unicode_error::UnicodeDecodeError);
    UnicodeEncodeError (own unicode_error::UnicodeEncodeError);
    UnicodeTranslateError (own unicode_error::UnicodeTranslateError);
    Warning (Exception, Base, direct, "Base class for warning categories.");
    BytesWarning (Warning, Base, direct, "Base class for warnings about bytes and buffer related problems, mostly\nrelated to conversion from str or comparing to str.");
    DeprecationWarning (Warning, Base, direct, "Base class for warnings about deprecated features.");
    EncodingWarning (Warning, Base, direct, "Base class for warnings about encodings.");
    FutureWarning (Warning, Base, direct, "Base class for warnings about constructs that will change semantically\nin the future.");
    ImportWarning (Warning, Base, direct, "Base class for warnings about probable mistakes in module imports");
    PendingDeprecationWarning (Warning, Base, direct, "Base class for warnings about features which will be deprecated\nin the future.");
    ResourceWarning (Warning, Base, direct, "Base class for warnings about resource usage.");
    RuntimeWarning (Warning, Base, direct, "Base class for warnings about dubious runtime behavior.");
    SyntaxWarning (Warning, Base, direct, "Base class for warnings about dubious syntax.");
    UnicodeWarning (Warning, Base, direct, "Base class for warnings about Unicode related problems, mostly\nrelated to conversion problems.");
    UserWarning (Warning, Base, direct, "Base class for warnings generated by user code.");
}

/// Exceptions that are no builtins.
macro_rules! outside {
    ($($name:ident ($full:literal, $base:ident, $doc:literal);)*) => {
        $( accessor! { $name ($base, Base, direct, $doc) } )*

        $( pointer! { $name } )*

        pub(super) static OUTSIDE: &[&TypeDecl] = &[$(
            &const {
                plain::<Base>($name, $base, concat!($full, "\0"), concat!($doc, "\0"), direct)
            }
        ),*];
    };
}

outside! {
    InterpreterError ("concurrent.interpreters.InterpreterError", Exception, "A cross-interpreter operation failed");
    InterpreterNotFoundError ("concurrent.interpreters.InterpreterNotFoundError", InterpreterError, "An interpreter was not found");
}
