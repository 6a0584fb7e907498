//! `function`: code with its globals, defaults and closure.

use std::cell::Cell;

use macros::{pymethods, pytype};

use crate::{Code, Dict, Head, Link, Str, Tuple};

/// Create a function object.
#[pytype(name = "function", flags = METHOD_DESCRIPTOR | HAVE_VECTORCALL, layout = abi::PyFunctionObject, dictoffset = dict, weaklistoffset = weakreflist, vectorcall = vectorcall)]
pub struct Function {
    head: Head,
    pub globals: Link<Dict>,
    pub builtins: Link,
    pub name: Link<Str>,
    pub qualname: Link<Str>,
    pub code: Link<Code>,
    pub defaults: Link<Tuple>,
    pub kwdefaults: Link<Dict>,
    pub closure: Link<Tuple>,
    pub doc: Link,
    pub dict: Link<Dict>,
    pub weakreflist: Cell<*mut abi::PyObject>,
    pub module: Link,
    pub annotations: Link,
    pub annotate: Link,
    pub type_params: Link,
    pub vectorcall: Cell<Option<abi::vectorcallfunc>>,
    /// Identifies code, defaults and closure for caches; 0 = not assigned.
    pub version: Cell<u32>,
}

#[pymethods]
impl Function {}
