//! Bytes of the operating system as Python strings.

use object::{List, Ref, Result, Str, Thread};

/// Decode a file name or argument: UTF-8, other bytes as lone surrogates.
pub(crate) fn fs_text(th: Thread<'_>, bytes: &[u8]) -> Result<Ref<Str>> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Str::new(th, text);
    }
    let mut codes = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        codes.extend(chunk.valid().chars().map(u32::from));
        codes.extend(chunk.invalid().iter().map(|byte| 0xdc00 + u32::from(*byte)));
    }
    Str::from_code_points(th, &codes)
}

/// A list of decoded texts.
pub(crate) fn fs_list<T: AsRef<[u8]>>(th: Thread<'_>, items: &[T]) -> Result<Ref<List>> {
    let list = List::new(th)?;
    for item in items {
        list.push(th, fs_text(th, item.as_ref())?.upcast())?;
    }
    Ok(list)
}
