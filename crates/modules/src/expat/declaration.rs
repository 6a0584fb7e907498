//! XML and text declarations.

use super::{
    Answer, INCORRECT_ENCODING, Kind, Parser, Sink, TEXT_DECL, Text, UNKNOWN_ENCODING, XML_DECL,
    decode::Encoding, scan,
};

/// A pseudo-attribute: name, value, where they are, and the end.
struct Pair<'a> {
    name: &'a str,
    value: &'a str,
    name_at: usize,
    value_at: usize,
    end: usize,
}

/// The pseudo-attribute at `at`; `None` at the end. An error: where it is wrong.
fn pair(text: &str, at: usize, end: usize) -> Result<Option<Pair<'_>>, usize> {
    let skip = |mut at: usize| {
        while at < end && scan::char_at(text, at).is_some_and(scan::is_space) {
            at += 1;
        }
        at
    };
    let begin = skip(at);
    if begin == end {
        return Ok(None);
    }
    if begin == at {
        return Err(at);
    }
    let mut name_end = begin;
    while name_end < end && scan::char_at(text, name_end).is_some_and(|c| c.is_ascii_lowercase()) {
        name_end += 1;
    }
    let equals = skip(name_end);
    if name_end == begin || text.get(equals..equals + 1) != Some("=") {
        return Err(equals);
    }
    let open = skip(equals + 1);
    let Some(quote @ ('"' | '\'')) = scan::char_at(text, open) else { return Err(open) };
    let mut close = open + 1;
    loop {
        match scan::char_at(text, close) {
            Some(c) if c == quote && close < end => break,
            Some(c)
                if close < end && (c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')) =>
            {
                close += 1;
            }
            _ => return Err(close),
        }
    }
    Ok(Some(Pair {
        name: text.get(begin..name_end).unwrap_or_default(),
        value: text.get(open + 1..close).unwrap_or_default(),
        name_at: begin,
        value_at: open + 1,
        end: close + 1,
    }))
}

impl Parser {
    /// The declaration from `at` to `end`.
    pub(super) fn xml_declaration(
        &mut self,
        sink: &dyn Sink,
        text: Text<'_>,
        at: usize,
        end: usize,
        is_text: bool,
    ) -> Answer {
        let code = if is_text { TEXT_DECL } else { XML_DECL };
        let stop = end - 2;
        let source = text.text;
        let mut version = None;
        let mut encoding = None;
        let mut standalone = -1;
        let mut position = at + 5;
        let mut next = match pair(source, position, stop) {
            Ok(next) => next,
            Err(bad) => return self.fail_at(text, bad, code),
        };
        let advance = |position: usize| pair(source, position, stop);
        match &next {
            Some(found) if found.name == "version" => {
                version = Some(found.value);
                position = found.end;
                next = match advance(position) {
                    Ok(next) => next,
                    Err(bad) => return self.fail_at(text, bad, code),
                };
            }
            Some(_) if is_text => {}
            _ => return self.fail_at(text, position, code),
        }
        if let Some(found) = &next
            && found.name == "encoding"
        {
            if !found.value.starts_with(|c: char| c.is_ascii_alphabetic()) {
                return self.fail_at(text, found.value_at, code);
            }
            encoding = Some((found.value, found.value_at));
            position = found.end;
            next = match advance(position) {
                Ok(next) => next,
                Err(bad) => return self.fail_at(text, bad, code),
            };
        } else if is_text {
            return self.fail_at(text, position, code);
        }
        if let Some(found) = &next {
            standalone = match (found.name, found.value) {
                ("standalone", "yes") if !is_text => 1,
                ("standalone", "no") if !is_text => 0,
                ("standalone", _) if !is_text => {
                    return self.fail_at(text, found.value_at, code);
                }
                _ => return self.fail_at(text, found.name_at, code),
            };
            position = found.end;
            match advance(position) {
                Ok(None) => {}
                Ok(Some(_)) => return self.fail_at(text, position, code),
                Err(bad) => return self.fail_at(text, bad, code),
            }
        }
        if standalone == 1 {
            self.settings.dtd.borrow_mut().is_standalone = true;
        }
        if sink.wants(Kind::XmlDecl) {
            sink.xml_declaration(version, encoding.map(|found| found.0), standalone)?;
        } else {
            self.default(sink, text.get(at, end))?;
        }
        match encoding {
            Some((name, at)) if text.is_document && !self.decoder.is_forced => {
                self.switch_encoding(sink, text, name, at)
            }
            _ => Ok(()),
        }
    }

    fn switch_encoding(
        &mut self,
        sink: &dyn Sink,
        text: Text<'_>,
        name: &str,
        at: usize,
    ) -> Answer {
        let is_wide = self.decoder.encoding().is_wide();
        let Some(encoding) = Encoding::named(name) else {
            if is_wide {
                return self.fail_at(text, at, INCORRECT_ENCODING);
            }
            return match sink.unknown_encoding(name)?.and_then(Encoding::of_table) {
                Some(encoding) => {
                    self.decoder.set(encoding);
                    Ok(())
                }
                None => self.fail_at(text, at, UNKNOWN_ENCODING),
            };
        };
        if encoding.is_wide() != is_wide {
            return self.fail_at(text, at, INCORRECT_ENCODING);
        }
        if !is_wide {
            self.decoder.set(encoding);
        }
        Ok(())
    }
}
