//! The control-flow graph of a code unit and its optimisation.
//!
//! Blocks live in an arena and are chained in the order in which they will be
//! laid out; execution falls from a block into its `next` unless its last
//! instruction leaves. Passes shrink code by turning instructions into `NOP`,
//! which are removed where no line number depends on them. The order of the
//! passes, and what each looks at, is CPython's: code objects must come out
//! the same.

mod arithmetic;
mod cleanup;
mod exceptions;
mod fold;
mod layout;
mod lines;
mod locals;
mod peephole;
mod prefix;
mod swaps;
#[cfg(test)]
mod tests;

use bytecode::{Constant, Op};
use indexmap::IndexSet;

use crate::assemble::AssembleError;
use crate::instruction_sequence::{
    Instruction, InstructionSequence, Label, Location, UnitMetadata,
};

type Result<T, E = AssembleError> = std::result::Result<T, E>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockId(u32);

pub(crate) const ENTRY: BlockId = BlockId(0);

/// An instruction whose target is a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instr {
    pub(crate) op: Op,
    pub(crate) arg: i32,
    pub(crate) loc: Location,
    pub(crate) target: Option<BlockId>,
    /// The handler of exceptions that the instruction raises.
    pub(crate) except: Option<BlockId>,
}

impl Instr {
    pub(crate) fn new(op: Op, arg: i32, loc: Location) -> Instr {
        Instr { op, arg, loc, target: None, except: None }
    }

    pub(crate) fn set(&mut self, op: Op, arg: i32) {
        self.op = op;
        self.arg = arg;
    }

    pub(crate) fn make_nop(&mut self) {
        self.set(Op::NOP, 0);
    }
}

/// A basic block: only its last instruction jumps or leaves.
///
/// COMPAT: instructions that were removed stay behind the used ones, and an
/// instruction appended in such a place takes over its exception handler.
/// CPython forgets to clear it, which the exception table shows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    slots: Vec<Instr>,
    used: usize,
    pub(crate) next: Option<BlockId>,
    /// Is the target of a jump, or was.
    pub(crate) labelled: bool,
    pub(crate) predecessors: i32,
    pub(crate) start_depth: i32,
    pub(crate) preserve_lasti: bool,
    pub(crate) visited: bool,
    pub(crate) except_handler: bool,
    pub(crate) cold: bool,
    pub(crate) warm: bool,
    pub(crate) unsafe_locals: u64,
}

impl Block {
    pub(crate) fn instrs(&self) -> &[Instr] {
        &self.slots[..self.used]
    }

    pub(crate) fn instrs_mut(&mut self) -> &mut [Instr] {
        &mut self.slots[..self.used]
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.used == 0
    }

    pub(crate) fn last(&self) -> Option<&Instr> {
        self.instrs().last()
    }

    pub(crate) fn last_mut(&mut self) -> Option<&mut Instr> {
        self.instrs_mut().last_mut()
    }

    /// Append an instruction as it is.
    fn push(&mut self, instr: Instr) {
        match self.slots.get_mut(self.used) {
            Some(slot) => *slot = instr,
            None => self.slots.push(instr),
        }
        self.used += 1;
    }

    /// Append a new instruction; see the note on handlers above.
    fn add(&mut self, op: Op, arg: i32, loc: Location, target: Option<BlockId>) {
        let except = self.slots.get(self.used).and_then(|slot| slot.except);
        self.push(Instr { op, arg, loc, target, except });
    }

    fn insert(&mut self, position: usize, instr: Instr) {
        self.push(instr);
        self.slots[position..self.used].rotate_right(1);
    }

    fn clear(&mut self) {
        self.used = 0;
    }

    /// Whether execution continues with the next block after the last instruction.
    pub(crate) fn has_fallthrough(&self) -> bool {
        !self.last().is_some_and(|last| last.op.is_scope_exit() || last.op.is_unconditional_jump())
    }

    pub(crate) fn exits_scope(&self) -> bool {
        self.last().is_some_and(|last| last.op.is_scope_exit())
    }

    pub(crate) fn has_no_line(&self) -> bool {
        self.instrs().iter().all(|instr| instr.loc.line < 0)
    }

    fn has_eval_break(&self) -> bool {
        self.instrs().iter().any(|instr| instr.op.has_eval_break())
    }
}

pub(crate) struct Cfg {
    blocks: Vec<Block>,
}

impl std::ops::Index<BlockId> for Cfg {
    type Output = Block;

    fn index(&self, id: BlockId) -> &Block {
        &self.blocks[id.0 as usize]
    }
}

impl std::ops::IndexMut<BlockId> for Cfg {
    fn index_mut(&mut self, id: BlockId) -> &mut Block {
        &mut self.blocks[id.0 as usize]
    }
}

/// Where each block starts.
pub(crate) struct Starts(Vec<usize>);

impl Starts {
    pub(crate) fn set(&mut self, block: BlockId, start: usize) {
        self.0[block.0 as usize] = start;
    }

    pub(crate) fn get(&self, block: BlockId) -> usize {
        self.0[block.0 as usize]
    }
}

/// What [`Cfg::lay_out`] finds out.
pub(crate) struct Layout {
    pub(crate) stack_depth: i32,
    /// Number of local, cell and free variables.
    pub(crate) nlocalsplus: usize,
}

impl Cfg {
    /// Split a sequence into blocks.
    pub(crate) fn from_sequence(sequence: &InstructionSequence) -> Result<Cfg> {
        let bad_label = AssembleError::Internal("jump to a label that is not used");
        let instructions = sequence.instructions();
        let mut is_target = vec![false; instructions.len()];
        for instr in instructions.iter().filter(|instr| instr.op.has_target()) {
            let index = sequence.target(Label(instr.arg as u32)).ok_or(bad_label.clone())?;
            *is_target.get_mut(index).ok_or(bad_label.clone())? = true;
        }
        let mut graph = Cfg { blocks: vec![Block::default()] };
        let mut block_of = vec![ENTRY; instructions.len()];
        let mut current = ENTRY;
        for (index, instr) in instructions.iter().enumerate() {
            if instr.op == Op::ANNOTATIONS_PLACEHOLDER {
                for annotation in
                    sequence.annotations_code().into_iter().flat_map(|code| code.instructions())
                {
                    current = graph.start_block_after_terminator(current);
                    graph[current].add(annotation.op, annotation.arg, annotation.loc, None);
                }
                block_of[index] = current;
                continue;
            }
            if is_target[index] {
                if !graph[current].is_empty() {
                    current = graph.append_block(current);
                }
                graph[current].labelled = true;
            } else {
                current = graph.start_block_after_terminator(current);
            }
            block_of[index] = current;
            graph[current].add(instr.op, instr.arg, instr.loc, None);
        }
        for block in &mut graph.blocks {
            for instr in block.instrs_mut().iter_mut().filter(|instr| instr.op.has_target()) {
                let index = sequence.target(Label(instr.arg as u32)).ok_or(bad_label.clone())?;
                instr.target = Some(block_of[index]);
            }
        }
        Ok(graph)
    }

    fn start_block_after_terminator(&mut self, current: BlockId) -> BlockId {
        match self[current].last() {
            Some(last) if last.op.is_terminator() => self.append_block(current),
            _ => current,
        }
    }

    fn append_block(&mut self, current: BlockId) -> BlockId {
        let block = self.new_block();
        self[current].next = Some(block);
        block
    }

    /// A block that is not in the chain yet.
    fn new_block(&mut self) -> BlockId {
        self.blocks.push(Block::default());
        BlockId(self.blocks.len() as u32 - 1)
    }

    /// The blocks in their order.
    pub(crate) fn chain(&self) -> impl Iterator<Item = BlockId> + '_ {
        std::iter::successors(Some(ENTRY), |id| self[*id].next)
    }

    pub(crate) fn starts(&self) -> Starts {
        Starts(vec![0; self.blocks.len()])
    }

    /// The blocks in their present order, for passes that change them.
    fn order(&self) -> Vec<BlockId> {
        self.chain().collect()
    }

    fn next_nonempty(&self, mut block: Option<BlockId>) -> Option<BlockId> {
        while let Some(id) = block.filter(|id| self[*id].is_empty()) {
            block = self[id].next;
        }
        block
    }

    fn clear_visited(&mut self) {
        for block in &mut self.blocks {
            block.visited = false;
        }
    }

    /// The target of an instruction that must have one.
    fn target_of(instr: &Instr) -> Result<BlockId> {
        instr.target.ok_or(AssembleError::Internal("jump with NULL target"))
    }

    /// Find the exception handler of each instruction.
    pub(crate) fn find_handlers(&mut self) -> Result<()> {
        self.mark_except_handlers()?;
        self.label_exception_targets()
    }

    /// The instructions in their order, with indices for targets.
    pub(crate) fn into_instructions(self) -> Vec<Instruction> {
        let (mut starts, mut next) = (self.starts(), 0);
        for block in self.chain() {
            starts.set(block, next);
            next += self[block].instrs().len();
        }
        let all = self.chain().flat_map(|block| self[block].instrs());
        all.map(|instr| {
            let target = instr.target.filter(|_| instr.op.has_target());
            let arg = target.map_or(instr.arg, |target| starts.get(target) as i32);
            Instruction { op: instr.op, arg, loc: instr.loc }
        })
        .collect()
    }

    /// Optimise; `consts` grow by folded values and lose what is not used.
    pub(crate) fn optimize(
        &mut self,
        consts: &mut IndexSet<Constant>,
        nlocals: usize,
        nparams: usize,
    ) -> Result<()> {
        self.find_handlers()?;
        self.inline_small_or_no_line_blocks()?;
        self.remove_unreachable();
        self.resolve_line_numbers()?;
        self.optimize_load_const(consts);
        for block in self.order() {
            self.optimize_block(block, consts)?;
        }
        self.remove_redundant_nops_and_pairs();
        self.remove_unreachable();
        self.remove_redundant_nops_and_jumps()?;
        self.remove_unused_consts(consts);
        self.add_checks_for_unbound_locals(nlocals, nparams);
        self.insert_superinstructions();
        self.push_cold_blocks_to_end()?;
        self.resolve_line_numbers()
    }

    /// Borrow locals that stay where they are, as [`Cfg::lay_out`] does at its end.
    pub(crate) fn borrow_locals(&mut self) {
        if self.calculate_stack_depth().is_ok() {
            self.optimize_load_fast();
        }
    }

    /// Replace pseudo-ops and fix the arguments of variables. No instruction
    /// is moved afterwards.
    pub(crate) fn lay_out(&mut self, unit: &UnitMetadata, code_flags: u32) -> Result<Layout> {
        self.convert_pseudo_conditional_jumps();
        let stack_depth = self.calculate_stack_depth()?;
        let nlocalsplus = self.prepare_localsplus(unit, code_flags);
        self.convert_pseudo_ops()?;
        self.normalize_jumps();
        self.optimize_load_fast();
        Ok(Layout { stack_depth, nlocalsplus })
    }

    /// Drop constants that no instruction loads. The first stays: it may be
    /// a docstring.
    fn remove_unused_consts(&mut self, consts: &mut IndexSet<Constant>) {
        let mut used = vec![false; consts.len()];
        if let Some(first) = used.first_mut() {
            *first = true;
        }
        for block in self.order() {
            for instr in self[block].instrs().iter().filter(|instr| instr.op.has_const()) {
                used[instr.arg as usize] = true;
            }
        }
        if used.iter().all(|used| *used) {
            return;
        }
        let mut new_index = Vec::with_capacity(used.len());
        let mut count = 0;
        for used in &used {
            new_index.push(count);
            count += i32::from(*used);
        }
        let mut used = used.into_iter();
        consts.retain(|_| used.next().unwrap_or(true));
        for block in self.order() {
            for instr in self[block].instrs_mut().iter_mut().filter(|instr| instr.op.has_const()) {
                instr.arg = new_index[instr.arg as usize];
            }
        }
    }
}
