//! The internal program that a code array is translated to.
//!
//! Instructions are 16 bytes and name each other by index; what does not fit
//! is in side tables of `Program`. Invariant (established by `compile`): every
//! index in an instruction is valid, and every path ends in `Match`, `Fail` or
//! the end instruction of the enclosing sub-match.

use crate::analyse::{Choice, First};
use crate::charset::{Fold, Set};
use crate::code::At;

/// No table: every alternative is possible.
pub(crate) const NO_TABLE: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Inst {
    Char(u32),
    NotChar(u32),
    Set(u32),
    LocaleSet(u32),
    Any,
    AnyAll,
    /// `literals[start..start + len]`, `len >= 2`.
    Literal {
        start: u32,
        len: u32,
    },
    At(At),
    Mark(u32),
    Jump(u32),
    Fail,
    Match,
    /// Try `first`, then `second`; `table` indexes `choices`.
    Split {
        first: u32,
        second: u32,
        table: u32,
    },
    /// Try the targets of `branches[_]` in order.
    Branch(u32),
    /// Enter `loops[_]`: reset its register and go to its `until`.
    LoopStart(u32),
    MaxUntil(u32),
    MinUntil(u32),
    /// `ones[_]`: a repeated single character.
    RepeatOne(u32),
    MinRepeatOne(u32),
    PossessiveRepeatOne(u32),
    Groupref {
        group: u32,
        fold: Fold,
    },
    GrouprefExists {
        group: u32,
        otherwise: u32,
    },
    /// Lookaround; a failed `Assert` fails, a failed `AssertNot` goes to `end`.
    Assert {
        back: u32,
        end: u32,
    },
    AssertNot {
        back: u32,
        end: u32,
    },
    AssertEnd,
    AssertNotEnd,
    Atomic,
    AtomicEnd,
    /// Enter possessive `loops[_]`; the next instruction is its `PossessiveNext`.
    PossessiveStart(u32),
    /// Try another round or go on to the tail.
    PossessiveNext(u32),
    PossessiveEnd(u32),
}

/// A repeat with a register (iterations so far, position of the last).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loop {
    pub(crate) min: usize,
    pub(crate) max: usize,
    pub(crate) body: u32,
    pub(crate) until: u32,
    pub(crate) tail: u32,
    /// For `MaxUntil`: may the body (bit 0) and the tail (bit 1) match here?
    pub(crate) table: u32,
}

/// After this many rounds one that matched nothing stands for all that are still needed.
const PATIENCE: usize = 64;

impl Loop {
    /// The rounds done, given whether the last one was empty. COMPAT: CPython
    /// goes on until it has counted them all, or has used up the memory.
    #[inline(always)]
    pub(crate) fn rounds(&self, count: usize, empty: bool) -> usize {
        if empty && count > PATIENCE { count.max(self.min) } else { count }
    }
}

/// A single character to repeat.
#[derive(Clone, Copy, Debug)]
pub(crate) enum One {
    Char(u32),
    NotChar(u32),
    Set(u32),
    LocaleSet(u32),
    Any,
    AnyAll,
    Never,
}

/// Where the tail of a repeated character can start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tail {
    /// Not known: every position must be tried.
    Unknown,
    /// Only where `filter` says so.
    Filtered,
    /// As `Filtered`, and never at a Latin-1 character that the repeat consumes.
    DisjointLatin,
    /// The longest repetition is the only one worth trying.
    Longest,
}

#[derive(Debug)]
pub(crate) struct RepeatedOne {
    pub(crate) one: One,
    pub(crate) min: usize,
    pub(crate) max: usize,
    pub(crate) tail: Tail,
    pub(crate) filter: Option<Box<Filter>>,
}

/// A set of first characters as a table.
#[derive(Debug)]
pub(crate) struct Filter {
    pub(crate) table: [bool; 256],
    pub(crate) above: bool,
    pub(crate) at_end: bool,
    /// The only character of the filter.
    pub(crate) single: Option<u8>,
}

impl Filter {
    pub(crate) fn new(first: &First) -> Filter {
        let mut table = [false; 256];
        for (ch, entry) in (0..).zip(table.iter_mut()) {
            *entry = first.has(ch);
        }
        let single = first.latin().next();
        let single = single.filter(|_| first.len_latin() == 1 && !first.above && !first.at_end);
        Filter { table, above: first.above, at_end: first.at_end, single }
    }

    /// Can the tail start before `next`?
    #[inline(always)]
    pub(crate) fn allows(&self, next: Option<u32>) -> bool {
        match next {
            Some(ch) => self.table.get(ch as usize).copied().unwrap_or(self.above),
            None => self.at_end,
        }
    }
}

/// The alternatives of a `BRANCH`, at most 64; a longer one continues in another.
#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) targets: Vec<u32>,
    pub(crate) choice: Option<Box<Choice<u64>>>,
}

impl Branch {
    pub(crate) fn all(&self) -> u64 {
        match self.targets.len() {
            64.. => u64::MAX,
            len => (1 << len) - 1,
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) insts: Vec<Inst>,
    pub(crate) literals: Vec<u32>,
    pub(crate) sets: Vec<Set>,
    pub(crate) branches: Vec<Branch>,
    pub(crate) loops: Vec<Loop>,
    pub(crate) ones: Vec<RepeatedOne>,
    pub(crate) choices: Vec<Choice<u8>>,
    /// Number of capturing groups.
    pub(crate) groups: usize,
    /// No match is shorter.
    pub(crate) min_width: usize,
}
