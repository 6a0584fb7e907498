//! Validation of a code array and its translation to a `Program`.
//!
//! One pass over the code with an explicit stack of open constructs (no native
//! recursion: the code may come from anyone). Every construct says in its
//! first words where it ends; a region must end exactly there and inside its
//! parent. Forward references are patched when the construct closes.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::OnceLock;

use crate::analyse;
use crate::charset::{Fold, Set, is_word, read_items};
use crate::code::{At, INFO_CHARSET, INFO_LITERAL, INFO_PREFIX, Op};
use crate::program::{Branch, Inst, Loop, NO_TABLE, One, Program, RepeatedOne, Tail};
use crate::search::Plan;
use crate::unit::CharClass;
use crate::{MAXGROUPS, MAXREPEAT};

/// The code array is not one that `re._compiler` could have made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InvalidCode;

impl fmt::Display for InvalidCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid SRE code")
    }
}

impl std::error::Error for InvalidCode {}

/// A compiled pattern. Run it with the `CharClass` it was compiled with.
#[derive(Debug)]
pub struct Pattern<C> {
    pub(crate) program: Program,
    /// Word characters among Latin-1, for `AT_UNI_BOUNDARY`.
    pub(crate) words: Box<[bool; 256]>,
    pub(crate) plan: OnceLock<Plan>,
    class: PhantomData<fn() -> C>,
}

impl<C: CharClass> Pattern<C> {
    /// Validate and translate `code`, which has `groups` capturing groups.
    pub fn compile(code: &[u32], groups: usize) -> Result<Pattern<C>, InvalidCode> {
        let mut program = Translator::<C>::new(code, groups).and_then(Translator::run)?;
        analyse::annotate(&mut program);
        let mut words = Box::new([false; 256]);
        if program
            .insts
            .iter()
            .any(|inst| matches!(inst, Inst::At(At::UniBoundary | At::UniNonBoundary)))
        {
            for (ch, entry) in (0..).zip(words.iter_mut()) {
                *entry = is_word::<C>(ch);
            }
        }
        Ok(Pattern { program, words, plan: OnceLock::new(), class: PhantomData })
    }

    /// Number of capturing groups.
    pub fn groups(&self) -> usize {
        self.program.groups
    }
}

/// A construct whose end was not reached yet.
#[derive(Debug)]
struct Open {
    kind: Kind,
    /// Code position where the region ends.
    end: usize,
    /// Least width of what was seen of the region.
    width: usize,
}

#[derive(Debug)]
enum Kind {
    Top,
    Branch {
        branch: usize,
        /// Instructions that jump behind the branch.
        jumps: Vec<usize>,
        /// Position of the skip word of the next alternative.
        next: usize,
        /// Where every alternative must jump to, once known.
        target: Option<usize>,
        least: usize,
    },
    Repeat {
        head: usize,
        index: usize,
        min: usize,
        max: usize,
    },
    Assert {
        head: usize,
    },
    Atomic,
    Possessive {
        index: usize,
        min: usize,
    },
    Exists {
        head: usize,
        otherwise: usize,
    },
    ExistsElse {
        jump: usize,
        least: usize,
    },
}

struct Translator<'a, C> {
    code: &'a [u32],
    at: usize,
    open: Vec<Open>,
    program: Program,
    /// Instructions before this one are jump targets or otherwise settled.
    settled: usize,
    /// A `SUCCESS` was seen that does not end its region.
    left_early: bool,
    known_sets: HashMap<(Fold, &'a [u32]), u32>,
    class: PhantomData<fn() -> C>,
}

type Checked<T> = Result<T, InvalidCode>;

fn times(limit: u32) -> usize {
    if limit == MAXREPEAT { usize::MAX } else { limit as usize }
}

impl<'a, C: CharClass> Translator<'a, C> {
    fn new(code: &'a [u32], groups: usize) -> Checked<Self> {
        let (Some((&last, _)), true) = (code.split_last(), groups <= MAXGROUPS) else {
            return Err(InvalidCode);
        };
        // Instruction indices are `u32`; a construct emits at most two.
        if last != Op::Success as u32 || code.len() > (u32::MAX / 4) as usize {
            return Err(InvalidCode);
        }
        Ok(Translator {
            code,
            at: 0,
            open: vec![Open { kind: Kind::Top, end: code.len() - 1, width: 0 }],
            program: Program { groups, ..Program::default() },
            settled: 0,
            left_early: false,
            known_sets: HashMap::new(),
            class: PhantomData,
        })
    }

    fn word(&mut self) -> Checked<u32> {
        let word = self.code.get(self.at).copied().ok_or(InvalidCode)?;
        self.at += 1;
        Ok(word)
    }

    /// A skip word: the position it leads to, counted from the word itself.
    fn skip(&mut self) -> Checked<usize> {
        let from = self.at;
        let skip = self.word()? as usize;
        let target = from + skip;
        if skip == 0 || target > self.code.len() { Err(InvalidCode) } else { Ok(target) }
    }

    fn is(&self, at: usize, op: Op) -> bool {
        self.code.get(at) == Some(&(op as u32))
    }

    fn here(&self) -> usize {
        self.program.insts.len()
    }

    fn emit(&mut self, inst: Inst) -> usize {
        self.program.insts.push(inst);
        self.program.insts.len() - 1
    }

    /// Say that the next instruction is jumped to.
    fn settle(&mut self) -> u32 {
        self.settled = self.here();
        self.settled as u32
    }

    fn patch(&mut self, at: usize, inst: Inst) {
        if let Some(slot) = self.program.insts.get_mut(at) {
            *slot = inst;
        }
    }

    fn widen(&mut self, width: usize) {
        if let Some(open) = self.open.last_mut()
            && !self.left_early
        {
            open.width = open.width.saturating_add(width);
        }
    }

    fn open(&mut self, kind: Kind, end: usize) -> Checked<()> {
        let limit = self.open.last().map_or(0, |open| open.end);
        if end < self.at || end > limit {
            return Err(InvalidCode);
        }
        self.open.push(Open { kind, end, width: 0 });
        Ok(())
    }

    fn run(mut self) -> Checked<Program> {
        if self.is(0, Op::Info) {
            self.at = 1;
            self.info()?;
        }
        loop {
            let Some(open) = self.open.last() else { return Err(InvalidCode) };
            if self.at == open.end {
                let Some(open) = self.open.pop() else { return Err(InvalidCode) };
                if let Kind::Top = open.kind {
                    self.emit(Inst::Match);
                    self.program.min_width = open.width;
                    return Ok(self.program);
                }
                self.close(open)?;
            } else if self.at > open.end {
                return Err(InvalidCode);
            } else {
                let op = Op::from_code(self.word()?).ok_or(InvalidCode)?;
                self.operator(op)?;
            }
        }
    }

    /// The acceleration block: checked, but what it says is derived again from the code.
    fn info(&mut self) -> Checked<()> {
        let end = self.skip()?;
        let (flags, _min, _max) = (self.word()?, self.word()?, self.word()?);
        if flags & !(INFO_PREFIX | INFO_LITERAL | INFO_CHARSET) != 0
            || (flags & INFO_PREFIX != 0 && flags & INFO_CHARSET != 0)
            || (flags & INFO_LITERAL != 0 && flags & INFO_PREFIX == 0)
        {
            return Err(InvalidCode);
        }
        if flags & INFO_PREFIX != 0 {
            let length = self.word()? as usize;
            let prefix_skip = self.word()? as usize;
            let overlap = self.at.checked_add(length).ok_or(InvalidCode)?;
            let after = overlap.checked_add(length).ok_or(InvalidCode)?;
            let table = self.code.get(overlap..after).ok_or(InvalidCode)?;
            if prefix_skip > length || table.iter().any(|&entry| entry as usize >= length) {
                return Err(InvalidCode);
            }
            self.at = after;
        }
        if flags & INFO_CHARSET != 0 {
            let rest = self.code.get(self.at..end).ok_or(InvalidCode)?;
            self.at += read_items(rest).ok_or(InvalidCode)?.1;
        }
        if self.at == end { Ok(()) } else { Err(InvalidCode) }
    }

    fn operator(&mut self, op: Op) -> Checked<()> {
        match op {
            Op::Failure => {
                self.emit(Inst::Fail);
            }
            Op::Success => self.success(),
            Op::Literal => self.literal()?,
            Op::NotLiteral
            | Op::Any
            | Op::AnyAll
            | Op::Category
            | Op::In
            | Op::InIgnore
            | Op::InUniIgnore
            | Op::InLocIgnore
            | Op::LiteralIgnore
            | Op::LiteralUniIgnore
            | Op::LiteralLocIgnore
            | Op::NotLiteralIgnore
            | Op::NotLiteralUniIgnore
            | Op::NotLiteralLocIgnore => {
                let inst = match self.one(op)? {
                    One::Char(ch) => Inst::Char(ch),
                    One::NotChar(ch) => Inst::NotChar(ch),
                    One::Set(set) => Inst::Set(set),
                    One::LocaleSet(set) => Inst::LocaleSet(set),
                    One::Any => Inst::Any,
                    One::AnyAll => Inst::AnyAll,
                    One::Never => Inst::Fail,
                };
                self.emit(inst);
                self.widen(1);
            }
            Op::At => {
                let at = At::from_code(self.word()?).ok_or(InvalidCode)?;
                self.emit(Inst::At(at));
            }
            Op::Mark => {
                let mark = self.word()?;
                if mark as usize / 2 >= self.program.groups {
                    return Err(InvalidCode);
                }
                self.emit(Inst::Mark(mark));
            }
            Op::Groupref => self.groupref(Fold::Exact)?,
            Op::GrouprefIgnore => self.groupref(Fold::Ascii)?,
            Op::GrouprefUniIgnore => self.groupref(Fold::Unicode)?,
            Op::GrouprefLocIgnore => self.groupref(Fold::Locale)?,
            Op::GrouprefExists => {
                let group = self.group()?;
                let argument = self.at - 1;
                let otherwise = argument + self.word()? as usize;
                let head = self.emit(Inst::GrouprefExists { group, otherwise: 0 });
                self.open(Kind::Exists { head, otherwise }, otherwise)?;
                self.settle();
            }
            Op::Jump => self.jump_to_else()?,
            Op::Branch => {
                let branch = self.program.branches.len();
                self.program.branches.push(Branch { targets: Vec::new(), choice: None });
                self.emit(Inst::Branch(branch as u32));
                let next = self.at;
                let kind = Kind::Branch {
                    branch,
                    jumps: Vec::new(),
                    next,
                    target: None,
                    least: usize::MAX,
                };
                self.alternative(kind)?;
            }
            Op::Repeat => self.repeat()?,
            Op::RepeatOne | Op::MinRepeatOne | Op::PossessiveRepeatOne => self.repeat_one(op)?,
            Op::PossessiveRepeat => {
                let end = self.skip()?;
                let (min, max) = self.limits()?;
                if !self.is(end, Op::Success) || end >= self.end() {
                    return Err(InvalidCode);
                }
                let index = self.program.loops.len();
                self.emit(Inst::PossessiveStart(index as u32));
                let until = self.settle();
                self.emit(Inst::PossessiveNext(index as u32));
                let body = self.settle();
                self.program.loops.push(Loop { min, max, body, until, tail: 0, table: NO_TABLE });
                self.open(Kind::Possessive { index, min }, end)?;
            }
            Op::AtomicGroup => {
                let after = self.skip()?;
                self.sub_match(Kind::Atomic, after)?;
                self.emit(Inst::Atomic);
                self.settle();
            }
            Op::Assert | Op::AssertNot => {
                let after = self.skip()?;
                let back = self.word()?;
                let head = self.emit(match op {
                    Op::Assert => Inst::Assert { back, end: 0 },
                    _ => Inst::AssertNot { back, end: 0 },
                });
                self.sub_match(Kind::Assert { head }, after)?;
                self.settle();
            }
            Op::Info
            | Op::MaxUntil
            | Op::MinUntil
            | Op::Charset
            | Op::Bigcharset
            | Op::Negate
            | Op::Range
            | Op::RangeUniIgnore
            | Op::Subpattern => return Err(InvalidCode),
        }
        Ok(())
    }

    fn end(&self) -> usize {
        self.open.last().map_or(0, |open| open.end)
    }

    /// Open a region that ends with `SUCCESS` just before `after`.
    fn sub_match(&mut self, kind: Kind, after: usize) -> Checked<()> {
        if after <= self.at || after > self.end() || !self.is(after - 1, Op::Success) {
            return Err(InvalidCode);
        }
        self.open(kind, after - 1)
    }

    /// `SUCCESS` in the middle ends the innermost sub-match.
    fn success(&mut self) {
        let inst = self.open.iter().rev().find_map(|open| match open.kind {
            Kind::Assert { head } => Some(self.assert_end(head)),
            Kind::Atomic => Some(Inst::AtomicEnd),
            Kind::Possessive { index, .. } => Some(Inst::PossessiveEnd(index as u32)),
            _ => None,
        });
        // Regions that can be left early have no least width.
        self.left_early = true;
        for open in &mut self.open {
            open.width = 0;
        }
        self.emit(inst.unwrap_or(Inst::Match));
    }

    fn assert_end(&self, head: usize) -> Inst {
        match self.program.insts.get(head) {
            Some(Inst::AssertNot { .. }) => Inst::AssertNotEnd,
            _ => Inst::AssertEnd,
        }
    }

    /// Append a literal, joining it with a run that it continues.
    fn literal(&mut self) -> Checked<()> {
        let ch = self.word()?;
        self.widen(1);
        let last = self.here().checked_sub(1).filter(|&last| last >= self.settled);
        let slot = last.and_then(|last| self.program.insts.get_mut(last));
        let literals = &mut self.program.literals;
        match slot {
            Some(Inst::Literal { start, len }) if (*start + *len) as usize == literals.len() => {
                *len += 1;
                literals.push(ch);
            }
            Some(slot @ Inst::Char(_)) => {
                if let Inst::Char(first) = *slot {
                    *slot = Inst::Literal { start: literals.len() as u32, len: 2 };
                    literals.extend([first, ch]);
                }
            }
            _ => {
                self.emit(Inst::Char(ch));
            }
        }
        Ok(())
    }

    /// An operator that matches exactly one character.
    fn one(&mut self, op: Op) -> Checked<One> {
        let negate =
            matches!(op, Op::NotLiteralIgnore | Op::NotLiteralUniIgnore | Op::NotLiteralLocIgnore);
        let fold = match op {
            Op::InIgnore | Op::LiteralIgnore | Op::NotLiteralIgnore => Fold::Ascii,
            Op::InUniIgnore | Op::LiteralUniIgnore | Op::NotLiteralUniIgnore => Fold::Unicode,
            Op::InLocIgnore | Op::LiteralLocIgnore | Op::NotLiteralLocIgnore => Fold::Locale,
            _ => Fold::Exact,
        };
        let from = self.at - 1;
        match op {
            Op::Any => Ok(One::Any),
            Op::AnyAll => Ok(One::AnyAll),
            Op::Failure => Ok(One::Never),
            Op::Literal => Ok(One::Char(self.word()?)),
            Op::NotLiteral => Ok(One::NotChar(self.word()?)),
            Op::LiteralIgnore
            | Op::LiteralUniIgnore
            | Op::LiteralLocIgnore
            | Op::NotLiteralIgnore
            | Op::NotLiteralUniIgnore
            | Op::NotLiteralLocIgnore => {
                let ch = self.word()?;
                self.set(fold, from, |_| Some(Set::literal::<C>(ch, negate, fold)))
            }
            Op::Category => {
                self.word()?;
                self.set(fold, from, |words| {
                    let words = [words, &[Op::Failure as u32]].concat();
                    Some(Set::new::<C>(read_items(&words)?.0, fold))
                })
            }
            Op::In | Op::InIgnore | Op::InUniIgnore | Op::InLocIgnore => {
                let end = self.skip()?;
                if end > self.end() {
                    return Err(InvalidCode);
                }
                self.at = end;
                self.set(fold, from, |words| {
                    let block = words.get(2..)?;
                    let (items, used) = read_items(block)?;
                    (used == block.len()).then(|| Set::new::<C>(items, fold))
                })
            }
            _ => Err(InvalidCode),
        }
    }

    /// The set described by the words from `from` to here, made at most once.
    fn set(
        &mut self,
        fold: Fold,
        from: usize,
        make: impl FnOnce(&'a [u32]) -> Option<Set>,
    ) -> Checked<One> {
        let words = self.code.get(from..self.at).ok_or(InvalidCode)?;
        let index = match self.known_sets.get(&(fold, words)) {
            Some(&index) => index,
            None => {
                let index = self.program.sets.len() as u32;
                self.program.sets.push(make(words).ok_or(InvalidCode)?);
                self.known_sets.insert((fold, words), index);
                index
            }
        };
        let locale = self.program.sets.get(index as usize).is_some_and(Set::is_locale);
        Ok(if locale { One::LocaleSet(index) } else { One::Set(index) })
    }

    fn group(&mut self) -> Checked<u32> {
        let group = self.word()?;
        if (group as usize) < self.program.groups { Ok(group) } else { Err(InvalidCode) }
    }

    fn groupref(&mut self, fold: Fold) -> Checked<()> {
        let group = self.group()?;
        self.emit(Inst::Groupref { group, fold });
        Ok(())
    }

    fn limits(&mut self) -> Checked<(usize, usize)> {
        let (min, max) = (self.word()?, self.word()?);
        if min > max { Err(InvalidCode) } else { Ok((min as usize, times(max))) }
    }

    fn repeat_one(&mut self, op: Op) -> Checked<()> {
        let after = self.skip()?;
        let (min, max) = self.limits()?;
        let item = Op::from_code(self.word()?).ok_or(InvalidCode)?;
        let one = self.one(item)?;
        if self.at + 1 != after || after > self.end() || !self.is(self.at, Op::Success) {
            return Err(InvalidCode);
        }
        self.at = after;
        let index = self.program.ones.len() as u32;
        self.program.ones.push(RepeatedOne { one, min, max, tail: Tail::Unknown, filter: None });
        self.emit(match op {
            Op::RepeatOne => Inst::RepeatOne(index),
            Op::MinRepeatOne => Inst::MinRepeatOne(index),
            _ => Inst::PossessiveRepeatOne(index),
        });
        self.widen(min);
        Ok(())
    }

    fn repeat(&mut self) -> Checked<()> {
        let end = self.skip()?;
        let (min, max) = self.limits()?;
        if !(self.is(end, Op::MaxUntil) || self.is(end, Op::MinUntil)) || end >= self.end() {
            return Err(InvalidCode);
        }
        let head = self.emit(Inst::Fail);
        let index = self.program.loops.len();
        let body = self.settle();
        self.program.loops.push(Loop { min, max, body, until: 0, tail: 0, table: NO_TABLE });
        self.open(Kind::Repeat { head, index, min, max }, end)
    }

    /// Begin the alternative whose skip word is next, or finish the branch.
    fn alternative(&mut self, mut kind: Kind) -> Checked<()> {
        let Kind::Branch { branch, jumps, next, target, least } = &mut kind else {
            return Err(InvalidCode);
        };
        self.at = *next;
        let here = self.settle();
        if self.is(self.at, Op::Failure) && !jumps.is_empty() {
            self.at += 1;
            if *target != Some(self.at) {
                return Err(InvalidCode);
            }
            for &jump in jumps.iter() {
                self.patch(jump, Inst::Jump(here));
            }
            let width = *least;
            self.widen(width);
            return Ok(());
        }
        let skip = self.skip()?;
        let end = skip.checked_sub(2).filter(|&end| end >= self.at).ok_or(InvalidCode)?;
        *next = skip;
        let entries = self.program.branches.get_mut(*branch).ok_or(InvalidCode)?;
        entries.targets.push(here);
        self.open(kind, end)
    }

    /// `JUMP` at the end of the "yes" part of a conditional.
    fn jump_to_else(&mut self) -> Checked<()> {
        let Some(Open { kind: Kind::Exists { head, otherwise }, end, width }) = self.open.pop()
        else {
            return Err(InvalidCode);
        };
        if self.at + 1 != end {
            return Err(InvalidCode);
        }
        let after = self.skip()?;
        let jump = self.emit(Inst::Jump(0));
        let here = self.settle();
        if let Some(Inst::GrouprefExists { otherwise, .. }) = self.program.insts.get_mut(head) {
            *otherwise = here;
        }
        debug_assert_eq!(otherwise, self.at);
        self.open(Kind::ExistsElse { jump, least: width }, after)
    }

    fn close(&mut self, open: Open) -> Checked<()> {
        let Open { kind, width, .. } = open;
        match kind {
            Kind::Top => {}
            Kind::Branch { branch, mut jumps, next, target, least } => {
                if !self.is(self.at, Op::Jump) {
                    return Err(InvalidCode);
                }
                self.at += 1;
                let after = self.skip()?;
                if self.at != next || target.is_some_and(|target| target != after) {
                    return Err(InvalidCode);
                }
                jumps.push(self.emit(Inst::Jump(0)));
                let least = least.min(width);
                self.alternative(Kind::Branch { branch, jumps, next, target: Some(after), least })?;
            }
            Kind::Repeat { head, index, min, max } => {
                let greedy = self.is(self.at, Op::MaxUntil);
                self.at += 1;
                self.close_repeat(head, index, (min, max), width, greedy)?;
                self.widen(min.saturating_mul(width));
            }
            Kind::Assert { head } => {
                self.at += 1;
                let inst = self.assert_end(head);
                self.emit(inst);
                let here = self.settle();
                match self.program.insts.get_mut(head) {
                    Some(Inst::Assert { end, .. } | Inst::AssertNot { end, .. }) => *end = here,
                    _ => return Err(InvalidCode),
                }
            }
            Kind::Atomic => {
                self.at += 1;
                self.emit(Inst::AtomicEnd);
                self.settle();
                self.widen(width);
            }
            Kind::Possessive { index, min } => {
                self.at += 1;
                self.emit(Inst::PossessiveEnd(index as u32));
                let tail = self.settle();
                self.program.loops.get_mut(index).ok_or(InvalidCode)?.tail = tail;
                self.widen(min.saturating_mul(width));
            }
            Kind::Exists { head, .. } => {
                let here = self.settle();
                if let Some(Inst::GrouprefExists { otherwise, .. }) =
                    self.program.insts.get_mut(head)
                {
                    *otherwise = here;
                }
            }
            Kind::ExistsElse { jump, least } => {
                let here = self.settle();
                self.patch(jump, Inst::Jump(here));
                self.widen(least.min(width));
            }
        }
        Ok(())
    }

    /// Choose the cheapest loop that cannot be told from the general one. A
    /// register is needed to count, and to stop a body that matched nothing.
    fn close_repeat(
        &mut self,
        head: usize,
        index: usize,
        (min, max): (usize, usize),
        width: usize,
        greedy: bool,
    ) -> Checked<()> {
        let body = head as u32 + 1;
        let split = |body, tail| {
            let (first, second) = if greedy { (body, tail) } else { (tail, body) };
            Inst::Split { first, second, table: NO_TABLE }
        };
        let tail = match (min, max) {
            (1, 1) => {
                self.patch(head, Inst::Jump(body));
                self.settle()
            }
            (0, 1) => {
                let tail = self.settle();
                self.patch(head, split(body, tail));
                tail
            }
            (0 | 1, usize::MAX) if width > 0 => {
                let until = self.emit(Inst::Fail);
                let tail = self.settle();
                self.patch(until, split(body, tail));
                let enter = if min == 0 { split(body, tail) } else { Inst::Jump(body) };
                self.patch(head, enter);
                tail
            }
            _ => {
                let number = index as u32;
                let until =
                    self.emit(if greedy { Inst::MaxUntil(number) } else { Inst::MinUntil(number) });
                let tail = self.settle();
                self.patch(head, Inst::LoopStart(number));
                self.program.loops.get_mut(index).ok_or(InvalidCode)?.until = until as u32;
                tail
            }
        };
        self.program.loops.get_mut(index).ok_or(InvalidCode)?.tail = tail;
        Ok(())
    }
}
