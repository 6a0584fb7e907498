//! `long double` and `double`, converted by the machine.

use std::arch::asm;

/// A `long double` of the value.
pub fn from_f64(value: f64) -> [u8; 16] {
    let mut wide = [0u8; 16];
    // SAFETY: reads eight bytes and writes ten; the x87 stack is left as it was.
    unsafe {
        asm!(
            "fld qword ptr [{from}]",
            "fstp tbyte ptr [{to}]",
            from = in(reg) &value,
            to = in(reg) wide.as_mut_ptr(),
            options(nostack),
        );
    }
    wide
}

/// The nearest `double`.
pub fn to_f64(wide: &[u8; 16]) -> f64 {
    let mut value = 0.0f64;
    // SAFETY: reads ten bytes and writes eight; the x87 stack is left as it was.
    unsafe {
        asm!(
            "fld tbyte ptr [{from}]",
            "fstp qword ptr [{to}]",
            from = in(reg) wide.as_ptr(),
            to = in(reg) &mut value,
            options(nostack),
        );
    }
    value
}
