//! Tests of the parent module.

use std::{
    cell::{Cell, RefCell},
    ffi::{c_int, c_void},
    ptr::{self, NonNull},
};

use abi::{PyObject, PyTupleObject, PyTypeObject, PyVarObject, visitproc};

use super::*;
use crate::alloc::{self, Mode};

/// A container with two references, optionally behind a prefix of 16 bytes and
/// before padding.
#[repr(C)]
struct Node {
    head: PyObject,
    prefix: usize,
    edges: [*mut PyObject; 2],
}

#[derive(Default)]
struct World {
    heap: Cell<*const Heap>,
    depth: Cell<u32>,
    later: alloc::Waiting,
    freed: Cell<usize>,
    finalized: Cell<usize>,
    resurrect: Cell<bool>,
    rescued: RefCell<Vec<usize>>,
    garbage: RefCell<Vec<usize>>,
    cleared: Cell<usize>,
    messages: RefCell<String>,
    requests: Cell<usize>,
    phases: RefCell<Vec<(Phase, usize)>>,
}

thread_local! {
    static WORLD: World = World::default();
}

fn world<T>(f: impl FnOnce(&World) -> T) -> T {
    WORLD.with(f)
}

fn heap() -> &'static Heap {
    // SAFETY: heaps of tests are leaked.
    world(|world| unsafe { &*world.heap.get() })
}

fn track(object: *mut PyObject) {
    // SAFETY: tests pass complete nodes of this heap.
    unsafe { super::track(heap(), NonNull::new(object).unwrap()) };
}

fn own(object: *mut PyObject) -> *mut PyObject {
    // SAFETY: tests pass live objects.
    unsafe { counts::own(object) };
    object
}

fn release(object: *mut PyObject) {
    // SAFETY: tests release what they own.
    unsafe { counts::release(object, dealloc_directly) };
}

unsafe extern "C" fn node_traverse(
    object: *mut PyObject,
    visit: visitproc,
    argument: *mut c_void,
) -> c_int {
    // SAFETY: the type is that of nodes.
    for edge in unsafe { (*object.cast::<Node>()).edges } {
        if !edge.is_null() {
            // SAFETY: as the caller wants it.
            let status = unsafe { visit(edge, argument) };
            if status != 0 {
                return status;
            }
        }
    }
    0
}

unsafe extern "C" fn node_clear(object: *mut PyObject) -> c_int {
    world(|world| world.cleared.set(world.cleared.get() + 1));
    for index in 0..2 {
        set_edge(object, index, ptr::null_mut());
    }
    0
}

unsafe extern "C" fn node_dealloc(object: *mut PyObject) {
    let dead = NonNull::new(object).unwrap();
    // SAFETY: a node of this heap.
    unsafe { untrack(heap(), dead) };
    if world(|world| alloc::defer(&world.depth, &world.later, dead)) {
        return;
    }
    for index in 0..2 {
        set_edge(object, index, ptr::null_mut());
    }
    world(|world| world.freed.set(world.freed.get() + 1));
    // SAFETY: the type is that of nodes.
    let prefix = unsafe { (*object.cast::<Node>()).prefix };
    let block = object.cast::<u8>().wrapping_sub(prefix);
    // SAFETY: allocated with this prefix, and nobody refers to it.
    unsafe { heap().free_gc(NonNull::new(block).unwrap()) };
    world(|world| alloc::end(&world.depth, &world.later, dealloc_directly));
}

unsafe extern "C" fn node_finalize(object: *mut PyObject) {
    world(|world| {
        world.finalized.set(world.finalized.get() + 1);
        if world.resurrect.get() {
            world.rescued.borrow_mut().push(own(object).addr());
        }
    });
}

unsafe extern "C" fn node_del(_object: *mut PyObject) {}

fn set_edge(object: *mut PyObject, index: usize, edge: *mut PyObject) {
    // SAFETY: the type is that of nodes.
    let old = unsafe { ptr::replace(&raw mut (*object.cast::<Node>()).edges[index], edge) };
    if !old.is_null() {
        release(old);
    }
}

#[derive(Clone, Copy, Default)]
struct Kind {
    finalize: bool,
    del: bool,
}

fn node_type(kind: Kind) -> *mut PyTypeObject {
    let mut ty = PyTypeObject::ZERO;
    ty.ob_base.ob_base.ob_refcnt = abi::_Py_IMMORTAL_INITIAL_REFCNT;
    ty.tp_name = c"Node".as_ptr();
    ty.tp_flags = abi::Py_TPFLAGS_HAVE_GC;
    ty.tp_traverse = Some(node_traverse);
    ty.tp_clear = Some(node_clear);
    ty.tp_dealloc = Some(node_dealloc);
    if kind.finalize {
        ty.tp_finalize = Some(node_finalize);
    }
    if kind.del {
        ty.tp_del = Some(node_del);
    }
    Box::into_raw(Box::new(ty))
}

fn make(ty: *mut PyTypeObject, padding: usize, prefix: usize) -> *mut PyObject {
    let block = heap().alloc_gc(prefix + size_of::<Node>() + padding).unwrap();
    let node = block.as_ptr().wrapping_add(prefix).cast::<Node>();
    let mut head = PyObject::ZERO;
    head.ob_refcnt = 1;
    head.ob_type = ty;
    // SAFETY: the block is large enough.
    unsafe { node.write(Node { head, prefix, edges: [ptr::null_mut(); 2] }) };
    track(node.cast());
    node.cast()
}

fn start(mode: Mode) {
    let heap: &'static Heap = Box::leak(Box::new(Heap::new(mode)));
    heap.gc().set_hooks(Hooks {
        append_garbage: |object| {
            world(|world| world.garbage.borrow_mut().push(own(object).addr()));
        },
        message: |text| world(|world| world.messages.borrow_mut().push_str(text)),
        request: || world(|world| world.requests.set(world.requests.get() + 1)),
        notify: |phase, generation, _| {
            world(|world| world.phases.borrow_mut().push((phase, generation)));
        },
        ..Hooks::NONE
    });
    WORLD.with(|world| {
        world.heap.set(heap);
        world.freed.set(0);
        world.finalized.set(0);
        world.cleared.set(0);
        world.requests.set(0);
        world.resurrect.set(false);
        world.rescued.take();
        world.garbage.take();
        world.messages.take();
        world.phases.take();
    });
}

fn freed() -> usize {
    world(|world| world.freed.get())
}

fn outcome(collected: usize, uncollectable: usize) -> Outcome {
    Outcome { collected, uncollectable }
}

/// Run a test with pooled, large, prefixed, debug-mode and system memory: every
/// combination, under Miri one after the other.
fn everywhere(test: impl Fn(&dyn Fn(Kind) -> *mut PyObject)) {
    let places = [(0, 0), (0, 16), (1000, 0), (1000, 16)];
    for (nth, name) in ["pymalloc", "debug", "malloc", "malloc_debug"].into_iter().enumerate() {
        let places = if cfg!(miri) { &places[nth..=nth] } else { &places[..] };
        for &(padding, prefix) in places {
            start(Mode::from_name(name).unwrap());
            test(&|kind| {
                heap().verify().unwrap();
                make(node_type(kind), padding, prefix)
            });
            heap().verify().unwrap();
            assert_eq!(heap().allocated_blocks(), 0, "{name} {padding} {prefix}");
        }
    }
}

#[test]
fn a_cycle_is_collected_and_what_is_held_is_not() {
    everywhere(|make| {
        let plain = Kind::default();
        let (a, b, c, held) = (make(plain), make(plain), make(plain), make(plain));
        set_edge(a, 0, own(b));
        set_edge(b, 0, own(a));
        set_edge(b, 1, own(c));
        set_edge(held, 0, own(c));
        [a, b, c].into_iter().for_each(release);
        assert_eq!(freed(), 0);
        assert_eq!(collect(heap(), 0), outcome(2, 0));
        assert_eq!(freed(), 2);
        assert!(is_tracked(heap(), c) && is_tracked(heap(), held));
        set_edge(c, 0, own(held));
        release(held);
        assert_eq!(collect(heap(), 0), outcome(0, 0), "they are in generation 1");
        assert_eq!(collect(heap(), 1), outcome(2, 0));
        assert_eq!(freed(), 4);
    });
}

#[test]
fn a_pool_with_young_and_middle_objects_is_looked_at_once() {
    everywhere(|make| {
        let (old, mid) = (make(Kind::default()), make(Kind::default()));
        set_edge(mid, 0, own(old));
        release(old);
        assert_eq!(collect(heap(), 0), outcome(0, 0));
        let young = make(Kind::default());
        set_edge(young, 0, mid);
        assert_eq!(collect(heap(), 1), outcome(0, 0), "young holds them");
        release(young);
        assert_eq!(freed(), 3);
    });
}

#[test]
fn generations_age_and_freeze() {
    everywhere(|make| {
        let object = make(Kind::default());
        let place = || {
            let of = |generation| objects(heap(), Some(generation)).contains(&object);
            [of(0), of(1), of(2)]
        };
        assert_eq!(heap().gc().counts(), [1, 0, 0]);
        assert_eq!(place(), [true, false, false]);
        collect(heap(), 0);
        assert_eq!((place(), heap().gc().counts()), ([false, true, false], [0, 1, 0]));
        collect(heap(), 0);
        assert_eq!((place(), heap().gc().counts()), ([false, true, false], [0, 2, 0]));
        collect(heap(), 1);
        assert_eq!((place(), heap().gc().counts()), ([false, false, true], [0, 0, 1]));
        freeze(heap());
        assert_eq!((place(), frozen_count(heap())), ([false; 3], 1));
        set_edge(object, 0, own(object));
        release(object);
        assert_eq!(collect(heap(), 2), outcome(0, 0));
        unfreeze(heap());
        assert_eq!((place(), frozen_count(heap())), ([false, false, true], 0));
        assert_eq!(collect(heap(), 2), outcome(1, 0));
        let phases = world(|world| world.phases.take());
        assert_eq!(phases[..2], [(Phase::Start, 0), (Phase::Stop, 0)]);
        assert_eq!(heap().gc().statistics()[2].collected, 1);
    });
}

#[test]
fn finalizers_run_once_and_may_resurrect() {
    everywhere(|make| {
        let kind = Kind { finalize: true, del: false };
        let (a, b, other) = (make(kind), make(Kind::default()), make(kind));
        set_edge(a, 0, own(b));
        set_edge(b, 0, own(a));
        set_edge(other, 0, own(other));
        [a, b, other].into_iter().for_each(release);
        world(|world| world.resurrect.set(true));
        assert_eq!(collect(heap(), 2), outcome(0, 0), "all resurrected");
        assert_eq!((freed(), world(|world| world.finalized.get())), (0, 2));
        assert!(is_finalized(heap(), a) && !is_finalized(heap(), b));
        world(|world| assert_eq!(world.rescued.take().len(), 2));
        [a, other].into_iter().for_each(release);
        assert_eq!(collect(heap(), 2), outcome(3, 0));
        assert_eq!((freed(), world(|world| world.finalized.take())), (3, 2));
    });
}

#[test]
fn legacy_finalizers_are_garbage() {
    everywhere(|make| {
        let (a, b, c) = (make(Kind { del: true, finalize: false }), make(Kind::default()), {
            make(Kind::default())
        });
        set_edge(a, 0, own(b));
        set_edge(b, 0, own(a));
        set_edge(c, 0, own(c));
        set_edge(c, 1, own(a));
        [a, b, c].into_iter().for_each(release);
        heap().gc().set_debug(debug::COLLECTABLE | debug::UNCOLLECTABLE | debug::STATS);
        assert_eq!(collect(heap(), 2), outcome(1, 2));
        let text = world(|world| world.messages.take());
        assert!(text.contains(&format!("gc: uncollectable <Node {a:p}>\n")), "{text}");
        assert!(text.contains(&format!("gc: collectable <Node {c:p}>\n")), "{text}");
        assert!(text.contains("gc: done, 3 unreachable, 2 uncollectable, "), "{text}");
        assert_eq!(world(|world| world.garbage.take()), [a.addr()]);
        set_edge(a, 0, ptr::null_mut());
        release(a);
        assert_eq!(freed(), 3);
    });
}

#[test]
fn saveall_keeps_everything() {
    start(Mode::default());
    let object = make(node_type(Kind::default()), 0, 0);
    set_edge(object, 0, own(object));
    release(object);
    heap().gc().set_debug(debug::SAVEALL);
    assert_eq!(collect(heap(), 2), outcome(1, 0));
    assert_eq!(world(|world| world.garbage.take()), [object.addr()]);
    assert_eq!(freed(), 0);
    assert!(is_tracked(heap(), object));
}

#[test]
fn referrers_and_referents() {
    everywhere(|make| {
        let (a, b, c) = (make(Kind::default()), make(Kind::default()), make(Kind::default()));
        set_edge(a, 0, own(c));
        set_edge(a, 1, own(b));
        set_edge(b, 1, own(c));
        // SAFETY: alive.
        assert_eq!(unsafe { referents(a) }, [c, b]);
        let mut found = referrers(heap(), &[c]);
        found.sort();
        let mut expected = vec![a, b];
        expected.sort();
        assert_eq!(found, expected);
        [a, b, c].into_iter().for_each(release);
        assert_eq!(freed(), 3);
    });
}

#[test]
fn thresholds_request_collections() {
    start(Mode::default());
    let ty = node_type(Kind::default());
    heap().gc().set_thresholds([100, 10, 10]);
    let nodes: Vec<_> = (0..100).map(|_| make(ty, 0, 0)).collect();
    assert!(!heap().gc().is_requested());
    let last = make(ty, 0, 0);
    assert!(heap().gc().is_requested());
    assert_eq!(world(|world| world.requests.get()), 1);
    collect_if_due(heap());
    assert!(!heap().gc().is_requested());
    assert_eq!(heap().gc().counts(), [0, 1, 0]);
    nodes.into_iter().for_each(release);
    release(last);
    heap().gc().set_enabled(false);
    let nodes: Vec<_> = (0..1000).map(|_| make(ty, 0, 0)).collect();
    assert!(!heap().gc().is_requested());
    nodes.into_iter().for_each(release);
    assert_eq!(heap().gc().counts()[0], 0);
    assert_eq!(heap().allocated_blocks(), 0);
}

#[test]
fn full_collections_wait_for_a_quarter() {
    start(Mode::default());
    let ty = node_type(Kind::default());
    heap().gc().set_thresholds([10, 0, 0]);
    let mut nodes: Vec<_> = (0..100).map(|_| make(ty, 0, 0)).collect();
    collect(heap(), 2);
    let mut collections = 0;
    for _ in 0..20 {
        nodes.extend((0..11).map(|_| make(ty, 0, 0)));
        collect_if_due(heap());
        collections = heap().gc().statistics()[2].collections;
        if collections == 2 {
            break;
        }
    }
    assert_eq!(collections, 2);
    assert!(nodes.len() >= 125, "{}", nodes.len());
    nodes.into_iter().for_each(release);
}

#[test]
fn deep_structures_need_no_native_stack() {
    start(Mode::default());
    let depth = if cfg!(miri) { 200 } else { 1_000_000 };
    let ty = node_type(Kind::default());
    let chain = || {
        let mut inner = make(ty, 0, 0);
        let first = inner;
        for _ in 1..depth {
            let outer = make(ty, 0, 0);
            set_edge(outer, 0, inner);
            inner = outer;
        }
        (first, inner)
    };
    let (_, outer) = chain();
    release(outer);
    assert_eq!(freed(), depth);
    let (first, outer) = chain();
    collect(heap(), 2);
    assert_eq!(freed(), depth);
    set_edge(first, 1, outer);
    assert_eq!(collect(heap(), 2), outcome(depth, 0));
    assert_eq!(freed(), 2 * depth);
    assert_eq!(heap().allocated_blocks(), 0);
}

#[test]
fn finalizers_may_break_the_cycle_themselves() {
    unsafe extern "C" fn break_cycle(object: *mut PyObject) {
        set_edge(object, 0, ptr::null_mut());
        // New objects and nested collections are allowed as well.
        assert_eq!(collect(heap(), 2), Outcome::default());
        release(make(node_type(Kind::default()), 0, 0));
    }
    everywhere(|_| {
        let ty = node_type(Kind::default());
        // SAFETY: made just above, used by nobody yet.
        unsafe { (*ty).tp_finalize = Some(break_cycle) };
        let nodes: Vec<_> = (0..10).map(|_| make(ty, 0, 0)).collect();
        for (index, &node) in nodes.iter().enumerate() {
            set_edge(node, 0, own(nodes[(index + 1) % nodes.len()]));
        }
        nodes.iter().for_each(|&node| release(node));
        collect(heap(), 2);
        assert_eq!(freed(), 20);
    });
}

#[test]
fn tuples_of_untracked_items_are_untracked() {
    unsafe extern "C" fn traverse(_: *mut PyObject, _: visitproc, _: *mut c_void) -> c_int {
        0
    }
    start(Mode::default());
    let ty = node_type(Kind::default());
    let node = make(ty, 0, 0);
    let tuple_type = node_type(Kind::default());
    // SAFETY: made just above, used by nobody yet.
    unsafe { (*tuple_type).tp_traverse = Some(traverse) };
    heap().gc().set_hooks(Hooks { tuple_type, ..heap().gc().hooks() });
    let tuple = |item: *mut PyObject| {
        let block = heap().alloc_gc(size_of::<PyTupleObject>()).unwrap().cast::<PyTupleObject>();
        let mut tuple = PyTupleObject::ZERO;
        let mut head = PyObject::ZERO;
        head.ob_refcnt = 1;
        head.ob_type = tuple_type;
        tuple.ob_base = PyVarObject { ob_base: head, ob_size: 1 };
        tuple.ob_item = [item];
        // SAFETY: the block is large enough.
        unsafe { block.write(tuple) };
        let tuple = block.as_ptr().cast::<PyObject>();
        track(tuple);
        tuple
    };
    // SAFETY: 7 fits; the address is not dereferenced.
    let seven = unsafe { crate::small_int::encode_unchecked(7) }.as_ptr();
    let (of_int, of_node) = (tuple(seven), tuple(node));
    let of_tuple = tuple(of_int);
    collect(heap(), 2);
    collect(heap(), 2);
    assert!(!is_tracked(heap(), of_int) && !is_tracked(heap(), of_tuple));
    assert!(is_tracked(heap(), of_node));
}

#[test]
fn static_and_foreign_objects_are_left_alone() {
    start(Mode::default());
    let ty = node_type(Kind::default());
    let foreign = Box::into_raw(Box::new(Node {
        head: PyObject { ob_refcnt: 5, ob_type: ty, ..PyObject::ZERO },
        prefix: 0,
        edges: [ptr::null_mut(); 2],
    }))
    .cast::<PyObject>();
    assert!(!is_tracked(heap(), foreign) && !is_tracked(heap(), ptr::null_mut()));
    let (node, large) = (make(ty, 0, 0), make(ty, 1000, 0));
    set_edge(node, 0, own(foreign));
    set_edge(large, 0, own(foreign));
    set_edge(node, 1, own(node));
    release(node);
    assert_eq!(collect(heap(), 2), outcome(1, 0));
    release(large);
    // SAFETY: never freed.
    assert_eq!(unsafe { counts::refcnt(foreign) }, 5);
}

#[test]
#[ignore = "a measurement"]
fn speed() {
    start(Mode::default());
    let ty = node_type(Kind::default());
    let old: Vec<_> = (0..1_000_000).map(|_| make(ty, 0, 0)).collect();
    let timed = |what: &str, f: &dyn Fn()| {
        let start = std::time::Instant::now();
        f();
        println!("{what}: {:?}", start.elapsed());
    };
    timed("full collection of 10^6", &|| _ = collect(heap(), 2));
    timed("and again", &|| _ = collect(heap(), 2));
    timed("young collection of 0 beside 10^6", &|| _ = collect(heap(), 0));
    let young: Vec<_> = (0..2000).map(|_| make(ty, 0, 0)).collect();
    timed("young collection of 2000 beside 10^6", &|| _ = collect(heap(), 0));
    young.into_iter().chain(old).for_each(release);
    timed("2*10^6 times make, track, free", &|| {
        for _ in 0..2_000_000 {
            release(make(ty, 0, 0));
        }
    });
}
