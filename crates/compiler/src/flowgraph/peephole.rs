//! Better instructions within a block, and jumps to jumps.

use std::borrow::Cow;

use bytecode::{Constant, Op};
use indexmap::IndexSet;

use super::{BlockId, Cfg, Instr, Result, fold, swaps};
use crate::instruction_sequence::NO_LOCATION;

/// `CALL_INTRINSIC_1` arguments.
const INTRINSIC_UNARY_POSITIVE: i32 = 5;
const INTRINSIC_LIST_TO_TUPLE: i32 = 6;

/// The bit of `COMPARE_OP` that asks for a bool.
const COMPARE_TO_BOOL: i32 = 16;

impl Cfg {
    /// Small ints, and conditions that are constant.
    pub(super) fn optimize_load_const(&mut self, consts: &mut IndexSet<Constant>) {
        for block in self.order() {
            let instrs = self[block].instrs_mut();
            // The value on top, if a constant was pushed or copied last.
            let mut loaded = Instr::new(Op::NOP, 0, NO_LOCATION);
            for index in 0..instrs.len() {
                if instrs[index].op == Op::LOAD_CONST {
                    fold::use_small_int(&mut instrs[index], consts);
                }
                let copies = instrs[index].op == Op::COPY && instrs[index].arg == 1;
                if !(loaded.op == Op::LOAD_CONST && copies) {
                    loaded = instrs[index];
                }
                let value = fold::loaded_constant(&loaded, consts).map(Cow::into_owned);
                if let Some(value) = value {
                    optimize_use_of_constant(&value, &mut instrs[index..], consts);
                }
            }
        }
    }

    pub(super) fn optimize_block(
        &mut self,
        block: BlockId,
        consts: &mut IndexSet<Constant>,
    ) -> Result<()> {
        let mut index = 0;
        while let Some(&instr) = self[block].instrs().get(index) {
            if instr.op.has_jump() && self.thread_jump(block, &instr)? {
                // Look again: at the new target, or at the jump put behind.
                continue;
            }
            optimize_instruction(self[block].instrs_mut(), index, consts);
            index += 1;
        }
        let mut index = 0;
        while let Some(instr) = self[block].instrs().get(index) {
            if instr.op == Op::SWAP {
                index = swaps::shorten_swaps(&mut self[block], index);
                swaps::apply_static_swaps(&mut self[block], index);
            }
            index += 1;
        }
        Ok(())
    }

    /// Make a jump to a jump go to the final target. Returns whether it did.
    fn thread_jump(&mut self, block: BlockId, jump: &Instr) -> Result<bool> {
        let target = Cfg::target_of(jump)?;
        let Some(&landing) = self[target].instrs().first() else { return Ok(false) };
        let op = match (jump.op, landing.op) {
            (
                Op::POP_JUMP_IF_NONE
                | Op::POP_JUMP_IF_NOT_NONE
                | Op::POP_JUMP_IF_FALSE
                | Op::POP_JUMP_IF_TRUE
                | Op::JUMP_IF_FALSE
                | Op::JUMP_IF_TRUE
                | Op::JUMP,
                Op::JUMP,
            )
            | (Op::JUMP_IF_FALSE, Op::JUMP_IF_FALSE)
            | (Op::JUMP_IF_TRUE, Op::JUMP_IF_TRUE)
            | (Op::JUMP | Op::JUMP_NO_INTERRUPT, Op::JUMP_NO_INTERRUPT) => jump.op,
            (Op::JUMP_NO_INTERRUPT, Op::JUMP) => Op::JUMP,
            (Op::JUMP_IF_FALSE, Op::JUMP_IF_TRUE) | (Op::JUMP_IF_TRUE, Op::JUMP_IF_FALSE) => {
                // The value decides both; the second jump is not taken.
                let next = self[target].next;
                if let Some(last) = self[block].last_mut() {
                    last.target = next;
                }
                return Ok(next.is_some());
            }
            _ => return Ok(false),
        };
        if landing.target == Some(target) {
            return Ok(false);
        }
        // The line of the jump may be needed, so it becomes a NOP first.
        if let Some(last) = self[block].last_mut() {
            last.make_nop();
        }
        self[block].add(op, 0, landing.loc, landing.target);
        Ok(true)
    }
}

/// Use the knowledge that the first instruction leaves `value` on top.
fn optimize_use_of_constant(
    value: &Constant,
    instrs: &mut [Instr],
    consts: &mut IndexSet<Constant>,
) {
    let [load, user, rest @ ..] = instrs else { return };
    match user.op {
        Op::POP_JUMP_IF_FALSE | Op::POP_JUMP_IF_TRUE | Op::JUMP_IF_FALSE | Op::JUMP_IF_TRUE => {
            let pops = matches!(user.op, Op::POP_JUMP_IF_FALSE | Op::POP_JUMP_IF_TRUE);
            let jumps_if = matches!(user.op, Op::POP_JUMP_IF_TRUE | Op::JUMP_IF_TRUE);
            if pops {
                load.make_nop();
            }
            match fold::is_true(value) == jumps_if {
                true => user.op = Op::JUMP,
                false => user.make_nop(),
            }
        }
        Op::IS_OP if matches!(value, Constant::None) => {
            let Some(mut jump) = rest.first_mut() else { return };
            if jump.op == Op::TO_BOOL {
                jump.make_nop();
                let Some(next) = rest.get_mut(1) else { return };
                jump = next;
            }
            let jumps_if_none = match jump.op {
                Op::POP_JUMP_IF_TRUE => user.arg == 0,
                Op::POP_JUMP_IF_FALSE => user.arg != 0,
                _ => return,
            };
            load.make_nop();
            user.make_nop();
            jump.op = if jumps_if_none { Op::POP_JUMP_IF_NONE } else { Op::POP_JUMP_IF_NOT_NONE };
        }
        Op::TO_BOOL => {
            let index = consts.insert_full(Constant::Bool(fold::is_true(value))).0;
            load.make_nop();
            user.set(Op::LOAD_CONST, index as i32);
        }
        _ => {}
    }
}

/// Improve the instruction at `index` with regard to its neighbours.
fn optimize_instruction(instrs: &mut [Instr], index: usize, consts: &mut IndexSet<Constant>) {
    let Instr { op, arg, loc, .. } = instrs[index];
    let next = instrs.get(index + 1).copied();
    let next_op = next.map_or(Op::CACHE, |next| next.op);
    match op {
        Op::BUILD_TUPLE => {
            if next_op == Op::UNPACK_SEQUENCE && next.is_some_and(|next| next.arg == arg) {
                match arg {
                    1 => {
                        instrs[index].make_nop();
                        instrs[index + 1].make_nop();
                        return;
                    }
                    2 | 3 => {
                        instrs[index].make_nop();
                        instrs[index + 1].op = Op::SWAP;
                        return;
                    }
                    _ => {}
                }
            }
            fold::fold_tuple(instrs, index, consts);
        }
        Op::BUILD_LIST | Op::BUILD_SET => fold::fold_list_or_set(instrs, index, next_op, consts),
        Op::STORE_FAST
            if next.is_some_and(|next| {
                next.op == op && next.arg == arg && next.loc.line == loc.line
            }) =>
        {
            instrs[index].set(Op::POP_TOP, 0);
        }
        Op::SWAP if arg == 1 => instrs[index].make_nop(),
        Op::LOAD_GLOBAL if next_op == Op::PUSH_NULL && arg & 1 == 0 => {
            instrs[index].arg = arg | 1;
            instrs[index + 1].make_nop();
        }
        Op::COMPARE_OP if next_op == Op::TO_BOOL => {
            instrs[index].make_nop();
            instrs[index + 1].set(Op::COMPARE_OP, arg | COMPARE_TO_BOOL);
        }
        Op::CONTAINS_OP | Op::IS_OP if next_op == Op::TO_BOOL => {
            instrs[index].make_nop();
            instrs[index + 1].set(op, arg);
        }
        Op::CONTAINS_OP | Op::IS_OP if next_op == Op::UNARY_NOT => {
            instrs[index].make_nop();
            instrs[index + 1].set(op, arg ^ 1);
        }
        Op::TO_BOOL if next_op == Op::TO_BOOL => instrs[index].make_nop(),
        Op::UNARY_NOT if next_op == Op::TO_BOOL => {
            instrs[index].make_nop();
            instrs[index + 1].set(Op::UNARY_NOT, 0);
        }
        Op::UNARY_NOT if next_op == Op::UNARY_NOT => {
            instrs[index].make_nop();
            instrs[index + 1].make_nop();
        }
        Op::UNARY_NOT | Op::UNARY_INVERT | Op::UNARY_NEGATIVE => {
            fold::fold_unary(instrs, index, consts)
        }
        Op::CALL_INTRINSIC_1 if arg == INTRINSIC_UNARY_POSITIVE => {
            fold::fold_unary(instrs, index, consts)
        }
        Op::CALL_INTRINSIC_1
            if arg == INTRINSIC_LIST_TO_TUPLE
                && !fold::fold_appended(instrs, index, consts)
                && next_op == Op::GET_ITER =>
        {
            instrs[index].make_nop();
        }
        Op::LIST_APPEND | Op::SET_ADD
            if arg == 1 && matches!(next_op, Op::GET_ITER | Op::CONTAINS_OP) =>
        {
            fold::fold_appended(instrs, index, consts);
        }
        Op::BINARY_OP => fold::fold_binary(instrs, index, consts),
        _ => {}
    }
}
