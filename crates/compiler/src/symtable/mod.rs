//! The symbol table: which names a block binds and uses, and where each lives.
//!
//! Two passes, as in CPython: [`build`] records raw facts block by block while
//! walking the tree, [`analyze`] then decides for every name whether it is
//! local, a cell, free or global, and which comprehensions are inlined.
//! Blocks are found again by the address of their syntax node, so a table is
//! only valid together with the (unmoved) tree that it was made from.

mod analyze;
mod build;

use std::collections::HashMap;

use crate::{
    ast::{self, Mod, Name},
    error::Result,
    future::Features,
    instruction_sequence::Location,
    name_map::{NameMap, NameSet},
};

/// Flag bits of a symbol; the numbers are those of `_symtable`.
pub const DEF_GLOBAL: u32 = 1;
pub const DEF_LOCAL: u32 = 2;
pub const DEF_PARAM: u32 = 1 << 2;
pub const DEF_NONLOCAL: u32 = 1 << 3;
pub const USE: u32 = 1 << 4;
pub const DEF_FREE_CLASS: u32 = 1 << 6;
pub const DEF_IMPORT: u32 = 1 << 7;
pub const DEF_ANNOT: u32 = 1 << 8;
pub const DEF_COMP_ITER: u32 = 1 << 9;
pub const DEF_TYPE_PARAM: u32 = 1 << 10;
pub const DEF_COMP_CELL: u32 = 1 << 11;
/// The flags that bind a name in its block.
pub const DEF_BOUND: u32 = DEF_LOCAL | DEF_PARAM | DEF_IMPORT;

/// The scope of a symbol is kept above its flags.
pub const SCOPE_OFFSET: u32 = 12;
pub const SCOPE_MASK: u32 = 15;

/// Where a name lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Unknown = 0,
    Local = 1,
    GlobalExplicit = 2,
    GlobalImplicit = 3,
    Free = 4,
    Cell = 5,
}

/// The scope part of a symbol.
pub fn scope_of(symbol: u32) -> Scope {
    match (symbol >> SCOPE_OFFSET) & SCOPE_MASK {
        1 => Scope::Local,
        2 => Scope::GlobalExplicit,
        3 => Scope::GlobalImplicit,
        4 => Scope::Free,
        5 => Scope::Cell,
        _ => Scope::Unknown,
    }
}

/// The kind of a block; the numbers are the `TYPE_…` of `_symtable`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockType {
    Function = 0,
    Class = 1,
    Module = 2,
    Annotation = 3,
    TypeAlias = 4,
    TypeParameters = 5,
    TypeVariable = 6,
}

/// Which comprehension a function block stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComprehensionType {
    List = 1,
    Dict = 2,
    Set = 3,
    Generator = 4,
}

/// Index of an [`Entry`] in its [`SymbolTable`].
pub type EntryId = usize;

/// What a block belongs to: the address of a syntax node, and in which role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Function(usize),
    Class(usize),
    Expr(usize),
    Annotations(usize),
    TypeParams(usize),
    TypeAlias(usize),
    Bound(usize),
    Default(usize),
}

impl Key {
    pub(crate) fn function(def: &ast::FunctionDef) -> Self {
        Key::Function(std::ptr::from_ref(def).addr())
    }

    pub(crate) fn class(def: &ast::ClassDef) -> Self {
        Key::Class(std::ptr::from_ref(def).addr())
    }

    pub(crate) fn expr(expr: &ast::Expr) -> Self {
        Key::Expr(std::ptr::from_ref(expr).addr())
    }

    pub(crate) fn annotations(args: &ast::Arguments) -> Self {
        Key::Annotations(std::ptr::from_ref(args).addr())
    }

    pub(crate) fn type_params(params: &[ast::TypeParam]) -> Self {
        Key::TypeParams(params.as_ptr().addr())
    }

    pub(crate) fn type_alias(value: &ast::Expr) -> Self {
        Key::TypeAlias(std::ptr::from_ref(value).addr())
    }

    pub(crate) fn bound(param: &ast::TypeParam) -> Self {
        Key::Bound(std::ptr::from_ref(param).addr())
    }

    pub(crate) fn default(param: &ast::TypeParam) -> Self {
        Key::Default(std::ptr::from_ref(param).addr())
    }
}

/// One block: `symtable entry` in Python.
#[derive(Clone, Debug)]
pub struct Entry {
    pub name: Name,
    pub block: BlockType,
    /// Flags and, after analysis, scope of each name.
    pub symbols: NameMap<u32>,
    /// Parameters in order.
    pub varnames: Vec<Name>,
    pub children: Vec<EntryId>,
    pub location: Location,
    pub nested: bool,
    pub generator: bool,
    pub coroutine: bool,
    pub varargs: bool,
    pub varkeywords: bool,
    pub has_docstring: bool,
    pub method: bool,
    pub annotations_used: bool,
    pub comprehension: Option<ComprehensionType>,
    pub returns_value: bool,
    pub needs_class_closure: bool,
    pub needs_classdict: bool,
    pub comp_inlined: bool,
    pub can_see_class_scope: bool,
    pub has_conditional_annotations: bool,
    /// The block that evaluates the annotations of this module or class.
    pub annotation_block: Option<EntryId>,
    comp_iter_target: bool,
    comp_iter_expr: u32,
    in_conditional_block: bool,
    in_unevaluated_annotation: bool,
    scope_info: &'static str,
    directives: Vec<(Name, Location)>,
    mangled_names: Option<usize>,
}

impl Entry {
    /// Flags and scope of `name`; 0 if the block does not know it.
    pub fn symbol(&self, name: &str) -> u32 {
        self.symbols.get(name).copied().unwrap_or(0)
    }

    /// Scope of `name`.
    pub fn scope(&self, name: &str) -> Scope {
        scope_of(self.symbol(name))
    }

    /// Whether the block is executed like a function body.
    pub fn is_function_like(&self) -> bool {
        !matches!(self.block, BlockType::Class | BlockType::Module)
    }
}

/// All blocks of a module.
#[derive(Debug)]
pub struct SymbolTable {
    pub entries: Vec<Entry>,
    blocks: HashMap<Key, EntryId>,
    mangled_sets: Vec<NameSet>,
}

impl SymbolTable {
    /// Build and analyze the table of `module`.
    pub fn build(module: &Mod, features: &Features) -> Result<Self> {
        let mut table = build::build(module, features)?;
        analyze::analyze(&mut table)?;
        Ok(table)
    }

    /// The module's block.
    pub fn top(&self) -> EntryId {
        0
    }

    pub(crate) fn lookup(&self, key: Key) -> Option<EntryId> {
        self.blocks.get(&key).copied()
    }

    /// `name` as it is spelled in the code of a block inside class `private`.
    pub(crate) fn maybe_mangle(&self, private: Option<&Name>, entry: EntryId, name: &Name) -> Name {
        // In the block of a generic class's type parameters only these are mangled.
        if let Some(set) = self.entries[entry].mangled_names
            && !self.mangled_sets[set].contains(name)
        {
            return name.clone();
        }
        mangle(private, name)
    }
}

/// `__name` inside `class Class` is `_Class__name`.
pub fn mangle(private: Option<&Name>, name: &Name) -> Name {
    let Some(private) = private else { return name.clone() };
    if !name.starts_with("__") || name.ends_with("__") || name.contains('.') {
        return name.clone();
    }
    let class = private.trim_start_matches('_');
    if class.is_empty() {
        return name.clone();
    }
    Name::concat(&["_", class, name.as_str()])
}
