//! `unicodedata`: the character database, now and as it was in version 3.2.0.

use macros::{pymethods, pymodule, pytype};
use object::{
    AsObject, Head, IntoObject, Module, Obj, Ref, Result, Str, Thread, alloc_object, raise,
};
use text::unicode::{self, Database, Form, Found};

/// A version of the character database.
#[pytype(name = "unicodedata.UCD", flags = DISALLOW_INSTANTIATION)]
pub struct Ucd {
    head: Head,
}

fn character(th: Thread<'_>, text: &Str, function: &str, only: bool) -> Result<u32> {
    match (text.len(), text.get(0)) {
        (1, Some(code)) => Ok(code),
        (length, _) => {
            let which = if only { "argument" } else { "argument 1" };
            raise!(
                th,
                TypeError,
                "{function}(): {which} must be a unicode character, not a string of length {length}"
            )
        }
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

macro_rules! queries {
    ($($function:ident($db:ident, $code:ident) -> $ty:ty = $value:expr;)*) => {
        mod query {
            use super::*;
            $(
                pub(super) fn $function(th: Thread<'_>, $db: Database, text: &Str) -> Result<$ty> {
                    let $code = character(th, text, stringify!($function), true)?;
                    Ok($value)
                }
            )*
        }
    };
}

queries! {
    category(db, code) -> &'static str = db.category(code);
    bidirectional(db, code) -> &'static str = db.bidirectional(code);
    combining(db, code) -> u8 = db.combining(code);
    mirrored(db, code) -> i32 = i32::from(db.mirrored(code));
    east_asian_width(db, code) -> &'static str = db.east_asian_width(code);
    decomposition(db, code) -> String = db.decomposition(code);
}

fn decimal_of(th: Thread<'_>, db: Database, chr: &Str, default: Option<Obj<'_>>) -> Result {
    let code = character(th, chr, "decimal", false)?;
    or_default(th, db.decimal(code), default, "not a decimal")
}

fn digit_of(th: Thread<'_>, db: Database, chr: &Str, default: Option<Obj<'_>>) -> Result {
    let code = character(th, chr, "digit", false)?;
    or_default(th, db.digit(code), default, "not a digit")
}

fn numeric_of(th: Thread<'_>, db: Database, chr: &Str, default: Option<Obj<'_>>) -> Result {
    let code = character(th, chr, "numeric", false)?;
    or_default(th, db.numeric(code), default, "not a numeric character")
}

fn named(th: Thread<'_>, db: Database, chr: &Str, default: Option<Obj<'_>>) -> Result {
    let code = character(th, chr, "name", false)?;
    or_default(th, name_of(db, code), default, "no such name")
}

const OLD: Database = Database::V3_2_0;
const NOW: Database = Database::Current;

#[pymethods]
impl Ucd {
    /// Converts a Unicode character into its equivalent decimal value.
    #[sig = "($self, chr, default=<unrepresentable>, /)"]
    fn decimal(&self, th: Thread<'_>, chr: &Str, default: Option<Obj<'_>>) -> Result {
        decimal_of(th, OLD, chr, default)
    }

    /// Converts a Unicode character into its equivalent digit value.
    #[sig = "($self, chr, default=<unrepresentable>, /)"]
    fn digit(&self, th: Thread<'_>, chr: &Str, default: Option<Obj<'_>>) -> Result {
        digit_of(th, OLD, chr, default)
    }

    /// Converts a Unicode character into its equivalent numeric value.
    #[sig = "($self, chr, default=<unrepresentable>, /)"]
    fn numeric(&self, th: Thread<'_>, chr: &Str, default: Option<Obj<'_>>) -> Result {
        numeric_of(th, OLD, chr, default)
    }

    /// Returns the general category assigned to the character chr as string.
    #[sig = "($self, chr, /)"]
    fn category(&self, th: Thread<'_>, chr: &Str) -> Result<&'static str> {
        query::category(th, OLD, chr)
    }

    /// Returns the bidirectional class assigned to the character chr as string.
    #[sig = "($self, chr, /)"]
    fn bidirectional(&self, th: Thread<'_>, chr: &Str) -> Result<&'static str> {
        query::bidirectional(th, OLD, chr)
    }

    /// Returns the canonical combining class assigned to the character chr as integer.
    #[sig = "($self, chr, /)"]
    fn combining(&self, th: Thread<'_>, chr: &Str) -> Result<u8> {
        query::combining(th, OLD, chr)
    }

    /// Returns the mirrored property assigned to the character chr as integer.
    #[sig = "($self, chr, /)"]
    fn mirrored(&self, th: Thread<'_>, chr: &Str) -> Result<i32> {
        query::mirrored(th, OLD, chr)
    }

    /// Returns the east asian width assigned to the character chr as string.
    #[sig = "($self, chr, /)"]
    fn east_asian_width(&self, th: Thread<'_>, chr: &Str) -> Result<&'static str> {
        query::east_asian_width(th, OLD, chr)
    }

    /// Returns the character decomposition mapping assigned to the character chr as string.
    #[sig = "($self, chr, /)"]
    fn decomposition(&self, th: Thread<'_>, chr: &Str) -> Result<String> {
        query::decomposition(th, OLD, chr)
    }

    /// Returns the name assigned to the character chr as a string.
    #[sig = "($self, chr, default=<unrepresentable>, /)"]
    fn name(&self, th: Thread<'_>, chr: &Str, default: Option<Obj<'_>>) -> Result {
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
    fn decimal(th: Thread<'_>, chr: &Str, default: Option<Obj<'_>>) -> Result {
        decimal_of(th, NOW, chr, default)
    }

    /// Converts a Unicode character into its equivalent digit value.
    #[sig = "($self, chr, default=<unrepresentable>, /)"]
    fn digit(th: Thread<'_>, chr: &Str, default: Option<Obj<'_>>) -> Result {
        digit_of(th, NOW, chr, default)
    }

    /// Converts a Unicode character into its equivalent numeric value.
    #[sig = "($self, chr, default=<unrepresentable>, /)"]
    fn numeric(th: Thread<'_>, chr: &Str, default: Option<Obj<'_>>) -> Result {
        numeric_of(th, NOW, chr, default)
    }

    /// Returns the general category assigned to the character chr as string.
    #[sig = "($self, chr, /)"]
    fn category(th: Thread<'_>, chr: &Str) -> Result<&'static str> {
        query::category(th, NOW, chr)
    }

    /// Returns the bidirectional class assigned to the character chr as string.
    #[sig = "($self, chr, /)"]
    fn bidirectional(th: Thread<'_>, chr: &Str) -> Result<&'static str> {
        query::bidirectional(th, NOW, chr)
    }

    /// Returns the canonical combining class assigned to the character chr as integer.
    #[sig = "($self, chr, /)"]
    fn combining(th: Thread<'_>, chr: &Str) -> Result<u8> {
        query::combining(th, NOW, chr)
    }

    /// Returns the mirrored property assigned to the character chr as integer.
    #[sig = "($self, chr, /)"]
    fn mirrored(th: Thread<'_>, chr: &Str) -> Result<i32> {
        query::mirrored(th, NOW, chr)
    }

    /// Returns the east asian width assigned to the character chr as string.
    #[sig = "($self, chr, /)"]
    fn east_asian_width(th: Thread<'_>, chr: &Str) -> Result<&'static str> {
        query::east_asian_width(th, NOW, chr)
    }

    /// Returns the character decomposition mapping assigned to the character chr as string.
    #[sig = "($self, chr, /)"]
    fn decomposition(th: Thread<'_>, chr: &Str) -> Result<String> {
        query::decomposition(th, NOW, chr)
    }

    /// Returns the name assigned to the character chr as a string.
    #[sig = "($self, chr, default=<unrepresentable>, /)"]
    fn name(th: Thread<'_>, chr: &Str, default: Option<Obj<'_>>) -> Result {
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
