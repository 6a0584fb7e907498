//! `_uuid`: identifiers made of the time.

use std::{
    cell::Cell,
    time::{SystemTime, UNIX_EPOCH},
};

use macros::pymodule;
use object::{Bytes, Int, Module, Ref, Result, Thread, Tuple, raise};

use crate::support;

/// From 1582-10-15 to 1970-01-01, in units of 100 ns.
const EPOCH: u64 = 0x01b2_1dd2_1381_4000;

/// What makes identifiers of this process differ.
#[derive(Default)]
struct State {
    last: Cell<u64>,
    /// Clock sequence and node.
    tail: Cell<Option<[u8; 8]>>,
}

/// Functions for the module uuid.
#[pymodule]
pub mod _uuid {
    use super::*;

    /// Return a UUID of the time as 16 bytes, and how safe it is, or None if that is not known.
    #[sig = "(/)"]
    fn generate_time_safe(th: Thread<'_>) -> Result<Ref<Tuple>> {
        let state = th.interp().extensions.get::<State>();
        let tail = match state.tail.get() {
            Some(tail) => tail,
            None => {
                let mut tail = [0; 8];
                if host::random::fill(&mut tail).is_err() {
                    raise!(th, OSError, "no random numbers");
                }
                // The variant, and a node that is no address of a network card.
                let [first, _, node, ..] = &mut tail;
                *first = *first & 0x3f | 0x80;
                *node |= 1;
                state.tail.set(Some(tail));
                tail
            }
        };
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = (since.as_nanos() / 100) as u64 + EPOCH;
        let now = now.max(state.last.get() + 1);
        state.last.set(now);
        let mut bytes = Vec::with_capacity(16);
        bytes.extend_from_slice(&(now as u32).to_be_bytes());
        bytes.extend_from_slice(&((now >> 32) as u16).to_be_bytes());
        bytes.extend_from_slice(&((now >> 48) as u16 & 0x0fff | 0x1000).to_be_bytes());
        bytes.extend_from_slice(&tail);
        let bytes = Bytes::new(th, &bytes)?;
        Tuple::from_array(th, [bytes.upcast(), Int::from_i64(th, -1)?])
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        support::add_ints(
            th,
            module,
            &[("has_uuid_generate_time_safe", 1), ("has_stable_extractable_node", 0)],
        )
    }
}
