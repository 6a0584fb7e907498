//! Where a search should try.
//!
//! A plan is derived from the program when a pattern is first searched with:
//! the sets of characters that every match has at its first few positions,
//! found by running the program as an automaton without a subject. Plans only
//! skip positions at which no match can start.

use memchr::memmem;

use crate::analyse::{First, first_sets, inst_one, one_set};
use crate::code::At;
use crate::compile::Pattern;
use crate::machine::{Error, State, attempt, run_end};
use crate::program::{self, Inst, One, Program};
use crate::unit::{CharClass, Unit};

/// Positions that the filter looks at, one bit of a byte each.
const MAX_DEPTH: usize = 8;
/// An automaton with more states at one position is not followed further.
const MAX_STATES: usize = 128;

/// How to search with a program.
#[derive(Debug)]
pub(crate) struct Plan {
    places: Places,
    /// The unlimited repeat that every match starts with. If nothing matches
    /// from the start of a run of its characters, nothing matches from within
    /// it: the same ends were tried.
    run: Option<One>,
}

/// How to find the positions worth trying.
#[derive(Debug)]
enum Places {
    /// Only the beginning of the string.
    Beginning,
    /// The beginnings of lines.
    BeginningLine,
    /// A literal of at least two characters.
    Literal {
        literal: Vec<u32>,
        finder: Option<Box<memmem::Finder<'static>>>,
    },
    /// One character.
    Char(u32),
    /// Two or three Latin-1 characters, then the filter.
    Chars {
        chars: [u8; 3],
        filter: Box<Filter>,
    },
    Filter(Box<Filter>),
    /// Matches may be empty, but not everywhere.
    First(Box<program::Filter>),
    Everywhere,
}

/// For each character the positions (bits) of a match where it can stand.
#[derive(Debug)]
pub(crate) struct Filter {
    table: [u8; 256],
    above: u8,
    depth: u32,
    /// Enough characters stand nowhere that looking ahead for one pays.
    skips: bool,
}

impl Filter {
    fn new(sets: &[First]) -> Filter {
        let mut filter =
            Filter { table: [0; 256], above: 0, depth: sets.len() as u32, skips: false };
        for (bit, set) in sets.iter().enumerate() {
            for ch in set.latin() {
                if let Some(entry) = filter.table.get_mut(usize::from(ch)) {
                    *entry |= 1 << bit;
                }
            }
            filter.above |= u8::from(set.above) << bit;
        }
        let letters = filter.table.get(97..123).unwrap_or_default();
        filter.skips = letters.iter().filter(|&&entry| entry == 0).count() > 13;
        filter
    }

    #[inline(always)]
    fn positions<U: Unit>(&self, unit: U) -> u8 {
        self.table.get(unit.code() as usize).copied().unwrap_or(self.above)
    }

    /// Can a match start at the first of `units`?
    #[inline(always)]
    fn allows<U: Unit>(&self, units: &[U]) -> bool {
        units.len() >= self.depth as usize
            && (units.iter().take(self.depth as usize).enumerate())
                .all(|(bit, &unit)| self.positions(unit) >> bit & 1 != 0)
    }

    /// The first position from `from` on where a match can start.
    #[inline(always)]
    fn find<U: Unit>(&self, s: &[U], from: usize) -> Option<usize> {
        let units = s.get(from..)?;
        if self.depth == 1 {
            return units.iter().position(|&unit| self.positions(unit) != 0).map(|at| from + at);
        }
        // Bit i is set while the last i + 1 characters fit the first i + 1 sets.
        let mut alive = 0u8;
        let full = 1u8 << (self.depth - 1);
        let depth = self.depth as usize;
        let mut at = 0;
        while let Some(&unit) = units.get(at) {
            if self.skips && alive == 0 {
                // A window that ends with a foreign character holds no match.
                let mut end = at + depth - 1;
                while units.get(end).is_some_and(|&unit| self.positions(unit) == 0) {
                    end += depth;
                }
                if end >= at + depth {
                    at = end + 1 - depth;
                    continue;
                }
            }
            alive = (alive << 1 | 1) & self.positions(unit);
            at += 1;
            if alive & full != 0 {
                return Some(from + at - depth);
            }
        }
        None
    }
}

impl Places {
    fn new(program: &Program) -> Places {
        match leading_position(program) {
            Some(At::Beginning | At::BeginningString) => return Places::Beginning,
            Some(At::BeginningLine) => return Places::BeginningLine,
            _ => {}
        }
        let literal = leading_literal(program);
        if literal.len() >= 2 {
            let bytes: Option<Vec<u8>> = literal.iter().map(|&ch| u8::try_from(ch).ok()).collect();
            let finder = bytes.map(|bytes| Box::new(memmem::Finder::new(&bytes).into_owned()));
            return Places::Literal { literal, finder };
        }
        let sets = leading_sets(program);
        let Some(first) = sets.first() else {
            let first = first_sets(program).first().copied().unwrap_or(First::ANYTHING);
            if first.is_anything() {
                return Places::Everywhere;
            }
            return Places::First(Box::new(program::Filter::new(&first)));
        };
        if let ([ch], 1) = (&literal[..], sets.len()) {
            return Places::Char(*ch);
        }
        let mut chars = first.latin();
        if (1..=3).contains(&first.len_latin()) {
            let one = chars.next().unwrap_or(0);
            let two = chars.next().unwrap_or(one);
            let three = chars.next().unwrap_or(two);
            return Places::Chars {
                chars: [one, two, three],
                filter: Box::new(Filter::new(&sets)),
            };
        }
        Places::Filter(Box::new(Filter::new(&sets)))
    }

    /// The first position from `from` on that is worth trying.
    #[inline(always)]
    fn next<U: Unit>(&self, s: &[U], from: usize) -> Option<usize> {
        match self {
            Places::Everywhere => Some(from),
            Places::Beginning => Some(0).filter(|_| from == 0),
            Places::BeginningLine => {
                if from.checked_sub(1).is_none_or(|at| s.get(at).is_some_and(|ch| ch.code() == 10))
                {
                    return Some(from);
                }
                U::find(s.get(from..)?, 10).map(|at| from + at + 1)
            }
            Places::Char(ch) => U::find(s.get(from..)?, *ch).map(|at| from + at),
            Places::Literal { literal, finder } => {
                let units = s.get(from..)?;
                if let Some(bytes) = U::as_bytes(units) {
                    return finder.as_ref()?.find(bytes).map(|at| from + at);
                }
                let (&first, rest) = literal.split_first()?;
                let mut at = from;
                loop {
                    at += U::find(s.get(at..)?, first)?;
                    let here = s.get(at + 1..)?.get(..rest.len())?;
                    if here.iter().zip(rest).all(|(unit, &wanted)| unit.code() == wanted) {
                        return Some(at);
                    }
                    at += 1;
                }
            }
            Places::Chars { chars: [one, two, three], filter } => {
                let Some(bytes) = U::as_bytes(s) else { return filter.find(s, from) };
                let mut at = from;
                let mut misses = 0;
                loop {
                    let units = bytes.get(at..)?;
                    at += match (one == two, two == three) {
                        (true, _) => memchr::memchr(*one, units),
                        (_, true) => memchr::memchr2(*one, *two, units),
                        _ => memchr::memchr3(*one, *two, *three, units),
                    }?;
                    if filter.allows(s.get(at..)?) {
                        return Some(at);
                    }
                    at += 1;
                    // PERF: where these characters are frequent (regex_dna) the
                    // filter alone is ten times as fast.
                    misses += 1;
                    if misses > 4 && at - from < misses * 24 {
                        return filter.find(s, at);
                    }
                }
            }
            Places::Filter(filter) => filter.find(s, from),
            Places::First(first) => {
                let units = s.get(from..)?;
                let hit = units.iter().position(|unit| first.allows(Some(unit.code())));
                hit.map(|at| from + at).or_else(|| first.at_end.then_some(s.len()))
            }
        }
    }
}

impl Plan {
    pub(crate) fn new(program: &Program) -> Plan {
        Plan { places: Places::new(program), run: leading_run(program) }
    }
}

fn leading_run(program: &Program) -> Option<One> {
    // A reference can make the tail depend on where the run began.
    if program.insts.iter().any(|inst| matches!(inst, Inst::Groupref { .. })) {
        return None;
    }
    let mut insts = program.insts.iter().skip_while(|inst| matches!(inst, Inst::Mark(_)));
    let (Inst::RepeatOne(index) | Inst::MinRepeatOne(index) | Inst::PossessiveRepeatOne(index)) =
        *insts.next()?
    else {
        return None;
    };
    let repeated = program.ones.get(index as usize)?;
    (repeated.max == usize::MAX).then_some(repeated.one)
}

/// The position assertion that every match starts with.
fn leading_position(program: &Program) -> Option<At> {
    let mut at = 0;
    for _ in 0..64 {
        match *program.insts.get(at)? {
            Inst::Mark(_) => at += 1,
            Inst::Jump(target) => at = target as usize,
            Inst::At(position) => return Some(position),
            _ => return None,
        }
    }
    None
}

/// The literal that every match starts with.
fn leading_literal(program: &Program) -> Vec<u32> {
    let mut literal = Vec::new();
    let mut at = 0;
    for _ in 0..256 {
        match program.insts.get(at) {
            Some(Inst::Mark(_) | Inst::At(_)) => at += 1,
            Some(&Inst::Jump(target)) => at = target as usize,
            Some(&Inst::Char(ch)) => {
                literal.push(ch);
                at += 1;
            }
            Some(&Inst::Literal { start, len }) => {
                let (start, len) = (start as usize, len as usize);
                literal.extend(program.literals.get(start..start + len).unwrap_or_default());
                at += 1;
            }
            Some(&Inst::RepeatOne(index)) => {
                if let Some(repeated) = program.ones.get(index as usize)
                    && let (One::Char(ch), 1..) = (repeated.one, repeated.min)
                {
                    literal.extend(std::iter::repeat_n(ch, repeated.min.min(16)));
                }
                break;
            }
            _ => break,
        }
    }
    literal
}

/// A state of the automaton: an instruction and how far it got (characters of
/// a literal, rounds of a repeat).
type Place = (u32, u32);

struct Automaton<'a> {
    program: &'a Program,
    /// Places whose characters come next.
    places: Vec<Place>,
    /// The program can match, or do something unknown, before the next character.
    open: bool,
}

impl Automaton<'_> {
    /// Add everything reachable from `from` without a character.
    fn reach(&mut self, from: Place) {
        let mut todo = vec![from];
        let mut seen: Vec<Place> = Vec::new();
        while let Some(place) = todo.pop() {
            if self.open || seen.contains(&place) || self.places.contains(&place) {
                continue;
            }
            if seen.len() + self.places.len() > MAX_STATES {
                self.open = true;
                return;
            }
            seen.push(place);
            let (at, done) = place;
            let Some(&inst) = self.program.insts.get(at as usize) else { continue };
            if inst_one(inst).is_some() || matches!(inst, Inst::Literal { .. }) {
                self.places.push(place);
                continue;
            }
            let mut go = |at: u32| todo.push((at, 0));
            match inst {
                Inst::Mark(_)
                | Inst::At(_)
                | Inst::Atomic
                | Inst::AtomicEnd
                | Inst::PossessiveStart(_) => go(at + 1),
                Inst::Jump(target) => go(target),
                Inst::Fail => {}
                Inst::Split { first, second, .. } => {
                    go(first);
                    go(second);
                }
                Inst::Branch(index) => {
                    let branch = self.program.branches.get(index as usize);
                    branch.into_iter().flat_map(|branch| &branch.targets).for_each(|&at| go(at));
                }
                Inst::LoopStart(index) | Inst::PossessiveEnd(index) => {
                    if let Some(repeat) = self.program.loops.get(index as usize) {
                        // Entered for the first time, a needed body cannot be skipped.
                        let first = matches!(inst, Inst::LoopStart(_)) && repeat.min > 0;
                        go(if first { repeat.body } else { repeat.until });
                    }
                }
                Inst::MaxUntil(index) | Inst::MinUntil(index) | Inst::PossessiveNext(index) => {
                    if let Some(repeat) = self.program.loops.get(index as usize) {
                        go(repeat.body);
                        go(repeat.tail);
                    }
                }
                Inst::RepeatOne(index)
                | Inst::MinRepeatOne(index)
                | Inst::PossessiveRepeatOne(index) => {
                    if let Some(repeated) = self.program.ones.get(index as usize) {
                        if done as usize >= repeated.min {
                            go(at + 1);
                        }
                        if repeated.max > repeated.min || (done as usize) < repeated.min {
                            self.places.push(place);
                        }
                    }
                }
                Inst::GrouprefExists { otherwise, .. } => {
                    go(at + 1);
                    go(otherwise);
                }
                Inst::Assert { end, .. } | Inst::AssertNot { end, .. } => go(end),
                _ => self.open = true,
            }
        }
    }
}

/// The sets of characters at the first positions of every match.
fn leading_sets(program: &Program) -> Vec<First> {
    let mut sets = Vec::new();
    let mut automaton = Automaton { program, places: Vec::new(), open: false };
    automaton.reach((0, 0));
    while sets.len() < MAX_DEPTH && !automaton.open {
        let mut set = First::default();
        let mut next = Automaton { program, places: Vec::new(), open: false };
        for &(at, done) in &automaton.places {
            let Some(&inst) = program.insts.get(at as usize) else { continue };
            match inst {
                Inst::Literal { start, len } => {
                    let ch = program.literals.get((start + done) as usize).copied();
                    ch.into_iter().for_each(|ch| set.add(ch));
                    next.reach(if done + 1 < len { (at, done + 1) } else { (at + 1, 0) });
                }
                Inst::RepeatOne(index)
                | Inst::MinRepeatOne(index)
                | Inst::PossessiveRepeatOne(index) => {
                    if let Some(repeated) = program.ones.get(index as usize) {
                        set.union(&one_set(program, repeated.one));
                        let done = (done + 1).min(repeated.min.clamp(1, MAX_DEPTH + 1) as u32);
                        next.reach((at, done));
                    }
                }
                _ => {
                    if let Some(one) = inst_one(inst) {
                        set.union(&one_set(program, one));
                    }
                    next.reach((at + 1, 0));
                }
            }
        }
        sets.push(set);
        automaton = next;
    }
    // Trailing sets that hold everything only cost time.
    while sets.last().is_some_and(|set| set.above && set.len_latin() == 256) {
        sets.pop();
    }
    sets
}

/// Find the first match at or after `state.start`. On success `start`, `ptr`
/// and the groups describe the match.
pub fn search<U: Unit, C: CharClass>(
    pattern: &Pattern<C>,
    state: &mut State<'_, U>,
) -> Result<bool, Error> {
    let program = &pattern.program;
    state.prepare(program)?;
    let plan = pattern.plan.get_or_init(|| Plan::new(program));
    let s = state.string;
    let Some(last) = s.len().checked_sub(program.min_width) else { return Ok(false) };
    let start = state.start;
    let mut at = start;
    while at <= last {
        at = match plan.places.next(s, at) {
            Some(found) if found <= last => found,
            _ => return Ok(false),
        };
        let must_advance = state.must_advance && at == start;
        if let Some(end) = attempt(pattern, state, at, must_advance)? {
            (state.start, state.ptr) = (at, end);
            return Ok(true);
        }
        if let (Some(one), false) = (plan.run, must_advance) {
            at = run_end::<U, C>(program, one, s, at, s.len());
        }
        at += 1;
    }
    Ok(false)
}
