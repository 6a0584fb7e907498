//! Where things are: the project's root, the reference interpreter, the Krait to test.

use crate::Result;
use crate::args::Args;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder that holds the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
}

/// Cargo's output folder.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// Cores of this machine, the default for `--jobs`.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get())
}

/// The reference installation.
pub(crate) struct Reference(PathBuf);

impl Reference {
    /// `$KRAIT_REFERENCE`, or the default folder.
    pub(crate) fn folder() -> PathBuf {
        std::env::var_os("KRAIT_REFERENCE").unwrap_or("/opt/reference".into()).into()
    }

    /// The installation, which must be there.
    pub(crate) fn find() -> Result<Reference> {
        let folder = Reference::folder();
        if folder.join("installed").exists() {
            return Ok(Reference(folder));
        }
        Err(format!("no reference in {}; run 'cargo xtask reference' first", folder.display()))
    }

    pub(crate) fn python(&self) -> PathBuf {
        self.0.join("python3.14")
    }

    pub(crate) fn pypy(&self) -> PathBuf {
        self.0.join("pypy3")
    }

    /// What `PYTHONHOME` must say for another interpreter to use the reference's `Lib`.
    pub(crate) fn home(&self) -> PathBuf {
        self.0.join("root/usr")
    }

    pub(crate) fn lib(&self) -> PathBuf {
        self.home().join("lib/python3.14")
    }

    /// Is `program` one of the reference's own interpreters?
    pub(crate) fn contains(&self, program: &Path) -> bool {
        match (fs::canonicalize(program), fs::canonicalize(&self.0)) {
            (Ok(program), Ok(folder)) => program.starts_with(folder),
            _ => false,
        }
    }
}

/// The interpreter to test: `--krait`, else the release build, else the debug build.
pub(crate) fn krait(args: &Args) -> Result<PathBuf> {
    if let Some(path) = args.get("krait") {
        return std::path::absolute(path).map_err(|error| format!("{path}: {error}"));
    }
    ["release/krait", "debug/krait"]
        .iter()
        .map(|name| target().join(name))
        .find(|path| path.exists())
        .ok_or_else(|| "no krait is built; run 'cargo build --release' or give --krait".to_owned())
}

/// Read a text file, naming it in the error.
pub(crate) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Write a file and the folders above it, naming it in the error.
pub(crate) fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<()> {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(path, content))
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// All files below `folder` whose name ends in `.extension`, sorted.
pub(crate) fn files_below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
