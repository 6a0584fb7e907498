//! Rewriting code for the tools that look at it.
//!
//! Each code unit that starts an instruction has three sets of tools: for the
//! instruction's own event, for `LINE` (where a line starts) and for
//! `INSTRUCTION`. They say which opcode stands in the unit: the line's form
//! hides that of the instruction event, which hides that of the own event.
//! `LINE` is not reported when the instruction before was of the same line;
//! where that depends on the way by which the unit is reached, the frame
//! remembers the line that it was in.
#![allow(unsafe_op_in_unsafe_fn, reason = "reads and writes the instructions of live code")]

use std::cell::Cell;

use bytecode::{Op, exceptiontable, linetable};
use macros::{pymethods, pytype};
use object::{Code, Head, Obj, Ref, Result, Thread, Traverse, alloc_object};

use super::{Codes, LOCAL_EVENTS, State, event, events_of, set_events_of, state};
use crate::{
    frame::{self, Frame, owner},
    specialize,
};

/// `CO_NO_MONITORING_EVENTS`.
const NO_MONITORING: i32 = 0x200_0000;

/// As a frame's line: it jumped here, which is not reported again.
pub(super) const LINE_WAS_TOLD: i32 = i32::MIN;

/// Whether `LINE` is reported at a unit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// No line starts, or only as a continuation.
    None,
    Always,
    /// Where the frame was in another line before.
    Maybe,
    /// Behind a `RESUME` of the same line: if that one reports, or the frame
    /// was in another line before.
    Start,
}

/// What is known of a code unit.
struct Unit {
    /// The generic opcode; none for inline caches and before the frame's start.
    op: Option<Op>,
    mark: Mark,
    line: Option<i32>,
    /// For a branch the unit that branches, where this is another one.
    source: u32,
    own: Cell<u8>,
    lines: Cell<u8>,
    instruction: Cell<u8>,
}

/// The monitoring data of a code object.
#[pytype(name = "code_monitoring", flags = 0, traverse = manual)]
pub(crate) struct CodeMonitoring {
    head: Head,
    code: Cell<*const Code>,
    /// Where the code is listed.
    codes: Codes,
    version: Cell<u32>,
    local: [Cell<u8>; LOCAL_EVENTS],
    active: [Cell<u8>; LOCAL_EVENTS],
    units: Vec<Unit>,
    /// Some unit is marked [`Mark::Maybe`].
    tracks_lines: bool,
}

impl Traverse for CodeMonitoring {
    const GC: bool = false;
    fn traverse(&self, _: &mut dyn FnMut(Obj<'_>)) {}
}

#[pymethods]
impl CodeMonitoring {}

impl Drop for CodeMonitoring {
    fn drop(&mut self) {
        if let Ok(mut codes) = self.codes.try_borrow_mut() {
            codes.remove(&self.code.get());
        }
    }
}

/// The data of code that has some.
pub(super) fn data(code: &Code) -> Option<Ref<CodeMonitoring>> {
    code.monitoring.get().and_then(|data| data.downcast::<CodeMonitoring>().ok())
}

impl CodeMonitoring {
    fn unit(&self, at: usize) -> Option<&Unit> {
        self.units.get(at)
    }

    /// The tools that want the own event of an instruction.
    pub(super) fn own_tools(&self, at: usize) -> u8 {
        self.unit(at).map_or(0, |unit| unit.own.get())
    }

    pub(super) fn line_tools(&self, at: usize) -> u8 {
        self.unit(at).map_or(0, |unit| unit.lines.get())
    }

    pub(super) fn instruction_tools(&self, at: usize) -> u8 {
        self.unit(at).map_or(0, |unit| unit.instruction.get())
    }

    pub(super) fn line(&self, at: usize) -> Option<i32> {
        self.unit(at)?.line
    }

    /// Whether `LINE` is due at a unit, in a frame that was in line `before`.
    pub(super) fn line_is_due(&self, at: usize, before: i32) -> Option<i32> {
        let unit = self.unit(at)?;
        let line = unit.line.filter(|_| before != LINE_WAS_TOLD)?;
        match unit.mark {
            Mark::None => None,
            Mark::Always => Some(line),
            Mark::Maybe => (line != before).then_some(line),
            Mark::Start if before == 0 => self.start_is_reported().then_some(line),
            Mark::Start => (line != before).then_some(line),
        }
    }

    /// Whether the `RESUME` at the start of the code reports.
    fn start_is_reported(&self) -> bool {
        let start = self.units.iter().find(|unit| unit.op == Some(Op::RESUME));
        start.is_some_and(|unit| unit.own.get() != 0)
    }

    /// A tool wants an event of an instruction no more.
    pub(super) fn disable(&self, code: &Code, at: usize, event: usize, tool: usize) {
        let Some(unit) = self.unit(at) else { return };
        let tools = match event {
            event::LINE => &unit.lines,
            event::INSTRUCTION => &unit.instruction,
            _ => &unit.own,
        };
        tools.set(tools.get() & !(1 << tool));
        self.install(code, at);
    }

    /// The opcode below that of the line event, or of the instruction event.
    fn below(&self, at: usize, op: Op) -> Op {
        let Some(unit) = self.unit(at) else { return Op::NOP };
        let Some(base) = unit.op else { return Op::NOP };
        if op == Op::INSTRUMENTED_LINE && unit.instruction.get() != 0 {
            return Op::INSTRUMENTED_INSTRUCTION;
        }
        if unit.own.get() != 0 { instrumented(base).unwrap_or(base) } else { base }
    }

    /// The opcode that should stand in a unit.
    fn wanted(&self, at: usize) -> Op {
        let Some(unit) = self.unit(at) else { return Op::NOP };
        let tracked = self.tracks_lines && self.active[event::LINE].get() != 0;
        if unit.mark != Mark::None && (unit.lines.get() != 0 || tracked) {
            return Op::INSTRUMENTED_LINE;
        }
        if unit.instruction.get() != 0 {
            return Op::INSTRUMENTED_INSTRUCTION;
        }
        self.below(at, Op::INSTRUMENTED_INSTRUCTION)
    }

    fn install(&self, code: &Code, at: usize) {
        let Some(base) = self.unit(at).and_then(|unit| unit.op) else { return };
        let wanted = self.wanted(at);
        // SAFETY: the unit is one of the code's.
        let unit = unsafe { code.units().add(at) };
        // SAFETY: as above.
        let current = unsafe { *unit };
        let now = Op::from_number(current & 0xFF);
        if now == Some(wanted) || wanted == base && now.is_some_and(|now| is_form_of(now, base)) {
            return;
        }
        // SAFETY: as above.
        unsafe { *unit = current & 0xFF00 | wanted.number() };
        if base.caches() > 0 {
            // SAFETY: the instruction's inline cache.
            unsafe { specialize::warm_up(unit.add(1)) };
        }
    }
}

/// Whether `op` is a specialised form of `base`.
fn is_form_of(op: Op, base: Op) -> bool {
    !op.is_instrumented() && op.base() == base
}

/// The form of an instruction that reports its own event.
fn instrumented(base: Op) -> Option<Op> {
    Some(match base {
        Op::RESUME => Op::INSTRUMENTED_RESUME,
        Op::RETURN_VALUE => Op::INSTRUMENTED_RETURN_VALUE,
        Op::YIELD_VALUE => Op::INSTRUMENTED_YIELD_VALUE,
        Op::CALL => Op::INSTRUMENTED_CALL,
        Op::CALL_KW => Op::INSTRUMENTED_CALL_KW,
        Op::CALL_FUNCTION_EX => Op::INSTRUMENTED_CALL_FUNCTION_EX,
        Op::LOAD_SUPER_ATTR => Op::INSTRUMENTED_LOAD_SUPER_ATTR,
        Op::JUMP_FORWARD => Op::INSTRUMENTED_JUMP_FORWARD,
        Op::JUMP_BACKWARD => Op::INSTRUMENTED_JUMP_BACKWARD,
        Op::POP_JUMP_IF_FALSE => Op::INSTRUMENTED_POP_JUMP_IF_FALSE,
        Op::POP_JUMP_IF_TRUE => Op::INSTRUMENTED_POP_JUMP_IF_TRUE,
        Op::POP_JUMP_IF_NONE => Op::INSTRUMENTED_POP_JUMP_IF_NONE,
        Op::POP_JUMP_IF_NOT_NONE => Op::INSTRUMENTED_POP_JUMP_IF_NOT_NONE,
        Op::NOT_TAKEN => Op::INSTRUMENTED_NOT_TAKEN,
        Op::FOR_ITER => Op::INSTRUMENTED_FOR_ITER,
        Op::POP_ITER => Op::INSTRUMENTED_POP_ITER,
        Op::END_ASYNC_FOR => Op::INSTRUMENTED_END_ASYNC_FOR,
        Op::END_FOR => Op::INSTRUMENTED_END_FOR,
        Op::END_SEND => Op::INSTRUMENTED_END_SEND,
        _ => return None,
    })
}

/// The own event of an instruction.
fn own_event(base: Op, oparg: u8) -> Option<usize> {
    Some(match base {
        Op::RESUME if oparg == 0 => event::PY_START,
        Op::RESUME => event::PY_RESUME,
        Op::RETURN_VALUE => event::PY_RETURN,
        Op::YIELD_VALUE => event::PY_YIELD,
        Op::CALL | Op::CALL_KW | Op::CALL_FUNCTION_EX | Op::LOAD_SUPER_ATTR => event::CALL,
        Op::JUMP_FORWARD | Op::JUMP_BACKWARD => event::JUMP,
        Op::NOT_TAKEN | Op::FOR_ITER => event::BRANCH_LEFT,
        Op::POP_JUMP_IF_FALSE
        | Op::POP_JUMP_IF_TRUE
        | Op::POP_JUMP_IF_NONE
        | Op::POP_JUMP_IF_NOT_NONE
        | Op::POP_ITER
        | Op::END_ASYNC_FOR => event::BRANCH_RIGHT,
        Op::END_FOR | Op::END_SEND => event::STOP_ITERATION,
        _ => return None,
    })
}

/// An instruction of code, extensions of its argument being their own.
#[derive(Clone, Copy)]
pub(super) struct Instruction {
    pub(super) at: usize,
    pub(super) op: Op,
    pub(super) oparg: usize,
    pub(super) next: usize,
}

impl Instruction {
    /// Where the instruction may jump to.
    pub(super) fn target(&self) -> Option<usize> {
        match self.op {
            Op::POP_JUMP_IF_FALSE
            | Op::POP_JUMP_IF_TRUE
            | Op::POP_JUMP_IF_NONE
            | Op::POP_JUMP_IF_NOT_NONE
            | Op::JUMP_FORWARD => Some(self.next + self.oparg),
            // Over END_FOR and END_SEND.
            Op::FOR_ITER | Op::SEND => Some(self.next + self.oparg + 1),
            Op::JUMP_BACKWARD | Op::JUMP_BACKWARD_NO_INTERRUPT => self.next.checked_sub(self.oparg),
            _ => None,
        }
    }

    fn falls_through(&self) -> bool {
        !matches!(
            self.op,
            Op::JUMP_FORWARD
                | Op::JUMP_BACKWARD
                | Op::JUMP_BACKWARD_NO_INTERRUPT
                | Op::RETURN_VALUE
                | Op::RAISE_VARARGS
                | Op::RERAISE
        )
    }
}

/// All instructions of code, in order.
pub(super) fn instructions(code: &Code) -> Vec<Instruction> {
    let (mut all, mut at, mut extended) = (Vec::new(), 0, 0usize);
    while let Some((op, arg)) = code.instruction(at) {
        let oparg = extended << 8 | usize::from(arg);
        let next = at + 1 + op.caches();
        all.push(Instruction { at, op, oparg, next });
        extended = if op == Op::EXTENDED_ARG { oparg } else { 0 };
        at = next;
    }
    all
}

/// How a unit is reached: from its own line, from elsewhere.
#[derive(Clone, Copy, Default)]
struct Reached {
    from_same: bool,
    from_other: bool,
    from_start: bool,
}

/// Lines and marks of all units.
fn make_units(th: Thread<'_>, code: &Code) -> Result<Vec<Unit>> {
    let count = code.unit_count();
    let mut units: Vec<Unit> = Vec::new();
    if units.try_reserve_exact(count).is_err() {
        return Err(th.no_memory());
    }
    let mut positions = linetable::positions(code.linetable.as_bytes(), code.firstlineno);
    units.extend((0..count).map(|_| Unit {
        op: None,
        mark: Mark::None,
        line: positions.next().and_then(|position| position.line),
        source: u32::MAX,
        own: Cell::new(0),
        lines: Cell::new(0),
        instruction: Cell::new(0),
    }));
    let all = instructions(code);
    let first = code.first_traceable() as usize;
    let mut reached = vec![Reached::default(); count];
    let mut starts = vec![false; count];
    let reach = |reached: &mut [Reached], units: &[Unit], from: &Instruction, to: usize| {
        let (Some(source), Some(target)) = (units.get(from.at), units.get(to)) else { return };
        let Some(entry) = reached.get_mut(to) else { return };
        match (source.line == target.line, from.op) {
            (true, Op::RESUME) => entry.from_start = true,
            (true, _) => entry.from_same = true,
            (false, _) => entry.from_other = true,
        }
    };
    let mut current = None;
    for instruction in all.iter().filter(|instruction| instruction.at >= first) {
        let Some(unit) = units.get_mut(instruction.at) else { continue };
        unit.op = Some(instruction.op);
        let line = unit.line;
        if !matches!(
            instruction.op,
            Op::END_ASYNC_FOR | Op::END_FOR | Op::END_SEND | Op::POP_ITER | Op::RESUME
        ) {
            starts[instruction.at] = line.is_some() && line != current;
            current = line;
        }
    }
    for instruction in all.iter().filter(|instruction| instruction.at >= first) {
        if instruction.falls_through() {
            reach(&mut reached, &units, instruction, instruction.next);
        }
        if let Some(target) = instruction.target()
            && target < count
        {
            reach(&mut reached, &units, instruction, target);
            starts[target] |= units[target].line.is_some() && units[target].op.is_some();
        }
        if instruction.op == Op::FOR_ITER
            && let Some(end) = units.get_mut(instruction.next + instruction.oparg + 1)
        {
            end.source = instruction.at as u32;
        }
    }
    for entry in exceptiontable::entries(code.exceptiontable.as_bytes()) {
        let target = entry.target as usize;
        let Some(handler) = units.get(target) else { continue };
        starts[target] |= handler.line.is_some() && handler.op != Some(Op::END_ASYNC_FOR);
        let inside = |i: &&Instruction| (entry.start..entry.end).contains(&(i.at as u32));
        for instruction in all.iter().filter(inside) {
            if matches!(instruction.op, Op::RESUME | Op::YIELD_VALUE) {
                // What is thrown into a generator comes from there.
                reached[target].from_other = true;
            }
            if instruction.op != Op::RESUME {
                reach(&mut reached, &units, instruction, target);
            }
        }
    }
    for (i, unit) in units.iter_mut().enumerate() {
        if starts[i] && unit.op != Some(Op::RESUME) {
            unit.mark = match reached[i] {
                Reached { from_start: true, .. } => Mark::Start,
                Reached { from_same: false, .. } => Mark::Always,
                Reached { from_same: true, from_other: true, .. } => Mark::Maybe,
                Reached { .. } => Mark::None,
            };
        }
    }
    Ok(units)
}

/// The monitoring data of code, made if need be.
fn data_of(th: Thread<'_>, code: &Code) -> Result<Ref<CodeMonitoring>> {
    if let Some(data) = data(code) {
        return Ok(data);
    }
    // What `co_code` shows must be known before opcodes are replaced.
    code.code(th)?;
    let units = make_units(th, code)?;
    let tracks_lines = units.iter().any(|unit| matches!(unit.mark, Mark::Maybe | Mark::Start));
    let data = CodeMonitoring {
        head: Head::new(),
        code: Cell::new(code),
        codes: state(th).codes.clone(),
        version: Cell::new(0),
        local: Default::default(),
        active: Default::default(),
        units,
        tracks_lines,
    };
    let data = alloc_object::new(th, data)?;
    state(th).codes.borrow_mut().insert(std::ptr::from_ref(code));
    code.monitoring.set(Some(data.clone().upcast()));
    Ok(data)
}

/// Whether code must be looked at for the settings of now.
fn is_outdated(state: &State, code: &Code) -> bool {
    match data(code) {
        Some(data) => data.version.get() != state.version.get(),
        None => state.global[..LOCAL_EVENTS].iter().any(|tools| tools.get() != 0),
    }
}

/// Rewrite code for the settings of now.
pub(super) fn instrument(th: Thread<'_>, code: &Code) -> Result<()> {
    let state = state(th);
    if !is_outdated(state, code) || code.flags & NO_MONITORING != 0 {
        return Ok(());
    }
    let data = data_of(th, code)?;
    let restarted = state.last_restart.get() > data.version.get();
    let (mut added, mut removed) = ([0u8; LOCAL_EVENTS], [0u8; LOCAL_EVENTS]);
    for i in 0..LOCAL_EVENTS {
        let now = state.global[i].get() | data.local[i].get();
        let before = data.active[i].replace(now);
        (added[i], removed[i]) =
            if restarted { (now, before) } else { (now & !before, before & !now) };
    }
    data.version.set(state.version.get());
    if added.iter().chain(&removed).all(|tools| *tools == 0) {
        return Ok(());
    }
    let change = |tools: &Cell<u8>, event: usize| {
        tools.set(tools.get() & !removed[event] | added[event]);
    };
    for (at, unit) in data.units.iter().enumerate() {
        let Some(op) = unit.op else { continue };
        let oparg = code.instruction(at).map_or(0, |(_, arg)| arg);
        if let Some(event) = own_event(op, oparg) {
            change(&unit.own, event);
        }
        if unit.mark != Mark::None {
            change(&unit.lines, event::LINE);
        }
        if !matches!(op, Op::RESUME | Op::END_FOR) {
            change(&unit.instruction, event::INSTRUCTION);
        }
        data.install(code, at);
    }
    Ok(())
}

/// Give up the data of code that nobody looks at.
pub(super) fn forget_idle(code: &Code) {
    let idle = data(code)
        .is_some_and(|data| data.local.iter().chain(&data.active).all(|tools| tools.get() == 0));
    if idle {
        code.monitoring.set(None);
    }
}

/// Rewrite the code of all frames.
pub(super) fn instrument_running(th: Thread<'_>) -> Result<()> {
    let mut codes: Vec<Ref<Code>> = Vec::new();
    for state in th.interp().all_threads() {
        // SAFETY: the frames of a thread, which does not run meanwhile.
        unsafe {
            let mut frame = (*frame::public(state)).current_frame.cast::<Frame>();
            while !frame.is_null() {
                codes.push(object::own(Frame::code(frame)));
                frame = (*frame).prev;
            }
        }
    }
    codes.iter().try_for_each(|code| instrument(th, code))
}

/// What a tool wants of one code object.
pub(super) fn local_events(code: &Code, tool: usize) -> u32 {
    data(code).map_or(0, |data| events_of(&data.local, tool))
}

/// Set what a tool wants of one code object.
pub(super) fn set_local(th: Thread<'_>, code: &Code, tool: usize, events: u32) -> Result<()> {
    if local_events(code, tool) == events {
        return Ok(());
    }
    let data = data_of(th, code)?;
    set_events_of(&data.local, tool, events);
    if data.version.get() == state(th).version.get() {
        data.version.set(data.version.get().wrapping_sub(1));
    }
    instrument(th, code)?;
    // Others may have restarted events or set global ones meanwhile.
    state(th).update(th)
}

/// At `RESUME`: whether the code was rewritten, so that the instruction is to
/// be executed again.
#[cold]
#[inline(never)]
pub(crate) unsafe fn at_resume(th: Thread<'_>, frame: *mut Frame) -> Result<bool> {
    let code = Frame::code(frame);
    if !super::is_active(th) || !is_outdated(state(th), code) {
        return Ok(false);
    }
    debug_assert!((*frame).owner <= owner::FRAME_OBJECT);
    let before = *(*frame).ip.sub(1);
    instrument(th, code)?;
    Ok(*(*frame).ip.sub(1) != before)
}

/// The opcode to execute after an event of line or instruction was reported;
/// `ip` is behind the unit.
#[cold]
#[inline(never)]
pub(crate) unsafe fn underlying(frame: *mut Frame, ip: *mut u16, op: u16) -> u16 {
    let code = Frame::code(frame);
    let at = ip.offset_from(code.units()) as usize - 1;
    let op = Op::from_number(op).unwrap_or(Op::INSTRUMENTED_LINE);
    let below = match data(code) {
        Some(data) => data.below(at, op),
        None => code.instruction(at).map_or(Op::RESERVED, |(op, _)| op),
    };
    if below.caches() > 0 {
        // It must not specialise: the unit is not its own.
        specialize::hold(ip);
    }
    below.number()
}

/// The unit whose branch ends at an instruction that reports it.
pub(crate) fn branch_source(code: &Code, at: usize) -> usize {
    if let Some(data) = data(code)
        && let Some(unit) = data.unit(at)
    {
        // COMPAT: an instruction event makes the end its own source.
        if unit.instruction.get() != 0 {
            return at;
        }
        if unit.source != u32::MAX {
            return unit.source as usize;
        }
    }
    let mut before = at;
    for back in 1..=2 {
        if let Some(at) = at.checked_sub(back)
            && let Some((op, _)) = code.instruction(at)
            && (back == 1 && op.caches() == 0 && op != Op::CACHE || op.caches() == back - 1)
        {
            before = at;
        }
    }
    before
}
