//! Extension modules: each is compiled with the C compiler that is there and
//! used by a program, whose output CPython recorded.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// Compile `NAME.c`, run `use_NAME.py`, compare with `use_NAME.expected`.
fn check(name: &str) {
    let place = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&place).expect("a folder for the library");
    let library = place.join(format!("{name}.cpython-314-x86_64-linux-gnu.so"));
    let compiler = env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let compiled = Command::new(compiler)
        .args(["-shared", "-fPIC", "-o"])
        .args([library, folder().join(format!("{name}.c"))])
        .status();
    match compiled {
        Ok(status) => assert!(status.success(), "{name}.c does not compile"),
        Err(error) => {
            eprintln!("skipped: no C compiler: {error}");
            return;
        }
    }
    let run = Command::new(env!("CARGO_BIN_EXE_krait"))
        .arg(folder().join(format!("use_{name}.py")))
        .env("PYTHONPATH", &place)
        .output()
        .expect("krait starts");
    let expected = folder().join(format!("use_{name}.expected"));
    let expected = fs::read_to_string(expected).expect("recorded");
    let printed = String::from_utf8_lossy(&run.stdout);
    assert_eq!(printed, expected, "{}", String::from_utf8_lossy(&run.stderr));
}

#[test]
fn an_extension_module_works() {
    check("extension");
}

#[test]
fn an_extension_module_hears_of_changes() {
    check("hearing");
}
