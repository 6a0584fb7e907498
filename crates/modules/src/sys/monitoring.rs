//! `sys.monitoring`: the door to `vm::monitoring`.

use macros::pymodule;
use object::{AsObject, Dict, Int, Module, Obj, Ref, Result, Str, Thread, id, types};
use vm::monitoring;

use super::hooks;

#[pymodule(name = "sys.monitoring")]
mod module {
    use super::*;

    #[sig = "(tool_id, name, /)"]
    fn use_tool_id(th: Thread<'_>, tool_id: i32, name: Obj<'_>) -> Result<()> {
        monitoring::use_tool_id(th, tool_id, name)
    }

    #[sig = "(tool_id, /)"]
    fn clear_tool_id(th: Thread<'_>, tool_id: i32) -> Result<()> {
        monitoring::clear_tool_id(th, tool_id)
    }

    #[sig = "(tool_id, /)"]
    fn free_tool_id(th: Thread<'_>, tool_id: i32) -> Result<()> {
        monitoring::free_tool_id(th, tool_id)
    }

    #[sig = "(tool_id, /)"]
    fn get_tool(th: Thread<'_>, tool_id: i32) -> Result<Option<Ref<Str>>> {
        monitoring::get_tool(th, tool_id)
    }

    #[sig = "(tool_id, event, func, /)"]
    fn register_callback(
        th: Thread<'_>,
        tool_id: i32,
        event: i32,
        func: Obj<'_>,
    ) -> Result<Option<Ref>> {
        hooks::audit(th, id!(th, "sys.monitoring.register_callback"), &[func])?;
        monitoring::register_callback(th, tool_id, event, func)
    }

    #[sig = "(tool_id, /)"]
    fn get_events(th: Thread<'_>, tool_id: i32) -> Result<u32> {
        monitoring::get_events(th, tool_id)
    }

    #[sig = "(tool_id, event_set, /)"]
    fn set_events(th: Thread<'_>, tool_id: i32, event_set: i32) -> Result<()> {
        monitoring::set_events(th, tool_id, event_set)
    }

    #[sig = "(tool_id, code, /)"]
    fn get_local_events(th: Thread<'_>, tool_id: i32, code: Obj<'_>) -> Result<u32> {
        monitoring::get_local_events(th, tool_id, code)
    }

    #[sig = "(tool_id, code, event_set, /)"]
    fn set_local_events(th: Thread<'_>, tool_id: i32, code: Obj<'_>, event_set: i32) -> Result<()> {
        monitoring::set_local_events(th, tool_id, code, event_set)
    }

    #[sig = "()"]
    fn restart_events(th: Thread<'_>) -> Result<()> {
        monitoring::restart_events(th)
    }

    #[sig = "()"]
    fn _all_events(th: Thread<'_>) -> Result<Ref<Dict>> {
        let dict = Dict::new(th)?;
        for (name, tools) in monitoring::all_events(th) {
            dict.set(th, Str::intern(th, name)?.obj(), Int::from_u64(th, u64::from(tools))?.obj())?;
        }
        Ok(dict)
    }
}

/// The module, complete.
pub(super) fn create(th: Thread<'_>) -> Result<Ref<Module>> {
    let created = vm::lifecycle::create_builtin(th, &module::MODULE)?;
    let events = Dict::new(th)?;
    let set = |name: &str, bits: u64| {
        events.set(th, Str::intern(th, name)?.obj(), Int::from_u64(th, bits)?.obj())
    };
    for (i, name) in monitoring::EVENTS.iter().enumerate() {
        set(name, 1 << i)?;
    }
    set("NO_EVENTS", 0)?;
    created.set(th, "events", types::namespace::new(th, &events)?.obj())?;
    for (name, id) in
        [("DEBUGGER_ID", 0), ("COVERAGE_ID", 1), ("PROFILER_ID", 2), ("OPTIMIZER_ID", 5)]
    {
        created.set(th, name, Int::from_i64(th, id)?.obj())?;
    }
    created.set(th, "DISABLE", monitoring::disable(th)?.obj())?;
    created.set(th, "MISSING", monitoring::missing(th)?.obj())?;
    Ok(created)
}
