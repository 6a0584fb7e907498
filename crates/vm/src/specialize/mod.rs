//! Rewriting instructions to what they meet at run time.
//!
//! Each family has a function that looks at the operands of a generic
//! instruction whose counter ran out and picks a specialised opcode, filling in
//! the inline cache; and the guards that the specialised handlers use. Where
//! nothing fits, the counter backs off exponentially. A specialised handler
//! whose guard fails executes the generic form, which counts down again.
#![allow(unsafe_op_in_unsafe_fn, reason = "reads and writes the inline cache of an instruction")]

pub(crate) mod attr;
pub(crate) mod binary;
pub(crate) mod call;
pub(crate) mod global;
pub(crate) mod iter;
pub(crate) mod sequence;

use bytecode::Op;

/// Misses before a specialised instruction is looked at again.
const COOLDOWN: u16 = 52 << 4;
const MAX_BACKOFF: u16 = 12;

/// Make the instruction whose cache is at `cache` an `op`.
pub(crate) unsafe fn rewrite(cache: *mut u16, op: Op) -> bool {
    let unit = cache.sub(1);
    *unit = *unit & 0xFF00 | op.number();
    *cache = COOLDOWN;
    true
}

/// Leave the instruction as it is, and look again later.
#[cold]
pub(crate) unsafe fn fail(cache: *mut u16) -> bool {
    let unit = cache.sub(1);
    let op = Op::from_number(*unit & 0xFF).map_or(Op::RESERVED, Op::base);
    *unit = *unit & 0xFF00 | op.number();
    let exponent = (*cache & 15).min(MAX_BACKOFF - 1) + 1;
    *cache = ((1 << exponent) - 1).min(0xFFF) << 4 | exponent;
    false
}

/// Let an instruction specialise anew, as if it had never run.
pub(crate) unsafe fn warm_up(cache: *mut u16) {
    *cache = 1 << 4;
}

/// Keep an instruction from being specialised the next time it runs.
pub(crate) unsafe fn hold(cache: *mut u16) {
    if *cache >> 4 == 0 {
        *cache = 1 << 4;
    }
}

/// Rewrite, or back off.
pub(crate) unsafe fn choose(cache: *mut u16, op: Option<Op>) -> bool {
    match op {
        Some(op) => {
            let unit = cache.sub(1);
            let same = *unit & 0xFF == op.number();
            rewrite(cache, op);
            // Executing the same form again would miss again.
            !same
        }
        None => fail(cache),
    }
}

pub(crate) unsafe fn write_u32(at: *mut u16, value: u32) {
    at.cast::<u32>().write_unaligned(value);
}

#[inline(always)]
pub(crate) unsafe fn read_u32(at: *const u16) -> u32 {
    at.cast::<u32>().read_unaligned()
}

pub(crate) unsafe fn write_u64(at: *mut u16, value: u64) {
    at.cast::<u64>().write_unaligned(value);
}

#[inline(always)]
pub(crate) unsafe fn read_u64(at: *const u16) -> u64 {
    at.cast::<u64>().read_unaligned()
}
