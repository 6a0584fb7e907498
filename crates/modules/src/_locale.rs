//! `_locale`: the C library's locale.

use std::ffi::CString;

use macros::pymodule;
use object::{
    AsObject, Dict, Int, IntoObject, Link, List, Module, Protocol, Raised, Ref, Result, Str,
    Thread, Tuple, exceptions, id, raise,
};

const CONSTANTS: &[(&str, i64)] = &[
    ("LC_CTYPE", 0),
    ("LC_TIME", 2),
    ("LC_COLLATE", 3),
    ("LC_MONETARY", 4),
    ("LC_MESSAGES", 5),
    ("LC_NUMERIC", 1),
    ("LC_ALL", 6),
    ("CHAR_MAX", 127),
    ("DAY_1", 131079),
    ("DAY_2", 131080),
    ("DAY_3", 131081),
    ("DAY_4", 131082),
    ("DAY_5", 131083),
    ("DAY_6", 131084),
    ("DAY_7", 131085),
    ("ABDAY_1", 131072),
    ("ABDAY_2", 131073),
    ("ABDAY_3", 131074),
    ("ABDAY_4", 131075),
    ("ABDAY_5", 131076),
    ("ABDAY_6", 131077),
    ("ABDAY_7", 131078),
    ("MON_1", 131098),
    ("MON_2", 131099),
    ("MON_3", 131100),
    ("MON_4", 131101),
    ("MON_5", 131102),
    ("MON_6", 131103),
    ("MON_7", 131104),
    ("MON_8", 131105),
    ("MON_9", 131106),
    ("MON_10", 131107),
    ("MON_11", 131108),
    ("MON_12", 131109),
    ("ABMON_1", 131086),
    ("ABMON_2", 131087),
    ("ABMON_3", 131088),
    ("ABMON_4", 131089),
    ("ABMON_5", 131090),
    ("ABMON_6", 131091),
    ("ABMON_7", 131092),
    ("ABMON_8", 131093),
    ("ABMON_9", 131094),
    ("ABMON_10", 131095),
    ("ABMON_11", 131096),
    ("ABMON_12", 131097),
    ("RADIXCHAR", 65536),
    ("THOUSEP", 65537),
    ("CRNCYSTR", 262159),
    ("D_T_FMT", 131112),
    ("D_FMT", 131113),
    ("T_FMT", 131114),
    ("AM_STR", 131110),
    ("PM_STR", 131111),
    ("CODESET", 14),
    ("T_FMT_AMPM", 131115),
    ("ERA", 131116),
    ("ERA_D_FMT", 131118),
    ("ERA_D_T_FMT", 131120),
    ("ERA_T_FMT", 131121),
    ("ALT_DIGITS", 131119),
    ("YESEXPR", 327680),
    ("NOEXPR", 327681),
    ("_DATE_FMT", 131180),
];

/// The exception class of an interpreter.
#[derive(Default)]
struct ErrorType(std::cell::OnceCell<Link>);

#[cold]
fn locale_error(th: Thread<'_>, message: &str) -> Raised {
    let error = th.interp().extensions.get::<ErrorType>().0.get().and_then(Link::get);
    let (Some(error), Ok(message)) = (error, Str::new(th, message)) else {
        return th.raise(exceptions::types::ValueError(), format_args!("{message}"));
    };
    match error.call(th, &[message.obj()]) {
        Ok(exception) => th.raise_object(exception),
        Err(raised) => raised,
    }
}

fn c_string(th: Thread<'_>, text: &str) -> Result<CString> {
    match CString::new(text) {
        Ok(text) => Ok(text),
        Err(_) => raise!(th, ValueError, "embedded null character"),
    }
}

fn optional(th: Thread<'_>, text: Option<&str>) -> Result<Option<CString>> {
    text.map(|text| c_string(th, text)).transpose()
}

fn text(th: Thread<'_>, bytes: &[u8]) -> Result<Ref<Str>> {
    Str::new(th, &String::from_utf8_lossy(bytes))
}

fn check_category(th: Thread<'_>, category: i32) -> Result<()> {
    if (0..=12).contains(&category) {
        return Ok(());
    }
    Err(locale_error(th, "unsupported locale setting"))
}

/// Support for POSIX locales.
#[pymodule(name = "_locale")]
pub mod module {
    use super::*;

    /// Activates/queries locale processing.
    #[sig = "(category, locale=None, /)"]
    fn setlocale(th: Thread<'_>, category: i32, locale: Option<&str>) -> Result<Ref<Str>> {
        check_category(th, category)?;
        let locale = optional(th, locale)?;
        match host::locale::set(category, locale.as_deref()) {
            Some(name) => text(th, &name),
            None if locale.is_some() => Err(locale_error(th, "unsupported locale setting")),
            None => Err(locale_error(th, "locale query failed")),
        }
    }

    /// Returns numeric and monetary locale-specific parameters.
    #[sig = "()"]
    fn localeconv(th: Thread<'_>) -> Result<Ref<Dict>> {
        let conventions = host::locale::conventions();
        let dict = Dict::new(th)?;
        for (name, value) in conventions.texts {
            let value = text(th, &value)?;
            dict.set(th, Str::intern(th, name)?.obj(), value.obj())?;
        }
        for (name, value) in conventions.numbers {
            let value = Int::from_i64(th, value)?;
            dict.set(th, Str::intern(th, name)?.obj(), value.obj())?;
        }
        for (name, digits) in conventions.groupings {
            let mut items = Vec::new();
            for digit in &digits {
                items.push(Int::from_i64(th, i64::from(*digit))?);
            }
            // A final 0 repeats the last group; CHAR_MAX ends grouping.
            if digits.last().is_some_and(|last| *last != 127) {
                items.push(Int::from_i64(th, 0)?);
            }
            let list = List::from_refs(th, items)?;
            dict.set(th, Str::intern(th, name)?.obj(), list.obj())?;
        }
        Ok(dict)
    }

    /// Compares two strings according to the locale.
    #[sig = "(os1, os2, /)"]
    fn strcoll(th: Thread<'_>, os1: &str, os2: &str) -> Result<i32> {
        let (a, b) = (c_string(th, os1)?, c_string(th, os2)?);
        Ok(host::locale::collate(&a, &b))
    }

    /// Return a string that can be used as a key for locale-aware comparisons.
    #[sig = "(string, /)"]
    fn strxfrm(th: Thread<'_>, string: &str) -> Result<Ref<Str>> {
        let key = host::locale::transform(&c_string(th, string)?);
        match std::str::from_utf8(&key) {
            Ok(key) => Str::new(th, key),
            Err(_) => {
                let key: String = key.iter().map(|byte| char::from(*byte)).collect();
                Str::new(th, &key)
            }
        }
    }

    /// Return the value for the locale information associated with key.
    #[sig = "(key, /)"]
    fn nl_langinfo(th: Thread<'_>, key: i32) -> Result<Ref<Str>> {
        let is_known = CONSTANTS.iter().any(|(name, value)| {
            *value == i64::from(key) && !name.starts_with("LC_") && *name != "CHAR_MAX"
        });
        if !is_known {
            raise!(th, ValueError, "unsupported langinfo constant");
        }
        text(th, &host::locale::langinfo(key))
    }

    /// gettext(msg) -> string
    ///
    /// Return translation of msg.
    #[sig = "(msg, /)"]
    fn gettext(th: Thread<'_>, msg: &str) -> Result<Ref<Str>> {
        let msg = c_string(th, msg)?;
        text(th, &host::locale::gettext(None, &msg, 5))
    }

    /// dgettext(domain, msg) -> string
    ///
    /// Return translation of msg in domain.
    #[sig = "(domain, msg, /)"]
    fn dgettext(th: Thread<'_>, domain: Option<&str>, msg: &str) -> Result<Ref<Str>> {
        let (domain, msg) = (optional(th, domain)?, c_string(th, msg)?);
        text(th, &host::locale::gettext(domain.as_deref(), &msg, 5))
    }

    /// Return translation of msg in domain and category.
    #[sig = "(domain, msg, category, /)"]
    fn dcgettext(
        th: Thread<'_>,
        domain: Option<&str>,
        msg: &str,
        category: i32,
    ) -> Result<Ref<Str>> {
        let (domain, msg) = (optional(th, domain)?, c_string(th, msg)?);
        text(th, &host::locale::gettext(domain.as_deref(), &msg, category))
    }

    /// Set the C library's textdmain to domain, returning the new domain.
    #[sig = "(domain, /)"]
    fn textdomain(th: Thread<'_>, domain: Option<&str>) -> Result<Ref<Str>> {
        let domain = optional(th, domain)?;
        text(th, &host::locale::textdomain(domain.as_deref()))
    }

    /// Bind the C library's domain to dir.
    #[sig = "(domain, dir, /)"]
    fn bindtextdomain(th: Thread<'_>, domain: &str, dir: Option<&str>) -> Result<Ref<Str>> {
        if domain.is_empty() {
            return Err(locale_error(th, "domain must be a non-empty string"));
        }
        let (domain, dir) = (c_string(th, domain)?, optional(th, dir)?);
        match host::locale::bindtextdomain(&domain, dir.as_deref()) {
            Some(dir) => text(th, &dir),
            None => Err(exceptions::io_error(th, &std::io::Error::last_os_error(), None)),
        }
    }

    /// Bind the C library's domain to codeset.
    #[sig = "(domain, codeset, /)"]
    fn bind_textdomain_codeset(
        th: Thread<'_>,
        domain: &str,
        codeset: Option<&str>,
    ) -> Result<Option<Ref>> {
        let (domain, codeset) = (c_string(th, domain)?, optional(th, codeset)?);
        match host::locale::bind_codeset(&domain, codeset.as_deref()) {
            Some(codeset) => text(th, &codeset)?.into_object(th).map(Some),
            None => Ok(None),
        }
    }

    /// Get the current locale encoding.
    #[sig = "()"]
    fn getencoding(th: Thread<'_>) -> Result<Ref<Str>> {
        let codeset = host::locale::langinfo(14);
        if codeset.is_empty() { Str::new(th, "UTF-8") } else { text(th, &codeset) }
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        for (name, value) in CONSTANTS {
            module.set(th, name, Int::from_i64(th, *value)?.obj())?;
        }
        let base = exceptions::types::Exception();
        let bases = Tuple::from_objs(th, &[base.obj()])?;
        let error = crate::support::new_exception(th, id!(th, "locale.Error"), &bases)?;
        module.set(th, "Error", error.obj())?;
        let state = th.interp().extensions.get::<ErrorType>();
        state.0.get_or_init(Link::null).set(Some(error));
        Ok(())
    }
}
