//! Extension modules: one is compiled with the C compiler that is there and
//! used by a program, whose output CPython recorded.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

#[test]
fn an_extension_module_works() {
    let place = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("extension");
    fs::create_dir_all(&place).expect("a folder for the library");
    let library = place.join("extension.cpython-314-x86_64-linux-gnu.so");
    let compiler = env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let compiled = Command::new(compiler)
        .args(["-shared", "-fPIC", "-o"])
        .args([library, folder().join("extension.c")])
        .status();
    match compiled {
        Ok(status) => assert!(status.success(), "extension.c does not compile"),
        Err(error) => {
            eprintln!("skipped: no C compiler: {error}");
            return;
        }
    }
    let run = Command::new(env!("CARGO_BIN_EXE_krait"))
        .arg(folder().join("use_extension.py"))
        .env("PYTHONPATH", &place)
        .output()
        .expect("krait starts");
    let expected = fs::read_to_string(folder().join("use_extension.expected")).expect("recorded");
    let printed = String::from_utf8_lossy(&run.stdout);
    assert_eq!(printed, expected, "{}", String::from_utf8_lossy(&run.stderr));
}
