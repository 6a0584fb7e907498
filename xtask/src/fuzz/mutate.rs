//! Sources that are almost Python: parts of a library's files, changed a little.

use crate::Result;
use crate::project;
use std::fs;
use std::path::{Path, PathBuf};

/// A small generator of numbers (SplitMix64).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5851_F42D_4C95_7F2D)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`, 0 if there is none.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % (bound.max(1) as u64)).unwrap_or(0)
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len()))
    }
}

/// What is put into sources: all of Python's words and signs, and what should be none.
const PIECES: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    ";",
    ".",
    "...",
    "=",
    "==",
    ":=",
    "->",
    "+=",
    "**",
    "*",
    "/",
    "//",
    "@",
    "%",
    "~",
    "!",
    "!=",
    "<>",
    "<<",
    "|",
    "&",
    "^",
    "-",
    "\\",
    "\\\n",
    "\n",
    "\r",
    "\r\n",
    "\t",
    "\x0c",
    " ",
    "    ",
    "\n    ",
    "\n\t",
    "\0",
    "\u{FEFF}",
    "é",
    "λ",
    "²",
    "€",
    "\u{200B}",
    "$",
    "?",
    "`",
    "'",
    "\"",
    "'''",
    "\"\"\"",
    "f'",
    "f\"{",
    "t'{",
    "rb'",
    "u'",
    "{x!r:>{w}}",
    "}}",
    "{{",
    "\\N{",
    "\\x",
    "\\u12",
    "0",
    "0x",
    "0777",
    "1_0",
    "1__0",
    "1e",
    "1.5j",
    "9999999999999999999999",
    "# type: int",
    "# type: ignore",
    "# coding: latin-1",
    "False",
    "None",
    "True",
    "and",
    "as",
    "assert",
    "async",
    "await",
    "break",
    "class",
    "continue",
    "def",
    "del",
    "elif",
    "else",
    "except",
    "except*",
    "finally",
    "for",
    "from",
    "global",
    "if",
    "import",
    "in",
    "is",
    "lambda",
    "nonlocal",
    "not",
    "or",
    "pass",
    "raise",
    "return",
    "try",
    "while",
    "with",
    "yield",
    "yield from",
    "match",
    "case",
    "type",
    "_",
    "__debug__",
    "__class__",
    "print",
    "x",
    "super",
    "*x",
    "**x",
    "x for x in y",
    "if x else y",
    "lambda: 0",
    "async for x in y",
    "[T]",
    "[*Ts]",
    "-> int",
    ": int",
    "x.y",
    "f()",
];

/// Pieces that nest when they are repeated.
const NESTING: &[&str] =
    &["(", "[", "{", "-", "not ", "lambda:", "f'{", "x(", "a.b.", "x if y else ", "x**", "1+"];

pub(super) struct Mutator {
    files: Vec<PathBuf>,
}

impl Mutator {
    pub(super) fn new(lib: &Path) -> Result<Mutator> {
        let mut files = project::files_below(lib, "py");
        files.retain(|file| file.exists());
        if files.is_empty() {
            return Err(format!("no source in {}", lib.display()));
        }
        Ok(Mutator { files })
    }

    /// Some lines of some file.
    fn part(&self, random: &mut Random) -> String {
        let file = random.pick(&self.files);
        let bytes = file.and_then(|file| fs::read(file).ok()).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let first = random.below(lines.len());
        // Begin with a statement that is not indented, if one is near.
        let plain = |line: &&&str| !line.starts_with([' ', '\t', '\n', '#', ')', ']', '}']);
        let first = (first..lines.len()).find(|at| lines.get(*at).as_ref().is_some_and(plain));
        let length = 3 + random.below(60);
        lines.iter().skip(first.unwrap_or(0)).take(length).copied().collect()
    }

    /// The source with a number.
    pub(super) fn source(&self, number: u64) -> Vec<u8> {
        let mut random = Random::new(number);
        let mut text: Vec<char> = self.part(&mut random).chars().collect();
        for _ in 0..1 + random.below(3) {
            self.mutate(&mut text, &mut random);
        }
        text.into_iter().collect::<String>().into_bytes()
    }

    fn mutate(&self, text: &mut Vec<char>, random: &mut Random) {
        let at = random.below(text.len() + 1);
        let piece = |random: &mut Random| {
            let piece = random.pick(PIECES).copied().unwrap_or_default();
            piece.chars().collect::<Vec<char>>()
        };
        let word_end = |text: &[char], at: usize| {
            let word = |c: &char| c.is_alphanumeric() || *c == '_';
            let length = text.iter().skip(at).take_while(|c| word(c)).count();
            at + length.max(1).min(text.len() - at)
        };
        match random.below(10) {
            0 | 1 => drop(text.splice(at..at, piece(random))),
            2 | 3 => {
                let end = word_end(text, at);
                text.splice(at..end, piece(random));
            }
            4 | 5 => drop(text.drain(at..word_end(text, at))),
            6 => {
                let end = (at + 1 + random.below(40)).min(text.len());
                let copy: Vec<char> = text[at..end].to_vec();
                let to = random.below(text.len() + 1);
                text.splice(to..to, copy);
            }
            7 => {
                let end = (at + 1 + random.below(80)).min(text.len());
                text.drain(at..end);
            }
            8 => {
                let nest = random.pick(NESTING).copied().unwrap_or_default();
                let times = [3, 30, 250, 3000][random.below(4)];
                text.splice(at..at, nest.repeat(times).chars());
            }
            _ => {
                let other: Vec<char> = self.part(random).chars().take(200).collect();
                text.splice(at..at, other);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_gives_the_same_source() {
        let root = project::root().join("fuzz");
        let mutator = Mutator::new(&root).unwrap();
        assert_eq!(mutator.source(7), mutator.source(7));
        let different = (0..20).filter(|number| mutator.source(*number) != mutator.source(7));
        assert!(different.count() > 10);
    }
}
