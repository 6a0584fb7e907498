//! Which character can come first, from every instruction on.
//!
//! A backward data-flow analysis over the program, run to a fixpoint; the sets
//! are supersets of the truth, so a choice they exclude cannot succeed. The
//! machine uses them to skip choices without recording them.

use crate::code::At;
use crate::program::{Branch, Filter, Inst, NO_TABLE, One, Program, Tail};

/// Characters a match can start with; `at_end`: it can also start at the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct First {
    bits: [u64; 4],
    pub(crate) above: bool,
    pub(crate) at_end: bool,
}

impl First {
    pub(crate) const ANYTHING: First = First { bits: [u64::MAX; 4], above: true, at_end: true };
    const CHARACTER: First = First { bits: [u64::MAX; 4], above: true, at_end: false };

    pub(crate) fn has(&self, ch: u32) -> bool {
        self.bits.get((ch >> 6) as usize).is_some_and(|bits| bits >> (ch & 63) & 1 != 0)
    }

    pub(crate) fn add(&mut self, ch: u32) {
        match self.bits.get_mut((ch >> 6) as usize) {
            Some(bits) => *bits |= 1 << (ch & 63),
            None => self.above = true,
        }
    }

    fn remove(&mut self, ch: u32) {
        if let Some(bits) = self.bits.get_mut((ch >> 6) as usize) {
            *bits &= !(1 << (ch & 63));
        }
    }

    pub(crate) fn union(&mut self, other: &First) {
        for (bits, more) in self.bits.iter_mut().zip(other.bits) {
            *bits |= more;
        }
        self.above |= other.above;
        self.at_end |= other.at_end;
    }

    fn intersection(&self, other: &First) -> First {
        let mut bits = self.bits;
        for (bits, keep) in bits.iter_mut().zip(other.bits) {
            *bits &= keep;
        }
        First { bits, above: self.above && other.above, at_end: self.at_end && other.at_end }
    }

    pub(crate) fn is_anything(&self) -> bool {
        *self == First::ANYTHING
    }

    /// Number of Latin-1 characters in the set.
    pub(crate) fn len_latin(&self) -> u32 {
        self.bits.iter().map(|bits| bits.count_ones()).sum()
    }

    /// The Latin-1 characters in the set.
    pub(crate) fn latin(&self) -> impl Iterator<Item = u8> + '_ {
        (0..=255).filter(|&ch| self.has(u32::from(ch)))
    }
}

/// Alternatives that are possible at a character, as a bit mask.
#[derive(Debug)]
pub(crate) struct Choice<M> {
    pub(crate) table: [M; 256],
    pub(crate) above: M,
    pub(crate) at_end: M,
}

macro_rules! choice {
    ($mask:ty) => {
        impl Choice<$mask> {
            fn new<'a>(firsts: impl Iterator<Item = &'a First>) -> Self {
                let mut choice = Choice { table: [0; 256], above: 0, at_end: 0 };
                for (bit, first) in firsts.enumerate() {
                    let bit: $mask = 1 << bit;
                    for ch in first.latin() {
                        if let Some(entry) = choice.table.get_mut(usize::from(ch)) {
                            *entry |= bit;
                        }
                    }
                    choice.above |= if first.above { bit } else { 0 };
                    choice.at_end |= if first.at_end { bit } else { 0 };
                }
                choice
            }

            /// The alternatives possible before `next`.
            #[inline(always)]
            pub(crate) fn possible(&self, next: Option<u32>) -> $mask {
                match next {
                    Some(ch) => self.table.get(ch as usize).copied().unwrap_or(self.above),
                    None => self.at_end,
                }
            }
        }
    };
}

choice!(u8);
choice!(u64);

/// More tables than this are not worth their memory.
const MAX_TABLES: usize = 2048;
/// Alternatives of one `Branch`.
const MAX_ALTERNATIVES: usize = 64;

pub(crate) fn annotate(program: &mut Program) {
    split_long_branches(program);
    let firsts = first_sets(program);
    let first = |at: u32| firsts.get(at as usize).unwrap_or(&First::ANYTHING);

    let mut choices = Vec::new();
    let mut table = |left: &First, right: &First| {
        if (left.is_anything() && right.is_anything()) || choices.len() >= MAX_TABLES {
            return NO_TABLE;
        }
        choices.push(Choice::<u8>::new([left, right].into_iter()));
        choices.len() as u32 - 1
    };
    for inst in &mut program.insts {
        match inst {
            Inst::Split { first: left, second: right, table: slot } => {
                *slot = table(first(*left), first(*right));
            }
            Inst::MaxUntil(index) => {
                if let Some(repeat) = program.loops.get_mut(*index as usize) {
                    repeat.table = table(first(repeat.body), first(repeat.tail));
                }
            }
            _ => {}
        }
    }
    program.choices = choices;

    for branch in program.branches.iter_mut().take(MAX_TABLES) {
        let targets = branch.targets.iter().map(|&target| first(target));
        branch.choice = Some(Box::new(Choice::<u64>::new(targets)));
    }

    let mut tables = 0;
    for at in 0..program.insts.len() {
        let (Some(Inst::RepeatOne(index)), false) =
            (program.insts.get(at).copied(), tables >= MAX_TABLES)
        else {
            if let Some(&Inst::MinRepeatOne(index)) = program.insts.get(at)
                && tables < MAX_TABLES
            {
                let next = first(at as u32 + 1);
                if !next.is_anything()
                    && let Some(repeated) = program.ones.get_mut(index as usize)
                {
                    repeated.filter = Some(Box::new(Filter::new(next)));
                    repeated.tail = Tail::Filtered;
                    tables += 1;
                }
            }
            continue;
        };
        let always = always_succeeds(program, at + 1);
        let next = *first(at as u32 + 1);
        let Some(one) = program.ones.get(index as usize).map(|repeated| repeated.one) else {
            continue;
        };
        let own = one_set(program, one);
        let Some(repeated) = program.ones.get_mut(index as usize) else { continue };
        if always {
            repeated.tail = Tail::Longest;
        } else if !next.is_anything() {
            let overlap = own.intersection(&next);
            repeated.tail = match (overlap.len_latin(), overlap.above) {
                (0, false) => Tail::Longest,
                (0, true) => Tail::DisjointLatin,
                _ => Tail::Filtered,
            };
            repeated.filter = Some(Box::new(Filter::new(&next)));
            tables += 1;
        }
    }
}

/// Does the program from `at` on succeed without looking at the subject? (In a
/// full match it can refuse, but then it refuses every shorter repetition too.)
fn always_succeeds(program: &Program, mut at: usize) -> bool {
    for _ in 0..64 {
        match program.insts.get(at) {
            Some(Inst::Match | Inst::AssertEnd | Inst::AtomicEnd | Inst::PossessiveEnd(_)) => {
                return true;
            }
            Some(Inst::Mark(_)) => at += 1,
            Some(&Inst::Jump(target)) => at = target as usize,
            _ => return false,
        }
    }
    false
}

/// Give the alternatives after the 63rd to a branch of their own, and so on.
fn split_long_branches(program: &mut Program) {
    let mut index = 0;
    while let Some(branch) = program.branches.get_mut(index) {
        index += 1;
        if branch.targets.len() <= MAX_ALTERNATIVES {
            continue;
        }
        let parts: Vec<Vec<u32>> =
            branch.targets.chunks(MAX_ALTERNATIVES - 1).map(<[u32]>::to_vec).collect();
        // A part ends with a jump into the next, which gets the next instruction.
        let (entry, number) = (program.insts.len() as u32, program.branches.len() as u32);
        let last = parts.len() - 1;
        for (part, mut targets) in (0..).zip(parts) {
            if (part as usize) < last {
                targets.push(entry + part);
            }
            if part == 0 {
                if let Some(branch) = program.branches.get_mut(index - 1) {
                    branch.targets = targets;
                }
            } else {
                program.insts.push(Inst::Branch(number + part - 1));
                program.branches.push(Branch { targets, choice: None });
            }
        }
    }
}

/// The characters a single-character item matches.
pub(crate) fn one_set(program: &Program, one: One) -> First {
    match one {
        One::Char(ch) => {
            let mut first = First::default();
            first.add(ch);
            first
        }
        One::NotChar(ch) => {
            let mut first = First::CHARACTER;
            first.remove(ch);
            first
        }
        One::Set(index) => match program.sets.get(index as usize) {
            Some(set) => First { bits: set.bits, above: set.may_match_above(), at_end: false },
            None => First::CHARACTER,
        },
        One::LocaleSet(_) | One::AnyAll => First::CHARACTER,
        One::Any => {
            let mut first = First::CHARACTER;
            first.remove(10);
            first
        }
        One::Never => First::default(),
    }
}

/// The single-character item an instruction matches, if it is one.
pub(crate) fn inst_one(inst: Inst) -> Option<One> {
    match inst {
        Inst::Char(ch) => Some(One::Char(ch)),
        Inst::NotChar(ch) => Some(One::NotChar(ch)),
        Inst::Set(set) => Some(One::Set(set)),
        Inst::LocaleSet(set) => Some(One::LocaleSet(set)),
        Inst::Any => Some(One::Any),
        Inst::AnyAll => Some(One::AnyAll),
        _ => None,
    }
}

pub(crate) fn first_sets(program: &Program) -> Vec<First> {
    let mut firsts = vec![First::default(); program.insts.len()];
    // Each pass carries knowledge over one more level of nested loops.
    for _ in 0..16 {
        let mut changed = false;
        for at in (0..program.insts.len()).rev() {
            let new = first_of(program, &firsts, at);
            if let Some(old) = firsts.get_mut(at)
                && *old != new
            {
                *old = new;
                changed = true;
            }
        }
        if !changed {
            return firsts;
        }
    }
    firsts.fill(First::ANYTHING);
    firsts
}

fn first_of(program: &Program, firsts: &[First], at: usize) -> First {
    let first = |at: u32| firsts.get(at as usize).copied().unwrap_or(First::ANYTHING);
    let next = first(at as u32 + 1);
    let either = |left: First, right: First| {
        let mut both = left;
        both.union(&right);
        both
    };
    let Some(&inst) = program.insts.get(at) else { return First::ANYTHING };
    if let Some(one) = inst_one(inst) {
        return one_set(program, one);
    }
    let repeat = |index: u32| {
        let repeat = program.loops.get(index as usize);
        repeat.map_or(First::ANYTHING, |repeat| either(first(repeat.body), first(repeat.tail)))
    };
    match inst {
        Inst::Literal { start, .. } => match program.literals.get(start as usize) {
            Some(&ch) => one_set(program, One::Char(ch)),
            None => First::ANYTHING,
        },
        Inst::At(At::End | At::EndLine) => {
            let mut end = First { at_end: true, ..First::default() };
            end.add(10);
            end.intersection(&next)
        }
        Inst::At(At::EndString) => First { at_end: next.at_end, ..First::default() },
        Inst::At(_) | Inst::Mark(_) | Inst::Atomic | Inst::PossessiveStart(_) => next,
        Inst::Jump(target) => first(target),
        Inst::Fail => First::default(),
        Inst::Split { first: left, second: right, .. } => either(first(left), first(right)),
        Inst::Branch(index) => {
            let mut all = First::default();
            for &target in
                program.branches.get(index as usize).map_or(&[][..], |branch| &branch.targets)
            {
                all.union(&first(target));
            }
            all
        }
        Inst::LoopStart(index) => {
            program.loops.get(index as usize).map_or(First::ANYTHING, |repeat| first(repeat.until))
        }
        Inst::MaxUntil(index) | Inst::MinUntil(index) | Inst::PossessiveNext(index) => {
            repeat(index)
        }
        Inst::RepeatOne(index) | Inst::MinRepeatOne(index) | Inst::PossessiveRepeatOne(index) => {
            match program.ones.get(index as usize) {
                Some(repeated) if repeated.min > 0 => one_set(program, repeated.one),
                Some(repeated) => either(one_set(program, repeated.one), next),
                None => First::ANYTHING,
            }
        }
        Inst::GrouprefExists { otherwise, .. } => either(next, first(otherwise)),
        Inst::Assert { back: 0, end } => next.intersection(&first(end)),
        Inst::Assert { end, .. } | Inst::AssertNot { end, .. } => first(end),
        // What follows a sub-match must not influence the choices in it.
        Inst::AssertEnd | Inst::AssertNotEnd | Inst::AtomicEnd | Inst::PossessiveEnd(_) => {
            First::ANYTHING
        }
        Inst::Match | Inst::Groupref { .. } => First::ANYTHING,
        Inst::Char(_)
        | Inst::NotChar(_)
        | Inst::Set(_)
        | Inst::LocaleSet(_)
        | Inst::Any
        | Inst::AnyAll => First::CHARACTER,
    }
}
