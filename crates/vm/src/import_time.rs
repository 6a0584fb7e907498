//! `-X importtime`: how long imports take.
//!
//! The time of a module is that of its import less the imports within it; the
//! sum of those is kept while the module is loaded.

use std::{
    cell::Cell,
    fmt,
    io::Write as _,
    time::{Duration, Instant},
};

use object::{Result, Str, Thread};

#[derive(Default)]
struct State {
    /// 1 tells of modules that are loaded, 2 also of those that were.
    level: Cell<i32>,
    has_header: Cell<bool>,
    depth: Cell<usize>,
    /// What the imports within the current one took.
    inner: Cell<Duration>,
}

fn state(th: Thread<'_>) -> &'static State {
    th.interp().extensions.get::<State>()
}

/// Tell how long imports take from now on.
pub fn enable(th: Thread<'_>, level: i32) {
    state(th).level.set(level);
}

/// Nobody can be told if this fails.
fn tell(line: fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn header(state: &State) {
    if !state.has_header.replace(true) {
        tell(format_args!("import time: self [us] | cumulative | imported package"));
    }
}

/// Note that a module was there already.
pub(crate) fn cached(th: Thread<'_>, name: &Str) {
    let state = state(th);
    if state.level.get() < 2 {
        return;
    }
    header(state);
    let indent = 2 * state.depth.get();
    tell(format_args!("import time: cached    | cached     | {:indent$}{}", "", shown(name)));
}

/// A name that may not be encodable.
fn shown(name: &Str) -> String {
    let code = |code: u32| match char::from_u32(code) {
        Some(c) => c.to_string(),
        None => format!("\\u{code:04x}"),
    };
    name.units().iter().map(code).collect()
}

/// Load a module and tell how long it took.
pub(crate) fn timed<T>(th: Thread<'_>, name: &Str, load: impl FnOnce() -> Result<T>) -> Result<T> {
    let state = state(th);
    if state.level.get() == 0 {
        return load();
    }
    header(state);
    let depth = state.depth.get();
    state.depth.set(depth + 1);
    let outer = state.inner.replace(Duration::ZERO);
    let start = Instant::now();
    let result = load();
    let whole = start.elapsed();
    let own = whole.saturating_sub(state.inner.get());
    state.inner.set(outer + whole);
    state.depth.set(depth);
    let (own, whole, name) = (own.as_micros(), whole.as_micros(), shown(name));
    let indent = 2 * depth;
    tell(format_args!("import time: {own:9} | {whole:10} | {:indent$}{name}", ""));
    result
}
