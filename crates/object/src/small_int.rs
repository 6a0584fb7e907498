//! Small integers are addresses.
//!
//! The `int` *v* in −2³⁹ … 2³⁹−1 is the pointer `ZERO + 32 * v`, inside 2⁴⁵
//! bytes of reserved address space. Our code never reads behind it; C code that
//! does faults, and the handler in `host::memory` puts a page of immortal
//! `PyLongObject`s there, whose contents follow from the address. Invariant: a
//! pointer is in range exactly if it is a small int, also where the region
//! could not be reserved: no allocator hands out addresses there (the kernel
//! maps from the top of the address space downwards, the object heap refuses
//! the range). A limit on the address space (`RLIMIT_AS`) leaves the [`DENSE`]
//! ints addresses; where not even they find room, [`encode`] makes none and the
//! few [`known`] ints are kept once, as in CPython.
//!
//! C code looks at each int that it meets (its type, its count), and numbers that lie far apart
//! are a page and a fault each. Once code of others was loaded, [`narrow`] therefore keeps ints
//! beyond the [`DENSE`] ones in memory like other objects; those made before stay what they are,
//! so that an int may be equal to one of the other form. See `docs/decisions/0005`.

use std::{
    ops::RangeInclusive,
    ptr::{self, NonNull},
    sync::{
        Once,
        atomic::{AtomicPtr, AtomicUsize, Ordering},
    },
};

use abi::{PyLongObject, PyObject, PyTypeObject};
use host::memory::{self, FaultStatistics};

/// The lowest address of the region, and its length.
pub const REGION: usize = 1 << RANGE_SHIFT;
/// An address shifted right by this is 1 for small ints only.
pub const RANGE_SHIFT: u32 = 45;
/// The address of the integer 0.
pub const ZERO: usize = REGION + REGION / 2;
/// Neighbouring integers are `1 << STEP_SHIFT` bytes apart.
pub const STEP_SHIFT: u32 = 5;
/// The smallest small int.
pub const MIN: i64 = -(1 << 39);
/// The largest small int.
pub const MAX: i64 = (1 << 39) - 1;
/// The region is dropped when it has this many mappings: an eighth of the kernel's
/// usual limit.
pub const PAGE_LIMIT: usize = 8192;

/// The ints from `-DENSE` on and below `DENSE` are addresses in any case. They are 32 MiB if C
/// code reads them all.
pub const DENSE: i64 = 1 << 19;
/// The pages of neighbouring dense ints that come with one fault.
const DENSE_PAGES: usize = 16;

/// The ints that CPython makes in advance (`_PY_NSMALLNEGINTS`, `_PY_NSMALLPOSINTS`).
const IN_ADVANCE: RangeInclusive<i64> = -5..=256;

const STEP: usize = 1 << STEP_SHIFT;
const _: () = assert!(STEP == size_of::<PyLongObject>());

static INT_TYPE: AtomicPtr<PyTypeObject> = AtomicPtr::new(ptr::null_mut());
static INIT: Once = Once::new();
/// The first of the ints that are [`known`], or null.
static KNOWN: AtomicPtr<PyLongObject> = AtomicPtr::new(ptr::null_mut());
static MADE: Made = Made { half: AtomicUsize::new(1 << 39), low: AtomicUsize::new(REGION) };

/// Which ints become addresses.
#[repr(align(16))]
struct Made {
    /// Those from `-half` on and below `half`.
    half: AtomicUsize,
    /// The address of the first of them.
    low: AtomicUsize,
}

/// Reserve the region; `int_type` becomes the type of its objects.
///
/// Returns whether small ints are addresses from now on. Only the first call
/// in a process reserves. `KRAIT_NO_SMALL_INT_REGION` in the environment turns
/// the region off.
pub fn init(int_type: *mut PyTypeObject) -> bool {
    INIT.call_once(|| {
        INT_TYPE.store(int_type, Ordering::Release);
        if std::env::var_os("KRAIT_NO_SMALL_INT_REGION").is_none() {
            if reserve(REGION, REGION) {
                return;
            }
            if reserve(ZERO - DENSE as usize * STEP, 2 * DENSE as usize * STEP) {
                return narrow();
            }
        }
        make(0);
        keep_known(int_type);
    });
    enabled()
}

/// Reserve these addresses and fill them as they are read; whether that could be had.
fn reserve(start: usize, len: usize) -> bool {
    let Ok(place) = memory::reserve_at(start, len) else { return false };
    // SAFETY: reserved just above and never given back on success.
    let served = unsafe { memory::serve_faults(place, len, PAGE_LIMIT, granule, fill) };
    if served.is_err() {
        // SAFETY: nothing points into it yet.
        unsafe { memory::release(place, len) };
    }
    served.is_ok()
}

/// Make the ints that [`known`] answers.
fn keep_known(int_type: *mut PyTypeObject) {
    let ints: Box<[PyLongObject]> = IN_ADVANCE.map(|value| object(value, int_type).0).collect();
    KNOWN.store(Box::leak(ints).as_mut_ptr(), Ordering::Release);
}

/// The one object for `value`, if it is among those that are made in advance where no int is an
/// address.
#[inline]
pub fn known(value: i64) -> Option<NonNull<PyObject>> {
    if !IN_ADVANCE.contains(&value) {
        return None;
    }
    let first = NonNull::new(KNOWN.load(Ordering::Acquire))?;
    // SAFETY: there is one for each value of the range.
    Some(unsafe { first.add((value - IN_ADVANCE.start()) as usize) }.cast())
}

/// Whether small ints are addresses in this process.
#[inline(always)]
pub fn enabled() -> bool {
    MADE.half.load(Ordering::Relaxed) != 0
}

/// Whether `object` is a small int.
#[inline(always)]
pub fn in_range(object: *const PyObject) -> bool {
    object.addr() >> RANGE_SHIFT == 1
}

/// Whether both are small ints.
#[inline(always)]
pub fn both_in_range(a: *const PyObject, b: *const PyObject) -> bool {
    in_range(a) && in_range(b)
}

/// From now on make addresses of dense ints only.
pub fn narrow() {
    if enabled() {
        make(DENSE as usize);
    }
}

/// From now on make addresses of the ints from `-half` on and below `half`.
fn make(half: usize) {
    MADE.half.store(half, Ordering::Relaxed);
    MADE.low.store(ZERO - half * STEP, Ordering::Relaxed);
}

/// Whether `value` becomes an address.
#[inline(always)]
pub fn fits(value: i64) -> bool {
    let half = MADE.half.load(Ordering::Relaxed);
    (value as usize).wrapping_add(half) < 2 * half
}

/// Whether the int that would be at `address`, which need not be one of the region, becomes an
/// address.
#[inline(always)]
pub fn fits_at(address: usize) -> bool {
    let low = MADE.low.load(Ordering::Relaxed);
    address.wrapping_sub(low) < 2 * (ZERO - low)
}

/// The small int `value`, if it is small and the region enabled.
#[inline(always)]
pub fn encode(value: i64) -> Option<NonNull<PyObject>> {
    if !fits(value) {
        return None;
    }
    // SAFETY: just checked.
    Some(unsafe { encode_unchecked(value) })
}

/// The small int `value`.
///
/// # Safety
///
/// `fits(value)`.
#[inline(always)]
pub unsafe fn encode_unchecked(value: i64) -> NonNull<PyObject> {
    let address = ZERO.wrapping_add((value as usize) << STEP_SHIFT);
    // SAFETY: the lowest address in the region is not zero.
    unsafe { NonNull::new_unchecked(ptr::with_exposed_provenance_mut(address)) }
}

/// The value of a small int; meaningless for other addresses.
#[inline(always)]
pub fn decode(object: *const PyObject) -> i64 {
    (object.addr().wrapping_sub(ZERO) as i64) >> STEP_SHIFT
}

/// The value of `object` if it is a small int.
#[inline(always)]
pub fn value(object: *const PyObject) -> Option<i64> {
    in_range(object).then(|| decode(object))
}

/// `a + b` of two small ints, if the sum is one.
///
/// Both must be in range; otherwise the answer is meaningless.
#[inline(always)]
pub fn add(a: *const PyObject, b: *const PyObject) -> Option<NonNull<PyObject>> {
    from_address(a.addr().wrapping_add(b.addr()).wrapping_sub(ZERO))
}

/// `a - b` of two small ints, if the difference is one.
///
/// Both must be in range; otherwise the answer is meaningless.
#[inline(always)]
pub fn subtract(a: *const PyObject, b: *const PyObject) -> Option<NonNull<PyObject>> {
    from_address(a.addr().wrapping_sub(b.addr()).wrapping_add(ZERO))
}

#[inline(always)]
fn from_address(address: usize) -> Option<NonNull<PyObject>> {
    if !fits_at(address) {
        return None;
    }
    NonNull::new(ptr::with_exposed_provenance_mut(address))
}

/// Drop all pages that C code made us fill.
pub fn reset_pages() {
    memory::reset_faults();
}

/// How many pages C code made us fill.
pub fn statistics() -> FaultStatistics {
    memory::fault_statistics()
}

/// The object behind the small int `value`.
fn object(value: i64, int_type: *mut PyTypeObject) -> (PyLongObject, abi::digit) {
    let magnitude = value.unsigned_abs();
    let digits = [magnitude & u64::from(abi::PyLong_MASK), magnitude >> abi::PyLong_SHIFT];
    let sign = match value.signum() {
        1 => 0,
        0 => 1,
        _ => 2,
    };
    let count = if value == 0 { 0 } else { 1 + usize::from(digits[1] != 0) };
    let mut long = PyLongObject::ZERO;
    long.ob_base.ob_refcnt = abi::_Py_IMMORTAL_INITIAL_REFCNT;
    long.ob_base.ob_flags = abi::_Py_STATIC_FLAG_BITS;
    long.ob_base.ob_type = int_type;
    // C code knows those alone as small ints that CPython has made in advance.
    let known = if IN_ADVANCE.contains(&value) { abi::_PyLong_IMMORTALITY_BIT_MASK } else { 0 };
    long.long_value.lv_tag = count << abi::_PyLong_NON_SIZE_BITS | known | sign;
    long.long_value.ob_digit = [digits[0] as abi::digit];
    (long, digits[1] as abi::digit)
}

/// The bytes that are filled at once around `address`, a power of two.
fn granule(address: usize) -> usize {
    let place = ptr::without_provenance::<PyObject>(address);
    let pages = if (-DENSE..DENSE).contains(&decode(place)) { DENSE_PAGES } else { 1 };
    pages * memory::PAGE_SIZE
}

/// # Safety
///
/// `page` is writable memory of `len` bytes that nobody else uses.
unsafe fn fill(page: NonNull<u8>, address: usize, len: usize) {
    let int_type = INT_TYPE.load(Ordering::Acquire);
    for index in 0..len / STEP {
        let place = ptr::without_provenance::<PyObject>(address + index * STEP);
        let (long, high) = object(decode(place), int_type);
        // SAFETY: `index` slots of 32 bytes lie in the memory.
        let slot = unsafe { page.add(index * STEP) };
        // SAFETY: a slot is as large and as aligned as the struct.
        unsafe { slot.cast::<PyLongObject>().write(long) };
        // The second digit is in the last four bytes, C's flexible array.
        // SAFETY: 28 + 4 bytes are the slot.
        unsafe { slot.add(STEP - 4).cast::<abi::digit>().write(high) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fake_type() -> *mut PyTypeObject {
        static PLACE: [u8; 64] = [0; 64];
        (&raw const PLACE).cast_mut().cast()
    }

    #[test]
    fn numbers_and_addresses_are_inverse() {
        for value in [0, 1, -1, 41, MIN, MAX, 1 << 30, -(1 << 30) - 7] {
            assert!(fits(value));
            // SAFETY: fits; the pointer is not used as one.
            let pointer = unsafe { encode_unchecked(value) }.as_ptr();
            assert!(in_range(pointer));
            assert_eq!(decode(pointer), value);
        }
        assert!(!fits(MAX + 1) && !fits(MIN - 1) && !fits(i64::MIN) && !fits(i64::MAX));
        assert!(!in_range(ptr::null()));
        assert!(!in_range(ptr::without_provenance(REGION - 1)));
        assert!(!in_range(ptr::without_provenance(2 * REGION)));
    }

    #[test]
    fn sums_leave_the_range_like_the_numbers() {
        let values = [0, 1, -1, 5, MIN, MAX, MIN / 2, MAX / 2 + 1];
        for (a, b) in values.iter().flat_map(|&a| values.iter().map(move |&b| (a, b))) {
            // SAFETY: all fit.
            let (x, y) = unsafe { (encode_unchecked(a).as_ptr(), encode_unchecked(b).as_ptr()) };
            let sum = add(x, y).map(|p| decode(p.as_ptr()));
            assert_eq!(sum, fits(a + b).then_some(a + b), "{a} + {b}");
            let difference = subtract(x, y).map(|p| decode(p.as_ptr()));
            assert_eq!(difference, fits(a - b).then_some(a - b), "{a} - {b}");
        }
    }

    #[test]
    #[cfg(not(miri))]
    fn memory_appears_when_it_is_read() {
        assert!(init(fake_type()));
        let read = |value: i64| {
            let object = encode(value).expect("enabled").as_ptr().cast::<PyLongObject>();
            // SAFETY: the handler makes the page readable.
            let long = unsafe { object.read() };
            // SAFETY: the second digit lies in the same slot.
            let high = unsafe { object.cast::<u32>().add(7).read() };
            (long, high)
        };
        for value in [0, 1, -1, MIN, MAX, 1 << 30, (1 << 30) - 1, -(1 << 33) - 9] {
            let (long, high) = read(value);
            assert_eq!(long.ob_base.ob_type, fake_type());
            assert_eq!(long.ob_base.ob_refcnt, 3 << 30);
            let tag = long.long_value.lv_tag;
            let magnitude = u64::from(high) << 30 | u64::from(long.long_value.ob_digit[0]);
            assert_eq!(magnitude, value.unsigned_abs());
            let digits = if value == 0 { 0 } else { 1 + usize::from(high != 0) };
            assert_eq!(tag >> 3, digits);
            assert_eq!(1 - (tag & 3) as i64, value.signum());
        }
        let before = statistics();
        assert!(before.present >= 4, "{before:?}");
        reset_pages();
        assert_eq!(statistics().present, 0);
        assert_eq!(read(41).0.long_value.ob_digit, [41]);

        let threads: Vec<_> = (0..4)
            .map(|_| {
                std::thread::spawn(move || {
                    for page in 0..i64::try_from(PAGE_LIMIT).unwrap() {
                        let object = encode(DENSE + page * 128).expect("enabled").as_ptr();
                        // SAFETY: the handler makes the page readable.
                        let ty = unsafe { (*object.cast::<PyLongObject>()).ob_base.ob_type };
                        assert!(!ty.is_null());
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(statistics().resets > 1, "the limit was reached");
    }

    #[test]
    #[ignore = "needs its own process; run by narrowed_ints_are_dense"]
    fn narrowed() {
        assert!(init(fake_type()));
        let (wide, sum) = (encode(DENSE).expect("enabled"), encode(DENSE - 1).expect("enabled"));
        narrow();
        assert_eq!((encode(DENSE), encode(-DENSE - 1), encode(i64::MIN)), (None, None, None));
        assert!(encode(DENSE - 1).is_some() && encode(-DENSE).is_some());
        assert!(in_range(wide.as_ptr()));
        let one = encode(1).expect("dense").as_ptr();
        assert_eq!(add(sum.as_ptr(), one), None);
        assert_eq!(subtract(wide.as_ptr(), one), Some(sum));
    }

    #[test]
    #[cfg(not(miri))]
    fn narrowed_ints_are_dense() {
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "small_int::tests::narrowed"])
            .status()
            .unwrap();
        assert!(status.success());
    }

    #[test]
    #[ignore = "ends the process; run by other_faults_end_the_process"]
    fn fault_elsewhere() {
        init(fake_type());
        let nowhere = ptr::without_provenance::<u64>(std::hint::black_box(64));
        // SAFETY: none: the point is to fault.
        std::hint::black_box(unsafe { nowhere.read_volatile() });
    }

    #[test]
    #[cfg(not(miri))]
    fn other_faults_end_the_process() {
        use std::{os::unix::process::ExitStatusExt, process::Command};
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "small_int::tests::fault_elsewhere"])
            .output()
            .unwrap()
            .status;
        assert_eq!(status.signal(), Some(11));
    }

    #[test]
    #[ignore = "needs its own process; run by the_region_can_be_turned_off"]
    fn without_region() {
        assert!(!init(fake_type()) && !enabled());
        assert_eq!((encode(0), encode(MAX)), (None, None));
        assert_eq!((known(-6), known(257)), (None, None));
        let five = known(5).expect("made in advance").cast::<PyLongObject>();
        assert_eq!(known(5), Some(five.cast()));
        // SAFETY: made in advance.
        assert_eq!(unsafe { five.read() }.long_value.ob_digit, [5]);
    }

    #[test]
    #[cfg(not(miri))]
    fn the_region_can_be_turned_off() {
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "small_int::tests::without_region"])
            .env("KRAIT_NO_SMALL_INT_REGION", "1")
            .output()
            .unwrap()
            .status;
        assert!(status.success());
    }
}
