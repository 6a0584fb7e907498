//! Objects to JSON text.

use macros::{pymethods, pytype};
use object::{
    AsObject, Dict, Float, Head, Int, List, Obj, Protocol, Raised, Ref, Result, Str, StrBuilder,
    Thread, Tuple, Type, alloc_object,
    declare::TypeBuilder,
    id, protocol, raise,
    types::{self, builtin_function::BuiltinFunction, str_eq},
};
use text::{CodeUnit, each_width};

/// Which strings an encoder writes itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strings {
    Ascii,
    Plain,
    /// By calling `encoder`.
    Call,
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
        let mut strings = Strings::Call;
        if encoder.is_exact::<BuiltinFunction>()
            && str_eq(encoder.getattr(th, id!(th, "__module__"))?.obj(), "_json")
        {
            let name = encoder.getattr(th, id!(th, "__name__"))?;
            if str_eq(name.obj(), "encode_basestring_ascii") {
                strings = Strings::Ascii;
            } else if str_eq(name.obj(), "encode_basestring") {
                strings = Strings::Plain;
            }
        }
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
        let indent = match self.indent.obj().downcast::<Str>() {
            Some(indent) => Some(object::own(indent)),
            None => None,
        };
        let mut out = StrBuilder::new();
        Encode { th, encoder: self, indent, out: &mut out }.value(obj, level)?;
        Tuple::from_refs(th, vec![out.finish(th)?.upcast()])
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
    out.push_str(th, "\"")?;
    each_width!(text.units(), units => escape(th, out, units, ascii))?;
    out.push_str(th, "\"")
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
                let (high, low) = (0xD800 | offset >> 10, 0xDC00 | offset & 0x3FF);
                out.push_fmt(th, format_args!("\\u{high:04x}\\u{low:04x}"))?;
            }
            _ => out.push_fmt(th, format_args!("\\u{code:04x}"))?,
        }
        rest = &rest[at + 1..];
    }
    out.push_units(th, U::units(rest))
}

struct Encode<'a> {
    th: Thread<'a>,
    encoder: &'a Encoder,
    indent: Option<Ref<Str>>,
    out: &'a mut StrBuilder,
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
            let text = self.float(value)?;
            return self.out.push_obj(th, &text);
        }
        if object.downcast::<List>().is_some() || object.downcast::<Tuple>().is_some() {
            th.check_stack(" while encoding a JSON object")?;
            return self.sequence(object, level);
        }
        if let Some(dict) = object.downcast::<Dict>() {
            th.check_stack(" while encoding a JSON object")?;
            return self.mapping(dict, level);
        }
        let mark = self.mark(object)?;
        let default = self.encoder.default.call(th, &[object])?;
        th.check_stack(" while encoding a JSON object")?;
        if let Err(raised) = self.value(default.obj(), level) {
            let name = object.ty().full_name();
            return Err(self.note(raised, format!("when serializing {name} object")));
        }
        self.unmark(mark)
    }

    /// Remember that `object` is being encoded.
    fn mark(&self, object: Obj<'_>) -> Result<Option<Ref>> {
        let markers = self.encoder.markers.obj();
        let Some(markers) = markers.downcast::<Dict>() else { return Ok(None) };
        let key = Int::from_u64(self.th, object.as_ptr() as u64)?;
        if markers.contains(self.th, key.obj())? {
            raise!(self.th, ValueError, "Circular reference detected");
        }
        markers.set(self.th, key.obj(), object)?;
        Ok(Some(key))
    }

    fn unmark(&self, key: Option<Ref>) -> Result<()> {
        let Some(key) = key else { return Ok(()) };
        if let Some(markers) = self.encoder.markers.obj().downcast::<Dict>() {
            markers.remove(self.th, key.obj())?;
        }
        Ok(())
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
            Strings::Ascii => string(th, self.out, text, true),
            Strings::Plain => string(th, self.out, text, false),
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
                self.out.push_units(self.th, text::Units::Ucs1(text))
            }
            None => {
                let text = types::int::text::repr(self.th, object)?;
                self.out.push_obj(self.th, &text)
            }
        }
    }

    fn float(&self, value: &Float) -> Result<Ref<Str>> {
        let number = value.value();
        if number.is_finite() {
            return Str::new(self.th, &num::float_text::repr(number));
        }
        if !self.encoder.allow_nan {
            let repr = value.obj().repr(self.th)?;
            raise!(self.th, ValueError, "Out of range float values are not JSON compliant: {repr}");
        }
        let text = match number {
            number if number.is_nan() => "NaN",
            number if number > 0.0 => "Infinity",
            _ => "-Infinity",
        };
        Str::new(self.th, text)
    }

    fn newline(&mut self, level: usize) -> Result<()> {
        let Some(indent) = self.indent.clone() else { return Ok(()) };
        self.out.push_str(self.th, "\n")?;
        for _ in 0..level {
            self.out.push_obj(self.th, &indent)?;
        }
        Ok(())
    }

    fn separate(&mut self, level: usize) -> Result<()> {
        self.out.push_obj(self.th, &self.encoder.item_separator)?;
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
        let mark = self.mark(object)?;
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
        self.unmark(mark)?;
        self.newline(level)?;
        self.out.push_str(th, "]")
    }

    fn mapping(&mut self, dict: &Dict, level: usize) -> Result<()> {
        let th = self.th;
        if dict.length(th)? == 0 {
            return self.out.push_str(th, "{}");
        }
        let mark = self.mark(dict.obj())?;
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
        self.unmark(mark)?;
        if !first {
            self.newline(level)?;
        }
        self.out.push_str(th, "}")
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
        let text = if let Some(text) = name.downcast::<Str>() {
            object::own(text)
        } else if let Some(value) = name.downcast::<Float>() {
            self.float(value)?
        } else if name.is_none() {
            Str::new(th, "null")?
        } else if name.is(types::bool_(true)) {
            Str::new(th, "true")?
        } else if name.is(types::bool_(false)) {
            Str::new(th, "false")?
        } else if Int::is_int(name) {
            types::int::text::repr(th, name)?
        } else if self.encoder.skipkeys {
            return Ok(());
        } else {
            raise!(
                th,
                TypeError,
                "keys must be str, int, float, bool or None, not {}",
                name.type_name()
            );
        };
        if std::mem::replace(first, false) {
            self.newline(level)?;
        } else {
            self.separate(level)?;
        }
        self.string(&text)?;
        self.out.push_obj(th, &self.encoder.key_separator)?;
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
