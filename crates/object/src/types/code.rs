//! `code`: compiled code.
//!
//! The fields up to `weakreflist` are those of `PyCodeObject`. What executes
//! are the units behind them: the instructions with their inline caches, rewritten while they
//! run; `co_code` is made from it by taking every opcode back to its generic
//! form and emptying the caches.

use std::{
    cell::{Cell, UnsafeCell},
    mem::offset_of,
};

use bytecode::{Op, code_flags, fast_kind, linetable};
use macros::{pymethods, pytype};

use crate::{
    AsObject, Bytes, CompareOp, Float, Int, Kwargs, Link, List, Obj, Protocol, Ref, Result, Str,
    Thread, Traverse, Tuple, Type, VarHead, alloc_object,
    declare::TypeBuilder,
    error, protocol, raise,
    types::{self, code_extra},
    watch::{self, CodeEvent},
};

pub use super::cell::CellObject;

/// Code object.
///
/// Not for the faint of heart.
#[pytype(name = "code", c_name = "PyCode_Type", sig = "(argcount, posonlyargcount, kwonlyargcount, nlocals, stacksize,\n     flags, codestring, constants, names, varnames, filename, name,\n     qualname, firstlineno, linetable, exceptiontable, freevars=(),\n     cellvars=(), /)", flags = 0, itemsize = 2, weaklistoffset = weakreflist, traverse = manual)]
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
    /// Words of a frame.
    pub framesize: i32,
    pub nlocals: i32,
    pub ncellvars: i32,
    pub nfreevars: i32,
    pub version: Cell<u32>,
    pub localsplusnames: Ref<Tuple>,
    pub localspluskinds: Ref<Bytes>,
    filename: Link<Str>,
    pub name: Ref<Str>,
    pub qualname: Ref<Str>,
    pub linetable: Ref<Bytes>,
    pub weakreflist: Cell<*mut abi::PyObject>,
    /// Where CPython has caches that C code does not look at.
    _unused: [usize; 2],
    /// Caches: `co_code`, and who else keeps something here (tracing).
    code_bytes: Link<Bytes>,
    pub monitoring: Link,
    simple: Simple,
    /// The first instruction at which the frame may be seen. Code of C that
    /// makes code objects for its functions writes it.
    first_traceable: Cell<i32>,
    /// What C code keeps here.
    extras: code_extra::Extras,
    // The instructions follow.
}

// Code that switches stacks compares a frame's instruction pointer with these.
const _: () = assert!(
    std::mem::offset_of!(Code, first_traceable)
        == std::mem::offset_of!(abi::PyCodeObject, _co_firsttraceable)
        && size_of::<Code>() == std::mem::offset_of!(abi::PyCodeObject, co_code_adaptive)
);

/// Takes exactly `argcount` positional arguments and nothing else.
#[repr(align(8))]
struct Simple(bool);

impl Traverse for Code {
    const GC: bool = false;
    fn traverse(&self, _: &mut dyn FnMut(Obj<'_>)) {}
}

/// Words of a frame before its variables, as the interpreter lays it out.
const FRAME_WORDS: i32 = 10;

/// What a code object is made of.
pub struct CodeParts {
    pub argcount: i32,
    pub posonlyargcount: i32,
    pub kwonlyargcount: i32,
    pub stacksize: i32,
    pub flags: i32,
    pub code: Ref<Bytes>,
    pub consts: Ref<Tuple>,
    pub names: Ref<Tuple>,
    pub localsplusnames: Ref<Tuple>,
    pub localspluskinds: Ref<Bytes>,
    pub filename: Ref<Str>,
    pub name: Ref<Str>,
    pub qualname: Ref<Str>,
    pub firstlineno: i32,
    pub linetable: Ref<Bytes>,
    pub exceptiontable: Ref<Bytes>,
}

impl CodeParts {
    /// Where the positional-only, the positional and all named arguments end.
    fn named_arguments(&self) -> [usize; 3] {
        let counts = [self.posonlyargcount, self.argcount, self.kwonlyargcount];
        let [positional_only, positional, keyword_only] =
            counts.map(|count| usize::try_from(count).unwrap_or(0));
        [positional_only, positional, positional + keyword_only]
    }

    /// How many variables are arguments.
    fn arguments(&self) -> usize {
        let [.., named] = self.named_arguments();
        let flag = |bit: i32| usize::from(self.flags & bit != 0);
        named + flag(abi::CO_VARARGS) + flag(abi::CO_VARKEYWORDS)
    }
}

impl Code {
    /// Make a code object, names interned.
    pub fn create(th: Thread<'_>, parts: CodeParts) -> Result<Ref<Code>> {
        let kinds = parts.localspluskinds.as_bytes();
        let count = |kind: u8| kinds.iter().filter(|k| **k & kind != 0).count() as i32;
        let nlocalsplus = kinds.len() as i32;
        let (nlocals, ncellvars, nfreevars) = (
            count(fast_kind::CO_FAST_LOCAL),
            count(fast_kind::CO_FAST_CELL),
            count(fast_kind::CO_FAST_FREE),
        );
        let units = quicken(parts.code.as_bytes());
        let resume = Op::RESUME as u16;
        // SAFETY: nobody else sees the units yet.
        let is_resume = |unit: &UnsafeCell<u16>| unsafe { *unit.get() } & 0xFF == resume;
        let first_traceable = units.iter().position(is_resume).unwrap_or(0) as i32;
        let special = abi::CO_VARARGS | abi::CO_VARKEYWORDS;
        let code = Code {
            head: VarHead::new(units.len() as isize),
            consts: parts.consts,
            names: parts.names,
            exceptiontable: parts.exceptiontable,
            flags: parts.flags,
            argcount: parts.argcount,
            posonlyargcount: parts.posonlyargcount,
            kwonlyargcount: parts.kwonlyargcount,
            stacksize: parts.stacksize,
            firstlineno: parts.firstlineno,
            nlocalsplus,
            framesize: nlocalsplus + parts.stacksize + FRAME_WORDS,
            nlocals,
            ncellvars,
            nfreevars,
            version: Cell::new(0),
            localsplusnames: parts.localsplusnames,
            localspluskinds: parts.localspluskinds,
            filename: Link::new(parts.filename),
            name: parts.name,
            qualname: parts.qualname,
            linetable: parts.linetable,
            weakreflist: Cell::new(std::ptr::null_mut()),
            _unused: [0; 2],
            code_bytes: Link::null(),
            monitoring: Link::null(),
            simple: Simple(
                parts.flags & special == 0
                    && parts.flags & abi::CO_OPTIMIZED != 0
                    && parts.kwonlyargcount == 0,
            ),
            first_traceable: Cell::new(first_traceable),
            extras: code_extra::Extras::default(),
        };
        // Code objects of Cython have none; it is not run, but must not run away.
        let end = if units.is_empty() { 1 } else { 0 };
        let object = alloc_object::alloc_items::<Code>(th, units.len() + end)?;
        // SAFETY: the header was filled in.
        let head = unsafe { object.read() };
        // SAFETY: fresh memory for a `Code` and its units.
        unsafe { object.cast::<Code>().write(code) };
        // SAFETY: as above; the header comes back over the placeholder.
        unsafe { object.write(head) };
        // SAFETY: the header's count is the reference we hand over.
        let code = unsafe { Ref::<Code>::from_owned(object) };
        code.head.set_size(units.len() as isize);
        // SAFETY: as many units fit behind the object.
        unsafe { code.units().copy_from_nonoverlapping(units.as_ptr().cast(), units.len()) };
        if end > 0 {
            // SAFETY: there is room for one unit.
            unsafe { code.units().write(Op::RAISE_VARARGS.number()) };
        }
        if th.interp().watchers.code.any() {
            watch::code(th, CodeEvent::Create, &code);
        }
        Ok(code)
    }

    /// The code of a function that does nothing, for entries of tracebacks.
    pub fn new_empty(
        th: Thread<'_>,
        filename: Ref<Str>,
        name: Ref<Str>,
        line: i32,
    ) -> Result<Ref<Code>> {
        let units = [(Op::RESUME, 0u8), (Op::LOAD_COMMON_CONSTANT, 0), (Op::RAISE_VARARGS, 1)];
        // Nothing but `raise AssertionError`.
        let code = units.into_iter().flat_map(|(op, arg)| [op.number() as u8, arg]);
        let code: Vec<u8> = code.collect();
        let nothing = || Tuple::from_refs(th, Vec::new());
        let parts = CodeParts {
            argcount: 0,
            posonlyargcount: 0,
            kwonlyargcount: 0,
            stacksize: 1,
            flags: abi::CO_OPTIMIZED | abi::CO_NEWLOCALS,
            code: Bytes::new(th, &code)?,
            consts: nothing()?,
            names: nothing()?,
            localsplusnames: nothing()?,
            localspluskinds: Bytes::new(th, &[])?,
            filename,
            qualname: name.clone(),
            name,
            firstlineno: line,
            // One entry without columns, at the first line, for all units.
            linetable: Bytes::new(th, &[0x80 | 13 << 3 | (units.len() as u8 - 1), 0])?,
            exceptiontable: Bytes::new(th, b"")?,
        };
        Self::create(th, parts)
    }

    /// What C code keeps here, by index.
    pub fn extras(&self) -> &code_extra::Extras {
        &self.extras
    }

    /// `co_filename`.
    pub fn filename(&self) -> Ref<Str> {
        self.filename.get().unwrap_or_else(|| self.name.clone())
    }

    /// Change `co_filename`, for code that was loaded from elsewhere.
    pub fn set_filename(&self, filename: Ref<Str>) {
        self.filename.set(Some(filename));
    }

    /// The instructions that execute.
    #[inline(always)]
    pub fn units(&self) -> *mut u16 {
        std::ptr::from_ref(self).wrapping_add(1).cast_mut().cast()
    }

    fn cells(&self) -> &[UnsafeCell<u16>] {
        // SAFETY: the units were allocated and written with the object.
        unsafe { std::slice::from_raw_parts(self.units().cast(), self.unit_count()) }
    }

    /// How many code units.
    #[inline]
    pub fn unit_count(&self) -> usize {
        self.head.size() as usize
    }

    /// The constants, as the interpreter loads them.
    #[inline(always)]
    pub fn consts_ptr(&self) -> *const *mut abi::PyObject {
        self.consts.items_ptr()
    }

    /// The names, as the interpreter loads them.
    #[inline(always)]
    pub fn names_ptr(&self) -> *const *mut abi::PyObject {
        self.names.items_ptr()
    }

    /// Whether a call needs nothing but `argcount` positional arguments.
    #[inline(always)]
    pub fn is_simple(&self) -> bool {
        self.simple.0
    }

    /// The first instruction at which the frame may be seen.
    pub fn first_traceable(&self) -> i32 {
        self.first_traceable.get()
    }

    /// The name of a variable.
    pub fn local_name(&self, index: usize) -> &Str {
        match self.localsplusnames.items().get(index).and_then(|name| name.downcast::<Str>()) {
            Some(name) => name,
            None => &self.name,
        }
    }

    /// The kind of a variable, bits of `fast_kind`.
    pub fn local_kind(&self, index: usize) -> u8 {
        self.localspluskinds.as_bytes().get(index).copied().unwrap_or(0)
    }

    /// The line of an instruction, by its offset in code units.
    pub fn line_at(&self, unit: u32) -> Option<i32> {
        linetable::line_at(self.linetable.as_bytes(), self.firstlineno, unit as usize)
    }

    /// `co_filename`, borrowed; null if it was never set.
    pub fn filename_ptr(&self) -> *mut abi::PyObject {
        self.filename.as_ptr()
    }

    /// The opcode at an offset in its generic form, and its argument byte.
    pub fn instruction(&self, unit: usize) -> Option<(Op, u8)> {
        // SAFETY: units are plain numbers that only this thread writes.
        let word = unsafe { *self.cells().get(unit)?.get() };
        let mut op = Op::from_number(word & 0xFF).map_or(Op::RESERVED, Op::base);
        if op.is_instrumented() {
            // A line's or instruction's event hides the opcode.
            let original = self.code_bytes.get()?.as_bytes().get(2 * unit).copied()?;
            op = Op::from_number(u16::from(original))?;
        }
        Some((op, (word >> 8) as u8))
    }

    /// `co_code`.
    pub fn code(&self, th: Thread<'_>) -> Result<Ref<Bytes>> {
        if let Some(bytes) = self.code_bytes.get() {
            return Ok(bytes);
        }
        let mut bytes = Vec::with_capacity(self.unit_count() * 2);
        while let Some((op, arg)) = self.instruction(bytes.len() / 2) {
            bytes.extend([op.number() as u8, arg]);
            bytes.resize(bytes.len() + 2 * op.caches(), 0);
        }
        let bytes = Bytes::new(th, &bytes)?;
        self.code_bytes.set(Some(bytes.clone()));
        Ok(bytes)
    }

    fn variables(&self, th: Thread<'_>, kind: u8) -> Result<Ref<Tuple>> {
        let names = self.localsplusnames.items().iter().enumerate();
        let names = names.filter(|(i, _)| self.local_kind(*i) & kind != 0);
        Tuple::from_refs(th, names.map(|(_, name)| name.own()).collect())
    }

    fn parts(&self, th: Thread<'_>) -> Result<CodeParts> {
        Ok(CodeParts {
            argcount: self.argcount,
            posonlyargcount: self.posonlyargcount,
            kwonlyargcount: self.kwonlyargcount,
            stacksize: self.stacksize,
            flags: self.flags,
            code: self.code(th)?,
            consts: self.consts.clone(),
            names: self.names.clone(),
            localsplusnames: self.localsplusnames.clone(),
            localspluskinds: self.localspluskinds.clone(),
            filename: self.filename(),
            name: self.name.clone(),
            qualname: self.qualname.clone(),
            firstlineno: self.firstlineno,
            linetable: self.linetable.clone(),
            exceptiontable: self.exceptiontable.clone(),
        })
    }

    /// A copy with a `CO_*` flag set, for `types.coroutine`.
    pub fn with_flags(&self, th: Thread<'_>, flags: i32) -> Result<Ref<Code>> {
        let mut parts = self.parts(th)?;
        parts.flags |= flags;
        Code::create(th, parts)
    }
}

/// Code units from bytes, each adaptive counter at its start.
fn quicken(code: &[u8]) -> Box<[UnsafeCell<u16>]> {
    /// An instruction specialises when it runs for the second time.
    const WARMUP: u16 = 1 << 4;
    let mut units: Vec<UnsafeCell<u16>> = code
        .chunks_exact(2)
        .map(|pair| UnsafeCell::new(u16::from(pair[0]) | u16::from(pair[1]) << 8))
        .collect();
    let mut i = 0;
    while i < units.len() {
        let op = Op::from_number(*units[i].get_mut() & 0xFF);
        let caches = op.map_or(0, Op::caches);
        if caches > 0
            && let Some(counter) = units.get_mut(i + 1)
        {
            *counter.get_mut() = WARMUP;
        }
        i += 1 + caches;
    }
    units.into_boxed_slice()
}

/// Whether constants are the same, with their types and signs of zero.
fn same_constants(th: Thread<'_>, a: &Tuple, b: &Tuple) -> Result<bool> {
    if a.len() != b.len() {
        return Ok(false);
    }
    for (a, b) in a.items().iter().zip(b.items()) {
        if !same_constant(th, *a, *b)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn same_constant(th: Thread<'_>, a: Obj<'_>, b: Obj<'_>) -> Result<bool> {
    if a.is(b) {
        return Ok(true);
    }
    if !std::ptr::eq(a.ty(), b.ty()) {
        return Ok(false);
    }
    if let (Some(a), Some(b)) = (a.downcast_exact::<Tuple>(), b.downcast_exact::<Tuple>()) {
        return same_constants(th, a, b);
    }
    if let (Some(a), Some(b)) = (a.downcast_exact::<Float>(), b.downcast_exact::<Float>()) {
        return Ok(a.value().to_bits() == b.value().to_bits());
    }
    protocol::compare::eq(th, a, b)
}

/// A tuple of strings given from outside, interned.
fn name_tuple(th: Thread<'_>, tuple: &Tuple) -> Result<Ref<Tuple>> {
    let mut names = Vec::new();
    for name in tuple.items() {
        let Some(name) = name.downcast::<Str>() else {
            raise!(
                th,
                TypeError,
                "name tuples must contain only strings, not '{}'",
                name.type_name()
            );
        };
        names.push(Str::intern(th, name.to_utf8(th)?)?.upcast());
    }
    Tuple::from_refs(th, names)
}

/// Names and kinds of all variables, from the three tuples Python code sees.
fn localsplus(
    th: Thread<'_>,
    parts: &CodeParts,
    varnames: &Tuple,
    cellvars: &Tuple,
    freevars: &Tuple,
) -> Result<(Ref<Tuple>, Vec<u8>)> {
    let flag = |bit: i32| parts.flags & bit != 0;
    let arguments = parts.arguments();
    if varnames.len() < arguments {
        raise!(th, ValueError, "code: co_varnames is too small");
    }
    let [positional_only, positional, total] = parts.named_arguments();
    let (mut names, mut kinds) = (Vec::new(), Vec::new());
    for (i, name) in varnames.items().iter().enumerate() {
        let mut kind = fast_kind::CO_FAST_LOCAL;
        kind |= match i {
            _ if i < positional_only => fast_kind::CO_FAST_ARG_POS,
            _ if i < positional => fast_kind::CO_FAST_ARG_POS | fast_kind::CO_FAST_ARG_KW,
            _ if i < total => fast_kind::CO_FAST_ARG_KW,
            _ if i == total && flag(abi::CO_VARARGS) => {
                fast_kind::CO_FAST_ARG_VAR | fast_kind::CO_FAST_ARG_POS
            }
            _ if i < arguments => fast_kind::CO_FAST_ARG_VAR | fast_kind::CO_FAST_ARG_KW,
            _ => 0,
        };
        names.push(name.own());
        kinds.push(kind);
    }
    'cells: for cell in cellvars.items() {
        for (i, name) in varnames.items().iter().enumerate() {
            if protocol::compare::eq(th, *cell, *name)? {
                kinds[i] |= fast_kind::CO_FAST_CELL;
                continue 'cells;
            }
        }
        names.push(cell.own());
        kinds.push(fast_kind::CO_FAST_CELL);
    }
    for free in freevars.items() {
        names.push(free.own());
        kinds.push(fast_kind::CO_FAST_FREE);
    }
    let names = Tuple::from_refs(th, names)?;
    Ok((name_tuple(th, &names)?, kinds))
}

fn validate(th: Thread<'_>, parts: &CodeParts) -> Result<()> {
    if parts.argcount < parts.posonlyargcount
        || parts.posonlyargcount < 0
        || parts.kwonlyargcount < 0
        || parts.stacksize < 0
        || parts.flags < 0
    {
        raise!(th, ValueError, "code: argument counts are inconsistent");
    }
    let is_local = |kind: &&u8| **kind & fast_kind::CO_FAST_LOCAL != 0;
    if parts.localspluskinds.as_bytes().iter().filter(is_local).count() < parts.arguments() {
        raise!(th, ValueError, "code: co_varnames is too small");
    }
    let code = parts.code.as_bytes();
    if !code.len().is_multiple_of(2) {
        raise!(th, ValueError, "code: co_code is malformed");
    }
    if parts.stacksize > 1 << 24 || parts.localspluskinds.len() > 1 << 24 {
        raise!(th, OverflowError, "code: co_stacksize is too large");
    }
    Ok(())
}

fn none_or_int(th: Thread<'_>, value: Option<i32>) -> Result<Ref> {
    match value {
        Some(value) => Int::from_i64(th, i64::from(value)),
        None => Ok(types::none().own()),
    }
}

macro_rules! getters {
    ($($name:ident: $ty:ty = |$this:ident, $th:ident| $value:expr;)*) => {
        #[pymethods(part = fields)]
        impl Code { $(
            #[getter]
            fn $name(&self, th: Thread<'_>) -> Result<$ty> {
                let ($this, $th) = (self, th);
                let _ = $th;
                Ok($value)
            }
        )* }
    };
}

getters! {
    co_code: Ref<Bytes> = |this, th| this.code(th)?;
    co_varnames: Ref<Tuple> = |this, th| this.variables(th, fast_kind::CO_FAST_LOCAL)?;
    co_cellvars: Ref<Tuple> = |this, th| this.variables(th, fast_kind::CO_FAST_CELL)?;
    co_freevars: Ref<Tuple> = |this, th| this.variables(th, fast_kind::CO_FAST_FREE)?;
}

#[pymethods(parts(fields))]
impl Code {
    #[declare]
    fn members(b: &mut TypeBuilder<'_>) {
        let (read_only, object, int) = (abi::Py_READONLY, abi::_Py_T_OBJECT, abi::Py_T_INT);
        b.member(c"co_argcount", int, offset_of!(Code, argcount), read_only, None);
        b.member(c"co_posonlyargcount", int, offset_of!(Code, posonlyargcount), read_only, None);
        b.member(c"co_kwonlyargcount", int, offset_of!(Code, kwonlyargcount), read_only, None);
        b.member(c"co_stacksize", int, offset_of!(Code, stacksize), read_only, None);
        b.member(c"co_flags", int, offset_of!(Code, flags), read_only, None);
        b.member(c"co_nlocals", int, offset_of!(Code, nlocals), read_only, None);
        b.member(c"co_firstlineno", int, offset_of!(Code, firstlineno), read_only, None);
        b.member(c"co_names", object, offset_of!(Code, names), read_only, None);
        b.member(c"co_consts", object, offset_of!(Code, consts), read_only, None);
        b.member(c"co_filename", object, offset_of!(Code, filename), read_only, None);
        b.member(c"co_name", object, offset_of!(Code, name), read_only, None);
        b.member(c"co_qualname", object, offset_of!(Code, qualname), read_only, None);
        b.member(c"co_linetable", object, offset_of!(Code, linetable), read_only, None);
        b.member(c"co_exceptiontable", object, offset_of!(Code, exceptiontable), read_only, None);
    }

    #[allow(clippy::too_many_arguments, reason = "the signature is Python's")]
    #[sig = "code(argcount, posonlyargcount, kwonlyargcount, nlocals, stacksize, flags, codestring, constants, names, varnames, filename, name, qualname, firstlineno, linetable, exceptiontable, freevars=(), cellvars=(), /)"]
    fn __new__(
        th: Thread<'_>,
        _: &Type,
        argcount: i32,
        posonlyargcount: i32,
        kwonlyargcount: i32,
        nlocals: i32,
        stacksize: i32,
        flags: i32,
        codestring: &Bytes,
        constants: &Tuple,
        names: &Tuple,
        varnames: &Tuple,
        filename: &Str,
        name: &Str,
        qualname: &Str,
        firstlineno: i32,
        linetable: &Bytes,
        exceptiontable: &Bytes,
        freevars: Option<&Tuple>,
        cellvars: Option<&Tuple>,
    ) -> Result<Ref<Code>> {
        let empty = Tuple::from_refs(th, Vec::new())?;
        let mut parts = CodeParts {
            argcount,
            posonlyargcount,
            kwonlyargcount,
            stacksize,
            flags,
            code: crate::own(codestring),
            consts: crate::own(constants),
            names: name_tuple(th, names)?,
            localsplusnames: empty.clone(),
            localspluskinds: Bytes::new(th, &[])?,
            filename: crate::own(filename),
            name: Str::intern(th, name.to_utf8(th)?)?,
            qualname: Str::intern(th, qualname.to_utf8(th)?)?,
            firstlineno,
            linetable: crate::own(linetable),
            exceptiontable: crate::own(exceptiontable),
        };
        if nlocals as usize != varnames.len() {
            raise!(th, ValueError, "code: co_nlocals != len(co_varnames)");
        }
        let (free, cell) = (freevars.unwrap_or(&empty), cellvars.unwrap_or(&empty));
        let (names, kinds) = localsplus(th, &parts, varnames, cell, free)?;
        (parts.localsplusnames, parts.localspluskinds) = (names, Bytes::new(th, &kinds)?);
        validate(th, &parts)?;
        Code::create(th, parts)
    }

    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        let line = if self.firstlineno != 0 { self.firstlineno } else { -1 };
        Str::from_fmt(
            th,
            format_args!(
                "<code object {} at {:p}, file \"{}\", line {line}>",
                &*self.name,
                std::ptr::from_ref(self),
                &*self.filename()
            ),
        )
    }

    fn tp_richcompare(&self, th: Thread<'_>, other: Obj<'_>, op: CompareOp) -> Result<Ref> {
        let Some(other) = other.downcast::<Code>() else {
            return Ok(types::not_implemented().own());
        };
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(types::not_implemented().own());
        }
        let same_object = |a: Obj<'_>, b: Obj<'_>| protocol::compare::eq(th, a, b);
        let same = same_object(self.name.obj(), other.name.obj())?
            && self.argcount == other.argcount
            && self.posonlyargcount == other.posonlyargcount
            && self.kwonlyargcount == other.kwonlyargcount
            && self.flags == other.flags
            && self.firstlineno == other.firstlineno
            && self.code(th)?.as_bytes() == other.code(th)?.as_bytes()
            && same_constants(th, &self.consts, &other.consts)?
            && same_object(self.names.obj(), other.names.obj())?
            && same_object(self.localsplusnames.obj(), other.localsplusnames.obj())?
            && self.linetable.as_bytes() == other.linetable.as_bytes()
            && self.exceptiontable.as_bytes() == other.exceptiontable.as_bytes();
        Ok(types::bool_(same == (op == CompareOp::Eq)).own())
    }

    fn __hash__(&self, th: Thread<'_>) -> Result<isize> {
        let mut hash: usize = 20221211;
        let mut mix = |value: usize| {
            hash ^= value;
            hash = hash.wrapping_mul(1_000_003);
        };
        mix(self.name.obj().hash(th)? as usize);
        mix(self.consts.len());
        mix(self.localsplusnames.obj().hash(th)? as usize);
        mix(self.linetable.obj().hash(th)? as usize);
        mix(self.exceptiontable.obj().hash(th)? as usize);
        for number in [
            self.argcount,
            self.posonlyargcount,
            self.kwonlyargcount,
            self.flags,
            self.firstlineno,
            self.unit_count() as i32,
        ] {
            mix(number as usize);
        }
        let mut unit = 0;
        while let Some((op, arg)) = self.instruction(unit) {
            mix(op.number() as usize);
            mix(usize::from(arg));
            unit += 1 + op.caches();
        }
        Ok(hash as isize)
    }

    /// The instructions as they are now; of those that CPython does not have, what they stand for.
    #[getter]
    fn _co_code_adaptive(&self, th: Thread<'_>) -> Result<Ref<Bytes>> {
        // SAFETY: units are plain numbers that only this thread writes.
        let units = self.cells().iter().map(|unit| unsafe { *unit.get() });
        let mut bytes: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
        let mut at = 0;
        while let Some((op, _)) = self.instruction(at) {
            if let Some(number) = bytes.get_mut(2 * at)
                && Op::from_number(u16::from(*number)).is_some_and(Op::is_own)
            {
                *number = op.number() as u8;
            }
            at += 1 + op.caches();
        }
        Bytes::new(th, &bytes)
    }

    /// The old line table.
    #[getter]
    fn co_lnotab(&self, th: Thread<'_>) -> Result<Ref<Bytes>> {
        let message = Str::new(th, "co_lnotab is deprecated, use co_lines instead.")?;
        let category = crate::exceptions::types::DeprecationWarning();
        (th.hooks().warn)(th, category.obj(), &message, 1)?;
        let (mut bytes, mut line, mut at) = (Vec::new(), self.firstlineno, 0);
        for (start, _, next) in linetable::lines(self.linetable.as_bytes(), self.firstlineno) {
            let Some(next) = next.filter(|next| *next != line) else { continue };
            let (mut delta, mut step) = (next - line, start - at);
            while step > 255 {
                bytes.extend([255, 0]);
                step -= 255;
            }
            while !(-128..=127).contains(&delta) {
                let part = delta.clamp(-128, 127);
                bytes.extend([step as u8, part as i8 as u8]);
                delta -= part;
                step = 0;
            }
            bytes.extend([step as u8, delta as i8 as u8]);
            (line, at) = (next, start);
        }
        Bytes::new(th, &bytes)
    }

    /// Iterate over the ranges of instructions: start, end, line.
    #[sig = "($self, /)"]
    fn co_lines(&self, th: Thread<'_>) -> Result<Ref> {
        let mut rows = Vec::new();
        for (start, end, line) in linetable::lines(self.linetable.as_bytes(), self.firstlineno) {
            let row = vec![
                Int::from_i64(th, i64::from(start))?,
                Int::from_i64(th, i64::from(end))?,
                none_or_int(th, line)?,
            ];
            rows.push(Tuple::from_refs(th, row)?.upcast());
        }
        List::from_refs(th, rows)?.obj().iter(th)
    }

    /// Iterate over the positions of the code units: line, end line, column, end column.
    #[sig = "($self, /)"]
    fn co_positions(&self, th: Thread<'_>) -> Result<Ref> {
        let mut rows = Vec::new();
        for position in linetable::positions(self.linetable.as_bytes(), self.firstlineno) {
            let row = vec![
                none_or_int(th, position.line)?,
                none_or_int(th, position.end_line)?,
                none_or_int(th, position.col)?,
                none_or_int(th, position.end_col)?,
            ];
            rows.push(Tuple::from_refs(th, row)?.upcast());
        }
        List::from_refs(th, rows)?.obj().iter(th)
    }

    /// Iterate over the branches: source, not taken, taken.
    #[sig = "($self, /)"]
    fn co_branches(&self, th: Thread<'_>) -> Result<Ref> {
        let (mut rows, mut i, mut extended) = (Vec::new(), 0, 0usize);
        while let Some((op, arg)) = self.instruction(i) {
            let oparg = extended << 8 | usize::from(arg);
            extended = if op == Op::EXTENDED_ARG { oparg } else { 0 };
            let next = i + 1 + op.caches();
            let targets = match op {
                Op::FOR_ITER => Some((i, next, next + oparg + 2)),
                Op::END_ASYNC_FOR => {
                    let end_send = next.saturating_sub(oparg);
                    Some((end_send, end_send + 2, next))
                }
                _ if op.is_conditional_jump() => Some((i, next + 1, next + oparg)),
                _ => None,
            };
            if let Some((source, left, right)) = targets {
                let row = [source, left, right]
                    .iter()
                    .map(|unit| Int::from_i64(th, 2 * *unit as i64))
                    .collect::<Result<Vec<_>>>()?;
                rows.push(Tuple::from_refs(th, row)?.upcast());
            }
            i = next;
        }
        List::from_refs(th, rows)?.obj().iter(th)
    }

    /// Return a copy of the code object with new values for the specified fields.
    #[sig = "($self, /, **changes)"]
    fn replace(&self, th: Thread<'_>, changes: Kwargs<'_>) -> Result<Ref<Code>> {
        let mut parts = self.parts(th)?;
        let mut varnames = self.variables(th, fast_kind::CO_FAST_LOCAL)?;
        let mut cellvars = self.variables(th, fast_kind::CO_FAST_CELL)?;
        let mut freevars = self.variables(th, fast_kind::CO_FAST_FREE)?;
        let mut nlocals = None;
        let mut renamed = false;
        fn typed<T: crate::PyStruct>(
            th: Thread<'_>,
            name: &str,
            what: &str,
            value: Obj<'_>,
        ) -> Result<Ref<T>> {
            match value.downcast::<T>() {
                Some(value) => Ok(crate::own(value)),
                None => raise!(
                    th,
                    TypeError,
                    "replace() argument '{name}' must be {what}, not {}",
                    value.type_name()
                ),
            }
        }
        let int = |value: Obj<'_>| -> Result<i32> {
            i32::try_from(Int::index_to_i64(th, value)?)
                .map_err(|_| error!(th, OverflowError, "Python int too large to convert to C int"))
        };
        for (name, value) in changes.iter() {
            let Some(name) = name.downcast::<Str>() else { continue };
            let name = name.to_string();
            match name.as_str() {
                "co_argcount" => (parts.argcount, renamed) = (int(value)?, true),
                "co_posonlyargcount" => (parts.posonlyargcount, renamed) = (int(value)?, true),
                "co_kwonlyargcount" => (parts.kwonlyargcount, renamed) = (int(value)?, true),
                "co_nlocals" => nlocals = Some(int(value)?),
                "co_stacksize" => parts.stacksize = int(value)?,
                "co_flags" => (parts.flags, renamed) = (int(value)?, true),
                "co_firstlineno" => parts.firstlineno = int(value)?,
                "co_code" => {
                    parts.code = typed::<Bytes>(th, &name, "bytes", value)?;
                }
                "co_consts" => parts.consts = typed(th, &name, "tuple", value)?,
                "co_names" => {
                    let names: Ref<Tuple> = typed(th, &name, "tuple", value)?;
                    parts.names = name_tuple(th, &names)?;
                }
                "co_varnames" => {
                    (varnames, renamed) = (typed(th, &name, "tuple", value)?, true);
                }
                "co_freevars" => {
                    (freevars, renamed) = (typed(th, &name, "tuple", value)?, true);
                }
                "co_cellvars" => {
                    (cellvars, renamed) = (typed(th, &name, "tuple", value)?, true);
                }
                "co_filename" => parts.filename = typed(th, &name, "str", value)?,
                "co_name" => parts.name = typed(th, &name, "str", value)?,
                "co_qualname" => parts.qualname = typed(th, &name, "str", value)?,
                "co_linetable" => parts.linetable = typed(th, &name, "bytes", value)?,
                "co_exceptiontable" => parts.exceptiontable = typed(th, &name, "bytes", value)?,
                _ => {
                    raise!(th, TypeError, "replace() got an unexpected keyword argument '{name}'")
                }
            }
        }
        if nlocals.is_some_and(|nlocals| nlocals as usize != varnames.len()) {
            raise!(th, ValueError, "code: co_nlocals != len(co_varnames)");
        }
        if renamed {
            let (names, kinds) = localsplus(th, &parts, &varnames, &cellvars, &freevars)?;
            (parts.localsplusnames, parts.localspluskinds) = (names, Bytes::new(th, &kinds)?);
        }
        validate(th, &parts)?;
        Code::create(th, parts)
    }

    /// The same as replace().
    #[sig = "($self, /, **changes)"]
    fn __replace__(&self, th: Thread<'_>, changes: Kwargs<'_>) -> Result<Ref<Code>> {
        self.replace(th, changes)
    }

    /// (internal-only) Return the local variable name for the given oparg.
    ///
    /// WARNING: this method is for internal use only and may change or go away.
    #[sig = "($self, /, oparg)"]
    fn _varname_from_oparg(&self, th: Thread<'_>, oparg: i32) -> Result<Ref> {
        match usize::try_from(oparg).ok().and_then(|i| self.localsplusnames.get(i)) {
            Some(name) => Ok(name.own()),
            None => raise!(th, IndexError, "tuple index out of range"),
        }
    }

    /// Size in memory, in bytes.
    #[sig = "($self, /)"]
    fn __sizeof__(&self, _: Thread<'_>) -> Result<usize> {
        Ok(size_of::<Code>() + 2 * self.unit_count())
    }
}

/// Whether calling code with these flags makes a generator or coroutine.
pub fn makes_generator(flags: i32) -> bool {
    let mask = code_flags::CO_GENERATOR | code_flags::CO_COROUTINE | code_flags::CO_ASYNC_GENERATOR;
    flags as u32 & mask != 0
}
