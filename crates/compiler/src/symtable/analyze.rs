//! The second pass: the scope of every name.
//!
//! A block receives the names bound in enclosing functions and hands back the
//! names that it leaves free. Class bindings are invisible to nested blocks,
//! except to annotation scopes, which look into the class namespace first.

use super::{
    BlockType, DEF_BOUND, DEF_COMP_CELL, DEF_FREE_CLASS, DEF_GLOBAL, DEF_NONLOCAL, DEF_PARAM,
    DEF_TYPE_PARAM, EntryId, SCOPE_OFFSET, Scope, SymbolTable, USE, scope_of,
};
use crate::{
    ast::Name,
    error::{CompileError, ErrorKind, Result},
    name_map::{NameMap, NameSet},
};

const CLASS_CELLS: [&str; 3] = ["__class__", "__classdict__", "__conditional_annotations__"];

pub(super) fn analyze(table: &mut SymbolTable) -> Result {
    let mut outer = Outer::default();
    let mut free = NameSet::default();
    table.analyze_block(0, None, &mut outer, &mut free, None)
}

/// What the enclosing blocks contribute; a block may change its own copy.
#[derive(Clone, Default)]
struct Outer {
    global: NameSet,
    type_params: NameSet,
}

impl SymbolTable {
    fn error_at_directive(&self, id: EntryId, name: &Name, message: String) -> Box<CompileError> {
        match self.entries[id].directives.iter().find(|(known, _)| known == name) {
            Some((_, location)) => CompileError::at(*location, message),
            None => CompileError::new(ErrorKind::SyntaxError, message),
        }
    }

    /// `bound` is `None` for the module.
    fn analyze_block(
        &mut self,
        id: EntryId,
        mut bound: Option<NameSet>,
        outer: &mut Outer,
        free: &mut NameSet,
        class_entry: Option<EntryId>,
    ) -> Result {
        let is_class = self.entries[id].block == BlockType::Class;
        let is_function_like = self.entries[id].is_function_like();
        let mut local = NameSet::default();
        let mut scopes: NameMap<Scope> = NameMap::default();
        let mut new_global = NameSet::default();
        let mut new_bound = NameSet::default();
        let mut new_free = NameSet::default();
        let mut inlined_cells = NameSet::default();

        if is_class {
            new_global.extend(&outer.global);
            if let Some(bound) = &bound {
                new_bound.extend(bound);
            }
        }

        let symbols: Vec<(Name, u32)> =
            self.entries[id].symbols.iter().map(|(name, flags)| (name.clone(), *flags)).collect();
        for (name, flags) in &symbols {
            let scope = self.analyze_name(
                id,
                name,
                *flags,
                &mut bound,
                &mut local,
                free,
                outer,
                class_entry,
            )?;
            scopes.insert(name, scope);
        }

        if is_class {
            for name in CLASS_CELLS {
                new_bound.add(&Name::new_static(name));
            }
        } else {
            if is_function_like {
                new_bound.extend(&local);
            }
            if let Some(bound) = &bound {
                new_bound.extend(bound);
            }
            new_global.extend(&outer.global);
        }

        for at in 0..self.entries[id].children.len() {
            let child = self.entries[id].children[at];
            let entry = &self.entries[child];
            let new_class_entry = match entry.can_see_class_scope {
                true if is_class => Some(id),
                true => class_entry,
                false => None,
            };
            // Comprehensions are inlined, except generator expressions and
            // those in annotation scopes nested in classes.
            let inline = entry.comprehension.is_some()
                && !entry.generator
                && !self.entries[id].can_see_class_scope;

            let mut child_free = new_free.clone();
            let mut child_outer =
                Outer { global: new_global.clone(), type_params: outer.type_params.clone() };
            self.analyze_block(
                child,
                Some(new_bound.clone()),
                &mut child_outer,
                &mut child_free,
                new_class_entry,
            )?;
            if inline {
                self.inline_comprehension(
                    id,
                    child,
                    &mut scopes,
                    &mut child_free,
                    &mut inlined_cells,
                );
                self.entries[child].comp_inlined = true;
            }
            new_free.extend(&child_free);
        }

        for at in (0..self.entries[id].children.len()).rev() {
            let child = self.entries[id].children[at];
            if self.entries[child].comp_inlined {
                let grandchildren = self.entries[child].children.clone();
                self.entries[id].children.splice(at..=at, grandchildren);
            }
        }

        if is_function_like {
            let cells: Vec<Name> = scopes
                .iter()
                .filter(|(name, scope)| {
                    **scope == Scope::Local
                        && (new_free.contains(name) || inlined_cells.contains(name))
                })
                .map(|(name, _)| name.clone())
                .collect();
            for name in cells {
                scopes.insert(&name, Scope::Cell);
                new_free.discard(&name);
            }
        } else if is_class {
            let entry = &mut self.entries[id];
            entry.needs_class_closure |= new_free.discard("__class__");
            entry.needs_classdict |= new_free.discard("__classdict__");
            entry.has_conditional_annotations |= new_free.discard("__conditional_annotations__");
        }

        let see_class = is_class || self.entries[id].can_see_class_scope;
        self.update_symbols(id, &scopes, bound.as_ref(), &new_free, &inlined_cells, see_class);
        free.extend(&new_free);
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "the state of one block's analysis")]
    fn analyze_name(
        &self,
        id: EntryId,
        name: &Name,
        flags: u32,
        bound: &mut Option<NameSet>,
        local: &mut NameSet,
        free: &mut NameSet,
        outer: &mut Outer,
        class_entry: Option<EntryId>,
    ) -> Result<Scope> {
        if flags & DEF_GLOBAL != 0 {
            if flags & DEF_NONLOCAL != 0 {
                let message = format!("name '{name}' is nonlocal and global");
                return Err(self.error_at_directive(id, name, message));
            }
            outer.global.add(name);
            if let Some(bound) = bound {
                bound.discard(name);
            }
            return Ok(Scope::GlobalExplicit);
        }
        if flags & DEF_NONLOCAL != 0 {
            let message = match bound {
                None => "nonlocal declaration not allowed at module level".to_owned(),
                Some(bound) if !bound.contains(name) => {
                    format!("no binding for nonlocal '{name}' found")
                }
                _ if outer.type_params.contains(name) => {
                    format!("nonlocal binding not allowed for type parameter '{name}'")
                }
                _ => {
                    free.add(name);
                    return Ok(Scope::Free);
                }
            };
            return Err(self.error_at_directive(id, name, message));
        }
        if flags & DEF_BOUND != 0 {
            local.add(name);
            outer.global.discard(name);
            if flags & DEF_TYPE_PARAM != 0 {
                outer.type_params.add(name);
            } else {
                outer.type_params.discard(name);
            }
            return Ok(Scope::Local);
        }
        // A scope that sees the class namespace looks there and then at the
        // globals, not at a binding of an outer function.
        if let Some(class) = class_entry.filter(|_| name.as_str() != "__classdict__") {
            let class_flags = self.entries[class].symbol(name);
            if class_flags & DEF_GLOBAL != 0 {
                return Ok(Scope::GlobalExplicit);
            }
            if class_flags & DEF_BOUND != 0 && class_flags & DEF_NONLOCAL == 0 {
                return Ok(Scope::GlobalImplicit);
            }
        }
        if bound.as_ref().is_some_and(|bound| bound.contains(name)) {
            free.add(name);
            return Ok(Scope::Free);
        }
        Ok(Scope::GlobalImplicit)
    }

    fn inline_comprehension(
        &mut self,
        id: EntryId,
        comp: EntryId,
        scopes: &mut NameMap<Scope>,
        comp_free: &mut NameSet,
        inlined_cells: &mut NameSet,
    ) {
        let is_class = self.entries[id].block == BlockType::Class;
        let symbols: Vec<(Name, u32)> = self.entries[comp]
            .symbols
            .iter()
            .map(|(name, symbol)| (name.clone(), *symbol))
            .collect();
        let mut removed = Vec::new();
        for (name, symbol) in &symbols {
            if symbol & DEF_PARAM != 0 {
                continue;
            }
            let mut scope = scope_of(*symbol);
            let flags = symbol & ((1 << SCOPE_OFFSET) - 1);
            if scope == Scope::Cell || flags & DEF_COMP_CELL != 0 {
                inlined_cells.add(name);
            }
            let existing = self.entries[id].symbols.get(name).copied();
            let free_in_child = || {
                let children = &self.entries[comp].children;
                children.iter().any(|child| self.entries[*child].scope(name) == Scope::Free)
            };
            // `__class__` is never free through a class scope.
            if scope == Scope::Free && is_class && CLASS_CELLS.contains(&name.as_str()) {
                scope = Scope::GlobalImplicit;
                if !free_in_child() {
                    comp_free.discard(name);
                }
                removed.push(name);
            }
            match existing {
                None => {
                    self.entries[id].symbols.insert(name, flags);
                    scopes.insert(name, scope);
                }
                Some(outer) => {
                    // Free in the comprehension, local outside: simply local now,
                    // unless a child of the comprehension needs the cell.
                    if outer & DEF_BOUND != 0 && !is_class && !free_in_child() {
                        comp_free.discard(name);
                    }
                    if flags & USE != 0 && flags & DEF_BOUND == 0 && !is_class {
                        self.entries[id].symbols.insert(name, outer | USE);
                    }
                }
            }
        }
        for name in removed {
            self.entries[comp].symbols.remove(name);
        }
    }

    fn update_symbols(
        &mut self,
        id: EntryId,
        scopes: &NameMap<Scope>,
        bound: Option<&NameSet>,
        free: &NameSet,
        inlined_cells: &NameSet,
        see_class: bool,
    ) {
        let symbols = &mut self.entries[id].symbols;
        let names: Vec<Name> = symbols.names().cloned().collect();
        for name in &names {
            let mut flags = symbols.get(name).copied().unwrap_or(0);
            if inlined_cells.contains(name) {
                flags |= DEF_COMP_CELL;
            }
            let scope = scopes.get(name).copied().unwrap_or(Scope::Unknown);
            flags |= (scope as u32) << SCOPE_OFFSET;
            symbols.insert(name, flags);
        }
        for name in free.names() {
            if let Some(&flags) = symbols.get(name) {
                if see_class {
                    symbols.insert(name, flags | DEF_FREE_CLASS);
                }
                continue;
            }
            if bound.is_some_and(|bound| !bound.contains(name)) {
                continue;
            }
            symbols.insert(name, (Scope::Free as u32) << SCOPE_OFFSET);
        }
    }
}
