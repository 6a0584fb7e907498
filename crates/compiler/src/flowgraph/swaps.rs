//! Fewer `SWAP`s: shortest sequences for a permutation, or none at all where
//! the stores that follow can be reordered instead.

use bytecode::Op;

use super::{Block, Instr};

/// Replace the run of `SWAP`s and `NOP`s that starts at `start` by the
/// shortest with the same effect; returns the index of its last instruction.
pub(super) fn shorten_swaps(block: &mut Block, start: usize) -> usize {
    let run = &block.instrs()[start..];
    let length = run.iter().take_while(|instr| matches!(instr.op, Op::SWAP | Op::NOP)).count();
    let swaps = || run[..length].iter().filter(|instr| instr.op == Op::SWAP);
    if swaps().count() < 2 {
        return start;
    }
    let depth = swaps().map(|swap| swap.arg).max().unwrap_or(0).max(0) as usize;
    // What is where after the run, counted from the top.
    let mut items: Vec<Option<usize>> = (0..depth).map(Some).collect();
    for swap in swaps() {
        if let Some(other) = (swap.arg as usize).checked_sub(1) {
            items.swap(0, other);
        }
    }
    // A cycle of the permutation is undone by swapping its members with the
    // top in turn; written backwards, that performs it.
    let mut moves = Vec::new();
    for start in 0..depth {
        if items[start].is_none_or(|item| item == start) {
            continue;
        }
        let mut at = start;
        loop {
            if at != 0 {
                moves.push(at as i32 + 1);
            }
            let Some(next) = items[at].take() else { break };
            at = next;
        }
    }
    let run = &mut block.instrs_mut()[start..start + length];
    let mut moves = moves.into_iter();
    for instr in run.iter_mut().rev() {
        match moves.next() {
            Some(arg) => instr.set(Op::SWAP, arg),
            None => instr.make_nop(),
        }
    }
    start + length - 1
}

/// Exchange the instructions that pop two items instead of the items, for the
/// `SWAP` at `at` and those to its left.
pub(super) fn apply_static_swaps(block: &mut Block, at: usize) {
    let instrs = block.instrs_mut();
    for index in (0..=at).rev() {
        let swap = instrs[index];
        if swap.op != Op::SWAP {
            if swap.op == Op::NOP || is_swappable(&swap) {
                continue;
            }
            return;
        }
        let Some(first) = next_swappable(instrs, index, None) else { return };
        let line = instrs[first].loc.line;
        let mut second = first;
        for _ in 1..swap.arg {
            match next_swappable(instrs, second, Some(line)) {
                Some(next) => second = next,
                None => return,
            }
        }
        // Stores to the same variable must stay in order.
        let stored = [first, second].map(|index| stored_local(&instrs[index]));
        if stored != [None, None] {
            if stored[0] == stored[1] {
                return;
            }
            let mut between = instrs[first + 1..second].iter().filter_map(stored_local);
            if between.any(|local| stored.contains(&Some(local))) {
                return;
            }
        }
        instrs[index].make_nop();
        instrs.swap(first, second);
    }
}

fn is_swappable(instr: &Instr) -> bool {
    matches!(instr.op, Op::STORE_FAST | Op::STORE_FAST_MAYBE_NULL | Op::POP_TOP)
}

fn stored_local(instr: &Instr) -> Option<i32> {
    matches!(instr.op, Op::STORE_FAST | Op::STORE_FAST_MAYBE_NULL).then_some(instr.arg)
}

/// The next instruction that only pops; on the given line, if it has one,
/// because a tracer sees the variables at each line.
fn next_swappable(instrs: &[Instr], after: usize, line: Option<i32>) -> Option<usize> {
    for (index, instr) in instrs.iter().enumerate().skip(after + 1) {
        if line.is_some_and(|line| line >= 0 && instr.loc.line != line) {
            return None;
        }
        if instr.op != Op::NOP {
            return is_swappable(instr).then_some(index);
        }
    }
    None
}
