//! Comprehensions: inlined (PEP 709), or a function that is called at once.

use bytecode::{Constant, Op};

use super::{ArgCounts, Compiler, ScopeType, unwind::BlockKind};
use crate::{
    ast::{Comprehension, Expr, ExprKind, Name},
    error::Result,
    instruction_sequence::{Label, Location, NO_LOCATION},
    symtable::{BlockType, DEF_LOCAL, DEF_NONLOCAL, EntryId, Key, Scope, scope_of},
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Generator,
    List,
    Set,
    Dict,
}

/// What to do for each item.
#[derive(Clone, Copy)]
struct Element<'a> {
    kind: Kind,
    elt: &'a Expr,
    value: Option<&'a Expr>,
}

/// What an inlined comprehension borrowed from the function around it.
#[derive(Default)]
struct Inlined {
    pushed: Vec<Name>,
    saved_symbols: Vec<(Name, u32)>,
    fast_hidden: Vec<Name>,
    cleanup: Option<Label>,
}

impl<'a> Compiler<'a> {
    pub(super) fn comprehension(&mut self, expr: &'a Expr) -> Result {
        let (name, element, generators): (_, _, &'a [Comprehension]) = match &expr.kind {
            ExprKind::GeneratorExp { elt, generators } => {
                ("<genexpr>", Element { kind: Kind::Generator, elt, value: None }, generators)
            }
            ExprKind::ListComp { elt, generators } => {
                ("<listcomp>", Element { kind: Kind::List, elt, value: None }, generators)
            }
            ExprKind::SetComp { elt, generators } => {
                ("<setcomp>", Element { kind: Kind::Set, elt, value: None }, generators)
            }
            ExprKind::DictComp { key, value, generators } => {
                let element = Element { kind: Kind::Dict, elt: key, value: Some(value) };
                ("<dictcomp>", element, generators)
            }
            _ => return Err(self.system_error("unknown comprehension")),
        };
        let Some(outermost) = generators.first() else {
            return Err(self.system_error("comprehension without generators"));
        };
        let location = expr.location;
        let entry = self.lookup(Key::expr(expr))?;
        let inline = self.table.entries[entry].comp_inlined;
        let is_async = self.table.entries[entry].coroutine;
        let mut inlined = Inlined::default();
        if inline {
            self.iterable(outermost)?;
            self.enter_inlined(entry, location, &mut inlined)?;
        } else {
            let counts = ArgCounts { args: 1, ..ArgCounts::default() };
            self.enter_scope(
                name,
                ScopeType::Comprehension,
                Some(entry),
                location.line,
                None,
                counts,
            )?;
        }
        let build = match element.kind {
            Kind::Generator => None,
            Kind::List => Some(Op::BUILD_LIST),
            Kind::Set => Some(Op::BUILD_SET),
            Kind::Dict => Some(Op::BUILD_MAP),
        };
        if let Some(op) = build {
            self.add(op, 0, location);
            if inline {
                self.add(Op::SWAP, 2, location);
            }
        }
        self.generator(location, generators, 0, 0, element, inline)?;
        if inline {
            self.leave_inlined(location, inlined);
            return Ok(());
        }
        if element.kind == Kind::Generator {
            self.stopiteration_handler();
        } else {
            self.op(Op::RETURN_VALUE, location);
        }
        let code = self.finish_unit(true)?;
        self.make_closure(code, 0, location)?;
        self.iterable(outermost)?;
        self.add(Op::CALL, 0, location);
        if is_async && element.kind != Kind::Generator {
            self.await_value(0, location);
        }
        Ok(())
    }

    fn iterable(&mut self, generator: &'a Comprehension) -> Result {
        self.expr(&generator.iter)?;
        let op = if generator.is_async { Op::GET_AITER } else { Op::GET_ITER };
        self.op(op, generator.iter.location);
        Ok(())
    }

    fn generator(
        &mut self,
        location: Location,
        generators: &'a [Comprehension],
        index: usize,
        depth: i32,
        element: Element<'a>,
        iter_on_stack: bool,
    ) -> Result {
        self.nested(|c| {
            if generators[index].is_async {
                c.async_generator(location, generators, index, depth, element, iter_on_stack)
            } else {
                c.sync_generator(location, generators, index, depth, element, iter_on_stack)
            }
        })
    }

    fn sync_generator(
        &mut self,
        location: Location,
        generators: &'a [Comprehension],
        index: usize,
        mut depth: i32,
        element: Element<'a>,
        iter_on_stack: bool,
    ) -> Result {
        let start = self.label();
        let if_cleanup = self.label();
        let anchor = self.label();
        let generator = &generators[index];
        let mut looping = true;
        if !iter_on_stack {
            if index == 0 {
                self.add(Op::LOAD_FAST, 0, location);
            } else if let Some(only) = single_element(&generator.iter) {
                // `for y in [f(x)]` is an assignment.
                self.expr(only)?;
                looping = false;
            } else {
                self.iterable(generator)?;
            }
        }
        if looping {
            depth += 1;
            self.here(start);
            self.jump(Op::FOR_ITER, anchor, generator.iter.location);
        }
        self.expr(&generator.target)?;
        for test in &generator.ifs {
            self.jump_if(location, test, if_cleanup, false)?;
        }
        let elt_location = self.inner(location, generators, index, depth, element)?;
        self.here(if_cleanup);
        if looping {
            self.jump(Op::JUMP, start, elt_location);
            self.here(anchor);
            self.op(Op::END_FOR, NO_LOCATION);
            self.op(Op::POP_ITER, NO_LOCATION);
        }
        Ok(())
    }

    fn async_generator(
        &mut self,
        location: Location,
        generators: &'a [Comprehension],
        index: usize,
        depth: i32,
        element: Element<'a>,
        iter_on_stack: bool,
    ) -> Result {
        let start = self.label();
        let send = self.label();
        let except = self.label();
        let if_cleanup = self.label();
        let generator = &generators[index];
        if !iter_on_stack {
            if index == 0 {
                self.add(Op::LOAD_FAST, 0, location);
            } else {
                self.iterable(generator)?;
            }
        }
        self.here(start);
        self.push_block(BlockKind::AsyncComprehensionGenerator, Some(start), None, location)?;
        self.jump(Op::SETUP_FINALLY, except, location);
        self.op(Op::GET_ANEXT, location);
        self.load_const(Constant::None, location);
        self.here(send);
        self.yield_from(true, location);
        self.op(Op::POP_BLOCK, location);
        self.expr(&generator.target)?;
        for test in &generator.ifs {
            self.jump_if(location, test, if_cleanup, false)?;
        }
        let elt_location = self.inner(location, generators, index, depth + 1, element)?;
        self.here(if_cleanup);
        self.jump(Op::JUMP, start, elt_location);
        self.pop_block();
        self.here(except);
        self.jump(Op::END_ASYNC_FOR, send, location);
        Ok(())
    }

    /// The next `for`, or the element after the last one.
    fn inner(
        &mut self,
        location: Location,
        generators: &'a [Comprehension],
        index: usize,
        depth: i32,
        element: Element<'a>,
    ) -> Result<Location> {
        let mut elt_location = element.elt.location;
        if index + 1 < generators.len() {
            self.generator(location, generators, index + 1, depth, element, false)?;
            return Ok(elt_location);
        }
        self.expr(element.elt)?;
        match element.kind {
            Kind::Generator => {
                self.yield_value(elt_location);
                self.op(Op::POP_TOP, elt_location);
            }
            Kind::List => self.add(Op::LIST_APPEND, depth + 1, elt_location),
            Kind::Set => self.add(Op::SET_ADD, depth + 1, elt_location),
            Kind::Dict => {
                if let Some(value) = element.value {
                    self.expr(value)?;
                    elt_location.end_line = value.location.end_line;
                    elt_location.end_col = value.location.end_col;
                }
                self.add(Op::MAP_ADD, depth + 1, elt_location);
            }
        }
        Ok(elt_location)
    }

    /// Give names the scopes they have inside the comprehension, and save the
    /// values of those that it binds.
    fn enter_inlined(
        &mut self,
        comp: EntryId,
        location: Location,
        inlined: &mut Inlined,
    ) -> Result {
        let outer = self.unit().entry;
        let in_class =
            self.table.entries[outer].block == BlockType::Class && !self.in_inlined_comp();
        let function_like = self.table.entries[outer].is_function_like();
        self.unit().in_inlined_comp += 1;
        let symbols: Vec<(Name, u32)> = self.table.entries[comp]
            .symbols
            .iter()
            .map(|(name, symbol)| (name.clone(), *symbol))
            .collect();
        let bound = |symbol: u32| symbol & DEF_LOCAL != 0 && symbol & DEF_NONLOCAL == 0;
        let mut outer_scopes = Vec::with_capacity(symbols.len());
        for (name, symbol) in &symbols {
            let scope = scope_of(*symbol);
            let outer_symbol = self.table.entries[outer].symbol(name);
            let outer_scope = scope_of(outer_symbol);
            let differs = scope != outer_scope
                && scope != Scope::Free
                && !(scope == Scope::Cell && outer_scope == Scope::Free);
            if differs || in_class {
                self.table.entries[outer].symbols.insert(name, *symbol);
                inlined.saved_symbols.push((name.clone(), outer_symbol));
            }
            if (bound(*symbol) || in_class) && !function_like {
                let hidden = &mut self.unit().metadata.fasthidden;
                if hidden.get(name.as_str()) != Some(&true) {
                    hidden.insert(name.as_str().into(), true);
                    inlined.fast_hidden.push(name.clone());
                }
            }
            outer_scopes.push(scope_of(self.table.entries[outer].symbol(name)));
        }
        for ((name, symbol), outer_scope) in symbols.iter().zip(outer_scopes) {
            if !bound(*symbol) {
                continue;
            }
            let arg = self.varname_index(name);
            self.add(Op::LOAD_FAST_AND_CLEAR, arg, location);
            if scope_of(*symbol) == Scope::Cell {
                let arg = match outer_scope {
                    Scope::Free => self.freevar_index(name),
                    _ => self.cellvar_index(name),
                };
                self.add(Op::MAKE_CELL, arg, location);
            }
            inlined.pushed.push(name.clone());
        }
        if !inlined.pushed.is_empty() {
            // Bring the outermost iterator back to the top.
            self.add(Op::SWAP, inlined.pushed.len() as i32 + 1, location);
            let cleanup = self.label();
            inlined.cleanup = Some(cleanup);
            self.jump(Op::SETUP_FINALLY, cleanup, location);
            self.push_block(BlockKind::TryExcept, None, None, location)?;
        }
        Ok(())
    }

    fn leave_inlined(&mut self, location: Location, inlined: Inlined) {
        if let Some(cleanup) = inlined.cleanup {
            self.pop_block();
            self.op(Op::POP_BLOCK, NO_LOCATION);
            let end = self.label();
            self.jump(Op::JUMP_NO_INTERRUPT, end, NO_LOCATION);
            self.here(cleanup);
            self.add(Op::SWAP, 2, NO_LOCATION);
            self.op(Op::POP_TOP, NO_LOCATION);
            self.restore_locals(location, &inlined.pushed);
            self.add(Op::RERAISE, 0, NO_LOCATION);
            self.here(end);
            self.restore_locals(location, &inlined.pushed);
        }
        self.unit().in_inlined_comp -= 1;
        let outer = self.unit().entry;
        for (name, symbol) in &inlined.saved_symbols {
            self.table.entries[outer].symbols.insert(name, *symbol);
        }
        for name in &inlined.fast_hidden {
            self.unit().metadata.fasthidden.insert(name.as_str().into(), false);
        }
    }

    fn restore_locals(&mut self, location: Location, pushed: &[Name]) {
        self.add(Op::SWAP, pushed.len() as i32 + 1, location);
        for name in pushed.iter().rev() {
            let arg = self.varname_index(name);
            self.add(Op::STORE_FAST_MAYBE_NULL, arg, location);
        }
    }
}

fn single_element(iter: &Expr) -> Option<&Expr> {
    match &iter.kind {
        ExprKind::List { elts, .. } | ExprKind::Tuple { elts, .. } => match elts.as_slice() {
            [only] if !only.is_starred() => Some(only),
            _ => None,
        },
        _ => None,
    }
}
