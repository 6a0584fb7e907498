//! A word of a frame: null, or a pointer whose bit 0 says "borrowed".
//!
//! A borrowed word is not counted: something that outlives the word (a local
//! variable, the constants) owns the object. Null has the bit, too, so that one
//! test tells what need not be released; in a small int it means nothing. A
//! word that leaves the frame is made owned first ([`Word::owned`]).
#![allow(unsafe_op_in_unsafe_fn, reason = "the header states the one invariant of every function")]

use std::ptr::{NonNull, null_mut};

use abi::PyObject;
use object::{Obj, Ref, reference, small_int};

/// See the module.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word(pub(crate) usize);

const BORROWED: usize = 1;

impl Word {
    pub(crate) const NULL: Word = Word(BORROWED);

    /// Take over a reference.
    #[inline(always)]
    pub(crate) fn from_ref<T>(value: Ref<T>) -> Word {
        Word(value.into_raw().addr())
    }

    /// Take over a reference, or a null, which only functions that say so
    /// understand.
    #[inline(always)]
    pub(crate) fn from_raw(value: *mut PyObject) -> Word {
        Word(value.addr())
    }

    /// Borrow an object that outlives the word.
    #[inline(always)]
    pub(crate) fn borrow(value: Obj<'_>) -> Word {
        Word(value.as_ptr().addr()).lend()
    }

    /// The same object, borrowed from this word.
    #[inline(always)]
    pub(crate) fn lend(self) -> Word {
        Word(self.0 | BORROWED)
    }

    /// Whether there is a reference to give up; the word does not come from a
    /// null pointer.
    #[inline(always)]
    pub(crate) fn is_counted(self) -> bool {
        self.0 & BORROWED == 0 && !self.is_int()
    }

    /// Whether this is the last reference to its object.
    #[inline(always)]
    pub(crate) unsafe fn is_last(self) -> bool {
        self.is_counted() && (*self.ptr()).ob_refcnt == 1
    }

    /// The word of a small int without the bit that means nothing there.
    #[inline(always)]
    pub(crate) fn int_address(self) -> usize {
        self.0 & !BORROWED
    }

    /// An immortal object.
    #[inline(always)]
    pub(crate) fn immortal(value: Obj<'static>) -> Word {
        Word(value.as_ptr().addr())
    }

    #[inline(always)]
    pub(crate) fn bool_(value: bool) -> Word {
        Word::immortal(object::types::bool_(value))
    }

    #[inline(always)]
    pub(crate) fn none() -> Word {
        Word::immortal(object::types::none())
    }

    #[inline(always)]
    pub(crate) fn is_null(self) -> bool {
        self.0 <= BORROWED
    }

    /// Whether this is a small int.
    #[inline(always)]
    pub(crate) fn is_int(self) -> bool {
        self.top() == 1
    }

    /// The bits that tell small ints. PERF: the compiler would rather mask and
    /// compare with two constants of 64 bits, for which it takes registers from
    /// whoever asks twice.
    #[inline(always)]
    #[allow(unused_mut, reason = "not changed where there is no inline assembly")]
    fn top(self) -> usize {
        let mut top = self.0 >> small_int::RANGE_SHIFT;
        #[cfg(not(miri))]
        // SAFETY: no instruction at all.
        unsafe {
            std::arch::asm!("/* {0} */", inout(reg) top, options(pure, nomem, nostack, preserves_flags));
        }
        top
    }

    /// The value of a small int.
    #[inline(always)]
    pub(crate) fn int(self) -> i64 {
        small_int::decode(self.ptr())
    }

    /// The object's address.
    #[inline(always)]
    pub(crate) fn ptr(self) -> *mut PyObject {
        std::ptr::with_exposed_provenance_mut(self.0 & !BORROWED)
    }

    #[inline(always)]
    pub(crate) fn is(self, object: Obj<'_>) -> bool {
        self.ptr() == object.as_ptr()
    }

    /// The object; the word is not null.
    #[inline(always)]
    pub(crate) unsafe fn obj<'a>(self) -> Obj<'a> {
        Obj::from_ptr(NonNull::new_unchecked(self.ptr()))
    }

    #[inline(always)]
    pub(crate) unsafe fn obj_opt<'a>(self) -> Option<Obj<'a>> {
        Obj::from_raw(self.ptr())
    }

    /// The type of the object, not null; null for small ints, whose type nobody guards.
    #[inline(always)]
    pub(crate) unsafe fn heap_type(self) -> *mut abi::PyTypeObject {
        if self.is_int() { null_mut() } else { (*self.ptr()).ob_type }
    }

    /// A second, owned word; this one stays.
    #[inline(always)]
    pub(crate) unsafe fn dup(self) -> Word {
        if self.is_int() { Word(self.0 & !BORROWED) } else { self.dup_in_memory() }
    }

    /// As [`Word::dup`], of what is no small int.
    #[inline(always)]
    pub(crate) unsafe fn dup_in_memory(self) -> Word {
        let object = self.ptr();
        let count = (*object).ob_refcnt;
        // Negative: immortal.
        if count as i32 >= 0 {
            (*object).ob_refcnt = count + 1;
        }
        Word(object.addr())
    }

    /// This word, not null, owned.
    #[inline(always)]
    pub(crate) unsafe fn owned(self) -> Word {
        if self.0 & BORROWED == 0 {
            return self;
        }
        self.dup()
    }

    /// Turn into a reference.
    #[inline(always)]
    pub(crate) unsafe fn into_ref(self) -> Ref {
        Ref::from_owned(NonNull::new_unchecked(self.owned().ptr()))
    }

    /// Give up the word.
    #[inline(always)]
    pub(crate) unsafe fn release(self) {
        if self.0 & BORROWED == 0 {
            reference::decref(NonNull::new_unchecked(self.ptr()));
        }
    }

    /// Give up a word that may be null.
    #[inline(always)]
    pub(crate) unsafe fn release_opt(self) {
        if !self.is_null() {
            self.release();
        }
    }
}

/// An owned reference from a nullable pointer that somebody else keeps.
#[inline(always)]
pub(crate) unsafe fn own_raw(ptr: *mut PyObject) -> Option<Ref> {
    Obj::from_raw(ptr).map(Obj::own)
}

/// The address of an object, with its reference.
#[inline(always)]
pub(crate) fn raw(value: Option<Ref>) -> *mut PyObject {
    value.map_or(null_mut(), Ref::into_raw)
}
