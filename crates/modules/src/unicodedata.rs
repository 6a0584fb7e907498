//! `unicodedata`: the character database, now and as it was in version 3.2.0.

use macros::{pymethods, pymodule, pytype};
use object::{
    AsObject, FromArg, Head, IntoObject, Module, Obj, Ref, Result, Str, Thread, alloc_object,
    args::ArgContext, raise,
};
use text::unicode::{self, Database, Form, Found};

/// A version of the character database.
#[pytype(name = "unicodedata.UCD", flags = DISALLOW_INSTANTIATION)]
pub struct Ucd {
    head: Head,
}

/// An argument of one character.
struct Character(u32);

impl FromArg<'_> for Character {
    fn from_arg(th: Thread<'_>, arg: Obj<'_>, context: ArgContext) -> Result<Self> {
        let Some(text) = arg.downcast::<Str>() else {
            return Err(context.bad(th, "a unicode character", arg));
        };
        if let (1, Some(code)) = (text.len(), text.get(0)) {
            return Ok(Character(code));
        }
        let function = context.signature.name;
        let which = if context.signature.is_single() { "argument" } else { "argument 1" };
        let length = text.len();
        raise!(
            th,
            TypeError,
            "{function}(): {which} must be a unicode character, not a string of length {length}"
        )
    }
}

fn or_default<T: IntoObject>(
    th: Thread<'_>,
    value: Option<T>,
    default: Option<Obj<'_>>,
    message: &str,
) -> Result {
    match (value, default) {
        (Some(value), _) => value.into_object(th),
        (None, Some(default)) => Ok(default.own()),
        (None, None) => raise!(th, ValueError, "{message}"),
    }
}

fn form(th: Thread<'_>, name: &Str) -> Result<Form> {
    match Form::from_name(&name.to_string()) {
        Some(form) => Ok(form),
        None => raise!(th, ValueError, "invalid normalization form"),
    }
}

fn name_of(db: Database, code: u32) -> Option<String> {
    unicode::name(db, code)
}

fn find(th: Thread<'_>, db: Database, name: &str) -> Result {
    if name.len() > 256 {
        return Err(object::error!(th, KeyError, "name too long"));
    }
    match unicode::lookup(db, name.as_bytes(), true) {
        Some(Found::Character(code)) => Str::from_char(th, code).map(Ref::upcast),
        Some(Found::Sequence(codes)) => Str::from_code_points(th, codes).map(Ref::upcast),
        None => raise!(th, KeyError, "undefined character name '{name}'"),
    }
}

fn normalized(th: Thread<'_>, db: Database, form_name: &Str, text: &Str) -> Result<Ref<Str>> {
    let form = form(th, form_name)?;
    if text.is_ascii() || db == Database::Current && unicode::is_normalized(db, text.units(), form)
    {
        return text.to_exact(th);
    }
    Str::from_buf(th, &unicode::normalize(db, text.units(), form))
}

fn decimal_of(th: Thread<'_>, db: Database, chr: Character, default: Option<Obj<'_>>) -> Result {
    or_default(th, db.decimal(chr.0), default, "not a decimal")
}

fn digit_of(th: Thread<'_>, db: Database, chr: Character, default: Option<Obj<'_>>) -> Result {
    or_default(th, db.digit(chr.0), default, "not a digit")
}

fn numeric_of(th: Thread<'_>, db: Database, chr: Character, default: Option<Obj<'_>>) -> Result {
    or_default(th, db.numeric(chr.0), default, "not a numeric character")
}

fn named(th: Thread<'_>, db: Database, chr: Character, default: Option<Obj<'_>>) -> Result {
    or_default(th, name_of(db, chr.0), default, "no such name")
}

const OLD: Database = Database::V3_2_0;
const NOW: Database = Database::Current;

#[pymethods]
impl Ucd {
    /// Converts a Unicode character into its equivalent decimal value.
    #[sig = "($self, chr, default=<unrepresentable>, /)"]
    fn decimal(&self, th: Thread<'_>, chr: Character, default: Option<Obj<'_>>) -> Result {
        decimal_of(th, OLD, chr, default)
    }

    /// Converts a Unicode character into its equivalent digit value.
    #[sig = "($self, chr, default=<unrepresentable>, /)"]
    fn digit(&self, th: Thread<'_>, chr: Character, default: Option<Obj<'_>>) -> Result {
        digit_of(th, OLD, chr, default)
    }

    /// Converts a Unicode character into its equivalent numeric value.
    #[sig = "($self, chr, default=<unrepresentable>, /)"]
    fn numeric(&self, th: Thread<'_>, chr: Character, default: Option<Obj<'_>>) -> Result {
        numeric_of(th, OLD, chr, default)
    }

    /// Returns the general category assigned to the character chr as string.
    #[sig = "($self, chr, /)"]
    fn category(&self, _: Thread<'_>, chr: Character) -> &'static str {
        OLD.category(chr.0)
    }

    /// Returns the bidirectional class assigned to the character chr as string.
    #[sig = "($self, chr, /)"]
    fn bidirectional(&self, _: Thread<'_>, chr: Character) -> &'static str {
        OLD.bidirectional(chr.0)
    }

    /// Returns the canonical combining class assigned to the character chr as integer.
    #[sig = "($self, chr, /)"]
    fn combining(&self, _: Thread<'_>, chr: Character) -> u8 {
        OLD.combining(chr.0)
    }

    /// Returns the mirrored property assigned to the character chr as integer.
    #[sig = "($self, chr, /)"]
    fn mirrored(&self, _: Thread<'_>, chr: Character) -> i32 {
        i32::from(OLD.mirrored(chr.0))
    }

    /// Returns the east asian width assigned to the character chr as string.
    #[sig = "($self, chr, /)"]
    fn east_asian_width(&self, _: Thread<'_>, chr: Character) -> &'static str {
        OLD.east_asian_width(chr.0)
    }

    /// Returns the character decomposition mapping assigned to the character chr as string.
    #[sig = "($self, chr, /)"]
    fn decomposition(&self, _: Thread<'_>, chr: Character) -> String {
        OLD.decomposition(chr.0)
    }

    /// Returns the name assigned to the character chr as a string.
    #[sig = "($self, chr, default=<unrepresentable>, /)"]
    fn name(&self, th: Thread<'_>, chr: Character, default: Option<Obj<'_>>) -> Result {
        named(th, OLD, chr, default)
    }

    /// Look up character by name.
    #[sig = "($self, name, /)"]
    fn lookup(&self, th: Thread<'_>, name: &str) -> Result {
        find(th, OLD, name)
    }

    /// Return whether the Unicode string unistr is in the normal form 'form'.
    #[sig = "($self, form, unistr, /)"]
    fn is_normalized(&self, th: Thread<'_>, form_name: &Str, unistr: &Str) -> Result<bool> {
        let form = form(th, form_name)?;
        Ok(unicode::is_normalized(OLD, unistr.units(), form))
    }

    /// Return the normal form 'form' for the Unicode string unistr.
    #[sig = "($self, form, unistr, /)"]
    fn normalize(&self, th: Thread<'_>, form: &Str, unistr: &Str) -> Result<Ref<Str>> {
        normalized(th, OLD, form, unistr)
    }

    #[getter]
    fn unidata_version(&self, _: Thread<'_>) -> &'static str {
        "3.2.0"
    }
}

/// This module provides access to the Unicode Character Database which
/// defines character properties for all Unicode characters. The data in
/// this database is based on the UnicodeData.txt file version
/// 16.0.0 which is publicly available from the Unicode ftp site.
///
/// The module uses the same names and symbols as defined by the
/// UnicodeData File Format 16.0.0.
#[pymodule(name = "unicodedata")]
pub mod module {
    use super::*;

    /// Converts a Unicode character into its equivalent decimal value.
    #[sig = "($self, chr, default=<unrepresentable>, /)"]
    fn decimal(th: Thread<'_>, chr: Character, default: Option<Obj<'_>>) -> Result {
        decimal_of(th, NOW, chr, default)
    }

    /// Converts a Unicode character into its equivalent digit value.
    #[sig = "($self, chr, default=<unrepresentable>, /)"]
    fn digit(th: Thread<'_>, chr: Character, default: Option<Obj<'_>>) -> Result {
        digit_of(th, NOW, chr, default)
    }

    /// Converts a Unicode character into its equivalent numeric value.
    #[sig = "($self, chr, default=<unrepresentable>, /)"]
    fn numeric(th: Thread<'_>, chr: Character, default: Option<Obj<'_>>) -> Result {
        numeric_of(th, NOW, chr, default)
    }

    /// Returns the general category assigned to the character chr as string.
    #[sig = "($self, chr, /)"]
    fn category(_: Thread<'_>, chr: Character) -> &'static str {
        NOW.category(chr.0)
    }

    /// Returns the bidirectional class assigned to the character chr as string.
    #[sig = "($self, chr, /)"]
    fn bidirectional(_: Thread<'_>, chr: Character) -> &'static str {
        NOW.bidirectional(chr.0)
    }

    /// Returns the canonical combining class assigned to the character chr as integer.
    #[sig = "($self, chr, /)"]
    fn combining(_: Thread<'_>, chr: Character) -> u8 {
        NOW.combining(chr.0)
    }

    /// Returns the mirrored property assigned to the character chr as integer.
    #[sig = "($self, chr, /)"]
    fn mirrored(_: Thread<'_>, chr: Character) -> i32 {
        i32::from(NOW.mirrored(chr.0))
    }

    /// Returns the east asian width assigned to the character chr as string.
    #[sig = "($self, chr, /)"]
    fn east_asian_width(_: Thread<'_>, chr: Character) -> &'static str {
        NOW.east_asian_width(chr.0)
    }

    /// Returns the character decomposition mapping assigned to the character chr as string.
    #[sig = "($self, chr, /)"]
    fn decomposition(_: Thread<'_>, chr: Character) -> String {
        NOW.decomposition(chr.0)
    }

    /// Returns the name assigned to the character chr as a string.
    #[sig = "($self, chr, default=<unrepresentable>, /)"]
    fn name(th: Thread<'_>, chr: Character, default: Option<Obj<'_>>) -> Result {
        named(th, NOW, chr, default)
    }

    /// Look up character by name.
    #[sig = "($self, name, /)"]
    fn lookup(th: Thread<'_>, name: &str) -> Result {
        find(th, NOW, name)
    }

    /// Return whether the Unicode string unistr is in the normal form 'form'.
    #[sig = "($self, form, unistr, /)"]
    fn is_normalized(th: Thread<'_>, form_name: &Str, unistr: &Str) -> Result<bool> {
        let form = form(th, form_name)?;
        Ok(unicode::is_normalized(NOW, unistr.units(), form))
    }

    /// Return the normal form 'form' for the Unicode string unistr.
    #[sig = "($self, form, unistr, /)"]
    fn normalize(th: Thread<'_>, form: &Str, unistr: &Str) -> Result<Ref<Str>> {
        normalized(th, NOW, form, unistr)
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        module.add_type::<Ucd>(th)?;
        module.set(th, "unidata_version", Str::new(th, unicode::VERSION)?.obj())?;
        let old = alloc_object::new(th, Ucd { head: Head::new() })?;
        module.set(th, "ucd_3_2_0", old.obj())
    }
}
