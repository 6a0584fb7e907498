//! `gc`: the cycle collector's controls.

use macros::pymodule;
use object::{
    Args, AsObject, Dict, Int, List, Module, Obj, Ref, Result, Thread, Tuple, gc as collector,
    raise,
};

/// This module provides access to the garbage collector for reference cycles.
#[pymodule]
pub mod gc {
    use super::*;

    /// Run the garbage collector; the number of unreachable objects.
    #[sig = "(generation=2)"]
    fn collect(th: Thread<'_>, generation: i32) -> Result<isize> {
        let Ok(generation) = usize::try_from(generation) else {
            raise!(th, ValueError, "invalid generation");
        };
        if generation > 2 {
            raise!(th, ValueError, "invalid generation");
        }
        Ok(super::run(th, generation))
    }

    /// Enable automatic garbage collection.
    #[sig = "()"]
    fn enable(th: Thread<'_>) {
        th.heap().gc().set_enabled(true);
    }

    /// Disable automatic garbage collection.
    #[sig = "()"]
    fn disable(th: Thread<'_>) {
        th.heap().gc().set_enabled(false);
    }

    /// Returns true if automatic garbage collection is enabled.
    #[sig = "()"]
    fn isenabled(th: Thread<'_>) -> bool {
        th.heap().gc().is_enabled()
    }

    /// Set the garbage collection debugging flags.
    #[sig = "(flags, /)"]
    fn set_debug(th: Thread<'_>, flags: i32) {
        th.heap().gc().set_debug(flags);
    }

    /// Get the garbage collection debugging flags.
    #[sig = "()"]
    fn get_debug(th: Thread<'_>) -> i32 {
        th.heap().gc().debug()
    }

    /// set_threshold(threshold0, [threshold1, [threshold2]])
    ///
    /// Set the collection thresholds (the collection frequency).
    #[no_signature]
    #[sig = "(threshold0, threshold1=10, threshold2=10, /)"]
    fn set_threshold(
        th: Thread<'_>,
        threshold0: i32,
        threshold1: Option<i32>,
        threshold2: Option<i32>,
    ) {
        let old = th.heap().gc().thresholds();
        let new = [threshold0, threshold1.unwrap_or(old[1]), threshold2.unwrap_or(old[2])];
        th.heap().gc().set_thresholds(new);
    }

    /// Return the current collection thresholds.
    #[sig = "()"]
    fn get_threshold(th: Thread<'_>) -> (i32, i32, i32) {
        let [a, b, c] = th.heap().gc().thresholds();
        (a, b, c)
    }

    /// Return a three-tuple of the current collection counts.
    #[sig = "()"]
    fn get_count(th: Thread<'_>) -> (i32, i32, i32) {
        let [a, b, c] = th.heap().gc().counts();
        (a, b, c)
    }

    /// Return a list of dictionaries containing per-generation statistics.
    #[sig = "()"]
    fn get_stats(th: Thread<'_>) -> Result<Ref<List>> {
        let list = List::new(th)?;
        for statistics in th.heap().gc().statistics() {
            let dict = Dict::new(th)?;
            for (name, value) in [
                ("collections", statistics.collections),
                ("collected", statistics.collected),
                ("uncollectable", statistics.uncollectable),
            ] {
                dict.set_str(th, name, Int::from_u64(th, value as u64)?.obj())?;
            }
            list.push(th, dict.upcast())?;
        }
        Ok(list)
    }

    /// Return a list of objects tracked by the collector (excluding the list returned).
    #[sig = "(generation=None)"]
    fn get_objects(th: Thread<'_>, generation: Option<isize>) -> Result<Ref<List>> {
        crate::sys::audit_with(th, "gc.get_objects", || {
            Ok(vec![Int::from_i64(th, generation.unwrap_or(-1) as i64)?])
        })?;
        let generation = match generation {
            None => None,
            Some(generation @ 0..=2) => Some(generation.unsigned_abs()),
            Some(generation) if generation < 0 => {
                raise!(th, ValueError, "generation parameter cannot be negative")
            }
            Some(_) => raise!(
                th,
                ValueError,
                "generation parameter must be less than the number of available generations (3)"
            ),
        };
        List::from_refs(th, own_all(collector::objects(th.heap(), generation)))
    }

    /// Return the list of objects that directly refer to any of 'objs'.
    #[sig = "(*objs)"]
    fn get_referrers(th: Thread<'_>, objs: Args<'_>) -> Result<Ref<List>> {
        let audited = || Ok(vec![Tuple::from_objs(th, objs)?.upcast()]);
        crate::sys::audit_with(th, "gc.get_referrers", audited)?;
        let targets: Vec<_> = objs.iter().map(|object| object.as_ptr()).collect();
        List::from_refs(th, own_all(collector::referrers(th.heap(), &targets)))
    }

    /// Return the list of objects that are directly referred to by 'objs'.
    #[sig = "(*objs)"]
    fn get_referents(th: Thread<'_>, objs: Args<'_>) -> Result<Ref<List>> {
        let audited = || Ok(vec![Tuple::from_objs(th, objs)?.upcast()]);
        crate::sys::audit_with(th, "gc.get_referents", audited)?;
        let mut found = Vec::new();
        for object in objs.iter().filter(|object| object.ty().is_gc()) {
            // SAFETY: a live gc object.
            found.extend(unsafe { collector::referents(object.as_ptr()) });
        }
        List::from_refs(th, own_all(found))
    }

    /// Returns true if the object is tracked by the garbage collector.
    #[sig = "(obj, /)"]
    fn is_tracked(th: Thread<'_>, obj: Obj<'_>) -> bool {
        if let Some(ty) = object::types::type_::as_type(obj)
            && ty.shown_flags() & abi::Py_TPFLAGS_HEAPTYPE != 0
        {
            // COMPAT: native types of modules are static here; test_pickle.HeapTypesTests.
            return true;
        }
        obj.ty().is_gc() && collector::is_tracked(th.heap(), obj.as_ptr())
    }

    /// Returns true if the object has been already finalized by the garbage collector.
    #[sig = "(obj, /)"]
    fn is_finalized(th: Thread<'_>, obj: Obj<'_>) -> bool {
        obj.ty().is_gc() && collector::is_finalized(th.heap(), obj.as_ptr())
    }

    /// Freeze all current tracked objects and ignore them for future collections.
    #[sig = "()"]
    fn freeze(th: Thread<'_>) {
        collector::freeze(th.heap());
    }

    /// Unfreeze all objects in the permanent generation.
    #[sig = "()"]
    fn unfreeze(th: Thread<'_>) {
        collector::unfreeze(th.heap());
    }

    /// Return the number of objects in the permanent generation.
    #[sig = "()"]
    fn get_freeze_count(th: Thread<'_>) -> usize {
        collector::frozen_count(th.heap())
    }

    #[exec]
    fn exec(th: Thread<'_>, module: &Module) -> Result<()> {
        for (name, value) in [
            ("DEBUG_STATS", 1),
            ("DEBUG_COLLECTABLE", 2),
            ("DEBUG_UNCOLLECTABLE", 4),
            ("DEBUG_SAVEALL", 32),
            ("DEBUG_LEAK", 38),
        ] {
            module.set(th, name, Int::from_i64(th, value)?.obj())?;
        }
        let state = vm::collect::state(th)?;
        module.set(th, "garbage", state.garbage.obj())?;
        module.set(th, "callbacks", state.callbacks.obj())
    }
}

/// Collect `generation` and the younger ones now.
fn run(th: Thread<'_>, generation: usize) -> isize {
    vm::collect::collect(th, generation)
}

/// Own what the collector shows.
fn own_all(objects: Vec<*mut abi::PyObject>) -> Vec<Ref> {
    // SAFETY: the collector shows live objects, and nothing ran since.
    objects
        .into_iter()
        .filter_map(|object| unsafe { Obj::from_raw(object) }.map(Obj::own))
        .collect()
}
