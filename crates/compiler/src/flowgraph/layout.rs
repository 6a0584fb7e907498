//! The final order of blocks and the replacement of pseudo-ops.

use bytecode::Op;

use super::{BlockId, Cfg, ENTRY, Instr, Result};
use crate::instruction_sequence::NO_LOCATION;

impl Cfg {
    /// Move exception handlers, and what only they reach, behind the rest.
    pub(super) fn push_cold_blocks_to_end(&mut self) -> Result<()> {
        if self[ENTRY].next.is_none() {
            return Ok(());
        }
        self.mark_warm();
        self.mark_cold();
        // A cold block that falls into a warm one needs a jump.
        for block in self.order() {
            let Some(next) =
                self[block].next.filter(|_| self[block].cold && self[block].has_fallthrough())
            else {
                continue;
            };
            if self[next].warm {
                let jump = self.new_block();
                self[next].labelled = true;
                self[jump].add(Op::JUMP_NO_INTERRUPT, 0, NO_LOCATION, Some(next));
                self[jump].cold = true;
                self[jump].predecessors = 1;
                self[jump].next = Some(next);
                self[block].next = Some(jump);
            }
        }
        let (cold, warm): (Vec<BlockId>, Vec<BlockId>) =
            self.order().into_iter().partition(|id| self[*id].cold);
        let any_cold = !cold.is_empty();
        let order: Vec<BlockId> = warm.into_iter().chain(cold).collect();
        for (index, block) in order.iter().enumerate() {
            self[*block].next = order.get(index + 1).copied();
        }
        if any_cold {
            self.remove_redundant_nops_and_jumps()?;
        }
        Ok(())
    }

    fn mark_warm(&mut self) {
        self.clear_visited();
        self[ENTRY].visited = true;
        let mut todo = vec![ENTRY];
        while let Some(block) = todo.pop() {
            self[block].warm = true;
            self.visit_successors(block, &mut todo);
        }
    }

    fn mark_cold(&mut self) {
        self.clear_visited();
        let mut todo: Vec<BlockId> =
            self.chain().filter(|block| self[*block].except_handler).collect();
        for block in &todo {
            self[*block].visited = true;
        }
        while let Some(block) = todo.pop() {
            self[block].cold = true;
            let first_new = todo.len();
            self.visit_successors(block, &mut todo);
            let mut index = first_new;
            while let Some(&successor) = todo.get(index) {
                if self[successor].warm {
                    todo.remove(index);
                } else {
                    index += 1;
                }
            }
        }
    }

    fn visit_successors(&mut self, block: BlockId, todo: &mut Vec<BlockId>) {
        let next = self[block].next.filter(|_| self[block].has_fallthrough());
        let target =
            self[block].last().filter(|last| last.op.has_jump()).and_then(|last| last.target);
        for successor in [next, target].into_iter().flatten() {
            if !self[successor].visited {
                self[successor].visited = true;
                todo.push(successor);
            }
        }
    }

    pub(super) fn convert_pseudo_conditional_jumps(&mut self) {
        for block in self.order() {
            let Some(&Instr { op, loc, except, .. }) = self[block].last() else { continue };
            let converted = match op {
                Op::JUMP_IF_FALSE => Op::POP_JUMP_IF_FALSE,
                Op::JUMP_IF_TRUE => Op::POP_JUMP_IF_TRUE,
                _ => continue,
            };
            if let Some(last) = self[block].last_mut() {
                last.op = converted;
            }
            let end = self[block].instrs().len() - 1;
            self[block].insert(end, Instr { except, ..Instr::new(Op::COPY, 1, loc) });
            self[block].insert(end + 1, Instr { except, ..Instr::new(Op::TO_BOOL, 0, loc) });
        }
    }

    pub(super) fn convert_pseudo_ops(&mut self) -> Result<()> {
        for block in self.order() {
            for instr in self[block].instrs_mut() {
                match instr.op {
                    Op::SETUP_FINALLY | Op::SETUP_CLEANUP | Op::SETUP_WITH => instr.make_nop(),
                    Op::LOAD_CLOSURE => instr.op = Op::LOAD_FAST,
                    Op::STORE_FAST_MAYBE_NULL => instr.op = Op::STORE_FAST,
                    _ => {}
                }
            }
        }
        self.remove_redundant_nops_and_jumps()
    }

    /// Conditional jumps can only go forward: one that should go backward
    /// jumps over an unconditional one instead. The path not taken is marked.
    pub(super) fn normalize_jumps(&mut self) {
        self.clear_visited();
        let mut block = Some(ENTRY);
        while let Some(id) = block {
            self[id].visited = true;
            block = self[id].next;
            let Some(&jump) = self[id].last().filter(|last| last.op.is_conditional_jump()) else {
                continue;
            };
            let Some(target) = jump.target else { continue };
            if !self[target].visited {
                self[id].add(Op::NOT_TAKEN, 0, jump.loc, None);
                continue;
            }
            let backward = self.new_block();
            self[backward].add(Op::NOT_TAKEN, 0, jump.loc, None);
            self[backward].add(Op::JUMP, 0, jump.loc, Some(target));
            self[backward].start_depth = self[target].start_depth;
            self[backward].cold = self[id].cold;
            self[backward].next = self[id].next;
            self[id].next = Some(backward);
            if let Some(last) = self[id].last_mut() {
                last.op = opposite(last.op);
                last.target = block;
            }
        }
    }
}

fn opposite(op: Op) -> Op {
    match op {
        Op::POP_JUMP_IF_FALSE => Op::POP_JUMP_IF_TRUE,
        Op::POP_JUMP_IF_TRUE => Op::POP_JUMP_IF_FALSE,
        Op::POP_JUMP_IF_NONE => Op::POP_JUMP_IF_NOT_NONE,
        Op::POP_JUMP_IF_NOT_NONE => Op::POP_JUMP_IF_NONE,
        other => other,
    }
}
