//! Events of code that is not ours: C code that runs something like a function
//! enters a scope, is told which tools want what, and reports events itself.

use object::{AsObject, Int, Obj, Result, Thread, error, raise};

use super::{Callback, EVENTS, LOCAL_EVENTS, UNGROUPED_EVENTS, event, fire, state};

/// Which settings the tools of a scope were read from.
pub fn version(th: Thread<'_>) -> u64 {
    u64::from(state(th).version.get())
}

/// The tools that want an event, as bits.
pub fn tools(th: Thread<'_>, event: usize) -> u8 {
    let event = if event >= UNGROUPED_EVENTS { event::CALL } else { event };
    state(th).global.get(event).map_or(0, |tools| tools.get())
}

/// Call the tools in `active`, less those that disable themselves: with the
/// code, the offset unless the event is a line, and `extra`.
pub fn report(
    th: Thread<'_>,
    active: &mut u8,
    code: Obj<'_>,
    offset: i32,
    event: usize,
    extra: &[Obj<'_>],
) -> Result<()> {
    if fire::is_inside(th) {
        return Ok(());
    }
    if offset < 0 {
        raise!(th, ValueError, "offset must be non-negative");
    }
    let offset = Int::from_i64(th, i64::from(offset))?;
    let mut args = vec![code];
    if event != event::LINE {
        args.push(offset.obj());
    }
    args.extend(extra);
    let mut tools = *active;
    while tools != 0 {
        let tool = 7 - tools.leading_zeros() as usize;
        tools &= !(1 << tool);
        if !fire::call_tool(th, tool, event, crate::frame::current(th), &args)? {
            continue;
        }
        if event >= LOCAL_EVENTS {
            drop(state(th).set_callback(tool, event, Callback::default()));
            let name = EVENTS.get(event).copied().unwrap_or_default();
            return Err(error!(th, ValueError, "Cannot disable {name} events. Callback removed."));
        }
        *active &= !(1 << tool);
    }
    Ok(())
}
