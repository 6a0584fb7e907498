//! Constant folding over the instructions of a block.
//!
//! The operands are the instructions right before the operation, `NOP`s
//! aside, if all of them load constants.

use std::borrow::Cow;

use bytecode::{Constant, Op};
use indexmap::IndexSet;

use super::{Instr, arithmetic};
use crate::instruction_sequence::NO_LOCATION;

pub(super) use super::arithmetic::is_true;

/// Collections of more items are built at run time, to bound the stack.
const STACK_USE_GUIDELINE: usize = 30;

/// A list or set shorter than this is not built from a constant.
const MIN_CONST_SEQUENCE_SIZE: usize = 3;

/// The constant that an instruction loads.
pub(super) fn loaded_constant<'a>(
    instr: &Instr,
    consts: &'a IndexSet<Constant>,
) -> Option<Cow<'a, Constant>> {
    match instr.op {
        Op::LOAD_CONST => consts.get_index(instr.arg as usize).map(Cow::Borrowed),
        Op::LOAD_SMALL_INT => Some(Cow::Owned(Constant::from(i64::from(instr.arg)))),
        _ => None,
    }
}

/// Turn `LOAD_CONST` of a small int into `LOAD_SMALL_INT`.
pub(super) fn use_small_int(instr: &mut Instr, consts: &IndexSet<Constant>) {
    if let Some(Constant::Int(value)) = consts.get_index(instr.arg as usize)
        && let Ok(small) = u8::try_from(value)
    {
        instr.set(Op::LOAD_SMALL_INT, i32::from(small));
    }
}

fn make_load(instr: &mut Instr, value: Constant, consts: &mut IndexSet<Constant>) {
    if let Constant::Int(int) = &value
        && let Ok(small) = u8::try_from(int)
    {
        instr.set(Op::LOAD_SMALL_INT, i32::from(small));
        return;
    }
    let index = consts.insert_full(value).0;
    instr.set(Op::LOAD_CONST, index as i32);
}

/// The indices of the `count` loads right before `end`, in order.
fn loads_before(instrs: &[Instr], end: usize, count: usize) -> Option<Vec<usize>> {
    let mut loads = Vec::with_capacity(count);
    for (index, instr) in instrs[..end].iter().enumerate().rev() {
        if loads.len() == count {
            break;
        }
        match instr.op {
            Op::NOP => {}
            Op::LOAD_CONST | Op::LOAD_SMALL_INT => loads.push(index),
            _ => return None,
        }
    }
    loads.reverse();
    (loads.len() == count).then_some(loads)
}

fn values(instrs: &[Instr], loads: &[usize], consts: &IndexSet<Constant>) -> Option<Vec<Constant>> {
    loads
        .iter()
        .map(|index| loaded_constant(&instrs[*index], consts).map(Cow::into_owned))
        .collect()
}

fn remove(instrs: &mut [Instr], indices: &[usize]) {
    for index in indices {
        instrs[*index].make_nop();
        instrs[*index].loc = NO_LOCATION;
    }
}

pub(super) fn fold_tuple(instrs: &mut [Instr], index: usize, consts: &mut IndexSet<Constant>) {
    let size = instrs[index].arg as usize;
    if size > STACK_USE_GUIDELINE {
        return;
    }
    let Some(loads) = loads_before(instrs, index, size) else { return };
    let Some(items) = values(instrs, &loads, consts) else { return };
    remove(instrs, &loads);
    make_load(&mut instrs[index], Constant::Tuple(items.into()), consts);
}

/// Make a constant of constants that were appended to a list or set one by
/// one. The instruction at `index` is the last to append, or makes a tuple of
/// the list. Returns whether it did.
pub(super) fn fold_appended(
    instrs: &mut [Instr],
    index: usize,
    consts: &mut IndexSet<Constant>,
) -> bool {
    let (build, append) = match instrs[index].op {
        Op::SET_ADD => (Op::BUILD_SET, Op::SET_ADD),
        _ => (Op::BUILD_LIST, Op::LIST_APPEND),
    };
    let mut expects_append = instrs[index].op != append;
    let mut removed = Vec::new();
    let mut loads = Vec::new();
    for at in (0..index).rev() {
        let Instr { op, arg, .. } = instrs[at];
        match op {
            Op::NOP => continue,
            _ if op == build && arg == 0 => {
                if !expects_append {
                    return false;
                }
                loads.reverse();
                let Some(items) = values(instrs, &loads, consts) else { return false };
                removed.push(at);
                if instrs[index].op == append {
                    removed.push(index);
                }
                remove(instrs, &removed);
                let constant = match build {
                    Op::BUILD_SET => Constant::FrozenSet(arithmetic::distinct(items).into()),
                    _ => Constant::Tuple(items.into()),
                };
                make_load(&mut instrs[index], constant, consts);
                return true;
            }
            _ if op == append && arg == 1 && expects_append => {}
            Op::LOAD_CONST | Op::LOAD_SMALL_INT if !expects_append => loads.push(at),
            _ => return false,
        }
        removed.push(at);
        expects_append = !expects_append;
    }
    false
}

/// A list or set that is only iterated or searched can be a constant tuple or
/// frozenset; others can be filled from one.
pub(super) fn fold_list_or_set(
    instrs: &mut [Instr],
    index: usize,
    next: Op,
    consts: &mut IndexSet<Constant>,
) {
    let Instr { op, arg, loc, .. } = instrs[index];
    let size = arg as usize;
    let only_read = matches!(next, Op::GET_ITER | Op::CONTAINS_OP);
    if size > STACK_USE_GUIDELINE || size < MIN_CONST_SEQUENCE_SIZE && !only_read {
        return;
    }
    let Some(loads) = loads_before(instrs, index, size) else {
        if only_read && op == Op::BUILD_LIST {
            instrs[index].op = Op::BUILD_TUPLE;
        }
        return;
    };
    let Some(items) = values(instrs, &loads, consts) else { return };
    let constant = match op {
        Op::BUILD_SET => Constant::FrozenSet(arithmetic::distinct(items).into()),
        _ => Constant::Tuple(items.into()),
    };
    let constant = consts.insert_full(constant).0 as i32;
    remove(instrs, &loads);
    if only_read {
        instrs[index].set(Op::LOAD_CONST, constant);
    } else if let [.., build, load] = &mut instrs[..index] {
        build.set(op, 0);
        build.loc = loc;
        load.set(Op::LOAD_CONST, constant);
        instrs[index].set(if op == Op::BUILD_LIST { Op::LIST_EXTEND } else { Op::SET_UPDATE }, 1);
    }
}

pub(super) fn fold_unary(instrs: &mut [Instr], index: usize, consts: &mut IndexSet<Constant>) {
    let Some(loads) = loads_before(instrs, index, 1) else { return };
    let Some(operand) = loads.first().and_then(|load| loaded_constant(&instrs[*load], consts))
    else {
        return;
    };
    let Some(result) = arithmetic::unary(instrs[index].op, &operand) else { return };
    remove(instrs, &loads);
    make_load(&mut instrs[index], result, consts);
}

pub(super) fn fold_binary(instrs: &mut [Instr], index: usize, consts: &mut IndexSet<Constant>) {
    let Some(loads) = loads_before(instrs, index, 2) else { return };
    let [left, right] = loads[..] else { return };
    let Some(left) = loaded_constant(&instrs[left], consts) else { return };
    let Some(right) = loaded_constant(&instrs[right], consts) else { return };
    let Some(result) = arithmetic::binary(instrs[index].arg, &left, &right) else { return };
    remove(instrs, &loads);
    make_load(&mut instrs[index], result, consts);
}
