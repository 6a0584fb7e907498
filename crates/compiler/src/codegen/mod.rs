//! Code generation: from syntax tree and symbol table to instructions.
//!
//! Each code object is a [`Unit`] on a stack; the instruction sequence of a
//! unit is that of CPython's code generator, instruction for instruction, and
//! so are the order of constants and names. Optimising is not done here.

mod annotations;
mod call;
mod checks;
mod class;
mod comprehension;
mod expr;
mod format;
mod function;
mod names;
mod pattern;
mod stmt;
mod try_with;
mod type_params;
mod unwind;

use std::{collections::BTreeSet, sync::Arc};

use bytecode::{CodeObject, Constant, Op, code_flags};

use crate::{
    MAX_DEPTH,
    assemble::{AssembleError, optimize_and_assemble},
    ast::{Expr, Mod, Name, Stmt, docstring},
    cleandoc::clean_doc,
    error::{CompileError, CompileWarning, ErrorKind, Result},
    future::Features,
    instruction_sequence::{InstructionSequence, Label, Location, NO_LOCATION, UnitMetadata},
    stages::Generated,
    symtable::{Entry, EntryId, Key, Scope, SymbolTable},
};
use unwind::FrameBlock;

/// Above this many stack items a display is built piece by piece.
const STACK_USE_GUIDELINE: usize = 30;

/// Nested `for`, `try`, `with` in one function.
const CO_MAXBLOCKS: usize = 21;

/// The compiler flags that become code flags.
const PYCF_MASK: u32 = 0x1FE_0000;

mod intrinsic {
    pub(super) const PRINT: i32 = 1;
    pub(super) const IMPORT_STAR: i32 = 2;
    pub(super) const STOPITERATION_ERROR: i32 = 3;
    pub(super) const ASYNC_GEN_WRAP: i32 = 4;
    pub(super) const UNARY_POSITIVE: i32 = 5;
    pub(super) const LIST_TO_TUPLE: i32 = 6;
    pub(super) const TYPEVAR: i32 = 7;
    pub(super) const PARAMSPEC: i32 = 8;
    pub(super) const TYPEVARTUPLE: i32 = 9;
    pub(super) const SUBSCRIPT_GENERIC: i32 = 10;
    pub(super) const TYPEALIAS: i32 = 11;
    pub(super) const PREP_RERAISE_STAR: i32 = 1;
    pub(super) const TYPEVAR_WITH_BOUND: i32 = 2;
    pub(super) const TYPEVAR_WITH_CONSTRAINTS: i32 = 3;
    pub(super) const SET_FUNCTION_TYPE_PARAMS: i32 = 4;
    pub(super) const SET_TYPEPARAM_DEFAULT: i32 = 5;
}

/// Arguments of `LOAD_COMMON_CONSTANT`.
mod common {
    pub(super) const ASSERTION_ERROR: i32 = 0;
    pub(super) const NOT_IMPLEMENTED_ERROR: i32 = 1;
    pub(super) const TUPLE: i32 = 2;
    pub(super) const ALL: i32 = 3;
    pub(super) const ANY: i32 = 4;
}

/// Arguments of `RESUME`.
mod resume {
    pub(super) const AT_START: i32 = 0;
    pub(super) const AFTER_YIELD: i32 = 1;
    pub(super) const AFTER_YIELD_FROM: i32 = 2;
    pub(super) const AFTER_AWAIT: i32 = 3;
}

/// Arguments of `SET_FUNCTION_ATTRIBUTE`, and flags of what a function has.
mod make_function {
    pub(super) const DEFAULTS: i32 = 1;
    pub(super) const KWDEFAULTS: i32 = 2;
    pub(super) const ANNOTATIONS: i32 = 4;
    pub(super) const CLOSURE: i32 = 8;
    pub(super) const ANNOTATE: i32 = 16;
}

/// `BINARY_OP`'s argument for a subscript.
const NB_SUBSCR: i32 = 26;

/// What kind of code a unit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ScopeType {
    Module,
    Class,
    Function,
    AsyncFunction,
    Lambda,
    Comprehension,
    Annotations,
}

/// An annotated name whose annotation is evaluated in `__annotate__`.
struct DeferredAnnotation<'a> {
    target: &'a Name,
    annotation: &'a Expr,
    location: Location,
    /// Its number if it counts only once the statement has run.
    index: Option<i64>,
}

/// Argument counts of a unit.
#[derive(Clone, Copy, Default)]
struct ArgCounts {
    args: usize,
    posonly: usize,
    kwonly: usize,
}

/// A code object under construction.
struct Unit<'a> {
    scope_type: ScopeType,
    entry: EntryId,
    metadata: UnitMetadata,
    private: Option<Name>,
    sequence: InstructionSequence,
    stashed: Option<InstructionSequence>,
    blocks: Vec<FrameBlock<'a>>,
    in_inlined_comp: u32,
    in_conditional_block: u32,
    deferred: Vec<DeferredAnnotation<'a>>,
    next_conditional_index: i64,
    static_attributes: BTreeSet<Name>,
}

struct Compiler<'a> {
    table: SymbolTable,
    features: Features,
    optimize: i32,
    filename: Arc<str>,
    interactive: bool,
    /// The innermost unit is last.
    units: Vec<Unit<'a>>,
    warnings: &'a mut Vec<CompileWarning>,
    disable_warning: u32,
    depth: usize,
    /// Units that are finished, with how many they are inside of, if they are to be kept.
    kept: Option<Vec<(usize, Generated)>>,
}

/// Generate the code object of a module.
pub(crate) fn compile_module<'a>(
    module: &'a Mod,
    table: SymbolTable,
    features: Features,
    optimize: i32,
    filename: &str,
    warnings: &'a mut Vec<CompileWarning>,
) -> Result<CodeObject> {
    Compiler::new(module, table, features, optimize, filename, warnings).root(module)
}

/// Generate the instructions of a module and of all units in it.
pub(crate) fn generate_module<'a>(
    module: &'a Mod,
    table: SymbolTable,
    features: Features,
    optimize: i32,
    filename: &str,
    warnings: &'a mut Vec<CompileWarning>,
) -> Result<Generated> {
    let mut compiler = Compiler::new(module, table, features, optimize, filename, warnings);
    compiler.kept = Some(Vec::new());
    compiler.root(module)?;
    match compiler.kept.take().and_then(|mut kept| kept.pop()) {
        Some((_, generated)) => Ok(generated),
        None => Err(compiler.system_error("a module without code")),
    }
}

impl<'a> Compiler<'a> {
    fn new(
        module: &Mod,
        table: SymbolTable,
        features: Features,
        optimize: i32,
        filename: &str,
        warnings: &'a mut Vec<CompileWarning>,
    ) -> Self {
        Compiler {
            table,
            features,
            optimize,
            filename: Arc::from(filename),
            interactive: matches!(module, Mod::Interactive(_)),
            units: Vec::new(),
            warnings,
            disable_warning: 0,
            depth: 0,
            kept: None,
        }
    }

    /// Generate the unit of the whole module.
    fn root(&mut self, module: &'a Mod) -> Result<CodeObject> {
        self.enter_scope(
            "<module>",
            ScopeType::Module,
            Some(self.table.top()),
            1,
            None,
            ArgCounts::default(),
        )?;
        let add_none = match module {
            Mod::Module(body) | Mod::Interactive(body) => {
                self.module(body)?;
                true
            }
            Mod::Expression(body) => {
                self.expr(body)?;
                false
            }
            Mod::FunctionType { .. } => return Err(self.system_error("module kind")),
        };
        self.finish_unit(add_none)
    }

    /// Keep what was generated for a unit, with the units inside it.
    fn keep(&mut self, unit: &Unit<'_>) {
        let level = self.units.len();
        let Some(kept) = &mut self.kept else { return };
        let inside = kept.iter().rev().take_while(|(inner, _)| *inner > level).count();
        let nested = kept.split_off(kept.len() - inside).into_iter().map(|(_, unit)| unit);
        let generated = Generated {
            instructions: unit.sequence.resolved(),
            unit: unit.metadata.clone(),
            nested: nested.collect(),
        };
        kept.push((level, generated));
    }

    fn unit(&mut self) -> &mut Unit<'a> {
        match self.units.last_mut() {
            Some(unit) => unit,
            // The module's unit is entered first and left last.
            None => unreachable!("code is generated inside a unit"),
        }
    }

    fn entry(&self) -> &Entry {
        let id = self.units.last().map_or(0, |unit| unit.entry);
        &self.table.entries[id]
    }

    fn scope_type(&self) -> ScopeType {
        self.units.last().map_or(ScopeType::Module, |unit| unit.scope_type)
    }

    fn add(&mut self, op: Op, arg: i32, location: Location) {
        self.unit().sequence.add(op, arg, location);
    }

    /// An instruction without argument.
    fn op(&mut self, op: Op, location: Location) {
        self.add(op, 0, location);
    }

    fn jump(&mut self, op: Op, target: Label, location: Location) {
        self.unit().sequence.add_jump(op, target, location);
    }

    fn label(&mut self) -> Label {
        self.unit().sequence.new_label()
    }

    fn here(&mut self, label: Label) {
        self.unit().sequence.use_label(label);
    }

    fn load_const(&mut self, constant: Constant, location: Location) {
        let arg = self.unit().metadata.add_const(constant);
        self.add(Op::LOAD_CONST, arg, location);
    }

    fn load_str(&mut self, text: &str, location: Location) {
        self.load_const(Constant::from(text), location);
    }

    fn error<T>(&self, location: Location, message: impl Into<String>) -> Result<T> {
        Err(CompileError::at(location, message))
    }

    fn system_error(&self, what: &str) -> Box<CompileError> {
        CompileError::new(ErrorKind::SystemError, format!("compiler: {what} is not possible"))
    }

    fn warn(&mut self, location: Location, message: String) {
        if self.disable_warning == 0 {
            self.warnings.push(CompileWarning::at(location, message));
        }
    }

    /// Guard a level of recursion over the tree.
    fn nested<T>(&mut self, visit: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(CompileError::recursion());
        }
        let result = visit(self);
        self.depth -= 1;
        result
    }

    fn lookup(&self, key: Key) -> Result<EntryId> {
        self.table.lookup(key).ok_or_else(|| self.system_error("unknown symbol table entry"))
    }

    fn enter_scope(
        &mut self,
        name: &str,
        scope_type: ScopeType,
        entry: Option<EntryId>,
        firstlineno: i32,
        private: Option<Name>,
        counts: ArgCounts,
    ) -> Result {
        let Some(entry) = entry else { return Err(self.system_error("unknown scope")) };
        let private = private.or_else(|| self.units.last().and_then(|unit| unit.private.clone()));
        let mut metadata = UnitMetadata {
            name: Arc::from(name),
            argcount: counts.args as u32,
            posonlyargcount: counts.posonly as u32,
            kwonlyargcount: counts.kwonly as u32,
            firstlineno,
            ..UnitMetadata::default()
        };
        let symbols = &self.table.entries[entry];
        for name in &symbols.varnames {
            metadata.varnames.insert(Arc::from(name.as_str()));
        }
        for name in names::sorted(symbols, Scope::Cell, crate::symtable::DEF_COMP_CELL) {
            metadata.cellvars.insert(Arc::from(name.as_str()));
        }
        if symbols.needs_class_closure {
            metadata.cellvars.insert(Arc::from("__class__"));
        }
        if symbols.needs_classdict {
            metadata.cellvars.insert(Arc::from("__classdict__"));
        }
        if symbols.has_conditional_annotations {
            metadata.cellvars.insert(Arc::from("__conditional_annotations__"));
        }
        for name in names::sorted(symbols, Scope::Free, crate::symtable::DEF_FREE_CLASS) {
            metadata.freevars.insert(Arc::from(name.as_str()));
        }
        metadata.qualname = self.qualname(name, scope_type);
        self.units.push(Unit {
            scope_type,
            entry,
            metadata,
            private,
            sequence: InstructionSequence::new(),
            stashed: None,
            blocks: Vec::new(),
            in_inlined_comp: 0,
            in_conditional_block: 0,
            deferred: Vec::new(),
            next_conditional_index: 0,
            static_attributes: BTreeSet::new(),
        });
        let line = if scope_type == ScopeType::Module { 0 } else { firstlineno };
        let location = Location { line, end_line: firstlineno, col: 0, end_col: 0 };
        self.add(Op::RESUME, resume::AT_START, location);
        if scope_type == ScopeType::Module {
            self.op(Op::ANNOTATIONS_PLACEHOLDER, location);
        }
        Ok(())
    }

    fn qualname(&self, name: &str, scope_type: ScopeType) -> Arc<str> {
        let [.., grandparent, parent] = self.units.as_slice() else { return Arc::from(name) };
        let mut parent = parent;
        if parent.scope_type == ScopeType::Annotations {
            // A scope of type parameters is not part of the name.
            if self.units.len() == 2 {
                return Arc::from(name);
            }
            parent = grandparent;
        }
        if matches!(scope_type, ScopeType::Function | ScopeType::AsyncFunction | ScopeType::Class) {
            let mangled = crate::symtable::mangle(parent.private.as_ref(), &Name::new(name));
            if self.table.entries[parent.entry].scope(&mangled) == Scope::GlobalExplicit {
                return Arc::from(name);
            }
        }
        let base = &parent.metadata.qualname;
        match parent.scope_type {
            ScopeType::Function | ScopeType::AsyncFunction | ScopeType::Lambda => {
                Arc::from(format!("{base}.<locals>.{name}"))
            }
            _ => Arc::from(format!("{base}.{name}")),
        }
    }

    /// Leave the innermost unit with its code object.
    fn finish_unit(&mut self, add_none: bool) -> Result<CodeObject> {
        if add_none {
            self.load_const(Constant::None, NO_LOCATION);
        }
        self.op(Op::RETURN_VALUE, NO_LOCATION);
        let flags = self.code_flags();
        let Some(unit) = self.units.pop() else { return Err(self.system_error("empty stack")) };
        self.keep(&unit);
        optimize_and_assemble(unit.metadata, unit.sequence, flags, &self.filename).map_err(
            |error| match error {
                AssembleError::Internal(message) => {
                    CompileError::new(ErrorKind::SystemError, message)
                }
                AssembleError::TooLarge(message) => {
                    CompileError::new(ErrorKind::OverflowError, message)
                }
            },
        )
    }

    fn code_flags(&self) -> u32 {
        let entry = self.entry();
        let mut flags = 0;
        if entry.is_function_like() {
            flags |= code_flags::CO_NEWLOCALS | code_flags::CO_OPTIMIZED;
            let kind = match (entry.generator, entry.coroutine) {
                (true, false) => code_flags::CO_GENERATOR,
                (true, true) => code_flags::CO_ASYNC_GENERATOR,
                _ => 0,
            };
            flags |= kind;
            let more = [
                (entry.nested, code_flags::CO_NESTED),
                (entry.varargs, code_flags::CO_VARARGS),
                (entry.varkeywords, code_flags::CO_VARKEYWORDS),
                (entry.has_docstring, code_flags::CO_HAS_DOCSTRING),
                (entry.method, code_flags::CO_METHOD),
            ];
            flags |= more.iter().filter(|(set, _)| *set).fold(0, |all, (_, flag)| all | flag);
        }
        if entry.coroutine && !entry.generator {
            flags |= code_flags::CO_COROUTINE;
        }
        flags | self.features.flags & PYCF_MASK
    }

    fn module(&mut self, body: &'a [Stmt]) -> Result {
        let start = Location { line: 1, end_line: 1, col: 0, end_col: 0 };
        let location = body.first().map_or(start, |stmt| stmt.location);
        if self.entry().has_conditional_annotations {
            self.add(Op::BUILD_SET, 0, location);
            let arg = self.unit().metadata.add_name(&Arc::from("__conditional_annotations__"));
            self.add(Op::STORE_NAME, arg, location);
        }
        let interactive = self.interactive;
        self.body(location, body, interactive)
    }

    /// The statements of a module or class.
    fn body(&mut self, location: Location, body: &'a [Stmt], interactive: bool) -> Result {
        let future_annotations = self.features.annotations();
        if future_annotations && self.entry().annotations_used {
            self.op(Op::SETUP_ANNOTATIONS, location);
        }
        if body.is_empty() {
            return Ok(());
        }
        let mut rest = body;
        if !interactive
            && self.entry().has_docstring
            && let Some(doc) = docstring(body)
        {
            rest = &body[1..];
            if let Some(Constant::Str(text)) = doc.as_constant() {
                self.load_const(Constant::Str(clean_doc(text)), doc.location);
                self.store_name("__doc__", NO_LOCATION)?;
            }
        }
        for stmt in rest {
            self.stmt(stmt)?;
        }
        if !future_annotations {
            self.deferred_annotations(location)?;
        }
        Ok(())
    }
}
