//! Removing what is not executed or does nothing.

use bytecode::Op;

use super::{BlockId, Cfg, ENTRY, Result};

/// Blocks that leave the unit are copied up to this size.
const MAX_COPY_SIZE: usize = 4;

impl Cfg {
    /// Empty the blocks that cannot be reached, and count predecessors.
    pub(super) fn remove_unreachable(&mut self) {
        self.clear_visited();
        for block in &mut self.blocks {
            block.predecessors = 0;
        }
        self[ENTRY].predecessors = 1;
        self[ENTRY].visited = true;
        let mut todo = vec![ENTRY];
        while let Some(block) = todo.pop() {
            if let Some(next) = self[block].next.filter(|_| self[block].has_fallthrough()) {
                self.reach(next, &mut todo);
            }
            for index in 0..self[block].instrs().len() {
                let instr = self[block].instrs()[index];
                if let Some(target) = instr.target.filter(|_| instr.op.has_target()) {
                    self.reach(target, &mut todo);
                }
            }
        }
        for block in self.order() {
            if self[block].predecessors == 0 {
                self[block].clear();
                self[block].except_handler = false;
            }
        }
    }

    fn reach(&mut self, block: BlockId, todo: &mut Vec<BlockId>) {
        self[block].predecessors += 1;
        if !self[block].visited {
            self[block].visited = true;
            todo.push(block);
        }
    }

    /// Remove the `NOP`s of a block that no line needs; returns how many.
    fn remove_redundant_nops_of(&mut self, block: BlockId) -> usize {
        if !self[block].instrs().iter().any(|instr| instr.op == Op::NOP) {
            return 0;
        }
        let line_after = self.first_line(self.next_nonempty(self[block].next));
        let instrs = self[block].instrs_mut();
        let mut kept = 0;
        let mut previous_line = -1;
        for index in 0..instrs.len() {
            let instr = instrs[index];
            let line = instr.loc.line;
            if instr.op == Op::NOP {
                if line < 0 || line == previous_line {
                    continue;
                }
                match instrs.get_mut(index + 1) {
                    Some(following) if following.loc.line == line => continue,
                    Some(following) if following.loc.line < 0 => {
                        following.loc = instr.loc;
                        continue;
                    }
                    Some(_) => {}
                    None if line_after == Some(line) => continue,
                    None => {}
                }
            }
            instrs[kept] = instr;
            kept += 1;
            previous_line = line;
        }
        let removed = instrs.len() - kept;
        self[block].used = kept;
        removed
    }

    /// The line of the first instruction that will stay.
    fn first_line(&self, block: Option<BlockId>) -> Option<i32> {
        let instrs = self[block?].instrs();
        instrs
            .iter()
            .find(|instr| instr.op != Op::NOP || instr.loc.line >= 0)
            .map(|instr| instr.loc.line)
    }

    pub(super) fn remove_redundant_nops(&mut self) -> usize {
        let mut removed = 0;
        let mut block = Some(ENTRY);
        while let Some(id) = block {
            removed += self.remove_redundant_nops_of(id);
            block = self[id].next;
        }
        removed
    }

    /// Remove pushes that are popped at once, too.
    pub(super) fn remove_redundant_nops_and_pairs(&mut self) {
        let order = self.order();
        let mut done = false;
        while !done {
            done = true;
            let mut previous: Option<(BlockId, usize)> = None;
            for &block in &order {
                self.remove_redundant_nops_of(block);
                if self[block].labelled {
                    previous = None;
                }
                for index in 0..self[block].instrs().len() {
                    let before = previous.replace((block, index));
                    if self[block].instrs()[index].op != Op::POP_TOP {
                        continue;
                    }
                    let Some((other, at)) = before else { continue };
                    let pushed = self[other].instrs()[at];
                    if matches!(pushed.op, Op::LOAD_CONST | Op::LOAD_SMALL_INT)
                        || pushed.op == Op::COPY && pushed.arg == 1
                    {
                        self[other].instrs_mut()[at].make_nop();
                        self[block].instrs_mut()[index].make_nop();
                        done = false;
                    }
                }
                let jumps =
                    previous.is_some_and(|(other, at)| self[other].instrs()[at].op.has_jump());
                if jumps || !self[block].has_fallthrough() {
                    previous = None;
                }
            }
        }
    }

    /// Remove jumps to where execution goes anyway; returns how many.
    fn remove_redundant_jumps(&mut self) -> Result<usize> {
        let mut removed = 0;
        for block in self.order() {
            let Some(last) = self[block].last().filter(|last| last.op.is_unconditional_jump())
            else {
                continue;
            };
            let target = self.next_nonempty(Some(Cfg::target_of(last)?));
            let next = self.next_nonempty(self[block].next);
            if target == next
                && target.is_some()
                && let Some(last) = self[block].last_mut()
            {
                last.make_nop();
                removed += 1;
            }
        }
        Ok(removed)
    }

    pub(super) fn remove_redundant_nops_and_jumps(&mut self) -> Result<()> {
        while self.remove_redundant_nops() + self.remove_redundant_jumps()? > 0 {}
        Ok(())
    }

    /// Replace jumps to blocks that leave at once, or that have no line, by
    /// copies of these blocks.
    pub(super) fn inline_small_or_no_line_blocks(&mut self) -> Result<()> {
        let order = self.order();
        let mut changed = true;
        while changed {
            changed = false;
            for &block in &order {
                changed |= self.inline_into(block)?;
            }
        }
        Ok(())
    }

    fn inline_into(&mut self, block: BlockId) -> Result<bool> {
        let Some(&jump) = self[block].last().filter(|last| last.op.is_unconditional_jump()) else {
            return Ok(false);
        };
        let target = Cfg::target_of(&jump)?;
        let small_exit = self[target].exits_scope() && self[target].instrs().len() <= MAX_COPY_SIZE;
        let no_line = self[target].has_no_line() && !self[target].has_fallthrough();
        if !small_exit && !no_line {
            return Ok(false);
        }
        if let Some(last) = self[block].last_mut() {
            last.make_nop();
        }
        for instr in self[target].instrs().to_vec() {
            self[block].push(instr);
        }
        if no_line && jump.op == Op::JUMP {
            // Do not lose a check for pending work.
            if let Some(last) =
                self[block].last_mut().filter(|last| last.op.is_unconditional_jump())
            {
                last.op = Op::JUMP;
            }
        }
        self[target].predecessors -= 1;
        Ok(true)
    }
}
