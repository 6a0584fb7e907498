//! `_json`: the fast halves of `json.decoder` and `json.encoder`.
//!
//! Decoding is generic over the width of the text; encoding writes into one
//! string builder. Hooks can run anything, but the text being decoded cannot
//! change, and containers being encoded are copied before their items are.

mod encode;
mod scan;

use macros::pymodule;
use object::{AsObject, Module, Obj, PyStruct, Ref, Result, Str, StrBuilder, Thread, Tuple, raise};

use self::{encode::Encoder, scan::Scanner};

fn expect_str<'a>(th: Thread<'_>, object: Obj<'a>) -> Result<&'a Str> {
    match object.downcast::<Str>() {
        Some(text) => Ok(text),
        None => {
            raise!(th, TypeError, "first argument must be a string, not {}", object.type_name())
        }
    }
}

/// json speedups
#[pymodule]
pub mod _json {
    use super::*;

    /// Return an ASCII-only JSON representation of a Python string.
    #[sig = "(string, /)"]
    fn encode_basestring_ascii(th: Thread<'_>, string: Obj<'_>) -> Result<Ref<Str>> {
        let mut out = StrBuilder::new();
        encode::string(th, &mut out, expect_str(th, string)?, true)?;
        out.finish(th)
    }

    /// Return a JSON representation of a Python string.
    #[sig = "(string, /)"]
    fn encode_basestring(th: Thread<'_>, string: Obj<'_>) -> Result<Ref<Str>> {
        let mut out = StrBuilder::new();
        encode::string(th, &mut out, expect_str(th, string)?, false)?;
        out.finish(th)
    }

    /// Scan the string s for a JSON string.
    ///
    /// End is the index of the character in s after the quote that started the
    /// JSON string. Unescapes all valid JSON string escape sequences and raises
    /// ValueError on attempt to decode an invalid string. If strict is False
    /// then literal control characters are allowed in the string.
    ///
    /// Returns a tuple of the decoded string and the index of the character in s
    /// after the end quote.
    #[parse(tuple)]
    #[sig = "(string, end, strict=True, /)"]
    fn scanstring(th: Thread<'_>, string: Obj<'_>, end: isize, strict: bool) -> Result<Ref<Tuple>> {
        let text = expect_str(th, string)?;
        let (value, end) = scan::string(th, text, end, strict)?;
        let end = object::Int::from_usize(th, end)?;
        Tuple::from_array(th, [value.upcast(), end])
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        object::types::type_::ready(th, <Scanner as object::declare::Declared>::DECL)?;
        object::types::type_::ready(th, <Encoder as object::declare::Declared>::DECL)?;
        module.set(th, "make_scanner", Scanner::type_object().obj())?;
        module.set(th, "make_encoder", Encoder::type_object().obj())
    }
}
