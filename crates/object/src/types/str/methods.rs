//! The methods of `str` that search, split, pad and classify.
//!
//! Each is a thin layer over crate `text`. A result equal to the receiver is
//! the receiver itself if that is exactly a `str`.

use macros::pymethods;
use text::{CodeUnit, Units, search, split, split::Side, titles, unicode};

use super::{
    Str,
    storage::{Draft, Width},
};
use crate::{
    Int, List, Obj, Protocol, Ref, Result, Thread, Tuple,
    args::Given,
    copy::copy_slice,
    error,
    exceptions::types::TypeError,
    protocol::{index, index::Bound},
    raise,
};

fn expect_str<'a>(th: Thread<'_>, object: Obj<'a>) -> Result<&'a Str> {
    match object.downcast::<Str>() {
        Some(string) => Ok(string),
        None => raise!(th, TypeError, "must be str, not {}", object.type_name()),
    }
}

/// How many parts or replacements a count argument allows.
pub(crate) fn limit(count: isize) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

impl Str {
    fn piece(&self, th: Thread<'_>, range: std::ops::Range<usize>) -> Result<Ref> {
        self.slice(th, range.start, range.end).map(Ref::upcast)
    }

    fn pieces(
        &self,
        th: Thread<'_>,
        ranges: impl Iterator<Item = std::ops::Range<usize>>,
        reversed: bool,
    ) -> Result<Ref<List>> {
        if !reversed {
            let parts = List::new(th)?;
            if let Some(ascii) = self.as_ascii() {
                // PERF: what most texts are, without asking again for each piece.
                for range in ranges {
                    let piece = match ascii.as_bytes().get(range).unwrap_or_default() {
                        all if all.len() == ascii.len() => self.to_exact(th)?,
                        piece => Str::from_ascii(th, piece)?,
                    };
                    parts.push(th, piece.upcast())?;
                }
                return Ok(parts);
            }
            for range in ranges {
                parts.push(th, self.piece(th, range)?.upcast())?;
            }
            return Ok(parts);
        }
        let mut parts = Vec::new();
        for range in ranges {
            if parts.try_reserve(1).is_err() {
                return Err(th.no_memory());
            }
            parts.push(self.piece(th, range)?.upcast());
        }
        parts.reverse();
        List::from_refs(th, parts)
    }

    /// The first (or last) position of `sub` in `self[start:end]`.
    pub fn position(
        &self,
        sub: &Str,
        start: Option<Bound>,
        end: Option<Bound>,
        from_right: bool,
    ) -> Option<usize> {
        let (start, end) = index::search_range(self.len(), start, end);
        if start > end || end - start < sub.len() {
            return None;
        }
        let part = self.units().slice(start, end);
        let found = if from_right {
            search::rfind(part, sub.units())
        } else {
            search::find(part, sub.units())
        };
        found.map(|position| start + position)
    }

    fn tail_matches(
        &self,
        part: &Str,
        start: Option<Bound>,
        end: Option<Bound>,
        at_end: bool,
    ) -> bool {
        let (start, end) = index::search_range(self.len(), start, end);
        if start > end || end - start < part.len() {
            return false;
        }
        let from = if at_end { end - part.len() } else { start };
        self.units().slice(from, from + part.len()) == part.units()
    }

    fn affix(
        &self,
        th: Thread<'_>,
        name: &str,
        affix: Obj<'_>,
        start: Option<Bound>,
        end: Option<Bound>,
        at_end: bool,
    ) -> Result<bool> {
        if let Some(part) = affix.downcast::<Str>() {
            return Ok(self.tail_matches(part, start, end, at_end));
        }
        let Some(tuple) = affix.downcast::<Tuple>() else {
            raise!(
                th,
                TypeError,
                "{name} first arg must be str or a tuple of str, not {}",
                affix.type_name()
            );
        };
        for item in tuple.items() {
            let Some(part) = item.downcast::<Str>() else {
                raise!(
                    th,
                    TypeError,
                    "tuple for {name} must only contain str, not {}",
                    item.type_name()
                );
            };
            if self.tail_matches(part, start, end, at_end) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn padded(&self, th: Thread<'_>, left: usize, right: usize, fill: u32) -> Result<Ref<Str>> {
        if left == 0 && right == 0 {
            return self.to_exact(th);
        }
        let total = left.checked_add(right).and_then(|n| n.checked_add(self.len()));
        let Some(total) = total.filter(|&n| n <= isize::MAX as usize) else {
            raise!(th, OverflowError, "padded string is too long");
        };
        let mut draft = Draft::new(th, self.width().max(Width::of_char(fill)), total)?;
        draft.fill(0, fill, left);
        draft.put(left, self.units());
        draft.fill(left + self.len(), fill, right);
        Ok(draft.finish())
    }

    fn stripped(&self, th: Thread<'_>, name: &str, chars: Option<Obj<'_>>, side: Side) -> Result {
        let range = match chars {
            None => split::strip_whitespace(self.units(), split::Kind::Text, side),
            Some(chars) if chars.is_none() => {
                split::strip_whitespace(self.units(), split::Kind::Text, side)
            }
            Some(chars) => match chars.downcast::<Str>() {
                Some(chars) => split::strip_chars(self.units(), chars.units(), side),
                None => raise!(th, TypeError, "{name} arg must be None or str"),
            },
        };
        self.piece(th, range)
    }

    /// `self.split(separator, max)`, `rsplit` if `from_right`.
    fn split_by(
        &self,
        th: Thread<'_>,
        separator: Option<Obj<'_>>,
        max: isize,
        from_right: bool,
    ) -> Result<Ref<List>> {
        let (units, max) = (self.units(), limit(max));
        let separator = separator.filter(|separator| !separator.is_none());
        let Some(separator) = separator else {
            return if from_right {
                self.pieces(th, split::rsplit_whitespace(units, split::Kind::Text, max), true)
            } else {
                self.pieces(th, split::split_whitespace(units, split::Kind::Text, max), false)
            };
        };
        let Some(separator) = separator.downcast::<Str>() else {
            raise!(th, TypeError, "must be str or None, not {}", separator.type_name());
        };
        if separator.len() == 0 {
            raise!(th, ValueError, "empty separator");
        }
        if from_right {
            self.pieces(th, split::rsplit(units, separator.units(), max), true)
        } else {
            self.pieces(th, split::split(units, separator.units(), max), false)
        }
    }

    /// `self.replace(old, new, max)`.
    pub fn replaced(&self, th: Thread<'_>, old: &Str, new: &Str, max: usize) -> Result<Ref<Str>> {
        let units = self.units();
        if max == 0 || old.eq(new) {
            return self.to_exact(th);
        }
        if old.len() == new.len() {
            return self.overwritten(th, old, new, max);
        }
        // PERF: what most replacements do is nothing.
        if search::find(units, old.units()).is_none() {
            return self.to_exact(th);
        }
        // PERF: most texts have room for the positions on the stack.
        let (mut near, mut far) = ([0; 24], Vec::new());
        let mut count = 0;
        for position in search::matches(units, old.units()).take(max) {
            match near.get_mut(count) {
                Some(place) => *place = position,
                None if far.try_reserve(1).is_err() => return Err(th.no_memory()),
                None => far.push(position),
            }
            count += 1;
        }
        let removed = count * old.len();
        let total = new
            .len()
            .checked_mul(count)
            .and_then(|n| n.checked_add(self.len() - removed))
            .filter(|&n| n <= isize::MAX as usize);
        let Some(total) = total else { raise!(th, OverflowError, "replace string is too long") };
        if total == 0 {
            return Ok(Str::empty(th));
        }
        let mut draft = Draft::new(th, self.width().max(new.width()), total)?;
        let positions = near.into_iter().take(count).chain(far);
        let (mut from, mut to) = (0, 0);
        if let (Units::Ucs1(text), Units::Ucs1(new), [_, ..]) =
            (units, new.units(), draft.bytes_mut())
        {
            let mut rest = draft.bytes_mut();
            let mut put = |text: &[u8]| {
                let all = std::mem::take(&mut rest);
                if let Some((place, more)) = all.split_at_mut_checked(text.len()) {
                    copy_slice(place, text);
                    rest = more;
                }
            };
            for position in positions {
                put(text.get(from..position).unwrap_or_default());
                put(new);
                from = position + old.len();
            }
            put(text.get(from..).unwrap_or_default());
            return self.narrowed(th, draft.finish());
        }
        for position in positions {
            draft.put(to, units.slice(from, position));
            to += position - from;
            draft.put(to, new.units());
            to += new.len();
            from = position + old.len();
        }
        draft.put(to, units.slice(from, usize::MAX));
        self.narrowed(th, draft.finish())
    }

    /// `self.replace(old, new, max)` where both have one length.
    fn overwritten(&self, th: Thread<'_>, old: &Str, new: &Str, max: usize) -> Result<Ref<Str>> {
        let units = self.units();
        let mut found = search::matches(units, old.units());
        let Some(first) = found.next() else { return self.to_exact(th) };
        let mut draft = Draft::new(th, self.width().max(new.width()), self.len())?;
        draft.put(0, units);
        let single = match (old.units(), new.units()) {
            (Units::Ucs1(&[old]), Units::Ucs1(&[new])) if max >= self.len() => Some((old, new)),
            _ => None,
        };
        match (single, draft.bytes_mut()) {
            (Some((old, new)), bytes) if !bytes.is_empty() => {
                // PERF: without jumps, so that it vectorises.
                let rest = bytes.get_mut(first..).unwrap_or_default();
                rest.iter_mut().for_each(|byte| *byte = if *byte == old { new } else { *byte });
            }
            _ => {
                draft.put(first, new.units());
                found.take(max - 1).for_each(|position| draft.put(position, new.units()));
            }
        }
        self.narrowed(th, draft.finish())
    }

    /// `result`, which was made from this string: what was removed may have been
    /// all that needed the width.
    fn narrowed(&self, th: Thread<'_>, result: Ref<Str>) -> Result<Ref<Str>> {
        if self.width() != Width::Ascii && Width::of(result.units()) != result.width() {
            return Str::from_units(th, result.units());
        }
        Ok(super::storage::canonical(th, result))
    }

    /// `self * count`.
    pub fn repeat(&self, th: Thread<'_>, count: isize) -> Result<Ref<Str>> {
        let count = usize::try_from(count).unwrap_or(0);
        if count == 0 || self.len() == 0 {
            return Ok(Str::empty(th));
        }
        if count == 1 {
            return self.to_exact(th);
        }
        let total = self.len().checked_mul(count).filter(|&n| n <= isize::MAX as usize);
        let Some(total) = total else { raise!(th, OverflowError, "repeated string is too long") };
        let mut draft = Draft::new(th, self.width(), total)?;
        if let (1, Some(code)) = (self.len(), self.get(0)) {
            draft.fill(0, code, total);
        } else {
            draft.put(0, self.units());
            draft.double(self.len());
        }
        Ok(draft.finish())
    }

    /// The exact strings in `items` one behind the other.
    pub fn concat_items(th: Thread<'_>, items: &[Obj<'_>]) -> Result<Ref<Str>> {
        let mut total = 0usize;
        for item in items {
            let Some(ascii) = item.downcast_exact::<Str>().and_then(Str::as_ascii) else {
                return super::empty().join_items(th, items);
            };
            total = total.saturating_add(ascii.len());
        }
        if total <= 1 || total > isize::MAX as usize {
            return super::empty().join_items(th, items);
        }
        let mut draft = Draft::new(th, Width::Ascii, total)?;
        let mut rest = draft.bytes_mut();
        for item in items {
            // SAFETY: checked above, and no code ran since.
            let text = unsafe { item.cast::<Str>() }.storage();
            let Some((place, more)) = std::mem::take(&mut rest).split_at_mut_checked(text.len())
            else {
                break;
            };
            copy_slice(place, text);
            rest = more;
        }
        Ok(draft.finish())
    }

    /// `separator.join(items)`.
    pub fn join_items(&self, th: Thread<'_>, items: &[Obj<'_>]) -> Result<Ref<Str>> {
        if let [item] = items
            && let Some(item) = item.downcast_exact::<Str>()
        {
            return Ok(crate::own(item));
        }
        let (mut total, mut width) = (0usize, Width::Ascii);
        for (i, item) in items.iter().enumerate() {
            let Some(item) = item.downcast::<Str>() else {
                raise!(
                    th,
                    TypeError,
                    "sequence item {i}: expected str instance, {} found",
                    item.type_name()
                );
            };
            let separator = if i > 0 { self.len() } else { 0 };
            if i > 0 {
                width = width.max(self.width());
            }
            width = width.max(item.width());
            let grown = total.checked_add(separator).and_then(|n| n.checked_add(item.len()));
            match grown.filter(|&n| n <= isize::MAX as usize) {
                Some(grown) => total = grown,
                None => raise!(th, OverflowError, "join() result is too long for a Python string"),
            }
        }
        if total == 0 {
            return Ok(Str::empty(th));
        }
        let mut draft = Draft::new(th, width, total)?;
        let mut position = 0;
        if width == Width::Ascii {
            // PERF: bytes next to bytes, the most frequent case.
            let mut rest = draft.bytes_mut();
            let mut put = |text: &[u8]| {
                let all = std::mem::take(&mut rest);
                if let Some((place, more)) = all.split_at_mut_checked(text.len()) {
                    copy_slice(place, text);
                    rest = more;
                }
            };
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    put(self.storage());
                }
                // SAFETY: checked above, and no code ran since.
                put(unsafe { item.cast::<Str>() }.storage());
            }
            return Ok(super::storage::canonical(th, draft.finish()));
        }
        for (i, item) in items.iter().enumerate() {
            let Some(item) = item.downcast::<Str>() else { continue };
            if i > 0 && self.len() > 0 {
                draft.put(position, self.units());
                position += self.len();
            }
            draft.put(position, item.units());
            position += item.len();
        }
        Ok(super::storage::canonical(th, draft.finish()))
    }

    fn all(&self, test: impl Fn(u32) -> bool) -> bool {
        titles::all(self.units(), test)
    }

    fn partition_at(
        &self,
        th: Thread<'_>,
        separator: Obj<'_>,
        from_right: bool,
    ) -> Result<(Ref, Ref, Ref)> {
        let sep = expect_str(th, separator)?;
        if sep.len() == 0 {
            raise!(th, ValueError, "empty separator");
        }
        let empty = || Str::empty(th).upcast();
        match self.position(sep, None, None, from_right) {
            Some(at) => Ok((
                self.piece(th, 0..at)?,
                separator.own(),
                self.piece(th, at + sep.len()..self.len())?,
            )),
            None if from_right => Ok((empty(), empty(), self.to_exact(th)?.upcast())),
            None => Ok((self.to_exact(th)?.upcast(), empty(), empty())),
        }
    }
}

fn fill_char(th: Thread<'_>, fill: Option<Obj<'_>>) -> Result<u32> {
    let Some(fill) = fill else { return Ok(u32::from(' ')) };
    let Some(text) = fill.downcast::<Str>() else {
        raise!(
            th,
            TypeError,
            "The fill character must be a unicode character, not {}",
            fill.type_name()
        );
    };
    match (text.len(), text.get(0)) {
        (1, Some(code)) => Ok(code),
        _ => raise!(th, TypeError, "The fill character must be exactly one character long"),
    }
}

#[pymethods(part = methods)]
impl Str {
    /// Return a copy with all occurrences of substring old replaced by new.
    ///
    ///   count
    ///     Maximum number of occurrences to replace.
    ///     -1 (the default value) means replace all occurrences.
    ///
    /// If the optional argument count is given, only the first count occurrences are
    /// replaced.
    #[sig = "($self, old, new, /, count=-1)"]
    fn replace(&self, th: Thread<'_>, old: &Str, new: &Str, count: isize) -> Result<Ref<Str>> {
        self.replaced(th, old, new, limit(count))
    }

    /// Return a list of the substrings in the string, using sep as the separator string.
    ///
    ///   sep
    ///     The separator used to split the string.
    ///     None, the default, splits at white space and drops empty strings.
    ///   maxsplit
    ///     Maximum number of splits, from the left. -1 means no limit.
    ///
    /// str.split() is mainly useful for data that has been intentionally delimited;
    /// for natural text with punctuation consider the regular expression module.
    #[sig = "($self, /, sep=None, maxsplit=-1)"]
    fn split(&self, th: Thread<'_>, sep: Option<Obj<'_>>, maxsplit: isize) -> Result<Ref<List>> {
        self.split_by(th, sep, maxsplit, false)
    }

    /// Return a list of the substrings in the string, using sep as the separator string.
    ///
    ///   sep
    ///     The separator used to split the string.
    ///     None, the default, splits at white space and drops empty strings.
    ///   maxsplit
    ///     Maximum number of splits, from the right. -1 means no limit.
    ///
    /// Splitting starts at the end of the string and works to the front.
    #[sig = "($self, /, sep=None, maxsplit=-1)"]
    fn rsplit(&self, th: Thread<'_>, sep: Option<Obj<'_>>, maxsplit: isize) -> Result<Ref<List>> {
        self.split_by(th, sep, maxsplit, true)
    }

    /// Concatenate any number of strings.
    ///
    /// The string whose method is called is inserted in between each given string.
    /// The result is returned as a new string.
    ///
    /// Example: '.'.join(['ab', 'pq', 'rs']) -> 'ab.pq.rs'
    #[sig = "($self, iterable, /)"]
    fn join(&self, th: Thread<'_>, iterable: Obj<'_>) -> Result<Ref<Str>> {
        if let Some(tuple) = iterable.downcast_exact::<Tuple>() {
            return self.join_items(th, tuple.items());
        }
        if let Some(list) = iterable.downcast_exact::<List>() {
            // SAFETY: joining strings runs no Python code.
            return self.join_items(th, unsafe { list.items() });
        }
        let items = match iterable.iter(th) {
            Ok(iterator) => {
                let mut items = Vec::new();
                while let Some(item) = iterator.next(th)? {
                    if items.try_reserve(1).is_err() {
                        return Err(th.no_memory());
                    }
                    items.push(item);
                }
                items
            }
            Err(raised) => {
                th.catch(raised, TypeError())?;
                raise!(th, TypeError, "can only join an iterable");
            }
        };
        self.join_items(th, crate::args::borrow_all(&items))
    }

    /// Return a capitalized version of the string.
    ///
    /// More specifically, make the first character have upper case and the rest lower
    /// case.
    #[sig = "($self, /)"]
    fn capitalize(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        Str::from_buf(th, &titles::capitalize(self.units()))
    }

    /// Return a version of the string suitable for caseless comparisons.
    #[sig = "($self, /)"]
    fn casefold(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        if let Some(ascii) = self.as_ascii() {
            return Str::map_ascii(th, ascii, |byte| byte.to_ascii_lowercase());
        }
        Str::from_buf(th, &titles::casefold(self.units()))
    }

    /// Return a version of the string where each word is titlecased.
    ///
    /// More specifically, words start with uppercased characters and all remaining
    /// cased characters have lower case.
    #[sig = "($self, /)"]
    fn title(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        Str::from_buf(th, &titles::to_title(self.units()))
    }

    /// Return a centered string of length width.
    ///
    /// Padding is done using the specified fill character (default is a space).
    #[sig = "($self, width, fillchar=' ', /)"]
    fn center(&self, th: Thread<'_>, width: isize, fillchar: Option<Obj<'_>>) -> Result<Ref<Str>> {
        let fill = fill_char(th, fillchar)?;
        let (left, right) = split::center(self.len(), usize::try_from(width).unwrap_or(0));
        self.padded(th, left, right, fill)
    }

    /// Return the number of non-overlapping occurrences of substring sub in string S[start:end].
    ///
    /// Optional arguments start and end are interpreted as in slice notation.
    #[sig = "($self, sub[, start[, end]], /)"]
    fn count(
        &self,
        _: Thread<'_>,
        sub: &Str,
        start: Option<Bound>,
        end: Option<Bound>,
    ) -> Result<usize> {
        let (start, end) = index::search_range(self.len(), start, end);
        if start > end {
            return Ok(0);
        }
        Ok(search::count(self.units().slice(start, end), sub.units(), usize::MAX))
    }

    /// Return a copy where all tab characters are expanded using spaces.
    ///
    /// If tabsize is not given, a tab size of 8 characters is assumed.
    #[sig = "($self, /, tabsize=8)"]
    fn expandtabs(&self, th: Thread<'_>, tabsize: i32) -> Result<Ref<Str>> {
        let units = self.units();
        let tab_size = usize::try_from(tabsize).unwrap_or(0);
        if search::find_char(units, 9).is_none() {
            return self.to_exact(th);
        }
        let Some(total) = split::expanded_len(units, tab_size) else {
            raise!(th, OverflowError, "new string is too long");
        };
        let mut builder = super::StrBuilder::new();
        builder.reserve(th, self.width(), total)?;
        let mut result = Ok(());
        split::expand_tabs(units, tab_size, |code| {
            if result.is_ok() {
                result = builder.push(th, code);
            }
        });
        result?;
        builder.finish(th)
    }

    /// Return the lowest index in S where substring sub is found, such that sub is contained within S[start:end].
    ///
    /// Optional arguments start and end are interpreted as in slice notation.
    /// Return -1 on failure.
    #[sig = "($self, sub[, start[, end]], /)"]
    fn find(
        &self,
        _: Thread<'_>,
        sub: &Str,
        start: Option<Bound>,
        end: Option<Bound>,
    ) -> Result<isize> {
        Ok(self.position(sub, start, end, false).map_or(-1, |i| i as isize))
    }

    /// Partition the string into three parts using the given separator.
    ///
    /// This will search for the separator in the string.  If the separator is found,
    /// returns a 3-tuple containing the part before the separator, the separator
    /// itself, and the part after it.
    ///
    /// If the separator is not found, returns a 3-tuple containing the original string
    /// and two empty strings.
    #[sig = "($self, sep, /)"]
    fn partition(&self, th: Thread<'_>, sep: Obj<'_>) -> Result<(Ref, Ref, Ref)> {
        self.partition_at(th, sep, false)
    }

    /// Return the lowest index in S where substring sub is found, such that sub is contained within S[start:end].
    ///
    /// Optional arguments start and end are interpreted as in slice notation.
    /// Raises ValueError when the substring is not found.
    #[sig = "($self, sub[, start[, end]], /)"]
    fn index(
        &self,
        th: Thread<'_>,
        sub: &Str,
        start: Option<Bound>,
        end: Option<Bound>,
    ) -> Result<usize> {
        match self.position(sub, start, end, false) {
            Some(position) => Ok(position),
            None => raise!(th, ValueError, "substring not found"),
        }
    }

    /// Return a left-justified string of length width.
    ///
    /// Padding is done using the specified fill character (default is a space).
    #[sig = "($self, width, fillchar=' ', /)"]
    fn ljust(&self, th: Thread<'_>, width: isize, fillchar: Option<Obj<'_>>) -> Result<Ref<Str>> {
        let fill = fill_char(th, fillchar)?;
        let missing = usize::try_from(width).unwrap_or(0).saturating_sub(self.len());
        self.padded(th, 0, missing, fill)
    }

    /// Return a copy of the string converted to lowercase.
    #[sig = "($self, /)"]
    fn lower(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        if let Some(ascii) = self.as_ascii() {
            return Str::map_ascii(th, ascii, |byte| byte.to_ascii_lowercase());
        }
        Str::from_buf(th, &titles::lower(self.units()))
    }

    /// Return a copy of the string with leading whitespace removed.
    ///
    /// If chars is given and not None, remove characters in chars instead.
    #[sig = "($self, chars=None, /)"]
    fn lstrip(&self, th: Thread<'_>, chars: Option<Obj<'_>>) -> Result {
        self.stripped(th, "lstrip", chars, Side::Left)
    }

    /// Return the highest index in S where substring sub is found, such that sub is contained within S[start:end].
    ///
    /// Optional arguments start and end are interpreted as in slice notation.
    /// Return -1 on failure.
    #[sig = "($self, sub[, start[, end]], /)"]
    fn rfind(
        &self,
        _: Thread<'_>,
        sub: &Str,
        start: Option<Bound>,
        end: Option<Bound>,
    ) -> Result<isize> {
        Ok(self.position(sub, start, end, true).map_or(-1, |i| i as isize))
    }

    /// Return the highest index in S where substring sub is found, such that sub is contained within S[start:end].
    ///
    /// Optional arguments start and end are interpreted as in slice notation.
    /// Raises ValueError when the substring is not found.
    #[sig = "($self, sub[, start[, end]], /)"]
    fn rindex(
        &self,
        th: Thread<'_>,
        sub: &Str,
        start: Option<Bound>,
        end: Option<Bound>,
    ) -> Result<usize> {
        match self.position(sub, start, end, true) {
            Some(position) => Ok(position),
            None => raise!(th, ValueError, "substring not found"),
        }
    }

    /// Return a right-justified string of length width.
    ///
    /// Padding is done using the specified fill character (default is a space).
    #[sig = "($self, width, fillchar=' ', /)"]
    fn rjust(&self, th: Thread<'_>, width: isize, fillchar: Option<Obj<'_>>) -> Result<Ref<Str>> {
        let fill = fill_char(th, fillchar)?;
        let missing = usize::try_from(width).unwrap_or(0).saturating_sub(self.len());
        self.padded(th, missing, 0, fill)
    }

    /// Return a copy of the string with trailing whitespace removed.
    ///
    /// If chars is given and not None, remove characters in chars instead.
    #[sig = "($self, chars=None, /)"]
    fn rstrip(&self, th: Thread<'_>, chars: Option<Obj<'_>>) -> Result {
        self.stripped(th, "rstrip", chars, Side::Right)
    }

    /// Partition the string into three parts using the given separator.
    ///
    /// This will search for the separator in the string, starting at the end. If
    /// the separator is found, returns a 3-tuple containing the part before the
    /// separator, the separator itself, and the part after it.
    ///
    /// If the separator is not found, returns a 3-tuple containing two empty strings
    /// and the original string.
    #[sig = "($self, sep, /)"]
    fn rpartition(&self, th: Thread<'_>, sep: Obj<'_>) -> Result<(Ref, Ref, Ref)> {
        self.partition_at(th, sep, true)
    }

    /// Return a list of the lines in the string, breaking at line boundaries.
    ///
    /// Line breaks are not included in the resulting list unless keepends is given and
    /// true.
    #[sig = "($self, /, keepends=False)"]
    fn splitlines(&self, th: Thread<'_>, keepends: bool) -> Result<Ref<List>> {
        let lines = split::split_lines(self.units(), split::Kind::Text);
        self.pieces(
            th,
            lines.map(|line| line.start..if keepends { line.next } else { line.end }),
            false,
        )
    }

    /// Return a copy of the string with leading and trailing whitespace removed.
    ///
    /// If chars is given and not None, remove characters in chars instead.
    #[sig = "($self, chars=None, /)"]
    fn strip(&self, th: Thread<'_>, chars: Option<Obj<'_>>) -> Result {
        self.stripped(th, "strip", chars, Side::Both)
    }

    /// Convert uppercase characters to lowercase and lowercase characters to uppercase.
    #[sig = "($self, /)"]
    fn swapcase(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        Str::from_buf(th, &titles::swapcase(self.units()))
    }

    /// Return a copy of the string converted to uppercase.
    #[sig = "($self, /)"]
    fn upper(&self, th: Thread<'_>) -> Result<Ref<Str>> {
        if let Some(ascii) = self.as_ascii() {
            return Str::map_ascii(th, ascii, |byte| byte.to_ascii_uppercase());
        }
        Str::from_buf(th, &titles::to_upper(self.units()))
    }

    /// Return True if the string starts with the specified prefix, False otherwise.
    ///
    ///   prefix
    ///     A string or a tuple of strings to try.
    ///   start
    ///     Optional start position. Default: start of the string.
    ///   end
    ///     Optional stop position. Default: end of the string.
    #[sig = "($self, prefix[, start[, end]], /)"]
    fn startswith(
        &self,
        th: Thread<'_>,
        prefix: Obj<'_>,
        start: Option<Bound>,
        end: Option<Bound>,
    ) -> Result<bool> {
        self.affix(th, "startswith", prefix, start, end, false)
    }

    /// Return True if the string ends with the specified suffix, False otherwise.
    ///
    ///   suffix
    ///     A string or a tuple of strings to try.
    ///   start
    ///     Optional start position. Default: start of the string.
    ///   end
    ///     Optional stop position. Default: end of the string.
    #[sig = "($self, suffix[, start[, end]], /)"]
    fn endswith(
        &self,
        th: Thread<'_>,
        suffix: Obj<'_>,
        start: Option<Bound>,
        end: Option<Bound>,
    ) -> Result<bool> {
        self.affix(th, "endswith", suffix, start, end, true)
    }

    /// Return a str with the given prefix string removed if present.
    ///
    /// If the string starts with the prefix string, return string[len(prefix):].
    /// Otherwise, return a copy of the original string.
    #[sig = "($self, prefix, /)"]
    fn removeprefix(&self, th: Thread<'_>, prefix: &Str) -> Result {
        let cut = if self.tail_matches(prefix, None, None, false) { prefix.len() } else { 0 };
        self.piece(th, cut..self.len())
    }

    /// Return a str with the given suffix string removed if present.
    ///
    /// If the string ends with the suffix string and that suffix is not empty,
    /// return string[:-len(suffix)]. Otherwise, return a copy of the original
    /// string.
    #[sig = "($self, suffix, /)"]
    fn removesuffix(&self, th: Thread<'_>, suffix: &Str) -> Result {
        let cut = if self.tail_matches(suffix, None, None, true) { suffix.len() } else { 0 };
        self.piece(th, 0..self.len() - cut)
    }

    /// Return True if all characters in the string are ASCII, False otherwise.
    ///
    /// ASCII characters have code points in the range U+0000-U+007F.
    /// Empty string is ASCII too.
    #[sig = "($self, /)"]
    fn isascii(&self, _: Thread<'_>) -> bool {
        self.is_ascii()
    }

    /// Return True if the string is a lowercase string, False otherwise.
    ///
    /// A string is lowercase if all cased characters in the string are lowercase and
    /// there is at least one cased character in the string.
    #[sig = "($self, /)"]
    fn islower(&self, _: Thread<'_>) -> bool {
        titles::is_lower_text(self.units())
    }

    /// Return True if the string is an uppercase string, False otherwise.
    ///
    /// A string is uppercase if all cased characters in the string are uppercase and
    /// there is at least one cased character in the string.
    #[sig = "($self, /)"]
    fn isupper(&self, _: Thread<'_>) -> bool {
        titles::is_upper_text(self.units())
    }

    /// Return True if the string is a title-cased string, False otherwise.
    ///
    /// In a title-cased string, upper- and title-case characters may only
    /// follow uncased characters and lowercase characters only cased ones.
    #[sig = "($self, /)"]
    fn istitle(&self, _: Thread<'_>) -> bool {
        titles::is_title_text(self.units())
    }

    /// Return True if the string is a whitespace string, False otherwise.
    ///
    /// A string is whitespace if all characters in the string are whitespace and there
    /// is at least one character in the string.
    #[sig = "($self, /)"]
    fn isspace(&self, _: Thread<'_>) -> bool {
        self.all(unicode::is_space)
    }

    /// Return True if the string is a decimal string, False otherwise.
    ///
    /// A string is a decimal string if all characters in the string are decimal and
    /// there is at least one character in the string.
    #[sig = "($self, /)"]
    fn isdecimal(&self, _: Thread<'_>) -> bool {
        self.all(unicode::is_decimal)
    }

    /// Return True if the string is a digit string, False otherwise.
    ///
    /// A string is a digit string if all characters in the string are digits and there
    /// is at least one character in the string.
    #[sig = "($self, /)"]
    fn isdigit(&self, _: Thread<'_>) -> bool {
        self.all(unicode::is_digit)
    }

    /// Return True if the string is a numeric string, False otherwise.
    ///
    /// A string is numeric if all characters in the string are numeric and there is at
    /// least one character in the string.
    #[sig = "($self, /)"]
    fn isnumeric(&self, _: Thread<'_>) -> bool {
        self.all(unicode::is_numeric)
    }

    /// Return True if the string is an alphabetic string, False otherwise.
    ///
    /// A string is alphabetic if all characters in the string are alphabetic and there
    /// is at least one character in the string.
    #[sig = "($self, /)"]
    fn isalpha(&self, _: Thread<'_>) -> bool {
        self.all(unicode::is_alpha)
    }

    /// Return True if the string is an alpha-numeric string, False otherwise.
    ///
    /// A string is alpha-numeric if all characters in the string are alpha-numeric and
    /// there is at least one character in the string.
    #[sig = "($self, /)"]
    fn isalnum(&self, _: Thread<'_>) -> bool {
        self.all(unicode::is_alnum)
    }

    /// Return True if the string is a valid Python identifier, False otherwise.
    ///
    /// Call keyword.iskeyword(s) to test whether string s is a reserved identifier,
    /// such as "def" or "class".
    #[sig = "($self, /)"]
    fn isidentifier(&self, _: Thread<'_>) -> bool {
        titles::is_identifier(self.units())
    }

    /// Return True if all characters in the string are printable, False otherwise.
    ///
    /// A character is printable if repr() may use it in its output.
    #[sig = "($self, /)"]
    fn isprintable(&self, _: Thread<'_>) -> bool {
        self.len() == 0 || self.all(unicode::is_printable)
    }

    /// Pad a numeric string with zeros on the left, to fill a field of the given width.
    ///
    /// The string is never truncated.
    #[sig = "($self, width, /)"]
    fn zfill(&self, th: Thread<'_>, width: isize) -> Result<Ref<Str>> {
        let units = self.units();
        let (zeros, signed) = split::zfill(units, usize::try_from(width).unwrap_or(0));
        if zeros == 0 {
            return self.to_exact(th);
        }
        let total = zeros + self.len();
        let mut draft = Draft::new(th, self.width(), total)?;
        let sign = usize::from(signed);
        draft.put(0, units.slice(0, sign));
        draft.fill(sign, u32::from('0'), zeros);
        draft.put(sign + zeros, units.slice(sign, usize::MAX));
        Ok(draft.finish())
    }

    /// Encode the string using the codec registered for encoding.
    ///
    ///   encoding
    ///     The encoding in which to encode the string.
    ///   errors
    ///     The error handling scheme to use for encoding errors.
    ///     The default is 'strict' meaning that encoding errors raise a
    ///     UnicodeEncodeError.  Other possible values are 'ignore', 'replace' and
    ///     'xmlcharrefreplace' as well as any other name registered with
    ///     codecs.register_error that can handle UnicodeEncodeErrors.
    #[sig = "($self, /, encoding='utf-8', errors='strict')"]
    fn encode(
        &self,
        th: Thread<'_>,
        encoding: Option<Given<&str>>,
        errors: Option<Given<&str>>,
    ) -> Result {
        let encoding = encoding.map_or("utf-8", |Given(name)| name);
        let errors = errors.map_or("strict", |Given(name)| name);
        super::codec::encode_method(th, self, encoding, errors)
    }

    /// Return the size of the string in memory, in bytes.
    #[sig = "($self, /)"]
    fn __sizeof__(&self, _: Thread<'_>) -> usize {
        // COMPAT: CPython's one-character strings come with their UTF-8 form.
        let is_latin1 =
            self.len() == 1 && self.as_ascii().is_none() && self.get(0).is_some_and(|c| c < 256);
        self.size_in_memory() + if is_latin1 { 3 } else { 0 }
    }

    #[sig = "($self, /)"]
    fn __getnewargs__(&self, th: Thread<'_>) -> Result<Ref<Tuple>> {
        let copy = Str::from_units(th, self.units())?;
        Tuple::from_array(th, [copy.upcast()])
    }

    fn sq_length(&self, _: Thread<'_>) -> usize {
        self.len()
    }

    fn mp_length(&self, _: Thread<'_>) -> usize {
        self.len()
    }

    fn sq_item(&self, th: Thread<'_>, index: isize) -> Result<Ref<Str>> {
        match usize::try_from(index).ok().and_then(|index| self.get(index)) {
            Some(code) => Str::from_char(th, code),
            None => raise!(th, IndexError, "string index out of range"),
        }
    }

    fn mp_subscript(&self, th: Thread<'_>, key: Obj<'_>) -> Result<Ref<Str>> {
        if Int::is_index(key) {
            let index = index::subscript(th, key)?;
            let index = if index < 0 { index + self.len() as isize } else { index };
            return self.sq_item(th, index);
        }
        if !index::is_slice(key) {
            raise!(th, TypeError, "string indices must be integers, not '{}'", key.type_name());
        }
        let selection = index::select(th, key, self.len())?;
        if let Some(range) = selection.range() {
            return self.slice(th, range.start, range.end);
        }
        self.picked(th, selection)
    }

    fn sq_concat(&self, th: Thread<'_>, other: Obj<'_>) -> Result<Ref<Str>> {
        match other.downcast::<Str>() {
            Some(other) => self.concat(th, other),
            None => raise!(
                th,
                TypeError,
                "can only concatenate str (not \"{}\") to str",
                other.type_name()
            ),
        }
    }

    fn sq_repeat(&self, th: Thread<'_>, count: isize) -> Result<Ref<Str>> {
        self.repeat(th, count)
    }

    fn __contains__(&self, th: Thread<'_>, part: Obj<'_>) -> Result<bool> {
        let Some(part) = part.downcast::<Str>() else {
            return Err(error!(
                th,
                TypeError,
                "'in <string>' requires string as left operand, not {}",
                part.type_name()
            ));
        };
        Ok(self.contains(part))
    }
}

impl Str {
    /// Whether `part` occurs in this string.
    pub fn contains(&self, part: &Str) -> bool {
        match (part.len(), part.get(0)) {
            (1, Some(code)) => search::find_char(self.units(), code).is_some(),
            _ => search::find(self.units(), part.units()).is_some(),
        }
    }

    /// The characters of a slice with a step.
    fn picked(&self, th: Thread<'_>, selection: index::Selection) -> Result<Ref<Str>> {
        fn pick<U: CodeUnit>(from: &[U], selection: index::Selection, to: &mut [U]) {
            match selection.reversed() {
                Some(range) => {
                    let from = from.get(range).unwrap_or_default();
                    to.iter_mut().zip(from.iter().rev()).for_each(|(to, from)| *to = *from);
                }
                None => to.iter_mut().zip(selection.indices()).for_each(|(to, index)| {
                    if let Some(from) = from.get(index) {
                        *to = *from;
                    }
                }),
            }
        }
        fn picked<U: CodeUnit>(
            th: Thread<'_>,
            from: &[U],
            selection: index::Selection,
        ) -> Result<Ref<Str>> {
            let mut to = Vec::new();
            if to.try_reserve_exact(selection.length).is_err() {
                return Err(th.no_memory());
            }
            to.resize(selection.length, U::truncate(0));
            pick(from, selection, &mut to);
            Str::from_units(th, U::units(&to))
        }
        if let Some(ascii) = self.as_ascii()
            && selection.length > 1
        {
            return Str::build_ascii(th, selection.length, |to| {
                pick(ascii.as_bytes(), selection, to);
            });
        }
        match self.units() {
            Units::Ucs1(from) => picked(th, from, selection),
            Units::Ucs2(from) => picked(th, from, selection),
            Units::Ucs4(from) => picked(th, from, selection),
        }
    }

    fn map_ascii(th: Thread<'_>, text: &str, map: impl Fn(u8) -> u8) -> Result<Ref<Str>> {
        if let [byte] = *text.as_bytes() {
            return Str::from_ascii(th, &[map(byte)]);
        }
        if text.is_empty() {
            return Ok(Str::empty(th));
        }
        Self::build_ascii(th, text.len(), |to| {
            to.iter_mut().zip(text.as_bytes()).for_each(|(to, byte)| *to = map(*byte));
        })
    }
}
