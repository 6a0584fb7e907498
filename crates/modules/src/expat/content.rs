//! Elements and what is in them.

use super::{
    ASYNC_ENTITY, Answer, BAD_CHAR_REF, BINARY_ENTITY_REF, ENTITY_DECLARED_IN_PE,
    EXTERNAL_ENTITY_HANDLING, INVALID_TOKEN, JUNK_AFTER_DOC_ELEMENT, Kind, MISPLACED_XML_PI,
    Parser, Pause, Phase, RECURSIVE_ENTITY_REF, Sink, TAG_MISMATCH, Text, UNDEFINED_ENTITY, Width,
    scan::{self, Trouble},
};

impl Parser {
    /// The start of the content of an external entity.
    pub(super) fn read_entity_start(
        &mut self,
        sink: &dyn Sink,
        text: Text<'_>,
        at: &mut usize,
    ) -> Answer<Pause> {
        let rest = text.get(*at, text.text.len());
        if "<?xml".starts_with(rest) && !text.is_final {
            return Ok(Pause::Input);
        }
        if rest.strip_prefix("<?xml").is_some_and(|rest| rest.starts_with(scan::is_space)) {
            match scan::instruction(text.text, *at + 2) {
                Ok((_, end)) => {
                    self.event(text.is_document, *at);
                    self.xml_declaration(sink, text, *at, end, true)?;
                    *at = end;
                }
                Err(Trouble::More) if !text.is_final => return Ok(Pause::Input),
                Err(_) => {}
            }
        }
        self.phase = Phase::Content;
        Ok(Pause::Turn)
    }

    /// Read elements, data and references.
    pub(super) fn read_content(
        &mut self,
        sink: &dyn Sink,
        text: Text<'_>,
        at: &mut usize,
    ) -> Answer<Pause> {
        let depth = self.open.len();
        loop {
            if self.in_cdata {
                if self.read_cdata(sink, text, at)? == Pause::Input {
                    return Ok(Pause::Input);
                }
                continue;
            }
            let begin = *at;
            let Some(c) = scan::char_at(text.text, begin) else {
                if text.is_document && self.has_rest(text) {
                    return self.incomplete(text, begin);
                }
                return Ok(Pause::Input);
            };
            self.event(text.is_document, begin);
            let end = match c {
                '<' => self.read_markup(sink, text, begin),
                '&' => self.read_reference(sink, text, begin),
                '\r' | '\n' => self.read_newline(sink, text, begin),
                _ => self.read_data(sink, text, begin),
            }?;
            match end {
                Ok(end) => *at = end,
                Err(Trouble::More) => return self.incomplete(text, begin),
                Err(Trouble::Bad(bad)) => return self.fail_at(text, bad, INVALID_TOKEN),
            }
            if self.open.len() != depth || self.phase != Phase::Content {
                return Ok(Pause::Turn);
            }
        }
    }

    fn characters(&self, sink: &dyn Sink, data: &str, written: &str) -> Answer {
        if sink.wants(Kind::CharacterData) {
            sink.characters(data)?;
            return Ok(());
        }
        self.default(sink, written)
    }

    /// Data as it is written, in the pieces in which Expat tells it.
    fn plain_characters(&self, sink: &dyn Sink, data: &str) -> Answer {
        if matches!(self.settings.place.width.get(), Width::Utf8) {
            return self.characters(sink, data, data);
        }
        // COMPAT: what is not UTF-8 is decoded piece by piece (test_pyexpat ChardataBufferTest).
        const PIECE: usize = 1024;
        let mut rest = data;
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(rest.floor_char_boundary(PIECE));
            self.characters(sink, piece, piece)?;
            rest = behind;
        }
        Ok(())
    }

    fn read_newline(
        &mut self,
        sink: &dyn Sink,
        text: Text<'_>,
        at: usize,
    ) -> Answer<Result<usize, Trouble>> {
        let mut end = at + 1;
        if text.get(at, end) == "\r" {
            match scan::char_at(text.text, end) {
                Some('\n') => end += 1,
                None if !text.is_final => return Ok(Err(Trouble::More)),
                _ => {}
            }
        }
        self.characters(sink, "\n", text.get(at, end))?;
        Ok(Ok(end))
    }

    fn read_data(
        &mut self,
        sink: &dyn Sink,
        text: Text<'_>,
        at: usize,
    ) -> Answer<Result<usize, Trouble>> {
        let bytes = text.text.as_bytes();
        let mut end = scan::plain_data(bytes, at);
        let mut bad = None;
        while let Some(c) = scan::char_at(text.text, end) {
            match c {
                '<' | '&' | '\r' | '\n' => break,
                ']' => match (bytes.get(end + 1), bytes.get(end + 2)) {
                    (Some(b']'), Some(b'>')) => {
                        bad = Some(end + 2);
                        break;
                    }
                    (None, _) | (Some(b']'), None) if !text.is_final => {
                        if end == at {
                            return Ok(Err(Trouble::More));
                        }
                        break;
                    }
                    _ => end += 1,
                },
                c if !scan::is_char(c) => {
                    bad = Some(end);
                    break;
                }
                c => end += c.len_utf8(),
            }
            end = scan::plain_data(bytes, end);
        }
        if end == at {
            return Ok(Err(Trouble::Bad(bad.unwrap_or(at))));
        }
        let data = text.get(at, end);
        self.plain_characters(sink, data)?;
        Ok(Ok(end))
    }

    fn read_cdata(&mut self, sink: &dyn Sink, text: Text<'_>, at: &mut usize) -> Answer<Pause> {
        let begin = *at;
        self.event(text.is_document, begin);
        let rest = text.get(begin, text.text.len());
        if rest.is_empty() {
            if text.is_document && self.decoder.is_bad() {
                return self.incomplete(text, begin);
            }
            return Ok(Pause::Input);
        }
        if rest.starts_with("]]>") {
            self.in_cdata = false;
            if sink.wants(Kind::EndCdataSection) {
                sink.end_cdata()?;
            } else {
                self.default(sink, "]]>")?;
            }
            *at = begin + 3;
            return Ok(Pause::Turn);
        }
        if !text.is_final && matches!(rest, "]" | "]]" | "\r") {
            return Ok(Pause::Input);
        }
        if rest.starts_with(['\r', '\n']) {
            if let Ok(end) = self.read_newline(sink, text, begin)? {
                *at = end;
            }
            return Ok(Pause::Turn);
        }
        let mut len = 0;
        for (offset, c) in rest.char_indices() {
            if matches!(c, '\r' | '\n') || c == ']' && offset > 0 {
                break;
            }
            if !scan::is_char(c) {
                if offset == 0 {
                    return self.fail_at(text, begin, INVALID_TOKEN);
                }
                break;
            }
            len = offset + c.len_utf8();
        }
        let data = text.get(begin, begin + len);
        self.plain_characters(sink, data)?;
        *at = begin + len;
        Ok(Pause::Turn)
    }

    /// What begins with `<`.
    fn read_markup(
        &mut self,
        sink: &dyn Sink,
        text: Text<'_>,
        at: usize,
    ) -> Answer<Result<usize, Trouble>> {
        let end = match scan::need(text.text, at + 1) {
            Ok('/') => return self.read_end_tag(sink, text, at),
            Ok('!') => return self.read_declaration_like(sink, text, at),
            Ok('?') => self.read_instruction(sink, text, at)?,
            Ok(_) => return self.read_start_tag(sink, text, at),
            Err(trouble) => Err(trouble),
        };
        Ok(end)
    }

    /// A comment or the start of a CDATA section.
    fn read_declaration_like(
        &mut self,
        sink: &dyn Sink,
        text: Text<'_>,
        at: usize,
    ) -> Answer<Result<usize, Trouble>> {
        const CDATA: &str = "[CDATA[";
        match scan::need(text.text, at + 2) {
            Ok('-') => return self.read_comment(sink, text, at),
            Ok('[') => {}
            Ok(_) => return Ok(Err(Trouble::Bad(at + 2))),
            Err(trouble) => return Ok(Err(trouble)),
        }
        for (offset, expected) in CDATA.char_indices() {
            match scan::need(text.text, at + 2 + offset) {
                Ok(c) if c == expected => {}
                Ok(_) => return Ok(Err(Trouble::Bad(at + 2 + offset))),
                Err(trouble) => return Ok(Err(trouble)),
            }
        }
        if sink.wants(Kind::StartCdataSection) {
            sink.start_cdata()?;
        } else {
            self.default(sink, "<![CDATA[")?;
        }
        self.in_cdata = true;
        Ok(Ok(at + 2 + CDATA.len()))
    }

    /// A comment that begins at `at`.
    pub(super) fn read_comment(
        &mut self,
        sink: &dyn Sink,
        text: Text<'_>,
        at: usize,
    ) -> Answer<Result<usize, Trouble>> {
        match scan::need(text.text, at + 3) {
            Ok('-') => {}
            Ok(_) => return Ok(Err(Trouble::Bad(at + 3))),
            Err(trouble) => return Ok(Err(trouble)),
        }
        let end = match scan::comment(text.text, at + 4) {
            Ok(end) => end,
            Err(trouble) => return Ok(Err(trouble)),
        };
        if sink.wants(Kind::Comment) {
            sink.comment(&newlines(text.get(at + 4, end - 3)))?;
        } else {
            self.default(sink, text.get(at, end))?;
        }
        Ok(Ok(end))
    }

    /// A processing instruction that begins at `at`.
    pub(super) fn read_instruction(
        &mut self,
        sink: &dyn Sink,
        text: Text<'_>,
        at: usize,
    ) -> Answer<Result<usize, Trouble>> {
        let (target_end, end) = match scan::instruction(text.text, at + 2) {
            Ok(found) => found,
            Err(trouble) => return Ok(Err(trouble)),
        };
        let target = text.get(at + 2, target_end);
        if target == "xml" {
            return self.fail(MISPLACED_XML_PI);
        }
        if sink.wants(Kind::ProcessingInstruction) {
            let data = text.get(target_end, end - 2).trim_start_matches(scan::is_space);
            sink.instruction(target, &newlines(data))?;
        } else {
            self.default(sink, text.get(at, end))?;
        }
        Ok(Ok(end))
    }

    fn read_start_tag(
        &mut self,
        sink: &dyn Sink,
        text: Text<'_>,
        at: usize,
    ) -> Answer<Result<usize, Trouble>> {
        let qualified = self.settings.namespaces.is_some();
        let tag = match scan::start_tag(text.text, at + 1, qualified) {
            Ok(tag) => tag,
            Err(trouble) => return Ok(Err(trouble)),
        };
        let written = text.get(at + 1, tag.name_end);
        let bindings = self.bindings.len();
        let mut attributes = self.attributes(text, written, &tag)?;
        let name = self.expand_names(sink, written, &mut attributes)?;
        let starts = sink.wants(Kind::StartElement);
        if starts {
            sink.start_element(&name, &attributes.items, attributes.given)?;
        }
        if !tag.is_empty {
            if !starts {
                self.default(sink, text.get(at, tag.end))?;
            }
            self.tags.push(written, &name, bindings);
            return Ok(Ok(tag.end));
        }
        let ends = sink.wants(Kind::EndElement);
        if ends {
            if starts {
                self.event(text.is_document, tag.end);
            }
            sink.end_element(&name)?;
        }
        if !starts && !ends {
            self.default(sink, text.get(at, tag.end))?;
        }
        self.unbind(sink, bindings)?;
        self.end_of_element();
        Ok(Ok(tag.end))
    }

    fn end_of_element(&mut self) {
        if self.tags.is_empty() && !self.is_external_content() {
            self.phase = Phase::Epilog;
        }
    }

    fn read_end_tag(
        &mut self,
        sink: &dyn Sink,
        text: Text<'_>,
        at: usize,
    ) -> Answer<Result<usize, Trouble>> {
        let scanned = scan::name(text.text, at + 2).and_then(|name_end| {
            let close = scan::spaces(text.text, name_end)?;
            match scan::need(text.text, close)? {
                '>' => Ok((name_end, close + 1)),
                _ => Err(Trouble::Bad(close)),
            }
        });
        let (name_end, end) = match scanned {
            Ok(found) => found,
            Err(trouble) => return Ok(Err(trouble)),
        };
        let level = self.open.last().map_or(0, |open| open.level);
        if self.tags.len() <= level {
            return self.fail(ASYNC_ENTITY);
        }
        let Some(tag) = self.tags.last() else { return self.fail(ASYNC_ENTITY) };
        if *tag.written != *text.get(at + 2, name_end) {
            return self.fail_at(text, at + 2, TAG_MISMATCH);
        }
        let bindings = tag.bindings;
        if sink.wants(Kind::EndElement) {
            sink.end_element(tag.name)?;
        } else {
            self.default(sink, text.get(at, end))?;
        }
        self.tags.pop();
        self.unbind(sink, bindings)?;
        self.end_of_element();
        Ok(Ok(end))
    }

    fn read_reference(
        &mut self,
        sink: &dyn Sink,
        text: Text<'_>,
        at: usize,
    ) -> Answer<Result<usize, Trouble>> {
        let end = match scan::reference(text.text, at + 1) {
            Ok(end) => end,
            Err(trouble) => return Ok(Err(trouble)),
        };
        let name = text.get(at + 1, end - 1);
        let written = text.get(at, end);
        let known = if name.starts_with('#') {
            match scan::character_number(name) {
                Some(c) => Some(c),
                None => return self.fail(BAD_CHAR_REF),
            }
        } else {
            scan::predefined(name)
        };
        match known {
            Some(c) => self.characters(sink, c.encode_utf8(&mut [0; 4]), written)?,
            None => self.read_entity(sink, name, written)?,
        }
        Ok(Ok(end))
    }

    fn read_entity(&mut self, sink: &dyn Sink, name: &str, written: &str) -> Answer {
        let (entity, must_exist) = {
            let dtd = self.settings.dtd.borrow();
            (dtd.general.get(name).cloned(), !dtd.has_parameter_refs || dtd.is_standalone)
        };
        let Some(entity) = entity else {
            if must_exist {
                return self.fail(UNDEFINED_ENTITY);
            }
            return self.skip_entity(sink, name, written);
        };
        if must_exist && !entity.is_internal {
            return self.fail(ENTITY_DECLARED_IN_PE);
        }
        if entity.is_open.get() {
            return self.fail(RECURSIVE_ENTITY_REF);
        }
        if entity.notation.is_some() {
            return self.fail(BINARY_ENTITY_REF);
        }
        if let Some(replacement) = entity.text.clone() {
            if !sink.expands() {
                return self.skip_entity(sink, name, written);
            }
            self.open_entity(&entity, &replacement, false);
            return Ok(());
        }
        if !sink.wants(Kind::ExternalEntityRef) {
            return self.default(sink, written);
        }
        let context = match self.context() {
            bindings if bindings.is_empty() => name.to_owned(),
            bindings => format!("{bindings}\x0c{name}"),
        };
        let handled = sink.external_entity(Some(&context), &entity.at)?;
        entity.is_open.set(false);
        if handled { Ok(()) } else { self.fail(EXTERNAL_ENTITY_HANDLING) }
    }

    fn skip_entity(&mut self, sink: &dyn Sink, name: &str, written: &str) -> Answer {
        if sink.wants(Kind::SkippedEntity) {
            sink.skipped_entity(name, false)?;
            return Ok(());
        }
        self.default(sink, written)
    }

    /// Behind the document element.
    pub(super) fn read_epilog(
        &mut self,
        sink: &dyn Sink,
        text: Text<'_>,
        at: &mut usize,
    ) -> Answer<Pause> {
        loop {
            let begin = *at;
            let Some(c) = scan::char_at(text.text, begin) else {
                if text.is_document && self.decoder.is_bad() {
                    return self.incomplete(text, begin);
                }
                return Ok(Pause::Input);
            };
            self.event(text.is_document, begin);
            let rest = text.get(begin, text.text.len());
            let end = if scan::is_space(c) {
                let end = begin + rest.len() - rest.trim_start_matches(scan::is_space).len();
                self.default(sink, text.get(begin, end))?;
                Ok(end)
            } else if rest.starts_with("<?") {
                self.read_instruction(sink, text, begin)?
            } else if rest.starts_with("<!-") {
                self.read_comment(sink, text, begin)?
            } else if matches!(rest, "<" | "<!") {
                Err(Trouble::More)
            } else if !scan::is_char(c) {
                Err(Trouble::Bad(begin))
            } else {
                return self.epilog_junk(text, begin);
            };
            match end {
                Ok(end) => *at = end,
                Err(Trouble::More) => return self.incomplete(text, begin),
                Err(Trouble::Bad(bad)) => return self.fail_at(text, bad, INVALID_TOKEN),
            }
        }
    }

    /// Something that may not follow the document element.
    fn epilog_junk(&mut self, text: Text<'_>, at: usize) -> Answer<Pause> {
        match super::prolog::token(text.text, at) {
            scan::Scan::Bad(bad) => self.fail_at(text, bad, INVALID_TOKEN),
            scan::Scan::More => self.incomplete(text, at),
            scan::Scan::Maybe(..) if !text.is_final => Ok(Pause::Input),
            _ => self.fail(JUNK_AFTER_DOC_ELEMENT),
        }
    }
}

/// Line ends become `\n`.
pub(super) fn newlines(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains('\r') {
        return text.replace("\r\n", "\n").replace('\r', "\n").into();
    }
    text.into()
}
