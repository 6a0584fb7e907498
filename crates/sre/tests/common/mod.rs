//! Character predicates from `std`, close enough to Python's for the tests.

use sre::CharClass;

#[derive(Debug)]
pub(crate) struct Std;

fn single(mut chars: impl Iterator<Item = char>, ch: char) -> u32 {
    match (chars.next(), chars.next()) {
        (Some(mapped), None) => mapped as u32,
        _ => ch as u32,
    }
}

fn with(ch: u32, test: impl Fn(char) -> bool) -> bool {
    char::from_u32(ch).is_some_and(test)
}

impl CharClass for Std {
    fn is_decimal(ch: u32) -> bool {
        with(ch, |ch| ch.is_ascii_digit() || ('\u{660}'..='\u{669}').contains(&ch))
    }
    fn is_space(ch: u32) -> bool {
        with(ch, |ch| ch.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&ch))
    }
    fn is_alnum(ch: u32) -> bool {
        with(ch, |ch| ch.is_alphanumeric())
    }
    fn is_linebreak(ch: u32) -> bool {
        matches!(ch, 10..=13 | 0x1c..=0x1e | 0x85 | 0x2028 | 0x2029)
    }
    fn to_lower(ch: u32) -> u32 {
        match char::from_u32(ch) {
            Some('\u{130}') => 0x69,
            Some(ch) => single(ch.to_lowercase(), ch),
            None => ch,
        }
    }
    fn to_upper(ch: u32) -> u32 {
        char::from_u32(ch).map_or(ch, |ch| single(ch.to_uppercase(), ch))
    }
}
