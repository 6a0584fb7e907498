//! Tests of the parent module, without a heap and a thread: Miri runs them.

use std::cell::Cell;

use abi::PyTypeObject;

use super::*;

/// An object that refers to two.
#[repr(C)]
struct Pair {
    head: Head,
    edges: [Link; 2],
}

thread_local! {
    static FREED: Cell<usize> = const { Cell::new(0) };
    static WATCHED: Cell<*const Link> = const { Cell::new(std::ptr::null()) };
    static SEEN: Cell<Option<bool>> = const { Cell::new(None) };
}

unsafe extern "C" fn dealloc(object: *mut PyObject) {
    FREED.set(FREED.get() + 1);
    // SAFETY: null or a link that the test keeps.
    if let Some(link) = unsafe { WATCHED.get().as_ref() } {
        SEEN.set(Some(link.get().is_some_and(|other| other.as_ptr() != object)));
    }
    // SAFETY: made by `pair`, and dead.
    drop(unsafe { Box::from_raw(object.cast::<Pair>()) });
}

/// A type for the tests, never freed.
fn pair_type() -> *mut PyTypeObject {
    let mut ty = PyTypeObject::ZERO;
    ty.ob_base.ob_base.ob_refcnt = abi::_Py_IMMORTAL_INITIAL_REFCNT;
    ty.tp_dealloc = Some(dealloc);
    Box::into_raw(Box::new(ty))
}

fn pair(ty: *mut PyTypeObject) -> Ref {
    let pair = Pair { head: Head::new(), edges: [Link::null(), Link::null()] };
    let object = Box::into_raw(Box::new(pair)).cast::<PyObject>();
    // SAFETY: not shared yet.
    unsafe { (*object).ob_type = ty };
    // SAFETY: the count of a new header is this reference.
    unsafe { Ref::from_raw(object) }.expect("an address")
}

fn edge(pair: &Ref, index: usize) -> &Link {
    // SAFETY: all objects of these tests are pairs, and owned by the caller.
    unsafe { &pair.obj().cast::<Pair>().edges[index] }
}

#[test]
fn the_last_reference_frees() {
    let first = pair(pair_type());
    let second = first.clone();
    assert!(first.obj().is(second.obj()) && !first.obj().is_unique());
    let borrowed = first.obj();
    let third = borrowed.own();
    assert_eq!(borrowed.refcount(), 3);
    drop(second);
    let raw = third.into_raw();
    drop(first);
    assert_eq!(FREED.get(), 0);
    // SAFETY: the reference that was handed over above.
    drop(unsafe { Ref::<Object>::from_raw(raw) });
    assert_eq!(FREED.get(), 1);
}

#[test]
fn links_free_what_they_held() {
    let ty = pair_type();
    let (outer, inner) = (pair(ty), pair(ty));
    edge(&outer, 0).set(Some(inner.clone()));
    edge(&outer, 1).set(Some(inner.clone()));
    assert_eq!(inner.obj().refcount(), 3);
    assert!(edge(&outer, 0).take().is_some_and(|taken| taken.obj().is(inner.obj())));
    assert!(edge(&outer, 0).is_null() && edge(&outer, 0).get().is_none());
    drop(inner);
    assert_eq!(FREED.get(), 0);
    drop(outer);
    assert_eq!(FREED.get(), 2);
}

#[test]
fn a_link_has_its_new_value_when_the_old_one_dies() {
    let ty = pair_type();
    let (outer, old, new) = (pair(ty), pair(ty), pair(ty));
    let link = edge(&outer, 0);
    link.set(Some(old));
    WATCHED.set(link);
    link.set(Some(new));
    assert_eq!((FREED.get(), SEEN.get()), (1, Some(true)));
    WATCHED.set(std::ptr::null());
    // SAFETY: the link is not assigned meanwhile.
    assert!(unsafe { link.peek() }.is_some_and(Obj::is_unique));
}

#[test]
fn immortal_objects_and_small_ints_are_not_counted() {
    let immortal = pair(pair_type());
    immortal.obj().make_immortal();
    for _ in 0..3 {
        drop(immortal.clone());
    }
    let address = immortal.obj().as_ptr();
    drop(immortal);
    assert_eq!(FREED.get(), 0);
    // SAFETY: made by `pair`, and nobody else has it.
    drop(unsafe { Box::from_raw(address.cast::<Pair>()) });
    // There is no memory behind it.
    let seven = std::ptr::without_provenance_mut::<PyObject>(small_int::ZERO + 7 * 32);
    // SAFETY: a small int, which nobody owns.
    let seven = unsafe { Ref::from_raw(seven) }.expect("an address");
    let again = seven.clone();
    seven.obj().make_immortal();
    drop(seven);
    assert!(again.obj().refcount() > 1);
}

#[test]
fn a_dead_object_can_come_back() {
    let object = pair(pair_type());
    let address = NonNull::new(object.into_raw()).expect("an address");
    // SAFETY: the reference that was handed over.
    unsafe { set_count(address.as_ptr(), 0) };
    // SAFETY: its count is zero.
    unsafe { resurrect(address) };
    // SAFETY: it is alive again.
    let kept = unsafe { Obj::from_ptr(address) }.own();
    // SAFETY: pairs with the resurrection.
    assert!(!unsafe { still_dead(address) });
    drop(kept);
    assert_eq!(FREED.get(), 1);
}
