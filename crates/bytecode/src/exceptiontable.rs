//! `co_exceptiontable`: which handler catches the exceptions of which code.
//!
//! An entry is four numbers: start, length, handler, and depth with a bit that
//! says whether the handler finds the instruction pointer on its stack. Numbers
//! are big-endian in groups of six bits, 0x40 meaning "more follows"; 0x80
//! marks the first byte of an entry, so that one can search from the middle.

/// One range with a handler. Offsets are in code units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExceptionEntry {
    pub start: u32,
    pub end: u32,
    pub target: u32,
    /// The stack is cut down to this depth before the handler runs.
    pub depth: u32,
    /// Push the offset of the instruction that raised.
    pub lasti: bool,
}

/// Append an entry to a table.
pub fn encode(table: &mut Vec<u8>, entry: &ExceptionEntry) {
    let first = table.len();
    for value in [
        entry.start,
        entry.end - entry.start,
        entry.target,
        entry.depth << 1 | u32::from(entry.lasti),
    ] {
        for shift in [24, 18, 12, 6] {
            if value >> shift != 0 {
                table.push(0x40 | (value >> shift & 63) as u8);
            }
        }
        table.push((value & 63) as u8);
    }
    table[first] |= 0x80;
}

/// The entries of a table. A damaged table ends early.
pub fn entries(table: &[u8]) -> impl Iterator<Item = ExceptionEntry> + '_ {
    let mut bytes = table.iter();
    std::iter::from_fn(move || {
        let mut number = || {
            let mut value = 0u32;
            loop {
                let byte = *bytes.next()?;
                value = value.wrapping_shl(6) | u32::from(byte & 63);
                if byte & 0x40 == 0 {
                    return Some(value);
                }
            }
        };
        let (start, length, target, depth) = (number()?, number()?, number()?, number()?);
        let end = start.saturating_add(length);
        Some(ExceptionEntry { start, end, target, depth: depth >> 1, lasti: depth & 1 != 0 })
    })
}

/// The handler for an instruction at an offset in code units.
pub fn find(table: &[u8], offset: u32) -> Option<ExceptionEntry> {
    entries(table).take_while(|entry| entry.start <= offset).find(|entry| offset < entry.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back() {
        let entry =
            |start, end, target, depth, lasti| ExceptionEntry { start, end, target, depth, lasti };
        let given = [
            entry(0, 5, 9, 0, false),
            entry(70, 5000, 20_000_000, 3, true),
            entry(5000, 5001, 1, 40, false),
        ];
        let mut table = Vec::new();
        for entry in &given {
            encode(&mut table, entry);
        }
        assert_eq!(entries(&table).collect::<Vec<_>>(), given);
        assert_eq!(find(&table, 71), Some(given[1]));
        assert_eq!(find(&table, 6), None);
        assert_eq!(entries(&table[..table.len() - 1]).count(), 2);
    }
}
