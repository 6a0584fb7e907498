//! `sys.monitoring` (PEP 669): tools that are told of events.
//!
//! Code that tools look at is rewritten: an instruction that can cause an
//! event becomes its `INSTRUMENTED_` form ([`instrument`]), whose handler calls
//! the tools ([`fire`]). A version says which settings a code object was
//! rewritten for; while anything is on, the bit [`MONITORED`] of the evaluation
//! breaker makes every `RESUME` compare it. Code that nobody looks at runs as
//! always. `sys.settrace` and `sys.setprofile` are two more tools ([`legacy`]).

mod fire;
pub mod foreign;
mod instrument;
mod jump;
pub mod legacy;

use std::{
    cell::{Cell, RefCell},
    collections::HashSet,
    sync::atomic::Ordering,
};

use object::{Code, Link, Obj, Ref, Result, Str, Thread, raise, types};

pub(crate) use fire::{
    fire, fire_jump, fire_line, handled, raised, stop_iteration, swallowed, thrown, unwound,
};
pub(crate) use instrument::{CodeMonitoring, at_resume, branch_source, underlying};
pub(crate) use jump::jump_to_line;

/// The events, by their bit.
pub mod event {
    pub const PY_START: usize = 0;
    pub const PY_RESUME: usize = 1;
    pub const PY_RETURN: usize = 2;
    pub const PY_YIELD: usize = 3;
    pub const CALL: usize = 4;
    pub const LINE: usize = 5;
    pub const INSTRUCTION: usize = 6;
    pub const JUMP: usize = 7;
    pub const BRANCH_LEFT: usize = 8;
    pub const BRANCH_RIGHT: usize = 9;
    pub const STOP_ITERATION: usize = 10;
    pub const RAISE: usize = 11;
    pub const EXCEPTION_HANDLED: usize = 12;
    pub const PY_UNWIND: usize = 13;
    pub const PY_THROW: usize = 14;
    pub const RERAISE: usize = 15;
    pub const C_RETURN: usize = 16;
    pub const C_RAISE: usize = 17;
    pub const BRANCH: usize = 18;
}

/// The names of the events, ordered by bit.
pub const EVENTS: [&str; 19] = [
    "PY_START",
    "PY_RESUME",
    "PY_RETURN",
    "PY_YIELD",
    "CALL",
    "LINE",
    "INSTRUCTION",
    "JUMP",
    "BRANCH_LEFT",
    "BRANCH_RIGHT",
    "STOP_ITERATION",
    "RAISE",
    "EXCEPTION_HANDLED",
    "PY_UNWIND",
    "PY_THROW",
    "RERAISE",
    "C_RETURN",
    "C_RAISE",
    "BRANCH",
];

/// Events below this number belong to an instruction and can be on for single
/// code objects.
const LOCAL_EVENTS: usize = 11;
/// Events below this number are set for themselves; `C_RETURN` and `C_RAISE`
/// go with `CALL`.
const UNGROUPED_EVENTS: usize = 16;
const TOOLS: usize = 8;
/// The tools of `sys.setprofile` and `sys.settrace`; those below are Python's.
const PROFILE_TOOL: usize = 6;
const TRACE_TOOL: usize = 7;

/// Set in the evaluation breaker of every thread while anything is monitored.
pub const MONITORED: u32 = 1 << 30;

const C_RETURNS: u32 = 1 << event::C_RETURN | 1 << event::C_RAISE;

/// A callback, and whether it was registered for `BRANCH`.
#[derive(Clone, Default)]
struct Callback {
    function: Option<Ref>,
    both_ways: bool,
}

/// The code objects that have monitoring data; each removes itself when it goes.
type Codes = std::rc::Rc<RefCell<HashSet<*const Code>>>;

/// What an interpreter knows of monitoring.
#[derive(Default)]
struct State {
    names: RefCell<[Option<Ref<Str>>; TOOLS]>,
    callbacks: RefCell<[[Callback; EVENTS.len()]; TOOLS]>,
    /// For each event the tools that want it everywhere, as bits.
    global: [Cell<u8>; UNGROUPED_EVENTS],
    version: Cell<u32>,
    last_restart: Cell<u32>,
    /// The code objects with monitoring data.
    codes: Codes,
    disable: Link,
    missing: Link,
    /// Threads with a trace and with a profile function.
    tracing_threads: Cell<isize>,
    profiling_threads: Cell<isize>,
}

fn state(th: Thread<'_>) -> &'static State {
    th.interp().extensions.get::<State>()
}

/// Whether anything is monitored.
#[inline(always)]
pub(crate) fn is_active(th: Thread<'_>) -> bool {
    th.state().eval_breaker.load(Ordering::Relaxed) & MONITORED != 0
}

impl State {
    fn global_events(&self, tool: usize) -> u32 {
        events_of(&self.global, tool)
    }

    /// Set what a tool wants everywhere, and rewrite the code that runs.
    fn set_global_events(&self, th: Thread<'_>, tool: usize, events: u32) -> Result<()> {
        if self.global_events(tool) == events {
            return Ok(());
        }
        set_events_of(&self.global, tool, events);
        self.next_version(th)?;
        self.update(th)
    }

    fn next_version(&self, th: Thread<'_>) -> Result<u32> {
        let Some(version) = self.version.get().checked_add(1) else {
            raise!(th, OverflowError, "events set too many times");
        };
        self.version.set(version);
        Ok(version)
    }

    /// Rewrite the code of all frames, and all code when everything is off.
    fn update(&self, th: Thread<'_>) -> Result<()> {
        let any_global = self.global.iter().any(|tools| tools.get() != 0);
        if !any_global {
            for code in self.live_codes() {
                instrument::instrument(th, &code)?;
                instrument::forget_idle(&code);
            }
        }
        let on = any_global || !self.codes.borrow().is_empty();
        th.interp().set_lasting_break(MONITORED, on);
        if on { instrument::instrument_running(th) } else { Ok(()) }
    }

    /// The code objects with monitoring data.
    fn live_codes(&self) -> Vec<Ref<Code>> {
        // SAFETY: the data of a code object ends with it.
        self.codes.borrow().iter().map(|code| unsafe { object::own(&**code) }).collect()
    }

    fn callback(&self, tool: usize, event: usize) -> Option<Ref> {
        self.callbacks.borrow().get(tool)?.get(event)?.function.clone()
    }

    fn is_both_ways(&self, tool: usize, event: usize) -> bool {
        let callbacks = self.callbacks.borrow();
        callbacks.get(tool).and_then(|row| row.get(event)).is_some_and(|entry| entry.both_ways)
    }

    fn set_callback(&self, tool: usize, event: usize, new: Callback) -> Option<Ref> {
        let mut callbacks = self.callbacks.borrow_mut();
        let entry = callbacks.get_mut(tool).and_then(|row| row.get_mut(event))?;
        std::mem::replace(entry, new).function
    }
}

fn events_of(monitors: &[Cell<u8>], tool: usize) -> u32 {
    let bits =
        monitors.iter().enumerate().map(|(i, tools)| u32::from(tools.get() >> tool & 1) << i);
    bits.fold(0, |all, bit| all | bit)
}

fn set_events_of(monitors: &[Cell<u8>], tool: usize, events: u32) {
    for (i, tools) in monitors.iter().enumerate() {
        let bit = (events >> i & 1) as u8;
        tools.set(tools.get() & !(1 << tool) | bit << tool);
    }
}

/// The object a callback returns to be called no more for this instruction.
pub fn disable(th: Thread<'_>) -> Result<Ref> {
    sentinel(th, &state(th).disable)
}

/// The object that stands for a missing argument.
pub fn missing(th: Thread<'_>) -> Result<Ref> {
    sentinel(th, &state(th).missing)
}

fn sentinel(th: Thread<'_>, link: &Link) -> Result<Ref> {
    use object::{AsObject, Protocol};
    if let Some(known) = link.get() {
        return Ok(known);
    }
    let new = types::object_type().obj().call(th, &[])?;
    link.set(Some(new.clone()));
    Ok(new)
}

fn check_id(th: Thread<'_>, tool: i32) -> Result<usize> {
    match usize::try_from(tool) {
        Ok(tool) if tool < PROFILE_TOOL => Ok(tool),
        _ => raise!(th, ValueError, "invalid tool {tool} (must be between 0 and 5)"),
    }
}

fn check_in_use(th: Thread<'_>, tool: usize) -> Result<()> {
    if tool < PROFILE_TOOL && state(th).names.borrow()[tool].is_none() {
        raise!(th, ValueError, "tool {tool} is not in use");
    }
    Ok(())
}

/// `sys.monitoring.use_tool_id`.
pub fn use_tool_id(th: Thread<'_>, tool: i32, name: Obj<'_>) -> Result<()> {
    let id = check_id(th, tool)?;
    let Some(name) = name.downcast::<Str>() else {
        raise!(th, ValueError, "tool name must be a str");
    };
    if state(th).names.borrow()[id].is_some() {
        raise!(th, ValueError, "tool {id} is already in use");
    }
    state(th).names.borrow_mut()[id] = Some(object::own(name));
    Ok(())
}

/// `sys.monitoring.clear_tool_id`.
pub fn clear_tool_id(th: Thread<'_>, tool: i32) -> Result<()> {
    let id = check_id(th, tool)?;
    if state(th).names.borrow()[id].is_none() {
        return Ok(());
    }
    state(th).set_global_events(th, id, 0)?;
    for code in state(th).live_codes() {
        instrument::set_local(th, &code, id, 0)?;
    }
    for event in 0..EVENTS.len() {
        drop(state(th).set_callback(id, event, Callback::default()));
    }
    Ok(())
}

/// `sys.monitoring.free_tool_id`.
pub fn free_tool_id(th: Thread<'_>, tool: i32) -> Result<()> {
    let id = check_id(th, tool)?;
    clear_tool_id(th, tool)?;
    let old = state(th).names.borrow_mut()[id].take();
    drop(old);
    Ok(())
}

/// `sys.monitoring.get_tool`.
pub fn get_tool(th: Thread<'_>, tool: i32) -> Result<Option<Ref<Str>>> {
    let id = check_id(th, tool)?;
    Ok(state(th).names.borrow()[id].clone())
}

/// `sys.monitoring.register_callback`: the callback that was there.
pub fn register_callback(
    th: Thread<'_>,
    tool: i32,
    event: i32,
    function: Obj<'_>,
) -> Result<Option<Ref>> {
    let id = check_id(th, tool)?;
    if event.count_ones() != 1 {
        raise!(th, ValueError, "The callback can only be set for one event at a time");
    }
    let bit = event.trailing_zeros() as usize;
    if bit >= EVENTS.len() {
        raise!(th, ValueError, "invalid event {event}");
    }
    let function = (!function.is_none()).then(|| function.own());
    let state = state(th);
    if bit == event::BRANCH {
        let new = Callback { both_ways: function.is_some(), function };
        let old = state.set_callback(id, event::BRANCH_LEFT, new.clone());
        drop(state.set_callback(id, event::BRANCH_RIGHT, new));
        return Ok(old);
    }
    Ok(state.set_callback(id, bit, Callback { function, both_ways: false }))
}

/// A set of events as Python programs give it, `BRANCH` and the results of C
/// calls resolved.
fn check_events(th: Thread<'_>, events: i32, is_local: bool) -> Result<u32> {
    let mut set = events as u32;
    if !is_local && (events < 0 || events >= 1 << EVENTS.len()) {
        raise!(th, ValueError, "invalid event set 0x{set:x}");
    }
    if set & C_RETURNS != 0 && set & (C_RETURNS | 1 << event::CALL) != C_RETURNS | 1 << event::CALL
    {
        raise!(th, ValueError, "cannot set C_RETURN or C_RAISE events independently");
    }
    set &= !C_RETURNS;
    if set & 1 << event::BRANCH != 0 {
        set &= !(1 << event::BRANCH);
        set |= 1 << event::BRANCH_LEFT | 1 << event::BRANCH_RIGHT;
    }
    if is_local && set >= 1 << LOCAL_EVENTS {
        raise!(th, ValueError, "invalid local event set 0x{set:x}");
    }
    Ok(set)
}

/// `sys.monitoring.get_events`.
pub fn get_events(th: Thread<'_>, tool: i32) -> Result<u32> {
    let id = check_id(th, tool)?;
    Ok(state(th).global_events(id))
}

/// `sys.monitoring.set_events`.
pub fn set_events(th: Thread<'_>, tool: i32, events: i32) -> Result<()> {
    let id = check_id(th, tool)?;
    let events = check_events(th, events, false)?;
    check_in_use(th, id)?;
    state(th).set_global_events(th, id, events)
}

fn check_code<'a>(th: Thread<'_>, code: Obj<'a>) -> Result<&'a Code> {
    match code.downcast::<Code>() {
        Some(code) => Ok(code),
        None => raise!(th, TypeError, "code must be a code object"),
    }
}

/// `sys.monitoring.get_local_events`.
pub fn get_local_events(th: Thread<'_>, tool: i32, code: Obj<'_>) -> Result<u32> {
    let code = check_code(th, code)?;
    let id = check_id(th, tool)?;
    if code.monitoring.is_null() {
        return Ok(0);
    }
    check_in_use(th, id)?;
    Ok(instrument::local_events(code, id))
}

/// `sys.monitoring.set_local_events`.
pub fn set_local_events(th: Thread<'_>, tool: i32, code: Obj<'_>, events: i32) -> Result<()> {
    let code = check_code(th, code)?;
    let id = check_id(th, tool)?;
    let events = check_events(th, events, true)?;
    check_in_use(th, id)?;
    instrument::set_local(th, code, id, events)
}

/// `sys.monitoring.restart_events`: what was disabled is on again.
pub fn restart_events(th: Thread<'_>) -> Result<()> {
    let state = state(th);
    let restart = state.next_version(th)?;
    state.last_restart.set(restart);
    state.next_version(th)?;
    state.live_codes().iter().try_for_each(|code| instrument::instrument(th, code))
}

/// `sys.monitoring._all_events`: the events that are on, with their tools.
pub fn all_events(th: Thread<'_>) -> Vec<(&'static str, u8)> {
    let global = state(th).global.iter().map(Cell::get);
    EVENTS.iter().copied().zip(global).filter(|(_, tools)| *tools != 0).collect()
}
