//! `_lsprof`: the profiler of `cProfile`.
//!
//! A profiler is a tool of `sys.monitoring`. Each call opens a context on a
//! stack; when it ends, its time goes to the entry of its function, the time
//! without inner calls apart, and to the caller's entry for that function.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
};

use macros::{pymethods, pymodule, pytype};
use object::{
    AsObject, Float, Head, Int, Link, List, Module, Obj, Protocol, Ref, Result, Str, Thread,
    Traverse, Type, alloc_object, id, raise, types,
    types::{builtin_function::BuiltinFunction, descr::MethodDescriptor},
};
use vm::monitoring::{self, event};

use crate::support::{
    self, Round, seconds_to_ns,
    structseq::{Decl, StructSeq as _},
};

static ENTRY: Decl = Decl {
    name: "_lsprof.profiler_entry",
    doc: "",
    fields: &[
        ("code", "code object or built-in function name"),
        ("callcount", "how many times this was called"),
        ("reccallcount", "how many times called recursively"),
        ("totaltime", "total time in this entry"),
        ("inlinetime", "inline time in this entry (not in subcalls)"),
        ("calls", "details of the calls"),
    ],
    visible: 6,
    instantiable: true,
};

static SUBENTRY: Decl = Decl {
    name: "_lsprof.profiler_subentry",
    doc: "",
    fields: &[
        ("code", "called code object or built-in function name"),
        ("callcount", "how many times this is called"),
        ("reccallcount", "how many times this is called recursively"),
        ("totaltime", "total time spent in this call"),
        ("inlinetime", "inline time (not in further subcalls)"),
    ],
    visible: 5,
    instantiable: true,
};

/// The tool id of profilers.
const TOOL: i32 = 2;

const CALLBACKS: [(usize, &str); 9] = [
    (event::PY_START, "_pystart_callback"),
    (event::PY_RESUME, "_pystart_callback"),
    (event::PY_THROW, "_pythrow_callback"),
    (event::PY_RETURN, "_pyreturn_callback"),
    (event::PY_YIELD, "_pyreturn_callback"),
    (event::PY_UNWIND, "_pyreturn_callback"),
    (event::CALL, "_ccall_callback"),
    (event::C_RETURN, "_creturn_callback"),
    (event::C_RAISE, "_creturn_callback"),
];

/// What was measured of a function, or of a function's calls by another.
#[derive(Clone, Copy, Default)]
struct Times {
    total: i64,
    inline: i64,
    calls: i64,
    recursive_calls: i64,
    /// How many calls are open.
    depth: i64,
}

impl Times {
    fn add(&mut self, total: i64, inline: i64) {
        self.depth -= 1;
        if self.depth == 0 {
            self.total += total;
        } else {
            self.recursive_calls += 1;
        }
        self.inline += inline;
        self.calls += 1;
    }
}

struct Entry {
    function: Ref,
    times: Times,
    /// By the key of the function that this one calls, in order of appearance.
    calls: Vec<(usize, Times)>,
}

impl Entry {
    fn call(&mut self, key: usize) -> &mut Times {
        let at = match self.calls.iter().position(|(other, _)| *other == key) {
            Some(at) => at,
            None => {
                self.calls.push((key, Times::default()));
                self.calls.len() - 1
            }
        };
        &mut self.calls[at].1
    }
}

/// An open call.
struct Context {
    key: usize,
    start: i64,
    inner: i64,
}

#[derive(Default)]
struct Data {
    entries: HashMap<usize, Entry>,
    order: Vec<usize>,
    open: Vec<Context>,
}

#[derive(Default)]
struct Shared(RefCell<Data>);

impl Traverse for Shared {
    const GC: bool = true;
    fn traverse(&self, visit: &mut dyn FnMut(Obj<'_>)) {
        if let Ok(data) = self.0.try_borrow() {
            for entry in data.entries.values() {
                visit(entry.function.obj());
            }
        }
    }
    fn clear(&self) {
        let old = self.0.try_borrow_mut().map(|mut data| std::mem::take(&mut *data));
        drop(old);
    }
}

/// Build a profiler object using the specified timer function.
///
/// The default timer is a fast built-in one based on real time.
/// For custom timer functions returning integers, 'timeunit' can
/// be a float specifying a scale (that is, how long each integer unit
/// is, in seconds).
#[pytype(name = "_lsprof.Profiler", flags = BASETYPE)]
pub struct Profiler {
    head: Head,
    data: Shared,
    timer: Link,
    unit: Cell<f64>,
    subcalls: Cell<bool>,
    builtins: Cell<bool>,
    enabled: Cell<bool>,
    /// The timer runs.
    in_timer: Cell<bool>,
}

impl Profiler {
    fn now(&self, th: Thread<'_>) -> i64 {
        let Some(timer) = self.timer.get() else {
            return support::now_ns();
        };
        self.in_timer.set(true);
        let value = timer.call(th, &[]);
        self.in_timer.set(false);
        let time = value.and_then(|value| {
            if self.unit.get() > 0.0 {
                if Int::is_int(value.obj()) {
                    return Int::index_to_i64(th, value.obj());
                }
                raise!(th, TypeError, "expect int, got {}", value.obj().type_name());
            }
            seconds_to_ns(th, value.obj(), Round::Floor)
        });
        match time {
            Ok(time) => time,
            Err(_) => {
                let context = timer
                    .repr(th)
                    .map(|text| format!("Exception ignored while calling _lsprof timer {text}"));
                if let Ok(context) = context {
                    (th.hooks().unraisable)(th, Some(&context), None);
                }
                0
            }
        }
    }

    fn enter(&self, th: Thread<'_>, key: usize, function: Obj<'_>) -> Result<()> {
        if !self.data.0.borrow().entries.contains_key(&key) {
            let function = described(th, function)?;
            let entry = Entry { function, times: Times::default(), calls: Vec::new() };
            let mut data = self.data.0.borrow_mut();
            data.entries.insert(key, entry);
            data.order.push(key);
        }
        {
            let mut data = self.data.0.borrow_mut();
            let caller = data.open.last().map(|context| context.key);
            if let Some(entry) = data.entries.get_mut(&key) {
                entry.times.depth += 1;
            }
            if self.subcalls.get()
                && let Some(caller) = caller.and_then(|caller| data.entries.get_mut(&caller))
            {
                caller.call(key).depth += 1;
            }
            data.open.push(Context { key, start: 0, inner: 0 });
        }
        let start = self.now(th);
        if let Some(context) = self.data.0.borrow_mut().open.last_mut() {
            context.start = start;
        }
        Ok(())
    }

    /// The innermost open call ends, which is (or should be) one of `key`.
    fn leave(&self, th: Thread<'_>, key: usize) {
        if self.data.0.borrow().open.is_empty() {
            return;
        }
        let known = self.data.0.borrow().entries.contains_key(&key);
        let now = if known { self.now(th) } else { 0 };
        let mut data = self.data.0.borrow_mut();
        let Some(context) = data.open.pop() else { return };
        if !known {
            return;
        }
        let total = now.wrapping_sub(context.start);
        let inline = total.wrapping_sub(context.inner);
        let mut caller = None;
        if let Some(outer) = data.open.last_mut() {
            outer.inner = outer.inner.wrapping_add(total);
            caller = Some(outer.key);
        }
        if let Some(entry) = data.entries.get_mut(&key) {
            entry.times.add(total, inline);
        }
        if self.subcalls.get()
            && let Some(caller) = caller.and_then(|caller| data.entries.get_mut(&caller))
            && let Some((_, times)) = caller.calls.iter_mut().find(|(other, _)| *other == key)
        {
            times.add(total, inline);
        }
    }

    fn close_all(&self, th: Thread<'_>) {
        loop {
            let key = self.data.0.borrow().open.last().map(|context| context.key);
            let Some(key) = key else { return };
            self.leave(th, key);
        }
    }

    fn check_outside_timer(&self, th: Thread<'_>, what: &str) -> Result<()> {
        if self.in_timer.get() {
            raise!(th, RuntimeError, "cannot {what} profiler in external timer");
        }
        Ok(())
    }
}

/// The builtin function that a call means, and what it is counted under.
fn native_function(
    th: Thread<'_>,
    callable: Obj<'_>,
    this: Obj<'_>,
) -> Result<Option<(Ref, usize)>> {
    let function = if callable.downcast::<BuiltinFunction>().is_some() {
        callable.own()
    } else if callable.is_exact::<MethodDescriptor>() {
        if this.is(monitoring::missing(th)?.obj()) {
            return Ok(None);
        }
        callable.call_method(th, id!(th, "__get__"), &[this, this.ty().obj()])?
    } else {
        return Ok(None);
    };
    let key = function.obj().downcast::<BuiltinFunction>();
    let key = key.map(|function| std::ptr::from_ref(function.def()).addr());
    Ok(key.map(|key| (function, key)))
}

/// What stands for a function in the statistics: builtin ones are described,
/// so that what they are bound to is not kept.
fn described(th: Thread<'_>, function: Obj<'_>) -> Result<Ref> {
    let Some(builtin) = function.downcast::<BuiltinFunction>() else { return Ok(function.own()) };
    let name = function.getattr(th, id!(th, "__name__"))?.str(th)?;
    let this = builtin.this();
    let this = this.filter(|this| this.obj().downcast::<Module>().is_none());
    if let Some(this) = this {
        if let Some(descriptor) = this.obj().ty().lookup(th, &name) {
            return descriptor.repr(th).map(Ref::upcast);
        }
        return Str::from_fmt(th, format_args!("<built-in method {}>", &*name)).map(Ref::upcast);
    }
    let module = function.getattr_opt(th, id!(th, "__module__"))?;
    let module = module.filter(|module| !module.obj().is_none());
    match module {
        Some(module) => {
            let module = module.str(th)?;
            Str::from_fmt(th, format_args!("<built-in method {}.{}>", &*module, &*name))
        }
        None => Str::from_fmt(th, format_args!("<built-in method {}>", &*name)),
    }
    .map(Ref::upcast)
}

#[pymethods]
impl Profiler {
    fn __new__(
        th: Thread<'_>,
        cls: &Type,
        _: &object::Tuple,
        _: Option<&object::Dict>,
    ) -> Result<Ref<Profiler>> {
        let profiler = Profiler {
            head: Head::new(),
            data: Shared::default(),
            timer: Link::null(),
            unit: Cell::new(0.0),
            subcalls: Cell::new(true),
            builtins: Cell::new(true),
            enabled: Cell::new(false),
            in_timer: Cell::new(false),
        };
        alloc_object::alloc(th, cls, profiler)
    }

    #[sig = "Profiler(timer=None, timeunit=0.0, subcalls=True, builtins=True)"]
    fn __init__(
        &self,
        _: Thread<'_>,
        timer: Option<Obj<'_>>,
        timeunit: f64,
        subcalls: bool,
        builtins: bool,
    ) -> Result<()> {
        self.timer.set(timer.filter(|timer| !timer.is_none()).map(Obj::own));
        self.unit.set(timeunit);
        self.subcalls.set(subcalls);
        self.builtins.set(builtins);
        Ok(())
    }

    /// list of profiler_entry objects.
    ///
    /// getstats() -> list of profiler_entry objects
    ///
    /// Return all information collected by the profiler.
    /// Each profiler_entry is a tuple-like object with the
    /// following attributes:
    ///
    ///     code          code object
    ///     callcount     how many times this was called
    ///     reccallcount  how many times called recursively
    ///     totaltime     total time in this entry
    ///     inlinetime    inline time in this entry (not in subcalls)
    ///     calls         details of the calls
    ///
    /// The calls attribute is either None or a list of
    /// profiler_subentry objects:
    ///
    ///     code          called code object
    ///     callcount     how many times this is called
    ///     reccallcount  how many times this is called recursively
    ///     totaltime     total time spent in this call
    ///     inlinetime    inline time (not in further subcalls)
    #[sig = "($self, /)"]
    fn getstats(&self, th: Thread<'_>) -> Result<Ref<List>> {
        let unit = self.unit.get();
        let factor = if self.timer.is_null() || unit == 0.0 { 1e-9 } else { unit };
        // Making the list can run code that profiles.
        let rows: Vec<(Ref, Times, Vec<(Ref, Times)>)> = {
            let data = self.data.0.borrow();
            let of = |key: &usize| data.entries.get(key);
            data.order
                .iter()
                .filter_map(of)
                .filter(|entry| entry.times.calls > 0)
                .map(|entry| {
                    let calls = entry.calls.iter().filter(|(_, times)| times.calls > 0);
                    let calls = calls
                        .filter_map(|(key, times)| Some((of(key)?.function.clone(), *times)))
                        .collect();
                    (entry.function.clone(), entry.times, calls)
                })
                .collect()
        };
        let values = |function: &Ref, times: &Times| -> Result<Vec<Ref>> {
            Ok(vec![
                function.clone(),
                Int::from_i64(th, times.calls)?,
                Int::from_i64(th, times.recursive_calls)?,
                Float::new(th, times.total as f64 * factor)?.upcast(),
                Float::new(th, times.inline as f64 * factor)?.upcast(),
            ])
        };
        let list = List::new(th)?;
        for (function, times, calls) in rows {
            let mut row = values(&function, &times)?;
            if calls.is_empty() {
                row.push(types::none().own());
            } else {
                let inner = List::new(th)?;
                for (function, times) in &calls {
                    inner.push(th, SUBENTRY.make(th, values(function, times)?)?)?;
                }
                row.push(inner.upcast());
            }
            list.push(th, ENTRY.make(th, row)?)?;
        }
        Ok(list)
    }

    #[sig = "($self, code, instruction_offset, /)"]
    fn _pystart_callback(&self, th: Thread<'_>, code: Obj<'_>, _: Obj<'_>) -> Result<()> {
        self.enter(th, code.as_ptr().addr(), code)
    }

    #[sig = "($self, code, instruction_offset, exception, /)"]
    fn _pythrow_callback(
        &self,
        th: Thread<'_>,
        code: Obj<'_>,
        _: Obj<'_>,
        _: Obj<'_>,
    ) -> Result<()> {
        self.enter(th, code.as_ptr().addr(), code)
    }

    #[sig = "($self, code, instruction_offset, retval, /)"]
    fn _pyreturn_callback(&self, th: Thread<'_>, code: Obj<'_>, _: Obj<'_>, _: Obj<'_>) {
        self.leave(th, code.as_ptr().addr());
    }

    #[sig = "($self, code, instruction_offset, callable, self_arg, /)"]
    fn _ccall_callback(
        &self,
        th: Thread<'_>,
        _: Obj<'_>,
        _: Obj<'_>,
        callable: Obj<'_>,
        self_arg: Obj<'_>,
    ) -> Result<()> {
        if self.builtins.get()
            && let Some((function, key)) = native_function(th, callable, self_arg)?
        {
            self.enter(th, key, function.obj())?;
        }
        Ok(())
    }

    #[sig = "($self, code, instruction_offset, callable, self_arg, /)"]
    fn _creturn_callback(
        &self,
        th: Thread<'_>,
        _: Obj<'_>,
        _: Obj<'_>,
        callable: Obj<'_>,
        self_arg: Obj<'_>,
    ) -> Result<()> {
        if self.builtins.get()
            && let Some((_, key)) = native_function(th, callable, self_arg)?
        {
            self.leave(th, key);
        }
        Ok(())
    }

    /// Start collecting profiling information.
    ///
    ///   subcalls
    ///     If True, also records for each function
    ///     statistics separated according to its current caller.
    ///   builtins
    ///     If True, records the time spent in
    ///     built-in functions separately from their caller.
    #[sig = "($self, /, subcalls=True, builtins=True)"]
    fn enable(&self, th: Thread<'_>, subcalls: bool, builtins: bool) -> Result<()> {
        self.subcalls.set(subcalls);
        self.builtins.set(builtins);
        monitoring::use_tool_id(th, TOOL, Str::new(th, "cProfile")?.obj())?;
        let mut events = 0;
        for (event, name) in CALLBACKS {
            let callback = self.obj().getattr(th, &*Str::intern(th, name)?)?;
            monitoring::register_callback(th, TOOL, 1 << event, callback.obj())?;
            events |= 1 << event;
        }
        monitoring::set_events(th, TOOL, events)?;
        self.enabled.set(true);
        Ok(())
    }

    /// Stop collecting profiling information.
    #[sig = "($self, /)"]
    fn disable(&self, th: Thread<'_>) -> Result<()> {
        self.check_outside_timer(th, "disable")?;
        if !self.enabled.replace(false) {
            return Ok(());
        }
        for (event, _) in CALLBACKS {
            monitoring::register_callback(th, TOOL, 1 << event, types::none())?;
        }
        monitoring::set_events(th, TOOL, 0)?;
        monitoring::free_tool_id(th, TOOL)?;
        self.close_all(th);
        Ok(())
    }

    /// Clear all profiling information collected so far.
    #[sig = "($self, /)"]
    fn clear(&self, th: Thread<'_>) -> Result<()> {
        self.check_outside_timer(th, "clear")?;
        Traverse::clear(&self.data);
        Ok(())
    }
}

/// Fast profiler
#[pymodule]
pub mod _lsprof {
    use super::*;

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        module.add_type::<Profiler>(th)?;
        ENTRY.add_to(th, module)?;
        SUBENTRY.add_to(th, module)
    }
}
