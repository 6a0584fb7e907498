//! The C API: what extension modules link against.
//!
//! One file per header of CPython's, or one for several small ones. A function
//! is a doorway without logic: `#[capi]` converts its arguments and result
//! ([`convert`]), its body calls the runtime. Variadic functions come in through
//! [`variadic`]; what is not written raises `NotImplementedError` ([`missing`]).
//! Nothing here is registered at run time: the executable exports the symbols.

mod convert;

mod abstract_;
mod bytesobject;
mod classobject;
mod code;
mod complexobject;
mod dictobject;
mod fileobject;
mod getargs;
mod getargs_clinic;
mod getargs_convert;
mod getargs_keywords;
mod initconfig;
mod listobject;
mod locks;
mod longobject;
mod missing;
mod modsupport;
mod moduleobject;
mod monitoring;
mod object_;
mod objimpl;
mod osmodule;
mod pybuffer;
mod pycapsule;
mod pyerrors;
pub mod pystate;
pub mod pythonrun;
mod setobject;
mod syntaxlocation;
mod sysmodule;
mod sysoptions;
mod traceback;
mod tupleobject;
mod typeobject;
mod unicode_format;
mod unicodeobject;
mod unicodewriter;
pub mod upcalls;
mod variadic;
mod warnings;
mod watchers;
