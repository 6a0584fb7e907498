//! The collector at work: its hooks into Python, and `gc.garbage` and
//! `gc.callbacks`.

use std::cell::{Cell, OnceCell};

use abi::PyObject;

use object::{
    AsObject, Dict, Int, IntoObject, List, Obj, Protocol, PyStruct, Ref, Result, Str, Thread,
    Tuple, exceptions,
    gc::{self, Phase},
    id,
    thread::breaker,
    types,
};

/// The lists of module `gc`.
pub struct State {
    pub garbage: Ref<List>,
    pub callbacks: Ref<List>,
}

#[derive(Default)]
struct Slot {
    lists: OnceCell<State>,
    silent: Cell<bool>,
}

/// Call `gc.callbacks` no more.
pub(crate) fn set_silent(th: Thread<'_>) {
    th.interp().extensions.get::<Slot>().silent.set(true);
}

/// At the end of the program: warn of objects that could not be collected.
pub(crate) fn report_garbage(th: Thread<'_>) -> Result<()> {
    let Some(State { garbage, .. }) = th.interp().extensions.get::<Slot>().lists.get() else {
        return Ok(());
    };
    let flags = th.heap().gc().debug();
    if garbage.len() == 0 || flags & gc::debug::SAVEALL != 0 {
        return Ok(());
    }
    let listed = flags & gc::debug::UNCOLLECTABLE != 0;
    let hint = "; use gc.set_debug(gc.DEBUG_UNCOLLECTABLE) to list them";
    let count = garbage.len();
    let message =
        format!("gc: {count} uncollectable objects at shutdown{}", if listed { "" } else { hint });
    let category = exceptions::types::ResourceWarning();
    let args = [message.into_object(th)?, "gc".into_object(th)?, 0i32.into_object(th)?];
    let [message, file, line] = args.each_ref().map(AsObject::obj);
    let warnings = crate::import::import_module(th, &*Str::new(th, "_warnings")?)?;
    let warn = warnings.getattr(th, id!(th, "warn_explicit"))?;
    warn.call(th, &[message, category.obj(), file, line])?;
    if listed {
        eprintln!("      {}", garbage.repr(th)?);
    }
    Ok(())
}

/// The lists of module `gc`, made on first use.
pub fn state(th: Thread<'_>) -> Result<&'static State> {
    let slot = &th.interp().extensions.get::<Slot>().lists;
    if let Some(state) = slot.get() {
        return Ok(state);
    }
    let state = State { garbage: List::new(th)?, callbacks: List::new(th)? };
    Ok(slot.get_or_init(|| state))
}

fn current<'a>() -> Thread<'a> {
    // SAFETY: the collector runs on attached threads only.
    unsafe { Thread::current() }
}

fn borrow<'a>(object: *mut PyObject) -> Option<Obj<'a>> {
    // SAFETY: the collector passes live objects.
    unsafe { Obj::from_raw(object) }
}

/// Connect the collector with the interpreter.
pub fn init(th: Thread<'_>) {
    th.heap().gc().set_hooks(gc::Hooks {
        weakref_callbacks: types::weakref::gc_callbacks,
        clear_weakrefs: types::weakref::gc_clear,
        append_garbage: |object| {
            let th = current();
            if let (Ok(state), Some(object)) = (state(th), borrow(object))
                && let Err(raised) = state.garbage.push(th, object.own())
            {
                th.clear_exception(raised);
            }
        },
        unraisable: |object| {
            let th = current();
            if th.is_raised() {
                let name = borrow(object).map_or("?", |object| object.type_name());
                let context = format!("Exception ignored in tp_clear of {name}");
                (th.hooks().unraisable)(th, Some(&context), None);
            }
        },
        notify,
        message: |text| {
            let th = current();
            let Some(sys) = th.interp().sys_dict.get() else { return };
            let Ok(Some(stderr)) = sys.get(th, id!(th, "stderr").obj()) else { return };
            let written = Str::new(th, text)
                .and_then(|text| stderr.call_method(th, id!(th, "write"), &[text.obj()]));
            if let Err(raised) = written {
                th.clear_exception(raised);
            }
        },
        request: || current().request_break(breaker::COLLECT),
        tuple_type: Tuple::type_object().as_ptr(),
        list_type: List::type_object().as_ptr(),
        ..gc::Hooks::NONE
    });
}

/// Call `gc.callbacks` with the phase and what is known of the collection.
fn notify(phase: Phase, generation: usize, outcome: gc::Outcome) {
    let th = current();
    let Ok(state) = state(th) else { return };
    if state.callbacks.len() == 0 || th.interp().extensions.get::<Slot>().silent.get() {
        return;
    }
    let call = || -> Result<()> {
        let info = Dict::new(th)?;
        let facts = [
            ("generation", generation),
            ("collected", outcome.collected),
            ("uncollectable", outcome.uncollectable),
        ];
        for (name, value) in facts {
            info.set(th, Str::intern(th, name)?.obj(), Int::from_i64(th, value as i64)?.obj())?;
        }
        let phase = match phase {
            Phase::Start => id!(th, "start"),
            Phase::Stop => id!(th, "stop"),
        };
        let mut index = 0;
        while let Some(callback) = state.callbacks.get(index) {
            index += 1;
            if callback.call(th, &[phase.obj(), info.obj()]).is_err() {
                let context = "Exception ignored while calling GC callback";
                (th.hooks().unraisable)(th, Some(context), Some(callback.obj()));
            }
        }
        Ok(())
    };
    if let Err(raised) = call() {
        th.clear_exception(raised);
    }
}

/// Collect `generation` and the younger ones; how many unreachable objects
/// were found. The exception that is set, if any, is kept.
pub fn collect(th: Thread<'_>, generation: usize) -> isize {
    let saved = th.swap_exception(None);
    let outcome = gc::collect(th.heap(), generation);
    drop(th.swap_exception(saved));
    (outcome.collected + outcome.uncollectable) as isize
}

/// What the eval breaker does for [`breaker::COLLECT`].
pub fn collect_if_due(th: Thread<'_>) {
    let saved = th.swap_exception(None);
    gc::collect_if_due(th.heap());
    drop(th.swap_exception(saved));
}
