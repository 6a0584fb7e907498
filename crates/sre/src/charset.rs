//! Sets of characters.
//!
//! A set is a 256-entry table for Latin-1 and a verdict for everything above:
//! constant when the set's items cannot tell those characters apart, else the
//! items are evaluated. Sets that depend on the locale cannot be tabulated,
//! because it may change between two matches; they are always evaluated.

use crate::code::{Category, Op};
use crate::unit::{CharClass, ascii_lower, locale_lower, locale_upper};

/// What is done to a character before it is looked up.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Fold {
    Exact,
    Ascii,
    Unicode,
    Locale,
}

impl Fold {
    #[inline]
    pub(crate) fn apply<C: CharClass>(self, ch: u32) -> u32 {
        match self {
            Fold::Exact => ch,
            Fold::Ascii => ascii_lower(ch),
            Fold::Unicode => C::to_lower(ch),
            Fold::Locale => locale_lower::<C>(ch),
        }
    }
}

#[derive(Debug)]
pub(crate) enum Item {
    Negate,
    Literal(u32),
    Range(u32, u32),
    RangeUniIgnore(u32, u32),
    Category(Category),
    Charset([u32; 8]),
    /// Block numbers by high byte, then the blocks.
    Bigcharset(Box<[u8; 256]>, Box<[[u32; 8]]>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Above {
    Always(bool),
    Evaluate,
}

/// How a locale-dependent set treats case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Locale {
    No,
    Category,
    In,
    Literal(u32),
    NotLiteral(u32),
}

#[derive(Debug)]
pub(crate) struct Set {
    pub(crate) table: Box<[bool; 256]>,
    /// The table as bits.
    pub(crate) bits: [u64; 4],
    above: Above,
    locale: Locale,
    fold: Fold,
    items: Vec<Item>,
}

fn ascii_space(ch: u32) -> bool {
    matches!(ch, 9..=13 | 32)
}

fn ascii_word(ch: u32) -> bool {
    u8::try_from(ch).is_ok_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn in_bitmap(bits: &[u32; 8], ch: u32) -> bool {
    let word = bits.get((ch >> 5) as usize).copied().unwrap_or(0);
    word >> (ch & 31) & 1 != 0
}

/// Is `ch` a word character for `\b` and `\w` in a str pattern?
#[inline]
pub(crate) fn is_word<C: CharClass>(ch: u32) -> bool {
    ch == u32::from(b'_') || C::is_alnum(ch)
}

/// Is `ch` a word character in an ASCII pattern?
#[inline]
pub(crate) fn is_ascii_word(ch: u32) -> bool {
    ascii_word(ch)
}

/// Is `ch` a word character in the current locale?
pub(crate) fn is_locale_word<C: CharClass>(ch: u32) -> bool {
    ch == u32::from(b'_') || u8::try_from(ch).is_ok_and(C::locale_is_alnum)
}

impl Category {
    fn matches<C: CharClass>(self, ch: u32) -> bool {
        let digit = |ch: u32| (u32::from(b'0')..=u32::from(b'9')).contains(&ch);
        match self {
            Category::Digit => digit(ch),
            Category::NotDigit => !digit(ch),
            Category::Space => ascii_space(ch),
            Category::NotSpace => !ascii_space(ch),
            Category::Word => ascii_word(ch),
            Category::NotWord => !ascii_word(ch),
            Category::Linebreak => ch == 10,
            Category::NotLinebreak => ch != 10,
            Category::LocWord => is_locale_word::<C>(ch),
            Category::LocNotWord => !is_locale_word::<C>(ch),
            Category::UniDigit => C::is_decimal(ch),
            Category::UniNotDigit => !C::is_decimal(ch),
            Category::UniSpace => C::is_space(ch),
            Category::UniNotSpace => !C::is_space(ch),
            Category::UniWord => is_word::<C>(ch),
            Category::UniNotWord => !is_word::<C>(ch),
            Category::UniLinebreak => C::is_linebreak(ch),
            Category::UniNotLinebreak => !C::is_linebreak(ch),
        }
    }

    fn is_locale(self) -> bool {
        matches!(self, Category::LocWord | Category::LocNotWord)
    }

    /// The answer for all characters above 255, if it is the same for all.
    fn above(self) -> Option<bool> {
        match self {
            Category::Digit | Category::Space | Category::Word | Category::Linebreak => Some(false),
            Category::NotDigit
            | Category::NotSpace
            | Category::NotWord
            | Category::NotLinebreak => Some(true),
            Category::LocWord => Some(false),
            Category::LocNotWord => Some(true),
            _ => None,
        }
    }
}

impl Item {
    fn matches<C: CharClass>(&self, ch: u32) -> bool {
        match self {
            Item::Negate => false,
            Item::Literal(wanted) => ch == *wanted,
            Item::Range(low, high) => (*low..=*high).contains(&ch),
            Item::RangeUniIgnore(low, high) => {
                (*low..=*high).contains(&ch) || (*low..=*high).contains(&C::to_upper(ch))
            }
            Item::Category(category) => category.matches::<C>(ch),
            Item::Charset(bits) => in_bitmap(bits, ch),
            Item::Bigcharset(blocks, bits) => blocks
                .get((ch >> 8) as usize)
                .and_then(|&block| bits.get(usize::from(block)))
                .is_some_and(|bits| in_bitmap(bits, ch & 255)),
        }
    }

    /// The Latin-1 characters that match, as bits.
    fn latin<C: CharClass>(&self) -> [u64; 4] {
        let mut bits = [0; 4];
        let mut add = |ch: u32| {
            if let Some(word) = bits.get_mut((ch >> 6) as usize) {
                *word |= 1 << (ch & 63);
            }
        };
        match self {
            Item::Negate => {}
            Item::Literal(ch) => add(*ch),
            Item::Range(low, high) => (*low..=(*high).min(255)).for_each(add),
            Item::Charset(words) => return wide(words),
            Item::Bigcharset(blocks, words) => {
                return words.get(usize::from(blocks[0])).map_or(bits, wide);
            }
            Item::RangeUniIgnore(..) | Item::Category(_) => {
                (0..256).filter(|ch| self.matches::<C>(*ch)).for_each(add);
            }
        }
        bits
    }

    /// The answer for all characters above 255, if it is the same for all.
    fn above(&self) -> Option<bool> {
        match self {
            Item::Literal(ch) if *ch < 256 => Some(false),
            Item::Range(_, high) if *high < 256 => Some(false),
            Item::Charset(_) => Some(false),
            Item::Category(category) => category.above(),
            _ => None,
        }
    }
}

fn evaluate<C: CharClass>(items: &[Item], ch: u32) -> bool {
    let mut found = true;
    for item in items {
        match item {
            Item::Negate => found = !found,
            item if item.matches::<C>(ch) => return found,
            _ => {}
        }
    }
    !found
}

fn wide(words: &[u32; 8]) -> [u64; 4] {
    let mut bits = [0; 4];
    for (bits, pair) in bits.iter_mut().zip(words.chunks_exact(2)) {
        *bits = u64::from(pair[1]) << 32 | u64::from(pair[0]);
    }
    bits
}

/// [`evaluate`] of all Latin-1 characters, as bits. PERF: an item at a time, which
/// was a tenth of compiling a pattern when each character went through the items.
fn evaluate_latin<C: CharClass>(items: &[Item]) -> [u64; 4] {
    let (mut found, mut undecided) = ([0; 4], [u64::MAX; 4]);
    let mut answer = true;
    for item in items {
        if matches!(item, Item::Negate) {
            answer = !answer;
            continue;
        }
        let matched = item.latin::<C>();
        for ((found, undecided), matched) in found.iter_mut().zip(&mut undecided).zip(matched) {
            *found |= if answer { matched & *undecided } else { 0 };
            *undecided &= !matched;
        }
    }
    if !answer {
        found.iter_mut().zip(undecided).for_each(|(found, rest)| *found |= rest);
    }
    found
}

fn has(bits: &[u64; 4], ch: u32) -> bool {
    bits.get((ch >> 6) as usize).is_some_and(|word| word >> (ch & 63) & 1 != 0)
}

fn above(items: &[Item], fold: Fold) -> Above {
    if fold == Fold::Unicode {
        return Above::Evaluate;
    }
    let mut found = true;
    for item in items {
        match (item, item.above()) {
            (Item::Negate, _) => found = !found,
            (_, Some(true)) => return Above::Always(found),
            (_, Some(false)) => {}
            (_, None) => return Above::Evaluate,
        }
    }
    Above::Always(!found)
}

impl Set {
    fn with<C: CharClass>(items: Vec<Item>, fold: Fold, locale: Locale) -> Set {
        let mut set = Set {
            table: Box::new([false; 256]),
            bits: [0; 4],
            above: above(&items, fold),
            locale,
            fold,
            items,
        };
        if set.is_locale() {
            set.above = Above::Evaluate;
            return set;
        }
        let exact = evaluate_latin::<C>(&set.items);
        for (ch, entry) in (0..).zip(set.table.iter_mut()) {
            *entry = match fold.apply::<C>(ch) {
                folded @ 0..256 => has(&exact, folded),
                folded => evaluate::<C>(&set.items, folded),
            };
        }
        for (bits, entries) in set.bits.iter_mut().zip(set.table.chunks(64)) {
            *bits = entries.iter().rev().fold(0, |bits, &entry| bits << 1 | u64::from(entry));
        }
        set
    }

    /// `IN*`: the items of a charset block.
    pub(crate) fn new<C: CharClass>(items: Vec<Item>, fold: Fold) -> Set {
        let category =
            items.iter().any(|item| matches!(item, Item::Category(cat) if cat.is_locale()));
        let locale = match (fold, category) {
            (Fold::Locale, _) => Locale::In,
            (_, true) => Locale::Category,
            _ => Locale::No,
        };
        Set::with::<C>(items, fold, locale)
    }

    /// `LITERAL_*IGNORE` and `NOT_LITERAL_*IGNORE`.
    pub(crate) fn literal<C: CharClass>(ch: u32, negate: bool, fold: Fold) -> Set {
        let locale = match (fold, negate) {
            (Fold::Locale, false) => Locale::Literal(ch),
            (Fold::Locale, true) => Locale::NotLiteral(ch),
            _ => Locale::No,
        };
        let items =
            if negate { vec![Item::Negate, Item::Literal(ch)] } else { vec![Item::Literal(ch)] };
        Set::with::<C>(items, fold, locale)
    }

    /// Must this set be asked through `matches_locale`?
    pub(crate) fn is_locale(&self) -> bool {
        self.locale != Locale::No
    }

    /// Can a character above 255 be in the set?
    pub(crate) fn may_match_above(&self) -> bool {
        self.above != Above::Always(false)
    }

    /// Is `ch` in this (locale-independent) set?
    #[inline(always)]
    pub(crate) fn matches<C: CharClass>(&self, ch: u32) -> bool {
        match self.table.get(ch as usize) {
            Some(&found) => found,
            None => match self.above {
                Above::Always(found) => found,
                Above::Evaluate => self.matches_above::<C>(ch),
            },
        }
    }

    #[inline(never)]
    fn matches_above<C: CharClass>(&self, ch: u32) -> bool {
        evaluate::<C>(&self.items, self.fold.apply::<C>(ch))
    }

    /// Is `ch` in this locale-dependent set?
    pub(crate) fn matches_locale<C: CharClass>(&self, ch: u32) -> bool {
        let equals = |wanted| {
            ch == wanted || locale_lower::<C>(ch) == wanted || locale_upper::<C>(ch) == wanted
        };
        match self.locale {
            Locale::No => self.matches::<C>(ch),
            Locale::Category => evaluate::<C>(&self.items, self.fold.apply::<C>(ch)),
            Locale::In => {
                let lower = locale_lower::<C>(ch);
                let upper = locale_upper::<C>(ch);
                let mut either = [lower, upper].into_iter();
                // COMPAT: a negated set matches if neither case is listed; the
                // `(?Li)` patterns of tests/recorded.txt.
                match self.items.first() {
                    Some(Item::Negate) => either.all(|ch| evaluate::<C>(&self.items, ch)),
                    _ => either.any(|ch| evaluate::<C>(&self.items, ch)),
                }
            }
            Locale::Literal(wanted) => equals(wanted),
            Locale::NotLiteral(wanted) => !equals(wanted),
        }
    }
}

/// Read the charset block that starts at `code[0]` and ends with `FAILURE`.
/// Returns the items and the words used, or `None` if it is not valid.
pub(crate) fn read_items(code: &[u32]) -> Option<(Vec<Item>, usize)> {
    let mut items = Vec::new();
    let mut at = 0;
    let word = |at: usize| code.get(at).copied();
    let bitmap = |at: usize| <[u32; 8]>::try_from(code.get(at..at.checked_add(8)?)?).ok();
    loop {
        let op = Op::from_code(word(at)?)?;
        at += 1;
        match op {
            Op::Failure => return Some((items, at)),
            Op::Negate => items.push(Item::Negate),
            Op::Literal => {
                items.push(Item::Literal(word(at)?));
                at += 1;
            }
            Op::Range | Op::RangeUniIgnore => {
                let (low, high) = (word(at)?, word(at + 1)?);
                items.push(match op {
                    Op::Range => Item::Range(low, high),
                    _ => Item::RangeUniIgnore(low, high),
                });
                at += 2;
            }
            Op::Category => {
                items.push(Item::Category(Category::from_code(word(at)?)?));
                at += 1;
            }
            Op::Charset => {
                items.push(Item::Charset(bitmap(at)?));
                at += 8;
            }
            Op::Bigcharset => {
                let count = usize::try_from(word(at)?).ok()?;
                let indices = code.get(at + 1..at + 65)?;
                let mut blocks = Box::new([0u8; 256]);
                for (entry, byte) in
                    blocks.iter_mut().zip(indices.iter().flat_map(|word| word.to_ne_bytes()))
                {
                    if usize::from(byte) >= count {
                        return None;
                    }
                    *entry = byte;
                }
                at += 65;
                let end = at.checked_add(count.checked_mul(8)?)?;
                let bits = code.get(at..end)?;
                let bits = bits.chunks_exact(8).filter_map(|chunk| chunk.try_into().ok()).collect();
                items.push(Item::Bigcharset(blocks, bits));
                at = end;
            }
            _ => return None,
        }
    }
}
