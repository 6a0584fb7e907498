//! The stateful multibyte codecs: ISO 2022 and HZ.
//!
//! Escape sequences put character sets into G0, G1 and G2; each set is looked up
//! in the tables of an EUC codec. A [`State`] belongs to one stream: decoding or
//! encoding the parts of a stream with it is like doing the whole.

use super::cjk::{self, ILLEGAL, INCOMPLETE};
use super::{DecodeErrors, Decoded, Decoding, EncodeErrors, Encoding};
use crate::{TextBuf, Units};

const ESC: u8 = 0x1b;
const SHIFT_OUT: u8 = 0x0e;
const SHIFT_IN: u8 = 0x0f;

/// ISO 8859-7 of 1987 from 0xa0 on, 0 for undefined.
static GREEK: [u16; 96] = [
    0xa0, 0x2018, 0x2019, 0xa3, 0, 0, 0xa6, 0xa7, 0xa8, 0xa9, 0, 0xab, 0xac, 0xad, 0, 0x2015, 0xb0,
    0xb1, 0xb2, 0xb3, 0x384, 0x385, 0x386, 0xb7, 0x388, 0x389, 0x38a, 0xbb, 0x38c, 0xbd, 0x38e,
    0x38f, 0x390, 0x391, 0x392, 0x393, 0x394, 0x395, 0x396, 0x397, 0x398, 0x399, 0x39a, 0x39b,
    0x39c, 0x39d, 0x39e, 0x39f, 0x3a0, 0x3a1, 0, 0x3a3, 0x3a4, 0x3a5, 0x3a6, 0x3a7, 0x3a8, 0x3a9,
    0x3aa, 0x3ab, 0x3ac, 0x3ad, 0x3ae, 0x3af, 0x3b0, 0x3b1, 0x3b2, 0x3b3, 0x3b4, 0x3b5, 0x3b6,
    0x3b7, 0x3b8, 0x3b9, 0x3ba, 0x3bb, 0x3bc, 0x3bd, 0x3be, 0x3bf, 0x3c0, 0x3c1, 0x3c2, 0x3c3,
    0x3c4, 0x3c5, 0x3c6, 0x3c7, 0x3c8, 0x3c9, 0x3ca, 0x3cb, 0x3cc, 0x3cd, 0x3ce, 0,
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Set {
    Ascii,
    JisX0201Roman,
    JisX0201Katakana,
    JisX0208,
    JisX0208Old,
    JisX0212,
    /// JIS X 0213, two planes in two editions.
    JisX0213Plane1Of2000,
    JisX0213Plane1Of2004,
    JisX0213Plane2Of2000,
    JisX0213Plane2Of2004,
    Gb2312,
    KsX1001,
    Latin1,
    Greek,
    /// A designation that is none, from a state made up by somebody.
    Unknown,
}

use Set::*;

impl Set {
    /// Whether it takes two bytes, and the byte that designates it.
    fn mark(self) -> (bool, u8) {
        match self {
            Ascii => (false, b'B'),
            JisX0201Roman => (false, b'J'),
            JisX0201Katakana => (false, b'I'),
            Latin1 => (false, b'A'),
            Greek => (false, b'F'),
            JisX0208 => (true, b'B'),
            JisX0208Old => (true, b'@'),
            JisX0212 => (true, b'D'),
            JisX0213Plane1Of2000 => (true, b'O'),
            JisX0213Plane1Of2004 => (true, b'Q'),
            JisX0213Plane2Of2000 | JisX0213Plane2Of2004 => (true, b'P'),
            Gb2312 => (true, b'A'),
            KsX1001 => (true, b'C'),
            Unknown => (true, 0x7f),
        }
    }

    /// The EUC codec with this set, and the byte it writes before the two.
    fn table(self) -> Option<(cjk::Codec, u32)> {
        let (name, prefix) = match self {
            JisX0208 | JisX0208Old => ("euc_jp", 0),
            JisX0212 => ("euc_jp", 0x8f_0000),
            JisX0213Plane1Of2000 => ("euc_jisx0213", 0),
            JisX0213Plane1Of2004 => ("euc_jis_2004", 0),
            JisX0213Plane2Of2000 => ("euc_jisx0213", 0x8f_0000),
            JisX0213Plane2Of2004 => ("euc_jis_2004", 0x8f_0000),
            Gb2312 => ("gb2312", 0),
            KsX1001 => ("cp949", 0),
            _ => return None,
        };
        Some((cjk::Codec::from_name(name)?, prefix))
    }

    /// EUC shares the code space of plane 2 with JIS X 0212, which has other rows.
    fn has_row(self, row: u8) -> bool {
        let is_0213 = matches!(row, 0x21 | 0x23..=0x25 | 0x28 | 0x2c..=0x2f | 0x6e..=0x7e);
        match self {
            JisX0213Plane2Of2000 | JisX0213Plane2Of2004 => is_0213,
            JisX0212 => !is_0213,
            _ => true,
        }
    }

    fn decode(self, first: u8, second: u8) -> Option<(u32, u32)> {
        if !matches!(first, 0x21..=0x7e) || !matches!(second, 0x21..=0x7e) || !self.has_row(first) {
            return None;
        }
        // COMPAT: where ISO 2022 differs from EUC in CPython.
        match (self, first, second) {
            (JisX0213Plane1Of2000 | JisX0213Plane1Of2004, 0x22, 0x32) => return Some((0x7e, 0)),
            (JisX0213Plane2Of2000, 0x7d, 0x3b) => return Some((0x9b1c, 0)),
            _ => {}
        }
        let (codec, prefix) = self.table()?;
        codec.text_of(prefix | u32::from(first | 0x80) << 8 | u32::from(second | 0x80))
    }

    /// The bytes of a code point, or of a pair with `second`.
    fn encode(self, first: u32, second: u32) -> Option<[u8; 2]> {
        // COMPAT: unlike EUC, ISO 2022 does not take the fullwidth tilde for 1-2-18.
        if first == 0xff5e && matches!(self, JisX0213Plane1Of2000 | JisX0213Plane1Of2004) {
            return None;
        }
        let (codec, prefix) = self.table()?;
        let bytes = codec.bytes_of(cjk::pair(first, second))?;
        let [_, high, a, b] = bytes.to_be_bytes();
        let fits =
            u32::from(high) << 16 == prefix && a >= 0xa1 && b >= 0xa1 && self.has_row(a & 0x7f);
        fits.then_some([a & 0x7f, b & 0x7f])
    }
}

struct Config {
    name: &'static str,
    /// What may be designated, in the order in which encoding tries it.
    sets: &'static [Set],
    pairs: Option<Set>,
    shifts: bool,
    g2: bool,
}

const PLAIN: Config = Config { name: "", sets: &[], pairs: None, shifts: false, g2: false };

static CONFIGS: [Config; 8] = [
    Config { name: "hz", ..PLAIN },
    Config { name: "iso2022_kr", sets: &[KsX1001], shifts: true, ..PLAIN },
    Config { name: "iso2022_jp", sets: &[JisX0208, JisX0201Roman, JisX0208Old], ..PLAIN },
    Config {
        name: "iso2022_jp_1",
        sets: &[JisX0208, JisX0212, JisX0201Roman, JisX0208Old],
        ..PLAIN
    },
    Config {
        name: "iso2022_jp_2",
        sets: &[JisX0208, JisX0212, KsX1001, Gb2312, JisX0201Roman, JisX0208Old, Latin1, Greek],
        g2: true,
        ..PLAIN
    },
    Config {
        name: "iso2022_jp_2004",
        sets: &[JisX0208, JisX0213Plane1Of2004, JisX0213Plane2Of2004],
        pairs: Some(JisX0213Plane1Of2004),
        ..PLAIN
    },
    Config {
        name: "iso2022_jp_3",
        sets: &[JisX0208, JisX0213Plane1Of2000, JisX0213Plane2Of2000],
        pairs: Some(JisX0213Plane1Of2000),
        ..PLAIN
    },
    Config {
        name: "iso2022_jp_ext",
        sets: &[JisX0208, JisX0212, JisX0201Roman, JisX0201Katakana, JisX0208Old],
        ..PLAIN
    },
];

/// Where a stream stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct State {
    sets: [Set; 3],
    /// G1 is in use; for HZ, GB 2312 is.
    shifted: bool,
    /// Inside an escape sequence of another standard, which is passed through.
    passing: bool,
}

impl Default for State {
    fn default() -> Self {
        State { sets: [Ascii; 3], shifted: false, passing: false }
    }
}

/// Bits of the byte of a state behind the character sets.
const SHIFTED: u8 = 1;
const PASSING: u8 = 2;

impl State {
    /// The state as the eight bytes that `getstate` of CPython's codecs shows.
    pub fn to_bytes(self, codec: Codec) -> [u8; 8] {
        let mut bytes = [0; 8];
        if codec.config.name == "hz" {
            bytes[0] = u8::from(self.shifted);
            return bytes;
        }
        for (byte, set) in bytes.iter_mut().zip(self.sets) {
            let (double, mark) = set.mark();
            *byte = mark | if double { 0x80 } else { 0 };
        }
        bytes[4] = if self.shifted { SHIFTED } else { 0 } | if self.passing { PASSING } else { 0 };
        bytes
    }

    /// The state that [`State::to_bytes`] gave.
    pub fn from_bytes(codec: Codec, bytes: [u8; 8]) -> State {
        if codec.config.name == "hz" {
            return State { shifted: bytes[0] != 0, ..State::default() };
        }
        let [g0, g1, g2, _, flags, ..] = bytes;
        let sets = [g0, g1, g2].map(|byte| {
            let wanted = (byte & 0x80 != 0, byte & 0x7f);
            let mut known = codec.config.sets.iter().copied().chain([Ascii]);
            match byte {
                0 => Ascii,
                _ => known.find(|set| set.mark() == wanted).unwrap_or(Unknown),
            }
        });
        State { sets, shifted: flags & SHIFTED != 0, passing: flags & PASSING != 0 }
    }
}

/// A stateful multibyte codec.
#[derive(Clone, Copy)]
pub struct Codec {
    config: &'static Config,
}

/// The names of the codecs there are.
pub fn names() -> impl Iterator<Item = &'static str> {
    CONFIGS.iter().map(|config| config.name)
}

/// What the next bytes are.
enum Read {
    Done(usize),
    Illegal(usize),
    Incomplete,
}

fn is_final(byte: u8) -> bool {
    matches!(byte, b'@'..=b'Z')
}

impl Codec {
    /// The codec called `name`, as `_codecs_*.getcodec` spells it.
    pub fn from_name(name: &str) -> Option<Codec> {
        CONFIGS.iter().find(|config| config.name == name).map(|config| Codec { config })
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.config.name
    }

    /// Decode a part of a stream.
    pub fn decode<H: DecodeErrors>(
        self,
        input: &[u8],
        last: bool,
        state: &mut State,
        handler: &mut H,
    ) -> Result<Decoded, H::Error> {
        let mut d = Decoding::new(self.config.name, input, handler);
        loop {
            let rest = d.input.get(d.position..).unwrap_or_default();
            let read = match rest {
                [] => return Ok(d.done()),
                &[byte, ..] if self.config.name == "hz" => read_hz(byte, rest, state, &mut d.out),
                &[byte, ..] => self.read(byte, rest, state, &mut d.out),
            };
            match read {
                Read::Done(length) => d.position += length,
                Read::Illegal(length) => d.fail(d.position, d.position + length, ILLEGAL)?,
                Read::Incomplete if !last => return Ok(d.done()),
                Read::Incomplete => d.fail(d.position, d.input.len(), INCOMPLETE)?,
            }
        }
    }

    fn read(self, byte: u8, rest: &[u8], state: &mut State, out: &mut TextBuf) -> Read {
        if state.passing {
            out.push(u32::from(byte));
            state.passing = !is_final(byte);
            return Read::Done(1);
        }
        match byte {
            ESC => return self.read_escape(rest, state, out),
            SHIFT_IN | SHIFT_OUT if self.config.shifts => {
                state.shifted = byte == SHIFT_OUT;
                return Read::Done(1);
            }
            b'\n' => state.shifted = false,
            0x80.. => return Read::Illegal(1),
            _ => {}
        }
        let [g0, g1, _] = state.sets;
        let set = if state.shifted { g1 } else { g0 };
        if byte < 0x20 || set == Ascii {
            out.push(u32::from(byte));
            return Read::Done(1);
        }
        let code = match (set, byte) {
            (JisX0201Roman, b'\\') => 0xa5,
            (JisX0201Roman, b'~') => 0x203e,
            (JisX0201Roman, _) => u32::from(byte),
            (JisX0201Katakana, 0x21..=0x5f) => 0xff61 + u32::from(byte - 0x21),
            (JisX0201Katakana | Latin1 | Greek | Unknown, _) => return Read::Illegal(1),
            _ => {
                let &[_, second, ..] = rest else { return Read::Incomplete };
                let Some((first, second)) = set.decode(byte, second) else {
                    return Read::Illegal(2);
                };
                out.push(first);
                if second != 0 {
                    out.push(second);
                }
                return Read::Done(2);
            }
        };
        out.push(code);
        Read::Done(1)
    }

    fn read_escape(self, rest: &[u8], state: &mut State, out: &mut TextBuf) -> Read {
        let Some(&kind) = rest.get(1) else { return Read::Incomplete };
        if kind == b'N' && self.config.g2 {
            return read_g2(rest, state, out);
        }
        if !matches!(kind, b'(' | b')' | b'$' | b'.' | b'&') {
            out.push(u32::from(ESC));
            state.passing = true;
            return Read::Done(1);
        }
        let mut i = 1;
        let length = loop {
            if i >= 16 {
                return Read::Illegal(1);
            }
            match rest.get(i) {
                None => return Read::Incomplete,
                Some(&byte) if is_final(byte) => break i + 1,
                Some(b'&') if !self.config.shifts && rest.get(i + 1) == Some(&b'@') => i += 3,
                Some(_) => i += 1,
            }
        };
        let sequence = rest.get(1..length).unwrap_or_default();
        let (slot, double, mark) = match *sequence {
            [b'$', mark] => (0, true, mark),
            [b'(', mark] => (0, false, mark),
            [b')', mark] => (1, false, mark),
            [b'.', mark] if self.config.g2 => (2, false, mark),
            [b'$', b'(', mark] => (0, true, mark),
            [b'$', b')', mark] => (1, true, mark),
            [_, _, ESC, b'$', b'B'] if !self.config.shifts => (0, true, b'B'),
            _ => return Read::Illegal(length),
        };
        let known = self.config.sets.iter().chain(&[Ascii]).find(|s| s.mark() == (double, mark));
        match (known, state.sets.get_mut(slot)) {
            (Some(&set), Some(place)) => {
                *place = set;
                Read::Done(length)
            }
            _ => Read::Illegal(length),
        }
    }

    /// Encode a part of a stream; `finish` returns to the initial state after it,
    /// otherwise a last character that may begin a pair is left. Returns the
    /// bytes and how many characters they stand for.
    pub fn encode<H: EncodeErrors>(
        self,
        input: Units<'_>,
        finish: bool,
        state: &mut State,
        handler: &mut H,
    ) -> Result<(Vec<u8>, usize), H::Error> {
        let mut e = Encoding::new(self.config.name, input, handler);
        while let Some(code) = input.get(e.position) {
            let next = input.get(e.position + 1);
            if next.is_none() && !finish && self.begins_pair(code) {
                break;
            }
            if let Some(set) = self.config.pairs
                && let Some(next) = next.filter(|&next| next != 0)
                && let Some(bytes) = set.encode(code, next)
            {
                self.designate(&mut e.out, set, state);
                e.out.extend(bytes);
                e.position += 2;
            } else if self.put(&mut e.out, code, state) {
                e.position += 1;
            } else {
                e.fail_multibyte(e.position, |out, code| self.put(out, code, state))?;
            }
        }
        let consumed = e.position;
        if finish {
            self.reset(&mut e.out, state);
        }
        Ok((e.out, consumed))
    }

    fn begins_pair(self, code: u32) -> bool {
        let table = self.config.pairs.and_then(Set::table);
        table.is_some_and(|(codec, _)| codec.begins_pair(code))
    }

    /// Append what brings a stream back to the initial state.
    pub fn reset(self, out: &mut Vec<u8>, state: &mut State) {
        if self.config.name == "hz" {
            if state.shifted {
                out.extend(b"~}");
            }
            state.shifted = false;
            return;
        }
        self.designate(out, Ascii, state);
    }

    fn put(self, out: &mut Vec<u8>, code: u32, state: &mut State) -> bool {
        if self.config.name == "hz" {
            return put_hz(out, code, state);
        }
        if code < 0x80 {
            self.designate(out, Ascii, state);
            out.push(code as u8);
            return true;
        }
        for &set in self.config.sets {
            let single = match (set, code) {
                (JisX0201Roman, 0xa5) => Some(b'\\'),
                (JisX0201Roman, 0x203e) => Some(b'~'),
                (JisX0201Katakana, 0xff61..=0xff9f) => Some((code - 0xff61) as u8 + 0x21),
                _ => None,
            };
            let bytes = if single.is_none() { set.encode(code, 0) } else { None };
            if single.is_some() || bytes.is_some() {
                self.designate(out, set, state);
                out.extend(single.into_iter().chain(bytes.into_iter().flatten()));
                return true;
            }
        }
        false
    }

    /// Make `set` the one that bytes are read in.
    fn designate(self, out: &mut Vec<u8>, set: Set, state: &mut State) {
        let (double, mark) = set.mark();
        let [g0, g1, _] = &mut state.sets;
        if self.config.name == "iso2022_kr" && set == KsX1001 {
            if *g1 != set {
                out.extend([ESC, b'$', b')', mark]);
                *g1 = set;
            }
            if !state.shifted {
                out.push(SHIFT_OUT);
                state.shifted = true;
            }
            return;
        }
        if state.shifted {
            out.push(SHIFT_IN);
            state.shifted = false;
        }
        if *g0 == set {
            return;
        }
        *g0 = set;
        match (double, set) {
            (false, _) => out.extend([ESC, b'(', mark]),
            (true, JisX0208 | JisX0208Old) => out.extend([ESC, b'$', mark]),
            (true, _) => out.extend([ESC, b'$', b'(', mark]),
        }
    }
}

fn read_g2(rest: &[u8], state: &State, out: &mut TextBuf) -> Read {
    let &[_, _, byte, ..] = rest else { return Read::Incomplete };
    let [.., g2] = state.sets;
    let code = match (g2, byte ^ 0x80) {
        (Greek, ascii @ 0..0xa0) => u32::from(ascii),
        (Greek, high) => GREEK.get(usize::from(high) - 0xa0).map_or(0, |&code| u32::from(code)),
        (_, 0..0x80) => 0,
        (Latin1, high) => u32::from(high),
        _ => u32::from(byte),
    };
    if code == 0 && byte & 0x7f != 0 || g2 == Latin1 && byte >= 0x80 {
        return Read::Illegal(3);
    }
    out.push(code);
    Read::Done(3)
}

fn read_hz(byte: u8, rest: &[u8], state: &mut State, out: &mut TextBuf) -> Read {
    if byte == b'~' {
        let &[_, kind, ..] = rest else { return Read::Incomplete };
        match (kind, state.shifted) {
            (b'~', false) => out.push(u32::from(b'~')),
            (b'\n', false) => {}
            (b'{', false) => state.shifted = true,
            (b'}', true) => state.shifted = false,
            _ => return Read::Illegal(1),
        }
        return Read::Done(2);
    }
    if byte >= 0x80 {
        return Read::Illegal(1);
    }
    if !state.shifted {
        out.push(u32::from(byte));
        return Read::Done(1);
    }
    let &[_, second, ..] = rest else { return Read::Incomplete };
    let Some((code, _)) = Gb2312.decode(byte, second) else { return Read::Illegal(1) };
    out.push(code);
    Read::Done(2)
}

fn put_hz(out: &mut Vec<u8>, code: u32, state: &mut State) -> bool {
    if code < 0x80 {
        if state.shifted {
            out.extend(b"~}");
            state.shifted = false;
        }
        if code == u32::from(b'~') {
            out.push(b'~');
        }
        out.push(code as u8);
        return true;
    }
    let Some(bytes) = Gb2312.encode(code, 0) else { return false };
    if !state.shifted {
        out.extend(b"~{");
        state.shifted = true;
    }
    out.extend(bytes);
    true
}
