//! The backtracking machine.
//!
//! Everything that can be undone is a `Frame` on one heap stack: choices still
//! to be tried, and old values of marks and loop registers. To fail is to pop
//! frames until a choice is found. A sub-match (lookaround, atomic group, a
//! round of a possessive repeat) starts with a `Sub` frame; ending it removes
//! the choices above that frame but keeps the undo records of marks.

use std::fmt;

use crate::charset::{Fold, is_ascii_word, is_locale_word, is_word};
use crate::code::At;
use crate::compile::Pattern;
use crate::program::{Inst, NO_TABLE, One, Program, RepeatedOne, Tail};
use crate::unit::{CharClass, Unit, locale_lower};

/// Why a match could not be decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Error {
    /// The backtracking stack could not grow.
    Memory,
    /// The periodic check asked to stop.
    Interrupted,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::Memory => "out of memory",
            Error::Interrupted => "interrupted",
        })
    }
}

impl std::error::Error for Error {}

/// An unset mark or position.
const UNSET: usize = usize::MAX;
/// Backtracking steps between two periodic checks.
const CHECK_INTERVAL: u32 = 1 << 14;
/// A stack that grew beyond this many frames is given back after the match.
const KEEP_FRAMES: usize = 1 << 16;

#[derive(Clone, Copy, Debug)]
enum Frame {
    /// Go on at `inst` with the position at `ptr`.
    Choice { inst: u32, ptr: usize },
    /// Try the remaining alternatives of a branch.
    Branch { branch: u32, ptr: usize, mask: u64 },
    /// Give back characters of a greedy `RepeatOne`, down to `least`.
    Greedy { inst: u32, least: usize, ptr: usize },
    /// Take more characters for a lazy `MinRepeatOne`, up to `most`.
    Lazy { inst: u32, most: usize, ptr: usize },
    /// Try another round of a lazy loop.
    LazyLoop { index: u32, ptr: usize },
    /// Undo a mark.
    Mark { mark: u32, lastindex: u32, old: usize },
    /// Undo a loop register.
    Register { index: u32, old: Register },
    /// Start of a sub-match by `inst`; `base` is the enclosing one.
    Sub { inst: u32, ptr: usize, base: usize },
}

#[derive(Clone, Copy, Debug)]
struct Register {
    /// Rounds begun before the current one; wraps at the start.
    count: usize,
    /// Where the last optional round began.
    last: usize,
}

/// Memory that matches use; keep it to save allocations.
#[derive(Debug, Default)]
pub struct Scratch {
    stack: Vec<Frame>,
    registers: Vec<Register>,
    marks: Vec<usize>,
}

/// The periodic check and the steps left until it is due.
pub(crate) struct Check<'a> {
    hook: Option<&'a mut dyn FnMut() -> bool>,
    left: u32,
}

impl Check<'_> {
    #[inline(always)]
    pub(crate) fn step(&mut self) -> Result<(), Error> {
        self.left = self.left.wrapping_sub(1);
        if self.left == 0 { self.due() } else { Ok(()) }
    }

    #[cold]
    fn due(&mut self) -> Result<(), Error> {
        self.left = CHECK_INTERVAL;
        let go_on = self.hook.as_mut().is_none_or(|hook| hook());
        if go_on { Ok(()) } else { Err(Error::Interrupted) }
    }
}

/// One subject being matched, and the result of the last match.
pub struct State<'a, U> {
    /// The subject up to `endpos`; lookbehind and `^` see its real beginning.
    pub string: &'a [U],
    /// Where to match or search from; after a match, where it starts.
    pub start: usize,
    /// After a match, where it ends.
    pub ptr: usize,
    /// Refuse an empty match at `start`.
    pub must_advance: bool,
    /// `fullmatch`: the match must reach the end of `string`.
    pub match_all: bool,
    pub(crate) lastindex: u32,
    pub(crate) scratch: &'a mut Scratch,
    pub(crate) check: Check<'a>,
}

impl<U> Drop for State<'_, U> {
    fn drop(&mut self) {
        if self.scratch.stack.capacity() > KEEP_FRAMES {
            self.scratch.stack = Vec::new();
        }
    }
}

impl<'a, U: Unit> State<'a, U> {
    /// Prepare to match `string[..endpos]` from `pos` on. Positions beyond the
    /// end are moved there.
    pub fn new(
        string: &'a [U],
        pos: usize,
        endpos: usize,
        scratch: &'a mut Scratch,
    ) -> State<'a, U> {
        let string = string.get(..endpos).unwrap_or(string);
        State {
            string,
            start: pos.min(string.len()),
            ptr: pos.min(string.len()),
            must_advance: false,
            match_all: false,
            lastindex: 0,
            scratch,
            check: Check { hook: None, left: CHECK_INTERVAL },
        }
    }

    /// Call `hook` every some thousand steps; it returns whether to go on.
    pub fn set_hook(&mut self, hook: &'a mut dyn FnMut() -> bool) {
        self.check.hook = Some(hook);
    }

    /// Number of the last group that closed, `Match.lastindex`.
    pub fn lastindex(&self) -> Option<usize> {
        Some(self.lastindex as usize).filter(|&index| index > 0)
    }

    /// Span of a group of the last match (1 is the first group).
    pub fn group(&self, group: usize) -> Option<(usize, usize)> {
        if group == 0 {
            return Some((self.start, self.ptr));
        }
        let at = group.checked_sub(1)?.checked_mul(2)?;
        let (start, end) = (*self.scratch.marks.get(at)?, *self.scratch.marks.get(at + 1)?);
        (start != UNSET && end != UNSET).then_some((start, end))
    }

    pub(crate) fn prepare(&mut self, program: &Program) -> Result<(), Error> {
        let scratch = &mut *self.scratch;
        self.lastindex = 0;
        refill(&mut scratch.marks, program.groups * 2, UNSET)?;
        let register = Register { count: UNSET, last: UNSET };
        refill(&mut scratch.registers, program.loops.len(), register)
    }
}

fn refill<T: Clone>(items: &mut Vec<T>, len: usize, item: T) -> Result<(), Error> {
    items.clear();
    items.try_reserve(len).map_err(|_| Error::Memory)?;
    items.resize(len, item);
    Ok(())
}

/// Match `pattern` at `state.start`. On success `start`, `ptr` and the groups
/// describe the match.
pub fn match_<U: Unit, C: CharClass>(
    pattern: &Pattern<C>,
    state: &mut State<'_, U>,
) -> Result<bool, Error> {
    state.prepare(&pattern.program)?;
    let start = state.start;
    if state.string.len().saturating_sub(start) < pattern.program.min_width {
        return Ok(false);
    }
    match attempt(pattern, state, start, state.must_advance)? {
        Some(end) => {
            state.ptr = end;
            Ok(true)
        }
        None => Ok(false),
    }
}

#[inline(always)]
fn code_at<U: Unit>(s: &[U], at: usize) -> Option<u32> {
    s.get(at).map(|unit| unit.code())
}

/// Where the run of characters that match `one` ends, between `from` and `limit`.
#[inline(always)]
pub(crate) fn run_end<U: Unit, C: CharClass>(
    program: &Program,
    one: One,
    s: &[U],
    from: usize,
    limit: usize,
) -> usize {
    let Some(units) = s.get(from..limit) else { return from };
    let run = match one {
        One::AnyAll => None,
        One::Any => U::find(units, 10),
        One::NotChar(ch) => U::find(units, ch),
        One::Char(ch) => units.iter().position(|unit| unit.code() != ch),
        One::Set(index) => match program.sets.get(index as usize) {
            Some(set) if U::BYTE => {
                let table = &*set.table;
                units
                    .iter()
                    .position(|unit| !table.get(unit.code() as usize).is_some_and(|&hit| hit))
            }
            Some(set) => units.iter().position(|unit| !set.matches::<C>(unit.code())),
            None => Some(0),
        },
        One::LocaleSet(index) => match program.sets.get(index as usize) {
            Some(set) => units.iter().position(|unit| !set.matches_locale::<C>(unit.code())),
            None => Some(0),
        },
        One::Never => Some(0),
    };
    run.map_or(limit, |run| from + run)
}

/// The last position in `least..=from` where the tail of `repeated` can start.
#[inline(always)]
fn back_off<U: Unit>(repeated: &RepeatedOne, s: &[U], least: usize, from: usize) -> Option<usize> {
    let Some(filter) = &repeated.filter else { return Some(from) };
    if filter.allows(code_at(s, from)) {
        return Some(from);
    }
    let units = s.get(least..from)?;
    let found = match filter.single {
        Some(ch) => U::find_last(units, u32::from(ch)),
        None => units.iter().rposition(|unit| filter.allows(Some(unit.code()))),
    };
    found.map(|at| least + at)
}

/// The first position in `from..=most` where the tail of `repeated` can start
/// and up to which its characters match.
#[inline(always)]
fn advance<U: Unit, C: CharClass>(
    program: &Program,
    repeated: &RepeatedOne,
    s: &[U],
    mut from: usize,
    most: usize,
) -> Option<usize> {
    let Some(filter) = &repeated.filter else { return Some(from) };
    // The window grows so that neither scan can run far ahead of the other.
    let mut window = 32;
    loop {
        let end = most.min(from.saturating_add(window));
        let units = s.get(from..end)?;
        let hit = match filter.single {
            Some(ch) => U::find(units, u32::from(ch)),
            None => units.iter().position(|unit| filter.allows(Some(unit.code()))),
        };
        let hit = hit.map_or(end, |hit| from + hit);
        if run_end::<U, C>(program, repeated.one, s, from, hit) != hit {
            return None;
        }
        if hit < end || filter.allows(code_at(s, hit)) {
            return Some(hit);
        }
        if hit >= most {
            return None;
        }
        from = hit;
        window = window.saturating_mul(2);
    }
}

#[inline(always)]
fn at_position<U: Unit, C: CharClass>(pattern: &Pattern<C>, s: &[U], ptr: usize, at: At) -> bool {
    let before = || ptr.checked_sub(1).and_then(|at| code_at(s, at));
    let boundary = |word: &dyn Fn(u32) -> bool| {
        before().is_some_and(word) != code_at(s, ptr).is_some_and(word)
    };
    let word = |ch: u32| match pattern.words.get(ch as usize) {
        Some(&word) => word,
        None => is_word::<C>(ch),
    };
    match at {
        At::Beginning | At::BeginningString => ptr == 0,
        At::BeginningLine => before().is_none_or(|ch| ch == 10),
        At::End => ptr == s.len() || (ptr + 1 == s.len() && code_at(s, ptr) == Some(10)),
        At::EndLine => code_at(s, ptr).is_none_or(|ch| ch == 10),
        At::EndString => ptr == s.len(),
        At::UniBoundary => before().is_some_and(word) != code_at(s, ptr).is_some_and(word),
        At::UniNonBoundary => before().is_some_and(word) == code_at(s, ptr).is_some_and(word),
        At::Boundary => boundary(&is_ascii_word),
        At::NonBoundary => !boundary(&is_ascii_word),
        At::LocBoundary => boundary(&is_locale_word::<C>),
        At::LocNonBoundary => !boundary(&is_locale_word::<C>),
    }
}

/// Length of the text of a group if it occurs again at `ptr`.
fn same_again<U: Unit, C: CharClass>(
    s: &[U],
    marks: &[usize],
    group: u32,
    fold: Fold,
    ptr: usize,
) -> Option<usize> {
    let at = group as usize * 2;
    let (start, end) = (*marks.get(at)?, *marks.get(at + 1)?);
    if start == UNSET || end == UNSET {
        return None;
    }
    let text = s.get(start..end)?;
    let here = s.get(ptr..)?.get(..text.len())?;
    let same = match fold {
        Fold::Exact => text == here,
        Fold::Locale => (text.iter().zip(here))
            .all(|(a, b)| locale_lower::<C>(a.code()) == locale_lower::<C>(b.code())),
        _ => text
            .iter()
            .zip(here)
            .all(|(a, b)| fold.apply::<C>(a.code()) == fold.apply::<C>(b.code())),
    };
    same.then_some(text.len())
}

/// Remove the frames from `base` on, except the undo records of marks.
fn cut(stack: &mut Vec<Frame>, base: usize, groups: usize) {
    let mut keep = base;
    if groups > 0 {
        for at in base..stack.len() {
            if let Some(&frame @ Frame::Mark { .. }) = stack.get(at) {
                if let Some(slot) = stack.get_mut(keep) {
                    *slot = frame;
                }
                keep += 1;
            }
        }
    }
    stack.truncate(keep);
}

#[cold]
#[inline(never)]
fn grow(stack: &mut Vec<Frame>) -> Result<(), Error> {
    stack.try_reserve(stack.len().max(32)).map_err(|_| Error::Memory)
}

#[inline(always)]
fn push(stack: &mut Vec<Frame>, frame: Frame) -> Result<(), Error> {
    if stack.len() == stack.capacity() {
        grow(stack)?;
    }
    stack.push(frame);
    Ok(())
}

/// Run the program at `ptr`; the end of the match, or `None` with all marks
/// as they were.
pub(crate) fn attempt<U: Unit, C: CharClass>(
    pattern: &Pattern<C>,
    state: &mut State<'_, U>,
    start: usize,
    must_advance: bool,
) -> Result<Option<usize>, Error> {
    let program = &pattern.program;
    let insts = &program.insts[..];
    let s = state.string;
    let match_all = state.match_all;
    let check = &mut state.check;
    let lastindex = &mut state.lastindex;
    let Scratch { stack, registers, marks } = &mut *state.scratch;
    let marks = &mut marks[..];
    let registers = &mut registers[..];
    stack.clear();
    // Index of the innermost `Sub` frame.
    let mut base = UNSET;
    let mut ptr = start;
    let mut at = 0usize;

    macro_rules! save_register {
        ($index:expr, $new:expr) => {
            if let Some(register) = registers.get_mut($index as usize) {
                push(stack, Frame::Register { index: $index, old: *register })?;
                *register = $new;
            }
        };
    }

    'run: loop {
        'step: {
            let Some(&inst) = insts.get(at) else { break 'step };
            match inst {
                Inst::Char(ch) => {
                    if code_at(s, ptr) == Some(ch) {
                        ptr += 1;
                        at += 1;
                        continue 'run;
                    }
                }
                Inst::NotChar(ch) => {
                    if code_at(s, ptr).is_some_and(|next| next != ch) {
                        ptr += 1;
                        at += 1;
                        continue 'run;
                    }
                }
                Inst::Set(index) => {
                    if let (Some(ch), Some(set)) =
                        (code_at(s, ptr), program.sets.get(index as usize))
                        && set.matches::<C>(ch)
                    {
                        ptr += 1;
                        at += 1;
                        continue 'run;
                    }
                }
                Inst::LocaleSet(index) => {
                    if let (Some(ch), Some(set)) =
                        (code_at(s, ptr), program.sets.get(index as usize))
                        && set.matches_locale::<C>(ch)
                    {
                        ptr += 1;
                        at += 1;
                        continue 'run;
                    }
                }
                Inst::Any => {
                    if code_at(s, ptr).is_some_and(|next| next != 10) {
                        ptr += 1;
                        at += 1;
                        continue 'run;
                    }
                }
                Inst::AnyAll => {
                    if ptr < s.len() {
                        ptr += 1;
                        at += 1;
                        continue 'run;
                    }
                }
                Inst::Literal { start, len } => {
                    let (start, len) = (start as usize, len as usize);
                    if let (Some(wanted), Some(here)) =
                        (program.literals.get(start..start + len), s.get(ptr..ptr + len))
                        && wanted.iter().zip(here).all(|(&wanted, unit)| unit.code() == wanted)
                    {
                        ptr += len;
                        at += 1;
                        continue 'run;
                    }
                }
                Inst::At(position) => {
                    if at_position(pattern, s, ptr, position) {
                        at += 1;
                        continue 'run;
                    }
                }
                Inst::Mark(mark) => {
                    if let Some(slot) = marks.get_mut(mark as usize) {
                        push(stack, Frame::Mark { mark, lastindex: *lastindex, old: *slot })?;
                        *slot = ptr;
                        if mark & 1 != 0 {
                            *lastindex = mark / 2 + 1;
                        }
                    }
                    at += 1;
                    continue 'run;
                }
                Inst::Jump(target) => {
                    at = target as usize;
                    continue 'run;
                }
                Inst::Fail => {}
                Inst::Match => {
                    if !((match_all && ptr != s.len()) || (must_advance && ptr == start)) {
                        return Ok(Some(ptr));
                    }
                }
                Inst::Split { first, second, table } => {
                    let possible = match program.choices.get(table as usize) {
                        Some(choice) => choice.possible(code_at(s, ptr)),
                        None => 3,
                    };
                    match possible {
                        0 => {}
                        1 => {
                            at = first as usize;
                            continue 'run;
                        }
                        2 => {
                            at = second as usize;
                            continue 'run;
                        }
                        _ => {
                            push(stack, Frame::Choice { inst: second, ptr })?;
                            at = first as usize;
                            continue 'run;
                        }
                    }
                }
                Inst::Branch(index) => {
                    if let Some(branch) = program.branches.get(index as usize) {
                        let mask = match &branch.choice {
                            Some(choice) => choice.possible(code_at(s, ptr)),
                            None => branch.all(),
                        };
                        if let Some(&target) = branch.targets.get(mask.trailing_zeros() as usize) {
                            let mask = mask & mask.wrapping_sub(1);
                            if mask != 0 {
                                push(stack, Frame::Branch { branch: index, ptr, mask })?;
                            }
                            at = target as usize;
                            continue 'run;
                        }
                    }
                }
                Inst::LoopStart(index) => {
                    save_register!(index, Register { count: UNSET, last: UNSET });
                    if let Some(repeat) = program.loops.get(index as usize) {
                        at = repeat.until as usize;
                        continue 'run;
                    }
                }
                Inst::MaxUntil(index) => {
                    let slot = index as usize;
                    if let (Some(repeat), Some(&register)) =
                        (program.loops.get(slot), registers.get(slot))
                    {
                        let count =
                            repeat.rounds(register.count.wrapping_add(1), ptr == register.last);
                        if count < repeat.min {
                            check.step()?;
                            save_register!(index, Register { count, last: ptr });
                            at = repeat.body as usize;
                            continue 'run;
                        }
                        let mut possible = match program.choices.get(repeat.table as usize) {
                            Some(choice) if repeat.table != NO_TABLE => {
                                choice.possible(code_at(s, ptr))
                            }
                            _ => 3,
                        };
                        if count >= repeat.max || (count > repeat.min && ptr == register.last) {
                            possible &= 2;
                        }
                        if possible & 1 != 0 {
                            if possible & 2 != 0 {
                                push(stack, Frame::Choice { inst: repeat.tail, ptr })?;
                            }
                            save_register!(index, Register { count, last: ptr });
                            at = repeat.body as usize;
                            continue 'run;
                        }
                        if possible != 0 {
                            at = repeat.tail as usize;
                            continue 'run;
                        }
                    }
                }
                Inst::MinUntil(index) => {
                    let slot = index as usize;
                    if let (Some(repeat), Some(&register)) =
                        (program.loops.get(slot), registers.get(slot))
                    {
                        let count =
                            repeat.rounds(register.count.wrapping_add(1), ptr == register.last);
                        if count < repeat.min {
                            check.step()?;
                            save_register!(index, Register { count, last: ptr });
                            at = repeat.body as usize;
                            continue 'run;
                        }
                        if count < repeat.max && (count == repeat.min || ptr != register.last) {
                            push(stack, Frame::LazyLoop { index, ptr })?;
                        }
                        at = repeat.tail as usize;
                        continue 'run;
                    }
                }
                Inst::RepeatOne(index) => {
                    if let Some(repeated) = program.ones.get(index as usize) {
                        let limit = s.len().min(ptr.saturating_add(repeated.max));
                        let end = run_end::<U, C>(program, repeated.one, s, ptr, limit);
                        if end - ptr >= repeated.min {
                            let longest = repeated.tail == Tail::Longest
                                || (U::BYTE && repeated.tail == Tail::DisjointLatin);
                            if longest {
                                if repeated
                                    .filter
                                    .as_ref()
                                    .is_none_or(|f| f.allows(code_at(s, end)))
                                {
                                    ptr = end;
                                    at += 1;
                                    continue 'run;
                                }
                                break 'step;
                            }
                            let least = ptr + repeated.min;
                            if let Some(found) = back_off(repeated, s, least, end) {
                                if found > least {
                                    push(
                                        stack,
                                        Frame::Greedy { inst: at as u32, least, ptr: found },
                                    )?;
                                }
                                ptr = found;
                                at += 1;
                                continue 'run;
                            }
                        }
                    }
                }
                Inst::MinRepeatOne(index) => {
                    if let Some(repeated) = program.ones.get(index as usize)
                        && repeated.min <= s.len() - ptr
                    {
                        let most = s.len().min(ptr.saturating_add(repeated.max));
                        let least = ptr + repeated.min;
                        if run_end::<U, C>(program, repeated.one, s, ptr, least) == least
                            && let Some(found) = advance::<U, C>(program, repeated, s, least, most)
                        {
                            if found < most {
                                push(stack, Frame::Lazy { inst: at as u32, most, ptr: found })?;
                            }
                            ptr = found;
                            at += 1;
                            continue 'run;
                        }
                    }
                }
                Inst::PossessiveRepeatOne(index) => {
                    if let Some(repeated) = program.ones.get(index as usize) {
                        let limit = s.len().min(ptr.saturating_add(repeated.max));
                        let end = run_end::<U, C>(program, repeated.one, s, ptr, limit);
                        if end - ptr >= repeated.min {
                            ptr = end;
                            at += 1;
                            continue 'run;
                        }
                    }
                }
                Inst::Groupref { group, fold } => {
                    if let Some(len) = same_again::<U, C>(s, marks, group, fold, ptr) {
                        ptr += len;
                        at += 1;
                        continue 'run;
                    }
                }
                Inst::GrouprefExists { group, otherwise } => {
                    let mark = group as usize * 2;
                    let set = |mark: usize| marks.get(mark).is_some_and(|&mark| mark != UNSET);
                    at = if set(mark) && set(mark + 1) { at + 1 } else { otherwise as usize };
                    continue 'run;
                }
                Inst::Assert { back, .. } => {
                    if let Some(from) = ptr.checked_sub(back as usize) {
                        let sub = stack.len();
                        push(stack, Frame::Sub { inst: at as u32, ptr, base })?;
                        base = sub;
                        ptr = from;
                        at += 1;
                        continue 'run;
                    }
                }
                Inst::AssertNot { back, end } => {
                    let Some(from) = ptr.checked_sub(back as usize) else {
                        at = end as usize;
                        continue 'run;
                    };
                    let sub = stack.len();
                    push(stack, Frame::Sub { inst: at as u32, ptr, base })?;
                    base = sub;
                    ptr = from;
                    at += 1;
                    continue 'run;
                }
                Inst::Atomic => {
                    let sub = stack.len();
                    push(stack, Frame::Sub { inst: at as u32, ptr, base })?;
                    base = sub;
                    at += 1;
                    continue 'run;
                }
                Inst::AssertEnd | Inst::AtomicEnd => {
                    if let Some(&Frame::Sub { inst, ptr: before, base: outer }) = stack.get(base) {
                        cut(stack, base, program.groups);
                        base = outer;
                        match insts.get(inst as usize) {
                            Some(&Inst::Assert { end, .. }) => {
                                ptr = before;
                                at = end as usize;
                            }
                            _ => at += 1,
                        }
                        continue 'run;
                    }
                }
                Inst::AssertNotEnd => {
                    // The assertion fails: undo what it did and its `Sub` frame.
                    while stack.len() > base {
                        match stack.pop() {
                            Some(Frame::Mark { mark, lastindex: index, old }) => {
                                *lastindex = index;
                                if let Some(slot) = marks.get_mut(mark as usize) {
                                    *slot = old;
                                }
                            }
                            Some(Frame::Register { index, old }) => {
                                if let Some(slot) = registers.get_mut(index as usize) {
                                    *slot = old;
                                }
                            }
                            Some(Frame::Sub { base: outer, .. }) if stack.len() == base => {
                                base = outer;
                                break;
                            }
                            _ => {}
                        }
                    }
                }
                Inst::PossessiveStart(index) => {
                    save_register!(index, Register { count: 0, last: UNSET });
                    at += 1;
                    continue 'run;
                }
                Inst::PossessiveNext(index) => {
                    let slot = index as usize;
                    if let (Some(repeat), Some(register)) =
                        (program.loops.get(slot), registers.get_mut(slot))
                    {
                        let count = repeat.rounds(register.count, register.last == ptr);
                        register.count = count;
                        let wanted = count < repeat.min;
                        if !wanted
                            && (count >= repeat.max || (count > repeat.min && register.last == ptr))
                        {
                            at = repeat.tail as usize;
                            continue 'run;
                        }
                        register.last = ptr;
                        let sub = stack.len();
                        push(stack, Frame::Sub { inst: at as u32, ptr, base })?;
                        base = sub;
                        at = repeat.body as usize;
                        continue 'run;
                    }
                }
                Inst::PossessiveEnd(index) => {
                    let slot = index as usize;
                    if let (Some(&Frame::Sub { base: outer, .. }), Some(repeat), Some(register)) =
                        (stack.get(base), program.loops.get(slot), registers.get_mut(slot))
                    {
                        cut(stack, base, program.groups);
                        base = outer;
                        register.count = register.count.saturating_add(1);
                        check.step()?;
                        at = repeat.until as usize;
                        continue 'run;
                    }
                }
            }
        }

        // Failed: undo and find the last choice.
        check.step()?;
        loop {
            let Some(frame) = stack.last_mut() else { return Ok(None) };
            match frame {
                Frame::Choice { inst, ptr: to } => {
                    (at, ptr) = (*inst as usize, *to);
                    stack.pop();
                    break;
                }
                Frame::Mark { mark, lastindex: index, old } => {
                    *lastindex = *index;
                    if let Some(slot) = marks.get_mut(*mark as usize) {
                        *slot = *old;
                    }
                    stack.pop();
                }
                Frame::Register { index, old } => {
                    if let Some(slot) = registers.get_mut(*index as usize) {
                        *slot = *old;
                    }
                    stack.pop();
                }
                Frame::Branch { branch, ptr: to, mask } => {
                    ptr = *to;
                    let target = (program.branches.get(*branch as usize))
                        .and_then(|branch| branch.targets.get(mask.trailing_zeros() as usize));
                    *mask &= mask.wrapping_sub(1);
                    if *mask == 0 {
                        stack.pop();
                    }
                    if let Some(&target) = target {
                        at = target as usize;
                        break;
                    }
                }
                Frame::Greedy { inst, least, ptr: to } => {
                    let from = to.saturating_sub(1);
                    at = *inst as usize + 1;
                    let found = match insts.get(*inst as usize) {
                        Some(&Inst::RepeatOne(index)) => (program.ones.get(index as usize))
                            .and_then(|repeated| back_off(repeated, s, *least, from)),
                        _ => None,
                    };
                    *to = found.unwrap_or(0);
                    if found.is_none_or(|found| found <= *least) {
                        stack.pop();
                    }
                    if let Some(found) = found {
                        ptr = found;
                        break;
                    }
                }
                Frame::Lazy { inst, most, ptr: to } => {
                    at = *inst as usize + 1;
                    let found = match insts.get(*inst as usize) {
                        Some(&Inst::MinRepeatOne(index)) => (program.ones.get(index as usize))
                            .and_then(|repeated| {
                                let next = run_end::<U, C>(program, repeated.one, s, *to, *to + 1);
                                let next = Some(next).filter(|&next| next > *to)?;
                                advance::<U, C>(program, repeated, s, next, *most)
                            }),
                        _ => None,
                    };
                    *to = found.unwrap_or(0);
                    if found.is_none_or(|found| found >= *most) {
                        stack.pop();
                    }
                    if let Some(found) = found {
                        ptr = found;
                        break;
                    }
                }
                Frame::LazyLoop { index, ptr: to } => {
                    let (index, slot) = (*index, *index as usize);
                    ptr = *to;
                    stack.pop();
                    if let (Some(repeat), Some(&register)) =
                        (program.loops.get(slot), registers.get(slot))
                    {
                        let count =
                            repeat.rounds(register.count.wrapping_add(1), ptr == register.last);
                        save_register!(index, Register { count, last: ptr });
                        at = repeat.body as usize;
                        break;
                    }
                }
                Frame::Sub { inst, ptr: before, base: outer } => {
                    let (inst, before) = (*inst as usize, *before);
                    base = *outer;
                    stack.pop();
                    match insts.get(inst) {
                        Some(&Inst::AssertNot { end, .. }) => {
                            (at, ptr) = (end as usize, before);
                            break;
                        }
                        Some(&Inst::PossessiveNext(index)) => {
                            let slot = index as usize;
                            if let (Some(repeat), Some(register)) =
                                (program.loops.get(slot), registers.get(slot))
                                && register.count >= repeat.min
                            {
                                (at, ptr) = (repeat.tail as usize, before);
                                break;
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
    }
}
