//! Statements.

use bytecode::{Constant, Op};

use super::{Compiler, ScopeType, common, intrinsic, names::AttrOp, unwind::BlockKind};
use crate::{
    ast::{Alias, Expr, ExprContext, ExprKind, For, Name, Operator, Stmt, StmtKind},
    error::Result,
    instruction_sequence::{Location, NO_LOCATION},
};

impl<'a> Compiler<'a> {
    pub(super) fn stmts(&mut self, body: &'a [Stmt]) -> Result {
        body.iter().try_for_each(|stmt| self.stmt(stmt))
    }

    pub(super) fn stmt(&mut self, stmt: &'a Stmt) -> Result {
        self.nested(|compiler| compiler.stmt_inner(stmt))
    }

    fn stmt_inner(&mut self, stmt: &'a Stmt) -> Result {
        let location = stmt.location;
        match &stmt.kind {
            StmtKind::FunctionDef(def) => self.function(def, location),
            StmtKind::ClassDef(def) => self.class(def, location),
            StmtKind::TypeAlias { name, type_params, value } => {
                self.type_alias(name, type_params, value, location)
            }
            StmtKind::Return(value) => self.return_stmt(value.as_deref(), location),
            StmtKind::Delete(targets) => self.exprs(targets),
            StmtKind::Assign { targets, value } => {
                self.expr(value)?;
                for (at, target) in targets.iter().enumerate() {
                    if at + 1 < targets.len() {
                        self.add(Op::COPY, 1, location);
                    }
                    self.expr(target)?;
                }
                Ok(())
            }
            StmtKind::AugAssign { target, op, value } => {
                self.aug_assign(target, *op, value, location)
            }
            StmtKind::AnnAssign { target, annotation, value, simple } => {
                self.ann_assign(location, target, annotation, value.as_deref(), *simple)
            }
            StmtKind::For(node) => self.conditional(|c| {
                if node.is_async { c.async_for(node, location) } else { c.for_stmt(node, location) }
            }),
            StmtKind::While { test, body, orelse } => {
                self.conditional(|c| c.while_stmt(test, body, orelse, location))
            }
            StmtKind::If { test, body, orelse } => {
                self.conditional(|c| c.if_stmt(test, body, orelse, location))
            }
            StmtKind::Match { subject, cases } => {
                self.conditional(|c| c.match_stmt(subject, cases))
            }
            StmtKind::Raise { exc, cause } => {
                let mut count = 0;
                if let Some(exc) = exc {
                    self.expr(exc)?;
                    count = 1;
                    if let Some(cause) = cause {
                        self.expr(cause)?;
                        count = 2;
                    }
                }
                self.add(Op::RAISE_VARARGS, count, location);
                Ok(())
            }
            StmtKind::Try(node) => self.conditional(|c| c.try_stmt(node, location)),
            StmtKind::Assert { test, msg } => self.assert(test, msg.as_deref(), location),
            StmtKind::Import(names) => self.import(names, location),
            StmtKind::ImportFrom { module, names, level } => {
                self.import_from(module.as_ref(), names, *level, location)
            }
            StmtKind::Global(_) | StmtKind::Nonlocal(_) => Ok(()),
            StmtKind::Expr(value) => self.expr_stmt(value, location),
            StmtKind::Pass => {
                self.op(Op::NOP, location);
                Ok(())
            }
            StmtKind::Break => self.break_stmt(location),
            StmtKind::Continue => self.continue_stmt(location),
            StmtKind::With { items, body, is_async } => self.conditional(|c| {
                if *is_async { c.async_with(items, body) } else { c.with(items, body) }
            }),
        }
    }

    fn conditional(&mut self, generate: impl FnOnce(&mut Self) -> Result) -> Result {
        self.unit().in_conditional_block += 1;
        generate(self)?;
        self.unit().in_conditional_block -= 1;
        Ok(())
    }

    fn expr_stmt(&mut self, value: &'a Expr, location: Location) -> Result {
        if self.interactive && self.units.len() == 1 {
            self.expr(value)?;
            self.add(Op::CALL_INTRINSIC_1, intrinsic::PRINT, location);
        } else if value.as_constant().is_some() {
            self.op(Op::NOP, location);
            return Ok(());
        } else {
            self.expr(value)?;
        }
        self.op(Op::POP_TOP, NO_LOCATION);
        Ok(())
    }

    fn if_stmt(
        &mut self,
        test: &'a Expr,
        body: &'a [Stmt],
        orelse: &'a [Stmt],
        location: Location,
    ) -> Result {
        let end = self.label();
        let next = if orelse.is_empty() { end } else { self.label() };
        self.jump_if(location, test, next, false)?;
        self.stmts(body)?;
        if !orelse.is_empty() {
            self.jump(Op::JUMP_NO_INTERRUPT, end, NO_LOCATION);
            self.here(next);
            self.stmts(orelse)?;
        }
        self.here(end);
        Ok(())
    }

    fn for_stmt(&mut self, node: &'a For, location: Location) -> Result {
        let start = self.label();
        let body = self.label();
        let cleanup = self.label();
        let end = self.label();
        self.push_block(BlockKind::ForLoop, Some(start), Some(end), location)?;
        self.expr(&node.iter)?;
        let location = node.iter.location;
        self.op(Op::GET_ITER, location);
        self.here(start);
        self.jump(Op::FOR_ITER, cleanup, location);
        // For tracing of `for` statements on several lines.
        self.op(Op::NOP, node.target.location);
        self.here(body);
        self.expr(&node.target)?;
        self.stmts(&node.body)?;
        self.jump(Op::JUMP, start, NO_LOCATION);
        self.here(cleanup);
        self.op(Op::END_FOR, NO_LOCATION);
        self.op(Op::POP_ITER, NO_LOCATION);
        self.pop_block();
        self.stmts(&node.orelse)?;
        self.here(end);
        Ok(())
    }

    fn async_for(&mut self, node: &'a For, location: Location) -> Result {
        let start = self.label();
        let send = self.label();
        let except = self.label();
        let end = self.label();
        self.expr(&node.iter)?;
        self.op(Op::GET_AITER, node.iter.location);
        self.here(start);
        self.push_block(BlockKind::ForLoop, Some(start), Some(end), location)?;
        self.jump(Op::SETUP_FINALLY, except, location);
        self.op(Op::GET_ANEXT, location);
        self.load_const(Constant::None, location);
        self.here(send);
        self.yield_from(true, location);
        self.op(Op::POP_BLOCK, location);
        self.op(Op::NOT_TAKEN, location);
        self.expr(&node.target)?;
        self.stmts(&node.body)?;
        self.jump(Op::JUMP, start, NO_LOCATION);
        self.pop_block();
        self.here(except);
        self.jump(Op::END_ASYNC_FOR, send, node.iter.location);
        self.stmts(&node.orelse)?;
        self.here(end);
        Ok(())
    }

    fn while_stmt(
        &mut self,
        test: &'a Expr,
        body: &'a [Stmt],
        orelse: &'a [Stmt],
        location: Location,
    ) -> Result {
        let start = self.label();
        let end = self.label();
        let anchor = self.label();
        self.here(start);
        self.push_block(BlockKind::WhileLoop, Some(start), Some(end), location)?;
        self.jump_if(location, test, anchor, false)?;
        self.stmts(body)?;
        self.jump(Op::JUMP, start, NO_LOCATION);
        self.pop_block();
        self.here(anchor);
        self.stmts(orelse)?;
        self.here(end);
        Ok(())
    }

    fn return_stmt(&mut self, value: Option<&'a Expr>, stmt: Location) -> Result {
        let constant = value.and_then(Expr::as_constant);
        let preserve_tos = value.is_some() && constant.is_none();
        let mut location = stmt;
        let entry = self.entry();
        if !entry.is_function_like() {
            return self.error(location, "'return' outside function");
        }
        if value.is_some() && entry.coroutine && entry.generator {
            return self.error(location, "'return' with value in async generator");
        }
        if let Some(value) = value {
            if preserve_tos {
                self.expr(value)?;
            } else {
                location = value.location;
                self.op(Op::NOP, location);
            }
        }
        if value.is_none_or(|value| value.location.line != stmt.line) {
            location = stmt;
            self.op(Op::NOP, location);
        }
        self.unwind_blocks(&mut location, preserve_tos, false)?;
        if value.is_none() {
            self.load_const(Constant::None, location);
        } else if let Some(constant) = constant {
            self.load_const(constant.clone(), location);
        }
        self.op(Op::RETURN_VALUE, location);
        Ok(())
    }

    fn break_stmt(&mut self, origin: Location) -> Result {
        let mut location = origin;
        self.op(Op::NOP, location);
        let found = self.unwind_blocks(&mut location, false, true)?;
        let Some((block, exit)) = found.and_then(|block| block.exit.map(|exit| (block, exit)))
        else {
            return self.error(origin, "'break' outside loop");
        };
        self.unwind_block(&mut location, &block, false)?;
        self.jump(Op::JUMP, exit, location);
        Ok(())
    }

    fn continue_stmt(&mut self, origin: Location) -> Result {
        let mut location = origin;
        self.op(Op::NOP, location);
        let found = self.unwind_blocks(&mut location, false, true)?;
        let Some(start) = found.and_then(|block| block.start) else {
            return self.error(origin, "'continue' not properly in loop");
        };
        self.jump(Op::JUMP, start, location);
        Ok(())
    }

    fn import(&mut self, names: &'a [Alias], location: Location) -> Result {
        for alias in names {
            self.load_const(Constant::from(0), location);
            self.load_const(Constant::None, location);
            self.mangled_name_op(Op::IMPORT_NAME, &alias.name, location);
            match &alias.asname {
                Some(asname) => self.import_as(&alias.name, asname, location)?,
                None => {
                    let package = alias.name.split('.').next().unwrap_or("");
                    self.store_name(package, location)?;
                }
            }
        }
        Ok(())
    }

    /// `import a.b.c as name` binds the innermost module.
    fn import_as(&mut self, name: &Name, asname: &Name, location: Location) -> Result {
        let mut parts = name.split('.').skip(1).peekable();
        let dotted = parts.peek().is_some();
        while let Some(part) = parts.next() {
            let arg = self.name_index(part);
            self.add(Op::IMPORT_FROM, arg, location);
            if parts.peek().is_some() {
                self.add(Op::SWAP, 2, location);
                self.op(Op::POP_TOP, location);
            }
        }
        self.name_op(asname, ExprContext::Store, location)?;
        if dotted {
            self.op(Op::POP_TOP, location);
        }
        Ok(())
    }

    fn import_from(
        &mut self,
        module: Option<&Name>,
        names: &'a [Alias],
        level: u32,
        location: Location,
    ) -> Result {
        self.load_const(Constant::from(i64::from(level)), location);
        let fromlist = names.iter().map(|alias| Constant::from(alias.name.as_str())).collect();
        self.load_const(Constant::Tuple(fromlist), location);
        match module {
            Some(module) => self.mangled_name_op(Op::IMPORT_NAME, module, location),
            None => self.mangled_name_op(Op::IMPORT_NAME, &Name::empty(), location),
        }
        for (at, alias) in names.iter().enumerate() {
            if at == 0 && alias.name.starts_with('*') {
                self.add(Op::CALL_INTRINSIC_1, intrinsic::IMPORT_STAR, location);
                self.op(Op::POP_TOP, NO_LOCATION);
                return Ok(());
            }
            self.mangled_name_op(Op::IMPORT_FROM, &alias.name, location);
            let bound = alias.asname.as_ref().unwrap_or(&alias.name);
            self.name_op(bound, ExprContext::Store, location)?;
        }
        self.op(Op::POP_TOP, location);
        Ok(())
    }

    fn assert(&mut self, test: &'a Expr, msg: Option<&'a Expr>, location: Location) -> Result {
        let always_true = match &test.kind {
            ExprKind::Tuple { elts, .. } => !elts.is_empty(),
            ExprKind::Constant { value: Constant::Tuple(items), .. } => !items.is_empty(),
            _ => false,
        };
        if always_true {
            let message = "assertion is always true, perhaps remove parentheses?";
            self.warn(location, message.to_owned());
        }
        if self.optimize > 0 {
            return Ok(());
        }
        let end = self.label();
        self.jump_if(location, test, end, true)?;
        self.add(Op::LOAD_COMMON_CONSTANT, common::ASSERTION_ERROR, location);
        if let Some(msg) = msg {
            self.expr(msg)?;
            self.add(Op::CALL, 0, location);
        }
        self.add(Op::RAISE_VARARGS, 1, test.location);
        self.here(end);
        Ok(())
    }

    fn aug_assign(
        &mut self,
        target: &'a Expr,
        op: Operator,
        value: &'a Expr,
        stmt: Location,
    ) -> Result {
        let location = target.location;
        match &target.kind {
            ExprKind::Attribute { value: object, attr, .. } => {
                self.expr(object)?;
                self.add(Op::COPY, 1, location);
                let at_name = self.attr_location(location, target, attr);
                self.attr_op(AttrOp::Load, attr, at_name);
                self.expr(value)?;
                self.binary(op, true, stmt);
                self.add(Op::SWAP, 2, at_name);
                self.attr_op(AttrOp::Store, attr, at_name);
            }
            ExprKind::Subscript { value: object, slice, .. } => {
                self.expr(object)?;
                let two_parts = self.is_two_part_slice(slice);
                if two_parts {
                    self.slice_parts(slice)?;
                    for _ in 0..3 {
                        self.add(Op::COPY, 3, location);
                    }
                    self.op(Op::BINARY_SLICE, location);
                } else {
                    self.expr(slice)?;
                    self.add(Op::COPY, 2, location);
                    self.add(Op::COPY, 2, location);
                    self.add(Op::BINARY_OP, super::NB_SUBSCR, location);
                }
                self.expr(value)?;
                self.binary(op, true, stmt);
                if two_parts {
                    self.add(Op::SWAP, 4, location);
                    self.add(Op::SWAP, 3, location);
                    self.add(Op::SWAP, 2, location);
                    self.op(Op::STORE_SLICE, location);
                } else {
                    self.add(Op::SWAP, 3, location);
                    self.add(Op::SWAP, 2, location);
                    self.op(Op::STORE_SUBSCR, location);
                }
            }
            ExprKind::Name { id, .. } => {
                self.name_op(id, ExprContext::Load, location)?;
                self.expr(value)?;
                self.binary(op, true, stmt);
                self.name_op(id, ExprContext::Store, location)?;
            }
            _ => return Err(self.system_error("this target of augmented assignment")),
        }
        Ok(())
    }

    fn ann_assign(
        &mut self,
        location: Location,
        target: &'a Expr,
        annotation: &'a Expr,
        value: Option<&'a Expr>,
        simple: bool,
    ) -> Result {
        let future = self.features.annotations();
        if let Some(value) = value {
            self.expr(value)?;
            self.expr(target)?;
        }
        let in_namespace = matches!(self.scope_type(), ScopeType::Module | ScopeType::Class);
        match &target.kind {
            ExprKind::Name { id, .. } if simple && in_namespace => {
                if future {
                    self.annotation_text(annotation)?;
                    let arg = self.name_index("__annotations__");
                    self.add(Op::LOAD_NAME, arg, location);
                    let mangled = self.mangle(id);
                    self.load_str(&mangled, location);
                    self.op(Op::STORE_SUBSCR, location);
                } else {
                    self.defer_annotation(id, annotation, location);
                }
            }
            ExprKind::Name { .. } => {}
            ExprKind::Attribute { value: object, .. } => {
                if value.is_none() {
                    self.evaluate_and_pop(object)?;
                }
            }
            ExprKind::Subscript { value: object, slice, .. } => {
                if value.is_none() {
                    self.evaluate_and_pop(object)?;
                    self.check_annotated_slice(slice)?;
                }
            }
            _ => return Err(self.system_error("this target of annotated assignment")),
        }
        Ok(())
    }

    fn evaluate_and_pop(&mut self, expr: &'a Expr) -> Result {
        self.expr(expr)?;
        self.op(Op::POP_TOP, expr.location);
        Ok(())
    }

    /// What a subscript says must exist even if nothing is assigned.
    fn check_annotated_slice(&mut self, slice: &'a Expr) -> Result {
        match &slice.kind {
            ExprKind::Slice { lower, upper, step } => {
                for part in [lower, upper, step].into_iter().flatten() {
                    self.evaluate_and_pop(part)?;
                }
                Ok(())
            }
            ExprKind::Tuple { elts, .. } => {
                elts.iter().try_for_each(|elt| self.nested(|c| c.check_annotated_slice(elt)))
            }
            _ => self.evaluate_and_pop(slice),
        }
    }
}
