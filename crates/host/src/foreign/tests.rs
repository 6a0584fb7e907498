//! Calls of C functions made here, and of callbacks by them.

use std::ffi::{c_char, c_int, c_void};

use super::*;

const INT: CType = CType::INT;
const DOUBLE: CType = CType::Scalar(Scalar::Double);

fn call<R: Copy>(function: usize, result: CType, arguments: Vec<(CType, Vec<u8>)>) -> R {
    let (arguments, values): (Vec<_>, Vec<_>) = arguments.into_iter().unzip();
    let signature = Signature { arguments, result };
    let pointers: Vec<_> = values.iter().map(|value| value.as_ptr()).collect();
    let mut room = [0u128; 8];
    // SAFETY: the tests pass functions of these types.
    unsafe {
        signature.call(function, &pointers, room.as_mut_ptr().cast(), || (), || ());
        room.as_ptr().cast::<R>().read()
    }
}

fn bytes<T>(value: &T) -> Vec<u8> {
    // SAFETY: plain data without padding that matters.
    unsafe { std::slice::from_raw_parts((&raw const *value).cast(), size_of::<T>()) }.to_vec()
}

#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
struct Mixed {
    a: f64,
    b: i32,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
struct Large([i64; 5]);

fn mixed() -> CType {
    CType::aggregate(16, 8, [(0, &DOUBLE), (8, &INT)])
}

fn large() -> CType {
    CType::aggregate(40, 8, [])
}

#[test]
fn many_arguments_of_both_kinds() {
    extern "C" fn weigh(
        a: c_char,
        b: f64,
        c: i64,
        d: f32,
        e: c_int,
        f: i64,
        g: i64,
        h: i64,
        i: i64,
        j: f64,
    ) -> f64 {
        f64::from(a)
            + b * 2.0
            + c as f64 * 3.0
            + f64::from(d) * 4.0
            + f64::from(e) * 5.0
            + (f + g * 2 + h * 3 + i * 4) as f64
            + j
    }
    let long = || CType::Scalar(Scalar::Signed(8));
    let arguments = vec![
        (CType::Scalar(Scalar::Signed(1)), bytes(&-3i8)),
        (DOUBLE, bytes(&1.5f64)),
        (long(), bytes(&7i64)),
        (CType::Scalar(Scalar::Float), bytes(&0.25f32)),
        (INT, bytes(&-9i32)),
        (long(), bytes(&1i64)),
        (long(), bytes(&2i64)),
        (long(), bytes(&3i64)),
        (long(), bytes(&4i64)),
        (DOUBLE, bytes(&100.0f64)),
    ];
    let found: f64 = call(weigh as *const () as usize, DOUBLE, arguments);
    assert_eq!(found, weigh(-3, 1.5, 7, 0.25, -9, 1, 2, 3, 4, 100.0));
}

#[test]
fn structs_by_value() {
    extern "C" fn swap(value: Mixed) -> Mixed {
        Mixed { a: f64::from(value.b), b: value.a as i32 }
    }
    extern "C" fn turn(value: Large) -> Large {
        let [a, b, c, d, e] = value.0;
        Large([e, d, c, b, a])
    }
    let value = Mixed { a: 4.0, b: 9 };
    let found: Mixed = call(swap as *const () as usize, mixed(), vec![(mixed(), bytes(&value))]);
    assert_eq!(found, Mixed { a: 9.0, b: 4 });
    let value = Large([1, 2, 3, 4, 5]);
    let found: Large = call(turn as *const () as usize, large(), vec![(large(), bytes(&value))]);
    assert_eq!(found, Large([5, 4, 3, 2, 1]));
}

#[test]
fn closures_get_and_return_what_they_are_called_with() {
    unsafe fn handler(context: *mut c_void, arguments: &[*const u8], result: *mut u8) {
        // SAFETY: the types that the test declared.
        unsafe {
            let mixed = arguments[0].cast::<Mixed>().read();
            let large = arguments[1].cast::<Large>().read();
            let number = arguments[2].cast::<c_int>().read();
            *context.cast::<i64>() += i64::from(number);
            result.cast::<Large>().write(Large([mixed.b.into(), mixed.a as i64, large.0[4], 0, 1]));
        }
    }
    let mut total = 1i64;
    let signature = Signature { arguments: vec![mixed(), large(), INT], result: large() };
    let closure = Closure::new(signature, handler, (&raw mut total).cast()).unwrap();
    let arguments = vec![
        (mixed(), bytes(&Mixed { a: 2.0, b: 3 })),
        (large(), bytes(&Large([0, 0, 0, 0, 8]))),
        (INT, bytes(&41i32)),
    ];
    let found: Large = call(closure.address(), large(), arguments);
    assert_eq!(found, Large([3, 2, 8, 0, 1]));
    assert_eq!(total, 42);
}

#[test]
fn long_doubles() {
    for value in [0.0, -1.5, 1e300, f64::INFINITY] {
        assert_eq!(to_f64(&from_f64(value)), value);
    }
    unsafe fn double(_: *mut c_void, arguments: &[*const u8], result: *mut u8) {
        // SAFETY: the types that the test declared.
        unsafe {
            let value = to_f64(&arguments[0].cast::<[u8; 16]>().read());
            result.cast::<[u8; 16]>().write(from_f64(value * 2.0));
        }
    }
    let wide = || CType::Scalar(Scalar::LongDouble);
    let signature = Signature { arguments: vec![wide()], result: wide() };
    let closure = Closure::new(signature, double, std::ptr::null_mut()).unwrap();
    let found: [u8; 16] = call(closure.address(), wide(), vec![(wide(), from_f64(1.25).to_vec())]);
    assert_eq!(to_f64(&found), 2.5);
}

#[test]
fn classification() {
    let float = CType::Scalar(Scalar::Float);
    let byte = CType::Scalar(Scalar::Signed(1));
    let registers = |first, second| Passing::Registers([Some(first), second]);
    let of = |size, fields: &[(usize, &CType)]| {
        CType::aggregate(size, 4, fields.iter().copied()).passing()
    };
    assert_eq!(of(8, &[(0, &float), (4, &float)]), registers(Class::Vector, None));
    assert_eq!(of(8, &[(0, &float), (4, &INT)]), registers(Class::Integer, None));
    assert_eq!(
        of(12, &[(0, &float), (4, &float), (8, &byte)]),
        registers(Class::Vector, Some(Class::Integer))
    );
    assert_eq!(of(5, &[(0, &byte), (1, &INT)]), Passing::Memory);
    assert_eq!(of(17, &[]), Passing::Memory);
    assert_eq!(of(0, &[]), Passing::Nothing);
}
