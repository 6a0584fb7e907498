//! Functions of the C library's libm that must be that library's own.
//!
//! The linker binds a few libm names (`cbrt` among them) to the versions in Rust's `compiler_builtins`,
//! whose results differ in the last place from what every other program on the system prints.

use std::{ffi::CStr, mem, ptr, sync::LazyLock};

/// The cube root as the C library computes it (glibc's is up to one unit in the last place off), or
/// as Rust does where the library exports none.
pub fn cbrt(x: f64) -> f64 {
    static CBRT: LazyLock<Option<Unary>> = LazyLock::new(|| unary(c"cbrt"));
    match *CBRT {
        // SAFETY: libm's `cbrt` takes and returns a double and touches no memory of ours.
        Some(function) => unsafe { function(x) },
        None => x.cbrt(),
    }
}

/// `double f(double)`
type Unary = unsafe extern "C" fn(f64) -> f64;

/// Looks a function up among the loaded libraries.
fn unary(name: &CStr) -> Option<Unary> {
    // SAFETY: the name ends in NUL; `RTLD_DEFAULT` searches what is loaded.
    let address: *mut libc::c_void = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    if ptr::eq(address, ptr::null()) {
        return None;
    }
    // SAFETY: only called with names that ISO C declares as `double f(double)`.
    Some(unsafe { mem::transmute::<*mut libc::c_void, Unary>(address) })
}

#[cfg(test)]
mod tests {
    #[test]
    fn cube_root_is_within_one_unit() {
        for x in [27.0f64, 1.0, -8.0, 1e300, 5e-324] {
            let root = super::cbrt(x);
            assert!((root - x.cbrt()).abs() <= f64::EPSILON * x.cbrt().abs(), "{x}: {root}");
        }
        assert!(super::cbrt(f64::NAN).is_nan());
    }
}
