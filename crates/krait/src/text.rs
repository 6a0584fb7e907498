//! Bytes of the operating system as Python strings.

use object::{List, Ref, Result, Thread};

pub(crate) use object::types::str::codec::decode_fs as fs_text;

/// A list of decoded texts.
pub(crate) fn fs_list<T: AsRef<[u8]>>(th: Thread<'_>, items: &[T]) -> Result<Ref<List>> {
    let list = List::new(th)?;
    for item in items {
        list.push(th, fs_text(th, item.as_ref())?.upcast())?;
    }
    Ok(list)
}
