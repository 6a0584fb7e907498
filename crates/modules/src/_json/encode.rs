//! Objects to JSON text.

use std::cell::Cell;

use macros::{pymethods, pytype};
use object::{
    AsObject, Dict, Float, Head, Int, List, Obj, Protocol, Raised, Ref, Result, Str, StrBuilder,
    Thread, Tuple, Type, alloc_object,
    declare::TypeBuilder,
    id, protocol, raise,
    types::{self, builtin_function::BuiltinFunction, str_eq},
};
use text::{CodeUnit, Units, each_width};

/// Which strings an encoder writes itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strings {
    Ascii,
    Plain,
    /// By calling `encoder`.
    Call,
}

/// The definition of the function that was last found to be one of ours.
#[derive(Default)]
struct Known(Cell<Option<(*const abi::PyMethodDef, Strings)>>);

impl Strings {
    fn of(th: Thread<'_>, encoder: Obj<'_>) -> Result<Strings> {
        let Some(function) = encoder.downcast_exact::<BuiltinFunction>() else {
            return Ok(Strings::Call);
        };
        let def: *const abi::PyMethodDef = function.def();
        let known = &th.interp().extensions.get::<Known>().0;
        if let Some((_, strings)) = known.get().filter(|(known, _)| *known == def) {
            return Ok(strings);
        }
        if !str_eq(encoder.getattr(th, id!(th, "__module__"))?.obj(), "_json") {
            return Ok(Strings::Call);
        }
        let name = encoder.getattr(th, id!(th, "__name__"))?;
        let strings = if str_eq(name.obj(), "encode_basestring_ascii") {
            Strings::Ascii
        } else if str_eq(name.obj(), "encode_basestring") {
            Strings::Plain
        } else {
            return Ok(Strings::Call);
        };
        known.set(Some((def, strings)));
        Ok(strings)
    }
}

/// Encoder(markers, default, encoder, indent, key_separator, item_separator, sort_keys, skipkeys, allow_nan)
#[pytype(name = "_json.Encoder", flags = BASETYPE)]
pub(super) struct Encoder {
    head: Head,
    markers: Ref,
    default: Ref,
    encoder: Ref,
    indent: Ref,
    key_separator: Ref<Str>,
    item_separator: Ref<Str>,
    sort_keys: bool,
    skipkeys: bool,
    allow_nan: bool,
    #[traverse(skip)]
    strings: Strings,
}

#[pymethods]
impl Encoder {
    #[sig = "make_encoder(markers, default, encoder, indent, key_separator, item_separator, sort_keys, skipkeys, allow_nan)"]
    #[allow(clippy::too_many_arguments, reason = "the parameters of Python's function")]
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        markers: Obj<'_>,
        default: Obj<'_>,
        encoder: Obj<'_>,
        indent: Obj<'_>,
        key_separator: Obj<'_>,
        item_separator: Obj<'_>,
        sort_keys: bool,
        skipkeys: bool,
        allow_nan: bool,
    ) -> Result {
        let separator = |value: Obj<'_>, number: u32| -> Result<Ref<Str>> {
            match value.downcast::<Str>() {
                Some(text) => Ok(object::own(text)),
                None => raise!(
                    th,
                    TypeError,
                    "make_encoder() argument {number} must be str, not {}",
                    value.type_name()
                ),
            }
        };
        let (key_separator, item_separator) =
            (separator(key_separator, 5)?, separator(item_separator, 6)?);
        if !markers.is_none() && markers.downcast::<Dict>().is_none() {
            raise!(
                th,
                TypeError,
                "make_encoder() argument 1 must be dict or None, not {}",
                markers.type_name()
            );
        }
        let strings = Strings::of(th, encoder)?;
        let encoder = Encoder {
            head: Head::new(),
            markers: markers.own(),
            default: default.own(),
            encoder: encoder.own(),
            indent: indent.own(),
            key_separator,
            item_separator,
            sort_keys,
            skipkeys,
            allow_nan,
            strings,
        };
        Ok(alloc_object::alloc(th, cls, encoder)?.upcast())
    }

    #[sig = "_iterencode(obj, _current_indent_level)"]
    fn __call__(
        &self,
        th: Thread<'_>,
        obj: Obj<'_>,
        current_indent_level: isize,
    ) -> Result<Ref<Tuple>> {
        let level = usize::try_from(current_indent_level).unwrap_or(0);
        let mut encode = Encode {
            th,
            encoder: self,
            indent: self.indent.obj().downcast::<Str>(),
            out: StrBuilder::new(),
            active: self.markers.obj().downcast::<Dict>().map(|_| Vec::new()),
            number: String::new(),
        };
        encode.value(obj, level)?;
        Tuple::from_array(th, [encode.out.finish(th)?.upcast()])
    }

    #[declare]
    fn members(builder: &mut TypeBuilder<'_>) {
        use std::mem::offset_of;
        let (object, boolean, fixed) = (abi::_Py_T_OBJECT, abi::Py_T_BOOL, abi::Py_READONLY);
        let mut member = |name, kind, offset| builder.member(name, kind, offset, fixed, None);
        member(c"markers", object, offset_of!(Encoder, markers));
        member(c"default", object, offset_of!(Encoder, default));
        member(c"encoder", object, offset_of!(Encoder, encoder));
        member(c"indent", object, offset_of!(Encoder, indent));
        member(c"key_separator", object, offset_of!(Encoder, key_separator));
        member(c"item_separator", object, offset_of!(Encoder, item_separator));
        member(c"sort_keys", boolean, offset_of!(Encoder, sort_keys));
        member(c"skipkeys", boolean, offset_of!(Encoder, skipkeys));
    }
}

/// Append a string with its quotes.
pub(super) fn string(th: Thread<'_>, out: &mut StrBuilder, text: &Str, ascii: bool) -> Result<()> {
    if let Units::Ucs1(bytes) = text.units()
        && is_plain(bytes, ascii)
        && let Some(out) = out.narrow(th, bytes.len() + 2)?
    {
        out.push(b'"');
        out.extend_from_slice(bytes);
        out.push(b'"');
        return Ok(());
    }
    out.push_str(th, "\"")?;
    each_width!(text.units(), units => escape(th, out, units, ascii))?;
    out.push_str(th, "\"")
}

/// Whether nothing is to be escaped. PERF: without a way out of the loop, which
/// takes many bytes at a time.
fn is_plain(bytes: &[u8], ascii: bool) -> bool {
    let last = if ascii { 0x7E - 0x20 } else { 0xFF - 0x20 };
    let special = |byte: u8| {
        u8::from(byte.wrapping_sub(0x20) > last) | u8::from(byte == b'"') | u8::from(byte == b'\\')
    };
    let (chunks, rest) = bytes.as_chunks::<32>();
    let any = |bytes: &[u8]| bytes.iter().fold(0, |found, byte| found | special(*byte)) != 0;
    !chunks.iter().any(|chunk| any(chunk)) && !any(rest)
}

fn escape<U: CodeUnit>(
    th: Thread<'_>,
    out: &mut StrBuilder,
    mut rest: &[U],
    ascii: bool,
) -> Result<()> {
    let special = |unit: &U| {
        let code = unit.code();
        code < 0x20 || code == 0x22 || code == 0x5C || ascii && code > 0x7E
    };
    while let Some(at) = rest.iter().position(special) {
        out.push_units(th, U::units(&rest[..at]))?;
        let code = rest[at].code();
        match code {
            0x22 => out.push_str(th, "\\\"")?,
            0x5C => out.push_str(th, "\\\\")?,
            8 => out.push_str(th, "\\b")?,
            9 => out.push_str(th, "\\t")?,
            10 => out.push_str(th, "\\n")?,
            12 => out.push_str(th, "\\f")?,
            13 => out.push_str(th, "\\r")?,
            0x1_0000.. => {
                let offset = code - 0x1_0000;
                out.push_units(th, Units::Ucs1(&hexadecimal(0xD800 | offset >> 10)))?;
                out.push_units(th, Units::Ucs1(&hexadecimal(0xDC00 | offset & 0x3FF)))?;
            }
            _ => out.push_units(th, Units::Ucs1(&hexadecimal(code)))?,
        }
        rest = &rest[at + 1..];
    }
    out.push_units(th, U::units(rest))
}

/// `\uXXXX`
fn hexadecimal(code: u32) -> [u8; 6] {
    let digit = |shift: u32| b"0123456789abcdef"[(code >> shift & 15) as usize];
    [b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]
}

struct Encode<'a> {
    th: Thread<'a>,
    encoder: &'a Encoder,
    indent: Option<&'a Str>,
    out: StrBuilder,
    /// The addresses of the containers that are being encoded, if one within
    /// itself is to be noticed. PERF: there are few, and a dict costs more.
    active: Option<Vec<usize>>,
    /// Memory for the text of floats.
    number: String,
}

impl Encode<'_> {
    fn value(&mut self, object: Obj<'_>, level: usize) -> Result<()> {
        let th = self.th;
        if object.is_none() {
            return self.out.push_str(th, "null");
        }
        if object.is(types::bool_(true)) {
            return self.out.push_str(th, "true");
        }
        if object.is(types::bool_(false)) {
            return self.out.push_str(th, "false");
        }
        if let Some(text) = object.downcast::<Str>() {
            return self.string(text);
        }
        if Int::is_int(object) {
            return self.int(object);
        }
        if let Some(value) = object.downcast::<Float>() {
            self.float(value)?;
            return self.out.push_str(th, &self.number);
        }
        if object.downcast::<List>().is_some() || object.downcast::<Tuple>().is_some() {
            th.check_stack(" while encoding a JSON object")?;
            return self.sequence(object, level);
        }
        if let Some(dict) = object.downcast::<Dict>() {
            th.check_stack(" while encoding a JSON object")?;
            return self.mapping(dict, level);
        }
        self.mark(object)?;
        let default = self.encoder.default.call(th, &[object])?;
        th.check_stack(" while encoding a JSON object")?;
        if let Err(raised) = self.value(default.obj(), level) {
            let name = object.ty().full_name();
            return Err(self.note(raised, format!("when serializing {name} object")));
        }
        self.unmark();
        Ok(())
    }

    /// Remember that `object` is being encoded.
    fn mark(&mut self, object: Obj<'_>) -> Result<()> {
        let Some(active) = &mut self.active else { return Ok(()) };
        let address = object.as_ptr().addr();
        if active.contains(&address) {
            raise!(self.th, ValueError, "Circular reference detected");
        }
        active.push(address);
        Ok(())
    }

    fn unmark(&mut self) {
        if let Some(active) = &mut self.active {
            active.pop();
        }
    }

    /// Add a note to the exception that is set.
    #[cold]
    fn note(&self, raised: Raised, text: String) -> Raised {
        let th = self.th;
        let exception = th.take_exception(raised);
        let added = Str::new(th, &text)
            .and_then(|text| exception.call_method(th, id!(th, "add_note"), &[text.obj()]));
        if let Err(raised) = added {
            th.clear_exception(raised);
        }
        th.restore(exception)
    }

    fn string(&mut self, text: &Str) -> Result<()> {
        let th = self.th;
        match self.encoder.strings {
            Strings::Ascii => string(th, &mut self.out, text, true),
            Strings::Plain => string(th, &mut self.out, text, false),
            Strings::Call => {
                let encoded = self.encoder.encoder.call(th, &[text.obj()])?;
                match encoded.obj().downcast::<Str>() {
                    Some(text) => self.out.push_obj(th, text),
                    None => raise!(
                        th,
                        TypeError,
                        "encoder() must return a string, not {}",
                        encoded.obj().type_name()
                    ),
                }
            }
        }
    }

    fn int(&mut self, object: Obj<'_>) -> Result<()> {
        match Int::to_i64(object) {
            Some(value) => {
                let mut digits = [0u8; 20];
                let text = decimal(&mut digits, value);
                self.out.push_units(self.th, Units::Ucs1(text))
            }
            None => {
                let text = types::int::text::repr(self.th, object)?;
                self.out.push_obj(self.th, &text)
            }
        }
    }

    /// Write the text of a float to `number`.
    fn float(&mut self, value: &Float) -> Result<()> {
        let number = value.value();
        self.number.clear();
        if number.is_finite() {
            num::float_text::write_repr(&mut self.number, number);
            return Ok(());
        }
        if !self.encoder.allow_nan {
            let repr = value.obj().repr(self.th)?;
            raise!(self.th, ValueError, "Out of range float values are not JSON compliant: {repr}");
        }
        self.number.push_str(match number {
            number if number.is_nan() => "NaN",
            number if number > 0.0 => "Infinity",
            _ => "-Infinity",
        });
        Ok(())
    }

    fn newline(&mut self, level: usize) -> Result<()> {
        let Some(indent) = self.indent else { return Ok(()) };
        self.out.push_str(self.th, "\n")?;
        for _ in 0..level {
            self.out.push_units(self.th, indent.units())?;
        }
        Ok(())
    }

    fn separate(&mut self, level: usize) -> Result<()> {
        self.out.push_units(self.th, self.encoder.item_separator.units())?;
        self.newline(level)
    }

    fn sequence(&mut self, object: Obj<'_>, level: usize) -> Result<()> {
        let th = self.th;
        // The length of a list can change while its items are encoded.
        let item = |index: usize| match object.downcast::<List>() {
            Some(list) => list.get(index),
            None => object.downcast::<Tuple>()?.get(index).map(Obj::own),
        };
        if item(0).is_none() {
            return self.out.push_str(th, "[]");
        }
        self.mark(object)?;
        self.out.push_str(th, "[")?;
        self.newline(level + 1)?;
        let mut index = 0;
        while let Some(value) = item(index) {
            if index > 0 {
                self.separate(level + 1)?;
            }
            if let Err(raised) = self.value(value.obj(), level + 1) {
                let name = object.ty().full_name();
                return Err(self.note(raised, format!("when serializing {name} item {index}")));
            }
            index += 1;
        }
        self.unmark();
        self.newline(level)?;
        self.out.push_str(th, "]")
    }

    fn mapping(&mut self, dict: &Dict, level: usize) -> Result<()> {
        let th = self.th;
        if dict.length(th)? == 0 {
            return self.out.push_str(th, "{}");
        }
        self.mark(dict.obj())?;
        self.out.push_str(th, "{")?;
        let mut first = true;
        if !self.encoder.sort_keys && dict.obj().is_exact::<Dict>() {
            let mut position = 0;
            while let Some((key, value)) = dict.next_entry(&mut position) {
                self.entry(dict, &key, &value, level + 1, &mut first)?;
            }
        } else {
            let items = dict.obj().call_method(th, id!(th, "items"), &[])?;
            let items = List::from_refs(th, protocol::iter::collect(th, items.obj())?)?;
            if self.encoder.sort_keys {
                items.sort(th)?;
            }
            for item in items.to_vec() {
                let pair = item.obj().downcast::<Tuple>().map(Tuple::items);
                let Some([key, value]) = pair else {
                    raise!(th, ValueError, "items must return 2-tuples");
                };
                self.entry(dict, &key.own(), &value.own(), level + 1, &mut first)?;
            }
        }
        self.unmark();
        if !first {
            self.newline(level)?;
        }
        self.out.push_str(th, "}")
    }

    /// The text of a key that is not a string; `None` if it is to be skipped.
    fn key_text(&mut self, key: Obj<'_>) -> Result<Option<Ref<Str>>> {
        let th = self.th;
        let text = if let Some(value) = key.downcast::<Float>() {
            self.float(value)?;
            Str::new(th, &self.number)?
        } else if key.is_none() {
            Str::new(th, "null")?
        } else if key.is(types::bool_(true)) {
            Str::new(th, "true")?
        } else if key.is(types::bool_(false)) {
            Str::new(th, "false")?
        } else if Int::is_int(key) {
            types::int::text::repr(th, key)?
        } else if self.encoder.skipkeys {
            return Ok(None);
        } else {
            raise!(
                th,
                TypeError,
                "keys must be str, int, float, bool or None, not {}",
                key.type_name()
            );
        };
        Ok(Some(text))
    }

    fn entry(
        &mut self,
        dict: &Dict,
        key: &Ref,
        value: &Ref,
        level: usize,
        first: &mut bool,
    ) -> Result<()> {
        let th = self.th;
        let name = key.obj();
        let other = match name.downcast::<Str>() {
            Some(_) => None,
            None => match self.key_text(name)? {
                Some(text) => Some(text),
                None => return Ok(()),
            },
        };
        if std::mem::replace(first, false) {
            self.newline(level)?;
        } else {
            self.separate(level)?;
        }
        match other.as_deref().or(name.downcast::<Str>()) {
            Some(text) => self.string(text)?,
            None => return Ok(()),
        }
        self.out.push_units(th, self.encoder.key_separator.units())?;
        if let Err(raised) = self.value(value.obj(), level) {
            // The repr of the key can run code: not while the exception is set.
            let exception = th.take_exception(raised);
            let shown = match name.repr(th) {
                Ok(shown) => shown.to_string(),
                Err(raised) => {
                    th.clear_exception(raised);
                    String::from("?")
                }
            };
            let raised = th.restore(exception);
            let kind = dict.obj().ty().full_name();
            return Err(self.note(raised, format!("when serializing {kind} item {shown}")));
        }
        Ok(())
    }
}

/// The decimal digits of `value`.
fn decimal(digits: &mut [u8; 20], value: i64) -> &[u8] {
    let mut rest = value.unsigned_abs();
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        at -= 1;
        digits[at] = b'-';
    }
    &digits[at..]
}
