//! Encoding and decoding, and their errors.

use text::codecs::EncodeError;

use super::Str;
use crate::{AsObject, IntoObject, Raised, Thread, exceptions::types::UnicodeEncodeError};

/// `UnicodeEncodeError(encoding, object, start, end, reason)`.
#[cold]
pub fn raise_encode_error(th: Thread<'_>, object: &Str, error: &EncodeError) -> Raised {
    let parts = (|| {
        Ok([
            error.encoding.into_object(th)?,
            error.start.into_object(th)?,
            error.end.into_object(th)?,
            error.reason.into_object(th)?,
        ])
    })();
    match parts {
        Ok([encoding, start, end, reason]) => th.raise_args(
            UnicodeEncodeError(),
            &[encoding.obj(), object.obj(), start.obj(), end.obj(), reason.obj()],
        ),
        Err(raised) => raised,
    }
}
