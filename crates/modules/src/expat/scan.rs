//! Finding the end of tokens.

/// How a scan ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Scan<T> {
    /// A token and its end.
    Found(T, usize),
    /// A token that ends here if nothing follows.
    Maybe(T, usize),
    /// More input is needed.
    More,
    /// A character that must not be here.
    Bad(usize),
}

pub(super) type Ends = Result<usize, Trouble>;

/// Why there is no token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Trouble {
    More,
    Bad(usize),
}

impl<T> From<Trouble> for Scan<T> {
    fn from(trouble: Trouble) -> Scan<T> {
        match trouble {
            Trouble::More => Scan::More,
            Trouble::Bad(at) => Scan::Bad(at),
        }
    }
}

/// What a byte of UTF-8 can be a part of, without a closer look.
const NAME: u8 = 1;
const DATA: u8 = 2;
const VALUE: u8 = 4;
const SPACE: u8 = 8;

/// The classes of all bytes. PERF: `bm_xml_etree`.
static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        let is_name = b.is_ascii_alphanumeric() || matches!(b, b'_' | b':' | b'-' | b'.');
        // U+FFFE and U+FFFF begin with 0xef.
        let is_char = b >= b' ' && b != 0xef || matches!(b, b'\t');
        let mut class = 0;
        if is_name {
            class |= NAME;
        }
        if is_char && !matches!(b, b'<' | b'&' | b']') {
            class |= DATA;
        }
        if is_char && !matches!(b, b'<' | b'&' | b'"' | b'\'' | b'\t') {
            class |= VALUE;
        }
        if matches!(b, b' ' | b'\t' | b'\r' | b'\n') {
            class |= SPACE;
        }
        classes[byte] = class;
        byte += 1;
    }
    classes
}

/// The end of the bytes of a class from `at` on.
#[inline]
fn skip(bytes: &[u8], at: usize, class: u8) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let is_other = |byte: &u8| CLASSES.get(usize::from(*byte)).is_none_or(|of| of & class == 0);
    at + rest.iter().position(is_other).unwrap_or(rest.len())
}

/// The end of the bytes from `at` on that are data and nothing else.
pub(super) fn plain_data(bytes: &[u8], at: usize) -> usize {
    skip(bytes, at, DATA)
}

/// The character at an offset.
pub(super) fn char_at(text: &str, at: usize) -> Option<char> {
    match text.as_bytes().get(at) {
        Some(&byte) if byte < 0x80 => Some(char::from(byte)),
        _ => text.get(at..)?.chars().next(),
    }
}

pub(super) fn need(text: &str, at: usize) -> Result<char, Trouble> {
    char_at(text, at).ok_or(Trouble::More)
}

pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// A character that may be in a document.
pub(super) fn is_char(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        c => c >= ' ',
    }
}

pub(super) fn is_name_start(c: char) -> bool {
    matches!(c,
        'a'..='z' | 'A'..='Z' | '_' | ':'
        | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
        | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}'
        | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}'
        | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}')
}

pub(super) fn is_name(c: char) -> bool {
    is_name_start(c)
        || matches!(c, '0'..='9' | '-' | '.' | '\u{b7}' | '\u{300}'..='\u{36f}'
            | '\u{203f}'..='\u{2040}')
}

/// The end of a name that begins at `at`.
pub(super) fn name(text: &str, at: usize) -> Ends {
    if !is_name_start(need(text, at)?) {
        return Err(Trouble::Bad(at));
    }
    name_rest(text, at)
}

/// The end of the name characters from `at` on.
pub(super) fn name_rest(text: &str, mut at: usize) -> Ends {
    loop {
        at = skip(text.as_bytes(), at, NAME);
        let c = need(text, at)?;
        if c.is_ascii() || !is_name(c) {
            return Ok(at);
        }
        at += c.len_utf8();
    }
}

/// The end of a name with at most one prefix.
pub(super) fn qualified_name(text: &str, at: usize) -> Ends {
    if need(text, at)? == ':' {
        return Err(Trouble::Bad(at));
    }
    let end = name(text, at)?;
    let name = text.get(at..end).unwrap_or_default();
    let mut colons = memchr::memchr_iter(b':', name.as_bytes());
    if let Some(first) = colons.next() {
        if let Some(second) = colons.next() {
            return Err(Trouble::Bad(at + second));
        }
        let local = at + first + 1;
        match char_at(text, local) {
            Some(c) if local < end && is_name_start(c) => {}
            _ => return Err(Trouble::Bad(local)),
        }
    }
    Ok(end)
}

/// Skip white space.
pub(super) fn spaces(text: &str, at: usize) -> Ends {
    let end = skip(text.as_bytes(), at, SPACE);
    need(text, end)?;
    Ok(end)
}

/// The text behind `&`: the end of a reference.
pub(super) fn reference(text: &str, at: usize) -> Ends {
    let mut end = match need(text, at)? {
        '#' => {
            let (mut digit, is_digit): (usize, fn(char) -> bool) = match need(text, at + 1)? {
                'x' => (at + 2, |c| c.is_ascii_hexdigit()),
                _ => (at + 1, |c| c.is_ascii_digit()),
            };
            if !is_digit(need(text, digit)?) {
                return Err(Trouble::Bad(digit));
            }
            while is_digit(need(text, digit)?) {
                digit += 1;
            }
            digit
        }
        _ => name(text, at)?,
    };
    if need(text, end)? != ';' {
        return Err(Trouble::Bad(end));
    }
    end += 1;
    Ok(end)
}

/// The code of a character reference such as `#65` or `#x41`.
pub(super) fn character_number(reference: &str) -> Option<char> {
    let digits = reference.strip_prefix('#')?;
    let code = match digits.strip_prefix('x') {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
        None => digits.parse(),
    };
    let c = char::from_u32(code.ok()?)?;
    is_char(c).then_some(c)
}

/// One of the five entities that are always there.
pub(super) fn predefined(name: &str) -> Option<char> {
    Some(match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        _ => return None,
    })
}

/// The end of what is behind `<!--`, including `-->`.
pub(super) fn comment(text: &str, mut at: usize) -> Ends {
    loop {
        let c = need(text, at)?;
        if !is_char(c) {
            return Err(Trouble::Bad(at));
        }
        if c == '-' && need(text, at + 1)? == '-' {
            return match need(text, at + 2)? {
                '>' => Ok(at + 3),
                _ => Err(Trouble::Bad(at + 2)),
            };
        }
        at += c.len_utf8();
    }
}

/// What is behind `<?`: the end of the target, and of the whole.
pub(super) fn instruction(text: &str, at: usize) -> Result<(usize, usize), Trouble> {
    let target = name(text, at)?;
    let written = text.get(at..target).unwrap_or_default();
    if written != "xml" && written.eq_ignore_ascii_case("xml") {
        return Err(Trouble::Bad(target));
    }
    match need(text, target)? {
        '?' => {
            return match need(text, target + 1)? {
                '>' => Ok((target, target + 2)),
                _ => Err(Trouble::Bad(target + 1)),
            };
        }
        c if is_space(c) => {}
        _ => return Err(Trouble::Bad(target)),
    }
    let mut at = target;
    loop {
        let c = need(text, at)?;
        if !is_char(c) {
            return Err(Trouble::Bad(at));
        }
        if c == '?' && need(text, at + 1)? == '>' {
            return Ok((target, at + 2));
        }
        at += c.len_utf8();
    }
}

/// The end of a quoted literal whose quote is at `at`.
pub(super) fn literal(text: &str, at: usize) -> Ends {
    let quote = need(text, at)?;
    let mut at = at + 1;
    loop {
        let c = need(text, at)?;
        if !is_char(c) {
            return Err(Trouble::Bad(at));
        }
        at += c.len_utf8();
        if c == quote {
            return Ok(at);
        }
    }
}

/// An attribute in a start tag: where its name and its value are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attribute {
    pub(super) name: (usize, usize),
    pub(super) value: (usize, usize),
    /// Whether the value means what is written.
    pub(super) is_plain: bool,
}

/// A start tag: the end of its name, its attributes, whether it is empty.
#[derive(Debug)]
pub(super) struct StartTag {
    pub(super) name_end: usize,
    pub(super) attributes: Vec<Attribute>,
    pub(super) is_empty: bool,
    pub(super) end: usize,
}

/// A start tag whose name begins at `at`.
pub(super) fn start_tag(text: &str, at: usize, qualified: bool) -> Result<StartTag, Trouble> {
    let scan_name = if qualified { qualified_name } else { name };
    let name_end = scan_name(text, at)?;
    let mut attributes = Vec::new();
    let mut at = name_end;
    loop {
        let begin = spaces(text, at)?;
        match need(text, begin)? {
            '>' => return Ok(StartTag { name_end, attributes, is_empty: false, end: begin + 1 }),
            '/' => {
                return match need(text, begin + 1)? {
                    '>' => Ok(StartTag { name_end, attributes, is_empty: true, end: begin + 2 }),
                    _ => Err(Trouble::Bad(begin + 1)),
                };
            }
            _ if begin == at => return Err(Trouble::Bad(at)),
            _ => {}
        }
        let end = scan_name(text, begin)?;
        let equals = spaces(text, end)?;
        if need(text, equals)? != '=' {
            return Err(Trouble::Bad(equals));
        }
        let quote = spaces(text, equals + 1)?;
        let (value_end, is_plain) = attribute_value(text, quote)?;
        let value = (quote + 1, value_end);
        attributes.push(Attribute { name: (begin, end), value, is_plain });
        at = value_end + 1;
    }
}

/// The closing quote of a value whose quote is at `at`, and whether the value
/// means what is written.
fn attribute_value(text: &str, at: usize) -> Result<(usize, bool), Trouble> {
    let quote = need(text, at)?;
    if quote != '"' && quote != '\'' {
        return Err(Trouble::Bad(at));
    }
    let mut at = at + 1;
    let mut is_plain = true;
    loop {
        at = skip(text.as_bytes(), at, VALUE);
        let c = need(text, at)?;
        match c {
            c if c == quote => return Ok((at, is_plain)),
            '<' => return Err(Trouble::Bad(at)),
            '&' => {
                is_plain = false;
                at = reference(text, at + 1)?;
            }
            c if !is_char(c) => return Err(Trouble::Bad(at)),
            c => {
                is_plain &= !is_space(c);
                at += c.len_utf8();
            }
        }
    }
}
