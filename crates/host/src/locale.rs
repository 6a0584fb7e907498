//! The C library's locale.

use std::ffi::{CStr, CString, c_char, c_int};

/// What `localeconv` tells.
#[derive(Clone, Debug, Default)]
pub struct Conventions {
    /// Name and value of the texts.
    pub texts: Vec<(&'static str, Vec<u8>)>,
    /// Name and value of the small numbers.
    pub numbers: Vec<(&'static str, i64)>,
    /// Name and digits of the two groupings.
    pub groupings: Vec<(&'static str, Vec<u8>)>,
}

/// # Safety
///
/// `text` is null or a C string.
unsafe fn bytes(text: *const c_char) -> Vec<u8> {
    if text.is_null() {
        return Vec::new();
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(text) }.to_bytes().to_vec()
}

/// Set or ask for the locale of a category; `None` if it is not supported.
pub fn set(category: i32, locale: Option<&CStr>) -> Option<Vec<u8>> {
    let locale = locale.map_or(std::ptr::null(), CStr::as_ptr);
    // SAFETY: null or a C string.
    let result = unsafe { libc::setlocale(category as c_int, locale) };
    // SAFETY: null or a C string that lives until the next call.
    (!result.is_null()).then(|| unsafe { bytes(result) })
}

/// How numbers and amounts are written.
pub fn conventions() -> Conventions {
    // SAFETY: never null.
    let raw = unsafe { &*libc::localeconv() };
    let texts = [
        ("decimal_point", raw.decimal_point),
        ("thousands_sep", raw.thousands_sep),
        ("int_curr_symbol", raw.int_curr_symbol),
        ("currency_symbol", raw.currency_symbol),
        ("mon_decimal_point", raw.mon_decimal_point),
        ("mon_thousands_sep", raw.mon_thousands_sep),
        ("positive_sign", raw.positive_sign),
        ("negative_sign", raw.negative_sign),
    ];
    let groupings = [("grouping", raw.grouping), ("mon_grouping", raw.mon_grouping)];
    let numbers = [
        ("int_frac_digits", raw.int_frac_digits),
        ("frac_digits", raw.frac_digits),
        ("p_cs_precedes", raw.p_cs_precedes),
        ("p_sep_by_space", raw.p_sep_by_space),
        ("n_cs_precedes", raw.n_cs_precedes),
        ("n_sep_by_space", raw.n_sep_by_space),
        ("p_sign_posn", raw.p_sign_posn),
        ("n_sign_posn", raw.n_sign_posn),
    ];
    // SAFETY: C strings that live until the next call.
    let own = |(name, text): (&'static str, *mut c_char)| (name, unsafe { bytes(text) });
    Conventions {
        texts: texts.into_iter().map(own).collect(),
        numbers: numbers.into_iter().map(|(name, value)| (name, i64::from(value))).collect(),
        groupings: groupings.into_iter().map(own).collect(),
    }
}

/// A text of the locale.
pub fn langinfo(item: i32) -> Vec<u8> {
    // SAFETY: any number is valid; the answer is a C string.
    unsafe { bytes(libc::nl_langinfo(item as libc::nl_item)) }
}

/// Compare by the locale's order: negative, zero, positive.
pub fn collate(a: &CStr, b: &CStr) -> i32 {
    // SAFETY: C strings.
    unsafe { libc::strcoll(a.as_ptr(), b.as_ptr()) }
}

/// A key that compares bytewise as `collate` does.
pub fn transform(text: &CStr) -> Vec<u8> {
    // SAFETY: a length of zero writes nothing.
    let size = unsafe { libc::strxfrm(std::ptr::null_mut(), text.as_ptr(), 0) };
    let mut key = vec![0u8; size + 1];
    // SAFETY: room for the key and a NUL.
    unsafe { libc::strxfrm(key.as_mut_ptr().cast(), text.as_ptr(), key.len()) };
    key.truncate(size);
    key
}

mod intl {
    use super::{c_char, c_int};

    unsafe extern "C" {
        pub(super) fn dcgettext(
            domain: *const c_char,
            message: *const c_char,
            category: c_int,
        ) -> *mut c_char;
        pub(super) fn textdomain(domain: *const c_char) -> *mut c_char;
        pub(super) fn bindtextdomain(domain: *const c_char, dir: *const c_char) -> *mut c_char;
        pub(super) fn bind_textdomain_codeset(
            domain: *const c_char,
            codeset: *const c_char,
        ) -> *mut c_char;
    }
}

fn opt(text: Option<&CStr>) -> *const c_char {
    text.map_or(std::ptr::null(), CStr::as_ptr)
}

/// The translation of `message`.
pub fn gettext(domain: Option<&CStr>, message: &CStr, category: i32) -> Vec<u8> {
    // SAFETY: null or C strings; the answer is a C string.
    unsafe { bytes(intl::dcgettext(opt(domain), message.as_ptr(), category)) }
}

/// Set or ask for the default domain.
pub fn textdomain(domain: Option<&CStr>) -> Vec<u8> {
    // SAFETY: null or a C string.
    unsafe { bytes(intl::textdomain(opt(domain))) }
}

/// Set or ask for the folder of a domain; `None` if the call failed.
pub fn bindtextdomain(domain: &CStr, dir: Option<&CStr>) -> Option<Vec<u8>> {
    // SAFETY: null or C strings.
    let result = unsafe { intl::bindtextdomain(domain.as_ptr(), opt(dir)) };
    // SAFETY: null or a C string.
    (!result.is_null()).then(|| unsafe { bytes(result) })
}

/// Set or ask for the encoding of a domain's translations.
pub fn bind_codeset(domain: &CStr, codeset: Option<&CStr>) -> Option<Vec<u8>> {
    // SAFETY: null or C strings.
    let result = unsafe { intl::bind_textdomain_codeset(domain.as_ptr(), opt(codeset)) };
    // SAFETY: null or a C string.
    (!result.is_null()).then(|| unsafe { bytes(result) })
}

/// A C string, `None` if there is a NUL inside.
pub fn c_string(text: &str) -> Option<CString> {
    CString::new(text).ok()
}

/// Take `LC_CTYPE` from the environment; the name of what it is then.
pub fn set_ctype_from_environment() -> Vec<u8> {
    // SAFETY: a constant name; called before there are threads.
    let mut name = unsafe { libc::setlocale(libc::LC_CTYPE, c"".as_ptr()) };
    if name.is_null() {
        // SAFETY: as above; asks for the name only.
        name = unsafe { libc::setlocale(libc::LC_CTYPE, std::ptr::null()) };
    }
    if name.is_null() {
        return b"C".to_vec();
    }
    // SAFETY: a string of the C library, copied before the next call.
    unsafe { CStr::from_ptr(name) }.to_bytes().to_vec()
}

/// Make a locale with UTF-8 the one of `LC_CTYPE`, in the environment too; its name. `None` if the
/// system has none or `LC_ALL` says what the locale is to be. Called before there are threads.
pub fn coerce_ctype_to_utf8() -> Option<&'static CStr> {
    if std::env::var_os("LC_ALL").is_some_and(|all| !all.is_empty()) {
        return None;
    }
    [c"C.UTF-8", c"C.utf8", c"UTF-8"].into_iter().find(|name| {
        set(libc::LC_CTYPE, Some(name)).is_some()
            && !codeset().is_empty()
            && crate::env::set(c"LC_CTYPE", name).is_ok()
    })
}

/// Whether text of the `LC_CTYPE` locale is ASCII.
pub fn is_ascii() -> bool {
    matches!(codeset().as_slice(), b"ANSI_X3.4-1968" | b"US-ASCII")
}

/// The character encoding of the `LC_CTYPE` locale.
pub fn codeset() -> Vec<u8> {
    // SAFETY: the result is a static string, copied at once.
    let name = unsafe { libc::nl_langinfo(libc::CODESET) };
    if name.is_null() {
        return Vec::new();
    }
    // SAFETY: as above.
    unsafe { CStr::from_ptr(name) }.to_bytes().to_vec()
}
