//! Line numbers for instructions that have none.
//!
//! An instruction that leaves the frame, or looks for pending work, must have
//! a line number: the frame's `f_lineno` is computed from it (PEP 626). Blocks
//! of such instructions without a line take it from their only predecessor,
//! after being copied for each.

use super::{BlockId, Cfg, ENTRY, Result};
use crate::instruction_sequence::NO_LOCATION;

impl Cfg {
    pub(super) fn resolve_line_numbers(&mut self) -> Result<()> {
        self.duplicate_exits_without_line()?;
        self.propagate_lines();
        Ok(())
    }

    fn needs_line(&self, block: BlockId) -> bool {
        let block = &self[block];
        (block.exits_scope() || block.has_eval_break()) && block.has_no_line()
    }

    fn duplicate_exits_without_line(&mut self) -> Result<()> {
        let mut block = Some(ENTRY);
        while let Some(id) = block {
            if let Some(&last) = self[id].last().filter(|last| last.op.has_jump()) {
                let target = self.next_nonempty(Some(Cfg::target_of(&last)?));
                if let Some(target) = target
                    .filter(|target| self.needs_line(*target) && self[*target].predecessors > 1)
                {
                    let copy = self.new_block();
                    for instr in self[target].instrs().to_vec() {
                        self[copy].push(instr);
                    }
                    if let Some(first) = self[copy].instrs_mut().first_mut() {
                        first.loc = last.loc;
                    }
                    if let Some(jump) = self[id].last_mut() {
                        jump.target = Some(copy);
                    }
                    self[target].predecessors -= 1;
                    self[copy].predecessors = 1;
                    self[copy].labelled = true;
                    self[copy].next = self[target].next;
                    self[target].next = Some(copy);
                }
            }
            block = self[id].next;
        }
        // What remains is reached by falling into it, so by one block only.
        for id in self.order() {
            let Some(next) = self[id].next.filter(|_| self[id].has_fallthrough()) else { continue };
            let Some(loc) = self[id].last().map(|last| last.loc) else { continue };
            if self.needs_line(next)
                && let Some(first) = self[next].instrs_mut().first_mut()
            {
                first.loc = loc;
            }
        }
        Ok(())
    }

    fn propagate_lines(&mut self) {
        for id in self.order() {
            let Some(&last) = self[id].last() else { continue };
            let mut loc = NO_LOCATION;
            for instr in self[id].instrs_mut() {
                match instr.loc.line == NO_LOCATION.line {
                    true => instr.loc = loc,
                    false => loc = instr.loc,
                }
            }
            let next = self[id].next.filter(|_| self[id].has_fallthrough());
            let target = last.target.filter(|_| last.op.has_jump());
            for successor in [next, target].into_iter().flatten() {
                if self[successor].predecessors == 1 {
                    let first = self[successor].instrs_mut().first_mut();
                    if let Some(first) = first.filter(|first| first.loc.line == NO_LOCATION.line) {
                        first.loc = loc;
                    }
                }
            }
        }
    }
}
