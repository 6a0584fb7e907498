//! `co_linetable`: the source position of every code unit.
//!
//! An entry covers 1 to 8 code units with one position. Its first byte is
//! `0x80 | form << 3 | length - 1`; what follows depends on the form. Lines are
//! differences to the line of the entry before, starting at `co_firstlineno`.

/// Position in the source; None where unknown. Lines count from 1, columns
/// are UTF-8 offsets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    pub line: Option<i32>,
    pub end_line: Option<i32>,
    pub col: Option<i32>,
    pub end_col: Option<i32>,
}

/// Forms of entries; 0 to 9 are short ones that contain bits of the column.
mod form {
    pub(super) const ONE_LINE: u8 = 10;
    pub(super) const NO_COLUMNS: u8 = 13;
    pub(super) const LONG: u8 = 14;
    pub(super) const NONE: u8 = 15;
}

/// Makes a table.
pub struct LineTableWriter {
    table: Vec<u8>,
    line: i32,
}

impl LineTableWriter {
    pub fn new(firstlineno: i32) -> LineTableWriter {
        LineTableWriter { table: Vec::new(), line: firstlineno }
    }

    /// The next `units` code units have this position.
    pub fn add(&mut self, position: Position, mut units: usize) {
        while units > 0 {
            let length = units.min(8);
            self.entry(position, length as u8);
            units -= length;
        }
    }

    pub fn finish(self) -> Vec<u8> {
        self.table
    }

    fn start(&mut self, form: u8, length: u8) {
        self.table.push(0x80 | form << 3 | (length - 1));
    }

    fn entry(&mut self, position: Position, length: u8) {
        let Some(line) = position.line else {
            return self.start(form::NONE, length);
        };
        let delta = line.wrapping_sub(self.line);
        match (position.col, position.end_col) {
            (Some(col), Some(end_col)) if position.end_line == Some(line) => {
                if delta == 0 && col < 80 && (0..16).contains(&(end_col - col)) {
                    self.start((col >> 3) as u8, length);
                    self.table.push(((col & 7) << 4 | (end_col - col)) as u8);
                    return;
                }
                if (0..3).contains(&delta) && col < 128 && end_col < 128 {
                    self.start(form::ONE_LINE + delta as u8, length);
                    self.table.extend([col as u8, end_col as u8]);
                    self.line = line;
                    return;
                }
            }
            (Some(_), Some(_)) => {}
            _ if position.end_line.is_none_or(|end_line| end_line == line) => {
                self.start(form::NO_COLUMNS, length);
                self.signed_varint(delta);
                self.line = line;
                return;
            }
            _ => {}
        }
        self.start(form::LONG, length);
        self.signed_varint(delta);
        self.varint(position.end_line.unwrap_or(line).wrapping_sub(line) as u32);
        self.varint(position.col.map_or(0, |col| col as u32 + 1));
        self.varint(position.end_col.map_or(0, |col| col as u32 + 1));
        self.line = line;
    }

    fn varint(&mut self, mut value: u32) {
        while value >= 64 {
            self.table.push(0x40 | (value & 63) as u8);
            value >>= 6;
        }
        self.table.push(value as u8);
    }

    fn signed_varint(&mut self, value: i32) {
        let magnitude = value.unsigned_abs() << 1;
        self.varint(if value < 0 { magnitude | 1 } else { magnitude });
    }
}

/// A table with the same lines and no columns, for `-X no_debug_ranges`.
pub fn without_columns(table: &[u8], firstlineno: i32) -> Vec<u8> {
    let mut writer = LineTableWriter::new(firstlineno);
    for (Position { line, .. }, units) in entries(table, firstlineno) {
        writer.add(Position { line, ..Position::default() }, units);
    }
    writer.finish()
}

/// The entries of a table: position and number of code units.
pub fn entries(table: &[u8], firstlineno: i32) -> impl Iterator<Item = (Position, usize)> + '_ {
    Entries { table, line: firstlineno }
}

/// `co_positions()`: the position of each code unit.
pub fn positions(table: &[u8], firstlineno: i32) -> impl Iterator<Item = Position> + '_ {
    entries(table, firstlineno).flat_map(|(position, units)| std::iter::repeat_n(position, units))
}

/// `co_lines()`: ranges of byte offsets in the code, each with its line.
pub fn lines(table: &[u8], firstlineno: i32) -> impl Iterator<Item = (u32, u32, Option<i32>)> + '_ {
    let mut entries = entries(table, firstlineno).peekable();
    let mut offset = 0;
    std::iter::from_fn(move || {
        let (position, units) = entries.next()?;
        let start = offset;
        offset += 2 * units as u32;
        while let Some((_, units)) = entries.next_if(|(next, _)| next.line == position.line) {
            offset += 2 * units as u32;
        }
        Some((start, offset, position.line))
    })
}

/// The line of a code unit. PERF: only what changes the line is decoded; the
/// columns of an entry are skipped, as only its first byte has the top bit.
pub fn line_at(table: &[u8], firstlineno: i32, unit: usize) -> Option<i32> {
    let mut entries = Entries { table, line: firstlineno };
    let mut end = 0;
    while !entries.table.is_empty() {
        let first = entries.byte();
        let form = first >> 3 & 15;
        match form {
            form::NONE | 0..form::ONE_LINE => {}
            form::LONG | form::NO_COLUMNS => {
                entries.line = entries.line.wrapping_add(entries.signed_varint());
            }
            _ => entries.line = entries.line.wrapping_add(i32::from(form - form::ONE_LINE)),
        }
        end += usize::from(first & 7) + 1;
        if unit < end {
            return (form != form::NONE).then_some(entries.line);
        }
        let rest = entries.table.iter().position(|byte| byte & 0x80 != 0);
        entries.table = rest.map_or(&[], |rest| &entries.table[rest..]);
    }
    None
}

struct Entries<'a> {
    table: &'a [u8],
    line: i32,
}

impl Entries<'_> {
    fn byte(&mut self) -> u8 {
        let Some((&byte, rest)) = self.table.split_first() else { return 0 };
        self.table = rest;
        byte
    }

    fn varint(&mut self) -> u32 {
        let mut value = 0u32;
        let mut shift = 0;
        loop {
            let byte = self.byte();
            value |= u32::from(byte & 63).checked_shl(shift).unwrap_or(0);
            shift += 6;
            if byte & 0x40 == 0 {
                return value;
            }
        }
    }

    fn signed_varint(&mut self) -> i32 {
        let value = self.varint();
        let magnitude = (value >> 1) as i32;
        if value & 1 != 0 { -magnitude } else { magnitude }
    }

    fn column(&mut self) -> Option<i32> {
        self.varint().checked_sub(1).map(|col| col as i32)
    }
}

impl Iterator for Entries<'_> {
    type Item = (Position, usize);

    fn next(&mut self) -> Option<(Position, usize)> {
        if self.table.is_empty() {
            return None;
        }
        let first = self.byte();
        let units = usize::from(first & 7) + 1;
        let on_line = |line: i32, col: i32, end_col: i32| Position {
            line: Some(line),
            end_line: Some(line),
            col: Some(col),
            end_col: Some(end_col),
        };
        let position = match first >> 3 & 15 {
            form::NONE => Position::default(),
            form::LONG => {
                self.line = self.line.wrapping_add(self.signed_varint());
                let end_line = self.line.wrapping_add(self.varint() as i32);
                let col = self.column();
                let end_col = self.column();
                Position { line: Some(self.line), end_line: Some(end_line), col, end_col }
            }
            form::NO_COLUMNS => {
                self.line = self.line.wrapping_add(self.signed_varint());
                Position {
                    line: Some(self.line),
                    end_line: Some(self.line),
                    col: None,
                    end_col: None,
                }
            }
            form @ form::ONE_LINE.. => {
                self.line = self.line.wrapping_add(i32::from(form - form::ONE_LINE));
                let col = self.byte();
                let end_col = self.byte();
                on_line(self.line, i32::from(col), i32::from(end_col))
            }
            group => {
                let second = self.byte();
                let col = i32::from(group << 3 | second >> 4);
                on_line(self.line, col, col + i32::from(second & 15))
            }
        };
        Some((position, units))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: i32, end_line: i32, col: i32, end_col: i32) -> Position {
        let known = |value: i32| (value >= 0).then_some(value);
        Position {
            line: Some(line),
            end_line: known(end_line),
            col: known(col),
            end_col: known(end_col),
        }
    }

    #[test]
    fn every_form_comes_back() {
        let given = [
            (at(1, 1, 3, 9), 2),
            (at(1, 1, 100, 120), 1),
            (at(3, 3, 0, 5), 20),
            (at(200, 200, 0, 5), 3),
            (at(7, 9, 4, 200), 1),
            (at(8, 8, -1, -1), 1),
            (Position::default(), 9),
            (at(9, 12, -1, 3), 1),
        ];
        let mut writer = LineTableWriter::new(1);
        for (position, units) in given {
            writer.add(position, units);
        }
        let table = writer.finish();
        let expected: Vec<Position> =
            given.iter().flat_map(|(p, units)| std::iter::repeat_n(*p, *units)).collect();
        assert_eq!(positions(&table, 1).collect::<Vec<_>>(), expected);
        let lines: Vec<_> = lines(&table, 1).collect();
        assert_eq!(lines[0], (0, 6, Some(1)));
        assert_eq!(lines[1], (6, 46, Some(3)));
        for (unit, position) in expected.iter().enumerate() {
            assert_eq!(line_at(&table, 1, unit), position.line);
        }
        assert_eq!(line_at(&table, 1, expected.len()), None);
    }

    #[test]
    fn bytes_are_those_of_cpython() {
        // `x=1` as a module, in CPython 3.14.10.
        let mut writer = LineTableWriter::new(1);
        writer.add(at(0, 1, 0, 0), 1);
        writer.add(at(1, 1, 2, 3), 1);
        writer.add(at(1, 1, 0, 1), 3);
        assert_eq!(writer.finish(), b"\xf0\x03\x01\x01\x01\xd8\x02\x03\x82\x01");
    }

    #[test]
    fn damaged_tables_end() {
        assert_eq!(entries(&[0xF0], 1).count(), 1);
        assert_eq!(entries(&[0xF0, 0x7F, 0x7F, 0x7F, 0x7F, 0x7F, 0x7F, 0x7F], 1).count(), 1);
    }
}
