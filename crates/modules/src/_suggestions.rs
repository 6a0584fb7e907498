//! `_suggestions`: the name that was probably meant.

use macros::pymodule;
use object::{List, Obj, Ref, Result, Str, Thread, raise};

/// Suggestions for misspelled names.
#[pymodule]
pub mod _suggestions {
    use super::*;

    /// Returns the candidate in candidates that is closest to item.
    #[sig = "(candidates, item, /)"]
    fn _generate_suggestions(
        th: Thread<'_>,
        candidates: Obj<'_>,
        item: &Str,
    ) -> Result<Option<Ref>> {
        let Some(list) = candidates.downcast_exact::<List>() else {
            raise!(th, TypeError, "candidates must be a list");
        };
        let mut names = Vec::new();
        for index in 0..list.len() {
            let Some(entry) = list.get(index) else { break };
            match entry.downcast::<Str>() {
                Ok(name) => names.push(name),
                Err(_) => raise!(th, TypeError, "all elements in 'candidates' must be strings"),
            }
        }
        let texts: Vec<&str> = names.iter().filter_map(|name| name.to_utf8(th).ok()).collect();
        let found = vm::suggest::suggest(item.to_utf8(th)?, texts.into_iter());
        found.map(|name| Str::new(th, name).map(Ref::upcast)).transpose()
    }
}
