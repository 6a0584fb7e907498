//! Lists the functions of the C API that the crate does not define, from the
//! table of all (`symbols.tsv`: name and what it returns) and the sources.

use std::{collections::BTreeSet, env, fmt::Write as _, fs, io, path::PathBuf};

fn main() {
    if let Err(error) = run() {
        println!("cargo::error=the C API: {error}");
        std::process::exit(1);
    }
}

fn run() -> io::Result<()> {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    println!("cargo:rerun-if-changed=symbols.tsv");
    println!("cargo:rerun-if-changed=src");
    let mut sources = String::new();
    for item in fs::read_dir(manifest.join("src"))? {
        sources.push_str(&fs::read_to_string(item?.path())?);
    }
    let defined = words(&sources);
    let table = fs::read_to_string(manifest.join("symbols.tsv"))?;
    let mut stubs = String::from("std::arch::global_asm!(\n");
    for row in table.lines().filter(|row| !row.starts_with('#')) {
        let Some((name, kind)) = row.split_once('\t') else { continue };
        if defined.contains(name) {
            continue;
        }
        let register = if kind == "struct" { "rsi" } else { "rdi" };
        let target = match kind {
            "struct" => "krait_missing_struct",
            "pointer" => "krait_missing_pointer",
            "status" => "krait_missing_status",
            _ => "krait_missing_nothing",
        };
        let _ = writeln!(
            stubs,
            "\".globl {name}\", \".type {name},@function\", \"{name}:\", \
             \"lea {register}, [rip + 2f]\", \"jmp {target}\", \
             \".pushsection .rodata\", \"2: .asciz \\\"{name}\\\"\", \".popsection\",",
        );
    }
    stubs.push_str(");\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("missing.rs"), stubs)
}

/// The words that begin like a name of the API, which defining one needs.
fn words(sources: &str) -> BTreeSet<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = sources.split(|c: char| !is_part(c));
    words.filter(|word| word.trim_start_matches('_').starts_with("Py")).collect()
}
