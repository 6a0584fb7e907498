//! Instructions for local variables: which may be unbound, which can be
//! borrowed, which come in pairs.

use bytecode::Op;

use super::{BlockId, Cfg, ENTRY, Instr};

/// So many variables are followed from block to block; others only within one.
const TRACKED_LOCALS: usize = 64;

impl Cfg {
    /// Use `LOAD_FAST_CHECK` where a variable may be unbound.
    pub(super) fn add_checks_for_unbound_locals(&mut self, nlocals: usize, nparams: usize) {
        if nlocals == 0 {
            return;
        }
        if nlocals > TRACKED_LOCALS {
            self.check_untracked_locals(nlocals);
        }
        self.clear_visited();
        let mut unbound = 0;
        for local in nparams..nlocals.min(TRACKED_LOCALS) {
            unbound |= 1 << local;
        }
        let mut todo = Vec::new();
        self.enter_with_unbound(ENTRY, unbound, &mut todo);
        // A variable can be unbound in any block, so each is looked at.
        for block in self.order() {
            self.check_loads(block, &mut todo);
        }
        while let Some(block) = todo.pop() {
            self[block].visited = false;
            self.check_loads(block, &mut todo);
        }
    }

    /// `visited` means that the block is in `todo`.
    fn enter_with_unbound(&mut self, block: BlockId, unbound: u64, todo: &mut Vec<BlockId>) {
        let known = &mut self[block];
        if known.unsafe_locals | unbound != known.unsafe_locals {
            known.unsafe_locals |= unbound;
            if !known.visited {
                known.visited = true;
                todo.push(block);
            }
        }
    }

    fn check_loads(&mut self, block: BlockId, todo: &mut Vec<BlockId>) {
        let mut unbound = self[block].unsafe_locals;
        for index in 0..self[block].instrs().len() {
            if let Some(handler) = self[block].instrs()[index].except {
                self.enter_with_unbound(handler, unbound, todo);
            }
            let instr = &mut self[block].instrs_mut()[index];
            if !(0..TRACKED_LOCALS as i32).contains(&instr.arg) {
                continue;
            }
            let bit = 1 << instr.arg;
            match instr.op {
                Op::DELETE_FAST | Op::LOAD_FAST_AND_CLEAR | Op::STORE_FAST_MAYBE_NULL => {
                    unbound |= bit
                }
                Op::STORE_FAST | Op::LOAD_FAST_CHECK => unbound &= !bit,
                Op::LOAD_FAST => {
                    if unbound & bit != 0 {
                        instr.op = Op::LOAD_FAST_CHECK;
                    }
                    unbound &= !bit;
                }
                _ => {}
            }
        }
        if let Some(next) = self[block].next.filter(|_| self[block].has_fallthrough()) {
            self.enter_with_unbound(next, unbound, todo);
        }
        if let Some(target) =
            self[block].last().filter(|last| last.op.has_jump()).and_then(|last| last.target)
        {
            self.enter_with_unbound(target, unbound, todo);
        }
    }

    fn check_untracked_locals(&mut self, nlocals: usize) {
        // The last block in which the variable was certainly bound.
        let mut bound_in = vec![None; nlocals];
        for block in self.order() {
            for instr in self[block].instrs_mut() {
                let Some(bound) = bound_in
                    .get_mut(instr.arg as usize)
                    .filter(|_| instr.arg >= TRACKED_LOCALS as i32)
                else {
                    continue;
                };
                match instr.op {
                    Op::DELETE_FAST | Op::LOAD_FAST_AND_CLEAR | Op::STORE_FAST_MAYBE_NULL => {
                        *bound = None
                    }
                    Op::STORE_FAST => *bound = Some(block),
                    Op::LOAD_FAST => {
                        if *bound != Some(block) {
                            instr.op = Op::LOAD_FAST_CHECK;
                        }
                        *bound = Some(block);
                    }
                    _ => {}
                }
            }
        }
    }

    /// One instruction for two variables with numbers below 16.
    pub(super) fn insert_superinstructions(&mut self) {
        for block in self.order() {
            let instrs = self[block].instrs_mut();
            for index in 1..instrs.len() {
                let (first, second) = (instrs[index - 1], instrs[index]);
                let op = match (first.op, second.op) {
                    (Op::LOAD_FAST, Op::LOAD_FAST) => Op::LOAD_FAST_LOAD_FAST,
                    (Op::STORE_FAST, Op::LOAD_FAST) => Op::STORE_FAST_LOAD_FAST,
                    (Op::STORE_FAST, Op::STORE_FAST) => Op::STORE_FAST_STORE_FAST,
                    _ => continue,
                };
                let lines = (first.loc.line, second.loc.line);
                let one_line = lines.0 < 0 || lines.1 < 0 || lines.0 == lines.1;
                if one_line && first.arg < 16 && second.arg < 16 {
                    instrs[index - 1].set(op, first.arg << 4 | second.arg);
                    instrs[index].make_nop();
                }
            }
        }
        self.remove_redundant_nops();
    }

    /// Use `LOAD_FAST_BORROW` where the variable certainly outlives the value
    /// on the stack: it is consumed in the same block, before the variable is
    /// stored to, and not by storing it in a variable.
    pub(super) fn optimize_load_fast(&mut self) {
        self.clear_visited();
        self[ENTRY].start_depth = 0;
        self[ENTRY].visited = true;
        let mut todo = vec![ENTRY];
        while let Some(block) = todo.pop() {
            let mut borrows = Borrows::new(self[block].start_depth, self[block].instrs().len());
            for index in 0..self[block].instrs().len() {
                let instr = self[block].instrs()[index];
                if let Some(target) =
                    instr.target.filter(|_| instr.op.has_target() && !self.seen(instr.target))
                {
                    self[target].visited = true;
                    todo.push(target);
                }
                borrows.step(index, &instr);
            }
            borrows.end();
            for (instr, must_own) in self[block].instrs_mut().iter_mut().zip(borrows.must_own) {
                match instr.op {
                    Op::LOAD_FAST if !must_own => instr.op = Op::LOAD_FAST_BORROW,
                    Op::LOAD_FAST_LOAD_FAST if !must_own => {
                        instr.op = Op::LOAD_FAST_BORROW_LOAD_FAST_BORROW
                    }
                    _ => {}
                }
            }
            // COMPAT: CPython does not go on behind an empty block.
            let falls = self[block].has_fallthrough() && !self[block].is_empty();
            if let Some(next) = self[block].next.filter(|next| falls && !self[*next].visited) {
                self[next].visited = true;
                todo.push(next);
            }
        }
    }

    fn seen(&self, block: Option<BlockId>) -> bool {
        block.is_some_and(|block| self[block].visited)
    }
}

/// A value on the stack: the load it comes from and the variable it was in.
#[derive(Clone, Copy)]
struct Value {
    load: Option<usize>,
    local: Option<i32>,
}

/// Where the values on the stack come from, through one block.
struct Borrows {
    stack: Vec<Value>,
    /// For each instruction, whether what it loads has to be counted.
    must_own: Vec<bool>,
}

impl Borrows {
    fn new(depth: i32, length: usize) -> Borrows {
        let unknown = Value { load: None, local: None };
        Borrows { stack: vec![unknown; depth.max(0) as usize], must_own: vec![false; length] }
    }

    fn pop(&mut self) -> Value {
        self.stack.pop().unwrap_or(Value { load: None, local: None })
    }

    fn pop_many(&mut self, count: i32) {
        self.stack.truncate(self.stack.len().saturating_sub(count.max(0) as usize));
    }

    fn push(&mut self, load: usize, local: Option<i32>) {
        self.stack.push(Value { load: Some(load), local });
    }

    fn push_results(&mut self, index: usize, count: i32) {
        for _ in 0..count {
            self.push(index, None);
        }
    }

    fn own(&mut self, load: Option<usize>) {
        if let Some(must_own) = load.and_then(|load| self.must_own.get_mut(load)) {
            *must_own = true;
        }
    }

    /// A variable loses its value: what was loaded from it has to be counted.
    fn kill(&mut self, local: i32) {
        for index in 0..self.stack.len() {
            if self.stack[index].local == Some(local) {
                self.own(self.stack[index].load);
            }
        }
    }

    fn store(&mut self, local: i32) {
        let value = self.pop();
        self.kill(local);
        self.own(value.load);
    }

    fn end(&mut self) {
        for index in 0..self.stack.len() {
            self.own(self.stack[index].load);
        }
    }

    fn step(&mut self, index: usize, instr: &Instr) {
        let Instr { op, arg, .. } = *instr;
        let grows = op.pushed(arg) - op.popped(arg);
        match op {
            Op::LOAD_FAST => self.push(index, Some(arg)),
            Op::LOAD_FAST_AND_CLEAR => {
                self.kill(arg);
                self.push(index, Some(arg));
            }
            Op::LOAD_FAST_LOAD_FAST => {
                self.push(index, Some(arg >> 4));
                self.push(index, Some(arg & 15));
            }
            Op::STORE_FAST => self.store(arg),
            Op::STORE_FAST_LOAD_FAST => {
                self.store(arg >> 4);
                self.push(index, Some(arg & 15));
            }
            Op::STORE_FAST_STORE_FAST => {
                self.store(arg >> 4);
                self.store(arg & 15);
            }
            Op::DELETE_FAST => self.kill(arg),
            Op::COPY => {
                let copied = self
                    .stack
                    .len()
                    .checked_sub(arg as usize)
                    .and_then(|at| self.stack.get(at).copied());
                self.stack.extend(copied);
            }
            Op::SWAP => {
                let top = self.stack.len().saturating_sub(1);
                if let Some(other) = self.stack.len().checked_sub(arg as usize) {
                    self.stack.swap(top, other);
                }
            }
            // These leave all that they look at.
            // COMPAT: CPython mistakes what they push for the results of the
            // block's first instructions.
            Op::GET_ANEXT
            | Op::GET_LEN
            | Op::IMPORT_FROM
            | Op::MATCH_KEYS
            | Op::MATCH_MAPPING
            | Op::MATCH_SEQUENCE
            | Op::WITH_EXCEPT_START => {
                (0..grows.max(0) as usize).for_each(|first| self.push(first, None))
            }
            // These leave a collection or the like, and push nothing.
            Op::DICT_MERGE
            | Op::DICT_UPDATE
            | Op::LIST_APPEND
            | Op::LIST_EXTEND
            | Op::MAP_ADD
            | Op::RERAISE
            | Op::SET_ADD
            | Op::SET_UPDATE => self.pop_many(-grows),
            // These drop what is below the top.
            Op::END_SEND | Op::SET_FUNCTION_ATTRIBUTE => {
                let top = self.pop();
                self.pop();
                self.stack.push(top);
            }
            // These may leave the very object that they look at.
            Op::FORMAT_SIMPLE | Op::GET_YIELD_FROM_ITER => {}
            Op::CHECK_EXC_MATCH => {
                self.pop();
                self.push(index, None);
            }
            Op::FOR_ITER => self.push(index, None),
            Op::LOAD_ATTR | Op::LOAD_SUPER_ATTR => {
                let receiver = self.pop();
                if op == Op::LOAD_SUPER_ATTR {
                    self.pop_many(2);
                }
                self.push(index, None);
                if arg & 1 != 0 {
                    // A method call: the receiver may stay.
                    self.stack.push(receiver);
                }
            }
            Op::LOAD_SPECIAL | Op::PUSH_EXC_INFO => {
                let top = self.pop();
                self.push(index, None);
                self.stack.push(top);
            }
            Op::SEND => {
                self.pop();
                self.push(index, None);
            }
            _ if op.is_block_push() => {}
            _ => {
                self.pop_many(op.popped(arg));
                self.push_results(index, op.pushed(arg));
            }
        }
    }
}
