//! `try`, `with` and their asynchronous relatives.

use bytecode::{Constant, Op};

use super::{Compiler, intrinsic, unwind::BlockKind};
use crate::{
    ast::{ExprContext, Stmt, Try, WithItem},
    error::Result,
    instruction_sequence::{Label, Location, NO_LOCATION},
};

/// Arguments of `LOAD_SPECIAL`.
const ENTER: i32 = 0;
const EXIT: i32 = 1;
const AENTER: i32 = 2;
const AEXIT: i32 = 3;

impl<'a> Compiler<'a> {
    pub(super) fn try_stmt(&mut self, node: &'a Try, location: Location) -> Result {
        if node.finalbody.is_empty() {
            return self.try_handlers(node, location);
        }
        let body = self.label();
        let end = self.label();
        let exit = self.label();
        let cleanup = self.label();
        self.jump(Op::SETUP_FINALLY, end, location);
        self.here(body);
        let block = BlockKind::FinallyTry(&node.finalbody);
        self.push_block(block, Some(body), Some(end), location)?;
        if node.handlers.is_empty() {
            self.stmts(&node.body)?;
        } else {
            self.try_handlers(node, location)?;
        }
        self.op(Op::POP_BLOCK, NO_LOCATION);
        self.pop_block();
        self.stmts(&node.finalbody)?;
        self.jump(Op::JUMP_NO_INTERRUPT, exit, NO_LOCATION);

        self.here(end);
        self.jump(Op::SETUP_CLEANUP, cleanup, NO_LOCATION);
        self.op(Op::PUSH_EXC_INFO, NO_LOCATION);
        self.push_block(BlockKind::FinallyEnd, Some(end), None, NO_LOCATION)?;
        self.stmts(&node.finalbody)?;
        self.pop_block();
        self.add(Op::RERAISE, 0, NO_LOCATION);
        self.here(cleanup);
        self.pop_except_and_reraise(NO_LOCATION);
        self.here(exit);
        Ok(())
    }

    fn try_handlers(&mut self, node: &'a Try, location: Location) -> Result {
        if node.is_star {
            self.try_star_except(node, location)
        } else {
            self.try_except(node, location)
        }
    }

    fn pop_except_and_reraise(&mut self, location: Location) {
        self.add(Op::COPY, 3, location);
        self.op(Op::POP_EXCEPT, location);
        self.add(Op::RERAISE, 1, location);
    }

    fn try_except(&mut self, node: &'a Try, location: Location) -> Result {
        let body = self.label();
        let except = self.label();
        let end = self.label();
        let cleanup = self.label();
        self.jump(Op::SETUP_FINALLY, except, location);
        self.here(body);
        self.push_block(BlockKind::TryExcept, Some(body), None, location)?;
        self.stmts(&node.body)?;
        self.pop_block();
        self.op(Op::POP_BLOCK, NO_LOCATION);
        self.stmts(&node.orelse)?;
        self.jump(Op::JUMP_NO_INTERRUPT, end, NO_LOCATION);

        self.here(except);
        self.jump(Op::SETUP_CLEANUP, cleanup, NO_LOCATION);
        self.op(Op::PUSH_EXC_INFO, NO_LOCATION);
        self.push_block(BlockKind::ExceptionHandler, None, None, location)?;
        for (at, handler) in node.handlers.iter().enumerate() {
            let location = handler.location;
            if handler.typ.is_none() && at + 1 < node.handlers.len() {
                return self.error(location, "default 'except:' must be last");
            }
            let next = self.label();
            if let Some(typ) = &handler.typ {
                self.expr(typ)?;
                self.op(Op::CHECK_EXC_MATCH, location);
                self.jump(Op::POP_JUMP_IF_FALSE, next, location);
            }
            if let Some(name) = &handler.name {
                let cleanup_end = self.label();
                let cleanup_body = self.label();
                self.name_op(name, ExprContext::Store, location)?;
                // The name is deleted however the body is left.
                self.jump(Op::SETUP_CLEANUP, cleanup_end, location);
                self.here(cleanup_body);
                let block = BlockKind::HandlerCleanup(Some(name));
                self.push_block(block, Some(cleanup_body), None, location)?;
                self.stmts(&handler.body)?;
                self.pop_block();
                self.op(Op::POP_BLOCK, NO_LOCATION);
                self.op(Op::POP_BLOCK, NO_LOCATION);
                self.op(Op::POP_EXCEPT, NO_LOCATION);
                self.clear_name(name, NO_LOCATION)?;
                self.jump(Op::JUMP_NO_INTERRUPT, end, NO_LOCATION);
                self.here(cleanup_end);
                self.clear_name(name, NO_LOCATION)?;
                self.add(Op::RERAISE, 1, NO_LOCATION);
            } else {
                let cleanup_body = self.label();
                self.op(Op::POP_TOP, location);
                self.here(cleanup_body);
                let block = BlockKind::HandlerCleanup(None);
                self.push_block(block, Some(cleanup_body), None, location)?;
                self.stmts(&handler.body)?;
                self.pop_block();
                self.op(Op::POP_BLOCK, NO_LOCATION);
                self.op(Op::POP_EXCEPT, NO_LOCATION);
                self.jump(Op::JUMP_NO_INTERRUPT, end, NO_LOCATION);
            }
            self.here(next);
        }
        self.pop_block();
        self.add(Op::RERAISE, 0, NO_LOCATION);
        self.here(cleanup);
        self.pop_except_and_reraise(NO_LOCATION);
        self.here(end);
        Ok(())
    }

    /// The stack in a handler: the group, the list of what was raised, the
    /// rest that is still to be handled.
    fn try_star_except(&mut self, node: &'a Try, location: Location) -> Result {
        let body = self.label();
        let except = self.label();
        let orelse = self.label();
        let end = self.label();
        let cleanup = self.label();
        let reraise_star = self.label();
        self.jump(Op::SETUP_FINALLY, except, location);
        self.here(body);
        self.push_block(BlockKind::TryExcept, Some(body), None, location)?;
        self.stmts(&node.body)?;
        self.pop_block();
        self.op(Op::POP_BLOCK, NO_LOCATION);
        self.jump(Op::JUMP_NO_INTERRUPT, orelse, NO_LOCATION);

        self.here(except);
        self.jump(Op::SETUP_CLEANUP, cleanup, NO_LOCATION);
        self.op(Op::PUSH_EXC_INFO, NO_LOCATION);
        self.push_block(BlockKind::ExceptionGroupHandler, None, None, location)?;
        for (at, handler) in node.handlers.iter().enumerate() {
            let location = handler.location;
            let next = self.label();
            let with_error = self.label();
            let no_match = self.label();
            if at == 0 {
                self.add(Op::BUILD_LIST, 0, location);
                self.add(Op::COPY, 2, location);
            }
            if let Some(typ) = &handler.typ {
                self.expr(typ)?;
                self.op(Op::CHECK_EG_MATCH, location);
                self.add(Op::COPY, 1, location);
                self.jump(Op::POP_JUMP_IF_NONE, no_match, location);
            }
            let cleanup_end = self.label();
            let cleanup_body = self.label();
            match &handler.name {
                Some(name) => self.name_op(name, ExprContext::Store, location)?,
                None => self.op(Op::POP_TOP, location),
            }
            self.jump(Op::SETUP_CLEANUP, cleanup_end, location);
            self.here(cleanup_body);
            let block = BlockKind::HandlerCleanup(handler.name.as_ref());
            self.push_block(block, Some(cleanup_body), None, location)?;
            self.stmts(&handler.body)?;
            self.pop_block();
            self.op(Op::POP_BLOCK, NO_LOCATION);
            if let Some(name) = &handler.name {
                self.clear_name(name, NO_LOCATION)?;
            }
            self.jump(Op::JUMP_NO_INTERRUPT, next, NO_LOCATION);

            self.here(cleanup_end);
            if let Some(name) = &handler.name {
                self.clear_name(name, NO_LOCATION)?;
            }
            self.add(Op::LIST_APPEND, 3, NO_LOCATION);
            self.op(Op::POP_TOP, NO_LOCATION);
            self.jump(Op::JUMP_NO_INTERRUPT, with_error, NO_LOCATION);

            self.here(next);
            self.op(Op::NOP, NO_LOCATION);
            self.jump(Op::JUMP_NO_INTERRUPT, with_error, NO_LOCATION);
            self.here(no_match);
            self.op(Op::POP_TOP, location);
            self.here(with_error);
            if at + 1 == node.handlers.len() {
                self.add(Op::LIST_APPEND, 1, NO_LOCATION);
                self.jump(Op::JUMP_NO_INTERRUPT, reraise_star, NO_LOCATION);
            }
        }
        self.pop_block();
        let reraise = self.label();
        self.here(reraise_star);
        self.add(Op::CALL_INTRINSIC_2, intrinsic::PREP_RERAISE_STAR, NO_LOCATION);
        self.add(Op::COPY, 1, NO_LOCATION);
        self.jump(Op::POP_JUMP_IF_NOT_NONE, reraise, NO_LOCATION);
        self.op(Op::POP_TOP, NO_LOCATION);
        self.op(Op::POP_BLOCK, NO_LOCATION);
        self.op(Op::POP_EXCEPT, NO_LOCATION);
        self.jump(Op::JUMP_NO_INTERRUPT, end, NO_LOCATION);

        self.here(reraise);
        self.op(Op::POP_BLOCK, NO_LOCATION);
        self.add(Op::SWAP, 2, NO_LOCATION);
        self.op(Op::POP_EXCEPT, NO_LOCATION);
        self.add(Op::RERAISE, 0, NO_LOCATION);
        self.here(cleanup);
        self.pop_except_and_reraise(NO_LOCATION);
        self.here(orelse);
        self.stmts(&node.orelse)?;
        self.here(end);
        Ok(())
    }

    /// `exit(None, None, None)`
    pub(super) fn call_exit_with_nones(&mut self, location: Location) {
        for _ in 0..3 {
            self.load_const(Constant::None, location);
        }
        self.add(Op::CALL, 3, location);
    }

    pub(super) fn with(&mut self, items: &'a [WithItem], body: &'a [Stmt]) -> Result {
        self.nested(|c| c.with_item(items, body))
    }

    fn with_item(&mut self, items: &'a [WithItem], body: &'a [Stmt]) -> Result {
        let Some((item, rest)) = items.split_first() else { return self.stmts(body) };
        let block = self.label();
        let finally = self.label();
        let exit = self.label();
        let cleanup = self.label();
        self.expr(&item.context_expr)?;
        let location = item.context_expr.location;
        self.load_exit_and_enter(EXIT, ENTER, location);
        self.jump(Op::SETUP_WITH, finally, location);
        self.here(block);
        self.push_block(BlockKind::With, Some(block), Some(finally), location)?;
        match &item.optional_vars {
            Some(target) => self.expr(target)?,
            None => self.op(Op::POP_TOP, location),
        }
        self.with(rest, body)?;
        self.op(Op::POP_BLOCK, NO_LOCATION);
        self.pop_block();
        self.call_exit_with_nones(location);
        self.op(Op::POP_TOP, location);
        self.jump(Op::JUMP, exit, location);

        self.here(finally);
        self.jump(Op::SETUP_CLEANUP, cleanup, location);
        self.op(Op::PUSH_EXC_INFO, location);
        self.op(Op::WITH_EXCEPT_START, location);
        self.with_except_finish(cleanup);
        self.here(exit);
        Ok(())
    }

    pub(super) fn async_with(&mut self, items: &'a [WithItem], body: &'a [Stmt]) -> Result {
        self.nested(|c| c.async_with_item(items, body))
    }

    fn async_with_item(&mut self, items: &'a [WithItem], body: &'a [Stmt]) -> Result {
        let Some((item, rest)) = items.split_first() else { return self.stmts(body) };
        let block = self.label();
        let finally = self.label();
        let exit = self.label();
        let cleanup = self.label();
        self.expr(&item.context_expr)?;
        let location = item.context_expr.location;
        self.load_exit_and_enter(AEXIT, AENTER, location);
        self.await_value(1, location);
        self.jump(Op::SETUP_WITH, finally, location);
        self.here(block);
        self.push_block(BlockKind::AsyncWith, Some(block), Some(finally), location)?;
        match &item.optional_vars {
            Some(target) => self.expr(target)?,
            None => self.op(Op::POP_TOP, location),
        }
        self.async_with(rest, body)?;
        self.pop_block();
        self.op(Op::POP_BLOCK, location);
        self.call_exit_with_nones(location);
        self.await_value(2, location);
        self.op(Op::POP_TOP, location);
        self.jump(Op::JUMP, exit, location);

        self.here(finally);
        self.jump(Op::SETUP_CLEANUP, cleanup, location);
        self.op(Op::PUSH_EXC_INFO, location);
        self.op(Op::WITH_EXCEPT_START, location);
        self.await_value(2, location);
        self.with_except_finish(cleanup);
        self.here(exit);
        Ok(())
    }

    /// Replace the manager by its exit method and what entering returned.
    fn load_exit_and_enter(&mut self, exit: i32, enter: i32, location: Location) {
        self.add(Op::COPY, 1, location);
        self.add(Op::LOAD_SPECIAL, exit, location);
        self.add(Op::SWAP, 2, location);
        self.add(Op::SWAP, 3, location);
        self.add(Op::LOAD_SPECIAL, enter, location);
        self.add(Op::CALL, 0, location);
    }

    fn with_except_finish(&mut self, cleanup: Label) {
        let suppress = self.label();
        self.op(Op::TO_BOOL, NO_LOCATION);
        self.jump(Op::POP_JUMP_IF_TRUE, suppress, NO_LOCATION);
        self.add(Op::RERAISE, 2, NO_LOCATION);
        self.here(suppress);
        self.op(Op::POP_TOP, NO_LOCATION);
        self.op(Op::POP_BLOCK, NO_LOCATION);
        self.op(Op::POP_EXCEPT, NO_LOCATION);
        for _ in 0..3 {
            self.op(Op::POP_TOP, NO_LOCATION);
        }
        let exit = self.label();
        self.jump(Op::JUMP_NO_INTERRUPT, exit, NO_LOCATION);
        self.here(cleanup);
        self.pop_except_and_reraise(NO_LOCATION);
        self.here(exit);
    }
}
