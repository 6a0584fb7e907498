//! Which handler catches what, and how deep the stack is where.

use std::rc::Rc;

use bytecode::Op;

use super::{BlockId, Cfg, ENTRY, Result};
use crate::assemble::AssembleError;

/// `RESUME` argument: just one handler is active, the outermost.
const RESUME_DEPTH1: i32 = 4;

/// The handlers that are active, innermost first.
struct Handlers {
    handler: BlockId,
    depth: usize,
    outer: Option<Rc<Handlers>>,
}

impl Cfg {
    pub(super) fn mark_except_handlers(&mut self) -> Result<()> {
        for block in self.order() {
            for index in 0..self[block].instrs().len() {
                let instr = self[block].instrs()[index];
                if instr.op.is_block_push() {
                    let target = Cfg::target_of(&instr)?;
                    self[target].except_handler = true;
                }
            }
        }
        Ok(())
    }

    /// Find the handler of each instruction.
    pub(super) fn label_exception_targets(&mut self) -> Result<()> {
        self.clear_visited();
        self[ENTRY].visited = true;
        let mut todo: Vec<(BlockId, Option<Rc<Handlers>>)> = vec![(ENTRY, None)];
        while let Some((block, mut handlers)) = todo.pop() {
            let mut depth_at_yield = 0;
            for index in 0..self[block].instrs().len() {
                let innermost = handlers.as_ref().map(|top| top.handler);
                let depth = handlers.as_ref().map_or(0, |top| top.depth);
                let instr = &mut self[block].instrs_mut()[index];
                match instr.op {
                    op if op.is_block_push() => {
                        let target = Cfg::target_of(instr)?;
                        if !self[target].visited {
                            self[target].visited = true;
                            todo.push((target, handlers.clone()));
                        }
                        if matches!(op, Op::SETUP_WITH | Op::SETUP_CLEANUP) {
                            self[target].preserve_lasti = true;
                        }
                        handlers = Some(Rc::new(Handlers {
                            handler: target,
                            depth: depth + 1,
                            outer: handlers,
                        }));
                        continue;
                    }
                    Op::POP_BLOCK => {
                        instr.make_nop();
                        let top = handlers.ok_or(AssembleError::Internal("no handler to pop"))?;
                        handlers = top.outer.clone();
                        continue;
                    }
                    Op::YIELD_VALUE => depth_at_yield = depth,
                    Op::RESUME if instr.arg != 0 => {
                        if depth_at_yield == 1 {
                            instr.arg |= RESUME_DEPTH1;
                        }
                        depth_at_yield = 0;
                    }
                    _ => {}
                }
                instr.except = innermost;
                if instr.op.has_jump() {
                    let target = Cfg::target_of(instr)?;
                    if !self[target].visited {
                        self[target].visited = true;
                        todo.push((target, handlers.clone()));
                    }
                }
            }
            if let Some(next) = self[block].next.filter(|_| self[block].has_fallthrough())
                && !self[next].visited
            {
                self[next].visited = true;
                todo.push((next, handlers));
            }
        }
        Ok(())
    }

    /// The deepest the stack gets; each block's depth at its start is noted.
    pub(super) fn calculate_stack_depth(&mut self) -> Result<i32> {
        for block in &mut self.blocks {
            block.start_depth = -1;
        }
        let mut todo = Vec::new();
        self.enter_at_depth(ENTRY, 0, &mut todo)?;
        let mut deepest = 0;
        while let Some(block) = todo.pop() {
            let mut depth = self[block].start_depth;
            for index in 0..self[block].instrs().len() {
                let instr = self[block].instrs()[index];
                deepest = deepest.max(depth);
                if instr.op.has_target() && instr.op != Op::END_ASYNC_FOR {
                    let target = Cfg::target_of(&instr)?;
                    self.enter_at_depth(
                        target,
                        depth + instr.op.stack_effect(instr.arg, true),
                        &mut todo,
                    )?;
                }
                depth += instr.op.stack_effect(instr.arg, false);
                if depth < 0 {
                    return Err(AssembleError::Internal("Invalid CFG, stack underflow"));
                }
            }
            // COMPAT: CPython looks at the depth before each instruction only,
            // and relies on something following a push.
            if let Some(next) = self[block].next.filter(|_| self[block].has_fallthrough()) {
                self.enter_at_depth(next, depth, &mut todo)?;
            }
        }
        Ok(deepest)
    }

    fn enter_at_depth(
        &mut self,
        block: BlockId,
        depth: i32,
        todo: &mut Vec<BlockId>,
    ) -> Result<()> {
        let known = self[block].start_depth;
        if known >= 0 {
            return match known == depth {
                true => Ok(()),
                false => Err(AssembleError::Internal("Invalid CFG, inconsistent stackdepth")),
            };
        }
        self[block].start_depth = depth;
        todo.push(block);
        Ok(())
    }
}
