//! How the program is linked: at a fixed address, and with the code that every start and most programs
//! run in one place.
//!
//! PERF: `krait -c pass` runs 0.8 MB of code that the compiler scatters over 7 MB; the kernel maps
//! 64 KB around each page that is touched, so nearly all of it counted as resident memory. A fixed
//! address saves 19,000 relocations at every start. Both only matter to the release build.

use std::{env, path::Path};

/// Print the linker's arguments for Cargo.
pub(crate) fn arguments(manifest: &Path) {
    let var = |name| env::var(name).unwrap_or_default();
    if var("CARGO_CFG_TARGET_OS") != "linux" || var("CARGO_CFG_TARGET_ENV") != "gnu" {
        return;
    }
    println!("cargo:rustc-link-arg-bins=-no-pie");
    // Extension modules find the C API in the executable.
    println!("cargo:rustc-link-arg-bins=-rdynamic");
    let order = manifest.join("startup.order");
    println!("cargo:rerun-if-changed={}", order.display());
    if var("PROFILE") == "release" && var("CARGO_CFG_TARGET_ARCH") == "x86_64" && is_lld() {
        println!("cargo:rustc-link-arg-bins=-Wl,--symbol-ordering-file={}", order.display());
        println!("cargo:rustc-link-arg-bins=-Wl,--no-warn-symbol-ordering");
    }
}

/// Whether the linker is the one that rustc chooses by itself on x86-64 Linux, LLVM's, which alone
/// knows these options.
fn is_lld() -> bool {
    println!("cargo:rerun-if-env-changed=RUSTC_LINKER");
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    env::var_os("RUSTC_LINKER").is_none()
        && !["linker=", "fuse-ld", "link-self-contained"].iter().any(|flag| flags.contains(flag))
}
