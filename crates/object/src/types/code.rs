//! `code`: compiled code.

use std::cell::Cell;

use macros::{pymethods, pytype};

use crate::{Bytes, Head, Link, Ref, Str, Traverse, Tuple, VarHead};

/// Code object.
///
/// Not for the faint of heart.
#[pytype(name = "code", flags = 0, itemsize = 2, traverse = manual)]
pub struct Code {
    head: VarHead,
    pub consts: Ref<Tuple>,
    pub names: Ref<Tuple>,
    pub exceptiontable: Ref<Bytes>,
    pub flags: i32,
    pub argcount: i32,
    pub posonlyargcount: i32,
    pub kwonlyargcount: i32,
    pub stacksize: i32,
    pub firstlineno: i32,
    pub nlocalsplus: i32,
    pub framesize: i32,
    pub nlocals: i32,
    pub ncellvars: i32,
    pub nfreevars: i32,
    pub version: Cell<u32>,
    pub localsplusnames: Ref<Tuple>,
    pub localspluskinds: Ref<Bytes>,
    pub filename: Ref<Str>,
    pub name: Ref<Str>,
    pub qualname: Ref<Str>,
    pub linetable: Ref<Bytes>,
    pub weakreflist: Cell<*mut abi::PyObject>,
}

impl Traverse for Code {
    const GC: bool = false;
    fn traverse(&self, _: &mut dyn FnMut(crate::Obj<'_>)) {}
}

#[pymethods]
impl Code {}

/// A cell: the box of a variable that closures share.
#[pytype(name = "cell", layout = abi::PyCellObject)]
pub struct CellObject {
    head: Head,
    pub contents: Link,
}

#[pymethods]
impl CellObject {}
