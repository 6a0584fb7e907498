//! Loading, storing and deleting names.

use std::sync::Arc;

use bytecode::Op;

use super::{Compiler, ScopeType};
use crate::{
    ast::{Expr, ExprContext, ExprKind, Name},
    error::Result,
    instruction_sequence::Location,
    symtable::{BlockType, Entry, Scope, scope_of},
};

/// The names of a scope or with a flag, in the order of their numbers.
pub(super) fn sorted(entry: &Entry, scope: Scope, flag: u32) -> Vec<Name> {
    let mut names: Vec<Name> = entry
        .symbols
        .iter()
        .filter(|(_, symbol)| scope_of(**symbol) == scope || **symbol & flag != 0)
        .map(|(name, _)| name.clone())
        .collect();
    names.sort_by(|a, b| a.chars().cmp(b.chars()));
    names
}

/// The ways to reach an attribute.
#[derive(Clone, Copy)]
pub(super) enum AttrOp {
    Load,
    Method,
    Super,
    SuperMethod,
    ZeroSuper,
    ZeroSuperMethod,
    Store,
    Delete,
}

/// The instruction family for a name.
enum Access {
    Deref,
    Fast,
    Global,
    Name,
}

impl Compiler<'_> {
    pub(super) fn mangle(&self, name: &Name) -> Name {
        let Some(unit) = self.units.last() else { return name.clone() };
        self.table.maybe_mangle(unit.private.as_ref(), unit.entry, name)
    }

    pub(super) fn name_index(&mut self, name: &str) -> i32 {
        let names = &mut self.unit().metadata.names;
        match names.get_index_of(name) {
            Some(index) => index as i32,
            None => names.insert_full(Arc::from(name)).0 as i32,
        }
    }

    pub(super) fn varname_index(&mut self, name: &str) -> i32 {
        let varnames = &mut self.unit().metadata.varnames;
        match varnames.get_index_of(name) {
            Some(index) => index as i32,
            None => varnames.insert_full(Arc::from(name)).0 as i32,
        }
    }

    pub(super) fn cellvar_index(&mut self, name: &str) -> i32 {
        let cellvars = &mut self.unit().metadata.cellvars;
        match cellvars.get_index_of(name) {
            Some(index) => index as i32,
            None => cellvars.insert_full(Arc::from(name)).0 as i32,
        }
    }

    pub(super) fn freevar_index(&mut self, name: &str) -> i32 {
        let metadata = &mut self.unit().metadata;
        let index = match metadata.freevars.get_index_of(name) {
            Some(index) => index,
            None => metadata.freevars.insert_full(Arc::from(name)).0,
        };
        (metadata.cellvars.len() + index) as i32
    }

    pub(super) fn store_name(&mut self, name: &str, location: Location) -> Result {
        self.name_op(&Name::new(name), ExprContext::Store, location)
    }

    pub(super) fn load_name(&mut self, name: &str, location: Location) -> Result {
        self.name_op(&Name::new(name), ExprContext::Load, location)
    }

    pub(super) fn in_inlined_comp(&self) -> bool {
        self.units.last().is_some_and(|unit| unit.in_inlined_comp > 0)
    }

    pub(super) fn load_classdict(&mut self, location: Location) {
        let arg = self.freevar_index("__classdict__");
        self.add(Op::LOAD_DEREF, arg, location);
    }

    pub(super) fn name_op(&mut self, name: &Name, ctx: ExprContext, location: Location) -> Result {
        let mangled = self.mangle(name);
        let entry = self.entry();
        let scope = entry.scope(&mangled);
        let function_like = entry.is_function_like();
        let is_class = entry.block == BlockType::Class;
        let sees_class = entry.can_see_class_scope;
        let access = match scope {
            Scope::Free | Scope::Cell => Access::Deref,
            Scope::Local if function_like => Access::Fast,
            Scope::Local
                if self.units.last().is_some_and(|unit| {
                    unit.metadata.fasthidden.get(mangled.as_str()) == Some(&true)
                }) =>
            {
                Access::Fast
            }
            Scope::GlobalImplicit if function_like => Access::Global,
            Scope::GlobalExplicit => Access::Global,
            _ => Access::Name,
        };
        let inlined = self.in_inlined_comp();
        match access {
            Access::Fast => {
                let arg = self.varname_index(&mangled);
                let op = match ctx {
                    ExprContext::Load => Op::LOAD_FAST,
                    ExprContext::Store => Op::STORE_FAST,
                    ExprContext::Del => Op::DELETE_FAST,
                };
                self.add(op, arg, location);
            }
            Access::Deref => {
                let arg = match scope {
                    Scope::Free => self.freevar_index(&mangled),
                    _ => self.cellvar_index(&mangled),
                };
                let op = match ctx {
                    ExprContext::Load if is_class && !inlined => {
                        self.op(Op::LOAD_LOCALS, location);
                        Op::LOAD_FROM_DICT_OR_DEREF
                    }
                    ExprContext::Load if sees_class => {
                        self.load_classdict(location);
                        Op::LOAD_FROM_DICT_OR_DEREF
                    }
                    ExprContext::Load => Op::LOAD_DEREF,
                    ExprContext::Store => Op::STORE_DEREF,
                    ExprContext::Del => Op::DELETE_DEREF,
                };
                self.add(op, arg, location);
            }
            Access::Global => {
                let arg = self.name_index(&mangled);
                match ctx {
                    ExprContext::Load if sees_class && scope == Scope::GlobalImplicit => {
                        self.load_classdict(location);
                        self.add(Op::LOAD_FROM_DICT_OR_GLOBALS, arg, location);
                    }
                    ExprContext::Load => self.add(Op::LOAD_GLOBAL, arg << 1, location),
                    ExprContext::Store => self.add(Op::STORE_GLOBAL, arg, location),
                    ExprContext::Del => self.add(Op::DELETE_GLOBAL, arg, location),
                }
            }
            Access::Name => {
                let arg = self.name_index(&mangled);
                match ctx {
                    ExprContext::Load if is_class && inlined => {
                        self.add(Op::LOAD_GLOBAL, arg << 1, location);
                    }
                    ExprContext::Load => self.add(Op::LOAD_NAME, arg, location),
                    ExprContext::Store => self.add(Op::STORE_NAME, arg, location),
                    ExprContext::Del => self.add(Op::DELETE_NAME, arg, location),
                }
            }
        }
        Ok(())
    }

    /// An instruction whose argument is a mangled name.
    pub(super) fn mangled_name_op(&mut self, op: Op, name: &Name, location: Location) {
        let mangled = self.mangle(name);
        let arg = self.name_index(&mangled);
        self.add(op, arg, location);
    }

    pub(super) fn attr_op(&mut self, op: AttrOp, name: &Name, location: Location) {
        let mangled = self.mangle(name);
        let arg = self.name_index(&mangled);
        let (op, arg) = match op {
            AttrOp::Load => (Op::LOAD_ATTR, arg << 1),
            AttrOp::Method => (Op::LOAD_ATTR, arg << 1 | 1),
            AttrOp::Super => (Op::LOAD_SUPER_ATTR, arg << 2 | 2),
            AttrOp::SuperMethod => (Op::LOAD_SUPER_ATTR, arg << 2 | 3),
            AttrOp::ZeroSuper => (Op::LOAD_SUPER_ATTR, arg << 2),
            AttrOp::ZeroSuperMethod => (Op::LOAD_SUPER_ATTR, arg << 2 | 1),
            AttrOp::Store => (Op::STORE_ATTR, arg),
            AttrOp::Delete => (Op::DELETE_ATTR, arg),
        };
        self.add(op, arg, location);
    }

    /// Whether `name` is a cell or free variable here, as closures see it.
    pub(super) fn ref_type(&self, name: &str) -> Scope {
        if self.scope_type() == ScopeType::Class
            && matches!(name, "__class__" | "__classdict__" | "__conditional_annotations__")
        {
            return Scope::Cell;
        }
        self.entry().scope(name)
    }

    /// Note `self.name = …` in a method for the class's `__static_attributes__`.
    pub(super) fn note_static_attribute(&mut self, value: &Expr, attr: &Name, ctx: ExprContext) {
        let is_self = matches!(&value.kind, ExprKind::Name { id, .. } if id == "self");
        if ctx != ExprContext::Store || !is_self {
            return;
        }
        let outer = self.units.len().saturating_sub(1);
        let class =
            self.units[..outer].iter_mut().rev().find(|unit| unit.scope_type == ScopeType::Class);
        if let Some(class) = class {
            class.static_attributes.insert(attr.clone());
        }
    }
}
