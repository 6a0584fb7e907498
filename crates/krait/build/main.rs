//! Packs the standard library into the program and says how the program is linked.

mod link;
mod stdlib;

use std::{env, path::PathBuf, process::ExitCode};

fn main() -> ExitCode {
    println!("cargo:rerun-if-changed=build");
    let folder = |variable| PathBuf::from(env::var_os(variable).unwrap_or_default());
    let manifest = folder("CARGO_MANIFEST_DIR");
    link::arguments(&manifest);
    if let Err(error) = stdlib::embed(&manifest, &folder("OUT_DIR")) {
        println!("cargo::error=the standard library: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
