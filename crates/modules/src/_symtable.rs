//! `_symtable`: the compiler's symbol tables.

use std::cell::Cell;

use compiler::{
    Mode, Options,
    symtable::{self as table, BlockType, EntryId, Scope},
};
use macros::{pymethods, pymodule, pytype};
use object::{
    AsObject, Dict, Head, Int, List, Module, Obj, Ref, Result, Str, Thread, alloc_object,
    declare::TypeBuilder, raise,
};

use crate::compile;

/// One block of a symbol table.
#[pytype(name = "_symtable.symtable entry", flags = 0, weaklistoffset = weaklist)]
pub struct SymtableEntry {
    head: Head,
    id: Ref,
    name: Ref,
    symbols: Ref<Dict>,
    varnames: Ref<List>,
    children: Ref<List>,
    nested: i32,
    block: i32,
    lineno: i32,
    weaklist: Cell<*mut abi::PyObject>,
}

#[pymethods]
impl SymtableEntry {
    fn __repr__(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        use object::Protocol;
        let (name, id) = (self.name.str(th)?, self.id.str(th)?);
        Str::from_fmt(th, format_args!("<symtable entry {name}({id}), line {}>", self.lineno))
    }

    #[declare]
    fn members(builder: &mut TypeBuilder<'_>) {
        use std::mem::offset_of;
        let (object, int, fixed) = (abi::_Py_T_OBJECT, abi::Py_T_INT, abi::Py_READONLY);
        let mut member = |name, kind, offset| builder.member(name, kind, offset, fixed, None);
        member(c"id", object, offset_of!(SymtableEntry, id));
        member(c"name", object, offset_of!(SymtableEntry, name));
        member(c"symbols", object, offset_of!(SymtableEntry, symbols));
        member(c"varnames", object, offset_of!(SymtableEntry, varnames));
        member(c"children", object, offset_of!(SymtableEntry, children));
        member(c"nested", int, offset_of!(SymtableEntry, nested));
        member(c"type", int, offset_of!(SymtableEntry, block));
        member(c"lineno", int, offset_of!(SymtableEntry, lineno));
    }
}

/// Block `id` and those inside it.
fn entry(th: Thread<'_>, tables: &table::SymbolTable, id: EntryId) -> Result<Ref<SymtableEntry>> {
    th.check_stack(" in a symbol table")?;
    let Some(block) = tables.entries.get(id) else {
        raise!(th, SystemError, "unknown symbol table entry");
    };
    let symbols = Dict::new(th)?;
    for (name, flags) in block.symbols.iter() {
        let flags = Int::from_i64(th, i64::from(*flags))?;
        symbols.set(th, Str::intern(th, name.as_str())?.obj(), flags.obj())?;
    }
    let varnames = List::new(th)?;
    for name in &block.varnames {
        varnames.push(th, Str::intern(th, name.as_str())?.upcast())?;
    }
    let children = List::new(th)?;
    for child in &block.children {
        children.push(th, entry(th, tables, *child)?.upcast())?;
    }
    let entry = alloc_object::new(
        th,
        SymtableEntry {
            head: Head::new(),
            id: Int::from_u64(th, symbols.as_ptr() as u64)?,
            name: Str::intern(th, block.name.as_str())?.upcast(),
            symbols,
            varnames,
            children,
            nested: i32::from(block.nested),
            block: block.block as i32,
            lineno: block.location.line,
            weaklist: Cell::new(std::ptr::null_mut()),
        },
    )?;
    Ok(entry)
}

/// Access to the symbol tables of the compiler.
#[pymodule]
pub mod _symtable {
    use super::*;

    /// Return symbol and scope dictionaries used internally by compiler.
    #[sig = "(source, filename, startstr, /)"]
    fn symtable(
        th: Thread<'_>,
        source: Obj<'_>,
        filename: Obj<'_>,
        startstr: &str,
    ) -> Result<Ref<SymtableEntry>> {
        let filename = compile::fs_text(th, filename)?;
        let text = compile::source_text(th, source, "symtable", "string or bytes", &filename)?;
        let mode = match startstr {
            "exec" => Mode::Exec,
            "eval" => Mode::Eval,
            "single" => Mode::Single,
            _ => raise!(th, ValueError, "symtable() arg 3 must be 'exec' or 'eval' or 'single'"),
        };
        let flags = compile::inherited_flags(th);
        let options = Options { mode, flags, ..Options::default() };
        match compiler::symbol_table(&text, &compile::lossy(&filename), &options) {
            Ok(tables) => {
                compile::issue_warnings(th, &tables.warnings, filename.obj())?;
                entry(th, &tables.value, tables.value.top())
            }
            Err(error) => Err(compile::raise_compile_error(th, &error, filename.obj())),
        }
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        object::types::type_::ready(th, <SymtableEntry as object::declare::Declared>::DECL)?;
        let constants = [
            ("USE", table::USE),
            ("DEF_GLOBAL", table::DEF_GLOBAL),
            ("DEF_NONLOCAL", table::DEF_NONLOCAL),
            ("DEF_LOCAL", table::DEF_LOCAL),
            ("DEF_PARAM", table::DEF_PARAM),
            ("DEF_TYPE_PARAM", table::DEF_TYPE_PARAM),
            ("DEF_FREE_CLASS", table::DEF_FREE_CLASS),
            ("DEF_IMPORT", table::DEF_IMPORT),
            ("DEF_BOUND", table::DEF_BOUND),
            ("DEF_ANNOT", table::DEF_ANNOT),
            ("DEF_COMP_ITER", table::DEF_COMP_ITER),
            ("DEF_COMP_CELL", table::DEF_COMP_CELL),
            ("TYPE_FUNCTION", BlockType::Function as u32),
            ("TYPE_CLASS", BlockType::Class as u32),
            ("TYPE_MODULE", BlockType::Module as u32),
            ("TYPE_ANNOTATION", BlockType::Annotation as u32),
            ("TYPE_TYPE_ALIAS", BlockType::TypeAlias as u32),
            ("TYPE_TYPE_PARAMETERS", BlockType::TypeParameters as u32),
            ("TYPE_TYPE_VARIABLE", BlockType::TypeVariable as u32),
            ("LOCAL", Scope::Local as u32),
            ("GLOBAL_EXPLICIT", Scope::GlobalExplicit as u32),
            ("GLOBAL_IMPLICIT", Scope::GlobalImplicit as u32),
            ("FREE", Scope::Free as u32),
            ("CELL", Scope::Cell as u32),
            ("SCOPE_OFF", table::SCOPE_OFFSET),
            ("SCOPE_MASK", table::SCOPE_MASK),
        ];
        for (name, value) in constants {
            module.set(th, name, Int::from_i64(th, i64::from(value))?.obj())?;
        }
        Ok(())
    }
}
